"""The whole choice as one integer programme: slow at region size, right on small ones.

It shares nothing with the column generation but the question: an oracle for it, and what is left
when a neighbourhood is too intricate for a diagram.  A chosen sector consumes one unit of a flow
that enters at the reached sectors and passes through chosen ones only.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import highspy
import numpy as np
import numpy.typing as npt
import scipy.sparse

from planner.choice import (
    Choice,
    ChoiceProblem,
    ChoiceStatus,
    Contiguity,
    Objective,
    StageResult,
)
from planner.programme._actors.master import new_solver, run_solver

__all__ = [
    "CompactModel",
    "answer_nothing",
    "compact_model",
    "recounted",
    "run_compact",
    "solve_compact",
    "stage_of",
    "stages_by",
    "status_of",
    "weakest_of",
]

Floats = npt.NDArray[np.float64]

_IDS = 12  # ids of sectors that one whole number orders
_WORK = 1e10  # nodes of the search times the square of the columns: what is searched at most
_LEAST_NODES, _MOST_NODES = 100, 200_000
_HALF = 0.5  # a whole column is at 0 or 1, give or take the solver's tolerance


@dataclass
class CompactModel:
    """Rows ``lower ≤ matrix · x ≤ upper``; the first columns are the candidates.

    Parameters
    ----------
    columns
        How many columns.
    upper_bounds, lower_bounds
        Of each column.
    integers
        How many of the first columns are whole.
    pair_column
        Column of each pair of neighbours that counts.
    entries, lower, upper
        Rows: columns and coefficients, and their bounds.
    """

    columns: int
    lower_bounds: Floats
    upper_bounds: Floats
    integers: int
    pair_column: dict[int, int]
    entries: list[tuple[list[int], list[float]]] = field(default_factory=list)
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)

    def add(self, columns: object, values: object, lower: float, upper: float) -> None:
        """Add a row."""
        self.entries.append((np.asarray(columns).tolist(), np.asarray(values, float).tolist()))
        self.lower.append(lower)
        self.upper.append(upper)

    def linear(self, costs: Floats, *, largest: bool, whole: int) -> highspy.HighsLp:
        """Return the question for the solver.

        Parameters
        ----------
        costs
            What each column is worth.
        largest
            Whether the worth is made large, rather than small.
        whole
            How many of the first columns are asked in whole numbers.
        """
        matrix = self.matrix()
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.columns, len(self.lower)
        lp.sense_ = highspy.ObjSense.kMaximize if largest else highspy.ObjSense.kMinimize
        lp.col_cost_ = costs
        lp.col_lower_, lp.col_upper_ = self.lower_bounds, self.upper_bounds
        lp.row_lower_, lp.row_upper_ = np.array(self.lower), np.array(self.upper)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = matrix.indptr.astype(np.int32)
        lp.a_matrix_.index_ = matrix.indices.astype(np.int32)
        lp.a_matrix_.value_ = matrix.data
        if whole:
            kinds = highspy.HighsVarType
            lp.integrality_ = [
                kinds.kInteger if at < whole else kinds.kContinuous for at in range(self.columns)
            ]
        return lp

    def matrix(self) -> scipy.sparse.csr_array:
        """Return the rows as a sparse matrix."""
        sizes = [len(columns) for columns, _ in self.entries]
        flat = [c for columns, _ in self.entries for c in columns]
        values = [v for _, row in self.entries for v in row]
        start = np.concatenate([[0], np.cumsum(sizes)])
        return scipy.sparse.csr_array((values, flat, start), shape=(len(sizes), self.columns))

    def costs(self, objective: Objective) -> Floats:
        """Return what each column is worth under an objective."""
        costs = np.zeros(self.columns)
        costs[: len(objective.coefficients)] = objective.coefficients
        if objective.edge_coefficients is not None:
            for pair, column in self.pair_column.items():
                costs[column] = objective.edge_coefficients[pair]
        return costs


def compact_model(problem: ChoiceProblem) -> CompactModel:
    """State every rule of a problem as rows."""
    count = problem.candidates_count
    counted = np.zeros(len(problem.edges), bool)
    for objective in problem.objectives:
        if objective.edge_coefficients is not None:
            counted |= objective.edge_coefficients != 0
    pairs = {int(pair): count + at for at, pair in enumerate(np.flatnonzero(counted))}
    arcs = _arcs(problem)
    sources = np.flatnonzero(problem.reached) if len(arcs) else np.zeros(0, int)
    first_arc = count + len(pairs)
    first_source = first_arc + len(arcs)
    columns = first_source + len(sources)
    upper = np.concatenate([np.ones(first_arc), np.full(columns - first_arc, math.inf)])
    upper[:count][problem.refused] = 0
    lower = np.zeros(columns)
    lower[:count][problem.required] = 1
    model = CompactModel(
        columns=columns, lower_bounds=lower, upper_bounds=upper, integers=first_arc,
        pair_column=pairs,
    )  # fmt: skip
    _add_envelopes(model, problem)
    for limit in problem.limits:
        where = np.flatnonzero(limit.coefficients)
        model.add(
            where, limit.coefficients[where],
            -math.inf if limit.lower is None else limit.lower,
            math.inf if limit.upper is None else limit.upper,
        )  # fmt: skip
    for pair, column in pairs.items():
        a, b = problem.edges[pair]
        model.add([column, a], [1, -1], -math.inf, 0)
        model.add([column, b], [1, -1], -math.inf, 0)
        model.add([a, b, column], [1, 1, -1], -math.inf, 1)
    if problem.contiguity is Contiguity.FEEDER:
        for candidate in np.flatnonzero(problem.feeder >= 0):
            model.add([candidate, problem.feeder[candidate]], [1, -1], -math.inf, 0)
    elif problem.contiguity is not Contiguity.NONE:
        _add_flow(model, problem, arcs, sources, first_arc, first_source)
    return model


def _arcs(problem: ChoiceProblem) -> npt.NDArray[np.int64]:
    """Return who may reach whom, both ways."""
    if problem.contiguity not in {Contiguity.WITHIN_EPCI, Contiguity.ANY_EPCI}:
        return np.zeros((0, 2), np.int64)
    edges = problem.edges
    if problem.contiguity is Contiguity.WITHIN_EPCI:
        edges = edges[problem.decider[edges[:, 0]] == problem.decider[edges[:, 1]]]
    both: npt.NDArray[np.int64] = np.concatenate([edges, edges[:, ::-1]])
    arcs: npt.NDArray[np.int64] = both[~problem.reached[both[:, 1]]]  # the reached need nobody
    return arcs


def _add_envelopes(model: CompactModel, problem: ChoiceProblem) -> None:
    for actor, envelope in enumerate(problem.envelopes):
        mine = (problem.share_actor == actor) & (problem.share_need > 0)
        if mine.any():
            model.add(
                problem.share_candidate[mine], problem.share_need[mine], -math.inf, max(envelope, 0)
            )


def _add_flow(
    model: CompactModel,
    problem: ChoiceProblem,
    arcs: npt.NDArray[np.int64],
    sources: npt.NDArray[np.int64],
    first_arc: int,
    first_source: int,
) -> None:
    count = problem.candidates_count
    if len(arcs) == 0:
        model.upper_bounds[:count][~problem.reached] = 0
        return
    most = _largest_groups(problem, arcs)
    into: list[list[int]] = [[] for _ in range(count)]
    out: list[list[int]] = [[] for _ in range(count)]
    for at, (start, end) in enumerate(arcs):
        out[start].append(first_arc + at)
        into[end].append(first_arc + at)
        model.add([first_arc + at, start], [1, -float(most[start])], -math.inf, 0)
        model.add([first_arc + at, end], [1, -float(most[end])], -math.inf, 0)
    for at, source in enumerate(sources):
        into[source].append(first_source + at)
        model.add([first_source + at, source], [1, -float(most[source])], -math.inf, 0)
    near: list[list[int]] = [[] for _ in range(count)]
    for start, end in arcs.tolist():
        near[end].append(start)
    # the flow says that each needs a neighbour, but in whole numbers only
    for alone in np.flatnonzero(~problem.reached).tolist():
        model.add([alone, *near[alone]], [1.0] + [-1.0] * len(near[alone]), -math.inf, 0)
    for candidate in range(count):
        columns = [*into[candidate], *out[candidate], candidate]
        values = [1.0] * len(into[candidate]) + [-1.0] * len(out[candidate]) + [-1.0]
        model.add(columns, values, 0, 0)


def _largest_groups(problem: ChoiceProblem, arcs: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return how many sectors could hang on each, itself included.

    Those of its group of neighbours that nothing else reaches; within an EPCI, no more of them
    than the smallest that its envelope holds.
    """
    count = problem.candidates_count
    links = scipy.sparse.coo_array((np.ones(len(arcs)), arcs.T), shape=(count, count))
    group = scipy.sparse.csgraph.connected_components(links, directed=False)[1]
    most: npt.NDArray[np.int64] = np.bincount(group, ~problem.reached).astype(np.int64)[group] + 1
    if problem.contiguity is Contiguity.WITHIN_EPCI:
        need = np.zeros(count, np.int64)
        own = problem.share_actor == problem.decider[problem.share_candidate]
        need[problem.share_candidate[own]] = problem.share_need[own]
        for actor, envelope in enumerate(problem.envelopes):
            mine = problem.decider == actor
            fits = np.searchsorted(np.cumsum(np.sort(need[mine])), max(envelope, 0), "right")
            most[mine] = np.minimum(most[mine], max(int(fits), 1))
    return most


def answer_nothing(problem: ChoiceProblem) -> Choice:
    """Answer a question without candidates: nothing, if the limits can hold it."""
    nothing = all(
        (r.lower or 0) <= 0 <= (0 if r.upper is None else r.upper) for r in problem.limits
    )
    stages = tuple(
        StageResult(objective=o.name, value=0, bound=0, status=ChoiceStatus.OPTIMAL)
        for o in problem.objectives
    )
    status = ChoiceStatus.OPTIMAL if nothing else ChoiceStatus.INFEASIBLE
    return Choice(
        problem_sha256=problem.sha256, status=status, chosen=(), stages=stages if nothing else ()
    )


def solve_compact(
    problem: ChoiceProblem, *, gap_share: float = 0.0, seconds: float | None = None
) -> Choice:
    """Solve a problem as one integer programme, objective by objective.

    Parameters
    ----------
    problem
        The question.
    gap_share
        How much of each objective may be missed.
    seconds
        Time for all objectives together.

    Returns
    -------
    Choice
        Among programmes equal under every objective, the one that holds the first sector (by id) on
        which they differ, when every optimum is proved.
    """
    model = compact_model(problem)
    end = math.inf if seconds is None else time.monotonic() + seconds
    chosen: npt.NDArray[np.bool_] | None = None
    stages: list[StageResult] = []
    objectives = problem.objectives or (
        Objective(name="any", sense="max", coefficients=np.zeros(len(problem.lines), np.int64)),
    )
    for objective in objectives:
        costs = model.costs(objective)
        found, bound, status = run_compact(model, objective, costs, gap_share, end)
        if found is None:
            if status is ChoiceStatus.INFEASIBLE or chosen is None:
                return _answer(problem, status, None, [])
            found = chosen
        chosen = found
        value = _value(problem, objective, found)
        if problem.objectives:
            done = bound is not None and abs(bound - value) <= gap_share * max(1, abs(bound))
            if bound == value:
                status = ChoiceStatus.OPTIMAL
            elif done:
                status = ChoiceStatus.WITHIN_GAP
            stages.append(
                StageResult(objective=objective.name, value=value, bound=bound, status=status)
            )
        where = np.flatnonzero(costs)
        held = (value, math.inf) if objective.sense == "max" else (-math.inf, value)
        model.add(where, costs[where], *held)
    if chosen is not None:
        stages = recounted(stages, problem.values(chosen), gap_share)
    weakest = weakest_of(stage.status for stage in stages)
    if chosen is not None and weakest is ChoiceStatus.OPTIMAL:
        chosen = _first_by_id(model, chosen, end)
    return _answer(problem, weakest, chosen, stages)


def _first_by_id(
    model: CompactModel, chosen: npt.NDArray[np.bool_], end: float
) -> npt.NDArray[np.bool_]:
    """Return, among the answers equal to a proved one, that with the first ids.

    The first ids are one more objective, by dozens; where time ends, the answer stays as it is.
    """
    count = len(chosen)
    best = chosen
    for start in range(0, count, _IDS):
        some = np.arange(start, min(start + _IDS, count))
        weight = np.zeros(count, np.int64)
        weight[some] = 2 ** np.arange(len(some))[::-1]
        objective = Objective(name="first_id", sense="max", coefficients=weight)
        found, bound, _ = run_compact(model, objective, model.costs(objective), 0.0, end)
        if found is None or bound != int(weight[found].sum()):
            return chosen
        best = found
        for at in some:
            model.lower_bounds[at] = model.upper_bounds[at] = float(best[at])
    return best


def recounted(
    stages: Sequence[StageResult], values: Sequence[int], gap_share: float
) -> list[StageResult]:
    """Return the stages with the answer's own values.

    An objective is held at what was found *or better*: within a gap, a later stage may find a
    programme that is worth more under a former objective.  Bounds hold all the same.
    """
    told = []
    for stage, value in zip(stages, values, strict=False):
        status = status_of(value, stage.bound, gap_share, otherwise=stage.status)
        told.append(stage if stage.value == value else replace(stage, value=value, status=status))
    return told


def status_of(
    value: int,
    bound: int | None,
    gap_share: float,
    *,
    otherwise: ChoiceStatus = ChoiceStatus.TIME_LIMIT,
) -> ChoiceStatus:
    """Return what a bound says of a value; ``otherwise`` where it is too far."""
    if bound == value:
        return ChoiceStatus.OPTIMAL
    if bound is not None and abs(bound - value) <= gap_share * abs(bound):
        return ChoiceStatus.WITHIN_GAP
    return otherwise


def stages_by(
    objectives: Sequence[Objective],
    values: Sequence[int],
    bounds: Sequence[int | None],
    gap_share: float,
) -> tuple[StageResult, ...]:
    """Return what is told of an answer by its own values, each beside its bound, None unknown."""
    return tuple(
        StageResult(
            objective=one.name, value=value, bound=bound,
            status=status_of(value, bound, gap_share),
        )
        for one, value, bound in zip(objectives, values, bounds, strict=True)
    )  # fmt: skip


def stage_of(
    objective: Objective, value: int, bound: int | None, status: ChoiceStatus
) -> StageResult:
    """Return what is told of an objective whose worth was made large, in its own sense."""
    sign = 1 if objective.sense == "max" else -1
    return StageResult(
        objective=objective.name, value=sign * value, status=status,
        bound=None if bound is None else sign * bound,
    )  # fmt: skip


def weakest_of(statuses: Iterable[ChoiceStatus]) -> ChoiceStatus:
    """Return the weakest of what is known of each objective."""
    order = [ChoiceStatus.OPTIMAL, ChoiceStatus.WITHIN_GAP, ChoiceStatus.TIME_LIMIT]
    return max(statuses, key=order.index, default=order[0])


def _value(problem: ChoiceProblem, objective: Objective, chosen: npt.NDArray[np.bool_]) -> int:
    value = int(objective.coefficients[chosen].sum())
    if objective.edge_coefficients is not None and len(problem.edges):
        both = chosen[problem.edges].all(axis=1)
        value += int(objective.edge_coefficients[both].sum())
    return value


def _answer(
    problem: ChoiceProblem,
    status: ChoiceStatus,
    chosen: npt.NDArray[np.bool_] | None,
    stages: list[StageResult],
) -> Choice:
    ids = () if chosen is None else tuple(problem.sector_ids[at] for at in np.flatnonzero(chosen))
    return Choice(problem_sha256=problem.sha256, status=status, chosen=ids, stages=tuple(stages))


def run_compact(
    model: CompactModel,
    objective: Objective,
    costs: Floats,
    gap_share: float,
    end: float,
) -> tuple[npt.NDArray[np.bool_] | None, int | None, ChoiceStatus]:
    """Solve one stage: who is chosen, the bound, what is known."""
    left = end - time.monotonic()
    if left <= 0:
        return None, None, ChoiceStatus.TIME_LIMIT
    lp = model.linear(costs, largest=objective.sense == "max", whole=model.integers)
    solver = new_solver(
        mip_rel_gap=gap_share, mip_abs_gap=0.9 if gap_share == 0 else 1e-6,
        mip_feasibility_tolerance=1e-9,
        mip_max_nodes=int(min(_MOST_NODES, max(_LEAST_NODES, _WORK / model.columns**2))),
    )  # fmt: skip
    if left < math.inf:
        solver.setOptionValue("time_limit", left)
    solver.passModel(lp)
    status = run_solver(solver, whole=costs)
    if status in {
        highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible,
    }:  # fmt: skip
        return None, None, ChoiceStatus.INFEASIBLE
    info = solver.getInfo()
    bound: int | None = None
    if abs(info.mip_dual_bound) < highspy.kHighsInf:
        down = objective.sense == "max"
        bound = math.floor(info.mip_dual_bound + 1e-6) if down else math.ceil(
            info.mip_dual_bound - 1e-6)  # fmt: skip
    ended = (
        ChoiceStatus.WITHIN_GAP
        if status == highspy.HighsModelStatus.kOptimal
        else ChoiceStatus.TIME_LIMIT
    )
    solution = solver.getSolution()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None, bound, ended
    return np.array(solution.col_value)[: len(objective.coefficients)] > _HALF, bound, ended

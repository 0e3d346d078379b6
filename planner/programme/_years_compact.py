"""The whole question with years as one integer programme: for chains that cross from EPCI to EPCI.

Each year is a copy of the rows of :mod:`planner.programme._compact`; a sector that is open stays
open.  It is exact on small questions, and shares nothing with the column generation.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceStatus, Contiguity, Objective, StageResult
from planner.dated import DatedChoice, DatedProblem
from planner.errors import RuleError
from planner.programme._blocks import ColumnPool
from planner.programme._compact import CompactModel, compact_model, recounted, run_compact
from planner.programme._years import solve_years_by_columns
from planner.programme._years_few import solve_years_of_few
from planner.texts import Message

__all__ = ["solve_years", "solve_years_compact"]

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_TINY = 80  # candidates × years up to which every sequence can be listed, or one programme solved
_LISTED = 1_000  # the same, up to which columns are not even tried: they stay far from the bound
_FAR_SHARE = 0.01  # of the bound: from how far on another way is tried too
_FEW = 3_000  # candidates × years up to which the whole is annealed and searched by branch and cut
_TIE_BITS = 12  # of the whole number that orders some ids


def solve_years(
    problem: DatedProblem,
    *,
    gap_share: float = 1e-3,
    seconds: float | None = None,
    warm: ColumnPool | None = None,
) -> DatedChoice:
    """Choose the sectors and their years: the best under each objective, the former ones held.

    Questions of 81 to 1 000 candidates × years are annealed and searched by branch and cut; larger
    ones are answered by column generation, where chains stay within each EPCI.  Up to 3 000, what
    columns leave far from its bound, or can't list, is searched as the former are, and the better
    of the two is answered.

    Parameters
    ----------
    problem
        The question.
    gap_share
        How much of each objective may be missed, as a share of its bound; up to 60 candidates, a
        proof is looked for.  The search keeps to a number of operations: what it ends with, and its
        bound, is told by the stages.  Among programmes equal under every objective, the one that
        opens the first sector (by id) on which they differ the soonest is taken, when every optimum
        is proved and candidates are 60 at most, or all the best can be listed.
    seconds
        Time for all objectives together; None for as long as it takes.
    warm
        What was learnt from a former question of the same region; it is filled for the next one.

    Raises
    ------
    RuleError
        When chains may cross borders and candidates are many, or an actor's neighbourhood is too
        intricate.
    PlannerError
        When values are too large to be added exactly, or the solver fails.
    """
    size = problem.whole.candidates_count * len(problem.years)
    across = problem.whole.contiguity is Contiguity.ANY_EPCI
    if across and size <= _TINY:
        return solve_years_compact(problem, seconds=seconds)
    if across and size > _FEW:
        raise RuleError(
            Message.of("programme.years_across_many", most=_FEW),
            Message.of("programme.years_across_remedy"),
        )
    if across or _TINY < size <= _LISTED:
        return solve_years_of_few(problem, gap_share=gap_share, seconds=seconds)
    begun = time.monotonic()
    listed: DatedChoice | None = None
    try:
        listed = solve_years_by_columns(problem, gap_share=gap_share, seconds=seconds, warm=warm)
    except RuleError:  # an actor too intricate for its choices to be listed
        if size > _FEW:
            raise
    if listed is not None and (size <= _TINY or size > _FEW or not _is_far(listed)):
        return listed
    left = None if seconds is None else max(0.0, seconds - (time.monotonic() - begun))
    searched = solve_years_of_few(problem, gap_share=gap_share, seconds=left)
    return searched if listed is None else _better(problem, listed, searched)


def _is_far(choice: DatedChoice) -> bool:
    """Whether nothing was found, or the first objective is far from its bound."""
    if choice.status is ChoiceStatus.INFEASIBLE:
        return False
    return not choice.stages or (choice.stages[0].gap_share or 0) > _FAR_SHARE


def _better(problem: DatedProblem, one: DatedChoice, other: DatedChoice) -> DatedChoice:
    """Return the answer that is worth more under the first objective that tells them apart."""
    if ChoiceStatus.INFEASIBLE in (one.status, other.status):
        return one if one.status is ChoiceStatus.INFEASIBLE else other
    signs = [-1 if objective.sense == "min" else 1 for objective in problem.whole.objectives]
    mine, its = (
        [sign * stage.value for sign, stage in zip(signs or [1], some.stages, strict=False)]
        for some in (one, other)
    )
    return one if mine >= its else other


def solve_years_compact(problem: DatedProblem, *, seconds: float | None = None) -> DatedChoice:
    """Solve a question with years as one integer programme, objective by objective.

    Parameters
    ----------
    problem
        The question.
    seconds
        Time for all objectives together.
    """
    model, last = _stated(problem)
    end = math.inf if seconds is None else time.monotonic() + seconds
    years, count = len(problem.years), problem.whole.candidates_count
    zero = np.zeros(count, np.int64)
    objectives = problem.whole.objectives or (
        Objective(name="any", sense="max", coefficients=zero),
    )
    best: Flags | None = None
    stages: list[StageResult] = []
    for place, one in enumerate(objectives):
        spread, costs = _spread(problem, model, last, one)
        found, bound, status = run_compact(model, spread, costs, 0.0, end)
        if found is None and (status is ChoiceStatus.INFEASIBLE or best is None):
            return _answer(problem, status, None, [])
        best = best if found is None else found.reshape(years, count)
        if best is None:
            break
        value = problem.values(best)[place] if problem.whole.objectives else 0
        status = ChoiceStatus.OPTIMAL if bound == value else ChoiceStatus.TIME_LIMIT
        stages.append(StageResult(objective=one.name, value=value, bound=bound, status=status))
        where = np.flatnonzero(costs)
        held = (value, math.inf) if one.sense == "max" else (-math.inf, value)
        model.add(where, costs[where], *held)
    if not problem.whole.objectives:
        weakest = ChoiceStatus.OPTIMAL
        stages = []
    else:
        stages = recounted(stages, problem.values(best), 0.0) if best is not None else stages
        proved = all(stage.status is ChoiceStatus.OPTIMAL for stage in stages)
        weakest = ChoiceStatus.OPTIMAL if proved else ChoiceStatus.TIME_LIMIT
    if best is not None and weakest is ChoiceStatus.OPTIMAL:
        best = _first_opened(model, best, end)
    return _answer(problem, weakest, best, stages)


def _stated(problem: DatedProblem) -> tuple[CompactModel, CompactModel]:
    """Return the rows of every year, and those of the last one alone."""
    whole, count = problem.whole, problem.whole.candidates_count
    last = compact_model(whole)
    early = compact_model(replace(whole, required=np.zeros(count, bool), limits=(), objectives=()))
    each = [early] * (len(problem.years) - 1) + [last]
    whole_columns = sum(one.integers for one in each)
    model = CompactModel(
        columns=sum(one.columns for one in each), integers=whole_columns, pair_column={},
        lower_bounds=np.concatenate(
            [one.lower_bounds[: one.integers] for one in each]
            + [one.lower_bounds[one.integers :] for one in each]
        ),
        upper_bounds=np.concatenate(
            [one.upper_bounds[: one.integers] for one in each]
            + [one.upper_bounds[one.integers :] for one in each]
        ),
    )  # fmt: skip
    flows = whole_columns
    for year, one in enumerate(each):
        place = np.concatenate(
            [
                year * count + np.arange(one.integers),
                flows + np.arange(one.columns - one.integers),
            ]
        )
        flows += one.columns - one.integers
        for (own, weights), low, high in zip(one.entries, one.lower, one.upper, strict=True):
            model.add(place[own] if own else [], weights, low, high)
    for year in range(len(problem.years) - 1):
        for at in range(count):
            model.add([year * count + at, (year + 1) * count + at], [1, -1], -math.inf, 0)
    for limit in problem.limits:
        year, where = problem.years.index(limit.year), np.flatnonzero(limit.coefficients)
        columns, values = year * count + where, limit.coefficients[where]
        if year:
            columns = np.concatenate([columns, columns - count])
            values = np.concatenate([values, -values])
        model.add(columns, values, -math.inf, limit.upper)
    return model, last


def _spread(
    problem: DatedProblem, model: CompactModel, last: CompactModel, one: Objective
) -> tuple[Objective, Floats]:
    """Return an objective over (year, candidate), and what each column is worth."""
    years, count = len(problem.years), problem.whole.candidates_count
    spread = np.zeros((years, count), np.int64)
    spread[-1] = one.coefficients
    if one.name in problem.yearly:
        spread[:] = one.coefficients
    costs = np.zeros(model.columns)
    shift = (years - 1) * count
    costs[shift : shift + last.integers] = last.costs(one)[: last.integers]
    costs[: years * count] = spread.ravel()
    return replace(one, coefficients=spread.ravel(), edge_coefficients=None), costs


def _first_opened(model: CompactModel, best: Flags, end: float) -> Flags:
    """Return, of the answers equal to a proved one, that which opens the first ids the soonest."""
    years, count = best.shape
    at_once = max(1, int(_TIE_BITS / math.log2(years + 1)))
    found = best
    for start in range(0, count, at_once):
        some = np.arange(start, min(start + at_once, count))
        weight = np.zeros((years, count), np.int64)
        weight[:, some] = (years + 1) ** np.arange(len(some))[::-1]
        one = Objective(name="first_id", sense="max", coefficients=weight.ravel())
        costs = np.zeros(model.columns)
        costs[: years * count] = weight.ravel()
        answer, bound, _ = run_compact(model, one, costs, 0.0, end)
        if answer is None or bound != int(weight.ravel()[answer].sum()):
            return best
        found = answer.reshape(years, count)
        for at in some:
            places = np.arange(years) * count + at
            model.lower_bounds[places] = model.upper_bounds[places] = found[:, at]
    return found


def _answer(
    problem: DatedProblem,
    status: ChoiceStatus,
    open_by: Flags | None,
    stages: Sequence[StageResult],
) -> DatedChoice:
    ids, opened = problem.whole.sector_ids, []
    if open_by is not None:
        first = np.argmax(open_by, axis=0)
        opened = [(ids[at], problem.years[first[at]]) for at in np.flatnonzero(open_by[-1])]
    return DatedChoice(
        problem_sha256=problem.sha256, status=status, opened=tuple(opened), stages=tuple(stages)
    )  # fmt: skip

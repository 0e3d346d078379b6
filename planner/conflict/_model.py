"""The rules as a mixed-integer program in which any of them may be dropped, or made to give.

Contiguity comes as cuts: a group of chosen sectors that nothing reaches asks for one of its
neighbours.  With years, a column says whether a candidate opens in a year, and a group is cut at
the end of each.  This is a model of feasibility, made for conflicts: it knows no objective of the
question and shares nothing with what solves it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import highspy
import numpy as np

from planner.choice import ChoiceProblem, Contiguity
from planner.conflict._rules import Rule, RuleKind
from planner.dated import DatedProblem
from planner.solver import new_highs, run_whole
from planner.verify import unreached

__all__ = ["SoftModel", "SoftResult", "smallest_hitting_set"]

_CUT_ROUNDS: Final = 400
_NODES: Final = 5_000
_YEAR_NODES: Final = 500  # the same with years, whose nodes are as many times longer
_STEPS: Final = 300_000  # of the simplex, after which no more cuts are added


@dataclass(frozen=True, kw_only=True)
class SoftResult:
    """What the model answers.

    Parameters
    ----------
    feasible
        Whether anything keeps the rules that must hold; None when it was stopped before it knew.
    dropped
        Rules that are dropped.
    given
        Rule to how much it gives, in its own unit.
    chosen
        Ids of the sectors of that answer.
    bound
        What no answer's total (of drops or of amounts) can be under.
    """

    feasible: bool | None
    dropped: frozenset[str] = frozenset()
    given: Mapping[str, int]
    chosen: frozenset[str] = frozenset()
    bound: int = 0


class SoftModel:
    """Every rule with a switch, and with an amount by which it may give.

    Parameters
    ----------
    problem
        The question; that of the whole, where there are years.
    rules
        Its rules, those of years among them.
    dated
        The years; None where there are none.
    open_to
        Which candidates may be chosen at all, shape (candidates,); by default any.
    """

    def __init__(
        self,
        problem: ChoiceProblem,
        rules: tuple[Rule, ...],
        dated: DatedProblem | None = None,
        *,
        open_to: np.ndarray[Any, np.dtype[np.bool_]] | None = None,
    ) -> None:
        self.problem, self.dated = problem, dated
        self.rules = rules
        self.count = problem.candidates_count
        self.years = 1 if dated is None else len(dated.years)
        self.opening = self.count * self.years  # columns, one year after the other
        self.switch = {rule.name: self.opening + i for i, rule in enumerate(rules)}
        self.slack = {rule.name: self.opening + len(rules) + i for i, rule in enumerate(rules)}
        self.reach_rule = {
            rule.position: rule.name for rule in rules if rule.kind is RuleKind.CONTIGUITY
        }
        self.near = self._neighbours()
        self.highs = new_highs()
        self.highs.setOptionValue("output_flag", False)
        self.highs.setOptionValue("mip_rel_gap", 0.0)
        # fewest drops are proved, few sectors are only wished for: half the price of a drop
        self.away = self._away()
        self.most = sum(self.away)
        self.price = float(4 * (self.most + 1))
        self.highs.setOptionValue("mip_abs_gap", self.price / 2)
        # a stop that doesn't depend on the machine: what isn't known by then is said unknown
        nodes = _NODES if dated is None else _YEAR_NODES
        self.highs.setOptionValue("mip_max_nodes", nodes)
        most = np.ones(self.opening + len(rules))
        if open_to is not None:
            most[: self.opening] = np.tile(open_to, self.years)
        for upper in most.tolist():
            self.highs.addVar(0.0, upper)
        for _ in rules:
            self.highs.addVar(0.0, 0.0)
        every = np.arange(self.opening + 2 * len(rules), dtype=np.int32)
        kinds = np.full(len(every), highspy.HighsVarType.kInteger)
        self.highs.changeColsIntegrality(len(every), every, kinds)
        for candidate in range(self.count if self.years > 1 else 0):
            self._row(-math.inf, 1.0, self._by({candidate: 1.0}))
        for rule in rules:
            self._add(rule)
        if open_to is not None:
            self._add_neighbours(np.flatnonzero(open_to & ~problem.reached).tolist())

    def _neighbours(self) -> list[list[int]]:
        problem = self.problem
        near: list[list[int]] = [[] for _ in range(self.count)]
        anyone = problem.contiguity is Contiguity.ANY_EPCI
        for i, j in problem.edges.tolist():
            if anyone or problem.decider[i] == problem.decider[j]:
                near[i].append(j)
                near[j].append(i)
        return near

    def _add_neighbours(self, candidates: Iterable[int]) -> None:
        """Ask a neighbour for each of some candidates: what cuts would ask first."""
        if self.problem.contiguity in {Contiguity.NONE, Contiguity.FEEDER}:
            return
        for one in candidates:
            self._add_rings([one], [set(self.near[one])])

    def _rings(self, group: set[int]) -> list[set[int]]:
        """Return the rings around a group, out to the nearest reached sector."""
        rings: list[set[int]] = []
        ball = set(group)
        while not rings or (rings[-1] and not any(self.problem.reached[j] for j in rings[-1])):
            rings.append({other for one in ball for other in self.near[one]} - ball)
            ball |= rings[-1]
        return rings

    def _add_rings(self, group: Iterable[int], rings: Sequence[set[int]]) -> None:
        """Ask one of each ring, at the end of every year, for each sector of a group."""
        for one in group:
            switch = self.switch.get(self.reach_rule.get(int(self.problem.decider[one]), ""))
            if switch is None:
                continue
            for ring in rings:
                way = {one: 1.0, **dict.fromkeys(sorted(ring), -1.0)}
                for year in range(self.years):
                    self._row(-math.inf, 0.0, {**self._by(way, year), switch: -1.0})

    def _away(self) -> list[int]:
        """Return 1 for a reached candidate, one more for each step away from one."""
        away = [1 if reached else 0 for reached in self.problem.reached.tolist()]
        ring = [j for j in range(self.count) if away[j]]
        steps = 1
        while ring:
            steps += 1
            ring = sorted({o for j in ring for o in self.near[j] if not away[o]})
            for j in ring:
                away[j] = steps
        return [value or steps + 1 for value in away]

    def _row(self, lower: float, upper: float, terms: Mapping[int, float]) -> None:
        kept = {column: value for column, value in terms.items() if value}
        self.highs.addRow(
            lower, upper, len(kept),
            np.fromiter(kept, dtype=np.int32, count=len(kept)),
            np.fromiter(kept.values(), dtype=np.float64, count=len(kept)),
        )  # fmt: skip

    def _by(self, terms: Mapping[int, float], year: int | None = None) -> dict[int, float]:
        """Return terms of candidates as those of all that is open at the end of a year.

        Parameters
        ----------
        terms
            Candidate to its coefficient.
        year
            Position of the year; by default the last one.
        """
        last = self.years - 1 if year is None else year
        return {
            one * self.count + candidate: value
            for candidate, value in terms.items()
            for one in range(last + 1)
        }

    def _add(self, rule: Rule) -> None:  # noqa: C901, PLR0912 (one case a kind of rule)
        problem, switch, slack = self.problem, self.switch[rule.name], self.slack[rule.name]
        terms: dict[int, float] = defaultdict(float)
        match rule.kind:
            case RuleKind.ENVELOPE | RuleKind.NO_VOTE:
                mine = problem.share_actor == rule.position
                for candidate, need in zip(
                    problem.share_candidate[mine].tolist(), problem.share_need[mine].tolist(),
                    strict=True,
                ):  # fmt: skip
                    terms[candidate] += need
                room = max(int(problem.envelopes[rule.position]), 0)
                free = sum(terms.values())
                # cents come by the price of a line: small numbers, so that no tolerance decides
                unit = math.gcd(*(int(need) for need in terms.values())) or 1
                row = {**self._by(terms), switch: -free, slack: -1.0}
                self._row(-math.inf, room / unit, {c: v / unit for c, v in row.items()})
            case RuleKind.REQUIRED:
                self._row(1.0, math.inf, {**self._by({rule.position: 1.0}), switch: 1.0})
            case RuleKind.REFUSED:
                self._row(-math.inf, 0.0, {**self._by({rule.position: 1.0}), switch: -1.0})
            case RuleKind.YEAR if self.dated is not None:
                one = self.dated.limits[rule.position]
                first = self.dated.years.index(one.year) * self.count
                terms.update((first + at, use) for at, use in enumerate(one.coefficients.tolist()))
                free = sum(abs(value) for value in terms.values()) + abs(one.upper)
                self._row(-math.inf, one.upper, {**terms, switch: -free, slack: -1.0})
            case RuleKind.UPPER | RuleKind.LOWER:
                limit = problem.limits[rule.position]
                terms.update(enumerate(limit.coefficients.tolist()))
                reach = sum(abs(value) for value in terms.values())
                if rule.kind is RuleKind.UPPER and limit.upper is not None:
                    free = reach + abs(limit.upper)
                    own = {**self._by(terms), switch: -free, slack: -1.0}
                    self._row(-math.inf, limit.upper, own)
                elif limit.lower is not None:
                    free = reach + abs(limit.lower)
                    own = {**self._by(terms), switch: free, slack: 1.0}
                    self._row(limit.lower, math.inf, own)
            case RuleKind.CONTIGUITY if problem.contiguity is Contiguity.FEEDER:
                for candidate, feeder in enumerate(problem.feeder.tolist()):
                    if feeder >= 0 and problem.decider[candidate] == rule.position:
                        for year in range(self.years):
                            both = self._by({candidate: 1.0, feeder: -1.0}, year)
                            self._row(-math.inf, 0.0, {**both, switch: -1.0})
            case RuleKind.CONTIGUITY:
                pass

    def solve(
        self,
        *,
        hard: Iterable[str],
        droppable: Iterable[str] = (),
        giving: Mapping[str, int] | None = None,
    ) -> SoftResult:
        """Keep the hard rules; drop or stretch the others as little as can be.

        Parameters
        ----------
        hard
            Rules that must hold.
        droppable
            Rules that may be dropped, each at the cost of one; any other rule is free.
        giving
            Rules that may give, each with the cost of one unit.
        """
        must, soft, loose = set(hard), set(droppable), dict(giving or {})
        # few sectors, near what is reached: short ways to what is required, and fewer cuts
        costs = np.zeros(self.opening + 2 * len(self.rules))
        costs[: self.opening] = self.away * self.years
        for rule in self.rules:
            name = rule.name
            fixed = name in must or name in loose
            low, high = (0.0, 0.0) if fixed else (0.0, 1.0)
            if not fixed and name not in soft:
                low = 1.0
            self.highs.changeColBounds(self.switch[name], low, high)
            costs[self.switch[name]] = self.price if name in soft else 0.0
            self.highs.changeColBounds(self.slack[name], 0.0, math.inf if name in loose else 0.0)
            costs[self.slack[name]] = loose.get(name, 0) * self.price
        every = np.arange(len(costs), dtype=np.int32)
        self.highs.changeColsCost(len(costs), every, costs)
        steps = 0
        for _ in range(_CUT_ROUNDS):
            run_whole(self.highs, costs)
            steps += self.highs.getInfo().simplex_iteration_count
            if self.highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
                return SoftResult(feasible=False, given={})
            # where nodes run out an answer may be known: it stands, with a bound under it
            found = self.highs.getInfo().primal_solution_status
            if found != highspy.SolutionStatus.kSolutionStatusFeasible:
                return SoftResult(feasible=None, given={})
            values = np.rint(self.highs.getSolution().col_value).astype(np.int64)
            if not self._cut(values):
                return self._result(values, soft)
            if steps > _STEPS:
                break
        return SoftResult(feasible=None, given={})

    def _cut(self, values: np.ndarray[Any, np.dtype[np.int64]]) -> bool:
        """Add what an unreached group asks for; False when all is reached."""
        if self.problem.contiguity in {Contiguity.NONE, Contiguity.FEEDER}:
            return False
        opened = np.cumsum(values[: self.opening].reshape(self.years, self.count), axis=0) > 0
        return any(self._cut_apart(one, values) for one in opened)

    def _is_loose(self, candidate: int, values: np.ndarray[Any, np.dtype[np.int64]]) -> bool:
        """Whether the rule that asks a candidate to be reached is dropped, or there is none."""
        switch = self.switch.get(self.reach_rule.get(int(self.problem.decider[candidate]), ""))
        return switch is None or bool(values[switch])

    def _cut_apart(
        self,
        opened: np.ndarray[Any, np.dtype[np.bool_]],
        values: np.ndarray[Any, np.dtype[np.int64]],
    ) -> bool:
        problem, ids = self.problem, self.problem.sector_ids
        chosen = np.flatnonzero(opened).tolist()
        lost_ids = set(unreached(problem, frozenset(ids[j] for j in chosen)))
        lost = {j for j in chosen if ids[j] in lost_ids}
        added = False
        while lost:
            group, waiting = set(), [min(lost)]
            while waiting:
                one = waiting.pop()
                if one not in group:
                    group.add(one)
                    waiting.extend(other for other in self.near[one] if other in lost)
            lost -= group
            # one cut a ring: the whole way at once
            held = [one for one in sorted(group) if not self._is_loose(one, values)]
            self._add_rings(held, self._rings(group))
            added = added or bool(held)
        return added

    def _result(self, values: np.ndarray[Any, np.dtype[np.int64]], soft: set[str]) -> SoftResult:
        ids = self.problem.sector_ids
        chosen = values[: self.opening].reshape(self.years, self.count).any(axis=0)
        bound = (self.highs.getInfo().mip_dual_bound - self.most) / self.price
        return SoftResult(
            feasible=True,
            dropped=frozenset(n for n in soft if values[self.switch[n]]),
            given={n: int(values[c]) for n, c in self.slack.items() if values[c]},
            chosen=frozenset(ids[j] for j in np.flatnonzero(chosen).tolist()),
            bound=max(math.ceil(bound - 1e-6), 0),
        )


def smallest_hitting_set(
    names: tuple[str, ...], sets: Iterable[frozenset[str]]
) -> frozenset[str] | None:
    """Return a smallest set of names that meets every one of ``sets``, ties to the first names.

    None when the solver didn't prove it.
    """
    highs = new_highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("mip_rel_gap", 0.0)
    position = {name: i for i, name in enumerate(names)}
    # one each; the first names are cheaper by less than one in all
    costs = [1.0 + i / (2.0 * len(names) * len(names)) for i in range(len(names))]
    for i, cost in enumerate(costs):
        highs.addVar(0.0, 1.0)
        highs.changeColCost(i, cost)
        highs.changeColIntegrality(i, highspy.HighsVarType.kInteger)
    for one in sets:
        columns = np.array(sorted(position[name] for name in one), dtype=np.int32)
        highs.addRow(1.0, math.inf, len(columns), columns, np.ones(len(columns)))
    run_whole(highs, costs)
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    values = highs.getSolution().col_value
    return frozenset(name for name, i in position.items() if values[i] > 0.5)  # noqa: PLR2004

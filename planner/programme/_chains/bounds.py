"""Chains that may cross borders: bounded by separators, answered by choices in an order.

The bound is that of column generation with the separators that its linear programme breaks.  For an
answer, sectors get ranks: who lies nearer to the existing network, by ways that the linear
programme takes.  A group of chosen neighbours that touches nothing built must then touch, beyond a
border, a group of a lower rank: a chain that goes in a ring and reaches nothing can't pass, and
the listed choices are combined at once.  Ranks are drawn again from each answer.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import scipy.sparse

from planner.choice import ChoiceProblem, Objective
from planner.programme._actors.blocks import Row
from planner.programme._actors.columns import Clock, Region, Stage
from planner.programme._actors.integer import Link, combine, holds, total
from planner.programme._chains.clusters import CASES, FEW, cluster_rules
from planner.programme._chains.cuts import reached_part
from planner.programme._chains.separators import Separators, is_separator
from planner.programme._chains.splits import Splits

__all__ = ["ChainSearch", "Chained"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.uint8]

_ROUNDS = 40  # of separators
_CLOSE_SHARE = 1e-6  # of the value: where column generation stops
_STALLED_SHARE = 5e-6  # of the value: a bound that falls by less is left there
_REACH_SHARE = 9e-5  # of the bound: how far the first list of choices goes
_WIDER = 1.3
_LISTED, _KEPT = 2_000, 40  # choices of an actor that are listed, and kept, at most
_MET = 20  # times the reach: how far choices that were met may miss
_GAP_SHARE = 2e-4  # of the bound: how much a combination may miss
_PENALTY_SHARE = 1e-2  # of the bound: what a group out of order costs
_NODES = 300
_LATE = 2  # combinations before an answer is bettered in another way
_BETTERED = 5  # times an answer is bettered in another way at most
_BETTER_ROUNDS = 3  # of each time
_MIXES = (0.5, 0.2, 0.8, 0.0)  # how much ranks follow the last answer, the rest the linear one
_BROKEN_MIX = 0.3  # the same after an answer in which something isn't reached
_PATIENCE, _PROGRESS_SHARE = 6, 0.1  # combinations that better an answer by too little of its lack
# neighbours that hold rules together, and cases by which each is found, one turn after the other
_RULES = ((FEW, CASES), (8, CASES), (FEW, 100), (8, 100))
_WORTH_SHARE = 0.2  # of what lacks: what such rules gain, for more to be sought far from the aim
_NEAR_SHARE = 3e-4  # of the bound: a gain that would always do, so that five times it is near
_SPLIT_SHARE, _CASES = 3e-4, 8  # of the bound: what cases may still lower; made at a time
_TINY = 1e-3
_BEHIND = 3  # sectors that a line is told of at most: others like them follow
_SLACK = 1e-6  # of a sector: the room from which a separator holds nothing back
_NEVER = np.iinfo(np.int64).max


@dataclass
class Chained:
    """What is known of one objective.

    Parameters
    ----------
    parts, value
        The best answer, None when none was found.
    bound
        What no answer can pass; None when unknown.
    infeasible
        Whether there is none.
    """

    parts: list[Rows] | None = None
    value: int = 0
    bound: int | None = None
    infeasible: bool = False


@dataclass
class _Bettering:
    """When an answer is bettered in another way, and which one."""

    first: Flags | None = None
    last: tuple[int, int] | None = None
    count: int = 0

    def due(self, search: ChainSearch, answer: Chained, turn: int, enough: int) -> Flags | None:
        """Return the answer to better now, if any: the best, and the first one once.

        What is drawn from the first differs much from the best, which serves combinations.
        """
        if answer.parts is None or answer.value >= enough or self.count >= _BETTERED:
            return None
        now = search.chosen(answer.parts)
        if self.first is None:
            self.first = now
        if 0 < turn < _LATE:
            return None
        if self.count == 1:
            now = self.first
        elif (answer.value, enough) == self.last:
            return None
        self.last = answer.value, enough
        self.count += turn > 0
        return now


@dataclass
class ChainSearch:
    """One question whose chains may cross borders."""

    problem: ChoiceProblem
    region: Region
    clock: Clock
    prices: dict[str, float] = field(default_factory=dict)
    groups: dict[tuple[int, bytes], Integers] = field(default_factory=dict)
    standing: dict[int, list[Rows]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Note who is a neighbour of whom."""
        self.separators = Separators(self.problem)
        self.near: list[list[int]] = [[] for _ in range(self.problem.candidates_count)]
        for a, b in self.problem.edges.tolist():
            self.near[a].append(b)
            self.near[b].append(a)
        self.block_of = np.zeros(self.problem.candidates_count, np.int64)
        self.place_of = np.zeros(self.problem.candidates_count, np.int64)
        for at, block in enumerate(self.region.blocks):
            self.block_of[block.members] = at
            self.place_of[block.members] = np.arange(len(block.members))

    def solve(
        self,
        objective: Objective,
        rows: list[Row],
        *,
        incumbent: list[Rows] | None,
        enough: Callable[[int], int],
        turns: int,
        first: Callable[[Flags], Flags | None] = lambda _: None,
        better: Callable[[Flags, int, int], Flags | None] = lambda _, __, ___: None,
    ) -> Chained:
        """Optimise one objective; separators that matter are added to ``rows``.

        Parameters
        ----------
        objective, rows
            What is made large, and what must hold.
        incumbent
            A known answer, if any.
        enough
            From a bound, the value at which to stop.
        turns
            How many times choices are combined at most.
        first
            What finds an answer in another way, should the first combination be none, from what of
            it is reached.
        better
            What betters an answer in another way, up to a value that is enough, in some rounds.
        """
        answer = Chained()
        pool, name = self.region.pool, f"any.{objective.name}"
        self.separators.forget()
        self.prices = pool.prices.get(name, self.prices)
        if not any(is_separator(row) for row in rows):
            rows += self.separators.recall(pool.chains)
        stage = self._bound(objective, rows, answer)
        if stage is None:
            return answer
        kept = [row for row in rows if self.prices.get(row.name) or not is_separator(row)]
        pool.prices[name] = self.prices
        pool.keep_chains(self.separators.chain(row) for row in kept if is_separator(row))
        self.separators.forget()
        if incumbent is not None and holds(stage.blocks, incumbent, kept):
            answer.parts, answer.value = incumbent, total(stage.blocks, incumbent, stage.row)
        self._answer(stage, kept, answer, enough, turns, first, better)
        rows[:] = kept
        return answer

    # -- the bound

    def bounded(self, objective: Objective, rows: list[Row]) -> tuple[Chained, Stage | None]:
        """Bound one objective and look for no answer; separators are added to ``rows``."""
        answer = Chained()
        stage = self._bound(objective, rows, answer)
        return answer, stage

    def tightened(
        self, stage: Stage, rows: Sequence[Row], most: int = FEW, cases: int = CASES
    ) -> tuple[Stage, list[Row]]:
        """Return an objective bounded with rules of neighbours too, and what bounds it."""
        rules = cluster_rules(
            self.problem, self.region, self.clock, stage, rows, most=most, cases=cases
        )
        further, self.prices = [*rows, *rules], stage.told_prices()
        now = self._bound(stage.objective, further, Chained()) if rules else None
        if now is None or (now.bound or 0) >= (stage.bound or 0):
            return stage, list(rows)
        return now, further

    def splits(self, stage: Stage, rows: list[Row]) -> Splits:
        """Return what lowers the bound of an objective by cases."""
        return Splits(self.region, self.separators, self.clock, stage, rows)

    def _bound(self, objective: Objective, rows: list[Row], answer: Chained) -> Stage | None:
        """Add separators until the bound stalls."""
        former = math.inf
        stage: Stage | None = None
        for _ in range(_ROUNDS):
            last, stage = stage, Stage(self.region, objective, rows)
            start = np.array([self.prices.get(row.name, 0.0) for row in rows])
            value = stage.converge(
                self.clock, start=start if self.prices else None, close_share=_CLOSE_SHARE
            )
            if value is None or stage.best is None:
                answer.infeasible = stage.infeasible
                return None if stage.infeasible else last
            found = stage.best.bound
            answer.bound = found if answer.bound is None else min(answer.bound, found)
            self.prices = {
                row.name: float(price) for row, price in zip(rows, stage.best.prices, strict=True)
            }
            if former - value < _STALLED_SHARE * abs(value) or self.clock.over:
                break
            former = value
            point = stage.point()
            broken = self.separators.broken(point, behind=_BEHIND)
            if not broken:
                break
            rows[:] = self._tight(rows, point)
            rows += broken
        return stage

    def _tight(self, rows: Sequence[Row], point: Floats) -> list[Row]:
        """Return the rows without the separators that hold a point with room: others took over."""
        kept = []
        for row in rows:
            if is_separator(row) and float(row.coefficients @ point) < -_SLACK:
                self.separators.forget(row)
            else:
                kept.append(row)
        return kept

    # -- answers

    def _answer(
        self,
        stage: Stage,
        rows: list[Row],
        answer: Chained,
        enough: Callable[[int], int],
        turns: int,
        first: Callable[[Flags], Flags | None],
        better: Callable[[Flags, int, int], Flags | None],
    ) -> None:
        """Combine choices, in an order drawn from the last answer, until one is good enough."""
        bound = answer.bound or 0
        point = stage.point()
        taken, idle = point, 0
        reach = max(1, int(_REACH_SHARE * abs(bound)))
        bettering, lowering = _Bettering(), _Lowering(self, stage, enough)
        lacks: list[int | None] = []
        for turn in range(turns):
            bound = answer.bound or 0
            lacks.append(None if answer.parts is None else enough(bound) - answer.value)
            if _is_stalled(lacks):
                return
            begun = None if self.clock.over else bettering.due(self, answer, turn, enough(bound))
            rounds = _BETTER_ROUNDS if turn else 1
            other = None if begun is None else better(begun, enough(bound), rounds)
            if other is not None:
                self._keep(stage, rows, other, answer)
                taken = _MIXES[0] * other + (1 - _MIXES[0]) * point
            if turn >= _LATE:
                stage, bound = lowering.lower(answer, rows)
                point = stage.point()
            if self.clock.over or (answer.parts is not None and answer.value >= enough(bound)):
                return
            lists = self._listed(stage, reach, answer.parts)
            found = combine(
                stage.blocks, lists, stage.row, rows, incumbent=answer.parts,
                gap=int(_GAP_SHARE * abs(bound)), seconds=self.clock.left, nodes=_NODES,
                links=self._links(lists, self._ranks(taken)),
                penalty=max(1, int(_PENALTY_SHARE * abs(bound))),
            )  # fmt: skip
            if found.parts is None:
                reach = int(reach * _WIDER) + 1
                continue
            chosen = self.chosen(found.parts)
            standing = reached_part(self.problem, chosen)
            if (standing != chosen).any():
                rows += self.separators.broken(chosen.astype(float))
                other = first(standing) if answer.parts is None else None
                if other is None:
                    taken = _BROKEN_MIX * standing + (1 - _BROKEN_MIX) * taken
                    taken[chosen & ~standing] /= 2
                else:
                    self._keep(stage, rows, other, answer)
                    taken = _MIXES[0] * other + (1 - _MIXES[0]) * point
                self._keep(stage, rows, standing, answer)
            else:
                idle = 0 if answer.parts is None or found.value > answer.value else idle + 1
                if idle == 0:
                    answer.parts, answer.value = found.parts, found.value
                mix = _MIXES[idle % len(_MIXES)]
                taken = mix * chosen + (1 - mix) * point
            reach = int(reach * _WIDER) + 1

    def _keep(self, stage: Stage, rows: list[Row], standing: Flags, answer: Chained) -> None:
        """List the choices of something all of which is reached; it may be an answer."""
        if not standing[self.problem.required].all():
            return
        parts = self.region.parts(standing)
        for at, part in enumerate(parts):
            self.standing.setdefault(at, []).append(part)
        if holds(stage.blocks, parts, rows):
            value = total(stage.blocks, parts, stage.row)
            if answer.parts is None or value > answer.value:
                answer.parts, answer.value = parts, value

    def chosen(self, parts: Sequence[Rows]) -> Flags:
        """Return the sectors that a choice of everyone takes."""
        chosen = np.zeros(self.problem.candidates_count, bool)
        for block, part in zip(self.region.blocks, parts, strict=True):
            chosen[block.members] = part[0] > 0
        return chosen

    def _listed(self, stage: Stage, reach: int, incumbent: list[Rows] | None) -> list[Rows]:
        """List for each actor its nearest choices, those that were met, and the one made now."""
        lists, missed, _ = stage.list_near(reach, _LISTED)
        met = stage.met_near(_MET * reach)
        listed = []
        for at, (rows, far) in enumerate(zip(lists, missed, strict=True)):
            nearest = rows[np.argsort(far, kind="stable")[:_KEPT]]
            own = incumbent[at : at + 1] if incumbent is not None else []
            others = [*own, *self.standing.get(at, ())]
            listed.append(np.unique(np.concatenate([nearest, met[at], *others]), axis=0))
        return listed

    # -- the order

    def _ranks(self, taken: Floats) -> Integers:
        """Rank sectors by their way from the network, short where it passes through ``taken``."""
        count = self.problem.candidates_count
        cost = (np.maximum(1 - taken, 0) + _TINY).tolist()
        way = [math.inf] * count
        refused = self.problem.refused.tolist()
        queue = [
            (cost[one], one) for one in np.flatnonzero(self.problem.reached).tolist()
            if not refused[one]
        ]  # fmt: skip
        for far, one in queue:
            way[one] = far
        heapq.heapify(queue)
        while queue:
            far, one = heapq.heappop(queue)
            if far > way[one]:
                continue
            for other in self.near[one]:
                longer = far + cost[other]
                if longer < way[other] and not refused[other]:
                    way[other] = longer
                    heapq.heappush(queue, (longer, other))
        ranks = np.empty(count, np.int64)
        ranks[np.lexsort((np.arange(count), np.array(way)))] = np.arange(1, count + 1)
        return ranks

    def _groups(self, at: int, row: Rows) -> Integers:
        """Return the group of chosen neighbours of each sector of an actor's choice."""
        key = at, row.tobytes()
        if key not in self.groups:
            ground = self.region.blocks[at].ground
            near = np.array(ground.near, np.int64).reshape(-1, 2)
            both = near[(row[near] > 0).all(axis=1)]
            links = scipy.sparse.coo_array(
                (np.ones(len(both)), both.T), shape=(ground.count, ground.count)
            )
            self.groups[key] = scipy.sparse.csgraph.connected_components(links, directed=False)[1]
        return self.groups[key]

    def _group_ranks(self, at: int, rows: Rows, ranks: Integers) -> Integers:
        """Return the lowest rank in the group of each chosen sector, 0 where it is reached."""
        members = self.region.blocks[at].members
        own = np.where(self.problem.reached[members], 0, ranks[members])
        lowest = np.full(rows.shape, _NEVER)
        for choice, row in enumerate(rows):
            group, on = self._groups(at, row), row > 0
            least = np.full(len(members), _NEVER)
            np.minimum.at(least, group[on], own[on])
            lowest[choice, on] = least[group[on]]
        return lowest

    def _links(self, lists: Sequence[Rows], ranks: Integers) -> list[Link]:
        """Return which choices need which: each group that touches nothing built, one before it."""
        starts = np.concatenate([[0], np.cumsum([len(rows) for rows in lists])])
        lowest = [self._group_ranks(at, rows, ranks) for at, rows in enumerate(lists)]
        needs: dict[tuple[int, bytes], tuple[list[int], frozenset[int]]] = {}
        for at, (block, rows) in enumerate(zip(self.region.blocks, lists, strict=True)):
            for choice, row in enumerate(rows):
                mine = lowest[at][choice]
                waiting = (row > 0) & (mine > 0)
                for rank in np.unique(mine[waiting]).tolist():
                    members = block.members[waiting & (mine == rank)]
                    key = at, members.tobytes()
                    if key not in needs:
                        needs[key] = [], self._before(at, members, rank, lowest, starts)
                    needs[key][0].append(int(starts[at]) + choice)
        merged: dict[tuple[int, frozenset[int]], set[int]] = {}
        for (at, _), (choices, before) in needs.items():
            merged.setdefault((at, before), set()).update(choices)
        return [(sorted(choices), sorted(before)) for (_, before), choices in merged.items()]

    def _before(
        self, at: int, members: Integers, rank: int, lowest: list[Integers], starts: Integers
    ) -> frozenset[int]:
        """Return the choices of other actors that reach a group from a lower rank."""
        beyond = {other for one in members.tolist() for other in self.near[one]}
        found: set[int] = set()
        for other in beyond:
            who = int(self.block_of[other])
            if who != at:
                fits = np.flatnonzero(lowest[who][:, self.place_of[other]] < rank)
                found.update((int(starts[who]) + fits).tolist())
        return frozenset(found)


@dataclass
class _Lowering:
    """How a bound is lowered where an answer doesn't do: by rules of neighbours, then by cases."""

    search: ChainSearch
    stage: Stage
    enough: Callable[[int], int]
    rows: list[Row] | None = None
    splits: Splits | None = None
    further: list[tuple[int, int]] = field(default_factory=lambda: list(_RULES))

    def lower(self, answer: Chained, rows: Sequence[Row]) -> tuple[Stage, int]:
        """Lower the bound of an answer; return it with its stage."""
        bound = answer.bound or 0
        if self._lacks(answer) > 0 and self.further and self.splits is None:
            known = rows if self.rows is None else self.rows
            self.stage, self.rows = self.search.tightened(self.stage, known, *self.further.pop(0))
            now = min(bound, max(self.stage.bound or bound, answer.value))
            if max(bound - now, _NEAR_SHARE * abs(bound)) < _WORTH_SHARE * self._lacks(answer):
                self.further.clear()
            answer.bound = bound = now
        if self.rows is not None and 0 < self._lacks(answer) <= _SPLIT_SHARE * abs(bound):
            if self.splits is None:
                self.splits = self.search.splits(self.stage, self.rows)
            lowered = self.splits.lower_for(answer.value, self.enough, _CASES)
            answer.bound = bound = min(bound, lowered)
        return self.stage, bound

    def _lacks(self, answer: Chained) -> int:
        """Return what an answer lacks to be enough, nothing where there is none."""
        return 0 if answer.parts is None else self.enough(answer.bound or 0) - answer.value


def _is_stalled(lacks: Sequence[int | None]) -> bool:
    """Whether the last turns came too little nearer to what is enough to go on."""
    now = lacks[-1]
    then = lacks[-1 - _PATIENCE] if len(lacks) > _PATIENCE else None
    return now is not None and then is not None and then - now <= _PROGRESS_SHARE * now

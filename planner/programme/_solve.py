"""The exact programme: objective after objective, each with its value, its bound and its status.

Each objective is bounded by column generation (:mod:`._actors.columns`).  The choices of
each actor that miss its best price by no more than what is missing are then listed, and searched
for all the best combinations (:mod:`._search.branches`); longer lists are combined in part.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from planner.choice import Choice, ChoiceProblem, ChoiceStatus, Contiguity, Objective, StageResult
from planner.programme._actors.blocks import ColumnPool, Row, held_row, settle_floors, split_problem
from planner.programme._actors.columns import Clock, Region, Stage, TooWideError
from planner.programme._actors.integer import combine, holds, total, with_parts
from planner.programme._chains.across import first_across, start_across
from planner.programme._chains.bounds import ChainSearch
from planner.programme._chains.cuts import cuts_of, reached_part
from planner.programme._chains.doors import Doors
from planner.programme._chains.shared import solve_sharing_across
from planner.programme._chains.wide import solve_in_parts
from planner.programme._compact import (
    answer_nothing,
    recounted,
    solve_compact,
    stage_of,
    status_of,
    weakest_of,
)
from planner.programme._search.near_bound import draw_some, exchange_near, is_of_few, settle
from planner.programme._shared import solve_sharing
from planner.programme._ties import best_of, by_first_ids, first_by_id
from planner.programme._years.one_year import as_one_year

__all__ = ["solve_choice"]

Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.uint8]

_SMALL = 60  # candidates up to which every optimum is proved, whatever the gap asked
_LISTED = 4_000  # choices of one actor that are listed at most
_COMBINED = 2_000  # choices of all actors that are combined at most, unless proofs are asked
_FIRST_SHARE = 2e-5  # of the bound: how far the first list of choices goes
_PROOF_SHARE = 3e-4  # of the bound: from how near a known answer one list is tried at once
_PROVED_SHARE = 1e-4  # the largest gap that may be asked where optima are proved all the same
_CLOSE_SHARE = 1e-7  # of the value: where column generation stops
_ACROSS_SHARE = 1e-3  # the least gap asked of large questions whose chains cross borders
_KEPT = 30_000  # choices of all actors kept from one objective to the next at most
_CUT_ROUNDS = 25
_NODES, _LATER_NODES = 2_000, 100  # of combining, unless proofs are asked; of later objectives
_FEW = 400  # candidates of a question that is not large
_TURNS, _LATER_TURNS = 24, 6  # combinations across borders at most; of later objectives


@dataclass
class _Answer:
    parts: list[Rows] | None
    value: int
    bound: int | None
    status: ChoiceStatus


def solve_choice(
    problem: ChoiceProblem,
    *,
    gap_share: float = 1e-4,
    seconds: float | None = None,
    warm: ColumnPool | None = None,
) -> Choice:
    """Choose the sectors: the best under each objective in turn, the former ones held.

    Among programmes equal under every objective, the one that holds the first sector (by id) on
    which they differ is taken, when every optimum is proved (across EPCI: up to 60 candidates).
    The same problem gives the same answer, unless time stops it, which the status says.

    Parameters
    ----------
    problem
        The question.
    gap_share
        How much of each objective may be missed, as a share of its bound; 0 proves optima.  Small
        problems are always proved, larger ones within each EPCI mostly; those whose chains cross
        borders, or with an EPCI too wide for a diagram, to 0.1 % at best, unless 0 is asked.
    seconds
        Time for all objectives together; None for as long as it takes.
    warm
        What was learnt from a former question of the same region; it is filled for the next one.

    Returns
    -------
    Choice
        ``infeasible`` and empty when no programme holds every rule.

    Raises
    ------
    PlannerError
        When values are too large to be added exactly, or the solver fails.
    """
    clock = Clock.within(seconds)
    pool = ColumnPool() if warm is None else warm
    if problem.candidates_count <= _SMALL:
        gap_share = 0.0
    across = problem.contiguity is Contiguity.ANY_EPCI and gap_share > 0 and problem.objectives
    reachable = max(gap_share, _ACROSS_SHARE) if across else gap_share
    for sharing in (solve_sharing, solve_sharing_across):
        shared = sharing(problem, solve_choice, pool, gap_share=reachable, clock=clock)
        if shared is not None:
            return shared
    blocks, rows = split_problem(problem)
    if problem.contiguity is not Contiguity.ANY_EPCI:
        blocks, rows = settle_floors(blocks, rows)
    if not blocks:
        return answer_nothing(problem)
    region = Region(blocks, pool)
    try:
        search = _Search(problem, region, list(rows), reachable, clock)
        search.recall()
        return as_one_year(problem, search.run(), gap_share=search.gap_share, seconds=clock.seconds)
    except TooWideError:
        return solve_in_parts(
            problem, solve_choice, pool,
            gap_share=gap_share, across_share=_ACROSS_SHARE, clock=clock,
        )  # fmt: skip
    finally:
        region.keep()


class _Search:
    """One question, objective after objective."""

    def __init__(
        self,
        problem: ChoiceProblem,
        region: Region,
        rows: list[Row],
        gap_share: float,
        clock: Clock,
    ) -> None:
        self.problem = problem
        self.region = region
        self.rows = rows
        self.gap_share = gap_share
        self.clock = clock
        self.incumbent: list[Rows] | None = None
        self.last: Stage | None = None
        self.chains: ChainSearch | None = None
        self.lists: list[Rows] | None = None  # all that can still matter, once it is known
        self.equals: tuple[list[Rows], ...] = ()  # all the best so far, where they are known

    def recall(self) -> None:
        """Begin with the best of the former answers that still hold every rule."""
        worth: tuple[int, ...] | None = None
        signs = [1 if one.sense == "max" else -1 for one in self.problem.objectives]
        for answer in self.region.pool.answers:
            chosen = self._flags(answer)
            if not self._is_legal(chosen):
                continue
            values = self.problem.values(chosen)
            mine = tuple(sign * value for sign, value in zip(signs, values, strict=True))
            if worth is None or mine > worth:
                worth = mine
                self.incumbent = self.region.parts(chosen)

    def _flags(self, names: frozenset[str]) -> Flags:
        return np.array([one in names for one in self.problem.sector_ids], bool)

    def _names(self, parts: Sequence[Rows]) -> frozenset[str]:
        return frozenset(itertools.compress(self.problem.sector_ids, self._chosen(parts).tolist()))

    def _is_legal(self, chosen: Flags) -> bool:
        if (
            self.problem.contiguity is Contiguity.ANY_EPCI
            and (reached_part(self.problem, chosen) != chosen).any()
        ):
            return False
        parts = self.region.parts(chosen)
        return all(
            block.allows(part[0]) for block, part in zip(self.region.blocks, parts, strict=True)
        ) and holds(self.region.blocks, parts, self.rows)

    def run(self) -> Choice:
        """Answer."""
        zero = np.zeros(self.problem.candidates_count, np.int64)
        anything = Objective(name="any", sense="max", coefficients=zero)
        objectives = self.problem.objectives or (anything,)
        stages: list[StageResult] = []
        question = replace(self.problem, objectives=objectives[:1]).sha256
        known = self.region.pool.equals.get(question, ())
        self.equals = tuple(self.region.parts(self._flags(one)) for one in known)
        for objective in objectives:
            sign = 1 if objective.sense == "max" else -1
            answer = self._optimise(objective)
            if answer.parts is None:
                return self._unanswered(answer)
            self.incumbent = answer.parts
            if not stages:
                self.region.pool.keep_equals(question, map(self._names, self.equals))
            stages.append(stage_of(objective, answer.value, answer.bound, answer.status))
            self.rows.append(held_row(objective, sign * answer.value))
            if objective is not objectives[-1] and not self.equals:
                self._narrow(answer)
        if self.problem.objectives:
            now = self._chosen(self.incumbent)
            stages = recounted(stages, self.problem.values(now), self.gap_share)
        weakest = weakest_of(stage.status for stage in stages)
        if weakest is ChoiceStatus.OPTIMAL:
            self.region.pool.keep_equals(self.problem.sha256, map(self._names, self.equals))
            self._break_ties()
        chosen = self._chosen(self.incumbent)
        names = tuple(self.problem.sector_ids[at] for at in np.flatnonzero(chosen))
        self.region.pool.keep_answer(frozenset(names))
        return Choice(
            problem_sha256=self.problem.sha256, status=weakest, chosen=names,
            stages=tuple(stages) if self.problem.objectives else (),
        )  # fmt: skip

    def _break_ties(self) -> None:
        """Among programmes equal under every objective, prefer the first ids."""
        if self.equals:
            self.incumbent = max(self.equals, key=lambda parts: self._chosen(parts).tolist())
        elif self.problem.contiguity is Contiguity.ANY_EPCI:
            self._break_ties_across()
        elif self.last is not None and self.incumbent is not None:
            self.incumbent = first_by_id(
                self.last, self.rows, self.incumbent, at_most=_LISTED, clock=self.clock
            )

    def _break_ties_across(self) -> None:
        """Do the same where chains cross borders: first ids are one more objective, by dozens."""
        count = self.problem.candidates_count
        for first in by_first_ids(count) if count <= _SMALL else ():
            answer = self._optimise(first)
            if answer.parts is None or answer.status is not ChoiceStatus.OPTIMAL:
                return
            self.incumbent = answer.parts
            self.rows.append(held_row(first, answer.value))

    def _unanswered(self, answer: _Answer) -> Choice:
        if answer.status is not ChoiceStatus.INFEASIBLE and self.clock.left > 0:
            return solve_compact(self.problem, gap_share=self.gap_share, seconds=self.clock.seconds)
        return Choice(
            problem_sha256=self.problem.sha256, status=answer.status, chosen=(), stages=()
        )

    @property
    def _is_later(self) -> bool:
        """Whether less is searched: after the first objective of a large question."""
        return self.has_held and self.gap_share > 0 and self.problem.candidates_count > _FEW

    def _chosen(self, parts: Sequence[Rows] | None) -> Flags:
        chosen = np.zeros(self.problem.candidates_count, bool)
        for block, part in zip(self.region.blocks, parts or (), strict=True):
            chosen[block.members] = part[0] > 0
        return chosen

    # -- one objective

    def _optimise(self, objective: Objective) -> _Answer:
        """Solve one stage."""
        if self.incumbent is not None:
            for at, part in enumerate(self.incumbent):
                self.region.learn(at, part)
        if self.equals:
            return self._best_of_equals(objective)
        if self.problem.contiguity is Contiguity.ANY_EPCI:
            return self._optimise_across(objective)
        self.last = Stage(self.region, objective, self.rows, self.lists)
        return self._stage(self.last, self.incumbent)

    def _best_of_equals(self, objective: Objective) -> _Answer:
        """Choose among all the programmes that are the best under the former objectives."""
        self.equals, best = best_of(self.region.blocks, self.equals, objective)
        return _Answer(self.equals[0], best, best, ChoiceStatus.OPTIMAL)

    def _optimise_across(self, objective: Objective) -> _Answer:
        """Solve one stage whose chains may cross borders."""
        if self.gap_share == 0:
            return self._cut_off(objective)
        if self.chains is None:
            self.chains = ChainSearch(self.problem, self.region, self.clock)
        held = self.has_held
        found = self.chains.solve(
            objective, self.rows, incumbent=self.incumbent,
            enough=lambda bound: bound - self._target(bound),
            turns=_LATER_TURNS if held else _TURNS,
            first=lambda now: None if held else first_across(self.problem, self.solve_within, now),
            better=self._better_across,
        )  # fmt: skip
        if found.parts is None and not found.infeasible and not self.clock.over:
            return self._cut_off(objective)
        if found.parts is None:
            status = ChoiceStatus.INFEASIBLE if found.infeasible else ChoiceStatus.TIME_LIMIT
            return _Answer(None, 0, found.bound, status)
        status = self._status(found.value, found.bound)
        if is_of_few(self.region.blocks) and status is ChoiceStatus.TIME_LIMIT:
            self.incumbent = found.parts
            return self._cut_off(objective)
        return _Answer(found.parts, found.value, found.bound, status)

    def _better_across(self, chosen: Flags, enough: int, rounds: int) -> Flags | None:
        """Return a better answer to the first objective behind other doors."""
        doors = None if self.has_held else Doors(self.problem, self.region, self.clock)
        return None if doors is None else doors.better(chosen, self.solve_within, enough, rounds)

    @property
    def has_held(self) -> bool:
        """Whether a former objective is held."""
        return any(row.name.startswith("held.") for row in self.rows)

    def _cut_off(self, objective: Objective) -> _Answer:
        """Solve one stage, cutting off answers in which nothing reaches a chain."""
        answer = _Answer(None, 0, None, ChoiceStatus.TIME_LIMIT)
        best: tuple[int, list[Rows]] | None = None
        for _ in range(_CUT_ROUNDS):
            stage = Stage(self.region, objective, self.rows)
            self.last = stage
            if best is None and self.incumbent is not None:
                best = total(stage.blocks, self.incumbent, stage.row), self.incumbent
            answer = self._stage(stage, best[1] if best else self.incumbent)
            if answer.parts is None:
                return answer
            chosen = self._chosen(answer.parts)
            cuts = cuts_of(self.problem, chosen)
            if not cuts:
                return answer
            self.rows += cuts
            best = self._repair(stage, chosen, best)
            if self.clock.over or (best is not None and self._is_near(best[0], answer.bound)):
                break
        if best is None:
            return _Answer(None, 0, answer.bound, ChoiceStatus.TIME_LIMIT)
        return _Answer(best[1], best[0], answer.bound, self._status(best[0], answer.bound))

    def _repair(
        self, stage: Stage, chosen: Flags, best: tuple[int, list[Rows]] | None
    ) -> tuple[int, list[Rows]] | None:
        """Return the better of the best answer and ``chosen`` without what nothing reaches."""
        chosen = reached_part(self.problem, chosen)
        if self.gap_share > 0 and not self.has_held:
            better = start_across(self.problem, self.solve_within, first=chosen)
            chosen = chosen if better is None else better
        parts = self.region.parts(chosen)
        if holds(self.region.blocks, parts, self.rows) and chosen[self.problem.required].all():
            value = total(self.region.blocks, parts, stage.row)
            if best is None or value > best[0]:
                return value, parts
        return best

    def solve_within(
        self, problem: ChoiceProblem, pool: ColumnPool | None = None,
        gap_share: float = _ACROSS_SHARE / 4,
    ) -> Choice:  # fmt: skip
        """Answer a question within each EPCI, on the way to one across them."""
        warm = self.region.pool if pool is None else pool
        return solve_choice(problem, gap_share=gap_share, seconds=self.clock.seconds, warm=warm)

    def _target(self, bound: int) -> int:
        return math.floor(self.gap_share * abs(bound))

    def _is_near(self, value: int, bound: int | None) -> bool:
        return self._status(value, bound) is not ChoiceStatus.TIME_LIMIT

    def _status(self, value: int, bound: int | None) -> ChoiceStatus:
        return status_of(value, bound, self.gap_share)

    def _narrow(self, answer: _Answer) -> None:
        """Keep for the next objectives the choices that a programme as good can hold.

        The objective being held, no actor's choice may miss its best price by more than the gap.
        """
        stage, across = self.last, self.problem.contiguity is Contiguity.ANY_EPCI
        if stage is None or stage.best is None or answer.parts is None or across:
            return  # across, its bound may come from before the last cuts
        lists, _, complete = stage.list_near(stage.best.bound - answer.value, _LISTED)
        if complete and sum(map(len, lists)) <= _KEPT:
            self.lists = with_parts(lists, answer.parts)

    def _stage(self, stage: Stage, incumbent: list[Rows] | None) -> _Answer:
        """Bound by column generation, then combine the choices that could matter."""
        pool = self.region.pool
        start = pool.known_prices(stage.row, stage.rows)
        value = stage.converge(self.clock, start=start, close_share=_CLOSE_SHARE)
        if value is None or stage.best is None:
            status = ChoiceStatus.INFEASIBLE if stage.infeasible else ChoiceStatus.TIME_LIMIT
            return _Answer(None, 0, None, status)
        pool.keep_prices(stage.row, stage.rows, stage.best.prices)
        answer = _Answer(None, 0, stage.bound, ChoiceStatus.TIME_LIMIT)
        if incumbent is not None and holds(stage.blocks, incumbent, self.rows):
            answer.parts = list(incumbent)
            answer.value = total(stage.blocks, incumbent, stage.row)
        reach = max(1, int(_FIRST_SHARE * abs(stage.best.bound)))
        is_searched = self._look_near(stage, answer, reach)
        if answer.parts is not None and self.lists is None and self.gap_share > 0:
            far = stage.best.bound - answer.value - self._target(stage.best.bound)
            if far < _PROOF_SHARE * abs(stage.best.bound):
                reach = max(reach, far)  # one list that settles it, rather than several
        elif answer.parts is not None and self.gap_share > 0:
            reach = max(reach, stage.best.bound - answer.value)  # all that can still matter
        known, further = answer.value if answer.parts is not None else None, not is_searched
        while further and not self.clock.over:
            further = self._combine(stage, answer, reach) and not self._is_later
            reach *= 3
            if self.lists is None and answer.parts is not None and answer.value != known:
                known = answer.value  # a better one: less is to be searched around it
                further &= not (self._settle(stage, answer) and answer.value == answer.bound)
        if answer.parts is not None:
            answer.status = self._status(answer.value, answer.bound)
        return answer

    def _look_near(self, stage: Stage, answer: _Answer, reach: int) -> bool:
        """Look for answers near the bound, and for all of them; the small are proved otherwise.

        Return whether combining choices has nothing to add.
        """
        if stage.best is None or answer.bound is None or self.problem.candidates_count <= _SMALL:
            return False
        target = self._target(answer.bound)
        if self.lists is None:
            drawn = draw_some(stage, self.rows, answer.parts, least=target)
            if drawn is not None:
                answer.parts, answer.value = drawn.parts, drawn.value
        is_searched = self._settle(stage, answer) and is_of_few(stage.blocks)
        if self.lists is not None and answer.parts is not None and self.gap_share > 0:
            answer.parts, answer.value = exchange_near(
                stage, self.rows, answer.parts, reach=reach,
                enough=answer.bound - target, at_most=_LISTED,
            )  # fmt: skip
        return is_searched and self.gap_share > 0

    def _settle(self, stage: Stage, answer: _Answer) -> bool:
        """Search all that could be as good as the answer known: mostly it proves which is best."""
        small = self.problem.candidates_count <= _SMALL  # proved otherwise
        if answer.parts is None or answer.bound is None or self.clock.over or small:
            return False
        if self.gap_share > _PROVED_SHARE and self._is_near(answer.value, answer.bound):
            return False  # near enough for who asks for so little
        if (found := settle(stage, self.rows, answer.parts, seconds=self.clock.left)) is None:
            return False
        answer.parts, answer.value = found.parts, found.value
        answer.bound = max(answer.value, min(answer.bound, found.bound))
        if self.problem.contiguity is not Contiguity.ANY_EPCI:  # there, cuts are still to come
            self.equals = found.equals
        return True

    def _combine(self, stage: Stage, answer: _Answer, reach: int) -> bool:
        """Combine the choices that miss their best by ``reach``; return whether to go further."""
        top = stage.best.bound if stage.best is not None else 0
        bound = top if answer.bound is None else answer.bound
        target = self._target(bound)
        proved = self.gap_share == 0
        if answer.parts is not None:
            if bound - answer.value <= target:
                return False
            # a bound that falls makes the target smaller, down to that of what is known
            least = max(self._target(answer.value), target // 2)
            target = min(target - target // 50, least)
            # what isn't listed then misses the target all the same
            reach = min(reach, max(top - answer.value - target, int(_FIRST_SHARE * abs(top))))
        lists, _, complete = stage.list_near(reach, _LISTED)
        if any(len(one) == 0 for one in lists):  # an actor's best is known by its bound alone
            complete = False
            met = self.region.choices
            lists = [one if len(one) else met[at] for at, one in enumerate(lists)]
        cut_short = False
        while not proved and answer.parts is not None and sum(map(len, lists)) > _COMBINED:
            if reach == 0:
                return False
            cut_short, reach = True, reach * 4 // 5  # the nearest of what can still matter
            lists, _, complete = stage.list_near(reach, _LISTED)
        before = answer.value
        found = combine(
            stage.blocks, with_parts(lists, answer.parts), stage.row, self.rows,
            incumbent=answer.parts, gap=target, seconds=self.clock.left,
            nodes=None if proved else _LATER_NODES if self._is_later else _NODES,
            quick=not proved and self.lists is None,
        )  # fmt: skip
        if found.parts is not None:
            answer.parts, answer.value = found.parts, found.value
        if complete:  # what isn't listed misses more than the reach
            beyond = top - reach
            answer.bound = min(bound, max(beyond, beyond if found.bound is None else found.bound))
        if answer.parts is None:
            if complete and reach > stage.spread:
                answer.status = ChoiceStatus.INFEASIBLE
                return False
            return complete and not found.stopped
        answer.bound = max(bound if answer.bound is None else answer.bound, answer.value)
        better = answer.value > before and self.lists is None
        further = better if cut_short else reach < top - answer.value - target
        return complete and not found.stopped and further

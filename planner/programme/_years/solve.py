"""The exact programme with years: column generation by actor and year, then by actor.

Each actor answers, year by year, what it would hold open at given prices; that nothing closes
again is a rule between two years of one sector, priced like the others and added where it is
broken.  The worth of the prices is a bound that no programme can pass.  The choices of each year
that miss little are joined into sequences, and these are combined in whole numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceStatus, Objective, StageResult
from planner.dated import DatedChoice, DatedProblem
from planner.errors import RuleError
from planner.programme._actors.blocks import (
    Block,
    ColumnPool,
    Row,
    held_row,
    lighter,
    objective_row,
    split_problem,
)
from planner.programme._actors.columns import Clock, Region, Stage, TooWideError
from planner.programme._actors.integer import combine, holds, total
from planner.programme._compact import recounted, stage_of, weakest_of
from planner.programme._search.exchange import exchange
from planner.programme._years.again import answer_again, keep_answer, keep_prices
from planner.programme._years.joint import Joint, nest_name
from planner.programme._years.primal import look_near
from planner.programme._years.sequences import nested_sequences, postponed, repaired
from planner.programme._years.spread import dated_choice, spread_objective, spread_rows
from planner.texts import Message

__all__ = ["Years", "solve_years_by_columns"]

Integers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.uint8]

_SMALL = 60  # candidates up to which every optimum is proved, whatever the gap asked
_TURNS = 12  # times that broken rules between years are added
_TURNS_PROVED = 60
_BROKEN = 1e-3  # of a sector that closes again in the linear programme
_CLOSE_SHARE = 1e-4
_CLOSE_SHARE_PROVED = 1e-7
_FIRST_SHARE = 2e-5  # of the bound: how far the first list of choices goes
_LISTED, _LISTED_PROVED = 200, 20_000  # choices of an actor in a year
_JOINED, _JOINED_PROVED = 60, 200_000  # sequences of an actor
_REACHES = 6  # times that lists grow, unless proofs are asked
_NODES = 150
_TIE_BITS = 24  # of the weights by which equal programmes are told apart at once
_MANY = 20  # actors from which on looking near the prices tells more than longer lists
# shares of the time left, where there is an end: the bound of the years, and that of all together
_BOUND_TIME, _JOINT_TIME = 0.3, 0.35
_CLOSER = 5  # the search goes nearer than the gap asked: it doesn't know every sequence


@dataclass
class _Answer:
    parts: list[Rows] | None = None
    value: int = 0
    bound: int | None = None
    status: ChoiceStatus = ChoiceStatus.TIME_LIMIT


def solve_years_by_columns(
    problem: DatedProblem, *, gap_share: float, seconds: float | None, warm: ColumnPool | None
) -> DatedChoice:
    """Solve a question whose chains stay within each EPCI; see ``solve_years``."""
    gap = 0.0 if problem.whole.candidates_count <= _SMALL else gap_share
    try:
        return Years(problem, gap, Clock.within(seconds), warm or ColumnPool()).run()
    except TooWideError:
        raise RuleError(
            Message.of("programme.years_too_wide"), Message.of("programme.years_across_remedy")
        ) from None


class Years:
    """One dated question, objective after objective.

    Parameters
    ----------
    problem, gap_share, clock, pool
        The question, and how it is answered.
    late
        Candidates that count at the end of the last year alone; None for none.
    """

    def __init__(
        self,
        problem: DatedProblem,
        gap_share: float,
        clock: Clock,
        pool: ColumnPool,
        *,
        late: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        self.problem = problem
        self.gap_share = gap_share
        self.clock = clock
        self.count = problem.whole.candidates_count
        self.years = len(problem.years)
        self.base, rows = split_problem(problem.whole)
        self.rows = spread_rows(problem, rows)
        self.nests: dict[tuple[int, int], Row] = {}
        shut = np.zeros(self.count, bool) if late is None else late
        self.early = [
            replace(
                b.ground, pairs=(), required=(False,) * len(b.members),
                refused=tuple((np.array(b.ground.refused, bool) | shut[b.members]).tolist()),
            )
            for b in self.base
        ]  # fmt: skip
        self.joint = tuple(self._joint(block) for block in self.base)
        yearly = tuple(
            self._of_year(at, year) for year in range(self.years) for at in range(len(self.base))
        )
        self.region = Region(yearly, pool)
        self.incumbent: list[Rows] | None = None
        self.last: Stage | None = None
        self.prices: dict[str, float] = {}

    # -- the question over (year, candidate)

    def _nest(self, year: int, sector: int) -> Row:
        """Return the rule that a sector open in a year is open in the next."""
        spread = np.zeros((self.years, self.count), np.int64)
        spread[year, sector], spread[year + 1, sector] = 1, -1
        return Row(name=nest_name(year, sector), coefficients=spread.ravel(), upper=0)

    def _of_year(self, at: int, year: int) -> Block:
        block = self.base[at]
        members = block.members + year * self.count
        actor = f"{block.actor}@{self.problem.years[year]}"
        if year == self.years - 1:
            return replace(block, actor=actor, members=members)
        # what must be open in the end has its part of the envelope from the first year on
        required = np.array(block.ground.required, bool)
        return replace(
            lighter(block), actor=actor, members=members, ground=self.early[at],
            weight=np.where(required, 0, block.weight),
            limit=max(0, block.limit - int(block.weight[required].sum())),
        )  # fmt: skip

    def _joint(self, block: Block) -> Block:
        """Return the block of an actor over all years, whose pairs count in the last."""
        shift = (self.years - 1) * len(block.members)
        members = np.concatenate([block.members + t * self.count for t in range(self.years)])
        ground = replace(
            block.ground, count=len(members), near=(), before=(), connected=False,
            pairs=tuple((a + shift, b + shift) for a, b in block.ground.pairs),
        )  # fmt: skip
        return replace(block, members=members, ground=ground)

    # -- objective after objective

    def run(self) -> DatedChoice:
        """Answer."""
        whole = self.problem.whole
        zero = np.zeros(self.count, np.int64)
        objectives = whole.objectives or (Objective(name="any", sense="max", coefficients=zero),)
        stages: list[StageResult] = []
        for one in objectives:
            objective = spread_objective(self.problem, one)
            sign = 1 if one.sense == "max" else -1
            answer = self._optimise(objective)
            if answer.parts is None:
                return self._result(answer.status, ())
            self.incumbent = answer.parts
            stages.append(stage_of(one, answer.value, answer.bound, answer.status))
            self.rows.append(held_row(objective, sign * answer.value))
        self.region.keep()
        if whole.objectives:
            stages = recounted(
                stages, self.problem.values(self._open_by(self.incumbent)), self.gap_share
            )
        weakest = weakest_of(stage.status for stage in stages)
        if weakest is ChoiceStatus.OPTIMAL:
            self._break_ties()
        return self._result(weakest, tuple(stages) if whole.objectives else ())

    def _result(self, status: ChoiceStatus, stages: tuple[StageResult, ...]) -> DatedChoice:
        answered = status is not ChoiceStatus.INFEASIBLE
        return dated_choice(
            self.problem, status, self._open_by(self.incumbent) if answered else None, stages
        )

    def _open_by(self, parts: Sequence[Rows] | None) -> npt.NDArray[np.bool_]:
        """Return whether each candidate is open at the end of each year, in an answer."""
        open_by = np.zeros(self.years * self.count, bool)
        for block, part in zip(self.joint, parts or (), strict=False):
            open_by[block.members] = part[0] > 0
        return open_by.reshape(self.years, self.count)

    def _optimise(self, objective: Objective) -> _Answer:
        answer = self._again(objective)
        if answer is None:
            answer = self._usual(objective, _Answer())
        elif not self._settled(answer) and not self.clock.over:
            answer = self._usual(objective, answer)
        if answer.status is not ChoiceStatus.INFEASIBLE and answer.bound is not None:
            if answer.bound == answer.value:
                answer.status = ChoiceStatus.OPTIMAL
            elif self._near(answer):
                answer.status = ChoiceStatus.WITHIN_GAP
        if answer.parts is not None:
            open_by = self._open_by(answer.parts)
            keep_answer(self.region.pool, self.problem, objective.name, open_by)
        return answer

    def _settled(self, answer: _Answer) -> bool:
        """Whether an answer from what a former question taught stands without the usual way."""
        # equal programmes are told apart by what the usual way lists
        return answer.bound != answer.value and (self._near(answer) or len(self.base) >= _MANY)

    def _again(self, objective: Objective) -> _Answer | None:
        """Answer from what a former question taught; None where that is too little."""
        self.last, row = None, objective_row(objective)
        if self.gap_share == 0 or any(
            one.pair_coefficients is not None for one in (row, *self.rows)
        ):
            return None
        joint = Joint(self.region, self.joint, row, self.rows)
        holding = self.incumbent is not None and holds(self.joint, self.incumbent, self.rows)
        parts = answer_again(
            joint, self.problem, self.base, held=self.incumbent if holding else None,
            gap_share=self.gap_share, clock=self.clock,
        )  # fmt: skip
        if parts is None or joint.bound is None:
            return None
        value = total(self.joint, parts, row)
        return _Answer(parts, value, max(joint.bound, value))

    def _usual(self, objective: Objective, answer: _Answer) -> _Answer:
        """Better what is known by the bound of each year, the joint one, and whole numbers."""
        stage = self._bound(objective)
        if stage is None or stage.infeasible or stage.best is None:
            infeasible = stage is not None and stage.infeasible
            answer.status = ChoiceStatus.INFEASIBLE if infeasible else ChoiceStatus.TIME_LIMIT
            return answer
        self.last = stage
        looked = answer.parts is not None
        bounds = (answer.bound, stage.best.bound)
        answer.bound = min(one for one in bounds if one is not None)
        if not looked and self.incumbent and holds(self.joint, self.incumbent, self.rows):
            answer.parts = list(self.incumbent)
            answer.value = total(self.joint, answer.parts, stage.row)
        reach = max(1, int(_FIRST_SHARE * abs(stage.best.bound)))
        turns = 0
        known = None if answer.parts is None else answer.value
        looked = looked or (
            self.gap_share > 0 and not stage.with_pairs and self._look_near(stage, answer)
        )
        many = self.gap_share > 0 and len(self.base) >= _MANY
        done = looked and many and answer.value != known
        while not done and not self._near(answer) and not self.clock.over:
            turns += 1
            before = answer.value, answer.bound, answer.parts is None
            if not self._combine(stage, answer, reach) or (self.gap_share and turns >= _REACHES):
                break
            after = answer.value, answer.bound, answer.parts is None
            if many and answer.parts is not None and before == after:
                break  # of many actors, what follows would be as long as all that came before
            reach *= 3
        return answer

    def _near(self, answer: _Answer) -> bool:
        return (
            answer.parts is not None
            and answer.bound is not None
            and answer.bound - answer.value <= math.floor(self.gap_share * abs(answer.bound))
        )

    # -- equal programmes

    def _break_ties(self) -> None:
        """Among programmes equal under every objective, open the first ids first."""
        stage, parts = self.last, self.incumbent
        if stage is None or stage.best is None or parts is None:
            return
        deficit = stage.best.bound - total(self.joint, parts, stage.row)
        lists, missed, all_listed = stage.list_near(deficit, _LISTED_PROVED)
        joined, all_joined = self._sequences(lists, missed, deficit, _JOINED_PROVED, parts)
        if not (all_listed and all_joined):
            return
        open_years = [some.reshape(len(some), self.years, -1).sum(axis=1) for some in joined]
        varying = sorted(
            int(block.members[place])
            for block, some in zip(self.base, open_years, strict=True)
            for place in np.flatnonzero((some != some[:1]).any(axis=0))
        )
        at_once = max(1, int(_TIE_BITS / math.log2(self.years + 1)))
        for start in range(0, len(varying), at_once):
            some_of = varying[start : start + at_once]
            weight = np.zeros((self.years, self.count), np.int64)
            weight[:, some_of] = (self.years + 1) ** np.arange(len(some_of))[::-1]
            found = combine(
                self.joint, joined, Row(name="first_id", coefficients=weight.ravel()), self.rows,
                incumbent=self.incumbent, gap=0, seconds=self.clock.left,
            )  # fmt: skip
            if found.parts is None or found.stopped:
                return
            self.incumbent = found.parts
            for at, block in enumerate(self.joint):
                places = np.flatnonzero(np.isin(block.members % self.count, some_of))
                same = (joined[at][:, places] == found.parts[at][:, places]).all(axis=1)
                joined[at] = joined[at][same]

    # -- the bound

    def _bound(self, objective: Objective) -> Stage | None:
        """Generate columns, adding broken rules between years; return the best stage."""
        best: Stage | None = None
        proved = self.gap_share == 0
        clock = self.clock if proved else self.clock.part(_BOUND_TIME)
        for _ in range(_TURNS_PROVED if proved else _TURNS):
            stage = Stage(self.region, objective, [*self.rows, *self.nests.values()])
            start = np.array([self.prices.get(row.name, 0.0) for row in stage.rows])
            value = stage.converge(
                clock, start=start,
                close_share=_CLOSE_SHARE_PROVED if proved else _CLOSE_SHARE,
            )  # fmt: skip
            if value is None or stage.best is None:
                return stage if stage.infeasible or best is None else best
            if best is None or best.best is None or stage.best.bound <= best.best.bound:
                best = stage
            self.prices = dict(
                zip((row.name for row in stage.rows), stage.best.prices.tolist(), strict=True)
            )
            point = stage.point().reshape(self.years, self.count)
            broken = np.argwhere(point[:-1] - point[1:] > _BROKEN).tolist()
            fresh = [(year, sector) for year, sector in broken if (year, sector) not in self.nests]
            if not fresh or clock.over:
                break
            self.nests.update({(year, sector): self._nest(year, sector) for year, sector in fresh})
        return best

    # -- whole numbers

    def priced(self) -> Joint | None:
        """Return the linear programme over all years of the first objective, once it is solved."""
        stage = self._bound(spread_objective(self.problem, self.problem.whole.objectives[0]))
        if stage is None or stage.best is None or stage.with_pairs:
            return None
        joint = self._priced(stage)
        self.region.keep()
        return joint

    def bounded(self, *, together: bool = True) -> tuple[int | None, bool]:
        """Return what no programme can pass under the first objective, and whether none exists.

        Parameters
        ----------
        together
            Whether all years of an actor are then bounded at once, nearer but longer.
        """
        zero = np.zeros(self.count, np.int64)
        none = Objective(name="any", sense="max", coefficients=zero)
        objective = (*self.problem.whole.objectives, none)[0]
        stage = self._bound(spread_objective(self.problem, objective))
        if stage is None or stage.infeasible or stage.best is None:
            return None, stage is not None and stage.infeasible
        self.last, bound = stage, stage.best.bound
        joint = self._priced(stage) if together and not stage.with_pairs else None
        if joint is not None and joint.bound is not None:
            bound = min(bound, joint.bound)
        self.region.keep()
        return (bound if objective.sense == "max" else -bound), False

    def taken(self) -> npt.NDArray[np.float64]:
        """Return how much of each candidate the bound takes in the last year, once it is known."""
        zero = np.zeros(self.count * self.years)
        point = zero if self.last is None else self.last.point()
        taken: npt.NDArray[np.float64] = point.reshape(self.years, self.count)[-1]
        return taken

    def _priced(self, stage: Stage) -> Joint | None:
        """Bound all years of an actor at once; None where no rule can be priced yet."""
        joint = Joint(self.region, self.joint, stage.row, self.rows)
        # what holds the objectives before is worth knowing: few sequences met at prices do
        if self.incumbent is not None and holds(self.joint, self.incumbent, self.rows):
            for at, part in enumerate(self.incumbent):
                joint.learn(at, part)
        joint.begin(self.prices)
        clock = self.clock.part(_JOINT_TIME)
        # where time is up, the prices known so far are those to look near
        return joint if joint.converge(clock) or (clock.over and joint.bound is not None) else None

    def _look_near(self, stage: Stage, answer: _Answer) -> bool:
        """Bound all years of an actor at once and look for a programme; return whether one is."""
        if self._near(answer) or self.clock.over:
            return False
        joint = self._priced(stage)
        if joint is None:
            return False
        if joint.bound is not None and answer.bound is not None:
            answer.bound = min(answer.bound, joint.bound)
        bound = answer.bound or 0
        found = look_near(
            joint, self.base, incumbent=answer.parts, clock=self.clock,
            enough=bound - math.floor(self.gap_share * abs(bound)),
        )  # fmt: skip
        keep_prices(joint, self.base)
        if found is None:
            return False
        answer.parts, answer.value = found
        answer.bound = max(bound, answer.value)
        return True

    def _combine(self, stage: Stage, answer: _Answer, reach: int) -> bool:
        """Combine sequences that miss their best by ``reach``; return whether to go further."""
        if stage.best is None or answer.bound is None:
            return False
        proved = self.gap_share == 0
        lists, missed, all_listed = stage.list_near(reach, _LISTED_PROVED if proved else _LISTED)
        most = _JOINED_PROVED if proved else _JOINED
        sequences, all_joined = self._sequences(lists, missed, reach, most, answer.parts)
        target = math.floor(self.gap_share * abs(answer.bound))
        if any(len(some) == 0 for some in sequences):
            return self._widen(stage, answer, reach, complete=all_listed and all_joined)
        if answer.parts is not None and not proved:
            answer.parts, answer.value = exchange(
                self.joint, sequences, stage.row, self.rows, incumbent=answer.parts,
                enough=answer.bound - target,
            )  # fmt: skip
            if self._near(answer):
                return False
        found = combine(
            self.joint, sequences, stage.row, self.rows, incumbent=answer.parts,
            gap=target // _CLOSER, seconds=self.clock.left, nodes=None if proved else _NODES,
        )  # fmt: skip
        if found.parts is not None:
            answer.parts, answer.value = found.parts, found.value
        complete = all_listed and all_joined and not found.stopped
        if complete:
            beyond = stage.best.bound - reach - 1  # missing more than the reach in all
            listed = beyond if found.bound is None else found.bound
            every = found.bound is not None and reach > stage.spread  # there is nothing beyond
            answer.bound = min(answer.bound, listed if every else max(beyond, listed))
        if answer.parts is not None:
            answer.bound = max(answer.bound, answer.value)
        return self._widen(stage, answer, reach, complete=complete)

    def _widen(self, stage: Stage, answer: _Answer, reach: int, *, complete: bool) -> bool:
        """Return whether a longer list could tell more; say so when there is no programme."""
        if complete and stage.best is not None and reach > stage.spread:  # all is listed
            if answer.parts is None:
                answer.status = ChoiceStatus.INFEASIBLE
            return False
        return complete or self.gap_share > 0

    def _sequences(
        self,
        lists: Sequence[Rows],
        missed: Sequence[Integers],
        reach: int,
        most: int,
        parts: Sequence[Rows] | None,
    ) -> tuple[list[Rows], bool]:
        """Join the choices of each actor over the years."""
        found, complete = [], True
        actors = len(self.base)
        for at in range(actors):
            mine = [lists[year * actors + at] for year in range(self.years)]
            lost = [missed[year * actors + at] for year in range(self.years)]
            rows, whole = nested_sequences(mine, lost, deficit=reach, at_most=most)
            complete = complete and whole
            more = [rows]
            if self.gap_share and all(len(some) for some in mine):
                best = [some[np.argmin(cost)][None, :]
                        for some, cost in zip(mine, lost, strict=True)]  # fmt: skip
                whole_one = repaired(self.early[at], best)
                wanted = self.base[at].ground.required
                more += [whole_one, postponed(whole_one, self.years, wanted)]
            if parts is not None:
                more.append(parts[at])
            found.append(np.unique(np.concatenate(more), axis=0))
        return found, complete

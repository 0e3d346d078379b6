"""With years: what a programme can be worth where one sector opens in a given year, at once.

The prices of the common rules that bound the first objective bound every question near it: only
the actor who decides on the sector answers anew, its year forced.  A programme with that year is
made from the present one: the actor opens its sectors otherwise, and what breaks then is mended by
exchanges of a few actors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceStatus, Contiguity, StageResult
from planner.dated import DatedChoice, DatedProblem
from planner.programme._actors.blocks import Block, ColumnPool
from planner.programme._actors.columns import Clock, TooWideError
from planner.programme._actors.integer import holds, total
from planner.programme._years.annealing import Listed
from planner.programme._years.fours import better_by_fours
from planner.programme._years.near import near_sequences
from planner.programme._years.solve import Years

__all__ = ["YearBounds"]

Integers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.uint8]

_STEPS = 12  # along the broken rules of the actor who answers anew
_NEAR, _NEAR_SHARE = 80, 2e-2  # sequences of an actor around the present one, what they may miss
_AROUND = 6  # sequences with the sector's year forced, around which others are looked for
_TURNS = 12  # exchanges of four actors
_UNKNOWN = 2**62
_WIDER = 2  # more than so many times its envelope, an actor's numbers could be too large


class YearBounds:
    """Bounds of the first objective, larger is better, with one sector opening in a given year.

    Parameters
    ----------
    problem, choice
        The question and an answer to it; its first objective counts.
    pool
        What was learnt of the region; it is filled further.
    """

    def __init__(self, problem: DatedProblem, choice: DatedChoice, pool: ColumnPool) -> None:
        self.problem, self.choice = problem, choice
        self.known = False
        whole = problem.whole
        if whole.contiguity is Contiguity.ANY_EPCI or not whole.objectives or not choice.stages:
            return
        first = replace(problem, whole=replace(whole, objectives=whole.objectives[:1]))
        try:
            years = Years(first, 1e-3, Clock.within(None), pool)
            joint = years.priced()
        except TooWideError:
            return
        valued = None if joint is None else joint.values(joint.bound_prices)
        if joint is None or valued is None:
            return
        self.joint, self.base = joint, years.base
        self.node, self.fixed = valued
        for actor, nests in zip(joint.actors, joint.bound_nests, strict=True):
            actor.prices = nests
        self.tops = joint.region.each(self._top, range(len(self.base)))
        opened = dict(choice.opened)
        year_of = np.array([opened.get(key, _UNKNOWN) for key in whole.sector_ids])
        open_by = np.array([year_of <= year for year in problem.years]).ravel()
        self.parts = [open_by[block.members].astype(np.uint8)[None, :] for block in joint.blocks]
        self.known = holds(joint.blocks, self.parts, joint.rows)
        self.near: list[Rows] | None = None
        self.forced: dict[tuple[int, int | None], tuple[int | None, list[Rows]]] = {}
        self.found: dict[tuple[int, int | None], tuple[int, list[Rows]] | None] = {}
        sign = 1 if whole.objectives[0].sense == "max" else -1
        self.now = sign * choice.stages[0].value  # what the present programme is worth

    # -- bounds

    def _value(self, at: int) -> Integers:
        return self.node[self.joint.blocks[at].members].reshape(self.joint.years, -1)

    def _top(self, at: int) -> int:
        kept = self.joint.actors[at].prices
        top, _ = self.joint.ask(at, self._value(at), _STEPS)
        self.joint.actors[at].prices = kept
        return top

    def _with(self, position: int, year: int | None) -> tuple[int | None, list[Rows]]:
        """Return what the owner of a sector can't pass with its year forced, and sequences."""
        key = position, year
        if key not in self.forced:
            self.forced[key] = self._forced(self.owner(position), position, year)
        return self.forced[key]

    def _forced(self, at: int, position: int, year: int | None) -> tuple[int | None, list[Rows]]:
        """Return what an actor can't pass with a sector's year forced, and good sequences."""
        joint = self.joint
        value = self._value(at).copy()
        mine = joint.blocks[at].members[: value.shape[1]] == position
        whole = int(np.abs(value).sum())
        force = 2 * whole + 2
        opens = np.array([year is not None and one >= year for one in self.problem.years])
        value[np.ix_(opens, mine)] += force
        value[np.ix_(~opens, mine)] -= force
        kept = joint.actors[at].prices
        top, met = joint.ask(at, value, _STEPS)
        joint.actors[at].prices = kept
        top -= force * int(opens.sum())
        if top < -whole:  # it can't open in that year, whatever the rest
            return None, []
        worth = [int((one * value).sum()) for one in met]
        good = [one for one in met if (one[:, mine] > 0).ravel().tolist() == opens.tolist()]
        order = sorted(
            range(len(good)), key=lambda i: -int((good[i] * value).sum())
        ) if worth else []  # fmt: skip
        return top, [good[i].astype(np.uint8).reshape(1, -1) for i in order]

    def owner(self, position: int) -> int:
        """Return who decides on a sector."""
        actor = self.problem.whole.actors[int(self.problem.whole.decider[position])]
        return next(at for at, block in enumerate(self.base) if block.actor == actor)

    def most(
        self, position: int, year: int | None, *, row: str = "", room: Integers | None = None,
        change: int = 0,
    ) -> int | None:  # fmt: skip
        """Return what no programme can pass where a sector opens in a year; None without any.

        Parameters
        ----------
        position, year
            The sector among the candidates, and its year; None: never.
        row, room, change
            A rule whose ceiling changes, what each candidate uses of it, and by how much.
        """
        at = self.owner(position)
        top, _ = self._with(position, year)
        if top is None:
            return None
        return self._bound(top - self.tops[at], row, room, change)

    def _bound(self, moved: int, row: str, room: Integers | None, change: int) -> int:
        priced = 0
        for one, price in zip(self.joint.rows, self.joint.bound_prices.tolist(), strict=True):
            if one.name == row and room is not None and one.upper is not None and price > 0:
                divisor = max(int(np.gcd.reduce(room)), 1)
                # at most so many more units of the reduced rule
                priced = round(price * 2**self.joint.shift) * -(-change // divisor)
        return (self.fixed + sum(self.tops) + moved + priced) >> self.joint.shift

    # -- programmes

    def widened(self, position: int, year: int, row: str, room: Integers) -> tuple[int, int] | None:
        """Return what the present programme is worth with a sector opened from a year on.

        With it the change of a rule's ceiling that it needs; None where another rule breaks.

        Parameters
        ----------
        position, year, row, room
            As for :meth:`most`.
        """
        joint, at = self.joint, self.owner(position)
        part = self.parts[at].reshape(joint.years, -1).copy()
        mine = joint.blocks[at].members[: part.shape[1]] == position
        part[np.ix_(np.array(self.problem.years) >= year, mine)] = 1
        actors = len(self.base)
        if not all(
            joint.region.blocks[place * actors + at].allows(one) for place, one in enumerate(part)
        ):
            return None
        parts = [part.reshape(1, -1) if one == at else old for one, old in enumerate(self.parts)]
        change = 0
        for one in joint.rows:
            used = total(joint.blocks, parts, one)
            if one.lower is not None and used < one.lower:
                return None
            if one.upper is not None and used > one.upper:
                if one.name != row:
                    return None
                change = (used - one.upper) * max(int(np.gcd.reduce(room)), 1)
        return total(joint.blocks, parts, joint.row), change

    def find(self, position: int, year: int | None) -> tuple[int, list[Rows]] | None:
        """Return a good programme where a sector opens in a year, and its worth, if one is met."""
        key = position, year
        if key not in self.found:
            self.found[key] = self._find(position, year)
        return self.found[key]

    def _find(self, position: int, year: int | None) -> tuple[int, list[Rows]] | None:
        joint, at = self.joint, self.owner(position)
        now = self.parts[at].reshape(joint.years, -1)
        mine = joint.blocks[at].members[: now.shape[1]] == position
        _, met = self._with(position, year)
        if not met:
            return None
        if self.near is None:
            self.near = joint.region.each(self._around, range(len(self.base)))
        opens = [year is not None and one >= year for one in self.problem.years]
        some = np.concatenate([
            *met[:_AROUND], *(self._sequences(at, one) for one in met[:_AROUND]), self.near[at]
        ])  # fmt: skip
        flags = some.reshape(len(some), joint.years, -1)[:, :, mine][:, :, 0] > 0
        some = some[(flags == np.array(opens)).all(axis=1)]
        _, kept = np.unique(some, axis=0, return_index=True)
        some = some[np.sort(kept)]
        # the nearest to the present one comes first: it breaks the least
        far = (some != self.parts[at]).sum(axis=1)
        some = some[np.argsort(far, kind="stable")]
        lists = [some if actor == at else rows for actor, rows in enumerate(self.near)]
        listed = Listed.of(joint.blocks, lists, joint.row, joint.rows)
        found = better_by_fours(
            listed, joint.bound_prices, listed.starts[:-1].copy(),
            size=abs(joint.bound or 0) / len(self.base), turns=_TURNS, enough=_UNKNOWN,
            clock=Clock.within(None),
        )  # fmt: skip
        if found is None:
            return None
        parts = listed.parts(found[0])
        if not holds(joint.blocks, parts, joint.rows):
            return None
        return total(joint.blocks, parts, joint.row), parts

    def _sequences(self, at: int, part: Rows) -> Rows:
        size = abs(self.joint.bound or 0) / len(self.base)
        deficit = max(1, int(size * _NEAR_SHARE)) << self.joint.shift
        block: Block = self.base[at]
        return near_sequences(block, [part], self._value(at), deficit=deficit, at_most=_NEAR)

    def _around(self, at: int) -> Rows:
        """Return what an actor may do around its part of the present programme, that first."""
        part = self.parts[at]
        more = np.unique(self._sequences(at, part), axis=0)
        return np.concatenate([part, more[(more != part).any(axis=1)]])

    def answer(self, position: int, years: Sequence[int | None]) -> DatedChoice | None:
        """Return the best programme met where a sector opens in one of some years, with its bound.

        None when nothing is known; ``infeasible`` when there is no such programme.
        """
        problem = self.problem
        tops = [self.most(position, year) for year in years]
        bounds = [top for top in tops if top is not None]
        if not bounds:
            return DatedChoice(
                problem_sha256=problem.sha256, status=ChoiceStatus.INFEASIBLE, opened=(), stages=()
            )
        found = [
            one for year, top in zip(years, tops, strict=True)
            if top is not None and (one := self.find(position, year)) is not None
        ]  # fmt: skip
        if not found:
            return None
        value, parts = max(found, key=lambda one: one[0])
        count = problem.whole.candidates_count
        open_by = np.zeros(len(problem.years) * count, bool)
        for block, part in zip(self.joint.blocks, parts, strict=True):
            open_by[block.members] = part[0] > 0
        table = open_by.reshape(len(problem.years), count)
        first, ids = np.argmax(table, axis=0), problem.whole.sector_ids
        objectives = problem.whole.objectives
        sign = 1 if objectives[0].sense == "max" else -1
        most = max(*bounds, value)
        near = ChoiceStatus.OPTIMAL if most == value else ChoiceStatus.WITHIN_GAP
        kinds = near, ChoiceStatus.TIME_LIMIT  # the first, those without bound
        return DatedChoice(
            problem_sha256=problem.sha256, status=kinds[min(len(objectives), 2) - 1],
            opened=tuple(
                (ids[at], problem.years[first[at]]) for at in np.flatnonzero(table[-1]).tolist()
            ),
            stages=tuple(
                StageResult(
                    objective=one.name, value=worth, status=kinds[min(place, 1)],
                    bound=sign * most if place == 0 else None,
                )
                for place, (one, worth) in enumerate(
                    zip(objectives, problem.values(table), strict=True)
                )
            ),
        )  # fmt: skip

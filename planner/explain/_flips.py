"""The smallest change that flips one sector: points, lines of an envelope, room under a rule.

Two programmes decide: the best one with the sector, the best one without.  Points move only the
first; the change needed is their difference.  Room (an envelope, a limit) moves both, by steps:
from one step to the next, the least room that could let the sector's side win is itself an exact
choice, so that no smaller change is overlooked.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from planner.choice import Choice, ChoiceProblem, ChoiceStatus
from planner.explain._apply import FlipKind, apply_flip
from planner.explain._best import UNKNOWN, Best, cut, end_of, far_of, is_legal
from planner.explain._flip_bounds import Room, Span, most_of, rooms_of, span_of, sure_change
from planner.explain._flip_words import Flip, FlipStatus, Words
from planner.explain._rooms import FAR, Found, Side, Step, TooFarError, Unproved, first_flip
from planner.programme import (
    ChoiceBounds,
    ClearedRooms,
    OwnEnvelope,
    TooMuchError,
    cut_out,
    is_sharing,
)

__all__ = ["Flip", "Solve", "apply_flip", "find_flips"]

Solve = Callable[[ChoiceProblem], Choice]
# operations that the search for one room may cost, for an own envelope, and for all ceilings
_WORK: Final = 12_000_000_000
_OWN_WORK, _CEILINGS_WORK = 200_000_000_000, 18_000_000_000
_QUESTION, _PART_QUESTION = 700_000_000, 10_000_000  # what a question anew counts for
_PART: Final = 200  # candidates of a part at most


def find_flips(
    problem: ChoiceProblem,
    choice: Choice,
    sector_id: str,
    *,
    solve: Solve,
    names: Mapping[str, str] | None = None,
    bounds: ChoiceBounds | None = None,
    patience: int = 1,
) -> tuple[Flip, ...]:
    """Find the smallest change of each kind that flips one sector, all else unchanged.

    Parameters
    ----------
    problem, choice
        The question and its answer.
    sector_id
        The sector.
    solve
        What answers a question, as :func:`planner.programme.solve_choice` does; called a few times
        for each kind.
    names
        Actor to what people call it; by default its code.
    bounds
        Of this question.  With them, a programme that is not proved is asked one more programme at
        most, and what room flips the sector is told from the bounds; a proved one is asked less.
    patience
        How many times longer than usual the room that flips it is searched for; what needs more is
        told as an interval.

    Returns
    -------
    tuple of Flip
        Points under each objective, each envelope that the sector uses, the upper bound of each
        rule in which it weighs, its own weight in each of them; in a rule that holds a difference,
        as parity does, nothing has a weight of its own.  A required or refused sector has one flip:
        its wish.

    Raises
    ------
    ValueError
        When the sector is no candidate, or the question has no answer.
    """
    if choice.status is ChoiceStatus.INFEASIBLE or sector_id not in problem.sector_ids:
        raise ValueError(sector_id)
    part, answer = cut_out(problem, choice, sector_id)
    if bounds is not None and (part is not problem or not bounds.known):
        bounds = None
    finder = _Finder(part, answer, sector_id, solve, names or {}, bounds)
    problem = part
    if problem.required[finder.j] or problem.refused[finder.j]:
        return (finder.wish(),)
    flips = [finder.points(k) for k in range(len(problem.objectives))]
    rooms = rooms_of(problem, finder.j)
    found: dict[tuple[str, str], Flip] = {}
    # a ceiling moves both sides, mostly the longest search, which has what the others learnt
    ceilings = [row for row in rooms if row.kind == "limit"]
    for row in rooms:
        if row.kind != "limit":
            finder.allow(patience * (_OWN_WORK if finder.tells_at_once(row) else _WORK))
            found[row.kind, row.place] = finder.room(row)
    end = finder.spent + patience * _CEILINGS_WORK
    for at, row in enumerate(ceilings):
        finder.allow((end - finder.spent) // (len(ceilings) - at))
        found[row.kind, row.place] = finder.room(row)
    return (*flips, *(found[row.kind, row.place] for row in rooms))


class _Finder:
    """The search for the flips of one sector."""

    def __init__(
        self,
        problem: ChoiceProblem,
        choice: Choice,
        key: str,
        solve: Solve,
        names: Mapping[str, str],
        bounds: ChoiceBounds | None,
    ) -> None:
        self.problem = problem
        self.key = key
        self.j = problem.sector_ids.index(key)
        self.inside = key in choice.chosen
        self.solve = solve
        self.bounds = bounds
        self.quick = bounds is not None and choice.status is not ChoiceStatus.OPTIMAL
        self._flip = Words(problem, key, inside=self.inside, names=names).flip
        self.steps: dict[tuple[str, bool], dict[bool, list[Step]]] = {}
        self.near: dict[str, ClearedRooms | OwnEnvelope] = {}
        self.asked, self.allowed = 0, _WORK  # operations: of questions anew, and of all
        # the answer is the best of its own side
        mine, other = self._read(choice), None
        if not (problem.required[self.j] or problem.refused[self.j]):
            other = self._other(mine)
        self.sides = (mine, other) if self.inside else (other, mine)

    def _other(self, mine: Best) -> Best | None:
        """Return the best of the other side.

        Where envelopes bind EPCI together lists tell it sooner, under the first objective alone.
        """
        at = int(self.problem.decider[self.j])
        if is_sharing(self.problem) and self.problem.envelopes[at] >= 0:
            use, room = self.problem.envelope_use(at), int(self.problem.envelopes[at])
            row = Room("envelope", self.problem.actors[at], use, room)
            best = self._near(row, 0, wanted=not self.inside)
            if best is not None and best is not UNKNOWN and best.worth != mine.worth[:1]:
                return best
        return self.best(self.problem, wanted=not self.inside)

    def _whole(self, best: Best, *, wanted: bool) -> Best | None:
        """Return a side under all objectives; None where it isn't proved."""
        if len(best.worth) == len(self.problem.objectives):
            return best
        whole = self.best(self.problem, wanted=wanted)
        return whole if whole is not None and whole.proved else None

    def best(self, problem: ChoiceProblem, *, wanted: bool, first: bool = False) -> Best | None:
        """Return the best programme with the sector, or without; None when there is none.

        ``first``: under the first objective alone.
        """
        flags = np.array(problem.required if wanted else problem.refused)
        flags[self.j] = True
        forced = replace(problem, required=flags) if wanted else replace(problem, refused=flags)
        if self.quick or first:  # what isn't proved has no order under the objectives that follow
            forced = replace(forced, objectives=forced.objectives[:1])
        answer = self.solve(forced)
        if answer.status is ChoiceStatus.INFEASIBLE or (forced.objectives and not answer.stages):
            return None
        return self._read(answer, self.bounds if self.quick else None, wanted=wanted)

    def _read(
        self, answer: Choice, bounds: ChoiceBounds | None = None, *, wanted: bool = True
    ) -> Best:
        """Return what an answer says of its side."""
        problem = self.problem
        signs = [1 if one.sense == "max" else -1 for one in problem.objectives]
        worth = tuple(s * stage.value for s, stage in zip(signs, answer.stages, strict=False))
        first = answer.stages[0] if answer.stages else None
        known = first is not None and first.bound is not None
        most = signs[0] * first.bound if known and first and first.bound is not None else 0
        sure = None if bounds is None else bounds.most(self.j, wanted=wanted)
        if sure is not None:
            most, known = max(min(most, sure) if known else sure, worth[0]), True
        return Best(
            worth=worth,
            most=most if known else (worth[0] if worth else 0),
            proved=answer.status is ChoiceStatus.OPTIMAL,
            chosen=frozenset(answer.chosen),
        )

    def is_flipped(self, kind: FlipKind, place: str, amount: int) -> bool:
        """Tell whether the answer to a changed question, both sides being equal, is the other one.

        Raises
        ------
        Unproved
            Where envelopes bind EPCI together and not all equal programmes are known: which one is
            answered hangs on what was asked before.
        """
        changed = apply_flip(self.problem, self.key, kind=kind, place=place, amount=amount)
        flips = (self.key in self.solve(changed).chosen) != self.inside
        if self.bounds and is_sharing(changed) and not self.bounds.pool.equals_of(changed):
            raise Unproved
        return flips

    def wish(self) -> Flip:
        """Tell whether the sector would stay where it is without its wish."""
        answer = self.solve(apply_flip(self.problem, self.key, kind="wish", place="", amount=0))
        flips = (self.key in answer.chosen) != self.inside
        status: FlipStatus = "exact" if flips else "impossible"
        if answer.status is not ChoiceStatus.OPTIMAL:
            status = "interval"
        return self._flip("wish", self.key, status, 0 if status == "exact" else None, 0, None)

    def points(self, k: int) -> Flip:
        """Find the change of the sector's own value under objective ``k``."""
        objective = self.problem.objectives[k]
        within, without = self.sides
        if within is None or without is None:
            return self._flip("points", objective.name, "impossible", None, 0, None)
        sign = (1 if objective.sense == "max" else -1) * (-1 if self.inside else 1)
        mine, other = (without, within) if self.inside else (within, without)
        if not (within.proved and without.proved):
            if k:
                return self._flip("points", objective.name, "interval", None, 0, None)
            low, high = other.worth[0] - mine.most, other.most - mine.worth[0] + 1
            return self._flip("points", objective.name, "interval", None, max(low, 0), high)
        if mine.worth[:k] != other.worth[:k]:
            return self._flip("points", objective.name, "impossible", None, 0, None)
        change = other.worth[k] - mine.worth[k]
        whole = self._whole(mine, wanted=not self.inside)
        if whole is None:  # which side a tie goes to isn't known
            return self._flip("points", objective.name, "interval", None, change, change + 1)
        mine, name = whole, objective.name
        ahead = mine.worth[k + 1 :] > other.worth[k + 1 :]
        if change > 0 and mine.worth[k + 1 :] == other.worth[k + 1 :]:
            try:
                ahead = self.is_flipped("points", name, sign * change)
            except Unproved:
                return self._flip("points", name, "interval", None, change, change + 1)
        change += 0 if ahead else 1
        return self._flip("points", name, "exact", sign * change, change, change)

    @property
    def spent(self) -> int:
        """Operations so far."""
        return self.asked + sum(near.spent for near in self.near.values())

    def tells_at_once(self, row: Room) -> bool:
        """Whether many changes of an envelope can be told at once."""
        near = None if self.bounds is None or row.kind != "envelope" else self._lists(row)
        return isinstance(near, OwnEnvelope) and near.tells

    def allow(self, work: int) -> None:
        """Let the next room have so many operations."""
        self.allowed = self.spent + work

    def room(self, row: Room) -> Flip:
        """Find how much more room lets the sector in, or how much less puts it out."""
        sign = -1 if self.inside else 1
        first = self._span(row)
        if first is not None and not first.able:
            return self._flip(row.kind, row.place, "impossible", None, 0, None)
        if first is not None and self.quick:
            found = Found(low=first.low, high=first.high, whole=False)
        else:
            found = self._walk(row, first)
        if found.whole and found.high is None:
            return self._flip(row.kind, row.place, "impossible", None, 0, None)
        high = found.high
        if found.whole and high is not None:
            said = sign if row.kind != "cost" else -sign
            return self._flip(row.kind, row.place, "exact", said * high, high, high)
        if self.bounds is not None and high is None:
            high = sure_change(
                self.bounds, self.j, row, inside=self.inside, low=found.low,
                far=far_of(row, self.j, inside=self.inside),
                worth=partial(self._worth_of_other, row), beyond=partial(self._beyond, row),
            )  # fmt: skip
        return self._flip(row.kind, row.place, "interval", None, found.low, high)

    def _walk(self, row: Room, first: Span | None) -> Found:
        """Search the smallest change of room; what bounds say of it is not asked again."""
        sign = -1 if self.inside else 1
        low = 1 if first is None else max(first.low, 1)
        high = None if first is None else first.high
        bounds, most = self.bounds, None
        if bounds is not None:
            most = partial(self._most_of_other, bounds, row)
        try:
            mine, other = (
                self._side(row, wanted=wanted) for wanted in (not self.inside, self.inside)
            )
        except Unproved:
            return Found(low=low, high=high, whole=False)
        return first_flip(
            mine, other, rises=not self.inside, low=low, high=high, most=most,
            end=end_of(row, self.j, inside=self.inside),
            clear=partial(self._clear, row) if bounds is not None and row.kind != "cost" else None,
            width=max(int(row.coefficients[self.j]) // 2, 1),
            wins_tie=lambda change: self.is_flipped(
                row.kind, row.place, change * (-sign if row.kind == "cost" else sign)
            ),
        )  # fmt: skip

    def _most_of_other(self, bounds: ChoiceBounds, row: Room, change: int) -> int | None:
        sign = -1 if self.inside else 1
        return most_of(bounds, self.j, row, sign * change, wanted=not self.inside)

    def _side(self, row: Room, *, wanted: bool) -> Side:
        """Return the best programmes of one side at every change of some room."""
        now = self.sides[0 if wanted else 1]
        if now is not None and not now.proved:
            raise Unproved
        if row.kind == "cost" and not wanted:  # what it weighs counts only where it is in
            return self._still(now)
        able = self.bounds is not None and not self.quick
        side = Side(
            partial(self._ask, row, wanted), partial(self._meets, row, wanted) if able else None,
            partial(self._most, row, wanted) if able else None,
        )  # fmt: skip
        side.steps = self.steps.setdefault((row.place, wanted), side.steps)
        if not side.steps[False]:
            if now is None or len(now.worth) == len(self.problem.objectives):
                side.steps[True].append(self._step(row, 0, now))
            side.steps[False].append(
                replace(self._step(row, 0, now), worth=cut(now, full=False))
            )  # fmt: skip
        return side

    def _still(self, now: Best | None) -> Side:
        """Return a side that is the same at every change."""

        def last(worth: int, low: int, high: int) -> int | None:
            if now is None or now.worth[0] < worth:
                return None
            return high if self.inside else low

        def ask(_: int, full: bool) -> Step:
            whole = now if now is None or not full else self._whole(now, wanted=False)
            if now is not None and whole is None:
                raise Unproved
            return Step(cut(whole, full=full), 0, FAR)

        return Side(ask, last)

    def _meets(self, row: Room, wanted: bool, worth: int, low: int, high: int) -> int | None:
        """Return the first change, or the last where room shrinks, at which a side is worth it."""
        self._check_work()
        near = self._lists(row)
        ends = (-high, -low) if self.inside else (low, high)
        try:
            found = near.least(
                worth, wanted=wanted, low=ends[0], high=ends[1], start=ends[self.inside]
            )
        except TooMuchError as error:
            raise TooFarError from error
        if self.inside:  # with so much more room gone it is still worth it
            if found.met is None and found.first <= ends[1]:
                raise TooFarError
            return None if found.met is None else -found.met
        if found.first <= low and found.met != found.first:
            raise TooFarError
        return None if found.first > high else found.first

    def _most(self, row: Room, wanted: bool, change: int) -> int | None:
        """Return what no programme of a side passes, where lists that were made tell."""
        return self._lists(row).most(-change if self.inside else change, wanted=wanted)

    def _clear(self, row: Room, now: int, end: int) -> int | None:
        """Return up to which change no change flips, as far as that is told at once."""
        self._check_work()
        return self._lists(row).clear(now, end, inside=self.inside)

    def _step(self, row: Room, change: int, best: Best | None) -> Step:
        """Return for which changes of room a programme stays the best of its side."""
        if best is None:
            return Step(None, change, FAR) if self.inside else Step(None, 0, change)
        slack = row.upper - int(row.coefficients[self._flags(best)].sum())
        if self.inside:
            return Step(best.worth, change, slack)
        return Step(best.worth, max(-slack, 0), change)

    def _ask(self, row: Room, wanted: bool, change: int, full: bool) -> Step:
        small = self.problem.candidates_count <= _PART
        self._check_work()
        best = UNKNOWN if full else self._near(row, change, wanted=wanted)
        if best is UNKNOWN:
            self.asked += _PART_QUESTION if small else _QUESTION
            best = self.best(self._changed(row, change), wanted=wanted, first=not full)
        if best is not None and not best.proved:
            raise Unproved
        return self._step(row, change, best)

    def _check_work(self) -> None:
        """Stop a search that costs too much."""
        if self.spent >= self.allowed:
            raise Unproved

    def _changed(self, row: Room, change: int) -> ChoiceProblem:
        """Return the question, the room wider or narrower by so much."""
        kind: FlipKind = "limit" if row.kind == "cost" else row.kind
        amount = -change if self.inside else change
        return apply_flip(self.problem, self.key, kind=kind, place=row.place, amount=amount)

    def _near(self, row: Room, change: int, *, wanted: bool) -> Best | None:
        """Return the best of one side from lists near the question, if they know it."""
        if self.bounds is None or self.quick:
            return UNKNOWN
        try:
            found = self._lists(row).best(-change if self.inside else change, wanted=wanted)
        except TooMuchError:
            return UNKNOWN
        if found is None:
            return None
        chosen = itertools.compress(self.problem.sector_ids, found.chosen.tolist())
        worth = found.worth
        return Best(worth=(worth,), most=worth, proved=True, chosen=frozenset(chosen))

    def _lists(self, row: Room) -> ClearedRooms | OwnEnvelope:
        """Return the lists near the question for some room, made once."""
        if self.bounds is None:
            raise TooMuchError
        if row.place not in self.near:
            asked = self.problem, self.bounds.pool, self.j, row.place
            self.near[row.place] = (
                OwnEnvelope(*asked) if row.kind == "envelope" else ClearedRooms(*asked)
            )
        return self.near[row.place]

    def _span(self, row: Room) -> Span | None:
        """Return what bounds say at once; None without bounds."""
        mine, other = self.sides if self.inside else (self.sides[1], self.sides[0])
        if self.bounds is None or mine is None or not mine.worth:
            return None
        legal = partial(is_legal, self.problem, self.key)
        return span_of(
            self.bounds, self.j, row, inside=self.inside, is_legal=legal,
            present=(mine.worth[0], self._flags(mine)),
            other=None if other is None else (other.worth[0], self._flags(other)),
        )  # fmt: skip

    def _worth_of_other(self, row: Room, change: int) -> int | None:
        """Return what a programme of the side to flip to is worth, the room changed, if any."""
        if row.kind == "cost" and self.inside:  # what it weighs counts only where it is in
            out = self.sides[1]
            return None if out is None else out.worth[0]
        best = self._near(row, change, wanted=not self.inside)
        if best is UNKNOWN and not self.quick and self.near[row.place].able:
            return None  # so far from the present question, another one would be long
        if best is UNKNOWN:
            best = self.best(self._changed(row, change), wanted=not self.inside, first=True)
        return None if best is None else best.worth[0]

    def _beyond(self, row: Room, change: int) -> int | None:
        """Return what no programme of the present side passes, the room changed; None if none."""
        if self.quick:  # no question is proved, and each is long
            return FAR
        if row.kind == "cost" and not self.inside:
            out = self.sides[1]
            return None if out is None else out.most
        best = self._near(row, change, wanted=self.inside)
        if best is not UNKNOWN:
            return None if best is None else best.most
        if self.near[row.place].able:
            return FAR
        flags = np.array(self.problem.required if self.inside else self.problem.refused)
        flags[self.j] = True
        changed = self._changed(row, change)
        forced = replace(changed, objectives=changed.objectives[:1])
        forced = replace(forced, required=flags) if self.inside else replace(forced, refused=flags)
        answer = self.solve(forced)
        if answer.status is ChoiceStatus.INFEASIBLE:
            return None
        bound = answer.stages[0].bound if answer.stages else None
        sign = 1 if self.problem.objectives[0].sense == "max" else -1
        return FAR if bound is None else sign * bound

    def _flags(self, best: Best) -> npt.NDArray[np.bool_]:
        return np.array([key in best.chosen for key in self.problem.sector_ids], bool)

"""The smallest change that moves the year of one sector: its points, or room under a rule.

The best programme is taken for each year in which the sector could open, and for its never opening.
Points move each of these by as many times as they count it, so that the least that makes the wanted
side win is read off.  Room moves both sides by steps: the least room at which the wanted side could
reach the other is looked for by halving, then both are answered anew, until it wins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceStatus, Limit, Quantity, Unit, objective_label
from planner.dated import DatedChoice, DatedProblem, YearLimit
from planner.explain._year_apply import NEVER as _NEVER
from planner.explain._year_apply import Kind, apply_year_flip, opening_in
from planner.explain._year_decisions import year_place
from planner.explain._year_rough import Within, YearRoom, points_within, room_within
from planner.explain._year_sides import Best, crossings, moved_by, top_of
from planner.programme import YearBounds
from planner.texts import Message

__all__ = ["SolveYears", "YearFlip", "apply_year_flip", "find_year_flips"]

SolveYears = Callable[[DatedProblem], DatedChoice]
Towards = Literal["earlier", "later", "enter"]
Status = Literal["exact", "interval", "impossible"]
Integers = npt.NDArray[np.int64]
_STEPS: Final = 60


@dataclass(frozen=True, kw_only=True)
class YearFlip:
    """The smallest change of one kind that moves the year of a sector.

    Parameters
    ----------
    towards
        ``earlier``: it opens before its year; ``later``: after it, or never; ``enter``: it opens.
    kind
        ``points``: its value under one objective; ``envelope``, ``limit``: what one actor may use,
        what a rule over all years allows; ``year_limit``: what may open in one year.
    place
        Objective, actor, rule, or rule and its year (``capacity.22@2019``).
    status
        ``exact`` where every programme behind it is proved; ``interval`` otherwise; ``impossible``
        when no change of this kind moves it.
    amount
        The change, with its sign; None unless exact.
    low, high
        The smallest change lies in [low, high], without its sign; high is None when unknown.
    message
        In the reader's words.
    """

    towards: Towards
    kind: Kind
    place: str
    status: Status
    amount: int | None
    low: int
    high: int | None
    message: Message


@dataclass(frozen=True)
class _Room:
    """A rule with room, and what each candidate uses of it."""

    kind: Kind
    place: str
    upper: int
    use: Integers
    unit: Unit
    words: Message | str


def find_year_flips(
    problem: DatedProblem,
    choice: DatedChoice,
    sector_id: str,
    *,
    solve: SolveYears,
    names: Mapping[str, str] | None = None,
    bounds: YearBounds | None = None,
) -> tuple[YearFlip, ...]:
    """Find the smallest changes that move the year of one sector, all else unchanged.

    Parameters
    ----------
    problem, choice
        The question and its answer.
    sector_id
        The sector.
    solve
        What answers a question, as :func:`planner.programme.solve_years` does: once for each year,
        then some dozens of times for each rule where programmes are proved.
    names
        Actor to what people call it.
    bounds
        Of this question.  With them, no question is asked where the programme is not proved.

    Returns
    -------
    tuple of YearFlip
        For a sector that opens: points under each objective and room in the year before, for it to
        open earlier; points for it to open later.  For one that doesn't: points, envelopes, rules
        and the room of each year, for it to open.  None for a refused sector.

    Raises
    ------
    ValueError
        When the sector is no candidate, or the question has no answer.
    """
    if choice.status is ChoiceStatus.INFEASIBLE or sector_id not in problem.whole.sector_ids:
        raise ValueError(sector_id)
    finder = _Finder(problem, choice, sector_id, solve, names or {})
    finder.bounds = bounds if bounds is not None and bounds.known else None
    return () if problem.whole.refused[finder.at] else tuple(finder.find())


class _Finder:
    """The search for what moves one sector."""

    def __init__(
        self,
        problem: DatedProblem,
        choice: DatedChoice,
        key: str,
        solve: SolveYears,
        names: Mapping[str, str],
    ) -> None:
        self.problem = problem
        self.key = key
        self.at = problem.whole.sector_ids.index(key)
        self.solve = solve
        self.names = names
        self.year = dict(choice.opened).get(key, _NEVER)
        self.signs = [1 if one.sense == "max" else -1 for one in problem.whole.objectives]
        self.known: dict[int, Best | None] = {}
        self.choice = choice
        self.bounds: YearBounds | None = None

    def find(self) -> list[YearFlip]:
        """Find every change."""
        objectives = range(len(self.signs))
        years = self.problem.years
        if self.choice.status is not ChoiceStatus.OPTIMAL and self.signs:
            return self.roughly()
        if self.year == _NEVER:
            wanted = frozenset(years)
            found = [self.points("enter", k, wanted) for k in objectives]
            return found + [self.room("enter", one, wanted) for one in self.rooms(years)]
        found = []
        before = frozenset(year for year in years if year < self.year)
        if before:
            found = [self.points("earlier", k, before) for k in objectives]
            found += [
                self.room("earlier", one, before)
                for one in self.rooms((max(before),))
                if one.kind == "year_limit"
            ]
        after = frozenset({_NEVER, *(year for year in years if year > self.year)})
        return found + [self.points("later", k, after) for k in objectives]

    def roughly(self) -> list[YearFlip]:
        """Find what bounds say of every change, where no programme is proved."""
        years = self.problem.years
        if self.year == _NEVER:
            wanted = frozenset(years)
            return self.by_bounds("enter", wanted) + [
                self.rough_room("enter", row, wanted) for row in self.rooms(years)
            ]
        found = []
        before = frozenset(year for year in years if year < self.year)
        if before:
            found = self.by_bounds("earlier", before) + [
                self.rough_room("earlier", row, before)
                for row in self.rooms((max(before),))
                if row.kind == "year_limit"
            ]
        after = frozenset({_NEVER, *(year for year in years if year > self.year)})
        return found + self.by_bounds("later", after)

    def rough_room(self, towards: Towards, row: _Room, wanted: frozenset[int]) -> YearFlip:
        """Bound how much more room moves the sector; an envelope's own is not bounded."""
        known = Within(able=True)
        if self.bounds is not None and row.kind != "envelope":
            known = room_within(
                self.bounds, self.at, wanted, self.others(wanted),
                YearRoom(row.place, row.upper, row.use),
            )  # fmt: skip
        if not known.able:
            return self.flip(towards, row.kind, row.place, row.unit, "impossible", of=row)
        return self.flip(
            towards, row.kind, row.place, row.unit, "interval", low=known.low, high=known.high,
            of=row,
        )  # fmt: skip

    def by_bounds(self, towards: Towards, wanted: frozenset[int]) -> list[YearFlip]:
        """Bound the change of points under the first objective; of the others nothing is known."""
        objectives = self.problem.whole.objectives
        first = objectives[0]
        if wanted == {_NEVER} and self.problem.whole.required[self.at]:
            return [self.flip(towards, "points", o.name, o.unit, "impossible") for o in objectives]
        if self.bounds is not None:
            known = points_within(
                self.bounds, self.at, self.year, wanted, self._times(towards, 0)
            )  # fmt: skip
            status: Status = "interval" if known.able else "impossible"
            return [
                self.flip(towards, "points", first.name, first.unit, status, low=known.low,
                          high=known.high),
                *(self.flip(towards, "points", o.name, o.unit, "interval", low=1)
                  for o in objectives[1:]),
            ]  # fmt: skip
        answer = self.solve(opening_in(self.problem, self.at, wanted))
        if answer.status is ChoiceStatus.INFEASIBLE:
            return [self.flip(towards, "points", o.name, o.unit, "impossible") for o in objectives]
        rest = [
            self.flip(towards, "points", o.name, o.unit, "interval", low=1) for o in objectives[1:]
        ]
        stage, now = (answer.stages or (None,))[0], self.choice.stages[0]
        if stage is None or stage.bound is None or now.bound is None:
            return [self.flip(towards, "points", first.name, first.unit, "interval", low=1), *rest]
        sign = self.signs[0]
        least, most, top = sign * stage.value, sign * stage.bound, sign * now.bound
        there, here = dict(answer.opened).get(self.key, _NEVER), self.year
        times = self._times(towards, 0)
        others = self.others(wanted)
        # a change is enough once what is known of this side passes all that the other could be,
        # too small while all that this side could be is less than what is known of the other
        rise = times[there] - max(times[year] for year in others)
        high = None if rise <= 0 else max((top - least) // rise + 1, 1)
        gain = max(times[year] for year in wanted) - times[here]
        low = 1 if gain <= 0 else max(-((most - sign * now.value) // gain), 1)
        return [
            self.flip(towards, "points", first.name, first.unit, "interval", low=low, high=high),
            *rest,
        ]

    # -- the best programme of each side

    def best(self, problem: DatedProblem, years: frozenset[int]) -> Best | None:
        """Return the best programme where the sector opens in these years; None without any."""
        if years == {_NEVER} and problem.whole.required[self.at]:
            return None
        answer = self.solve(opening_in(problem, self.at, years))
        if len(answer.stages) < len(self.signs) or answer.status is ChoiceStatus.INFEASIBLE:
            return None
        worth = tuple(s * stage.value for s, stage in zip(self.signs, answer.stages, strict=True))
        first = answer.stages[0] if answer.stages else None
        most = worth[0] if worth else 0
        if first is not None and first.bound is not None:
            most = self.signs[0] * first.bound
        return Best(worth, most, answer.status is ChoiceStatus.OPTIMAL, answer)

    def of_year(self, year: int) -> Best | None:
        """Return the best programme where the sector opens in that very year."""
        if year not in self.known:
            self.known[year] = self.best(self.problem, frozenset({year}))
        return self.known[year]

    def others(self, years: frozenset[int]) -> frozenset[int]:
        return frozenset({_NEVER, *self.problem.years}) - years

    def is_moved(self, kind: Kind, place: str, amount: int, wanted: frozenset[int]) -> bool:
        """Tell whether the answer to the changed question is on the wanted side."""
        changed = apply_year_flip(self.problem, self.key, kind=kind, place=place, amount=amount)
        return dict(self.solve(changed).opened).get(self.key, _NEVER) in wanted

    # -- points

    def _times(self, towards: Towards, k: int) -> dict[int, int]:
        """Return how often a change of the sector's value counts in each year."""
        way = -1 if towards == "later" else 1
        each = self.problem.whole.objectives[k].name in self.problem.yearly
        return {_NEVER: 0} | {
            year: way * (len(self.problem.years) - at if each else 1)
            for at, year in enumerate(self.problem.years)
        }  # fmt: skip

    def points(self, towards: Towards, k: int, wanted: frozenset[int]) -> YearFlip:
        """Find the change of the sector's own value under objective ``k``."""
        one = self.problem.whole.objectives[k]
        way, times = -1 if towards == "later" else 1, self._times(towards, k)
        mine = {y: b for y in sorted(wanted) if (b := self.of_year(y)) is not None}
        other = {y: b for y in sorted(self.others(wanted)) if (b := self.of_year(y)) is not None}
        place, sign = one.name, way * self.signs[k]
        if not mine or not other:
            return self.flip(towards, "points", place, one.unit, "impossible")
        proved = all(best.proved for best in (*mine.values(), *other.values()))
        if not proved and k:
            return self.flip(towards, "points", place, one.unit, "interval", low=1)
        sizes = crossings(mine, other, times, k)
        if not proved:
            may = [s for s in sizes if top_of(mine, times, s, most=True) >= top_of(other, times, s)]
            must = [s for s in sizes if top_of(mine, times, s) > top_of(other, times, s, most=True)]
            return self.flip(
                towards, "points", place, one.unit, "interval",
                low=min(may, default=1), high=min(must, default=None),
            )  # fmt: skip
        for size in sizes:
            ours = max(moved_by(best.worth, k, size * times[y]) for y, best in mine.items())
            theirs = max(moved_by(best.worth, k, size * times[y]) for y, best in other.items())
            if ours > theirs or (
                ours == theirs and self.is_moved("points", place, sign * size, wanted)
            ):
                return self.flip(
                    towards, "points", place, one.unit, "exact", amount=sign * size
                )  # fmt: skip
        return self.flip(towards, "points", place, one.unit, "impossible")

    # -- room

    def rooms(self, years: tuple[int, ...]) -> list[_Room]:
        """Return the rules with room in which the sector weighs."""
        whole, found = self.problem.whole, []
        for actor, name in enumerate(whole.actors):
            use = whole.envelope_use(actor)
            if use[self.at] > 0 and whole.envelopes[actor] >= 0:
                found.append(
                    _Room("envelope", name, int(whole.envelopes[actor]), use,
                          whole.envelope_unit(actor), self.names.get(name, name))
                )  # fmt: skip
        found += [
            _Room("limit", one.name, one.upper, one.coefficients, one.unit, one.message)
            for one in whole.limits
            if one.upper is not None and one.coefficients[self.at] > 0
        ]
        return found + [
            _Room("year_limit", year_place(one), one.upper, one.coefficients, one.unit,
                  Message.of("decision.of_year", words=one.message, year=str(one.year)))
            for one in self.problem.limits
            if one.year in years and one.coefficients[self.at] > 0
        ]  # fmt: skip

    def room(self, towards: Towards, row: _Room, wanted: frozenset[int]) -> YearFlip:
        """Find how much more room brings the sector to the wanted side."""
        now = self.best(self.problem, self.others(wanted))
        if now is not None and not now.proved:
            return self.flip(towards, row.kind, row.place, row.unit, "interval", low=1, of=row)
        change = 0
        for _ in range(_STEPS):
            found = self._reaching(row, change, wanted, now)
            if found is None:
                return self.flip(towards, row.kind, row.place, row.unit, "impossible", of=row)
            change = found
            changed = self._with(row, change)
            mine, now = self.best(changed, wanted), self.best(changed, self.others(wanted))
            if mine is None or not mine.proved or (now is not None and not now.proved):
                break
            if (
                now is None
                or mine.worth > now.worth
                or (
                    mine.worth == now.worth
                    and self.is_moved(row.kind, row.place, change, wanted)
                )
            ):  # fmt: skip
                return self.flip(
                    towards, row.kind, row.place, row.unit, "exact", amount=change, of=row
                )  # fmt: skip
        return self.flip(towards, row.kind, row.place, row.unit, "interval", low=change, of=row)

    def _with(self, row: _Room, change: int) -> DatedProblem:
        return apply_year_flip(
            self.problem, self.key, kind=row.kind, place=row.place, amount=change
        )  # fmt: skip

    def _reaching(
        self, row: _Room, change: int, wanted: frozenset[int], now: Best | None
    ) -> int | None:
        """Return the least room above ``change`` with which the wanted side is worth as much."""

        def reaches(most: int) -> bool:
            best = self.best(self._using(row, self._with(row, most), change), wanted)
            return best is not None and (now is None or best.worth >= now.worth)

        low, high = change, int(np.maximum(row.use, 0).sum()) - row.upper
        if high <= low or not reaches(high):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if reaches(middle) else (middle, high)
        return high

    def _using(self, row: _Room, problem: DatedProblem, change: int) -> DatedProblem:
        """Return the question whose programmes use more than the room known so far."""
        least = row.upper + change + 1
        message = Message.of("decision.room", place=row.place)
        if row.kind == "year_limit":
            year = int(row.place.rpartition("@")[2])
            more = YearLimit(
                name="room.least", year=year, coefficients=-row.use, upper=-least, message=message
            )
            return replace(problem, limits=(*problem.limits, more))
        limit = Limit(name="room.least", message=message, coefficients=row.use, lower=least)
        whole = replace(problem.whole, limits=(*problem.whole.limits, limit))
        return replace(problem, whole=whole)

    # -- words

    def flip(
        self,
        towards: Towards,
        kind: Kind,
        place: str,
        unit: Unit,
        status: Status,
        *,
        amount: int | None = None,
        low: int = 0,
        high: int | None = None,
        of: _Room | None = None,
    ) -> YearFlip:
        """Return one change, in words."""
        if amount is not None:
            low = high = abs(amount)
        side = "enter" if towards == "enter" else f"open_{towards}"
        known: str = status
        if status == "interval":
            known = "open" if high is None else "interval"
            if low <= 1:  # at least one says nothing
                known = "unknown" if high is None else "enough"
        what = "limit" if kind == "year_limit" else kind
        where: object = "" if of is None else of.words
        if kind == "points" and (status == "impossible" or not Quantity(0, unit).says_itself):
            where = Message.of("decision.under", objective=objective_label(place))
        grows = (towards == "later") == self._is_min(place) if kind == "points" else True
        too_much = towards == "later" and self._is_too_much(place, unit, low)
        message = Message.of(
            f"decision.flip_{known}_{what}", place=where,
            side=Message.of(f"decision.{side}"), stay=Message.of(f"decision.{side}_not"),
            move=Message.of("decision.raise" if grows else "decision.lower"),
            amount=None if amount is None else Quantity(abs(amount), unit),
            low=Quantity(low, unit), high=None if high is None else Quantity(high, unit),
            points=Message.of("decision.flip_no_points") if too_much else "",
        )  # fmt: skip
        return YearFlip(
            towards=towards, kind=kind, place=place, status=status, amount=amount, low=low,
            high=high, message=message,
        )  # fmt: skip

    def _is_too_much(self, name: str, unit: Unit, size: int) -> bool:
        """Whether a sector that opens would have to lose more votes than it has."""
        return unit in {"votes", "half_votes"} and any(
            one.name == name and size > one.coefficients[self.at]
            for one in self.problem.whole.objectives
        )

    def _is_min(self, name: str) -> bool:
        return any(one.name == name and one.sense == "min" for one in self.problem.whole.objectives)

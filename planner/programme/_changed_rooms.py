"""The best programme with one sector in, or out, where some room changes: from lists made once.

Prices that bound one question bound those whose room is a little different: only what the room is
worth changes.  The choices that miss an actor's best price by no more than a reach are listed once;
every question near is then a search among them (:mod:`._search.branches`), begun from what lists
can't miss: an answer worth more than the bound less the reach holds no choice that isn't listed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceProblem, Contiguity
from planner.programme._actors.blocks import ColumnPool, Row, split_problem
from planner.programme._actors.columns import Clock, Region, Stage, TooWideError
from planner.programme._search.links import settle_links
from planner.programme._search.near_lists import Page, TooMuchError, View, spans
from planner.programme._search.room_lists import (
    Least,
    Reached,
    list_further,
    reached_of,
    room_of,
    swing_of,
    with_room,
)
from planner.programme._search.settled_lists import list_settled
from planner.programme._shared import far_shares, with_own_shares

__all__ = ["SMALL", "ChangedRooms", "Least", "Reached", "TooMuchError"]

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Choice = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.uint8]

_CLOSE_SHARE = 1e-5
_REACH_SHARE, _LINKED_SHARE = 2e-4, 1e-4  # of the bound: how far first lists go; with copies
_WIDER, _WIDEST = 8, 8  # sixteenths further where nothing was found, and how often
_LEVELS = 8  # into how many steps the first search goes
SMALL = 60  # candidates up to which all choices are listed
_SEARCHED = 400_000  # of all
_PAGES = 6  # lists kept of either side
_GROWS = 4  # strides to an envelope that is enough
_STRIDES = 3  # changes that are tried where the least that is enough is too long to find
_MADE = 40  # lists made for one question
# operations of one search, and choices of one actor at most; the same with copies
_ALONE, _LINKED = (1_000_000_000, 20_000), (8_000_000_000, 200_000)
_LISTED_WORK = 50_000_000  # operations that making lists is counted for
_EASY, _EASY_WORK = 300, 20_000_000  # choices and operations where it may be found at once
_EASY_PARTS = (3, 2)  # of how far a side is ahead
_LEAST_WORK = 100_000_000  # the same of one whose end may be missed
_FAR = 2**62
_MORE = 5  # quarters of what was missed the last time


class ChangedRooms:
    """Best programmes under the first objective, one sector forced in or out and some room changed.

    Parameters
    ----------
    problem
        The question; its first objective counts.
    pool
        What was learnt of the region; it is filled further.
    position
        Of the sector among the candidates.
    kind, place
        The room that changes: the envelope of an actor, or the upper bound of a limit.
    """

    def __init__(
        self, problem: ChoiceProblem, pool: ColumnPool, position: int,
        kind: Literal["envelope", "limit"], place: str,
    ) -> None:  # fmt: skip
        self.sources = problem.share_candidate[far_shares(problem)]  # copies of them come last
        problem, position = with_own_shares(problem, position, place)
        self.problem = replace(problem, objectives=problem.objectives[:1])
        self.pool, self.position = pool, position
        self.kind, self.place = kind, place
        self.pages: dict[bool, list[tuple[int, Page]]] = {True: [], False: []}
        self.able = problem.contiguity is not Contiguity.ANY_EPCI and bool(problem.objectives)
        work, self.listed = _LINKED if len(self.sources) else _ALONE
        self.work = min(work, pool.work)  # of a search
        self.spent = 0  # operations of lists and searches
        self.reach = 0
        self.level = 0  # how far the best was from the bound, the last time
        self.missed = 0  # how far the last programme with least room was from the bound
        self.met: dict[bool, list[tuple[int, Reached]]] = {True: [], False: []}
        # the best of a side at every change from one to another
        self.bests: dict[bool, list[tuple[int, int, Reached | None]]] = {True: [], False: []}
        self.used, self.upper = room_of(problem, kind, place)

    def best(self, change: int, *, wanted: bool) -> Reached | None:
        """Return the best programme, the room changed by so much; None where there is none.

        Parameters
        ----------
        change
            Of the room, with its sign.
        wanted
            Whether the sector is in.

        Raises
        ------
        TooMuchError
            When lists are too long for it, or the search too long.
        """
        if not self.able:
            raise TooMuchError
        for least, most, known in self.bests[wanted]:
            if least <= change <= most:
                return known
        best = self._best(change, wanted=wanted)
        least = -_FAR if best is None else best.use - self.upper
        self.bests[wanted].append((least, change, best))
        return best

    def _best(self, change: int, *, wanted: bool) -> Reached | None:
        pages = self.pages[wanted]
        fit = [page for made, page in pages if self.kind == "limit" or change <= made]
        if fit:
            views = [self._view(page, change) for page in fit]
            found = self._search(min(views, key=lambda view: view.bound), change, wanted=wanted)
            if found is not None:
                return found
        reach = self.reach
        for _ in range(_WIDEST):
            page = self._page(change, wanted=wanted, reach=reach)
            if page is None:
                return None
            found = self._search(self._view(page, change), change, wanted=wanted)
            if found is not None:
                self.reach = page.reach  # lists as long are enough, or nearly, elsewhere
                self.pages[wanted] = [*pages[1 - _PAGES :], (change, page)]
                return found
            reach = page.reach + page.reach * _WIDER // 16 + 1
        raise TooMuchError

    def least(self, worth: int, *, wanted: bool, low: int, high: int, start: int) -> Least:
        """Return from which change of the room on the best is worth so much.

        Parameters
        ----------
        worth
            Under the first objective, larger is better.
        wanted
            Whether the sector is in.
        low, high
            The change is looked for from ``low`` to ``high``, included.
        start
            The change for which lists are made at first: where the answer may well be.  From
            ``high`` on any change that is enough will do, where the least is long to prove.

        Raises
        ------
        TooMuchError
            When lists are too long for it.
        """
        if not self.able:
            raise TooMuchError
        if self.kind == "envelope":
            return self._least_envelope(worth, wanted=wanted, low=low, high=high, start=start)
        easy = self._found_easily(worth, low, high, wanted=wanted) if start >= high > low else None
        return easy or self._least_limit(worth, wanted=wanted, low=low, high=high, start=start)

    def _least_limit(self, worth: int, *, wanted: bool, low: int, high: int, start: int) -> Least:
        """Do it for a limit: among lists of the nearest change, then of further ones."""
        page = self._tightest(worth, low, high, wanted=wanted)
        made, reach = max(low, min(start, high)), self.reach
        for _ in range(_MADE):
            if page is None:
                page = self._page(made, wanted=wanted, reach=reach)
                if page is None:  # no programme has so little room
                    low = made + 1
                    if low > high:
                        return Least(low, None)
                    made = (low + high) // 2
                    continue
                self.pages[wanted] = [*self.pages[wanted][1 - _PAGES :], (made, page)]
            found = self._least_of(
                page, worth, low, high, wanted=wanted, any_will_do=start >= high > low
            )  # fmt: skip
            if found.stopped and found.met is None and start >= high > low:
                return replace(found, met=self._some(worth, low, high, wanted=wanted))
            if found.stopped and not start >= high > low:
                end = high if found.met is None else found.met
                return self._halved(worth, found.first, end, wanted=wanted)
            if found.met is not None or found.first > high or found.stopped:
                return found
            if found.first == low == page.made:
                reach = page.reach + page.reach * _WIDER // 16 + 1
            low = made = found.first
            page = None
        raise TooMuchError

    def _found_easily(self, worth: int, low: int, high: int, *, wanted: bool) -> Least | None:
        """Return some change at which the best is worth so much, where one is found at once.

        The nearer to where the bound is worth so much, the harder a programme is found: where this
        side is far ahead of the other one, few of the nearest choices go nearly as far.
        """
        if self.problem.candidates_count <= SMALL:
            return None
        page = self._tightest(worth, low, high, wanted=wanted)
        known = min((use for use, one in self.met[wanted] if one.worth >= worth), default=_FAR)
        if known - self.upper < high:
            return Least(low, max(known - self.upper, low), stopped=True)
        if page is None or page.swing is None:
            return None
        ahead = -page.swing >> page.shift
        for part in _EASY_PARTS:
            at = min(self._last_below(page, low, high, worth + ahead // part - 1) + 1, high)
            if ahead // part < self.missed or at >= high:
                continue
            near = page.missed <= np.sort(page.missed)[min(_EASY, len(page.missed)) - 1]
            _, parts = page.search_worth(
                self._view(page, at).rows, near, worth, work=min(_EASY_WORK, self.pool.work),
                any_will_do=True,
            )  # fmt: skip
            self.count(page)
            if parts is not None:
                one = self.reached(page, parts)
                self.met[wanted].append((one.use, one))
                return Least(low, max(one.use - self.upper, low), stopped=True)
        return None

    def _some(self, worth: int, low: int, high: int, *, wanted: bool) -> int | None:
        """Return a change at which the best is worth so much, near where bounds let it be, if any.

        The best at one change is mostly found sooner than the least change for a worth.
        """
        missing = max(self.level, self.missed, 1)
        for _ in range(_STRIDES):
            page = self._tightest(worth, low, high, wanted=wanted)
            if page is None:
                return None
            at = self._last_below(page, low, high, worth + missing - 1) + 1
            if at >= high:
                return None
            best = self.best(at, wanted=wanted)
            if best is None:
                return None
            if best.worth >= worth:
                return max(best.use - self.upper, low)
            missing = (self._bound(page, at) - best.worth) * _MORE // 4 + 1
        return None

    def _tightest(self, worth: int, low: int, high: int, *, wanted: bool) -> Page | None:
        """Return the lists that tell the most room that is needed to be worth so much, if any."""
        best, most = None, low - 1
        for _, page in self.pages[wanted]:
            floor = self._last_below(page, low, high, worth - 1) + 1
            if floor > most:
                best, most = page, floor
        if best is None or self._bound(best, min(most, high)) - worth > best.reach:
            return None
        return best

    def _last_below(self, page: Page, low: int, high: int, worth: int) -> int:
        """Return the last change at which no programme passes a worth; ``low - 1`` if none."""
        while low <= high:
            middle = (low + high) // 2
            if self._bound(page, middle) > worth:
                high = middle - 1
            else:
                low = middle + 1
        return high

    def _least_envelope(
        self, worth: int, *, wanted: bool, low: int, high: int, start: int
    ) -> Least:
        """Do the same for an envelope: by strides from where it may be, then by halves."""
        found, stride = None, max(int(self.used[self.position]) // 2, 1)
        rising = start < high
        while low <= high:
            at = min(low + stride, high) if rising else max(high - stride, low)
            if found is None and not rising:
                at = high
            one = self._enough(worth, at, wanted=wanted)
            if one is not None:
                found, high = one, max(one.use - self.upper, low) - 1
            elif found is None and not rising:
                return Least(high + 1, None)
            else:
                low = at + 1
            if (one is not None) == rising:  # it is between: by halves from now on
                break
            stride *= _GROWS
        least = self._halved(worth, low, high, wanted=wanted)
        return least if found is None or least.met is not None else replace(least, met=high + 1)

    def _halved(self, worth: int, low: int, high: int, *, wanted: bool) -> Least:
        """Return the first change that is enough, by halves; the one after ``high`` if none is."""
        met = None
        while low <= high:
            middle = (low + high) // 2
            one = self._enough(worth, middle, wanted=wanted)
            if one is None:
                low = middle + 1
            else:
                met = max(one.use - self.upper, low)
                high = met - 1
        return Least(low, met)

    def _enough(self, worth: int, change: int, *, wanted: bool) -> Reached | None:
        """Return a programme worth so much at a change, if any."""
        for use, one in self.met[wanted]:
            if one.worth >= worth and use <= self.upper + change:
                return one
        views = [
            self._view(page, change)
            for made, page in self.pages[wanted]
            if self.kind == "limit" or change <= made
        ]
        view = min(views, key=lambda view: view.bound, default=None)
        if view is not None and view.bound - worth <= view.reach:
            if view.bound < worth:
                return None
            most, parts = view.page.search_worth(
                view.rows, view.kept & (view.missed <= view.bound - worth), worth, work=self.work
            )
            self.count(view.page)
            if parts is not None:
                one = self.reached(view.page, parts)
                self.met[wanted].append((one.use, one))
                return one
            if most < worth:
                return None
        best = self.best(change, wanted=wanted)
        return None if best is None or best.worth < worth else best

    def most(self, change: int, *, wanted: bool) -> int | None:
        """Return what no programme passes at a change, as far as lists made so far tell."""
        if self.kind == "envelope":
            return None
        known = [self._bound(page, change) for _, page in self.pages[wanted]]
        known += [
            self._bound(page, change, page.swing)
            for _, page in self.pages[not wanted] if page.swing is not None
        ]  # fmt: skip
        return min(known, default=None)

    def _least_of(
        self, page: Page, worth: int, low: int, high: int, *, wanted: bool, any_will_do: bool
    ) -> Least:
        """Return the least change that lists tell, or from which on they don't."""
        first: int | None = None  # from where on a search that was too long tells nothing
        reach = min(self.missed or self.level or page.reach // _LEVELS, page.reach)
        while low <= high:
            to = self._last_below(page, low, high, worth + reach)
            if to < low:
                missing = self._bound(page, low) - worth
                if missing > page.reach:
                    break
                reach = min(max(reach + reach // 2 + 1, missing), page.reach)
                continue
            view = self._view(page, to)
            gap = view.bound - worth
            if gap >= 0:
                least, use, parts = page.search_least(
                    view.rows, view.kept & (view.missed <= gap), page.count(self.used),
                    worth=worth, most=self.upper + to, work=min(_LEAST_WORK, self.pool.work),
                )  # fmt: skip
                self.count(page)
                least = max(least - self.upper, low) if first is None else first
                if parts is not None:
                    self.met[wanted].append((use, self.reached(page, parts)))
                    met = max(use - self.upper, low)
                    self.missed = max(self._bound(page, met) - worth, 1) * _MORE // 4
                    return Least(least, met, stopped=least < met)
                if least <= to:
                    first = least
                    if reach >= page.reach or to >= high or not any_will_do:
                        return Least(first, None, stopped=True)
            low = to + 1
            if reach >= page.reach:
                break
            reach = min(reach + reach // 2 + 1, page.reach)
        return Least(low if first is None else first, None, stopped=first is not None)

    def _bound(self, page: Page, change: int, more: int = 0) -> int:
        """Return what no programme can pass at a change."""
        return page.bound([self._moved(row, change) for row in page.rows], 0, more)

    def reached(self, page: Page, parts: Sequence[Choice]) -> Reached:
        """Return the programme of choices that were picked."""
        return reached_of(self.problem, self.sources, self.used, page, parts)

    def _asked(self, change: int, *, wanted: bool) -> ChoiceProblem:
        """Return the question, the room changed and the sector forced."""
        return with_room(
            self.problem, self.position, self.kind, self.place, change=change, wanted=wanted
        )  # fmt: skip

    def _page(self, change: int, *, wanted: bool, reach: int, of_both: bool = True) -> Page | None:
        """List what is near the bound of one question; None where there is no programme.

        ``of_both``: whether it says what the other side can be worth at its prices, and lists the
        choices of whoever has the envelope that changes, too.
        """
        problem = self._asked(change, wanted=wanted)
        if (problem.required & problem.refused).any():
            return None
        self.spent += _LISTED_WORK
        blocks, rows = split_problem(problem)
        region = Region(blocks, self.pool)
        try:
            stage = Stage(region, problem.objectives[0], rows)
            start = self.pool.known_prices(stage.row, stage.rows)
            stage.converge(Clock.within(None), start=start, close_share=_CLOSE_SHARE)
        except TooWideError as error:
            self.able = False
            raise TooMuchError from error
        region.keep()
        if stage.best is None:
            if stage.infeasible:
                return None
            raise TooMuchError
        self.pool.keep_prices(stage.row, stage.rows, stage.best.prices)
        share = _LINKED_SHARE if len(self.sources) else _REACH_SHARE
        reach = reach or max(1, math.ceil(share * abs(stage.best.bound)))
        if problem.candidates_count <= SMALL:
            reach = stage.spread  # all there is
        free = self.place if self.kind == "envelope" else None
        reach, lists, missed, complete = list_settled(
            stage, self.sources, reach, free, self.listed, one_of_free=not of_both
        )
        if not complete or sum(map(len, lists)) > _SEARCHED or min(map(len, lists)) == 0:
            raise TooMuchError
        further = reach
        if self.kind == "envelope" and of_both:
            further = list_further(stage, self.place, lists, missed, reach, at_most=self.listed)
        page = Page(stage, lists, missed, reach, further)
        page.made = change
        settle_links(page, free)
        if self.kind == "limit" and of_both:
            other = self._asked(0, wanted=not wanted)
            page.swing = swing_of(stage, other, self.position, self.pool)
        return page

    def _view(self, page: Page, change: int) -> View:
        """Return lists as a change of the room leaves them."""
        rows = [self._moved(row, change) for row in page.rows]
        kept, missed, best = np.ones(len(page.worth), bool), page.missed, 0
        if self.kind == "envelope":
            places = spans(page.sizes)
            for block, some, (start, end) in zip(page.blocks, page.lists, places, strict=True):
                if block.actor != self.place:
                    continue
                use = some.astype(np.int64) @ self.used[block.members]
                kept[start:end] = use <= max(self.upper + change, 0)
                missed = missed.copy()
                best = int(missed[start:end][kept[start:end]].min(initial=page.further))
                missed[start:end] -= best
        reach = min(page.reach, page.further - best)
        return View(page, rows, kept, missed, page.bound(rows, best), reach)

    def _search(self, view: View, change: int, *, wanted: bool) -> Reached | None:
        """Search the lists; None where they may lack the best."""
        page, bound = view.page, view.bound
        known = [one.worth for use, one in self.met[wanted] if use <= self.upper + change]
        far = view.reach if not known else min(view.reach, bound - max(known) + 1)
        found, reach = None, min(self.level or view.reach // _LEVELS, far)
        while reach > 0:
            found = page.search(
                view.rows, view.kept & (view.missed <= reach), above=bound - reach,
                work=self.work,
            )  # fmt: skip
            self.count(page)
            if found is not None or reach >= far:
                break
            reach = min(reach + max(reach // 2, 1), far)
        if found is None:
            return None
        value, most, parts = found
        if most > value:
            raise TooMuchError
        self.level = max(bound - value, 1)
        reached = self.reached(page, parts)
        self.met[wanted].append((reached.use, reached))
        return reached

    def count(self, page: Page) -> None:
        """Count the operations of searches among lists."""
        self.spent += page.spent
        page.spent = 0

    def _moved(self, row: Row, change: int) -> Row:
        """Return a row with the room of a change."""
        if row.name != (self.place if self.kind == "limit" else f"envelope.{self.place}"):
            return row
        divisor = max(int(np.gcd.reduce(self.used)), 1)
        return replace(row, upper=(self.upper + change) // divisor)

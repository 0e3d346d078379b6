"""The best programme with one sector in, or out, where some room changes: from lists made once.

Prices that bound one question bound those whose room is a little different: only what the room is
worth changes.  The choices that miss an actor's best price by no more than a reach are listed once;
every question near is then a search among them (:mod:`._search`), begun from what lists can't miss:
an answer worth more than the bound less the reach holds no choice that isn't listed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceProblem, Contiguity
from planner.programme._blocks import ColumnPool, Row, split_problem
from planner.programme._columns import Clock, Region, Stage, TooWideError
from planner.programme._search import search_above

__all__ = ["ChangedRooms", "Reached", "TooMuchError"]

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Choice = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.uint8]

_CLOSE_SHARE = 1e-5
_REACH_SHARE = 2e-4  # of the bound: how far the first lists go
_WIDER, _WIDEST = 8, 8  # sixteenths further where nothing was found, and how often
_FURTHER = (4, 3, 2)  # of the reach: how far the list of whoever has the envelope goes
_LEVELS = 8  # into how many steps the first search goes
_SMALL = 60  # candidates up to which all choices are listed
_LISTED = 20_000  # choices of one actor at most
_SEARCHED = 200_000  # of all
_PAGES = 6  # lists kept of either side
_WORK = 1_000_000_000  # operations of one search, some second


class TooMuchError(Exception):
    """A question near is too much for lists."""


@dataclass(frozen=True, eq=False)
class Reached:
    """A best programme: what it is worth under the first objective, larger is better."""

    worth: int
    chosen: Flags


class _Page:
    """Lists that answer questions near one: where they were made, and what they hold."""

    def __init__(
        self, stage: Stage, lists: list[Rows], missed: list[Integers], reach: int, further: int
    ) -> None:
        best = stage.best
        if best is None:
            raise LookupError
        self.blocks, self.lists, self.reach = stage.blocks, lists, reach
        self.further = further  # of the actor whose envelope changes
        self.shift, self.bounds = best.shift, sum(best.bounds)
        self.rows = stage.rows
        self.prices = [round(price * 2**best.shift) for price in best.prices.tolist()]
        self.sizes = [len(some) for some in lists]
        self.missed = np.concatenate(missed)
        self.worth = np.concatenate([
            block.row_values(some, stage.row)
            for block, some in zip(self.blocks, lists, strict=True)
        ])  # fmt: skip
        uses = np.zeros((len(self.worth), len(self.rows)), np.int64)
        for at, row in enumerate(self.rows):
            uses[:, at] = np.concatenate([
                block.row_values(some, row)
                for block, some in zip(self.blocks, lists, strict=True)
            ])  # fmt: skip
        self.upper = [at for at, row in enumerate(self.rows) if row.upper is not None]
        self.lower = [at for at, row in enumerate(self.rows) if row.lower is not None]
        self.uses = np.concatenate([uses[:, self.upper], -uses[:, self.lower]], axis=1)

    def bound(self, rows: Sequence[Row], best: int) -> int:
        """Return what no programme can pass, the rows changed and the best of one missing more."""
        base = 0
        for price, row in zip(self.prices, rows, strict=True):
            end = row.upper if price > 0 else row.lower
            base += 0 if end is None else price * end
        return ((base + self.bounds) >> self.shift) - best

    def search(
        self, rows: Sequence[Row], kept: Flags, *, above: int, work: int
    ) -> tuple[int, int, list[Choice]] | None:
        """Return the best of the lists, what none can pass, and its choices, if worth so much."""
        counts = [int(kept[start:end].sum()) for start, end in _spans(self.sizes)]
        if not all(counts):
            return None
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        items = np.flatnonzero(kept)
        first = items[starts[:-1]]  # what all are counted from, so that numbers are small
        owner = np.repeat(np.arange(len(counts)), counts)
        here = self.uses[first].sum(axis=0)
        room = np.array(
            [rows[at].upper for at in self.upper] + [-(rows[at].lower or 0) for at in self.lower],
            np.int64,
        )  # fmt: skip
        value = int(self.worth[first].sum())
        found = search_above(
            starts, self.worth[items] - self.worth[first][owner],
            self.uses[items] - self.uses[first][owner], room - here,
            above=above - value, work=work,
        )  # fmt: skip
        if found is None or found[0] <= above - value:
            return None
        picked = items[found[2]] - np.concatenate([[0], np.cumsum(self.sizes)[:-1]])
        parts = [some[at] for some, at in zip(self.lists, picked.tolist(), strict=True)]
        return value + found[0], value + found[1], parts


@dataclass(frozen=True, eq=False)
class _View:
    """Lists as a change of the room leaves them, and how far they are complete below the bound."""

    page: _Page
    rows: list[Row]
    kept: Flags
    missed: Integers
    bound: int
    reach: int


def _spans(sizes: Sequence[int]) -> list[tuple[int, int]]:
    ends = np.cumsum(sizes).tolist()
    return list(zip([0, *ends[:-1]], ends, strict=True))


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
        self.problem = replace(problem, objectives=problem.objectives[:1])
        self.pool = pool
        self.position = position
        self.kind, self.place = kind, place
        self.pages: dict[bool, list[tuple[int, _Page]]] = {True: [], False: []}
        self.able = problem.contiguity is not Contiguity.ANY_EPCI and bool(problem.objectives)
        self.searches = 0
        self.reach = 0
        self.level = 0  # how far the best was from the bound, the last time
        self.met: dict[bool, list[tuple[int, Reached]]] = {True: [], False: []}
        self.used, self.upper = self._room()

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

    def _changed(self, change: int, *, wanted: bool) -> ChoiceProblem:
        """Return the question, the room changed and the sector forced."""
        problem = self.problem
        flags = (problem.required if wanted else problem.refused).copy()
        flags[self.position] = True
        problem = replace(problem, required=flags) if wanted else replace(problem, refused=flags)
        if self.kind == "envelope":
            envelopes = problem.envelopes.copy()
            envelopes[problem.actors.index(self.place)] += change
            return replace(problem, envelopes=envelopes)
        limits = tuple(
            replace(one, upper=one.upper + change)
            if one.name == self.place and one.upper is not None else one
            for one in problem.limits
        )  # fmt: skip
        return replace(problem, limits=limits)

    def _page(self, change: int, *, wanted: bool, reach: int) -> _Page | None:
        """List what is near the bound of one question; None where there is no programme."""
        problem = self._changed(change, wanted=wanted)
        if (problem.required & problem.refused).any():
            return None
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
        reach = reach or max(1, math.ceil(_REACH_SHARE * abs(stage.best.bound)))
        if problem.candidates_count <= _SMALL:
            reach = stage.spread  # all there is
        lists, missed, complete = stage.list_near(reach, _LISTED)
        if not complete or sum(map(len, lists)) > _SEARCHED or min(map(len, lists)) == 0:
            raise TooMuchError
        further = self._list_further(stage, lists, missed, reach)
        return _Page(stage, lists, missed, reach, further)

    def _list_further(
        self, stage: Stage, lists: list[Rows], missed: list[Integers], reach: int
    ) -> int:
        """List more of whoever has the envelope that changes; return how far its list goes."""
        actors = [block.actor for block in stage.blocks]
        if self.kind == "limit" or self.place not in actors or stage.best is None:
            return reach
        at, best = actors.index(self.place), stage.best
        block = stage.blocks[at]
        for times in _FURTHER:
            further = reach * times
            rows, values, complete = stage.diagrams[at].above(
                best.node_value[block.members], best.pair_value[block.pairs],
                weight=block.weight, limit=block.limit,
                floor=best.bounds[at] - ((further + 1) << best.shift), at_most=_LISTED,
            )  # fmt: skip
            if complete and len(rows):
                lists[at], missed[at] = rows, (best.bounds[at] - values) >> best.shift
                return further
        return reach

    def _view(self, page: _Page, change: int) -> _View:
        """Return lists as a change of the room leaves them."""
        rows = [self._moved(row, change) for row in page.rows]
        kept, missed, best = np.ones(len(page.worth), bool), page.missed, 0
        if self.kind == "envelope":
            spans = _spans(page.sizes)
            for block, some, (start, end) in zip(page.blocks, page.lists, spans, strict=True):
                if block.actor != self.place:
                    continue
                use = some.astype(np.int64) @ self.used[block.members]
                kept[start:end] = use <= max(self.upper + change, 0)
                missed = missed.copy()
                best = int(missed[start:end][kept[start:end]].min(initial=page.further))
                missed[start:end] -= best
        reach = min(page.reach, page.further - best)
        return _View(page, rows, kept, missed, page.bound(rows, best), reach)

    def _search(self, view: _View, change: int, *, wanted: bool) -> Reached | None:
        """Search the lists; None where they may lack the best."""
        page, bound = view.page, view.bound
        known = [one.worth for use, one in self.met[wanted] if use <= self.upper + change]
        far = view.reach if not known else min(view.reach, bound - max(known) + 1)
        found, reach = None, min(self.level or view.reach // _LEVELS, far)
        while reach > 0:
            self.searches += 1
            found = page.search(
                view.rows, view.kept & (view.missed <= reach), above=bound - reach,
                work=min(_WORK, self.pool.work),
            )  # fmt: skip
            if found is not None or reach >= far:
                break
            reach = min(reach + max(reach // 2, 1), far)
        if found is None:
            return None
        value, most, parts = found
        if most > value:
            raise TooMuchError
        self.level = max(bound - value, 1)
        chosen = np.zeros(self.problem.candidates_count, bool)
        for block, part in zip(page.blocks, parts, strict=True):
            chosen[block.members] = part > 0
        reached = Reached(value, chosen)
        self.met[wanted].append((int(self.used[chosen].sum()), reached))
        return reached

    def _room(self) -> tuple[Integers, int]:
        """Return what each candidate uses of the room that changes, and what there is."""
        problem = self.problem
        if self.kind == "limit":
            limit = next(one for one in problem.limits if one.name == self.place)
            return limit.coefficients, 0 if limit.upper is None else limit.upper
        actor = problem.actors.index(self.place)
        used = np.zeros(problem.candidates_count, np.int64)
        mine = problem.share_actor == actor
        used[problem.share_candidate[mine]] = problem.share_need[mine]
        return used, int(problem.envelopes[actor])

    def _moved(self, row: Row, change: int) -> Row:
        """Return a row with the room of a change."""
        name = self.place if self.kind == "limit" else f"envelope.{self.place}"
        if row.name != name:
            return row
        divisor = max(int(np.gcd.reduce(self.used)), 1)
        return replace(row, upper=(self.upper + change) // divisor)

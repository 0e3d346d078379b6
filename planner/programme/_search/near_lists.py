"""Lists of choices near the bound of one question, in which others like it are searched.

A list holds the choices of an actor that miss its best price by no more than a reach: whatever is
worth the bound less the reach holds no other.  Searches among them keep to a number of operations.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.programme._actors.blocks import Row
from planner.programme._actors.columns import Stage
from planner.programme._search.branches import search_above

__all__ = ["Page", "TooMuchError", "View", "spans"]

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Choice = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.uint8]

_PACKED = 1_000  # operations that a choice costs before a search begins


class TooMuchError(Exception):
    """A question near is too much for lists."""


class Page:
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
        self.node, self.pair, self.base, self.each = (
            best.node_value, best.pair_value, best.base, best.bounds
        )  # fmt: skip
        self.row, self.rows = stage.row, stage.rows
        self.spent = 0  # operations of its searches
        self.made = 0  # the change of the room it was made for
        self.swing: int | None = None  # how much more the other side can be worth at its prices
        self.prices = [round(price * 2**best.shift) for price in best.prices.tolist()]
        self.sizes = [len(some) for some in lists]
        self.missed = np.concatenate(missed)
        self.worth = np.concatenate([
            block.row_values(some, stage.row)
            for block, some in zip(self.blocks, lists, strict=True)
        ])  # fmt: skip
        uses = np.zeros((len(self.worth), len(self.rows)), np.int64)
        for block, some, (start, end) in zip(self.blocks, lists, spans(self.sizes), strict=True):
            for at, row in enumerate(self.rows):
                if row.pair_coefficients is not None or row.coefficients[block.members].any():
                    uses[start:end, at] = block.row_values(some, row)
        self.upper = [at for at, row in enumerate(self.rows) if row.upper is not None]
        self.lower = [at for at, row in enumerate(self.rows) if row.lower is not None]
        self.uses = np.concatenate([uses[:, self.upper], -uses[:, self.lower]], axis=1)

    def settle(self, links: str, changing: str | None) -> None:
        """Drop the choices that links leave no room, and those links that can't bind any more.

        Nothing is dropped where one leaves an actor nothing.

        Parameters
        ----------
        links
            How the names of rows begin whose room no question near changes.
        changing
            The actor whose list may be another: it keeps its own, and may use the least or the
            most that its candidates can.  None where there is none.
        """
        columns = [*self.upper, *self.lower]
        some = np.flatnonzero([self.rows[at].name.startswith(links) for at in columns])
        if not len(some):
            return
        room = np.array([self._room(self.rows, at) for at in some.tolist()], np.int64)
        ends = np.zeros((2, len(self.sizes), len(some)), np.int64)  # what a list may be beyond it
        free = np.array([block.actor == changing for block in self.blocks])
        for mine in np.flatnonzero(free).tolist():
            own = np.stack([
                self.rows[columns[at]].coefficients[self.blocks[mine].members]
                * (1 if at < len(self.upper) else -1)
                for at in some.tolist()
            ])  # fmt: skip
            ends[0, mine], ends[1, mine] = own.clip(max=0).sum(axis=1), own.clip(min=0).sum(axis=1)
        uses, owner = self.uses[:, some], np.repeat(np.arange(len(self.sizes)), self.sizes)
        at, gone = np.arange(len(uses)), np.ones(1, bool)
        while gone.any():
            begins = np.searchsorted(owner[at], np.arange(len(self.sizes)))
            low = np.minimum(np.minimum.reduceat(uses[at], begins, axis=0), ends[0])
            gone = (uses[at] - low[owner[at]] > room - low.sum(axis=0)).any(axis=1)
            gone &= ~free[owner[at]]
            at = at[~gone]
            if len(np.unique(owner[at])) < len(self.sizes):
                return
        high = np.maximum(np.maximum.reduceat(uses[at], begins, axis=0), ends[1])
        idle = np.zeros(len(columns), bool)
        idle[some] = high.sum(axis=0) <= room
        self.uses = self.uses[:, ~idle]
        sides = idle[: len(self.upper)], idle[len(self.upper) :]
        self.upper, self.lower = (
            [row for row, gone in zip(rows, side.tolist(), strict=True) if not gone]
            for rows, side in zip((self.upper, self.lower), sides, strict=True)
        )  # fmt: skip
        alive = np.zeros(len(owner), bool)
        alive[at] = True
        self.keep(alive)

    def keep(self, alive: Flags) -> bool:
        """Drop choices but those alive; return whether that is done: each actor keeps some."""
        places = spans(self.sizes)
        if not all(alive[start:end].any() for start, end in places):
            return False
        self.uses, self.worth, self.missed = self.uses[alive], self.worth[alive], self.missed[alive]
        self.lists = [
            rows[alive[start:end]] for rows, (start, end) in zip(self.lists, places, strict=True)
        ]
        self.sizes = [len(rows) for rows in self.lists]
        return True

    def row_values(self, at: int) -> Integers:
        """Return what each choice is worth in a row."""
        if at in self.upper:
            return self.uses[:, self.upper.index(at)]
        if at in self.lower:
            return -self.uses[:, len(self.upper) + self.lower.index(at)]
        return np.concatenate([
            block.row_values(some, self.rows[at])
            for block, some in zip(self.blocks, self.lists, strict=True)
        ])  # fmt: skip

    def with_list(self, at: int, rows: Rows, less: Integers, missed: Integers) -> Page:
        """Return the same lists but for one, so much taken off what each of its choices is worth.

        Parameters
        ----------
        at
            Position of the actor.
        rows, less, missed
            Its choices, what is taken off, and what each misses.
        """
        start, end = spans(self.sizes)[at]
        block, other = self.blocks[at], copy.copy(self)
        uses = np.zeros((len(rows), len(self.upper) + len(self.lower)), np.int64)
        for column, row in enumerate([*self.upper, *self.lower]):
            uses[:, column] = block.row_values(rows, self.rows[row])
        uses[:, len(self.upper) :] *= -1
        other.sizes = [*self.sizes[:at], len(rows), *self.sizes[at + 1 :]]
        other.lists = [*self.lists[:at], rows, *self.lists[at + 1 :]]
        worth = block.row_values(rows, self.row) - less
        other.worth, other.uses, other.missed = (
            np.concatenate([whole[:start], own, whole[end:]])
            for whole, own in (
                (self.worth, worth), (self.uses, uses), (self.missed, missed),
            )
        )  # fmt: skip
        other.spent = 0
        return other

    def _room(self, rows: Sequence[Row], column: int) -> int:
        """Return the room of a column of ``uses``."""
        if column < len(self.upper):
            return rows[self.upper[column]].upper or 0
        return -(rows[self.lower[column - len(self.upper)]].lower or 0)

    def chosen(self, parts: Sequence[Choice], count: int) -> Flags:
        """Return which of so many candidates the choice of each actor holds."""
        chosen = np.zeros(count, bool)
        for block, part in zip(self.blocks, parts, strict=True):
            chosen[block.members] = part > 0
        return chosen

    def count(self, used: Integers) -> Integers:
        """Return what each choice uses, from what each candidate does."""
        return np.concatenate([
            some.astype(np.int64) @ used[block.members]
            for block, some in zip(self.blocks, self.lists, strict=True)
        ])  # fmt: skip

    def bound(self, rows: Sequence[Row], best: int, more: int = 0) -> int:
        """Return what no programme can pass, the rows changed and the best of one missing more.

        ``more``: what the best of one is worth more, in the unit of prices.
        """
        base = more
        for price, row in zip(self.prices, rows, strict=True):
            end = row.upper if price > 0 else row.lower
            base += 0 if end is None else price * end
        return ((base + self.bounds) >> self.shift) - best

    def search(
        self, rows: Sequence[Row], kept: Flags, *, above: int, work: int
    ) -> tuple[int, int, list[Choice]] | None:
        """Return the best of the lists, what none can pass, and its choices, if worth so much."""
        value, most, parts = self.search_best(rows, kept, above=above, work=work)
        return None if parts is None else (value, most, parts)

    def search_best(
        self, rows: Sequence[Row], kept: Flags, *, above: int, work: int, any_above: bool = False
    ) -> tuple[int, int, list[Choice] | None]:
        """Do the same; no choices where none was found.

        ``any_above``: the first that is worth more will do.
        """
        found = self._pick(
            rows, kept, self.worth, self.uses, np.zeros(0, np.int64), above=above, work=work,
            any_above=any_above,
        )  # fmt: skip
        return (above, above, None) if found is None else found

    def search_worth(
        self, rows: Sequence[Row], kept: Flags, worth: int, *, work: int, any_will_do: bool = False
    ) -> tuple[int, list[Choice] | None]:
        """Return what none of the lists can pass, and choices worth so much, if found.

        ``any_will_do``: the first that is worth so much; otherwise the best.
        """
        _, most, parts = self.search_best(
            rows, kept, above=worth - 1, work=work, any_above=any_will_do
        )
        return most, parts

    def search_least(
        self, rows: Sequence[Row], kept: Flags, used: Integers, *, worth: int, most: int, work: int
    ) -> tuple[int, int, list[Choice] | None]:
        """Return what anything worth so much uses at least, and the least that was found.

        No choices: nothing was found that uses ``most`` or less.
        """
        uses = np.concatenate([self.uses, -self.worth[:, None]], axis=1)
        found = self._pick(
            rows, kept, -used, uses, np.array([-worth]), above=-most - 1, work=work
        )  # fmt: skip
        if found is None:
            return most + 1, most + 1, None
        return -found[1], -found[0], found[2]

    def _pick(
        self, rows: Sequence[Row], kept: Flags, worth: Integers, uses: Integers, more: Integers,
        *, above: int, work: int, any_above: bool = False,
    ) -> tuple[int, int, list[Choice] | None] | None:  # fmt: skip
        """Return the best of the lists that is worth more than a number, None without choices.

        ``more``: the room of the last columns of ``uses``, which are no rows.
        """
        counts = [int(kept[start:end].sum()) for start, end in spans(self.sizes)]
        if not all(counts):
            return None
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        items = np.flatnonzero(kept)
        first = items[starts[:-1]]  # what all are counted from, so that numbers are small
        owner = np.repeat(np.arange(len(counts)), counts)
        room = np.array(
            [self._room(rows, at) for at in range(len(self.upper) + len(self.lower))], np.int64
        )
        value = int(worth[first].sum())
        found = search_above(
            starts, worth[items] - worth[first][owner], uses[items] - uses[first][owner],
            np.concatenate([room, more]) - uses[first].sum(axis=0),
            above=above - value, work=work, any_above=any_above,
        )  # fmt: skip
        if found is None:
            raise TooMuchError
        self.spent += found[3] + _PACKED * len(items)
        if value + found[0] <= above:
            return value + found[0], value + found[1], None
        picked = items[found[2]] - np.concatenate([[0], np.cumsum(self.sizes)[:-1]])
        parts = [some[at] for some, at in zip(self.lists, picked.tolist(), strict=True)]
        return value + found[0], value + found[1], parts


@dataclass(frozen=True, eq=False)
class View:
    """Lists as a change of the room leaves them, and how far they are complete below the bound."""

    page: Page
    rows: list[Row]
    kept: Flags
    missed: Integers
    bound: int
    reach: int


def spans(sizes: Sequence[int]) -> list[tuple[int, int]]:
    ends = np.cumsum(sizes).tolist()
    return list(zip([0, *ends[:-1]], ends, strict=True))

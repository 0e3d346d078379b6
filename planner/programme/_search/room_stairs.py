"""What the best programme is worth at every room of one row: lists added up, use by use.

At fixed prices of the other rows, the most that listed choices are worth is told for each use of
the one row by adding actor after actor, as Bellman (Dynamic Programming, 1957) fills a knapsack.
What is found for a use is a programme too: where it holds the other rows, the best at that room is
worth as much at least.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.compiling import compiled
from planner.programme._search.near_lists import Page, TooMuchError, spans

__all__ = ["NEVER", "Stairs", "climb"]

Integers = npt.NDArray[np.int64]
Places = npt.NDArray[np.int16]

NEVER = -(2**62)  # worth of what there is not
_LARGE = 2**60
_CELLS = 20_000_000  # of all actors


@dataclass(frozen=True, eq=False)
class Stairs:
    """What no programme passes, and one is worth, at each room from ``low`` on.

    ``least``: :data:`NEVER` where none is known.  ``work``: operations that it took.
    """

    low: int
    most: Integers
    least: Integers
    work: int

    def holds(self, room: int) -> bool:
        """Whether it tells of a room."""
        return self.low <= room < self.low + len(self.most)

    def places(self, rooms: Integers) -> Integers:
        """Return the places of rooms, as far as it tells of them."""
        within = (rooms >= self.low) & (rooms < self.low + len(self.most))
        return (rooms if within.all() else rooms[: int(np.argmin(within))]) - self.low


@compiled
def _fill(
    first: Integers, use: Integers, value: Integers, lows: Integers, sizes: Integers,
    at: Integers, picks: Places, none: int,
) -> Integers:  # fmt: skip
    """Return the most for each use of all actors; note which choice of each brings it there."""
    now = np.zeros(1, np.int64)
    for actor in range(len(sizes) - 1):
        then = np.full(sizes[actor + 1], none, np.int64)
        for t in range(first[actor], first[actor + 1]):
            by = use[t] + lows[actor] - lows[actor + 1]
            for x in range(max(0, -by), min(sizes[actor], sizes[actor + 1] - by)):
                if now[x] != none and now[x] + value[t] > then[x + by]:
                    then[x + by] = now[x] + value[t]
                    picks[at[actor] + x + by] = t - first[actor]
        now = then
    return now


@compiled
def _trace(
    first: Integers, use: Integers, lows: Integers, at: Integers, picks: Places, ends: Integers,
    worth: Integers, uses: Integers, room: Integers, none: int,
) -> Integers:  # fmt: skip
    """Return what the programme of each use is worth where it holds the other rows."""
    found = np.full(len(ends), none, np.int64)
    used = np.zeros(len(room), np.int64)
    for y in range(len(ends)):
        if ends[y] == none:
            continue
        used[:] = 0
        total, x = 0, y
        for actor in range(len(first) - 2, -1, -1):
            t = first[actor] + picks[at[actor] + x]
            total += worth[t]
            for r in range(len(room)):
                used[r] += uses[t, r]
            x += lows[actor + 1] - use[t] - lows[actor]
        holds = True
        for r in range(len(room)):
            holds = holds and used[r] <= room[r]
        if holds:
            found[y] = total
    return found


def climb(page: Page, row: int, low: int, high: int) -> Stairs:
    """Return the stairs of one row, all else as the page has it.

    Parameters
    ----------
    page
        Lists, and the prices that they were made at.
    row
        Position in ``page.rows`` of the row whose room changes; it has an upper bound.
    low, high
        Rooms, included.

    Raises
    ------
    TooMuchError
        Where it would be long, or numbers are too large.
    """
    column = page.upper.index(row)
    price = max(page.prices[row], 0)
    fixed, value = _priced(page, row)
    largest = sum(float(np.abs(value[start:end]).max()) for start, end in spans(page.sizes))
    priced = abs(fixed) + abs(page.bounds) + price * max(abs(low), abs(high))
    if max(largest, priced) >= _LARGE:
        raise TooMuchError
    use = np.ascontiguousarray(page.uses[:, column])
    kept, first = _frontier(page, use, value)
    use, value = use[kept], value[kept]
    # with less room than this, programmes miss more than lists reach
    deep = None if price == 0 else low - (((page.reach + 2) << page.shift) // price + 1)
    lows, sizes = _layers(first, use, deep, high)
    cells = int(sizes[1:].sum())
    bound = (fixed + page.bounds + price * np.arange(low, high + 1, dtype=np.int64)) >> page.shift
    most = bound - page.reach
    least = np.full(high - low + 1, NEVER, np.int64)
    if (sizes <= 0).any():
        return Stairs(low, most, least, 0)
    if cells > _CELLS or int(np.diff(first).max()) >= np.iinfo(np.int16).max:
        raise TooMuchError
    at = np.concatenate([[0], np.cumsum(sizes[1:])]).astype(np.int64)
    picks = np.zeros(cells, np.int16)
    ends = _fill(first, use, value, lows, sizes, at, picks, NEVER)
    others = [one for one in range(page.uses.shape[1]) if one != column]
    room = [page.rows[one].upper for one in page.upper if one != row]
    room += [-(page.rows[one].lower or 0) for one in page.lower]
    found = _trace(
        first, use, lows, at, picks, ends, page.worth[kept],
        np.ascontiguousarray(page.uses[kept][:, others]), np.array(room, np.int64), NEVER,
    )  # fmt: skip
    # the best for a room is that of any use within it
    places = np.arange(low, high + 1) - int(lows[-1])
    some = places >= 0
    places = np.minimum(places, len(ends) - 1)[some]
    above = np.maximum.accumulate(ends)[places]
    passed = np.where(above == NEVER, NEVER, (above + fixed) >> page.shift)
    most[some] = np.maximum(most[some], passed)
    least[some] = np.maximum.accumulate(found)[places]
    work = int((sizes[:-1] * np.diff(first)).sum()) + len(ends) * len(page.sizes)
    return Stairs(low, most, least, work)


def _priced(page: Page, row: int) -> tuple[int, Integers]:
    """Return what rooms of all other rows are worth at their prices, and each choice without it."""
    fixed, value = 0, page.worth << page.shift
    for at, (price, one) in enumerate(zip(page.prices, page.rows, strict=True)):
        if price > 0 and at != row:
            fixed += price * (one.upper or 0)
            value = value - price * page.row_values(at)
        elif price < 0 and one.lower is not None:
            fixed += price * one.lower
            value = value - price * page.row_values(at)
    return fixed, value


def _frontier(page: Page, use: Integers, value: Integers) -> tuple[Integers, Integers]:
    """Return the choices that are worth more than any that uses less, and where actors start."""
    kept, first = [], [0]
    for start, end in spans(page.sizes):
        order = np.lexsort((-value[start:end], use[start:end]))
        worth = value[start:end][order]
        before = np.concatenate([[NEVER], np.maximum.accumulate(worth)[:-1]])
        kept.append(start + order[worth > before])
        first.append(first[-1] + len(kept[-1]))
    return np.concatenate(kept).astype(np.int64), np.array(first, np.int64)


def _layers(
    first: Integers, use: Integers, deep: int | None, high: int
) -> tuple[Integers, Integers]:
    """Return from which use on, and for how many, sums are kept after each actor."""
    least = np.array([0, *np.minimum.reduceat(use, first[:-1])])
    most = np.array([0, *np.maximum.reduceat(use, first[:-1])])
    low, top = np.cumsum(least), np.cumsum(most)
    top = np.minimum(top, high - (low[-1] - low))
    if deep is not None:
        low = np.maximum(low, deep - (np.cumsum(most)[-1] - np.cumsum(most)))
    return low.astype(np.int64), (top - low + 1).astype(np.int64)

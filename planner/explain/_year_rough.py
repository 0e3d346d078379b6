"""What bounds say of the change that moves a sector's year, where no programme is proved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.programme import YearBounds

__all__ = ["Within", "YearRoom", "points_within", "room_within"]

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class YearRoom:
    """A rule over all years, or of one, by its name in the question and what candidates use."""

    name: str
    upper: int
    use: Integers


@dataclass(frozen=True)
class Within:
    """The smallest change is in [low, high], high None if unknown; not ``able``: none does."""

    able: bool
    low: int = 1
    high: int | None = None


def points_within(
    bounds: YearBounds, position: int, now: int, wanted: frozenset[int], times: Mapping[int, int]
) -> Within:
    """Bound the change of a sector's own value under the first objective that moves its year.

    Parameters
    ----------
    bounds, position
        Of the question, and the sector.
    now
        Its present year; 0: never.
    wanted
        The years to move it to.
    times
        How often the change counts in each year.
    """
    most, least = _known(bounds, position, now, tuple(sorted(times)))

    def side(worth: Mapping[int, int], size: int, *, mine: bool) -> int | None:
        values = [w + size * times[y] for y, w in worth.items() if (y in wanted) == mine]
        return max(values, default=None)

    if side(most, 0, mine=True) is None:
        return Within(able=False)
    sizes = _sizes([*most.items(), *least.items()], times)
    low, high = None, None
    for size in sizes:
        rival = side(least, size, mine=False)
        top = side(most, size, mine=True)
        if low is None and top is not None and (rival is None or top >= rival):
            low = size
        sure, beyond = side(least, size, mine=True), side(most, size, mine=False)
        if sure is not None and (beyond is None or sure > beyond):
            high = size
            break
    return Within(able=False) if low is None else Within(able=True, low=low, high=high)


def _known(
    bounds: YearBounds, position: int, now: int, years: tuple[int, ...]
) -> tuple[dict[int, int], dict[int, int]]:
    """Return what programmes can be worth at most, and are for sure, by the sector's year."""
    most: dict[int, int] = {}
    least: dict[int, int] = {}
    for year in years:
        top = bounds.most(position, year or None)
        if top is None:
            continue
        found = bounds.find(position, year or None)
        values = [bounds.now] if year == now else []
        values += [found[0]] if found is not None else []
        if values:
            least[year] = max(values)
        most[year] = max(top, *values, top)
    return most, least


def _sizes(every: list[tuple[int, int]], times: Mapping[int, int]) -> list[int]:
    """Return the changes at which one value passes another, ascending."""
    sizes = {1}
    for year, one in every:
        for when, two in every:
            if times[year] > times[when]:
                first = -((one - two) // (times[year] - times[when]))
                sizes |= {first, first + 1}
    return sorted(size for size in sizes if size > 0)


def room_within(
    bounds: YearBounds, position: int, wanted: frozenset[int], others: frozenset[int],
    row: YearRoom,
) -> Within:  # fmt: skip
    """Bound how much more room under a rule moves a sector to the years wanted.

    Parameters
    ----------
    bounds, position, wanted
        As for :func:`points_within`.
    others
        All other years; 0: never.
    row
        The rule.
    """

    def top(change: int, years: frozenset[int]) -> int | None:
        found = [
            bounds.most(position, year or None, row=row.name, room=row.use, change=change)
            for year in sorted(years)
        ]
        return max((one for one in found if one is not None), default=None)

    def reaches(change: int) -> bool:
        most = top(change, wanted)
        return most is not None and most >= bounds.now

    end = int(np.maximum(row.use, 0).sum()) - row.upper
    if end < 1 or not reaches(end):
        return Within(able=False)
    low = _first(reaches, end)
    highs = []
    for year in sorted(wanted - {0}):
        found = bounds.widened(position, year, row.name, row.use)
        if found is None:
            continue
        worth, change = found
        beyond = top(max(change, low), others)
        if beyond is None or worth > beyond:
            highs.append(max(change, low))
    return Within(able=True, low=low, high=min(highs, default=None))


def _first(holds: Callable[[int], bool], end: int) -> int:
    """Return the first change from which on something holds; it holds at ``end``."""
    low, high = 1, end
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low

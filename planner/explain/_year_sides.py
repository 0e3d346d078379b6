"""The best programmes of the two sides of a change of year, and where one passes the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planner.dated import DatedChoice

__all__ = ["Best", "crossings", "moved_by", "top_of"]


@dataclass(frozen=True)
class Best:
    """What the best programme of one side is worth, for sure and at most; larger is better."""

    worth: tuple[int, ...]
    most: int
    proved: bool
    choice: DatedChoice


def crossings(
    mine: Mapping[int, Best], other: Mapping[int, Best], times: Mapping[int, int], k: int
) -> list[int]:
    """Return the changes at which one programme of a side passes one of the other, ascending."""
    sizes = {1}
    for year, one in mine.items():
        for when, two in other.items():
            if times[year] <= times[when]:
                continue
            tops, lows = {two.worth[k]}, {one.worth[k]}
            if k == 0:  # what is not proved may be worth more
                tops.add(two.most)
                lows.add(one.most)
            for top in tops:
                for low in lows:
                    first = -((low - top) // (times[year] - times[when]))
                    sizes |= {first, first + 1}
    return sorted(size for size in sizes if size > 0)


def moved_by(worth: tuple[int, ...], k: int, by: int) -> tuple[int, ...]:
    return (*worth[:k], worth[k] + by, *worth[k + 1 :])


def top_of(
    bests: Mapping[int, Best], times: Mapping[int, int], size: int, *, most: bool = False
) -> int:
    """Return the best first objective of one side, with the points changed."""
    return max(
        (one.most if most else one.worth[0]) + size * times[year] for year, one in bests.items()
    )

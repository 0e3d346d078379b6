"""Between which bounds the smallest change lies that flips a sector, without a new programme.

What the best programme of one side could be worth at most, with more or less room, is known at
once (:class:`planner.programme.ChoiceBounds`).  No change flips a sector as long as the most of its
side is less than what the other side is worth for sure; one flips it for certain where the least of
its side passes the most of the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceProblem
from planner.programme import ChoiceBounds

__all__ = ["Room", "Span", "most_of", "rooms_of", "span_of", "sure_change"]

_TRIES: Final = 4  # each of them a question

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Room:
    """Something that has room: an envelope, the upper bound of a limit, a sector's weight in it."""

    kind: Literal["envelope", "limit", "cost"]
    place: str
    coefficients: npt.NDArray[np.int64]
    upper: int


@dataclass(frozen=True)
class Span:
    """The smallest change is in [low, high], high None when unknown; not ``able``: none flips."""

    able: bool
    low: int
    high: int | None


def rooms_of(problem: ChoiceProblem, position: int) -> list[Room]:
    """Return what has room and is used by a sector, and its own weight where it has one."""
    rows = []
    for actor, name in enumerate(problem.actors):
        use = problem.envelope_use(actor)
        if use[position] > 0 and problem.envelopes[actor] >= 0:
            rows.append(Room("envelope", name, use, int(problem.envelopes[actor])))
    for limit in problem.limits:
        if limit.upper is None or limit.coefficients[position] <= 0:
            continue
        row = Room("limit", limit.name, limit.coefficients, limit.upper)
        rows.append(row)
        if (limit.coefficients >= 0).all():
            rows.append(replace(row, kind="cost"))
    return rows


def span_of(
    bounds: ChoiceBounds,
    position: int,
    room: Room,
    *,
    inside: bool,
    present: tuple[int, Flags],
    other: tuple[int, Flags] | None,
    is_legal: Callable[[Flags, Room, int], bool],
) -> Span:
    """Bound the smallest change of some room that flips a sector.

    Parameters
    ----------
    bounds
        Of the question.
    position, inside
        The sector, and whether it is in.
    room
        What changes: it grows for a sector that is out, shrinks for one that is in.
    present, other
        Worth under the first objective, larger is better, and programme: the present one, and a
        good one of the other side.
    is_legal
        Whether a programme holds every rule, the room changed.
    """
    most = int(np.maximum(room.coefficients, 0).sum())

    def at(change: int, *, wanted: bool) -> int | None:
        return most_of(bounds, position, room, change, wanted=wanted)

    if inside:
        return _outwards(room, most, at, present, other)
    end = max(most - room.upper, 0)
    if room.kind == "cost":
        end = int(room.coefficients[position])
    worth, flags = present
    able = at(end, wanted=True)
    if able is None or able < worth:
        return Span(able=False, low=0, high=None)

    def reaches(change: int) -> bool:
        bound = at(change, wanted=True)  # 0 is a bound, None is none
        return bound is not None and bound >= worth

    low = _first(reaches, 1, end)
    with_it = flags.copy()
    with_it[position] = True
    change = max(int(room.coefficients[with_it].sum()) - room.upper, low)
    most_without = at(change, wanted=False)
    gained = worth + bounds.worth_of(position)
    sure = change <= end and most_without is not None and gained > most_without
    high = change if sure and is_legal(with_it, room, change) else None
    return Span(able=True, low=low, high=high)


def most_of(
    bounds: ChoiceBounds, position: int, room: Room, change: int, *, wanted: bool
) -> int | None:
    if room.kind == "envelope":
        return bounds.most(position, wanted=wanted, envelope=room.place, change=change)
    if room.kind == "cost" and not wanted:  # its weight doesn't count where it is out
        change = 0
    return bounds.most(position, wanted=wanted, limit=room.place, change=change)


def sure_change(
    bounds: ChoiceBounds,
    position: int,
    room: Room,
    *,
    inside: bool,
    low: int,
    far: int,
    worth: Callable[[int], int | None],
    beyond: Callable[[int], int | None],
) -> int | None:
    """Return a change of the room that flips a sector for sure, brought down by a few questions.

    It does where a programme of the side to flip to is worth more than the other side can be:
    looked for from the widest change that means anything, room for all or none for the sector.

    Parameters
    ----------
    bounds, position, room, inside
        As in :func:`span_of`.
    low
        No smaller change flips it.
    far
        The widest change that means anything.
    worth
        What a programme of the side to flip to is worth, the room changed by so much (without its
        sign); None when there is none.
    beyond
        What no programme of the present side passes then, asked where prices don't tell.
    """
    sign = -1 if inside else 1

    def sure(change: int) -> bool | None:
        most = most_of(bounds, position, room, sign * change, wanted=inside)
        found = worth(change)
        if found is None:
            return None
        if most is None or found > most:
            return True
        passed = beyond(change)
        return passed is None or found > passed

    near, low = far, max(low - 1, 0)
    for _ in range(_TRIES):  # where so much room can't be taken away, less of it
        verdict = sure(near) if near > low else False
        if verdict is not None:
            break
        near = math.isqrt(max(low, 1) * near)
    if not verdict:
        return None
    for _ in range(_TRIES):
        middle = math.isqrt(max(low, 1) * near)
        if not low < middle < near:
            break
        if sure(middle):
            near = middle
        else:
            low = middle
    return near


def _outwards(
    room: Room,
    most: int,
    at: Callable[..., int | None],
    present: tuple[int, Flags],
    other: tuple[int, Flags] | None,
) -> Span:
    """Bound how much less room puts a sector out."""
    worth, flags = present
    rival = at(0, wanted=False)
    slack = room.upper - int(room.coefficients[flags].sum())
    low = max(slack + 1, 1) if rival is not None and rival < worth else 1
    if room.kind == "envelope" and low > room.upper:
        return Span(able=False, low=0, high=None)
    if other is None:
        return Span(able=True, low=low, high=None)
    value, rest = other
    end = room.upper - int(room.coefficients[rest].sum())
    if room.kind == "cost":
        end = room.upper + most + 1
    if end < low:
        return Span(able=True, low=low, high=None)

    def beaten(change: int) -> bool:
        bound = at(-change, wanted=True)
        return bound is None or bound < value

    high = _first(beaten, low, end) if beaten(end) else None
    return Span(able=True, low=low, high=high)


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return the first number from which on something holds; it holds at ``high``."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low

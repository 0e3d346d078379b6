"""Between which bounds the smallest change lies that flips a sector, without a new programme.

What the best programme of one side could be worth at most, with more or less room, is known at
once (:class:`planner.programme.ChoiceBounds`).  No change flips a sector as long as the most of its
side is less than what the other side is worth for sure; one flips it for certain where the least of
its side passes the most of the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from planner.choice import Choice, ChoiceProblem, ChoiceStatus, StageResult
from planner.programme import ChoiceBounds, part_of

__all__ = ["Room", "Span", "cut_out", "span_of"]

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


def cut_out(problem: ChoiceProblem, choice: Choice, key: str) -> tuple[ChoiceProblem, Choice]:
    """Return the part of a proved question on which the decision on one sector hangs.

    Where no rule binds some actors to others, the best programme of all is the best of each part.
    """
    kept = part_of(problem, problem.sector_ids.index(key))
    if kept.all() or choice.status is not ChoiceStatus.OPTIMAL:
        return problem, choice
    inside = np.flatnonzero(kept)
    place = np.full(problem.candidates_count, -1)
    place[inside] = np.arange(len(inside))
    ours = kept[problem.share_candidate]
    who = np.unique(np.concatenate([problem.decider[inside], problem.share_actor[ours]]))
    actor = np.full(len(problem.actors), -1)
    actor[who] = np.arange(len(who))
    edges = kept[problem.edges].all(axis=1)
    feeder = problem.feeder[inside]
    part = replace(
        problem,
        sector_ids=tuple(problem.sector_ids[at] for at in inside),
        lines=problem.lines[inside],
        departements=tuple(problem.departements[at] for at in inside),
        rural=problem.rural[inside],
        actors=tuple(problem.actors[at] for at in who),
        decider=actor[problem.decider[inside]],
        share_candidate=place[problem.share_candidate[ours]],
        share_actor=actor[problem.share_actor[ours]],
        share_need=problem.share_need[ours],
        envelopes=problem.envelopes[who],
        required=problem.required[inside],
        refused=problem.refused[inside],
        reached=problem.reached[inside],
        edges=place[problem.edges[edges]],
        edge_border_m=problem.edge_border_m[edges],
        feeder=np.where(feeder < 0, -1, place[feeder]),
        limits=tuple(
            replace(one, coefficients=one.coefficients[inside])
            for one in problem.limits
            if one.coefficients[inside].any()
        ),
        objectives=tuple(
            replace(
                one, coefficients=one.coefficients[inside],
                edge_coefficients=None if one.edge_coefficients is None
                else one.edge_coefficients[edges],
            )
            for one in problem.objectives
        ),
        unasked=None if problem.unasked is None else problem.unasked[inside],
        in_cents=None if problem.in_cents is None else problem.in_cents[who],
    )  # fmt: skip
    held = set(choice.chosen)
    chosen = np.array([name in held for name in part.sector_ids], bool)
    stages = tuple(
        StageResult(objective=one.name, value=value, bound=value, status=ChoiceStatus.OPTIMAL)
        for one, value in zip(part.objectives, part.values(chosen), strict=True)
    )
    return part, Choice(
        problem_sha256=part.sha256, status=choice.status,
        chosen=tuple(np.array(part.sector_ids, object)[chosen]), stages=stages,
    )  # fmt: skip


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
        if room.kind == "envelope":
            return bounds.most(position, wanted=wanted, envelope=room.place, change=change)
        if room.kind == "cost" and not wanted:  # its weight doesn't count where it is out
            change = 0
        return bounds.most(position, wanted=wanted, limit=room.place, change=change)

    if inside:
        return _outwards(room, most, at, present, other)
    end = max(most - room.upper, 0)
    if room.kind == "cost":
        end = int(room.coefficients[position])
    worth, flags = present
    able = at(end, wanted=True)
    if able is None or able < worth:
        return Span(able=False, low=0, high=None)
    low = _first(lambda change: (at(change, wanted=True) or -(2**62)) >= worth, 1, end)
    with_it = flags.copy()
    with_it[position] = True
    change = max(int(room.coefficients[with_it].sum()) - room.upper, low)
    most_without = at(change, wanted=False)
    gained = worth + bounds.worth_of(position)
    sure = change <= end and most_without is not None and gained > most_without
    high = change if sure and is_legal(with_it, room, change) else None
    return Span(able=True, low=low, high=high)


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

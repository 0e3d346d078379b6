"""The best programme with a sector, or without: what a flip is told from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from planner.choice import Choice, ChoiceProblem, ChoiceStatus, StageResult
from planner.explain._apply import apply_flip
from planner.explain._flip_bounds import Room
from planner.verify import verify_choice

__all__ = ["UNKNOWN", "Best", "cut", "end_of", "far_of", "is_legal"]


@dataclass(frozen=True)
class Best:
    """The best programme on one side: what it is worth for sure and at most, larger is better.

    ``worth`` ends after the first objective where no further one was asked.
    """

    worth: tuple[int, ...]
    most: int
    proved: bool
    chosen: frozenset[str]


UNKNOWN: Final = Best(worth=(), most=0, proved=False, chosen=frozenset())


def cut(best: Best | None, *, full: bool) -> tuple[int, ...] | None:
    """Return what a programme is worth, under the first objective alone or all of them."""
    if best is None:
        return None
    return best.worth if full else best.worth[:1]


def is_legal(
    problem: ChoiceProblem, key: str, flags: npt.NDArray[np.bool_], row: Room, change: int
) -> bool:
    """Tell whether a programme holds every rule, some room changed."""
    amount = -change if row.kind == "cost" else change
    changed = apply_flip(problem, key, kind=row.kind, place=row.place, amount=amount)
    chosen = tuple(k for k, f in zip(changed.sector_ids, flags.tolist(), strict=True) if f)
    answer = Choice(
        problem_sha256=changed.sha256, status=ChoiceStatus.TIME_LIMIT, chosen=chosen,
        stages=tuple(
            StageResult(objective=o.name, value=v, bound=None, status=ChoiceStatus.TIME_LIMIT)
            for o, v in zip(changed.objectives, changed.values(flags), strict=True)
        ),
    )  # fmt: skip
    return verify_choice(changed, answer).holds


def end_of(row: Room, position: int, *, inside: bool) -> int:
    """Return the largest change of room that means anything for a sector."""
    if not inside:
        if row.kind == "cost":
            return int(row.coefficients[position])
        return max(int(np.maximum(row.coefficients, 0).sum()) - row.upper, 0)
    least = int(np.minimum(row.coefficients, 0).sum())
    if row.kind == "envelope":
        return row.upper
    own = int(row.coefficients[position]) if row.kind == "cost" else 0
    return max(row.upper - own - least + 1, 0)


def far_of(row: Room, position: int, *, inside: bool) -> int:
    """Return a change of room wide enough for the other side to win, where it can."""
    if not inside or row.kind == "cost":
        return end_of(row, position, inside=inside)
    least = int(np.minimum(row.coefficients, 0).sum())
    return row.upper - int(row.coefficients[position]) - least + 1  # no room for the sector

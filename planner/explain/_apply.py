"""A question with one change made, as a flip states it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceProblem, Limit

__all__ = ["FlipKind", "apply_flip"]

FlipKind = Literal["points", "envelope", "limit", "cost", "wish"]


def apply_flip(
    problem: ChoiceProblem, sector_id: str, *, kind: FlipKind, place: str, amount: int
) -> ChoiceProblem:
    """Return the question with one change made.

    Parameters
    ----------
    problem, sector_id
        The question and the sector that the change is about.
    kind, place, amount
        As in :class:`planner.explain.Flip`; the amount has its sign.
    """
    j = problem.sector_ids.index(sector_id)
    if kind == "points":
        return replace(
            problem,
            objectives=tuple(
                replace(o, coefficients=_added(o.coefficients, j, amount)) if o.name == place else o
                for o in problem.objectives
            ),
        )
    if kind == "envelope":
        actor = problem.actors.index(place)
        return replace(problem, envelopes=_added(problem.envelopes, actor, amount))
    if kind == "wish":
        flags = np.array(problem.required), np.array(problem.refused)
        for flag in flags:
            flag[j] = False
        return replace(problem, required=flags[0], refused=flags[1])
    return replace(
        problem,
        limits=tuple(_moved(one, j, kind, amount) if one.name == place else one
                     for one in problem.limits),
    )  # fmt: skip


def _moved(limit: Limit, j: int, kind: str, amount: int) -> Limit:
    if kind == "cost":
        return replace(limit, coefficients=_added(limit.coefficients, j, amount))
    return replace(limit, upper=None if limit.upper is None else limit.upper + amount)


def _added(array: npt.NDArray[np.int64], position: int, amount: int) -> npt.NDArray[np.int64]:
    changed = array.copy()
    changed[position] += amount
    return changed

"""A question with years with one change made, as a flip states it, or a year asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

import numpy as np

from planner.dated import DatedProblem, YearLimit
from planner.explain._apply import apply_flip
from planner.explain._year_decisions import year_place
from planner.texts import Message

__all__ = ["NEVER", "Kind", "apply_year_flip", "opening_in"]

Kind = Literal["points", "envelope", "limit", "year_limit"]
NEVER: Final = 0  # stands for a year: the sector doesn't open


def apply_year_flip(
    problem: DatedProblem, sector_id: str, *, kind: Kind, place: str, amount: int
) -> DatedProblem:
    """Return the question with one change made.

    Parameters
    ----------
    problem, sector_id
        The question and the sector that the change is about.
    kind, place, amount
        As in :class:`YearFlip`; the amount has its sign.
    """
    if kind != "year_limit":
        whole = apply_flip(problem.whole, sector_id, kind=kind, place=place, amount=amount)
        return replace(problem, whole=whole)
    return replace(
        problem,
        limits=tuple(
            replace(one, upper=one.upper + amount) if year_place(one) == place else one
            for one in problem.limits
        ),
    )


def opening_in(problem: DatedProblem, at: int, years: frozenset[int]) -> DatedProblem:
    """Return the question in which a sector may open in these years only (0: never)."""
    whole = problem.whole
    own = np.zeros(whole.candidates_count, np.int64)
    own[at] = 1
    message = Message.of("decision.year_asked")
    shut = tuple(
        YearLimit(name="asked", year=year, coefficients=own, upper=0, message=message)
        for year in problem.years if year not in years
    )  # fmt: skip
    required, refused = np.array(whole.required), np.array(whole.refused)
    if NEVER not in years:
        required[at] = True
    if years == {NEVER}:
        refused[at] = True
    return replace(
        problem, whole=replace(whole, required=required, refused=refused),
        limits=(*problem.limits, *shut),
    )  # fmt: skip

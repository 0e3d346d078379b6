"""Questions with years some of whose sectors engage envelopes of others.

Every EPCI holds copies of the sectors of others that engage its envelope, as without years (see
:mod:`planner.programme._shared`); copies count at the end of the last year alone, as envelopes do.
That bounds the first objective.  A programme is then sought where envelopes pay ahead for the
shared sectors that the bound takes, and the others are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from planner.choice import ChoiceProblem, ChoiceStatus, Contiguity, StageResult
from planner.dated import DatedChoice, DatedProblem
from planner.programme._actors.blocks import ColumnPool
from planner.programme._actors.columns import Clock, TooWideError
from planner.programme._shared import (
    best_paid,
    far_shares,
    fits_envelopes,
    paid_ahead,
    with_copies,
)
from planner.programme._years.solve import Years
from planner.programme._years.spread import opened_by, told_by

__all__ = ["solve_years_sharing"]


def solve_years_sharing(
    problem: DatedProblem,
    solve: Callable[..., DatedChoice],
    *,
    gap_share: float,
    seconds: float | None,
    warm: ColumnPool,
) -> DatedChoice | None:
    """Answer a question some of whose sectors engage envelopes of others.

    Parameters
    ----------
    problem
        The question.
    solve
        How questions without far shares are answered, ``solve_years``.
    gap_share, seconds, warm
        As :func:`solve_years` has them.

    Returns
    -------
    DatedChoice or None
        What follows the first objective is told as the answer has it, without a bound.  None where
        this isn't the way: no sector is shared, chains cross borders, borders count in the first
        objective, an EPCI is too wide, or no answer was found.
    """
    whole, clock = problem.whole, Clock.within(seconds)
    across = whole.contiguity is Contiguity.ANY_EPCI
    plain = bool(whole.objectives) and whole.objectives[0].edge_coefficients is None
    if across or not plain or not len(far_shares(whole)):
        return None
    copied = _with_copies(problem)
    late = np.arange(copied.whole.candidates_count) >= whole.candidates_count
    try:
        asked = Years(copied, gap_share, clock, warm, late=late)
        bound, none = asked.bounded(together=False)
    except TooWideError:
        return None
    if bound is None:
        nothing = DatedChoice(
            problem_sha256=problem.sha256, status=ChoiceStatus.INFEASIBLE, opened=(), stages=()
        )
        return nothing if none else None

    def ask(way: ChoiceProblem, gap: float) -> tuple[DatedChoice, StageResult] | None:
        found = solve(replace(problem, whole=way), gap_share=gap, seconds=clock.seconds, warm=warm)
        fits = bool(found.stages) and fits_envelopes(whole, opened_by(problem, found)[-1])
        return (found, found.stages[0]) if fits else None

    found = best_paid(
        paid_ahead(whole, asked.taken()[: whole.candidates_count]), ask,
        bound=bound, gap_share=gap_share, sense=whole.objectives[0].sense,
    )  # fmt: skip
    return None if found is None else told_by(problem, found, bound, gap_share)


def _with_copies(problem: DatedProblem) -> DatedProblem:
    """Return the question with copies, which no ceiling of a year counts."""
    copied = with_copies(problem.whole)
    more = np.zeros(copied.candidates_count - problem.whole.candidates_count, np.int64)
    limits = tuple(
        replace(one, coefficients=np.concatenate([one.coefficients, more]))
        for one in problem.limits
    )
    return replace(problem, whole=copied, limits=limits)

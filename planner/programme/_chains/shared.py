"""Sectors that engage several envelopes, where chains may cross borders.

The bound is that of copies and separators together (see :mod:`planner.programme._shared` and
:mod:`.bounds`).  An answer is then sought where envelopes pay ahead for the shared sectors that the
bound takes, and the others are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from planner.choice import Choice, ChoiceProblem, ChoiceStatus, Contiguity, StageResult
from planner.programme._actors.blocks import ColumnPool, Row, split_problem
from planner.programme._actors.columns import Clock, Region, Stage, TooWideError
from planner.programme._chains.bounds import ChainSearch
from planner.programme._compact import stages_by, weakest_of
from planner.programme._shared import (
    best_paid,
    enough_of,
    fits_envelopes,
    is_sharing,
    paid_ahead,
    with_copies,
)

__all__ = ["solve_sharing_across"]

_CASES = 40  # by which the bound of an answer that doesn't do is lowered at most


def solve_sharing_across(
    problem: ChoiceProblem,
    solve: Callable[..., Choice],
    pool: ColumnPool,
    *,
    gap_share: float,
    clock: Clock,
) -> Choice | None:
    """Answer a question across borders some of whose sectors engage envelopes of others.

    Parameters
    ----------
    problem
        The question.
    solve
        How questions without far shares are answered, ``solve_choice``.
    pool
        What was learnt from former questions; it is filled.
    gap_share, clock
        As :func:`planner.programme.solve_choice` has them.

    Returns
    -------
    Choice or None
        What follows the first objective is told as the answer has it, without a bound.  None where
        this isn't the way: few sectors, a proof asked, borders that count in the first objective,
        an EPCI too wide, or no answer found.
    """
    across = problem.contiguity is Contiguity.ANY_EPCI and gap_share > 0
    if not across or not is_sharing(problem) or problem.objectives[0].edge_coefficients is not None:
        return None
    first = problem.objectives[0]
    copied = with_copies(problem)
    blocks, rows = split_problem(copied)
    kept = list(rows)
    try:
        search = ChainSearch(copied, Region(blocks, pool), clock)
        known, stage = search.bounded(copied.objectives[0], kept)
    except TooWideError:
        return None
    if known.infeasible:
        return Choice(
            problem_sha256=problem.sha256, status=ChoiceStatus.INFEASIBLE, chosen=(), stages=()
        )
    if known.bound is None or stage is None:
        return None
    sign = 1 if first.sense == "max" else -1
    bound = sign * known.bound
    ids = np.array(problem.sector_ids, dtype=object)

    def fits(found: Choice) -> bool:
        return bool(found.stages) and fits_envelopes(problem, np.isin(ids, found.chosen))

    def ask(
        way: ChoiceProblem, gap: float
    ) -> tuple[tuple[ChoiceProblem, Choice], StageResult] | None:
        alone = replace(way, objectives=way.objectives[:1])
        found = solve(alone, gap_share=gap, seconds=clock.seconds, warm=pool)
        return ((way, found), found.stages[0]) if fits(found) else None

    best = best_paid(
        paid_ahead(problem, stage.point()[: problem.candidates_count]), ask,
        bound=bound, gap_share=gap_share, sense=first.sense,
    )  # fmt: skip
    if best is None:
        return None
    way, found = best
    if len(problem.objectives) > 1:  # they begin from what was found for the first
        found = solve(way, gap_share=gap_share, seconds=clock.seconds, warm=pool)
        if not fits(found):
            return None
    values = problem.values(np.isin(ids, found.chosen))
    lowered = _lowered(search, stage, kept, sign * values[0], gap_share)
    bound = sign * min(known.bound, lowered)
    bounds = [bound, *([None] * len(values))][: len(values)]
    stages = stages_by(problem.objectives, values, bounds, gap_share)
    return Choice(
        problem_sha256=problem.sha256, status=weakest_of(one.status for one in stages),
        chosen=found.chosen, stages=stages,
    )  # fmt: skip


def _lowered(
    search: ChainSearch, stage: Stage, rows: list[Row], value: int, gap_share: float
) -> int:
    """Return the bound, lowered by rules of neighbours, then by cases, where an answer lacks."""
    bound, enough = stage.bound or 0, partial(enough_of, gap_share=gap_share)
    if enough(bound) <= value:
        return bound
    stage, rows = search.tightened(stage, rows)
    return search.splits(stage, rows).lower_for(value, enough, _CASES)

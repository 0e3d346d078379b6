"""Questions with years in which an EPCI is too wide for a diagram: cut into parts, as without.

What stays contiguous within each part is contiguous within its EPCI: a programme is sought there.
Where whatever lies beyond a border between parts counts as open, nothing is forbidden that was
allowed: the bound is sought there.  The envelope of the EPCI binds its parts in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from planner.choice import ChoiceStatus, Contiguity
from planner.dated import DatedChoice, DatedProblem
from planner.programme._actors.blocks import ColumnPool, objective_row, split_problem
from planner.programme._actors.columns import Clock
from planner.programme._chains.wide import cut_apart, halved, in_parts, is_divided, too_wide
from planner.programme._shared import enough_of
from planner.programme._years.rows import DatedRows
from planner.programme._years.solve import Years, solve_years_by_columns
from planner.programme._years.spread import (
    dated_choice,
    opened_by,
    spread_objective,
    spread_rows,
    told_by,
)
from planner.programme._years.walk import walk_near

__all__ = ["is_intricate", "solve_years_in_parts"]

_STATES = 100_000  # of a diagram: more are too long to go through in every year, again and again


def is_intricate(problem: DatedProblem, pool: ColumnPool) -> bool:
    """Whether an actor's diagram is missing, or too large for years."""
    return bool(too_wide(problem.whole, pool, states=_STATES))


def solve_years_in_parts(
    problem: DatedProblem, *, gap_share: float, seconds: float | None, warm: ColumnPool | None
) -> DatedChoice:
    """Answer a question some of whose EPCI are too wide for a diagram; see ``solve_years``.

    Returns
    -------
    DatedChoice
        What follows the first objective is told as the answer has it, without a bound.
    """
    pool, clock, whole = warm or ColumnPool(), Clock.within(seconds), problem.whole
    part = cut_apart(whole, pool, states=_STATES)
    first = whole.objectives[:1]
    beyond = in_parts(replace(whole, objectives=first), part)
    asked = Years(replace(problem, whole=beyond), gap_share, clock, pool)
    bound, none = asked.bounded()
    if none:
        return _without(problem, ChoiceStatus.INFEASIBLE)
    if bound is not None and first and is_divided(first[0], whole.edges, part):
        bound = halved(first[0], bound)
    chained = whole.contiguity in {Contiguity.WITHIN_EPCI, Contiguity.ANY_EPCI}
    rule = Contiguity.WITHIN_EPCI if chained else whole.contiguity
    inside = replace(in_parts(whole, part), contiguity=rule)
    found = solve_years_by_columns(
        replace(problem, whole=inside), gap_share=gap_share, seconds=clock.seconds, warm=pool
    )
    if found.status is ChoiceStatus.INFEASIBLE or (first and not found.stages):
        # perhaps one across the parts
        return _without(problem, ChoiceStatus.TIME_LIMIT if chained else found.status)
    found = replace(found, opened=_bettered(problem, found, asked.prices, bound, gap_share, clock))
    return told_by(problem, found, bound, gap_share)


def _bettered(
    problem: DatedProblem, found: DatedChoice, prices: Mapping[str, float], bound: int | None,
    gap_share: float, clock: Clock,
) -> tuple[tuple[str, int], ...]:  # fmt: skip
    """Return what opens, bettered under the first objective across the parts and all borders."""
    first = problem.whole.objectives[:1]
    if not first or first[0].edge_coefficients is not None:
        return found.opened
    base, rows = split_problem(problem.whole)
    every = spread_rows(problem, rows)
    most = 2**61 if bound is None else bound if first[0].sense == "max" else -bound
    open_by = walk_near(
        DatedRows(problem, base), objective_row(spread_objective(problem, first[0])), every,
        np.array([prices.get(row.name, 0.0) for row in every]), known=opened_by(problem, found),
        enough=enough_of(most, gap_share), clock=clock,
    )  # fmt: skip
    return dated_choice(problem, found.status, open_by, ()).opened


def _without(problem: DatedProblem, status: ChoiceStatus) -> DatedChoice:
    return DatedChoice(problem_sha256=problem.sha256, status=status, opened=(), stages=())

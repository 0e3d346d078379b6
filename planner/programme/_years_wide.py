"""Questions with years in which an EPCI is too wide for a diagram: cut into parts, as without.

What stays contiguous within each part is contiguous within its EPCI: a programme is sought there.
Where whatever lies beyond a border between parts counts as open, nothing is forbidden that was
allowed: the bound is sought there.  The envelope of the EPCI binds its parts in both.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.choice import ChoiceStatus, Contiguity
from planner.dated import DatedChoice, DatedProblem
from planner.programme._blocks import ColumnPool
from planner.programme._columns import Clock
from planner.programme._compact import stages_by, weakest_of
from planner.programme._wide import cut_apart, halved, in_parts, is_divided
from planner.programme._years import Years, solve_years_by_columns

__all__ = ["solve_years_in_parts"]


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
    part = cut_apart(whole, pool)
    first = whole.objectives[:1]
    beyond = in_parts(replace(whole, objectives=first), part)
    asked = Years(replace(problem, whole=beyond), gap_share, clock, pool)
    bound, none = asked.bounded()
    if none:
        return _without(problem, ChoiceStatus.INFEASIBLE)
    if bound is not None and first and is_divided(first[0], whole.edges, part):
        bound = halved(first[0], bound)
    inside = replace(in_parts(whole, part), contiguity=whole.contiguity)
    found = solve_years_by_columns(
        replace(problem, whole=inside), gap_share=gap_share, seconds=clock.seconds, warm=pool
    )
    if found.status is ChoiceStatus.INFEASIBLE or (first and not found.stages):
        across = whole.contiguity is Contiguity.WITHIN_EPCI  # perhaps one across the parts
        return _without(problem, ChoiceStatus.TIME_LIMIT if across else found.status)
    return _told(problem, found, bound, gap_share)


def _without(problem: DatedProblem, status: ChoiceStatus) -> DatedChoice:
    return DatedChoice(problem_sha256=problem.sha256, status=status, opened=(), stages=())


def _told(
    problem: DatedProblem, found: DatedChoice, bound: int | None, gap_share: float
) -> DatedChoice:
    """Return what was found within the parts as an answer to the whole."""
    year_of, whole = dict(found.opened), problem.whole
    never = problem.years[-1] + 1
    opens = np.array([year_of.get(one, never) for one in whole.sector_ids], np.int64)
    values = problem.values(opens <= np.array(problem.years)[:, None])
    bounds = [bound, *([None] * len(values))][: len(values)]
    stages = stages_by(whole.objectives, values, bounds, gap_share)
    return DatedChoice(
        problem_sha256=problem.sha256, status=weakest_of(one.status for one in stages),
        opened=found.opened, stages=stages,
    )  # fmt: skip

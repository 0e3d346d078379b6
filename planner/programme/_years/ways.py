"""Questions with years: which way answers them, by their size and by what binds EPCI together."""

from __future__ import annotations

import time
from dataclasses import replace

from planner.choice import ChoiceStatus, Contiguity
from planner.dated import DatedChoice, DatedProblem
from planner.errors import RuleError
from planner.programme._actors.blocks import ColumnPool
from planner.programme._compact import status_of, weakest_of
from planner.programme._years.compact import solve_years_compact
from planner.programme._years.few import solve_years_of_few
from planner.programme._years.shared import solve_years_sharing
from planner.programme._years.solve import solve_years_by_columns
from planner.programme._years.wide import is_intricate, solve_years_in_parts

__all__ = ["better_of", "solve_years"]

_TINY = 80  # candidates × years up to which every sequence can be listed, or one programme solved
_LISTED = 1_500  # the same, up to which columns are not even tried: they stay far from the bound
_FAR_SHARE = 0.01  # of the bound: from how far on another way is tried too
_FEW = 3_000  # candidates × years up to which the whole is annealed and searched by branch and cut


def solve_years(
    problem: DatedProblem,
    *,
    gap_share: float = 1e-3,
    seconds: float | None = None,
    warm: ColumnPool | None = None,
) -> DatedChoice:
    """Choose the sectors and their years: the best under each objective, the former ones held.

    Questions of 81 to 1 500 candidates × years are annealed and searched by branch and cut; larger
    ones are answered by column generation, where chains stay within each EPCI.  Up to 3 000, what
    columns leave far from its bound, or can't list, is searched as the former are, and the better
    of the two is answered.  Beyond, an actor whose choices can't be listed, or are too many to go
    through in each year, is cut into parts; where chains cross borders, each actor is one.

    Parameters
    ----------
    problem
        The question.
    gap_share
        How much of each objective may be missed, as a share of its bound; up to 60 candidates, a
        proof is looked for.  The search keeps to a number of operations: what it ends with, and its
        bound, is told by the stages.  Among programmes equal under every objective, the one that
        opens the first sector (by id) on which they differ the soonest is taken, when every optimum
        is proved and candidates are 60 at most, or all the best can be listed.
    seconds
        Time for all objectives together; None for as long as it takes.
    warm
        What was learnt from a former question of the same region; it is filled for the next one.

    Raises
    ------
    PlannerError
        When values are too large to be added exactly, or the solver fails.
    """
    size = problem.whole.candidates_count * len(problem.years)
    across = problem.whole.contiguity is Contiguity.ANY_EPCI
    if across and size <= _TINY:
        return solve_years_compact(problem, seconds=seconds)
    warm = warm or ColumnPool()
    if size > _FEW:
        shared = solve_years_sharing(
            problem, solve_years, gap_share=gap_share, seconds=seconds, warm=warm
        )
        if shared is not None:
            return shared
    if size > _FEW and (across or is_intricate(problem, warm)):
        return solve_years_in_parts(problem, gap_share=gap_share, seconds=seconds, warm=warm)
    if across or _TINY < size <= _LISTED:
        return solve_years_of_few(problem, gap_share=gap_share, seconds=seconds)
    begun = time.monotonic()
    listed: DatedChoice | None = None
    try:
        listed = solve_years_by_columns(problem, gap_share=gap_share, seconds=seconds, warm=warm)
    except RuleError:  # an actor too intricate for its choices to be listed
        if size > _FEW:
            return solve_years_in_parts(problem, gap_share=gap_share, seconds=seconds, warm=warm)
    if listed is not None and (size <= _TINY or size > _FEW or not _is_far(listed)):
        return listed
    left = None if seconds is None else max(0.0, seconds - (time.monotonic() - begun))
    searched = solve_years_of_few(problem, gap_share=gap_share, seconds=left, known=listed)
    return searched if listed is None else better_of(problem, listed, searched, gap_share)


def _is_far(choice: DatedChoice) -> bool:
    """Whether nothing was found, or the first objective is far from its bound."""
    if choice.status is ChoiceStatus.INFEASIBLE:
        return False
    return not choice.stages or (choice.stages[0].gap_share or 0) > _FAR_SHARE


def better_of(
    problem: DatedProblem, one: DatedChoice, other: DatedChoice, gap_share: float
) -> DatedChoice:
    """Return the answer that is worth more under the first objective that tells them apart.

    Whatever bounds the first objective bounds it for both.
    """
    if ChoiceStatus.INFEASIBLE in (one.status, other.status):
        return one if one.status is ChoiceStatus.INFEASIBLE else other
    signs = [-1 if objective.sense == "min" else 1 for objective in problem.whole.objectives]
    mine, its = (
        [sign * stage.value for sign, stage in zip(signs or [1], some.stages, strict=False)]
        for some in (one, other)
    )
    best = one if mine >= its else other
    known = [some.stages[0].bound for some in (one, other) if some.stages]
    bounds = [bound for bound in known if bound is not None]
    if not bounds or not best.stages:
        return best
    first, *further = best.stages
    bound = signs[0] * min(signs[0] * each for each in bounds)
    status = status_of(first.value, bound, gap_share, otherwise=first.status)
    stages = (replace(first, bound=bound, status=status), *further)
    return replace(best, stages=stages, status=weakest_of(stage.status for stage in stages))

"""A question with years over every candidate in every year: its rules, objectives and answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceStatus, Objective, StageResult
from planner.dated import DatedChoice, DatedProblem
from planner.programme._actors.blocks import Row, reduced
from planner.programme._compact import stages_by, weakest_of

__all__ = ["dated_choice", "opened_by", "spread_objective", "spread_rows", "told_by"]


def spread_rows(problem: DatedProblem, rows: Sequence[Row]) -> list[Row]:
    """Return the rules of the whole at the end of the last year, and those of each year.

    Parameters
    ----------
    problem
        The question.
    rows
        What binds actors together, without years; a feeder across a border holds every year.
    """
    return [*(one for row in rows for one in _spread_row(problem, row)), *_year_rows(problem)]


def spread_objective(problem: DatedProblem, objective: Objective) -> Objective:
    """Return what a candidate is worth when it is open at the end of each year."""
    spread = np.zeros((len(problem.years), problem.whole.candidates_count), np.int64)
    spread[-1] = objective.coefficients
    if objective.name in problem.yearly:
        spread[:] = objective.coefficients
    return replace(objective, coefficients=spread.ravel())


def dated_choice(
    problem: DatedProblem,
    status: ChoiceStatus,
    open_by: npt.NDArray[np.bool_] | None,
    stages: Sequence[StageResult],
) -> DatedChoice:
    """Return an answer.

    Parameters
    ----------
    problem
        The question.
    status, stages
        What is known of the whole, and of each objective.
    open_by
        Whether each candidate is open at the end of each year, shape (years, candidates); None
        when there is no answer.
    """
    ids, opened = problem.whole.sector_ids, []
    if open_by is not None:
        first = np.argmax(open_by, axis=0)
        opened = [(ids[at], problem.years[first[at]]) for at in np.flatnonzero(open_by[-1])]
    return DatedChoice(
        problem_sha256=problem.sha256, status=status, opened=tuple(opened), stages=tuple(stages)
    )  # fmt: skip


def opened_by(problem: DatedProblem, found: DatedChoice) -> npt.NDArray[np.bool_]:
    """Return whether each candidate is open at the end of each year in an answer."""
    year_of, never = dict(found.opened), problem.years[-1] + 1
    opens = np.array([year_of.get(one, never) for one in problem.whole.sector_ids], np.int64)
    open_by: npt.NDArray[np.bool_] = opens <= np.array(problem.years)[:, None]
    return open_by


def told_by(
    problem: DatedProblem, found: DatedChoice, bound: int | None, gap_share: float
) -> DatedChoice:
    """Return the answer to a narrower question as one to the whole, the first objective bounded."""
    whole, values = problem.whole, problem.values(opened_by(problem, found))
    bounds = [bound, *([None] * len(values))][: len(values)]
    stages = stages_by(whole.objectives, values, bounds, gap_share)
    return DatedChoice(
        problem_sha256=problem.sha256, status=weakest_of(one.status for one in stages),
        opened=found.opened, stages=stages,
    )  # fmt: skip


def _spread_row(problem: DatedProblem, row: Row) -> list[Row]:
    """Return a rule at the end of the last year; of every year, when it is contiguity's."""
    years = len(problem.years)
    spread = np.zeros((years, years, problem.whole.candidates_count), np.int64)
    spread[np.arange(years), np.arange(years)] = row.coefficients
    if not row.name.startswith("feeder."):
        return [replace(row, coefficients=spread[-1].ravel())]
    return [
        replace(row, name=f"{row.name}@{year}", coefficients=one.ravel())
        for year, one in zip(problem.years, spread, strict=True)
    ]


def _year_rows(problem: DatedProblem) -> list[Row]:
    rows = []
    for limit in problem.limits:
        at = problem.years.index(limit.year)
        spread = np.zeros((len(problem.years), problem.whole.candidates_count), np.int64)
        spread[at] = limit.coefficients
        if at:
            spread[at - 1] = -limit.coefficients
        rows.append(
            reduced(
                Row(
                    name=f"{limit.name}@{limit.year}", coefficients=spread.ravel(),
                    upper=limit.upper,
                )
            )
        )  # fmt: skip
    return rows

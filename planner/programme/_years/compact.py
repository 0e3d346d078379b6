"""The whole question with years as one integer programme: for chains that cross from EPCI to EPCI.

Each year is a copy of the rows of :mod:`planner.programme._compact`; a sector that is open stays
open.  It is exact on small questions, and shares nothing with the column generation.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceStatus, Objective, StageResult
from planner.dated import DatedChoice, DatedProblem
from planner.programme._compact import CompactModel, compact_model, recounted, run_compact
from planner.programme._years.spread import dated_choice, spread_objective

__all__ = ["solve_years_compact"]

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_TIE_BITS = 12  # of the whole number that orders some ids


def solve_years_compact(problem: DatedProblem, *, seconds: float | None = None) -> DatedChoice:
    """Solve a question with years as one integer programme, objective by objective.

    Parameters
    ----------
    problem
        The question.
    seconds
        Time for all objectives together.
    """
    model, last = _stated(problem)
    end = math.inf if seconds is None else time.monotonic() + seconds
    years, count = len(problem.years), problem.whole.candidates_count
    zero = np.zeros(count, np.int64)
    objectives = problem.whole.objectives or (
        Objective(name="any", sense="max", coefficients=zero),
    )
    best: Flags | None = None
    stages: list[StageResult] = []
    for place, one in enumerate(objectives):
        spread, costs = _spread(problem, model, last, one)
        found, bound, status = run_compact(model, spread, costs, 0.0, end)
        if found is None and (status is ChoiceStatus.INFEASIBLE or best is None):
            return dated_choice(problem, status, None, [])
        best = best if found is None else found.reshape(years, count)
        if best is None:
            break
        value = problem.values(best)[place] if problem.whole.objectives else 0
        status = ChoiceStatus.OPTIMAL if bound == value else ChoiceStatus.TIME_LIMIT
        stages.append(StageResult(objective=one.name, value=value, bound=bound, status=status))
        where = np.flatnonzero(costs)
        held = (value, math.inf) if one.sense == "max" else (-math.inf, value)
        model.add(where, costs[where], *held)
    if not problem.whole.objectives:
        weakest = ChoiceStatus.OPTIMAL
        stages = []
    else:
        stages = recounted(stages, problem.values(best), 0.0) if best is not None else stages
        proved = all(stage.status is ChoiceStatus.OPTIMAL for stage in stages)
        weakest = ChoiceStatus.OPTIMAL if proved else ChoiceStatus.TIME_LIMIT
    if best is not None and weakest is ChoiceStatus.OPTIMAL:
        best = _first_opened(model, best, end)
    return dated_choice(problem, weakest, best, stages)


def _stated(problem: DatedProblem) -> tuple[CompactModel, CompactModel]:
    """Return the rows of every year, and those of the last one alone."""
    whole, count = problem.whole, problem.whole.candidates_count
    last = compact_model(whole)
    early = compact_model(replace(whole, required=np.zeros(count, bool), limits=(), objectives=()))
    each = [early] * (len(problem.years) - 1) + [last]
    whole_columns = sum(one.integers for one in each)
    model = CompactModel(
        columns=sum(one.columns for one in each), integers=whole_columns, pair_column={},
        lower_bounds=np.concatenate(
            [one.lower_bounds[: one.integers] for one in each]
            + [one.lower_bounds[one.integers :] for one in each]
        ),
        upper_bounds=np.concatenate(
            [one.upper_bounds[: one.integers] for one in each]
            + [one.upper_bounds[one.integers :] for one in each]
        ),
    )  # fmt: skip
    flows = whole_columns
    for year, one in enumerate(each):
        place = np.concatenate(
            [
                year * count + np.arange(one.integers),
                flows + np.arange(one.columns - one.integers),
            ]
        )
        flows += one.columns - one.integers
        for (own, weights), low, high in zip(one.entries, one.lower, one.upper, strict=True):
            model.add(place[own] if own else [], weights, low, high)
    for year in range(len(problem.years) - 1):
        for at in range(count):
            model.add([year * count + at, (year + 1) * count + at], [1, -1], -math.inf, 0)
    for limit in problem.limits:
        year, where = problem.years.index(limit.year), np.flatnonzero(limit.coefficients)
        columns, values = year * count + where, limit.coefficients[where]
        if year:
            columns = np.concatenate([columns, columns - count])
            values = np.concatenate([values, -values])
        model.add(columns, values, -math.inf, limit.upper)
    return model, last


def _spread(
    problem: DatedProblem, model: CompactModel, last: CompactModel, one: Objective
) -> tuple[Objective, Floats]:
    """Return an objective over (year, candidate), and what each column is worth."""
    years, count = len(problem.years), problem.whole.candidates_count
    spread = spread_objective(problem, one).coefficients
    costs = np.zeros(model.columns)
    shift = (years - 1) * count
    costs[shift : shift + last.integers] = last.costs(one)[: last.integers]
    costs[: years * count] = spread
    return replace(one, coefficients=spread, edge_coefficients=None), costs


def _first_opened(model: CompactModel, best: Flags, end: float) -> Flags:
    """Return, of the answers equal to a proved one, that which opens the first ids the soonest."""
    years, count = best.shape
    at_once = max(1, int(_TIE_BITS / math.log2(years + 1)))
    found = best
    for start in range(0, count, at_once):
        some = np.arange(start, min(start + at_once, count))
        weight = np.zeros((years, count), np.int64)
        weight[:, some] = (years + 1) ** np.arange(len(some))[::-1]
        one = Objective(name="first_id", sense="max", coefficients=weight.ravel())
        costs = np.zeros(model.columns)
        costs[: years * count] = weight.ravel()
        answer, bound, _ = run_compact(model, one, costs, 0.0, end)
        if answer is None or bound != int(weight.ravel()[answer].sum()):
            return best
        found = answer.reshape(years, count)
        for at in some:
            places = np.arange(years) * count + at
            model.lower_bounds[places] = model.upper_bounds[places] = found[:, at]
    return found

"""From the tables of a concertation to a question with years."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.choice import ChoiceProblem
from planner.dated import DatedProblem, YearLimit
from planner.programme._problem import ChoiceRules, cost_keur, limits_of

__all__ = ["state_years"]


def state_years(
    problem: ChoiceProblem, *, costs: pd.DataFrame, years: tuple[int, ...], rules: ChoiceRules
) -> DatedProblem:
    """Add years to a question: what may open in each, the rest holding over the whole.

    Parameters
    ----------
    problem
        The question without years.
    costs
        Contract ``costs``.
    years
        Years in which sectors open, ascending.
    rules
        ``capacity_lines`` and ``budget_eur`` of each year; its other rules are not read.

    Raises
    ------
    RuleError
        When a capacity names an unknown place.
    """
    each = limits_of(
        ChoiceRules(
            capacity_lines=rules.capacity_lines, budget_eur=rules.budget_eur,
            cents_per_line=rules.cents_per_line,
        ),
        problem.lines, problem.departements, problem.rural, cost_keur(costs, problem.sector_ids),
    )  # fmt: skip
    return DatedProblem(
        whole=problem,
        years=years,
        limits=tuple(
            YearLimit(
                name=one.name, year=year, coefficients=np.array(one.coefficients),
                upper=int(one.upper or 0), message=one.message, unit=one.unit,
            )
            for year in years for one in each
        ),
    )  # fmt: skip

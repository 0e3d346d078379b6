"""What the judges need from a plan: groups that can be served, weights in whole numbers, tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.choice import ChoiceProblem
from planner.criteria import PPM, CriteriaTable
from planner.robustness._groups import Groups
from planner.robustness._optima import Optima
from planner.robustness._weights import WeightInterval, WeightSpace
from planner.scenario import CriteriaRules
from planner.schemas import contract

__all__ = ["alternatives_table", "criteria_space", "servable", "weights_table"]

_MARKS = 1_000


def servable(problem: ChoiceProblem, groups: Groups) -> tuple[Groups, tuple[str, ...]]:
    """Keep the groups that some programme could serve better, and name the others.

    A group without a counted vote, without an envelope or out of reach stays where it is whatever
    is chosen: compared with, it would hide every other.

    Parameters
    ----------
    problem
        The question.
    groups
        Who is compared.
    """
    can = problem.within_reach()
    granted = problem.envelopes[problem.share_actor] >= problem.share_need
    blocked = np.zeros(problem.candidates_count, dtype=bool)
    blocked[problem.share_candidate[~granted]] = True
    moves: npt.NDArray[np.bool_] = np.any(groups.lines[:, can & ~blocked] > 0, axis=1)
    kept = np.flatnonzero(moves).tolist()
    left = tuple(
        name for name, moved in zip(groups.names, moves.tolist(), strict=True) if not moved
    )
    return (
        replace(
            groups, names=tuple(groups.names[g] for g in kept),
            totals=tuple(groups.totals[g] for g in kept),
            before=tuple(groups.before[g] for g in kept), lines=groups.lines[kept],
        ),
        left,
    )  # fmt: skip


def criteria_space(
    problem: ChoiceProblem, criteria: CriteriaTable, *, rules: CriteriaRules
) -> WeightSpace | None:
    """Return the objective ``criteria`` as a weighted sum in whole numbers.

    Marks count in thousandths × lines, weights are the smallest in the proportions asked.
    The question rounds the score of each sector, and the shares of weights before: what this adds
    to the sum is kept, so that under the weights in force values are those of the question.  None
    when the question has no such objective, or no criterion is known.

    Parameters
    ----------
    problem, criteria, rules
        The question, the criteria that it was stated with, and ``scenario.criteria``.
    """
    asked = next((one for one in problem.objectives if one.name == "criteria"), None)
    if asked is None or not criteria.active:
        return None
    marks = criteria.matrix().reindex(list(problem.sector_ids)).fillna(0.0)
    names = tuple(str(name) for name in marks.columns)
    shares, each = criteria.weights(), [rules.each[name].weight for name in names]
    weights = _small(each if sum(each) <= PPM else [shares[name] for name in names])
    steps = np.rint(marks.to_numpy(dtype=np.float64).T * _MARKS).astype(np.int64)
    scores = steps * problem.lines
    whole = sum(weights) * asked.coefficients
    return WeightSpace(
        objective="criteria", criteria=names, scores=scores, weights=weights,
        rounding=whole - np.asarray(weights, dtype=np.int64) @ scores,
    )  # fmt: skip


def _small(weights: Sequence[int]) -> tuple[int, ...]:
    """Return the smallest whole weights of the same proportions."""
    common = math.gcd(*weights) or 1
    return tuple(weight // common for weight in weights)


def weights_table(intervals: Sequence[WeightInterval]) -> pd.DataFrame:
    """Return intervals of weights as a table.

    Returns
    -------
    DataFrame
        Contract ``weight_intervals``; bounds are exact fractions as text, and as numbers.
    """
    table = pd.DataFrame(
        [
            {
                "criterion": one.criterion, "weight": one.weight, "weights_total": one.total,
                "low": float(one.low), "high": None if one.high is None else float(one.high),
                "low_exact": str(one.low),
                "high_exact": None if one.high is None else str(one.high),
                "loss_share": float(one.loss_share),
                "proved": one.proved,
            }
            for one in intervals
        ]
    )  # fmt: skip
    if table.empty:
        return contract("weight_intervals").empty()
    table["high"] = table["high"].astype("float64")
    table["high_exact"] = table["high_exact"].astype("object")
    contract("weight_intervals").check(table)
    return contract("weight_intervals").select(table)


def alternatives_table(problem: ChoiceProblem, found: Optima) -> pd.DataFrame:
    """Return, for each programme after the first, the sectors by which it differs from the first.

    Returns
    -------
    DataFrame
        Contract ``alternatives``.
    """
    lines = dict(zip(problem.sector_ids, problem.lines.tolist(), strict=True))
    first = set(found.programmes[0]) if found.programmes else set()
    rows = [
        {
            "programme": number, "sector_id": key, "lines_count": lines[key],
            "change": "enters" if key in chosen else "leaves",
        }
        for number, chosen in enumerate(found.programmes[1:], start=2)
        for key in sorted(first ^ set(chosen))
    ]  # fmt: skip
    if not rows:
        return contract("alternatives").empty()
    table = pd.DataFrame(rows)
    contract("alternatives").check(table)
    return contract("alternatives").select(table)

"""Answers to an objective with few different values, by one that tells their equals apart.

Approvals, or points from 0 to 5, give thousands of choices of an EPCI the same worth.  The rules of
the region then have no price, and nothing tells which of these choices fit together.  So the
objective is scaled up and a small number of its own is added to each sector: too small, all
together, to outweigh the least difference, so that the best answers stay the best.
"""

from __future__ import annotations

import numpy as np

from planner.choice import Objective
from planner.programme._columns import Clock, Stage

__all__ = ["BLUR", "blurred", "is_coarse"]

_COARSE = 20_000  # steps in the bound, at most, of an objective that is blurred
_LARGEST = 4_096  # less is added to each sector
BLUR = _LARGEST // 4  # what a blurred answer may miss
_SEED = 2018
_CLOSE_SHARE = 1e-9  # of the value: where column generation stops


def is_coarse(stage: Stage) -> bool:
    """Whether the values of an objective are few steps apart, from nothing to its bound."""
    return stage.best is not None and abs(stage.best.bound) < _COARSE * _step(stage)


def blurred(stage: Stage) -> Stage | None:
    """Return the objective blurred, bounded by column generation; None where no bound is found.

    Parameters
    ----------
    stage
        The objective; its bound is left as it is.
    """
    row, count = stage.row, len(stage.row.coefficients)
    step = _LARGEST * max(count, 1)
    scale = -(-step // _step(stage))
    noise = np.random.default_rng(_SEED).integers(1, _LARGEST, count)
    pairs = row.pair_coefficients
    objective = Objective(
        name=row.name, sense="max", coefficients=row.coefficients * scale + noise,
        edge_coefficients=None if pairs is None else pairs * scale,
    )  # fmt: skip
    other = Stage(stage.region, objective, stage.rows)
    if other.converge(Clock(None), start=None, close_share=_CLOSE_SHARE) is None:
        return None
    return other if other.best is not None else None


def _step(stage: Stage) -> int:
    """Return what divides every value of an objective."""
    row = stage.row
    divisor = int(np.gcd.reduce(row.coefficients, initial=0))
    if row.pair_coefficients is not None:
        divisor = int(np.gcd.reduce(row.pair_coefficients, initial=divisor))
    return max(divisor, 1)

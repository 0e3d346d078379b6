"""Answers to an objective with few different values, by one that tells their equals apart.

Approvals, or points from 0 to 5, give thousands of choices of an EPCI the same worth.  The rules of
the region then have no price, and nothing tells which of these choices fit together.  So the
objective is scaled up and a small number of its own is added to each sector: too small, all
together, to outweigh the least difference, so that the best answers stay the best.
"""

from __future__ import annotations

import numpy as np

from planner.choice import Objective
from planner.programme._actors.columns import Clock, Stage

__all__ = ["BLUR", "blurred", "is_coarse", "scale_of"]

_COARSE = 20_000  # steps in the bound, at most, of an objective that is blurred
_LARGEST = 4_096  # less is added to each sector
BLUR = _LARGEST // 4  # what a blurred answer may miss
_SEED = 2018
_CLOSE_SHARE = 1e-9  # of the value: where column generation stops


def is_coarse(stage: Stage) -> bool:
    """Whether the values of an objective are few steps apart, from nothing to its bound."""
    return stage.best is not None and abs(stage.best.bound) < _COARSE * stage.step


def scale_of(stage: Stage) -> int:
    """Return how often a blurred objective counts what the objective does, and little more."""
    return -(-_LARGEST * max(len(stage.row.coefficients), 1) // stage.step)


def blurred(stage: Stage) -> Stage | None:
    """Return the objective blurred, bounded by column generation; None where no bound is found.

    Parameters
    ----------
    stage
        The objective; its bound is left as it is.
    """
    row, count, scale = stage.row, len(stage.row.coefficients), scale_of(stage)
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

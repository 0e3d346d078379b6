"""An answer where the bound leaves every choice as good: the objective is one of the rules itself.

As many lines as can be, under a ceiling of lines: the ceiling takes the whole price, and no choice
misses anything.  Which of them go together is then a question of the other rules alone.  The
objective is held at its bound, and as little as can be is used of the other rules: their prices
tell choices apart again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from planner.choice import Objective
from planner.programme._actors.blocks import Row
from planner.programme._actors.columns import Clock, Stage

__all__ = ["is_level", "turned"]

_CLOSE_SHARE = 1e-6  # of the value: these prices only have to be good
_FINE = 10_000_000  # what all that a rule counts is worth


def is_level(stage: Stage, at_most: int) -> bool:
    """Return whether more choices than are listed of one actor miss nothing.

    Parameters
    ----------
    stage
        The objective once its linear programme is solved.
    at_most
        Choices of one actor that are listed.
    """
    return stage.best is not None and stage.lists is None and not stage.list_near(0, at_most)[2]


def turned(stage: Stage, rows: Sequence[Row], value: int) -> Stage | None:
    """Return the question of what uses the least of the rules among all that is worth ``value``.

    Its linear programme is solved; None where it has no answer, or no other rule holds anyone.

    Parameters
    ----------
    stage, rows
        The objective once its linear programme is solved, and what must hold.
    value
        What an answer must be worth.
    """
    used = np.zeros(len(stage.row.coefficients), np.int64)
    kept, upper = [], None
    for row in rows:
        ceiling = _ceiling(row, stage.row)
        if ceiling is not None:  # one rule both ways: what passes it costs as much as what lacks
            upper = ceiling if upper is None else min(upper, ceiling)
            continue
        kept.append(row)
        every = int(np.abs(row.coefficients).sum())
        if (row.lower is None) == (row.upper is None) or every == 0:
            continue
        each = row.coefficients * _FINE // every
        used += each if row.lower is None else -each
    if not used.any():
        return None
    held = Row(
        name="level", coefficients=stage.row.coefficients,
        pair_coefficients=stage.row.pair_coefficients, lower=value, upper=upper,
    )  # fmt: skip
    least = Objective(name="used", sense="min", coefficients=used)
    found = Stage(stage.region, least, [*kept, held])
    if found.converge(Clock.within(None), start=None, close_share=_CLOSE_SHARE) is None:
        return None
    return found if found.best is not None else None


def _ceiling(row: Row, objective: Row) -> int | None:
    """Return what a rule lets the objective be, where it is a ceiling of it and nothing else."""
    one, two = row.coefficients, objective.coefficients
    pairs = row.pair_coefficients is not None or objective.pair_coefficients is not None
    if pairs or row.upper is None or row.lower is not None or not two.any():
        return None
    at = int(np.argmax(np.abs(two)))
    each, worth = int(one[at]), int(two[at])
    if each * worth <= 0 or (one * worth != two * each).any():
        return None
    return row.upper * worth // each

"""How much of a year a quarter may open, so that the load is even and all can still be done."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from planner.works._model import Floats, make_model
from planner.works._rules import PhasePace, WorksRules, quarter_name

__all__ = ["spread_evenly"]

_STEP: Final = 0.05  # by which the share is raised where a phase could not be done
_ROOM: Final = 0.96  # of a quarter and of a year that whole sectors can be trusted to fill


def spread_evenly(works: pd.DataFrame, rules: WorksRules, *, share: float) -> WorksRules:
    """Hold each quarter of a phase to a share of its yearly lines.

    Where a phase that must end couldn't be done so, as lines that flow like water show, its share
    is raised by twentieths until it can, and left out where nothing does; a quarter always has
    room for the largest sector of its phase.

    Parameters
    ----------
    works
        Contract ``works``.
    rules
        With the paces of the phases; a pace without yearly lines stays as it is.
    share
        Most of a year's lines that one quarter may open.
    """
    if not rules.paces or works.empty:
        return rules
    model = make_model(works, rules)
    phases = works.sort_values("sector_id")["phase"].astype(str).to_numpy()
    lines = works.sort_values("sector_id")["premises_count"].to_numpy(dtype=np.float64)
    found: list[PhasePace] = []
    for phase in sorted({pace.phase for pace in rules.paces}):
        mine = phases == phase
        soonest = np.minimum(model.earliest[mine], model.horizon - 1)
        arriving = np.bincount(soonest, lines[mine], model.horizon).astype(np.float64)
        rows = [pace for pace in rules.paces if pace.phase == phase]
        steps = np.arange(share, 1.0 + _STEP / 2, _STEP).clip(max=1.0).tolist()
        held = next((s for s in steps if _can_be_done(rules, rows, arriving, s)), None)
        found += [
            pace
            if held is None or held >= 1.0 or pace.lines_per_year is None
            else replace(
                pace,
                lines_per_quarter=int(
                    max(np.ceil(held * pace.lines_per_year), lines[mine].max(initial=0.0))
                ),
            )
            for pace in rows
        ]
    return replace(rules, paces=tuple(found))


def _can_be_done(rules: WorksRules, rows: list[PhasePace], arriving: Floats, share: float) -> bool:
    """Say whether what a phase has to open flows through its years and quarters."""
    waiting, left, year = 0.0, np.inf, ""
    for number, here in enumerate(arriving.tolist()):
        name = quarter_name(number, first=rules.first_quarter)
        if name[:4] != year:
            year = name[:4]
            most = [
                row.lines_per_year for row in rows
                if row.first_quarter[:4] <= year
                and (row.last_quarter is None or year <= row.last_quarter[:4])
            ]  # fmt: skip
            left = rules.left_of(_most(most), "lines", phase=rows[0].phase, year=int(year)) * _ROOM
        waiting += here
        now = [
            row.lines_per_year for row in rows
            if row.first_quarter <= name
            and (row.last_quarter is None or name <= row.last_quarter)
        ]  # fmt: skip
        opened = min(waiting, left, _most(now) * (share if share < 1 else np.inf) * _ROOM)
        waiting, left = waiting - opened, left - opened
    return waiting <= 0.0


def _most(paces: list[int | None]) -> float:
    """Return the most generous of the paces that hold: nothing where none does."""
    if not paces:
        return 0.0
    known = [float(value) for value in paces if value is not None]
    return max(known) if len(known) == len(paces) else np.inf

"""A steadier load: sectors that change quarter so that trades' loads change less."""

from __future__ import annotations

from typing import Final

import numpy as np

from planner.works._model import Floats, Ints, Model
from planner.works._room import Room
from planner.works._rules import WorksRules

__all__ = ["change_share", "smooth"]

_PASSES: Final = 8
_REACH: Final = 2  # quarters by which a sector may move at once
_GAIN: Final = 1e-12


def _shape(rules: WorksRules, horizon: int) -> Floats:
    """Return, by trade and quarter, which part of a sector that opens in each quarter it treats."""
    if not rules.trades:
        return np.eye(horizon)[None]
    shape = np.zeros((len(rules.trades), horizon, horizon))
    ends = rules.duration_quarters
    for number, trade in enumerate(rules.trades):
        start, stop = ends - 1, ends - trade.duration_quarters
        ends = stop
        for opening in range(horizon):
            low, high = max(opening - start, 0), opening - stop
            if high >= 0:
                shape[number, low : high + 1, opening] = 1.0 / trade.duration_quarters
    return shape


def change_share(rules: WorksRules, model: Model, lines: Floats, opening: Ints) -> float:
    """Return the mean change of load from a quarter to the next, as a share of the mean load."""
    placed = opening >= 0
    opened = np.bincount(opening[placed], lines[placed], minlength=model.horizon)
    load = _shape(rules, model.horizon) @ opened
    busy = load.sum(axis=0) > 0
    if not busy.any():
        return 0.0
    load = load[:, : int(np.flatnonzero(busy)[-1]) + 1]
    mean = float(load.mean())
    return float(np.abs(np.diff(load, axis=1)).mean()) / mean if load.shape[1] > 1 else 0.0


def smooth(rules: WorksRules, model: Model, lines: Floats, opening: Ints) -> Ints:
    """Move sectors by a few quarters where loads then change less, within the delay given up.

    Every limit, lag and date is kept; sectors are tried in the order of their keys.
    """
    shape = _shape(rules, model.horizon)
    placed = opening >= 0
    opened: Floats = np.bincount(opening[placed], lines[placed], minlength=model.horizon).astype(
        np.float64
    )
    room = Room(model, opening)
    left = rules.smooth_share * float(model.weight[placed] @ opening[placed])

    def roughness(opened: Floats) -> float:
        return float((np.diff(shape @ opened, axis=1) ** 2).sum())

    now = roughness(opened)
    for _ in range(_PASSES):
        moved = False
        for sector in np.flatnonzero(placed & ~model.fixed):
            here = int(room.opening[sector])
            low, high = room.window(int(sector))
            low, high = max(low, here - _REACH), min(high, here + _REACH)
            if low >= high:
                continue
            fits = room.fits(int(sector))
            best, at = now, here
            for quarter in range(low, high + 1):
                price = model.weight[sector] * (quarter - here)
                if quarter == here or not fits[quarter] or price > left:
                    continue
                trial = opened.copy()
                trial[here] -= lines[sector]
                trial[quarter] += lines[sector]
                rough = roughness(trial)
                if rough < best * (1 - _GAIN):
                    best, at = rough, quarter
            if at != here:
                opened[here] -= lines[sector]
                opened[at] += lines[sector]
                left -= model.weight[sector] * (at - here)
                room.move(int(sector), at)
                now, moved = best, True
        if not moved:
            break
    return room.opening

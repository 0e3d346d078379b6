"""From the linear programme to a schedule: orders to place by, then quarters re-optimised."""

from __future__ import annotations

from typing import Final

import numpy as np

from planner.works._exact import solve_exactly
from planner.works._list import place_in_order
from planner.works._model import Floats, Ints, Model
from planner.works._room import Room

__all__ = ["gap_share", "improve", "place_well", "pull_forward", "rank_from_shares"]

_POINTS: Final = (0.1, 0.3, 0.5, 0.7, 0.9)  # shares of a sector that are open: alpha-points
_TIE: Final = 1e-3
_REPAIRS: Final = 12
_WINDOWS: Final = (2, 3)  # quarters re-optimised together
_NODES: Final = 5
_ENOUGH: Final = 0.001  # gap under which re-optimising further isn't worth its time


def gap_share(model: Model, opening: Ints, lower: float) -> float:
    """Return how far above the bound a schedule is, as a share of its value."""
    if (opening < 0).any():
        return np.inf
    value = model.value(opening)
    return (value - lower) / value if value > 0 else 0.0


def rank_from_shares(shares: Floats) -> list[Floats]:
    """Return orders to place by: mean quarters, and the quarters in which a share is reached."""
    mean: Floats = shares @ np.arange(shares.shape[1])
    reached = np.cumsum(shares, axis=1)
    return [mean, *((reached < a - 1e-9).sum(axis=1) + _TIE * mean for a in _POINTS)]


def place_well(model: Model, ranks: list[Floats], best: Ints) -> Ints:
    """Return the best schedule of several orders."""
    for rank in ranks:
        best = _better(model, best, _placed(model, rank))
    return best


def _better(model: Model, one: Ints, other: Ints) -> Ints:
    def rank(opening: Ints) -> tuple[float, float]:
        placed = opening >= 0
        return float(model.weight[~placed].sum()), float(model.weight[placed] @ opening[placed])

    return other if rank(other) < rank(one) else one


def _placed(model: Model, rank: Floats) -> Ints:
    """Place in order; what finds no place goes earlier with all that it waits for, and again."""
    rank = rank.astype(float).copy()
    best = trial = place_in_order(model, rank)
    for repair in range(_REPAIRS):
        if not (trial < 0).any():
            break
        for sector in np.flatnonzero(trial < 0):
            here = int(sector)
            while here >= 0:
                rank[here] -= 1.0 + repair
                here = int(model.parent[here])
        trial = place_in_order(model, rank)
        best = _better(model, best, trial)
    return best


def improve(model: Model, opening: Ints, lower: float) -> Ints:
    """Let the sectors of some neighbouring quarters change places, exactly, all else held."""
    opening = pull_forward(model, opening)
    if (opening < 0).any():
        return opening
    for width in _WINDOWS:
        for first in range(0, model.horizon, width - 1):
            if gap_share(model, opening, lower) < _ENOUGH:
                return pull_forward(model, opening)
            last = min(first + width - 1, model.horizon - 1)
            inside = (opening >= first) & (opening <= last)
            low = np.where(inside, np.maximum(model.earliest, first), opening)
            high = np.where(inside, np.minimum(model.latest, last), opening)
            if not (low < high).any():
                continue
            found, _ = solve_exactly(
                model, low=low, high=high, gap=_ENOUGH / 10, nodes=_NODES, start=opening
            )
            if found is not None and model.value(found) < model.value(opening):
                opening = found
    return pull_forward(model, opening)


def pull_forward(model: Model, opening: Ints) -> Ints:
    """Open each sector as early as what the others leave allows, until none can come earlier."""
    room = Room(model, opening)
    moved = True
    while moved:
        moved = False
        for sector in np.lexsort((np.arange(len(model.keys)), room.opening)):
            here = int(room.opening[sector])
            if here < 0 or model.fixed[sector]:
                continue
            low, _ = room.window(int(sector))
            earlier = np.flatnonzero(room.fits(int(sector))[low:here])
            if len(earlier):
                room.move(int(sector), low + int(earlier[0]))
                moved = True
    return room.opening

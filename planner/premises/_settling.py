"""Buildings on spots of their own: to the decimetre, strictly inside their commune."""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.errors import RuleError
from planner.premises._buildings import Communes
from planner.premises._hashing import mix, uniform
from planner.premises._layout import Layout
from planner.texts import Message

__all__ = ["settle"]

_STREAM_MOVE: Final = 17
_MOVES: Final = 8
_MOVE_M: Final = 6.0
_PER_METRE: Final = 10  # coordinates are whole decimetres
_MOST_SPOTS: Final = 4_000_000

Ints = NDArray[np.int64]


def settle(
    communes: Communes, owner: Ints, rank: Ints, layout: Layout
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give each building a spot of its own, strictly inside its commune.

    Parameters
    ----------
    communes, layout
        The model, and where each building would stand.
    owner, rank
        Commune of each building and its position there; (buildings,).

    Returns
    -------
    tuple of arrays
        x and y in EPSG:2154, multiples of 0.1 m, (buildings,).

    Raises
    ------
    RuleError
        When a commune has no ground for its buildings.

    Notes
    -----
    A building outside its commune, or on another's spot, moves half of the way to its anchor, with
    some metres of noise, eight times at most; then any free spot of its commune will do.
    """
    x, y = _decimetres(layout.x_m), _decimetres(layout.y_m)
    outside = ~_inside(communes, owner, x, y)
    bad = np.flatnonzero(outside | _second_on_a_spot(communes, owner, x, y, outside))
    for move in range(1, _MOVES + 1):
        if bad.size == 0:
            break
        way = 0.5**move
        keys, ranks = communes.keys[owner[bad]], rank[bad] * (2 * _MOVES) + 2 * move
        for k, (spot, wish, anchor) in enumerate(
            ((x, layout.x_m, layout.anchor_x_m), (y, layout.y_m, layout.anchor_y_m))
        ):
            noise = (uniform(keys, _STREAM_MOVE, ranks + k) - 0.5) * _MOVE_M * move
            spot[bad] = _decimetres(anchor[bad] + (wish[bad] - anchor[bad]) * way + noise)
        outside[bad] = ~_inside(communes, owner[bad], x[bad], y[bad])
        bad = np.flatnonzero(outside | _second_on_a_spot(communes, owner, x, y, outside))
    for commune in np.unique(owner[bad]):
        rows = bad[owner[bad] == commune]
        others = np.setdiff1d(np.flatnonzero(owner == commune), rows)
        taken = set(zip(x[others].tolist(), y[others].tolist(), strict=True))
        x[rows], y[rows] = _free_spots(communes, int(commune), len(rows), taken)
    return x / _PER_METRE, y / _PER_METRE


def _decimetres(metres: NDArray[np.float64]) -> Ints:
    return np.rint(metres * _PER_METRE).astype(np.int64)


def _inside(communes: Communes, owner: Ints, x: Ints, y: Ints) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = shapely.contains_xy(
        communes.shapes[owner], x / _PER_METRE, y / _PER_METRE
    )
    return inside


def _second_on_a_spot(
    communes: Communes, owner: Ints, x: Ints, y: Ints, outside: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell which buildings stand on the spot of an earlier one of their commune.

    Spots are compared by a 64-bit hash: two spots of one hash would only move a building for
    nothing, and two buildings on one spot are always seen.
    """
    spots = mix(mix(x.astype(np.uint64)) + y.astype(np.uint64)) ^ communes.keys[owner]
    second = np.zeros(len(spots), dtype=bool)
    ordered = np.sort(spots)
    shared = ordered[1:][ordered[1:] == ordered[:-1]]
    if shared.size:
        rows = np.flatnonzero(np.isin(spots, shared) & ~outside)
        first = np.unique(spots[rows], return_index=True)[1]
        second[rows] = True
        second[rows[first]] = False
    return second


def _free_spots(
    communes: Communes, commune: int, number: int, taken: set[tuple[int, int]]
) -> tuple[Ints, Ints]:
    """Find free spots on a grid over the commune, finer and finer, evenly among those found."""
    low = np.floor(communes.bounds_m[commune, :2] * _PER_METRE).astype(np.int64)
    high = np.ceil(communes.bounds_m[commune, 2:] * _PER_METRE).astype(np.int64)
    width, height = (int(span) for span in high - low + 1)
    step = max(int((width * height / (8 * (number + len(taken)))) ** 0.5), 1)
    while (width // step + 1) * (height // step + 1) <= _MOST_SPOTS:
        columns, rows = np.arange(low[0], high[0] + 1, step), np.arange(low[1], high[1] + 1, step)
        x, y = np.repeat(columns, len(rows)), np.tile(rows, len(columns))
        kept = _inside(communes, np.full(len(x), commune), x, y)
        kept[kept] = [
            spot not in taken for spot in zip(x[kept].tolist(), y[kept].tolist(), strict=True)
        ]
        free = np.flatnonzero(kept)
        if len(free) >= number:
            chosen = free[np.arange(number) * len(free) // number]
            return x[chosen], y[chosen]
        if step == 1:
            break
        step = max(step // 2, 1)
    values = {"place": communes.insee[commune], "count": int(communes.counts[commune])}
    raise RuleError(
        Message.of("premises.no_room", area=float(communes.area_m2[commune]), **values),
        Message.of("premises.no_room_remedy", **values),
    )

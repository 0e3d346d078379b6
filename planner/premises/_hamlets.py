"""Where the houses outside the bourg stand: hamlets and lone farms over the whole commune."""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.premises._bourg import Blocks, Floats, Frames, Ints, Places, direction, which_inside
from planner.premises._buildings import Communes, Groups, positions_in_groups
from planner.premises._hashing import uniform
from planner.premises._rules import GeneratorRules

__all__ = ["choose_spots", "place_in_hamlets"]

_STREAM_SPOT: Final = 10
_STREAM_SPOT_ORDER: Final = 12
_STREAM_ROAD: Final = 13
_STREAM_ALONG: Final = 14
_STREAM_ACROSS: Final = 15
_STREAM_STREET: Final = 18

_SPOTS: Final = (1.8, 4.0)  # places looked at for each hamlet, and beside them
_SPOT_MARGIN: Final = 0.1  # a place keeps off the sides of its cell by this share of it
_BOURG_SQUARE: Final = 1.4  # in a full disc, half the radius squared is the mean square distance
_LOT_WOBBLE: Final = 0.7
_SETBACK: Final = (0.5, 1.2)  # least, and range, of a house's distance from its road
_STREETS_APART: Final = 2.5  # how far the streets of a large hamlet spread, in houses
_MOST_STREETS: Final = 1 << 20


def choose_spots(
    communes: Communes, groups: Groups, frames: Frames, blocks: Blocks
) -> tuple[Floats, Floats]:
    """Find a place for each hamlet: scattered evenly over the commune, outside the bourg."""
    wanted = np.bincount(groups.hamlet_owner, minlength=len(communes))
    asked = np.flatnonzero(wanted)
    step = np.sqrt(communes.area_m2[asked] / (_SPOTS[0] * wanted[asked] + _SPOTS[1]))
    low, high = communes.bounds_m[asked, :2], communes.bounds_m[asked, 2:]
    columns, rows = (np.ceil((high - low) / step[:, None]).astype(np.int64)).T
    cells = columns * rows
    index = np.repeat(np.arange(len(asked)), cells)
    owner, position = asked[index], positions_in_groups(cells)
    noise = [uniform(communes.keys[owner], _STREAM_SPOT, 2 * position + k) for k in (0, 1)]
    size = step[index]
    x = (
        low[index, 0]
        + (position % columns[index] + _SPOT_MARGIN + (1 - 2 * _SPOT_MARGIN) * noise[0]) * size
    )
    y = (
        low[index, 1]
        + (position // columns[index] + _SPOT_MARGIN + (1 - 2 * _SPOT_MARGIN) * noise[1]) * size
    )
    kept = np.flatnonzero(which_inside(communes, owner, x, y))
    owner, x, y, position = owner[kept], x[kept], y[kept], position[kept]
    in_bourg = _in_bourg(frames, blocks, owner, x, y)
    order = np.lexsort(
        (uniform(communes.keys[owner], _STREAM_SPOT_ORDER, position) + in_bourg, owner)
    )
    x, y = x[order], y[order]
    have = np.bincount(owner, minlength=len(communes))
    rank = positions_in_groups(wanted) % np.maximum(have[groups.hamlet_owner], 1)
    row = (np.cumsum(have) - have)[groups.hamlet_owner] + rank
    homeless = have[groups.hamlet_owner] == 0
    points = shapely.point_on_surface(communes.shapes)
    far = np.minimum(row, max(len(x) - 1, 0))
    own_x, own_y = shapely.get_x(points), shapely.get_y(points)
    if len(x) == 0:
        return own_x[groups.hamlet_owner], own_y[groups.hamlet_owner]
    return (
        np.where(homeless, own_x[groups.hamlet_owner], x[far]),
        np.where(homeless, own_y[groups.hamlet_owner], y[far]),
    )


def _in_bourg(
    frames: Frames, blocks: Blocks, owner: Ints, x: Floats, y: Floats
) -> NDArray[np.bool_]:
    """Tell which points lie where the blocks of the bourg are, by their mean square distance."""
    east, north = frames.to_map(blocks.owner, blocks.x, blocks.y)
    east -= frames.x_m[blocks.owner]
    north -= frames.y_m[blocks.owner]
    communes = len(frames.x_m)
    number = np.maximum(np.bincount(blocks.owner, minlength=communes), 1)
    square = east * east + north * north
    mean = np.bincount(blocks.owner, weights=square, minlength=communes) / number
    dx, dy = x - frames.x_m[owner], y - frames.y_m[owner]
    near: NDArray[np.bool_] = dx * dx + dy * dy < _BOURG_SQUARE * mean[owner]
    return near


def place_in_hamlets(
    communes: Communes, groups: Groups, spots: tuple[Floats, Floats], rules: GeneratorRules
) -> Places:
    """Line the houses of each hamlet along its road, or two crossing ones when it is large."""
    houses = groups.hamlet_houses
    hamlet = np.repeat(np.arange(len(houses)), houses)
    owner = groups.hamlet_owner[hamlet]
    q = positions_in_groups(houses)
    hamlet_counts = np.bincount(groups.hamlet_owner, minlength=len(communes))
    house_counts = np.bincount(owner, minlength=len(communes))
    nth_hamlet, nth = positions_in_groups(hamlet_counts), positions_in_groups(house_counts)
    turn = uniform(communes.keys[groups.hamlet_owner], _STREAM_ROAD, nth_hamlet)
    road_x, road_y = direction(turn)
    streets = -(-houses // rules.hamlet_street)
    street, q = q % streets[hamlet], q // streets[hamlet]
    lot, lots = q // 2, (houses[hamlet] // streets[hamlet] + 1) // 2
    keys = communes.keys[owner]
    wobble = uniform(keys, _STREAM_ALONG, nth) - 0.5
    along = (lot - (lots - 1) / 2.0 + _LOT_WOBBLE * wobble) * rules.hamlet_spacing_m
    across = rules.hamlet_setback_m * (
        _SETBACK[0] + _SETBACK[1] * uniform(keys, _STREAM_ACROSS, nth)
    )
    across *= 1 - 2 * (q % 2)
    turned = street % 2 == 1
    rx = np.where(turned, -road_y[hamlet], road_x[hamlet])
    ry = np.where(turned, road_x[hamlet], road_y[hamlet])
    anchor_x, anchor_y = spots[0][hamlet], spots[1][hamlet]
    shift = np.where(
        street == 0, 0.0, rules.hamlet_spacing_m * _STREETS_APART * np.sqrt(streets[hamlet])
    )
    key = communes.keys[owner]
    counter = nth_hamlet[hamlet] * _MOST_STREETS + 2 * street
    along += shift * (2.0 * uniform(key, _STREAM_STREET, counter) - 1.0)
    across += shift * (2.0 * uniform(key, _STREAM_STREET, counter + 1) - 1.0)
    x = anchor_x + along * rx - across * ry
    y = anchor_y + along * ry + across * rx
    return x, y, anchor_x, anchor_y

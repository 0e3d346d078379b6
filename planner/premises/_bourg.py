"""Where the buildings of each bourg stand: blocks around it, ribbons along its roads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.premises._buildings import Communes, Groups, positions_in_groups
from planner.premises._hashing import uniform
from planner.premises._rules import GeneratorRules, read_table

__all__ = [
    "Blocks",
    "Floats",
    "Frames",
    "Ints",
    "Places",
    "choose_blocks",
    "count_blocks",
    "direction",
    "make_frames",
    "place_in_blocks",
    "which_inside",
]

_STREAM_ROADS: Final = 3
_STREAM_BEND: Final = 4
_STREAM_QUARTER: Final = 5
_STREAM_BLOCK: Final = 6
_STREAM_TURN: Final = 7
_STREAM_HOUSE_ALONG: Final = 8
_STREAM_HOUSE_ACROSS: Final = 9
_STREAM_ANGLE: Final = 16

_ROUNDS: Final = 8  # each looks at four times the ground of the one before
_CELL: Final = 1 << 20  # larger than any number of blocks on a side
# How far a block seems to be, squared, is its distance times a noise: of its quarter, 3 blocks on a
# side, and of its own.  Together they fray the edge of a town without opening its middle.
_NOISE_LEAST: Final = 0.35
_NOISE_QUARTER: Final = 0.9
_NOISE_BLOCK: Final = 0.4
_NOISE_ROAD: Final = 1.3
_QUARTER: Final = 3
_OPEN: Final = 8.0
_ROAD_WIDTH: Final = 0.75  # ground on either side of a road that its own blocks take, in blocks
_TURNED_SHARE: Final = 0.35  # blocks whose street runs across the others
_EVEN_TURN: Final = (
    0.2  # roads leave the bourg in sectors of their own, of which this is the margin
)
_LOT_WOBBLE: Final = 0.5
_SETBACK: Final = (0.75, 0.6)  # least, and range, of a house's distance from its street

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Places: TypeAlias = tuple[Floats, Floats, Floats, Floats]
"""x, y, and x, y of the anchor, in EPSG:2154, m."""


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """Blocks of the bourgs, sorted by commune and distance, in the frame of each bourg.

    ``x``, ``y`` the middle in m, ``turn_x``, ``turn_y`` the direction of its street.
    """

    owner: Ints
    x: Floats
    y: Floats
    turn_x: Floats
    turn_y: Floats


@dataclass(frozen=True, kw_only=True)
class Frames:
    """The frame of each bourg: its middle, axis, bend and radius; shape (communes,)."""

    x_m: Floats
    y_m: Floats
    axis_x: Floats
    axis_y: Floats
    bend_x: Floats
    bend_y: Floats
    side_m: Floats

    def to_map(self, owner: Ints, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Bend, turn and move points from the frames of their bourgs onto the map.

        Each of the two bends is a shear, so that no two points meet and areas stay.
        """
        u = x + self.bend_x[owner] * (y * y)
        v = y + self.bend_y[owner] * (u * u)
        axis_x, axis_y = self.axis_x[owner], self.axis_y[owner]
        east = self.x_m[owner] + (u * axis_x - v * axis_y)
        north = self.y_m[owner] + (u * axis_y + v * axis_x)
        return east, north


def direction(turn: Floats) -> tuple[Floats, Floats]:
    """Turn a number in [0, 1) into a unit vector; only exact operations, no trigonometry."""
    quarter = turn * 4.0
    x = np.abs(quarter - 2.0) - 1.0
    half_way = quarter < 2.0  # noqa: PLR2004 (two quarters)
    y = np.where(half_way, 1.0 - np.abs(x), np.abs(x) - 1.0)
    length = np.sqrt(x * x + y * y)
    return x / length, y / length


def which_inside(communes: Communes, owner: Ints, x: Floats, y: Floats) -> NDArray[np.bool_]:
    """Tell which points lie inside the commune that owns them."""
    result: NDArray[np.bool_] = shapely.contains_xy(communes.shapes[owner], x, y)
    return result


def count_blocks(town_counts: Ints, rules: GeneratorRules) -> Ints:
    """Count the blocks that each bourg needs for its buildings."""
    each = read_table(rules.block_buildings, town_counts.astype(np.float64))
    return np.ceil(town_counts / each).astype(np.int64)


def make_frames(communes: Communes, needed: Ints, rules: GeneratorRules) -> Frames:
    """Lay a frame on each bourg, its blocks as large as its commune allows."""
    zero = np.zeros(len(communes), dtype=np.int64)
    axis_x, axis_y = direction(uniform(communes.keys, _STREAM_ANGLE, zero))
    # blocks shrink where the commune is too small for them, so that half of it holds the bourg
    side = np.minimum(rules.block_m, np.sqrt(communes.area_m2 / (2.0 * np.maximum(needed, 1))))
    radius = np.sqrt(np.maximum(needed, 1) / 3.0) * side
    bends = [
        (2.0 * uniform(communes.keys, _STREAM_BEND, zero + k) - 1.0) * rules.bend / radius
        for k in (0, 1)
    ]
    return Frames(
        x_m=communes.bourg_m[:, 0], y_m=communes.bourg_m[:, 1], axis_x=axis_x, axis_y=axis_y,
        bend_x=bends[0], bend_y=bends[1], side_m=side,
    )  # fmt: skip


def choose_blocks(
    communes: Communes, frames: Frames, needed: Ints, rules: GeneratorRules
) -> Blocks:
    """Choose the blocks of each bourg, nearest first, within its commune.

    A bourg that finds too little ground (by the sea, at a border) looks further away, by itself.
    """
    found: list[Blocks] = []
    left = np.flatnonzero(needed > 0)
    reach = np.ceil(np.sqrt(needed) * 1.1).astype(np.int64) + 2
    widest = np.hypot(
        communes.bounds_m[:, 2] - communes.bounds_m[:, 0],
        communes.bounds_m[:, 3] - communes.bounds_m[:, 1],
    )
    for _ in range(_ROUNDS):
        if left.size == 0:
            break
        blocks, key = _candidates(communes, frames, left, reach[left], rules)
        chosen, have = _nearest(blocks, key, needed)
        whole = reach * frames.side_m > widest
        done = (have >= needed) | (whole & (have > 0))
        found.append(_rows(blocks, chosen[done[blocks.owner[chosen]]]))
        left = left[~done[left] & ~whole[left]]
        reach[left] *= 2
    return _with_points_for(communes, frames, needed, _joined(found))


def _candidates(
    communes: Communes, frames: Frames, asked: Ints, reach: Ints, rules: GeneratorRules
) -> tuple[Blocks, Floats]:
    """List the blocks of a square around each bourg and along its roads that lie in the commune."""
    side = 2 * reach + 1
    owner = np.repeat(asked, side * side)
    width = np.repeat(side, side * side)
    position = positions_in_groups(side * side)
    column, row = position % width - width // 2, position // width - width // 2
    roads = [_road(communes, asked, k, rules) for k in range(rules.road_count)]
    index = np.repeat(np.arange(len(asked)), side * side)
    on_road = np.zeros(len(owner), dtype=bool)
    for road_x, road_y in roads:
        rx, ry = road_x[index], road_y[index]
        ahead = column * rx + row * ry
        aside = np.abs(column * ry - row * rx)
        on_road |= (ahead > 0) & (aside < _ROAD_WIDTH)
    quarter = _quarter(communes, owner, column // _QUARTER, row // _QUARTER, _STREAM_QUARTER)
    block = _quarter(communes, owner, column, row, _STREAM_BLOCK)
    key = (column * column + row * row) * (
        _NOISE_LEAST + _NOISE_QUARTER * quarter + _NOISE_BLOCK * block
    )
    key[block < rules.open_share] *= _OPEN
    turned = _quarter(communes, owner, column, row, _STREAM_TURN) < _TURNED_SHARE
    scale = frames.side_m[owner]
    ground = Blocks(
        owner=owner, x=column * scale, y=row * scale,
        turn_x=np.where(turned, 0.0, 1.0), turn_y=np.where(turned, 1.0, 0.0),
    )  # fmt: skip
    ribbons, ribbon_key = _ribbons(communes, frames, asked, reach, rules)
    blocks = _joined([_rows(ground, np.flatnonzero(~on_road)), ribbons])
    key = np.concatenate([key[~on_road], ribbon_key])
    kept = np.flatnonzero(
        which_inside(communes, blocks.owner, *frames.to_map(blocks.owner, blocks.x, blocks.y))
    )
    return _rows(blocks, kept), key[kept]


def _ribbons(
    communes: Communes, frames: Frames, asked: Ints, reach: Ints, rules: GeneratorRules
) -> tuple[Blocks, Floats]:
    """List the blocks along the roads that leave each bourg."""
    parts, keys = [_joined([])], [np.empty(0)]
    far = (reach * rules.road_reach).astype(np.int64)
    along_owner = np.repeat(asked, far)
    step = positions_in_groups(far) + 1
    index = np.repeat(np.arange(len(asked)), far)
    for k in range(rules.road_count):
        road_x, road_y = _road(communes, asked, k, rules)
        rx, ry = road_x[index], road_y[index]
        distance = step * frames.side_m[along_owner]
        parts.append(
            Blocks(owner=along_owner, x=distance * rx, y=distance * ry, turn_x=rx, turn_y=ry)
        )
        noise = _quarter(communes, along_owner, step // 2, step * 0 + k, _STREAM_ROADS)
        keys.append(
            step
            * step
            * (_NOISE_LEAST + _NOISE_ROAD * noise)
            / (rules.road_reach * rules.road_reach)
        )
    return _joined(parts), np.concatenate(keys)


def _road(communes: Communes, asked: Ints, k: int, rules: GeneratorRules) -> tuple[Floats, Floats]:
    counter = np.full(len(asked), -1 - k, dtype=np.int64)
    noise = uniform(communes.keys[asked], _STREAM_ROADS, counter)
    return direction((k + _EVEN_TURN + (1 - 2 * _EVEN_TURN) * noise) / rules.road_count)


def _quarter(communes: Communes, owner: Ints, column: Ints, row: Ints, stream: int) -> Floats:
    return uniform(communes.keys[owner], stream, (column + _CELL) * (2 * _CELL) + row + _CELL)


def _nearest(blocks: Blocks, key: Floats, needed: Ints) -> tuple[NDArray[np.intp], Ints]:
    """Return the rows of the first blocks of each commune, and how many each could have."""
    order = np.lexsort((key, blocks.owner))
    have = np.bincount(blocks.owner, minlength=len(needed))
    rank = positions_in_groups(have)
    return order[rank < needed[blocks.owner[order]]], have


def _rows(blocks: Blocks, rows: NDArray[np.intp]) -> Blocks:
    return Blocks(
        owner=blocks.owner[rows], x=blocks.x[rows], y=blocks.y[rows],
        turn_x=blocks.turn_x[rows], turn_y=blocks.turn_y[rows],
    )  # fmt: skip


def _joined(parts: list[Blocks]) -> Blocks:
    if not parts:
        none = np.empty(0)
        return Blocks(owner=np.empty(0, dtype=np.int64), x=none, y=none, turn_x=none, turn_y=none)
    return Blocks(
        owner=np.concatenate([p.owner for p in parts]),
        x=np.concatenate([p.x for p in parts]), y=np.concatenate([p.y for p in parts]),
        turn_x=np.concatenate([p.turn_x for p in parts]),
        turn_y=np.concatenate([p.turn_y for p in parts]),
    )  # fmt: skip


def _with_points_for(communes: Communes, frames: Frames, needed: Ints, blocks: Blocks) -> Blocks:
    """Give a bourg that found no block at all one at a point of its commune, and sort by commune.

    The frame's bend is undone, so that the block comes back to that very point on the map.
    """
    without = np.flatnonzero((needed > 0) & (np.bincount(blocks.owner, minlength=len(needed)) == 0))
    if without.size:
        points = shapely.point_on_surface(communes.shapes[without])
        east = shapely.get_x(points) - frames.x_m[without]
        north = shapely.get_y(points) - frames.y_m[without]
        axis_x, axis_y = frames.axis_x[without], frames.axis_y[without]
        u, v = east * axis_x + north * axis_y, north * axis_x - east * axis_y
        y = v - frames.bend_y[without] * (u * u)
        x = u - frames.bend_x[without] * (y * y)
        one, zero = np.ones(len(x)), np.zeros(len(x))
        blocks = _joined([blocks, Blocks(owner=without, x=x, y=y, turn_x=one, turn_y=zero)])
    return _rows(blocks, np.argsort(blocks.owner, kind="stable"))


def place_in_blocks(
    communes: Communes, groups: Groups, frames: Frames, blocks: Blocks, rules: GeneratorRules
) -> Places:
    """Line the buildings of each bourg along the streets of its blocks, closer in the middle."""
    number = np.bincount(blocks.owner, minlength=len(communes))
    owner = np.repeat(np.arange(len(communes)), groups.town_counts)
    rank = positions_in_groups(groups.town_counts)
    # The inner half of the blocks holds 5/8 of the buildings: rank share s = 1.5 b - 0.5 b².
    share = (rank + 0.5) / groups.town_counts[owner]
    nth = np.floor(number[owner] * (1.5 - np.sqrt(2.25 - 2.0 * share))).astype(np.int64)
    block = (np.cumsum(number) - number)[owner] + np.clip(nth, 0, number[owner] - 1)
    held = np.bincount(block, minlength=len(blocks.owner))
    q = positions_in_groups(held)
    lots = (held[block] + 1) // 2
    side_m = frames.side_m[owner]
    lot_m = side_m / lots
    keys = communes.keys[owner]
    wobble = uniform(keys, _STREAM_HOUSE_ALONG, rank) - 0.5
    along = (q // 2 + 0.5 + _LOT_WOBBLE * wobble) * lot_m - side_m / 2.0
    setback = rules.street_setback_m * side_m / rules.block_m
    across = setback * (_SETBACK[0] + _SETBACK[1] * uniform(keys, _STREAM_HOUSE_ACROSS, rank))
    across *= 1 - 2 * (q % 2)
    turn_x, turn_y = blocks.turn_x[block], blocks.turn_y[block]
    x = blocks.x[block] + along * turn_x - across * turn_y
    y = blocks.y[block] + along * turn_y + across * turn_x
    anchors = frames.to_map(blocks.owner, blocks.x, blocks.y)
    return (*frames.to_map(owner, x, y), anchors[0][block], anchors[1][block])

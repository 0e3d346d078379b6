"""Points asked of a grid: labelled, or counted in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from planner._grid._layout import (
    DOUBTFUL,
    EDGE,
    HEAD,
    NEAR,
    OUTSIDE,
    Floats,
    Ints,
    inlined,
)
from planner.compiling import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner._grid import Grid

__all__ = ["count_points", "label_points", "points_jump"]

BATCH = 1024  # points that go together from one question to the next
SORTED = 2**18  # points sorted together: what is written meanwhile stays at hand
TILES = 512  # parts of the grid, at most, that points are sorted by
SAMPLE = 1024  # steps from one point to the next that tell in which order they come


@compiled
def label_points(
    grid: Grid, x: Floats, y: Floats, sort: bool, labels: Ints, doubtful: NDArray[np.int64]
) -> int:
    """Label points, list the positions of those in doubt, and return how many these are."""
    doubts = 0
    placed = np.empty((_together(len(x), sort), 3), np.int32)
    here = np.empty((BATCH, 3), np.int32)
    for start in range(0, len(x), len(placed)):
        count = min(len(placed), len(x) - start)
        _place(grid, x, y, start, count, sort, placed)
        for first in range(0, count, BATCH):
            end = min(first + BATCH, count)
            _answer(grid, placed, first, end, here)
            for k in range(end - first):
                at = start + np.int64(placed[first + k, 2])
                labels[at] = here[k, 0]
                doubtful[doubts] = at
                doubts += here[k, 0] == DOUBTFUL
    return doubts


@compiled
def count_points(
    grid: Grid,
    x: Floats,
    y: Floats,
    sort: bool,
    codes: NDArray[np.int16],
    table: NDArray[np.int64],
    doubtful: NDArray[np.int64],
) -> int:
    """Count points by label + 2 and code, without keeping their labels; those in doubt in row 0.

    List the positions of those in doubt, and return how many these are.
    """
    doubts = 0
    placed = np.empty((_together(len(x), sort), 3), np.int32)
    here = np.empty((BATCH, 3), np.int32)
    for start in range(0, len(x), len(placed)):
        count = min(len(placed), len(x) - start)
        _place(grid, x, y, start, count, sort, placed)
        for first in range(0, count, BATCH):
            end = min(first + BATCH, count)
            _answer(grid, placed, first, end, here)
            for k in range(end - first):
                at = np.uint64(start + np.int64(placed[first + k, 2]))
                table[np.uint64(here[k, 0] + 2), np.uint64(codes[at])] += 1
                doubtful[doubts] = at
                doubts += here[k, 0] == DOUBTFUL
    return doubts


@compiled
def points_jump(grid: Grid, x: Floats, y: Floats) -> bool:
    """Tell whether most points lie in another tile than the one before them."""
    tile_shift = _tiles(grid)[0]
    step = max((len(x) - 1) // SAMPLE, 1)
    jumps, pairs = 0, 0
    for k in range(0, len(x) - 1, step):
        ax, ay = _units(grid, x[k], y[k])
        bx, by = _units(grid, x[k + 1], y[k + 1])
        jumps += (ax >> tile_shift != bx >> tile_shift) | (ay >> tile_shift != by >> tile_shift)
        pairs += 1
    return 2 * jumps > pairs


@inlined
def _together(points: int, sort: bool) -> int:
    """Return how many points are placed before the first of them is answered."""
    return max(min(points, SORTED if sort else BATCH), 1)


@inlined
def _tiles(grid: Grid) -> tuple[int, int, int]:
    """Return the shift of tiles, how many there are in a row, and in all."""
    width = np.int64(grid.columns) << grid.shift
    height = np.int64(len(grid.coarse) // grid.columns) << grid.shift
    shift = np.int64(grid.shift)
    while ((width >> shift) + 1) * ((height >> shift) + 1) > TILES:
        shift += 1
    return shift, (width >> shift) + 1, ((width >> shift) + 1) * ((height >> shift) + 1)


@inlined
def _units(grid: Grid, x: float, y: float) -> tuple[int, int]:
    """Return a point in units; -1 for both where it lies outside the grid, or nowhere."""
    u = (x - grid.x0) * grid.scale
    v = (y - grid.y0) * grid.scale
    here = (u >= 0.0) & (u < grid.width) & (v >= 0.0) & (v < grid.height)  # nor where it is NaN
    px = 2 * np.int64(u if here else -1.0) + 1
    py = 2 * np.int64(v if here else -1.0) + 1
    return px, py


@inlined
def _place(
    grid: Grid, x: Floats, y: Floats, start: int, count: int, sort: bool, placed: Ints
) -> None:
    """Write down points in units and their positions after ``start``, perhaps sorted by tile."""
    if not sort:
        for k in range(count):
            px, py = _units(grid, x[start + k], y[start + k])
            placed[k, 0], placed[k, 1], placed[k, 2] = px, py, k
        return
    tile_shift, tile_columns, tile_count = _tiles(grid)
    ends = np.zeros(tile_count + 1, np.int32)
    tiles = np.empty(count, np.int16)
    for k in range(count):
        px, py = _units(grid, x[start + k], y[start + k])
        tile = max(py >> tile_shift, 0) * tile_columns + max(px >> tile_shift, 0)
        tiles[k] = tile
        ends[np.uint64(tile + 1)] += 1
    for tile in range(tile_count):
        ends[tile + 1] += ends[tile]
    for k in range(count):
        px, py = _units(grid, x[start + k], y[start + k])
        at = np.uint64(ends[np.uint64(tiles[k])])
        ends[np.uint64(tiles[k])] += 1
        placed[at, 0], placed[at, 1], placed[at, 2] = px, py, k


@inlined
def _answer(grid: Grid, placed: Ints, first: int, end: int, here: Ints) -> None:
    """Label a batch of points, in the first column of ``here``.

    They go together through each question (which coarse cell, which fine cell, which side of the
    edges): the answers lie far apart in memory, and are waited for side by side.  The other columns
    hold those for whom there is a next question, and how fine their cells are.
    """
    coarse, blocks, fine, records = grid.coarse, grid.blocks, grid.fine, grid.records
    shift, columns = np.int64(grid.shift), np.int64(grid.columns)
    inside = (np.int64(1) << shift) - 1
    left_count = 0
    for k in range(end - first):
        px, py = np.int64(placed[first + k, 0]), np.int64(placed[first + k, 1])
        cell = (py >> shift) * columns + (px >> shift)
        label = coarse[np.uint64(max(cell, 0))] if px >= 0 else OUTSIDE
        here[k, 0] = label
        here[left_count, 1] = k
        left_count += label < OUTSIDE
    near_count = 0
    for j in range(left_count):
        k = here[j, 1]
        px, py = np.int64(placed[first + k, 0]), np.int64(placed[first + k, 1])
        block = np.uint64(-2 - here[k, 0])
        small = np.int64(blocks[block, 1])
        row = (py & inside) >> small
        column = (px & inside) >> small
        label = fine[np.uint64(blocks[block, 0] + (row << (shift - small)) + column)]
        here[k, 0] = label
        here[near_count, 1] = k
        here[near_count, 2] = small
        near_count += label < OUTSIDE
    for j in range(near_count):
        k = here[j, 1]
        px, py = np.int64(placed[first + k, 0]), np.int64(placed[first + k, 1])
        here[k, 0] = _decide(records, -2 - here[k, 0], px, py, np.int64(here[j, 2]))


@inlined
def _decide(records: Ints, record: int, px: int, py: int, shift: int) -> int:
    """Return the label of a point in a cell near edges, or :data:`DOUBTFUL`."""
    row = np.uint64(record)
    edge_count = np.uint64(records[row])
    bits = np.int64(records[row + np.uint64(1)])
    qx = (px >> shift << shift) + (1 << shift - 1) - 1
    qy = (py >> shift << shift) + (1 << shift - 1) - 1
    doubt = edge_count == 0
    row += np.uint64(HEAD)
    for _ in range(edge_count):
        ax, ay = np.int64(records[row]), np.int64(records[row + np.uint64(1)])
        bx, by = np.int64(records[row + np.uint64(2)]), np.int64(records[row + np.uint64(3)])
        dx, dy = bx - ax, by - ay
        side = dx * (py - ay) - dy * (px - ax)
        doubt |= (
            (abs(side) <= NEAR * (abs(dx) + dy))
            & (ay - NEAR <= py)
            & (py <= by + NEAR)
            & (min(ax, bx) - NEAR <= px)
            & (px <= max(ax, bx) + NEAR)
        )
        # the walk from p to the centre q crosses the edge: each lies on both sides of the other
        apart = (side > 0) != (dx * (qy - ay) > dy * (qx - ax))
        from_a = (qx - px) * (ay - py) > (qy - py) * (ax - px)
        from_b = (qx - px) * (by - py) > (qy - py) * (bx - px)
        bits ^= np.int64(records[row + np.uint64(4)]) & -np.int64(apart & (from_a != from_b))
        row += np.uint64(EDGE)
    if doubt:
        return DOUBTFUL
    if bits == 0:
        return OUTSIDE
    while bits & 1 == 0:
        bits >>= 1
        row += np.uint64(1)
    return np.int64(records[row])

"""Compiled grid index of polygons: proves most answers, and says which it can't.

The vertices are snapped to integers, so that everything below is exact:

1. A coarse grid lists the edges near each cell. A cell without edges lies whole inside the same
   polygons. A cell with edges is a *block*, divided again, finer where edges are many.
2. Walking along grid lines from outside and toggling the polygons whose edges are crossed gives
   the polygons around the centre of every cell.
3. A point in a cell without edges takes the cell's answer. Elsewhere the edges crossed between the
   centre of the cell and the point toggle polygons once more.
4. Snapping displaces a point and an edge by less than :data:`NEAR` units from each other, so it can
   change the answer only of a point so near an edge: it is *doubtful* and left to the caller.

Vertices are even; points, centres and grid lines are odd. So a walk along a grid line never meets a
vertex; and where a slanted path from centre to point does, the two edges that share the vertex see
it on the same side, which keeps the parity of crossings.

Importing this module imports numba: do it only where points are many.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, TypeAlias, TypeVar, cast

import numba
import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Grid", "build_grid", "count_in_grid", "locate_in_grid"]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Floats: TypeAlias = "NDArray[np.float64]"
Ints: TypeAlias = "NDArray[np.int32]"
Floats: TypeAlias = "NDArray[np.float64]"
Ints: TypeAlias = "NDArray[np.int32]"

OUTSIDE = -1
DOUBTFUL = -2
UNIT_BITS = 30  # coordinates stay below 2^30: a product of two differences fits in 64 bits
NEAR = 4  # units: flooring to even or odd numbers displaces by at most 3, float rounding by < 1
REACH = NEAR + 2  # units around a cell where edges are listed: NEAR, and the rounding of floats
MAX_DEPTH = 6  # a block has at most 2^6 cells a side
MAX_CANDIDATES = 31  # polygons told apart in one cell, a bit of an int32 each
MAX_PROBES = 16  # steps in a hash table before giving up on finding the twin of an edge
MAX_COLUMNS = 2**17  # leaves 2^13 units or more to a coarse cell
MIN_COARSE_CELLS = 4096.0
HEAD = 2  # numbers of a record before its edges
EDGE = 5  # numbers of an edge in a record
POINTS_PER_FINE_CELL = 12.0
MIN_FINENESS = 0.25
MAX_FINENESS = 2.0
BATCH = 1024  # points that go together from one question to the next
COARSE_CELLS_PER_EDGE = 0.2  # measured: smaller slows queries, larger slows building
LISTED_PER_EDGE = 8  # coarse cells that list an edge, on average, at most


class Grid(NamedTuple):
    """Labels of cells, and the edges near the cells which have no single label.

    A label is the index of a polygon, or -1 for outside. A number below -1 points elsewhere:
    ``-2 - i`` to block ``i`` in ``coarse``, to the record that starts at ``i`` in ``fine``.
    """

    x0: float  # left of the grid, in the polygons' coordinates
    y0: float  # bottom of the grid
    scale: float  # pairs of units in one unit of the polygons' coordinates
    width: float  # of the grid, in pairs of units
    height: float
    shift: int  # a coarse cell is 2**shift units wide
    columns: int  # coarse cells in a row
    coarse: Ints  # (cells,) label or block, row by row from the bottom left
    blocks: Ints  # (blocks, 2): first fine cell, shift of its cells
    fine: Ints  # (cells,) label or record
    records: Ints  # what decides in each cell near edges, one after the other: _record_cell


def compiled(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a function, keeping its machine code on disk where a folder can be written."""
    try:
        fast = numba.njit(nogil=True, error_model="numpy", cache=True)(function)
    except RuntimeError:  # numba found no folder where it may write
        fast = numba.njit(nogil=True, error_model="numpy")(function)
    return cast("Callable[Parameters, Result]", fast)


def inlined(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a small function into its callers."""
    fast = numba.njit(nogil=True, error_model="numpy", forceinline=True)(function)
    return cast("Callable[Parameters, Result]", fast)


def build_grid(polygons: NDArray[np.object_], points: int) -> Grid | None:
    """Index polygons; return None where no grid of integers fits their coordinates.

    Parameters
    ----------
    polygons
        At least one valid and non-empty Polygon or MultiPolygon, in planar coordinates of any unit.
    points
        How many points will be asked, about: more are worth finer cells.
    """
    kind, coordinates, offsets = shapely.to_ragged_array(polygons, include_z=False)
    first_rings = offsets[1] if kind == shapely.GeometryType.POLYGON else offsets[1][offsets[2]]
    owners = np.repeat(np.arange(len(polygons), dtype=np.int32), np.diff(first_rings))
    edge_count = len(coordinates) - len(owners)
    x0, y0, x1, y1 = (float(bound) for bound in shapely.total_bounds(polygons))
    width, height = x1 - x0, y1 - y0
    cell = max(
        math.sqrt(width) * math.sqrt(height) / math.sqrt(_coarse_cells(edge_count)),
        max(width, height) / MAX_COLUMNS,
        float(shapely.length(polygons).sum()) / (LISTED_PER_EDGE * edge_count),
    )
    if not 0.0 < cell < math.inf:
        return None
    shift = UNIT_BITS - (int(max(width, height) / cell) + 1).bit_length()
    half = shift - 1
    scale = 2.0**half / cell
    if not scale < math.inf:
        return None
    columns = (int(width * scale) >> half) + 1
    rows = (int(height * scale) >> half) + 1
    edges, edge_owners = _snap_edges(
        np.ascontiguousarray(coordinates), offsets[0].astype(np.int64), owners, x0, y0, scale
    )
    fineness = _fineness(points, edge_count)
    tables = _label_cells(edges, edge_owners, len(polygons), shift, columns, rows, fineness)
    size = (float(columns << half), float(rows << half))
    return Grid(x0, y0, scale, *size, shift, columns, *tables)


def locate_in_grid(grid: Grid, x: Floats, y: Floats) -> tuple[Ints, NDArray[np.int64]]:
    """Return the label of each point, and the positions of those left in doubt."""
    labels = np.empty(len(x), np.int32)
    doubtful = np.empty(len(x), np.int64)
    doubts = _locate(grid, x, y, labels, doubtful, 0)
    return labels, doubtful[:doubts].copy()


def count_in_grid(
    grid: Grid, x: Floats, y: Floats, codes: NDArray[np.int16], polygon_count: int, code_count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the points by polygon and code, and return the positions of those left in doubt.

    Returns
    -------
    array of int64, shape (polygons + 1, codes)
        The last row counts the points outside.
    array of int64
        Points in doubt, which aren't counted.
    """
    table = np.zeros((polygon_count + 2, code_count), np.int64)
    doubtful = np.empty(len(x), np.int64)
    doubts = _count(grid, x, y, codes, table, doubtful)
    return np.roll(table[1:], -1, axis=0), doubtful[:doubts].copy()


def _coarse_cells(edge_count: int) -> float:
    return max(MIN_COARSE_CELLS, COARSE_CELLS_PER_EDGE * edge_count)


def _fineness(points: int, edge_count: int) -> float:
    """Return how many fine cells an edge is worth (measured: where building pays for itself)."""
    return min(max(points / (POINTS_PER_FINE_CELL * edge_count), MIN_FINENESS), MAX_FINENESS)


@compiled
def _snap_edges(
    coordinates: Floats,
    ring_starts: NDArray[np.int64],
    ring_owners: Ints,
    x0: float,
    y0: float,
    scale: float,
) -> tuple[Ints, Ints]:
    """Return the edges as ax, ay, bx, by in units, and the polygon of each."""
    edges = np.empty((len(coordinates) - len(ring_owners), 4), np.int32)
    owners = np.empty(len(edges), np.int32)
    e = 0
    for ring in range(len(ring_owners)):
        vertex = ring_starts[ring]
        bx = 2 * int((coordinates[vertex, 0] - x0) * scale)
        by = 2 * int((coordinates[vertex, 1] - y0) * scale)
        for vertex in range(ring_starts[ring] + 1, ring_starts[ring + 1]):
            ax, ay = bx, by
            bx = 2 * int((coordinates[vertex, 0] - x0) * scale)
            by = 2 * int((coordinates[vertex, 1] - y0) * scale)
            # upward, so that the two copies of a shared edge are the same four numbers
            if ay < by or (ay == by and ax <= bx):
                edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3] = ax, ay, bx, by
            else:
                edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3] = bx, by, ax, ay
            owners[e] = ring_owners[ring]
            e += 1
    return edges, owners


@compiled
def _list_edges(
    edges: Ints, left: int, bottom: int, shift: int, columns: int, rows: int
) -> tuple[Ints, Ints]:
    """Return where each cell's list of edges starts, and the lists one after the other."""
    starts = np.zeros(rows * columns + 1, np.int32)
    only = np.empty(len(edges), np.int32)
    _visit_cells(edges, left, bottom, shift, columns, rows, starts, starts, only, False)
    total = 0
    for cell in range(len(starts)):
        total += starts[cell]
        starts[cell] = total
    listed = np.empty(total, np.int32)
    _visit_cells(edges, left, bottom, shift, columns, rows, starts, listed, only, True)
    return starts, listed


@compiled
def _visit_cells(
    edges: Ints,
    left: int,
    bottom: int,
    shift: int,
    columns: int,
    rows: int,
    ends: Ints,
    listed: Ints,
    only: Ints,
    fill: bool,
) -> None:
    """Count the edges of each cell; or fill the lists from their ends, which become starts.

    Most edges lie in one cell: it is kept in ``only`` when counted, so that filling finds it there.
    """
    for e in range(len(edges)):
        if fill and only[e] != OUTSIDE:
            ends[only[e]] -= 1
            listed[ends[only[e]]] = e
            continue
        ax = np.int64(edges[e, 0]) - left
        ay = np.int64(edges[e, 1]) - bottom
        bx = np.int64(edges[e, 2]) - left
        by = np.int64(edges[e, 3]) - bottom
        first_row = (ay - REACH) >> shift
        last_row = (by + REACH) >> shift
        several = last_row > first_row and by > ay
        visited, seen = 0, OUTSIDE
        slope = (bx - ax) / (by - ay) if several else 0.0
        for row in range(max(first_row, 0), min(last_row, rows - 1) + 1):
            x1, x2 = ax, bx
            if several:
                x1 = ax + int(slope * (max((row << shift) - REACH, ay) - ay))
                x2 = ax + int(slope * (min(((row + 1) << shift) + REACH, by) - ay))
            first = max((min(x1, x2) - REACH) >> shift, 0)
            last = min((max(x1, x2) + REACH) >> shift, columns - 1)
            for cell in range(row * columns + first, row * columns + last + 1):
                if fill:
                    ends[cell] -= 1
                    listed[ends[cell]] = e
                else:
                    ends[cell] += 1
                    visited += 1
                    seen = cell
        if not fill:
            only[e] = seen if visited == 1 else OUTSIDE


@compiled
def _pair_edges(edges: Ints, owners: Ints, members: Ints) -> tuple[Ints, Ints]:
    """Return the edges of a block and their owners, the two copies of a shared edge as one."""
    near = np.empty((len(members), 4), np.int32)
    near_owners = np.full((len(members), 2), OUTSIDE, np.int32)
    slots = 4
    while slots < 2 * len(members):
        slots *= 2
    table = np.full(slots, OUTSIDE, np.int32)
    count = 0
    for e in members:
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        slot, twin = _find_twin(ax, ay, bx, by, near, near_owners, table)
        if twin != OUTSIDE:
            near_owners[twin, 1] = owners[e]
            continue
        if table[slot] == OUTSIDE:
            table[slot] = count
        near[count, 0], near[count, 1], near[count, 2], near[count, 3] = ax, ay, bx, by
        near_owners[count, 0] = owners[e]
        count += 1
    return near[:count], near_owners[:count]


@inlined
def _find_twin(
    ax: int, ay: int, bx: int, by: int, near: Ints, near_owners: Ints, table: Ints
) -> tuple[int, int]:
    """Return a slot of the table, and the edge in it which is this one with one owner, if any."""
    mixed = np.int64(ax) * 73856093 ^ np.int64(ay) * 19349663
    mixed ^= np.int64(bx) * 83492791 ^ np.int64(by) * 50331653
    slot = (mixed ^ mixed >> 17) & (len(table) - 1)
    for _ in range(MAX_PROBES):
        k = table[slot]
        if k == OUTSIDE:
            break
        if (
            near[k, 0] == ax
            and near[k, 1] == ay
            and near[k, 2] == bx
            and near[k, 3] == by
            and near_owners[k, 1] == OUTSIDE
        ):
            return slot, k
        slot = (slot + 1) & (len(table) - 1)
    return slot, OUTSIDE


@inlined
def _walk_right(
    edges: Ints,
    owners: Ints,
    listed: Ints,
    first: int,
    end: int,
    px: int,
    qx: int,
    y: int,
    around: Ints,
) -> None:
    """Change the set of polygons around (px, y) to those around (qx, y), further right.

    A set of polygons is an array: their count, then themselves in any order.
    """
    for k in range(first, end):
        e = listed[k]
        ay, by = np.int64(edges[e, 1]), np.int64(edges[e, 3])
        if by <= y or ay > y:
            continue
        ax, bx = np.int64(edges[e, 0]), np.int64(edges[e, 2])
        dx, dy = bx - ax, by - ay
        rise = dx * (y - ay) + dy * ax
        if (rise > dy * px) != (rise > dy * qx):
            _toggle_owners(owners, e, around)


@inlined
def _walk_up(
    edges: Ints,
    owners: Ints,
    listed: Ints,
    first: int,
    end: int,
    x: int,
    py: int,
    qy: int,
    around: Ints,
) -> None:
    """Change the set of polygons around (x, py) to those around (x, qy), further up.

    As everywhere, a point on an edge counts as right of it, the edge taken upward.
    """
    for k in range(first, end):
        e = listed[k]
        ax, bx = np.int64(edges[e, 0]), np.int64(edges[e, 2])
        if (ax < x) == (bx < x):
            continue
        ay, by = np.int64(edges[e, 1]), np.int64(edges[e, 3])
        if by < py or ay > qy:
            continue
        dx, dy = bx - ax, by - ay
        rise = dy * (x - ax) + dx * ay
        if (dx * py > rise) != (dx * qy > rise):
            _toggle_owners(owners, e, around)


@inlined
def _toggle_owners(owners: Ints, e: int, around: Ints) -> None:
    _toggle(around, owners[e, 0])
    if owners[e, 1] != OUTSIDE:
        _toggle(around, owners[e, 1])


@inlined
def _toggle(around: Ints, polygon: int) -> None:
    count = around[0]
    k = _find(around, 1, count + 1, polygon)
    if k <= count:
        around[k] = around[count]
        around[0] -= 1
    else:
        around[k] = polygon
        around[0] += 1


@inlined
def _find(values: Ints, first: int, end: int, value: int) -> int:
    for k in range(first, end):
        if values[k] == value:
            return k
    return end


@inlined
def _lowest(around: Ints) -> int:
    lowest = OUTSIDE
    for k in range(1, around[0] + 1):
        if lowest == OUTSIDE or around[k] < lowest:
            lowest = around[k]
    return lowest


@inlined
def _copy_set(source: Ints, target: Ints) -> None:
    for k in range(source[0] + 1):
        target[k] = source[k]


@compiled
def _grown(table: Ints, length: int) -> Ints:
    if length <= len(table):
        return table
    longer = np.empty((2 * length, *table.shape[1:]), table.dtype)
    longer[: len(table)] = table
    return longer


@inlined
def _depth(edge_count: int, fineness: float) -> int:
    """Return how many times to halve a block: twice with four edges, once more each four times."""
    depth = 1
    while depth < MAX_DEPTH and (1 << 2 * depth) < edge_count * fineness:
        depth += 1
    return depth


@compiled
def _label_cells(
    edges: Ints,
    owners: Ints,
    polygon_count: int,
    shift: int,
    columns: int,
    rows: int,
    fineness: float,
) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the tables of a :class:`Grid`."""
    starts, listed = _list_edges(edges, 0, 0, shift, columns, rows)
    block_count = 0
    fine_count = 0
    guess = 64
    most = 0
    for cell in range(rows * columns):
        count = starts[cell + 1] - starts[cell]
        if count > 0:
            block_count += 1
            fine_count += 1 << 2 * _depth(count, fineness)
            guess += count << _depth(count, fineness)
            most = max(most, count)
    coarse = np.empty(rows * columns, np.int32)
    blocks = np.empty((block_count, 2), np.int32)
    fine = np.empty(fine_count, np.int32)
    records = np.empty(2 * guess, np.int32)
    used = 0
    around = np.zeros(polygon_count + 1, np.int32)
    at_left = np.zeros(polygon_count + 1, np.int32)
    here = np.zeros(polygon_count + 1, np.int32)
    every = np.arange(most, dtype=np.int32)
    block = 0
    base = 0
    for row in range(rows):
        bottom = row << shift
        around[0] = 0
        label = OUTSIDE
        for column in range(columns):
            left = column << shift
            cell = row * columns + column
            count = starts[cell + 1] - starts[cell]
            if count == 0:
                coarse[cell] = label
                continue
            coarse[cell] = -2 - block
            depth = _depth(count, fineness)
            blocks[block, 0] = base
            blocks[block, 1] = shift - depth
            end = base + (1 << 2 * depth)
            near, near_owners = _pair_edges(edges, owners, listed[starts[cell] : starts[cell + 1]])
            near_starts, near_listed = _list_edges(
                near, left, bottom, shift - depth, 1 << depth, 1 << depth
            )
            room = HEAD * len(near_starts) + (EDGE + 2) * len(near_listed) + len(near_starts)
            records = _grown(records, used + room)
            used = _label_block(
                near,
                near_owners,
                near_starts,
                near_listed,
                left,
                bottom,
                shift - depth,
                1 << depth,
                around,
                at_left,
                here,
                fine[base:end],
                records,
                used,
            )
            _walk_right(
                near,
                near_owners,
                every,
                0,
                len(near),
                left - 1,
                left - 1 + (1 << shift),
                bottom - 1,
                around,
            )
            label = _lowest(around)
            block += 1
            base = end
    return coarse, blocks, fine, records[:used]


@compiled
def _label_block(
    edges: Ints,
    owners: Ints,
    starts: Ints,
    listed: Ints,
    left: int,
    bottom: int,
    shift: int,
    side: int,
    around: Ints,
    at_left: Ints,
    here: Ints,
    fine: Ints,
    records: Ints,
    used: int,
) -> int:
    """Label the cells of a block, from the polygons around its lower left corner.

    The sets ``at_left`` and ``here`` are room to work in.  Return the end of the records.
    """
    size = 1 << shift
    half = size // 2  # even, so that the centre is odd
    _copy_set(around, at_left)
    for row in range(side):
        y = bottom + row * size - 1
        x = left - 1
        first, end = starts[row * side], starts[row * side + 1]
        _walk_up(edges, owners, listed, first, end, x, y, y + half, at_left)
        _copy_set(at_left, here)
        label = _lowest(here)
        for cell in range(row * side, (row + 1) * side):
            if starts[cell] == starts[cell + 1]:
                fine[cell] = label
            else:
                near, stop = starts[cell], starts[cell + 1]
                _walk_right(edges, owners, listed, near, stop, x, x + half, y + half, here)
                fine[cell] = -2 - used
                used = _record_cell(edges, owners, listed, near, stop, here, records, used)
                _walk_right(edges, owners, listed, near, stop, x + half, x + size, y + half, here)
                label = _lowest(here)
            x += size
        _walk_up(edges, owners, listed, first, end, left - 1, y + half, y + size, at_left)
    return used


@inlined
def _record_cell(
    edges: Ints,
    owners: Ints,
    listed: Ints,
    near: int,
    stop: int,
    around: Ints,
    records: Ints,
    used: int,
) -> int:
    """Write down what decides about the points of a cell near edges; return where it ends.

    A record is the count of its edges, the bits at the centre of the cell, five numbers for each
    edge (ax, ay, bx, by, bits of the polygons that it bounds), then the candidates: the owners of
    these edges, and the lowest of the polygons that cover the whole cell.  Where they are too many
    there is no edge, and every point is doubtful.
    """
    first = used + HEAD + (stop - near) * EDGE
    end = _list_candidates(owners, listed, near, stop, around, records, first)
    records[used] = stop - near if end > first else 0
    row = used + HEAD
    for j in range(near, stop if end > first else near):
        e = listed[j]
        records[row], records[row + 1] = edges[e, 0], edges[e, 1]
        records[row + 2], records[row + 3] = edges[e, 2], edges[e, 3]
        bits = 1 << _find(records, first, end, owners[e, 0]) - first
        if owners[e, 1] != OUTSIDE:
            bits ^= 1 << _find(records, first, end, owners[e, 1]) - first
        records[row + 4] = bits
        row += EDGE
    bits = 0
    for k in range(end - first):
        if _find(around, 1, around[0] + 1, records[first + k]) <= around[0]:
            bits |= 1 << k
    records[used + 1] = bits
    return end


@inlined
def _list_candidates(
    owners: Ints, listed: Ints, near: int, stop: int, around: Ints, candidates: Ints, first: int
) -> int:
    """List the candidates of a cell in order; return the end, which is the start if too many."""
    end = first
    cover = OUTSIDE
    for j in range(near, stop):
        e = listed[j]
        if end - first < MAX_CANDIDATES:
            end = _insert(candidates, first, end, owners[e, 0])
            if owners[e, 1] != OUTSIDE:
                end = _insert(candidates, first, end, owners[e, 1])
    for k in range(1, around[0] + 1):
        lower = cover == OUTSIDE or around[k] < cover
        if lower and _find(candidates, first, end, around[k]) == end:
            cover = around[k]
    if cover != OUTSIDE:
        end = _insert(candidates, first, end, cover)
    return end if end - first < MAX_CANDIDATES else first


@inlined
def _insert(ordered: Ints, first: int, end: int, value: int) -> int:
    """Insert a value in an ordered list unless it is there; return the end of the list."""
    place = end
    while place > first and ordered[place - 1] > value:
        place -= 1
    if place > first and ordered[place - 1] == value:
        return end
    for k in range(end, place, -1):
        ordered[k] = ordered[k - 1]
    ordered[place] = value
    return end + 1


@compiled
def _locate(
    grid: Grid, x: Floats, y: Floats, labels: Ints, doubtful: NDArray[np.int64], offset: int
) -> int:
    """Label points, list those in doubt from ``offset``, and return how many these are.

    A batch goes together through each question (which coarse cell, which fine cell, which side of
    the edges): their answers lie far apart in memory, and are waited for side by side.
    """
    doubts = 0
    coarse, blocks, fine, records = grid.coarse, grid.blocks, grid.fine, grid.records
    shift, columns = np.int64(grid.shift), np.int64(grid.columns)
    x0, y0, scale, width, height = grid.x0, grid.y0, grid.scale, grid.width, grid.height
    inside = (np.int64(1) << shift) - 1
    px = np.empty(BATCH, np.int32)
    py = np.empty(BATCH, np.int32)
    fine_shift = np.empty(BATCH, np.int8)
    left = np.empty(BATCH, np.int32)
    for start in range(0, len(x), BATCH):
        left_count = 0
        for k in range(min(BATCH, len(x) - start)):
            u = (x[start + k] - x0) * scale
            v = (y[start + k] - y0) * scale
            here = (u >= 0.0) & (u < width) & (v >= 0.0) & (v < height)  # nor where it is NaN
            px[k] = 2 * np.int64(u if here else 0.0) + 1
            py[k] = 2 * np.int64(v if here else 0.0) + 1
            cell = (np.int64(py[k]) >> shift) * columns + (np.int64(px[k]) >> shift)
            label = coarse[np.uint64(cell)] if here else OUTSIDE
            labels[start + k] = label
            left[left_count] = k
            left_count += label < OUTSIDE
        near_count = 0
        for j in range(left_count):
            k = left[j]
            block = np.uint64(-2 - labels[start + k])
            small = np.int64(blocks[block, 1])
            row = (np.int64(py[k]) & inside) >> small
            column = (np.int64(px[k]) & inside) >> small
            label = fine[np.uint64(blocks[block, 0] + (row << (shift - small)) + column)]
            labels[start + k] = label
            fine_shift[k] = small
            left[near_count] = k
            near_count += label < OUTSIDE
        for j in range(near_count):
            k = left[j]
            label = _decide(
                records, -2 - labels[start + k], np.int64(px[k]), np.int64(py[k]),
                np.int64(fine_shift[k]),
            )  # fmt: skip
            labels[start + k] = label
            if label == DOUBTFUL:
                doubtful[doubts] = offset + start + k
                doubts += 1
    return doubts


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


@compiled
def _count(
    grid: Grid,
    x: Floats,
    y: Floats,
    codes: NDArray[np.int16],
    table: NDArray[np.int64],
    doubtful: NDArray[np.int64],
) -> int:
    """Count points by label + 2 and code, without keeping their labels; those in doubt in row 0."""
    doubts = 0
    labels = np.empty(BATCH, np.int32)
    for start in range(0, len(x), BATCH):
        end = min(start + BATCH, len(x))
        doubts += _locate(grid, x[start:end], y[start:end], labels, doubtful[doubts:], start)
        for k in range(end - start):
            table[np.uint64(labels[k] + 2), np.uint64(codes[start + k])] += 1
    return doubts

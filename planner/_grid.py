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

__all__ = ["Grid", "build_grid", "locate_in_grid"]

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
COARSE_CELLS_PER_EDGE = 0.2  # measured: smaller slows queries, larger slows building
LISTED_PER_EDGE = 8  # coarse cells that list an edge, on average, at most


class Grid(NamedTuple):
    """Labels of cells, and the edges near the cells which have no single label.

    A label is the index of a polygon, or -1 for outside. A number below -1 points elsewhere:
    ``-2 - i`` to block ``i`` in ``coarse``, to record ``i`` in ``fine``.
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
    records: Ints  # (records, 4): crossings' start, end; bits at centre; candidates
    crossings: Ints  # (edges, 5): ax, ay, bx, by; bits of the polygons it bounds
    candidates: Ints  # polygons, in order, one per bit from a record's start


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


def build_grid(polygons: NDArray[np.object_]) -> Grid | None:
    """Index polygons; return None where no grid of integers fits their coordinates.

    Parameters
    ----------
    polygons
        At least one valid and non-empty Polygon or MultiPolygon, in planar coordinates of any unit.
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
    tables = _label_cells(edges, edge_owners, len(polygons), shift, columns, rows)
    size = (float(columns << half), float(rows << half))
    return Grid(x0, y0, scale, *size, shift, columns, *tables)


def locate_in_grid(grid: Grid, x: Floats, y: Floats) -> tuple[Ints, NDArray[np.int64]]:
    """Return the label of each point, and the positions of those left in doubt."""
    labels = np.empty(len(x), np.int32)
    doubtful = np.empty(len(x), np.int64)
    doubts = _locate(grid, x, y, labels, doubtful)
    return labels, doubtful[:doubts].copy()


def _coarse_cells(edge_count: int) -> float:
    return max(MIN_COARSE_CELLS, COARSE_CELLS_PER_EDGE * edge_count)


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
    _visit_cells(edges, left, bottom, shift, columns, rows, starts, starts, False)
    total = 0
    for cell in range(len(starts)):
        total += starts[cell]
        starts[cell] = total
    listed = np.empty(total, np.int32)
    _visit_cells(edges, left, bottom, shift, columns, rows, starts, listed, True)
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
    fill: bool,
) -> None:
    """Count the edges of each cell; or fill the lists from their ends, which become starts."""
    for e in range(len(edges)):
        ax = np.int64(edges[e, 0]) - left
        ay = np.int64(edges[e, 1]) - bottom
        bx = np.int64(edges[e, 2]) - left
        by = np.int64(edges[e, 3]) - bottom
        first_row = (ay - REACH) >> shift
        last_row = (by + REACH) >> shift
        several = last_row > first_row and by > ay
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
def _crosses(ax: int, ay: int, bx: int, by: int, px: int, py: int, qx: int, qy: int) -> bool:
    """Tell whether a walk from p to q crosses the edge from a to b."""
    if ((qx - px) * (ay - py) > (qy - py) * (ax - px)) == (
        (qx - px) * (by - py) > (qy - py) * (bx - px)
    ):
        return False
    dx, dy = bx - ax, by - ay
    return (dx * (py - ay) > dy * (px - ax)) != (dx * (qy - ay) > dy * (qx - ax))


@compiled
def _walk(
    edges: Ints, owners: Ints, listed: Ints, px: int, py: int, qx: int, qy: int, around: Ints
) -> None:
    """Change the set of polygons around p to those around q, which lies above or to the right.

    A set of polygons is an array: their count, then themselves in any order.
    """
    for e in listed:
        ax, ay = np.int64(edges[e, 0]), np.int64(edges[e, 1])
        bx, by = np.int64(edges[e, 2]), np.int64(edges[e, 3])
        if by < py or ay > qy or max(ax, bx) < px or min(ax, bx) > qx:
            continue
        if _crosses(ax, ay, bx, by, px, py, qx, qy):
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
def _depth(edge_count: int) -> int:
    """Return how many times to halve a block: twice with four edges, once more each four times."""
    depth = 1
    while depth < MAX_DEPTH and (1 << 2 * depth) < edge_count:
        depth += 1
    return depth


@compiled
def _label_cells(
    edges: Ints, owners: Ints, polygon_count: int, shift: int, columns: int, rows: int
) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints]:
    """Return the tables of a :class:`Grid`."""
    starts, listed = _list_edges(edges, 0, 0, shift, columns, rows)
    block_count = 0
    fine_count = 0
    guess = 64
    for cell in range(rows * columns):
        count = starts[cell + 1] - starts[cell]
        if count > 0:
            block_count += 1
            fine_count += 1 << 2 * _depth(count)
            guess += count << _depth(count)
    coarse = np.empty(rows * columns, np.int32)
    blocks = np.empty((block_count, 2), np.int32)
    fine = np.empty(fine_count, np.int32)
    records = np.empty((guess // 4, 4), np.int32)
    crossings = np.empty((guess // 4, 5), np.int32)
    candidates = np.empty(guess // 2, np.int32)
    used = np.zeros(3, np.int64)
    around = np.zeros(polygon_count + 1, np.int32)
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
            depth = _depth(count)
            blocks[block, 0] = base
            blocks[block, 1] = shift - depth
            end = base + (1 << 2 * depth)
            near, near_owners = _pair_edges(edges, owners, listed[starts[cell] : starts[cell + 1]])
            near_starts, near_listed = _list_edges(
                near, left, bottom, shift - depth, 1 << depth, 1 << depth
            )
            records = _grown(records, used[0] + len(near_starts))
            crossings = _grown(crossings, used[1] + len(near_listed))
            candidates = _grown(candidates, used[2] + 2 * len(near_listed) + len(near_starts))
            _label_block(
                near,
                near_owners,
                near_starts,
                near_listed,
                left,
                bottom,
                shift - depth,
                1 << depth,
                around,
                fine[base:end],
                records,
                crossings,
                candidates,
                used,
            )
            _walk(
                near,
                near_owners,
                np.arange(len(near)),
                left - 1,
                bottom - 1,
                left - 1 + (1 << shift),
                bottom - 1,
                around,
            )
            label = _lowest(around)
            block += 1
            base = end
    return (
        coarse,
        blocks,
        fine,
        records[: used[0]].copy(),
        crossings[: used[1]].copy(),
        candidates[: used[2]].copy(),
    )


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
    fine: Ints,
    records: Ints,
    crossings: Ints,
    candidates: Ints,
    used: NDArray[np.int64],
) -> None:
    """Label the cells of a block, from the polygons around its lower left corner."""
    size = 1 << shift
    half = size // 2 + 1
    at_left = around.copy()
    here = around.copy()
    for row in range(side):
        y = bottom + row * size - 1
        x = left - 1
        near = listed[starts[row * side] : starts[row * side + 1]]
        _walk(edges, owners, near, x, y, x, y + half, at_left)
        _copy_set(at_left, here)
        label = _lowest(here)
        for cell in range(row * side, (row + 1) * side):
            if starts[cell] == starts[cell + 1]:
                fine[cell] = label
            else:
                near = listed[starts[cell] : starts[cell + 1]]
                _walk(edges, owners, near, x, y + half, x + half, y + half, here)
                fine[cell] = -2 - used[0]
                _record_cell(edges, owners, near, here, records, crossings, candidates, used)
                _walk(edges, owners, near, x + half, y + half, x + size, y + half, here)
                label = _lowest(here)
            x += size
        near = listed[starts[row * side] : starts[row * side + 1]]
        _walk(edges, owners, near, left - 1, y + half, left - 1, y + size, at_left)


@inlined
def _record_cell(
    edges: Ints,
    owners: Ints,
    near: Ints,
    around: Ints,
    records: Ints,
    crossings: Ints,
    candidates: Ints,
    used: NDArray[np.int64],
) -> None:
    """Write down what decides about the points of a cell near edges.

    The candidates are the owners of these edges, and the lowest of the polygons that cover the
    whole cell. Where they are too many no crossing is written, and every point is doubtful.
    """
    first = used[2]
    end = _list_candidates(owners, near, around, candidates, first)
    records[used[0], 0] = used[1]
    if end > first:
        stop = used[1]
        for e in near:
            crossings[stop, 0], crossings[stop, 1] = edges[e, 0], edges[e, 1]
            crossings[stop, 2], crossings[stop, 3] = edges[e, 2], edges[e, 3]
            bits = 1 << _find(candidates, first, end, owners[e, 0]) - first
            if owners[e, 1] != OUTSIDE:
                bits ^= 1 << _find(candidates, first, end, owners[e, 1]) - first
            crossings[stop, 4] = bits
            stop += 1
        used[1] = stop
    bits = 0
    for k in range(end - first):
        if _find(around, 1, around[0] + 1, candidates[first + k]) <= around[0]:
            bits |= 1 << k
    records[used[0], 1] = used[1]
    records[used[0], 2] = bits
    records[used[0], 3] = first
    used[0] += 1
    used[2] = end


@inlined
def _list_candidates(owners: Ints, near: Ints, around: Ints, candidates: Ints, first: int) -> int:
    """List the candidates of a cell in order; return the end, which is the start if too many."""
    end = first
    cover = OUTSIDE
    for e in near:
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
def _locate(grid: Grid, x: Floats, y: Floats, labels: Ints, doubtful: NDArray[np.int64]) -> int:
    doubts = 0
    coarse, blocks, fine = grid.coarse, grid.blocks, grid.fine
    records, crossings, candidates = grid.records, grid.crossings, grid.candidates
    inside = (np.int64(1) << grid.shift) - 1
    for i in range(len(x)):
        u = (x[i] - grid.x0) * grid.scale
        v = (y[i] - grid.y0) * grid.scale
        if not (0.0 <= u < grid.width and 0.0 <= v < grid.height):  # nor where u or v is NaN
            labels[i] = OUTSIDE
            continue
        px = 2 * int(u) + 1
        py = 2 * int(v) + 1
        label = coarse[(py >> grid.shift) * grid.columns + (px >> grid.shift)]
        if label < OUTSIDE:
            block = -2 - label
            shift = np.int64(blocks[block, 1])
            row = (py & inside) >> shift
            column = (px & inside) >> shift
            label = fine[blocks[block, 0] + (row << (grid.shift - shift)) + column]
            if label < OUTSIDE:
                label = _decide(records, crossings, candidates, -2 - label, px, py, shift)
                if label == DOUBTFUL:
                    doubtful[doubts] = i
                    doubts += 1
        labels[i] = label
    return doubts


@inlined
def _decide(
    records: Ints, crossings: Ints, candidates: Ints, record: int, px: int, py: int, shift: int
) -> int:
    """Return the label of a point in a cell near edges, or :data:`DOUBTFUL`."""
    first, end = records[record, 0], records[record, 1]
    bits, candidate = records[record, 2], records[record, 3]
    qx = (px >> shift << shift) + (1 << shift - 1)
    qy = (py >> shift << shift) + (1 << shift - 1)
    if first == end:
        return DOUBTFUL
    for k in range(first, end):
        ax, ay = np.int64(crossings[k, 0]), np.int64(crossings[k, 1])
        bx, by = np.int64(crossings[k, 2]), np.int64(crossings[k, 3])
        dx, dy = bx - ax, by - ay
        if (
            abs(dx * (py - ay) - dy * (px - ax)) <= NEAR * (abs(dx) + dy)
            and ay - NEAR <= py <= by + NEAR
            and min(ax, bx) - NEAR <= px <= max(ax, bx) + NEAR
        ):
            return DOUBTFUL
        if _crosses(ax, ay, bx, by, px, py, qx, qy):
            bits ^= crossings[k, 4]
    if bits == 0:
        return OUTSIDE
    while bits & 1 == 0:
        bits >>= 1
        candidate += 1
    return candidates[candidate]

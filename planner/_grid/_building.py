"""Polygons made into the tables of a grid: edges listed by cell, cells labelled, records written.

The edges near a block are rows of six numbers: ax, ay, bx, by, upward, and the one or two polygons
that they bound.  A block has few edges and there are many blocks: the arrays worked with in one of
them are taken again for the next.
"""

from __future__ import annotations

import numpy as np

from planner._grid._layout import EDGE, HEAD, NEAR, OUTSIDE, Ints, inlined
from planner.compiling import compiled

__all__ = ["label_cells"]

REACH = NEAR + 2  # units around a cell where edges are listed: NEAR, and the rounding of floats
MAX_DEPTH = 6  # a block has at most 2^6 cells a side
MAX_CANDIDATES = 31  # polygons told apart in one cell, a bit of an int32 each
MAX_PROBES = 16  # steps in a hash table before giving up on finding the twin of an edge
SIDES = 6  # numbers of an edge near a block


@compiled
def label_cells(
    edges: Ints,
    owners: Ints,
    polygon_count: int,
    shift: int,
    columns: int,
    rows: int,
    fineness: float,
) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the tables of a :class:`planner._grid.Grid`."""
    starts = np.empty(rows * columns + 1, np.int32)
    only = np.empty(len(edges), np.int32)
    total = _count_edges(edges, len(edges), 0, 0, shift, columns, rows, starts, only)
    listed = np.empty(total, np.int32)
    _list_edges(edges, len(edges), 0, 0, shift, columns, rows, starts, only, listed)
    most, block_count, fine_count = _size_tables(starts, fineness)
    coarse = np.empty(rows * columns, np.int32)
    blocks = np.empty((block_count, 2), np.int32)
    fine = np.empty(fine_count, np.int32)
    records = np.empty(4 * EDGE * len(edges) + 64, np.int32)  # as much as is used, or more
    used = 0
    # what is worked with in one block after the other
    near = np.empty((most, SIDES), np.int32)
    table = np.empty(_slots(most), np.int32)
    near_starts = np.empty((1 << 2 * _depth(most, fineness)) + 1, np.int32)
    near_only = np.empty(most, np.int32)
    near_listed = np.empty(2 * most, np.int32)
    every = np.arange(most, dtype=np.int32)
    around = np.zeros(polygon_count + 1, np.int32)
    at_left = np.zeros(polygon_count + 1, np.int32)
    here = np.zeros(polygon_count + 1, np.int32)
    block, base = 0, 0
    for row in range(rows):
        bottom = row << shift
        around[0] = 0
        label = OUTSIDE
        for column in range(columns):
            left = column << shift
            cell = row * columns + column
            first, end = starts[cell], starts[cell + 1]
            if first == end:
                coarse[cell] = label
                continue
            depth = _depth(end - first, fineness)
            small, side = shift - depth, 1 << depth
            coarse[cell] = -2 - block
            blocks[block, 0], blocks[block, 1] = base, small
            count = _pair_edges(edges, owners, listed, first, end, near, table)
            total = _count_edges(
                near, count, left, bottom, small, side, side, near_starts, near_only
            )
            near_listed = _grown(near_listed, 0, total)
            _list_edges(
                near, count, left, bottom, small, side, side, near_starts, near_only, near_listed
            )
            # a cell's candidates are the owners of its edges, and one more
            records = _grown(records, used, used + (HEAD + 1) * side * side + (EDGE + 2) * total)
            used = _label_block(
                near, near_starts, near_listed, left, bottom, small, side,
                around, at_left, here, fine, base, records, used,
            )  # fmt: skip
            x, y = left - 1, bottom - 1
            _walk_right(near, every, 0, count, x, x + (1 << shift), y, around)
            label = _lowest(around)
            block += 1
            base += side * side
    return coarse, blocks, fine, records[:used]


@inlined
def _size_tables(starts: Ints, fineness: float) -> tuple[int, int, int]:
    """Return the edges of the fullest block, how many blocks there are, and their fine cells."""
    most, blocks, fine = 0, 0, 0
    for cell in range(len(starts) - 1):
        count = starts[cell + 1] - starts[cell]
        if count > 0:
            blocks += 1
            fine += 1 << 2 * _depth(count, fineness)
            most = max(most, count)
    return most, blocks, fine


@inlined
def _depth(edge_count: int, fineness: float) -> int:
    """Return how many times to halve a block: twice with four edges, once more each four times."""
    depth = 1
    while depth < MAX_DEPTH and (1 << 2 * depth) < edge_count * fineness:
        depth += 1
    return depth


@inlined
def _slots(edge_count: int) -> int:
    slots = 4
    while slots < 2 * edge_count:
        slots *= 2
    return slots


@inlined
def _grown(table: Ints, used: int, length: int) -> Ints:
    """Return the table, or a longer one that begins as it does."""
    if length <= len(table):
        return table
    longer = np.empty(2 * length, np.int32)
    longer[:used] = table[:used]
    return longer


@compiled
def _count_edges(
    edges: Ints,
    count: int,
    left: int,
    bottom: int,
    shift: int,
    columns: int,
    rows: int,
    ends: Ints,
    only: Ints,
) -> int:
    """Write where the list of each cell's edges will end; return the length of all lists.

    Most edges lie in one cell: it is kept in ``only``, so that listing finds it there.
    """
    ends[: rows * columns + 1] = 0
    for e in range(count):
        only[e] = _visit_cells(edges, e, left, bottom, shift, columns, rows, ends, ends, False)
    total = 0
    for cell in range(rows * columns + 1):
        total += ends[cell]
        ends[cell] = total
    return total


@compiled
def _list_edges(
    edges: Ints,
    count: int,
    left: int,
    bottom: int,
    shift: int,
    columns: int,
    rows: int,
    ends: Ints,
    only: Ints,
    listed: Ints,
) -> None:
    """Fill the lists of the cells from their ends, which become starts."""
    for e in range(count):
        if only[e] == OUTSIDE:
            _visit_cells(edges, e, left, bottom, shift, columns, rows, ends, listed, True)
        else:
            ends[only[e]] -= 1
            listed[ends[only[e]]] = e


@inlined
def _visit_cells(
    edges: Ints,
    e: int,
    left: int,
    bottom: int,
    shift: int,
    columns: int,
    rows: int,
    ends: Ints,
    listed: Ints,
    fill: bool,
) -> int:
    """Count an edge in the cells near it, or list it there; return the cell where it is alone."""
    ax, ay = np.int64(edges[e, 0]) - left, np.int64(edges[e, 1]) - bottom
    bx, by = np.int64(edges[e, 2]) - left, np.int64(edges[e, 3]) - bottom
    first_row = (ay - REACH) >> shift
    last_row = (by + REACH) >> shift
    several = last_row > first_row and by > ay
    slope = (bx - ax) / (by - ay) if several else 0.0
    visited, seen = 0, OUTSIDE
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
    return seen if visited == 1 else OUTSIDE


@compiled
def _pair_edges(
    edges: Ints, owners: Ints, listed: Ints, first: int, end: int, near: Ints, table: Ints
) -> int:
    """Write down the edges near a block, the two copies of a shared edge as one; count them."""
    slots = _slots(end - first)
    table[:slots] = OUTSIDE
    count = 0
    for k in range(first, end):
        e = listed[k]
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        slot, twin = _find_twin(ax, ay, bx, by, near, table, slots)
        if twin != OUTSIDE:
            near[twin, 5] = owners[e]
            continue
        if table[slot] == OUTSIDE:
            table[slot] = count
        near[count, 0], near[count, 1], near[count, 2], near[count, 3] = ax, ay, bx, by
        near[count, 4], near[count, 5] = owners[e], OUTSIDE
        count += 1
    return count


@inlined
def _find_twin(
    ax: int, ay: int, bx: int, by: int, near: Ints, table: Ints, slots: int
) -> tuple[int, int]:
    """Return a slot of the table, and the edge in it which is this one with one owner, if any."""
    mixed = np.int64(ax) * 73856093 ^ np.int64(ay) * 19349663
    mixed ^= np.int64(bx) * 83492791 ^ np.int64(by) * 50331653
    slot = (mixed ^ mixed >> 17) & (slots - 1)
    for _ in range(MAX_PROBES):
        k = table[slot]
        if k == OUTSIDE:
            break
        if (
            near[k, 0] == ax
            and near[k, 1] == ay
            and near[k, 2] == bx
            and near[k, 3] == by
            and near[k, 5] == OUTSIDE
        ):
            return slot, k
        slot = (slot + 1) & (slots - 1)
    return slot, OUTSIDE


@compiled
def _label_block(
    near: Ints,
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
    base: int,
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
        _walk_up(near, listed, first, end, x, y, y + half, at_left)
        _copy_set(at_left, here)
        label = _lowest(here)
        for cell in range(row * side, (row + 1) * side):
            if starts[cell] == starts[cell + 1]:
                fine[base + cell] = label
            else:
                fine[base + cell] = -2 - used
                used = _record_cell(
                    near, listed, starts[cell], starts[cell + 1], x, y + half, size,
                    here, records, used,
                )  # fmt: skip
                label = _lowest(here)
            x += size
        _walk_up(near, listed, first, end, left - 1, y + half, y + size, at_left)
    return used


@inlined
def _record_cell(
    near: Ints,
    listed: Ints,
    first: int,
    end: int,
    x: int,
    y: int,
    size: int,
    here: Ints,
    records: Ints,
    used: int,
) -> int:
    """Write down what decides about the points of a cell near edges; return where it ends.

    A record is the count of its edges, the bits at the centre of the cell, five numbers for each
    edge (ax, ay, bx, by, bits of the polygons that it bounds), then the candidates: the owners of
    these edges, and the lowest of the polygons that cover the whole cell.  Where they are too many
    there is no edge, and every point is doubtful.

    The set ``here`` is around (x, y), the middle of the left side, and goes to that of the right.
    """
    candidates = used + HEAD + (end - first) * EDGE
    stop = _list_candidates(near, listed, first, end, here, records, candidates)
    if stop == candidates:
        records[used], records[used + 1] = 0, 0
        _walk_right(near, listed, first, end, x, x + size, y, here)
        return used + HEAD
    before, centre, after = 0, 0, 0
    row = used + HEAD
    lower, upper, bits = OUTSIDE, OUTSIDE, 0
    for k in range(first, end):
        e = listed[k]
        if near[e, 4] != lower or near[e, 5] != upper:
            lower, upper = near[e, 4], near[e, 5]
            bits = 1 << _find(records, candidates, stop, lower) - candidates
            if upper != OUTSIDE:
                bits ^= 1 << _find(records, candidates, stop, upper) - candidates
        records[row], records[row + 1] = near[e, 0], near[e, 1]
        records[row + 2], records[row + 3] = near[e, 2], near[e, 3]
        records[row + 4] = bits
        row += EDGE
        ax, ay = np.int64(near[e, 0]), np.int64(near[e, 1])
        dx, dy = near[e, 2] - ax, near[e, 3] - ay
        met = (ay <= y) & (y < ay + dy)
        rise = dx * (y - ay) + dy * ax
        at_centre = rise > dy * (x + size // 2)
        centre ^= bits & -np.int64(met & ((rise > dy * x) != at_centre))
        after ^= bits & -np.int64(met & ((rise > dy * (x + size)) != at_centre))
    for k in range(stop - candidates):
        if _find(here, 1, here[0] + 1, records[candidates + k]) <= here[0]:
            before |= 1 << k
    records[used], records[used + 1] = end - first, before ^ centre
    changed = centre ^ after
    place = candidates
    while changed:
        if changed & 1:
            _toggle(here, records[place])
        changed >>= 1
        place += 1
    return stop


@inlined
def _list_candidates(
    near: Ints, listed: Ints, first: int, end: int, here: Ints, records: Ints, candidates: int
) -> int:
    """List the candidates of a cell in order; return the end, which is the start if too many."""
    stop = candidates
    lower, upper = OUTSIDE, OUTSIDE
    for k in range(first, end):
        e = listed[k]
        if near[e, 4] == lower and near[e, 5] == upper:
            continue
        lower, upper = near[e, 4], near[e, 5]
        if stop - candidates < MAX_CANDIDATES:
            stop = _insert(records, candidates, stop, lower)
            if upper != OUTSIDE:
                stop = _insert(records, candidates, stop, upper)
    cover = OUTSIDE
    for k in range(1, here[0] + 1):
        if (cover == OUTSIDE or here[k] < cover) and (
            _find(records, candidates, stop, here[k]) == stop
        ):
            cover = here[k]
    if cover != OUTSIDE:
        stop = _insert(records, candidates, stop, cover)
    return stop if stop - candidates < MAX_CANDIDATES else candidates


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


@inlined
def _walk_right(
    near: Ints, listed: Ints, first: int, end: int, px: int, qx: int, y: int, around: Ints
) -> None:
    """Change the set of polygons around (px, y) to those around (qx, y), further right.

    A set of polygons is an array: their count, then themselves in any order.
    """
    for k in range(first, end):
        e = listed[k]
        ax, ay = np.int64(near[e, 0]), np.int64(near[e, 1])
        dx, dy = near[e, 2] - ax, near[e, 3] - ay
        rise = dx * (y - ay) + dy * ax
        met = (ay <= y) & (y < ay + dy)
        if met & ((rise > dy * px) != (rise > dy * qx)):
            _toggle_owners(near, e, around)


@inlined
def _walk_up(
    near: Ints, listed: Ints, first: int, end: int, x: int, py: int, qy: int, around: Ints
) -> None:
    """Change the set of polygons around (x, py) to those around (x, qy), further up.

    As everywhere, a point on an edge counts as right of it, the edge taken upward.
    """
    for k in range(first, end):
        e = listed[k]
        ax, ay = np.int64(near[e, 0]), np.int64(near[e, 1])
        dx, dy = near[e, 2] - ax, near[e, 3] - ay
        rise = dy * (x - ax) + dx * ay
        met = (ax < x) != (ax + dx < x)
        if met & ((dx * py > rise) != (dx * qy > rise)):
            _toggle_owners(near, e, around)


@inlined
def _toggle_owners(near: Ints, e: int, around: Ints) -> None:
    _toggle(around, near[e, 4])
    if near[e, 5] != OUTSIDE:
        _toggle(around, near[e, 5])


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

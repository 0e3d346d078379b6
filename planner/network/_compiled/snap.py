"""Nearest edge of many points: points and edges halved together, exact distances.

A grid tells every point of some edge that isn't far: an upper bound.  The points are then halved
again and again; an edge farther from the box of a group than the bounds of all its points is
nearest to none of them, and in a small group the edge nearest to its centre bounds them all anew.
So the edges that a group may need are few, in towns as in the country.  Of equally near edges the
first is taken.

Importing this module imports numba.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from planner.compiling import compiled

__all__ = ["snap_points"]

Floats = NDArray[np.float64]

_FEW_POINTS: Final = 4
_FEW_PARTS: Final = 6
_DEEP: Final = 256
_SLACK_M: Final = 1e-6  # far above the rounding of a distance, far below a tie that matters


def snap_points(
    x_m: Floats, y_m: Floats, *, coordinates: Floats, starts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Floats, Floats, Floats, Floats]:
    """Find the nearest line of each point, and the nearest point of that line.

    Parameters
    ----------
    x_m, y_m
        Points, finite, shape (n,).
    coordinates, starts
        Vertices of the lines one after the other, shape (vertices, 2), and the first vertex of
        each, with the end of the last: shape (lines + 1,).

    Returns
    -------
    array of int64, four arrays of float64
        Line, distance to it, distance along it from its first vertex, x and y of its nearest point.
    """
    count = len(x_m)
    which = np.empty(count, np.int64)
    found = np.empty((4, count), np.float64)
    if count:
        ax, ay, bx, by, owner, along = _parts(coordinates, starts)
        _snap(x_m, y_m, ax, ay, bx, by, owner, along, which, found)
    return which, found[0], found[1], found[2], found[3]


@compiled
def _parts(coordinates, starts):
    """List the straight parts of the lines: both ends, line, distance along it at the first end."""
    lines = len(starts) - 1
    n = len(coordinates) - lines
    ends = np.empty((4, n), np.float64)
    owner = np.empty(n, np.int64)
    along = np.empty(n, np.float64)
    k = 0
    for line in range(lines):
        run = 0.0
        for i in range(starts[line], starts[line + 1] - 1):
            ends[0, k], ends[1, k] = coordinates[i, 0], coordinates[i, 1]
            ends[2, k], ends[3, k] = coordinates[i + 1, 0], coordinates[i + 1, 1]
            owner[k] = line
            along[k] = run
            run += math.hypot(ends[2, k] - ends[0, k], ends[3, k] - ends[1, k])
            k += 1
    return ends[0], ends[1], ends[2], ends[3], owner, along


@compiled
def _square(px, py, ax, ay, bx, by):
    """Return the squared distance of a point to a part, and where on it (0 to 1)."""
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    t = 0.0
    if length > 0.0:
        t = ((px - ax) * dx + (py - ay) * dy) / length
    # the ends are taken as they are, so that lines which share one are equally far to the last bit
    if t <= 0.0:
        ex, ey, t = px - ax, py - ay, 0.0
    elif t >= 1.0:
        ex, ey, t = px - bx, py - by, 1.0
    else:
        ex, ey = px - (ax + t * dx), py - (ay + t * dy)
    return ex * ex + ey * ey, t


@compiled
def _bounds(x, y, ax, ay, bx, by):
    """Return an upper bound of the distance of each point, and the parts by rows of a grid."""
    n = len(ax)
    side = max(1, min(2048, int(math.sqrt(n))))
    left, low = min(ax.min(), bx.min()), min(ay.min(), by.min())
    width = max(ax.max(), bx.max()) - left
    height = max(ay.max(), by.max()) - low
    step = max(width, height) / side * 1.000001 + 1e-9
    columns, rows = int(width / step) + 1, int(height / step) + 1
    cell = np.empty(n, np.int64)
    ends = np.zeros(columns * rows + 1, np.int64)
    one = np.full((rows, columns), -1, np.int64)
    for k in range(n):
        i = int((0.5 * (ay[k] + by[k]) - low) / step)
        j = int((0.5 * (ax[k] + bx[k]) - left) / step)
        cell[k] = i * columns + j
        one[i, j] = k
        ends[cell[k] + 1] += 1
    for c in range(columns * rows):
        ends[c + 1] += ends[c]
    order = np.empty(n, np.int64)
    for k in range(n):
        order[ends[cell[k]]] = k
        ends[cell[k]] += 1
    # cells without a part take that of the neighbour whose part is nearer, sweeping there and back
    for turn in range(2):
        for si in range(rows):
            i = si if turn == 0 else rows - 1 - si
            back = -1 if turn == 0 else 1
            for sj in range(2 * columns):
                ahead = sj < columns
                j = sj if ahead else 2 * columns - 1 - sj
                px, py = left + (j + 0.5) * step, low + (i + 0.5) * step
                k = one[i, j]
                best = np.inf
                if k >= 0:
                    best = _square(px, py, ax[k], ay[k], bx[k], by[k])[0]
                    if best <= step * step:
                        continue
                for ni, nj in ((i + back, j), (i, j - 1 if ahead else j + 1)):
                    if 0 <= ni < rows and 0 <= nj < columns and one[ni, nj] >= 0:
                        m = one[ni, nj]
                        square = _square(px, py, ax[m], ay[m], bx[m], by[m])[0]
                        if square < best:
                            best = square
                            one[i, j] = m
    bound = np.empty(len(x), np.float64)
    for p in range(len(x)):
        i = min(max(int((y[p] - low) / step), 0), rows - 1)
        j = min(max(int((x[p] - left) / step), 0), columns - 1)
        k = one[i, j]
        bound[p] = math.sqrt(_square(x[p], y[p], ax[k], ay[k], bx[k], by[k])[0]) + _SLACK_M
    return bound, order


@compiled
def _snap(x, y, ax, ay, bx, by, owner, along, which, found):
    """Halve the points, keeping for each group the parts that may be nearest to one of them."""
    bound, by_place = _bounds(x, y, ax, ay, bx, by)
    ax, ay, bx, by = ax[by_place], ay[by_place], bx[by_place], by[by_place]
    owner, along = owner[by_place], along[by_place]
    # points move with what is known of them, so that a group is read in one run of memory
    order, px, py = np.arange(len(x)), x.copy(), y.copy()
    kept = np.empty(4 * len(ax) + 64, np.int64)
    for k in range(len(ax)):
        kept[k] = k
    stack = np.empty((_DEEP, 4), np.int64)
    stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3] = 0, len(x), 0, len(ax)
    depth = 1
    while depth:
        depth -= 1
        p0, p1, c0, c1 = stack[depth, 0], stack[depth, 1], stack[depth, 2], stack[depth, 3]
        if p1 - p0 > _FEW_POINTS and c1 - c0 > _FEW_PARTS and depth + 2 < _DEEP:
            left, right = px[p0], px[p0]
            low, high = py[p0], py[p0]
            most = 0.0
            for i in range(p0, p1):
                left, right = min(left, px[i]), max(right, px[i])
                low, high = min(low, py[i]), max(high, py[i])
                most = max(most, bound[i])
            mx, my = 0.5 * (left + right), 0.5 * (low + high)
            half = 0.5 * math.hypot(right - left, high - low)
            if half > 0.0:
                if half < most:
                    nearest = np.inf
                    for c in range(c0, c1):
                        k = kept[c]
                        nearest = min(nearest, _square(mx, my, ax[k], ay[k], bx[k], by[k])[0])
                    most = min(most, math.sqrt(nearest) + half + _SLACK_M)
                if len(kept) < 2 * c1 - c0:
                    more = np.empty(2 * (2 * c1 - c0), np.int64)
                    more[:c1] = kept[:c1]
                    kept = more
                # written after the list of the parent, which the other half still needs
                end = c1
                limit = most * most
                for c in range(c0, c1):
                    k = kept[c]
                    ex = max(min(ax[k], bx[k]) - right, left - max(ax[k], bx[k]), 0.0)
                    ey = max(min(ay[k], by[k]) - high, low - max(ay[k], by[k]), 0.0)
                    if ex * ex + ey * ey <= limit:
                        kept[end] = k
                        end += 1
                wide = right - left >= high - low
                cut = mx if wide else my
                i, j = p0, p1 - 1
                while i <= j:
                    if (px[i] if wide else py[i]) <= cut:
                        i += 1
                    else:
                        order[i], order[j] = order[j], order[i]
                        px[i], px[j] = px[j], px[i]
                        py[i], py[j] = py[j], py[i]
                        bound[i], bound[j] = bound[j], bound[i]
                        j -= 1
                for a, b in ((p0, i), (i, p1)):
                    if b > a:
                        stack[depth, 0], stack[depth, 1] = a, b
                        stack[depth, 2], stack[depth, 3] = c1, end
                        depth += 1
                continue
        for i in range(p0, p1):
            p = order[i]
            best, first, at = np.inf, kept[c0], 0.0
            for c in range(c0, c1):
                k = kept[c]
                square, t = _square(px[i], py[i], ax[k], ay[k], bx[k], by[k])
                if square < best or (square == best and owner[k] < owner[first]):
                    best, first, at = square, k, t
            k = first
            dx, dy = bx[k] - ax[k], by[k] - ay[k]
            which[p] = owner[k]
            found[0, p] = math.sqrt(best)
            found[1, p] = along[k] + at * math.hypot(dx, dy)
            found[2, p] = bx[k] if at == 1.0 else ax[k] + at * dx
            found[3, p] = by[k] if at == 1.0 else ay[k] + at * dy

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
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from planner._grid._asking import count_points, label_points, points_jump
from planner._grid._building import label_cells
from planner._grid._layout import NEAR, Floats, Ints
from planner._grid._snapping import snap_edges, sum_lengths

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["NEAR", "Grid", "build_grid", "count_in_grid", "locate_in_grid"]

UNIT_BITS = 30  # coordinates stay below 2^30: a product of two differences fits in 64 bits
MAX_COLUMNS = 2**17  # leaves 2^13 units or more to a coarse cell
MIN_COARSE_CELLS = 4096.0
COARSE_CELLS_PER_EDGE = 0.2  # measured: smaller slows queries, larger slows building
LISTED_PER_EDGE = 8  # coarse cells that list an edge, on average, at most
POINTS_PER_FINE_CELL = 12.0
MIN_FINENESS = 0.25
MAX_FINENESS = 2.0
SORTED_FROM = 2**17  # points from which sorting can pay
CACHED = 2**17  # numbers of a grid that a processor keeps at hand: no need to sort points


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
    records: Ints  # what decides in each cell near edges, one after the other


def build_grid(polygons: NDArray[np.object_], points: int) -> Grid | None:
    """Index polygons; return None where no grid of integers fits them.

    Parameters
    ----------
    polygons
        At least one valid and non-empty Polygon or MultiPolygon, in planar coordinates of any unit.
    points
        How many points will be asked, about: more are worth finer cells.
    """
    kinds = shapely.get_type_id(polygons)
    areal = (kinds == shapely.GeometryType.POLYGON) | (kinds == shapely.GeometryType.MULTIPOLYGON)
    if not areal.all():
        return None
    coordinates = shapely.get_coordinates(polygons)
    ring_sizes, owners = _measure_rings(polygons)
    edge_count = len(coordinates) - len(owners)
    x0, y0, x1, y1 = (float(bound) for bound in shapely.total_bounds(polygons))
    width, height = x1 - x0, y1 - y0
    cell = max(
        math.sqrt(width) * math.sqrt(height) / math.sqrt(_coarse_cells(edge_count)),
        max(width, height) / MAX_COLUMNS,
        sum_lengths(coordinates, ring_sizes) / (LISTED_PER_EDGE * edge_count),
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
    edges, edge_owners = snap_edges(coordinates, ring_sizes, owners, x0, y0, scale)
    fineness = _fineness(points, edge_count)
    tables = label_cells(edges, edge_owners, len(polygons), shift, columns, rows, fineness)
    size = (float(columns << half), float(rows << half))
    return Grid(x0, y0, scale, *size, shift, columns, *tables)


def locate_in_grid(grid: Grid, x: Floats, y: Floats) -> tuple[Ints, NDArray[np.int64]]:
    """Return the label of each point, and the positions of those left in doubt."""
    labels = np.empty(len(x), np.int32)
    doubtful = np.empty(len(x), np.int64)
    doubts = label_points(grid, x, y, _worth_sorting(grid, x, y), labels, doubtful)
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
    doubts = count_points(grid, x, y, _worth_sorting(grid, x, y), codes, table, doubtful)
    return np.roll(table[1:], -1, axis=0), doubtful[:doubts].copy()


def _measure_rings(polygons: NDArray[np.object_]) -> tuple[NDArray[np.int64], Ints]:
    """Return the vertices in each ring, as ``get_coordinates`` orders them, and its polygon.

    Only polygons of several rings are taken apart, which copies them (``to_ragged_array`` does so
    to all: measured 11 against 1 ms for 2 500 polygons of 33 vertices, 47 against 4 of 302).
    """
    sizes = shapely.get_num_coordinates(polygons).astype(np.int64)
    several = shapely.get_num_geometries(polygons) > 1
    several |= shapely.get_num_interior_rings(polygons) > 0
    single = np.flatnonzero(~several)
    parts, polygon_of_part = shapely.get_parts(polygons[several], return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    further = np.flatnonzero(several)[polygon_of_part[part_of_ring]]
    owners = np.concatenate([single, further])
    sizes = np.concatenate([sizes[single], shapely.get_num_coordinates(rings)])
    order = np.argsort(owners, kind="stable")
    order = order[sizes[order] > 0]
    return sizes[order], owners[order].astype(np.int32)


def _coarse_cells(edge_count: int) -> float:
    return max(MIN_COARSE_CELLS, COARSE_CELLS_PER_EDGE * edge_count)


def _fineness(points: int, edge_count: int) -> float:
    """Return how many fine cells an edge is worth (measured: where building pays for itself)."""
    return min(max(points / (POINTS_PER_FINE_CELL * edge_count), MIN_FINENESS), MAX_FINENESS)


def _worth_sorting(grid: Grid, x: Floats, y: Floats) -> bool:
    """Tell whether points come in such an order that sorting them first pays."""
    far = len(grid.fine) + len(grid.records) > CACHED
    return far and len(x) >= SORTED_FROM and points_jump(grid, x, y)

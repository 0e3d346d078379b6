"""The mosaic that sectors are assembled from: small faces, each inside one commune.

Buildings are gathered into cells that follow hamlets (each cell is cut at its widest empty strip),
the Voronoi diagram of the cells of a commune divides that commune, and everything is noded together
with the boundaries of all communes, so that the faces are a coverage: no gap, no overlap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from planner.spatial import PolygonIndex
from planner.zoning._arrays import Flags, Floats, Ints, Shapes, sum_by


@dataclass(frozen=True, kw_only=True)
class Buildings:
    """Distinct places that hold premises, sorted by commune, x and y.

    ``commune`` is the row of the public commune, ``weight`` the premises of the place.
    """

    x: Floats
    y: Floats
    weight: Ints
    commune: Ints


@dataclass(frozen=True, kw_only=True)
class Faces:
    """The mosaic and who touches whom.

    ``x`` and ``y`` are the centre of the premises of a face, or of the face itself when it is
    empty; ``pairs`` holds neighbours, lower row first, and ``border_m`` what they share.
    """

    polygons: Shapes
    commune: Ints
    weight: Ints
    x: Floats
    y: Floats
    pairs: Ints
    border_m: Floats


def gather_buildings(x: Floats, y: Floats, weight: Ints, commune: Ints) -> Buildings:
    """Add up the premises that share a place, whatever the order of the rows."""
    order = np.lexsort((y, x, commune))
    x, y, weight, commune = x[order], y[order], weight[order], commune[order]
    first = np.ones(x.size, dtype=bool)
    first[1:] = (np.diff(x) != 0) | (np.diff(y) != 0) | (np.diff(commune) != 0)
    starts = np.flatnonzero(first)
    totals = np.add.reduceat(weight, starts) if starts.size else weight
    return Buildings(x=x[starts], y=y[starts], weight=totals, commune=commune[starts])


def gather_cells(buildings: Buildings, *, limit: int) -> tuple[Floats, Floats, Ints]:
    """Split the buildings of each commune into cells of at most ``limit`` premises.

    A cell too large is cut across its longer side at its widest empty strip, strips near the
    middle first: hamlets stay whole.

    Returns
    -------
    tuple of arrays
        x, y of the centre of each cell and its commune, sorted by commune then by cut.
    """
    cell = buildings.commune.copy()
    count = int(cell.max()) + 1 if cell.size else 0
    active = np.arange(cell.size)
    while active.size:
        active = _too_large(cell[active], buildings.weight[active], active, limit)
        if not active.size:
            break
        order, rank, left, right = _widest_strips(buildings, cell, active)
        if not left.size:
            break
        beyond = np.flatnonzero(_after(left, right, order.size))
        moved = order[beyond]
        cell[moved] = count + np.searchsorted(left, beyond, side="left") - 1
        count += left.size
        split = np.isin(rank, rank[left])
        active = order[split]
    used, inverse = np.unique(cell, return_inverse=True)
    size = np.bincount(inverse, minlength=used.size)
    first = np.zeros(used.size, dtype=np.int64)
    first[inverse[::-1]] = np.arange(cell.size)[::-1]
    centre_x = sum_by(inverse, buildings.x, used.size) / size
    centre_y = sum_by(inverse, buildings.y, used.size) / size
    commune = buildings.commune[first]
    order = np.lexsort((centre_y, centre_x, commune))
    return centre_x[order], centre_y[order], commune[order]


def _too_large(cell: Ints, weight: Ints, rows: Ints, limit: int) -> Ints:
    totals = sum_by(cell, weight, 0)
    kept: Ints = rows[totals[cell] > limit]
    return kept


def _widest_strips(buildings: Buildings, cell: Ints, active: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Find where to cut each active cell.

    Returns the active rows in order along the longer side of their cell, the rank of the cell of
    each, and for each cell that can be cut the last position before its strip and its last one.
    """
    _, rank = np.unique(cell[active], return_inverse=True)
    x, y = buildings.x[active], buildings.y[active]
    along = np.where((_extent(x, rank) >= _extent(y, rank))[rank], x, y)
    order = np.lexsort((along, rank))
    active, rank, along = active[order], rank[order], along[order]
    weight = buildings.weight[active]
    ends = np.append(np.flatnonzero(np.diff(rank)), rank.size - 1)
    starts = np.append(0, ends[:-1] + 1)
    so_far = np.cumsum(weight)
    before = np.append(0, so_far[ends[:-1]])
    totals = so_far[ends] - before
    share = (so_far - before[rank]) / totals[rank]
    gap = np.append(np.diff(along), 0.0)
    gap[ends] = 0.0
    score = gap * np.square(share * (1.0 - share))
    best = np.maximum.reduceat(score, starts)
    hits = np.flatnonzero((score == best[rank]) & (score > 0))
    _, chosen = np.unique(rank[hits], return_index=True)
    left = hits[chosen]
    return active, rank, left, ends[rank[left]]


def _extent(values: Floats, rank: Ints) -> Floats:
    size = int(rank.max()) + 1
    low = np.full(size, np.inf)
    high = np.full(size, -np.inf)
    np.minimum.at(low, rank, values)
    np.maximum.at(high, rank, values)
    extent: Floats = high - low
    return extent


def _after(left: Ints, right: Ints, size: int) -> Flags:
    """Mark the positions beyond the strip of their cell."""
    steps = np.zeros(size + 1, dtype=np.int64)
    steps[left + 1] += 1
    steps[right + 1] -= 1
    marked: Flags = np.cumsum(steps[:size]) > 0
    return marked


def build_faces(communes: Shapes, buildings: Buildings, *, limit: int, overshoot_m: float) -> Faces:
    """Divide communes (a valid coverage) into faces that hold some ``limit`` premises each."""
    centre_x, centre_y, owner = gather_cells(buildings, limit=limit)
    lines = _inner_lines(communes, centre_x, centre_y, owner, overshoot_m=overshoot_m)
    network = shapely.union_all(np.concatenate([shapely.boundary(communes), lines]))
    polygons = shapely.get_parts(shapely.polygonize([network]))
    inside, commune = _communes_of(polygons, communes)
    polygons = polygons[inside]
    middle = shapely.centroid(polygons)
    x, y = shapely.get_x(middle), shapely.get_y(middle)
    order = np.lexsort((y, x, commune))
    polygons, commune, x, y = polygons[order], commune[order], x[order], y[order]
    face = PolygonIndex(polygons).locate(buildings.x, buildings.y)
    weight, x, y = _weigh(face, buildings, x, y)
    pairs, border_m = touching(polygons)
    return Faces(
        polygons=polygons, commune=commune, weight=weight, x=x, y=y, pairs=pairs, border_m=border_m
    )


def _inner_lines(
    communes: Shapes, centre_x: Floats, centre_y: Floats, owner: Ints, *, overshoot_m: float
) -> Shapes:
    divided, start, size = np.unique(owner, return_index=True, return_counts=True)
    divided, start, size = (values[size > 1] for values in (divided, start, size))
    points: Shapes = np.asarray(shapely.points(centre_x, centre_y), dtype=object)
    rows = np.repeat(np.arange(divided.size), size)
    places = np.repeat(start - np.append(0, np.cumsum(size)[:-1]), size) + np.arange(size.sum())
    sites = shapely.multipoints(points[places], indices=rows) if rows.size else points[:0]
    edges = shapely.voronoi_polygons(sites, extend_to=communes[divided], only_edges=True)
    # Lines end a little beyond the boundary, so that noding meets it: a line that stops short by
    # the last bit of a float would be dropped as a dead end.
    reach = shapely.buffer(communes[divided], overshoot_m, join_style="mitre")
    clipped: Shapes = shapely.intersection(edges, reach)
    return clipped


def _communes_of(polygons: Shapes, communes: Shapes) -> tuple[Ints, Ints]:
    """Return the faces that lie in a commune and that commune; the others are enclosed holes."""
    tree = shapely.STRtree(communes)
    face, commune = tree.query(shapely.point_on_surface(polygons), predicate="intersects")
    order = np.lexsort((commune, face))
    face, first = np.unique(face[order], return_index=True)
    return face, commune[order][first]


def _weigh(face: Ints, buildings: Buildings, x: Floats, y: Floats) -> tuple[Ints, Floats, Floats]:
    found = face >= 0
    face, heavy = face[found], buildings.weight[found].astype(np.float64)
    weight = sum_by(face, heavy, x.size)
    sum_x = sum_by(face, heavy * buildings.x[found], x.size)
    sum_y = sum_by(face, heavy * buildings.y[found], x.size)
    held = np.where(weight > 0, weight, 1.0)
    return (
        weight.astype(np.int64),
        np.where(weight > 0, sum_x / held, x),
        np.where(weight > 0, sum_y / held, y),
    )


def touching(polygons: Shapes) -> tuple[Ints, Floats]:
    """List the pairs of polygons of a coverage that share an edge, and the length they share."""
    rings, owner = shapely.get_rings(polygons, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    _, vertex = np.unique(points[:, 0] + 1j * points[:, 1], return_inverse=True)
    same = np.flatnonzero(ring[1:] == ring[:-1])
    low = np.minimum(vertex[same], vertex[same + 1])
    high = np.maximum(vertex[same], vertex[same + 1])
    length = np.hypot(*(points[same + 1] - points[same]).T)
    polygon = owner[ring[same]]
    order = np.lexsort((polygon, high, low))
    low, high, length, polygon = low[order], high[order], length[order], polygon[order]
    twin = np.flatnonzero(
        (low[1:] == low[:-1]) & (high[1:] == high[:-1]) & (polygon[1:] != polygon[:-1])
    )
    count = max(len(polygons), 1)
    keys, inverse = np.unique(polygon[twin] * count + polygon[twin + 1], return_inverse=True)
    shared = sum_by(inverse, length[twin], keys.size)
    return np.stack([keys // count, keys % count], axis=1), shared

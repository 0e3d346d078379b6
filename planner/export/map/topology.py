"""One shared topology for every border of the map.

Communes and sectors don't follow each other's borders, yet many of their borders are the same line.
Both coverages are laid over each other once, on a grid of whole pixels of the web Mercator world,
so that each piece of border is one *arc* with a *face* on either side.  Every layer is then a label
on the faces (commune, EPCI, département, sector, zone, phase): its polygons are the arcs where the
label changes, chained, and its borders are those same arcs.  Nothing is simplified apart, so that
no two borders drift from each other; no layer is stored twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.crs import WORKING_CRS, transform_xy

__all__ = [
    "GRID_ZOOM", "Topology", "TopologyRules", "encode_topology", "grid_to_lonlat", "grid_xy",
    "pixel_metres",
]  # fmt: skip

GRID_ZOOM: Final = 16
"""The grid is that of the pixels of web zoom 16: 2.4 m at the equator, 1.6 m at 48° north."""
_GRID_SIZE: Final = 256 * 2**GRID_ZOOM
_METRES_A_PIXEL: Final = 40_075_016.68557849 / _GRID_SIZE
"""Web Mercator metres (EPSG:3857, 2 π × 6 378 137 m) a pixel of the grid."""
OUTSIDE: Final = -1

Integers = NDArray[np.int64]
Polygons = NDArray[np.object_]


@dataclass(frozen=True, kw_only=True)
class TopologyRules:
    """How borders are thinned out.

    Parameters
    ----------
    tolerance_m
        Corners of triangles smaller than the square of this length, on the ground, are left out
        (Visvalingam-Whyatt over the whole coverage); 0 keeps every vertex.
    latitude_deg
        Latitude at which a metre on the ground is counted in pixels.
    """

    tolerance_m: float = 25.0
    latitude_deg: float = 48.2


@dataclass(frozen=True)
class Topology:
    """Arcs and the faces on their sides.

    Parameters
    ----------
    points
        Vertices of all arcs, one after another, shape (n, 2), pixels of :data:`GRID_ZOOM`, x east
        and y *south* from the corner of the web Mercator world.
    starts
        Position in ``points`` of each arc's first vertex, and the end: shape (arcs + 1,).
    left, right
        Face on either side of each arc along its direction, as seen with y growing upwards; -1 is
        outside.
    labels
        Name of a layer of areas to the position of its area for each face, -1 for none.
    """

    points: Integers
    starts: Integers
    left: Integers
    right: Integers
    labels: dict[str, Integers]

    def arc(self, position: int) -> Integers:
        """Return the vertices of one arc, shape (n, 2)."""
        return self.points[self.starts[position] : self.starts[position + 1]]

    def flat(self, *layers: str) -> dict[str, Any]:
        """Return what a page decodes: arcs as flat integers, and the labels of some layers.

        Each arc is its number of vertices, its first one, then steps.

        Parameters
        ----------
        layers
            Layers whose labels go along; none named: all.
        """
        steps = np.diff(self.points, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
        steps[self.starts[:-1]] = self.points[self.starts[:-1]]
        return {
            "zoom": GRID_ZOOM,
            "sizes": np.diff(self.starts).tolist(),
            "steps": steps.ravel().tolist(),
            "left": self.left.tolist(),
            "right": self.right.tolist(),
            "labels": {name: self.labels[name].tolist() for name in layers or self.labels},
        }

    def borders(self, face_labels: Integers) -> NDArray[np.bool_]:
        """Tell which arcs part two different labels, the outside being -1."""
        padded = np.append(face_labels, OUTSIDE)  # face -1 reads the last one
        parts: NDArray[np.bool_] = padded[self.left] != padded[self.right]
        return parts

    def rings(self, face_labels: Integers) -> dict[int, list[list[int]]]:
        """Chain arcs into rings for each label.

        Parameters
        ----------
        face_labels
            Label of each face; -1 is no area.

        Returns
        -------
        dict
            Label to its rings, each a list of arcs: ``i`` for arc i forwards, ``~i`` backwards.
            Filled by the even-odd rule they are the area.
        """
        padded = np.append(face_labels, OUTSIDE)
        found: dict[int, list[list[int]]] = {}
        left, right = padded[self.left], padded[self.right]
        first = self._nodes(self.starts[:-1])
        last = self._nodes(self.starts[1:] - 1)
        for label in np.unique(face_labels[face_labels != OUTSIDE]).tolist():
            forwards = np.flatnonzero((left == label) & (right != label)).tolist()
            backwards = np.flatnonzero((right == label) & (left != label)).tolist()
            pieces = [(i, first[i], last[i]) for i in forwards]
            pieces += [(~i, last[i], first[i]) for i in backwards]
            found[label] = _chain(pieces)
        return found

    def ring_points(self, ring: Sequence[int]) -> Integers:
        """Return the vertices of a ring, the first repeated at the end, shape (n, 2)."""
        parts = [self.arc(i) if i >= 0 else self.arc(~i)[::-1] for i in ring]
        return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])

    def _nodes(self, positions: Integers) -> list[int]:
        ends = self.points[positions]
        packed: list[int] = ((ends[:, 0] << 32) | ends[:, 1]).tolist()
        return packed


def _chain(pieces: list[tuple[int, int, int]]) -> list[list[int]]:
    """Join directed pieces (arc, start, end) into closed rings, none of which meets itself."""
    leaving: dict[int, list[tuple[int, int]]] = {}
    for arc, start, end in reversed(pieces):
        leaving.setdefault(start, []).append((arc, end))
    rings = []
    for _, start, _ in pieces:
        path: list[int] = []
        passed: dict[int, int] = {start: 0}  # node to the length of the path when it was met
        at = start
        while leaving[at]:
            arc, at = leaving[at].pop()
            path.append(arc)
            if at in passed:
                length = passed[at]
                rings.append(path[length:])
                del path[length:]
                passed = {node: met for node, met in passed.items() if met <= length}
            else:
                passed[at] = len(path)
    return rings


def grid_to_lonlat(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return degrees (longitude, latitude) for pixels of :data:`GRID_ZOOM`, shape (n, 2)."""
    x, y = (pixels / _GRID_SIZE).T
    lat = np.degrees(2 * np.arctan(np.exp((0.5 - y) * 2 * np.pi)) - np.pi / 2)
    return np.column_stack([x * 360 - 180, lat])


def pixel_metres(latitude_deg: float) -> float:
    """Return the metres on the ground of one pixel of :data:`GRID_ZOOM` at a latitude.

    Examples
    --------
    >>> round(pixel_metres(48.0), 2)
    1.6
    """
    return float(_METRES_A_PIXEL * np.cos(np.radians(latitude_deg)))


def grid_xy(x_m: NDArray[np.float64], y_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the pixels of :data:`GRID_ZOOM` for EPSG:2154 metres, shape (n, 2), not rounded."""
    x, y = transform_xy(x_m, y_m, source=WORKING_CRS, target="EPSG:3857")
    half = _GRID_SIZE / 2
    return np.column_stack([x / _METRES_A_PIXEL + half, half - y / _METRES_A_PIXEL])


def encode_topology(layers: dict[str, Polygons], *, rules: TopologyRules | None = None) -> Topology:
    """Lay coverages over each other and encode their common arcs.

    Parameters
    ----------
    layers
        Name of a layer to its polygons in EPSG:2154, in the order of their keys.  Where polygons of
        one layer overlap, the first one has the place.
    rules
        How borders are thinned out.

    Returns
    -------
    Topology
        Every vertex is a whole pixel, within half a pixel of its origin when no tolerance is set.
    """
    rules = rules or TopologyRules()
    placed = {name: shapely.transform(areas, _to_grid) for name, areas in layers.items()}
    faces = _faces(placed)
    labels = {name: _owners(faces, areas) for name, areas in placed.items()}
    inside = np.any([owners != OUTSIDE for owners in labels.values()], axis=0)
    faces = faces[inside]
    labels = {name: owners[inside] for name, owners in labels.items()}
    if rules.tolerance_m > 0 and faces.size:
        tolerance = rules.tolerance_m / pixel_metres(rules.latitude_deg)
        faces = shapely.coverage_simplify(faces, tolerance)
    faces, order = _in_order(faces)
    labels = {name: owners[order] for name, owners in labels.items()}
    return _arcs(faces, labels)


def _to_grid(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    return grid_xy(xy[:, 0], xy[:, 1]) * (1, -1)  # y upwards while GEOS has it


def _faces(placed: dict[str, Polygons]) -> Polygons:
    """Node every border on the grid and return the faces between them."""
    borders = np.concatenate([shapely.boundary(areas) for areas in placed.values()])
    borders = borders[~shapely.is_empty(borders)]
    if not borders.size:
        return np.empty(0, dtype=object)
    noded = shapely.union_all(borders, grid_size=1.0)
    return np.asarray(shapely.get_parts(shapely.polygonize([noded])), dtype=object)


def _owners(faces: Polygons, areas: Polygons) -> Integers:
    """Return the first area that holds each face, -1 for none."""
    owners = np.full(faces.size, OUTSIDE, dtype=np.int64)
    if faces.size and areas.size:
        seeds = shapely.point_on_surface(faces)
        face, area = shapely.STRtree(areas).query(seeds, predicate="intersects")
        owners[:] = areas.size
        np.minimum.at(owners, face, area)
        owners[owners == areas.size] = OUTSIDE
    return owners


def _in_order(faces: Polygons) -> tuple[Polygons, Integers]:
    """Sort faces by their corner, whatever order GEOS gave them."""
    if not faces.size:
        return faces, np.empty(0, dtype=np.int64)
    first = shapely.get_coordinates(shapely.point_on_surface(faces))
    bounds = shapely.bounds(faces)
    order = np.lexsort((first[:, 1], first[:, 0], bounds[:, 1], bounds[:, 0]))
    return shapely.orient_polygons(faces[order]), order.astype(np.int64)


def _arcs(faces: Polygons, labels: dict[str, Integers]) -> Topology:
    """Cut the rings of faces at nodes and keep each piece once."""
    vertices, ring_starts, ring_faces = _ring_arrays(faces)
    ids = (vertices[:, 0] << 32) + vertices[:, 1]
    nodes = _is_node(ids, ring_starts)
    seen: dict[tuple[int, int], int] = {}
    pieces: list[Integers] = []
    left: list[int] = []
    right: list[int] = []
    for start, end, face in zip(
        ring_starts[:-1].tolist(), ring_starts[1:].tolist(), ring_faces, strict=True
    ):
        for piece in _cut(start, end - 1, nodes[start : end - 1], ids[start : end - 1]):
            there = (int(ids[piece[0]]), int(ids[piece[1]]))
            back = (int(ids[piece[-1]]), int(ids[piece[-2]]))
            if back in seen:
                right[seen[back]] = face
                continue
            seen[there] = len(pieces)
            pieces.append(piece)
            left.append(face)
            right.append(OUTSIDE)
    sizes = np.fromiter((piece.size for piece in pieces), dtype=np.int64, count=len(pieces))
    order = np.concatenate([np.empty(0, dtype=np.int64), *pieces])
    return Topology(
        points=vertices[order] * (1, -1),
        starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        left=np.array(left, dtype=np.int64),
        right=np.array(right, dtype=np.int64),
        labels=labels,
    )


def _ring_arrays(faces: Polygons) -> tuple[Integers, Integers, list[int]]:
    """Return vertices, where each closed ring starts, and the face on its left."""
    rings, owners = shapely.get_rings(faces, return_index=True)
    coordinates, ring_of = shapely.get_coordinates(rings, return_index=True)
    vertices = np.rint(coordinates).astype(np.int64)
    starts = np.searchsorted(ring_of, np.arange(len(rings) + 1)).astype(np.int64)
    return vertices, starts, owners.tolist()


def _is_node(ids: Integers, ring_starts: Integers) -> NDArray[np.bool_]:
    """Tell which vertices end an arc: those with other than two different neighbours."""
    step = np.ones(ids.size, dtype=bool)
    step[ring_starts[1:] - 1] = False
    here = np.flatnonzero(step)
    pairs = np.concatenate(
        [np.column_stack([ids[here], ids[here + 1]]), np.column_stack([ids[here + 1], ids[here]])]
    )
    pairs = np.unique(pairs, axis=0)
    vertex, degree = np.unique(pairs[:, 0], return_counts=True)
    is_node: NDArray[np.bool_] = degree[np.searchsorted(vertex, ids)] != 2  # noqa: PLR2004 (a line)
    return is_node


def _cut(start: int, end: int, nodes: NDArray[np.bool_], ids: Integers) -> list[Integers]:
    """Cut a ring (without its repeated vertex) at its nodes, or at its smallest vertex."""
    at = np.flatnonzero(nodes)
    if not at.size:
        at = np.array([int(np.argmin(ids))])
    size = end - start
    stops = np.append(at[1:], at[0] + size)
    return [
        start + np.arange(a, b + 1, dtype=np.int64) % size
        for a, b in zip(at.tolist(), stops.tolist(), strict=True)
    ]

"""The supports as the design sees them: places by number, pieces of way between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import KDTree

from planner.crs import is_working_crs
from planner.errors import RuleError
from planner.texts import Message

__all__ = ["MM_PER_M", "KnownPoles", "Ways", "lay_ways"]

MM_PER_M: Final = 1000
_COLUMNS: Final = ("edge_id", "laying", "geometry")

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownPoles:
    """Poles known along pieces of existing runs.

    Attributes
    ----------
    pole, piece
        Each pole and each piece that it carries, a row a pair.
    replaced, reinforced
        Of each pole: 1 or 0 where its condition is known, absent elsewhere.
    near
        How many known poles each way bears, by its identifier.
    """

    pole: Ints
    piece: Ints
    replaced: Floats
    reinforced: Floats
    near: dict[str, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Ways:
    """Pieces of way between places, in one order whatever the order they were given in.

    Places are sorted by x, then y; they are the only spots where a cable may leave a way.

    Attributes
    ----------
    x_m, y_m
        Places, EPSG:2154.
    start, end
        Places at the ends of each piece.
    length_mm
        Length of each piece, whole millimetres.
    laying
        Position of each piece's kind of laying in ``layings``.
    layings
        Kinds of laying, sorted.
    edge_id, piece
        Way that the piece belongs to, and its rank along it.
    line
        Shape of each piece.
    tree
        Index of the places.
    synthetic
        Whether the ways are made up.
    poles
        Poles known along existing overhead runs; None where none is.
    """

    x_m: Floats
    y_m: Floats
    start: Ints
    end: Ints
    length_mm: Ints
    laying: Ints
    layings: tuple[str, ...]
    edge_id: NDArray[np.object_]
    piece: Ints
    line: NDArray[np.object_]
    tree: KDTree
    synthetic: bool
    poles: KnownPoles | None = None

    @property
    def place_count(self) -> int:
        """Number of places."""
        return int(self.x_m.size)

    def nearest(self, x_m: Floats, y_m: Floats) -> tuple[Floats, Ints]:
        """Return the distance to the nearest place, and which; of equals the first."""
        # two equally near places: KDTree may give either, so the first of the two is taken
        distance, which = self.tree.query(np.column_stack([x_m, y_m]), k=min(2, self.place_count))
        if which.ndim == 1:
            return distance, which.astype(np.int64)
        tied = distance[:, 0] == distance[:, 1]
        chosen = np.where(tied, which.min(axis=1), which[:, 0])
        return distance[:, 0], chosen.astype(np.int64)


def lay_ways(edges: gpd.GeoDataFrame, *, spacing_m: float | None, synthetic: bool) -> Ways:
    """Cut ways in pieces, and number the places between them.

    Parameters
    ----------
    edges
        ``edge_id``, ``laying`` and lines in EPSG:2154 that meet at their ends only: a bridge that
        crosses a road without an end there doesn't touch it.
    spacing_m
        Most metres between two places of a way; None: only the ends of ways are places.
    synthetic
        Whether the ways are made up.

    Raises
    ------
    RuleError
        When a column is missing, an identifier is given twice, a shape is no line, or the CRS
        isn't EPSG:2154.
    """
    _check(edges)
    table = edges.assign(
        edge_id=edges["edge_id"].astype("str"), laying=edges["laying"].astype("str")
    )
    table = table.sort_values("edge_id", kind="stable")
    shapes, way, rank = _pieces(table.geometry.to_numpy(), spacing_m)
    ends = np.concatenate([_ends(shapes, 0), _ends(shapes, -1)])
    places, number = np.unique(ends, axis=0, return_inverse=True)
    number = number.ravel().astype(np.int64)
    start, end = number[: shapes.size], number[shapes.size :]
    layings, kind = np.unique(
        table["laying"].to_numpy(dtype=object).astype(str), return_inverse=True
    )
    length = np.rint(shapely.length(shapes) * MM_PER_M).astype(np.int64)
    x_m, y_m = places[:, 0] / MM_PER_M, places[:, 1] / MM_PER_M
    return Ways(
        x_m=x_m, y_m=y_m, start=start, end=end, length_mm=length,
        laying=kind.ravel().astype(np.int64)[way], layings=tuple(layings.tolist()),
        edge_id=table["edge_id"].to_numpy(dtype=object)[way], piece=rank, line=shapes,
        tree=KDTree(np.column_stack([x_m, y_m])), synthetic=synthetic,
    )  # fmt: skip


def _check(edges: gpd.GeoDataFrame) -> None:
    missing = [name for name in _COLUMNS if name not in edges]
    wrong = "—"
    if missing:
        wrong = ", ".join(missing)
    elif edges["edge_id"].astype(str).duplicated().any():
        wrong = "edge_id × 2"
    elif not len(edges) or not (shapely.get_type_id(edges.geometry.to_numpy()) == 1).all():
        wrong = "geometry (LineString)"
    elif not is_working_crs(edges.crs):
        wrong = str(edges.crs)
    else:
        return
    raise RuleError(Message.of("design.ways", wrong=wrong), Message.of("design.ways_remedy"))


def _ends(shapes: NDArray[np.object_], which: int) -> Ints:
    """Return an end of each line in whole millimetres, so that ends which meet are equal."""
    ends = shapely.get_coordinates(shapely.get_point(shapes, which))
    return np.rint(ends * MM_PER_M).astype(np.int64)


def _pieces(
    lines: NDArray[np.object_], spacing_m: float | None
) -> tuple[NDArray[np.object_], Ints, Ints]:
    """Cut each line in equal pieces no longer than ``spacing_m``; shape, line, rank along it."""
    if spacing_m is None:
        every = np.arange(lines.size)
        return np.asarray(lines, dtype=object), every, np.zeros(lines.size, np.int64)
    shapes: list[object] = []
    way, rank = [], []
    for row, line in enumerate(lines):
        count = max(1, int(np.ceil(line.length / spacing_m - 1e-9)))
        for k, part in enumerate(_cut(line, count)):
            shapes.append(part)
            way.append(row)
            rank.append(k)
    out = np.empty(len(shapes), dtype=object)
    out[:] = shapes
    return out, np.array(way, np.int64), np.array(rank, np.int64)


def _cut(line: shapely.LineString, count: int) -> list[shapely.LineString]:
    """Cut a line in ``count`` pieces of equal length that share their ends to the last bit."""
    if count == 1:
        return [line]
    points = shapely.get_coordinates(line)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    at = along[-1] * np.arange(count + 1) / count
    cuts = np.column_stack([np.interp(at, along, points[:, 0]), np.interp(at, along, points[:, 1])])
    cuts[0], cuts[-1] = points[0], points[-1]
    parts = []
    for k in range(count):
        inside = (along > at[k]) & (along < at[k + 1])
        parts.append(shapely.LineString(np.vstack([cuts[k], points[inside], cuts[k + 1]])))
    return parts

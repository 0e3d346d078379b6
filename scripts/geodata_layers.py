"""Geometry of the embedded territory: mend the boundaries, dissolve them, find the bourgs.

Everything is in EPSG:2154, in metres, and pure: arrays in, arrays out, sorted by the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from geodata_figures import Row
from numpy.typing import NDArray
from pyproj import Transformer

__all__ = [
    "GRID_M",
    "Coverage",
    "Geometries",
    "dissolve",
    "locate_bourgs",
    "project",
    "repair_coverage",
]

Geometries = NDArray[Any]

# The finest rounding that is worth its bytes for boundaries simplified to tens of metres.
GRID_M: Final = 0.1

# Below this a difference of area is arithmetic, not a repair.
_NOTHING_M2: Final = 0.01

_TO_LAMBERT_93: Final = Transformer.from_crs(4326, 2154, always_xy=True)


def project(geometries: Geometries) -> Geometries:
    """Carry geometries from EPSG:4326 (longitude, latitude) to EPSG:2154."""

    def to_metres(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(_TO_LAMBERT_93.transform(degrees[:, 0], degrees[:, 1]))

    return np.asarray(shapely.transform(geometries, to_metres))


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Boundaries that share their edges exactly, and what it took.

    Parameters
    ----------
    geometry
        Normalised multipolygons, on a grid of :data:`GRID_M`, in the order given.
    lineage
        ``original`` or ``repaired`` for each: repaired when the mending changed its area, beyond
        the vertices added on its neighbours' behalf and the rounding.
    repairs
        One row for each commune of each event: ``event``, ``insee``, ``what``, ``area_m2``.
    """

    geometry: Geometries
    lineage: tuple[str, ...]
    repairs: tuple[Row, ...]


def repair_coverage(codes: Sequence[str], geometry: Geometries) -> Coverage:
    """Make boundaries a valid coverage on a grid of 0.1 m, and tell what changed.

    Overlaps go to the neighbour that shares the longest border with them, and so do gaps narrower
    than the grid.  Wider gaps stay: in Brittany they lie in estuaries and belong to no commune.

    Parameters
    ----------
    codes
        Keys of the polygons, sorted: the order decides which of two equal neighbours wins.
    geometry
        Polygons or multipolygons, EPSG:2154.

    Raises
    ------
    ValueError
        When the keys are not sorted, or the result is not a valid coverage.
    """
    if list(codes) != sorted(set(codes)):
        raise ValueError("codes must be sorted and unique -> sort polygons by code first")
    # Stubs are of shapely 2.1, which has no coverage_clean yet.
    mended = np.asarray(
        shapely.coverage_clean(geometry, gap_width=GRID_M)  # type: ignore[attr-defined]
    )
    rounded = _multi(shapely.set_precision(mended, GRID_M, mode="pointwise"))
    _check_coverage(rounded, "communes")
    changed_m2 = shapely.area(shapely.symmetric_difference(geometry, mended))
    return Coverage(
        geometry=rounded,
        lineage=tuple("repaired" if m2 > _NOTHING_M2 else "original" for m2 in changed_m2),
        repairs=(
            *_describe_overlaps(codes, geometry, mended),
            *_describe_holes(codes, geometry, rounded),
        ),
    )


def _multi(geometry: Geometries) -> Geometries:
    parts = [shapely.MultiPolygon(list(shapely.get_parts(one))) for one in geometry]
    return np.asarray(shapely.normalize(np.array(parts, dtype=object)))


def _check_coverage(geometry: Geometries, what: str) -> None:
    if not (shapely.is_valid(geometry).all() and shapely.coverage_is_valid(geometry)):
        raise ValueError(
            f"the {what} are not a valid coverage -> look at shapely.coverage_invalid_edges,"
            " and at the version of GEOS"
        )


def _row(event: str, insee: str, what: str, area_m2: float) -> Row:
    return {"event": event, "insee": insee, "what": what, "area_m2": round(float(area_m2), 2)}


def _describe_overlaps(codes: Sequence[str], before: Geometries, after: Geometries) -> list[Row]:
    """Tell of each overlap what either commune ceded and kept."""
    first, second = shapely.STRtree(before).query(before, predicate="intersects")
    pairs = sorted((i, j) for i, j in zip(first.tolist(), second.tolist(), strict=True) if i < j)
    rows: list[Row] = []
    number = 0
    for i, j in pairs:
        shared = shapely.intersection(before[i], before[j])
        if shapely.area(shared) <= _NOTHING_M2:
            continue
        number += 1
        for k in (i, j):
            kept_m2 = shapely.area(shapely.intersection(shared, after[k]))
            ceded_m2 = shapely.area(shared) - kept_m2
            told = {"overlap_ceded": ceded_m2, "overlap_kept": kept_m2}
            rows += [
                _row(f"overlap-{number}", codes[k], what, m2)
                for what, m2 in told.items()
                if m2 > _NOTHING_M2
            ]
    return rows


def _describe_holes(codes: Sequence[str], before: Geometries, after: Geometries) -> list[Row]:
    """Tell of each hole whether it was closed or remains, and between whom.

    The area of a hole is in each of its rows: a remaining one belongs to no commune.
    """
    old = np.array(_holes(shapely.union_all(before)), dtype=object)
    new = np.array(_holes(shapely.coverage_union_all(after)), dtype=object)
    # Rounding moves a hole by less than its own size or by less than the grid.
    closed = [hole for hole in old if not shapely.dwithin(new, hole, 2 * GRID_M).any()]
    tree = shapely.STRtree(after)
    rows: list[Row] = []
    for number, hole in enumerate((*new, *closed), start=1):
        what = "hole_remaining" if number <= len(new) else "hole_closed"
        around = sorted(tree.query(hole, predicate="dwithin", distance=2 * GRID_M).tolist())
        rows += [_row(f"hole-{number}", codes[k], what, shapely.area(hole)) for k in around]
    return rows


def _holes(union: shapely.Geometry) -> list[shapely.Polygon]:
    """Return the holes of a union, the largest first."""
    holes = [
        shapely.Polygon(shapely.get_interior_ring(part, k))
        for part in shapely.get_parts(union)
        for k in range(int(shapely.get_num_interior_rings(part)))
    ]
    return sorted(holes, key=lambda hole: (-hole.area, hole.bounds))


def dissolve(groups: Sequence[str | None], geometry: Geometries) -> dict[str, shapely.MultiPolygon]:
    """Merge the polygons of each group of a valid coverage, leaving out those without a group.

    Returns
    -------
    dict
        Normalised multipolygons by group, groups sorted; together they are a valid coverage.

    Raises
    ------
    ValueError
        When the merged polygons are not a valid coverage.
    """
    members: dict[str, list[int]] = {}
    for position, group in enumerate(groups):
        if group is not None:
            members.setdefault(group, []).append(position)
    names = sorted(members)
    merged = np.array(
        [shapely.coverage_union_all(geometry[members[name]]) for name in names], dtype=object
    )
    merged = _multi(merged)
    _check_coverage(merged, "dissolved polygons")
    return dict(zip(names, merged.tolist(), strict=True))


def locate_bourgs(
    codes: Sequence[str],
    geometry: Geometries,
    town_halls: Sequence[Mapping[str, shapely.Point]],
) -> list[Row]:
    """Say where the bourg of each commune is: at its town hall, or anywhere inside failing that.

    About fifty town halls are placed in another commune, or in another département: these are not
    believed.

    Parameters
    ----------
    codes, geometry
        Communes and their multipolygons, EPSG:2154.
    town_halls
        Points by code, EPSG:2154, one mapping for each edition, the most trusted first.

    Returns
    -------
    list of dict
        ``bourg_x_m``, ``bourg_y_m`` (on the grid, inside) and ``bourg_source``, a commune each.
    """
    rows: list[Row] = []
    for insee, polygon in zip(codes, geometry, strict=True):
        halls = (edition[insee] for edition in town_halls if insee in edition)
        candidates = (shapely.set_precision(hall, GRID_M) for hall in halls)
        inside = next((hall for hall in candidates if shapely.contains(polygon, hall)), None)
        point = inside or shapely.set_precision(polygon.representative_point(), GRID_M)
        rows.append(
            {
                "bourg_x_m": round(float(point.x), 1),
                "bourg_y_m": round(float(point.y), 1),
                "bourg_source": "mairie" if inside else "representative_point",
            }
        )
    return rows

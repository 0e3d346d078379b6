"""TopoJSON: every layer of areas in one file, each shared border written once.

The borders of all layers are laid over each other by :mod:`planner.export.map.topology`, so that a
commune and a sector that share a line share its arc.  Positions are longitude and latitude.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.export.layout import Written, columns_of, sorted_arrow
from planner.export.map.topology import Topology, TopologyRules, encode_topology, grid_to_lonlat
from planner.schemas import CONTRACTS

__all__ = ["write_topojson"]

_STEP_DEG: Final = 1e-6  # 0.1 m: an eighth of the finest detail that the topology keeps


def write_topojson(
    path: str | Path, tables: Mapping[str, pd.DataFrame], *, tolerance_m: float = 0.0
) -> Written:
    """Write every table of areas as an object of one TopoJSON file.

    Parameters
    ----------
    path
        The file.
    tables
        Table name to frame; only those whose contract is of polygons go out.
    tolerance_m
        How much borders are thinned out, all at once (Visvalingam-Whyatt); 0 keeps every vertex,
        within 2 m (the topology's grid is 1.6 m wide at 48° north).

    Returns
    -------
    Written
        Name of the file, and rows of each object.

    Notes
    -----
    Where polygons of one layer overlap, the first one by key has the place.
    """
    frames = {
        name: frame
        for name in CONTRACTS
        if CONTRACTS[name].geometry == "Polygon"
        and isinstance(frame := tables.get(name), gpd.GeoDataFrame)
        and len(frame)
    }
    sorted_frames = {name: _in_key_order(name, frame) for name, frame in frames.items()}
    topology = encode_topology(
        {name: shapes for name, (_, shapes) in sorted_frames.items()},
        rules=TopologyRules(tolerance_m=tolerance_m),
    )
    lonlat = grid_to_lonlat(topology.points.astype(np.float64))
    corner = np.floor(lonlat.min(axis=0) / _STEP_DEG) if len(lonlat) else np.zeros(2)
    positions = np.rint(lonlat / _STEP_DEG - corner).astype(np.int64)
    document = {
        "type": "Topology",
        "bbox": [*lonlat.min(axis=0).tolist(), *lonlat.max(axis=0).tolist()] if len(lonlat) else [],
        "transform": {
            "scale": [_STEP_DEG, _STEP_DEG],
            "translate": [float(round(value * _STEP_DEG, 6)) for value in corner],
        },
        "objects": {
            name: {
                "type": "GeometryCollection",
                "geometries": _geometries(name, rows, topology),
            }
            for name, (rows, _) in sorted_frames.items()
        },
        "arcs": [
            np.diff(positions[start:end], axis=0, prepend=np.zeros((1, 2), np.int64)).tolist()
            for start, end in zip(topology.starts[:-1], topology.starts[1:], strict=True)
        ],
    }
    target = Path(path)
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    target.write_text(text, encoding="utf-8", newline="")
    return Written(path=target.name, rows={name: len(frame) for name, frame in frames.items()})


def _in_key_order(
    name: str, frame: gpd.GeoDataFrame
) -> tuple[list[dict[str, Any]], NDArray[np.object_]]:
    """Return the rows as JSON holds them and the shapes, in the order of the key."""
    table, order = sorted_arrow(name, frame)
    shapes = np.asarray(frame.geometry.to_numpy(), dtype=object)
    if order is not None:
        shapes = shapes[order.to_numpy()]
    days = [column.name for column in columns_of(name, frame) if column.type == "date"]
    rows: list[dict[str, Any]] = table.to_pylist()
    for row in rows:
        for day in days:
            row[day] = None if row[day] is None else row[day].isoformat()
    return rows, shapes


def _geometries(
    name: str, rows: Sequence[dict[str, Any]], topology: Topology
) -> list[dict[str, Any]]:
    rings = topology.rings(topology.labels[name])
    key = CONTRACTS[name].key
    found = []
    for position, row in enumerate(rows):
        polygons = _polygons(topology, rings.get(position, []))
        shape: dict[str, Any] = {"type": None}
        if len(polygons) == 1:
            shape = {"type": "Polygon", "arcs": polygons[0]}
        elif polygons:
            shape = {"type": "MultiPolygon", "arcs": polygons}
        identity = "/".join(str(row[column]) for column in key)
        found.append({**shape, "id": identity, "properties": row})
    return found


def _polygons(topology: Topology, rings: Sequence[list[int]]) -> list[list[list[int]]]:
    """Put each hole with the smallest outline around it; an outline runs counter-clockwise."""
    points = [topology.ring_points(ring) * (1, -1) for ring in rings]
    areas = [_signed_area(ring) for ring in points]
    outlines = [at for at, area in enumerate(areas) if area > 0]
    holes = [at for at, area in enumerate(areas) if area < 0]
    groups = {at: [rings[at]] for at in outlines}
    if holes and len(outlines) == 1:
        groups[outlines[0]] += [rings[at] for at in holes]
    elif holes:
        shapes = {at: shapely.Polygon(points[at]) for at in outlines}
        for hole in holes:
            inside = shapely.Polygon(points[hole])
            around = [at for at in outlines if shapely.covers(shapes[at], inside)]
            groups[min(around, key=lambda at: areas[at])].append(rings[hole])
    return list(groups.values())


def _signed_area(ring: NDArray[np.int64]) -> int:
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    return int((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())

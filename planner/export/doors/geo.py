"""GeoParquet and FlatGeobuf: the layers of a plan for analysts and for the web, in EPSG:2154."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
from pyproj import CRS

from planner.crs import WORKING_CRS
from planner.export.geopackage import GEOMETRY_COLUMN, SpatialLayer, prepare_layer
from planner.export.layout import Written, in_contract_order
from planner.schemas import contract

__all__ = ["write_flatgeobuf", "write_geoparquet"]

_GEOPARQUET: Final = "1.1.0"


def write_geoparquet(
    folder: str | Path, tables: Mapping[str, pd.DataFrame], *, lang: str = "fr"
) -> list[Written]:
    """Write each table as ``<name>.parquet``; those with a geometry are GeoParquet 1.1.

    Parameters
    ----------
    folder
        Where the files go; it is made when it is missing.
    tables
        Table name to frame, as for :func:`planner.export.geopackage.write_geopackage`; premises
        become points.
    lang
        Language of titles and definitions, which each column bears as metadata.

    Returns
    -------
    list of Written
        Files and their rows, relative to ``folder``.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    written = []
    for name, frame in in_contract_order(tables):
        layer = prepare_layer(name, frame)
        about = {
            b"title": contract(name).titled(lang),
            b"description": contract(name).described(lang),
        }
        if layer.kind is not None:
            about[b"geo"] = json.dumps(_geo(layer), separators=(",", ":"))
        fields = [field.with_metadata(_defined(layer, field.name, lang)) for field in layer.schema]
        schema = pa.schema(fields, metadata=about)
        with pq.ParquetWriter(place / f"{name}.parquet", schema, compression="zstd") as out:
            for batch in layer.batches():
                out.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
        written.append(Written(path=f"{name}.parquet", rows={name: len(frame)}))
    return written


def _defined(layer: SpatialLayer, name: str, lang: str) -> dict[str, str]:
    column = next((column for column in layer.columns if column.name == name), None)
    if column is None:
        return {}
    words = {
        "title": column.titled(lang),
        "description": column.described(lang),
        "unit": column.unit,
    }
    return {key: text for key, text in words.items() if text}


def _geo(layer: SpatialLayer) -> dict[str, Any]:
    """Return the metadata that makes a Parquet file a GeoParquet."""
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": [layer.kind],
        "crs": CRS.from_user_input(WORKING_CRS).to_json_dict(),
        "edges": "planar",
    }
    bounds = _bounds(layer)
    if bounds is not None:
        column["bbox"] = bounds
    return {
        "version": _GEOPARQUET, "primary_column": GEOMETRY_COLUMN,
        "columns": {GEOMETRY_COLUMN: column},
    }  # fmt: skip


def _bounds(layer: SpatialLayer) -> list[float] | None:
    """Return west, south, east and north; None where nothing is placed."""
    if layer.points is not None:
        x, y = (np.asarray(axis)[np.isfinite(axis)] for axis in layer.points)
        return [float(v) for v in (x.min(), y.min(), x.max(), y.max())] if x.size else None
    if layer.shapes is None or not len(layer.shapes):
        return None
    found: list[float] = shapely.total_bounds(layer.shapes).tolist()
    return found if np.isfinite(found).all() else None


def _is_placed(layer: SpatialLayer) -> bool:
    """Tell whether every row has a geometry."""
    if layer.points is not None:
        return bool(np.isfinite(layer.points).all())
    return layer.shapes is None or not shapely.is_missing(layer.shapes).any()


def write_flatgeobuf(
    folder: str | Path, tables: Mapping[str, pd.DataFrame], *, lang: str = "fr"
) -> list[Written]:
    """Write each table that has a geometry as ``<name>.fgb``, indexed where every row is placed.

    Parameters
    ----------
    folder, tables, lang
        As in :func:`write_geoparquet`.  A table without a geometry has no place in this format.

    Returns
    -------
    list of Written
        Files and their rows, relative to ``folder``.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    written = []
    for name, frame in in_contract_order(tables):
        layer = prepare_layer(name, frame)
        if layer.kind is None:
            continue
        pyogrio.write_arrow(
            pa.RecordBatchReader.from_batches(layer.schema, layer.batches()),
            place / f"{name}.fgb",
            layer=name,
            driver="FlatGeobuf",
            geometry_name=GEOMETRY_COLUMN,
            geometry_type=layer.kind,
            crs=WORKING_CRS,
            layer_options={
                "SPATIAL_INDEX": "YES" if _is_placed(layer) else "NO",  # it can't hold a null
                "TITLE": contract(name).titled(lang),
                "DESCRIPTION": contract(name).described(lang),
            },
        )
        written.append(Written(path=f"{name}.fgb", rows={name: len(frame)}))
    return written

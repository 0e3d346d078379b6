"""Write the tables of the embedded territory: same rows, same bytes."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely
from geodata_figures import Row
from geodata_layers import Geometries

__all__ = ["encode_csv", "encode_geoparquet", "encode_toml", "sha256"]

_KINDS: Final = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


def sha256(content: bytes) -> str:
    """Return the checksum of a file's content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def encode_csv(rows: Sequence[Row]) -> bytes:
    """Return rows as CSV: UTF-8, comma, ``true`` and ``false``, nothing for what is absent."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: str(v).lower() if isinstance(v, bool) else v for k, v in row.items()})
    return out.getvalue().encode("utf-8")


def encode_geoparquet(
    rows: Sequence[Row], geometry: Geometries, columns: Mapping[str, type]
) -> bytes:
    """Return rows and their geometry as GeoParquet 1.0, zstd, EPSG:2154.

    The file is written by pyarrow directly: the metadata of pandas and geopandas name their
    versions and change with them.  That of pyarrow stays, in ``created_by``.

    Parameters
    ----------
    rows
        One dict a row, with the keys of ``columns``.
    geometry
        Multipolygons in EPSG:2154, in the same order.
    columns
        Type of each column, in the order of the file.
    """
    fields = [pa.field(name, _KINDS[kind]) for name, kind in columns.items()]
    schema = pa.schema([*fields, pa.field("geometry", pa.binary())])
    arrays = [
        *(pa.array([row[f.name] for row in rows], type=f.type) for f in fields),
        pa.array(shapely.to_wkb(geometry, flavor="iso", byte_order=1).tolist(), type=pa.binary()),
    ]
    schema = schema.with_metadata({"geo": json.dumps(_geo_metadata(geometry), sort_keys=True)})
    out = io.BytesIO()
    pq.write_table(
        pa.Table.from_arrays(arrays, schema=schema),
        out,
        compression="zstd",
        compression_level=19,
        # A dictionary of geometries holds each of them once and saves nothing.
        use_dictionary=list(columns),
    )
    return out.getvalue()


def _geo_metadata(geometry: Geometries) -> dict[str, Any]:
    return {
        "version": "1.0.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {
                "encoding": "WKB",
                "geometry_types": ["MultiPolygon"],
                "crs": pyproj.CRS.from_epsg(2154).to_json_dict(),
                "edges": "planar",
                "bbox": [round(float(edge), 1) for edge in shapely.total_bounds(geometry)],
            }
        },
    }


def encode_toml(
    head: Mapping[str, Any], tables: Mapping[str, Sequence[Mapping[str, Any]]]
) -> bytes:
    """Return plain values, then arrays of tables, as TOML.

    Values are texts, numbers, booleans, dates, or lists of texts; ``None`` is left out.
    """
    lines = [f"{key} = {_toml_value(value)}" for key, value in head.items()]
    for name, entries in tables.items():
        for entry in entries:
            lines += ["", f"[[{name}]]"]
            lines += [f"{k} = {_toml_value(v)}" for k, v in entry.items() if v is not None]
    return ("\n".join(lines) + "\n").encode("utf-8")


def _toml_value(value: Any) -> str:  # noqa: ANN401 (the values that TOML knows)
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], str):
        items = ",\n".join(f"    {_toml_value(item)}" for item in value)
        return f"[\n{items},\n]"
    if isinstance(value, dt.date):
        return value.isoformat()
    # On these values JSON and TOML agree, to the escapes in strings.
    return json.dumps(value, ensure_ascii=False)

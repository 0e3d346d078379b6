"""One GeoPackage of every table, in EPSG:2154, with French aliases and lists of values.

GDAL writes the layers through Arrow, two million points in some seconds; then SQLite adds what GDAL
doesn't write by itself: aliases and lists of values (``gpkg_schema``), where each layer comes from
(``gpkg_metadata``), and styles when some are given.  Version 1.2, which QGIS 3.22 opens without a
warning.  Two exports of the same tables have the same bytes.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio
import shapely
from numpy.typing import NDArray

from planner.contracts import Column, GeometryKind
from planner.crs import WORKING_CRS
from planner.export.gpkg_base import add_base
from planner.export.gpkg_schema import LayerCard, NamedStyle, add_cards
from planner.export.layout import (
    Edition,
    Progress,
    Written,
    columns_of,
    in_contract_order,
    made_up,
    sorted_arrow,
    unwatched,
)
from planner.provenance import Origin
from planner.schemas import contract

__all__ = [
    "GEOMETRY_COLUMN",
    "SpatialLayer",
    "columns_and_kind",
    "prepare_layer",
    "write_geopackage",
]

GEOMETRY_COLUMN: Final = "geom"
_VERSION: Final = "1.2"
_BATCH_ROWS: Final = 65_536  # GDAL's own; also the step of the progress
_MULTI: Final[Mapping[GeometryKind, str]] = MappingProxyType(
    {"Point": "Point", "LineString": "MultiLineString", "Polygon": "MultiPolygon"}
)
_POSITION: Final = ("x_m", "y_m")
# A point in well-known binary: byte order (1: little-endian), type (1: point), x, y; 21 bytes.
_WKB_POINT: Final = np.dtype([("order", "u1"), ("type", "<u4"), ("x", "<f8"), ("y", "<f8")])
_NO_STYLES: Final[Mapping[str, tuple[NamedStyle, ...]]] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class SpatialLayer:
    """A table ready to be written: sorted Arrow columns, and its geometry beside."""

    name: str
    table: pa.Table
    columns: tuple[Column, ...]
    kind: str | None
    shapes: NDArray[np.object_] | None
    points: tuple[NDArray[np.float64], NDArray[np.float64]] | None

    @property
    def schema(self) -> pa.Schema:
        """Columns, then the geometry as well-known binary where there is one."""
        if self.kind is None:
            return self.table.schema
        wkb = pa.field(GEOMETRY_COLUMN, pa.binary(), metadata={"ARROW:extension:name": "ogc.wkb"})
        return self.table.schema.append(wkb)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows with their geometry, which is made a batch at a time."""
        schema = self.schema
        for start in range(0, self.table.num_rows, _BATCH_ROWS):
            rows = self.table.slice(start, _BATCH_ROWS).combine_chunks()
            arrays = [column.chunk(0) for column in rows.columns]
            stop = start + rows.num_rows
            if self.points is not None:
                arrays.append(_points_wkb(self.points[0][start:stop], self.points[1][start:stop]))
            elif self.shapes is not None:
                arrays.append(pa.array(shapely.to_wkb(self.shapes[start:stop]), type=pa.binary()))
            yield pa.record_batch(arrays, schema=schema)


def write_geopackage(
    path: str | Path,
    tables: Mapping[str, pd.DataFrame],
    *,
    edition: Edition,
    origins: Iterable[Origin] = (),
    styles: Mapping[str, tuple[NamedStyle, ...]] = _NO_STYLES,
    more: Iterable[tuple[SpatialLayer, LayerCard]] = (),
    lang: str = "fr",
    progress: Progress = unwatched,
) -> Written:
    """Write every table as a layer of one GeoPackage, whole or not at all.

    A table with a geometry is a layer of Multi geometries named ``geom``, with a spatial index; one
    with ``x_m`` and ``y_m`` but no geometry (premises) is a layer of points, and these two columns
    are left out; any other is a layer of attributes.  Rows are in the order of the key, dates stay
    dates, codes stay codes with their meaning in a list of values, cents stay cents and say so.

    Parameters
    ----------
    path
        The file; one that exists is replaced at the end, at once.
    tables
        Table name, as in :data:`planner.schemas.CONTRACTS`, to frame.  A frame may hold more
        columns than its contract: they go out too.  Frames are left as they are.
    edition
        What the file says of itself; its date stands for the time of writing.
    origins
        Where layers come from, for their metadata and for the mark *synthetic*.
    styles
        Table name to its styles; QGIS loads the first one with the layer and lists the others.
    more
        Further layers that are no contracted table, each with what it says of itself.
    lang
        Language of titles, aliases and lists of values.
    progress
        Told the rows written, the rows to write and the title of the table.

    Returns
    -------
    Written
        Name of the file, and rows of each layer.

    Raises
    ------
    ContractError
        When a table misses a column of its contract, or isn't in EPSG:2154.
    LookupError
        When a table has no contract.
    """
    target = Path(path)
    layers = dict(in_contract_order(tables))
    marks = made_up(layers, origins)
    origin_of = {origin.layer: origin for origin in origins}
    cards: list[LayerCard] = []
    done, total = 0, sum(len(frame) for frame in layers.values())
    with tempfile.TemporaryDirectory(prefix=".planner-", dir=target.parent) as folder:
        temporary = Path(folder) / target.name
        with _gdal_options(
            # The file moves to its place only when it is whole: SQLite needn't wait for the disk.
            OGR_CURRENT_DATE=f"{edition.on.isoformat()}T00:00:00.000Z",
            OGR_SQLITE_SYNCHRONOUS="OFF",
            OGR_SQLITE_JOURNAL="DELETE",
        ):
            for name, frame in layers.items():
                layer = prepare_layer(name, frame)
                card = LayerCard(
                    name=name, columns=layer.columns, mark=marks[name], origin=origin_of.get(name),
                    styles=styles.get(name, ()), geometry=GEOMETRY_COLUMN if layer.kind else None,
                )  # fmt: skip
                heading = card.identifier(lang)
                progress(done, total, heading)
                _write_layer(temporary, layer, card, lang=lang, progress=(progress, done, total))
                cards.append(card)
                done += len(frame)
            for layer, card in more:
                _write_layer(temporary, layer, card, lang=lang, progress=(unwatched, 0, 0))
                cards.append(card)
        with closing(sqlite3.connect(temporary)) as package, package:
            add_cards(package, cards, edition=edition, lang=lang)
            add_base(package, layers)
        temporary.replace(target)
    return Written(path=target.name, rows={name: len(frame) for name, frame in layers.items()})


def columns_and_kind(name: str, frame: pd.DataFrame) -> tuple[tuple[Column, ...], str | None]:
    """Return the columns that a table is written with, and the type of its geometry.

    A frame may have a geometry that its contract hasn't: that of the places its rows are about.

    Raises
    ------
    ContractError
        When a table misses a column of its contract, or isn't in EPSG:2154.
    """
    columns = columns_of(name, frame)
    kind = contract(name).geometry
    if isinstance(frame, gpd.GeoDataFrame):
        return columns, _MULTI[kind or _kind_of(frame)]
    if set(_POSITION) <= {column.name for column in columns}:
        return tuple(column for column in columns if column.name not in _POSITION), "Point"
    return columns, None


def _kind_of(frame: gpd.GeoDataFrame) -> GeometryKind:
    types = set(frame.geom_type.dropna())
    if types <= {"Polygon", "MultiPolygon"}:
        return "Polygon"
    return "Point" if types <= {"Point"} else "LineString"


def prepare_layer(name: str, frame: pd.DataFrame) -> SpatialLayer:
    """Return a table in the order of its key, its geometry of one multi-part type beside it.

    Raises
    ------
    ContractError
        When the table misses a column of its contract, or isn't in EPSG:2154.
    """
    table, order = sorted_arrow(name, frame)
    columns, kind = columns_and_kind(name, frame)
    shapes: NDArray[np.object_] | None = None
    points: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    if isinstance(frame, gpd.GeoDataFrame):
        shapes = frame.geometry.to_numpy()
        shapes = _promoted(shapes if order is None else shapes[order.to_numpy()], kind)
    elif kind is not None:
        points = (table[_POSITION[0]].to_numpy(), table[_POSITION[1]].to_numpy())
        table = table.drop_columns(list(_POSITION))
    return SpatialLayer(
        name=name, table=table, columns=columns, shapes=shapes, points=points, kind=kind
    )


def _promoted(shapes: NDArray[np.object_], kind: str | None) -> NDArray[np.object_]:
    """Return every shape as a multi-part one: a layer has one type."""
    if kind == "Point":
        return shapes
    polygon = kind == "MultiPolygon"
    single = shapely.GeometryType.POLYGON if polygon else shapely.GeometryType.LINESTRING
    gather = shapely.multipolygons if polygon else shapely.multilinestrings
    promoted = shapes.copy()
    alone = np.flatnonzero(shapely.get_type_id(shapes) == single)
    if alone.size:
        promoted[alone] = gather(shapes[alone], indices=np.arange(alone.size))
    return promoted


def _points_wkb(x: NDArray[np.float64], y: NDArray[np.float64]) -> pa.Array:
    """Return points as well-known binary without making a single geometry object."""
    records = np.empty(x.size, dtype=_WKB_POINT)
    records["order"], records["type"], records["x"], records["y"] = 1, 1, x, y
    size = _WKB_POINT.itemsize
    offsets = np.arange(0, size * (x.size + 1), size, dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(records)]
    points = pa.Array.from_buffers(pa.binary(), x.size, buffers)
    known = np.isfinite(x) & np.isfinite(y)
    if known.all():
        return points
    return pc.if_else(pa.array(known), points, pa.scalar(None, pa.binary()))  # placed nowhere


def _write_layer(
    path: Path,
    layer: SpatialLayer,
    card: LayerCard,
    *,
    lang: str,
    progress: tuple[Progress, int, int],
) -> None:
    watch, before, total = progress
    heading = card.identifier(lang)

    def watched() -> Iterator[pa.RecordBatch]:
        done = before
        for batch in layer.batches():
            yield batch
            done += batch.num_rows
            watch(done, total, heading)

    options: dict[str, Any] = {"IDENTIFIER": heading, "DESCRIPTION": card.description(lang)}
    spatial: dict[str, Any] = {}
    if layer.kind is not None:
        options["SPATIAL_INDEX"] = "YES"
        spatial = {
            "geometry_name": GEOMETRY_COLUMN,
            "geometry_type": layer.kind,
            "crs": WORKING_CRS,
        }
    pyogrio.write_arrow(
        pa.RecordBatchReader.from_batches(layer.schema, watched()),
        path,
        layer=layer.name,
        driver="GPKG",
        append=path.exists(),
        dataset_options={} if path.exists() else {"VERSION": _VERSION},
        layer_options=options,
        **spatial,
    )


@contextmanager
def _gdal_options(**options: str) -> Iterator[None]:
    """Set options of GDAL, which are the whole process's, and put them back."""
    before = {name: pyogrio.get_gdal_config_option(name) for name in options}
    pyogrio.set_gdal_config_options(options)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)

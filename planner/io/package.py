"""Read back a GeoPackage that the planner wrote, and that a person may have edited since."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely

from planner.errors import DataFileError
from planner.texts import Message

__all__ = ["PackageIntake", "read_package"]

_BASE: Final = ("layer", "row_key", "sha256", "computed_sha256")


@dataclass(frozen=True, kw_only=True)
class PackageIntake:
    """A package as it comes back.

    Parameters
    ----------
    tables
        Layer name to its rows, as they are now, for each layer that has a base.
    base
        ``layer``, ``row_key``, ``sha256``, ``computed_sha256`` of each row as it left.
    computed
        Layer name to the columns that were computed when it left.
    """

    tables: Mapping[str, pd.DataFrame]
    base: pd.DataFrame
    computed: Mapping[str, tuple[str, ...]]


def read_package(path: str | Path) -> PackageIntake:
    """Read the layers of a package that may come back edited, and the base that it carries.

    The file is only read.  Nothing is repaired: a cell that an editor broke stays so.

    Parameters
    ----------
    path
        A GeoPackage that the planner wrote.

    Raises
    ------
    DataFileError
        When the file is missing, is no GeoPackage, carries no base, or has lost a layer.
    """
    file = Path(path)
    if not file.is_file():
        raise _failure("missing_file", file)
    try:
        # no lock and no journal beside: the file may still be open in a GIS
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as package:
            names = {row[0] for row in package.execute("SELECT name FROM sqlite_master")}
            if not {"planner_base", "planner_base_layers"} <= names:
                raise _failure("no_base", file)
            rows = package.execute(f"SELECT {', '.join(_BASE)} FROM planner_base").fetchall()  # noqa: S608 (our own names)
            layers = package.execute("SELECT * FROM planner_base_layers").fetchall()
    except sqlite3.Error as error:
        raise _failure("unreadable", file, reason=str(error)) from None
    lost = sorted(name for name, _ in layers if name not in names)
    if lost:
        raise _failure("lost_layer", file, layers=", ".join(lost))
    return PackageIntake(
        tables={name: _read(file, name) for name, _ in layers},
        base=pd.DataFrame(rows, columns=list(_BASE)),
        computed={name: tuple(filter(None, columns.split(","))) for name, columns in layers},
    )


def _failure(key: str, file: Path, **values: object) -> DataFileError:
    return DataFileError(
        Message.of(f"edits.{key}", file=file.name, **values),
        Message.of(f"edits.{key}_remedy", file=file.name, **values),
    )


def _read(file: Path, layer: str) -> pd.DataFrame:
    try:
        meta, table = pyogrio.read_arrow(file, layer=layer)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise _failure("unreadable", file, reason=str(error)) from None
    name = meta["geometry_name"] or "wkb_geometry"
    shapes = None
    if name in table.column_names:
        shapes = shapely.from_wkb(table[name].to_numpy(), on_invalid="ignore")
        table = table.drop_columns([name])
    frame: pd.DataFrame = table.to_pandas(types_mapper=_types, date_as_object=False)
    if shapes is None:
        return frame
    layer_frame: pd.DataFrame = gpd.GeoDataFrame(
        frame, geometry=gpd.GeoSeries(shapes, crs=meta["crs"])
    )
    return layer_frame


def _types(kind: pa.DataType) -> Any:  # noqa: ANN401 (an extension's type, or None)
    """Keep whole numbers whole, and yes or no so, where some are absent."""
    if pa.types.is_integer(kind):
        return pd.Int64Dtype()
    return pd.BooleanDtype() if pa.types.is_boolean(kind) else None

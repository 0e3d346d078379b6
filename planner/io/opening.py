"""One door for every format."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from planner.io.delimited import DelimitedSource
from planner.io.files import READ_FAILURES, FileKind, file_failure, find_kind, read_bytes
from planner.io.geojson import GeoJsonSource
from planner.io.layers import Source
from planner.io.parquet import ParquetSource
from planner.io.vectors import VectorSource
from planner.io.workbook import WorkbookSource

__all__ = ["open_source"]

_TEXT_SUFFIXES = (".csv", ".txt", ".tsv")


def open_source(
    path: str | Path, *, layer: str | None = None, encoding: str | None = None
) -> Source:
    """Open a file by what it is, and refuse one that isn't what its name says.

    Parameters
    ----------
    path
        A file, or the folder of a Shapefile.
    layer
        The layer to take where there are several.
    encoding
        The encoding of its text; found when it isn't given.

    Raises
    ------
    DataFileError
        Missing, empty, broken, of another kind than its name says, or with several layers.
    """
    path = Path(path)
    match find_kind(path):
        case FileKind.GEOPACKAGE | FileKind.SHAPEFILE:
            return VectorSource.open(path, layer=layer, encoding=encoding)
        case FileKind.PARQUET:
            return ParquetSource.open(path)
        case FileKind.GEOJSON:
            return GeoJsonSource.open(read_bytes(path), file=path.name, encoding=encoding)
        case FileKind.WORKBOOK:
            return WorkbookSource.open(read_bytes(path), file=path.name, sheet=layer)
        case FileKind.ZIP:
            return _open_zip(path, layer=layer, encoding=encoding)
        case _:
            return DelimitedSource.open(read_bytes(path), file=path.name, encoding=encoding)


def _open_zip(path: Path, *, layer: str | None, encoding: str | None) -> Source:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.startswith("__MACOSX/")]
    except READ_FAILURES as error:
        raise file_failure("unreadable", file=path.name, detail=str(error)) from error
    if any(PurePosixPath(name).suffix.lower() in {".shp", ".gpkg"} for name in names):
        return VectorSource.open(path, layer=layer, encoding=encoding)
    texts = sorted(name for name in names if name.lower().endswith(_TEXT_SUFFIXES))
    if len(texts) != 1:
        raise file_failure("no_layer_in_folder", file=path.name)
    content = read_bytes(path, member=texts[0])
    return DelimitedSource.open(content, file=path.name, encoding=encoding)

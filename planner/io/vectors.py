"""GeoPackage and Shapefile: fiona looks first, pyogrio reads in bulk, fiona mends what it can.

fiona inspects layers, schema, CRS and count (a ZIP in memory) before anything is read.  pyogrio
then reads with Arrow.  A bulk reader stops without a word at a broken page: when it fails, or finds
fewer records than the file declares, fiona asks for every record by its number and only the broken
ones are set aside.
"""

from __future__ import annotations

import logging
import re
import sqlite3
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, Self

import fiona
import fiona.io
import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from numpy.typing import NDArray

from planner.errors import PlannerError
from planner.findings import Finding
from planner.io.files import READ_FAILURES, file_failure
from planner.io.intake import Broken
from planner.io.layers import RawLayer, arrow_column, numbered
from planner.io.shapefile import ShapefileParts
from planner.vocab import Severity

__all__ = ["VectorSource", "list_layers"]

_HOUSEKEEPING: Final = frozenset({"layer_styles", "qgis_projects"})
_ZIP_RATIO: Final = 1032  # records a byte at the very most: what DEFLATE can hold
_GAP: Final = 1000  # numbers that deleted records may have left unused, at least,
_GAP_SHARE: Final = 10  # and one in so many
_FOLDER: Final = re.compile(r"(?<=')[^']*/(?=[^'/]+')")  # before the name of a quoted path


@dataclass(frozen=True, kw_only=True)
class VectorSource:
    """An open vector layer.

    Parameters
    ----------
    file
        Name of the delivery.
    path
        The file on disk; the ZIP that holds it when there is a ``member``.
    member
        Name in the ZIP, or None.
    layer
        Name of the layer.
    columns, crs, has_geometry
        From its schema.
    declared
        How many records the file says it has.
    encoding
        The encoding that its text really has, when that isn't what the driver takes by itself.
    first_fid
        Number of its first record: 0 in a Shapefile, 1 in a GeoPackage.
    notes
        What was met while looking.
    """

    file: str
    path: Path
    member: str | None
    layer: str
    columns: tuple[str, ...]
    crs: str | None
    has_geometry: bool
    declared: int
    encoding: str | None
    first_fid: int
    notes: tuple[Finding, ...]

    @classmethod
    def open(cls, path: Path, *, layer: str | None = None, encoding: str | None = None) -> Self:
        """Look at a GeoPackage, a Shapefile (or its folder), or a ZIP of either.

        Raises
        ------
        DataFileError
            When it is broken, or has several layers and none was named.
        """
        data, member = _find_member(path, layer)
        return cls.open_part(data, member=member, layer=layer, encoding=encoding, file=path.name)

    @classmethod
    def open_part(
        cls,
        data: Path,
        *,
        member: str | None = None,
        layer: str | None = None,
        encoding: str | None = None,
        file: str,
    ) -> Self:
        """Look at one layer of one file, on disk or inside a ZIP.

        Parameters
        ----------
        data
            The file, or the ZIP that holds it.
        member
            Its name in the ZIP.
        layer
            The layer to take, in a GeoPackage that has several.
        encoding
            The encoding of its text; found when it isn't given.
        file
            Name of the delivery, for what is said of it.

        Raises
        ------
        DataFileError
            When it is broken, or has several layers and none was named.
        """
        is_shapefile = PurePosixPath(member or data.name).suffix.lower() == ".shp"
        parts = ShapefileParts.read(data, member) if is_shapefile else None
        notes: tuple[Finding, ...] = ()
        if parts is not None:
            encoding, notes = parts.find_encoding(file, encoding)
        with _as_data_error(file), _quiet():
            stem = PurePosixPath(member or data.name).stem
            # fiona's GDAL dies of an error that isn't UTF-8: pyogrio's opens a damaged file first
            pyogrio.list_layers(_uri(data, member))
            name = stem if is_shapefile else _layer_named(data, member, layer, file)
            with _inspect(data, member, name, encoding=encoding) as collection:
                schema = collection.schema
                crs = collection.crs_wkt or None
                declared = len(collection)
        if parts is not None:
            declared = max(declared, parts.count)
        declared = min(declared, data.stat().st_size * _ZIP_RATIO)  # a damaged count can be huge
        return cls(
            file=file, path=data, member=member, layer=name,
            columns=tuple(schema["properties"]), crs=crs,
            has_geometry=schema["geometry"] != "None", declared=declared, encoding=encoding,
            first_fid=0 if is_shapefile else 1, notes=notes,
        )  # fmt: skip

    def read(self, wanted: Sequence[str]) -> RawLayer:
        """Read these columns and the geometry, in bulk when the file allows it."""
        names = list(dict.fromkeys(wanted))
        detail = ""
        with _quiet() as caught:
            try:
                layer = self._read_bulk(names)
            except READ_FAILURES as error:
                layer, detail = None, str(error)
        if layer is None or not self._is_whole(len(layer.rows) + len(layer.broken)):
            with _quiet() as caught:
                layer = self._read_one_by_one(names, detail)
        found = [*self.notes, *layer.findings]
        if caught:
            found.append(
                Finding.of(
                    "io.driver_warning", severity=Severity.WARNING, table="", place=self.file,
                    count=len(caught), text=caught[0][:200],
                )
            )  # fmt: skip
        return RawLayer(
            table=layer.table, rows=layer.rows, broken=layer.broken, wkb=layer.wkb,
            shapes=layer.shapes, findings=tuple(found),
        )  # fmt: skip

    def _is_whole(self, count: int) -> bool:
        """Tell whether ``count`` records are all; what a GeoPackage declares may be out of date."""
        if count >= self.declared:
            return True
        return self.first_fid == 1 and _count_rows(self.path, self.layer) == count

    def _read_bulk(self, names: list[str]) -> RawLayer:
        options = {"encoding": self.encoding} if self.encoding else {}
        meta, table = pyogrio.read_arrow(
            _uri(self.path, self.member),
            layer=self.layer,
            columns=names,
            read_geometry=self.has_geometry,
            **options,
        )
        missing = [name for name in names if name not in table.column_names]
        if missing:
            raise LookupError(", ".join(missing))
        geometry = (meta.get("geometry_name") or "wkb_geometry") if self.has_geometry else None
        wkb = None
        if geometry is not None:
            wkb = table[geometry].combine_chunks()
            if isinstance(wkb, pa.ChunkedArray):
                wkb = pa.array([], pa.binary())
        return _without_broken_text(table.select(names), numbered(table.num_rows), wkb)

    def _read_one_by_one(self, names: list[str], detail: str) -> RawLayer:
        records: dict[int, Any] = {}
        with (
            _as_data_error(self.file),
            _inspect(self.path, self.member, self.layer, encoding=self.encoding) as collection,
        ):
            last = self.first_fid + self.declared + self.declared // _GAP_SHARE + _GAP
            for fid in range(self.first_fid, last):
                if len(records) >= self.declared:
                    break
                try:
                    record = collection.get(fid)
                except READ_FAILURES:  # set aside below, among those that were not found
                    continue
                if record is not None:
                    records[fid] = record
        found = sorted(records)
        lost = self.declared - len(found)
        free = (fid for fid in range(self.first_fid, last + lost) if fid not in records)
        shift = 1 - self.first_fid
        broken = tuple(
            Broken(fid + shift, "broken_record", "", detail)
            for fid, _ in zip(free, range(lost), strict=False)
        )
        rows = [records[fid] for fid in found]
        table = pa.table(
            {name: arrow_column([r.properties.get(name) for r in rows]) for name in names}
        )
        return RawLayer(
            table=table, rows=np.array(found, dtype=np.int64) + shift, broken=broken,
            shapes=_fiona_shapes(rows) if self.has_geometry else None,
            findings=(
                Finding.of(
                    "io.read_one_by_one", severity=Severity.SERIOUS, table="", place=self.file,
                    count=lost,
                ),
            ),
        )  # fmt: skip


def _fiona_shapes(records: Sequence[Any]) -> NDArray[np.object_]:
    shapes = np.full(len(records), None, dtype=object)
    for row, record in enumerate(records):
        if record.geometry is not None:
            try:
                shapes[row] = shapely.geometry.shape(record.geometry)
            except (*READ_FAILURES, AttributeError):  # an unreadable shape is a row without one
                shapes[row] = None
    return shapes


def _without_broken_text(
    table: pa.Table, rows: NDArray[np.int64], wkb: pa.Array | None
) -> RawLayer:
    """Set aside the rows with bytes that their encoding can't have; the drivers don't look."""
    wrong = np.zeros(len(rows), dtype=bool)
    where: dict[int, tuple[str, bytes]] = {}
    for name in table.column_names:
        column = table[name]
        if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
            continue
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            for row, raw in enumerate(column.cast(pa.binary()).to_pylist()):
                if raw is not None and not _is_utf8(raw):
                    wrong[row] = True
                    where.setdefault(row, (name, raw))
    if not where:
        return RawLayer(table=table, rows=rows, wkb=wkb)
    broken = tuple(
        Broken(int(rows[row]), "broken_text", name, raw.decode("latin-1"))
        for row, (name, raw) in sorted(where.items())
    )
    keep = pa.array(~wrong)
    return RawLayer(
        table=table.filter(keep), rows=rows[~wrong], broken=broken,
        wkb=None if wkb is None else wkb.filter(keep),
    )  # fmt: skip


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def _quiet() -> Iterator[list[str]]:
    """Keep what the drivers warn and log, to make a finding of it instead of noise."""
    said: list[str] = []
    listener = _Listener(said)
    logger = logging.getLogger("fiona")
    propagate = logger.propagate
    logger.addHandler(listener)
    logger.propagate = False
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield said
        said += [str(warning.message) for warning in caught]
    finally:
        logger.removeHandler(listener)
        logger.propagate = propagate


class _Listener(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(record.getMessage())


@contextmanager
def _as_data_error(file: str) -> Iterator[None]:
    try:
        yield
    except PlannerError:
        raise
    except READ_FAILURES as error:
        raise file_failure("unreadable", file=file, detail=_told(error)) from error


def _told(error: Exception) -> str:
    """Return what a driver says, without the folders of this machine nor its advice to programs."""
    return _FOLDER.sub("", str(error).split("; It might help")[0])


@contextmanager
def _inspect(
    path: Path, member: str | None, layer: str | None, *, encoding: str | None = None
) -> Iterator[Any]:
    """Open a layer with fiona; a ZIP is opened from memory."""
    options = {"encoding": encoding} if encoding else {}
    if member is None:
        with fiona.open(path, layer=layer, **options) as collection:
            yield collection
        return
    with (
        fiona.io.ZipMemoryFile(path.read_bytes()) as archive,
        archive.open(member, layer=layer, **options) as collection,
    ):
        yield collection


def _uri(path: Path, member: str | None) -> str:
    return str(path) if member is None else f"/vsizip/{{{path}}}/{member}"


def _count_rows(path: Path, layer: str) -> int | None:
    """Count the rows of a GeoPackage; None where a page is broken, or it isn't one."""
    quoted = layer.replace('"', '""')
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
            (count,) = base.execute(f'SELECT COUNT(*) FROM "{quoted}" NOT INDEXED').fetchone()  # noqa: S608 (a name can't be a parameter)
    except (sqlite3.Error, ValueError):
        return None
    return int(count)


def _find_member(path: Path, layer: str | None) -> tuple[Path, str | None]:
    """Return the file to open and, in a ZIP, the name of the one inside."""
    if path.is_dir():
        inside = sorted(p.name for p in path.iterdir() if p.suffix.lower() == ".shp")
        return path / _choose(inside, layer, path.name), None
    if not zipfile.is_zipfile(path):
        return path, None
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.startswith("__MACOSX/")]
    inside = [n for n in sorted(names) if PurePosixPath(n).suffix.lower() in {".shp", ".gpkg"}]
    packages = [name for name in inside if name.lower().endswith(".gpkg")]
    if len(inside) == 1 and packages:  # then layer= names a layer of that GeoPackage
        return path, inside[0]
    return path, _choose(inside, layer, path.name)


def _choose(inside: Sequence[str], layer: str | None, file: str) -> str:
    stems = [PurePosixPath(name).stem for name in inside]
    if layer is not None and stems.count(layer) == 1:
        return inside[stems.index(layer)]
    if layer is not None and layer in inside:
        return layer
    if layer in stems:  # in several folders of a ZIP
        same = [name for name, stem in zip(inside, stems, strict=True) if stem == layer]
        raise file_failure("which_layer", file=file, layers=", ".join(same))
    if len(inside) == 1 and layer is None:
        return inside[0]
    if layer is not None:
        raise file_failure("no_such_layer", file=file, layer=layer, layers=", ".join(sorted(stems)))
    raise file_failure("which_layer", file=file, layers=", ".join(sorted(stems)))


def list_layers(path: Path, member: str | None = None) -> tuple[str, ...]:
    """Return the layers of a GeoPackage, without those that QGIS keeps for itself.

    Raises
    ------
    DataFileError
        When it is broken.
    """
    with _as_data_error(path.name), _quiet():
        found = pyogrio.list_layers(_uri(path, member))[:, 0].tolist()
    return tuple(name for name in found if name not in _HOUSEKEEPING)


def _layer_named(path: Path, member: str | None, layer: str | None, file: str) -> str:
    """Return the layer asked for, or the only one; those that QGIS keeps for itself don't count."""
    target = str(path) if member is None else f"zip://{path}!{member}"
    layers: list[str] = [name for name in fiona.listlayers(target) if name not in _HOUSEKEEPING]
    if layer is not None:
        if layer in layers:
            return layer
        raise file_failure("no_such_layer", file=file, layer=layer, layers=", ".join(layers))
    if len(layers) != 1:
        raise file_failure("which_layer", file=file, layers=", ".join(layers))
    return layers[0]

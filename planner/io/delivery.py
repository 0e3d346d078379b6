"""The layers and tables inside a delivery, found before any is read."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from planner.errors import DataFileError
from planner.io.delimited import DelimitedSource
from planner.io.files import READ_FAILURES, FileKind, file_failure, find_kind, read_bytes
from planner.io.geojson import GeoJsonSource
from planner.io.layers import Source
from planner.io.opening import open_source
from planner.io.vectors import VectorSource, list_layers
from planner.io.workbook import WorkbookSource, filled_sheets

__all__ = ["Found", "Part", "find_parts"]

_KINDS: Final = {
    ".shp": FileKind.SHAPEFILE, ".gpkg": FileKind.GEOPACKAGE, ".geojson": FileKind.GEOJSON,
    ".json": FileKind.GEOJSON, ".csv": FileKind.CSV, ".tsv": FileKind.CSV,
    ".xlsx": FileKind.WORKBOOK, ".parquet": FileKind.PARQUET, ".geoparquet": FileKind.PARQUET,
}  # fmt: skip
_BESIDE: Final = frozenset(
    {".shx", ".dbf", ".prj", ".cpg", ".qpj", ".qix", ".sbn", ".sbx", ".gpkg-wal", ".gpkg-shm"}
)
"""What comes with a Shapefile or a GeoPackage and has no life of its own."""
_SEVERAL: Final = frozenset({FileKind.GEOPACKAGE, FileKind.WORKBOOK})


@dataclass(frozen=True, kw_only=True)
class Part:
    """One layer or table of a delivery, not opened yet.

    Parameters
    ----------
    name
        The delivery and the place in it, for what is said.
    layer
        Name of the layer, alone of its kind in the delivery.
    kind, path, member, inner
        Format; the file, or the ZIP that holds ``member``; layer or sheet inside it.
    """

    name: str
    layer: str
    kind: FileKind
    path: Path
    member: str | None
    inner: str | None = None

    def open(self, *, encoding: str | None = None) -> Source:
        """Open it.

        Raises
        ------
        DataFileError
            When it is broken.
        """
        if self.kind in {FileKind.SHAPEFILE, FileKind.GEOPACKAGE}:
            return VectorSource.open_part(
                self.path, member=self.member, layer=self.inner, encoding=encoding, file=self.name
            )
        if self.member is None and self.kind is not FileKind.WORKBOOK:
            return open_source(self.path, encoding=encoding)
        content = read_bytes(self.path, member=self.member)
        if self.kind is FileKind.WORKBOOK:
            return WorkbookSource.open(content, file=self.name, sheet=self.inner)
        if self.kind is FileKind.GEOJSON:
            return GeoJsonSource.open(content, file=self.name, encoding=encoding)
        return DelimitedSource.open(content, file=self.name, encoding=encoding)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a delivery holds: layers and tables, and the files that are neither."""

    parts: tuple[Part, ...]
    left: tuple[str, ...]


def find_parts(path: Path) -> Found:
    """Find the layers and tables of a file, a folder or a ZIP, in the order of their names.

    Raises
    ------
    DataFileError
        When it doesn't exist, or its archive is broken.
    """
    if not path.exists():
        raise file_failure("missing_file", file=path.name)
    if path.is_dir():
        inside = sorted(p for p in path.rglob("*") if p.is_file())
        names = [(p.relative_to(path).as_posix(), p, None) for p in inside]
        return _found(path, names)
    kind = find_kind(path)
    if kind is FileKind.ZIP:
        try:
            with zipfile.ZipFile(path) as archive:
                members = sorted(i.filename for i in archive.infolist() if not i.is_dir())
        except READ_FAILURES as error:
            raise file_failure("unreadable", file=path.name, detail=str(error)) from error
        return _found(path, [(m, path, m) for m in members if not m.startswith("__MACOSX/")])
    part = Part(name=path.name, layer=path.name.split(".")[0], kind=kind, path=path, member=None)
    return Found(parts=tuple(_inner(part)), left=())


def _found(delivery: Path, files: Sequence[tuple[str, Path, str | None]]) -> Found:
    parts: list[Part] = []
    left: list[str] = []
    for name, path, member in files:
        place = PurePosixPath(name)
        kind = _KINDS.get(place.suffix.lower())
        if kind is None or (kind is FileKind.PARQUET and member is not None):
            if place.suffix.lower() not in _BESIDE and not name.lower().endswith(".shp.xml"):
                left.append(name)
            continue
        part = Part(
            name=f"{delivery.name}/{name}", layer=place.stem, kind=kind, path=path, member=member
        )
        parts += _inner(part)
    return Found(parts=tuple(_named_apart(parts)), left=tuple(left))


def _inner(part: Part) -> Iterator[Part]:
    """Yield a part for each layer or sheet inside; itself where it can't even be listed."""
    if part.kind not in _SEVERAL:
        yield part
        return
    try:
        if part.kind is FileKind.GEOPACKAGE:
            names = list_layers(part.path, part.member)
        else:
            names = filled_sheets(read_bytes(part.path, member=part.member), file=part.name)
    except DataFileError:  # told when the part is opened
        yield part
        return
    for name in names:
        where = part.name if len(names) == 1 else f"{part.name}/{name}"
        yield replace(part, name=where, layer=name, inner=name)


def _named_apart(parts: list[Part]) -> Iterator[Part]:
    """Give parts of one name the name of their place: none takes the place of another."""
    times = Counter(part.layer for part in parts)
    for part in parts:
        yield part if times[part.layer] == 1 else replace(part, layer=part.name.partition("/")[2])

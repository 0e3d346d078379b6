"""What a file is, before its rows are read: its checksum, its kind, its bytes as text."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import pyarrow as pa
from fiona._err import CPLE_BaseError  # what GDAL says, raised as it is
from fiona.errors import FionaError

from planner.errors import DataFileError
from planner.texts import Message

__all__ = [
    "ENCODINGS",
    "READ_FAILURES",
    "DecodedText",
    "FileKind",
    "decode",
    "file_failure",
    "find_kind",
    "hash_file",
    "read_bytes",
]

READ_FAILURES: Final = (
    OSError, EOFError, ValueError, RuntimeError, LookupError, TypeError,
    NameError,  # fiona, where a .prj is not UTF-8: it names a variable that it never set
    SystemError,  # fiona, where GDAL complains in bytes that are not UTF-8
    pa.ArrowException, FionaError, CPLE_BaseError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What the drivers raise on a broken delivery, and nothing else: each keeps its own family."""

ENCODINGS: Final = ("utf-8", "cp1252", "latin-1")
"""Tried in this order; the last one takes any byte."""

_CHUNK: Final = 1 << 20
_HEAD: Final = 4096
_SHAPEFILE_PARTS: Final = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


class FileKind(StrEnum):
    """The kinds of files that the readers tell apart by their first bytes."""

    GEOPACKAGE = "GeoPackage"
    SHAPEFILE = "Shapefile"
    GEOJSON = "GeoJSON"
    PARQUET = "Parquet"
    CSV = "CSV"
    ZIP = "ZIP"
    GZIP = "GZIP"
    WORKBOOK = "XLSX"
    SPREADSHEET = "XLS"
    BINARY = "binary"


_BY_SUFFIX: Final = {
    ".gpkg": FileKind.GEOPACKAGE,
    ".shp": FileKind.SHAPEFILE,
    ".geojson": FileKind.GEOJSON,
    ".json": FileKind.GEOJSON,
    ".parquet": FileKind.PARQUET,
    ".geoparquet": FileKind.PARQUET,
    ".csv": FileKind.CSV,
    ".txt": FileKind.CSV,
    ".tsv": FileKind.CSV,
    ".zip": FileKind.ZIP,
    ".gz": FileKind.GZIP,
    ".xlsx": FileKind.WORKBOOK,
    ".xlsm": FileKind.WORKBOOK,
    ".xls": FileKind.SPREADSHEET,
}
_MAGIC: Final = (
    (b"SQLite format 3\x00", FileKind.GEOPACKAGE),
    (b"PAR1", FileKind.PARQUET),
    (b"\x00\x00\x27\x0a", FileKind.SHAPEFILE),
    (b"\x1f\x8b", FileKind.GZIP),
    (b"\xd0\xcf\x11\xe0", FileKind.SPREADSHEET),
)


def file_failure(problem: str, /, **values: object) -> DataFileError:
    """Make the error whose sentences are the texts ``io.<problem>`` and ``io.<problem>_remedy``."""
    return DataFileError(
        Message.of(f"io.{problem}", **values), Message.of(f"io.{problem}_remedy", **values)
    )


def hash_file(path: str | Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal.

    A Shapefile is the set of its parts and a folder the set of its files: their checksum is that
    of the list of names and checksums, sorted by name.

    Raises
    ------
    DataFileError
        When there is no such file, or it can't be read.
    """
    path = Path(path)
    if not path.exists():
        raise file_failure("missing_file", file=path.name)
    parts = _parts(path)
    if parts == [path]:
        return _hash_one(path)
    lines = [f"{part.relative_to(path.parent).as_posix()}  {_hash_one(part)}\n" for part in parts]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _parts(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(part for part in path.rglob("*") if part.is_file())
    if path.suffix.lower() == ".shp":
        return sorted(
            part
            for part in path.parent.iterdir()
            if part.stem == path.stem and part.suffix.lower() in _SHAPEFILE_PARTS
        )
    return [path]


def _hash_one(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            for chunk in iter(lambda: stream.read(_CHUNK), b""):
                digest.update(chunk)
    except OSError as error:
        raise file_failure("unreadable", file=path.name, detail=str(error)) from error
    return digest.hexdigest()


def find_kind(path: Path) -> FileKind:
    """Tell what a file is by its first bytes, and refuse one that isn't what its name says.

    Raises
    ------
    DataFileError
        When the file is missing, empty, an old spreadsheet, or of another kind than its name says.
    """
    if not path.exists():
        raise file_failure("missing_file", file=path.name)
    if path.is_dir():
        return _folder_kind(path)
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        raise file_failure("unreadable", file=path.name, detail=str(error)) from error
    if not head.strip(b" \t\r\n\xef\xbb\xbf"):
        raise file_failure("empty_file", file=path.name)
    kind = _sniff(head, path)
    named = _BY_SUFFIX.get(path.suffix.lower())
    if kind is FileKind.SPREADSHEET:
        raise file_failure("spreadsheet", file=path.name)
    if kind is FileKind.BINARY or named not in {None, kind}:
        expected = named or FileKind.CSV
        raise file_failure(
            "not_its_name", file=path.name, expected=expected.value, found=kind.value
        )
    return kind


def _folder_kind(path: Path) -> FileKind:
    if any(part.suffix.lower() == ".shp" for part in path.iterdir()):
        return FileKind.SHAPEFILE
    raise file_failure("no_layer_in_folder", file=path.name)


def _sniff(head: bytes, path: Path) -> FileKind:
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head.startswith(b"PK\x03\x04"):
        return FileKind.WORKBOOK if _is_workbook(path) else FileKind.ZIP
    if head.startswith(_UTF16_MARKS):
        return FileKind.CSV
    if b"\x00" in head:
        return FileKind.BINARY
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return FileKind.GEOJSON if text[:1] in {b"{", b"["} else FileKind.CSV


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except READ_FAILURES as error:
        raise file_failure("unreadable", file=path.name, detail=str(error)) from error


def read_bytes(path: Path, *, member: str | None = None) -> bytes:
    """Return the bytes of a file, or of one member of a ZIP, decompressed.

    Raises
    ------
    DataFileError
        When it can't be read or decompressed.
    """
    try:
        if member is not None:
            with zipfile.ZipFile(path) as archive:
                return archive.read(member)
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    except READ_FAILURES as error:
        raise file_failure("unreadable", file=path.name, detail=str(error)) from error


@dataclass(frozen=True, kw_only=True)
class DecodedText:
    """Text of a file as UTF-8, and the encoding that it had."""

    content: bytes
    encoding: str
    ascii: bool


def decode(content: bytes, *, file: str, encoding: str | None = None) -> DecodedText:
    """Return the same text as UTF-8 without byte order mark.

    The encoding is the one given, or the first of UTF-8 (UTF-16 when its mark is there),
    Windows-1252 and Latin-1 that reads every byte.

    Raises
    ------
    DataFileError
        When the encoding given can't read it, or when it isn't text.
    """
    tried = (encoding,) if encoding is not None else tuple(_candidates(content))
    for name in tried:
        try:
            if name in {"utf-8", "utf8", "UTF-8"}:  # checked by slices, never held twice
                _check_utf8(content)
                text = content.removeprefix(b"\xef\xbb\xbf")
            else:
                text = content.decode(name).removeprefix("\ufeff").encode()
        except (ValueError, LookupError):
            continue
        if b"\x00" in text:
            raise file_failure(
                "not_its_name", file=file, expected=FileKind.CSV.value, found=FileKind.BINARY.value
            )
        return DecodedText(content=text, encoding=name, ascii=text.isascii())
    raise file_failure("bad_encoding", file=file, encoding=str(encoding))


def _candidates(content: bytes) -> Iterator[str]:
    if content.startswith(_UTF16_MARKS):
        yield "utf-16"
    yield from ENCODINGS


def _check_utf8(content: bytes) -> None:
    if content.isascii():
        return
    reader = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="")
    with reader:
        while reader.read(_CHUNK):
            pass

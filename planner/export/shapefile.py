"""Shapefiles with the fields asked for, in the bytes that any reader expects, and always the same.

GDAL gives every text 80 to 254 bytes and dates its tables of today: two million addresses of fifty
columns would not fit in the two gigabytes of a ``.dbf``.  Here each field is as wide as its longest
value, the date is given, and rows go out by blocks of bytes.
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from planner.crs import WORKING_CRS
from planner.errors import PlannerError
from planner.texts import Message

__all__ = ["Field", "ShapefileError", "write_shapefile"]

FieldKind = Literal["C", "N", "F", "D"]
ShapeKind = Literal["Point", "LineString", "Polygon"]
_NAME_BYTES: Final = 10
_TEXT_BYTES: Final = 254
_FILE_BYTES: Final = 2**31 - 1  # most readers count in signed 32-bit numbers
_BLOCK_ROWS: Final = 65_536
_CODES: Final[dict[ShapeKind, int]] = {"Point": 1, "LineString": 3, "Polygon": 5}
_POINT: Final = np.dtype(
    [("number", ">i4"), ("words", ">i4"), ("type", "<i4"), ("x", "<f8"), ("y", "<f8")]
)
_HEADER_WORDS: Final = 50
_POINT_WORDS: Final = 10
_DECIMALS: Final = 3


class ShapefileError(PlannerError, ValueError):
    """A table doesn't fit in a Shapefile."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One column of a Shapefile.

    Parameters
    ----------
    name
        At most ten plain characters.
    kind
        C text, N whole number, F decimal number (millimetres where it is metres), D day.
    column
        Arrow array, null where absent: text, whole numbers, floats or days.
    """

    name: str
    kind: FieldKind
    column: pa.Array


def write_shapefile(
    path: str | Path,
    fields: Sequence[Field],
    shapes: NDArray[np.object_],
    *,
    kind: ShapeKind,
    on: dt.date,
) -> None:
    """Write ``.shp``, ``.shx``, ``.dbf``, ``.prj`` and ``.cpg``, in EPSG:2154 and UTF-8.

    Parameters
    ----------
    path
        The ``.shp``; the others go beside it.
    fields
        Columns in order, each of as many rows as ``shapes``.
    shapes
        Geometries in EPSG:2154, none missing.
    kind
        Kind of all of them; lines and polygons may have several parts.
    on
        The day that stands for the day of writing.

    Raises
    ------
    ShapefileError
        When a name or a text is too long, or a file would pass two gigabytes.
    """
    target = Path(path)
    table = target.with_suffix(".dbf")
    with table.open("wb") as out:
        for block in _dbf(fields, len(shapes), on=on, file=table.name):
            out.write(block)
    index = _write_shapes(target, shapes, kind)
    with target.with_suffix(".shx").open("wb") as out:
        out.write(_header(kind, shapes, _HEADER_WORDS + 4 * len(shapes)))
        out.write(index.tobytes())
    wkt = CRS.from_user_input(WORKING_CRS).to_wkt("WKT1_ESRI")
    target.with_suffix(".prj").write_text(wkt, encoding="ascii", newline="")
    target.with_suffix(".cpg").write_text("UTF-8", encoding="ascii", newline="")


def _refuse(problem: str, **values: object) -> ShapefileError:
    return ShapefileError(
        Message.of(f"gracethd.{problem}", **values), Message.of(f"gracethd.{problem}_remedy")
    )


def _dbf(fields: Sequence[Field], count: int, *, on: dt.date, file: str) -> Iterator[bytes]:
    texts = [_texts(field) for field in fields]
    widths = [max(1, pc.max(pc.binary_length(text)).as_py() or 0) for text in texts]
    for field, width in zip(fields, widths, strict=True):
        if width > _TEXT_BYTES or len(field.name.encode("ascii")) > _NAME_BYTES:
            raise _refuse("text_too_long", file=file, column=field.name, bytes=width)
    record = 1 + sum(widths)
    header = 33 + 32 * len(fields)
    if header + record * count > _FILE_BYTES:
        raise _refuse("too_big", file=file, rows=count, bytes=header + record * count)
    yield struct.pack(
        "<4BIHH20x", 3, on.year - 1900, on.month, on.day, count, header, record
    )  # the 30th byte, that of the code page, stays 0: the .cpg tells
    for field, width in zip(fields, widths, strict=True):
        decimals = _DECIMALS if field.kind == "F" else 0
        yield struct.pack(
            "<11sc4xBB14x", field.name.encode("ascii"), field.kind.encode(), width, decimals
        )
    yield b"\r"
    for start in range(0, count, _BLOCK_ROWS):
        rows = min(_BLOCK_ROWS, count - start)
        block = np.full((rows, record), ord(" "), dtype=np.uint8)
        at = 1
        for field, text, width in zip(fields, texts, widths, strict=True):
            _lay(block, text.slice(start, rows), at, width, right=field.kind in {"N", "F"})
            at += width
        yield block.tobytes()
    yield b"\x1a"


def _texts(field: Field) -> pa.Array:
    """Return a column as the text that its field holds."""
    values = field.column
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if field.kind == "F":
        written = [None if v is None else f"{v:.{_DECIMALS}f}" for v in values.to_pylist()]
        return pa.array(written, pa.string())
    if field.kind == "D":
        return pc.strftime(values.cast(pa.date32()), format="%Y%m%d")
    return values.cast(pa.string())


def _lay(block: NDArray[np.uint8], text: pa.Array, at: int, width: int, *, right: bool) -> None:
    """Lay the bytes of a column in its place in each record."""
    if text.null_count == len(text):
        return
    text = pc.fill_null(text, "")
    offsets = np.frombuffer(text.buffers()[1], dtype=np.int32)
    offsets = offsets[text.offset : text.offset + len(text) + 1].astype(np.int64)
    lengths = np.diff(offsets)
    if not lengths.any():
        return
    data = np.frombuffer(text.buffers()[2], dtype=np.uint8)[offsets[0] : offsets[-1]]
    rows = np.repeat(np.arange(len(text)), lengths)
    first = at + (width - lengths if right else np.zeros_like(lengths))
    places = np.arange(data.size) - np.repeat(offsets[:-1] - offsets[0] - first, lengths)
    block[rows, places] = data


def _header(kind: ShapeKind, shapes: NDArray[np.object_], words: int) -> bytes:
    bounds = shapely.total_bounds(shapes) if len(shapes) else np.zeros(4)
    head = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, words)
    return head + struct.pack("<2i8d", 1000, _CODES[kind], *bounds.tolist(), 0, 0, 0, 0)


def _write_shapes(path: Path, shapes: NDArray[np.object_], kind: ShapeKind) -> NDArray[Any]:
    """Write the ``.shp``; return where each record begins and its length, in words."""
    if kind == "Point":
        words = np.full(len(shapes), _POINT_WORDS, dtype=np.int64)
        bodies: Iterator[bytes] = _points(shapes)
    else:
        parts = [_parts(shape, number, kind) for number, shape in enumerate(shapes, start=1)]
        words = np.array([len(part) // 2 - 4 for part in parts], dtype=np.int64)
        bodies = iter(parts)
    total = int(_HEADER_WORDS + (words + 4).sum())
    if 2 * total > _FILE_BYTES:
        raise _refuse("too_big", file=path.name, rows=len(shapes), bytes=2 * total)
    with path.open("wb") as out:
        out.write(_header(kind, shapes, total))
        for body in bodies:
            out.write(body)
    starts = _HEADER_WORDS + np.concatenate([[0], np.cumsum(words + 4)[:-1]])
    return np.column_stack([starts[: len(words)], words]).astype(">i4")


def _points(shapes: NDArray[np.object_]) -> Iterator[bytes]:
    xy = shapely.get_coordinates(shapes)
    for start in range(0, len(shapes), _BLOCK_ROWS):
        block = xy[start : start + _BLOCK_ROWS]
        records = np.empty(len(block), dtype=_POINT)
        records["number"] = np.arange(start + 1, start + 1 + len(block))
        records["words"], records["type"] = _POINT_WORDS, _CODES["Point"]
        records["x"], records["y"] = block[:, 0], block[:, 1]
        yield records.tobytes()


def _parts(shape: Any, number: int, kind: ShapeKind) -> bytes:  # noqa: ANN401 (a shape)
    """Return the record of a line or polygon; outlines run clockwise, holes the other way."""
    if kind == "Polygon":
        lines = shapely.get_rings(
            shapely.get_parts(shapely.orient_polygons(shape, exterior_cw=True))
        )
    else:
        lines = shapely.get_parts(shape)
    points = shapely.get_coordinates(lines)
    starts = np.cumsum([0, *(shapely.get_num_coordinates(line) for line in lines)])
    body = struct.pack("<i4d2i", _CODES[kind], *shape.bounds, len(lines), len(points))
    body += starts[:-1].astype("<i4").tobytes() + points.astype("<f8").tobytes()
    return struct.pack(">2i", number, len(body) // 2) + body

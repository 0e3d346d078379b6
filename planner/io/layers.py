"""A layer as its file holds it, whatever the format: columns, shapes, positions in the file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from planner.crs import GEOGRAPHIC_CRS, WORKING_CRS, is_working_crs, transform_xy
from planner.findings import Finding
from planner.io.files import file_failure
from planner.io.intake import Broken

__all__ = [
    "Points",
    "RawLayer",
    "Source",
    "arrow_column",
    "inside_area",
    "known_crs",
    "numbered",
    "reproject",
    "reproject_shapes",
    "undefined_allowed",
]

_WKB_POINT_BYTES: Final = 21
_WKB_POINT_HEAD: Final = bytes([1, 1, 0, 0, 0])  # little-endian, two-dimensional point
_POINT: Final = 0
_MULTIPOINT: Final = 4


@dataclass(frozen=True, kw_only=True)
class RawLayer:
    """Rows as the file holds them.

    Parameters
    ----------
    table
        The columns asked for, under their names in the file, in the file's types.
    rows
        Position of each row in the file, 1 is the first, shape (n,).
    broken
        Rows that could not be read.
    wkb, shapes
        The geometry, as WKB or as shapes (absent is null); both None without geometry.
    findings
        What was met while reading.
    numbers
        Cells that the file holds as numbers, by column, where it tells numbers from text cell by
        cell: a code among them was written by a spreadsheet.
    """

    table: pa.Table
    rows: NDArray[np.int64]
    broken: tuple[Broken, ...] = ()
    wkb: pa.Array | None = None
    shapes: NDArray[np.object_] | None = None
    findings: tuple[Finding, ...] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)

    def geometry(self) -> NDArray[np.object_]:
        """Return the shapes; one that can't be read is None."""
        if self.shapes is not None:
            return self.shapes
        if self.wkb is None:
            return np.full(len(self.rows), None, dtype=object)
        raw = self.wkb.to_numpy(zero_copy_only=False)
        with undefined_allowed():
            return np.asarray(shapely.from_wkb(raw, on_invalid="ignore"), dtype=object)

    def points(self) -> Points:
        """Return the positions, without a Point object each where the file allows it."""
        bare = _bare_points(self.wkb)
        if bare is not None:
            missing = np.isnan(bare[:, 0]) & np.isnan(bare[:, 1])  # WKB writes an empty point so
            return Points(
                x=bare[:, 0], y=bare[:, 1], missing=missing,
                kinds=np.where(missing, "", "Point"), single_parts=0,
            )  # fmt: skip
        with undefined_allowed():
            return _points_of(self.geometry())


@dataclass(frozen=True, kw_only=True)
class Points:
    """Positions of the rows; ``kinds`` is the name of the geometry, ``Point`` where it is one."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    missing: NDArray[np.bool_]
    kinds: NDArray[np.str_]
    single_parts: int


class Source(Protocol):
    """A file that is open: its columns are known, its rows aren't read yet."""

    @property
    def file(self) -> str:
        """Name of the file."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in the order of the file."""
        ...

    @property
    def crs(self) -> str | None:
        """The CRS that the file declares, or None."""
        ...

    @property
    def has_geometry(self) -> bool:
        """Whether the layer has a geometry."""
        ...

    def read(self, wanted: Sequence[str]) -> RawLayer:
        """Read the rows with these columns."""
        ...


def undefined_allowed() -> np.errstate:
    """Let GEOS meet NaN without a warning: such coordinates are looked for, and set aside."""
    return np.errstate(invalid="ignore")


def _bare_points(wkb: pa.Array | None) -> NDArray[np.float64] | None:
    """Return x and y of little-endian 2-D points from the bytes; None for anything else."""
    if wkb is None or wkb.null_count or len(wkb) == 0 or not pa.types.is_binary(wkb.type):
        return None
    offsets = np.frombuffer(wkb.buffers()[1], dtype=np.int32)[
        wkb.offset : wkb.offset + len(wkb) + 1
    ]
    if not (np.diff(offsets) == _WKB_POINT_BYTES).all():
        return None
    data = np.frombuffer(wkb.buffers()[2], dtype=np.uint8)[offsets[0] : offsets[-1]]
    rows = data.reshape(-1, _WKB_POINT_BYTES)
    if not (rows[:, :5] == np.frombuffer(_WKB_POINT_HEAD, dtype=np.uint8)).all():
        return None
    return np.ascontiguousarray(rows[:, 5:]).view(np.float64)


def _points_of(shapes: NDArray[np.object_]) -> Points:
    single = (shapely.get_type_id(shapes) == _MULTIPOINT) & (
        shapely.get_num_geometries(shapes) == 1
    )
    if single.any():
        shapes = shapes.copy()
        shapes[single] = shapely.get_geometry(shapes[single], 0)
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    is_point = shapely.get_type_id(shapes) == _POINT
    kinds = np.where(is_point, "Point", "").astype("U24")
    for row in np.flatnonzero(~is_point & ~missing):
        kinds[row] = shapes[row].geom_type
    x, y = np.full(len(shapes), np.nan), np.full(len(shapes), np.nan)
    there = is_point & ~missing  # GEOS refuses the coordinates of an empty point
    x[there], y[there] = shapely.get_x(shapes[there]), shapely.get_y(shapes[there])
    return Points(x=x, y=y, missing=missing, kinds=kinds, single_parts=int(single.sum()))


def numbered(count: int) -> NDArray[np.int64]:
    """Return the positions 1, 2, … of ``count`` rows."""
    return np.arange(1, count + 1, dtype=np.int64)


def arrow_column(values: Sequence[Any]) -> pa.Array:
    """Make a column of Python values; values of unlike types become text, none is changed.

    A number stays the number it was: 35236.0 becomes the text ``35236.0``, never ``35236``.
    """
    kinds = {type(value) for value in values if value is not None}
    if kinds in ({str}, {bool}, {float}) or not kinds:
        return pa.array(values, type=None if kinds else pa.string())
    if kinds == {int} and all(v is None or -(2**63) <= v < 2**63 for v in values):
        return pa.array(values, type=pa.int64())
    return pa.array(
        [None if value is None else _as_written(value) for value in values], pa.string()
    )


def _as_written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)


def known_crs(crs: str | None, *, file: str) -> str | None:
    """Return ``crs`` when it says where positions lie, None when it is undefined.

    Raises
    ------
    DataFileError
        When it is no CRS at all, or one that positions can't be carried from.
    """
    if not crs:
        return None
    try:
        parsed = CRS.from_user_input(crs)
        if parsed.name.lower().startswith(("undefined", "unknown")) or parsed.is_engineering:
            return None
        Transformer.from_crs(parsed, WORKING_CRS, always_xy=True)
    except ProjError as error:
        raise file_failure("bad_crs", file=file, crs=crs[:80]) from error
    return crs


def reproject(
    x: NDArray[np.float64], y: NDArray[np.float64], *, crs: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Carry positions to EPSG:2154; those already there keep every bit."""
    if is_working_crs(crs):
        return x, y
    return transform_xy(x, y, source=crs)


def reproject_shapes(shapes: NDArray[np.object_], *, crs: str) -> NDArray[np.object_]:
    """Carry shapes to EPSG:2154; those already there keep every bit."""
    if is_working_crs(crs):
        return shapes

    def carry(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(reproject(points[:, 0], points[:, 1], crs=crs))

    return np.asarray(shapely.transform(shapes, carry), dtype=object)


@cache
def _area() -> tuple[float, float, float, float]:
    area = CRS.from_user_input(WORKING_CRS).area_of_use
    if area is None:
        raise LookupError(WORKING_CRS)
    to_working = Transformer.from_crs(GEOGRAPHIC_CRS, WORKING_CRS, always_xy=True)
    west, south, east, north = to_working.transform_bounds(*area.bounds)
    return west, south, east, north


def inside_area(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which positions (EPSG:2154) lie in its area of use, as the EPSG registry has it."""
    west, south, east, north = _area()
    inside: NDArray[np.bool_] = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    return inside

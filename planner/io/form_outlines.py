"""The outlines on which wishes were written in a GIS: whether they are those that were sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from pyproj import CRS
from pyproj.exceptions import ProjError

from planner.crs import is_working_crs
from planner.errors import DataFileError
from planner.io.forms import FormFile, FormRow
from planner.io.layers import known_crs, reproject_shapes

__all__ = ["Outlines", "compare_outlines"]

_LONG: Final = 40  # characters of a CRS that has no name
_POLYGONAL: Final = 2  # dimensions
_APART_SHARE: Final = 0.01
"""Of the sector's area, what two drawings of one outline differ by: files round, and reproject."""

_Named = list[tuple[FormRow, Any, Any]]  # row, its shape, the outline that was sent


@dataclass(frozen=True, kw_only=True)
class Outlines:
    """What is strange about the outlines of a form.

    Parameters
    ----------
    redrawn
        Positions of the rows whose outline isn't that of the sector they name.
    named
        The sectors of these rows.
    other_crs
        The CRS that the file declares, though its positions are those that were sent; None where
        the two agree.
    """

    redrawn: frozenset[int] = frozenset()
    named: tuple[str, ...] = ()
    other_crs: str | None = None


def compare_outlines(form: FormFile, sent: Mapping[str, Any]) -> Outlines:
    """Compare the outlines of a form with those that were sent.

    A row without a shape says nothing of it; a point or a line is held to lie in its sector.

    Parameters
    ----------
    form
        The form, its rows of wishes with their shapes as the file holds them.
    sent
        Sector to its outline, EPSG:2154.
    """
    named = list(_named(form.sheets.get("wishes", ()), sent))
    if not named:
        return Outlines()
    strange = [row for row, shape, outline in named if not _fits(shape, outline)]
    if not strange:
        agree = form.crs is None or is_working_crs(form.crs)
        return Outlines(other_crs=None if agree else _called(str(form.crs)))
    carried = _carried(named, form)
    strange = [row for row, shape, outline in carried if not _fits(shape, outline)]
    return Outlines(
        redrawn=frozenset(row.row for row in strange),
        named=tuple(dict.fromkeys(row.cells["sector_id"] for row in strange)),
    )


def _named(rows: Sequence[FormRow], sent: Mapping[str, Any]) -> Iterator[tuple[FormRow, Any, Any]]:
    for row in rows:
        outline = sent.get(row.get("sector_id") or "")
        if outline is not None and row.shape is not None and not row.shape.is_empty:
            yield row, row.shape, outline


def _carried(named: _Named, form: FormFile) -> _Named:
    """Return the shapes where the file says that they lie; unmoved where it says nothing."""
    try:
        crs = known_crs(form.crs, file=form.place)
    except DataFileError:
        crs = None
    if crs is None:
        return named
    shapes = np.array([shape for _, shape, _ in named], dtype=object)
    moved = reproject_shapes(shapes, crs=crs)
    return [(row, to, outline) for (row, _, outline), to in zip(named, moved, strict=True)]


def _called(crs: str) -> str:
    """Return what people call a CRS: its code, else its name."""
    try:
        parsed = CRS.from_user_input(crs)
    except ProjError:
        return crs[:_LONG]
    authority = parsed.to_authority()
    return ":".join(authority) if authority else parsed.name


def _fits(shape: Any, outline: Any) -> bool:  # noqa: ANN401 (geometries)
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return False
    if shapely.get_dimensions(shape) < _POLYGONAL:
        return bool(shapely.intersects(outline, shape))
    apart = shapely.symmetric_difference(shapely.make_valid(shape), outline)
    return bool(shapely.area(apart) <= _APART_SHARE * shapely.area(outline))

"""Shapes of a delivery put in their place: two dimensions, EPSG:2154, those elsewhere set aside."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.io.crs_guess import missing_crs
from planner.io.files import file_failure
from planner.io.intake import RowSieve
from planner.io.layers import inside_area, known_crs, reproject_shapes

__all__ = ["place_shapes", "positions_of", "too_deep"]


def too_deep(shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Tell which shapes have a height or a measure, which the plan leaves out."""
    deep: NDArray[np.bool_] = shapely.has_z(shapes) | shapely.has_m(shapes)
    return deep


def positions_of(
    shapes: NDArray[np.object_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the south-western corner of each shape, NaN without one."""
    bounds = shapely.bounds(shapes)
    return bounds[:, 0], bounds[:, 1]


def place_shapes(
    shapes: NDArray[np.object_], *, crs: str | None, sieve: RowSieve
) -> NDArray[np.object_]:
    """Return the shapes in EPSG:2154; those that fall outside its area of use are set aside.

    Parameters
    ----------
    shapes
        One a row of the sieve, two-dimensional, None where there is none.
    crs
        Where they lie, or None when nobody said.
    sieve
        Sets rows aside.

    Raises
    ------
    DataFileError
        Without a CRS, naming the likely ones; with an unknown one; or when every shape that is kept
        falls outside metropolitan France.
    """
    known = known_crs(crs, file=sieve.file)
    if known is None:
        raise missing_crs(sieve.file, *positions_of(shapes))
    kept = np.flatnonzero(sieve.kept)
    received = shapely.bounds(shapes)
    moved = shapes.copy()
    moved[kept] = reproject_shapes(shapes[kept], crs=known)
    bounds = shapely.bounds(moved)
    inside = inside_area(bounds[:, 0], bounds[:, 1]) & inside_area(bounds[:, 2], bounds[:, 3])
    if kept.size and not inside[kept].any():
        raise file_failure(
            "wrong_crs", file=sieve.file, count=len(kept), crs=known[:60],
            x=received[kept[0], 0], y=received[kept[0], 1],
        )  # fmt: skip
    sieve.set_aside(
        ~inside, "outside_area", column="geometry",
        values=lambda rows: [str(b.tolist()) for b in received[rows]],
    )  # fmt: skip
    return moved

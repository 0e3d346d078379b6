"""The one working CRS: RGF93 v1 / Lambert-93 (EPSG:2154), axes east then north, in metres.

Tables are reprojected when they are read, in one place; nothing else in the library changes a CRS.
Between EPSG:4326 and EPSG:2154 over Brittany the operation is a null datum shift, so that the
accuracy is that of taking WGS 84 for RGF93: about one metre.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer

__all__ = ["GEOGRAPHIC_CRS", "WORKING_CRS", "WORKING_EPSG", "is_working_crs", "transform_xy"]

WORKING_EPSG = 2154
WORKING_CRS = f"EPSG:{WORKING_EPSG}"
GEOGRAPHIC_CRS = "EPSG:4326"


@cache
def _transformer(source: str, target: str) -> Transformer:
    # always_xy: EPSG:4326 is latitude first by its authority, longitude first in every file here.
    return Transformer.from_crs(source, target, always_xy=True)


def transform_xy(
    x: ArrayLike, y: ArrayLike, *, source: str, target: str = WORKING_CRS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Reproject coordinates given as two arrays.

    Parameters
    ----------
    x, y
        Coordinates in ``source``, shape (n,), x east (or longitude) and y north (or latitude).
    source, target
        Anything that pyproj takes for a CRS.

    Returns
    -------
    tuple of arrays
        x and y in ``target``, float64, shape (n,).  Points that can't be transformed are ``inf``.
    """
    px, py = _transformer(str(source), str(target)).transform(
        np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    )
    return np.asarray(px, dtype=np.float64), np.asarray(py, dtype=np.float64)


def is_working_crs(crs: object) -> bool:
    """Tell whether ``crs`` is EPSG:2154, whichever way it is written."""
    if crs is None:
        return False
    try:
        return bool(
            CRS.from_user_input(crs).equals(CRS.from_epsg(WORKING_EPSG), ignore_axis_order=True)
        )
    except Exception:  # noqa: BLE001  pyproj raises several kinds; an unreadable CRS is not ours
        return False

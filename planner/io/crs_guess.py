"""Where positions without a CRS could lie: the usual systems that put them in France."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from planner.crs import GEOGRAPHIC_CRS, WORKING_CRS, transform_xy
from planner.errors import DataFileError
from planner.io.files import file_failure
from planner.texts import Message

__all__ = ["likely_crs", "missing_crs"]

_USUAL: Final = (
    WORKING_CRS, "EPSG:3948", "EPSG:3947", "EPSG:3949", "EPSG:27572", GEOGRAPHIC_CRS, "EPSG:3857",
    "EPSG:32630", "EPSG:32631",
)  # fmt: skip
"""Lambert-93, conic conformal zones 48, 47 and 49, Lambert II étendu, degrees, web Mercator, UTM:
what French deliveries come in (CNIG, 2019), the most usual first."""
_BRITTANY: Final = (-5.2, 47.2, -0.9, 49.0)
"""Degrees: bounds of the region's communes (IGN, 2018), rounded outwards; only orders the list."""
_SAMPLE: Final = 1_000
_MOST: Final = 0.9  # a stray position doesn't hide where the others lie
_SHOWN: Final = 3


def likely_crs(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[str, ...]:
    """Return the usual systems in which nine positions in ten lie in their French area of use.

    Parameters
    ----------
    x, y
        Positions, east (or longitude) and north (or latitude), shape (n,), in an unknown system.

    Returns
    -------
    tuple of str
        Codes such as ``EPSG:2154``, those that put them in Brittany first; empty when none does.

    Examples
    --------
    >>> likely_crs(np.array([309_000.0]), np.array([6_740_000.0]))[0]
    'EPSG:2154'
    >>> likely_crs(np.array([-2.08]), np.array([47.65]))
    ('EPSG:4326',)
    """
    finite = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if not finite.size:
        return ()
    sample = finite[:: max(1, finite.size // _SAMPLE)]
    here: list[str] = []
    elsewhere: list[str] = []
    for code in _USUAL:
        lon, lat = transform_xy(x[sample], y[sample], source=code, target=GEOGRAPHIC_CRS)
        if _share_in(lon, lat, _area(code)) < _MOST:
            continue
        near = _share_in(lon, lat, _BRITTANY) >= _MOST
        (here if near else elsewhere).append(code)
    return (*here, *elsewhere)


def missing_crs(file: str, x: NDArray[np.float64], y: NDArray[np.float64]) -> DataFileError:
    """Make the error that asks for the CRS of ``file`` and names the likely ones.

    Parameters
    ----------
    file
        Name of the file, and of its layer where it has several.
    x, y
        Positions as received, shape (n,).
    """
    return file_failure("no_crs", file=file, likely=likely_message(x, y))


def likely_message(x: NDArray[np.float64], y: NDArray[np.float64]) -> Message:
    """Say which systems are likely for these positions."""
    likely = likely_crs(x, y)[:_SHOWN]
    if not likely:
        return Message.of("partner.crs_unlikely")
    named = ", ".join(f"{code} ({CRS.from_user_input(code).name})" for code in likely)
    return Message.of("partner.crs_likely", likely=named)


@cache
def _area(code: str) -> tuple[float, float, float, float]:
    """Return the part of metropolitan France in the area of use of ``code``, in degrees."""
    west, south, east, north = _bounds(WORKING_CRS)
    own = _bounds(code)
    return max(west, own[0]), max(south, own[1]), min(east, own[2]), min(north, own[3])


def _bounds(code: str) -> tuple[float, float, float, float]:
    area = CRS.from_user_input(code).area_of_use
    if area is None:
        raise LookupError(code)
    return area.bounds


def _share_in(
    lon: NDArray[np.float64], lat: NDArray[np.float64], box: tuple[float, float, float, float]
) -> float:
    west, south, east, north = box
    return float(((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)).mean())

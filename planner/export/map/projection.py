"""Many points at once from EPSG:2154 to pixels of the page, by a series that is checked.

Lambert-93 and the Mercator of the same ellipsoid are both conformal: one is an analytic function of
the other, so a polynomial of one complex variable carries a whole region over; the web Mercator
then differs in its northing alone, by a polynomial of that northing.  Both are fitted to PROJ's own
answers over the extent of the points, and compared with them between the places of the fit: where
they miss by more than :data:`MISS_PIXELS`, PROJ answers for every point.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import NDArray

from planner.crs import WORKING_CRS, transform_xy
from planner.export.map.topology import grid_xy

__all__ = ["MISS_PIXELS", "GridSeries"]

MISS_PIXELS: Final = 0.001
"""Largest miss allowed, in pixels of :data:`~planner.export.map.topology.GRID_ZOOM`: 2 mm."""
_DEGREE: Final = 9
_NODES: Final = 14
_CHECKS: Final = 23
_ELLIPSOIDAL_MERCATOR: Final = "EPSG:3395"
Floats = NDArray[np.float64]


class GridSeries:
    """What carries points of an extent to pixels of the grid.

    Parameters
    ----------
    bounds
        West, south, east and north in EPSG:2154.

    Attributes
    ----------
    miss
        Largest distance to PROJ's answer that was found, in pixels.
    """

    def __init__(self, bounds: tuple[float, float, float, float]) -> None:
        west, south, east, north = bounds
        self._centre = complex(west + east, south + north) / 2
        self._half = max(east - west, north - south, 1.0) / 2
        nodes = np.cos(np.pi * (np.arange(_NODES) + 0.5) / _NODES)
        x, y = self._places(nodes)
        mercator = _mercator(x, y)
        web = grid_xy(x, y)
        self._east = complex(mercator.real.mean(), mercator.imag.mean())
        self._scale = float(np.abs(mercator - self._east).max())
        powers = polynomial.polyvander(self._unit(x, y), _DEGREE)
        self._series = np.linalg.lstsq(powers, (mercator - self._east) / self._scale, rcond=None)[0]
        turned = (mercator - self._east) / self._scale
        flat = np.polynomial.Polynomial
        self._x = flat.fit(turned.real, web[:, 0], 1).convert().coef
        self._y = flat.fit(turned.imag, web[:, 1], _DEGREE).convert().coef
        x, y = self._places(np.linspace(-1, 1, _CHECKS))
        self.miss = float(np.abs(self._by_series(x, y) - grid_xy(x, y)).max())

    def __call__(self, x_m: Floats, y_m: Floats) -> Floats:
        """Return pixels of the grid, shape (n, 2), not rounded."""
        exact = self.miss > MISS_PIXELS
        return grid_xy(x_m, y_m) if exact else self._by_series(x_m, y_m)

    def _places(self, nodes: Floats) -> tuple[Floats, Floats]:
        x, y = np.meshgrid(nodes, nodes)
        return (
            self._centre.real + self._half * x.ravel(),
            self._centre.imag + self._half * y.ravel(),
        )

    def _unit(self, x: Floats, y: Floats) -> NDArray[np.complex128]:
        placed: NDArray[np.complex128] = (x + 1j * y - self._centre) / self._half
        return placed

    def _by_series(self, x: Floats, y: Floats) -> Floats:
        turned = polynomial.polyval(self._unit(x, y), self._series)
        return np.column_stack(
            [polynomial.polyval(turned.real, self._x), polynomial.polyval(turned.imag, self._y)]
        )


def _mercator(x: Floats, y: Floats) -> NDArray[np.complex128]:
    east, north = transform_xy(x, y, source=WORKING_CRS, target=_ELLIPSOIDAL_MERCATOR)
    return np.asarray(east) + 1j * np.asarray(north)

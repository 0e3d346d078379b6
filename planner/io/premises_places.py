"""Where premises stand that are drawn as areas, and in which commune."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.io.layers import Points, RawLayer, undefined_allowed
from planner.io.values import Parsed
from planner.spatial import PolygonIndex

__all__ = ["locate_communes", "points_in_areas"]


def points_in_areas(raw: RawLayer) -> tuple[Points, int]:
    """Return the positions of a layer, and how many are those of areas.

    A building that is drawn as an area stands at its middle, or inside where that lies outside.
    """
    points = raw.points()
    areas = np.flatnonzero(np.isin(points.kinds, ("Polygon", "MultiPolygon")))
    if not areas.size:
        return points, 0
    with undefined_allowed():
        # an outline that crosses itself has an inside too
        shapes = shapely.make_valid(raw.geometry()[areas])
        middle = shapely.centroid(shapes)
        outside = ~shapely.intersects(shapes, middle)
        middle[outside] = shapely.point_on_surface(shapes[outside])
    x, y, kinds = points.x.copy(), points.y.copy(), points.kinds.copy()
    x[areas], y[areas], kinds[areas] = shapely.get_x(middle), shapely.get_y(middle), "Point"
    return replace(points, x=x, y=y, kinds=kinds), int(areas.size)


def locate_communes(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    kept: NDArray[np.bool_],
    communes: gpd.GeoDataFrame,
) -> Parsed[str]:
    """Return the commune that each position stands in, by the rule of :mod:`planner.spatial`.

    Parameters
    ----------
    x, y
        EPSG:2154.
    kept
        Which of them to look up.
    communes
        Contract ``communes``.
    """
    rows = communes.sort_values("insee", kind="stable")
    codes = np.full(len(x), -1, dtype=np.int64)
    where = np.flatnonzero(kept)
    codes[where] = PolygonIndex(rows.geometry.to_numpy()).locate(x[where], y[where])
    names = tuple(rows["insee"].astype(str))
    return Parsed(codes, names, names)

"""Premises as points, for whoever wants them, and back."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pandas as pd

from planner.crs import WORKING_CRS
from planner.schemas import contract

__all__ = ["premises_from_geodataframe", "premises_to_geodataframe"]

_POSITION = ("x_m", "y_m")


def premises_to_geodataframe(premises: pd.DataFrame) -> gpd.GeoDataFrame:
    """Make points of the positions of premises.

    Parameters
    ----------
    premises
        Contract ``premises``; further columns are kept.

    Returns
    -------
    GeoDataFrame
        The same rows and columns in the same order, with points in EPSG:2154.
    """
    points = gpd.points_from_xy(premises["x_m"], premises["y_m"])
    return gpd.GeoDataFrame(premises.copy(), geometry=points, crs=WORKING_CRS)


def premises_from_geodataframe(points: gpd.GeoDataFrame) -> pd.DataFrame:
    """Read premises from points; nothing is reprojected.

    Parameters
    ----------
    points
        Columns of the contract ``premises`` and points in EPSG:2154.  ``x_m`` and ``y_m`` are not
        read: where a point was moved, the point is right.

    Returns
    -------
    DataFrame
        The same rows in the same order: the columns of the contract, then any others.

    Raises
    ------
    ContractError
        When the CRS is not EPSG:2154, a column is missing, or a cell breaks the contract.
    """
    table = contract("premises")
    columns = tuple(column for column in table.columns if column.name not in _POSITION)
    replace(table, columns=columns, geometry="Point").check(points)
    premises = pd.DataFrame(points).drop(columns=points.geometry.name)
    premises["x_m"] = points.geometry.x.to_numpy()
    premises["y_m"] = points.geometry.y.to_numpy()
    names = list(table.column_names)
    others = [name for name in premises.columns if name not in names]
    return premises[[*names, *others]]

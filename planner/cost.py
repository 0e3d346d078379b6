"""What each sector costs, in its first form: premises × a unit cost by class of density.

A dated price book gives the unit cost of each class; the classes tile the densities from zero up,
lower bounds included.  cost = Σ premises × unit cost, in whole cents.
"""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import RuleError
from planner.schemas import contract
from planner.texts import Message

__all__ = ["estimate_cost", "look_up_prices"]

_M2_PER_KM2 = 1_000_000.0


def estimate_cost(sectors: gpd.GeoDataFrame, *, prices: pd.DataFrame, on: dt.date) -> pd.DataFrame:
    """Estimate the cost of every sector.

    Parameters
    ----------
    sectors
        Contract ``sectors``; areas are taken in EPSG:2154.
    prices
        Contract ``prices``.
    on
        Day of the prices: a class that is not valid yet is an error.

    Returns
    -------
    DataFrame
        Contract ``costs``, sorted by sector.

    Raises
    ------
    RuleError
        When the classes leave a density out, overlap, or aren't valid on the day.
    """
    contract("prices").check(prices)
    _check_book(_by_density(prices), on)
    frame = pd.DataFrame(sectors[["sector_id", "premises_count"]]).copy()
    area_km2 = sectors.geometry.area.to_numpy() / _M2_PER_KM2
    # a tenth of a premise a km², so that the last bits of an area never change a class
    frame["density_per_km2"] = np.round(frame["premises_count"].to_numpy() / area_km2, 1)
    frame["density_class"], frame["unit_cost_cents"] = look_up_prices(
        frame["density_per_km2"].to_numpy(dtype=np.float64), prices=prices
    )
    frame["cost_cents"] = frame["premises_count"].astype("int64") * frame["unit_cost_cents"]
    if frame.empty:
        return contract("costs").empty()
    contract("costs").check(frame)
    return contract("costs").select(frame)


def look_up_prices(
    densities: NDArray[np.float64], *, prices: pd.DataFrame
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Find the class of each density in a price book, and its price a premise in cents.

    Parameters
    ----------
    densities
        Premises a km², as :func:`estimate_cost` rounds them.
    prices
        Contract ``prices``, whose classes tile the densities.
    """
    book = _by_density(prices)
    edges = book["density_min_per_km2"].to_numpy(dtype=np.float64)
    row = np.searchsorted(edges, densities, side="right") - 1
    classes = book["density_class"].astype(str).to_numpy(dtype=object)[row]
    return classes, book["cost_cents_per_premise"].to_numpy(dtype=np.int64)[row]


def _by_density(prices: pd.DataFrame) -> pd.DataFrame:
    return prices.sort_values("density_min_per_km2", kind="stable").reset_index(drop=True)


def _check_book(book: pd.DataFrame, on: dt.date) -> None:
    late = book.loc[book["valid_from"] > pd.Timestamp(on), "density_class"].astype(str)
    if len(late):
        raise RuleError(
            Message.of("cost.not_valid", classes=", ".join(late), on=on),
            Message.of("cost.not_valid_remedy"),
        )
    low = book["density_min_per_km2"].to_numpy(dtype=np.float64)
    high = book["density_max_per_km2"].to_numpy(dtype=np.float64, na_value=np.inf)
    tiles = (
        len(book) > 0 and low[0] == 0 and np.isinf(high[-1]) and bool((low[1:] == high[:-1]).all())
    )
    if not tiles:
        raise RuleError(Message.of("cost.not_tiling"), Message.of("cost.not_tiling_remedy"))

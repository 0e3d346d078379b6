"""The follow-up on the ground: one row a sector and one an EPCI, with their shape."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import pandas as pd

from planner.crs import WORKING_CRS
from planner.follow_up._take_up import EVERY_OPERATOR
from planner.follow_vocab import ClockVerdict
from planner.schemas import contract
from planner.vocab import Level

__all__ = ["draw_epci", "draw_sectors"]

_LATE = ("quarter", "planned_count", "actual_count", "late_count", "late_quarters")
_AT_RISK = (ClockVerdict.BREACHED.value, ClockVerdict.WILL_BREACH.value)


def draw_sectors(tables: Mapping[str, pd.DataFrame], sectors: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the sectors of the baseline with all that is known of them.

    Parameters
    ----------
    tables
        Tables of the follow-up by the name of their contract.
    sectors
        Contract ``sectors``; one that is no longer there is left out.

    Returns
    -------
    GeoDataFrame
        Contract ``sector_follow_up``.
    """
    frame = tables["baseline"].rename(columns={"quarter": "promised_quarter"})
    frame = frame.merge(_late(tables, Level.SECTOR, "sector_id"), on="sector_id")
    frame = frame.merge(_rates(tables, Level.SECTOR, "sector_id"), on="sector_id", how="left")
    reasons = tables["slip_reasons"]
    words = reasons.groupby(reasons["sector_id"].astype(str))["reason"].agg(
        lambda codes: " ".join(sorted(set(codes.astype(str))))
    )
    frame["reasons"] = frame["sector_id"].map(words).astype("object")
    openings = tables["openings"][["sector_id", "state"]]
    frame = frame.merge(
        openings.rename(columns={"state": "opening_state"}), on="sector_id", how="left"
    )
    clock = tables["completeness"].rename(columns={"rank": "breach_rank"})
    names = ["sector_id", "deadline", "missing_count", "done_on", "verdict", "breach_rank"]
    frame = frame.merge(clock[names], on="sector_id", how="left")
    shapes = sectors[["sector_id", "nom", "geometry"]]
    return _drawn("sector_follow_up", frame.merge(shapes, on="sector_id", how="inner"))


def draw_epci(tables: Mapping[str, pd.DataFrame], epci: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the EPCI of the baseline with all that is known of them.

    Returns
    -------
    GeoDataFrame
        Contract ``epci_follow_up``.
    """
    baseline = tables["baseline"].dropna(subset=["epci_siren"])
    frame = (
        baseline.groupby(baseline["epci_siren"].astype(str))
        .agg(
            premises_count=("premises_count", "sum"), promised_quarter=("quarter", "max"),
            synthetic=("synthetic", "any"),
        )
        .rename_axis("siren")
        .reset_index()
    )  # fmt: skip
    frame = frame.merge(_late(tables, Level.EPCI, "siren"), on="siren")
    frame = frame.merge(_rates(tables, Level.EPCI, "siren"), on="siren", how="left")
    ahead = tables["completion_forecast"]
    ends = ahead[ahead["level"].astype(str) == Level.EPCI.value].set_index("code")["done_quarter"]
    frame["done_quarter"] = frame["siren"].map(ends).astype("object")
    clock = tables["completeness"]
    risky = clock[clock["verdict"].isin(_AT_RISK)]
    by_epci = risky.groupby(risky["epci_siren"].astype(str))["deadline"]
    counts, firsts = by_epci.size().to_dict(), by_epci.min().to_dict()
    frame["breach_count"] = [counts.get(key, 0) for key in frame["siren"]]
    frame["first_breach_on"] = [firsts.get(key, pd.NaT) for key in frame["siren"]]
    shapes = epci[["siren", "nom", "geometry"]]
    return _drawn("epci_follow_up", frame.merge(shapes, on="siren", how="inner"))


def _late(tables: Mapping[str, pd.DataFrame], level: Level, key: str) -> pd.DataFrame:
    rows = tables["slippage"]
    rows = rows[rows["level"].astype(str) == level.value]
    return rows[["code", *_LATE]].rename(columns={"code": key})


def _rates(tables: Mapping[str, pd.DataFrame], level: Level, key: str) -> pd.DataFrame:
    rows = tables["take_up"]
    rows = rows[(rows["level"].astype(str) == level.value) & (rows["operator"] == EVERY_OPERATOR)]
    last = rows[rows["quarter"] == rows["quarter"].max()]
    renamed: pd.DataFrame = last[["code", "take_up_share"]].rename(columns={"code": key})
    return renamed


def _drawn(name: str, frame: pd.DataFrame) -> gpd.GeoDataFrame:
    table = contract(name)
    for column in table.columns:
        if column.type == "int":
            frame[column.name] = frame[column.name].astype("Int64")
        elif column.type == "date":
            frame[column.name] = pd.to_datetime(frame[column.name]).astype("datetime64[s]")
    drawn = gpd.GeoDataFrame(
        frame.sort_values(list(table.key), ignore_index=True), geometry="geometry", crs=WORKING_CRS
    )
    table.check(drawn)
    selected: gpd.GeoDataFrame = table.select(drawn)
    return selected

"""What may be published of the requests: sites in cells of a grid, and figures by EPCI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.crs import WORKING_CRS
from planner.schemas import contract
from planner.spatial import PolygonIndex
from planner.vocab import Eligibility, Level, RequesterKind, RequestEvent, Solution

__all__ = ["count_requests", "list_sites", "live_requests"]

_GONE: Final = (RequestEvent.ERASED.value, RequestEvent.WITHDRAWN.value)
_NOT_STEPS: Final = (RequestEvent.ASSESSED.value, RequestEvent.CORRECTED.value)
_GRANTED: Final = frozenset(
    event.value
    for event in (
        RequestEvent.ACCEPTED, RequestEvent.FUNDED, RequestEvent.WORKS, RequestEvent.IN_SERVICE,
    )
)  # fmt: skip


def live_requests(requests: pd.DataFrame, journal: pd.DataFrame) -> pd.DataFrame:
    """Return the requests that are neither withdrawn nor erased."""
    gone = set(journal.loc[journal["event"].isin(_GONE), "request_id"])
    return requests[~requests["request_id"].isin(gone)].reset_index(drop=True)


def list_sites(
    requests: pd.DataFrame,
    *,
    assessments: pd.DataFrame,
    journal: pd.DataFrame,
    communes: gpd.GeoDataFrame,
    cell_m: float,
) -> gpd.GeoDataFrame:
    """List the placed requests without anything that tells whose they are.

    A site is at the centre of its cell; its number is that of this list only, by commune, cell and
    kind.  Individuals, requests withdrawn or erased, and those outside the territory are left out.

    Parameters
    ----------
    requests, assessments, journal
        Contracts ``requests``, ``request_assessments`` and ``request_journal``.
    communes
        Contract ``communes``.
    cell_m
        Side of a cell, metres.

    Returns
    -------
    GeoDataFrame
        Contract ``axe3_sites``.
    """
    table = contract("axe3_sites")
    rows = _gathered(requests, assessments, journal, communes)
    rows = rows[rows["insee"].notna() & (rows["kind"] != RequesterKind.INDIVIDUAL.value)]
    if rows.empty:
        return _as_geo(table.empty())
    rows["x_m"], rows["y_m"] = (
        (np.floor(rows[axis] / cell_m) + 0.5) * cell_m for axis in ("x_m", "y_m")
    )
    # by what is shown first, so that the number tells nothing of the register
    shown = ["insee", "x_m", "y_m", "kind", "state_on", "eligibility", "cost_cents", "request_id"]
    rows = rows.sort_values(shown, kind="stable", ignore_index=True)
    rank = rows.groupby("insee", sort=False).cumcount() + 1
    rows["site_id"] = rows["insee"] + "-" + rank.astype("str").str.zfill(3)
    points = shapely.points(rows["x_m"].to_numpy(float), rows["y_m"].to_numpy(float))
    sites = gpd.GeoDataFrame(
        rows[list(table.column_names)], geometry=np.asarray(points, dtype=object), crs=WORKING_CRS
    )  # fmt: skip
    return _as_geo(table.select(sites))


def count_requests(
    requests: pd.DataFrame,
    *,
    assessments: pd.DataFrame,
    journal: pd.DataFrame,
    region: gpd.GeoDataFrame,
    departements: gpd.GeoDataFrame,
    epci: gpd.GeoDataFrame,
    communes: gpd.GeoDataFrame,
) -> pd.DataFrame:
    """Count the live requests of the region, of each département and of each EPCI.

    A place without a request has its row, of zeros: that none came in is known.

    Parameters
    ----------
    requests, assessments, journal
        Contracts ``requests``, ``request_assessments`` and ``request_journal``.
    region, departements, epci, communes
        Contracts of their names.

    Returns
    -------
    DataFrame
        Contract ``axe3_figures``.
    """
    rows = _gathered(requests, assessments, journal, communes)
    places = (
        (Level.REGION, region["code"], None),
        (Level.DEPARTEMENT, departements["code"], "departement"),
        (Level.EPCI, epci["siren"], "epci_siren"),
    )
    counted = []
    for level, codes, column in places:
        groups = {} if column is None else dict(iter(rows.groupby(column)))
        for code in sorted(codes.astype(str)):
            members = rows if column is None else groups.get(code, rows.iloc[:0])
            counted.append({"level": level.value, "code": code, **_figures(members)})
            outside = int(members["insee"].isna().sum()) if column is None else 0
            counted[-1]["outside_count"] = outside
    frame = pd.DataFrame(counted)
    return contract("axe3_figures").select(frame)


def _figures(rows: pd.DataFrame) -> dict[str, Any]:
    answer, state = rows["eligibility"], rows["state"]
    eligible = answer == Eligibility.ELIGIBLE.value
    masks: Mapping[str, pd.Series[bool]] = {
        "requests": pd.Series(data=True, index=rows.index, dtype="bool"),
        "eligible": eligible,
        "not_eligible": answer == Eligibility.NOT_ELIGIBLE.value,
        "undecided": answer == Eligibility.UNDECIDED.value,
        "unassessed": answer.isna(),
        "accepted": state.isin(_GRANTED),
        "refused": state == RequestEvent.REFUSED.value,
        "in_service": state == RequestEvent.IN_SERVICE.value,
        "fibre": eligible & (rows["solution"] == Solution.DEDICATED_FIBRE.value),
        "wireless": eligible & (rows["solution"] == Solution.WIRELESS.value),
    }
    return {
        **{f"{name}_count": int(mask.fillna(value=False).sum()) for name, mask in masks.items()},
        "cost_cents": int(rows.loc[eligible.fillna(value=False), "cost_cents"].sum()),
        "funded_cents": int(rows["funded_cents"].sum()),
        "synthetic": bool(rows["synthetic"].any()),
    }


def _gathered(
    requests: pd.DataFrame,
    assessments: pd.DataFrame,
    journal: pd.DataFrame,
    communes: gpd.GeoDataFrame,
) -> pd.DataFrame:
    """Return the live requests with their commune, answer, state and funding."""
    steps = journal[~journal["event"].isin(_NOT_STEPS)].sort_values("event_id")
    last = steps.groupby("request_id", as_index=False).last()
    last = last[["request_id", "event", "on"]].rename(columns={"event": "state", "on": "state_on"})
    fundings = steps[steps["event"] == RequestEvent.FUNDED.value]
    amounts = fundings.groupby("request_id")["amount_cents"].sum(min_count=1)
    funded = amounts.rename("funded_cents").reset_index()
    answers = assessments[
        ["request_id", "eligibility", "planned_quarter", "solution", "cost_cents"]
    ]
    rows = contract("requests").select(requests).drop(columns="insee")
    rows = live_requests(rows, journal).merge(last, on="request_id", validate="1:1")
    for more in (answers, funded):
        rows = rows.merge(more, on="request_id", how="left", validate="1:1")
    rows["cost_cents"] = rows["cost_cents"].astype("Int64")
    rows["funded_cents"] = rows["funded_cents"].astype("Int64")
    return _placed(rows, communes)


def _placed(rows: pd.DataFrame, communes: gpd.GeoDataFrame) -> pd.DataFrame:
    ordered = communes.sort_values("insee", kind="stable").reset_index(drop=True)
    x = rows["x_m"].to_numpy(np.float64, na_value=np.nan)
    y = rows["y_m"].to_numpy(np.float64, na_value=np.nan)
    there = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    where = np.full(len(rows), -1)
    if len(ordered) and there.size:
        shapes = np.asarray(ordered.geometry.array, dtype=object)
        where[there] = PolygonIndex(shapes).locate(x[there], y[there])
    names = ["insee", "departement", "epci_siren"]
    of_place = ordered[names].reindex(where).set_axis(rows.index)
    return rows.assign(**{name: of_place[name].astype("str") for name in names})


def _as_geo(frame: pd.DataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=WORKING_CRS)

"""The whole follow-up of a programme: every table of it from the baseline and what is observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd

from planner.findings import Finding, Findings
from planner.follow_up._completeness import CompletenessRule, watch_completeness
from planner.follow_up._forecast import back_test, forecast_counts, observed_pace
from planner.follow_up._opening import OpeningRule, watch_openings
from planner.follow_up._places import draw_epci, draw_sectors
from planner.follow_up._progress import PLACE_COLUMNS
from planner.follow_up._quarters import quarter_end, quarter_of, quarters_from
from planner.follow_up._sales_curve import forecast_take_up
from planner.follow_up._slippage import forecast_completion, measure_slippage, trace_curves
from planner.follow_up._take_up import measure_take_up, sum_sales
from planner.schemas import contract
from planner.vocab import Level, Severity

__all__ = ["FollowUp", "FollowUpRules", "follow_programme"]

_TRIED = (Level.EPCI, Level.ZONE, Level.SECTOR)
_LEAST_TRIED = 3


@dataclass(frozen=True, kw_only=True)
class FollowUpRules:
    """By what rules a programme is followed.

    Parameters
    ----------
    quarter
        Quarter at whose end it stands.
    ahead_quarters
        How far curves are forecast.
    completeness, opening
        Dated rules of the deadline of a PM area and of its commercial opening.
    """

    quarter: str
    ahead_quarters: int = 8
    completeness: tuple[CompletenessRule, ...] = ()
    opening: tuple[OpeningRule, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FollowUp:
    """Tables of the follow-up by the name of their contract, and what deserves to be checked."""

    tables: Mapping[str, pd.DataFrame]
    findings: Findings = field(default_factory=Findings)


def follow_programme(
    *,
    baseline: pd.DataFrame,
    actual: pd.DataFrame,
    sectors: gpd.GeoDataFrame,
    epci: gpd.GeoDataFrame,
    pm_areas: pd.DataFrame,
    operators: pd.DataFrame,
    sales: pd.DataFrame,
    reasons: pd.DataFrame,
    rules: FollowUpRules,
) -> FollowUp:
    """Compare an adopted programme with what is observed of it.

    Parameters
    ----------
    baseline, actual, sectors, epci, pm_areas, operators, sales, reasons
        Tables under the contracts of their names (``progress_actual``, ``sector_operators``,
        ``slip_reasons``); none is changed, the last four may be empty.
    rules
        The quarter and the rules.

    Returns
    -------
    FollowUp
        Tables that aren't empty.
    """
    on = quarter_end(rules.quarter)
    seen = actual[actual["quarter"] <= rules.quarter]
    places = baseline[["sector_id", "epci_siren", "premises_count"]]
    areas = pm_areas.merge(places, on="sector_id", validate="one_to_one")
    slippage = measure_slippage(baseline, seen, quarter=rules.quarter)
    openings, too_soon = watch_openings(areas, operators, rules=rules.opening, on=on)
    held, unseen = _clock_areas(areas, seen, rules.quarter)
    completeness, no_rule = watch_completeness(held, rules=rules.completeness, on=on)
    sold = sum_sales(sales[sales["quarter"] <= rules.quarter], actual=seen, baseline=baseline)
    take_up, over = measure_take_up(sold, referential="connectable_premises")
    completion = forecast_completion(baseline, seen)
    trials, coming = _foresee(baseline, seen)
    tables = {
        "baseline": baseline,
        "progress_actual": seen.reset_index(drop=True),
        "slippage": slippage,
        "progress_curve": trace_curves(baseline, seen, ahead_quarters=rules.ahead_quarters),
        "completion_forecast": completion,
        "count_forecast": coming,
        "forecast_trial": trials,
        "openings": openings,
        "take_up": take_up,
        "take_up_forecast": forecast_take_up(take_up, ahead_quarters=rules.ahead_quarters),
        "completeness": completeness,
        "slip_reasons": reasons,
    }
    tables["sector_follow_up"] = draw_sectors(tables, sectors)
    tables["epci_follow_up"] = draw_epci(tables, epci)
    return FollowUp(
        tables={name: frame for name, frame in tables.items() if len(frame)},
        findings=Findings.collect(too_soon, unseen, no_rule, over),
    )


def _clock_areas(
    areas: pd.DataFrame, actual: pd.DataFrame, quarter: str
) -> tuple[pd.DataFrame, Findings]:
    """Return what the clock of completeness takes; an area without any count is told."""
    by_sector = {
        str(key): part.set_index("quarter")["serviceable_count"].sort_index()
        for key, part in actual.groupby("sector_id")
    }
    rows: list[dict[str, object]] = []
    found: list[Finding] = []
    made = areas[areas["available_on"].notna()]
    for area in made.to_dict("records"):
        totals = by_sector.get(str(area["sector_id"]))
        start = pd.Timestamp(area["available_on"]).date()
        if quarter_of(start) > quarter:
            continue
        if totals is None or quarter not in totals.index:
            found.append(
                Finding.of(
                    "follow_up.area_unseen", severity=Severity.WARNING, table="completeness",
                    place=str(area["pm_id"]), quarter=quarter,
                )
            )  # fmt: skip
            continue
        since = totals[totals.index >= quarter_of(start)]
        pace = observed_pace(since).per_quarter if len(since) > 1 else None
        rows.append(
            {
                "pm_id": area["pm_id"], "sector_id": area["sector_id"],
                "epci_siren": area["epci_siren"], "available_on": start,
                "premises_count": int(area["premises_count"]),
                "missing_count": max(int(area["premises_count"]) - int(totals[quarter]), 0),
                "seen_per_quarter": None if pace is None else max(pace, 0.0),
            }
        )  # fmt: skip
    return pd.DataFrame(rows), Findings.collect(found)


def _foresee(baseline: pd.DataFrame, actual: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Forecast the next quarter by EPCI, zone and sector, and try each forecast on the last one."""
    trials: list[dict[str, object]] = []
    coming: list[pd.DataFrame] = []
    for level in _TRIED:
        history, most = _history(baseline, actual, str(PLACE_COLUMNS[level.value]))
        if len(history) and history.shape[1] > 1:
            coming.append(forecast_counts(history, most=most, level=level))
        if len(history) and history.shape[1] >= _LEAST_TRIED:
            trial = back_test(history, most=most)
            names = contract("forecast_trial").column_names[2:]
            trials.append(
                {"level": level.value, "quarter": str(history.columns[-1])}
                | {name: getattr(trial, name) for name in names}
            )
    trial_table = contract("forecast_trial")
    tried = pd.DataFrame(trials, columns=list(trial_table.column_names))
    if trials:
        tried["moving_inside_share"] = tried["moving_inside_share"].astype("float64")
        trial_table.check(tried)
    forecast = contract("count_forecast").empty()
    return tried, pd.concat(coming, ignore_index=True) if coming else forecast


def _history(
    baseline: pd.DataFrame, actual: pd.DataFrame, column: str
) -> tuple[pd.DataFrame, pd.Series[int]]:
    """Return the totals of the places known in each of the last consecutive quarters."""
    of = dict(zip(baseline["sector_id"], baseline[column], strict=True))
    most = baseline.groupby(column)["premises_count"].sum().astype(int)
    size = baseline.groupby(column)["sector_id"].size()
    seen = actual.assign(code=actual["sector_id"].map(of)).dropna(subset=["code"])
    if seen.empty:
        return pd.DataFrame(), most
    totals = seen.pivot_table(
        index="code", columns="quarter", values="serviceable_count", aggfunc="sum"
    )
    counts = seen.pivot_table(
        index="code", columns="quarter", values="serviceable_count", aggfunc="count"
    )
    whole = totals.where(counts.eq(size.reindex(counts.index), axis=0))
    last = str(whole.columns.max())
    back = reversed(quarters_from(str(whole.columns.min()), last))
    kept: list[str] = []
    for quarter in back:
        if quarter not in whole.columns or whole[quarter].isna().all():
            break
        kept.insert(0, quarter)
    history = whole[kept].dropna()
    return history.astype("int64"), most

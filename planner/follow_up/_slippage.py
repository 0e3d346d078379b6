"""Slippage in lines and quarters, and the curves promised, observed and forecast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np
import pandas as pd

from planner.follow_up._forecast import Pace, observed_pace
from planner.follow_up._progress import PLACE_COLUMNS
from planner.follow_up._quarters import later, quarters_between
from planner.schemas import contract
from planner.vocab import Level

__all__ = [
    "LatePromise", "forecast_completion", "late_promise", "measure_slippage", "trace_curves",
]  # fmt: skip

_LEVELS: Final = (Level.REGION, Level.DEPARTEMENT, Level.EPCI, Level.ZONE, Level.SECTOR)
_NO_END: Final = 400
"""An end beyond a century (in quarters) is no end."""


@dataclass(frozen=True, kw_only=True)
class LatePromise:
    """How late a promise is: lines and quarters, negative when ahead."""

    lines: int
    quarters: int


def late_promise(planned: pd.Series[int], *, actual: int, quarter: str) -> LatePromise:
    """Compare an observed total with the totals promised.

    Parameters
    ----------
    planned
        Total promised by the end of each quarter, indexed by quarter.
    actual
        Total observed at the end of ``quarter``.
    quarter
        ``2019-T4``.

    Examples
    --------
    >>> planned = pd.Series({"2019-T1": 10, "2019-T2": 20, "2019-T3": 30})
    >>> late_promise(planned, actual=10, quarter="2019-T3")
    LatePromise(lines=20, quarters=2)
    """
    curve = planned.sort_index()
    return _late(curve.index.astype(str).tolist(), curve.astype(int).tolist(), actual, quarter)


def _late(quarters: Sequence[str], totals: Sequence[int], actual: int, quarter: str) -> LatePromise:
    past = [(q, n) for q, n in zip(quarters, totals, strict=True) if q <= quarter]
    promised = past[-1][1] if past else 0
    if actual <= promised:
        since = next((q for q, n in past if n > actual), None)
        return LatePromise(
            lines=promised - actual,
            quarters=0 if since is None else quarters_between(since, quarter) + 1,
        )
    reached = [
        q for q, n in zip(quarters, totals, strict=True) if q > quarter and n <= actual
    ]  # fmt: skip
    ahead = quarters_between(quarter, reached[-1]) if reached else 0
    return LatePromise(lines=promised - actual, quarters=-ahead)


def measure_slippage(baseline: pd.DataFrame, actual: pd.DataFrame, *, quarter: str) -> pd.DataFrame:
    """Measure how late each place is at the end of a quarter.

    Parameters
    ----------
    baseline, actual
        Contracts ``baseline`` and ``progress_actual``.
    quarter
        ``2019-T4``; a sector without an observation that day is unknown, and so is a place that
        holds one.

    Returns
    -------
    DataFrame
        Contract ``slippage``: region, départements, EPCI, zones, sectors.
    """
    seen = actual[actual["quarter"] == quarter].set_index("sector_id")["serviceable_count"]
    frame = baseline.assign(
        observed=baseline["sector_id"].map(seen).astype("float64"),
        quarter=baseline["quarter"].astype(str),
    ).sort_values("quarter", kind="stable")
    rows: list[dict[str, object]] = []
    for level in _LEVELS:
        for code, quarters, counts, observed in _places(frame, level):
            totals = list(accumulate(counts))
            total = None if np.isnan(observed).any() else int(sum(observed))
            late = None if total is None else _late(quarters, totals, total, quarter)
            rows.append(
                {
                    "level": level.value, "code": code, "quarter": quarter,
                    "target_count": totals[-1],
                    "planned_count": sum(
                        n for q, n in zip(quarters, counts, strict=True) if q <= quarter
                    ),
                    "actual_count": total,
                    "late_count": None if late is None else late.lines,
                    "late_quarters": None if late is None else late.quarters,
                }
            )  # fmt: skip
    return _contracted("slippage", rows)


def _places(
    frame: pd.DataFrame, level: Level
) -> list[tuple[str, list[str], list[int], list[float]]]:
    """Return code, quarters, premises and observations of each place of a level, by code."""
    column = PLACE_COLUMNS[level.value]
    codes = ["—"] * len(frame) if column is None else frame[column].tolist()
    held: dict[str, tuple[list[str], list[int], list[float]]] = {}
    for code, quarter, count, observed in zip(
        codes, frame["quarter"].tolist(), frame["premises_count"].tolist(),
        frame["observed"].tolist(), strict=True,
    ):  # fmt: skip
        if not pd.isna(code):
            place = held.setdefault(str(code), ([], [], []))
            place[0].append(quarter)
            place[1].append(int(count))
            place[2].append(observed)
    return [(code, *held[code]) for code in sorted(held)]


def trace_curves(
    baseline: pd.DataFrame, actual: pd.DataFrame, *, ahead_quarters: int
) -> pd.DataFrame:
    """Trace promised, observed and forecast totals of the region, its départements and EPCI.

    Parameters
    ----------
    baseline, actual
        Contracts ``baseline`` and ``progress_actual``; only quarters in which every sector of a
        place is observed count as observed there.
    ahead_quarters
        How far to forecast, at the pace observed (see :func:`observed_pace`), at most to the
        total promised.

    Returns
    -------
    DataFrame
        Contract ``progress_curve``.
    """
    rows: list[dict[str, object]] = []
    for level in _LEVELS[:3]:
        for code, part in _groups(baseline, PLACE_COLUMNS[level.value]):
            rows.extend(
                {"level": level.value, "code": code} | row
                for row in _curve(part, actual, ahead_quarters)
            )
    return _contracted("progress_curve", rows)


def forecast_completion(baseline: pd.DataFrame, actual: pd.DataFrame) -> pd.DataFrame:
    """Forecast when each place is done, at the pace observed.

    Parameters
    ----------
    baseline, actual
        Contracts ``baseline`` and ``progress_actual``.

    Returns
    -------
    DataFrame
        Contract ``completion_forecast``: region, départements, EPCI and zones of which two totals
        at least are known.  The interval of the pace is Student's at 80 %; its upper bound gives
        the soonest end, its lower one the latest; an end that the pace doesn't reach is absent.
    """
    rows: list[dict[str, object]] = []
    for level in _LEVELS[:4]:
        for code, part in _groups(baseline, PLACE_COLUMNS[level.value]):
            totals = _totals(part, actual)
            if len(totals) > 1:
                rows.append({"level": level.value, "code": code} | _end(part, totals))
    return _contracted("completion_forecast", rows)


def _end(part: pd.DataFrame, totals: pd.Series[int]) -> dict[str, object]:
    target, last = int(part["premises_count"].sum()), str(totals.index[-1])
    seen, pace = int(totals.iloc[-1]), observed_pace(totals)
    promised = str(part["quarter"].astype(str).max())
    remaining = max(target - seen, 0)

    def end(quarters: float | None) -> str | None:
        if not remaining:
            return last
        return None if quarters is None or quarters > _NO_END else later(last, math.ceil(quarters))

    soonest, expected, latest = (end(n) for n in pace.quarters_to(remaining))
    return {
        "quarter": last, "target_count": target, "promised_quarter": promised,
        "actual_count": seen, "remaining_count": remaining, "quarters_known_count": len(totals),
        "per_quarter": round(pace.per_quarter),
        "low_per_quarter": None if pace.low is None else round(pace.low),
        "high_per_quarter": None if pace.high is None else round(pace.high),
        "done_quarter": expected, "soonest_quarter": soonest, "latest_quarter": latest,
        "late_quarters": None if expected is None else quarters_between(promised, expected),
    }  # fmt: skip


def _totals(part: pd.DataFrame, actual: pd.DataFrame) -> pd.Series[int]:
    """Return the totals of the quarters in which every sector of a place is observed."""
    mine = actual[actual["sector_id"].isin(set(part["sector_id"]))]
    seen = mine.groupby("quarter")["serviceable_count"].agg(["sum", "count"]).sort_index()
    totals: pd.Series[int] = seen.loc[seen["count"] == len(part), "sum"].astype(int)
    return totals


def _curve(part: pd.DataFrame, actual: pd.DataFrame, ahead: int) -> list[dict[str, object]]:
    totals = _totals(part, actual)
    target = int(part["premises_count"].sum())
    pace = observed_pace(totals) if len(totals) > 1 else None
    last = str(totals.index[-1]) if len(totals) else ""
    coming = [later(last, n) for n in range(1, ahead + 1)] if pace else []
    quarters = sorted({*part["quarter"].astype(str), *totals.index.astype(str), *coming})
    rows: list[dict[str, object]] = []
    for quarter in quarters:
        row: dict[str, object] = {
            "quarter": quarter,
            "planned_count": int(part.loc[part["quarter"] <= quarter, "premises_count"].sum()),
            "actual_count": totals.get(quarter),
        }
        if pace is not None and quarter in coming:
            row |= _ahead(pace, int(totals.iloc[-1]), coming.index(quarter) + 1, target)
        rows.append(row)
    return rows


def _ahead(pace: Pace, start: int, steps: int, target: int) -> dict[str, int | None]:
    top = max(target, start)

    def total(gained: float | None) -> int | None:
        return None if gained is None else int(np.clip(round(start + gained), start, top))

    low, expected, high = pace.gained(steps)
    return {
        "forecast_count": total(expected),
        "low_count": total(low),
        "high_count": total(high),
    }


def _groups(frame: pd.DataFrame, column: str | None) -> list[tuple[str, pd.DataFrame]]:
    if column is None:
        return [("—", frame)]
    return [(str(code), part) for code, part in frame.groupby(column, sort=True)]


def _contracted(name: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    table = contract(name)
    if not rows:
        return table.empty()
    frame = pd.DataFrame(rows, columns=list(table.column_names))
    for column in table.columns:
        if column.type == "int":
            frame[column.name] = frame[column.name].astype("Int64")
    table.check(frame)
    return table.select(frame)

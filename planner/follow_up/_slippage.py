"""Slippage in lines and quarters, and the curves promised, observed and forecast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.follow_up._forecast import Pace, later, observed_pace
from planner.schemas import contract
from planner.vocab import Level

__all__ = ["LatePromise", "late_promise", "measure_slippage", "trace_curves"]

_PLACES = (
    (Level.REGION, None), (Level.DEPARTEMENT, "departement"), (Level.EPCI, "epci_siren"),
    (Level.ZONE, "zone_id"), (Level.SECTOR, "sector_id"),
)  # fmt: skip


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
    past = curve[curve.index <= quarter]
    promised = int(past.iloc[-1]) if len(past) else 0
    if actual <= promised:
        since = past.index[past.to_numpy() > actual]
        return LatePromise(
            lines=promised - actual, quarters=_between(since[0], quarter) + 1 if len(since) else 0
        )
    reached = curve.index[(curve.index > quarter) & (curve.to_numpy() <= actual)]
    ahead = _between(quarter, reached[-1]) if len(reached) else 0
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
    frame = _with_actual(baseline, actual, quarter)
    rows = []
    for level, column in _PLACES:
        for code, part in _groups(frame, column):
            planned = part.groupby("quarter")["premises_count"].sum().cumsum()
            known = part["serviceable_count"].notna().all()
            total = int(part["serviceable_count"].sum()) if known else None
            late = None if total is None else late_promise(planned, actual=total, quarter=quarter)
            rows.append(
                {
                    "level": level.value, "code": code, "quarter": quarter,
                    "target_count": int(part["premises_count"].sum()),
                    "planned_count": int(
                        part.loc[part["quarter"] <= quarter, "premises_count"].sum()
                    ),
                    "actual_count": total,
                    "late_count": None if late is None else late.lines,
                    "late_quarters": None if late is None else late.quarters,
                }
            )  # fmt: skip
    return _contracted("slippage", rows)


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
    for level, column in _PLACES[:3]:
        for code, part in _groups(baseline, column):
            rows.extend(
                {"level": level.value, "code": code} | row
                for row in _curve(part, actual, ahead_quarters)
            )
    return _contracted("progress_curve", rows)


def _curve(part: pd.DataFrame, actual: pd.DataFrame, ahead: int) -> list[dict[str, object]]:
    mine = actual[actual["sector_id"].isin(set(part["sector_id"]))]
    seen = mine.groupby("quarter")["serviceable_count"].agg(["sum", "count"]).sort_index()
    totals = seen.loc[seen["count"] == len(part), "sum"].astype(int)
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

    def total(rate: float | None) -> int | None:
        return None if rate is None else int(np.clip(round(start + rate * steps), start, top))

    return {
        "forecast_count": total(pace.per_quarter),
        "low_count": total(pace.low),
        "high_count": total(pace.high),
    }


def _with_actual(baseline: pd.DataFrame, actual: pd.DataFrame, quarter: str) -> pd.DataFrame:
    seen = actual[actual["quarter"] == quarter].set_index("sector_id")["serviceable_count"]
    return baseline.assign(serviceable_count=baseline["sector_id"].map(seen).astype("Int64"))


def _groups(frame: pd.DataFrame, column: str | None) -> list[tuple[str, pd.DataFrame]]:
    if column is None:
        return [("—", frame)]
    return [(str(code), part) for code, part in frame.groupby(column, sort=True)]


def _between(first: str, last: str) -> int:
    return (int(last[:4]) - int(first[:4])) * 4 + int(last[6]) - int(first[6])


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

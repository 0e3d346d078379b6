"""Commercial opening: a PM made available opens to operators some months later, by a dated rule."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass

import pandas as pd

from planner.findings import Finding, Findings
from planner.follow_vocab import OpeningState
from planner.schemas import contract
from planner.vocab import Severity

__all__ = ["OpeningRule", "watch_openings"]


@dataclass(frozen=True, kw_only=True)
class OpeningRule:
    """How many months pass between a PM made available and its commercial opening.

    Parameters
    ----------
    since
        First day on which a PM made available falls under the rule; the latest such rule applies.
    months
        Months up to the opening.
    source
        Decision that says so.
    """

    since: dt.date
    months: int
    source: str

    def due(self, day: dt.date) -> dt.date:
        """Return the opening due for a PM made available on ``day``.

        A day that the month lacks becomes its last one.

        Examples
        --------
        >>> OpeningRule(since=dt.date(2010, 1, 1), months=3, source="").due(dt.date(2018, 11, 30))
        datetime.date(2019, 2, 28)
        """
        month = day.month - 1 + self.months
        year, month = day.year + month // 12, month % 12 + 1
        return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def watch_openings(
    pm_areas: pd.DataFrame,
    operators: pd.DataFrame,
    *,
    rules: tuple[OpeningRule, ...],
    on: dt.date,
) -> tuple[pd.DataFrame, Findings]:
    """Say of each PM made available whether it is open, opening or late to open.

    Parameters
    ----------
    pm_areas
        Contract ``pm_areas`` with ``epci_siren``; a PM that isn't available by ``on`` is left out.
    operators
        Contract ``sector_operators``.
    rules
        Rules in their dates, each with its source.
    on
        Day of the count.

    Returns
    -------
    DataFrame
        Contract ``openings``, sorted by ``sector_id``.
    Findings
        ``follow_up.sold_too_soon``: an operator is present before the PM was made available.
    """
    day = pd.Timestamp(on)
    present = operators[pd.to_datetime(operators["present_on"]) <= day]
    firsts = pd.to_datetime(present["present_on"]).groupby(present["sector_id"].astype(str))
    first, counts = firsts.min(), firsts.size()
    available = pm_areas[pd.to_datetime(pm_areas["available_on"]) <= day]
    rows: list[dict[str, object]] = []
    found: list[Finding] = []
    for area in available.sort_values("sector_id").to_dict("records"):
        key, start = str(area["sector_id"]), pd.Timestamp(area["available_on"]).date()
        rule = max((r for r in rules if r.since <= start), key=lambda r: r.since, default=None)
        due = None if rule is None else rule.due(start)
        opened = first[key].date() if key in first.index else None
        if opened is not None and opened < start:
            found.append(
                Finding.of(
                    "follow_up.sold_too_soon", severity=Severity.WARNING, table="sector_operators",
                    place=key, opened=opened.isoformat(), available=start.isoformat(),
                )
            )  # fmt: skip
        rows.append(
            {
                "sector_id": key, "pm_id": area["pm_id"], "epci_siren": area["epci_siren"],
                "available_on": start, "due_on": due, "opened_on": opened,
                "operators_count": int(counts.get(key, 0)), "state": _state(opened, due, on),
                "late_days": None if due is None else max(((opened or on) - due).days, 0),
            }
        )  # fmt: skip
    table = contract("openings")
    if not rows:
        return table.empty(), Findings.collect(found)
    frame = pd.DataFrame(rows, columns=list(table.column_names))
    for name in ("available_on", "due_on", "opened_on"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[s]")
    frame["late_days"] = frame["late_days"].astype("Int64")
    table.check(frame)
    return table.select(frame), Findings.collect(found)


def _state(opened: dt.date | None, due: dt.date | None, on: dt.date) -> str:
    if opened is not None:
        return OpeningState.OPEN.value
    if due is None:
        return OpeningState.UNKNOWN.value
    return (OpeningState.OPENING if on <= due else OpeningState.LATE_TO_OPEN).value

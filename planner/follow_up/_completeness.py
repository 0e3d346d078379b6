"""The clock of completeness: a PM area must be wholly serviceable some years after it opens."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from planner.findings import Finding, Findings
from planner.follow_up._quarters import QUARTER_DAYS
from planner.follow_vocab import ClockVerdict
from planner.schemas import contract
from planner.vocab import Severity

__all__ = ["CompletenessRule", "watch_completeness"]

_NEVER = dt.date(9999, 12, 31)
_VERDICTS = ClockVerdict.codes()
_FEBRUARY, _LEAP_DAY = 2, 29


@dataclass(frozen=True, kw_only=True)
class CompletenessRule:
    """How many years a PM area has, when it is made available from a day on.

    Parameters
    ----------
    since
        First day on which a PM made available falls under the rule; the latest such rule applies.
    years
        Years up to the deadline.
    source
        Decision that says so.
    """

    since: dt.date
    years: int
    source: str


def watch_completeness(
    areas: pd.DataFrame, *, rules: tuple[CompletenessRule, ...], on: dt.date
) -> tuple[pd.DataFrame, Findings]:
    """Give each PM area its deadline, and say whether it will be met at the pace seen.

    Parameters
    ----------
    areas
        ``pm_id``, ``epci_siren``, ``available_on``, ``premises_count``, ``missing_count`` and
        ``seen_per_quarter`` (premises a quarter; absent where unknown), with the meanings of the
        contract ``completeness``.
    rules
        Rules in their dates, each with its source.
    on
        Day of the count.

    Returns
    -------
    DataFrame
        Contract ``completeness``; ``rank`` puts the areas past their deadline first, then those
        that will miss it, the earliest deadline first.
    Findings
        ``follow_up.no_rule``: no rule is in force on the day the PM was made available.
    """
    rows: list[dict[str, object]] = []
    found: list[Finding] = []
    for area in areas.to_dict("records"):
        start = None if pd.isna(area["available_on"]) else _day(area["available_on"])
        rule = max(
            (r for r in rules if start is not None and r.since <= start),
            key=lambda r: r.since, default=None,
        )  # fmt: skip
        if start is not None and rule is None:
            found.append(
                Finding.of(
                    "follow_up.no_rule", severity=Severity.WARNING, table="completeness",
                    place=str(area["pm_id"]), day=start.isoformat(),
                )
            )  # fmt: skip
        deadline = _years_after(start, rule.years) if start is not None and rule else None
        seen = None if pd.isna(area["seen_per_quarter"]) else float(area["seen_per_quarter"])
        rows.append(
            {str(name): value for name, value in area.items()}
            | {"available_on": start, "years": rule.years if rule else None, "deadline": deadline}
            | _clock(int(area["missing_count"]), seen, deadline, on)
        )
    table = contract("completeness")
    if not rows:
        return table.empty(), Findings.collect(found)
    rows.sort(key=_rank)
    frame = pd.DataFrame(rows, columns=list(table.column_names))
    frame["rank"] = range(1, len(frame) + 1)
    frame["years"] = frame["years"].astype("Int64")
    for name in ("needed_per_quarter", "seen_per_quarter"):
        frame[name] = frame[name].astype("float64")
    for name in ("available_on", "deadline", "done_on"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[s]")
    table.check(frame)
    return table.select(frame), Findings.collect(found)


def _clock(
    missing: int, seen: float | None, deadline: dt.date | None, on: dt.date
) -> dict[str, object]:
    """Return the pace needed, the expected end and the verdict of one area."""
    needed = done = None
    if missing and deadline is not None and deadline > on:
        needed = missing / ((deadline - on).days / QUARTER_DAYS)
    if missing and seen:
        days = missing / seen * QUARTER_DAYS
        # an end beyond a century is no end
        done = on + dt.timedelta(days=round(days)) if days < QUARTER_DAYS * 400 else None
    if not missing:
        verdict = "complete"
    elif deadline is None:
        verdict = "unknown"
    elif deadline <= on:
        verdict = "breached"
    elif seen is None:
        verdict = "unknown"
    else:
        verdict = "on_time" if done is not None and done <= deadline else "will_breach"
    return {"needed_per_quarter": needed, "done_on": done, "verdict": verdict}


def _rank(row: dict[str, object]) -> tuple[int, dt.date, str]:
    deadline = row["deadline"]
    day = deadline if isinstance(deadline, dt.date) else _NEVER
    return _VERDICTS.index(str(row["verdict"])), day, str(row["pm_id"])


def _day(value: object) -> dt.date:
    day: dt.date = pd.Timestamp(str(value)).date()
    return day


def _years_after(day: dt.date, years: int) -> dt.date:
    if (day.month, day.day) == (_FEBRUARY, _LEAP_DAY):
        day = day.replace(day=_LEAP_DAY - 1)
    return day.replace(year=day.year + years)

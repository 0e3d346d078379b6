"""The works planned again from the present state: what is open stays, what is under way moves not.

The present is what was planned, or what the follow-up observed: a sector that is open earlier than
planned is done, one that was promised and isn't open is late and goes first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from planner.errors import MissingLayerError
from planner.findings import Finding, Findings
from planner.scenario import Scenario
from planner.scheduling import (
    Calendar,
    absent,
    answer_works,
    quarter_of,
    quarters_between,
    quarters_done,
)
from planner.schemas import contract
from planner.texts import Message
from planner.vocab import Severity

__all__ = ["PresentState", "observe_present", "replan_works"]

_LATE_WEIGHT: Final = 2.0
_PRECISE: Final = frozenset({"premises", "stage", "count"})
"""Observations of the sector itself; others are counts of a place, spread over its sectors."""


@dataclass(frozen=True, kw_only=True)
class PresentState:
    """What is observed of sectors on a day; nothing is: all is as planned.

    Parameters
    ----------
    on
        The day.
    opened
        Sectors wholly serviceable, with the first quarter in which they were seen so.
    unopened
        Sectors observed, and not wholly serviceable.
    begun
        Those of them of which something is done.
    at_first
        Those of the sectors opened that were so when first observed: they may have opened before.
    quarter
        Last quarter observed; None: none was.
    stage_changes
        Contract of this name: stages of sectors, where deliveries say them.
    """

    on: dt.date
    opened: Mapping[str, str] = field(default_factory=dict)
    unopened: frozenset[str] = frozenset()
    begun: frozenset[str] = frozenset()
    at_first: frozenset[str] = frozenset()
    quarter: str | None = None
    stage_changes: pd.DataFrame = field(default_factory=lambda: contract("stage_changes").empty())


def observe_present(
    progress: pd.DataFrame, *, works: pd.DataFrame, stage_changes: pd.DataFrame | None = None,
    on: dt.date | None = None,
) -> PresentState:  # fmt: skip
    """Say what is open and under way, from what a follow-up observed.

    Parameters
    ----------
    progress
        Contract ``progress_actual``.
    works
        Contract ``works``: lines of each sector to build.
    stage_changes
        Contract of this name; those after the day are left out.
    on
        The day; None: the last one of the last quarter observed.

    Raises
    ------
    MissingLayerError
        When nothing was observed by that day.
    """
    seen = progress.astype({"sector_id": str, "quarter": str})
    if on is not None:
        # a quarter is known once it is over
        over = pd.Period(pd.Timestamp(on) + pd.Timedelta(days=1), "Q") - 1
        seen = seen[seen["quarter"] <= f"{over.year}-T{over.quarter}"]
    if seen.empty:
        raise MissingLayerError(
            Message.of("works.not_observed", day="—" if on is None else on.isoformat()),
            Message.of("works.not_observed_remedy"),
        )
    last = str(seen["quarter"].max())
    day = pd.Period(last.replace("-T", "Q"), "Q").end_time.date() if on is None else on
    lines = works.set_index(works["sector_id"].astype(str))["premises_count"].astype("int64")
    seen = seen[seen["sector_id"].isin(lines.index)].sort_values(
        ["sector_id", "quarter"], kind="stable"
    )
    whole = seen["serviceable_count"].to_numpy() >= lines.loc[seen["sector_id"]].to_numpy()
    opened = seen[whole].groupby("sector_id")["quarter"].first()
    begin = seen.groupby("sector_id")["quarter"].first()
    now = seen.groupby("sector_id").tail(1)
    now = now[~now["sector_id"].isin(opened.index)]
    begun = now[now["rule"].astype(str).isin(_PRECISE) & (now["serviceable_count"] > 0)]
    stages = contract("stage_changes").empty() if stage_changes is None else stage_changes
    stages = stages[pd.to_datetime(stages["on"]) <= pd.Timestamp(day)]
    return PresentState(
        on=day, opened={str(key): str(quarter) for key, quarter in opened.items()},
        unopened=frozenset(now["sector_id"]), begun=frozenset(begun["sector_id"]),
        at_first=frozenset(opened.index[opened == begin[opened.index]]), quarter=last,
        stage_changes=stages,
    )  # fmt: skip


def replan_works(
    scenario: Scenario, *, works: pd.DataFrame, schedule: pd.DataFrame, present: PresentState
) -> tuple[Calendar, pd.DataFrame]:
    """Plan again from the present state, without moving what is open or under way.

    Open: what is observed so, or has no observation and was planned by the end of the quarter of
    the day.  Late: planned by the last quarter observed, and observed not to be open; it opens as
    soon as it can, and weighs double.  Under way: observed so, or whose first trade begins by then
    at the quarter planned; it keeps that quarter.  The others are planned from the next quarter
    on, under the rules of the scenario.

    Parameters
    ----------
    works, schedule
        Contracts of their names: what the earlier plan stated, and its answer.
    present
        The day, and what is observed.

    Returns
    -------
    Calendar
        The whole schedule, what is open included; the tables of works are of what is left.
    DataFrame
        Contract ``works_changes``: sectors whose quarter changes, sorted.
    """
    now = quarter_of(present.on)
    planned = dict(
        zip(schedule["sector_id"].astype(str), schedule["quarter"].astype(str), strict=True)
    )
    until = present.quarter or ""
    late = {key for key in present.unopened if planned.get(key, "9999") <= min(until, now)}
    presumed = {
        key for key, quarter in planned.items()
        if quarter <= now and key not in late and key not in present.opened
    }  # fmt: skip
    over = presumed | set(present.opened)
    left = works[~works["sector_id"].astype(str).isin(over)].reset_index(drop=True)
    later = scenario.model_copy(update={"reference_date": present.on})
    left = _state_what_is_left(scenario, later, left, planned, present, frozenset(late))
    past = schedule[schedule["sector_id"].astype(str).isin(over)]
    past = past.assign(quarter=[_seen(key, planned, present) for key in past["sector_id"]])
    past = past.assign(year=past["quarter"].astype(str).str[:4].astype("int64"))
    told = _told(late, presumed, present)
    answer = answer_works(later, left, told, opened=past)
    parts = [part for part in (past, answer.table) if len(part)]
    table = pd.concat(parts, ignore_index=True) if parts else contract("schedule").empty()
    table = table.sort_values("sector_id", kind="stable").reset_index(drop=True)
    return (
        Calendar(table=table, more=answer.more, findings=answer.findings),
        _changes(schedule, table),
    )


def _seen(key: object, planned: Mapping[str, str], present: PresentState) -> str:
    """Return the quarter in which an open sector was seen open, else the one planned."""
    name = str(key)
    seen = present.opened.get(name)
    if seen is None or (name in present.at_first and planned[name] < seen):
        return planned[name]
    return seen


def _state_what_is_left(
    scenario: Scenario, later: Scenario, left: pd.DataFrame, planned: Mapping[str, str],
    present: PresentState, late: frozenset[str],
) -> pd.DataFrame:  # fmt: skip
    now = quarter_of(present.on)
    length = sum(trade.duration_quarters for trade in scenario.schedule.trades)
    keys = left["sector_id"].astype(str)
    spent = quarters_between(quarter_of(scenario.reference_date), now)
    before = left["done_quarters"].astype("int64")
    stages = present.stage_changes
    seen = quarters_done(later, keys, stages)
    told = keys.isin(set(stages["sector_id"].astype(str)))
    # by the plan, works went on since they began; the stage observed says otherwise
    done = (before + np.where(before > 0, spent, 0)).clip(upper=max(length - 1, 0))
    done = done.where(~keys.isin(late), max(length - 1, 0)).where(~told, seen)
    held = {}
    for key, started in zip(keys, before, strict=True):
        quarter = planned.get(key)
        if quarter is None or quarter <= now or key in late:
            continue
        begins = quarters_between(now, quarter) - (length - 1)
        # what was begun before the first plan goes on from then
        if begins <= 0 or key in present.begun or started > 0:
            held[key] = quarter
    # a quarter that is over, and in which it didn't open, is kept by none
    fixed = left["fixed_quarter"].astype("object").where(left["fixed_quarter"].notna(), None)
    kept = [held.get(key) or (None if key in late else old)
            for key, old in zip(keys, fixed, strict=True)]  # fmt: skip
    return left.assign(
        fixed_quarter=absent(pd.Series(kept, index=left.index, dtype="object")),
        done_quarters=done.astype("int64"),
        priority=left["priority"].where(~keys.isin(late), left["priority"] * _LATE_WEIGHT),
    )


def _told(late: set[str], presumed: set[str], present: PresentState) -> Findings:
    found = []
    if late:
        found.append(
            Finding.of(
                "works.late", severity=Severity.WARNING, table="schedule", place="—",
                count=len(late), quarter=present.quarter or "—",
            )
        )  # fmt: skip
    if present.quarter is not None and presumed:
        found.append(
            Finding.of(
                "works.presumed", severity=Severity.WARNING, table="schedule", place="—",
                count=len(presumed), quarter=quarter_of(present.on),
            )
        )  # fmt: skip
    return Findings.collect(found)


def _changes(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    both = before[["sector_id", "phase", "premises_count", "quarter"]].merge(
        after[["sector_id", "quarter"]], on="sector_id", how="left", suffixes=("_before", "_after")
    )
    both = both[both["quarter_before"] != both["quarter_after"]].sort_values("sector_id")
    both["later_quarters"] = pd.array(
        [
            None if pd.isna(new) else quarters_between(str(old), str(new))
            for old, new in zip(both["quarter_before"], both["quarter_after"], strict=True)
        ],
        dtype="Int64",
    )
    both["quarter_after"] = absent(both["quarter_after"])
    both = both.reset_index(drop=True)
    table = contract("works_changes")
    if both.empty:
        return table.empty()
    table.check(both)
    return table.select(both)

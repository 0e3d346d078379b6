"""By when each sector must open: what was voted, what completeness asks, and what is held."""

from __future__ import annotations

from typing import Final

import pandas as pd

from planner.findings import Finding, Findings
from planner.scenario import Scenario
from planner.schemas import contract
from planner.territory import Territory
from planner.texts import Message
from planner.vocab import Phase, Severity
from planner.works_vocab import DeadlineOutcome

__all__ = ["deadlines_of", "outcomes_of", "tell_passed"]

_PUBLIC: Final = frozenset({Phase.PHASE_1.value, Phase.PHASE_2.value, Phase.PHASE_3.value})


def deadlines_of(territory: Territory, scenario: Scenario) -> pd.DataFrame:
    """Return the latest quarter of each sector: what was voted, and what completeness asks.

    A PM made available starts the clock of the dated rule in force that day (ARCEP 2010-1312, two
    to five years: section ``follow_up.completeness``); what it serves must open in a quarter that
    ends by then.  Of two deadlines of a sector the earlier holds.

    Returns
    -------
    DataFrame
        Contract ``works_deadlines``, sorted by sector.
    """
    rows = territory.works_deadlines.to_dict("records")
    areas = territory.pm_areas
    for key, pm, day in zip(
        areas["sector_id"].astype(str), areas["pm_id"].astype(str), areas["available_on"],
        strict=True,
    ):  # fmt: skip
        if pd.isna(day):
            continue
        start = pd.Timestamp(day).date()
        known = [rule for rule in scenario.follow_up.completeness if rule.since <= start]
        if not known:
            continue
        rule = max(known, key=lambda r: r.since)
        due = pd.Timestamp(start) + pd.DateOffset(years=rule.years)
        # the last quarter that is over by the day
        last = (due + pd.Timedelta(days=1)).to_period("Q") - 1
        reason = Message.of("works.completeness", pm=pm, day=start, years=rule.years)
        rows.append({
            "sector_id": key, "latest_quarter": f"{last.year}-T{last.quarter}",
            "reason": reason.say(), "source": rule.source,
        })  # fmt: skip
    table = contract("works_deadlines")
    if not rows:
        return table.empty()
    frame = pd.DataFrame(rows, columns=list(table.column_names)).sort_values(
        ["sector_id", "latest_quarter", "reason"], kind="stable"
    )
    frame = frame.drop_duplicates("sector_id").reset_index(drop=True)
    table.check(frame)
    return table.select(frame)


def outcomes_of(
    deadlines: pd.DataFrame,
    *,
    schedule: pd.DataFrame,
    programme: pd.DataFrame,
    done: frozenset[str],
) -> pd.DataFrame:
    """Say what becomes of each deadline: held, missed, of a sector open already, or of none.

    Parameters
    ----------
    deadlines, schedule, programme
        Contracts ``works_deadlines``, ``schedule`` and ``programme``.
    done
        Sectors already open.

    Returns
    -------
    DataFrame
        Contract ``deadline_outcomes``, sorted by sector.
    """
    table = contract("deadline_outcomes")
    if deadlines.empty:
        return table.empty()
    opens = dict(zip(schedule["sector_id"].astype(str), schedule["quarter"].astype(str),
                     strict=True))  # fmt: skip
    public = programme["phase"].astype(str).isin(_PUBLIC)
    built = set(programme.loc[public, "sector_id"].astype(str))
    rows = []
    for row in deadlines.sort_values("sector_id", kind="stable").to_dict("records"):
        key, latest = str(row["sector_id"]), str(row["latest_quarter"])
        quarter = opens.get(key)
        outcome = DeadlineOutcome.MISSED
        if key not in built:
            outcome = DeadlineOutcome.UNKNOWN
        elif key in done:
            outcome = DeadlineOutcome.OPEN
        elif quarter is not None and quarter <= latest:
            outcome = DeadlineOutcome.HELD
        rows.append({
            "sector_id": key, "latest_quarter": latest, "quarter": quarter,
            "outcome": outcome.value, "reason": row["reason"], "source": row["source"],
        })  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(table.column_names))
    frame["quarter"] = frame["quarter"].astype("object").where(frame["quarter"].notna(), None)
    table.check(frame)
    return table.select(frame)


def tell_passed(outcomes: pd.DataFrame) -> Findings:
    """Tell the deadlines that a schedule which doesn't look at them passes, or that are of none.

    Parameters
    ----------
    outcomes
        Contract ``deadline_outcomes``.
    """
    found = []
    for row in outcomes.to_dict("records"):
        key = str(row["sector_id"])
        if row["outcome"] == DeadlineOutcome.MISSED.value:
            quarter = "—" if pd.isna(row["quarter"]) else str(row["quarter"])
            found.append(
                Finding.of(
                    "works.deadline_passed", severity=Severity.SERIOUS, table="schedule",
                    place=key, deadline=str(row["latest_quarter"]), quarter=quarter,
                )
            )  # fmt: skip
        elif row["outcome"] == DeadlineOutcome.UNKNOWN.value:
            found.append(
                Finding.of(
                    "works.unknown_deadline", severity=Severity.WARNING, table="works_deadlines",
                    place=key,
                )
            )  # fmt: skip
    return Findings.collect(found)

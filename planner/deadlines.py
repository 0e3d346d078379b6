"""By when each sector must open: what was voted, and what completeness asks."""

from __future__ import annotations

import pandas as pd

from planner.scenario import Scenario
from planner.schemas import contract
from planner.territory import Territory
from planner.texts import Message

__all__ = ["deadlines_of"]


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

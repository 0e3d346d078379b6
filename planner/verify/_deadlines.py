"""Deadlines: each one that was voted or that completeness asks is held, or said not to be."""

from __future__ import annotations

import datetime as dt
from typing import Final

import pandas as pd

from planner.verify._ground import Ground, is_none
from planner.vocab import Phase, SectorStage
from planner.works_vocab import DeadlineOutcome

__all__ = ["judge_deadlines"]

_BUILT: Final = frozenset({Phase.PHASE_1.value, Phase.PHASE_2.value, Phase.PHASE_3.value})
_TOLD: Final = frozenset({"works.deadline_missed", "works.deadline_passed"})
_NO_PLACE: Final = frozenset({"works.unplaced", "schedule.unscheduled"})
_MADE_UP: Final = "example"


def judge_deadlines(ground: Ground) -> None:
    """Check that each deadline has its row, what became of it, and that a finding tells a miss.

    Parameters
    ----------
    ground
        The tables; it keeps what is broken.
    """
    there = {str(row["sector_id"]): row for row in ground.rows("deadline_outcomes")}
    works = {str(row["sector_id"]): row["latest_quarter"] for row in ground.rows("works")}
    opens = {str(row["sector_id"]): str(row["quarter"]) for row in ground.rows("schedule")}
    due, done = _due(ground), _done(ground)
    told = {str(row["place"]): str(row["rule"]) for row in ground.rows("findings")
            if str(row["rule"]) in _TOLD}  # fmt: skip
    lost = {str(row["place"]) for row in ground.rows("findings") if str(row["rule"]) in _NO_PLACE}
    for key in sorted({*due, *there}):
        ground.check("missing_row", key, broken=key not in there, table="deadline_outcomes")
        if key not in there:
            continue
        row = there[key]
        # of made-up points, or of sectors that a follow-up left out, nothing is left to count from
        if key in due or ground.scenario.follow_up.source == "none":
            ground.cell(
                "deadline_outcomes", key, "latest_quarter", row["latest_quarter"], due.get(key)
            )
        latest, quarter = str(row["latest_quarter"]), opens.get(key)
        outcome = DeadlineOutcome.MISSED
        if key not in ground.decided or str(ground.decided[key]["phase"]) not in _BUILT:
            outcome = DeadlineOutcome.UNKNOWN
        elif key in done:
            outcome = DeadlineOutcome.OPEN
        elif quarter is not None and quarter <= latest:
            outcome = DeadlineOutcome.HELD
        ground.cell("deadline_outcomes", key, "quarter", row["quarter"], quarter)
        ground.cell("deadline_outcomes", key, "outcome", row["outcome"], outcome.value)
        missed = outcome is DeadlineOutcome.MISSED
        ground.check("deadline_untold", key, broken=missed and key not in {*told, *lost})
        ground.check("deadline_told", key, broken=key in told and not missed)
    for key, latest in sorted(works.items()):
        worth = str(there[key]["latest_quarter"]) if key in there else None
        given_up = key in told and is_none(latest)  # it went first, without its deadline
        ground.cell("works", key, "latest_quarter", latest, None if given_up else worth)


def _due(ground: Ground) -> dict[str, str]:
    """Return the quarter by which each sector must open: the earliest that something asks."""
    asked: dict[str, list[str]] = {}
    for row in ground.rows("works_deadlines"):
        asked.setdefault(str(row["sector_id"]), []).append(str(row["latest_quarter"]))
    follow_up = ground.scenario.follow_up
    # an example is made up once the schedule is known: it asks nothing of it
    for row in ground.rows("pm_areas") if follow_up.source != _MADE_UP else ():
        if is_none(row["available_on"]):
            continue
        start = pd.Timestamp(row["available_on"]).date()
        rules = sorted((rule.since, rule.years) for rule in follow_up.completeness)
        years = [years for since, years in rules if since <= start]
        if years:
            asked.setdefault(str(row["sector_id"]), []).append(_over_by(start, years[-1]))
    return {key: min(quarters) for key, quarters in asked.items()}


def _over_by(start: dt.date, years: int) -> str:
    """Return the last quarter that is over so many years after a day, that day included."""
    year = start.year + years
    # a quarter ends with its third month: the day counts with it only when it is its last one
    ends = {3: 31, 6: 30, 9: 30, 12: 31}.get(start.month) == start.day
    at = 4 * year + (start.month - 1) // 3 - (0 if ends else 1)
    return f"{at // 4}-T{at % 4 + 1}"


def _done(ground: Ground) -> set[str]:
    """Return the sectors that are open on the day."""
    day = pd.Timestamp(ground.scenario.reference_date)
    last: dict[str, tuple[pd.Timestamp, str]] = {}
    for row in ground.rows("stage_changes"):
        key, on = str(row["sector_id"]), pd.Timestamp(row["on"])
        if on <= day and (key not in last or on >= last[key][0]):
            last[key] = (on, str(row["stage"]))
    return {key for key, (_, stage) in last.items() if stage == SectorStage.OPEN.value}

"""The calendar of a programme: quarters filled in order, or the least delay under trades.

The rule of works states the question as a table (contract ``works``), which travels with the plan:
what each sector weighs and costs, whom it waits for, its deadline, what is done already, and what
is under way and keeps its quarter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from planner.deadlines import outcomes_of, tell_passed
from planner.findings import Finding, Findings
from planner.scenario import Scenario
from planner.schedule import Capacity, quarter_after, schedule_works, tell_later_years
from planner.schemas import contract
from planner.sector_names import sector_names
from planner.vocab import Phase, SectorStage, Severity
from planner.works import (
    PhasePace,
    ScheduleResult,
    Trade,
    WorksRules,
    plan_works,
    spread_evenly,
)

__all__ = [
    "Calendar", "absent", "answer_works", "feeder_precedence", "quarter_of", "quarters_between",
    "quarters_done", "schedule_programme", "state_works", "works_rules",
]  # fmt: skip

_PUBLIC: Final = (Phase.PHASE_1.value, Phase.PHASE_2.value, Phase.PHASE_3.value)
_QUARTERS: Final = 4
_SPARE_QUARTERS: Final = 8  # of the horizon, beyond what the volume alone needs
_MOST_QUARTERS: Final = 160
_MISSED_WEIGHT: Final = 4.0  # of the greatest priority, once a deadline can't be met


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """The quarters of a programme.

    Parameters
    ----------
    table
        Contract ``schedule``.
    more
        ``deadline_outcomes``, where there are deadlines; tables of the rule of works (``works``,
        ``works_limits``, ``works_reasons``, ``works_proof``), none under the first form.
    findings
        Sectors without a quarter, deadlines that nobody knows.
    """

    table: pd.DataFrame
    more: Mapping[str, pd.DataFrame]
    findings: Findings


def quarter_of(day: dt.date) -> str:
    """Return the quarter of a day.

    Examples
    --------
    >>> quarter_of(dt.date(2017, 12, 31))
    '2017-T4'
    """
    return f"{day.year}-T{(day.month - 1) // 3 + 1}"


def schedule_programme(
    scenario: Scenario,
    *,
    programme: pd.DataFrame,
    sectors: pd.DataFrame,
    costs: pd.DataFrame,
    stage_changes: pd.DataFrame,
    deadlines: pd.DataFrame,
    done: frozenset[str],
    pm: pd.DataFrame | None = None,
    feeders: pd.DataFrame | None = None,
    years: Mapping[str, int] | None = None,
) -> Calendar:
    """Give each sector that is still to be built its quarter, by the rule that the scenario names.

    Parameters
    ----------
    scenario
        Its section ``schedule`` and its reference date.
    programme, sectors, costs, stage_changes
        Tables under the contracts of their names.
    deadlines
        Contract ``works_deadlines``.
    done
        Sectors already open.
    pm
        Contract ``pm``, where a network was designed: sectors behind an NRO wait for its first one.
    feeders
        Contract ``feeders``: a sector waits for the one its feeder goes through; before ``pm``.
    years
        Year in which a sector is to open, where the programme says so: not before it.
    """
    if scenario.schedule.rule == "fill":
        table, findings = schedule_works(
            programme=programme, sectors=sectors, costs=costs, capacity=_capacity(scenario),
            done=done, years=years,
        )  # fmt: skip
        late = tell_later_years(years, table)
        held = outcomes_of(deadlines, schedule=table, programme=programme, done=done)
        found = Findings.collect(findings, late, tell_passed(held)).naming(sector_names(sectors))
        return Calendar(table=table, more=_filled("deadline_outcomes", held), findings=found)
    works, told = state_works(
        scenario, programme=programme, costs=costs, stage_changes=stage_changes,
        deadlines=deadlines, done=done, pm=pm, feeders=feeders, years=years,
    )  # fmt: skip
    calendar = answer_works(scenario, works, told)
    late = tell_later_years(years, calendar.table)
    found = Findings.collect(calendar.findings, late).naming(sector_names(sectors))
    held = outcomes_of(deadlines, schedule=calendar.table, programme=programme, done=done)
    more = {**calendar.more, **_filled("deadline_outcomes", held)}
    return replace(calendar, more=more, findings=found)


def _filled(name: str, table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return a table by its name, or nothing where it has no rows."""
    return {name: table} if len(table) else {}


def answer_works(
    scenario: Scenario, works: pd.DataFrame, found: Findings, *, opened: pd.DataFrame | None = None
) -> Calendar:
    """Plan stated works, and put the answer and its proof into tables.

    Parameters
    ----------
    opened
        Contract ``schedule``: what is open already, which its year's ceilings count.
    """
    result = _plan(scenario, works, opened)
    works, missed = _without_missed_deadlines(works, result)
    if missed:
        result = _plan(scenario, works, opened)
        works, missed = _held_after_all(works, missed, result.table)
        found = Findings.collect(found, _tell_missed(missed, result.table))
    return Calendar(
        table=result.table,
        more={
            "works": works, "works_limits": result.limits, "works_reasons": result.reasons,
            "works_proof": _proof(result),
        },
        findings=Findings.collect(found, result.findings),
    )  # fmt: skip


def _plan(scenario: Scenario, works: pd.DataFrame, opened: pd.DataFrame | None) -> ScheduleResult:
    """Plan with an even load, and without where some sector then has no place."""
    rules = works_rules(scenario, works, opened=opened)
    result = plan_works(works=works, rules=rules)
    if result.status != "incomplete" or scenario.schedule.quarter_share is None:
        return result
    free = replace(rules, paces=tuple(replace(p, lines_per_quarter=None) for p in rules.paces))
    other = plan_works(works=works, rules=free)
    return other if len(other.table) > len(result.table) else result


def _without_missed_deadlines(
    works: pd.DataFrame, result: ScheduleResult
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Take away the deadlines that left sectors without a place; these then go first.

    Returns
    -------
    DataFrame, dict
        The works, and the deadline given up of each such sector.
    """
    keys = works["sector_id"].astype(str)
    lost = ~keys.isin(set(result.table["sector_id"].astype(str))) & works["latest_quarter"].notna()
    if not lost.any():
        return works, {}
    missed = dict(zip(keys[lost], works.loc[lost, "latest_quarter"].astype(str), strict=True))
    first = float(works["priority"].max()) * _MISSED_WEIGHT
    changed = works.assign(
        latest_quarter=absent(works["latest_quarter"].astype("object").where(~lost, None)),
        priority=works["priority"].where(~lost, first),
    )
    return changed, missed


def _held_after_all(
    works: pd.DataFrame, missed: Mapping[str, str], table: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Give back the deadlines that going first was enough to hold; return those that are missed."""
    quarter = dict(zip(table["sector_id"].astype(str), table["quarter"].astype(str), strict=True))
    held = {key: one for key, one in missed.items() if quarter.get(key, "9999") <= one}
    back = works["sector_id"].astype(str).map(held).astype("object")
    latest = works["latest_quarter"].astype("object")
    works = works.assign(latest_quarter=absent(latest.where(back.isna(), back)))
    return works, {key: one for key, one in missed.items() if key not in held}


def _tell_missed(missed: Mapping[str, str], table: pd.DataFrame) -> Findings:
    quarter = dict(zip(table["sector_id"].astype(str), table["quarter"].astype(str), strict=True))
    return Findings.collect([
        Finding.of(
            "works.deadline_missed", severity=Severity.SERIOUS, table="schedule", place=key,
            deadline=deadline, quarter=quarter.get(key, "—"),
        )
        for key, deadline in sorted(missed.items())
    ])  # fmt: skip


def state_works(
    scenario: Scenario,
    *,
    programme: pd.DataFrame,
    costs: pd.DataFrame,
    stage_changes: pd.DataFrame,
    deadlines: pd.DataFrame,
    done: frozenset[str],
    pm: pd.DataFrame | None = None,
    feeders: pd.DataFrame | None = None,
    under_way: Mapping[str, str] | None = None,
    years: Mapping[str, int] | None = None,
) -> tuple[pd.DataFrame, Findings]:
    """State what is to be built, sorted by sector.

    Priority of a premise: 2 in tranche 1 and 1 in tranche 2 of phase 1; in phase 2 from 2 for the
    first rank of an EPCI (and what is required) down to 1 for its last; 1 in phase 3, where what
    is cheapest then comes first.

    Parameters
    ----------
    under_way
        Quarter that each sector under way keeps.
    years
        Year in which a sector is to open at the earliest.
    """
    public = programme["phase"].astype(str).isin(_PUBLIC)
    frame = programme.loc[public, ["sector_id", "phase", "tranche", "rank", "epci_siren"]].merge(
        costs[["sector_id", "premises_count", "cost_cents"]], on="sector_id", validate="one_to_one"
    )
    frame["sector_id"] = frame["sector_id"].astype(str)
    frame = frame[~frame["sector_id"].isin(done)].sort_values("sector_id").reset_index(drop=True)
    keys = frame["sector_id"]
    fixed = keys.map(dict(under_way or {})).astype("object")
    quarters = deadlines["latest_quarter"].astype(str)
    latest = dict(zip(deadlines["sector_id"].astype(str), quarters, strict=True))
    soonest = {key: f"{year}-T1" for key, year in (years or {}).items()}
    waits, found = _precedence(frame, pm, feeders)
    table = pd.DataFrame({
        "sector_id": keys,
        "phase": frame["phase"].astype(str),
        "premises_count": frame["premises_count"].astype("int64"),
        "cost_cents": frame["cost_cents"].astype("int64"),
        "priority": _priority(frame),
        "after_sector_id": absent(keys.map(waits)),
        "earliest_quarter": absent(keys.map(soonest)),
        "latest_quarter": absent(keys.map(latest)),
        "done_quarters": quarters_done(scenario, keys, stage_changes),
        "fixed_quarter": absent(fixed),
    })  # fmt: skip
    unknown = sorted(set(latest) - set(keys) - set(done))
    found += [
        Finding.of(
            "works.unknown_deadline", severity=Severity.WARNING, table="works_deadlines", place=key
        )
        for key in unknown
    ]
    contract("works").check(table)
    return contract("works").select(table), Findings.collect(found)


def absent(column: pd.Series) -> pd.Series:
    """Return a column whose missing values are all None."""
    column = column.astype("object")
    return column.where(column.notna(), None)


def _priority(frame: pd.DataFrame) -> pd.Series:
    priority = pd.Series(1.0, index=frame.index)
    first = frame["phase"].astype(str) == Phase.PHASE_1.value
    priority[first & (frame["tranche"] == 1).fillna(value=False).astype(bool)] = 2.0
    second = frame["phase"].astype(str) == Phase.PHASE_2.value
    rank = frame["rank"].astype("Float64").fillna(1.0).astype("float64")
    actor = frame["epci_siren"].astype("object").fillna("")
    last = rank.where(second).groupby(actor).transform("max")
    span = (last - 1.0).clip(lower=1.0)
    return priority.where(~second, 2.0 - (rank - 1.0) / span)


def quarters_done(scenario: Scenario, keys: pd.Series, stage_changes: pd.DataFrame) -> pd.Series:
    """Return the quarters of works behind each sector on the reference date.

    Those since its stage began, the current one included, but no more than the stage lasts: the
    first trade for studies, the others for works; something is always left to do.
    """
    trades = scenario.schedule.trades
    studies = trades[0].duration_quarters if trades else 0
    whole = sum(trade.duration_quarters for trade in trades)
    now = quarter_of(scenario.reference_date)
    today = pd.Timestamp(scenario.reference_date)
    past = stage_changes[pd.to_datetime(stage_changes["on"]) <= today]
    last = past.sort_values(["sector_id", "on"], kind="stable").groupby("sector_id").tail(1)
    behind: dict[str, int] = {}
    for key, day, stage in zip(
        last["sector_id"].astype(str), pd.to_datetime(last["on"]), last["stage"].astype(str),
        strict=True,
    ):  # fmt: skip
        since = quarters_between(quarter_of(day.date()), now) + 1
        if stage == SectorStage.STUDY.value:
            behind[key] = min(since, studies)
        elif stage == SectorStage.WORKS.value:
            behind[key] = studies + min(since, max(whole - studies - 1, 0))
    return keys.map(behind).fillna(0).astype("int64")


def quarters_between(one: str, other: str) -> int:
    """Return how many quarters lie from one to the other."""
    return (int(other[:4]) - int(one[:4])) * _QUARTERS + int(other[6]) - int(one[6])


def _precedence(
    frame: pd.DataFrame, pm: pd.DataFrame | None, feeders: pd.DataFrame | None
) -> tuple[dict[str, str], list[Finding]]:
    """Return whom each sector waits for; one of a later phase can't be waited for, and is told."""
    waits = feeder_precedence(pm, frame)
    if feeders is not None and len(feeders):
        known = feeders.dropna(subset=["feeder_id"])
        before = known["feeder_id"].astype(str)
        waits |= dict(zip(known["sector_id"].astype(str), before, strict=True))
    phase = dict(zip(frame["sector_id"], frame["phase"].astype(str), strict=True))
    later = sorted(a for a, b in waits.items() if a in phase and phase.get(b, "") > phase[a])
    found = [
        Finding.of(
            "works.feeder_later", severity=Severity.WARNING, table="works", place=key,
            before=waits.pop(key),
        )
        for key in later
    ]  # fmt: skip
    return waits, found


def feeder_precedence(pm: pd.DataFrame | None, frame: pd.DataFrame) -> dict[str, str]:
    """Return whom each sector waits for: the first sector of its NRO.

    The first one is of the earliest phase behind the NRO, then the nearest to it along the feeder,
    then the smallest by key: whatever opens there needs the NRO and the head of its feeder.
    """
    if pm is None or not len(pm):
        return {}
    known = frame[["sector_id", "phase"]].merge(
        pm[["sector_id", "nro_id", "feeder_m"]].astype({"sector_id": str}), on="sector_id"
    )
    known = known.sort_values(["nro_id", "phase", "feeder_m", "sector_id"], kind="stable")
    head = known.groupby("nro_id")["sector_id"].transform("first")
    waits = known[head != known["sector_id"]]
    return dict(zip(waits["sector_id"], head[waits.index], strict=True))


def works_rules(
    scenario: Scenario, works: pd.DataFrame, *, opened: pd.DataFrame | None = None
) -> WorksRules:
    """Return the scenario's rules, over a horizon that its pace can fill.

    Parameters
    ----------
    opened
        Contract ``schedule``: what is open already.
    """
    asked = scenario.schedule
    first = quarter_after(quarter_of(scenario.reference_date))
    trades = tuple(
        Trade(
            name=row.name, duration_quarters=row.duration_quarters,
            lines_per_quarter=row.lines_per_quarter,
        )
        for row in asked.trades
    )  # fmt: skip
    paces = tuple(
        PhasePace(
            phase=row.phase, first_quarter=row.first_quarter, last_quarter=row.last_quarter,
            lines_per_year=row.lines_per_year, cents_per_year=row.cents_per_year,
        )
        for row in _capacity(scenario)
    )  # fmt: skip
    rules = WorksRules(
        first_quarter=first,
        quarters_count=_horizon(first, trades, paces, works),
        trades=trades,
        paces=paces,
        after_quarters=asked.after_quarters,
        within_quarters=(
            None if asked.completeness_years is None else _QUARTERS * asked.completeness_years
        ),
        smooth_share=asked.smooth_share,
        opened=_opened(opened, int(first[:4])),
    )
    if asked.quarter_share is None:
        return rules
    return spread_evenly(works, rules, share=asked.quarter_share)


def _opened(table: pd.DataFrame | None, year: int) -> tuple[tuple[str, int, int, int], ...]:
    """Return what each phase has opened and spent of the year in which the horizon begins."""
    if table is None:
        return ()
    mine = table[table["year"].astype("int64") == year]
    sums = mine.groupby(mine["phase"].astype(str))[["premises_count", "cost_cents"]].sum()
    return tuple(
        (str(phase), year, int(lines), int(cents))
        for phase, lines, cents in sums.itertuples(name=None)
    )


def _horizon(
    first: str, trades: tuple[Trade, ...], paces: tuple[PhasePace, ...], works: pd.DataFrame
) -> int:
    lines = int(works["premises_count"].sum())
    need = [-(-lines // trade.lines_per_quarter) for trade in trades]
    for phase, rows in works.groupby("phase"):
        mine = [pace for pace in paces if pace.phase == str(phase)]
        if not mine:
            continue
        start = min(quarters_between(first, pace.first_quarter) for pace in mine)
        ends = [pace.last_quarter for pace in mine]
        known = [quarters_between(first, end) + 1 for end in ends if end is not None]
        if len(known) == len(ends):
            need.append(max(known))
            continue
        years = [
            -(-int(rows[column].sum()) // most)
            for column, most in (
                ("premises_count", max(pace.lines_per_year or 0 for pace in mine)),
                ("cost_cents", max(pace.cents_per_year or 0 for pace in mine)),
            )
            if most
        ]
        need.append(max(start, 0) + _QUARTERS * max(years, default=0))
    fixed = works["fixed_quarter"].dropna()
    need.extend(quarters_between(first, str(quarter)) + 1 for quarter in fixed)
    duration = sum(trade.duration_quarters for trade in trades)
    return int(min(max(need, default=0) + duration + _SPARE_QUARTERS, _MOST_QUARTERS))


def _capacity(scenario: Scenario) -> tuple[Capacity, ...]:
    return tuple(
        Capacity(
            phase=Phase(row.phase),
            first_quarter=row.first_quarter,
            last_quarter=row.last_quarter,
            lines_per_year=row.lines_per_year,
            cents_per_year=(
                None if row.budget_eur_per_year is None else row.budget_eur_per_year * 100
            ),
        )
        for row in scenario.schedule.capacity
    )


def _proof(result: ScheduleResult) -> pd.DataFrame:
    table = pd.DataFrame({
        "status": [result.status],
        "value": [result.value],
        "bound": pd.array([result.bound], dtype="Float64"),
        "gap_share": pd.array([result.gap_share], dtype="Float64"),
        "load_change_share": [result.load_change_share],
        "load_change_before_share": [result.load_change_before],
        "unplaced_count": np.array([len(result.findings.items)], dtype=np.int64),
    })  # fmt: skip
    contract("works_proof").check(table)
    return contract("works_proof").select(table)

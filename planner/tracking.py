"""An adopted programme followed: its frozen promises against what the territory knows of it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from planner.errors import MissingLayerError
from planner.findings import Finding, Findings
from planner.follow_section import FollowUpSource
from planner.follow_up import (
    CompletenessRule,
    FollowUp,
    FollowUpRules,
    OpeningRule,
    follow_programme,
    freeze_baseline,
    later,
    make_example_follow_up,
    merge_progress,
    progress_from_premises,
    progress_from_stages,
    public_totals,
    quarter_of,
    quarters_between,
    quarters_from,
    spread_counts,
)
from planner.provenance import Origin
from planner.scenario import Scenario
from planner.schedule import Capacity, schedule_works
from planner.schemas import contract
from planner.territory import Territory
from planner.texts import Message
from planner.vocab import Phase, SectorStage, Severity

__all__ = ["promise", "revise_schedule", "track_programme", "with_example"]

_BY_SECTOR = ("pm_areas", "sector_operators", "slip_reasons")
_FACTS = "public_progress"


def promise(
    territory: Territory, scenario: Scenario, *, schedule: pd.DataFrame, programme: pd.DataFrame
) -> pd.DataFrame:
    """Return the promises that the follow-up compares with: those given, or this plan's own.

    Returns
    -------
    DataFrame
        Contract ``baseline``, of the phases that the scenario follows.

    Raises
    ------
    MissingLayerError
        When nothing is promised.
    """
    if len(territory.baseline):
        return territory.baseline
    frozen = freeze_baseline(schedule, territory.sectors, stages=territory.stage_changes)
    followed = programme[programme["phase"].astype(str).isin(scenario.follow_up.phases)]
    kept = frozen[frozen["sector_id"].isin(set(followed["sector_id"]))].reset_index(drop=True)
    if kept.empty:
        raise MissingLayerError(
            Message.of("follow_up.no_promise"), Message.of("follow_up.no_promise_remedy")
        )
    return kept


def with_example(territory: Territory, scenario: Scenario, baseline: pd.DataFrame) -> Territory:
    """Return the territory with a synthetic follow-up that meets the published regional totals.

    The totals are those of the phases followed in ``public_progress``: premises connectable and
    connected on a day.

    Raises
    ------
    MissingLayerError
        When no total is known up to the quarter asked for.
    """
    asked = scenario.follow_up
    totals = {
        measure: {
            quarter: total
            for quarter, total in public_totals(
                territory.public_progress, measure, phases=asked.phases
            ).items()
            if asked.quarter is None or quarter <= asked.quarter
        }
        for measure in ("serviceable", "connected")
    }
    serviceable = totals["serviceable"]
    if not serviceable or max(serviceable) <= min(baseline["quarter"].astype(str)):
        first = str(baseline["quarter"].min())
        raise MissingLayerError(
            Message.of("follow_up.no_facts", table=_FACTS, quarter=first),
            Message.of("follow_up.no_facts_remedy"),
        )
    made = make_example_follow_up(
        baseline, serviceable=serviceable, connected=totals["connected"],
        opening=_opening(asked)[-1],
    )  # fmt: skip
    names = ("progress_counts", "pm_areas", "sector_operators", "sales", "slip_reasons")
    tables = {name: getattr(made, name) for name in names}
    last = max(serviceable)
    return territory.with_tables(**tables).with_origin(
        *(
            Origin(
                layer=name, title=contract(name).titled(), source="planner",
                licence="GPL-3.0-or-later", vintage=last[:4], rows=len(table), synthetic=True,
            )
            for name, table in tables.items()
        )
    )  # fmt: skip


def track_programme(
    territory: Territory,
    scenario: Scenario,
    *,
    schedule: pd.DataFrame,
    programme: pd.DataFrame,
    costs: pd.DataFrame,
) -> tuple[Territory, FollowUp]:
    """Follow the adopted programme of a scenario.

    Parameters
    ----------
    territory
        With ``baseline`` where one was adopted, and what is observed: ``progress_counts``,
        ``state_changes``, ``stage_changes``, ``pm_areas``, ``sector_operators``, ``sales``,
        ``slip_reasons``.
    scenario
        Its section ``follow_up`` says how.
    schedule, programme, costs
        This plan's answers, under the contracts of their names.

    Returns
    -------
    Territory
        The territory, with the example's tables where the scenario asks for it.
    FollowUp
        Tables and findings; ``revised_schedule`` is what is left, scheduled again from the quarter
        after the last one observed.

    Raises
    ------
    MissingLayerError
        When nothing is promised or nothing is observed.
    """
    asked = scenario.follow_up
    baseline = promise(territory, scenario, schedule=schedule, programme=programme)
    if asked.source == "example":
        territory = with_example(territory, scenario, baseline)
    territory, strange = _known_sectors(territory, baseline)
    actual, spread = _observe(territory, scenario, baseline)
    last = str(actual["quarter"].max()) if len(actual) else ""
    if asked.quarter is not None and (not last or asked.quarter < str(actual["quarter"].min())):
        raise MissingLayerError(
            Message.of("follow_up.no_actual", quarter=asked.quarter),
            Message.of("follow_up.no_actual_remedy"),
        )
    if not last:
        raise MissingLayerError(
            Message.of("follow_up.no_actual", quarter="—"),
            Message.of("follow_up.no_actual_remedy"),
        )
    quarter = asked.quarter or last
    done = follow_programme(
        baseline=baseline, actual=actual, sectors=territory.sectors, epci=territory.epci,
        pm_areas=_pm_areas(territory, baseline), operators=territory.sector_operators,
        sales=territory.sales, reasons=territory.slip_reasons,
        rules=FollowUpRules(
            quarter=quarter, ahead_quarters=asked.ahead_quarters,
            completeness=tuple(
                CompletenessRule(since=r.since, years=r.years, source=r.source)
                for r in asked.completeness
            ),
            opening=_opening(asked),
        ),
    )  # fmt: skip
    revised, unscheduled = revise_schedule(
        baseline, actual, quarter=quarter, scenario=scenario, programme=programme,
        sectors=territory.sectors, costs=costs,
    )  # fmt: skip
    tables = dict(done.tables) | ({"revised_schedule": revised} if len(revised) else {})
    found = Findings.collect(
        done.findings, strange, spread, unscheduled, _of_rule(scenario, revised)
    )
    return territory, replace(done, tables=tables, findings=found)


def _of_rule(scenario: Scenario, revised: pd.DataFrame) -> Findings:
    """Say that the forecast keeps to the paces of phases, where the plan keeps to trades too."""
    if scenario.schedule.rule != "works" or revised.empty:
        return Findings()
    return Findings.collect(
        [
            Finding.of(
                "follow_up.revised_by_paces", severity=Severity.INFO, table="revised_schedule",
                place=scenario.name, count=len(revised),
            )
        ]
    )  # fmt: skip


def revise_schedule(
    baseline: pd.DataFrame,
    actual: pd.DataFrame,
    *,
    quarter: str,
    scenario: Scenario,
    programme: pd.DataFrame,
    sectors: pd.DataFrame,
    costs: pd.DataFrame,
) -> tuple[pd.DataFrame, Findings]:
    """Schedule again what is left of the promise, from the quarter after ``quarter`` on.

    Capacities are the scenario's; one that has ended by then goes on at the same height until all
    is done.  A sector begun but not finished is works to come; one of which nothing is known is
    too.

    Returns
    -------
    DataFrame
        Contract ``revised_schedule``, sorted by ``sector_id``.
    Findings
        Sectors that no quarter can hold.
    """
    now = actual[actual["quarter"] == quarter].set_index("sector_id")["serviceable_count"]
    held = baseline["sector_id"].map(now).fillna(0)
    left = baseline[held == 0]
    begin = later(quarter, 1)
    queue = programme[programme["sector_id"].isin(set(left["sector_id"]))]
    last_of = {row.phase: row for row in scenario.schedule.capacity}
    capacity = tuple(
        Capacity(
            phase=Phase(row.phase),
            first_quarter=max(row.first_quarter, begin),
            last_quarter=None if row is last_of[row.phase] else row.last_quarter,
            lines_per_year=row.lines_per_year,
            cents_per_year=(
                None if row.budget_eur_per_year is None else row.budget_eur_per_year * 100
            ),
        )
        for row in scenario.schedule.capacity
        if row is last_of[row.phase] or row.last_quarter is None or row.last_quarter >= begin
    )
    again, unscheduled = schedule_works(
        programme=queue, sectors=sectors, costs=costs, capacity=capacity
    )
    table = contract("revised_schedule")
    if again.empty:
        return table.empty(), unscheduled
    promised = baseline.set_index("sector_id")["quarter"].astype(str)
    frame = again[["sector_id", "premises_count"]].assign(
        promised_quarter=again["sector_id"].map(promised), revised_quarter=again["quarter"]
    )
    frame["shift_quarters"] = [
        quarters_between(before, after)
        for before, after in zip(
            frame["promised_quarter"], frame["revised_quarter"].astype(str), strict=True
        )
    ]
    frame = frame.sort_values("sector_id", ignore_index=True)
    table.check(frame)
    return table.select(frame), unscheduled


def _opening(asked: FollowUpSource) -> tuple[OpeningRule, ...]:
    return tuple(
        OpeningRule(since=r.since, months=r.months, source=r.source)
        for r in sorted(asked.opening, key=lambda r: r.since)
    )


def _observe(
    territory: Territory, scenario: Scenario, baseline: pd.DataFrame
) -> tuple[pd.DataFrame, Findings]:
    """Gather what is observed, the most detailed first: premises, stages, then counts."""
    counts, found = spread_counts(
        territory.progress_counts, baseline=baseline, rule=scenario.follow_up.spread
    )
    if scenario.follow_up.source == "example":
        return counts, found
    day = scenario.reference_date
    begin = str(baseline["quarter"].min())
    complete = quarter_of(day) if day == _last_day(day) else later(quarter_of(day), -1)
    quarters = quarters_from(begin, complete) if begin <= complete else ()
    parts = []
    if len(territory.state_changes) and quarters:
        parts.append(
            progress_from_premises(
                territory.premises, territory.state_changes, baseline=baseline, quarters=quarters
            )
        )
    if len(territory.stage_changes) and quarters:
        parts.append(
            progress_from_stages(territory.stage_changes, baseline=baseline, quarters=quarters)
        )
    return merge_progress(*parts, counts), found


def _last_day(day: object) -> object:
    return pd.Timestamp(str(day)).to_period("Q").end_time.date()


def _pm_areas(territory: Territory, baseline: pd.DataFrame) -> pd.DataFrame:
    """Return the PM given, else one a sector, made available when its sector opened."""
    if len(territory.pm_areas) or territory.stage_changes.empty:
        return territory.pm_areas
    stages = territory.stage_changes
    opened = stages[stages["stage"].astype(str) == SectorStage.OPEN.value]
    first = opened.groupby(opened["sector_id"].astype(str))["on"].min()
    kept = first[first.index.isin(set(baseline["sector_id"]))]
    return pd.DataFrame(
        {
            "sector_id": kept.index, "pm_id": kept.index, "available_on": kept.to_numpy(),
            "source": "stage_changes", "synthetic": territory.is_synthetic("stage_changes"),
        }
    )  # fmt: skip


def _known_sectors(territory: Territory, baseline: pd.DataFrame) -> tuple[Territory, Findings]:
    """Leave out rows about sectors that the adopted programme doesn't know, and tell."""
    known = set(baseline["sector_id"].astype(str))
    kept: dict[str, pd.DataFrame] = {}
    found = []
    for name in _BY_SECTOR:
        frame = getattr(territory, name)
        mine = frame["sector_id"].astype(str).isin(known)
        kept[name] = frame[mine].reset_index(drop=True)
        strange = int(frame.loc[~mine, "sector_id"].nunique())
        if strange:
            found.append(
                Finding.of(
                    "follow_up.strange_sectors", severity=Severity.WARNING, table=name,
                    place=territory.name, count=strange,
                )
            )  # fmt: skip
    return territory.with_tables(**kept), Findings.collect(found)

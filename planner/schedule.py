"""When each sector is built, in its first form: quarters filled in order, never above capacity.

Each phase has its own capacity (lines) and budget (cents) a calendar year.  Within a year they
become available quarter by quarter, a quarter of them each, so that the load is smooth; what a
quarter leaves is carried to the next ones of the same year.  Each quarter takes the waiting sectors
in their order; one that doesn't fit waits, and the next one is tried.  A sector that no year can
hold is left out of the schedule and reported.

Order: phase 1 by tranche, zone and sector; phase 2 by the year of opening where there is one, then
by rank, EPCI and sector; phase 3 by unit cost and sector, the cheapest first, so that most premises
are served soonest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.findings import Finding, Findings
from planner.schemas import contract
from planner.vocab import Phase, Severity

__all__ = ["Capacity", "quarter_after", "schedule_works", "tell_later_years"]

_LAST_YEAR = 2200


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """What can be built for one phase.

    Parameters
    ----------
    phase
        Phase that it is for.
    first_quarter, last_quarter
        ``2019-T1`` … ; no last quarter: until all is done.
    lines_per_year
        Most lines in a calendar year.
    cents_per_year
        Most cents in a calendar year; None: no ceiling.
    """

    phase: Phase
    first_quarter: str
    last_quarter: str | None = None
    lines_per_year: int
    cents_per_year: int | None = None


def quarter_after(quarter: str) -> str:
    """Return the quarter that follows.

    Examples
    --------
    >>> quarter_after("2018-T4")
    '2019-T1'
    """
    year, number = int(quarter[:4]), int(quarter[6])
    return f"{year + number // 4}-T{number % 4 + 1}"


def schedule_works(
    *,
    programme: pd.DataFrame,
    sectors: pd.DataFrame,
    costs: pd.DataFrame,
    capacity: tuple[Capacity, ...],
    done: frozenset[str] = frozenset(),
    years: Mapping[str, int] | None = None,
) -> tuple[pd.DataFrame, Findings]:
    """Give each sector that is still to be built its quarter.

    Parameters
    ----------
    programme, sectors, costs
        Tables under the contracts of their names.
    capacity
        Capacity of each phase; several rows for one phase follow each other in time.
    done
        Sectors already open, which need no works.
    years
        Year in which a sector is to open, where the programme says so: it is built in the order of
        these years, and not before its own.

    Returns
    -------
    DataFrame
        Contract ``schedule``.
    Findings
        Sectors that no quarter can hold.
    """
    waiting = _in_order(programme, sectors, costs)
    waiting["not_before"] = waiting["sector_id"].map(years or {}).astype("float64").fillna(0)
    waiting["not_before"] = waiting["not_before"].astype("int64")
    waiting = waiting.sort_values(["phase", "not_before"], kind="stable").reset_index(drop=True)
    waiting = waiting[~waiting["sector_id"].isin(done)]
    rows: list[pd.DataFrame] = []
    found: list[Finding] = []
    for phase in (Phase.PHASE_1, Phase.PHASE_2, Phase.PHASE_3):
        queue = waiting[waiting["phase"] == phase.value].reset_index(drop=True)
        quarters = _fill(queue, [row for row in capacity if row.phase is phase])
        left = queue[quarters == ""]
        found.extend(
            Finding.of(
                "schedule.unscheduled", severity=Severity.SERIOUS, table="schedule",
                place=str(key), count=int(count), phase=phase,
            )
            for key, count in zip(left["sector_id"], left["premises_count"], strict=True)
        )  # fmt: skip
        rows.append(queue.assign(quarter=quarters)[quarters != ""])
    table = pd.concat(rows, ignore_index=True)
    if table.empty:
        return contract("schedule").empty(), Findings.collect(found)
    table["year"] = table["quarter"].str[:4].astype("int64")
    contract("schedule").check(table)
    return contract("schedule").select(table), Findings.collect(found)


def tell_later_years(years: Mapping[str, int] | None, table: pd.DataFrame) -> Findings:
    """Tell, year by year, what the calendar can't open in the year that was chosen.

    Parameters
    ----------
    years
        Year chosen for each sector.
    table
        Contract ``schedule``.
    """
    if not years:
        return Findings()
    known = table.assign(chosen=table["sector_id"].astype(str).map(years)).dropna(subset=["chosen"])
    late = known[known["year"] > known["chosen"]]
    return Findings.collect([
        Finding.of(
            "schedule.later_than_chosen", severity=Severity.SERIOUS, table="schedule",
            place=str(year), year=str(year), sectors=len(rows),
            count=int(rows["premises_count"].sum()), latest=str(rows["quarter"].max()),
        )
        for year, rows in late.groupby(late["chosen"].astype("int64").astype(str))
    ])  # fmt: skip


def _in_order(programme: pd.DataFrame, sectors: pd.DataFrame, costs: pd.DataFrame) -> pd.DataFrame:
    frame = programme[["sector_id", "phase", "tranche", "rank", "epci_siren"]].merge(
        costs[["sector_id", "premises_count", "unit_cost_cents", "cost_cents"]],
        on="sector_id", validate="one_to_one",
    )  # fmt: skip
    zone = sectors.set_index("sector_id")["zone_id"]
    frame["zone_id"] = frame["sector_id"].map(zone).astype("object").fillna("")
    first, second = frame["phase"] == "1", frame["phase"] == "2"
    number = frame["unit_cost_cents"].astype("Int64")
    # a required sector has no rank and comes before every ranked one
    number = number.where(~second, frame["rank"].fillna(0))
    frame["order_number"] = number.where(~first, frame["tranche"].fillna(0)).astype("int64")
    text = frame["zone_id"].where(first, "")
    frame["order_text"] = text.where(~second, frame["epci_siren"].astype("object").fillna(""))
    return frame.sort_values(
        ["phase", "order_number", "order_text", "sector_id"], kind="stable"
    ).reset_index(drop=True)


def _quarters(rows: list[Capacity]) -> Iterator[tuple[str, int, int | None]]:
    """Yield each quarter with the lines and cents that its year has released up to it."""
    for row in rows:
        quarter = row.first_quarter
        while quarter <= (row.last_quarter or f"{_LAST_YEAR}-T4"):
            number = int(quarter[6])
            cents = row.cents_per_year
            yield (
                quarter,
                row.lines_per_year * number // 4,
                None if cents is None else cents * number // 4,
            )
            quarter = quarter_after(quarter)


def _fill(queue: pd.DataFrame, rows: list[Capacity]) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    """Return the quarter of each waiting sector, or the empty text."""
    lines = queue["premises_count"].astype("int64").tolist()
    cents = queue["cost_cents"].astype("int64").tolist()
    not_before = queue["not_before"].tolist()
    given = np.full(len(queue), "", dtype="U7")
    largest = max((row.lines_per_year for row in rows), default=0)
    richest = max((row.cents_per_year or 0 for row in rows), default=0)
    free = any(row.cents_per_year is None for row in rows)
    waiting = [
        position
        for position in range(len(queue))
        if lines[position] <= largest and (free or cents[position] <= richest)
    ]
    used: dict[int, tuple[int, int]] = {}
    for quarter, lines_released, cents_released in _quarters(rows):
        if not waiting:
            break
        year = int(quarter[:4])
        used_lines, used_cents = used.get(year, (0, 0))
        left = []
        for position in waiting:
            fits = (
                year >= not_before[position]
                and used_lines + lines[position] <= lines_released
                and (cents_released is None or used_cents + cents[position] <= cents_released)
            )
            if fits:
                given[position] = quarter
                used_lines += lines[position]
                used_cents += cents[position]
            else:
                left.append(position)
        used[year] = used_lines, used_cents
        waiting = left
    return given

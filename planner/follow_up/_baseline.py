"""The adopted programme, frozen, and what is observed of it by sector."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from planner.apportion import apportion
from planner.findings import Finding, Findings
from planner.schemas import contract
from planner.vocab import SectorStage, Severity

__all__ = ["freeze_baseline", "progress_from_stages", "quarter_end", "spread_counts"]


def quarter_end(quarter: str) -> dt.date:
    """Return the last day of a quarter.

    Examples
    --------
    >>> quarter_end("2019-T4")
    datetime.date(2019, 12, 31)
    """
    year, number = int(quarter[:4]), int(quarter[6])
    return dt.date(year + number // 4, number % 4 * 3 + 1, 1) - dt.timedelta(days=1)


def freeze_baseline(schedule: pd.DataFrame, sectors: pd.DataFrame) -> pd.DataFrame:
    """Return the promises of an adopted programme, apart from the tables that they come from.

    Parameters
    ----------
    schedule, sectors
        Tables under the contracts of their names; a sector without a quarter promises nothing.

    Returns
    -------
    DataFrame
        Contract ``baseline``, sorted by ``sector_id``.
    """
    places = sectors[["sector_id", "epci_siren", "departement", "zone_id", "insee", "synthetic"]]
    table = schedule[["sector_id", "quarter", "premises_count"]].merge(
        pd.DataFrame(places), on="sector_id", validate="one_to_one"
    )
    table = table.sort_values("sector_id", kind="stable").reset_index(drop=True)
    contract("baseline").check(table)
    return contract("baseline").select(table)


def progress_from_stages(
    changes: pd.DataFrame, *, baseline: pd.DataFrame, quarters: tuple[str, ...]
) -> pd.DataFrame:
    """Return what the delivered stages of sectors make of each quarter.

    A sector whose last stage by the end of the quarter is *open* counts all its premises, another
    one none; one of which no delivery speaks is left out, for it is unknown.

    Returns
    -------
    DataFrame
        Contract ``progress_actual``.
    """
    known = baseline[baseline["sector_id"].isin(set(changes["sector_id"]))]
    days = pd.to_datetime(changes["on"])
    parts = []
    for quarter in sorted(quarters):
        past = changes[days <= pd.Timestamp(quarter_end(quarter))].sort_values(["sector_id", "on"])
        last = past.groupby("sector_id")["stage"].last()
        is_open = known["sector_id"].map(last.astype(str)) == SectorStage.OPEN.value
        parts.append(
            pd.DataFrame(
                {
                    "sector_id": known["sector_id"],
                    "quarter": quarter,
                    "serviceable_count": known["premises_count"].where(is_open, 0),
                    "rule": "stage",
                }
            )
        )
    return _checked(parts)


def spread_counts(counts: pd.DataFrame, *, baseline: pd.DataFrame) -> tuple[pd.DataFrame, Findings]:
    """Spread counts by commune over the sectors promised there.

    Rule: the largest remainder, pro rata of the premises promised, equal remainders by code; the
    sectors of a commune add up to its count.

    Parameters
    ----------
    counts
        Contract ``commune_progress``.
    baseline
        Contract ``baseline``; it isn't changed.

    Returns
    -------
    DataFrame
        Contract ``progress_actual``.
    Findings
        ``follow_up.nowhere``: counts of a commune where nothing is promised, which no sector can
        hold; ``follow_up.over_promise``: more observed than promised, spread all the same.
    """
    contract("commune_progress").check(counts)
    weights = {
        str(code): dict(zip(rows["sector_id"], rows["premises_count"].astype(int), strict=True))
        for code, rows in baseline.groupby("insee")
    }
    rows: list[tuple[str, str, int, str]] = []
    found: list[Finding] = []
    ordered = counts.sort_values(["insee", "quarter"])
    for insee, quarter, value in zip(
        ordered["insee"].astype(str), ordered["quarter"].astype(str),
        ordered["serviceable_count"].astype(int), strict=True,
    ):  # fmt: skip
        here = weights.get(insee, {})
        promised = sum(here.values())
        if not promised:
            if value:
                found.append(_finding("nowhere", insee, quarter, value))
            continue
        if value > promised:
            found.append(_finding("over_promise", insee, quarter, value - promised))
        shared = apportion(value, here, ties="code")
        rows.extend((sector, quarter, part, "pro_rata") for sector, part in shared.items())
    names = list(contract("progress_actual").column_names)
    return _checked([pd.DataFrame(rows, columns=names)]), Findings.collect(found)


def _finding(rule: str, insee: str, quarter: str, count: int) -> Finding:
    return Finding.of(
        f"follow_up.{rule}", severity=Severity.WARNING, table="commune_progress",
        place=f"{insee} {quarter}", count=count,
    )  # fmt: skip


def _checked(parts: list[pd.DataFrame]) -> pd.DataFrame:
    table = contract("progress_actual")
    filled = [part for part in parts if len(part)]
    if not filled:
        return table.empty()
    frame = pd.concat(filled, ignore_index=True).sort_values(["sector_id", "quarter"])
    frame = frame.reset_index(drop=True)
    table.check(frame)
    return table.select(frame)

"""What is observed of the adopted programme, sector by sector and quarter by quarter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import numpy as np
import pandas as pd

from planner.apportion import apportion
from planner.errors import RuleError
from planner.findings import Finding, Findings
from planner.follow_up._quarters import quarter_end
from planner.schemas import contract
from planner.texts import Message
from planner.timeline import Timeline, term_codes
from planner.vocab import Level, PremiseState, SectorStage, Severity

__all__ = [
    "PLACE_COLUMNS",
    "SpreadRule",
    "merge_progress",
    "progress_from_premises",
    "progress_from_stages",
    "spread_counts",
]

SpreadRule = Literal["pro_rata", "in_order"]
PLACE_COLUMNS: Final = {
    Level.REGION.value: None, Level.DEPARTEMENT.value: "departement",
    Level.EPCI.value: "epci_siren", Level.COMMUNE.value: "insee", Level.ZONE.value: "zone_id",
    Level.SECTOR.value: "sector_id",
}  # fmt: skip
"""Level to the column of the baseline that holds its code."""


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
        last = past.groupby(past["sector_id"].astype(str))["stage"].last()
        is_open = known["sector_id"].map(last.astype(str)) == SectorStage.OPEN.value
        counts = known["premises_count"].where(is_open, 0)
        parts.append(_part(known["sector_id"], quarter, counts, "stage"))
    return _checked(parts)


def progress_from_premises(
    premises: pd.DataFrame,
    changes: pd.DataFrame,
    *,
    baseline: pd.DataFrame,
    quarters: tuple[str, ...],
) -> pd.DataFrame:
    """Count the serviceable premises of each sector at the end of each quarter.

    Parameters
    ----------
    premises
        Contract ``premises`` with its ``sector_id``.
    changes
        Contract ``state_changes``; a sector of whose premises no delivery speaks is unknown, and
        left out.
    baseline
        Contract ``baseline``.
    quarters
        Quarters to count.

    Returns
    -------
    DataFrame
        Contract ``progress_actual``; a premise counts for ``premises_min``.
    """
    line = Timeline.of(
        premises["premise_id"], changes["premise_id"], changes["on"],
        term_codes(changes["state"], PremiseState),
    )  # fmt: skip
    spoken = premises.loc[line.groups >= 0, "sector_id"].dropna().astype(str).unique()
    known = baseline[baseline["sector_id"].isin(set(spoken))]
    wanted = PremiseState.codes().index(PremiseState.SERVICEABLE.value)
    weights = premises["premises_min"].to_numpy(dtype=float)
    sectors = premises["sector_id"].astype("category")
    keys, codes = sectors.cat.categories, sectors.cat.codes.to_numpy()
    parts = []
    for quarter in sorted(quarters):
        mask = (line.codes_on(quarter_end(quarter)) == wanted) & (codes >= 0)
        totals = np.bincount(codes[mask], weights=weights[mask], minlength=len(keys))
        counts = pd.Series(totals.astype("int64"), index=keys.astype(str))
        here = known["sector_id"].map(counts).fillna(0).astype("int64")
        parts.append(_part(known["sector_id"], quarter, here, "premises"))
    return _checked(parts)


def spread_counts(
    counts: pd.DataFrame, *, baseline: pd.DataFrame, rule: SpreadRule = "pro_rata"
) -> tuple[pd.DataFrame, Findings]:
    """Spread counts of places over the sectors promised there.

    The sectors of a place add up to its count, whatever the rule.

    Parameters
    ----------
    counts
        Contract ``progress_counts``; in one quarter no sector may be counted at two levels.
    baseline
        Contract ``baseline``; it isn't changed.
    rule
        ``pro_rata``: the largest remainder, pro rata of the premises promised, equal remainders by
        code.  ``in_order``: the sectors promised first are filled first, by quarter then by code;
        the last one may be filled in part.

    Returns
    -------
    DataFrame
        Contract ``progress_actual``; a sector counted as itself keeps its count.
    Findings
        ``follow_up.nowhere``: counts of a place where nothing is promised, which no sector can
        hold; ``follow_up.over_promise``: more observed than promised, spread all the same.

    Raises
    ------
    RuleError
        When a sector would be counted twice in one quarter.
    """
    contract("progress_counts").check(counts)
    rows: list[tuple[str, str, int, str]] = []
    found: list[Finding] = []
    ordered = counts.sort_values(["level", "code", "quarter"])
    held = _sectors_of_places(baseline)
    for level, code, quarter, value in zip(
        ordered["level"].astype(str), ordered["code"].astype(str),
        ordered["quarter"].astype(str), ordered["serviceable_count"].astype(int), strict=True,
    ):  # fmt: skip
        here = held.get((level, code if level != Level.REGION.value else ""), [])
        promised = sum(premises for _, _, premises in here)
        if not promised:
            if value:
                found.append(_finding("nowhere", code, quarter, value))
            continue
        if value > promised:
            found.append(_finding("over_promise", code, quarter, value - promised))
        named = "count" if level == Level.SECTOR.value else rule
        shared = _in_order(value, here) if rule == "in_order" else _pro_rata(value, here)
        rows.extend((sector, quarter, part, named) for sector, part in shared.items())
    names = list(contract("progress_actual").column_names)
    frame = pd.DataFrame(rows, columns=names)
    twice = frame[frame.duplicated(["sector_id", "quarter"])]
    if len(twice):
        first = twice.iloc[0]
        raise RuleError(
            Message.of("follow_up.twice", sector=first["sector_id"], quarter=first["quarter"]),
            Message.of("follow_up.twice_remedy"),
        )
    return _checked([frame]), Findings.collect(found)


def merge_progress(*parts: pd.DataFrame) -> pd.DataFrame:
    """Keep one observation a sector and quarter: that of the first table that has it.

    Parameters
    ----------
    *parts
        Tables under the contract ``progress_actual``, the most detailed first.
    """
    filled = [part for part in parts if len(part)]
    if not filled:
        return contract("progress_actual").empty()
    frame = pd.concat(filled, ignore_index=True)
    first = ~frame.duplicated(["sector_id", "quarter"], keep="first")
    return _checked([frame[first]])


def _sectors_of_places(baseline: pd.DataFrame) -> dict[tuple[str, str], list[tuple[str, str, int]]]:
    """Return the (quarter, sector, premises) of each place, in the order promised."""
    ordered = baseline.sort_values(["quarter", "sector_id"])
    rows = list(
        zip(
            ordered["quarter"].astype(str), ordered["sector_id"].astype(str),
            ordered["premises_count"].astype(int), strict=True,
        )
    )  # fmt: skip
    held: dict[tuple[str, str], list[tuple[str, str, int]]] = {}
    for level, column in PLACE_COLUMNS.items():
        codes: Iterable[object] = [""] * len(rows) if column is None else ordered[column]
        for code, row in zip(codes, rows, strict=True):
            if not pd.isna(code):  # type: ignore[call-overload]
                held.setdefault((level, str(code)), []).append(row)
    return held


def _pro_rata(value: int, here: list[tuple[str, str, int]]) -> dict[str, int]:
    return apportion(value, {sector: premises for _, sector, premises in here}, ties="code")


def _in_order(value: int, here: list[tuple[str, str, int]]) -> dict[str, int]:
    parts: dict[str, int] = {}
    left = value
    for _, sector, premises in here:
        parts[sector] = min(left, premises)
        left -= parts[sector]
    if left:  # more than promised: the last one holds what no other can
        parts[here[-1][1]] += left
    return parts


def _finding(rule: str, code: str, quarter: str, count: int) -> Finding:
    return Finding.of(
        f"follow_up.{rule}", severity=Severity.WARNING, table="progress_counts",
        place=f"{code} {quarter}", count=count,
    )  # fmt: skip


def _part(keys: pd.Series[str], quarter: str, counts: pd.Series[int], rule: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sector_id": keys.to_numpy(), "quarter": quarter,
            "serviceable_count": counts.to_numpy(), "rule": rule,
        }
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

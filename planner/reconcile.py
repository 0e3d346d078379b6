"""What the report says beside what the geometry holds: target, computed, difference."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.findings import Finding, Findings
from planner.schemas import contract
from planner.vocab import Level, Phase, PremiseState, Severity

__all__ = ["Reconciliation", "reconcile_programme"]

_TOLERANCE = 0.02  # the bar: a zone is made of whole sectors


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """The contracted table ``reconciliation``, and the differences above two percent."""

    table: pd.DataFrame
    findings: Findings


def reconcile_programme(
    *, coverage: pd.DataFrame, zones: pd.DataFrame, figures: pd.DataFrame, on: dt.date
) -> Reconciliation:
    """Compare the published figures of phase 1 with what is counted from the geometry.

    Parameters
    ----------
    coverage
        Contract ``coverage``, its rows of level ``zone`` and ``region``.
    zones
        Contract ``zones``.
    figures
        Contract ``programme_figures``; its *preferred* rows.
    on
        Day of the coverage: a count of serviceable premises is compared on its own day only.
    """
    held = zones[["zone_id", "phase", "tranche", "kind"]].merge(
        coverage.loc[coverage["level"].astype(str) == Level.ZONE.value].drop(columns="on"),
        left_on="zone_id", right_on="code", validate="one_to_one",
    )  # fmt: skip
    region = coverage[coverage["level"].astype(str) == Level.REGION.value]
    rows: list[dict[str, Any]] = []
    preferred = figures[figures["preferred"].astype(bool)]
    for record in preferred.to_dict("records"):
        figure = {str(name): value for name, value in record.items()}
        group = _group(held, figure)
        if str(figure["phase"]) in {Phase.PHASE_2.value, Phase.PHASE_3.value}:
            counts = {"premises": _sum(region, f"phase_{figure['phase']}_count")}
        elif str(figure["phase"]) == Phase.PHASE_1.value and len(held):
            counts = {
                "zones": len(group),
                "premises": _sum(group, "premises_count"),
            }
            if not pd.isna(figure["on"]) and pd.Timestamp(figure["on"]).date() == on:
                counts["serviceable"] = _sum(group, f"{PremiseState.SERVICEABLE.value}_count")
        else:
            continue
        rows.extend(
            _row(name, figure, computed)
            for name, computed in counts.items()
            if not pd.isna(figure[f"{name}_count"]) and computed is not None
        )
    if not rows:
        return Reconciliation(table=contract("reconciliation").empty(), findings=Findings())
    table = pd.DataFrame(rows)
    table["tranche"] = table["tranche"].astype("Int64")
    table["on"] = pd.to_datetime(table["on"]).astype("datetime64[s]")
    table = contract("reconciliation").select(table)
    contract("reconciliation").check(table)
    return Reconciliation(table=table, findings=Findings.collect(_findings(table)))


def _group(held: pd.DataFrame, figure: Mapping[str, Any]) -> pd.DataFrame:
    mask = held["phase"].astype(str) == str(figure["phase"])
    if not pd.isna(figure["tranche"]):
        mask &= (held["tranche"] == figure["tranche"]).fillna(value=False).astype(bool)
    if figure["kind"] != "all":
        mask &= held["kind"].astype(str) == str(figure["kind"])
    return held[mask]


def _sum(rows: pd.DataFrame, column: str) -> int | None:
    values = rows[column]
    return None if values.isna().any() else int(values.sum())


def _row(name: str, figure: Mapping[str, Any], computed: int) -> dict[str, object]:
    target = int(str(figure[f"{name}_count"]))
    return {
        "figure": name,
        "phase": str(figure["phase"]),
        "tranche": figure["tranche"],
        "kind": str(figure["kind"]),
        "on": figure["on"],
        "target": target,
        "computed": computed,
        "difference_share": round((computed - target) / target, 4) if target else 0.0,
        "source": str(figure["source"]),
    }


def _findings(table: pd.DataFrame) -> list[Finding]:
    far = table[table["difference_share"].abs() > _TOLERANCE]
    return [
        Finding.of(
            "reconcile.far", severity=Severity.WARNING, table="reconciliation",
            place="/".join(
                str(row[name]) for name in ("figure", "phase", "tranche", "kind")
                if not pd.isna(row[name])
            ),
            count=abs(int(row["computed"]) - int(row["target"])),
            target=int(row["target"]), computed=int(row["computed"]),
            share=float(row["difference_share"]),
        )
        for row in far.to_dict("records")
    ]  # fmt: skip

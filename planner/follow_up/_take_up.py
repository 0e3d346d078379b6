"""Take-up: connected over connectable premises, never over another denominator."""

from __future__ import annotations

from typing import Final

import pandas as pd

from planner.errors import ReferentialMismatchError
from planner.findings import Finding, Findings
from planner.follow_up._progress import PLACE_COLUMNS
from planner.schemas import contract
from planner.texts import Message
from planner.vocab import Level, Severity

__all__ = ["EVERY_OPERATOR", "measure_take_up", "sum_sales"]

_REFERENTIAL: Final = "connectable_premises"
EVERY_OPERATOR: Final = "tous"
"""Operator that stands for the sum of all."""
_LEVELS: Final = (Level.REGION, Level.DEPARTEMENT, Level.EPCI, Level.SECTOR)


def measure_take_up(sales: pd.DataFrame, *, referential: str) -> tuple[pd.DataFrame, Findings]:
    """Divide connected premises by connectable ones.

    Parameters
    ----------
    sales
        ``level``, ``code``, ``operator``, ``quarter``, ``connected_count``, ``connectable_count``
        and ``referential_rule`` (where the latter comes from).
    referential
        What ``connectable_count`` counts, as its source names it; only ``connectable_premises``
        makes a take-up: over all premises it would be a coverage of connections.

    Returns
    -------
    DataFrame
        Contract ``take_up``; no rate where nothing is connectable.
    Findings
        ``follow_up.over_100``: more connected than connectable.

    Raises
    ------
    ReferentialMismatchError
        Another denominator.
    """
    if referential != _REFERENTIAL:
        raise ReferentialMismatchError(
            Message.of("follow_up.denominator", given=referential),
            Message.of("follow_up.denominator_remedy", wanted=_REFERENTIAL),
        )
    frame = sales.assign(referential=referential)
    base = frame["connectable_count"].astype("float64")
    frame["take_up_share"] = frame["connected_count"].astype("float64") / base.where(base > 0)
    contract("take_up").check(frame)
    over = frame[frame["connected_count"] > frame["connectable_count"]]
    found = [
        Finding.of(
            "follow_up.over_100", severity=Severity.SERIOUS, table="take_up",
            place=f"{row['code']} {row['quarter']}",
            count=int(row["connected_count"]) - int(row["connectable_count"]),
        )
        for row in over.to_dict("records")
    ]  # fmt: skip
    return contract("take_up").select(frame), Findings.collect(found)


def sum_sales(sales: pd.DataFrame, *, actual: pd.DataFrame, baseline: pd.DataFrame) -> pd.DataFrame:
    """Add up sales by sector, EPCI, département and region, each beside what can be connected.

    The sales of a sector list every operator that sells there.  A place has a row only where every
    one of its sectors is observed, and every connectable one has its sales; else it is unknown.
    Sales known only of a place (the whole region, say) stand for it as they are.

    Parameters
    ----------
    sales, actual, baseline
        Contracts of their names (``progress_actual``).

    Returns
    -------
    DataFrame
        What :func:`measure_take_up` takes, sorted by its key; ``EVERY_OPERATOR`` is the sum.
    """
    parts = []
    own = sales[sales["level"].astype(str) == Level.SECTOR.value]
    for level in _LEVELS:
        column = PLACE_COLUMNS[level.value]
        place = baseline["sector_id"].map(lambda _: "—") if column is None else baseline[column]
        of = dict(zip(baseline["sector_id"].astype(str), place, strict=True))
        base = _connectable(actual, of)
        summed = _summed(own, base, of, actual)
        given = sales[
            (sales["level"].astype(str) == level.value) & (level is not Level.SECTOR)
        ].drop(columns="level")
        if level is Level.REGION:
            given = given.assign(code="—")
        given = _with_every(given[["code", "operator", "quarter", "connected_count"]])
        both = pd.concat([part for part in (summed, given) if len(part)] or [summed])
        both = both[~both.duplicated(["code", "operator", "quarter"], keep="first")]
        parts.append(both.merge(base, on=["code", "quarter"]).assign(level=level.value))
    frame = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    for name in ("connected_count", "connectable_count"):
        frame[name] = frame[name].astype("int64")
    return frame.sort_values(["level", "code", "operator", "quarter"], ignore_index=True)


def _connectable(actual: pd.DataFrame, of: dict[str, object]) -> pd.DataFrame:
    """Return the connectable premises of the places whose every sector is observed."""
    seen = actual.assign(code=actual["sector_id"].astype(str).map(of)).dropna(subset=["code"])
    size = pd.Series(of).dropna().value_counts()
    base = (
        seen.groupby(["code", "quarter"])
        .agg(
            connectable_count=("serviceable_count", "sum"), seen=("sector_id", "size"),
            referential_rule=("rule", lambda rules: " ".join(sorted(set(rules)))),
        )
        .reset_index()
    )  # fmt: skip
    base["code"] = base["code"].astype(str)
    whole = base["seen"] == base["code"].map(size).astype("int64")
    return base[whole].drop(columns="seen")


def _summed(
    own: pd.DataFrame, base: pd.DataFrame, of: dict[str, object], actual: pd.DataFrame
) -> pd.DataFrame:
    names = ["code", "operator", "quarter", "connected_count"]
    each = _with_every(own[names])
    sold = each.assign(sector_id=each["code"].astype(str), code=each["code"].astype(str).map(of))
    sold = sold.dropna(subset=["code"])
    if sold.empty or base.empty:
        return pd.DataFrame(columns=names)
    known = sold[["sector_id", "quarter"]].drop_duplicates().assign(sold=True)
    needed = actual[actual["serviceable_count"] > 0].merge(
        known, on=["sector_id", "quarter"], how="left"
    )
    silent = needed[needed["sold"].isna()]
    silent = silent.assign(code=silent["sector_id"].astype(str).map(of))
    unknown = set(zip(silent["code"].astype(str), silent["quarter"], strict=True))
    summed = sold.groupby(["code", "operator", "quarter"])["connected_count"].sum().reset_index()
    kept = [
        pair not in unknown
        for pair in zip(summed["code"].astype(str), summed["quarter"], strict=True)
    ]
    return summed.loc[kept, names]


def _with_every(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the sum of all operators where it isn't given."""
    if rows.empty:
        return rows
    sums = rows[rows["operator"] != EVERY_OPERATOR]
    every = sums.groupby(["code", "quarter"])["connected_count"].sum().reset_index()
    both = pd.concat([rows, every.assign(operator=EVERY_OPERATOR)], ignore_index=True)
    return both[~both.duplicated(["code", "operator", "quarter"], keep="first")]

"""Take-up: connected over connectable premises, never over another denominator."""

from __future__ import annotations

import pandas as pd

from planner.errors import ReferentialMismatchError
from planner.findings import Finding, Findings
from planner.schemas import contract
from planner.texts import Message
from planner.vocab import Severity

__all__ = ["measure_take_up"]

_REFERENTIAL = "connectable_premises"


def measure_take_up(sales: pd.DataFrame, *, referential: str) -> tuple[pd.DataFrame, Findings]:
    """Divide connected premises by connectable ones.

    Parameters
    ----------
    sales
        ``level``, ``code``, ``quarter``, ``connected_count`` and ``connectable_count``.
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

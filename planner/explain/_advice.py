"""What the département thinks of a sector, and of the sectors of an EPCI, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from planner.texts import Message
from planner.vocab import Opinion

__all__ = ["advice_of_sectors", "tell_advice", "tell_opinions"]


def tell_advice(
    rows: Sequence[Mapping[str, Any]], named: Callable[[str], str] = str, stem: str = "advice"
) -> list[Message]:
    """Tell the advice on one sector; where it was asked by several EPCI, for each of them.

    Parameters
    ----------
    rows
        Rows of the contract ``advice``, of one sector.
    named
        What people call an EPCI, from its SIREN.
    stem
        ``advice``, whole sentences; or ``opinion``, what stands beside a label.
    """
    told = []
    for row in sorted(rows, key=lambda one: str(one["epci_siren"])):
        remark = None if pd.isna(row["remark"]) or not str(row["remark"]) else str(row["remark"])
        shape = stem if len(rows) == 1 else f"{stem}_for"
        told.append(
            Message.of(
                f"explain.{shape}_remark" if remark else f"explain.{shape}",
                opinion=Opinion(str(row["opinion"])), remark=remark,
                epci=named(str(row["epci_siren"])),
            )
        )  # fmt: skip
    return told


def tell_opinions(rows: Sequence[Mapping[str, Any]]) -> list[Message]:
    """Count the opinions given on the sectors of one EPCI; nothing where none was given."""
    if not rows:
        return []
    counts = {one: sum(str(row["opinion"]) == one.value for row in rows) for one in Opinion}
    return [
        Message.of(
            "explain.opinions", favourable=counts[Opinion.FAVOURABLE],
            reserved=counts[Opinion.RESERVED], against=counts[Opinion.AGAINST],
        )
    ]  # fmt: skip


def advice_of_sectors(
    advice: pd.DataFrame, named: Callable[[str], str] = str, lang: str = "fr"
) -> dict[str, str]:
    """Return what is thought of each sector that advice was given on, in words.

    Parameters
    ----------
    advice
        Contract ``advice``.
    named
        What people call an EPCI, from its SIREN.
    lang
        ``fr`` or ``en``.
    """
    by_sector: dict[str, list[dict[str, Any]]] = {}
    for row in advice.to_dict("records"):
        by_sector.setdefault(str(row["sector_id"]), []).append(
            {str(key): value for key, value in row.items()}
        )
    return {
        key: " ; ".join(message.say(lang) for message in tell_advice(rows, named, "opinion"))
        for key, rows in sorted(by_sector.items())
    }

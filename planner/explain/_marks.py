"""What a sector brings, by objective and by criterion, and how far an EPCI is served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from planner.choice import Quantity, Unit, objective_label
from planner.criteria import PPM, criterion_label
from planner.texts import Message, number
from planner.vocab import EnvelopeUnit

__all__ = ["tell_criteria", "tell_left", "tell_service", "tell_standing"]

_DECIMALS: Final = 2


@dataclass(frozen=True)
class _Listed:
    """Several things, put into words with the sentence that holds them."""

    items: tuple[Message, ...]

    def say(self, lang: str = "fr", /) -> str:
        """Name them."""
        return " ; ".join(item.say(lang) for item in self.items)


@dataclass(frozen=True)
class _Value:
    """A figure as it was measured: whole where it is whole."""

    value: float

    def say(self, lang: str = "fr", /) -> str:
        """Write it."""
        return number(self.value, lang, 0 if float(self.value).is_integer() else _DECIMALS)


def tell_standing(
    value: int, unit: Unit, *, rank: int, of: int, actor: Message | str, objective: str
) -> Message:
    """Say what a sector brings to the first objective, and its rank in its EPCI.

    Parameters
    ----------
    value, unit
        What it brings, and what that is counted in.
    rank, of
        Its rank among so many candidates of the same EPCI.
    actor
        What the EPCI is called.
    objective
        Name of the objective, told where the unit doesn't say it.
    """
    brought = Quantity(value, unit)
    named = Message.of("decision.under", objective=objective_label(objective))
    return Message.of(
        "decision.standing", value=brought, place="" if brought.says_itself else named,
        rank=rank, of=of, actor=actor,
    )  # fmt: skip


def tell_left(left: int, unit: str, actor: str) -> Message:
    """Say what an EPCI has left, in the unit of its envelope."""
    return Message.of(f"explain.left_{EnvelopeUnit(unit).value}", actor=actor, left=left)


def tell_criteria(
    rows: Sequence[Mapping[str, Any]], score: Mapping[str, Any] | None, *, peers: int
) -> list[Message]:
    """Say what a sector is worth by each criterion, and in all.

    Parameters
    ----------
    rows
        Its rows of ``criteria``.
    score
        Its row of ``criteria_scores``.
    peers
        Sectors that have a score.
    """
    if not rows or score is None:
        return []
    listed = tuple(
        Message.of(
            "explain.criterion", name=criterion_label(str(row["criterion"])),
            value=_Value(float(row["value"])), mark=int(row["normalised_ppm"]) / PPM,
            weight=int(row["weight_ppm"]) / PPM,
        )
        for row in sorted(rows, key=lambda row: str(row["criterion"]))
    )  # fmt: skip
    return [
        Message.of(
            "explain.criteria", score=int(score["score_ppm"]) / PPM, rank=int(score["rank"]),
            of=peers, listed=_Listed(listed),
        )
    ]  # fmt: skip


def tell_service(row: Mapping[str, Any] | None) -> list[Message]:
    """Say which share of an EPCI's public lines is served before and after the programme."""
    if row is None or pd.isna(row["served_before_share"]) or pd.isna(row["served_after_share"]):
        return []
    return [
        Message.of(
            "explain.served", lines=int(row["lines_count"]),
            before=float(row["served_before_share"]), after=float(row["served_after_share"]),
        )
    ]  # fmt: skip

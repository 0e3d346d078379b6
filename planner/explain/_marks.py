"""What a sector brings, by objective and by criterion, and how far an EPCI is served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from planner.choice import objective_label
from planner.criteria import PPM, criterion_label
from planner.texts import Message, number
from planner.vocab import EnvelopeUnit

__all__ = ["tell_criteria", "tell_service", "tell_standing"]

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
    decided: Mapping[str, Any], *, peers: int, objective: str, actor: str, unit: str | None
) -> list[Message]:
    """Say what a candidate of the exact rule brings, its rank, and what its EPCI has left.

    Parameters
    ----------
    decided
        Its row of ``decisions``.
    peers
        Candidates of the same EPCI.
    objective
        Name of the first objective.
    actor
        What the EPCI is called.
    unit
        What its envelope is counted in; None without one.
    """
    lines = [
        Message.of(
            "explain.standing", objective=objective_label(objective), value=int(decided["votes"]),
            rank=int(decided["rank"]), of=peers, actor=actor,
        )
    ]  # fmt: skip
    left = decided["envelope_left"]
    if unit is not None and not pd.isna(left):
        kind = EnvelopeUnit(unit).value
        lines.append(Message.of(f"explain.left_{kind}", actor=actor, left=int(left)))
    return lines


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

"""What was found of a flip, and its sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from planner.choice import ChoiceProblem, Quantity, Unit, objective_label
from planner.explain._apply import FlipKind
from planner.texts import Message

__all__ = ["Flip", "FlipStatus", "Words"]

FlipStatus = Literal["exact", "interval", "impossible"]


_OF_NOBODY: dict[FlipStatus, str] = {
    "exact": "decision.wish_of_nobody",
    "impossible": "decision.wish_of_nobody_in_vain",
    "interval": "decision.wish_of_nobody_open",
}


@dataclass(frozen=True, kw_only=True)
class Flip:
    """The smallest change of one kind that flips a sector.

    Parameters
    ----------
    kind
        ``points``: its value under one objective; ``envelope``: what one actor may use; ``limit``:
        the upper bound of a rule; ``cost``: what the sector itself weighs in a rule; ``wish``: its
        being required or refused is dropped.
    place
        Objective, actor or limit.
    status
        ``exact`` where every programme behind it is proved; ``interval`` otherwise; ``impossible``
        when no change of this kind flips it.
    amount
        The change, with its sign, in the unit of what changes; None unless exact.
    low, high
        The smallest change lies in [low, high], without its sign; high is None when unknown.
    message
        In the reader's words.
    """

    kind: FlipKind
    place: str
    status: FlipStatus
    amount: int | None
    low: int
    high: int | None
    message: Message


class Words:
    """Flips of one sector, put into words.

    Parameters
    ----------
    problem, key
        The question and the sector.
    inside
        Whether it is in.
    names
        Actor to what people call it.
    """

    def __init__(
        self, problem: ChoiceProblem, key: str, *, inside: bool, names: Mapping[str, str]
    ) -> None:
        self.problem = problem
        self.key = key
        self.j = problem.sector_ids.index(key)
        self.inside = inside
        self.called: dict[str, Message | str] = {
            **names,
            **{limit.name: limit.message for limit in problem.limits},
            **{one.name: objective_label(one.name) for one in problem.objectives},
        }

    def flip(
        self, kind: FlipKind, place: str, status: FlipStatus, amount: int | None, low: int,
        high: int | None,
    ) -> Flip:  # fmt: skip
        """Return what was found with its sentence."""
        side = "leave" if self.inside else "enter"
        known: str = status
        if status == "interval":
            known = "open" if high is None else "interval"
            if low <= 1 and kind != "wish":  # at least nothing, or one, says nothing
                known = "unknown" if high is None else "enough"
        key = f"decision.flip_{known}" if kind != "wish" else f"decision.flip_wish_{status}"
        unasked = self.problem.unasked
        if kind == "wish" and unasked is not None and unasked[self.j]:
            key = _OF_NOBODY[status]
        values: dict[str, object] = {}
        if kind != "wish":
            unit = self.unit(kind, place)
            where: Message | str = self.called.get(place, place)
            if kind == "points":
                named = status == "impossible" or not Quantity(0, unit).says_itself
                where = Message.of("decision.under", objective=where) if named else ""
            values = {
                "place": where,
                "move": Message.of(
                    "decision.raise" if self.rises(kind, place) else "decision.lower"
                ),
                "amount": None if amount is None else Quantity(abs(amount), unit),
                "low": Quantity(low, unit),
                "high": None if high is None else Quantity(high, unit),
                "points": self.in_points(place, abs(amount or 0)),
            }
        message = Message.of(
            key if kind == "wish" else f"{key}_{kind}", sector=self.key,
            side=Message.of(f"decision.{side}"), stay=Message.of(f"decision.{side}_not"),
            **values,
        )  # fmt: skip
        return Flip(
            kind=kind, place=place, status=status, amount=amount, low=low, high=high,
            message=message,
        )  # fmt: skip

    def unit(self, kind: FlipKind, place: str) -> Unit:
        """Return the unit of what changes."""
        if kind == "envelope":
            return self.problem.envelope_unit(self.problem.actors.index(place))
        those = self.problem.objectives if kind == "points" else self.problem.limits
        return next((one.unit for one in those if one.name == place), "none")

    def rises(self, kind: FlipKind, place: str) -> bool:
        """Tell whether what changes must grow for the sector to flip."""
        if kind == "points":
            one = next(one for one in self.problem.objectives if one.name == place)
            return self.inside != (one.sense == "max")
        return self.inside == (kind == "cost")

    def in_points(self, place: str, size: int) -> Message | str:
        """Say a change of votes in points a line, where one actor has the whole sector."""
        own = self.problem.share_candidate == self.j
        unit = self.unit("points", place)
        if unit not in {"votes", "half_votes"} or own.sum() != 1:
            return ""
        lines = int(self.problem.lines[self.j])
        each = max(lines, 1) * (2 if unit == "half_votes" else 1)
        if self.problem.weights is not None:
            each *= int(self.problem.weights[self.problem.share_actor[own][0]])
        worth = next(
            int(o.coefficients[self.j]) for o in self.problem.objectives if o.name == place
        )
        if self.inside and size > worth:
            return Message.of("decision.flip_no_points")
        return Message.of("decision.flip_points", points=-(-size // each), lines=lines)

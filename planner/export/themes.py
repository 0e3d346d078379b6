"""Further legends than the map's: states, votes, decisions, costs, years, kinds of places.

Like :mod:`planner.export.style`, on which they lean, they know no technology: a class has a code, a
label, a colour, an ink and a pattern (areas) or a shape (points).  An ink stands out from paper by
3 to 1 at least, and no meaning rests on colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from planner.export.style import AreaClass, Pattern, Swatch
from planner.texts import Message
from planner.vocab import (
    AreaKind,
    Decision,
    DeliberationState,
    PremiseState,
    RegulatoryZone,
    Severity,
    Term,
    ZoneKind,
)

__all__ = [
    "AREA_KIND_CLASSES",
    "BALLOT_CLASSES",
    "COST_CLASSES",
    "DECISION_CLASSES",
    "NETWORK_INKS",
    "REGULATORY_CLASSES",
    "SEVERITY_CLASSES",
    "STATE_CLASSES",
    "ZONE_CLASSES",
    "PointClass",
    "Shape",
    "year_classes",
]

Shape = Literal["circle", "square", "triangle", "diamond", "cross_fill", "star", "pentagon"]


@dataclass(frozen=True, kw_only=True)
class PointClass:
    """One entry of a legend of points.

    Parameters
    ----------
    key
        Stable code; empty for what has none.
    label
        What the legend says.
    fill, ink
        Colours of the mark and of its ring.
    shape
        Shape of the mark: classes are told apart without their colour.
    """

    key: str
    label: Message
    fill: str
    ink: str
    shape: Shape


def _area(term: Term, fill: str, ink: str, pattern: Pattern = "solid") -> AreaClass:
    return AreaClass(
        key=term.value,
        label=Message.of("style.term", term=term),
        swatch=Swatch(fill=fill, ink=ink, pattern=pattern),
    )


def _point(term: Term, fill: str, shape: Shape, ink: str = "#ffffff") -> PointClass:
    return PointClass(
        key=term.value, label=Message.of("style.term", term=term), fill=fill, ink=ink, shape=shape
    )


STATE_CLASSES: Final = (
    _point(PremiseState.SERVICEABLE, "#0f6b4f", "circle"),
    _point(PremiseState.SERVICEABLE_ON_DEMAND, "#4b8b2f", "diamond"),
    _point(PremiseState.IN_PROGRESS, "#b8620a", "triangle"),
    _point(PremiseState.AGREEMENT_SIGNED, "#7a55b0", "pentagon"),
    _point(PremiseState.TARGETED, "#2f69a3", "square"),
    _point(PremiseState.ABANDONED, "#a3194e", "cross_fill"),
    PointClass(
        key="", label=Message.of("style.stateless"), fill="#7d838e", ink="#ffffff", shape="circle"
    ),
)
"""State of a premise; the last class is that of a premise without a known state."""

SEVERITY_CLASSES: Final = (
    _point(Severity.SERIOUS, "#a3194e", "star"),
    _point(Severity.WARNING, "#b8620a", "triangle"),
    _point(Severity.INFO, "#2f69a3", "circle"),
)

DECISION_CLASSES: Final = (
    _area(Decision.PHASE_1, "#173a6e", "#0f2a52"),
    _area(Decision.REQUIRED, "#0f7f72", "#0a4f47", "hatch"),
    _area(Decision.CHOSEN, "#58a8bd", "#0f4f63"),
    _area(Decision.ENVELOPE, "#f4d796", "#85560a", "dots"),
    _area(Decision.REFUSED, "#c96a7b", "#7a1f33", "cross"),
    _area(Decision.UNRANKED, "#e6dfd0", "#6f6759"),
    _area(Decision.NO_VOTE, "#cdd1d9", "#5c6370", "bars"),
    _area(Decision.TIE, "#b49ad0", "#55357f", "hatch"),
    _area(Decision.NO_BALLOT, "#ffffff", "#6a707c", "cross"),
)
"""Why a sector is in its phase: the vote of its EPCI as it counted."""

BALLOT_CLASSES: Final = (
    _area(DeliberationState.VOTED, "#58a8bd", "#0f4f63"),
    _area(DeliberationState.PENDING, "#f4d796", "#85560a", "hatch"),
    _area(DeliberationState.REFUSED, "#c96a7b", "#7a1f33", "cross"),
    _area(DeliberationState.ABSENT, "#cdd1d9", "#5c6370", "dots"),
    AreaClass(
        key="none_received",
        label=Message.of("style.none_received"),
        swatch=Swatch(fill="#ffffff", ink="#6a707c", pattern="bars"),
    ),
    AreaClass(
        key="not_due",
        label=Message.of("style.not_due"),
        swatch=Swatch(fill="#eef0f3", ink="#5c6370", pattern="solid"),
    ),
)
"""Where the vote of an EPCI stands; the last two: nothing received, and no vote due."""

REGULATORY_CLASSES: Final = (
    _area(RegulatoryZone.ZTD, "#6b5b95", "#3f3366"),
    _area(RegulatoryZone.L33_13, "#cdd1d9", "#5c6370", "cross"),
    _area(RegulatoryZone.PUBLIC, "#f4f1ea", "#6f6759"),
)

AREA_KIND_CLASSES: Final = (
    _area(AreaKind.URBAN, "#b4d0e7", "#0f2a52", "hatch"),
    _area(AreaKind.RURAL, "#e9eddc", "#5a6436"),
)

ZONE_CLASSES: Final = (
    _area(ZoneKind.VILLE_MOYENNE, "#2f69a3", "#0f2a52", "hatch"),
    _area(ZoneKind.RURAL, "#a8cfa0", "#2f5a2a"),
)


def _cost(key: str, minimum: float, fill: str) -> AreaClass:
    return AreaClass(
        key=key,
        label=Message.of(f"style.{key}"),
        swatch=Swatch(fill=fill, ink="#5a2a0a", pattern="solid"),
        minimum=minimum,
    )


COST_CLASSES: Final = (
    _cost("cost_3000", 3_000, "#8f3b12"),
    _cost("cost_2000", 2_000, "#cf7a33"),
    _cost("cost_1000", 1_000, "#efb673"),
    _cost("cost_low", 0, "#fbe7c6"),
)
"""Cost of a line in euros without taxes; lower bounds are included.  The bounds follow the spread
that the programme has published: some 2 000 € on average, 800 to 4 000 € in fact."""

NETWORK_INKS: Final = ("#a3194e", "#2f69a3", "#0f6b4f", "#b8620a", "#55357f", "#3d4653")
"""Inks of further layers, in the order of their classes; each stands out from paper by 4.5 to 1."""

_YEARS: Final = ("#173a6e", "#58a8bd", "#f4d796", "#c0723a")


def year_classes(years: Sequence[int]) -> tuple[AreaClass, ...]:
    """Return a class for each year: dark to pale follows the order of the works.

    Parameters
    ----------
    years
        Years in any order, with or without repeats.

    Examples
    --------
    >>> [(entry.key, entry.swatch.fill) for entry in year_classes([2020, 2018, 2020])]
    [('2018', '#173a6e'), ('2020', '#c0723a')]
    """
    every = sorted(set(years))
    last = max(len(every) - 1, 1)
    return tuple(
        AreaClass(
            key=str(year),
            label=Message.of("style.year", year=year),
            swatch=Swatch(fill=_between(position / last), ink="#11161d", pattern="solid"),
        )
        for position, year in enumerate(every)
    )


def _between(share: float) -> str:
    """Return the colour at ``share`` of the way along the ramp of years."""
    place = share * (len(_YEARS) - 1)
    start = min(int(place), len(_YEARS) - 2)
    here, there = _YEARS[start], _YEARS[start + 1]
    weight = place - start
    mixed = (
        round(int(here[i : i + 2], 16) * (1 - weight) + int(there[i : i + 2], 16) * weight)
        for i in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02x}" for part in mixed)

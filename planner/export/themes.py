"""Legends of the GIS package: those of the map, and those that it hasn't.

States, votes, costs and years are painted as in :mod:`planner.export.palettes`, so that a colour
means the same thing wherever it is seen.  Like it these legends know no technology: a class has a
code, a label, a colour, an ink and a pattern (areas) or a shape (points).  An ink stands out from
paper by 3 to 1 at least, and no meaning rests on colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from planner.export.palettes import (
    BALLOT_THEME,
    COST_THEME,
    STATE_SHAPES,
    STATE_THEME,
    year_theme,
)
from planner.export.style import PAPER, AreaClass, Pattern, Swatch
from planner.texts import Message
from planner.vocab import (
    AreaKind,
    Decision,
    DeliberationState,
    Eligibility,
    Laying,
    PremiseState,
    RegulatoryZone,
    Severity,
    Support,
    Term,
    ZoneKind,
)

__all__ = [
    "AREA_FILLS",
    "AREA_KIND_CLASSES",
    "BALLOT_CLASSES",
    "COST_CLASSES",
    "DECISION_CLASSES",
    "ELIGIBILITY_CLASSES",
    "LAYING_CLASSES",
    "NETWORK_INKS",
    "NRO_CLASSES",
    "NUMBER_FILLS",
    "PBO_CLASSES",
    "PM_CLASSES",
    "REGULATORY_CLASSES",
    "SEVERITY_CLASSES",
    "STATE_CLASSES",
    "SUPPORT_CLASSES",
    "ZONE_CLASSES",
    "LineClass",
    "PointClass",
    "Shape",
    "area_classes",
    "point_classes",
    "year_classes",
]

_GREY: Final = "#6a707c"
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
    rim
        How broad the ring is, 1 for the usual.
    """

    key: str
    label: Message
    fill: str
    ink: str
    shape: Shape
    rim: float = 1.0


@dataclass(frozen=True, kw_only=True)
class LineClass:
    """One entry of a legend of lines.

    Parameters
    ----------
    key
        Stable code; empty for every code that no other class names.
    label
        What the legend says.
    color
        ``#rrggbb``.
    dash
        Lengths of dashes and gaps, in widths of the line; empty for a whole line.
    """

    key: str
    label: Message
    color: str
    dash: tuple[float, ...] = ()


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


_SHAPES: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        "disc": "circle", "square": "square", "triangle": "triangle", "diamond": "diamond",
        "ring": "circle", "cross": "cross_fill",
    }
)  # fmt: skip


def _state(entry: AreaClass) -> PointClass:
    """Mark a premise as the map does; a ring is a disc with a broad rim."""
    shape = STATE_SHAPES[entry.key]
    return PointClass(
        key=entry.key if entry.key in set(PremiseState) else "",
        label=entry.label,
        fill=entry.swatch.fill,
        ink=entry.swatch.ink,
        shape=_SHAPES[shape],
        rim=2.0 if shape == "ring" else 1.0,
    )


STATE_CLASSES: Final = tuple(_state(entry) for entry in STATE_THEME.classes)
"""State of a premise; the last class is that of a premise without a known state."""

SEVERITY_CLASSES: Final = (
    _point(Severity.SERIOUS, "#a3194e", "star"),
    _point(Severity.WARNING, "#b8620a", "triangle"),
    _point(Severity.INFO, "#2f69a3", "circle"),
)

ELIGIBILITY_CLASSES: Final = (
    _point(Eligibility.ELIGIBLE, "#55357f", "diamond"),
    _point(Eligibility.UNDECIDED, "#b8620a", "triangle"),
    _point(Eligibility.NOT_ELIGIBLE, "#5c6370", "square"),
)
"""What the rules of Axe 3 answer to a request."""

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
    _area(Decision.NOT_BEST, "#dbe3c3", "#5c6b2e", "dots"),
)
"""Why a sector is in its phase: the vote of its EPCI as it counted."""

BALLOT_CLASSES: Final = (
    *(entry for entry in BALLOT_THEME.classes if entry.key in set(DeliberationState)),
    AreaClass(
        key="none_received",
        label=Message.of("style.none_received"),
        swatch=BALLOT_THEME.classes[-1].swatch,
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


COST_CLASSES: Final = tuple(entry for entry in COST_THEME.classes if entry.minimum is not None)
"""Cost of a line in cents, the highest first; lower bounds are included."""

NETWORK_INKS: Final = ("#a3194e", "#2f69a3", "#0f6b4f", "#b8620a", "#55357f", "#3d4653")
"""Inks of further layers, in the order of their classes; each stands out from paper by 4.5 to 1."""

AREA_FILLS: Final = ("#e3a9bf", "#a9c6e3", "#a5cfbf", "#eac79d", "#c6b4dc", "#c3c7ce")
"""Fills of further areas, in the order of their classes; paler than the inks of their patterns."""
NUMBER_FILLS: Final = ("#0f2f5e", "#2f69a3", "#6fa3cf", "#b4d0e7", "#e3edf5")
"""Fills of a number's classes, the highest first."""
_PATTERNS: Final[tuple[Pattern, ...]] = ("solid", "hatch", "dots", "cross", "bars")
_MARKS: Final[tuple[Shape, ...]] = (
    "circle", "square", "triangle", "diamond", "pentagon", "star", "cross_fill",
)  # fmt: skip


def _laid(term: Term, color: str, dash: tuple[float, ...] = ()) -> LineClass:
    return LineClass(
        key=term.value, label=Message.of("style.term", term=term), color=color, dash=dash
    )


_OTHER_LINE: Final = LineClass(
    key="", label=Message.of("style.other"), color="#6a707c", dash=(1.0, 2.0)
)

LAYING_CLASSES: Final = (
    _laid(Laying.EXISTING_DUCT, "#2f69a3"),
    _laid(Laying.EXISTING_POLES, "#0f6b4f", (5.0, 2.5)),
    _laid(Laying.NEW_POLES, "#b8620a", (2.0, 2.0)),
    _laid(Laying.TRENCH_UNPAVED, "#7a5a00", (8.0, 2.0, 2.0, 2.0)),
    _laid(Laying.TRENCH_CARRIAGEWAY, "#a3194e"),
    _laid(Laying.TRENCH_PAVED, "#55357f", (12.0, 3.0)),
    _OTHER_LINE,
)
"""How a cable is laid; what is to be dug or set up is warm, what exists is cold."""

SUPPORT_CLASSES: Final = (
    _laid(Support.DUCT, "#2f69a3"),
    _laid(Support.CHANNEL, "#2f69a3", (8.0, 2.0)),
    _laid(Support.GALLERY, "#55357f"),
    _laid(Support.SEWER, "#55357f", (8.0, 2.0)),
    _laid(Support.POLE_TELECOM, "#0f6b4f", (5.0, 2.5)),
    _laid(Support.POLE_ENERGY, "#b8620a", (5.0, 2.5)),
    _laid(Support.FACADE, "#0f6b4f", (2.0, 2.0)),
    _laid(Support.BUILDING, "#3d4653", (2.0, 2.0)),
    _laid(Support.BURIED, "#a3194e"),
    _laid(Support.SPECIFIC, "#3d4653", (8.0, 2.0, 2.0, 2.0)),
    _OTHER_LINE,
)
"""What carries a cable, as partners deliver it."""


def _mark(name: str, fill: str, shape: Shape, ink: str = PAPER, rim: float = 1.5) -> PointClass:
    label = Message.of(f"style.{name}")
    return PointClass(key=name, label=label, fill=fill, ink=ink, shape=shape, rim=rim)


NRO_CLASSES: Final = (
    _mark("nro_new", "#11161d", "square"),
    _mark("nro_reused", PAPER, "square", "#11161d", 4.0),
)
PM_CLASSES: Final = (
    _mark("pm_remote", PAPER, "triangle", "#55357f", 3.0),
    _mark("pm", "#55357f", "triangle"),
)
PBO_CLASSES: Final = (
    _mark("pbo_lost", "#a3194e", "cross_fill"),
    _mark("pbo_on_demand", "#b8620a", "diamond"),
    _mark("pbo", "#2f69a3", "circle"),
)


def point_classes(terms: Sequence[Term]) -> tuple[PointClass, ...]:
    """Return a class of points for each code, and one for what has none, told apart by shape too.

    Examples
    --------
    >>> from planner.vocab import SiteKind
    >>> [(entry.key, entry.shape) for entry in point_classes([SiteKind.NRO, SiteKind.PM])]
    [('nro', 'circle'), ('pm', 'square'), ('', 'circle')]
    """
    named = tuple(
        _point(term, NETWORK_INKS[at % len(NETWORK_INKS)], _MARKS[at % len(_MARKS)])
        for at, term in enumerate(terms)
    )
    absent = Message.of("style.absent")
    return (*named, PointClass(key="", label=absent, fill=PAPER, ink=_GREY, shape="circle", rim=2))


def area_classes(terms: Sequence[Term]) -> tuple[AreaClass, ...]:
    """Return a class of areas for each code, and one for what has none, told apart by pattern too.

    Examples
    --------
    >>> from planner.vocab import AreaKind
    >>> [(entry.key, entry.swatch.pattern) for entry in area_classes(list(AreaKind))]
    [('urban', 'solid'), ('rural', 'hatch'), ('', 'bars')]
    """
    named = tuple(
        _area(term, AREA_FILLS[at % len(AREA_FILLS)], NETWORK_INKS[at % len(NETWORK_INKS)],
              _PATTERNS[at % len(_PATTERNS)])
        for at, term in enumerate(terms)
    )  # fmt: skip
    absent = Swatch(fill=PAPER, ink=_GREY, pattern="bars")
    return (*named, AreaClass(key="", label=Message.of("style.absent"), swatch=absent))


def year_classes(years: Sequence[int]) -> tuple[AreaClass, ...]:
    """Return a class for each year, in the colours of the map.

    Parameters
    ----------
    years
        Years in any order, with or without repeats.

    Examples
    --------
    >>> [entry.key for entry in year_classes([2020, 2018, 2020])]
    ['2018', '2020']
    """
    every = sorted(set(years))
    known = {str(year) for year in every}
    return tuple(entry for entry in year_theme(every).classes if entry.key in known)

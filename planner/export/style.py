"""One palette, one legend and one table of themes for every output.

The HTML map, its static picture and later the QGIS styles read this module, so that a colour means
the same thing wherever it is seen.  No meaning rests on colour alone: each class of areas has a
pattern too, and an ``ink`` that stands out from paper by 3 to 1 at least (RGAA 4.1, criterion 3.3;
WCAG 2.1, 1.4.11).  Tests compute contrasts and the distances that colour-blind readers see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from planner.texts import Message
from planner.vocab import Phase

__all__ = [
    "COVERAGE_THEME",
    "LINES",
    "PAPER",
    "PHASE_THEME",
    "SURROUNDINGS",
    "THEMES",
    "TOWN",
    "AreaClass",
    "LineStyle",
    "Pattern",
    "Swatch",
    "Theme",
    "TownStyle",
    "coverage_class",
    "phase_class",
]

Pattern = Literal["solid", "hatch", "dots", "cross", "bars"]
"""How an area is filled, beside its colour: ``hatch`` rises to the right, ``bars`` lie flat."""
Unit = Literal["sector", "commune"]

PAPER: Final = "#ffffff"
"""What the legend and the tables are printed on."""
SURROUNDINGS: Final = "#e4e5e6"
"""What surrounds the territory, sea or land alike: its outline isn't known, so it is no blue."""


@dataclass(frozen=True, kw_only=True)
class Swatch:
    """How an area is painted.

    Parameters
    ----------
    fill
        Colour of the area, ``#rrggbb``.
    ink
        Colour of its pattern and of its border in the legend.
    pattern
        Shape drawn in ``ink`` over ``fill``.
    """

    fill: str
    ink: str
    pattern: Pattern


@dataclass(frozen=True, kw_only=True)
class AreaClass:
    """One entry of a legend of areas.

    Parameters
    ----------
    key
        Stable code.
    label
        What the legend says.
    swatch
        How it is painted.
    minimum
        Lower bound of the class where classes are those of a number, else None.
    """

    key: str
    label: Message
    swatch: Swatch
    minimum: float | None = None


@dataclass(frozen=True, kw_only=True)
class Theme:
    """One way of colouring the territory.

    Parameters
    ----------
    key
        Stable code.
    label
        What the choice of themes says.
    unit
        What is coloured.
    classes
        The legend, in its order.
    """

    key: str
    label: Message
    unit: Unit
    classes: tuple[AreaClass, ...]

    def position(self, key: str) -> int:
        """Return the position of the class ``key`` in the legend.

        Raises
        ------
        LookupError
            When the theme has no such class.
        """
        for position, entry in enumerate(self.classes):
            if entry.key == key:
                return position
        raise LookupError(f"theme {self.key} has no class {key}")


@dataclass(frozen=True, kw_only=True)
class LineStyle:
    """How a kind of border is drawn.

    Parameters
    ----------
    label
        What the legend says.
    color
        ``#rrggbb``.
    width
        In CSS pixels, at zoom 10.
    dash
        Lengths of dashes and gaps in pixels; empty for a whole line.
    halo
        Width in pixels of the white line below, 0 for none.
    from_zoom
        Web zoom below which the line is left out, because it would cover what it borders.
    """

    label: Message
    color: str
    width: float
    dash: tuple[float, ...] = ()
    halo: float = 0.0
    from_zoom: float = 0.0


@dataclass(frozen=True, kw_only=True)
class TownStyle:
    """How a ville moyenne is marked.

    Parameters
    ----------
    label
        What the legend says.
    fill, ink
        Colours of the disc and of its ring.
    radius
        In CSS pixels.
    """

    label: Message
    fill: str
    ink: str
    radius: float


def _phase(phase: Phase, fill: str, ink: str, pattern: Pattern) -> AreaClass:
    return AreaClass(
        key=phase.value,
        label=Message.of("map.phase", phase=phase),
        swatch=Swatch(fill=fill, ink=ink, pattern=pattern),
    )


_UNKNOWN: Final = "unknown"
_UNKNOWN_SWATCH: Final = Swatch(fill="#ffffff", ink="#6a707c", pattern="bars")

PHASE_THEME: Final = Theme(
    key="phase",
    label=Message.of("map.theme_phase"),
    unit="sector",
    classes=(
        _phase(Phase.PHASE_1, "#173a6e", "#0f2a52", "solid"),
        _phase(Phase.PHASE_2, "#58a8bd", "#0f4f63", "hatch"),
        _phase(Phase.PHASE_3, "#f4d796", "#85560a", "dots"),
        _phase(Phase.PRIVATE, "#cdd1d9", "#5c6370", "cross"),
        AreaClass(key=_UNKNOWN, label=Message.of("map.class_no_sector"), swatch=_UNKNOWN_SWATCH),
    ),
)
"""Phase of each sector.  Dark to pale follows the order of the works."""


def _rate(key: str, minimum: float, fill: str) -> AreaClass:
    return AreaClass(
        key=key,
        label=Message.of(f"map.class_{key}"),
        swatch=Swatch(fill=fill, ink="#0f2a52", pattern="solid"),
        minimum=minimum,
    )


COVERAGE_THEME: Final = Theme(
    key="coverage",
    label=Message.of("map.theme_coverage"),
    unit="commune",
    classes=(
        _rate("rate_75", 0.75, "#0f2f5e"),
        _rate("rate_50", 0.50, "#2f69a3"),
        _rate("rate_25", 0.25, "#6fa3cf"),
        _rate("rate_low", 0.0, "#b4d0e7"),
        AreaClass(
            key="rate_0",
            label=Message.of("map.class_rate_0"),
            swatch=Swatch(fill="#f4f1ea", ink="#6f6759", pattern="solid"),
        ),
        AreaClass(key=_UNKNOWN, label=Message.of("map.class_unknown"), swatch=_UNKNOWN_SWATCH),
    ),
)
"""Coverage rate of each commune; the bounds are included in the class above them."""

THEMES: Final = (PHASE_THEME, COVERAGE_THEME)

LINES: Final[Mapping[str, LineStyle]] = MappingProxyType(
    {
        "sector": LineStyle(
            label=Message.of("map.line_sector"), color="#ffffff", width=0.7, from_zoom=8.5
        ),
        "commune": LineStyle(
            label=Message.of("map.line_commune"),
            color="#3d4653",
            width=0.7,
            dash=(2.0, 2.0),
            from_zoom=9.0,
        ),
        "zone": LineStyle(
            label=Message.of("map.line_zone"), color="#a3194e", width=1.8, halo=1.6, from_zoom=8.5
        ),
        "epci": LineStyle(label=Message.of("map.line_epci"), color="#2b323c", width=1.1, halo=1.0),
        "departement": LineStyle(
            label=Message.of("map.line_departement"),
            color="#11161d",
            width=2.2,
            dash=(9.0, 3.0, 2.0, 3.0),
            halo=1.6,
        ),
        "coast": LineStyle(label=Message.of("map.line_region"), color="#2b323c", width=1.0),
    }
)
"""Borders in the order they are drawn, the last on top."""

TOWN: Final = TownStyle(
    label=Message.of("map.villes_moyennes"), fill="#ffffff", ink="#a3194e", radius=5.0
)


def phase_class(phase: str | None) -> int:
    """Return the position in :data:`PHASE_THEME` of a phase; None is an area without a sector."""
    return PHASE_THEME.position(_UNKNOWN if phase is None else phase)


def coverage_class(rate: float | None) -> int:
    """Return the position in :data:`COVERAGE_THEME` of a rate in [0, 1]; None is unknown.

    Examples
    --------
    >>> [COVERAGE_THEME.classes[coverage_class(r)].key for r in (None, 0.0, 0.1, 0.75, 1.2)]
    ['unknown', 'rate_0', 'rate_low', 'rate_75', 'rate_75']
    """
    if rate is None:
        return COVERAGE_THEME.position(_UNKNOWN)
    if rate == 0:
        return COVERAGE_THEME.position("rate_0")
    for position, entry in enumerate(COVERAGE_THEME.classes):
        if entry.minimum is not None and rate >= entry.minimum:
            return position
    raise ValueError(f"a coverage rate can't be {rate}")

"""How a sector is painted on a bulletin: by what the EPCI says of it, and what comes of it."""

from __future__ import annotations

from typing import Final

from planner.export.style import PHASE_THEME, AreaClass, LineStyle, Pattern, Swatch, Theme
from planner.texts import Message
from planner.vocab import Phase

__all__ = ["BULLETIN_LINES", "BULLETIN_THEME"]


def _class(key: str, fill: str, ink: str, pattern: Pattern) -> AreaClass:
    return AreaClass(
        key=key,
        label=Message.of(f"bulletin.class_{key}"),
        swatch=Swatch(fill=fill, ink=ink, pattern=pattern),
    )


def _as_phase(key: str, phase: Phase) -> AreaClass:
    """Paint what ends in a phase in the colour of that phase on the officials' map."""
    swatch = PHASE_THEME.classes[PHASE_THEME.position(phase.value)].swatch
    return _class(key, swatch.fill, swatch.ink, swatch.pattern)


BULLETIN_THEME: Final = Theme(
    key="bulletin",
    label=Message.of("bulletin.theme"),
    unit="sector",
    classes=(
        _class("none", "#ffffff", "#6a707c", "solid"),
        _class("required", "#1c6f8a", "#0a3a49", "solid"),
        _as_phase("in", Phase.PHASE_2),
        _class("out", "#dbeef3", "#0f4f63", "dots"),
        _class("trouble", "#f3b9cb", "#8d0f40", "cross"),
        _as_phase("refused", Phase.PHASE_3),
        _class("theirs", "#e3e6ea", "#5c6370", "bars"),
        _as_phase("settled", Phase.PHASE_1),
        _as_phase("outside", Phase.PRIVATE),
    ),
)
"""What is said of each sector; those that enter are in the colour of phase 2."""

BULLETIN_LINES: Final = (
    LineStyle(label=Message.of("map.line_sector"), color="#5a6675", width=0.9),
    LineStyle(
        label=Message.of("map.line_commune"), color="#3d4653", width=0.8, dash=(2.0, 2.0),
        from_zoom=10.0,
    ),
    LineStyle(label=Message.of("map.line_epci"), color="#11161d", width=2.2, halo=1.6),
)  # fmt: skip
"""Borders of sectors, communes and the EPCI, the last on top."""

"""Themes of a programme that is followed: slippage, take-up, completeness.

Same rules as :mod:`planner.export.palettes`, whose tests compute them too: no meaning by colour
alone, an ink at 3 to 1 on paper, colours that colour-blind readers tell apart.
"""

from __future__ import annotations

from typing import Final

from planner.export.style import PAPER, AreaClass, Pattern, Swatch, Theme
from planner.follow_vocab import ClockVerdict
from planner.texts import Message
from planner.vocab import Phase

__all__ = ["COMPLETENESS_THEME", "FOLLOW_THEMES", "SLIPPAGE_THEME", "TAKE_UP_THEME"]


def _entry(
    key: str, label: Message, fill: str, ink: str, pattern: Pattern = "solid",
    minimum: float | None = None,
) -> AreaClass:  # fmt: skip
    swatch = Swatch(fill=fill, ink=ink, pattern=pattern)
    return AreaClass(key=key, label=label, swatch=swatch, minimum=minimum)


def _own(key: str, fill: str, ink: str, *, minimum: float) -> AreaClass:
    return _entry(key, Message.of(f"follow_up.class_{key}"), fill, ink, "solid", minimum)


def _private() -> AreaClass:
    label = Message.of("map.phase", phase=Phase.PRIVATE)
    return _entry(Phase.PRIVATE.value, label, "#cdd1d9", "#5c6370", "cross")


def _unknown(label: str) -> AreaClass:
    return _entry("unknown", Message.of(label), PAPER, "#6a707c", "bars")


SLIPPAGE_THEME: Final = Theme(
    key="slippage",
    label=Message.of("follow_up.theme_slippage"),
    unit="sector",
    classes=(
        _own("late_9", "#5e1a2e", "#40101f", minimum=9),
        _own("late_5", "#b5473f", "#7a2620", minimum=5),
        _own("late_1", "#f0b27a", "#8f4310", minimum=1),
        _own("not_late", "#2f7ca0", "#0f3a52", minimum=-1e6),
        _private(),
        _unknown("follow_up.class_not_followed"),
    ),
)
"""Quarters for which a sector has been promised more than it has; the bound is in the class."""

TAKE_UP_THEME: Final = Theme(
    key="take_up",
    label=Message.of("follow_up.theme_take_up"),
    unit="sector",
    classes=(
        _own("sold_50", "#0b3b2e", "#06251c", minimum=0.5),
        _own("sold_30", "#2c7d5f", "#12503a", minimum=0.3),
        _own("sold_15", "#8cc6a3", "#2b6a49", minimum=0.15),
        _own("sold_0", "#e3f0d8", "#55703a", minimum=0.0),
        _private(),
        _unknown("follow_up.class_not_sold"),
    ),
)
"""Connected over connectable premises of a sector; absent where nothing is connectable."""


def _verdict(verdict: ClockVerdict, fill: str, ink: str, pattern: Pattern = "solid") -> AreaClass:
    return _entry(verdict.value, Message.of("style.term", term=verdict), fill, ink, pattern)


COMPLETENESS_THEME: Final = Theme(
    key="completeness",
    label=Message.of("follow_up.theme_completeness"),
    unit="sector",
    classes=(
        _verdict(ClockVerdict.BREACHED, "#5e1a2e", "#40101f"),
        _verdict(ClockVerdict.WILL_BREACH, "#e8a05c", "#6b3208", "hatch"),
        _verdict(ClockVerdict.ON_TIME, "#a9d3e6", "#1c5e86"),
        _verdict(ClockVerdict.COMPLETE, "#173a6e", "#0f2a52"),
        _entry("unclocked", Message.of("follow_up.class_unclocked"), "#f1e3a4", "#6b5a00", "dots"),
        _private(),
        _unknown("follow_up.class_no_pm"),
    ),
)
"""Whether each PM area will be wholly serviceable by its deadline, at the pace seen."""

FOLLOW_THEMES: Final = (SLIPPAGE_THEME, TAKE_UP_THEME, COMPLETENESS_THEME)

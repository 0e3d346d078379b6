"""The other themes of the maps, beside phase and coverage: state, year, cost, rank, vote.

Same rules as :mod:`planner.export.style`: no meaning by colour alone, an ink at 3 to 1 on paper,
colours that colour-blind readers tell apart; the same tests compute them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from planner.export.style import PAPER, PHASE_THEME, AreaClass, Pattern, Swatch, Theme
from planner.texts import Message
from planner.vocab import DeliberationState, Phase, PremiseState

__all__ = [
    "AXE3_THEME", "BALLOT_THEME", "CHANGE_THEME", "COST_THEME", "NETWORK_THEME",
    "PHASE_BEFORE_THEME", "RANK_THEME", "SHIFT_THEME", "STATE_SHAPES", "STATE_THEME",
    "class_above", "year_theme",
]  # fmt: skip

_GREY: Final = "#6a707c"


def _entry(
    key: str, label: Message, fill: str, ink: str, pattern: Pattern = "solid",
    minimum: float | None = None,
) -> AreaClass:  # fmt: skip
    swatch = Swatch(fill=fill, ink=ink, pattern=pattern)
    return AreaClass(key=key, label=label, swatch=swatch, minimum=minimum)


def _private() -> AreaClass:
    label = Message.of("map.phase", phase=Phase.PRIVATE)
    return _entry(Phase.PRIVATE.value, label, "#cdd1d9", "#5c6370", "cross")


def _unknown(label: str) -> AreaClass:
    return _entry("unknown", Message.of(label), PAPER, _GREY, "bars")


def _state(state: PremiseState, fill: str, ink: str) -> AreaClass:
    return _entry(state.value, Message.of("map.state", state=state), fill, ink)


STATE_THEME: Final = Theme(
    key="state",
    label=Message.of("map.theme_state"),
    unit="sector",
    classes=(
        _state(PremiseState.SERVICEABLE, "#0f4c81", "#0b2f52"),
        _state(PremiseState.SERVICEABLE_ON_DEMAND, "#6db3d9", "#1c5e86"),
        _state(PremiseState.IN_PROGRESS, "#d9571b", "#8f330a"),
        _state(PremiseState.AGREEMENT_SIGNED, "#f0a35e", "#8a4b0c"),
        _state(PremiseState.TARGETED, "#f6dc9b", "#85650a"),
        _state(PremiseState.ABANDONED, "#26201c", "#0d0a08"),
        _entry("unknown", Message.of("map.class_state_unknown"), "#b9bfc8", _GREY),
    ),
)
"""State of premises; a sector is painted in the most frequent one."""

STATE_SHAPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        PremiseState.SERVICEABLE.value: "disc",
        PremiseState.SERVICEABLE_ON_DEMAND.value: "square",
        PremiseState.IN_PROGRESS.value: "triangle",
        PremiseState.AGREEMENT_SIGNED.value: "diamond",
        PremiseState.TARGETED.value: "ring",
        PremiseState.ABANDONED.value: "cross",
        "unknown": "disc",
    }
)
"""Shape of a premise in each state, where it is drawn large enough to have one."""

COST_THEME: Final = Theme(
    key="cost",
    label=Message.of("map.theme_cost"),
    unit="sector",
    classes=(
        _entry("cost_3", Message.of("map.class_cost_3"), "#5e1a2e", "#40101f", minimum=300_000),
        _entry("cost_2", Message.of("map.class_cost_2"), "#b5473f", "#7a2620", minimum=200_000),
        _entry("cost_1", Message.of("map.class_cost_1"), "#e99a6b", "#8f4310", minimum=100_000),
        _entry("cost_0", Message.of("map.class_cost_0"), "#fae0c1", "#8a5a1d", minimum=0),
        _private(),
        _unknown("map.class_cost_unknown"),
    ),
)
"""Estimated cost a premise of each sector, in cents; bounds are included in the class above."""

NETWORK_THEME: Final = replace(
    COST_THEME,
    key="network",
    label=Message.of("map.theme_network"),
    classes=(*COST_THEME.classes[:-1], _unknown("map.class_network_unknown")),
)
"""Cost a line of the designed network, in the colours of the estimate."""

RANK_THEME: Final = Theme(
    key="rank",
    label=Message.of("map.theme_rank"),
    unit="sector",
    classes=(
        _entry("required", Message.of("map.class_required"), "#140b33", "#0f082b"),
        _entry("rank_1", Message.of("map.class_rank_1"), "#4a2377", "#2e1250", minimum=1),
        _entry("rank_6", Message.of("map.class_rank_6"), "#8457a8", "#4f2b74", minimum=6),
        _entry("rank_11", Message.of("map.class_rank_11"), "#b795cd", "#5f3b80", minimum=11),
        _entry("rank_21", Message.of("map.class_rank_21"), "#e6d6ee", "#6b4d84", minimum=21),
        _entry("refused", Message.of("map.class_refused"), "#f2b8b0", "#8c1d18", "cross"),
        _entry("phase_1", Message.of("map.class_done"), "#7f8ea3", "#2c3a4d"),
        _private(),
        _unknown("map.class_unranked"),
    ),
)
"""Rank that the deciding EPCI gives each sector in its ballot."""

AXE3_THEME: Final = Theme(
    key="axe3",
    label=Message.of("map.theme_axe3"),
    unit="commune",
    classes=(
        _entry("axe3_6", Message.of("map.class_axe3_6"), "#4a2a6b", "#2a1540", minimum=6),
        _entry("axe3_3", Message.of("map.class_axe3_3"), "#8259a8", "#3a1d5c", "hatch", minimum=3),
        _entry("axe3_1", Message.of("map.class_axe3_1"), "#c9b2dd", "#55357f", "dots", minimum=1),
        _entry("axe3_0", Message.of("map.class_axe3_0"), "#f1e3c6", "#7d5a20", "bars", minimum=0),
        _entry("unknown", Message.of("map.class_axe3_none"), "#f7f6f3", _GREY),
    ),
)
"""Eligible requests of Axe 3 in each commune; without any request, the last class."""

BALLOT_THEME: Final = Theme(
    key="ballot",
    label=Message.of("map.theme_ballot"),
    unit="sector",
    classes=(
        _entry(
            DeliberationState.VOTED.value, Message.of("map.class_ballot_voted"),
            "#1c6b58", "#0d4437",
        ),
        _entry(
            DeliberationState.PENDING.value,
            Message.of("map.class_ballot_pending"),
            "#f4cf6b", "#6b4c00", "hatch",
        ),
        _entry(
            DeliberationState.REFUSED.value,
            Message.of("map.class_ballot_refused"),
            "#a3194e", "#5c0f2e", "solid",
        ),
        _entry(
            DeliberationState.ABSENT.value,
            Message.of("map.class_ballot_absent"),
            "#f2dcc0", "#7d4a20", "dots",
        ),
        _private(),
        _unknown("map.class_no_ballot"),
    ),
)  # fmt: skip
"""Where the vote of the EPCI that decides for each sector stands."""

_BOTH_WAYS: Final[tuple[tuple[str, str, Pattern], ...]] = (
    ("#12406b", "#0b2a49", "solid"),
    ("#86b9dd", "#1b4f7c", "hatch"),
    ("#efece4", "#6f6759", "solid"),
    ("#f2bd7c", "#85480a", "dots"),
    ("#d9623b", "#3d0f00", "cross"),
)
"""From much better to much worse: blue to orange, dark at both ends, pale where nothing moves."""


def _both_ways(*keys: str) -> tuple[AreaClass, ...]:
    return tuple(
        _entry(key, Message.of(f"map.class_{key}"), fill, ink, pattern)
        for key, (fill, ink, pattern) in zip(keys, _BOTH_WAYS, strict=True)
    )


CHANGE_THEME: Final = Theme(
    key="change",
    label=Message.of("map.theme_change"),
    unit="sector",
    classes=(
        *_both_ways("enters", "sooner", "same", "later", "leaves"),
        _entry("only_after", Message.of("map.class_only_after"), "#7b5aa6", "#1d0a3a", "bars"),
        _private(),
        _unknown("map.class_no_sector"),
    ),
)
"""What becomes of each sector from one plan to another."""

SHIFT_THEME: Final = Theme(
    key="shift",
    label=Message.of("map.theme_shift"),
    unit="sector",
    classes=(
        *_both_ways("years_sooner", "year_sooner", "same_year", "year_later", "years_later"),
        _private(),
        _unknown("map.class_shift_unknown"),
    ),
)
"""By how many years the works of each sector move from one plan to another."""

PHASE_BEFORE_THEME: Final = replace(
    PHASE_THEME, key="phase_before", label=Message.of("map.theme_phase_before")
)
"""Phase of each sector in the first of two plans, in the same colours."""

_YEAR_STOPS: Final = ("#173a6e", "#2f7ca0", "#7fc0b0", "#f1e3a4")


def year_theme(years: Sequence[int]) -> Theme:
    """Return the theme of the years of works, from dark for the first to pale for the last.

    Parameters
    ----------
    years
        The years, in order.
    """
    ramp = tuple(
        _entry(str(year), Message.of("map.class_year", year=str(year)), fill, "#0f3a52")
        for year, fill in zip(years, _ramp(len(years)), strict=True)
    )
    opened = _entry("open", Message.of("map.class_open"), "#0b1d38", "#050f1f", "solid")
    return Theme(
        key="year",
        label=Message.of("map.theme_year"),
        unit="sector",
        classes=(opened, *ramp, _private(), _unknown("map.class_year_unknown")),
    )


def _ramp(count: int) -> list[str]:
    stops = [[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in _YEAR_STOPS]
    colors = []
    for position in range(count):
        at = position * (len(stops) - 1) / max(1, count - 1)
        low = min(int(at), len(stops) - 2)
        mixed = [
            round(a + (b - a) * (at - low)) for a, b in zip(stops[low], stops[low + 1], strict=True)
        ]
        colors.append("#" + "".join(f"{part:02x}" for part in mixed))
    return colors


def class_above(theme: Theme, value: float | None) -> int:
    """Return the position of the class that holds a number; None is unknown.

    Examples
    --------
    >>> [COST_THEME.classes[class_above(COST_THEME, c)].key for c in (None, 0, 100_000, 299_999)]
    ['unknown', 'cost_0', 'cost_1', 'cost_2']
    """
    held = [
        (entry.minimum, position)
        for position, entry in enumerate(theme.classes)
        if entry.minimum is not None and value is not None and value >= entry.minimum
    ]
    return max(held)[1] if held else theme.position("unknown")

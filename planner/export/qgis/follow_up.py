"""How the layers of a followed programme look: the classes of the map's own themes.

By rule and not by range: what isn't known is a class, not a hole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from planner.export.follow_palettes import FOLLOW_THEMES
from planner.export.qgis.labels import Label
from planner.export.qgis.layers import LayerFacts
from planner.export.qgis.look import DETAIL_FROM, INK, PREMISES_FROM, Look
from planner.export.qgis.renderers import ELSE, Rule, rules
from planner.export.qgis.symbols import area
from planner.export.style import AreaClass, Theme
from planner.follow_vocab import ClockVerdict
from planner.vocab import Phase

__all__ = ["FOLLOW_LAYERS", "follow_up_looks"]

FOLLOW_LAYERS: Final = ("epci_follow_up", "sector_follow_up")
_OUTLINE: Final = "#ffffff"
_COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {"slippage": "late_quarters", "take_up": "take_up_share", "completeness": "verdict"}
)
_LABELS: Final[Mapping[str, Label]] = MappingProxyType(
    {
        "epci_follow_up": Label(
            expression="nom", size_pt=8, color=INK, bold=True, min_scale=DETAIL_FROM, priority=6
        ),
        "sector_follow_up": Label(
            expression="nom", size_pt=7, color=INK, min_scale=PREMISES_FROM, priority=4
        ),
    }
)


def follow_up_looks(facts: LayerFacts) -> Iterator[Look]:
    """Yield the styles of a layer of the follow-up: slippage first, then what else it holds.

    Parameters
    ----------
    facts
        The layer.
    """
    for theme in FOLLOW_THEMES:
        column = _COLUMNS[theme.key]
        if facts.has(column):
            yield Look(
                key=theme.key,
                title=theme.label,
                renderer=rules(
                    f"{facts.name}/{theme.key}", list(_rules(theme, column, facts.lang))
                ),
                label=_LABELS[facts.name],
            )


def _rules(theme: Theme, column: str, lang: str) -> Iterator[Rule]:
    """Yield a rule for each class, the highest first; the last one takes what isn't known."""
    upper: float | None = None
    for entry in theme.classes:
        symbol = area(entry.swatch, outline=_OUTLINE, outline_mm=0.1)
        if entry.key == Phase.PRIVATE.value:
            continue  # these layers hold what was promised only
        if entry.key == "unknown":
            yield Rule(filter=ELSE, label=entry.label.say(lang), symbol=symbol)
            continue
        said = _bounds(entry, column, upper)
        upper = entry.minimum if entry.minimum is not None else upper
        yield Rule(filter=said, label=entry.label.say(lang), symbol=symbol)


def _bounds(entry: AreaClass, column: str, upper: float | None) -> str:
    if entry.minimum is None:
        code = ClockVerdict.UNKNOWN.value if entry.key == "unclocked" else entry.key
        return f"\"{column}\" = '{code}'"
    least = f'"{column}" >= {entry.minimum:g}'
    return least if upper is None else f'{least} AND "{column}" < {upper:g}'

"""The order of layers, their groups, and the map themes: which layers are seen, in which style."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from planner.export.qgis.follow_up import FOLLOW_LAYERS
from planner.export.qgis.network import NETWORK_LAYERS
from planner.schemas import CONTRACTS
from planner.texts import Message

__all__ = ["GROUPS", "THEMES", "Group", "MapTheme", "group_of", "themes_of"]


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group of layers, the topmost first; one without names takes what no other names."""

    title: Message
    layers: tuple[str, ...] = ()
    expanded: bool = True
    drawn: bool = True


@dataclass(frozen=True, kw_only=True)
class MapTheme:
    """What is seen together: the layers, the style of those that have several.

    A theme that ``needs`` a layer isn't there without it.
    """

    key: str
    title: Message
    layers: tuple[str, ...]
    styles: Mapping[str, str] = field(default_factory=dict)
    needs: str | None = None


GROUPS: Final = (
    Group(
        title=Message.of("qgis.group_findings"),
        layers=("anomalies", "anomaly_lines", "anomaly_areas", "findings"),
        expanded=False,
    ),
    Group(
        title=Message.of("qgis.group_marks"),
        layers=("villes_moyennes", "axe3_sites", "premises"),
    ),
    Group(title=Message.of("qgis.group_network"), layers=NETWORK_LAYERS),
    Group(
        title=Message.of("qgis.group_limits"),
        layers=("departements", "epci", "zones", "communes"),
    ),
    Group(title=Message.of("qgis.group_follow_up"), layers=FOLLOW_LAYERS, expanded=False),
    Group(title=Message.of("qgis.group_programme"), layers=("programme", "sectors")),
    Group(title=Message.of("qgis.group_maps"), expanded=False),
    Group(title=Message.of("qgis.group_ground"), layers=("region",), expanded=False),
    Group(
        title=Message.of("qgis.group_concertation"),
        layers=("ballots", "envelopes", "deliberations", "advice", "balances", "contributions"),
        expanded=False,
        drawn=False,
    ),
    Group(title=Message.of("qgis.group_tables"), expanded=False, drawn=False),
)  # fmt: skip

_LIMITS: Final = MappingProxyType({"epci": "limits", "communes": "limits", "zones": "limits"})
_FRAME: Final = ("villes_moyennes", "departements", "epci", "communes", "region")


def _theme(key: str, look: str | None = None) -> MapTheme:
    return MapTheme(
        key=key,
        title=Message.of(f"qgis.theme_{key}"),
        layers=("premises", "zones", *_FRAME, "programme"),
        styles={**_LIMITS, "programme": look or key},
    )


THEMES: Final = (
    _theme("phase"),
    _theme("year"),
    _theme("cost"),
    _theme("decision"),
    MapTheme(
        key="ballot",
        title=Message.of("qgis.theme_ballot"),
        layers=("departements", "epci", "region"),
        styles={"epci": "ballot"},
    ),
    MapTheme(
        key="coverage",
        title=Message.of("qgis.theme_coverage"),
        layers=("villes_moyennes", "departements", "epci", "communes", "region"),
        styles={"epci": "limits", "communes": "coverage"},
    ),
    MapTheme(
        key="atlas",
        title=Message.of("qgis.theme_atlas"),
        layers=("zones", *_FRAME, "programme"),
        styles={**_LIMITS, "epci": "page", "programme": "phase"},
    ),
    MapTheme(
        key="edit",
        title=Message.of("qgis.theme_edit"),
        layers=("departements", "epci", "zones", "communes", "sectors", "region"),
        styles={**_LIMITS, "sectors": "area_kind"},
    ),
    MapTheme(
        key="network",
        title=Message.of("qgis.theme_network"),
        layers=("nro", "pm", "pbo", "routes", "network_sectors", *_FRAME),
        styles={**_LIMITS, "routes": "laying", "pm": "role"},
        needs="routes",
    ),
    *(
        MapTheme(
            key=key,
            title=Message.of(f"qgis.theme_{key}"),
            layers=(*_FRAME, "sector_follow_up"),
            styles={**_LIMITS, "sector_follow_up": key},
            needs="sector_follow_up",
        )
        for key in ("slippage", "take_up", "completeness")
    ),
    MapTheme(
        key="axe3",
        title=Message.of("qgis.theme_axe3"),
        layers=("axe3_sites", *_FRAME),
        styles=_LIMITS,
        needs="axe3_sites",
    ),
)
"""The first one is what the project shows when it opens."""


def themes_of(names: Iterable[str]) -> tuple[MapTheme, ...]:
    """Return the themes that layers of these names can show, in their order."""
    there = set(names)
    return tuple(theme for theme in THEMES if theme.needs is None or theme.needs in there)


def group_of(group: Group, drawn: Mapping[str, bool]) -> list[str]:
    """Return the layers of a group that are there, in its order.

    Parameters
    ----------
    group
        The group.
    drawn
        Each layer that is there, and whether it has a geometry.
    """
    if group.layers:
        return [name for name in group.layers if name in drawn]
    named = {name for one in GROUPS for name in one.layers}
    return [n for n in CONTRACTS if n in drawn and n not in named and drawn[n] == group.drawn]

"""How the network looks: ways by what carries them, sites by their part, scales that stay quick.

At the scale of the region the feeder and the sites alone are drawn; the distribution and its
branching points come nearer, where they can be told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pandas as pd

from planner.export import themes
from planner.export.qgis.labels import Label
from planner.export.qgis.layers import LayerFacts
from planner.export.qgis.look import DETAIL_FROM, INK, NAMES_FROM, PREMISES_FROM, Look, points
from planner.export.qgis.renderers import ELSE, Rule, categorized, rules
from planner.export.qgis.symbols import Symbol, border, finer, line, marker
from planner.export.style import PHASE_THEME, LineStyle
from planner.texts import Message
from planner.vocab import AreaLevel, NetworkUse, Phase

__all__ = ["NETWORK_LAYERS", "network_looks"]

NETWORK_LAYERS: Final = (
    "nro", "existing_sites", "pm", "pbo", "infrastructure_points", "routes", "infrastructure",
    "support_nodes", "support_edges", "roads", "service_areas", "network_sectors",
)  # fmt: skip
"""Layers of the network, the topmost first."""
_POINTS_FROM: Final = 25_000
_FEEDER_MM: Final = 0.9
_DISTRIBUTION_MM: Final = 0.4
_FEEDER: Final = f"\"tier\" IN ('{NetworkUse.BACKHAUL}', '{NetworkUse.FEEDER}')"


def network_looks(facts: LayerFacts, frame: pd.DataFrame) -> Iterator[Look]:
    """Yield the styles of a layer of the network, the default one first.

    Parameters
    ----------
    facts
        The layer.
    frame
        Its rows: a legend lists what is there.
    """
    match facts.name:
        case "routes":
            yield from _routes(facts, frame)
        case "nro":
            yield _nro(facts, frame)
        case "pm":
            yield from _pm(facts, frame)
        case "pbo":
            yield _pbo(facts, frame)
        case "infrastructure":
            yield _ways(facts, frame, "support", themes.SUPPORT_CLASSES, "qgis.look_support")
        case "support_edges":
            yield _ways(facts, frame, "laying", themes.LAYING_CLASSES, "qgis.look_laying")
        case "infrastructure_points":
            yield _coded_points(facts, frame, 1.5, _POINTS_FROM)
        case "existing_sites":
            yield _coded_points(facts, frame, 3.2, None)
        case "service_areas":
            yield _areas(facts)


def _there(frame: pd.DataFrame, column: str) -> frozenset[str]:
    return frozenset(frame[column].dropna().astype(str).unique())


def _classes(
    frame: pd.DataFrame, column: str, classes: Sequence[themes.LineClass]
) -> list[themes.LineClass]:
    """Return the classes that occur, the last one for codes that no other names."""
    there = _there(frame, column)
    named = {entry.key for entry in classes}
    known = [entry for entry in classes if entry.key and entry.key in there]
    return known + [e for e in classes if not e.key and (there - named or frame[column].hasnans)]


def _drawn(entry: themes.LineClass, width_mm: float) -> Symbol:
    dash = tuple(length * width_mm for length in entry.dash)
    return _from_afar(line(entry.color, width_mm=width_mm, dash_mm=dash))


def _from_afar(symbol: Symbol) -> Symbol:
    """Draw half as broad at the scale of the region, where lines and sites crowd."""
    return finer(symbol, beyond=DETAIL_FROM, factor=0.5)


def _routes(facts: LayerFacts, frame: pd.DataFrame) -> Iterator[Look]:
    lang = facts.lang
    feeder = frame["tier"].astype(str).isin([NetworkUse.BACKHAUL, NetworkUse.FEEDER])

    def tier(rows: pd.DataFrame, key: str, condition: str, width: float, far: int | None) -> Rule:
        entries = [
            Rule(
                filter=f"\"laying\" = '{entry.key}'" if entry.key else ELSE,
                label=entry.label.say(lang),
                symbol=_drawn(entry, width),
            )
            for entry in _classes(rows, "laying", themes.LAYING_CLASSES)
        ]
        title = Message.of(f"qgis.tier_{key}").say(lang)
        return Rule(filter=condition, label=title, min_scale=far, children=tuple(entries))

    tiers = [
        tier(frame[feeder], "feeder", _FEEDER, _FEEDER_MM, None),
        tier(frame[~feeder], "distribution", f"NOT ({_FEEDER})", _DISTRIBUTION_MM, PREMISES_FROM),
    ]
    yield Look(
        key="laying",
        title=Message.of("qgis.look_laying"),
        renderer=rules("routes/laying", [rule for rule in tiers if rule.children]),
    )
    yield _phases(facts, "routes/phase")


def _phases(facts: LayerFacts, name: str) -> Look:
    entries = [
        Rule(
            filter=condition,
            label=Message.of(f"qgis.tier_{key}").say(facts.lang),
            min_scale=far,
            children=tuple(
                Rule(
                    filter=f"\"phase\" = '{entry.key}'",
                    label=entry.label.say(facts.lang),
                    symbol=_from_afar(line(entry.swatch.ink, width_mm=width, dash_mm=dash)),
                )
                for entry, dash in zip(_PHASES, ((), (2.4, 1.0), (0.7, 0.9)), strict=True)
            ),
        )
        for key, condition, width, far in (
            ("feeder", _FEEDER, _FEEDER_MM, None),
            ("distribution", f"NOT ({_FEEDER})", _DISTRIBUTION_MM, PREMISES_FROM),
        )
    ]
    return Look(key="phase", title=PHASE_THEME.label, renderer=rules(name, entries))


_PHASES: Final = tuple(
    entry for entry in PHASE_THEME.classes if entry.key in set(Phase) - {Phase.PRIVATE}
)


def _sites(
    facts: LayerFacts,
    classes: Sequence[tuple[str, themes.PointClass, bool]],
    size_mm: float,
    label: Label | None = None,
    far: int | None = None,
) -> Look:
    """Mark sites by their part: the expression of each class, how it looks, whether some are so."""
    there = [(condition, entry) for condition, entry, occurs in classes if occurs] or [
        (ELSE, classes[-1][1])
    ]
    entries = [
        Rule(
            filter=condition,
            label=entry.label.say(facts.lang),
            symbol=_from_afar(points(entry, size_mm)),
        )
        for condition, entry in there
    ]
    return Look(
        key="role",
        title=Message.of("qgis.look_role"),
        renderer=rules(f"{facts.name}/role", entries),
        label=label,
        min_scale=far,
    )


def _nro(facts: LayerFacts, frame: pd.DataFrame) -> Look:
    new, reused = themes.NRO_CLASSES
    names = Label(
        expression="nro_id", size_pt=8, color=INK, bold=True, min_scale=DETAIL_FROM, priority=9
    )
    old = frame["existing"].to_numpy(dtype=bool)
    classes = (('"existing"', reused, bool(old.any())), (ELSE, new, not old.all()))
    return _sites(facts, classes, 4.6, names)


def _pm(facts: LayerFacts, frame: pd.DataFrame) -> Iterator[Look]:
    remote, plain = themes.PM_CLASSES
    names = Label(expression="sector_id", size_pt=7, color=INK, min_scale=PREMISES_FROM, priority=8)
    far = frame["remote_connection"].to_numpy(dtype=bool)
    classes = (('"remote_connection"', remote, bool(far.any())), (ELSE, plain, not far.all()))
    yield _sites(facts, classes, 2.6, names)
    phases = [
        (
            entry.key, entry.label.say(facts.lang),
            marker(fill=entry.swatch.fill, ink=entry.swatch.ink, size_mm=2.4, shape="triangle",
                   outline_mm=0.25),
        )
        for entry in _PHASES
    ]  # fmt: skip
    yield Look(
        key="phase", title=PHASE_THEME.label, renderer=categorized("phase", phases), label=names
    )


def _pbo(facts: LayerFacts, frame: pd.DataFrame) -> Look:
    lost, on_demand, plain = themes.PBO_CLASSES
    reached = frame["reached"].to_numpy(dtype=bool)
    asked = frame["on_demand_count"].to_numpy() > 0
    classes = (
        ('NOT "reached"', lost, not reached.all()),
        ('"on_demand_count" > 0', on_demand, bool((asked & reached).any())),
        (ELSE, plain, bool((reached & ~asked).any())),
    )
    return _sites(facts, classes, 1.7, far=_POINTS_FROM)


def _ways(
    facts: LayerFacts,
    frame: pd.DataFrame,
    column: str,
    classes: Sequence[themes.LineClass],
    title: str,
) -> Look:
    entries = [
        (entry.key, entry.label.say(facts.lang), _drawn(entry, _DISTRIBUTION_MM))
        for entry in _classes(frame, column, classes)
    ]
    return Look(
        key=column,
        title=Message.of(title),
        renderer=categorized(column, entries),
        min_scale=NAMES_FROM,
    )


def _coded_points(facts: LayerFacts, frame: pd.DataFrame, size_mm: float, far: int | None) -> Look:
    """Mark by kind; the legend lists the kinds that occur."""
    terms = next(column.terms for column in facts.columns if column.name == "kind")
    there = _there(frame, "kind")
    classes = themes.point_classes(list(terms or ()))
    entries = [
        (entry.key, entry.label.say(facts.lang), points(entry, size_mm))
        for entry in classes
        if entry.key in there or not entry.key
    ]
    named = Label(expression="nom", size_pt=7, color=INK, min_scale=NAMES_FROM, priority=7)
    return Look(
        key="kind",
        title=Message.of("qgis.look_role"),
        renderer=categorized("kind", entries),
        min_scale=far,
        label=named if facts.has("nom") else None,
    )


_AREA_LINES: Final = {
    AreaLevel.NRO: LineStyle(label=Message.of("style.term"), color="#11161d", width=2.4, halo=1.2),
    AreaLevel.PM: LineStyle(label=Message.of("style.term"), color="#55357f", width=1.4, halo=1.0),
    AreaLevel.DEPLOYMENT: LineStyle(
        label=Message.of("style.term"), color="#6a707c", width=0.9, dash=(4.0, 2.0)
    ),
}


def _areas(facts: LayerFacts) -> Look:
    classes = [
        (level.value, level.label(facts.lang), border(style))
        for level, style in _AREA_LINES.items()
    ]
    names = Label(expression="area_id", size_pt=7, color=INK, min_scale=NAMES_FROM)
    return Look(
        key="level",
        title=Message.of("qgis.look_level"),
        renderer=categorized("level", classes),
        label=names,
    )

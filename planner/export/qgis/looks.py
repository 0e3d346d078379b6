"""How each layer looks: several styles a layer, the first one loaded with it.

Layers of the network are in :mod:`planner.export.qgis.network`; those that nobody names here, in
:mod:`planner.export.qgis.further`.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import pandas as pd

from planner.export import themes
from planner.export.palettes import NETWORK_THEME
from planner.export.qgis.follow_up import follow_up_looks
from planner.export.qgis.further import further_looks
from planner.export.qgis.labels import Label
from planner.export.qgis.layers import LayerFacts
from planner.export.qgis.look import DETAIL_FROM, INK, NAMES_FROM, PREMISES_FROM, Look, points
from planner.export.qgis.network import network_looks
from planner.export.qgis.renderers import ELSE, Rule, categorized, graduated, rules, single
from planner.export.qgis.symbols import Symbol, area, border, marker
from planner.export.style import COVERAGE_THEME, LINES, PAPER, PHASE_THEME, TOWN, AreaClass, Swatch
from planner.texts import Message
from planner.vocab import Phase

__all__ = ["PREMISES_FROM", "Look", "looks_of"]

_BEYOND_ANY: Final = 1e9
_BORDER: Final = "#ffffff"
GROUND: Final = Swatch(fill="#e9ebef", ink="#5c6370", pattern="solid")
"""What the region shows where no sector lies: private initiative, islands without a sector."""


def looks_of(facts: LayerFacts, frame: pd.DataFrame) -> tuple[Look, ...]:
    """Return the styles of a layer, the default one first.

    Parameters
    ----------
    facts
        The layer.
    frame
        Its rows: the years of works and the codes of further layers are read from them.
    """
    if facts.kind is None:
        return (Look(key="table", title=Message.of("qgis.look_table")),)
    maker = _MAKERS.get(facts.name, network_looks)
    return tuple(maker(facts, frame)) or tuple(further_looks(facts, frame))


def _area_symbol(entry: AreaClass, *, outline_mm: float = 0.1) -> Symbol:
    symbol = area(entry.swatch, outline=_BORDER, outline_mm=outline_mm)
    return replace(symbol, pale_from=PREMISES_FROM)


def _by_code(
    column: str, classes: Sequence[AreaClass], lang: str, *, outline_mm: float = 0.1
) -> ET.Element:
    return categorized(
        column,
        [(e.key, e.label.say(lang), _area_symbol(e, outline_mm=outline_mm)) for e in classes],
    )


def _limits(line_name: str, label: Label | None, scale: int | None, lang: str = "fr") -> Look:
    """Draw outlines; the scale is a rule's: a map theme can't change that of a whole layer."""
    style = LINES[line_name]
    entry = Rule(filter="", label=style.label.say(lang), symbol=border(style), min_scale=scale)
    return Look(
        key="limits",
        title=Message.of("qgis.look_limits"),
        renderer=single(border(style)) if scale is None else rules(f"{line_name}/limits", [entry]),
        label=label,
    )


def _coverage(facts: LayerFacts, label: Label | None = None) -> Look:
    """By rule and not by range: an unknown rate is a class, not a hole."""
    entries = []
    upper: float | None = None
    for entry in COVERAGE_THEME.classes:
        symbol = area(entry.swatch, outline="#8a93a0", outline_mm=0.08)
        words = entry.label.say(facts.lang)
        if entry.minimum is not None:
            least = f'"coverage_rate" {">=" if entry.minimum else ">"} {entry.minimum}'
            most = "" if upper is None else f' AND "coverage_rate" < {upper}'
            entries.append(Rule(filter=least + most, label=words, symbol=symbol))
            upper = entry.minimum
        elif entry.key == "rate_0":
            entries.append(Rule(filter='"coverage_rate" = 0', label=words, symbol=symbol))
        else:
            entries.append(Rule(filter=ELSE, label=words, symbol=symbol))
    return Look(
        key="coverage",
        title=Message.of("map.theme_coverage"),
        renderer=rules(f"{facts.name}/coverage", entries),
        label=label,
    )


def _cost(
    facts: LayerFacts,
    *,
    column: str = "unit_cost_cents",
    title: Message = Message.of("qgis.look_cost"),  # noqa: B008 (frozen)
) -> Look:
    bounds = [entry.minimum or 0.0 for entry in themes.COST_CLASSES]
    classes = [
        (low, high, entry.label.say(facts.lang), _area_symbol(entry))
        for entry, low, high in zip(
            themes.COST_CLASSES, bounds, [_BEYOND_ANY, *bounds[:-1]], strict=True
        )
    ]
    return Look(
        key="cost",
        title=title,
        renderer=graduated(column, classes),
    )


def _phase(facts: LayerFacts, label: Label | None = None) -> Look:
    entries = [
        Rule(
            filter=f"\"phase\" = '{entry.key}'",
            label=entry.label.say(facts.lang),
            symbol=_area_symbol(entry),
        )
        for entry in PHASE_THEME.classes
        if entry.key in set(Phase) - {Phase.PRIVATE}
    ]
    return Look(
        key="phase",
        title=PHASE_THEME.label,
        renderer=rules(f"{facts.name}/phase", entries),
        label=label,
    )


def _year(facts: LayerFacts, frame: pd.DataFrame) -> Look:
    years = themes.year_classes([int(year) for year in frame["year"].dropna().unique()])
    none = area(PHASE_THEME.classes[-1].swatch, outline=_BORDER, outline_mm=0.1)
    classes = [(e.key, e.label.say(facts.lang), _area_symbol(e)) for e in years]
    unplanned = Message.of("qgis.no_year").say(facts.lang)
    return Look(
        key="year",
        title=Message.of("qgis.look_year"),
        renderer=categorized("year", [*classes, ("", unplanned, none)]),
    )


def _decision(facts: LayerFacts) -> Look:
    return Look(
        key="decision",
        title=Message.of("qgis.look_decision"),
        renderer=_by_code("decision", themes.DECISION_CLASSES, facts.lang),
    )


def _sector_label() -> Label:
    return Label(expression="nom", size_pt=7, color=INK, min_scale=PREMISES_FROM, priority=4)


def _programme(facts: LayerFacts, frame: pd.DataFrame) -> Iterator[Look]:
    yield _phase(facts, _sector_label() if facts.has("nom") else None)
    if facts.has("year"):
        yield _year(facts, frame)
    if facts.has("unit_cost_cents"):
        yield _cost(facts)
    yield _decision(facts)
    if facts.has("coverage_rate"):
        yield _coverage(facts)


def _sectors(facts: LayerFacts, frame: pd.DataFrame) -> Iterator[Look]:
    yield Look(
        key="area_kind",
        title=Message.of("qgis.look_area_kind"),
        renderer=categorized(
            "area_kind",
            [
                (e.key, e.label.say(facts.lang), area(e.swatch, outline="#6f7782", outline_mm=0.15))
                for e in themes.AREA_KIND_CLASSES
            ],
        ),
        label=_sector_label(),
        min_scale=None,
    )
    if facts.has("phase"):
        yield _phase(facts)
    if facts.has("year"):
        yield _year(facts, frame)
    if facts.has("unit_cost_cents"):
        yield _cost(facts)
    if facts.has("coverage_rate"):
        yield _coverage(facts)


def _zones(facts: LayerFacts, _frame: pd.DataFrame) -> Iterator[Look]:
    names = Label(
        expression="nom", size_pt=8, color=LINES["zone"].color, bold=True, min_scale=DETAIL_FROM,
        priority=6,
    )  # fmt: skip
    yield Look(
        key="kind",
        title=Message.of("qgis.look_zone_kind"),
        renderer=_by_code("kind", themes.ZONE_CLASSES, facts.lang, outline_mm=0.2),
        label=names,
    )
    yield _limits("zone", names, 1_000_000, facts.lang)
    if facts.has("coverage_rate"):
        yield _coverage(facts)


def _communes(facts: LayerFacts, _frame: pd.DataFrame) -> Iterator[Look]:
    names = Label(
        expression="nom", size_pt=7, color="#3d4653", italic=True, min_scale=NAMES_FROM, priority=3
    )
    if facts.has("coverage_rate"):
        yield _coverage(facts, names)
    # nearer, the names of sectors hold those of their communes
    yield _limits("commune", replace(names, max_scale=PREMISES_FROM), DETAIL_FROM, facts.lang)
    yield Look(
        key="regulatory",
        title=Message.of("qgis.look_regulatory"),
        renderer=_by_code("regulatory_zone", themes.REGULATORY_CLASSES, facts.lang),
        label=names,
    )


def _epci(facts: LayerFacts, _frame: pd.DataFrame) -> Iterator[Look]:
    names = Label(
        expression="nom", size_pt=8, color="#2b323c", bold=True, min_scale=500_000, priority=7
    )
    yield _limits("epci", names, None)
    if facts.has("deliberation", "ballot_due"):
        filters = {
            "none_received": '"ballot_due" AND "deliberation" IS NULL',
            "not_due": '"ballot_due" IS NULL OR (NOT "ballot_due" AND "deliberation" IS NULL)',
        }
        entries = [
            Rule(
                filter=filters.get(entry.key, f"\"deliberation\" = '{entry.key}'"),
                label=entry.label.say(facts.lang),
                symbol=_area_symbol(entry, outline_mm=0.3),
            )
            for entry in themes.BALLOT_CLASSES
        ]
        yield Look(
            key="ballot",
            title=Message.of("qgis.look_ballot"),
            renderer=rules("epci/ballot", entries),
            label=names,
        )
    if facts.has("coverage_rate"):
        yield _coverage(facts, names)
    yield _page(facts, names)


def _page(facts: LayerFacts, label: Label) -> Look:
    """Show the EPCI of a page of the atlas, and veil its neighbours."""
    style = LINES["epci"]
    veil = Swatch(fill=PAPER, ink=PAPER, pattern="solid")
    mine = "@atlas_featureid IS NULL OR $id = @atlas_featureid"
    entries = [
        Rule(
            filter=mine,
            label=Message.of("qgis.page_epci").say(facts.lang),
            symbol=border(replace(style, width=3.0, halo=1.6)),
        ),
        Rule(
            filter=ELSE,
            label=Message.of("qgis.other_epci").say(facts.lang),
            symbol=area(veil, outline=style.color, outline_mm=0.3, opacity=0.55),
        ),
    ]
    return Look(
        key="page",
        title=Message.of("qgis.look_page"),
        renderer=rules("epci/page", entries),
        label=label,
    )


def _departements(_facts: LayerFacts, _frame: pd.DataFrame) -> Iterator[Look]:
    names = Label(
        expression='upper("nom")',
        size_pt=10,
        color="#11161d",
        priority=2,
        min_scale=2_000_000,
        max_scale=2 * DETAIL_FROM,  # nearer, as in the atlas, they would lie over those of EPCI
    )
    # whole and thin: dashes along the coast would blot the islets
    style = replace(LINES["departement"], dash=(), halo=0.0, width=1.7)
    yield Look(
        key="limits",
        title=Message.of("qgis.look_limits"),
        renderer=single(border(style)),
        label=names,
    )


def _region(_facts: LayerFacts, _frame: pd.DataFrame) -> Iterator[Look]:
    """Fill the ground, at the bottom: an area without a sector is no hole in the map."""
    coast = LINES["coast"]
    ground = area(GROUND, outline=coast.color, outline_mm=0.25)
    yield Look(key="ground", title=Message.of("qgis.look_ground"), renderer=single(ground))


def _towns(_facts: LayerFacts, _frame: pd.DataFrame) -> Iterator[Look]:
    yield Look(
        key="towns",
        title=Message.of("map.villes_moyennes"),
        renderer=single(marker(fill=TOWN.fill, ink=TOWN.ink, size_mm=2.4, outline_mm=0.6)),
        label=Label(expression="nom", size_pt=9, color=TOWN.ink, bold=True, priority=10),
    )


def _premises(facts: LayerFacts, _frame: pd.DataFrame) -> Iterator[Look]:
    if facts.has("state"):
        entries = [
            Rule(
                filter=f"\"state\" = '{entry.key}'" if entry.key else ELSE,
                label=entry.label.say(facts.lang),
                symbol=points(entry, 1.5),
            )
            for entry in themes.STATE_CLASSES
        ]
        yield Look(
            key="state",
            title=Message.of("qgis.look_state"),
            renderer=rules("premises/state", entries),
            min_scale=PREMISES_FROM,
        )
    if facts.has("phase"):
        classes = [
            (
                e.key,
                e.label.say(facts.lang),
                marker(fill=e.swatch.fill, ink=e.swatch.ink, size_mm=1.5, outline_mm=0.15),
            )
            for e in PHASE_THEME.classes
            if e.key in set(Phase)
        ]
        yield Look(
            key="phase",
            title=PHASE_THEME.label,
            renderer=categorized("phase", classes),
            min_scale=PREMISES_FROM,
        )
    plain = themes.STATE_CLASSES[-1]
    yield Look(
        key="premises",
        title=Message.of("qgis.look_single"),
        renderer=single(points(plain, 1.4)),
        min_scale=PREMISES_FROM,
    )


def _findings(facts: LayerFacts, _frame: pd.DataFrame) -> Iterator[Look]:
    if facts.kind != "marker":
        return
    classes = [(e.key, e.label.say(facts.lang), points(e, 3.2)) for e in themes.SEVERITY_CLASSES]
    yield Look(
        key="severity",
        title=Message.of("qgis.look_severity"),
        renderer=categorized("severity", classes),
        label=Label(expression="rule", size_pt=7, color=INK, min_scale=NAMES_FROM),
    )


def _network_sectors(facts: LayerFacts, _frame: pd.DataFrame) -> Iterator[Look]:
    yield _cost(facts, column="cents_per_line", title=NETWORK_THEME.label)


def _axe3(facts: LayerFacts, _frame: pd.DataFrame) -> Iterator[Look]:
    classes = [(e.key, e.label.say(facts.lang), points(e, 3.0)) for e in themes.ELIGIBILITY_CLASSES]
    yield Look(
        key="eligibility",
        title=Message.of("qgis.look_eligibility"),
        renderer=categorized("eligibility", classes),
        label=Label(expression="site_id", size_pt=7, color=INK, min_scale=NAMES_FROM),
    )


def _followed(facts: LayerFacts, _frame: pd.DataFrame) -> Iterator[Look]:
    return follow_up_looks(facts)


Maker = Callable[[LayerFacts, pd.DataFrame], Iterator[Look]]
_MAKERS: Final[Mapping[str, Maker]] = MappingProxyType(
    {
        "region": _region,
        "departements": _departements,
        "epci": _epci,
        "communes": _communes,
        "villes_moyennes": _towns,
        "zones": _zones,
        "sectors": _sectors,
        "programme": _programme,
        "premises": _premises,
        "findings": _findings,
        "anomalies": _findings,
        "network_sectors": _network_sectors,
        "axe3_sites": _axe3,
        "epci_follow_up": _followed,
        "sector_follow_up": _followed,
    }
)

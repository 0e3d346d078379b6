"""The data of the page: one JSON object that our own script draws, and nothing but data.

Names and sentences travel here as JSON in a data block, deflated and in base64, never through a
template that would evaluate them; the script writes them with ``textContent``.  Tables are columns
of equal length, and an area points to another by its position, -1 for none.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import numpy as np
import pandas as pd

from planner.explain import advice_of_sectors
from planner.export.map.changes import CHANGES, change_classes, change_summary, change_words
from planner.export.map.data import MapData, records
from planner.export.map.network import network_block
from planner.export.map.premises import POINT_ZOOM, encode_points, split_points
from planner.export.map.sites import sites_block
from planner.export.map.themes import Painted
from planner.export.map.topology import Topology, grid_xy
from planner.export.palettes import CHANGE_THEME, STATE_SHAPES
from planner.export.style import (
    LINES,
    PHASE_THEME,
    SURROUNDINGS,
    TOWN,
    AreaClass,
    phase_class,
)
from planner.texts import catalogue, say
from planner.vocab import (
    AreaKind,
    Decision,
    DeliberationState,
    Level,
    Phase,
    PremiseState,
    RegulatoryZone,
    Term,
    ZoneKind,
)

__all__ = [
    "BACKGROUND_HOST",
    "FIGURES",
    "build_payload",
    "data_scripts",
    "json_block",
    "packed_json",
    "vote_text",
]

FIGURES: Final = (
    "premises_count", "premises_max_count", "serviceable_count", "coverage_rate", "private_count",
    "phase_1_count", "phase_2_count", "phase_3_count", "unassigned_count", "synthetic",
)  # fmt: skip
"""What a row of figures holds, in this order."""
BACKGROUND_HOST: Final = "https://data.geopf.fr"
"""Host of IGN's Géoplateforme, the only one that an opt-in page may ask."""
BACKGROUND_URL: Final = (
    BACKGROUND_HOST + "/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
    "&LAYER=GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2&STYLE=normal&FORMAT=image/png"
    "&TILEMATRIXSET=PM&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}"
)
BACKGROUND_ZOOM: Final = 18
_UI: Final = "map.ui_"


def build_payload(
    data: MapData,
    topology: Topology,
    painted: Iterable[Painted],
    *,
    lang: str,
    background: bool = False,
    chunks: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the whole data block of the page.

    Parameters
    ----------
    data
        What the map shows.
    topology
        Its borders, with the labels ``commune`` and, where there are sectors, ``sector``.
    painted
        The themes.
    lang
        Language of the labels.
    background
        Whether the page may ask for a background map, when its reader does.
    chunks
        Scripts that bring the premises, by which the page holds none of them.
    """
    points = None if chunks else data.points()
    return {
        "lang": lang,
        "texts": _ui_texts(lang, public_only=data.public_only),
        "topology": topology.flat(),
        "styles": _styles(lang),
        "themes": [_theme(p, lang) for p in painted],
        "change": _change(data, lang),
        "network": network_block(data, lang=lang),
        "sites": sites_block(data, lang=lang),
        "phases": [_swatch(entry.label.say(lang), entry) for entry in PHASE_THEME.classes],
        "departements": _departements(data),
        "epci": _epci(data, lang),
        "communes": _communes(data, lang),
        "villes": _villes(data),
        "zones": _zones(data, lang),
        "sectors": _sectors(data, lang),
        "whole": _whole(data, lang),
        "cells": _cells(data),
        "time": _time(data, lang),
        "states": {"shapes": dict(STATE_SHAPES), "codes": list(PremiseState.codes())},
        "phaseCodes": [phase_class(code) for code in Phase.codes()],
        "background": {"url": BACKGROUND_URL, "zoom": BACKGROUND_ZOOM} if background else None,
        "chunks": list(chunks),
        "premises": [encode_points(points)] if points is not None else [],
    }


def data_scripts(data: MapData, stem: str) -> dict[str, tuple[dict[str, Any], str]]:
    """Return the scripts that bring the premises, one an EPCI, by the name of their file.

    Parameters
    ----------
    data
        What the map shows.
    stem
        Name of the page without its ending.

    Returns
    -------
    dict
        Name of the file to what the page must know of it (where it lies, in pixels of its zoom,
        and its checksum) and its text.
    """
    points = data.points()
    if points is None:
        return {}
    epci = _positions(data.epci["siren"])
    of_sector = [epci.get(siren, -1) for siren in data.sectors["epci_siren"]]
    of_commune = [epci.get(siren, -1) for siren in data.communes["epci_siren"]]
    chunk_of = np.full(2 * max(len(of_sector), len(of_commune)), -1, dtype=np.int64)
    chunk_of[0 : 2 * len(of_sector) : 2] = of_sector
    chunk_of[1 : 2 * len(of_commune) + 1 : 2] = of_commune
    codes = [*data.epci["siren"], "sans-epci"]  # -1 reads the last one
    scripts = {}
    for number, part in split_points(points, chunk_of):
        name = f"{codes[number]}.js"
        box = [int(v) for v in (part.x.min(), part.y.min(), part.x.max(), part.y.max())]
        block = encode_points(part)
        text = f"planner.chunk({json.dumps(name)},{json_block(block)});\n"
        head = {"src": f"{quote(stem)}-locaux/{name}", "name": name, "box": box, "zoom": POINT_ZOOM}
        scripts[name] = (head, text)
    return scripts


def json_block(payload: Mapping[str, Any]) -> str:
    """Write JSON that may stand inside ``<script>``: no ``<``, ``>`` or ``&`` is left in it.

    Raises
    ------
    ValueError
        When a number is not finite.
    """
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def packed_json(payload: Mapping[str, Any]) -> tuple[str, int]:
    """Return the payload deflated, as base64, and its length once inflated.

    Raises
    ------
    ValueError
        When a number is not finite.
    """
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(text) + packer.flush()
    return base64.b64encode(packed).decode(), len(text)


def vote_text(balance: Mapping[str, Any] | None, lang: str) -> str:
    """Put the vote of an EPCI into words: voted, when, not due, or nothing received."""
    if balance is None or balance["deliberation"] is None:
        due = balance is None or balance["ballot_due"]
        return say("map.vote_none" if due else "map.vote_not_due", lang)
    state = DeliberationState(balance["deliberation"])
    if balance["voted_on"] is None:
        return say("map.vote_state", lang, state=state)
    return say("map.vote_on", lang, state=state, on=balance["voted_on"])


def _ui_texts(lang: str, *, public_only: bool) -> dict[str, str]:
    words = {
        key.removeprefix(_UI): text[lang]
        for key, text in catalogue().items()
        if key.startswith(_UI)
    }
    public = words.pop("rate_public")
    return words | {"rate": public} if public_only else words


def _styles(lang: str) -> dict[str, Any]:
    lines = [
        {
            "key": key, "label": line.label.say(lang), "color": line.color, "width": line.width,
            "dash": list(line.dash), "halo": line.halo, "fromZoom": line.from_zoom,
        }
        for key, line in LINES.items()
    ]  # fmt: skip
    town = {"fill": TOWN.fill, "ink": TOWN.ink, "radius": TOWN.radius}
    return {"around": SURROUNDINGS, "lines": lines, "town": town}


def _swatch(label: str, entry: AreaClass) -> dict[str, Any]:
    swatch = entry.swatch
    return {
        "key": entry.key, "label": label,
        "fill": swatch.fill, "ink": swatch.ink, "pattern": swatch.pattern,
    }  # fmt: skip


def _theme(painted: Painted, lang: str) -> dict[str, Any]:
    return {
        "key": painted.theme.key,
        "label": painted.theme.label.say(lang),
        "dated": painted.dated,
        "byState": painted.by_state,
        "classes": [
            _swatch(entry.label.say(lang), entry) | {"minimum": entry.minimum}
            for entry in painted.theme.classes
        ],
        "sector": painted.sectors,
        "commune": painted.communes,
    }


def _figures(row: Mapping[str, Any] | None) -> list[Any] | None:
    if row is None:
        return None
    values = [row[name] for name in FIGURES[:-1]]
    return [*values, int(bool(row["synthetic"]))]


def _positions(keys: Iterable[str]) -> dict[str, int]:
    return {key: position for position, key in enumerate(keys)}


def _labels(codes: Iterable[Any], terms: type[Term], lang: str) -> tuple[list[str], list[int]]:
    """Return the labels of a vocabulary and the position of each code, -1 when absent."""
    places = _positions(terms.codes())
    return [term.label(lang) for term in terms], [places.get(str(code), -1) for code in codes]


def _whole(data: MapData, lang: str) -> dict[str, Any]:
    """Return the card of what the map is of, and the sums that no area holds."""
    costs, owed = data.costs["cost_cents"], data.contributions["net_cents"]
    return {
        "level": data.level.value,
        "kind": data.kind(lang),
        "nom": data.place,
        "figures": _figures(data.whole_row),
        "cost": int(costs.sum()) if len(costs) else None,
        "net": int(owed.sum()) if len(owed) else None,
    }


def _cells(data: MapData) -> dict[str, list[Any]]:
    """Return counts by commune and sector; premises without a known state count as such."""
    communes, sectors = _positions(data.communes["insee"]), _positions(data.sectors["sector_id"])
    rows = [row for row in records(data.cells) if row["insee"] in communes]
    return {
        "commune": [communes[row["insee"]] for row in rows],
        "sector": [sectors.get(row["sector_id"], -1) for row in rows],
        "premises": [row["premises_count"] for row in rows],
        "serviceable": [row["serviceable_count"] for row in rows],
        "rated": [row["denominator_count"] for row in rows],
    }


def _time(data: MapData, lang: str) -> dict[str, Any]:
    """Return the day of the data, and every quarter from there to the last works."""
    on = data.reference_date
    quarter = f"{on.year}-T{(on.month + 2) // 3}"
    last = max(data.schedule["quarter"], default="")
    quarters = []
    while quarter < last:
        year, number = int(quarter[:4]), int(quarter[6])
        quarter = f"{year + number // 4}-T{number % 4 + 1}"
        quarters.append(quarter)
    return {
        "on": say("map.day", lang, on=on),
        "quarters": quarters,
        "labels": [quarter_text(code, lang) for code in quarters],
    }


def quarter_text(code: str, lang: str) -> str:
    """Put a quarter into words."""
    words = "map.quarter_first" if code[6] == "1" else "map.quarter_other"
    return say(words, lang, number=code[6], year=code[:4])


def _departements(data: MapData) -> dict[str, Any]:
    return {
        "code": data.departements["code"].tolist(),
        "nom": data.departements["nom"].tolist(),
        "figures": _figures_of(data, Level.DEPARTEMENT, data.departements["code"]),
    }


def _figures_of(data: MapData, level: Level, codes: Iterable[str]) -> list[list[Any] | None]:
    rows = data.coverage_of(level)
    return [_figures(rows.get(code)) for code in codes]


def _epci(data: MapData, lang: str) -> dict[str, Any]:
    balances = {row["epci_siren"]: row for row in records(data.balances)}
    rows = [balances.get(siren) for siren in data.epci["siren"]]
    return {
        "code": data.epci["siren"].tolist(),
        "nom": data.epci["nom"].tolist(),
        "nature": data.epci["nature"].tolist(),
        "beyond": [int(value) for value in data.epci["beyond_region"]],
        "figures": _figures_of(data, Level.EPCI, data.epci["siren"]),
        "vote": [vote_text(row, lang) for row in rows] if balances else [],
        "unit": [row["unit"] if row else None for row in rows],
        **{
            name: [row[name] if row else None for row in rows]
            for name in ("granted", "used", "gross_cents", "credit_cents", "net_cents")
        },
    }


def _communes(data: MapData, lang: str) -> dict[str, Any]:
    communes = data.communes
    epci, departements = _positions(data.epci["siren"]), _positions(data.departements["code"])
    bourg = np.rint(
        grid_xy(
            communes["bourg_x_m"].to_numpy(dtype=float), communes["bourg_y_m"].to_numpy(dtype=float)
        )
    )
    labels, regulatory = _labels(communes["regulatory_zone"], RegulatoryZone, lang)
    return {
        "code": communes["insee"].tolist(),
        "nom": communes["nom"].tolist(),
        "former": _former_names(data),
        "epci": [epci.get(siren, -1) for siren in communes["epci_siren"]],
        "departement": [departements.get(code, -1) for code in communes["departement"]],
        "population": communes["population"].astype(int).tolist(),
        "regulatoryLabels": labels,
        "regulatory": regulatory,
        "x": bourg[:, 0].astype(int).tolist(),
        "y": bourg[:, 1].astype(int).tolist(),
        "figures": _figures_of(data, Level.COMMUNE, communes["insee"]),
    }


def _former_names(data: MapData) -> dict[str, list[str]]:
    """Return the names that a commune bore before a merger or a change, by its position."""
    found: dict[str, list[str]] = {}
    places, names = _positions(data.communes["insee"]), data.communes["nom"].tolist()
    for row in records(data.communes_history.sort_values("insee_2018")):
        at = places.get(row["insee"])  # a commune beyond this map has no name here
        if at is not None and row["nom_2018"] != names[at]:
            found.setdefault(str(at), []).append(row["nom_2018"])
    return found


def _villes(data: MapData) -> list[dict[str, Any]]:
    communes = _positions(data.communes["insee"])
    return [
        {"commune": communes[row["insee"]], "nom": row["nom"], "tranche": row["tranche"]}
        for row in records(data.villes_moyennes)
        if row["insee"] in communes
    ]


def _owed(data: MapData) -> dict[str, list[list[int]]]:
    """Return what is owed in each zone or sector: position of the EPCI, lines, net cents."""
    epci = _positions(data.epci["siren"])
    owed: dict[str, list[list[int]]] = {}
    for row in records(data.contributions):
        if row["epci_siren"] in epci:
            entry = [epci[row["epci_siren"]], row["lines_count"], row["net_cents"]]
            owed.setdefault(row["place_id"], []).append(entry)
    return owed


def _zones(data: MapData, lang: str) -> dict[str, Any]:
    zones, owed = data.zones, _owed(data)
    labels, kinds = _labels(zones["kind"], ZoneKind, lang)
    return {
        "code": zones["zone_id"].tolist(),
        "nom": zones["nom"].tolist(),
        "kindLabels": labels,
        "kind": kinds,
        "phase": [phase_class(phase) for phase in zones["phase"]],
        "tranche": _nullable(zones["tranche"]),
        "premises": zones["premises_count"].astype(int).tolist(),
        "synthetic": [int(value) for value in zones["synthetic"]],
        "figures": _figures_of(data, Level.ZONE, zones["zone_id"]),
        "owed": [owed.get(key, []) for key in zones["zone_id"]],
    }


def _sectors(data: MapData, lang: str) -> dict[str, Any]:
    sectors, owed = data.sectors, _owed(data)
    keys = sectors["sector_id"].tolist()
    communes = _positions(data.communes["insee"])
    epci, zones = _positions(data.epci["siren"]), _positions(data.zones["zone_id"])
    programme = _by_sector(data.programme, keys)
    costs, schedule = _by_sector(data.costs, keys), _by_sector(data.schedule, keys)
    area_labels, areas = _labels(sectors["area_kind"], AreaKind, lang)
    decision_labels, decisions = _labels(programme["decision"], Decision, lang)
    reasons = sorted({reason for reason in programme["reason"] if isinstance(reason, str)})
    sentences = [reason[:1].upper() + reason[1:] for reason in reasons]
    reason_place = _positions(reasons)
    names = dict(zip(data.balances["epci_siren"], data.balances["nom"], strict=True))
    advised = advice_of_sectors(data.advice, lambda siren: str(names.get(siren, siren)), lang)
    return {
        "code": keys,
        "nom": sectors["nom"].tolist(),
        "commune": [communes.get(code, -1) for code in sectors["insee"]],
        "epci": [epci.get(siren, -1) for siren in sectors["epci_siren"]],
        "zone": [zones.get(zone, -1) for zone in sectors["zone_id"]],
        "areaLabels": area_labels,
        "area": areas,
        "premises": sectors["premises_count"].astype(int).tolist(),
        "synthetic": [int(value) for value in sectors["synthetic"]],
        "figures": _figures_of(data, Level.SECTOR, keys),
        "phase": [phase_class(p if isinstance(p, str) else None) for p in programme["phase"]],
        "tranche": _nullable(programme["tranche"]),
        "decisionLabels": decision_labels,
        "decision": decisions,
        "decider": [names.get(siren, siren) for siren in _nullable(programme["epci_siren"])],
        "rank": _nullable(programme["rank"]),
        "reasons": sentences,
        "reason": [reason_place.get(reason, -1) for reason in programme["reason"]],
        "advice": [advised.get(key) for key in keys],
        "quarter": _nullable(schedule["quarter"]),
        "cost": _nullable(costs["cost_cents"]),
        "unitCost": _nullable(costs["unit_cost_cents"]),
        "owed": [owed.get(key, []) for key in keys],
    }


def _change(data: MapData, lang: str) -> dict[str, Any] | None:
    """Return what the cards say of a comparison: the first plan, and differences by place."""
    change = data.change
    if change is None:
        return None
    first = _by_sector(change.programme, data.sectors["sector_id"].tolist())

    def written(rows: Mapping[str, Mapping[str, Any]], codes: Iterable[str]) -> list[list[str]]:
        return [
            [change_words(name, rows[code][name], lang) if code in rows else "" for name in CHANGES]
            for code in codes
        ]

    return {
        "before": say("map.change_before", lang, title=change.before),
        "after": say("map.change_after", lang, title=change.after),
        "labels": [say(f"map.col_{name}", lang).replace("\u00ad", "") for name in CHANGES],
        "effects": [entry.label.say(lang) for entry in CHANGE_THEME.classes],
        "effect": change_classes(data),
        "phase": [phase_class(p if isinstance(p, str) else None) for p in first["phase"]],
        "quarter": _nullable(first["quarter"]),
        "reason": [_sentence(reason) for reason in _nullable(first["reason"])],
        "whole": [list(row) for row in change_summary(data, lang)],
        "epci": written(change.of(Level.EPCI), data.epci["siren"]),
        "commune": written(change.of(Level.COMMUNE), data.communes["insee"]),
    }


def _sentence(words: str | None) -> str | None:
    return words[:1].upper() + words[1:] if words else None


def _by_sector(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    indexed = pd.DataFrame(table).astype("object").set_index("sector_id")
    return indexed.reindex(pd.Index(keys, dtype="object"))


def _nullable(column: pd.Series[Any]) -> list[Any]:
    return [row["value"] for row in records(pd.DataFrame({"value": column}))]

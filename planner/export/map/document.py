"""The words and tables of the page: what remains where no script runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from planner.export.map.changes import (
    CHANGES,
    change_columns,
    change_rows,
    change_summary,
    change_words,
)
from planner.export.map.data import Change, MapData, records
from planner.export.map.network import legend_rows
from planner.export.map.payload import vote_text
from planner.export.map.picture import (
    STILL_LINES,
    draw_bar,
    draw_line,
    draw_swatch,
    draw_town,
)
from planner.export.map.sites import site_legend
from planner.export.map.themes import Painted
from planner.export.map.topology import Topology
from planner.export.palettes import AXE3_THEME, NETWORK_THEME, STATE_THEME
from planner.export.style import LINES, PHASE_THEME
from planner.schemas import contract
from planner.texts import Message, say
from planner.vocab import EnvelopeUnit, Level

__all__ = ["SPLIT", "TABLE_COLUMNS", "build_context", "epci_rows", "file_stem", "named_sources"]

SPLIT: Final = (
    ("1", "phase_1_count"),
    ("2", "phase_2_count"),
    ("3", "phase_3_count"),
    ("private", "private_count"),
    ("unknown", "unassigned_count"),
)
"""Class of :data:`planner.export.style.PHASE_THEME` to the column of coverage that counts it."""
TABLE_COLUMNS: Final = (
    "premises_count", "serviceable_count", "coverage_rate", "phase_1_count", "phase_2_count",
    "phase_3_count", "private_count", "unassigned_count", "granted", "used", "vote", "net_cents",
)  # fmt: skip
"""Columns of the table by EPCI after its name."""
_COMMUNE_COLUMNS: Final = (
    "premises_count", "serviceable_count", "coverage_rate", "phase_1_count", "phase_2_count",
    "phase_3_count", "private_count",
)  # fmt: skip
_SUMMED: Final = (
    "premises_count", "serviceable_count", "phase_1_count", "phase_2_count", "phase_3_count",
    "private_count", "unassigned_count", "denominator_count",
)  # fmt: skip
_DEFINITIONS: Final = (
    "premise", "serviceable", "rate", "sector", "zone", "phases", "private", "ville_moyenne",
    "envelope", "due", "forecast", "state",
)  # fmt: skip
_CHANGE_DEFINITIONS: Final = ("gaining", "served", "premise_years", "net_difference")
_ABSENT: Final = "—"


def build_context(
    data: MapData,
    topology: Topology,
    painted: Sequence[Painted],
    *,
    lang: str,
    background: bool = False,
) -> dict[str, Any]:
    """Return what the page's template writes; every value is escaped there unless drawn by us.

    Parameters
    ----------
    data, topology, painted
        What is shown, its borders, and the themes laid on it.
    lang
        Language of the page.
    background
        Whether the page offers a background map from the network.
    """
    status = say(f"map.status_{data.status}", lang)
    regions = data.region["nom"].tolist()
    return {
        "lang": lang,
        "say": lambda key, **values: say(f"map.{key}", lang, **values),
        "data": data,
        "region": ", ".join(regions),
        "scoped": data.level is not Level.REGION,
        "epci_count": len(data.epci),
        "file_name": file_stem(data),
        "background": background,
        "sources": named_sources(data),
        "status": status,
        "synthetic": [_layer_name(data, layer, lang) for layer in data.synthetic_layers],
        "banner": _banner(data, lang),
        "summary": _summary(data, lang),
        "themes": [_legend(data, topology, p, lang) for p in painted],
        "layers": _layers(data, lang),
        "columns": _columns(data, lang),
        "commune_columns": _titled(_COMMUNE_COLUMNS, data, lang),
        "rows": _written(table_rows(data), data, lang),
        "beyond": bool(data.epci["beyond_region"].any()),
        "change": data.change,
        "before_status": say(f"map.status_{data.change.before_status}", lang)
        if data.change
        else "",
        "change_summary": change_summary(data, lang),
        "causes": [c.say(lang) for c in _said_of(data.change)] if data.change else [],
        "definitions": [
            (say(f"map.def_{name}", lang), say(f"map.def_{name}_is", lang))
            for name in (*(_CHANGE_DEFINITIONS if data.change else ()), *_DEFINITIONS)
        ],
        "referentials": sorted({str(text) for text in data.coverage["referential"].dropna()}),
    }


def _said_of(change: Change) -> tuple[Message, ...]:
    """Return what changed, and why costs aren't compared where they aren't."""
    unknown = () if change.cost_unknown is None else (change.cost_unknown,)
    return (*change.causes, *unknown)


def _banner(data: MapData, lang: str) -> str:
    """Say in a line what is made up: nearly all, or some layers beside real premises."""
    layers = data.synthetic_layers
    if not layers or "premises" in layers:
        return say("map.banner_short", lang)
    return say(
        "map.banner_part", lang, layers=", ".join(_layer_name(data, one, lang) for one in layers)
    )


def file_stem(data: MapData) -> str:
    """Return the name of the map's file without its ending: by codes, never by names."""
    stem = "carte" if data.change is None else "carte-comparaison"
    if data.level is Level.REGION:
        return stem
    return f"{stem}-{data.level.value}-{data.code}"


def table_rows(data: MapData) -> list[dict[str, Any]]:
    """Return the rows of the table: by EPCI for a region, else by commune, the total last."""
    rows = epci_rows(data) if data.level is Level.REGION else commune_rows(data)
    return change_rows(data, rows)


def commune_rows(data: MapData) -> list[dict[str, Any]]:
    """Return the rows of the table by commune as values, the whole last."""
    measured = data.coverage_of(Level.COMMUNE)
    rows = [
        _row(row["insee"], row["nom"], measured.get(row["insee"]), None, None) | {"kind": "commune"}
        for row in sorted(records(data.communes), key=lambda row: (row["nom"], row["insee"]))
    ]
    whole = _row(data.code, data.place, data.whole_row, None, None)
    return [*rows, whole | {"kind": "total"}]


def epci_rows(data: MapData) -> list[dict[str, Any]]:
    """Return the rows of the table by EPCI as values, the total last.

    A total is None as soon as one of its parts is unknown.  Communes without an EPCI make a row for
    each département, with the balance of the département that proposes for them.
    """
    measured = data.coverage_of(Level.EPCI)
    balances = {row["epci_siren"]: row for row in records(data.balances)}
    rows = [
        _row(row["siren"], row["nom"], measured.get(row["siren"]), balances.get(row["siren"]), row)
        for row in sorted(records(data.epci), key=lambda row: (row["nom"], row["siren"]))
    ]
    rows += _rows_without_epci(data, balances)
    total: dict[str, Any] = {"kind": "total", "code": "", "nom": "", "beyond": False, "vote": None}
    for name in _SUMMED:
        total[name] = _sum(row[name] for row in rows)
    total["net_cents"] = _sum(row["net_cents"] for row in rows) if balances else None
    total["serviceable_count"] = _sum(
        row["serviceable_count"] for row in rows if row["denominator_count"] != 0
    )  # what no rate counts is left out, as its states are unknown
    total["coverage_rate"] = _rate(total["serviceable_count"], total["denominator_count"])
    for name in ("granted", "used"):
        in_lines = [row for row in rows if row["unit"] == EnvelopeUnit.LINES.value]
        same_unit = len(in_lines) == sum(row["unit"] is not None for row in rows)
        total[name] = _sum(row[name] for row in in_lines) if in_lines and same_unit else None
    total["unit"] = EnvelopeUnit.LINES.value if total["granted"] is not None else None
    return [*rows, total]


def _row(
    code: str,
    nom: str,
    measured: Mapping[str, Any] | None,
    balance: Mapping[str, Any] | None,
    epci: Mapping[str, Any] | None,
) -> dict[str, Any]:
    return {
        "kind": "epci" if epci else "without",
        "code": code,
        "nom": nom,
        "beyond": bool(epci and epci["beyond_region"]),
        **{name: measured[name] if measured else None for name in _SUMMED},
        "coverage_rate": measured["coverage_rate"] if measured else None,
        **{
            name: balance[name] if balance else None
            for name in ("unit", "granted", "used", "net_cents")
        },
        "vote": balance,
    }


def _rows_without_epci(
    data: MapData, balances: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return a row for each département that has communes without an EPCI."""
    measured = data.coverage_of(Level.COMMUNE)
    names = dict(zip(data.departements["code"], data.departements["nom"], strict=True))
    lone = [row for row in records(data.communes) if row["epci_siren"] is None]
    rows = []
    for code in sorted({row["departement"] for row in lone}):
        parts = [measured.get(row["insee"]) for row in lone if row["departement"] == code]
        sums: dict[str, Any] = {
            name: _sum(part[name] if part else None for part in parts) for name in _SUMMED
        }
        sums["coverage_rate"] = _rate(sums["serviceable_count"], sums["denominator_count"])
        rows.append(_row(code, names.get(code, code), sums, balances.get(f"D{code}"), None))
    return rows


def _sum(values: Iterable[int | None]) -> int | None:
    known = list(values)
    return None if any(value is None for value in known) else sum(v for v in known if v is not None)


def _rate(serviceable: int | None, premises: int | None) -> float | None:
    return None if serviceable is None or not premises else serviceable / premises


def _columns(data: MapData, lang: str) -> list[dict[str, str]]:
    return _titled(_shown_columns(data), data, lang)


def _titled(names: Iterable[str], data: MapData, lang: str) -> list[dict[str, str]]:
    rate = "col_rate_public" if data.public_only else "col_rate"
    titles = {
        "premises_count": "col_premises", "serviceable_count": "col_serviceable",
        "coverage_rate": rate, "private_count": "col_private",
        "unassigned_count": "col_unassigned", "granted": "col_envelope", "used": "col_used",
        "vote": "col_vote", "net_cents": "col_due",
    }  # fmt: skip
    titles |= {name: f"col_{name}" for name in CHANGES}
    if data.change is not None:
        titles["net_cents"] = "col_due_after"
    phases = {f"phase_{entry.key}_count": entry.label for entry in PHASE_THEME.classes}
    return [
        {
            "key": name,
            "title": phases[name].say(lang) if name in phases else say(f"map.{titles[name]}", lang),
        }
        for name in names
    ]


def _shown_columns(data: MapData) -> list[str]:
    """Leave out the columns that nothing could fill, as an empty one says nothing."""
    if data.change is not None:
        return change_columns(data)
    if data.level is not Level.REGION:
        return list(_COMMUNE_COLUMNS)
    hidden = set()
    if data.balances.empty:
        hidden |= {"granted", "used", "vote", "net_cents"}
    unassigned = [row["unassigned_count"] for row in data.coverage_of(Level.EPCI).values()]
    if not any(unassigned):
        hidden.add("unassigned_count")
    return [name for name in TABLE_COLUMNS if name not in hidden]


def _written(rows: Sequence[Mapping[str, Any]], data: MapData, lang: str) -> list[dict[str, Any]]:
    """Put the rows into words, each cell with the value that it is sorted by."""
    positions = {
        "epci": {code: place for place, code in enumerate(data.epci["siren"])},
        "commune": {code: place for place, code in enumerate(data.communes["insee"])},
    }
    names = _shown_columns(data)
    return [
        {
            "kind": row["kind"],
            "position": positions.get(row["kind"], {}).get(row["code"], -1),
            "nom": _row_name(row, data, lang),
            "beyond": row["beyond"],
            "cells": [_cell(name, row, lang) for name in names],
        }
        for row in rows
    ]


def _row_name(row: Mapping[str, Any], data: MapData, lang: str) -> str:
    if row["kind"] == "total":
        return say("map.total", lang) if data.level is Level.REGION else data.place
    if row["kind"] == "without":
        return say("map.without_epci", lang, departement=row["nom"])
    return str(row["nom"])


def _cell(name: str, row: Mapping[str, Any], lang: str) -> dict[str, Any]:
    value = row[name]
    if name == "vote":
        text = "" if row["kind"] == "total" else vote_text(value, lang)
        return {"text": text, "value": text, "number": False, "unit": ""}
    if value is None:
        return {"text": _ABSENT, "value": "", "number": True, "unit": ""}
    if name == "coverage_rate":
        text = say("map.share", lang, share=value)
    elif name in CHANGES:
        text = change_words(name, value, lang)
    elif name == "net_cents":
        text = say("map.money", lang, cents=value)
    elif name in {"granted", "used"}:
        text = _envelope(value, row["unit"], lang, bare=name == "used")
        if name == "used" and row["granted"]:
            share = value / row["granted"]
            text = say("map.used_share", lang, used=text, share=share)
    else:
        text = say("map.count", lang, count=value)
    in_cents = name in {"net_cents", "net_difference_cents", "cost_difference_cents"} or (
        name in {"granted", "used"} and row["unit"] == EnvelopeUnit.EUR.value
    )
    return {"text": text, "value": value, "number": True, "unit": "cent" if in_cents else ""}


def _envelope(value: int, unit: str | None, lang: str, *, bare: bool) -> str:
    if unit == EnvelopeUnit.EUR.value:
        return say("map.money", lang, cents=value)
    return say("map.count" if bare else "map.lines", lang, count=value)


def _summary(data: MapData, lang: str) -> dict[str, Any] | None:
    """Return the region in brief: premises, coverage, and how premises share among the phases."""
    row = data.whole_row
    if row is None:
        return None
    classes = {entry.key: entry for entry in PHASE_THEME.classes}
    parts = [(classes[key], row[column]) for key, column in SPLIT if row[column]]
    whole = row["premises_count"]
    known = all(row[column] is not None for _, column in SPLIT)
    return {
        "premises": say("map.count", lang, count=whole),
        "serviceable": say("map.count", lang, count=row["serviceable_count"])
        if row["serviceable_count"] is not None
        else _ABSENT,
        "rate": say("map.share", lang, share=row["coverage_rate"]),
        "rate_label": say(
            "map.coverage_rate_public" if data.public_only else "map.coverage_rate", lang
        ),
        "bar": draw_bar(PHASE_THEME, parts) if known and parts else None,
        "parts": [
            {
                "swatch": draw_swatch(PHASE_THEME, entry),
                "label": entry.label.say(lang),
                "count": say("map.count", lang, count=count),
                "share": say("map.share", lang, share=count / whole) if whole else "",
            }
            for entry, count in parts
        ],
    }


def _legend(data: MapData, topology: Topology, painted: Painted, lang: str) -> dict[str, Any]:
    theme = painted.theme
    used = set(painted.faces(topology).tolist())
    if theme is STATE_THEME and data.layer is not None:  # premises show more than areas do
        used |= {theme.position(str(state)) for state in data.layer["state"].dropna().unique()}
    entries = [
        {
            "position": position,
            "swatch": draw_swatch(theme, entry),
            "label": entry.label.say(lang),
            "about": _about(data, painted, position, lang),
        }
        for position, entry in enumerate(theme.classes)
        if position in used or painted.dated == "area"
    ]
    routes: list[dict[str, Any]] = []
    notes: list[str] = []
    if theme is NETWORK_THEME:
        routes, notes = legend_rows(data, lang=lang)
    elif theme is AXE3_THEME:
        routes, notes = site_legend(data, lang=lang)
    return {
        "routes": routes,
        "notes": notes,
        "key": theme.key,
        "label": theme.label.say(lang),
        "short": say(f"map.short_{_short(data, theme.key)}", lang),
        "entries": entries,
        "near": painted.by_state and data.layer is not None,
    }


def _short(data: MapData, key: str) -> str:
    """Return the key of a theme's short name; where two plans are compared it says which one."""
    return f"{key}_after" if data.change and key in {"phase", "year"} else key


def _about(data: MapData, painted: Painted, position: int, lang: str) -> str:
    """Say how much of the territory is in a class."""
    if not painted.sectors:
        return say("map.legend_communes", lang, count=painted.communes.count(position))
    row = data.whole_row
    sectors = painted.sectors.count(position)
    if painted.theme is not PHASE_THEME:
        return _premises_about(data, painted, position, lang)
    counted = row[dict(SPLIT)[painted.theme.classes[position].key]] if row else None
    if counted is None:
        return say("map.legend_sectors_only", lang, sectors=sectors) if sectors else ""
    if not sectors:
        return say("map.legend_premises", lang, count=counted)
    return say("map.legend_sectors", lang, sectors=sectors, count=counted)


def _premises_about(data: MapData, painted: Painted, position: int, lang: str) -> str:
    """Say how many sectors are in a class, and how many premises they hold."""
    held = [count for count, k in zip(data.sectors["premises_count"], painted.sectors, strict=True)
            if k == position]  # fmt: skip
    if not held:
        return ""
    return say("map.legend_sectors", lang, sectors=len(held), count=int(sum(held)))


def _layers(data: MapData, lang: str) -> list[dict[str, Any]]:
    """Return the lines and marks that can be switched, those that the data have."""
    absent = set()
    if data.sectors.empty:
        absent |= {"sector", "zone"}
    if data.zones.empty:
        absent.add("zone")
    rows = [
        {
            "key": key,
            "label": line.label.say(lang),
            "swatch": draw_line(line),
            "still": key in STILL_LINES,
        }
        for key, line in reversed(tuple(LINES.items()))
        if key not in absent | {"coast"}
    ]
    if len(data.villes_moyennes):
        label = say("map.villes_moyennes", lang)
        rows.insert(0, {"key": "town", "label": label, "swatch": draw_town(), "still": True})
    return rows


def named_sources(data: MapData) -> list[str]:
    """Return who to name on paper, each once."""
    named = [(origin.attribution or origin.source).split(" ; ") for origin in data.origins]
    return sorted({part.strip() for parts in named for part in parts if part.strip()})


def _layer_name(data: MapData, layer: str, lang: str) -> str:
    known = next((o.title for o in data.origins if o.layer == layer), None)
    try:
        title = contract(layer).titled(lang)
        return title[0].lower() + title[1:] if title[1:2].islower() else title
    except LookupError:
        return known or layer

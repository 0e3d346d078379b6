"""What a bulletin says and holds: its words, its table, its map and its data block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from markupsafe import Markup

from planner.bulletin import LeftOut, Sheet, SheetSector, SheetWish, check_ballot
from planner.explain import advice_of_sectors
from planner.export.bulletin.looks import BULLETIN_LINES, BULLETIN_THEME
from planner.export.map.data import MapData, records
from planner.export.map.payload import json_block
from planner.export.map.picture import draw_line, draw_map, draw_patterns, draw_swatch
from planner.export.map.themes import Painted
from planner.export.map.topology import Topology, encode_topology, grid_xy
from planner.export.style import LineStyle
from planner.io.bulletin import BULLETIN_EDITION, BULLETIN_FORMAT
from planner.scenario import Scenario
from planner.territory import Territory
from planner.texts import call_sector, catalogue, lines_in_words, say
from planner.vocab import AreaKind, EnvelopeUnit, Level

__all__ = ["Ground", "bulletin_context", "ground_of"]

_AROUND: Final = 1.0
"""Land drawn around the sectors, as a share of their extent on each side."""
_PIN_TOLERANCE_M: Final = 25.0
"""Where the rank of a sector is written: the centre of its widest circle, to so many metres."""
_SHOWN_ORIGINS: Final = frozenset({"communes", "premises", "sectors", "zones", "envelopes"})
_UI: Final = ("bulletin.ui_", "bulletin.broken_")


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the map of a bulletin draws.

    Parameters
    ----------
    data
        The communes of the EPCI and its sectors, as the officials' map takes them.
    topology
        Their common borders.
    pins
        Where each sector's rank is written, pixels of the grid, shape (sectors, 2).
    box
        Extent of the sectors, pixels of the grid: west, north, east, south.
    advice
        Sector to what the département thinks of it, in words.
    """

    data: MapData
    topology: Topology
    pins: np.ndarray[Any, np.dtype[np.int64]]
    box: tuple[int, int, int, int]
    advice: Mapping[str, str] = field(default_factory=dict)


def ground_of(
    sheet: Sheet, territory: Territory, scenario: Scenario, *, lang: str = "fr"
) -> Ground:
    """Gather what the map of a bulletin draws, and what is said of its sectors."""
    ids = [sector.sector_id for sector in sheet.sectors]
    sectors = territory.sectors.set_index("sector_id").loc[ids].reset_index()
    communes = territory.communes
    if sheet.pays:
        own = communes["epci_siren"].fillna("").astype(str) == sheet.actor
    else:
        lone = communes["epci_siren"].isna() | (communes["epci_siren"] == "")
        own = lone & (communes["departement"].astype(str) == sheet.actor[1:])
    communes = communes[own].sort_values("insee", ignore_index=True)
    west, south, east, north = sectors.total_bounds
    wide, high = (east - west) * _AROUND, (north - south) * _AROUND
    region = territory.region.geometry.to_numpy()
    land = shapely.clip_by_rect(region, west - wide, south - high, east + wide, north + high)
    layers = {
        "commune": communes.geometry.to_numpy(),
        "sector": sectors.geometry.to_numpy(),
        "land": land[~shapely.is_empty(land)],
    }
    topology = encode_topology({name: areas for name, areas in layers.items() if len(areas)})
    data = MapData.from_tables(
        name=scenario.name,
        title=scenario.title,
        status=scenario.status,
        version=scenario.version,
        reference_date=scenario.reference_date,
        vintage=territory.vintage,
        origins=territory.origins,
        region=territory.region,
        departements=territory.departements,
        epci=territory.epci,
        communes=communes,
        sectors=sectors,
    )
    circles = shapely.maximum_inscribed_circle(layers["sector"], tolerance=_PIN_TOLERANCE_M)
    centres = shapely.get_coordinates(shapely.get_point(circles, 0))
    pins = np.rint(grid_xy(centres[:, 0], centres[:, 1])).astype(np.int64)
    corners = grid_xy(np.array([west, west, east, east]), np.array([south, north, south, north]))
    low, high_ = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0))
    box = (int(low[0]), int(low[1]), int(high_[0]), int(high_[1]))
    return Ground(
        data=replace(data, level=Level.EPCI, code=sheet.actor), topology=topology, pins=pins,
        box=box, advice=advice_of_sectors(_advice_on(sheet, territory), lang=lang),
    )  # fmt: skip


def _advice_on(sheet: Sheet, territory: Territory) -> pd.DataFrame:
    """Return what the département said of the sectors of this sheet, to this EPCI."""
    advice = territory.advice
    return advice[advice["epci_siren"].astype(str) == sheet.actor]


def bulletin_context(
    sheet: Sheet,
    ground: Ground,
    known: Sequence[SheetWish],
    unsaid: Sequence[str],
    scenario: Scenario,
    *,
    left_out: LeftOut,
    lang: str,
) -> dict[str, Any]:
    """Return what the page's template writes; every value is escaped there unless drawn by us."""
    data = ground.data
    painted = Painted(
        theme=BULLETIN_THEME,
        sectors=[BULLETIN_THEME.position(_still_class(sheet, one)) for one in sheet.sectors],
        communes=[BULLETIN_THEME.position("outside")] * len(data.communes),
    )
    used = {
        BULLETIN_THEME.classes[k].key for k in painted.faces(ground.topology).tolist() if k >= 0
    }
    ways = {"none", "required", "in", "out", "trouble", "refused"}
    return {
        "lang": lang,
        "say": lambda key, **values: say(f"bulletin.page_{key}", lang, **values),
        "sheet": sheet,
        "region": ", ".join(data.region["nom"].tolist()),
        "title": scenario.title,
        "status": say(f"map.status_{scenario.status}", lang),
        "status_key": scenario.status,
        "on": scenario.reference_date,
        "signature": sheet.signature[:8],
        "figures": _figures(sheet, lang),
        "notices": _notices(left_out, lang),
        "rules": _rules(sheet, lang),
        "rows": [
            {**_row(sheet, one, lang), "advice": _advice(ground, one, lang)}
            for one in sheet.sectors
        ],
        "totals": {
            "sectors": len(sheet.open_ids),
            "lines": sum(sheet.by_id[key].lines_of(sheet.actor) for key in sheet.open_ids),
        },
        "legend": [
            {"swatch": draw_swatch(BULLETIN_THEME, entry), "label": entry.label.say(lang)}
            for entry in BULLETIN_THEME.classes
            if entry.key in used | ways
        ],
        "lines": [
            {"swatch": draw_line(one), "label": one.label.say(lang)} for one in BULLETIN_LINES
        ],
        "origins": [o for o in data.origins if o.layer in _SHOWN_ORIGINS],
        "patterns": draw_patterns((BULLETIN_THEME,)),
        "picture": draw_map(data, ground.topology, painted, lang=lang),
        "payload": Markup(json_block(_payload(sheet, ground, known, unsaid, lang))),  # noqa: S704 (no <, > or & in it)
    }  # fmt: skip


def _still_class(sheet: Sheet, sector: SheetSector) -> str:
    if sector.phase is not None:
        return "settled"
    return "none" if sector.decider == sheet.actor else "theirs"


def _amount(sheet: Sheet, value: int | None, lang: str) -> str:
    if value is None:
        return say("bulletin.page_no_envelope", lang)
    unit = "money" if sheet.unit is EnvelopeUnit.EUR else "lines"
    return say(f"bulletin.page_{unit}", lang, value=value)


def _figures(sheet: Sheet, lang: str) -> dict[str, str]:
    """Return what is granted and owed before any wish, in words."""
    credit = sheet.credit_cents
    return {
        "granted": _amount(sheet, sheet.granted, lang),
        "credit": say("bulletin.page_credit_unknown", lang)
        if credit is None
        else say("bulletin.page_money", lang, value=credit),
        "price": say("bulletin.page_money", lang, value=sheet.cents_per_line),
        "settled": say("bulletin.page_lines", lang, value=_settled_lines(sheet)),
    }


def _notices(left_out: LeftOut, lang: str) -> list[str]:
    """Say what of the ballot received the page doesn't show, and why."""
    counts = {name: count for name, count in asdict(left_out).items() if count}
    return [say(f"bulletin.left_out_{name}", lang, count=n) for name, n in counts.items()]


def _rules(sheet: Sheet, lang: str) -> list[str]:
    """Say by which rules a ballot is counted."""
    unit = "eur" if sheet.unit is EnvelopeUnit.EUR else "lines"
    keys = ["order", f"envelope_{unit}", "skip", f"ties_{sheet.ties}"]
    keys += ["shared_exact" if sheet.rule == "exact" else "shared"]
    keys += ["contiguity"] * sheet.contiguity + ["exact"] * (sheet.rule == "exact") + ["form"]
    return [say(f"bulletin.rule_{key}", lang) for key in keys]


def _row(sheet: Sheet, sector: SheetSector, lang: str) -> dict[str, Any]:
    decider = sheet.names[sector.decider]
    if sector.phase is not None:
        note = say("bulletin.row_settled", lang, phase=sector.phase)
    elif sector.decider != sheet.actor:
        shape = "row_theirs_votes" if sheet.can_rank(sector) else "row_theirs"
        note = say(f"bulletin.{shape}", lang, decider=decider)
    else:
        note = ""
    lines = sector.lines_of(sheet.actor)
    others = [(sheet.names[a], n) for a, n in sector.shares if a != sheet.actor and n > 0]
    return {
        "id": sector.sector_id,
        "nom": sector.nom,
        "commune": sector.commune,
        "area": AreaKind(sector.area_kind).label(lang),
        "lines": say("bulletin.page_count", lang, value=lines),
        "lines_near": lines_in_words(lines, lang),
        "cents": say("bulletin.page_money", lang, value=lines * sheet.cents_per_line)
        if sheet.pays
        else "—",
        "shared": "; ".join(say("bulletin.row_share", lang, nom=nom, lines=n) for nom, n in others),
        "note": note,
        "open": sheet.is_open(sector),
        "ranks": sheet.can_rank(sector),
        "settled": sector.phase is not None,
    }


def _advice(ground: Ground, sector: SheetSector, lang: str) -> str:
    words = ground.advice.get(sector.sector_id)
    return say("bulletin.row_advice", lang, advice=words) if words else ""


def _settled_lines(sheet: Sheet) -> int:
    return sum(s.lines_of(sheet.actor) for s in sheet.sectors if s.phase is not None)


def _credit_left(sheet: Sheet) -> int:
    """Return the MeD credit that phase 1 leaves, which comes first."""
    return max(0, (sheet.credit_cents or 0) - _settled_lines(sheet) * sheet.cents_per_line)


def _payload(
    sheet: Sheet, ground: Ground, known: Sequence[SheetWish], unsaid: Sequence[str], lang: str
) -> dict[str, Any]:
    place = {sector.sector_id: k for k, sector in enumerate(sheet.sectors)}
    check = check_ballot(sheet, known)
    return {
        "lang": lang,
        "format": BULLETIN_FORMAT,
        "edition": BULLETIN_EDITION,
        "texts": {
            key.removeprefix("bulletin."): words[lang]
            for key, words in catalogue().items()
            if key.startswith(_UI)
        },
        "topology": ground.topology.flat(),
        "box": list(ground.box),
        "classes": [
            {"key": c.key, "label": c.label.say(lang), "fill": c.swatch.fill, "ink": c.swatch.ink,
             "pattern": c.swatch.pattern}
            for c in BULLETIN_THEME.classes
        ],
        "lines": [_line(one) for one in BULLETIN_LINES],
        "communes": _communes(ground.data),
        "known": [asdict(wish) for wish in known],
        "unsaid": [call_sector(key, {key: sheet.by_id[key].nom}) for key in unsaid],
        "knownTaken": len(check.taken),
        "sheet": {
            "actor": sheet.actor,
            "nom": sheet.nom,
            "unit": sheet.unit.value,
            "granted": sheet.granted,
            "creditLeft": _credit_left(sheet),
            "centsPerLine": sheet.cents_per_line,
            "ties": sheet.ties,
            "contiguity": sheet.contiguity,
            "unranked": sheet.unranked,
            "pays": sheet.pays,
            "exact": sheet.rule == "exact",
            "scenario": sheet.scenario,
            "version": sheet.version,
            "sectorsSha": sheet.sectors_sha256,
            "rulesSha": sheet.rules_sha256,
            "signature": sheet.signature,
            "sectors": _sectors(sheet, place, ground),
        },
    }  # fmt: skip


def _sectors(sheet: Sheet, place: Mapping[str, int], ground: Ground) -> dict[str, list[Any]]:
    rows = sheet.sectors
    return {
        "id": [s.sector_id for s in rows],
        "nom": [s.nom for s in rows],
        "commune": [s.commune for s in rows],
        "lines": [s.lines_of(sheet.actor) for s in rows],
        "premises": [s.premises_count for s in rows],
        "phase": [s.phase for s in rows],
        "decider": [None if s.decider == sheet.actor else sheet.names[s.decider] for s in rows],
        "shared": [
            [[sheet.names[a], n] for a, n in s.shares if a != sheet.actor and n > 0] for s in rows
        ],
        "reached": [int(s.reached) for s in rows],
        "neighbours": [[place[other] for other in s.neighbours if other in place] for s in rows],
        "x": ground.pins[:, 0].tolist(),
        "y": ground.pins[:, 1].tolist(),
    }


def _communes(data: MapData) -> dict[str, list[Any]]:
    rows = records(data.communes)
    at = np.rint(
        grid_xy(
            np.array([row["bourg_x_m"] for row in rows], dtype=float),
            np.array([row["bourg_y_m"] for row in rows], dtype=float),
        )
    ).astype(int)
    return {
        "nom": [row["nom"] for row in rows],
        "population": [int(row["population"]) for row in rows],
        "x": at[:, 0].tolist(),
        "y": at[:, 1].tolist(),
    }


def _line(line: LineStyle) -> dict[str, Any]:
    return {
        "color": line.color, "width": line.width, "dash": list(line.dash), "halo": line.halo,
        "fromZoom": line.from_zoom,
    }  # fmt: skip

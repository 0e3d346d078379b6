"""The officials' map: one HTML file that opens anywhere, without network.

:func:`write_map` writes it from a plan.  The page shows the territory by phase and by coverage,
finds a commune, opens its card, and holds the table by EPCI, which is also what remains where no
script runs.  :func:`write_comparison_map` shows what changes from one plan to another,
:func:`write_areas_map` outlines alone.  The rooms: ``data`` what is drawn, ``areas`` the light page
of outlines, ``changes`` two plans side by side, ``topology`` its borders, ``payload`` the data
block, ``picture`` and ``document`` what stands without script, ``shell`` Folium's page made to
stand alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from planner.compare import Side
from planner.errors import PlannerError
from planner.export.map.areas import write_areas_map
from planner.export.map.changes import compared_data
from planner.export.map.data import MapData
from planner.export.map.document import build_context, file_stem
from planner.export.map.payload import (
    BACKGROUND_HOST,
    build_payload,
    data_scripts,
    packed_json,
)
from planner.export.map.picture import draw_map, draw_patterns
from planner.export.map.shell import Page, region_map
from planner.export.map.themes import paint
from planner.export.map.topology import Topology, TopologyRules, encode_topology, grid_to_lonlat
from planner.export.style import PHASE_THEME
from planner.plan import Plan
from planner.texts import Message
from planner.vocab import Level

__all__ = [
    "FOLDER_FROM",
    "MapData",
    "TopologyRules",
    "map_html",
    "write_areas_map",
    "write_comparison_map",
    "write_map",
    "write_maps",
]

FOLDER_FROM: Final = 3_000_000
"""Premises from which a map is written as a page and one script of premises an EPCI beside it: a
page of 6 MB holds two million, and mail refuses 10 MB."""


def write_map(
    path: str | Path,
    plan: Plan,
    *,
    epci: str | None = None,
    departement: str | None = None,
    lang: str = "fr",
    background: bool = False,
    folder: bool | None = None,
) -> Path:
    """Write the map of a plan as one self-contained HTML file.

    Parameters
    ----------
    path
        Where to write it; an older file gives way at once, when the new one is whole.
    plan
        What to show.
    epci, departement
        Show one EPCI (SIREN) or one département (code) instead of the region.
    lang
        ``fr`` or ``en``.
    background
        Offer IGN's map as a background.  It needs the network and discloses its reader, who must
        ask for it in the page; without this the page can't make any request.
    folder
        Write the premises as scripts in a folder beside the page, one an EPCI; None: from
        :data:`FOLDER_FROM` premises on.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    UnknownNameError
        When no commune belongs to this EPCI or département.
    PlannerError
        When both are given.
    """
    data = _focused(MapData.from_plan(plan, lang=lang), epci, departement)
    return write_page(path, data, lang=lang, background=background, folder=folder)


def write_comparison_map(
    path: str | Path,
    before: Plan | Side,
    after: Plan,
    *,
    epci: str | None = None,
    departement: str | None = None,
    lang: str = "fr",
    background: bool = False,
    folder: bool | None = None,
) -> Path:
    """Write the map of what changes from one plan to another: by sector, and for each EPCI.

    Parameters
    ----------
    path
        Where to write it.
    before
        The first plan, or its tables as :class:`planner.compare.Side` holds them.
    after
        The second plan: its territory and its premises are drawn.
    epci, departement, lang, background, folder
        As in :func:`write_map`.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    UnknownNameError, PlannerError
        As in :func:`write_map`.
    """
    data = _focused(compared_data(before, after, lang=lang), epci, departement)
    return write_page(path, data, lang=lang, background=background, folder=folder)


def _focused(data: MapData, epci: str | None, departement: str | None) -> MapData:
    if epci is not None and departement is not None:
        raise PlannerError(
            Message.of("map.two_places", epci=epci, departement=departement),
            Message.of("map.two_places_remedy"),
        )
    if epci is not None:
        return data.focus(Level.EPCI, epci)
    if departement is not None:
        return data.focus(Level.DEPARTEMENT, departement)
    return data


def write_maps(
    folder: str | Path,
    plan: Plan,
    *,
    lang: str = "fr",
    background: bool = False,
    notify: Callable[[str], None] | None = None,
) -> tuple[Path, ...]:
    """Write the map of the region, of each département and of each EPCI into a folder.

    Parameters
    ----------
    folder
        Where to write them; made when missing.  Files bear codes, never names.
    plan, lang, background
        As in :func:`write_map`.
    notify
        Told the name of each place before its map is drawn.

    Returns
    -------
    tuple of Path
        The pages: region, départements and EPCI by code.
    """
    whole = MapData.from_plan(plan, lang=lang)
    places = [(Level.DEPARTEMENT, code) for code in sorted(set(whole.communes["departement"]))]
    places += [(Level.EPCI, code) for code in sorted(set(whole.communes["epci_siren"].dropna()))]
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for data in (whole, *(whole.focus(level, code) for level, code in places)):
        if notify is not None:
            notify(data.place)
        path = target / f"{file_stem(data)}.html"
        written.append(write_page(path, data, lang=lang, background=background))
    return tuple(written)


def write_page(
    path: str | Path,
    data: MapData,
    *,
    lang: str = "fr",
    background: bool = False,
    folder: bool | None = None,
) -> Path:
    """Write the page of some data, its premises inside or in a folder beside it."""
    target = Path(path)
    if folder is None:
        folder = data.layer is not None and len(data.layer) >= FOLDER_FROM
    scripts = data_scripts(data, target.stem) if folder else {}
    text = map_html(
        data, lang=lang, background=background, chunks=[chunk for chunk, _ in scripts.values()]
    )
    if folder:
        _write_scripts(target.with_name(f"{target.stem}-locaux"), scripts)
    part = target.with_name(target.name + ".part")
    part.write_text(text, encoding="utf-8", newline="\n")
    part.replace(target)
    return target


def _write_scripts(folder: Path, scripts: Mapping[str, tuple[Mapping[str, Any], str]]) -> None:
    """Write the scripts of premises beside the old ones, then take their place."""
    part = folder.with_name(folder.name + ".part")
    if part.exists():
        shutil.rmtree(part)
    part.mkdir(parents=True)
    for name, (_, text) in scripts.items():
        (part / name).write_text(text, encoding="utf-8", newline="\n")
    if folder.exists():
        shutil.rmtree(folder)
    part.replace(folder)


def map_html(
    data: MapData,
    *,
    lang: str = "fr",
    rules: TopologyRules | None = None,
    background: bool = False,
    chunks: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Return the page as text, the same bytes for the same data.

    Parameters
    ----------
    data
        What to show.
    lang
        ``fr`` or ``en``.
    rules
        How borders are thinned out.
    background
        As in :func:`write_map`.
    chunks
        Scripts that bring the premises (:func:`planner.export.map.payload.data_scripts`); without
        them the premises are in the page.
    """
    layers = {"commune": data.communes.geometry.to_numpy()}
    if len(data.sectors):
        layers["sector"] = data.sectors.geometry.to_numpy()
    if data.level is not Level.REGION:  # the land around, for the eye to find its way
        layers["land"] = data.region.geometry.to_numpy()
    topology = encode_topology(layers, rules=rules)
    painted = paint(data)
    themes = [p.theme for p in painted]
    if PHASE_THEME not in themes:  # the split of premises by phase is shown in its colours
        themes.append(PHASE_THEME)
    payload = build_payload(
        data, topology, painted, lang=lang, background=background, chunks=chunks
    )
    packed, size = packed_json(payload)
    context = build_context(data, topology, painted, lang=lang, background=background) | {
        "patterns": draw_patterns(themes),
        "picture": draw_map(data, topology, painted[0], lang=lang),
        "payload": packed,
        "payload_bytes": size,
    }
    page = Page(context, images=BACKGROUND_HOST if background else "", chunks=bool(chunks))
    south_west, north_east = _corners(topology)
    page.add_child(region_map(south_west=south_west, north_east=north_east))
    return page.render()


def _corners(topology: Topology) -> tuple[tuple[float, float], tuple[float, float]]:
    low, high = topology.points.min(axis=0), topology.points.max(axis=0)
    corners = grid_to_lonlat(np.array([[low[0], high[1]], [high[0], low[1]]], dtype=np.float64))
    (west, south), (east, north) = np.round(corners, 5).tolist()
    return (south, west), (north, east)

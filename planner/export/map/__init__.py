"""The officials' map: one HTML file that opens anywhere, without network.

:func:`write_map` writes it from a plan.  The page shows the territory by phase and by coverage,
finds a commune, opens its card, and holds the table by EPCI, which is also what remains where no
script runs.  The rooms: ``data`` what is drawn, ``topology`` its borders, ``payload`` the data
block, ``picture`` and ``document`` what stands without script, ``shell`` Folium's page made to
stand alone.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from markupsafe import Markup

from planner.export.map.data import MapData
from planner.export.map.document import build_context
from planner.export.map.payload import build_payload, json_block
from planner.export.map.picture import draw_map, draw_patterns
from planner.export.map.shell import Page, region_map
from planner.export.map.themes import paint
from planner.export.map.topology import Topology, TopologyRules, encode_topology, grid_to_lonlat
from planner.export.style import PHASE_THEME
from planner.plan import Plan
from planner.vocab import Level

__all__ = ["MapData", "TopologyRules", "map_html", "write_map"]


def write_map(path: str | Path, plan: Plan, *, lang: str = "fr") -> Path:
    """Write the map of a plan as one self-contained HTML file.

    Parameters
    ----------
    path
        Where to write it; an older file gives way at once, when the new one is whole.
    plan
        What to show.
    lang
        ``fr`` or ``en``.

    Returns
    -------
    Path
        The file.
    """
    target = Path(path)
    text = map_html(MapData.from_plan(plan, lang=lang), lang=lang)
    part = target.with_name(target.name + ".part")
    part.write_text(text, encoding="utf-8", newline="\n")
    part.replace(target)
    return target


def map_html(data: MapData, *, lang: str = "fr", rules: TopologyRules | None = None) -> str:
    """Return the page as text, the same bytes for the same data.

    Parameters
    ----------
    data
        What to show.
    lang
        ``fr`` or ``en``.
    rules
        How borders are thinned out.
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
    payload = build_payload(data, topology, painted, lang=lang)
    context = build_context(data, topology, painted, lang=lang) | {
        "patterns": draw_patterns(themes),
        "picture": draw_map(data, topology, painted[0], lang=lang),
        "payload": Markup(json_block(payload)),  # noqa: S704 (json_block leaves no < in it)
    }
    page = Page(context)
    south_west, north_east = _corners(topology)
    page.add_child(region_map(south_west=south_west, north_east=north_east))
    return page.render()


def _corners(topology: Topology) -> tuple[tuple[float, float], tuple[float, float]]:
    low, high = topology.points.min(axis=0), topology.points.max(axis=0)
    corners = grid_to_lonlat(np.array([[low[0], high[1]], [high[0], low[1]]], dtype=np.float64))
    (west, south), (east, north) = np.round(corners, 5).tolist()
    return (south, west), (north, east)

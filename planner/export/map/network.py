"""The designed network on the map: routes by kind of laying, sites, and what a card says of them.

Routes are merged into lines, put on the grid of the page and written as steps, like the borders.
A region has some 300 000 pieces of distribution that no screen could show: beyond
:data:`MOST_PIECES` the page holds the feeder alone, and says so; the page of a département or of an
EPCI holds both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from markupsafe import Markup
from numpy.typing import NDArray

from planner.export.map.data import MapData, records
from planner.export.map.picture import draw_line
from planner.export.map.topology import grid_xy
from planner.export.style import LineStyle
from planner.export.themes import (
    LAYING_CLASSES,
    NRO_CLASSES,
    PM_CLASSES,
    LineClass,
    PointClass,
)
from planner.texts import Message, say
from planner.vocab import NetworkUse

__all__ = ["MOST_PIECES", "Drawn", "Mark", "draw_mark", "drawn_routes", "marks", "network_block"]

MOST_PIECES: Final = 80_000
"""Pieces of distribution that one page holds at most: some 0.6 MB of it."""
_WIDTH: Final = {NetworkUse.FEEDER.value: 3.2, NetworkUse.DISTRIBUTION.value: 1.6}
_FROM: Final = {NetworkUse.FEEDER.value: 0.0, NetworkUse.DISTRIBUTION.value: 10.5}
_TIERS: Final = (NetworkUse.DISTRIBUTION, NetworkUse.FEEDER)
"""In the order they are drawn, the last on top."""
_SIZE: Final = 22
_PATHS: Final = {
    "square": "M-7 -7H7V7H-7Z", "diamond": "M0 -9L9 0L0 9L-9 0Z", "triangle": "M0 -8L8 7H-8Z",
    "circle": "M-7 0a7 7 0 1 0 14 0a7 7 0 1 0 -14 0Z",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """Routes of one part of the network, laid in one way.

    Parameters
    ----------
    key
        Part and kind of laying, ``feeder.trench_unpaved``.
    label
        What the legend says.
    style
        How it is drawn.
    lines
        Vertices of each line, pixels of the grid.
    """

    key: str
    label: str
    style: LineStyle
    lines: tuple[NDArray[np.int64], ...]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A kind of site: how it is drawn and what the legend says."""

    key: str
    label: str
    entry: PointClass
    from_zoom: float


def has_network(data: MapData) -> bool:
    """Tell whether a network was designed."""
    return len(data.network_sectors) > 0


def drawn_routes(data: MapData, *, lang: str) -> tuple[tuple[Drawn, ...], bool]:
    """Return the routes as they are drawn, and whether the distribution was left out."""
    routes = data.routes
    tier = routes["tier"].astype(str).to_numpy(dtype=object)
    whole = int((tier == NetworkUse.DISTRIBUTION.value).sum()) <= MOST_PIECES
    found = []
    for use in _TIERS if whole else _TIERS[1:]:
        mine = routes[tier == use.value]
        for laying in sorted(set(mine["laying"].astype(str))):
            shapes = mine.geometry.to_numpy()[(mine["laying"].astype(str) == laying).to_numpy()]
            entry = _laying_class(laying)
            label = say("map.network_line", lang, use=use, laying=entry.label.say(lang).lower())
            style = LineStyle(
                label=entry.label, color=entry.color, width=_WIDTH[use.value], dash=entry.dash,
                halo=1.6 if use is NetworkUse.FEEDER else 0.8, from_zoom=_FROM[use.value],
            )  # fmt: skip
            found.append(
                Drawn(key=f"{use.value}.{laying}", label=label, style=style, lines=_lines(shapes))
            )
    return tuple(found), not whole


def _laying_class(laying: str) -> LineClass:
    known = {entry.key: entry for entry in LAYING_CLASSES}
    return known.get(laying, known[""])


def _lines(shapes: NDArray[np.object_]) -> tuple[NDArray[np.int64], ...]:
    """Merge pieces into lines, each once, on the grid; in the order of their first vertex."""
    once = np.unique(shapely.to_wkb(shapely.normalize(shapes)))
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(shapely.from_wkb(once))))
    if not merged.size:
        return ()
    points, which = shapely.get_coordinates(merged, return_index=True)
    grid = np.rint(grid_xy(points[:, 0], points[:, 1])).astype(np.int64)
    new = np.append(True, (which[1:] != which[:-1]) | (grid[1:] != grid[:-1]).any(axis=1))
    grid, which = grid[new], which[new]
    starts = np.append(np.flatnonzero(np.append(True, which[1:] != which[:-1])), len(which))
    lines = [grid[a:b] for a, b in pairwise(starts) if b - a > 1]
    # a line has no direction: it begins at its western end
    lines = [line if tuple(line[0]) <= tuple(line[-1]) else line[::-1] for line in lines]
    return tuple(sorted(lines, key=lambda line: line.ravel().tolist()))


def marks(data: MapData, *, lang: str) -> tuple[Mark, ...]:
    """Return the kinds of sites that the network has."""
    kinds = {
        "nro_new": (len(data.nro) > 0 and not data.nro["existing"].all(), NRO_CLASSES[0]),
        "nro_reused": (bool(data.nro["existing"].any()), NRO_CLASSES[1]),
        "pm_remote": (bool(data.pm["remote_connection"].any()), PM_CLASSES[0]),
        "pm": (len(data.pm) > 0 and not data.pm["remote_connection"].all(), PM_CLASSES[1]),
    }
    return tuple(
        Mark(
            key=key, label=entry.label.say(lang), entry=entry,
            from_zoom=0.0 if key.startswith("nro") else 9.0,
        )
        for key, (there, entry) in kinds.items()
        if there
    )  # fmt: skip


def network_block(data: MapData, *, lang: str) -> dict[str, Any] | None:
    """Return what the page draws and says of the network; None where none was designed."""
    if not has_network(data):
        return None
    routes, _ = drawn_routes(data, lang=lang)
    kinds = marks(data, lang=lang)
    return {
        "routes": [_packed(drawn) for drawn in routes],
        "marks": [
            {
                "key": mark.key, "label": mark.label, "shape": mark.entry.shape,
                "fill": mark.entry.fill, "ink": mark.entry.ink, "fromZoom": mark.from_zoom,
                **_places(data, mark.key),
            }
            for mark in kinds
        ],
        **_told(data),
    }  # fmt: skip


def _packed(drawn: Drawn) -> dict[str, Any]:
    style = drawn.style
    points = np.concatenate(drawn.lines) if drawn.lines else np.zeros((0, 2), np.int64)
    steps = np.diff(points, axis=0, prepend=np.zeros((1, 2), np.int64))
    return {
        "key": drawn.key, "label": drawn.label, "color": style.color, "width": style.width,
        "dash": list(style.dash), "halo": style.halo, "fromZoom": style.from_zoom,
        "sizes": [len(line) for line in drawn.lines], "steps": steps.ravel().tolist(),
    }  # fmt: skip


def _places(data: MapData, key: str) -> dict[str, list[int]]:
    """Return the pixels of the sites of a kind."""
    table = data.nro if key.startswith("nro") else data.pm
    flag = "existing" if key.startswith("nro") else "remote_connection"
    wanted = key in {"nro_reused", "pm_remote"}
    spots = shapely.get_coordinates(table.geometry.to_numpy()[table[flag].to_numpy() == wanted])
    grid = np.rint(grid_xy(spots[:, 0], spots[:, 1])).astype(np.int64)
    grid = grid[np.lexsort((grid[:, 1], grid[:, 0]))]
    return {"x": grid[:, 0].tolist(), "y": grid[:, 1].tolist()}


def _told(data: MapData) -> dict[str, Any]:
    """Return the row of each sector, in the order of the sectors; None where it has none."""
    names = dict(zip(data.sectors["sector_id"], data.sectors["nom"], strict=True))
    table = pd.DataFrame(data.network_sectors)
    rows: Mapping[str, Mapping[str, Any]] = {row["sector_id"]: row for row in records(table)}
    return {
        "sectors": [list(_row(rows.get(key), names)) for key in data.sectors["sector_id"]],
        "madeUp": bool(len(data.routes) and data.routes["synthetic"].any()),
        "examplePrices": bool(table["synthetic"].any()),
    }


def _row(row: Mapping[str, Any] | None, names: Mapping[str, str]) -> Iterator[Any]:
    """Yield what a card says of a sector, in the order that the page reads it in."""
    if row is None:
        return
    code = row["nro_id"]
    near = None if code is None else names.get(str(code).removeprefix("NRO-"))
    yield None if code is None else f"{near} ({code})" if near else code
    yield int(bool(row["nro_existing"]))
    yield int(bool(row["pm_existing"]))
    for name in ("feeder_m", "longest_loop_m", "distribution_m"):
        yield None if row[name] is None else round(row[name])
    for name in (
        "lines_count", "unreached_count", "on_demand_count", "trench_m", "existing_duct_m",
        "existing_poles_m", "new_poles_m", "reused_m", "cables_m", "poles_used_count",
        "poles_new_count", "poles_replaced_count", "poles_reinforced_count",
        "cost_cents", "cents_per_line", "avoided_cents",
    ):  # fmt: skip
        yield row[name]


def draw_mark(entry: PointClass) -> Markup:
    """Draw a site for the legend."""
    path = _PATHS.get(entry.shape, _PATHS["circle"])
    drawn = (
        f'<svg class="swatch" width="34" height="{_SIZE}" viewBox="-17 -11 34 22" '
        f'aria-hidden="true"><path d="{path}" fill="{entry.fill}" stroke="{entry.ink}" '
        f'stroke-width="{1.5 * min(entry.rim, 1.6)}" stroke-linejoin="round"/></svg>'
    )
    return Markup(drawn)  # noqa: S704 (our own constants)


def legend_rows(data: MapData, *, lang: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the entries of the legend that can be switched, and what is to be said under them."""
    if not has_network(data):
        return [], []
    routes, left_out = drawn_routes(data, lang=lang)
    rows = [
        {"key": mark.key, "label": mark.label, "swatch": draw_mark(mark.entry)}
        for mark in marks(data, lang=lang)
    ]
    rows += [
        {"key": drawn.key, "label": drawn.label, "swatch": draw_line(drawn.style)}
        for drawn in reversed(routes)
    ]
    notes = []
    if len(data.routes) and data.routes["synthetic"].any():
        notes.append(Message.of("map.network_made_up"))
    elif data.network_sectors["synthetic"].any():
        notes.append(Message.of("map.network_prices"))
    if left_out:
        notes.append(Message.of("map.network_left_out"))
    return rows, [note.say(lang) for note in notes]

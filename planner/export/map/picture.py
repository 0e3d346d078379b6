"""Still pictures in SVG: the map where no script runs and on paper, swatches, bars.

They are written with presentation attributes only, because the page's policy refuses ``style``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from planner.export.map.data import MapData, records
from planner.export.map.themes import Painted
from planner.export.map.topology import Topology, grid_to_lonlat, grid_xy, pixel_metres
from planner.export.style import LINES, SURROUNDINGS, TOWN, AreaClass, LineStyle, Theme
from planner.texts import say

__all__ = [
    "STILL_LINES", "PictureRules", "draw_bar", "draw_line", "draw_map", "draw_patterns",
    "draw_swatch", "draw_town",
]  # fmt: skip

_PATTERN_SIZE: Final = 8
_SHAPES: Final[Mapping[str, str]] = {
    "solid": "",
    "hatch": '<path d="M-2 10L10-2M-2 2L2-2M6 10L10 6" stroke="{ink}" stroke-width="0.9"/>',
    "dots": '<g fill="{ink}"><circle cx="2" cy="2" r="0.75"/><circle cx="6" cy="6" r="0.75"/></g>',
    "cross": '<path d="M0 0L8 8M8 0L0 8" stroke="{ink}" stroke-width="0.6"/>',
    "bars": '<path d="M0 4H8" stroke="{ink}" stroke-width="0.8"/>',
}
"""Patterns in a square of 8 pixels; the script draws the same shapes."""
_ROUND_KM: Final = 50
STILL_LINES: Final = ("epci", "departement")
"""Borders of the still map; at its size the others would cover what they border."""


@dataclass(frozen=True, kw_only=True)
class PictureRules:
    """How the still map is drawn.

    Parameters
    ----------
    width
        Width of the drawing in its own units; a unit is the finest step it can show.
    margin
        Free border in units.
    step
        Vertices nearer than this to the one before are left out, in units.
    cities
        How many communes are named beside the villes moyennes, the largest first.
    apart
        A commune nearer than this to a ville moyenne, and on its line, isn't named; in units.
    """

    width: int = 1400
    margin: int = 36
    step: float = 1.5
    cities: int = 6
    apart: int = 120


def draw_patterns(themes: Sequence[Theme]) -> Markup:
    """Return the definitions of every pattern of these themes, to be put once in the page."""
    drawn = "".join(
        f'<pattern id="{_pattern_id(theme, entry)}" width="{_PATTERN_SIZE}" '
        f'height="{_PATTERN_SIZE}" patternUnits="userSpaceOnUse">'
        f'<rect width="{_PATTERN_SIZE}" height="{_PATTERN_SIZE}" fill="{entry.swatch.fill}"/>'
        f"{_SHAPES[entry.swatch.pattern].format(ink=entry.swatch.ink)}</pattern>"
        for theme in themes
        for entry in theme.classes
    )
    return _markup(
        f'<svg class="patterns" width="0" height="0" aria-hidden="true"><defs>{drawn}</defs></svg>'
    )


def draw_swatch(theme: Theme, entry: AreaClass) -> Markup:
    """Return the swatch of a class for the legend."""
    return _markup(
        '<svg class="swatch" width="34" height="22" viewBox="0 0 34 22" aria-hidden="true">'
        f'<rect x="1" y="1" width="32" height="20" rx="3" fill="url(#{_pattern_id(theme, entry)})"'
        f' stroke="{entry.swatch.ink}" stroke-width="1.5"/></svg>'
    )


def draw_line(line: LineStyle) -> Markup:
    """Return the sample of a line for the legend, on the ground that it is drawn on."""
    dash = f' stroke-dasharray="{" ".join(map(_n, line.dash))}"' if line.dash else ""
    ground = (
        '<rect width="34" height="22" rx="3" fill="#8b95a3"/>' if line.color == "#ffffff" else ""
    )
    return _markup(
        '<svg class="swatch" width="34" height="22" viewBox="0 0 34 22" aria-hidden="true">'
        f'{ground}<path d="M3 11H31" fill="none" stroke="{line.color}" '
        f'stroke-width="{_n(max(line.width, 1.4))}"{dash}/></svg>'
    )


def draw_town() -> Markup:
    """Return the mark of a ville moyenne for the legend."""
    return _markup(
        '<svg class="swatch" width="34" height="22" viewBox="0 0 34 22" aria-hidden="true">'
        f'<circle cx="17" cy="11" r="{_n(TOWN.radius)}" fill="{TOWN.fill}" stroke="{TOWN.ink}" '
        'stroke-width="2.5"/></svg>'
    )


def draw_bar(theme: Theme, parts: Sequence[tuple[AreaClass, int]]) -> Markup:
    """Return a bar of counts, one pattern a class; the figures stand beside it in words."""
    whole = sum(count for _, count in parts)
    drawn, at = "", 0.0
    for entry, count in parts:
        width = 300 * count / whole if whole else 0.0
        drawn += (
            f'<rect x="{_n(at)}" width="{_n(width)}" height="18" '
            f'fill="url(#{_pattern_id(theme, entry)})" stroke="#ffffff" stroke-width="1"/>'
        )
        at += width
    return _markup(
        '<svg class="bar" viewBox="0 0 300 18" preserveAspectRatio="none" aria-hidden="true">'
        f"{drawn}</svg>"
    )


def draw_map(
    data: MapData,
    topology: Topology,
    painted: Painted,
    *,
    lang: str,
    rules: PictureRules | None = None,
) -> Markup:
    """Return the whole territory under one theme, with a scale bar and the villes moyennes."""
    rules = rules or PictureRules()
    if not len(topology.points):
        return _markup("")
    frame = _Frame(topology, rules)
    theme = painted.theme
    classes = painted.faces(topology)
    areas = "".join(
        f'<path d="{frame.rings(rings)}" fill="url(#{_pattern_id(theme, theme.classes[label])})" '
        'fill-rule="evenodd"/>'
        for label, rings in sorted(topology.rings(classes).items())
    )
    kind = "picture" if painted.sectors else "picture_coverage"
    words = say(f"map.{kind if data.change is None else 'picture_change'}", lang)
    return _markup(
        f'<svg class="still" viewBox="0 0 {rules.width} {frame.height}" role="img" '
        f'aria-label="{escape(words)}"><rect width="{rules.width}" height="{frame.height}" '
        f'fill="{SURROUNDINGS}"/>{areas}{_border_paths(data, topology, frame)}{_towns(data, frame)}'
        f"{_scale_bar(frame, lang)}</svg>"
    )


class _Frame:
    """From pixels of the grid to units of the drawing, arc by arc."""

    def __init__(self, topology: Topology, rules: PictureRules) -> None:
        low, high = topology.points.min(axis=0), topology.points.max(axis=0)
        self.scale = (rules.width - 2 * rules.margin) / max(1, int(high[0] - low[0]))
        self.shift = rules.margin - low * self.scale
        self.height = int(np.ceil((high[1] - low[1]) * self.scale + 2 * rules.margin))
        self.rules = rules
        self.centre = (low + high) / 2
        self.arcs = [self._thin(topology.arc(i), rules.step) for i in range(len(topology.left))]

    def place(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return units for pixels of the grid."""
        placed: NDArray[np.int64] = np.rint(points * self.scale + self.shift).astype(np.int64)
        return placed

    def spot(self, commune: Mapping[str, Any]) -> tuple[int, int]:
        """Return where the bourg of a commune is drawn."""
        at = grid_xy(np.array([commune["bourg_x_m"]]), np.array([commune["bourg_y_m"]]))
        x, y = self.place(at)[0].tolist()
        return x, y

    def rings(self, rings: Sequence[Sequence[int]]) -> str:
        """Return the path of closed rings."""
        path = []
        for ring in rings:
            points = [self.arcs[ring[0]][0] if ring[0] >= 0 else self.arcs[~ring[0]][-1]]
            for i in ring:
                points += self.arcs[i][1:] if i >= 0 else self.arcs[~i][-2::-1]
            if len(set(points)) > 2:  # noqa: PLR2004 (an area needs three corners)
                path.append(_path(points) + "z")
        return "".join(path)

    def _thin(self, arc: NDArray[np.int64], step: float) -> list[tuple[int, int]]:
        points = [(int(x), int(y)) for x, y in self.place(arc.astype(np.float64))]
        kept = [points[0]]
        for point in points[1:-1]:
            if abs(point[0] - kept[-1][0]) + abs(point[1] - kept[-1][1]) >= step:
                kept.append(point)
        return [*kept, points[-1]]


def _path(points: Sequence[tuple[int, int]]) -> str:
    steps = [f"M{points[0][0]} {points[0][1]}l"]
    for (x0, y0), (x1, y1) in pairwise(points):
        if (x0, y0) != (x1, y1):
            steps.append(f"{x1 - x0} {y1 - y0} ")
    return "".join(steps).rstrip().removesuffix("l")


def _border_paths(data: MapData, topology: Topology, frame: _Frame) -> str:
    drawn = ""
    for kind, labels in area_labels(data, topology).items():
        line = LINES[kind]
        path = "".join(
            _path(frame.arcs[i]) for i in np.flatnonzero(topology.borders(labels)).tolist()
        )
        drawn += (
            f'<path d="{path}" fill="none" stroke="{line.color}" stroke-width="{_n(line.width)}"/>'
        )
    return drawn


def area_labels(data: MapData, topology: Topology) -> dict[str, NDArray[np.int64]]:
    """Return the EPCI and the département of each face, by the commune that it lies in."""
    commune = topology.labels["commune"]
    found = {}
    for kind, column in zip(STILL_LINES, ("epci_siren", "departement"), strict=True):
        keys = data.communes[column].astype("object").where(data.communes[column].notna(), "")
        codes = np.unique(keys.astype(str).to_numpy(dtype=object), return_inverse=True)[1]
        found[kind] = np.append(codes.astype(np.int64), -1)[commune]
    return found


def _towns(data: MapData, frame: _Frame) -> str:
    """Mark the villes moyennes, and name the largest other communes for the reader to find."""
    places = {row["insee"]: row for row in records(data.communes)}
    towns = {row["insee"]: row["nom"] for row in records(data.villes_moyennes)}
    others = sorted(
        (row for insee, row in places.items() if insee not in towns),
        key=lambda row: (-row["population"], row["insee"]),
    )
    marks = [frame.spot(places[insee]) for insee in towns if insee in places]
    drawn = ""
    for row in others[: frame.rules.cities]:
        x, y = frame.spot(row)
        near = frame.rules.apart
        if any(abs(x - a) < near and abs(y - b) < near / 5 for a, b in marks):
            continue  # its name would cover that of a ville moyenne
        drawn += f'<text x="{x}" y="{y}" class="city">{escape(row["nom"])}</text>'
    for insee, nom in sorted(towns.items()):
        if insee in places:
            x, y = frame.spot(places[insee])
            drawn += (
                f'<circle cx="{x}" cy="{y}" r="6" fill="{TOWN.fill}" stroke="{TOWN.ink}" '
                f'stroke-width="3"/><text x="{x + 11}" y="{y + 6}">{escape(nom)}</text>'
            )
    return drawn


def _scale_bar(frame: _Frame, lang: str) -> str:
    latitude = float(grid_to_lonlat(frame.centre[np.newaxis, :])[0, 1])
    units = _ROUND_KM * 1000 / pixel_metres(latitude) * frame.scale
    if units > frame.rules.width / 2:
        return ""
    x, y = frame.rules.margin, frame.height - 20
    words = escape(say("map.picture_scale", lang, km=_ROUND_KM))
    return (
        f'<path d="M{x} {y - 8}v8h{_n(float(units))}v-8" fill="none" stroke="#2b323c" '
        f'stroke-width="2"/><text x="{x}" y="{y - 14}" class="scale">{words}</text>'
    )


def _pattern_id(theme: Theme, entry: AreaClass) -> str:
    return f"p-{theme.key}-{entry.key}"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _markup(text: str) -> Markup:
    return Markup(text)  # noqa: S704 (numbers, our own constants, and text that was escaped)

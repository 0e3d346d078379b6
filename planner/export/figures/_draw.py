"""A theme drawn on axes: areas with their patterns, borders, names, legend, scale bar."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.path import Path

from planner.export.figures._fonts import font_file, showable
from planner.export.map.data import MapData, records
from planner.export.map.themes import Painted
from planner.export.style import LINES, PAPER, SURROUNDINGS, TOWN, AreaClass
from planner.texts import say
from planner.vocab import Level

__all__ = [
    "SETTINGS", "DrawRules", "classes_seen", "draw_legend", "draw_territory", "letters",
]  # fmt: skip

SETTINGS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "svg.hashsalt": "fibre-planner",
        "svg.fonttype": "path",
        "pdf.fonttype": 42,
        "hatch.linewidth": 0.45,
        "path.simplify": False,
    }
)
"""What makes a drawing the same each time, and needs no font where it is shown."""

_HATCHES: Final[Mapping[str, str | None]] = {
    "solid": None, "hatch": "////", "dots": "....", "cross": "xxxx", "bars": "----",
}  # fmt: skip
_INK: Final = "#1d232b"
_CONTEXT: Final = "#dfe4ea"
_ROUND: Final = (1, 2, 5, 10, 20, 50, 100)
_POINTS_PER_INCH: Final = 72


@dataclass(frozen=True, kw_only=True)
class DrawRules:
    """How a map is drawn.

    Parameters
    ----------
    margin_share
        Free border around the territory, as a share of its larger side.
    detail_share
        Vertices that move a line by less than this share of the larger side are left out.
    names_count
        How many communes are named at most, the largest first; a name that would cover another
        one is left out.
    name_points
        Size of names in points.
    fills
        Whether what surrounds fills the whole of the axes' place on the sheet, whatever its shape.
    """

    margin_share: float = 0.03
    detail_share: float = 0.0006
    names_count: int = 40
    name_points: float = 6.5
    fills: bool = False


def letters(size: float, style: str = "regular") -> FontProperties:
    """Return the font of paper in a size in points."""
    return FontProperties(fname=str(font_file(style)), size=size)


def draw_territory(
    axes: Axes,
    data: MapData,
    painted: Painted,
    *,
    around: gpd.GeoDataFrame | None = None,
    rules: DrawRules | None = None,
    lang: str = "fr",
) -> None:
    """Draw a territory under one theme.

    Parameters
    ----------
    axes
        Axes to draw on; they take the extent of the territory.
    data, painted
        The territory and its theme.
    around
        Communes shown pale, as the neighbourhood.
    rules
        How it is drawn.
    lang
        Language of the scale bar.
    """
    rules = rules or DrawRules()
    west, south, east, north = data.communes.total_bounds
    side = max(east - west, north - south)
    margin, detail = side * rules.margin_share, side * rules.detail_share
    wide, high = (east - west) / 2 + margin, (north - south) / 2 + margin
    if rules.fills:
        ratio = _place_ratio(axes)
        wide, high = max(wide, high * ratio), max(high, wide / ratio)
    axes.set_xlim((west + east) / 2 - wide, (west + east) / 2 + wide)
    axes.set_ylim((south + north) / 2 - high, (south + north) / 2 + high)
    axes.set_aspect("equal")
    axes.set_facecolor(SURROUNDINGS)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    if around is not None and len(around):
        seen = shapely.box(west - margin, south - margin, east + margin, north + margin)
        near = around.geometry.to_numpy()
        near = near[shapely.intersects(near, seen)]
        path = _outline(shapely.simplify(near, detail))
        axes.add_collection(
            PathCollection([path], facecolor=_CONTEXT, edgecolor=PAPER, linewidth=0.4)
        )
    _paint(axes, painted, data.communes, painted.communes, detail)
    if painted.sectors:
        _paint(axes, painted, data.sectors, painted.sectors, detail)
    whole = data.level is Level.REGION
    if painted.sectors and not whole:
        _border(axes, "sector", data.sectors, detail)
    if not whole:
        _border(axes, "commune", data.communes, detail)
    _border(axes, "epci", data.epci if whole else _dissolved(data.communes), detail)
    if whole:
        _border(axes, "departement", data.departements, detail)
    _scale_bar(axes, lang, rules)
    _names(axes, data, rules)


def draw_legend(
    axes: Axes, painted: Painted, *, title: str, lang: str, used: Iterable[int], columns: int = 1
) -> None:
    """Draw the classes that are seen, and the villes moyennes, as the legend of ``axes``."""
    handles: list[Any] = [
        Patch(
            facecolor=entry.swatch.fill, edgecolor=entry.swatch.ink, linewidth=0.6,
            hatch=_HATCHES[entry.swatch.pattern], label=showable(entry.label.say(lang)),
        )
        for position, entry in enumerate(painted.theme.classes)
        if position in set(used)
    ]  # fmt: skip
    handles.append(
        Line2D(
            [], [], marker="o", linestyle="", markersize=5, markerfacecolor=TOWN.fill,
            markeredgecolor=TOWN.ink, markeredgewidth=1.5, label=TOWN.label.say(lang),
        )
    )  # fmt: skip
    legend = axes.legend(
        handles=handles, title=title, loc="upper left", ncols=columns, frameon=False,
        prop=letters(8), title_fontproperties=letters(9, "bold"), borderaxespad=0.0,
        handlelength=2.2, handleheight=1.2, alignment="left",
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)


def classes_seen(data: MapData, painted: Painted) -> set[int]:
    """Return the classes that show: a commune's ground shows where no sector covers it."""
    covered = set(data.sectors["insee"]) if painted.sectors else set()
    ground = {
        label
        for insee, label in zip(data.communes["insee"], painted.communes, strict=True)
        if insee not in covered
    }
    return {*painted.sectors, *ground}


def _paint(
    axes: Axes, painted: Painted, areas: gpd.GeoDataFrame, classes: Sequence[int], detail: float
) -> None:
    shapes = shapely.simplify(areas.geometry.to_numpy(), detail)
    labels = np.array(classes, dtype=np.int64)
    for position, entry in enumerate(painted.theme.classes):
        chosen = shapes[labels == position]
        if len(chosen):
            _fill(axes, _outline(chosen), entry)


def _fill(axes: Axes, path: Path, entry: AreaClass) -> None:
    swatch = entry.swatch
    axes.add_collection(
        # a thin border of its own colour closes the slits between neighbours
        PathCollection([path], facecolor=swatch.fill, edgecolor=swatch.fill, linewidth=0.3)
    )
    hatch = _HATCHES[swatch.pattern]
    if hatch is not None:
        axes.add_collection(
            PathCollection(
                [path], facecolor="none", edgecolor=swatch.ink, linewidth=0.0, hatch=hatch
            )
        )


def _outline(shapes: Any) -> Path:  # noqa: ANN401 (array of geometries)
    """Return one path of every ring; holes wind the other way round."""
    rings: list[Any] = []
    for polygon in shapely.get_parts(shapes):
        if polygon.geom_type != "Polygon" or polygon.is_empty:
            continue
        turned = shapely.orient_polygons(polygon)
        rings += [turned.exterior, *turned.interiors]
    if not rings:
        return Path(np.zeros((0, 2)))
    return Path.make_compound_path(
        *(Path(shapely.get_coordinates(ring), closed=True) for ring in rings)
    )


def _dissolved(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    whole = shapely.union_all(areas.geometry.to_numpy())
    return gpd.GeoDataFrame(geometry=[whole], crs=areas.crs)


def _border(axes: Axes, kind: str, areas: gpd.GeoDataFrame, detail: float) -> None:
    line = LINES[kind]
    lines = [
        shapely.get_coordinates(part)
        for part in shapely.get_parts(
            shapely.boundary(shapely.simplify(areas.geometry.to_numpy(), detail))
        )
    ]
    width = 0.55 * line.width
    dashes = (0, tuple(3 * step for step in line.dash)) if line.dash else "solid"
    if line.halo:
        axes.add_collection(
            LineCollection(lines, colors=PAPER, linewidths=width + 0.7 * line.halo, zorder=2)
        )
    axes.add_collection(
        LineCollection(lines, colors=line.color, linewidths=width, linestyles=dashes, zorder=2.1)
    )


def _place_ratio(axes: Axes) -> float:
    """Return width over height of the axes' place on the sheet."""
    wide, high = axes.figure.get_figure(root=True).get_size_inches()
    place = axes.get_position()
    return float(place.width * wide / (place.height * high))


def _metres_per_point(axes: Axes) -> float:
    """Return the metres in a typographic point, the axes being as they will be printed."""
    wide, high = axes.figure.get_figure(root=True).get_size_inches()
    width = axes.get_position().width * wide * _POINTS_PER_INCH
    height = axes.get_position().height * high * _POINTS_PER_INCH
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    return float(max((east - west) / width, (north - south) / height))


def _scale_bar(axes: Axes, lang: str, rules: DrawRules) -> None:
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    fitting = [km for km in _ROUND if km * 1000 <= (east - west) / 4]
    if not fitting:
        return
    length, tick = fitting[-1] * 1000, 3 * _metres_per_point(axes)
    x, y = west + 0.02 * (east - west), south + 0.02 * (north - south)
    axes.plot(
        [x, x, x + length, x + length], [y + tick, y, y, y + tick],
        color=_INK, linewidth=0.9, zorder=5,
    )  # fmt: skip
    axes.text(
        x, y + 1.5 * tick, say("map.picture_scale", lang, km=fitting[-1]),
        fontproperties=letters(rules.name_points), color=_INK, zorder=5, parse_math=False,
    )  # fmt: skip


def _names(axes: Axes, data: MapData, rules: DrawRules) -> None:
    """Name the villes moyennes, then the largest communes where there is room."""
    towns = set(data.villes_moyennes["insee"])
    point = _metres_per_point(axes)
    places = sorted(
        records(data.communes),
        key=lambda row: (row["insee"] not in towns, -(row["population"] or 0), row["insee"]),
    )
    taken: list[tuple[float, float, float, float]] = []
    for row in places[: rules.names_count]:
        town = row["insee"] in towns
        x, y = row["bourg_x_m"], row["bourg_y_m"]
        name = showable(str(row["nom"]))
        half, high = 0.27 * rules.name_points * len(name) * point, 0.7 * rules.name_points * point
        above = 5 * point if town else 0.0
        box = (x - half, y + above - high, x + half, y + above + high)
        if not town and any(_overlap(box, other) for other in taken):
            continue
        taken.append(box)
        if town:
            axes.plot(
                [x], [y], marker="o", markersize=4.5, markerfacecolor=TOWN.fill,
                markeredgecolor=TOWN.ink, markeredgewidth=1.4, zorder=6,
            )  # fmt: skip
        text = axes.text(
            x, y + above + (high if town else 0), name, zorder=6, color=_INK,
            ha="center", va="center", parse_math=False,
            fontproperties=letters(rules.name_points, "bold" if town else "regular"),
        )  # fmt: skip
        text.set_path_effects([patheffects.withStroke(linewidth=1.8, foreground=PAPER)])


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]

"""A light map: outlines and names of communes and sectors, and nothing else.

It is what engineers and GIS staff hand round to look at a cut: no premises, no themes, no table, no
picture.  Nothing is simplified and no topology is built: each ring is written as it is, on whole
pixels of the web Mercator world (:data:`~planner.export.map.premises.POINT_ZOOM`, 0.8 m at 48°
north), as differences in LEB128, deflated.  ``assets/planner-areas.js`` reads it.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.export.map.data import MapData
from planner.export.map.premises import POINT_ZOOM, decode_leb128, encode_leb128
from planner.export.map.projection import GridSeries
from planner.export.map.shell import Page, region_map
from planner.export.map.topology import GRID_ZOOM, grid_to_lonlat
from planner.export.style import LINES, SURROUNDINGS
from planner.plan import Plan
from planner.texts import catalogue, say

__all__ = ["AREA_SCRIPTS", "areas_html", "decode_areas", "encode_areas", "write_areas_map"]

AREA_SCRIPTS: Final = (
    "tiny-inflate.js", "planner-topology.js", "planner-dom.js", "planner-premises.js",
    "planner-layers.js", "planner-areas.js",
)  # fmt: skip
_LEVEL: Final = 3
"""Of deflate: higher ones gain a hundredth of the size for half as much time again."""
_GRIDS: Final = 2 ** (POINT_ZOOM - GRID_ZOOM)
_WORDS: Final = "map.ui_"
_SAID: Final = ("no_result", "opened", "zoom_in", "zoom_out", "map")
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Rings:
    """Rings of one layer, the repeated last vertex left out."""

    of_area: Integers
    sizes: Integers
    points: Integers


def write_areas_map(path: str | Path, plan: Plan | MapData, *, lang: str = "fr") -> Path:
    """Write the outlines of the communes and sectors of a plan as one self-contained page.

    Parameters
    ----------
    path
        Where to write it.
    plan
        Whose communes and sectors.
    lang
        ``fr`` or ``en``.

    Returns
    -------
    Path
        The page: no request, the same bytes each time.
    """
    data = plan if isinstance(plan, MapData) else MapData.from_plan(plan, lang=lang)
    target = Path(path)
    part = target.with_name(target.name + ".part")
    part.write_text(areas_html(data, lang=lang), encoding="utf-8", newline="\n")
    part.replace(target)
    return target


def areas_html(data: MapData, *, lang: str = "fr") -> str:
    """Return the light page as text."""
    layers = {"sector": data.sectors, "commune": data.communes}
    rings = _every_ring(layers)
    block = _block(rings)
    head = {
        "zoom": POINT_ZOOM,
        "lang": lang,
        "around": SURROUNDINGS,
        "texts": {key: catalogue()[_WORDS + key][lang] for key in _SAID},
        "layers": [
            {
                "key": key, "label": LINES[key].label.say(lang), "color": LINES[key].color,
                "width": LINES[key].width, "dash": list(LINES[key].dash),
                "names": table["nom"].tolist(),
                "codes": table["sector_id" if key == "sector" else "insee"].astype(str).tolist(),
                "rings": len(rings[key].sizes),
            }
            for key, table in layers.items()
        ],
    }  # fmt: skip
    packed = [_deflated(json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode())]
    packed.append(_deflated(block))
    context = {
        "lang": lang,
        "say": lambda key, **values: say(f"map.{key}", lang, **values),
        "data": data,
        "synthetic": bool(data.synthetic_layers),
        "layers": [(layer["key"], layer["label"]) for layer in head["layers"]],  # type: ignore[attr-defined]
        "blocks": packed,
        "sources": sorted({o.attribution or o.source for o in data.origins
                           if o.layer in {"sectors", "communes"}}),
    }  # fmt: skip
    page = Page(context, template="areas.html.jinja", scripts=AREA_SCRIPTS,
                styles=("planner-map.css",))  # fmt: skip
    south_west, north_east = _corners(rings)
    page.add_child(region_map(south_west=south_west, north_east=north_east))
    return page.render()


def _every_ring(layers: Mapping[str, gpd.GeoDataFrame]) -> dict[str, _Rings]:
    """Return the rings of all layers, carried over alike, so that common borders stay common."""
    held = [table.total_bounds for table in layers.values() if len(table)]
    if not held:
        raise LookupError("areas: there is nothing to draw")
    low, high = np.min(held, axis=0)[:2], np.max(held, axis=0)[2:]
    place = GridSeries((*low.tolist(), *high.tolist()))
    return {key: _rings(table, place) for key, table in layers.items()}


def _rings(table: gpd.GeoDataFrame, place: GridSeries) -> _Rings:
    parts, area = shapely.get_parts(table.geometry.to_numpy(), return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    last = np.append(ring[1:] != ring[:-1], True) if len(ring) else np.zeros(0, dtype=bool)
    kept = ~last  # a ring ends where it began
    points = np.rint(place(xy[kept, 0], xy[kept, 1]) * _GRIDS).astype(np.int64)
    return _Rings(
        of_area=np.bincount(area[part], minlength=len(table)).astype(np.int64),
        sizes=np.bincount(ring[kept], minlength=len(rings)).astype(np.int64),
        points=points,
    )


def _block(rings: Mapping[str, _Rings]) -> bytes:
    columns = [encode_leb128(layer.of_area) for layer in rings.values()]
    columns += [encode_leb128(layer.sizes) for layer in rings.values()]
    for layer in rings.values():
        steps = np.diff(layer.points, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)).ravel()
        columns.append(encode_leb128((steps << 1) ^ (steps >> 63)))  # the sign in the lowest bit
    return np.concatenate(columns).tobytes()


def encode_areas(layers: Mapping[str, gpd.GeoDataFrame]) -> bytes:
    """Return the stream of some layers of areas, before it is deflated.

    Parameters
    ----------
    layers
        Name to polygons in EPSG:2154, in order.
    """
    return _block(_every_ring(layers))


def decode_areas(stream: bytes, counts: Sequence[tuple[int, int]]) -> list[list[list[Integers]]]:
    """Read what :func:`encode_areas` wrote.

    Parameters
    ----------
    stream
        The stream.
    counts
        Areas and rings of each layer.

    Returns
    -------
    list
        For each layer, for each area, its rings in pixels, shape (n, 2), not closed.
    """
    values = decode_leb128(np.frombuffer(stream, dtype=np.uint8))
    at = 0

    def take(length: int) -> Integers:
        nonlocal at
        at += length
        return values[at - length : at]

    of_area = [take(areas) for areas, _ in counts]
    sizes = [take(rings) for _, rings in counts]
    found = []
    for owned, lengths in zip(of_area, sizes, strict=True):
        raw = take(2 * int(lengths.sum()))
        points = np.cumsum(((raw >> 1) ^ -(raw & 1)).reshape(-1, 2), axis=0)
        rings = np.split(points, np.cumsum(lengths)[:-1]) if len(lengths) else []
        ends = np.cumsum(owned)
        found.append(
            [
                list(rings[end - own : end])
                for own, end in zip(owned.tolist(), ends.tolist(), strict=True)
            ]
        )
    return found


def _deflated(content: bytes) -> tuple[str, int]:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(content) + packer.flush()
    return base64.b64encode(packed).decode(), len(content)


def _corners(rings: Mapping[str, _Rings]) -> tuple[tuple[float, float], tuple[float, float]]:
    x = [axis(layer.points[:, 0]) for layer in rings.values() for axis in (np.min, np.max)]
    y = [axis(layer.points[:, 1]) for layer in rings.values() for axis in (np.min, np.max)]
    pixels = np.array([[min(x), max(y)], [max(x), min(y)]], dtype=np.float64)
    corners = grid_to_lonlat(pixels / _GRIDS)
    (west, south), (east, north) = np.round(corners, 5).tolist()
    return (south, west), (north, east)

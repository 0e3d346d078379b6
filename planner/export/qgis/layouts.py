"""Print layouts: the region in A3, by phase and by coverage, and an atlas by EPCI in A4."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import shapely

from planner.export.layout import Edition
from planner.export.qgis._xml import no_properties, node, options
from planner.export.qgis.labels import FONT
from planner.export.qgis.layers import LayerFacts
from planner.export.qgis.symbols import Symbol, area
from planner.export.qgis.tree import THEMES
from planner.export.style import COVERAGE_THEME, PAPER, PHASE_THEME, Swatch
from planner.texts import Message, say

__all__ = ["Sheet", "layouts"]

# QGIS's numbers for the items of a layout
_PAGE, _MAP, _PICTURE, _LABEL, _LEGEND, _SCALE_BAR = 65638, 65639, 65640, 65641, 65642, 65646
_A3, _A4 = (420.0, 297.0), (297.0, 210.0)
_EDGE: Final = 10.0
_SIDE: Final = 84.0
_TOP: Final = 26.0
_FOOT: Final = 12.0
_INSET: Final = 5.0
_LEGEND_MM: Final = 74.0
_NOTES_MM: Final = 42.0
_INK: Final = (29, 35, 43)
_QUIET: Final = (90, 98, 110)
_ALERT: Final = (163, 25, 78)
_NORTH: Final = "arrows/NorthArrow_02.svg"  # one of QGIS's own drawings
_DPI: Final = 200
_ABOUT: Final = {
    "coverage": COVERAGE_THEME.label,
    "network": Message.of("qgis.layout_network_about"),
}
_NOTICES: Final = {"network": "qgis.layout_notice_network"}
_MARKS: Final = ("villes_moyennes", "epci", "departements")
_LEGENDS: Final = {
    "coverage": ("communes", *_MARKS),
    "network": ("nro", "pm", "routes", *_MARKS),
}
_LEGEND_OF_PROGRAMME: Final = ("programme", "zones", *_MARKS, "region")


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What the layouts say and show.

    Parameters
    ----------
    edition
        Title, scenario, territory and date.
    bounds
        West, south, east and north of the region, in metres.
    layers
        Layers of the project, with their sources, by table name.
    synthetic
        Whether anything shown is made up.
    ground
        Shape of the region: what is printed over the map stays off it.
    sources
        What licences ask to show.
    lang
        Language of every text.
    entries
        How many entries, from the first, the legend lists of a layer that is not drawn whole at
        the scale of the region.
    """

    edition: Edition
    bounds: tuple[float, float, float, float]
    layers: Mapping[str, tuple[LayerFacts, str]]
    synthetic: bool
    ground: shapely.Polygon | shapely.MultiPolygon
    sources: Sequence[str]
    lang: str
    entries: Mapping[str, int] = field(default_factory=dict)


def layouts(sheet: Sheet) -> ET.Element:
    """Return the print layouts of a project."""
    made = [_region(sheet, "phase"), _region(sheet, "coverage")]
    if "routes" in sheet.layers:
        made.append(_region(sheet, "network"))
    if "epci" in sheet.layers:
        made.append(_atlas(sheet))
    return node("Layouts", {}, *made)


def _region(sheet: Sheet, theme: str) -> ET.Element:
    name = say(f"qgis.layout_{theme}", sheet.lang)
    items = _page_items(sheet, _A3, name, theme, title=_literal(sheet.edition.title))
    return _layout(name, _A3, items, None)


def _atlas(sheet: Sheet) -> ET.Element:
    facts, source = sheet.layers["epci"]
    name = say("qgis.layout_atlas", sheet.lang)
    items = _page_items(sheet, _A4, name, "atlas", title='[% "nom" %]')
    atlas = node(
        "Atlas",
        {
            "enabled": 1, "coverageLayer": facts.layer_id, "coverageLayerName": facts.title,
            "coverageLayerSource": source, "coverageLayerProvider": "ogr", "hideCoverage": 0,
            "filenamePattern": "'epci_' || \"siren\"", "pageNameExpression": '"nom"',
            "sortFeatures": 1, "sortKey": '"nom"', "sortAscending": 1, "filterFeatures": 0,
        },
    )  # fmt: skip
    return _layout(name, _A4, items, atlas)


def _page_items(
    sheet: Sheet,
    page: tuple[float, float],
    name: str,
    theme: str,
    *,
    title: str,
) -> list[ET.Element]:
    width, height = page
    lang, atlas = sheet.lang, theme == "atlas"
    about = _ABOUT.get(theme, PHASE_THEME.label)
    subtitle = say(
        "qgis.layout_about", lang,
        theme=about, territory=_literal(sheet.edition.territory), on=sheet.edition.on,
    )  # fmt: skip
    high = height - _TOP - _FOOT - _EDGE
    bottom = _TOP + high
    box = (_EDGE, _TOP, width - 2 * _EDGE, high)
    inside = not atlas and _corners_are_free(sheet, box)
    if inside:  # the sea leaves room: the map takes the whole sheet
        side, foot = width - _EDGE - _SIDE - _INSET, bottom + 16
        legend = (_EDGE + _INSET, bottom - _LEGEND_MM - _INSET, _SIDE, _LEGEND_MM)
    else:
        box = (_EDGE, _TOP, width - 3 * _EDGE - _SIDE, high)
        side, foot = width - _EDGE - _SIDE, height
        legend = (side, _TOP, _SIDE, 120)
    map_id = _uuid(name, "map")
    notice = say(_NOTICES.get(theme, "qgis.layout_notice"), lang)
    parts = [part.strip() for source in sheet.sources for part in source.split(";")]
    sources = " ; ".join(dict.fromkeys(part for part in parts if part))
    items = [
        _map(sheet, name, theme, box, atlas=atlas),
        _label(name, "title", title, (_EDGE, 7, width - 2 * _EDGE, 10), size=18, bold=True),
        _label(name, "subtitle", subtitle, (_EDGE, 17, width - 2 * _EDGE, 7), size=10, ink=_QUIET),
        _legend(sheet, name, theme, map_id, legend, atlas=atlas),
        _north(name, map_id, (side, foot - 58, 14, 16)),
        _scale_bar(name, map_id, (side + 17, foot - 53, _SIDE - 17, 12)),
        _label(
            name, "sources", say("qgis.layout_sources", lang, sources=_literal(sources) or "—"),
            (_EDGE, height - _FOOT, width - 2 * _EDGE, 9), size=6.5, ink=_QUIET,
        ),
        _label(name, "notice", notice, (side, foot - 39, _SIDE, 9), size=7, ink=_QUIET),
    ]  # fmt: skip
    if sheet.synthetic:
        words = say("qgis.layout_synthetic", lang)
        place = (side, foot - (30 if inside else 26), _SIDE, 12)
        items.append(
            _label(name, "synthetic", words, place, size=8, bold=True, ink=_ALERT)
        )  # fmt: skip
    if atlas and sheet.layers["epci"][0].has("lines_phase_1", "net_cents", "coverage_rate"):
        figures = say("qgis.atlas_figures", lang)
        items.append(_label(name, "figures", figures, (side, height - 95, _SIDE, 34), size=8))
    for height_above, item in enumerate(items, start=1):  # what comes later lies above
        item.set("zValue", str(height_above))
    return items


def _placing(sheet: Sheet, box: tuple[float, float, float, float]) -> tuple[float, float, float]:
    """Return the south-western corner of the region centred in a frame, and metres a millimetre.

    The extent has the shape of the frame, else QGIS would cut what is beyond it.
    """
    west, south, east, north = sheet.bounds
    _, _, width, height = box
    scale = max((east - west) / width, (north - south) / height)
    return (west + east - scale * width) / 2, (south + north - scale * height) / 2, scale


def _corners_are_free(sheet: Sheet, box: tuple[float, float, float, float]) -> bool:
    """Tell whether the legend (left) and the scale (right) hide nothing of the region."""
    west, south, scale = _placing(sheet, box)
    width, step = box[2], _SIDE + 2 * _INSET
    corners = (
        (0.0, step, _LEGEND_MM + 2 * _INSET),
        (width - step, width, _NOTES_MM + 2 * _INSET),
    )
    return not any(
        sheet.ground.intersects(
            shapely.box(west + scale * x, south, west + scale * end, south + scale * top)
        )
        for x, end, top in corners
    )


def _literal(text: str) -> str:
    """Return words that QGIS won't take for an expression."""
    return text.replace("[%", "[ %")


def _layout(
    name: str, page: tuple[float, float], items: Sequence[ET.Element], atlas: ET.Element | None
) -> ET.Element:
    white = area(Swatch(fill=PAPER, ink=PAPER, pattern="solid"), outline_mm=0)
    sheet = _item(_PAGE, name, "page", (0, 0, *page), background=True)
    sheet.append(white.element(""))
    pages = node("PageCollection", {}, _page_symbol(white), sheet, node("GuideCollection"))
    layout = node(
        "Layout", {"name": name, "units": "mm", "printResolution": _DPI, "worldFileMap": ""},
        node("Snapper", {"tolerance": 5, "snapToGuides": 1, "snapToItems": 1, "snapToGrid": 0}),
        node("Grid", {"resolution": 10, "resUnits": "mm", "offsetUnits": "mm"}),
        pages, *reversed(items),
        node("customproperties", {}, options({"singleFile": True, "forceVector": False})),
    )  # fmt: skip
    if atlas is not None:
        layout.append(atlas)
    return layout


def _page_symbol(symbol: Symbol) -> ET.Element:
    return symbol.element("")


def _uuid(name: str, part: str) -> str:
    return "{" + str(uuid5(NAMESPACE_URL, f"fibre-planner/{name}/{part}")) + "}"


def _color(tag: str, rgb: tuple[int, int, int]) -> ET.Element:
    red, green, blue = rgb
    return node(tag, {"red": red, "green": green, "blue": blue, "alpha": 255})


def _item(
    kind: int,
    name: str,
    part: str,
    box: tuple[float, float, float, float],
    *,
    frame: bool = False,
    background: bool = False,
    **more: object,
) -> ET.Element:
    x, y, width, height = box
    uuid = _uuid(name, part)
    return node(
        "LayoutItem",
        {
            "type": kind, "uuid": uuid, "templateUuid": uuid, "id": part, "visibility": 1,
            "position": f"{x:g},{y:g},mm", "positionOnPage": f"{x:g},{y:g},mm",
            "size": f"{width:g},{height:g},mm", "referencePoint": 0, "itemRotation": 0,
            "zValue": 1, "opacity": 1, "blendMode": 0, "groupUuid": "", "positionLock": "false",
            "frame": "true" if frame else "false", "background": "true" if background else "false",
            "outlineWidthM": "0.3,mm", "frameJoinStyle": "miter", "excludeFromExports": 0, **more,
        },
        _color("FrameColor", _INK),
        _color("BackgroundColor", (255, 255, 255)),
        node("LayoutObject", {}, no_properties("dataDefinedProperties")),
    )  # fmt: skip


def _map(
    sheet: Sheet, name: str, theme: str, box: tuple[float, float, float, float], *, atlas: bool
) -> ET.Element:
    west, south, scale = _placing(sheet, box)
    extent = {
        "xmin": round(west, 1), "xmax": round(west + scale * box[2], 1),
        "ymin": round(south, 1), "ymax": round(south + scale * box[3], 1),
    }  # fmt: skip
    item = _item(
        _MAP, name, "map", box, frame=True, background=True, followPreset="true",
        followPresetName=_theme_title(theme, sheet.lang), keepLayerSet="false", mapRotation=0,
        drawCanvasItems="true", labelMargin="1,mm", isTemporal=0, mapFlags=0,
    )  # fmt: skip
    item.append(node("Extent", extent))
    item.append(node("LayerSet"))
    if atlas:
        item.append(node("AtlasMap", {"atlasDriven": 1, "scalingMode": 2, "margin": 0.08}))
    return item


def _theme_title(key: str, lang: str) -> str:
    return next(theme.title.say(lang) for theme in THEMES if theme.key == key)


def _label(
    name: str,
    part: str,
    text: str,
    box: tuple[float, float, float, float],
    *,
    size: float,
    bold: bool = False,
    ink: tuple[int, int, int] = _INK,
) -> ET.Element:
    item = _item(_LABEL, name, part, box, labelText=text, htmlState=0, halign=1, valign=32,
                 marginX=0, marginY=0)  # fmt: skip
    item.append(_font("LabelFont", size, bold=bold))
    item.append(_color("FontColor", ink))
    return item


def _font(tag: str, size: float, *, bold: bool = False) -> ET.Element:
    weight = 75 if bold else 50
    return node(tag, {"description": f"{FONT},{size:g},-1,5,{weight},0,0,0,0,0", "style": ""})


def _legend(
    sheet: Sheet,
    name: str,
    theme: str,
    map_id: str,
    box: tuple[float, float, float, float],
    *,
    atlas: bool,
) -> ET.Element:
    item = _item(
        _LEGEND, name, "legend", box, title=say("qgis.legend", sheet.lang), map_uuid=map_id,
        legendFilterByMap=int(atlas), legendFilterByAtlas=0, resizeToContents=1, columnCount=1,
        boxSpace=0, columnSpace=2, symbolWidth=7, symbolHeight=4, lineSpacing=1, symbolAlignment=1,
        titleAlignment=1, splitLayer=0, equalColumnWidth=0, wrapChar="", fontColor="#1d232b",
        minSymbolSize=0, maxSymbolSize=0, rasterBorder=1, rasterBorderWidth=0,
        wmsLegendWidth=50, wmsLegendHeight=25,
    )  # fmt: skip
    styles = (
        ("title", 12, True, {"marginBottom": 2.5}), ("group", 10, True, {"marginTop": 3}),
        ("subgroup", 9, True, {"marginTop": 3}), ("symbol", 8, False, {"marginTop": 1.8}),
        ("symbolLabel", 8, False, {"marginTop": 2, "marginLeft": 2}),
    )  # fmt: skip
    item.append(
        node(
            "styles",
            {},
            *(
                node(
                    "style",
                    {"name": style, "alignment": 1, "indent": 0, **margins},
                    _font("styleFont", size, bold=bold),
                )
                for style, size, bold, margins in styles
            ),
        )
    )
    shown = next(one for one in THEMES if one.key == theme).layers
    names = _LEGENDS.get(theme, _LEGEND_OF_PROGRAMME)
    tree = node("layer-tree-group")
    for layer in names:
        if layer in sheet.layers and layer in shown:
            facts, source = sheet.layers[layer]
            head = {
                "id": facts.layer_id, "name": facts.title, "providerKey": "ogr", "source": source,
                "expanded": 1, "checked": "Qt::Checked",
            }  # fmt: skip
            words = say(f"qgis.legend_{layer}", sheet.lang)
            told = {"legend/title-label": words}
            if layer == "zones":  # its only rule says the same
                told["legend/title-style"] = "hidden"
            if layer in sheet.entries:
                told["legend/node-order"] = ",".join(map(str, range(sheet.entries[layer])))
            own = node("customproperties", {}, options(dict(told)))
            tree.append(node("layer-tree-layer", head, own))
    item.append(tree)
    return item


def _scale_bar(name: str, map_id: str, box: tuple[float, float, float, float]) -> ET.Element:
    item = _item(
        _SCALE_BAR, name, "scale", box, mapUuid=map_id, style="Single Box", unitType="km",
        unitLabel="km", numMapUnitsPerScaleBarUnit=1, numUnitsPerSegment=10, numSegments=2,
        numSegmentsLeft=0, segmentSizeMode=1, minBarWidth=35, maxBarWidth=60, segmentMillimeters=20,
        height=2, labelBarSpace=1.5, boxContentSpace=0, alignment=0, labelHorizontalPlacement=0,
        labelVerticalPlacement=0, numSubdivisions=1, subdivisionsHeight=1.5, outlineWidth=0.2,
        lineJoinStyle="miter", lineCapStyle="square",
    )  # fmt: skip
    item.append(_font("scaleBarFont", 8))
    item.append(_color("fillColor", _INK))
    item.append(_color("fillColor2", (255, 255, 255)))
    item.append(_color("strokeColor", _INK))
    item.append(_color("textColor", _INK))
    return item


def _north(name: str, map_id: str, box: tuple[float, float, float, float]) -> ET.Element:
    """Point to true north: the grid of Lambert-93 leans by some four degrees in Brittany."""
    return _item(
        _PICTURE, name, "north", box, file=_NORTH, resizeMode=0, anchorPoint=4, mode=0, northMode=1,
        northOffset=0, mapUuid=map_id, pictureRotation=0, pictureWidth=box[2], pictureHeight=box[3],
        svgFillColor="29,35,43,255", svgBorderColor="29,35,43,255", svgBorderWidth=0.2,
    )  # fmt: skip

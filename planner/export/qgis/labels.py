"""Labels with a halo, shown from the scale where they find room."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Final, Literal

from planner.export.qgis._xml import no_properties, node
from planner.export.qgis.symbols import rgba

__all__ = ["FONT", "FONT_FALLBACKS", "Label", "labeling"]

FONT: Final = "DejaVu Sans"
FONT_FALLBACKS: Final = ("Open Sans", "Segoe UI", "Arial")
"""What Windows and other systems have instead."""
_BOLD, _REGULAR = 75, 50  # Qt 5's weights
# QGIS's placements: horizontal within an area, the positions a map-maker prefers around a point
_PLACEMENT: Final = {"fill": 4, "marker": 6, "line": 3}


@dataclass(frozen=True, kw_only=True)
class Label:
    """What is written on each feature.

    Parameters
    ----------
    expression
        A field, or an expression of QGIS.
    size_pt
        Height of the type.
    color
        ``#rrggbb``.
    bold, italic
        Weight and slope.
    min_scale
        Denominator beyond which nothing is written, None at any scale.
    max_scale
        Denominator below which nothing is written: the name is that of all that is seen.
    priority
        From 0 to 10: who yields when labels collide.
    """

    expression: str
    size_pt: float
    color: str
    bold: bool = False
    italic: bool = False
    min_scale: int | None = None
    max_scale: int | None = None
    priority: int = 5


def labeling(label: Label, kind: Literal["fill", "marker", "line"]) -> ET.Element:
    """Return QGIS's XML of a label on areas, points or lines."""
    is_field = label.expression.isidentifier()
    families = [node("family", {"name": name}) for name in FONT_FALLBACKS]
    style = node(
        "text-style",
        {
            "fieldName": label.expression, "isExpression": not is_field, "fontFamily": FONT,
            "fontSize": label.size_pt, "fontSizeUnit": "Point",
            "fontWeight": _BOLD if label.bold else _REGULAR, "fontItalic": label.italic,
            "fontStrikeout": 0, "fontUnderline": 0, "fontKerning": 1, "fontLetterSpacing": 0,
            "fontWordSpacing": 0, "textColor": rgba(label.color), "textOpacity": 1,
            "textOrientation": "horizontal", "multilineHeight": 1, "capitalization": 0,
            "namedStyle": "", "blendMode": 0, "allowHtml": 0, "useSubstitutions": 0,
            "previewBkgrdColor": rgba("#ffffff"), "legendString": "Aa",
        },
        node("families", {}, *families),
        node(
            "text-buffer",
            {
                "bufferDraw": 1, "bufferSize": 0.8, "bufferSizeUnits": "MM",
                "bufferColor": rgba("#ffffff"), "bufferOpacity": 0.85, "bufferNoFill": 1,
                "bufferJoinStyle": 128, "bufferBlendMode": 0,
            },
        ),
        no_properties("dd_properties"),
        node("substitutions"),
    )  # fmt: skip
    wrap = node(
        "text-format",
        {
            "wrapChar": "", "autoWrapLength": 18 if kind == "fill" else 0,
            "useMaxLineLengthForAutoWrap": 1, "multilineAlign": 1, "formatNumbers": 0,
        },
    )  # fmt: skip
    placement = node(
        "placement",
        {
            "placement": _PLACEMENT[kind], "placementFlags": 10, "priority": label.priority,
            "dist": 0.6 if kind == "marker" else 0, "distUnits": "MM", "offsetType": 1,
            "predefinedPositionOrder": "TR,TL,BR,BL,R,L,TSR,BSR", "polygonPlacementFlags": 2,
            "centroidWhole": 0, "centroidInside": 1, "fitInPolygonOnly": 0, "quadOffset": 4,
        },
    )  # fmt: skip
    rendering = node(
        "rendering",
        {
            "drawLabels": 1, "scaleVisibility": bool(label.min_scale or label.max_scale),
            "scaleMin": label.max_scale or 0, "scaleMax": label.min_scale or 0,
            "obstacle": 0, "obstacleFactor": 1,
            "labelPerPart": 0, "upsidedownLabels": 0, "displayAll": 0, "limitNumLabels": 0,
            "maxNumLabels": 2000, "minFeatureSize": 0, "zIndex": 0, "mergeLines": 0,
            "fontLimitPixelSize": 0, "fontMinPixelSize": 3, "fontMaxPixelSize": 10_000,
        },
    )  # fmt: skip
    settings = node(
        "settings", {"calloutType": "simple"}, style, wrap, placement, rendering,
        no_properties("dd_properties"),
    )  # fmt: skip
    return node("labeling", {"type": "simple"}, settings)

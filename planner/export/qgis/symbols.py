"""Symbols: the palette's areas, lines and points as QGIS draws them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from planner.export.qgis._xml import no_properties, node, options, properties
from planner.export.style import LineStyle, Swatch

__all__ = ["Symbol", "area", "border", "finer", "line", "marker", "rgba"]

SymbolKind = Literal["fill", "line", "marker"]
MM_PER_PX: Final = 25.4 / 96
"""Widths of the palette are CSS pixels, of which there are 96 an inch."""
_PATTERN_STEP_MM: Final = 1.6
_PATTERN_WIDTH_MM: Final = 0.14
_DOT_MM: Final = 0.45
_PALE_PERCENT: Final = 30
_WIDTH: Final = ("outlineWidth", "line_width")
"""QGIS's name of the property of a line's width, and that of its option."""


@dataclass(frozen=True, kw_only=True)
class SymbolLayer:
    """One layer of a symbol: its class in QGIS, its options, the symbol inside it.

    What is ``defined`` by an expression, by QGIS's name of the property, takes the place of an
    option.
    """

    kind: str
    options: Mapping[str, str]
    inner: Symbol | None = None
    defined: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Symbol:
    """A symbol: what it draws (``fill``, ``line`` or ``marker``) and its layers, lowest first.

    It pales at scales larger than that of denominator ``pale_from``, where points lie over it.
    """

    kind: SymbolKind
    layers: tuple[SymbolLayer, ...]
    opacity: float = 1.0
    pale_from: int | None = None

    def element(self, name: str) -> ET.Element:
        """Return QGIS's XML."""
        head = {
            "name": name,
            "type": self.kind,
            "clip_to_extent": 1,
            "force_rhr": 0,
            "alpha": self.opacity,
        }
        defined = no_properties("data_defined_properties")
        if self.pale_from is not None:
            percent = f"if(@map_scale <= {self.pale_from}, {_PALE_PERCENT}, 100)"
            defined = properties("data_defined_properties", {"alpha": percent})
        symbol = node("symbol", head, defined)
        for position, layer in enumerate(self.layers):
            part = node(
                "layer",
                {"class": layer.kind, "enabled": 1, "pass": 0, "locked": 0},
                options(dict(layer.options)),
                properties("data_defined_properties", dict(layer.defined))
                if layer.defined
                else no_properties("data_defined_properties"),
            )
            if layer.inner is not None:
                part.append(layer.inner.element(f"@{name}@{position}"))
            symbol.append(part)
        return symbol


def finer(symbol: Symbol, *, beyond: int, factor: float) -> Symbol:
    """Draw lines and marks thinner at scales smaller than that of denominator ``beyond``."""

    def thinned(layer: SymbolLayer) -> SymbolLayer:
        name, own = ("size", "size") if layer.kind == "SimpleMarker" else _WIDTH
        full = float(layer.options[own])
        words = f"if(@map_scale > {beyond}, {full * factor:.3f}, {full:.3f})"
        return replace(layer, defined={**layer.defined, name: words})

    return replace(symbol, layers=tuple(thinned(layer) for layer in symbol.layers))


def rgba(color: str, alpha: int = 255) -> str:
    """Return ``#rrggbb`` as QGIS's ``r,g,b,a``.

    Examples
    --------
    >>> rgba("#0f2a52")
    '15,42,82,255'
    """
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"{red},{green},{blue},{alpha}"


def area(
    swatch: Swatch, *, outline: str = "#ffffff", outline_mm: float = 0.1, opacity: float = 1.0
) -> Symbol:
    """Fill an area with its colour and, in its ink, its pattern."""
    fill = SymbolLayer(
        kind="SimpleFill",
        options={
            "color": rgba(swatch.fill),
            "joinstyle": "bevel",
            "outline_color": rgba(outline),
            "outline_style": "solid" if outline_mm else "no",
            "outline_width": str(outline_mm),
            "outline_width_unit": "MM",
            "style": "solid",
        },
    )
    angles = {"hatch": (45,), "bars": (0,), "cross": (45, 135)}.get(swatch.pattern, ())
    layers = [fill, *(_stripes(swatch.ink, angle) for angle in angles)]
    if swatch.pattern == "dots":
        layers.append(_dots(swatch.ink))
    return Symbol(kind="fill", layers=tuple(layers), opacity=opacity)


def _stripes(ink: str, angle: int) -> SymbolLayer:
    return SymbolLayer(
        kind="LinePatternFill",
        options={
            "angle": str(angle),
            "color": rgba(ink),
            "distance": str(_PATTERN_STEP_MM),
            "distance_unit": "MM",
            "line_width": str(_PATTERN_WIDTH_MM),
            "line_width_unit": "MM",
            "offset": "0",
            "offset_unit": "MM",
        },
        inner=Symbol(kind="line", layers=(_stroke(ink, _PATTERN_WIDTH_MM),)),
    )


def _dots(ink: str) -> SymbolLayer:
    return SymbolLayer(
        kind="PointPatternFill",
        options={
            "distance_x": str(_PATTERN_STEP_MM),
            "distance_x_unit": "MM",
            "distance_y": str(_PATTERN_STEP_MM),
            "distance_y_unit": "MM",
            "displacement_x": str(_PATTERN_STEP_MM / 2),
            "displacement_x_unit": "MM",
        },
        inner=marker(fill=ink, ink=ink, size_mm=_DOT_MM, outline_mm=0),
    )


def _stroke(color: str, width_mm: float, dash_mm: tuple[float, ...] = ()) -> SymbolLayer:
    return SymbolLayer(
        kind="SimpleLine",
        options={
            "capstyle": "flat" if dash_mm else "round",
            "customdash": ";".join(f"{length:.2f}" for length in dash_mm) or "5;2",
            "customdash_unit": "MM",
            "joinstyle": "round",
            "line_color": rgba(color),
            "line_style": "solid",
            "line_width": f"{width_mm:.3f}",
            "line_width_unit": "MM",
            "offset": "0",
            "offset_unit": "MM",
            "use_custom_dash": "1" if dash_mm else "0",
        },
    )


def line(color: str, *, width_mm: float, dash_mm: tuple[float, ...] = ()) -> Symbol:
    """Draw a line."""
    return Symbol(kind="line", layers=(_stroke(color, width_mm, dash_mm),))


def border(style: LineStyle) -> Symbol:
    """Draw the outline of an area, and nothing inside: what lies below stays readable."""
    width = style.width * MM_PER_PX
    layers = []
    if style.halo:
        layers.append(_stroke("#ffffff", width + 2 * style.halo * MM_PER_PX))
    dash = tuple(length * MM_PER_PX for length in style.dash)
    layers.append(_stroke(style.color, width, dash))
    return Symbol(kind="fill", layers=tuple(layers))


def marker(
    *, fill: str, ink: str, size_mm: float, shape: str = "circle", outline_mm: float = 0.2
) -> Symbol:
    """Mark a point; ``shape`` is one of QGIS's simple markers."""
    return Symbol(
        kind="marker",
        layers=(
            SymbolLayer(
                kind="SimpleMarker",
                options={
                    "angle": "0",
                    "color": rgba(fill),
                    "joinstyle": "bevel",
                    "name": shape,
                    "offset": "0,0",
                    "offset_unit": "MM",
                    "outline_color": rgba(ink),
                    "outline_style": "solid" if outline_mm else "no",
                    "outline_width": str(outline_mm),
                    "outline_width_unit": "MM",
                    "scale_method": "diameter",
                    "size": str(size_mm),
                    "size_unit": "MM",
                },
            ),
        ),
    )

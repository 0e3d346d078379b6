"""Styles as QGIS keeps them: the same elements in ``layer_styles`` and in a project's layer."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

import pandas as pd

from planner.export.gpkg_schema import NamedStyle
from planner.export.layout import made_up
from planner.export.qgis._xml import QGIS_VERSION, node, text_node, text_of
from planner.export.qgis.forms import EDITABLE, form
from planner.export.qgis.labels import labeling
from planner.export.qgis.layers import LayerFacts, Link, facts_of
from planner.export.qgis.looks import Look, looks_of
from planner.provenance import Origin

__all__ = [
    "layer_styles",
    "style_attributes",
    "style_document",
    "style_elements",
    "style_root",
]

_NO_SCALE = 100_000_000


def layer_styles(
    tables: Mapping[str, pd.DataFrame], *, origins: Sequence[Origin] = (), lang: str = "fr"
) -> dict[str, tuple[NamedStyle, ...]]:
    """Return the styles of every table, the default one of each first.

    Parameters
    ----------
    tables
        Table name to frame, as :func:`planner.export.geopackage.write_geopackage` takes them.
    origins
        Where layers come from, for the mark *synthetic*.
    lang
        Language of every text.

    Raises
    ------
    LookupError
        When a table has no contract.
    """
    marks = made_up(tables, origins)
    styles: dict[str, tuple[NamedStyle, ...]] = {}
    for name, frame in tables.items():
        facts = facts_of(name, frame, mark=marks[name], lang=lang)
        styles[name] = tuple(
            NamedStyle(name=look.title.say(lang), qml=style_document(facts, look))
            for look in looks_of(facts, frame)
        )
    return styles


def style_document(facts: LayerFacts, look: Look, links: Sequence[Link] = ()) -> str:
    """Return a whole QML document."""
    return text_of(style_root(facts, look, links))


def style_root(facts: LayerFacts, look: Look, links: Sequence[Link] = ()) -> ET.Element:
    """Return a style as an element, for a document or for the list of styles of a layer."""
    head = {"version": QGIS_VERSION, **style_attributes(facts, look)}
    return node("qgis", head, *style_elements(facts, look, links))


def style_attributes(facts: LayerFacts, look: Look) -> dict[str, object]:
    """Return the attributes that a style and a project's layer share."""
    return {
        "styleCategories": "AllStyleCategories",
        "readOnly": facts.name not in EDITABLE,
        "labelsEnabled": look.label is not None,
        "hasScaleBasedVisibilityFlag": look.min_scale is not None,
        "minScale": look.min_scale or _NO_SCALE,
        "maxScale": 0,
        "simplifyDrawingHints": 1,
        "simplifyDrawingTol": 1,
        "simplifyAlgorithm": 0,
        "simplifyLocal": 1,
        "simplifyMaxScale": 1,
        "symbologyReferenceScale": -1,
    }


def style_elements(facts: LayerFacts, look: Look, links: Sequence[Link] = ()) -> list[ET.Element]:
    """Return what a style says, in the order of QGIS's own files."""
    flags = {"Identifiable": "1", "Removable": "1", "Searchable": "1", "Private": "0"}
    elements = [node("flags", {}, *(text_node(tag, text) for tag, text in flags.items()))]
    if look.renderer is not None:
        elements.append(look.renderer)
    if look.label is not None and facts.kind is not None:
        elements.append(labeling(look.label, facts.kind))
    return [
        *elements,
        text_node("blendMode", "0"),
        text_node("featureBlendMode", "0"),
        text_node("layerOpacity", "1"),
        *form(facts, links),
    ]

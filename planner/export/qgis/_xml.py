"""Short ways to write QGIS's XML, the same bytes each time."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from pyproj import CRS

from planner.crs import WORKING_CRS, WORKING_EPSG

__all__ = [
    "QGIS_VERSION",
    "no_properties",
    "node",
    "option",
    "options",
    "properties",
    "spatial_reference",
    "text_node",
    "text_of",
]

QGIS_VERSION: Final = "3.22.16-Białowieża"
"""The version whose format is written: later ones read it and keep what it says."""
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_DOCTYPE: Final = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"

Value = str | int | float | bool | None | Mapping[str, "Value"] | Sequence["Value"]


def node(
    tag: str, attributes: Mapping[str, object] = _NOTHING, *children: ET.Element
) -> ET.Element:
    """Make an element; true and false are QGIS's 1 and 0."""
    words = {
        name: str(int(value)) if isinstance(value, bool) else str(value)
        for name, value in attributes.items()
    }
    element = ET.Element(tag, words)
    element.extend(children)
    return element


def text_node(tag: str, text: str, attributes: Mapping[str, object] = _NOTHING) -> ET.Element:
    """Make an element that holds words."""
    element = node(tag, attributes)
    element.text = text
    return element


def options(values: Mapping[str, Value]) -> ET.Element:
    """Make QGIS's map of options."""
    return node("Option", {"type": "Map"}, *(option(name, one) for name, one in values.items()))


def option(name: str, value: Value) -> ET.Element:
    """Make one option, typed as QGIS does."""
    head: dict[str, object] = {"name": name} if name else {}
    if value is None:
        return node("Option", head | {"type": "invalid"})
    if isinstance(value, bool):
        return node("Option", head | {"type": "bool", "value": "true" if value else "false"})
    if isinstance(value, int):
        return node("Option", head | {"type": "int", "value": value})
    if isinstance(value, float):
        return node("Option", head | {"type": "double", "value": value})
    if isinstance(value, str):
        return node("Option", head | {"type": "QString", "value": value})
    if isinstance(value, Mapping):
        inner = [option(key, one) for key, one in value.items()]
        return node("Option", head | {"type": "Map"}, *inner)
    return node("Option", head | {"type": "List"}, *(option("", one) for one in value))


def no_properties(tag: str) -> ET.Element:
    """Make the empty collection of data-defined properties that several readers expect."""
    return node(tag, {}, options({"name": "", "properties": None, "type": "collection"}))


def properties(tag: str, expressions: Mapping[str, str]) -> ET.Element:
    """Make a collection of properties that expressions of QGIS define."""
    defined: dict[str, Value] = {
        name: {"active": True, "expression": expression, "type": 3}
        for name, expression in expressions.items()
    }
    return node(tag, {}, options({"name": "", "properties": defined, "type": "collection"}))


def spatial_reference() -> ET.Element:
    """Describe the working CRS whole: by its code alone QGIS finds it invalid in a project."""
    crs = CRS.from_user_input(WORKING_CRS)
    words = {
        "wkt": crs.to_wkt("WKT2_2019"),
        "proj4": "+proj=lcc +lat_0=46.5 +lon_0=3 +lat_1=49 +lat_2=44 +x_0=700000 +y_0=6600000 "
        "+ellps=GRS80 +towgs84=0,0,0,0,0,0,0 +units=m +no_defs",
        "srid": str(WORKING_EPSG),
        "authid": f"EPSG:{WORKING_EPSG}",
        "description": crs.name,
        "projectionacronym": "lcc",
        "ellipsoidacronym": "EPSG:7019",
        "geographicflag": "false",
    }
    return node("spatialrefsys", {}, *(text_node(tag, text) for tag, text in words.items()))


def text_of(root: ET.Element) -> str:
    """Return a document as text."""
    ET.indent(root, " ")
    return _DOCTYPE + ET.tostring(root, encoding="unicode") + "\n"

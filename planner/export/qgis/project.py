"""The QGIS project: layers in groups, map themes, relations, print layouts.

The same document is embedded in the GeoPackage (``qgis_projects``) and written beside it as
``.qgz``.  Layers are found by a path relative to the file: the folder may move, the GeoPackage must
keep its name.
"""

from __future__ import annotations

import io
import sqlite3
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd

from planner.export.geopackage import GEOMETRY_COLUMN
from planner.export.gpkg_schema import LayerCard, layer_metadata
from planner.export.layout import Edition, made_up
from planner.export.qgis._xml import (
    QGIS_VERSION,
    node,
    spatial_reference,
    text_node,
    text_of,
)
from planner.export.qgis.layers import LayerFacts, Link, facts_of, links_between
from planner.export.qgis.layouts import Sheet, layouts
from planner.export.qgis.looks import Look, looks_of
from planner.export.qgis.qml import style_attributes, style_elements, style_root
from planner.export.qgis.tree import GROUPS, THEMES, group_of, themes_of
from planner.provenance import Origin
from planner.texts import say

__all__ = ["ProjectLayer", "embed_project", "project_document", "zipped_project"]

_MARGIN_SHARE: Final = 0.03
_ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP can hold: no file has a time
_PROJECTS: Final = """
CREATE TABLE qgis_projects (name TEXT PRIMARY KEY, metadata BLOB, content BLOB);
"""


@dataclass(frozen=True, kw_only=True)
class ProjectLayer:
    """A layer of the project: what it is, its styles, its metadata, what it shows at first."""

    facts: LayerFacts
    looks: tuple[Look, ...]
    card: LayerCard
    source: str

    def look(self, key: str | None) -> Look:
        """Return the style ``key``, or the default one when the layer has no such style."""
        return next((look for look in self.looks if look.key == key), self.looks[0])


def project_document(
    tables: Mapping[str, pd.DataFrame],
    *,
    package_name: str,
    edition: Edition,
    origins: Sequence[Origin] = (),
    lang: str = "fr",
) -> str:
    """Return the text of a project over a GeoPackage that lies in the same folder.

    Parameters
    ----------
    tables
        Table name to frame, as they are written in the GeoPackage.
    package_name
        Name of the GeoPackage.
    edition
        Title, scenario, territory and date.
    origins
        Where layers come from.
    lang
        Language of every text.
    """
    marks = made_up(tables, origins)
    by_layer = {origin.layer: origin for origin in origins}
    layers = []
    for name, frame in tables.items():
        facts = facts_of(name, frame, mark=marks[name], lang=lang)
        card = LayerCard(
            name=name, columns=facts.columns, mark=marks[name], origin=by_layer.get(name),
            styles=(), geometry=GEOMETRY_COLUMN if facts.kind else None,
        )  # fmt: skip
        layers.append(
            ProjectLayer(
                facts=facts,
                looks=looks_of(facts, frame),
                card=card,
                source=f"./{package_name}|layername={name}",
            )
        )
    bounds = _bounds(tables)
    sheet = Sheet(
        edition=edition,
        bounds=bounds,
        layers={layer.facts.name: (layer.facts, layer.source) for layer in layers},
        synthetic=any(marks.values()),
        ground=gpd.GeoSeries(tables["region"]["geometry"]).union_all(),
        sources=tuple(origin.attribution or origin.source for origin in origins),
        lang=lang,
        entries=_far_entries(layers),
    )
    return text_of(_root(layers, edition=edition, bounds=bounds, sheet=sheet, lang=lang))


def _far_entries(layers: Sequence[ProjectLayer]) -> dict[str, int]:
    """Return how many entries of the legend of routes are drawn at the scale of the region."""
    far: dict[str, int] = {}
    for layer in layers:
        renderer = layer.look("laying").renderer if layer.facts.name == "routes" else None
        if renderer is not None:
            rules = renderer.findall("rules/rule")
            drawn = [rule for rule in rules if rule.get("scalemaxdenom") is None]
            far[layer.facts.name] = sum(len(list(rule.iter("rule"))) for rule in drawn)
    return far


def zipped_project(document: str, name: str) -> bytes:
    """Return a ``.qgz``: the project in a ZIP, the same bytes each time."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(f"{name}.qgs", date_time=_ZIP_DATE)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.create_system = 3
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, document.encode(), compresslevel=9)
    return content.getvalue()


def embed_project(package: Path, document: str, *, name: str, edition: Edition) -> None:
    """Put a project in a GeoPackage, as QGIS does when it saves one there."""
    metadata = (
        f'{{"last_modified_time": "{edition.on.isoformat()}T00:00:00", "last_modified_user": ""}}'
    )
    with closing(sqlite3.connect(package)) as file, file:
        file.executescript(_PROJECTS)
        file.execute(
            "INSERT INTO qgis_projects VALUES (?, ?, ?)",
            (name, metadata, zipped_project(document, name).hex()),
        )


def _bounds(tables: Mapping[str, pd.DataFrame]) -> tuple[float, float, float, float]:
    """Return what the map shows at first: the whole region and a margin."""
    west, south, east, north = tables["region"].total_bounds
    margin = _MARGIN_SHARE * max(east - west, north - south)
    return (
        round(west - margin, 1), round(south - margin, 1),
        round(east + margin, 1), round(north + margin, 1),
    )  # fmt: skip


def _root(
    layers: Sequence[ProjectLayer],
    *,
    edition: Edition,
    bounds: tuple[float, float, float, float],
    sheet: Sheet,
    lang: str,
) -> ET.Element:
    by_name = {layer.facts.name: layer for layer in layers}
    links = links_between(
        [layer.facts for layer in layers],
        sources={name: layer.source for name, layer in by_name.items()},
    )
    order = [name for group in GROUPS for name in group_of(group, _drawn(by_name))]
    ids = [by_name[name].facts.layer_id for name in order]
    first = THEMES[0]
    title = edition.title
    about = say("qgis.about", lang, territory=edition.territory, on=edition.on)
    root = node("qgis", {"projectname": title, "version": QGIS_VERSION})
    root.extend(
        [
            node("homePath", {"path": ""}),
            text_node("title", title),
            node("autotransaction", {"active": 0}),
            node("evaluateDefaultValues", {"active": 0}),
            node("trust", {"active": 0}),
            node("projectCrs", {}, spatial_reference()),
            _tree(by_name, visible=set(first.layers), lang=lang),
            _relations(links),
            _canvas(bounds),
            node(
                "projectlayers",
                {},
                *(_layer(by_name[n], edition, links, first.styles.get(n), lang) for n in order),
            ),
            node("layerorder", {}, *(node("layer", {"id": i}) for i in ids)),
            _properties(),
            _themes(by_name, lang),
            node(
                "projectMetadata", {},
                text_node("identifier", edition.scenario),
                text_node("language", "FRE" if lang == "fr" else "ENG"),
                text_node("type", "project"),
                text_node("title", title),
                text_node("abstract", about),
            ),
            layouts(sheet),
            _view(bounds),
        ]
    )  # fmt: skip
    return root


def _drawn(layers: Mapping[str, ProjectLayer]) -> dict[str, bool]:
    return {name: layer.facts.kind is not None for name, layer in layers.items()}


def _tree(layers: Mapping[str, ProjectLayer], *, visible: set[str], lang: str) -> ET.Element:
    root = node("layer-tree-group")
    for group in GROUPS:
        names = group_of(group, _drawn(layers))
        if not names:
            continue
        branch = node(
            "layer-tree-group",
            {"name": group.title.say(lang), "expanded": group.expanded, "checked": "Qt::Checked"},
        )
        for name in names:
            facts = layers[name].facts
            branch.append(
                node(
                    "layer-tree-layer",
                    {
                        "id": facts.layer_id, "name": facts.title, "providerKey": "ogr",
                        "source": layers[name].source, "expanded": name == "programme",
                        "checked": "Qt::Checked" if name in visible else "Qt::Unchecked",
                    },
                )
            )  # fmt: skip
        root.append(branch)
    return root


def _relations(links: Sequence[Link]) -> ET.Element:
    return node(
        "relations",
        {},
        *(
            node(
                "relation",
                {
                    "id": link.name, "name": f"{link.title} → {link.target_title}",
                    "referencingLayer": f"planner_layer_{link.table}",
                    "referencedLayer": link.target_layer, "strength": "Association",
                },
                node("fieldRef", {"referencingField": link.field, "referencedField": link.key}),
            )
            for link in links
        ),
    )  # fmt: skip


def _extent(tag: str, bounds: tuple[float, float, float, float]) -> ET.Element:
    names = ("xmin", "ymin", "xmax", "ymax")
    return node(tag, {}, *(text_node(name, str(v)) for name, v in zip(names, bounds, strict=True)))


def _canvas(bounds: tuple[float, float, float, float]) -> ET.Element:
    return node(
        "mapcanvas",
        {"name": "theMapCanvas", "annotationsVisible": 1},
        text_node("units", "meters"),
        _extent("extent", bounds),
        text_node("rotation", "0"),
        node("destinationsrs", {}, spatial_reference()),
        text_node("rendermaptile", "0"),
    )


def _view(bounds: tuple[float, float, float, float]) -> ET.Element:
    names = ("xmin", "ymin", "xmax", "ymax")
    extent = dict(zip(names, bounds, strict=True))
    return node(
        "ProjectViewSettings",
        {"UseProjectScales": 0, "rotation": 0},
        node("Scales"),
        node("DefaultViewExtent", extent, spatial_reference()),
    )


def _layer(
    layer: ProjectLayer, edition: Edition, links: Sequence[Link], key: str | None, lang: str
) -> ET.Element:
    facts, current = layer.facts, layer.look(key)
    touching = [link for link in links if facts.name in {link.table, link.target}]
    others = [
        node(
            "map-layer-style",
            {"name": look.title.say(lang)},
            *([] if look is current else [style_root(facts, look, touching)]),
        )
        for look in layer.looks
    ]
    head = {
        "type": "vector",
        "geometry": {"fill": "Polygon", "line": "Line", "marker": "Point"}.get(
            facts.kind or "", "No geometry"
        ),
        "wkbType": facts.geometry or "NoGeometry",
        **style_attributes(facts, current),
    }
    return node(
        "maplayer",
        head,
        text_node("id", facts.layer_id),
        text_node("datasource", layer.source),
        text_node("shortname", facts.name),
        text_node("title", facts.title),
        text_node("abstract", layer.card.description(lang)),
        text_node("layername", facts.title),
        node("srs", {}, *([spatial_reference()] if facts.kind else [])),
        node("resourceMetadata", {}, *layer_metadata(layer.card, edition, lang)),
        text_node("provider", "ogr", {"encoding": "UTF-8"}),
        node("vectorjoins"),
        node("map-layer-style-manager", {"current": current.title.say(lang)}, *others),
        *style_elements(facts, current, touching),
    )


def _properties() -> ET.Element:
    def text(tag: str, value: str, kind: str = "QString") -> ET.Element:
        return text_node(tag, value, {"type": kind})

    return node(
        "properties",
        {},
        node(
            "Measurement", {}, text("DistanceUnits", "meters"), text("AreaUnits", "km2")
        ),
        node("Measure", {}, text("Ellipsoid", "EPSG:7019")),
        node("Paths", {}, text("Absolute", "false", "bool")),
        node("PositionPrecision", {}, text("Automatic", "true", "bool")),
        node("SpatialRefSys", {}, text("ProjectionsEnabled", "1", "int")),
    )  # fmt: skip


def _themes(layers: Mapping[str, ProjectLayer], lang: str) -> ET.Element:
    presets = node("visibility-presets")
    for theme in themes_of(layers):
        preset = node(
            "visibility-preset",
            {
                "name": theme.title.say(lang), "has-expanded-info": 1, "has-checked-group-info": 0,
            },
        )  # fmt: skip
        for name in theme.layers:
            if name in layers:
                look = layers[name].look(theme.styles.get(name))
                preset.append(
                    node(
                        "layer",
                        {
                            "id": layers[name].facts.layer_id, "visible": 1, "expanded": 1,
                            "style": look.title.say(lang),
                        },
                    )
                )  # fmt: skip
        presets.append(preset)
    return presets

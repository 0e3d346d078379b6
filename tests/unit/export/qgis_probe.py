"""What real QGIS sees of a package: run by Debian's Python, prints one line of JSON.

python3 qgis_probe.py layers FILE.gpkg NAME… | project FILE.qgz FOLDER
"""

import json
import sys

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsLayoutExporter,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize

heard = []


def listen(message, tag, level):
    if level in {Qgis.Warning, Qgis.Critical}:
        heard.append(f"{tag}: {message}")


def facts(layer):
    fields = layer.fields()
    renderer = layer.renderer()
    return {
        "valid": layer.isValid(),
        "crs": layer.crs().authid(),
        "count": layer.featureCount(),
        "spatial": layer.isSpatial(),
        "indexed": int(layer.hasSpatialIndex()),
        "renderer": renderer.type() if renderer else None,
        "legend": [item.label() for item in renderer.legendSymbolItems()] if renderer else [],
        "labels": layer.labelsEnabled(),
        "scale": layer.minimumScale() if layer.hasScaleBasedVisibility() else None,
        "aliases": {f.name(): f.alias() for f in fields},
        "types": {f.name(): f.typeName() for f in fields},
        "widgets": {f.name(): layer.editorWidgetSetup(i).type() for i, f in enumerate(fields)},
        "lists": {
            f.name(): [next(iter(pair)) for pair in layer.editorWidgetSetup(i).config()["map"]]
            for i, f in enumerate(fields)
            if layer.editorWidgetSetup(i).type() == "ValueMap"
        },
        "locked": [f.name() for i, f in enumerate(fields) if layer.editFormConfig().readOnly(i)],
        "read_only": layer.readOnly(),
        "tabs": [tab.name() for tab in layer.editFormConfig().tabs()],
        "constraints": {f.name(): int(layer.fieldConstraints(i)) for i, f in enumerate(fields)},
        "managed": layer.styleManager().styles(),
        "title": layer.metadata().title(),
        "licenses": layer.metadata().licenses(),
    }


def open_layers(path, names):
    return {name: facts(QgsVectorLayer(f"{path}|layername={name}", name, "ogr")) for name in names}


def colours(project, theme):
    """Hex colours that fill at least some pixels of the whole region under a map theme."""
    themes = project.mapThemeCollection()
    settings = QgsMapSettings()
    settings.setLayers(themes.mapThemeVisibleLayers(theme))
    settings.setLayerStyleOverrides(themes.mapThemeStyleOverrides(theme))
    settings.setDestinationCrs(project.crs())
    settings.setExtent(project.viewSettings().defaultViewExtent())
    settings.setOutputSize(QSize(300, 300))
    settings.setFlag(QgsMapSettings.Antialiasing, False)
    context = QgsExpressionContext()
    context.appendScope(QgsExpressionContextUtils.projectScope(project))
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
    settings.setExpressionContext(context)
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    counts = {}
    for y in range(image.height()):
        for x in range(image.width()):
            pixel = image.pixel(x, y) & 0xFFFFFF
            counts[pixel] = counts.get(pixel, 0) + 1
    return [f"#{pixel:06x}" for pixel, count in counts.items() if count >= 10]


def printed(layout, folder):
    """Export a layout; an atlas page by page in one file."""
    exporter = QgsLayoutExporter(layout)
    settings = QgsLayoutExporter.PdfExportSettings()
    settings.dpi = 60
    path = f"{folder}/{layout.name().replace(':', '')}.pdf"
    page = layout.pageCollection().page(0).pageSize()
    if layout.atlas().enabled():
        code, _ = QgsLayoutExporter.exportToPdf(layout.atlas(), path, settings)
    else:
        code = exporter.exportToPdf(path, settings)
    return {
        "code": int(code),
        "path": path,
        "size": [page.width(), page.height()],
        "pages": layout.atlas().count() if layout.atlas().enabled() else 1,
    }


def open_project(path, folder):
    project = QgsProject.instance()
    read = project.read(path)
    layers = {layer.shortName(): layer for layer in project.mapLayers().values()}
    relations = project.relationManager().relations()
    themes = project.mapThemeCollection().mapThemes()
    seen = {
        "read": read,
        "title": project.title(),
        "crs": project.crs().authid(),
        "layers": {name: facts(layer) for name, layer in layers.items()},
        "names": {name: layer.name() for name, layer in layers.items()},
        "current": {name: layer.styleManager().currentStyle() for name, layer in layers.items()},
        "groups": [node.name() for node in project.layerTreeRoot().children()],
        "relations": {key: relation.isValid() for key, relation in relations.items()},
        "ballots_of_sectors": sum(
            1
            for sector in layers["sectors"].getFeatures()
            for _ in relations["planner_ballots_sector_id"].getRelatedFeatures(sector)
        ),
        "themes": {theme: colours(project, theme) for theme in themes},
        "layouts": {
            layout.name(): printed(layout, folder) for layout in project.layoutManager().layouts()
        },
    }
    del layers, relations
    project.clear()
    return seen


def main():
    application = QgsApplication([], False)
    application.initQgis()
    application.messageLog().messageReceived.connect(listen)
    if sys.argv[1] == "layers":
        seen = {"layers": open_layers(sys.argv[2], sys.argv[3:])}
    else:
        seen = open_project(sys.argv[2], sys.argv[3])
    sys.stdout.write("SEEN" + json.dumps(seen | {"heard": heard}) + "\n")
    sys.stdout.flush()
    application.exitQgis()


main()

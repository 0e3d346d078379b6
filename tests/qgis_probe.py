"""What real QGIS sees of a package: run by Debian's Python, prints one line of JSON.

python3 qgis_probe.py layers FILE.gpkg NAME… | project FILE.qgz FOLDER
"""

import json
import sys

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsVectorLayer,
)

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


def main():
    application = QgsApplication([], False)
    application.initQgis()
    application.messageLog().messageReceived.connect(listen)
    seen = {"layers": open_layers(sys.argv[2], sys.argv[3:]), "heard": heard}
    sys.stdout.write("SEEN" + json.dumps(seen) + "\n")
    sys.stdout.flush()
    application.exitQgis()


main()

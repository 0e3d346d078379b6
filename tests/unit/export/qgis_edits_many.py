"""Does in real QGIS the operations of a file, on a package: run by the system's Python."""

import json
import sys
from pathlib import Path

from qgis.core import QgsApplication, QgsFeature, QgsGeometry, QgsVectorLayer
from qgis.PyQt.QtCore import QByteArray, QDate, QVariant

app = QgsApplication([], False)
app.initQgis()
path, operations = sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))


def plain(value):
    if value is None:
        return QVariant()
    return QDate.fromString(value["date"], "yyyy-MM-dd") if isinstance(value, dict) else value


def shape(wkb):
    geometry = QgsGeometry()
    geometry.fromWkb(QByteArray.fromHex(wkb.encode()))
    geometry.convertToMultiType()
    return geometry


done = 0
for name, several in operations.items():
    layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
    assert layer.isValid(), name
    assert layer.startEditing(), name
    fields = layer.fields()
    rows = {tuple(f[k] for k in several["key"]): f.id() for f in layer.getFeatures()}
    for one in several["operations"]:
        key = tuple(one["key"])
        if one["kind"] == "removed":
            assert layer.deleteFeature(rows[key])
        elif one["kind"] == "added":
            feature = QgsFeature(fields)
            for column, value in one["values"].items():
                feature[column] = plain(value)
            if "geometry" in one:
                feature.setGeometry(shape(one["geometry"]))
            assert layer.addFeature(feature)
        else:
            for column, value in one["values"].items():
                index = fields.indexOf(column)
                assert layer.changeAttributeValue(rows[key], index, plain(value))
            if "geometry" in one:
                assert layer.changeGeometry(rows[key], shape(one["geometry"]))
        done += 1
    assert layer.commitChanges(), layer.commitErrors()
    del layer
app.exitQgis()
sys.stdout.write(f"EDITED {done}\n")

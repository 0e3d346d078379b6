"""Edits a package in real QGIS as a technician would: run by the system's Python."""

import sys

from qgis.core import QgsApplication, QgsFeature, QgsGeometry, QgsVectorLayer
from qgis.PyQt.QtCore import QDate, QVariant

app = QgsApplication([], False)
app.initQgis()
path = sys.argv[1]


def opened(name):
    layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
    assert layer.isValid(), name
    assert layer.startEditing(), name
    return layer


def find(layer, **values):
    return next(f for f in layer.getFeatures() if all(f[k] == v for k, v in values.items()))


def put(layer, feature, name, value):
    assert layer.changeAttributeValue(feature.id(), layer.fields().indexOf(name), value)


layer = opened("sectors")
put(layer, find(layer, sector_id="22001-02"), "nom", "Modifié à la main « ici »")
put(layer, find(layer, sector_id="35001-01"), "zone_id", QVariant())
feature = find(layer, sector_id="22001-01")
shape = QgsGeometry.fromWkt(
    "MultiPolygon (((300000 6804000, 302050.125 6804000, 302050.125 6808000, 300000 6808000, 300000 6804000)))"
)
assert layer.changeGeometry(feature.id(), shape)
new = QgsFeature(layer.fields())
for name, value in {
    "sector_id": "35002-03",
    "nom": "Nouveau",
    "insee": "35002",
    "departement": "35",
    "epci_siren": "200000004",
    "area_kind": "rural",
    "synthetic": False,
}.items():
    new[name] = value
new.setGeometry(
    QgsGeometry.fromWkt(
        "MultiPolygon (((305000 6801000, 305100 6801000, 305100 6801100, 305000 6801000)))"
    )
)
assert layer.addFeature(new)
assert layer.commitChanges(), layer.commitErrors()

layer = opened("deliberations")
feature = find(layer, epci_siren="200000004")
put(layer, feature, "state", "voted")
put(layer, feature, "on", QDate(2018, 1, 15))
assert layer.commitChanges(), layer.commitErrors()

layer = opened("ballots")
assert layer.deleteFeature(find(layer, sector_id="22002-01").id())
put(layer, find(layer, sector_id="22002-02"), "rank", 9)
assert layer.commitChanges(), layer.commitErrors()

layer = opened("envelopes")
put(layer, find(layer, epci_siren="200000003"), "amount", QVariant())
assert layer.commitChanges(), layer.commitErrors()
del layer, feature, new, shape
app.exitQgis()
sys.stdout.write("EDITED\n")

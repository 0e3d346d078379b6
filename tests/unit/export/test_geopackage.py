"""The GeoPackage is read back by GDAL, SQLite and real QGIS, and holds what went in."""

import hashlib
import json
import os
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from planner.errors import ContractError
from planner.export.geopackage import write_geopackage
from planner.export.gpkg_schema import NamedStyle
from planner.schemas import CONTRACTS

SYSTEM_PYTHON = Path("/usr/bin/python3")
SPATIAL = {"communes": "MultiPolygon", "sectors": "MultiPolygon", "premises": "Point"}


def write(case, path, **options):
    return write_geopackage(
        path, case.tables, edition=case.edition, origins=case.origins, **options
    )


@pytest.fixture
def package(case, tmp_path):
    path = tmp_path / "plan.gpkg"
    write(case, path)
    return path


def query(path, sql):
    with closing(sqlite3.connect(path)) as base:
        return base.execute(sql).fetchall()


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_table_is_a_layer_in_the_order_of_the_contracts(case, package):
    layers = {name: kind for name, kind in pyogrio.list_layers(package)}
    assert list(layers) == [name for name in CONTRACTS if name in case.tables]
    assert {name: kind for name, kind in layers.items() if kind} == SPATIAL


def test_the_file_is_sound(package):
    assert query(package, "PRAGMA integrity_check") == [("ok",)]
    assert query(package, "PRAGMA foreign_key_check") == []
    assert query(package, "PRAGMA journal_mode") == [("delete",)]
    assert query(package, "PRAGMA user_version") == [(10200,)]
    assert query(package, "PRAGMA application_id") == [(int.from_bytes(b"GPKG"),)]
    assert os.listdir(package.parent) == ["plan.gpkg"]


def test_what_went_in_comes_out_in_the_order_of_the_key(case, package):
    for name, frame in case.tables.items():
        out = pyogrio.read_dataframe(package, layer=name)
        key = list(CONTRACTS[name].key)
        want = frame.sort_values(key).reset_index(drop=True)
        assert out[key].astype(str).to_numpy().tolist() == want[key].astype(str).to_numpy().tolist()
        for column in set(want.columns) - {"geometry", "x_m", "y_m", *key}:
            got, sent = out[column].astype(object), want[column].astype(object)
            assert got.isna().tolist() == sent.isna().tolist(), (name, column)
            assert got[got.notna()].tolist() == sent[sent.notna()].tolist(), (name, column)


def test_totals_are_those_of_the_tables(case, package):
    [(cents,)] = query(package, "SELECT sum(cost_cents) FROM schedule")
    assert cents == 380_001 + 400_010 + 600_000 + 812_345_678_901_23
    assert query(package, "SELECT count(*), sum(premises_min) FROM premises") == [(10, 11)]


def test_geometries_are_multi_points_are_where_they_were(case, package):
    for name in ("sectors", "communes"):
        out = gpd.read_file(package, layer=name)
        want = case.tables[name].sort_values(CONTRACTS[name].key[0])
        assert out.crs.to_epsg() == 2154
        assert set(out.geom_type) == {"MultiPolygon"}
        assert shapely.equals(out.geometry.to_numpy(), want.geometry.to_numpy()).all()
    points = gpd.read_file(package, layer="premises")
    want = case.tables["premises"].sort_values("premise_id")
    assert np.array_equal(points.geometry.x, want["x_m"])
    assert np.array_equal(points.geometry.y, want["y_m"])
    assert "x_m" not in points.columns


def test_types_stay(package):
    kinds = dict(
        zip(
            *[pyogrio.read_info(package, layer="deliberations")[k] for k in ("fields", "dtypes")],
            strict=True,
        )
    )
    assert kinds["on"] == "datetime64[D]"
    assert kinds["synthetic"] == "bool"
    declared = {row[1]: row[2] for row in query(package, "PRAGMA table_info(deliberations)")}
    assert (declared["on"], declared["synthetic"]) == ("DATE", "BOOLEAN")
    assert query(package, 'SELECT "on" FROM deliberations ORDER BY 1') == [(None,), ("2017-11-30",)]
    declared = {row[1]: row[2] for row in query(package, "PRAGMA table_info(coverage)")}
    assert (declared["serviceable_count"], declared["coverage_rate"]) == ("INTEGER", "REAL")
    assert (declared["zone_id"] if "zone_id" in declared else "TEXT") == "TEXT"
    assert query(package, "SELECT targeted_count FROM coverage") == [
        (None,),
        (None,),
    ]  # absent is not zero


def test_the_geometry_column_is_geom_and_indexed(package):
    rows = query(
        package, "SELECT table_name, column_name, geometry_type_name FROM gpkg_geometry_columns"
    )
    assert sorted(rows) == [
        ("communes", "geom", "MULTIPOLYGON"), ("premises", "geom", "POINT"), ("sectors", "geom", "MULTIPOLYGON"),
    ]  # fmt: skip
    for name in SPATIAL:
        assert query(package, f"SELECT count(*) FROM rtree_{name}_geom") == query(
            package, f"SELECT count(*) FROM {name}"
        )


def test_aliases_and_lists_of_values_are_in_the_readers_language(case, package, tmp_path):
    alias = "SELECT name FROM gpkg_data_columns WHERE table_name = 'schedule' AND column_name = "
    assert query(package, alias + "'cost_cents'") == [("Coût (centimes)",)]
    assert query(package, alias + "'sector_id'") == [("Secteur",)]
    joined = "SELECT name, constraint_name FROM gpkg_data_columns WHERE table_name = 'premises' AND column_name = "
    assert query(package, joined + "'state'") == [("État", "premisestate")]
    assert query(package, joined + "'phase'") == [("Phase", "phase")]
    values = "SELECT value, description FROM gpkg_data_column_constraints WHERE constraint_name = 'phase' ORDER BY rowid"
    assert query(package, values) == [
        ("1", "Phase 1"), ("2", "Phase 2"), ("3", "Phase 3"), ("private", "Initiative privée"),
    ]  # fmt: skip
    english = tmp_path / "english.gpkg"
    write(case, english, lang="en")
    assert query(english, alias + "'cost_cents'") == [("Cost (cents)",)]
    described = {
        (row[0], row[1])
        for row in query(package, "SELECT table_name, column_name FROM gpkg_data_columns")
    }
    for name, frame in case.tables.items():
        kept = set(frame.columns) - {"geometry", *(("x_m", "y_m") if name == "premises" else ())}
        assert {column for table, column in described if table == name} == kept


def test_gdal_sees_the_domains(package):
    script = "SELECT extension_name, table_name FROM gpkg_extensions WHERE extension_name LIKE 'gpkg_%' ORDER BY 2"
    registered = {(name, table) for name, table in query(package, script)}
    assert {
        ("gpkg_schema", "gpkg_data_columns"),
        ("gpkg_schema", "gpkg_data_column_constraints"),
        ("gpkg_metadata", "gpkg_metadata"),
        ("gpkg_metadata", "gpkg_metadata_reference"),
    } <= registered


def test_layers_say_what_they_are_where_they_come_from_and_what_is_made_up(package):
    said = {
        name: (identifier, about)
        for name, identifier, about in query(
            package, "SELECT table_name, identifier, description FROM gpkg_contents"
        )
    }
    assert said["premises"][0] == "Locaux (synthétique)"
    assert said["sectors"][0] == "Secteurs (synthétique)"
    assert said["deliberations"][0] == "Délibérations (en partie synthétique)"
    assert said["schedule"][0] == "Calendrier (calculé sur des données synthétiques)"
    assert said["communes"] == (
        "Communes",
        "Communes du territoire, une par ligne. Source : IGN, ADMIN EXPRESS ; licence : Licence Ouverte 2.0 ; "
        "millésime : 2018. © IGN <2018>",
    )
    [(metadata,)] = query(
        package,
        "SELECT metadata FROM gpkg_metadata JOIN gpkg_metadata_reference ON md_file_id = id WHERE table_name = 'communes'",
    )
    assert "<rights>© IGN &lt;2018&gt;</rights><license>Licence Ouverte 2.0</license>" in metadata
    assert "31 décembre 2017" in metadata


def test_two_exports_have_the_same_bytes_whatever_the_order_of_rows_and_tables(
    case, package, tmp_path
):
    again = tmp_path / "again.gpkg"
    case.tables = {
        name: case.tables[name].sample(frac=1, random_state=7)
        for name in reversed(list(case.tables))
    }
    write(case, again)
    assert sha256(again) == sha256(package)
    write(case, again)  # over itself
    assert sha256(again) == sha256(package)


def test_tables_are_left_as_they_were(case, tmp_path):
    before = {name: frame.copy() for name, frame in case.tables.items()}
    write(case, tmp_path / "plan.gpkg")
    for name, frame in case.tables.items():
        pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before[name]))


def test_gdals_options_are_put_back(case, tmp_path):
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2001-01-01T00:00:00Z"})
    try:
        write(case, tmp_path / "plan.gpkg")
        assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") == "2001-01-01T00:00:00Z"
        assert pyogrio.get_gdal_config_option("OGR_SQLITE_SYNCHRONOUS") is None
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def test_a_failure_leaves_the_old_file_and_nothing_else(case, package):
    before = sha256(package)
    case.tables["sectors"] = case.tables["sectors"].drop(columns="nom")
    with pytest.raises(ContractError) as error:
        write(case, package)
    assert "nom : colonne absente" in str(error.value)
    assert "ajoutez « nom »" in str(error.value)
    assert os.listdir(package.parent) == ["plan.gpkg"]
    assert sha256(package) == before


def test_a_table_in_another_crs_is_refused(case, tmp_path):
    case.tables["sectors"] = case.tables["sectors"].to_crs(4326)
    with pytest.raises(ContractError, match="EPSG:4326"):
        write(case, tmp_path / "plan.gpkg")


def test_a_table_without_a_contract_is_refused(case, tmp_path):
    case.tables["mystery"] = case.tables["schedule"]
    with pytest.raises(LookupError, match="mystery"):
        write(case, tmp_path / "plan.gpkg")


def test_an_empty_table_is_an_empty_layer(case, tmp_path):
    case.tables = {"zones": CONTRACTS["zones"].empty(), "ballots": CONTRACTS["ballots"].empty()}
    path = tmp_path / "plan.gpkg"
    assert write(case, path).rows == {"zones": 0, "ballots": 0}
    assert query(path, "SELECT count(*) FROM zones") == [(0,)]
    assert {row[1]: row[2] for row in query(path, "PRAGMA table_info(zones)")}[
        "premises_count"
    ] == "INTEGER"


def test_progress_ends_at_the_number_of_rows(case, tmp_path):
    heard = []
    written = write(case, tmp_path / "plan.gpkg", progress=lambda *told: heard.append(told))
    total = sum(len(frame) for frame in case.tables.values())
    assert sum(written.rows.values()) == total
    assert heard[-1][:2] == (total, total)
    assert [done for done, _, _ in heard] == sorted(done for done, _, _ in heard)
    assert any(label == "Locaux (synthétique)" for _, _, label in heard)


def test_styles_are_the_default_ones_of_their_layers(case, tmp_path):
    path = tmp_path / "plan.gpkg"
    write(case, path, styles={"sectors": (NamedStyle(name="a", qml="<qgis/>"),)})
    row = "SELECT f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleQML, useAsDefault FROM layer_styles"
    assert query(path, row) == [("", "", "sectors", "geom", "<qgis/>", 1)]
    assert query(path, "SELECT data_type FROM gpkg_contents WHERE table_name = 'layer_styles'") == [
        ("attributes",)
    ]


QGIS_SCRIPT = """
import json, sys
from qgis.core import QgsApplication, QgsVectorLayer
app = QgsApplication([], False)
app.initQgis()
seen = {}
for name in sys.argv[2:]:
    layer = QgsVectorLayer(f"{sys.argv[1]}|layername={name}", name, "ogr")
    fields = layer.fields()
    widgets = {f.name(): layer.editorWidgetSetup(i) for i, f in enumerate(fields)}
    seen[name] = {
        "valid": layer.isValid(), "crs": layer.crs().authid(), "count": layer.featureCount(),
        "read": sum(1 for _ in layer.getFeatures()), "spatial": layer.isSpatial(),
        "types": {f.name(): f.typeName() for f in fields},
        "lists": [n for n, w in widgets.items() if w.type() == "ValueMap"],
        "title": layer.metadata().title(), "bad": sum(1 for f in layer.getFeatures() if f.hasGeometry() and not f.geometry().isGeosValid()),
        "indexed": int(layer.hasSpatialIndex()),
    }
print("SEEN" + json.dumps(seen), flush=True)
del layer, fields, widgets  # before the application, or it crashes on its way out
app.exitQgis()
"""


@pytest.mark.qgis
@pytest.mark.slow
def test_real_qgis_opens_every_layer(case, tmp_path):
    folder = tmp_path / "dossier é è"
    folder.mkdir()
    path = folder / "plan.gpkg"
    write(case, path)
    environment = {
        "QT_QPA_PLATFORM": "offscreen",
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
    }
    probe = subprocess.run(
        [SYSTEM_PYTHON, "-c", "import qgis.core"], capture_output=True, env=environment, check=False
    )
    if probe.returncode:
        pytest.skip("python3-qgis is not installed")
    done = subprocess.run(
        [SYSTEM_PYTHON, "-c", QGIS_SCRIPT, path, *case.tables],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    seen = json.loads(done.stdout.partition("SEEN")[2].splitlines()[0])
    for name, frame in case.tables.items():
        layer = seen[name]
        assert layer["valid"], name
        assert (layer["count"], layer["read"]) == (len(frame), len(frame)), name
        assert layer["spatial"] == (name in SPATIAL), name
        if layer["spatial"]:
            assert layer["crs"] == "EPSG:2154", name
            assert layer["indexed"] == 2, name  # QgsFeatureSource.SpatialIndexPresent
            assert layer["bad"] == 0, name
    assert seen["premises"]["lists"] == ["kind", "phase", "state"]
    assert seen["premises"]["title"] == "Locaux (synthétique)"
    assert seen["deliberations"]["types"]["on"] == "Date"


@pytest.mark.slow
def test_bytes_are_the_same_beyond_one_batch(case, tmp_path):
    count = 200_000  # more than three batches, enough for GDAL to index in the background
    rows = np.arange(count)
    frame = pd.DataFrame(
        {
            "premise_id": [f"P{row:07d}" for row in rows], "building_id": "B", "insee": "35236",
            "kind": pd.Categorical(["dwelling"] * count), "premises_min": 1, "premises_max": 1,
            "x_m": 100_000.0 + (rows * 7919) % 50_000, "y_m": 6_700_000.0 + (rows * 104_729) % 50_000,
        }
    )  # fmt: skip
    sums = set()
    for name, table in (("a", frame), ("b", frame.sample(frac=1, random_state=1))):
        path = tmp_path / f"{name}.gpkg"
        case = replace_tables(case, {"premises": table})
        write(case, path)
        sums.add(sha256(path))
    assert len(sums) == 1
    points = pyogrio.read_dataframe(path, layer="premises")
    assert np.array_equal(points.geometry.x, frame["x_m"])
    assert query(path, "SELECT count(*) FROM rtree_premises_geom") == [(count,)]


def replace_tables(case, tables):
    return type(case)(**{**vars(case), "tables": tables})


def test_the_date_of_the_edition_stands_for_the_time_of_writing(case, tmp_path):
    path = tmp_path / "plan.gpkg"
    case.edition = replace(case.edition, on=case.edition.on.replace(year=2020))
    write(case, path)
    stamps = query(
        path,
        "SELECT DISTINCT last_change FROM gpkg_contents UNION SELECT timestamp FROM gpkg_metadata_reference",
    )
    assert stamps == [("2020-12-31T00:00:00.000Z",)]

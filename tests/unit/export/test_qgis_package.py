"""The package, read back: bytes, SQLite, GDAL's validator, and real QGIS (marked qgis)."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planner import cli, make_plan, read_scenario, write_package
from planner.edits import EDITABLE as TAKEN
from planner.edits import compare_edits
from planner.engineering import add_network, read_works
from planner.export.folder import FolderError
from planner.export.manifest import check_manifest, read_manifest
from planner.export.qgis import package_tables
from planner.export.qgis.tree import themes_of
from planner.export.style import COVERAGE_THEME as COVERAGE
from planner.export.style import PHASE_THEME, coverage_class
from planner.export.themes import (
    AREA_KIND_CLASSES,
    BALLOT_CLASSES,
    COST_CLASSES,
    DECISION_CLASSES,
    LAYING_CLASSES,
    NRO_CLASSES,
    PM_CLASSES,
)
from planner.io.package import read_package
from planner.schemas import CONTRACTS
from planner.toy import toy_territory

SYSTEM_PYTHON = "/usr/bin/python3"
PROBE = Path(__file__).with_name("qgis_probe.py")
NAME = "bretagne-2018"
RENDERERS = {
    "region": "singleSymbol",
    "departements": "singleSymbol",
    "epci": "singleSymbol",
    "communes": "RuleRenderer",
    "villes_moyennes": "singleSymbol",
    "zones": "categorizedSymbol",
    "sectors": "categorizedSymbol",
    "premises": "RuleRenderer",
    "programme": "RuleRenderer",
    "findings": "categorizedSymbol",
    "nro": "RuleRenderer",
    "pm": "RuleRenderer",
    "pbo": "RuleRenderer",
    "routes": "RuleRenderer",
    "phasing": "graduatedSymbol",
    "network_sectors": "graduatedSymbol",
    "criteria_scores": "graduatedSymbol",
    "epci_service": "graduatedSymbol",
}


@pytest.fixture(scope="module")
def plan():
    """The toy plan with its network; as it is designed on a stand-in."""
    answer = make_plan(toy_territory(), read_scenario())
    prices, keys = read_works()
    return add_network(answer, prices=prices, funding_keys=keys)


@pytest.fixture(scope="module")
def tables(plan):
    return package_tables(plan)


@pytest.fixture(scope="module")
def folder(plan, tmp_path_factory):
    """A package under a path with accents and spaces."""
    place = tmp_path_factory.mktemp("à ouvrir") / "Données d'été"
    write_package(plan, place)
    return place


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def query(path, sql):
    with closing(sqlite3.connect(path)) as file:
        return file.execute(sql).fetchall()


def test_the_folder_holds_what_its_manifest_and_checksums_say(folder):
    names = {path.name for path in folder.iterdir()}
    assert names == {
        f"{NAME}.gpkg", f"{NAME}.qgz", "LISEZMOI.txt", "SHA256SUMS", "manifest.json",
    }  # fmt: skip
    assert check_manifest(folder) == []
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    assert lines == [
        f"{sha256(folder / name)}  {name}"
        for name in ("LISEZMOI.txt", f"{NAME}.gpkg", f"{NAME}.qgz")
    ]


def test_the_zip_holds_the_same_files(folder):
    with zipfile.ZipFile(folder.with_name(f"{folder.name}.zip")) as archive:
        assert archive.testzip() is None
        for path in folder.iterdir():
            assert archive.read(f"{NAME}/{path.name}") == path.read_bytes()
        assert len(archive.namelist()) == len(list(folder.iterdir()))


def test_two_packages_have_the_same_bytes(plan, folder, tmp_path):
    again = write_package(plan, tmp_path / "autre dossier")
    for path in again[:-1]:
        assert sha256(path) == sha256(folder / path.name), path.name
    assert sha256(again[-1]) == sha256(folder.with_name(f"{folder.name}.zip"))


def test_sqlite_and_the_standard_find_nothing_to_say(folder, tables):
    path = folder / f"{NAME}.gpkg"
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    assert query(path, "PRAGMA foreign_key_check") == []
    assert query(path, "PRAGMA journal_mode") == [("delete",)]
    listed = {name for (name,) in query(path, "SELECT table_name FROM gpkg_contents")}
    assert listed == {*tables, "layer_styles"}
    for name, frame in tables.items():
        assert query(path, f'SELECT count(*) FROM "{name}"') == [(len(frame),)], name


def test_gdals_validator_finds_nothing_to_say(folder, required):
    probe = [SYSTEM_PYTHON, "-c", "import osgeo_utils.samples.validate_gpkg"]
    there = Path(SYSTEM_PYTHON).exists()
    there = there and subprocess.run(probe, capture_output=True, check=False).returncode == 0
    required("gdal-validator", found=there)
    done = subprocess.run(
        [SYSTEM_PYTHON, "-m", "osgeo_utils.samples.validate_gpkg", folder / f"{NAME}.gpkg"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_project_inside_is_the_one_beside(folder):
    [(name, metadata, content)] = query(
        folder / f"{NAME}.gpkg", "SELECT name, metadata, content FROM qgis_projects"
    )
    assert name == NAME
    assert json.loads(metadata)["last_modified_time"].startswith("2017-12-31")
    assert bytes.fromhex(content) == (folder / f"{NAME}.qgz").read_bytes()


def test_nothing_in_the_project_is_of_this_machine(folder):
    with zipfile.ZipFile(folder / f"{NAME}.qgz") as archive:
        text = archive.read(f"{NAME}.qgs").decode()
    assert str(folder.parent) not in text
    assert f"./{NAME}.gpkg|layername=sectors" in text
    assert os.environ.get("USER", "root") + '"' not in text


def test_the_read_me_says_what_is_made_up_and_what_can_be_edited(folder, tables):
    text = (folder / "LISEZMOI.txt").read_text(encoding="utf-8")
    assert "ATTENTION : une partie des données est synthétique" in text
    for name in tables:
        assert f"\n  {name} : {CONTRACTS[name].titled()}" in text
    assert "Vœu, Rang" in text
    english = "Toggle editing"
    assert english not in text


def test_the_package_speaks_english_when_asked(plan, tmp_path):
    write_package(plan, tmp_path / "en", lang="en")
    text = (tmp_path / "en" / "LISEZMOI.txt").read_text(encoding="utf-8")
    assert "Toggle editing" in text
    assert read_manifest(tmp_path / "en")["lang"] == "en"


def test_a_folder_with_other_files_is_left_alone(plan, tmp_path):
    place = tmp_path / "pris"
    place.mkdir()
    (place / "notes.txt").write_text("à garder", encoding="utf-8")
    with pytest.raises(FolderError):
        write_package(plan, place)
    assert [path.name for path in place.iterdir()] == ["notes.txt"]
    assert not place.with_name("pris.zip").exists()


def test_the_command_writes_a_package(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("planner.prepare.prepare_territory", lambda *_, **__: toy_territory())
    result = CliRunner().invoke(cli.app, ["package"])
    assert result.exit_code == 0, result.output
    folder = tmp_path / "maps" / "out" / f"{NAME}-sig"
    assert check_manifest(folder) == []
    assert folder.with_name(f"{folder.name}.zip").is_file()
    assert "ynthétique" in result.output


def test_an_unedited_package_comes_back_as_no_change(folder, tables):
    intake = read_package(folder / f"{NAME}.gpkg")
    edits = compare_edits(intake.tables, intake.base, tables, computed=intake.computed)
    assert edits.is_unchanged
    assert set(TAKEN) <= set(intake.tables)


@pytest.fixture(scope="module")
def qgis(required, tmp_path_factory):
    """Run the probe in Debian's QGIS, on a copy: QGIS writes its own marks in a GeoPackage."""
    environment = {
        "QT_QPA_PLATFORM": "offscreen", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
        "HOME": str(tmp_path_factory.mktemp("home")),
    }  # fmt: skip
    probe = [SYSTEM_PYTHON, "-c", "import qgis.core"]
    there = Path(SYSTEM_PYTHON).exists()
    there = (
        there
        and not subprocess.run(probe, capture_output=True, env=environment, check=False).returncode
    )
    required("qgis", found=there)

    def run(*words):
        done = subprocess.run(
            [SYSTEM_PYTHON, PROBE, *(str(word) for word in words)],
            capture_output=True, text=True, check=True, env=environment,
        )  # fmt: skip
        return json.loads(done.stdout.partition("SEEN")[2].splitlines()[0])

    return run


@pytest.fixture(scope="module")
def moved(folder, tmp_path_factory):
    """The package after someone has moved it."""
    return Path(shutil.copytree(folder, tmp_path_factory.mktemp("déplacé") / "L'été à Ploërmel"))


@pytest.fixture(scope="module")
def opened(qgis, moved, tmp_path_factory):
    return qgis("project", moved / f"{NAME}.qgz", tmp_path_factory.mktemp("pdf"))


def check_layers(layers, tables):
    for name, frame in tables.items():
        seen = layers[name]
        assert seen["valid"], name
        assert seen["count"] == len(frame), name
        spatial = name in RENDERERS
        assert seen["spatial"] == spatial, name
        if spatial:
            assert seen["crs"] == "EPSG:2154", name
            assert seen["indexed"] == 2, name  # QgsFeatureSource.SpatialIndexPresent
        for column in CONTRACTS[name].columns:
            if column.name in seen["aliases"]:
                assert seen["aliases"][column.name].startswith(column.titled()), name
                if column.type == "date":
                    assert seen["types"][column.name] == "Date", name
                if column.terms is not None:
                    labels = [term.label() for term in column.terms]
                    assert seen["lists"][column.name][-len(labels) :] == labels, name


@pytest.mark.qgis
@pytest.mark.slow
def test_each_layer_alone_is_styled_and_aliased(qgis, moved, tables):
    seen = qgis("layers", moved / f"{NAME}.gpkg", *tables)
    assert seen["heard"] == []
    check_layers(seen["layers"], tables)
    for name, renderer in RENDERERS.items():
        assert seen["layers"][name]["renderer"] == renderer, name
    assert seen["layers"]["premises"]["scale"] == 50_000
    assert seen["layers"]["pbo"]["scale"] == 25_000
    assert seen["layers"]["routes"]["legend"][0] == "Transport (du NRO au PM)"
    assert "Appuis existants" in seen["layers"]["routes"]["lists"]["laying"]
    assert seen["layers"]["routes"]["aliases"]["laying"] == "Mode de pose"
    assert seen["layers"]["programme"]["legend"] == ["Phase 1", "Phase 2", "Phase 3"]
    assert seen["layers"]["programme"]["labels"]
    assert seen["layers"]["communes"]["read_only"]
    assert not seen["layers"]["sectors"]["read_only"]
    assert "premises_count" in seen["layers"]["sectors"]["locked"]
    assert "nom" not in seen["layers"]["sectors"]["locked"]
    assert seen["layers"]["sectors"]["tabs"] == [
        "Saisie",
        "Description",
        "Calculé par le planificateur",
    ]
    assert seen["layers"]["premises"]["title"] == "Locaux (synthétique)"
    assert seen["layers"]["premises"]["licenses"] == ["GPL-3.0"]


@pytest.mark.qgis
@pytest.mark.slow
def test_the_project_opens_whole(opened, tables):
    assert opened["heard"] == []
    assert opened["read"]
    assert opened["crs"] == "EPSG:2154"
    check_layers(opened["layers"], tables)
    assert opened["names"]["sectors"] == "Secteurs (synthétique)"
    assert opened["groups"][:5] == [
        "Constats à vérifier", "Repères et locaux", "Réseau", "Limites administratives et zones",
        "Programme",
    ]  # fmt: skip
    assert list(opened["themes"]) == [theme.title.say() for theme in themes_of(tables)]
    assert set(opened["layers"]["programme"]["managed"]) == {
        "Phases du programme", "Année des travaux", "Coût à la ligne",
        "Vote de l'EPCI et décision", COVERAGE.label.say(),
    }  # fmt: skip


@pytest.mark.qgis
@pytest.mark.slow
def test_relations_are_valid_and_find_their_rows(opened, tables):
    relations = opened["relations"]
    assert all(relations.values())
    assert {
        "planner_sectors_zone_id", "planner_zones_epci_siren", "planner_premises_sector_id",
        "planner_ballots_epci_siren", "planner_ballots_sector_id", "planner_pm_nro_id",
        "planner_routes_nro_id", "planner_pbo_sector_id", "planner_quantities_sector_id",
    } <= set(relations)  # fmt: skip
    assert opened["ballots_of_sectors"] == len(tables["ballots"])
    widgets = opened["layers"]["sectors"]["widgets"]
    assert (widgets["zone_id"], widgets["epci_siren"]) == ("RelationReference", "RelationReference")
    assert "Tables liées" in opened["layers"]["sectors"]["tabs"]


@pytest.mark.qgis
@pytest.mark.slow
def test_layouts_print(opened):
    sizes = {name: (one["size"], one["pages"]) for name, one in opened["layouts"].items()}
    assert sizes == {
        "Région A3 : phases du programme": ([420, 297], 1),
        "Région A3 : couverture actuelle": ([420, 297], 1),
        "Région A3 : réseau": ([420, 297], 1),
        "Atlas A4 par EPCI": ([297, 210], 4),
    }
    for one in opened["layouts"].values():
        assert one["code"] == 0
        content = Path(one["path"]).read_bytes()
        assert content.startswith(b"%PDF")
        assert content.count(b"/Type /Page\n") == one["pages"]


@pytest.mark.qgis
@pytest.mark.slow
def test_each_theme_shows_each_colour_of_its_legend(opened, tables):
    shown = dict(
        zip([theme.key for theme in themes_of(tables)], opened["themes"].values(), strict=True)
    )

    def fills(classes, keys):
        return {entry.swatch.fill for entry in classes if entry.key in set(keys)}

    programme, epci, communes = tables["programme"], tables["epci"], tables["communes"]
    assert fills(PHASE_THEME.classes, programme["phase"]) <= set(shown["phase"])
    assert len(fills(PHASE_THEME.classes, programme["phase"])) == 3
    assert fills(DECISION_CLASSES, programme["decision"]) <= set(shown["decision"])
    assert fills(BALLOT_CLASSES, epci["deliberation"]) <= set(shown["ballot"])
    assert fills(AREA_KIND_CLASSES, tables["sectors"]["area_kind"]) <= set(shown["edit"])
    rates = {
        COVERAGE.classes[coverage_class(rate)].swatch.fill for rate in communes["coverage_rate"]
    }
    assert rates <= set(shown["coverage"])
    costs = {
        next(entry.swatch.fill for entry in COST_CLASSES if value >= entry.minimum)
        for value in programme["unit_cost_cents"]
    }
    assert costs <= set(shown["cost"])
    assert len(costs) == 2  # the toy's two prices: 1 000 and 2 000 €, each on a bound
    laid = {one.color for one in LAYING_CLASSES if one.key in set(tables["routes"]["laying"])}
    assert laid
    assert laid | {NRO_CLASSES[0].fill, PM_CLASSES[0].ink} <= set(shown["network"])


@pytest.mark.qgis
@pytest.mark.slow
def test_the_project_inside_the_geopackage_opens_too(qgis, moved, tmp_path, tables):
    seen = qgis("project", f"geopackage:{moved / NAME}.gpkg?projectName={NAME}", tmp_path)
    assert seen["heard"] == []
    assert seen["read"]
    check_layers(seen["layers"], tables)


def test_without_a_network_nothing_speaks_of_one(tmp_path):
    write_package(make_plan(toy_territory(), read_scenario()), tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "out" / f"{NAME}.qgz") as archive:
        text = archive.read(f"{NAME}.qgs").decode()
    assert "éseau étudié" not in text
    assert "9. Réseau" not in text + (tmp_path / "out" / "LISEZMOI.txt").read_text(encoding="utf-8")


def test_what_is_wrong_with_the_data_is_a_layer(tmp_path):
    """One sector drawn over its neighbour: the package shows where to click."""
    territory = toy_territory()
    sectors = territory.sectors.copy()
    shapes = list(sectors.geometry)
    shapes[0] = shapes[0].union(shapes[1].buffer(-100))
    plan = make_plan(territory.with_tables(sectors=sectors.set_geometry(shapes)), read_scenario())
    write_package(plan, tmp_path / "out")
    with closing(sqlite3.connect(tmp_path / "out" / f"{NAME}.gpkg")) as db:
        rules = {row[0] for row in db.execute("SELECT rule FROM anomalies")}
        areas = db.execute("SELECT count(*) FROM anomaly_areas WHERE geom IS NOT NULL").fetchone()
    assert "sectors.overlap" in rules
    assert areas[0] >= 1

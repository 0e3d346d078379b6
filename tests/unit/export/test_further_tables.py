"""Whatever table a room adds to a plan goes out by itself, styled and linked; persons never do.

Every contract of the project is tried with one made-up row: a contract that is written tomorrow is
tried tomorrow.
"""

import json
import shutil
import sqlite3
import subprocess
import xml.etree.ElementTree as ET
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import openpyxl
import pyogrio
import pytest

from planner import make_plan, read_scenario, write_package
from planner.export.doors import write_flatgeobuf, write_geoparquet, write_metadata
from planner.export.geopackage import write_geopackage
from planner.export.layout import Edition, PersonalDataError, made_up
from planner.export.postgis._write import _sheets
from planner.export.qgis import layer_styles, package_tables
from planner.export.tables import write_csv_tables
from planner.export.workbook import WorkbookRules, write_workbook
from planner.schemas import CONTRACTS, PERSONAL, contract
from planner.toy import toy_territory

NAME = "bretagne-2018"
SYSTEM_PYTHON = "/usr/bin/python3"
PROBE = Path(__file__).with_name("qgis_probe.py")


@pytest.fixture(scope="module")
def plan(one_row):
    """A plan of the toy territory to which every room has added its tables."""
    answer = make_plan(toy_territory(), read_scenario())
    own = set(answer.tables())
    more = {name: one_row(name) for name in CONTRACTS if name not in {*own, *PERSONAL}}
    return replace(answer, more={**answer.more, **more})


@pytest.fixture(scope="module")
def tables(plan):
    return package_tables(plan)


@pytest.fixture(scope="module")
def folder(plan, tmp_path_factory):
    place = tmp_path_factory.mktemp("tout") / "paquet"
    write_package(plan, place)
    return place


def test_every_contract_is_tried(tables):
    empty = {"programme_figures", "premises_figures"} - set(tables)
    assert set(tables) == set(CONTRACTS) - set(PERSONAL) - empty
    assert {"take_up", "slippage", "completeness", "requests", "network_costs"} <= set(tables)


def test_every_table_is_in_the_geopackage_with_its_aliases_and_a_look(folder, tables):
    path = folder / f"{NAME}.gpkg"
    assert set(tables) | {"layer_styles"} <= {name for name, _ in pyogrio.list_layers(path)}
    with closing(sqlite3.connect(path)) as file:
        aliases = {
            (table, column): title
            for table, column, title in file.execute(
                "SELECT table_name, column_name, title FROM gpkg_data_columns"
            )
        }
        styles = dict(
            file.execute("SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault")
        )
        kinds = dict(file.execute("SELECT table_name, data_type FROM gpkg_contents"))
    for name, frame in tables.items():
        points = {"x_m", "y_m"} <= set(frame.columns)
        spatial = points or isinstance(frame, gpd.GeoDataFrame)
        assert kinds[name] == ("features" if spatial else "attributes"), name
        for column in contract(name).columns:
            if column.optional and column.name not in frame:
                continue
            if not (points and column.name in {"x_m", "y_m"}):
                assert aliases[name, column.name].startswith(column.titled()), name
        renderer = ET.fromstring(styles[name].partition("\n")[2]).find("renderer-v2")
        assert (renderer is not None) == spatial, name


@pytest.mark.qgis
@pytest.mark.slow
def test_real_qgis_opens_every_table_without_a_word(folder, tables, tmp_path, required):
    """Alone, from a path with accents and spaces: valid, counted, indexed, styled, dates as dates."""
    environment = {
        "QT_QPA_PLATFORM": "offscreen", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
        "HOME": str(tmp_path),
    }  # fmt: skip
    probe = [SYSTEM_PYTHON, "-c", "import qgis.core"]
    there = (
        Path(SYSTEM_PYTHON).exists()
        and not subprocess.run(probe, capture_output=True, env=environment, check=False).returncode
    )
    required("qgis", found=there)
    place = tmp_path / "Été à Ploërmel"
    place.mkdir()
    copied = shutil.copy(folder / f"{NAME}.gpkg", place)
    done = subprocess.run(
        [SYSTEM_PYTHON, PROBE, "layers", copied, *tables],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    seen = json.loads(done.stdout.partition("SEEN")[2].splitlines()[0])
    assert seen["heard"] == []
    for name, frame in tables.items():
        layer = seen["layers"][name]
        spatial = {"x_m", "y_m"} <= set(frame.columns) or isinstance(frame, gpd.GeoDataFrame)
        assert (layer["valid"], layer["count"], layer["spatial"]) == (True, len(frame), spatial)
        if spatial:
            assert (layer["crs"], layer["indexed"]) == ("EPSG:2154", 2), name
            assert layer["renderer"] not in {None, "nullSymbol"}, name
        for column in contract(name).columns:
            if column.name in layer["aliases"]:
                assert layer["aliases"][column.name].startswith(column.titled()), name
            if column.type == "date" and column.name in layer["types"]:
                assert layer["types"][column.name] == "Date", name


@pytest.mark.parametrize("name", ["criteria_scores", "calendar", "conversions"])
def test_a_table_of_one_row_a_place_draws_alone(tables, plan, name):
    key = contract(name).key
    drawn = isinstance(tables[name], gpd.GeoDataFrame)
    assert drawn == (key in {("sector_id",), ("epci_siren",)})
    if key == ("sector_id",):
        shapes = plan.territory.sectors.set_index("sector_id").geometry
        for key, shape in zip(tables[name]["sector_id"], tables[name].geometry, strict=True):
            assert shape.equals(shapes[key])
    assert "geometry" not in plan.more[name].columns  # the plan is left as it was


def test_a_table_is_linked_to_the_places_that_it_names(folder):
    with zipfile.ZipFile(folder / f"{NAME}.qgz") as archive:
        project = ET.fromstring(archive.read(f"{NAME}.qgs").decode().partition("\n")[2])
    found = {
        (one.get("referencingLayer"), one.find("fieldRef").get("referencingField")): one.get(
            "referencedLayer"
        )
        for one in project.iter("relation")
    }
    for name in set(CONTRACTS) - set(PERSONAL):
        for field, target in (
            ("sector_id", "sectors"), ("epci_siren", "epci"), ("nro_id", "nro"),
            ("request_id", "requests"),
        ):  # fmt: skip
            if field in contract(name).column_names and name != target:
                linked = found[f"planner_layer_{name}", field]
                assert linked == f"planner_layer_{target}", name
    assert len(found) == len(list(project.iter("relation")))


def test_other_doors_take_them_too(tables, plan, tmp_path):
    origins = plan.territory.origins
    edition = Edition(title="T", scenario="t", territory="T", on=plan.scenario.reference_date)
    write_csv_tables(tmp_path / "csv", tables)
    assert {path.stem for path in (tmp_path / "csv").glob("*.csv")} == set(tables)
    write_geoparquet(tmp_path / "parquet", tables)
    assert {path.stem for path in (tmp_path / "parquet").iterdir()} == set(tables)
    written = write_workbook(tmp_path / "t.xlsx", tables, edition=edition, origins=origins)
    assert set(written.rows) == set(tables) - WorkbookRules().never
    book = openpyxl.load_workbook(tmp_path / "t.xlsx", read_only=True)
    titles = {sheet.casefold() for sheet in book.sheetnames}
    assert len(titles) == len(written.rows) + 1
    assert contract("take_up").titled().casefold()[:31] in titles
    assert {sheet.name for sheet in _sheets(plan, "fr")} >= set(plan.tables())


def test_what_is_computed_from_made_up_sectors_says_so(plan):
    marks = made_up({"take_up": plan.more["take_up"]}, plan.territory.origins)
    quiet = made_up(
        {"take_up": plan.more["take_up"].drop(columns="synthetic", errors="ignore")}, ()
    )
    assert "synthétique" in marks["take_up"].say()
    assert quiet["take_up"] is None


@pytest.mark.parametrize("name", PERSONAL)
def test_personal_tables_never_go_out(plan, one_row, tmp_path, name):
    edition = Edition(title="T", scenario="t", territory="T", on=plan.scenario.reference_date)
    tables = {name: one_row(name)}
    leaking = replace(plan, more={**plan.more, **tables})
    writers = (
        lambda: write_geopackage(tmp_path / "t.gpkg", tables, edition=edition),
        lambda: write_csv_tables(tmp_path / "csv", tables),
        lambda: write_workbook(tmp_path / "t.xlsx", tables, edition=edition),
        lambda: write_geoparquet(tmp_path / "parquet", tables),
        lambda: write_flatgeobuf(tmp_path / "fgb", tables),
        lambda: layer_styles(tables),
        lambda: write_metadata(tmp_path / "meta", tables, edition=edition),
        lambda: _sheets(leaking, "fr"),
        lambda: write_package(leaking, tmp_path / "paquet"),
    )
    for write in writers:
        with pytest.raises(PersonalDataError, match="données personnelles"):
            write()
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"x@" in path.read_bytes() for path in left)
    assert not (tmp_path / "paquet").exists()
    assert not (tmp_path / "t.gpkg").exists()
    assert not (tmp_path / "t.xlsx").exists()


@pytest.mark.parametrize("column", ["email", "phone", "contact", "address", "note"])
def test_a_personal_column_joined_to_a_request_is_refused(one_row, tmp_path, column):
    edition = Edition(title="T", scenario="t", territory="T", on=read_scenario().reference_date)
    frame = one_row("requests").assign(**{column: "Jeanne"})
    with pytest.raises(PersonalDataError, match=column):
        write_geopackage(tmp_path / "t.gpkg", {"requests": frame}, edition=edition)
    assert not (tmp_path / "t.gpkg").exists()


def test_no_word_of_a_person_is_in_a_package_of_requests(folder):
    words = {
        contract(name).column(column).titled()
        for name in PERSONAL
        for column in contract(name).column_names
        if column not in {"request_id", "event_id"}
    }
    with closing(sqlite3.connect(folder / f"{NAME}.gpkg")) as file:
        titles = {
            title
            for table, title in file.execute("SELECT table_name, title FROM gpkg_data_columns")
            if table.startswith("request")
        }
    assert not words & titles
    listed = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert not any(name in json.dumps(listed) for name in PERSONAL)

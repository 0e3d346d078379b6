"""The manifest lists what was asked, what it was made from and every file, and nothing private."""

import getpass
import hashlib
import json
import re
from dataclasses import replace

import pytest

from planner.export.geopackage import write_geopackage
from planner.export.layout import Written
from planner.export.manifest import (
    MANIFEST,
    check_manifest,
    listed_outputs,
    read_manifest,
    territory_totals,
    write_manifest,
)
from planner.export.tables import write_csv_tables, write_workbook
from planner.scenario import Scenario


@pytest.fixture
def folder(case, tmp_path):
    place = tmp_path / "plan"
    place.mkdir()
    write(case, place)
    return place


def write(case, place):
    about = {"edition": case.edition, "origins": case.origins}
    written = [
        *write_csv_tables(place / "csv", case.tables),
        write_geopackage(place / "plan.gpkg", case.tables, **about),
        write_workbook(place / "plan.xlsx", case.tables, **about),
    ]
    totals = territory_totals(case.tables)
    write_manifest(place, scenario=case.scenario, written=written, totals=totals, **about)


def test_it_lists_every_file_with_its_size_its_checksum_and_its_rows(case, folder):
    outputs = {one["path"]: one for one in read_manifest(folder)["outputs"]}
    assert set(outputs) == {"plan.gpkg", "plan.xlsx", *(f"csv/{name}.csv" for name in case.tables)}
    assert list(outputs) == sorted(outputs)
    for name, one in outputs.items():
        content = (folder / name).read_bytes()
        assert (one["bytes"], one["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert outputs["plan.gpkg"]["rows"]["premises"] == 10
    assert outputs["csv/schedule.csv"]["rows"] == {"schedule": 4}
    assert "premises" not in outputs["plan.xlsx"]["rows"]
    assert listed_outputs(folder) == set(outputs)
    assert check_manifest(folder) == []


def test_it_says_what_was_asked_and_what_it_was_made_from(case, folder):
    content = read_manifest(folder)
    assert content["scenario"]["sha256"] == hashlib.sha256(case.scenario.encode()).hexdigest()
    assert content["scenario"]["reference_date"] == "2017-12-31"
    assert [one["layer"] for one in content["inputs"]] == ["communes", "premises"]
    communes, premises = content["inputs"]
    assert (communes["sha256"], communes["licence"], communes["on"]) == (
        "ab" * 32,
        "Licence Ouverte 2.0",
        "2018-01-01",
    )
    assert (premises["synthetic"], premises["rows"]) == (True, 10)
    assert content["project"]["name"] == "fibre-planner"
    assert {
        "geopandas",
        "shapely",
        "geos",
        "pyogrio",
        "gdal",
        "pyarrow",
        "numpy",
        "pandas",
        "xlsxwriter",
        "folium",
    } <= set(content["packages"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", content["packages"]["gdal"])


def test_totals_are_counted_by_hand(case, folder):
    assert read_manifest(folder)["totals"] == {
        "communes": 2, "sectors": 4, "premises_rows": 10, "premises_min": 11, "premises_max": 20,
        "contribution_cents": 261_499,
    }  # fmt: skip


def test_an_absent_upper_bound_has_no_total(case):
    case.tables["premises"].loc[0, "premises_max"] = None
    assert territory_totals(case.tables)["premises_max"] is None


def test_two_manifests_have_the_same_bytes(case, folder, tmp_path):
    other = tmp_path / "elsewhere" / "été"
    other.mkdir(parents=True)
    case.origins = case.origins[::-1]
    write(case, other)
    assert (other / MANIFEST).read_bytes() == (folder / MANIFEST).read_bytes()


def test_it_holds_no_path_no_user_and_no_time(case, folder, tmp_path):
    text = (folder / MANIFEST).read_text(encoding="utf-8")
    assert "/home" not in text
    assert "jeanne" not in text
    assert str(tmp_path) not in text
    assert read_manifest(folder)["scenario"]["values"]["premises"]["path"] == "locaux.csv"
    assert not re.search(r"\d\d:\d\d", text)
    assert f'"{getpass.getuser()}"' not in text


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("C:\\Users\\Jeanne\\locaux.csv", "locaux.csv"),
        ("/data/x.csv", "x.csv"),
        ("donnees/x.csv", "donnees/x.csv"),
        ("/", "/"),
    ],
)
def test_only_the_name_of_an_absolute_path_is_kept(case, folder, path, kept):
    scenario = json.dumps({"a": [path]})
    write_manifest(
        folder,
        edition=case.edition,
        scenario=scenario,
        origins=[replace(case.origins[0], source=path)],
    )
    content = read_manifest(folder)
    assert content["scenario"]["values"] == {"a": [kept]}
    assert content["inputs"][0]["source"] == kept


def test_it_takes_a_real_scenario(case, folder):
    scenario = Scenario()
    write_manifest(folder, edition=case.edition, scenario=scenario.canonical())
    content = read_manifest(folder)
    assert content["scenario"]["sha256"] == scenario.sha256
    assert content["scenario"]["values"] == json.loads(scenario.canonical())


def said(folder):
    return [problem.say("fr") for problem in check_manifest(folder)]


def test_the_check_names_what_is_missing_changed_or_unknown(folder):
    (folder / "csv" / "schedule.csv").unlink()
    with (folder / "plan.gpkg").open("r+b") as file:
        file.seek(5_000)
        file.write(b"\xff\x00\xff")
    (folder / "notes.txt").touch()
    assert said(folder) == [
        "csv/schedule.csv manque",
        "plan.gpkg a changé depuis son écriture",
        "notes.txt n'est pas au manifeste",
    ]
    assert "has changed" in check_manifest(folder)[1].say("en")


@pytest.mark.parametrize(
    "content",
    [None, "", "[]", "{}", '{"format": "other"}', '{"format": "fibre-planner/outputs"}', "\udcff"],
)
def test_what_is_no_manifest_is_said(tmp_path, content):
    if content is not None:
        (tmp_path / MANIFEST).write_bytes(content.encode("utf-8", "surrogateescape"))
    assert read_manifest(tmp_path) is None
    assert listed_outputs(tmp_path) == frozenset()
    assert said(tmp_path) == [
        f"« {tmp_path.name} » n'a pas de manifest.json lisible du planificateur"
    ]


def test_a_manifest_over_a_former_one_does_not_list_it(case, folder):
    first = (folder / MANIFEST).read_bytes()
    rows = [
        Written(path=one["path"], rows=one.get("rows", {}))
        for one in read_manifest(folder)["outputs"]
    ]
    write_manifest(
        folder, edition=case.edition, scenario=case.scenario, origins=case.origins, written=rows,
        totals=territory_totals(case.tables),
    )  # fmt: skip
    assert (folder / MANIFEST).read_bytes() == first

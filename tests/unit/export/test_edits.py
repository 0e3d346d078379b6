"""A package goes out, is really edited, and comes back: nothing lost, nothing overwritten."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from planner.edits import EDITABLE, apply_edits, hash_rows
from planner.errors import DataFileError
from planner.export.edits import EditsFolderError, write_edits
from planner.export.outputs import _tables
from planner.io import read_sectors, read_table, read_zones
from planner.io.package import read_package
from planner.plan import make_plan
from planner.quality import anomalies_of_cells, check_quality
from planner.scenario import Scenario
from planner.schemas import contract
from planner.toy import toy_territory
from planner.zoning import place_sectors
from tests.unit.export.editing import EDITION, blob, compared, run_qgis, write


@pytest.fixture(scope="module")
def plan():
    return make_plan(toy_territory(), Scenario())


@pytest.fixture(scope="module")
def written(plan, tmp_path_factory):
    return write(tmp_path_factory.mktemp("written") / "plan.gpkg", _tables(plan, "fr"))


@pytest.fixture
def package(written, tmp_path):
    return Path(shutil.copy(written, tmp_path))


def kinds(edits):
    return {
        (row["layer"], row["row_key"]): (row["kind"], row["columns"])
        for row in edits.table.to_dict("records")
    }


def test_an_unedited_package_is_no_change(plan, package):
    before = package.read_bytes()
    edits = compared(package, plan.tables())
    assert edits.is_unchanged
    assert package.read_bytes() == before  # it was only read
    assert not list(package.parent.glob("*-wal")) + list(package.parent.glob("*-journal"))


def test_the_base_has_a_row_for_each_row_that_may_come_back(plan, package):
    base = read_package(package).base
    tables = plan.tables()
    assert base.groupby("layer").size().to_dict() == {name: len(tables[name]) for name in EDITABLE}
    assert read_package(package).computed["sectors"] == (
        "decision",
        "phase",
        "premises_count",
        "quarter",
        "tranche",
    )


def test_each_kind_of_edit_is_told(plan, package, edit):
    moved = shapely.MultiPolygon([shapely.box(300_000, 6_804_000, 302_050, 6_808_000)])
    edit(
        package,
        "UPDATE sectors SET nom = 'Né \"à\"; l''ouest' WHERE sector_id = '22001-02'",
        ("UPDATE sectors SET geom = ? WHERE sector_id = '22001-01'", (blob(moved),)),
        "DELETE FROM ballots WHERE sector_id = '22002-01'",
        "INSERT INTO ballots (epci_siren, sector_id, wish, rank, source, synthetic) VALUES ('200000004', '35002-02', 'required', NULL, 'lettre', 0)",
        "UPDATE envelopes SET amount = NULL WHERE epci_siren = '200000004'",
        "UPDATE deliberations SET state = 'voted', \"on\" = '2018-01-15' WHERE epci_siren = '200000004'",
        "UPDATE programme SET phase = '3' WHERE sector_id = '22002-02'",
        "UPDATE sectors SET premises_count = 99 WHERE sector_id = '35001-01'",
    )
    edits = compared(package, plan.tables())
    assert kinds(edits) == {
        ("sectors", "22001-02"): ("changed", "nom"),
        ("sectors", "22001-01"): ("changed", "geometry"),
        ("ballots", "200000002/22002-01"): ("removed", ""),
        ("ballots", "200000004/35002-02"): ("added", ""),
        ("envelopes", "200000004"): ("changed", "amount"),
        ("deliberations", "200000004"): ("changed", "state, on"),
        ("programme", "22002-02"): ("changed", "phase"),
        ("sectors", "35001-01"): ("computed", ""),
    }
    contract("edits").check(edits.table)
    sectors = edits.merged["sectors"].set_index("sector_id")
    assert sectors.loc["22001-02", "nom"] == 'Né "à"; l\'ouest'
    assert sectors.loc["22001-01", "geometry"].equals(moved)
    assert sectors.loc["35001-01", "premises_count"] == 4  # computed: not taken
    envelopes = edits.merged["envelopes"].set_index("epci_siren")
    assert pd.isna(envelopes.loc["200000004", "amount"])  # absent, which isn't zero
    places = edits.table.set_index(["layer", "row_key"])[["x_m", "y_m"]]
    assert 300_000 < places.loc[("sectors", "22001-01"), "x_m"] < 302_050
    assert np.isnan(places.loc[("envelopes", "200000004"), "x_m"])


def test_a_ring_that_starts_elsewhere_is_no_change(plan, package, edit):
    shape = plan.territory.sectors.set_index("sector_id").geometry["22001-01"]
    ring = shapely.get_coordinates(shape)[:-1]
    turned = shapely.Polygon(np.roll(ring, 2, axis=0)[::-1])
    edit(package, ("UPDATE sectors SET geom = ? WHERE sector_id = '22001-01'", (blob(turned),)))
    assert compared(package, plan.tables()).is_unchanged


def test_a_conflict_is_told_and_the_planners_row_stays(plan, package, edit):
    edit(
        package,
        "UPDATE sectors SET nom = 'Du terrain' WHERE sector_id IN ('22001-01', '22001-02', '22002-01')",
        "DELETE FROM sectors WHERE sector_id = '22002-02'",
        "UPDATE sectors SET area_kind = 'urban' WHERE sector_id = '35001-01'",
    )
    ours = plan.tables()
    table = ours["sectors"].copy()
    names = {
        "22001-01": "Du bureau",
        "22001-02": "Du terrain",
        "22002-02": "Du bureau",
        "35002-01": "Du bureau",
    }
    table["nom"] = [
        names.get(key, nom) for key, nom in zip(table["sector_id"], table["nom"], strict=True)
    ]
    ours["sectors"] = table[table["sector_id"] != "35001-01"]
    edits = compared(package, ours)
    assert kinds(edits) == {
        ("sectors", "22001-01"): ("conflict", "nom"),
        ("sectors", "22001-02"): ("already", ""),
        ("sectors", "22002-01"): ("changed", "nom"),
        ("sectors", "22002-02"): ("conflict", ""),  # removed there, changed here
        ("sectors", "35001-01"): ("conflict", ""),  # changed there, removed here
    }  # fmt: skip
    merged = edits.merged["sectors"].set_index("sector_id")["nom"]
    assert merged["22001-01"] == merged["22002-02"] == merged["35002-01"] == "Du bureau"
    assert merged["22002-01"] == "Du terrain"
    assert "35001-01" not in merged
    assert edits.conflicts["sectors"]["sector_id"].tolist() == ["22001-01", "35001-01"]


def test_what_breaks_a_contract_is_refused_with_the_place_to_click(plan, package, edit):
    bow = shapely.Polygon(
        [(300_000, 6_804_000), (302_000, 6_808_000), (302_000, 6_804_000), (300_000, 6_808_000)]
    )
    edit(
        package,
        "UPDATE sectors SET area_kind = 'lunaire' WHERE sector_id = '35001-01'",
        ("UPDATE sectors SET geom = ? WHERE sector_id = '22001-01'", (blob(bow),)),
        "UPDATE ballots SET rank = 0 WHERE sector_id = '22002-02'",
        "UPDATE sectors SET sector_id = NULL WHERE sector_id = '22001-02'",
        "UPDATE sectors SET sector_id = '35002-02' WHERE sector_id = '35002-01'",
    )
    edits = compared(package, plan.tables())
    assert edits.is_refused
    assert edits.merged == {}
    assert set(edits.broken) == {"sectors", "ballots"}
    tables = read_package(package).tables
    found = anomalies_of_cells("sectors", tables["sectors"], edits.broken["sectors"]).table()
    assert sorted(found["column"]) == [
        "area_kind",
        "geometry",
        "sector_id",
        "sector_id",
        "sector_id",
    ]
    assert found["x_m"].notna().all()


@pytest.mark.parametrize("statement", [
    "ALTER TABLE sectors DROP COLUMN nom",
    "UPDATE sectors SET nom = NULL",
])  # fmt: skip
def test_a_column_that_is_gone_is_refused(plan, package, edit, statement):
    edit(package, statement)
    assert "sectors" in compared(package, plan.tables()).broken


def test_a_file_that_is_no_package_says_so(tmp_path, package, edit):
    with pytest.raises(DataFileError, match="n'existe pas"):
        read_package(tmp_path / "absent.gpkg")
    (tmp_path / "text.gpkg").write_text("not a package at all, really", encoding="utf-8")
    with pytest.raises(DataFileError, match="ne se lit pas"):
        read_package(tmp_path / "text.gpkg")
    other = tmp_path / "other.gpkg"
    write(other, {"prices": contract("prices").empty()})
    with pytest.raises(DataFileError, match="ne porte pas de base"):
        read_package(other)
    edit(package, "DROP TABLE ballots")
    with pytest.raises(DataFileError, match="a perdu des couches : ballots"):
        read_package(package)


def test_a_sector_moves_to_another_zone_and_the_line_follows(plan, package, edit, tmp_path):
    edit(
        package,
        "UPDATE sectors SET zone_id = NULL WHERE sector_id = '22001-02'",
        "UPDATE zones SET nom = 'La ville', phase = '1'",
        "UPDATE sectors SET zone_id = 'T1-VM-22OO1' WHERE sector_id = '35001-01'",
        ("UPDATE zones SET geom = ?", (blob(shapely.MultiPolygon([shapely.box(0, 0, 1, 1)])),)),
    )
    edits = compared(package, plan.tables())
    assert kinds(edits)["sectors", "22001-02"] == ("changed", "zone_id")
    told = edits.table.loc[edits.table["layer"] == "zones", ["kind", "columns"]].to_numpy().tolist()
    assert told == [["changed", "nom"], ["computed", ""]]  # its outline is that of its sectors
    taken = apply_edits(plan.territory, edits)
    [zone] = taken.zones.to_dict("records")
    assert (zone["nom"], zone["sectors_count"], zone["geometry"].area) == ("La ville", 1, 8_000_000)
    found = check_quality(taken)  # a slip of the keyboard is no new zone
    assert found.count("keys.orphan") == 1
    write_edits(tmp_path / "edits", edits, taken, edition=EDITION)
    assert (tmp_path / "edits" / "sources.toml").read_text(encoding="utf-8").count("source = ") == 2
    sectors = read_sectors(tmp_path / "edits" / "sectors.gpkg", layer="sectors").table
    zones = read_zones(tmp_path / "edits" / "zones.gpkg", layer="zones").table
    placed, across = place_sectors(sectors, zones)
    assert placed.set_index("sector_id")["zone_id"].dropna().to_dict() == {
        "22001-01": "T1-VM-22001"
    }
    assert len(across) == 0


def test_order_of_rows_says_nothing(plan):
    sectors = plan.territory.sectors
    assert hash_rows("sectors", sectors) == hash_rows(
        "sectors", sectors.sample(frac=1, random_state=4)
    )


def test_edits_are_written_beside_and_read_by_the_line(plan, package, edit, tmp_path):
    wide = shapely.box(300_000, 6_804_000, 302_500, 6_808_000)
    edit(
        package,
        ("UPDATE sectors SET geom = ? WHERE sector_id = '22001-01'", (blob(wide),)),
        "UPDATE ballots SET rank = 3 WHERE sector_id = '35002-01'",
        "UPDATE programme SET phase = '3' WHERE sector_id = '22002-02'",
        "UPDATE sectors SET nom = 'Terrain' WHERE sector_id = '22002-01'",
    )
    ours = plan.tables()
    ours["sectors"] = ours["sectors"].assign(nom="Bureau")
    edits = compared(package, ours)
    taken = apply_edits(plan.territory, edits)
    folder = tmp_path / "retour é"
    files = write_edits(folder, edits, taken, edition=EDITION)
    assert {file.name for file in files} == {
        "ballots.csv",
        "conflicts.gpkg",
        "edits.csv",
        "programme.csv",
        "sources.toml",
    }  # every sector's name had changed here: all its edits are conflicts
    assert read_table(folder / "ballots.csv", "ballots").table["rank"].tolist()[-1] == 3
    kept = pyogrio.read_dataframe(folder / "conflicts.gpkg", layer="sectors")
    assert kept["sector_id"].tolist() == ["22001-01", "22002-01"]
    assert "demandez-les par un vœu" in (folder / "sources.toml").read_text(encoding="utf-8")
    with pytest.raises(EditsFolderError, match="contient déjà quelque chose"):
        write_edits(folder, edits, taken, edition=EDITION)

    edits = compared(package, plan.tables())
    taken = apply_edits(plan.territory, edits)
    second = tmp_path / "second"
    second.mkdir()  # an empty folder will do
    write_edits(second, edits, taken, edition=EDITION)
    back = read_sectors(second / "sectors.gpkg", layer="sectors")
    assert len(back.rejected_rows) == 0
    assert back.table.set_index("sector_id").geometry["22001-01"].equals(wide)
    counted = taken.sectors.set_index("sector_id")["premises_count"]
    # 500 m further east: of the six premises at 2/7 km steps the first one (22001-02-1) comes over
    assert (counted["22001-01"], counted["22001-02"]) == (5, 5)
    scenario = Scenario.from_dict(
        {
            "sectors": {"source": "file", "path": "sectors.gpkg"},
            "concertation": {"ballots": "ballots.csv"},
        },
        folder=str(second),
    )
    assert scenario.resolve(scenario.sectors.path).is_file()
    assert 'path = "sectors.gpkg"' in (second / "sources.toml").read_text(encoding="utf-8")


@pytest.mark.qgis
@pytest.mark.slow
def test_a_technician_edits_in_real_qgis(plan, tmp_path, required):
    folder = tmp_path / "dossier é è"
    folder.mkdir()
    path = write(folder / "plan.gpkg", _tables(plan, "fr"))
    done = run_qgis("qgis_edits.py", path, home=tmp_path, required=required)
    assert "EDITED" in done.stdout, done.stderr
    edits = compared(path, plan.tables())
    assert not edits.is_refused, edits.broken
    assert kinds(edits) == {
        ("sectors", "22001-01"): ("changed", "geometry"),
        ("sectors", "22001-02"): ("changed", "nom"),
        ("sectors", "35002-03"): ("added", ""),
        ("deliberations", "200000004"): ("changed", "state, on"),
        ("ballots", "200000002/22002-01"): ("removed", ""),
        ("ballots", "200000002/22002-02"): ("changed", "rank"),
        ("envelopes", "200000003"): ("changed", "amount"),
    }
    merged = edits.merged["sectors"].set_index("sector_id")
    assert merged.loc["22001-02", "nom"] == "Modifié à la main « ici »"
    assert merged.loc["22001-01", "geometry"].bounds == (300_000, 6_804_000, 302_050.125, 6_808_000)
    assert merged.loc["35002-03", "geometry"].area == 5_000
    taken = apply_edits(plan.territory, edits)
    write_edits(tmp_path / "edits", edits, taken, edition=EDITION)
    assert len(read_sectors(tmp_path / "edits" / "sectors.gpkg", layer="sectors").table) == 9
    votes = read_table(tmp_path / "edits" / "deliberations.csv", "deliberations").table
    assert votes["on"].iloc[-1] == pd.Timestamp("2018-01-15")

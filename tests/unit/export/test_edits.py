"""A package goes out, is really edited, and comes back: nothing lost, nothing overwritten."""

import datetime as dt
import json
import shutil
import sqlite3
import struct
import subprocess
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from planner.edits import EDITABLE, apply_edits, compare_edits, hash_rows
from planner.errors import DataFileError
from planner.export.edits import EditsFolderError, write_edits
from planner.export.geopackage import write_geopackage
from planner.export.layout import Edition
from planner.export.outputs import _tables
from planner.io import read_sectors, read_table, read_zones
from planner.io.package import read_package
from planner.plan import make_plan
from planner.quality import anomalies_of_cells, check_quality
from planner.scenario import Scenario
from planner.schemas import contract
from planner.toy import toy_territory
from planner.vocab import EditKind
from planner.zoning import place_sectors

EDITION = Edition(title="Essai", scenario="essai", territory="Armor", on=dt.date(2017, 12, 31))
SYSTEM_PYTHON = "/usr/bin/python3"


def write(path, tables):
    write_geopackage(path, tables, edition=EDITION)
    return path


@pytest.fixture(scope="module")
def plan():
    return make_plan(toy_territory(), Scenario())


@pytest.fixture(scope="module")
def written(plan, tmp_path_factory):
    return write(tmp_path_factory.mktemp("written") / "plan.gpkg", _tables(plan, "fr"))


@pytest.fixture
def package(written, tmp_path):
    return Path(shutil.copy(written, tmp_path))


def compared(path, ours):
    intake = read_package(path)
    return compare_edits(intake.tables, intake.base, ours, computed=intake.computed)


def _envelope(blob):
    """Return the envelope of a GeoPackage geometry, from its header or its shape."""
    kinds = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
    start = 8 + kinds[(blob[3] >> 1) & 7]
    return shapely.from_wkb(blob[start:]).bounds


@pytest.fixture
def edit():
    """Run statements on a package; SQLite's triggers of the spatial index need GDAL's functions."""

    def run(path, *statements):
        with closing(sqlite3.connect(path)) as db, db:
            db.create_function("ST_IsEmpty", 1, lambda blob: int(blob is None))
            for place, name in enumerate(("ST_MinX", "ST_MinY", "ST_MaxX", "ST_MaxY")):
                db.create_function(name, 1, lambda blob, place=place: _envelope(blob)[place])
            for statement in statements:
                db.execute(*statement) if isinstance(statement, tuple) else db.execute(statement)

    return run


def blob(shape):
    """Return a geometry as GeoPackage stores it."""
    return b"GP\0\1" + struct.pack("<i", 2154) + shapely.to_wkb(shape)


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


def grid(side=20):
    """Four hundred sectors, their programme, ballots, envelopes and deliberations."""
    ids = [f"35{row:03d}-{column:02d}" for row in range(side) for column in range(side)]
    shapes = [
        shapely.box(300_000 + column / 3, 6_700_000 + row / 7, 301_000.1 + column, 6_701_000 + row)
        for row in range(side)
        for column in range(side)
    ]
    sectors = gpd.GeoDataFrame(
        {
            "sector_id": ids, "nom": [f"Secteur {key}" for key in ids], "insee": [key[:5] for key in ids],
            "departement": "35", "epci_siren": [None if n % 5 == 0 else "243500741" for n in range(len(ids))],
            "area_kind": "rural", "premises_count": 400,
            "zone_id": [None if n % 3 else "T1" for n in range(len(ids))], "synthetic": True,
        },
        geometry=shapes, crs=2154,
    )  # fmt: skip
    ballots = pd.DataFrame(
        {
            "epci_siren": "243500741", "sector_id": ids, "wish": "ranked",
            "rank": pd.array([None if n % 7 == 0 else n + 1 for n in range(len(ids))], dtype="Int64"),
            "source": "vote", "synthetic": True,
        }
    )  # fmt: skip
    actors = [f"2435{n:05d}" for n in range(60)]
    envelopes = pd.DataFrame(
        {
            "epci_siren": actors, "unit": "lines",
            "amount": pd.array([None if n % 4 == 0 else 100 * n for n in range(60)], dtype="Int64"),
            "med_credit_cents": pd.array([n for n in range(60)], dtype="Int64"), "source": "vote", "synthetic": True,
        }
    )  # fmt: skip
    deliberations = pd.DataFrame(
        {
            "epci_siren": actors, "state": "pending",
            "on": pd.to_datetime(pd.Series([None if n % 2 else "2017-11-30" for n in range(60)])).astype("datetime64[s]"),
            "source": "vote", "synthetic": False,
        }
    )  # fmt: skip
    return {
        "sectors": sectors,
        "ballots": ballots,
        "envelopes": envelopes,
        "deliberations": deliberations,
    }


def random_edits(tables, count, seed):
    """Draw edits; return what the tables must be, and the statements that do it."""
    random = np.random.default_rng(seed)
    wanted = {name: frame.copy() for name, frame in tables.items()}
    statements, touched = [], set()
    while len(touched) < count:
        layer = ["sectors", "sectors", "ballots", "envelopes", "deliberations"][random.integers(5)]
        frame = wanted[layer]
        row = int(random.integers(len(frame)))
        key = list(contract(layer).key)
        name = (layer, *frame.loc[frame.index[row], key])
        if name in touched:
            continue
        touched.add(name)
        where = " AND ".join(f'"{column}" = ?' for column in key)
        at = frame.index[row]
        action = random.integers(4)
        if action == 0:
            wanted[layer] = frame.drop(index=at)
            statements.append((f"DELETE FROM {layer} WHERE {where}", name[1:]))
        elif action == 1:  # a copy under a new key
            new = frame.loc[[at]].copy()
            own = (
                f"NOUVEAU-{len(touched)}"
                if layer in {"sectors", "ballots"}
                else f"9{len(touched):08d}"
            )
            new[key[-1]] = own
            wanted[layer] = pd.concat([frame, new], ignore_index=True)
            touched.add((layer, *new.iloc[0][key]))
            columns = [c for c in frame.columns if c not in {key[-1], "geometry"}] + (
                ["geom"] if layer == "sectors" else []
            )
            listed = ", ".join(f'"{column}"' for column in columns)
            statements.append(
                (f'INSERT INTO {layer} ("{key[-1]}", {listed}) SELECT ?, {listed} FROM {layer} WHERE {where}', (own, *name[1:]))
            )  # fmt: skip
        elif layer == "sectors" and action == 2:
            shape = shapely.affinity.translate(frame.geometry[at], *random.normal(size=2))
            wanted[layer].loc[at, "geometry"] = shape
            statements.append(
                (f"UPDATE sectors SET geom = ? WHERE {where}", (blob(shape), *name[1:]))
            )
        else:
            column, value = {
                "sectors": ("nom", f"Œuvre n° {len(touched)} d'« ici »"),
                "ballots": ("rank", int(random.integers(1, 10**6))),
                "envelopes": ("med_credit_cents", int(random.integers(10**15))),
                "deliberations": (
                    "on",
                    pd.Timestamp("2018-01-01") + pd.Timedelta(days=int(random.integers(900))),
                ),
            }[layer]
            wanted[layer].loc[at, column] = value
            plain = value.strftime("%Y-%m-%d") if column == "on" else value
            statements.append(
                (f'UPDATE {layer} SET "{column}" = ? WHERE {where}', (plain, *name[1:]))
            )
    return wanted, statements


def cells(series):
    return [None if pd.isna(value) else value for value in series.astype(object)]


def assert_same(layer, one, other):
    """Tell that two tables hold the same cells to the bit, and the same shapes to the vertex."""
    key = list(contract(layer).key)
    left, right = (frame.sort_values(key).reset_index(drop=True) for frame in (one, other))
    for column in (column for column in other.columns if column != "geometry"):
        assert cells(left[column]) == cells(right[column]), (layer, column)
    if layer == "sectors":
        normal = [shapely.normalize(frame.geometry.to_numpy()) for frame in (left, right)]
        parts = [shapely.get_parts(shapes) for shapes in normal]
        assert shapely.equals_exact(*parts, tolerance=0.0).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_hundred_random_edits_come_back_exactly(tmp_path, edit, seed):
    tables = grid()
    path = write(tmp_path / "plan.gpkg", tables)
    wanted, statements = random_edits(tables, 200, seed)
    edit(path, *statements)
    edits = compared(path, tables)
    assert len(edits.table) == len(statements) >= 150
    assert edits.count(EditKind.CONFLICT) == 0
    for layer, frame in wanted.items():
        assert_same(layer, edits.merged[layer], frame)
    # taken once, the same package brings nothing more
    again = compared(path, {**tables, **edits.merged})
    assert set(again.table["kind"]) == {"already"}
    assert not again.merged


def plain(value):
    """A cell as JSON holds it, dates told apart."""
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return {"date": value.strftime("%Y-%m-%d")}
    return value.item() if hasattr(value, "item") else value


def operations_between(tables, wanted):
    """What a person would do in QGIS to make one set of tables the other."""
    found = {}
    for layer, after in wanted.items():
        key = list(contract(layer).key)
        columns = [c for c in after.columns if c != "geometry"]

        def rows(frame, key=key):
            return {tuple(row[k] for k in key): row for row in frame.to_dict("records")}

        old, new = rows(tables[layer]), rows(after)
        listed = [{"kind": "removed", "key": list(k)} for k in old if k not in new]
        for k, row in new.items():
            before = old.get(k)
            values = {
                c: plain(row[c])
                for c in columns
                if before is None or plain(row[c]) != plain(before[c])
            }
            one = {"kind": "changed" if before else "added", "key": list(k), "values": values}
            shape = row.get("geometry")
            if shape is not None and (before is None or shape != before["geometry"]):
                one["geometry"] = shapely.to_wkb(shape, hex=True)
            if values or "geometry" in one:
                listed.append(one)
        found[layer] = {"key": key, "operations": listed}
    return found


def run_qgis(script, *words, home, required):
    environment = {
        "QT_QPA_PLATFORM": "offscreen", "PATH": "/usr/bin:/bin", "HOME": str(home),
        "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    there = [SYSTEM_PYTHON, "-c", "import qgis.core"]
    probe = subprocess.run(there, capture_output=True, env=environment, check=False)
    required("qgis", found=probe.returncode == 0)
    return subprocess.run(
        [SYSTEM_PYTHON, Path(__file__).with_name(script), *(str(word) for word in words)],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip


@pytest.mark.qgis
@pytest.mark.slow
def test_two_hundred_random_edits_in_real_qgis_come_back_exactly(tmp_path, required):
    tables = grid()
    folder = tmp_path / "dossier d'été"
    folder.mkdir()
    path = write(folder / "plan.gpkg", tables)
    wanted, _ = random_edits(tables, 300, 11)
    operations = operations_between(tables, wanted)
    count = sum(len(one["operations"]) for one in operations.values())
    kinds_done = {one["kind"] for several in operations.values() for one in several["operations"]}
    assert count >= 200
    assert kinds_done == {"removed", "added", "changed"}
    (tmp_path / "operations.json").write_text(json.dumps(operations), encoding="utf-8")
    done = run_qgis(
        "qgis_edits_many.py", path, tmp_path / "operations.json", home=tmp_path, required=required
    )
    assert f"EDITED {count}" in done.stdout, done.stderr
    edits = compared(path, tables)
    assert not edits.is_refused, edits.broken
    assert len(edits.table) == count
    assert edits.count(EditKind.CONFLICT) == 0
    for layer, frame in wanted.items():
        assert_same(layer, edits.merged[layer], frame)


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

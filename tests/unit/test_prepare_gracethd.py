"""A scenario that names a GraceTHD delivery: what it brings, what is missing, what is elsewhere."""

import shutil
import sqlite3
from contextlib import closing

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from typer.testing import CliRunner

from planner import cli, make_plan
from planner.errors import MissingLayerError, ScenarioError
from planner.export.gracethd import write_gracethd
from planner.prepare import prepare_territory
from planner.scenario import Scenario, read_scenario
from planner.toy import toy_territory

REDON = (314_000.0, 6_736_000.0)  # within the commune, INSEE 35236, EPCI of Redon
INSEE = "35236"
SIDE = 600.0


def rectangle(column, row):
    x, y = REDON[0] + column * SIDE, REDON[1] + row * SIDE
    return shapely.box(x, y, x + SIDE, y + SIDE)


def write_delivery(folder, *, parts=("premises", "sectors", "infrastructure"), shift=0.0):
    """Two PM areas and twelve dwellings at Redon, an NRO, a PM and a duct, as GraceTHD has them."""
    folder.mkdir(parents=True, exist_ok=True)

    def layer(name, shapes, **columns):
        moved = [shapely.affinity.translate(shape, shift) for shape in shapes]
        frame = gpd.GeoDataFrame(columns, geometry=moved, crs=2154)
        pyogrio.write_dataframe(frame, folder / f"{name}.shp", encoding="UTF-8")

    def table(name, **columns):
        pd.DataFrame(columns).to_csv(folder / f"{name}.csv", sep=";", index=False)

    nodes = [shapely.Point(REDON[0] + 100 + 700 * k, REDON[1] + 100) for k in range(2)]
    if "sectors" in parts:
        layer("t_noeud", nodes, nd_code=["ND1", "ND2"], nd_type=["ST", "ST"])
        layer(
            "t_zsro", [rectangle(0, 0), rectangle(1, 0)], zs_code=["ZS1", "ZS2"],
            zs_nd_code=["ND1", "ND2"], zs_refpm=["PM é 1", "PM 2"], zs_nblogmt=[8, 4],
        )  # fmt: skip
    if "premises" in parts:
        spots = [shapely.Point(REDON[0] + 60 + 95 * k, REDON[1] + 300) for k in range(12)]
        codes = [f"AD{k:02d}" for k in range(12)]
        layer(
            "t_adresse", spots, ad_code=codes, ad_insee=[INSEE] * 12,
            ad_ietat=["DE"] * 5 + ["CI"] * 7,
        )  # fmt: skip
        table("t_suf", sf_code=[f"SF{k:02d}" for k in range(12)], sf_ad_code=codes, sf_type="R")
    if "infrastructure" in parts:
        if "sectors" not in parts:
            layer("t_noeud", nodes, nd_code=["ND1", "ND2"], nd_type=["ST", "ST"])
        line = shapely.LineString([(p.x, p.y) for p in nodes])
        layer(
            "t_cheminement", [line], cm_code=["CM1"], cm_ndcode1=["ND1"], cm_ndcode2=["ND2"],
            cm_typ_imp=["7"], cm_long=[700.0],
        )  # fmt: skip
        table(
            "t_sitetech", st_code=["ST1", "ST2"], st_nd_code=["ND1", "ND2"],
            st_typelog=["NRO", "SRO"], st_nom=["NRO Redon", "PM Redon"],
        )  # fmt: skip
        table("t_conduite", cd_code=["CD1"], cd_code_ext=[""])
        table("t_cond_chem", dm_cd_code=["CD1"], dm_cm_code=["CM1"])
    return folder


def scenario(path, **more):
    given = {"path": str(path), "on": "2017-12-31", **more}
    return Scenario.from_dict({"name": "livraison", "gracethd": given, "zones": {"source": "none"}})


@pytest.fixture
def prepared(tmp_path):
    return prepare_territory(scenario(write_delivery(tmp_path / "livraison é")))


def rules(territory):
    return {finding.rule for finding in territory.findings}


def test_a_delivery_gives_premises_sectors_and_what_exists(prepared):
    assert len(prepared.premises) == 12
    sectors = prepared.sectors.set_index("sector_id")
    assert sectors["nom"].to_dict() == {"ZS1": "PM é 1", "ZS2": "PM 2"}
    assert sectors["premises_count"].to_dict() == {"ZS1": 6, "ZS2": 6}  # counted, not as stated
    assert set(sectors["insee"]) == {INSEE}
    assert set(prepared.delivered) == {"existing_sites", "infrastructure", "service_areas"}
    assert prepared.delivered["infrastructure"]["ducts_count"].tolist() == [1]
    assert not prepared.is_synthetic("premises", "sectors", "infrastructure")
    assert prepared.origin("sectors").rows == 2
    assert len(prepared.state_changes) == 12


def test_the_line_answers_and_the_plan_holds_what_exists(prepared):
    plan = make_plan(prepared, scenario("unused"))
    assert set(plan.programme.table["sector_id"]) == {"ZS1", "ZS2"}
    assert {"existing_sites", "infrastructure", "service_areas"} <= set(plan.tables())
    served = plan.coverage.table.set_index(["level", "code"])["serviceable_count"]
    assert served["region", "53"] == 5


@pytest.mark.parametrize("missing", ["premises", "sectors", "infrastructure"])
def test_what_is_missing_is_a_finding_with_the_tables_to_ask_for(tmp_path, missing):
    parts = {"premises", "sectors", "infrastructure"} - {missing}
    path = write_delivery(tmp_path / "livraison", parts=parts)
    asked = scenario(path)
    if missing == "premises":  # those of a small file take their place
        listed = tmp_path / "locaux.csv"
        listed.write_text(
            "premise_id,insee,x_m,y_m,premises_min,premises_max\n"
            + "".join(
                f"P{k},{INSEE},{REDON[0] + 60 + 100 * k},{REDON[1] + 300},1,1\n" for k in range(11)
            ),
            encoding="utf-8",
        )
        values = {"gracethd": {"path": str(path), "parts": ["sectors", "infrastructure"]}}
        with_file = Scenario.from_dict(
            {
                **values,
                "premises": {"source": "file", "path": str(listed)},
                "zones": {"source": "none"},
            }
        )
        territory = prepare_territory(with_file)
        assert territory.sectors["premises_count"].sum() == 11
        assert "prepare.gracethd_no_premises" not in rules(territory)  # it wasn't asked for
        return
    territory = prepare_territory(asked)
    assert f"prepare.gracethd_no_{missing}" in rules(territory)
    told = next(f for f in territory.findings if f.rule == f"prepare.gracethd_no_{missing}")
    assert ("t_zsro" if missing == "sectors" else "t_cheminement") in told.message.say()
    assert len(territory.premises) == 12
    assert bool(territory.delivered) == (missing == "sectors")


def test_undated_states_are_left_out_and_said(tmp_path):
    territory = prepare_territory(scenario(write_delivery(tmp_path / "l"), on=None))
    assert len(territory.state_changes) == 0
    assert "io.states_undated" in rules(territory)


def test_a_delivery_from_elsewhere_or_of_nothing_wanted_is_refused(tmp_path, shared):
    with pytest.raises(MissingLayerError, match="ne se trouve dans le territoire"):
        prepare_territory(scenario(shared / "gracethd-sample"))  # a pilot in the Cher
    path = write_delivery(tmp_path / "l", parts=("sectors",))
    with pytest.raises(MissingLayerError, match="n'apporte rien"):
        prepare_territory(scenario(path, parts=["premises"]))


def test_the_same_thing_given_twice_is_refused():
    with pytest.raises(ScenarioError, match=r"premises\.source"):
        Scenario.from_dict(
            {"premises": {"source": "file", "path": "x.csv"}, "gracethd": {"path": "l.zip"}}
        )
    with pytest.raises(ScenarioError, match="gracethd"):
        Scenario.from_dict({"gracethd": {"path": "l.zip", "parts": ["cables"]}})


def test_our_own_delivery_is_a_source_and_says_it_is_made_up(tmp_path):
    """A plan's GraceTHD, zipped, becomes the territory of another plan: same sectors, same premises."""
    plan = make_plan(toy_territory(), read_scenario())
    write_gracethd(tmp_path / "sortie", plan)
    archive = shutil.make_archive(str(tmp_path / "sortie"), "zip", tmp_path / "sortie")
    territory = prepare_territory(scenario(archive))
    assert sorted(territory.sectors["sector_id"]) == sorted(plan.territory.sectors["sector_id"])
    ours = plan.territory.sectors.set_index("sector_id")["premises_count"].sort_index()
    theirs = territory.sectors.set_index("sector_id")["premises_count"].sort_index()
    assert theirs.astype(int).to_dict() == ours.astype(int).to_dict()
    assert len(territory.premises) == 40


def test_check_and_plan_run_from_the_command_line(tmp_path):
    write_delivery(tmp_path / "livraison")
    file = tmp_path / "scenario.toml"
    file.write_text(
        'name = "redon"\ntitle = "Redon"\n[zones]\nsource = "none"\n'
        '[gracethd]\npath = "livraison"\non = 2017-12-31\n',
        encoding="utf-8",
    )
    runner = CliRunner()
    checked = runner.invoke(cli.app, ["check", str(file)])
    assert checked.exit_code == 0, checked.output
    out = tmp_path / "sorties"
    done = runner.invoke(cli.app, ["package", str(file), "--out", str(out)])
    assert done.exit_code == 0, done.output
    with closing(sqlite3.connect(out / "redon.gpkg")) as package:
        count = package.execute("SELECT count(*) FROM infrastructure").fetchone()
        sites = package.execute("SELECT nom FROM existing_sites ORDER BY nom").fetchall()
    assert count == (1,)
    assert sites == [("NRO Redon",), ("PM Redon",)]

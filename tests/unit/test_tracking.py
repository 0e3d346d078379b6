"""An adopted programme followed from end to end: the toy territory, and the public case of 2019."""

import datetime as dt
import json

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from typer.testing import CliRunner

from planner.cli import app
from planner.errors import MissingLayerError, PlannerError
from planner.export.follow_up import follow_up_text
from planner.export.map.data import MapData
from planner.export.map.themes import paint
from planner.export.outputs import write_plan
from planner.follow_up import later, quarters_from, state_public_case
from planner.io import geodata_folder, read_geodata
from planner.plan import make_plan
from planner.prepare import prepare_territory
from planner.scenario import Scenario
from planner.schemas import contract
from planner.toy import toy_territory

QUARTERS = quarters_from("2018-T1", "2019-T4")
TOY = {"name": "toy", "title": "Jouet", "reference_date": "2018-05-16"}


def row(name, **values):
    return {"source": "jouet", "synthetic": True, **values}


def followed(**more):
    return Scenario.from_dict(TOY | {"follow_up": {"source": "files", **more}})


@pytest.fixture(scope="module")
def adopted():
    return make_plan(toy_territory(), Scenario.from_dict(TOY))


def observed(adopted, *, built=min):
    """Give the toy territory what is seen of it: one premise a quarter in each sector."""
    held = adopted.schedule[["sector_id", "premises_count"]]
    counts = [
        row("", level="sector", code=key, quarter=quarter, serviceable_count=built(int(n), at))
        for key, n in zip(held["sector_id"], held["premises_count"], strict=True)
        for at, quarter in enumerate(QUARTERS)
    ]
    first = held["sector_id"].iloc[0]
    return toy_territory().with_tables(
        progress_counts=contract("progress_counts").select(pd.DataFrame(counts)),
        pm_areas=pd.DataFrame(
            [row("", sector_id=first, pm_id="PM-1", available_on=pd.Timestamp("2018-04-01"))]
        ),
        sector_operators=pd.DataFrame(
            [row("", sector_id=first, operator="Un", present_on=pd.Timestamp("2018-09-01"))]
        ),
        sales=pd.DataFrame(
            [row("", level="sector", code=key, operator="Un", quarter="2019-T4", connected_count=1)
             for key in held["sector_id"]]
        ),
        slip_reasons=pd.DataFrame(
            [row("", sector_id=first, reason="poles", since=pd.NaT)]
        ).astype({"since": "datetime64[s]"}),
    )  # fmt: skip


@pytest.fixture(scope="module")
def plan(adopted):
    return make_plan(observed(adopted), followed())


def test_a_plan_that_follows_nothing_has_no_table_of_it(adopted):
    assert "slippage" not in adopted.more
    assert "baseline" not in adopted.tables()


def test_the_promise_is_the_schedule_and_what_is_left_is_scheduled_again(adopted, plan):
    baseline = plan.more["baseline"]
    promised = adopted.schedule.set_index("sector_id")["quarter"].to_dict()
    assert baseline.set_index("sector_id")["quarter"].to_dict() == promised
    region = plan.more["slippage"].set_index("level").loc["region"]
    assert region["target_count"] == baseline["premises_count"].sum()
    assert region["late_count"] == region["planned_count"] - region["actual_count"]
    # each sector has a premise at least: nothing is left to begin
    assert "revised_schedule" not in plan.more
    stopped = observed(adopted, built=lambda count, at: 0)
    again = make_plan(stopped, followed()).more["revised_schedule"]
    assert set(again["sector_id"]) == set(baseline["sector_id"])
    assert again["revised_quarter"].min() >= "2020-T1"
    assert (again["shift_quarters"] > 0).any()
    # where the plan keeps to trades, it is said that this forecast doesn't, and what does
    works = Scenario.from_dict(
        TOY | {"follow_up": {"source": "files"}, "schedule": {"rule": "works"}}
    )
    told = {f.rule: f for f in make_plan(stopped, works).findings}["follow_up.revised_by_paces"]
    assert "--observed" in told.remedy.say("en")
    assert told.message.say().startswith(f"calendrier révisé de {told.count} secteurs")


def test_every_table_of_it_is_in_the_outputs_and_reads_back(plan, tmp_path):
    written = write_plan(plan, tmp_path / "suivi")
    assert {path.name for path in written} >= {"courbes.svg", "courbes.png", "suivi.md"}
    layers = {name: kind for name, kind in pyogrio.list_layers(tmp_path / "suivi" / "toy.gpkg")}
    names = (
        "baseline", "slippage", "progress_curve", "completion_forecast", "take_up", "completeness",
        "openings", "sector_follow_up", "epci_follow_up",
    )  # fmt: skip
    for name in names:
        assert name in layers
        contract(name).check(plan.more[name])
        back = pd.read_csv(tmp_path / "suivi" / "tables" / f"{name}.csv")
        assert len(back) == len(plan.more[name])
    drawn = gpd.read_file(tmp_path / "suivi" / "toy.gpkg", layer="sector_follow_up")
    assert (drawn.geom_type == "MultiPolygon").all()
    mine = plan.more["sector_follow_up"]
    assert drawn["late_count"].sum() == mine["late_count"].sum()
    words = (tmp_path / "suivi" / "suivi.md").read_text(encoding="utf-8")
    assert "appuis aériens (1)" in words
    assert "Synthétique" in words
    manifest = json.loads((tmp_path / "suivi" / "manifest.json").read_text(encoding="utf-8"))
    assert "suivi.md" in {item["path"] for item in manifest["outputs"]}


def test_the_same_follow_up_gives_the_same_bytes(plan, tmp_path):
    for name in ("a", "b"):
        write_plan(plan, tmp_path / name)
    for file in ("suivi.md", "courbes.svg", "courbes.png", "toy.gpkg", "carte.html"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_a_frozen_programme_is_never_written_over(adopted, plan, tmp_path):
    write_plan(adopted, tmp_path / "adopted")
    kept = read = followed(baseline=str(tmp_path / "adopted"))
    assert read.follow_up.baseline
    write_plan(plan, tmp_path / "suivi")
    write_plan(plan, tmp_path / "suivi")  # the same promise: nothing against it
    before = (tmp_path / "suivi" / "tables" / "baseline.csv").read_bytes()
    other = plan.more["baseline"].assign(quarter="2025-T1")
    changed = make_plan(observed(adopted).with_tables(baseline=other), kept)
    with pytest.raises(PlannerError, match="un autre programme figé"):
        write_plan(changed, tmp_path / "suivi")
    assert (tmp_path / "suivi" / "tables" / "baseline.csv").read_bytes() == before


def test_the_map_has_its_three_themes_only_when_something_is_followed(adopted, plan):
    keys = [painted.theme.key for painted in paint(MapData.from_plan(plan))]
    assert keys[-3:] == ["slippage", "take_up", "completeness"]
    painted = paint(MapData.from_plan(plan))[-3]
    classes = [painted.theme.classes[place].key for place in painted.sectors]
    late = plan.more["sector_follow_up"].set_index("sector_id")["late_quarters"]
    for key, name in zip(plan.territory.sectors["sector_id"], classes, strict=True):
        quarters = late.get(key)
        if quarters is None or pd.isna(quarters):
            assert name == "unknown"
        else:
            assert (name == "not_late") == (quarters <= 0)
    before = [painted.theme.key for painted in paint(MapData.from_plan(adopted))]
    assert not {"slippage", "take_up", "completeness"} & set(before)


def test_nothing_observed_is_refused_with_a_way_out():
    bare = toy_territory()
    empty = bare.with_tables(
        state_changes=contract("state_changes").empty(),
        stage_changes=contract("stage_changes").empty(),
    )
    with pytest.raises(MissingLayerError, match="aucun constat"):
        make_plan(empty, followed())


def test_strange_sectors_are_told_and_left_out(adopted):
    territory = observed(adopted)
    wrong = pd.DataFrame(
        [row("", sector_id="nowhere", reason="poles", since=pd.NaT)]
    ).astype({"since": "datetime64[s]"})  # fmt: skip
    plan = make_plan(territory.with_tables(slip_reasons=wrong), followed())
    assert "slip_reasons" not in plan.more
    assert "follow_up.strange_sectors" in {finding.rule for finding in plan.findings}


def test_the_public_case_of_late_2019():
    facts = read_geodata(geodata_folder("bretagne") / "follow_up").table("public_progress")
    case = state_public_case(facts, phases=("1",), quarter="2019-T4")
    assert (case.promised, case.serviceable, case.connected) == (200_000, 71_148, 25_944)
    assert case.late == 128_852
    assert case.take_up_share == pytest.approx(0.36465, abs=1e-5)
    # nothing in 2014, 71 148 twenty quarters later
    assert case.pace.per_quarter == pytest.approx(3_557.4)
    assert case.pace.quarters_to(case.late)[1] == pytest.approx(36.22, abs=0.01)
    assert state_public_case(facts, phases=("2",), quarter="2019-T4") is None
    assert state_public_case(facts, phases=("1",), quarter="2018-T4") is None


@pytest.mark.slow
def test_the_embedded_example_meets_the_public_totals(tmp_path):
    asked = Scenario.from_dict({"follow_up": {"source": "example", "phases": ("1",)}})
    plan = make_plan(prepare_territory(asked), asked)
    region = plan.more["slippage"].set_index(["level", "code"]).loc[("region", "—")]
    assert region["quarter"] == "2019-T4"
    assert region["actual_count"] == 71_148
    assert region["planned_count"] == 240_122
    assert region["late_quarters"] == 8
    take_up = plan.more["take_up"].set_index(["level", "operator", "quarter"])
    assert take_up.loc[("region", "tous", "2019-T4"), "connected_count"] == 25_944
    words = follow_up_text(plan)
    for figure in ("71\u202f148", "200\u202f000", "128\u202f852", "25\u202f944", "36,5"):
        assert figure in words
    assert "Synthétique" in words
    trial = plan.more["forecast_trial"].set_index("level").loc["epci"]
    assert trial["error_mean"] < trial["same_pace_error_mean"]


def test_the_command_says_what_is_wrong(tmp_path):
    counts = tmp_path / "counts.csv"
    counts.write_text("level,code\nregion,53\n", encoding="utf-8")
    told = CliRunner().invoke(app, ["follow", "--counts", str(counts)])
    assert told.exit_code == 1
    assert "quarter" in told.output
    assert later("2019-T4", 1) == "2020-T1"
    assert dt.date(2019, 12, 31).year == 2019


@pytest.mark.postgis
def test_the_views_of_the_follow_up_are_the_plan_s_own_figures(plan, adopted, database):
    import psycopg

    from planner.export.postgis import publish_plan

    publish_plan(database, plan)
    with psycopg.connect(database) as db:

        def asked(statement):
            return db.execute(statement).fetchall()

        late = plan.more["epci_follow_up"].sort_values("siren")
        seen = asked("SELECT epci_siren, late_count, late_quarters, ST_SRID(geom) "
                     "FROM planner.epci_slippage ORDER BY 1")  # fmt: skip
        assert seen == [
            (row.siren, row.late_count, row.late_quarters, 2154) for row in late.itertuples()
        ]
        sectors = asked("SELECT count(*), sum(late_count) FROM planner.sector_slippage")
        drawn = plan.more["sector_follow_up"]
        assert sectors == [(len(drawn), int(drawn["late_count"].sum()))]
        reasons = asked("SELECT reasons FROM planner.sector_slippage WHERE reasons IS NOT NULL")
        assert reasons == [("poles",)]
        clock = plan.more["completeness"]
        risky = clock[clock["verdict"].astype(str).isin(["breached", "will_breach"])]
        ranks = asked("SELECT rank FROM planner.completeness_risk")
        assert [rank for (rank,) in ranks] == risky.sort_values("rank")["rank"].tolist()
        sold = plan.more["take_up"]
        sold = sold[sold["level"].astype(str) == "epci"]
        found = asked("SELECT count(*), sum(connected_count), min(referential) "
                      "FROM planner.epci_take_up")  # fmt: skip
        assert found == [(len(sold), int(sold["connected_count"].sum()), "connectable_premises")]
    publish_plan(database, adopted)  # one that follows nothing has empty views
    with psycopg.connect(database) as db:
        assert db.execute("SELECT count(*) FROM planner.epci_slippage").fetchone() == (0,)

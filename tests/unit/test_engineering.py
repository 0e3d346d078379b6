"""The network of a whole plan, on the toy territory."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.engineering import add_network, read_works, take_network, works_of
from planner.errors import DataFileError, RuleError, ScenarioError
from planner.explain import explain_place
from planner.export import write_plan
from planner.export.map import MapData, map_html
from planner.findings import Finding, Findings
from planner.network.stand_in import StandInRules, make_stand_in
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.schemas import contract
from planner.supports import add_supports, given_ways
from planner.texts import number
from planner.vocab import Level, Severity


@pytest.fixture
def answered(toy):
    return make_plan(toy, Scenario(name="toy", title="Toy"))


def test_the_network_of_a_plan_reaches_its_premises(answered):
    prices, keys = read_works()
    plan = add_network(answered, prices=prices, funding_keys=keys)
    for name in (
        "nro",
        "pm",
        "routes",
        "pbo",
        "quantities",
        "network_costs",
        "phasing",
        "cost_curve",
    ):
        contract(name).check(plan.more[name])
        assert plan.more[name]["synthetic"].all()
        assert name in plan.tables()
    assert "routes" not in answered.more
    assert plan.more["pm"]["lines_count"].sum() == 40
    costs = plan.more["network_costs"].groupby("level")["cost_cents"].sum()
    assert set(costs) == {costs["region"]}
    assert costs["region"] == plan.more["quantities"]["cost_cents"].sum()
    saving = plan.more["phasing"]
    assert saving["together_cents"].sum() == costs["region"]
    assert saving["saving_cents"].sum() >= 0


def test_a_sector_is_told_what_serves_it_and_why(answered):
    prices, keys = read_works()
    plan = add_network(answered, prices=prices, funding_keys=keys)
    tables = plan.tables()
    for row in plan.more["network_sectors"].to_dict("records"):
        for lang, words in (("fr", "réseau"), ("en", "network")):
            told = explain_place(tables, level=Level.SECTOR, code=row["sector_id"]).say(lang)
            assert words in told
            assert row["nro_id"] in told
            assert number(row["longest_loop_m"], lang) + " m" in told
            assert number(round(row["cost_cents"] / 100), lang) in told
            # the parts are told only where there are some, and what an earlier phase has dug
            opened = "une phase antérieure" if lang == "fr" else "earlier phase"
            assert (opened in told) == (row["reused_m"] > 0)
    siren = plan.more["phasing"]["epci_siren"].iloc[0]
    told = explain_place(tables, level=Level.EPCI, code=siren).say("fr")
    saving = plan.more["phasing"].set_index("epci_siren").loc[siren, "saving_cents"]
    assert number(round(saving / 100), "fr") in told


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"nearer_full_count": 2}, "2 NRO plus proche(s)"),
     ({"pm_existing": True}, "un PM existant du secteur est réemployé"),
     ({"nro_existing": True}, "site existant"),
     ({"feeder_m": 5_000.0, "shortest_m": 4_200.0}, "800 m de plus que le plus court chemin"),
     ({"feeder_m": 0.0, "shortest_m": 0.0}, "PM au pied du NRO"),
     ({"on_demand_count": 3}, "3 ligne(s) raccordable(s) sur demande"),
     ({"reused_m": 40, "avoided_cents": 250_000}, "2\u202f500\u202f€ épargnés"),
     ({"poles_used_count": 90, "poles_replaced_count": 9, "poles_reinforced_count": 5},
      "appuis existants empruntés : 90 ; à remplacer : 9, à renforcer : 5"),
     ({"poles_new_count": 12}, "appuis à poser : 12"),
     ({"nro_id": None, "unreached_count": 9}, "ses 9 lignes sont signalées")],
)  # fmt: skip
def test_what_binds_a_network_is_said(answered, changed, said):
    prices, keys = read_works()
    plan = add_network(answered, prices=prices, funding_keys=keys)
    table = plan.more["network_sectors"].astype({"nro_id": object}).copy()
    for column, value in changed.items():
        table.loc[0, column] = value
    tables = plan.tables() | {"network_sectors": table}
    told = explain_place(tables, level=Level.SECTOR, code=table.loc[0, "sector_id"])
    assert said in told.say("fr")


def test_the_stand_in_is_the_gabriel_graph_of_the_places():
    rng = np.random.default_rng(7)
    spots = pd.DataFrame(rng.uniform(0, 20_000, (150, 2)), columns=["x_m", "y_m"])
    ways = make_stand_in(spots, rules=StandInRules(cell_m=1.0, longest_m=1e6))
    points = np.column_stack([ways.x_m, ways.y_m])
    found = {
        tuple(sorted(pair)) for pair in zip(ways.start.tolist(), ways.end.tolist(), strict=True)
    }
    # by the definition: nobody stands inside the circle
    apart = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    expected = {
        (i, j)
        for i in range(len(points))
        for j in range(i + 1, len(points))
        if (apart[i] + apart[j] >= apart[i, j] - 1e-6).all()
    }
    assert found == expected
    assert ways.synthetic
    again = make_stand_in(
        spots.sample(frac=1, random_state=1), rules=StandInRules(cell_m=1.0, longest_m=1e6)
    )
    assert (again.edge_id == ways.edge_id).all()


def test_an_island_stays_apart():
    shore = [(100.0 * k, 0.0) for k in range(5)]
    spots = pd.DataFrame([*shore, (9_000.0, 0.0), (9_100.0, 0.0)], columns=["x_m", "y_m"])
    ways = make_stand_in(spots)
    assert ways.length_mm.max() == 100_000
    assert ways.start.size == 5
    with pytest.raises(RuleError):
        make_stand_in(spots.head(1))


@pytest.fixture
def roads_file(tmp_path):
    """A street through the toy territory, and a lane apart beside its north-western premises."""
    west, south = 300_000.0, 6_800_000.0
    lines = [
        [(west, south + 4_000), (west + 8_000, south + 4_000)],
        [(west + 4_000, south), (west + 4_000, south + 8_000)],
        [(west + 500, south + 6_100), (west + 1_500, south + 6_100)],
    ]
    table = gpd.GeoDataFrame(
        {"road_id": ["a", "b", "c"], "road_class": ["main", "street", "track"]},
        geometry=[shapely.LineString(line) for line in lines], crs="EPSG:2154",
    )  # fmt: skip
    path = tmp_path / "roads.gpkg"
    table.to_file(path, layer="roads", driver="GPKG")
    return path


def test_given_roads_carry_the_network_and_strand_what_they_do_not_join(toy, roads_file):
    asked = Scenario.from_dict(
        {"name": "toy", "title": "Toy", "roads": {"path": roads_file.name, "spacing_m": 250}},
        folder=str(roads_file.parent),
    )
    territory = add_supports(toy, asked)
    assert "support_edges" not in toy.delivered
    edges = territory.delivered["support_edges"]
    contract("support_edges").check(edges)
    assert territory.origin("roads").source == "roads.gpkg"
    stranded = [f for f in territory.findings if f.rule == "support.stranded"]
    near_lane = toy.premises["x_m"].between(300_000, 302_000) & toy.premises["y_m"].gt(6_805_050)
    assert [f.count for f in stranded] == [near_lane.sum()]
    prices, keys = read_works()
    plan = add_network(make_plan(territory, asked), prices=prices, funding_keys=keys)
    along = gpd.GeoSeries(edges.geometry.to_numpy(), crs=2154).union_all().buffer(0.01)
    assert plan.more["routes"].within(along).all()
    # the ways are real, the premises of the toy aren't
    assert plan.more["routes"]["synthetic"].all()
    assert set(plan.more["routes"]["laying"]) <= set(edges["laying"])
    assert given_ways(territory, asked).start.size > len(edges)


def test_existing_works_join_the_roads(toy, roads_file):
    asked = Scenario.from_dict(
        {"name": "toy", "roads": {"path": roads_file.name}}, folder=str(roads_file.parent)
    )
    duct = contract("infrastructure").empty()
    row = dict.fromkeys(duct.columns) | {
        "way_id": "d", "support": "duct", "state": "in_service", "source": "test", "length_m": 3600.0,
        "synthetic": False,
        "geometry": shapely.LineString([(304_000, 6_804_000), (301_000, 6_806_090)]),
    }  # fmt: skip
    duct = gpd.GeoDataFrame([row], geometry="geometry", crs=2154).astype(
        {name: kind for name, kind in duct.dtypes.items() if name != "geometry"}
    )
    joined = add_supports(toy.with_tables(delivered={"infrastructure": duct}), asked)
    layings = set(joined.delivered["support_edges"]["laying"])
    assert "existing_duct" in layings
    assert [f.rule for f in joined.findings].count("support.stranded") == 0
    assert set(joined.delivered) == {"infrastructure", "support_edges"}


def test_without_roads_nothing_changes(toy):
    assert add_supports(toy, Scenario(name="toy")) is toy
    assert given_ways(toy, Scenario(name="toy")) is None


def test_a_scenario_brings_its_own_prices_and_rules(toy, tmp_path):
    prices, keys = read_works()
    real = prices.assign(
        unit_price_cents=prices["unit_price_cents"] * 2, source="marché", synthetic=False
    )
    real.to_csv(tmp_path / "bordereau.csv", index=False)
    keys.assign(source="convention", synthetic=False).to_csv(tmp_path / "cles.csv", index=False)
    asked = Scenario.from_dict(
        {"name": "toy", "network": {"prices": "bordereau.csv", "funding_keys": "cles.csv",
                                    "nro_lines": 12, "pbo_lines": 1, "effort": "normal"}},
        folder=str(tmp_path),
    )  # fmt: skip
    own, own_keys = works_of(asked)
    assert not own["synthetic"].any()
    assert not own_keys["synthetic"].any()
    plan = add_network(make_plan(toy, asked), prices=own, funding_keys=own_keys)
    bill = plan.more["quantities"]
    doubled = real.set_index("item")["unit_price_cents"]
    assert (bill["unit_price_cents"] == bill["item"].map(doubled)).all()
    assert (plan.more["nro"]["lines_count"] <= 12).all()
    boxes = plan.more["pbo"]
    assert (boxes["pbo_count"] == boxes["lines_count"]).all()
    # a plan priced by the scenario's books says where they come from
    told = add_network(make_plan(toy, asked))
    assert told.territory.origin("works_prices").source == "bordereau.csv"
    assert not told.territory.origin("funding_keys").synthetic
    assert told.territory.origin("works_ratios").synthetic
    pd.testing.assert_frame_equal(told.more["quantities"], bill)
    with pytest.raises(ScenarioError, match="nro_lines"):
        Scenario.from_dict({"name": "toy", "network": {"nro_lines": 0}})
    assert works_of(Scenario(name="toy"))[0].equals(prices)


def test_a_calendar_made_anew_replaces_what_the_first_one_found(toy):
    plan = make_plan(toy, Scenario.from_dict({"name": "toy", "schedule": {"rule": "works"}}))
    stale = [
        Finding.of("works.unplaced", severity=Severity.SERIOUS, table="schedule", place="nowhere"),
        Finding.of("works.feeder_later", severity=Severity.WARNING, table="works", place="nowhere"),
    ]
    kept = Finding.of(
        "zoning.sector_derived", severity=Severity.INFO, table="sectors", place="nowhere"
    )
    before = Findings.collect(plan.findings, stale, [kept])
    after = add_network(replace(plan, findings=before)).findings
    assert [finding for finding in after if finding.place == "nowhere"] == [kept]
    assert {f.rule for f in plan.findings if f.table != "schedule"} <= {f.rule for f in after}


def test_a_written_network_is_taken_again_for_its_own_question_only(answered, tmp_path):
    plan = add_network(answered)
    write_plan(plan, tmp_path / "out")
    again = take_network(answered, tmp_path / "out")
    for name in ("nro", "pm", "pbo", "routes", "network_sectors", "quantities"):
        contract(name).check(again.more[name])
        assert len(again.more[name]) == len(plan.more[name])
    assert again.territory.origin("works_prices") == plan.territory.origin("works_prices")
    # the page is the same to the byte
    assert map_html(MapData.from_plan(again)) == map_html(MapData.from_plan(plan))
    write_plan(answered, tmp_path / "without")
    with pytest.raises(DataFileError, match="pas de réseau"):
        take_network(answered, tmp_path / "without")
    other = make_plan(answered.territory, Scenario(name="toy", title="Another"))
    with pytest.raises(DataFileError, match="un autre scénario"):
        take_network(other, tmp_path / "out")

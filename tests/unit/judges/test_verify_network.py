"""The checker of networks: what is right holds, and each fault is named where it is."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from planner.engineering import add_network
from planner.network import list_runs
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory
from planner.verify import verify_programme


@pytest.fixture(scope="module")
def scenario():
    return Scenario.from_dict({"name": "toy", "network": {"pbo_lines": 2}})


@pytest.fixture(scope="module")
def tables(scenario):
    plan = add_network(make_plan(toy_territory(), scenario))
    made = plan.tables()
    runs = list_runs(made["routes"], nro=made["nro"], pm=made["pm"], pbo=made["pbo"])
    return made | runs.tables()


def test_a_network_as_designed_holds(tables, scenario):
    verdict = verify_programme(tables, scenario)
    assert verdict.holds, verdict.say()
    assert verdict.checks["network_reach"] == len(tables["pbo"]) + len(tables["pm"])
    assert verdict.checks["network_length"] == len(tables["routes"])
    assert verdict.checks["network_cost"] == len(tables["quantities"])
    assert verdict.checks["network_cable"] == len(tables["cables"])
    # without shapes, what adds up is checked still
    plain = {name: pd.DataFrame(frame).drop(columns="geometry", errors="ignore")
             for name, frame in tables.items()}  # fmt: skip
    verdict = verify_programme(plain, scenario)
    assert verdict.holds
    assert "network_reach" not in verdict.checks
    assert verdict.checks["network_cost"] == len(tables["quantities"])


def edited(tables, name, column, change, where):
    frame = tables[name].copy()
    row = frame.index[where(frame)][0] if callable(where) else frame.index[where]
    if column != "geometry":
        frame[column] = frame[column].astype(object)
    frame.loc[row, column] = change(frame.loc[row, column]) if callable(change) else change
    return {**tables, name: frame}, frame.loc[row]


def more(by):
    return lambda value: value + by


def reused(frame):
    return (frame["works"] == "new") & (frame["phase"] == "1")


@pytest.mark.parametrize(
    ("rule", "name", "column", "change", "where", "place"),
    [
        ("network_cost", "quantities", "cost_cents", more(1), 0, "{sector_id}, phase {phase}, {item}"),
        ("network_price", "quantities", "unit_price_cents", more(1), -1, "{sector_id}, phase {phase}, {item}"),
        ("network_quantity", "quantities", "quantity", more(40), lambda t: t["item"] == "pbo", "phase {phase}, pbo"),
        ("network_quantity", "quantities", "quantity", more(40), lambda t: t["item"] == "cable_12", "phase {phase}, cable_12"),
        ("network_sector_cost", "network_sectors", "cost_cents", more(100), 2, "{sector_id}"),
        ("network_parts", "network_sectors", "works_cents", more(100), 2, "{sector_id}"),
        ("network_per_line", "network_sectors", "cents_per_line", more(1), 1, "{sector_id}"),
        ("network_lines", "network_sectors", "lines_count", more(-1), 1, "{sector_id}"),
        ("network_level", "network_costs", "cost_cents", more(5), lambda t: t["level"] == "epci", "epci, phase {phase}"),
        ("network_level", "network_costs", "cost_cents", more(5), lambda t: t["level"] == "funder", "funder, phase {phase}"),
        ("network_saving", "phasing", "saving_cents", -10**12, 0, "phasing"),
        ("network_curve", "cost_curve", "cumulated_cost_cents", more(1), 0, "{sector_id}"),
        ("network_pbo", "pbo", "pbo_count", 0, 0, "{pbo_id}"),
        ("network_loop", "pbo", "loop_m", more(7), 0, "{pbo_id}"),
        ("network_feeder", "pm", "feeder_m", more(7), 0, "{sector_id}"),
        ("network_phase", "pm", "phase", "private", 0, "{sector_id}"),
        ("network_no_nro", "pm", "nro_id", "NRO-x", 0, "{sector_id}"),
        ("network_nro", "nro", "capacity_count", 3, 0, "{nro_id}"),
        ("network_nro_lines", "nro", "lines_count", more(1), 0, "{nro_id}"),
        ("network_length", "routes", "length_m", more(0.5), 0, "{route_id}"),
        ("network_fibres", "routes", "fibres_count", 10_000, 0, "{route_id}"),
        ("network_capacity", "routes", "cables", "720", 0, "{route_id}"),
        ("network_cables", "routes", "cables_count", more(1), 0, "{route_id}"),
        ("network_through", "routes", "lines_count", more(1), 0, "{route_id}"),
        ("network_need", "routes", "fibres_count", 0, 0, "{route_id}"),
        ("network_order", "routes", "works", "reused", reused, "{route_id}"),
        ("network_cable", "cables", "length_m", more(30), 0, "{cable_id}"),
        ("network_line", "ducts", "length_m", more(3), 0, "ducts {duct_id}"),
        ("network_duct", "ducts", "cables_count", more(1), 0, "{duct_id}"),
        ("network_no_duct", "cable_ducts", "duct_id", "nowhere", 0, "nowhere"),
        ("network_shape", "routes", "geometry", None, 0, "routes {route_id}"),
    ],
)  # fmt: skip
def test_a_fault_is_named_where_it_is(tables, scenario, rule, name, column, change, where, place):
    broken, row = edited(tables, name, column, change, where)
    verdict = verify_programme(broken, scenario)
    found = {one.place for one in verdict.breaches if one.rule == rule}
    assert place.format(**row) in found, verdict.say()
    for lang in ("fr", "en"):
        assert any(
            place.format(**row).split(",")[0] in line for line in verdict.say(lang).splitlines()
        )


def test_a_run_taken_away_leaves_what_it_served_unreached(tables, scenario):
    routes = tables["routes"]
    feeder = routes[routes["tier"] == "feeder"].sort_values("lines_count").iloc[-1]
    verdict = verify_programme(
        {**tables, "routes": routes[routes["route_id"] != feeder["route_id"]]}, scenario
    )
    assert "network_reach" in verdict.broken_rules
    assert "network_apart" in verdict.broken_rules


def test_a_loop_is_no_tree(tables, scenario):
    routes = tables["routes"]
    own = routes[(routes["tier"] == "feeder") & (routes["phase"] == "1")]
    assert len(own) > 1
    ends = [shapely.get_coordinates(line)[k] for line in own.geometry for k in (0, -1)]
    spots = sorted({tuple(end) for end in ends})
    extra = own.iloc[[0]].assign(
        route_id="T1-extra.0", geometry=[shapely.LineString([spots[0], spots[-1]])]
    )
    extra["length_m"] = extra.length
    looped = gpd.GeoDataFrame(pd.concat([routes, extra]))
    verdict = verify_programme({**tables, "routes": looped}, scenario)
    assert "network_tree" in verdict.broken_rules


def test_a_pm_beyond_its_most_lines_is_seen(tables):
    asked = {
        "name": "toy",
        "network": {"pbo_lines": 2},
        "sectors": {"maximum": 4, "minimum": 1, "target": 3},
    }
    verdict = verify_programme(tables, Scenario.from_dict(asked))
    full = tables["pm"].loc[tables["pm"]["lines_count"] > 4, "sector_id"]
    assert {one.place for one in verdict.breaches if one.rule == "network_pm"} == set(full)
    assert len(full)

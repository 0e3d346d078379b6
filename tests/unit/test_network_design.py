"""Networks designed on ways small enough to be solved by hand, and laws on random ones."""

import dataclasses
import datetime as dt
import itertools

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import RuleError
from planner.io import geodata_folder, read_geodata
from planner.network import (
    DesignRules,
    compare_phasing,
    cost_network,
    cumulate_costs,
    design_network,
    lay_ways,
    list_runs,
    save_by_epci,
)
from planner.schemas import contract

ON = dt.date(2018, 1, 1)
PRICES = {
    "trench": ("m", 5000), "duct_extra": ("m", 400), "existing_duct": ("m", 300),
    "cable_12": ("m", 100), "cable_48": ("m", 200),
    "pbo": ("u", 10_000), "pm": ("u", 1_000_000), "nro": ("u", 9_000_000), "drop": ("u", 30_000),
}  # fmt: skip


def book(**changed):
    prices = PRICES | {item: (PRICES[item][0], cents) for item, cents in changed.items()}
    return pd.DataFrame(
        [(i, u, c, pd.Timestamp("2017-01-01"), "test", True) for i, (u, c) in prices.items()],
        columns=["item", "unit", "unit_price_cents", "valid_from", "source", "synthetic"],
    ).astype({"valid_from": "datetime64[s]"})


def edges(lines, laying="trench"):
    return gpd.GeoDataFrame(
        {"edge_id": [f"e{k:03d}" for k in range(len(lines))], "laying": laying},
        geometry=[shapely.LineString(line) for line in lines],
        crs="EPSG:2154",
    )


def premises(rows):
    return pd.DataFrame(rows, columns=["premise_id", "sector_id", "premises_min", "x_m", "y_m"])


# a street of 300 m along x, and a lane of 100 m to the north at x = 200:
#                    (200,100)
#                        |
# (0,0) --- (100,0) --- (200,0) --- (300,0)
STREET = [[(0, 0), (100, 0)], [(100, 0), (200, 0)], [(200, 0), (300, 0)], [(200, 0), (200, 100)]]
HOUSES = [
    ("a", "S1", 3, 0, 10), ("b", "S1", 5, 200, 5), ("c", "S1", 2, 300, 10), ("d", "S1", 1, 200, 230),
]  # fmt: skip
BY_HAND = DesignRules(spacing_m=None, pbo_lines=4, lines_per_feeder_fibre=4, spare_share=0.0)


def by_hand(**more):
    ways = lay_ways(edges(STREET), spacing_m=None, synthetic=False)
    arguments = {"phases": {"S1": "1"}, "prices": book(), "on": ON, "rules": BY_HAND} | more
    return design_network(ways, premises=premises(HOUSES), **arguments)


def test_a_street_is_designed_as_by_hand():
    network = by_hand()
    # the middle of the lines is the crossing, where most of them are
    assert network.pm.geometry.iloc[0].equals(shapely.Point(200, 0))
    assert network.nro.geometry.iloc[0].equals(shapely.Point(200, 0))
    bill = network.quantities.set_index("item")["quantity"].to_dict()
    # PBO: 1 for 3 lines, 2 for 5, 1 for 2, 1 for 1; the last drop, of 130 m, is on demand
    assert bill == {"trench": 400, "cable_12": 400, "pbo": 5, "drop": 10, "pm": 1, "nro": 1}
    by_item = 400 * (5000 + 100) + 5 * 10_000 + 10 * 30_000 + 1_000_000 + 9_000_000
    assert network.cost_cents == by_item
    lines = network.routes.set_index("edge_id")["lines_count"].to_dict()
    assert lines == {"e000": 3, "e001": 3, "e002": 2, "e003": 1}
    drops = network.drops.set_index("premise_id")
    assert drops["length_m"].tolist() == [10, 5, 10, 130]
    assert drops["on_demand"].tolist() == [False, False, False, True]
    assert network.pbo["loop_m"].tolist() == [200, 0, 100, 100]
    assert [f.rule for f in network.findings] == ["design.on_demand", "design.small_pm"]
    told = network.sectors.iloc[0]
    assert (told["lines_count"], told["on_demand_count"], told["unreached_count"]) == (11, 1, 0)
    assert (told["feeder_m"], told["longest_loop_m"], told["distribution_m"]) == (0, 200, 400)
    assert (told["trench_m"], told["cables_m"], told["reused_m"]) == (400, 400, 0)
    parts = ["works_cents", "cables_cents", "sites_cents", "branching_cents"]
    assert told[parts].tolist() == [2_000_000, 40_000, 10_000_000, 350_000]
    assert told["cents_per_line"] == round(by_item / 11)


def test_tables_keep_their_contracts():
    network = by_hand()
    for name, frame in (network.tables() | {"drops": network.drops}).items():
        contract(name).check(frame)


def test_a_place_that_no_way_joins_is_flagged_not_lost():
    ways = lay_ways(edges([*STREET, [(900, 0), (1000, 0)]]), spacing_m=None, synthetic=False)
    network = design_network(
        ways, premises=premises([*HOUSES, ("e", "S1", 4, 900, 5)]), phases={"S1": "1"},
        prices=book(), on=ON, rules=BY_HAND,
    )  # fmt: skip
    drops = network.drops.set_index("premise_id")
    assert drops["reached"].to_dict() == {"a": True, "b": True, "c": True, "d": True, "e": False}
    lost = [f for f in network.findings if f.rule == "design.unreached"]
    assert [(f.place, f.count) for f in lost] == [("S1", 4)]
    assert network.sectors[["lines_count", "unreached_count"]].to_numpy().tolist() == [[11, 4]]
    assert network.cost_cents == by_hand().cost_cents


def test_what_phase_1_opens_costs_phase_2_one_more_duct():
    # both sectors need the whole street; the NRO stands at its first end, with the PM of S2
    houses = [
        ("a", "S1", 3, 0, 0),
        ("b", "S1", 9, 300, 0),
        ("c", "S2", 2, 0, 0),
        ("d", "S2", 2, 300, 0),
    ]
    street = [[(0, 0), (300, 0)]]
    ways = lay_ways(edges(street), spacing_m=None, synthetic=False)
    apart, together = compare_phasing(
        ways, premises=premises(houses), phases={"S1": "1", "S2": "2"}, prices=book(), on=ON,
        rules=BY_HAND,
    )  # fmt: skip

    def metres(network, phase):
        rows = network.quantities[network.quantities["phase"] == phase]
        return rows.loc[rows["unit"] == "m"].set_index("item")["quantity"].to_dict()

    assert metres(apart, "1") == metres(together, "1") == {"trench": 300, "cable_12": 600}
    assert metres(apart, "2") == {"trench": 300, "cable_12": 300}
    assert metres(together, "2") == {"duct_extra": 300, "cable_12": 300}
    assert apart.cost_cents - together.cost_cents == 300 * (5000 - 400)
    assert together.together
    assert not apart.together
    told = together.sectors.set_index("sector_id")
    assert told["reused_m"].to_dict() == {"S1": 0, "S2": 300}
    assert told["trench_m"].to_dict() == {"S1": 300, "S2": 0}
    assert told["avoided_cents"].to_dict() == {"S1": 0, "S2": 300 * (5000 - 400)}
    assert not apart.sectors[["reused_m", "avoided_cents"]].to_numpy().any()
    shares = pd.DataFrame(
        [("S1", "200000001", 12), ("S2", "200000001", 1), ("S2", "200000002", 3)],
        columns=["sector_id", "epci_siren", "premises_count"],
    )
    saving = save_by_epci(apart, together, sector_shares=shares).set_index("epci_siren")
    assert saving["saving_cents"].to_dict() == {"200000001": 345_000, "200000002": 1_035_000}


def test_an_existing_duct_is_taken_where_it_is_cheaper():
    ways = [[(0, 0), (300, 0)], [(0, 0), (150, 200), (300, 0)]]
    frame = edges(ways).assign(laying=["trench", "existing_duct"])
    houses = premises([("a", "S1", 3, 0, 0), ("b", "S1", 2, 300, 0)])
    study = {"premises": houses, "phases": {"S1": "1"}, "on": ON, "rules": BY_HAND}
    graph = lay_ways(frame, spacing_m=None, synthetic=False)
    cheap = design_network(graph, prices=book(), **study)
    assert cheap.routes["laying"].unique().tolist() == ["existing_duct"]
    dear = design_network(graph, prices=book(existing_duct=9000), **study)
    assert dear.routes["laying"].unique().tolist() == ["trench"]


def test_existing_sites_are_used_again_and_not_billed():
    sites = gpd.GeoDataFrame(
        {"site_id": ["p", "n"], "kind": ["pm", "nro"], "lines_count": [None, None]},
        geometry=[shapely.Point(300, 20), shapely.Point(0, 30)],
        crs="EPSG:2154",
    )
    area = gpd.GeoDataFrame(
        {"sector_id": ["S1"]}, geometry=[shapely.box(-50, -50, 400, 300)], crs="EPSG:2154"
    )
    network = by_hand(sectors=area, existing_sites=sites)
    assert network.pm.geometry.iloc[0].equals(shapely.Point(300, 0))
    assert network.nro.geometry.iloc[0].equals(shapely.Point(0, 0))
    assert network.pm["existing"].all()
    assert network.nro["existing"].all()
    assert not set(network.quantities["item"]) & {"pm", "nro"}
    assert network.pm["feeder_m"].tolist() == [300]


def test_an_existing_nro_away_from_the_ways_is_reached_and_said_or_said_to_be_too_far():
    def study(metres):
        site = gpd.GeoDataFrame(
            {"site_id": ["n"], "kind": ["nro"], "lines_count": [None]},
            geometry=[shapely.Point(0, -metres)], crs=2154,
        )  # fmt: skip
        return by_hand(existing_sites=site)

    near, far = study(200), study(201)
    assert near.nro["existing"].all()
    assert near.nro.geometry.iloc[0].equals(shapely.Point(0, 0))
    assert "nro" not in set(near.quantities["item"])
    said = [(f.rule, f.place) for f in near.findings if f.table == "existing_sites"]
    assert said == [("design.site_snapped", "n")]
    assert not far.nro["existing"].any()
    said = [f.message.say("fr") for f in far.findings if f.rule == "design.site_too_far"]
    assert len(said) == 1
    assert "201 m" in said[0]
    assert not [f for f in study(30).findings if f.table == "existing_sites"]


def test_a_pm_has_the_cabinets_that_its_lines_need_and_what_stands_is_filled_first():
    def study(held, **more):
        sites = gpd.GeoDataFrame(
            {"site_id": ["p", "q"], "kind": "pm", "lines_count": held},
            geometry=[shapely.Point(300, 0), shapely.Point(0, 0)], crs=2154,
        )  # fmt: skip
        area = gpd.GeoDataFrame(
            {"sector_id": ["S1"]}, geometry=[shapely.box(-50, -50, 400, 300)], crs=2154
        )
        rules = dataclasses.replace(BY_HAND, cabinet_lines=4)
        network = by_hand(sectors=area, existing_sites=sites, rules=rules, **more)
        row = network.pm.iloc[0]
        bill = network.quantities.set_index("item")["quantity"].to_dict()
        assert row["lines_count"] <= row["capacity_count"]
        assert bill.get("pm", 0) == row["cabinets_count"]
        return row["cabinets_count"], row["capacity_count"], row.geometry.x

    # eleven lines: three cabinets of four where nothing stands
    rules = dataclasses.replace(BY_HAND, cabinet_lines=4)
    assert by_hand(rules=rules).pm[["cabinets_count", "capacity_count"]].to_numpy().tolist() == [
        [3, 12]
    ]
    # the one with room for all is taken, though lines are nearer to the other
    assert study([2, 11]) == (0, 11, 0)
    assert study([None, 2])[0] == 0
    # none has: what the nearer one lacks is set up
    assert study([6, 2]) == (2, 14, 300)


def test_lines_too_far_from_their_nro_are_flagged():
    rules = dataclasses.replace(BY_HAND, line_m=150.0)
    found = [f for f in by_hand(rules=rules).findings if f.rule == "design.long_line"]
    assert [(f.place, f.count) for f in found] == [("S1", 3)]
    assert "200 m" in found[0].message.say("fr")


def test_a_full_nro_opens_another():
    houses = premises([(f"h{k}", f"S{k}", 10, 100 * k, 0) for k in range(4)])
    graph = lay_ways(edges(STREET), spacing_m=None, synthetic=False)
    rules = DesignRules(spacing_m=None, nro_lines=20)
    network = design_network(
        graph, premises=houses, phases=dict.fromkeys(houses["sector_id"], "1"), prices=book(),
        on=ON, rules=rules,
    )  # fmt: skip
    assert (network.nro["lines_count"] <= 20).all()
    # whoever isn't given the nearest NRO is told that it had no room
    told = network.sectors
    assert (told["shortest_m"] <= told["feeder_m"] + 1e-9).all()
    assert told.loc[told["feeder_m"] == 0, "nearer_full_count"].eq(0).all()
    assert network.nro["lines_count"].sum() == 40
    assert network.pbo["reached"].all()


def test_a_feeder_that_would_go_round_takes_the_short_way():
    # ten places on a ring, 100 m apart but for the last link, which the lightest tree leaves out
    corners = [(100 * k, 0) for k in range(5)] + [(400 - 100 * k, 100) for k in range(5)]
    lines = [[corners[k], corners[k + 1]] for k in range(9)]
    lines.append([corners[9], (-10, 50), corners[0]])
    last = shapely.LineString(lines[-1]).length
    houses = premises([(f"h{k}", f"S{k}", 10, *corners[k]) for k in range(10)])
    nro = gpd.GeoDataFrame(
        {"site_id": ["n"], "kind": ["nro"], "lines_count": [None]},
        geometry=[shapely.Point(0, 0)], crs="EPSG:2154",
    )  # fmt: skip

    def feeders(loop_m):
        network = design_network(
            lay_ways(edges(lines), spacing_m=None, synthetic=False), premises=houses,
            phases=dict.fromkeys(houses["sector_id"], "1"), prices=book(), on=ON,
            rules=DesignRules(spacing_m=None, loop_m=loop_m), existing_sites=nro,
        )  # fmt: skip
        assert len(network.nro) == 1
        return network.pm["feeder_m"].tolist()

    assert feeders(1000) == [100 * k for k in range(10)]
    shortest = [min(100 * k, round(last, 3) + 100 * (9 - k)) for k in range(10)]
    assert feeders(600) == pytest.approx(shortest, abs=0.01)


@pytest.mark.parametrize("lacking", ["trench", "pm", "duct_extra"])
def test_a_price_that_is_missing_is_told(lacking):
    prices = book()
    with pytest.raises(RuleError, match=lacking):
        by_hand(prices=prices[prices["item"] != lacking])


def test_rules_and_ways_that_make_no_sense_are_refused():
    with pytest.raises(RuleError, match="pbo_lines"):
        DesignRules(pbo_lines=0)
    with pytest.raises(RuleError, match="edge_id"):
        lay_ways(edges(STREET).assign(edge_id="x"), spacing_m=None, synthetic=False)
    with pytest.raises(RuleError, match="2016-01-01"):
        by_hand(on=dt.date(2016, 1, 1))
    with pytest.raises(RuleError, match=r"secteur|sector"):
        by_hand(phases={"S9": "1"})


def test_the_cost_of_every_level_is_that_of_the_quantities():
    network = by_hand()
    works = read_geodata(geodata_folder() / "works")
    sectors = pd.DataFrame({"sector_id": ["S1"], "zone_id": [None]})
    shares = pd.DataFrame(
        [("S1", "200000001", 7), ("S1", "200000002", 4)],
        columns=["sector_id", "epci_siren", "premises_count"],
    )
    costs = cost_network(
        network, sectors=sectors, sector_shares=shares, funding_keys=works.table("funding_keys"),
        on=ON,
    )  # fmt: skip
    contract("network_costs").check(costs)
    for _, rows in costs.groupby("level"):
        assert rows["cost_cents"].sum() == network.cost_cents
    assert costs.loc[costs["level"] == "epci", "lines_count"].tolist() == [7, 4]
    assert costs.loc[costs["level"] == "sector", "cents_per_line"].tolist() == [
        round(network.cost_cents / 11)
    ]
    assert costs["synthetic"].all()
    halves = works.table("funding_keys").assign(funding_share=0.1)
    with pytest.raises(RuleError, match=r"0[.,]5"):
        cost_network(network, sectors=sectors, sector_shares=shares, funding_keys=halves, on=ON)


def random_town(seed, size=5):
    """Streets on a grid with holes, houses beside them, three sectors in two phases."""
    rng = np.random.default_rng(seed)
    lines = []
    for i, j in itertools.product(range(size), repeat=2):
        for a, b in ((i + 1, j), (i, j + 1)):
            if a < size and b < size and rng.random() < 0.9:
                lines.append([(100 * i, 100 * j), (100 * a, 100 * b)])
    frame = edges(lines).assign(laying=rng.choice(["trench", "existing_duct"], len(lines)))
    x, y = rng.integers(0, 100 * size, (2, 60))
    houses = premises(
        [(f"h{k:02d}", f"S{int(x[k]) % 3}", int(rng.integers(1, 4)), x[k], y[k]) for k in range(60)]
    )
    return frame, houses


PHASES = {"S0": "1", "S1": "2", "S2": "2"}


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_laws_of_a_random_town(seed):
    frame, houses = random_town(seed)
    rules = DesignRules(spacing_m=40.0)
    graph = lay_ways(frame, spacing_m=rules.spacing_m, synthetic=True)
    study = {"phases": PHASES, "prices": book(), "on": ON, "rules": rules}
    apart, network = compare_phasing(graph, premises=houses, **study)
    assert network.cost_cents <= apart.cost_cents
    quantities = network.quantities
    assert (
        quantities["cost_cents"] == quantities["quantity"] * quantities["unit_price_cents"]
    ).all()
    assert (network.routes["fibres_count"] <= network.routes["capacity_fibres_count"]).all()
    assert len(network.drops) == len(houses)
    # what is told of the sectors adds up to the bill, to the metre and to the cent
    told = network.sectors
    assert told["cost_cents"].sum() == network.cost_cents
    metres = quantities[quantities["unit"] == "m"].groupby("item")["quantity"].sum()
    for column, item in (
        ("trench_m", "trench"), ("existing_duct_m", "existing_duct"), ("reused_m", "duct_extra"),
    ):  # fmt: skip
        assert told[column].sum() == metres.get(item, 0)
    assert told["cables_m"].sum() == metres[metres.index.str.startswith("cable_")].sum()
    assert told["lines_count"].sum() == network.pm["lines_count"].sum()
    own = quantities.groupby("sector_id")["cost_cents"].sum()
    assert told.set_index("sector_id")["cost_cents"].loc[own.index].equals(own)
    # each tree is one, and holds a path from its root to whatever it serves
    for (tier, phase, sector, nro), rows in network.routes.fillna({"sector_id": ""}).groupby(
        ["tier", "phase", "sector_id", "nro_id"]
    ):
        ends = shapely.get_coordinates(
            [shapely.get_point(rows.geometry.to_numpy(), k) for k in (0, -1)]
        ).reshape(2, -1, 2)
        tree = nx.Graph()
        tree.add_edges_from(
            (tuple(np.round(a, 3)), tuple(np.round(b, 3))) for a, b in zip(*ends, strict=True)
        )
        assert nx.is_tree(tree), (tier, phase)
        if tier == "feeder":
            mine = network.pm[(network.pm["nro_id"] == nro) & (network.pm["phase"] == phase)]
        else:
            mine = network.pbo[(network.pbo["sector_id"] == sector) & network.pbo["reached"]]
        served = {tuple(p) for p in np.round(shapely.get_coordinates(mine.geometry.to_numpy()), 3)}
        assert served <= set(tree.nodes)
    # lines conserved: what isn't flagged reaches an NRO
    reached = network.pbo.loc[network.pbo["reached"], "lines_count"].sum()
    assert reached == network.nro["lines_count"].sum() == network.pm["lines_count"].sum()
    again = design_network(
        lay_ways(frame.sample(frac=1, random_state=seed), spacing_m=40.0, synthetic=True),
        premises=houses.sample(frac=1, random_state=seed),
        **study | {"prices": book().sample(frac=1, random_state=1)},
    )
    assert again.routes.to_wkb().equals(network.routes.to_wkb())
    assert again.quantities.equals(network.quantities)
    assert again.drops.equals(network.drops)
    curve = cumulate_costs(network)
    assert curve["cumulated_cost_cents"].iloc[-1] == network.cost_cents
    each = curve["cost_cents"] / curve["lines_count"]
    assert each.is_monotonic_increasing


def test_lengths_are_those_of_the_shapes():
    frame, houses = random_town(3)
    graph = lay_ways(frame, spacing_m=17.0, synthetic=True)
    network = design_network(
        graph, premises=houses, phases=PHASES, prices=book(), on=ON,
        rules=DesignRules(spacing_m=17.0),
    )  # fmt: skip
    assert np.abs(network.routes.length - network.routes["length_m"]).max() < 1e-3
    assert network.routes.within(frame.union_all().buffer(1e-6)).all()


@settings(max_examples=12)
@given(st.integers(0, 10_000))
def test_ducts_and_cables_are_the_routes_gathered(seed):
    frame, houses = random_town(seed)
    graph = lay_ways(frame, spacing_m=40.0, synthetic=True)
    network = compare_phasing(
        graph, premises=houses, phases=PHASES, prices=book(), on=ON,
        rules=DesignRules(spacing_m=40.0),
    )[1]  # fmt: skip
    runs = list_runs(network.routes, nro=network.nro, pm=network.pm, pbo=network.pbo)
    for name, table in runs.tables().items():
        contract(name).check(table)
    routes, cables, ducts = network.routes, runs.cables, runs.ducts
    # cables by capacity are those of the bill, but for its rounding to the metre
    billed = network.quantities[network.quantities["item"].str.startswith("cable_")]
    for (phase, item), rows in billed.groupby(["phase", "item"]):
        mine = cables[cables["phase"] == phase]
        mine = mine[mine["capacity_fibres_count"] == int(item.removeprefix("cable_"))]
        assert abs(mine["length_m"].sum() - rows["quantity"].sum()) <= 0.6
    # pieces are measured to the millimetre: half of one for each piece that a cable goes through
    pieces = routes.drop_duplicates("geometry").geometry
    for shape, length_m in zip(cables.geometry, cables["length_m"], strict=True):
        through = int(pieces.within(shape.buffer(0.01)).sum())
        assert abs(shape.length - length_m) <= 0.0005 * max(through, 1) + 1e-9
    # a duct a way and phase; together they cover what is laid, each metre once
    laid = routes.drop_duplicates(["edge_id", "geometry", "phase"])
    assert ducts["length_m"].sum() == pytest.approx(laid["length_m"].sum(), abs=0.1)
    assert ducts.groupby("phase").apply(
        lambda d: d.geometry.union_all().length, include_groups=False
    ).sum() == pytest.approx(ducts["length_m"].sum(), abs=0.1)
    # a cable lies in its ducts, end to end, and in no other
    lines = ducts.set_index("duct_id")
    for cable_id, rows in runs.cable_ducts.groupby("cable_id"):
        line = cables.set_index("cable_id").geometry[cable_id]
        inside = lines.loc[rows["duct_id"]]
        assert line.within(inside.union_all().buffer(0.01))
        assert inside["length_m"].sum() >= line.length - 0.01
        assert set(inside["phase"]) == {cables.set_index("cable_id")["phase"][cable_id]}
    assert (
        runs.cable_ducts.groupby("duct_id").size().to_dict()
        == ducts.set_index("duct_id")["cables_count"].to_dict()
    )
    # a cable begins at its site or where another ends
    begins = shapely.get_coordinates(shapely.get_point(cables.geometry.to_numpy(), 0)).round(3)
    ends = shapely.get_coordinates(shapely.get_point(cables.geometry.to_numpy(), -1)).round(3)
    sites = shapely.get_coordinates(pd.concat([network.nro, network.pm]).geometry).round(3)
    assert {tuple(p) for p in begins} <= {tuple(p) for p in np.concatenate([ends, sites])}
    turned = {n: getattr(network, n).sample(frac=1, random_state=seed) for n in ("routes", "pbo")}
    again = list_runs(turned["routes"], nro=network.nro, pm=network.pm, pbo=turned["pbo"])
    assert again.cables.to_wkb().equals(cables.to_wkb())
    assert again.ducts.to_wkb().equals(ducts.to_wkb())

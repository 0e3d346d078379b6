"""The support graph: crossings, bridges, gaps, twins, islands, prices, access of premises."""

import datetime as dt

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString

from planner.errors import RuleError
from planner.network import SupportRules, attach_premises, build_support
from planner.schemas import contract

DAY = dt.date(2018, 1, 1)
PRICES = pd.DataFrame(
    {
        "item": ["existing_duct", "existing_poles", "trench_carriageway", "trench_unpaved"],
        "unit": "m",
        "unit_price_cents": [900, 1000, 7500, 4500],
        "valid_from": pd.Timestamp(2017, 1, 1),
        "source": "example",
        "synthetic": True,
    }
)


def make_roads(*rows):
    """Rows of (id, class, level, coordinates)."""
    return gpd.GeoDataFrame(
        {
            "road_id": [r[0] for r in rows],
            "road_class": [r[1] for r in rows],
            "nature": None,
            "level": [r[2] for r in rows],
            "nom": None,
            "source": "test",
            "synthetic": True,
        },
        geometry=[LineString(r[3]) for r in rows],
        crs="EPSG:2154",
    )


def make_works(*rows):
    """Rows of (id, support, state, coordinates)."""
    shapes = [LineString(r[3]) for r in rows]
    table = gpd.GeoDataFrame(
        {
            "way_id": [r[0] for r in rows],
            "support": [r[1] for r in rows],
            "state": [r[2] for r in rows],
            "length_m": [s.length for s in shapes],
            "source": "test",
            "synthetic": True,
        },
        geometry=shapes,
        crs="EPSG:2154",
    )
    for name in contract("infrastructure").column_names:
        if name not in table:
            table[name] = pd.array([None] * len(rows), "Int64" if name == "ducts_count" else object)
            if name == "stated_length_m":
                table[name] = np.full(len(rows), np.nan)
    return table


def build(roads, works=None, **rules):
    return build_support(roads, works, prices=PRICES, on=DAY, rules=SupportRules(**rules))


def rules_of(findings):
    return {f.rule: f.count for f in findings}


CROSS = [
    ("a", "street", 0, [(0, 0), (100, 0)]),
    ("b", "track", 0, [(50, -50), (50, 50)]),
]


def test_two_roads_that_cross_meet_in_a_place():
    graph = build(make_roads(*CROSS))
    assert len(graph.nodes) == 5
    assert sorted(graph.length_mm.tolist()) == [50_000] * 4
    # 50 m under a carriageway at 75 €, or in unpaved ground at 45 €
    assert sorted(graph.cost_cents.tolist()) == [225_000, 225_000, 375_000, 375_000]
    assert graph.component_count == 1
    assert graph.edges["edge_id"].tolist() == ["a:1", "a:2", "b:1", "b:2"]
    assert nx.is_tree(graph.to_networkx())


def test_a_bridge_does_not_touch_the_road_beneath_but_joins_at_its_ends():
    bridge = ("b", "street", 1, [(50, -20), (50, 20)])
    ramps = [
        ("c", "street", 0, [(50, -80), (50, -20)]),
        ("d", "street", 0, [(50, 20), (50, 80)]),
    ]
    graph = build(make_roads(CROSS[0], bridge, *ramps))
    assert len(graph.edges) == 4
    assert graph.component_count == 2
    assert rules_of(graph.findings)["support.pieces"] == 1


def test_an_end_short_of_a_road_touches_it_within_the_tolerance_only():
    short = ("b", "street", 0, [(50, 0.3), (50, 40)])
    assert build(make_roads(CROSS[0], short)).component_count == 1
    assert build(make_roads(CROSS[0], short), snap_m=0.1).component_count == 2


def test_twins_are_one_and_the_cheaper_laying_stays():
    twin = ("z", "track", 0, [(100, 0), (0, 0)])
    graph = build(make_roads(CROSS[0], twin))
    assert graph.edges["laying"].tolist() == ["trench_unpaved"]
    assert rules_of(graph.findings)["support.merged"] == 1


def test_twins_are_not_cut_at_their_bends():
    bent = [(0, 0), (30, 10), (60, -10), (100, 0)]
    graph = build(make_roads(("a", "street", 0, bent), ("z", "street", 0, bent[::-1])))
    assert (len(graph.nodes), len(graph.edges)) == (2, 1)


def test_two_ways_between_the_same_places_stay_two():
    loop = ("z", "street", 0, [(0, 0), (50, 30), (100, 0)])
    graph = build(make_roads(CROSS[0], loop))
    assert (len(graph.nodes), len(graph.edges)) == (2, 2)


def test_a_road_that_crosses_itself_is_cut_there():
    graph = build(
        make_roads(("a", "street", 0, [(0, 0), (100, 0), (100, 50), (50, 50), (50, -50)]))
    )
    assert len(graph.nodes) == 3
    assert graph.length_mm.sum() == 300_000


def test_no_network_follows_a_ferry_so_an_island_stays_one():
    ferry = ("f", "ferry", 0, [(100, 0), (500, 0)])
    island = ("i", "street", 0, [(500, 0), (560, 0)])
    graph = build(make_roads(CROSS[0], ferry, island))
    assert rules_of(graph.findings) == {"support.no_laying": 1, "support.pieces": 1}
    premises = pd.DataFrame(
        {"premise_id": ["q", "p", "r"], "x_m": [30.0, 520.0, 30.0], "y_m": [4.0, 3.0, 400.0]}
    )
    access, findings = attach_premises(graph, premises)
    contract("support_access").check(access)
    assert access["premise_id"].tolist() == ["p", "q", "r"]
    assert access["component"].tolist() == [1, 0, 0]
    assert access["distance_m"].tolist() == [3, 4, 400]
    assert access["offset_m"].tolist() == [20, 30, 30]
    assert access["beyond_reach"].tolist() == [False, False, True]
    assert rules_of(findings) == {"support.stranded": 1, "support.beyond_reach": 1}


def test_an_existing_duct_is_joined_to_the_road_beside_it():
    works = make_works(
        ("d1", "duct", "in_service", [(10, 5), (90, 5)]),
        ("d2", "duct", "to_build", [(10, 9), (90, 9)]),
        ("d3", "buried", "existing", [(10, 7), (90, 7)]),
    )
    graph = build(make_roads(CROSS[0]), works)
    assert graph.component_count == 1
    by_laying = graph.edges.groupby("laying")["length_m"].sum().to_dict()
    # the road, and two links of 5 m laid as along it
    assert by_laying == {"existing_duct": 80, "trench_carriageway": 110}
    assert rules_of(graph.findings) == {"support.not_there": 1, "support.not_shared": 1}
    path = nx.shortest_path_length(graph.to_networkx(), 0, len(graph.nodes) - 1, weight="weight")
    assert path == 2 * 10 * 7500 + 2 * 5 * 7500 + 80 * 900


def random_roads(seed, count):
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(count):
        start = rng.integers(0, 400, 2)
        steps = rng.integers(-60, 61, (int(rng.integers(1, 4)), 2))
        points = np.vstack([start, start + np.cumsum(steps, axis=0)])
        if (np.diff(points, axis=0) == 0).all(axis=1).any():
            continue
        rows.append((f"r{k:03}", ["street", "track"][k % 2], int(rng.integers(0, 2)), points))
    return make_roads(*rows)


@pytest.mark.parametrize("seed", range(5))
def test_permuted_rows_make_the_same_graph(seed):
    roads = random_roads(seed, 60)
    first = build(roads)
    again = build(roads.sample(frac=1, random_state=seed).reset_index(drop=True))
    pd.testing.assert_frame_equal(pd.DataFrame(first.edges), pd.DataFrame(again.edges))
    pd.testing.assert_frame_equal(pd.DataFrame(first.nodes), pd.DataFrame(again.nodes))


@pytest.mark.parametrize("seed", range(5))
def test_at_one_level_the_graph_is_what_geos_nodes(seed):
    roads = random_roads(seed, 40).assign(level=0)
    graph = build(roads, snap_m=0.0)
    noded = shapely.node(shapely.MultiLineString(list(roads.geometry)))
    assert graph.length_mm.sum() / 1000 == pytest.approx(noded.length, abs=0.002 * len(graph.edges))
    lines = graph.edges.geometry.to_numpy()
    a, b = shapely.STRtree(lines).query(lines, predicate="crosses")
    # rounded to the millimetre, two pieces that share an end may still graze beside it
    met = shapely.intersection(lines[a], lines[b])
    ends = shapely.multipoints(shapely.points(graph.nodes[["x_m", "y_m"]].to_numpy()))
    assert all(m.distance(ends) < 0.01 for m in met)


def test_snapping_is_exact_and_takes_the_first_of_equals():
    roads = random_roads(7, 120).assign(level=0)
    graph = build(roads)
    rng = np.random.default_rng(1)
    nodes = graph.nodes[["x_m", "y_m"]].to_numpy()
    xy = np.vstack([rng.uniform(-100, 500, (4000, 2)), rng.normal(200, 5, (2000, 2)), nodes, nodes])
    premises = pd.DataFrame(
        {"premise_id": [f"{k:05}" for k in range(len(xy))], "x_m": xy[:, 0], "y_m": xy[:, 1]}
    )
    access, _ = attach_premises(graph, premises)
    lines = graph.edges.geometry.to_numpy()
    every = shapely.distance(shapely.points(xy)[:, None], lines[None, :])
    np.testing.assert_allclose(access["distance_m"], every.min(axis=1), rtol=0, atol=1e-9)
    chosen = graph.edges.set_index("edge_id").geometry.loc[access["edge_id"]].to_numpy()
    foot = shapely.line_interpolate_point(chosen, access["offset_m"].to_numpy())
    assert shapely.distance(foot, shapely.points(access[["x_m", "y_m"]].to_numpy())).max() < 0.001
    at_node = access.tail(len(nodes))
    number = graph.edges.reset_index().set_index("edge_id")["index"].loc[at_node["edge_id"]]
    for node, edge in enumerate(number.tolist()):
        assert edge == np.flatnonzero((graph.u == node) | (graph.v == node))[0]


def test_what_can_not_be_is_refused():
    with pytest.raises(RuleError, match="aucune voie"):
        build(make_roads(("f", "ferry", 0, [(0, 0), (1, 0)])))
    with pytest.raises(RuleError, match="trench_paved"):
        build(make_roads(("f", "paved", 0, [(0, 0), (1, 0)])))
    with pytest.raises(RuleError, match="snap_m"):
        SupportRules(snap_m=-1)

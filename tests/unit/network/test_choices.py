"""Why a feeder goes where it goes, found again among all the ways of small graphs."""

import datetime as dt

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.engineering import read_works
from planner.explain._network import tell_choice
from planner.network import design_network, lay_ways
from planner.schemas import contract

ON = dt.date(2018, 1, 1)
STEP = 100.0


def town(seed, *, synthetic=False, size=4):
    rng = np.random.default_rng(seed)
    lines = [
        [(STEP * i, STEP * j), (STEP * a, STEP * b)]
        for i in range(size) for j in range(size) for a, b in ((i + 1, j), (i, j + 1))
        if a < size and b < size and rng.random() < 0.9
    ]  # fmt: skip
    kinds = ["existing_duct", "trench_unpaved", "trench_carriageway"]
    streets = gpd.GeoDataFrame(
        {"edge_id": [f"e{k:02d}" for k in range(len(lines))], "laying": rng.choice(kinds, len(lines))},
        geometry=[shapely.LineString(line) for line in lines], crs="EPSG:2154",
    )  # fmt: skip
    ways = lay_ways(streets, spacing_m=None, synthetic=synthetic)
    x, y = rng.integers(0, int(STEP) * (size - 1), (2, 18))
    houses = pd.DataFrame(
        {"premise_id": [f"h{k:02d}" for k in range(18)],
         "sector_id": [f"S{int(a > 150)}{int(b > 150)}" for a, b in zip(x, y, strict=True)],
         "premises_min": 1, "x_m": x, "y_m": y}
    )  # fmt: skip
    return streets.set_index("edge_id"), ways, houses


def ends(line):
    return [tuple(point) for point in shapely.get_coordinates(line)[[0, -1]]]


@pytest.mark.parametrize("seed", range(6))
def test_the_next_best_way_is_the_best_of_all_the_others(seed):
    streets, ways, houses = town(seed)
    prices, _ = read_works()
    phases = {key: str(1 + int(key[1])) for key in sorted(set(houses["sector_id"]))}
    network = design_network(ways, premises=houses, phases=phases, prices=prices, on=ON)
    cents = prices.set_index("item")["unit_price_cents"]
    thin = cents[cents.index.str.startswith("cable_")].min()
    routes, pm = network.routes, network.pm.set_index("sector_id")
    nro = network.nro.set_index("nro_id").geometry
    feeders = routes[routes["tier"] == "feeder"]
    paths = {}
    for sector, row in pm.iterrows():
        mine = feeders[(feeders["nro_id"] == row["nro_id"]) & (feeders["phase"] == row["phase"])]
        tree = nx.Graph()
        for edge, line in zip(mine["edge_id"], mine.geometry, strict=True):
            tree.add_edge(*ends(line), edge=edge)
        start, end = nro[row["nro_id"]].coords[0], row["geometry"].coords[0]
        if start != end:
            steps = nx.utils.pairwise(nx.shortest_path(tree, start, end))
            paths[sector] = [tree.edges[step]["edge"] for step in steps]
    told = network.choices.set_index("sector_id")
    contract("feeder_choices").check(network.choices)
    assert set(told.index) == set(paths)
    graph = nx.Graph()
    for edge, line in streets.geometry.items():
        graph.add_edge(*ends(line), edge=edge)
    for sector, path in paths.items():
        row, phase = told.loc[sector], pm.loc[sector, "phase"]
        before = set(routes.loc[routes["phase"] < phase, "edge_id"])
        others = {edge for other, steps in paths.items() if other != sector for edge in steps}
        own = [edge for edge in path if edge not in before | others]
        tiers = routes.groupby("edge_id").size()
        shared = [e for e in path if e in before | others or tiers[e] > 1]

        def price(steps, own=own, free=before | others):
            paid = [edge for edge in steps if edge in own or edge not in free]
            works = sum(STEP * cents[streets.loc[edge, "laying"]] for edge in paid)
            return works + STEP * thin * len(steps)

        assert row["feeder_m"] == STEP * len(path)
        assert row["alone_m"] == STEP * len(own)
        assert row["shared_m"] == STEP * len(shared)
        assert row["way_cents"] == price(path)
        start, end = nro[pm.loc[sector, "nro_id"]].coords[0], pm.loc[sector, "geometry"].coords[0]
        every = [
            [graph.edges[step]["edge"] for step in nx.utils.pairwise(way)]
            for way in nx.all_simple_paths(graph, start, end)
        ]
        least, best = min((len(set(way) & set(own)), price(way)) for way in every)
        if own and least < len(own):
            assert row["other_cents"] == best
        else:
            assert pd.isna(row["other_cents"])
        # whatever happens, it can be said
        words = [line.say(lang) for line in tell_choice(row.to_dict()) for lang in ("fr", "en")]
        assert words
        assert not any("trench_" in line or "existing_" in line for line in words)


def test_on_made_up_ways_nothing_is_said():
    _, ways, houses = town(1, synthetic=True)
    network = design_network(
        ways, premises=houses, phases=dict.fromkeys(set(houses["sector_id"]), "1"),
        prices=read_works()[0], on=ON,
    )  # fmt: skip
    assert network.choices.empty
    assert "feeder_choices" not in network.tables()


def told(**changed):
    row = {
        "feeder_m": 500.0, "alone_m": 300.0, "shared_m": 250.0, "alone_laying": "existing_duct",
        "way_cents": 270_000, "other_m": 600.0, "other_laying": "micro_trench", "other_cents": 420_000,
    }  # fmt: skip
    return "\n".join(line.say() for line in tell_choice(row | changed))


def test_a_choice_in_words():
    said = told()
    assert "300 m sur 500" in said
    assert "fourreau existant" in said
    assert "50,0" in said
    # a laying that the price book adds keeps its name
    assert "micro_trench là où il s'écarte), qui coûterait 1\u202f500\u202f€ de plus" in said
    assert "500\u202f€ de moins" in told(other_cents=220_000)
    assert "aucun autre chemin" in told(other_cents=None, other_m=None, other_laying=None)
    assert "d'autres transports" in told(alone_m=0.0)
    assert not told(feeder_m=0.0)

"""Sectors cut along ways: areas of PM that hang together along the network."""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.network import lay_ways
from planner.schemas import contract
from planner.spatial import PolygonIndex
from planner.zoning import CutRules, cut_sectors
from tests.unit.test_sectors import SOUTH, WEST, make_communes, make_premises

LONG = shapely.box(WEST, SOUTH, WEST + 4000, SOUTH + 1000)
RULES = CutRules(minimum=60, maximum=240, target=120, cell_premises=15)


def make_ways(lines):
    frame = gpd.GeoDataFrame(
        {"edge_id": [f"e{k:04d}" for k in range(len(lines))], "laying": "trench"},
        geometry=[shapely.LineString(line) for line in lines], crs="EPSG:2154",
    )  # fmt: skip
    return lay_ways(frame, spacing_m=100.0, synthetic=True)


def valley(seed=3):
    """A commune with a road on each bank of a river, and one bridge at its eastern end."""
    commune = make_communes(("35001", "Rives", "200000001", "public", LONG))
    west, south, east, _ = commune.geometry.iloc[0].bounds
    rng = np.random.default_rng(seed)
    banks = [south + 350, south + 650]
    x = np.round(rng.uniform(west + 20, east - 20, 480), 1)
    y = np.round(np.repeat(banks, 240) + rng.uniform(-60, 60, 480), 1)
    roads = [[(west + 10, bank), (east - 10, bank)] for bank in banks]
    bridge = [(east - 10, banks[0]), (east - 10, banks[1])]
    return commune, make_premises(x, y, ["35001"] * 480), make_ways([*roads, bridge])


def apart_of(cut, premises, ways):
    """Count the premises that a walk inside their sector doesn't lead to the others."""
    sector = PolygonIndex(cut.sectors.geometry.to_numpy()).locate(ways.x_m, ways.y_m)
    graph = nx.Graph()
    graph.add_nodes_from(range(ways.place_count))
    for a, b in zip(ways.start.tolist(), ways.end.tolist(), strict=True):
        if sector[a] == sector[b]:
            graph.add_edge(a, b)
    places = ways.nearest(premises["x_m"].to_numpy(float), premises["y_m"].to_numpy(float))[1]
    lost = 0
    for k in range(len(cut.sectors)):
        mine = places[(cut.sector_of_premise.codes == k) & (sector[places] == k)]
        held = [np.isin(mine, list(part)).sum() for part in nx.connected_components(graph)]
        lost += mine.size - max(held)
    return lost


def test_a_river_is_not_crossed_where_no_bridge_is():
    commune, premises, ways = valley()
    land = cut_sectors(premises, commune, rules=RULES)
    along = cut_sectors(premises, commune, rules=RULES, ways=ways)
    assert apart_of(land, premises, ways) > 100
    assert apart_of(along, premises, ways) == 0
    assert "zoning.sector_apart" not in [f.rule for f in along.findings]
    counts = along.sectors["premises_count"]
    assert counts.sum() == 480
    assert counts.between(RULES.minimum, RULES.maximum).all()


def test_sectors_along_ways_are_a_coverage_under_their_contract():
    commune, premises, ways = valley()
    cut = cut_sectors(premises, commune, rules=RULES, ways=ways)
    shapes = cut.sectors.geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes)
    assert shapely.union_all(shapes).symmetric_difference(commune.geometry.iloc[0]).area < 1
    assert (shapely.get_num_geometries(shapes) == 1).all()
    contract("sectors").check(cut.sectors)
    contract("sector_shares").check(cut.sector_shares)


def test_permuted_rows_give_the_same_sectors():
    commune, premises, ways = valley()
    first = cut_sectors(premises, commune, rules=RULES, ways=ways)
    shuffled = premises.sample(frac=1, random_state=4).reset_index(drop=True)
    again = cut_sectors(shuffled, commune, rules=RULES, ways=ways)
    assert first.sectors.to_wkb().equals(again.sectors.to_wkb())
    both = pd.Series(again.sector_of_premise.astype(str), index=shuffled["premise_id"])
    assert both.loc[premises["premise_id"]].tolist() == list(first.sector_of_premise.astype(str))


def test_a_hamlet_without_a_way_is_joined_and_told():
    commune, premises, _ = valley()
    west, south, east, _ = commune.geometry.iloc[0].bounds
    one_bank = make_ways(
        [[(west + 10, south + 350), (east - 10, south + 350)],
         [(west + 10, south + 900), (west + 300, south + 900)]]
    )  # fmt: skip
    far = make_premises([west + 200.0] * 20, south + 890.0 + np.arange(20.0), ["35001"] * 20)
    far["premise_id"] = [f"Q{k:05d}" for k in range(20)]
    whole = pd.concat([premises.head(240), far], ignore_index=True)
    whole["insee"] = whole["insee"].astype("category")
    cut = cut_sectors(whole, commune, rules=RULES, ways=one_bank)
    assert cut.sectors["premises_count"].sum() == 260
    assert cut.sectors["premises_count"].min() >= RULES.minimum
    told = [f for f in cut.findings if f.rule == "zoning.sector_apart"]
    assert [f.count for f in told] == [apart_of(cut, whole, one_bank)]
    assert told[0].count == 20


@pytest.mark.parametrize("minimum", [60, 120])
def test_a_pm_without_remote_connection_asks_for_more_lines(minimum):
    commune, premises, ways = valley()
    rules = CutRules(minimum=minimum, maximum=400, target=max(120, minimum), cell_premises=15)
    cut = cut_sectors(premises, commune, rules=rules, ways=ways)
    assert cut.sectors["premises_count"].between(minimum, 400).all()

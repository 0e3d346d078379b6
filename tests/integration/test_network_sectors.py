"""Two real places cut into areas of PM along their roads, then designed on them."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.engineering import read_works
from planner.io import read_roads
from planner.network import DesignRules, build_support, design_network, lay_ways
from planner.zoning import CutRules, cut_sectors

ON = dt.date(2018, 1, 1)
TOWNS = {"osm-redon-2019": "35236", "osm-saint-jean-la-poterie-2019": "56223"}
RULES = CutRules(minimum=100, maximum=400, target=180, cell_premises=12)


def read_buildings(path, insee):
    """One dwelling a building; where it stands is real, that it is a dwelling isn't."""
    spots = gpd.read_file(path, layer="buildings").to_crs(2154).geometry.centroid
    count = len(spots)
    ids = [f"B{k:05d}" for k in range(count)]
    return pd.DataFrame(
        {
            "premise_id": ids, "building_id": ids, "insee": pd.Categorical([insee] * count),
            "kind": "dwelling", "premises_min": 1, "premises_max": 1,
            "x_m": spots.x.to_numpy().round(3), "y_m": spots.y.to_numpy().round(3),
        }
    )  # fmt: skip


def around(premises, insee):
    box = shapely.box(
        premises["x_m"].min() - 50, premises["y_m"].min() - 50, premises["x_m"].max() + 50,
        premises["y_m"].max() + 50,
    )  # fmt: skip
    return gpd.GeoDataFrame(
        {
            "insee": [insee], "nom": ["Centre"], "departement": [insee[:2]],
            "epci_siren": pd.array(["200000001"], dtype="str"), "population": [1000],
            "regulatory_zone": ["public"], "bourg_x_m": [box.centroid.x],
            "bourg_y_m": [box.centroid.y],
        },
        geometry=[box], crs="EPSG:2154",
    )  # fmt: skip


@pytest.fixture(scope="module", params=sorted(TOWNS))
def town(request, shared):
    insee = TOWNS[request.param]
    package = next((shared / request.param).glob("*.gpkg"))
    premises = read_buildings(package, insee)
    communes = around(premises, insee)
    prices = read_works()[0]
    support = build_support(read_roads(package, layer="roads").roads, prices=prices, on=ON)
    edges = support.edges[["edge_id", "laying", "geometry"]]
    ways = lay_ways(edges, spacing_m=30.0, synthetic=False)
    cut = cut_sectors(premises, communes, rules=RULES, ways=ways, synthetic=False)
    premises["sector_id"] = cut.sector_of_premise
    phases = dict.fromkeys(cut.sectors["sector_id"].astype(str), "1")
    network = design_network(
        ways, premises=premises, phases=phases, prices=prices, on=ON, rules=DesignRules(),
        sectors=cut.sectors,
    )  # fmt: skip
    return premises, communes, ways, cut, network


def test_areas_tile_the_commune_and_keep_their_capacity(town):
    premises, communes, _, cut, _ = town
    shapes = cut.sectors.geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes)
    assert shapely.union_all(shapes).symmetric_difference(communes.geometry.iloc[0]).area < 1
    counts = cut.sectors["premises_count"]
    assert counts.sum() == len(premises)
    assert counts.between(RULES.minimum, RULES.maximum).all()


def test_what_the_roads_inside_leave_apart_is_told(town):
    premises, _, _, cut, _ = town
    apart = sum(f.count for f in cut.findings if f.rule == "zoning.sector_apart")
    assert apart <= 0.1 * len(premises)


def test_each_area_has_one_pm_whose_routes_stay_near(town):
    premises, _, _, cut, network = town
    assert sorted(network.pm["sector_id"].astype(str)) == sorted(cut.sectors["sector_id"])
    assert (network.pm["lines_count"] <= RULES.maximum).all()
    assert len(network.drops) == len(premises)
    reached = network.drops["reached"]
    told = sum(f.count for f in network.findings if f.rule == "design.unreached")
    assert told == (~reached).sum()
    # a PM stands in its own area, or on the road along its border
    areas = cut.sectors.set_index("sector_id").geometry
    away = [
        areas[name].distance(spot)
        for name, spot in zip(network.pm["sector_id"], network.pm.geometry, strict=True)
    ]
    assert np.max(away) < 100

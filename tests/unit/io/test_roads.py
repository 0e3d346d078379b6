"""Roads as partners deliver them, and real ones become a support graph."""

import datetime as dt

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.errors import DataFileError
from planner.io import read_roads, read_table
from planner.io.geodata import geodata_folder
from planner.network import attach_premises, build_support
from planner.schemas import contract

REDON = "osm-redon-2019"
SAINT_JEAN = "osm-saint-jean-la-poterie-2019"


def write(path, rows, geometry, crs="EPSG:2154"):
    table = gpd.GeoDataFrame(rows, geometry=geometry, crs=crs)
    table.to_file(path, engine="pyogrio")
    return path


LINE = shapely.LineString([(300_000, 6_740_000), (300_100, 6_740_000)])
BD_TOPO = {
    "cleabs": ["TRONROUT2", "TRONROUT1", "TRONROUT3", "TRONROUT4"],
    "nature": ["Route à 1 chaussée", "Route à 1 chaussée", "Bac ou liaison maritime", "Téléphérique"],
    "position_par_rapport_au_sol": ["0", "1", "Gué ou radier", "x"],
    "importance": ["5", "2", None, None],
    "nom_1_gauche": ["R DE L'ÎLE", None, None, None],
}  # fmt: skip


@pytest.mark.parametrize("name", ["roads.gpkg", "roads.geojson"])
def test_bd_topo_is_understood(tmp_path, name):
    crs = "EPSG:4326" if name.endswith("geojson") else "EPSG:2154"
    shapes = gpd.GeoSeries([LINE] * 4, crs="EPSG:2154").to_crs(crs)
    read = read_roads(write(tmp_path / name, BD_TOPO, shapes, crs))
    contract("roads").check(read.roads)
    assert read.roads["road_id"].tolist() == [f"TRONROUT{k}" for k in (1, 2, 3, 4)]
    assert read.roads["road_class"].tolist() == ["main", "street", "ferry", "other"]
    assert read.roads["level"].tolist() == [1, 0, 0, 0]
    assert read.roads["nom"].tolist()[1] == "R DE L'ÎLE"
    assert read.roads.geometry.length.tolist() == pytest.approx([100] * 4, abs=1e-3)
    assert {f.rule for f in read.findings} == {"io.road_nature", "io.road_level"}
    assert "téléphérique" in read.findings.table()["message"].str.lower().str.cat()


def test_the_shapefile_of_bd_topo_too(tmp_path):
    rows = {"ID": ["B", "A"], "NATURE": ["Chemin", "Rond-point"], "POS_SOL": ["-1", "0"]}
    read = read_roads(write(tmp_path / "t.shp", rows, [LINE, LINE]))
    assert read.roads["road_class"].tolist() == ["street", "track"]
    assert read.roads["level"].tolist() == [0, -1]


def test_openstreetmap_levels_come_from_layer_bridge_or_tunnel(tmp_path):
    rows = {
        "osm_id": ["1", "2", "3", "4", "4"],
        "highway": ["primary", "footway", "steps", "pedestrian", "pedestrian"],
        "other_tags": ['"bridge"=>"yes","layer"=>"2"', '"bridge"=>"yes"', '"tunnel"=>"culvert"',
                       '"bridge"=>"no"', None],
    }  # fmt: skip
    read = read_roads(write(tmp_path / "osm.gpkg", rows, [LINE] * 5))
    assert read.roads["road_id"].tolist() == ["1", "2", "3", "4", "4#2"]
    assert read.roads["road_class"].tolist() == ["main", "path", "steps", "paved", "paved"]
    assert read.roads["level"].tolist() == [2, 1, -1, 0, 0]


def test_no_row_is_lost(tmp_path):
    shapes = [LINE, None, shapely.MultiLineString([LINE, shapely.affinity.translate(LINE, 0, 9)])]
    read = read_roads(write(tmp_path / "r.gpkg", {"highway": ["track"] * 3}, shapes))
    assert (read.rows_in, read.rows_used, len(read.rejected_rows)) == (3, 2, 1)
    assert read.roads["road_id"].is_unique
    assert len(read.roads) == 3


def test_a_broken_graphml_is_refused_in_words(tmp_path):
    path = tmp_path / "x.graphml"
    path.write_text("<graphml><graph>", encoding="utf-8")
    with pytest.raises(DataFileError, match=r"x\.graphml"):
        read_roads(path)
    with pytest.raises(DataFileError, match="absent"):
        read_roads(tmp_path / "absent.graphml")


def build(roads):
    prices = read_table(geodata_folder() / "works" / "works_prices.csv", "works_prices").table
    return build_support(roads, prices=prices, on=dt.date(2018, 1, 1))


def buildings(folder):
    shapes = gpd.read_file(next(folder.glob("*.gpkg")), layer="buildings").to_crs("EPSG:2154")
    centre = shapes.centroid
    return pd.DataFrame(
        {"premise_id": [f"{k:05}" for k in range(len(shapes))], "x_m": centre.x, "y_m": centre.y}
    )


def test_redon_from_osmnx(shared):
    path = shared / REDON / "redon_roads.graphml"
    read = read_roads(path)
    contract("roads").check(read.roads)
    assert (read.rows_in, read.rows_used) == (658, 658)
    graph = build(read.roads)
    given = nx.read_graphml(path)
    assert len(given) == 248
    # each street comes in both directions: its length counts once
    assert graph.length_mm.sum() / 1e6 == pytest.approx(16.3, abs=0.1)
    xy = gpd.GeoSeries(
        gpd.points_from_xy(
            [float(d["x"]) for _, d in given.nodes(data=True)],
            [float(d["y"]) for _, d in given.nodes(data=True)],
        ),
        crs="EPSG:4326",
    ).to_crs("EPSG:2154")
    places = shapely.multipoints(graph.nodes.geometry.to_numpy())
    assert xy.distance(places).max() < 1


@pytest.mark.parametrize("place", [REDON, SAINT_JEAN])
def test_real_roads_are_noded_and_every_building_reached_or_flagged(shared, place):
    folder = shared / place
    roads = read_roads(next(folder.glob("*.gpkg")), layer="roads").roads
    graph = build(roads)
    assert shapely.length(graph.edges.geometry).sum() == pytest.approx(
        graph.length_mm.sum() / 1000, abs=0.001 * len(graph.edges)
    )
    # an independent measure of what was drawn: every edge lies on a road
    near = shapely.buffer(shapely.union_all(roads.geometry.to_numpy()), 0.6)
    assert shapely.covered_by(graph.edges.geometry.to_numpy(), near).all()
    premises = buildings(folder)
    access, findings = attach_premises(graph, premises)
    all_edges = shapely.union_all(graph.edges.geometry.to_numpy())
    far = shapely.distance(shapely.points(premises[["x_m", "y_m"]].to_numpy()), all_edges)
    np.testing.assert_allclose(access["distance_m"], far, atol=1e-6)
    flagged = {f.rule: f.count for f in findings}.get("support.beyond_reach", 0)
    assert flagged == int((far > 100).sum()) == int(access["beyond_reach"].sum())

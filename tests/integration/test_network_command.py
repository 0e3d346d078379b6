"""Two real places as a user has them: a file of buildings, a file of roads, and the command."""

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from typer.testing import CliRunner

from planner.cli import app
from planner.crs import WORKING_CRS
from planner.errors import UnknownNameError
from planner.prepare import prepare_territory
from planner.scenario import Scenario

TOWNS = {
    "35236": ("osm-redon-2019/osm_redon.gpkg", "osm-redon-2019/redon_roads.graphml", None),
    "56223": (
        "osm-saint-jean-la-poterie-2019/osm_saint-jean-la-poterie.gpkg",
        "osm-saint-jean-la-poterie-2019/osm_saint-jean-la-poterie.gpkg",
        "roads",
    ),
}


def asphalt_of(path, layer):
    """Return the lines of the file, read without the planner."""
    if layer is not None:
        return gpd.read_file(path, layer=layer).to_crs(WORKING_CRS).geometry.union_all()
    graph = nx.read_graphml(path)
    place = {name: (float(d["x"]), float(d["y"])) for name, d in graph.nodes(data=True)}
    lines = [
        shapely.from_wkt(data["geometry"])
        if "geometry" in data
        else shapely.LineString([place[a], place[b]])
        for a, b, data in graph.edges(data=True)
    ]
    return gpd.GeoSeries(lines, crs=4326).to_crs(WORKING_CRS).union_all()


@pytest.fixture(scope="module", params=sorted(TOWNS))
def town(request, shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    buildings, roads, layer = TOWNS[request.param]
    layer_line = "" if layer is None else f'layer = "{layer}"'
    (folder / "town.toml").write_text(
        f"""
name = "town"
territory.within = ["{request.param}"]
zones.source = "none"
[premises]
source = "file"
path = "{(shared / buildings).as_posix()}"
layer = "buildings"
[roads]
path = "{(shared / roads).as_posix()}"
{layer_line}
""",
        encoding="utf-8",
    )
    out = folder / "out"
    asked = ["plan", str(folder / "town.toml"), "--network", "--out", str(out)]
    answer = CliRunner().invoke(app, asked)
    assert answer.exit_code == 0, answer.output
    assert "sur les voies données" in answer.output
    layers = {
        name: gpd.read_file(out / "town.gpkg", layer=name) for name in ("routes", "pbo", "nro")
    }
    rows = {p.stem: pd.read_csv(p, dtype={"insee": str}) for p in (out / "tables").glob("*.csv")}
    source = gpd.read_file(shared / buildings, layer="buildings").to_crs(WORKING_CRS)
    return request.param, source, asphalt_of(shared / roads, layer), rows, layers


def test_every_building_of_the_file_is_served_or_flagged(town):
    code, source, asphalt, rows, _ = town
    premises, told = rows["premises"], rows["network_sectors"]
    aside = rows["rejected_rows"] if "rejected_rows" in rows else premises.iloc[:0]
    assert len(premises) + len(aside) == len(source)
    assert set(premises["insee"]) == {code}
    assert told["lines_count"].sum() + told["unreached_count"].sum() == len(premises)
    assert told["unreached_count"].sum() == 0
    # who stands far from any road is told on demand, nobody else is, but for half a spacing
    spots = gpd.GeoSeries(gpd.points_from_xy(premises["x_m"], premises["y_m"]), crs=WORKING_CRS)
    away = spots.distance(asphalt)
    assert (away > 100).sum() <= told["on_demand_count"].sum() <= (away > 98).sum()
    # buildings stand where their outlines are
    _, gap = shapely.STRtree(source.geometry.make_valid().to_numpy()).query_nearest(
        spots.to_numpy(), return_distance=True, all_matches=False
    )
    assert gap.max() < 0.01
    if code == "35236":  # its extract reaches over the Vilaine, into another region
        assert len(source) == 1071
        assert len(aside) == 119
        assert set(aside["reason"]) == {"outside_communes"}
        assert told["on_demand_count"].sum() == 15


def test_every_route_runs_along_a_road_and_is_as_long_as_it_is_drawn(town):
    _, _, asphalt, rows, layers = town
    routes = layers["routes"]
    assert routes.within(asphalt.buffer(0.05)).all()
    assert np.abs(routes.length - routes["length_m"]).max() < 1e-3
    assert not routes["synthetic"].any()
    # whatever is opened is opened once, and billed in whole metres
    told = rows["network_sectors"]
    trench = told[["trench_m", "existing_duct_m", "existing_poles_m", "new_poles_m"]].to_numpy()
    assert abs(trench.sum() - routes.union_all().length) <= 3
    assert told["cost_cents"].sum() == rows["quantities"]["cost_cents"].sum()
    # cables along their path and ducts by laying are the same metres
    assert rows["cables"]["length_m"].sum() == pytest.approx(told["cables_m"].sum(), abs=4)
    assert rows["ducts"]["length_m"].sum() == pytest.approx(routes.union_all().length, abs=0.5)
    assert set(rows["cable_ducts"]["cable_id"]) == set(rows["cables"]["cable_id"])


def test_every_box_is_joined_to_its_nro_by_what_is_drawn(town):
    _, _, _, _, layers = town
    routes, boxes = layers["routes"].explode(ignore_index=True), layers["pbo"]
    graph = nx.Graph()
    ends = [
        np.round(shapely.get_coordinates(shapely.get_point(routes.geometry.to_numpy(), k)), 3)
        for k in (0, -1)
    ]
    for a, b, length in zip(*ends, routes["length_m"], strict=True):
        graph.add_edge(tuple(a), tuple(b), length=length)
    (nro,) = layers["nro"].geometry
    start = tuple(np.round([nro.x, nro.y], 3))
    reach = nx.single_source_dijkstra_path_length(graph, start, weight="length")
    for box in boxes.itertuples():
        place = tuple(np.round([box.geometry.x, box.geometry.y], 3))
        assert reach[place] <= box.loop_m + 0.01


def test_a_territory_within_some_codes_keeps_who_they_belong_to(monkeypatch):
    asked = {"territory": {"within": ["35236", "56223"]}, "zones": {"source": "none"}}
    territory = prepare_territory(Scenario.from_dict(asked))
    assert territory.communes["insee"].tolist() == ["35236", "56223"]
    assert territory.epci["siren"].tolist() == ["243500741"]
    assert territory.departements["code"].tolist() == ["35", "56"]
    assert set(territory.premises["insee"].astype(str)) == {"35236", "56223"}
    assert set(territory.sectors["insee"]) == {"35236", "56223"}
    assert territory.programme_figures.empty
    monkeypatch.setattr("planner.prepare.generate_premises", None)  # refused before any is made up
    with pytest.raises(UnknownNameError, match="99999"):
        prepare_territory(Scenario.from_dict({"territory": {"within": ["99999", "35236"]}}))

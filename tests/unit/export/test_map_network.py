"""The network on the map: what is drawn is what was designed, and what it says of itself."""

import json
import re
import zlib
from base64 import b64decode

import numpy as np
import pytest
import shapely

from planner.engineering import add_network, read_works
from planner.export.map import MapData, map_html, network
from planner.export.map.network import drawn_routes, legend_rows, network_block
from planner.export.map.themes import paint
from planner.export.map.topology import grid_xy
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory
from planner.vocab import Level


@pytest.fixture(scope="module")
def plan():
    prices, keys = read_works()
    answer = make_plan(toy_territory(), Scenario(name="toy", title="Jouet"))
    return add_network(answer, prices=prices, funding_keys=keys)


@pytest.fixture(scope="module")
def data(plan):
    return MapData.from_plan(plan)


def unpacked(block):
    """Return the vertices of each line, as the page reads them."""
    points = np.cumsum(np.array(block["steps"]).reshape(-1, 2), axis=0)
    return np.split(points, np.cumsum(block["sizes"])[:-1])


def test_lines_drawn_are_the_routes_each_once(data, plan):
    block = network_block(data, lang="fr")
    for route in block["routes"]:
        tier, laying = route["key"].split(".")
        rows = plan.more["routes"]
        mine = rows[(rows["tier"] == tier) & (rows["laying"] == laying)]
        # the same ground, on the grid: 1.6 m a pixel, half of it in rounding at each end
        whole = mine.union_all()
        spots = shapely.get_coordinates(whole)
        flat = grid_xy(spots[:, 0], spots[:, 1])
        drawn = shapely.MultiLineString([line.tolist() for line in unpacked(route)])
        placed = shapely.transform(whole, lambda _, flat=flat: flat)
        assert drawn.hausdorff_distance(placed) < 1
        assert abs(drawn.length - placed.length) <= 2 * len(spots)
    assert {route["key"] for route in block["routes"]} == set(
        plan.more["routes"]["tier"] + "." + plan.more["routes"]["laying"]
    )


def test_rows_of_the_cards_are_those_of_the_table(data, plan):
    block = network_block(data, lang="fr")
    table = plan.more["network_sectors"].set_index("sector_id")
    assert len(block["sectors"]) == len(data.sectors)
    for key, row in zip(data.sectors["sector_id"], block["sectors"], strict=True):
        told = table.loc[key]
        assert str(told["nro_id"]) in row[0]
        assert row[3] == round(told["feeder_m"])
        poles = ("used", "new", "replaced", "reinforced")
        assert row[-7:-3] == [told[f"poles_{kind}_count"] for kind in poles]
        assert row[-3:] == [told["cost_cents"], told["cents_per_line"], told["avoided_cents"]]
    assert block["madeUp"]
    marks = {mark["key"]: len(mark["x"]) for mark in block["marks"]}
    assert marks == {"nro_new": len(plan.more["nro"]), "pm_remote": len(plan.more["pm"])}


def test_the_theme_is_there_only_with_a_network(data, plan):
    themes = {painted.theme.key: painted for painted in paint(data)}
    classes = themes["network"].theme.classes
    costs = plan.more["network_sectors"].set_index("sector_id")["cents_per_line"]
    for key, at in zip(data.sectors["sector_id"], themes["network"].sectors, strict=True):
        above = [entry.minimum for entry in classes if entry.minimum is not None]
        assert classes[at].minimum == max(low for low in above if low <= costs[key])
    bare = MapData.from_plan(make_plan(plan.territory, plan.scenario))
    assert "network" not in {painted.theme.key for painted in paint(bare)}
    assert network_block(bare, lang="fr") is None
    assert 'name="route"' not in map_html(bare)


def test_what_is_made_up_and_what_is_left_out_is_said(data, monkeypatch):
    rows, notes = legend_rows(data, lang="fr")
    assert [row["key"] for row in rows][:2] == ["nro_new", "pm_remote"]
    assert "synthétique" in notes[0]
    assert "synthetic" in legend_rows(data, lang="en")[1][0].lower()
    monkeypatch.setattr(network, "MOST_PIECES", 3)
    routes, left_out = drawn_routes(data, lang="fr")
    assert left_out
    assert {drawn.key.split(".")[0] for drawn in routes} == {"feeder"}
    assert len(legend_rows(data, lang="fr")[1]) == 2


def test_a_place_keeps_what_serves_it(data):
    siren = data.epci["siren"].iloc[0]
    part = data.focus(Level.EPCI, siren)
    keys = set(part.sectors["sector_id"])
    assert set(part.network_sectors["sector_id"]) == keys == set(part.pm["sector_id"])
    assert set(part.routes["sector_id"].dropna()) <= keys
    assert set(part.nro["nro_id"]) == set(part.pm["nro_id"])


def test_the_same_bytes_from_permuted_rows(data):
    first = map_html(data)
    tables = {n: getattr(data, n) for n in ("nro", "pm", "routes", "network_sectors")}
    turned = {n: t.sample(frac=1, random_state=3).reset_index(drop=True) for n, t in tables.items()}
    again = map_html(
        type(data)(**{f: getattr(data, f) for f in data.__dataclass_fields__} | turned)
    )
    packed = re.search(r'id="donnees"[^>]*>([^<]+)<', first)[1]
    payload = json.loads(zlib.decompress(b64decode(packed), -zlib.MAX_WBITS))
    assert payload["network"]["routes"]
    assert again == first

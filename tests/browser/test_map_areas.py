"""The light page of outlines: the same areas as the plan, to the vertex, in silence."""

import base64
import json
import re
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from planner.export.map import MapData, write_areas_map
from planner.export.map.areas import decode_areas, encode_areas
from planner.export.map.premises import POINT_ZOOM
from planner.export.map.projection import MISS_PIXELS, GridSeries
from planner.export.map.topology import GRID_ZOOM, grid_xy
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory

pytestmark = pytest.mark.browser

NASTY = "{{7*7}}{#</script><img src=x onerror=alert(1)>"
AXE = Path(__file__).with_name("axe.min.js")


@pytest.fixture(scope="module")
def data():
    territory = toy_territory()
    sectors = territory.sectors.copy()
    sectors.loc[sectors["sector_id"] == "35002-01", "nom"] = NASTY
    # a hole, and a part apart: what a plain ring can't say
    whole = sectors.geometry.iloc[0]
    far = shapely.transform(whole.centroid.buffer(150), lambda xy: xy + 30_000)
    sectors.loc[0, "geometry"] = shapely.union(whole.difference(whole.centroid.buffer(200)), far)
    plan = make_plan(toy_territory(), Scenario(name="toy", title="Carte jouet"))
    return replace(MapData.from_plan(plan), sectors=sectors)


@pytest.fixture(scope="module")
def file(data, tmp_path_factory):
    return write_areas_map(tmp_path_factory.mktemp("limites") / "limites.html", data)


@pytest.fixture
def page(browser, file):
    context = browser.new_context(viewport={"width": 390, "height": 800})
    opened = context.new_page()
    asked, said = [], []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.goto(file.as_uri())
    opened.wait_for_selector("html.ready", timeout=20_000)
    yield opened
    assert asked == [file.as_uri()]
    assert said == []
    context.close()


def pixels(table):
    """Rings of each area in pixels, as PROJ has them."""
    found = []
    for shape in table.geometry:
        rings = [ring for part in shapely.get_parts(shape) for ring in (part.exterior, *part.interiors)]  # fmt: skip
        xy = [shapely.get_coordinates(ring)[:-1] for ring in rings]
        found.append([grid_xy(c[:, 0], c[:, 1]) * 2 ** (POINT_ZOOM - GRID_ZOOM) for c in xy])
    return found


def test_every_ring_comes_back_to_the_pixel(data, file):
    blocks = re.findall(r'class="donnees"[^>]*>([^<]*)<', file.read_text(encoding="utf-8"))
    head, stream = (zlib.decompress(base64.b64decode(text), -15) for text in blocks)
    layers = json.loads(head)["layers"]
    assert [layer["key"] for layer in layers] == ["sector", "commune"]
    assert NASTY in layers[0]["names"]
    tables = {"sector": data.sectors, "commune": data.communes}
    assert stream == encode_areas(tables)
    decoded = decode_areas(stream, [(len(layer["names"]), layer["rings"]) for layer in layers])
    for areas, table in zip(decoded, tables.values(), strict=True):
        for rings, truth in zip(areas, pixels(table), strict=True):
            assert [len(ring) for ring in rings] == [len(ring) for ring in truth]
            assert np.abs(np.concatenate(rings) - np.concatenate(truth)).max() <= 0.5 + MISS_PIXELS


def test_the_page_decodes_the_same_rings(page, data):
    drawn = page.evaluate(
        """() => { const { topology, outlines } = planner.page;
          const ring = (a) => [...topology.points.slice(2 * topology.starts[a], 2 * topology.starts[a + 1])];
          return Object.fromEntries(Object.entries(outlines).map(([key, areas]) => [key, areas.map((area) => area.arcs.map(ring))])); }"""
    )
    for key, table in (("sector", data.sectors), ("commune", data.communes)):
        for rings, truth in zip(drawn[key], pixels(table), strict=True):
            assert len(rings) == len(truth)
            for ring, expected in zip(rings, truth, strict=True):
                shown = np.array(ring).reshape(-1, 2)
                assert shown[0].tolist() == shown[-1].tolist()
                assert np.abs(shown[:-1] - expected).max() <= 0.5 + MISS_PIXELS


def test_a_place_is_found_by_its_name(page):
    page.fill("#lieu", NASTY[:5])
    page.press("#lieu", "Enter")
    page.wait_for_timeout(200)
    assert page.locator("#annonce").inner_text() == f"{NASTY} (35002-01)"
    assert page.locator("img").count() == 0
    page.uncheck("input[value=sector]")
    assert page.evaluate("planner.page.scene.lines[0].shown") is False


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_axe_finds_nothing(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate(AXE.read_text(encoding="utf-8"))
    report = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in report["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_same_bytes(data, file, tmp_path):
    again = write_areas_map(tmp_path / "b.html", data)
    assert again.read_bytes() == file.read_bytes()


@pytest.mark.parametrize("bounds", [(99_000, 6_700_000, 420_000, 6_900_000), (0, 6e6, 1.2e6, 7.2e6)])  # fmt: skip
def test_the_series_is_proj_to_a_thousandth_of_a_pixel(bounds):
    rng = np.random.default_rng(3)
    x, y = (rng.uniform(bounds[k], bounds[k + 2], 2_000) for k in (0, 1))
    assert np.abs(GridSeries(bounds)(x, y) - grid_xy(x, y)).max() <= MISS_PIXELS

"""The officials' map against ``folium.GeoJson``, in one run: size, time, and the page in a browser.

Writes the regional map with every premise; then the sectors and communes alone, without premises on
either side, by the light page and by Folium's own layer, and compares what both draw vertex by
vertex.  Opens the map in Chromium from a file,
at full speed and at a quarter of the CPU on a phone's screen.

    python benchmarks/bench_map.py [--smoke]

``--smoke`` takes the toy territory.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import shutil
import tempfile
import time
import zlib
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

import folium
import geopandas as gpd
import numpy as np
import shapely

from planner.export.map import MapData, map_html, write_areas_map, write_map
from planner.export.map.areas import decode_areas
from planner.export.map.premises import POINT_ZOOM
from planner.export.map.topology import GRID_ZOOM, grid_to_lonlat
from planner.plan import Plan, make_plan
from planner.prepare import prepare_territory
from planner.scenario import Scenario, read_scenario
from planner.toy import toy_territory

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-precise-memory-info"]
ZOOMS = range(8, 18)
RENNES = (48.1113, -1.6800)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    asked = parser.parse_args()
    plan = take_plan(smoke=asked.smoke)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        page = bench_writing(plan, target)
        bench_peer(plan, target)
        siren = plan.balances.sort_values("net_cents")["epci_siren"].iloc[-1]
        seconds, path = timed(lambda: write_map(target / "epci.html", plan, epci=siren))
        print(f"EPCI {siren}: {seconds:.2f} s CPU, {path.stat().st_size / 1e6:.2f} MB")
        bench_page(page, plan, smoke=asked.smoke)


def take_plan(*, smoke: bool) -> Plan:
    """Return the plan to draw."""
    if smoke:
        return make_plan(toy_territory(), Scenario(name="toy", title="Toy"))
    scenario = read_scenario(None)
    return make_plan(prepare_territory(scenario), scenario)


def timed(run):  # noqa: ANN001, ANN201 (any function)
    """Return CPU seconds and the result."""
    start = time.process_time()
    result = run()
    return time.process_time() - start, result


def bench_writing(plan: Plan, folder: Path) -> Path:
    """Write the regional map twice: the second time tells whether the bytes are the same."""
    seconds, path = timed(lambda: write_map(folder / "carte.html", plan))
    first = path.read_bytes()
    again, _ = timed(lambda: write_map(path, plan))
    same = "same bytes" if path.read_bytes() == first else "OTHER BYTES"
    count = len(plan.territory.premises)
    print(f"region, {count:,} premises: {seconds:.2f} and {again:.2f} s CPU,")
    print(f"  {len(first) / 1e6:.2f} MB, {same}")
    return path


def bench_peer(plan: Plan, folder: Path) -> None:
    """Compare with Folium's GeoJson of sectors and communes, no premises on either side.

    On the sectors as they are, and with borders ten times as detailed.  The whole page without its
    premises is timed too, though it holds more (themes, tables, picture, cards).
    """
    data = replace(MapData.from_plan(plan), layer=None)
    detailed = replace(data, sectors=with_detail(data.sectors, vertices=300))
    for shown in (data, detailed):
        count = shapely.get_num_coordinates(shown.sectors.geometry.to_numpy()).mean()
        path = folder / "areas.html"
        write_areas_map(path, shown)  # once before, as Folium's templates are warm too
        ours, _ = timed(partial(write_areas_map, path, shown))
        theirs, peer = timed(partial(by_folium, shown, folder / "folium.html"))
        sizes = path.stat().st_size, peer.stat().st_size
        print(
            f"sectors of {count:.0f} vertices and communes alone: ours {ours:.2f} s CPU,"
            f" {sizes[0] / 1e6:.2f} MB; folium.GeoJson {theirs:.2f} s CPU, {sizes[1] / 1e6:.2f} MB:"
            f" {theirs / ours:.1f} × faster, {sizes[0] / sizes[1]:.3f} of the size"
        )
        print(f"  {same_areas(path, peer)}")
    whole, text = timed(lambda: map_html(data))
    print(f"whole page without premises: {whole:.2f} s CPU, {len(text.encode()) / 1e6:.2f} MB")


def by_folium(data: MapData, path: Path) -> Path:
    """Write the same areas and names by Folium's own layer."""
    shell = folium.Map(location=[48.1, -3.0], zoom_start=8, tiles=None)
    for table in (data.sectors, data.communes):
        shown = table[["nom", table.geometry.name]].to_crs(4326)
        folium.GeoJson(shown, tooltip=folium.GeoJsonTooltip(["nom"])).add_to(shell)
    shell.save(path)
    return path


def with_detail(areas: gpd.GeoDataFrame, *, vertices: int) -> gpd.GeoDataFrame:
    """Return the same coverage with some ``vertices`` an area: longer sides are cut and bent.

    A vertex moves by half a metre at most, by its own position, so that neighbours still share it.
    """
    shapes = areas.geometry.to_numpy()
    step = float(np.median(shapely.length(shapes))) / vertices
    fine = shapely.segmentize(shapes, step)

    def bend(xy: np.ndarray) -> np.ndarray:
        return xy + 0.5 * np.sin(xy[:, ::-1] * 12.9898 + xy * 78.233)

    return areas.set_geometry(shapely.transform(fine, bend), crs=areas.crs)


def same_areas(ours: Path, theirs: Path) -> str:
    """Compare what both pages draw, area by area: names, rings, and every vertex."""
    blocks = re.findall(r'class="donnees"[^>]*>([^<]*)<', ours.read_text(encoding="utf-8"))
    head, stream = (zlib.decompress(base64.b64decode(text), -15) for text in blocks)
    layers = json.loads(head)["layers"]
    decoded = decode_areas(stream, [(len(layer["names"]), layer["rings"]) for layer in layers])
    drawn = geojson_layers(theirs.read_text(encoding="utf-8"))
    worst, vertices = 0.0, 0
    for layer, areas, features in zip(layers, decoded, drawn, strict=True):
        if layer["names"] != [feature["properties"]["nom"] for feature in features]:
            return "OTHER NAMES"
        for rings, feature in zip(areas, features, strict=True):
            shape = feature["geometry"]
            parts = (
                shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
            )
            peer = [np.array(ring)[:-1, :2] for part in parts for ring in part]
            if [len(ring) for ring in rings] != [len(ring) for ring in peer]:
                return "OTHER RINGS"
            metres = ground_metres(np.concatenate(rings), np.concatenate(peer))
            worst, vertices = max(worst, float(metres.max())), vertices + len(metres)
    counts = " and ".join(f"{len(layer['names']):,} {layer['key']}s" for layer in layers)
    return (
        f"both draw {counts}, {vertices:,} vertices in the same order, {worst:.2f} m apart at most"
    )


def geojson_layers(page: str) -> list[list[dict]]:
    """Return the features of each layer of Folium's page."""
    decoder = json.JSONDecoder()
    starts = [
        found.end() for found in re.finditer(r"_add\(\s*(?=\{\"bbox|\{\"features|\{\"type)", page)
    ]
    layers = [decoder.raw_decode(page, start)[0]["features"] for start in starts]
    return [features for features in layers if features]


def ground_metres(pixels: np.ndarray, lonlat: np.ndarray) -> np.ndarray:
    """Return the distance between pixels of the page and degrees, on the ground."""
    ours = grid_to_lonlat(pixels / 2 ** (POINT_ZOOM - GRID_ZOOM))
    metres = np.radians(ours - lonlat) * 6_371_000
    return np.hypot(metres[:, 0] * np.cos(np.radians(lonlat[:, 1])), metres[:, 1])


def same_premises(page, plan: Plan) -> str:  # noqa: ANN001 (playwright's page)
    """Compare what the page has decoded with the plan: counts by area, phase, state; positions."""
    data = MapData.from_plan(plan)
    points = data.points()
    keys, inverse = np.unique(
        np.column_stack([points.area, points.phase, points.state]), axis=0, return_inverse=True
    )
    counts = np.bincount(inverse.ravel(), weights=points.premises).astype(int)
    expected = dict(zip(map(tuple, keys.tolist()), counts.tolist(), strict=True))
    found: dict[tuple[int, int, int], int] = {}
    for area, phase, state, count in page.evaluate("planner.page.scene.premises.tally()"):
        found[area, phase, state] = found.get((area, phase, state), 0) + count
    if found != expected:
        return "OTHER PREMISES"
    sums = page.evaluate(
        """() => { let x = 0, y = 0, n = 0;
          for (const c of planner.page.scene.premises.chunks)
            for (let i = 0; i < c.x.length; i++) { x += c.x[i]; y += c.y[i]; n += 1; }
          return [x, y, n]; }"""
    )
    spots = np.unique(  # premises at one pixel, of one group, are one point
        np.column_stack([points.area, points.phase, points.state, points.x, points.y]), axis=0
    )
    if sums != [int(spots[:, 3].sum()), int(spots[:, 4].sum()), len(spots)]:
        return "OTHER POSITIONS"
    return f"{counts.sum():,} premises decoded in the page, equal by area, phase, state and pixel"


def bench_page(path: Path, plan: Plan, *, smoke: bool) -> None:
    """Open the page: time until it is ready, heap, redraw at each zoom, step of the slider."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415
    except ImportError:
        print("playwright is missing: the page was not opened")
        return
    program = shutil.which("chromium")
    if program is None:
        print("chromium is missing: the page was not opened")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        screens = (("desktop", (1440, 900), 1), ("phone, a quarter of the CPU", (390, 844), 4))
        for name, size, rate in screens:
            context = browser.new_context(viewport={"width": size[0], "height": size[1]})
            page = context.new_page()
            context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": rate})
            start = time.perf_counter()
            page.goto(path.as_uri())
            page.wait_for_selector("html.ready", timeout=120_000)
            ready = time.perf_counter() - start
            heap = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
            print(f"{name}: ready in {ready:.2f} s, heap {heap:.0f} MB")
            if rate == 1:
                print(f"  {same_premises(page, plan)}")
                bench_drawing(page, repeats=1 if smoke else 3)
            context.close()
        browser.close()


def bench_drawing(page, *, repeats: int) -> None:  # noqa: ANN001 (playwright's page)
    """Draw the busiest view at each zoom under two themes, and step through the quarters."""
    for theme in (0, 3):
        page.evaluate(f"planner.page.setTheme({theme})")
        spent = {zoom: median(redraw(page, zoom) for _ in range(repeats)) for zoom in ZOOMS}
        words = " ".join(f"z{zoom} {value:.0f}" for zoom, value in spent.items())
        print(f"redraw in ms, theme {theme}: {words}")
    for theme in (0, 2):
        page.evaluate(f"planner.page.setTheme({theme})")
        page.evaluate("planner.page.fit(planner.page.whole, false)")
        steps = page.evaluate(
            """() => planner.page.data.time.quarters.map((_, k) => {
              const start = performance.now();
              planner.page.setWhen(k + 1);
              planner.page.canvas._reset();
              return performance.now() - start; })"""
        )
        words = f"median {median(steps):.0f} ms, worst {max(steps):.0f} ms"
        print(f"step of the slider, theme {theme}: {words}")
        page.evaluate("planner.page.setWhen(null)")
    heap = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
    print(f"heap after all this: {heap:.0f} MB")


def redraw(page, zoom: int) -> float:  # noqa: ANN001 (playwright's page)
    """Return milliseconds of one full redraw over Rennes, canvas flushed."""
    spent: float = page.evaluate(
        """([lat, lng, zoom]) => {
          planner.page.map.setView([lat, lng], zoom, {animate: false});
          const start = performance.now();
          planner.page.canvas._reset();
          document.querySelector('canvas.planner-canvas').getContext('2d').getImageData(0, 0, 1, 1);
          return performance.now() - start; }""",
        [*RENNES, zoom],
    )
    return spent


if __name__ == "__main__":
    main()

"""Count premises by sector, state and phase: the project beside a fresh geopandas.sjoin.

    python benchmarks/bench_coverage.py [--smoke] [--sizes 0.2 1.9 10]

One run interleaves the peer and the project on the same points and polygons, prints the medians of
process CPU and the ratios, and checks that the answers are equal: points strictly inside as
``sjoin(predicate="within")`` says, points on vertices, edges and one ulp off as GEOS says.  The
sectors and premises are the project's own, cut from the embedded region (synthetic premises).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.io import read_geodata
from planner.premises import generate_premises
from planner.spatial import PolygonIndex, point_coordinates
from planner.zoning import cut_sectors

STATES, PHASES = 6, 3
RESIDENT = 10  # questions that an index kept at hand expects
SMOKE = "22"  # the département that a smoke run cuts, instead of the region
VERTICES = 285  # asked of the densified borders: 300 with the corners that were there


def load_region(*, smoke: bool) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the project's own sectors and premises of the embedded region, or of a part of it."""
    geodata = read_geodata()
    communes, figures = geodata.table("communes"), geodata.table("premises_figures")
    if smoke:
        communes = communes[communes["departement"] == SMOKE].reset_index(drop=True)
        figures = figures[figures["code"].isin({SMOKE, *communes["insee"]})]
    premises = generate_premises(communes, figures=figures)
    sectors = cut_sectors(premises, communes).sectors
    return sectors.sort_values("sector_id").geometry.to_numpy(), premises


def densify(polygons: np.ndarray) -> np.ndarray:
    """Give each polygon some 300 vertices: a point every so many metres, the coverage kept."""
    step = shapely.length(polygons).sum() / (VERTICES * len(polygons))
    return shapely.segmentize(polygons, step)


def load_points(premises: pd.DataFrame, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ``size`` points in the order of their keys: the region's own, repeated if need be."""
    x, y = premises["x_m"].to_numpy(), premises["y_m"].to_numpy()
    if size <= len(x):
        keep = np.linspace(0, len(x) - 1, size).astype(int)
        return x[keep], y[keep]
    times = -(-size // len(x))
    shift = np.repeat(np.arange(times) * 0.37, len(x))[:size]  # copies stand apart by decimetres
    return np.tile(x, times)[:size] + shift, np.tile(y, times)[:size] + shift


def cpu(way: Callable[[object], object], made: object) -> float:
    """Return the process CPU seconds of one run."""
    start = time.process_time()
    way(made)
    return time.process_time() - start


def bench(polygons: np.ndarray, x: np.ndarray, y: np.ndarray, runs: int) -> dict[str, float]:
    """Time every way, interleaved, and return the median of each."""
    rng = np.random.default_rng(1)
    states, phases = (rng.integers(0, size, len(x)).astype(np.int8) for size in (STATES, PHASES))
    points = gpd.GeoDataFrame(
        {"state": states, "phase": phases}, geometry=gpd.points_from_xy(x, y), crs="EPSG:2154"
    )
    zones = gpd.GeoDataFrame({"zone": np.arange(len(polygons))}, geometry=polygons, crs="EPSG:2154")
    order = rng.permutation(len(x))
    mixed = (x[order], y[order], points.iloc[order].reset_index(drop=True))
    sizes = (len(polygons), STATES, PHASES)

    def fresh(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return the table without the spatial index that an earlier join left on it."""
        shapes = gpd.GeoSeries(table.geometry.to_numpy(), crs=table.crs, index=table.index)
        return gpd.GeoDataFrame(table.drop(columns="geometry"), geometry=shapes)

    def peer(tables: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]) -> pd.Series:
        joined = gpd.sjoin(*tables, predicate="within")
        return joined.groupby(["zone", "state", "phase"]).size()

    resident = PolygonIndex(polygons, compiled=True, points=RESIDENT * len(x))
    labels = resident.locate(x, y)  # the grid is built, and compiled, before the clock starts
    resident.count(x, y, states, phases, sizes=sizes)

    def count(index: PolygonIndex, px: np.ndarray, py: np.ndarray) -> np.ndarray:
        return index.count(px, py, states, phases, sizes=sizes)

    def from_frame(_: object) -> np.ndarray:
        px, py = point_coordinates(points.geometry.to_numpy())
        return count(PolygonIndex(polygons, compiled=True), px, py)

    def nothing() -> None:
        return None

    # where each point is and in which phase: what a change of states leaves as it was
    kept = np.where(labels < 0, len(polygons), labels).astype(np.int64) * PHASES + phases
    kept *= STATES
    cells = (len(polygons) + 1) * PHASES * STATES
    new = rng.integers(0, STATES, len(x)).astype(np.int8)
    # each way: what is made ready before the clock starts, and what is timed
    ways: dict[str, tuple[Callable[[], object], Callable[[object], object]]] = {
        "sjoin": (lambda: (fresh(points), fresh(zones)), peer),
        "sjoin shuffled": (lambda: (fresh(mixed[2]), fresh(zones)), peer),
        "build + count": (nothing, lambda _: count(PolygonIndex(polygons, compiled=True), x, y)),
        "resident": (nothing, lambda _: count(resident, x, y)),
        "from a GeoDataFrame": (nothing, from_frame),
        "shuffled, resident": (nothing, lambda _: count(resident, mixed[0], mixed[1])),
        "recount of states": (nothing, lambda _: np.bincount(kept + new, minlength=cells)),
        "no compilation": (nothing, lambda _: count(PolygonIndex(polygons, compiled=False), x, y)),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, (ready, way) in ways.items():
            made = ready()
            taken[name].append(cpu(way, made))
    check(polygons, x, y, peer((fresh(points), fresh(zones))), count(resident, x, y))
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def check(
    polygons: np.ndarray, x: np.ndarray, y: np.ndarray, peer: pd.Series, ours: np.ndarray
) -> None:
    """Fail unless the counts equal the peer's, and adversarial points equal GEOS's answer."""
    border = count_border(polygons, x, y)
    difference = int(ours[:-1].sum()) - int(peer.sum())
    if difference != border:
        raise SystemExit(f"{difference} points differ from sjoin, {border} lie on a border")
    theirs = np.zeros_like(ours[:-1, :-1, :-1])
    theirs[tuple(np.array(peer.index.to_list()).T)] = peer.to_numpy()
    if int(np.abs(ours[:-1, :-1, :-1] - theirs).sum()) != border:
        raise SystemExit("the counts differ from those of sjoin")
    corner = shapely.get_coordinates(polygons)[:: max(1, len(polygons) // 500)]
    middle = (corner[1:] + corner[:-1]) / 2
    ax = np.concatenate([corner[:, 0], np.nextafter(corner[:, 0], np.inf), middle[:, 0]])
    ay = np.concatenate([corner[:, 1], np.nextafter(corner[:, 1], -np.inf), middle[:, 1]])
    grid = PolygonIndex(polygons, compiled=True).locate(ax, ay)
    hits = shapely.STRtree(polygons).query(shapely.points(ax, ay), predicate="intersects")
    expected = np.full(len(ax), len(polygons))
    np.minimum.at(expected, hits[0], hits[1])
    expected[expected == len(polygons)] = -1
    wrong = int((grid != expected).sum())
    if wrong:
        raise SystemExit(f"{wrong} of {len(ax)} adversarial points differ from GEOS")
    print(f"  equal to sjoin ({border} on a border), {len(ax):,} adversarial points as GEOS says")


def count_border(polygons: np.ndarray, x: np.ndarray, y: np.ndarray) -> int:
    """Count the points that ``within`` leaves out because they lie on a border."""
    tree = shapely.STRtree(shapely.points(x, y))
    return len(np.unique(tree.query(shapely.boundary(polygons), predicate="intersects")[1]))


def main() -> None:
    """Print the medians and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="one small size, one run")
    parser.add_argument("--sizes", type=float, nargs="*", default=[0.2, 1.9, 10], help="millions")
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    sizes, runs = ([0.05], 1) if asked.smoke else (asked.sizes, asked.runs)
    sectors, premises = load_region(smoke=asked.smoke)
    growth: list[tuple[float, float]] = []
    for name, polygons in (("the project's sectors", sectors), ("300 vertices", densify(sectors))):
        vertices = shapely.get_num_coordinates(polygons).mean()
        for millions in sizes if name != "300 vertices" else [s for s in sizes if s < 10]:
            print(f"{name}: {len(polygons):,} polygons of {vertices:.0f}, {millions} M points")
            medians = bench(polygons, *load_points(premises, int(millions * 1e6)), runs)
            for way, seconds in medians.items():
                against = medians["sjoin shuffled" if way.startswith("shuffled") else "sjoin"]
                print(f"  {way:22s} {1000 * seconds:9.1f} ms   × {against / seconds:7.1f}")
            if name != "300 vertices":
                growth.append((millions, medians["resident"]))
    if len(growth) > 1:
        (a, first), (b, last) = growth[0], growth[-1]
        print(f"growth exponent {np.log(last / first) / np.log(b / a):.2f} from {a} to {b} M")


if __name__ == "__main__":
    main()

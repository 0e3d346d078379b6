"""The support graph against its peers, on the same arrays in one run, equal answers checked.

    python benchmarks/bench_network.py [--smoke]

Snapping premises to edges against geopandas ``sjoin_nearest``; building the graph and finding the
nearest NRO against networkx.  CPU seconds of the process, after a first run that compiles.  Roads
and premises are generated around towns of unlike sizes, premises in no order.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import shapely

from planner.network import WeightedGraph, find_nearest
from planner.network._compiled.snap import snap_points

SIZES = {"smoke": (20_000, 8_000), "whole": (1_900_000, 650_000)}
TOWNS, NROS = 300, 300


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU seconds of a call, and what it gave."""
    start = time.process_time()
    answer = run()
    return time.process_time() - start, answer


def near_towns(rng: np.random.Generator, towns: np.ndarray, count: int) -> np.ndarray:
    """Scatter points around towns: dense, suburban, countryside."""
    spread = rng.choice([300, 3_000, 20_000], count)[:, None]
    return towns[rng.integers(0, len(towns), count)] + rng.normal(0, 1, (count, 2)) * spread


def snapping(rng: np.random.Generator, premises: int, edges: int) -> None:
    """Snap premises to edges of three vertices."""
    towns = rng.uniform(0, 200_000, (TOWNS, 2))
    start = near_towns(rng, towns, edges)
    angle, length = rng.uniform(0, 2 * np.pi, edges), rng.uniform(20, 200, edges)
    end = start + np.column_stack([np.cos(angle), np.sin(angle)]) * length[:, None]
    bend = (start + end) / 2 + rng.normal(0, 5, (edges, 2))
    coordinates = np.stack([start, bend, end], axis=1)
    starts = np.arange(edges + 1) * 3
    flat = coordinates.reshape(-1, 2)
    xy = near_towns(rng, towns, premises)
    x, y = xy[:, 0].copy(), xy[:, 1].copy()
    snap_points(x[:50], y[:50], coordinates=flat[:300], starts=starts[:101])
    ours, answer = timed(lambda: snap_points(x, y, coordinates=flat, starts=starts))
    lines = gpd.GeoDataFrame(geometry=shapely.linestrings(coordinates), crs="EPSG:2154")
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs="EPSG:2154")
    theirs, joined = timed(lambda: points.sjoin_nearest(lines, distance_col="d"))
    apart = np.abs(joined.groupby(level=0)["d"].first().to_numpy() - answer[1]).max()
    report("snapping", ours, "sjoin_nearest", theirs, f"distances within {apart:.1e} m")


def graphs(rng: np.random.Generator, edges: int) -> None:
    """Build a graph, and find the nearest NRO of each node."""
    nodes = edges * 10 // 13
    tree = np.arange(1, nodes)
    u = np.concatenate([tree, rng.integers(0, nodes, edges - nodes + 1)])
    back = np.maximum(0, u - rng.integers(1, 1000, u.size))
    weight = rng.integers(1_000, 200_000, u.size)
    few = WeightedGraph.from_edges(50, u[:49], back[:49], weight[:49])
    find_nearest(few, [0])
    ours, graph = timed(lambda: WeightedGraph.from_edges(nodes, u, back, weight))

    def build() -> nx.Graph:
        peer = nx.Graph()
        peer.add_nodes_from(range(nodes))
        # of parallel edges the lightest: it comes last
        order = np.argsort(-weight, kind="stable")
        peer.add_weighted_edges_from(
            zip(u[order].tolist(), back[order].tolist(), weight[order].tolist(), strict=True)
        )
        return peer

    theirs, peer = timed(build)
    report("building", ours, "networkx", theirs, f"{graph.edge_count} edges")
    sources = rng.choice(nodes, min(NROS, nodes // 10), replace=False)
    ours, (distance, _) = timed(lambda: find_nearest(graph, sources))
    theirs, found = timed(lambda: nx.multi_source_dijkstra_path_length(peer, set(sources.tolist())))
    other = np.full(nodes, -1)
    other[list(found)] = list(found.values())
    same = "same distances" if (other == distance).all() else "DISTANCES DIFFER"
    report("nearest NRO", ours, "networkx", theirs, same)


def report(what: str, ours: float, peer: str, theirs: float, check: str) -> None:
    """Print one line."""
    print(f"{what:12} {ours:8.3f} s   {peer} {theirs:8.3f} s   × {theirs / ours:6.1f}   {check}")


def main() -> None:
    """Run all, small with ``--smoke``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    premises, edges = SIZES["smoke" if parser.parse_args().smoke else "whole"]
    rng = np.random.default_rng(1)
    print(f"{premises} premises, {edges} edges")
    graphs(rng, edges)
    snapping(rng, premises, edges)


if __name__ == "__main__":
    main()

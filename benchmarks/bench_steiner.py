"""Steiner trees: the project beside networkx and rustworkx, and against proved optima.

    python benchmarks/bench_steiner.py [--smoke] [--runs 3] [--instances FOLDER]

On one random planar-like graph: building it, the nearest of 300 sources, the construction of a
tree. Medians of process CPU in one run, ratios, and a check that distances are equal and that our
tree costs no more. With ``--instances``, a folder of PACE instances and its ``optima.csv``: the gap
of each tree and of each bound, and the time against plain Mehlhorn construction.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import numpy as np
import rustworkx as rx
from networkx.algorithms.approximation import steiner_tree

from planner.io import read_steinlib
from planner.network import Effort, WeightedGraph, design_tree, find_nearest

NEAREST = 300


def make_edges(nodes: int, edges: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a spanning tree with local extra edges, about as dense as roads are."""
    rng = np.random.default_rng(1)
    child = np.arange(1, nodes)
    u = child - rng.integers(1, np.minimum(child, 50) + 1)
    extra = rng.integers(0, nodes - 50, edges - nodes + 1)
    u, v = np.append(u, extra), np.append(child, extra + rng.integers(1, 50, extra.size))
    pairs = np.unique(np.column_stack([u, v]), axis=0)
    pairs = rng.permutation(pairs)
    return pairs[:, 0], pairs[:, 1], rng.integers(1, 100_000, len(pairs))


def cpu(way: Callable[[], object], runs: int) -> tuple[float, object]:
    """Return the median process CPU seconds of some runs, and the last answer."""
    taken = []
    answer: object = None
    for _ in range(runs):
        start = time.process_time()
        answer = way()
        taken.append(time.process_time() - start)
    return statistics.median(taken), answer


def bench_graph(nodes: int, edges: int, terminals: int, runs: int) -> None:
    """Print the three comparisons on one graph."""
    u, v, w = make_edges(nodes, edges)
    rows = list(zip(u.tolist(), v.tolist(), w.tolist(), strict=True))
    ends = np.sort(np.random.default_rng(2).choice(nodes, terminals, replace=False))
    sources = ends[:: max(1, terminals // NEAREST)][:NEAREST]
    small = WeightedGraph.from_edges(4, [0, 1, 2], [1, 2, 3], [1, 1, 1])
    design_tree(small, [0, 3], effort=Effort.QUICK)  # compiled before the clock starts
    find_nearest(small, [0])

    def build_networkx() -> nx.Graph[int]:
        graph: nx.Graph[int] = nx.Graph()
        graph.add_weighted_edges_from(rows)
        return graph

    def build_rustworkx() -> rx.PyGraph[int, int]:
        graph: rx.PyGraph[int, int] = rx.PyGraph()
        graph.add_nodes_from(range(nodes))
        graph.add_edges_from(rows)
        return graph

    print(f"{nodes:,} nodes, {len(rows):,} edges, {terminals:,} terminals")
    times: dict[str, dict[str, float]] = {"build": {}, "nearest": {}, "tree": {}}
    times["build"]["networkx"], peer = cpu(build_networkx, 1)
    times["build"]["rustworkx"], rusty = cpu(build_rustworkx, 1)
    times["build"]["planner"], graph = cpu(
        lambda: WeightedGraph.from_edges(nodes, u, v, w), 2 * runs + 1
    )
    times["nearest"]["networkx"], truth = cpu(
        lambda: nx.multi_source_dijkstra_path_length(peer, set(sources.tolist())), 1
    )
    times["nearest"]["planner"], ours = cpu(lambda: find_nearest(graph, sources), 2 * runs + 1)
    if any(truth[node] != far for node, far in enumerate(ours[0].tolist())):
        raise SystemExit("distances differ from those of networkx")
    times["tree"]["networkx"], tree = cpu(
        lambda: steiner_tree(peer, ends.tolist(), method="mehlhorn"), 1
    )
    times["tree"]["rustworkx"], rust_tree = cpu(
        lambda: rx.steiner_tree(rusty, ends.tolist(), float), 1
    )
    times["tree"]["planner"], mine = cpu(
        lambda: design_tree(graph, ends, effort=Effort.QUICK), 2 * runs + 1
    )
    costs = {
        "networkx": sum(weight for _, _, weight in tree.edges(data="weight")),
        "rustworkx": int(sum(rust_tree.edges())),
        "planner": mine.cost,
    }
    for what, ways in times.items():
        for way, seconds in ways.items():
            ratio = seconds / ways["planner"]
            print(f"  {what:8s} {way:10s} {1000 * seconds:10.1f} ms   × {ratio:6.1f}")
    print("  cost", ", ".join(f"{way} {cost:,}" for way, cost in costs.items()))
    if costs["planner"] > min(costs.values()):
        raise SystemExit("a peer's tree costs less")


def bench_instances(folder: Path, effort: Effort) -> None:
    """Print the gap, the bound and the time on each public instance."""
    gaps, bounds = [], []
    with (folder / "optima.csv").open(encoding="utf-8") as lines:
        table = list(csv.DictReader(lines))
    for row in table:
        given = read_steinlib(folder / row["file"])
        graph = WeightedGraph.from_edges(given.node_count, given.u, given.v, given.weight)
        plain, _ = cpu(lambda: design_tree(graph, given.terminals, effort=Effort.QUICK), 3)  # noqa: B023
        seconds, tree = cpu(lambda: design_tree(graph, given.terminals, effort=effort), 1)  # noqa: B023
        optimum = int(row["optimum"])
        gaps.append(tree.cost / optimum - 1)
        bounds.append(1 - tree.lower_bound / optimum)
        print(
            f"  {row['file']:24s} gap {100 * gaps[-1]:7.4f} %  bound {100 * bounds[-1]:7.4f} % low"
            f"  {seconds:6.2f} s  plain {1000 * plain:7.1f} ms  {tree.status}",
            flush=True,
        )
        if not tree.lower_bound <= optimum <= tree.cost:
            raise SystemExit("the optimum is outside the bounds")
    print(f"  mean gap {100 * np.mean(gaps):.4f} %, worst {100 * max(gaps):.4f} %", end="")
    print(f", bound at worst {100 * max(bounds):.3f} % below the optimum")


def main() -> None:
    """Print the comparisons."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="one small size, one run")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--instances", type=Path, help="folder of instances and optima.csv")
    parser.add_argument("--effort", type=Effort, default=Effort.THOROUGH)
    asked = parser.parse_args()
    if asked.instances:
        bench_instances(asked.instances, asked.effort)
    elif asked.smoke:
        bench_graph(5_000, 6_500, 500, 1)
    else:
        bench_graph(500_000, 650_000, 50_000, asked.runs)


if __name__ == "__main__":
    main()

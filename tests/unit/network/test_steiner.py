"""Steiner trees: hand answers, clear refusals, public instances with proved optima."""

import csv
import os
import subprocess
import sys

import networkx as nx
import numpy as np
import pytest

from planner.errors import RuleError
from planner.io import read_steinlib
from planner.network import (
    CableModel,
    Effort,
    TreeStatus,
    WeightedGraph,
    design_tree,
    find_nearest,
    size_cables,
)

# a star pays when its centre (3) is cheaper than two sides of the triangle 0, 1, 2
STAR = ([0, 1, 0, 0, 1, 2], [1, 2, 2, 3, 3, 3], [20, 20, 20, 11, 12, 13])


def is_tree(tree):
    graph = nx.Graph(
        zip(tree.graph.u[tree.edges].tolist(), tree.graph.v[tree.edges].tolist(), strict=True)
    )
    graph.add_nodes_from(tree.terminals.tolist())
    leaves = {node for node, degree in graph.degree if degree == 1}
    return nx.is_tree(graph) and leaves <= set(tree.terminals.tolist())


def test_the_star_beats_the_triangle():
    graph = WeightedGraph.from_edges(4, *STAR)
    tree = design_tree(graph, [2, 0, 1, 1])
    assert (tree.cost, tree.lower_bound, tree.status) == (36, 36, TreeStatus.OPTIMAL)
    assert tree.gap_share == 0
    assert tree.nodes.tolist() == [0, 1, 2, 3]
    assert is_tree(tree)
    quick = design_tree(graph, [0, 1, 2], effort=Effort.QUICK)
    assert (quick.cost, quick.lower_bound, quick.status) == (40, None, TreeStatus.CONSTRUCTED)
    assert quick.gap_share is None


def test_a_lone_terminal_needs_nothing():
    graph = WeightedGraph.from_edges(4, *STAR)
    for effort in Effort:
        tree = design_tree(graph, [3], effort=effort)
        assert (tree.cost, tree.edges.tolist(), tree.nodes.tolist()) == (0, [], [3])
    assert design_tree(graph, [], root=2).terminals.tolist() == [2]


def test_edges_that_cost_nothing_are_no_trap():
    # 0 -0- 1 -0- 2 -0- 0 is a free ring; 3 hangs from 1 for 5, and 4 from 3 for 0
    graph = WeightedGraph.from_edges(6, [0, 1, 2, 1, 3, 5], [1, 2, 0, 3, 4, 5], [0, 0, 0, 5, 0, 0])
    tree = design_tree(graph, [0, 2, 4])
    assert (tree.cost, tree.status) == (5, TreeStatus.OPTIMAL)
    assert is_tree(tree)
    assert 5 not in tree.nodes


def test_parallel_edges_and_loops():
    graph = WeightedGraph.from_edges(3, [0, 1, 0, 2, 1], [1, 0, 0, 1, 2], [9, 4, 1, 7, 8])
    assert graph.weight.tolist() == [1, 4, 9, 7, 8]
    assert graph.rows.tolist() == [2, 1, 0, 3, 4]
    tree = design_tree(graph, [0, 2])
    assert tree.cost == 11
    assert graph.rows[tree.edges].tolist() == [1, 3]
    assert graph.to_networkx()[0][1] == {"weight": 4, "edge": 1}


def test_nearest_source_and_unreachable_nodes():
    graph = WeightedGraph.from_edges(6, [0, 1, 2, 4], [1, 2, 3, 5], [3, 4, 2, 1])
    distance, source = find_nearest(graph, [0, 3])
    assert distance.tolist() == [0, 3, 2, 0, -1, -1]
    assert source.tolist() == [0, 0, 3, 3, -1, -1]


@pytest.mark.parametrize(
    ("edges", "key"),
    [
        (([0], [1, 2], [1]), "steiner.edges_shape"),
        (([0], [3], [1]), "steiner.edge_node"),
        (([0], [-1], [1]), "steiner.edge_node"),
        (([0], [1], [-1]), "steiner.edge_weight"),
        (([0], [1], [1.5]), "steiner.edge_weight"),
        (([0], [1], [float("nan")]), "steiner.edge_weight"),
    ],
)
def test_a_graph_that_cannot_be_is_refused(edges, key):
    with pytest.raises(RuleError) as refusal:
        WeightedGraph.from_edges(3, *edges)
    assert refusal.value.problem.key == key
    assert refusal.value.say("en")


def test_terminals_that_cannot_be_joined_are_named():
    graph = WeightedGraph.from_edges(4, [0, 2], [1, 3], [1, 1])
    with pytest.raises(RuleError) as refusal:
        design_tree(graph, [0, 1, 3])
    assert refusal.value.problem.key == "steiner.disconnected"
    assert refusal.value.problem.values["other"] == 3
    for wrong in ([4], [-1], []):
        with pytest.raises(RuleError) as refusal:
            design_tree(graph, wrong)
        assert refusal.value.problem.key == "steiner.terminals_unknown"


def test_importing_the_room_does_not_wake_the_compiler():
    code = "import sys, planner.network; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


BOOK = (CableModel(capacity_fibres=12, cost_cents_per_m=100),
        CableModel(capacity_fibres=48, cost_cents_per_m=250),
        CableModel(capacity_fibres=144, cost_cents_per_m=500))  # fmt: skip


def test_cables_follow_the_fibres_from_the_root():
    #  0 (root) - 1 - 2 with a branch 1 - 3
    graph = WeightedGraph.from_edges(4, [0, 1, 1], [1, 2, 3], [1, 1, 1])
    tree = design_tree(graph, [2, 3], root=0)
    sizing = size_cables(tree, demand={2: 13, 3: 140}, models=BOOK, length_m=[10, 2.5, 4])
    assert sizing.parent.tolist() == [0, 1, 1]
    assert sizing.child.tolist() == [1, 2, 3]
    assert sizing.fibres_count.tolist() == [153, 13, 140]
    # 153 = 144 + 12 at 600; 13 = 12 + 12 at 200 beats 48 at 250; 140 in one of 144
    assert sizing.cables_count.tolist() == [[1, 0, 1], [2, 0, 0], [0, 0, 1]]
    assert sizing.cost_cents.tolist() == [6000, 500, 2000]
    assert sizing.total_cents == 8500
    assert (sizing.capacity_fibres >= sizing.fibres_count).all()


def test_cables_refuse_what_they_cannot_size():
    graph = WeightedGraph.from_edges(4, [0, 1, 1], [1, 2, 3], [1, 1, 1])
    tree = design_tree(graph, [2], root=0)
    metres = [1, 1, 1]
    cases = (
        (design_tree(graph, [0, 2]), {}, BOOK, metres, "no_root"),
        (tree, {3: 1}, BOOK, metres, "demand_off_tree"),
        (tree, {2: -1}, BOOK, metres, "demand_off_tree"),
        (tree, {2: 1}, (), metres, "no_cable"),
        (tree, {2: 1}, BOOK[:1] * 2, metres, "no_cable"),
        (tree, {2: 1}, BOOK, [1, 1], "cable_lengths"),
        (tree, {2: 1}, BOOK, [1, 1, float("nan")], "cable_lengths"),
    )
    for which, demand, models, lengths, key in cases:
        with pytest.raises(RuleError) as refusal:
            size_cables(which, demand=demand, models=models, length_m=lengths)
        assert refusal.value.problem.key == f"steiner.{key}"


def instances(shared):
    folder = shared / "steiner-pace-2018"
    with (folder / "optima.csv").open(encoding="utf-8") as lines:
        return [(folder / row["file"], row) for row in csv.DictReader(lines)]


def solve(path):
    given = read_steinlib(path)
    graph = WeightedGraph.from_edges(given.node_count, given.u, given.v, given.weight)
    return given, design_tree(graph, given.terminals)


def test_small_public_instances(shared):
    gaps = []
    for path, row in instances(shared):
        if int(row["nodes"]) > 2500:
            continue
        given, tree = solve(path)
        optimum = int(row["optimum"])
        assert [given.node_count, given.u.size, given.terminals.size] == [
            int(row[name]) for name in ("nodes", "edges", "terminals")
        ]
        assert is_tree(tree)
        assert set(given.terminals.tolist()) <= set(tree.nodes.tolist())
        assert tree.cost == tree.graph.weight[tree.edges].sum()
        assert 0.97 * optimum <= tree.lower_bound <= optimum <= tree.cost
        gaps.append(tree.cost / optimum - 1)
    assert np.mean(gaps) <= 0.001
    assert max(gaps) <= 0.01


@pytest.mark.slow
@pytest.mark.skipif("PLANNER_LONG" not in os.environ, reason="minutes long: set PLANNER_LONG=1")
def test_all_public_instances(shared):
    gaps = []
    for path, row in instances(shared):
        _, tree = solve(path)
        optimum = int(row["optimum"])
        assert is_tree(tree)
        assert 0.97 * optimum <= tree.lower_bound <= optimum <= tree.cost
        gaps.append(tree.cost / optimum - 1)
    assert np.mean(gaps) <= 0.001
    assert max(gaps) <= 0.01

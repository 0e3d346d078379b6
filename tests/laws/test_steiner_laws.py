"""Laws of Steiner trees on small random graphs, with brute force and networkx as oracles."""

from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networkx.algorithms.approximation import steiner_tree

from planner.errors import RuleError
from planner.network import (
    CableModel,
    Effort,
    WeightedGraph,
    design_tree,
    find_nearest,
    size_cables,
)
from planner.network._compiled.bound import ascend, orient


@st.composite
def cases(draw, most_nodes=9, least_weight=0):
    """A connected graph, shuffled, with some terminals."""
    n = draw(st.integers(2, most_nodes))
    weight = st.integers(least_weight, draw(st.sampled_from([3, 1000])))
    edges = [(draw(st.integers(0, i - 1)), i, draw(weight)) for i in range(1, n)]
    ends = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), weight)
    edges += draw(st.lists(ends, max_size=2 * n))
    terminals = draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=n, unique=True))
    return n, draw(st.permutations(edges)), terminals


def graph_of(n, edges):
    return WeightedGraph.from_edges(n, *(list(column) for column in zip(*edges, strict=True)))


def optimum(graph, terminals):
    """Try every set of other nodes: the lightest spanning tree of each that connects."""
    whole = graph.to_networkx()
    others = [node for node in whole if node not in terminals]
    costs = []
    for size in range(len(others) + 1):
        for extra in combinations(others, size):
            part = whole.subgraph([*terminals, *extra])
            if nx.is_connected(part):
                tree = nx.minimum_spanning_tree(part)
                costs.append(sum(weight for _, _, weight in tree.edges(data="weight")))
    return min(costs)


@given(cases())
@settings(max_examples=150, deadline=None)
def test_small_trees_are_optimal_and_the_bound_holds(case):
    n, edges, terminals = case
    graph = graph_of(n, edges)
    tree = design_tree(graph, terminals)
    best = optimum(graph, terminals)
    assert tree.cost == best
    assert tree.lower_bound <= best
    assert len(tree.nodes) == len(tree.edges) + 1
    assert set(terminals) <= set(tree.nodes.tolist())
    assert tree.cost <= design_tree(graph, terminals, effort=Effort.QUICK).cost


@given(cases(most_nodes=40, least_weight=1), st.sampled_from(Effort))
@settings(max_examples=60, deadline=None)
def test_trees_span_and_are_no_worse_than_networkx(case, effort):
    n, edges, terminals = case
    graph = graph_of(n, edges)
    tree = design_tree(graph, terminals, effort=effort)
    drawn = nx.Graph(zip(graph.u[tree.edges].tolist(), graph.v[tree.edges].tolist(), strict=True))
    drawn.add_nodes_from(terminals)
    assert nx.is_tree(drawn)
    assert tree.cost == graph.weight[tree.edges].sum()
    if effort is not Effort.QUICK:
        peer = steiner_tree(graph.to_networkx(), terminals, method="mehlhorn")
        assert tree.cost <= sum(weight for _, _, weight in peer.edges(data="weight"))
        assert tree.lower_bound <= tree.cost


@given(cases(most_nodes=30), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_permuted_rows_give_the_same_tree(case, shuffler):
    n, edges, terminals = case
    rows = [(b, a, w) if shuffler.random() < 0.5 else (a, b, w) for a, b, w in edges]
    shuffler.shuffle(rows)
    other = list(terminals)
    shuffler.shuffle(other)
    first = design_tree(graph_of(n, edges), terminals)
    second = design_tree(graph_of(n, rows), other)
    assert first.edges.tolist() == second.edges.tolist()
    assert first.lower_bound == second.lower_bound
    assert np.array_equal(first.graph.weight, second.graph.weight)


@given(cases(most_nodes=25))
@settings(max_examples=40, deadline=None)
def test_nearest_sources_are_those_of_networkx(case):
    n, edges, sources = case
    graph = graph_of(n, edges)
    distance, source = find_nearest(graph, sources)
    truth = nx.multi_source_dijkstra_path_length(graph.to_networkx(), set(sources))
    assert distance.tolist() == [truth[node] for node in range(n)]
    assert set(source.tolist()) <= set(sources)


@given(cases(most_nodes=25), st.data())
@settings(max_examples=60, deadline=None)
def test_unlike_weights_give_exact_distances_and_the_smallest_of_equal_sources(case, data):
    # weights from 0 to beyond the buckets of distances, so that nodes wait in all ways
    n, edges, sources = case
    scale = data.draw(st.lists(st.sampled_from([0, 1, 1, 4096, 2**30]), min_size=1, max_size=9))
    edges = [(a, b, w * scale[i % len(scale)]) for i, (a, b, w) in enumerate(edges)]
    graph = graph_of(n, edges)
    distance, source = find_nearest(graph, sources)
    whole = graph.to_networkx()
    away = {one: nx.single_source_dijkstra_path_length(whole, one) for one in sorted(sources)}
    for node in range(n):
        least = min(away[one][node] for one in away)
        assert distance[node] == least
        assert source[node] == next(one for one in away if away[one][node] == least)


@given(cases(most_nodes=20), st.data())
@settings(max_examples=40, deadline=None)
def test_every_fibre_reaches_the_root_in_some_cable(case, data):
    n, edges, terminals = case
    tree = design_tree(graph_of(n, edges), terminals[1:], root=terminals[0])
    demand = {node: data.draw(st.integers(0, 90)) for node in tree.nodes.tolist()}
    models = [
        CableModel(capacity_fibres=c, cost_cents_per_m=p)
        for c, p in ((6, 70), (24, 110), (72, 260))
    ]
    sizing = size_cables(tree, demand=demand, models=models, length_m=tree.graph.weight)
    assert (sizing.capacity_fibres >= sizing.fibres_count).all()
    # what enters a node is what it asks for and what leaves it
    for node in tree.nodes.tolist():
        into = sizing.fibres_count[sizing.child == node].sum()
        out = sizing.fibres_count[sizing.parent == node].sum()
        if node == tree.root:
            assert out == sum(demand.values()) - demand[node]
        else:
            assert into == out + demand[node]


@given(cases(least_weight=1), st.data())
@settings(max_examples=60, deadline=None)
def test_a_guided_ascent_bounds_the_optimum_whatever_tree_guides_it(case, data):
    n, edges, terminals = case
    graph = graph_of(n, edges)
    root = data.draw(st.sampled_from(terminals))
    marks = np.zeros(n, np.uint8)
    marks[terminals] = 1
    tree = np.zeros(graph.edge_count, np.uint8)
    tree[design_tree(graph, terminals, effort=data.draw(st.sampled_from(Effort))).edges] = 1
    guide = orient(graph.csr, tree, root)
    assert guide.sum() == tree.sum()
    bound, left = ascend(graph.csr, marks, root, guide)
    assert 0 <= bound <= optimum(graph, terminals)
    assert (left >= 0).all()
    # every terminal is reached from the root along arcs without reduced cost
    free = nx.DiGraph()
    free.add_nodes_from(range(n))
    for edge, (a, b) in enumerate(zip(graph.u.tolist(), graph.v.tolist(), strict=True)):
        if left[2 * edge] == 0:
            free.add_edge(a, b)
        if left[2 * edge + 1] == 0:
            free.add_edge(b, a)
    assert set(terminals) <= nx.descendants(free, root) | {root}


@given(st.integers(2, 40), st.integers(0, 2**44), st.data())
@settings(max_examples=30, deadline=None)
def test_odd_graphs_are_answered_or_refused(n, heavy, data):
    # a ring with each side twice, one of them free or as heavy as may be
    ring = [
        (i, (i + 1) % n, weight)
        for i in range(n)
        for weight in (heavy, data.draw(st.sampled_from([0, 1, heavy])))
    ]
    graph = graph_of(n, ring)
    everyone = design_tree(graph, range(n))
    lightest = [min(w for a, b, w in ring if {a, b} == {i, (i + 1) % n}) for i in range(n)]
    assert everyone.cost == sum(lightest) - (max(lightest) if n > 2 else lightest[0])
    assert everyone.lower_bound <= everyone.cost
    alone = design_tree(graph, [n - 1])
    assert (alone.cost, alone.lower_bound, alone.edges.size) == (0, 0, 0)
    apart = graph_of(n + 1, [*ring, (n, n, 1)])
    for effort in Effort:
        with pytest.raises(RuleError):
            design_tree(apart, [0, n], effort=effort)
    with pytest.raises(RuleError):
        graph_of(n, [*ring, (0, 1, heavy + 0.5)])

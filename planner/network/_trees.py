"""Trees inside a neighbourhood: the arcs around some places, and the tree that joins them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, dijkstra
from scipy.sparse.csgraph import minimum_spanning_tree as spanning_tree

from planner.network._design import design_tree
from planner.network._graph import WeightedGraph
from planner.network._result import Effort
from planner.network._ways import Ints, Ways

__all__ = ["Branches", "Line", "Router"]

_MARGIN_M: Final = 500.0
"""What a neighbourhood reaches beyond its terminals at first; doubled while they aren't joined."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Branches:
    """A rooted tree: places from the root outwards.

    Attributes
    ----------
    place
        Places, the root first, each after its parent.
    parent
        Row of each place's parent, -1 at the root.
    piece
        Piece of way towards the parent, -1 at the root.
    cost, bound
        Weight of the tree, and what no such tree of the neighbourhood can be below (None where it
        wasn't asked for).
    """

    place: Ints
    parent: Ints
    piece: Ints
    cost: int
    bound: int | None

    def gather(self, amount: Ints) -> Ints:
        """Add up what each place asks for, and all that hangs below it."""
        total = amount.copy()
        for row in range(self.place.size - 1, 0, -1):
            total[self.parent[row]] += total[row]
        return total

    def depth_mm(self, length_mm: Ints) -> Ints:
        """Return the length from the root to each place."""
        depth = np.zeros(self.place.size, np.int64)
        for row in range(1, self.place.size):
            depth[row] = depth[self.parent[row]] + length_mm[self.piece[row]]
        return depth


class Line(NamedTuple):
    """What a metre of cables for n fibres costs at the least: ``(fixed + each n) / per`` cents."""

    fixed: int
    each: int
    per: int


class Router:
    """The ways as a graph, of parallel pieces the cheapest only."""

    def __init__(self, ways: Ways, cost: Ints) -> None:
        self.ways = ways
        low, high = np.minimum(ways.start, ways.end), np.maximum(ways.start, ways.end)
        order = np.lexsort((np.arange(low.size), ways.length_mm, cost, high, low))
        order = order[low[order] != high[order]]
        first = np.ones(order.size, np.bool_)
        first[1:] = (low[order][1:] != low[order][:-1]) | (high[order][1:] != high[order][:-1])
        self.piece = order[first]
        a, b = low[self.piece], high[self.piece]
        size = ways.place_count
        tail, head = np.concatenate([a, b]), np.concatenate([b, a])
        piece = np.concatenate([self.piece, self.piece])
        order = np.lexsort((head, tail))
        self.head, self.arc_piece = head[order], piece[order]
        self.first = np.concatenate([[0], np.cumsum(np.bincount(tail, minlength=size))])
        arcs = csr_array(
            (np.ones(self.head.size, np.int8), self.head, self.first), shape=(size, size)
        )
        self.component = connected_components(arcs, directed=False)[1].astype(np.int64)
        self._local = np.full(size, -1, np.int64)

    def matrix(self, weight: Ints) -> csr_array:
        """Return the whole graph as a symmetric sparse matrix."""
        size = self.ways.place_count
        data = weight[self.arc_piece].astype(np.float64)
        return csr_array((data, self.head, self.first), shape=(size, size))

    def inside(self, places: Ints) -> tuple[csr_array, Ints]:
        """Return the arcs among sorted places: their matrix, and the piece of each arc."""
        self._local[places] = np.arange(places.size)
        starts, counts = self.first[places], self.first[places + 1] - self.first[places]
        arc = np.repeat(starts - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
        arc += np.arange(arc.size)
        tail = np.repeat(np.arange(places.size), counts)
        head = self._local[self.head[arc]]
        self._local[places] = -1
        kept = head >= 0
        tail, head, arc = tail[kept], head[kept], arc[kept]
        first = np.concatenate([[0], np.cumsum(np.bincount(tail, minlength=places.size))])
        shape = (places.size, places.size)
        return csr_array((arc.astype(np.float64), head, first), shape=shape), self.arc_piece[arc]

    def around(self, places: Ints) -> tuple[Ints, csr_array, Ints]:
        """Return a neighbourhood in which all the places, of one component, are joined."""
        x, y = self.ways.x_m[places], self.ways.y_m[places]
        centre = ((x.min() + x.max()) / 2, (y.min() + y.max()) / 2)
        radius = float(np.hypot(x.max() - x.min(), y.max() - y.min())) / 2
        margin = _MARGIN_M
        while True:
            ball = self.ways.tree.query_ball_point(centre, radius + margin, return_sorted=True)
            near = np.array(ball, np.int64)
            row = np.minimum(np.searchsorted(near, places), near.size - 1)
            if not (near[row] == places).all():  # one at the edge of the ball, for its last bit
                near = np.union1d(near, places)
            arcs, piece = self.inside(near)
            label = connected_components(arcs, directed=False)[1][np.searchsorted(near, places)]
            if (label == label[0]).all():
                return near, arcs, piece
            margin *= 2

    def tree(
        self, terminals: Ints, root: int, works: Ints, line: Line, *, effort: Effort,
        limit_mm: float = np.inf,
    ) -> Branches:  # fmt: skip
        """Join terminals of one component to the root.

        A piece weighs its ``works`` and what cables cost there at the least, as ``line`` says.
        Terminals that the tree leads to over more than ``limit_mm`` are given their shortest ways,
        and the tree becomes that of the shortest ways within what is then chosen.
        """
        wanted = np.unique(np.append(terminals, root)).astype(np.int64)
        if wanted.size == 1:
            none = np.array([-1], np.int64)
            return Branches(place=wanted, parent=none, piece=none.copy(), cost=0, bound=0)
        if effort is Effort.QUICK:
            near, arcs, piece = self.around(wanted)
        else:  # a bound is one of the whole component
            near = np.flatnonzero(self.component == self.component[root])
            arcs, piece = self.inside(near)
        weight = works[piece] + np.maximum(self.ways.length_mm[piece] * line.fixed // line.per, 1)
        arcs.data = weight.astype(np.float64)
        local = np.searchsorted(near, wanted)
        tail = np.repeat(np.arange(near.size), np.diff(arcs.indptr))
        bound = None
        if effort is Effort.QUICK:
            chosen = _mehlhorn(arcs, tail, local)
        else:
            once = np.flatnonzero(tail < arcs.indices)
            graph = WeightedGraph.from_edges(
                near.size, tail[once], arcs.indices[once], weight[once]
            )
            found = design_tree(graph, local, root=int(np.searchsorted(near, root)), effort=effort)
            chosen, bound = once[graph.rows[found.edges]], found.lower_bound
        branches = self._root(near, tail, arcs, piece, chosen, root, bound)
        if limit_mm == np.inf:
            return branches
        order = np.argsort(branches.place, kind="stable")
        depth = branches.depth_mm(self.ways.length_mm)[
            order[np.searchsorted(branches.place, wanted, sorter=order)]
        ]
        late = local[depth > limit_mm]
        if not late.size:
            return branches
        length = csr_array(
            (self.ways.length_mm[piece].astype(np.float64) + 1, arcs.indices, arcs.indptr),
            shape=arcs.shape,
        )
        start = int(np.searchsorted(near, root))
        straight = _shortest(length, tail, start, late)
        union = np.union1d(_both_ways(arcs, tail, chosen), _both_ways(arcs, tail, straight))
        ends = (tail[union], arcs.indices[union])
        kept = csr_array((length.data[union], ends), shape=arcs.shape)
        links = csr_array((union.astype(np.float64) + 1, ends), shape=arcs.shape)
        again = np.repeat(np.arange(near.size), np.diff(kept.indptr))
        back = np.asarray(links[again, kept.indices]).ravel().astype(np.int64) - 1
        chosen = back[_shortest(kept, again, start, local)]
        return self._root(near, tail, arcs, piece, chosen, root, bound)

    def _root(
        self, near: Ints, tail: Ints, arcs: csr_array, piece: Ints, chosen: Ints, root: int,
        bound: int | None,
    ) -> Branches:  # fmt: skip
        a, b = tail[chosen], arcs.indices[chosen].astype(np.int64)
        cost = int(arcs.data[chosen].sum())
        size = near.size
        number = chosen.astype(np.float64) + 1
        ends = (np.concatenate([a, b]), np.concatenate([b, a]))
        half = csr_array((np.concatenate([number, number]), ends), shape=(size, size))
        start = int(np.searchsorted(near, root))
        order, before = breadth_first_order(half, start, directed=True)
        row = np.full(size, -1, np.int64)
        row[order] = np.arange(order.size)
        parent = np.where(before[order] >= 0, row[np.maximum(before[order], 0)], -1)
        arc = np.asarray(half[order[1:], before[order[1:]]]).ravel().astype(np.int64) - 1
        return Branches(
            place=near[order], parent=parent, piece=np.concatenate([[-1], piece[arc]]),
            cost=cost, bound=bound,
        )  # fmt: skip


def _mehlhorn(arcs: csr_array, tail: Ints, terminals: Ints) -> Ints:
    """Return the arcs of Mehlhorn's tree (1988), each edge once."""
    distance, before, source = dijkstra(
        arcs, directed=True, indices=terminals, min_only=True, return_predecessors=True
    )
    head = arcs.indices
    between = np.flatnonzero((source[tail] >= 0) & (source[tail] < source[head]))
    total = distance[tail[between]] + arcs.data[between] + distance[head[between]]
    cell = np.full(arcs.shape[0], -1, np.int64)
    cell[terminals] = np.arange(terminals.size)
    a, b = cell[source[tail[between]]], cell[source[head[between]]]
    order = np.lexsort((between, total, b, a))
    first = np.ones(order.size, np.bool_)
    first[1:] = (a[order][1:] != a[order][:-1]) | (b[order][1:] != b[order][:-1])
    order = order[first]
    shape = (terminals.size, terminals.size)
    kept = spanning_tree(csr_array((total[order], (a[order], b[order])), shape=shape)).tocoo()
    place = csr_array((order.astype(np.float64) + 1, (a[order], b[order])), shape=shape)
    links = np.asarray(place[kept.row, kept.col]).ravel().astype(np.int64) - 1
    chosen = between[links]
    return _with_paths(arcs, tail, chosen, before)


def _with_paths(arcs: csr_array, tail: Ints, chosen: Ints, before: Ints) -> Ints:
    """Add the paths from both ends of each link back to its terminals."""
    on = np.zeros(arcs.shape[0], np.bool_)
    for end in np.concatenate([tail[chosen], arcs.indices[chosen]]).tolist():
        place = end
        while before[place] >= 0 and not on[place]:
            on[place] = True
            place = before[place]
    return np.concatenate([chosen, _arcs_to(arcs, tail, on, before)])


def _arcs_to(arcs: csr_array, tail: Ints, on: NDArray[np.bool_], before: Ints) -> Ints:
    """Return the arc from each marked place to the one before it."""
    walked = np.flatnonzero(on)
    key = tail * arcs.shape[0] + arcs.indices
    order = np.argsort(key, kind="stable")
    wanted = walked * arcs.shape[0] + before[walked]
    arc: Ints = order[np.searchsorted(key, wanted, sorter=order)]
    return arc


def _shortest(arcs: csr_array, tail: Ints, root: int, terminals: Ints) -> Ints:
    """Return the arcs of the shortest ways from the terminals back to the root."""
    _, before = dijkstra(arcs, directed=True, indices=root, return_predecessors=True)
    on = np.zeros(arcs.shape[0], np.bool_)
    for end in terminals.tolist():
        place = end
        while before[place] >= 0 and not on[place]:
            on[place] = True
            place = before[place]
    return _arcs_to(arcs, tail, on, before)


def _both_ways(arcs: csr_array, tail: Ints, chosen: Ints) -> Ints:
    """Return arcs and those that run the other way."""
    size = arcs.shape[0]
    key = tail * size + arcs.indices
    order = np.argsort(key, kind="stable")
    back = arcs.indices[chosen].astype(np.int64) * size + tail[chosen]
    return np.concatenate([chosen, order[np.searchsorted(key, back, sorter=order)]])

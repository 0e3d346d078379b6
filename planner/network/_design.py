"""The lightest tree that joins given nodes of a graph, and a bound that says how light it could be.

Construction by the shortest-path heuristic inside the arcs that Wong's dual ascent saturates, then
local search by exact solution of regions (:mod:`planner.network._compiled.regions`).  The bound is
that of dual ascent; arcs that no better tree can hold are ruled out by their reduced costs, and
where few terminals are left the whole is solved exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.errors import RuleError
from planner.network._graph import WeightedGraph
from planner.network._result import Effort, SteinerTree
from planner.texts import Message

if TYPE_CHECKING:
    from planner.network._compiled.base import Csr

__all__ = ["design_tree", "find_nearest"]

_ROOTS: Final = {Effort.NORMAL: 1, Effort.THOROUGH: 6}
_STEPS: Final = {Effort.NORMAL: 10_000_000, Effort.THOROUGH: 90_000_000}
"""Steps of the local search: some 7 million a second, measured on a core of 2024."""
_REGIONS: Final = ((4, 100), (5, 150), (6, 200), (7, 250), (8, 300), (9, 400))
"""Parts and nodes of the regions, each search beginning where the one before stopped."""
_EXACT_LABELS: Final = 12_000_000
_EXACT_MERGES: Final = 1_500_000_000
"""Labels, and unions of two, up to which what is left is solved exactly: 150 MB, some 2 s."""
_RESTARTS: Final = 60
_NOISE: Final = 400
"""Weights are raised by up to this many 1024ths to begin anew elsewhere."""
_NO_COST: Final = 2**61
_BESIDE: Final = -2
_ROOM: Final = 3
"""Nodes of a region for each node that a terminal has on average, a part: where terminals are
sparse, their neighbourhoods are wide."""
_MOST_NODES: Final = 20_000
_USUAL_ARCS: Final = 600_000
"""Arcs above which a step is slower, for what is read is no longer near: fewer are allowed."""
_ASCENT_ARCS: Final = 2_000_000
"""Arcs, over all roots, that dual ascent may work on: large graphs have fewer roots."""


def find_nearest(
    graph: WeightedGraph, sources: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Find the nearest of several sources from every node.

    Parameters
    ----------
    graph
        The graph.
    sources
        Numbers of nodes; equal distances go to the source of smallest number.

    Returns
    -------
    array of int64, array of int32
        Distance (the unit of the weights) and source of each node; both -1 where no path leads.

    Raises
    ------
    RuleError
        When a source isn't a node of the graph, or there is none.
    """
    from planner.network._compiled.base import FAR, voronoi  # noqa: PLC0415 (imports numba)

    starts = _check_nodes(graph, sources)
    distance, base, _ = voronoi(graph.csr, starts)
    return np.where(distance < FAR, distance, -1), base


def design_tree(
    graph: WeightedGraph,
    terminals: ArrayLike,
    *,
    root: int | None = None,
    effort: Effort = Effort.THOROUGH,
    steps: int | None = None,
) -> SteinerTree:
    """Design a light tree that joins the terminals (and the root), with its gap.

    Parameters
    ----------
    graph
        The graph.
    terminals
        Numbers of the nodes to join, in any order; repeats count once.
    root
        Where fibres start: it joins the terminals.
    effort
        How much work the tree is worth.
    steps
        Steps of the local search, instead of those of the effort.

    Returns
    -------
    SteinerTree
        The same one for the same graph and terminals, whatever the order of their rows.

    Raises
    ------
    RuleError
        When a terminal isn't a node of the graph, or no tree joins them.
    """
    asked = np.asarray(terminals, dtype=np.int64).ravel()
    joined = _check_nodes(graph, asked if root is None else np.append(asked, root))
    marks = np.zeros(graph.node_count, np.uint8)
    marks[joined] = 1
    bound: int | None
    if effort is Effort.QUICK:
        from planner.network._compiled.construct import mehlhorn  # noqa: PLC0415 (imports numba)

        chosen, links = mehlhorn(graph.csr, marks)
        if links < joined.size - 1:
            _check_joined(graph, joined)
        bound = None
    else:
        _check_joined(graph, joined)
        chosen, bound = _solve(graph, marks, effort, _STEPS[effort] if steps is None else steps)
    edges = np.flatnonzero(chosen)
    cost = int(graph.weight[edges].sum())
    return SteinerTree(
        graph=graph,
        terminals=joined,
        root=root,
        edges=edges,
        cost=cost,
        lower_bound=None if bound is None else min(bound, cost),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Core:
    """What is left of a graph, chains of edges as one.

    ``chain`` gives each edge of the graph its edge in ``csr``: -1 none, ``-2 - e`` a chain beside
    ``e`` that is no lighter, so that a tree which runs along it is led back to ``e``.
    """

    csr: Csr
    terminal: NDArray[np.uint8]
    chain: NDArray[np.int64]


def _check_nodes(graph: WeightedGraph, nodes: ArrayLike) -> NDArray[np.int64]:
    """Return the nodes sorted, each once."""
    given = np.asarray(nodes, dtype=np.int64).ravel()
    strange = (given < 0) | (given >= graph.node_count)
    if strange.any() or not given.size:
        shown = ", ".join(str(node) for node in np.unique(given[strange])[:5].tolist()) or "—"
        raise RuleError(
            Message.of("steiner.terminals_unknown", which=shown),
            Message.of("steiner.terminals_unknown_remedy", last=graph.node_count - 1),
        )
    # marks are sorted faster than numbers
    marks = np.zeros(graph.node_count, np.bool_)
    marks[given] = True
    which: NDArray[np.int64] = np.flatnonzero(marks)
    return which


def _check_joined(graph: WeightedGraph, joined: NDArray[np.int64]) -> None:
    """Fail when some terminal can't be reached from the first."""
    from planner.network._compiled.base import piece  # noqa: PLC0415 (imports numba)

    apart = joined[piece(graph.csr, joined[0])[joined] == 0]
    if apart.size:
        raise RuleError(
            Message.of(
                "steiner.disconnected",
                first=int(joined[0]),
                other=int(apart[0]),
                terminals=joined.size,
            ),
            Message.of("steiner.disconnected_remedy"),
        )


def _contract(
    csr: Csr, terminal: NDArray[np.uint8], may: NDArray[np.bool_], group: NDArray[np.int64]
) -> _Core:
    """Keep some edges, merge the nodes of each group, then shorten chains until none is left."""
    from planner.network._compiled.base import make_csr, sort_edges  # noqa: PLC0415 (numba)
    from planner.network._compiled.reduce import find_chains  # noqa: PLC0415 (imports numba)

    chain = np.where(may, np.arange(csr.u.size), -1)
    a, b, w = group[csr.u], group[csr.v], csr.w
    marked = np.unique(group[terminal > 0])
    while True:
        kept = np.flatnonzero((a != b) & (np.bincount(chain[chain >= 0], minlength=a.size) > 0))
        needed = np.unique(np.concatenate([a[kept], b[kept], marked]))
        name = np.zeros(int(needed.max()) + 1, np.int32)
        name[needed] = np.arange(needed.size, dtype=np.int32)
        u, v = name[a[kept]], name[b[kept]]
        order = sort_edges(needed.size, u, v, w[kept])
        u, v = np.minimum(u, v)[order], np.maximum(u, v)[order]
        first = np.ones(u.size, np.bool_)
        first[1:] = (u[1:] != u[:-1]) | (v[1:] != v[:-1])
        place = np.cumsum(first) - 1
        step = np.full(a.size, -1, np.int64)
        step[kept[order]] = np.where(first, place, -2 - place)
        chain = _lead(chain, step)
        marks = np.zeros(needed.size, np.uint8)
        marks[name[marked]] = 1
        arrays = make_csr(needed.size, u[first], v[first], w[kept][order][first])
        label, a, b, w = find_chains(arrays, marks)
        if w.size == arrays.w.size:
            return _Core(csr=arrays, terminal=marks, chain=chain)
        chain, marked = _lead(chain, label), np.flatnonzero(marks)


def _lead(chain: NDArray[np.int64], step: NDArray[np.int64]) -> NDArray[np.int64]:
    """Follow each edge one step further: what ran beside an edge still does."""
    beside = chain <= _BESIDE
    if not step.size:
        return np.full_like(chain, -1)
    on = step[np.where(beside, _BESIDE - chain, chain)]
    on[chain == -1] = -1
    aside = beside & (on >= 0)
    on[aside] = _BESIDE - on[aside]
    return on


def _solve(
    graph: WeightedGraph, marks: NDArray[np.uint8], effort: Effort, steps: int
) -> tuple[NDArray[np.uint8], int]:
    """Return the edges chosen, and a lower bound."""
    from planner.network._compiled.base import polish  # noqa: PLC0415 (imports numba)

    csr = graph.csr
    free = csr.w == 0
    # edges that cost nothing are taken at once: what remains has positive weights
    pairs = coo_array(
        (np.ones(int(free.sum()), np.int8), (csr.u[free], csr.v[free])),
        shape=(graph.node_count, graph.node_count),
    )
    group = connected_components(pairs, directed=False)[1].astype(np.int64)
    core = _contract(csr, marks, ~free, group)
    best, bound = np.empty(0, np.int64), 0
    if core.terminal.sum() > 1:
        arcs = 2 * core.csr.u.size
        search = _Search(core, steps=int(steps * min(1.0, _USUAL_ARCS / arcs)))
        search.run(_ROOTS[effort])
        best, bound = search.best, search.bound
    # of the edges that cost nothing, those around what the tree touches, so that it hangs together
    crossed = np.zeros(int(group.max()) + 1, np.bool_)
    for ends in (csr.u[best], csr.v[best], np.flatnonzero(marks)):
        crossed[group[ends]] = True
    chosen = (free & crossed[group[csr.u]]).astype(np.uint8)
    chosen[best] = 1
    return polish(csr, marks, chosen), bound


class _Search:
    """The best tree and the best bound so far, in what is left of the graph.

    Whatever is ruled out belongs to no tree lighter than the best one: so the best tree stays in
    the core, and a bound of the core is one of the graph.
    """

    def __init__(self, core: _Core, *, steps: int) -> None:
        self.core = core
        self.steps = steps
        self.best: NDArray[np.int64] = np.empty(0, np.int64)
        self.cost = _NO_COST
        self.bound = 0

    def run(self, roots: int) -> None:
        """Bound and construct from some roots, then improve by larger and larger regions."""
        arcs = 2 * self.core.csr.u.size
        for turn in range(min(roots, max(1, _ASCENT_ARCS // arcs))):
            self._ascend(turn / roots)
            if self._is_done():
                return
        for turn, (most, cap) in enumerate(_REGIONS):
            if self.steps <= 0:
                return
            before = self.cost
            self._keep(self._improve(self._tree(), most, cap))
            if self.cost < before and roots > 1 and arcs * 2 < _ASCENT_ARCS:
                self._ascend((turn + 0.5) / len(_REGIONS))
            if self._is_done():
                return
        for turn in range(_RESTARTS if roots > 1 else 0):
            before = self.cost
            self._restart(turn)
            if self.cost < before:
                self._ascend(turn / _RESTARTS)
            if self.steps <= 0 or (self.cost < before and self._is_done()):
                return

    def _restart(self, turn: int) -> None:
        """Begin anew from a tree of disturbed weights, and improve it with the true ones."""
        from planner.network._compiled.construct import grow  # noqa: PLC0415 (imports numba)

        csr, terminal = self.core.csr, self.core.terminal
        noise = np.random.default_rng(turn).integers(0, _NOISE, csr.w.size)
        disturbed = csr._replace(w=csr.w + csr.w * noise // 1024)
        places = np.flatnonzero(terminal)
        root = int(places[turn * places.size // _RESTARTS])
        tree = grow(disturbed, terminal, root, np.ones(csr.w.size, np.uint8))
        for most, cap in _REGIONS[:4]:
            tree = self._improve(tree, most, cap)
        self._keep(tree)

    def _is_done(self) -> bool:
        """Return whether the best tree is proved so, by its bound or by exact solution."""
        self.bound = min(self.bound, self.cost)
        return self.bound == self.cost or self._solve_exactly()

    def _tree(self) -> NDArray[np.uint8]:
        """Mark the best tree in the core."""
        tree = np.zeros(self.core.csr.u.size, np.uint8)
        on = self.core.chain[self.best]
        tree[np.where(on <= _BESIDE, _BESIDE - on, on)[on != -1]] = 1
        return tree

    def _keep(self, tree: NDArray[np.uint8]) -> None:
        """Keep a tree of the core if it is the best so far."""
        cost = int(self.core.csr.w[tree > 0].sum())
        if cost < self.cost:
            self.best, self.cost = self._edges(tree), cost

    def _edges(self, tree: NDArray[np.uint8]) -> NDArray[np.int64]:
        """List the edges of the graph in a tree of the core."""
        chain = self.core.chain
        return np.flatnonzero((chain >= 0) & (tree[np.maximum(chain, 0)] > 0))

    def _improve(self, tree: NDArray[np.uint8], most: int, cap: int) -> NDArray[np.uint8]:
        """Improve a tree by regions of a size, within the steps left."""
        from planner.network._compiled.regions import improve  # noqa: PLC0415 (imports numba)

        csr, terminal = self.core.csr, self.core.terminal
        cap = min(_MOST_NODES, max(cap, _ROOM * most * terminal.size // int(terminal.sum())))
        self.steps -= int(
            improve(csr, terminal, tree, np.arange(terminal.size), most, cap, self.steps)[1]
        )
        return tree

    def _ascend(self, share: float) -> None:
        """Bound from the root at a share of the terminals, construct, improve, rule out.

        The first bound is free; the next ones are guided by the best tree so far.
        """
        from planner.network._compiled.bound import (  # noqa: PLC0415 (imports numba)
            ascend,
            orient,
            rule_out,
        )
        from planner.network._compiled.construct import grow  # noqa: PLC0415 (imports numba)

        csr, terminal = self.core.csr, self.core.terminal
        places = np.flatnonzero(terminal)
        root = int(places[int(share * places.size)])
        guide = np.zeros(2 * csr.u.size, np.uint8)
        if self.best.size:
            guide = orient(csr, self._tree(), root)
        low, left = ascend(csr, terminal, root, guide)
        saturated = ((left[::2] == 0) | (left[1::2] == 0)).astype(np.uint8)
        self._keep(self._improve(grow(csr, terminal, root, saturated), *_REGIONS[0]))
        self.bound = max(self.bound, min(int(low), self.cost))
        may = rule_out(csr, terminal, root, left, self.cost - int(low)) > 0
        smaller = _contract(csr, terminal, may, np.arange(terminal.size))
        self.core = replace(smaller, chain=_lead(self.core.chain, smaller.chain))

    def _solve_exactly(self) -> bool:
        """Solve what is left exactly, if terminals are few; return whether it was done."""
        from planner.network._compiled.regions import lay_out, solve_exactly, trace  # noqa: PLC0415

        csr = self.core.csr
        ends = np.flatnonzero(self.core.terminal)
        nodes, parts = self.core.terminal.size, ends.size
        labels = nodes << min(parts - 1, 40)
        if labels > _EXACT_LABELS or nodes * 3 ** (parts - 1) > _EXACT_MERGES:
            return False
        name = np.empty(nodes, np.int32)
        order = np.concatenate([ends, np.flatnonzero(self.core.terminal == 0)])
        name[order] = np.arange(nodes, dtype=np.int32)
        u, v = name[csr.u], name[csr.v]
        value, back = np.empty(labels, np.int64), np.empty(labels, np.int32)
        heap, place = np.empty(nodes, np.int32), np.full(nodes, -1, np.int32)
        ptr, node, edge = lay_out(nodes, u, v, u.size)
        found, _ = solve_exactly(ptr, node, edge, csr.w, parts, self.cost, value, back, heap, place)
        if found < self.cost:
            chosen = np.empty(2 * nodes, np.int32)
            stacks = np.empty((2, 4 * parts), np.int64)
            count = trace(u, v, parts, nodes, back, stacks[0], stacks[1], chosen)
            tree = np.zeros(csr.u.size, np.uint8)
            tree[chosen[:count]] = 1
            self.best, self.cost = self._edges(tree), int(found)
        self.bound = self.cost
        return True

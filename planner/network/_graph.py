"""The graph as the solvers see it: nodes by number, edges in one order, whole weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.errors import RuleError
from planner.texts import Message

if TYPE_CHECKING:
    from planner.network._compiled.base import Csr

__all__ = ["MOST_WEIGHT", "WeightedGraph"]

MOST_WEIGHT: Final = 2**44
"""The heaviest edge: a path over 2**17 such edges still counts exactly in 64 bits."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WeightedGraph:
    """An undirected graph with whole weights, laid out for compiled code.

    Make it with :meth:`from_edges`.  Nodes are numbered in the order of their keys; edges are
    sorted by smaller end, larger end, weight, whatever the order they were given in, so that no
    answer depends on it.

    Attributes
    ----------
    node_count
        Number of nodes; they are 0 to ``node_count - 1``.
    u, v
        Smaller and larger end of each edge, int32.
    weight
        Weight of each edge, int64: cents, or millimetres.
    rows
        Row of each edge in the arrays that it was made from.

    Examples
    --------
    >>> graph = WeightedGraph.from_edges(3, [2, 0], [1, 1], [50, 70])
    >>> graph.u.tolist(), graph.v.tolist(), graph.weight.tolist(), graph.rows.tolist()
    ([0, 1], [1, 2], [70, 50], [1, 0])
    """

    node_count: int
    u: NDArray[np.int32]
    v: NDArray[np.int32]
    weight: NDArray[np.int64]
    rows: NDArray[np.int64]
    csr: Csr = field(repr=False)

    @classmethod
    def from_edges(
        cls, node_count: int, u: ArrayLike, v: ArrayLike, weight: ArrayLike
    ) -> WeightedGraph:
        """Check edges and lay them out.

        Parameters
        ----------
        node_count
            Number of nodes.
        u, v
            Ends of each edge, in either order.  Parallel edges and loops are kept.
        weight
            Weight of each edge, a whole number of cents or millimetres from 0 to
            :data:`MOST_WEIGHT`.

        Raises
        ------
        RuleError
            When sizes differ, a node is unknown, or a weight isn't such a number.
        """
        from planner.network._compiled.base import make_csr, sort_edges  # noqa: PLC0415 (numba)

        raw = np.asarray(weight)
        start, end = np.asarray(u).ravel(), np.asarray(v).ravel()
        if not start.size == end.size == raw.size:
            raise RuleError(
                Message.of("steiner.edges_shape", u=start.size, v=end.size, weight=raw.size),
                Message.of("steiner.edges_shape_remedy"),
            )
        strange = (start < 0) | (start >= node_count) | (end < 0) | (end >= node_count)
        _refuse(strange, "edge_node", last=node_count - 1)
        with np.errstate(invalid="ignore"):
            wrong = ~((raw >= 0) & (raw <= MOST_WEIGHT) & (raw == np.floor(raw)))
        _refuse(wrong, "edge_weight", most=MOST_WEIGHT)
        start, end = start.astype(np.int32), end.astype(np.int32)
        whole = raw.astype(np.int64).ravel()
        rows = sort_edges(node_count, start, end, whole)
        start, end = start[rows], end[rows]
        low, high = np.minimum(start, end), np.maximum(start, end)
        csr = make_csr(node_count, low, high, whole[rows])
        return cls(node_count=node_count, u=low, v=high, weight=csr.w, rows=rows, csr=csr)

    @property
    def edge_count(self) -> int:
        """Number of edges."""
        return int(self.u.size)

    def to_networkx(self) -> nx.Graph[int]:
        """Return the graph for inspection; of parallel edges the lightest, which comes first.

        Edges carry ``weight`` and ``edge``, their number in this graph.
        """
        graph: nx.Graph[int] = nx.Graph()
        graph.add_nodes_from(range(self.node_count))
        columns = (self.u.tolist(), self.v.tolist(), self.weight.tolist())
        for edge, (a, b, w) in reversed(list(enumerate(zip(*columns, strict=True)))):
            graph.add_edge(a, b, weight=w, edge=edge)
        return graph


def _refuse(wrong: NDArray[np.bool_], rule: str, **values: Any) -> None:  # noqa: ANN401 (of texts)
    """Fail where any row is wrong, naming the first."""
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        count = int(wrong.sum())
        raise RuleError(
            Message.of(f"steiner.{rule}", count=count, row=first, **values),
            Message.of(f"steiner.{rule}_remedy", **values),
        )

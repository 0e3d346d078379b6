"""What the solvers answer: a tree with its cost, its bound, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from planner.network._graph import WeightedGraph

__all__ = ["Effort", "SteinerTree", "TreeStatus"]


class Effort(StrEnum):
    """How much work a tree is worth; the work is counted in steps, never in seconds."""

    QUICK = "quick"
    """Construction alone, no bound: a fraction of a second for a region."""
    NORMAL = "normal"
    """Bound, then local search over small regions: seconds for a large town."""
    THOROUGH = "thorough"
    """The same over larger regions and from several roots: at most some 20 s a tree."""


class TreeStatus(StrEnum):
    """What is known of a tree's cost."""

    OPTIMAL = "optimal"
    BOUNDED = "bounded"
    CONSTRUCTED = "constructed"


@dataclass(frozen=True, kw_only=True, eq=False)
class SteinerTree:
    """A tree that joins terminals.

    Attributes
    ----------
    graph
        The graph that it was designed in.
    terminals
        The nodes it joins, sorted, each once; the root is one of them.
    root
        Where fibres start, or None.
    edges
        Its edges, sorted: numbers in the graph's own order (``graph.rows[tree.edges]`` gives the
        rows of the arrays that the graph was made from).
    cost
        Sum of the weights of its edges.
    lower_bound
        No tree that joins these terminals costs less; None where no bound was asked for.
    """

    graph: WeightedGraph
    terminals: NDArray[np.int64]
    root: int | None
    edges: NDArray[np.int64]
    cost: int
    lower_bound: int | None

    @property
    def status(self) -> TreeStatus:
        """Whether the cost is proved least, bounded, or neither."""
        if self.lower_bound is None:
            return TreeStatus.CONSTRUCTED
        return TreeStatus.OPTIMAL if self.lower_bound == self.cost else TreeStatus.BOUNDED

    @property
    def gap_share(self) -> float | None:
        """How far above its bound the cost may be at most, as a share of the bound."""
        if self.lower_bound is None:
            return None
        if self.cost == self.lower_bound:
            return 0.0
        return (self.cost - self.lower_bound) / self.lower_bound if self.lower_bound else np.inf

    @property
    def nodes(self) -> NDArray[np.int64]:
        """The nodes of the tree, sorted; a lone terminal is one."""
        ends = (self.graph.u[self.edges], self.graph.v[self.edges], self.terminals[:1])
        return np.unique(np.concatenate(ends)).astype(np.int64)

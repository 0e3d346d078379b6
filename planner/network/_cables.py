"""Fibres along a tree, from its root, and the cables that hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.errors import RuleError
from planner.network._result import SteinerTree
from planner.texts import Message

__all__ = ["CableModel", "CableSizing", "size_cables"]


@dataclass(frozen=True, kw_only=True)
class CableModel:
    """A cable of a dated price book.

    Parameters
    ----------
    capacity_fibres
        Fibres it holds.
    cost_cents_per_m
        Whole cents a metre, laid.
    """

    capacity_fibres: int
    cost_cents_per_m: int


@dataclass(frozen=True, kw_only=True, eq=False)
class CableSizing:
    """What each edge of a tree carries; rows are edges, in the order of ``tree.edges``.

    Attributes
    ----------
    tree
        The tree.
    parent, child
        Ends of each edge, the one towards the root first.
    fibres_count
        Fibres that go through: the demand beyond the edge.
    models
        The cables, by rising capacity.
    cables_count
        Cables of each model on each edge, shape (edges, models).
    cost_cents
        Cost of the cables of each edge, rounded to the cent once an edge, halves to even.
    """

    tree: SteinerTree
    parent: NDArray[np.int64]
    child: NDArray[np.int64]
    fibres_count: NDArray[np.int64]
    models: tuple[CableModel, ...]
    cables_count: NDArray[np.int64]
    cost_cents: NDArray[np.int64]

    @property
    def total_cents(self) -> int:
        """Cost of all cables."""
        return int(self.cost_cents.sum())

    @property
    def capacity_fibres(self) -> NDArray[np.int64]:
        """Fibres that the cables of each edge hold, at least those that go through."""
        capacity = np.array([model.capacity_fibres for model in self.models], np.int64)
        held: NDArray[np.int64] = self.cables_count @ capacity
        return held


def size_cables(
    tree: SteinerTree,
    *,
    demand: Mapping[int, int],
    models: Sequence[CableModel],
    length_m: ArrayLike,
) -> CableSizing:
    """Send every node's fibres along the tree from its root, and choose the cheapest cables.

    On each edge the cables are the cheapest multiset whose capacities add up to the fibres that go
    through (a covering knapsack, solved exactly; equal costs take fewer cables, then larger ones).
    An edge beyond which nobody asks for fibres has none.

    Parameters
    ----------
    tree
        A tree with a root.
    demand
        Fibres asked for at nodes of the tree, whole numbers from 0.
    models
        Cables that may be laid, each capacity once.
    length_m
        Length of each edge of ``tree.graph``, in its order.

    Raises
    ------
    RuleError
        When the tree has no root, a demand is off the tree or negative, lengths are missing or
        negative, or there is no usable cable.
    """
    lengths = np.asarray(length_m, np.float64).ravel()
    _check(tree, demand, models, lengths)
    order, parent, entry = _walk(tree)
    flow = np.zeros(tree.graph.node_count, np.int64)
    flow[list(demand)] = list(demand.values())
    child = np.zeros(tree.edges.size, np.int64)
    for node in reversed(order[1:]):
        flow[parent[node]] += flow[node]
        child[entry[node]] = node
    fibres = flow[child]
    chosen = tuple(sorted(models, key=lambda model: model.capacity_fibres))
    plans = _cover(chosen, int(fibres.max(initial=0)))
    cables = plans[fibres]
    price = cables @ np.array([model.cost_cents_per_m for model in chosen], np.int64)
    return CableSizing(
        tree=tree,
        parent=np.array([parent[node] for node in child.tolist()], np.int64),
        child=child,
        fibres_count=fibres,
        models=chosen,
        cables_count=cables,
        cost_cents=np.rint(price * lengths[tree.edges]).astype(np.int64),
    )


def _check(
    tree: SteinerTree,
    demand: Mapping[int, int],
    models: Sequence[CableModel],
    lengths: NDArray[np.float64],
) -> None:
    """Refuse what can't be sized."""
    if tree.root is None:
        raise RuleError(Message.of("steiner.no_root"), Message.of("steiner.no_root_remedy"))
    inside = set(tree.nodes.tolist())
    strange = sorted(node for node, fibres in demand.items() if node not in inside or fibres < 0)
    if strange:
        raise RuleError(
            Message.of("steiner.demand_off_tree", count=len(strange), node=strange[0]),
            Message.of("steiner.demand_off_tree_remedy"),
        )
    capacities = [model.capacity_fibres for model in models]
    usable = all(min(m.capacity_fibres, m.cost_cents_per_m) > 0 for m in models)
    if not models or not usable or len(set(capacities)) < len(capacities):
        raise RuleError(Message.of("steiner.no_cable"), Message.of("steiner.no_cable_remedy"))
    edges = tree.graph.edge_count
    if lengths.size != edges or not np.all(np.isfinite(lengths) & (lengths >= 0)):
        raise RuleError(
            Message.of("steiner.cable_lengths", count=lengths.size, edges=edges),
            Message.of("steiner.cable_lengths_remedy"),
        )


def _walk(tree: SteinerTree) -> tuple[list[int], dict[int, int], dict[int, int]]:
    """Return nodes from the root outwards, the parent of each, and its row in ``tree.edges``."""
    near: dict[int, list[tuple[int, int]]] = {}
    ends = zip(tree.graph.u[tree.edges].tolist(), tree.graph.v[tree.edges].tolist(), strict=True)
    for row, (a, b) in enumerate(ends):
        near.setdefault(a, []).append((b, row))
        near.setdefault(b, []).append((a, row))
    start = -1 if tree.root is None else tree.root
    order, parent, entry = [start], {start: -1}, {start: -1}
    for node in order:  # grows as it goes
        for other, row in near.get(node, ()):
            if other not in parent:
                parent[other], entry[other] = node, row
                order.append(other)
    return order, parent, entry


def _cover(models: tuple[CableModel, ...], most: int) -> NDArray[np.int64]:
    """Return the cheapest cables for 0 to ``most`` fibres, shape (most + 1, models)."""
    plans = np.zeros((most + 1, len(models)), np.int64)
    keys: list[tuple[int, int]] = [(0, 0)]
    for fibres in range(1, most + 1):
        best = min(
            (
                keys[max(0, fibres - model.capacity_fibres)][0] + model.cost_cents_per_m,
                keys[max(0, fibres - model.capacity_fibres)][1] + 1,
                -place,
            )
            for place, model in enumerate(models)
        )
        keys.append(best[:2])
        plans[fibres] = plans[max(0, fibres - models[-best[2]].capacity_fibres)]
        plans[fibres, -best[2]] += 1
    return plans

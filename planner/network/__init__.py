"""The network: the graph of supports, and the trees that carry fibres along it."""

from __future__ import annotations

from planner.network._cables import CableModel, CableSizing, size_cables
from planner.network._design import design_tree, find_nearest
from planner.network._graph import WeightedGraph
from planner.network._result import Effort, SteinerTree, TreeStatus

__all__ = [
    "CableModel",
    "CableSizing",
    "Effort",
    "SteinerTree",
    "TreeStatus",
    "WeightedGraph",
    "design_tree",
    "find_nearest",
    "size_cables",
]

"""The network: the graph of supports, and the trees that carry fibres along it."""

from __future__ import annotations

from planner.network._cables import CableModel, CableSizing, size_cables
from planner.network._design import design_tree, find_nearest
from planner.network._graph import WeightedGraph
from planner.network._poles import know_poles
from planner.network._result import Effort, SteinerTree, TreeStatus
from planner.network._rules import DesignRules
from planner.network._ways import Ways, lay_ways
from planner.network.costs import cost_network, cumulate_costs, save_by_epci
from planner.network.design import Network, compare_phasing, design_network
from planner.network.runs import Runs, list_runs
from planner.network.support import SupportGraph, SupportRules, attach_premises, build_support

__all__ = [
    "CableModel",
    "CableSizing",
    "DesignRules",
    "Effort",
    "Network",
    "Runs",
    "SteinerTree",
    "SupportGraph",
    "SupportRules",
    "TreeStatus",
    "Ways",
    "WeightedGraph",
    "attach_premises",
    "build_support",
    "compare_phasing",
    "cost_network",
    "cumulate_costs",
    "design_network",
    "design_tree",
    "find_nearest",
    "know_poles",
    "lay_ways",
    "list_runs",
    "save_by_epci",
    "size_cables",
]

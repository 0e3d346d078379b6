"""Sectors, the indivisible units of decision, and zones, the groups of them that are counted."""

from __future__ import annotations

from planner.zoning.given import GivenRules, use_sectors
from planner.zoning.history import ExampleHistory, HistoryRules, make_example_history
from planner.zoning.sectors import CutRules, SectorCut, assign_sectors, cut_sectors
from planner.zoning.zones import Zoning, grow_zones, join_zones, place_sectors

__all__ = [
    "CutRules",
    "ExampleHistory",
    "GivenRules",
    "HistoryRules",
    "SectorCut",
    "Zoning",
    "assign_sectors",
    "cut_sectors",
    "grow_zones",
    "join_zones",
    "make_example_history",
    "place_sectors",
    "use_sectors",
]

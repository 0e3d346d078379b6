"""Premises: made up for a region that has none, as points, and their state on any day."""

from __future__ import annotations

from planner.premises._generator import generate_premises
from planner.premises._points import premises_from_geodataframe, premises_to_geodataframe
from planner.premises._rules import GeneratorRules
from planner.premises._states import check_state_changes, sift_state_changes

__all__ = [
    "GeneratorRules",
    "check_state_changes",
    "generate_premises",
    "premises_from_geodataframe",
    "premises_to_geodataframe",
    "sift_state_changes",
]

"""Why: what a plan says of a place, and what a choice of sectors rests on.

:func:`explain_place` reads the tables of a plan.  The others read an exact choice
(:class:`planner.choice.Choice`): :func:`list_decisions` gives every decision as data,
:func:`explain_sector` one sector's story with the smallest changes that flip it, and
:func:`price_rules` what each rule costs the region.
"""

from planner.explain._decisions import decision_scores, list_decisions
from planner.explain._flips import Flip, apply_flip, find_flips
from planner.explain._place import Explanation, explain_place, place_names
from planner.explain._prices import price_rules
from planner.explain._sector import SectorStory, explain_sector
from planner.explain._service import count_service

__all__ = [
    "Explanation",
    "Flip",
    "SectorStory",
    "apply_flip",
    "count_service",
    "decision_scores",
    "explain_place",
    "explain_sector",
    "find_flips",
    "list_decisions",
    "place_names",
    "price_rules",
]

"""Why: what a plan says of a place, and what a choice of sectors rests on.

:func:`explain_place` reads the tables of a plan.  The others read an exact choice
(:class:`planner.choice.Choice`): :func:`list_decisions` gives every decision as data,
:func:`explain_sector` one sector's story with the smallest changes that flip it, and
:func:`price_rules` what each rule costs the region, and :func:`prove_programme` how good it is
proved to be, with how many others are as good.  With years
(:class:`planner.dated.DatedChoice`), :func:`list_year_decisions`, :func:`explain_sector_year` and
:func:`price_year_rules` do the same.
"""

from planner.explain._advice import advice_of_sectors
from planner.explain._apply import apply_flip
from planner.explain._decisions import decision_scores, list_decisions
from planner.explain._flips import Flip, find_flips
from planner.explain._place import Explanation, explain_place, place_names
from planner.explain._prices import price_rules, price_year_rules
from planner.explain._proof import prove_programme, prove_years, read_proof
from planner.explain._sector import SectorStory, explain_sector
from planner.explain._service import count_service
from planner.explain._year_apply import apply_year_flip
from planner.explain._year_decisions import list_year_decisions
from planner.explain._year_flips import YearFlip, find_year_flips
from planner.explain._year_story import YearStory, explain_sector_year

__all__ = [
    "Explanation",
    "Flip",
    "SectorStory",
    "YearFlip",
    "YearStory",
    "advice_of_sectors",
    "apply_flip",
    "apply_year_flip",
    "count_service",
    "decision_scores",
    "explain_place",
    "explain_sector",
    "explain_sector_year",
    "find_flips",
    "find_year_flips",
    "list_decisions",
    "list_year_decisions",
    "place_names",
    "price_rules",
    "price_year_rules",
    "prove_programme",
    "prove_years",
    "read_proof",
]

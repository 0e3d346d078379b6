"""The programme: which sectors enter phase 2, and why.

:func:`choose_sectors` applies the départements' simple rule, each EPCI's ranking within its
envelope; :func:`state_choice`, :func:`solve_choice` and :func:`explain_choice` find the best one.
"""

from planner.programme._actors.blocks import ColumnPool
from planner.programme._bounds import ChoiceBounds, part_of
from planner.programme._changed_rooms import TooMuchError
from planner.programme._cleared_rooms import ClearedRooms
from planner.programme._exact import explain_choice, explain_years
from planner.programme._own_envelope import OwnEnvelope
from planner.programme._parts import cut_out, split_parts
from planner.programme._problem import ChoiceRules, state_choice
from planner.programme._ranking import Programme, ProgrammeRules, choose_sectors
from planner.programme._shared import is_sharing
from planner.programme._solve import solve_choice
from planner.programme._years.bounds import YearBounds
from planner.programme._years.problem import state_years
from planner.programme._years.ways import solve_years

__all__ = [
    "ChoiceBounds",
    "ChoiceRules",
    "ClearedRooms",
    "ColumnPool",
    "OwnEnvelope",
    "Programme",
    "ProgrammeRules",
    "TooMuchError",
    "YearBounds",
    "choose_sectors",
    "cut_out",
    "explain_choice",
    "explain_years",
    "is_sharing",
    "part_of",
    "solve_choice",
    "solve_years",
    "split_parts",
    "state_choice",
    "state_years",
]

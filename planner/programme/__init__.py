"""The programme: which sectors enter phase 2, and why.

:func:`choose_sectors` applies the départements' simple rule, each EPCI's ranking within its
envelope.
"""

from planner.programme._blocks import ColumnPool
from planner.programme._ranking import Programme, ProgrammeRules, choose_sectors
from planner.programme._solve import solve_choice

__all__ = ["ColumnPool", "Programme", "ProgrammeRules", "choose_sectors", "solve_choice"]

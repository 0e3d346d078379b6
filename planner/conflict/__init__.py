"""When no programme exists: which rules clash, and what it would cost to give way.

:func:`find_conflict` names a smallest set of rules that can't hold together;
:func:`find_year_conflict` does so where only the ceilings of years are in the way;
:func:`cheapest_relaxations` says how little each kind of rule would have to give.
"""

from planner.conflict._find import Conflict, find_conflict
from planner.conflict._relax import Relaxation, cheapest_relaxations
from planner.conflict._rules import Rule, RuleKind, rules_of, rules_of_years
from planner.conflict._years import find_year_conflict

__all__ = [
    "Conflict",
    "Relaxation",
    "Rule",
    "RuleKind",
    "cheapest_relaxations",
    "find_conflict",
    "find_year_conflict",
    "rules_of",
    "rules_of_years",
]

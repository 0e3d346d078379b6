"""The programme: which sectors enter phase 2, and why.

:func:`choose_sectors` applies the départements' simple rule, each EPCI's ranking within its
envelope.
"""

from planner.programme._ranking import Programme, ProgrammeRules, choose_sectors

__all__ = ["Programme", "ProgrammeRules", "choose_sectors"]

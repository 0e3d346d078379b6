"""Two programmes side by side: who gains, who loses, and which change did it.

:func:`compare_plans` counts the differences between two plans and lists every input and rule that
changed; :func:`trace_causes` answers again with one change at a time, so that each difference has
its cause, and :func:`measure_effects` counts what each change does by itself.
"""

from planner.compare._causes import Cause, list_causes, switch_plans, trace_causes
from planner.compare._costs import CostDifferences, PriceChange
from planner.compare._differences import Comparison, Side, call_sides, compare_plans
from planner.compare._effects import measure_effects, region_effect
from planner.compare._perimeters import Holding, Perimeters

__all__ = [
    "Cause",
    "Comparison",
    "CostDifferences",
    "Holding",
    "Perimeters",
    "PriceChange",
    "Side",
    "call_sides",
    "compare_plans",
    "list_causes",
    "measure_effects",
    "region_effect",
    "switch_plans",
    "trace_causes",
]

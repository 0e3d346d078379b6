"""How firm a programme is, how fair, and what equity costs in speed.

Weights: how often a sector stays in over the whole space of weights, and between which values of
one weight the programme stays the best.  Optima: all of them, and a handful that differ most.
Fairness between EPCI.  The frontier of speed and equity, each point proved non-dominated.
"""

from planner.robustness._fairness import measure_fairness
from planner.robustness._frontier import Frontier, trace_frontier
from planner.robustness._groups import Groups, groups_by_actor, groups_by_area
from planner.robustness._near_weights import find_near_interval
from planner.robustness._optima import (
    Optima,
    count_equals,
    count_programmes,
    equal_programmes_table,
    list_diverse,
    list_equal_parts,
    list_optima,
)
from planner.robustness._plan import (
    alternatives_table,
    criteria_space,
    servable,
    weights_table,
)
from planner.robustness._weights import (
    WeightInterval,
    WeightPiece,
    WeightSpace,
    find_weight_interval,
    measure_stability,
    trace_weight,
    wilson_interval,
)

__all__ = [
    "Frontier",
    "Groups",
    "Optima",
    "WeightInterval",
    "WeightPiece",
    "WeightSpace",
    "alternatives_table",
    "count_equals",
    "count_programmes",
    "criteria_space",
    "equal_programmes_table",
    "find_near_interval",
    "find_weight_interval",
    "groups_by_actor",
    "groups_by_area",
    "list_diverse",
    "list_equal_parts",
    "list_optima",
    "measure_fairness",
    "measure_stability",
    "servable",
    "trace_frontier",
    "trace_weight",
    "weights_table",
    "wilson_interval",
]

"""Life of an adopted programme: promised against observed, forecasts, deadlines of completeness."""

from planner.follow_up._baseline import freeze_baseline
from planner.follow_up._completeness import CompletenessRule, watch_completeness
from planner.follow_up._example import ExampleFollowUp, ExampleRules, make_example_follow_up
from planner.follow_up._facts import PublicCase, public_totals, state_public_case
from planner.follow_up._follow import FollowUp, FollowUpRules, follow_programme
from planner.follow_up._forecast import (
    BackTest,
    Pace,
    back_test,
    forecast_counts,
    observed_pace,
)
from planner.follow_up._opening import OpeningRule, watch_openings
from planner.follow_up._progress import (
    SpreadRule,
    merge_progress,
    progress_from_premises,
    progress_from_stages,
    spread_counts,
)
from planner.follow_up._quarters import (
    later,
    quarter_end,
    quarter_of,
    quarters_between,
    quarters_from,
)
from planner.follow_up._sales_curve import FittedCurve, fit_curve, forecast_take_up
from planner.follow_up._slippage import (
    LatePromise,
    forecast_completion,
    late_promise,
    measure_slippage,
    trace_curves,
)
from planner.follow_up._take_up import EVERY_OPERATOR, measure_take_up, sum_sales

__all__ = [
    "EVERY_OPERATOR",
    "BackTest",
    "CompletenessRule",
    "ExampleFollowUp",
    "ExampleRules",
    "FittedCurve",
    "FollowUp",
    "FollowUpRules",
    "LatePromise",
    "OpeningRule",
    "Pace",
    "PublicCase",
    "SpreadRule",
    "back_test",
    "fit_curve",
    "follow_programme",
    "forecast_completion",
    "forecast_counts",
    "forecast_take_up",
    "freeze_baseline",
    "late_promise",
    "later",
    "make_example_follow_up",
    "measure_slippage",
    "measure_take_up",
    "merge_progress",
    "observed_pace",
    "progress_from_premises",
    "progress_from_stages",
    "public_totals",
    "quarter_end",
    "quarter_of",
    "quarters_between",
    "quarters_from",
    "spread_counts",
    "state_public_case",
    "sum_sales",
    "trace_curves",
    "watch_completeness",
    "watch_openings",
]

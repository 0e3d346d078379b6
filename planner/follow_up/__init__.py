"""Life of an adopted programme: promised against observed, forecasts, deadlines of completeness."""

from planner.follow_up._baseline import (
    freeze_baseline,
    progress_from_stages,
    quarter_end,
    spread_counts,
)
from planner.follow_up._completeness import CompletenessRule, watch_completeness
from planner.follow_up._forecast import (
    BackTest,
    Pace,
    back_test,
    forecast_counts,
    observed_pace,
)
from planner.follow_up._slippage import (
    LatePromise,
    late_promise,
    measure_slippage,
    trace_curves,
)
from planner.follow_up._take_up import measure_take_up

__all__ = [
    "BackTest",
    "CompletenessRule",
    "LatePromise",
    "Pace",
    "back_test",
    "forecast_counts",
    "freeze_baseline",
    "late_promise",
    "measure_slippage",
    "measure_take_up",
    "observed_pace",
    "progress_from_stages",
    "quarter_end",
    "spread_counts",
    "trace_curves",
    "watch_completeness",
]

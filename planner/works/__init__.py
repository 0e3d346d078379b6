"""Works schedule: quarters of sectors under trades, budgets, precedence and deadlines."""

from planner.works._even import spread_evenly
from planner.works._rules import ALL_PHASES, PhasePace, Trade, WorksRules
from planner.works.schedule import ScheduleResult, plan_works, put_in_words, say_binding

__all__ = [
    "ALL_PHASES", "PhasePace", "ScheduleResult", "Trade", "WorksRules", "plan_works",
    "put_in_words", "say_binding", "spread_evenly",
]  # fmt: skip

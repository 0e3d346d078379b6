"""When each sector is built under the capacity of trades, yearly budgets and precedence."""

from planner.works._rules import PhasePace, Trade, WorksRules
from planner.works.schedule import ScheduleResult, plan_works

__all__ = ["PhasePace", "ScheduleResult", "Trade", "WorksRules", "plan_works"]

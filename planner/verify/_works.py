"""The quarters of the works, judged sector by sector from the tables alone, with whole numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

import pandas as pd

from planner.scenario import Scenario
from planner.verify._ground import Ground

__all__ = ["judge_evenness", "judge_stated", "judge_works"]

_NEAR: Final = 1e-9
_OF_PHASE: Final = frozenset({"lines", "budget", "quarter_lines"})
"""Limits that count what opens; those of a trade count what it works on."""

Rows = list[dict[str, Any]]


def judge_works(
    works: Rows, schedule: Rows, scenario: Scenario, check: Callable[..., None]
) -> None:
    """Check trades, lengths of works, precedence, deadlines and what is under way.

    Parameters
    ----------
    check
        Takes a rule, a place and ``broken``, then the values that its words need.
    """
    trades = scenario.schedule.trades
    stated = {str(row["sector_id"]): row for row in works}
    opens = {str(row["sector_id"]): _number(str(row["quarter"])) for row in schedule}
    day = scenario.reference_date
    start = day.year * 4 + (day.month - 1) // 3 + 1
    length = sum(trade.duration_quarters for trade in trades)
    # lines × the quarters of the trade, so that a part of a sector is a whole number
    load: dict[tuple[str, int], int] = defaultdict(int)
    under_way: dict[tuple[str, int], int] = defaultdict(int)
    for key, at in sorted(opens.items()):
        check("works_unstated", key, broken=key not in stated)
        if key not in stated:
            continue
        row = stated[key]
        _dates(key, at, row, start=start, length=length, check=check)
        _lags(key, at, row, opens, scenario, check)
        end, held = at, not pd.isna(row["fixed_quarter"])
        for trade in reversed(trades):
            for quarter in range(end - trade.duration_quarters + 1, end + 1):
                load[trade.name, quarter] += int(row["premises_count"])
                if held:
                    under_way[trade.name, quarter] += int(row["premises_count"])
            end -= trade.duration_quarters
    most = {t.name: t.lines_per_quarter * t.duration_quarters for t in trades}
    span = {t.name: t.duration_quarters for t in trades}
    for (name, quarter), lines in sorted(load.items()):
        # what was done before the horizon is nobody's load any more
        if quarter < start:
            continue
        ceiling = max(most[name], under_way[name, quarter])
        check(
            "trade", f"{name}, {quarter // 4}-T{quarter % 4 + 1}", broken=lines > ceiling,
            excess=-(-(lines - ceiling) // span[name]), said=lines // span[name],
            worth=ceiling // span[name],
        )  # fmt: skip


def judge_evenness(limits: Rows, schedule: Rows, check: Callable[..., None]) -> None:
    """Check that no quarter of a phase opens more lines than its stated ceiling."""
    lines: dict[tuple[str, str], int] = defaultdict(int)
    for row in schedule:
        lines[str(row["phase"]), str(row["quarter"])] += int(row["premises_count"])
    for row in limits:
        if row["kind"] != "quarter_lines":
            continue
        said, most = lines[str(row["phase"]), str(row["place"])], round(row["most_amount"])
        check(
            "quarter_lines", f"phase {row['phase']}, {row['place']}", broken=said > most,
            excess=said - most, said=said, worth=most,
        )  # fmt: skip


def _number(quarter: str) -> int:
    return int(quarter[:4]) * 4 + int(quarter[6]) - 1


def _dates(
    key: str, at: int, row: dict[str, Any], *, start: int, length: int, check: Callable[..., None]
) -> None:
    if not pd.isna(row["fixed_quarter"]):
        check("works_moved", key, broken=at != _number(str(row["fixed_quarter"])))
        return
    soonest = start + max(length - 1 - int(row["done_quarters"]), 0)
    if not pd.isna(row["earliest_quarter"]):
        soonest = max(soonest, _number(str(row["earliest_quarter"])))
    check("works_early", key, broken=at < soonest)
    if not pd.isna(row["latest_quarter"]):
        check("works_late", key, broken=at > _number(str(row["latest_quarter"])))


def _lags(
    key: str, at: int, row: dict[str, Any], opens: dict[str, int], scenario: Scenario,
    check: Callable[..., None],
) -> None:  # fmt: skip
    before = row["after_sector_id"]
    if pd.isna(before) or str(before) not in opens or not pd.isna(row["fixed_quarter"]):
        return
    lag, years = at - opens[str(before)], scenario.schedule.completeness_years
    soon = lag < scenario.schedule.after_quarters
    check("works_precedence", key, broken=soon, before=str(before))
    if years is not None:
        check("works_completeness", key, broken=lag > 4 * years, before=str(before))


def judge_stated(ground: Ground) -> None:
    """Check what the tables of the works repeat: premises, costs, quarters, use of each limit.

    Parameters
    ----------
    ground
        The tables; it keeps what is broken.
    """
    costs = {str(row["sector_id"]): row["cost_cents"] for row in ground.rows("costs")}
    for row in ground.rows("works"):
        key = str(row["sector_id"])
        decided, sector = ground.decided.get(key), ground.sector.get(key)
        if decided is None or sector is None:
            ground.check("once", key, broken=True)
            continue
        ground.cell("works", key, "phase", row["phase"], decided["phase"])
        ground.cell("works", key, "premises_count", row["premises_count"], sector["premises_count"])
        ground.cell("works", key, "cost_cents", row["cost_cents"], costs.get(key))
    opens = {str(row["sector_id"]): str(row["quarter"]) for row in ground.rows("schedule")}
    told = {str(row["sector_id"]): row for row in ground.rows("works_reasons")}
    stated = {str(row["sector_id"]) for row in ground.rows("works")}
    for key in sorted({*opens, *told}):
        due = key in opens and key in stated  # what was open before works were planned again isn't
        ground.check("missing_row", key, broken=due and key not in told, table="works_reasons")
        if key in told:
            ground.cell("works_reasons", key, "quarter", told[key]["quarter"], opens.get(key))
    _used(ground)
    _whole(ground)
    for row in ground.rows("works_proof"):
        value, bound = float(row["value"]), row["bound"]
        if not pd.isna(bound) and not pd.isna(row["gap_share"]) and value:
            worth, said = (value - float(bound)) / value, float(row["gap_share"])
            near = said if abs(said - worth) <= _NEAR else worth
            ground.cell("works_proof", "—", "gap_share", said, near)


def _used(ground: Ground) -> None:
    """Check how much of each limit of a phase is used, and what share that is."""
    used: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in ground.rows("schedule"):
        phase, quarter = str(row["phase"]), str(row["quarter"])
        lines, cents = int(row["premises_count"]), int(row["cost_cents"])
        used["lines", phase, quarter[:4]] += lines
        used["budget", phase, quarter[:4]] += cents
        used["quarter_lines", phase, quarter] += lines
    for row in ground.rows("works_limits"):
        kind, phase, place = str(row["kind"]), str(row["phase"]), str(row["place"])
        said, most, where = float(row["used_amount"]), row["most_amount"], f"{kind}/{phase}/{place}"
        if kind in _OF_PHASE:
            worth = float(used[kind, phase, place])
            near = said if abs(said - worth) <= _NEAR * max(worth, 1) else worth
            ground.cell("works_limits", where, "used_amount", said, near)
        if not pd.isna(most) and float(most) > 0 and not pd.isna(row["used_share"]):
            share, told = said / float(most), float(row["used_share"])
            near = told if abs(told - share) <= _NEAR else share
            ground.cell("works_limits", where, "used_share", told, near)


def _whole(ground: Ground) -> None:
    """Check that no quarter of a trade and no year of a phase lacks its limit.

    The horizon is that of the trades' rows: one cut from every trade alike isn't seen.
    """
    asked = ground.scenario.schedule
    there = {
        (str(row["kind"]), str(row["phase"]), str(row["place"]))
        for row in ground.rows("works_limits")
    }
    trades = [trade.name for trade in asked.trades]
    known = {_number(place) for kind, _, place in there if kind in trades and _is_quarter(place)}
    span = range(min(known, default=0), max(known, default=-1) + 1)
    due = {(name, "all", _name(at)) for name in trades for at in span}
    for phase in {str(row.phase) for row in asked.capacity}:
        for year in sorted({at // 4 for at in span}):
            here = [
                row
                for row in asked.capacity
                if str(row.phase) == phase
                and int(row.first_quarter[:4]) <= year
                and (row.last_quarter is None or year <= int(row.last_quarter[:4]))
            ]
            if None not in [row.lines_per_year for row in here]:
                due.add(("lines", phase, str(year)))
            if None not in [row.budget_eur_per_year for row in here]:
                due.add(("budget", phase, str(year)))
    for phase in {phase for kind, phase, _ in there if kind == "quarter_lines"}:
        even = {
            _number(place)
            for kind, other, place in there
            if (kind, other) == ("quarter_lines", phase) and _is_quarter(place)
        }
        between = range(min(even, default=0), max(even, default=-1) + 1)
        due |= {("quarter_lines", phase, _name(at)) for at in between}
    for one in sorted(due):
        ground.check("missing_row", "/".join(one), broken=one not in there, table="works_limits")


def _is_quarter(text: str) -> bool:
    return re.fullmatch(r"[0-9]{4}-T[1-4]", text) is not None


def _name(at: int) -> str:
    return f"{at // 4}-T{at % 4 + 1}"

"""What limits the works: trades one after the other, yearly budgets, precedence."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from planner.errors import RuleError
from planner.texts import Message

__all__ = ["ALL_PHASES", "PhasePace", "Trade", "WorksRules", "quarter_index", "quarter_name"]

ALL_PHASES = "all"
_RESERVED = frozenset({"budget", "lines", "quarter_lines"})


def quarter_index(quarter: str, *, first: str) -> int:
    """Return how many quarters lie between ``first`` and ``quarter``.

    Examples
    --------
    >>> quarter_index("2020-T1", first="2018-T4")
    5
    """
    return (int(quarter[:4]) - int(first[:4])) * 4 + int(quarter[6]) - int(first[6])


def quarter_name(index: int, *, first: str) -> str:
    """Return the quarter that lies ``index`` quarters after ``first``.

    Examples
    --------
    >>> quarter_name(5, first="2018-T4")
    '2020-T1'
    """
    number = int(first[:4]) * 4 + int(first[6]) - 1 + index
    return f"{number // 4}-T{number % 4 + 1}"


@dataclass(frozen=True, kw_only=True)
class Trade:
    """A trade, through whose hands every sector passes.

    Parameters
    ----------
    name
        Name of the trade, as printed.
    duration_quarters
        Quarters that it works on a sector, an equal part of the lines in each.
    lines_per_quarter
        Most lines that it can treat in a quarter, over all sectors.
    """

    name: str
    duration_quarters: int
    lines_per_quarter: int


@dataclass(frozen=True, kw_only=True)
class PhasePace:
    """What one phase may open and spend in a calendar year, and when.

    Parameters
    ----------
    phase
        Phase that it is for; once one phase has a pace, a phase without any opens nothing.
    first_quarter, last_quarter
        Quarters between which the pace holds; no last quarter: until the end of the horizon.
    lines_per_year, cents_per_year
        Most lines and cents in a calendar year, the most generous where two paces share a year;
        None: no ceiling.
    lines_per_quarter
        Most lines in a quarter, so that a year's lines don't all open in its first quarters; None:
        no ceiling.
    """

    phase: str
    first_quarter: str
    last_quarter: str | None = None
    lines_per_year: int | None = None
    cents_per_year: int | None = None
    lines_per_quarter: int | None = None


@dataclass(frozen=True, kw_only=True)
class WorksRules:
    """What the works must respect.

    Parameters
    ----------
    first_quarter
        First quarter in which anything can be done: ``2019-T1``.
    quarters_count
        Length of the horizon.
    trades
        In their order in time; the last one ends in the quarter in which the sector opens.
    cents_by_year
        Ceiling of each calendar year; a year that isn't named has none.  A sector is paid in the
        year in which it opens.
    paces
        What each phase may open and spend a year; none: phases share the rest.
    after_quarters
        Least number of quarters between the opening of a sector and of the one it waits for.
    within_quarters
        Most quarters between them (completeness of the area); None: no limit.
    exact_cells
        Up to this many sectors × quarters, the optimum is proved; above, the gap is stated.
    smooth_share
        Share of the total delay that may be given up so that the load of trades changes less from
        one quarter to the next; 0: none.
    opened
        Phase, year, lines and cents that the phase has opened and spent of that year before the
        horizon; the ceilings of the year count them.
    """

    first_quarter: str
    quarters_count: int
    trades: tuple[Trade, ...]
    cents_by_year: tuple[tuple[int, int], ...] = ()
    paces: tuple[PhasePace, ...] = ()
    after_quarters: int = 0
    within_quarters: int | None = None
    exact_cells: int = 1_000
    smooth_share: float = 0.0
    opened: tuple[tuple[str, int, int, int], ...] = ()

    def check(self) -> None:
        """Refuse rules that contradict each other.

        Raises
        ------
        RuleError
            When a duration, a capacity or a lag can't be.
        """
        within = self.within_quarters
        wrong = (
            self.quarters_count < 1
            or self.after_quarters < 0
            or (within is not None and within < self.after_quarters)
            or any(t.duration_quarters < 1 or t.lines_per_quarter < 0 for t in self.trades)
            or any(cents < 0 for _, cents in self.cents_by_year)
            or len({year for year, _ in self.cents_by_year}) != len(self.cents_by_year)
            or len({t.name for t in self.trades} - _RESERVED) != len(self.trades)
            or any((p.lines_per_year or 0) < 0 or (p.cents_per_year or 0) < 0 for p in self.paces)
            or any((p.lines_per_quarter or 0) < 0 for p in self.paces)
            or self.smooth_share < 0
            or any(lines < 0 or cents < 0 for _, _, lines, cents in self.opened)
        )
        if wrong:
            raise RuleError(Message.of("works.rules"), Message.of("works.rules_remedy"))

    @property
    def duration_quarters(self) -> int:
        """Quarters between the first day of studies and the opening, both included."""
        return sum(trade.duration_quarters for trade in self.trades)

    def left_of(self, most: float, kind: str, *, phase: str, year: int) -> float:
        """Return what is left of a year's lines or cents, once what it opened before is counted."""
        used = sum(
            cents if kind == "budget" else lines
            for one, then, lines, cents in self.opened
            if then == year and phase in {one, ALL_PHASES}
        )
        return max(most - used, 0.0)

    def quarters(self) -> pd.Index:
        """Return the names of the quarters of the horizon."""
        names = [quarter_name(i, first=self.first_quarter) for i in range(self.quarters_count)]
        return pd.Index(names, name="quarter")

"""A question with years as a linear programme, tightened by what divided answers break.

First the lines of neighbours that contiguity asks for, then the rules that whole choices hold
under each ceiling and in each EPCI (:mod:`.hulls`).  Both are kept in the rows of
the question, for the branch and cut.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt

from planner.programme._actors.blocks import Row
from planner.programme._actors.columns import Clock
from planner.programme._actors.master import run_solver
from planner.programme._years.hulls import UNIT, Ceiling, Cut, Reach, all_cuts
from planner.programme._years.rows import DatedRows, loaded

__all__ = ["Relaxed", "relax"]

Floats = npt.NDArray[np.float64]

_ROUNDS = 60  # of lines found for a divided answer
_MORE = 60  # rounds of rules of whole choices, further lines between
_LOOK, _LITTLE = 6, 1e-4  # after how many rounds it must have fallen by what share of the value
_TIGHT = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class Relaxed:
    """What a linear programme tells.

    Parameters
    ----------
    value
        What no whole answer can pass.
    prices
        Of each row, before rules of whole choices take their part of it.
    """

    value: float
    prices: Floats


def relax(asked: DatedRows, objective: Row, rows: Sequence[Row], clock: Clock) -> Relaxed | None:
    """Solve the linear programme, lines and rules added where they are broken.

    Parameters
    ----------
    asked
        The question; the lines and rules that hold the answer back are kept in it.
    objective, rows
        What is made large, and what must hold.
    clock
        When to stop at the latest.

    Returns
    -------
    Relaxed or None
        None when no answer holds the rows.
    """
    cuts, asked.cuts = asked.cuts, []
    one = _Relaxing(asked, objective, rows, clock)
    if not one.tighten(_ROUNDS, parts=()):
        return None
    prices = one.prices()
    one.add(cuts)
    if not one.tighten(_MORE, parts=asked.parts):
        return None
    one.keep()
    return Relaxed(value=one.value, prices=prices)


class _Relaxing:
    """A linear programme that grows."""

    def __init__(self, asked: DatedRows, objective: Row, rows: Sequence[Row], clock: Clock) -> None:
        self.asked, self.clock = asked, clock
        model = asked.model(rows)
        self.solver = loaded(model, asked.costs(model, objective), whole=False)
        first = (asked.years - 1) * asked.count
        self.at_rows = slice(first, first + len(rows))
        self.value = math.inf
        self.point, self.worth = np.zeros(model.columns), np.zeros(model.columns)

    def prices(self) -> Floats:
        """Return the price of each row."""
        return np.array(self.solver.getSolution().row_dual)[self.at_rows]

    def _solve(self) -> bool:
        if run_solver(self.solver) != highspy.HighsModelStatus.kOptimal:
            return False
        solution = self.solver.getSolution()
        self.value = float(self.solver.getInfo().objective_function_value)
        self.point, self.worth = np.array(solution.col_value), np.array(solution.col_dual)
        return True

    def tighten(self, rounds: int, *, parts: Sequence[Ceiling | Reach]) -> bool:
        """Add what is broken until the value falls no more; False when nothing holds the rows."""
        before, asked = math.inf, list(parts)
        for turn in range(rounds):
            if not self._solve():
                return False
            if turn % _LOOK == 0:
                if before - self.value <= _LITTLE * abs(self.value):
                    break
                before = self.value
            if self.clock.over:
                break
            lines = self._add_lines()
            fruitful = all_cuts(asked, self.point, self.worth)
            if not fruitful and len(asked) < len(parts):
                fruitful = all_cuts(parts, self.point, self.worth)
            asked = [part for part, _ in fruitful]  # those that told something, until none does
            self.add([cut for _, cut in fruitful])
            if not lines and not fruitful:
                break
        return True

    def _add_lines(self) -> int:
        asked = self.asked
        known, size = len(asked.lines), asked.years * asked.count
        asked.broken(self.point[:size].reshape(asked.years, -1), every_year=False)
        fresh = list(asked.lines.values())[known:]
        for year, row in fresh:
            where = np.flatnonzero(row.coefficients)
            self._at_most(year * asked.count + where, row.coefficients[where], 0.0)
        return len(fresh)

    def add(self, cuts: Sequence[Cut]) -> None:
        """Add rules of whole choices."""
        self.asked.cuts += cuts
        for cut in cuts:
            self._at_most(cut.columns, cut.values / UNIT, cut.upper / UNIT)

    def _at_most(self, columns: npt.NDArray[np.int64], values: npt.ArrayLike, most: float) -> None:
        self.solver.addRow(
            -highspy.kHighsInf, most, len(columns), columns.astype(np.int32),
            np.asarray(values, float),
        )  # fmt: skip

    def keep(self) -> None:
        """Keep what holds the answer back; another that is broken is found again."""
        asked = self.asked
        point = self.point[: asked.years * asked.count].reshape(asked.years, -1)
        asked.lines = {
            key: (year, row)
            for key, (year, row) in asked.lines.items()
            if float(row.coefficients @ point[year]) > -_TIGHT
        }
        asked.cuts = [cut for cut in asked.cuts if cut.excess(self.point) > -_TIGHT * UNIT]

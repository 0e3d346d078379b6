"""The works as an integer programme: one step variable a sector and quarter, « open by then ».

Capacity and precedence are differences of steps, so that every row is short; part of the sectors
can be held where they are, which makes the re-optimisation of some quarters a small problem.
"""

from __future__ import annotations

import highspy
import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from planner.solver import new_highs, run_whole
from planner.works._model import Ints, Model

__all__ = ["solve_exactly"]


def solve_exactly(
    model: Model,
    *,
    low: Ints,
    high: Ints,
    gap: float = 0.0,
    nodes: int | None = None,
    start: Ints | None = None,
    seconds: float | None = None,
) -> tuple[Ints | None, float]:
    """Return the best openings with each sector in ``[low, high]``, and the proved bound.

    None when there are none (bound infinite), or when the limit of nodes came first.
    """
    free = np.flatnonzero(low < high)
    held = np.where(low < high, -1, low)
    room = model.most - model.use(held)
    constant = float(model.weight @ np.where(held >= 0, held, 0))
    if (low > high).any() or (room < -1e-6 * np.maximum(model.most, 1.0)).any():
        return None, np.inf
    horizon, count = model.horizon, len(free)
    place = np.full(len(model.keys), -1)
    place[free] = np.arange(count)
    rows = _Rows(low=low, high=high, place=place, horizon=horizon)
    rows.monotone(free)
    if not rows.precede(model):
        return None, np.inf
    rows.limit(model, free, room)
    quarter = np.arange(horizon)
    lower = (quarter >= high[free][:, None]).astype(np.float64).ravel()
    upper = (quarter >= low[free][:, None]).astype(np.float64).ravel()
    weight = np.repeat(model.weight[free], horizon)
    solver = _pass(rows, weight, lower, upper)
    solver.setOptionValue("mip_rel_gap", gap)
    if nodes is not None:
        solver.setOptionValue("mip_max_nodes", nodes)
    if seconds is not None:
        solver.setOptionValue("time_limit", seconds)
    if start is not None:
        solution = highspy.HighsSolution()
        solution.col_value = (quarter >= start[free][:, None]).astype(float).ravel().tolist()
        solver.setSolution(solution)
    run_whole(solver, -weight)
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return None, np.inf
    info = solver.getInfo()
    # the objective counts what is open, so that its bound is turned around
    total = float(weight.sum())
    bound = constant + total + float(info.mip_dual_bound)
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None, bound
    steps = np.array(solver.getSolution().col_value).reshape(count, horizon)
    opening = low.copy()
    opening[free] = horizon - np.rint(steps).astype(np.int64).sum(axis=1)
    return opening, bound


def _pass(
    rows: _Rows, weight: NDArray[np.float64], lower: NDArray[np.float64],
    upper: NDArray[np.float64],
) -> highspy.Highs:  # fmt: skip
    matrix, most = rows.matrix(len(weight))
    problem = highspy.HighsLp()
    problem.num_col_, problem.num_row_ = len(weight), len(most)
    problem.col_cost_ = -weight
    problem.col_lower_, problem.col_upper_ = lower, upper
    problem.row_lower_ = np.full(len(most), -highspy.kHighsInf)
    problem.row_upper_ = most
    problem.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    problem.a_matrix_.start_ = matrix.indptr
    problem.a_matrix_.index_ = matrix.indices
    problem.a_matrix_.value_ = matrix.data
    problem.integrality_ = [highspy.HighsVarType.kInteger] * len(weight)
    solver = new_highs()
    solver.passModel(problem)
    return solver


class _Rows:
    """Rows ``coefficients · steps <= most``, gathered in pieces."""

    def __init__(self, *, low: Ints, high: Ints, place: Ints, horizon: int) -> None:
        self.low, self.high, self.place, self.horizon = low, high, place, horizon
        self.count = 0
        self._row: list[Ints] = []
        self._col: list[Ints] = []
        self._value: list[NDArray[np.float64]] = []
        self._most: list[NDArray[np.float64]] = []

    def monotone(self, free: Ints) -> None:
        """Keep open what is open."""
        for sector in free:
            quarter = np.arange(max(self.low[sector], 1), self.high[sector] + 1)
            here = self.place[sector] * self.horizon + quarter
            self._pairs(here - 1, here, np.zeros(len(quarter)))

    def precede(self, model: Model) -> bool:
        """Hold each sector to the window after the one it waits for; False if none is left."""
        for sector in range(len(model.keys)):
            parent = int(model.parent[sector])
            if parent < 0:
                continue
            mine, other = self.place[sector], self.place[parent]
            if mine < 0 and other < 0:
                if not model.after <= self.low[sector] - self.low[parent] <= model.within:
                    return False
                continue
            for quarter in range(self.horizon):
                # open here by then: the other was open `after` before
                self._imply(sector, quarter, parent, quarter - model.after)
                if quarter - model.within >= 0:
                    self._imply(parent, quarter - model.within, sector, quarter)
        return True

    def _imply(self, one: int, at: int, other: int, then: int) -> None:
        """``one`` open by ``at`` implies ``other`` open by ``then``."""
        if at < self.low[one] or then >= self.high[other]:
            return
        col: list[int] = []
        value: list[float] = []
        most = 0.0
        if at >= self.high[one]:
            most -= 1.0
        else:
            col, value = [int(self.place[one] * self.horizon + at)], [1.0]
        if then >= self.low[other] and then >= 0:
            col.append(int(self.place[other] * self.horizon + then))
            value.append(-1.0)
        self._add(np.array(col, dtype=np.int64), np.array(value), most)

    def limit(self, model: Model, free: Ints, room: NDArray[np.float64]) -> None:
        """Trades and budgets."""
        for row, limit in enumerate(model.limits):
            first, last = max(limit.first, 0), min(limit.last, self.horizon - 1)
            if first > last:
                continue
            inside = free[(self.low[free] <= last) & (self.high[free] >= first)]
            if not len(inside):
                continue
            # in thousandths of the limit, so that cents and lines are of one size
            size = max(model.most[row], 1.0) / 1000.0
            amount = model.amounts[row, inside] / size
            start = self.place[inside] * self.horizon
            col, value = start + last, amount
            if first > 0:
                col = np.concatenate([col, start + first - 1])
                value = np.concatenate([value, -amount])
            self._add(col, value, room[row] / size)

    def _add(self, col: Ints, value: NDArray[np.float64], most: float) -> None:
        self._row.append(np.full(len(col), self.count))
        self._col.append(col)
        self._value.append(value)
        self._most.append(np.array([most]))
        self.count += 1

    def _pairs(self, plus: Ints, minus: Ints, most: NDArray[np.float64]) -> None:
        rows = self.count + np.arange(len(plus))
        self._row.extend([rows, rows])
        self._col.extend([plus, minus])
        self._value.extend([np.ones(len(plus)), -np.ones(len(plus))])
        self._most.append(most)
        self.count += len(plus)

    def matrix(self, columns: int) -> tuple[scipy.sparse.csr_matrix, NDArray[np.float64]]:
        """Return the rows as a sparse matrix, and their right-hand sides."""
        if not self.count:
            return scipy.sparse.csr_matrix((0, columns)), np.zeros(0)
        parts = (np.concatenate(p) for p in (self._value, self._row, self._col))
        value, row, col = parts
        matrix = scipy.sparse.csr_matrix((value, (row, col)), shape=(self.count, columns))
        return matrix, np.concatenate(self._most)

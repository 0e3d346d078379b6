"""The exact programme as one plain integer programme, for HiGHS and for SCIP.

:mod:`bench_programme_peers` states its questions so, and asks these solvers.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse

from planner.choice import ChoiceProblem
from planner.dated import DatedProblem
from planner.programme._compact import compact_model
from planner.solver import new_highs

__all__ = ["Plain", "in_highs", "in_scip", "in_scip_feasibility", "plain_choice", "plain_years"]

INFINITE = math.inf


@dataclass(frozen=True)
class Plain:
    """An integer programme to be made large: the first ``integers`` columns are 0 or 1."""

    costs: np.ndarray
    low: np.ndarray
    high: np.ndarray
    integers: int
    matrix: scipy.sparse.csr_array
    row_low: np.ndarray
    row_high: np.ndarray


def plain_choice(problem: ChoiceProblem) -> Plain:
    """State the first objective of a question as one integer programme."""
    model = compact_model(replace(problem, objectives=problem.objectives[:1]))
    return Plain(
        costs=model.costs(problem.objectives[0]), low=model.lower_bounds, high=model.upper_bounds,
        integers=model.integers, matrix=model.matrix(), row_low=np.array(model.lower),
        row_high=np.array(model.upper),
    )  # fmt: skip


def plain_years(dated: DatedProblem) -> Plain:
    """State the same with years: what is open by the end of each, contiguous each year."""
    whole, years = dated.whole, len(dated.years)
    count = whole.candidates_count
    before = replace(
        whole, limits=(), required=np.zeros(count, bool), share_need=np.zeros_like(whole.share_need)
    )
    parts = [plain_choice(before if year < years - 1 else whole) for year in range(years)]
    # whole columns first: those of every year, then the flows of every year
    flows = [len(part.costs) - count for part in parts]
    rest = np.cumsum([count * years, *flows])
    place = [
        np.concatenate([year * count + np.arange(count), rest[year] + np.arange(flows[year])])
        for year in range(years)
    ]
    total = int(rest[-1])
    rows = [_spread(part.matrix, place[year], total) for year, part in enumerate(parts)]
    low, high = [part.row_low for part in parts], [part.row_high for part in parts]
    one = scipy.sparse.eye_array(count, format="csr")
    for year in range(1, years):  # what is open stays open
        both = scipy.sparse.hstack([one, -one]).tocsr()
        rows.append(_spread(both, np.arange((year - 1) * count, (year + 1) * count), total))
        low.append(np.full(count, -INFINITE))
        high.append(np.zeros(count))
    for limit in dated.limits:
        row = np.zeros(total)
        year = dated.years.index(limit.year)
        row[year * count : (year + 1) * count] = limit.coefficients
        if year:
            row[(year - 1) * count : year * count] = -limit.coefficients
        rows.append(scipy.sparse.csr_array(row[None, :]))
        low.append(np.array([-INFINITE]))
        high.append(np.array([float(limit.upper)]))
    objective = whole.objectives[0]
    costs = np.zeros(total)
    for year in range(years) if objective.name in dated.yearly else [years - 1]:
        costs[year * count : (year + 1) * count] = objective.coefficients
    bounds = np.zeros(total), np.zeros(total)
    for where, part in zip(place, parts, strict=True):
        bounds[0][where], bounds[1][where] = part.low, part.high
    return Plain(
        costs=costs, low=bounds[0], high=bounds[1], integers=count * years,
        matrix=scipy.sparse.vstack(rows).tocsr(), row_low=np.concatenate(low),
        row_high=np.concatenate(high),
    )  # fmt: skip


def _spread(
    matrix: scipy.sparse.csr_array, where: np.ndarray, width: int
) -> scipy.sparse.csr_array:
    """Put the columns of a matrix elsewhere in a wider one."""
    moved = where[matrix.indices]
    return scipy.sparse.csr_array(
        (matrix.data, moved, matrix.indptr), shape=(matrix.shape[0], width)
    )


def in_highs(plain: Plain, seconds: float) -> tuple[np.ndarray | None, float | None]:
    """Solve with HiGHS: its solution and its bound."""
    import highspy  # noqa: PLC0415 (in a process of its own)

    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(plain.costs), len(plain.row_low)
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = plain.costs, plain.low, plain.high
    lp.row_lower_, lp.row_upper_ = plain.row_low, plain.row_high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = plain.matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = plain.matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = plain.matrix.data
    kinds = highspy.HighsVarType
    lp.integrality_ = [
        kinds.kInteger if at < plain.integers else kinds.kContinuous
        for at in range(len(plain.costs))
    ]
    solver = new_highs()
    for option, value in {
        "output_flag": False, "threads": os.cpu_count() or 1, "time_limit": seconds,
        "mip_rel_gap": 0.0, "mip_abs_gap": 0.9,
    }.items():  # fmt: skip
        solver.setOptionValue(option, value)
    solver.passModel(lp)
    solver.run()
    info = solver.getInfo()
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    solution = np.array(solver.getSolution().col_value) if found else None
    bound = float(info.mip_dual_bound)
    return solution, bound if abs(bound) < highspy.kHighsInf else None


def in_scip(
    plain: Plain, seconds: float, *, feasibility: bool = False
) -> tuple[np.ndarray | None, float | None]:
    """Solve with SCIP: its solution and its bound."""
    import pyscipopt  # noqa: PLC0415 (a peer)

    model = pyscipopt.Model()
    model.hideOutput()
    columns = [
        model.addVar(
            vtype="B" if at < plain.integers else "C", lb=plain.low[at],
            ub=None if np.isinf(plain.high[at]) else plain.high[at], obj=float(plain.costs[at]),
        )
        for at in range(len(plain.costs))
    ]  # fmt: skip
    model.setMaximize()
    starts = plain.matrix.indptr
    for row, (low, high) in enumerate(zip(plain.row_low, plain.row_high, strict=True)):
        part = slice(starts[row], starts[row + 1])
        index, values = plain.matrix.indices[part], plain.matrix.data[part]
        total = pyscipopt.quicksum(v * columns[c] for c, v in zip(index, values, strict=True))
        if low == high:
            model.addCons(total == low)
            continue
        if not np.isinf(low):
            model.addCons(total >= low)
        if not np.isinf(high):
            model.addCons(total <= high)
    if feasibility:
        model.setEmphasis(pyscipopt.SCIP_PARAMEMPHASIS.FEASIBILITY)
    model.setParam("limits/time", seconds)
    model.setParam("limits/absgap", 0.9)
    model.optimize()
    solution = None
    if model.getNSols():
        best = model.getBestSol()
        solution = np.array([model.getSolVal(best, column) for column in columns])
    bound = model.getDualbound()
    return solution, None if model.isInfinity(abs(bound)) else bound


def in_scip_feasibility(plain: Plain, seconds: float) -> tuple[np.ndarray | None, float | None]:
    """Solve with SCIP, its emphasis on feasibility."""
    return in_scip(plain, seconds, feasibility=True)

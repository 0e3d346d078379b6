"""The master: one choice for each actor, so that the rules that bind them together hold.

HiGHS solves it twice: as a linear programme whose dual prices send the actors back to their
diagrams, and in whole numbers over the choices that were met.  Every answer is checked in whole
numbers by whoever asks; the status of every run is checked here.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt

from planner.errors import PlannerError
from planner.programme._actors.blocks import Row
from planner.solver import new_highs, run_whole
from planner.texts import Message

__all__ = ["Master", "new_solver", "run_solver"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_FINE = (
    highspy.HighsModelStatus.kOptimal,
    highspy.HighsModelStatus.kObjectiveBound,
    highspy.HighsModelStatus.kObjectiveTarget,
    highspy.HighsModelStatus.kTimeLimit,
    highspy.HighsModelStatus.kIterationLimit,
    highspy.HighsModelStatus.kSolutionLimit,
    highspy.HighsModelStatus.kInterrupt,
    highspy.HighsModelStatus.kInfeasible,
    highspy.HighsModelStatus.kUnboundedOrInfeasible,
    highspy.HighsModelStatus.kModelEmpty,
)


def new_solver(**options: object) -> highspy.Highs:
    """Return a silent solver; the number of threads stays the process's own.

    HiGHS keeps one pool of threads for the process and refuses a run that asks for another size.
    """
    solver = new_highs()
    for name, value in {
        "output_flag": False,
        "log_to_console": False,
        "random_seed": 0,
        **options,
    }.items():
        solver.setOptionValue(name, value)
    return solver


def run_solver(
    solver: highspy.Highs, *, whole: npt.ArrayLike | None = None
) -> highspy.HighsModelStatus:
    """Run, and return the status.

    Parameters
    ----------
    solver
        With its question.
    whole
        Costs of the columns, where the question is in whole numbers: see
        :func:`planner.solver.run_whole`.

    Raises
    ------
    PlannerError
        When the solver stopped on an error: an empty answer must never pass for one.
    """
    outcome = solver.run() if whole is None else run_whole(solver, whole)
    status: highspy.HighsModelStatus = solver.getModelStatus()
    if outcome == highspy.HighsStatus.kError or status not in _FINE:
        raise PlannerError(
            Message.of("programme.solver_failed", status=solver.modelStatusToString(status)),
            Message.of("programme.solver_failed_remedy"),
        )
    return status


@dataclass(frozen=True, kw_only=True, eq=False)
class Prices:
    """Dual prices: one for each row, one for each actor, and the value of the programme."""

    rows: Floats
    actors: Floats
    value: float


class Master:
    """The linear programme over the choices that were met, growing."""

    def __init__(self, actors_count: int, rows: list[Row]) -> None:
        self.rows = rows
        self.actors_count = actors_count
        self.scale = np.array(
            [max(1.0, float(np.abs(r.coefficients).max(initial=0))) for r in rows]
        )
        self.solver = new_solver(presolve="off", simplex_scale_strategy=0)
        ones = np.ones(actors_count)
        low = [-highspy.kHighsInf if r.lower is None else r.lower for r in rows] / self.scale
        high = [highspy.kHighsInf if r.upper is None else r.upper for r in rows] / self.scale
        count = actors_count + len(rows)
        self.solver.addRows(
            count, np.concatenate([ones, low]), np.concatenate([ones, high]), 0,
            np.zeros(count, np.int32), np.zeros(0, np.int32), np.zeros(0),
        )  # fmt: skip
        self.solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
        self.worth = 1.0
        self.value = 0.0
        self._add_helpers()

    def _add_helpers(self) -> None:
        """Add a column each way for every row, and one for every actor: an answer always exists."""
        count = len(self.rows)
        every = self.actors_count + 2 * count
        index = np.concatenate([
            np.arange(self.actors_count),
            np.repeat(np.arange(self.actors_count, self.actors_count + count), 2),
        ]).astype(np.int32)  # fmt: skip
        value = np.concatenate([np.ones(self.actors_count), np.tile([1.0, -1.0], count)])
        self.helpers = every
        self.solver.addCols(
            every, np.full(every, -1.0), np.zeros(every), np.full(every, highspy.kHighsInf), every,
            np.arange(every, dtype=np.int32), index, value,
        )  # fmt: skip

    def drop_helpers(self, worth: float) -> None:
        """Forbid the helpers; from now on columns have their value, divided by ``worth``."""
        self.worth = max(worth, 1.0)
        every = np.arange(self.helpers, dtype=np.int32)
        nothing = np.zeros(self.helpers)
        self.solver.changeColsBounds(self.helpers, every, nothing, nothing)
        self.solver.changeColsCost(self.helpers, every, nothing)

    def add(self, actor: int, values: Integers, uses: Integers) -> None:
        """Add choices of an actor: what they are worth, what they use, shape (rows, choices)."""
        count = len(values)
        which, row = np.nonzero(uses.T)  # of many rows, an actor's choices use few
        first = np.searchsorted(which, np.arange(count))
        starts = first + np.arange(count)
        index = np.insert(self.actors_count + row, first, actor)
        full = np.insert(uses.T[which, row] / self.scale[row], first, 1.0)
        self.solver.addCols(
            count, values / self.worth, np.zeros(count), np.full(count, highspy.kHighsInf),
            full.size, starts.astype(np.int32), index.astype(np.int32), full,
        )  # fmt: skip

    def revalue(self, values: Floats) -> None:
        """Give every column after the helpers its value."""
        index = np.arange(self.helpers, self.helpers + len(values), dtype=np.int32)
        self.solver.changeColsCost(len(values), index, values / self.worth)

    def weights(self) -> Floats:
        """Return how much of each choice the last solution takes, in the order they were added."""
        return np.array(self.solver.getSolution().col_value)[self.helpers :]

    def fall(self, barred: npt.NDArray[np.int32]) -> float:
        """Return how far the value falls, once solved, if some choices are barred for a moment."""
        columns, nothing = self.helpers + barred, np.zeros(len(barred))
        self.solver.changeColsBounds(len(columns), columns, nothing, nothing)
        status = run_solver(self.solver)
        fine = status == highspy.HighsModelStatus.kOptimal
        value = self.solver.getInfo().objective_function_value * self.worth if fine else -np.inf
        free = np.full(len(barred), highspy.kHighsInf)
        self.solver.changeColsBounds(len(columns), columns, nothing, free)
        return self.value - value

    def solve(self) -> Prices:
        """Solve the linear programme and return its dual prices."""
        run_solver(self.solver)
        self.value = self.solver.getInfo().objective_function_value * self.worth
        dual = np.array(self.solver.getSolution().row_dual)
        return Prices(
            rows=dual[self.actors_count :] * self.worth / self.scale,
            actors=dual[: self.actors_count] * self.worth,
            value=self.value,
        )

"""HiGHS without a word: the solver of every exact question, silent from its first line."""

from __future__ import annotations

import highspy
import numpy as np
import numpy.typing as npt

__all__ = ["new_highs", "run_whole"]

_UNEQUAL = 0.5  # between the worth that is told and that of the answer: whole numbers elsewhere


class _Quiet(highspy.Highs):  # type: ignore[misc] # highspy has no types
    """A solver that prints no banner: since 1.16 it would, before any option can be set."""

    def enableCallbacks(self) -> None:  # noqa: N802 (highspy's own name)
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()


def new_highs() -> highspy.Highs:
    """Return a silent solver with its default options.

    HiGHS keeps one pool of threads for the process: set no number of threads.

    Examples
    --------
    >>> new_highs().getNumCol()
    0
    """
    solver = _Quiet()
    solver.setOptionValue("output_flag", False)
    return solver


def run_whole(solver: highspy.Highs, costs: npt.ArrayLike) -> highspy.HighsStatus:
    """Run a question in whole numbers; again without presolve if the solver contradicts itself.

    HiGHS 1.16 may tell, after its presolve, an optimal worth and bound that aren't those of the
    answer it gives (seen on a question of 57 columns: 7 told, the answer worth 0, which is right).

    Parameters
    ----------
    solver
        With its question.
    costs
        Of each column in the objective, shape (columns,).
    """
    outcome: highspy.HighsStatus = solver.run()
    if _contradicts_itself(solver, np.asarray(costs, float)):
        solver.setOptionValue("presolve", "off")
        outcome = solver.run()
        solver.setOptionValue("presolve", "choose")
    return outcome


def _contradicts_itself(solver: highspy.Highs, costs: npt.NDArray[np.float64]) -> bool:
    solution, info = solver.getSolution(), solver.getInfo()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return False
    worth = float(costs @ np.array(solution.col_value))
    told = float(info.objective_function_value)
    return abs(told - worth) > _UNEQUAL + 1e-9 * abs(told)

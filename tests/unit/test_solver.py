"""The solver is silent, and asked again where it contradicts itself."""

import highspy
import numpy as np
import pytest

from planner.solver import new_highs, run_whole


class Lying:
    """A solver that tells a worth of 7 for an answer worth 0 until presolve is off."""

    def __init__(self):
        self.presolve, self.runs, self.told = True, 0, 7.0

    def run(self):
        self.runs += 1
        return highspy.HighsStatus.kOk

    def setOptionValue(self, name, value):  # noqa: N802 (highspy's own name)
        assert name == "presolve"
        self.presolve = value != "off"
        self.told = 7.0 if self.presolve and self.runs < 2 else 0.0

    def getSolution(self):  # noqa: N802
        solution = highspy.HighsSolution()
        solution.col_value = [0.0, 1.0]
        return solution

    def getInfo(self):  # noqa: N802
        info = highspy.HighsInfo()
        info.primal_solution_status = highspy.SolutionStatus.kSolutionStatusFeasible
        info.objective_function_value = self.told
        return info


def test_a_worth_that_is_not_the_answers_is_asked_again():
    solver = Lying()
    assert run_whole(solver, [3.0, 0.0]) == highspy.HighsStatus.kOk
    assert solver.runs == 2
    assert solver.presolve  # the next question has it again
    honest = Lying()
    run_whole(honest, [3.0, 7.0])
    assert honest.runs == 1
    assert honest.presolve


def test_a_question_in_whole_numbers_is_answered(capfd):
    solver = new_highs()
    costs = np.array([5.0, 4.0, 3.0])
    for cost in costs:
        solver.addCol(cost, 0.0, 1.0, 0, np.zeros(0, np.int32), np.zeros(0))
    solver.changeColsIntegrality(
        3, np.arange(3, dtype=np.int32), np.array([highspy.HighsVarType.kInteger] * 3)
    )
    solver.addRow(-highspy.kHighsInf, 5.0, 3, np.arange(3, dtype=np.int32),
                  np.array([2.0, 3.0, 1.0]))  # fmt: skip
    solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
    run_whole(solver, costs)
    assert solver.getInfo().objective_function_value == pytest.approx(9.0)
    assert np.array(solver.getSolution().col_value).round().tolist() == [1, 1, 0]
    assert capfd.readouterr().out == ""

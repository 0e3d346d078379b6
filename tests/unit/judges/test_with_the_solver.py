"""The real solver under the judges: its answers hold, and what is built on it agrees with the oracle."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from planner.choice import ChoiceStatus, Contiguity
from planner.explain import find_flips
from planner.programme import solve_choice
from planner.robustness import groups_by_actor, list_optima, trace_frontier
from planner.verify import verify_choice

proved = partial(solve_choice, gap_share=0.0)


@pytest.mark.parametrize("contiguity", list(Contiguity))
@pytest.mark.parametrize("seed", range(2))
def test_its_answers_hold_and_are_the_best(oracle, seed, contiguity):
    problem = oracle.random_problem(seed, count=8, contiguity=contiguity, unique=True)
    for wish in (None, *range(4)):
        required = problem.required.copy()
        if wish is not None:
            required[wish] = True
        asked = replace(problem, required=required)
        answer, best = proved(asked), oracle.solve(asked)
        verdict = verify_choice(asked, answer)
        assert verdict.holds, verdict.say()
        assert answer.status is best.status
        assert (answer.chosen, answer.stages) == (best.chosen, best.stages)


@pytest.mark.parametrize("contiguity", [Contiguity.WITHIN_EPCI, Contiguity.FEEDER])
def test_flips_frontier_and_optima_are_those_of_the_oracle(oracle, contiguity):
    problem = oracle.random_problem(2, count=8, contiguity=contiguity, unique=True)
    choice = oracle.solve(problem)
    for key in problem.sector_ids[:3]:
        mine = find_flips(problem, choice, key, solve=proved)
        assert mine == find_flips(problem, choice, key, solve=oracle.solve)
    problem = replace(problem, objectives=problem.objectives[:1])
    groups = groups_by_actor(problem)
    mine = trace_frontier(problem, groups, solve=proved)
    assert mine.complete
    assert mine.shares == trace_frontier(problem, groups, solve=oracle.solve).shares
    coarse = np.minimum(problem.objectives[0].coefficients, 2)
    problem = replace(problem, objectives=(replace(problem.objectives[0], coefficients=coarse),))
    assert sorted(list_optima(problem, solve=proved).programmes) == oracle.every_optimum(problem)
    assert proved(problem).status is ChoiceStatus.OPTIMAL

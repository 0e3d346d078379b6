"""A bound lowered by cases: never below what can be had, and down to it where all are made."""

from dataclasses import replace

import numpy as np
import pytest

from planner.choice import Contiguity
from planner.programme import ColumnPool
from planner.programme._actors.blocks import split_problem
from planner.programme._actors.columns import Clock, Region
from planner.programme._chains.bounds import ChainSearch
from planner.programme._chains.splits import Splits
from tests.unit.test_programme_exact import brute_force, draw


def begun(problem):
    """Return the cases of the first objective, None where the question has no bound."""
    blocks, rows = split_problem(problem)
    search = ChainSearch(problem, Region(blocks, ColumnPool()), Clock.within(None))
    kept = list(rows)
    answer, stage = search.bounded(problem.objectives[0], kept)
    if stage is None or answer.infeasible:
        return None
    return Splits(search.region, search.separators, search.clock, stage, kept)


@pytest.mark.parametrize("seed", range(400, 480))
def test_the_bound_falls_to_the_optimum_and_no_further(seed):
    problem = draw(np.random.default_rng(seed), Contiguity.ANY_EPCI)
    problem = replace(problem, objectives=problem.objectives[:1])
    best, _ = brute_force(problem)
    splits = begun(problem)
    if best is None:
        assert splits is None or splits.bound is not None
        return
    bounds = [splits.bound]
    for _ in range(40):
        splits.lower(best[0], 1)
        bounds.append(splits.bound)
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[-1] == best[0]


@pytest.mark.parametrize(("seed", "before", "best"), [(412, 125, 103), (470, 140, 128)])
def test_halves_that_reach_one_another_are_broken_up(seed, before, best):
    problem = draw(np.random.default_rng(seed), Contiguity.ANY_EPCI)
    splits = begun(replace(problem, objectives=problem.objectives[:1]))
    assert splits.bound == before
    splits.lower(best, 2)
    assert best <= splits.bound <= before
    splits.lower(best, 99)
    assert splits.bound == best
    splits.lower(best, 99)  # low enough: no case is made any more
    assert splits.bound == best


def test_no_case_is_made_once_time_is_up():
    problem = draw(np.random.default_rng(412), Contiguity.ANY_EPCI)
    splits = begun(replace(problem, objectives=problem.objectives[:1]))
    splits.clock = Clock.within(0)
    splits.lower(0, 99)
    assert splits.bound == 125


@pytest.mark.parametrize("value", [90, 100, 103])
def test_the_bound_is_lowered_until_an_answer_is_enough(value):
    problem = draw(np.random.default_rng(412), Contiguity.ANY_EPCI)
    splits = begun(replace(problem, objectives=problem.objectives[:1]))
    bound = splits.lower_for(value, lambda most: most - most // 20, 99)
    assert bound == splits.bound >= 103
    assert bound - bound // 20 <= value or bound == 103
    nothing = begun(replace(problem, objectives=problem.objectives[:1]))
    assert nothing.lower_for(124, lambda most: most - 1, 99) == 125  # enough from the start

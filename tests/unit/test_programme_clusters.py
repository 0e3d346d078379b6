"""Rules that a few neighbouring actors hold: no legal answer breaks one, a bound falls by them."""

from dataclasses import replace

import numpy as np
import pytest

from planner.choice import Contiguity
from planner.programme import ColumnPool
from planner.programme._actors.blocks import split_problem
from planner.programme._actors.columns import Clock, Region
from planner.programme._chains import clusters
from planner.programme._chains.bounds import ChainSearch
from tests.unit.test_programme_doors import legal_choices
from tests.unit.test_programme_exact import brute_force, draw


def bounded(problem):
    """Return the search of the first objective, its stage and its rules; None without a bound."""
    blocks, rows = split_problem(problem)
    search = ChainSearch(problem, Region(blocks, ColumnPool()), Clock.within(None))
    kept = list(rows)
    answer, stage = search.bounded(problem.objectives[0], kept)
    return None if stage is None or answer.infeasible else (search, stage, kept)


def drawn(seed):
    problem = draw(np.random.default_rng(seed), Contiguity.ANY_EPCI)
    return replace(problem, objectives=problem.objectives[:1])


@pytest.mark.parametrize("seed", range(400, 480))
def test_no_legal_answer_breaks_a_rule(seed):
    problem = drawn(seed)
    found = bounded(problem)
    if found is None or problem.objectives[0].edge_coefficients is not None:
        return
    search, stage, rows = found
    actors = range(len(search.region.blocks))
    some = [[at for at in actors if at != left] for left in (-1, *actors)]
    for few in filter(None, some):
        rule = clusters.worth_rule(problem, search.region, search.clock, stage, rows, few)
        assert rule is None or all(
            int(rule.coefficients[chosen].sum()) <= rule.upper for chosen in legal_choices(problem)
        )


@pytest.mark.parametrize("seed", range(400, 480))
def test_the_bound_with_rules_is_no_higher_and_holds_the_optimum(seed):
    problem = drawn(seed)
    best, _ = brute_force(problem)
    found = bounded(problem)
    if found is None or best is None:
        return
    search, stage, rows = found
    now, further = search.tightened(stage, rows)
    assert best[0] <= now.bound <= stage.bound
    assert (now is stage) == (now.bound == stage.bound)
    assert len(further) >= len(rows) or now is not stage


def test_halves_of_two_neighbours_are_broken_up():
    problem = drawn(442)
    search, stage, rows = bounded(problem)
    now, further = search.tightened(stage, rows)
    (rule,) = [row for row in further if row.name.startswith("worth.")]
    assert (stage.bound, now.bound) == (23, 2)
    assert brute_force(problem)[0] == (2,)
    assert float(rule.coefficients @ stage.point()) > rule.upper


def test_nothing_is_told_once_time_is_up():
    search, stage, rows = bounded(drawn(412))
    assert clusters.cluster_rules(
        search.problem, search.region, Clock.within(0), stage, rows
    ) == []  # fmt: skip

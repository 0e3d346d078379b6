"""Rules that a few neighbouring actors hold: no legal answer breaks one, a bound falls by them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from planner.choice import Contiguity
from planner.programme import ColumnPool
from planner.programme._actors.blocks import Row, split_problem
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


@pytest.mark.parametrize("seed", range(400, 480))
def test_rules_of_more_neighbours_hold_beside_those_of_few(seed):
    problem = drawn(seed)
    found = bounded(problem)
    if found is None:
        return
    search, stage, rows = found
    now, further = search.tightened(stage, rows)
    every = range(len(search.region.blocks))
    rule = clusters.worth_rule(problem, search.region, search.clock, now, further, every)
    last, _ = search.tightened(now, further, 8, 100)
    assert last.bound <= now.bound
    for chosen in legal_choices(problem):
        assert rule is None or int(rule.coefficients[chosen].sum()) <= rule.upper
        assert problem.objectives[0].sense == "min" or problem.values(chosen)[0] <= last.bound


def test_more_neighbours_are_drawn_until_each_actor_is_among_some():
    count = 10  # actors in a row, each of one sector that is half taken, each bound to the next
    region = SimpleNamespace(
        blocks=[SimpleNamespace(members=np.array([at]), actor=str(at)) for at in range(count)]
    )
    rows = [
        Row(name=f"chain.{at}", coefficients=np.eye(count, dtype=np.int64)[at : at + 2].sum(axis=0))
        for at in range(count - 1)
    ]
    stage = SimpleNamespace(
        bound=count, row=rows[0], point=lambda: np.full(count, 0.5),
        told_prices=lambda: {row.name: 1.0 for row in rows},
    )  # fmt: skip
    few = clusters._clusters(region, stage, rows, clusters.FEW)
    more = clusters._clusters(region, stage, rows, 8)
    assert {len(some) for some in few} == {clusters.FEW}
    assert {len(some) for some in more} == {8}
    assert len(more) < len(few)
    for found in few, more:
        assert set().union(*found) == set(range(count))
        assert all(max(some) - min(some) == len(some) - 1 for some in found)

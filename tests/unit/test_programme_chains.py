"""Chains across borders: separators, the order that answers keep, bound and value by brute force."""

from dataclasses import replace

import numpy as np
import pytest

from planner.choice import (
    Choice,
    ChoiceProblem,
    ChoiceStatus,
    Contiguity,
    Limit,
    Objective,
    StageResult,
)
from planner.programme import ColumnPool, _solve, solve_choice
from planner.programme._actors.blocks import Row, split_problem
from planner.programme._actors.columns import Clock, Region
from planner.programme._chains.bounds import ChainSearch
from planner.programme._chains.cuts import reached_part
from planner.programme._chains.separators import Separators
from planner.programme._years.one_year import as_one_year
from planner.texts import Message
from tests.unit.test_programme_exact import brute_force, draw, is_legal, signed, taken_by

RULE = Message.of("programme.limit_made_up")


def path(*, taken=4, reached=(0,), edges=((0, 1), (1, 2), (2, 3)), decider=(0, 1, 0, 1)):
    """Make a path of sectors that pass from one actor to the other and back."""
    count = len(decider)
    one = np.ones(count, np.int64)
    least = Limit(name="least", message=RULE, coefficients=one, upper=taken)
    return ChoiceProblem(
        sector_ids=tuple(f"S{at}" for at in range(count)), lines=one,
        departements=("35",) * count, rural=np.zeros(count, bool), actors=("A", "B"),
        decider=np.array(decider), share_candidate=np.arange(count),
        share_actor=np.array(decider), share_need=one, envelopes=np.array([9, 9]),
        required=np.zeros(count, bool), refused=np.zeros(count, bool),
        reached=np.isin(np.arange(count), reached),
        edges=np.array(edges, np.int64).reshape(-1, 2),
        edge_border_m=np.ones(len(edges), np.int64), feeder=np.full(count, -1),
        contiguity=Contiguity.ANY_EPCI, limits=(least,),
        objectives=(Objective(name="votes", sense="max",
                              coefficients=np.array([1, 2, 3, 30][:count])),),
    )  # fmt: skip


def chain_search(problem):
    blocks, _ = split_problem(problem)
    return ChainSearch(problem, Region(blocks, ColumnPool()), Clock.within(None))


def test_the_line_that_a_fraction_breaks_is_the_nearest_one():
    rows = Separators(path()).broken(np.array([1, 0.5, 0.5, 0.9]))
    assert [(row.upper, row.coefficients.tolist()) for row in rows] == [(0, [0, 0, -1, 1])]
    # a rule that was told isn't told again, until it is forgotten
    separators = Separators(path())
    assert len(separators.broken(np.array([1, 0.5, 0.5, 0.9]))) == 1
    assert separators.broken(np.array([1, 0.5, 0.5, 0.9])) == []
    separators.forget()
    assert len(separators.broken(np.array([1, 0.5, 0.5, 0.9]))) == 1


def test_what_is_reached_breaks_nothing():
    assert Separators(path()).broken(np.array([1.0, 1.0, 1.0, 1.0])) == []
    assert Separators(path()).broken(np.array([0.5, 0.5, 0.5, 0.5])) == []
    assert Separators(path()).broken(np.zeros(4)) == []


def test_a_group_that_nothing_could_reach_is_forbidden():
    rows = Separators(path(edges=((0, 1), (2, 3)))).broken(np.array([1, 1, 1, 1.0]))
    assert {tuple(row.coefficients.tolist()) for row in rows} == {(0, 0, 1, 0), (0, 0, 0, 1)}


def test_a_line_is_told_of_few_of_those_it_cuts_off():
    taken = np.array([1, 1, 0.8, 0.9])
    separators = Separators(path(edges=((0, 1), (2, 3))))
    (row,) = separators.broken(taken, behind=1)
    assert row.coefficients.tolist() == [0, 0, 0, 1]  # the one that is taken most
    (other,) = separators.broken(taken, behind=None)
    assert other.coefficients.tolist() == [0, 0, 1, 0]


def test_a_separator_that_holds_nothing_back_is_dropped_and_found_again():
    problem = path(edges=((0, 1), (2, 3)))
    search = chain_search(problem)
    rows = search.separators.broken(np.ones(4))
    limit = Row(name="least", coefficients=np.ones(4, np.int64), upper=4)
    assert search._tight([limit, *rows], np.zeros(4)) == [limit, *rows]  # no room in 0 ≤ 0
    line = Separators(path()).broken(np.array([1, 0, 0, 1.0]))
    search = chain_search(path())
    assert [one.name for one in search.separators.broken(np.array([1, 0, 0, 1.0]))] == [
        one.name for one in line
    ]
    assert search._tight([limit, *line], np.array([1, 1, 1, 0.5])) == [limit]
    assert len(search.separators.broken(np.array([1, 0, 0, 1.0]))) == 1


@pytest.mark.parametrize("seed", range(60))
def test_no_legal_choice_breaks_a_separator(seed):
    rng = np.random.default_rng(seed)
    problem = draw(rng, Contiguity.ANY_EPCI)
    count = problem.candidates_count
    rows = [row for _ in range(6) for row in Separators(problem).broken(rng.random(count))]
    for _ in range(40):
        chosen = reached_part(problem, rng.random(count) < rng.random())
        assert all(int(row.coefficients[chosen].sum()) <= 0 for row in rows)


def test_a_line_is_a_rule_only_where_it_cuts_off():
    ground = path()
    separators = Separators(ground)
    rows = separators.broken(np.array([1, 0.5, 0.5, 0.9]))
    chains = [separators.chain(row) for row in rows]
    assert chains == [("S3", frozenset({"S2"}))]
    again = Separators(ground).recall(chains)
    assert [row.coefficients.tolist() for row in again] == [[0, 0, -1, 1]]
    assert [row.name for row in again] == [row.name for row in rows]
    # another network, another way round, or a sector that is no candidate any more
    assert Separators(replace(ground, reached=np.array([True, False, False, True]))).recall(
        chains
    ) == []  # fmt: skip
    assert Separators(path(edges=((0, 1), (1, 2), (1, 3), (2, 3)))).recall(chains) == []
    shorter = path(decider=(0, 1, 0), edges=((0, 1), (1, 2)))
    assert Separators(shorter).recall(chains) == []
    # whose only neighbour is gone: nothing can reach it
    assert [row.coefficients.tolist() for row in Separators(shorter).recall(
        [("S2", frozenset({"S1", "S9"}))]
    )] == [[0, -1, 1]]  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_no_legal_choice_breaks_a_separator_of_another_question(seed):
    rng = np.random.default_rng(seed)
    problem = draw(rng, Contiguity.ANY_EPCI)
    count = problem.candidates_count
    separators = Separators(problem)
    rows = [row for _ in range(6) for row in separators.broken(rng.random(count))]
    kept = rng.random(len(problem.edges)) < 0.8
    other = replace(
        problem, reached=problem.reached ^ (rng.random(count) < 0.2),
        edges=problem.edges[kept], edge_border_m=problem.edge_border_m[kept], objectives=(),
    )  # fmt: skip
    recalled = Separators(other).recall([separators.chain(row) for row in rows])
    if (other.reached <= problem.reached).all():
        assert len(recalled) == len(rows)
    for _ in range(40):
        chosen = reached_part(other, rng.random(count) < rng.random())
        assert all(int(row.coefficients[chosen].sum()) <= 0 for row in recalled)


def test_every_group_that_nothing_reaches_breaks_one():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        problem = draw(rng, Contiguity.ANY_EPCI)
        chosen = rng.random(problem.candidates_count) < 0.6
        lost = chosen & ~reached_part(problem, chosen)
        rows = Separators(problem).broken(chosen.astype(float))
        assert bool(rows) == bool(lost.any())
        assert all(int(row.coefficients[chosen].sum()) > 0 for row in rows)


def test_a_chain_goes_there_and_back(monkeypatch):
    monkeypatch.setattr(_solve, "_SMALL", 0)
    choice = solve_choice(path())
    assert choice.chosen == ("S0", "S1", "S2", "S3")
    assert (choice.status, choice.stages[0].bound) == (ChoiceStatus.OPTIMAL, 36)
    # with three sectors the last one is out of reach
    assert solve_choice(path(taken=3)).chosen == ("S0", "S1", "S2")


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("seed", range(300, 360))
def test_bound_and_value_hold_the_optimum_between_them(monkeypatch, seed):
    monkeypatch.setattr(_solve, "_SMALL", 0)
    problem = draw(np.random.default_rng(seed), Contiguity.ANY_EPCI)
    problem = replace(problem, objectives=problem.objectives[: 1 + seed % 2])
    best, _ = brute_force(problem)
    choice = solve_choice(problem)
    if best is None:
        assert (choice.status, choice.chosen) == (ChoiceStatus.INFEASIBLE, ())
        return
    assert choice.status is not ChoiceStatus.INFEASIBLE
    taken = taken_by(problem, choice)
    assert is_legal(problem, taken)
    first = choice.stages[0]
    assert first.value == problem.values(taken)[0] <= best[0] <= first.bound
    if choice.status is ChoiceStatus.OPTIMAL:
        assert signed(problem, taken) == best


def test_the_same_question_has_the_same_answer(monkeypatch):
    monkeypatch.setattr(_solve, "_SMALL", 0)
    for seed in range(8):
        problem = draw(np.random.default_rng(seed), Contiguity.ANY_EPCI)
        assert solve_choice(problem) == solve_choice(problem)


def test_a_second_question_begins_with_the_separators_of_the_first(monkeypatch):
    monkeypatch.setattr(_solve, "_SMALL", 0)
    pool = ColumnPool()
    problem = path(taken=3, decider=(0, 1, 1, 1), edges=((0, 1), (1, 2), (1, 3)))
    solve_choice(problem, warm=pool)
    known = dict(pool.chains)
    assert known
    told = []
    broken = Separators.broken
    monkeypatch.setattr(
        Separators, "broken",
        lambda self, taken, **how: told.append(broken(self, taken, **how)) or told[-1],
    )  # fmt: skip
    heavier = replace(problem.objectives[0], coefficients=np.array([1, 2, 3, 31]))
    again = replace(problem, objectives=(heavier,))
    assert solve_choice(again, warm=pool) == solve_choice(again)
    assert told[0] == []
    # no more than so many are kept, the latest
    pool.keep_chains((f"S{at}", frozenset({"S"})) for at in range(3000))
    assert len(pool.chains) == 2000
    assert ("S2999", frozenset({"S"})) in pool.chains
    assert not set(known) & set(pool.chains)


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("seed", range(40))
def test_what_chains_leave_far_from_its_bound_is_searched_where_epci_are_few(monkeypatch, seed):
    monkeypatch.setattr(_solve, "_SMALL", 0)
    monkeypatch.setattr(_solve, "_TURNS", 0)  # nothing is combined
    problem = draw(np.random.default_rng(3300 + seed), Contiguity.ANY_EPCI)
    problem = replace(
        problem, objectives=problem.objectives[:1], required=np.zeros_like(problem.required),
        limits=tuple(one for one in problem.limits if one.lower is None),
    )  # fmt: skip
    pool = ColumnPool()
    pool.keep_answer(frozenset())  # nothing at all holds every rule
    best, _ = brute_force(problem)
    choice = solve_choice(problem, warm=pool)
    taken, (stage,) = taken_by(problem, choice), choice.stages
    assert is_legal(problem, taken)
    assert signed(problem, taken)[0] == stage.value
    assert stage.value <= best[0] <= stage.bound
    assert choice.status is not ChoiceStatus.TIME_LIMIT
    assert best[0] - stage.value <= best[0] // 1_000


@pytest.mark.parametrize("seed", range(12))
def test_few_epci_left_far_from_their_bound_are_asked_as_one_year(seed):
    problem = draw(np.random.default_rng(3300 + seed), Contiguity.ANY_EPCI)
    problem = replace(problem, objectives=problem.objectives[:1])
    best, _ = brute_force(problem)
    nothing = np.zeros(problem.candidates_count, bool)
    if best is None or not is_legal(problem, nothing):
        return
    far = StageResult(
        objective=problem.objectives[0].name, value=0, bound=10**9, status=ChoiceStatus.TIME_LIMIT
    )
    known = Choice(
        problem_sha256=problem.sha256, status=ChoiceStatus.TIME_LIMIT, chosen=(), stages=(far,)
    )
    found = as_one_year(problem, known, gap_share=1e-3, seconds=None)
    assert found.problem_sha256 == problem.sha256
    assert is_legal(problem, taken_by(problem, found))
    assert (found.stages[0].value, found.stages[0].bound) == (best[0], best[0])
    assert found.status is ChoiceStatus.OPTIMAL
    # what is near enough, or asked to be proved, stays as it is
    assert as_one_year(problem, known, gap_share=0.0, seconds=None) == known

"""Answers drawn by annealing, and what a former question may and may not change."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from planner.choice import ChoiceStatus, Contiguity
from planner.programme import ColumnPool, _solve, solve_choice
from planner.programme._actors.blocks import Row, split_problem
from planner.programme._actors.integer import holds, total
from planner.programme._search.draws import draw as draw_answer
from tests.unit.test_programme_exact import (
    brute_force,
    draw,
    is_legal,
    listed,
    signed,
    taken_by,
)


def asked(seed):
    """Make blocks, a worth, a rule and listed choices; an answer of nothing always holds."""
    rng = np.random.default_rng(seed)
    problem = draw(rng, Contiguity.NONE)
    blocks, _ = split_problem(problem)
    worth = Row(name="votes", coefficients=rng.integers(-5, 20, problem.candidates_count))
    use = rng.integers(0, 9, problem.candidates_count)
    rows = [Row(name="use", coefficients=use, upper=int(use.sum()) // 2)]
    return blocks, listed(rng, blocks), worth, rows


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_the_best_drawn_is_the_best_of_all_combinations(seed, known):
    blocks, choices, worth, rows = asked(seed)
    found = draw_answer(
        blocks, choices, worth, rows, np.array([1.0]),
        incumbent=[some[:1] for some in choices] if known else None, enough=10**9, scale=10,
        draws=3, bettered=1,
    )  # fmt: skip
    best = max(
        total(blocks, combination, worth)
        for combination in itertools.product(*[[c[None, :] for c in some] for some in choices])
        if holds(blocks, combination, rows)
    )
    assert found is not None
    assert found.value == total(blocks, found.parts, worth) == best
    assert holds(blocks, found.parts, rows)


def test_what_is_known_and_enough_is_kept_as_it_is():
    blocks, choices, worth, rows = asked(1)
    nothing = [some[:1] for some in choices]
    found = draw_answer(
        blocks, choices, worth, rows, np.array([1.0]), incumbent=nothing, enough=0, scale=10,
        draws=3, bettered=1,
    )  # fmt: skip
    assert found is not None
    assert found.value == 0
    assert all(np.array_equal(a, b) for a, b in zip(found.parts, nothing, strict=True))


def test_where_nothing_holds_nothing_is_drawn():
    blocks, choices, worth, rows = asked(2)
    never = [replace(rows[0], upper=None, lower=10**6)]
    found = draw_answer(
        blocks, choices, worth, never, np.array([-1.0]), incumbent=None, enough=10**9, scale=10,
        draws=3, bettered=1,
    )  # fmt: skip
    assert found is None


def others(rng, problem):
    """Change one weight, one ballot, one envelope, one limit: the questions of a user."""
    first, *further = problem.objectives
    heavier = np.where(problem.decider == 0, 3, 1)
    yield replace(problem, objectives=(
        replace(first, coefficients=first.coefficients * heavier), *further))  # fmt: skip
    if further:
        noise = rng.integers(0, 5, problem.candidates_count)
        second = replace(further[0], coefficients=further[0].coefficients + noise)
        yield replace(problem, objectives=(first, second, *further[1:]))
    envelopes = np.maximum(problem.envelopes, 0)
    envelopes[0] = envelopes[0] // 2
    yield replace(problem, envelopes=envelopes)
    yield replace(problem, limits=problem.limits[1:])
    yield problem


@pytest.mark.parametrize("contiguity", [Contiguity.WITHIN_EPCI, Contiguity.ANY_EPCI])
@pytest.mark.parametrize("seed", range(600, 612))
def test_a_stale_pool_never_gives_another_answer(seed, contiguity):
    rng = np.random.default_rng(seed)
    problem = draw(rng, contiguity)
    pool = ColumnPool()
    solve_choice(problem, warm=pool)
    for changed in others(rng, problem):
        assert solve_choice(changed, warm=pool) == solve_choice(changed)


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("contiguity", [Contiguity.WITHIN_EPCI, Contiguity.ANY_EPCI])
@pytest.mark.parametrize("seed", range(600, 615))
def test_within_a_gap_a_stale_pool_proves_as_much(monkeypatch, seed, contiguity):
    monkeypatch.setattr(_solve, "_SMALL", 0)
    rng = np.random.default_rng(seed)
    problem = draw(rng, contiguity)
    pool = ColumnPool()
    solve_choice(problem, warm=pool, gap_share=0.05)
    for changed in others(rng, problem):
        single = replace(changed, objectives=changed.objectives[:1])
        best, _ = brute_force(single)
        choice = solve_choice(single, warm=pool, gap_share=0.05)
        if best is None:
            assert choice.status is ChoiceStatus.INFEASIBLE
            continue
        taken = taken_by(single, choice)
        assert is_legal(single, taken)
        if single.objectives:
            sign = 1 if single.objectives[0].sense == "max" else -1
            assert signed(single, taken)[0] <= best[0] <= sign * choice.stages[0].bound
            # across borders a bound may stay above what separators can prove
            proved = choice.status in {ChoiceStatus.OPTIMAL, ChoiceStatus.WITHIN_GAP}
            assert proved or contiguity is Contiguity.ANY_EPCI

"""Branch and bound over listed choices: the best, and all that are as good."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from planner.choice import ChoiceStatus, Contiguity
from planner.programme import ColumnPool, _solve, solve_choice
from planner.programme._actors.blocks import Row, split_problem
from planner.programme._actors.integer import holds, total
from planner.programme._search import near_bound
from planner.programme._search.branches import search
from tests.unit.test_programme_exact import brute_force, draw, listed, signed, taken_by


def asked(seed):
    """Make blocks, a worth with ties, rules of one and two sides, and listed choices."""
    rng = np.random.default_rng(seed)
    problem = draw(rng, Contiguity.NONE)
    blocks, _ = split_problem(problem)
    count = problem.candidates_count
    worth = Row(name="votes", coefficients=rng.integers(-3, 6, count))
    choices = listed(rng, blocks)
    known = [some[:1] for some in choices]  # holds every rule
    rows = []
    for at in range(seed % 4):
        row = Row(name=f"use.{at}", coefficients=rng.integers(-4 if at == 1 else 0, 9, count))
        most = max(int(abs(row.coefficients).sum()) // 3, total(blocks, known, row))
        rows.append(replace(row, upper=most))
    if seed % 3 == 1:  # what must be reached
        row = Row(name="least", coefficients=rng.integers(0, 5, count))
        least = min(int(row.coefficients.sum()) // 4, total(blocks, known, row))
        rows.append(replace(row, lower=least))
    return blocks, choices, worth, rows


def combinations(choices):
    """Return every combination, each once."""
    lists = [[row[None, :] for row in np.unique(some, axis=0)] for some in choices]
    return itertools.product(*lists)


def as_key(parts):
    """Return a combination as something that can be in a set."""
    return tuple(part.tobytes() for part in parts)


@pytest.mark.parametrize("seed", range(300))
def test_all_the_best_combinations_are_found(seed):
    blocks, choices, worth, rows = asked(seed)
    legal = [parts for parts in combinations(choices) if holds(blocks, parts, rows)]
    values = [total(blocks, parts, worth) for parts in legal]
    known = list(legal[seed % len(legal)])
    found = search(blocks, choices, worth, rows, incumbent=known)
    best = max(values)
    assert found is not None
    assert found.value == found.bound == best
    every = {as_key(p) for p, value in zip(legal, values, strict=True) if value == best}
    if len(every) <= 100:
        assert len(found.equals) == len(every)
        assert {as_key(parts) for parts in found.equals} == every
    else:
        assert found.equals == ()
    one = search(blocks, choices, worth, rows, incumbent=known, equals=False)
    assert one is not None
    assert (one.value, one.bound, one.equals) == (best, best, ())


@pytest.mark.parametrize("seed", range(60))
def test_rows_that_link_two_actors_alone_hold_as_others_do(seed):
    blocks, choices, worth, rows = asked(seed)
    rng, known = np.random.default_rng(seed), [some[:1] for some in choices]
    for at in range(12 if len(blocks) > 1 else 0):
        one, other = rng.choice(len(blocks), 2, replace=False)
        link = np.zeros(len(worth.coefficients), np.int64)
        link[rng.choice(blocks[one].members)], link[rng.choice(blocks[other].members)] = 1, -1
        row = Row(name=f"link.{at}", coefficients=link, upper=0)
        rows += [row] if holds(blocks, known, [row]) else []
    best = max(
        total(blocks, parts, worth)
        for parts in combinations(choices) if holds(blocks, parts, rows)
    )  # fmt: skip
    found = search(blocks, choices, worth, rows, incumbent=known)
    assert found is not None
    assert found.value == found.bound == best == total(blocks, found.parts, worth)
    assert holds(blocks, found.parts, rows)


@pytest.mark.parametrize("seed", range(40))
def test_a_search_cut_short_still_tells_what_none_can_pass(seed):
    blocks, choices, worth, rows = asked(seed)
    legal = [parts for parts in combinations(choices) if holds(blocks, parts, rows)]
    best = max(total(blocks, parts, worth) for parts in legal)
    found = search(blocks, choices, worth, rows, incumbent=list(legal[0]), work=1)
    assert found is not None
    assert found.value <= best <= found.bound
    assert holds(blocks, found.parts, rows)


def test_numbers_that_floats_would_miss_are_left_to_others():
    blocks, choices, worth, _ = asked(4)
    large = Row(name="large", coefficients=worth.coefficients * 2**52, upper=2**60)
    known = [some[:1] for some in choices]
    assert search(blocks, choices, worth, [large], incumbent=known) is None


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("contiguity", [Contiguity.NONE, Contiguity.WITHIN_EPCI])
@pytest.mark.parametrize("seed", range(40))
def test_the_programme_is_the_best_of_all_when_searched(monkeypatch, contiguity, seed):
    monkeypatch.setattr(_solve, "_SMALL", 0)  # as if the question were large
    problem = draw(np.random.default_rng(900 + seed), contiguity)
    best, equal = brute_force(problem)
    choice = solve_choice(problem)
    if best is None:
        assert choice.status is ChoiceStatus.INFEASIBLE
        return
    assert choice.status is ChoiceStatus.OPTIMAL
    taken = taken_by(problem, choice)
    assert signed(problem, taken) == best
    assert tuple(taken) == max(equal)  # the first sectors, by their ids


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("seed", range(20))
def test_all_the_best_are_kept_for_the_same_first_objective_only(monkeypatch, seed):
    monkeypatch.setattr(_solve, "_SMALL", 0)
    problem = draw(np.random.default_rng(1300 + seed), Contiguity.WITHIN_EPCI)
    pool = ColumnPool()
    solve_choice(problem, warm=pool)
    first, *further = problem.objectives
    turned = replace(problem, objectives=(first, *reversed(further)))
    limits = tuple(
        replace(one, upper=None if one.upper is None else one.upper * 3 // 4)
        for one in problem.limits
    )
    for other in (turned, replace(problem, limits=limits)):
        fresh, warm = solve_choice(other), solve_choice(other, warm=pool)
        assert warm.chosen == fresh.chosen
        assert warm.stages == fresh.stages


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize("sizes", [(1, 2), (2, 5), (3, 1_000)])
@pytest.mark.parametrize("seed", range(60))
def test_lists_cut_short_still_tell_what_none_can_pass(monkeypatch, seed, sizes):
    monkeypatch.setattr(_solve, "_SMALL", 0)
    monkeypatch.setattr(near_bound, "_FEW_SEARCHED", sizes)
    problem = draw(np.random.default_rng(2100 + seed), Contiguity.WITHIN_EPCI)
    problem = replace(problem, objectives=problem.objectives[:1])
    best, equal = brute_force(problem)
    choice = solve_choice(problem)
    if best is None:
        assert choice.status is ChoiceStatus.INFEASIBLE
        return
    taken, (stage,) = taken_by(problem, choice), choice.stages
    assert signed(problem, taken)[0] == stage.value <= best[0] <= stage.bound
    assert (choice.status is ChoiceStatus.OPTIMAL) == (stage.value == stage.bound)
    if sizes[-1] == 1_000:  # all are listed in the end
        assert choice.status is ChoiceStatus.OPTIMAL
        assert tuple(taken) == max(equal)

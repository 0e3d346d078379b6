"""Doors from one EPCI to another: each actor's best choice by brute force, answers that stay legal."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from planner.choice import Contiguity, Objective
from planner.programme import ColumnPool, solve_choice
from planner.programme._actors.blocks import split_problem
from planner.programme._actors.columns import Clock, Region
from planner.programme._chains.across import behind, hanging
from planner.programme._chains.cuts import reached_part
from planner.programme._chains.doors import Doors, _Behind
from tests.unit.test_programme_chains import path
from tests.unit.test_programme_exact import draw, is_legal, signed

FOREVER = Clock.within(None)


def doors_of(problem):
    blocks, _ = split_problem(problem)
    return Doors(problem, Region(blocks, ColumnPool()), FOREVER)


def within(problem, pool, gap_share):
    return solve_choice(problem, gap_share=gap_share, warm=pool)


def legal_choices(problem):
    for bits in itertools.product([False, True], repeat=problem.candidates_count):
        if is_legal(problem, np.array(bits)):
            yield np.array(bits)


def test_who_hangs_on_whom():
    problem = draw(np.random.default_rng(4), Contiguity.ANY_EPCI)
    count = problem.candidates_count
    for seed in range(30):
        chosen = np.random.default_rng(seed).random(count) < 0.7
        before = hanging(problem, chosen)
        standing = reached_part(problem, chosen)
        assert ((before >= 0) == standing).all()
        near = {tuple(pair) for pair in np.sort(problem.edges, axis=1).tolist()}
        for at in np.flatnonzero(standing):
            on = int(before[at])
            assert on == count or (chosen[on] and (min(at, on), max(at, on)) in near)
            assert on < count or problem.reached[at]


@pytest.mark.parametrize("seed", range(40))
def test_what_is_legal_behind_doors_is_legal(seed):
    rng = np.random.default_rng(seed)
    problem = draw(rng, Contiguity.ANY_EPCI)
    doors = doors_of(problem)
    for chosen in list(legal_choices(problem))[:12]:
        kept = doors._kept(chosen)
        assert (kept <= chosen).all()
        assert (reached_part(problem, kept) == kept).all()
        question = behind(problem, kept)
        assert is_legal(question, chosen)
        assert all(is_legal(problem, other) for other in legal_choices(question))


@pytest.mark.parametrize("seed", range(40))
def test_the_best_choice_of_an_actor_is_the_best(seed):
    rng = np.random.default_rng(seed)
    problem = draw(rng, Contiguity.ANY_EPCI)
    doors = doors_of(problem)
    assert doors._build()
    doors._worth = rng.integers(-9, 30, problem.candidates_count)
    for at, block in enumerate(doors.blocks):
        ways = block.members[doors.ways[at]]
        opened = frozenset(ways[rng.random(len(ways)) < 0.5].tolist())
        kept = frozenset(block.members[rng.random(len(block.members)) < 0.2].tolist())
        worth = []
        reached = problem.reached[block.members] | np.isin(block.members, list(opened))
        for bits in itertools.product([False, True], repeat=len(block.members)):
            on = np.array(bits)
            good = on & reached
            for _ in block.members:
                for a, b in block.ground.near:
                    if on[a] and on[b] and (good[a] or good[b]):
                        good[a] = good[b] = True
            refused, required = np.array(block.ground.refused), np.array(block.ground.required)
            if (
                (good == on).all() and not (on & refused).any() and not (required & ~on).any()
                and on[np.isin(block.members, list(kept))].all()
                and int(on @ block.weight) <= block.limit
            ):  # fmt: skip
                worth.append(int(on @ doors._worth[block.members]))
        best = doors.best(at, opened, kept)
        assert (best is None) == (not worth)
        if best is not None:
            assert best[0] == max(worth) == int(best[1] @ doors._worth[block.members])


@pytest.mark.parametrize("seed", range(40))
def test_a_better_answer_is_legal_and_no_worse(seed):
    rng = np.random.default_rng(seed)
    problem = draw(rng, Contiguity.ANY_EPCI)
    if not problem.objectives:
        return
    for chosen in list(legal_choices(problem))[:3]:
        found = doors_of(problem).better(chosen, within, enough=10**9)
        assert is_legal(problem, found)
        assert signed(problem, found)[0] >= signed(problem, chosen)[0]
        assert (doors_of(problem).better(chosen, within, enough=10**9) == found).all()


def test_a_door_is_opened_where_it_pays():
    problem = path()
    chosen = np.array([True, False, False, False])
    for sign, sense in ((1, "max"), (-1, "min")):
        asked = Objective(name="votes", sense=sense, coefficients=sign * np.array([1, 2, 3, 30]))
        found = doors_of(replace(problem, objectives=(asked,))).better(chosen, within, enough=99)
        assert found.tolist() == [True, True, True, True]


def test_numbers_too_large_open_nothing():
    problem = draw(np.random.default_rng(4), Contiguity.ANY_EPCI)
    doors = doors_of(problem)
    worth = np.full(problem.candidates_count, 2.0**58)
    nobody = np.zeros(problem.candidates_count, bool)
    assert doors._state(_Behind(nobody, problem, 0.0, worth)) is None

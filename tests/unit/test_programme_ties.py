"""Objectives with few different values: approvals, points from 0 to 5, sectors of one size."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from planner.choice import ChoiceStatus, Contiguity, Limit, Objective
from planner.programme import ColumnPool, solve_choice
from planner.programme._actors.blocks import Row, split_problem
from planner.programme._actors.columns import Clock, Region, Stage
from planner.programme._actors.integer import holds, total
from planner.programme._search import near_bound
from planner.programme._search.blurred import blurred, is_coarse
from planner.programme._search.branches import search
from planner.verify import verify_choice
from tests.unit.test_programme_exact import RULE, draw, is_legal, listed


def approvals(*, actors=20, each=30):
    """Make a region in which each EPCI approves of two sectors in five, and rules bind a little."""
    rng = np.random.default_rng(2018)
    count = actors * each
    lines = rng.integers(300, 1001, count)
    decider = np.repeat(np.arange(actors), each)
    quarter = decider * 4 // actors
    cost = lines * rng.integers(800, 4001, count) // 1000
    limits = [
        Limit(name=f"capacity.{one}", message=RULE, coefficients=np.where(quarter == one, lines, 0),
              upper=int(0.43 * lines[quarter == one].sum()))
        for one in range(4)
    ]  # fmt: skip
    limits.append(
        Limit(
            name="budget.region", message=RULE, coefficients=cost, upper=int(0.4 * cost.sum())
        )
    )  # fmt: skip
    none = np.zeros(count, bool)
    return replace(
        draw(np.random.default_rng(0), Contiguity.NONE),
        sector_ids=tuple(f"S{at:04d}" for at in range(count)),
        lines=lines, departements=("22",) * count, rural=none,
        actors=tuple(f"E{at:02d}" for at in range(actors)), decider=decider,
        share_candidate=np.arange(count), share_actor=decider, share_need=lines,
        envelopes=(0.45 * np.bincount(decider, lines)).astype(np.int64),
        required=none, refused=none, reached=none, edges=np.zeros((0, 2), np.int64),
        edge_border_m=np.zeros(0, np.int64), feeder=np.full(count, -1), limits=tuple(limits),
        objectives=(
            Objective(name="votes", sense="max", coefficients=rng.integers(0, 5, count) // 3),
        ),
    )  # fmt: skip


def bounded(problem):
    """Return the first objective bounded, and the rows."""
    blocks, rows = split_problem(problem)
    stage = Stage(Region(blocks, ColumnPool()), problem.objectives[0], rows)
    stage.converge(Clock(None), start=None, close_share=1e-7)
    return stage, rows


@pytest.mark.parametrize("seed", range(60))
def test_the_best_of_a_blurred_objective_is_the_best(seed):
    problem = draw(np.random.default_rng(seed), Contiguity.WITHIN_EPCI)
    stage, _ = bounded(problem)
    other = None if stage.best is None else blurred(stage)
    every = itertools.product([False, True], repeat=problem.candidates_count)
    legal = [np.array(taken) for taken in every if is_legal(problem, np.array(taken))]
    if not legal:
        return
    assert other is not None
    best = max(legal, key=lambda taken: int(other.row.coefficients[taken].sum()))
    value = problem.objectives[0].coefficients
    assert value[best].sum() == max(value[taken].sum() for taken in legal)


def test_answers_are_drawn_where_choices_are_equal_by_thousands(monkeypatch):
    monkeypatch.setattr(near_bound, "is_level", lambda *_: False)  # the other way, not asked here
    problem = approvals()
    stage, rows = bounded(problem)
    assert is_coarse(stage)
    found = near_bound.draw_some(stage, rows, None, least=0)
    assert found is not None
    assert holds(stage.blocks, found.parts, rows)
    assert found.value == total(stage.blocks, found.parts, stage.row) == stage.best.bound
    monkeypatch.setattr(near_bound, "is_coarse", lambda _: False)
    before = near_bound.draw_some(stage, rows, None, least=0)
    assert before is None or before.value < found.value


def test_a_region_of_approvals_is_proved():
    problem = approvals()
    choice = solve_choice(problem)
    assert choice.status is ChoiceStatus.OPTIMAL
    assert verify_choice(problem, choice).holds


def points_up_to_five():
    """Make a region in which the best is two points below the bound, equals being thousands."""
    problem = approvals()
    points = np.random.default_rng(0).integers(0, 6, problem.candidates_count)
    votes = Objective(name="votes", sense="max", coefficients=points)
    return replace(problem, objectives=(votes,))


def test_what_is_a_step_better_is_searched_where_equals_are_too_many_to_list():
    problem = points_up_to_five()
    choice = solve_choice(problem)
    assert choice.status is ChoiceStatus.OPTIMAL  # was two points from its bound
    assert verify_choice(problem, choice).holds


@pytest.mark.parametrize("seed", range(60))
def test_settling_by_the_blurred_objective_finds_the_best(seed):
    problem = draw(np.random.default_rng(seed), Contiguity.WITHIN_EPCI)
    stage, rows = bounded(problem)
    every = itertools.product([False, True], repeat=problem.candidates_count)
    legal = [np.array(taken) for taken in every if is_legal(problem, np.array(taken))]
    if stage.best is None or not legal:
        return
    worst, best = (
        pick(legal, key=lambda taken: int(stage.row.coefficients[taken].sum()))
        for pick in (min, max)
    )
    parts = stage.region.parts(worst)
    found = near_bound._settle_blurred(stage, rows, parts, work=10**9)
    assert found is not None
    assert found.value == found.bound == stage.row.coefficients[best].sum()
    assert holds(stage.blocks, found.parts, rows)


def test_generation_goes_on_until_the_bound_is_the_last_whole_step():
    problem = points_up_to_five()
    votes = problem.objectives[0]
    fives = replace(votes, coefficients=votes.coefficients * 5)
    stage, _ = bounded(replace(problem, objectives=(fives,)))
    value = stage.master.solve().value
    assert stage.step == 5
    assert stage.bound == int(value) // 5 * 5


def tied(*, actors=24, choices=14):
    """Make lists in which choices are worth whole fives, most of them as much as others."""
    rng = np.random.default_rng(7)
    count = actors * choices
    problem = replace(approvals(actors=actors, each=choices), limits=())
    blocks, _ = split_problem(problem)
    lists = [np.eye(choices, dtype=np.uint8) for _ in blocks]
    worth = Row(name="votes", coefficients=rng.integers(0, 3, count) * 5)
    rows = []
    for at in range(3):
        use = rng.integers(1, 40, count)
        rows.append(Row(name=f"use.{at}", coefficients=use, upper=int(use.sum() * 0.8 / choices)))
    light = sum(row.coefficients for row in rows)
    known = [lists[at][[int(np.argmin(light[block.members]))]] for at, block in enumerate(blocks)]
    assert holds(blocks, known, rows)
    return blocks, lists, worth, rows, known


def test_more_equals_than_are_kept_dont_keep_the_best_from_being_proved():
    blocks, lists, worth, rows, known = tied()
    found = search(blocks, lists, worth, rows, incumbent=known, work=3_000_000)
    assert found is not None
    assert found.value == found.bound
    assert found.equals == ()


@pytest.mark.parametrize("seed", range(20))
def test_what_none_can_pass_is_told_in_whole_steps(seed):
    rng = np.random.default_rng(seed)
    problem = draw(rng, Contiguity.NONE)
    blocks, _ = split_problem(problem)
    count = problem.candidates_count
    worth = Row(name="votes", coefficients=rng.integers(0, 6, count) * 7)
    use = rng.integers(1, 9, count)
    rows = [Row(name="use", coefficients=use, upper=int(use.sum()) // 3)]
    lists = listed(rng, blocks)
    known = [some[:1] for some in lists]
    found = search(blocks, lists, worth, rows, incumbent=known, work=1)
    assert found is not None
    assert (found.bound - found.value) % 7 == 0

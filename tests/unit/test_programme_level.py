"""Answers where the objective is one of the rules itself: every choice is as good at the bound."""

from dataclasses import replace

import numpy as np
import pytest

from planner.choice import ChoiceProblem, ChoiceStatus, Contiguity, Limit, Objective
from planner.programme import ColumnPool, solve_choice
from planner.programme._actors.blocks import Row, split_problem
from planner.programme._actors.columns import Clock, Region, Stage
from planner.programme._actors.integer import holds
from planner.programme._search.level import is_level, turned
from planner.programme._search.near_bound import draw_some
from planner.texts import Message

RULE = Message.of("programme.limit_made_up")


def region(seed, *, actors=14, each=14):
    """Make EPCI that choose freely among their sectors, under a ceiling of lines and a budget."""
    rng = np.random.default_rng(seed)
    count = actors * each
    lines = rng.integers(300, 1001, count)
    decider = np.repeat(np.arange(actors), each)
    cost = lines * rng.integers(800, 4001, count) // 1000
    start = np.flatnonzero(np.arange(count) % each != each - 1)
    reached = np.arange(count) % each == 0
    ceiling = int(lines.sum()) * 2 // 5
    cheap = np.argsort(cost / lines)
    enough = int(np.searchsorted(np.cumsum(lines[cheap]), ceiling)) + 1
    least = int(cost[cheap][:enough].sum())  # no fewer euros pay for so many lines
    return ChoiceProblem(
        sector_ids=tuple(f"S{at:04d}" for at in range(count)),
        lines=lines,
        departements=("22",) * count,
        rural=np.zeros(count, bool),
        actors=tuple(f"2000{at:05d}" for at in range(actors)),
        decider=decider,
        share_candidate=np.arange(count),
        share_actor=decider,
        share_need=lines,
        envelopes=np.bincount(decider, lines, actors).astype(np.int64) * 3 // 5,
        required=np.zeros(count, bool),
        refused=np.zeros(count, bool),
        reached=reached,
        edges=np.column_stack([start, start + 1]),
        edge_border_m=np.ones(len(start), np.int64),
        feeder=np.full(count, -1),
        contiguity=Contiguity.NONE,
        limits=(
            Limit(name="capacity.region", message=RULE, coefficients=lines, upper=ceiling),
            Limit(
                name="budget.region", message=RULE, coefficients=cost,
                upper=least * 21 // 20,
            ),
        ),
        objectives=(Objective(name="lines", sense="max", coefficients=lines, unit="lines"),),
    )  # fmt: skip


def stage_of(problem):
    blocks, rows = split_problem(problem)
    stage = Stage(Region(blocks, ColumnPool()), problem.objectives[0], rows)
    stage.converge(Clock.within(None), start=None, close_share=1e-7)
    return stage, list(rows)


@pytest.mark.parametrize("seed", range(3))
def test_an_answer_at_the_bound_is_drawn_where_every_choice_is_as_good(seed):
    problem = region(seed)
    stage, rows = stage_of(problem)
    assert is_level(stage, 4_000)
    found = draw_some(stage, rows, None, least=0)
    assert found is not None
    assert found.value == stage.best.bound == problem.limits[0].upper
    assert holds(stage.blocks, found.parts, rows)


@pytest.mark.parametrize("seed", range(3))
def test_as_many_lines_as_the_ceiling_are_proved_the_most(seed):
    problem = region(seed)
    answer = solve_choice(problem, gap_share=1e-4)
    assert answer.status is ChoiceStatus.OPTIMAL
    assert answer.stages[0].value == problem.limits[0].upper
    chosen = np.isin(np.array(problem.sector_ids), answer.chosen)
    assert int(problem.limits[1].coefficients[chosen].sum()) <= problem.limits[1].upper


def test_what_is_held_and_its_ceiling_are_one_rule_both_ways():
    stage, rows = stage_of(region(0))
    value = stage.best.bound
    asked = turned(stage, rows, value)
    assert [(row.name, row.lower, row.upper) for row in asked.rows] == [
        ("budget.region", None, rows[1].upper), ("level", value, value),
    ]  # fmt: skip


def test_a_ceiling_in_other_units_is_one_rule_too():
    problem = region(0)
    stage, rows = stage_of(problem)
    halves = Row(name="halves", coefficients=problem.lines * 2, upper=2 * stage.best.bound + 1)
    asked = turned(stage, [halves, rows[1]], stage.best.bound - 1)
    held = next(row for row in asked.rows if row.name == "level")
    assert (held.lower, held.upper) == (stage.best.bound - 1, stage.best.bound)


def test_an_objective_that_no_rule_bounds_is_not_level():
    problem = region(0)
    votes = Objective(
        name="votes", sense="max",
        coefficients=np.random.default_rng(5).integers(1, 10**6, problem.candidates_count),
    )  # fmt: skip
    stage, _ = stage_of(replace(problem, objectives=(votes,)))
    assert not is_level(stage, 4_000)

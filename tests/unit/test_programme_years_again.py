"""Questions with years asked again, a little otherwise: what is kept helps, and proves nothing."""

import copy
from dataclasses import replace

import numpy as np
import pytest

from planner.choice import ChoiceStatus, Contiguity, Objective
from planner.programme import ColumnPool
from planner.programme._actors.blocks import objective_row
from planner.programme._actors.columns import Clock
from planner.programme._years import again, primal
from planner.programme._years.joint import Joint
from planner.programme._years.solve import Years, solve_years_by_columns
from planner.programme._years.spread import spread_objective
from planner.verify import verify_years
from tests.unit.test_programme_years import (
    a_grid,
    as_flags,
    draw,
    every_dated,
    is_legal,
    signed,
)

GAP = 0.02


@pytest.fixture(autouse=True)
def shortly(monkeypatch):
    """Search a little, and ask no proof of few candidates."""
    for name, steps in (
        ("_LEAST_STEPS", 20_000), ("_STEPS", 100), ("_SWAP_STEPS", 200), ("_SHAKEN_STEPS", 20_000),
    ):  # fmt: skip
        monkeypatch.setattr(f"planner.programme._years.primal.{name}", steps)
    monkeypatch.setattr("planner.programme._years.solve._SMALL", 0)


def solve(problem, pool, gap_share=GAP):
    return solve_years_by_columns(problem, gap_share=gap_share, seconds=None, warm=pool)


def with_whole(problem, **changes):
    return replace(problem, whole=replace(problem.whole, **changes))


def with_heavier(problem):
    """Make the votes of one actor a tenth heavier."""
    votes, *more = problem.whole.objectives
    weight = np.where(problem.whole.decider == 0, 11, 10)
    heavier = replace(votes, coefficients=votes.coefficients * weight // 10)
    return with_whole(problem, objectives=(heavier, *more))


def with_another_limit(problem):
    first, *more = problem.limits
    return replace(problem, limits=(replace(first, upper=first.upper * 98 // 100), *more))


def flagged(problem, name, position):
    flags = getattr(problem.whole, name).copy()
    flags[position] = True
    return with_whole(problem, **{name: flags})


def others(problem, choice):
    """Return the question with a number changed, and with sectors newly required and refused."""
    open_by = as_flags(problem, choice)[-1]
    free = ~problem.whole.required & ~problem.whole.refused
    yield with_heavier(problem)
    yield with_another_limit(problem)
    yield with_whole(problem, envelopes=problem.whole.envelopes * 9 // 10)
    for name, position in (
        *(("refused", at) for at in np.flatnonzero(open_by & free)[:2]),
        *(("required", at) for at in np.flatnonzero(~open_by & free)[:2]),
    ):
        yield flagged(problem, name, position)


def joint_of(problem, pool):
    years = Years(problem, GAP, Clock.within(None), pool)
    objective = spread_objective(problem, problem.whole.objectives[0])
    return years, Joint(years.region, years.joint, objective_row(objective), years.rows)


@pytest.mark.parametrize("contiguity", ["none", "within_epci", "feeder"])
def test_a_second_answer_is_legal_and_its_bound_true_beside_brute_force(contiguity, monkeypatch):
    met = []
    kept = again.answer_again

    def answer_again(*args, **kwargs):
        met.append(kept(*args, **kwargs))
        return met[-1]

    monkeypatch.setattr("planner.programme._years.solve.answer_again", answer_again)
    for seed in range(3, 7):
        first = draw(np.random.default_rng(seed + 50), Contiguity(contiguity))
        first = with_whole(first, objectives=first.whole.objectives[:2])
        pool = ColumnPool()
        choice = solve(first, pool, 0.05)
        if not choice.opened:
            continue
        for problem in others(first, choice):
            legal = [signed(problem, one) for one in every_dated(problem) if is_legal(problem, one)]
            second = solve(problem, copy.deepcopy(pool), 0.05)
            assert verify_years(problem, second).holds
            if not legal:
                assert second.status is ChoiceStatus.INFEASIBLE
                continue
            assert is_legal(problem, as_flags(problem, second))
            stage = second.stages[0]
            assert stage.value <= max(one[0] for one in legal) <= stage.bound
            assert stage.gap_share <= 0.05
            # the second objective, larger is better, where the first is worth what it is
            most = max(one[1] for one in legal if one[0] >= stage.value) if legal[0][1:] else 0
            assert not legal[0][1:] or -second.stages[1].bound >= most
    assert sum(one is not None for one in met) > 3


def no_bound_of_years(self, objective):
    raise AssertionError(f"{objective.name} is bounded from nothing")


@pytest.mark.parametrize("change", [with_heavier, with_another_limit])
def test_a_number_changed_is_answered_without_beginning_anew(change, monkeypatch):
    first = a_grid(1, side=3, actors=20)
    pool = ColumnPool()
    assert solve(first, pool).status is ChoiceStatus.WITHIN_GAP
    monkeypatch.setattr(Years, "_bound", no_bound_of_years)
    problem = change(first)
    second = solve(problem, copy.deepcopy(pool))
    assert second.status is ChoiceStatus.WITHIN_GAP
    assert second.stages[0].gap_share <= GAP
    assert is_legal(problem, as_flags(problem, second))
    assert verify_years(problem, second).holds
    assert solve(problem, copy.deepcopy(pool)) == second


@pytest.mark.parametrize("name", ["required", "refused"])
def test_a_kept_answer_that_a_rule_forbids_is_mended(name, monkeypatch):
    first = a_grid(2, side=3, actors=20)
    pool = ColumnPool()
    open_by = as_flags(first, solve(first, pool))[-1]
    free = ~first.whole.refused
    position = np.flatnonzero(free & (open_by == (name == "refused")) & first.whole.reached)
    position = position[0] if len(position) else np.flatnonzero(free & ~open_by)[0]
    problem = flagged(first, name, position)
    monkeypatch.setattr(Years, "_bound", no_bound_of_years)
    second = solve(problem, pool)
    assert second.status is ChoiceStatus.WITHIN_GAP
    assert as_flags(problem, second)[-1][position] == (name == "required")
    assert is_legal(problem, as_flags(problem, second))


def test_kept_sequences_that_a_rule_forbids_are_dropped():
    first = a_grid(3, side=3, actors=4)
    pool = ColumnPool()
    open_by = as_flags(first, solve(first, pool))[-1]
    at = np.flatnonzero(open_by)
    problem = flagged(flagged(first, "refused", at[-1]), "required", at[0])
    problem = with_whole(problem, envelopes=problem.whole.envelopes * 9 // 10)
    years, joint = joint_of(problem, pool)
    assert again.answer_again(
        joint, problem, years.base, held=None, gap_share=GAP, clock=Clock.within(None)
    )
    for actor, block in zip(joint.actors, years.base, strict=True):
        for one in actor.sequences.values():
            each = one.reshape(joint.years, -1)
            assert (each[:-1] <= each[1:]).all()
            assert all(block.allows(part) for part in each[-1:])


def test_an_objective_that_stays_is_answered_at_once_and_the_next_from_what_is_known(monkeypatch):
    first = a_grid(1, side=3, actors=20)
    rng = np.random.default_rng(10)
    criteria = rng.integers(0, 1000, first.whole.candidates_count) * first.whole.lines
    second = Objective(name="criteria", sense="max", coefficients=criteria)
    both = with_whole(first, objectives=(*first.whole.objectives, second))
    pool = ColumnPool()
    known = solve(both, pool)
    monkeypatch.setattr(Years, "_bound", no_bound_of_years)
    converged = []
    kept = Joint.converge

    def converge(self, *args):
        converged.append(self.row.name)
        return kept(self, *args)

    monkeypatch.setattr(Joint, "converge", converge)
    changed = replace(second, coefficients=criteria * (10 + rng.integers(0, 2, len(criteria))))
    problem = with_whole(both, objectives=(*first.whole.objectives, changed))
    answered = solve(problem, pool)
    assert "votes" not in converged
    assert answered.stages[0].value >= known.stages[0].value
    assert answered.stages[0].gap_share <= GAP
    assert answered.stages[1].value >= problem.values(as_flags(both, known))[1]
    assert answered.stages[1].value <= answered.stages[1].bound
    assert verify_years(problem, answered).holds


def test_a_proof_is_the_same_whatever_is_kept():
    for seed in range(4):
        first = draw(np.random.default_rng(seed + 50), Contiguity.WITHIN_EPCI)
        pool = ColumnPool()
        solve(first, pool, 0.05)
        problem = with_another_limit(first)
        assert solve(problem, pool, 0.0) == solve(problem, ColumnPool(), 0.0)


def test_nothing_is_recalled_of_a_ground_that_changed():
    first = a_grid(3, side=3, actors=4)
    pool = ColumnPool()
    solve(first, pool)
    problem = with_whole(first, reached=first.whole.reached & (np.arange(36) != 0))
    second = solve(problem, pool)
    assert is_legal(problem, as_flags(problem, second))
    assert not as_flags(problem, second)[:, :9].any()  # nothing reaches the first actor any more


def test_a_clock_is_shared_and_a_walk_cools_down_within_a_part_of_it():
    assert Clock(None).part(0.3).end is None
    assert 3 * Clock.within(1_000).part(0.3).left == pytest.approx(Clock.within(900).left, rel=0.01)
    first = a_grid(3, side=3, actors=4)
    years, joint = joint_of(first, ColumnPool())
    joint.begin({})
    node = joint.values(joint.prices)[0]
    steps = [
        primal._Search(joint, years.base, node, 0, clock)._steps(10**12)
        for clock in (Clock(None), Clock.within(1_000), Clock.within(500), Clock.within(0))
    ]
    assert steps[0] == 10**12
    assert steps[1] == pytest.approx(2 * steps[2], rel=0.01)
    assert steps[1] < primal._PACE * 1_000
    assert steps[3] == 1


def test_what_was_met_is_answered_when_time_is_up_before_it_is_bettered(monkeypatch):
    problem = a_grid(1, side=3, actors=20)
    monkeypatch.setattr("planner.programme._years.primal._LISTING", 1e9)  # nothing near is listed
    years = Years(problem, 1e-6, Clock.within(1_000), ColumnPool())
    monkeypatch.setattr("planner.programme._years.primal._TURNS", 1)
    choice = years.run()
    assert is_legal(problem, as_flags(problem, choice))
    assert choice.opened
    assert choice.stages[0].value <= choice.stages[0].bound

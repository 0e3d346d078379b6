"""Years where an EPCI is too wide for a diagram: cut into parts, beside brute force."""

from dataclasses import replace

import numpy as np
import pytest

from planner.choice import ChoiceStatus, Contiguity
from planner.programme import ColumnPool, solve_years
from planner.programme._actors import blocks
from planner.programme._years import wide
from planner.verify import verify_years
from tests.unit.test_programme_wide import drawn_parts
from tests.unit.test_programme_years import (
    SIGN,
    a_grid,
    as_flags,
    draw,
    every_dated,
    is_legal,
    signed,
)


@pytest.mark.parametrize("contiguity", list(Contiguity))
@pytest.mark.parametrize("seed", range(400, 410))
def test_an_answer_in_parts_is_legal_and_its_bound_holds(monkeypatch, seed, contiguity):
    rng = np.random.default_rng(seed)
    problem = draw(rng, contiguity)
    part = drawn_parts(rng, problem.whole)
    monkeypatch.setattr(wide, "cut_apart", lambda *_, **__: part)
    best = max(
        (signed(problem, one) for one in every_dated(problem) if is_legal(problem, one)),
        default=None,
    )
    choice = wide.solve_years_in_parts(problem, gap_share=1e-3, seconds=None, warm=ColumnPool())
    assert choice.problem_sha256 == problem.sha256
    if not choice.stages:
        assert choice.opened == ()
        across = contiguity in {Contiguity.WITHIN_EPCI, Contiguity.ANY_EPCI}  # perhaps in both
        assert best is None or across
        if choice.status is not ChoiceStatus.INFEASIBLE:
            assert (choice.status, across) == (ChoiceStatus.TIME_LIMIT, True)
        else:
            assert best is None
        return
    assert verify_years(problem, choice).holds
    open_by = as_flags(problem, choice)
    assert is_legal(problem, open_by)
    assert [stage.value for stage in choice.stages] == list(problem.values(open_by))
    first, sign = choice.stages[0], SIGN[problem.whole.objectives[0].sense]
    assert first.bound is None or sign * first.value <= best[0] <= sign * first.bound
    assert all(stage.bound is None for stage in choice.stages[1:])
    assert (choice.status is ChoiceStatus.OPTIMAL) == all(
        stage.bound == stage.value for stage in choice.stages
    )


def test_what_has_no_diagram_is_cut_rather_than_refused(monkeypatch):
    problem = a_grid(1, side=3, actors=1)

    def narrow(ground):
        return build_diagram(ground) if ground.count <= 5 else None

    build_diagram = blocks.build_diagram
    monkeypatch.setattr(blocks, "build_diagram", narrow)
    for name in ("_FEW", "_LISTED", "_TINY"):
        monkeypatch.setattr(f"planner.programme._years.ways.{name}", 0)
    choice = solve_years(problem)
    assert verify_years(problem, choice).holds
    assert choice.stages[0].bound >= choice.stages[0].value > 0


@pytest.mark.parametrize("seed", range(8))
def test_years_across_borders_of_a_large_question_are_answered_with_their_bound(monkeypatch, seed):
    for name in ("_FEW", "_LISTED", "_TINY"):
        monkeypatch.setattr(f"planner.programme._years.ways.{name}", 0)
    problem = draw(np.random.default_rng(7000 + seed), Contiguity.ANY_EPCI)
    problem = replace(
        problem, whole=replace(
            problem.whole, objectives=problem.whole.objectives[:1], limits=(),
            required=np.zeros_like(problem.whole.required),
        ),
    )  # fmt: skip
    best = max(signed(problem, one) for one in every_dated(problem) if is_legal(problem, one))
    choice = solve_years(problem)
    assert verify_years(problem, choice).holds
    assert is_legal(problem, as_flags(problem, choice))
    assert choice.stages[0].value <= best[0] <= choice.stages[0].bound


def test_choices_too_many_to_go_through_each_year_are_cut_and_mended_across_the_cut(monkeypatch):
    problem = a_grid(1, side=4, actors=1)
    assert not wide.is_intricate(problem, ColumnPool())
    whole = solve_years(problem)
    for name in ("_FEW", "_LISTED", "_TINY"):
        monkeypatch.setattr(f"planner.programme._years.ways.{name}", 0)
    monkeypatch.setattr(wide, "_STATES", 30)
    assert wide.is_intricate(problem, ColumnPool())
    choice = solve_years(problem)
    assert verify_years(problem, choice).holds
    assert choice == solve_years(problem)
    assert choice.stages[0].value == whole.stages[0].value <= choice.stages[0].bound
    monkeypatch.setattr(wide, "walk_near", lambda *_, known, **__: known)
    assert solve_years(problem).stages[0].value < choice.stages[0].value

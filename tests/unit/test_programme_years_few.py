"""Questions with years of few EPCI or sectors: brute force, a part of a département, its bound."""

from dataclasses import replace

import numpy as np
import pytest

from planner.choice import ChoiceStatus, Contiguity
from planner.dated import YearLimit
from planner.programme import solve_years
from planner.programme._actors.blocks import objective_row, split_problem
from planner.programme._actors.columns import Clock
from planner.programme._years.few import solve_years_of_few
from planner.programme._years.relaxed import relax
from planner.programme._years.rows import DatedRows
from planner.programme._years.solve import solve_years_by_columns
from planner.programme._years.spread import spread_objective, spread_rows
from planner.programme._years.walk import walk
from planner.solver import run_whole
from planner.verify import verify_years
from tests.unit.test_programme_years import (
    RULE,
    YEARS,
    a_grid,
    as_flags,
    draw,
    every_dated,
    is_legal,
    signed,
)


@pytest.mark.parametrize("contiguity", list(Contiguity))
@pytest.mark.parametrize("seed", range(300, 306))
def test_branch_and_cut_equals_brute_force(seed, contiguity):
    problem = draw(np.random.default_rng(seed), contiguity)
    legal = [one for one in every_dated(problem) if is_legal(problem, one)]
    best = max((signed(problem, one) for one in legal), default=None)
    choice = solve_years_of_few(problem, gap_share=1e-3, seconds=None)
    assert verify_years(problem, choice).holds
    if best is None:
        assert (choice.status, choice.opened) == (ChoiceStatus.INFEASIBLE, ())
        return
    open_by = as_flags(problem, choice)
    equal = [one for one in legal if signed(problem, one) == best]
    assert choice.status is ChoiceStatus.OPTIMAL
    assert signed(problem, open_by) == best
    assert [one.bound for one in choice.stages] == list(problem.values(open_by))
    assert open_by.tolist() == max(equal, key=lambda one: tuple(one.sum(axis=0))).tolist()


def with_ceilings(problem, share, *, departements=2):
    """Let each half of the territory open at most a share of its lines in each year."""
    lines = problem.whole.lines
    part = np.arange(len(lines)) % departements
    limits = tuple(
        YearLimit(name=f"capacity.{code}", year=year, message=RULE, unit="lines",
                  coefficients=np.where(part == code, lines, 0),
                  upper=int(share * lines[part == code].sum()))
        for year in YEARS for code in range(departements)
    )  # fmt: skip
    return replace(problem, limits=limits)


@pytest.fixture
def shortly(monkeypatch):
    """Search a little only."""
    monkeypatch.setattr("planner.programme._years.walk._ALL_STEPS", 30_000_000)
    monkeypatch.setattr("planner.programme._years.few._NODES", 10_000)
    monkeypatch.setattr("planner.programme._years.primal._LEAST_STEPS", 2_000_000)


@pytest.mark.usefixtures("shortly")
@pytest.mark.parametrize("contiguity", [Contiguity.WITHIN_EPCI, Contiguity.ANY_EPCI])
def test_a_part_of_a_departement_is_answered_near_its_bound(contiguity):
    problem = with_ceilings(a_grid(1, side=6, actors=2), 0.13)
    problem = replace(problem, whole=replace(problem.whole, contiguity=contiguity))
    choice = solve_years(problem)
    assert verify_years(problem, choice).holds
    assert is_legal(problem, as_flags(problem, choice))
    assert choice.stages[0].gap_share < 0.04


def test_ceilings_that_hold_nothing_of_what_is_required_have_no_answer():
    problem = with_ceilings(a_grid(3, side=4, actors=2), 0.02)
    required = np.arange(problem.whole.candidates_count) < 8
    problem = replace(problem, whole=replace(problem.whole, required=required))
    choice = solve_years(problem)
    assert (choice.status, choice.opened) == (ChoiceStatus.INFEASIBLE, ())


def test_the_bound_is_of_the_last_prices_however_many_lines_are_found(monkeypatch):
    problem = with_ceilings(a_grid(2, side=5, actors=2), 0.13)
    base, rows = split_problem(problem.whole)
    objective = objective_row(spread_objective(problem, problem.whole.objectives[0]))
    every, clock = spread_rows(problem, rows), Clock.within(None)
    whole = relax(DatedRows(problem, base), objective, every, clock).value
    monkeypatch.setattr("planner.programme._years.relaxed._ROUNDS", 2)
    short = relax(DatedRows(problem, base), objective, every, clock).value
    assert short > 0.999 * whole > 0  # on another way, other rules of whole choices are met


def test_annealing_starts_from_what_is_required():
    problem = with_ceilings(a_grid(4, side=4, actors=2), 0.2)
    required = np.zeros(problem.whole.candidates_count, bool)
    required[5] = True
    free = np.zeros_like(required)
    problem = replace(problem, whole=replace(problem.whole, required=required, refused=free))
    base, rows = split_problem(problem.whole)
    asked, every = DatedRows(problem, base), spread_rows(problem, rows)
    objective = objective_row(spread_objective(problem, problem.whole.objectives[0]))
    clock = Clock.within(None)
    prices = relax(asked, objective, every, clock).prices
    found = next(walk(asked, objective, every, prices, known=None, enough=1, clock=clock))[0]
    assert is_legal(problem, found)
    assert found[-1][5]


def test_answers_are_crossed_into_the_best_that_opens_each_sector_as_one_of_them_does():
    problem = draw(np.random.default_rng(304), Contiguity.NONE)
    base, rows = split_problem(problem.whole)
    asked, every = DatedRows(problem, base), spread_rows(problem, rows)
    objective = objective_row(spread_objective(problem, problem.whole.objectives[0]))
    legal = [one for one in every_dated(problem) if is_legal(problem, one)]
    among = [legal[len(legal) // 4], legal[len(legal) // 2], legal[-1]]
    years = np.array([one.sum(axis=0) for one in among])
    mixed = [one for one in legal if (one.sum(axis=0) == years).any(axis=0).all()]
    told = asked.solve(
        objective, every, known=among[0], gap=0, nodes=1000, clock=Clock.within(None), among=among
    )
    best = max(asked.worth(one, objective) for one in mixed)
    assert len(mixed) > len(among)
    assert (told.open_by.sum(axis=0) == years).any(axis=0).all()
    assert asked.worth(told.open_by, objective) == told.bound == best


def test_what_fits_no_year_is_never_open_nor_what_lies_behind_it():
    problem = with_ceilings(a_grid(0, side=3, actors=1), 1.0, departements=1)
    lines = problem.whole.lines.copy()
    lines[1] = lines[3] = 10_000  # the two neighbours of the only corner that is reached
    limits = tuple(replace(one, coefficients=lines, upper=9_000) for one in problem.limits)
    refused = np.zeros(len(lines), bool)
    problem = replace(problem, limits=limits, whole=replace(problem.whole, refused=refused))
    base, _ = split_problem(problem.whole)
    assert DatedRows(problem, base).never.tolist() == [False] + [True] * 8


@pytest.mark.usefixtures("shortly")
def test_what_columns_leave_far_from_its_bound_is_searched_and_the_better_answered(monkeypatch):
    problem = with_ceilings(a_grid(1, side=6, actors=2), 0.13)
    by_columns = solve_years_by_columns(problem, gap_share=1e-3, seconds=None, warm=None)
    answers = {}

    def searched(problem, *, known, **rest):  # once from each answer to begin with
        key = known.opened if known else ()
        if key not in answers:
            answers[key] = solve_years_of_few(problem, known=known, **rest)
        return answers[key]

    monkeypatch.setattr("planner.programme._years.ways.solve_years_of_few", searched)
    for name in ("_LISTED", "_TINY", "_FAR_SHARE"):
        monkeypatch.setattr(f"planner.programme._years.ways.{name}", 0)
    further = searched(problem, known=by_columns, gap_share=1e-3, seconds=None)
    both = by_columns.stages[0], further.stages[0]
    told = solve_years(problem)
    assert verify_years(problem, told).holds
    assert told.stages[0].value == max(one.value for one in both)
    assert told.stages[0].bound == min(one.bound for one in both)
    nothing = replace(by_columns, status=ChoiceStatus.TIME_LIMIT, opened=(), stages=())
    monkeypatch.setattr(
        "planner.programme._years.ways.solve_years_by_columns", lambda *_, **__: nothing
    )
    assert solve_years(problem) == searched(problem, known=None, gap_share=1e-3, seconds=None)


def test_whole_numbers_are_asked_again_where_the_solver_contradicts_itself(monkeypatch):
    asked = []

    def noted_run(solver, costs):
        asked.append(len(costs))
        return run_whole(solver, costs)

    monkeypatch.setattr("planner.programme._actors.master.run_whole", noted_run)
    problem = with_ceilings(a_grid(1, side=4, actors=2), 0.3)
    choice = solve_years_of_few(problem, gap_share=1e-3, seconds=None)
    assert verify_years(problem, choice).holds
    assert asked

"""With years: statuses, values, bounds and the programme taken among equals, by brute force.

The regions are those of :mod:`tests.laws.test_choice_laws`, every rule at once, with ceilings of
some years and further required sectors.  The brute force goes through every way of dating the
sectors and shares nothing with the library: tables, sums, and reach by walking.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from planner.choice import ChoiceStatus, Contiguity
from planner.dated import DatedProblem, YearLimit
from planner.programme import solve_years
from planner.programme._years.compact import solve_years_compact
from planner.programme._years.few import solve_years_of_few
from planner.programme._years.solve import solve_years_by_columns
from planner.programme._years.wide import solve_years_in_parts
from planner.verify import verify_years
from tests.laws.test_choice_laws import RULE, draw, is_reached

YEARS = (2019, 2020, 2021)
COUNTED = (("votes", "criteria"), (), ("votes", "criteria", "cost"), ("criteria",))
ASKED = {"gap_share": 1e-3, "seconds": None}
# sectors too large for the envelope of another EPCI, and all choices listed, once went wrong
SEEDS = [*range(24), 96, 140, 170, 177, 203, 260, 348, 349, 423]


def dated(seed):
    """Draw a region of up to 8 sectors over two or three years."""
    whole = draw(seed, list(Contiguity)[seed % 4], most=8 if seed % 3 else 6)
    rng = np.random.default_rng(seed + 10**6)
    count = whole.candidates_count
    years = YEARS[: 2 if count > 6 else int(rng.integers(2, 4))]
    if rng.random() < 0.5:
        able, required = np.flatnonzero(whole.reached & ~whole.refused), whole.required.copy()
        if len(able):
            some = rng.choice(able, min(len(able), int(rng.integers(1, 3))), replace=False)
            required[some] = True
        whole = replace(whole, required=required)
    cost, limits = rng.integers(0, 15, count), []
    kinds = [("budget.region", cost, 0.5), ("capacity.region", whole.lines, 0.4)]
    for code in sorted(set(whole.departements)):
        here = np.array(whole.departements) == code
        kinds.append((f"capacity.{code}", np.where(here, whole.lines, 0), 0.5))
        kinds.append((f"budget.{code}", np.where(here, cost, 0), 0.2))
    for name, row, chance in kinds:
        if rng.random() < chance and row.any():
            less = rng.uniform(0.1, 0.9)
            for year in years:
                if rng.random() < 0.85:
                    share = rng.uniform(0, 0.7) * (1 if rng.random() < 0.5 else less)
                    limits.append(YearLimit(name=name, year=year, coefficients=row, message=RULE,
                                            upper=int(row.sum() * share)))  # fmt: skip
    yearly = frozenset(COUNTED[int(rng.integers(4))])
    return DatedProblem(whole=whole, years=years, limits=tuple(limits), yearly=yearly)


def every_best(problem):
    """Return what each stage is worth at best, and all that is worth that: years by position."""
    whole, years = problem.whole, len(problem.years)
    count = whole.candidates_count
    bits = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
    reached = np.array([is_reached(whole, np.flatnonzero(row).tolist()) for row in bits])
    last = reached & (bits[:, whole.required] == 1).all(axis=1)
    last &= (bits[:, whole.refused] == 0).all(axis=1)
    for actor, granted in enumerate(whole.envelopes.tolist()):
        mine = whole.share_actor == actor
        last &= bits[:, whole.share_candidate[mine]] @ whole.share_need[mine] <= max(granted, 0)
    for limit in whole.limits:
        last &= bits @ limit.coefficients <= limit.upper
    when = np.array(list(itertools.product(range(years + 1), repeat=count)))
    place = 2 ** np.arange(count)
    fine = last[(when < years) @ place]
    for year in range(years):
        fine &= reached[(when <= year) @ place]
    for limit in problem.limits:
        opens = when == problem.years.index(limit.year)
        fine &= opens @ limit.coefficients <= limit.upper
    when, stages = when[fine], []
    for one in whole.objectives if len(when) else ():
        taken = when < years
        worth = (years - when if one.name in problem.yearly else taken * 1) @ one.coefficients
        if one.edge_coefficients is not None:
            for (a, b), value in zip(whole.edges, one.edge_coefficients, strict=True):
                worth = worth + value * (taken[:, a] & taken[:, b])
        best = worth.max() if one.sense == "max" else worth.min()
        stages.append(int(best))
        when = when[worth == best]
    return stages, when.tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_the_rules_each_way_answers_as_brute_force(seed):
    problem = dated(seed)
    stages, every = every_best(problem)
    ways = [solve_years(problem), solve_years_of_few(problem, **ASKED),
            solve_years_compact(problem, seconds=None)]  # fmt: skip
    if problem.whole.contiguity is not Contiguity.ANY_EPCI:
        ways.append(solve_years_by_columns(problem, **ASKED, warm=None))
    for choice in ways:
        if not every:
            assert (choice.status, choice.opened) == (ChoiceStatus.INFEASIBLE, ())
            continue
        assert choice.status is ChoiceStatus.OPTIMAL
        assert verify_years(problem, choice).holds
        assert [stage.value for stage in choice.stages] == stages
        assert [stage.bound for stage in choice.stages] == stages
        opened, never = dict(choice.opened), problem.years[-1] + 1
        years = [*problem.years, never]
        when = [years.index(opened.get(key, never)) for key in problem.whole.sector_ids]
        assert when == min(every)  # the first id on which they differ opens the soonest


@pytest.mark.parametrize("seed", SEEDS)
def test_in_parts_what_is_answered_holds_and_the_bound_is_not_passed(seed):
    problem = dated(seed)
    stages, every = every_best(problem)
    choice = solve_years_in_parts(problem, **ASKED, warm=None)
    assert bool(every) or not choice.opened
    if every and choice.stages:
        assert verify_years(problem, choice).holds
        sign = 1 if problem.whole.objectives[0].sense == "max" else -1
        bound = choice.stages[0].bound
        assert bound is None or sign * bound >= sign * stages[0]

"""Bounds of a programme with years where a sector's year is forced, beside brute force."""

from dataclasses import replace

import numpy as np
import pytest

from planner.choice import ChoiceStatus
from planner.explain import apply_year_flip, explain_sector_year, find_year_flips
from planner.explain._year_apply import opening_in
from planner.programme import ColumnPool, YearBounds
from planner.verify import verify_years
from tests.unit.judges.test_year_flips import brute, drawn, loosened


def unasked(problem):
    raise AssertionError(problem)


@pytest.mark.parametrize("contiguity", ["none", "within_epci", "feeder"])
@pytest.mark.parametrize("seed", range(12))
def test_no_programme_passes_its_bound_and_those_found_hold(seed, contiguity):
    problem, choice = drawn(seed, contiguity)
    if choice is None:
        return
    bounds = YearBounds(problem, loosened(problem), ColumnPool())
    assert bounds.known
    sign = 1 if problem.whole.objectives[0].sense == "max" else -1
    for at in range(problem.whole.candidates_count):
        for year in (None, *problem.years):
            best = brute(opening_in(problem, at, frozenset({year or 0})))
            if best.status is ChoiceStatus.INFEASIBLE:
                assert bounds.find(at, year) is None
                continue
            worth = sign * best.stages[0].value
            assert worth <= bounds.most(at, year)
            found = bounds.find(at, year)
            if found is None:
                continue
            assert found[0] <= worth
            answer = bounds.answer(at, [year])
            assert sign * answer.stages[0].value == found[0]
            assert dict(answer.opened).get(problem.whole.sector_ids[at]) == year
            asked = opening_in(problem, at, frozenset({year or 0}))
            verdict = verify_years(asked, replace(answer, problem_sha256=asked.sha256))
            assert verdict.holds, verdict.say()
        for limit in problem.limits:
            name = f"{limit.name}@{limit.year}"
            for change in (1, 3):
                wide = apply_year_flip(
                    problem, "", kind="year_limit", place=name, amount=change
                )  # fmt: skip
                best = brute(opening_in(wide, at, frozenset({limit.year})))
                most = bounds.most(at, limit.year, row=name, room=limit.coefficients, change=change)
                if best.status is not ChoiceStatus.INFEASIBLE:
                    assert sign * best.stages[0].value <= most


@pytest.mark.parametrize("contiguity", ["none", "within_epci", "feeder"])
def test_with_bounds_no_question_is_asked_and_the_exact_change_lies_within(contiguity):
    seen = set()
    for seed in range(14):
        problem, choice = drawn(seed, contiguity)
        if choice is None:
            continue
        loose = loosened(problem)
        bounds = YearBounds(problem, loose, ColumnPool())
        for key in problem.whole.sector_ids:
            exact = {(f.towards, f.kind, f.place): f
                     for f in find_year_flips(problem, choice, key, solve=brute)}  # fmt: skip
            said = find_year_flips(problem, loose, key, solve=unasked, bounds=bounds)
            assert {(f.towards, f.kind, f.place) for f in said} == set(exact)
            for flip in said:
                true = exact[flip.towards, flip.kind, flip.place]
                seen.add((flip.kind, flip.status, flip.high is not None))
                if flip.status == "impossible":
                    assert true.status == "impossible", (seed, key, flip, true)
                elif true.status == "exact":
                    assert flip.low <= abs(true.amount), (seed, key, flip, true)
                    if flip.high is not None:
                        assert abs(true.amount) <= flip.high, (seed, key, flip, true)
                else:
                    assert flip.high is None, (seed, key, flip, true)
            story = explain_sector_year(problem, loose, key, solve=unasked, bounds=bounds)
            assert "{" not in story.say("fr") + story.say("en")
    assert ("points", "interval", True) in seen
    assert np.any([kind == "year_limit" and high for kind, _, high in seen])


def test_rooms_of_which_nothing_is_known_are_one_sentence():
    seen = 0
    for seed in range(14):
        problem, choice = drawn(seed, "within_epci")
        if choice is None:
            continue
        loose = loosened(problem)
        bounds = YearBounds(problem, loose, ColumnPool())
        for key in problem.whole.sector_ids:
            story = explain_sector_year(problem, loose, key, solve=unasked, bounds=bounds)
            blank = [
                flip for flip in story.flips
                if flip.kind != "points" and flip.status == "interval" and flip.low <= 1
                and flip.high is None
            ]  # fmt: skip
            said = [line.say() for line in story.lines]
            together = [words for words in said if words.startswith("pour les enveloppes et")]
            assert len(together) == (len(blank) > 1)
            assert all((one.message.say() in said) == (len(blank) == 1) for one in blank)
            seen += len(together)
    assert seen

"""The smallest change that moves a sector's year, beside brute force over every dated choice."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from planner.choice import ChoiceStatus, Contiguity, Objective, StageResult
from planner.dated import DatedChoice
from planner.explain import (
    apply_year_flip,
    explain_sector_year,
    find_year_flips,
    list_year_decisions,
    price_year_rules,
)
from planner.programme import solve_years
from tests.unit.test_programme_years import as_flags, draw, is_legal, signed


def brute(problem):
    """Answer by trying every year of every candidate; ties open the first ids the soonest."""
    count, years = problem.whole.candidates_count, len(problem.years)
    best = None
    for when in itertools.product(range(years + 1), repeat=count):
        open_by = np.array([[w <= year for w in when] for year in range(years)])
        if not is_legal(problem, open_by):
            continue
        worth = (signed(problem, open_by), tuple(open_by.sum(axis=0)))
        if best is None or worth > best[0]:
            best = worth, when, problem.values(open_by)
    if best is None:
        return DatedChoice(problem_sha256="", status=ChoiceStatus.INFEASIBLE, opened=(), stages=())
    return DatedChoice(
        problem_sha256=problem.sha256,
        status=ChoiceStatus.OPTIMAL,
        opened=tuple(
            (key, problem.years[w])
            for key, w in zip(problem.whole.sector_ids, best[1], strict=True)
            if w < years
        ),
        stages=tuple(
            StageResult(objective=one.name, value=value, bound=value, status=ChoiceStatus.OPTIMAL)
            for one, value in zip(problem.whole.objectives, best[2], strict=True)
        ),
    )


def drawn(seed, contiguity):
    """A small question, with an upper limit over all years now and then."""
    rng = np.random.default_rng(seed)
    problem = draw(rng, Contiguity(contiguity))
    if problem.whole.candidates_count > 4:
        return None, None
    actors = ("243500741", "200069409")[: len(problem.whole.actors)]
    whole = replace(problem.whole, actors=actors)
    if rng.random() < 0.5:
        whole = replace(whole, objectives=(*whole.objectives[:1], Objective(
            name="criteria", sense="max", coefficients=rng.integers(0, 5, len(whole.lines)))))  # fmt: skip
    least = whole.limits and replace(
        whole.limits[0], name="most", lower=None, upper=int(whole.lines.sum() * 0.8)
    )
    if least and rng.random() < 0.5:
        whole = replace(whole, limits=(least,))
    problem = replace(problem, whole=whole)
    choice = brute(problem)
    return problem, None if choice.status is ChoiceStatus.INFEASIBLE else choice


def side(flip, year, now):
    """Whether a year is on the side that a flip moves towards."""
    return {
        "enter": year is not None,
        "earlier": year is not None and now is not None and year < now,
        "later": now is not None and (year is None or year > now),
    }[flip.towards]


@pytest.mark.parametrize("contiguity", ["none", "within_epci", "feeder"])
@pytest.mark.parametrize("seed", range(10))
def test_the_stated_change_moves_the_year_and_the_next_smaller_does_not(seed, contiguity):
    problem, choice = drawn(seed, contiguity)
    if choice is None:
        return
    for key in problem.whole.sector_ids:
        now = dict(choice.opened).get(key)
        for flip in find_year_flips(problem, choice, key, solve=brute):
            assert flip.status in {"exact", "impossible"}

            def moved(size, flip=flip, key=key, now=now):
                sign = 1 if flip.amount is None or flip.amount > 0 else -1
                changed = apply_year_flip(
                    problem, key, kind=flip.kind, place=flip.place, amount=sign * size
                )
                return side(flip, dict(brute(changed).opened).get(key), now)

            if flip.status == "exact":
                assert moved(abs(flip.amount)), flip
                assert not any(moved(size) for size in range(1, abs(flip.amount))), flip
            elif flip.kind != "points":
                assert not any(moved(size) for size in range(1, 30)), flip
            for lang in ("fr", "en"):
                assert "{" not in flip.message.say(lang)


@pytest.mark.parametrize("seed", range(6))
def test_the_solver_finds_the_same_changes_as_brute_force(seed):
    problem, choice = drawn(seed, "within_epci")
    if choice is None:
        return
    assert solve_years(problem).opened == choice.opened
    for key in problem.whole.sector_ids[:2]:
        ours = find_year_flips(problem, choice, key, solve=solve_years)
        assert ours == find_year_flips(problem, choice, key, solve=brute)


@pytest.mark.parametrize("contiguity", ["none", "within_epci", "feeder"])
@pytest.mark.parametrize("seed", range(20))
def test_what_binds_a_year_really_does(seed, contiguity):
    problem, choice = drawn(seed, contiguity)
    if choice is None:
        return
    tables = list_year_decisions(problem, choice)
    rows = tables["year_decisions"]
    assert set(rows["sector_id"]) == set(dict(choice.opened))
    assert set(tables["decisions"]["sector_id"]) == set(problem.whole.sector_ids)
    flags = as_flags(problem, choice)
    for row in rows.to_dict("records"):
        at, place = (
            problem.whole.sector_ids.index(row["sector_id"]),
            problem.years.index(row["year"]),
        )
        if row["rule"] == "first":
            assert place == 0
            continue
        sooner = flags.copy()
        sooner[place - 1, at] = True
        assert is_legal(problem, sooner) == (row["rule"] == "votes")
        if row["rule"] == "limit":  # with just what lacks, it would be legal
            wide = apply_year_flip(
                problem, row["sector_id"], kind="year_limit", place=row["place"], amount=row["missing"]
            )  # fmt: skip
            less = apply_year_flip(
                wide, row["sector_id"], kind="year_limit", place=row["place"], amount=-1
            )
            assert is_legal(wide, sooner)
            assert not is_legal(less, sooner)


def test_a_story_says_the_year_what_moves_and_what_it_costs():
    told = 0
    for seed in range(25):
        problem, choice = drawn(seed, "within_epci")
        for key in () if choice is None else problem.whole.sector_ids:
            story = explain_sector_year(problem, choice, key, solve=brute)
            assert story.year == dict(choice.opened).get(key)
            assert "{" not in story.say("fr") + story.say("en")
            if story.differences is not None and story.year:
                first = problem.whole.objectives[0]
                assert story.differences[first.name] * (1 if first.sense == "max" else -1) <= 0
                told += bool(story.moved)
    assert told > 3


def test_prices_are_what_brute_force_finds_without_each_rule():
    seen = set()
    for seed in range(8):
        problem, choice = drawn(seed, "within_epci")
        if choice is None:
            continue
        table = price_year_rules(problem, choice, solve=solve_years)
        seen |= set(table["rule"])
        for row in table[table["rule"] == "year_limit"].to_dict("records"):
            free = brute(replace(problem, limits=()))
            values = {stage.objective: stage.value for stage in free.stages}
            if row["objective"] != "lines":
                assert row["without_value"] == values[row["objective"]]
                assert row["proved"]
    assert {"contiguity", "year_limit"} <= seen


def test_a_gap_makes_an_interval_that_holds_the_exact_change():
    problem, choice = next(
        (p, c) for p, c in (drawn(seed, "none") for seed in range(60))
        if c is not None and any(year > p.years[0] for _, year in c.opened)
    )  # fmt: skip

    def loose(asked):
        found = brute(asked)
        stages = tuple(
            replace(s, status=ChoiceStatus.WITHIN_GAP,
                    bound=s.value + (1 if o.sense == "max" else -1))
            for s, o in zip(found.stages, asked.whole.objectives, strict=False)
        )  # fmt: skip
        return replace(
            found, stages=stages, status=ChoiceStatus.WITHIN_GAP if stages else found.status
        )

    key = next(key for key, year in choice.opened if year > problem.years[0])
    exact = find_year_flips(problem, choice, key, solve=brute)[0]
    wide = find_year_flips(problem, choice, key, solve=loose)[0]
    assert wide.status == "interval"
    if exact.status == "exact":
        assert wide.low <= abs(exact.amount) <= wide.high


def loosened(problem):
    """The best programme, of which only a bound is known."""
    choice = brute(problem)
    if not choice.stages:
        return choice
    sign = 1 if problem.whole.objectives[0].sense == "max" else -1
    first = replace(choice.stages[0], bound=choice.stages[0].value + 2 * sign)
    return replace(choice, status=ChoiceStatus.WITHIN_GAP, stages=(first, *choice.stages[1:]))


@pytest.mark.parametrize("contiguity", ["none", "within_epci", "feeder"])
def test_where_years_are_not_proved_the_exact_change_lies_within_what_is_told(contiguity):
    seen = set()
    for seed in range(12):
        problem, choice = drawn(seed, contiguity)
        if choice is None:
            continue
        asked = []

        def solve(question, asked=asked):
            asked.append(question)
            return loosened(question)

        for key in problem.whole.sector_ids:
            exact = {(f.towards, f.kind, f.place): f
                     for f in find_year_flips(problem, choice, key, solve=brute)}  # fmt: skip
            asked.clear()
            said = find_year_flips(problem, loosened(problem), key, solve=solve)
            assert len(asked) <= 2
            assert {(f.towards, f.kind, f.place) for f in said} == set(exact)
            for flip in said:
                true = exact[flip.towards, flip.kind, flip.place]
                assert flip.status in {"interval", "impossible"}
                assert " 0 " not in flip.message.say().replace("\u202f", " ")
                if flip.status == "impossible":
                    assert true.status == "impossible", flip
                if true.status == "exact":
                    assert flip.low <= abs(true.amount), (flip, true)
                    if flip.high is not None:
                        assert abs(true.amount) <= flip.high, (flip, true)
                seen.add((flip.kind, flip.high is not None))
            lines = explain_sector_year(problem, loosened(problem), key, solve=loosened).lines
            blurred = [line for line in lines if line.say().startswith("sous les objectifs suiv")]
            assert len(blurred) <= 1
    assert ("points", True) in seen

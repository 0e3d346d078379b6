"""The stated change flips the sector and no smaller one does, against brute force."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from planner.choice import ChoiceStatus, Contiguity
from planner.explain import (
    apply_flip,
    count_service,
    decision_scores,
    explain_sector,
    find_flips,
    list_decisions,
    price_rules,
)
from planner.plan import make_plan
from planner.programme import ChoiceBounds, ColumnPool, solve_choice
from planner.scenario import Scenario


def decided(oracle, problem, key):
    return key in oracle.solve(problem).chosen


def smaller(problem, key, flip, *, inside):
    """Every change under the stated one; where none is said to flip it, a long range of them."""
    signs = (-1,) if inside != (flip.kind == "cost") else (1,)
    span = 40
    if flip.status != "impossible":
        span, signs = abs(flip.amount) - 1, (int(np.sign(flip.amount)),)
    elif flip.kind == "points":
        signs = (-1, 1)
    elif flip.kind == "cost" and not inside:
        span = int(problem.limits[0].coefficients[problem.sector_ids.index(key)])
    if flip.kind == "envelope" and inside:
        span = min(span, int(problem.envelopes[problem.actors.index(flip.place)]))
    return [sign * size for sign in signs for size in range(1, span + 1)]


@pytest.mark.parametrize("contiguity", list(Contiguity))
@pytest.mark.parametrize("seed", range(3))
def test_the_smallest_change_flips_and_no_smaller_one_does(oracle, seed, contiguity):
    problem = oracle.random_problem(seed, count=7, contiguity=contiguity, unique=seed != 0)
    choice = oracle.solve(problem)
    found = set()
    for key in problem.sector_ids:
        inside = key in choice.chosen
        for flip in find_flips(problem, choice, key, solve=oracle.solve):
            found.add((flip.kind, flip.status))
            if flip.status != "impossible":
                assert flip.status == "exact"
                assert flip.amount
                after = apply_flip(
                    problem, key, kind=flip.kind, place=flip.place, amount=flip.amount
                )
                assert decided(oracle, after, key) != inside
            for amount in smaller(problem, key, flip, inside=inside):
                after = apply_flip(problem, key, kind=flip.kind, place=flip.place, amount=amount)
                answer = oracle.solve(after)
                same = (key in answer.chosen) == inside
                assert same or answer.status is ChoiceStatus.INFEASIBLE, (key, flip, amount)
    assert {("points", "exact"), ("envelope", "exact")} <= found


def test_a_wish_is_the_only_thing_to_drop(oracle):
    problem = oracle.random_problem(1)
    choice = oracle.solve(problem)
    out = next(k for k in problem.sector_ids if k not in choice.chosen)
    for flags in ("refused", "required"):
        wished = getattr(problem, flags).copy()
        key = out if flags == "refused" else choice.chosen[0]
        wished[problem.sector_ids.index(key)] = True
        asked = replace(problem, **{flags: wished})
        (flip,) = find_flips(asked, oracle.solve(asked), key, solve=oracle.solve)
        # the wish agrees with the best programme: dropping it changes nothing
        assert (flip.kind, flip.status) == ("wish", "impossible")


def test_nobody_wished_away_what_nobody_asked_for(oracle):
    problem = oracle.random_problem(1)
    choice = oracle.solve(problem)
    told = set()
    for j, key in enumerate(problem.sector_ids):
        flags = np.arange(problem.candidates_count) == j
        asked = replace(problem, refused=problem.refused | flags, unasked=flags)
        (flip,) = find_flips(asked, oracle.solve(asked), key, solve=oracle.solve)
        words = flip.message.say()
        assert flip.status == ("exact" if key in choice.chosen else "impossible")
        assert "vœu" not in words
        assert "demande" in words
        assert ("il reste dehors" in words) == (key not in choice.chosen)
        told.add(flip.status)
    assert told == {"exact", "impossible"}


def test_objectives_under_which_no_value_does_are_told_together(oracle):
    problem = oracle.random_problem(1, count=7)
    later = [replace(one, name=name) for one, name in
             zip(problem.objectives * 2, ("cost", "criteria"), strict=False)]  # fmt: skip
    problem = replace(problem, objectives=(problem.objectives[0], *later))
    choice = oracle.solve(problem)
    together = 0
    for key in problem.sector_ids:
        story = explain_sector(problem, choice, key, solve=oracle.solve)
        vain = [flip for flip in story.flips if flip.kind == "points"
                and flip.status == "impossible" and flip.place != problem.objectives[0].name]  # fmt: skip
        words = [line.say("fr") for line in story.lines if "objectifs suivants" in line.say("fr")]
        assert len(words) == (len(vain) > 1)
        together += len(words)
        assert all("coût" in one and "critères régionaux" in one for one in words)
    assert together


def test_nothing_has_a_weight_of_its_own_in_a_difference(oracle):
    problem = oracle.random_problem(1, count=7)
    budget, sign = problem.limits[0], np.where(problem.rural, 1, -1)
    parity = replace(
        budget, name="parity.rural", coefficients=problem.lines * (3 * sign - 1), upper=2
    )
    problem = replace(problem, limits=(budget, parity))
    choice = oracle.solve(problem)
    told = {
        (flip.kind, flip.place)
        for key in problem.sector_ids
        for flip in find_flips(problem, choice, key, solve=oracle.solve)
    }
    assert {("limit", "parity.rural"), ("cost", budget.name)} <= told
    assert ("cost", "parity.rural") not in told


def test_changes_are_told_with_their_direction_and_unit(oracle):
    problem = oracle.random_problem(1, count=7)
    votes = replace(problem.objectives[0], unit="votes")
    limits = tuple(replace(limit, unit="keur") for limit in problem.limits)
    problem = replace(problem, objectives=(votes, *problem.objectives[1:]), limits=limits)
    choice = oracle.solve(problem)
    told = set()
    for key in problem.sector_ids:
        for flip in find_flips(problem, choice, key, solve=oracle.solve):
            if flip.status == "exact" and flip.kind != "wish":
                words = flip.message.say().replace("\u202f", " ")
                assert ("augmenter" if flip.amount > 0 else "diminuer") in words
                assert "objectif « voix" not in words  # the unit says it
                unit = {"points": "voix × lignes", "envelope": "ligne"}.get(flip.kind, "000 €")
                assert (flip.place != "votes" and flip.kind == "points") or unit in words
                told.add(flip.kind)
    assert {"points", "envelope"} <= told


def test_points_a_line_are_what_an_epci_would_have_to_give(oracle):
    problem = oracle.random_problem(3, count=7)
    votes = replace(problem.objectives[0], unit="votes")
    problem = replace(problem, objectives=(votes,))
    choice = oracle.solve(problem)
    seen = 0
    for j, key in enumerate(problem.sector_ids):
        lines = int(problem.lines[j])
        flip = find_flips(problem, choice, key, solve=oracle.solve)[0]
        if flip.status != "exact" or "point(s)" not in flip.message.say():
            continue
        points = -(-abs(flip.amount) // lines)
        assert f"soit {points} point(s)" in flip.message.say()
        sign = 1 if flip.amount > 0 else -1
        for given, flips in ((points, True), (points - 1, False)):
            after = apply_flip(problem, key, kind="points", place="votes",
                               amount=sign * given * lines)  # fmt: skip
            assert (decided(oracle, after, key) != (key in choice.chosen)) == flips
        seen += 1
    assert seen


def test_without_proof_an_interval_holds_the_truth(oracle):
    problem = oracle.random_problem(2, count=7)

    def doubtful(asked):
        """The true optimum, of which only a bound two points away is known."""
        answer = oracle.solve(asked)
        if answer.status is ChoiceStatus.INFEASIBLE:
            return answer
        first = answer.stages[0]
        loose = replace(first, bound=first.value + 2, status=ChoiceStatus.WITHIN_GAP)
        return replace(answer, status=ChoiceStatus.WITHIN_GAP, stages=(loose, *answer.stages[1:]))

    choice = oracle.solve(problem)
    seen = 0
    for key in problem.sector_ids:
        true = find_flips(problem, choice, key, solve=oracle.solve)
        said = find_flips(problem, choice, key, solve=doubtful)
        for exact, loose in zip(true, said, strict=True):
            if loose.kind == "points" and loose.place == "votes" and exact.status == "exact":
                assert loose.status == "interval"
                assert loose.amount is None
                assert loose.low <= abs(exact.amount) <= loose.high
                seen += 1
            if loose.status == "interval":
                assert "—" not in loose.message.say()
    assert seen


@pytest.mark.parametrize("seed", range(3))
def test_where_equal_programmes_are_not_all_known_a_tie_is_no_exact_change(
    oracle, monkeypatch, seed
):
    """Envelopes that bind EPCI together leave too many to be listed: which is answered is no rule."""
    monkeypatch.setattr("planner.explain._flips.is_sharing", lambda _: True)
    problem = oracle.random_problem(seed, count=7, actors=2)
    problem = replace(problem, objectives=problem.objectives[:1])
    choice, ties = oracle.solve(problem), 0
    for key in problem.sector_ids:
        true = find_flips(problem, choice, key, solve=oracle.solve)
        told = find_flips(
            problem, choice, key, solve=partial(solve_choice, warm=ColumnPool()),
            bounds=ChoiceBounds(problem, ColumnPool()),
        )  # fmt: skip
        for one, due in zip(told, true, strict=True):
            if one.kind == "points" and one.status == "interval":
                assert due.status == "exact"
                assert one.high == one.low + 1
                assert abs(due.amount) in (one.low, one.high)
                ties += 1
    assert ties


def test_who_waits_longer_is_told_exactly(oracle, monkeypatch):
    """Operations end a search for some room, and patience allows more of them."""
    for name in ("_WORK", "_OWN_WORK", "_CEILINGS_WORK"):
        monkeypatch.setattr(f"planner.explain._flips.{name}", 1)
    narrowed = 0
    for seed in range(6):
        problem = oracle.random_problem(seed, count=8, actors=2)
        choice = solve_choice(problem)
        for key in problem.sector_ids:
            soon, late = (
                find_flips(
                    problem, choice, key, solve=partial(solve_choice, warm=ColumnPool()),
                    bounds=ChoiceBounds(problem, ColumnPool()), patience=patience,
                )
                for patience in (1, 10**12)
            )  # fmt: skip
            for one, other in zip(soon, late, strict=True):
                if one.status != "interval":
                    assert other == one
                elif other.status == "exact":
                    narrowed += 1
                    assert one.low <= abs(other.amount) <= (one.high or abs(other.amount))
    assert narrowed


def test_every_decision_has_the_rule_that_binds_it(oracle):
    problem = oracle.random_problem(4)
    refused, envelopes = problem.refused.copy(), problem.envelopes.copy()
    refused[3] = True
    problem = replace(problem, refused=refused, envelopes=envelopes)
    choice = oracle.solve(problem)
    table = list_decisions(problem, choice).set_index("sector_id")
    assert set(table.index[table["chosen"]]) == set(choice.chosen)
    assert table.loc["s03", "rule"] == "refused"
    rows, fine = oracle.feasible_rows(problem)
    possible = {tuple(row) for row in rows[fine].tolist()}
    now = np.array([k in choice.chosen for k in problem.sector_ids])
    for key, row in table[~table["chosen"]].iterrows():
        with_it = now.copy()
        with_it[problem.sector_ids.index(key)] = True
        assert (tuple(with_it.tolist()) in possible) == (row["rule"] == "votes")
        if row["rule"] == "envelope":
            # with just what is missing, the envelope no longer breaks
            actor = problem.actors.index(row["place"])
            mine = problem.share_actor == actor
            need = sum(
                int(n)
                for j, n in zip(
                    problem.share_candidate[mine], problem.share_need[mine], strict=True
                )
                if with_it[j]
            )
            assert need - row["missing"] == problem.envelopes[actor]
    scores = decision_scores(problem)
    assert len(scores) == problem.candidates_count * len(problem.objectives)
    best = scores[(scores["objective"] == "cost") & (scores["rank"] == 1)]
    assert best["value"].min() == problem.objectives[1].coefficients.min()


def test_a_story_says_what_is_displaced_and_what_would_flip(oracle):
    problem = oracle.random_problem(5)
    choice = oracle.solve(problem)
    for key in problem.sector_ids:
        story = explain_sector(problem, choice, key, solve=oracle.solve)
        j = problem.sector_ids.index(key)
        flags = (problem.refused if story.chosen else problem.required).copy()
        flags[j] = True
        forced = replace(problem, **{"refused" if story.chosen else "required": flags})
        other = oracle.solve(forced)
        if other.status is ChoiceStatus.INFEASIBLE:
            assert story.differences is None
            continue
        swapped = (set(choice.chosen) - set(story.leaving)) | set(story.entering)
        assert swapped ^ {key} == set(other.chosen)
        assert story.differences["votes"] == other.stages[0].value - choice.stages[0].value <= 0
        assert "retenu" in story.say()
        assert "sector" in story.say("en").lower()


def test_the_price_of_a_rule_is_what_its_absence_brings(oracle):
    problem = oracle.random_problem(6)
    required = problem.required.copy()
    choice = oracle.solve(problem)
    reach = [j for j, k in enumerate(problem.sector_ids) if k not in choice.chosen]
    for j in reach:
        trial = required.copy()
        trial[j] = True
        if oracle.solve(replace(problem, required=trial)).status is ChoiceStatus.OPTIMAL:
            required = trial
            break
    problem = replace(problem, required=required)
    choice = oracle.solve(problem)
    prices = price_rules(problem, choice, solve=oracle.solve).set_index(
        ["rule", "place", "objective"]
    )
    free = oracle.solve(replace(problem, contiguity=Contiguity.NONE))
    assert prices.loc[("contiguity", "—", "votes"), "price"] == (
        free.stages[0].value - choice.stages[0].value
    )
    votes = prices.xs("votes", level="objective")
    assert (votes["price"] >= 0).all()
    assert votes["proved"].all()
    assert set(prices.index.get_level_values("rule")) == {"contiguity", "limit", "required"}


def test_the_service_of_each_epci_of_the_toy():
    from planner.toy import toy_territory

    tables = make_plan(toy_territory(), Scenario()).tables()
    service = count_service(tables).set_index("epci_siren")
    # the first commune is phase 1: all of its ten lines before and after
    assert service.loc["200000001", ["served_before_count", "served_after_count"]].tolist() == [
        10,
        10,
    ]
    # the second has its eastern sector of 6 lines chosen
    assert service.loc["200000002", "served_before_share"] == 0
    assert service.loc["200000002", "served_after_share"] == pytest.approx(0.6)
    assert (service["net_cents"] == service["gross_cents"] - service["credit_cents"]).all()


def test_a_first_objective_worth_nothing_doesnt_hide_the_smallest_envelope(oracle):
    problem = oracle.random_problem(1, count=6, actors=1, contiguity=Contiguity.NONE)
    nothing = replace(problem.objectives[0], coefficients=problem.lines * 0)
    votes = replace(problem.objectives[0], coefficients=problem.lines)
    problem = replace(problem, objectives=(nothing, replace(votes, name="later")),
                      envelopes=problem.envelopes * 0 + 3)  # fmt: skip
    pool = ColumnPool()
    solve = partial(solve_choice, gap_share=0.0, warm=pool)
    choice = solve(problem)
    bounds = ChoiceBounds(problem, pool)
    for key in problem.sector_ids:
        told = [find_flips(problem, choice, key, solve=solve, bounds=one) for one in (None, bounds)]
        assert [(f.kind, f.status, f.amount) for f in told[0]] == [
            (f.kind, f.status, f.amount) for f in told[1]
        ]

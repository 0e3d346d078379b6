"""The real solver under the judges: its answers hold, and what is built on it agrees with the oracle."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from planner.choice import ChoiceStatus, Contiguity
from planner.explain import apply_flip, explain_sector, find_flips
from planner.programme import ChoiceBounds, ColumnPool, part_of, solve_choice
from planner.robustness import groups_by_actor, list_optima, trace_frontier
from planner.verify import verify_choice

proved = partial(solve_choice, gap_share=0.0)


@pytest.mark.parametrize("contiguity", list(Contiguity))
@pytest.mark.parametrize("seed", range(2))
def test_its_answers_hold_and_are_the_best(oracle, seed, contiguity):
    problem = oracle.random_problem(seed, count=8, contiguity=contiguity, unique=True)
    for wish in (None, *range(4)):
        required = problem.required.copy()
        if wish is not None:
            required[wish] = True
        asked = replace(problem, required=required)
        answer, best = proved(asked), oracle.solve(asked)
        verdict = verify_choice(asked, answer)
        assert verdict.holds, verdict.say()
        assert answer.status is best.status
        assert (answer.chosen, answer.stages) == (best.chosen, best.stages)


@pytest.mark.parametrize("contiguity", [Contiguity.WITHIN_EPCI, Contiguity.FEEDER])
def test_flips_frontier_and_optima_are_those_of_the_oracle(oracle, contiguity):
    problem = oracle.random_problem(2, count=8, contiguity=contiguity, unique=True)
    choice = oracle.solve(problem)
    for key in problem.sector_ids[:3]:
        mine = find_flips(problem, choice, key, solve=proved)
        assert mine == find_flips(problem, choice, key, solve=oracle.solve)
    problem = replace(problem, objectives=problem.objectives[:1])
    groups = groups_by_actor(problem)
    mine = trace_frontier(problem, groups, solve=proved)
    assert mine.complete
    assert mine.shares == trace_frontier(problem, groups, solve=oracle.solve).shares
    coarse = np.minimum(problem.objectives[0].coefficients, 2)
    problem = replace(problem, objectives=(replace(problem.objectives[0], coefficients=coarse),))
    assert sorted(list_optima(problem, solve=proved).programmes) == oracle.every_optimum(problem)
    assert proved(problem).status is ChoiceStatus.OPTIMAL


def unproved(asked):
    """A programme that is the best, of which only a bound is known."""
    answer = proved(asked)
    if not answer.stages:
        return answer
    sign = 1 if asked.objectives[0].sense == "max" else -1
    first = answer.stages[0]
    loose = replace(first, bound=first.value + 2 * sign, status=ChoiceStatus.WITHIN_GAP)
    stages = (loose, *answer.stages[1:])
    return replace(answer, status=ChoiceStatus.WITHIN_GAP, stages=stages)


@pytest.mark.parametrize("contiguity", list(Contiguity))
def test_bounds_hold_the_exact_change_between_them(oracle, contiguity):
    seen, ends, sharp = set(), set(), 0
    for seed in range(2):
        problem = oracle.random_problem(seed, count=6, contiguity=contiguity, unique=True)
        choice, loose = oracle.solve(problem), unproved(problem)
        bounds = ChoiceBounds(problem, ColumnPool())
        assert bounds.known
        for key in problem.sector_ids:
            true = find_flips(problem, choice, key, solve=oracle.solve)
            assert find_flips(problem, choice, key, solve=proved, bounds=bounds) == true
            said = find_flips(problem, loose, key, solve=unproved, bounds=bounds)
            for exact, quick in zip(true, said, strict=True):
                seen.add((exact.kind, quick.status))
                ends.add((exact.kind, key in loose.chosen, quick.high is not None))
                assert " 0 " not in quick.message.say().replace("\u202f", " ")
                if quick.status == "impossible":
                    # under the first objective alone; the exact answer compares all of them
                    assert exact.status == "impossible", (seed, key, exact, quick)
                elif exact.status == "exact":
                    assert quick.low <= abs(exact.amount), (seed, key, exact, quick)
                    if quick.high is not None:
                        assert abs(exact.amount) <= quick.high, (seed, key, exact, quick)
                        sharp += exact.kind != "points"
    assert ("envelope", "interval") in seen
    # an envelope cut down to what can't hold the sector puts it out, whatever the gap
    assert ("envelope", True, True) in ends
    assert sharp


@pytest.mark.parametrize("contiguity", list(Contiguity))
@pytest.mark.parametrize("seed", range(3))
def test_a_bound_is_passed_by_no_programme_with_the_sector(oracle, seed, contiguity):
    problem = oracle.random_problem(seed, count=8, contiguity=contiguity)
    bounds = ChoiceBounds(problem, ColumnPool())
    place = problem.limits[0].name
    for j in range(problem.candidates_count):
        for wanted in (True, False):
            for name, change in (("", 0), (place, 3), (place, -3), ("A", 4), ("A", -4)):
                asked = problem
                kind = "limit" if name == place else "envelope"
                said = {kind: problem.actors[0] if name == "A" else name, "change": change}
                if name:
                    asked = apply_flip(problem, problem.sector_ids[j], kind=kind,
                                       place=said[kind], amount=change)  # fmt: skip
                flags = np.array(asked.required if wanted else asked.refused)
                flags[j] = True
                forced = {"required" if wanted else "refused": flags}
                best = oracle.solve(replace(asked, **forced))
                most = bounds.most(j, wanted=wanted, **(said if name else {}))
                if best.status is not ChoiceStatus.INFEASIBLE:
                    assert most is not None, (j, wanted, name, change)
                    assert best.stages[0].value <= most, (j, wanted, name, change)


def test_what_no_rule_binds_together_is_told_apart(oracle):
    problem = oracle.random_problem(1, count=8, unique=True)
    own = problem.share_actor == problem.decider[problem.share_candidate]
    free = replace(
        problem, limits=(), share_candidate=problem.share_candidate[own],
        share_actor=problem.share_actor[own], share_need=problem.share_need[own],
    )  # fmt: skip
    choice = oracle.solve(free)
    sizes = {int(part_of(free, j).sum()) for j in range(free.candidates_count)}
    assert min(sizes) < free.candidates_count
    asked = []

    def watched(question):
        asked.append(question.candidates_count)
        return oracle.solve(question)

    for key in free.sector_ids:
        for flip in find_flips(free, choice, key, solve=watched):
            if flip.status != "exact":
                continue
            for amount, flips in ((flip.amount, True), (flip.amount - np.sign(flip.amount), False)):
                after = apply_flip(free, key, kind=flip.kind, place=flip.place, amount=int(amount))
                now = key in oracle.solve(after).chosen
                assert (now != (key in choice.chosen)) == flips
    assert max(asked) < free.candidates_count


def test_where_nothing_is_proved_the_later_objectives_are_one_sentence(oracle):
    problem = oracle.random_problem(1, count=6, unique=True)
    assert len(problem.objectives) > 1
    loose = unproved(problem)
    bounds = ChoiceBounds(problem, ColumnPool())
    for key in problem.sector_ids:
        story = explain_sector(problem, loose, key, solve=unproved, bounds=bounds)
        said = [line.say() for line in story.lines]
        later = [words for words in said if words.startswith("sous les objectifs suivants")]
        points = [one for one in story.flips if one.kind == "points"]
        assert len(later) == (len(points) > 1 and points[1].status == "interval")
        vain = [one for one in points[1:] if one.status == "impossible"]
        together = [words for words in said if "pour les objectifs suivants (" in words]
        assert len(together) == (len(vain) > 1)
        for one in points[1:]:
            alone = one.status != "interval" and not (together and one in vain)
            assert (one.message.say() in said) == alone

"""What lists near a question say of other rooms is what brute force says, and flips lean on it."""

from dataclasses import replace

import numpy as np
import pytest

from planner.choice import ChoiceStatus, Contiguity
from planner.explain import apply_flip, find_flips
from planner.programme import ChangedRooms, ChoiceBounds, ColumnPool, TooMuchError


def forced(problem, j, *, wanted):
    flags = np.array(problem.required if wanted else problem.refused)
    flags[j] = True
    return replace(problem, **{"required" if wanted else "refused": flags})


@pytest.mark.parametrize("contiguity", [one for one in Contiguity if one != Contiguity.ANY_EPCI])
@pytest.mark.parametrize("seed", range(3))
def test_the_best_of_a_side_at_every_change(oracle, seed, contiguity):
    problem = oracle.random_problem(seed, count=8, contiguity=contiguity)
    sign = 1 if problem.objectives[0].sense == "max" else -1
    rooms = [("limit", one.name) for one in problem.limits if one.upper is not None]
    rooms += [("envelope", name) for name in problem.actors]
    answered = 0
    for j, key in enumerate(problem.sector_ids[:3]):
        for kind, place in rooms:
            near = ChangedRooms(problem, ColumnPool(), j, kind, place)
            least = -100
            if kind == "envelope":
                least = -max(int(problem.envelopes[problem.actors.index(place)]), 0)
            for change in (max(one, least) for one in (0, 3, -2, 6, -5, 1)):
                asked = apply_flip(problem, key, kind=kind, place=place, amount=change)
                for wanted in (True, False):
                    best = oracle.solve(forced(asked, j, wanted=wanted))
                    try:
                        found = near.best(change, wanted=wanted)
                    except TooMuchError:
                        continue
                    if best.status is ChoiceStatus.INFEASIBLE:
                        assert found is None
                        continue
                    assert found is not None
                    assert found.worth == sign * best.stages[0].value
                    assert asked.values(found.chosen)[0] == best.stages[0].value
                    answered += 1
    assert answered > 20


def test_across_epci_lists_do_not_answer(oracle):
    problem = oracle.random_problem(0, count=6, contiguity=Contiguity.ANY_EPCI)
    near = ChangedRooms(problem, ColumnPool(), 0, "limit", problem.limits[0].name)
    with pytest.raises(TooMuchError):
        near.best(0, wanted=True)


@pytest.mark.parametrize("seed", range(3, 7))
def test_flips_told_from_lists_are_those_of_brute_force(oracle, seed):
    contiguity = (Contiguity.WITHIN_EPCI, Contiguity.NONE)[seed % 2]
    problem = oracle.random_problem(seed, count=8, contiguity=contiguity, unique=True)
    choice = oracle.solve(problem)
    bounds = ChoiceBounds(problem, ColumnPool())
    asked = []

    def watched(question):
        asked.append(question)
        return oracle.solve(question)

    for key in problem.sector_ids:
        true = find_flips(problem, choice, key, solve=oracle.solve)
        without = len(asked)
        assert find_flips(problem, choice, key, solve=watched, bounds=bounds) == true
        assert len(asked) - without < 40


def test_room_that_a_row_does_not_count_changes_no_bound(oracle):
    # all that uses the envelope uses twos of its three lines: one line less takes nothing away
    problem = oracle.random_problem(198, count=7, contiguity=Contiguity.NONE, unique=True)
    choice = oracle.solve(problem)
    bounds = ChoiceBounds(problem, ColumnPool())
    mine = problem.share_actor == 0
    assert (problem.share_need[mine] == 2).all()
    assert problem.envelopes[0] == 3
    flips = find_flips(problem, choice, "s06", solve=oracle.solve, bounds=bounds)
    flip = next(one for one in flips if one.kind == "envelope")
    assert (flip.status, flip.amount) == ("exact", -2)
    for j in range(problem.candidates_count):
        for wanted in (True, False):
            now = bounds.most(j, wanted=wanted)
            assert bounds.most(j, wanted=wanted, envelope=problem.actors[0], change=-1) == now

"""Up to which envelope a sector stays where it is: what one search tells is what brute force says."""

from dataclasses import replace

import numpy as np
import pytest

from planner.choice import Contiguity
from planner.explain import apply_flip, find_flips
from planner.programme import ChoiceBounds, ColumnPool, OwnEnvelope, TooMuchError, solve_choice
from planner.programme._actors.diagram import TooWideError


def forced(problem, j, *, wanted):
    flags = np.array(problem.required if wanted else problem.refused)
    flags[j] = True
    return replace(problem, **{"required" if wanted else "refused": flags})


def worth(oracle, problem, j, place, change, *, wanted):
    """What the best of a side is worth, larger is better; None where there is no programme."""
    asked = apply_flip(
        problem, problem.sector_ids[j], kind="envelope", place=place, amount=change
    )  # fmt: skip
    best = oracle.solve(forced(asked, j, wanted=wanted))
    sign = 1 if problem.objectives[0].sense == "max" else -1
    return sign * best.stages[0].value if best.stages else None


def each_pays_its_own(oracle, seed, contiguity, count=8):
    """A random question in which every actor's envelope holds its own sectors, and no others."""
    problem = oracle.random_problem(seed, count=count, contiguity=contiguity)
    return replace(
        problem, share_candidate=np.arange(count), share_actor=problem.decider,
        share_need=problem.lines,
    )  # fmt: skip


def first_told(rooms, end, *, inside):
    """The first change that may flip, as far as it is told; ``end + 1`` where none may."""
    now = 1
    while now <= end:
        done = rooms.clear(now, end, inside=inside)
        assert done is not None
        assert now - 1 <= done <= end
        if done < now:
            return now
        now = done + 1
    return now


def all_envelopes(problem):
    """Each sector that no wish settles, with each envelope in which it counts."""
    for j, actor in zip(
        problem.share_candidate.tolist(), problem.share_actor.tolist(), strict=True
    ):
        if not (problem.required[j] or problem.refused[j]):
            yield j, actor


@pytest.mark.parametrize("window", [1, 3, 512])
@pytest.mark.parametrize(
    "contiguity", [Contiguity.WITHIN_EPCI, Contiguity.NONE, Contiguity.FEEDER]
)  # fmt: skip
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_first_envelope_that_may_flip(oracle, monkeypatch, seed, shared, contiguity, window):
    monkeypatch.setattr("planner.programme._own_envelope._LEAST_WINDOW", 1)
    problem = each_pays_its_own(oracle, seed, contiguity)
    if shared:
        problem = oracle.random_problem(seed, count=8, actors=2 + seed % 2, contiguity=contiguity)
    choice, told, flipped = oracle.solve(problem), 0, 0
    for j, actor in all_envelopes(problem):
        inside = problem.sector_ids[j] in choice.chosen
        if not choice.stages:
            continue
        place, room = problem.actors[actor], int(problem.envelopes[actor])
        end = min(room, 14) if inside else 14
        changes = range(1, end + 1)
        mine, other = (
            [worth(oracle, problem, j, place, -one if inside else one, wanted=wanted)
             for one in changes]
            for wanted in (not inside, inside)
        )  # fmt: skip
        first = next(
            (one for one, a, b in zip(changes, mine, other, strict=True)
             if b is None or (a is not None and a >= b)), end + 1,
        )  # fmt: skip
        rooms = OwnEnvelope(problem, ColumnPool(), j, place)
        rooms.window = window
        if first <= end and other[first - 1] is None:
            continue  # nothing of the present side is left: told elsewhere
        assert first_told(rooms, end, inside=inside) == first
        told += 1
        flipped += first <= end
    assert told > 2
    assert seed != 1 or flipped > 0


@pytest.mark.parametrize("contiguity", [Contiguity.WITHIN_EPCI, Contiguity.NONE])
@pytest.mark.parametrize("seed", range(3))
def test_where_copies_are_settled_the_best_of_a_side_is_the_same(
    oracle, monkeypatch, seed, contiguity
):
    """Near lists alone, as in large questions: what no programme within reach has is left out."""
    monkeypatch.setattr("planner.programme._changed_rooms.SMALL", 0)
    monkeypatch.setattr("planner.programme._changed_rooms._LINKED_SHARE", 0.05)
    problem = oracle.random_problem(seed, count=8, actors=3, contiguity=contiguity)
    told = 0
    for j, actor in all_envelopes(problem):
        place = problem.actors[actor]
        rooms = OwnEnvelope(problem, ColumnPool(), j, place)
        for wanted in (True, False):
            for change in (-3, 0, 4):
                if int(problem.envelopes[actor]) + change < 0:
                    continue
                try:
                    best = rooms.best(change, wanted=wanted)
                except TooMuchError:
                    continue
                due = worth(oracle, problem, j, place, change, wanted=wanted)
                assert (None if best is None else best.worth) == due
                told += 1
    assert told > 20


def test_across_borders_an_envelope_is_not_told(oracle):
    problem = oracle.random_problem(0, count=8, contiguity=Contiguity.ANY_EPCI)
    rooms = OwnEnvelope(problem, ColumnPool(), 0, problem.actors[problem.decider[0]])
    assert rooms.clear(1, 5, inside=False) is None


def test_what_is_too_intricate_is_not_told(oracle, monkeypatch):
    def refuse(*_, **__):
        raise TooWideError

    problem = each_pays_its_own(oracle, 0, Contiguity.WITHIN_EPCI)
    rooms = OwnEnvelope(problem, ColumnPool(), 0, problem.actors[problem.decider[0]])
    monkeypatch.setattr("planner.programme._own_envelope._Window._top", refuse)
    assert rooms.tells
    assert rooms.clear(1, 5, inside=False) is None
    assert not rooms.tells


@pytest.mark.parametrize("kind", ["own", "shared", "no rule in common"])
@pytest.mark.parametrize("seed", range(3))
def test_the_stated_envelope_flips_and_one_line_less_does_not(oracle, seed, kind):
    problem = each_pays_its_own(oracle, seed, Contiguity.WITHIN_EPCI, count=9)
    if kind == "shared":
        problem = oracle.random_problem(seed, count=9)
    elif kind != "own":
        problem = replace(problem, limits=())
    pool, stated = ColumnPool(), 0
    choice = solve_choice(problem, warm=pool)
    bounds = ChoiceBounds(problem, pool)
    for key in problem.sector_ids:
        flips = find_flips(
            problem, choice, key, bounds=bounds, solve=lambda asked: solve_choice(asked, warm=pool)
        )
        for flip in flips:
            if flip.kind != "envelope" or flip.status != "exact":
                continue
            for less, flipped in ((0, True), (1, False)):
                amount = flip.amount - less * int(np.sign(flip.amount))
                asked = apply_flip(problem, key, kind="envelope", place=flip.place, amount=amount)
                answer = oracle.solve(asked)
                assert ((key in answer.chosen) != (key in choice.chosen)) == flipped
                stated += 1
    assert stated > 2

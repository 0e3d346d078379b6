"""Up to which envelope a sector stays where it is: what one search tells is what brute force says."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from planner.choice import ChoiceProblem, Contiguity, Limit, Objective
from planner.explain import apply_flip, find_flips
from planner.programme import ChoiceBounds, ColumnPool, OwnEnvelope, TooMuchError, solve_choice
from planner.programme._actors.diagram import TooWideError
from planner.programme._search.links import Links
from planner.texts import Message


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
    if window == 1:  # where the widest envelope is asked at once
        monkeypatch.setattr("planner.programme._own_envelope._FURTHER_ON", 0)
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


@pytest.mark.parametrize("seed", range(4))
def test_what_others_miss_beside_a_choice_is_what_their_lists_hold(oracle, monkeypatch, seed):
    monkeypatch.setattr("planner.programme._changed_rooms.SMALL", 0)
    monkeypatch.setattr("planner.programme._changed_rooms._LINKED_SHARE", 0.2)
    problem = oracle.random_problem(seed, count=9, actors=3, contiguity=Contiguity.NONE)
    told = 0
    for j, actor in all_envelopes(problem):
        rooms = OwnEnvelope(problem, ColumnPool(), j, problem.actors[actor])
        page = rooms._page(2, wanted=False, reach=0, of_both=False)
        if page is None or not any(row.name.startswith("copy.") for row in page.rows):
            continue
        at = [block.actor for block in page.blocks].index(rooms.place)
        links, members = Links(page, at), page.blocks[at].members
        every = np.array(list(itertools.product((0, 1), repeat=len(members))), np.uint8)
        due = [least_beside(page, at, choice) for choice in every]
        assert links.missed(every).tolist() == due
        always, _ = links.settled()
        kept = np.array(due) <= page.reach
        if kept.any():
            assert every[kept][:, always].all()
        told += len(due)
    assert told > 20


def least_beside(page, at, choice):
    """What the lists of the others miss at least beside a choice, one after the other."""
    mine, missed, start = dict(zip(page.blocks[at].members, choice, strict=True)), 0, 0
    for other, (block, rows) in enumerate(zip(page.blocks, page.lists, strict=True)):
        far = page.missed[start : start + len(rows)]
        start += len(rows)
        if other == at:
            continue
        agree = np.ones(len(rows), bool)
        shares = False
        for row in page.rows:
            if not row.name.startswith("copy."):
                continue
            held = np.zeros(len(rows), np.int64)
            theirs = False
            for one in np.flatnonzero(row.coefficients):
                if one in mine:
                    held += row.coefficients[one] * mine[one]
                elif one in block.members:
                    theirs = True
                    held += row.coefficients[one] * rows[:, np.searchsorted(block.members, one)]
                else:
                    break
            else:
                if theirs:
                    shares = True
                    agree &= held <= row.upper
                    agree &= row.lower is None or held >= row.lower
        if shares:
            missed += int(far[agree].min(initial=page.reach + 1))
    return missed


@pytest.mark.parametrize("contiguity", [Contiguity.WITHIN_EPCI, Contiguity.NONE])
@pytest.mark.parametrize("seed", range(3))
def test_beside_lists_that_reach_a_little_no_flip_is_overlooked(
    oracle, monkeypatch, seed, contiguity
):
    monkeypatch.setattr("planner.programme._changed_rooms.SMALL", 0)
    monkeypatch.setattr("planner.programme._own_envelope.SMALL", 0)
    monkeypatch.setattr("planner.programme._changed_rooms._LINKED_SHARE", 0.1)
    monkeypatch.setattr("planner.programme._own_envelope._LEAST_WINDOW", 1)
    problem = oracle.random_problem(seed, count=8, actors=3, contiguity=contiguity)
    choice, told = oracle.solve(problem), 0
    for j, actor in all_envelopes(problem):
        inside, place = problem.sector_ids[j] in choice.chosen, problem.actors[actor]
        end = min(int(problem.envelopes[actor]), 8) if inside else 8
        rooms = OwnEnvelope(problem, ColumnPool(), j, place)
        rooms.window = 3
        done = rooms.clear(1, end, inside=inside) if choice.stages else None
        for one in range(1, (done or 0) + 1):
            mine, other = (
                worth(oracle, problem, j, place, -one if inside else one, wanted=wanted)
                for wanted in (not inside, inside)
            )
            assert other is not None
            assert mine is None or mine < other
            told += 1
    assert told > 10


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


def test_sectors_without_votes_are_followed_over_a_tie_in_cents():
    """Both sides are worth no votes at any envelope: it was asked anew at each cent of it."""
    ints = lambda *v: np.array(v, dtype=np.int64)  # noqa: E731
    none = np.zeros(5, bool)
    cost = ints(6, 15, 27, 30, 25)
    budget = Limit(
        name="budget", message=Message.of("verify.holds", count=1), coefficients=cost, upper=48
    )
    problem = ChoiceProblem(
        sector_ids=("a", "b", "c", "d", "e"), lines=ints(7, 9, 6, 3, 4), departements=("35",) * 5,
        rural=none, actors=("243500741",), decider=ints(0, 0, 0, 0, 0),
        share_candidate=np.arange(5), share_actor=ints(0, 0, 0, 0, 0),
        share_need=44_500 * ints(7, 9, 6, 3, 4), envelopes=ints(271_200), required=none,
        refused=np.arange(5) == 0, reached=~none, edges=np.zeros((0, 2), np.int64),
        edge_border_m=ints(), feeder=ints(-1, -1, -1, -1, -1), contiguity=Contiguity.NONE,
        limits=(budget,), in_cents=np.ones(1, bool),
        objectives=(
            Objective(name="votes", sense="max", coefficients=ints(1, 0, 0, 0, 0)),
            Objective(name="criteria", sense="max", coefficients=ints(4, 3, 3, 2, 1)),
            Objective(name="cost", sense="min", coefficients=cost),
        ),
    )  # fmt: skip
    pool, asked = ColumnPool(), []

    def solve(question):
        asked.append(question)
        return solve_choice(question, warm=pool)

    choice = solve_choice(problem, warm=pool)
    (flip,) = (
        one
        for one in find_flips(problem, choice, "d", solve=solve, bounds=ChoiceBounds(problem, pool))
        if one.kind == "envelope"
    )
    assert (flip.status, flip.amount) == ("exact", 44_500 * 12 - 271_200)  # b and d
    assert len(asked) < 100  # each is of one envelope: there are 262 800 up to there

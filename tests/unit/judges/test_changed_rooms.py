"""What lists near a question say of other rooms is what brute force says, and flips lean on it."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from planner.choice import ChoiceStatus, Contiguity
from planner.explain import apply_flip, find_flips
from planner.programme import ChoiceBounds, ClearedRooms, ColumnPool, TooMuchError
from planner.programme._changed_rooms import ChangedRooms
from planner.programme._search.room_stairs import NEVER, climb


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


def with_ceilings(problem, seed):
    """Capacities of a département and of the region, and parity, beside the budget."""
    rng = np.random.default_rng(seed)
    budget, lines = problem.limits[0], problem.lines
    even = np.where(np.arange(problem.candidates_count) % 2 == 0, lines, 0)
    sign = np.where(problem.rural, 1, -1)
    further = {
        "capacity.22": (even, int(rng.uniform(0.3, 0.8) * even.sum())),
        "capacity.region": (lines, int(rng.uniform(0.3, 0.7) * lines.sum())),
        "parity.rural": (lines * (3 * sign - 1), int(rng.integers(0, 6))),
    }
    limits = [replace(budget, name=name, coefficients=coefficients, upper=upper)
              for name, (coefficients, upper) in further.items()]  # fmt: skip
    votes = replace(
        problem.objectives[0], coefficients=problem.objectives[0].coefficients * lines
    )  # fmt: skip
    return replace(
        problem, limits=(budget, *limits), objectives=(votes, *problem.objectives[1:])
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_the_least_room_for_a_worth(oracle, seed):
    contiguity = (Contiguity.WITHIN_EPCI, Contiguity.NONE, Contiguity.FEEDER)[seed % 3]
    problem = oracle.random_problem(seed, count=8, contiguity=contiguity)
    problem = with_ceilings(problem, seed)
    rooms = [("limit", one.name) for one in problem.limits]
    rooms += [("envelope", name) for name in problem.actors]
    met = 0
    for j, (kind, place) in itertools.product(range(3), rooms):
        low, high = -6, 9
        if kind == "envelope":
            low = max(low, -int(problem.envelopes[problem.actors.index(place)]))
        key = problem.sector_ids[j]
        for wanted in (True, False):
            near = ChangedRooms(problem, ColumnPool(), j, kind, place)
            worths = []
            for change in range(low, high + 1):
                asked = apply_flip(problem, key, kind=kind, place=place, amount=change)
                best = oracle.solve(forced(asked, j, wanted=wanted))
                worths.append(best.stages[0].value if best.stages else None)
            known = {worth for worth in worths if worth is not None}
            for worth in sorted({*known, *(one + 1 for one in known)}):
                enough = [
                    low + at for at, one in enumerate(worths) if one is not None and one >= worth
                ]
                for start in (low, high):
                    found = near.least(worth, wanted=wanted, low=low, high=high, start=start)
                    assert not found.stopped
                    assert found.met == (enough[0] if enough else None)
                    assert found.first == (enough[0] if enough else high + 1)
                    met += bool(enough)
            for change, worth in zip(range(low, high + 1), worths, strict=True):
                most = near.most(change, wanted=wanted)
                assert most is None or worth is None or most >= worth
                most = near.most(change, wanted=not wanted)
                asked = apply_flip(problem, key, kind=kind, place=place, amount=change)
                other = oracle.solve(forced(asked, j, wanted=not wanted))
                assert most is None or not other.stages or most >= other.stages[0].value
    assert met > 100


def test_where_the_least_room_is_too_long_to_find_some_room_is_told(oracle, monkeypatch):
    monkeypatch.setattr("planner.programme._changed_rooms._LEAST_WORK", 1)
    stopped = told = 0
    for seed in range(4):
        problem = with_ceilings(oracle.random_problem(seed, count=8), seed)
        best = oracle.solve(problem)
        for j, key in enumerate(problem.sector_ids[:4]):
            wanted = key in best.chosen
            near = ChangedRooms(problem, ColumnPool(), j, "limit", "capacity.region")
            worth = best.stages[0].value * 2 // 3
            found = near.least(worth, wanted=wanted, low=-6, high=0, start=0)
            if not found.stopped:
                continue
            stopped += 1
            if found.met is None:
                continue
            asked = apply_flip(
                problem, key, kind="limit", place="capacity.region", amount=found.met
            )
            assert oracle.solve(forced(asked, j, wanted=wanted)).stages[0].value >= worth
            told += found.met < 0
    assert stopped
    assert told


def test_what_is_found_at_once_with_less_room_is_worth_so_much(oracle, monkeypatch):
    monkeypatch.setattr("planner.programme._changed_rooms.SMALL", 0)
    monkeypatch.setattr("planner.programme._changed_rooms._REACH_SHARE", 1)
    told = 0
    for seed in range(4):
        problem = with_ceilings(oracle.random_problem(seed, count=8), seed)
        best = oracle.solve(problem)
        for j, key in enumerate(problem.sector_ids):
            if key not in best.chosen:
                continue
            near = ChangedRooms(problem, ColumnPool(), j, "limit", "capacity.region")
            for worth in (best.stages[0].value // 3, best.stages[0].value // 2):
                try:
                    near.best(0, wanted=True)
                    found = near.least(worth, wanted=True, low=-9, high=0, start=0)
                except TooMuchError:
                    continue
                if not found.stopped or found.met is None:
                    continue
                asked = apply_flip(
                    problem, key, kind="limit", place="capacity.region", amount=found.met
                )
                assert oracle.solve(forced(asked, j, wanted=True)).stages[0].value >= worth
                assert -9 <= found.met <= 0
                told += found.met < 0
    assert told


@pytest.mark.parametrize("seed", range(10, 16))
def test_every_ceiling_is_exact_or_never_flips(oracle, seed):
    contiguity = (Contiguity.WITHIN_EPCI, Contiguity.NONE, Contiguity.FEEDER)[seed % 3]
    problem = oracle.random_problem(seed, count=8, contiguity=contiguity, unique=bool(seed % 2))
    problem = with_ceilings(problem, seed)
    choice = oracle.solve(problem)
    bounds = ChoiceBounds(problem, ColumnPool())
    statuses = set()
    for key in problem.sector_ids:
        inside = key in choice.chosen
        for flip in find_flips(problem, choice, key, solve=oracle.solve, bounds=bounds):
            assert flip.status != "interval"
            if flip.kind != "limit":
                continue
            statuses.add(flip.status)
            limit = next(one for one in problem.limits if one.name == flip.place)
            least = int(np.minimum(limit.coefficients, 0).sum())
            end = limit.upper - least + 1 if inside else int(limit.coefficients.clip(0).sum())
            end = flip.high if flip.status == "exact" else end
            sizes = {1, end - 1, end, *range(1, end, max(1, end // 20))} - {0}
            for size in sorted(sizes):
                amount = -size if inside else size
                after = oracle.solve(
                    apply_flip(problem, key, kind="limit", place=flip.place, amount=amount)
                )
                flips = after.status is not ChoiceStatus.INFEASIBLE and (
                    (key in after.chosen) != inside
                )
                assert flips == (flip.status == "exact" and size == end), (key, flip, size)
    assert statuses == {"exact", "impossible"}


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


def worths(oracle, problem, key, place, changes, *, wanted):
    """What the best of a side is worth at each change of a ceiling, larger is better, if any."""
    j, sign = problem.sector_ids.index(key), 1 if problem.objectives[0].sense == "max" else -1
    found = []
    for change in changes:
        asked = apply_flip(problem, key, kind="limit", place=place, amount=change)
        best = oracle.solve(forced(asked, j, wanted=wanted))
        found.append(sign * best.stages[0].value if best.stages else None)
    return found


@pytest.mark.parametrize("listed", ["all", "near"])
@pytest.mark.parametrize("seed", range(4))
def test_stairs_hold_what_brute_force_finds_at_every_room(oracle, monkeypatch, seed, listed):
    if listed == "near":
        monkeypatch.setattr("planner.programme._changed_rooms.SMALL", 0)
        monkeypatch.setattr("planner.programme._changed_rooms._REACH_SHARE", 0.15)
    contiguity = (Contiguity.WITHIN_EPCI, Contiguity.NONE, Contiguity.FEEDER)[seed % 3]
    problem = with_ceilings(oracle.random_problem(seed, count=8, contiguity=contiguity), seed)
    alone = replace(
        problem, limits=problem.limits[1:2], share_candidate=np.arange(8),
        share_actor=problem.decider, share_need=problem.lines,
        contiguity=Contiguity.NONE if contiguity == Contiguity.FEEDER else contiguity,
    )  # fmt: skip
    changes = list(range(-7, 8))
    told = known = 0
    for asked, limit in [(alone, alone.limits[0]), *((problem, one) for one in problem.limits)]:
        for key, wanted in itertools.product(asked.sector_ids[:3], (True, False)):
            true = worths(oracle, asked, key, limit.name, changes, wanted=wanted)
            j = asked.sector_ids.index(key)
            near = ClearedRooms(asked, ColumnPool(), j, limit.name)
            for made in (-5, 0, 6):
                try:
                    page = near._page(made, wanted=wanted, reach=0)
                except TooMuchError:
                    continue
                names = [] if page is None else [row.name for row in page.rows]
                if limit.name not in names:
                    continue
                rooms = [(near.upper + change) // near.divisor for change in changes]
                stairs = climb(page, names.index(limit.name), rooms[0], rooms[-1])
                for room, worth in zip(rooms, true, strict=True):
                    most, least = (
                        int(some[room - rooms[0]]) for some in (stairs.most, stairs.least)
                    )
                    if worth is None:
                        assert least == NEVER
                        continue
                    assert least <= worth <= most
                    told += least > NEVER
                    if len(names) == 1 and listed == "all":
                        assert least == worth == most
                        known += 1
    assert told > 100
    assert (known > 50) == (listed == "all")


@pytest.mark.parametrize("seed", range(4))
def test_what_is_cleared_at_once_does_not_flip(oracle, seed):
    problem = with_ceilings(oracle.random_problem(seed, count=8), seed)
    choice, cleared = oracle.solve(problem), 0
    for j, key in enumerate(problem.sector_ids):
        inside = key in choice.chosen
        sign = -1 if inside else 1
        for limit in problem.limits:
            changes = [sign * size for size in range(1, 13)]
            mine, other = (
                worths(oracle, problem, key, limit.name, changes, wanted=wanted)
                for wanted in (not inside, inside)
            )
            near = ClearedRooms(problem, ColumnPool(), j, limit.name)
            for now in (1, 4, 9):
                near.waits = 0
                done = near.clear(now, 12, inside=inside) or now - 1
                for at in range(now, done + 1):
                    assert other[at - 1] is not None
                    assert mine[at - 1] is None or mine[at - 1] < other[at - 1]
                cleared += done - now + 1
    assert cleared > 20

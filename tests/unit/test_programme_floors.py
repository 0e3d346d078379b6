"""What an actor must use of its own envelope: a rule of that actor alone, beside brute force."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from planner.choice import ChoiceStatus, Contiguity, Limit
from planner.programme import solve_choice
from planner.programme._actors.blocks import settle_floors, split_problem
from planner.programme._actors.diagram import Ground, TooWideError, build_diagram
from planner.programme._actors.integer import holds
from tests.unit.test_programme_diagram import draw as draw_ground
from tests.unit.test_programme_diagram import is_legal as is_path
from tests.unit.test_programme_exact import RULE, brute_force, draw, is_legal, signed, taken_by

WITHIN = [one for one in Contiguity if one is not Contiguity.ANY_EPCI]


@pytest.mark.parametrize("seed", range(120))
def test_choices_that_use_enough_equal_brute_force(seed):
    rng = np.random.default_rng(seed)
    ground = draw_ground(rng)
    # values that follow the weights leave many choices equal at one price
    weight = rng.integers(0, 9, ground.count)
    node = weight * 1000 if rng.random() < 0.3 else rng.integers(-5, 20, ground.count) * 1000
    pair = rng.integers(-3, 6, len(ground.pairs)) * 1000
    limit = int(weight.sum() * rng.uniform(0.3, 1.0))
    least = int(limit * rng.uniform(0.3, 1.0))

    def value(taken):
        both = [p for p, (a, b) in enumerate(ground.pairs) if taken[a] and taken[b]]
        return int(np.dot(node, taken)) + int(pair[both].sum())

    legal = [
        taken
        for taken in itertools.product((0, 1), repeat=ground.count)
        if is_path(ground, taken) and least <= np.dot(weight, taken) <= limit
    ]
    diagram = build_diagram(ground)
    asked = {"weight": weight, "limit": limit, "least": least}
    found = diagram.best(node, pair, **asked)
    floor = max(map(value, legal), default=0) - 6000
    rows, values, complete = diagram.above(node, pair, **asked, floor=floor, at_most=1000)
    assert complete
    assert sorted(map(tuple, rows.tolist())) == [t for t in legal if value(t) >= floor]
    assert [value(taken) for taken in rows] == values.tolist()
    if not legal:
        assert found is None
        return
    row, worth, bound = found
    assert worth == bound == max(map(value, legal)) == value(row)


def free(count):
    """Sectors that are all reached: any of them may be chosen."""
    return Ground(
        count=count, near=(), pairs=(), before=(), reached=(True,) * count,
        required=(False,) * count, refused=(False,) * count, connected=True,
    )  # fmt: skip


def test_an_envelope_is_filled_where_every_line_is_worth_the_same():
    weight = np.random.default_rng(5).integers(200, 1000, 60)
    limit = int(weight.sum() * 9 // 20)
    _, worth, bound = build_diagram(free(60)).best(
        weight * 1000, np.zeros(0, np.int64), weight=weight, limit=limit
    )
    assert worth == bound == limit * 1000


def test_what_is_neither_found_nor_refuted_is_not_told_impossible(monkeypatch):
    monkeypatch.setattr("planner.programme._actors.diagram._NODE_LIMIT", 1_000)
    weight = np.full(40, 2)  # 2 × 20 or 2 × 21, never 41: no short proof of that
    asked = {"weight": weight, "limit": 41, "least": 41}
    with pytest.raises(TooWideError):
        build_diagram(free(40)).best(weight, np.zeros(0, np.int64), **asked)


def with_floors(rng, contiguity):
    """Draw a small region in which actors must be served so many lines at least."""
    problem = draw(rng, contiguity)
    floors = []
    for actor in range(len(problem.actors)):
        lines = np.zeros(problem.candidates_count, np.int64)
        mine = problem.share_actor == actor
        lines[problem.share_candidate[mine]] = problem.share_need[mine]
        if rng.random() < 0.7:
            least = int(max(problem.envelopes[actor], 0) * rng.uniform(0.2, 1.0))
            floors.append(Limit(name=f"floor.{actor}", message=RULE, coefficients=lines,
                                lower=least))  # fmt: skip
    return replace(problem, limits=(*problem.limits, *floors))


@pytest.mark.parametrize("contiguity", list(Contiguity))
@pytest.mark.parametrize("seed", range(500, 525))
def test_answers_above_floors_equal_brute_force(seed, contiguity):
    problem = with_floors(np.random.default_rng(seed), contiguity)
    best, equal = brute_force(problem)
    choice = solve_choice(problem)
    if best is None:
        assert (choice.status, choice.chosen) == (ChoiceStatus.INFEASIBLE, ())
        return
    taken = taken_by(problem, choice)
    assert choice.status is ChoiceStatus.OPTIMAL
    assert is_legal(problem, taken)
    assert signed(problem, taken) == best
    assert tuple(taken.tolist()) == max(equal)


@pytest.mark.parametrize("contiguity", WITHIN)
@pytest.mark.parametrize("seed", range(600, 612))
def test_settled_floors_allow_what_the_rows_allow(seed, contiguity):
    rng = np.random.default_rng(seed)
    problem = with_floors(rng, contiguity)
    blocks, rows = split_problem(problem)
    settled, kept = settle_floors(blocks, rows)
    for _ in range(60):
        chosen = rng.random(problem.candidates_count) < rng.random()
        parts = [chosen[b.members].astype(np.uint8)[None, :] for b in blocks]
        before = holds(blocks, parts, rows) and all(
            block.allows(part[0]) for block, part in zip(blocks, parts, strict=True)
        )
        after = holds(settled, parts, kept) and all(
            block.allows(part[0]) for block, part in zip(settled, parts, strict=True)
        )
        assert before == after


def test_a_floor_by_hand():
    # A decides on 4 and 6 lines, B on 5, of which 2 lie in A
    problem = draw(np.random.default_rng(0), Contiguity.NONE)
    problem = replace(
        problem, sector_ids=("S0", "S1", "S2"), lines=np.array([4, 6, 5]), departements=("22",) * 3,
        rural=np.zeros(3, bool), actors=("A", "B"), decider=np.array([0, 0, 1]),
        share_candidate=np.array([0, 1, 2, 2]), share_actor=np.array([0, 0, 0, 1]),
        share_need=np.array([4, 6, 2, 3]), envelopes=np.array([12, 3]),
        required=np.zeros(3, bool), refused=np.zeros(3, bool), reached=np.ones(3, bool),
        edges=np.zeros((0, 2), np.int64), edge_border_m=np.zeros(0, np.int64),
        feeder=np.full(3, -1), objectives=(),
        limits=(
            Limit(name="A", message=RULE, coefficients=np.array([4, 6, 2]), lower=7),
            Limit(name="B", message=RULE, coefficients=np.array([0, 0, 3]), lower=1),
        ),
    )  # fmt: skip
    (a, b), rows = settle_floors(*split_problem(problem))
    assert {row.name for row in rows} == {"A", "envelope.A"}  # B's is no row any more
    # A must use 5 of its own (in pairs of lines, 3), for B gives it 2; B must use 1 of 1
    assert (a.weight.tolist(), a.limit, a.least) == ([2, 3], 5, 3)
    assert (b.weight.tolist(), b.limit, b.least) == ([1], 1, 1)
    assert solve_choice(problem).status is ChoiceStatus.OPTIMAL
    assert "S2" in solve_choice(problem).chosen

"""The diagram of one actor's legal choices, beside brute force."""

import itertools

import numpy as np
import pytest

from planner.programme._actors import diagram as diagram_module
from planner.programme._actors.diagram import Ground, build_diagram


def is_legal(ground, taken):
    if any(t and r for t, r in zip(taken, ground.refused, strict=True)):
        return False
    if any(r and not t for t, r in zip(taken, ground.required, strict=True)):
        return False
    if any(taken[after] and not taken[before] for before, after in ground.before):
        return False
    if not ground.connected:
        return True
    done = {s for s in range(ground.count) if taken[s] and ground.reached[s]}
    for _ in range(ground.count):
        for a, b in ground.near:
            if taken[a] and taken[b] and (a in done or b in done):
                done |= {a, b}
    return all(s in done for s in range(ground.count) if taken[s])


def draw(rng):
    count = int(rng.integers(1, 9))
    every = list(itertools.combinations(range(count), 2))
    near = tuple(pair for pair in every if rng.random() < 0.35)
    before = tuple((a, b) for a, b in every if rng.random() < 0.1)
    return Ground(
        count=count,
        near=near,
        pairs=near if rng.random() < 0.5 else (),
        before=before if rng.random() < 0.4 else (),
        reached=tuple(map(bool, rng.random(count) < 0.3)),
        required=tuple(map(bool, rng.random(count) < 0.05)),
        refused=tuple(map(bool, rng.random(count) < 0.1)),
        connected=bool(rng.random() < 0.7),
    )


@pytest.mark.parametrize("nodes", [None, 0])
@pytest.mark.parametrize("seed", range(120))
def test_best_and_listed_choices_equal_brute_force(monkeypatch, seed, nodes):
    """Searched in depth, and by labels at once."""
    if nodes is not None:
        monkeypatch.setattr(diagram_module, "_FIRST_NODES", nodes)
    rng = np.random.default_rng(seed)
    ground = draw(rng)
    node = rng.integers(-5, 20, ground.count) * 1000
    pair = rng.integers(-3, 6, len(ground.pairs)) * 1000
    weight = rng.integers(0, 9, ground.count)
    limit = int(weight.sum()) // 2

    def value(taken):
        both = [p for p, (a, b) in enumerate(ground.pairs) if taken[a] and taken[b]]
        return int(np.dot(node, taken)) + int(pair[both].sum())

    legal = [
        taken
        for taken in itertools.product((0, 1), repeat=ground.count)
        if is_legal(ground, taken) and np.dot(weight, taken) <= limit
    ]
    diagram = build_diagram(ground)
    found = diagram.best(node, pair, weight=weight, limit=limit)
    if not legal:
        assert found is None
        return
    best = max(map(value, legal))
    row, worth, bound = found
    assert worth == bound == best == value(row)
    floor = best - 6000
    rows, values, complete = diagram.above(
        node, pair, weight=weight, limit=limit, floor=floor, at_most=1000
    )
    assert complete
    assert sorted(map(tuple, rows.tolist())) == [t for t in legal if value(t) >= floor]
    assert [value(taken) for taken in rows] == values.tolist()


@pytest.mark.parametrize("seed", range(60))
def test_choices_that_hold_some_sectors_and_not_others(seed):
    rng = np.random.default_rng(seed)
    ground = draw(rng)
    node, weight = rng.integers(-5, 20, ground.count), rng.integers(0, 9, ground.count)
    limit = int(weight.sum()) * 2 // 3
    pair = rng.integers(-3, 6, len(ground.pairs))
    always = rng.random(ground.count) < 0.2
    never = ~always & (rng.random(ground.count) < 0.2)
    whole, none = build_diagram(ground), np.zeros(ground.count, bool)
    assert whole.holding(none, none) is whole
    asked = {"weight": weight, "limit": limit}
    held = whole.holding(always, never)
    every, _, _ = whole.above(node, pair, floor=-10_000, at_most=600, **asked)
    kept = every[(every[:, always] > 0).all(axis=1) & ~(every[:, never] > 0).any(axis=1)]
    rows, values, complete = held.above(node, pair, floor=-10_000, at_most=600, **asked)
    assert complete
    assert sorted(map(tuple, rows)) == sorted(map(tuple, kept))
    best = held.best(node, pair, **asked)
    assert (best is None) == (len(kept) == 0)
    assert best is None or best[1] == best[2] == values.max()


def test_a_path_of_four_cells_is_entered_by_its_reached_end():
    # 0 - 1 - 2 - 3, only 0 is reached: the legal choices are its beginnings
    ground = Ground(
        count=4, near=((0, 1), (1, 2), (2, 3)), pairs=(), before=(),
        reached=(True, False, False, False), required=(False,) * 4, refused=(False,) * 4,
        connected=True,
    )  # fmt: skip
    nothing = np.zeros(0, np.int64)
    ones = np.ones(4, np.int64)
    rows, _, complete = build_diagram(ground).above(
        0 * ones, nothing, weight=ones, limit=4, floor=0, at_most=100
    )
    beginnings = [[0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]
    assert complete
    assert sorted(rows.tolist()) == beginnings


def test_no_two_states_have_the_same_future_and_each_leads_to_the_end():
    # a ladder of 2 × 6, reached at one end: many states wait in groups that promise the same
    near = tuple((s, s + 2) for s in range(10)) + tuple((s, s + 1) for s in range(0, 12, 2))
    ground = Ground(
        count=12, near=near, pairs=(), before=(), reached=(True,) + (False,) * 11,
        required=(False,) * 11 + (True,), refused=(False,) * 12, connected=True,
    )  # fmt: skip
    diagram = build_diagram(ground)
    end = diagram.states_count - 1
    assert end == diagram.first[-2]
    for begin, then in itertools.pairwise(diagram.first[:-1].tolist()):
        arrows = list(zip(diagram.out_to[begin:then], diagram.in_to[begin:then], strict=True))
        assert len(set(arrows)) == len(arrows)
        assert all(max(both) >= then for both in arrows)


def test_a_slack_still_bounds_the_optimum():
    rng = np.random.default_rng(3)
    ground = Ground(
        count=12, near=tuple((s, s + 1) for s in range(11)), pairs=(), before=(),
        reached=(True,) * 12, required=(False,) * 12, refused=(False,) * 12, connected=True,
    )  # fmt: skip
    weight = rng.integers(300, 1000, 12)
    node = weight * rng.integers(1, 13, 12) * 1000
    asked = {"weight": weight, "limit": int(weight.sum()) // 2}
    _, best, bound = build_diagram(ground).best(node, np.zeros(0, np.int64), **asked)
    slack = best // 50
    _, near, top = build_diagram(ground).best(node, np.zeros(0, np.int64), **asked, slack=slack)
    assert best == bound
    assert near <= best <= top <= near + slack


def test_a_neighbourhood_too_intricate_has_no_diagram():
    every = tuple(itertools.combinations(range(20), 2))
    ground = Ground(
        count=20, near=every, pairs=(), before=(), reached=(False,) * 20,
        required=(False,) * 20, refused=(False,) * 20, connected=True,
    )  # fmt: skip
    assert build_diagram(ground) is None


@pytest.mark.parametrize("limit", [700, 1900])
@pytest.mark.parametrize("seed", range(3))
def test_the_best_of_many_that_are_as_good_in_as_out_is_proved(seed, limit):
    """Forty sectors worth three a unit of weight, and a few more: a search in depth has no end."""
    rng = np.random.default_rng(seed)
    count = 40
    weight = rng.integers(60, 240, count)
    worth = 3000 * weight + rng.integers(0, 40, count)
    ground = Ground(
        count=count, near=(), pairs=(), before=(), reached=(True,) * count,
        required=(False,) * count, refused=(False,) * count, connected=True,
    )  # fmt: skip
    most = np.zeros(limit + 1, np.int64)  # of each weight, as a knapsack is filled
    for one in range(count):
        most[weight[one] :] = np.maximum(
            most[weight[one] :], most[: limit + 1 - weight[one]] + worth[one]
        )
    row, value, bound = build_diagram(ground).best(
        worth, np.zeros(0, np.int64), weight=weight, limit=limit
    )
    assert value == bound == most[limit] == int(row @ worth)
    assert int(row @ weight) <= limit


def test_an_actor_between_a_little_and_a_lot_is_proved():
    """Its first sector costs more than the next ones bring alone: prices bound it loosely."""
    count, limit = 30, 8_000
    rng = np.random.default_rng(3)
    weight = rng.integers(300, 1000, count)
    worth = rng.integers(0, 31, count) * weight * 1000
    worth[0] = -int(worth.sum()) // 3
    near = tuple((0, other) for other in range(1, count))
    reached = (True, *(False,) * (count - 1))
    ground = Ground(
        count=count, near=near, pairs=(), before=(), reached=reached,
        required=(False,) * count, refused=(False,) * count, connected=True,
    )  # fmt: skip
    most = np.zeros(limit + 1, np.int64)
    for one in range(1, count):
        most[weight[one] :] = np.maximum(
            most[weight[one] :], most[: limit + 1 - weight[one]] + worth[one]
        )
    due = max(0, int(most[limit - weight[0]] + worth[0]))
    _, value, bound = build_diagram(ground).best(
        worth, np.zeros(0, np.int64), weight=weight, limit=limit
    )
    assert value == bound == due

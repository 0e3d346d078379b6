"""Orders in which few sectors wait at once: what they cost, and that all sectors are in them."""

import itertools

import numpy as np
import pytest

from planner.programme._actors.diagram import Ground, build_diagram
from planner.programme._actors.order import _greedy, _look_ahead, best_order


def cost_of(order, links):
    """Return the sum, after each sector, of 3 to the power of those with neighbours to come."""
    added, cost = set(), 0
    for sector in order:
        added.add(sector)
        cost += 3 ** sum(bool(links[one] - added) for one in added)
    return cost


def drawn_links(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 90))
    points = rng.random((count, 2))
    links = [set() for _ in range(count)]
    for one in range(count):
        far = np.abs(points - points[one]).sum(axis=1)
        for other in np.argsort(far, kind="stable")[1:4].tolist():
            links[one].add(other)
            links[other].add(one)
    return links


def lattice(columns, rows, *, seed=0):
    """Make a lattice whose sectors bear shuffled numbers."""
    name = np.random.default_rng(seed).permutation(columns * rows).tolist()
    links = [set() for _ in name]
    for a, b in itertools.product(range(columns), range(rows)):
        for c, d in ((a + 1, b), (a, b + 1)):
            if c < columns and d < rows:
                links[name[a * rows + b]].add(name[c * rows + d])
                links[name[c * rows + d]].add(name[a * rows + b])
    return links


@pytest.mark.parametrize("seed", range(30))
def test_every_sector_is_in_an_order_no_dearer_than_the_greedy_one(seed):
    links = drawn_links(seed)
    order = best_order(len(links), links)
    assert sorted(order) == list(range(len(links)))
    groups, seen = [], set()
    for one in range(len(links)):
        if one not in seen:
            groups.append(one)
            group = {one}
            while fresh := {other for some in group for other in links[some]} - group:
                group |= fresh
            seen |= group
    greedy = [sector for one in groups for sector in _greedy(one, links)[1]]
    assert cost_of(order, links) <= cost_of(greedy, links)


@pytest.mark.parametrize("width", [1, 7, 100])
@pytest.mark.parametrize("seed", range(10))
def test_a_beam_says_what_its_order_costs(seed, width):
    links = lattice(6, 4, seed=seed)
    cost, order = _look_ahead(range(24), links, width)
    assert sorted(order) == list(range(24))
    assert cost == cost_of(order, links)


def test_a_long_strip_is_walked_from_end_to_end():
    links = lattice(40, 5)
    cost, order = _look_ahead(range(200), links, 100)
    waiting = max(
        sum(bool(links[one] - set(order[:end])) for one in order[:end]) for end in range(1, 200)
    )
    assert waiting == 5
    assert cost < 200 * 3**5


def test_a_ground_that_a_greedy_order_makes_too_wide_has_its_diagram():
    links = lattice(11, 11, seed=3)
    near = tuple((a, b) for a, others in enumerate(links) for b in sorted(others) if a < b)
    count = len(links)
    ground = Ground(
        count=count, near=near, pairs=(), before=(), required=(False,) * count,
        refused=(False,) * count, connected=True,
        reached=tuple(bool(one % 3 == 0) for one in range(count)),
    )  # fmt: skip
    diagram = build_diagram(ground)
    assert diagram is not None
    rng = np.random.default_rng(0)
    weight, worth = rng.integers(300, 1_000, count), rng.integers(1, 40_000, count)
    row, value, bound = diagram.best(
        worth, np.zeros(0, np.int64), weight=weight, limit=int(weight.sum()) // 2
    )
    assert value == bound == worth @ row
    assert ground.allows(row > 0)

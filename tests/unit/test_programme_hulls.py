"""Rules that whole choices hold and a divided answer breaks: against all whole choices."""

import itertools

import numpy as np
import pytest

from planner.programme._actors.blocks import ColumnPool, lighter, split_problem
from planner.programme._years import hulls
from planner.programme._years.hulls import Ceiling, Reach, all_cuts
from tests.unit.test_programme_years import a_grid


def every_choice(count):
    return np.array(list(itertools.product((0, 1), repeat=count)))


@pytest.mark.parametrize("seed", range(12))
def test_a_rule_under_a_ceiling_holds_for_all_that_fits_and_not_for_the_point(seed):
    draw = np.random.default_rng(seed)
    weight = draw.integers(0, 30, 9)
    limit = int(weight.sum() * draw.uniform(0.2, 0.6))
    columns = np.arange(9) + 2
    part = Ceiling(columns, weight, limit)
    whole = every_choice(9)
    fitting = whole[whole @ weight <= limit]
    met = 0
    for _ in range(10):
        point, room = np.zeros(11), float(limit)
        for one in draw.permutation(9).tolist():  # the last that is taken is taken in part
            point[2 + one] = min(1.0, room / weight[one]) if weight[one] else 0.0
            room -= weight[one] * point[2 + one]
        cut = part.cut(point, draw.normal(size=11))
        if cut is None:
            continue
        met += 1
        place = cut.columns - 2
        worth = fitting[:, place] @ cut.values
        assert cut.excess(point) > 0
        assert worth.max() == cut.upper
        assert set(place.tolist()) <= set(np.flatnonzero(weight).tolist())
    assert met


def test_a_point_between_whole_choices_breaks_nothing():
    part = Ceiling(np.arange(3), np.array([5, 5, 5]), 10)
    assert part.cut(np.array([0.5, 0.75, 0.75]), np.zeros(3)) is None
    cut = Ceiling(np.arange(3), np.array([4, 4, 4]), 10).cut(np.full(3, 10 / 12), np.zeros(3))
    assert (cut.values == cut.values[0]).all()
    assert cut.upper == 2 * cut.values[0]


def test_a_ceiling_too_large_for_its_table_is_counted_in_larger_units(monkeypatch):
    weight = np.array([700, 900, 1_100, 1_300])
    monkeypatch.setattr(hulls, "_TABLE", 1_000)
    part = Ceiling(np.arange(4), weight, 2_000)
    assert part.limit * len(weight) <= 1_000
    cut = part.cut(np.array([0.5, 0.6, 0.5, 0.5]), np.zeros(4))
    whole = every_choice(4)
    fitting = whole[whole @ weight <= 2_000]
    assert cut is None or (fitting[:, cut.columns] @ cut.values).max() <= cut.upper


@pytest.mark.parametrize("seed", range(4))
def test_a_rule_of_an_epci_holds_for_all_that_it_may_hold_open(seed):
    draw = np.random.default_rng(seed)
    block = lighter(split_problem(a_grid(seed, side=3, actors=1).whole)[0][0])
    part = Reach(np.arange(9), block, ColumnPool().diagram(block.ground))
    legal = np.array([one for one in every_choice(9) if block.allows(one.astype(np.uint8))])
    outside = 0
    for _ in range(10):
        cuts = all_cuts([part], draw.random(9), np.zeros(9))
        outside += len(cuts)
        for _, cut in cuts:
            assert (legal[:, cut.columns] @ cut.values).max() == cut.upper
    assert outside
    mixed = legal[draw.integers(0, len(legal), 4)].mean(axis=0)
    assert part.cut(mixed, np.zeros(9)) is None

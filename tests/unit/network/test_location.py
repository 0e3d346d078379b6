"""Where NRO stand: against every choice there is on small cases, within its bound on larger ones."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.network import _location
from planner.network._location import locate


def question(seed, sites, people, *, room):
    """Sites and clients on a square of 10 km, out of reach beyond 7 km, one site that stands."""
    rng = np.random.default_rng(seed)
    xy, homes = rng.uniform(0, 10, (sites, 2)), rng.uniform(0, 10, (people, 2))
    away = np.hypot(*(xy[:, None] - homes[None]).transpose(2, 0, 1))
    cost = np.where(away <= 7, away * 1000.0, np.inf)
    opening = np.full(sites, 2500.0)
    opening[0] = 0
    lines = rng.integers(1, 6, people)
    return cost, opening, np.full(sites, room), lines


def worth(given, cost, opening, lines):
    on = given >= 0
    led = cost[given[on], np.flatnonzero(on)].sum()
    return int(lines[~on].sum()), led + opening[np.unique(given[on])].sum()


def best_of(cost, opening, room, lines):
    """Return the least lines left, then the least cost, of all ways to give each client a site."""
    sites, people = cost.shape
    least = (np.inf, np.inf)
    for choice in itertools.product(range(-1, sites), repeat=people):
        each = np.array(choice)
        on = each >= 0
        if not np.isfinite(cost[each[on], np.flatnonzero(on)]).all():
            continue
        load = np.bincount(each[on], weights=lines[on], minlength=sites)
        if (load <= room).all():
            left, total = worth(each, cost, opening, lines)
            least = min(least, (left, round(total, 3)))
    return least


@settings(max_examples=25)
@given(st.integers(0, 100_000), st.sampled_from([6, 9, 100]))
def test_a_small_choice_is_the_best_of_all(seed, room):
    cost, opening, room, lines = question(seed, 4, 6, room=room)
    found = locate(cost, opening=opening, room=room, lines=lines)
    left, total = worth(found.given, cost, opening, lines)
    assert (left, round(total, 3)) == best_of(cost, opening, room, lines)
    assert found.cost == pytest.approx(total)
    load = np.bincount(
        found.given[found.given >= 0], weights=lines[found.given >= 0], minlength=room.size
    )
    assert (load <= room).all()
    if found.bound is not None:
        assert found.bound == pytest.approx(total)


@pytest.mark.parametrize("room", [10_000, 60])
def test_exchanges_stay_within_a_stated_gap_of_the_exact_answer(room, monkeypatch):
    gaps, bounds = [], []
    for seed in range(10):
        cost, opening, held, lines = question(seed, 25, 24, room=room)
        exact = locate(cost, opening=opening, room=held, lines=lines)
        with monkeypatch.context() as patch:
            patch.setattr(_location, "_EXACT_PAIRS", 0)
            found = locate(cost, opening=opening, room=held, lines=lines)
        assert exact.bound is not None
        assert found.bound is not None
        assert found.bound <= exact.cost + 1e-6 <= found.cost + 2e-6
        gaps.append(found.cost / exact.cost - 1)
        bounds.append(1 - found.bound / exact.cost)
    assert max(gaps) <= 0.02
    assert max(bounds) <= 0.02


def test_what_stands_is_used_before_anything_is_built():
    # the standing site is farther than the new one for both, but costs nothing more
    cost = np.array([[900.0, 800.0], [100.0, 0.0]])
    choose = {"room": np.array([10, 10]), "lines": np.array([2, 2])}
    kept = locate(cost, opening=np.array([0.0, 2000.0]), **choose)
    assert kept.given.tolist() == [0, 0]
    # and left where another saves more than it costs, or where it is full
    assert locate(cost, opening=np.array([0.0, 1000.0]), **choose).given.tolist() == [1, 1]
    full = locate(cost, opening=np.array([0.0, 2000.0]), **choose | {"room": np.array([3, 2])})
    assert full.given.tolist() == [0, 1]
    assert full.cost == 900 + 2000


def test_who_reaches_no_site_with_room_is_left_out():
    cost = np.array([[0.0, np.inf, 5.0]])
    found = locate(cost, opening=np.array([10.0]), room=np.array([4]), lines=np.array([3, 1, 4]))
    assert found.given.tolist() == [-1, -1, 0]
    assert found.bound is None

"""Annealing over lists and over sectors: what comes out is legal, better, and the same each time."""

import itertools

import numpy as np
import pytest

from planner.choice import ChoiceProblem, Limit, Objective
from planner.dated import DatedProblem, YearLimit
from planner.programme._actors.blocks import ColumnPool, Row
from planner.programme._actors.columns import Clock
from planner.programme._actors.integer import holds, total
from planner.programme._years import annealing, swaps
from planner.programme._years.annealing import Listed, anneal
from planner.programme._years.fours import better_by_fours
from planner.programme._years.near import is_legal
from planner.programme._years.solve import Years
from planner.programme._years.spread import spread_objective
from planner.programme._years.swaps import Sectors, _still_legal, swap
from planner.texts import Message

RULE = Message.of("programme.limit_made_up")
FOREVER = Clock(None)
HOW = {"heats": (3.0, 0.1), "steeps": (3.0, 100.0), "seed": 7, "clock": FOREVER}


def draw(seed, *, actors=3, each=4, years=2, required=False):
    """Draw sectors in chains behind the network, under limits a year."""
    rng = np.random.default_rng(seed)
    count = actors * each
    lines = rng.integers(1, 10, count)
    decider = np.repeat(np.arange(actors), each)
    cost = rng.integers(1, 20, count)
    whole = ChoiceProblem(
        sector_ids=tuple(f"S{at:02d}" for at in range(count)), lines=lines,
        departements=("22",) * count, rural=np.zeros(count, bool),
        actors=tuple(f"E{at}" for at in range(actors)), decider=decider,
        share_candidate=np.arange(count), share_actor=decider, share_need=lines,
        envelopes=(np.bincount(decider, lines) * 0.7).astype(np.int64),
        required=(np.arange(count) == 0) & required, refused=np.arange(count) == 5,
        reached=np.arange(count) % each == 0,
        edges=np.array([(at, at + 1) for at in range(count - 1) if (at + 1) % each]),
        edge_border_m=np.ones(count - actors, np.int64), feeder=np.full(count, -1),
        limits=(Limit(name="parity", message=RULE, coefficients=lines * (-1) ** np.arange(count),
                      upper=8),),
        objectives=(Objective(name="votes", sense="max",
                              coefficients=rng.integers(1, 30, count)),),
    )  # fmt: skip
    limits = tuple(
        YearLimit(name=name, year=year, coefficients=uses, message=RULE, upper=int(uses.sum() / 4))
        for year in range(2019, 2019 + years)
        for name, uses in (("capacity.22", lines), ("budget", cost))
    )
    return DatedProblem(whole=whole, years=tuple(range(2019, 2019 + years)), limits=limits)


class Asked:
    """A question taken apart as the solver does."""

    def __init__(self, problem):
        years = Years(problem, 1e-3, FOREVER, ColumnPool())
        self.years, self.base, self.blocks, self.rows = (
            years.years, years.base, years.joint, years.rows,
        )  # fmt: skip
        objective = spread_objective(problem, problem.whole.objectives[0])
        self.row = Row(name=objective.name, coefficients=objective.coefficients)
        self.prices = np.ones(len(self.rows))
        self.sectors = Sectors.of(self.base, self.years, self.row, self.rows)

    def legal(self, part, at):
        """Judge what one actor opens and when by its block's own rules."""
        each = part.reshape(self.years, -1)
        return all((a <= b).all() for a, b in itertools.pairwise(each)) and all(
            self.base[at].allows(one) for one in each
        )

    def sequences(self, at):
        """List all that an actor may open and when."""
        count = len(self.base[at].members)
        every = (
            np.array([[w <= year for w in when] for year in range(self.years)], np.uint8).ravel()
            for when in itertools.product(range(self.years + 1), repeat=count)
        )
        return np.array([one for one in every if self.legal(one, at)])

    def optimum(self):
        """Return the best value by going through all that the actors may do together."""
        lists = [self.sequences(at) for at in range(len(self.base))]
        worth, uses = np.zeros(1, np.int64), np.zeros((1, len(self.rows)), np.int64)
        for block, some in zip(self.blocks, lists, strict=True):
            mine = np.array([block.row_values(some, row) for row in self.rows]).T
            worth = (worth[:, None] + block.row_values(some, self.row)[None, :]).ravel()
            uses = (uses[:, None, :] + mine[None, :, :]).reshape(-1, len(self.rows))
        fits = np.ones(len(worth), bool)
        for at, row in enumerate(self.rows):
            if row.upper is not None:
                fits &= uses[:, at] <= row.upper
            if row.lower is not None:
                fits &= uses[:, at] >= row.lower
        return int(worth[fits].max())


def nothing(asked):
    return [np.zeros((1, len(block.members)), np.uint8) for block in asked.blocks]


@pytest.mark.parametrize("seed", range(8))
def test_swaps_are_legal_and_reach_the_best_of_a_small_question(seed):
    asked = Asked(draw(seed))
    parts, value = swap(
        asked.sectors, asked.prices, parts=nothing(asked), steps=60_000, enough=10**9, **HOW
    )
    assert all(asked.legal(part[0], at) for at, part in enumerate(parts))
    assert holds(asked.blocks, parts, asked.rows)
    assert value == total(asked.blocks, parts, asked.row) > 0
    assert value == asked.optimum()


@pytest.mark.parametrize("seed", range(4))
def test_lists_reach_the_best_of_a_small_question(seed):
    asked = Asked(draw(seed))
    lists = [asked.sequences(at) for at in range(len(asked.base))]
    listed = Listed.of(asked.blocks, lists, asked.row, asked.rows)
    walk = anneal(listed, asked.prices, steps=100_000, enough=10**9, **HOW)
    parts, value = listed.parts(walk.best), walk.worth
    assert holds(asked.blocks, parts, asked.rows)
    assert value == total(asked.blocks, parts, asked.row) == asked.optimum()


def turned(rows):
    """State every other rule from below."""
    return [
        Row(name=row.name, coefficients=-row.coefficients, lower=-row.upper) if at % 2 else row
        for at, row in enumerate(rows)
    ]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("broken", [False, True])
def test_exchanges_of_four_actors_reach_the_best_of_four(seed, broken):
    asked = Asked(draw(seed, actors=4, each=3))
    lists = [asked.sequences(at) for at in range(4)]
    rows = turned(asked.rows) if seed % 2 else asked.rows
    listed = Listed.of(asked.blocks, lists, asked.row, rows)
    closed = [int(start + np.argmin(some.sum(axis=1)))
              for start, some in zip(listed.starts[:-1], lists, strict=True)]  # fmt: skip
    open_all = [int(start + np.argmax(some.sum(axis=1)))
                for start, some in zip(listed.starts[:-1], lists, strict=True)]  # fmt: skip
    begin = np.array(open_all if broken else closed)
    assert holds(asked.blocks, listed.parts(begin), rows) != broken
    picked, value = better_by_fours(
        listed, np.ones(len(rows)), begin, size=100.0, turns=9, enough=10**9, clock=FOREVER
    )
    parts = listed.parts(picked)
    assert holds(asked.blocks, parts, rows)
    assert value == total(asked.blocks, parts, asked.row) == asked.optimum()


def test_what_cant_be_mended_is_not_an_answer():
    asked = Asked(draw(1, actors=2))
    lists = [asked.sequences(at)[:1] for at in range(2)]
    rows = [Row(name="none", coefficients=np.ones(len(asked.row.coefficients), np.int64), upper=0)]
    listed = Listed.of(asked.blocks, lists, asked.row, rows)
    assert better_by_fours(
        listed, np.ones(1), np.arange(2), size=100.0, turns=9, enough=10**9, clock=FOREVER
    ) is None  # fmt: skip


def test_what_is_required_stays_and_what_is_refused_never_opens():
    asked = Asked(draw(3, required=True))
    parts = nothing(asked)
    parts[0].reshape(asked.years, -1)[-1, 0] = 1
    found, _ = swap(asked.sectors, asked.prices, parts=parts, steps=40_000, enough=10**9, **HOW)
    assert found[0].reshape(asked.years, -1)[-1, 0] == 1
    assert (found[1].reshape(asked.years, -1)[:, 1] == 0).all()


def test_the_pieces_in_which_steps_are_done_change_nothing(monkeypatch):
    asked = Asked(draw(1, actors=6, years=3))
    lists = [asked.sequences(at)[::3] for at in range(len(asked.base))]
    listed = Listed.of(asked.blocks, lists, asked.row, asked.rows)

    def both():
        one = anneal(listed, asked.prices, steps=9_500, enough=10**9, **HOW)
        two = swap(asked.sectors, asked.prices, parts=nothing(asked), steps=9_500,
                   enough=10**9, **HOW)  # fmt: skip
        return one.last.tolist(), one.worth, np.concatenate(two[0], axis=1).tolist(), two[1]

    whole = both()
    for module in (annealing, swaps):
        monkeypatch.setattr(module, "SLICE", 1_000)
    assert both() == whole


def test_when_time_is_up_what_is_known_comes_back_at_once():
    asked = Asked(draw(2))
    how = {**HOW, "clock": Clock.within(0)}
    known = nothing(asked)
    parts, value = swap(asked.sectors, asked.prices, parts=known, steps=10**15, enough=10**9, **how)
    assert value == 0
    assert all((a == b).all() for a, b in zip(parts, known, strict=True))
    listed = Listed.of(asked.blocks, known, asked.row, asked.rows)
    assert anneal(listed, asked.prices, steps=10**15, enough=10**9, **how).best is None


@pytest.mark.parametrize("seed", range(4))
def test_what_is_told_beside_two_sectors_is_what_all_of_them_tell(seed):
    rng = np.random.default_rng(seed)
    count, years, told = 9, 3, {-1: 0, 0: 0, 1: 0}
    for _ in range(400):
        beside = np.triu(rng.random((count, count)) < 0.3, 1)
        beside |= beside.T
        start = np.concatenate([[0], np.cumsum(beside.sum(axis=1))])
        near, reached = np.nonzero(beside)[1], rng.random(count) < 0.3
        before = np.full(count, -1)
        ground = (start, near, reached)
        opens = rng.integers(0, years + 1, count)
        while not is_legal(opens, years, *ground, before, True):
            opens = np.maximum(opens, rng.integers(0, years + 1, count))
        a, b = rng.integers(0, count, 2)
        was = opens[a]
        now = opens[b] if b != a else rng.integers(0, years + 1)
        if now == was:
            continue
        opens[b] = was
        opens[a] = now
        sooner, later, left = (a, b, now) if now < was else (b, a, was)
        if b == a:
            sooner, later = (a, -1) if now < was else (-1, a)
        found = _still_legal(sooner, later, left, years, 0, opens, *ground)
        told[found] += 1
        assert found in {-1, int(is_legal(opens, years, *ground, before, True))}
    assert min(told.values()) > 0


@pytest.mark.parametrize("seed", range(3))
def test_what_each_sector_uses_is_listed_row_by_row(seed):
    sectors = Asked(draw(seed, years=3)).sectors
    begins, rows, much = sectors.each_use
    listed = np.zeros_like(sectors.uses)
    for sector, year in itertools.product(range(len(begins)), range(sectors.years + 1)):
        for place in range(begins[sector, year], begins[sector, year + 1]):
            listed[sector, year, rows[place]] = much[place]
    assert (listed == sectors.uses).all()

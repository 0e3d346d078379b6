"""Sectors that engage several envelopes: settled by the bound of copies, beside brute force."""

import numpy as np
import pytest

from planner.choice import ChoiceStatus, Contiguity
from planner.programme import ColumnPool, _shared, _solve, solve_choice
from planner.programme._actors.columns import Clock
from planner.programme._chains import shared as across
from planner.programme._search import links, near_bound
from planner.programme._shared import far_shares, with_copies
from planner.verify import verify_choice
from tests.unit.test_programme_exact import brute_force, draw, is_legal, signed, taken_by

WITHIN = [Contiguity.NONE, Contiguity.WITHIN_EPCI, Contiguity.FEEDER]


def drawn(count, contiguity=Contiguity.WITHIN_EPCI):
    """Draw questions some of whose sectors engage several envelopes, and search them by force."""
    for seed in range(count):
        problem = draw(np.random.default_rng(seed), contiguity)
        if len(far_shares(problem)):
            yield problem, *brute_force(problem)


@pytest.fixture
def counted(monkeypatch):
    """Ask small questions as large ones are, and count how many shares were settled."""
    seen = []
    whole = _shared.solve_sharing

    def solve_sharing(problem, *args, **kwargs):
        answer = whole(problem, *args, **kwargs)
        if len(far_shares(problem)):
            seen.append(answer is not None)
        return answer

    monkeypatch.setattr(_solve, "solve_sharing", solve_sharing)
    monkeypatch.setattr(_shared, "_FEW", 0)
    return seen


@pytest.mark.parametrize("contiguity", WITHIN)
def test_every_stage_equals_brute_force(counted, contiguity):
    for problem, best, equal in drawn(80, contiguity):
        pool = ColumnPool()
        choice = solve_choice(problem, warm=pool)
        assert choice.problem_sha256 == problem.sha256
        if best is None:
            assert (choice.status, choice.chosen) == (ChoiceStatus.INFEASIBLE, ())
            continue
        taken = taken_by(problem, choice)
        assert choice.status is ChoiceStatus.OPTIMAL
        assert is_legal(problem, taken)
        assert signed(problem, taken) == best
        assert [stage.value for stage in choice.stages] == list(problem.values(taken))
        assert tuple(taken.tolist()) == max(equal)
        assert all(set(one) <= set(problem.sector_ids) for one in pool.equals_of(problem))
        if known := pool.equals_of(problem):
            ids = np.array(problem.sector_ids)
            assert set(known) == {tuple(ids[list(one)]) for one in equal}
        assert verify_choice(problem, choice).holds
    assert sum(counted) > 20
    assert len(counted) > sum(counted)  # where nothing is known, the plain way answers


@pytest.mark.parametrize("contiguity", WITHIN)
def test_among_choices_that_agree_every_best_programme_is_found(counted, monkeypatch, contiguity):
    """As large questions are proved: their lists hold what copies let go together."""
    monkeypatch.setattr(_solve, "_SMALL", 0)
    monkeypatch.setattr(_shared._Bounded, "settled", lambda self, _: self.problem)
    listed, list_linked = [], near_bound.list_linked

    def noted(*args):
        listed.append(list_linked(*args))
        return listed[-1]

    monkeypatch.setattr(near_bound, "list_linked", noted)
    known = 0
    for problem, best, equal in drawn(80, contiguity):
        pool = ColumnPool()
        choice = solve_choice(problem, warm=pool)
        if best is None:
            assert choice.status is ChoiceStatus.INFEASIBLE
            continue
        taken = taken_by(problem, choice)
        assert choice.status is ChoiceStatus.OPTIMAL
        assert signed(problem, taken) == best
        if every := pool.equals_of(problem):
            ids = np.array(problem.sector_ids)
            assert set(every) == {tuple(ids[list(one)]) for one in equal}
            assert tuple(taken.tolist()) == max(equal)
            known += 1
    assert known > 20
    assert len(listed) > 10


def test_copies_change_no_programme():
    asked = 0
    for problem, best, equal in drawn(60):
        asked += 1
        copied = with_copies(problem)
        assert copied.candidates_count == problem.candidates_count + len(far_shares(problem))
        assert len(far_shares(copied)) == 0
        again, others = brute_force(copied)
        assert again == best
        count = problem.candidates_count
        assert {one[:count] for one in others} == set(equal)
    assert asked > 20


def test_a_pool_brings_an_answer_back(counted):
    for seed in range(12):
        problem = draw(np.random.default_rng(seed), Contiguity.WITHIN_EPCI)
        pool = ColumnPool()
        first = solve_choice(problem, warm=pool)
        assert solve_choice(problem, warm=pool) == first
    assert counted


def test_across_borders_an_answer_is_legal_and_no_programme_passes_its_bound(monkeypatch):
    monkeypatch.setattr(_shared, "_FEW", 0)
    answered = 0
    for problem, best, _ in drawn(80, Contiguity.ANY_EPCI):
        choice = across.solve_sharing_across(
            problem, solve_choice, ColumnPool(), gap_share=1e-3, clock=Clock.within(None)
        )
        if choice is None:  # the plain way answers
            continue
        if choice.status is ChoiceStatus.INFEASIBLE:
            assert best is None
            continue
        answered += 1
        taken = taken_by(problem, choice)
        assert is_legal(problem, taken)
        assert verify_choice(problem, choice).holds
        assert [stage.value for stage in choice.stages] == list(problem.values(taken))
        first, sense = choice.stages[0], problem.objectives[0].sense
        assert (first.bound if sense == "max" else -first.bound) >= best[0]
        assert all(stage.bound is None for stage in choice.stages[1:])
    assert answered > 20


@pytest.mark.parametrize("cells", [7, 2_000_000])
def test_what_another_misses_beside_a_choice_is_the_least_of_what_agrees(monkeypatch, cells):
    monkeypatch.setattr(links, "_CELLS", cells)
    rng = np.random.default_rng(0)
    for links_count in range(1, 12):
        theirs = rng.integers(0, 2, (40, links_count))
        mine = rng.integers(0, 2, (300, links_count)).astype(np.uint8)
        missed, (free, bound) = rng.integers(0, 99, 40), rng.integers(0, 2, (2, links_count))
        bits = 2 ** np.arange(links_count)
        pair = links._Pair(
            other=0, mine=np.arange(links_count), free=int(free @ bits), bound=int(bound @ bits),
            patterns=theirs @ bits, missed=missed,
        )  # fmt: skip
        lacks = (theirs[None] > mine[:, None]) & (free > 0)
        passes = (theirs[None] < mine[:, None]) & (bound > 0)
        agree = ~(lacks | passes).any(axis=2)
        assert pair.beside(mine, 100).tolist() == np.where(agree, missed, 100).min(axis=1).tolist()

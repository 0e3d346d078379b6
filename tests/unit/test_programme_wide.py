"""An EPCI too wide for a diagram, cut into parts: the same answers, bounds that hold."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from planner.choice import ChoiceProblem, ChoiceStatus, Contiguity, Limit, Objective
from planner.programme import ColumnPool, _compact, _shared, solve_choice
from planner.programme._actors.columns import Clock
from planner.programme._chains import wide
from planner.programme._compact import solve_compact
from planner.texts import Message
from tests.unit.test_programme_exact import (
    SIGN,
    brute_force,
    draw,
    is_legal,
    signed,
    taken_by,
)

RULE = Message.of("programme.limit_made_up")


def drawn_parts(rng, problem):
    """Cut each actor at random: about half of its sectors are in further parts."""
    number = len(problem.actors) + 2 * problem.decider + rng.integers(0, 2, len(problem.decider))
    return np.where(rng.random(len(number)) < 0.5, problem.decider, number)


@pytest.mark.parametrize("contiguity", list(Contiguity))
@pytest.mark.parametrize("seed", range(20))
def test_parts_allow_what_was_allowed_and_count_no_less(seed, contiguity):
    rng = np.random.default_rng(seed)
    problem = draw(rng, contiguity)
    apart = wide.in_parts(problem, drawn_parts(rng, problem))
    for bits in itertools.product((False, True), repeat=min(problem.candidates_count, 8)):
        taken = np.zeros(problem.candidates_count, bool)
        taken[: len(bits)] = bits
        assert is_legal(apart, taken) == is_legal(problem, taken)
        values = zip(
            problem.objectives, apart.objectives, problem.values(taken), apart.values(taken),
            strict=True,
        )  # fmt: skip
        for one, other, value, counted in values:
            if np.array_equal(one.coefficients, other.coefficients) and value == counted:
                continue
            assert SIGN[one.sense] * counted >= 2 * SIGN[one.sense] * value


@pytest.mark.parametrize("contiguity", list(Contiguity))
@pytest.mark.parametrize("seed", range(20))
def test_an_answer_in_parts_beside_brute_force(monkeypatch, seed, contiguity):
    rng = np.random.default_rng(seed)
    problem = draw(rng, contiguity)
    part = drawn_parts(rng, problem)
    monkeypatch.setattr(wide, "cut_apart", lambda *_: part)
    best, _ = brute_force(problem)
    choice = wide.solve_in_parts(
        problem, solve_choice, ColumnPool(), gap_share=1e-4, across_share=1e-3,
        clock=Clock.within(None),
    )  # fmt: skip
    assert choice.problem_sha256 == problem.sha256
    if best is None:
        assert (choice.status, choice.chosen) == (ChoiceStatus.INFEASIBLE, ())
        return
    taken = taken_by(problem, choice)
    assert is_legal(problem, taken)
    assert [stage.value for stage in choice.stages] == list(problem.values(taken))
    for at, (one, stage) in enumerate(zip(problem.objectives, choice.stages, strict=True)):
        if signed(problem, taken)[:at] != best[:at]:
            break
        if stage.bound is None:
            assert stage.status is ChoiceStatus.TIME_LIMIT
            continue
        bound = SIGN[one.sense] * stage.bound
        assert signed(problem, taken)[at] <= best[at] <= bound
        assert (stage.status is ChoiceStatus.OPTIMAL) == (stage.bound == stage.value)


def chequered(*, columns=10, rows=7):
    """Make a chequered region of two EPCI, side by side, each reached from its outer side."""
    count = columns * rows
    rng = np.random.default_rng(0)
    at = np.arange(count).reshape(rows, columns)
    edges = np.concatenate([
        np.stack([at[:, :-1].ravel(), at[:, 1:].ravel()], axis=1),
        np.stack([at[:-1].ravel(), at[1:].ravel()], axis=1),
    ])  # fmt: skip
    decider = (np.arange(count) % columns * 2 // columns).astype(np.int64)
    lines = rng.integers(300, 1000, count)
    same = decider[edges[:, 0]] == decider[edges[:, 1]]
    budget = Limit(name="budget.region", message=RULE, coefficients=lines * 2,
                   upper=int(0.8 * lines.sum()))  # fmt: skip
    return ChoiceProblem(
        sector_ids=tuple(f"S{one:03d}" for one in range(count)), lines=lines,
        departements=("35",) * count, rural=np.zeros(count, bool), actors=("A", "B"),
        decider=decider, share_candidate=np.arange(count), share_actor=decider, share_need=lines,
        envelopes=(np.bincount(decider, lines) * 0.45).astype(np.int64),
        required=np.zeros(count, bool), refused=np.zeros(count, bool),
        reached=np.isin(np.arange(count) % columns, [0, columns - 1]), edges=edges,
        edge_border_m=np.ones(len(edges), np.int64), feeder=np.full(count, -1),
        contiguity=Contiguity.WITHIN_EPCI, limits=(budget,),
        objectives=(
            Objective(name="votes", sense="max", coefficients=lines * rng.integers(1, 40, count)),
            Objective(name="compactness", sense="max", coefficients=np.zeros(count, np.int64),
                      edge_coefficients=np.where(same, 1, 0)),
        ),
    )  # fmt: skip


def test_a_wide_epci_is_answered_in_parts(monkeypatch):
    problem = chequered()
    proved = solve_choice(replace(problem, objectives=problem.objectives[:1]))
    built = ColumnPool.diagram
    monkeypatch.setattr(
        ColumnPool,
        "diagram",
        lambda pool, ground: None if ground.count > 20 else built(pool, ground),
    )
    monkeypatch.setattr(wide, "_PLAIN", 0)
    monkeypatch.setattr(wide, "solve_compact", None)  # isn't asked
    choice = solve_choice(problem)
    taken = taken_by(problem, choice)
    assert is_legal(problem, taken)
    assert [stage.value for stage in choice.stages] == list(problem.values(taken))
    first, second = choice.stages
    assert first.value <= proved.stages[0].bound
    assert proved.stages[0].value <= first.bound
    assert first.gap_share < 0.02
    assert second.bound is not None
    assert second.value <= second.bound


def test_a_small_question_with_a_wide_epci_is_asked_plainly(monkeypatch):
    problem = replace(chequered(), objectives=chequered().objectives[:1])
    proved = solve_choice(problem)
    built = ColumnPool.diagram
    monkeypatch.setattr(
        ColumnPool,
        "diagram",
        lambda pool, ground: None if ground.count > 20 else built(pool, ground),
    )
    choice = solve_choice(problem)
    assert is_legal(problem, taken_by(problem, choice))
    assert choice.stages[0].value <= proved.stages[0].bound
    assert proved.stages[0].value <= choice.stages[0].bound
    assert choice.status in {ChoiceStatus.OPTIMAL, ChoiceStatus.WITHIN_GAP}


def test_parts_are_halves_of_neighbours():
    problem = chequered()
    refused = wide.cut_apart(problem, ColumnPool())
    assert (refused == problem.decider).all()  # nothing is too wide here
    near = [[] for _ in range(problem.candidates_count)]
    for a, b in problem.edges.tolist():
        near[a].append(b)
        near[b].append(a)
    pieces = wide._pieces(range(70), near, 20)
    assert sorted(itertools.chain(*pieces)) == list(range(70))
    assert max(map(len, pieces)) <= 20
    alone = wide._pieces([0, 1, 50, 51], near, 2)
    assert alone == [[0, 1], [50, 51]]


def test_the_plain_formulation_stops_by_its_work(monkeypatch):
    problem = chequered()
    monkeypatch.setattr(_compact, "_WORK", 0)
    monkeypatch.setattr(_compact, "_LEAST_NODES", 1)
    choice = solve_compact(replace(problem, objectives=problem.objectives[:1]))
    assert choice.status is ChoiceStatus.TIME_LIMIT
    for stage in choice.stages:
        assert stage.value < stage.bound


@pytest.mark.parametrize("seed", range(20))
def test_parts_of_an_epci_ask_for_no_copies_where_no_sector_engages_two(monkeypatch, seed):
    monkeypatch.setattr(_shared, "_FEW", 0)
    rng = np.random.default_rng(seed)
    problem = draw(rng, Contiguity.ANY_EPCI)
    apart = wide.in_parts(problem, drawn_parts(rng, problem))
    engaged = problem.share_candidate[problem.share_need > 0]
    assert _shared.is_sharing(apart) == (len(set(engaged.tolist())) < len(engaged))

"""Weights, optima, fairness and the frontier, against brute force on every programme."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from planner.choice import ChoiceStatus, Contiguity, Limit, Objective
from planner.robustness import (
    WeightSpace,
    find_weight_interval,
    groups_by_actor,
    groups_by_area,
    list_diverse,
    list_optima,
    measure_fairness,
    measure_stability,
    trace_frontier,
    trace_weight,
    wilson_interval,
)
from planner.robustness._weights import draw_weights
from planner.texts import Message


def weighted(oracle, seed, count=8):
    """A question whose first objective is a weighted sum of three criteria."""
    problem = oracle.random_problem(seed, count=count)
    scores = np.random.default_rng(seed + 50).integers(0, 15, (3, count)).astype(np.int64)
    space = WeightSpace(objective="votes", criteria=("speed", "rural", "sites"), scores=scores,
                        weights=(3, 2, 1))  # fmt: skip
    return space.question(problem, space.weights), space


def every_line(oracle, problem, space, k):
    """(base, slope) of every possible programme along weight k."""
    rows, fine = oracle.feasible_rows(problem)
    base = sum(w * space.scores[i] for i, w in enumerate(space.weights) if i != k)
    return {(int(r @ base), int(r @ space.scores[k])) for r in rows[fine]}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("k", range(3))
def test_the_interval_of_one_weight_is_exact(oracle, seed, k):
    problem, space = weighted(oracle, seed)
    found = find_weight_interval(problem, space, space.criteria[k], solve=oracle.solve)
    assert found.proved
    choice = oracle.solve(replace(problem, objectives=problem.objectives[:1]))
    flags = np.array([key in choice.chosen for key in problem.sector_ids])
    base = sum(w * space.scores[i] for i, w in enumerate(space.weights) if i != k)
    a, b = int(base[flags].sum()), int(space.scores[k][flags].sum())
    lines = every_line(oracle, problem, space, k)
    highs = [Fraction(a - x, y - b) for x, y in lines if y > b]
    lows = [Fraction(x - a, b - y) for x, y in lines if y < b]
    assert found.high == min(highs, default=None)
    assert found.low == max([Fraction(0), *lows])
    assert found.low <= found.weight
    assert found.high is None or found.weight <= found.high


@pytest.mark.parametrize("seed", range(6))
def test_the_pieces_of_one_weight_are_the_upper_envelope(oracle, seed):
    problem, space = weighted(oracle, seed)
    pieces = trace_weight(problem, space, "rural", top=20, solve=oracle.solve)
    assert pieces[0].low == 0
    assert pieces[-1].high == 20
    lines = every_line(oracle, problem, space, 1)
    base = 3 * space.scores[0] + space.scores[2]
    for one, other in pairwise(pieces):
        assert one.high == other.low
    for piece in pieces:
        flags = np.array([key in piece.chosen for key in problem.sector_ids])
        a, b = int(base[flags].sum()), int(space.scores[1][flags].sum())
        for weight in (piece.low, (piece.low + piece.high) / 2, piece.high):
            assert a + weight * b == max(x + weight * y for x, y in lines)


def test_stability_counts_the_draws_and_states_its_confidence(oracle):
    problem, space = weighted(oracle, 2)
    table = measure_stability(problem, space, solve=oracle.solve, draws=40, seed=7)
    again = measure_stability(problem, space, solve=oracle.solve, draws=40, seed=7)
    pd.testing.assert_frame_equal(table, again)
    counts = dict.fromkeys(problem.sector_ids, 0)
    for draw in range(40):
        weights = draw_weights(3, draw=draw, seed=7)
        for key in oracle.solve(space.question(problem, weights)).chosen:
            counts[key] += 1
    assert dict(zip(table["sector_id"], table["in_count"], strict=True)) == counts
    assert (table["low_share"] <= table["in_share"]).all()
    assert (table["in_share"] <= table["high_share"]).all()
    assert (table["proved_count"] == 40).all()


def test_wilson_s_interval_and_even_draws():
    assert wilson_interval(0, 10)[0] == 0
    assert wilson_interval(0, 10)[1] == pytest.approx(0.2775, abs=1e-4)
    assert wilson_interval(10, 10)[1] == 1
    draws = np.array([draw_weights(3, draw=d, seed=1) for d in range(600)])
    assert np.abs(draws.sum(axis=1) - 100).max() <= 2
    # evenly over the simplex: each weight has mean 1/3 and is under 1/2 three times in four
    assert draws.mean(axis=0) == pytest.approx(33.3, abs=3)
    assert (draws < 50).mean(axis=0) == pytest.approx(0.75, abs=0.06)


@pytest.mark.parametrize("seed", range(6))
def test_all_optima_are_listed_and_no_other(oracle, seed):
    problem = oracle.random_problem(seed, count=7)
    first = problem.objectives[0]
    coarse = replace(first, coefficients=np.minimum(first.coefficients, 2))
    problem = replace(problem, objectives=(coarse,))
    expected = oracle.every_optimum(problem)
    found = list_optima(problem, solve=oracle.solve, most=len(expected))
    assert sorted(found.programmes) == expected
    assert found.complete
    assert set(found.always) == set.intersection(*map(set, expected))
    if len(expected) > 1:
        some = list_optima(problem, solve=oracle.solve, most=len(expected) - 1)
        assert len(some.programmes) == len(expected) - 1
        assert not some.complete
        assert found.sometimes


@pytest.mark.parametrize("seed", range(4))
def test_diverse_programmes_are_near_and_as_far_apart_as_can_be(oracle, seed):
    problem = oracle.random_problem(seed, count=8)
    loss = Fraction(1, 10)
    found = list_diverse(problem, solve=oracle.solve, loss_share=loss, count=4)
    rows, fine = oracle.feasible_rows(problem)
    best = oracle.solve(problem).stages[0].value
    near = [r for r in rows[fine] if problem.values(r)[0] >= best * (1 - loss)]
    before = []
    for number, chosen in enumerate(found.programmes):
        flags = np.array([key in chosen for key in problem.sector_ids])
        worth = found.values  # noqa: PD011
        assert problem.values(flags) == worth[number]
        assert worth[number][0] >= best * (1 - loss)
        if before:
            new = [r for r in near if not any((r == b).all() for b in before)]
            reach = max(sum(int((r != b).sum()) for b in before) for r in new)
            assert sum(int((flags != b).sum()) for b in before) == reach
        before.append(flags)
    assert len(set(found.programmes)) == len(found.programmes)


def non_dominated(oracle, problem, groups, speed):
    rows, fine = oracle.feasible_rows(problem)
    points = {(int(r @ speed.coefficients), groups.worst(r)[0]) for r in rows[fine]}
    return sorted(
        (p for p in points if not any(q != p and q[0] >= p[0] and q[1] >= p[1] for q in points)),
        key=lambda p: p[1],
    )


@pytest.mark.parametrize("seed", range(6))
def test_the_frontier_is_every_non_dominated_programme(oracle, seed):
    problem = oracle.random_problem(seed, count=8, actors=3)
    problem = replace(problem, envelopes=problem.envelopes + 4)
    lines = Objective(name="lines", sense="max", coefficients=problem.lines)
    for groups, speed in (
        (groups_by_actor(problem), problem.objectives[0]),
        (groups_by_area(problem), lines),
        (groups_by_actor(problem, before={problem.actors[0]: 3},
                         totals=dict.fromkeys(problem.actors, 60)), lines),
    ):  # fmt: skip
        found = trace_frontier(problem, groups, solve=oracle.solve, objective=speed)
        assert found.complete
        points = list(zip(found.table["value"].tolist(), found.shares, strict=True))
        assert points == non_dominated(oracle, problem, groups, speed)
        assert found.table["proved"].all()
        assert (found.table["bound"] >= found.table["value"]).all()
        assert found.ended
        few = trace_frontier(problem, groups, solve=oracle.solve, objective=speed, most=1)
        assert not few.ended
        assert few.programmes == found.programmes[:1]
        assert not few.complete
        wide = trace_frontier(
            problem, groups, solve=oracle.solve, objective=speed, step_share=Fraction(1, 5)
        )
        assert set(zip(wide.table["value"].tolist(), wide.shares, strict=True)) <= set(points)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("few", [0, 1, 2])
def test_the_most_even_of_many_as_fast_is_found_in_few_questions(oracle, seed, few):
    problem = oracle.random_problem(seed, count=10, actors=3)
    problem = replace(problem, envelopes=problem.envelopes + 6)
    groups = groups_by_actor(problem, totals=dict.fromkeys(problem.actors, 1000))
    speed = problem.objectives[0]
    speed = replace(speed, coefficients=np.minimum(speed.coefficients, few))
    asked = []

    def counted(question):
        asked.append(question)
        return oracle.solve(question)

    found = trace_frontier(problem, groups, solve=counted, objective=speed)
    assert found.complete
    points = list(zip(found.table["value"].tolist(), found.shares, strict=True))
    expected = non_dominated(oracle, problem, groups, speed)
    assert points == expected
    # a point is asked for, bettered at most by halves of the interval, and refuted
    assert len(asked) <= len(problem.actors) + 13 * len(expected)
    assert len({question.sha256 for question in asked}) == len(asked)  # none twice


@pytest.mark.parametrize("seed", range(6))
def test_the_frontier_goes_on_without_who_is_at_its_most(oracle, seed):
    problem = oracle.random_problem(seed, count=8, actors=3)
    groups, speed = groups_by_actor(problem), problem.objectives[0]
    first = trace_frontier(problem, groups, solve=oracle.solve)
    found = trace_frontier(problem, groups, solve=oracle.solve, go_on=True)
    assert found.programmes[: len(first.programmes)] == first.programmes
    assert found.table["proved"].all()
    assert found.table["value"].is_monotonic_decreasing
    assert list(found.shares) == sorted(set(found.shares))
    rows, fine = oracle.feasible_rows(problem)
    rows = rows[fine]
    last = np.array([key in found.programmes[-1] for key in problem.sector_ids])
    for name in found.aside:  # no programme serves it more, those before it held
        served = rows @ groups.lines[groups.names.index(name)]
        most = int(last @ groups.lines[groups.names.index(name)])
        assert served.max() == most
        rows = rows[served >= most]
    rest = groups.without(frozenset(found.aside))
    better = [
        row for row in rows
        if rest.worst(row)[0] >= found.shares[-1]
        and int(speed.coefficients[row].sum()) > found.table["value"].iloc[-1]
    ]  # fmt: skip
    assert not better


def test_an_answer_without_proof_leaves_its_point_unproved(oracle):
    problem = oracle.random_problem(1, count=6)

    def doubtful(asked):
        answer = oracle.solve(asked)
        if answer.status is ChoiceStatus.INFEASIBLE:
            return answer
        first = replace(answer.stages[0], bound=answer.stages[0].value + 1,
                        status=ChoiceStatus.WITHIN_GAP)  # fmt: skip
        return replace(answer, status=ChoiceStatus.WITHIN_GAP, stages=(first, *answer.stages[1:]))

    found = trace_frontier(problem, groups_by_actor(problem), solve=doubtful)
    assert not found.complete
    assert not found.table["proved"].any()
    assert not list_optima(problem, solve=doubtful).complete


def test_fairness_by_hand():
    service = pd.DataFrame(
        {
            "epci_siren": ["200000001", "200000002", "200000003"],
            "nom": ["A", "B", "C"],
            "lines_count": [100, 100, 0],
            "served_before_count": [0, 0, 0],
            "served_after_count": [20, 60, 0],
            "served_before_share": [0.0, 0.0, None],
            "served_after_share": [0.2, 0.6, None],
            "gross_cents": [0, 0, 0],
            "credit_cents": [0, 0, 0],
            "net_cents": [0, 0, 0],
        }
    )
    table = measure_fairness(service, population={"200000001": 100, "200000002": 400})
    value = table.set_index(["state", "indicator"])["value"]
    assert value["after", "mean_share"] == pytest.approx(0.4)
    assert value["after", "worst_share"] == pytest.approx(0.2)
    # the shares of two lines differ by 0.4 half of the time: 0.2 ÷ 2 ÷ 0.4
    assert value["after", "gini"] == pytest.approx(0.25)
    assert pd.isna(value["before", "gini"])
    assert value["before", "unserved_count"] == 2
    assert value["after", "lines_per_inhabitant"] == pytest.approx(60 / 400)
    place = table.set_index(["state", "indicator"])["place"]
    assert place["after", "worst_share"] == "200000001"
    assert place["after", "lines_per_inhabitant"] == "200000002"


def test_one_programme_shows_of_many_groups_that_they_can_be_served_better(oracle):
    """Ten EPCI of one sector each, room for five: the other five could all be served instead."""
    count = 10
    lines, idle = np.full(count, 4, np.int64), np.zeros(count, bool)
    problem = replace(
        oracle.random_problem(0, count=count, actors=count), lines=lines, contiguity=Contiguity.NONE,
        decider=np.arange(count), share_candidate=np.arange(count), share_actor=np.arange(count),
        share_need=lines, envelopes=lines, required=idle, refused=idle,
        limits=(Limit(name="capacity.region", message=Message.of("robustness.near"),
                      coefficients=lines, upper=20),),
        objectives=(Objective(name="votes", sense="max", coefficients=np.arange(count, 0, -1)),),
    )  # fmt: skip
    asked = []

    def counted(question):
        asked.append(question.objectives[0].name)
        return oracle.solve(question)

    found = trace_frontier(problem, groups_by_actor(problem), solve=counted, go_on=True)
    assert found.aside == ()  # each can be served, not all of them
    assert found.ended
    assert asked.count("towards") == 1
    assert "any" not in asked

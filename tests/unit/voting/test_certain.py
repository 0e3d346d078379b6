"""Raises told in intervals: never another outcome than the exact run, and unsure where it must be."""

import random
from fractions import Fraction

import pytest

from planner.voting import (
    Approvals,
    Election,
    Points,
    Project,
    Voter,
    VotingRule,
    count_all_votes,
    count_votes,
)
from planner.voting._certain import CertainShares
from planner.voting._search import tie_order
from planner.voting._support import utility_support


def drawn(seed):
    """A few voters and projects with many equal costs, so that ties and empty purses abound."""
    draw = random.Random(seed)
    count, scored = draw.choice([2, 4, 8, 14]), seed % 2
    costs = [draw.choice([0, 1, 2, 5, 10, 10, 20, 37]) for _ in range(count)]
    voters = []
    for voter in range(draw.choice([3, 8, 30])):
        named = [str(k) for k in draw.sample(range(count), draw.randint(0, min(count, 5)))]
        ballot = Points(tuple((k, draw.randint(-1, 6)) for k in named)) if scored else Approvals(tuple(named))  # fmt: skip
        voters.append(Voter(voter_id=str(voter), ballot=ballot, weight=draw.choice([1, 1, 2])))
    return Election(
        projects=tuple(Project(project_id=str(k), cost=c) for k, c in enumerate(costs)),
        voters=tuple(voters), budget=draw.randint(1, sum(costs) + 2),
    )  # fmt: skip


@pytest.mark.parametrize("ties", ["larger_first", "smaller_first", "sector_id"])
@pytest.mark.parametrize("utility", ["cost", "cardinality"])
def test_what_is_told_for_certain_is_what_the_exact_run_chooses(ties, utility):
    told = 0
    for seed in range(60):
        election = drawn(seed)
        support = utility_support(election, utility=utility)
        quick = CertainShares(support, election.costs, tie_order(election.costs, ties))
        share = Fraction(election.budget, sum(support.weights) or 1)
        sure = quick.outcomes(share)
        exact = count_votes(
            election, rule=VotingRule(name="equal_shares", utility=utility), ties=ties
        )
        if sure is not None:
            told += 1
            assert sure == {frozenset(exact.selected)}
    assert told > 40


def test_the_raises_end_where_exact_runs_end(monkeypatch):
    rule = VotingRule(name="equal_shares", completion="budget_increase")
    for seed in range(40):
        with monkeypatch.context() as patch:
            quick = count_votes(drawn(seed), rule=rule, ties="larger_first")
            patch.setattr(CertainShares, "outcomes", lambda _self, _share: None)
            assert count_votes(drawn(seed), rule=rule, ties="larger_first") == quick


def test_it_is_unsure_where_money_is_just_enough_and_follows_ties_that_are_not_broken():
    both = (Voter(voter_id="1", ballot=Approvals(("a", "b"))),
            Voter(voter_id="2", ballot=Approvals(("a", "b"))))  # fmt: skip
    projects = (Project(project_id="a", cost=2), Project(project_id="b", cost=1))
    support = utility_support(
        Election(projects=projects, voters=both, budget=3), utility="cardinality"
    )
    costs = {"a": 2, "b": 1}
    # after b, what is left is a's cost to the last part of a unit
    assert CertainShares(support, costs, tie_order(costs, "sector_id")).outcomes(Fraction(3, 2)) is None  # fmt: skip
    assert CertainShares(support, costs, None).outcomes(Fraction(4)) == {frozenset("ab")}
    even = {"a": 1, "b": 1}
    assert CertainShares(support, even, None).outcomes(Fraction(4)) == {frozenset("ab")}
    assert CertainShares(support, even, None).outcomes(Fraction(3, 4)) == {frozenset("a"), frozenset("b")}  # fmt: skip
    assert CertainShares(support, even, tie_order(even, "sector_id")).outcomes(Fraction(4)) == {frozenset("ab")}  # fmt: skip
    assert CertainShares(support, {"a": 2**60, "b": 1}, None).outcomes(Fraction(1)) is None


@pytest.mark.parametrize("utility", ["cost", "cardinality"])
def test_ties_that_are_left_open_end_as_every_exact_way_ends(utility):
    told, several = 0, 0
    for seed in range(150):
        election = drawn(seed)
        support = utility_support(election, utility=utility)
        sure = CertainShares(support, election.costs, None).outcomes(
            Fraction(election.budget, sum(support.weights) or 1)
        )
        if sure is None:
            continue
        rule = VotingRule(name="equal_shares", utility=utility)
        assert sure == {frozenset(one.selected) for one in count_all_votes(election, rule=rule)}
        told += 1
        several += len(sure) > 1
    assert told > 90
    assert several > 3


def test_raises_with_open_ties_end_where_exact_runs_end(monkeypatch):
    rule = VotingRule(name="equal_shares", completion="budget_increase")
    for seed in range(40):
        with monkeypatch.context() as patch:
            quick = count_all_votes(drawn(seed), rule=rule)
            patch.setattr(CertainShares, "outcomes", lambda _self, _share: None)
            assert count_all_votes(drawn(seed), rule=rule) == quick

"""Winners equal those of pabutools on generated elections, every tied outcome compared.

Where definitions differ on purpose:

- a project that nobody supports is never chosen here; pabutools' greedy rule and sequential Phragmén
  take one when nothing else is left, so generated elections leave such projects out;
- our rules by score go by decreasing score; pabutools' greedy rule by decreasing satisfaction for
  each unit of cost, which is the same order under its ``Cost_Sat`` only;
- pabutools' Borda score of the last ranked project is 0, ours is 1, so rankings are compared
  through cardinal ballots that hold our points.
"""

import random
from fractions import Fraction
from itertools import permutations
from math import factorial

import pytest
from pabutools.election import (
    ApprovalBallot,
    ApprovalProfile,
    CardinalBallot,
    CardinalProfile,
    Instance,
)
from pabutools.election import Project as PabuProject
from pabutools.election.satisfaction import Additive_Cardinal_Sat, Cardinality_Sat, Cost_Sat
from pabutools.fractions import frac
from pabutools.rules import (
    completion_by_rule_combination,
    greedy_utilitarian_welfare,
    method_of_equal_shares,
    sequential_phragmen,
)
from pabutools.tiebreaking import TieBreakingRule

from planner.voting import (
    Approvals,
    Election,
    Points,
    Project,
    Ranking,
    Voter,
    VotingRule,
    count_all_votes,
    count_votes,
    points_of_ranking,
)

SATS = {"cost": Cost_Sat, "cardinality": Cardinality_Sat}


def random_approvals(seed):
    """A small election in which ties are common: few different costs, few voters."""
    draw = random.Random(seed)
    keys = [f"p{i}" for i in range(draw.randint(2, 7))]
    costs = {key: draw.choice((1, 2, 2, 3, 4, 6)) for key in keys}
    if seed % 8 == 0:  # now and then a project costs nothing
        costs[keys[0]] = 0
    ballots = [
        sorted(draw.sample(keys, draw.randint(0, len(keys)))) for _ in range(draw.randint(1, 7))
    ]
    supported = sorted({key for ballot in ballots for key in ballot})
    costs = {key: costs[key] for key in supported}
    return costs, ballots, draw.randint(1, max(2, sum(costs.values()) - 1))


def ours(costs, ballots, budget):
    return Election(
        projects=tuple(Project(project_id=key, cost=cost) for key, cost in costs.items()),
        voters=tuple(Voter(voter_id=str(i), ballot=ballot) for i, ballot in enumerate(ballots)),
        budget=budget,
    )


def theirs(costs, budget):
    projects = {key: PabuProject(key, cost) for key, cost in costs.items()}
    return projects, Instance(projects.values(), budget_limit=budget)


def approval_profile(projects, ballots):
    return ApprovalProfile([ApprovalBallot([projects[key] for key in b]) for b in ballots])


def cardinal_profile(projects, ballots):
    return CardinalProfile(
        [
            CardinalBallot(
                {
                    projects[k]: frac(Fraction(v).numerator, Fraction(v).denominator)
                    for k, v in b.items()
                }
            )
            for b in ballots
        ]
    )


def sets(allocations):
    return {frozenset(project.name for project in allocation) for allocation in allocations}


def our_sets(election, rule):
    return {frozenset(outcome.selected) for outcome in count_all_votes(election, rule=rule)}


@pytest.mark.parametrize("batch", range(10))
@pytest.mark.parametrize("utility", ["cost", "cardinality"])
def test_equal_shares_on_approvals(batch, utility):
    ties = 0
    for seed in range(40 * batch, 40 * (batch + 1)):
        costs, ballots, budget = random_approvals(seed)
        projects, instance = theirs(costs, budget)
        expected = sets(
            method_of_equal_shares(
                instance, approval_profile(projects, ballots), SATS[utility], resoluteness=False
            )
        )
        election = ours(costs, [Approvals(tuple(b)) for b in ballots], budget)
        found = our_sets(election, VotingRule(name="equal_shares", utility=utility))
        assert found == expected, seed
        ties += len(expected) > 1
    assert ties > 0  # the comparison is about ties too


@pytest.mark.parametrize("batch", range(5))
def test_equal_shares_with_budget_increase(batch):
    for seed in range(40 * batch, 40 * (batch + 1)):
        costs, ballots, budget = random_approvals(seed)
        if not costs:
            continue
        projects, instance = theirs(costs, budget)
        expected = sets(
            method_of_equal_shares(
                instance, approval_profile(projects, ballots), Cost_Sat,
                resoluteness=False, voter_budget_increment=1,
            )
        )  # fmt: skip
        election = ours(costs, [Approvals(tuple(b)) for b in ballots], budget)
        rule = VotingRule(name="equal_shares", completion="budget_increase")
        assert our_sets(election, rule) == expected, seed


@pytest.mark.parametrize("seed", range(30))
def test_a_raise_is_one_unit_of_the_file_where_costs_have_decimals(seed):
    costs, ballots, budget = random_approvals(seed)
    draw = random.Random(seed)
    cents = {key: 100 * cost + draw.choice((0, 25, 50)) for key, cost in costs.items()}
    dearer, budget = {key: 100 * cost for key, cost in cents.items()}, 100 * budget
    projects, instance = theirs(cents, budget)
    expected = sets(
        method_of_equal_shares(
            instance, approval_profile(projects, ballots), Cost_Sat,
            resoluteness=False, voter_budget_increment=7,
        )
    )  # fmt: skip
    hundredths = Election(
        projects=ours(dearer, [], 0).projects,
        voters=ours(dearer, [Approvals(tuple(b)) for b in ballots], 0).voters,
        budget=100 * budget,
        scale=100,
    )
    rule = VotingRule(name="equal_shares", completion="budget_increase", increment=7)
    assert our_sets(hundredths, rule) == expected


@pytest.mark.parametrize("batch", range(5))
def test_equal_shares_with_greedy_completion(batch):
    for seed in range(40 * batch, 40 * (batch + 1)):
        costs, ballots, budget = random_approvals(seed)
        projects, instance = theirs(costs, budget)
        expected = sets(
            completion_by_rule_combination(
                instance, approval_profile(projects, ballots),
                [method_of_equal_shares, greedy_utilitarian_welfare],
                [{"sat_class": Cost_Sat}, {"sat_class": Cost_Sat}],
                resoluteness=False,
            )
        )  # fmt: skip
        election = ours(costs, [Approvals(tuple(b)) for b in ballots], budget)
        found = our_sets(election, VotingRule(name="equal_shares", completion="greedy"))
        assert found == expected, seed


@pytest.mark.parametrize("batch", range(5))
def test_equal_shares_on_points_and_rankings(batch):
    for seed in range(40 * batch, 40 * (batch + 1)):
        costs, approved, budget = random_approvals(seed)
        draw = random.Random(-seed - 1)
        projects, instance = theirs(costs, budget)
        if seed % 2:
            given = [{key: draw.randint(1, 4) for key in ballot} for ballot in approved]
            ballots = [Points(tuple(points.items())) for points in given]
        else:
            ballots = []
            for ballot in approved:
                mixed = draw.sample(ballot, len(ballot))
                half = len(mixed) // 2
                ballots.append(Ranking((*((key,) for key in mixed[:half]), tuple(mixed[half:]))))
            given = [points_of_ranking(ballot) for ballot in ballots]
        # every order of preference among tied projects; following all ties at once fails there
        profile = cardinal_profile(projects, given)
        expected = set()
        for order in list(permutations(costs))[:: max(1, factorial(len(costs)) // 24)]:
            expected |= sets(
                [
                    method_of_equal_shares(
                        instance, profile, Additive_Cardinal_Sat,
                        tie_breaking=TieBreakingRule(
                            lambda _inst, _prof, project, order=order: order.index(project.name)
                        ),
                    )
                ]
            )  # fmt: skip
        found = our_sets(ours(costs, ballots, budget), "equal_shares")
        assert expected <= found, seed
        assert len(found) > 1 or found == expected, seed


@pytest.mark.parametrize("batch", range(10))
def test_sequential_phragmen(batch):
    ties = 0
    for seed in range(40 * batch, 40 * (batch + 1)):
        costs, ballots, budget = random_approvals(seed)
        projects, instance = theirs(costs, budget)
        expected = sets(
            sequential_phragmen(instance, approval_profile(projects, ballots), resoluteness=False)
        )
        election = ours(costs, [Approvals(tuple(b)) for b in ballots], budget)
        assert our_sets(election, "phragmen") == expected, seed
        ties += len(expected) > 1
    assert ties > 0


@pytest.mark.parametrize("batch", range(5))
def test_greedy_approvals(batch):
    for seed in range(40 * batch, 40 * (batch + 1)):
        costs, ballots, budget = random_approvals(seed)
        projects, instance = theirs(costs, budget)
        expected = sets(
            greedy_utilitarian_welfare(
                instance, approval_profile(projects, ballots), Cost_Sat, resoluteness=False
            )
        )
        election = ours(costs, [Approvals(tuple(b)) for b in ballots], budget)
        assert our_sets(election, "approvals") == expected, seed


@pytest.mark.parametrize("rule", ["approvals", "equal_shares", "phragmen"])
def test_a_named_rule_of_ties_picks_one_of_the_tied_outcomes(rule):
    for seed in range(60):
        costs, ballots, budget = random_approvals(seed)
        election = ours(costs, [Approvals(tuple(b)) for b in ballots], budget)
        possible = our_sets(election, rule)
        for ties in ("larger_first", "smaller_first", "sector_id"):
            assert frozenset(count_votes(election, rule=rule, ties=ties).selected) in possible


def test_a_weight_is_so_many_voters():
    for seed in range(80):
        costs, ballots, budget = random_approvals(seed)
        draw = random.Random(seed)
        weights = [draw.randint(1, 3) for _ in ballots]
        heavy = Election(
            projects=ours(costs, [], budget).projects,
            voters=tuple(
                Voter(voter_id=str(i), ballot=Approvals(tuple(b)), weight=Fraction(w, 2))
                for i, (b, w) in enumerate(zip(ballots, weights, strict=True))
            ),
            budget=budget,
        )
        many = [b for b, w in zip(ballots, weights, strict=True) for _ in range(w)]
        election = ours(costs, [Approvals(tuple(b)) for b in many], budget)
        for rule in ("approvals", "equal_shares", "phragmen"):
            assert our_sets(heavy, rule) == our_sets(election, rule), (seed, rule)

"""Counting by hand: scores, ties refused or broken by name, reasons, and what can't be counted."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import RuleError
from planner.voting import (
    RULES,
    Approvals,
    Election,
    Points,
    Project,
    Ranking,
    TieError,
    Voter,
    VotingRule,
    count_all_votes,
    count_votes,
    points_of_ranking,
)


def election(costs, ballots, budget, weights=None, scale=1):
    weights = weights or [1] * len(ballots)
    return Election(
        projects=tuple(Project(project_id=k, cost=c) for k, c in costs.items()),
        voters=tuple(
            Voter(voter_id=f"v{i}", ballot=b, weight=w)
            for i, (b, w) in enumerate(zip(ballots, weights, strict=True))
        ),
        budget=budget,
        scale=scale,
    )


def test_borda_by_hand():
    # v0 gives 3, 2, 1; v1 gives c its 2 and a its 1; b is passed over: 5 don't fit in 4
    asked = election(
        {"a": 3, "b": 5, "c": 4}, [Ranking((("a",), ("b",), ("c",))), Ranking((("c",), ("a",)))], 7
    )
    outcome = count_votes(asked, rule="borda")
    assert dict(outcome.scores) == {"a": 4, "b": 2, "c": 3}
    assert (outcome.order, outcome.selected, outcome.cost) == (("a", "c"), ("a", "c"), 7)
    assert "il restait 0 à son tour" in outcome.details["b"].say("fr")
    assert "score 4.00" in outcome.details["a"].say("en")


def test_tied_places_share_their_points_and_the_sum_is_kept():
    points = points_of_ranking(Ranking((("a", "b"), ("c",), ("d", "e", "f"))))
    assert points == {
        "a": Fraction(11, 2), "b": Fraction(11, 2), "c": 4, "d": 2, "e": 2, "f": 2,
    }  # fmt: skip
    assert sum(points.values()) == 6 * 7 // 2


def test_points_are_exact_where_floats_are_not():
    tenth = Fraction(1, 10)
    asked = election(
        {"a": 1, "b": 1},
        [Points((("a", tenth),)), Points((("a", 2 * tenth),)), Points((("b", 3 * tenth),))],
        1,
    )
    with pytest.raises(TieError) as told:  # 0.1 + 0.2 is 0.3 here
        count_votes(asked, rule="points")
    assert [o.selected for o in told.value.outcomes] == [("a",), ("b",)]


def test_a_tie_is_refused_or_broken_by_name():
    asked = election({"a": 2, "b": 3, "c": 3}, [Approvals(("a", "b", "c"))], 3)
    with pytest.raises(TieError, match="ex æquo entre a, b, c : au moins 3 résultats"):
        count_votes(asked, rule="approvals")
    picked = {
        ties: count_votes(asked, rule="approvals", ties=ties)
        for ties in ("larger_first", "smaller_first", "sector_id")
    }
    assert {ties: o.selected for ties, o in picked.items()} == {
        "larger_first": ("b",), "smaller_first": ("a",), "sector_id": ("a",),
    }  # fmt: skip
    assert [(t.projects, t.taken) for t in picked["larger_first"].ties] == [(("a", "b", "c"), "b")]


def test_a_tie_that_changes_nothing_is_no_tie():
    asked = election({"a": 2, "b": 2, "c": 9}, [Approvals(("a", "b")), Approvals(("c",))], 5)
    for rule in ("approvals", "phragmen"):
        outcome = count_votes(asked, rule=rule)
        assert (outcome.selected, outcome.ties) == (("a", "b"), ())


def test_equal_shares_by_hand():
    # each has 5; v0 and v1 buy a (3 each); 2 + 2 + 5 are left: b needs 6 from v1 and v2, has 7:
    # v1 pays its 2, v2 pays 4; c costs 2 and v0 has 2
    asked = election(
        {"a": 6, "b": 6, "c": 2},
        [Approvals(("a", "c")), Approvals(("a", "b")), Approvals(("b",))],
        15,
    )
    outcome = count_votes(
        asked, rule=VotingRule(name="equal_shares", utility="cost"), ties="sector_id"
    )
    assert outcome.order == ("a", "b", "c")
    assert dict(outcome.values) == {
        "a": Fraction(1, 2), "b": Fraction(2, 3), "c": Fraction(1),
    }  # fmt: skip


def test_why_a_project_is_out_says_what_is_missing():
    asked = election(
        {"a": 600, "b": 500}, [Approvals(("a",)), Approvals(("a", "b"))], 700, scale=100
    )
    outcome = count_votes(asked, rule="equal_shares")
    assert outcome.selected == ("a",)
    assert outcome.details["b"].say("en") == (
        "not taken: it costs 5, its supporters have only 0.50 left (4.50 short)"
    )
    assert "6 sur 7" in outcome.summary()
    too_dear = count_votes(election({"a": 8}, [Approvals(("a",))], 7), rule="phragmen")
    assert "more than the budget (7)" in too_dear.details["a"].say("en")


def test_phragmen_stops_where_the_next_no_longer_fits():
    # a is bought at load 1 (2 voters, cost 2), then b at (1 + 3) / 1 = 4: 5 > 4, so the rule stops,
    # and c, which would fit, isn't reached
    asked = election(
        {"a": 2, "b": 3, "c": 2}, [Approvals(("a", "b")), Approvals(("a",)), Approvals(())], 4
    )
    outcome = count_votes(asked, rule="phragmen")
    assert outcome.selected == ("a",)
    assert dict(outcome.values) == {"a": 1}
    assert "charge 4" in outcome.details["b"].say("fr")
    assert outcome.details["c"].say("en") == "not taken: nobody supports it"


@pytest.mark.parametrize(
    ("ballots", "rule", "text"),
    [
        ([Approvals(("a",))], "borda", "ne sait pas compter"),
        ([Points((("a", 1),)), Approvals(("a",))], "equal_shares", "plusieurs formes"),
        ([Approvals(("x",))], "approvals", "projets inconnus : x"),
        ([Approvals(("a", "a"))], "approvals", "deux fois : a"),
        ([Approvals(("a",))], "lottery", "pas une règle connue"),
    ],
)
def test_what_can_not_be_counted_is_told(ballots, rule, text):
    with pytest.raises(RuleError, match=text):
        count_votes(election({"a": 1, "b": 1}, ballots, 1), rule=rule)


def test_numbers_must_be_exact():
    with pytest.raises(RuleError, match="inexact"):
        election({"a": 1.5}, [], 1)
    with pytest.raises(RuleError, match="budget"):
        election({"a": 1}, [], -1)


ballots_on = st.lists(
    st.sets(st.sampled_from("abcde")).map(lambda keys: Approvals(tuple(sorted(keys)))),
    min_size=1,
    max_size=5,
)
COSTS = st.lists(st.integers(1, 5), min_size=5, max_size=5).map(
    lambda c: dict(zip("abcde", c, strict=True))
)


@settings(max_examples=60, deadline=None)
@given(costs=COSTS, ballots=ballots_on, budget=st.integers(0, 14), data=st.data())
@pytest.mark.parametrize("rule", [r for r in RULES if r not in {"borda", "points"}])
def test_laws(rule, costs, ballots, budget, data):
    asked = election(costs, ballots, budget)
    outcomes = count_all_votes(asked, rule=rule)
    approved = {key for ballot in ballots for key in ballot.approved}
    for outcome in outcomes:
        assert outcome.cost == sum(costs[key] for key in outcome.selected) <= budget
        assert set(outcome.selected) <= approved
        assert set(outcome.details) == set(costs)
    # the order of rows says nothing
    mixed = data.draw(st.permutations(ballots))
    keys = data.draw(st.permutations(list(costs)))
    again = count_all_votes(election({k: costs[k] for k in keys}, mixed, budget), rule=rule)
    assert [o.selected for o in again] == [o.selected for o in outcomes]
    # twice everybody changes nothing
    twice = count_all_votes(election(costs, ballots + mixed, budget), rule=rule)
    assert [o.selected for o in twice] == [o.selected for o in outcomes]


@settings(max_examples=60, deadline=None)
@given(costs=COSTS, ballots=ballots_on, budget=st.integers(0, 14), key=st.sampled_from("abcde"))
def test_one_more_approval_never_throws_a_project_out_by_score(costs, ballots, budget, key):
    before = count_votes(election(costs, ballots, budget), rule="approvals", ties="sector_id")
    more = [*ballots, Approvals((key,))]
    after = count_votes(election(costs, more, budget), rule="approvals", ties="sector_id")
    assert key not in before.selected or key in after.selected


def test_one_more_approval_can_throw_a_project_out_under_equal_shares():
    """The documented counter-example: another voter makes everyone's share smaller."""
    costs = {"a": 4, "b": 4}
    ballots = [Approvals(("a",)), Approvals(("b",))]
    assert count_votes(election(costs, ballots, 8), rule="equal_shares").selected == ("a", "b")
    more = [*ballots, Approvals(("a",))]
    assert count_votes(election(costs, more, 8), rule="equal_shares").selected == ("a",)
    # nor does a come back when the new voter wants b and something cheaper
    found = count_votes(
        election({"a": 4, "b": 4, "c": 2}, [*ballots, Approvals(("b", "c"))], 8),
        rule="equal_shares", ties="sector_id",
    )  # fmt: skip
    assert "a" not in found.selected


def test_a_project_can_lose_its_place_by_an_approval_that_it_gains_under_equal_shares():
    """The documented counter-example: one more voter, who wants c alone, and c goes out."""
    costs = {"a": 4, "b": 3, "c": 2, "d": 4, "e": 3, "f": 1}
    approved = ("f", "ab", "ad", "adf", "bcef", "bc")
    ballots = [Approvals(tuple(one)) for one in approved]
    before = count_votes(election(costs, ballots, 8), rule="equal_shares", ties="sector_id")
    more = [*ballots, Approvals(("c",))]
    after = count_votes(election(costs, more, 8), rule="equal_shares", ties="sector_id")
    assert "c" in before.selected
    assert "c" not in after.selected


@settings(max_examples=60, deadline=None)
@given(costs=COSTS, ballots=ballots_on, budget=st.integers(0, 14), key=st.sampled_from("abcde"))
def test_no_case_is_known_where_phragmen_throws_out_what_gains_an_approval(
    costs, ballots, budget, key
):
    before = count_votes(election(costs, ballots, budget), rule="phragmen", ties="sector_id")
    more = [*ballots, Approvals((key,))]
    after = count_votes(election(costs, more, budget), rule="phragmen", ties="sector_id")
    assert key not in before.selected or key in after.selected


def test_projects_that_cost_nothing_are_no_tie_for_equal_shares():
    free = {f"f{i:02d}": 0 for i in range(40)}
    ballots = [Approvals((*free, "a")), Approvals((*sorted(free)[::2], "b"))]
    asked = election({**free, "a": 2, "b": 2}, ballots, 4)
    by_count = VotingRule(name="equal_shares", utility="cardinality")
    outcome = count_votes(asked, rule=by_count)
    assert outcome.selected == tuple(sorted({*free, "a", "b"}))
    assert outcome.ties == ()
    # worth is the cost: what costs nothing is worth nothing, as for pabutools
    outcome = count_votes(asked, rule="equal_shares")
    assert outcome.selected == ("a", "b")
    assert "costs nothing" in outcome.details["f00"].say("en")
    completed = count_votes(asked, rule=VotingRule(name="equal_shares", completion="greedy"))
    assert set(completed.selected) == {*free, "a", "b"}


def test_weights_beyond_64_bits_count_as_the_same_ones_smaller():
    def counted(times, rule):
        voters = tuple(
            Voter(voter_id=str(k), ballot=Approvals(tuple(named)), weight=times * weight)
            for k, (named, weight) in enumerate([("ab", 3), ("bc", 2), ("cd", 4), ("a", 1)])
        )
        projects = tuple(Project(project_id=key, cost=cost) for key, cost in zip("abcd", (4, 6, 5, 7), strict=True))  # fmt: skip
        return count_votes(Election(projects=projects, voters=voters, budget=15), rule=rule).order

    for rule in ("phragmen", "equal_shares"):
        assert counted(10**25, rule) == counted(1, rule) != ()

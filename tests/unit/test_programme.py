"""The départements' simple rule, on cases solved by hand."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.concertation import count_ballots
from planner.errors import ContractError
from planner.programme import ProgrammeRules, choose_sectors
from planner.schemas import contract
from planner.texts import say

A, B = "200000001", "200000002"


def region(sectors, shares=None):
    """Sectors as ``{id: (epci, lines)}`` or with shares ``{id: {epci: lines}}``."""
    shares = shares or {key: {epci: lines} for key, (epci, lines) in sectors.items()}
    rows = [(key, epci, lines) for key, parts in shares.items() for epci, lines in parts.items()]
    shares_table = pd.DataFrame(rows, columns=["sector_id", "epci_siren", "premises_count"])
    table = pd.DataFrame(
        {
            "sector_id": list(shares),
            "departement": "35",
            "premises_count": [sum(parts.values()) for parts in shares.values()],
            "zone_id": pd.Series([None] * len(shares), dtype="str"),
        }
    )
    sirens = sorted({row[1] for row in rows if row[1]})
    epci = pd.DataFrame({"siren": sirens, "nom": [f"CC {s[-1]}" for s in sirens]})
    epci["public_premises"] = True
    return table, shares_table, epci


def envelopes(amounts, unit="lines", credit=0):
    frame = pd.DataFrame({"epci_siren": list(amounts), "unit": unit})
    frame["amount"] = pd.array(list(amounts.values()), dtype="Int64")
    frame["med_credit_cents"] = pd.array([credit] * len(frame), dtype="Int64")
    return frame.assign(source="test", synthetic=True)


def ballots(rows):
    frame = pd.DataFrame(rows, columns=["epci_siren", "sector_id", "wish", "rank"])
    frame["rank"] = frame["rank"].astype("Int64")
    return frame.assign(source="test", synthetic=True)


def deliberations(states, on="2017-12-01"):
    frame = pd.DataFrame({"epci_siren": list(states), "state": list(states.values())})
    frame["on"] = pd.to_datetime(on)
    return frame.assign(source="test", synthetic=True)


def choose(territory, grants, votes, states, ties="refuse", cents=44_500):
    sectors, shares, epci = territory
    counted = count_ballots(
        epci=epci,
        sectors=sectors,
        sector_shares=shares,
        envelopes=grants,
        ballots=votes,
        deliberations=states,
    )
    return choose_sectors(
        sectors=sectors,
        sector_shares=shares,
        zones=contract("zones").empty(),
        ballots=counted,
        rules=ProgrammeRules(ties=ties, cents_per_line=cents),
    )


def decisions(programme):
    return dict(zip(programme.table["sector_id"], programme.table["decision"], strict=True))


def test_one_that_no_longer_fits_is_skipped_and_the_next_is_tried():
    programme = choose(
        region({"a": (A, 500), "b": (A, 600), "c": (A, 400)}),
        envelopes({A: 900}),
        ballots([(A, "a", "ranked", 1), (A, "b", "ranked", 2), (A, "c", "ranked", 3)]),
        deliberations({A: "voted"}),
    )
    assert decisions(programme) == {"a": "chosen", "b": "envelope", "c": "chosen"}
    reason = programme.reasons["b"].say("en")
    assert "400 lines left" in reason
    assert "200 short" in reason
    assert programme.envelopes[A] == (900, 900)


def test_required_come_first_and_refused_never():
    programme = choose(
        region({"a": (A, 500), "b": (A, 600), "c": (A, 100)}),
        envelopes({A: 700}),
        ballots([(A, "a", "ranked", 1), (A, "b", "required", None), (A, "c", "refused", None)]),
        deliberations({A: "voted"}),
    )
    assert decisions(programme) == {"a": "envelope", "b": "required", "c": "refused"}


def test_required_beyond_the_envelope_is_a_serious_finding():
    programme = choose(
        region({"a": (A, 500)}),
        envelopes({A: 499}),
        ballots([(A, "a", "required", None)]),
        deliberations({A: "voted"}),
    )
    assert decisions(programme) == {"a": "envelope"}
    assert [f.rule for f in programme.findings] == ["programme.required_too_large"]


@pytest.mark.parametrize(
    ("ties", "expected"),
    [
        ("refuse", {"a": "tie", "b": "tie", "c": "chosen"}),
        ("larger_first", {"a": "envelope", "b": "chosen", "c": "envelope"}),
        ("smaller_first", {"a": "chosen", "b": "envelope", "c": "chosen"}),
        ("sector_id", {"a": "chosen", "b": "envelope", "c": "chosen"}),
    ],
)
def test_ties_are_broken_only_by_the_named_rule(ties, expected):
    programme = choose(
        region({"a": (A, 400), "b": (A, 600), "c": (A, 300)}),
        envelopes({A: 700}),
        ballots([(A, "a", "ranked", 1), (A, "b", "ranked", 1), (A, "c", "ranked", 2)]),
        deliberations({A: "voted"}),
        ties=ties,
    )
    assert decisions(programme) == expected
    assert any(f.rule == "programme.unbroken_tie" for f in programme.findings) == (ties == "refuse")


def test_a_tie_that_fits_whole_enters_whole():
    programme = choose(
        region({"a": (A, 400), "b": (A, 600)}),
        envelopes({A: 1000}),
        ballots([(A, "a", "ranked", 1), (A, "b", "ranked", 1)]),
        deliberations({A: "voted"}),
    )
    assert decisions(programme) == {"a": "chosen", "b": "chosen"}


@pytest.mark.parametrize("state", ["pending", "refused", "absent"])
def test_what_is_not_voted_does_not_count(state):
    programme = choose(
        region({"a": (A, 400)}),
        envelopes({A: 1000}),
        ballots([(A, "a", "ranked", 1)]),
        deliberations({A: state}),
    )
    assert decisions(programme) == {"a": "no_vote"}


def test_absent_is_not_refused():
    programme = choose(region({"a": (A, 400)}), envelopes({}), ballots([]), deliberations({}))
    assert decisions(programme) == {"a": "no_ballot"}
    assert "n'est pas refus" in programme.reasons["a"].say()


def test_a_sector_across_two_epci_uses_both_envelopes():
    territory = region(None, {"ab": {A: 300, B: 100}, "b": {B: 200}})
    grants = envelopes({A: 1000, B: 250})
    votes = ballots([(A, "ab", "ranked", 1), (B, "b", "ranked", 2)])
    programme = choose(territory, grants, votes, deliberations({A: "voted", B: "voted"}))
    assert decisions(programme) == {"ab": "chosen", "b": "envelope"}
    assert programme.envelopes == {A: (1000, 300), B: (250, 100)}


def test_a_neighbour_that_refuses_keeps_a_shared_sector_out():
    territory = region(None, {"ab": {A: 300, B: 100}})
    votes = ballots([(A, "ab", "required", None), (B, "ab", "refused", None)])
    programme = choose(
        territory, envelopes({A: 900, B: 900}), votes, deliberations({A: "voted", B: "voted"})
    )
    assert decisions(programme) == {"ab": "refused"}


def test_euros_count_lines_at_the_rate_and_the_credit_adds_to_them():
    territory = region({"a": (A, 100), "b": (A, 1)})
    votes = ballots([(A, "a", "ranked", 1), (A, "b", "ranked", 2)])
    exact = envelopes({A: 44_000}, unit="eur", credit=50_000)
    programme = choose(territory, exact, votes, deliberations({A: "voted"}))
    assert decisions(programme) == {"a": "chosen", "b": "envelope"}
    assert programme.envelopes[A] == (4_450_000, 4_450_000)
    assert "445" in programme.reasons["b"].say("en")


def test_an_island_without_epci_is_proposed_by_its_departement():
    territory = region({"x": ("", 300)})
    programme = choose(
        territory, envelopes({"D35": 300}), ballots([("D35", "x", "ranked", 1)]),
        deliberations({"D35": "voted"}),
    )  # fmt: skip
    assert decisions(programme) == {"x": "chosen"}
    assert programme.table["epci_siren"].tolist() == ["D35"]


def test_a_broken_ballot_lists_every_cell():
    votes = ballots([(A, "a", "ranked", 0), (A, "a", "maybe", 1)])
    with pytest.raises(ContractError) as caught:
        choose(region({"a": (A, 1)}), envelopes({A: 1}), votes, deliberations({A: "voted"}))
    assert set(caught.value.violations["column"]) == {"epci_siren", "wish", "rank"}


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.integers(1, 900), min_size=1, max_size=8),
    ranks=st.lists(st.integers(1, 4), min_size=8, max_size=8),
    amount=st.integers(0, 3000),
    order=st.randoms(use_true_random=False),
    ties=st.sampled_from(["refuse", "larger_first", "smaller_first", "sector_id"]),
)
def test_envelopes_are_never_exceeded_and_row_order_never_matters(
    lines, ranks, amount, order, ties
):
    territory = region({f"s{i}": ((A, B)[i % 2], n) for i, n in enumerate(lines)})
    rows = [((A, B)[i % 2], f"s{i}", "ranked", ranks[i]) for i in range(len(lines))]
    grants, states = envelopes({A: amount, B: amount}), deliberations({A: "voted", B: "voted"})
    programme = choose(territory, grants, ballots(rows), states, ties=ties)
    for granted, used in programme.envelopes.values():
        assert 0 <= used <= granted
    chosen = programme.table[programme.table["phase"] == "2"]
    assert chosen["premises_count"].sum() == sum(u for _, u in programme.envelopes.values())
    order.shuffle(rows)
    sectors, shares, epci = territory
    mixed = (sectors.iloc[::-1], shares.iloc[::-1], epci.iloc[::-1])
    again = choose(mixed, grants.iloc[::-1], ballots(rows), states.iloc[::-1], ties=ties)
    pd.testing.assert_frame_equal(programme.table, again.table)


@pytest.mark.parametrize(
    ("left", "french", "english"),
    [
        (0, "0 ligne :", "0 lines left"),
        (1, "1 ligne :", "1 line left"),
        (2, "2 lignes :", "2 lines left"),
    ],
)
def test_lines_are_counted_as_the_language_does(left, french, english):
    values = {"actor": "CC 1", "lines": 1, "rank": 1, "left": left, "missing": 1}
    assert french in say("programme.envelope", "fr", **values)
    assert english in say("programme.envelope", "en", **values)
    for text in ("required", "chosen", "exact_required", "exact_ranked", "exact_chosen"):
        assert "1 ligne" in say(f"programme.{text}", "fr", **values)
        assert "1 lignes" not in say(f"programme.{text}", "fr", **values)
        assert "1 lines" not in say(f"programme.{text}", "en", **values)

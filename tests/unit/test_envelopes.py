"""Envelopes by a key: exact, summing to their total, ties by a named rule only."""

from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from planner import cli
from planner.apportion import apportion
from planner.concertation import count_ballots, key_values, share_envelopes
from planner.errors import RuleError
from planner.schemas import contract
from planner.toy import toy_territory

WEIGHTS = st.dictionaries(
    st.sampled_from("abcdefgh"), st.integers(0, 50), min_size=1
).filter(lambda weights: sum(weights.values()) > 0)  # fmt: skip


@given(total=st.integers(0, 10_000), weights=WEIGHTS)
def test_the_parts_add_up_and_each_is_within_one_of_its_exact_share(total, weights):
    parts = apportion(total, weights, ties="code")
    assert sum(parts.values()) == total
    whole = sum(weights.values())
    for code, part in parts.items():
        assert abs(part - Fraction(total * weights[code], whole)) < 1


@given(total=st.integers(0, 10_000), weights=WEIGHTS, factor=st.integers(1, 7))
def test_neither_the_order_nor_the_unit_of_the_weights_matters(total, weights, factor):
    back = dict(reversed([(code, weight * factor) for code, weight in weights.items()]))
    assert apportion(total, back, ties="code") == apportion(total, weights, ties="code")


def test_a_hand_case_of_the_largest_remainder():
    # 100 × 53/200 = 26.5, × 24/200 = 12, × 123/200 = 61.5: one unit left for two halves
    weights = {"a": 53, "b": 24, "c": 123}
    with pytest.raises(RuleError, match="a, c"):
        apportion(100, weights)
    assert apportion(100, weights, ties="larger_first") == {"a": 26, "b": 12, "c": 62}
    assert apportion(100, weights, ties="smaller_first") == {"a": 27, "b": 12, "c": 61}
    assert apportion(100, weights, ties="code") == {"a": 27, "b": 12, "c": 61}


def test_equal_weights_are_no_tie_that_weight_can_break():
    with pytest.raises(RuleError, match="ex æquo"):
        apportion(3, {"a": 1, "b": 1}, ties="larger_first")
    assert apportion(4, {"a": 1, "b": 1}) == {"a": 2, "b": 2}


@pytest.mark.parametrize("weights", [{"a": 0}, {"a": -1, "b": 3}])
def test_what_can_t_be_shared_is_refused(weights):
    with pytest.raises(RuleError, match="répartir"):
        apportion(3, weights)


def test_premises_left_leave_phase_1_out(toy):
    values = key_values("premises_left", sectors=toy.sectors, sector_shares=toy.sector_shares)
    assert values == {"200000002": 10, "200000003": 10, "200000004": 10}


def test_poor_broadband_weighs_premises_and_refuses_a_gap(toy):
    left = toy.sectors.loc[toy.sectors["zone_id"].isna(), "sector_id"]
    poor = dict.fromkeys(left, 0.0) | {"22002-01": 0.5, "35002-02": 1.0}
    tables = {"sectors": toy.sectors, "sector_shares": toy.sector_shares}
    values = key_values("poor_broadband", poor_shares=poor, **tables)
    assert values == {"200000002": 2, "200000003": 0, "200000004": 6}
    del poor["22002-02"]
    with pytest.raises(RuleError, match="22002-02"):
        key_values("poor_broadband", poor_shares=poor, **tables)
    with pytest.raises(RuleError, match="rien n'est deviné"):
        key_values("population", **tables)
    with pytest.raises(RuleError, match="premises_left"):
        key_values("hasard", **tables)


def test_envelopes_keep_their_contract_and_count_as_ballots_do(toy):
    values = {"200000002": 1, "200000003": 2, "200000004": 4}
    shared = share_envelopes(
        10, values, key="exemple", credits_cents={"200000002": 0}, source="calcul", synthetic=True
    )
    # 10/7 = 1.43, 20/7 = 2.86, 40/7 = 5.71: the two left go to the second and the third
    assert shared.envelopes["amount"].tolist() == [1, 3, 6]
    assert shared.details["exact_amount"].tolist() == ["10/7", "20/7", "40/7"]
    assert shared.details["rounded_up"].tolist() == [False, True, True]
    assert shared.envelopes["med_credit_cents"].isna().tolist() == [False, True, True]
    assert "10" in shared.summary("fr")
    counted = count_ballots(
        epci=toy.epci, sectors=toy.sectors, sector_shares=toy.sector_shares,
        envelopes=shared.envelopes, ballots=toy.ballots, deliberations=toy.deliberations,
    )  # fmt: skip
    assert counted.ballots["200000003"].envelope.amount == 3


def test_a_finding_asks_the_person_who_is_known(toy):
    counted = count_ballots(
        epci=toy.epci, sectors=toy.sectors, sector_shares=toy.sector_shares,
        envelopes=contract("envelopes").empty(), ballots=toy.ballots,
        deliberations=contract("deliberations").empty(), contacts={"200000003": "M. Le Bihan"},
    )  # fmt: skip
    asked = {f.place: f.remedy.say("fr") for f in counted.findings
             if f.rule == "concertation.no_deliberation"}  # fmt: skip
    assert "M. Le Bihan (CC Toy-Sud-Ouest)" in asked["200000003"]
    assert "demandez à CC Toy-Sud-Est" in asked["200000004"]


def test_the_command_shares_by_the_key_it_is_told(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("planner.prepare.prepare_territory", lambda *_, **__: toy_territory())

    def run(*words):
        words = ("concertation", "envelopes", *words, "--out", str(tmp_path / "e"))
        return CliRunner().invoke(cli.app, words)

    tied = run("--total", "10")
    assert tied.exit_code == 1
    assert "ex æquo" in tied.output
    done = run("--total", "10", "--ties", "code")
    assert done.exit_code == 0, done.output
    written = pd.read_csv(tmp_path / "e" / "envelopes.csv", dtype={"epci_siren": "str"})
    assert written["amount"].tolist() == [4, 3, 3]
    assert written["med_credit_cents"].astype("Int64").tolist()[:2] == [100_000, 0]
    assert written["synthetic"].all()
    people = run("--total", "9", "--key", "population", "--unit", "eur")
    assert people.exit_code == 0, people.output
    # no cabinet of the copper network is known here: the key is refused, not guessed
    assert run("--total", "9", "--key", "poor_broadband").exit_code == 1

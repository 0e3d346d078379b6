"""What must be asked for before a sector could be reached: as few as brute force finds."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from planner.choice import Contiguity
from planner.errors import RuleError
from planner.explain import explain_sector
from planner.explain._way_in import fewest_to_ask
from planner.plan import make_plan
from planner.programme import solve_choice
from planner.scenario import Scenario
from planner.verify import verify_programme

MUTE = "200000002"
LANGUAGES = ("fr", "en")


def reach_of(problem, lifted):
    refused = problem.refused.copy()
    refused[list(lifted)] = False
    return replace(problem, refused=refused).within_reach()


@pytest.mark.parametrize("contiguity", list(Contiguity))
@pytest.mark.parametrize("seed", range(6))
def test_no_fewer_sectors_open_a_way_than_are_told(oracle, seed, contiguity):
    problem = oracle.random_problem(seed, contiguity=contiguity)
    rng = np.random.default_rng(seed)
    problem = replace(problem, refused=rng.random(problem.candidates_count) < 0.6)
    for at in np.flatnonzero(~problem.refused):
        fewest = fewest_to_ask(problem, int(at))
        closed = np.flatnonzero(problem.refused).tolist()
        if fewest is None:
            assert not reach_of(problem, closed)[at]
            continue
        assert reach_of(problem, fewest)[at]
        for fewer in range(len(fewest)):
            for some in itertools.combinations(closed, fewer):
                assert not reach_of(problem, some)[at]


def asked(rule="exact", **more):
    return Scenario.from_dict({"programme": {"rule": rule, **more}})


def story(plan, sector):
    told = explain_sector(plan.problem, plan.choice, sector, solve=solve_choice)
    return told.say("fr"), told.say("en")


def without(toy, name):
    table = getattr(toy, name)
    return toy.with_tables(**{name: table[table["epci_siren"] != MUTE].reset_index(drop=True)})


def reasons(plan, sector):
    row = plan.programme.table.set_index("sector_id").loc[sector]
    return str(row["reason"])


@pytest.mark.parametrize("state", ["pending", "refused", "absent", None])
def test_what_was_asked_for_without_a_counted_vote_is_not_told_as_asked_by_nobody(toy, state):
    territory = without(toy, "deliberations")
    if state is not None:
        table = toy.deliberations.copy()
        table.loc[table["epci_siren"] == MUTE, ["state", "on"]] = [state, pd.NaT]
        territory = toy.with_tables(deliberations=table)
    plan = make_plan(territory, asked(contiguity="none"))
    held = plan.tables()["decisions"].set_index("sector_id").loc["22002-02"]
    assert (held["rule"], held["place"]) == ("no_vote", MUTE)
    french, english = story(plan, "22002-02")
    assert "il faut d'abord un vote qui compte" in french
    assert "a counted vote of 200000002 comes first" in english
    assert verify_programme(plan.tables(), plan.scenario).holds
    for rule in ("exact", "ranking_within_envelope"):
        reason = reasons(make_plan(territory, asked(rule)), "22002-02")
        assert ("aucune délibération connue" in reason) == (state is None), reason
        assert "aucun vœu reçu" not in reason
    unasked = plan.tables()["decisions"].query("rule == 'unasked'")
    frame = plan.tables()["decisions"].assign(rule="unasked")
    assert MUTE not in set(unasked["epci_siren"])
    lied = {**plan.tables(), "decisions": frame}
    assert "cell" in verify_programme(lied, plan.scenario).broken_rules


def test_an_unknown_envelope_is_not_told_as_an_empty_one(toy):
    territory = without(toy, "envelopes")
    for rule in ("exact", "ranking_within_envelope"):
        plan = make_plan(territory, asked(rule))
        assert "aucune enveloppe connue" in reasons(plan, "22002-02")
        assert verify_programme(plan.tables(), plan.scenario).holds
    plan = make_plan(territory, asked(contiguity="none"))
    row = plan.tables()["decisions"].set_index("sector_id").loc["22002-02"]
    assert (row["rule"], row["missing"]) == ("envelope", 6)
    assert "aucune enveloppe connue" in row["reason"]
    assert verify_programme(plan.tables(), plan.scenario).holds
    assert verify_programme(plan.tables("en"), plan.scenario).holds
    wanted = territory.ballots.copy()
    wanted.loc[wanted["sector_id"] == "22002-02", ["wish", "rank"]] = ["required", None]
    with pytest.raises(RuleError) as caught:
        make_plan(territory.with_tables(ballots=wanted), asked(contiguity="none"))
    assert "accordé : rien de connu" in caught.value.say("fr")
    assert "0 ligne" not in caught.value.say("fr")
    assert "no envelope of" in caught.value.say("en")


def test_wishes_on_what_a_zone_has_settled_are_told(toy):
    wish = toy.ballots.iloc[[0]].assign(epci_siren="200000001", sector_id="22001-01")
    table = pd.concat([toy.ballots, wish], ignore_index=True).astype(toy.ballots.dtypes)
    plan = make_plan(toy.with_tables(ballots=table), Scenario())
    (told,) = (f for f in plan.findings if f.rule == "concertation.already_settled")
    assert "22001-01" in told.message.say("fr")
    assert not [
        f for f in make_plan(toy, Scenario()).findings if f.rule == "concertation.already_settled"
    ]

"""How good a programme is proved to be, and how many are as good: as data and in words."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from planner import make_plan
from planner.choice import ChoiceStatus, StageResult
from planner.explain import explain_place, prove_programme, read_proof
from planner.scenario import Scenario
from planner.texts import lines_in_words
from planner.vocab import Level

EXACT = {"rule": "exact", "contiguity": "none", "objectives": ["votes"]}


@pytest.fixture(scope="module")
def tied():
    """Two EPCI with room for one of two sectors that are worth the same: four programmes."""
    from planner.toy import toy_territory

    toy = toy_territory()
    ballots = toy.ballots[toy.ballots["epci_siren"].isin(["200000002", "200000003"])]
    ballots = ballots.assign(wish="approved", rank=pd.array([None] * len(ballots), dtype="Int64"))
    half = {"22002-01": 5, "22002-02": 5, "35001-01": 5, "35001-02": 5}
    shares = toy.sector_shares.copy()
    counts = shares["sector_id"].map(half).fillna(shares["premises_count"]).astype("int64")
    sectors = toy.sectors.assign(premises_count=counts.to_numpy())
    envelopes = toy.envelopes.assign(amount=pd.array([0, 5, 5, 0], dtype="Int64"))
    return toy.with_tables(
        ballots=ballots, sectors=sectors, envelopes=envelopes,
        sector_shares=shares.assign(premises_count=counts),
    )  # fmt: skip


def as_good(tied, problem):
    """Count, by brute force, the programmes within the envelopes that are worth the most."""
    room = tied.envelopes.set_index("epci_siren")["amount"].to_dict()
    owner = tied.sectors.set_index("sector_id")["epci_siren"].to_dict()
    worth = []
    for flags in itertools.product([False, True], repeat=problem.candidates_count):
        used = dict.fromkeys(room, 0)
        for key, lines, inside in zip(problem.sector_ids, problem.lines, flags, strict=True):
            used[owner[key]] += int(lines) * inside
        if all(used[actor] <= room[actor] for actor in room):
            worth.append(problem.values(np.array(flags)))
    return worth.count(max(worth))


def test_the_region_says_how_many_programmes_are_as_good(tied):
    plan = make_plan(tied, Scenario.from_dict({"programme": EXACT}))
    tables = plan.tables()
    proof = tables["programme_proof"]
    assert proof["status"].tolist() == ["optimal"]
    assert proof["bound"].tolist() == proof["value"].tolist()
    assert proof["equal_count"].tolist() == [4] == [as_good(tied, plan.problem)]
    assert proof["equal_complete"].tolist() == [True]
    moving = tables["equal_programmes"]
    assert set(moving["sector_id"]) == {"22002-01", "22002-02", "35001-01", "35001-02"}
    assert set(moving["in_count"]) == {1}  # of the two choices of each EPCI
    said = explain_place(tables, level=Level.REGION, code="53")
    assert "prouvé le meilleur" in said.say("fr")
    assert "3 autre(s) programme(s), et aucun de plus (prouvé)" in said.say("fr")
    assert "3 other programme(s), and no more (proved)" in said.say("en")
    sector = explain_place(tables, level=Level.SECTOR, code="22002-01").say("fr")
    assert "1 sur 2 le retiennent" in sector
    # the one adopted holds the first ids
    assert plan.choice.chosen == ("22002-01", "35001-01")


def test_one_best_programme_is_said_to_be_alone(toy):
    tables = make_plan(toy, Scenario.from_dict({"programme": EXACT})).tables()
    assert tables["programme_proof"]["equal_count"].tolist() == [1]
    assert "equal_programmes" not in tables
    assert "aucun autre programme n'est aussi bon" in read_proof(tables)[-1].say("fr")


def test_the_simple_rule_proves_nothing_and_says_nothing(toy):
    tables = make_plan(toy, Scenario()).tables()
    assert "programme_proof" not in tables
    assert read_proof(tables) == []


def test_with_years_they_are_not_counted(toy):
    asked = {**EXACT, "years": {"first": 2019, "count": 2}}
    tables = make_plan(toy, Scenario.from_dict({"programme": asked})).tables()
    assert tables["programme_proof"]["equal_count"].isna().all()
    assert "ne sont pas comptés" in read_proof(tables)[-1].say("fr")
    assert "aren't counted" in read_proof(tables)[-1].say("en")


def test_what_is_not_proved_is_said_with_its_gap(toy):
    plan = make_plan(
        toy, Scenario.from_dict({"programme": {**EXACT, "objectives": ["votes", "cost"]}})
    )
    first, second = plan.choice.stages
    rough = replace(
        plan.choice, status=ChoiceStatus.WITHIN_GAP,
        stages=(
            StageResult(objective="votes", value=9_990, bound=10_000, status=ChoiceStatus.WITHIN_GAP),
            replace(second, bound=None, status=ChoiceStatus.TIME_LIMIT),
        ),
    )  # fmt: skip
    said = [
        line.say("fr")
        for line in read_proof({"programme_proof": prove_programme(plan.problem, rough)})
    ]
    assert "aucun programme ne dépasse" in said[0]
    assert "0,10 % au plus du meilleur" in said[0]
    assert "sa distance au meilleur n'est pas connue" in said[1]
    dear = StageResult(objective="cost", value=110, bound=100, status=ChoiceStatus.WITHIN_GAP)
    small = prove_programme(plan.problem, replace(rough, stages=(first, dear)))
    below = [line.say("fr") for line in read_proof({"programme_proof": small})]
    assert "prouvé le meilleur" in below[0]
    assert "aucun programme ne descend sous" in below[1]
    assert said[2].startswith("le meilleur programme n'étant pas prouvé")
    # proved, but not counted: nothing is claimed
    table = prove_programme(plan.problem, plan.choice)
    assert "n'a pas été compté" in read_proof({"programme_proof": table})[-1].say("fr")
    assert first.status is ChoiceStatus.OPTIMAL
    some = prove_programme(plan.problem, plan.choice, equal_count=20, complete=False)
    assert "19 autre(s) programme(s) au moins" in read_proof({"programme_proof": some})[-1].say(
        "fr"
    )


def test_a_sector_says_what_it_brings_and_its_rank_in_or_out(toy):
    plan = make_plan(
        toy, Scenario.from_dict({"programme": {**EXACT, "objectives": ["votes", "criteria"]}})
    )
    tables = plan.tables()
    decisions = tables["decisions"].set_index("sector_id")
    for key, row in decisions.iterrows():
        said = explain_place(tables, level=Level.SECTOR, code=key).say("fr").replace("\u202f", "")
        peers = (decisions["epci_siren"] == row["epci_siren"]).sum()
        brought = f"il apporte {row['votes']} voix × lignes : rang {row['rank']} sur {peers}"
        assert brought in said
        left = row["envelope_left"]  # absent without a vote: then nothing is said of it
        assert ("après le choix" in said) == (not pd.isna(left))
        assert pd.isna(left) or f"il reste {lines_in_words(left, 'fr')}" in said
        score = tables["criteria_scores"].set_index("sector_id").loc[key]
        assert f"rang {score['rank']} sur {len(tables['criteria_scores'])}" in said
        assert "locaux professionnels" in said
    assert {True, False} <= set(decisions["chosen"])
    # under the simple rule, the criteria alone: nothing was weighed
    simple = make_plan(toy, Scenario()).tables()
    said = explain_place(simple, level=Level.SECTOR, code="22002-01").say("en")
    assert "it brings" not in said
    assert "business premises" in said


def test_a_shared_sector_says_what_is_left_to_each_that_it_takes_from(toy):
    """Only its decider was told, where the other's envelope may be the one that lacks more."""
    other = pd.DataFrame(
        {"sector_id": ["22002-01"], "epci_siren": ["200000003"], "premises_count": [1]}
    )
    shares = toy.sector_shares.copy()
    shares.loc[shares["sector_id"] == "22002-01", "premises_count"] -= 1
    shared = toy.with_tables(sector_shares=pd.concat([shares, other], ignore_index=True))
    plan = make_plan(shared, Scenario.from_dict({"programme": EXACT}))
    tables = plan.tables()
    balances = tables["balances"].set_index("epci_siren")
    said = explain_place(tables, level=Level.SECTOR, code="22002-01").say("fr")
    for siren in ("200000002", "200000003"):
        row = balances.loc[siren]
        left = row["granted"] - row["used"]
        assert (
            f"enveloppe de {row['nom']} après le choix : il reste {lines_in_words(left, 'fr')}"
            in said
        )
    alone = explain_place(tables, level=Level.SECTOR, code="22002-02").say("fr")
    assert alone.count("après le choix") == 1


def test_an_epci_says_which_share_is_served_before_and_after(toy):
    tables = make_plan(toy, Scenario()).tables()
    service = tables["epci_service"].set_index("epci_siren")
    for siren, row in service.iterrows():
        said = explain_place(tables, level=Level.EPCI, code=siren).say("en")
        shares = (row["served_before_share"], row["served_after_share"])
        before, after = (f"{100 * share:.1f}%" for share in shares)
        assert f"{before} by phase 1, {after} with phase 2" in said

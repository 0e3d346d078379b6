"""A plan under the exact rule: its question and proof are kept, a clash of rules is named."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from planner import cli, make_plan
from planner.choice import ChoiceStatus
from planner.compare._rule_words import RuleName
from planner.errors import RuleError
from planner.explain import explain_sector
from planner.programme import solve_choice
from planner.scenario import Scenario
from planner.verify import verify_programme
from planner.voting import tell_weights

EXACT = {"programme": {"rule": "exact", "contiguity": "none"}}


def test_a_plan_keeps_the_question_its_proof_and_what_binds(toy):
    plan = make_plan(toy, Scenario.from_dict(EXACT))
    assert plan.choice is not None
    assert plan.choice.status is ChoiceStatus.OPTIMAL
    assert plan.choice.problem_sha256 == plan.problem.sha256
    tables = plan.tables()
    assert set(tables["decisions"]["sector_id"]) == set(plan.problem.sector_ids)
    chosen = tables["programme"].query("phase == '2'")["sector_id"]
    assert set(chosen) == set(plan.choice.chosen)
    assert set(tables["criteria_scores"]["sector_id"]) <= set(toy.sectors["sector_id"])
    assert {"epci_service", "fairness"} <= set(tables)


def test_the_simple_rule_has_no_question(toy):
    plan = make_plan(toy, Scenario())
    assert plan.problem is None
    assert "decisions" not in plan.tables()
    service = plan.tables()["epci_service"].set_index("epci_siren")
    assert (service["served_after_count"] <= service["lines_count"]).all()


def test_required_sectors_beyond_an_envelope_are_named(toy):
    ballots = toy.ballots.copy()
    ballots.loc[ballots["epci_siren"] == "200000002", ["wish", "rank"]] = ["required", None]
    territory = toy.with_tables(ballots=ballots)
    with pytest.raises(RuleError) as caught:
        make_plan(territory, Scenario.from_dict(EXACT))
    assert "CC Toy-Nord-Est" in caught.value.say("fr") or "200000002" in caught.value.say("fr")
    assert "envelope" in caught.value.say("en")


def test_parity_is_refused_where_all_the_lines_to_choose_from_are_of_one_kind(toy):
    """Only an empty programme would hold it: nobody gets one unsaid."""
    asked = {"rule": "exact", "contiguity": "none", "parity_tolerance_share": 0.1}
    assert set(toy.sectors.loc[toy.sectors["zone_id"].isna(), "area_kind"]) == {"rural"}
    with pytest.raises(RuleError, match="toutes rurales"):
        make_plan(toy, Scenario.from_dict({"programme": asked}))
    assert make_plan(
        toy, Scenario.from_dict({"programme": {**asked, "parity_tolerance_share": 1.0}})
    ).choice.chosen


def test_flips_are_for_candidates_of_the_exact_rule(toy, monkeypatch, tmp_path):
    monkeypatch.setattr("planner.prepare.prepare_territory", lambda *_, **__: toy)
    monkeypatch.chdir(tmp_path)
    simple = CliRunner().invoke(cli.app, ["explain", "22002-02", "--flips"])
    assert simple.exit_code == 1
    (tmp_path / "s.toml").write_text('[programme]\nrule = "exact"\ncontiguity = "none"\n')
    told = CliRunner().invoke(cli.app, ["explain", "22002-01", "s.toml", "--flips"])
    assert told.exit_code == 0, told.output
    story = [" ".join(line.split()) for line in told.output.split("•")[1:]]
    assert len(story) >= 3
    assert len(set(story)) == len(story)
    assert sum(": rang " in line for line in story) == 1
    longer = ["explain", "22002-01", "s.toml", "--flips", "--patience", "10"]
    assert CliRunner().invoke(cli.app, longer).output == told.output  # nothing was left open


def test_a_lying_answer_is_refused(toy, monkeypatch):
    from planner import choosing as module

    solve = module.solve_choice

    def lying(problem, **options):
        answer = solve(problem, **options)
        return dataclasses.replace(answer, chosen=problem.sector_ids)

    monkeypatch.setattr(module, "solve_choice", lying)
    with pytest.raises(module.PlannerError, match="vérification"):
        make_plan(toy, Scenario.from_dict(EXACT))


def with_lines(toy, sector, lines):
    """Return the toy territory with another count of premises in one sector."""
    sectors, shares = toy.sectors.copy(), toy.sector_shares.copy()
    sectors.loc[sectors["sector_id"] == sector, "premises_count"] = lines
    shares.loc[shares["sector_id"] == sector, "premises_count"] = lines
    return toy.with_tables(sectors=sectors, sector_shares=shares)


@pytest.mark.parametrize(
    ("second", "values", "unit", "words"),
    [(2, (12, 5), "votes", "apporte 5 voix"), (1, (18, 15), "half_votes", "apporte 7,5 voix")],
)
def test_votes_are_those_of_the_ranking_in_halves_where_ties_make_some(
    toy, second, values, unit, words
):
    """Ranked sectors of 6 and 5 lines give 2 × 6 and 1 × 5 votes; tied, 1.5 × 6 and 1.5 × 5."""
    ballots = toy.ballots.copy()
    ballots = ballots[ballots["epci_siren"] == "200000002"].set_index("sector_id")
    ballots.loc["22002-02", "rank"], ballots.loc["22002-01", "rank"] = 1, second
    odd = with_lines(toy, "22002-01", 5).with_tables(ballots=ballots.reset_index())
    plan = make_plan(odd, Scenario.from_dict(EXACT))
    tables = plan.tables()
    told = tables["decisions"].set_index("sector_id")["votes"]
    assert (told["22002-02"], told["22002-01"]) == values
    assert tables["programme_proof"].set_index("objective").loc["votes", "unit"] == unit
    assert set(tables["decisions"]["votes_unit"]) == {unit}
    story = explain_sector(plan.problem, plan.choice, "22002-01", solve=solve_choice)
    assert words in story.say("fr")

    def rules(units):
        proof = tables["programme_proof"].replace({"unit": units})
        return verify_programme({**tables, "programme_proof": proof}, plan.scenario).broken_rules

    assert "cell" not in rules({})
    assert "cell" in rules({"votes": "half_votes", "half_votes": "votes"})
    lied = {**tables, "decisions": tables["decisions"].assign(votes_unit="score")}
    assert "cell" in verify_programme(lied, plan.scenario).broken_rules


def test_the_votes_of_an_epci_weigh_what_the_scenario_says(toy):
    heavy = {"concertation": {"weights": {"200000002": 3}}, **EXACT}
    one, three = (make_plan(toy, Scenario.from_dict(asked)) for asked in (EXACT, heavy))
    votes = [p.tables()["decisions"].set_index("sector_id")["votes"] for p in (one, three)]
    mine = one.tables()["decisions"].set_index("sector_id")["epci_siren"] == "200000002"
    assert (votes[1] == votes[0] * np.where(mine, 3, 1)).all()
    assert votes[0][mine].sum() > 0
    assert verify_programme(three.tables(), three.scenario).holds
    assert "cell" in verify_programme(three.tables(), one.scenario).broken_rules
    story = explain_sector(three.problem, three.choice, "22002-02", solve=solve_choice)
    plain = explain_sector(one.problem, one.choice, "22002-02", solve=solve_choice)
    words = [one.split("(")[-1] for one in (story.say("en"), plain.say("en")) if "point(s)" in one]
    assert len(set(words)) <= 1  # a point of rank brings three times as much
    with pytest.raises(RuleError, match="999999999"):
        make_plan(toy, Scenario.from_dict({"concertation": {"weights": {"999999999": 2}}, **EXACT}))


def test_weights_of_epci_are_told_alike_by_default():
    assert "weigh alike (by default" in tell_weights({}).say("en")
    told = tell_weights({"200000002": 3}, {"200000002": "CC Toy-Nord-Est"}).say("fr")
    assert told == "poids des voix d'un EPCI : CC Toy-Nord-Est : 3 ; 1 pour les autres"
    words = RuleName("concertation.weights.200000002").say("fr")
    assert words == "le poids des voix d'un EPCI : EPCI 200000002"


def test_what_nobody_asked_for_is_not_refused(toy):
    """EPCI 3 refuses 35001-02; nobody speaks of the second sector of EPCI 2 once it is struck out."""
    ballots = toy.ballots[toy.ballots["sector_id"] != "22002-01"]
    plan = make_plan(toy.with_tables(ballots=ballots), Scenario.from_dict(EXACT))
    rules = plan.tables()["decisions"].set_index("sector_id")["rule"].to_dict()
    assert rules["22002-01"] == "unasked"
    assert rules["35001-02"] == "refused"


FEEDER = {"programme": {"rule": "exact", "contiguity": "feeder"}}


@pytest.fixture
def on_a_network(toy):
    """Give each sector the sector before it: within a département, the one before it by name."""

    def given(change=lambda rows: rows):
        ids = sorted(toy.sectors["sector_id"].astype(str))
        before = {
            key: (previous if previous[:2] == key[:2] else None)
            for previous, key in zip([ids[0][:1], *ids], ids, strict=False)
        }
        rows = change(dict(before))
        table = pd.DataFrame({"sector_id": list(rows), "feeder_id": list(rows.values())})
        table = table.astype({"sector_id": "str", "feeder_id": "str"}).assign(
            feeder_id=pd.array(list(rows.values()), dtype="str"), source="étude", synthetic=False
        )
        return toy.with_tables(feeders=table), before

    return given


def test_a_sector_comes_after_the_one_before_it_on_its_feeder(on_a_network):
    territory, before = on_a_network()
    plan = make_plan(territory, Scenario.from_dict(FEEDER))
    chosen, candidates = set(plan.choice.chosen), set(plan.problem.sector_ids)
    assert plan.choice.status is ChoiceStatus.OPTIMAL
    assert chosen
    assert {key for key in chosen if before[key] in candidates - chosen} == set()
    free = make_plan(territory, Scenario.from_dict(EXACT))
    assert free.choice.stages[0].value >= plan.choice.stages[0].value


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: {k: v for k, v in rows.items() if k != "22002-01"}, "22002-01"),
        (lambda rows: rows | {"22002-01": "99999-01"}, "99999-01"),
        (lambda rows: rows | {"22001-01": "22002-01"}, r"22001-01 \(Toy-Nord-Ouest ouest\) →"),
    ],
)
def test_an_order_on_the_network_that_is_broken_is_refused(on_a_network, change, said):
    territory, _ = on_a_network(change)
    with pytest.raises(RuleError, match=said):
        make_plan(territory, Scenario.from_dict(FEEDER))
    assert make_plan(territory, Scenario.from_dict(EXACT)).choice is not None


def test_contiguity_along_the_network_asks_for_it(toy):
    with pytest.raises(RuleError, match=r"programme\.feeders"):
        make_plan(toy, Scenario.from_dict(FEEDER))


@pytest.mark.parametrize("more", [{}, {"years": {"first": 2019, "count": 2}}])
def test_time_that_ends_before_anything_is_found_is_said_to_be_too_short(toy, more):
    asked = {**EXACT["programme"], **more, "seconds": 1e-9}
    with pytest.raises(RuleError, match="temps accordé") as caught:
        make_plan(toy, Scenario.from_dict({"programme": asked}))
    assert "time allowed (programme.seconds)" in caught.value.say("en")

"""The tables of an exact programme are judged by every rule: as the question is, and cell by cell."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from planner.choice import Choice, ChoiceStatus, StageResult
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory
from planner.verify import verify_choice, verify_programme

QUESTIONS = {
    "within": {"unranked": "allowed", "capacity_lines": {"region": 12, "35": 6}},
    "any": {"contiguity": "any_epci", "unranked": "allowed", "budget_eur": 17_000},
    "asked": {"contiguity": "any_epci"},
    "none": {"contiguity": "none", "unranked": "allowed", "capacity_lines": {"22": 6}},
    "feeder": {"contiguity": "feeder", "unranked": "allowed"},
}
SHARED = {"required", "refused", "contiguity", "limit"}
"""Rules that both judges name alike; envelopes are named by actor in each."""


def asked_of(name):
    return Scenario.from_dict({"programme": {"rule": "exact", **QUESTIONS[name]}})


def given():
    """Return the toy territory; the third EPCI has room, and feeders go from sector to sector."""
    territory = toy_territory()
    envelopes = territory.envelopes.copy()
    envelopes.loc[envelopes["epci_siren"] == "200000003", "amount"] = 12
    ids = sorted(territory.sectors["sector_id"].astype(str))
    feeders = pd.DataFrame(
        {"sector_id": ids, "feeder_id": [None, *ids[:-1]], "source": "test", "synthetic": True}
    )
    return replace(territory, envelopes=envelopes, feeders=feeders)


@pytest.fixture(scope="module")
def plans():
    return {name: make_plan(given(), asked_of(name)) for name in QUESTIONS}


def edit(tables, name, column, value, where=0):
    frame = tables[name].copy()
    frame[column] = frame[column].astype("object")
    frame.loc[frame.index[where], column] = value
    return {**tables, name: frame}


@pytest.mark.parametrize("name", list(QUESTIONS))
def test_the_tables_hold(plans, name):
    verdict = verify_programme(plans[name].tables(), asked_of(name))
    assert verdict.holds, verdict.say()
    assert verdict.checks["stage.value"] == 4
    assert name == "none" or verdict.checks["contiguity"] >= 1


@pytest.mark.parametrize("name", list(QUESTIONS))
def test_every_subset_is_judged_as_its_question_is(plans, name):
    plan, asked = plans[name], asked_of(name)
    problem = plan.problem
    tables = plan.tables()
    told = set()
    for bits in itertools.product((False, True), repeat=problem.candidates_count):
        taken = np.array(bits)
        stages = tuple(
            StageResult(objective=o.name, value=v, bound=None, status=ChoiceStatus.TIME_LIMIT)
            for o, v in zip(problem.objectives, problem.values(taken), strict=True)
        )
        chosen = tuple(np.array(problem.sector_ids)[taken].tolist())
        claim = Choice(
            problem_sha256=problem.sha256, status=ChoiceStatus.TIME_LIMIT, chosen=chosen,
            stages=stages,
        )  # fmt: skip
        programme = tables["programme"].copy()
        inside = programme["sector_id"].astype(str)
        phase = programme["phase"].astype(object)
        open_to_choice = inside.isin(problem.sector_ids)
        programme["phase"] = phase.where(~open_to_choice, np.where(inside.isin(chosen), "2", "3"))
        proof = pd.DataFrame(
            {
                "position": range(1, len(stages) + 1),
                "objective": [s.objective for s in stages],
                "value": [s.value for s in stages],
                "bound": None, "gap_share": None, "status": "time_limit",
            }
        )  # fmt: skip
        verdict = verify_programme(
            {**tables, "programme": programme, "programme_proof": proof}, asked
        )
        there = verify_choice(problem, claim)
        here = {(b.rule, b.place, b.excess) for b in verdict.breaches if b.rule in SHARED}
        # a refused sector is told by ``refused_in`` or ``unasked``, beside who refuses it
        names = {"refused_in": "refused", "unasked": "refused"}
        here |= {(names[b.rule], b.place, None) for b in verdict.breaches if b.rule in names}
        assert here == {(b.rule, b.place, b.excess) for b in there.breaches if b.rule in SHARED}
        assert not {"stage.value", "stages"} & set(verdict.broken_rules)
        told |= {rule for rule, _, _ in here}
    assert "refused" in told
    assert name == "none" or "contiguity" in told
    assert name in {"asked", "feeder"} or "limit" in told


@pytest.mark.parametrize("name", ["any", "feeder"])
def test_each_cell_of_the_answer_is_seen_when_it_changes(plans, name):
    asked, tables = asked_of(name), plans[name].tables()
    for at, phase in enumerate(tables["programme"]["phase"]):
        for other in {"1", "2", "3"} - {str(phase)}:
            changed = edit(tables, "programme", "phase", other, at)
            assert not verify_programme(changed, asked).holds, (at, phase, other)
    proof = tables["programme_proof"]
    for at, row in enumerate(proof.to_dict("records")):
        lies = {
            "value": (row["value"] + 1, row["value"] - 1),
            "bound": (row["bound"] + 1, row["bound"] - 1, None),
            "gap_share": (0.5, None),
            "status": ("within_gap", "time_limit"),
            "objective": ("votes" if row["objective"] != "votes" else "cost",),
            "position": (9,),
        }
        for column, values in lies.items():
            for value in values:
                changed = edit(tables, "programme_proof", column, value, at)
                assert not verify_programme(changed, asked).holds, (at, column, value)
        assert not verify_programme({**tables, "programme_proof": proof.drop(at)}, asked).holds


def test_tighter_rules_than_the_answer_keeps_are_seen(plans):
    tables = plans["none"].tables()
    chosen = tables["programme"].query("phase == '2'")
    lines = int(chosen["premises_count"].sum())
    for more, rule in (
        ({"capacity_lines": {"region": lines - 1}}, "capacity.region"),
        ({"budget_eur": 1000}, "budget.region"),
        ({"parity_tolerance_share": 0.5}, "parity.rural"),
    ):
        asked = Scenario.from_dict({"programme": {"rule": "exact", "contiguity": "none", **more}})
        found = [b.place for b in verify_programme(tables, asked).breaches if b.rule == "limit"]
        assert found == [rule]


def test_without_shapes_contiguity_is_not_taken_for_granted(plans):
    tables = plans["any"].tables()
    bare = pd.DataFrame(tables["sectors"].drop(columns="geometry"))
    verdict = verify_programme({**tables, "sectors": bare}, asked_of("any"))
    assert verdict.broken_rules == ("shapes",)


def test_years_are_judged_each_by_its_own_ceilings():
    years = {"first": 2019, "count": 2, "lines_per_year": {"region": 8}}
    asked = Scenario.from_dict({"programme": {"rule": "exact", "years": years}})
    plan = make_plan(given(), asked)
    tables = plan.tables()
    verdict = verify_programme(tables, asked)
    assert verdict.holds, verdict.say()
    assert verdict.checks["year.limit"] == 2
    for at, year in enumerate(tables["opening_years"]["year"]):
        for other in (2018, 2021, 2019 + (year == 2019)):
            assert not verify_programme(
                edit(tables, "opening_years", "year", other, at), asked
            ).holds
    less = Scenario.from_dict(
        {"programme": {"rule": "exact", "years": {**years, "lines_per_year": {"region": 3}}}}
    )
    assert "year.limit" in verify_programme(tables, less).broken_rules
    whole = Scenario.from_dict({"programme": {"rule": "exact"}})
    assert "year.unknown" in verify_programme(tables, whole).broken_rules


REPEATED = {
    "programme": ("envelope_left",),
    "balances": ("granted", "credit_cents", "lines_phase_1"),
    "epci_service": (
        "nom",
        "lines_count",
        "served_before_count",
        "served_after_share",
        "net_cents",
    ),
    "fairness": ("value", "place"),
    "costs": ("density_class", "unit_cost_cents"),
    "zones": ("sectors_count", "premises_count"),
    "sector_points": ("points", "scale"),
    "decisions": ("rank", "envelope_left", "votes"),
    "decision_scores": ("rank", "value"),
    "programme_proof": ("equal_count",),
    "coverage": ("phase_1_count", "phase_2_count", "premises_count"),
    "criteria": ("weight_ppm", "contribution_ppm"),
}
"""What follows from other tables; lines per inhabitant follow from none."""


@pytest.mark.parametrize("table", list(REPEATED))
def test_what_is_said_again_differently_is_seen(plans, table):
    asked, tables = asked_of("within"), plans["within"].tables()
    frame = tables[table]
    for column in REPEATED[table]:
        for at, old in enumerate(frame[column]):
            of = frame.iloc[at]
            beside = (table == "fairness" and of["indicator"] == "lines_per_inhabitant") or (
                table == "coverage" and of["level"] not in {"region", "sector"}
            )
            # settled before the choice: what was left then is what was granted
            beside |= table == "programme" and of["decision"] in {"phase_1", "refused", "no_vote"}
            if beside or pd.isna(old):
                continue
            new = {"dense": "sparse", "sparse": "dense"}.get(str(old), "x")
            if not isinstance(old, str):
                new = old + 1 if column != "served_after_share" else old / 2 + 0.1
            elif column == "place":
                new = "200000009"
            verdict = verify_programme(edit(tables, table, column, new, at), asked)
            assert not verdict.holds, (column, at, old, new)


@pytest.mark.parametrize(
    "table", ["balances", "costs", "epci_service", "fairness", "decisions", "decision_scores",
              "sectors", "sector_points", "programme_proof", "contributions"],
)  # fmt: skip
def test_a_row_left_out_is_seen(plans, table):
    asked, tables = asked_of("within"), plans["within"].tables()
    frame = tables[table]
    beside = {"lines_per_inhabitant"}
    for at in range(len(frame)):
        row = frame.iloc[at]
        if table == "fairness" and row["indicator"] in beside:
            continue
        if table in {"balances", "epci_service"} and row["epci_siren"] not in {
            str(actor) for actor in tables["sector_shares"]["epci_siren"]
        }:
            continue
        verdict = verify_programme({**tables, table: frame.drop(frame.index[at])}, asked)
        assert not verdict.holds, (table, at)
        assert verdict.say("fr") != verdict.say("en")


def test_a_zone_of_a_town_whose_sectors_are_rural_is_seen(plans):
    """A rural zone called a town's held: nothing looked at what kind a zone is."""
    asked, tables = asked_of("within"), plans["within"].tables()
    town = tables["zones"]["zone_id"].iloc[0]
    rural = tables["sectors"]["zone_id"].eq(town)
    sectors = tables["sectors"].assign(
        area_kind=tables["sectors"]["area_kind"].mask(rural, "rural")
    )
    verdict = verify_programme({**tables, "sectors": sectors}, asked)
    kinds = [b.message.say() for b in verdict.breaches if b.place == town]
    assert len(kinds) == 1
    assert "kind : ville_moyenne annoncé, rural d'après les autres tables" in kinds[0]


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("balances", "used", None),
        ("programme", "decision", "perhaps"),
        ("programme", "premises_count", None),
        ("programme_proof", "value", None),
        ("sector_shares", "sector_id", "22009-01"),
        ("costs", "cost_cents", None),
    ],
)
def test_what_cannot_be_counted_is_told_and_stops_nothing(plans, table, column, value):
    asked = asked_of("within")
    verdict = verify_programme(edit(plans["within"].tables(), table, column, value), asked)
    assert verdict.broken_rules == ("contract",)
    assert column in verdict.say()


def test_a_row_written_twice_is_told(plans):
    asked, tables = asked_of("within"), plans["within"].tables()
    for table in ("balances", "programme", "costs", "ballots", "decisions"):
        twice = pd.concat([tables[table], tables[table].iloc[[0]]], ignore_index=True)
        assert "contract" in verify_programme({**tables, table: twice}, asked).broken_rules


def test_a_share_of_no_epci_reads_back_as_nothing_and_holds():
    territory = given()
    shares = territory.sector_shares.copy()
    shares.loc[shares["sector_id"] == "35002-01", "epci_siren"] = ""
    asked = asked_of("any")
    tables = make_plan(replace(territory, sector_shares=shares), asked).tables()
    blank = tables["sector_shares"].copy()
    blank["epci_siren"] = blank["epci_siren"].astype("object").replace("", None)
    for frame in (shares, blank):
        verdict = verify_programme({**tables, "sector_shares": frame}, asked)
        assert verdict.holds, verdict.say()

"""Ballots of three forms: as they count, their contradictions, and the points that they give."""

import datetime as dt

import pandas as pd
import pytest
import shapely

from planner.ballots import sectors_sha256
from planner.concertation import count_ballots
from planner.export import write_plan
from planner.export.pabulib import election_to_pabulib, pabulib_text
from planner.io import parse_pabulib, read_table
from planner.io.finished import read_finished_plan, read_sector_shapes
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.schemas import contract
from planner.toy import toy_territory
from planner.verify import verify_programme
from planner.vocab import BallotForm
from planner.voting import (
    Approvals,
    Points,
    Ranking,
    concertation_election,
    count_votes,
    score_sectors,
)


def table(*rows):
    columns = ["epci_siren", "sector_id", "wish", "rank", "points", "approved"]
    frame = pd.DataFrame([(*row, None)[: len(columns)] for row in rows], columns=columns)
    frame["approved"] = frame["approved"].astype("boolean")
    for name in ("rank", "points"):
        frame[name] = frame[name].astype("Int64")
    return frame.assign(source="essai", synthetic=True)


def counted(ballots, territory=None):
    territory = territory or toy_territory()
    return count_ballots(
        epci=territory.epci, sectors=territory.sectors, sector_shares=territory.sector_shares,
        envelopes=territory.envelopes, ballots=ballots, deliberations=territory.deliberations,
    )  # fmt: skip


EPCI = "200000002"


def test_points_put_sectors_in_their_order():
    found = counted(
        table((EPCI, "22002-01", "scored", None, 3), (EPCI, "22002-02", "scored", None, 9))
    )
    ballot = found.ballots[EPCI]
    assert ballot.form is BallotForm.POINTS
    assert ballot.points == (("22002-01", 3), ("22002-02", 9))
    assert ballot.ranked == ((1, ("22002-02",)), (2, ("22002-01",)))


def test_approvals_share_the_first_rank():
    found = counted(
        table(
            (EPCI, "22002-01", "approved", None, None), (EPCI, "22002-02", "approved", None, None)
        )
    )
    ballot = found.ballots[EPCI]
    assert ballot.form is BallotForm.APPROVALS
    assert ballot.ranked == ((1, ("22002-01", "22002-02")),)
    assert not [f for f in found.findings if f.rule == "concertation.tied"]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (("ranked", 1, 5), "rank_and_points"),
        (("scored", 1, 5), "rank_and_points"),
        (("approved", 1, None), "rank_and_points"),
        (("approved", None, 2), "rank_and_points"),
        (("ranked", None, 5), "rank_and_points"),
        (("scored", None, None), "scored_without_points"),
        (("ranked", None, None), "ranked_without_rank"),
        (("refused", 3, None), "refused_and_asked"),
        (("refused", None, 5), "refused_and_asked"),
        (("refused", None, None, True), "refused_and_asked"),
        (("ranked", 1, None, True), "rank_and_points"),
        (("scored", None, 5, True), "rank_and_points"),
    ],
)
def test_a_wish_that_contradicts_itself_is_a_finding_and_does_not_count(row, rule):
    found = counted(table((EPCI, "22002-01", *row)))
    assert (found.ballots[EPCI].ranked, found.ballots[EPCI].refused) == ((), ())
    told = [f for f in found.findings if f.place == EPCI and f.rule == f"concertation.{rule}"]
    assert len(told) == 1
    assert "CC Toy-Nord-Est" in told[0].message.say() + told[0].remedy.say()


@pytest.mark.parametrize("rule", ["exact", "ranking_within_envelope"])
def test_a_refusal_that_has_a_rank_is_neither_for_the_planner_nor_for_its_judge(rule):
    toy = toy_territory()
    both = toy.ballots.assign(rank=toy.ballots["rank"].fillna(2))  # 35001-02 is refused, and second
    given = toy.with_tables(ballots=both)
    plan = make_plan(given, Scenario.from_dict({"name": "s", "programme": {"rule": rule}}))
    assert "concertation.refused_and_asked" in {f.rule for f in plan.findings}
    decided = plan.programme.table.set_index("sector_id")["decision"]
    assert decided["35001-02"] not in {"refused", "chosen"}
    assert verify_programme(plan.tables(), plan.scenario).breaches == ()


@pytest.mark.parametrize("rule", ["exact", "ranking_within_envelope"])
@pytest.mark.parametrize(
    "wishes",
    [
        [("22002-01", "ranked", 1, 5), ("22002-02", "refused", 2, None)],
        [
            ("22002-01", "ranked", 1, None),
            ("22002-02", "scored", None, 3),
        ],  # two forms: none counts
        [("22002-01", "ranked", None, None), ("22002-02", "refused", None, None, True)],
    ],
)
def test_a_sector_whose_wish_does_not_count_is_not_said_to_have_none(rule, wishes):
    toy = toy_territory()
    given = toy.with_tables(ballots=table(*((EPCI, *row) for row in wishes)))
    scenario = Scenario.from_dict({"name": "s", "programme": {"rule": rule}})
    plan = make_plan(given, scenario)
    reasons = plan.programme.table.set_index("sector_id")["reason"]
    for key in ("22002-01", "22002-02"):
        assert reasons[key].startswith("le vœu de CC Toy-Nord-Est se contredit")
    assert "ne l'a ni classé" in reasons["35001-01"]
    tables = plan.tables()
    assert verify_programme(tables, plan.scenario).breaches == ()
    silent = tables["programme"].assign(reason=reasons["35001-01"])
    broken = verify_programme({**tables, "programme": silent}, plan.scenario).breaches
    assert {b.place for b in broken} >= {"22002-01", "22002-02"}


@pytest.mark.parametrize("rule", ["exact", "ranking_within_envelope"])
def test_a_ballot_made_on_other_sectors_counts_for_neither_the_planner_nor_its_judge(rule):
    """The judge took its refusal of 35001-02 to hold, and refused the plan."""
    toy = toy_territory()
    now = sectors_sha256(toy.sectors, toy.sector_shares)
    stale = toy.ballots["epci_siren"] == "200000003"
    given = toy.with_tables(
        ballots=toy.ballots.assign(sectors_sha256=stale.map({True: "0" * 64, False: now}))
    )
    plan = make_plan(given, Scenario.from_dict({"name": "s", "programme": {"rule": rule}}))
    decided = plan.programme.table.set_index("sector_id")["decision"]
    assert decided["35001-02"] == "unranked"
    assert verify_programme(plan.tables(), plan.scenario).breaches == ()
    assert plan.programme.reasons["35001-02"].say("fr") == (
        "les vœux de CC Toy-Sud-Ouest ont été faits sur un autre découpage, et ne comptent pas"
    )
    wrong = plan.programme.table.copy()
    wrong.loc[wrong["sector_id"] == "35001-02", "reason"] = (
        "CC Toy-Sud-Ouest ne l'a ni classé, ni exigé, ni refusé"
    )
    (broken,) = verify_programme({**plan.tables(), "programme": wrong}, plan.scenario).breaches
    assert broken.place == "35001-02"


@pytest.mark.parametrize("rule", ["exact", "ranking_within_envelope"])
def test_what_is_written_tells_ballots_made_on_other_sectors_too(tmp_path, rule):
    """Read back without shapes, or with shapes kept otherwise, every ballot stood, or none did."""
    toy = toy_territory()
    parts = shapely.multipolygons(toy.sectors.geometry.to_numpy()[:, None])
    now = sectors_sha256(toy.sectors, toy.sector_shares)
    toy = toy.with_tables(sectors=toy.sectors.set_geometry(parts, crs=toy.sectors.crs))
    assert sectors_sha256(toy.sectors, toy.sector_shares) == now
    stale = toy.ballots["epci_siren"] == "200000003"
    signed = toy.ballots.assign(sectors_sha256=stale.map({True: "0" * 64, False: now}))
    asked = Scenario.from_dict({"name": "s", "programme": {"rule": rule}})
    write_plan(make_plan(toy.with_tables(ballots=signed), asked), tmp_path / "plan")
    found = read_finished_plan(tmp_path / "plan")
    tables = {**found.tables, **read_sector_shapes(tmp_path / "plan", found)}
    assert sectors_sha256(tables["sectors"], tables["sector_shares"]) == now
    assert verify_programme(tables, asked).breaches == ()
    decided = tables["programme"].copy()
    at = decided["sector_id"] == "35001-02"
    decided.loc[at, "reason"] = "refusé par CC Toy-Sud-Ouest"
    (broken,) = verify_programme({**tables, "programme": decided}, asked).breaches
    assert broken.place == "35001-02"


@pytest.mark.parametrize("state", ["pending", "absent"])
def test_a_day_of_vote_where_none_was_held_is_a_finding_and_no_late_vote(state):
    """It was left aside without a word, or told as a vote after the deadline."""
    toy = toy_territory()
    days = pd.to_datetime(["2017-10-02", "2019-01-07", "2017-12-04", None]).astype("datetime64[s]")
    given = toy.deliberations.assign(state=["voted", state, "voted", "pending"], on=days)
    found = count_ballots(
        epci=toy.epci, sectors=toy.sectors, sector_shares=toy.sector_shares,
        envelopes=toy.envelopes, ballots=toy.ballots, deliberations=given,
        deadline=dt.date(2018, 5, 16), contacts={EPCI: "Mme Morel"},
    ).findings  # fmt: skip
    own = {f.rule: f for f in found if f.place == EPCI}
    assert "concertation.late" not in own
    said = own["concertation.dated_undecided"]
    assert "7 janvier 2019" in said.message.say("fr")
    assert "Mme Morel" in said.remedy.say("fr")


def test_a_ballot_of_two_forms_counts_for_neither_but_keeps_what_is_refused():
    found = counted(
        table((EPCI, "22002-01", "ranked", 1, None), (EPCI, "22002-02", "approved", None, None),
              ("200000003", "35001-02", "refused", None, None))
    )  # fmt: skip
    assert found.ballots[EPCI].ranked == ()
    assert found.ballots["200000003"].refused == ("35001-02",)
    assert "concertation.mixed_forms" in {f.rule for f in found.findings}


def test_a_file_may_lack_the_column_of_points(tmp_path):
    path = tmp_path / "ballots.csv"
    head = "epci_siren,sector_id,wish,rank,source,synthetic\n"
    path.write_text(head + "200000002,22002-01,ranked,1,x,true\n", encoding="utf-8")
    read = read_table(path, "ballots").table
    assert read["points"].isna().all()
    assert counted(read).ballots[EPCI].ranked == ((1, ("22002-01",)),)
    lacking = read.drop(columns="points")
    contract("ballots").check(lacking)
    assert counted(lacking).ballots[EPCI] == counted(read).ballots[EPCI]
    assert contract("ballots").select(lacking)["points"].isna().all()


def test_points_of_sectors_by_hand():
    toy = toy_territory()
    found = counted(toy.ballots, toy)
    table = score_sectors(found, toy.sectors, toy.sector_shares)
    # two ranked: 2 points and 1; one ranked: 1; the fourth EPCI has not voted; halves
    assert table[["sector_id", "epci_siren", "points"]].to_numpy().tolist() == [
        ["22002-01", "200000002", 2], ["22002-02", "200000002", 4], ["35001-01", "200000003", 2],
    ]  # fmt: skip
    assert set(table["scale"]) == {2}
    total = score_sectors(found, toy.sectors, toy.sector_shares, rule="equal_total")
    assert total["points"].tolist() == [333_333, 666_667, 1_000_000]
    heavy = score_sectors(found, toy.sectors, toy.sector_shares, weights={"200000002": 3})
    assert heavy["points"].tolist() == [6, 12, 2]
    mixed = score_sectors(
        found, toy.sectors.iloc[::-1], toy.sector_shares.sample(frac=1, random_state=1)
    )
    pd.testing.assert_frame_equal(mixed, table)


def test_the_concertation_as_an_election_and_back():
    toy = toy_territory()
    found = counted(toy.ballots, toy)
    election = concertation_election(found, toy.sectors, toy.sector_shares)
    assert {v.voter_id: v.ballot for v in election.voters} == {
        "200000001": Ranking(()),
        "200000002": Ranking((("22002-02",), ("22002-01",))),
        "200000003": Ranking((("35001-01",),)),
    }
    assert election.budget == 0 + 6 + 4
    assert election.costs == {"22002-01": 4, "22002-02": 6, "35001-01": 4, "35001-02": 6}
    assert count_votes(election, rule="borda", ties="sector_id").selected == (
        "22002-01",
        "22002-02",
    )
    one = concertation_election(found, toy.sectors, toy.sector_shares, departement="35")
    assert [v.voter_id for v in one.voters] == ["200000003"]
    file = election_to_pabulib(
        election, description="d", unit="u", instance="2017", rule="ranking_within_envelope"
    )
    assert parse_pabulib(pabulib_text(file)).vote_type == "ordinal"
    other = counted(table((EPCI, "22002-01", "scored", None, 3)), toy)
    said = concertation_election(other, toy.sectors, toy.sector_shares).voters[1].ballot
    assert said == Points((("22002-01", 3),))
    other = counted(table((EPCI, "22002-01", "approved", None, None)), toy)
    said = concertation_election(other, toy.sectors, toy.sector_shares).voters[1].ballot
    assert said == Approvals(("22002-01",))


@pytest.mark.parametrize("rule", ["exact", "ranking_within_envelope"])
def test_points_of_zero_are_told_as_what_was_given_and_nobody_is_made_up_by_the_judge(rule):
    """It was said that the EPCI gave it nothing at all; an unknown EPCI was taken for Département 9."""
    toy = toy_territory()
    given = table(
        (EPCI, "22002-01", "scored", None, 0), (EPCI, "22002-02", "scored", None, 9),
        ("999999999", "22002-01", "scored", None, 3),
    )  # fmt: skip
    asked = Scenario.from_dict({"name": "s", "programme": {"rule": rule}})
    plan = make_plan(toy.with_tables(ballots=given), asked)
    assert verify_programme(plan.tables(), plan.scenario).breaches == ()
    said = plan.programme.reasons["22002-01"].say("fr")
    if rule == "exact":
        assert said == "CC Toy-Nord-Est lui donne 0 point : ce n'est pas le demander"
    else:  # last by its points, and all that is left of the envelope is too little
        assert "enveloppe" in said
    assert "999999999" in set(plan.tables()["balances"]["nom"])

"""A part of a territory: sectors shared out between the parts, what is across the border told."""

import pandas as pd
import pytest

from planner.ballots import sectors_sha256
from planner.errors import UnknownNameError
from planner.explain import explain_place, place_names
from planner.export.map import MapData
from planner.names import resolve_place
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory
from planner.vocab import Level
from planner.within import keep_within
from planner.zoning import join_zones

ASTRIDE = "200000002"  # here: Toy-Nord-Est in 22 and Toy-Sud-Est in 35


@pytest.fixture
def astride():
    """An EPCI in both départements, a zone across the border, and premises beyond it."""
    toy = toy_territory()
    communes = toy.communes.assign(
        epci_siren=toy.communes["epci_siren"].mask(toy.communes["insee"] == "35002", ASTRIDE)
    )
    sectors = toy.sectors.assign(
        epci_siren=toy.sectors["epci_siren"].mask(toy.sectors["insee"] == "35002", ASTRIDE),
        zone_id=toy.sectors["zone_id"].mask(toy.sectors["sector_id"] == "35001-01", "T1-VM-22001"),
    )
    zoning = join_zones(sectors, zones=toy.zones)
    shares = toy.sector_shares
    owner = shares["epci_siren"].mask(shares["sector_id"].str.startswith("35002"), ASTRIDE)
    premises = toy.premises.copy()
    # one premise of 22002-01 stands in the commune beyond the border
    first = premises.index[premises["sector_id"] == "22002-01"][0]
    premises["insee"] = premises["insee"].astype("str")
    premises.loc[first, "insee"] = "35002"
    here = toy.epci["siren"] != "200000004"
    return toy.with_tables(
        communes=communes, sectors=zoning.sectors, zones=zoning.zones, premises=premises,
        sector_shares=shares.assign(epci_siren=owner),
        epci=toy.epci[here].reset_index(drop=True),
        envelopes=toy.envelopes.query("epci_siren != '200000004'").assign(
            amount=pd.array([0, 7, 4], dtype="Int64")
        ),
        ballots=toy.ballots.query("epci_siren != '200000004'").reset_index(drop=True),
        deliberations=toy.deliberations.query("epci_siren != '200000004'"),
    )  # fmt: skip


def told(territory, rule):
    return {f.place: f for f in territory.findings if f.rule == rule}


def test_the_parts_share_out_sectors_premises_and_envelopes(astride):
    parts = [keep_within(astride, [code]) for code in ("22", "35")]
    for table, column in (
        ("sectors", "premises_count"), ("sector_shares", "premises_count"),
        ("premises", "premises_min"), ("zones", "premises_count"), ("envelopes", "amount"),
        ("envelopes", "med_credit_cents"),
    ):  # fmt: skip
        both = sum(getattr(part, table)[column].sum() for part in parts)
        assert both == getattr(astride, table)[column].sum(), table
    ids = [key for part in parts for key in part.sectors["sector_id"]]
    assert sorted(ids) == sorted(astride.sectors["sector_id"])
    assert {len(p.ballots) for p in parts} == {2}
    changes = pd.concat([p.state_changes for p in parts])
    assert len(changes) == len(astride.state_changes)


def test_what_is_across_the_border_is_named_with_what_counts(astride):
    north = keep_within(astride, ["22"])
    (epci,) = told(north, "prepare.part_epci").values()
    assert epci.place == ASTRIDE
    assert "10 de ses 20 lignes comptent ici, dans 2 de ses 4 secteurs" in epci.message.say("fr")
    # 7 lines over sectors of 4, 6, 4 and 6: 1.4, 2.1, 1.4, 2.1, the last one to 22002-01
    (envelope,) = told(north, "prepare.part_envelope_lines").values()
    assert envelope.message.say("en").startswith(f"envelope of CC Toy-Nord-Est ({ASTRIDE}): 4 of 7")
    assert north.envelopes.set_index("epci_siren").loc[ASTRIDE, "amount"] == 4
    (zone,) = told(north, "prepare.part_zone").values()
    assert "10 de ses 14 locaux" in zone.message.say("fr")
    assert north.zones["premises_count"].tolist() == [10]
    # the premise beyond the border goes with its sector, and its commune is known
    assert set(north.communes["insee"]) == {"22001", "22002", "35002"}
    assert len(north.premises) == 20
    south = keep_within(astride, ["35"])
    own = south.epci.set_index("siren").loc[ASTRIDE, "geometry"]
    assert own.equals(astride.communes.set_index("insee").loc["35002", "geometry"])


def test_a_given_envelope_is_not_shared_and_says_so(astride):
    north = keep_within(astride, ["22"], share_envelopes=False)
    assert north.envelopes.set_index("epci_siren").loc[ASTRIDE, "amount"] == 7
    assert set(told(north, "prepare.part_envelope_given")) == {ASTRIDE}
    assert not told(north, "prepare.part_envelope_lines")


def test_who_has_every_line_elsewhere_brings_nothing_here():
    toy = toy_territory()
    sectors = toy.sectors.assign(
        insee=toy.sectors["insee"].mask(toy.sectors["insee"] == "22002", "35001")
    )
    north = keep_within(toy.with_tables(sectors=sectors), ["22"])
    assert "22002" in set(north.communes["insee"])  # asked for
    assert "200000002" not in set(north.envelopes["epci_siren"])
    assert not north.epci.set_index("siren").loc["200000002", "public_premises"]


def test_signed_wishes_still_count_on_the_sectors_kept():
    toy = toy_territory()
    signature = sectors_sha256(toy.sectors, toy.sector_shares)
    signed = toy.ballots.assign(sectors_sha256=signature)
    signed.loc[signed["epci_siren"] == "200000003", "sectors_sha256"] = "0" * 64
    south = keep_within(toy.with_tables(ballots=signed), ["35"])
    mine = sectors_sha256(south.sectors, south.sector_shares)
    by_epci = south.ballots.groupby("epci_siren")["sectors_sha256"].unique()
    assert by_epci["200000004"].tolist() == [mine]
    assert by_epci["200000003"].tolist() == ["0" * 64]  # made on others, before and after


def test_a_part_is_planned_as_its_sectors_were_in_the_whole():
    """Without anything across the border, each EPCI is decided as in the whole."""
    toy = toy_territory()
    whole = make_plan(toy, Scenario.from_dict({})).programme.table.set_index("sector_id")["phase"]
    for code in ("22", "35"):
        plan = make_plan(keep_within(toy, [code]), Scenario.from_dict({}))
        own = plan.programme.table.set_index("sector_id")["phase"]
        assert own.to_dict() == whole[own.index].to_dict()
        names = plan.coverage.table.query("level == 'region'")["nom"]
        assert set(names) == {f"Toy {code}"}


def test_a_part_of_a_region_is_not_called_a_region():
    whole = toy_territory()
    for territory, called in (
        (whole, "Région"), (keep_within(whole, ["22"]), "Territoire étudié"),
        (keep_within(whole, ["22001", "22002"]), "Territoire étudié"),
    ):  # fmt: skip
        plan = make_plan(territory, Scenario.from_dict({}))
        tables = plan.tables()
        code, nom = (str(tables["region"][name].iloc[0]) for name in ("code", "nom"))
        said = explain_place(tables, level=Level.REGION, code=code).say("fr")
        assert said.startswith(f"{called} {nom} ({code})")
        assert MapData.from_plan(plan).kind("fr") == called
        place = resolve_place(place_names(tables), code, level=Level.REGION)
        assert place.say("fr") == f"{nom} ({called} {code})"
    assert MapData.from_plan(plan).kind("en") == "Territory studied"


def test_the_name_of_a_territory_that_is_one_place_means_that_place_and_tells_both():
    """Asked by the name of its only département, a part was refused as ambiguous with itself."""
    part = keep_within(toy_territory(), ["35"])
    asked = Scenario.from_dict({"name": "s", "programme": {"rule": "exact"}})
    tables = make_plan(part, asked).tables()
    found = resolve_place(place_names(tables), "toy 35")
    assert (found.level, found.code) == (Level.DEPARTEMENT, "35")
    told = explain_place(tables, level=found.level, code=found.code).say("fr").splitlines()
    whole = explain_place(tables, level=Level.REGION, code="53").say("fr").splitlines()
    assert told[0] == "Département Toy 35 (35)"
    assert told[1:] == whole[1:]
    phase_2 = tables["programme"].query("phase == '2'")["premises_count"]
    assert f"  • Phase 2 : {len(phase_2)} secteur(s), {phase_2.sum()} locaux" in told
    assert any("prouvé" in line for line in told)
    assert resolve_place(place_names(tables), "toy 35", level=Level.REGION).part
    both = keep_within(toy_territory(), ["22", "35"])
    tables = make_plan(both, asked).tables()
    told = explain_place(tables, level=Level.DEPARTEMENT, code="35").say("fr")
    assert "prouvé" not in told


def test_rows_of_other_sectors_and_findings_of_other_places_stay_behind():
    toy = toy_territory()
    values = pd.DataFrame(
        {
            "sector_id": ["22002-01", "35001-01", "nowhere"], "criterion": "c", "value": 1.0,
            "source": "s", "synthetic": True,
        }
    )  # fmt: skip
    north = keep_within(toy.with_tables(sector_values=values), ["200000001", "22002"])
    assert set(north.sector_values["sector_id"]) == {"22002-01", "nowhere"}  # strange ones are told
    assert north.title == "CC Toy-Nord-Ouest, Toy-Nord-Est"
    assert north.premises["sector_id"].cat.categories.tolist() == sorted(north.sectors["sector_id"])


def test_unknown_codes_are_refused():
    with pytest.raises(UnknownNameError, match="99999"):
        keep_within(toy_territory(), ["99999", "22"])

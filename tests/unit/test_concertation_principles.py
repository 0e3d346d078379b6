"""What a form states and signs: the regional principles, and the sectors it was made on."""

from planner.ballots import sectors_sha256
from planner.export.concertation import make_forms
from planner.scenario import Scenario


def test_the_signature_changes_with_the_sectors_and_with_nothing_else(toy):
    sectors, shares = toy.sectors, toy.sector_shares
    signature = sectors_sha256(sectors, shares)
    assert sectors_sha256(sectors.iloc[::-1], shares.iloc[::-1]) == signature
    assert sectors_sha256(sectors.assign(nom="autre"), shares) == signature
    more = shares.assign(premises_count=shares["premises_count"] + (shares.index == 3))
    assert sectors_sha256(sectors, more) != signature
    assert sectors_sha256(sectors.set_geometry(sectors.translate(0.2)), shares) != signature
    renamed = sectors.assign(sector_id=sectors["sector_id"].replace("35002-01", "35002-09"))
    assert sectors_sha256(renamed, shares) != signature


def test_the_regional_principles_stand_in_the_form(toy):
    def told(programme, lang="fr"):
        asked = Scenario.from_dict({"programme": programme})
        forms, _ = make_forms(toy, asked, lang=lang)
        return dict(forms[0].principles)

    assert told({})["Principe régional : choix des secteurs"].startswith("votre classement")
    exact = told(
        {"rule": "exact", "contiguity": "any_epci", "parity_tolerance_share": 0.1,
         "budget_eur": 1_000_000, "capacity_lines": {"region": 30, "35": 12}},
        "en",
    )  # fmt: skip
    assert "of any EPCI" in exact["Regional principle: contiguity"]
    assert "10" in exact["Regional principle: parity of rural and urban"]
    assert "1,000,000" in exact["Regional principle: budget of phase 2"]
    assert "30" in exact["Regional principle: capacity of phase 2"]

"""The bulletin in a real browser, where a ballot was received already."""

import pandas as pd
import pytest

from planner.bulletin import check_ballot, make_sheets, wishes_of
from planner.export.bulletin import bulletin_html, write_bulletins
from planner.scenario import Scenario
from tests.bulletin.test_page import rows_of

pytestmark = pytest.mark.browser


def test_the_ballot_received_can_be_started_from(open_page, toy, tmp_path):
    scenario = Scenario(name="toy", title="Carte jouet")
    paths = write_bulletins(tmp_path, toy, scenario)
    assert [path.name for path in paths] == [f"bulletin-20000000{k}.html" for k in range(1, 5)]
    page = open_page(paths[1])
    page.click("#connu")
    sheet = make_sheets(toy, scenario)["200000002"]
    known = wishes_of(sheet, toy.ballots)
    assert page.evaluate("planner.page.wishes.rows()") == rows_of(known)
    assert page.locator("#due").inner_text().replace("\u202f", " ") == "1 670 €"
    nothing = open_page(paths[0])  # all of it is in phase 1
    assert "rien à classer" in nothing.locator(".intro").inner_text()
    assert nothing.said == []


def test_a_ballot_that_contradicts_itself_is_shown_as_it_was_received(open_page, toy, tmp_path):
    """A refused sector with a rank, a required one too; then one refused with points."""
    scenario, west, east = Scenario(name="toy"), "22002-01", "22002-02"
    own = toy.ballots.iloc[:1].assign(epci_siren="200000002")
    both = pd.concat(
        [own.assign(sector_id=west, wish="required", rank=1),
         own.assign(sector_id=east, wish="refused", rank=2)], ignore_index=True
    )  # fmt: skip
    (path,) = write_bulletins(
        tmp_path / "rang", toy.with_tables(ballots=both), scenario, epci=["200000002"]
    )
    page = open_page(path)
    page.click("#connu")
    assert "est à la fois classé et refusé" in page.locator("#manques .grave").inner_text()
    assert "son rang ne compte pas" in page.locator("#positions").inner_text()
    sheet = make_sheets(toy, scenario)["200000002"]
    check = check_ballot(sheet, wishes_of(sheet, both))
    said = page.evaluate("planner.page.ballot().comes_to")
    assert (said["taken"], said["net_cents"]) == ([west], check.net_cents)
    assert said["broken"] == [{"rule": "contradiction", "place": east, "excess": None}]
    scored = both.assign(
        wish="refused", rank=pd.array([None] * 2, dtype="Int64"),
        points=pd.array([None, 4], dtype="Int64"),
    )  # fmt: skip
    (path,) = write_bulletins(
        tmp_path / "points", toy.with_tables(ballots=scored), scenario, epci=["200000002"]
    )
    page = open_page(path)
    page.click("#connu")
    nom = sheet.by_id[east].nom
    assert f"dit deux choses de ces secteurs ; dites ici ce qui vaut : {east} ({nom})" in page.locator("#fait").inner_text()  # fmt: skip
    assert page.evaluate("planner.page.wishes.rows()") == [
        {"sector_id": west, "rank": None, "stance": "refused"}
    ]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("scored", "donne des points à 2 secteur(s)"),
        ("approved", "approuve 2 secteur(s)"),
        ("elsewhere", "(2 vœu(x)) a été fait sur un autre découpage"),
    ],
)
def test_it_is_said_why_what_was_received_is_not_shown(open_page, toy, tmp_path, form, words):
    """Points and approvals were left out without a word, wishes on other sectors taken up."""
    own = toy.ballots[toy.ballots["epci_siren"] == "200000002"]
    none = pd.array([None] * len(own), dtype="Int64")
    given = {
        "scored": own.assign(wish="scored", rank=none, points=pd.array([3, 5], dtype="Int64")),
        "approved": own.assign(wish="approved", rank=none),
        "elsewhere": own.assign(sectors_sha256="0" * 64),
    }[form]
    scenario = Scenario(name="toy")
    toy = toy.with_tables(ballots=given)
    paths = write_bulletins(tmp_path, toy, scenario, epci=["200000002", "200000003"])
    page, other = (open_page(path) for path in paths)
    assert words in page.locator(".received").inner_text()
    assert page.locator("#connu").is_hidden()
    assert "ces formes" in page.locator(".rules").inner_text()
    assert other.locator(".received").count() == 0
    sheet = make_sheets(toy, scenario)["200000002"]
    assert paths[0].read_text(encoding="utf-8") == bulletin_html(sheet, toy, scenario)
    bare = open_page(paths[0], java_script_enabled=False)
    assert words in bare.locator(".received").inner_text()

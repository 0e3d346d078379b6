"""The département's advice: read, shown where a reader looks for it, binding nothing."""

import base64
import json
import re
import zlib

import pandas as pd
import pytest

from planner.bulletin import make_sheets
from planner.explain import advice_of_sectors, explain_place
from planner.export.bulletin import bulletin_html
from planner.export.map import MapData, map_html
from planner.plan import make_plan
from planner.quality import check_quality
from planner.scenario import Scenario
from planner.vocab import Level

ADVICE = [
    ("200000002", "22002-02", "against", "fourreaux <saturés>"),
    ("200000002", "22002-01", "favourable", None),
    ("200000003", "35001-02", "reserved", None),
]


def given(rows=ADVICE):
    table = pd.DataFrame(rows, columns=["epci_siren", "sector_id", "opinion", "remark"])
    return table.assign(source="jouet", synthetic=True)


@pytest.fixture
def advised(toy):
    return toy.with_tables(advice=given())


@pytest.fixture
def plan(advised):
    return make_plan(advised, Scenario(name="toy"))


def test_it_decides_nothing_and_what_goes_against_it_is_told(toy, advised, plan):
    alone = make_plan(toy, Scenario(name="toy"))
    assert plan.programme.table.equals(alone.programme.table)
    served = set(plan.programme.table.query("phase == '2'")["sector_id"])
    assert "22002-02" in served
    told = [f for f in plan.findings if f.rule == "concertation.against_advice"]
    assert [(f.place, f.count) for f in told] == [("200000002", 1)]
    assert "contre l'avis du département" in told[0].message.say()
    assert "against the advice" in told[0].message.say("en")
    assert not [f for f in alone.findings if f.rule == "concertation.against_advice"]
    # advice against a sector that stays out is followed
    kept = make_plan(toy.with_tables(advice=given([("200000003", "35001-02", "against", None)])),
                     Scenario(name="toy"))  # fmt: skip
    assert "35001-02" not in set(kept.programme.table.query("phase == '2'")["sector_id"])
    assert not [f for f in kept.findings if f.rule == "concertation.against_advice"]


def test_explanations_of_a_sector_and_of_an_epci_tell_it(plan):
    tables = plan.tables()
    assert len(tables["advice"]) == 3
    said = explain_place(tables, level=Level.SECTOR, code="22002-02")
    assert "avis du département : Défavorable (fourreaux <saturés>)" in said.say()
    assert "advice of the département: Against (fourreaux <saturés>)" in said.say("en")
    said = explain_place(tables, level=Level.SECTOR, code="22001-02")
    assert "avis" not in said.say()
    epci = explain_place(tables, level=Level.EPCI, code="200000002")
    assert "1 favorable(s), 0 réservé(s), 1 défavorable(s)" in epci.say()
    assert "1 favourable, 0 with reserves, 1 against" in epci.say("en")


def test_a_sector_of_two_epci_has_an_advice_for_each():
    rows = [("2", "a", "against", "non"), ("1", "a", "favourable", None)]
    assert advice_of_sectors(given(rows)) == {"a": "Favorable, pour 1 ; Défavorable, pour 2 (non)"}


def test_the_map_and_the_bulletin_show_it(advised, plan):
    page = map_html(MapData.from_plan(plan, lang="en"), lang="en")
    text = re.search(r'id="donnees"[^>]*>([^<]*)<', page).group(1)
    block = json.loads(zlib.decompress(base64.b64decode(text), -15))
    sectors = block["sectors"]
    words = dict(zip(sectors["code"], sectors["advice"], strict=True))
    assert words["22002-02"] == "Against (fourreaux <saturés>)"
    assert words["22001-01"] is None
    scenario = Scenario(name="toy")
    sheet = make_sheets(advised, scenario)["200000002"]
    html = bulletin_html(sheet, advised, scenario)
    assert "avis du département : Défavorable (fourreaux &lt;saturés&gt;)" in html
    # it is no part of what is signed
    assert (
        sheet.signature
        == make_sheets(advised.with_tables(advice=given([])), scenario)["200000002"].signature
    )


def test_advice_on_what_does_not_exist_is_found(toy):
    strange = toy.with_tables(advice=given([("200000002", "nowhere", "against", None)]))
    found = check_quality(strange)
    assert found.count("keys.orphan") == 1 + check_quality(toy).count("keys.orphan")

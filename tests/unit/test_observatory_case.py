"""The regulator's observatory of 31 March 2018: known totals, known differences, known excesses."""

import datetime as dt
import json
from pathlib import Path

import pandas as pd
import pytest

from planner.coverage import TotalsCause, measure_coverage_from_counts, reconcile_totals
from planner.io import read_observatory, read_observatory_epci
from planner.schemas import contract
from planner.vocab import Level

DATA = Path(__file__).parents[2].parent / "shared" / "data"
ARCEP = DATA / "arcep-observatoire-2018t1"
REDON, CAP_ATLANTIQUE = "243500741", "244400610"

pytestmark = pytest.mark.skipif(not ARCEP.is_dir(), reason="shared observatory data not here")


@pytest.fixture(scope="module")
def counts():
    return read_observatory(
        ARCEP / "communes_bretagne.csv", ARCEP / "ftth_communes_bretagne.csv", quarter="2018-T1"
    )


@pytest.fixture(scope="module")
def published():
    return read_observatory_epci(
        ARCEP / "epci_bretagne.csv", ARCEP / "ftth_epci_bretagne.csv", quarter="2018-T1"
    ).rename(columns={"siren": "code"})


@pytest.fixture(scope="module")
def measured(counts, published):
    names = pd.concat(
        [
            pd.DataFrame({"level": ["region"], "code": ["53"], "nom": ["Bretagne"]}),
            published[["code", "nom"]].assign(level="epci"),
            counts[["insee", "nom"]].rename(columns={"insee": "code"}).assign(level="commune"),
        ]
    )
    return measure_coverage_from_counts(
        counts, names, on=dt.date(2018, 3, 31), source="ARCEP, INSEE", vintage=2018
    )


def beyond_region():
    path = DATA / "etalab-decoupage-administratif" / "epci_bretagne_2019_v0.3.0.json"
    epci = json.loads(path.read_text(encoding="utf-8"))
    return [
        e["code"]
        for e in epci
        if any(m["code"][:2] not in {"22", "29", "35", "56"} for m in e["membres"])
    ]


def test_totals_are_the_published_ones(measured):
    contract("coverage").check(measured.table)
    region = measured.at(Level.REGION).iloc[0]
    assert (region["premises_count"], region["serviceable_count"]) == (1_949_859, 391_239)
    assert region["private_count"] == 789_051
    assert region["coverage_rate"] == 391_239 / 1_949_859
    departements = measured.at(Level.DEPARTEMENT)
    assert departements.set_index("code")["premises_count"].to_dict() == {
        "22": 374_399, "29": 553_420, "35": 551_164, "56": 470_876,
    }  # fmt: skip
    assert departements["serviceable_count"].tolist() == [44_482, 129_026, 136_157, 81_574]
    assert departements["private_count"].tolist() == [81_724, 206_024, 304_808, 196_495]
    assert {level.value: len(measured.at(level)) for level in Level} == {
        "region": 1, "departement": 4, "epci": 60, "commune": 1232, "zone": 0, "sector": 0,
    }  # fmt: skip


def test_what_counts_cannot_tell_is_null_not_zero(measured):
    known = {"premises_count", "premises_max_count", "private_count", "serviceable_count"}
    known.add("denominator_count")
    for name in contract("coverage").column_names:
        if name.endswith("_count") and name not in known:
            assert measured.table[name].isna().all(), name


def test_every_difference_with_the_regulators_own_table_has_its_cause(measured, published):
    beyond = beyond_region()
    assert sorted(beyond) == [REDON, CAP_ATLANTIQUE]
    done = reconcile_totals(measured.table, published, beyond_region=beyond)
    assert len(done.findings) == 0
    premises = done.table[done.table["figure"] == "premises"].set_index("code")
    assert premises["cause"].value_counts().to_dict() == {
        TotalsCause.ROUNDING: 38, TotalsCause.EQUAL: 20, TotalsCause.BEYOND_REGION: 2,
    }  # fmt: skip
    rounded = premises.loc[premises["cause"] == TotalsCause.ROUNDING, "difference"].abs()
    assert (rounded.min(), rounded.max()) == (1, 4)
    assert premises.loc[REDON, "difference"] == 11_237
    assert premises.loc[CAP_ATLANTIQUE, "difference"] == 68_070
    serviceable = done.table[done.table["figure"] == "serviceable"].set_index("code")
    other = serviceable[serviceable["cause"] != TotalsCause.EQUAL]
    assert other["difference"].to_dict() == {CAP_ATLANTIQUE: 3_160}
    assert other["cause"].tolist() == [TotalsCause.BEYOND_REGION]


def test_without_the_reason_the_difference_is_a_finding(measured, published):
    done = reconcile_totals(measured.table, published)
    found = {(f.rule, f.place, f.count) for f in done.findings}
    assert found == {
        ("coverage.unexplained_premises", REDON, 11_237),
        ("coverage.unexplained_premises", CAP_ATLANTIQUE, 68_070),
        ("coverage.unexplained_serviceable", CAP_ATLANTIQUE, 3_160),
    }


def test_the_23_communes_above_100_percent_are_found(measured):
    over = [f for f in measured.findings if f.rule == "coverage.over_100"]
    communes = [f for f in over if dict(f.values)["level"] is Level.COMMUNE]
    assert len(communes) == 23
    redon = next(f for f in communes if f.place == "35236")
    assert redon.count == 5_641 - 5_483
    words = redon.message.say("fr")
    assert "Redon (35236)" in words
    assert "5\u202f641" in words
    assert "5\u202f483" in words
    assert "dénominateur" in redon.remedy.say("fr")
    rate = measured.rate(Level.COMMUNE, "35236")
    assert rate.is_over_100
    assert rate.value == 5_641 / 5_483


def test_the_epci_codes_are_those_of_the_region(measured):
    path = DATA / "geobretagne-epci" / "epci_bretagne_2017.geojson"
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    codes = sorted(f["properties"]["code_geo"] for f in features)
    assert measured.at(Level.EPCI)["code"].tolist() == codes


def test_an_unknown_count_makes_its_sums_unknown(counts):
    missing = counts.astype({"serviceable_count": "Int64"})
    missing.loc[missing["insee"] == "22001", "serviceable_count"] = pd.NA
    names = pd.DataFrame({"level": ["region"], "code": ["53"], "nom": ["Bretagne"]})
    found = measure_coverage_from_counts(
        missing, names, on=dt.date(2018, 3, 31), source="ARCEP", vintage=2018
    )
    departements = found.at(Level.DEPARTEMENT).set_index("code")["serviceable_count"]
    assert departements.isna().to_dict() == {"22": True, "29": False, "35": False, "56": False}
    assert found.rate(Level.REGION, "53").value is None
    assert pd.isna(found.at(Level.REGION)["coverage_rate"].iloc[0])
    assert departements["29"] == 129_026

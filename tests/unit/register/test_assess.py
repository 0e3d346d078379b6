"""Requests of Axe 3 before the written rules, by hand on the toy territory."""

import datetime as dt
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import ScenarioError
from planner.io.register_rules import read_register_rules
from planner.register import (
    PlannedFibre,
    Supports,
    assess_requests,
    compare_assessments,
    find_duplicates,
    requests_past_retention,
)
from planner.register._assess import quarter_end
from planner.schemas import contract
from planner.toy import toy_territory

ON = dt.date(2019, 1, 1)
RULES = read_register_rules()
# the western sector of Toy-Nord-Est, and the eastern one
WEST, EAST = (304_500.0, 6_805_000.0), (307_500.0, 6_805_000.0)


def request(number, place=WEST, **changes):
    values = {
        "request_id": f"R{number:016x}", "kind": "business",
        "received_on": dt.datetime(2018, 12, 1), "x_m": place[0], "y_m": place[1], "insee": None,
        "supply_evidence": "operator_reply", "supply_on": dt.datetime(2018, 11, 2),
        "supply_mbps": 8.0, "synthetic": True,
    }  # fmt: skip
    return values | changes


def table(*rows):
    frame = pd.DataFrame(list(rows), columns=list(contract("requests").column_names))
    for name in ("received_on", "supply_on"):
        frame[name] = pd.to_datetime(frame[name])
    for name in ("x_m", "y_m", "supply_mbps"):
        frame[name] = frame[name].astype("float64")
    for name in ("kind", "insee", "supply_evidence"):
        frame[name] = frame[name].astype("str")
    return frame


def people(*rows):
    names = list(contract("request_contacts").column_names)
    return pd.DataFrame([{n: r.get(n) for n in names} for r in rows], columns=names).astype("str")


def plan_of(quarters, toy=None, **more):
    toy = toy or toy_territory()
    schedule = pd.DataFrame(
        {"sector_id": list(quarters), "quarter": list(quarters.values())}, dtype="str"
    )
    return PlannedFibre(
        name="jouet", communes=toy.communes, sectors=toy.sectors, schedule=schedule, **more
    )


def sector_at(place):
    sectors = toy_territory().sectors
    return str(sectors.loc[sectors.contains(shapely.Point(place)), "sector_id"].iloc[0])


LATE = {sector_at(EAST): "2019-T2", sector_at(WEST): "2024-T1"}


def only(frame, **more):
    got = assess_requests(frame, plan=plan_of(LATE), rules=RULES, on=ON, **more)
    contract("request_assessments").check(got.assessments)
    contract("request_reasons").check(got.reasons)
    return got


def answer(frame, **more):
    return only(frame, **more).assessments["eligibility"].tolist()


def test_a_business_far_from_fibre_and_without_supply_is_eligible_and_priced():
    got = only(table(request(1)))
    row = got.assessments.iloc[0]
    assert row["eligibility"] == "eligible"
    assert row["planned_quarter"] == "2024-T1"
    toy = toy_territory()
    soon = toy.sectors.set_index("sector_id").geometry[sector_at(EAST)]
    metres = soon.distance(shapely.Point(WEST)) * 1.4
    assert row["distance_m"] == pytest.approx(metres, abs=0.01)
    assert row["along_network"] == False  # noqa: E712 (a nullable boolean)
    fibre = 150_000 + round(metres * 2_500)
    assert row["cost_cents"] == min(fibre, 1_200_000)
    assert row["solution"] == ("wireless" if fibre > 1_200_000 else "dedicated_fibre")
    assert len(got.reasons) == 4
    assert got.reasons["ask"].isna().all()


@pytest.mark.parametrize(
    ("changes", "place", "expected", "rule", "words"),
    [
        ({"kind": "individual"}, WEST, "not_eligible", "kind", "Particulier"),
        ({"kind": None}, WEST, "undecided", "kind", "nature du demandeur"),
        ({}, (1.0, 1.0), "not_eligible", "place", "hors du territoire"),
        ({"x_m": None}, WEST, "undecided", "place", "ni coordonnées"),
        ({}, EAST, "not_eligible", "planned", "2019-T2"),
        ({"supply_evidence": None}, WEST, "undecided", "supply", "preuve"),
        ({"supply_mbps": None}, WEST, "undecided", "supply", "débit"),
        ({"supply_on": dt.datetime(2019, 1, 2)}, WEST, "undecided", "supply", "après le jour"),
        ({"supply_on": dt.datetime(2018, 1, 1)}, WEST, "undecided", "supply", "12 mois"),
        ({"supply_on": dt.datetime(2018, 1, 2)}, WEST, "eligible", "supply", "sous le seuil"),
        ({"supply_mbps": 30.0}, WEST, "not_eligible", "supply", "offre privée de 30,0"),
        ({"supply_mbps": 0.0}, WEST, "eligible", "supply", "0,0 Mbit/s"),
    ],
)
def test_each_rule_answers_with_its_reason(changes, place, expected, rule, words):
    got = only(table(request(1, place, **changes)))
    assert got.assessments["eligibility"].tolist() == [expected]
    said = got.reasons.set_index("rule").loc[rule]
    assert said["eligibility"] == expected
    assert words in said["reason"]
    assert isinstance(said["ask"], str) == (expected == "undecided")


def test_no_prevails_over_not_yet_and_every_reason_stays():
    got = only(table(request(1, kind="individual", supply_mbps=None)))
    assert got.assessments["eligibility"].tolist() == ["not_eligible"]
    assert set(got.reasons["eligibility"]) == {"not_eligible", "undecided", "eligible"}


def test_the_plan_decides_the_term():
    frame = table(request(1))
    key = sector_at(WEST)
    for quarter, expected in (("2021-T4", "not_eligible"), ("2022-T1", "eligible")):
        got = assess_requests(frame, plan=plan_of({key: quarter}), rules=RULES, on=ON)
        assert got.assessments["eligibility"].tolist() == [expected]
    opened = plan_of({"other": "2019-T1"}, opened=frozenset({key}))
    got = assess_requests(frame, plan=opened, rules=RULES, on=ON)
    assert "déjà ouvert" in " ".join(got.reasons["reason"])
    assert got.assessments["eligibility"].tolist() == ["not_eligible"]
    undated = assess_requests(frame, plan=plan_of({}), rules=RULES, on=ON)
    assert undated.assessments["eligibility"].tolist() == ["undecided"]


def test_a_private_commune_is_asked_about_not_guessed():
    toy = toy_territory()
    toy.communes["regulatory_zone"] = "l33_13"
    got = assess_requests(table(request(1)), plan=plan_of(LATE, toy), rules=RULES, on=ON)
    assert got.assessments["eligibility"].tolist() == ["undecided"]
    assert "opérateur engagé" in " ".join(got.reasons["ask"].dropna())


def test_a_duplicate_names_the_first_and_a_neighbour_is_none():
    frame = table(
        request(1, received_on=dt.datetime(2018, 12, 5)),
        request(2, (WEST[0] + 30, WEST[1]), received_on=dt.datetime(2018, 12, 1)),
        request(3, (WEST[0] + 10, WEST[1])),
        request(4, (WEST[0] + 500, WEST[1])),
    )
    who = people(
        {"request_id": frame["request_id"][0], "organisation": "École Jules-Ferry"},
        {"request_id": frame["request_id"][1], "organisation": "ecole jules ferry"},
        {"request_id": frame["request_id"][2], "organisation": "Menuiserie"},
        {"request_id": frame["request_id"][3], "organisation": "École Jules-Ferry"},
    )
    assert find_duplicates(frame, who, within_m=50) == {
        frame["request_id"][0]: frame["request_id"][1]
    }
    assert answer(frame, contacts=who) == ["undecided", "eligible", "eligible", "eligible"]


def test_nothing_personal_is_in_a_result():
    who = people({"request_id": request(1)["request_id"], "organisation": "Zyxw SARL"})
    got = only(table(request(1)), contacts=who)
    assert "Zyxw" not in got.assessments.to_csv() + got.reasons.to_csv()


def test_distance_follows_the_supports_to_the_network():
    # an L of two ways, the second one leads to the network: 60 m aside + 100 + 300 by hand
    lines = [
        shapely.LineString([(0, 0), (100, 0)]),
        shapely.LineString([(100, 0), (100, 300)]),
        shapely.LineString([(100, 300), (400, 300)]),
        shapely.LineString([(5_000, 0), (5_100, 0)]),
    ]
    ways = gpd.GeoDataFrame({"edge_id": ["a", "b", "c", "z"]}, geometry=lines, crs=2154)
    supports = Supports(ways=ways, routes=pd.DataFrame({"edge_id": ["c"]}))
    from planner.register._distance import distance_along

    got = distance_along(
        supports, np.array([0.0, 250.0, 40.0, 5_050.0]), np.array([60.0, 310.0, -5.0, 1.0])
    )
    assert got[:3].tolist() == pytest.approx([460.0, 10.0, 5 + 60 + 300])
    assert np.isnan(got[3])  # no support leads from there to the network


def test_a_cost_measured_along_supports_says_so():
    x, y = WEST
    ways = gpd.GeoDataFrame(
        {"edge_id": ["a", "b"]},
        geometry=[shapely.LineString([(x, y + 10), (x + 100, y + 10)]),
                  shapely.LineString([(x + 100, y + 10), (x + 200, y + 10)])],
        crs=2154,
    )  # fmt: skip
    got = only(
        table(request(1)), supports=Supports(ways=ways, routes=pd.DataFrame({"edge_id": ["b"]}))
    )
    row = got.assessments.iloc[0]
    assert (row["distance_m"], bool(row["along_network"])) == (110.0, True)
    assert (row["solution"], row["cost_cents"]) == ("dedicated_fibre", 150_000 + 275_000)


@given(st.integers(2000, 2040), st.integers(1, 4))
def test_a_quarter_ends_on_its_last_day(year, number):
    end = quarter_end(f"{year}-T{number}")
    assert (end.year, (end.month - 1) // 3 + 1) == (year, number)
    assert (end + dt.timedelta(days=1)).day == 1
    assert end.month % 3 == 0


def generated(count, seed=7):
    random = np.random.default_rng(seed)
    kinds = ["business", "education", "research", "public_service", "individual", None]
    rates = [None, 0.0, 8.0, 40.0]
    return table(
        *(
            request(
                i, (299_000 + 10_000 * random.random(), 6_799_000 + 10_000 * random.random()),
                kind=kinds[random.integers(6)], supply_mbps=rates[random.integers(4)],
            )
            for i in range(count)
        )
    )  # fmt: skip


@settings(max_examples=12)
@given(st.data())
def test_a_changed_plan_lists_exactly_the_changed_answers(data):
    frame = generated(40)
    keys = toy_territory().sectors["sector_id"].astype(str).tolist()
    when = st.sampled_from([None, "2019-T1", "2021-T4", "2022-T1", "2026-T3"])
    plans = [
        {k: q for k in keys if (q := data.draw(when)) is not None} for _ in range(2)
    ]  # fmt: skip
    one, two = (
        assess_requests(frame, plan=plan_of(p), rules=RULES, on=ON).assessments for p in plans
    )
    listed = set(compare_assessments(one, two)["request_id"])
    both = one.astype("object").fillna("∅").ne(two.astype("object").fillna("∅")).any(axis=1)
    assert listed == set(one.loc[both, "request_id"])
    assert compare_assessments(one, one).empty


def test_row_order_never_matters():
    frame = generated(80)
    mixed = frame.sample(frac=1, random_state=3)
    one, two = only(frame), only(mixed)
    pd.testing.assert_frame_equal(one.assessments, two.assessments)
    pd.testing.assert_frame_equal(one.reasons, two.reasons)


def test_ten_thousand_requests_are_each_answered():
    frame = generated(10_000)
    got = only(frame)
    assert len(got.assessments) == 10_000
    assert sum(got.summary().values()) == 10_000
    assert set(got.reasons["request_id"]) == set(frame["request_id"])


def test_retention_counts_from_the_last_event_that_isn_t_ours():
    journal = pd.DataFrame(
        {
            "event_id": [1, 2, 3, 4, 5],
            "request_id": ["A", "A", "B", "C", "C"],
            "event": ["received", "assessed", "received", "received", "erased"],
            "on": pd.to_datetime(
                ["2014-02-28", "2018-01-01", "2014-03-02", "2010-01-01", "2011-01-01"]
            ),
        }
    )
    assert requests_past_retention(journal, on=dt.date(2019, 3, 1), years=5) == ("A",)


def test_the_rules_name_what_is_wrong_with_them(tmp_path):
    file = tmp_path / "rules.toml"
    file.write_text("[term_years]\nvalue = 3\n[nonsense]\nvalue = 1\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="nonsense"):
        read_register_rules(file)
    file.write_text("no toml", encoding="utf-8")
    with pytest.raises(ScenarioError, match="TOML"):
        read_register_rules(file)
    assert "term_years" in RULES.synthetic
    assert "supply_threshold_mbps" not in RULES.synthetic
    stricter = replace(RULES, supply_threshold_mbps=5)
    got = assess_requests(table(request(1)), plan=plan_of(LATE), rules=stricter, on=ON)
    assert got.assessments["eligibility"].tolist() == ["not_eligible"]

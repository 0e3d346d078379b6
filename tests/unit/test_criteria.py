"""Criteria by hand on the toy territory, off where an input is missing, exact marks, cross-checks."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.cost import estimate_cost
from planner.criteria import (
    MEASURES,
    PPM,
    adsl_kbps,
    attenuation_db,
    copper_kbps,
    cross_check,
    marks_of,
    measure_criteria,
    prefer,
    share_out,
    vdsl2_kbps,
)
from planner.errors import RuleError, ScenarioError
from planner.io import read_public_sites
from planner.scenario import CopperFormula, CriteriaRules, CriterionRule, Scenario
from planner.schemas import contract
from planner.toy import toy_territory

COPPER = CopperFormula()
OPEN = ["22002-01", "22002-02", "35001-01", "35001-02", "35002-01", "35002-02"]
WEST, SOUTH = 300_000.0, 6_800_000.0


def test_adsl_is_the_regulators_table():
    table = {5: 23_912, 10: 23_174, 20: 17_836, 30: 10_357, 40: 5_379, 50: 2_816, 60: 1_524, 70: 838,
             78: 512, 78.01: 0}  # fmt: skip
    assert adsl_kbps(list(table), rules=COPPER).tolist() == list(table.values())


def test_vdsl2_is_the_regulators_table_and_ends_at_18_db():
    assert vdsl2_kbps([5, 10, 17.999, 18], rules=COPPER).tolist()[:2] == [49_083, 32_233]
    assert vdsl2_kbps([17.999, 18], rules=COPPER).tolist()[1] == 0


def test_attenuation_by_hand():
    # 8 − 3 + (1 000 × 1.41421356 + 100) × 0.015
    assert attenuation_db(1000.0, 8.0, rules=COPPER) == pytest.approx(5 + 1514.213562 * 0.015)
    assert attenuation_db(0.0, 0.0, rules=COPPER) == 0.0  # never under zero


@settings(max_examples=100, deadline=None)
@given(st.floats(0, 8_000), st.floats(0, 8_000), st.floats(0, 40), st.booleans())
def test_a_longer_line_is_never_faster(one, other, cabinet, vdsl2):
    near, far = copper_kbps(sorted((one, other)), cabinet, vdsl2, rules=COPPER).tolist()
    assert near >= far >= 0


def cabinets(*rows):
    frame = pd.DataFrame(rows, columns=["cabinet_id", "x_m", "y_m", "attenuation_db", "vdsl2"])
    return frame.assign(source="essai", synthetic=False)


def sites(*rows):
    frame = pd.DataFrame(rows, columns=["site_id", "x_m", "y_m"])
    return frame.assign(nom=frame["site_id"], kind="Ecole", source="essai", synthetic=False)


def rules(*names, **weights):
    each = {name: CriterionRule(weight=1) for name in names}
    each |= {name: CriterionRule(weight=weight) for name, weight in weights.items()}
    return CriteriaRules(each=each)


def values(table, name):
    rows = table.table[table.table["criterion"] == name]
    return dict(zip(rows["sector_id"], rows["value"], strict=True))


def test_share_under_by_hand():
    # one cabinet at the centre: premises of the four inner halves are near, the outer ones far
    toy = toy_territory().with_tables(
        cabinets=cabinets(("c", WEST + 4_000, SOUTH + 4_000, 20.0, True)),
        zones=toy_territory().zones,
    )
    found = measure_criteria(toy, rules=rules("under_8_mbps"))
    assert found.active == ("under_8_mbps",)
    premises = toy.premises[toy.premises["sector_id"].isin(OPEN)]
    distance = np.hypot(premises["x_m"] - WEST - 4_000, premises["y_m"] - SOUTH - 4_000)
    loss = 20 - 3 + (distance * 2**0.5 + 100) * 15 / 1000
    speed = -0.2928109 + 24.2928109 / (1 + (loss / 27.81209) ** 3.271444)
    slow = ((speed < 8) | (loss > 78)).groupby(premises["sector_id"].astype(str)).mean()
    assert values(found, "under_8_mbps") == pytest.approx(slow.to_dict())
    assert 0 < sum(slow) < 6


def test_counts_and_lengths_by_hand():
    toy = toy_territory().with_tables(
        public_sites=sites(
            ("a", WEST + 5_000, SOUTH + 5_000), ("b", WEST + 5_500, SOUTH + 5_000),
            ("c", WEST + 500, SOUTH + 500), ("outside", WEST - 500, SOUTH + 500),
        )
    )  # fmt: skip
    # the zone's sectors are urban; were they rural, half of the rural premises of 22 would be served
    toy = toy.with_tables(sectors=toy.sectors.assign(area_kind="rural"))
    asked = rules(
        "businesses", "public_sites", "contiguity", "town_country_balance", "cost_per_line"
    )
    costs = estimate_cost(toy.sectors, prices=toy.prices, on=pd.Timestamp("2018-01-01").date())
    found = measure_criteria(toy, rules=asked, costs=costs)
    assert not found.off
    assert values(found, "businesses") == dict.fromkeys(OPEN, 1.0)
    assert values(found, "public_sites") == {
        "22002-01": 2, "22002-02": 0, "35001-01": 1, "35001-02": 0, "35002-01": 0, "35002-02": 0,
    }  # fmt: skip
    # the zone is the north-west square: its eastern side is 4 km, its southern side 2 km a half
    assert values(found, "contiguity") == {
        "22002-01": 4_000, "22002-02": 0, "35001-01": 2_000, "35001-02": 2_000, "35002-01": 0,
        "35002-02": 0,
    }  # fmt: skip
    assert values(found, "town_country_balance") == {
        **dict.fromkeys(OPEN[:2], 0.5), **dict.fromkeys(OPEN[2:], 1.0),
    }  # fmt: skip
    # 4 premises on 8 km² are sparse (2 000 €), 6 are dense (1 000 €)
    assert values(found, "cost_per_line") == {
        key: 2_000.0 if key.endswith("01") else 1_000.0 for key in OPEN
    }  # fmt: skip
    marks = found.matrix()
    assert marks.loc["22002-02", "cost_per_line"] == 1.0  # the cheaper comes first
    assert marks.loc["22002-01", "contiguity"] == 1.0
    assert (marks["businesses"] == 0).all()  # all alike: nobody is told apart
    for name in ("criteria", "criteria_scores"):
        contract(name).check(found.table if name == "criteria" else found.scores)
    assert found.scores["score_ppm"].tolist() == [
        int(found.table.loc[found.table["sector_id"] == key, "contribution_ppm"].sum()) for key in OPEN
    ]  # fmt: skip
    assert found.table["synthetic"].all()  # the toy's sectors are made up


def test_a_criterion_that_misses_somewhere_is_off_everywhere_and_says_where():
    toy = toy_territory()
    toy.premises["kind"] = toy.premises["kind"].where(toy.premises["premise_id"] != "35002-01-1")
    toy = toy.with_tables(public_sites=sites(("a", WEST + 5_000, SOUTH + 5_000)))
    found = measure_criteria(
        toy, rules=rules("under_8_mbps", "businesses", "public_sites", "cost_per_line", "tourism")
    )
    assert found.active == ()
    assert {name: missing.where for name, missing in found.off.items()} == {
        "under_8_mbps": "22, 35", "businesses": "35", "public_sites": "35",
        "cost_per_line": "22, 35", "tourism": "22, 35",
    }  # fmt: skip
    words = {finding.place: finding.message.say() for finding in found.findings}
    assert words["public_sites"] == (
        "critère « sites publics (écoles, santé, services) » hors jeu dans toute la région : "
        "aucun site public n'est connu dans des départements (35)"
    )
    assert "la nature de 1 local" in words["businesses"]
    assert found.table.empty
    assert found.scores.empty


def test_a_departement_with_strangely_few_public_sites_is_not_covered():
    toy = toy_territory()
    people = toy.communes.groupby("departement")["population"].sum()
    best = 6 * int(people["22"])
    west = [(f"w{k}", WEST + 4_100 + k, SOUTH + 5_000) for k in range(best)]
    asked = rules("public_sites", "businesses")

    def measured(count, **more):
        east = [(f"e{k}", WEST + 500 + k, SOUTH + 500) for k in range(count)]
        table = sites(*west, *east)
        told = asked.model_copy(update=more)
        return measure_criteria(toy.with_tables(public_sites=table), rules=told)

    least = -(-best * int(people["35"]) // (5 * int(people["22"])))  # a fifth, rounded up
    assert measured(least).active == ("businesses", "public_sites")
    found = measured(least - 1)
    assert found.active == ("businesses",)  # off in the whole region, and its weight goes on
    said = next(f.message for f in found.findings if f.place == "public_sites")
    assert f"35 ({least - 1})" in said.say()
    assert "20,0\u202f% des sites publics" in said.say()
    assert measured(1, public_sites_share=Decimal(0)).active == ("businesses", "public_sites")


def test_a_cabinet_too_far_is_a_cabinet_missing():
    toy = toy_territory().with_tables(cabinets=cabinets(("c", WEST, SOUTH, 5.0, False)))
    asked = rules("under_3_mbps").model_copy(update={"cabinet_reach_m": 7_500})
    found = measure_criteria(toy, rules=asked)
    assert found.off["under_3_mbps"].where == "22, 35"
    near = asked.model_copy(update={"cabinet_reach_m": 12_000})
    assert measure_criteria(toy, rules=near).active == ("under_3_mbps",)


def test_without_any_network_there_is_no_contiguity():
    toy = toy_territory()
    bare = toy.with_tables(sectors=toy.sectors.assign(zone_id=None), zones=toy.zones.iloc[:0])
    assert "contiguity" in measure_criteria(bare, rules=rules("contiguity")).off


def test_a_criterion_of_the_users_own():
    table = pd.DataFrame(
        {"sector_id": OPEN, "criterion": "tourism", "value": [5.0, 0, 10, 2.5, 0, 1]}
    )
    toy = toy_territory().with_tables(sector_values=table.assign(source="office", synthetic=False))
    own = CriterionRule(
        weight=1, normalise="thresholds", low=0.0, high=5.0, unit="k€", source="office"
    )
    found = measure_criteria(toy, rules=CriteriaRules(each={"tourism": own}))
    assert found.table["normalised_ppm"].tolist() == [PPM, 0, PPM, PPM // 2, 0, PPM // 5]
    assert found.table["unit"].unique().tolist() == ["k€"]
    lower = CriterionRule(weight=1, higher_first=False)
    found = measure_criteria(toy, rules=CriteriaRules(each={"tourism": lower}))
    assert found.table["normalised_ppm"].tolist() == [500_000, PPM, 0, 750_000, PPM, 900_000]


def test_the_weight_of_what_is_off_goes_to_the_others():
    found = measure_criteria(
        toy_territory(), rules=rules(contiguity=2, businesses=1, public_sites=5)
    )
    assert found.weights() == {"businesses": 333_333, "contiguity": 666_667}
    assert "public_sites" in found.off


def test_default_weights_say_that_they_are_an_example():
    found = measure_criteria(toy_territory(), rules=CriteriaRules())
    assert "criteria.example" in {f.rule for f in found.findings}
    assert set(CriteriaRules().each) == set(MEASURES)
    settled = measure_criteria(toy_territory(), rules=rules("contiguity"))
    assert "criteria.example" not in {f.rule for f in settled.findings}


def test_scenarios_say_what_they_weigh():
    asked = Scenario.from_dict({"criteria": {"each": {"contiguity": {"weight": 3}}}})
    assert set(asked.criteria.each) == {"contiguity"}
    for wrong in (
        {"weight": -1}, {"weight": 1, "normalise": "thresholds", "low": 3.0}, {"weight": 1, "what": 2},
    ):  # fmt: skip
        with pytest.raises(ScenarioError):
            Scenario.from_dict({"criteria": {"each": {"contiguity": wrong}}})
    with pytest.raises(ScenarioError):
        Scenario.from_dict({"criteria": {"each": {"Tourisme !": {"weight": 1}}}})


VALUES = st.dictionaries(
    st.sampled_from([f"s{i}" for i in range(8)]),
    st.fractions(-10, 10, max_denominator=12),
    min_size=1,
)


@settings(max_examples=150, deadline=None)
@given(VALUES, st.sampled_from(["min_max", "rank", "thresholds"]), st.booleans())
def test_marks_keep_the_order_and_the_range(exact, normalise, higher):
    low, high = (-5.0, 5.0) if higher else (5.0, -5.0)
    marks = marks_of(
        exact,
        rule=CriterionRule(weight=1, normalise=normalise, low=low, high=high),
        higher_first=higher,
    )
    assert set(marks) == set(exact)
    sign = 1 if higher else -1
    for one, value in exact.items():
        assert 0 <= marks[one] <= PPM
        for other, than in exact.items():
            if sign * value >= sign * than:
                assert marks[one] >= marks[other]
    if normalise == "min_max" and len(set(exact.values())) > 1:
        assert {0, PPM} <= set(marks.values())


def test_rank_marks_by_hand():
    exact = {"a": Fraction(3), "b": Fraction(1), "c": Fraction(3), "d": Fraction(2)}
    # a and c beat two and share one place of three: 2.5 / 3
    marks = marks_of(exact, rule=CriterionRule(weight=1, normalise="rank"), higher_first=True)
    assert marks == {"a": 833_333, "b": 0, "c": 833_333, "d": 333_333}


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 50), min_size=1))
def test_shares_of_weight_are_whole_and_sum_to_all(weights):
    shares = share_out(weights)
    assert sum(shares.values()) == (PPM if sum(weights.values()) else 0)
    assert all(abs(shares[k] * sum(weights.values()) - w * PPM) < sum(weights.values()) or not w
               for k, w in weights.items())  # fmt: skip


def test_rows_in_any_order_give_the_same_table():
    toy = toy_territory().with_tables(cabinets=cabinets(
        ("b", WEST + 4_000, SOUTH + 4_000, 20.0, True), ("a", WEST + 4_000, SOUTH + 4_000, 30.0, False)
    ))  # fmt: skip
    first = measure_criteria(toy, rules=CriteriaRules())
    mixed = replace(
        toy,
        premises=toy.premises.sample(frac=1, random_state=2),
        sectors=toy.sectors.sample(frac=1, random_state=3),
        cabinets=toy.cabinets.iloc[::-1],
    )
    again = measure_criteria(mixed, rules=CriteriaRules())
    pd.testing.assert_frame_equal(first.table, again.table)
    pd.testing.assert_frame_equal(first.scores, again.scores)


def test_topsis_and_promethee_give_the_librarys_examples():
    # examples of pymcdm's documentation
    matrix = np.array([[1, 2, 5], [3000, 3750, 4500]]).T
    found = prefer(matrix, np.array([0.5, 0.5]), np.array([-1, 1]), method="topsis")
    assert found.round(3).tolist() == [0.5, 0.617, 0.5]
    matrix = np.array([[4, 3, 2], [3, 2, 4], [5, 1, 3]])
    found = prefer(matrix, np.array([0.5, 0.3, 0.2]), np.ones(3), method="promethee_2")
    assert found.round(2).tolist() == [0.1, -0.3, 0.2]


def net_flows(matrix, weights):
    """PROMETHEE II with the usual preferences, written out."""
    size = len(matrix)
    wins = [
        [
            sum(w for w, a, b in zip(weights, matrix[i], matrix[j], strict=True) if a > b)
            for j in range(size)
        ]
        for i in range(size)
    ]
    return [sum(wins[i][j] - wins[j][i] for j in range(size)) / (size - 1) for i in range(size)]


@pytest.mark.parametrize("method", ["topsis", "promethee_2"])
def test_cross_checks_state_how_far_rankings_agree(method):
    toy = toy_territory()
    toy = toy.with_tables(
        cabinets=cabinets(("c", WEST + 4_000, SOUTH + 4_000, 20.0, True)),
        sectors=toy.sectors.assign(area_kind="rural"),
    )
    found = measure_criteria(toy, rules=rules(contiguity=3, under_8_mbps=2, town_country_balance=1))
    check = cross_check(found, method=method)
    assert 0 < check.kendall_tau <= 1
    pairs = [
        np.sign(a - b) * np.sign(p - q)
        for a, p in zip(check.table["score_ppm"], check.table["preference"], strict=True)
        for b, q in zip(check.table["score_ppm"], check.table["preference"], strict=True)
    ]
    assert (sum(pairs) > 0) == (check.kendall_tau > 0)
    assert "tau de Kendall" in check.summary()
    if method == "promethee_2":
        expected = net_flows(
            found.matrix().to_numpy(), [found.weights()[c] / PPM for c in found.matrix()]
        )
        assert check.table["preference"].to_numpy() == pytest.approx(expected)


def test_one_criterion_alone_is_ranked_alike_by_all():
    found = measure_criteria(toy_territory(), rules=rules("contiguity"))
    for method in ("topsis", "promethee_2"):
        assert cross_check(found, method=method).kendall_tau == pytest.approx(1.0)
    with pytest.raises(RuleError, match="rien à classer"):
        cross_check(measure_criteria(toy_territory(), rules=rules("businesses")))
    with pytest.raises(RuleError, match="pas une méthode connue"):
        cross_check(found, method="electre")


def test_the_schools_of_ille_et_vilaine(shared):
    folder = shared / "education-ille-et-vilaine-2023"
    intake = read_public_sites(folder / "fr-en-annuaire-education_35.csv")
    assert intake.rows_in == 996
    assert len(intake.table) == 993
    assert intake.rejected_rows["reason"].tolist() == ["duplicate_key"] * 3
    assert (intake.table["kind"] == "Ecole").sum() > 600
    row = intake.table.set_index("site_id").loc["0350122T"]
    assert (row["nom"], row["x_m"], row["y_m"]) == (
        "Ecole primaire publique les Lucioles", 332_503.4, 6_776_558.9,
    )  # fmt: skip
    colleges = read_public_sites(folder / "fr-en-adresse-et-geolocalisation_35_colleges.csv")
    assert len(colleges.table) == 117
    both = colleges.table.merge(intake.table, on="site_id")
    assert len(both) > 100
    assert np.hypot(both["x_m_x"] - both["x_m_y"], both["y_m_x"] - both["y_m_y"]).median() < 100


def test_sites_set_aside_are_counted(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text(
        "site_id;nom;kind;x_m;y_m;projection\n"
        "a;École;Ecole;350000;6800000;EPSG:2154\n"
        "a;École;Lycée;350000;6800000;EPSG:2154\n"
        ";Sans nom;;350000;6800000;\n"
        "c;Ailleurs;;2;48;WGS84\n"
        "d;Nulle part;;;;\n"
        "e;Maison;;350100,5;6800000;\n",
        encoding="utf-8",
    )
    intake = read_public_sites(path)
    assert intake.table["site_id"].tolist() == ["a", "e"]
    assert intake.table["x_m"].tolist() == [350_000.0, 350_100.5]
    assert intake.rows_in == len(intake.table) + len(intake.rejected_rows) == 6
    assert sorted(intake.rejected_rows["reason"]) == [
        "duplicate_key", "missing_key", "no_position", "unknown_crs",
    ]  # fmt: skip
    intake.table.to_csv(tmp_path / "ours.csv", index=False)
    again = read_public_sites(tmp_path / "ours.csv")
    pd.testing.assert_frame_equal(again.table, intake.table, check_dtype=False)

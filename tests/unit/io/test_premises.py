"""Premises from every format: what is used, what is set aside, and why."""

import datetime as dt
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.crs import transform_xy
from planner.errors import ContractError, DataFileError
from planner.io import REASONS, read_premises
from planner.provenance import Origin
from planner.schemas import contract
from planner.texts import catalogue

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
SAMPLES = SHARED / "arcep-format-samples-2026t2"
needs_samples = pytest.mark.skipif(not SAMPLES.exists(), reason="shared/data is not here")

REDON = (309_000.0, 6_740_000.0)
DAY = dt.date(2018, 3, 31)
HEADER = "premise_id,insee,x,y"


def write(tmp_path, text, name="f.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(tmp_path, text, **options):
    options.setdefault("crs", "EPSG:2154")
    intake = read_premises(write(tmp_path, text), **options)
    law(intake)
    return intake


def law(intake):
    assert intake.rows_in == len(intake.premises) + len(intake.rejected_rows)
    for name in ("premises", "state_changes", "rejected_rows"):
        contract(name).check(getattr(intake, name))
    contract("findings").check(intake.findings.table())
    assert intake.findings.table("en")["message"].str.len().gt(0).all()


def reasons(intake):
    rows = intake.rejected_rows
    return list(zip(rows["row"], rows["reason"], rows["column"], rows["value"], strict=True))


def rules(intake):
    return {finding.rule: finding for finding in intake.findings}


def test_plain_csv_by_hand(tmp_path):
    intake = read(tmp_path, f"{HEADER}\nb,35236,309000,6740000\na,35236,309010.5,6740000\n")
    assert intake.premises.to_dict("list") == {
        "premise_id": ["a", "b"],
        "building_id": ["a", "b"],
        "insee": ["35236", "35236"],
        "kind": intake.premises["kind"].tolist(),
        "premises_min": [1, 1],
        "premises_max": [1, 1],
        "x_m": [309010.5, 309000.0],
        "y_m": [6740000.0, 6740000.0],
    }
    assert intake.premises["kind"].isna().all()
    assert intake.state_changes.empty
    assert set(rules(intake)) == {"io.profile", "io.one_premise_a_row"}
    assert intake.summary("en") == "f.csv: 2 rows read, 2 used, 0 set aside"


@needs_samples
def test_arcep_immeubles_as_published():
    intake = read_premises(
        SAMPLES / "cartefibre_immeubles_2026T2_head.csv", on=dt.date(2026, 6, 30)
    )
    law(intake)
    frame = intake.premises.set_index("premise_id")
    assert len(frame) == 8
    assert frame.loc["143000AT021900101", "insee"] == "01143"
    one = frame.loc["024000AH002800102"]
    assert (one["premises_min"], one["premises_max"]) == (2, 11)
    x, y = transform_xy([5.164116303010007], [46.279004622345965], source="EPSG:4326")
    assert (one["x_m"], one["y_m"]) == pytest.approx((x[0], y[0]), abs=1e-6)
    states = intake.state_changes.set_index("premise_id")["state"]
    assert states["005000AC009300101"] == "targeted"
    assert states["007000ZW005800101"] == "in_progress"
    assert states.value_counts()["serviceable"] == 6
    assert intake.state_changes["on"].eq(pd.Timestamp(2026, 6, 30)).all()
    assert dict(rules(intake)["io.profile"].values)["name"] == "arcep_immeubles"
    assert rules(intake)["io.states_dated"].count == 8


@needs_samples
def test_arcep_base_imb_as_published():
    intake = read_premises(SAMPLES / "mci_base_imb_48_head.csv")
    law(intake)
    assert dict(rules(intake)["io.profile"].values)["name"] == "arcep_base_imb"
    one = intake.premises.set_index("premise_id").loc["23749057"]
    assert (one["building_id"], one["insee"]) == ("IMB/48051/X/00JH", "48051")
    assert (one["premises_min"], one["premises_max"]) == (2, 2)
    x, y = transform_xy([435922.0541622686], [5505946.259298844], source="EPSG:3857")
    assert (one["x_m"], one["y_m"]) == pytest.approx((x[0], y[0]), abs=1e-6)


IPE = (
    "IdentifiantImmeuble;CodeInseeImmeuble;EtatImmeuble;NombreLogementsAdresseIPE;"
    "CoordonneeImmeubleX;CoordonneeImmeubleY;TypeProjectionGeographique;DateDerniereModification\n"
)


def test_ipe_with_decimal_commas_two_projections_and_its_own_dates(tmp_path):
    rows = (
        "I1;35236;DEPLOYE;3;309000,5;6740000,25;RGF93;20171231\n"
        "I2;35236;EN COURS DE DEPLOIEMENT;;-2,08;47,65;WGS84;01/02/2018\n"
        "I3;35236;CIBLE;1;309000;6740000;NTF;2018-01-01\n"
        "I4;35236;SIGNE;1;309000;6740000;RGF93;2018-04-01\n"
        "I5;35236;PEUT-ÊTRE;1;309000;6740000;RGF93;2018-01-01\n"
        "I6;35236;CIBLE;1;309000;6740000;RGF93;31/02/2018\n"
        "I7;35236;;deux;309000;6740000;RGF93;\n"
    )
    intake = read_premises(write(tmp_path, (IPE + rows).encode("cp1252")), on=DAY)
    law(intake)
    assert intake.premises["premise_id"].tolist() == ["I1", "I2"]
    assert intake.premises["x_m"].iloc[0] == 309000.5
    x, y = transform_xy([-2.08], [47.65], source="EPSG:4326")
    assert intake.premises[["x_m", "y_m"]].iloc[1].tolist() == pytest.approx([x[0], y[0]])
    assert intake.premises["premises_min"].tolist() == [3, 1]
    assert intake.premises["premises_max"].tolist() == [3, pd.NA]
    assert intake.state_changes["on"].tolist() == [
        pd.Timestamp(2017, 12, 31), pd.Timestamp(2018, 2, 1),
    ]  # fmt: skip
    assert intake.state_changes["state"].tolist() == ["serviceable", "in_progress"]
    assert reasons(intake) == [
        (3, "unknown_crs", "TypeProjectionGeographique", "NTF"),
        (4, "future_date", "DateDerniereModification", "2018-04-01"),
        (5, "unknown_state", "EtatImmeuble", "PEUT-ÊTRE"),
        (6, "bad_date", "DateDerniereModification", "31/02/2018"),
        (7, "bad_count", "NombreLogementsAdresseIPE", "deux"),
    ]
    assert rules(intake)["io.unknown_count"].count == 1
    assert rules(intake)["io.encoding_found"].severity == "info"


def test_each_reason_by_hand(tmp_path):
    good = "309000,6740000"
    text = (
        "premise_id,insee,x,y,size_class,kind,state\n"
        f"a,35236,{good},individuel,Logement,deploye\n"
        f",35236,{good},individuel,,\n"
        "c,35236,,6740000,individuel,,\n"
        "d,35236,abc,6740000,individuel,,\n"
        "e,35236,NaN,6740000,individuel,,\n"
        "f,35236,inf,6740000,individuel,,\n"
        "g,35236,-2.08,47.65,individuel,,\n"
        f"h,,{good},individuel,,\n"
        f"i,1143,{good},individuel,,\n"
        f"j,35236.0,{good},individuel,,\n"
        f"k,Redon,{good},individuel,,\n"
        f"l,35236,{good},tour,,\n"
        f"m,35236,{good},individuel,château,\n"
        f"n,35236,{good},individuel,,peut-être\n"
        f"o,35236,{good},\n"
        f"p,35236,{good},100 et plus,,\n"
        f"q,35236,{good},,,\n"
    )
    intake = read(tmp_path, text, on=DAY)
    assert intake.premises["premise_id"].tolist() == ["a", "p", "q"]
    assert intake.premises["premises_min"].tolist() == [1, 100, 1]
    assert intake.premises["premises_max"].tolist() == [1, pd.NA, pd.NA]
    assert intake.premises["kind"].iloc[0] == "dwelling"
    assert [(row, reason) for row, reason, *_ in reasons(intake)] == [
        (2, "missing_key"), (3, "no_position"), (4, "no_position"), (5, "not_finite"),
        (6, "not_finite"), (7, "outside_area"), (8, "missing_code"), (9, "code_as_number"),
        (10, "code_as_number"), (11, "bad_code"), (12, "unknown_class"), (13, "unknown_term"),
        (14, "unknown_state"), (15, "broken_line"),
    ]  # fmt: skip
    assert intake.premises["insee"].unique().tolist() == ["35236"]
    finding = rules(intake)["io.code_as_number"]
    assert finding.count == 2
    assert "2 code(s) read as numbers" in finding.message.say("en")
    assert "repair_codes=True" in finding.remedy.say()


def test_codes_are_repaired_only_when_asked(tmp_path):
    text = f"{HEADER}\na,1143,309000,6740000\nb,35236.0,309000,6740000\nc,35236,309000,6740000\n"
    intake = read(tmp_path, text, repair_codes=True)
    assert intake.premises["insee"].tolist() == ["01143", "35236", "35236"]
    assert rules(intake)["io.codes_repaired"].count == 2


def test_duplicates_are_kept_once_only_when_they_say_the_same(tmp_path):
    text = (
        f"{HEADER},state\na,35236,309000,6740000,cible\nb,35236,309000,6740000,cible\n"
        "a,35236,309000,6740000,cible\nb,35236,309000,6740000,deploye\n"
        "c,35236,309000,6740000,cible\nc,35236,309000.5,6740000,cible\nc,35236,309000,6740000,cible\n"
        "d,99,309000,6740000,cible\nd,35236,309000,6740000,cible\n"
    )
    intake = read(tmp_path, text)
    assert intake.premises["premise_id"].tolist() == ["a", "d"]
    assert [(row, reason) for row, reason, *_ in reasons(intake)] == [
        (2, "duplicate_key"), (3, "identical_duplicate"), (4, "duplicate_key"),
        (5, "duplicate_key"), (6, "duplicate_key"), (7, "duplicate_key"), (8, "bad_code"),
    ]  # fmt: skip


def test_order_of_rows_does_not_matter(tmp_path):
    rng = np.random.default_rng(0)
    lines = [f"p{i:03d},35236,{309000 + i},6740000,{i % 3},deploye" for i in range(200)]
    head = "premise_id,insee,x,y,premises,state"
    first = read(tmp_path, "\n".join([head, *lines]), on=DAY)
    again = read(tmp_path, "\n".join([head, *rng.permutation(lines)]), on=DAY)
    pd.testing.assert_frame_equal(first.premises, again.premises)
    pd.testing.assert_frame_equal(first.state_changes, again.state_changes)


def test_states_without_any_date_are_left_out_and_said(tmp_path):
    intake = read(tmp_path, f"{HEADER},state\na,35236,309000,6740000,deploye\n")
    assert intake.state_changes.empty
    assert rules(intake)["io.states_undated"].count == 1
    assert "on=" in rules(intake)["io.states_undated"].remedy.say()


def test_empty_state_is_stateless_and_not_set_aside(tmp_path):
    intake = read(
        tmp_path,
        f"{HEADER},state,on\na,35236,309000,6740000,,\nb,35236,309000,6740000,deploye,\n",
        on=DAY,
    )
    assert len(intake.premises) == 2
    assert intake.state_changes["premise_id"].tolist() == ["b"]
    assert intake.state_changes["on"].tolist() == [pd.Timestamp(DAY)]


def test_bounds_given_as_two_columns(tmp_path):
    text = (
        f"{HEADER},premises_min,premises_max\na,35236,309000,6740000,2,11\n"
        "b,35236,309000,6740000,100,\nc,35236,309000,6740000,5,3\nd,35236,309000,6740000,,3\n"
    )
    intake = read(tmp_path, text)
    assert intake.premises["premises_max"].tolist() == [11, pd.NA]
    assert [(row, column) for row, _, column, _ in reasons(intake)] == [
        (3, "premises_max"), (4, "premises_min"),
    ]  # fmt: skip


def test_mapping_by_name(tmp_path):
    text = "lat;lon;code;numéro;nb\n47,65;-2,08;35236;a;4\n"
    intake = read(
        tmp_path, text, crs="EPSG:4326",
        columns={"premise_id": "numéro", "insee": "code", "x": "lon", "y": "lat", "premises": "nb"},
    )  # fmt: skip
    x, y = transform_xy([-2.08], [47.65], source="EPSG:4326")
    assert intake.premises[["x_m", "y_m"]].iloc[0].tolist() == pytest.approx([x[0], y[0]])
    assert intake.premises["premises_max"].tolist() == [4]


def test_every_missing_column_is_named_once_with_the_nearest(tmp_path):
    with pytest.raises(ContractError) as caught:
        read(tmp_path, "premises_id,commune\na,35236\n")
    words = caught.value.say("en")
    assert "missing: premise_id, insee, x, y (present: premises_id, commune)" in words
    assert "near: premise_id ≈ premises_id" in words
    assert 'columns={"premise_id": "your column"}' in words


def test_mapping_to_what_is_not_there_or_not_known(tmp_path):
    with pytest.raises(ContractError, match="absentes : lon"):
        read(tmp_path, f"{HEADER}\n", columns={"x": "lon"})
    with pytest.raises(ContractError, match="ne connaissons pas : longitude"):
        read(tmp_path, f"{HEADER}\n", columns={"longitude": "x"})


def test_coordinates_without_crs_are_refused(tmp_path):
    with pytest.raises(DataFileError, match="ne dit pas dans quel système"):
        read(tmp_path, f"{HEADER}\na,35236,309000,6740000\n", crs=None)
    with pytest.raises(DataFileError, match="inconnu"):
        read(tmp_path, f"{HEADER}\na,35236,309000,6740000\n", crs="EPSG:999999")


def test_wrong_crs_is_an_error_that_shows_a_position(tmp_path):
    with pytest.raises(DataFileError, match=r"EPSG:4326 .*x = 309000") as caught:
        read(tmp_path, f"{HEADER}\na,35236,309000,6740000\n", crs="EPSG:4326")
    assert "EPSG:2154" in caught.value.remedy.say()
    with pytest.raises(DataFileError, match="hors de France"):  # latitude given as x
        read(tmp_path, f"{HEADER}\na,35236,47.65,-2.08\n", crs="EPSG:4326")


def test_file_without_rows(tmp_path):
    with pytest.raises(DataFileError, match="aucune ligne"):
        read(tmp_path, f"{HEADER}\n")


def test_origin_is_completed(tmp_path):
    path = write(tmp_path, f"{HEADER}\na,35236,309000,6740000\nb,,309000,6740000\n")
    given = Origin(layer="", title="Essai", source="Partenaire", licence="Licence Ouverte")
    intake = read_premises(path, crs="EPSG:2154", origin=given)
    assert (intake.origin.layer, intake.origin.rows) == ("premises", 1)
    assert intake.origin.licence == "Licence Ouverte"
    assert len(intake.origin.sha256) == 64
    assert given.rows == 0


@pytest.fixture
def table():
    return gpd.GeoDataFrame(
        {
            "premise_id": ["a", "b", "c", "d"],
            "insee": ["35236", "35236", None, "35236"],
            "premises": [1, 2, 3, 4],
        },
        geometry=[shapely.Point(*REDON), shapely.Point(309_001, 6_740_000), shapely.Point(*REDON), None],
        crs=2154,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["f.gpkg", "f.shp", "f.geojson", "f.parquet"])
def test_every_format_tells_the_same(tmp_path, table, name):
    path = tmp_path / name
    if name == "f.parquet":
        table.to_parquet(path)
    elif name == "f.geojson":
        table.to_file(path, driver="GeoJSON", engine="pyogrio", RFC7946="NO")
    else:
        table.to_file(path, engine="pyogrio")
    intake = read_premises(path)
    law(intake)
    assert intake.premises["premise_id"].tolist() == ["a", "b"]
    assert intake.premises["premises_min"].tolist() == [1, 2]
    assert intake.premises["x_m"].tolist() == pytest.approx([309_000, 309_001], abs=1e-3)
    assert intake.premises["y_m"].tolist() == pytest.approx([6_740_000, 6_740_000], abs=1e-3)
    assert [(row, reason) for row, reason, *_ in reasons(intake)] == [
        (3, "missing_code"), (4, "no_position"),
    ]  # fmt: skip


def test_our_own_table_goes_round(tmp_path):
    first = read(
        tmp_path, f"{HEADER},premises\nb,35236,309000.123,6740000\na,35236,309000,6740000,\n"
    )
    assert len(first.rejected_rows) == 1
    first = read(
        tmp_path, f"{HEADER},premises\nb,35236,309000.123,6740000,2\na,35236,309000,6740000,\n"
    )
    for name in ("again.csv", "again.parquet"):
        path = tmp_path / name
        if name.endswith("csv"):
            first.premises.to_csv(path, index=False)
        else:
            first.premises.to_parquet(path, index=False)
        again = read_premises(path)
        law(again)
        pd.testing.assert_frame_equal(again.premises, first.premises)


def test_geometry_kinds_among_points(tmp_path):
    frame = gpd.GeoDataFrame(
        {"premise_id": ["a", "b", "c", "d", "e"], "insee": ["35236"] * 5},
        geometry=[
            shapely.MultiPoint([REDON]),
            shapely.MultiPoint([REDON, (309_001, 6_740_000)]),
            shapely.LineString([REDON, (309_001, 6_740_000)]),
            shapely.Point(*REDON, 12),
            shapely.Point(),
        ],
        crs=2154,
    )
    frame.to_parquet(tmp_path / "f.parquet")
    intake = read_premises(tmp_path / "f.parquet")
    law(intake)
    assert intake.premises["premise_id"].tolist() == ["a", "d"]
    assert [(row, reason, value) for row, reason, _, value in reasons(intake)] == [
        (2, "not_a_point", "MultiPoint"), (3, "not_a_point", "LineString"), (5, "no_position", ""),
    ]  # fmt: skip
    assert rules(intake)["io.single_part"].count == 1


def test_layer_of_lines_is_the_wrong_layer(tmp_path):
    frame = gpd.GeoDataFrame(
        {"premise_id": ["a"], "insee": ["35236"]},
        geometry=[shapely.LineString([(0, 0), (1, 1)])],
        crs=2154,
    )
    frame.to_parquet(tmp_path / "f.parquet")
    with pytest.raises(DataFileError, match="« LineString » et aucune « Point »"):
        read_premises(tmp_path / "f.parquet")


def test_geojson_loses_no_feature(tmp_path):
    def feature(geometry, **properties):
        return {"type": "Feature", "properties": properties, "geometry": geometry}

    point = {"type": "Point", "coordinates": [-2.08, 47.65]}
    features = [
        feature(point, premise_id="a", insee="35236"),
        None,
        {"oops": 1},
        feature(point, premise_id="b", insee=35236),
        feature(point, premise_id="c", insee=1143),
        feature(point, premise_id="d", insee=35236.0),
        feature({"type": "Point", "coordinates": ["x", 2]}, premise_id="e", insee="35236"),
        feature({"type": "Point", "coordinates": []}, premise_id="f", insee="35236"),
        {"type": "Feature", "geometry": point, "properties": None},
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    intake = read_premises(write(tmp_path, text, "f.geojson"))
    law(intake)
    assert intake.rows_in == 9
    assert intake.premises["premise_id"].tolist() == ["a", "b"]
    assert [(row, reason) for row, reason, *_ in reasons(intake)] == [
        (2, "broken_record"), (3, "broken_record"), (5, "code_as_number"), (6, "code_as_number"),
        (7, "no_position"), (8, "no_position"), (9, "missing_key"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["{", "[1, 2]", '{"type": "Topology"}', '{"type": "FeatureCollection", "features": 3}']
)
def test_json_that_is_no_geojson(tmp_path, text):
    with pytest.raises(DataFileError) as caught:
        read_premises(write(tmp_path, text, "f.geojson"))
    assert caught.value.remedy.say()


def test_crs_given_wins_over_the_file_and_is_said(tmp_path, table):
    table.set_crs(32630, allow_override=True).to_file(tmp_path / "f.gpkg")
    with pytest.raises(DataFileError, match="hors de France"):
        read_premises(tmp_path / "f.gpkg")
    intake = read_premises(tmp_path / "f.gpkg", crs="EPSG:2154")
    law(intake)
    assert intake.premises["x_m"].tolist() == [309_000, 309_001]
    assert "io.crs_overridden" in rules(intake)


def test_every_reason_has_words_and_a_remedy():
    for reason in REASONS:
        assert f"io.{reason}" in catalogue()
        assert f"io.{reason}_remedy" in catalogue()


def test_buildings_of_openstreetmap_stand_in_the_commune_where_they_are(tmp_path):
    x, y = REDON
    court = shapely.box(x, y, x + 30, y + 30) - shapely.box(x + 5, y - 1, x + 25, y + 28)
    table = gpd.GeoDataFrame(
        {"osm_id": [None, None, "7", None], "osm_way_id": ["7", "8", None, "9"],
         "building": ["yes"] * 4},
        geometry=[shapely.box(x, y, x + 10, y + 10), court, shapely.box(x + 98, y, x + 102, y + 4),
                  shapely.box(x + 5000, y, x + 5001, y + 1)],
        crs="EPSG:2154",
    )  # fmt: skip
    path = tmp_path / "osm.gpkg"
    table.to_file(path, layer="buildings", driver="GPKG")
    communes = gpd.GeoDataFrame(
        {"insee": ["35237", "35236"]},
        geometry=[shapely.box(x + 100, y - 50, x + 300, y + 50),
                  shapely.box(x - 50, y - 50, x + 100, y + 50)],
        crs="EPSG:2154",
    )  # fmt: skip
    intake = read_premises(path, communes=communes)
    law(intake)
    rows = intake.premises.set_index("premise_id")
    # a way and a relation of the same number are two; the border belongs to the smallest code
    assert rows["insee"].astype(str).to_dict() == {
        "relation/7": "35236", "way/7": "35236", "way/8": "35236",
    }  # fmt: skip
    assert rows.loc["way/7", ["x_m", "y_m"]].tolist() == [x + 5, y + 5]
    assert court.contains(shapely.Point(rows.loc["way/8", "x_m"], rows.loc["way/8", "y_m"]))
    assert reasons(intake) == [(4, "outside_communes", "x", f"{x + 5000.5:.0f} {y + 0.5:.0f}")]
    found = rules(intake)
    assert (found["io.areas_as_points"].count, found["io.communes_located"].count) == (4, 3)
    with pytest.raises(ContractError, match="insee"):
        read_premises(path)


def test_a_building_whose_outline_crosses_itself_is_still_placed(tmp_path):
    x, y = REDON
    bow = shapely.Polygon([(x, y), (x + 10, y + 10), (x + 10, y), (x, y + 10)])
    table = gpd.GeoDataFrame(
        {"premise_id": ["a"], "insee": ["35236"]}, geometry=[bow], crs="EPSG:2154"
    )
    path = tmp_path / "bow.gpkg"
    table.to_file(path, driver="GPKG")
    intake = read_premises(path)
    law(intake)
    (spot,) = intake.premises[["x_m", "y_m"]].to_numpy().tolist()
    assert shapely.make_valid(bow).intersects(shapely.Point(spot))

"""Sectors and zones that users bring."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.errors import ContractError, DataFileError
from planner.io import read_sectors, read_zones
from planner.schemas import contract

X, Y = 309_000.0, 6_740_000.0


def square(i, size=100.0):
    return shapely.box(X + size * i, Y, X + size * (i + 1), Y + size)


def bow_tie(i):
    x = X + 100 * i
    return shapely.Polygon([(x, Y), (x + 100, Y + 100), (x + 100, Y), (x, Y + 100)])


def write(tmp_path, shapes, *, crs=2154, name="s.gpkg", **columns):
    columns.setdefault("sector_id", [f"s{i}" for i in range(len(shapes))])
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)
    path = tmp_path / name
    if name.endswith("parquet"):
        frame.to_parquet(path)
    else:
        frame.to_file(path)
    return path


def law(intake):
    assert intake.rows_in == len(intake.table) + len(intake.rejected_rows)
    contract("rejected_rows").check(intake.rejected_rows)
    assert intake.table.crs.to_epsg() == 2154
    assert intake.table.geometry.is_valid.all()
    assert set(intake.table.geom_type) <= {"Polygon", "MultiPolygon"}


def reasons(intake):
    rows = intake.rejected_rows
    return list(zip(rows["row"], rows["reason"], strict=True))


def rules(intake):
    return {finding.rule: finding for finding in intake.findings}


def test_sectors_by_hand(tmp_path):
    path = write(
        tmp_path, [square(1), square(0)], sector_id=["b", "a"], nom=["Bé", None],
        epci_siren=["243500741", None], area_kind=["Urbain", "rural"],
    )  # fmt: skip
    intake = read_sectors(path)
    law(intake)
    assert intake.table["sector_id"].tolist() == ["a", "b"]
    assert intake.table["area_kind"].tolist() == ["rural", "urban"]
    assert intake.table["epci_siren"].tolist()[1] == "243500741"
    assert intake.table["nom"].isna().tolist() == [True, False]
    assert intake.table["zone_id"].isna().all()
    assert intake.table.geometry.iloc[0].equals(square(0))
    assert "lineage" not in intake.table


def test_columns_are_mapped_and_reprojected(tmp_path):
    wgs84 = gpd.GeoSeries([square(0)], crs=2154).to_crs(4326)
    path = write(
        tmp_path, wgs84.to_list(), crs=4326, sector_id=["x"], code=["z9"], name="s.geojson"
    )
    intake = read_sectors(path, columns={"sector_id": "code"})
    law(intake)
    assert intake.table["sector_id"].tolist() == ["z9"]
    assert intake.table.geometry.iloc[0].symmetric_difference(square(0)).area < 1


def test_what_is_no_valid_polygon_is_set_aside_with_why_and_where(tmp_path):
    shapes = [square(0), bow_tie(1), None, shapely.Point(X, Y), shapely.Polygon(), square(5)]
    path = write(tmp_path, shapes, name="s.parquet")
    intake = read_sectors(path)
    law(intake)
    assert intake.table["sector_id"].tolist() == ["s0", "s5"]
    assert reasons(intake) == [
        (2, "invalid_geometry"), (3, "no_geometry"), (4, "not_a_polygon"), (5, "no_geometry"),
    ]  # fmt: skip
    values = intake.rejected_rows["value"].tolist()
    assert values[0] == "Self-intersection[309150 6740050]"
    assert values[2] == "Point"


def test_repair_is_asked_for_and_leaves_its_lineage(tmp_path):
    path = write(tmp_path, [bow_tie(1), square(0)])
    intake = read_sectors(path, repair=True)
    law(intake)
    assert intake.rejected_rows.empty
    assert intake.table.set_index("sector_id")["lineage"].to_dict() == {
        "s0": "changed", "s1": "original",
    }  # fmt: skip
    assert intake.table.geometry.iloc[0].area == pytest.approx(5000)
    assert rules(intake)["io.geometry_repaired"].count == 1
    assert rules(intake)["io.geometry_repaired"].severity == "warning"


def test_points_in_place_of_polygons_are_the_wrong_layer(tmp_path):
    path = write(tmp_path, [shapely.Point(X, Y), shapely.Point(X, Y + 1)])
    with pytest.raises(DataFileError, match="« Point » et aucune « Polygon »"):
        read_sectors(path)


def test_heights_are_left_out_and_said(tmp_path):
    path = write(tmp_path, [shapely.force_3d(square(0), 12.0)])
    intake = read_sectors(path)
    law(intake)
    assert not intake.table.has_z.any()
    assert rules(intake)["io.z_dropped"].count == 1


def test_keys_missing_repeated_or_contradicted(tmp_path):
    path = write(
        tmp_path, [square(0), square(1), square(1), square(2), square(3), square(4)],
        sector_id=["a", "b", "b", "c", "c", None],
    )  # fmt: skip
    intake = read_sectors(path)
    law(intake)
    assert intake.table["sector_id"].tolist() == ["a", "b"]
    assert reasons(intake) == [
        (3, "identical_duplicate"), (4, "duplicate_key"), (5, "duplicate_key"), (6, "missing_key"),
    ]  # fmt: skip


def test_codes_and_terms_that_are_none(tmp_path):
    path = write(
        tmp_path, [square(i) for i in range(4)], insee=["1143", "35236", "35236.0", "x"],
        area_kind=["urban", "ville", "rural", "rural"],
    )  # fmt: skip
    intake = read_sectors(path)
    law(intake)
    assert reasons(intake) == [
        (1, "code_as_number"), (2, "unknown_term"), (3, "code_as_number"), (4, "bad_code"),
    ]  # fmt: skip
    repaired = read_sectors(path, repair_codes=True)
    law(repaired)
    assert repaired.table["insee"].tolist() == ["01143", "35236"]
    assert rules(repaired)["io.codes_repaired"].count == 2


def test_wrong_or_missing_crs(tmp_path):
    with pytest.raises(DataFileError, match="hors de France"):
        read_sectors(write(tmp_path, [square(0)], crs=4326))
    with pytest.raises(DataFileError, match="ne dit pas"):
        read_sectors(write(tmp_path, [square(0)], crs=None, name="t.parquet"))
    intake = read_sectors(tmp_path / "t.parquet", crs="EPSG:2154")
    assert intake.table.geometry.iloc[0].equals(square(0))


def test_one_sector_far_away_is_set_aside(tmp_path):
    path = write(tmp_path, [square(0), shapely.box(0, 0, 1, 1)])
    intake = read_sectors(path)
    law(intake)
    assert reasons(intake) == [(2, "outside_area")]


def test_table_without_shapes_or_without_key(tmp_path):
    (tmp_path / "s.csv").write_text("sector_id,nom\na,b\n")
    with pytest.raises(DataFileError, match="aucune « Polygon »"):
        read_sectors(tmp_path / "s.csv")
    with pytest.raises(ContractError, match="sector_id"):
        read_sectors(write(tmp_path, [square(0)], sector_id=["a"]).rename(tmp_path / "z.gpkg"),
                     columns={"sector_id": "absent"})  # fmt: skip


def test_zones_have_their_own_columns(tmp_path):
    path = write(
        tmp_path, [square(0), square(1)], sector_id=[0, 1], zone_id=["T1-VM-35236", "T1-R-01"],
        kind=["Ville moyenne", "rural"], phase=["1", "Phase 1"], tranche=[1, 2],
        ville_moyenne_insee=["35236", None],
    )  # fmt: skip
    intake = read_zones(path)
    law(intake)
    assert intake.table["zone_id"].tolist() == ["T1-R-01", "T1-VM-35236"]
    assert intake.table["kind"].tolist() == ["rural", "ville_moyenne"]
    assert intake.table["phase"].tolist() == ["1", "1"]
    assert intake.table["tranche"].tolist() == [2, 1]
    assert intake.origin.layer == "zones"


def test_order_of_rows_does_not_matter(tmp_path):
    rng = np.random.default_rng(1)
    order = rng.permutation(30)
    shapes = [square(i) for i in range(30)]
    first = read_sectors(write(tmp_path, shapes))
    again = read_sectors(
        write(
            tmp_path, [shapes[i] for i in order], sector_id=[f"s{i}" for i in order],
            name="again.gpkg",
        )
    )  # fmt: skip
    pd.testing.assert_frame_equal(first.table, again.table)

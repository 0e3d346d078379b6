"""Deliveries as they come: several layers in one ZIP, mixed kinds, no CRS, heights, damage."""

import zipfile

import fiona
import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely

from planner.errors import DataFileError
from planner.io import read_delivery
from planner.io.crs_guess import likely_crs
from planner.schemas import contract

X, Y = 309_000.0, 6_740_000.0
SQUARE = shapely.box(X, Y, X + 10, Y + 10)


def layer(shapes, *, crs=2154, **columns):
    columns = columns or {"nom": [f"é{i}" for i in range(len(shapes))]}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)


def zipped(tmp_path, name="livraison.zip"):
    """Put every file of the folder ``parts`` in one ZIP."""
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        for part in sorted((tmp_path / "parts").rglob("*")):
            if part.is_file():
                archive.write(part, f"Livraison été/{part.relative_to(tmp_path / 'parts')}")
    return tmp_path / name


@pytest.fixture
def parts(tmp_path):
    (tmp_path / "parts").mkdir()
    return tmp_path / "parts"


def rules(delivery):
    return {finding.rule: finding for finding in delivery.findings}


def law(delivery):
    """Rows in = rows used + rows set aside, layer by layer and for the whole."""
    for one in delivery.layers.values():
        assert one.rows_in == len(one.table) + len(one.rejected_rows)
        assert len(one.rows) == len(one.table)
        if isinstance(one.table, gpd.GeoDataFrame):
            assert one.table.crs.to_epsg() == 2154
            assert not one.table.geometry.has_z.any()
    contract("rejected_rows").check(delivery.rejected_rows)
    contract("findings").check(delivery.findings.table("fr"))
    used = sum(len(one.table) for one in delivery.layers.values())
    assert delivery.rows_in == used + len(delivery.rejected_rows)


def test_a_zip_of_everything_is_read_whole(tmp_path, parts):
    layer([shapely.Point(X, Y)], crs=2154).to_file(parts / "poteaux.shp", encoding="cp1252")
    (parts / "poteaux.cpg").write_text("UTF-8")
    layer([SQUARE], crs=2154).to_crs(4326).to_file(parts / "zones.gpkg", layer="zones_pm")
    layer([SQUARE, SQUARE]).to_file(parts / "zones.gpkg", layer="zones_nro")
    (parts / "table.csv").write_bytes("code;libellé\n1;é\n".encode("cp1252"))
    book = openpyxl.Workbook()
    book.active.title = "Enveloppes"
    book.active.append(["a", "b"])
    book.active.append([1, "x"])
    book.save(parts / "classeur.xlsx")
    (parts / "lisez-moi.pdf").write_bytes(b"%PDF")
    delivery = read_delivery(zipped(tmp_path))
    assert list(delivery.layers) == ["Enveloppes", "poteaux", "table", "zones_nro", "zones_pm"]
    law(delivery)
    assert delivery.layer("poteaux").table["nom"].tolist() == ["é0"]
    moved = delivery.layer("zones_pm").table.geometry.iloc[0]
    assert moved.hausdorff_distance(SQUARE) < 0.01
    assert delivery.layer("table").table.to_dict("records") == [{"code": "1", "libellé": "é"}]
    assert delivery.left == ("Livraison été/lisez-moi.pdf",)
    assert {"partner.left", "io.encoding_wrong", "io.encoding_found"} <= set(rules(delivery))
    assert "5 couche(s)" in delivery.summary()
    with pytest.raises(DataFileError, match="zones_nro"):
        delivery.layer("zones")
    folder = read_delivery(parts)
    assert {n: len(one.table) for n, one in folder.layers.items()} == {
        n: len(one.table) for n, one in delivery.layers.items()
    }
    only = read_delivery(parts, wanted=lambda name: name.startswith("zones"))
    assert list(only.layers) == ["zones_nro", "zones_pm"]


def test_mixed_kinds_heights_and_bad_shapes_are_sorted_out(parts):
    bow_tie = shapely.Polygon([(X, Y), (X + 9, Y + 9), (X + 9, Y), (X, Y + 9)])
    shapes = [
        shapely.Point(X, Y), shapely.force_3d(SQUARE, 5.0), shapely.LineString([(X, Y), (X + 1, Y)]),
        None, bow_tie, shapely.GeometryCollection([SQUARE, shapely.Point(X, Y)]), shapely.Point(0, 0),
    ]  # fmt: skip
    layer(shapes).to_file(parts / "a.gpkg", layer="a", geometry_type="Unknown")
    delivery = read_delivery(parts / "a.gpkg")
    law(delivery)
    found = delivery.layer("a")
    assert found.kinds == {"LineString": 1, "Point": 1, "Polygon": 1}
    assert found.table["lineage"].tolist() == ["original", "z_dropped", "original"]
    assert found.rejected_rows["reason"].tolist() == [
        "no_geometry", "invalid_geometry", "collection", "outside_area"
    ]  # fmt: skip
    assert found.of_kind("Polygon")["nom"].tolist() == ["é1"]
    assert {"partner.mixed", "io.z_dropped"} <= set(rules(delivery))
    layer([shapely.Point(X, Y)]).to_file(parts / "b.gpkg", layer="b")
    with pytest.raises(DataFileError, match="Polygon"):
        read_delivery(parts / "b.gpkg").layer("b").of_kind("Polygon")


@pytest.mark.parametrize(
    ("crs", "first"),
    [
        (2154, "EPSG:2154"), (4326, "EPSG:4326"), (3857, "EPSG:3857"), (3948, "EPSG:3948"),
        (27572, "EPSG:27572"), (32630, "EPSG:32630"),
    ],
)  # fmt: skip
def test_the_likely_crs_of_brittany_comes_first(crs, first):
    corners = gpd.GeoSeries(
        gpd.points_from_xy([130_000, 400_000, 309_000], [6_835_000, 6_790_000, 6_740_000]), crs=2154
    ).to_crs(crs)
    assert likely_crs(corners.x.to_numpy(), corners.y.to_numpy())[0] == first
    stray = (
        np.append(corners.x.to_numpy().repeat(5), np.nan),
        np.append(corners.y.to_numpy().repeat(5), 0.0),
    )
    assert likely_crs(*stray)[0] == first


def test_layers_without_a_crs_are_asked_for_once_with_what_is_likely(tmp_path, parts):
    layer([shapely.Point(X, Y)]).to_file(parts / "a.shp")
    layer([shapely.Point(-2.08, 47.65)], crs=4326).to_file(parts / "b.shp")
    layer([shapely.Point(0.5, 0.5)], crs=4326).to_file(parts / "c.shp")
    for name in "abc":
        (parts / f"{name}.prj").unlink()
    path = zipped(tmp_path)
    with pytest.raises(DataFileError) as error:
        read_delivery(path)
    text = error.value.say("fr")
    assert "a : d'après les positions, il s'agit sans doute de : EPSG:2154 (RGF93" in text
    assert "b : d'après les positions, il s'agit sans doute de : EPSG:4326 (WGS 84)" in text
    assert "c : aucun des systèmes usuels" in text
    assert "likely to be: EPSG:2154" in error.value.say("en")
    known = {"a": "EPSG:2154", "b": "EPSG:4326", "c": "EPSG:4326"}
    delivery = read_delivery(path, crs=known)
    law(delivery)
    assert set(delivery.layers) == {"a", "b"}
    assert rules(delivery)["partner.refused"].table == "c"


def test_two_layers_of_one_name_are_told_apart(tmp_path, parts):
    for folder, count in (("22", 1), ("35", 2)):
        (parts / folder).mkdir()
        layer([shapely.Point(X, Y)] * count).to_file(parts / folder / "pm.shp")
    delivery = read_delivery(zipped(tmp_path))
    assert {name: one.rows_in for name, one in delivery.layers.items()} == {
        "Livraison été/22/pm.shp": 1,
        "Livraison été/35/pm.shp": 2,
    }


def test_a_broken_layer_does_not_cost_the_others(tmp_path, parts):
    layer([shapely.Point(X, Y)]).to_file(parts / "bon.shp")
    layer([shapely.Point(X, Y)]).to_file(parts / "perdu.shp")
    (parts / "perdu.shp").write_bytes(b"\x00" * 40)
    (parts / "livre.xlsx").write_bytes(b"PK\x03\x04 rien")
    (parts / "vide.csv").write_bytes(b"")
    delivery = read_delivery(zipped(tmp_path))
    assert list(delivery.layers) == ["bon"]
    refused = [f.table for f in delivery.findings if f.rule == "partner.refused"]
    assert refused == ["livre", "perdu", "vide"]
    for lang in ("fr", "en"):
        assert delivery.findings.table(lang)["remedy"].str.len().min() > 5
    with pytest.raises(DataFileError, match="vide"):
        read_delivery(parts / "vide.csv")
    with pytest.raises(DataFileError, match="aucune couche"):
        read_delivery(zipped(tmp_path), wanted=lambda _: False)
    with pytest.raises(DataFileError, match="existe pas"):
        read_delivery(tmp_path / "absent.zip")


def test_heights_and_measures_written_by_fiona_are_dropped_with_lineage(parts):
    schema = {"geometry": "3D LineString", "properties": {"nom": "str"}}
    with fiona.open(
        parts / "z.shp", "w", driver="ESRI Shapefile", schema=schema, crs="EPSG:2154"
    ) as out:
        for height in (1.0, 2.0):
            line = shapely.LineString([(X, Y, height), (X + 1, Y, height)])
            out.write({"geometry": shapely.geometry.mapping(line), "properties": {"nom": "a"}})
    one = read_delivery(parts / "z.shp").layer("z")
    assert one.table["lineage"].tolist() == ["z_dropped"] * 2
    assert one.table.geometry.iloc[0].equals(shapely.LineString([(X, Y), (X + 1, Y)]))

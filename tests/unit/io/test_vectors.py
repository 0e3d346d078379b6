"""GeoPackage and Shapefile: layers, encodings, damage."""

import shutil
import sqlite3
import zipfile
from contextlib import closing

import geopandas as gpd
import numpy as np
import pytest

from planner.errors import DataFileError
from planner.io import read_premises
from planner.io.vectors import VectorSource

REDON = (309_000.0, 6_740_000.0)


def points(count, *, accent=""):
    return gpd.GeoDataFrame(
        {
            "premise_id": [f"{accent}{i:05d}" for i in range(1, count + 1)],
            "insee": ["35236"] * count,
            "number": np.arange(count),
        },
        geometry=gpd.points_from_xy(np.full(count, REDON[0]), REDON[1] + np.arange(count)),
        crs=2154,
    )


def rules(intake):
    return {finding.rule: finding for finding in intake.findings}


def shapefile(folder, *, accent="", encoding="utf-8", declared=None):
    folder.mkdir()
    points(3, accent=accent).to_file(folder / "p.shp", encoding=encoding)
    if declared is None:
        (folder / "p.cpg").unlink()
    else:
        (folder / "p.cpg").write_text(declared)
    return folder


@pytest.mark.parametrize(
    ("encoding", "declared", "rule"),
    [
        ("utf-8", "UTF-8", None),
        ("utf-8", None, "io.encoding_found"),
        ("utf-8", "ISO-8859-1", "io.encoding_wrong"),
        ("cp1252", "UTF-8", "io.encoding_wrong"),
        ("cp1252", None, "io.encoding_found"),
        ("cp1252", "1252", None),
        ("cp1252", "nonsense", "io.encoding_wrong"),
    ],
)
def test_encoding_of_a_shapefile_is_found_whatever_its_cpg_says(tmp_path, encoding, declared, rule):
    folder = shapefile(tmp_path / "s", accent="é", encoding=encoding, declared=declared)
    intake = read_premises(folder)
    assert intake.premises["premise_id"].tolist() == ["é00001", "é00002", "é00003"]
    said = {name for name in rules(intake) if name.startswith("io.encoding")}
    assert said == ({rule} if rule else set())


def test_folder_file_and_zip_are_the_same_delivery(tmp_path):
    folder = shapefile(tmp_path / "s", accent="é", encoding="cp1252", declared="UTF-8")
    with zipfile.ZipFile(tmp_path / "livraison.zip", "w") as archive:
        for part in sorted(folder.iterdir()):
            archive.write(part, f"sous dossier/{part.name}")
    frames = [
        read_premises(path).premises
        for path in (folder, folder / "p.shp", tmp_path / "livraison.zip")
    ]
    for frame in frames[1:]:
        assert frame.equals(frames[0])


def test_geopackage_in_a_zip_and_csv_in_a_zip(tmp_path):
    points(2).to_file(tmp_path / "p.gpkg", layer="prises")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "p.gpkg", "p.gpkg")
    assert len(read_premises(tmp_path / "a.zip").premises) == 2
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("p.csv", "premise_id,insee,x_m,y_m\na,35236,309000,6740000\n")
    assert len(read_premises(tmp_path / "b.zip").premises) == 1
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("lisez-moi.md", "rien")
    with pytest.raises(DataFileError, match="ni Shapefile"):
        read_premises(tmp_path / "c.zip")


def test_one_layer_among_several_has_to_be_chosen(tmp_path):
    path = tmp_path / "p.gpkg"
    points(2).to_file(path, layer="a")
    points(3).to_file(path, layer="b")
    with pytest.raises(DataFileError, match="plusieurs couches ou aucune : a, b"):
        read_premises(path)
    assert len(read_premises(path, layer="b").premises) == 3
    with pytest.raises(DataFileError):
        read_premises(path, layer="c")


def test_styles_saved_by_qgis_are_no_layer(tmp_path):
    path = tmp_path / "p.gpkg"
    points(2).to_file(path, layer="a")
    with closing(sqlite3.connect(path)) as base:
        base.execute("create table layer_styles (id integer primary key, styleName text)")
        base.execute(
            "insert into gpkg_contents (table_name, data_type, identifier)"
            " values ('layer_styles', 'attributes', 'layer_styles')"
        )
        base.commit()
    assert len(read_premises(path).premises) == 2


def _without_triggers(path, statement):
    with closing(sqlite3.connect(path)) as base:
        names = base.execute("select name from sqlite_master where type = 'trigger'").fetchall()
        for (name,) in names:
            base.execute(f'drop trigger "{name}"')
        base.execute(statement)
        base.commit()


def test_bytes_that_are_not_text_set_one_row_aside(tmp_path):
    path = tmp_path / "p.gpkg"
    points(10).to_file(path, layer="p")
    _without_triggers(path, "update p set premise_id = CAST(X'E9E9' AS TEXT) where fid = 5")
    intake = read_premises(path)
    assert (intake.rows_in, len(intake.premises)) == (10, 9)
    row = intake.rejected_rows.iloc[0]
    assert (row["row"], row["reason"], row["value"]) == (5, "broken_text", "éé")


def test_unreadable_geometry_sets_one_row_aside(tmp_path):
    path = tmp_path / "p.gpkg"
    points(10).to_file(path, layer="p")
    _without_triggers(path, "update p set geom = X'0011' where fid = 7")
    intake = read_premises(path)
    assert (intake.rows_in, len(intake.premises)) == (10, 9)
    assert intake.rejected_rows[["row", "reason"]].values.tolist() == [[7, "no_position"]]


def test_broken_page_costs_its_own_rows_only(tmp_path):
    path = tmp_path / "p.gpkg"
    count = 3000
    points(count).to_file(path, layer="p", SPATIAL_INDEX="NO")
    content = bytearray(path.read_bytes())
    middle = content.index(b"02000")  # a page in the middle of the table
    page = middle // 4096 * 4096
    content[page : page + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    intake = read_premises(path)
    assert intake.rows_in == count
    assert 0 < len(intake.rejected_rows) < 200
    assert set(intake.rejected_rows["reason"]) == {"broken_record"}
    assert len(intake.premises) == count - len(intake.rejected_rows)
    lost = set(range(1, count + 1)) - set(intake.premises["premise_id"].astype(int))
    assert set(intake.rejected_rows["row"]) == lost
    assert rules(intake)["io.read_one_by_one"].severity == "serious"


def test_geopackage_cut_in_two_is_a_data_error(tmp_path):
    path = tmp_path / "p.gpkg"
    points(2000).to_file(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DataFileError, match="ne se lit pas") as caught:
        read_premises(path)
    assert "redemandez" in caught.value.remedy.say()


@pytest.mark.parametrize(("part", "cut"), [(".dbf", 60), (".shp", 15)])
def test_shapefile_cut_short_loses_no_row(tmp_path, part, cut):
    folder = shapefile(tmp_path / "s")
    file = folder / f"p{part}"
    file.write_bytes(file.read_bytes()[:-cut])
    intake = read_premises(folder)
    assert intake.rows_in == 3
    assert len(intake.premises) == 2
    assert intake.rejected_rows["row"].tolist() == [3]


def test_shapefile_without_index_or_projection(tmp_path):
    folder = shapefile(tmp_path / "s")
    (folder / "p.prj").unlink()
    with pytest.raises(DataFileError, match="ne dit pas dans quel système"):
        read_premises(folder)
    assert len(read_premises(folder, crs="EPSG:2154").premises) == 3
    (folder / "p.shx").unlink()
    with pytest.raises(DataFileError, match="ne se lit pas") as caught:
        read_premises(folder, crs="EPSG:2154")
    assert ".shx" in caught.value.remedy.say()


def test_folder_with_two_shapefiles(tmp_path):
    folder = shapefile(tmp_path / "s")
    for part in sorted(folder.iterdir()):
        shutil.copy(part, folder / f"q{part.suffix}")
    with pytest.raises(DataFileError, match="p, q"):
        read_premises(folder)
    assert len(read_premises(folder, layer="q").premises) == 3
    with pytest.raises(DataFileError, match="ses couches : p, q"):
        read_premises(folder, layer="r")
    (tmp_path / "vide").mkdir()
    with pytest.raises(DataFileError, match="ni Shapefile"):
        read_premises(tmp_path / "vide")


def test_what_is_known_before_reading(tmp_path):
    path = tmp_path / "p.gpkg"
    points(4).to_file(path, layer="prises")
    source = VectorSource.open(path)
    assert source.columns == ("premise_id", "insee", "number")
    assert (source.layer, source.declared, source.has_geometry) == ("prises", 4, True)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_accents_in_the_names_of_columns(tmp_path, encoding):
    folder = tmp_path / "s"
    folder.mkdir()
    points(2).rename(columns={"premise_id": "numéro"}).to_file(folder / "p.shp", encoding=encoding)
    (folder / "p.cpg").unlink()
    intake = read_premises(folder, columns={"premise_id": "numéro"})
    assert intake.premises["premise_id"].tolist() == ["00001", "00002"]


def test_count_that_is_out_of_date_is_no_damage(tmp_path):
    path = tmp_path / "p.gpkg"
    points(5).to_file(path, layer="p")
    _without_triggers(path, "update gpkg_ogr_contents set feature_count = 1000000")
    intake = read_premises(path)
    assert intake.rows_in == len(intake.premises) == 5
    assert "io.read_one_by_one" not in rules(intake)


def test_zero_in_place_of_the_declared_encoding(tmp_path):
    folder = shapefile(tmp_path / "s", accent="é", declared="\x00TF-8")
    assert len(read_premises(folder).premises) == 3


def test_error_that_is_not_text_is_refused_and_kills_nothing(tmp_path):
    path = tmp_path / "p.gpkg"
    points(5).to_file(path, layer="p")
    content = path.read_bytes()
    where = content.index(b"CREATE TRIGGER")
    path.write_bytes(content[:where] + b"\xe9" + content[where + 1 :])
    with pytest.raises(DataFileError, match="ne se lit pas"):
        read_premises(path)

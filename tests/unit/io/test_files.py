"""What a file is before its rows are read."""

import gzip
import hashlib
import zipfile

import pytest

from planner.errors import DataFileError
from planner.io import hash_file
from planner.io.files import FileKind, decode, find_kind, read_bytes
from planner.texts import catalogue


def test_checksum_is_sha256_of_the_bytes(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"abc")
    assert hash_file(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert hash_file(str(path)) == hash_file(path)


def test_checksum_of_a_shapefile_changes_with_any_of_its_parts(tmp_path):
    for suffix in (".shp", ".dbf", ".shx"):
        (tmp_path / f"a{suffix}").write_bytes(suffix.encode())
    (tmp_path / "b.dbf").write_bytes(b"another layer")
    before = hash_file(tmp_path / "a.shp")
    lines = "".join(
        f"a{suffix}  {hashlib.sha256(suffix.encode()).hexdigest()}\n"
        for suffix in (".dbf", ".shp", ".shx")
    )
    assert before == hashlib.sha256(lines.encode()).hexdigest()
    (tmp_path / "b.dbf").write_bytes(b"changed")
    assert hash_file(tmp_path / "a.shp") == before
    (tmp_path / "a.dbf").write_bytes(b"changed")
    assert hash_file(tmp_path / "a.shp") != before


def test_missing_file_is_named_with_a_remedy(tmp_path):
    with pytest.raises(DataFileError, match=r"« absent\.csv » n'existe pas") as caught:
        find_kind(tmp_path / "absent.csv")
    assert "→ check the path" in caught.value.say("en")
    with pytest.raises(DataFileError):
        hash_file(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.csv", b"a;b\n1;2\n", FileKind.CSV),
        ("a.csv", b"\xef\xbb\xbfa;b\n", FileKind.CSV),
        ("a.csv", "a;b\n".encode("utf-16"), FileKind.CSV),
        ("a.geojson", b'\xef\xbb\xbf\n {"type": 1}', FileKind.GEOJSON),
        ("a", b"SQLite format 3\x00rest", FileKind.GEOPACKAGE),
        ("a.gz", gzip.compress(b"a;b\n", mtime=0), FileKind.GZIP),
    ],
)
def test_kind_is_told_by_the_first_bytes(tmp_path, name, content, kind):
    (tmp_path / name).write_bytes(content)
    assert find_kind(tmp_path / name) is kind


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.gpkg", b"a;b\n1;2\n", "GeoPackage attendu, CSV trouvé"),
        ("a.geojson", b"<html>", "GeoJSON attendu, CSV trouvé"),
        ("a.csv", b"PAR1xxxx", "CSV attendu, Parquet trouvé"),
        ("a.csv", b"a\x00b", "binary trouvé"),
        ("a.csv", b" \n\n", "est vide"),
        ("a.csv", b"", "est vide"),
        ("a.csv", b"\xd0\xcf\x11\xe0xls", "classeur de tableur"),
    ],
)
def test_file_that_is_not_what_its_name_says(tmp_path, name, content, text):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataFileError, match=text):
        find_kind(tmp_path / name)


def test_workbook_called_csv_is_refused_with_its_real_format(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.csv", "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
    with pytest.raises(DataFileError, match="CSV attendu, XLSX trouvé"):
        find_kind(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"plain", "utf-8"),
        ("été œuf".encode(), "utf-8"),
        ("\ufeffété".encode(), "utf-8"),
        ("été œuf €".encode("cp1252"), "cp1252"),
        (b"\xe9t\xe9 \x81", "latin-1"),
        ("été".encode("utf-16"), "utf-16"),
    ],
)
def test_encoding_is_found(content, encoding):
    text = decode(content, file="a.csv")
    assert text.encoding == encoding
    assert text.content.decode() == content.decode(encoding).removeprefix("\ufeff")


def test_encoding_asked_for_is_obeyed_or_refused():
    assert decode("é".encode(), file="a", encoding="latin-1").content.decode() == "Ã©"
    with pytest.raises(DataFileError, match="encodage utf-8"):
        decode(b"\xe9", file="a", encoding="utf-8")
    with pytest.raises(DataFileError, match="encodage klingon"):
        decode(b"\xe9", file="a", encoding="klingon")


def test_broken_archive_is_a_data_error(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"a" * 1000)[:-9])
    with pytest.raises(DataFileError, match="ne se lit pas"):
        read_bytes(tmp_path / "a.gz")
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(DataFileError, match="ne se lit pas"):
        find_kind(tmp_path / "a.zip")


def test_every_text_of_this_room_has_both_languages_and_a_remedy():
    ours = {key: words for key, words in catalogue().items() if key.startswith("io.")}
    alone = {"io.cell", "io.summary"}
    for key, words in ours.items():
        assert set(words) == {"fr", "en"}, key
        if key not in alone and not key.endswith("_remedy"):
            assert f"{key}_remedy" in ours

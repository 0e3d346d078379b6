"""The territory's folder and its catalogue."""

import shutil
import tomllib
from dataclasses import replace

import pandas as pd
import pytest

from planner.errors import ContractError, DataFileError, RuleError, UnknownNameError
from planner.io import geodata_folder, hash_file, read_geodata, read_territory_folder
from planner.schemas import contract

CATALOGUE = """
name = "essai"
title = "Essai"
vintage = 2018
[[layers]]
layer = "envelopes"
file = "concertation/envelopes.csv"
table = "envelopes"
title = "Enveloppes"
source = "Essai"
licence = "Licence Ouverte"
synthetic = true
[[layers]]
layer = "notes"
file = "notes.csv"
title = "Notes"
source = "Essai"
licence = "Licence Ouverte"
rows = 2
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "concertation").mkdir()
    (tmp_path / "concertation" / "envelopes.csv").write_text(
        "epci_siren,unit,amount,med_credit_cents,source,synthetic\n243500741,lines,100,,x,true\n"
    )
    (tmp_path / "notes.csv").write_text("code,homes_count,area_m2,word\n01,3,1.5,a\n02,,2,\n")
    (tmp_path / "catalogue.toml").write_text(CATALOGUE)
    return tmp_path


def rewrite(folder, old, new):
    path = folder / "catalogue.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_embedded_territory_is_whole():
    geodata = read_geodata()
    assert (geodata.name, geodata.vintage) == ("bretagne", 2025)
    communes = geodata.table("communes")
    assert len(communes) == 1206
    contract("communes").check(communes)
    for layer in ("epci_2018", "epci_2025"):
        contract("epci").check(geodata.table(layer))
    assert len(geodata.table("epci_2018")) == 60
    assert communes.crs.to_epsg() == 2154
    assert len(geodata.findings) == 0
    catalogue = tomllib.loads((geodata_folder() / "catalogue.toml").read_text(encoding="utf-8"))
    for entry in catalogue["layers"]:
        origin = geodata.origin(entry["layer"])
        assert origin.sha256 == hash_file(geodata_folder() / entry["file"])
        assert (origin.rows, origin.licence) == (entry["rows"], entry["licence"])


def test_communes_are_in_the_epci_of_the_year_of_the_layer():
    geodata = read_geodata()
    before, after = (geodata.communes_of(f"epci_{year}") for year in (2018, 2025))
    changed = set(before.loc[before["epci_siren"].ne(after["epci_siren"]), "insee"])
    islands = set(before.loc[before["epci_siren"].isna(), "insee"])
    assert len(changed - islands) == 19  # Centre Morbihan in two, and Beaussais-sur-Mer to Dinan
    assert after.set_index("insee").loc["22209", "epci_siren"] == "200068989"
    assert set(after["epci_siren"].dropna()) == set(geodata.table("epci_2025")["siren"])
    contract("communes").check(after)
    alone = geodata.table("communes").drop(columns="epci_siren_2025")
    other = replace(geodata, tables={**geodata.tables, "communes": alone})
    assert other.communes_of("epci_2018")["epci_siren"].equals(alone["epci_siren"])
    with pytest.raises(RuleError, match="200067221") as refused:
        other.communes_of("epci_2025")
    assert "epci_siren_" in refused.value.remedy.say("fr")
    with pytest.raises(UnknownNameError):
        geodata.communes_of("epci_2019")


def test_embedded_figures_are_numbers_and_absent_ones_stay_absent():
    figures = read_geodata().table("premises_figures").set_index(["level", "code"])
    assert figures.loc[("region", "53"), "premises_count"] == 1_949_859
    assert figures.loc[("region", "53"), "private_count"] == 789_051
    programme = read_geodata().table("programme")
    assert programme["connected_count"].dtype == "Int64"
    assert programme["connected_count"].isna().any()


def test_tables_are_copies():
    geodata = read_geodata()
    mine = geodata.table("communes")
    mine.loc[0, "nom"] = "changé"
    assert geodata.table("communes").loc[0, "nom"] != "changé"


def test_own_folder_reads_the_same_way(folder):
    geodata = read_territory_folder(folder)
    envelopes = geodata.table("envelopes")
    contract("envelopes").check(envelopes)
    assert envelopes["med_credit_cents"].isna().all()
    notes = geodata.table("notes")
    assert notes["code"].tolist() == ["01", "02"]
    assert notes["homes_count"].tolist() == [3, pd.NA]
    assert notes["area_m2"].tolist() == [1.5, 2.0]
    assert geodata.origin("envelopes").synthetic
    assert {f.rule for f in geodata.findings} == {"io.unchecked_file"}
    assert len(geodata.findings) == 2
    with pytest.raises(UnknownNameError, match="envelopes"):
        geodata.table("envelope")


def test_one_changed_byte_is_noticed(tmp_path):
    copy = tmp_path / "bretagne"
    shutil.copytree(geodata_folder(), copy)
    read_geodata(copy)
    prices = copy / "prices.csv"
    prices.write_bytes(prices.read_bytes().replace(b"80000", b"80001"))
    with pytest.raises(DataFileError, match=r"« prices\.csv » n'est pas le fichier du catalogue"):
        read_geodata(copy)


def test_wrong_number_of_rows(folder):
    rewrite(folder, "rows = 2", "rows = 3")
    with pytest.raises(DataFileError, match="a 2 lignes, le catalogue en annonce 3"):
        read_territory_folder(folder)


def test_table_that_breaks_its_contract(folder):
    path = folder / "concertation" / "envelopes.csv"
    path.write_text(path.read_text().replace("lines", "prises"))
    with pytest.raises(ContractError, match="prises"):
        read_territory_folder(folder)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("vintage = 2018", 'vintage = "2018"', "layers, vintage"),
        ('licence = "Licence Ouverte"', "", "layers 1: licence"),
        ('layer = "notes"', 'layer = "envelopes"', "envelopes × 2"),
        ('file = "notes.csv"', 'file = "../notes.csv"', "../notes.csv"),
        ('file = "notes.csv"', 'file = "note.csv"', "n'existe pas"),
        ('table = "envelopes"', 'table = "enveloppes"', "enveloppes"),
        ('name = "essai"', "name = ", "ne se comprend pas"),
    ],
)
def test_catalogue_that_cannot_be_understood(folder, old, new, text):
    rewrite(folder, old, new)
    with pytest.raises(DataFileError, match=text.replace("..", r"\.\.")):
        read_territory_folder(folder)


def test_no_catalogue_and_no_such_territory(tmp_path):
    with pytest.raises(DataFileError, match=r"n'a pas de catalogue\.toml"):
        read_territory_folder(tmp_path)
    with pytest.raises(DataFileError, match="un de : bretagne"):
        geodata_folder("normandie")

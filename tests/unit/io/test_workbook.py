"""XLSX as people fill it in: headings in words, codes as numbers, formulas, merged cells."""

import datetime as dt

import openpyxl
import pandas as pd
import pytest

from planner.errors import ContractError, DataFileError
from planner.io import read_premises, read_sectors, read_table
from planner.schemas import contract

HEAD = ["epci_siren", "unit", "amount", "credit_cents", "source", "synthetic"]
BALLOTS = ["epci_siren", "sector_id", "wish", "rank", "source", "synthetic"]


def workbook(tmp_path, sheets, *, touch=lambda book: None):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    touch(book)
    book.save(tmp_path / "t.xlsx")
    return tmp_path / "t.xlsx"


def rules(intake):
    return {finding.rule: finding for finding in intake.findings}


def test_ballots_with_french_headings_labels_and_a_title(tmp_path):
    path = workbook(tmp_path, {"Vœux": [
        ["Vœux de la CC", None], [None],
        ["EPCI (SIREN)", "Secteur", "Vœu", "Rang", "Source", "Synthétique"],
        [243500741, "b", "Classé", 2.0, "délibération", "non"],
        [None, None, None],
        ["243500741", "a", "Exigé", None, "délibération", False],
    ]})  # fmt: skip
    titles = {c.name: c.titled("fr") for c in contract("ballots").columns}
    columns = {"wish": "Vœu"} if titles["wish"] != "Vœu" else None
    intake = read_table(path, "ballots", columns=columns)
    assert intake.table["sector_id"].tolist() == ["a", "b"]
    assert intake.table["wish"].tolist() == ["required", "ranked"]
    assert intake.table["rank"].tolist() == [pd.NA, 2]
    assert intake.table["epci_siren"].tolist() == ["243500741"] * 2
    assert rules(intake)["io.codes_from_numbers"].count == 1
    assert intake.rows_in == 2


def test_a_code_that_lost_its_zero_is_refused_and_one_that_shows_it_is_kept(tmp_path):
    rows = [["code", "nom"], [1143, "Aix"], [35236, "Redon"]]
    table = contract("communes")
    insee = next(c for c in table.columns if c.name == "insee")
    from planner.contracts import Contract

    own = Contract(name="own", title=("a", "b"), description=("a", "b"), key=("insee",),
                   columns=(insee,))  # fmt: skip
    path = workbook(tmp_path, {"f": rows})
    with pytest.raises(ContractError, match="01143") as error:
        read_table(path, own, columns={"insee": "code"})
    assert error.value.violations["row"].tolist() == [1]

    def show_zeros(book):
        book["f"]["A2"].number_format = "00000"

    intake = read_table(workbook(tmp_path, {"f": rows}, touch=show_zeros), own,
                        columns={"insee": "code"})  # fmt: skip
    assert intake.table["insee"].tolist() == ["01143", "35236"]


def test_dates_are_days_and_sheets_are_found_by_the_name_of_the_table(tmp_path):
    rows = [["epci_siren", "state", "on", "source", "synthetic"],
            ["243500741", "voted", dt.datetime(2017, 12, 13), "x", "non"]]  # fmt: skip
    path = workbook(tmp_path, {"Lisez-moi": [["Bonjour", "!"]], "Délibérations": rows})
    intake = read_table(path, "deliberations")
    assert intake.table["on"].tolist() == [pd.Timestamp(2017, 12, 13)]
    with pytest.raises(DataFileError, match="Lisez-moi, Délibérations"):
        read_table(path, "prices")
    with pytest.raises(DataFileError, match="zones"):
        read_table(path, "deliberations", layer="zones")


def test_an_error_a_formula_and_a_merged_cell_are_never_a_value(tmp_path):
    rows = [BALLOTS] + [
        ["243500741", key, "ranked", i, "x", "non"] for i, key in enumerate("abcd", 1)
    ]

    def spoil(book):
        sheet = book["f"]
        sheet["D2"] = "=1/0"
        sheet["D2"].data_type = "f"
        sheet["C3"] = "#REF!"
        sheet["C3"].data_type = "e"
        sheet.merge_cells("E4:E5")

    path = workbook(tmp_path, {"f": rows}, touch=spoil)
    with pytest.raises(ContractError) as error:
        read_table(path, "ballots")
    found = error.value.violations
    assert found["row"].tolist() == [1, 2, 4]
    assert "D2" in found["value"].iloc[0]
    for lang in ("fr", "en"):
        assert "E5" in error.value.say(lang)


def test_premises_and_attributes_of_sectors_come_from_a_workbook(tmp_path):
    rows = [["premise_id", "insee", "x_m", "y_m"], ["a", 35236, 309000, 6740000.5],
            ["b", 1143, 309000, 6740000], ["c", "35236", None, 6740000]]  # fmt: skip
    intake = read_premises(workbook(tmp_path, {"f": rows}))
    assert intake.premises["premise_id"].tolist() == ["a"]
    assert intake.premises["y_m"].tolist() == [6740000.5]
    assert sorted(intake.rejected_rows["reason"]) == ["code_as_number", "no_position"]
    assert intake.rows_in == 3
    with pytest.raises(DataFileError, match="Polygon"):
        read_sectors(workbook(tmp_path, {"f": rows}))


def test_hidden_empty_and_foreign_workbooks_say_what_to_do(tmp_path):
    path = workbook(tmp_path, {"f": []})
    with pytest.raises(DataFileError, match="vide"):
        read_table(path, "ballots")
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    with pytest.raises(DataFileError, match="xlsx"):
        read_table(tmp_path / "old.xls", "ballots")
    (tmp_path / "not.xlsx").write_text("a;b\n1;2\n")
    with pytest.raises(DataFileError, match="XLSX attendu"):
        read_table(tmp_path / "not.xlsx", "ballots")
    cut = (tmp_path / "t.xlsx").read_bytes()[:900]
    (tmp_path / "t.xlsx").write_bytes(cut)
    with pytest.raises(DataFileError):
        read_table(tmp_path / "t.xlsx", "ballots")


def test_attributes_of_sectors_come_without_their_shapes(tmp_path):
    head = ["sector_id", "nom", "insee", "departement", "epci_siren", "area_kind", "premises_count",
            "zone_id", "synthetic"]  # fmt: skip
    rows = [head, ["a", "Nord", 35236, "35", 243500741, "Rural", 512, None, False]]
    intake = read_table(workbook(tmp_path, {"Secteurs": rows, "Autre": [["x", "y"]]}), "sectors")
    assert intake.table["zone_id"].isna().all()
    assert intake.table.drop(columns="zone_id").to_dict("records") == [
        {"sector_id": "a", "nom": "Nord", "insee": "35236", "departement": "35",
         "epci_siren": "243500741", "area_kind": "rural", "premises_count": 512,
         "synthetic": False}
    ]  # fmt: skip

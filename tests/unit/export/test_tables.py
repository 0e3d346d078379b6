"""CSV and XLSX are read back: same values, same totals, nothing run as a formula."""

import csv
import datetime as dt
import hashlib
import os
import zipfile

import openpyxl
import pandas as pd
import pytest

from planner.errors import ContractError
from planner.export.tables import write_csv_tables, write_workbook
from planner.export.workbook import WorkbookRules
from planner.io import read_table
from planner.schemas import CONTRACTS
from planner.texts import Message


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture
def folder(case, tmp_path):
    write_csv_tables(tmp_path / "csv", case.tables)
    return tmp_path / "csv"


def workbook(case, path, **options):
    written = write_workbook(
        path, case.tables, edition=case.edition, origins=case.origins, **options
    )
    return written, openpyxl.load_workbook(path)


@pytest.fixture
def book(case, tmp_path):
    return workbook(case, tmp_path / "plan.xlsx")[1]


def cells(sheet):
    """Rows below the headings, by heading."""
    headings = [cell.value for cell in sheet[2]]
    return [
        dict(zip(headings, row, strict=True))
        for row in sheet.iter_rows(min_row=3, values_only=True)
    ]


def text_of(sheet):
    return "\n".join(
        str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None
    )


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_each_table_has_a_csv_in_the_order_of_its_key(case, folder):
    assert sorted(os.listdir(folder)) == sorted(f"{name}.csv" for name in case.tables)
    for name, frame in case.tables.items():
        headings, *rows = rows_of(folder / f"{name}.csv")
        kept = [column for column in frame.columns if column != "geometry"]
        assert sorted(headings) == sorted(kept)
        assert headings[: len(CONTRACTS[name].columns)] == list(CONTRACTS[name].column_names)
        key = list(CONTRACTS[name].key)
        want = frame.sort_values(key)[key].astype(str).to_numpy().tolist()
        assert [[row[headings.index(k)] for k in key] for row in rows if "on" not in key] == (
            want if "on" not in key else []
        )


def test_csv_is_plain_utf_8_and_changes_nothing(folder):
    content = (folder / "sectors.csv").read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in content
    names = [row[1] for row in rows_of(folder / "sectors.csv")[1:]]
    assert names == [
        "Île-d'Armor « nord »",
        '=1+1"; DROP TABLE sectors; --',
        "{{7*7}}{#</script>",
        "@Ploërmel, -2",
    ]


def test_csv_keeps_numbers_dates_and_absence(case, folder):
    back = pd.read_csv(folder / "premises.csv", dtype={"insee": str})
    want = case.tables["premises"].sort_values("premise_id").reset_index(drop=True)
    assert back["x_m"].tolist() == want["x_m"].tolist()
    assert back["premises_min"].sum() == 11
    assert back["state"].isna().tolist() == want["state"].isna().tolist()
    assert rows_of(folder / "deliberations.csv")[1:] == [
        ["200066777", "absent", "", '=HYPERLINK("http://x")', "true"],
        ["243500741", "voted", "2017-11-30", '=HYPERLINK("http://x")', "false"],
    ]
    cents = [int(row[-1]) for row in rows_of(folder / "schedule.csv")[1:]]
    assert cents == [812_345_678_901_23, 600_000, 400_010, 380_001]
    # an empty text (no EPCI) is not an absent one
    assert b'"56165-02","",1' in (folder / "sector_shares.csv").read_bytes()


def test_csv_are_the_same_bytes_from_permuted_rows(case, folder, tmp_path):
    tables = {name: frame.sample(frac=1, random_state=5) for name, frame in case.tables.items()}
    written = write_csv_tables(tmp_path / "again", tables)
    for one in written:
        assert sha256(tmp_path / one.path) == sha256(folder / one.path.rpartition("/")[2])
    assert {name: rows for one in written for name, rows in one.rows.items()} == {
        n: len(f) for n, f in tables.items()
    }


def test_a_table_that_breaks_its_contract_is_refused(case, tmp_path):
    case.tables = {"schedule": case.tables["schedule"].drop(columns="quarter")}
    with pytest.raises(ContractError, match="quarter"):
        write_csv_tables(tmp_path, case.tables)
    with pytest.raises(ContractError, match="quarter"):
        workbook(case, tmp_path / "plan.xlsx")
    assert [
        name for name in os.listdir(tmp_path) if name.endswith(".xlsx") or name.startswith(".")
    ] == []


def test_sheets_come_results_first_after_the_one_that_explains(book):
    assert book.sheetnames == [
        "Lisez-moi", "Couverture", "Participations", "Calendrier", "Constats", "Secteurs",
        "Parts des secteurs par EPCI", "Délibérations", "Communes",
    ]  # fmt: skip


def test_amounts_are_exact_euros(book):
    amounts = [row["Coût (€)"] for row in cells(book["Calendrier"])]
    assert [round(amount * 100) for amount in amounts] == [
        812_345_678_901_23,
        600_000,
        400_010,
        380_001,
    ]
    assert amounts == [812_345_678_901.23, 6_000, 4_000.1, 3_800.01]
    due = [row["Participation due (€)"] for row in cells(book["Participations"])]
    assert due == [1_279.99, 1_335]
    assert book["Participations"]["H3"].number_format == '#,##0.00\\ "€"'


def test_people_read_labels_percents_dates_and_blanks(book):
    region, sector = cells(book["Couverture"])
    assert (region["Niveau"], sector["Niveau"]) == ("Région", "Secteur")
    assert sector["Taux de couverture"] == 0.5
    assert region["Ciblé"] is None  # absent is not zero
    assert region["Au"] == dt.datetime(2017, 12, 31)
    headings = [cell.value for cell in book["Couverture"][2]]
    rate = book["Couverture"].cell(3, headings.index("Taux de couverture") + 1)
    assert rate.number_format == "0.0\\ %"
    wishes = cells(book["Délibérations"])
    assert [row["État"] for row in wishes] == ["Absente", "Votée"]
    assert [row["Date"] for row in wishes] == [None, dt.datetime(2017, 11, 30)]
    assert [row["Synthétique"] for row in wishes] == ["oui", "non"]


def test_codes_and_texts_are_never_numbers_nor_formulas(book, tmp_path):
    names = [row["Nom"] for row in cells(book["Secteurs"])]
    assert names == [
        "Île-d'Armor « nord »",
        '=1+1"; DROP TABLE sectors; --',
        "{{7*7}}{#</script>",
        "@Ploërmel, -2",
    ]
    assert cells(book["Communes"])[0]["Commune (INSEE)"] == "35236"
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {
        "s",
        "n",
        "d",
    }
    with zipfile.ZipFile(tmp_path / "plan.xlsx") as archive:
        sheets = [archive.read(name) for name in archive.namelist() if "worksheets/" in name]
    assert sheets
    assert not any(b"<f>" in sheet or b"<hyperlink" in sheet for sheet in sheets)


def test_headings_stay_in_sight_and_can_be_filtered(book):
    sheet = book["Secteurs"]
    assert sheet.freeze_panes == "B3"
    assert sheet.auto_filter.ref == "A2:I6"
    assert sheet.print_title_rows == "$1:$2"
    assert sheet.column_dimensions["B"].width > 20
    assert sheet.oddFooter.left.text == "Carte && essai"
    assert "geometry" not in [cell.value for cell in sheet[2]]


def test_the_first_sheet_explains(case, book):
    text = text_of(book["Lisez-moi"])
    assert book["Lisez-moi"]["A1"].value == "Carte & essai"
    assert "Armor, situation au 31 décembre 2017" in text
    assert "Scénario : essai-2018" in text
    assert "une partie des données est synthétique" in text
    assert "raccordables ; fichier du 31/12/2017 ; communes 2018" in text
    for origin in case.origins:
        assert origin.source in text
        assert origin.licence in text
    assert "© IGN <2018>" in text
    assert "ce n'est pas zéro" in text
    assert "Locaux\nTrop de lignes pour un classeur" in text


def test_what_is_made_up_is_marked_where_it_is_shown(book):
    assert book["Secteurs"]["A1"].value.endswith("— SYNTHÉTIQUE")
    assert book["Délibérations"]["A1"].value.endswith("— EN PARTIE SYNTHÉTIQUE")
    assert book["Calendrier"]["A1"].value.endswith("— CALCULÉ SUR DES DONNÉES SYNTHÉTIQUES")
    assert book["Communes"]["A1"].value == "Communes — Communes du territoire, une par ligne"
    assert book["Secteurs"].sheet_properties.tabColor is not None
    assert book["Communes"].sheet_properties.tabColor is None


def test_nothing_is_marked_when_nothing_is_made_up(case, tmp_path):
    case.tables = {
        "communes": case.tables["communes"],
        "contributions": case.tables["contributions"],
    }
    case.origins = case.origins[1:]
    _, book = workbook(case, tmp_path / "plan.xlsx")
    assert "synthétique" not in "".join(text_of(sheet) for sheet in book).casefold()


def test_a_table_too_long_for_a_sheet_is_left_out_and_said_so(case, tmp_path):
    written, book = workbook(case, tmp_path / "plan.xlsx", rules=WorkbookRules(most_rows=5))
    assert "schedule" not in written.rows  # 4 rows and 2 of headings
    assert written.rows["contributions"] == 2
    assert "Calendrier" not in book.sheetnames
    assert (
        "Calendrier\nTrop de lignes pour un classeur ; voir le GeoPackage ou le CSV.\n4"
        in text_of(book["Lisez-moi"])
    )
    exactly, _ = workbook(case, tmp_path / "plan.xlsx", rules=WorkbookRules(most_rows=6))
    assert exactly.rows["schedule"] == 4


def test_a_text_too_long_for_a_cell_is_cut_and_says_so(case, tmp_path):
    case.tables["sectors"]["nom"] = "é" * 40_000
    _, book = workbook(case, tmp_path / "plan.xlsx")
    name = cells(book["Secteurs"])[0]["Nom"]
    assert len(name) == 32_767
    assert name.endswith("é… [texte coupé]")


def test_an_empty_table_has_no_sheet(case, tmp_path):
    case.tables["zones"] = CONTRACTS["zones"].empty()
    written, book = workbook(case, tmp_path / "plan.xlsx")
    assert "zones" not in written.rows
    assert "Zones de déploiement" not in book.sheetnames


def test_two_workbooks_have_the_same_bytes(case, tmp_path):
    workbook(case, tmp_path / "a.xlsx")
    case.tables = {
        name: case.tables[name].sample(frac=1, random_state=9)
        for name in reversed(list(case.tables))
    }
    workbook(case, tmp_path / "b.xlsx")
    assert sha256(tmp_path / "a.xlsx") == sha256(tmp_path / "b.xlsx")
    assert sorted(os.listdir(tmp_path)) == ["a.xlsx", "b.xlsx"]


def test_in_english(case, tmp_path):
    _, book = workbook(case, tmp_path / "plan.xlsx", lang="en")
    assert book.sheetnames[:3] == ["Read me", "Coverage", "Contributions"]
    assert "as of 31 December 2017" in text_of(book["Read me"])
    assert cells(book["Schedule"])[0]["Cost (€)"] == 812_345_678_901.23
    assert cells(book["Deliberations"])[0]["State"] == "Absent"


def test_further_notes_and_progress(case, tmp_path):
    heard = []
    note = Message.of("export.left_out_why")
    written, book = workbook(
        case, tmp_path / "plan.xlsx", notes=[note], progress=lambda *told: heard.append(told)
    )
    assert note.say() in [
        row[0] for row in book["Lisez-moi"].iter_rows(values_only=True, max_row=8)
    ]
    total = sum(written.rows.values())
    assert heard[-1] == (total, total, "Communes")


def test_sheet_names_are_short_and_told_apart():
    from planner.export.workbook import _sheet_names

    for lang in ("fr", "en"):
        names = _sheet_names(CONTRACTS, WorkbookRules(), lang)
        assert len({name.casefold() for name in names.values()}) == len(CONTRACTS)
        assert all(
            0 < len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in names.values()
        )


def test_every_table_reads_back_through_the_contract_what_is_nobodys_too(case, folder):
    assert "" in set(case.tables["sector_shares"]["epci_siren"])
    for name, given in case.tables.items():
        read = read_table(folder / f"{name}.csv", name).table
        plain = pd.DataFrame(CONTRACTS[name].select(given)).drop(
            columns="geometry", errors="ignore"
        )
        assert len(read) == len(plain), name
        for column in CONTRACTS[name].columns:
            if column.type == "str" and column.name in plain:
                expected = (
                    plain[column.name].astype("object").where(plain[column.name].notna(), None)
                )
                got = read[column.name].astype("object").where(read[column.name].notna(), None)
                assert got.tolist() == expected.tolist(), (name, column.name)

"""Forms as they come back from offices: what is meant is read, what is not read is told."""

import csv
import datetime as dt
import shutil

import openpyxl
import pytest
from typer.testing import CliRunner

from planner import cli
from planner.concertation import count_ballots
from planner.findings import Finding, Findings
from planner.io import read_table
from planner.io.form_answers import as_actor, as_amount, as_cents, as_day, as_mark, as_term
from planner.io.form_words import OfSector, Several
from planner.texts import say
from planner.toy import toy_territory
from planner.vocab import DeliberationState, EnvelopeUnit, Opinion, Severity, Wish

TWO = "200000002"


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("planner.prepare.prepare_territory", lambda *_, **__: toy_territory())
    return lambda *words: CliRunner().invoke(cli.app, ["concertation", *map(str, words)])


@pytest.fixture
def sent(run, tmp_path):
    """Send the forms, and keep the answers of one EPCI only in the file of its choice."""
    assert run("template", "--out", tmp_path / "envoi").exit_code == 0

    def only(kind):
        folder = tmp_path / "envoi" / TWO
        for path in folder.iterdir():
            if path.name != kind:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return folder / kind

    return only


@pytest.fixture
def read(run, tmp_path):
    def back(lang="fr"):
        done = run("read", tmp_path / "envoi", "--out", tmp_path / "lu", "--lang", lang)
        assert done.exit_code == 0, done.output
        names = ("ballots", "deliberations", "envelopes", "rejected_rows", "findings")
        tables = {name: read_table(tmp_path / "lu" / f"{name}.csv", name).table for name in names}
        return tables | {"said": tables.pop("findings").set_index("rule")}

    return back


def change(path, edit, encoding="utf-8-sig", mark=";"):
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    edit(rows)
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=mark).writerows(rows)


@pytest.mark.parametrize(
    ("text", "terms", "code"),
    [
        ("Voté", DeliberationState, "voted"),
        ("VOTÉES", DeliberationState, "voted"),
        ("refusé", DeliberationState, "refused"),
        ("absent", DeliberationState, "absent"),
        ("adoptée", DeliberationState, None),
        ("ligne", EnvelopeUnit, "lines"),
        ("€", EnvelopeUnit, "eur"),
        ("euro", EnvelopeUnit, "eur"),
        ("exigés", Wish, "required"),
        ("defavorables", Opinion, "against"),
        ("", Opinion, None),
        ("es", Opinion, None),
    ],
)
def test_a_word_is_known_in_any_gender_and_number(text, terms, code):
    assert as_term(text, terms) == code


def test_every_word_of_the_forms_is_known_by_its_code_and_labels():
    for terms in (DeliberationState, EnvelopeUnit, Opinion, Wish):
        for term in terms:
            assert {as_term(word, terms) for word in (term.value, term.fr, term.en)} == {term.value}


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("15 mars 2018", dt.date(2018, 3, 15)),
        ("le 1er Février 2018", dt.date(2018, 2, 1)),
        ("15-AOUT-2018", dt.date(2018, 8, 15)),
        ("3 December 2017", dt.date(2017, 12, 3)),
        ("15/03/2018", dt.date(2018, 3, 15)),
        ("31 février 2018", None),
        ("mars 2018", None),
        ("15 mars", None),
        ("15 mars 18", None),
        ("43174", None),
    ],
)
def test_a_day_is_read_with_its_month_in_words(text, day):
    assert as_day(text) == day


def test_numbers_are_read_as_offices_write_them():
    assert as_amount("6 220,00") == as_amount("6\u202f220") == as_amount("6220.0") == 6220
    assert (
        as_amount("6220,5") is as_amount("6 22") is as_amount("-5") is as_amount("1,234.00") is None
    )
    assert as_cents("1 234,50 €") == as_cents("1234.5") == 123_450
    assert as_cents("12,345") is as_cents("-1") is as_cents("x") is None
    assert as_mark("rank", "2,0") == 2
    assert as_mark("rank", "0") is as_mark("rank", "1,5") is as_mark("wish", "classé") is None
    assert as_actor("200 000 002") == as_actor("200000002.0") == TWO
    assert as_actor("2,00044E+08") == "2,00044E+08"


def test_csv_sheets_saved_by_a_spreadsheet_are_read_as_they_were_meant(sent, read):
    folder = sent("csv")

    def said(rows):
        rows[1][:2] = ["voté", "1er mars 2018"]

    change(folder / "deliberation.csv", said, "cp1252")
    change(folder / "wishes.csv", lambda rows: rows[1].__setitem__(6, "1,0"), "utf-16", "\t")
    change(
        folder / "envelope.csv", lambda rows: rows[1].__setitem__(slice(0, 2), ["€", "1 500,00"])
    )
    change(
        folder / "identity.csv",
        lambda rows: [row.__setitem__(1, "200 000 002") for row in rows if row[0] == "epci_siren"],
    )
    found = read()
    assert found["deliberations"]["state"].tolist() == ["voted"]
    assert str(found["deliberations"]["on"][0])[:10] == "2018-03-01"
    assert found["ballots"]["rank"].tolist() == [1]
    own = found["envelopes"].set_index("epci_siren").loc[TWO]
    assert (own["unit"], own["amount"]) == ("eur", 1500)
    assert found["rejected_rows"].empty


def test_a_row_that_cannot_be_read_is_not_a_sector_taken_out(sent, read):
    path = sent(f"{TWO}.xlsx")
    book = openpyxl.load_workbook(path)
    page = book["Vœux"]
    page.title = "Voeux"
    page["G4"] = "=1+0"
    del book["Avis du département"]
    book.save(path)
    said = read()["said"]
    assert "forms.sectors_gone" not in said.index
    assert "Vœux G4" in said.loc["forms.unreadable_cell", "message"]
    assert "Avis du département" in said.loc["forms.missing_part", "message"]
    english = read("en")["said"]
    assert "Wishes G4" in english.loc["forms.unreadable_cell", "message"]
    assert "Advice of the département" in english.loc["forms.missing_part", "message"]


def test_sectors_that_were_taken_out_are_told_once_each(sent, read):
    folder = sent("csv")
    change(folder / "wishes.csv", lambda rows: rows.pop(1))
    gone = read()["said"].loc["forms.sectors_gone"]
    assert gone["count"] == 1
    names = toy_territory().sectors.set_index("sector_id")["nom"]
    assert f"22002-01 ({names['22002-01']})" in gone["message"]
    change(folder / "wishes.csv", lambda rows: (rows[1].__setitem__(6, "1"), rows.append(rows[1])))
    message = read()["said"].loc["forms.sector_twice", "message"]
    assert message.count("22002-02") == 1


def test_what_stands_beside_a_sector_is_told_with_its_name():
    what = Several((OfSector("22002-01", cell="premier"), OfSector("22002-09"), "—"))
    told = Finding.of("forms.bad_rank", severity=Severity.SERIOUS, table="ballots", place=TWO,
                      name="CC", file="f", asked="CC", what=what)  # fmt: skip
    assert "22002-01 « premier », 22002-09, —" in told.message.say()
    named = next(iter(Findings((told,)).naming({"22002-01": "Ouest"})))
    assert "22002-01 (Ouest) « premier », 22002-09, —" in named.message.say()


def test_files_that_are_read_as_no_form_are_told(sent, read, tmp_path):
    sent(f"{TWO}.xlsx").rename(tmp_path / "envoi" / TWO / "REPONSE.XLSX")
    for name in ("reponse.ods", "tout.zip", "~$tout.xlsx", "Thumbs.db", "x.gpkg-wal", "wishes.csv"):
        (tmp_path / "envoi" / name).write_bytes(b"x")
    found = read()["said"]
    assert "forms.no_form" not in found.index
    told = found.loc["forms.not_read"]
    assert (told["count"], told["severity"]) == (3, Severity.WARNING.value)
    assert told["message"].endswith("reponse.ods, tout.zip, wishes.csv")
    assert "XLSX" in told["remedy"]


def test_a_refusal_is_told_as_one(toy):
    refused = toy.deliberations.assign(state="refused")
    found = count_ballots(
        epci=toy.epci, sectors=toy.sectors, sector_shares=toy.sector_shares,
        envelopes=toy.envelopes, ballots=toy.ballots, deliberations=refused,
    ).findings  # fmt: skip
    rules = {finding.rule for finding in found}
    assert "concertation.engagement_refused" in rules
    assert "concertation.not_voted" not in rules


def test_what_is_not_known_is_not_said_to_be_not_granted():
    assert "connue" in say("concertation.no_envelope", name="X")
    assert "connue" in say("concertation.no_deliberation", name="X")


def test_what_was_known_of_councils_stays_beside_what_the_forms_say(sent, run, tmp_path):
    change(
        sent("csv") / "deliberation.csv",
        lambda rows: rows.__setitem__(1, ["", "", "", "Mme Le Gall"]),
    )
    known = tmp_path / "calendrier.csv"
    known.write_text(
        "epci_siren,planned_on,contact,source,synthetic\n"
        f"{TWO},2017-11-06,M. Ancien,appel,true\n200000003,2017-12-04,M. Trois,appel,true\n",
        encoding="utf-8",
    )
    done = run("read", tmp_path / "envoi", "--out", tmp_path / "lu", "--calendar", known)
    assert done.exit_code == 0, done.output
    kept = read_table(tmp_path / "lu" / "calendar.csv", "calendar").table.set_index("epci_siren")
    assert kept["contact"].to_dict() == {TWO: "Mme Le Gall", "200000003": "M. Trois"}
    assert kept.loc[TWO, "planned_on"].date() == dt.date(2017, 11, 6)


def test_who_left_the_form_blank_is_told_once(run, tmp_path):
    assert run("template", "--out", tmp_path / "envoi").exit_code == 0
    done = run("read", tmp_path / "envoi", "--out", tmp_path / "lu")
    told = read_table(tmp_path / "lu" / "findings.csv", "findings").table
    mine = told[told["place"] == TWO]["rule"].tolist()
    assert mine == ["forms.blank"], done.output

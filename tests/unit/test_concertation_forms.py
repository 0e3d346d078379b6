"""Forms of a concertation: what is written reads back, what is filled in badly is told, not guessed."""

import csv
import hashlib
import shutil
import sqlite3
from contextlib import closing

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest

from planner.ballots import actor_shares, sectors_sha256
from planner.concertation import count_ballots
from planner.errors import DataFileError
from planner.export.concertation import make_forms, write_forms
from planner.export.layout import Edition
from planner.io import read_concertation
from planner.io.forms import SHEETS, answers_sha256, heading
from planner.scenario import Scenario
from planner.schemas import contract
from planner.toy import toy_territory

TWO, THREE, FOUR = "200000002", "200000003", "200000004"
WHO = "Mme Martin, DGA"
EDITION = Edition(title="T", scenario="s", territory="Jouet", on=Scenario().reference_date)


@pytest.fixture(scope="module")
def calendar():
    return pd.DataFrame(
        {
            "epci_siren": [TWO],
            "planned_on": pd.to_datetime(["2017-11-06"]).astype("datetime64[s]"),
            "contact": [WHO],
            "source": "jouet",
            "synthetic": True,
        }
    )


@pytest.fixture(scope="module")
def sent(tmp_path_factory, calendar):
    """The forms of the toy territory, each kind written once."""
    made = {}

    def forms(lang, *, prefill, again=False):
        if (lang, prefill) not in made or again:
            folder = tmp_path_factory.mktemp("forms") / "envoi"
            every, found = make_forms(
                toy_territory(), Scenario(), calendar=calendar, prefill=prefill, lang=lang
            )
            write_forms(folder, every, edition=EDITION, lang=lang)
            made[lang, prefill] = (folder, found)
        return made[lang, prefill]

    return forms


@pytest.fixture
def write(sent, tmp_path):
    """Put forms, ready to be filled in, under ``envoi``."""

    def forms(*, lang="fr", prefill=False):
        folder, found = sent(lang, prefill=prefill)
        shutil.copytree(folder, tmp_path / "envoi")
        return found

    return forms


@pytest.fixture
def read(toy):
    def intake(folder, **other):
        left = set(toy.sectors.loc[toy.sectors["zone_id"].isna(), "sector_id"])
        held = actor_shares(toy.sectors, toy.sector_shares)
        held = held[held["sector_id"].isin(left)]
        values = {
            "sectors_sha256": sectors_sha256(toy.sectors, toy.sector_shares),
            "names": dict(zip(toy.epci["siren"], toy.epci["nom"], strict=True)),
            "sectors_of": {a: tuple(g["sector_id"]) for a, g in held.groupby("actor")},
        }
        return read_concertation(folder, **values | other)

    return intake


def fill(book, sheet, answers):
    """Write answers in the first row of a sheet, or in the row of a sector."""
    opened = openpyxl.load_workbook(book)
    page = opened[{"wishes": "Vœux", "envelope": "Enveloppe", "deliberation": "Délibération",
                   "advice": "Avis du département", "identity": "Lisez-moi"}[sheet]]  # fmt: skip
    heads = {cell.value: cell.column for row in page.iter_rows() for cell in row if cell.value}
    for (key, column), value in answers.items():
        row = 4 if key is None else next(
            c.row for c in page["A"] if c.value == key
        )  # fmt: skip
        page.cell(row=row, column=heads[heading(sheet, column)]).value = value
    opened.save(book)


def rules(intake):
    return {f.rule.removeprefix("forms."): f for f in intake.findings}


def key_columns(frame, name):
    return frame[
        [
            c
            for c in contract(name).column_names
            if c not in {"source", "synthetic", "sectors_sha256"}
        ]
    ]


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_what_is_written_with_answers_reads_back_as_it_was(toy, write, read, tmp_path, lang):
    found = write(lang=lang, prefill=True)
    assert sorted(path.name for path in (tmp_path / "envoi").iterdir()) == [TWO, THREE, FOUR]
    assert [f.rule for f in found] == ["forms.nothing_open"]  # the town is in phase 1 whole
    intake = read(tmp_path / "envoi")
    assert [f.rule for f in intake.findings] == []
    assert intake.rejected_rows.empty
    for name in ("ballots", "deliberations", "envelopes"):
        expected = getattr(toy, name)
        expected = contract(name).select(expected[expected["epci_siren"] != "200000001"])
        read_back = key_columns(intake.tables()[name], name)
        pd.testing.assert_frame_equal(
            read_back.astype("object"), key_columns(expected, name).astype("object")
        )
    assert intake.contacts == {TWO: WHO}
    assert intake.ballots["synthetic"].all()  # the form says so, and what is read keeps it


def test_wishes_made_on_other_sectors_are_told_and_not_filled_in(toy):
    """They came under the signature of these sectors, which they weren't made on."""
    stale = toy.ballots["epci_siren"] == TWO
    now = sectors_sha256(toy.sectors, toy.sector_shares)
    signed = toy.ballots.assign(sectors_sha256=stale.map({True: "0" * 64, False: now}))
    forms, found = make_forms(toy.with_tables(ballots=signed), Scenario(), prefill=True)
    asked = {f.actor: [row["sector_id"] for row in f.wishes if len(row) > 5] for f in forms}
    assert asked[TWO] == []
    assert asked[THREE] == ["35001-01", "35001-02"]
    (told,) = (one for one in found if one.rule == "forms.prefill_elsewhere")
    assert (told.place, told.count) == (TWO, int(stale.sum()))
    assert "planner concertation carry" in told.remedy.say("fr")
    _, blank = make_forms(toy.with_tables(ballots=signed), Scenario(), prefill=False)
    assert [f.rule for f in blank] == ["forms.nothing_open"]


def test_the_workbook_and_its_csv_are_the_same_form(write, read, tmp_path):
    write(prefill=True)
    both = read(tmp_path / "envoi")
    for path in (tmp_path / "envoi").rglob("*.xlsx"):
        path.unlink()
    texts = read(tmp_path / "envoi")
    pd.testing.assert_frame_equal(
        key_columns(both.ballots, "ballots"), key_columns(texts.ballots, "ballots")
    )
    pd.testing.assert_frame_equal(
        key_columns(both.envelopes, "envelopes"), key_columns(texts.envelopes, "envelopes")
    )


def test_the_same_forms_have_the_same_bytes(sent):
    def sums(folder):
        return {
            p.relative_to(folder): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in folder.rglob("*")
            if p.is_file()
        }

    first = sums(sent("fr", prefill=False)[0])
    assert len(first) == 3 * (1 + 1 + len(SHEETS))
    assert sums(sent("fr", prefill=False, again=True)[0]) == first


def test_a_blank_form_is_no_ballot_and_names_whom_to_ask(write, read, tmp_path):
    write()
    intake = read(tmp_path / "envoi")
    assert intake.ballots.empty
    assert intake.deliberations.empty
    assert intake.envelopes["amount"].tolist() == [6, 4, 10]
    blank = [f for f in intake.findings if f.rule == "forms.blank"]
    assert [f.place for f in blank] == [TWO, THREE, FOUR]
    assert WHO in blank[0].remedy.say("fr")
    assert "CC Toy-Sud-Est" in blank[2].remedy.say("en")


def test_each_form_of_ballot_is_read(write, read, tmp_path):
    write()
    shutil.rmtree(tmp_path / "envoi" / THREE / "csv")  # its envelope is about to differ
    book = tmp_path / "envoi" / TWO / f"{TWO}.xlsx"
    fill(book, "wishes", {("22002-01", "points"): 40, ("22002-02", "points"): 60})
    other = tmp_path / "envoi" / THREE / f"{THREE}.xlsx"
    fill(other, "wishes", {("35001-01", "approved"): "Oui", ("35001-02", "wish"): "Refusé"})
    fill(other, "deliberation", {(None, "state"): "Votée", (None, "on"): "04/12/2017"})
    fill(other, "envelope", {(None, "credit"): 1234.5})
    fill(other, "advice", {("35001-01", "opinion"): "Réservé", ("35001-01", "remark"): "=1+1 ?"})
    intake = read(tmp_path / "envoi")
    told = intake.ballots.set_index(["epci_siren", "sector_id"])
    assert told.loc[(TWO, "22002-02"), ["wish", "points"]].tolist() == ["scored", 60]
    assert told.loc[(THREE, "35001-01"), "wish"] == "approved"
    assert told.loc[(THREE, "35001-02"), "wish"] == "refused"
    assert told["rank"].isna().all()
    assert intake.deliberations.iloc[0]["on"] == pd.Timestamp("2017-12-04")
    credit = intake.envelopes.set_index("epci_siren")["med_credit_cents"]
    assert credit[THREE] == 123_450


def test_a_ballot_made_on_other_sectors_is_refused_whole(write, read, tmp_path):
    write(prefill=True)
    intake = read(tmp_path / "envoi", sectors_sha256="0" * 64)
    assert intake.ballots.empty
    assert len(intake.deliberations) == 3  # a deliberation is not about sectors
    refused = [f for f in intake.findings if f.rule == "forms.other_sectors"]
    assert [f.place for f in refused] == [TWO, THREE, FOUR]
    assert "planner concertation carry" in refused[0].remedy.say("fr")
    assert set(intake.rejected_rows["reason"]) == {"other_version"}
    assert len(intake.rejected_rows) == 3 * 5  # in the workbook, the CSV and the GeoPackage


CASES = [
    ("wishes", {("22002-01", "rank"): "premier"}, "bad_rank", "22002-01 « premier »"),
    ("wishes", {("22002-01", "rank"): 0}, "bad_rank", "22002-01 « 0 »"),
    ("wishes", {("22002-01", "points"): 1.5}, "bad_points", "1.5"),
    ("wishes", {("22002-01", "approved"): "peut-être"}, "bad_approved", "peut-être"),
    ("wishes", {("22002-01", "wish"): "Souhaité"}, "bad_wish", "Souhaité"),
    ("wishes", {("22002-02", "sector_id"): "22002-01", ("22002-01", "rank"): 1}, "sectors_gone", "22002-02"),
    ("wishes", {("22002-02", "sector_id"): None, ("22002-01", "rank"): 1}, "sectors_gone", "22002-02"),
    ("envelope", {(None, "unit"): None}, "envelope_without_unit", ""),
    ("envelope", {(None, "amount"): "beaucoup"}, "bad_amount", "beaucoup"),
    ("envelope", {(None, "unit"): "Prises"}, "bad_unit", "Prises"),
    ("envelope", {(None, "credit"): "12,345"}, "bad_credit", "12,345"),
    ("deliberation", {(None, "on"): "06/11/2017"}, "date_without_state", "2017-11-06"),
    ("deliberation", {(None, "state"): "Peut-être"}, "bad_state", "Peut-être"),
    ("deliberation", {(None, "on"): "hier"}, "bad_date", "hier"),
    ("deliberation", {(None, "state"): "En attente", (None, "on"): "06/11/2017"}, "pending_with_date", "2017-11-06"),
    ("deliberation", {(None, "state"): "Absente", (None, "on"): "06/11/2017"}, "absent_with_date", "2017-11-06"),
    ("advice", {("22002-01", "remark"): "à voir"}, "bad_advice", "22002-01"),
    ("advice", {("22002-01", "opinion"): "Bof"}, "bad_advice", "22002-01"),
]  # fmt: skip


@pytest.mark.parametrize(("sheet", "answers", "rule", "what"), CASES)
def test_half_filled_and_contradictory_answers_are_told_with_the_person_to_ask(
    write, read, tmp_path, sheet, answers, rule, what
):
    write()
    shutil.rmtree(tmp_path / "envoi" / TWO / "csv")
    book = tmp_path / "envoi" / TWO / f"{TWO}.xlsx"
    fill(book, sheet, answers)
    intake = read(tmp_path / "envoi")
    finding = rules(intake)[rule]
    assert finding.place == TWO
    assert what in finding.message.say("fr")
    assert WHO in finding.remedy.say("fr")
    if rule != "sectors_gone":
        aside = intake.rejected_rows
        assert len(aside) == 1
        assert aside["file"].iloc[0].startswith(f"{TWO}/{TWO}.xlsx#")
        kept = intake.ballots[intake.ballots["epci_siren"] == TWO]
        assert kept.empty


def test_a_form_sent_without_approvals_beside_other_wishes_keeps_its_signature():
    wish = {"sector_id": "22002-01", "wish": "ranked", "rank": 1, "points": None}
    signed = hashlib.sha256(repr([("22002-01", "ranked", "1", "")]).encode()).hexdigest()
    assert answers_sha256("ballots", [wish]) == signed
    assert answers_sha256("ballots", [wish | {"approved": True}]) != signed


def test_a_sector_that_is_named_twice_counts_in_no_row(write, read, tmp_path):
    write()
    book = tmp_path / "envoi" / TWO / f"{TWO}.xlsx"
    fill(book, "wishes", {("22002-01", "rank"): 1, ("22002-02", "rank"): 2})
    fill(book, "wishes", {("22002-02", "sector_id"): "22002-01"})
    intake = read(tmp_path / "envoi")
    assert rules(intake)["sector_twice"].count == 2
    assert intake.rejected_rows["reason"].tolist() == ["duplicate_key"] * 2
    assert intake.ballots.empty


def test_two_forms_that_differ_are_both_set_aside_and_equal_ones_are_one(write, read, tmp_path):
    write(prefill=True)
    book = tmp_path / "envoi" / TWO / f"{TWO}.xlsx"
    shutil.copy(book, tmp_path / "envoi" / "copie.xlsx")
    assert len(read(tmp_path / "envoi").ballots) == 5
    fill(tmp_path / "envoi" / "copie.xlsx", "wishes", {("22002-01", "rank"): 3})
    fill(book, "wishes", {("22002-01", "rank"): 4})
    intake = read(tmp_path / "envoi")
    told = rules(intake)["two_answers"].message.say("fr")
    assert "a rendu 2 formulaires qui diffèrent" in told  # the sheets left as sent aren't named
    assert "copie.xlsx" in told
    assert "/csv" not in told
    assert TWO not in set(intake.ballots["epci_siren"])
    assert TWO not in intake.forms
    assert (intake.rejected_rows["reason"] == "two_answers").sum() == 4 * (2 + 1 + 1 + 1)


def test_the_copies_left_as_they_came_say_nothing_against_the_one_filled_in(write, read, tmp_path):
    write(prefill=True)
    book = tmp_path / "envoi" / TWO / f"{TWO}.xlsx"
    fill(
        book, "envelope", {(None, "unit"): "Euros", (None, "amount"): "1\u202f500\u00a0000"}
    )  # fmt: skip
    fill(book, "deliberation", {(None, "contact"): "M. Morvan"})
    fill(book, "wishes", {("22002-01", "rank"): 3})
    intake = read(tmp_path / "envoi")
    assert "two_answers" not in rules(intake)
    own = intake.envelopes[intake.envelopes["epci_siren"] == TWO]
    assert own[["unit", "amount"]].to_numpy().tolist() == [["eur", 1_500_000]]
    assert intake.contacts[TWO] == "M. Morvan"
    votes = intake.ballots[intake.ballots["epci_siren"] == TWO].set_index("sector_id")
    assert votes.loc["22002-01", "rank"] == 3
    assert len(votes) == 2  # the other one as it was sent


def test_an_envelope_that_cannot_be_read_is_not_replaced_by_the_one_that_was_sent(
    write, read, tmp_path
):
    write(prefill=True)
    fill(tmp_path / "envoi" / TWO / f"{TWO}.xlsx", "envelope", {(None, "amount"): "1 50"})
    intake = read(tmp_path / "envoi")
    assert WHO in rules(intake)["bad_amount"].remedy.say("fr")
    assert TWO not in set(intake.envelopes["epci_siren"])


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_geopackage_is_filled_in_on_the_map_and_read(write, read, tmp_path, lang):
    write(lang=lang)
    path = tmp_path / "envoi" / TWO / "secteurs.gpkg"
    layer = gpd.read_file(path, layer="wishes")
    assert layer.crs.to_epsg() == 2154
    assert layer.set_index("sector_id").loc["22002-01", "lines"] > 0
    with closing(sqlite3.connect(path)) as package, package:
        for function in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            package.create_function(function, 1, lambda _shape: 0)  # for the triggers of the index
        package.execute("UPDATE wishes SET rank = 2 WHERE sector_id = '22002-01'")
        package.execute(
            "UPDATE wishes SET wish = 'required', opinion = 'favourable', remark = 'prêt'"
            " WHERE sector_id = '22002-02'"
        )
        package.execute("UPDATE envelope SET unit = 'eur', amount = 9000, credit = '1 234,50'")
        package.execute(
            "UPDATE deliberation SET state = 'voted', \"on\" = '2018-01-31', contact = 'M. Le Bras'"
        )
        names = [row[0] for row in package.execute(
            "SELECT name FROM gpkg_data_columns WHERE table_name = 'wishes' AND column_name = 'rank'"
        )]  # fmt: skip
        lists = {row[0] for row in package.execute(
            "SELECT value FROM gpkg_data_column_constraints WHERE constraint_name = 'asked'"
        )}  # fmt: skip
    assert names == [heading("wishes", "rank", lang)]
    assert lists == {"required", "refused"}
    intake = read(tmp_path / "envoi")
    own = intake.ballots[intake.ballots["epci_siren"] == TWO].set_index("sector_id")
    assert own["wish"].to_dict() == {"22002-01": "ranked", "22002-02": "required"}
    assert own.loc["22002-01", "rank"] == 2
    assert intake.envelopes[["unit", "amount", "med_credit_cents"]].to_numpy().tolist()[0] == [
        "eur", 9000, 123_450,
    ]  # fmt: skip
    assert intake.deliberations["on"].dt.date.astype(str).tolist() == ["2018-01-31"]
    assert intake.advice[["opinion", "remark"]].to_numpy().tolist() == [["favourable", "prêt"]]
    assert intake.contacts[TWO] == "M. Le Bras"
    assert intake.rejected_rows.empty


def test_a_geopackage_that_is_no_form_is_told(write, read, tmp_path, toy):
    write()
    toy.communes.to_file(tmp_path / "envoi" / "communes.gpkg", layer="communes")
    assert "communes.gpkg" in rules(read(tmp_path / "envoi"))["not_a_form"].message.say("fr")


def test_remarks_and_contacts_may_be_given_by_some_only(write, read, tmp_path):
    write()
    two, three = (tmp_path / "envoi" / code / f"{code}.xlsx" for code in (TWO, THREE))
    fill(
        two, "advice",
        {("22002-01", "opinion"): "Favorable", ("22002-02", "opinion"): "Défavorable",
         ("22002-02", "remark"): "pas prêt"},
    )  # fmt: skip
    fill(three, "deliberation", {(None, "planned_on"): "06/11/2017"})
    intake = read(tmp_path / "envoi")
    assert intake.advice["remark"].isna().tolist() == [True, False]
    assert intake.calendar.set_index("epci_siren")["contact"].isna().to_dict() == {
        TWO: False, THREE: True,
    }  # fmt: skip


def test_missing_forms_strange_files_and_lost_sheets_are_told(write, read, tmp_path):
    write(prefill=True)
    shutil.rmtree(tmp_path / "envoi" / FOUR)
    strange = openpyxl.Workbook()
    strange.active.append(["a", "b"])
    strange.save(tmp_path / "envoi" / "budget.xlsx")
    (tmp_path / "envoi" / "casse.xlsx").write_bytes(b"PK\x03\x04 nothing")
    shutil.rmtree(tmp_path / "envoi" / TWO / "csv")
    book = openpyxl.load_workbook(tmp_path / "envoi" / TWO / f"{TWO}.xlsx")
    del book["Vœux"]
    book.save(tmp_path / "envoi" / TWO / f"{TWO}.xlsx")
    found = rules(read(tmp_path / "envoi", contacts={FOUR: "M. Le Gall"}))
    assert "M. Le Gall (CC Toy-Sud-Est)" in found["no_form"].remedy.say("fr")
    assert found["not_a_form"].place == "budget.xlsx"
    assert found["unreadable"].place == "casse.xlsx"
    assert found["missing_part"].message.say("fr").endswith(" : Vœux")


def test_a_form_of_nobody_is_told(write, read, tmp_path):
    write(prefill=True)
    identity = tmp_path / "envoi" / TWO / "csv" / "identity.csv"
    with identity.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream, delimiter=";"))
    rows = [["epci_siren", "999999999"] if r[0] == "epci_siren" else r for r in rows]
    with identity.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=";").writerows(rows)
    assert "999999999" in rules(read(tmp_path / "envoi"))["unknown_actor"].message.say("fr")


def test_what_is_filled_in_is_never_overwritten(toy, write, tmp_path):
    write()
    forms, _ = make_forms(toy, Scenario())
    with pytest.raises(DataFileError, match="jamais écrasé"):
        write_forms(tmp_path / "envoi", forms, edition=EDITION)


def test_the_workbook_is_protected_but_for_its_answers(write, tmp_path):
    write()
    book = openpyxl.load_workbook(tmp_path / "envoi" / TWO / f"{TWO}.xlsx")
    assert book.sheetnames == [
        "Lisez-moi",
        "Enveloppe",
        "Vœux",
        "Délibération",
        "Avis du département",
    ]
    assert all(sheet.protection.sheet for sheet in book)
    page = book["Vœux"]
    heads = {cell.value: cell.column for cell in page[3]}
    for column in SHEETS["wishes"]:
        cell = page.cell(row=4, column=heads[heading("wishes", column)])
        assert cell.protection.locked == (column not in {"wish", "rank", "points", "approved"})
    lists = {v.formula1 for v in page.data_validations.dataValidation if v.type == "list"}
    assert lists == {'"Exigé,Refusé"', '"oui"'}
    shown = openpyxl.load_workbook(
        tmp_path / "envoi" / TWO / f"{TWO}.xlsx", data_only=True
    )["Vœux"]  # fmt: skip
    contributions = [shown.cell(row=r, column=heads[heading("wishes", "contribution")]).value
                     for r in (4, 5)]  # fmt: skip
    assert contributions == [4 * 445, 6 * 445]


def test_wishes_made_on_another_cut_do_not_count_and_whom_to_ask_is_said(
    toy, write, read, tmp_path
):
    def counted(ballots):
        return count_ballots(
            epci=toy.epci, sectors=toy.sectors, sector_shares=toy.sector_shares,
            envelopes=toy.envelopes, ballots=ballots, deliberations=toy.deliberations,
            contacts={TWO: WHO},
        )  # fmt: skip

    write(prefill=True)
    taken = read(tmp_path / "envoi").ballots
    signature = sectors_sha256(toy.sectors, toy.sector_shares)
    assert set(taken["sectors_sha256"]) == {signature}
    assert counted(taken).ballots[TWO].ranked == counted(toy.ballots).ballots[TWO].ranked != ()
    own = taken["epci_siren"] == TWO
    other = counted(taken.assign(sectors_sha256=taken["sectors_sha256"].mask(own, "0" * 64)))
    assert other.ballots[TWO].ranked == ()
    assert other.ballots[THREE] == counted(taken).ballots[THREE]
    told = [f for f in other.findings if f.rule == "concertation.other_sectors"]
    assert [(f.place, f.count) for f in told] == [(TWO, 2)]
    assert WHO in told[0].remedy.say("fr")
    assert "concertation.voted_without_ballot" not in {
        f.rule for f in other.findings if f.place == TWO
    }

"""Requests handed in as files, and the command that takes them in."""

import json
import sqlite3

import pandas as pd
import pytest
from typer.testing import CliRunner

from planner.cli import app
from planner.errors import DataFileError
from planner.io.register import open_register
from planner.io.register_addresses import read_addresses
from planner.io.register_intake import read_requests, request_id_of
from planner.schemas import contract

HEAD = "reference;kind;received_on;x_m;y_m;lon;lat;address;insee;organisation;supply_on;siret\n"
ROWS = (
    "A-1;business;01/12/2018;301000;6801000;;;;;Zyxwvut SARL;2018-11-02;732 829 320 00074\n"
    "A-2;Enseignement;2018-12-02;;;-2,76;48,51;;22001;École;;\n"
    "A-3;;;;;;;12 bis Rue des Lilas;22001;;;\n"
    "A-4;business;;;;;;;;;31/02/2018;\n"
    ";business;;;;;;;;;;\n"
    "A-6;planète;;;;;;;;;;\n"
    "A-7;business;;301000;;;;;;;;\n"
    "A-1;business;;;;;;;;;;\n"
    "A-8;business;;;;;;;;Secrète;;12\n"
)
BAN = (
    "id;numero;rep;nom_voie;code_postal;code_insee;nom_commune;x;y;lon;lat\n"
    "1;12;bis;rue des Lilas;22000;22001;Toy;302000.5;6802000.5;0;0\n"
    "2;3;;rue Double;22000;22001;Toy;1;1;0;0\n"
    "3;3;;rue Double;22000;22001;Toy;9;9;0;0\n"
)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "d.csv").write_text(HEAD + ROWS, encoding="utf-8")
    (tmp_path / "ban.csv").write_text(BAN, encoding="utf-8")
    return tmp_path


def test_every_row_is_used_or_set_aside_with_its_reason(files):
    addresses = read_addresses(files / "ban.csv")
    assert len(addresses) == 3
    got = read_requests(files / "d.csv", addresses=addresses)
    assert got.rows_in == 9 == len(got.requests) + len(got.rejected_rows)
    contract("requests").check(got.requests)
    contract("request_contacts").check(got.contacts)
    contract("rejected_rows").check(got.rejected_rows)
    why = dict(zip(got.rejected_rows["row"], got.rejected_rows["reason"], strict=True))
    assert why == {4: "bad_date", 5: "missing_key", 6: "unknown_term", 7: "no_position",
                   8: "duplicate_key", 9: "bad_siret"}  # fmt: skip
    rows = got.requests.set_index("request_id")
    one, two, three = (rows.loc[request_id_of(f"A-{n}")] for n in (1, 2, 3))
    assert (one["x_m"], one["received_on"]) == (301000.0, pd.Timestamp("2018-12-01"))
    assert two["kind"] == "education"
    # 2.76° W, 48.51° N is Saint-Brieuc: some 275 km east and 6 838 km north in Lambert-93
    assert (two["x_m"], two["y_m"]) == pytest.approx((275_000, 6_838_000), abs=5_000)
    assert (three["x_m"], three["y_m"]) == (302000.5, 6802000.5)
    assert pd.isna(three["kind"])
    assert "73282932000074" in set(got.contacts["siret"])


def test_a_workbook_says_the_same_as_a_csv(files):
    frame = pd.read_csv(files / "d.csv", sep=";", dtype="str", keep_default_na=False)
    titled = {"kind": "Demandeur", "organisation": "Organisme", "reference": "Référence"}
    frame.rename(columns=titled).to_excel(files / "d.xlsx", index=False)
    one, two = read_requests(files / "d.csv"), read_requests(files / "d.xlsx")
    pd.testing.assert_frame_equal(one.requests, two.requests)
    pd.testing.assert_frame_equal(one.contacts, two.contacts)


def test_a_file_without_reference_or_of_another_format_says_so(files):
    (files / "n.csv").write_text("kind;address\nbusiness;x\n", encoding="utf-8")
    with pytest.raises(DataFileError, match="reference"):
        read_requests(files / "n.csv")
    with pytest.raises(DataFileError, match="numero, rep"):
        read_addresses(files / "n.csv")


def run(*words):
    done = CliRunner().invoke(app, ["register", *map(str, words)])
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def test_the_command_takes_in_lists_exports_and_erases(files):
    store = files / "r.gpkg"
    said = run("intake", store, files / "d.csv", "--on", "2019-01-01")
    assert "9 lignes lues, 3 demandes nouvelles" in said
    assert "6 écartées" in said
    assert "Secrète" not in said
    assert "0 demandes nouvelles, 3 déjà" in run(
        "intake", store, files / "d.csv", "--on", "2019-01-02"
    )
    assert "Zyxwvut" not in run("list", store)
    run("export", store, "--reference", "A-1", "--out", files / "mine.json")
    mine = json.loads((files / "mine.json").read_text(encoding="utf-8"))
    contacts = mine[request_id_of("A-1")]["request_contacts"]
    assert contacts[0]["organisation"] == "Zyxwvut SARL"
    run("erase", store, "--reference", "A-1", "--on", "2019-02-01")
    assert b"Zyxwvut" not in store.read_bytes()
    # the retention of the others ends five years after they came in
    assert "0 demande" in run("erase", store, "--due", "--on", "2023-11-30")
    assert "2 demande" in run("erase", store, "--due", "--on", "2024-01-01")
    with open_register(store) as register:
        assert register.table("request_contacts").empty


def test_a_request_that_is_not_there_is_one_sentence(files):
    run("intake", files / "r.gpkg", files / "d.csv", "--on", "2019-01-01")
    done = CliRunner().invoke(
        app, ["register", "erase", str(files / "r.gpkg"), "--reference", "?", "--on", "2019-01-01"]
    )
    assert done.exit_code == 1
    assert "aucune demande" in " ".join(done.output.split())
    assert "Traceback" not in done.output


def test_steps_are_recorded_shown_and_checked_from_the_command_line(files):
    store = files / "r.gpkg"
    run("intake", store, files / "d.csv", "--on", "2019-01-01")
    assert "Acceptée, le 1er février 2019" in run("record", store, "A-1", "accepted", "--on", "2019-02-01")  # fmt: skip
    run("record", store, request_id_of("A-1"), "funded", "--on", "2019-02-02", "--amount", "4 200,5",
        "--note", "vu Zyxwvut")  # fmt: skip
    said = run("show", store, "A-1")
    assert "4 200,50 €" in said.replace("\u202f", " ")
    assert "vu Zyxwvut" in said
    assert "Financée" in said
    assert "5 événements, aucun modifié" in run("check", store)
    refused = CliRunner().invoke(
        app, ["register", "record", str(store), "A-1", "received", "--on", "2019-03-01"]
    )
    assert refused.exit_code == 1
    assert "ne peut pas suivre" in " ".join(refused.output.split())
    wrong = CliRunner().invoke(
        app, ["register", "record", str(store), "A-1", "funded", "--on", "2019-03-01", "--amount", "1.234"]
    )  # fmt: skip
    assert wrong.exit_code == 2
    with sqlite3.connect(store) as db:
        db.execute("DROP TRIGGER journal_keeps_DELETE")
        db.execute("DELETE FROM request_journal WHERE event_id = 2")
    db.close()
    touched = CliRunner().invoke(app, ["register", "check", str(store)])
    assert touched.exit_code == 1
    assert "modifié à partir de l'événement 3" in " ".join(touched.output.split())


def test_the_written_rules_are_told_with_their_source():
    said = run("rules")
    assert "30 Mbit/s" in said
    assert "Arcep" in said
    assert "hypothèse de travail" in said

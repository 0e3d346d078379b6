"""The register in both stores: idempotent, shared, append-only, and able to forget."""

import datetime as dt
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from planner.errors import DataFileError, RuleError, UnknownNameError
from planner.io.register import FOLLOWS, open_register
from planner.register import compare_assessments
from planner.schemas import contract
from planner.vocab import RequestEvent

ON = dt.date(2019, 1, 1)
NAME = "Zyxwvut Quenotte"


def batch(first, count, name=NAME):
    ids = [f"R{i:016x}" for i in range(first, first + count)]
    requests = pd.DataFrame(
        {
            "request_id": ids, "kind": "business", "received_on": pd.Timestamp("2018-12-01"),
            "x_m": [300_000.0 + i for i in range(first, first + count)], "y_m": 6_800_000.0, "insee": "22001",
            "supply_evidence": "quote", "supply_on": pd.Timestamp("2018-11-01"),
            "supply_mbps": 4.0, "need_mbps": 100.0, "place_source": "coordinates",
            "place_score": float("nan"), "synthetic": True,
        }
    )  # fmt: skip
    contacts = pd.DataFrame(
        {"request_id": ids, "organisation": [f"{name} {i}" for i in ids], "contact": name,
         "email": f"{name.split()[0]}@example.org", "phone": "0102030405",
         "address": f"1 rue {name}",
         "siret": "73282932000074", "need": f"visio de {name}", "known_addresses": f"1 Rue {name} (0,80)",
         "consent_on": pd.Timestamp("2018-12-01")}
    )  # fmt: skip
    return requests, contacts


def answers(ids, eligibility):
    table = contract("request_assessments")
    frame = pd.DataFrame(
        {n: ids if n == "request_id" else [None] * len(ids) for n in table.column_names}
    )
    frame["eligibility"] = eligibility
    for column in table.columns:
        kind = {"str": "str", "int": "Int64", "float": "float64", "bool": "boolean"}[column.type]
        frame[column.name] = frame[column.name].astype(kind)
    return frame


@pytest.fixture(params=["geopackage", pytest.param("postgis", marks=pytest.mark.postgis)])
def store(request, tmp_path):
    """Where a register is kept: a file, or a database."""
    if request.param == "postgis":
        return request.getfixturevalue("database")
    return tmp_path / "r.gpkg"


def run_in(store, *statements):
    """Run statements of the owner of the store, behind the register's back."""
    if isinstance(store, Path):
        db = sqlite3.connect(store)
        try:
            rows = [db.execute(statement).fetchall() for statement in statements]
            db.commit()
        finally:
            db.close()
        return rows[-1]
    import psycopg

    with psycopg.connect(store, autocommit=True, options="-c search_path=axe3,public") as db:
        cursors = [db.execute(statement) for statement in statements]
        return cursors[-1].fetchall() if cursors[-1].description else None


def test_what_is_written_is_read_back_and_is_a_layer(store):
    requests, contacts = batch(0, 3)
    with open_register(store) as register:
        assert len(register.add(requests, contacts, on=ON).new) == 3
        pd.testing.assert_frame_equal(register.table("requests"), requests, check_dtype=False)
        pd.testing.assert_frame_equal(
            register.table("request_contacts"), contacts, check_dtype=False
        )
        for name in ("requests", "request_contacts", "request_journal"):
            contract(name).check(register.table(name))
    if isinstance(store, Path):
        layer = gpd.read_file(store, layer="requests")
        assert layer.crs.to_epsg() == 2154
        assert layer.geometry.x.tolist() == requests["x_m"].tolist()
    else:
        found = run_in(store, "SELECT ST_SRID(geom), ST_X(geom) FROM requests ORDER BY request_id")
        assert found == [(2154, x) for x in requests["x_m"]]


def test_the_same_request_twice_is_once_and_another_content_is_told(store):
    requests, contacts = batch(0, 3)
    with open_register(store) as register:
        register.add(requests, contacts, on=ON)
        changed = requests.assign(supply_mbps=[4.0, 9.0, 4.0])
        again = register.add(changed, contacts, on=ON)
        assert (len(again.new), len(again.known)) == (0, 2)
        assert again.different == (requests["request_id"][1],)
        assert register.table("requests")["supply_mbps"].tolist() == [4.0, 4.0, 4.0]
        assert len(register.table("request_journal")) == 3


def test_the_journal_takes_no_change(store):
    with open_register(store) as register:
        register.add(*batch(0, 1), on=ON)
        first = "R" + "0" * 16
        register.record(first, RequestEvent.ACCEPTED, on=ON, note="vu avec lui")
        register.record(first, RequestEvent.FUNDED, on=ON, amount_cents=1_000)
        journal = register.table("request_journal")
        contract("request_journal").check(journal)
        assert journal["event"].tolist() == ["received", "accepted", "funded"]
        assert journal["amount_cents"].tolist()[2] == 1_000
        assert "vu avec lui" not in journal.to_csv()
        count, head, touched = register.check_journal()
        assert (count, head, touched) == (3, journal["chain"].iloc[-1], None)
        with pytest.raises(UnknownNameError):
            register.record("R" + "f" * 16, RequestEvent.ACCEPTED, on=ON)
    attempts = [
        "DELETE FROM request_journal", 'UPDATE request_journal SET "on" = \'2020-01-01\'',
        "INSERT OR REPLACE INTO request_journal SELECT event_id, request_id, 'refused', \"on\","
        " NULL, NULL, NULL, chain FROM request_journal WHERE event_id = 2",
        "UPDATE OR REPLACE request_journal SET event_id = 1 WHERE event_id = 2",
    ]  # fmt: skip
    refused = sqlite3.IntegrityError
    if not isinstance(store, Path):
        import psycopg

        refused = psycopg.Error
        attempts[2:] = ["TRUNCATE request_journal"]
    for statement in attempts:
        with pytest.raises(refused, match="append-only"):
            run_in(store, statement)


def test_a_journal_touched_behind_the_triggers_shows_it(store):
    off = ["DROP TRIGGER journal_keeps_UPDATE"]
    if not isinstance(store, Path):
        off = ["ALTER TABLE request_journal DISABLE TRIGGER journal_keeps_rows"]
    with open_register(store) as register:
        register.add(*batch(0, 5), on=ON)
        assert register.check_journal()[2] is None
    run_in(store, *off, "UPDATE request_journal SET event = 'refused' WHERE event_id = 3")
    with open_register(store) as register:
        assert register.check_journal()[2] == 3


def test_steps_follow_each_other_in_time_and_only_fundings_have_amounts(store):
    first, later = "R" + "0" * 16, ON + dt.timedelta(days=30)
    with open_register(store) as register:
        register.add(*batch(0, 1), on=ON)

        def refused(words, event, on=later, **more):
            with pytest.raises(RuleError, match=words):
                register.record(first, event, on=on, **more)

        for event in (RequestEvent.ASSESSED, RequestEvent.ERASED, RequestEvent.IN_SERVICE):
            refused("ne peut pas suivre", event)
        register.record(first, RequestEvent.ACCEPTED, on=later)
        refused("vient avant", RequestEvent.WORKS, on=ON)
        refused("montant", RequestEvent.FUNDED)
        refused("montant", RequestEvent.WORKS, amount_cents=5)
        register.record(first, RequestEvent.FUNDED, on=later, amount_cents=500)
        register.record(first, RequestEvent.WORKS, on=later)
        register.record(first, RequestEvent.IN_SERVICE, on=later)
        refused("ne peut pas suivre", RequestEvent.WITHDRAWN)
        assert len(register.table("request_journal")) == 5
    assert set(FOLLOWS) | {RequestEvent.ASSESSED, RequestEvent.CORRECTED} == set(RequestEvent)


def test_new_answers_go_to_the_journal_only_where_they_changed(store):
    requests, contacts = batch(0, 3)
    ids = requests["request_id"].tolist()
    empty = contract("request_reasons").empty()
    with open_register(store) as register:
        register.add(requests, contacts, on=ON)

        def keep(frame):
            return register.keep_assessment(
                frame, empty, compare=compare_assessments, on=ON, plan="p"
            )

        assert len(keep(answers(ids, "eligible"))) == 3
        assert keep(answers(ids, "eligible")).empty
        changed = keep(answers(ids, ["eligible", "not_eligible", "eligible"]))
        assert changed["request_id"].tolist() == [ids[1]]
        assert (changed["before"][0], changed["after"][0]) == ("eligible", "not_eligible")
        journal = register.table("request_journal")
        assert (journal["event"] == "assessed").sum() == 4


def bytes_left(store, folder):
    """Return every file that the store keeps its tables in, with its content."""
    if isinstance(store, Path):
        return {file: file.read_bytes().lower() for file in folder.rglob("*")}
    run_in(store, "ANALYZE", "CHECKPOINT")
    data = Path(run_in(store, "SHOW data_directory")[0][0])
    oid = run_in(store, "SELECT oid FROM pg_database WHERE datname = current_database()")[0][0]
    files = [*(data / "base" / str(oid)).rglob("*"), *(data / "global").rglob("*")]
    return {file: file.read_bytes().lower() for file in files if file.is_file()}


def test_after_an_erasure_no_byte_of_the_name_is_left(store, tmp_path):
    with open_register(store) as register:
        register.add(*batch(0, 40), on=ON)
        register.add(*batch(100, 40, "Autre Personne"), on=ON)
        target = [f"R{i:016x}" for i in range(40)]
        register.record(target[3], RequestEvent.ACCEPTED, on=ON, note=f"appel de {NAME}")
        told = register.everything_about(target[3])
        assert told["request_contacts"][0]["contact"] == NAME
        assert told["request_notes"][0]["note"] == f"appel de {NAME}"
        assert any(b"zyxwvut" in content for content in bytes_left(store, tmp_path).values())
        register.erase(target, on=ON)
        assert len(register.table("request_contacts")) == 40
        assert len(register.live_requests()) == 40
        # the same file handed in again doesn't bring anybody back
        again = register.add(*batch(0, 40), on=ON)
        assert again.erased == tuple(target)
        assert register.table("requests")["x_m"].isna().sum() == 40
        assert register.table("requests")["need_mbps"].isna().sum() == 40
        assert register.check_journal()[2] is None
    left = bytes_left(store, tmp_path)
    for file, content in left.items():
        assert b"zyxwvut" not in content, file
        assert NAME.encode("utf-16-le").lower() not in content
    assert any(b"autre personne" in content for content in left.values())


@pytest.mark.postgis
def test_an_erasure_in_a_database_waits_for_no_reader_of_the_past(database, tmp_path):
    """An older reader keeps dead rows alive through a VACUUM: the tables are written anew."""
    import psycopg

    with open_register(database) as register:
        register.add(*batch(0, 5), on=ON)
        run_in(database, "CREATE TABLE public.elsewhere (a int)")
        with psycopg.connect(database) as reader:  # a report that is still open
            reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            reader.execute("SELECT * FROM public.elsewhere")
            register.erase([f"R{i:016x}" for i in range(5)], on=ON)
        left = bytes_left(database, tmp_path)
    assert not [file for file, content in left.items() if b"zyxwvut" in content]


def test_an_erasure_under_a_write_ahead_log_leaves_none_either(tmp_path):
    file = tmp_path / "r.gpkg"
    with open_register(file) as register:
        register.add(*batch(0, 5), on=ON)
    db = sqlite3.connect(file)  # as a GIS does when it opens a GeoPackage
    assert db.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    db.execute("UPDATE request_contacts SET phone = 'x'")
    db.commit()
    db.close()
    with open_register(file) as register:
        register.add(*batch(5, 5), on=ON)
        register.erase([f"R{i:016x}" for i in range(10)], on=ON)
        for left in tmp_path.rglob("*"):
            assert b"zyxwvut" not in left.read_bytes().lower(), left


WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from test_store import ON, batch
from planner.io.register import open_register
first, total, size = map(int, sys.argv[3:6])
with open_register(sys.argv[2]) as register:
    for start in range(first, first + total, size):
        done = register.add(*batch(start, size), on=ON)
        print(start, flush=True)
"""


def writer(store, first, total, size):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(Path(__file__).parent), str(store),
         str(first), str(total), str(size)],
        stdout=subprocess.PIPE, text=True, env=os.environ,
    )  # fmt: skip


def test_two_writers_at_once_lose_nothing_and_write_nothing_twice(store):
    # each hands in 500, of which 100 are the other's too
    both = [writer(store, 0, 500, 50), writer(store, 400, 500, 50)]
    for one in both:
        one.communicate()
        assert one.returncode == 0
    with open_register(store) as register:
        expected = [f"R{i:016x}" for i in range(900)]
        assert register.table("requests")["request_id"].tolist() == expected
        assert sorted(register.table("request_journal")["request_id"]) == expected
        assert len(register.table("request_contacts")) == 900


def test_a_kill_during_intake_loses_no_accepted_request_and_doubles_none(store):
    one = writer(store, 0, 4_000, 20)
    accepted = [int(one.stdout.readline()) for _ in range(5)]
    one.send_signal(signal.SIGKILL)
    accepted += [int(line) for line in one.stdout.read().split()]
    one.wait()
    one.stdout.close()
    told = {f"R{i:016x}" for start in accepted for i in range(start, start + 20)}
    with open_register(store) as register:
        there = register.table("requests")["request_id"]
        assert told <= set(there)
        assert len(there) % 20 == 0  # a batch is whole or not there
        again = register.add(*batch(0, 400), on=ON)
        assert len(again.new) + len(again.known) == 400
        journal = register.table("request_journal")["request_id"]
        assert not journal.duplicated().any()
        assert set(journal) == set(register.table("requests")["request_id"])


def test_a_file_that_is_no_register_is_refused(tmp_path):
    text = tmp_path / "r.gpkg"
    text.write_text("not a database" * 100, encoding="utf-8")
    with pytest.raises(DataFileError, match="registre"):
        open_register(text)
    other = tmp_path / "o.gpkg"
    db = sqlite3.connect(other)
    db.execute("CREATE TABLE mine (a)")
    db.close()
    with pytest.raises(DataFileError, match="n'est pas un registre"):
        open_register(other)


@pytest.mark.postgis
def test_a_schema_that_is_no_register_and_a_server_that_is_away_are_refused(database):
    run_in(database, "CREATE SCHEMA mine", "CREATE TABLE mine.other (a int)")
    with pytest.raises(DataFileError, match="n'est pas un registre"):
        open_register(database, schema="mine")
    with pytest.raises(DataFileError, match="schéma"):
        open_register(database, schema="pg_mine")
    with pytest.raises(DataFileError, match="ne répond pas") as told:
        open_register("postgresql://moi:secret@127.0.0.1:1/base")
    assert "secret" not in str(told.value)
    odd = 'l\'axe "3"; é'
    with open_register(database, schema=odd) as register:
        register.add(*batch(0, 2), on=ON)
        assert len(register.table("requests")) == 2


@pytest.mark.postgis
def test_both_stores_hold_the_same(tmp_path, database):
    held = []
    for target in (tmp_path / "r.gpkg", database):
        with open_register(target) as register:
            register.add(*batch(0, 3), on=ON)
            register.record("R" + "0" * 16, RequestEvent.ACCEPTED, on=ON, note="n")
            register.keep_assessment(
                answers([f"R{i:016x}" for i in range(3)], "eligible"),
                contract("request_reasons").empty(), compare=compare_assessments, on=ON, plan="p",
            )  # fmt: skip
            register.erase(["R" + "0" * 15 + "1"], on=ON)
            held.append((register.tables(), register.check_journal()))
    (one, journal), (two, other) = held
    assert journal == other
    for name, frame in one.items():
        pd.testing.assert_frame_equal(frame, two[name])


def test_a_correction_takes_the_place_and_what_stood_there_is_kept_apart(store, tmp_path):
    requests, contacts = batch(0, 3)
    ids = requests["request_id"].tolist()
    later = ON + dt.timedelta(days=20)
    right = requests.assign(x_m=[requests["x_m"][0], 310_000.0, requests["x_m"][2]])
    people = contacts.assign(contact=[NAME, "Juste Nom", NAME])
    with open_register(store) as register:
        register.add(requests, contacts, on=ON)
        register.record(ids[1], RequestEvent.ACCEPTED, on=ON)
        register.keep_assessment(
            answers(ids, "eligible"), contract("request_reasons").empty(),
            compare=compare_assessments, on=ON, plan="p",
        )  # fmt: skip
        assert register.correct(right, people, on=later) == {ids[1]: ("contact", "x_m")}
        assert register.correct(right, people, on=later) == {}
        assert register.table("requests")["x_m"].tolist() == right["x_m"].tolist()
        assert register.table("request_contacts")["contact"][1] == "Juste Nom"
        # its answer waits for the next assessment, the others stay
        assert register.table("request_assessments")["request_id"].tolist() == [ids[0], ids[2]]
        journal = register.table("request_journal")
        assert journal["event"].tolist()[-1] == "corrected"
        assert NAME not in journal.to_csv()
        assert register.check_journal()[2] is None
        notes = register.everything_about(ids[1])["request_notes"]
        assert json.loads(notes[0]["note"]) == {"contact": NAME, "x_m": requests["x_m"][1]}
        # a correction is no step: what follows acceptance still does
        register.record(ids[1], RequestEvent.FUNDED, on=later, amount_cents=1)
        with pytest.raises(RuleError, match="vient avant"):
            register.correct(requests, contacts, on=ON)
        with pytest.raises(UnknownNameError):
            register.correct(*batch(7, 1), on=later)
        register.erase(ids, on=later)
        with pytest.raises(RuleError, match="ne se corrige pas"):
            register.correct(requests, contacts, on=later)
    for file, content in bytes_left(store, tmp_path).items():
        assert b"zyxwvut" not in content, file
        assert b"juste nom" not in content, file
    if isinstance(store, Path):
        assert gpd.read_file(store, layer="requests").geometry.isna().all()


def test_a_refused_correction_leaves_all_as_it_was(store):
    requests, contacts = batch(0, 3)
    with open_register(store) as register:
        register.add(requests, contacts, on=ON)
        register.record(requests["request_id"][2], RequestEvent.WITHDRAWN, on=ON)
        with pytest.raises(RuleError):
            register.correct(requests.assign(supply_mbps=9.0), contacts, on=ON)
        assert register.table("requests")["supply_mbps"].tolist() == [4.0] * 3
        assert len(register.table("request_journal")) == 4

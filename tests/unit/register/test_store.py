"""The register on disk: idempotent, shared, append-only, and able to forget."""

import datetime as dt
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from planner.errors import DataFileError, UnknownNameError
from planner.io.register import Register
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
            "supply_mbps": 4.0, "synthetic": True,
        }
    )  # fmt: skip
    contacts = pd.DataFrame(
        {"request_id": ids, "organisation": [f"{name} {i}" for i in ids], "contact": name,
         "email": f"{name.split()[0]}@example.org", "phone": "0102030405",
         "address": f"1 rue {name}",
         "siret": "12345678900011"}
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


def test_what_is_written_is_read_back_and_is_a_geopackage(tmp_path):
    requests, contacts = batch(0, 3)
    with Register(tmp_path / "r.gpkg") as register:
        assert len(register.add(requests, contacts, on=ON).new) == 3
        pd.testing.assert_frame_equal(register.table("requests"), requests, check_dtype=False)
        pd.testing.assert_frame_equal(
            register.table("request_contacts"), contacts, check_dtype=False
        )
        for name in ("requests", "request_contacts", "request_journal"):
            contract(name).check(register.table(name))
    layer = gpd.read_file(tmp_path / "r.gpkg", layer="requests")
    assert layer.crs.to_epsg() == 2154
    assert layer.geometry.x.tolist() == requests["x_m"].tolist()


def test_the_same_request_twice_is_once_and_another_content_is_told(tmp_path):
    requests, contacts = batch(0, 3)
    with Register(tmp_path / "r.gpkg") as register:
        register.add(requests, contacts, on=ON)
        changed = requests.assign(supply_mbps=[4.0, 9.0, 4.0])
        again = register.add(changed, contacts, on=ON)
        assert (len(again.new), len(again.known)) == (0, 2)
        assert again.different == (requests["request_id"][1],)
        assert register.table("requests")["supply_mbps"].tolist() == [4.0, 4.0, 4.0]
        assert len(register.table("request_journal")) == 3


def test_the_journal_takes_no_change(tmp_path):
    file = tmp_path / "r.gpkg"
    with Register(file) as register:
        register.add(*batch(0, 1), on=ON)
        register.record(
            "R" + "0" * 16, RequestEvent.FUNDED, on=ON, amount_cents=1_000, note="vu avec lui"
        )
        journal = register.table("request_journal")
        assert journal["event"].tolist() == ["received", "funded"]
        assert journal["amount_cents"].tolist()[1] == 1_000
        assert "vu avec lui" not in journal.to_csv()
        with pytest.raises(UnknownNameError):
            register.record("R" + "f" * 16, RequestEvent.FUNDED, on=ON)
    db = sqlite3.connect(file)
    for statement in ("DELETE FROM request_journal", 'UPDATE request_journal SET "on" = 1'):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(statement)
    db.close()


def test_new_answers_go_to_the_journal_only_where_they_changed(tmp_path):
    requests, contacts = batch(0, 3)
    ids = requests["request_id"].tolist()
    empty = contract("request_reasons").empty()
    with Register(tmp_path / "r.gpkg") as register:
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


def test_after_an_erasure_no_byte_of_the_name_is_left(tmp_path):
    file = tmp_path / "r.gpkg"
    with Register(file) as register:
        register.add(*batch(0, 40), on=ON)
        register.add(*batch(100, 40, "Autre Personne"), on=ON)
        target = [f"R{i:016x}" for i in range(40)]
        register.record(target[3], RequestEvent.ACCEPTED, on=ON, note=f"appel de {NAME}")
        told = register.everything_about(target[3])
        assert told["request_contacts"][0]["contact"] == NAME
        assert told["request_notes"][0]["note"] == f"appel de {NAME}"
        assert b"Zyxwvut" in file.read_bytes()
        register.erase(target, on=ON)
        assert len(register.table("request_contacts")) == 40
        assert len(register.live_requests()) == 40
        # the same file handed in again doesn't bring anybody back
        again = register.add(*batch(0, 40), on=ON)
        assert again.erased == tuple(target)
        assert register.table("requests")["x_m"].isna().sum() == 40
    for left in tmp_path.rglob("*"):
        content = left.read_bytes().lower()
        assert b"zyxwvut" not in content, left
        assert NAME.encode("utf-16-le").lower() not in content
    assert b"Autre Personne" in file.read_bytes()


def test_an_erasure_under_a_write_ahead_log_leaves_none_either(tmp_path):
    file = tmp_path / "r.gpkg"
    with Register(file) as register:
        register.add(*batch(0, 5), on=ON)
    db = sqlite3.connect(file)  # as a GIS does when it opens a GeoPackage
    assert db.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    db.execute("UPDATE request_contacts SET phone = 'x'")
    db.commit()
    db.close()
    with Register(file) as register:
        register.add(*batch(5, 5), on=ON)
        register.erase([f"R{i:016x}" for i in range(10)], on=ON)
        for left in tmp_path.rglob("*"):
            assert b"zyxwvut" not in left.read_bytes().lower(), left


WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from test_store import ON, Register, batch
first, total, size = map(int, sys.argv[3:6])
with Register(sys.argv[2]) as register:
    for start in range(first, first + total, size):
        done = register.add(*batch(start, size), on=ON)
        print(start, flush=True)
"""


def writer(file, first, total, size):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(Path(__file__).parent), str(file),
         str(first), str(total), str(size)],
        stdout=subprocess.PIPE, text=True, env=os.environ,
    )  # fmt: skip


def test_two_writers_at_once_lose_nothing_and_write_nothing_twice(tmp_path):
    file = tmp_path / "r.gpkg"
    # each hands in 500, of which 100 are the other's too
    both = [writer(file, 0, 500, 20), writer(file, 400, 500, 20)]
    for one in both:
        one.communicate()
        assert one.returncode == 0
    with Register(file) as register:
        expected = [f"R{i:016x}" for i in range(900)]
        assert register.table("requests")["request_id"].tolist() == expected
        assert sorted(register.table("request_journal")["request_id"]) == expected
        assert len(register.table("request_contacts")) == 900


def test_a_kill_during_intake_loses_no_accepted_request_and_doubles_none(tmp_path):
    file = tmp_path / "r.gpkg"
    one = writer(file, 0, 4_000, 20)
    accepted = [int(one.stdout.readline()) for _ in range(5)]
    one.send_signal(signal.SIGKILL)
    accepted += [int(line) for line in one.stdout.read().split()]
    one.wait()
    one.stdout.close()
    told = {f"R{i:016x}" for start in accepted for i in range(start, start + 20)}
    with Register(file) as register:
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
        Register(text)
    other = tmp_path / "o.gpkg"
    db = sqlite3.connect(other)
    db.execute("CREATE TABLE mine (a)")
    db.close()
    with pytest.raises(DataFileError, match="n'est pas un registre"):
        Register(other)

"""A plan in a real PostGIS: equal when read back, whole or not at all, one publisher at a time."""

import builtins
import contextlib
import dataclasses
import datetime as dt
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from planner.engineering import add_network, read_works
from planner.export.layout import PersonalDataError, sorted_arrow
from planner.export.postgis import DatabaseError, publish_plan, read_published
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.schemas import contract
from planner.toy import toy_territory

BITE = "x\"; DROP TABLE plans; -- ' %s {0} é"


def sql(url, *statements):
    import psycopg

    rows = None
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
            rows = cursor.fetchall() if cursor.description else None
    return rows


def toy_plan(**scenario):
    return make_plan(toy_territory(), Scenario(**scenario))


@pytest.fixture
def plan():
    return toy_plan()


def published_tables(plan):
    tables = plan.tables()
    tables["premises"] = plan.premises_layer()
    return tables


def assert_equal(read, wanted):
    assert list(read) == [name for name in wanted if len(wanted[name])]
    for name, frame in read.items():
        ours, order = sorted_arrow(name, wanted[name])
        theirs, _ = sorted_arrow(name, frame)
        assert theirs.equals(ours), name
        if contract(name).geometry is not None:
            shapes = wanted[name].geometry.to_numpy()
            shapes = shapes if order is None else shapes[order.to_numpy()]
            assert all(map(shapely.equals, frame.geometry, shapes)), name
            assert frame.crs.to_epsg() == 2154


pytestmark_postgis = pytest.mark.postgis


@pytest.mark.postgis
def test_a_plan_reads_back_equal(database, plan):
    done = publish_plan(database, plan)
    assert (done.version, done.unchanged) == (1, False)
    back = read_published(database)
    assert (back.scenario, back.version, back.is_current) == ("bretagne-2018", 1, True)
    assert back.reference_date == dt.date(2017, 12, 31)
    assert_equal(back.tables, published_tables(plan))
    assert done.rows["premises"] == 40


@pytest.mark.postgis
def test_the_network_and_tables_of_other_rooms_read_back_equal(database, plan, one_row):
    prices, keys = read_works()
    answer = add_network(plan, prices=prices, funding_keys=keys)
    names = ("requests", "request_assessments", "take_up", "slippage", "completeness")
    more = {**answer.more, **{name: one_row(name) for name in names}}
    wide = dataclasses.replace(answer, more=more)
    publish_plan(database, plan)
    done = publish_plan(database, wide)  # tables that the former plan had not
    assert done.version == 2
    assert_equal(read_published(database).tables, published_tables(wide))
    [(told, about)] = sql(
        database,
        "SELECT obj_description('planner.take_up'::regclass), "
        "col_description('planner.routes'::regclass, 2)",
    )
    assert told.startswith(contract("take_up").titled())
    assert about.startswith(contract("routes").columns[0].titled())
    publish_plan(database, plan)  # and a plan without them comes after
    assert_equal(read_published(database).tables, published_tables(plan))


@pytest.mark.postgis
def test_nothing_personal_is_published(database, plan, one_row):
    leaking = dataclasses.replace(
        plan, more={**plan.more, "request_contacts": one_row("request_contacts")}
    )
    with pytest.raises(PersonalDataError):
        publish_plan(database, leaking)
    found = "SELECT count(*) FROM information_schema.schemata WHERE schema_name = 'planner'"
    assert sql(database, found) == [(0,)]


@pytest.mark.postgis
def test_the_tables_are_typed_keyed_referenced_indexed_and_commented(database, plan):
    publish_plan(database, plan)
    types = dict(
        sql(
            database,
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'programme'",
        )
    )
    assert types["premises_count"] == "bigint"
    votes = dict(
        sql(
            database,
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'deliberations'",
        )
    )
    assert votes["on"] == "date"
    shapes = {
        table: (kind, srid)
        for table, kind, srid in sql(
            database,
            "SELECT f_table_name, type, srid FROM geometry_columns WHERE f_geometry_column = 'geom' AND f_table_name IN (SELECT tablename FROM pg_tables)",
        )
    }
    assert shapes["sectors"] == ("MULTIPOLYGON", 2154)
    assert shapes["premises"] == ("POINT", 2154)
    indexed = {
        name
        for (name,) in sql(
            database, "SELECT tablename FROM pg_indexes WHERE indexdef LIKE '%USING gist%'"
        )
    }
    assert indexed == set(shapes)
    keys = {
        (table, kind)
        for table, kind in sql(
            database,
            "SELECT conrelid::regclass::text, contype::text FROM pg_constraint WHERE connamespace = 'planner'::regnamespace",
        )
    }
    for table in ("premises", "sectors", "programme", "costs"):
        assert {(f"planner.{table}", "p"), (f"planner.{table}", "f")} <= keys
    [(about,)] = sql(database, "SELECT obj_description('planner.sectors'::regclass)")
    assert (
        about
        == "Secteurs. L'unité de décision, indivisible, future zone d'un point de mutualisation."
    )
    [(about,)] = sql(
        database,
        "SELECT col_description('planner.costs'::regclass, attnum) FROM pg_attribute WHERE attrelid = 'planner.costs'::regclass AND attname = 'cost_cents'",
    )
    assert about == "Coût (centimes). Locaux × coût par local."
    uncommented = sql(
        database,
        "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid WHERE relnamespace = 'planner'::regnamespace AND relkind = 'r' AND attnum > 0 AND col_description(c.oid, attnum) IS NULL",
    )
    assert uncommented == []
    import psycopg

    with pytest.raises(psycopg.errors.CheckViolation):
        sql(database, "UPDATE planner.programme SET phase = '9'")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        sql(database, "DELETE FROM planner.sectors")


@pytest.mark.postgis
def test_the_views_by_epci_count_what_the_plan_counts(database, plan):
    publish_plan(database, plan)
    rows = sql(
        database,
        "SELECT epci_siren, phase, sectors_count, premises_in_epci_count FROM planner.epci_programme ORDER BY 1, 2",
    )
    assert rows == [
        ("200000001", "1", 2, 10), ("200000002", "2", 1, 6), ("200000002", "3", 1, 4),
        ("200000003", "2", 1, 4), ("200000003", "3", 1, 6), ("200000004", "3", 2, 10),
    ]  # fmt: skip
    [(area,)] = sql(
        database, "SELECT ST_Area(geom) FROM planner.epci_sectors WHERE sector_id = '22002-01'"
    )
    assert area == 2_000 * 4_000


@pytest.mark.postgis
def test_versions_follow_each_other_and_old_ones_go(database, plan):
    assert publish_plan(database, plan).version == 1
    again = publish_plan(database, plan)
    assert (again.version, again.unchanged) == (1, True)
    assert sql(database, "SELECT count(*) FROM planner.plans") == [(1,)]
    dearer = [toy_plan(contribution={"cents_per_line": cents}) for cents in (50_000, 60_000)]
    assert publish_plan(database, dearer[0]).version == 2
    assert (
        read_published(database, version=1).tables["contributions"]["gross_cents"].max()
        == plan.contributions["gross_cents"].max()
    )
    last = publish_plan(database, dearer[1])
    assert (last.version, last.removed) == (3, (1,))
    assert sql(database, "SELECT version, is_current FROM planner.plans ORDER BY 1") == [
        (2, False),
        (3, True),
    ]
    assert sql(
        database,
        "SELECT DISTINCT version FROM planner.premises JOIN planner.plans USING (plan_id) ORDER BY 1",
    ) == [(2,), (3,)]
    assert_equal(read_published(database).tables, published_tables(dearer[1]))
    other = toy_plan(name="autre")
    publish_plan(database, other)
    with pytest.raises(DatabaseError, match="autre, bretagne-2018"):
        read_published(database)
    assert read_published(database, scenario="autre").version == 1
    with pytest.raises(DatabaseError, match="aucun plan"):
        read_published(database, scenario="autre", version=7)


@pytest.mark.postgis
def test_a_failure_leaves_the_former_plan(database, plan, monkeypatch):
    publish_plan(database, plan)
    broken = toy_plan(contribution={"cents_per_line": 50_000})
    broken.premises_layer()["sector_id"]  # what is published is the plan's own
    orphans = broken.costs.assign(sector_id="nowhere-" + broken.costs["sector_id"])
    object.__setattr__(broken, "costs", orphans)
    with pytest.raises(DatabaseError) as error:
        publish_plan(database, broken)
    assert "planner check" in str(error.value)
    assert "nowhere-" in str(error.value)
    assert sql(database, "SELECT version FROM planner.plans") == [(1,)]
    assert_equal(read_published(database).tables, published_tables(plan))


SLOW = """
import sys, time
from planner.export.postgis import _write
from planner.export.postgis import publish_plan
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory
copy = _write._copy
def slow(connection, schema, sheet, *rest):
    copy(connection, schema, sheet, *rest)
    if sheet.name == "sectors":
        print("half-way", flush=True)
        time.sleep(60)
_write._copy = slow
publish_plan(sys.argv[1], make_plan(toy_territory(), Scenario(contribution={"cents_per_line": 50_000})))
"""


@contextlib.contextmanager
def half_way(database):
    """Run a publisher that stops in the middle of its rows."""
    root = str(Path(__file__).parents[3])
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SLOW), database],
        stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": root},
    ) as process:  # fmt: skip
        try:
            assert process.stdout.readline() == "half-way\n"
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


@pytest.mark.postgis
@pytest.mark.slow
def test_killed_in_the_middle_the_former_plan_stands_and_two_do_not_mix(database, plan):
    publish_plan(database, plan)
    with half_way(database):
        assert_equal(read_published(database).tables, published_tables(plan))  # readers don't wait
        with pytest.raises(DatabaseError, match="une autre publication est en cours"):
            publish_plan(database, toy_plan(contribution={"cents_per_line": 60_000}))
        publish_plan(database, plan, schema="elsewhere")  # another schema is free
    for _ in range(100):  # the server notices that its client died
        if not sql(database, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"):
            break
        time.sleep(0.1)
    assert sql(database, "SELECT version, is_current FROM planner.plans") == [(1, True)]
    assert_equal(read_published(database).tables, published_tables(plan))
    assert publish_plan(database, toy_plan(contribution={"cents_per_line": 60_000})).version == 2


@pytest.mark.postgis
def test_a_user_without_rights_gets_a_clear_refusal(database, plan, server):
    name = database.rpartition("/")[2]
    sql(database, "DROP ROLE IF EXISTS passant", "CREATE ROLE passant LOGIN PASSWORD 'secret-mot'")
    guest = f"postgresql://passant:secret-mot@{server}/{name}"
    for schema in ("planner", "other"):
        with pytest.raises(DatabaseError) as error:
            publish_plan(guest, plan, schema=schema)
        said = str(error.value)
        assert "passant n'a pas le droit d'écrire" in said
        assert "GRANT" in said
        assert "secret-mot" not in said
        publish_plan(database, plan)  # the second time the schema is there, of somebody else
    with pytest.raises(DatabaseError, match="pas le droit"):
        read_published(guest)


@pytest.mark.postgis
def test_names_with_quotes_and_semicolons_are_harmless(database, plan):
    territory = plan.territory
    sectors = territory.sectors.assign(nom=BITE, zone_id=territory.sectors["zone_id"])
    biting = make_plan(territory.with_tables(sectors=sectors, title=BITE), Scenario(title=BITE))
    publish_plan(database, biting, schema=BITE)
    back = read_published(database, schema=BITE)
    assert set(back.tables["sectors"]["nom"]) == {BITE}
    assert_equal(back.tables, published_tables(biting))
    assert sql(
        database, "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'x%'"
    ) == [(BITE,)]
    assert publish_plan(database, biting, schema=BITE).unchanged


@pytest.mark.postgis
def test_texts_empty_absent_and_on_two_lines_read_back(database, plan):
    ballots = plan.territory.ballots.copy()
    ballots["source"] = ["", "deux\nlignes", 'des "guillemets", une virgule', "\\N", "\t"]
    odd = make_plan(plan.territory.with_tables(ballots=ballots), Scenario())
    publish_plan(database, odd)
    back = read_published(database).tables["ballots"]
    assert (
        back["source"].tolist()
        == ballots.sort_values(["epci_siren", "sector_id"])["source"].tolist()
    )
    assert back["rank"].isna().sum() == 1  # refused: no rank, which isn't zero


@pytest.mark.postgis
def test_premises_without_a_position_come_back_without_one(database, plan):
    premises = plan.territory.premises.copy()
    premises.loc[0, ["x_m", "y_m"]] = np.nan
    lost = make_plan(plan.territory.with_tables(premises=premises), Scenario())
    publish_plan(database, lost)
    back = read_published(database).tables["premises"]
    assert back["x_m"].isna().sum() == 1
    pd.testing.assert_series_equal(back["x_m"], premises["x_m"], check_dtype=False)


@pytest.mark.postgis
def test_other_tables_of_these_names_are_left_alone(database, plan):
    sql(
        database,
        "CREATE SCHEMA planner",
        "CREATE TABLE planner.sectors (mine int)",
        "INSERT INTO planner.sectors VALUES (7)",
    )
    with pytest.raises(DatabaseError, match=r"planner\.sectors a d'autres colonnes"):
        publish_plan(database, plan)
    assert sql(database, "SELECT mine FROM planner.sectors") == [(7,)]


@pytest.mark.postgis
def test_a_database_without_postgis_names_the_statement(server, plan):
    admin = f"postgresql://postgres@{server}/postgres"
    with pytest.raises(DatabaseError, match="CREATE EXTENSION postgis"):
        publish_plan(admin, plan)
    with pytest.raises(DatabaseError, match="aucun plan"):
        read_published(admin)


def test_a_missing_driver_names_the_extra(plan, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name == "geoalchemy2":
            raise ModuleNotFoundError("No module named 'geoalchemy2'", name="geoalchemy2")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DatabaseError) as error:
        publish_plan("postgresql://nobody@127.0.0.1/nothing", plan)
    assert "geoalchemy2" in str(error.value)
    assert "fibre-planner[postgis]" in error.value.say("en")


@pytest.mark.parametrize("url", ["", "mysql://a@b/c", "not an address", "https://127.0.0.1/x"])
def test_an_address_of_something_else_is_refused(plan, url):
    with pytest.raises(DatabaseError, match="postgresql://"):
        publish_plan(url, plan)


@pytest.mark.parametrize("schema", ["", "pg_mine", "é" * 32, "a\0b"])
def test_a_schema_that_postgres_would_cut_or_keep_is_refused(plan, schema):
    with pytest.raises(DatabaseError, match="--schema"):
        publish_plan("postgresql://nobody@127.0.0.1/nothing", plan, schema=schema)


def test_a_server_that_is_not_there_is_said_without_the_password(plan):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(DatabaseError) as error:
        publish_plan(f"postgresql://moi:secret-mot@127.0.0.1:{port}/base", plan)
    assert "ne répond pas" in str(error.value)
    assert "secret-mot" not in str(error.value)

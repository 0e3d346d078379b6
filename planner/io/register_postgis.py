"""The register of Axe 3 in a schema of PostGIS, for agents who share a server.

Same tables, same columns, same rules as the GeoPackage.  An erasure rewrites the tables, so that
their files hold no dead row; what the server keeps elsewhere (write-ahead log, backups, its own
log) is its administrator's, and ``docs/register.md`` says what to do.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

from planner.contracts import Contract
from planner.crs import WORKING_EPSG
from planner.errors import DataFileError
from planner.io.register_rows import quoted
from planner.io.register_store import Register
from planner.schemas import contract
from planner.schemas._register import PERSONAL, STORED
from planner.texts import Message

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["DEFAULT_SCHEMA", "PostgisRegister", "is_database"]

DEFAULT_SCHEMA: Final = "axe3"
_SCHEMES: Final = ("postgresql", "postgres", "postgresql+psycopg")
_TYPES: Final = {
    "str": "text",
    "int": "bigint",
    "float": "double precision",
    "bool": "boolean",
    "date": "date",
}
_SECONDS: Final = 60  # to wait for another agent's transaction
_NAME_BYTES: Final = 63  # PostgreSQL cuts longer identifiers in silence
_REWRITTEN: Final = tuple(name for name in STORED if name != "request_journal")
_APPEND_ONLY: Final = """
CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$;
CREATE TRIGGER journal_keeps_rows BEFORE UPDATE OR DELETE ON request_journal
FOR EACH ROW EXECUTE FUNCTION journal_is_append_only();
CREATE TRIGGER journal_keeps_all BEFORE TRUNCATE ON request_journal
FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();
"""


def is_database(target: str) -> bool:
    """Tell an address of PostgreSQL from a file."""
    return urlsplit(target).scheme in _SCHEMES


class PostgisRegister(Register):
    """A register in a schema of a PostGIS database.

    Parameters
    ----------
    url
        ``postgresql://user@host/database``; the password may come from ``PGPASSWORD`` or a
        password file.
    schema
        Schema of the database; it is made when it is missing.

    Raises
    ------
    DataFileError
        When the driver or PostGIS is missing, the server can't be reached, the user has no right,
        or the schema holds something else.
    """

    def __init__(self, url: str, schema: str = DEFAULT_SCHEMA) -> None:
        parts = urlsplit(url)
        host = parts.netloc.rsplit("@", 1)[-1]
        user = parts.username
        shown = urlunsplit(("postgresql", f"{user}@{host}" if user else host, parts.path, "", ""))
        super().__init__(f"{shown} ({schema})")
        if (
            not 0 < len(schema.encode()) <= _NAME_BYTES
            or "\0" in schema
            or schema.startswith("pg_")
        ):
            raise _said("bad_schema", schema=schema, most=_NAME_BYTES)
        self._driver = _driver()
        self.schema, self._shown = schema, shown
        self._lock = zlib.crc32(f"planner.register {schema}".encode())
        with self._told():
            self._db = self._driver.connect(
                urlunsplit(("postgresql", *parts[1:])),
                autocommit=True,
                connect_timeout=_SECONDS // 6,
            )
            try:
                name = self._driver.sql.Identifier(schema)
                self._db.execute(f"SET lock_timeout = '{_SECONDS}s'")
                self._db.execute("SET client_min_messages = warning")
                self._db.execute(self._driver.sql.SQL("SET search_path = {}, public").format(name))
                with self._writing():
                    self._make(name)
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def _execute(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        cursor = self._db.execute(statement.replace("?", "%s").encode(), tuple(values))
        if cursor.description is None:
            return []
        return [tuple(_plain(value) for value in row) for row in cursor.fetchall()]

    def _write(self, table: Contract, rows: Sequence[tuple[Any, ...]]) -> None:
        flags = [column.type == "bool" for column in table.columns]
        named = f"COPY {table.name} ({quoted(table.column_names)}) FROM STDIN"
        if not rows:
            return
        with self._db.cursor() as cursor, cursor.copy(named.encode()) as copy:
            for row in rows:
                copy.write_row(
                    [
                        bool(value) if flag and value is not None else value
                        for value, flag in zip(row, flags, strict=True)
                    ]
                )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._db.transaction():
            # a writer waits its turn, and loses nothing
            self._db.execute("SELECT pg_advisory_xact_lock(%s)", (self._lock,))
            yield

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._db.transaction():
            self._db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield

    def _told(self) -> AbstractContextManager[None]:
        return self._refusals()

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        errors = self._driver.errors
        values = {"address": self._shown, "schema": self.schema}
        try:
            yield
        except errors.LockNotAvailable as error:
            raise self._failure("store", detail=_first_line(error)) from None
        except errors.InsufficientPrivilege as error:
            user = urlsplit(self._shown).username or ""
            raise _said("no_rights", user=user, reason=_first_line(error), **values) from None
        except self._driver.OperationalError as error:
            raise _said("unreachable", reason=_first_line(error), **values) from None
        except self._driver.Error as error:
            # a refusal may quote the row, and the row may name somebody: its detail isn't told
            raise self._failure("store", detail=_first_line(error)) from None

    def _unplace(self, request_id: str) -> None:
        """Do nothing: the point follows the coordinates by itself."""

    def _rewrite(self) -> None:
        # VACUUM would keep dead rows that an older reader may see, and skip in silence
        for name in _REWRITTEN:
            columns = quoted(contract(name).column_names)
            for statement in (
                f"CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT {columns} FROM {name}",  # noqa: S608 (names of ours)
                f"TRUNCATE {name}",
                f"INSERT INTO {name} ({columns}) SELECT {columns} FROM kept",  # noqa: S608 (same)
                "DROP TABLE kept",
            ):
                self._db.execute(statement.encode())

    def _make(self, schema: Any) -> None:  # noqa: ANN401 (an identifier of the driver)
        tables = self._execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = ?", (self.schema,)
        )
        names = {str(name) for (name,) in tables}
        if set(STORED) <= names:
            for name in STORED:
                there = self._execute(
                    "SELECT column_name FROM information_schema.columns "
                    "WHERE table_schema = ? AND table_name = ?",
                    (self.schema, name),
                )
                if not set(contract(name).column_names) <= {str(row[0]) for row in there}:
                    raise self._failure("older_register", table=name)
            return
        if names:
            raise self._failure("not_a_register")
        if not self._execute("SELECT 1 FROM pg_extension WHERE extname = 'postgis'"):
            raise _said("no_postgis", schema=self.schema)
        if not self._execute("SELECT 1 FROM pg_namespace WHERE nspname = ?", (self.schema,)):
            self._db.execute(self._driver.sql.SQL("CREATE SCHEMA {}").format(schema))
        for name in STORED:
            table = contract(name)
            self._db.execute(_create(table, geometry=name == "requests").encode())
            for column in table.columns:
                if name in PERSONAL and column.type == "str":
                    # ANALYZE would copy names into the server's statistics
                    self._db.execute(
                        f'ALTER TABLE {name} ALTER COLUMN "{column.name}" SET STATISTICS 0'
                    )
            said = self._driver.sql.SQL(f"COMMENT ON TABLE {name} IS {{}}")
            self._db.execute(said.format(self._driver.sql.Literal(table.described())))
        self._db.execute("CREATE INDEX requests_geom ON requests USING gist (geom)")
        self._db.execute("CREATE INDEX journal_request ON request_journal (request_id, event)")
        self._db.execute(_APPEND_ONLY)


def _driver() -> ModuleType:
    try:
        import psycopg  # noqa: PLC0415 (the extra: teams only)
    except ImportError as error:
        raise _said("no_driver", module=error.name or "psycopg") from None
    return psycopg


def _plain(value: Any) -> Any:  # noqa: ANN401 (a cell)
    if isinstance(value, bool):
        return int(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def _first_line(error: BaseException) -> str:
    diag = getattr(error, "diag", None)
    primary = getattr(diag, "message_primary", None)
    return str(primary or str(error).split("\n", 1)[0])


def _create(table: Contract, *, geometry: bool) -> str:
    columns = [
        f'"{column.name}" {_TYPES[column.type]}{"" if column.nullable else " NOT NULL"}'
        for column in table.columns
    ]
    if geometry:
        point = f"ST_SetSRID(ST_MakePoint(x_m, y_m), {WORKING_EPSG})"
        kind = f"geometry(Point, {WORKING_EPSG})"
        columns.append(f"geom {kind} GENERATED ALWAYS AS ({point}) STORED")
    columns.append(f"PRIMARY KEY ({', '.join(table.key)})")
    return f"CREATE TABLE {table.name} ({', '.join(columns)})"


def _said(key: str, **values: object) -> DataFileError:
    return DataFileError(
        Message.of(f"postgis.{key}", **values), Message.of(f"postgis.{key}_remedy", **values)
    )

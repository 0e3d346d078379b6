"""The way in: which drivers, which database, and what it refuses, in the reader's words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from planner.errors import PlannerError
from planner.texts import Message

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

__all__ = ["DatabaseError", "check_schema_name", "open_engine", "readable", "require_postgis"]

_SCHEMES: Final = ("postgresql", "postgres", "postgresql+psycopg")
_NAME_BYTES: Final = 63  # PostgreSQL cuts longer identifiers in silence
_SHOWN: Final = 240  # characters of what the server says: it may quote a whole polygon
_SECONDS: Final = 10  # to find the server


class DatabaseError(PlannerError, RuntimeError):
    """A database can't be reached, refuses, or holds something else."""


def failure(key: str, **values: object) -> DatabaseError:
    """Make the error of a text and its remedy."""
    return DatabaseError(
        Message.of(f"postgis.{key}", **values), Message.of(f"postgis.{key}_remedy", **values)
    )


def check_schema_name(schema: str) -> None:
    """Refuse names that PostgreSQL would cut or keep for itself; any other text is quoted.

    Raises
    ------
    DatabaseError
        When the name is empty, too long, holds a NUL, or begins with ``pg_``.
    """
    size = len(schema.encode())
    if not 0 < size <= _NAME_BYTES or "\0" in schema or schema.startswith("pg_"):
        raise failure("bad_schema", schema=schema, most=_NAME_BYTES)


def open_engine(url: str) -> Engine:
    """Return an engine for ``postgresql://…``; nothing is connected yet.

    Raises
    ------
    DatabaseError
        When a driver is missing, or the address is not PostgreSQL's.
    """
    try:
        import geoalchemy2  # noqa: F401, PLC0415 (the extra: teams only)
        import psycopg  # noqa: F401, PLC0415 (same)
        import sqlalchemy  # noqa: PLC0415 (same)
    except ImportError as error:
        raise failure("no_driver", module=error.name or "postgis") from None
    try:
        address = sqlalchemy.make_url(url)
    except sqlalchemy.exc.ArgumentError:
        raise failure("bad_url") from None
    if address.drivername not in _SCHEMES:
        raise failure("bad_url")
    return sqlalchemy.create_engine(
        address.set(drivername="postgresql+psycopg"),
        connect_args={"connect_timeout": _SECONDS},
        poolclass=sqlalchemy.NullPool,
    )


@contextlib.contextmanager
def readable(engine: Engine, schema: str) -> Iterator[None]:
    """Turn what the database refuses into a failure with its remedy; the password never shows."""
    import psycopg  # noqa: PLC0415 (the extra)
    import sqlalchemy  # noqa: PLC0415 (same)

    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=True)
    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, psycopg.Error) as error:
        cause = getattr(error, "orig", None) or error
        reason = " ".join(str(cause).split("\n")[:2])[:_SHOWN]
        values = {"address": address, "schema": schema, "reason": reason}
        if isinstance(cause, psycopg.errors.InsufficientPrivilege):
            raise failure("no_rights", user=engine.url.username or "", **values) from None
        if isinstance(cause, psycopg.errors.IntegrityError):
            raise failure("broken_rows", **values) from None
        if isinstance(cause, psycopg.OperationalError):
            raise failure("unreachable", **values) from None
        raise failure("refused", **values) from error


def require_postgis(connection: Connection, schema: str) -> None:
    """Refuse a database without PostGIS.

    Raises
    ------
    DatabaseError
        Naming the statement that an administrator runs once.
    """
    found = connection.exec_driver_sql("SELECT 1 FROM pg_extension WHERE extname = 'postgis'")
    if found.first() is None:
        raise failure("no_postgis", schema=schema)

"""The register of Axe 3 on disk: one GeoPackage that several agents write at once.

Whatever is acknowledged is on disk: each batch is one transaction.  The journal can't be changed
(triggers refuse it).  People are in two tables apart; erasing one overwrites the freed pages and
rebuilds the file, so that no byte of a name is left.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pandas as pd
import pyproj

from planner.contracts import Contract
from planner.crs import WORKING_EPSG
from planner.errors import DataFileError, UnknownNameError
from planner.schemas import contract
from planner.texts import Message
from planner.vocab import RequestEvent

__all__ = ["Added", "Register"]

_KEPT: Final = (
    "requests", "request_contacts", "request_journal", "request_notes", "request_assessments",
    "request_reasons",
)  # fmt: skip
_TYPES: Final = {
    "str": "TEXT",
    "int": "INTEGER",
    "float": "REAL",
    "bool": "INTEGER",
    "date": "TEXT",
}
_ERASED: Final = ("request_contacts", "request_notes", "request_assessments", "request_reasons")
_PANDAS: Final[dict[str, Any]] = {
    "str": "str",
    "int": "Int64",
    "float": "float64",
    "bool": "boolean",
}
_SECONDS: Final = 60.0  # to wait for another agent's transaction
_GPKG_ID, _GPKG_VERSION = 0x47504B47, 10300
_APPEND_ONLY: Final = """
CREATE TRIGGER journal_keeps_{verb} BEFORE {verb} ON request_journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""
_GPKG: Final = """
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY,
  organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL,
  description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL,
  identifier TEXT UNIQUE, description TEXT DEFAULT '', last_change DATETIME NOT NULL,
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER);
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL PRIMARY KEY,
  column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
  z TINYINT NOT NULL, m TINYINT NOT NULL);
"""
_FIXED_DAY: Final = "1970-01-01T00:00:00.000Z"  # the same requests, the same bytes


@dataclass(frozen=True, kw_only=True)
class Added:
    """What became of the requests handed in.

    Parameters
    ----------
    new
        Written now.
    known
        There already, word for word: nothing is done twice.
    different
        There already with another content: what is there stays, the journal too.
    erased
        Erased by request: they don't come back.
    """

    new: tuple[str, ...]
    known: tuple[str, ...]
    different: tuple[str, ...]
    erased: tuple[str, ...]


class Register:
    """An open register; use it as a context.

    Parameters
    ----------
    path
        The GeoPackage; made when it is missing.

    Raises
    ------
    DataFileError
        When the file is there and isn't a register, or can't be written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with self._readable():
            self._db = sqlite3.connect(self.path, timeout=_SECONDS, isolation_level=None)
            try:
                self._db.execute("PRAGMA secure_delete = ON")
                self._db.execute("PRAGMA synchronous = FULL")
                with self._transaction():
                    self._make()
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> Self:
        """Return the register."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self._db.close()

    def add(self, requests: pd.DataFrame, contacts: pd.DataFrame, *, on: dt.date) -> Added:
        """Write requests with their people in one transaction: all of them are kept, or none.

        Parameters
        ----------
        requests, contacts
            Contracts ``requests`` and ``request_contacts``, one row of each a request.
        on
            Day written in the journal where a request has no day of reception.

        Raises
        ------
        ContractError
            When a table breaks its contract.
        """
        for name, frame in (("requests", requests), ("request_contacts", contacts)):
            contract(name).check(frame)
        people = {row[0]: row for row in _rows("request_contacts", contacts)}
        found: dict[str, list[str]] = {"new": [], "known": [], "different": [], "erased": []}
        with self._readable(), self._transaction():
            gone = set(self._ids_with(RequestEvent.ERASED))
            for row in _rows("requests", requests):
                request = str(row[0])
                person = people.get(request) or (request, *[None] * 6)
                if request in gone:
                    found["erased"].append(request)
                    continue
                there = self._row("requests", request)
                if there is not None:
                    same = there == row and self._row("request_contacts", request) == person
                    found["known" if same else "different"].append(request)
                    continue
                self._insert("requests", row)
                self._db.execute(
                    "UPDATE requests SET geom = ? WHERE request_id = ?",
                    (_point(row[3], row[4]), request),
                )
                self._insert("request_contacts", person)
                self._log(request, RequestEvent.RECEIVED, row[2] or on.isoformat())
                found["new"].append(request)
        return Added(**{name: tuple(ids) for name, ids in found.items()})

    def table(self, name: str) -> pd.DataFrame:
        """Return a table under its contract, sorted by key."""
        table = contract(name)
        with self._readable():
            return self._read(table)

    def live_requests(self) -> pd.DataFrame:
        """Return the requests that are neither erased nor withdrawn."""
        with self._readable():
            gone = {*self._ids_with(RequestEvent.ERASED), *self._ids_with(RequestEvent.WITHDRAWN)}
            frame = self._read(contract("requests"))
        return frame[~frame["request_id"].isin(gone)].reset_index(drop=True)

    def record(
        self,
        request_id: str,
        event: RequestEvent,
        *,
        on: dt.date,
        amount_cents: int | None = None,
        note: str | None = None,
    ) -> None:
        """Write what happened to a request into its journal; the note stays apart.

        Raises
        ------
        UnknownNameError
            When the register has no such request.
        """
        with self._readable(), self._transaction():
            self._known(request_id)
            number = self._log(request_id, event, on.isoformat(), amount_cents=amount_cents)
            if note:
                self._insert("request_notes", (number, request_id, note))

    def keep_assessment(
        self,
        assessments: pd.DataFrame,
        reasons: pd.DataFrame,
        *,
        compare: Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame],
        on: dt.date,
        plan: str,
    ) -> pd.DataFrame:
        """Put new answers in the place of the old ones, and the changed ones into the journal.

        Parameters
        ----------
        assessments, reasons
            Contracts ``request_assessments`` and ``request_reasons``.
        compare
            Lists the changed answers (:func:`planner.register.compare_assessments`).
        on, plan
            Day of the assessment and name of the plan.

        Returns
        -------
        DataFrame
            Contract ``request_changes``.
        """
        with self._readable(), self._transaction():
            gone = {*self._ids_with(RequestEvent.ERASED), *self._ids_with(RequestEvent.WITHDRAWN)}
            # someone may have been erased since the requests were read
            assessments = assessments[~assessments["request_id"].isin(gone)]
            reasons = reasons[~reasons["request_id"].isin(gone)]
            before = self._read(contract("request_assessments"))
            changes = compare(before[~before["request_id"].isin(gone)], assessments)
            for name, frame in (("request_assessments", assessments), ("request_reasons", reasons)):
                contract(name).check(frame)
                self._db.execute(f"DELETE FROM {name}")  # noqa: S608 (a name of ours)
                for row in _rows(name, frame):
                    self._insert(name, row)
            for change in changes.to_dict("records"):
                if not pd.isna(change["after"]):
                    self._log(
                        str(change["request_id"]), RequestEvent.ASSESSED, on.isoformat(),
                        eligibility=str(change["after"]), plan=plan,
                    )  # fmt: skip
        return changes

    def everything_about(self, request_id: str) -> dict[str, list[dict[str, Any]]]:
        """Return every row that the register holds of a request, for the person that it is about.

        Raises
        ------
        UnknownNameError
            When the register has no such request.
        """
        with self._readable():
            self._known(request_id)
            found = {}
            for name in _KEPT:
                columns = contract(name).column_names
                rows = self._db.execute(
                    f"SELECT {_quoted(columns)} FROM {name} "  # noqa: S608 (names of ours)
                    f"WHERE request_id = ? ORDER BY {', '.join(contract(name).key)}",
                    (request_id,),
                ).fetchall()
                found[name] = [dict(zip(columns, row, strict=True)) for row in rows]
        return found

    def erase(self, request_ids: Sequence[str], *, on: dt.date) -> None:
        """Erase the people of these requests, their places and answers; no byte of them is left.

        What stays is the kind, the commune and the coded journal, so that figures stay right.

        Raises
        ------
        UnknownNameError
            When the register has no such request; nothing is erased then.
        DataFileError
            When another agent has the file open: the rows are gone, the file isn't rebuilt yet.
        """
        with self._readable():
            with self._transaction():
                gone = set(self._ids_with(RequestEvent.ERASED))
                for request in sorted(set(request_ids)):
                    self._known(request)
                    for name in _ERASED:
                        self._db.execute(
                            f"DELETE FROM {name} WHERE request_id = ?",  # noqa: S608 (same)
                            (request,),
                        )
                    self._db.execute(
                        "UPDATE requests SET x_m = NULL, y_m = NULL, geom = NULL, "
                        "supply_evidence = NULL, supply_on = NULL, supply_mbps = NULL "
                        "WHERE request_id = ?",
                        (request,),
                    )
                    if request not in gone:
                        self._log(request, RequestEvent.ERASED, on.isoformat())
            try:
                self._db.execute("VACUUM")
                busy = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            except sqlite3.OperationalError:
                busy = 1
            if busy:
                raise self._failure("erase_busy")

    def _make(self) -> None:
        names = {
            n for (n,) in self._db.execute("SELECT name FROM sqlite_master WHERE type='table'")
        }
        if set(_KEPT) <= names:
            return
        if names:
            raise self._failure("not_a_register")
        self._db.execute(f"PRAGMA application_id = {_GPKG_ID}")
        self._db.execute(f"PRAGMA user_version = {_GPKG_VERSION}")
        for statement in _GPKG.split(";")[:-1]:
            self._db.execute(statement)
        systems = [
            ("undefined cartesian", -1, "NONE", -1, "undefined", None),
            ("undefined geographic", 0, "NONE", 0, "undefined", None),
            *(
                (crs.name, code, "EPSG", code, crs.to_wkt("WKT1_GDAL"), None)
                for code in (4326, WORKING_EPSG)
                for crs in (pyproj.CRS.from_epsg(code),)
            ),
        ]
        self._db.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?,?,?,?,?,?)", systems)
        for name in _KEPT:
            self._db.execute(_create(contract(name), geometry=name == "requests"))
            kind = "features" if name == "requests" else "attributes"
            self._db.execute(
                "INSERT INTO gpkg_contents VALUES (?,?,?,?,?,NULL,NULL,NULL,NULL,?)",
                (name, kind, name, contract(name).described(), _FIXED_DAY,
                 WORKING_EPSG if name == "requests" else None),
            )  # fmt: skip
        self._db.execute(
            "INSERT INTO gpkg_geometry_columns VALUES ('requests','geom','POINT',?,0,0)",
            (WORKING_EPSG,),
        )
        for verb in ("UPDATE", "DELETE"):
            self._db.execute(_APPEND_ONLY.format(verb=verb))

    def _known(self, request_id: str) -> None:
        if self._row("requests", request_id) is None:
            raise UnknownNameError(
                Message.of("register.unknown_request", request=request_id, file=str(self.path)),
                Message.of("register.unknown_request_remedy"),
            )

    def _ids_with(self, event: RequestEvent) -> list[str]:
        found = self._db.execute(
            "SELECT DISTINCT request_id FROM request_journal WHERE event = ?", (event.value,)
        )
        return [request for (request,) in found]

    def _row(self, name: str, request: str) -> tuple[Any, ...] | None:
        columns = _quoted(contract(name).column_names)
        row: tuple[Any, ...] | None = self._db.execute(
            f"SELECT {columns} FROM {name} WHERE request_id = ?",  # noqa: S608 (names of ours)
            (request,),
        ).fetchone()
        return row

    def _read(self, table: Contract) -> pd.DataFrame:
        columns = _quoted(table.column_names)
        rows = self._db.execute(f"SELECT {columns} FROM {table.name}").fetchall()  # noqa: S608 (same)
        frame = pd.DataFrame(rows, columns=list(table.column_names), dtype="object")
        for column in table.columns:
            if column.type == "date":
                frame[column.name] = pd.to_datetime(frame[column.name], format="%Y-%m-%d")
            else:
                frame[column.name] = frame[column.name].astype(_PANDAS[column.type])
        return table.select(frame)

    def _insert(self, name: str, row: Sequence[Any]) -> None:
        columns = contract(name).column_names
        marks = ", ".join("?" * len(columns))
        self._db.execute(
            f"INSERT INTO {name} ({_quoted(columns)}) VALUES ({marks})",  # noqa: S608 (same)
            tuple(row),
        )

    def _log(self, request: str, event: RequestEvent, on: str, **more: Any) -> int:  # noqa: ANN401
        done = self._db.execute(
            'INSERT INTO request_journal (request_id, event, "on", eligibility, amount_cents, plan)'
            " VALUES (?, ?, ?, ?, ?, ?)",
            (request, event.value, on, more.get("eligibility"), more.get("amount_cents"),
             more.get("plan")),
        )  # fmt: skip
        return int(done.lastrowid or 0)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")  # a writer waits its turn, and loses nothing
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._failure("store", detail=str(error)) from error

    def _failure(self, key: str, **values: object) -> DataFileError:
        told = {"file": str(self.path), **values}
        return DataFileError(
            Message.of(f"register.{key}", **told), Message.of(f"register.{key}_remedy", **told)
        )


def _quoted(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)  # "on" is a word of SQL


def _create(table: Contract, *, geometry: bool) -> str:
    columns = []
    for column in table.columns:
        kind = _TYPES[column.type]
        if table.key == ("event_id",) and column.name == "event_id":
            grows = " AUTOINCREMENT" if table.name == "request_journal" else ""
            columns.append(f'"event_id" INTEGER PRIMARY KEY{grows}')
        else:
            columns.append(f'"{column.name}" {kind}{"" if column.nullable else " NOT NULL"}')
    if geometry:
        columns.insert(0, "fid INTEGER PRIMARY KEY AUTOINCREMENT")
        columns.append("geom POINT")
    if table.key != ("event_id",):
        columns.append(f"UNIQUE ({', '.join(table.key)})")
    return f"CREATE TABLE {table.name} ({', '.join(columns)})"


def _rows(name: str, frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Return the rows as the database holds them, sorted by key."""
    table = contract(name)
    return [
        tuple(
            _cell(value, column.type) for value, column in zip(row, table.columns, strict=True)
        )
        for row in table.select(frame).astype("object").itertuples(index=False, name=None)
    ]  # fmt: skip


def _cell(value: Any, kind: str) -> Any:  # noqa: ANN401 (a cell)
    if pd.isna(value):
        return None
    if kind == "date":
        return pd.Timestamp(value).date().isoformat()
    if kind in {"int", "bool"}:
        return int(value)
    return float(value) if kind == "float" else str(value)


def _point(x: float | None, y: float | None) -> bytes | None:
    """Return a point as a GeoPackage holds it; nothing for an absent one."""
    if x is None or y is None:
        return None
    return b"GP\x00\x01" + struct.pack("<iBIdd", WORKING_EPSG, 1, 1, x, y)

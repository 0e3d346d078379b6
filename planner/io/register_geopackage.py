"""The register of Axe 3 as one GeoPackage, that several agents write at once.

Erasing overwrites the freed pages and rebuilds the file, so that no byte of a name is left.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

import pyproj

from planner.contracts import Contract
from planner.crs import WORKING_EPSG
from planner.io.register_rows import quoted, rolled
from planner.io.register_store import Register
from planner.schemas import contract
from planner.schemas._register import STORED

__all__ = ["GeoPackageRegister"]

_TYPES: Final = {
    "str": "TEXT",
    "int": "INTEGER",
    "float": "REAL",
    "bool": "INTEGER",
    "date": "TEXT",
}
_SECONDS: Final = 60.0  # to wait for another agent's transaction
_GPKG_ID, _GPKG_VERSION = 0x47504B47, 10300
_APPEND_ONLY: Final = """
CREATE TRIGGER journal_keeps_{verb} BEFORE {verb} ON request_journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""
# INSERT OR REPLACE deletes without waking the trigger of DELETE
_NO_REPLACE: Final = """
CREATE TRIGGER journal_keeps_insert BEFORE INSERT ON request_journal
WHEN EXISTS (SELECT 1 FROM request_journal WHERE event_id = NEW.event_id)
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


class GeoPackageRegister(Register):
    """A register in one GeoPackage.

    Parameters
    ----------
    path
        The file; made when it is missing.

    Raises
    ------
    DataFileError
        When the file is there and isn't a register, or can't be written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        super().__init__(str(self.path))
        with self._told():
            self._db = sqlite3.connect(self.path, timeout=_SECONDS, isolation_level=None)
            try:
                self._db.execute("PRAGMA secure_delete = ON")
                self._db.execute("PRAGMA synchronous = FULL")
                with self._writing():
                    self._make()
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _execute(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._db.execute(statement, tuple(values)).fetchall()

    def _write(self, table: Contract, rows: Sequence[tuple[Any, ...]]) -> None:
        names, filled = list(table.column_names), [*rows]
        if table.name == "requests":
            x, y = names.index("x_m"), names.index("y_m")
            names.append("geom")
            filled = [(*row, _point(row[x], row[y])) for row in rows]
        marks = ", ".join("?" * len(names))
        self._db.executemany(
            f"INSERT INTO {table.name} ({quoted(names)}) VALUES ({marks})",  # noqa: S608 (names of ours)
            filled,
        )

    def _writing(self) -> AbstractContextManager[None]:
        # a writer waits its turn, and loses nothing
        return self._rolled("BEGIN IMMEDIATE")

    def _reading(self) -> AbstractContextManager[None]:
        return self._rolled("BEGIN")

    def _rolled(self, begin: str) -> AbstractContextManager[None]:
        run = self._db.execute
        return rolled(lambda: run(begin), lambda: run("COMMIT"), lambda: run("ROLLBACK"))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._failure("store", detail=str(error)) from error

    def _unplace(self, request_id: str) -> None:
        self._execute("UPDATE requests SET geom = NULL WHERE request_id = ?", (request_id,))

    def _scrub(self) -> None:
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
        if set(STORED) <= names:
            for name in STORED:
                there = {row[1] for row in self._db.execute(f"PRAGMA table_info({name})")}
                if not set(contract(name).column_names) <= there:
                    raise self._failure("older_register", table=name)
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
        for name in STORED:
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
        self._db.execute(_NO_REPLACE)


def _create(table: Contract, *, geometry: bool) -> str:
    columns = []
    for column in table.columns:
        kind = _TYPES[column.type]
        if table.key == ("event_id",) and column.name == "event_id":
            columns.append('"event_id" INTEGER PRIMARY KEY')
        else:
            columns.append(f'"{column.name}" {kind}{"" if column.nullable else " NOT NULL"}')
    if geometry:
        columns.insert(0, "fid INTEGER PRIMARY KEY AUTOINCREMENT")
        columns.append("geom POINT")
    if table.key != ("event_id",):
        columns.append(f"UNIQUE ({', '.join(table.key)})")
    return f"CREATE TABLE {table.name} ({', '.join(columns)})"


def _point(x: float | None, y: float | None) -> bytes | None:
    """Return a point as a GeoPackage holds it; nothing for an absent one."""
    if x is None or y is None:
        return None
    return b"GP\x00\x01" + struct.pack("<iBIdd", WORKING_EPSG, 1, 1, x, y)

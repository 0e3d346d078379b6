"""The base of a package: a checksum of each row that may come back edited (:mod:`planner.edits`).

Two plain tables, which no GIS shows: ``planner_base`` and ``planner_base_layers``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Final

import pandas as pd

from planner.edits import EDITABLE, base_rows, computed_columns

__all__ = ["add_base"]

_TABLES: Final = """
CREATE TABLE planner_base (
  layer TEXT NOT NULL, row_key TEXT NOT NULL, sha256 TEXT NOT NULL, computed_sha256 TEXT NOT NULL,
  PRIMARY KEY (layer, row_key)) WITHOUT ROWID;
CREATE TABLE planner_base_layers (
  layer TEXT NOT NULL PRIMARY KEY, computed_columns TEXT NOT NULL) WITHOUT ROWID;
"""


def add_base(package: sqlite3.Connection, tables: Mapping[str, pd.DataFrame]) -> None:
    """Add the checksums of the layers that are taken back; a package without one gets nothing.

    Parameters
    ----------
    package
        An open GeoPackage that has these layers.
    tables
        Layer name to its table, as it was written.
    """
    layers = [name for name in EDITABLE if name in tables]
    if not layers:
        return
    package.executescript(_TABLES)
    for name in layers:
        frame = tables[name]
        computed = ",".join(computed_columns(name, [str(column) for column in frame.columns]))
        package.execute("INSERT INTO planner_base_layers VALUES (?, ?)", (name, computed))
        package.executemany("INSERT INTO planner_base VALUES (?, ?, ?, ?)", base_rows(name, frame))

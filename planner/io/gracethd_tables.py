"""The tables of a GraceTHD delivery: rows by key, codes as our terms, references followed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from planner.errors import DataFileError
from planner.findings import Finding
from planner.io.gracethd_model import CODES, KEYS, REFERENCES
from planner.io.intake import RowSieve, reject_nothing
from planner.io.partner import DeliveredLayer, Delivery
from planner.io.values import as_text
from planner.schemas import contract
from planner.texts import Message
from planner.vocab import Severity

__all__ = ["GraceTable", "GraceTables", "is_table"]

_POINT: Final = 0
_LINES: Final = (1, 5)
_AREAS: Final = (3, 6)
_KINDS: Final[Mapping[str, tuple[tuple[int, ...], str]]] = {
    "Point": ((_POINT,), "not_a_point"),
    "LineString": (_LINES, "not_a_line"),
    "Polygon": (_AREAS, "not_a_polygon"),
}


def is_table(name: str) -> bool:
    """Tell whether a layer of a delivery is a table that we read."""
    return _table_of(name) in KEYS


def _table_of(name: str) -> str:
    return PurePosixPath(name).stem.lower() if "/" in name else name.lower()


@dataclass
class GraceTable:
    """One table: its columns in lower case, its rows, those set aside.

    Parameters
    ----------
    name
        Name of the table, as in GraceTHD.
    layer
        The layer that holds it.
    """

    name: str
    layer: DeliveredLayer
    sieve: RowSieve = field(init=False)
    shapes: NDArray[np.object_] | None = field(init=False, default=None)
    _columns: dict[str, str] = field(init=False)
    _texts: dict[str, list[str | None]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Start with every row kept."""
        frame = self.layer.table
        self.sieve = RowSieve(self.layer.file, self.name, self.layer.rows)
        self._columns = {str(name).lower(): str(name) for name in reversed(frame.columns)}
        if isinstance(frame, gpd.GeoDataFrame):
            self.shapes = np.asarray(frame.geometry.to_numpy(), dtype=object)

    def __len__(self) -> int:
        return len(self.layer.table)

    @property
    def kept(self) -> list[int]:
        """Positions of the rows that aren't set aside."""
        kept: list[int] = np.flatnonzero(self.sieve.kept).tolist()
        return kept

    def texts(self, column: str) -> list[str | None]:
        """Return a column as stripped text, None where it is empty or the column is missing."""
        if column not in self._texts:
            if column in self._columns:
                values = pa.array(self.layer.table[self._columns[column]], from_pandas=True)
                self._texts[column] = [_plain(text) for text in as_text(values).to_pylist()]
            else:
                self._texts[column] = [None] * len(self)
        return self._texts[column]

    def parsed(
        self, column: str, parse: Callable[[str], Any | None], reason: str
    ) -> list[Any | None]:
        """Return a column parsed; a text that can't be parsed sets its row aside."""
        texts = self.texts(column)
        values = [None if text is None else parse(text) for text in texts]
        wrong = [t is not None and v is None for t, v in zip(texts, values, strict=True)]
        self.set_aside(wrong, reason, column)
        return values

    def set_aside(self, wrong: Sequence[bool], reason: str, column: str) -> None:
        """Set aside the rows that are wrong, showing what their ``column`` holds."""
        texts = self.texts(column)
        self.sieve.set_aside(
            np.array(wrong, dtype=bool), reason, column=column,
            values=lambda rows: [texts[row] for row in rows.tolist()],
        )  # fmt: skip

    def demand(self, kind: str) -> None:
        """Set aside rows whose geometry is of another kind.

        Raises
        ------
        DataFileError
            When the table came without a geometry.
        """
        if self.shapes is None:
            values = {"table": self.name, "file": self.layer.file, "kind": kind}
            raise DataFileError(
                Message.of("gracethd.no_geometry", **values),
                Message.of("gracethd.no_geometry_remedy", **values),
            )
        shapes, (types, reason) = self.shapes, _KINDS[kind]
        self.sieve.set_aside(
            ~np.isin(shapely.get_type_id(shapes), types), reason, column="geometry",
            values=lambda rows: [shape.geom_type for shape in shapes[rows]],
        )  # fmt: skip

    def sift_keys(self, key: str) -> None:
        """Set aside rows without a key, repeated, or of a key that says two things."""
        keys = self.texts(key)
        self.set_aside([text is None for text in keys], "missing_key", key)
        groups: dict[str, list[int]] = {}
        for row in self.kept:
            groups.setdefault(str(keys[row]), []).append(row)
        clashing, identical = [False] * len(self), [False] * len(self)
        for rows in groups.values():
            if len(rows) > 1:
                said = {self._said(row) for row in rows}
                for row in rows if len(said) > 1 else rows[1:]:
                    (clashing if len(said) > 1 else identical)[row] = True
        self.set_aside(clashing, "duplicate_key", key)
        self.set_aside(identical, "identical_duplicate", key)

    def _said(self, row: int) -> tuple[object, ...]:
        shape = None if self.shapes is None else self.shapes[row].wkb
        columns = (name for name in self._columns if name not in {"geometry", "lineage"})
        return (shape, *(self.texts(name)[row] for name in columns))

    def rejected_rows(self) -> pd.DataFrame:
        """Return every row set aside: unreadable, misplaced, or found wrong here."""
        parts = [t for t in (self.layer.rejected_rows, self.sieve.rejected_rows()) if len(t)]
        if not parts:
            return reject_nothing()
        return contract("rejected_rows").select(pd.concat(parts, ignore_index=True))


def _plain(text: str | None) -> str | None:
    """Return a whole number that came through a decimal column as it was: 7.0 gives 7."""
    return text.removesuffix(".0") if text is not None else None


@dataclass
class GraceTables:
    """The tables of one delivery, and what is found of them.

    Parameters
    ----------
    delivery
        What was read.
    """

    delivery: Delivery
    tables: dict[str, GraceTable] = field(init=False, default_factory=dict)
    notes: list[Finding] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        """Give each table its layer, and sift its keys."""
        for name, layer in self.delivery.layers.items():
            self._take(_table_of(name), layer)
        for name, table in self.tables.items():
            if KEYS[name]:
                table.sift_keys(KEYS[name])

    def _take(self, name: str, layer: DeliveredLayer) -> None:
        other = self.tables.get(name)
        if other is None:
            self.tables[name] = GraceTable(name, layer)
            return
        spatial = [isinstance(one.table, gpd.GeoDataFrame) for one in (other.layer, layer)]
        if spatial[0] == spatial[1]:
            values = {"table": name, "files": f"{other.layer.file}, {layer.file}"}
            raise DataFileError(
                Message.of("gracethd.twice", **values), Message.of("gracethd.twice_remedy")
            )
        if spatial[1]:
            self.tables[name] = GraceTable(name, layer)
        left = other.layer if spatial[1] else layer
        self.note("gracethd.table_beside", Severity.INFO, name, count=left.rows_in, file=left.file)

    def get(self, name: str) -> GraceTable | None:
        """Return a table, None when it wasn't delivered."""
        return self.tables.get(name)

    def note(
        self, rule: str, severity: Severity, table: str, *, count: int = 1, place: str = "",
        **values: object,
    ) -> None:  # fmt: skip
        """Note a finding about a table, unless it concerns nothing."""
        if count:
            self.notes.append(
                Finding.of(
                    rule, severity=severity, table=table, count=count,
                    place=place or f"{self.delivery.file}/{table}", **values,
                )
            )  # fmt: skip

    def terms(self, table: GraceTable, column: str, value_list: str) -> list[str | None]:
        """Return codes as our terms; a code of no list is absent, and a finding."""
        codes = CODES[value_list]
        texts = table.texts(column)
        kept = table.sieve.kept
        unknown = [
            t for t, k in zip(texts, kept, strict=True) if k and t and t.upper() not in codes
        ]
        if unknown:
            self.note(
                "gracethd.unknown_code", Severity.WARNING, table.name, count=len(unknown),
                place=f"{self.delivery.file}/{table.name}.{column}", value=min(unknown),
                known=", ".join(codes),
            )  # fmt: skip
        return [None if text is None else codes.get(text.upper()) for text in texts]

    def keys(self, name: str) -> Mapping[str, int]:
        """Return key to position of the rows of a table that are kept; empty without the table."""
        table = self.get(name)
        if table is None:
            return {}
        texts = table.texts(KEYS[name])
        return {str(texts[row]): row for row in table.kept}

    def resolved(self, table: GraceTable, column: str, target: str) -> list[str | None]:
        """Return the references that lead to a row of ``target``, None in the place of others."""
        known = self.keys(target)
        return [text if text in known else None for text in table.texts(column)]

    def check_references(self) -> None:
        """Note every column whose values lead nowhere, and the tables that weren't delivered."""
        absent: dict[str, set[str]] = {}
        for reference in REFERENCES:
            table = self.get(reference.table)
            if table is None:
                continue
            named = [text for row, text in enumerate(table.texts(reference.column))
                     if text and table.sieve.kept[row]]  # fmt: skip
            if not named:
                continue
            if self.get(reference.target) is None:
                absent.setdefault(reference.target, set()).add(reference.column)
                continue
            known = self.keys(reference.target)
            lost = [text for text in named if text not in known]
            if lost:
                self.note(
                    "gracethd.unresolved", Severity.WARNING, reference.table, count=len(lost),
                    place=f"{self.delivery.file}/{reference.table}.{reference.column}",
                    target=reference.target, value=min(lost),
                )  # fmt: skip
        for target, columns in sorted(absent.items()):
            self.note(
                "gracethd.table_missing", Severity.INFO, target, columns=", ".join(sorted(columns))
            )

    def rejected_rows(self) -> pd.DataFrame:
        """Return the rows set aside in all tables."""
        return _gathered(table.rejected_rows() for table in self.tables.values())

    def findings(self) -> list[Finding]:
        """Return what was met, in the delivery, in each table and between them."""
        aside = (found for table in self.tables.values() for found in table.sieve.findings())
        return [*self.notes, *aside, *self.delivery.findings]


def _gathered(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    parts = [table for table in tables if len(table)]
    if not parts:
        return reject_nothing()
    return contract("rejected_rows").select(pd.concat(parts, ignore_index=True))

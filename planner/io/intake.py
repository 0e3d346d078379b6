"""What a reader hands back, and the sieve that sets aside the rows that can't be used.

The law of every reader: rows in = rows used + rows set aside.  A row set aside keeps its position
in the file, a stable reason, the column and the value received.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.findings import Finding, Findings
from planner.provenance import Origin
from planner.schemas import contract
from planner.texts import say
from planner.vocab import Severity

__all__ = [
    "REASONS",
    "Broken",
    "PolygonIntake",
    "PremisesIntake",
    "RowSieve",
    "TableIntake",
    "reject_nothing",
]

REASONS: Final = (
    "broken_line", "broken_record", "broken_text", "cell_error", "cell_formula", "cell_merged",
    "missing_key", "no_position", "not_finite", "not_a_point", "unknown_crs", "outside_area",
    "outside_communes",
    "no_geometry", "not_a_polygon", "not_a_line", "collection", "invalid_geometry",
    "unresolved_reference", "not_a_premise",
    "missing_code", "code_as_number", "bad_code", "bad_count", "unknown_class", "unknown_term",
    "unknown_state", "bad_date", "future_date", "duplicate_key", "identical_duplicate",
    "half_filled", "contradictory", "two_answers", "other_version", "other_outline",
)  # fmt: skip
"""Every reason for which a row is set aside; the texts ``io.<reason>`` put it into words."""

_SHOWN: Final = 200


@dataclass(frozen=True)
class Broken:
    """A row that could not even be read."""

    row: int
    reason: str
    column: str = ""
    value: str = ""


@dataclass(frozen=True, kw_only=True)
class PremisesIntake:
    """Premises as read.

    Parameters
    ----------
    premises
        Contract ``premises``; x_m, y_m in EPSG:2154; sorted by premise_id.
    state_changes
        Contract ``state_changes``; empty when the states have no date.
    rejected_rows
        Contract ``rejected_rows``.
    findings
        What was understood, and what deserves to be checked.
    origin
        Where the file comes from, with its checksum.
    rows_in
        Rows of the file: ``len(premises) + len(rejected_rows)``.
    """

    premises: pd.DataFrame
    state_changes: pd.DataFrame
    rejected_rows: pd.DataFrame
    findings: Findings
    origin: Origin
    rows_in: int

    def summary(self, lang: str = "fr") -> str:
        """Say how many rows came in, are used and are set aside."""
        return say(
            "io.summary", lang, file=self.origin.source, rows=self.rows_in,
            used=len(self.premises), aside=len(self.rejected_rows),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PolygonIntake:
    """Polygons as read.

    Parameters
    ----------
    table
        Polygons in EPSG:2154, sorted by id; a column that the file lacks is null.
    rejected_rows
        Contract ``rejected_rows``.
    findings, origin, rows_in
        As in :class:`PremisesIntake`.
    """

    table: gpd.GeoDataFrame
    rejected_rows: pd.DataFrame
    findings: Findings
    origin: Origin
    rows_in: int

    def summary(self, lang: str = "fr") -> str:
        """Say how many rows came in, are used and are set aside."""
        return say(
            "io.summary", lang, file=self.origin.source, rows=self.rows_in,
            used=len(self.table), aside=len(self.rejected_rows),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TableIntake:
    """A table that keeps its contract, as read: every row is used, or an error was raised."""

    table: pd.DataFrame
    findings: Findings
    origin: Origin
    rows_in: int


def reject_nothing() -> pd.DataFrame:
    """Return the empty table of rows set aside."""
    return contract("rejected_rows").empty()


@dataclass
class RowSieve:
    """Sets rows aside, each once, for the first reason met; used by one reader, for one file.

    Parameters
    ----------
    file
        Name of the file.
    table
        Table that the rows were meant for.
    rows
        Position in the file of each row that could be read, shape (n,).
    broken
        The rows that could not be read.
    """

    file: str
    table: str
    rows: NDArray[np.int64]
    broken: Iterable[Broken] = ()
    kept: NDArray[np.bool_] = field(init=False)
    _aside: list[pd.DataFrame] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        """Start with every readable row kept."""
        self.kept = np.ones(len(self.rows), dtype=bool)
        unread = [(b.row, b.reason, b.column, b.value[:_SHOWN]) for b in self.broken]
        if unread:
            self._aside.append(pd.DataFrame(unread, columns=["row", "reason", "column", "value"]))

    def set_aside(
        self,
        wrong: NDArray[np.bool_],
        reason: str,
        *,
        column: str,
        values: Callable[[NDArray[np.intp]], Iterable[Any]],
    ) -> int:
        """Set aside the rows that are ``wrong`` and still kept; return how many."""
        which = np.flatnonzero(wrong & self.kept)
        if which.size == 0:
            return 0
        self.kept[which] = False
        shown = ["" if v is None else str(v)[:_SHOWN] for v in values(which)]
        self._aside.append(
            pd.DataFrame(
                {"row": self.rows[which], "reason": reason, "column": column, "value": shown}
            )
        )
        return int(which.size)

    @property
    def rows_in(self) -> int:
        """Rows of the file, readable or not."""
        unread = sum(len(part) for part in self._aside) - int((~self.kept).sum())
        return len(self.rows) + unread

    def rejected_rows(self) -> pd.DataFrame:
        """Return the contracted table of the rows set aside, in the order of the file."""
        if not self._aside:
            return reject_nothing()
        table = pd.concat(self._aside, ignore_index=True)
        table.insert(0, "file", self.file)
        return contract("rejected_rows").select(table)

    def findings(self) -> Findings:
        """Return one finding for each reason met, with its count."""
        table = self.rejected_rows()
        found = []
        for reason, group in table.groupby("reason", sort=True):
            first = group.iloc[0]
            found.append(
                Finding.of(
                    f"io.{reason}", severity=Severity.WARNING, table=self.table, place=self.file,
                    count=len(group), column=str(first["column"]), value=str(first["value"]),
                    row=int(first["row"]),
                )
            )  # fmt: skip
        return Findings.collect(found)

"""XLSX workbooks: one sheet read as a table, each cell as the person who filled it in sees it.

A spreadsheet holds numbers where people mean codes: 35236 comes back as the code it was, with a
count of such cells, and 1143, which has lost its zero, doesn't pass for one; a cell whose format
shows the zeros (``00000``) keeps them.  A cell that holds an error, a formula that was never
computed, or the hidden part of a merged block has no value that anyone can vouch for: its row is
set aside.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import openpyxl
import pyarrow as pa
from openpyxl.cell.cell import MergedCell
from openpyxl.utils.exceptions import InvalidFileException

from planner.errors import ContractError
from planner.findings import Finding
from planner.io.files import READ_FAILURES, file_failure
from planner.io.intake import Broken
from planner.io.layers import RawLayer, arrow_column
from planner.texts import Message
from planner.vocab import Severity, fold

__all__ = ["WorkbookSource", "filled_sheets", "open_sheets", "sheet_called"]

_FAILURES: Final = (
    *READ_FAILURES, SyntaxError, AttributeError, ArithmeticError, InvalidFileException,
)  # fmt: skip
"""What openpyxl raises on a broken workbook: its XML parser's own error is a ``SyntaxError``."""
_MOST_XML_BYTES: Final = 64_000_000  # of sheets, uncompressed: about two million cells
_ZEROS: Final = re.compile(r"0{2,}")
_EXACT: Final = 2**53  # whole numbers that a spreadsheet's only kind of number holds exactly


@dataclass(frozen=True, kw_only=True)
class WorkbookSource:
    """An open sheet of a workbook.

    Parameters
    ----------
    file, sheet
        Names of the workbook and of the sheet.
    columns
        Names in its first row that has several cells.
    cells
        The rows below, blank ones left out: values, or :class:`Broken` without a row number.
    rows
        Position of each below the headings, 1 is the first.
    notes
        What was met while opening.
    """

    file: str
    sheet: str
    columns: tuple[str, ...]
    cells: tuple[tuple[Any, ...], ...]
    rows: tuple[int, ...]
    notes: tuple[Finding, ...] = ()
    crs: str | None = None
    has_geometry: bool = False

    @classmethod
    def open(cls, content: bytes, *, file: str, sheet: str | None = None) -> Self:
        """Read a sheet: the one named, or the only one with cells.

        Raises
        ------
        DataFileError
            When it is broken or too large, the sheet isn't there, or several could be meant.
        """
        names = filled_sheets(content, file=file)
        chosen = sheet_called(names, sheet) if sheet is not None else None
        if sheet is not None and chosen is None:
            raise file_failure("no_such_layer", file=file, layer=sheet, layers=", ".join(names))
        if chosen is None:
            if len(names) > 1:
                raise file_failure("which_layer", file=file, layers=", ".join(names))
            if not names:
                raise file_failure("empty_file", file=file)
            chosen = names[0]
        grids, said = _load(content, (chosen,), file=file)
        return cls._of(grids[chosen], said, file=file, sheet=chosen)

    @classmethod
    def _of(
        cls, grid: list[list[Any]], said: tuple[Finding, ...], *, file: str, sheet: str
    ) -> Self:
        head = _heading(grid)
        if head is None:
            raise file_failure("empty_file", file=file)
        last = max(i for i, cell in enumerate(grid[head], start=1) if not _is_blank(cell))
        columns = tuple("" if _is_blank(c) else str(c).strip() for c in grid[head][:last])
        body = [(i, row[:last]) for i, row in enumerate(grid[head + 1 :], start=1)]
        body = [(i, row) for i, row in body if not all(_is_blank(cell) for cell in row)]
        return cls(
            file=file, sheet=sheet, columns=columns,
            rows=tuple(i for i, _ in body), cells=tuple(tuple(row) for _, row in body), notes=said,
        )  # fmt: skip

    def read(self, wanted: Sequence[str]) -> RawLayer:
        """Read these columns.

        Raises
        ------
        ContractError
            When two columns have one of these names.
        """
        names = list(dict.fromkeys(wanted))
        twice = sorted(name for name in names if self.columns.count(name) > 1)
        if twice:
            values = {"file": self.file, "columns": ", ".join(twice)}
            raise ContractError(
                Message.of("io.twice_named", **values),
                Message.of("io.twice_named_remedy", **values),
            )
        which = [self.columns.index(name) for name in names]
        broken, kept = [], []
        for row, cells in zip(self.rows, self.cells, strict=True):
            bad = next((cells[i] for i in which if isinstance(cells[i], Broken)), None)
            if bad is None:
                kept.append((row, cells))
            else:
                column = next(n for n, i in zip(names, which, strict=True) if cells[i] is bad)
                broken.append(Broken(row, bad.reason, column, bad.value))
        columns = {n: [cells[i] for _, cells in kept] for n, i in zip(names, which, strict=True)}
        return RawLayer(
            table=pa.table({name: arrow_column(values) for name, values in columns.items()}),
            rows=np.array([row for row, _ in kept], dtype=np.int64),
            broken=tuple(broken),
            findings=self.notes,
            numbers={
                name: sum(type(value) in {int, float} for value in values)
                for name, values in columns.items()
            },
        )


def open_sheets(content: bytes, sheets: Sequence[str], *, file: str) -> dict[str, WorkbookSource]:
    """Read several sheets, by their own names, of a workbook that is opened once.

    Raises
    ------
    DataFileError
        When it is broken, or one of them has no cells.
    """
    grids, said = _load(content, sheets, file=file)
    return {
        name: WorkbookSource._of(grid, said, file=file, sheet=name)  # noqa: SLF001 (its own module)
        for name, grid in grids.items()
    }


def filled_sheets(content: bytes, *, file: str) -> tuple[str, ...]:
    """Return the names of the sheets that are shown and have cells, in their order.

    Raises
    ------
    DataFileError
        When the workbook is broken or too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sheets = [i for i in archive.infolist() if i.filename.startswith("xl/worksheets/")]
            size = sum(item.file_size for item in sheets)
        if size > _MOST_XML_BYTES:
            raise file_failure("workbook_too_big", file=file, megabytes=size // 1_000_000)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are told when a sheet is read
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            names = tuple(sheet.title for sheet in book.worksheets if _is_filled(sheet))
            book.close()
    except _FAILURES as error:
        if isinstance(error, ValueError) and hasattr(error, "remedy"):
            raise
        raise file_failure("unreadable", file=file, detail=str(error)) from error
    return names


def _is_filled(sheet: Any) -> bool:  # noqa: ANN401 (openpyxl's sheet)
    if sheet.sheet_state != "visible":
        return False
    rows = sheet.iter_rows(values_only=True)
    return any(value is not None for row in rows for value in row)


def sheet_called(names: Sequence[str], *wanted: str) -> str | None:
    """Return the sheet whose name is one of these, whatever its case and accents; None without."""
    folded = {fold(name) for name in wanted}
    return next((name for name in names if fold(name) in folded), None)


def _load(
    content: bytes, sheets: Sequence[str], *, file: str
) -> tuple[dict[str, list[list[Any]]], tuple[Finding, ...]]:
    """Return the values of sheets row by row, a cell without one as :class:`Broken`."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            shown = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
            written = openpyxl.load_workbook(io.BytesIO(content))
            grids = {
                name: [
                    [_value(cell, formula) for cell, formula in zip(row, formulas, strict=True)]
                    for row, formulas in zip(
                        shown[name].iter_rows(), written[name].iter_rows(), strict=True
                    )
                ]
                for name in sheets
            }
        except _FAILURES as error:
            raise file_failure("unreadable", file=file, detail=str(error)) from error
    if not caught:
        return grids, ()
    said = Finding.of(
        "io.driver_warning", severity=Severity.WARNING, table="", place=file, count=len(caught),
        text=str(caught[0].message)[:200],
    )  # fmt: skip
    return grids, (said,)


def _value(cell: Any, written: Any) -> Any:  # noqa: ANN401 (openpyxl's cells)
    if isinstance(cell, MergedCell):
        return Broken(0, "cell_merged", "", cell.coordinate)
    value = cell.value
    if cell.data_type == "e":
        return Broken(0, "cell_error", "", f"{cell.coordinate} {value}")
    if value is None and written.data_type == "f":
        return Broken(0, "cell_formula", "", cell.coordinate)
    if isinstance(value, dt.datetime):
        bare = value.time() == dt.time()
        return value.date().isoformat() if bare else value.isoformat(sep=" ")
    if isinstance(value, (dt.date, dt.time, dt.timedelta)):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        value = int(value)  # a spreadsheet has one kind of number
    if type(value) is int and value >= 0 and _ZEROS.fullmatch(cell.number_format or ""):
        return str(value).zfill(len(cell.number_format))
    return value


def _is_blank(cell: Any) -> bool:  # noqa: ANN401 (a value of a cell)
    if isinstance(cell, Broken):  # the hidden part of a block that only decorates
        return cell.reason == "cell_merged"
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _heading(grid: Sequence[Sequence[Any]]) -> int | None:
    """Return the first row with several cells, below what may be a title; or the first with any."""
    filled = [sum(not _is_blank(cell) for cell in row) for row in grid]
    several = next((i for i, count in enumerate(filled) if count > 1), None)
    return several if several is not None else next((i for i, n in enumerate(filled) if n), None)

"""One XLSX workbook for people: headings and labels in words, and a first sheet that explains.

Euros are whole cents divided once, correctly rounded: the nearest number that a spreadsheet can
hold.  A text is always written as a text, never as a formula or a link.  Two exports of the same
tables have the same bytes.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import xlsxwriter

from planner.contracts import Column
from planner.export.layout import (
    Edition,
    Progress,
    Written,
    columns_of,
    in_contract_order,
    made_up,
    sorted_arrow,
    unwatched,
)
from planner.export.read_me import Left, SheetEntry, write_read_me
from planner.provenance import Origin
from planner.schemas import contract
from planner.texts import Message, say

__all__ = ["WorkbookRules", "write_workbook"]

_ORDER: Final = (
    "coverage", "programme", "contributions", "balances", "costs", "schedule", "slippage",
    "epci_follow_up", "sector_follow_up", "slip_reasons", "completion_forecast", "progress_curve",
    "count_forecast", "forecast_trial", "openings", "take_up", "take_up_forecast", "completeness",
    "revised_schedule", "axe3_figures", "axe3_sites", "reconciliation",
    "findings", "zones", "sectors", "sector_shares", "envelopes", "ballots", "deliberations",
    "advice", "prices", "villes_moyennes", "programme_figures", "premises_figures", "epci",
    "communes", "departements", "region", "stage_changes", "rejected_rows",
)  # fmt: skip
"""Results first, then what they are made from."""
_HEADING_ROWS: Final = 2
_FORBIDDEN_IN_NAMES: Final = str.maketrans("[]:*?/\\", "       ")
_SHARE_ENDINGS: Final = ("_share", "_rate")
_MADE_UP_TAB: Final = "#b45309"
_FOOTER_TITLE: Final = 80  # characters; a whole footer holds 255


@dataclass(frozen=True, kw_only=True)
class WorkbookRules:
    """What a workbook can hold (Microsoft, "Excel specifications and limits", 2024).

    Parameters
    ----------
    most_rows
        Rows of a sheet, headings included.
    most_characters
        Characters of a cell; a longer text is cut, and says so.
    sheet_name_characters
        Characters of the name of a sheet.
    widest
        Width of the widest column, in characters; ours, for reading.
    never
        Tables that are too long for a sheet whatever the territory.
    """

    most_rows: int = 1_048_576
    most_characters: int = 32_767
    sheet_name_characters: int = 31
    widest: int = 60
    never: frozenset[str] = frozenset(
        {
            "premises", "state_changes", "drops", "pbo", "routes", "support_access",
            "support_edges", "support_nodes",
        }
    )  # fmt: skip


_RULES: Final = WorkbookRules()


def write_workbook(
    path: str | Path,
    tables: Mapping[str, pd.DataFrame],
    *,
    edition: Edition,
    origins: Iterable[Origin] = (),
    notes: Sequence[Message] = (),
    rules: WorkbookRules = _RULES,
    lang: str = "fr",
    progress: Progress = unwatched,
) -> Written:
    """Write one workbook: a first sheet that explains, then a sheet a table, whole or not at all.

    Parameters
    ----------
    path
        The file; one that exists is replaced at the end, at once.
    tables
        Table name, as in :data:`planner.schemas.CONTRACTS`, to frame; left as they are.  Premises,
        changes of state and the pieces of the network are left out, as is a table with more rows
        than a sheet can hold: the first sheet says so.  A table without rows has no sheet.
    edition
        Title, scenario and date; the date stands for the day of writing.
    origins
        Where layers come from: sources, licences, and what is made up.
    notes
        Further sentences for the first sheet.
    rules
        What a workbook can hold.
    lang
        Language of everything in it.
    progress
        Told the rows written, the rows to write and the title of the table.

    Returns
    -------
    Written
        Name of the file, and rows of each table that has a sheet.

    Raises
    ------
    ContractError
        When a table misses a column of its contract.
    LookupError
        When a table has no contract.
    """
    target = Path(path)
    known_origins = tuple(origins)
    held, left = _chosen(tables, rules)
    marks = made_up(tables, known_origins)
    names = _sheet_names(held, rules, lang)
    entries = [
        SheetEntry(sheet=names[name], table=name, rows=len(frame), mark=marks[name])
        for name, frame in held.items()
    ]
    done, total = 0, sum(len(frame) for frame in held.values())
    with tempfile.TemporaryDirectory(prefix=".planner-", dir=target.parent) as folder:
        temporary = Path(folder) / target.name
        with xlsxwriter.Workbook(temporary, {"in_memory": True}) as book:
            book.set_properties(_properties(edition))
            looks = _Looks.of(book, lang)
            write_read_me(
                book, edition=edition, entries=entries, left=left, tables=tables,
                origins=known_origins, notes=notes, lang=lang,
            )  # fmt: skip
            for name, frame in held.items():
                sheet = book.add_worksheet(names[name])
                _write_sheet(
                    sheet, name, frame,
                    looks=looks, mark=marks[name], edition=edition, rules=rules, lang=lang,
                )  # fmt: skip
                done += len(frame)
                progress(done, total, contract(name).titled(lang))
        temporary.replace(target)
    return Written(path=target.name, rows={name: len(frame) for name, frame in held.items()})


def _chosen(
    tables: Mapping[str, pd.DataFrame], rules: WorkbookRules
) -> tuple[dict[str, pd.DataFrame], list[Left]]:
    """Return the tables that have a sheet, in the order of sheets, and those that have none."""
    every = dict(in_contract_order(tables))
    order = [*(name for name in _ORDER if name in every), *(n for n in every if n not in _ORDER)]
    held: dict[str, pd.DataFrame] = {}
    left: list[Left] = []
    for name in order:
        rows = len(every[name])
        if name in rules.never or rows > rules.most_rows - _HEADING_ROWS:
            left.append(Left(table=name, rows=rows))
        elif rows:
            held[name] = every[name]
    return held, left


def _sheet_names(tables: Iterable[str], rules: WorkbookRules, lang: str) -> dict[str, str]:
    """Return a name for each sheet; spreadsheets compare them without regard to case."""
    names: dict[str, str] = {}
    taken = {say("export.read_me", lang).casefold()}
    for table in tables:
        name = contract(table).titled(lang).translate(_FORBIDDEN_IN_NAMES).strip("' ")
        name = name[: rules.sheet_name_characters].strip()
        if name.casefold() in taken:
            name = table[: rules.sheet_name_characters]
        taken.add(name.casefold())
        names[table] = name
    return names


def _properties(edition: Edition) -> dict[str, Any]:
    created = dt.datetime.combine(edition.on, dt.time(), tzinfo=None)
    return {"title": edition.title, "subject": edition.territory, "created": created}


@dataclass(frozen=True, kw_only=True)
class _Looks:
    """How cells are shown; a format belongs to one workbook."""

    title: Any
    heading: Any
    count: Any
    decimal: Any
    euro: Any
    percent: Any
    date: Any
    year: Any

    @classmethod
    def of(cls, book: Any, lang: str) -> _Looks:  # noqa: ANN401 (xlsxwriter has no types)
        english = lang == "en"
        heading = {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}
        return cls(
            title=book.add_format({"bold": True, "font_size": 13}),
            heading=book.add_format({**heading, "bg_color": "#e8eef3"}),
            count=book.add_format({"num_format": "#,##0"}),
            decimal=book.add_format({"num_format": "#,##0.0##"}),
            euro=book.add_format({"num_format": '"€"#,##0.00' if english else '#,##0.00\\ "€"'}),
            percent=book.add_format({"num_format": "0.0%" if english else "0.0\\ %"}),
            date=book.add_format({"num_format": "yyyy-mm-dd" if english else "dd/mm/yyyy"}),
            year=book.add_format({"num_format": "0"}),
        )


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """A column as people see it: heading, how values are put, and their look."""

    heading: str
    put: Callable[[Any], Any]
    look: Any = None


def _shown(column: Column, looks: _Looks, rules: WorkbookRules, lang: str) -> _Shown:
    title = column.titled(lang)
    if column.terms is not None:
        labels = {term.value: term.label(lang) for term in column.terms}
        return _Shown(heading=title, put=lambda code: labels.get(code, code))
    if column.type == "bool":
        words = {flag: say(f"export.{'yes' if flag else 'no'}", lang) for flag in (True, False)}
        return _Shown(heading=title, put=words.__getitem__)
    if column.type == "date":
        return _Shown(heading=title, put=_same, look=looks.date)
    if column.type == "str":
        return _Shown(heading=title, put=lambda text: _fit(text, rules, lang))
    if column.unit == "cent":
        # int / int is correctly rounded: the number nearest to the exact amount
        return _Shown(heading=f"{title} (€)", put=lambda cents: cents / 100, look=looks.euro)
    if column.name.endswith(_SHARE_ENDINGS):
        return _Shown(heading=title, put=_same, look=looks.percent)
    if column.name == "year":
        return _Shown(heading=title, put=_same, look=looks.year)
    heading = f"{title} (m)" if column.unit == "m" else title
    return _Shown(
        heading=heading, put=_same, look=looks.count if column.type == "int" else looks.decimal
    )


def _same(value: Any) -> Any:  # noqa: ANN401 (a cell)
    return value


def _fit(text: str, rules: WorkbookRules, lang: str) -> str:
    if len(text) <= rules.most_characters:
        return text
    end = say("export.cut", lang)
    return text[: rules.most_characters - len(end)] + end


def _write_sheet(
    sheet: Any,  # noqa: ANN401 (xlsxwriter has no types)
    name: str,
    frame: pd.DataFrame,
    *,
    looks: _Looks,
    mark: Message | None,
    edition: Edition,
    rules: WorkbookRules,
    lang: str,
) -> None:
    table, _ = sorted_arrow(name, frame)
    columns = columns_of(name, frame)
    about = f"{contract(name).titled(lang)} — {contract(name).described(lang)}"
    if mark is not None:
        about += f" — {mark.say(lang).upper()}"
        sheet.set_tab_color(_MADE_UP_TAB)
    sheet.write_string(0, 0, about, looks.title)
    for position, column in enumerate(columns):
        shown = _shown(column, looks, rules, lang)
        sheet.write_string(1, position, shown.heading, looks.heading)
        widest = _write_column(sheet, position, table.column(position), shown)
        width = min(max(widest, *(len(word) for word in shown.heading.split())) + 2, rules.widest)
        sheet.set_column(position, position, width)
    last = _HEADING_ROWS + table.num_rows - 1
    sheet.autofilter(1, 0, last, len(columns) - 1)
    sheet.freeze_panes(_HEADING_ROWS, 1)
    sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
    _set_print(sheet, edition)


def _write_column(sheet: Any, position: int, values: pa.ChunkedArray, shown: _Shown) -> int:  # noqa: ANN401
    """Write the cells of a column, absent ones left blank; return the widest of them."""
    write = {str: sheet.write_string, dt.date: sheet.write_datetime}
    widest = 8
    for row, value in enumerate(values.to_pylist(), start=_HEADING_ROWS):
        if value is None:
            continue
        cell = shown.put(value)
        write.get(type(cell), sheet.write_number)(row, position, cell, shown.look)
        widest = max(widest, len(cell) if isinstance(cell, str) else 12)
    return widest


def _set_print(sheet: Any, edition: Edition) -> None:  # noqa: ANN401 (xlsxwriter has no types)
    """Print on A4, as wide as the page, with headings, title, date and page on every sheet."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, 1)
    title = edition.title[:_FOOTER_TITLE].replace("&", "&&")
    sheet.set_footer(f"&L{title}&C{edition.on.isoformat()}&R&P / &N")

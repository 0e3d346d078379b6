"""The first sheet of the workbook: what the others hold, from where, and how to read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from planner.export.layout import Edition
from planner.provenance import Origin
from planner.schemas import contract
from planner.texts import Message, number, say

__all__ = ["Left", "SheetEntry", "write_read_me"]

_DEFINITIONS: Final = (
    "premise", "sector", "zone", "phases", "serviceable", "rate", "lines", "euros", "absent",
)  # fmt: skip
_WIDTHS: Final = (34, 60, 28, 22, 40, 24)


@dataclass(frozen=True, kw_only=True)
class SheetEntry:
    """A sheet of the workbook: its name, its table and rows, and whether it is made up."""

    sheet: str
    table: str
    rows: int
    mark: Message | None


@dataclass(frozen=True, kw_only=True)
class Left:
    """A table that is too long for a sheet."""

    table: str
    rows: int


def write_read_me(
    book: Any,  # noqa: ANN401 (xlsxwriter has no types)
    *,
    edition: Edition,
    entries: Sequence[SheetEntry],
    left: Sequence[Left],
    tables: Mapping[str, pd.DataFrame],
    origins: Iterable[Origin],
    notes: Sequence[Message],
    lang: str,
) -> None:
    """Write the first sheet.

    Parameters
    ----------
    book
        An open :class:`xlsxwriter.Workbook` that has no sheet yet.
    edition
        Title, scenario, territory and date.
    entries, left
        Tables that have a sheet, and tables that are too long for one.
    tables
        Every table; ``coverage`` gives the referentials.
    origins
        Sources and licences.
    notes
        Further sentences.
    lang
        Language of every text.
    """
    page = _Page.of(book, say("export.read_me", lang))
    page.line(edition.title, big=True)
    page.line(say("export.read_me_about", lang, territory=edition.territory, on=edition.on))
    page.line(say("export.read_me_scenario", lang, scenario=edition.scenario))
    every_origin = sorted(origins, key=lambda one: one.layer)
    if any(entry.mark for entry in entries) or any(one.synthetic for one in every_origin):
        page.line(say("export.read_me_synthetic", lang), bold=True)
    for note in notes:
        page.line(note.say(lang))
    page.section(say("export.definitions", lang))
    for name in _DEFINITIONS:
        page.row(say(f"export.word_{name}", lang), say(f"export.meaning_{name}", lang))
    _list_sheets(page, entries, left, lang)
    _list_referentials(page, tables, lang)
    _list_sources(page, every_origin, lang)
    page.finish()


def _list_sheets(
    page: _Page, entries: Sequence[SheetEntry], left: Sequence[Left], lang: str
) -> None:
    page.section(say("export.sheets", lang))
    page.heading(
        *(say(f"export.heading_{name}", lang) for name in ("sheet", "content", "rows", "data"))
    )
    for entry in entries:
        mark = "" if entry.mark is None else entry.mark.say(lang)
        about = contract(entry.table).described(lang)
        page.row(entry.sheet, about, number(entry.rows, lang), mark)
    if left:
        page.section(say("export.left_out", lang))
        for one in left:
            rows = number(one.rows, lang)
            page.row(contract(one.table).titled(lang), say("export.left_out_why", lang), rows)


def _list_referentials(page: _Page, tables: Mapping[str, pd.DataFrame], lang: str) -> None:
    if "coverage" not in tables or tables["coverage"].empty:
        return
    page.section(say("export.referentials", lang))
    for text in sorted(tables["coverage"]["referential"].astype("str").unique()):
        page.row("", text)


def _list_sources(page: _Page, origins: Sequence[Origin], lang: str) -> None:
    if not origins:
        return
    page.section(say("export.sources", lang))
    names = ("layer", "source", "licence", "vintage", "attribution", "data")
    page.heading(*(say(f"export.heading_{name}", lang) for name in names))
    for one in origins:
        mark = say("export.synthetic", lang) if one.synthetic else ""
        page.row(one.title, one.source, one.licence, one.vintage, one.attribution, mark)


@dataclass(kw_only=True)
class _Page:
    """A sheet that is written downwards."""

    sheet: Any
    looks: Mapping[str, Any]
    next_row: int = 0

    @classmethod
    def of(cls, book: Any, name: str) -> _Page:  # noqa: ANN401 (xlsxwriter has no types)
        wrapped = {"text_wrap": True, "valign": "top"}
        looks = {
            "big": book.add_format({"bold": True, "font_size": 16}),
            "section": book.add_format({"bold": True, "font_size": 13}),
            "bold": book.add_format({"bold": True}),
            "plain": book.add_format(),
            "cell": book.add_format(wrapped),
            "heading": book.add_format({**wrapped, "bold": True, "bottom": 1}),
        }
        return cls(sheet=book.add_worksheet(name), looks=looks)

    def line(self, text: str, *, big: bool = False, bold: bool = False) -> None:
        """Write a sentence over the whole width."""
        look = self.looks["big" if big else "bold" if bold else "plain"]
        self.sheet.write_string(self.next_row, 0, text, look)
        self.next_row += 1

    def section(self, title: str) -> None:
        """Begin a part, a blank row above."""
        self.sheet.write_string(self.next_row + 1, 0, title, self.looks["section"])
        self.next_row += 2

    def heading(self, *cells: str) -> None:
        """Write the headings of a part."""
        self._write(cells, "heading")

    def row(self, *cells: str) -> None:
        """Write a row of a part."""
        self._write(cells, "cell")

    def _write(self, cells: Sequence[str], look: str) -> None:
        for position, text in enumerate(cells):
            if text:
                self.sheet.write_string(self.next_row, position, text, self.looks[look])
        self.next_row += 1

    def finish(self) -> None:
        """Set widths and print."""
        for position, width in enumerate(_WIDTHS):
            self.sheet.set_column(position, position, width)
        self.sheet.set_landscape()
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)

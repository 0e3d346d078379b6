"""One form as a workbook: yellow cells to fill in, lists to choose from, sums that follow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any, Final

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from planner.export.concertation._content import Form
from planner.export.layout import Edition
from planner.io.forms import SHEETS, heading
from planner.texts import say
from planner.vocab import DeliberationState, EnvelopeUnit, Opinion, Term, Wish

__all__ = ["write_book"]

_HEAD: Final = 2  # row of the headings, below a title and an empty row
_FIRST: Final = _HEAD + 1
_WIDTHS: Final = {
    "item": 54, "value": 90, "sector_id": 11, "nom": 32, "commune": 24, "lines": 10,
    "lines_total": 11, "wish": 12, "rank": 11, "points": 9, "approved": 12, "contribution": 16,
    "check": 31, "unit": 12, "amount": 20, "credit": 16, "required_lines": 17, "required_eur": 30,
    "left": 32, "state": 16, "on": 14, "planned_on": 20, "contact": 50, "opinion": 18, "remark": 60,
}  # fmt: skip
_LINE: Final = 15.75  # height of a line, points
_LETTERS: Final = 1.1  # letters in the width of a digit, on average
_OWN_WISHES: Final = (Wish.REQUIRED, Wish.REFUSED)
_FIRST_DAY: Final = dt.date(2000, 1, 1)  # a date before it is a typing mistake
_MARKS: Final = ("wish", "rank", "points", "approved")


@dataclass(frozen=True)
class _Looks:
    title: Any
    note: Any
    warning: Any
    warning_line: Any
    heading: Any
    fixed: Any
    apart: Any
    number: Any
    euro: Any
    given: Any
    given_number: Any
    given_euro: Any
    given_date: Any
    trouble: Any

    @classmethod
    def of(cls, book: Any, lang: str) -> _Looks:  # noqa: ANN401 (xlsxwriter has no types)
        english = lang == "en"
        euro = '"€"#,##0.00' if english else '#,##0.00\\ "€"'
        box = {"border": 1, "border_color": "#9aa5b1", "valign": "top"}
        open_cell = {**box, "bg_color": "#fff7cc", "locked": False}
        return cls(
            title=book.add_format({"bold": True, "font_size": 14}),
            note=book.add_format({"text_wrap": True, "valign": "top"}),
            warning=book.add_format({"bold": True, "font_color": "#b45309", "text_wrap": True}),
            warning_line=book.add_format({"bold": True, "font_color": "#b3261e"}),
            heading=book.add_format(
                {**box, "bold": True, "text_wrap": True, "bg_color": "#e8eef3"}
            ),
            fixed=book.add_format({**box, "text_wrap": True}),
            apart=book.add_format({**box, "text_wrap": True, "font_color": "#6b7280"}),
            number=book.add_format({**box, "num_format": "#,##0"}),
            euro=book.add_format({**box, "num_format": euro}),
            given=book.add_format({**open_cell, "text_wrap": True}),
            given_number=book.add_format({**open_cell, "num_format": "0"}),
            given_euro=book.add_format({**open_cell, "num_format": "0.00"}),
            given_date=book.add_format(
                {**open_cell, "num_format": "yyyy-mm-dd" if english else "dd/mm/yyyy"}
            ),
            trouble=book.add_format({"bg_color": "#fbd5d5"}),
        )  # fmt: skip


def write_book(path: Path, form: Form, *, edition: Edition, lang: str) -> None:
    """Write the workbook of one EPCI; the same form has the same bytes."""
    with xlsxwriter.Workbook(path, {"in_memory": True}) as book:
        created = dt.datetime.combine(edition.on, dt.time(), tzinfo=None)
        book.set_properties(
            {"title": form.name, "subject": edition.territory, "created": created}
        )  # fmt: skip
        writer = _Book(book, form, _Looks.of(book, lang), lang)
        writer.read_me()
        writer.envelope()
        writer.wishes()
        writer.deliberation()
        writer.advice()


class _Book:
    """A workbook that is being written."""

    def __init__(self, book: Any, form: Form, looks: _Looks, lang: str) -> None:  # noqa: ANN401
        self.form, self.looks, self.lang = form, looks, lang
        self.sheets = {
            name: book.add_worksheet(say(f"forms.sheet_{name}", lang)) for name in SHEETS
        }

    def _start(self, name: str) -> Any:  # noqa: ANN401 (xlsxwriter has no types)
        sheet = self.sheets[name]
        title = say(f"forms.about_{name}", self.lang, name=self.form.name)
        sheet.write_string(0, 0, title, self.looks.title)
        for position, column in enumerate(SHEETS[name]):
            sheet.write_string(
                _HEAD, position, heading(name, column, self.lang), self.looks.heading
            )
            sheet.set_column(position, position, _WIDTHS[column])
        titles = ((heading(name, c, self.lang), _WIDTHS[c]) for c in SHEETS[name])
        sheet.set_row(_HEAD, _height(*titles))
        sheet.freeze_panes(_FIRST, 0)
        _set_print(sheet, self.form.name)
        sheet.repeat_rows(_HEAD)
        return sheet

    def read_me(self) -> None:
        sheet, looks, lang = self.sheets["identity"], self.looks, self.lang
        sheet.set_column(0, 0, _WIDTHS["item"])
        sheet.set_column(1, 1, _WIDTHS["value"])
        lines = [(say("forms.title", lang, name=self.form.name), looks.title)]
        if self.form.synthetic:
            lines.append((say("forms.synthetic", lang), looks.warning))
            sheet.set_tab_color("#b45309")
        lines += [
            (say(f"forms.{name}", lang), looks.note)
            for name in ("how", "how_meaning", "how_wishes", "how_shared", "how_vote", "how_back")
        ]
        if self.form.deadline is not None:
            due = say("forms.how_until", lang, day=self.form.deadline)
            lines.append((due, looks.note))
        whole = _WIDTHS["item"] + _WIDTHS["value"]
        for row, (text, look) in enumerate(lines):
            sheet.write_string(row, 0, text)
            sheet.merge_range(row, 0, row, 1, text, look)
            sheet.set_row(row, _height((text, whole)) + 6)
        head = len(lines) + 1
        for position, column in enumerate(SHEETS["identity"]):
            sheet.write_string(head, position, heading("identity", column, lang), looks.heading)
        machine = [(say("forms.for_reading", lang), ""), *self.form.identity.items()]
        rows = [(row, looks.fixed) for row in self.form.principles]
        rows += [(row, looks.apart) for row in machine]
        for row, ((item, value), look) in enumerate(rows, start=head + 1):
            sheet.write_string(row, 0, item, look)
            sheet.write_string(row, 1, value, look)
            sheet.set_row(row, _height((item, _WIDTHS["item"]), (value, _WIDTHS["value"])))
        sheet.protect()
        sheet.ignore_errors({"number_stored_as_text": "A1:B200"})
        _set_print(sheet, self.form.name)
        sheet.fit_to_pages(1, 1)
        sheet.print_area(0, 0, head + len(self.form.principles), 1)

    def wishes(self) -> None:
        sheet, looks = self._start("wishes"), self.looks
        columns = SHEETS["wishes"]
        place = {name: position for position, name in enumerate(columns)}
        last = _FIRST + len(self.form.wishes) - 1
        tied = _tied(self.form.wishes)
        for row, wish in enumerate(self.form.wishes, start=_FIRST):
            for name in ("sector_id", "nom", "commune"):
                sheet.write_string(row, place[name], wish[name], looks.fixed)
            for name in ("lines", "lines_total"):
                sheet.write_number(row, place[name], wish[name], looks.number)
            self._put(sheet, row, place["wish"], wish.get("wish"), looks.given)
            self._put(sheet, row, place["rank"], wish.get("rank"), looks.given_number)
            self._put(sheet, row, place["points"], wish.get("points"), looks.given_number)
            self._put(sheet, row, place["approved"], wish.get("approved"), looks.given)
            lines = xl_rowcol_to_cell(row, place["lines"])
            cents = self.form.cents_per_line
            sheet.write_formula(
                row, place["contribution"], f"={lines}*{cents}/100", looks.euro,
                wish["lines"] * cents / 100,
            )  # fmt: skip
            check = _told(wish, tied)
            sheet.write_formula(
                row, place["check"], self._check(row, last, place), looks.fixed,
                say(f"forms.{check}", self.lang) if check else "",
            )  # fmt: skip
        self._choose(sheet, last, place["wish"], [w.label(self.lang) for w in _OWN_WISHES])
        self._choose(sheet, last, place["approved"], [say("export.yes", self.lang)])
        self._whole(sheet, last, place["rank"], 1)
        self._whole(sheet, last, place["points"], 0)
        forms = {_only(wish) for wish in self.form.wishes} - {None, "wish"}
        mixed = say("forms.check_mixed", self.lang)
        sheet.write_formula(
            1, 0, self._mixed(last, place, mixed), looks.warning_line,
            mixed if len(forms) > 1 else "",
        )  # fmt: skip
        check = xl_rowcol_to_cell(_FIRST, place["check"], col_abs=True)
        beside = ((0, place["wish"] - 1), (place["approved"] + 1, len(columns) - 1))
        for left, right in beside:  # what is to be filled in stays yellow
            sheet.conditional_format(
                _FIRST, left, last, right,
                {"type": "formula", "criteria": f'={check}<>""', "format": looks.trouble},
            )  # fmt: skip
        sheet.protect("", {"autofilter": True, "sort": True, "format_columns": True})
        sheet.autofilter(_HEAD, 0, last, len(columns) - 1)
        sheet.ignore_errors({"number_stored_as_text": f"A1:A{last + 1}"})

    def _check(self, row: int, last: int, place: Mapping[str, int]) -> str:
        """Return the formula that tells what is wrong with the wish of a row, as the reader does.

        What a person typed as text counts as its number, a cell of blanks as an empty one.
        """
        begin, rank = (xl_rowcol_to_cell(row, place[n]) for n in ("wish", "rank"))
        marks = "+".join(f'({self._mark(n, xl_rowcol_to_cell(row, place[n]))}<>"")' for n in _MARKS)
        required, two, tied = (
            say(f"forms.check_{name}", self.lang) for name in ("required", "two", "tied")
        )
        word = Wish.REQUIRED.label(self.lang)
        ranks = _column(place["rank"], last)
        return (
            f"=IF({marks}>1,"
            f'IF(TRIM({begin})="{word}","{required}","{two}"),'
            f'IF(TRIM({rank})="","",IF(SUMPRODUCT((TRIM({ranks})=TRIM({rank}))'
            f'*{self._alone("rank", last, place)})>1,"{tied}","")))'
        )

    def _mark(self, name: str, cells: str) -> str:
        """Return what stands in cells without blanks around it; an approval denied is none."""
        bare = f"TRIM({cells})"
        if name != "approved":
            return bare
        return f'SUBSTITUTE(LOWER({bare}),"{say("export.no", self.lang)}","")'

    def _alone(self, name: str, last: int, place: Mapping[str, int]) -> str:
        """Return the product that is 1 for each sector which has this mark and no other."""
        tests = (
            f'({self._mark(n, _column(place[n], last))}{"<>" if n == name else "="}"")'
            for n in _MARKS
        )
        return "*".join(tests)

    def _mixed(self, last: int, place: Mapping[str, int], told: str) -> str:
        """Return the formula that tells when sectors have wishes of several forms."""
        used = "+".join(f"(SUMPRODUCT({self._alone(n, last, place)})>0)" for n in _MARKS[1:])
        return f'=IF({used}>1,"{told}","")'

    def envelope(self) -> None:
        sheet, looks, lang = self._start("envelope"), self.looks, self.lang
        known = self.form.envelope
        unit, amount, credit = (known.get(n) for n in ("unit", "amount", "med_credit_cents"))
        self._put(sheet, _FIRST, 0, unit, looks.given)
        self._put(sheet, _FIRST, 1, amount, looks.given_number)
        self._put(sheet, _FIRST, 2, None if credit is None else int(credit) / 100, looks.given_euro)
        cents = self.form.cents_per_line
        required = sum(w["lines"] for w in self.form.wishes if w.get("wish") is Wish.REQUIRED)
        place = {name: position for position, name in enumerate(SHEETS["wishes"])}
        last = _FIRST + len(self.form.wishes) - 1
        page = f"'{say('forms.sheet_wishes', lang)}'!"
        stances, lines_of = (
            page + _column(place[name], last, absolute=True) for name in ("wish", "lines")
        )
        word = Wish.REQUIRED.label(lang)
        cell = {n: xl_rowcol_to_cell(_FIRST, i) for i, n in enumerate(SHEETS["envelope"])}
        sheet.write_formula(
            _FIRST, 3, f'=SUMPRODUCT((TRIM({stances})="{word}")*{lines_of})', looks.number, required
        )
        sheet.write_formula(
            _FIRST, 4, f"={cell['required_lines']}*{cents}/100", looks.euro, required * cents / 100
        )
        lines, euros = (u.label(lang) for u in (EnvelopeUnit.LINES, EnvelopeUnit.EUR))
        left: float | str = ""
        if amount is not None and unit is EnvelopeUnit.LINES:
            left = int(amount) - required
        elif amount is not None:
            left = (int(amount) * 100 + int(credit or 0) - required * cents) / 100
        sheet.write_formula(
            _FIRST, 5,
            f'=IF({cell["amount"]}="","",IF({cell["unit"]}="{lines}",'
            f"{cell['amount']}-{cell['required_lines']},IF({cell['unit']}=\"{euros}\","
            f'{cell["amount"]}+N({cell["credit"]})-{cell["required_eur"]},"")))',
            looks.number, left,
        )  # fmt: skip
        sheet.conditional_format(
            _FIRST, 5, _FIRST, 5,
            {"type": "cell", "criteria": "<", "value": 0, "format": looks.trouble},
        )  # fmt: skip
        self._choose(sheet, _FIRST, 0, [u.label(lang) for u in EnvelopeUnit])
        self._whole(sheet, _FIRST, 1, 0)
        sheet.data_validation(
            _FIRST, 2, _FIRST, 2,
            {"validate": "decimal", "criteria": ">=", "value": 0,
             "error_title": say("forms.sheet_envelope", lang),
             "error_message": say("forms.euros", lang)},
        )  # fmt: skip
        sheet.protect()

    def deliberation(self) -> None:
        sheet, looks, lang = self._start("deliberation"), self.looks, self.lang
        known = self.form.deliberation
        self._put(sheet, _FIRST, 0, known.get("state"), looks.given)
        self._put(sheet, _FIRST, 1, known.get("on"), looks.given_date)
        self._put(sheet, _FIRST, 2, known.get("planned_on"), looks.given_date)
        self._put(sheet, _FIRST, 3, known.get("contact"), looks.given)
        self._choose(sheet, _FIRST, 0, [s.label(lang) for s in DeliberationState])
        sheet.data_validation(
            _FIRST, 1, _FIRST, 2,
            {"validate": "date", "criteria": ">=", "value": _FIRST_DAY,
             "error_title": say("forms.sheet_deliberation", lang),
             "error_message": say("forms.day", lang)},
        )  # fmt: skip
        sheet.protect()

    def advice(self) -> None:
        sheet, looks = self._start("advice"), self.looks
        last = _FIRST + len(self.form.wishes) - 1
        for row, wish in enumerate(self.form.wishes, start=_FIRST):
            sheet.write_string(row, 0, wish["sector_id"], looks.fixed)
            sheet.write_string(row, 1, wish["nom"], looks.fixed)
            for position in (2, 3):
                sheet.write_blank(row, position, None, looks.given)
        self._choose(sheet, last, 2, [o.label(self.lang) for o in Opinion])
        sheet.ignore_errors({"number_stored_as_text": f"A1:A{last + 1}"})
        sheet.protect()

    def _put(self, sheet: Any, row: int, column: int, value: Any, look: Any) -> None:  # noqa: ANN401
        if value is None:
            sheet.write_blank(row, column, None, look)
        elif value is True:
            sheet.write_string(row, column, say("export.yes", self.lang), look)
        elif isinstance(value, Term):
            sheet.write_string(row, column, value.label(self.lang), look)
        elif isinstance(value, str):
            sheet.write_string(row, column, value, look)
        elif isinstance(value, (pd.Timestamp, dt.date)):
            sheet.write_datetime(row, column, pd.Timestamp(value).to_pydatetime(), look)
        else:
            sheet.write_number(row, column, value, look)

    def _choose(self, sheet: Any, last: int, column: int, labels: Sequence[str]) -> None:  # noqa: ANN401
        sheet.data_validation(
            _FIRST, column, last, column,
            {"validate": "list", "source": list(labels),
             "error_title": sheet.get_name(), "error_message": say("forms.pick", self.lang)},
        )  # fmt: skip

    def _whole(self, sheet: Any, last: int, column: int, least: int) -> None:  # noqa: ANN401
        sheet.data_validation(
            _FIRST, column, last, column,
            {"validate": "integer", "criteria": ">=", "value": least,
             "error_title": sheet.get_name(), "error_message": say("forms.whole", self.lang)},
        )  # fmt: skip


def _column(column: int, last: int, *, absolute: bool = False) -> str:
    """Return the cells of a column, from the first sector to the last."""
    ends = (_FIRST, last)
    return ":".join(xl_rowcol_to_cell(r, column, row_abs=True, col_abs=absolute) for r in ends)


def _only(wish: Mapping[str, Any]) -> str | None:
    """Return the one mark of a wish; None of none, or of several."""
    given = [name for name in _MARKS if name in wish]
    return given[0] if len(given) == 1 else None


def _told(wish: Mapping[str, Any], tied: set[int]) -> str:
    """Return what the sheet checks of a wish, as its formula does; empty where nothing is."""
    if sum(name in wish for name in _MARKS) > 1:
        return "check_required" if wish.get("wish") is Wish.REQUIRED else "check_two"
    return "check_tied" if wish.get("rank") in tied else ""


def _tied(wishes: Iterable[Mapping[str, Any]]) -> set[int]:
    ranks = [int(wish["rank"]) for wish in wishes if _only(wish) == "rank"]
    return {rank for rank in ranks if ranks.count(rank) > 1}


def _height(*texts: tuple[str, int]) -> float:
    """Return the height of a row, from its texts with the widths of their columns."""
    return _LINE * max(max(1, len(wrap(text, int(width * _LETTERS)))) for text, width in texts)


def _set_print(sheet: Any, title: str) -> None:  # noqa: ANN401 (xlsxwriter has no types)
    """Print on A4, as wide as the page, with headings, title and page on every sheet."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer(f"&L{title.replace('&', '&&')[:80]}&R&P / &N")

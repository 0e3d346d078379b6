"""The forms of a concertation as sheets: what their columns are called, and their cells as text.

The same layout is written (:mod:`planner.export.concertation`) and read here, so that neither can
drift from the other.  A column is known by its name or by its heading in either language.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from planner.io.files import FileKind, file_failure, find_kind, read_bytes
from planner.io.intake import Broken
from planner.io.layers import Source
from planner.io.opening import open_source
from planner.io.values import as_text
from planner.io.vectors import list_layers
from planner.io.workbook import filled_sheets, open_sheets, sheet_called
from planner.texts import LANGUAGES, say
from planner.vocab import fold

__all__ = [
    "ANSWERS",
    "FORM_VERSION",
    "SAID",
    "SHEETS",
    "FormFile",
    "FormRow",
    "answers_sha256",
    "find_forms",
    "find_others",
    "heading",
    "open_form",
]

FORM_VERSION: Final = "1"

SHEETS: Final[Mapping[str, tuple[str, ...]]] = {
    "identity": ("item", "value"),
    "envelope": ("unit", "amount", "credit", "required_lines", "required_eur", "left"),
    "wishes": (
        "sector_id", "nom", "commune", "lines", "lines_total", "wish", "rank", "points", "approved",
        "contribution", "check",
    ),
    "deliberation": ("state", "on", "planned_on", "contact"),
    "advice": ("sector_id", "nom", "opinion", "remark"),
}  # fmt: skip
"""Sheet to its columns; computed ones are never read back."""
ANSWERS: Final[Mapping[str, tuple[str, ...]]] = {
    "identity": ("item", "value"),
    "envelope": ("unit", "amount", "credit"),
    "wishes": ("sector_id", "wish", "rank", "points", "approved"),
    "deliberation": ("state", "on", "planned_on", "contact"),
    "advice": ("sector_id", "opinion", "remark"),
}
SAID: Final[Mapping[str, tuple[str, ...]]] = {
    "envelopes": ("unit", "amount", "med_credit_cents"),
    "ballots": ("sector_id", "wish", "rank", "points", "approved"),
    "deliberations": ("state", "on"),
    "calendar": ("planned_on", "contact"),
    "advice": ("sector_id", "opinion", "remark"),
}
"""Table to the columns in which a form answers."""
_FIRST_CSV: Final = "identity.csv"
_GEOPACKAGE: Final = ".gpkg"
_WORKBOOK: Final = ".xlsx"
_BESIDE: Final = ("-wal", "-shm", "-journal", ".tmp", "thumbs.db", "desktop.ini", "__macosx")
_LAYERS: Final = {name: "wishes" if name == "advice" else name for name in SHEETS}


@dataclass(frozen=True, kw_only=True)
class FormRow:
    """One row: its position below the headings, its answers (empty ones left out), its shape."""

    row: int
    cells: Mapping[str, str]
    shape: Any = None

    def get(self, name: str) -> str | None:
        """Return an answer, None without one."""
        return self.cells.get(name)


@dataclass(frozen=True, kw_only=True)
class FormFile:
    """One form handed in: its sheets as rows of answers.

    Parameters
    ----------
    place
        Path relative to the folder that was read.
    sheets
        Sheet to its rows; a sheet that is missing has none.
    broken
        Sheet and row that hold no readable value.
    missing
        Sheets, or ``sheet/column``, that a form must have and this one hasn't.
    listed
        Sectors that stand on the sheet of wishes, in rows that can't be read too; None without
        such a sheet.
    crs
        What the file says of where the shapes of the wishes lie.
    others
        Further layers of a GeoPackage in which wishes are written: they are read by nobody.
    """

    place: str
    sheets: Mapping[str, tuple[FormRow, ...]]
    broken: tuple[tuple[str, Broken], ...] = ()
    missing: tuple[str, ...] = ()
    listed: frozenset[str] | None = None
    crs: str | None = None
    others: tuple[str, ...] = ()

    @property
    def identity(self) -> dict[str, str]:
        """What the form says of itself."""
        return {
            row.cells["item"].casefold(): row.cells.get("value", "")
            for row in self.sheets.get("identity", ())
            if "item" in row.cells
        }


def heading(sheet: str, column: str, lang: str = "fr") -> str:
    """Return the heading of a column as people see it."""
    return say(f"forms.{sheet}_{column}", lang)


def answers_sha256(table: str, rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the signature of what a form says of a table, in whatever file and order it says it.

    A form carries those of what was written in it when it was sent (``sent_<table>``), so that a
    copy left as it came is told from an answer.  An approval is said only where there is one: forms
    sent without the column keep their signature.
    """
    said = sorted(
        tuple(_plain(row.get(name)) for name in SAID[table] if name != "approved" or row.get(name))
        for row in rows
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _plain(value: Any) -> str:  # noqa: ANN401 (an answer)
    if value is None or value != value:  # noqa: PLR0124 (not a number)
        return ""
    if isinstance(value, dt.datetime):
        value = value.date()
    return str(getattr(value, "value", value))


def find_forms(folder: Path) -> Iterator[Path]:
    """Return every workbook and GeoPackage below a folder, and every folder of CSV sheets.

    Raises
    ------
    DataFileError
        When there is no such folder, or no form in it.
    """
    if not folder.is_dir():
        raise file_failure("missing_file", file=str(folder))
    books = [path for path in _files(folder) if path.suffix.lower() in {_WORKBOOK, _GEOPACKAGE}]
    texts = [p.parent for p in folder.rglob(_FIRST_CSV)]
    found = sorted({*books, *texts})
    if not found:
        raise file_failure("no_form", file=str(folder))
    yield from found


def find_others(folder: Path) -> tuple[Path, ...]:
    """Return the files below a folder that are read as no form: someone may have answered there.

    What systems and programs leave beside a file is none of them.
    """
    return tuple(
        sorted(
            path
            for path in _files(folder)
            if path.suffix.lower() not in {_WORKBOOK, _GEOPACKAGE}
            and not (path.stem in SHEETS and (path.parent / _FIRST_CSV).is_file())
        )
    )


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        beside = path.name.startswith(("~$", ".")) or path.name.lower().endswith(_BESIDE)
        if not beside and path.is_file():
            yield path


def open_form(path: Path, *, place: str) -> FormFile | None:
    """Read the sheets of one form; None when the file is no form at all.

    Raises
    ------
    PlannerError
        When the file is broken.
    """
    if path.is_dir():
        sources = _csv_sheets(path)
    elif path.suffix.lower() == _GEOPACKAGE:
        sources = _layer_sheets(path)
    else:
        sources = _book_sheets(path)
    if "identity" not in sources:
        return None
    sheets: dict[str, tuple[FormRow, ...]] = {}
    broken: list[tuple[str, Broken]] = []
    missing = [name for name in SHEETS if name not in sources]
    listed: frozenset[str] | None = None
    for name, source in sources.items():
        columns = _known_columns(name, source.columns)
        missing += [f"{name}/{column}" for column in ANSWERS[name] if column not in columns]
        raw = source.read(list(columns.values()))
        broken += [(name, item) for item in raw.broken]
        if name == "wishes" and "sector_id" in columns:
            keys = source.read([columns["sector_id"]]) if raw.broken else raw
            told = as_text(keys.table[columns["sector_id"]]).to_pylist()
            listed = frozenset(key for key in told if key is not None)
        texts = {ours: as_text(raw.table[theirs]).to_pylist() for ours, theirs in columns.items()}
        shapes = raw.geometry() if name == "wishes" and source.has_geometry else None
        sheets[name] = tuple(
            FormRow(
                row=int(row), cells={c: v[i] for c, v in texts.items() if v[i] is not None},
                shape=None if shapes is None else shapes[i],
            )
            for i, row in enumerate(raw.rows)
        )  # fmt: skip
    return FormFile(
        place=place, sheets=sheets, broken=tuple(broken), missing=tuple(sorted(missing)),
        listed=listed, crs=sources["wishes"].crs if "wishes" in sources else None,
        others=_other_layers(path),
    )  # fmt: skip


def _csv_sheets(path: Path) -> dict[str, Source]:
    files = {name: path / f"{name}.csv" for name in SHEETS}
    return {name: open_source(file) for name, file in files.items() if file.is_file()}


def _layer_sheets(path: Path) -> dict[str, Source]:
    if find_kind(path) is not FileKind.GEOPACKAGE:
        raise file_failure(
            "not_its_name", file=path.name, expected=FileKind.GEOPACKAGE.value, found="?"
        )
    there = set(list_layers(path))
    if "identity" not in there:
        return {}
    return {
        name: open_source(path, layer=layer) for name, layer in _LAYERS.items() if layer in there
    }


def _other_layers(path: Path) -> tuple[str, ...]:
    """Return the layers of a GeoPackage, beside that of the form, that answer for sectors."""
    if path.is_dir() or path.suffix.lower() != _GEOPACKAGE:
        return ()
    found = []
    for layer in sorted(set(list_layers(path)) - set(_LAYERS.values())):
        source = open_source(path, layer=layer)
        columns = _known_columns("wishes", source.columns)
        answers = [theirs for ours, theirs in columns.items() if ours != "sector_id"]
        if "sector_id" in columns and answers:
            table = source.read(answers).table
            if any(t is not None for name in answers for t in as_text(table[name]).to_pylist()):
                found.append(layer)
    return tuple(found)


def _book_sheets(path: Path) -> dict[str, Source]:
    if find_kind(path) is not FileKind.WORKBOOK:
        raise file_failure(
            "not_its_name", file=path.name, expected=FileKind.WORKBOOK.value, found="?"
        )
    content = read_bytes(path)
    names = filled_sheets(content, file=path.name)
    called = {
        name: sheet_called(names, *(say(f"forms.sheet_{name}", lang) for lang in LANGUAGES))
        for name in SHEETS
    }
    there = {name: title for name, title in called.items() if title is not None}
    if "identity" not in there:  # no form: nothing more of it is read
        return {}
    opened = open_sheets(content, list(there.values()), file=path.name)
    return {name: opened[title] for name, title in there.items()}


def _known_columns(sheet: str, given: Sequence[str]) -> dict[str, str]:
    """Return ours to the file's for the answers of a sheet."""
    known: dict[str, str] = {}
    for column in ANSWERS[sheet]:
        titles = {fold(column), *(fold(heading(sheet, column, lang)) for lang in LANGUAGES)}
        fits = [name for name in given if fold(name) in titles]
        if len(fits) == 1:
            known[column] = fits[0]
    return known

"""The folder of each EPCI: workbook, CSV sheets, GeoPackage of its sectors."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from planner.errors import DataFileError
from planner.export.concertation._book import write_book
from planner.export.concertation._content import Form
from planner.export.concertation._map import write_map
from planner.export.layout import Edition
from planner.io.forms import ANSWERS, SHEETS, heading
from planner.provenance import Origin
from planner.texts import Message, say
from planner.vocab import Term

__all__ = ["write_forms"]

_CSV_FOLDER: Final = "csv"
_SHOWN: Final = {"wishes": SHEETS["wishes"][:9], "advice": SHEETS["advice"]}
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def write_forms(
    folder: str | Path,
    forms: Iterable[Form],
    *,
    edition: Edition,
    origins: Iterable[Origin] = (),
    lang: str = "fr",
) -> tuple[Path, ...]:
    """Write a folder for each form: ``<siren>.xlsx``, ``csv/`` and ``secteurs.gpkg``.

    The workbook, the CSV sheets and the GeoPackage are the same form: the EPCI fills in one.

    Parameters
    ----------
    folder
        Where the folders go; it is made when it is missing, and must hold no form yet: what a
        person has filled in is never overwritten.
    forms
        As :func:`planner.export.concertation.make_forms` returns them.
    edition
        Title, scenario, territory and date of the outputs.
    origins
        Where the layers come from.
    lang
        Language of the forms.

    Returns
    -------
    tuple of Path
        The folder of each EPCI.

    Raises
    ------
    DataFileError
        When the folder already has a form of one of these EPCI.
    """
    place, every = Path(folder), tuple(forms)
    place.mkdir(parents=True, exist_ok=True)
    there = [form.actor for form in every if (place / form.actor).exists()]
    if there:
        raise DataFileError(
            Message.of("io.form_there", folder=str(place), names=", ".join(there[:5])),
            Message.of("io.form_there_remedy"),
        )
    known = tuple(origins)
    with tempfile.TemporaryDirectory(prefix=".planner-", dir=place) as temporary:
        for form in every:
            own = Path(temporary) / form.actor
            (own / _CSV_FOLDER).mkdir(parents=True)
            write_book(own / f"{form.actor}.xlsx", form, edition=edition, lang=lang)
            _write_csv(own / _CSV_FOLDER, form, lang)
            write_map(own / "secteurs.gpkg", form, edition=edition, origins=known, lang=lang)
        for form in every:
            (Path(temporary) / form.actor).replace(place / form.actor)
    return tuple(place / form.actor for form in every)


def _write_csv(folder: Path, form: Form, lang: str) -> None:
    """Write each sheet with semicolons and a byte order mark: what French spreadsheets open."""
    credit = form.envelope.get("med_credit_cents")
    euros = {} if credit is None else {"credit": f"{int(credit) // 100},{int(credit) % 100:02d}"}
    rows: dict[str, list[Mapping[str, Any]]] = {
        "identity": [{"item": k, "value": v} for k, v in form.identity.items()],
        "envelope": [{**form.envelope, **euros}],
        "wishes": list(form.wishes),
        "deliberation": [form.deliberation],
        "advice": list(form.wishes),
    }
    for name, content in rows.items():
        columns = _SHOWN.get(name, ANSWERS[name])
        text = _text([heading(name, c, lang) for c in columns], content, columns, lang)
        (folder / f"{name}.csv").write_text(text, encoding="utf-8-sig", newline="")


def _text(
    headings: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str],
    lang: str,
) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows([_cell(row.get(column), lang) for column in columns] for row in rows)
    return out.getvalue()


def _cell(value: Any, lang: str) -> str:  # noqa: ANN401 (a cell)
    if value is None:
        return ""
    if value is True:
        return say("export.yes", lang)
    if isinstance(value, Term):
        return value.label(lang)
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    text = str(value)
    # a spreadsheet would take such a name for a formula
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text

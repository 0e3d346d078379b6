"""Requests of Axe 3 as people hand them in: a CSV or a workbook, one request a row.

Rows in = rows used + rows set aside.  What is absent stays absent: the assessment says what is
missing and whom to ask.  What is there but can't be read sets its row aside, with the reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from planner.contracts import Column, Contract
from planner.crs import transform_xy
from planner.errors import DataFileError
from planner.io.opening import open_source
from planner.io.values import as_numbers, as_text, parse_bool, parse_code, parse_date, parse_term
from planner.schemas import contract
from planner.texts import Message
from planner.vocab import fold

__all__ = ["RequestIntake", "read_addresses", "read_requests", "request_id_of"]

_REQUEST: Final = ("kind", "received_on", "insee", "supply_evidence", "supply_on", "supply_mbps")
_PERSON: Final = ("organisation", "contact", "email", "phone", "address", "siret")
_PLACE: Final = ("x_m", "y_m", "lon", "lat")
_SIRET_DIGITS: Final = 14


@dataclass(frozen=True, kw_only=True, eq=False)
class RequestIntake:
    """Requests as read.

    Parameters
    ----------
    requests, contacts
        Contracts ``requests`` and ``request_contacts``, sorted by request.
    rejected_rows
        Contract ``rejected_rows``; values of personal columns are left out of it.
    rows_in
        Rows of the file: ``len(requests) + len(rejected_rows)``.
    """

    requests: pd.DataFrame
    contacts: pd.DataFrame
    rejected_rows: pd.DataFrame
    rows_in: int


def request_id_of(reference: str) -> str:
    """Return the identifier of a requester's reference: the same one each time it comes in."""
    return "R" + hashlib.sha256(f"axe3|{reference.strip()}".encode()).hexdigest()[:16]


def read_addresses(path: str | Path) -> dict[tuple[str, str], tuple[float, float]]:
    """Read an address file in BAN's format: (address folded, INSEE) to x, y in EPSG:2154.

    An address that stands there twice at different places is left out: nothing is guessed.

    Raises
    ------
    DataFileError
        When the file is unreadable, or lacks a column of BAN's format.
    """
    source = open_source(Path(path))
    wanted = ("numero", "rep", "nom_voie", "code_insee", "x", "y")
    lacking = [name for name in wanted if name not in source.columns]
    if lacking:
        raise _failure("addresses_columns", file=source.file, columns=", ".join(lacking))
    table = source.read(list(wanted)).table
    texts = [as_text(table[name]).to_pylist() for name in wanted[:4]]
    x, y = (as_numbers(table[name])[0] for name in wanted[4:])
    found: dict[tuple[str, str], tuple[float, float]] = {}
    twice = set()
    for i, (number, repeat, street, insee) in enumerate(zip(*texts, strict=True)):
        if not street or not insee or not (np.isfinite(x[i]) and np.isfinite(y[i])):
            continue
        key = (_address(" ".join(part for part in (number, repeat, street) if part)), insee)
        place = (float(x[i]), float(y[i]))
        if found.setdefault(key, place) != place:
            twice.add(key)
    return {key: place for key, place in found.items() if key not in twice}


def read_requests(
    path: str | Path,
    *,
    addresses: Mapping[tuple[str, str], tuple[float, float]] | None = None,
    synthetic: bool = False,
) -> RequestIntake:
    """Read requests of a CSV or a workbook.

    Columns are known by their name or title in either language: ``reference`` (the requester's, by
    which a request is known again), those of ``requests`` and ``request_contacts``, and ``lon``,
    ``lat`` (WGS 84) where there are no ``x_m``, ``y_m``.

    Parameters
    ----------
    path
        The file.
    addresses
        Where addresses lie (:func:`read_addresses`), for requests without coordinates.
    synthetic
        Whether the requests are made up.

    Raises
    ------
    DataFileError
        When the file is unreadable or has no column ``reference``.
    """
    source = open_source(Path(path))
    named = _columns(source.columns)
    if "reference" not in named:
        raise _failure("no_reference", file=source.file)
    raw = source.read(list(named.values()))
    cells = {ours: as_text(raw.table[theirs]).to_pylist() for ours, theirs in named.items()}
    kept: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    aside = [(source.file, b.row, b.reason, b.column, "") for b in raw.broken]
    for i, position in enumerate(raw.rows.tolist()):
        texts = {name: column[i] for name, column in cells.items()}
        try:
            request, person = _row(texts, addresses or {}, synthetic=synthetic)
            _refuse_again(kept.get(request["request_id"]), (request, person))
        except _AsideError as bad:
            shown = "" if bad.column in {*_PERSON, "reference"} else texts.get(bad.column) or ""
            aside.append((source.file, position, bad.reason, bad.column, shown))
            continue
        kept[request["request_id"]] = (request, person)
    rejected = contract("rejected_rows")
    return RequestIntake(
        requests=_typed([one for one, _ in kept.values()], contract("requests")),
        contacts=_typed([one for _, one in kept.values()], contract("request_contacts")),
        rejected_rows=pd.DataFrame(sorted(aside), columns=list(rejected.column_names))
        if aside
        else rejected.empty(),
        rows_in=len(raw.rows) + len(raw.broken),
    )


class _AsideError(Exception):
    def __init__(self, reason: str, column: str) -> None:
        super().__init__(reason)
        self.reason, self.column = reason, column


def _refuse_again(there: object, now: object) -> None:
    if there is not None:
        raise _AsideError("identical_duplicate" if there == now else "duplicate_key", "reference")


def _columns(available: tuple[str, ...] | list[str]) -> dict[str, str]:
    """Return ours to the file's, by name or title."""
    titles: dict[str, str] = {fold(name): name for name in ("reference", *_PLACE)}
    titles[fold("Référence")] = "reference"
    for table, names in ((contract("requests"), _REQUEST), (contract("request_contacts"), _PERSON)):
        for name in names:
            column = table.column(name)
            titles |= {fold(text): name for text in (name, *column.title)}
    found: dict[str, str] = {}
    for theirs in available:
        ours = titles.get(fold(theirs))
        if ours is not None:
            found.setdefault(ours, theirs)
    return found


def _row(
    texts: Mapping[str, str | None],
    addresses: Mapping[tuple[str, str], tuple[float, float]],
    *,
    synthetic: bool,
) -> tuple[dict[str, Any], dict[str, Any]]:
    reference = texts.get("reference")
    if not reference:
        raise _AsideError("missing_key", "reference")
    key = request_id_of(reference)
    request: dict[str, Any] = {"request_id": key, "synthetic": synthetic}
    if texts.get("synthetic"):
        request["synthetic"] = bool(parse_bool(texts["synthetic"] or "")) or synthetic
    for name in _REQUEST:
        request[name] = _value(contract("requests").column(name), texts.get(name))
    person: dict[str, Any] = {"request_id": key, **{name: texts.get(name) for name in _PERSON}}
    siret = person["siret"]
    if siret is not None:
        digits = "".join(siret.split())
        if len(digits) != _SIRET_DIGITS or not (digits.isascii() and digits.isdecimal()):
            raise _AsideError("bad_code", "siret")
        person["siret"] = digits
    place = _position(texts)
    if place is None and person["address"] and request["insee"]:
        place = addresses.get((_address(person["address"]), request["insee"]))
    request["x_m"], request["y_m"] = place or (None, None)
    return request, person


def _value(column: Column, text: str | None) -> Any:  # noqa: ANN401 (a cell)
    if text is None:
        return None
    if column.terms is not None:
        value: Any = parse_term(text, terms=column.terms)
        reason = "unknown_term"
    elif column.type == "date":
        value, reason = parse_date(text), "bad_date"
    elif column.type == "float":
        value, reason = _number(text), "bad_count"
        value = None if value is not None and value < 0 else value
    else:
        value, reason = parse_code(text).text, "bad_code"
    if value is None:
        raise _AsideError(reason, column.name)
    return value


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _position(texts: Mapping[str, str | None]) -> tuple[float, float] | None:
    for first, second, source in (("x_m", "y_m", None), ("lon", "lat", "EPSG:4326")):
        given = (texts.get(first), texts.get(second))
        if given == (None, None):
            continue
        values = [None if text is None else _number(text) for text in given]
        x, y = values
        if x is None or y is None:
            raise _AsideError("no_position", first if x is None else second)
        if source is None:
            return x, y
        px, py = transform_xy([x], [y], source=source)
        if not (np.isfinite(px[0]) and np.isfinite(py[0])):
            raise _AsideError("not_finite", first)
        return float(px[0]), float(py[0])
    return None


def _address(text: str) -> str:
    return fold(text.replace(",", " "))


def _typed(rows: list[dict[str, Any]], table: Contract) -> pd.DataFrame:
    kinds: dict[str, Any] = {
        "str": "str",
        "float": "float64",
        "bool": "bool",
        "date": "datetime64[s]",
    }
    if not rows:
        return table.empty()
    frame = pd.DataFrame(rows, columns=list(table.column_names))
    for column in table.columns:
        frame[column.name] = frame[column.name].astype(kinds[column.type])
    return table.select(frame)


def _failure(key: str, **values: object) -> DataFileError:
    return DataFileError(
        Message.of(f"register.{key}", **values), Message.of(f"register.{key}_remedy", **values)
    )

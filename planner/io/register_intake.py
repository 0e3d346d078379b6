"""Requests of Axe 3 as people hand them in: a CSV, a workbook, or the file that the form saved.

Rows in = rows used + rows set aside.  What is absent stays absent: the assessment says what is
missing and whom to ask.  What is there but can't be read sets its row aside, with the reason.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from planner.contracts import Column, Contract
from planner.crs import transform_xy
from planner.errors import DataFileError
from planner.io.opening import open_source
from planner.io.register_addresses import AddressBook
from planner.io.register_rules import RegisterRules, read_register_rules
from planner.io.values import as_text, parse_bool, parse_code, parse_date, parse_term
from planner.schemas import contract
from planner.texts import Message
from planner.vocab import PlaceSource, fold

__all__ = [
    "FORM_EDITION",
    "FORM_FORMAT",
    "RequestIntake",
    "read_requests",
    "request_id_of",
    "siret_holds",
]

FORM_FORMAT: Final = "fibre-planner/axe3-request"
FORM_EDITION: Final = 1
_REQUEST: Final = (
    "kind", "received_on", "insee", "supply_evidence", "supply_on", "supply_mbps", "need_mbps",
)  # fmt: skip
_PERSON: Final = (
    "organisation", "contact", "email", "phone", "address", "siret", "need", "consent_on",
)  # fmt: skip
_PLACE: Final = ("x_m", "y_m", "lon", "lat")
_OF_FORM: Final = ("reference", *_REQUEST, *_PERSON, *_PLACE, "synthetic", "place_source")
_SIRET_DIGITS, _LUHN, _POST_OFFICE = 14, 10, "356000000"
_BIGGEST: Final = 1_000_000  # bytes of a form's file
_LONGEST: Final = 4_000  # characters of one answer


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


def siret_holds(digits: str) -> bool:
    """Tell whether 14 digits keep the checksum of a SIRET (Luhn's; La Poste has its own).

    Examples
    --------
    >>> siret_holds("73282932000074"), siret_holds("73282932000047")
    (True, False)
    """
    if len(digits) != _SIRET_DIGITS or not (digits.isascii() and digits.isdecimal()):
        return False
    values = [int(digit) for digit in digits]
    if digits.startswith(_POST_OFFICE) and sum(values) % 5 == 0:
        return True
    doubled = (sum(divmod(2 * value, _LUHN)) for value in values[-2::-2])
    return (sum(values[-1::-2]) + sum(doubled)) % _LUHN == 0


def read_requests(
    path: str | Path,
    *,
    addresses: AddressBook | None = None,
    rules: RegisterRules | None = None,
    synthetic: bool = False,
) -> RequestIntake:
    """Read requests of a CSV, a workbook, or the file that the form saved (JSON).

    Columns are known by their name or title in either language: ``reference`` (the requester's, by
    which a request is known again), those of ``requests`` and ``request_contacts``, and ``lon``,
    ``lat`` (WGS 84) where there are no ``x_m``, ``y_m``.

    Parameters
    ----------
    path
        The file.
    addresses
        Where addresses lie (:func:`planner.io.register_addresses.read_addresses`), for requests
        without coordinates.
    rules
        The written rules, by which an address is found or not; None: the embedded ones.
    synthetic
        Whether the requests are made up.

    Raises
    ------
    DataFileError
        When the file is unreadable, has no column ``reference``, or is a form without consent.
    """
    place, written = Path(path), read_register_rules() if rules is None else rules
    if place.suffix.lower() == ".json":
        return _gathered(
            place.name, [(1, _form(place))], [], addresses, written, synthetic=synthetic
        )
    source = open_source(place)
    named = _columns(source.columns)
    if "reference" not in named:
        raise _failure("no_reference", file=source.file)
    raw = source.read(list(named.values()))
    cells = {ours: as_text(raw.table[theirs]).to_pylist() for ours, theirs in named.items()}
    aside = [(source.file, b.row, b.reason, b.column, "") for b in raw.broken]
    rows = [
        (position, {name: column[i] for name, column in cells.items()})
        for i, position in enumerate(raw.rows.tolist())
    ]
    return _gathered(source.file, rows, aside, addresses, written, synthetic=synthetic)


def _gathered(
    file: str,
    rows: list[tuple[int, dict[str, str | None]]],
    broken: list[tuple[str, int, str, str, str]],
    addresses: AddressBook | None,
    rules: RegisterRules,
    *,
    synthetic: bool,
) -> RequestIntake:
    kept: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    aside = list(broken)
    for position, texts in rows:
        try:
            request, person = _row(texts, addresses, rules, synthetic=synthetic)
            _refuse_again(kept.get(request["request_id"]), (request, person))
        except _AsideError as bad:
            shown = "" if bad.column in {*_PERSON, "reference"} else texts.get(bad.column) or ""
            aside.append((file, position, bad.reason, bad.column, shown))
            continue
        kept[request["request_id"]] = (request, person)
    rejected = contract("rejected_rows")
    return RequestIntake(
        requests=_typed([one for one, _ in kept.values()], contract("requests")),
        contacts=_typed([one for _, one in kept.values()], contract("request_contacts")),
        rejected_rows=pd.DataFrame(sorted(aside), columns=list(rejected.column_names))
        if aside
        else rejected.empty(),
        rows_in=len(rows) + len(broken),
    )


def _form(place: Path) -> dict[str, str | None]:
    """Return the answers of a form as texts, each as if it stood in a cell."""
    try:
        content = place.read_bytes() if place.stat().st_size <= _BIGGEST else b""
        values = json.loads(content.decode("utf-8-sig"))
    except OSError as error:
        raise _failure("form_unreadable", file=place.name, detail=str(error)) from error
    except (ValueError, RecursionError):
        raise _failure("form_none", file=place.name) from None
    if not isinstance(values, dict) or values.get("format") != FORM_FORMAT:
        raise _failure("form_none", file=place.name)
    if values.get("edition") != FORM_EDITION:
        raise _failure("form_edition", file=place.name, known=FORM_EDITION)
    answers = {name: _written(values.get(name), name, place) for name in _OF_FORM}
    texts = as_text(pa.array(list(answers.values()), pa.string())).to_pylist()
    answers = dict(zip(answers, texts, strict=True))
    if values.get("consent") is not True or not answers["consent_on"]:
        raise _failure("form_consent", file=place.name)
    if not answers["reference"]:
        raise _failure("form_answer", file=place.name, column="reference")
    return answers


def _written(value: object, name: str, place: Path) -> str | None:
    """Return one answer of a form as a text."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    if not isinstance(value, (str, int, float)) or len(text) > _LONGEST:
        raise _failure("form_answer", file=place.name, column=name)
    return text


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
    addresses: AddressBook | None,
    rules: RegisterRules,
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
    person["known_addresses"] = None
    if person["consent_on"] is not None:
        column = contract("request_contacts").column("consent_on")
        person["consent_on"] = _value(column, person["consent_on"])
    siret = person["siret"]
    if siret is not None:
        digits = "".join(siret.split())
        if not siret_holds(digits):
            raise _AsideError("bad_siret", "siret")
        person["siret"] = digits
    _place(texts, request, person, addresses, rules)
    return request, person


def _place(
    texts: Mapping[str, str | None],
    request: dict[str, Any],
    person: dict[str, Any],
    addresses: AddressBook | None,
    rules: RegisterRules,
) -> None:
    """Write where a request lies, and how that is known."""
    given = _position(texts)
    request["place_source"], request["place_score"] = None, None
    if given is not None:
        shown = texts.get("place_source") == PlaceSource.MAP.value
        request["place_source"] = (PlaceSource.MAP if shown else PlaceSource.COORDINATES).value
    elif person["address"] and addresses is not None:
        found = addresses.find(person["address"], insee=request["insee"], rules=rules)
        given = found.place
        request["place_source"], request["place_score"] = found.source.value, found.score
        known = [f"{label} ({score:.2f})" for label, score in found.known]
        person["known_addresses"] = " | ".join(known) or None
    request["x_m"], request["y_m"] = given or (None, None)


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

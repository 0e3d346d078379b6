"""Tables without geometry: every cell converted by its contract, or named in one error."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from planner.contracts import Column, Contract
from planner.errors import ContractError
from planner.findings import Finding, Findings
from planner.io.files import FileKind, find_kind, hash_file, read_bytes
from planner.io.intake import Broken, TableIntake
from planner.io.layers import RawLayer
from planner.io.opening import open_source
from planner.io.profiles import Profile, map_columns
from planner.io.values import (
    INSEE,
    SIREN,
    as_text,
    parse_bool,
    parse_code,
    parse_date,
    parse_each,
    parse_term,
    words,
)
from planner.io.workbook import filled_sheets, sheet_called
from planner.provenance import Origin
from planner.schemas import contract
from planner.texts import Message, say
from planner.vocab import Severity, Term, fold

__all__ = ["convert_table", "raise_broken", "read_table"]

_INTEGER: Final = re.compile(r"[+-]?\d{1,18}")
_DECIMAL: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_SHOWN_CELLS: Final = 20


def read_table(
    path: str | Path,
    contract_name: str | Contract,
    *,
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, object] | None = None,
    layer: str | None = None,
    encoding: str | None = None,
    origin: Origin | None = None,
) -> TableIntake:
    """Read a table without geometry, such as envelopes, ballots or prices.

    CSV (separator and encoding found), XLSX, GeoPackage or Parquet.  A column is known by its name
    or (cents excepted) by its title in either language, a term by its code or its label.
    Dates are AAAA-MM-JJ or JJ/MM/AAAA, whole numbers plain digits, yes and no
    ``true``/``false``, ``1``/``0``, ``vrai``/``faux`` or ``oui``/``non``; an empty
    cell is absent.  Columns that the contract doesn't know are left out.

    Parameters
    ----------
    path
        The file.
    contract_name
        Name of the table in :mod:`planner.schemas`, or a contract; of a table with a geometry, the
        attributes are read.
    columns
        Ours to the file's, where the names differ.
    constants
        Columns that the file lacks and that hold one value: ``{"synthetic": False}``.
    layer
        The layer or sheet to take; in a workbook, the sheet named like the table by default.
    encoding, origin
        As in :func:`planner.io.read_premises`.

    Returns
    -------
    TableIntake
        Every row of the file, sorted by key.

    Raises
    ------
    ContractError
        Once, with every offending cell: its row, column, value, rule and remedy (``violations``).
    DataFileError
        Missing, empty or broken file.
    """
    table = contract_name if isinstance(contract_name, Contract) else contract(contract_name)
    table = replace(table, geometry=None)
    source = open_source(path, layer=layer or _sheet(Path(path), table), encoding=encoding)
    fixed = dict(constants or {})
    profile = Profile(
        name="generic",
        signature=frozenset(),
        columns={name: name for name in table.column_names if name not in fixed},
    )
    mapped = map_columns(
        source.columns, file=source.file, table=table.name, profiles=(profile,),
        required=tuple(n for n in profile.columns if not table.column(n).optional),
        columns=_by_title(table, source.columns, fixed) | dict(columns or {}),
    )  # fmt: skip
    raw = source.read(mapped.names())
    given = {ours: raw.table[theirs] for ours, theirs in mapped.columns.items()}
    absent = set(profile.columns) - set(given)  # optional ones that the file lacks
    given |= {name: pa.nulls(len(raw.rows)) for name in sorted(absent)}
    given |= {name: pa.array([value] * len(raw.rows)) for name, value in fixed.items()}
    frame = convert_table(given, table, raw=raw, file=source.file)
    found = [replace(finding, table=table.name) for finding in raw.findings]
    found += _codes_from_numbers(table, mapped.columns, raw, file=source.file)
    about = origin or Origin(
        layer=table.name, title=table.titled(), source=source.file, licence="",
        synthetic="synthetic" in frame and bool(frame["synthetic"].any()),
    )  # fmt: skip
    return TableIntake(
        table=table.select(frame),
        findings=Findings.collect(found),
        origin=replace(about, layer=table.name, rows=len(frame), sha256=hash_file(path)),
        rows_in=len(frame),
    )


def _sheet(path: Path, table: Contract) -> str | None:
    """Return the sheet named like the table where a workbook has several; None otherwise."""
    if find_kind(path) is not FileKind.WORKBOOK:
        return None
    return sheet_called(filled_sheets(read_bytes(path), file=path.name), table.name, *table.title)


def _by_title(
    table: Contract, available: Sequence[str], fixed: Mapping[str, object]
) -> dict[str, str]:
    """Return ours to the file's for columns named by their title; two that could be are none.

    Cents are asked for by their own name: under a heading in words, people write euros.
    """
    named = {fold(name).replace(" ", "_") for name in available}
    found: dict[str, str] = {}
    for column in table.columns:
        if (
            column.name in fixed
            or "cent" in column.unit
            or fold(column.name).replace(" ", "_") in named
        ):
            continue
        titles = {fold(title) for title in column.title}
        fits = [name for name in available if fold(name) in titles]
        if len(fits) == 1 and fits[0] not in found.values():
            found[column.name] = fits[0]
    return found


def _codes_from_numbers(
    table: Contract, columns: Mapping[str, str], raw: RawLayer, *, file: str
) -> list[Finding]:
    return [
        Finding.of(
            "io.codes_from_numbers", severity=Severity.INFO, table=table.name,
            place=f"{file}/{columns[column.name]}", count=raw.numbers[columns[column.name]],
            column=columns[column.name],
        )
        for column in table.columns
        if column.pattern and raw.numbers.get(columns.get(column.name, ""), 0)
    ]  # fmt: skip


def convert_table(
    given: Mapping[str, Any], table: Contract, *, raw: RawLayer, file: str
) -> pd.DataFrame:
    """Return the columns in the contract's types, in the order of the file, and checked.

    Parameters
    ----------
    given
        Our names to Arrow columns.
    table
        The contract.
    raw
        The layer that the columns come from: its positions, and the rows that could not be read.
    file
        Name of the file, for the error.

    Raises
    ------
    ContractError
        Once, with every offending cell.
    """
    converted = {column.name: _convert(column, given[column.name]) for column in table.columns}
    frame = pd.DataFrame({name: column.array for name, column in converted.items()})
    cells = [_unread(broken) for broken in raw.broken]
    cells += [
        (row, name, column.texts[row], column.rule, column.remedy)
        for name, column in converted.items()
        for row in np.flatnonzero(column.wrong).tolist()
    ]
    known = {(row, name) for row, name, *_ in cells}
    plain = replace(table, geometry=None)  # shapes aren't cells: whoever adds them checks them
    cells += [
        (cell["row"], cell["column"], _received(frame, cell), *_rule(plain, frame, cell))
        for cell in plain.violations(frame).to_dict("records")
        if (cell["row"], cell["column"]) not in known
    ]
    if cells:
        raise_broken(cells, table, frame, rows=raw.rows, file=file)
    return frame


def _received(frame: pd.DataFrame, cell: Mapping[Any, Any]) -> str:
    """Return the offending value; nothing for what is absent."""
    if cell["row"] < 0 or frame[cell["column"]].isna().iloc[cell["row"]]:
        return ""
    return str(cell["value"])


def _rule(table: Contract, frame: pd.DataFrame, cell: Mapping[Any, Any]) -> tuple[Message, Message]:
    """Return what is wrong with a cell and its remedy; a damaged code has words of its own."""
    column = next((c for c in table.columns if c.name == cell["column"]), None)
    if column is not None and column.pattern in {INSEE, SIREN} and cell["row"] >= 0:
        code = parse_code(_received(frame, cell), siren=column.pattern == SIREN)
        if code.reason == "code_as_number":
            return (
                Message.of("io.code_as_number_cell"),
                Message.of("io.code_as_number_cell_remedy", example=str(code.repaired)),
            )
    return cell["rule"], cell["remedy"]


def _unread(broken: Broken) -> tuple[int, str, str, Message, Message]:
    return (
        -broken.row - 1, "", broken.value,
        Message.of(f"io.{broken.reason}_cell"), Message.of(f"io.{broken.reason}_cell_remedy"),
    )  # fmt: skip


def raise_broken(
    cells: Sequence[tuple[int, str, str, Message, Message]],
    table: Contract,
    frame: pd.DataFrame,
    *,
    rows: np.ndarray[Any, np.dtype[np.int64]],
    file: str,
) -> None:
    """Raise one error that lists every offending cell by its row in the file.

    Raises
    ------
    ContractError
        Always; ``violations`` is the whole table.
    """
    listed = [
        {
            "row": int(rows[row]) if row >= 0 else -row - 1,  # 0: the whole column
            "key": "" if row < 0 else _key_of(frame, table, row),
            "column": column, "value": value, "rule": rule, "remedy": remedy,
        }
        for row, column, value, rule, remedy in cells
    ]  # fmt: skip
    found = pd.DataFrame(listed).sort_values(["row", "column"], kind="stable", ignore_index=True)
    values = {"table": table.name, "file": file, "count": len(found)}
    error = ContractError(
        Message.of("io.broken_table", cells=_Cells(found), **values),
        Message.of("io.broken_table_remedy", **values),
    )
    error.violations = found  # type: ignore[attr-defined]
    raise error


def _key_of(frame: pd.DataFrame, table: Contract, row: int) -> str:
    values = (frame[name].iloc[row] for name in table.key)
    return "/".join("" if pd.isna(value) else str(value) for value in values)


@dataclass(frozen=True)
class _Cells:
    """The first offending cells by row, put into words with the message that holds them."""

    cells: pd.DataFrame

    def say(self, lang: str = "fr", /) -> str:
        """Put the list into words."""
        lines = [
            say(
                "io.cell", lang, row=cell["row"], column=cell["column"] or "—",
                value=repr(cell["value"]), rule=cell["rule"], remedy=cell["remedy"],
            )
            for cell in self.cells.head(_SHOWN_CELLS).to_dict("records")
        ]  # fmt: skip
        left = len(self.cells) - _SHOWN_CELLS
        if left > 0:
            lines.append(say("contract.more", lang, count=left))
        return "\n".join(f"  {line}" for line in lines)


@dataclass(frozen=True, kw_only=True)
class _Converted:
    """A column in its type, and the cells that don't fit it."""

    array: Any
    wrong: np.ndarray[Any, np.dtype[np.bool_]]
    texts: Sequence[str]
    rule: Message
    remedy: Message


def _integer(text: str) -> int | None:
    return int(text) if _INTEGER.fullmatch(text) and text.isascii() else None


def _whole(text: str) -> int | None:
    """Read what a column of floats writes for a whole number: it holds absent values beside it."""
    return _integer(text.removesuffix(".0"))


def _decimal(text: str) -> float | None:
    return float(text.replace(",", ".")) if _DECIMAL.fullmatch(text) and text.isascii() else None


def _convert(column: Column, given: Any) -> _Converted:  # noqa: ANN401 (an Arrow column)
    every = np.arange(len(given))
    if column.type == "str":
        texts = as_text(given) if column.terms is None else _codes_of_terms(given, column.terms)
        if column.blank:
            texts = pc.fill_null(texts, "")
        none = np.zeros(len(given), dtype=bool)
        return _Converted(
            array=words(texts.to_pylist()), wrong=none, texts=(), rule=Message.of("io.not_int"),
            remedy=Message.of("io.not_int_remedy"),
        )  # fmt: skip
    if column.type == "float" and pa.types.is_floating(given.type):
        parse: Callable[[str], Any] = float
    elif column.type == "int" and pa.types.is_floating(given.type):
        parse = _whole
    else:
        parse = {"int": _integer, "float": _decimal, "bool": parse_bool, "date": parse_date}[
            column.type
        ]
    parsed = parse_each(given, parse)
    values = parsed.take(every).tolist()
    return _Converted(
        array=_typed(values, column.type), wrong=parsed.unreadable, texts=parsed.shown(every),
        rule=Message.of(f"io.not_{column.type}"), remedy=Message.of(f"io.not_{column.type}_remedy"),
    )  # fmt: skip


def _codes_of_terms(given: Any, terms: type[Term]) -> pa.Array:  # noqa: ANN401 (an Arrow column)
    """Return codes in the place of labels; what is neither stays, and breaks the contract."""
    parsed = parse_each(given, lambda text: parse_term(text, terms=terms) or text)
    return pa.array(parsed.take(np.arange(len(given))).tolist(), pa.string())


def _typed(values: Sequence[Any], kind: str) -> Any:  # noqa: ANN401 (an array of that kind)
    absent = any(value is None for value in values)
    match kind:
        case "int":
            return pd.array(values, dtype="Int64") if absent else np.array(values, dtype=np.int64)
        case "float":
            return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
        case "bool":
            return pd.array(values, dtype="boolean") if absent else np.array(values, dtype=bool)
        case _:
            days = [np.datetime64("NaT", "D") if v is None else v for v in values]
            return np.array(days, dtype="datetime64[D]").astype("datetime64[s]")

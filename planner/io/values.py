"""From the text of a cell to a value, or to the fact that it has none.

Columns repeat: a parser runs once for each different text, never once for each of a million rows.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from planner.schemas import contract
from planner.vocab import Term, fold

__all__ = [
    "INSEE",
    "SIREN",
    "Code",
    "Parsed",
    "as_category",
    "as_numbers",
    "as_text",
    "parse_bool",
    "parse_code",
    "parse_count",
    "parse_date",
    "parse_each",
    "parse_term",
    "words",
]

Value = TypeVar("Value")

INSEE: Final = contract("premises").column("insee").pattern or ""
SIREN: Final = contract("epci").column("siren").pattern or ""
_INSEE: Final = re.compile(INSEE)
_SIREN: Final = re.compile(SIREN)
_NUMBER: Final = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"
_NOT_FINITE: Final = r"(?i)^[-+]?(nan|inf|infinity)$"
_COUNT: Final = re.compile(r"(\d{1,9})(?:[.,]0+)?")
_ISO: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?")
_SLASHED: Final = re.compile(r"(\d{4})/(\d{2})/(\d{2})(?: .*)?")
_FRENCH: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: .*)?")
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_TRUE: Final = frozenset({"true", "t", "1", "vrai", "oui", "yes"})
_FALSE: Final = frozenset({"false", "f", "0", "faux", "non", "no"})


def as_text(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return a column as stripped text, empty cells as null.

    A number is written as it is: 35236.0 gives ``35236.0``.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # combining no chunk at all gives none
        array = pa.array([], array.type)
    kind = array.type
    if pa.types.is_dictionary(kind):
        return as_text(array.cast(kind.value_type))
    if pa.types.is_null(kind):
        return pa.nulls(len(array), pa.string())
    if pa.types.is_floating(kind):
        array = _written_once(array)
    elif pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        array = pc.strftime(array, format="%Y-%m-%d")
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        array = pa.array(
            [None if v is None else bytes(v).hex() for v in array.to_pylist()], pa.string()
        )
    elif pa.types.is_nested(kind):
        array = pa.array([None if v is None else str(v) for v in array.to_pylist()], pa.string())
    else:
        array = array.cast(pa.string())
    text = pc.utf8_trim_whitespace(array)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _written_once(array: pa.Array) -> pa.Array:
    encoded = array.dictionary_encode()
    words = pa.array(
        [None if v is None else repr(v) for v in encoded.dictionary.to_pylist()], pa.string()
    )
    return words.take(encoded.indices)


@dataclass(frozen=True)
class Parsed(Generic[Value]):
    """A column parsed: ``codes`` points into ``texts`` and ``results``; -1 is an empty cell.

    A result is None where its text can't be parsed.
    """

    codes: NDArray[np.int64]
    texts: tuple[str, ...]
    results: tuple[Value | None, ...]

    @property
    def empty(self) -> NDArray[np.bool_]:
        """Cells without text."""
        return self.codes < 0

    @property
    def unreadable(self) -> NDArray[np.bool_]:
        """Cells with a text that can't be parsed."""
        return self.where(lambda value: value is None)

    def where(self, holds: Callable[[Value | None], bool]) -> NDArray[np.bool_]:
        """Cells with a text whose value fits; an empty cell never does."""
        flags = np.array([*(holds(value) for value in self.results), False], dtype=bool)
        chosen: NDArray[np.bool_] = flags[self.codes]
        return chosen

    def shown(self, rows: NDArray[np.intp]) -> list[str]:
        """Return the texts of these rows."""
        return [self.texts[code] if code >= 0 else "" for code in self.codes[rows]]

    def take(self, rows: NDArray[np.intp], absent: Any = None, dtype: Any = object) -> Any:  # noqa: ANN401
        """Return the values of these rows as an array, ``absent`` where there is none."""
        filled = [absent if value is None else value for value in self.results]
        lookup = np.empty(len(filled) + 1, dtype=dtype)
        lookup[:] = [*filled, absent]
        return lookup[self.codes[rows]]


def parse_each(
    column: pa.ChunkedArray | pa.Array, parse: Callable[[str], Value | None]
) -> Parsed[Value]:
    """Parse each different text of a column once."""
    encoded = as_text(column).dictionary_encode()
    texts = tuple(encoded.dictionary.to_pylist())
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return Parsed(codes, texts, tuple(parse(text) for text in texts))


def as_numbers(column: pa.ChunkedArray | pa.Array) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return a column as numbers, NaN where empty, and which cells can't be read as a number.

    The decimal mark is a point, or a comma where a cell has no point.  A cell that says NaN or
    infinity is read as such.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.array([], array.type)
    if pa.types.is_floating(array.type) or pa.types.is_integer(array.type):
        values = array.cast(pa.float64(), safe=False).fill_null(np.nan)
        return values.to_numpy(zero_copy_only=False), np.zeros(len(array), dtype=bool)
    text = as_text(array)
    comma = pc.match_substring(text, ",")
    if pc.any(comma).as_py():
        comma = pc.and_(comma, pc.invert(pc.match_substring(text, ".")))
        text = pc.if_else(comma, pc.replace_substring(text, ",", ".", max_replacements=1), text)
    try:
        values, unreadable = text.cast(pa.float64()), np.zeros(len(text), dtype=bool)
    except pa.ArrowInvalid:
        plain = pc.or_(
            pc.match_substring_regex(text, _NUMBER), pc.match_substring_regex(text, _NOT_FINITE)
        )
        unreadable = pc.invert(plain).fill_null(False).to_numpy(zero_copy_only=False)
        unsigned = pc.utf8_ltrim(text, characters="+")
        values = pc.if_else(plain, unsigned, pa.scalar(None, pa.string())).cast(pa.float64())
    return values.fill_null(np.nan).to_numpy(zero_copy_only=False), unreadable


@dataclass(frozen=True)
class Code:
    """A code as received: ``text`` if it is one; else what it could be, and why it isn't."""

    text: str | None
    reason: str = ""
    repaired: str | None = None


def parse_code(text: str, *, siren: bool = False) -> Code:
    """Read an INSEE code (or a SIREN), naming the damage that spreadsheets do.

    Examples
    --------
    >>> parse_code("35236").text, parse_code("1143").repaired, parse_code("35236.0").repaired
    ('35236', '01143', '35236')
    """
    pattern, width = (_SIREN, 9) if siren else (_INSEE, 5)
    if not text.isascii():  # a digit of another script is a digit for a pattern
        return Code(None, "bad_code")
    if pattern.fullmatch(text):
        return Code(text)
    number = re.sub(r"[.,]0+$", "", text)
    padded = number.zfill(width) if len(number) == width - 1 and not siren else number
    if number.isdecimal() and pattern.fullmatch(padded):
        return Code(None, "code_as_number", padded)
    return Code(None, "bad_code")


def parse_count(text: str) -> int | None:
    """Read a whole number of plain digits, or None."""
    match = _COUNT.fullmatch(text)
    return int(match[1]) if match and text.isascii() else None


def parse_date(text: str) -> dt.date | None:
    """Read a day written AAAA-MM-JJ, AAAA/MM/JJ, AAAAMMJJ or JJ/MM/AAAA, or None.

    A time of day after it is left out.

    Examples
    --------
    >>> parse_date("31/12/2017"), parse_date("2017-12-31T00:00:00")
    (datetime.date(2017, 12, 31), datetime.date(2017, 12, 31))
    >>> parse_date("12/31/2017") is None
    True
    """
    if not text.isascii():
        return None
    french = _FRENCH.fullmatch(text)
    if french:
        day, month, year = (int(part) for part in french.groups())
    else:
        match = _ISO.fullmatch(text) or _SLASHED.fullmatch(text) or _COMPACT.fullmatch(text)
        if match is None:
            return None
        year, month, day = (int(part) for part in match.groups())
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def parse_bool(text: str) -> bool | None:
    """Read true/false, 1/0, vrai/faux or oui/non, or None."""
    folded = fold(text)
    return True if folded in _TRUE else False if folded in _FALSE else None


def parse_term(text: str, *, terms: type[Term]) -> str | None:
    """Read a code of a vocabulary, or one of its labels in either language."""
    folded = fold(text)
    for term in terms:
        if text == term.value or folded in {fold(term.value), fold(term.fr), fold(term.en)}:
            return str(term.value)
    return None


def words(values: Sequence[str | None]) -> pd.Series[str]:
    """Return a column of text in which what is absent stays absent."""
    column: pd.Series[str] = pa.array(values, pa.string()).to_pandas()
    return column


def as_category(parsed: Parsed[str] | None, rows: NDArray[np.intp]) -> pd.Categorical:
    """Return a category whose categories are the sorted values that occur."""
    if parsed is None:
        return pd.Categorical.from_codes(
            np.full(len(rows), -1), categories=pd.Index([], dtype="str")
        )
    words = sorted({value for value in parsed.results if value is not None})
    place = {word: code for code, word in enumerate(words)}
    lookup = np.array(
        [*(place.get(v, -1) if v else -1 for v in parsed.results), -1], dtype=np.int64
    )
    codes = lookup[parsed.codes[rows]]
    used = np.unique(codes[codes >= 0])
    narrow = np.full(len(words) + 1, -1, dtype=np.int64)
    narrow[used] = np.arange(len(used))
    categories = pd.Index([words[code] for code in used], dtype="str")
    return pd.Categorical.from_codes(narrow[codes], categories=categories)

"""What a table must be: a contract checks it, describes it and makes the empty one.

A :class:`Contract` is the only definition of a table.  The same object checks a frame
(:meth:`Contract.check`, which lists *every* offending cell at once), makes the empty frame, gives
the schema that fiona takes, the French aliases that QGIS shows and the documentation page.
Checking never repairs, reprojects, fills or coerces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike

from planner.crs import WORKING_CRS, WORKING_EPSG, is_working_crs
from planner.errors import ContractError
from planner.texts import Message, say
from planner.vocab import Term

__all__ = ["Column", "ColumnType", "Contract", "GeometryKind"]

ColumnType = Literal["str", "int", "float", "bool", "date"]
GeometryKind = Literal["Point", "LineString", "Polygon"]
"""``Polygon`` and ``LineString`` take their multi-part forms too."""
Vocabulary = type[Term]

_SHOWN_CELLS: Final = 20
_SHOWN_CHARACTERS: Final = 40
_EMPTY_DTYPE: Final[dict[str, str]] = {
    "str": "str",
    "int": "Int64",
    "float": "float64",
    "bool": "boolean",
    "date": "datetime64[s]",
}
_FIONA_TYPE: Final[dict[str, str]] = {
    "str": "str",
    "int": "int64",
    "float": "float",
    "bool": "bool",
    "date": "date",
}
_GEOMETRY_TYPE_IDS: Final[dict[str, tuple[int, ...]]] = {
    "Point": (0,),
    "LineString": (1, 5),
    "Polygon": (3, 6),
}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name
        The identifier, in English with institutional nouns whole.
    type
        ``str``, ``int``, ``float``, ``bool`` or ``date``.  A category of strings is a ``str``.
    title
        French and English titles, for aliases and headings.
    description
        French and English sentences that say what it holds.
    unit
        The unit, or the empty string where there is none.
    nullable
        Whether a value may be absent; absent never means zero.
    blank
        Whether the empty text is a value (nobody's, no unit): what a file writes as an empty cell.
    terms
        The vocabulary that holds the allowed codes.
    optional
        Whether a frame may lack the whole column, which then is absent in every row.
    minimum, maximum
        Closed bounds of numbers.
    pattern, example
        A regular expression that the whole text must match, and a text that does.
    """

    name: str
    type: ColumnType
    title: tuple[str, str]
    description: tuple[str, str]
    unit: str = ""
    nullable: bool = False
    blank: bool = False
    optional: bool = False
    terms: Vocabulary | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    example: str | None = None

    def titled(self, lang: str = "fr") -> str:
        """Return the title in ``lang``."""
        return self.title[lang == "en"]

    def described(self, lang: str = "fr") -> str:
        """Return the description in ``lang``."""
        return self.description[lang == "en"]


@dataclass(frozen=True)
class _Broken:
    """Rows of one column that break one rule."""

    column: str
    rows: np.ndarray[Any, np.dtype[np.intp]]
    rule: Message
    remedy: Message


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What a table must be.

    Parameters
    ----------
    name
        Name of the table, of its layer and of its file.
    title, description
        French and English.
    columns
        The columns; a frame may hold more, which are kept and not checked.
    key
        The columns that together identify a row.
    geometry
        Kind of geometry in a column named ``geometry``, or None for a plain table.
    """

    name: str
    title: tuple[str, str]
    description: tuple[str, str]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    geometry: GeometryKind | None = None

    def __post_init__(self) -> None:
        """Refuse a key that no column holds."""
        unknown = set(self.key) - {column.name for column in self.columns}
        if unknown:
            raise LookupError(f"contract {self.name}: key {sorted(unknown)} is no column")

    def titled(self, lang: str = "fr") -> str:
        """Return the title in ``lang``."""
        return self.title[lang == "en"]

    def described(self, lang: str = "fr") -> str:
        """Return the description in ``lang``."""
        return self.description[lang == "en"]

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns in order, without the geometry."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return the column ``name``."""
        for column in self.columns:
            if column.name == name:
                return column
        raise LookupError(f"contract {self.name} has no column {name}")

    def empty(self) -> pd.DataFrame:
        """Make a frame without rows that keeps the contract."""
        frame = pd.DataFrame({c.name: pd.Series(dtype=_EMPTY_DTYPE[c.type]) for c in self.columns})
        if self.geometry is None:
            return frame
        empty: pd.DataFrame = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([], crs=WORKING_CRS))
        return empty

    def select(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a copy with the contract's columns only, in its order, sorted by key."""
        names = list(self.column_names)
        if self.geometry is not None:
            names.append("geometry")
        lacking = {c.name: c.type for c in self.columns if c.optional and c.name not in frame}
        if lacking:
            absent = {
                name: pd.Series(None, index=frame.index, dtype=_EMPTY_DTYPE[kind])
                for name, kind in lacking.items()
            }
            frame = frame.assign(**absent)
        return frame[names].sort_values(list(self.key), kind="stable").reset_index(drop=True)

    def fiona_schema(self) -> dict[str, Any]:
        """Return the schema that fiona takes to write such a layer."""
        properties = {c.name: _FIONA_TYPE[c.type] for c in self.columns}
        return {"geometry": self.geometry or "None", "properties": properties}

    def aliases(self, lang: str = "fr") -> dict[str, str]:
        """Return column name to title."""
        return {column.name: column.titled(lang) for column in self.columns}

    def shown(self, frame: pd.DataFrame, lang: str = "fr") -> pd.DataFrame:
        """Return a frame as a person reads it: columns by their titles, codes in words.

        Cents are written as euros, beside the sign; what no column of this contract describes stays
        as it is.  It is for reading: it keeps no contract.

        Parameters
        ----------
        frame
            Some of this table's columns, in any order.
        lang
            ``fr`` or ``en``.

        Examples
        --------
        >>> from planner.schemas import contract
        >>> wishes = pd.DataFrame({"sector_id": ["35236-01"], "wish": ["required"]})
        >>> contract("ballots").shown(wishes).to_dict("list")
        {'Secteur': ['35236-01'], 'Vœu': ['Exigé']}
        """
        titles: dict[str, str] = {}
        shown = frame.copy()
        for column in self.columns:
            if column.name not in frame.columns:
                continue
            titles[column.name] = column.titled(lang)
            if column.terms is not None:
                words = {str(term.value): term.label(lang) for term in column.terms}
                codes = frame[column.name].astype("object")
                shown[column.name] = codes.map(lambda code, words=words: words.get(str(code), code))
            elif column.type == "bool":
                yes, no = say("contract.yes", lang), say("contract.no", lang)
                shown[column.name] = frame[column.name].map({True: yes, False: no})
            elif column.unit == "cent":
                titles[column.name] += " (€)"
                shown[column.name] = frame[column.name] / 100
        return shown.rename(columns=titles)

    def violations(self, frame: pd.DataFrame) -> pd.DataFrame:
        """List every offending cell.

        Parameters
        ----------
        frame
            Any frame.

        Returns
        -------
        DataFrame
            ``row`` (position, -1 for the whole column), ``key``, ``column``, ``value``, ``rule``
            and ``remedy`` (:class:`planner.texts.Message`); empty when the contract is kept.
        """
        keys = _row_names(frame, self.key)
        cells: list[tuple[int, str, str, str, Message, Message]] = []
        for broken in self._broken(frame):
            if broken.rows.size == 0:
                cells.append((-1, "", broken.column, "", broken.rule, broken.remedy))
                continue
            for row in broken.rows:
                value = "" if broken.column not in frame else _shown(frame[broken.column].iloc[row])
                cells.append(
                    (int(row), keys(row), broken.column, value, broken.rule, broken.remedy)
                )
        return pd.DataFrame(cells, columns=["row", "key", "column", "value", "rule", "remedy"])

    def check(self, frame: pd.DataFrame) -> None:
        """Raise one error with every offending cell, or return nothing.

        Raises
        ------
        ContractError
            Its ``violations`` attribute is the whole table of offending cells; its message shows
            the first twenty.
        """
        found = self.violations(frame)
        if found.empty:
            return
        error = ContractError(
            Message.of(
                "contract.broken", table=self.name, count=len(found), cells=_CellList(found)
            ),
            Message.of("contract.broken_remedy", table=self.name),
        )
        error.violations = found  # type: ignore[attr-defined]
        raise error

    def _broken(self, frame: pd.DataFrame) -> Iterator[_Broken]:
        for column in self.columns:
            if column.name not in frame.columns:
                if column.optional:
                    continue
                yield _whole(
                    column.name,
                    Message.of("contract.missing_column"),
                    Message.of(
                        "contract.missing_column_remedy", column=column.name, type=column.type
                    ),
                )
            else:
                yield from _broken_cells(column, frame[column.name])
        yield from self._broken_keys(frame)
        if self.geometry is not None:
            yield from _broken_geometry(self.geometry, frame)

    def _broken_keys(self, frame: pd.DataFrame) -> Iterator[_Broken]:
        if not set(self.key) <= set(frame.columns):
            return
        twice = frame.duplicated(list(self.key), keep=False).to_numpy()
        if twice.any():
            yield _Broken(
                self.key[0],
                np.flatnonzero(twice),
                Message.of("contract.duplicate_key", key=", ".join(self.key)),
                Message.of("contract.duplicate_key_remedy"),
            )


@dataclass(frozen=True)
class _CellList:
    """The first offending cells, put into words with the message that holds them."""

    cells: pd.DataFrame

    def say(self, lang: str = "fr", /) -> str:
        """Put the list into words."""
        lines = []
        for cell in self.cells.head(_SHOWN_CELLS).to_dict("records"):
            place = f"{cell['column']}" + (f" [{cell['key']}]" if cell["key"] else "")
            value = f" {cell['value']!r}" if cell["value"] else ""
            lines.append(
                f"  {place}{value} : {cell['rule'].say(lang)} → {cell['remedy'].say(lang)}"
            )
        left = len(self.cells) - _SHOWN_CELLS
        if left > 0:
            lines.append("  " + say("contract.more", lang, count=left))
        return "\n".join(lines)


def _whole(column: str, rule: Message, remedy: Message) -> _Broken:
    return _Broken(column, np.empty(0, dtype=np.intp), rule, remedy)


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def _row_names(frame: pd.DataFrame, key: Iterable[str]) -> Any:  # noqa: ANN401 (a closure)
    present = [name for name in key if name in frame.columns]

    def name(row: int) -> str:
        return "/".join(str(frame[column].iloc[row]) for column in present) or f"#{row}"

    return name


def _is_type(series: pd.Series, kind: ColumnType) -> bool:
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return kind == "str" and _is_type(dtype.categories.to_series(), "str")
    match kind:
        case "str":
            if pd.api.types.is_object_dtype(dtype):
                return pd.api.types.infer_dtype(series, skipna=True) in {"string", "empty"}
            return pd.api.types.is_string_dtype(dtype)
        case "int":
            return pd.api.types.is_integer_dtype(dtype)
        case "float":
            return pd.api.types.is_float_dtype(dtype) or pd.api.types.is_integer_dtype(dtype)
        case "bool":
            return pd.api.types.is_bool_dtype(dtype)
        case "date":
            return pd.api.types.is_datetime64_any_dtype(dtype)


def _broken_cells(column: Column, series: pd.Series) -> Iterator[_Broken]:
    null = series.isna()
    if not column.nullable:
        yield from _cells(column, null, "null", "null_remedy")
    if null.all():  # a column of absent values has no type of its own
        return
    if not _is_type(series, column.type):
        values = {"found": str(series.dtype), "type": column.type}
        yield _whole(
            column.name,
            Message.of("contract.wrong_type", **values),
            Message.of("contract.wrong_type_remedy", **values),
        )
        return
    if column.terms is not None:
        codes = column.terms.codes()
        wrong = ~(_isin(series, codes) | null)
        yield from _cells(
            column, wrong, "not_allowed", "not_allowed_remedy", allowed=", ".join(codes)
        )
    if column.pattern is not None:
        wrong = ~(_matches(series, column.pattern) | null)
        yield from _cells(column, wrong, "pattern", "pattern_remedy", example=column.example or "")
    if column.type in {"int", "float"}:
        yield from _broken_numbers(column, series)


def _broken_numbers(column: Column, series: pd.Series) -> Iterator[_Broken]:
    unit = f" ({column.unit})" if column.unit else ""
    if pd.api.types.is_float_dtype(series.dtype):
        infinite = np.isinf(series.to_numpy(dtype=np.float64, na_value=np.nan))
        yield from _cells(column, infinite, "not_finite", "range_remedy", unit=unit)
    if column.minimum is not None:
        low = (series < column.minimum).fillna(value=False)
        yield from _cells(column, low, "too_small", "range_remedy", limit=column.minimum, unit=unit)
    if column.maximum is not None:
        high = (series > column.maximum).fillna(value=False)
        yield from _cells(
            column, high, "too_large", "range_remedy", limit=column.maximum, unit=unit
        )


def _cells(
    column: Column, mask: ArrayLike, rule: str, remedy: str, **values: object
) -> Iterator[_Broken]:
    rows = np.flatnonzero(np.asarray(mask, dtype=bool))
    if rows.size:
        yield _Broken(
            column.name,
            rows,
            Message.of(f"contract.{rule}", **values),
            Message.of(f"contract.{remedy}", **values),
        )


def _isin(series: pd.Series, codes: tuple[str, ...]) -> pd.Series:
    if isinstance(series.dtype, pd.CategoricalDtype):  # two million rows, a handful of categories
        known = np.append(np.isin(series.cat.categories.to_numpy(dtype=object), codes), False)
        return pd.Series(known[series.cat.codes.to_numpy()], index=series.index)
    return series.isin(codes)


def _matches(series: pd.Series, pattern: str) -> pd.Series:
    if isinstance(series.dtype, pd.CategoricalDtype):
        fits = (
            series.cat.categories.to_series()
            .astype(str)
            .str.fullmatch(pattern)
            .to_numpy(dtype=bool)
        )
        return pd.Series(np.append(fits, False)[series.cat.codes.to_numpy()], index=series.index)
    return series.astype("str").str.fullmatch(pattern).fillna(value=False).astype(bool)


def _broken_geometry(kind: GeometryKind, frame: pd.DataFrame) -> Iterator[_Broken]:
    remedy = Message.of("contract.geometry_remedy")
    if not isinstance(frame, gpd.GeoDataFrame) or "geometry" not in frame.columns:
        yield _whole(
            "geometry",
            Message.of("contract.not_a_geotable"),
            Message.of("contract.not_a_geotable_remedy", kind=kind),
        )
        return
    values = {"epsg": WORKING_EPSG, "kind": kind}
    crs = frame.geometry.crs
    if crs is None:
        yield _whole(
            "geometry", Message.of("contract.no_crs"), Message.of("contract.crs_remedy", **values)
        )
    elif not is_working_crs(crs):
        yield _whole(
            "geometry",
            Message.of("contract.wrong_crs", found=crs.to_string()[:60], **values),
            Message.of("contract.crs_remedy", **values),
        )
    shapes = frame.geometry.to_numpy()
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if missing.any():
        yield _Broken(
            "geometry", np.flatnonzero(missing), Message.of("contract.geometry_empty"), remedy
        )
    type_ids = shapely.get_type_id(shapes)
    strange = ~missing & ~np.isin(type_ids, _GEOMETRY_TYPE_IDS[kind])
    for row in np.flatnonzero(strange):
        yield _Broken(
            "geometry",
            np.array([row]),
            Message.of("contract.geometry_kind", found=shapes[row].geom_type, kind=kind),
            Message.of("contract.geometry_kind_remedy", kind=kind),
        )
    for row in np.flatnonzero(~missing & ~strange & ~shapely.is_valid(shapes)):
        reason = shapely.is_valid_reason(shapes[row])
        yield _Broken(
            "geometry",
            np.array([row]),
            Message.of("contract.geometry_invalid", reason=reason),
            remedy,
        )

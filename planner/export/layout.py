"""What the writers of tables share: columns, order of rows, Arrow types, what is made up.

A table goes out with the columns of its contract, then those that the caller joined to it; its rows
are in the order of its key, whatever order they came in.  Personal tables never go out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from planner.contracts import Column, ColumnType
from planner.errors import PlannerError
from planner.provenance import Origin
from planner.schemas import CONTRACTS, PERSONAL, contract
from planner.texts import Message, say

__all__ = [
    "Edition",
    "PersonalDataError",
    "Progress",
    "Written",
    "columns_of",
    "in_contract_order",
    "made_up",
    "sorted_arrow",
    "title_with_unit",
    "unwatched",
]

_ARROW_TYPE: Final[dict[ColumnType, pa.DataType]] = {
    "str": pa.large_string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
}
# Where the meaning of a column that the caller joined is looked up, in this order.
_LENDERS: Final = (
    "programme", "schedule", "costs", "sectors", "zones", "state_changes", "coverage",
)  # fmt: skip
# Places lend from what is counted of them: "premises_count" is theirs, not a sector's.
_LENDERS_OF: Final[Mapping[str, tuple[str, ...]]] = dict.fromkeys(
    ("region", "departements", "epci", "communes", "zones"), ("coverage", "sectors", "balances")
)
_UNITS_SHOWN: Final = ("cent", "m")
_SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "programme": ("sectors", "sector_shares", "zones", "envelopes", "ballots", "deliberations"),
    "coverage": ("premises", "sectors", "zones", "state_changes", "stage_changes", "ballots"),
    "contributions": ("sectors", "sector_shares", "zones", "envelopes", "ballots"),
    "balances": ("sectors", "sector_shares", "zones", "envelopes", "ballots", "deliberations"),
    "costs": ("premises", "sectors", "prices"),
    "schedule": ("premises", "sectors", "prices", "zones", "envelopes", "ballots"),
    "reconciliation": ("premises", "sectors", "zones", "state_changes"),
    "sector_shares": ("premises", "sectors"),
    **dict.fromkeys(
        (
            "baseline",
            "progress_actual",
            "slippage",
            "progress_curve",
            "completion_forecast",
            "count_forecast",
            "forecast_trial",
            "openings",
            "take_up",
            "take_up_forecast",
            "completeness",
            "revised_schedule",
            "sector_follow_up",
            "epci_follow_up",
        ),
        (
            "premises",
            "sectors",
            "baseline",
            "progress_counts",
            "state_changes",
            "stage_changes",
            "sales",
        ),
    ),
}
"""Layers that a computed table is made from: it is made up as soon as one of them is."""
_ANY_SOURCE: Final = ("premises", "sectors", "zones", "envelopes", "ballots")
_SPEAKS_OF_SECTORS: Final = frozenset({"sector_id", "epci_siren", "pm_id", "nro_id", "code"})
_PERSONAL_COLUMNS: Final = frozenset(
    column
    for name in PERSONAL
    for column in set(CONTRACTS[name].column_names) - set(CONTRACTS[name].key)
) - {"request_id"}


class PersonalDataError(PlannerError, ValueError):
    """Something personal was about to leave its store."""


Progress = Callable[[int, int, str], None]
"""Told how many rows are written, how many there are, and the title of the table."""


def unwatched(done: int, total: int, label: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, kw_only=True)
class Edition:
    """What every output says of itself.

    Parameters
    ----------
    title
        Title of the scenario.
    scenario
        Short name of the scenario.
    territory
        Full name of the territory.
    on
        Reference date: the day that the figures describe.  It also stands for the day of writing,
        so that two exports of one plan have the same bytes.
    """

    title: str
    scenario: str
    territory: str
    on: dt.date


@dataclass(frozen=True, kw_only=True)
class Written:
    """One output: its path relative to the folder of outputs, and the rows of each of its tables.

    Parameters
    ----------
    path
        Name of the file, with ``/`` between folders.
    rows
        Table name to number of rows.
    """

    path: str
    rows: Mapping[str, int] = field(default_factory=dict)


def columns_of(name: str, frame: pd.DataFrame) -> tuple[Column, ...]:
    """Return the columns that go out: the contract's, then those that the caller joined.

    Parameters
    ----------
    name
        Name of the table.
    frame
        The table; its geometry is not counted among the columns.

    Raises
    ------
    ContractError
        When a column of the contract is missing, or the CRS is not EPSG:2154.
    LookupError
        When there is no such table.
    PersonalDataError
        When the table is a personal one, or a column of one was joined to it.
    """
    table = contract(name)
    table.check(frame.iloc[:0])  # columns and CRS only: the cells were checked when it was made
    known = {*table.column_names, "geometry"}
    joined = [str(column) for column in frame.columns if column not in known]
    _refuse_personal(name, joined)
    own = (column for column in table.columns if column.name in frame or not column.optional)
    return (*own, *(_joined(column, frame[column], name) for column in joined))


def _refuse_personal(name: str, joined: Iterable[str]) -> None:
    """Refuse personal tables, and columns of theirs joined to another: they stay in their store."""
    found = [name] if name in PERSONAL else sorted(_PERSONAL_COLUMNS.intersection(joined))
    if found:
        raise PersonalDataError(
            Message.of("export.personal", table=name, names=", ".join(found)),
            Message.of("export.personal_remedy"),
        )


def _joined(name: str, series: pd.Series[Any], table: str) -> Column:
    for lender in _LENDERS_OF.get(table, _LENDERS):
        if name in CONTRACTS[lender].column_names:
            return CONTRACTS[lender].column(name)
    return Column(name=name, type=_kind(series.dtype), title=(name, name), description=("", ""))


def _kind(dtype: Any) -> ColumnType:  # noqa: ANN401 (numpy's or an extension's)
    if pd.api.types.is_bool_dtype(dtype):
        return "bool"
    if pd.api.types.is_integer_dtype(dtype):
        return "int"
    if pd.api.types.is_float_dtype(dtype):
        return "float"
    return "date" if pd.api.types.is_datetime64_any_dtype(dtype) else "str"


def title_with_unit(column: Column, lang: str) -> str:
    """Return the title of a column, with its unit where a reader could take one for another."""
    if column.unit not in _UNITS_SHOWN:
        return column.titled(lang)
    return f"{column.titled(lang)} ({say(f'export.unit_{column.unit}', lang)})"


def sorted_arrow(name: str, frame: pd.DataFrame) -> tuple[pa.Table, pa.Array | None]:
    """Return a table as Arrow in the order of its key, without its geometry.

    Parameters
    ----------
    name
        Name of the table.
    frame
        The table, rows in any order; it is left as it is.

    Returns
    -------
    tuple
        The Arrow table (dates as days, categories as text), and the positions of its rows in
        ``frame``, or None when they were in order already.

    Raises
    ------
    ContractError
        When a column of the contract is missing, or the CRS is not EPSG:2154.
    """
    columns = columns_of(name, frame)
    arrays = [_arrow(column, frame[column.name]) for column in columns]
    table = pa.table(arrays, names=[column.name for column in columns])
    keys = contract(name).key
    if _is_in_order(table, keys):
        return table, None
    order = pc.sort_indices(table, sort_keys=[(key, "ascending") for key in keys])
    return table.take(order), order


def _arrow(column: Column, series: pd.Series[Any]) -> pa.Array:
    array = pa.array(series, from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    wanted = _ARROW_TYPE[column.type]
    return array if array.type.equals(wanted) else array.cast(wanted)


def _is_in_order(table: pa.Table, keys: Iterable[str]) -> bool:
    """Tell whether rows are in the order of ``keys``: sorting two million of them takes seconds."""
    if table.num_rows < 2:  # noqa: PLR2004 (one row is in order)
        return True
    tied = pa.scalar(value=True)
    for key in keys:
        column = table[key]
        if column.null_count:
            return False
        before, after = column.slice(0, table.num_rows - 1), column.slice(1)
        if pc.any(pc.and_(tied, pc.greater(before, after))).as_py():
            return False
        tied = pc.and_(tied, pc.equal(before, after))
    return True


def made_up(
    tables: Mapping[str, pd.DataFrame], origins: Iterable[Origin]
) -> Mapping[str, Message | None]:
    """Tell of each table whether it is made up, and how much of it.

    A computed table is made up as soon as a layer that it is computed from is.

    Returns
    -------
    Mapping
        Table name to a few words that say so, or None for what describes reality.
    """
    origins = tuple(origins)
    layers = frozenset(origin.layer for origin in origins if origin.synthetic)
    every = Message.of("export.synthetic")
    some = Message.of("export.partly_synthetic")
    read = frozenset(origin.layer for origin in origins)
    marks: dict[str, Message | None] = {}
    for name, frame in tables.items():
        flags = frame["synthetic"] if "synthetic" in frame.columns else pd.Series(dtype=bool)
        if name in layers or (len(flags) and flags.all()):
            marks[name] = every
        elif flags.any():
            marks[name] = some
        elif layers.intersection(_SOURCES.get(name, _ANY_SOURCE if _is_made(name, read) else ())):
            marks[name] = Message.of("export.from_synthetic")
        elif "coverage_rate" in frame.columns and layers.intersection(_SOURCES["coverage"]):
            marks[name] = Message.of("export.figures_from_synthetic")
        else:
            marks[name] = None
    return marks


def _is_made(name: str, read: frozenset[str]) -> bool:
    """Tell whether a table that no one has listed above was computed from sectors."""
    own = CONTRACTS[name].column_names
    return (
        name not in read and "synthetic" not in own and bool(_SPEAKS_OF_SECTORS.intersection(own))
    )


def in_contract_order(tables: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the tables in the order of the contracts, whatever order they came in.

    Raises
    ------
    LookupError
        When a table has no contract.
    """
    for name in tables:
        contract(name)
    for name in CONTRACTS:
        if name in tables:
            yield name, tables[name]

"""Edits that come back in a package: by stable id, three sides compared, nothing overwritten.

A package carries its base: a checksum of each row as it left.  A row that comes back is compared
with its base and with the planner's own row of today, which may have changed meanwhile:

================  ==================  ======================================
package           planner             outcome
================  ==================  ======================================
as its base       anything            the planner's row stays
changed           as the base         the package's row is taken
changed           changed alike       taken already
changed           changed otherwise   a conflict: the planner's row stays
================  ==================  ======================================

A row that is added or removed is a change like any other.  Only some columns are taken back
(:data:`EDITABLE`); the others are computed, and an edit of one is told, not taken.  The outline of
a zone is computed too: it is that of its sectors, which name it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.contracts import Column, Contract
from planner.crs import WORKING_CRS
from planner.schemas import contract
from planner.territory import Territory
from planner.vocab import EditKind
from planner.zoning import join_zones, use_sectors

__all__ = [
    "EDITABLE",
    "Edits",
    "apply_edits",
    "base_rows",
    "compare_edits",
    "computed_columns",
    "hash_rows",
]


def _beside_key(name: str) -> tuple[str, ...]:
    table = contract(name)
    return tuple(column for column in table.column_names if column not in table.key)


EDITABLE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "sectors": (
            "nom", "insee", "departement", "epci_siren", "area_kind", "zone_id", "synthetic",
        ),
        "zones": ("nom", "kind", "phase", "tranche", "ville_moyenne_insee", "synthetic"),
        "envelopes": _beside_key("envelopes"),
        "ballots": _beside_key("ballots"),
        "deliberations": _beside_key("deliberations"),
        "programme": ("phase", "tranche", "decision", "epci_siren", "rank"),
    }
)  # fmt: skip
"""Layers that are taken back, and their columns beside key and geometry."""

_SHAPE: Final = "geometry"
_DRAWN: Final = frozenset({"sectors"})  # layers whose geometry is taken back


@dataclass(frozen=True, kw_only=True, eq=False)
class Edits:
    """What a package brings back.

    Parameters
    ----------
    table
        The contracted table ``edits``: every row that isn't as it left, and what became of it.
    merged
        Layer name to its table with the edits taken, for the layers that have some: the planner's
        rows, in which those of the package took their places.
    conflicts
        Layer name to the package's own rows that are in conflict.
    broken
        Layer name to the cells of the package that break its contract
        (:meth:`planner.contracts.Contract.violations`): nothing is taken while there are any.
    """

    table: pd.DataFrame
    merged: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    conflicts: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    broken: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def count(self, kind: EditKind) -> int:
        """Return the number of rows of a kind."""
        return int((self.table["kind"] == kind.value).sum())

    @property
    def is_refused(self) -> bool:
        """Whether some cell breaks a contract."""
        return bool(self.broken)

    @property
    def is_unchanged(self) -> bool:
        """Whether the package came back as it left."""
        return self.table.empty and not self.broken


def row_keys(name: str, frame: pd.DataFrame) -> list[str]:
    """Return the key of each row as one JSON text, whatever its parts hold."""
    parts = [_cells(contract(name).column(key), frame[key]) for key in contract(name).key]
    return [json.dumps(key, ensure_ascii=False) for key in zip(*parts, strict=True)]


def hash_rows(name: str, frame: pd.DataFrame) -> dict[str, str]:
    """Return the key of each row and the checksum of what is taken back of it.

    The order of rows, the start and the direction of rings, and single or multi parts say nothing.

    Parameters
    ----------
    name
        A layer of :data:`EDITABLE`.
    frame
        Its table, as it leaves or as it comes back; a column that it lacks is absent everywhere.
    """
    table = contract(name)
    cells = [_column_cells(table.column(column), frame) for column in EDITABLE[name]]
    if name in _DRAWN:
        cells.append(_shape_cells(frame))
    return _checksums(row_keys(name, frame), cells)


def computed_columns(name: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a layer that are not taken back."""
    taken = {*contract(name).key, *EDITABLE[name], _SHAPE}
    return tuple(sorted(column for column in columns if column not in taken))


def hash_computed(name: str, frame: pd.DataFrame, columns: Sequence[str]) -> dict[str, str]:
    """Return the key of each row and the checksum of its computed columns."""
    cells: list[list[Any]] = [_loose_cells(frame, column) for column in columns]
    if contract(name).geometry is not None and name not in _DRAWN:
        cells.append(_shape_cells(frame))
    return _checksums(row_keys(name, frame), cells)


def base_rows(name: str, frame: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    """Return layer, key and the two checksums of each row that leaves, in the order of the keys."""
    taken = hash_rows(name, frame)
    left = hash_computed(name, frame, computed_columns(name, list(frame.columns)))
    return [(name, key, taken[key], left[key]) for key in sorted(taken)]


def apply_edits(territory: Territory, edits: Edits) -> Territory:
    """Return the territory with the edits taken, its premises and zones made anew of their sectors.

    The programme is left out: it is computed from the others.  A zone that a sector names and that
    the table of zones doesn't know is not made up: the sector keeps its orphan reference, which
    :func:`planner.quality.check_quality` finds.
    """
    tables: dict[str, Any] = {
        name: frame
        for name, frame in edits.merged.items()
        if name not in {"sectors", "zones", "programme"}
    }
    if "sectors" in edits.merged:
        cut = use_sectors(edits.merged["sectors"], territory.premises, territory.communes)
        tables |= {
            "sectors": cut.sectors,
            "sector_shares": cut.sector_shares,
            "premises": territory.premises.assign(sector_id=cut.sector_of_premise),
        }
    if {"sectors", "zones"} & set(edits.merged):
        known = edits.merged.get("zones", territory.zones)
        zoning = join_zones(tables.get("sectors", territory.sectors), zones=pd.DataFrame(known))
        is_known = zoning.zones["zone_id"].isin(known["zone_id"])
        zones = zoning.zones.loc[is_known].reset_index(drop=True)
        tables |= {"sectors": zoning.sectors, "zones": zones}
    return territory.with_tables(**tables)


def _checksums(keys: list[str], cells: list[list[Any]]) -> dict[str, str]:
    rows = zip(*cells, strict=True) if cells else ([()] * len(keys))
    return {
        key: hashlib.sha256(
            json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()
        ).hexdigest()
        for key, row in zip(keys, rows, strict=True)
    }


def _column_cells(column: Column, frame: pd.DataFrame) -> list[Any]:
    if column.name not in frame.columns:
        return [None] * len(frame)
    return _cells(column, frame[column.name])


def _cells(column: Column, series: pd.Series[Any]) -> list[Any]:
    """Return plain values that a file doesn't change: text, whole number, yes or no, day."""
    return [_plain(value, column.type) for value in series.astype(object)]


def _plain(value: Any, kind: str) -> Any:  # noqa: ANN401 (a cell)
    if pd.isna(value):
        return None
    try:
        match kind:
            case "int":
                return int(value)
            case "float":
                return repr(float(value))
            case "bool":
                return bool(value)
            case "date":
                return pd.Timestamp(value).strftime("%Y-%m-%d")
            case _:
                return str(value)
    except (TypeError, ValueError):  # what an editor wrote is of another kind: a change like any
        return str(value)


def _loose_cells(frame: pd.DataFrame, column: str) -> list[Any]:
    """Return values of a column without a contract: a number is the same whole or not."""
    if column not in frame.columns:
        return [None] * len(frame)
    series = frame[column]
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return [_plain(value, "date") for value in series]
    if pd.api.types.is_bool_dtype(series.dtype):
        return [_plain(value, "bool") for value in series.astype(object)]
    if pd.api.types.is_numeric_dtype(series.dtype):
        return [_plain(value, "float") for value in series.astype(object)]
    return [_plain(value, "str") for value in series.astype(object)]


def _shape_cells(frame: pd.DataFrame) -> list[str | None]:
    if not isinstance(frame, gpd.GeoDataFrame):
        return [None] * len(frame)
    shapes = _canonical(frame.geometry.to_numpy())
    return [None if shape is None else shapely.to_wkb(shape, hex=True) for shape in shapes]


def _canonical(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    whole = shapely.force_2d(shapes).copy()
    for single, gather in (
        (shapely.GeometryType.POLYGON, shapely.multipolygons),
        (shapely.GeometryType.LINESTRING, shapely.multilinestrings),
    ):
        alone = np.flatnonzero(shapely.get_type_id(whole) == single)
        if alone.size:
            whole[alone] = gather(whole[alone], indices=np.arange(alone.size))
    normal: NDArray[np.object_] = shapely.normalize(whole)
    return normal


def compare_edits(
    package: Mapping[str, pd.DataFrame],
    base: pd.DataFrame,
    ours: Mapping[str, pd.DataFrame],
    *,
    computed: Mapping[str, Sequence[str]],
) -> Edits:
    """Compare what comes back with what left and with what the planner holds today.

    Parameters
    ----------
    package
        Layer name to its table as it comes back.
    base
        ``layer``, ``row_key``, ``sha256`` and ``computed_sha256`` of each row as it left.
    ours
        Layer name to the planner's table of today; a layer that is missing is empty.
    computed
        Layer name to the columns of it that were computed when it left.

    Returns
    -------
    Edits
    """
    layers = [name for name in EDITABLE if name in package]
    broken = {name: _violations(name, package[name]) for name in layers}
    broken = {name: cells for name, cells in broken.items() if len(cells)}
    rows: list[pd.DataFrame] = []
    merged: dict[str, pd.DataFrame] = {}
    conflicts: dict[str, pd.DataFrame] = {}
    for name in layers:
        if name in broken:
            continue
        known = base.loc[base["layer"] == name]
        own = ours.get(name, contract(name).empty())
        layer = _Layer.of(name, package[name], own, known, computed.get(name, ()))
        rows.append(layer.table())
        if layer.has_taken:
            merged[name] = layer.merged()
        if layer.conflicts:
            conflicts[name] = layer.theirs_of(layer.conflicts)
    wanted = contract("edits")
    found = [part for part in rows if len(part)]
    table = wanted.select(pd.concat(found, ignore_index=True)) if found else wanted.empty()
    return Edits(
        table=table,
        merged={} if broken else merged,
        conflicts=conflicts,
        broken=broken,
    )


def _taken_contract(name: str) -> Contract:
    table = contract(name)
    kept = {*table.key, *EDITABLE[name]}
    return replace(
        table, columns=tuple(c for c in table.columns if c.name in kept),
        geometry=table.geometry if name in _DRAWN else None,
    )  # fmt: skip


def _violations(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    return _taken_contract(name).violations(frame)


def _completed(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Add the columns that a frame may lack, absent in every row."""
    empty = contract(name).empty()
    lacking = {
        column.name: pd.Series(None, index=frame.index, dtype=empty[column.name].dtype)
        for column in contract(name).columns
        if column.optional and column.name not in frame.columns
    }
    return frame.assign(**lacking) if lacking else frame


@dataclass(kw_only=True)
class _Layer:
    """The three sides of one layer, and what becomes of each row."""

    name: str
    theirs: pd.DataFrame
    ours: pd.DataFrame
    theirs_at: Mapping[str, int]
    ours_at: Mapping[str, int]
    outcome: Mapping[str, EditKind]
    computed: tuple[str, ...]

    @classmethod
    def of(
        cls,
        name: str,
        theirs: pd.DataFrame,
        ours: pd.DataFrame,
        base: pd.DataFrame,
        computed: Sequence[str],
    ) -> _Layer:
        """Compare row by row."""
        theirs, ours = _completed(name, theirs), _completed(name, ours)
        their, our = hash_rows(name, theirs), hash_rows(name, ours)
        was = dict(zip(base["row_key"], base["sha256"], strict=True))
        outcome = {}
        for key in sorted({*their, *was}):
            kind = _outcome(was.get(key), their.get(key), our.get(key))
            if kind is not None:
                outcome[key] = kind
        left = dict(zip(base["row_key"], base["computed_sha256"], strict=True))
        back = hash_computed(name, theirs, computed)
        retouched = tuple(key for key in sorted(left) if key in back and back[key] != left[key])
        return cls(
            name=name, theirs=theirs, ours=ours, outcome=outcome, computed=retouched,
            theirs_at={key: row for row, key in enumerate(row_keys(name, theirs))},
            ours_at={key: row for row, key in enumerate(row_keys(name, ours))},
        )  # fmt: skip

    @property
    def has_taken(self) -> bool:
        taken = {EditKind.ADDED, EditKind.CHANGED, EditKind.REMOVED}
        return any(kind in taken for kind in self.outcome.values())

    @property
    def conflicts(self) -> list[str]:
        return [key for key, kind in self.outcome.items() if kind is EditKind.CONFLICT]

    def theirs_of(self, keys: Sequence[str]) -> pd.DataFrame:
        """Return the package's rows of some keys, those that it still has."""
        rows = [self.theirs_at[key] for key in keys if key in self.theirs_at]
        return self.theirs.iloc[rows].reset_index(drop=True)

    def table(self) -> pd.DataFrame:
        told = [(key, kind, self._columns(key)) for key, kind in self.outcome.items()]
        told += [(key, EditKind.COMPUTED, "") for key in self.computed]
        at = self._places([key for key, _, _ in told])
        return pd.DataFrame(
            {
                "layer": self.name,
                "row_key": ["/".join(map(str, json.loads(key))) for key, _, _ in told],
                "kind": [kind.value for _, kind, _ in told],
                "columns": [columns for _, _, columns in told],
                "x_m": at[:, 0],
                "y_m": at[:, 1],
            }
        )

    def _columns(self, key: str) -> str:
        """Name the columns in which the package's row differs from the planner's."""
        if key not in self.theirs_at or key not in self.ours_at:
            return ""
        their, our = (
            side.iloc[[at[key]]]
            for side, at in ((self.theirs, self.theirs_at), (self.ours, self.ours_at))
        )
        table = contract(self.name)
        differing = [
            name
            for name in EDITABLE[self.name]
            if _column_cells(table.column(name), their) != _column_cells(table.column(name), our)
        ]
        if self.name in _DRAWN and _shape_cells(their) != _shape_cells(our):
            differing.append(_SHAPE)
        return ", ".join(differing)

    def _places(self, keys: Sequence[str]) -> NDArray[np.float64]:
        at = np.full((len(keys), 2), np.nan)
        for number, key in enumerate(keys):
            for side, rows in ((self.theirs, self.theirs_at), (self.ours, self.ours_at)):
                if key in rows and isinstance(side, gpd.GeoDataFrame):
                    shape = side.geometry.iloc[rows[key]]
                    if shape is not None and not shape.is_empty:
                        point = shape.representative_point()
                        at[number] = point.x, point.y
                        break
        return at

    def merged(self) -> pd.DataFrame:
        """Return the planner's table in which the package's rows took their places."""
        table = contract(self.name)
        gone = {key for key, kind in self.outcome.items() if kind is EditKind.REMOVED}
        changed = [key for key, kind in self.outcome.items() if kind is EditKind.CHANGED]
        added = [key for key, kind in self.outcome.items() if kind is EditKind.ADDED]
        taken = [*table.key, *EDITABLE[self.name]]
        if self.name in _DRAWN:
            taken.append(_SHAPE)
        kept = [row for key, row in self.ours_at.items() if key not in {*gone, *changed}]
        old = self.ours.iloc[[self.ours_at[key] for key in changed]].drop(columns=taken)
        new = self.theirs.iloc[[self.theirs_at[key] for key in changed]][taken]
        parts = [
            self.ours.iloc[kept],
            pd.concat([new.reset_index(drop=True), old.reset_index(drop=True)], axis=1),
            self.theirs_of(added).reindex(columns=[*self.ours.columns]),
        ]
        whole = pd.concat([pd.DataFrame(part) for part in parts if len(part)], ignore_index=True)
        if whole.empty:
            return table.empty()
        whole = whole[list(self.ours.columns)]
        if table.geometry is not None:
            whole = gpd.GeoDataFrame(whole, geometry=_SHAPE, crs=WORKING_CRS)
        return whole.sort_values(list(table.key), kind="stable").reset_index(drop=True)


def _outcome(base: str | None, theirs: str | None, ours: str | None) -> EditKind | None:
    """Tell what becomes of a row, from its three checksums; None is *not there*."""
    if theirs == base:
        return None
    if theirs == ours:
        return EditKind.ALREADY
    if ours != base:
        return EditKind.CONFLICT
    if base is None:
        return EditKind.ADDED
    return EditKind.REMOVED if theirs is None else EditKind.CHANGED

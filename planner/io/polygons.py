"""Sectors and zones that users bring: polygons, checked one by one, never mended in silence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.crs import WORKING_CRS
from planner.findings import Finding, Findings
from planner.io.files import file_failure, hash_file
from planner.io.intake import PolygonIntake, RowSieve
from planner.io.layers import (
    RawLayer,
    Source,
    undefined_allowed,
)
from planner.io.opening import open_source
from planner.io.profiles import Profile, map_columns
from planner.io.shapes import place_shapes, too_deep
from planner.io.values import as_text, parse_code, parse_count, parse_each, parse_term, words
from planner.provenance import Origin
from planner.vocab import AreaKind, Phase, Severity, Term, ZoneKind

__all__ = ["read_sectors", "read_zones"]

_POLYGONS: Final = (3, 6)


@dataclass(frozen=True, kw_only=True)
class _Layer:
    """What a layer of polygons may hold beside its key."""

    table: str
    key: str
    texts: tuple[str, ...] = ()
    insee: tuple[str, ...] = ()
    siren: tuple[str, ...] = ()
    terms: tuple[tuple[str, type[Term]], ...] = ()
    counts: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        named = tuple(name for name, _ in self.terms)
        return (self.key, *self.texts, *self.insee, *self.siren, *named, *self.counts)


_SECTORS: Final = _Layer(
    table="sectors", key="sector_id", texts=("nom", "zone_id", "departement"), insee=("insee",),
    siren=("epci_siren",), terms=(("area_kind", AreaKind),),
)  # fmt: skip
_ZONES: Final = _Layer(
    table="zones", key="zone_id", texts=("nom",), insee=("ville_moyenne_insee",),
    terms=(("kind", ZoneKind), ("phase", Phase)), counts=("tranche",),
)  # fmt: skip


def read_sectors(
    path: str | Path,
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    crs: str | None = None,
    encoding: str | None = None,
    repair: bool = False,
    repair_codes: bool = False,
    origin: Origin | None = None,
) -> PolygonIntake:
    """Read the sectors that a user brings.

    Parameters
    ----------
    path, layer, crs, encoding, repair_codes, origin
        As in :func:`planner.io.read_premises`.
    columns
        Ours to the file's.  ``sector_id`` is due; ``nom``, ``zone_id``, ``departement``, ``insee``,
        ``epci_siren`` and ``area_kind`` are null where the file lacks them.
    repair
        Make invalid geometries valid (``lineage`` says which, and a finding) instead of setting
        them aside.

    Returns
    -------
    PolygonIntake
        Polygons in EPSG:2154, without Z or M, sorted by ``sector_id``.  Set aside: no geometry,
        another kind than polygon, invalid ones with what is wrong and where (Lambert-93).

    Raises
    ------
    DataFileError
        Missing, empty or broken file, no CRS, no polygon at all, or all outside of the CRS.
    ContractError
        Missing columns.
    """
    asked = _Asked(columns=columns, crs=crs, repair=repair, repair_codes=repair_codes)
    return _read(_SECTORS, path, open_source(path, layer=layer, encoding=encoding), asked, origin)


def read_zones(
    path: str | Path,
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    crs: str | None = None,
    encoding: str | None = None,
    repair: bool = False,
    repair_codes: bool = False,
    origin: Origin | None = None,
) -> PolygonIntake:
    """Read the deployment zones that a user brings.

    As :func:`read_sectors`, with ``zone_id`` due, and ``nom``, ``kind``, ``phase``, ``tranche`` and
    ``ville_moyenne_insee`` null where the file lacks them.
    """
    asked = _Asked(columns=columns, crs=crs, repair=repair, repair_codes=repair_codes)
    return _read(_ZONES, path, open_source(path, layer=layer, encoding=encoding), asked, origin)


def _read(
    what: _Layer, path: str | Path, source: Source, asked: _Asked, origin: Origin | None
) -> PolygonIntake:
    if not source.has_geometry:
        raise file_failure("wrong_geometry", file=source.file, found="—", kind="Polygon")
    profile = Profile(
        name="generic", signature=frozenset(), columns={name: name for name in what.columns}
    )
    mapped = map_columns(
        source.columns, file=source.file, table=what.table, profiles=(profile,),
        required=(what.key,), columns=asked.columns,
    )  # fmt: skip
    raw = source.read(mapped.names())
    if len(raw.rows) + len(raw.broken) == 0:
        raise file_failure("no_rows", file=source.file)
    reading = _Reading(
        what=what, source=source, raw=raw, columns=mapped.columns, asked=asked,
        sieve=RowSieve(source.file, what.table, raw.rows, raw.broken),
        notes=[replace(finding, table=what.table) for finding in raw.findings],
    )  # fmt: skip
    values = reading.attributes()
    with undefined_allowed():
        shapes, changed = reading.polygons()
    reading.sift_duplicates(values, shapes)
    table = _table(reading, values, shapes, changed)
    about = origin or Origin(layer=what.table, title=source.file, source=source.file, licence="")
    return PolygonIntake(
        table=table,
        rejected_rows=reading.sieve.rejected_rows(),
        findings=Findings.collect(reading.notes, reading.sieve.findings()),
        origin=replace(about, layer=what.table, rows=len(table), sha256=hash_file(path)),
        rows_in=reading.sieve.rows_in,
    )


def _table(
    reading: _Reading,
    values: Mapping[str, Sequence[Any]],
    shapes: NDArray[np.object_],
    changed: NDArray[np.bool_],
) -> gpd.GeoDataFrame:
    """Return the rows kept, sorted by key; ``lineage`` only where repairs were asked for."""
    what, kept = reading.what, np.flatnonzero(reading.sieve.kept).tolist()
    columns: dict[str, Any] = {}
    for name in what.columns:
        taken = [values[name][row] for row in kept]
        columns[name] = pd.array(taken, dtype="Int64") if name in what.counts else words(taken)
    if reading.asked.repair:
        columns["lineage"] = words(["changed" if changed[row] else "original" for row in kept])
    table = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes[kept], crs=WORKING_CRS))
    return table.sort_values(what.key, kind="stable").reset_index(drop=True)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What the caller asked for."""

    columns: Mapping[str, str] | None
    crs: str | None
    repair: bool
    repair_codes: bool


@dataclass(kw_only=True)
class _Reading:
    """What one call reads and notes."""

    what: _Layer
    source: Source
    raw: RawLayer
    columns: Mapping[str, str]
    asked: _Asked
    sieve: RowSieve
    notes: list[Finding]

    def note(self, rule: str, severity: Severity, *, count: int, **values: object) -> None:
        if count:
            self.notes.append(
                Finding.of(
                    rule, severity=severity, table=self.what.table, place=self.source.file,
                    count=count, **values,
                )
            )  # fmt: skip

    def parsed(self, ours: str, parse: Callable[[str], Any | None], reason: str) -> list[Any]:
        """Return a column parsed; a text that can't be parsed sets its row aside."""
        if ours not in self.columns:
            return [None] * len(self.raw.rows)
        column = parse_each(self.raw.table[self.columns[ours]], parse)
        self.sieve.set_aside(
            column.unreadable, reason, column=self.columns[ours], values=column.shown
        )
        values: list[Any] = column.take(np.arange(len(self.raw.rows))).tolist()
        return values

    def codes(self, ours: str, *, siren: bool) -> list[str | None]:
        """Return a column of codes; one that went through a spreadsheet sets its row aside."""
        if ours not in self.columns:
            return [None] * len(self.raw.rows)
        column = parse_each(self.raw.table[self.columns[ours]], partial(parse_code, siren=siren))
        numeric = column.where(lambda code: code is not None and code.reason == "code_as_number")
        bad = column.where(lambda code: code is not None and code.reason == "bad_code")
        for reason, wrong in (("code_as_number", numeric), ("bad_code", bad)):
            if reason == "bad_code" or not self.asked.repair_codes:
                self.sieve.set_aside(wrong, reason, column=self.columns[ours], values=column.shown)
        if self.asked.repair_codes:
            repaired = int((numeric & self.sieve.kept).sum())
            self.note("io.codes_repaired", Severity.WARNING, count=repaired)
        found = column.take(np.arange(len(self.raw.rows))).tolist()
        return [None if code is None else code.text or code.repaired for code in found]

    def attributes(self) -> dict[str, Sequence[Any]]:
        what = self.what
        key = as_text(self.raw.table[self.columns[what.key]]).to_pylist()
        self.sieve.set_aside(
            np.array([text is None for text in key], dtype=bool), "missing_key",
            column=self.columns[what.key], values=lambda rows: [""] * len(rows),
        )  # fmt: skip
        values: dict[str, Sequence[Any]] = {what.key: key}
        for name in what.texts:
            values[name] = self.parsed(name, str, "unknown_term")
        for name in what.insee:
            values[name] = self.codes(name, siren=False)
        for name in what.siren:
            values[name] = self.codes(name, siren=True)
        for name, terms in what.terms:
            values[name] = self.parsed(name, partial(parse_term, terms=terms), "unknown_term")
        for name in what.counts:
            values[name] = self.parsed(name, parse_count, "bad_count")
        return values

    def polygons(self) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
        """Return shapes in EPSG:2154 without Z or M, and which were made valid."""
        shapes = self.raw.geometry()
        missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
        self._aside(missing, "no_geometry", lambda rows: [""] * len(rows))
        strange = ~missing & ~np.isin(shapely.get_type_id(shapes), _POLYGONS)
        if strange.any() and strange[self.sieve.kept].all():
            found = shapes[np.flatnonzero(strange)[0]].geom_type
            raise file_failure("wrong_geometry", file=self.source.file, found=found, kind="Polygon")
        self._aside(strange, "not_a_polygon", lambda rows: [s.geom_type for s in shapes[rows]])
        deep = too_deep(shapes) & self.sieve.kept
        self.note("io.z_dropped", Severity.INFO, count=int(deep.sum()))
        shapes = self._reprojected(np.asarray(shapely.force_2d(shapes), dtype=object))
        return self._valid(shapes)

    def _aside(
        self,
        wrong: NDArray[np.bool_],
        reason: str,
        values: Callable[[NDArray[np.intp]], list[Any]],
    ) -> None:
        self.sieve.set_aside(wrong, reason, column="geometry", values=values)

    def _reprojected(self, shapes: NDArray[np.object_]) -> NDArray[np.object_]:
        stated = self.asked.crs or self.source.crs
        if self.asked.crs and self.source.crs and self.asked.crs != self.source.crs:
            self.note(
                "io.crs_overridden", Severity.INFO, count=1, crs=self.asked.crs,
                declared=self.source.crs[:60],
            )  # fmt: skip
        return place_shapes(shapes, crs=stated, sieve=self.sieve)

    def _valid(self, shapes: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
        invalid = self.sieve.kept & ~shapely.is_valid(shapes)
        changed = np.zeros(len(shapes), dtype=bool)
        if self.asked.repair and invalid.any():
            shapes = shapes.copy()
            which = np.flatnonzero(invalid)
            mended = np.asarray(
                shapely.make_valid(shapes[which], method="structure", keep_collapsed=False),
                dtype=object,
            )
            good = np.isin(shapely.get_type_id(mended), _POLYGONS) & ~shapely.is_empty(mended)
            shapes[which[good]] = mended[good]
            changed[which[good]] = True
            invalid[which[good]] = False
            self.note("io.geometry_repaired", Severity.WARNING, count=int(good.sum()))
        self._aside(
            invalid, "invalid_geometry", lambda rows: shapely.is_valid_reason(shapes[rows]).tolist()
        )
        return shapes, changed

    def sift_duplicates(
        self, values: Mapping[str, Sequence[Any]], shapes: NDArray[np.object_]
    ) -> None:
        """Keep one of identical rows; set aside every row of a key that says two things."""
        groups: dict[str, list[int]] = {}
        for row in np.flatnonzero(self.sieve.kept).tolist():
            groups.setdefault(values[self.what.key][row], []).append(row)
        clashing = np.zeros(len(shapes), dtype=bool)
        identical = np.zeros(len(shapes), dtype=bool)
        for rows in groups.values():
            said = {
                (shapes[row].wkb, *(values[name][row] for name in self.what.columns))
                for row in rows
            }
            (clashing if len(said) > 1 else identical)[rows if len(said) > 1 else rows[1:]] = True
        key = values[self.what.key]
        for reason, wrong in (("duplicate_key", clashing), ("identical_duplicate", identical)):
            self.sieve.set_aside(
                wrong, reason, column=self.columns[self.what.key],
                values=lambda rows: [key[row] for row in rows.tolist()],
            )  # fmt: skip

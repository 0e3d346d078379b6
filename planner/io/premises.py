"""Premises and their states, from whatever partners deliver."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from planner.findings import Finding, Findings
from planner.io.crs_guess import missing_crs
from planner.io.files import file_failure, hash_file
from planner.io.intake import PremisesIntake, RowSieve
from planner.io.layers import RawLayer, Source, inside_area, known_crs, reproject
from planner.io.opening import open_source
from planner.io.premises_places import locate_communes, points_in_areas
from planner.io.profiles import PREMISES_PROFILES, PROJECTIONS, SIZE_CLASSES, Mapped, map_columns
from planner.io.values import (
    Parsed,
    as_category,
    as_numbers,
    as_text,
    parse_code,
    parse_count,
    parse_date,
    parse_each,
    parse_term,
)
from planner.provenance import Origin
from planner.schemas import contract
from planner.vocab import PremiseKind, PremiseState, Severity, fold

__all__ = ["read_premises"]

_TABLE: Final = "premises"
_NO_LIMIT: Final = -1  # a null in whole-number arrays until they become a nullable column


def read_premises(
    path: str | Path,
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    crs: str | None = None,
    encoding: str | None = None,
    on: dt.date | None = None,
    repair_codes: bool = False,
    origin: Origin | None = None,
    communes: gpd.GeoDataFrame | None = None,
) -> PremisesIntake:
    """Read premises, with their states when they have any.

    GeoPackage, Shapefile (file, folder or ZIP), GeoJSON, GeoParquet, CSV and XLSX.  ARCEP's
    *immeubles* and *base_imb*, IPE and our own columns are recognised by the names of their
    columns; for any other file, ``columns`` says what is where.  Rows in = rows used + rows set
    aside.  OpenStreetMap's buildings, as GDAL writes them, are known too; a building that is drawn
    as an area stands at its middle, or inside where that lies outside.

    Parameters
    ----------
    path
        The delivery.
    layer
        The layer to take where there are several.
    columns
        Ours to the file's: ``{"premise_id": "imb_id", "insee": "code_insee", "x": "lon"}``.  Ours
        are ``premise_id`` and ``insee`` (due, unless ``communes`` are given), ``building_id``,
        ``kind``, ``premises`` (a number), ``premises_min`` and ``premises_max``,
        ``size_class`` (ARCEP's words), ``state``, ``on``, ``x``, ``y``, ``projection`` (IPE's).
    crs
        Where x and y lie (x east or longitude); wins over what the file says.
    encoding
        Encoding of the text; found when it isn't given, which is a finding.
    on
        Day that the delivery describes: dates the states that have no date of their own; later
        dates are set aside.
    repair_codes
        Write 1143 and 35236.0 as 01143 and 35236 (a finding) instead of setting the rows aside.
    origin
        Source, licence and vintage of the file; its checksum and rows are filled in.
    communes
        Contract ``communes``: where the file has no column of codes, each premise belongs to the
        commune that it stands in (a finding), and one outside all of them is set aside.

    Returns
    -------
    PremisesIntake
        Without any count, a row is one premise; a count left empty is at least one, without upper
        bound; both are findings.

    Raises
    ------
    DataFileError
        Missing, empty or broken file, unknown CRS, or every position outside of its CRS.
    ContractError
        Missing columns.
    """
    source = open_source(path, layer=layer, encoding=encoding)
    mapped = _map(source, columns, located=communes is not None)
    raw = source.read(mapped.names())
    if len(raw.rows) + len(raw.broken) == 0:
        raise file_failure("no_rows", file=source.file)
    reading = _Reading(
        file=source.file, raw=raw, mapped=mapped,
        sieve=RowSieve(source.file, _TABLE, raw.rows, raw.broken),
    )  # fmt: skip
    reading.note("io.profile", Severity.INFO, name=mapped.profile.name)
    ids = reading.keys()
    reading.set_aside(_null(ids), "missing_key", "premise_id")
    x, y = _positions(reading, source, crs=crs)
    facts = _Facts(
        ids=ids, x=x, y=y,
        insee=_codes(reading, repair=repair_codes)
        if reading.has("insee") or communes is None
        else _located(reading, x, y, communes),
        kind=_terms(reading, "kind", "unknown_term", partial(parse_term, terms=PremiseKind)),
        state=_terms(reading, "state", "unknown_state", PremiseState.parse),
        date=_dates(reading, on=on),
        bounds=_bounds(reading),
        building=reading.text("building_id") if reading.has("building_id") else None,
    )  # fmt: skip
    rows = _sift_duplicates(reading, facts)
    premises = _premises(facts, rows)
    about = origin or Origin(layer=_TABLE, title=source.file, source=source.file, licence="")
    return PremisesIntake(
        premises=premises,
        state_changes=_state_changes(reading, facts, rows, on=on),
        rejected_rows=reading.sieve.rejected_rows(),
        findings=reading.all_findings(),
        origin=replace(about, layer=_TABLE, rows=len(premises), sha256=hash_file(path)),
        rows_in=reading.sieve.rows_in,
    )


@dataclass
class _Reading:
    """What one call reads and notes."""

    file: str
    raw: RawLayer
    mapped: Mapped
    sieve: RowSieve
    notes: list[Finding] = field(default_factory=list)

    def has(self, ours: str) -> bool:
        return ours in self.mapped.columns

    def column(self, ours: str) -> pa.ChunkedArray:
        return self.raw.table[self.mapped.columns[ours]]

    def text(self, ours: str) -> pa.Array:
        return as_text(self.column(ours))

    def keys(self) -> pa.Array:
        """Return the identifiers: of one column, or of the first that has one."""
        parts = [
            pc.binary_join_element_wise(prefix, as_text(self.raw.table[name]), "")
            for name, prefix in self.mapped.keys().items()
            if name in self.raw.table.column_names
        ]
        return pc.coalesce(*parts) if parts else self.text("premise_id")

    def set_aside(
        self,
        wrong: NDArray[np.bool_],
        reason: str,
        ours: str,
        values: Callable[[NDArray[np.intp]], list[Any]] | None = None,
    ) -> None:
        def received(rows: NDArray[np.intp]) -> list[Any]:
            taken: list[Any] = as_text(self.column(ours).take(pa.array(rows))).to_pylist()
            return taken

        name = self.mapped.columns.get(ours, ours)
        self.sieve.set_aside(wrong, reason, column=name, values=values or received)

    def note(self, rule: str, severity: Severity, *, count: int = 1, **values: object) -> None:
        if count:
            self.notes.append(
                Finding.of(
                    rule, severity=severity, table=_TABLE, place=self.file, count=count, **values
                )
            )

    def kept_among(self, mask: NDArray[np.bool_]) -> int:
        return int((mask & self.sieve.kept).sum())

    def all_findings(self) -> Findings:
        met = [replace(finding, table=_TABLE) for finding in self.raw.findings]
        return Findings.collect(met, self.notes, self.sieve.findings())


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """Columns in the order of the file, rows set aside included."""

    ids: pa.Array
    building: pa.Array | None
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    insee: Parsed[str]
    kind: Parsed[str] | None
    state: Parsed[str] | None
    date: Parsed[dt.date] | None
    bounds: tuple[NDArray[np.int64], NDArray[np.int64]]


def _map(source: Source, columns: Mapping[str, str] | None, *, located: bool) -> Mapped:
    """Find the columns; a geometry takes the place of x and y unless these are asked for."""
    asked = dict(columns or {})
    by_geometry = source.has_geometry and "x" not in asked
    mapped = map_columns(
        source.columns, file=source.file, table=_TABLE, profiles=PREMISES_PROFILES,
        required=(
            "premise_id", *(() if located else ("insee",)), *(() if by_geometry else ("x", "y")),
        ),
        columns=asked,
    )  # fmt: skip
    if not by_geometry:
        return mapped
    kept = {k: v for k, v in mapped.columns.items() if k not in {"x", "y", "projection"}}
    return replace(mapped, columns=kept)


def _null(column: pa.Array) -> NDArray[np.bool_]:
    flags: NDArray[np.bool_] = column.is_null().to_numpy(zero_copy_only=False)
    return flags


def _positions(
    reading: _Reading, source: Source, *, crs: str | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y in EPSG:2154, setting aside the rows that have none there."""
    if reading.has("x"):
        x, y, systems = _from_columns(reading, source, crs=crs)
    else:
        x, y = _from_geometry(reading)
        systems = _one_system(_known(crs or source.crs, source, x, y), len(x))
        if crs and source.crs and crs != source.crs:
            reading.note("io.crs_overridden", Severity.INFO, crs=crs, declared=source.crs[:60])

    def received(rows: NDArray[np.intp]) -> list[str]:
        return [f"{a} {b}" for a, b in zip(x[rows], y[rows], strict=True)]

    finite = np.isfinite(x) & np.isfinite(y)
    reading.set_aside(~finite, "not_finite", "x", received)
    east, north = x.copy(), y.copy()
    for code, system in enumerate(systems.texts):
        here = finite & (systems.codes == code)
        east[here], north[here] = reproject(x[here], y[here], crs=system)
    outside = ~inside_area(east, north)
    candidates = np.flatnonzero(reading.sieve.kept)
    if candidates.size and outside[candidates].all():
        first = candidates[0]
        raise file_failure(
            "wrong_crs", file=reading.file, count=candidates.size,
            crs=systems.texts[systems.codes[first]][:60], x=x[first], y=y[first],
        )  # fmt: skip
    reading.set_aside(outside, "outside_area", "x", received)
    return east, north


def _one_system(crs: str, size: int) -> Parsed[str]:
    return Parsed(np.zeros(size, dtype=np.int64), (crs,), (crs,))


def _known(crs: str | None, source: Source, x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    known = known_crs(crs, file=source.file)
    if known is None:
        raise missing_crs(source.file, x, y)
    return known


def _from_columns(
    reading: _Reading, source: Source, *, crs: str | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], Parsed[str]]:
    x, x_bad = as_numbers(reading.column("x"))
    y, y_bad = as_numbers(reading.column("y"))
    for ours, bad in (("x", x_bad), ("y", y_bad)):
        empty = _null(reading.text(ours))
        reading.set_aside(bad | empty, "no_position", ours)
    profile = reading.mapped.profile
    own = all(
        reading.mapped.columns[ours].casefold() == profile.columns.get(ours, "").casefold()
        for ours in ("x", "y")
    )
    if crs is None and reading.has("projection"):
        systems = parse_each(reading.column("projection"), lambda text: PROJECTIONS.get(fold(text)))
        reading.set_aside(systems.empty | systems.unreadable, "unknown_crs", "projection")
        known = [(code, crs) for code, crs in enumerate(systems.results) if crs is not None]
        renumbered = np.full(len(systems.texts) + 1, -1, dtype=np.int64)
        renumbered[[code for code, _ in known]] = np.arange(len(known))
        names = tuple(crs for _, crs in known)
        return x, y, Parsed(renumbered[systems.codes], names, names)
    stated = _known(crs or (profile.crs if own else None), source, x, y)
    return x, y, _one_system(stated, len(x))


def _from_geometry(reading: _Reading) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points, areas = points_in_areas(reading.raw)
    reading.note("io.areas_as_points", Severity.INFO, count=areas)
    nothing = lambda rows: [""] * len(rows)  # noqa: E731 (there is nothing to show)
    reading.set_aside(points.missing, "no_position", "geometry", nothing)
    strange = ~points.missing & (points.kinds != "Point")
    if strange.any() and strange[reading.sieve.kept].all():
        found = str(points.kinds[strange][0])
        raise file_failure("wrong_geometry", file=reading.file, found=found, kind="Point")
    reading.set_aside(strange, "not_a_point", "geometry", lambda rows: points.kinds[rows].tolist())
    reading.note("io.single_part", Severity.INFO, count=points.single_parts)
    return points.x, points.y


def _located(
    reading: _Reading, x: NDArray[np.float64], y: NDArray[np.float64], communes: gpd.GeoDataFrame
) -> Parsed[str]:
    """Return the commune that each premise stands in; those outside all of them are set aside."""
    kept = reading.sieve.kept.copy()
    found = locate_communes(x, y, kept, communes)

    def place(which: NDArray[np.intp]) -> list[str]:
        return [f"{a:.0f} {b:.0f}" for a, b in zip(x[which], y[which], strict=True)]

    reading.set_aside(found.empty & kept, "outside_communes", "x", place)
    reading.note("io.communes_located", Severity.INFO, count=int(reading.sieve.kept.sum()))
    return found


def _codes(reading: _Reading, *, repair: bool) -> Parsed[str]:
    codes = parse_each(reading.column("insee"), parse_code)
    column = reading.mapped.columns["insee"]
    numbers = reading.raw.numbers.get(column, 0)
    reading.note("io.codes_from_numbers", Severity.INFO, count=numbers, column=column)
    reading.set_aside(codes.empty, "missing_code", "insee")
    numeric = codes.where(lambda code: code is not None and code.reason == "code_as_number")
    if not repair:
        reading.set_aside(numeric, "code_as_number", "insee", codes.shown)
    bad = codes.where(lambda code: code is not None and code.reason == "bad_code")
    reading.set_aside(bad, "bad_code", "insee", codes.shown)
    if repair:
        reading.note("io.codes_repaired", Severity.WARNING, count=reading.kept_among(numeric))
    values = tuple(None if code is None else code.text or code.repaired for code in codes.results)
    return Parsed(codes.codes, codes.texts, values)


def _terms(
    reading: _Reading, ours: str, reason: str, parse: Callable[[str], str | None]
) -> Parsed[str] | None:
    if not reading.has(ours):
        return None
    terms = parse_each(reading.column(ours), parse)
    reading.set_aside(terms.unreadable, reason, ours, terms.shown)
    return terms


def _dates(reading: _Reading, *, on: dt.date | None) -> Parsed[dt.date] | None:
    if not reading.has("on"):
        return None
    dates = parse_each(reading.column("on"), parse_date)
    reading.set_aside(dates.unreadable, "bad_date", "on", dates.shown)
    if on is not None:
        late = dates.where(lambda day: day is not None and day > on)
        reading.set_aside(late, "future_date", "on", dates.shown)
    return dates


def _bounds(reading: _Reading) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the fewest and the most premises of each row; ``_NO_LIMIT`` where nobody knows."""
    every = np.arange(len(reading.raw.rows))
    if reading.has("premises_min"):
        return _stated_bounds(reading, every)
    if reading.has("premises"):
        counts = parse_each(reading.column("premises"), parse_count)
        reading.set_aside(counts.unreadable, "bad_count", "premises", counts.shown)
        low = counts.take(every, 1, np.int64)
        high = counts.take(every, _NO_LIMIT, np.int64)
        unknown = counts.empty
    elif reading.has("size_class"):
        classes = parse_each(
            reading.column("size_class"), lambda text: SIZE_CLASSES.get(fold(text))
        )
        reading.set_aside(classes.unreadable, "unknown_class", "size_class", classes.shown)
        limits = [(1, None) if bounds is None else bounds for bounds in (*classes.results, None)]
        low = np.array([least for least, _ in limits], dtype=np.int64)[classes.codes]
        most_of = [_NO_LIMIT if most is None else most for _, most in limits]
        high = np.array(most_of, dtype=np.int64)[classes.codes]
        unknown = classes.empty
    else:
        reading.note("io.one_premise_a_row", Severity.INFO, count=reading.sieve.rows_in)
        return np.ones(len(every), dtype=np.int64), np.ones(len(every), dtype=np.int64)
    reading.note("io.unknown_count", Severity.WARNING, count=reading.kept_among(unknown))
    return low, high


def _stated_bounds(
    reading: _Reading, every: NDArray[np.intp]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    fewest = parse_each(reading.column("premises_min"), parse_count)
    reading.set_aside(fewest.unreadable | fewest.empty, "bad_count", "premises_min", fewest.shown)
    low = fewest.take(every, 0, np.int64)
    if not reading.has("premises_max"):
        return low, np.full(len(every), _NO_LIMIT, dtype=np.int64)
    most = parse_each(reading.column("premises_max"), parse_count)
    reading.set_aside(most.unreadable, "bad_count", "premises_max", most.shown)
    high = most.take(every, _NO_LIMIT, np.int64)
    crossed = (high != _NO_LIMIT) & (high < low)
    reading.set_aside(crossed, "bad_count", "premises_max", most.shown)
    return low, high


def _sift_duplicates(reading: _Reading, facts: _Facts) -> NDArray[np.intp]:
    """Keep one of identical rows, set aside all of a key that says two things; sort by key."""
    kept = np.flatnonzero(reading.sieve.kept)
    if kept.size == 0:
        return kept
    rows: NDArray[np.intp] = kept[pc.sort_indices(facts.ids.take(pa.array(kept))).to_numpy()]
    ids = facts.ids.take(pa.array(rows))
    again = pc.equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
    twice = np.sort(rows[np.append(again, False) | np.insert(again, 0, False)])
    if twice.size == 0:
        return rows
    said = _premises(facts, twice)
    for name, parsed in (("state", facts.state), ("on", facts.date)):
        if parsed is not None:
            said[name] = parsed.shown(twice)
    again = said.duplicated(keep="first").to_numpy()
    variants = (~said.duplicated()).groupby(said["premise_id"]).transform("sum").to_numpy()
    for reason, which in (
        ("duplicate_key", twice[variants > 1]),
        ("identical_duplicate", twice[again & (variants == 1)]),
    ):
        mask = np.zeros(len(facts.ids), dtype=bool)
        mask[which] = True
        reading.set_aside(mask, reason, "premise_id")
    return rows[reading.sieve.kept[rows]]


def _premises(facts: _Facts, rows: NDArray[np.intp]) -> pd.DataFrame:
    """Return the contracted table of these rows, in this order."""
    taken = pa.array(rows)
    ids = facts.ids.take(taken)
    building = ids
    if facts.building is not None:
        building = pc.coalesce(facts.building.take(taken), ids)
    low, high = facts.bounds
    return pd.DataFrame(
        {
            "premise_id": ids.to_pandas(),
            "building_id": building.to_pandas(),
            "insee": as_category(facts.insee, rows),
            "kind": as_category(facts.kind, rows),
            "premises_min": low[rows],
            "premises_max": pd.arrays.IntegerArray(high[rows].copy(), high[rows] == _NO_LIMIT),
            "x_m": facts.x[rows],
            "y_m": facts.y[rows],
        }
    )


def _state_changes(
    reading: _Reading, facts: _Facts, rows: NDArray[np.intp], *, on: dt.date | None
) -> pd.DataFrame:
    """Return the dated states of these rows, and note the states that have no date."""
    if facts.state is None:
        return contract("state_changes").empty()
    days = np.full(len(rows), np.datetime64("NaT", "D"), dtype="datetime64[D]")
    if facts.date is not None:
        days = facts.date.take(rows, np.datetime64("NaT", "D"), "datetime64[D]")
    has_state = facts.state.codes[rows] >= 0
    undated = has_state & np.isnat(days)
    if on is None:
        reading.note("io.states_undated", Severity.WARNING, count=int(undated.sum()))
    else:
        days = np.where(undated, np.datetime64(on, "D"), days)
        reading.note("io.states_dated", Severity.INFO, count=int(undated.sum()), on=on)
    keep = has_state & ~np.isnat(days)
    return pd.DataFrame(
        {
            "premise_id": facts.ids.take(pa.array(rows[keep])).to_pandas(),
            "on": days[keep].astype("datetime64[s]"),
            "state": as_category(facts.state, rows[keep]),
        }
    )

"""What partners deliver, as it comes: a ZIP, a folder or a file with several layers and tables.

Every layer is read, whatever its format; one that can't be is told and doesn't cost the others.
Nothing is repaired.  Heights and measures are dropped, which ``lineage`` says of each row; rows
that can't be used are set aside with a reason: rows in = rows used + rows set aside, for each layer
and for the whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.contracts import GeometryKind
from planner.crs import WORKING_CRS
from planner.errors import DataFileError
from planner.findings import Finding, Findings
from planner.io.crs_guess import likely_message
from planner.io.delivery import Part, find_parts
from planner.io.files import READ_FAILURES, hash_file
from planner.io.intake import RowSieve
from planner.io.layers import RawLayer, known_crs, undefined_allowed
from planner.io.shapes import place_shapes, positions_of
from planner.io.values import words
from planner.provenance import Origin
from planner.schemas import contract
from planner.texts import Message, say
from planner.vocab import Severity

__all__ = ["DeliveredLayer", "Delivery", "read_delivery"]

_KINDS: Final[Mapping[GeometryKind, tuple[str, ...]]] = {
    "Point": ("Point", "MultiPoint"),
    "LineString": ("LineString", "MultiLineString"),
    "Polygon": ("Polygon", "MultiPolygon"),
}
_COLLECTION: Final = 7
_AREAS: Final = (3, 6)
_SHOWN: Final = 5


@dataclass(frozen=True, kw_only=True)
class DeliveredLayer:
    """One layer, or one table, of a delivery.

    Parameters
    ----------
    name
        Its name: that of the layer, of the sheet, or of the file without its suffix.
    file
        The delivery and what in it holds the layer.
    table
        Columns as the file names them; where the layer has a geometry, a GeoDataFrame in EPSG:2154
        with ``lineage``: ``original``, or which of ``z_dropped``, ``m_dropped``, ``zm_dropped``.
    rows
        Position of each row of ``table`` in the file, 1 is the first, shape (n,).
    rejected_rows
        Contract ``rejected_rows``.
    findings, rows_in
        What was understood; rows of the layer: ``len(table) + len(rejected_rows)``.
    """

    name: str
    file: str
    table: pd.DataFrame
    rows: NDArray[np.int64]
    rejected_rows: pd.DataFrame
    findings: Findings
    rows_in: int

    @property
    def kinds(self) -> Mapping[str, int]:
        """How many rows have each kind of geometry, as in ``MultiPolygon``."""
        if not isinstance(self.table, gpd.GeoDataFrame):
            return {}
        return dict(sorted(Counter(self.table.geom_type).items()))

    def of_kind(self, kind: GeometryKind) -> gpd.GeoDataFrame:
        """Return the rows whose geometry is of this kind, in one part or several.

        Raises
        ------
        DataFileError
            When there is none.
        """
        which = [name for name in self.kinds if name in _KINDS[kind]]
        if not which:
            values = {"layer": self.name, "kind": kind, "kinds": ", ".join(self.kinds) or "—"}
            raise DataFileError(
                Message.of("partner.no_kind", **values),
                Message.of("partner.no_kind_remedy", **values),
            )
        chosen: gpd.GeoDataFrame = self.table[self.table.geom_type.isin(which)]
        return chosen.reset_index(drop=True)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Everything that a partner delivered at once.

    Parameters
    ----------
    file
        Name of the delivery.
    layers
        Layers and tables, by name.
    left
        Files in it that are neither.
    findings
        Of every layer, and of the delivery.
    origin
        Where it comes from, with its checksum.
    """

    file: str
    layers: Mapping[str, DeliveredLayer]
    left: tuple[str, ...]
    findings: Findings
    origin: Origin

    def layer(self, name: str) -> DeliveredLayer:
        """Return the layer ``name``.

        Raises
        ------
        DataFileError
            When there is none; the layers are named.
        """
        if name not in self.layers:
            values = {"file": self.file, "layer": name, "layers": ", ".join(self.layers)}
            raise DataFileError(
                Message.of("partner.no_layer", **values),
                Message.of("partner.no_layer_remedy", **values),
            )
        return self.layers[name]

    @property
    def rows_in(self) -> int:
        """Rows of all layers that could be opened."""
        return sum(layer.rows_in for layer in self.layers.values())

    @property
    def rejected_rows(self) -> pd.DataFrame:
        """Contract ``rejected_rows``: the rows set aside in all layers."""
        tables = [layer.rejected_rows for layer in self.layers.values() if len(layer.rejected_rows)]
        if not tables:
            return contract("rejected_rows").empty()
        return contract("rejected_rows").select(pd.concat(tables, ignore_index=True))

    def summary(self, lang: str = "fr") -> str:
        """Say how many layers and rows came in, are used and are set aside."""
        aside = len(self.rejected_rows)
        return say(
            "partner.summary", lang, file=self.file, layers=len(self.layers), rows=self.rows_in,
            used=self.rows_in - aside, aside=aside,
        )  # fmt: skip


def read_delivery(
    path: str | Path,
    *,
    crs: str | Mapping[str, str] | None = None,
    encoding: str | None = None,
    wanted: Callable[[str], bool] | None = None,
    origin: Origin | None = None,
) -> Delivery:
    """Read every layer and table of a delivery.

    Shapefile (whatever its encoding, with or without ``.cpg``), GeoPackage, GeoJSON, GeoParquet,
    CSV and XLSX; alone, in a folder, or in a ZIP, which is read in memory.

    Parameters
    ----------
    path
        A file, a folder or a ZIP.
    crs
        Where positions lie, for all layers or by name of layer; wins over what a file says.
    encoding
        Encoding of all texts; found for each file when it isn't given.
    wanted
        Tells by its name whether a layer is to be read; all are without it.
    origin
        Source, licence and vintage of the delivery.

    Returns
    -------
    Delivery
        Layers as they are, in EPSG:2154, two-dimensional.  Set aside: rows without a geometry in a
        layer that has one, collections, invalid shapes, shapes outside metropolitan France, rows
        that can't be read.

    Raises
    ------
    DataFileError
        Missing or empty delivery, nothing in it that can be read, or layers without a CRS: all are
        named, each with the systems that its positions make likely.
    """
    place = Path(path)
    found = find_parts(place)
    parts = [part for part in found.parts if wanted is None or wanted(part.layer)]
    reading = _Reading(file=place.name, crs=crs, encoding=encoding)
    layers = {part.layer: layer for part in parts if (layer := reading.read(part)) is not None}
    reading.ask_for_crs()
    notes = list(reading.notes)
    if found.left and wanted is None:
        notes.append(
            Finding.of(
                "partner.left", severity=Severity.INFO, table="", place=place.name,
                count=len(found.left), files=_some(found.left),
            )
        )  # fmt: skip
    if not layers:
        if reading.refused is not None and len(parts) == 1:
            raise reading.refused
        values = {"file": place.name, "files": _some((*(p.name for p in found.parts), *found.left))}
        raise DataFileError(
            Message.of("partner.nothing", **values), Message.of("partner.nothing_remedy", **values)
        )
    about = origin or Origin(layer="", title=place.name, source=place.name, licence="")
    rows = sum(len(layer.table) for layer in layers.values())
    return Delivery(
        file=place.name, layers=dict(sorted(layers.items())), left=found.left,
        findings=Findings.collect(notes, *(layer.findings for layer in layers.values())),
        origin=replace(about, rows=rows, sha256=hash_file(place)),
    )  # fmt: skip


def _some(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:_SHOWN]) + (" …" if len(every) > _SHOWN else "") or "—"


@dataclass(kw_only=True)
class _Reading:
    """What one call reads, notes and still has to ask."""

    file: str
    crs: str | Mapping[str, str] | None
    encoding: str | None
    notes: list[Finding] = field(default_factory=list)
    homeless: dict[str, Message] = field(default_factory=dict)
    refused: DataFileError | None = None

    def read(self, part: Part) -> DeliveredLayer | None:
        """Read one part; None, with a note, when it can't be."""
        try:
            source = part.open(encoding=self.encoding)
            raw = source.read(list(dict.fromkeys(name for name in source.columns if name)))
        except DataFileError as error:
            self._refuse(part, error)
            return None
        if len(raw.rows) + len(raw.broken) == 0 and not source.columns:
            return None
        sieve = RowSieve(part.name, part.layer, raw.rows, raw.broken)
        notes = [replace(f, table=part.layer, place=part.name) for f in raw.findings]
        shapes = None
        if source.has_geometry:
            stated = self._stated(part.layer)
            with undefined_allowed():
                shapes = raw.geometry()
                if known_crs(stated or source.crs, file=part.name) is None:
                    self.homeless[part.layer] = likely_message(*positions_of(shapes))
                    return None
                try:
                    shapes, lineage = _settled(shapes, crs=stated or source.crs, sieve=sieve)
                except DataFileError as error:
                    self._refuse(part, error)
                    return None
            notes += _about_shapes(shapes, lineage, sieve)
        table = _table(raw, sieve)
        if shapes is not None:
            where = gpd.GeoSeries(shapes[sieve.kept], crs=WORKING_CRS)
            table = gpd.GeoDataFrame(table.assign(lineage=words(lineage[sieve.kept].tolist())),
                                     geometry=where)  # fmt: skip
        return DeliveredLayer(
            name=part.layer, file=part.name, table=table, rows=raw.rows[sieve.kept],
            rejected_rows=sieve.rejected_rows(), rows_in=sieve.rows_in,
            findings=Findings.collect(notes, sieve.findings()),
        )  # fmt: skip

    def ask_for_crs(self) -> None:
        """Raise once for all layers whose CRS nobody said."""
        if not self.homeless:
            return
        first = min(self.homeless)
        lines = _Lines(tuple(sorted(self.homeless.items())))
        raise DataFileError(
            Message.of("partner.no_crs", file=self.file, layers=lines),
            Message.of("partner.no_crs_remedy", first=first),
        )

    def _stated(self, layer: str) -> str | None:
        return self.crs if self.crs is None or isinstance(self.crs, str) else self.crs.get(layer)

    def _refuse(self, part: Part, error: DataFileError) -> None:
        self.refused = self.refused or error
        self.notes.append(
            Finding.of(
                "partner.refused", severity=Severity.SERIOUS, table=part.layer, place=part.name,
                problem=error.problem, remedy=error.remedy,
            )
        )  # fmt: skip


@dataclass(frozen=True)
class _Lines:
    """Layers and what is likely of each, a line each."""

    items: tuple[tuple[str, Message], ...]

    def say(self, lang: str = "fr", /) -> str:
        """Put the list into words."""
        return "\n".join(f"  {name} : {likely.say(lang)}" for name, likely in self.items)


def _settled(
    shapes: NDArray[np.object_], *, crs: str | None, sieve: RowSieve
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return shapes in their place, and the lineage of each."""
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    sieve.set_aside(missing, "no_geometry", column="geometry", values=lambda rows: [""] * len(rows))
    gathered = ~missing & (shapely.get_type_id(shapes) == _COLLECTION)
    sieve.set_aside(
        gathered, "collection", column="geometry",
        values=lambda rows: [shape.geom_type for shape in shapes[rows]],
    )  # fmt: skip
    deep, measured = shapely.has_z(shapes), shapely.has_m(shapes)
    lineage = np.full(len(shapes), "original", dtype=object)
    lineage[deep & ~measured] = "z_dropped"
    lineage[measured & ~deep] = "m_dropped"
    lineage[deep & measured] = "zm_dropped"
    flat = np.asarray(shapely.force_2d(shapes), dtype=object)
    points = np.isfinite(shapely.bounds(flat)).all(axis=1)
    sieve.set_aside(
        ~missing & ~points, "not_finite", column="geometry",
        values=lambda rows: [str(bounds.tolist()) for bounds in shapely.bounds(flat[rows])],
    )  # fmt: skip
    placed = place_shapes(flat, crs=crs, sieve=sieve)
    areas = np.isin(shapely.get_type_id(placed), _AREAS)
    invalid = sieve.kept & areas & ~shapely.is_valid(placed)
    sieve.set_aside(
        invalid, "invalid_geometry", column="geometry",
        values=lambda rows: shapely.is_valid_reason(placed[rows]).tolist(),
    )  # fmt: skip
    return placed, lineage


def _about_shapes(
    shapes: NDArray[np.object_], lineage: NDArray[np.object_], sieve: RowSieve
) -> list[Finding]:
    found = []
    flattened = int(((lineage != "original") & sieve.kept).sum())
    about: dict[str, Any] = {"severity": Severity.INFO, "table": sieve.table, "place": sieve.file}
    if flattened:
        found.append(Finding.of("io.z_dropped", count=flattened, **about))
    kinds = Counter(shape.geom_type for shape in shapes[sieve.kept])
    bare = {kind.removeprefix("Multi") for kind in kinds}
    if len(bare) > 1:
        named = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        found.append(Finding.of("partner.mixed", count=int(sieve.kept.sum()), kinds=named, **about))
    return found


def _table(raw: RawLayer, sieve: RowSieve) -> pd.DataFrame:
    """Return the columns of the rows kept, in the file's types."""
    columns = {}
    for name in raw.table.column_names:
        try:
            columns[name] = raw.table[name].to_pandas(integer_object_nulls=True)
        except READ_FAILURES:  # a date out of pandas' range stays as it was written
            columns[name] = pd.Series([str(v) for v in raw.table[name].to_pylist()], dtype="str")
    frame = pd.DataFrame(columns, index=range(len(raw.rows)))
    return frame[sieve.kept].reset_index(drop=True)

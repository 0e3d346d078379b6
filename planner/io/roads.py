"""Roads, from BD TOPO, OpenStreetMap, a GraphML of OSMnx, or a table of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import ParseError

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.crs import WORKING_CRS
from planner.findings import Finding, Findings
from planner.io.files import READ_FAILURES, file_failure, hash_file
from planner.io.intake import RowSieve
from planner.io.layers import numbered, undefined_allowed
from planner.io.opening import open_source
from planner.io.profiles import Profile, map_columns
from planner.io.shapes import place_shapes, too_deep
from planner.io.values import as_text
from planner.provenance import Origin
from planner.vocab import RoadClass, Severity, fold

__all__ = ["RoadsIntake", "read_roads"]

_LINES: Final = (1, 2, 5)  # GEOS: line, ring, several lines
_OSM: Final[Mapping[str, RoadClass]] = {
    **dict.fromkeys(("motorway", "motorway_link", "trunk", "trunk_link"), RoadClass.MOTORWAY),
    **dict.fromkeys(
        (
            "primary", "primary_link", "secondary", "secondary_link", "tertiary", "tertiary_link",
        ),
        RoadClass.MAIN,
    ),
    **dict.fromkeys(
        ("residential", "unclassified", "living_street", "service", "road"), RoadClass.STREET
    ),
    "pedestrian": RoadClass.PAVED,
    "track": RoadClass.TRACK,
    **dict.fromkeys(("path", "footway", "cycleway", "bridleway"), RoadClass.PATH),
    "steps": RoadClass.STEPS,
}  # fmt: skip
_BD_TOPO: Final[Mapping[str, RoadClass]] = {
    "type_autoroutier": RoadClass.MOTORWAY,
    "autoroute": RoadClass.MOTORWAY,
    "quasi_autoroute": RoadClass.MOTORWAY,
    "route_a_2_chaussees": RoadClass.MAIN,
    "route_a_1_chaussee": RoadClass.STREET,
    "rond_point": RoadClass.STREET,
    "bretelle": RoadClass.STREET,
    "route_empierree": RoadClass.TRACK,
    "chemin": RoadClass.TRACK,
    "sentier": RoadClass.PATH,
    "piste_cyclable": RoadClass.PATH,
    "escalier": RoadClass.STEPS,
    "bac_ou_liaison_maritime": RoadClass.FERRY,
    "bac_auto": RoadClass.FERRY,
    "bac_pieton": RoadClass.FERRY,
}
_MAIN_IMPORTANCE: Final = frozenset("1234")
"""BD TOPO: 1 to 4 link towns, 5 and 6 serve the inside of a commune."""
_PROFILES: Final = (
    Profile(
        name="planner",
        signature=frozenset({"road_id", "road_class"}),
        columns={
            "id": "road_id", "class": "road_class", "nature": "nature", "level": "level",
            "nom": "nom",
        },
    ),
    Profile(
        name="bd_topo",
        signature=frozenset({"cleabs", "nature"}),
        columns={
            "id": "cleabs", "nature": "nature", "level": "position_par_rapport_au_sol",
            "importance": "importance", "nom": "nom_1_gauche",
        },
    ),
    Profile(
        name="bd_topo_shapefile",
        signature=frozenset({"id", "nature", "pos_sol"}),
        columns={
            "id": "id", "nature": "nature", "level": "pos_sol", "importance": "importance",
            "nom": "nom_1_g",
        },
    ),
    Profile(
        name="osm",
        signature=frozenset({"highway"}),
        columns={
            "id": "osm_id", "nature": "highway", "level": "layer", "bridge": "bridge",
            "tunnel": "tunnel", "nom": "name", "tags": "other_tags",
        },
    ),
    Profile(
        name="generic", signature=frozenset(),
        columns={"id": "road_id", "class": "road_class", "nature": "nature", "level": "level",
                 "nom": "nom"},
    ),
)  # fmt: skip
_TAG: Final = re.compile(r'"([^"]+)"=>"((?:[^"\\]|\\.)*)"')
_WHOLE: Final = re.compile(r"[+-]?\d{1,3}")
_NO: Final = frozenset({"", "no", "0", "false", "non"})


@dataclass(frozen=True, kw_only=True)
class RoadsIntake:
    """Roads as read.

    Parameters
    ----------
    roads
        Contract ``roads``, sorted by ``road_id``.
    rejected_rows
        Contract ``rejected_rows``.
    findings, origin
        What was understood; where the file comes from, with its checksum.
    rows_in, rows_used
        ``rows_in = rows_used + len(rejected_rows)``; a row of several lines gives several roads.
    """

    roads: gpd.GeoDataFrame
    rejected_rows: pd.DataFrame
    findings: Findings
    origin: Origin
    rows_in: int
    rows_used: int


def read_roads(
    path: str | Path,
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    crs: str | None = None,
    encoding: str | None = None,
    origin: Origin | None = None,
) -> RoadsIntake:
    """Read the roads along which a network may be laid.

    Parameters
    ----------
    path
        GeoPackage, Shapefile or GeoJSON with the columns of BD TOPO (``troncon_de_route``),
        OpenStreetMap (``highway``, ``layer``, ``bridge``, ``tunnel``, also inside ``other_tags``)
        or contract ``roads``; or GraphML as OSMnx writes it.
    layer, crs, encoding, origin
        As in :func:`planner.io.read_premises`.
    columns
        ``id``, ``class``, ``nature``, ``level``, ``importance``, ``bridge``, ``tunnel`` or ``nom``
        to the file's, where its format isn't one of those.

    Returns
    -------
    RoadsIntake
        Lines in EPSG:2154, without Z or M.  An identifier given several times gets ``#2``, ``#3``…
        A nature that isn't known gives the class ``other``, and a finding.

    Raises
    ------
    DataFileError
        Missing, empty or broken file, no CRS, no line at all, or all outside of the CRS.
    ContractError
        When ``columns`` names what isn't there.
    """
    path = Path(path)
    if path.suffix.lower() == ".graphml":
        read = _read_graphml(path)
    else:
        read = _read_layer(path, layer=layer, columns=columns, encoding=encoding)
    if not read.sieve.rows_in:
        raise file_failure("no_rows", file=path.name)
    with undefined_allowed():
        shapes = _place(read, crs or read.crs)
    about = origin or Origin(layer="roads", title=path.name, source=path.name, licence="")
    used = np.flatnonzero(read.sieve.kept)
    table = _table(read, shapes, used, about)
    strange = sorted({str(n) for n in table.loc[table["road_class"] == "other", "nature"]})
    if strange:
        read.notes.append(
            Finding.of(
                "io.road_nature", severity=Severity.WARNING, table="roads", place=path.name,
                count=int((table["road_class"] == "other").sum()), which=", ".join(strange[:8]),
            )
        )  # fmt: skip
    return RoadsIntake(
        roads=table,
        rejected_rows=read.sieve.rejected_rows(),
        findings=Findings.collect(read.notes, read.sieve.findings()),
        origin=replace(about, layer="roads", rows=len(table), sha256=hash_file(path)),
        rows_in=read.sieve.rows_in,
        rows_used=used.size,
    )


@dataclass(kw_only=True)
class _Read:
    """Rows of a file: cells as text by what they mean, shapes, where they lie."""

    cells: Mapping[str, Sequence[str | None]]
    shapes: NDArray[np.object_]
    crs: str | None
    sieve: RowSieve
    notes: list[Finding]
    format: str

    def cell(self, name: str, row: int) -> str:
        """Return a cell, empty where there is none."""
        return (self.cells[name][row] or "") if name in self.cells else ""


def _read_layer(
    path: Path, *, layer: str | None, columns: Mapping[str, str] | None, encoding: str | None
) -> _Read:
    source = open_source(path, layer=layer, encoding=encoding)
    if not source.has_geometry:
        raise file_failure("wrong_geometry", file=source.file, found="—", kind="LineString")
    mapped = map_columns(
        source.columns, file=source.file, table="roads", profiles=_PROFILES, required=(),
        columns=columns,
    )  # fmt: skip
    raw = source.read(mapped.names())
    return _Read(
        cells={ours: as_text(raw.table[name]).to_pylist() for ours, name in mapped.columns.items()},
        shapes=raw.geometry(), crs=source.crs,
        sieve=RowSieve(source.file, "roads", raw.rows, raw.broken),
        notes=[replace(finding, table="roads") for finding in raw.findings],
        format="osm" if fold("highway") in map(fold, source.columns) else "other",
    )  # fmt: skip


def _read_graphml(path: Path) -> _Read:
    if not path.is_file():
        raise file_failure("missing_file", file=path.name)
    try:
        graph = nx.read_graphml(path)
        where = {node: (float(d["x"]), float(d["y"])) for node, d in graph.nodes(data=True)}
        edges = [(f"{u}-{v}", u, v, data) for u, v, data in graph.edges(data=True)]
        shapes = [
            shapely.from_wkt(data["geometry"])
            if data.get("geometry")
            else shapely.LineString([where[u], where[v]])
            for _, u, v, data in edges
        ]
    except (*READ_FAILURES, ParseError, nx.NetworkXError, shapely.errors.ShapelyError) as error:
        raise file_failure("unreadable", file=path.name, detail=str(error)) from error
    cells: dict[str, list[str | None]] = {"id": [name for name, *_ in edges]}
    for ours, theirs in (("nature", "highway"), ("bridge", "bridge"), ("tunnel", "tunnel"),
                         ("level", "layer"), ("nom", "name")):  # fmt: skip
        cells[ours] = [_text(data.get(theirs)) for *_, data in edges]
    held = np.empty(len(shapes), dtype=object)
    held[:] = shapes
    stated = graph.graph.get("crs")
    return _Read(
        cells=cells, shapes=held, crs=None if stated is None else str(stated),
        sieve=RowSieve(path.name, "roads", numbered(len(edges))), notes=[], format="osm",
    )  # fmt: skip


def _text(value: Any) -> str | None:  # noqa: ANN401 (GraphML holds any type)
    """Return a cell; of the list of a simplified edge, its first element."""
    if value is None:
        return None
    text = str(value)
    listed = re.match(r"\[['\"]([^'\"]*)['\"]", text)
    return listed[1] if listed else text


def _place(read: _Read, crs: str | None) -> NDArray[np.object_]:
    """Return lines in EPSG:2154; rows without one are set aside."""
    shapes, sieve = read.shapes, read.sieve
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    sieve.set_aside(missing, "no_geometry", column="geometry", values=lambda rows: [""] * rows.size)
    strange = ~missing & ~np.isin(shapely.get_type_id(shapes), _LINES)
    if strange.any() and strange[~missing].all():
        found = shapes[np.flatnonzero(strange)[0]].geom_type
        raise file_failure("wrong_geometry", file=sieve.file, found=found, kind="LineString")
    sieve.set_aside(
        strange, "not_a_line", column="geometry",
        values=lambda rows: [shape.geom_type for shape in shapes[rows]],
    )  # fmt: skip
    deep = int((too_deep(shapes) & sieve.kept).sum())
    if deep:
        read.notes.append(
            Finding.of("io.z_dropped", severity=Severity.INFO, table="roads", place=sieve.file,
                       count=deep)
        )  # fmt: skip
    flat = np.asarray(shapely.force_2d(shapes), dtype=object)
    return place_shapes(flat, crs=crs, sieve=sieve)


def _table(
    read: _Read, shapes: NDArray[np.object_], used: NDArray[np.intp], about: Origin
) -> gpd.GeoDataFrame:
    lines, which = shapely.get_parts(shapes[used], return_index=True)
    rows = used[which].tolist()
    levels, bad = zip(*(_level(read, row) for row in rows), strict=True) if rows else ((), ())
    if any(bad):
        read.notes.append(
            Finding.of("io.road_level", severity=Severity.WARNING, table="roads",
                       place=read.sieve.file, count=sum(bad))
        )  # fmt: skip
    table = gpd.GeoDataFrame(
        {
            "road_id": [read.cell("id", row) or f"row-{read.sieve.rows[row]}" for row in rows],
            "road_class": [str(_class(read, row)) for row in rows],
            "nature": [read.cell("nature", row) or None for row in rows],
            "level": np.array(levels, np.int64),
            "nom": [read.cell("nom", row) or None for row in rows],
            "source": about.source,
            "synthetic": about.synthetic,
            "_bytes": shapely.to_wkb(lines),
        },
        geometry=gpd.GeoSeries(lines, crs=WORKING_CRS),
    ).sort_values(["road_id", "_bytes"], kind="stable", ignore_index=True)
    again = table.groupby("road_id").cumcount().to_numpy()
    suffix = pd.Series(again + 1).astype(str).radd("#").where(again > 0, "")
    table["road_id"] += suffix
    ordered: gpd.GeoDataFrame = table.drop(columns="_bytes").sort_values(
        "road_id", kind="stable", ignore_index=True
    )
    return ordered


def _class(read: _Read, row: int) -> RoadClass:
    stated = fold(read.cell("class", row))
    if stated:
        return next((c for c in RoadClass if stated == fold(c.value)), RoadClass.OTHER)
    nature = fold(read.cell("nature", row)).replace(" ", "_").replace("-", "_")
    if read.format == "osm":
        return _OSM.get(nature, RoadClass.OTHER)
    found = _BD_TOPO.get(nature, RoadClass.OTHER)
    if found is RoadClass.STREET and read.cell("importance", row).strip() in _MAIN_IMPORTANCE:
        return RoadClass.MAIN
    return found


def _level(read: _Read, row: int) -> tuple[int, bool]:
    """Return the level, and whether the cell that says it could not be understood."""
    tags = dict(_TAG.findall(read.cell("tags", row)))
    stated = (read.cell("level", row) or tags.get("layer", "")).strip().removesuffix(".0")
    known = _WHOLE.fullmatch(stated)
    if known and int(stated):
        return int(stated), False
    if (read.cell("bridge", row) or tags.get("bridge", "")) not in _NO:
        return 1, False
    if (read.cell("tunnel", row) or tags.get("tunnel", "")) not in _NO:
        return -1, False
    return 0, bool(stated) and known is None and "gue" not in fold(stated)

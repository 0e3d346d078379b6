"""Shapes: validity, overlaps of sectors, gaps between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.quality._anomalies import Batch, Shapes, click_points, mended
from planner.quality._rules import QualityRules
from planner.schemas import CONTRACTS
from planner.spatial import PolygonIndex
from planner.texts import Message, catalogue
from planner.vocab import RegulatoryZone, Severity

__all__ = ["find_gaps", "find_overlaps", "find_wrong_shapes"]

_POLYGONS: Final = (3, 6)
_WHERE: Final = re.compile(r"^(.*?)\s*\[(\S+) (\S+)\]$")


def keys_of(name: str, frame: pd.DataFrame) -> list[str]:
    """Return the key of each row as one text."""
    columns = [frame[column].astype("str").tolist() for column in CONTRACTS[name].key]
    return ["/".join(parts) for parts in zip(*columns, strict=True)]


def find_wrong_shapes(tables: Mapping[str, pd.DataFrame]) -> Iterator[Batch]:
    """Find missing and invalid geometries, with what is wrong and where."""
    for name, frame in tables.items():
        if not isinstance(frame, gpd.GeoDataFrame) or frame.empty:
            continue
        shapes = frame.geometry.to_numpy()
        missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
        rows = np.flatnonzero(missing)
        if rows.size:
            yield Batch(
                rule="geometry.empty", severity=Severity.SERIOUS, table=name, column="geometry",
                keys=keys_of(name, frame.iloc[rows]),
            )  # fmt: skip
        rows = np.flatnonzero(~missing & ~shapely.is_valid(shapes))
        if rows.size:
            reasons = shapely.is_valid_reason(shapes[rows])
            places = click_points(shapes[rows])
            said = []
            for number, reason in enumerate(reasons.tolist()):
                text, at = _read_reason(reason)
                said.append(text)
                if at is not None:
                    places[number] = at
            yield Batch(
                rule="geometry.invalid", severity=Severity.SERIOUS, table=name, column="geometry",
                keys=keys_of(name, frame.iloc[rows]), facts={"reason": said},
                x_m=places[:, 0], y_m=places[:, 1], shapes=mended(shapes[rows]),
            )  # fmt: skip


def _read_reason(reason: str) -> tuple[Message | str, tuple[float, float] | None]:
    """Read what GEOS says: the fault, put into the reader's language, and where it is."""
    match = _WHERE.match(reason)
    fault, at = reason, None
    if match:
        fault = match[1]
        at = float(match[2]), float(match[3])
    key = "quality.reason_" + re.sub(r"\W+", "_", fault.lower()).strip("_")
    said: Message | str = Message.of(key) if key in catalogue() else fault
    return said, at if at is not None and np.isfinite(at).all() else None


def _wide(shapes: Shapes, *, area_m2: float, sliver_m: float) -> NDArray[np.bool_]:
    """Tell which areas are more than the noise of drawing: large enough, and wide enough."""
    area, length = shapely.area(shapes), shapely.length(shapes)
    return (area >= area_m2) & (2.0 * area >= sliver_m * length)


def _flat(shapes: Shapes, *, area_m2: float, sliver_m: float) -> Shapes:
    """Keep of each shape the polygons that are more than noise; None where nothing is left."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    inner, of_part = shapely.get_parts(parts, return_index=True)  # a collection may hold multi ones
    owner = owner[of_part]
    kept = np.isin(shapely.get_type_id(inner), _POLYGONS)
    kept &= _wide(inner, area_m2=area_m2, sliver_m=sliver_m)
    whole = np.full(len(shapes), None, dtype=object)
    if kept.any():
        rows, indices = np.unique(owner[kept], return_inverse=True)
        whole[rows] = shapely.multipolygons(inner[kept], indices=indices)
    return whole


def find_overlaps(sectors: gpd.GeoDataFrame, *, rules: QualityRules) -> Iterator[Batch]:
    """Find the pairs of sectors that share an area."""
    table = sectors.sort_values("sector_id").reset_index(drop=True)
    shapes = mended(table.geometry.to_numpy())
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    common = _flat(
        shapely.intersection(shapes[one], shapes[other]),
        area_m2=rules.overlap_m2, sliver_m=rules.sliver_m,
    )  # fmt: skip
    rows = np.flatnonzero(~shapely.is_missing(common))
    if not rows.size:
        return
    ids = table["sector_id"].astype("str").tolist()
    pairs = sorted(rows.tolist(), key=lambda row: (ids[one[row]], ids[other[row]]))
    common = common[pairs]
    places = click_points(common)
    yield Batch(
        rule="sectors.overlap", severity=Severity.WARNING, table="sectors", column="geometry",
        keys=[f"{ids[one[row]]} + {ids[other[row]]}" for row in pairs],
        facts={"area": shapely.area(common).tolist()},
        x_m=places[:, 0], y_m=places[:, 1], shapes=common,
    )  # fmt: skip


def find_gaps(
    sectors: gpd.GeoDataFrame,
    communes: gpd.GeoDataFrame,
    premises: pd.DataFrame,
    *,
    rules: QualityRules,
) -> Iterator[Batch]:
    """Find what sectors leave uncovered of each commune of public initiative."""
    public = communes.loc[communes["regulatory_zone"].astype(str) == RegulatoryZone.PUBLIC.value]
    public = public.sort_values("insee").reset_index(drop=True)
    if public.empty:
        return
    towns, shapes = mended(public.geometry.to_numpy()), mended(sectors.geometry.to_numpy())
    left = _flat(_uncovered(towns, shapes), area_m2=rules.gap_m2, sliver_m=rules.sliver_m)
    rows = np.flatnonzero(~shapely.is_missing(left))
    if not rows.size:
        return
    left = left[rows]
    places = click_points(left)
    yield Batch(
        rule="sectors.gap", severity=Severity.WARNING, table="communes", column="geometry",
        keys=public["insee"].astype("str").iloc[rows].tolist(),
        facts={
            "nom": public["nom"].astype(str).iloc[rows].tolist(),
            "area": shapely.area(left).tolist(),
            "share": (shapely.area(left) / shapely.area(towns[rows])).tolist(),
            "premises": _premises_in(left, premises),
        },
        x_m=places[:, 0], y_m=places[:, 1], shapes=left,
    )  # fmt: skip


def _uncovered(towns: Shapes, shapes: Shapes) -> Shapes:
    """Return what no sector covers of each commune."""
    town, sector = shapely.STRtree(shapes).query(towns, predicate="intersects")
    covers = np.full(len(towns), shapely.Polygon(), dtype=object)
    order = np.lexsort((sector, town))
    town, sector = town[order], sector[order]
    for rows in np.split(np.arange(town.size), np.flatnonzero(np.diff(town)) + 1):
        if rows.size:
            covers[town[rows[0]]] = shapely.union_all(shapes[sector[rows]])
    left: Shapes = shapely.difference(towns, covers)
    return left


def _premises_in(shapes: Shapes, premises: pd.DataFrame) -> list[int]:
    """Count the premises in each of a few shapes that don't overlap."""
    if premises.empty:
        return [0] * len(shapes)
    x = premises["x_m"].to_numpy(dtype=np.float64)
    y = premises["y_m"].to_numpy(dtype=np.float64)
    place = PolygonIndex(shapes).locate(x, y)
    weight = premises["premises_min"].to_numpy(dtype=np.int64)
    counts = np.bincount(place[place >= 0], weights=weight[place >= 0], minlength=len(shapes))
    return [int(count) for count in counts]

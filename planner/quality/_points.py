"""Premises: in their commune, once each, in a sector."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.quality._anomalies import Batch, mended
from planner.quality._rules import QualityRules
from planner.spatial import PolygonIndex
from planner.vocab import RegulatoryZone, Severity

__all__ = ["CommuneIndex", "find_misplaced", "find_outside_sectors", "find_twins"]

_CELLS_A_METRE: Final = 10  # the decimetre: below it two positions are one
_SHIFT: Final = 1 << 32  # coordinates of the area in decimetres fit in 32 bits
_NOBODY: Final = -1


class CommuneIndex:
    """The communes in the order of their codes, to look points up in.

    Parameters
    ----------
    communes
        Contract ``communes``.
    """

    def __init__(self, communes: gpd.GeoDataFrame) -> None:
        table = communes.sort_values("insee").reset_index(drop=True)
        self.codes: NDArray[np.object_] = table["insee"].astype(str).to_numpy(dtype=object)
        self.names: NDArray[np.object_] = table["nom"].astype(str).to_numpy(dtype=object)
        zones = table["regulatory_zone"].astype(str).to_numpy(dtype=object)
        self.public: NDArray[np.bool_] = zones == RegulatoryZone.PUBLIC.value
        self.shapes: NDArray[np.object_] = mended(table.geometry.to_numpy())
        self._index = PolygonIndex(self.shapes)

    def locate(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return the row of the commune of each point, -1 where there is none."""
        return self._index.locate(x, y)

    def codes_at(
        self, x: NDArray[np.float64] | None, y: NDArray[np.float64] | None, count: int
    ) -> tuple[str | None, ...]:
        """Return the code of the commune of each point, None where there is none."""
        if x is None or y is None:
            return (None,) * count
        rows = self.locate(x, y)
        return tuple(self.codes[row] if row >= 0 else None for row in rows.tolist())

    def rows_of(self, codes: pd.Series[Any]) -> NDArray[np.int64]:
        """Return the row of the commune of each code, -1 where it is unknown."""
        index = pd.Index(self.codes)
        if isinstance(codes.dtype, pd.CategoricalDtype):
            places = index.get_indexer(codes.cat.categories.astype(object))
            return np.append(places, _NOBODY)[codes.cat.codes.to_numpy()].astype(np.int64)
        return index.get_indexer(pd.Index(codes.astype(object))).astype(np.int64)


def _xy(premises: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return (
        premises["x_m"].to_numpy(dtype=np.float64),
        premises["y_m"].to_numpy(dtype=np.float64),
    )


def _ids(premises: pd.DataFrame, rows: NDArray[np.intp]) -> list[str]:
    return premises["premise_id"].iloc[rows].astype(str).tolist()


def find_misplaced(
    premises: pd.DataFrame, index: CommuneIndex, located: NDArray[np.int32], *, rules: QualityRules
) -> Iterator[Batch]:
    """Find premises that don't stand in the commune that they name, with the way back to it.

    A premise on the border of its own commune stands in it, whichever commune the rule of borders
    gives it to.
    """
    x, y = _xy(premises)
    lost = np.flatnonzero(~(np.isfinite(x) & np.isfinite(y)))
    if lost.size:
        yield Batch(
            rule="premises.no_position", severity=Severity.SERIOUS, table="premises",
            column="x_m", keys=_ids(premises, lost),
        )  # fmt: skip
    named = index.rows_of(premises["insee"])
    rows = np.flatnonzero((named >= 0) & (named != located) & np.isfinite(x) & np.isfinite(y))
    points = np.asarray(shapely.points(x[rows], y[rows]), dtype=object)
    own = index.shapes[named[rows]]
    distance = shapely.distance(points, own)
    far = (distance > rules.commune_m) & ~shapely.intersects(points, own)
    rows, points, own, distance = rows[far], points[far], own[far], distance[far]
    if not rows.size:
        return
    actual = located[rows]
    yield Batch(
        rule="premises.out_of_commune", severity=Severity.WARNING, table="premises",
        column="insee", keys=_ids(premises, rows),
        facts={
            "nom": index.names[named[rows]].tolist(),
            "insee": index.codes[named[rows]].tolist(),
            "distance": distance.tolist(),
            "actual": np.append(index.names, "—")[actual].tolist(),
            "actual_insee": np.append(index.codes, "—")[actual].tolist(),
        },
        x_m=x[rows], y_m=y[rows], shapes=shapely.shortest_line(points, own),
    )  # fmt: skip


def find_twins(premises: pd.DataFrame) -> Iterator[Batch]:
    """Find two buildings at one position, to the decimetre: one building given twice, often."""
    x, y = _xy(premises)
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    cells = np.rint(x[known] * _CELLS_A_METRE).astype(np.int64) * _SHIFT
    cells += np.rint(y[known] * _CELLS_A_METRE).astype(np.int64)
    order = np.argsort(cells, kind="stable")
    known, cells = known[order], cells[order]
    again = np.append(False, cells[1:] == cells[:-1])[: len(cells)]
    shared = again | np.append(again[1:], False)[: len(cells)]
    rows, group = known[shared], np.cumsum(~again)[shared]
    if not rows.size:
        return
    building, _ = pd.factorize(premises["building_id"].iloc[rows], use_na_sentinel=False)
    frame = pd.DataFrame({"group": group, "building": building, "row": rows})
    first = frame.drop_duplicates(["group", "building"])  # one row a building
    held = first.groupby("group")["building"].transform("size")
    twins = first[held.to_numpy() > 1].assign(count=held[held > 1])
    if twins.empty:
        return
    twins["id"] = _ids(premises, twins["row"].to_numpy(dtype=np.intp))
    twins = twins.sort_values(["group", "id"], kind="stable")
    kept = twins.drop_duplicates("group")
    others = twins.loc[twins.groupby("group").cumcount() == 1, "id"]
    at = kept["row"].to_numpy(dtype=np.intp)
    yield Batch(
        rule="premises.duplicate", severity=Severity.WARNING, table="premises",
        column="building_id", keys=kept["id"].tolist(),
        facts={"count": kept["count"].tolist(), "other": others.tolist()},
        x_m=x[at], y_m=y[at],
    )  # fmt: skip


def find_outside_sectors(
    premises: pd.DataFrame, index: CommuneIndex, located: NDArray[np.int32]
) -> Iterator[Batch]:
    """Find public premises that no sector holds."""
    if "sector_id" not in premises.columns:
        return
    public = np.append(index.public, False)[located]
    rows = np.flatnonzero(public & premises["sector_id"].isna().to_numpy(dtype=bool))
    if not rows.size:
        return
    x, y = _xy(premises)
    yield Batch(
        rule="premises.outside_sectors", severity=Severity.WARNING, table="premises",
        column="sector_id", keys=_ids(premises, rows),
        facts={"nom": index.names[located[rows]].tolist()}, x_m=x[rows], y_m=y[rows],
    )  # fmt: skip

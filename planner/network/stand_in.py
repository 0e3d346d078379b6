"""A stand-in for roads where none are given: links between the places where premises stand.

It says *synthetic*: it has about the lengths that roads have, not their lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from planner.crs import WORKING_CRS
from planner.errors import RuleError
from planner.network._ways import MM_PER_M, Floats, Ints, Ways, lay_ways
from planner.texts import Message

__all__ = ["StandInRules", "make_stand_in"]

_FEWEST: Final = 4
"""Places below which nothing can be triangulated: they are joined in a row."""


@dataclass(frozen=True, kw_only=True)
class StandInRules:
    """How the stand-in is made; these are choices, not measures of a road network.

    Parameters
    ----------
    cell_m
        Premises of one square cell of this side share one place, metres.
    longest_m
        Longest link, metres: farther places stay apart, as islands do.
    buried_m
        Links up to this length are laid in a trench, longer ones on poles, metres: houses stand
        close together where cables are buried.
    buried, aerial
        Items of the price book for the two.
    """

    cell_m: float = 100.0
    longest_m: float = 3000.0
    buried_m: float = 130.0
    buried: str = "trench_unpaved"
    aerial: str = "existing_poles"


def make_stand_in(premises: pd.DataFrame, *, rules: StandInRules = StandInRules()) -> Ways:
    """Link the places where premises stand by the Gabriel graph of those places.

    Two places are linked when no third one lies in the circle whose diameter they are: a planar
    graph that holds the minimum spanning tree, so that only links too long leave pieces apart.

    Parameters
    ----------
    premises
        ``x_m`` and ``y_m``, EPSG:2154; at least two places.
    rules
        How it is made.

    Raises
    ------
    RuleError
        When premises stand in fewer than two places.
    """
    x_mm, y_mm = _places(premises, rules.cell_m)
    if x_mm.size < 2:  # noqa: PLR2004 (a link has two ends)
        raise RuleError(Message.of("design.nothing"), Message.of("design.nothing_remedy"))
    x, y = x_mm / MM_PER_M, y_mm / MM_PER_M
    a, b = _gabriel(x, y)
    length = np.hypot(x[a] - x[b], y[a] - y[b])
    kept = length <= rules.longest_m
    if kept.any():
        a, b, length = a[kept], b[kept], length[kept]
    ends = np.stack([np.column_stack([x[a], y[a]]), np.column_stack([x[b], y[b]])], axis=1)
    # named by its ends, so that a new house elsewhere renames nothing here
    ids = [
        f"{p}:{q}-{r}:{s}" for p, q, r, s in zip(x_mm[a], y_mm[a], x_mm[b], y_mm[b], strict=True)
    ]
    table = gpd.GeoDataFrame(
        {"edge_id": ids, "laying": np.where(length <= rules.buried_m, rules.buried, rules.aerial)},
        geometry=shapely.linestrings(ends),
        crs=WORKING_CRS,
    )
    return lay_ways(table, spacing_m=None, synthetic=True)


def _places(premises: pd.DataFrame, cell_m: float) -> tuple[Ints, Ints]:
    """Return the mean position of the premises of each cell, whole millimetres, sorted."""
    x = np.rint(premises["x_m"].to_numpy(dtype=np.float64) * MM_PER_M).astype(np.int64)
    y = np.rint(premises["y_m"].to_numpy(dtype=np.float64) * MM_PER_M).astype(np.int64)
    side = round(cell_m * MM_PER_M)
    column, row = x // side, y // side
    key = (column - column.min()) * (int(row.max() - row.min()) + 1) + (row - row.min())
    _, inverse, count = np.unique(key, return_inverse=True, return_counts=True)
    # whole numbers add up the same in any order
    total = np.zeros((2, count.size), np.int64)
    np.add.at(total[0], inverse, x)
    np.add.at(total[1], inverse, y)
    places = np.unique((total // count).T, axis=0)
    return places[:, 0], places[:, 1]


def _gabriel(x: Floats, y: Floats) -> tuple[Ints, Ints]:
    """Return the links of the Gabriel graph, smaller end first, sorted."""
    flat = np.ptp(x) == 0 or np.ptp(y) == 0
    if x.size < _FEWEST or flat:
        order = np.lexsort((y, x))
        pairs = np.sort(np.column_stack([order[:-1], order[1:]]), axis=1)
        return pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64)
    corners = Delaunay(np.column_stack([x - x.mean(), y - y.mean()])).simplices.astype(np.int64)
    sides = np.concatenate([corners[:, [0, 1, 2]], corners[:, [1, 2, 0]], corners[:, [2, 0, 1]]])
    a, b, opposite = np.minimum(sides[:, 0], sides[:, 1]), sides[:, :2].max(axis=1), sides[:, 2]
    # the angle at the opposite corner is right or acute: it lies on the circle or outside
    beyond: NDArray[np.bool_] = (x[a] - x[opposite]) * (x[b] - x[opposite]) + (
        y[a] - y[opposite]
    ) * (y[b] - y[opposite]) < 0
    key = a * x.size + b
    refused = np.unique(key[beyond])
    links = np.setdiff1d(key, refused)
    return links // x.size, links % x.size

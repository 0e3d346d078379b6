"""How far a request lies from the network: along its supports, or by a stated estimate."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

__all__ = ["Supports", "distance_along", "distance_straight"]

Floats = NDArray[np.float64]
_CENTIMETRE = 2  # decimals by which two ends are one node


@dataclass(frozen=True, kw_only=True, eq=False)
class Supports:
    """The support graph, and the part of it that the network follows.

    Parameters
    ----------
    ways
        ``edge_id`` and lines in EPSG:2154, cut where they meet.
    routes
        Contract ``routes``: the network designed; its ``edge_id`` are those of ``ways``.
    """

    ways: gpd.GeoDataFrame
    routes: pd.DataFrame


def distance_along(supports: Supports, x: Floats, y: Floats) -> Floats:
    """Return metres to the network: straight to the nearest support, then along supports.

    NaN where no support leads to the network.
    """
    ways = supports.ways.sort_values("edge_id", kind="stable")
    lines = np.asarray(ways.geometry.array, dtype=object)
    if not len(lines) or not len(x):
        return np.full(len(x), np.nan)
    served = ways["edge_id"].astype(str).isin(set(supports.routes["edge_id"].astype(str)))
    on_network = served.to_numpy(bool)
    ends = np.concatenate(
        [shapely.get_coordinates(shapely.get_point(lines, place)) for place in (0, -1)]
    ).round(_CENTIMETRE)
    nodes, node_of = np.unique(ends, axis=0, return_inverse=True)
    node_of = node_of.reshape(-1)
    first, last = node_of[: len(lines)], node_of[len(lines) :]
    lengths = shapely.length(lines)
    reach = _reach(first, last, lengths, on_network, count=len(nodes))
    points = shapely.points(x, y)
    _, nearest = shapely.STRtree(lines).query_nearest(points, all_matches=False)
    aside = shapely.distance(points, lines[nearest])
    along = shapely.line_locate_point(lines[nearest], points)
    walked = np.minimum(
        along + reach[first[nearest]], lengths[nearest] - along + reach[last[nearest]]
    )
    total = aside + np.where(on_network[nearest], 0.0, walked)
    return np.where(np.isfinite(total), total, np.nan)


def _reach(
    first: NDArray[np.intp],
    last: NDArray[np.intp],
    lengths: Floats,
    on_network: NDArray[np.bool_],
    *,
    count: int,
) -> Floats:
    """Return metres of support from each node to the network; infinite where none leads there."""
    sources = np.unique(np.concatenate([first[on_network], last[on_network]]))
    if not len(sources):
        return np.full(count, np.inf)
    order = np.lexsort((lengths, np.maximum(first, last), np.minimum(first, last)))
    pairs = np.column_stack([np.minimum(first, last), np.maximum(first, last)])[order]
    keep = np.ones(len(order), dtype=bool)  # of parallel supports, the shortest
    keep[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    graph = coo_array(
        (lengths[order][keep], (pairs[keep, 0], pairs[keep, 1])), shape=(count, count)
    ).tocsr()
    reach: Floats = dijkstra(graph, directed=False, indices=sources, min_only=True)
    return reach


def distance_straight(
    targets: NDArray[np.object_], x: Floats, y: Floats, *, detour: float
) -> Floats:
    """Return metres as the crow flies to the nearest target, times the detour; NaN without any."""
    if not len(targets) or not len(x):
        return np.full(len(x), np.nan)
    points = shapely.points(x, y)
    _, nearest = shapely.STRtree(targets).query_nearest(points, all_matches=False)
    straight: Floats = shapely.distance(points, targets[nearest])
    return straight * detour

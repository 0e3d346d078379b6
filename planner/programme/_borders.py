"""Which areas are neighbours: the length of their common border.

In a clean coverage two neighbours hold the same segment, one each way, so that common borders are
segments seen twice.  Pairs that touch without an equal segment (given areas whose corners don't
meet) are intersected one by one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

__all__ = ["common_borders"]

Integers = npt.NDArray[np.int64]

_LEAST_M = 0.5


def common_borders(areas: npt.NDArray[np.object_]) -> tuple[Integers, Integers]:
    """Return the pairs of neighbours and the length of their common border in whole metres.

    Parameters
    ----------
    areas
        Polygons or MultiPolygons, in metres.

    Returns
    -------
    tuple
        Pairs of positions i < j, sorted, shape (pairs, 2); metres, at least 1, shape (pairs,).  A
        border shorter than half a metre is none: areas that meet at a corner are no neighbours.
    """
    tree = shapely.STRtree(areas)
    pairs = tree.query(areas, predicate="intersects").T
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    if len(pairs) == 0:
        return np.zeros((0, 2), np.int64), np.zeros(0, np.int64)
    length = _equal_segments(areas, pairs)
    other = np.flatnonzero(length == 0)
    if len(other):
        shared = shapely.intersection(
            shapely.boundary(areas[pairs[other, 0]]), shapely.boundary(areas[pairs[other, 1]])
        )
        length[other] = shapely.length(shared)
    near = length >= _LEAST_M
    return pairs[near].astype(np.int64), np.maximum(1, np.rint(length[near])).astype(np.int64)


def _equal_segments(
    areas: npt.NDArray[np.object_], pairs: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    """Return the length of the segments that both areas of each pair hold."""
    rings, area = shapely.get_rings(areas, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    inside = ring[1:] == ring[:-1]
    start, end, owner = points[:-1][inside], points[1:][inside], area[ring[:-1][inside]]
    swap = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    low, high = np.where(swap[:, None], end, start), np.where(swap[:, None], start, end)
    key = np.concatenate([low, high], axis=1)
    order = np.lexsort((owner, key[:, 3], key[:, 2], key[:, 1], key[:, 0]))
    key, owner = key[order], owner[order]
    twin = (key[1:] == key[:-1]).all(axis=1) & (owner[1:] != owner[:-1])
    first, second = owner[:-1][twin], owner[1:][twin]
    metres = np.hypot(*(key[:-1][twin, 2:] - key[:-1][twin, :2]).T)
    count = len(areas)
    code = np.minimum(first, second) * count + np.maximum(first, second)
    every = pairs[:, 0] * count + pairs[:, 1]
    at = np.minimum(np.searchsorted(every, code), len(every) - 1)
    known = every[at] == code
    length: npt.NDArray[np.float64] = np.bincount(at[known], metres[known], len(every)).astype(
        float
    )
    return length

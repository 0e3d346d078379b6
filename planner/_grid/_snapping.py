"""Rings of coordinates made into edges of integers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from planner._grid._layout import Floats, Ints
from planner.compiling import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["snap_edges", "sum_lengths"]


@compiled
def sum_lengths(coordinates: Floats, ring_sizes: NDArray[np.int64]) -> float:
    """Return the length of all rings, in the unit of their coordinates."""
    total = 0.0
    vertex = 0
    for size in ring_sizes:
        for k in range(vertex + 1, vertex + size):
            dx = coordinates[k, 0] - coordinates[k - 1, 0]
            dy = coordinates[k, 1] - coordinates[k - 1, 1]
            total += np.sqrt(dx * dx + dy * dy)
        vertex += size
    return total


@compiled
def snap_edges(
    coordinates: Floats,
    ring_sizes: NDArray[np.int64],
    ring_owners: Ints,
    x0: float,
    y0: float,
    scale: float,
) -> tuple[Ints, Ints]:
    """Return the edges as ax, ay, bx, by in units, and the polygon of each."""
    edges = np.empty((len(coordinates) - len(ring_owners), 4), np.int32)
    owners = np.empty(len(edges), np.int32)
    e = 0
    start = 0
    for ring in range(len(ring_owners)):
        bx = 2 * int((coordinates[start, 0] - x0) * scale)
        by = 2 * int((coordinates[start, 1] - y0) * scale)
        for vertex in range(start + 1, start + ring_sizes[ring]):
            ax, ay = bx, by
            bx = 2 * int((coordinates[vertex, 0] - x0) * scale)
            by = 2 * int((coordinates[vertex, 1] - y0) * scale)
            # upward, so that the two copies of a shared edge are the same four numbers
            if ay < by or (ay == by and ax <= bx):
                edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3] = ax, ay, bx, by
            else:
                edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3] = bx, by, ax, ay
            owners[e] = ring_owners[ring]
            e += 1
        start += ring_sizes[ring]
    return edges, owners

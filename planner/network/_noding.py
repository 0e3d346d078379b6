"""Ways cut where they meet: crossings at one level, ends that touch, duplicates as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

__all__ = ["Lines", "Noded", "node_lines"]

_DIGITS: Final = 3  # millimetres
_SAME_M: Final = 0.002
"""Two ends this near are one place even at unlike levels: both were rounded to the millimetre."""
_LINE: Final = 1
_LINES: Final = 5

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Objects = NDArray[np.object_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Lines:
    """Ways to cut, one array each: identifier, shape, level, laying, source, made up or not."""

    way_id: Objects
    shape: Objects
    level: Ints
    laying: Objects
    source: Objects
    synthetic: NDArray[np.bool_]

    def take(self, rows: Ints) -> Self:
        """Return some of them."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @classmethod
    def joined(cls, several: Sequence[Self]) -> Self:
        """Return several as one."""
        return cls(
            **{f.name: np.concatenate([getattr(s, f.name) for s in several]) for f in fields(cls)}
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Noded:
    """Places and pieces; ``line`` is the row of each piece's way, from smaller to larger place."""

    x_m: Floats
    y_m: Floats
    u: Ints
    v: Ints
    shape: Objects
    line: Ints
    edge_id: Objects
    merged: int
    collapsed: int


def node_lines(lines: Lines, *, snap_m: float, price: Mapping[str, int]) -> Noded:
    """Cut lines where they meet.

    Parameters
    ----------
    lines
        The ways, in an order that doesn't depend on that of their rows.
    snap_m
        Ends and crossings at most so far apart are one place.
    price
        Of two pieces that run together, the one whose laying is cheaper stays.
    """
    shape = shapely.transform(lines.shape, lambda points: np.round(points, _DIGITS))
    shape, of = _untangle(np.asarray(shape, dtype=object))
    level = lines.level[of]
    line, x, y = _crossings(shape, level, snap_m)
    coordinates, piece, piece_line, bare_end = _cut(shape, line, x, y)
    last = np.flatnonzero(np.append(piece[1:] != piece[:-1], True))
    first = np.append(0, last[:-1] + 1)
    at = np.concatenate([first, last])
    place, x_m, y_m = _places(coordinates[at], np.tile(level[piece_line], 2), bare_end[at], snap_m)
    coordinates[at] = np.column_stack([x_m, y_m])[place]
    u, v = place[: first.size], place[first.size :]
    moves = np.append(True, (coordinates[1:] != coordinates[:-1]).any(axis=1))
    moves[first] = True
    size = np.add.reduceat(moves.astype(np.int64), first)
    edge_id = _name(lines.way_id[of[piece_line]])
    drawn = np.flatnonzero(size > 1)
    coordinates, piece = coordinates[moves], piece[moves]
    inside = size[piece] > 1
    number = np.cumsum(size > 1) - 1
    shapes = shapely.linestrings(coordinates[inside], indices=number[piece[inside]])
    u, v, way = u[drawn], v[drawn], of[piece_line[drawn]]
    edge_id = edge_id[drawn]
    whole = (u != v) | (shapely.length(shapes) > 2 * snap_m)
    shapes, u, v, way, edge_id = (a[whole] for a in (shapes, u, v, way, edge_id))
    back = u > v
    shapes[back] = shapely.reverse(shapes[back])
    u, v = np.minimum(u, v), np.maximum(u, v)
    rate = np.array([price[kind] for kind in lines.laying.tolist()], np.int64)[way]
    kept = _without_twins(shapes, u, v, rate, snap_m)
    used = np.unique(np.concatenate([u[kept], v[kept]]))
    rank = np.full(x_m.size, -1)
    rank[used] = np.arange(used.size)
    return Noded(
        x_m=x_m[used], y_m=y_m[used], u=rank[u[kept]], v=rank[v[kept]], shape=shapes[kept],
        line=way[kept], edge_id=edge_id[kept], merged=int(whole.sum() - kept.size),
        collapsed=int(size.size - whole.sum()),
    )  # fmt: skip


def _untangle(shape: Objects) -> tuple[Objects, Ints]:
    """Cut lines where they meet themselves; return the parts, and the line of each."""
    tangled = np.flatnonzero(~shapely.is_simple(shape))
    if not tangled.size:
        return shape, np.arange(shape.size)
    parts, which = shapely.get_parts(
        np.array([shapely.node(shape[row]) for row in tangled], dtype=object), return_index=True
    )
    simple = np.setdiff1d(np.arange(shape.size), tangled)
    of = np.concatenate([simple, tangled[which]])
    order = np.argsort(of, kind="stable")
    return np.concatenate([shape[simple], parts])[order], of[order]


def _crossings(shape: Objects, level: Ints, snap_m: float) -> tuple[Ints, Floats, Floats]:
    """List the points where each line must be cut."""
    tree = shapely.STRtree(shape)
    a, b = tree.query(shape, predicate="intersects")
    pairs = (a < b) & (level[a] == level[b])
    a, b = a[pairs], b[pairs]
    met = np.asarray(shapely.intersection(shape[a], shape[b]), dtype=object)
    # where lines run together GEOS gives each straight part apart: a bend is no place to cut
    runs = shapely.get_type_id(met) == _LINES
    met[runs] = shapely.line_merge(met[runs])
    met, pair = shapely.get_parts(met, return_index=True)
    met, inner = shapely.get_parts(met, return_index=True)
    pair = pair[inner]
    long = shapely.get_type_id(met) == _LINE
    points = np.concatenate(
        [met[~long], shapely.get_point(met[long], 0), shapely.get_point(met[long], -1)]
    )
    pair = np.concatenate([pair[~long], pair[long], pair[long]])
    # ends that stop on another way, or just short of it
    ends = np.concatenate([shapely.get_point(shape, 0), shapely.get_point(shape, -1)])
    end, other = tree.query(ends, predicate="dwithin", distance=max(snap_m, _SAME_M))
    near = shapely.distance(ends[end], shape[other])
    own = end % shape.size
    touch = (own != other) & ((near <= _SAME_M) | ((level[own] == level[other]) & (near <= snap_m)))
    end, other = end[touch], other[touch]
    foot = shapely.line_interpolate_point(
        shape[other], shapely.line_locate_point(shape[other], ends[end])
    )
    line = np.concatenate([a[pair], b[pair], other])
    where = shapely.get_coordinates(np.concatenate([points, points, foot]))
    return line, where[:, 0], where[:, 1]


def _cut(
    shape: Objects, line: Ints, x: Floats, y: Floats
) -> tuple[Floats, Ints, Ints, NDArray[np.bool_]]:
    """Cut lines; return vertices, the piece of each, the line of each piece, which end a line."""
    along = shapely.line_locate_point(shape[line], shapely.points(x, y))
    inside = (along > 1e-3) & (along < shapely.length(shape[line]) - 1e-3)  # noqa: PLR2004 (mm)
    line, along = line[inside], along[inside]
    where = np.round(np.column_stack([x, y])[inside], _DIGITS)
    order = np.lexsort((where[:, 1], where[:, 0], along, line))
    line, along, where = line[order], along[order], where[order]
    fresh = np.append(True, (line[1:] != line[:-1]) | (np.diff(along) > 1e-3))[: line.size]  # noqa: PLR2004
    line, along, where = line[fresh], along[fresh], where[fresh]
    vertices, owner = shapely.get_coordinates(shape, return_index=True)
    step = np.append(0.0, np.hypot(*np.diff(vertices, axis=0).T))
    start = np.append(True, owner[1:] != owner[:-1])
    step[start] = 0.0
    run = np.cumsum(step)
    run -= run[np.flatnonzero(start)][owner]
    final = np.append(owner[1:] != owner[:-1], True)
    count = line.size
    # of a cut, the first row ends a piece and the second begins the next
    every = np.concatenate([vertices, where, where])
    owners = np.concatenate([owner, line, line])
    places = np.concatenate([run, along, along])
    kind = np.concatenate([np.where(final, 3, 0), np.full(count, 1), np.full(count, 2)])
    order = np.lexsort((kind, places, owners))
    begins = np.concatenate([start, np.zeros(count, bool), np.ones(count, bool)])[order]
    piece = np.cumsum(begins) - 1
    bare = np.concatenate([start | final, np.zeros(2 * count, bool)])[order]
    return every[order], piece, owners[order][begins], bare


def _places(
    points: Floats, level: Ints, bare: NDArray[np.bool_], snap_m: float
) -> tuple[Ints, Floats, Floats]:
    """Gather ends into places; return the place of each end, and the places by x, then y."""
    keys, of = np.unique(
        np.column_stack([np.rint(points * 10**_DIGITS).astype(np.int64), level, bare]),
        axis=0, return_inverse=True,
    )  # fmt: skip
    spot = keys[:, :2] / 10**_DIGITS
    pairs = KDTree(spot).query_pairs(max(snap_m, _SAME_M), output_type="ndarray")
    a, b = pairs[:, 0], pairs[:, 1]
    far = np.hypot(*(spot[a] - spot[b]).T)
    joined = ((keys[a, 2] == keys[b, 2]) & (far <= snap_m)) | (
        (far <= _SAME_M) & ((keys[a, 3] > 0) | (keys[b, 3] > 0))
    )
    a, b = a[joined], b[joined]
    matrix = coo_array((np.ones(a.size, np.int8), (a, b)), shape=(len(keys), len(keys)))
    count, label = connected_components(matrix, directed=False)
    # keys are sorted by x, then y: the first of each group stands for it, and orders the places
    first = np.full(count, len(keys))
    np.minimum.at(first, label, np.arange(len(keys)))
    order = np.argsort(first)
    rank = np.empty(count, np.int64)
    rank[order] = np.arange(count)
    chosen = spot[first[order]]
    return rank[label][of.ravel()], chosen[:, 0].copy(), chosen[:, 1].copy()


def _name(way_id: Objects) -> Objects:
    """Name each piece after its way and its rank along it."""
    rank = pd.Series(way_id).groupby(way_id, sort=False).cumcount()
    named: Objects = (pd.Series(way_id).astype(str) + ":" + (rank + 1).astype(str)).to_numpy(
        dtype=object
    )
    return named


def _without_twins(shape: Objects, u: Ints, v: Ints, rate: Ints, snap_m: float) -> Ints:
    """Return the rows kept: of pieces that run together, the cheapest to lay, then the first."""
    order = np.lexsort((np.arange(u.size), rate, v, u))
    fresh = np.append(True, (np.diff(u[order]) != 0) | (np.diff(v[order]) != 0))
    start = np.flatnonzero(fresh)
    size = np.diff(np.append(start, u.size))
    kept = np.ones(u.size, bool)
    within = snap_m + _SAME_M
    for s, n in zip(start[size > 1].tolist(), size[size > 1].tolist(), strict=True):
        stay: list[int] = []
        for row in order[s : s + n].tolist():
            if any(shapely.hausdorff_distance(shape[row], shape[o]) <= within for o in stay):
                kept[row] = False
            else:
                stay.append(row)
    return np.flatnonzero(kept)

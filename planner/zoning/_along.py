"""Sectors along the ways: which faces a way joins, and what the ways leave apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import KDTree

from planner.findings import Finding
from planner.spatial import PolygonIndex
from planner.vocab import Severity
from planner.zoning._arrays import Flags, Floats, Ints, sum_by
from planner.zoning._faces import Faces
from planner.zoning._labels import positions
from planner.zoning._split import components

__all__ = ["Supports", "find_apart", "join_by_ways"]

_STEP_M: Final = 25.0
"""How far apart a way is looked at, metres: faces that it crosses in less aren't joined by it."""
_SHOWN: Final = 5


class Supports(Protocol):
    """Where cables may go: places by position (EPSG:2154), and pieces of way between two of them.

    What :class:`planner.network.Ways` is.
    """

    @property
    def x_m(self) -> Floats: ...
    @property
    def y_m(self) -> Floats: ...
    @property
    def start(self) -> Ints: ...
    @property
    def end(self) -> Ints: ...


def join_by_ways(faces: Faces, district: Ints, ways: Supports, *, minimum: int) -> Faces:
    """Keep as neighbours the faces between which a way crosses their common border.

    What no way joins to ``minimum`` premises of its district (an islet, a field without a road, a
    hamlet reached from beyond the border only) is joined across its longest border, the lightest
    first, so that no face is left over.

    Returns
    -------
    Faces
        The same faces, fewer pairs.
    """
    within = district[faces.pairs[:, 0]] == district[faces.pairs[:, 1]]
    pairs, border_m = faces.pairs[within], faces.border_m[within]
    joined = np.isin(_keys(pairs, faces.weight.size), _crossed(faces, ways))
    while True:
        label = components(faces.weight.size, pairs[joined])
        small = sum_by(label, faces.weight, 0) < minimum
        a, b = label[pairs[:, 0]], label[pairs[:, 1]]
        between = np.flatnonzero((a != b) & (small[a] | small[b]))
        if not between.size:
            return replace(faces, pairs=pairs[joined], border_m=border_m[joined])
        # of the borders of each small piece, the longest; of equals, the first
        piece = np.concatenate([a[between], b[between]])
        border = np.concatenate([between, between])
        border, piece = border[small[piece]], piece[small[piece]]
        order = np.lexsort((border, -border_m[border], piece))
        first = np.unique(piece[order], return_index=True)[1]
        joined[border[order[first]]] = True


def _keys(pairs: Ints, count: int) -> Ints:
    low, high = np.minimum(pairs[:, 0], pairs[:, 1]), np.maximum(pairs[:, 0], pairs[:, 1])
    keys: Ints = low * max(count, 1) + high
    return keys


def _crossed(faces: Faces, ways: Supports) -> Ints:
    """Return the keys of the pairs of faces that a way passes between."""
    index = PolygonIndex(faces.polygons)
    x, y = ways.x_m, ways.y_m
    face = index.locate(x, y)
    far = face[ways.start] != face[ways.end]  # faces are nearly convex: a way within one stays
    a, b = ways.start[far], ways.end[far]
    steps = np.maximum(1, np.ceil(np.hypot(x[a] - x[b], y[a] - y[b]) / _STEP_M)).astype(np.int64)
    piece = np.repeat(np.arange(a.size), steps + 1)
    rank = np.arange(piece.size) - np.repeat(np.cumsum(steps + 1) - steps - 1, steps + 1)
    share = rank / steps[piece]
    face = index.locate(
        x[a][piece] + share * (x[b] - x[a])[piece], y[a][piece] + share * (y[b] - y[a])[piece]
    )
    passed = (
        (piece[1:] == piece[:-1]) & (face[1:] != face[:-1]) & (face[1:] >= 0) & (face[:-1] >= 0)
    )
    found = np.column_stack([face[:-1][passed], face[1:][passed]]).astype(np.int64)
    keys: Ints = np.unique(_keys(found, faces.weight.size))
    return keys


def find_apart(premises: pd.DataFrame, sectors: gpd.GeoDataFrame, ways: Supports) -> list[Finding]:
    """Report the premises that the ways inside their sector don't join to its others.

    A premise counts where its nearest place is in a piece of the ways of the sector other than the
    one with most premises.  One whose nearest place lies across the border is served from there.
    """
    code = premises["sector_id"].cat.codes.to_numpy().astype(np.int64)
    row_of = sectors["sector_id"].astype(str).reset_index(drop=True)
    order = pd.Index(row_of).get_indexer(premises["sector_id"].cat.categories.astype(str))
    code = np.append(order, -1)[code]
    kept = code >= 0
    x, y = positions(premises)
    weight = premises["premises_min"].to_numpy(dtype=np.int64)[kept]
    own = code[kept]
    place = KDTree(np.column_stack([ways.x_m, ways.y_m])).query(np.column_stack([x, y])[kept])[1]
    sector = PolygonIndex(sectors.geometry.to_numpy()).locate(ways.x_m, ways.y_m)
    inside = (sector[ways.start] == sector[ways.end]) & (sector[ways.start] >= 0)
    pairs = np.column_stack([ways.start, ways.end])[inside].astype(np.int64)
    piece = components(ways.x_m.size, pairs)
    here = sector[place] == own
    apart = here & ~_in_main(own, piece[place], np.where(here, weight, 0))
    lost = sum_by(own[apart], weight[apart], len(sectors)).astype(np.int64)
    where = np.lexsort((row_of.to_numpy(dtype=object).astype(str), -lost))
    where = where[lost[where] > 0]
    if not where.size:
        return []
    shown = ", ".join(row_of.iloc[where[:_SHOWN]])
    return [
        Finding.of(
            "zoning.sector_apart", severity=Severity.INFO, table="sectors", place=shown,
            count=int(lost.sum()), sectors=int(where.size),
        )
    ]  # fmt: skip


def _in_main(sector: Ints, piece: Ints, weight: Ints) -> Flags:
    """Tell which premises are in the piece that holds most premises of their sector."""
    size = int(piece.max(initial=0)) + 1
    keys, inverse = np.unique(sector * size + piece, return_inverse=True)
    held = sum_by(inverse, weight, keys.size)
    owner = keys // size
    order = np.lexsort((keys, -held, owner))
    first = np.unique(owner[order], return_index=True)[1]
    main = np.zeros(keys.size, np.bool_)
    main[order[first]] = True
    flags: Flags = main[inverse]
    return flags

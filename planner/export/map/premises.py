"""Every premise of the map in a few bytes: where it lies, its sector, phase and state.

Premises that share sector (or commune, outside every sector), phase, state and square of the grid
make a *group*.  Inside a group, points are whole pixels of the web Mercator world at
:data:`POINT_ZOOM`, counted from the corner of the square, in Morton order: their differences are
small numbers, written in LEB128 and deflated.  Premises at one pixel are one point with a
multiplicity.  State and phase cost nothing a premise, since they are those of the group; and the
page can colour a group at once, whatever the theme or the date.

The stream, before deflate: the columns of the groups, then the steps of all points, then their
multiplicities, every number in LEB128.  ``assets/planner-premises.js`` reads it.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.export.map.topology import GRID_ZOOM, grid_xy

__all__ = [
    "POINT_ZOOM", "Groups", "Points", "decode_leb128", "encode_leb128", "encode_points",
    "group_points", "points_of", "split_points",
]  # fmt: skip

POINT_ZOOM: Final = 17
"""Pixels of this web zoom are 0.8 m at 48° north: a premise moves by 0.6 m at most."""
_SQUARE_BITS: Final = 16
"""A square is 2^16 pixels wide, 52 km at 48° north: Morton codes hold in 32 bits."""
_LEVEL: Final = 9
Integers = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """Premises as the map needs them: columns of equal length.

    Parameters
    ----------
    x, y
        Pixels of :data:`POINT_ZOOM`, whole.
    area
        Twice the position of the sector, or twice that of the commune plus one.
    phase, state
        Position in the vocabulary; -1 when unknown.
    premises
        Premises of the row (lower bound).
    """

    x: Integers
    y: Integers
    area: Integers
    phase: Integers
    state: Integers
    premises: Integers

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.x)

    def where(self, kept: NDArray[np.bool_]) -> Points:
        """Return some of the rows."""
        columns = (self.x, self.y, self.area, self.phase, self.state, self.premises)
        x, y, area, phase, state, premises = (column[kept] for column in columns)
        return Points(x=x, y=y, area=area, phase=phase, state=state, premises=premises)


@dataclass(frozen=True, kw_only=True, eq=False)
class Groups:
    """Groups of premises, and their points one group after another.

    Parameters
    ----------
    area, phase, state, column, row
        What the group's premises share: see :class:`Points`; column and row of the square.
    sizes
        Points of each group.
    steps
        Difference of each point's Morton code from the one before in its group, the first from 0.
    premises
        Premises at each point.
    """

    area: Integers
    phase: Integers
    state: Integers
    column: Integers
    row: Integers
    sizes: Integers
    steps: Integers
    premises: Integers


def points_of(
    layer: pd.DataFrame, *, sectors: Mapping[str, int], communes: Mapping[str, int]
) -> Points:
    """Take premises from the layer of a plan.

    Parameters
    ----------
    layer
        :meth:`planner.plan.Plan.premises_layer`: ``x_m`` and ``y_m`` in EPSG:2154, ``insee``,
        ``sector_id``, ``phase`` and ``state``.
    sectors, communes
        Position of each sector and commune that the map shows; premises elsewhere are left out.
    """
    sector = _codes(layer["sector_id"], sectors)
    commune = _codes(layer["insee"], communes)
    kept = (sector >= 0) | (commune >= 0)
    area = np.where(sector >= 0, 2 * sector, 2 * commune + 1)[kept]
    x_m, y_m = (layer[name].to_numpy(dtype=np.float64)[kept] for name in ("x_m", "y_m"))
    xy = np.rint(grid_xy(x_m, y_m) * 2 ** (POINT_ZOOM - GRID_ZOOM)).astype(np.int64)
    return Points(
        x=xy[:, 0],
        y=xy[:, 1],
        area=area,
        phase=layer["phase"].cat.codes.to_numpy().astype(np.int64)[kept],
        state=layer["state"].cat.codes.to_numpy().astype(np.int64)[kept],
        premises=layer["premises_min"].to_numpy(dtype=np.int64)[kept],
    )


def _codes(values: pd.Series[Any], places: Mapping[str, int]) -> Integers:
    category = values.astype("category")
    place = [places.get(str(key), -1) for key in category.cat.categories]
    return np.append(np.array(place, dtype=np.int64), -1)[category.cat.codes.to_numpy()]


def group_points(points: Points) -> Groups:
    """Sort premises into groups; the order of the rows doesn't matter."""
    mask = (1 << _SQUARE_BITS) - 1
    columns, rows = points.x >> _SQUARE_BITS, points.y >> _SQUARE_BITS
    squares, square = np.unique((rows << 32) | columns, return_inverse=True)
    states, phases, stride = points.state + 1, points.phase + 1, len(squares)
    key = ((points.area * 8 + phases) * 8 + states) * stride + square
    groups, group = np.unique(key, return_inverse=True)
    morton = _spread(points.x & mask) | (_spread(points.y & mask) << 1)
    whole, premises = _merged((group.astype(np.int64) << 32) | morton, points.premises)
    of_group = whole >> 32
    sizes = np.bincount(of_group, minlength=len(groups)).astype(np.int64)
    code = whole & 0xFFFFFFFF
    steps = np.diff(code, prepend=0)
    firsts = np.cumsum(sizes) - sizes
    steps[firsts] = code[firsts]
    place = squares[groups % stride] if stride else groups
    rest = groups // max(stride, 1)
    return Groups(
        area=rest // 64,
        phase=rest // 8 % 8 - 1,
        state=rest % 8 - 1,
        column=place & 0xFFFFFFFF,
        row=place >> 32,
        sizes=sizes,
        steps=steps,
        premises=premises,
    )


def _merged(keys: Integers, premises: Integers) -> tuple[Integers, Integers]:
    """Sort keys and add up the premises of equal ones."""
    if len(premises) == 0 or premises.min() == premises.max() == 1:
        return np.unique(keys, return_counts=True)
    order = np.argsort(keys, kind="stable")
    found, starts = np.unique(keys[order], return_index=True)
    return found, np.add.reduceat(premises[order], starts)


def _spread(values: Integers) -> Integers:
    """Put a zero between the bits of 16-bit numbers."""
    spread = values.astype(np.int64)
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        spread = (spread | (spread << shift)) & mask
    return spread


def encode_points(points: Points) -> dict[str, Any]:
    """Return the block that the page decodes: a short header and a text of base64.

    Parameters
    ----------
    points
        The premises.

    Returns
    -------
    dict
        ``zoom``, ``bits`` of a square, first ``column`` and ``row``, numbers of ``groups``,
        ``points`` and ``premises``, length in ``bytes`` once inflated, and ``data``.
    """
    groups = group_points(points)
    first = [int(axis.min()) if len(axis) else 0 for axis in (groups.column, groups.row)]
    stream = np.concatenate([
        encode_leb128(values)
        for values in (
            groups.area, groups.phase + 1, groups.state + 1, groups.column - first[0],
            groups.row - first[1], groups.sizes, groups.steps, groups.premises,
        )
    ])  # fmt: skip
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(stream.tobytes()) + packer.flush()
    return {
        "zoom": POINT_ZOOM,
        "bits": _SQUARE_BITS,
        "column": first[0],
        "row": first[1],
        "groups": len(groups.sizes),
        "points": len(groups.steps),
        "premises": int(groups.premises.sum()),
        "bytes": len(stream),
        "data": base64.b64encode(packed).decode(),
    }


def encode_leb128(values: Integers) -> Bytes:
    """Write whole numbers, none negative, 7 bits a byte, the lowest first.

    Examples
    --------
    >>> encode_leb128(np.array([5, 300])).tolist()
    [5, 172, 2]
    """
    values = np.asarray(values, dtype=np.int64)
    if len(values) and values.min() < 0:
        raise ValueError("LEB128 holds no negative number")
    lengths = np.ones(len(values), dtype=np.int64)
    for bits in range(7, 63, 7):
        more = values >= (1 << bits)
        if not more.any():
            break
        lengths += more
    ends = np.cumsum(lengths)
    written = np.empty(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
    at = ends - lengths
    for place in range(int(lengths.max(initial=0))):
        here = np.flatnonzero(lengths > place)
        last = lengths[here] == place + 1
        byte = (values[here] >> (7 * place)) & 0x7F
        written[at[here] + place] = np.where(last, byte, byte | 0x80)
    return written


def decode_leb128(stream: Bytes) -> Integers:
    """Read what :func:`encode_leb128` wrote."""
    ends = np.flatnonzero(stream < 0x80)  # noqa: PLR2004 (the bit that says more)
    starts = np.append(0, ends[:-1] + 1) if len(ends) else ends
    place = np.arange(len(stream)) - np.repeat(starts, ends - starts + 1)
    parts = (stream.astype(np.int64) & 0x7F) << (7 * place)
    return np.add.reduceat(parts, starts) if len(ends) else parts


def split_points(points: Points, chunk_of_area: Integers) -> Iterator[tuple[int, Points]]:
    """Yield the premises of each chunk, in order; ``chunk_of_area`` has an entry an area code."""
    chunk = chunk_of_area[points.area]
    for number in np.unique(chunk).tolist():
        yield number, points.where(chunk == number)

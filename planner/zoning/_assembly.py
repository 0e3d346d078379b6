"""Assemble faces into sectors: whole small communes together, large ones cut, nothing left over."""

from __future__ import annotations

import heapq
from collections import defaultdict

import numpy as np
import shapely

from planner.zoning._arrays import Floats, Ints, sum_by
from planner.zoning._faces import Faces
from planner.zoning._rules import CutRules
from planner.zoning._split import Mosaic, components, split_mosaic

__all__ = ["assemble_sectors"]

Borders = dict[int, dict[int, float]]


def assemble_sectors(faces: Faces, district: Ints, *, rules: CutRules) -> Ints:
    """Give each face its sector.

    Parameters
    ----------
    faces
        The mosaic of the public area.
    district
        The district of each face (an EPCI, or a commune without one), which no sector leaves.
    rules
        Bounds, target and taste.

    Returns
    -------
    array
        Number of the sector of each face, from 0.
    """
    near = district[faces.pairs[:, 0]] == district[faces.pairs[:, 1]]
    pairs, border_m = faces.pairs[near], faces.border_m[near]
    within = faces.commune[pairs[:, 0]] == faces.commune[pairs[:, 1]]
    unit = components(faces.commune.size, pairs[within])
    group = _join_small_units(unit, faces.weight, pairs, border_m, rules)
    piece = _pieces(unit, faces.weight, rules)
    mosaic = _merge_faces(faces, piece, pairs, border_m)
    first = np.unique(piece, return_index=True)[1]
    sector = _cut_groups(mosaic, group[unit[first]], rules)
    sector = _mend(mosaic, sector, rules)
    return _attach_islets(faces, district, sector[piece], rules)


def _borders(label: Ints, pairs: Ints, border_m: Floats) -> Borders:
    """Return the length that each label shares with each of its neighbours."""
    one, other = label[pairs[:, 0]], label[pairs[:, 1]]
    low, high = np.minimum(one, other), np.maximum(one, other)
    size = int(label.max(initial=0)) + 1
    keys, inverse = np.unique((low * size + high)[low != high], return_inverse=True)
    shared = sum_by(inverse, border_m[low != high], keys.size)
    borders: Borders = defaultdict(dict)
    for key, length in zip(keys.tolist(), shared.tolist(), strict=True):
        a, b = divmod(key, size)
        borders[a][b] = length
        borders[b][a] = length
    return borders


def _join(borders: Borders, gone: int, kept: int) -> None:
    """Move the borders of ``gone`` to ``kept``."""
    for other, length in borders.pop(gone).items():
        del borders[other][gone]
        if other != kept:
            borders[kept][other] = borders[kept].get(other, 0.0) + length
            borders[other][kept] = borders[kept][other]


def _join_small_units(
    unit: Ints, weight: Ints, pairs: Ints, border_m: Floats, rules: CutRules
) -> Ints:
    """Join the parts of communes below the minimum to a neighbour, the lightest first.

    The neighbour is the one with the longest shared border, which counts more where both together
    make one single sector.
    """
    borders = _borders(unit, pairs, border_m)
    held = sum_by(unit, weight, 0).astype(np.int64).tolist()
    group = list(range(len(held)))
    queue = [(held[k], k) for k in range(len(held)) if held[k] < rules.minimum]
    heapq.heapify(queue)
    while queue:
        load, small = heapq.heappop(queue)
        if group[small] != small or load != held[small] or not borders.get(small):
            continue
        _, kept = min(
            (-length * (rules.single_bonus if rules.parts(load + held[k]) == 1 else 1.0), k)
            for k, length in borders[small].items()
        )
        _join(borders, small, kept)
        group[small] = kept
        held[kept] += load
        if held[kept] < rules.minimum:
            heapq.heappush(queue, (held[kept], kept))
    return np.array([_root(group, k) for k in range(len(group))], dtype=np.int64)


def _root(group: list[int], k: int) -> int:
    while group[k] != k:
        k = group[k]
    return k


def _pieces(unit: Ints, weight: Ints, rules: CutRules) -> Ints:
    """Tell what is never cut: the whole of a small unit, each face of a larger one."""
    whole = (sum_by(unit, weight, 0) < rules.minimum)[unit]
    key = np.where(whole, unit, unit.max(initial=0) + 1 + np.arange(unit.size))
    _, piece = np.unique(key, return_inverse=True)
    return piece


def _merge_faces(faces: Faces, piece: Ints, pairs: Ints, border_m: Floats) -> Mosaic:
    size = int(piece.max(initial=-1)) + 1
    weight = sum_by(piece, faces.weight, size).astype(np.int64)
    # an empty piece stands at the mean of its faces, others at the centre of their premises
    share = np.where(weight[piece] > 0, faces.weight, 1).astype(np.float64)
    total = sum_by(piece, share, size)
    one, other = piece[pairs[:, 0]], piece[pairs[:, 1]]
    low, high = np.minimum(one, other), np.maximum(one, other)
    keys, inverse = np.unique((low * size + high)[low != high], return_inverse=True)
    return Mosaic(
        weight=weight,
        x=sum_by(piece, share * faces.x, size) / total,
        y=sum_by(piece, share * faces.y, size) / total,
        pairs=np.stack([keys // max(size, 1), keys % max(size, 1)], axis=1),
        border_m=sum_by(inverse, border_m[low != high], keys.size),
    )


def _cut_groups(mosaic: Mosaic, group: Ints, rules: CutRules) -> Ints:
    sector = np.full(group.size, -1, dtype=np.int64)
    order = np.argsort(group, kind="stable")
    bounds = np.flatnonzero(np.diff(group[order])) + 1
    links = np.argsort(group[mosaic.pairs[:, 0]], kind="stable")
    link_group = group[mosaic.pairs[links, 0]]
    made = 0
    for rows in np.split(order, bounds):
        if not rows.size:
            continue
        parts = rules.parts(int(mosaic.weight[rows].sum()))
        if parts == 1:
            sector[rows] = made
            made += 1
            continue
        here = group[rows[0]]
        mine = links[np.searchsorted(link_group, here) : np.searchsorted(link_group, here, "right")]
        nearby = Mosaic(
            weight=mosaic.weight,
            x=mosaic.x,
            y=mosaic.y,
            pairs=mosaic.pairs[mine],
            border_m=mosaic.border_m[mine],
        )
        label = split_mosaic(nearby.restrict(rows), parts, rules=rules)
        sector[rows] = made + label
        made += int(label.max()) + 1
    return sector


def _mend(mosaic: Mosaic, sector: Ints, rules: CutRules) -> Ints:
    """Join a sector below the minimum to a neighbour, and cut both anew when that is too many."""
    sector = sector.copy()
    tried: set[int] = set()
    while True:
        held = sum_by(sector, mosaic.weight, 0).astype(np.int64)
        present = np.bincount(sector) > 0
        light = [k for k in np.flatnonzero(present & (held < rules.minimum)) if k not in tried]
        if not light:
            return np.unique(sector, return_inverse=True)[1]
        small = int(min(light, key=lambda k: (held[k], k)))
        tried.add(small)
        around = _borders(sector, mosaic.pairs, mosaic.border_m).get(small, {})
        for other in sorted(around, key=lambda k: (-around[k], k)):
            rows = np.flatnonzero((sector == small) | (sector == other))
            total = int(held[small] + held[other])
            if total <= rules.maximum:
                sector[rows] = other
                break
            label = split_mosaic(mosaic.restrict(rows), rules.parts(total), rules=rules)
            if sum_by(label, mosaic.weight[rows], 0).min() >= rules.minimum:
                sector[rows] = np.where(label == 0, other, np.where(label == 1, small, label))
                fresh = label > 1
                sector[rows[fresh]] = sector.max() + label[fresh] - 1
                break


def _attach_islets(faces: Faces, district: Ints, sector: Ints, rules: CutRules) -> Ints:
    """Give an islet with too few premises to the nearest sector of its commune or district.

    Whatever is below the minimum touches nothing of its district by now: it is an islet.
    """
    held = sum_by(sector, faces.weight, 0)
    islets = np.flatnonzero(held < min(rules.islet_premises, rules.minimum))
    hosts = ~np.isin(sector, islets)
    joined = sector.copy()
    for islet in islets:
        mine = sector == islet
        shape = shapely.union_all(faces.polygons[mine])
        for places in (faces.commune, district):
            others = np.flatnonzero(np.isin(places, np.unique(places[mine])) & hosts)
            if others.size:
                away = shapely.distance(faces.polygons[others], shape)
                joined[mine] = sector[others[np.lexsort((sector[others], away))[0]]]
                break
    return np.unique(joined, return_inverse=True)[1]

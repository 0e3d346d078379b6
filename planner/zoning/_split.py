"""Cut a connected mosaic into connected parts of nearly equal premises, by short straight lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import (
    breadth_first_order,
    connected_components,
    minimum_spanning_tree,
)

from planner.zoning._arrays import Flags, Floats, Ints, sum_by
from planner.zoning._rules import CutRules

__all__ = ["Mosaic", "components", "split_mosaic"]


@dataclass(frozen=True, kw_only=True)
class Mosaic:
    """Pieces that are never cut, their premises and centres, and who touches whom."""

    weight: Ints
    x: Floats
    y: Floats
    pairs: Ints
    border_m: Floats

    def restrict(self, rows: Ints) -> Mosaic:
        """Return the part made of these pieces, renumbered in their order."""
        place = np.full(self.weight.size, -1, dtype=np.int64)
        place[rows] = np.arange(rows.size)
        pairs = place[self.pairs]
        kept = (pairs >= 0).all(axis=1)
        return Mosaic(
            weight=self.weight[rows],
            x=self.x[rows],
            y=self.y[rows],
            pairs=pairs[kept],
            border_m=self.border_m[kept],
        )


@dataclass(frozen=True)
class _Cut:
    """One side of a cut, and what it costs: its length, longer where the sides are uneven."""

    side: Flags
    parts: int
    score: float


def components(size: int, pairs: Ints) -> Ints:
    """Label the connected pieces of a graph by their lowest member."""
    ones = np.ones(len(pairs), dtype=np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    _, label = connected_components(graph.tocsr(), directed=False)
    _, first = np.unique(label, return_index=True)
    order = np.empty(first.size, dtype=np.int64)
    order[np.argsort(first)] = np.arange(first.size)
    numbered: Ints = order[label]
    return numbered


def split_mosaic(mosaic: Mosaic, parts: int, *, rules: CutRules) -> Ints:
    """Cut a connected mosaic into ``parts`` connected parts by halving it again and again.

    Among straight cuts in several directions that leave each side its share of the premises, the
    shortest one is taken.  Where none leaves two connected sides, a branch of a spanning tree is
    cut off instead.  Fewer parts come back when a piece alone is heavier than a part.

    Returns
    -------
    array
        The part of each piece, from 0.
    """
    label = np.zeros(mosaic.weight.size, dtype=np.int64)
    waiting = [(np.arange(mosaic.weight.size), parts)]
    made = 0
    while waiting:
        rows, count = waiting.pop()
        cut = _halve(mosaic.restrict(rows), count, rules) if count > 1 else None
        if cut is None:
            label[rows] = made
            made += 1
            continue
        waiting.append((rows[~cut.side], count - cut.parts))
        waiting.append((rows[cut.side], cut.parts))
    return label


def _halve(mosaic: Mosaic, parts: int, rules: CutRules) -> _Cut | None:
    if mosaic.weight.size == 1:
        return None
    return _straight_cut(mosaic, parts, rules) or _branch_cut(mosaic, parts, rules)


def _straight_cut(mosaic: Mosaic, parts: int, rules: CutRules) -> _Cut | None:
    low = parts // 2
    size = mosaic.weight.size
    turn = 2.0 * np.pi * np.arange(rules.directions) / rules.directions
    if parts % 2 == 0:
        turn = turn[: rules.directions // 2]
    along = np.cos(turn)[:, None] * (mosaic.x - mosaic.x.mean()) + np.sin(turn)[:, None] * (
        mosaic.y - mosaic.y.mean()
    )
    order = np.argsort(along, axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    held = np.cumsum(mosaic.weight[order], axis=1)[:, :-1]
    score = _scores(_lengths(mosaic, rank), held, mosaic.weight.sum(), low, parts, rules)
    best: _Cut | None = None
    for flat in np.argsort(score, axis=None, kind="stable")[: rules.attempts]:
        direction, before = divmod(int(flat), size - 1)
        if not score[direction, before] < (np.inf if best is None else best.score):
            break
        cut = _join_strays(mosaic, rank[direction] <= before, low, parts, rules)
        if cut is not None and (best is None or cut.score < best.score):
            best = cut
    return best


def _lengths(mosaic: Mosaic, rank: Ints) -> Floats:
    """Return the length of the cut after each place, for each direction."""
    directions, size = rank.shape
    first, second = rank[:, mosaic.pairs[:, 0]], rank[:, mosaic.pairs[:, 1]]
    base = size * np.arange(directions)[:, None]
    border = np.broadcast_to(mosaic.border_m, first.shape).ravel()
    begins = sum_by((base + np.minimum(first, second)).ravel(), border, rank.size)
    ends = sum_by((base + np.maximum(first, second)).ravel(), border, rank.size)
    crossing: Floats = np.cumsum((begins - ends).reshape(rank.shape), axis=1)[:, :-1]
    return crossing


def _scores(
    length: Floats, held: Ints, total: int, low: int, parts: int, rules: CutRules
) -> Floats:
    """Score cuts: the length, counted double at ``balance_share`` off the average."""
    mean = total / parts
    one, other = held / low, (total - held) / (parts - low)
    off = np.maximum(np.abs(one - mean), np.abs(other - mean)) / max(mean, 1.0)
    bad = (np.minimum(one, other) < rules.minimum) | (np.maximum(one, other) > rules.maximum)
    scored: Floats = np.where(bad, np.inf, length * (1.0 + (off / rules.balance_share) ** 2))
    return scored


def _join_strays(mosaic: Mosaic, side: Flags, low: int, parts: int, rules: CutRules) -> _Cut | None:
    """Give what is cut off from its own side to the other one; None if that mends nothing."""
    label = _sides(mosaic, side)
    if label.max() > 1:
        heavy = sum_by(label, mosaic.weight, 0) + np.bincount(label) / (2.0 * label.size)
        of_side = np.zeros(heavy.size, dtype=bool)
        of_side[label] = side
        main = [
            int(np.flatnonzero(of_side == which)[heavy[of_side == which].argmax()])
            for which in (True, False)
        ]
        side = np.where(np.isin(label, main), side, ~side)
        if _sides(mosaic, side).max() != 1:
            return None
    crossed = side[mosaic.pairs[:, 0]] != side[mosaic.pairs[:, 1]]
    length = np.array([mosaic.border_m[crossed].sum()])
    held = np.array([mosaic.weight[side].sum()])
    score = float(_scores(length, held, int(mosaic.weight.sum()), low, parts, rules)[0])
    return _Cut(side, low, score) if np.isfinite(score) else None


def _sides(mosaic: Mosaic, side: Flags) -> Ints:
    kept = side[mosaic.pairs[:, 0]] == side[mosaic.pairs[:, 1]]
    return components(side.size, mosaic.pairs[kept])


def _branch_cut(mosaic: Mosaic, parts: int, rules: CutRules) -> _Cut | None:
    """Cut the branch of a spanning tree (longest borders first) that is nearest to a share."""
    size = mosaic.weight.size
    cost = 1.0 / (1.0 + mosaic.border_m)
    graph = csr_array(
        (cost, (mosaic.pairs[:, 0], mosaic.pairs[:, 1])), shape=(size, size), dtype=np.float64
    )
    tree = minimum_spanning_tree(graph)
    order, parent = breadth_first_order(tree, 0, directed=False)
    branch = mosaic.weight.copy()
    for node in order[:0:-1]:
        branch[parent[node]] += branch[node]
    total = int(mosaic.weight.sum())
    share = np.arange(1, parts)
    off = np.maximum(
        np.abs(branch[1:, None] / share - total / parts),
        np.abs((total - branch[1:, None]) / (parts - share) - total / parts),
    )
    node, chosen = divmod(int(off.argmin()), parts - 1)
    fits = rules.minimum <= branch[node + 1] <= total - rules.minimum
    if not fits and (total <= rules.maximum or mosaic.weight.max() > rules.maximum):
        return None
    side = np.zeros(size, dtype=bool)
    side[node + 1] = True
    for child in order[1:]:
        side[child] |= side[parent[child]]
    return _Cut(side, chosen + 1, np.inf)

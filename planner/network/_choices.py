"""Why a feeder goes where it goes: what it opens alone, and what the next best way would cost.

A feeder is priced at the margin, as it was designed: what other feeders and earlier phases open is
there already and only its cables are paid; distribution comes after it, in its trenches.  The next
best way is the cheapest one that keeps off what this feeder opens, except where every way to the PM
must pass.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from planner.network._layout import Laid, Layout, Sites, civil_cost
from planner.network._prices import Book
from planner.network._trees import Router
from planner.network._ways import MM_PER_M, Ints, Ways
from planner.schemas import contract

__all__ = ["choose_feeders"]

_KEEP_OFF: Final = 1e7
"""Added to each millimetre opened alone: dearer than any way around, and exact in a double."""


def choose_feeders(
    layout: Layout, *, router: Router, book: Book, sites: Sites, names: NDArray[np.object_],
    synthetic: bool,
) -> pd.DataFrame:  # fmt: skip
    """Return contract ``feeder_choices``, a row a sector whose PM stands apart from its NRO."""
    ways = router.ways
    uses = np.zeros((2, ways.length_mm.size), np.int64)
    for tree in layout.trees:
        np.add.at(uses[int(tree.feeder)], tree.shares[0], 1)
    opened = layout.opened if layout.reuse else np.full(ways.length_mm.size, -1)
    civil = civil_cost(ways, book)
    cable = ways.length_mm * book.thinnest_cents_per_m
    rows = [
        _row(
            tree,
            sector,
            router=router,
            sites=sites,
            uses=uses,
            civil=civil,
            cable=cable,
            before=(opened >= 0) & (opened < tree.phase),
        )
        for tree in layout.trees
        if tree.feeder
        for sector in np.unique(tree.shares[1]).tolist()
    ]
    if not rows:
        return contract("feeder_choices").empty()
    table = pd.DataFrame(rows)
    table["sector_id"] = names[table["sector"].to_numpy(dtype=np.int64)]
    table["synthetic"] = synthetic or book.synthetic
    for name in ("other_m", "other_cents"):
        table[name] = table[name].astype("float64" if name == "other_m" else "Int64")
    table = table.sort_values("sector_id", kind="stable", ignore_index=True)
    return contract("feeder_choices").select(table)


def _row(
    tree: Laid, sector: int, *, router: Router, sites: Sites, uses: Ints, civil: Ints,
    cable: Ints, before: NDArray[np.bool_],
) -> dict[str, object]:  # fmt: skip
    ways = router.ways
    path = tree.shares[0][tree.shares[1] == sector]
    own = path[(uses[1][path] == 1) & ~before[path]]
    works = np.where((uses[1] > 0) | before, 0, civil)
    works[own] = civil[own]
    shared = path[(uses.sum(axis=0)[path] > 1) | before[path]]
    row: dict[str, object] = {
        "sector": sector, "feeder_m": int(ways.length_mm[path].sum()) / MM_PER_M,
        "shared_m": int(ways.length_mm[shared].sum()) / MM_PER_M,
        "alone_m": int(ways.length_mm[own].sum()) / MM_PER_M,
        "laying": _most(path, ways), "alone_laying": _most(own, ways) if own.size else None,
        "way_cents": _cents(works[path] + cable[path]),
        "other_m": None, "other_laying": None, "other_cents": None,
    }  # fmt: skip
    other = _around(router, int(sites.nro[tree.site]), int(sites.pm[sector]), works + cable, own)
    if own.size and np.setdiff1d(own, other).size:
        row["other_m"] = int(ways.length_mm[other].sum()) / MM_PER_M
        row["other_laying"] = _most(np.setdiff1d(other, path), ways)
        row["other_cents"] = _cents(works[other] + cable[other])
    return row


def _around(router: Router, start: int, end: int, weight: Ints, own: Ints) -> Ints:
    """Return the pieces of the cheapest way that keeps off some pieces as far as it can."""
    length = router.ways.length_mm
    near, arcs, piece = router.around(np.unique(np.array([start, end], np.int64)))
    kept_off = np.isin(piece, own) * (length[piece] * _KEEP_OFF)
    arcs.data = np.maximum(weight[piece], 1) + kept_off
    here, there = (int(np.searchsorted(near, place)) for place in (end, start))
    _, before = dijkstra(arcs, directed=True, indices=there, return_predecessors=True)
    arc = np.repeat(np.arange(near.size), np.diff(arcs.indptr)) * near.size + arcs.indices
    order = np.argsort(arc, kind="stable")
    walked = []
    while here != there:
        back = int(before[here])
        walked.append(order[np.searchsorted(arc, back * near.size + here, sorter=order)])
        here = back
    pieces: Ints = piece[np.array(walked, np.int64)]
    return pieces


def _most(pieces: Ints, ways: Ways) -> str | None:
    """Return the kind of laying of most metres; of equals the first by name."""
    if not pieces.size:
        return None
    metres = np.bincount(
        ways.laying[pieces], weights=ways.length_mm[pieces], minlength=len(ways.layings)
    )
    return ways.layings[int(metres.argmax())]


def _cents(thousandths: Ints) -> int:
    return (int(thousandths.sum()) + MM_PER_M // 2) // MM_PER_M

"""Where PM and NRO stand: the middle of each sector, then a capacitated choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from planner.network._location import locate
from planner.network._rules import DesignRules
from planner.network._trees import Router
from planner.network._ways import MM_PER_M, Floats, Ints

__all__ = ["NroChoice", "choose_nro", "site_pm"]

_FAR_MM: Final = 1e12


def site_pm(
    router: Router, *, places: Ints, lines: Ints, existing: Ints, rules: DesignRules
) -> int:
    """Return the place of a sector's PM: an existing one's, else where lines are nearest to it.

    Of the places with lines that stand nearest to the middle of all (weighted by lines), the one
    with the least sum of distances along the ways; what a place can't reach counts a thousand
    kilometres a line, so that the PM stands in the component with most lines.
    """
    ways = router.ways
    if existing.size:
        candidates = np.unique(existing)
    else:
        # the component with most lines, the first of equals
        held = np.bincount(router.component[places], weights=lines)
        main = np.flatnonzero(router.component[places] == int(held.argmax()))
        x, y = ways.x_m[places[main]], ways.y_m[places[main]]
        weight = np.maximum(lines[main], 1)
        away = np.hypot(x - np.average(x, weights=weight), y - np.average(y, weights=weight))
        near = np.lexsort((places[main], np.round(away, 3)))[: rules.pm_candidates]
        candidates = np.sort(places[main][near])
    if candidates.size == 1:
        return int(candidates[0])
    joined = places[router.component[places] == router.component[candidates[0]]]
    same = candidates[router.component[candidates] == router.component[candidates[0]]]
    around, arcs, piece = router.around(np.union1d(joined, same))
    arcs.data = ways.length_mm[piece].astype(np.float64) + 1
    distance = dijkstra(arcs, directed=True, indices=np.searchsorted(around, same))
    reached = np.searchsorted(around, places)
    reached = np.minimum(reached, around.size - 1)
    known = around[reached] == places
    total = np.where(known, distance[:, reached], _FAR_MM)
    return int(same[int((np.minimum(total, _FAR_MM) @ lines).argmin())])


@dataclass(frozen=True, kw_only=True, eq=False)
class NroChoice:
    """The NRO chosen.

    Attributes
    ----------
    place
        Places of the NRO, in their order.
    existing
        Whether each one stood already.
    of_pm
        Position of the NRO of each PM.
    shortest_mm
        Length from each PM to its NRO by the shortest ways, -1 without one.
    nearer
        How many NRO stand nearer to each PM than its own: none of them had room.
    room
        Lines that each NRO holds.
    gap_share
        How far above the least possible sites and feeders (each PM's own, thinnest cable) cost at
        most; None where some PM has no NRO.
    """

    place: Ints
    existing: NDArray[np.bool_]
    of_pm: Ints
    shortest_mm: Ints
    nearer: Ints
    room: Ints
    gap_share: float | None


def choose_nro(
    router: Router, *, pm: Ints, lines: Ints, existing: Ints, room: Ints, site_cents: int,
    cents_per_m: int, rules: DesignRules,
) -> NroChoice:  # fmt: skip
    """Open NRO among the places of PM, existing ones first, and give each PM one.

    Each PM that can be has a site with room (``room`` at the existing ones, the rules' elsewhere)
    at most ``rules.loop_m`` away; then sites and feeders (distance × ``cents_per_m`` a PM) cost the
    least that is found (:func:`planner.network._location.locate`).
    """
    sites = np.unique(np.concatenate([pm, existing])).astype(np.int64)
    between = _between(router, sites)
    row = np.searchsorted(sites, pm)
    distance = between[:, row]  # site × PM
    led = np.where(distance <= rules.loop_m * MM_PER_M, distance * cents_per_m / MM_PER_M, np.inf)
    stands = np.isin(sites, existing)
    holds = np.zeros(sites.size, np.int64)
    np.add.at(holds, np.searchsorted(sites, existing), room)
    chosen = locate(
        led, opening=np.where(stands, 0.0, float(site_cents)),
        room=np.where(stands, holds, rules.nro_lines), lines=lines,
    )  # fmt: skip
    given = chosen.given
    used = np.unique(given[given >= 0])
    own = np.where(given >= 0, distance[given, np.arange(given.size)], -1.0)
    gap = None
    if chosen.bound is not None:
        gap = (chosen.cost - chosen.bound) / chosen.bound if chosen.bound > 0 else 0.0
    return NroChoice(
        place=sites[used], existing=stands[used],
        of_pm=np.where(given >= 0, np.searchsorted(used, given), -1).astype(np.int64),
        # a length was raised by a millimetre a piece, so that none is nothing
        shortest_mm=np.rint(own).astype(np.int64), nearer=(distance[used] < own).sum(axis=0),
        room=np.where(stands, holds, rules.nro_lines)[used], gap_share=gap,
    )  # fmt: skip


def _between(router: Router, sites: Ints) -> Floats:
    """Return distances among sites along the ways, mm: by the cells of the sites.

    A path from site to site is made of shortest links between neighbouring cells, so the distance
    is that of a path that exists, and at most that of the shortest one where its cells are few.
    """
    length = router.ways.length_mm + 1
    matrix = router.matrix(length)
    reached, _, source = dijkstra(
        matrix, directed=True, indices=sites, min_only=True, return_predecessors=True
    )
    tail = np.repeat(np.arange(router.ways.place_count), np.diff(router.first))
    head = router.head
    link = np.flatnonzero((source[tail] >= 0) & (source[tail] != source[head]))
    total = reached[tail[link]] + length[router.arc_piece[link]] + reached[head[link]]
    cell = np.full(router.ways.place_count, -1, np.int64)
    cell[sites] = np.arange(sites.size)
    a, b = cell[source[tail[link]]], cell[source[head[link]]]
    order = np.lexsort((total, b, a))
    first = np.ones(order.size, np.bool_)
    first[1:] = (a[order][1:] != a[order][:-1]) | (b[order][1:] != b[order][:-1])
    order = order[first]
    small = csr_array((total[order], (a[order], b[order])), shape=(sites.size, sites.size))
    distance: Floats = dijkstra(small, directed=True)
    return distance

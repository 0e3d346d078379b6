"""Trees laid in the order of the phases: apart, or each using what earlier ones have opened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.network._prices import DUCT_EXTRA, Book
from planner.network._rules import DesignRules
from planner.network._trees import Branches, Router
from planner.network._ways import MM_PER_M, Ints, Ways
from planner.progress import Notify, stage, unheard

__all__ = ["Demand", "Laid", "Layout", "Sites", "lay_phases"]

Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Demand:
    """Lines asked for at places, by sector; sorted by sector, then place.

    ``first`` gives where each sector's rows begin (one more than sectors).
    """

    place: Ints
    sector: Ints
    lines: Ints
    on_demand: Ints
    first: Ints

    def of(self, sector: int) -> slice:
        """Return the rows of a sector."""
        return slice(int(self.first[sector]), int(self.first[sector + 1]))


@dataclass(frozen=True, kw_only=True, eq=False)
class Sites:
    """PM of each sector and NRO of each PM: places, and -1 where there is none.

    ``shortest_mm`` and ``nearer`` are those of :class:`planner.network._sites.NroChoice`.
    """

    pm: Ints
    pm_existing: Flags
    lines: Ints
    nro_of: Ints
    nro: Ints
    nro_existing: Flags
    shortest_mm: Ints
    nearer: Ints
    phase: Ints


@dataclass(frozen=True, kw_only=True, eq=False)
class Laid:
    """One tree with what goes through it.

    ``site`` is the NRO of a feeder, the sector of a distribution.  ``piece``, ``lines`` and
    ``fibres`` have one row a piece of way.  ``shares`` are (piece, sector, lines).
    """

    feeder: bool
    site: int
    phase: int
    branches: Branches
    piece: Ints
    lines: Ints
    fibres: Ints
    shares: tuple[Ints, Ints, Ints]


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """Every tree, and whether phases use what earlier ones have opened.

    ``opened`` is the first phase that lays in each piece, -1 for none.
    """

    trees: tuple[Laid, ...]
    reuse: bool
    cost: int
    opened: Ints


def lay_phases(
    router: Router, demand: Demand, sites: Sites, book: Book, rules: DesignRules, *,
    names: Sequence[str], notify: Notify = unheard,
) -> tuple[Layout, Layout]:  # fmt: skip
    """Lay every phase apart, then together; the second is never dearer than the first.

    Together, what an earlier phase opens costs a later one no more than an extra duct; three ways
    are priced and the cheapest is kept: trees that seek what is open, phase by phase; the trees of
    the phases apart, using what they happen to share; and the phases apart as they are.
    """
    lengths = router.ways.length_mm
    civil = civil_cost(router.ways, book)
    extra = np.minimum(civil, lengths * book.cents[DUCT_EXTRA])
    cable = np.maximum(lengths * book.thinnest_cents_per_m, 1)
    phases = np.unique(sites.phase[sites.phase >= 0]).tolist()
    layer = _Layer(router, demand, sites, rules)
    apart: list[Laid] = []
    for phase in phases:
        with stage(notify, "stage.trees_apart", phase=names[phase]):
            apart.extend(layer.phase(phase, cable, civil))
    alone = _priced(apart, router.ways, book, civil=civil, extra=extra, reuse=False)
    if len(phases) < 2:  # noqa: PLR2004 (one phase shares with none)
        return alone, alone
    sought = [tree for tree in apart if tree.phase == phases[0]]
    for phase in phases[1:]:
        works = civil.copy()
        seen = np.unique(np.concatenate([tree.piece for tree in sought] or [np.empty(0, np.int64)]))
        works[seen] = extra[seen]
        with stage(notify, "stage.trees_together", phase=names[phase]):
            sought.extend(layer.phase(phase, cable, works))
    shared = [
        _priced(trees, router.ways, book, civil=civil, extra=extra, reuse=True)
        for trees in (sought, apart)
    ]
    return alone, min([*shared, alone], key=lambda layout: layout.cost)


def civil_cost(ways: Ways, book: Book) -> Ints:
    """Return what opening each piece costs, in thousandths of a cent (mm × cents a metre)."""
    return ways.length_mm * book.opening_cents(ways.layings)[ways.laying]


def cable_cost(trees: Iterable[Laid], ways: Ways, book: Book) -> int:
    """Return what the cables of trees cost, in thousandths of a cent."""
    trees = list(trees)
    plans = book.plans(max((int(t.fibres.max(initial=0)) for t in trees), default=0))
    price = plans @ np.array([model.cost_cents_per_m for model in book.cables], np.int64)
    return sum(int((price[t.fibres] * ways.length_mm[t.piece]).sum()) for t in trees)


def _priced(
    trees: list[Laid], ways: Ways, book: Book, *, civil: Ints, extra: Ints, reuse: bool
) -> Layout:
    opened = np.full(ways.length_mm.size, -1, np.int64)
    cost = cable_cost(trees, ways, book)
    for phase in sorted({tree.phase for tree in trees}):
        laid = np.unique(np.concatenate([t.piece for t in trees if t.phase == phase]))
        before = opened[laid] >= 0
        cost += int(np.where(before & reuse, extra[laid], civil[laid]).sum())
        opened[laid[~before]] = phase
    return Layout(trees=tuple(trees), reuse=reuse, cost=cost, opened=opened)


class _Layer:
    """Lays the trees of a phase: feeders first, whose trenches the distribution then shares."""

    def __init__(self, router: Router, demand: Demand, sites: Sites, rules: DesignRules) -> None:
        self.router, self.demand, self.sites, self.rules = router, demand, sites, rules

    def phase(self, phase: int, cable: Ints, works: Ints) -> list[Laid]:
        """Lay one phase; ``works`` is what opening each piece costs, as long as it isn't open."""
        sites = self.sites
        weight = cable + works
        mine = np.flatnonzero((sites.phase == phase) & (sites.pm >= 0) & (sites.nro_of >= 0))
        laid = []
        for nro in np.unique(sites.nro_of[mine]).tolist():
            tree = self._feeder(nro, mine[sites.nro_of[mine] == nro], phase, weight)
            weight[tree.piece] = cable[tree.piece]
            laid.append(tree)
        for sector in mine.tolist():
            tree = self._distribution(sector, phase, weight)
            weight[tree.piece] = cable[tree.piece]
            laid.append(tree)
        return laid

    def _feeder(self, nro: int, sectors: Ints, phase: int, weight: Ints) -> Laid:
        sites, rules = self.sites, self.rules
        root, pm = int(sites.nro[nro]), sites.pm[sectors]
        branches = self.router.tree(
            pm, root, weight, effort=rules.effort, limit_mm=rules.loop_m * MM_PER_M
        )
        row = _rows(branches, pm)
        lines = np.zeros(branches.place.size, np.int64)
        np.add.at(lines, row, sites.lines[sectors])
        asked = _ceil(sites.lines[sectors] * (1 + rules.spare_share) / rules.lines_per_feeder_fibre)
        fibres = np.zeros(branches.place.size, np.int64)
        np.add.at(fibres, row, np.maximum(asked, 1))
        walked, owner, through = [], [], []
        for sector, start in zip(sectors.tolist(), row.tolist(), strict=True):
            place = start
            while branches.parent[place] >= 0:
                walked.append(int(branches.piece[place]))
                owner.append(sector)
                through.append(int(sites.lines[sector]))
                place = int(branches.parent[place])
        shares = tuple(np.array(part, np.int64) for part in (walked, owner, through))
        return Laid(
            feeder=True, site=nro, phase=phase, branches=branches, piece=branches.piece[1:],
            lines=branches.gather(lines)[1:], fibres=branches.gather(fibres)[1:],
            shares=(shares[0], shares[1], shares[2]),
        )  # fmt: skip

    def _distribution(self, sector: int, phase: int, weight: Ints) -> Laid:
        rows = self.demand.of(sector)
        root = int(self.sites.pm[sector])
        place, asked = self.demand.place[rows], self.demand.lines[rows]
        joined = self.router.component[place] == self.router.component[root]
        branches = self.router.tree(place[joined], root, weight, effort=self.rules.effort)
        lines = np.zeros(branches.place.size, np.int64)
        row = _rows(branches, place[joined])
        lines[row] = asked[joined]
        fibres = np.zeros(branches.place.size, np.int64)
        fibres[row] = np.maximum(_ceil(asked[joined] * (1 + self.rules.spare_share)), 1)
        through = branches.gather(lines)[1:]
        piece = branches.piece[1:]
        return Laid(
            feeder=False, site=sector, phase=phase, branches=branches, piece=piece,
            lines=through, fibres=branches.gather(fibres)[1:],
            shares=(piece, np.full(piece.size, sector, np.int64), through),
        )  # fmt: skip


def _rows(branches: Branches, places: Ints) -> Ints:
    order = np.argsort(branches.place, kind="stable")
    rows: Ints = order[np.searchsorted(branches.place, places, sorter=order)]
    return rows


def _ceil(values: NDArray[np.float64]) -> Ints:
    """Round up, but not for the last bits of a product."""
    whole: Ints = np.ceil(np.round(values, 9)).astype(np.int64)
    return whole

"""Trees laid in the order of the phases: apart, or each using what earlier ones have opened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from planner.network._prices import DUCT_EXTRA, Book
from planner.network._rehang import Hanging, Rehanger, line_below
from planner.network._result import Effort
from planner.network._rules import DesignRules
from planner.network._trees import Branches, Line, Router
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

    ``pm_cabinets`` are those to be set up at each PM, ``pm_held`` the lines that what stands there
    holds.  ``shortest_mm``, ``nearer``, ``nro_room`` and ``gap_share`` are those of
    :class:`planner.network._sites.NroChoice`.
    """

    pm: Ints
    pm_existing: Flags
    pm_cabinets: Ints
    pm_held: Ints
    lines: Ints
    nro_of: Ints
    nro: Ints
    nro_existing: Flags
    nro_room: Ints
    shortest_mm: Ints
    nearer: Ints
    phase: Ints
    gap_share: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Laid:
    """One tree with what goes through it.

    ``site`` is the NRO of a feeder, the sector of a distribution.  ``piece``, ``lines`` and
    ``fibres`` have one row a piece of way.  ``shares`` are (piece, sector, lines).  ``cost``, in
    thousandths of a cent, is that of its cables and of what it opens first.
    """

    feeder: bool
    site: int
    phase: int
    branches: Branches
    piece: Ints
    lines: Ints
    fibres: Ints
    shares: tuple[Ints, Ints, Ints]
    cost: int


_NONE: Final = Branches(
    place=np.empty(0, np.int64), parent=np.empty(0, np.int64), piece=np.empty(0, np.int64),
    cost=0, bound=None,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class _Draft:
    """A tree before its last form: who asks for fibres where, a row a place of ``asking``."""

    feeder: bool
    site: int
    root: int
    sectors: Ints
    asking: Ints
    lines: Ints
    fibres: Ints
    branches: Branches = _NONE


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
    the phases apart, using what they happen to share; and the phases apart as they are.  The trees
    of a phase are first joined at the price of the thinnest cables, then hung better at that of
    the cables which their fibres need.
    """
    lengths = router.ways.length_mm
    civil = civil_cost(router.ways, book)
    extra = np.minimum(civil, lengths * book.cents[DUCT_EXTRA])
    phases = np.unique(sites.phase[sites.phase >= 0]).tolist()
    layer = _Layer(router, demand, sites, rules, book)
    apart: list[Laid] = []
    for phase in phases:
        with stage(notify, "stage.trees_apart", phase=names[phase]):
            apart.extend(layer.phase(phase, civil))
    alone = _priced(apart, router.ways, book, civil=civil, extra=extra, reuse=False)
    if len(phases) < 2:  # noqa: PLR2004 (one phase shares with none)
        return alone, alone
    sought = [tree for tree in apart if tree.phase == phases[0]]
    for phase in phases[1:]:
        works = civil.copy()
        seen = np.unique(np.concatenate([tree.piece for tree in sought] or [np.empty(0, np.int64)]))
        works[seen] = extra[seen]
        with stage(notify, "stage.trees_together", phase=names[phase]):
            sought.extend(layer.phase(phase, works))
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

    def __init__(
        self, router: Router, demand: Demand, sites: Sites, rules: DesignRules, book: Book
    ) -> None:
        self.router, self.demand, self.sites, self.rules = router, demand, sites, rules
        self.rehanger = Rehanger(router, book)
        # fibres asked for at each row of the demand, and by each PM
        self.asked = np.maximum(_ceil(demand.lines * (1 + rules.spare_share)), 1)
        led = sites.lines.astype(np.float64) * (1 + rules.spare_share)
        self.led = np.maximum(_ceil(led / rules.lines_per_feeder_fibre), 1)
        served = sites.nro_of >= 0
        most = [
            np.bincount(demand.sector, weights=self.asked).max(initial=0),
            np.bincount(sites.nro_of[served], weights=self.led[served]).max(initial=0),
        ]
        self.price = self.rehanger.prices(int(max(most)))

    def _line(self, draft: _Draft) -> Line:
        """Return what cables cost at the least; for a bound, thicker ones too."""
        if self.rules.effort is Effort.QUICK:
            return Line(int(self.price[1]), 0, 1)
        return line_below(self.price[: int(draft.fibres.sum()) + 1])

    def phase(self, phase: int, works: Ints) -> list[Laid]:
        """Lay one phase; ``works`` is what opening each piece costs, as long as it isn't open."""
        sites = self.sites
        mine = np.flatnonzero((sites.phase == phase) & (sites.pm >= 0) & (sites.nro_of >= 0))
        asked = [
            self._feeder(nro, mine[sites.nro_of[mine] == nro])
            for nro in np.unique(sites.nro_of[mine]).tolist()
        ]
        asked += [self._distribution(sector) for sector in mine.tolist()]
        due, drafts = works.copy(), []
        for draft in asked:
            drafts.append(self._draw(draft, due))
            due[drafts[-1].branches.piece[1:]] = 0
        better = self.rehanger.hang(
            [
                Hanging(
                    branches=draft.branches, asking=draft.asking, fibres=draft.fibres,
                    limit_mm=int(self.rules.loop_m * MM_PER_M) if draft.feeder else -1,
                )
                for draft in drafts
            ],
            works,
        )  # fmt: skip
        due = works.copy()
        laid = []
        for draft, branches in zip(drafts, better, strict=True):
            laid.append(self._lay(replace(draft, branches=branches), phase, due))
            due[laid[-1].piece] = 0
        return laid

    def _feeder(self, nro: int, sectors: Ints) -> _Draft:
        sites = self.sites
        return _Draft(
            feeder=True, site=nro, root=int(sites.nro[nro]), sectors=sectors,
            asking=sites.pm[sectors], lines=sites.lines[sectors], fibres=self.led[sectors],
        )  # fmt: skip

    def _distribution(self, sector: int) -> _Draft:
        rows = self.demand.of(sector)
        root = int(self.sites.pm[sector])
        place = self.demand.place[rows]
        joined = self.router.component[place] == self.router.component[root]
        return _Draft(
            feeder=False, site=sector, root=root, sectors=np.array([sector]), asking=place[joined],
            lines=self.demand.lines[rows][joined], fibres=self.asked[rows][joined],
        )  # fmt: skip

    def _draw(self, draft: _Draft, due: Ints) -> _Draft:
        """Join who asks to the root; ``due`` is what each piece still costs to open."""
        line = self._line(draft)
        branches = self.router.tree(
            draft.asking, draft.root, due, line, effort=self.rules.effort,
            limit_mm=self.rules.loop_m * MM_PER_M if draft.feeder else np.inf,
        )  # fmt: skip
        if branches.bound is not None and line.each:
            length = self.router.ways.length_mm
            near = dijkstra(
                self.router.matrix(length), directed=True, indices=draft.root,
                limit=float(branches.depth_mm(length).max()) + 1,
            )  # fmt: skip
            led = int((near[draft.asking].astype(np.int64) * draft.fibres).sum())
            branches = replace(branches, bound=branches.bound + led * line.each // line.per)
        return replace(draft, branches=branches)

    def _lay(self, draft: _Draft, phase: int, due: Ints) -> Laid:
        """Say what goes through each piece of a tree; ``due`` is what each still costs to open."""
        branches, piece = draft.branches, draft.branches.piece[1:]
        lines = branches.gather(_spread(branches, draft.asking, draft.lines))[1:]
        fibres = branches.gather(_spread(branches, draft.asking, draft.fibres))[1:]
        shares = (piece, np.full(piece.size, draft.site, np.int64), lines)
        if draft.feeder:
            shares = _through(draft)
        price = self.rehanger.prices(int(fibres.max(initial=0)))[fibres]
        cost = int((price * self.router.ways.length_mm[piece] + due[piece]).sum())
        return Laid(
            feeder=draft.feeder, site=draft.site, phase=phase, branches=branches, piece=piece,
            lines=lines, fibres=fibres, shares=shares, cost=cost,
        )  # fmt: skip


def _through(draft: _Draft) -> tuple[Ints, Ints, Ints]:
    """Return the pieces from each PM back to the NRO, the sector of the PM and its lines."""
    branches = draft.branches
    walked, owner, through = [], [], []
    row = _rows(branches, draft.asking)
    for sector, lines, start in zip(
        draft.sectors.tolist(), draft.lines.tolist(), row.tolist(), strict=True
    ):
        place = start
        while branches.parent[place] >= 0:
            walked.append(int(branches.piece[place]))
            owner.append(sector)
            through.append(lines)
            place = int(branches.parent[place])
    return np.array(walked, np.int64), np.array(owner, np.int64), np.array(through, np.int64)


def _spread(branches: Branches, places: Ints, amount: Ints) -> Ints:
    """Return what is asked for at each place of a tree."""
    spread = np.zeros(branches.place.size, np.int64)
    np.add.at(spread, _rows(branches, places), amount)
    return spread


def _rows(branches: Branches, places: Ints) -> Ints:
    order = np.argsort(branches.place, kind="stable")
    rows: Ints = order[np.searchsorted(branches.place, places, sorter=order)]
    return rows


def _ceil(values: NDArray[np.floating[Any]]) -> Ints:
    """Round up, but not for the last bits of a product."""
    whole: Ints = np.ceil(np.round(values, 9)).astype(np.int64)
    return whole

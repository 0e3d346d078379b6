"""The network of a territory: sites, feeder and distribution routes, branching points, quantities.

Every premise of a sector is led to the nearest place of the ways; each sector has one PM, at the
middle of its lines; NRO are a capacitated choice among the places of PM; a feeder tree joins each
NRO to its PM and a distribution tree each PM to its branching points, phase after phase, each phase
using what the earlier ones have opened.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.errors import RuleError
from planner.findings import Finding, Findings
from planner.network._bill import bill, share_poles
from planner.network._choices import choose_feeders
from planner.network._layout import Demand, Layout, Sites, civil_cost, lay_phases
from planner.network._prices import NRO, Book, open_book
from planner.network._rules import DesignRules
from planner.network._sectors import tell_sectors
from planner.network._sites import choose_nro, site_pm
from planner.network._tables import Frames, find, make_frames
from planner.network._trees import Router
from planner.network._ways import Ints, Ways
from planner.progress import Notify, stage, unheard
from planner.schemas import contract
from planner.texts import Message
from planner.vocab import Severity, SiteKind

__all__ = ["Network", "compare_phasing", "design_network"]

_SNAPPED_M: Final = 50.0
"""A site farther than this from a place of the ways is said to be led to it."""
_ENOUGH: Final = 2**40
"""Lines of an existing PM of which it isn't known how many it holds: it is used for all."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network designed, and why it can be trusted.

    Parameters
    ----------
    nro, pm, routes, pbo, drops, quantities
        Tables under the contracts of these names, EPSG:2154.
    sectors
        Contract ``network_sectors``: the same, sector by sector.
    gap_share
        How far above the least possible the works and cables of all trees are at most, each tree
        for itself with what the trees first drawn before it had opened; None where no bound was
        asked for.
    siting_gap_share
        How far above the least possible NRO and feeders, each PM led to its own by the thinnest
        cable, cost at most, PM standing where they do; None where some PM has no NRO.
    together
        Whether phases share what they open.
    findings
        What deserves to be checked.
    choices
        Contract ``feeder_choices``: why each feeder goes where it goes; empty on made-up ways,
        where it would stand for nothing.
    """

    nro: gpd.GeoDataFrame
    pm: gpd.GeoDataFrame
    routes: gpd.GeoDataFrame
    pbo: gpd.GeoDataFrame
    drops: pd.DataFrame
    quantities: pd.DataFrame
    sectors: pd.DataFrame
    gap_share: float | None
    siting_gap_share: float | None
    together: bool
    findings: Findings
    choices: pd.DataFrame

    @property
    def cost_cents(self) -> int:
        """Cost of the whole: the sum of the quantities' costs."""
        return int(self.quantities["cost_cents"].sum())

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by the name of their contract, drops left out: there are millions."""
        return {
            "nro": self.nro, "pm": self.pm, "routes": self.routes, "pbo": self.pbo,
            "quantities": self.quantities, "network_sectors": self.sectors,
            **({"feeder_choices": self.choices} if len(self.choices) else {}),
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class _Study:
    """What is designed, before anything is laid."""

    ways: Ways
    router: Router
    book: Book
    rules: DesignRules
    demand: Demand
    sites: Sites
    names: NDArray[np.object_]
    phases: tuple[str, ...]
    rows: pd.DataFrame
    synthetic: bool
    met: Findings


def design_network(
    ways: Ways,
    *,
    premises: pd.DataFrame,
    phases: Mapping[str, str],
    prices: pd.DataFrame,
    on: dt.date,
    ratios: pd.DataFrame | None = None,
    rules: DesignRules = DesignRules(),  # noqa: B008  frozen
    sectors: gpd.GeoDataFrame | None = None,
    existing_sites: gpd.GeoDataFrame | None = None,
    together: bool = True,
    synthetic: bool = False,
) -> Network:
    """Design the network of some sectors.

    Parameters
    ----------
    ways
        Where cables may go (:func:`planner.network.lay_ways`).
    premises
        Contract ``premises`` with the column ``sector_id``; a row counts its ``premises_min``
        lines.  Rows without a sector, or whose sector has no phase, are left out.
    phases
        Phase of each sector to design; phases are built in the order of their codes.
    prices
        Contract ``works_prices``: every kind of laying of the ways is an item.
    on
        Day of the prices and ratios.
    ratios
        Contract ``works_ratios``: how far apart poles stand, which shares of them are replaced and
        reinforced; None: poles are no items of the bill.
    rules
        How the network is designed.
    sectors, existing_sites
        Contracts ``sectors`` and ``existing_sites``: an existing PM inside a sector is used again,
        and so is an existing NRO that the ways reach.
    together
        Whether phases share what they open; apart, each pays its own works.
    synthetic
        Whether the premises are made up; made-up ways make the network synthetic too, and made-up
        prices the quantities.

    Returns
    -------
    Network
        The same bytes from permuted rows.

    Raises
    ------
    RuleError
        When no premise has a sector to design, or a price or a ratio is missing.
    ContractError
        When the price book breaks its contract.
    """
    study = _open(
        ways, premises=premises, phases=phases, prices=prices, ratios=ratios, on=on, rules=rules,
        sectors=sectors, existing_sites=existing_sites, synthetic=synthetic,
    )  # fmt: skip
    apart, shared = lay_phases(
        study.router, study.demand, study.sites, study.book, study.rules, names=study.phases
    )
    return _best(study, apart, shared) if together else _network(study, apart)


def compare_phasing(
    ways: Ways,
    *,
    premises: pd.DataFrame,
    phases: Mapping[str, str],
    prices: pd.DataFrame,
    on: dt.date,
    ratios: pd.DataFrame | None = None,
    rules: DesignRules = DesignRules(),  # noqa: B008  frozen
    sectors: gpd.GeoDataFrame | None = None,
    existing_sites: gpd.GeoDataFrame | None = None,
    synthetic: bool = False,
    notify: Notify = unheard,
) -> tuple[Network, Network]:
    """Design the phases apart and together; the second never costs more than the first.

    Parameters are those of :func:`design_network`; ``notify`` is told of each stage as it begins.
    """
    with stage(notify, "stage.sites"):
        study = _open(
            ways, premises=premises, phases=phases, prices=prices, ratios=ratios, on=on,
            rules=rules, sectors=sectors, existing_sites=existing_sites, synthetic=synthetic,
        )  # fmt: skip
    apart, shared = lay_phases(
        study.router, study.demand, study.sites, study.book, study.rules, names=study.phases,
        notify=notify,
    )  # fmt: skip
    with stage(notify, "stage.network_tables"):
        return _network(study, apart), _best(study, apart, shared)


def _open(
    ways: Ways, *, premises: pd.DataFrame, phases: Mapping[str, str], prices: pd.DataFrame,
    ratios: pd.DataFrame | None, on: dt.date, rules: DesignRules,
    sectors: gpd.GeoDataFrame | None, existing_sites: gpd.GeoDataFrame | None, synthetic: bool,
) -> _Study:  # fmt: skip
    book = open_book(prices, layings=ways.layings, on=on, ratios=ratios)
    order = tuple(sorted(set(phases.values())))
    rows = _rows(premises, phases)
    if rows.empty:
        raise RuleError(Message.of("design.nothing"), Message.of("design.nothing_remedy"))
    away, place = ways.nearest(
        rows["x_m"].to_numpy(dtype=np.float64), rows["y_m"].to_numpy(dtype=np.float64)
    )
    rows = rows.assign(place=place, length_m=away, on_demand=away > rules.on_demand_m)
    names, sector = np.unique(
        rows["sector_id"].to_numpy(dtype=object).astype(str), return_inverse=True
    )
    rows["sector"] = sector.ravel()
    demand = _demand(rows, names.size)
    router = Router(ways, civil_cost(ways, book))
    names = names.astype(object)
    sites, met = _sites(
        router, demand, book, rules, names=names, sectors=sectors, existing=existing_sites,
        phase=np.array([order.index(phases[name]) for name in names.tolist()], np.int64),
    )  # fmt: skip
    return _Study(
        ways=ways, router=router, book=book, rules=rules, demand=demand, sites=sites, names=names,
        phases=order, rows=rows, synthetic=synthetic or ways.synthetic, met=met,
    )  # fmt: skip


def _rows(premises: pd.DataFrame, phases: Mapping[str, str]) -> pd.DataFrame:
    """Return the premises to serve, sorted by id."""
    columns = ["premise_id", "sector_id", "premises_min", "x_m", "y_m"]
    if isinstance(premises["sector_id"].dtype, pd.CategoricalDtype):
        wanted = premises["sector_id"].cat.categories.astype(str).isin(list(phases))
        codes = premises["sector_id"].cat.codes.to_numpy()
        kept = np.append(wanted, False)[codes]
    else:
        kept = premises["sector_id"].astype(object).isin(list(phases)).to_numpy()
    return premises.loc[kept, columns].sort_values("premise_id", kind="stable", ignore_index=True)


def _demand(rows: pd.DataFrame, sectors: int) -> Demand:
    lines = rows["premises_min"].to_numpy(dtype=np.int64)
    size = int(rows["place"].max()) + 1
    key = rows["sector"].to_numpy(dtype=np.int64) * size + rows["place"].to_numpy(dtype=np.int64)
    which, inverse = np.unique(key, return_inverse=True)
    late = np.where(rows["on_demand"].to_numpy(), lines, 0)
    sector = which // size
    return Demand(
        place=which % size, sector=sector,
        lines=np.bincount(inverse.ravel(), weights=lines).astype(np.int64),
        on_demand=np.bincount(inverse.ravel(), weights=late).astype(np.int64),
        first=np.searchsorted(sector, np.arange(sectors + 1)),
    )  # fmt: skip


def _sites(
    router: Router, demand: Demand, book: Book, rules: DesignRules, *,
    names: NDArray[np.object_], sectors: gpd.GeoDataFrame | None,
    existing: gpd.GeoDataFrame | None, phase: Ints,
) -> tuple[Sites, Findings]:  # fmt: skip
    size = names.size
    known, met = _existing_places(router.ways, existing, rules)
    free = _room(existing, _ENOUGH)
    inside = _existing_pm(existing, known, sectors, names)
    pm, held = np.empty(size, np.int64), np.zeros(size, np.int64)
    for sector in range(size):
        rows = demand.of(sector)
        mine = inside.get(sector, np.empty(0, np.int64))
        # of the sites that stand, those with room for all come first
        wide = mine[free[mine] >= demand.lines[rows].sum()]
        mine = wide if wide.size else mine
        pm[sector] = site_pm(
            router, places=demand.place[rows], lines=demand.lines[rows], existing=known[mine],
            rules=rules,
        )  # fmt: skip
        held[sector] = free[mine[known[mine] == pm[sector]]].sum()
    joined = router.component[demand.place] == router.component[pm[demand.sector]]
    lines = np.bincount(
        demand.sector, weights=np.where(joined, demand.lines, 0), minlength=size
    ).astype(np.int64)
    is_nro = np.empty(0, np.int64)
    if existing is not None and len(existing):
        kind = existing["kind"].astype(object).to_numpy()
        is_nro = np.flatnonzero((kind == SiteKind.NRO.value) & (known >= 0))
    chosen = choose_nro(
        router, pm=pm, lines=lines, existing=known[is_nro],
        room=_room(existing, rules.nro_lines)[is_nro], site_cents=book.cents[NRO],
        cents_per_m=book.thinnest_cents_per_m, rules=rules,
    )  # fmt: skip
    held = np.where(held >= _ENOUGH, lines, held)
    stands = np.array([sector in inside for sector in range(size)], np.bool_)
    cabinets = -(-np.maximum(lines - held, 0) // rules.cabinet_lines)
    sites = Sites(
        pm=pm, pm_existing=stands, pm_cabinets=np.where(stands, cabinets, np.maximum(cabinets, 1)),
        pm_held=held, lines=lines, nro_of=chosen.of_pm, nro=chosen.place,
        nro_existing=chosen.existing, nro_room=chosen.room, shortest_mm=chosen.shortest_mm,
        nearer=chosen.nearer, phase=phase, gap_share=chosen.gap_share,
    )  # fmt: skip
    return sites, met


def _existing_places(
    ways: Ways, existing: gpd.GeoDataFrame | None, rules: DesignRules
) -> tuple[Ints, Findings]:
    """Return the place of each existing site, -1 where it stands too far from the ways.

    A site that stands away from them is led to its nearest place, which is said.
    """
    if existing is None or existing.empty:
        return np.empty(0, np.int64), Findings()
    spots = shapely.get_coordinates(existing.geometry.to_numpy())
    away, place = ways.nearest(spots[:, 0], spots[:, 1])
    kind = existing["kind"].astype(object).to_numpy()
    useful = np.isin(kind, (SiteKind.NRO.value, SiteKind.PM.value))
    found = []
    for site, metres in zip(
        existing["site_id"].astype(str), np.where(useful, away, 0), strict=True
    ):
        if metres > _SNAPPED_M:
            near = metres <= rules.site_reach_m
            found.append(
                Finding.of(
                    "design.site_snapped" if near else "design.site_too_far",
                    severity=Severity.INFO if near else Severity.WARNING, table="existing_sites",
                    place=site, metres=round(float(metres)), most=rules.site_reach_m,
                )
            )  # fmt: skip
    return np.where(away <= rules.site_reach_m, place, -1), Findings.collect(found)


def _room(existing: gpd.GeoDataFrame | None, unknown: int) -> Ints:
    """Return the lines that each existing site can serve, or a number where that isn't known."""
    if existing is None or existing.empty:
        return np.empty(0, np.int64)
    room: Ints = existing["lines_count"].astype("Int64").fillna(unknown).to_numpy(dtype=np.int64)
    return room


def _existing_pm(
    existing: gpd.GeoDataFrame | None, known: Ints, sectors: gpd.GeoDataFrame | None,
    names: NDArray[np.object_],
) -> dict[int, Ints]:  # fmt: skip
    """Return the rows of the existing PM inside each sector, in the order of their identifiers."""
    if existing is None or sectors is None or not known.size:
        return {}
    kind = existing["kind"].astype(object).to_numpy()
    mine = np.flatnonzero((kind == SiteKind.PM.value) & (known >= 0))
    place_of = {name: k for k, name in enumerate(names.tolist())}
    ids = sectors["sector_id"].astype(str).to_numpy(dtype=object)
    spot, row = shapely.STRtree(sectors.geometry.to_numpy()).query(
        existing.geometry.to_numpy()[mine], predicate="intersects"
    )
    found: dict[int, list[int]] = {}
    order = existing["site_id"].astype(str).to_numpy(dtype=object)
    for site, name in zip(mine[spot].tolist(), ids[row].tolist(), strict=True):
        if name in place_of:
            found.setdefault(place_of[name], []).append(site)
    return {
        sector: np.array(sorted(set(sites), key=order.__getitem__), np.int64)
        for sector, sites in found.items()
    }


def _best(study: _Study, apart: Layout, shared: Layout) -> Network:
    """Return the cheaper of the two as billed: whole metres may tip it."""
    one = _network(study, shared)
    if shared is apart:
        return one
    other = _network(study, apart)
    return one if one.cost_cents <= other.cost_cents else other


def _network(study: _Study, layout: Layout) -> Network:
    frames: Frames = make_frames(
        layout, ways=study.ways, demand=study.demand, sites=study.sites, book=study.book,
        rules=study.rules, names=study.names, phases=study.phases, rows=study.rows,
        synthetic=study.synthetic,
    )  # fmt: skip
    poles = share_poles(layout, study.ways, study.book)
    quantities = bill(
        layout, ways=study.ways, demand=study.demand, sites=study.sites, book=study.book,
        boxes=frames.boxes, reached=frames.reached, poles=poles, names=study.names,
        phases=study.phases, synthetic=study.synthetic,
    )  # fmt: skip
    sectors = tell_sectors(
        layout, quantities=quantities, poles=poles, pbo=frames.pbo, pm=frames.pm, ways=study.ways,
        sites=study.sites, book=study.book, names=study.names, phases=study.phases,
        synthetic=study.synthetic,
    )  # fmt: skip
    bounds = [tree.branches.bound for tree in layout.trees]
    cost = sum(tree.cost for tree in layout.trees)
    least = sum(bound for bound in bounds if bound is not None)
    gap = None if None in bounds else max(0.0, (cost - least) / least) if least else 0.0
    return Network(
        nro=frames.nro, pm=frames.pm, routes=frames.routes, pbo=frames.pbo, drops=frames.drops,
        quantities=quantities, sectors=sectors, gap_share=gap,
        siting_gap_share=study.sites.gap_share, together=layout.reuse,
        findings=Findings.collect(study.met, find(frames, study.rules)),
        choices=contract("feeder_choices").empty() if study.ways.synthetic else choose_feeders(
            layout, router=study.router, book=study.book, sites=study.sites, names=study.names,
            synthetic=study.synthetic,
        ),
    )  # fmt: skip

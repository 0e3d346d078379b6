"""What a layout takes, item by item, in whole metres and units, sector by sector."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.network._layout import Demand, Layout, Sites, civil_cost
from planner.network._poles import POLE_USED, count_poles
from planner.network._prices import DROP, DUCT_EXTRA, NRO, PBO, PM, Book
from planner.network._ways import MM_PER_M, Ints, Ways
from planner.schemas import contract

__all__ = ["bill", "share_poles", "share_works"]


def bill(
    layout: Layout, *, ways: Ways, demand: Demand, sites: Sites, book: Book, boxes: Ints,
    reached: NDArray[np.bool_], poles: pd.DataFrame, names: NDArray[np.object_],
    phases: tuple[str, ...], synthetic: bool,
) -> pd.DataFrame:  # fmt: skip
    """Return contract ``quantities``.

    A piece of way that several sectors use is shared among them by the lines that go through; the
    metres of an item in a phase are rounded once, then shared in whole metres by largest
    remainders.  An NRO is billed to the first of its sectors in the first phase that needs it.
    ``boxes`` and ``reached`` are a row of the demand each; ``poles`` come from :func:`share_poles`.
    """
    parts = [*_works(layout, ways, book), *_cables(layout, ways, book)]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    rows = [_whole(table)] if len(table) else []
    billed = poles[poles["item"] != POLE_USED]
    rows += [billed] if len(billed) else []
    rows.append(_units(layout, demand, sites, boxes, reached))
    table = pd.concat(rows, ignore_index=True)
    table = table[table["quantity"] > 0]
    item = table["item"].to_numpy(dtype=object)
    price = np.array([book.cents[name] for name in item], np.int64)
    quantity = table["quantity"].to_numpy(dtype=np.int64)
    frame = pd.DataFrame(
        {
            "phase": np.array(phases, dtype=object)[table["phase"].to_numpy(dtype=np.int64)],
            "sector_id": names[table["sector"].to_numpy(dtype=np.int64)],
            "item": item,
            "unit": np.array([book.unit[name] for name in item], dtype=object),
            "quantity": quantity,
            "unit_price_cents": price,
            "cost_cents": quantity * price,
            "synthetic": synthetic or book.synthetic,
        }
    )
    if frame.empty:
        return contract("quantities").empty()
    return contract("quantities").select(frame)


def share_works(layout: Layout, ways: Ways, book: Book) -> pd.DataFrame:
    """Share the works of each phase among the sectors that use them, by the lines that go through.

    Returns
    -------
    DataFrame
        ``phase``, ``sector``, ``piece``, ``mm`` of it, and ``later``: an earlier phase has opened
        it, and one more duct costs less than opening it.
    """
    civil = civil_cost(ways, book)
    cheap = civil <= ways.length_mm * book.cents[DUCT_EXTRA]
    parts = []
    for phase in sorted({tree.phase for tree in layout.trees}):
        trees = [tree for tree in layout.trees if tree.phase == phase]
        piece, sector, lines = (
            np.concatenate([tree.shares[part] for tree in trees]) for part in range(3)
        )
        if not piece.size:
            continue
        used = pd.DataFrame({"piece": piece, "sector": sector, "lines": lines})
        used = used.groupby(["piece", "sector"], sort=True)["lines"].sum().reset_index()
        weight = np.maximum(used["lines"].to_numpy(dtype=np.float64), 1e-9)
        rows = used["piece"].to_numpy(dtype=np.int64)
        whole = np.bincount(rows, weights=weight, minlength=ways.length_mm.size)
        parts.append(
            pd.DataFrame(
                {
                    "phase": phase,
                    "sector": used["sector"].to_numpy(dtype=np.int64),
                    "piece": rows,
                    "mm": ways.length_mm[rows] * weight / whole[rows],
                    "later": layout.reuse & (layout.opened[rows] < phase) & ~cheap[rows],
                }
            )
        )
    if not parts:
        return pd.DataFrame(columns=["phase", "sector", "piece", "mm", "later"])
    return pd.concat(parts, ignore_index=True)


def share_poles(layout: Layout, ways: Ways, book: Book) -> pd.DataFrame:
    """Return the whole poles of each phase, item and sector: used, new, replaced, reinforced.

    What an earlier phase has opened has its poles already; apart, each phase sees to its own.
    """
    used = share_works(layout, ways, book)
    columns = ["phase", "item", "sector", "quantity"]
    if book.poles is None or used.empty:
        return pd.DataFrame(columns=columns)
    piece = used["piece"].to_numpy(dtype=np.int64)
    first = layout.opened[piece] == used["phase"].to_numpy(dtype=np.int64)
    fresh = used[first] if layout.reuse else used
    poles = count_poles(fresh, ways=ways, ratios=book.poles, once=layout.reuse)
    if poles.empty:
        return pd.DataFrame(columns=columns)
    # whole poles are shared as whole metres are
    return _whole(poles.assign(mm=poles["poles"] * MM_PER_M))[columns]


def _works(layout: Layout, ways: Ways, book: Book) -> list[pd.DataFrame]:
    """Return metres opened, and metres of room in what earlier phases opened."""
    used = share_works(layout, ways, book)
    if used.empty:
        return []
    kinds = np.array([*ways.layings, DUCT_EXTRA], dtype=object)
    laying = ways.laying[used["piece"].to_numpy(dtype=np.int64)]
    kind = np.where(used["later"].to_numpy(dtype=np.bool_), len(ways.layings), laying)
    return [used[["phase", "sector"]].assign(item=kinds[kind], mm=used["mm"])]


def _cables(layout: Layout, ways: Ways, book: Book) -> list[pd.DataFrame]:
    """Return metres of each cable; a feeder's are shared by the lines that go through."""
    plans = book.plans(max((int(t.fibres.max(initial=0)) for t in layout.trees), default=0))
    trees = [tree for tree in layout.trees if tree.shares[0].size]
    if not trees:
        return []
    rows = []
    for tree in trees:
        piece, sector, lines = tree.shares
        order = np.argsort(tree.piece, kind="stable")
        row = order[np.searchsorted(tree.piece, piece, sorter=order)]
        through = tree.lines[row]
        share = np.where(through > 0, lines / np.maximum(through, 1), 1.0)
        rows.append((piece, sector, np.full(piece.size, tree.phase), tree.fibres[row], share))
    piece, sector, phase, fibres, share = (np.concatenate(part) for part in zip(*rows, strict=True))
    parts = []
    for k, model in enumerate(book.cables):
        count = plans[fibres.astype(np.int64), k]
        used = count > 0
        mm = count[used] * ways.length_mm[piece[used].astype(np.int64)] * share[used]
        item = np.full(mm.size, f"cable_{model.capacity_fibres}", dtype=object)
        columns = {"phase": phase[used], "sector": sector[used], "item": item, "mm": mm}
        parts.append(pd.DataFrame(columns))
    return parts


def _whole(table: pd.DataFrame) -> pd.DataFrame:
    """Round the metres of each phase and item once, and share them in whole metres.

    ``mm`` are thousandths of whatever is counted.
    """
    table = table.groupby(["phase", "item", "sector"], sort=True)["mm"].sum().reset_index()
    metres = table["mm"].to_numpy(dtype=np.float64) / MM_PER_M
    quantity = np.floor(np.round(metres, 6)).astype(np.int64)
    rest = np.round(metres - quantity, 6)
    for rows in table.groupby(["phase", "item"], sort=True).indices.values():
        due = int(np.rint(metres[rows].sum())) - int(quantity[rows].sum())
        quantity[rows[np.argsort(-rest[rows], kind="stable")[: max(due, 0)]]] += 1
    return table.drop(columns="mm").assign(quantity=quantity)


def _units(
    layout: Layout, demand: Demand, sites: Sites, boxes: Ints, reached: NDArray[np.bool_]
) -> pd.DataFrame:
    served = np.zeros(sites.pm.size, np.bool_)
    served[[tree.site for tree in layout.trees if not tree.feeder]] = True
    sectors = np.flatnonzero(served)
    rows = [(int(sites.phase[s]), s, PM, int(sites.pm_cabinets[s])) for s in sectors.tolist()]
    for nro in range(sites.nro.size):
        mine = sectors[sites.nro_of[sectors] == nro]
        if mine.size and not sites.nro_existing[nro]:
            host = int(mine[np.lexsort((mine, sites.phase[mine]))[0]])
            rows.append((int(sites.phase[host]), host, NRO, 1))
    size = sites.pm.size
    usual = np.where(reached, demand.lines - demand.on_demand, 0)
    for item, amount in ((PBO, np.where(reached, boxes, 0)), (DROP, usual)):
        total = np.bincount(demand.sector, weights=amount, minlength=size).astype(np.int64)
        rows += [(int(sites.phase[s]), s, item, int(total[s])) for s in sectors.tolist()]
    return pd.DataFrame(rows, columns=["phase", "sector", "item", "quantity"])

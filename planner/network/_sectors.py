"""What a network is in each sector: who serves it, how far, along what, at what cost."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.network._bill import share_works
from planner.network._layout import Layout, Sites
from planner.network._poles import POLE_NEW, POLE_REINFORCED, POLE_REPLACED, POLE_USED
from planner.network._prices import DROP, DUCT_EXTRA, NRO, PBO, PM, Book
from planner.network._ways import MM_PER_M, Ints, Ways
from planner.schemas import contract
from planner.vocab import Laying

__all__ = ["cents_per_line", "tell_sectors"]

_CABLE: Final = "cable_"
_TRENCH: Final = "trench"
_OWN: Final = {
    Laying.EXISTING_DUCT.value: "existing_duct_m",
    Laying.EXISTING_POLES.value: "existing_poles_m",
    Laying.NEW_POLES.value: "new_poles_m",
    DUCT_EXTRA: "reused_m",
}
_POLES: Final = {
    POLE_USED: "poles_used_count", POLE_NEW: "poles_new_count",
    POLE_REPLACED: "poles_replaced_count", POLE_REINFORCED: "poles_reinforced_count",
}  # fmt: skip
_PARTS: Final = {NRO: "sites_cents", PM: "sites_cents", PBO: "branching_cents",
                 DROP: "branching_cents"}  # fmt: skip


def tell_sectors(
    layout: Layout, *, quantities: pd.DataFrame, poles: pd.DataFrame, pbo: pd.DataFrame,
    pm: pd.DataFrame, ways: Ways, sites: Sites, book: Book, names: NDArray[np.object_],
    phases: tuple[str, ...], synthetic: bool,
) -> pd.DataFrame:  # fmt: skip
    """Return contract ``network_sectors``, a row for each sector that was to be designed.

    Metres and cents are those of ``quantities``, so that they add up to the bill's.  The other
    parameters are those of :func:`planner.network._bill.bill`, with its result.
    """
    keys = pd.Index(names.astype(str), name="sector_id")
    boxes = pd.DataFrame(pbo.drop(columns="geometry"))
    by = boxes["sector_id"].astype(str)
    held = boxes[["lines_count", "on_demand_count", "pbo_count"]].astype("int64")
    reached = held.where(boxes["reached"], 0).groupby(by).sum().reindex(keys, fill_value=0)
    asked = held["lines_count"].groupby(by).sum().reindex(keys, fill_value=0)
    served = pd.DataFrame(pm.drop(columns="geometry")).set_index("sector_id").reindex(keys)
    has = served["nro_id"].notna().to_numpy()
    loop = boxes["loop_m"].groupby(by).max().reindex(keys)
    feeder = served["feeder_m"].astype("float64").to_numpy()
    shortest = np.where(has, np.minimum(sites.shortest_mm / MM_PER_M, feeder), np.nan)
    existing = np.append(sites.nro_existing, False)[sites.nro_of]
    length = np.zeros(keys.size)
    for tree in layout.trees:
        if not tree.feeder:
            length[tree.site] = ways.length_mm[tree.piece].sum() / MM_PER_M
    table = pd.DataFrame(
        {
            "sector_id": keys, "nro_id": served["nro_id"].astype(object).where(has, None),
            "phase": np.array(phases, dtype=object)[sites.phase],
            "lines_count": reached["lines_count"],
            "unreached_count": asked - reached["lines_count"],
            "on_demand_count": reached["on_demand_count"], "pbo_count": reached["pbo_count"],
            "pm_existing": sites.pm_existing & has, "nro_existing": existing & has,
            "feeder_m": feeder, "shortest_m": shortest,
            "nearer_full_count": np.where(has, sites.nearer, 0),
            "longest_loop_m": loop, "distribution_m": length,
            "avoided_cents": _avoided(layout, ways, book, keys.size),
            "synthetic": synthetic or book.synthetic,
        },
        index=keys,
    )  # fmt: skip
    table = table.join(_billed(quantities, keys)).join(_poles(poles, keys))
    parts = ("works_cents", "cables_cents", "sites_cents", "branching_cents")
    table["cost_cents"] = sum(table[part] for part in parts)
    table["cents_per_line"] = cents_per_line(table["cost_cents"], table["lines_count"])
    return contract("network_sectors").select(table.reset_index(drop=True))


def cents_per_line(cents: pd.Series[int], lines: pd.Series[int]) -> pd.Series[int]:
    """Divide costs by lines, halves rounded up; absent where there is no line."""
    whole, each = cents.astype("Int64"), lines.astype("Int64")
    return (2 * whole + each) // (2 * each.where(each > 0))


def _billed(quantities: pd.DataFrame, keys: pd.Index[str]) -> pd.DataFrame:
    """Return metres by kind of laying and cents by kind of item, of each sector."""
    item = quantities["item"].astype(object)
    metres = quantities["unit"].astype(str) == "m"
    cable = item.str.startswith(_CABLE)
    column = item.map(_OWN).astype(object)
    column = column.mask(metres & item.str.startswith(_TRENCH), "trench_m")
    column = column.mask(cable, "cables_m").fillna("other_m")
    part = item.map(_PARTS).astype(object).fillna("works_cents").mask(cable, "cables_cents")
    rows = pd.DataFrame(
        {
            "sector_id": quantities["sector_id"].astype(str), "column": column, "part": part,
            "quantity": quantities["quantity"].astype("int64"),
            "cost_cents": quantities["cost_cents"].astype("int64"),
        }
    )  # fmt: skip
    lengths = rows[metres.to_numpy()].pivot_table(
        index="sector_id", columns="column", values="quantity", aggfunc="sum", fill_value=0
    )
    costs = rows.pivot_table(
        index="sector_id", columns="part", values="cost_cents", aggfunc="sum", fill_value=0
    )
    wanted = [*dict.fromkeys(_OWN.values()), "trench_m", "other_m", "cables_m"]
    whole = [*dict.fromkeys(_PARTS.values()), "works_cents", "cables_cents"]
    lengths = lengths.reindex(index=keys, columns=wanted, fill_value=0).astype("int64")
    return lengths.join(costs.reindex(index=keys, columns=whole, fill_value=0).astype("int64"))


def _poles(rows: pd.DataFrame, keys: pd.Index[str]) -> pd.DataFrame:
    """Return the poles of each sector, as the bill counts them."""
    counts = np.zeros((keys.size, len(_POLES)), np.int64)
    column = rows["item"].map({item: k for k, item in enumerate(_POLES)})
    at = (rows["sector"].to_numpy(dtype=np.int64), column.to_numpy(dtype=np.int64))
    np.add.at(counts, at, rows["quantity"].to_numpy(dtype=np.int64))
    return pd.DataFrame(counts, index=keys, columns=list(_POLES.values()))


def _avoided(layout: Layout, ways: Ways, book: Book, size: int) -> Ints:
    """Return what each sector saves by what earlier phases have opened, cents."""
    used = share_works(layout, ways, book)
    used = used[used["later"].astype(bool)]
    piece = used["piece"].to_numpy(dtype=np.int64)
    more = book.opening_cents(ways.layings)[ways.laying[piece]] - book.cents[DUCT_EXTRA]
    total = np.bincount(
        used["sector"].to_numpy(dtype=np.int64), minlength=size,
        weights=used["mm"].to_numpy(dtype=np.float64) / MM_PER_M * more,
    )  # fmt: skip
    return np.rint(np.round(total, 6)).astype(np.int64)

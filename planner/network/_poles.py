"""Poles: those that stand along existing runs, and how many are used, new, replaced, reinforced.

Where the poles of a run are known each is counted once; elsewhere there is one every so many metres
(a dated ratio).  What is known of a pole's condition decides for it: *to replace* is replaced,
*poor* is reinforced, *good* is neither; of the others a dated share is replaced and another
reinforced.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.errors import RuleError
from planner.network._ways import MM_PER_M, KnownPoles, Ways
from planner.schemas import contract
from planner.texts import Message
from planner.vocab import Condition, Laying, TechnicalPoint, WorkState

__all__ = [
    "POLE_ITEMS", "POLE_NEW", "POLE_REINFORCED", "POLE_REPLACED", "POLE_USED",
    "PoleRatios", "count_poles", "know_poles", "open_ratios",
]  # fmt: skip

POLE_NEW: Final = "pole_new"
POLE_REPLACED: Final = "pole_replaced"
POLE_REINFORCED: Final = "pole_reinforced"
POLE_USED: Final = "pole_used"
"""Existing poles that cables follow: counted, but no item of a bill."""
POLE_ITEMS: Final = {
    Laying.EXISTING_POLES.value: (POLE_REPLACED, POLE_REINFORCED),
    Laying.NEW_POLES.value: (POLE_NEW,),
}
"""Items of the price book that each kind of overhead laying needs."""
_RATIOS: Final = ("pole_spacing_m", "pole_replaced_share", "pole_reinforced_share")
_NEAR_M: Final = 1.0
"""A pole no farther from a run carries it: surveys are good to a metre."""
_SPACINGS: Final = 2
"""A run is surveyed when it bears at least one known pole for so many spacings."""
_NOT_THERE: Final = (WorkState.TO_BUILD, WorkState.OUT_OF_SERVICE, WorkState.ABANDONED)


@dataclass(frozen=True, kw_only=True)
class PoleRatios:
    """Metres between two poles, and the shares of existing ones to replace and to reinforce."""

    spacing_m: float
    replaced_share: float
    reinforced_share: float
    synthetic: bool


def open_ratios(ratios: pd.DataFrame, *, on: dt.date) -> PoleRatios:
    """Read the ratios of poles, contract ``works_ratios``.

    Raises
    ------
    ContractError
        When the table breaks its contract.
    RuleError
        When a ratio is missing, isn't valid yet on the day, or is none that poles can have.
    """
    contract("works_ratios").check(ratios)
    valid = ratios[ratios["valid_from"] <= pd.Timestamp(on)]
    found = dict(zip(valid["ratio"].astype(str), valid["value"].astype(float), strict=True))
    wrong = [name for name in _RATIOS if name not in found]
    if not wrong:
        spacing, replaced, reinforced = (found[name] for name in _RATIOS)
        wrong = ["pole_spacing_m"] if spacing <= 0 else []
        if replaced + reinforced > 1:
            wrong += ["pole_replaced_share + pole_reinforced_share"]
    if wrong:
        raise RuleError(
            Message.of("design.ratios", which=", ".join(wrong), on=on),
            Message.of("design.ratios_remedy"),
        )
    used = valid[valid["ratio"].astype(str).isin(_RATIOS)]
    return PoleRatios(
        spacing_m=spacing, replaced_share=replaced, reinforced_share=reinforced,
        synthetic=bool(used["synthetic"].any()),
    )  # fmt: skip


def know_poles(ways: Ways, points: gpd.GeoDataFrame | None) -> Ways:
    """Tell the ways which poles stand along their existing overhead runs.

    Parameters
    ----------
    ways
        Where cables may go.
    points
        Contract ``infrastructure_points``; what is no pole, or doesn't stand, is left out.
    """
    runs = np.flatnonzero(_laid(ways, Laying.EXISTING_POLES.value))
    if points is None or points.empty or not runs.size:
        return ways
    poles = points[
        (points["kind"].astype(object) == TechnicalPoint.POLE.value)
        & ~points["state"].astype(object).isin([state.value for state in _NOT_THERE])
    ].sort_values("point_id", kind="stable")
    pole, near = shapely.STRtree(ways.line[runs]).query(
        poles.geometry.to_numpy(), predicate="dwithin", distance=_NEAR_M
    )
    order = np.lexsort((near, pole))
    pole, piece = pole[order].astype(np.int64), runs[near[order]].astype(np.int64)
    pairs = pd.DataFrame({"edge": ways.edge_id[piece], "pole": pole}).drop_duplicates()
    count = pairs["edge"].value_counts()
    condition = poles["condition"].astype(object).to_numpy()
    known = np.isin(condition, [str(term) for term in Condition])
    worn = {
        name: np.where(known, (condition == term.value).astype(np.float64), np.nan)
        for name, term in (("replaced", Condition.TO_REPLACE), ("reinforced", Condition.POOR))
    }
    return replace(
        ways,
        poles=KnownPoles(
            pole=pole, piece=piece, near={str(k): int(n) for k, n in count.items()}, **worn
        ),
    )


def _laid(ways: Ways, laying: str) -> NDArray[np.bool_]:
    if laying not in ways.layings:
        return np.zeros(ways.length_mm.size, np.bool_)
    laid: NDArray[np.bool_] = ways.laying == ways.layings.index(laying)
    return laid


def _surveyed(ways: Ways, ratios: PoleRatios) -> NDArray[np.bool_]:
    """Tell the pieces of the ways that bear at least one known pole for two spacings."""
    if ways.poles is None:
        return np.zeros(ways.length_mm.size, np.bool_)
    whole = pd.Series(ways.length_mm).groupby(ways.edge_id).transform("sum").to_numpy()
    borne = pd.Series(ways.edge_id).map(ways.poles.near).fillna(0).to_numpy()
    enough = borne * _SPACINGS * ratios.spacing_m * MM_PER_M >= whole
    surveyed: NDArray[np.bool_] = enough & (borne > 0)
    return surveyed


def count_poles(
    opened: pd.DataFrame, *, ways: Ways, ratios: PoleRatios, once: bool
) -> pd.DataFrame:
    """Count the poles of what is opened, shared like its metres.

    Parameters
    ----------
    opened
        ``phase``, ``sector``, ``piece`` and ``mm`` of each piece that a phase opens.
    ways, ratios
        Where they stand, how far apart, and the shares.
    once
        Whether a pole between two pieces counts in the first phase that comes to it only.

    Returns
    -------
    DataFrame
        ``phase``, ``sector``, ``item`` and ``poles``, a fraction where several sectors share one.
    """
    surveyed = _surveyed(ways, ratios)
    piece = opened["piece"].to_numpy(dtype=np.int64)
    on_old = _laid(ways, Laying.EXISTING_POLES.value)[piece]
    on_new = _laid(ways, Laying.NEW_POLES.value)[piece]
    every = opened["mm"].to_numpy(dtype=np.float64) / (ratios.spacing_m * MM_PER_M)
    columns = ["phase", "sector"]
    parts = [opened.loc[on_new, columns].assign(item=POLE_NEW, poles=every[on_new])]
    plain = on_old & ~surveyed[piece]
    old = opened.loc[plain, columns].assign(
        poles=every[plain], replaced=ratios.replaced_share, reinforced=ratios.reinforced_share
    )
    met = _met(opened[on_old & surveyed[piece]], ways, ratios, once=once)
    old = pd.concat([frame for frame in (old, met) if len(frame)] or [old], ignore_index=True)
    parts.append(old[[*columns, "poles"]].assign(item=POLE_USED))
    for item, share in ((POLE_REPLACED, "replaced"), (POLE_REINFORCED, "reinforced")):
        parts.append(old[columns].assign(item=item, poles=old["poles"] * old[share]))
    table = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    counted: pd.DataFrame = table[[*columns, "item", "poles"]]
    return counted


def _met(opened: pd.DataFrame, ways: Ways, ratios: PoleRatios, *, once: bool) -> pd.DataFrame:
    """Return the known poles along what is opened, each whole in the phases that open there."""
    poles = ways.poles
    if poles is None or opened.empty:
        columns = ["phase", "sector", "poles", "replaced", "reinforced"]
        return pd.DataFrame(columns=columns).astype(dict.fromkeys(columns[2:], np.float64))
    pairs = pd.DataFrame({"piece": poles.piece, "pole": poles.pole})
    part = opened["mm"] / ways.length_mm[opened["piece"].to_numpy(dtype=np.int64)]
    rows: pd.DataFrame = opened.assign(part=part).merge(pairs, on="piece")
    if once:
        rows = rows[rows["phase"] == rows.groupby("pole")["phase"].transform("min")]
    rows = rows.groupby(["phase", "pole", "sector"], sort=True)["part"].sum().reset_index()
    rows["poles"] = rows["part"] / rows.groupby(["phase", "pole"])["part"].transform("sum")
    which = rows["pole"].to_numpy(dtype=np.int64)
    for name, share in (
        ("replaced", ratios.replaced_share), ("reinforced", ratios.reinforced_share)
    ):  # fmt: skip
        known = getattr(poles, name)[which]
        rows[name] = np.where(np.isnan(known), share, known)
    told: pd.DataFrame = rows[["phase", "sector", "poles", "replaced", "reinforced"]]
    return told

"""An example history of phase 1: dated states and stages, made up to meet the published counts.

The report gives, for the 32 zones of tranche 1, the premises that were connectable on a day; it
says nothing of each premise.  Sectors open one by one in a seeded order until that count is met; in
an open sector most premises are serviceable at once, some on demand and some later.  Nothing is
written after the day asked for: what comes next is the schedule's, not the history's.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.schemas import contract
from planner.vocab import PremiseState, SectorStage

__all__ = ["ExampleHistory", "HistoryRules", "make_example_history"]


@dataclass(frozen=True, kw_only=True)
class HistoryRules:
    """How the example history is made.

    Parameters
    ----------
    seed
        Seed of the order in which sectors open.
    begin
        First day of phase 1 (report: 2015).
    first_opening
        Day on which the first sectors open.
    on_demand_share, later_share
        Share of an open sector's premises that are serviceable on demand only, or later.
    """

    seed: int = 2018
    begin: dt.date = dt.date(2015, 3, 1)
    first_opening: dt.date = dt.date(2016, 9, 1)
    on_demand_share: float = 0.03
    later_share: float = 0.05


@dataclass(frozen=True, kw_only=True)
class ExampleHistory:
    """Synthetic changes of state of premises and of stage of sectors, under their contracts."""

    state_changes: pd.DataFrame
    stage_changes: pd.DataFrame


def make_example_history(
    premises: pd.DataFrame,
    sectors: pd.DataFrame,
    zones: pd.DataFrame,
    *,
    serviceable: int,
    on: dt.date,
    rules: HistoryRules | None = None,
) -> ExampleHistory:
    """Make the dated states of the premises of phase 1, up to a day.

    Tranche 1: targeted at the beginning, in progress a year later, then open or not on the day;
    tranche 2: targeted and in study in the year of the day (the report: all studies launched in
    2017).

    Parameters
    ----------
    premises
        Contract ``premises`` with its ``sector_id``.
    sectors, zones
        Contracts of their names; zones of phase 1 with their tranche.
    serviceable
        Premises of tranche 1 serviceable on the day, as published.
    on
        The day; no change is later.
    """
    rules = rules or HistoryRules()
    tranche = sectors.set_index("sector_id")["zone_id"].map(zones.set_index("zone_id")["tranche"])
    first = tranche.index[(tranche == 1).fillna(value=False)]
    second = tranche.index[(tranche == 2).fillna(value=False)]  # noqa: PLR2004 (the tranche)
    works = dt.date(rules.begin.year + 1, rules.begin.month, 1)
    studied = dt.date(on.year, 2, 1)
    held = premises[["premise_id", "sector_id"]]
    in_first = held[held["sector_id"].isin(first)].sort_values("premise_id", kind="stable")
    in_second = held[held["sector_id"].isin(second)]
    fate = _fates(in_first["premise_id"], rules)
    opening = _openings(in_first, fate, serviceable, on, rules)
    opened = in_first["sector_id"].map(opening).astype("datetime64[s]")
    later = opened + pd.Timedelta(days=180)
    on_day = pd.Timestamp(on)
    states = [
        _changes(in_first["premise_id"], rules.begin, PremiseState.TARGETED),
        _changes(in_first["premise_id"], works, PremiseState.IN_PROGRESS),
        _changes(in_second["premise_id"], studied, PremiseState.TARGETED),
    ]
    for kind, state, day in (
        (0, PremiseState.SERVICEABLE, opened),
        (1, PremiseState.SERVICEABLE_ON_DEMAND, opened),
        (2, PremiseState.SERVICEABLE, later),
    ):
        mask = (fate == kind) & (day <= on_day).to_numpy()
        states.append(_changes(in_first["premise_id"][mask], day[mask], state))
    stages = [
        _stages(first, rules.begin, SectorStage.STUDY),
        _stages(first, works, SectorStage.WORKS),
        _stages(pd.Index(opening.index), opening, SectorStage.OPEN),
        _stages(second, studied, SectorStage.STUDY),
    ]
    return ExampleHistory(
        state_changes=_table("state_changes", states, "premise_id"),
        stage_changes=_table("stage_changes", stages, "sector_id"),
    )


def _hash_share(keys: pd.Series, seed: int) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each key, the same whatever the order of the keys."""
    text = keys.astype("object").to_numpy()
    hashed = pd.util.hash_array(text, hash_key=f"{seed:016d}", categorize=False)
    return hashed.astype(np.uint64) / 2.0**64


def _fates(premise_ids: pd.Series, rules: HistoryRules) -> NDArray[np.int8]:
    share = _hash_share(premise_ids, rules.seed)
    edges = [1 - rules.on_demand_share - rules.later_share, 1 - rules.later_share]
    return np.digitize(share, edges).astype(np.int8)


def _openings(
    held: pd.DataFrame,
    fate: NDArray[np.int8],
    serviceable: int,
    on: dt.date,
    rules: HistoryRules,
) -> pd.Series[pd.Timestamp]:
    """Return the opening day of each sector that opens by the day, sorted by sector."""
    at_once = pd.Series(fate == 0, index=held["sector_id"].astype(str).to_numpy())
    counts = at_once.groupby(level=0, sort=True).sum()
    keys = counts.index.to_series().reset_index(drop=True)
    order = counts.iloc[np.argsort(_hash_share(keys, rules.seed + 1), kind="stable")]
    reached = order.cumsum()
    # premises of the third fate follow half a year later: leave them their place
    wanted = serviceable * (1 - rules.later_share / 2)
    count = int((reached - order / 2 <= wanted).sum())
    chosen = order.index[:count]
    span = (on - rules.first_opening).days
    days = np.round(np.linspace(0, span, max(count, 1))[:count]).astype(int)
    opened = [pd.Timestamp(rules.first_opening) + pd.Timedelta(days=int(day)) for day in days]
    return pd.Series(opened, index=chosen, dtype="datetime64[s]").sort_index()


def _changes(
    premise_ids: pd.Series, on: dt.date | pd.Series[pd.Timestamp], state: PremiseState
) -> pd.DataFrame:
    day = pd.Timestamp(on) if isinstance(on, dt.date) else on.to_numpy()
    frame = pd.DataFrame({"premise_id": premise_ids.to_numpy()})
    frame["on"] = pd.Series(day, index=frame.index, dtype="datetime64[s]")
    frame["state"] = state.value
    return frame


def _stages(
    keys: pd.Index[str], on: dt.date | pd.Series[pd.Timestamp], stage: SectorStage
) -> pd.DataFrame:
    day = pd.Timestamp(on) if isinstance(on, dt.date) else on.to_numpy()
    frame = pd.DataFrame({"sector_id": keys.astype(str)})
    frame["on"] = pd.Series(day, index=frame.index, dtype="datetime64[s]")
    frame["stage"] = stage.value
    return frame


def _table(name: str, parts: list[pd.DataFrame], key: str) -> pd.DataFrame:
    table = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    table = table.sort_values([key, "on"], kind="stable").reset_index(drop=True)
    coded = "state" if name == "state_changes" else "stage"
    table[coded] = table[coded].astype("category")
    return contract(name).select(table)

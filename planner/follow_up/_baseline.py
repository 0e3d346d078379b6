"""The adopted programme, frozen: what was promised, sector by sector."""

from __future__ import annotations

import pandas as pd

from planner.follow_up._quarters import quarter_of
from planner.schemas import contract
from planner.vocab import SectorStage

__all__ = ["freeze_baseline"]


def freeze_baseline(
    schedule: pd.DataFrame, sectors: pd.DataFrame, *, stages: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the promises of an adopted programme, apart from the tables that they come from.

    Parameters
    ----------
    schedule, sectors
        Tables under the contracts of their names; a sector without a quarter promises nothing.
    stages
        Contract ``stage_changes``: a sector that was open when the programme was adopted, and so
        has no quarter of works, is promised for the quarter in which it opened.

    Returns
    -------
    DataFrame
        Contract ``baseline``, sorted by ``sector_id``.
    """
    places = sectors[["sector_id", "epci_siren", "departement", "zone_id", "insee", "synthetic"]]
    promised = schedule[["sector_id", "quarter", "premises_count"]]
    if stages is not None and len(stages):
        promised = pd.concat([promised, _opened(stages, sectors, schedule)], ignore_index=True)
    table = promised.merge(pd.DataFrame(places), on="sector_id", validate="one_to_one")
    table = table.sort_values("sector_id", kind="stable").reset_index(drop=True)
    contract("baseline").check(table)
    return contract("baseline").select(table)


def _opened(stages: pd.DataFrame, sectors: pd.DataFrame, schedule: pd.DataFrame) -> pd.DataFrame:
    """Return the sectors already open, with the quarter in which they opened."""
    opened = stages[stages["stage"].astype(str) == SectorStage.OPEN.value]
    opened = opened[~opened["sector_id"].isin(set(schedule["sector_id"]))]
    first = pd.to_datetime(opened["on"]).groupby(opened["sector_id"].astype(str)).min()
    counts = sectors.set_index("sector_id")["premises_count"]
    known = [key for key in first.index if key in counts.index]
    return pd.DataFrame(
        {
            "sector_id": known,
            "quarter": [quarter_of(first[key].date()) for key in known],
            "premises_count": [int(counts[key]) for key in known],
        }
    )

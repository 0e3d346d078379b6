"""What two maps have in common, premise by premise or commune by commune."""

from __future__ import annotations

import pandas as pd

from planner.vintages._conversion import Conversion, make_conversion, refused

__all__ = ["convert_epci", "convert_sectors"]


def convert_sectors(
    before: pd.DataFrame, after: pd.DataFrame, *, map_from: str, map_to: str
) -> Conversion:
    """Return how the sectors of one map become those of another, by the premises of both.

    Parameters
    ----------
    before, after
        Contract ``premises``, on each map; those outside of every sector don't count.
    map_from, map_to
        What the maps are called.

    Notes
    -----
    A row weighs the premises that it stands for on the map from (``premises_min``).

    Raises
    ------
    RuleError
        When no premise that lies in a sector of both maps has the same identifier on both.
    """
    parts = _named(before, "code_from").assign(weight=_weight(before).to_numpy())
    parts = parts.merge(_named(after, "code_to"), on="premise_id")
    if parts.empty:
        raise refused("nothing_in_common", map_from=map_from, map_to=map_to)
    return make_conversion(
        parts, level="sector", map_from=map_from, map_to=map_to,
        weighed_by="premises",
    )  # fmt: skip


def _weight(premises: pd.DataFrame) -> pd.Series[int]:
    """Return what each row in a sector weighs: the least premises that it stands for."""
    return premises.loc[premises["sector_id"].notna(), "premises_min"].astype("int64")


def _named(premises: pd.DataFrame, name: str) -> pd.DataFrame:
    inside = premises.loc[premises["sector_id"].notna(), ["premise_id", "sector_id"]]
    return inside.astype(str).rename(columns={"sector_id": name})


def convert_epci(
    before: pd.DataFrame,
    epci_after: pd.Series[str],
    premises: pd.DataFrame,
    *,
    map_from: str,
    map_to: str,
) -> Conversion:
    """Return how the EPCI of one map become those of another, commune by commune.

    Parameters
    ----------
    before
        Contract ``communes``, on the map from; communes without an EPCI don't count.
    epci_after
        EPCI on the map to, by commune of the map from (index ``insee``).
    premises
        Contract ``premises``, on the map from: those in a sector weigh (``premises_min``), by
        commune.

    Raises
    ------
    RuleError
        When a commune has no EPCI on the map to.
    """
    known = before.dropna(subset=["epci_siren"])
    codes = known["insee"].astype(str)
    to = codes.map(epci_after)
    lost = sorted(codes[to.isna()])
    if lost:
        raise refused("commune_lost", codes=", ".join(lost[:5]), count=len(lost), map_to=map_to)
    place = premises.loc[premises["sector_id"].notna(), "insee"].astype(str)
    inside = _weight(premises).groupby(place).sum()
    parts = pd.DataFrame(
        {
            "code_from": known["epci_siren"].astype(str).to_numpy(),
            "code_to": to.astype(str).to_numpy(),
            "weight": codes.map(inside).fillna(0).astype("int64").to_numpy(),
        }
    )
    return make_conversion(
        parts, level="epci", map_from=map_from, map_to=map_to, weighed_by="premises"
    )  # fmt: skip

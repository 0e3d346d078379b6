"""What a designed network costs: by sector, zone, EPCI and funder, a line, and as a curve."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import RuleError
from planner.network._sectors import cents_per_line
from planner.network._ways import Ints
from planner.network.design import Network
from planner.schemas import contract
from planner.texts import Message

__all__ = ["cost_network", "cumulate_costs", "save_by_epci"]

_WHOLE_TOLERANCE = 1e-9


def cost_network(
    network: Network,
    *,
    sectors: pd.DataFrame,
    sector_shares: pd.DataFrame,
    funding_keys: pd.DataFrame,
    on: dt.date,
) -> pd.DataFrame:
    """Add up the costs of a network; every level adds up to the same cents in each phase.

    Parameters
    ----------
    network
        Its quantities and PM.
    sectors, sector_shares
        Contracts of these names: the zone of each sector, and how many of its premises lie in each
        EPCI.  Cents and lines of a sector are shared among its EPCI by those premises, by largest
        remainders.
    funding_keys
        Contract of this name.
    on
        Day of the keys.

    Returns
    -------
    DataFrame
        Contract ``network_costs``.

    Raises
    ------
    RuleError
        When the keys don't add up to 1, or aren't valid yet on the day.
    """
    keys = _keys(funding_keys, on)
    own = _by_sector(network)
    zone = sectors.set_index(sectors["sector_id"].astype(str))["zone_id"]
    zoned = own.assign(code=own["code"].map(zone.astype(object)).astype(object).fillna(""))
    shared = _by_epci(own, sector_shares)
    whole = own.assign(code="region")
    total = own.groupby("phase", sort=True)[["cost_cents", "lines_count"]].sum().reset_index()
    paid = [
        {
            "phase": row["phase"], "code": funder, "cost_cents": cents,
            "lines_count": row["lines_count"],
        }
        for row in total.to_dict("records")
        for funder, cents in zip(
            keys["funder"],
            _split(int(row["cost_cents"]), keys["funding_share"].to_numpy()),
            strict=True,
        )
    ]  # fmt: skip
    levels = {"region": whole, "sector": own, "zone": zoned, "epci": shared,
              "funder": pd.DataFrame(paid)}  # fmt: skip
    parts = [frame.assign(level=level) for level, frame in levels.items() if len(frame)]
    if not parts:
        return contract("network_costs").empty()
    table = pd.concat(parts, ignore_index=True)
    table = (
        table.groupby(["level", "code", "phase"], sort=True).sum(numeric_only=True).reset_index()
    )
    each = cents_per_line(table["cost_cents"], table["lines_count"])
    table = table.assign(
        cents_per_line=each,
        synthetic=bool(network.quantities["synthetic"].any() or funding_keys["synthetic"].any()),
    )
    return contract("network_costs").select(table)


def cumulate_costs(network: Network) -> pd.DataFrame:
    """Return the curve of cumulated cost against premises, the cheapest sectors first.

    Returns
    -------
    DataFrame
        Contract ``cost_curve``, by rising cost a line; sectors without a line come last.
    """
    own = _by_sector(network).rename(columns={"code": "sector_id"})
    lines = own["lines_count"].to_numpy(dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(lines > 0, own["cost_cents"].to_numpy() / lines, np.inf)
    order = np.lexsort((own["sector_id"].to_numpy(dtype=object).astype(str), each))
    own = own.iloc[order].reset_index(drop=True)
    table = own.assign(
        position=np.arange(1, len(own) + 1),
        cumulated_lines_count=own["lines_count"].cumsum(),
        cumulated_cost_cents=own["cost_cents"].cumsum(),
        synthetic=bool(network.quantities["synthetic"].any()),
    )
    return contract("cost_curve").select(table)


def save_by_epci(apart: Network, together: Network, *, sector_shares: pd.DataFrame) -> pd.DataFrame:
    """Say what digging once saves, by EPCI.

    Parameters
    ----------
    apart, together
        As :func:`planner.network.compare_phasing` gives them.
    sector_shares
        Contract ``sector_shares``.

    Returns
    -------
    DataFrame
        Contract ``phasing``.
    """
    sides = {}
    for name, network in (("apart_cents", apart), ("together_cents", together)):
        shared = _by_epci(_by_sector(network), sector_shares)
        sides[name] = shared.groupby("code", sort=True)["cost_cents"].sum()
    table = pd.DataFrame(sides).fillna(0).astype("int64").rename_axis("epci_siren").reset_index()
    table["saving_cents"] = table["apart_cents"] - table["together_cents"]
    table["synthetic"] = bool(together.quantities["synthetic"].any())
    return contract("phasing").select(table)


def _keys(funding_keys: pd.DataFrame, on: dt.date) -> pd.DataFrame:
    contract("funding_keys").check(funding_keys)
    late = funding_keys.loc[funding_keys["valid_from"] > pd.Timestamp(on), "funder"].astype(str)
    total = float(funding_keys["funding_share"].sum())
    if len(late) or abs(total - 1) > _WHOLE_TOLERANCE:
        raise RuleError(
            Message.of("design.keys", total=total, late=", ".join(sorted(late)) or "—", on=on),
            Message.of("design.keys_remedy"),
        )
    return funding_keys.sort_values("funder", kind="stable")


def _by_sector(network: Network) -> pd.DataFrame:
    """Return phase, code, cost and lines of each sector."""
    cost = network.quantities.groupby(["phase", "sector_id"], sort=True)["cost_cents"].sum()
    lines = network.pm.set_index(["phase", "sector_id"])["lines_count"]
    table = pd.DataFrame({"cost_cents": cost, "lines_count": lines}).fillna(0).astype("int64")
    table.index.names = ["phase", "code"]
    return table.reset_index()


def _by_epci(own: pd.DataFrame, sector_shares: pd.DataFrame) -> pd.DataFrame:
    shares = sector_shares.sort_values(["sector_id", "epci_siren"], kind="stable")
    held = {
        str(sector): (rows["epci_siren"].astype(str).tolist(), rows["premises_count"].to_numpy())
        for sector, rows in shares.groupby(shares["sector_id"].astype(str), sort=True)
    }
    out = []
    for row in own.to_dict("records"):
        codes, weight = held.get(row["code"], ([""], np.ones(1)))
        cents = _split(int(row["cost_cents"]), weight)
        lines = _split(int(row["lines_count"]), weight)
        out += [
            {"phase": row["phase"], "code": code, "cost_cents": c, "lines_count": n}
            for code, c, n in zip(codes, cents, lines, strict=True)
        ]
    return pd.DataFrame(out, columns=["phase", "code", "cost_cents", "lines_count"])


def _split(amount: int, weight: NDArray[np.float64] | Ints) -> list[int]:
    """Share whole units by weights, by largest remainders; the first of equals comes first."""
    total = float(weight.sum())
    if total <= 0:
        return [amount, *([0] * (len(weight) - 1))]
    due = amount * (weight / total)
    whole = np.floor(np.round(due, 6)).astype(np.int64)
    rest = np.argsort(-np.round(due - whole, 6), kind="stable")[: amount - int(whole.sum())]
    whole[rest] += 1
    return [int(part) for part in whole]

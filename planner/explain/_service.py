"""What a programme brings to each EPCI: share served before and after, and what it owes."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from planner.schemas import contract
from planner.vocab import Phase

__all__ = ["count_service"]


def count_service(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Count the share of public lines served by phase 1 and by phases 1 and 2, EPCI by EPCI.

    Parameters
    ----------
    tables
        Tables of a plan (:meth:`planner.plan.Plan.tables`): ``balances`` are what is read.

    Returns
    -------
    DataFrame
        Contract ``epci_service``, sorted by EPCI; a share is absent where there are no public
        lines.
    """
    balances = tables.get("balances")
    if balances is None or balances.empty:
        return contract("epci_service").empty()
    phases = [
        f"lines_phase_{phase.value}" for phase in (Phase.PHASE_1, Phase.PHASE_2, Phase.PHASE_3)
    ]
    lines = balances[phases].astype("int64")
    total = lines.sum(axis=1)
    some = total.where(total > 0)
    table = pd.DataFrame(
        {
            "epci_siren": balances["epci_siren"].astype("str"),
            "nom": balances["nom"].astype("str"),
            "lines_count": total,
            "served_before_count": lines[phases[0]],
            "served_after_count": lines[phases[0]] + lines[phases[1]],
            "served_before_share": lines[phases[0]] / some,
            "served_after_share": (lines[phases[0]] + lines[phases[1]]) / some,
            "gross_cents": balances["gross_cents"].astype("int64"),
            "credit_cents": balances["credit_cents"].astype("int64"),
            "net_cents": balances["net_cents"].astype("int64"),
        }
    )
    contract("epci_service").check(table)
    return contract("epci_service").select(table)

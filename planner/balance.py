"""The balance sheet of each EPCI: its vote, its envelope, its lines by phase, what it owes."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from planner.ballots import BallotCount, actor_shares
from planner.schemas import contract
from planner.vocab import Phase

__all__ = ["balance_epci"]

_LINES = {
    "lines_phase_1": Phase.PHASE_1.value,
    "lines_phase_2": Phase.PHASE_2.value,
    "lines_phase_3": Phase.PHASE_3.value,
}
_CENTS = ("gross_cents", "credit_cents", "net_cents")


def balance_epci(
    *,
    epci: pd.DataFrame,
    sectors: pd.DataFrame,
    sector_shares: pd.DataFrame,
    programme: pd.DataFrame,
    contributions: pd.DataFrame,
    ballots: BallotCount,
    envelopes: Mapping[str, tuple[int | None, int]],
    deliberations: pd.DataFrame,
) -> pd.DataFrame:
    """Draw up the balance sheet of every EPCI, and of a département that proposes for islands.

    Parameters
    ----------
    epci, sectors, sector_shares, programme, contributions, deliberations
        Tables under the contracts of their names.
    ballots
        The concertation as it counted.
    envelopes
        Actor to what was granted and used, of :class:`planner.programme.Programme`.

    Returns
    -------
    DataFrame
        Contract ``balances``, sorted by EPCI.
    """
    shares = actor_shares(sectors, sector_shares)
    phase = shares["sector_id"].map(programme.set_index("sector_id")["phase"].astype(str))
    lines = shares.groupby(["actor", phase])["premises_count"].sum()
    owed = contributions.groupby("epci_siren")[list(_CENTS)].sum()
    voted_on = deliberations.set_index("epci_siren")["on"]
    names = {**dict(zip(epci["siren"], epci["nom"], strict=True)), **ballots.names}
    rows = []
    for actor in sorted({*names, *ballots.ballots}):
        ballot = ballots.ballots.get(actor)
        granted, used = envelopes.get(actor, (None, 0))
        rows.append(
            {
                "epci_siren": actor,
                "nom": names.get(actor, actor),
                "ballot_due": actor in ballots.due,
                "deliberation": ballot.state.value if ballot and ballot.state else None,
                "voted_on": voted_on.get(actor),
                "unit": ballot.envelope.unit.value if ballot and granted is not None else None,
                "granted": granted,
                "used": used,
            }
            | {name: int(lines.get((actor, code), 0)) for name, code in _LINES.items()}
            | {name: int(owed[name].get(actor, 0)) for name in _CENTS}
        )
    table = pd.DataFrame(rows)
    if table.empty:
        return contract("balances").empty()
    table["granted"] = table["granted"].astype("Int64")
    table["voted_on"] = pd.to_datetime(table["voted_on"]).astype("datetime64[s]")
    contract("balances").check(table)
    return contract("balances").select(table)

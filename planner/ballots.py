"""Ballots as they count: what the concertation hands to the choice of a programme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from planner.findings import Findings
from planner.vocab import BallotForm, DeliberationState, EnvelopeUnit

__all__ = ["Ballot", "BallotCount", "Envelope", "actor_shares"]

_NO_EPCI: Final = ""


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """What one EPCI may use.

    Parameters
    ----------
    unit
        Lines or euros.
    amount
        Lines, or whole cents; None when none is granted.
    credit_cents
        MeD credit; zero when the EPCI has none, and a finding when it is unknown.
    """

    unit: EnvelopeUnit
    amount: int | None
    credit_cents: int = 0


@dataclass(frozen=True, kw_only=True)
class Ballot:
    """The ballot of one EPCI, as it counts.

    Parameters
    ----------
    actor
        SIREN of the EPCI, or ``D29`` where the département proposes.
    counts
        Whether the EPCI has voted it.
    state
        State of its deliberation; None when there is no deliberation at all.
    envelope
        What it may use.
    required, refused
        Sectors, sorted by id.
    ranked
        Sectors rank by rank: each item is a rank with its sectors, more than one when tied.  Points
        are put in their order, most first; approved sectors share the first rank.
    form
        What the EPCI gave: a ranking, points or approvals.
    points
        Sectors with the points given, sorted by id; empty unless the form is points.
    """

    actor: str
    counts: bool
    state: DeliberationState | None
    envelope: Envelope
    required: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    ranked: tuple[tuple[int, tuple[str, ...]], ...] = ()
    form: BallotForm = BallotForm.RANKING
    points: tuple[tuple[str, int], ...] = ()

    def rank_of(self, sector_id: str) -> int | None:
        """Return the rank that the EPCI gave to a sector, if any."""
        return next((rank for rank, ids in self.ranked if sector_id in ids), None)


@dataclass(frozen=True, kw_only=True)
class BallotCount:
    """Every ballot that is due or received, by actor, and what was strange about them.

    Parameters
    ----------
    ballots
        Actor to ballot.
    names
        Actor to what people call it.
    due
        Actors who owe a ballot, sorted.
    findings
        What was strange.
    """

    ballots: Mapping[str, Ballot]
    names: Mapping[str, str]
    due: tuple[str, ...]
    findings: Findings


def actor_shares(sectors: pd.DataFrame, sector_shares: pd.DataFrame) -> pd.DataFrame:
    """Return who counts how many premises of each sector.

    Parameters
    ----------
    sectors
        Contract ``sectors``.
    sector_shares
        Contract ``sector_shares``.

    Returns
    -------
    DataFrame
        ``sector_id``, ``actor``, ``premises_count``, sorted by sector, then by decreasing share,
        then by actor: the first row of a sector is the actor who decides.  The share that lies in
        no EPCI is its département's.
    """
    departement = sectors.set_index("sector_id")["departement"].astype(str)
    shares = sector_shares[["sector_id", "epci_siren", "premises_count"]].copy()
    none = shares["epci_siren"].fillna(_NO_EPCI).astype(str) == _NO_EPCI
    proposer = "D" + shares["sector_id"].astype(str).map(departement)
    shares["actor"] = shares["epci_siren"].astype("object").where(~none, proposer).astype("str")
    ordered = shares.sort_values(
        ["sector_id", "premises_count", "actor"], ascending=[True, False, True], kind="stable"
    )
    return ordered[["sector_id", "actor", "premises_count"]].reset_index(drop=True)

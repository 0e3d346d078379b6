"""Ballots as they count: what the concertation hands to the choice of a programme."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.findings import Findings
from planner.texts import Message
from planner.vocab import BallotForm, DeliberationState, EnvelopeUnit

__all__ = [
    "Ballot",
    "BallotCount",
    "Envelope",
    "actor_shares",
    "ballots_of_these_sectors",
    "each_sector_sha256",
    "sectors_sha256",
    "signed_outlines",
    "vain_wishes",
]

_NO_EPCI: Final = ""
_MULTI: Final = 6  # a polygon of several parts
_SIGNED_DECIMALS: Final = 1  # of a metre: as fine as boundaries are kept


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
    unclear
        Sectors of which it says something that doesn't count, sorted: two things, or half of one.
    foreign
        Sectors that it asks for without any premises there, sorted: that doesn't count.
    elsewhere
        Whether wishes of it were made on other sectors: they don't count.
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
    unclear: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    elsewhere: bool = False

    def asks(self, sector_id: str) -> bool:
        """Return whether the EPCI requires a sector, ranks it, scores it or approves it."""
        return sector_id in self.required or self.rank_of(sector_id) is not None

    def silence(
        self, sector_id: str
    ) -> Literal["unclear", "no_points", "other_sectors", "unranked"]:
        """Return how it comes that nothing which counts is said of a sector."""
        if sector_id in self.unclear:
            return "unclear"
        if (sector_id, 0) in self.points:
            return "no_points"
        said = self.asks(sector_id) or sector_id in self.refused
        return "other_sectors" if self.elsewhere and not said else "unranked"

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


def ballots_of_these_sectors(
    ballots: pd.DataFrame, sectors: pd.DataFrame, sector_shares: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the wishes made on these sectors, or on none that is known; and how many others.

    Parameters
    ----------
    ballots
        Contract ``ballots``.
    sectors, sector_shares
        Contracts of their names; sectors without shapes can't be told from others.

    Returns
    -------
    DataFrame, dict of str to int
        The wishes that stand, and the number of the others by EPCI.
    """
    if "sectors_sha256" not in ballots or not isinstance(sectors, gpd.GeoDataFrame):
        return ballots, {}
    signed = ballots["sectors_sha256"]
    if signed.isna().all():
        return ballots, {}
    other = signed.notna() & (signed.astype(str) != sectors_sha256(sectors, sector_shares))
    counts = ballots.loc[other, "epci_siren"].astype(str).value_counts()
    return ballots.loc[~other], {str(actor): int(count) for actor, count in counts.items()}


def vain_wishes(count: BallotCount, shares: pd.DataFrame) -> dict[str, tuple[Message, ...]]:
    """Return why wishes for a sector don't count, by sector: those that somebody made for nothing.

    Parameters
    ----------
    count
        The concertation as it counted.
    shares
        What :func:`actor_shares` returned.

    Returns
    -------
    dict of str to tuple of Message
        One reason for each actor who asked, the largest share first; sectors for which nobody asked
        in vain are left out.
    """
    found: dict[str, list[Message]] = {}
    held = shares[shares["premises_count"] > 0]
    decider: dict[str, str] = {}
    for key, actor in zip(held["sector_id"].astype(str), held["actor"].astype(str), strict=True):
        first = decider.setdefault(key, actor)
        why = _in_vain(count.ballots.get(actor), key, decides=first == actor)
        if why is not None:
            found.setdefault(key, []).append(_vain(why, count, actor))
    for actor, ballot in sorted(count.ballots.items()):
        for key in ballot.foreign:
            found.setdefault(key, []).append(_vain("foreign", count, actor))
    return {key: tuple(reasons) for key, reasons in sorted(found.items())}


def _vain(why: str, count: BallotCount, actor: str) -> Message:
    ballot = count.ballots[actor]
    name = count.names.get(actor, actor)
    return Message.of(f"concertation.vain_{why}", actor=name, state=ballot.state)


def _in_vain(ballot: Ballot | None, key: str, *, decides: bool) -> str | None:
    """Return why what one who has premises there asks for doesn't count, None where it does."""
    if ballot is None:
        return None
    silence = ballot.silence(key)
    if silence != "unranked":
        return silence
    if not ballot.asks(key):
        return None
    if not ballot.counts:
        return "no_deliberation" if ballot.state is None else "state"
    return "required_elsewhere" if key in ballot.required and not decides else None


def sectors_sha256(sectors: gpd.GeoDataFrame, sector_shares: pd.DataFrame) -> str:
    """Return the signature of a version of the sectors: what a ballot was made on.

    It changes with the sectors' identifiers, shapes (to 0.1 m), zones, or premises by EPCI, and
    with nothing else: neither names nor the order of rows matter.

    Parameters
    ----------
    sectors
        Contract ``sectors``.
    sector_shares
        Contract ``sector_shares``.
    """
    digest = hashlib.sha256()
    shapes, shares = _signed_shapes(sectors), _signed_shares(sector_shares)
    table = sectors.sort_values("sector_id", kind="stable")
    zones = table["zone_id"].astype("object").where(table["zone_id"].notna(), "")
    for key, zone in zip(table["sector_id"].astype(str), zones, strict=True):
        digest.update(f"{key}\t{zone}\t".encode() + shapes[key])
    for part in shares:
        digest.update("\t".join(part).encode() + b"\n")
    return digest.hexdigest()


def each_sector_sha256(sectors: gpd.GeoDataFrame, sector_shares: pd.DataFrame) -> Mapping[str, str]:
    """Return the signature of each sector by itself: its shape (to 0.1 m) and premises by EPCI.

    Parameters
    ----------
    sectors, sector_shares
        As for :func:`sectors_sha256`.
    """
    digests = {key: hashlib.sha256(shape) for key, shape in _signed_shapes(sectors).items()}
    for key, *part in _signed_shares(sector_shares):
        digests[key].update("\t".join(part).encode() + b"\n")
    return {key: digest.hexdigest() for key, digest in digests.items()}


def _signed_shapes(sectors: gpd.GeoDataFrame) -> dict[str, bytes]:
    """Return the checksum of each shape."""
    keys, shapes = sectors["sector_id"].astype(str), signed_outlines(sectors.geometry.to_numpy())
    return {key: hashlib.sha256(one).digest() for key, one in zip(keys, shapes, strict=True)}


def signed_outlines(shapes: NDArray[np.object_]) -> list[bytes]:
    """Return what is signed of outlines: the same however a ring begins, as one part or several.

    Parameters
    ----------
    shapes
        Polygons, in metres.

    Returns
    -------
    list of bytes
        Well-known binary, to 0.1 m.
    """
    # a file keeps a polygon as a collection of one, where others have several parts
    lone = (shapely.get_num_geometries(shapes) == 1) & (shapely.get_type_id(shapes) == _MULTI)
    rounded = shapely.transform(np.where(lone, shapely.get_geometry(shapes, 0), shapes), _rounded)
    return list(shapely.to_wkb(shapely.normalize(rounded), byte_order=1))


def _signed_shares(sector_shares: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Return sector, EPCI and premises as text, by sector, then by EPCI."""
    shares = sector_shares[["sector_id", "epci_siren", "premises_count"]].copy()
    shares["epci_siren"] = shares["epci_siren"].astype("object").fillna(_NO_EPCI).astype(str)
    ordered = shares.sort_values(["sector_id", "epci_siren"], kind="stable")
    return [
        (str(row.sector_id), str(row.epci_siren), str(row.premises_count))
        for row in ordered.itertuples(index=False)
    ]


def _rounded(xy: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.round(xy, _SIGNED_DECIMALS) + 0.0  # no negative zero

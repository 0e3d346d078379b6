"""Points of sectors by EPCI: what the optimisation takes as its first objective."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final, Literal

import pandas as pd

from planner.ballots import Ballot as EpciBallot
from planner.ballots import BallotCount, actor_shares
from planner.schemas import contract
from planner.texts import Message
from planner.vocab import BallotForm
from planner.voting._election import (
    Approvals,
    Ballot,
    Election,
    Points,
    Project,
    Ranking,
    Voter,
    points_of_ranking,
    refusal,
)

__all__ = ["SectorRule", "concertation_election", "score_sectors", "tell_weights"]

SectorRule = Literal["borda", "equal_total"]
_SCALES: Final = {"borda": 2, "equal_total": 1_000_000}
"""Whole points to one point: ties in a ranking make halves; a total is shared in millionths."""


def score_sectors(
    ballot_count: BallotCount,
    sectors: pd.DataFrame,
    sector_shares: pd.DataFrame,
    *,
    rule: SectorRule = "borda",
    weights: Mapping[str, int] | None = None,
) -> pd.DataFrame:
    """Return the exact points of each sector, by the EPCI that gives them.

    Only ballots that count (a voted deliberation) give points, only to sectors that they rank,
    score or approve, and only where the EPCI has premises; sectors of phase 1 have none.

    Parameters
    ----------
    ballot_count
        What :func:`planner.concertation.count_ballots` returned.
    sectors, sector_shares
        Contracts of their names.
    rule
        ``borda``: a ranking of k sectors gives k points to the first and 1 to the last (tied ones
        share), points are taken as given, an approval is one point; in halves.  ``equal_total``:
        the same, then each EPCI's points are scaled to one million, so that none weighs more for
        having more sectors; the parts lost by rounding down go to the largest remainders, then by
        identifier, so that the total is exact.
    weights
        Actor to a whole weight by which its points are multiplied; 1 where it is not named.

    Returns
    -------
    DataFrame
        Contract ``sector_points``: ``points`` are whole, ``scale`` of them make one point (or one
        whole total).

    Raises
    ------
    RuleError
        When the rule is unknown, or a weight is negative, not whole, or of nobody here.
    """
    if rule not in _SCALES:
        raise refusal("unknown_rule", name=str(rule), known=", ".join(_SCALES))
    given = dict(weights or {})
    bad = sorted(
        a for a, w in given.items() if isinstance(w, bool) or not isinstance(w, int) or w < 0
    )
    if bad:
        raise refusal("bad_number", names=", ".join(bad))
    open_ids = _open_ids(sectors)
    shares = actor_shares(sectors, sector_shares)
    unknown = sorted(set(given) - {*ballot_count.names, *ballot_count.ballots})
    if unknown:
        raise refusal("unknown_weight", names=", ".join(unknown))
    held = {
        (str(actor), str(key))
        for actor, key in zip(
            shares["actor"],
            shares["sector_id"].where(shares["premises_count"] > 0, ""),
            strict=True,
        )
    }
    rows: list[tuple[str, str, int]] = []
    for actor in sorted(ballot_count.ballots):
        ballot = ballot_count.ballots[actor]
        if not ballot.counts:
            continue
        points = {
            key: value
            for key, value in _points(ballot).items()
            if key in open_ids and (actor, key) in held
        }
        whole = _whole(points, rule)
        rows += [(key, actor, given.get(actor, 1) * value) for key, value in whole.items()]
    if not rows:
        return contract("sector_points").empty()
    table = pd.DataFrame(rows, columns=["sector_id", "epci_siren", "points"])
    table["points"] = table["points"].astype("int64")
    table["scale"] = _SCALES[rule]
    table["rule"] = rule
    contract("sector_points").check(table)
    return contract("sector_points").select(table)


def _open_ids(sectors: pd.DataFrame) -> set[str]:
    return set(sectors.loc[sectors["zone_id"].isna(), "sector_id"].astype(str))


def _points(ballot: EpciBallot) -> dict[str, Fraction]:
    if ballot.form is BallotForm.POINTS:
        return {key: Fraction(value) for key, value in ballot.points}
    if ballot.form is BallotForm.APPROVALS:
        return {key: Fraction(1) for _, keys in ballot.ranked for key in keys}
    return points_of_ranking(Ranking(tuple(keys for _, keys in ballot.ranked)))


def _whole(points: Mapping[str, Fraction], rule: SectorRule) -> dict[str, int]:
    scale = _SCALES[rule]
    total = sum(points.values(), Fraction(0))
    if rule == "borda" or total == 0:
        return {key: int(value * scale) for key, value in points.items()}
    exact = {key: value * scale / total for key, value in points.items()}
    whole = {key: int(value) for key, value in exact.items()}
    lost = scale - sum(whole.values())
    for key in sorted(exact, key=lambda k: (whole[k] - exact[k], k))[:lost]:
        whole[key] += 1
    return whole


def tell_weights(weights: Mapping[str, int], names: Mapping[str, str] | None = None) -> Message:
    """Say what the votes of each EPCI weigh in the regional decision: alike, unless told otherwise.

    Parameters
    ----------
    weights
        Actor to its weight; 1 where it is not named.
    names
        Actor to what people call it.
    """
    told = [f"{(names or {}).get(actor, actor)} : {weights[actor]}" for actor in sorted(weights)]
    if set(weights.values()) <= {1}:
        return Message.of("voting.weights_equal")
    return Message.of("voting.weights_given", given=" ; ".join(told))


def concertation_election(
    ballot_count: BallotCount,
    sectors: pd.DataFrame,
    sector_shares: pd.DataFrame,
    *,
    departement: str | None = None,
    cents_per_line: int | None = None,
) -> Election:
    """Return the concertation as an election on sectors: costs and budget in lines.

    Voters are the EPCI (or the département of an island) whose ballot counts, each weighing 1; a
    sector costs its premises; the budget is the sum of the envelopes.  It is not the départements'
    rule, in which each EPCI spends its own envelope: it shows what a common purse would do.

    Parameters
    ----------
    ballot_count, sectors, sector_shares
        As in :func:`score_sectors`.
    departement
        Code of the one to take; an EPCI across several is in the one where it has most premises,
        then the smallest code.  None takes the whole region.
    cents_per_line
        What a line costs an EPCI, to put envelopes in euros into whole lines.

    Raises
    ------
    RuleError
        When an envelope is in euros and ``cents_per_line`` isn't given.
    """
    open_ids = _open_ids(sectors)
    shares = actor_shares(sectors, sector_shares)
    place = dict(
        zip(sectors["sector_id"].astype(str), sectors["departement"].astype(str), strict=True)
    )
    homes = _homes(shares, place)
    voters: list[Voter] = []
    budget = 0
    for actor in sorted(ballot_count.ballots):
        ballot = ballot_count.ballots[actor]
        if not ballot.counts or (departement is not None and homes.get(actor) != departement):
            continue
        budget += _lines(ballot, cents_per_line)
        voters.append(Voter(voter_id=actor, ballot=_said(ballot, open_ids)))
    actors = {voter.voter_id for voter in voters}
    theirs = set(shares.loc[shares["actor"].isin(actors), "sector_id"].astype(str)) & open_ids
    table = sectors.loc[sectors["sector_id"].astype(str).isin(theirs)].sort_values("sector_id")
    return Election(
        projects=tuple(
            Project(
                project_id=str(row["sector_id"]), cost=int(row["premises_count"]),
                name=str(row["nom"]),
            )
            for row in table[["sector_id", "premises_count", "nom"]].to_dict("records")
        ),
        voters=tuple(voters),
        budget=budget,
    )  # fmt: skip


def _homes(shares: pd.DataFrame, place: Mapping[str, str]) -> dict[str, str]:
    counts = shares.assign(departement=shares["sector_id"].astype(str).map(place))
    sums = counts.groupby(["actor", "departement"])["premises_count"].sum().reset_index()
    homes: dict[str, tuple[int, str]] = {}
    for row in sums.to_dict("records"):
        actor, candidate = str(row["actor"]), (-int(row["premises_count"]), str(row["departement"]))
        homes[actor] = min(homes.get(actor, candidate), candidate)
    return {actor: departement for actor, (_, departement) in homes.items()}


def _lines(ballot: EpciBallot, cents_per_line: int | None) -> int:
    envelope = ballot.envelope
    if envelope.amount is None:
        return 0
    if envelope.unit.value == "lines":
        return envelope.amount
    if not cents_per_line:
        raise refusal("no_price", actor=ballot.actor)
    return (envelope.amount + envelope.credit_cents) // cents_per_line


def _said(ballot: EpciBallot, open_ids: set[str]) -> Ballot:
    if ballot.form is BallotForm.POINTS:
        return Points(tuple((key, value) for key, value in ballot.points if key in open_ids))
    places = tuple(tuple(key for key in keys if key in open_ids) for _, keys in ballot.ranked)
    if ballot.form is BallotForm.APPROVALS:
        return Approvals(tuple(key for keys in places for key in keys))
    return Ranking(tuple(keys for keys in places if keys))

"""The concertation: what each EPCI brings, checked and put in the order that it asked for.

Nothing is decided here.  :func:`count_ballots` says, for each EPCI from which a ballot is due,
whether it counts, how large its envelope is in cents or lines, and in which order its sectors come;
:mod:`planner.programme` decides.

A sector lies in one EPCI or across several, each of which counts its own share.  For an island
without EPCI the département proposes: its code is ``D`` and the département's, ``D29``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from planner.ballots import (
    Ballot,
    BallotCount,
    Envelope,
    actor_shares,
    ballots_of_these_sectors,
)
from planner.concertation._double import contradicts, find_double_wishes
from planner.findings import Finding, Findings
from planner.schemas import contract
from planner.sector_names import sector_names
from planner.vocab import BallotForm, DeliberationState, EnvelopeUnit, Severity, Wish

__all__ = ["count_ballots"]


def count_ballots(
    *,
    epci: pd.DataFrame,
    sectors: pd.DataFrame,
    sector_shares: pd.DataFrame,
    envelopes: pd.DataFrame,
    ballots: pd.DataFrame,
    deliberations: pd.DataFrame,
    deadline: dt.date | None = None,
    contacts: Mapping[str, str] | None = None,
) -> BallotCount:
    """Check what the EPCI bring and put it in order.

    A ballot counts when the deliberation of its EPCI is *voted*.  A ballot is due from every EPCI
    with public premises in the territory, and from the département of an island without EPCI.  What
    is half-filled, contradictory or late is a finding that names whom to ask; nothing is guessed.

    Parameters
    ----------
    epci, sectors, sector_shares, envelopes, ballots, deliberations
        Tables under the contracts of their names.
    deadline
        Last day of the deliberations, if there is one; a later vote counts and is a finding.
    contacts
        EPCI to the person to ask, where one is known; remedies name that person.

    Raises
    ------
    ContractError
        When a table breaks its contract.
    """
    for name, table in (
        ("envelopes", envelopes), ("ballots", ballots), ("deliberations", deliberations),
    ):  # fmt: skip
        contract(name).check(table)
    shares = actor_shares(sectors, sector_shares)
    names = _names(epci, shares)
    due = _due(epci, shares)
    rows = {str(row["epci_siren"]): row for row in deliberations.to_dict("records")}
    granted = {str(row["epci_siren"]): row for row in envelopes.to_dict("records")}
    ballots, strange = ballots_of_these_sectors(ballots, sectors, sector_shares)
    by_actor = {str(actor): group for actor, group in ballots.groupby("epci_siren", sort=True)}
    held = {str(actor): set(group["sector_id"]) for actor, group in shares.groupby("actor")}
    settled = set(sectors.loc[sectors["zone_id"].notna(), "sector_id"].astype(str))
    found: list[Finding] = []
    counted: dict[str, Ballot] = {}
    for actor in sorted({*due, *rows, *granted, *by_actor, *strange}):
        name = names.get(actor, actor)
        person = (contacts or {}).get(actor)
        where = _Asked(actor, name, f"{person} ({name})" if person else name, found)
        if actor not in held:
            where.note("nothing_public" if actor in names else "unknown_epci", Severity.SERIOUS)
        state = _state(rows.get(actor), where, due=actor in due, deadline=deadline)
        wishes = by_actor.get(actor)
        if actor in strange:
            where.note("other_sectors", Severity.SERIOUS, strange[actor])
        elif wishes is not None:
            _note_settled(wishes, settled & held.get(actor, set()), where)
        elif state is DeliberationState.VOTED and actor in due:
            where.note("voted_without_ballot", Severity.SERIOUS)
        counted[actor] = Ballot(
            actor=actor,
            counts=state is DeliberationState.VOTED,
            state=state,
            envelope=_envelope(granted.get(actor), where, due=actor in due),
            elsewhere=actor in strange,
            **_wishes(wishes, held.get(actor, set()), where),
        )
    found += _at_odds(counted, _left(shares, sectors), names, contacts or {})
    return BallotCount(
        ballots=MappingProxyType(counted),
        names=MappingProxyType(names),
        due=tuple(due),
        findings=Findings.collect(found).naming(sector_names(sectors)),
    )


_OF_DELIBERATIONS: Final = frozenset({"no_deliberation", "late", "undated", "dated_undecided"})


@dataclass(frozen=True)
class _Asked:
    """Whom a finding asks."""

    actor: str
    name: str
    person: str
    found: list[Finding]

    def note(self, rule: str, severity: Severity, count: int = 1, **values: object) -> None:
        table = "deliberations" if rule in _OF_DELIBERATIONS else "ballots"
        self.found.append(
            Finding.of(
                f"concertation.{rule}", severity=severity, table=table, place=self.actor,
                count=count, name=self.name, asked=self.person, **values,
            )
        )  # fmt: skip


def _names(epci: pd.DataFrame, shares: pd.DataFrame) -> dict[str, str]:
    names = dict(zip(epci["siren"].astype(str), epci["nom"].astype(str), strict=True))
    proposers = sorted(actor for actor in set(shares["actor"]) if actor.startswith("D"))
    return names | {actor: f"Département {actor[1:]}" for actor in proposers}


def _due(epci: pd.DataFrame, shares: pd.DataFrame) -> list[str]:
    """Return who owes a ballot: whoever has premises in a sector of the public area."""
    public = set(epci.loc[epci["public_premises"].astype(bool), "siren"].astype(str))
    actors = set(shares.loc[shares["premises_count"] > 0, "actor"])
    return sorted(actor for actor in actors if actor in public or actor.startswith("D"))


def _state(
    row: Any,  # noqa: ANN401 (a record, or None)
    where: _Asked,
    *,
    due: bool,
    deadline: dt.date | None,
) -> DeliberationState | None:
    if row is None:
        if due:
            where.note("no_deliberation", Severity.WARNING)
        return None
    state = DeliberationState(row["state"])
    on = row["on"]
    if state is DeliberationState.VOTED and pd.isna(on):
        where.note("undated", Severity.WARNING)
    day = None if pd.isna(on) else pd.Timestamp(on).date()
    decided = state in {DeliberationState.VOTED, DeliberationState.REFUSED}
    if day is not None and not decided:
        where.note("dated_undecided", Severity.SERIOUS, state=state, on=day)
    elif day is not None and deadline is not None and day > deadline:
        where.note("late", Severity.WARNING, on=day, deadline=deadline)
    if state is DeliberationState.REFUSED and due:
        where.note("engagement_refused", Severity.WARNING)
    elif state is not DeliberationState.VOTED and due:
        where.note("not_voted", Severity.WARNING, state=state)
    return state


def _envelope(row: Any, where: _Asked, *, due: bool) -> Envelope:  # noqa: ANN401
    if row is None or pd.isna(row["amount"]):
        if due:
            where.note("no_envelope", Severity.WARNING)
        unit = EnvelopeUnit.LINES if row is None else EnvelopeUnit(row["unit"])
        return Envelope(unit=unit, amount=None)
    credit = row["med_credit_cents"]
    if pd.isna(credit):
        where.note("unknown_credit", Severity.INFO)
    unit = EnvelopeUnit(row["unit"])
    amount = int(row["amount"]) * (100 if unit is EnvelopeUnit.EUR else 1)
    return Envelope(unit=unit, amount=amount, credit_cents=0 if pd.isna(credit) else int(credit))


def _wishes(table: pd.DataFrame | None, held: set[str], where: _Asked) -> dict[str, Any]:
    """Split a ballot into required, refused and ranked sectors, noting what can't count."""
    if table is None:
        return {}
    ids = table["sector_id"].astype(str)
    strange = ~ids.isin(held)
    if strange.any():
        where.note(
            "foreign_sector", Severity.SERIOUS, count=int(strange.sum()),
            sectors=sorted(ids[strange]),
        )  # fmt: skip
    asked = table["wish"].astype(str) != Wish.REFUSED.value
    foreign = tuple(sorted(ids[strange & asked]))
    table = table.loc[~strange].sort_values("sector_id", kind="stable")
    if "points" not in table:
        table = table.assign(points=None)
    chosen: dict[str, list[Any]] = {wish: [] for wish in Wish.codes()}
    for row in _sound(table, where).to_dict("records"):
        chosen[str(row["wish"])].append(row)
    form = _form(chosen, where)
    expressed = [] if form is None else chosen[_WISH_OF[form].value]
    ranked = _ranked(expressed, form)
    meant = [*chosen[Wish.REQUIRED.value], *chosen[Wish.REFUSED.value], *expressed]
    unclear = set(table["sector_id"].astype(str)) - {str(row["sector_id"]) for row in meant}
    for rank, tied in ranked if form is BallotForm.RANKING else ():
        if len(tied) > 1:
            where.note("tied", Severity.INFO, len(tied), rank=rank, sectors=tied)
    return {
        "required": tuple(str(row["sector_id"]) for row in chosen[Wish.REQUIRED.value]),
        "refused": tuple(str(row["sector_id"]) for row in chosen[Wish.REFUSED.value]),
        "ranked": ranked,
        "form": form or BallotForm.RANKING,
        "unclear": tuple(sorted(unclear)),
        "foreign": foreign,
        "points": tuple((str(row["sector_id"]), int(row["points"])) for row in expressed)
        if form is BallotForm.POINTS
        else (),
    }


def _note_settled(wishes: pd.DataFrame, settled: set[str], where: _Asked) -> None:
    """Note the wishes on sectors that a zone has settled: they change nothing."""
    vain = sorted(set(wishes["sector_id"].astype(str)) & settled)
    if vain:
        where.note("already_settled", Severity.WARNING, len(vain), sectors=vain)


def _left(shares: pd.DataFrame, sectors: pd.DataFrame) -> pd.DataFrame:
    """Return the shares of the sectors that are still to be decided: those of no zone."""
    left = set(sectors.loc[sectors["zone_id"].isna(), "sector_id"].astype(str))
    return shares[shares["sector_id"].astype(str).isin(left)]


def _at_odds(
    counted: Mapping[str, Ballot],
    shares: pd.DataFrame,
    names: Mapping[str, str],
    contacts: Mapping[str, str],
) -> list[Finding]:
    """Find the shared sectors that one voter requires and another refuses or decides alone."""
    holders: dict[str, list[str]] = {}
    for key, actor, count in zip(
        shares["sector_id"].astype(str), shares["actor"], shares["premises_count"], strict=True
    ):
        holders.setdefault(key, []).extend([str(actor)] if count > 0 else [])
    clashes: dict[tuple[str, str, str], list[str]] = {}
    for actor, ballot in counted.items():
        for key in ballot.required if ballot.counts else ():
            mine = holders.get(key, [])
            for other in mine:
                voter = counted.get(other)
                if voter is not None and voter.counts and key in voter.refused:
                    clashes.setdefault(("required_and_refused", actor, other), []).append(key)
            if mine and mine[0] != actor:  # the first is who decides
                clashes.setdefault(("required_elsewhere", actor, mine[0]), []).append(key)

    def person(actor: str) -> str:
        name = names.get(actor, actor)
        return f"{contacts[actor]} ({name})" if actor in contacts else name

    return [
        Finding.of(
            f"concertation.{rule}", severity=Severity.SERIOUS, table="ballots",
            place=f"{actor}/{other}", count=len(keys), name=names.get(actor, actor),
            other=names.get(other, other), asked=person(actor), other_asked=person(other),
            sectors=keys,
        )
        for (rule, actor, other), keys in clashes.items()
    ]  # fmt: skip


def _sound(table: pd.DataFrame, where: _Asked) -> pd.DataFrame:
    """Return the wishes that say one thing: each other one is a finding, and doesn't count."""
    wish = table["wish"].astype(str)
    empty = table["rank"].isna() & table["points"].isna()
    twice = find_double_wishes(table, actor=where.actor, name=where.name, asked=where.person)
    where.found.extend(twice)
    wanting = {
        "ranked_without_rank": (wish == Wish.RANKED.value) & empty,
        "scored_without_points": (wish == Wish.SCORED.value) & empty,
    }
    sound = ~contradicts(table)
    for rule, wrong in wanting.items():
        if wrong.any():
            listed = table.loc[wrong, "sector_id"].astype(str).tolist()
            where.note(rule, Severity.WARNING, int(wrong.sum()), sectors=listed)
        sound &= ~wrong
    return table.loc[sound]


_WISH_OF: Final = {
    BallotForm.RANKING: Wish.RANKED,
    BallotForm.POINTS: Wish.SCORED,
    BallotForm.APPROVALS: Wish.APPROVED,
}


def _form(chosen: dict[str, list[Any]], where: _Asked) -> BallotForm | None:
    """Return the one form of the ballot; of several none counts, since nothing says how."""
    used = [form for form, wish in _WISH_OF.items() if chosen[wish.value]]
    if len(used) > 1:
        count = sum(len(chosen[_WISH_OF[form].value]) for form in used)
        where.note("mixed_forms", Severity.SERIOUS, count)
        return None
    return used[0] if used else BallotForm.RANKING


def _ranked(rows: list[Any], form: BallotForm | None) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """Put sectors rank by rank, most points first."""
    groups: dict[int, list[str]] = {}
    for row in rows:
        place = {
            BallotForm.RANKING: lambda row=row: int(row["rank"]),
            BallotForm.POINTS: lambda row=row: -int(row["points"]),
        }.get(form or BallotForm.APPROVALS, lambda: 1)()
        groups.setdefault(place, []).append(str(row["sector_id"]))
    ordered = [(place, tuple(groups[place])) for place in sorted(groups)]
    if form is BallotForm.POINTS:
        return tuple((rank, ids) for rank, (_, ids) in enumerate(ordered, start=1))
    return tuple(ordered)

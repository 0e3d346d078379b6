"""The programme: which sectors enter phase 2, and why, by the départements' simple rule.

The rule, ``ranking_within_envelope``.  Sectors of phase 1 stay there.  Then each EPCI whose vote
counts has its sectors taken: those it requires first, then those it ranks, rank by rank over the
region (all first ranks before any second), in the order of the EPCI's code within a rank.

- A sector is decided by the EPCI with its largest share, and uses the envelope of *every* EPCI that
  it touches, each for its own share.  It enters only if each of them can take its share and none of
  them refuses it.
- A sector that no longer fits is skipped, with its reason, and the next one is tried.
- Sectors tied at a rank enter together when all of them fit; otherwise the tie is broken by the
  rule that the scenario names, and by default by none: all of them stay out as *tie*.
- An envelope in euros counts what the EPCI would pay: lines × contribution, to which its MeD credit
  is added.

What is left is phase 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import pandas as pd

from planner.ballots import Ballot, BallotCount, actor_shares
from planner.findings import Finding, Findings
from planner.schemas import contract
from planner.sector_names import sector_names
from planner.texts import Message
from planner.vocab import Decision, EnvelopeUnit, Phase, Severity

__all__ = ["Programme", "ProgrammeRules", "choose_sectors"]

TieRule = Literal["refuse", "larger_first", "smaller_first", "sector_id"]


@dataclass(frozen=True, kw_only=True)
class ProgrammeRules:
    """Rules of the choice.

    Parameters
    ----------
    ties
        Who comes first among tied sectors that don't all fit; ``refuse`` leaves them all out.
    cents_per_line
        Contribution a line, in cents, that an envelope in euros is counted with.
    """

    ties: TieRule = "refuse"
    cents_per_line: int


@dataclass(frozen=True, kw_only=True)
class Programme:
    """The phase of every sector.

    Parameters
    ----------
    table
        Contract ``programme``, reasons in French.
    reasons
        The reason of each sector, to be said in either language.
    envelopes
        Actor to (granted, used), in lines or cents; None where nothing was granted.
    findings
        What was strange.
    years
        Year in which each sector of the phase opens; empty when years weren't asked.
    """

    table: pd.DataFrame
    reasons: Mapping[str, Message]
    envelopes: Mapping[str, tuple[int | None, int]]
    findings: Findings
    years: Mapping[str, int] = field(default_factory=dict)

    def in_language(self, lang: str) -> pd.DataFrame:
        """Return the table with its reasons in ``lang``."""
        table = self.table.copy()
        table["reason"] = [self.reasons[key].say(lang) for key in table["sector_id"]]
        return table


def choose_sectors(
    *,
    sectors: pd.DataFrame,
    sector_shares: pd.DataFrame,
    zones: pd.DataFrame,
    ballots: BallotCount,
    rules: ProgrammeRules,
) -> Programme:
    """Choose the sectors of phase 2 by each EPCI's ranking within its envelope.

    Parameters
    ----------
    sectors, sector_shares, zones
        Tables under the contracts of their names; a sector of a zone is in the zone's phase.
    ballots
        What :func:`planner.concertation.count_ballots` returned.
    rules
        Rules of the choice.

    Raises
    ------
    ContractError
        When a table breaks its contract.
    """
    contract("sector_shares").check(sector_shares)
    choice = _Choice(sectors, sector_shares, zones, ballots, rules)
    choice.settle_phase_1()
    choice.settle_uncounted()
    choice.take_required()
    choice.take_ranked()
    choice.settle_rest()
    return choice.result()


class _Choice:
    """The state of one choice: envelopes as they empty, decisions as they fall."""

    def __init__(
        self,
        sectors: pd.DataFrame,
        sector_shares: pd.DataFrame,
        zones: pd.DataFrame,
        ballots: BallotCount,
        rules: ProgrammeRules,
    ) -> None:
        self.rules = rules
        self.ballots = ballots.ballots
        self.names = ballots.names
        self.called = sector_names(sectors)
        self.premises = dict(
            zip(
                sectors["sector_id"].astype(str), sectors["premises_count"].astype(int), strict=True
            )
        )
        self.zone_of = (
            sectors.dropna(subset=["zone_id"]).set_index("sector_id")["zone_id"].to_dict()
        )
        self.zones = {
            str(row["zone_id"]): row
            for row in zones.drop(columns="geometry", errors="ignore").to_dict("records")
        }
        shares = actor_shares(sectors, sector_shares)
        self.shares: dict[str, list[tuple[str, int]]] = {key: [] for key in sorted(self.premises)}
        for key, actor, lines in zip(
            shares["sector_id"], shares["actor"], shares["premises_count"].astype(int), strict=True
        ):
            self.shares[str(key)].append((str(actor), lines))
        self.left: dict[str, int | None] = {a: self._granted(b) for a, b in self.ballots.items()}
        self.rows: dict[str, dict[str, Any]] = {}
        self.reasons: dict[str, Message] = {}
        self.found: list[Finding] = []

    @staticmethod
    def _granted(ballot: Ballot) -> int | None:
        envelope = ballot.envelope
        if envelope.amount is None or envelope.unit is EnvelopeUnit.LINES:
            return envelope.amount
        return envelope.amount + envelope.credit_cents

    def decider(self, sector_id: str) -> str | None:
        """Return the actor with the largest share."""
        shares = self.shares[sector_id]
        return shares[0][0] if shares else None

    def name(self, actor: str | None) -> str:
        """Return what people call an actor."""
        return self.names.get(actor or "", actor or "—")

    def need(self, actor: str, lines: int) -> int:
        """Return what ``lines`` use of the envelope of ``actor``, in its own unit."""
        if self.ballots[actor].envelope.unit is EnvelopeUnit.EUR:
            return lines * self.rules.cents_per_line
        return lines

    def settle(
        self,
        sector_id: str,
        phase: Phase,
        decision: Decision,
        reason: Message,
        *,
        tranche: int | None = None,
    ) -> None:
        """Write the decision of one sector; the first one stands."""
        actor = self.decider(sector_id)
        ballot = self.ballots.get(actor or "")
        reason = reason.naming(self.called)
        self.reasons[sector_id] = reason
        self.rows[sector_id] = {
            "sector_id": sector_id,
            "phase": phase.value,
            "tranche": tranche,
            "decision": decision.value,
            "epci_siren": actor,
            "rank": ballot.rank_of(sector_id) if ballot else None,
            "premises_count": self.premises[sector_id],
            "envelope_left": self.left.get(actor or ""),
            "reason": reason.say(),
        }

    def unasked(self, key: str) -> Message:
        """Return why nobody asked for a sector: its decider said nothing that counts."""
        actor = self.decider(key)
        ballot = self.ballots.get(actor or "")
        text = "unranked" if ballot is None else ballot.silence(key)
        return Message.of(f"programme.{text}", actor=self.name(actor))

    def open_sectors(self) -> list[str]:
        """Return the sectors without a decision, sorted by id."""
        return [key for key in self.shares if key not in self.rows]

    def settle_phase_1(self) -> None:
        """Leave the sectors of a zone in the zone's phase."""
        for key in self.open_sectors():
            zone = self.zones.get(str(self.zone_of.get(key)))
            if zone is None:
                continue
            tranche = None if pd.isna(zone["tranche"]) else int(zone["tranche"])
            reason = Message.of("programme.phase_1", zone=zone["nom"], tranche=tranche)
            phase = Phase(str(zone["phase"]))
            self.settle(key, phase, Decision.PHASE_1, reason, tranche=tranche)

    def settle_uncounted(self) -> None:
        """Leave to phase 3 what no counting ballot speaks of, and what is refused."""
        for key in self.open_sectors():
            actor = self.decider(key)
            ballot = self.ballots.get(actor or "")
            if actor is None or ballot is None or (ballot.state is None and not ballot.counts):
                spoke = ballot is not None and (ballot.required or ballot.refused or ballot.ranked)
                text = "no_deliberation" if spoke else "no_ballot"
                self._out(key, Decision.NO_BALLOT, text, actor=self.name(actor))
                continue
            refusing = [a for a, _ in self.shares[key] if a in self.ballots
                        and self.ballots[a].counts and key in self.ballots[a].refused]  # fmt: skip
            if refusing:
                self._out(key, Decision.REFUSED, "refused", actor=self.name(refusing[0]))
            elif not ballot.counts:
                self._out(
                    key, Decision.NO_VOTE, "no_vote", actor=self.name(actor), state=ballot.state
                )

    def _out(self, key: str, decision: Decision, text: str, **values: object) -> None:
        self.settle(key, Phase.PHASE_3, decision, Message.of(f"programme.{text}", **values))

    def take_required(self) -> None:
        """Take required sectors, by actor and id."""
        for actor in sorted(self.ballots):
            ballot = self.ballots[actor]
            for key in ballot.required if ballot.counts else ():
                if key in self.rows or self.decider(key) != actor:
                    continue
                if not self._take([key], actor, None):
                    self._note(
                        "required_too_large", f"{actor}/{key}", self.premises[key], actor,
                        sector=key,
                    )  # fmt: skip

    def take_ranked(self) -> None:
        """Take ranked sectors, rank by rank over the region."""
        ranks = sorted({r for b in self.ballots.values() if b.counts for r, _ in b.ranked})
        for rank in ranks:
            for actor in sorted(self.ballots):
                ballot = self.ballots[actor]
                if ballot.counts:
                    self._take_rank(actor, rank, dict(ballot.ranked).get(rank, ()))

    def _take_rank(self, actor: str, rank: int, ids: tuple[str, ...]) -> None:
        open_ids = [key for key in ids if key not in self.rows and self.decider(key) == actor]
        if self.rules.ties != "refuse" or self._short_of(open_ids) is None:
            for key in sorted(open_ids, key=self._tie_order):
                self._take([key], actor, rank)
            return
        # a tied sector that would not even fit alone is no part of the tie
        tied = [key for key in open_ids if self._short_of([key]) is None]
        for key in sorted(set(open_ids) - set(tied)):
            self._take([key], actor, rank)
        if self._short_of(tied) is None:
            self._take(tied, actor, rank)
            return
        for key in tied:
            others = tuple(other for other in tied if other != key)
            self._out(key, Decision.TIE, "tie", others=others, actor=self.name(actor), rank=rank)
        self._note(
            "unbroken_tie", f"{actor}/{rank}", len(tied), actor, rank=rank, sectors=tuple(tied)
        )

    def _tie_order(self, key: str) -> tuple[int, str]:
        sign = {"larger_first": -1, "smaller_first": 1}.get(self.rules.ties, 0)
        return sign * self.premises[key], key

    def _note(self, rule: str, place: str, count: int, actor: str, **values: object) -> None:
        self.found.append(
            Finding.of(
                f"programme.{rule}", severity=Severity.SERIOUS, table="ballots",
                place=place, count=count, actor=self.name(actor), **values,
            )
        )  # fmt: skip

    def _short_of(self, keys: list[str]) -> tuple[str, int] | None:
        """Return the first actor whose envelope can't take these sectors, and its shortfall."""
        needs: dict[str, int] = {}
        for key in keys:
            for actor, lines in self.shares[key]:
                needs[actor] = needs.get(actor, 0) + lines
        for actor, lines in sorted(needs.items()):
            if lines == 0:
                continue
            ballot = self.ballots.get(actor)
            if ballot is None or not ballot.counts:
                return actor, lines
            missing = self.need(actor, lines) - (self.left[actor] or 0)
            if missing > 0:
                return actor, missing
        return None

    def _take(self, keys: list[str], owner: str, rank: int | None) -> bool:
        """Take sectors into phase 2 together, or skip them together with the reason."""
        short = self._short_of(keys)
        for key in keys:
            if short is not None:
                self._skip(key, owner, *short)
                continue
            decision = Decision.REQUIRED if rank is None else Decision.CHOSEN
            reason = Message.of(
                f"programme.{decision.value}",
                lines=self.premises[key], actor=self.name(owner), rank=rank,
            )  # fmt: skip
            self.settle(key, Phase.PHASE_2, decision, reason)
            for actor, lines in self.shares[key]:
                if lines:
                    self.left[actor] = (self.left[actor] or 0) - self.need(actor, lines)
        return short is None

    def _skip(self, key: str, owner: str, actor: str, missing: int) -> None:
        """Leave to phase 3 a sector that ``actor`` can't take."""
        text = "neighbour" if actor != owner else "envelope"
        if text == "envelope" and self.ballots[actor].envelope.unit is EnvelopeUnit.EUR:
            text = "envelope_eur"
        if text != "neighbour" and self.ballots[actor].envelope.amount is None:
            text = "no_envelope"
        left = self.left.get(actor) or 0
        self._out(key, Decision.ENVELOPE, text, actor=self.name(actor), missing=missing, left=left)

    def settle_rest(self) -> None:
        """Leave to phase 3 what the deciding EPCI did not speak of."""
        for key in self.open_sectors():
            self.settle(key, Phase.PHASE_3, Decision.UNRANKED, self.unasked(key))

    def result(self) -> Programme:
        """Return the programme, its table under its contract."""
        table = pd.DataFrame([self.rows[key] for key in sorted(self.rows)])
        if table.empty:
            table = contract("programme").empty()
        for name in ("tranche", "rank", "envelope_left"):
            table[name] = table[name].astype("Int64")
        contract("programme").check(table)
        used = {}
        for actor, ballot in self.ballots.items():
            granted = self._granted(ballot)
            used[actor] = (granted, (granted or 0) - (self.left[actor] or 0))
        return Programme(
            table=contract("programme").select(table),
            reasons=MappingProxyType(dict(sorted(self.reasons.items()))),
            envelopes=MappingProxyType(dict(sorted(used.items()))),
            findings=Findings.collect(self.found).naming(self.called),
        )

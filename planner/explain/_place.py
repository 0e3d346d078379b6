"""Why: what the plan says of one sector, zone, commune or EPCI, in sentences.

Everything is read from the plan's tables, so that an explanation can be had from a plan in memory
or from the tables that an earlier run wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from planner.errors import MissingLayerError
from planner.explain._advice import tell_advice, tell_opinions
from planner.explain._marks import tell_criteria, tell_left, tell_service, tell_standing
from planner.explain._network import tell_choice, tell_network, tell_phasing
from planner.explain._proof import read_proof, tell_equal_choices
from planner.names import is_part
from planner.sector_names import sector_names
from planner.texts import Message, say
from planner.vocab import (
    Decision,
    DeliberationState,
    EnvelopeUnit,
    Level,
    Phase,
    PremiseState,
    RegulatoryZone,
    ZoneKind,
)

__all__ = ["Explanation", "explain_place", "place_names"]

_SHOWN = 12
_KEYS = {
    Level.REGION: ("region", "code"),
    Level.DEPARTEMENT: ("departements", "code"),
    Level.EPCI: ("epci", "siren"),
    Level.COMMUNE: ("communes", "insee"),
    Level.ZONE: ("zones", "zone_id"),
    Level.SECTOR: ("sectors", "sector_id"),
}


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What the plan says of one place.

    Parameters
    ----------
    level, code, nom
        The place.
    lines
        Sentences, from the decision to its consequences.
    part
        Whether it is called a region and is but a part of one.
    """

    level: Level
    code: str
    nom: str
    lines: tuple[Message, ...]
    part: bool = False

    def say(self, lang: str = "fr") -> str:
        """Put the explanation into words, a title and one line a sentence."""
        level = say("names.part", lang) if self.part else self.level.label(lang)
        title = f"{level} {self.nom} ({self.code})"
        return "\n".join([title, *(f"  • {line.say(lang)}" for line in self.lines)])


def place_names(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the places that can be explained: ``level``, ``code`` and ``nom``."""
    parts = [
        pd.DataFrame(
            {
                "level": level.value,
                "code": tables[table][key].astype("str"),
                "nom": tables[table]["nom"].astype("str"),
            }
        )
        for level, (table, key) in _KEYS.items()
        if table in tables
    ]
    return pd.concat(parts, ignore_index=True)


def explain_place(tables: Mapping[str, pd.DataFrame], *, level: Level, code: str) -> Explanation:
    """Say what the plan holds for one place, and why.

    Parameters
    ----------
    tables
        The tables of a plan (:meth:`planner.plan.Plan.tables`), geometry not needed.
    level, code
        The place; see :func:`planner.names.resolve_place` for names.

    Raises
    ------
    MissingLayerError
        When the plan has no such place.
    """
    teller = _Teller(tables)
    table, key = _KEYS[level]
    row = teller.row(table, key, code)
    if row is None:
        raise MissingLayerError(
            Message.of("explain.unknown", level=level, code=code),
            Message.of("explain.unknown_remedy"),
        )
    lines = {
        Level.SECTOR: teller.sector,
        Level.ZONE: teller.zone,
        Level.COMMUNE: teller.commune,
        Level.EPCI: teller.epci,
        Level.DEPARTEMENT: teller.departement,
        Level.REGION: teller.region,
    }[level](row)
    nom = str(row["nom"])
    if level is not Level.REGION and teller.is_all(nom):
        lines = [*lines, *read_proof(tables)]
    return Explanation(
        level=level, code=code, nom=nom,
        lines=tuple(one.naming(teller.called) for one in (*lines, *teller.coverage(level, code))),
        part=level is Level.REGION and is_part(nom, teller.held()),
    )  # fmt: skip


class _Teller:
    """Reads the tables of a plan and tells sentences."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self.tables = tables
        self.called = sector_names(tables.get("sectors"))

    def held(self) -> set[str]:
        """Return the names of the communes, EPCI and départements."""
        within = (self.tables.get(table) for table in ("communes", "epci", "departements"))
        return {str(nom) for table in within if table is not None for nom in table["nom"]}

    def rows(self, table: str, **where: str) -> list[dict[str, Any]]:
        """Return the rows of a table where columns have these values."""
        frame = self.tables.get(table)
        if frame is None:
            return []
        mask = pd.Series(data=True, index=frame.index)
        for column, value in where.items():
            mask &= frame[column].astype("str") == value
        return [{str(k): v for k, v in row.items()} for row in frame[mask].to_dict("records")]

    def row(self, table: str, key: str, code: str) -> dict[str, Any] | None:
        """Return the one row with this key."""
        found = self.rows(table, **{key: code})
        return found[0] if found else None

    def named(self, table: str, key: str, code: object) -> str:
        """Return the name of a place, or its code."""
        row = self.row(table, key, str(code))
        return f"{row['nom']} ({code})" if row else str(code)

    def _epci_named(self, siren: str) -> str:
        return self.named("epci", "siren", siren)

    def is_all(self, nom: str) -> bool:
        """Return whether the territory studied is but the place of that name."""
        return [str(row["nom"]) for row in self.rows("region")] == [nom]

    def departement(self, row: Mapping[str, Any]) -> list[Message]:
        """Tell how many sectors and premises of a département are in each phase."""
        inside = self.rows("sectors", departement=str(row["code"]))
        return self._phases({str(one["sector_id"]) for one in inside})

    def region(self, row: Mapping[str, Any]) -> list[Message]:  # noqa: ARG002 (same shape)
        """Tell each phase, how good the exact programme is proved, and how many are as good."""
        inside = {str(one["sector_id"]) for one in self.rows("sectors")}
        return [*self._phases(inside), *read_proof(self.tables)]

    def _phases(self, inside: set[str]) -> list[Message]:
        """Tell how many of some sectors are in each phase, with their premises."""
        by_phase: dict[str, list[int]] = {}
        for row in self.rows("programme"):
            if str(row["sector_id"]) in inside:
                by_phase.setdefault(str(row["phase"]), []).append(int(row["premises_count"]))
        return [
            Message.of(
                "explain.place_phase", phase=phase, count=len(by_phase[phase.value]),
                premises=sum(by_phase[phase.value]),
            )
            for phase in Phase
            if phase.value in by_phase
        ]  # fmt: skip

    def sector(self, row: Mapping[str, Any]) -> list[Message]:
        """Tell a sector: decision, EPCI, quarter, cost, contribution."""
        key = str(row["sector_id"])
        lines = [
            Message.of(
                "explain.sector",
                commune=self.named("communes", "insee", row["insee"]),
                premises=int(row["premises_count"]),
            )
        ]
        decided = self.row("programme", "sector_id", key)
        if decided:
            lines.append(
                Message.of(
                    "explain.decision",
                    phase=Phase(str(decided["phase"])),
                    decision=Decision(str(decided["decision"])),
                    reason=str(decided["reason"]),
                )
            )
        lines.extend(self._marks(key))
        lines.extend(tell_advice(self.rows("advice", sector_id=key), self._epci_named))
        lines.extend(tell_equal_choices(self.rows("equal_programmes", sector_id=key)))
        dated = self.row("year_decisions", "sector_id", key)
        if dated:
            lines.append(Message.of("explain.year", reason=str(dated["reason"])))
        for share in self.rows("sector_shares", sector_id=key):
            lines.extend(self._share(share))
        if not pd.isna(row["zone_id"]):
            zone = self.named("zones", "zone_id", row["zone_id"])
            lines.append(Message.of("explain.in_zone", zone=zone))
        cost = self.row("costs", "sector_id", key)
        if cost:
            lines.append(
                Message.of(
                    "explain.cost",
                    cost=int(cost["cost_cents"]),
                    unit=int(cost["unit_cost_cents"]),
                )
            )
        planned = self.row("schedule", "sector_id", key)
        if planned:
            lines.append(Message.of("explain.quarter", quarter=str(planned["quarter"])))
        held = self.row("works_reasons", "sector_id", key)
        if held:
            lines.append(
                Message.of(
                    f"works.reason_{held['binding']}",
                    kind=held["kind"], place=held["place"], after=held["after_sector_id"],
                )
            )  # fmt: skip
        owed = self.rows("contributions", place_id=key)
        lines.extend(self._owed(item) for item in owed)
        designed = self.row("network_sectors", "sector_id", key)
        chosen = self.row("feeder_choices", "sector_id", key)
        lines.extend(tell_network(designed) if designed else ())
        return [*lines, *tell_choice(chosen)] if chosen else lines

    def _marks(self, key: str) -> list[Message]:
        """Tell what a sector brings: to the first objective of an exact choice, by criterion."""
        scores = self.tables.get("criteria_scores", ())
        criteria = tell_criteria(
            self.rows("criteria", sector_id=key), self.row("criteria_scores", "sector_id", key),
            peers=len(scores),
        )  # fmt: skip
        decided = self.row("decisions", "sector_id", key)
        first = self.row("programme_proof", "position", "1")
        if decided is None or first is None:
            return criteria
        siren = str(decided["epci_siren"])
        balance = self.row("balances", "epci_siren", siren)
        actor = siren if balance is None else str(balance["nom"])
        told = [
            tell_standing(
                int(decided["votes"]), first["unit"], rank=int(decided["rank"]), actor=actor,
                of=len(self.rows("decisions", epci_siren=siren)), objective=str(first["objective"]),
            )
        ]  # fmt: skip
        left = decided["envelope_left"]
        if balance is not None and not pd.isna(balance["unit"]) and not pd.isna(left):
            told.append(tell_left(int(left), str(balance["unit"]), actor))
        return [*told, *self._others_left(key, siren), *criteria]

    def _others_left(self, key: str, decider: str) -> list[Message]:
        """Tell what the envelopes of the others who share a sector have left: it takes of each."""
        told = []
        for share in self.rows("sector_shares", sector_id=key):
            balance = self.row("balances", "epci_siren", str(share["epci_siren"]))
            if balance is None or str(share["epci_siren"]) == decider:
                continue
            counts = _state(balance) is DeliberationState.VOTED and int(share["premises_count"])
            if counts and not pd.isna(balance["granted"]) and not pd.isna(balance["unit"]):
                left = int(balance["granted"]) - int(balance["used"])
                told.append(tell_left(left, str(balance["unit"]), str(balance["nom"])))
        return told

    def _share(self, share: Mapping[str, Any]) -> list[Message]:
        siren = share["epci_siren"]
        if pd.isna(siren) or not siren:
            return [Message.of("explain.no_epci")]
        balance = self.row("balances", "epci_siren", str(siren))
        voted = _state(balance)
        return [
            Message.of(
                "explain.share" if voted else "explain.share_unheard",
                epci=self.named("epci", "siren", siren),
                lines=int(share["premises_count"]),
                state=voted,
            )
        ]

    def _owed(self, row: Mapping[str, Any]) -> Message:
        return Message.of(
            "explain.owed",
            epci=self.named("epci", "siren", row["epci_siren"]),
            lines=int(row["lines_count"]),
            net=int(row["net_cents"]),
            credit=int(row["credit_cents"]),
        )

    def zone(self, row: Mapping[str, Any]) -> list[Message]:
        """Tell a zone: kind, tranche, sectors, contributions."""
        key = str(row["zone_id"])
        tranche = None if pd.isna(row["tranche"]) else int(row["tranche"])
        sectors = [str(item["sector_id"]) for item in self.rows("sectors", zone_id=key)]
        lines = [
            Message.of(
                "explain.zone",
                kind=ZoneKind(str(row["kind"])),
                phase=Phase(str(row["phase"])),
                tranche=tranche,
                premises=int(row["premises_count"]),
            ),
            Message.of("explain.sectors", count=len(sectors), sectors=sorted(sectors)),
        ]
        if bool(row["synthetic"]):
            lines.append(Message.of("explain.zone_synthetic"))
        lines.extend(self._owed(item) for item in self.rows("contributions", place_id=key))
        return lines

    def commune(self, row: Mapping[str, Any]) -> list[Message]:
        """Tell a commune: who builds there, its sectors by phase and decision."""
        lines = [Message.of("explain.commune", zone=RegulatoryZone(str(row["regulatory_zone"])))]
        if not pd.isna(row["epci_siren"]):
            epci = self.named("epci", "siren", row["epci_siren"])
            lines.append(Message.of("explain.commune_epci", epci=epci))
        else:
            lines.append(Message.of("explain.no_epci"))
        mine = {str(item["sector_id"]) for item in self.rows("sectors", insee=str(row["insee"]))}
        for phase in Phase:
            decided = [
                item
                for item in self.rows("programme", phase=phase.value)
                if str(item["sector_id"]) in mine
            ]
            if not decided:
                continue
            lines.append(
                Message.of(
                    "explain.commune_phase",
                    phase=phase,
                    count=len(decided),
                    premises=sum(int(item["premises_count"]) for item in decided),
                    sectors=sorted(str(item["sector_id"]) for item in decided),
                )
            )
        if mine:
            lines.append(Message.of("explain.across"))
        return lines

    def epci(self, row: Mapping[str, Any]) -> list[Message]:
        """Tell an EPCI: vote, envelope, lines by phase, contribution, sectors left out."""
        siren = str(row["siren"])
        balance = self.row("balances", "epci_siren", siren)
        if balance is None:
            return []
        lines = [_vote(balance)]
        if not pd.isna(balance["granted"]):
            unit = EnvelopeUnit(str(balance["unit"]))
            lines.append(
                Message.of(
                    f"explain.envelope_{unit.value}",
                    granted=int(balance["granted"]),
                    used=int(balance["used"]),
                    left=int(balance["granted"]) - int(balance["used"]),
                )
            )
        lines.append(
            Message.of(
                "explain.lines",
                first=int(balance["lines_phase_1"]),
                second=int(balance["lines_phase_2"]),
                third=int(balance["lines_phase_3"]),
            )
        )
        lines.extend(tell_service(self.row("epci_service", "epci_siren", siren)))
        lines.append(
            Message.of(
                "explain.contribution",
                net=int(balance["net_cents"]),
                gross=int(balance["gross_cents"]),
                credit=int(balance["credit_cents"]),
            )
        )
        lines.extend(tell_opinions(self.rows("advice", epci_siren=siren)))
        phasing = self.row("phasing", "epci_siren", siren)
        if phasing:
            lines.append(tell_phasing(phasing))
        out = [
            item
            for item in self.rows("programme", epci_siren=siren, phase=Phase.PHASE_3.value)
            if str(item["decision"]) in {Decision.ENVELOPE, Decision.REFUSED, Decision.TIE}
        ]
        lines.extend(
            Message.of("explain.left_out", sector=str(item["sector_id"]), reason=item["reason"])
            for item in out[:_SHOWN]
        )
        if len(out) > _SHOWN:
            lines.append(Message.of("explain.more", count=len(out) - _SHOWN))
        return lines

    def coverage(self, level: Level, code: str) -> list[Message]:
        """Tell the coverage of a place, with its referential."""
        found = self.rows("coverage", level=level.value, code=code)
        if not found or pd.isna(found[0]["coverage_rate"]):
            return []
        row = found[0]
        return [
            Message.of(
                "explain.coverage",
                serviceable=int(row[f"{PremiseState.SERVICEABLE.value}_count"]),
                premises=int(row["denominator_count"]),
                rate=float(row["coverage_rate"]),
                referential=str(row["referential"]),
            )
        ]


def _state(balance: Mapping[str, Any] | None) -> DeliberationState | None:
    if balance is None or pd.isna(balance["deliberation"]):
        return None
    return DeliberationState(str(balance["deliberation"]))


def _vote(balance: Mapping[str, Any]) -> Message:
    if not bool(balance["ballot_due"]):
        return Message.of("explain.no_ballot_due")
    state = _state(balance)
    if state is None:
        return Message.of("explain.no_deliberation")
    on = None if pd.isna(balance["voted_on"]) else pd.Timestamp(balance["voted_on"]).date()
    return Message.of("explain.voted" if on else "explain.vote", state=state, on=on)

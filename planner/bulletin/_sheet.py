"""The sheet of an EPCI: everything that its ballot is counted with, and a signature of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.ballots import Ballot, actor_shares, signed_outlines
from planner.choice import Contiguity
from planner.concertation import count_ballots
from planner.programme._borders import common_borders
from planner.scenario import Scenario
from planner.territory import Territory
from planner.vocab import EnvelopeUnit

__all__ = ["Sheet", "SheetSector", "make_sheets"]

"""Vertices are signed to the decimetre: what two runs of one projection agree on."""


@dataclass(frozen=True, kw_only=True)
class SheetSector:
    """A sector in which an EPCI has premises.

    Parameters
    ----------
    sector_id, nom, area_kind
        As in the contract ``sectors``.
    insee, commune
        The commune that names it.
    departement
        Code of its département.
    premises_count
        Premises of the whole sector.
    shares
        Actor to its lines in the sector, sorted as :func:`planner.ballots.actor_shares` does: the
        first one decides.
    zone_id, phase
        Its zone, when it is settled already, and the phase of that zone; else None.
    neighbours
        Sectors of the same decider, open to the vote, that share a border with it; sorted.
    reached
        Whether it touches a sector that is settled.
    shape_sha256
        Checksum of its outline, to the decimetre.
    """

    sector_id: str
    nom: str
    area_kind: str
    insee: str
    commune: str
    departement: str
    premises_count: int
    shares: tuple[tuple[str, int], ...]
    zone_id: str | None
    phase: str | None
    neighbours: tuple[str, ...]
    reached: bool
    shape_sha256: str

    @property
    def decider(self) -> str:
        """Who decides on it: the actor with the largest share."""
        return self.shares[0][0]

    def lines_of(self, actor: str) -> int:
        """Return how many of its premises lie in an actor's territory."""
        return dict(self.shares).get(actor, 0)


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What one EPCI votes on.

    Parameters
    ----------
    actor, nom
        SIREN of the EPCI, or ``D29`` where the département proposes; what people call it.
    names
        Actor to name, for those who share a sector.
    sectors
        Sectors where it has premises, sorted by id.
    unit
        What its envelope is counted in.
    amount
        Envelope in lines, or in whole cents; None when none is granted.
    credit_cents
        MeD credit; None when it is unknown, and then nothing is deducted.
    cents_per_line
        Contribution a line, in cents.
    ties
        How a tie that can't be served whole is broken.
    contiguity
        Whether a sector should be reached.
    unranked
        Whether sectors without a wish may serve as a way (``allowed``) or not (``out``).
    rule
        ``ranking_within_envelope``, or ``exact`` where the region's best programme is sought.
    scenario, version, reference_date
        The question: its name, its reader's version, the day of the measure (AAAA-MM-JJ).
    synthetic
        Whether its sectors or its envelope are made up.
    """

    actor: str
    nom: str
    names: Mapping[str, str]
    sectors: tuple[SheetSector, ...]
    unit: EnvelopeUnit
    amount: int | None
    credit_cents: int | None
    cents_per_line: int
    ties: str
    contiguity: bool
    unranked: str
    rule: str
    scenario: str
    version: str
    reference_date: str
    synthetic: bool = False

    @property
    def granted(self) -> int | None:
        """What may be used, in the envelope's unit: in euros the credit comes on top."""
        if self.amount is None or self.unit is EnvelopeUnit.LINES:
            return self.amount
        return self.amount + (self.credit_cents or 0)

    @property
    def pays(self) -> bool:
        """Whether it pays a contribution: a département that proposes for an island doesn't."""
        return not self.actor.startswith("D")

    def need(self, lines: int) -> int:
        """Return what ``lines`` use of the envelope, in its unit."""
        return lines * self.cents_per_line if self.unit is EnvelopeUnit.EUR else lines

    def is_open(self, sector: SheetSector) -> bool:
        """Tell whether the sector is decided here, and so can be required."""
        return sector.phase is None and sector.decider == self.actor

    def can_rank(self, sector: SheetSector) -> bool:
        """Tell whether a rank counts here: under the exact rule, wherever the EPCI has lines."""
        if self.rule == "exact":
            return sector.phase is None and sector.lines_of(self.actor) > 0
        return self.is_open(sector)

    @cached_property
    def by_id(self) -> Mapping[str, SheetSector]:
        """Sectors by id."""
        return {sector.sector_id: sector for sector in self.sectors}

    @property
    def open_ids(self) -> tuple[str, ...]:
        """Ids of the sectors decided here, sorted."""
        return tuple(sector.sector_id for sector in self.sectors if self.is_open(sector))

    @cached_property
    def sectors_sha256(self) -> str:
        """Checksum of the sectors: outlines, shares, phases and neighbours."""
        return _digest(
            [{**asdict(sector), "nom": None, "commune": None} for sector in self.sectors]
        )

    @cached_property
    def rules_sha256(self) -> str:
        """Checksum of the question: scenario, envelope, credit, price of a line, rule of ties."""
        return _digest(
            [
                self.actor, self.unit.value, self.amount, self.credit_cents, self.cents_per_line,
                self.ties, self.contiguity, self.unranked, self.rule, self.scenario, self.version,
                self.reference_date,
            ]
        )  # fmt: skip

    @cached_property
    def signature(self) -> str:
        """Checksum of the sectors and of the question: equal sheets, equal signatures."""
        return _digest([self.sectors_sha256, self.rules_sha256])


def _digest(values: Any) -> str:  # noqa: ANN401 (anything that JSON writes)
    text = json.dumps(values, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def make_sheets(territory: Territory, scenario: Scenario) -> Mapping[str, Sheet]:
    """Draw up the sheet of every EPCI from which a ballot is due, by its SIREN, sorted.

    Neighbours are those of :func:`planner.programme.state_choice`, within each EPCI's own sectors.

    Parameters
    ----------
    territory
        A zoned territory.
    scenario
        The question.

    Raises
    ------
    MissingLayerError
        When the territory has no sectors.
    ContractError
        When a table of the concertation breaks its contract.
    """
    territory.require("sectors", "sector_shares")
    counted = count_ballots(
        epci=territory.epci, sectors=territory.sectors, sector_shares=territory.sector_shares,
        envelopes=territory.envelopes, ballots=territory.ballots,
        deliberations=territory.deliberations, deadline=scenario.concertation.deadline,
    )  # fmt: skip
    ground = _Ground(territory)
    return {
        actor: _sheet(actor, ground, counted.ballots[actor], counted.names, territory, scenario)
        for actor in counted.due
    }


def _sheet(
    actor: str,
    ground: _Ground,
    ballot: Ballot,
    names: Mapping[str, str],
    territory: Territory,
    scenario: Scenario,
) -> Sheet:
    sectors = tuple(ground.sector(key) for key in ground.held[actor])
    partners = sorted({other for sector in sectors for other, _ in sector.shares})
    envelopes = territory.envelopes
    credit = envelopes.loc[envelopes["epci_siren"].astype(str) == actor, "med_credit_cents"]
    known = len(credit) == 1 and not credit.isna().any()
    return Sheet(
        actor=actor,
        nom=names.get(actor, actor),
        names={other: names.get(other, other) for other in partners},
        sectors=sectors,
        unit=ballot.envelope.unit,
        amount=ballot.envelope.amount,
        credit_cents=int(credit.iloc[0]) if known else None,
        cents_per_line=scenario.contribution.cents_per_line,
        ties=scenario.concertation.ties,
        contiguity=scenario.programme.contiguity != Contiguity.NONE.value,
        unranked=scenario.programme.unranked,
        rule=scenario.programme.rule,
        scenario=scenario.name,
        version=scenario.version,
        reference_date=scenario.reference_date.isoformat(),
        synthetic=territory.is_synthetic("premises", "sectors", "envelopes"),
    )


class _Ground:
    """The sectors of a territory, who has lines in them, and what touches what."""

    def __init__(self, territory: Territory) -> None:
        table: gpd.GeoDataFrame = territory.sectors.sort_values("sector_id", ignore_index=True)
        self.shapes = table.geometry.to_numpy()
        rows = pd.DataFrame(table.drop(columns="geometry")).to_dict("records")
        self.rows = {str(row["sector_id"]): row for row in rows}
        self.place = {key: k for k, key in enumerate(self.rows)}
        self.communes = dict(
            zip(territory.communes["insee"], territory.communes["nom"], strict=True)
        )
        zones = territory.zones
        phases = dict(zip(zones["zone_id"].astype(str), zones["phase"].astype(str), strict=True))
        self.zone = {key: _text(row.get("zone_id")) for key, row in self.rows.items()}
        self.phase = {key: phases.get(zone or "") for key, zone in self.zone.items()}
        self.shares: dict[str, list[tuple[str, int]]] = {key: [] for key in self.rows}
        self.held: dict[str, list[str]] = {}
        shares = actor_shares(territory.sectors, territory.sector_shares)
        for key, actor, lines in zip(
            shares["sector_id"].astype(str), shares["actor"].astype(str),
            shares["premises_count"].astype(int), strict=True,
        ):  # fmt: skip
            self.shares[key].append((actor, lines))
            self.held.setdefault(actor, []).append(key)
        keys = list(self.rows)
        around: dict[str, list[str]] = {key: [] for key in keys}
        for one, other in common_borders(self.shapes)[0].tolist():
            around[keys[one]].append(keys[other])
            around[keys[other]].append(keys[one])
        self.around = {key: tuple(sorted(others)) for key, others in around.items()}

    def decider(self, key: str) -> str | None:
        """Return who decides on a sector, None where nobody has a line."""
        return self.shares[key][0][0] if self.shares[key] else None

    def sector(self, key: str) -> SheetSector:
        """Return a sector as a sheet has it."""
        row = self.rows[key]
        return SheetSector(
            sector_id=key,
            nom=str(row["nom"]),
            area_kind=str(row["area_kind"]),
            insee=str(row["insee"]),
            commune=str(self.communes.get(row["insee"], row["insee"])),
            departement=str(row["departement"]),
            premises_count=int(row["premises_count"]),
            shares=tuple(self.shares[key]),
            zone_id=self.zone[key] if self.phase[key] is not None else None,
            phase=self.phase[key],
            neighbours=tuple(
                other
                for other in self.around[key]
                if self.phase[other] is None and self.decider(other) == self.decider(key)
            ),
            reached=any(self.phase[other] is not None for other in self.around[key]),
            shape_sha256=_sha256(self.shapes[self.place[key]]),
        )


def _sha256(shape: shapely.Geometry) -> str:
    """Return the checksum of an outline."""
    return hashlib.sha256(signed_outlines(np.array([shape], object))[0]).hexdigest()


def _text(value: object) -> str | None:
    return None if pd.isna(value) else str(value)  # type: ignore[call-overload]

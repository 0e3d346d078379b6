"""What a concertation brings and what works cost: envelopes, ballots, deliberations, prices."""

from __future__ import annotations

from planner.contracts import Column, Contract
from planner.schemas._columns import SECTOR_ID, SOURCE, SYNTHETIC, actor, cents, date, term
from planner.vocab import DeliberationState, DensityClass, EnvelopeUnit, Wish

envelopes = Contract(
    name="envelopes",
    title=("Enveloppes", "Envelopes"),
    description=(
        "Ce qui est accordé à chaque EPCI, et son crédit de montée en débit",
        "What each EPCI is granted, and its copper upgrade (MeD) credit",
    ),
    key=("epci_siren",),
    columns=(
        actor(),
        term("unit", EnvelopeUnit, "Unité", "Unit", "Lignes ou euros", "Lines or euros"),
        Column(
            name="amount", type="int", minimum=0, nullable=True, title=("Montant", "Amount"),
            description=("Lignes, ou euros entiers ; absent si non accordé",
                         "Lines, or whole euros; absent when none is granted"),
        ),
        cents("med_credit_cents", "Crédit MeD", "MeD credit",
               "Crédit réutilisable de montée en débit, déduit de la participation ; absent si inconnu",
               "Reusable credit of an earlier copper upgrade, deducted from the contribution; absent when unknown",
               nullable=True),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip

ballots = Contract(
    name="ballots",
    title=("Vœux des EPCI", "Ballots of the EPCI"),
    description=(
        "Secteurs classés, notés ou approuvés, exigés ou refusés par chaque EPCI",
        "Sectors ranked, scored or approved, required or refused by each EPCI",
    ),
    key=("epci_siren", "sector_id"),
    columns=(
        actor(),
        SECTOR_ID,
        term("wish", Wish, "Vœu", "Wish", "Classé, noté, approuvé, exigé ou refusé", "Ranked, scored, approved, required or refused"),
        Column(
            name="rank", type="int", minimum=1, nullable=True, title=("Rang", "Rank"),
            description=("1 est le premier ; deux secteurs au même rang sont ex æquo ; absent si non classé",
                         "1 comes first; two sectors of one rank are tied; absent when not ranked"),
        ),
        Column(
            name="points", type="int", minimum=0, nullable=True, optional=True, title=("Points", "Points"),
            description=("Points d'un secteur noté ; absent si le vœu est un rang ou une approbation",
                         "Points of a scored sector; absent when the wish is a rank or an approval"),
        ),
        Column(
            name="approved", type="bool", nullable=True, optional=True, title=("Approuvé aussi", "Approved too"),
            description=("Vrai si le vœu est autre et que le secteur est approuvé aussi ; absent sinon",
                         "True when the wish is another and the sector is approved too; absent else"),
        ),
        Column(
            name="sectors_sha256", type="str", nullable=True, optional=True, pattern="[0-9a-f]{64}",
            example="0" * 64, title=("Découpage voté", "Sectors voted on"),
            description=("Signature des secteurs sur lesquels le vœu a été fait ; absente si elle n'est pas connue",
                         "Signature of the sectors that the wish was made on; absent when it isn't known"),
        ),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip

deliberations = Contract(
    name="deliberations",
    title=("Délibérations", "Deliberations"),
    description=("Où en est le vote de chaque EPCI", "Where the vote of each EPCI stands"),
    key=("epci_siren",),
    columns=(
        actor(),
        term("state", DeliberationState, "État", "State", "État de la délibération", "State of the deliberation"),
        date("on", "Date", "Date", "Jour du vote ; absent s'il n'a pas eu lieu",
              "Day of the vote; absent when there was none", nullable=True),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip

prices = Contract(
    name="prices",
    title=("Bordereau de prix", "Price book"),
    description=("Coût par local et par classe de densité", "Cost a premise by class of density"),
    key=("density_class",),
    columns=(
        term("density_class", DensityClass, "Classe", "Class", "Classe de densité", "Class of density"),
        Column(
            name="density_min_per_km2", type="float", minimum=0, unit="premises/km²",
            title=("Densité min.", "Lowest density"), description=("Borne incluse", "Included bound"),
        ),
        Column(
            name="density_max_per_km2", type="float", minimum=0, unit="premises/km²", nullable=True,
            title=("Densité max.", "Highest density"),
            description=("Borne exclue ; absente : sans limite", "Excluded bound; absent: no limit"),
        ),
        cents("cost_cents_per_premise", "Coût par local", "Cost a premise", "En centimes, hors taxes",
               "In cents, without taxes"),
        date("valid_from", "Valable dès", "Valid from", "Premier jour de validité", "First day of validity"),
        SOURCE,
        SYNTHETIC,
    ),
)  # fmt: skip


TABLES = (envelopes, ballots, deliberations, prices)

"""Every table that crosses a module border, as a contract.

``planner schemas`` prints them and writes ``docs/schemas.md`` from this module.  Money is in whole
cents, lengths in metres, shares in [0, 1]; a geometry is in EPSG:2154.

Premises come two million at a time: their position is two columns, ``x_m`` and ``y_m``, and
:func:`planner.premises.premises_to_geodataframe` makes the points for whoever wants them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from planner.contracts import Column, Contract
from planner.vocab import (
    AreaKind,
    Decision,
    DeliberationState,
    DensityClass,
    EnvelopeUnit,
    Level,
    Phase,
    PremiseKind,
    PremiseState,
    RegulatoryZone,
    SectorStage,
    Severity,
    Term,
    Wish,
    ZoneKind,
)

__all__ = ["CONTRACTS", "contract"]

_INSEE: Final = r"(?:[0-9]{2}|2[AB])[0-9]{3}"
_SIREN: Final = r"[0-9]{9}"
_ACTOR: Final = r"[0-9]{9}|D[0-9]{2}"


def _insee(
    name: str = "insee", *, nullable: bool = False, title: tuple[str, str] | None = None
) -> Column:
    return Column(
        name=name, type="str", nullable=nullable, pattern=_INSEE, example="35236",
        title=title or ("Commune (INSEE)", "Commune (INSEE)"),
        description=("Code INSEE, texte de 5 caractères", "INSEE code, text of 5 characters"),
    )  # fmt: skip


def _siren(
    name: str = "epci_siren", *, nullable: bool = False, title: tuple[str, str] | None = None
) -> Column:
    return Column(
        name=name, type="str", nullable=nullable, pattern=_SIREN, example="243500741",
        title=title or ("EPCI (SIREN)", "EPCI (SIREN)"),
        description=(
            "SIREN de l'EPCI, texte de 9 chiffres ; absent pour une île sans EPCI",
            "SIREN of the EPCI, text of 9 digits; absent for an island without EPCI",
        ),
    )  # fmt: skip


def _actor() -> Column:
    return Column(
        name="epci_siren", type="str", pattern=_ACTOR, example="243500741",
        title=("EPCI (SIREN)", "EPCI (SIREN)"),
        description=(
            "SIREN de l'EPCI ; « D29 » quand le département 29 propose pour ses îles sans EPCI",
            "SIREN of the EPCI; 'D29' when the département 29 proposes for its islands without EPCI",
        ),
    )  # fmt: skip


def _text(name: str, fr: str, en: str, about_fr: str, about_en: str, **more: Any) -> Column:
    return Column(name=name, type="str", title=(fr, en), description=(about_fr, about_en), **more)


def _term(
    name: str, terms: type[Term], fr: str, en: str, about_fr: str, about_en: str, **more: Any
) -> Column:
    return Column(
        name=name, type="str", terms=terms, title=(fr, en), description=(about_fr, about_en), **more
    )


def _count(name: str, fr: str, en: str, about_fr: str, about_en: str, **more: Any) -> Column:
    more.setdefault("unit", "premises")
    return Column(
        name=name, type="int", minimum=0,
        title=(fr, en), description=(about_fr, about_en), **more,
    )  # fmt: skip


def _cents(name: str, fr: str, en: str, about_fr: str, about_en: str, **more: Any) -> Column:
    return Column(
        name=name, type="int", unit="cent", title=(fr, en), description=(about_fr, about_en),
        **({"minimum": 0} | more),
    )  # fmt: skip


def _share(name: str, fr: str, en: str, about_fr: str, about_en: str, **more: Any) -> Column:
    return Column(
        name=name, type="float", minimum=0, title=(fr, en), description=(about_fr, about_en), **more
    )


def _date(name: str, fr: str, en: str, about_fr: str, about_en: str, **more: Any) -> Column:
    return Column(name=name, type="date", title=(fr, en), description=(about_fr, about_en), **more)


def _metres(name: str, fr: str, en: str) -> Column:
    return Column(
        name=name, type="float", unit="m", title=(fr, en),
        description=("Lambert-93 (EPSG:2154)", "Lambert-93 (EPSG:2154)"),
    )  # fmt: skip


_SYNTHETIC: Final = Column(
    name="synthetic",
    type="bool",
    title=("Synthétique", "Synthetic"),
    description=(
        "Vrai si la ligne est fabriquée pour l'exemple et ne décrit pas la réalité",
        "True when the row is made up as an example and does not describe reality",
    ),
)
_SOURCE: Final = _text(
    "source", "Source", "Source", "D'où vient la ligne", "Where the row comes from"
)
_NOM: Final = _text("nom", "Nom", "Name", "Nom usuel", "Usual name")
_SECTOR_ID: Final = _text(
    "sector_id", "Secteur", "Sector",
    "Identifiant stable du secteur", "Stable identifier of the sector", example="35236-03",
)  # fmt: skip
_QUARTER: Final = r"[0-9]{4}-T[1-4]"

communes = Contract(
    name="communes",
    title=("Communes", "Communes"),
    description=("Communes du territoire, une par ligne", "Communes of the territory, one a row"),
    key=("insee",),
    geometry="Polygon",
    columns=(
        _insee(),
        _NOM,
        _text("departement", "Département", "Département", "Code du département", "Code of the département"),
        _siren(nullable=True),
        _count("population", "Population", "Population", "Population légale", "Legal population", unit="inhabitants"),
        _term(
            "regulatory_zone", RegulatoryZone, "Zone réglementaire", "Regulatory zone",
            "Qui peut y construire le réseau", "Who may build the network there",
        ),
        _metres("bourg_x_m", "X du bourg", "X of the bourg"),
        _metres("bourg_y_m", "Y du bourg", "Y of the bourg"),
    ),
)  # fmt: skip

epci = Contract(
    name="epci",
    title=("EPCI", "EPCI"),
    description=(
        "EPCI du scénario (partie située dans la région)",
        "EPCI of the scenario (the part that lies in the region)",
    ),
    key=("siren",),
    geometry="Polygon",
    columns=(
        _siren("siren"),
        _NOM,
        _text("nature", "Nature", "Nature", "CC, CA, CU ou métropole", "CC, CA, CU or metropolis"),
        Column(
            name="beyond_region", type="bool", title=("Déborde la région", "Reaches beyond the region"),
            description=("Des communes membres sont hors de la région", "Some members lie outside the region"),
        ),
        Column(
            name="member", type="bool", nullable=True,
            title=("Membre du syndicat", "Member of the syndicat"),
            description=("Membre du syndicat mixte", "Member of the syndicat mixte"),
        ),
        Column(
            name="public_premises", type="bool", title=("A des locaux publics", "Has public premises"),
            description=(
                "Une partie au moins relève de l'initiative publique : un vote est attendu",
                "Some part is of public initiative: a ballot is due",
            ),
        ),
    ),
)  # fmt: skip

departements = Contract(
    name="departements",
    title=("Départements", "Départements"),
    description=("Départements du territoire", "Départements of the territory"),
    key=("code",),
    geometry="Polygon",
    columns=(_text("code", "Code", "Code", "Code du département", "Code of the département"), _NOM),
)

region = Contract(
    name="region",
    title=("Région", "Region"),
    description=("La région, une ligne", "The region, one row"),
    key=("code",),
    geometry="Polygon",
    columns=(_text("code", "Code", "Code", "Code de la région", "Code of the region"), _NOM),
)

villes_moyennes = Contract(
    name="villes_moyennes",
    title=("Villes moyennes", "Villes moyennes"),
    description=("Villes moyennes de la phase 1", "Villes moyennes of phase 1"),
    key=("insee",),
    columns=(
        _insee(),
        _NOM,
        _count("tranche", "Tranche", "Tranche", "Tranche de la phase 1", "Tranche of phase 1", unit=""),
        _siren(),
        _text("reading", "Lecture", "Reading", "read, damaged ou inferred", "read, damaged or inferred"),
        _SOURCE,
    ),
)  # fmt: skip

premises = Contract(
    name="premises",
    title=("Locaux", "Premises"),
    description=(
        "Un local, ou un immeuble dont le nombre de locaux est un nombre ou un intervalle",
        "A premise, or a building whose number of premises is a number or an interval",
    ),
    key=("premise_id",),
    columns=(
        _text("premise_id", "Local", "Premise", "Identifiant stable", "Stable identifier"),
        _text(
            "building_id", "Immeuble", "Building",
            "Identifiant de l'immeuble, commun à ses locaux", "Identifier of the building, shared by its premises",
        ),
        _insee(),
        _term("kind", PremiseKind, "Nature", "Kind", "Logement, professionnel, site public ; absent si inconnu",
              "Dwelling, business, public site; absent when unknown", nullable=True),
        _count("premises_min", "Locaux (min)", "Premises (min)",
               "Nombre de locaux de la ligne, borne basse", "Premises of the row, lower bound"),
        _count("premises_max", "Locaux (max)", "Premises (max)",
               "Borne haute ; égale à la borne basse si le nombre est connu",
               "Upper bound; equal to the lower one when the number is known", nullable=True),
        _metres("x_m", "X", "X"),
        _metres("y_m", "Y", "Y"),
    ),
)  # fmt: skip

state_changes = Contract(
    name="state_changes",
    title=("Changements d'état", "Changes of state"),
    description=(
        "États datés des locaux : l'état à une date est le dernier changement jusqu'à elle incluse",
        "Dated states of premises: the state on a day is the last change up to and including it",
    ),
    key=("premise_id", "on"),
    columns=(
        _text("premise_id", "Local", "Premise", "Identifiant du local", "Identifier of the premise"),
        _date("on", "Date", "Date", "Jour du changement", "Day of the change"),
        _term("state", PremiseState, "État", "State", "État du local", "State of the premise"),
    ),
)  # fmt: skip

sectors = Contract(
    name="sectors",
    title=("Secteurs", "Sectors"),
    description=(
        "L'unité de décision, indivisible, future zone d'un point de mutualisation",
        "The indivisible unit of decision, later the area of a concentration point",
    ),
    key=("sector_id",),
    geometry="Polygon",
    columns=(
        _SECTOR_ID,
        _NOM,
        _insee(title=("Commune principale", "Main commune")),
        _text("departement", "Département", "Département", "Code du département", "Code of the département"),
        _siren(nullable=True, title=("EPCI principal", "Main EPCI")),
        _term("area_kind", AreaKind, "Urbain ou rural", "Urban or rural",
              "Urbain : dans la zone d'une ville moyenne, sauf choix contraire",
              "Urban: in the zone of a ville moyenne, unless set otherwise"),
        _count("premises_count", "Locaux", "Premises", "Locaux du secteur (borne basse)",
               "Premises of the sector (lower bound)"),
        _text("zone_id", "Zone", "Zone", "Zone de déploiement ; absente hors phase 1",
              "Deployment zone; absent outside phase 1", nullable=True),
        _SYNTHETIC,
    ),
)  # fmt: skip

sector_shares = Contract(
    name="sector_shares",
    title=("Parts des secteurs par EPCI", "Shares of sectors by EPCI"),
    description=(
        "Locaux de chaque secteur dans chaque EPCI : chacun compte et paie sa part",
        "Premises of each sector in each EPCI: each counts and pays its own share",
    ),
    key=("sector_id", "epci_siren"),
    columns=(
        _SECTOR_ID,
        _text("epci_siren", "EPCI (SIREN)", "EPCI (SIREN)",
              "SIREN ; vide pour la part sans EPCI", "SIREN; empty for the share without EPCI"),
        _count("premises_count", "Locaux", "Premises", "Locaux du secteur dans l'EPCI",
               "Premises of the sector in the EPCI"),
    ),
)  # fmt: skip

stage_changes = Contract(
    name="stage_changes",
    title=("Changements de stade", "Changes of stage"),
    description=("Stades datés des secteurs", "Dated stages of sectors"),
    key=("sector_id", "on"),
    columns=(
        _SECTOR_ID,
        _date("on", "Date", "Date", "Jour du changement", "Day of the change"),
        _term("stage", SectorStage, "Stade", "Stage", "Stade du secteur", "Stage of the sector"),
    ),
)

zones = Contract(
    name="zones",
    title=("Zones de déploiement", "Deployment zones"),
    description=(
        "Groupe nommé de secteurs entiers : ce que comptent le rapport et les marchés",
        "Named group of whole sectors: what the report and the contracts count",
    ),
    key=("zone_id",),
    geometry="Polygon",
    columns=(
        _text("zone_id", "Zone", "Zone", "Identifiant stable", "Stable identifier", example="T1-VM-35236"),
        _NOM,
        _term("kind", ZoneKind, "Nature", "Kind", "Ville moyenne ou rurale", "Ville moyenne or rural"),
        _term("phase", Phase, "Phase", "Phase", "Phase de la zone", "Phase of the zone"),
        _count("tranche", "Tranche", "Tranche", "Tranche de la phase", "Tranche of the phase", unit="", nullable=True),
        _insee("ville_moyenne_insee", nullable=True, title=("Ville moyenne", "Ville moyenne")),
        _count("sectors_count", "Secteurs", "Sectors", "Secteurs de la zone", "Sectors of the zone", unit="sectors"),
        _count("premises_count", "Locaux", "Premises", "Locaux comptés dans la géométrie",
               "Premises counted from the geometry"),
        _SYNTHETIC,
    ),
)  # fmt: skip

programme_figures = Contract(
    name="programme_figures",
    title=("Chiffres publiés du programme", "Published figures of the programme"),
    description=(
        "Ce que disent le rapport et les autres sources, avec leur degré de certitude",
        "What the report and other sources say, with how sure it is",
    ),
    key=("phase", "tranche", "kind", "on", "source"),
    columns=(
        _text("phase", "Phase", "Phase", "1, 2, 3 ou all", "1, 2, 3 or all"),
        _count("tranche", "Tranche", "Tranche", "Tranche, absente pour la phase entière",
               "Tranche, absent for the whole phase", unit="", nullable=True),
        _text("kind", "Nature", "Kind", "ville_moyenne, rural ou all", "ville_moyenne, rural or all"),
        _count("zones_count", "Zones", "Zones", "Nombre de zones", "Number of zones", unit="zones", nullable=True),
        _count("premises_count", "Locaux", "Premises", "Nombre de locaux", "Number of premises", nullable=True),
        _count("serviceable_count", "Raccordables", "Serviceable", "Locaux raccordables",
               "Serviceable premises", nullable=True),
        _date("on", "Au", "On", "Date du chiffre", "Date of the figure", nullable=True),
        _text("certainty", "Certitude", "Certainty", "S rapport, V source publique, C calculé",
              "S report, V public source, C computed"),
        Column(
            name="preferred", type="bool", title=("Retenu", "Preferred"),
            description=("Le scénario emploie ce chiffre", "The scenario uses this figure"),
        ),
        _SOURCE,
    ),
)  # fmt: skip

premises_figures = Contract(
    name="premises_figures",
    title=("Locaux publiés", "Published premises"),
    description=("Nombre de locaux par territoire, sans points", "Premises by territory, without points"),
    key=("level", "code"),
    columns=(
        _term("level", Level, "Niveau", "Level", "Niveau du territoire", "Level of the territory"),
        _text("code", "Code", "Code", "Code du territoire", "Code of the territory"),
        _count("premises_count", "Locaux", "Premises", "Nombre de locaux", "Number of premises"),
        _count("serviceable_count", "Raccordables", "Serviceable", "Locaux raccordables", "Serviceable premises",
               nullable=True),
        _count("private_count", "Initiative privée", "Private initiative",
               "Dont locaux des communes d'initiative privée ; absent si inconnu",
               "Of which premises of communes of private initiative; absent when unknown", nullable=True),
        _date("on", "Au", "On", "Date du chiffre", "Date of the figure"),
        _SOURCE,
    ),
)  # fmt: skip

envelopes = Contract(
    name="envelopes",
    title=("Enveloppes", "Envelopes"),
    description=(
        "Ce qui est accordé à chaque EPCI, et son crédit de montée en débit",
        "What each EPCI is granted, and its copper upgrade (MeD) credit",
    ),
    key=("epci_siren",),
    columns=(
        _actor(),
        _term("unit", EnvelopeUnit, "Unité", "Unit", "Lignes ou euros", "Lines or euros"),
        Column(
            name="amount", type="int", minimum=0, nullable=True, title=("Montant", "Amount"),
            description=("Lignes, ou euros entiers ; absent si non accordé",
                         "Lines, or whole euros; absent when none is granted"),
        ),
        _cents("med_credit_cents", "Crédit MeD", "MeD credit",
               "Crédit réutilisable de montée en débit, déduit de la participation ; absent si inconnu",
               "Reusable credit of an earlier copper upgrade, deducted from the contribution; absent when unknown",
               nullable=True),
        _SOURCE,
        _SYNTHETIC,
    ),
)  # fmt: skip

ballots = Contract(
    name="ballots",
    title=("Vœux des EPCI", "Ballots of the EPCI"),
    description=(
        "Secteurs classés, exigés ou refusés par chaque EPCI",
        "Sectors ranked, required or refused by each EPCI",
    ),
    key=("epci_siren", "sector_id"),
    columns=(
        _actor(),
        _SECTOR_ID,
        _term("wish", Wish, "Vœu", "Wish", "Classé, exigé ou refusé", "Ranked, required or refused"),
        Column(
            name="rank", type="int", minimum=1, nullable=True, title=("Rang", "Rank"),
            description=("1 est le premier ; deux secteurs au même rang sont ex æquo ; absent si non classé",
                         "1 comes first; two sectors of one rank are tied; absent when not ranked"),
        ),
        _SOURCE,
        _SYNTHETIC,
    ),
)  # fmt: skip

deliberations = Contract(
    name="deliberations",
    title=("Délibérations", "Deliberations"),
    description=("Où en est le vote de chaque EPCI", "Where the vote of each EPCI stands"),
    key=("epci_siren",),
    columns=(
        _actor(),
        _term("state", DeliberationState, "État", "State", "État de la délibération", "State of the deliberation"),
        _date("on", "Date", "Date", "Jour du vote ; absent s'il n'a pas eu lieu",
              "Day of the vote; absent when there was none", nullable=True),
        _SOURCE,
        _SYNTHETIC,
    ),
)  # fmt: skip

prices = Contract(
    name="prices",
    title=("Bordereau de prix", "Price book"),
    description=("Coût par local et par classe de densité", "Cost a premise by class of density"),
    key=("density_class",),
    columns=(
        _term("density_class", DensityClass, "Classe", "Class", "Classe de densité", "Class of density"),
        Column(
            name="density_min_per_km2", type="float", minimum=0, unit="premises/km²",
            title=("Densité min.", "Lowest density"), description=("Borne incluse", "Included bound"),
        ),
        Column(
            name="density_max_per_km2", type="float", minimum=0, unit="premises/km²", nullable=True,
            title=("Densité max.", "Highest density"),
            description=("Borne exclue ; absente : sans limite", "Excluded bound; absent: no limit"),
        ),
        _cents("cost_cents_per_premise", "Coût par local", "Cost a premise", "En centimes, hors taxes",
               "In cents, without taxes"),
        _date("valid_from", "Valable dès", "Valid from", "Premier jour de validité", "First day of validity"),
        _SOURCE,
        _SYNTHETIC,
    ),
)  # fmt: skip


def _state_columns() -> tuple[Column, ...]:
    return tuple(
        _count(f"{state.value}_count", state.fr, state.en, "Locaux dans cet état à la date",
               "Premises in this state on the day", nullable=True)
        for state in PremiseState
    )  # fmt: skip


coverage = Contract(
    name="coverage",
    title=("Couverture", "Coverage"),
    description=(
        "Locaux par territoire, phase et état à une date, avec leur référentiel",
        "Premises by territory, phase and state on a day, with their referential",
    ),
    key=("level", "code", "on"),
    columns=(
        _term("level", Level, "Niveau", "Level", "Niveau du territoire", "Level of the territory"),
        _text("code", "Code", "Code", "Code INSEE, SIREN, secteur ou zone", "INSEE, SIREN, sector or zone"),
        _NOM,
        _date("on", "Au", "On", "Date de la mesure", "Day of the measure"),
        _count("premises_count", "Locaux", "Premises", "Borne basse si des tailles sont des classes",
               "Lower bound where sizes are classes"),
        _count("premises_max_count", "Locaux (max)", "Premises (max)", "Borne haute ; absente si sans limite",
               "Upper bound; absent when there is none", nullable=True),
        _count("private_count", "Initiative privée", "Private initiative", "Locaux en zone d'initiative privée",
               "Premises in the private zone", nullable=True),
        _count("phase_1_count", "Phase 1", "Phase 1", "Locaux de la phase 1", "Premises of phase 1", nullable=True),
        _count("phase_1_tranche_1_count", "Phase 1, tranche 1", "Phase 1, tranche 1", "Locaux de la tranche 1",
               "Premises of tranche 1", nullable=True),
        _count("phase_1_tranche_2_count", "Phase 1, tranche 2", "Phase 1, tranche 2", "Locaux de la tranche 2",
               "Premises of tranche 2", nullable=True),
        _count("phase_2_count", "Phase 2", "Phase 2", "Locaux de la phase 2", "Premises of phase 2", nullable=True),
        _count("phase_3_count", "Phase 3", "Phase 3", "Ce qui reste au public", "What is left in the public area",
               nullable=True),
        _count("unassigned_count", "Sans secteur", "Without a sector",
               "Locaux publics hors de tout secteur", "Public premises outside every sector", nullable=True),
        *_state_columns(),
        _count("stateless_count", "Sans état", "Without a state", "Locaux sans état connu à la date",
               "Premises without a known state on the day", nullable=True),
        _count("stage_study_count", "En études", "In study", "Locaux des secteurs en études",
               "Premises of sectors in study", nullable=True),
        _count("stage_works_count", "En travaux", "In works", "Locaux des secteurs en travaux",
               "Premises of sectors in works", nullable=True),
        _count("stage_open_count", "Secteurs ouverts", "Open sectors", "Locaux des secteurs ouverts",
               "Premises of open sectors", nullable=True),
        _count("denominator_count", "Dénominateur", "Denominator",
               "Locaux auxquels le taux rapporte : sans l'initiative privée quand aucun état n'y est connu",
               "Premises that the rate divides by: without the private zone where no state is known in it",
               nullable=True),
        _share("coverage_rate", "Taux de couverture", "Coverage rate",
               "Raccordables ÷ dénominateur ; au-delà de 1 : voir les constats",
               "Serviceable ÷ denominator; above 1 is a finding",
               nullable=True),
        _text("referential", "Référentiel", "Referential", "États comptés, source, date et millésime du dénominateur",
              "States counted, source, date and vintage of the denominator"),
        _SYNTHETIC,
    ),
)  # fmt: skip

programme = Contract(
    name="programme",
    title=("Programme", "Programme"),
    description=(
        "La phase de chaque secteur, et pourquoi",
        "The phase of each sector, and why",
    ),
    key=("sector_id",),
    columns=(
        _SECTOR_ID,
        _term("phase", Phase, "Phase", "Phase", "Phase du secteur", "Phase of the sector"),
        _count("tranche", "Tranche", "Tranche", "Tranche de la phase 1", "Tranche of phase 1", unit="", nullable=True),
        _term("decision", Decision, "Décision", "Decision", "Règle qui a décidé", "Rule that decided"),
        Column(
            name="epci_siren", type="str", nullable=True, pattern=_ACTOR, example="243500741",
            title=("EPCI décideur", "Deciding EPCI"),
            description=(
                "Celui qui a la plus grande part du secteur ; « D29 » : le département, pour une île sans EPCI",
                "The one with the largest share of the sector; 'D29': the département, for an island without EPCI",
            ),
        ),
        Column(
            name="rank", type="int", minimum=1, nullable=True, title=("Rang", "Rank"),
            description=("Rang donné par l'EPCI décideur", "Rank given by the deciding EPCI"),
        ),
        _count("premises_count", "Locaux", "Premises", "Locaux du secteur", "Premises of the sector"),
        Column(
            name="envelope_left", type="int", nullable=True, unit="lines or euros",
            title=("Enveloppe restante", "Envelope left"),
            description=("Ce qui restait à l'EPCI avant la décision", "What the EPCI had left before the decision"),
        ),
        _text("reason", "Motif", "Reason", "Phrase en français", "Sentence in French"),
    ),
)  # fmt: skip

contributions = Contract(
    name="contributions",
    title=("Participations", "Contributions"),
    description=(
        "Ce que chaque EPCI doit, par zone (phase 1) ou secteur (phase 2), en centimes exacts",
        "What each EPCI owes, by zone (phase 1) or sector (phase 2), in exact cents",
    ),
    key=("epci_siren", "phase", "place_id"),
    columns=(
        _siren(),
        _term("phase", Phase, "Phase", "Phase", "Phase", "Phase"),
        _text("place_id", "Zone ou secteur", "Zone or sector", "Identifiant", "Identifier"),
        _NOM,
        _count("lines_count", "Lignes", "Lines", "Lignes de l'EPCI dans la zone", "Lines of the EPCI in the zone",
               unit="lines"),
        _cents("gross_cents", "Participation brute", "Gross contribution", "Lignes × tarif", "Lines × rate"),
        _cents("credit_cents", "Crédit MeD déduit", "MeD credit deducted", "Part du crédit employée ici",
               "Part of the credit used here"),
        _cents("net_cents", "Participation due", "Contribution due", "Brute moins crédit", "Gross less credit"),
    ),
)  # fmt: skip

balances = Contract(
    name="balances",
    title=("Bilan des EPCI", "Balance sheet of the EPCI"),
    description=(
        "Vote, enveloppe et participation de chaque EPCI",
        "Vote, envelope and contribution of each EPCI",
    ),
    key=("epci_siren",),
    columns=(
        _actor(),
        _NOM,
        Column(
            name="ballot_due", type="bool", title=("Vote attendu", "Ballot due"),
            description=("Des locaux publics : un vote est attendu", "Public premises: a ballot is due"),
        ),
        _term("deliberation", DeliberationState, "Délibération", "Deliberation",
              "Absente de la table : rien n'a été reçu", "Absent: nothing was received", nullable=True),
        _date("voted_on", "Vote du", "Voted on", "Jour du vote", "Day of the vote", nullable=True),
        _term("unit", EnvelopeUnit, "Unité", "Unit", "Lignes ou euros", "Lines or euros", nullable=True),
        _count("granted", "Enveloppe", "Envelope", "Lignes, ou centimes crédit compris ; absente si non accordée",
               "Lines, or cents with the credit; absent when none is granted", unit="lines or cents", nullable=True),
        _count("used", "Employé", "Used", "Ce que la phase 2 emploie", "What phase 2 uses", unit="lines or cents"),
        _count("lines_phase_1", "Lignes phase 1", "Lines of phase 1", "Lignes de l'EPCI en phase 1",
               "Lines of the EPCI in phase 1", unit="lines"),
        _count("lines_phase_2", "Lignes phase 2", "Lines of phase 2", "Lignes de l'EPCI en phase 2",
               "Lines of the EPCI in phase 2", unit="lines"),
        _count("lines_phase_3", "Lignes phase 3", "Lines of phase 3", "Lignes qui restent à l'EPCI",
               "Lines of the EPCI that are left", unit="lines"),
        _cents("gross_cents", "Participation brute", "Gross contribution", "Phases 1 et 2", "Phases 1 and 2"),
        _cents("credit_cents", "Crédit MeD déduit", "MeD credit deducted", "Phases 1 et 2", "Phases 1 and 2"),
        _cents("net_cents", "Participation due", "Contribution due", "Phases 1 et 2", "Phases 1 and 2"),
    ),
)  # fmt: skip

costs = Contract(
    name="costs",
    title=("Coûts", "Costs"),
    description=("Coût estimé de chaque secteur", "Estimated cost of each sector"),
    key=("sector_id",),
    columns=(
        _SECTOR_ID,
        _count("premises_count", "Locaux", "Premises", "Locaux du secteur", "Premises of the sector"),
        Column(
            name="density_per_km2", type="float", minimum=0, unit="premises/km²",
            title=("Densité", "Density"), description=("Locaux par km²", "Premises a km²"),
        ),
        _term("density_class", DensityClass, "Classe", "Class", "Classe de densité", "Class of density"),
        _cents("unit_cost_cents", "Coût par local", "Cost a premise", "Du bordereau de prix", "From the price book"),
        _cents("cost_cents", "Coût", "Cost", "Locaux × coût par local", "Premises × cost a premise"),
    ),
)  # fmt: skip

schedule = Contract(
    name="schedule",
    title=("Calendrier", "Schedule"),
    description=("Trimestre d'ouverture de chaque secteur", "Quarter in which each sector opens"),
    key=("sector_id",),
    columns=(
        _SECTOR_ID,
        _term("phase", Phase, "Phase", "Phase", "Phase du secteur", "Phase of the sector"),
        _text("quarter", "Trimestre", "Quarter", "Année et trimestre des travaux", "Year and quarter of the works",
              pattern=_QUARTER, example="2019-T1"),
        Column(name="year", type="int", minimum=1990, title=("Année", "Year"),
               description=("Année des travaux", "Year of the works")),
        _count("premises_count", "Locaux", "Premises", "Locaux du secteur", "Premises of the sector"),
        _cents("cost_cents", "Coût", "Cost", "Coût du secteur", "Cost of the sector"),
    ),
)  # fmt: skip

reconciliation = Contract(
    name="reconciliation",
    title=("Rapprochement avec le rapport", "Reconciliation with the report"),
    description=(
        "Chiffre publié, chiffre compté dans la géométrie, écart",
        "Published figure, figure counted from the geometry, difference",
    ),
    key=("figure", "phase", "tranche", "kind"),
    columns=(
        _text("figure", "Grandeur", "Figure", "zones, premises ou serviceable", "zones, premises or serviceable"),
        _text("phase", "Phase", "Phase", "1, 2, 3", "1, 2, 3"),
        _count("tranche", "Tranche", "Tranche", "Tranche", "Tranche", unit="", nullable=True),
        _text("kind", "Nature", "Kind", "ville_moyenne, rural ou all", "ville_moyenne, rural or all"),
        _date("on", "Au", "On", "Date", "Date", nullable=True),
        _count("target", "Publié", "Published", "Chiffre publié", "Published figure", unit=""),
        _count("computed", "Compté", "Counted", "Chiffre compté", "Counted figure", unit=""),
        Column(name="difference_share", type="float", title=("Écart", "Difference"),
               description=("(compté − publié) ÷ publié", "(counted − published) ÷ published")),
        _SOURCE,
    ),
)  # fmt: skip

findings = Contract(
    name="findings",
    title=("Constats", "Findings"),
    description=(
        "Ce qui est permis mais mérite d'être vérifié",
        "What is legal but deserves to be checked",
    ),
    key=("finding_id",),
    columns=(
        _text("finding_id", "Constat", "Finding", "Identifiant stable", "Stable identifier"),
        _text("rule", "Règle", "Rule", "Identifiant de la règle", "Identifier of the rule"),
        _term("severity", Severity, "Gravité", "Severity", "Gravité", "Severity"),
        _text("table", "Table", "Table", "Table en cause", "Table concerned"),
        _text("place", "Lieu", "Place", "Ligne ou territoire en cause", "Row or territory concerned"),
        _count("count", "Nombre", "Count", "Lignes ou locaux en cause", "Rows or premises concerned", unit=""),
        _text("message", "Constat", "Finding", "Phrase", "Sentence"),
        _text("remedy", "Remède", "Remedy", "Phrase", "Sentence"),
    ),
)  # fmt: skip

rejected_rows = Contract(
    name="rejected_rows",
    title=("Lignes écartées", "Rows set aside"),
    description=(
        "Lignes reçues qui ne peuvent servir : lues = retenues + écartées",
        "Rows received that can't be used: rows in = rows used + rows set aside",
    ),
    key=("file", "row"),
    columns=(
        _text("file", "Fichier", "File", "Nom du fichier", "Name of the file"),
        _count("row", "Ligne", "Row", "Position, 1 est la première ligne de données",
               "Position, 1 is the first row of data", unit=""),
        _text("reason", "Motif", "Reason", "Identifiant du motif", "Identifier of the reason"),
        _text("column", "Colonne", "Column", "Colonne en cause", "Column concerned"),
        _text("value", "Valeur", "Value", "Valeur reçue", "Value received"),
    ),
)  # fmt: skip

CONTRACTS: Final[Mapping[str, Contract]] = MappingProxyType(
    {
        table.name: table
        for table in (
            region, departements, epci, communes, villes_moyennes,
            programme_figures, premises_figures,
            premises, state_changes, sectors, sector_shares, stage_changes, zones,
            envelopes, ballots, deliberations, prices,
            coverage, programme, contributions, balances, costs, schedule,
            reconciliation, findings, rejected_rows,
        )
    }
)  # fmt: skip


def contract(name: str) -> Contract:
    """Return the contract of the table ``name``.

    Raises
    ------
    LookupError
        When there is no such table.
    """
    return CONTRACTS[name]

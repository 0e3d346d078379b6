"""Tables of the works: what is to be built, and what limits it."""

from __future__ import annotations

from typing import Final

from planner.contracts import Column, Contract
from planner.schemas._columns import cents, count, share, term, text
from planner.vocab import Phase
from planner.works_vocab import Binding, DeadlineOutcome

_QUARTER: Final = r"[0-9]{4}-T[1-4]"


def _quarter(name: str, fr: str, en: str, about_fr: str, about_en: str) -> Column:
    return text(
        name, fr, en, about_fr, about_en, pattern=_QUARTER, example="2019-T1", nullable=True
    )


def _amount(name: str, fr: str, en: str, about_fr: str, about_en: str) -> Column:
    return Column(
        name=name, type="float", minimum=0, title=(fr, en), description=(about_fr, about_en)
    )


works = Contract(
    name="works",
    title=("Travaux à planifier", "Works to plan"),
    description=(
        "Secteurs à construire, ce qu'ils attendent, leurs échéances et ce qui est engagé",
        "Sectors to build, what they wait for, their deadlines and what is under way",
    ),
    key=("sector_id",),
    columns=(
        text("sector_id", "Secteur", "Sector", "Identifiant du secteur", "Identifier of the sector"),
        term("phase", Phase, "Phase", "Phase", "Phase du secteur", "Phase of the sector"),
        count("premises_count", "Locaux", "Premises", "Locaux du secteur", "Premises of the sector"),
        cents("cost_cents", "Coût", "Cost", "Coût du secteur", "Cost of the sector"),
        Column(name="priority", type="float", minimum=0, title=("Priorité", "Priority"),
               description=("Poids d'un local dans le retard total ; 1 pour tous : aucune priorité",
                            "Weight of a premise in the total delay; 1 for all: no priority")),
        text("after_sector_id", "Après le secteur", "After sector",
             "Secteur dont il attend l'ouverture (NRO, transport) ; hors de la table : déjà ouvert",
             "Sector whose opening it waits for (NRO, feeder); not in the table: already open",
             nullable=True),
        _quarter("earliest_quarter", "Au plus tôt", "Earliest",
                 "Trimestre avant lequel il ne peut ouvrir", "Quarter before which it can't open"),
        _quarter("latest_quarter", "Au plus tard", "Latest",
                 "Échéance votée ou réglementaire", "Voted or regulatory deadline"),
        count("done_quarters", "Trimestres déjà faits", "Quarters done",
              "Trimestres de travaux faits avant l'horizon (études, par exemple) ; 0 : rien n'est commencé",
              "Quarters of works done before the horizon (studies, say); 0: nothing has begun",
              unit="quarters"),
        _quarter("fixed_quarter", "En cours, ouvre en", "Under way, opens in",
                 "Travaux engagés : trimestre qui ne bouge plus",
                 "Works under way: a quarter that moves no more"),
    ),
)  # fmt: skip

works_limits = Contract(
    name="works_limits",
    title=("Charge et limites des travaux", "Load and limits of the works"),
    description=(
        "Charge de chaque métier par trimestre (lignes) et dépense de chaque année (centimes)",
        "Load of each trade by quarter (lines) and spending of each year (cents)",
    ),
    key=("kind", "phase", "place"),
    columns=(
        text("kind", "Limite", "Limit", "Nom du métier, budget, ou lines (lignes de l'année)",
             "Name of the trade, budget, or lines (lines of the year)"),
        text("phase", "Phase", "Phase", "Phase qu'elle limite ; all : toutes ensemble",
             "Phase that it limits; all: all of them together", pattern="all|[0-9]", example="2"),
        text("place", "Période", "Period", "Trimestre, ou année civile", "Quarter, or calendar year"),
        _amount("used_amount", "Charge", "Load", "Lignes par trimestre, ou centimes",
                "Lines a quarter, or cents"),
        _amount("most_amount", "Plafond", "Ceiling", "Lignes par trimestre, ou centimes",
                "Lines a quarter, or cents"),
        share("used_share", "Taux", "Share", "Charge ÷ plafond ; au-dessus de 1 par l'engagé seul",
              "Load ÷ ceiling; above 1 by what is under way only"),
        _amount("saved_per_unit", "Retard évité par unité", "Delay saved by a unit",
                "Locaux-trimestres pondérés évités par une unité de plus (prix dual)",
                "Weighted premise-quarters saved by one more unit (dual price)"),
        text("words", "En clair", "In words", "Ce qu'elle retient, en une phrase ; absent si elle ne retient rien",
             "What it holds back, in a sentence; absent where it holds nothing back", nullable=True),
    ),
)  # fmt: skip

works_reasons = Contract(
    name="works_reasons",
    title=("Ce qui retient chaque secteur", "What holds each sector back"),
    description=(
        "Ce qu'une ouverture un trimestre plus tôt enfreindrait",
        "What opening a quarter earlier would break",
    ),
    key=("sector_id",),
    columns=(
        text("sector_id", "Secteur", "Sector", "Identifiant du secteur", "Identifier of the sector"),
        _quarter("quarter", "Trimestre", "Quarter", "Trimestre d'ouverture ; absent : sans place",
                 "Quarter of opening; absent: no place"),
        term("binding", Binding, "Contrainte", "Constraint", "Ce qui le retient", "What holds it back"),
        text("kind", "Limite", "Limit", "Métier, budget ou lines", "Trade, budget or lines", nullable=True),
        text("place", "Période", "Period", "Trimestre ou année de la limite",
             "Quarter or year of the limit", nullable=True),
        text("after_sector_id", "Après le secteur", "After sector", "Secteur qu'il attend",
             "Sector that it waits for", nullable=True),
        text("words", "En clair", "In words", "La contrainte, en une phrase", "The constraint, in a sentence"),
    ),
)  # fmt: skip

works_deadlines = Contract(
    name="works_deadlines",
    title=("Échéances des travaux", "Deadlines of the works"),
    description=(
        "Engagements votés et complétude : trimestre au plus tard de chaque secteur",
        "Voted engagements and completeness: latest quarter of each sector",
    ),
    key=("sector_id",),
    columns=(
        text("sector_id", "Secteur", "Sector", "Identifiant du secteur", "Identifier of the sector"),
        text("latest_quarter", "Au plus tard", "Latest", "Dernier trimestre d'ouverture permis",
             "Last quarter in which it may open", pattern=_QUARTER, example="2022-T4"),
        text("reason", "Motif", "Reason", "Délibération, ou complétude du PM",
             "Deliberation, or completeness of the PM"),
        text("source", "Source", "Source", "Acte et date", "Act and date"),
    ),
)  # fmt: skip

deadline_outcomes = Contract(
    name="deadline_outcomes",
    title=("Échéances : tenues ou non", "Deadlines: held or not"),
    description=(
        "Chaque échéance qui vaut, votée ou de complétude, et ce que le calendrier en fait",
        "Each deadline that holds, voted or of completeness, and what the schedule makes of it",
    ),
    key=("sector_id",),
    columns=(
        text("sector_id", "Secteur", "Sector", "Identifiant du secteur", "Identifier of the sector"),
        text("latest_quarter", "Au plus tard", "Latest", "Dernier trimestre d'ouverture permis",
             "Last quarter in which it may open", pattern=_QUARTER, example="2022-T4"),
        _quarter("quarter", "Trimestre", "Quarter", "Trimestre d'ouverture ; absent : sans place, ou ouvert déjà",
                 "Quarter of opening; absent: no place, or open already"),
        term("outcome", DeadlineOutcome, "Issue", "Outcome", "Tenue, ou non (un constat le dit)",
             "Held, or not (a finding says so)"),
        text("reason", "Motif", "Reason", "Délibération, ou complétude du PM",
             "Deliberation, or completeness of the PM"),
        text("source", "Source", "Source", "Acte et date", "Act and date"),
    ),
)  # fmt: skip

works_proof = Contract(
    name="works_proof",
    title=("Qualité du calendrier", "Quality of the schedule"),
    description=(
        "Retard total, borne et écart : une ligne", "Total delay, bound and gap: one row",
    ),
    key=("status",),
    columns=(
        text("status", "État", "Status",
             "optimal : prouvé ; feasible : l'écart dit au plus de combien ; incomplete : des secteurs sans place",
             "optimal: proved; feasible: the gap says by how much at most; incomplete: some sectors have no place",
             pattern="optimal|feasible|incomplete"),
        _amount("value", "Retard", "Delay", "Locaux × priorité × trimestres depuis le début",
                "Premises × priority × quarters since the start"),
        Column(name="bound", type="float", minimum=0, nullable=True, title=("Borne", "Bound"),
               description=("Aucun calendrier ne fait mieux", "No schedule does better")),
        share("gap_share", "Écart", "Gap", "(retard − borne) ÷ retard", "(delay − bound) ÷ delay",
              nullable=True),
        share("load_change_share", "À-coups", "Change of load",
              "Variation moyenne de la charge d'un trimestre à l'autre ÷ charge moyenne",
              "Mean change of load from a quarter to the next ÷ mean load"),
        share("load_change_before_share", "À-coups avant lissage", "Change before smoothing",
              "La même avant lissage", "The same before smoothing"),
        count("unplaced_count", "Sans place", "Without a place", "Secteurs sans trimestre",
              "Sectors without a quarter", unit="sectors"),
    ),
)  # fmt: skip

works_changes = Contract(
    name="works_changes",
    title=("Secteurs qui changent de trimestre", "Sectors that change quarter"),
    description=(
        "Ce que change un calendrier refait depuis l'état présent",
        "What a schedule made anew from the present state changes",
    ),
    key=("sector_id",),
    columns=(
        text("sector_id", "Secteur", "Sector", "Identifiant du secteur", "Identifier of the sector"),
        term("phase", Phase, "Phase", "Phase", "Phase du secteur", "Phase of the sector"),
        count("premises_count", "Locaux", "Premises", "Locaux du secteur", "Premises of the sector"),
        text("quarter_before", "Prévu", "Planned", "Trimestre de l'ancien calendrier",
             "Quarter of the earlier schedule", pattern=_QUARTER, example="2019-T1"),
        _quarter("quarter_after", "Désormais", "Now", "Trimestre du nouveau ; absent : sans place",
                 "Quarter of the new one; absent: no place"),
        Column(name="later_quarters", type="int", nullable=True, unit="quarters",
               title=("Décalage", "Shift"),
               description=("Trimestres de plus ; négatif : plus tôt", "Quarters more; negative: sooner")),
    ),
)  # fmt: skip

TABLES: Final = (
    works, works_limits, works_reasons, works_deadlines, deadline_outcomes, works_proof,
    works_changes,
)  # fmt: skip

"""What explains and judges a choice: decisions, scores, prices of rules, service of the EPCI."""

from __future__ import annotations

from typing import Any

from planner.contracts import Column, Contract
from planner.schemas._columns import NOM, SECTOR_ID, actor, cents, count, share, text

OBJECTIVE = text(
    "objective",
    "Objectif",
    "Objective",
    "Nom de l'objectif",
    "Name of the objective",
    example="votes",
)


def unit_of(name: str, fr: str, en: str, about_fr: str, about_en: str) -> Column:
    """Return the column that says what whole numbers count."""
    return text(
        name, fr, en,
        f"{about_fr} (none : sans unité ; half_votes : demi-voix, où des ex æquo en font)",
        f"{about_en} (none: no unit; half_votes: half votes, where ties make some)",
        example="votes",
    )  # fmt: skip


def _whole(name: str, fr: str, en: str, about_fr: str, about_en: str, **more: Any) -> Column:
    return Column(name=name, type="int", title=(fr, en), description=(about_fr, about_en), **more)


decisions = Contract(
    name="decisions",
    title=("Décisions", "Decisions"),
    description=("La décision de chaque candidat, et la règle qui le tient", "The decision of each candidate, and the rule that holds it"),
    key=("sector_id",),
    columns=(
        SECTOR_ID,
        Column(name="chosen", type="bool", title=("Retenu", "Chosen"),
               description=("Le secteur entre dans la phase", "The sector enters the phase")),
        actor(),
        count("lines_count", "Lignes", "Lines", "Lignes du secteur", "Lines of the sector", unit="lines"),
        _whole("votes", "Voix", "Votes", "Valeur sous le premier objectif", "Value under the first objective"),
        unit_of("votes_unit", "Unité des voix", "Unit of votes", "Ce que comptent les voix", "What the votes count"),
        _whole("rank", "Rang", "Rank", "Rang parmi les secteurs du même décideur", "Rank among the sectors of the same decider", minimum=1),
        _whole("envelope_left", "Enveloppe restante", "Envelope left",
               "Ce qui reste au décideur après le choix ; absent sans vote", "What the decider has left after the choice; absent without a vote",
               unit="lines or cents", nullable=True),
        text("rule", "Règle", "Rule", "Règle qui tient le secteur où il est", "Rule that holds the sector where it is", example="envelope"),
        text("place", "Lieu", "Place", "EPCI, règle ou secteur en cause", "EPCI, rule or sector concerned"),
        _whole("missing", "Manque", "Missing", "Ce qui manque à la règle pour qu'il entre", "What the rule lacks for it to enter",
               nullable=True, minimum=0),
        text("reason", "Motif", "Reason", "Phrase", "Sentence"),
    ),
)  # fmt: skip

decision_scores = Contract(
    name="decision_scores",
    title=("Valeurs des candidats", "Scores of the candidates"),
    description=("Valeur et rang de chaque candidat sous chaque objectif", "Value and rank of each candidate under each objective"),
    key=("sector_id", "objective"),
    columns=(
        SECTOR_ID,
        OBJECTIVE,
        _whole("position", "Ordre", "Order", "Place de l'objectif", "Place of the objective", minimum=1),
        _whole("value", "Valeur", "Value", "Dans l'unité de l'objectif (programme_proof)", "In the unit of the objective (programme_proof)"),
        _whole("rank", "Rang", "Rank", "Sur tous les candidats, 1 est le meilleur", "Over all candidates, 1 is the best", minimum=1),
    ),
)  # fmt: skip

rule_prices = Contract(
    name="rule_prices",
    title=("Prix des règles", "Prices of rules"),
    description=("Ce que chaque règle coûte à la région : le meilleur programme sans elle", "What each rule costs the region: the best programme without it"),
    key=("rule", "place", "objective"),
    columns=(
        text("rule", "Règle", "Rule", "contiguity, limit, unasked, required, refused, all_required, all_refused, year_limit ou years", "contiguity, limit, unasked, required, refused, all_required, all_refused, year_limit or years"),
        text("place", "Lieu", "Place", "Règle ou secteur", "Rule or sector"),
        text("objective", "Objectif", "Objective", "Objectif, ou « lines » : les lignes retenues", "Objective, or 'lines': the lines chosen"),
        _whole("with_value", "Avec", "With", "Valeur avec la règle", "Value with the rule"),
        _whole("without_value", "Sans", "Without", "Valeur sans la règle", "Value without the rule"),
        _whole("price", "Prix", "Price", "Ce que la règle retire à l'objectif (lignes : sans − avec)",
               "What the rule takes from the objective (lines: without − with)"),
        _whole("price_min", "Prix, au moins", "Price, at least", "Borne basse ; absente où un objectif d'avant n'est pas prouvé",
               "Lower bound; absent where a former objective isn't proved", nullable=True),
        _whole("price_max", "Prix, au plus", "Price, at most", "Borne haute ; absente de même", "Upper bound; absent likewise", nullable=True),
        Column(name="proved", type="bool", title=("Prouvé", "Proved"),
               description=("Les deux valeurs sont prouvées les meilleures, celles d'avant aussi", "Both values are proved the best, those before too")),
        text("words", "Règle en mots", "Rule in words", "Phrase", "Sentence"),
    ),
)  # fmt: skip

epci_service = Contract(
    name="epci_service",
    title=("Service des EPCI", "Service of the EPCI"),
    description=("Part servie avant et après, et participation", "Share served before and after, and contribution"),
    key=("epci_siren",),
    columns=(
        actor(),
        NOM,
        count("lines_count", "Lignes publiques", "Public lines", "Lignes de l'EPCI en phases 1, 2 et 3", "Lines of the EPCI in phases 1, 2 and 3", unit="lines"),
        count("served_before_count", "Servies avant", "Served before", "Lignes de la phase 1", "Lines of phase 1", unit="lines"),
        count("served_after_count", "Servies après", "Served after", "Lignes des phases 1 et 2", "Lines of phases 1 and 2", unit="lines"),
        share("served_before_share", "Part servie avant", "Share served before", "Phase 1 ÷ lignes publiques", "Phase 1 ÷ public lines", nullable=True, maximum=1),
        share("served_after_share", "Part servie après", "Share served after", "Phases 1 et 2 ÷ lignes publiques", "Phases 1 and 2 ÷ public lines", nullable=True, maximum=1),
        cents("gross_cents", "Participation brute", "Gross contribution", "Phases 1 et 2", "Phases 1 and 2"),
        cents("credit_cents", "Crédit MeD déduit", "MeD credit deducted", "Phases 1 et 2", "Phases 1 and 2"),
        cents("net_cents", "Participation due", "Contribution due", "Phases 1 et 2", "Phases 1 and 2"),
    ),
)  # fmt: skip

opening_years = Contract(
    name="opening_years",
    title=("Années d'ouverture", "Years of opening"),
    description=("L'année où ouvre chaque secteur retenu, quand les années sont demandées", "The year in which each chosen sector opens, when years are asked"),
    key=("sector_id",),
    columns=(
        SECTOR_ID,
        actor(),
        count("premises_count", "Locaux", "Premises", "Locaux du secteur", "Premises of the sector"),
        _whole("year", "Année", "Year", "Année d'ouverture", "Year of opening", minimum=1990),
    ),
)  # fmt: skip

year_decisions = Contract(
    name="year_decisions",
    title=("Motifs des années", "Reasons of the years"),
    description=("Ce qui empêche chaque secteur retenu d'ouvrir un an plus tôt, le reste ne changeant pas", "What keeps each chosen sector from opening a year earlier, the rest unchanged"),
    key=("sector_id",),
    columns=(
        SECTOR_ID,
        _whole("year", "Année", "Year", "Année d'ouverture", "Year of opening", minimum=1990),
        text("rule", "Règle", "Rule", "first (première année), contiguity, limit (plafond de l'année d'avant) ou votes (les objectifs)",
             "first (the first year), contiguity, limit (a ceiling of the year before) or votes (the objectives)",
             example="limit"),
        text("place", "Lieu", "Place", "Secteur, ou plafond et son année", "Sector, or ceiling and its year", example="capacity.22@2019"),
        _whole("missing", "Manque", "Missing", "Ce qui manque au plafond de l'année d'avant", "What the ceiling of the year before lacks",
               nullable=True, minimum=1),
        text("reason", "Motif", "Reason", "Phrase", "Sentence"),
    ),
)  # fmt: skip

programme_proof = Contract(
    name="programme_proof",
    title=("Preuve du programme", "Proof of the programme"),
    description=("Ce qui est prouvé de chaque objectif du programme exact, ceux d'avant étant tenus",
                 "What is proved of each objective of the exact programme, those before it held"),
    key=("objective",),
    columns=(
        _whole("position", "Ordre", "Order", "Place de l'objectif", "Place of the objective", minimum=1),
        OBJECTIVE,
        unit_of("unit", "Unité", "Unit", "Ce que comptent valeur et borne", "What value and bound count"),
        text("status", "État", "Status",
             "optimal (prouvé), within_gap (à l'écart demandé) ou time_limit (arrêté avant)",
             "optimal (proved), within_gap (to the gap asked) or time_limit (stopped before)", example="optimal"),
        _whole("value", "Valeur", "Value", "Ce que vaut le programme", "What the programme is worth"),
        _whole("bound", "Borne", "Bound", "Ce qu'aucun programme ne dépasse (coût : sous quoi aucun ne descend) ; absente si inconnue",
               "What no programme passes (cost: goes below); absent when unknown",
               nullable=True),
        share("gap_share", "Écart", "Gap", "Entre valeur et borne, en part de la borne ; absent si inconnu",
              "Between value and bound, as a share of the bound; absent when unknown", nullable=True),
        _whole("equal_count", "Programmes aussi bons", "Programmes as good",
               "Programmes qui valent autant sous tous les objectifs, celui-ci compris : au dernier objectif, où ils sont comptés ; absent sinon",
               "Programmes worth as much under all objectives, this one included: at the last objective, where they are counted; absent otherwise",
               nullable=True, minimum=1),
        Column(name="equal_complete", type="bool", nullable=True, title=("Tous", "All"),
               description=("Prouvé : il n'y en a pas d'autre ; absent où ils ne sont pas comptés",
                            "Proved: there are no others; absent where they aren't counted")),
    ),
)  # fmt: skip

TABLES = (
    decisions, decision_scores, rule_prices, epci_service, opening_years, year_decisions,
    programme_proof,
)  # fmt: skip

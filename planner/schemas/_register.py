"""The register of Axe 3: requests, what the rules answer, what happened, and the people apart.

``requests``, ``request_assessments``, ``request_reasons`` and ``request_journal`` name nobody, yet
they tell of one request each and stay in the store.  ``request_contacts`` and ``request_notes`` are
personal.  ``axe3_sites`` and ``axe3_figures`` are what maps, packages and dossiers are given.
"""

from __future__ import annotations

from typing import Final

from planner.contracts import Column, Contract
from planner.schemas._columns import (
    QUARTER,
    SYNTHETIC,
    cents,
    count,
    date,
    insee,
    metres,
    share,
    siren,
    term,
    text,
)
from planner.vocab import (
    Eligibility,
    Level,
    PlaceSource,
    RequesterKind,
    RequestEvent,
    Solution,
    SupplyEvidence,
)

__all__ = ["PERSONAL", "STORED", "TABLES"]

PERSONAL: Final = ("request_contacts", "request_notes")
"""Tables that never leave the store, except towards the person that they are about."""
STORED: Final = (
    "requests", "request_contacts", "request_journal", "request_notes", "request_assessments",
    "request_reasons",
)  # fmt: skip
"""Tables of the store: none of them goes into a plan's outputs."""

_ID: Final = text(
    "request_id", "Demande", "Request",
    "Identifiant stable, tiré de la référence du demandeur", "Stable identifier, made from the requester's reference",
    pattern=r"R[0-9a-f]{16}", example="R0123456789abcdef",
)  # fmt: skip


def _optional(column: Column) -> Column:
    return Column(**{**column.__dict__, "nullable": True})


requests = Contract(
    name="requests",
    title=("Demandes de l'axe 3", "Requests of Axe 3"),
    description=(
        "Ce qui est demandé et où, sans aucune donnée personnelle ; une ligne effacée garde sa commune seule",
        "What is asked for and where, without any personal data; an erased row keeps its commune only",
    ),
    key=("request_id",),
    columns=(
        _ID,
        term("kind", RequesterKind, "Demandeur", "Requester", "Nature du demandeur ; absente si non dite",
             "Kind of the requester; absent when not told", nullable=True),
        date("received_on", "Reçue le", "Received on", "Jour de la réception ; absent si non dit",
             "Day it was received; absent when not told", nullable=True),
        _optional(metres("x_m", "X", "X")),
        _optional(metres("y_m", "Y", "Y")),
        insee(nullable=True),
        term("supply_evidence", SupplyEvidence, "Preuve de l'offre privée", "Evidence of private supply",
             "Ce qui montre l'offre privée sur place ; absent sans preuve",
             "What shows the private supply there; absent without evidence", nullable=True),
        date("supply_on", "Preuve du", "Evidence of", "Date de la preuve", "Day of the evidence", nullable=True),
        Column(
            name="supply_mbps", type="float", minimum=0, unit="Mbit/s", nullable=True,
            title=("Meilleur débit privé", "Best private rate"),
            description=("Débit descendant de la meilleure offre ; 0 : aucune offre ; absent si inconnu",
                         "Downstream rate of the best offer; 0: no offer; absent when unknown"),
        ),
        Column(
            name="need_mbps", type="float", minimum=0, unit="Mbit/s", nullable=True, optional=True,
            title=("Débit souhaité", "Rate wanted"),
            description=("Débit descendant dont le site a besoin ; absent si non dit", "Downstream rate that the site needs; absent when not told"),
        ),
        term("place_source", PlaceSource, "Localisation", "How it is placed", "Comment le lieu est connu ; absent sans lieu ni adresse",
             "How the place is known; absent without place nor address", nullable=True, optional=True),
        share("place_score", "Score de l'adresse", "Score of the address",
              "Ressemblance de la meilleure adresse connue, de 0 à 1 ; absent si le lieu est donné",
              "Likeness of the best known address, 0 to 1; absent when the place is given", maximum=1, nullable=True, optional=True),
        SYNTHETIC,
    ),
)  # fmt: skip

request_contacts = Contract(
    name="request_contacts",
    title=("Demandeurs (données personnelles)", "Requesters (personal data)"),
    description=(
        "Qui demande ; ne quitte jamais le registre, s'exporte et s'efface sur demande",
        "Who asks; never leaves the register, exported and erased by request",
    ),
    key=("request_id",),
    columns=(
        _ID,
        text("organisation", "Organisme", "Organisation", "Nom de l'organisme", "Name of the organisation", nullable=True),
        text("contact", "Contact", "Contact", "Personne à joindre", "Person to reach", nullable=True),
        text("email", "Courriel", "E-mail", "Adresse électronique", "E-mail address", nullable=True),
        text("phone", "Téléphone", "Phone", "Numéro de téléphone", "Phone number", nullable=True),
        text("address", "Adresse", "Address", "Numéro, voie et commune", "Number, street and commune", nullable=True),
        text("siret", "SIRET", "SIRET", "14 chiffres", "14 digits", nullable=True, pattern=r"[0-9]{14}",
             example="73282932000074"),
        text("need", "Besoin", "Need", "Ce que le demandeur dit de son besoin", "What the requester says of the need",
             nullable=True, optional=True),
        text("known_addresses", "Adresses connues", "Known addresses", "Adresses connues qui ressemblent le plus à la sienne, avec leur score",
             "Known addresses most like it, with their scores", nullable=True, optional=True),
        date("consent_on", "Accord du", "Consent of", "Jour où la personne a accepté que ces données soient gardées",
             "Day on which the person agreed that this data is kept", nullable=True, optional=True),
    ),
)  # fmt: skip

request_journal = Contract(
    name="request_journal",
    title=("Journal des demandes", "Journal of the requests"),
    description=(
        "Ce qui est arrivé à chaque demande : rien n'y est modifié ni retiré",
        "What happened to each request: nothing in it is changed or taken out",
    ),
    key=("event_id",),
    columns=(
        count("event_id", "Événement", "Event", "Numéro d'ordre", "Number in order", unit=""),
        _ID,
        term("event", RequestEvent, "Événement", "Event", "Ce qui est arrivé", "What happened"),
        date("on", "Le", "On", "Jour de l'événement", "Day of the event"),
        term("eligibility", Eligibility, "Réponse", "Answer", "Réponse des règles, pour une évaluation",
             "Answer of the rules, for an assessment", nullable=True),
        cents("amount_cents", "Montant", "Amount", "Montant financé", "Amount funded", nullable=True),
        text("plan", "Plan", "Plan", "Nom du plan qui a servi à l'évaluation", "Name of the plan assessed on",
             nullable=True),
        text("chain", "Empreinte", "Fingerprint", "SHA-256 de l'empreinte précédente et de cet événement : un journal retouché se voit",
             "SHA-256 of the fingerprint before and of this event: a journal that was touched shows it", pattern=r"[0-9a-f]{64}"),
    ),
)  # fmt: skip

request_notes = Contract(
    name="request_notes",
    title=("Notes du journal (données personnelles)", "Notes of the journal (personal data)"),
    description=(
        "Texte libre d'un événement ; à part du journal pour pouvoir être effacé",
        "Free text of an event; apart from the journal, so that it can be erased",
    ),
    key=("event_id",),
    columns=(
        count("event_id", "Événement", "Event", "Numéro d'ordre", "Number in order", unit=""),
        _ID,
        text("note", "Note", "Note", "Texte libre", "Free text"),
    ),
)  # fmt: skip

request_assessments = Contract(
    name="request_assessments",
    title=("Évaluation des demandes", "Assessment of the requests"),
    description=(
        "La réponse des règles écrites à chaque demande, et la solution proposée",
        "What the written rules answer to each request, and the solution offered",
    ),
    key=("request_id",),
    columns=(
        _ID,
        term("eligibility", Eligibility, "Réponse", "Answer", "Éligible, non éligible ou indéterminé",
             "Eligible, not eligible or undecided"),
        text("sector_id", "Secteur", "Sector", "Secteur où elle se trouve ; absent hors de tout secteur",
             "Sector that it lies in; absent outside every one", nullable=True),
        text("planned_quarter", "Fibre prévue", "Fibre planned", "Trimestre prévu par le plan ; absent si non daté",
             "Quarter in the plan; absent when undated", nullable=True, pattern=QUARTER, example="2019-T1"),
        text("duplicate_of", "Doublon de", "Duplicate of", "Demande plus ancienne du même demandeur au même lieu",
             "Earlier request of the same requester at the same place", nullable=True),
        term("solution", Solution, "Solution", "Solution", "Pour une demande éligible", "For an eligible request",
             nullable=True),
        Column(name="distance_m", type="float", minimum=0, unit="m", nullable=True, title=("Distance", "Distance"),
               description=("Jusqu'au réseau", "To the network")),
        Column(name="along_network", type="bool", nullable=True, title=("Mesurée", "Measured"),
               description=("Vrai : le long des supports du réseau étudié ; faux : estimée à vol d'oiseau",
                            "True: along the supports of the network designed; false: estimated as the crow flies")),
        cents("cost_cents", "Coût estimé", "Estimated cost", "Hors taxes ; absent si rien ne permet de l'estimer",
              "Before tax; absent when nothing allows to estimate it", nullable=True),
    ),
)  # fmt: skip

request_reasons = Contract(
    name="request_reasons",
    title=("Motifs des évaluations", "Reasons of the assessments"),
    description=(
        "Ce que dit chaque règle de chaque demande ; la plus sévère l'emporte",
        "What each rule says of each request; the most severe one prevails",
    ),
    key=("request_id", "rule"),
    columns=(
        _ID,
        text("rule", "Règle", "Rule", "Identifiant de la règle", "Identifier of the rule"),
        term("eligibility", Eligibility, "Réponse", "Answer", "Ce que dit la règle", "What the rule says"),
        text("reason", "Motif", "Reason", "Phrase", "Sentence"),
        text("ask", "À faire", "To do", "Ce qui manque et à qui le demander ; absent s'il ne manque rien",
             "What is missing and whom to ask; absent when nothing is", nullable=True),
    ),
)  # fmt: skip

request_changes = Contract(
    name="request_changes",
    title=("Réponses changées", "Changed answers"),
    description=(
        "Les demandes dont la réponse n'est plus la même, et elles seules",
        "The requests whose answer is no longer the same, and these alone",
    ),
    key=("request_id",),
    columns=(
        _ID,
        term("before", Eligibility, "Avant", "Before", "Absente : demande nouvelle", "Absent: a new request", nullable=True),
        term("after", Eligibility, "Après", "After", "Absente : demande disparue", "Absent: a request that is gone", nullable=True),
        text("quarter_before", "Prévue avant", "Planned before", "Trimestre", "Quarter", nullable=True),
        text("quarter_after", "Prévue après", "Planned after", "Trimestre", "Quarter", nullable=True),
        cents("cost_before_cents", "Coût avant", "Cost before", "Coût estimé", "Estimated cost", nullable=True),
        cents("cost_after_cents", "Coût après", "Cost after", "Coût estimé", "Estimated cost", nullable=True),
    ),
)  # fmt: skip


def _cell(name: str, fr: str, en: str) -> Column:
    column = metres(name, fr, en)
    about = ("Centre de la maille où se trouve le site (EPSG:2154), jamais sa position exacte",
             "Centre of the cell that the site lies in (EPSG:2154), never its exact position")  # fmt: skip
    return Column(**{**column.__dict__, "description": about})


def _requests(name: str, fr: str, en: str, about_fr: str, about_en: str) -> Column:
    return count(name, fr, en, about_fr, about_en, unit="requests")


axe3_sites = Contract(
    name="axe3_sites",
    title=("Sites de l'axe 3", "Sites of Axe 3"),
    description=(
        ("Les demandes placées, sans aucune donnée personnelle : ni nom, ni identifiant du registre, ni position exacte ; "
        "les particuliers n'y sont pas"),
        ("The placed requests, without any personal data: no name, no identifier of the register, no exact position; "
        "individuals are not in it"),
    ),
    key=("site_id",),
    geometry="Point",
    columns=(
        text("site_id", "Site", "Site", "Commune et rang, propres à cette édition", "Commune and rank, of this edition only",
             pattern=r"(?:[0-9]{2}|2[AB])[0-9]{3}-[0-9]{3,}", example="35236-001"),
        term("kind", RequesterKind, "Demandeur", "Requester", "Nature du demandeur ; absente si non dite",
             "Kind of the requester; absent when not told", nullable=True),
        insee(),
        siren(nullable=True),
        term("eligibility", Eligibility, "Réponse", "Answer", "Réponse des règles ; absente avant toute évaluation",
             "Answer of the rules; absent before any assessment", nullable=True),
        term("state", RequestEvent, "État", "State", "Dernière étape du journal, évaluations mises à part",
             "Last step of the journal, assessments left aside"),
        date("state_on", "État du", "State of", "Jour de cette étape", "Day of that step"),
        text("planned_quarter", "Fibre prévue", "Fibre planned", "Trimestre prévu par le plan ; absent si non daté",
             "Quarter in the plan; absent when undated", nullable=True, pattern=QUARTER, example="2019-T1"),
        term("solution", Solution, "Solution", "Solution", "Pour une demande éligible", "For an eligible request", nullable=True),
        cents("cost_cents", "Coût estimé", "Estimated cost", "Hors taxes ; absent sans solution", "Before tax; absent without a solution",
              nullable=True),
        cents("funded_cents", "Financement", "Funding", "Montant financé ; absent si rien ne l'est", "Amount funded; absent when nothing is",
              nullable=True),
        _cell("x_m", "X", "X"),
        _cell("y_m", "Y", "Y"),
        SYNTHETIC,
    ),
)  # fmt: skip

axe3_figures = Contract(
    name="axe3_figures",
    title=("Axe 3 en chiffres", "Axe 3 in figures"),
    description=(
        ("Les demandes par région, département et EPCI, les retirées et les effacées mises à part ; celles sans lieu connu "
        "dans le territoire ne comptent que pour la région, celles d'une île sans EPCI que pour la région et le département"),
        ("The requests by region, département and EPCI, withdrawn and erased ones left aside; those without a place known in the "
        "territory count for the region only, those of an island without EPCI for the region and the département only"),
    ),
    key=("level", "code"),
    columns=(
        term("level", Level, "Niveau", "Level", "Région, département ou EPCI", "Region, département or EPCI"),
        text("code", "Code", "Code", "Code de la région, du département, ou SIREN", "Code of the region, the département, or SIREN"),
        _requests("requests_count", "Demandes", "Requests", "Demandes en cours", "Live requests"),
        _requests("eligible_count", "Éligibles", "Eligible", "Réponse : éligible", "Answer: eligible"),
        _requests("not_eligible_count", "Non éligibles", "Not eligible", "Réponse : non éligible", "Answer: not eligible"),
        _requests("undecided_count", "Indéterminées", "Undecided", "Réponse : indéterminé", "Answer: undecided"),
        _requests("unassessed_count", "Non évaluées", "Not assessed", "Sans réponse des règles encore", "Without an answer of the rules yet"),
        _requests("accepted_count", "Acceptées", "Accepted", "Acceptées, et plus loin : financées, en travaux, en service",
                  "Accepted, and beyond: funded, in works, in service"),
        _requests("refused_count", "Refusées", "Refused", "Refusées par le syndicat", "Refused by the syndicat"),
        _requests("in_service_count", "En service", "In service", "Solution en service", "Solution in service"),
        _requests("fibre_count", "Fibre dédiée", "Dedicated fibre", "Éligibles à qui la fibre dédiée est proposée", "Eligible, offered dedicated fibre"),
        _requests("wireless_count", "Liaison radio", "Wireless link", "Éligibles à qui une liaison radio est proposée", "Eligible, offered a wireless link"),
        cents("cost_cents", "Coût estimé", "Estimated cost", "Solutions des éligibles, hors taxes", "Solutions of the eligible ones, before tax"),
        cents("funded_cents", "Financement", "Funding", "Montants financés", "Amounts funded"),
        _requests("outside_count", "Sans lieu", "Without a place", "Sans lieu connu dans le territoire ; région seule",
                  "Without a place known in the territory; region only"),
        SYNTHETIC,
    ),
)  # fmt: skip

TABLES = (
    requests,
    request_contacts,
    request_journal,
    request_notes,
    request_assessments,
    request_reasons,
    request_changes,
    axe3_sites,
    axe3_figures,
)

"""The closed vocabularies of the field: codes, and what they mean.

Codes are what tables hold and never change; the French and English labels are what a person reads
(:mod:`planner.texts` holds every other sentence).  Sources: ARCEP's open data on buildings, the
IPE exchange format and GraceTHD 2.0 for the states of a premise; the syndicat's activity report of
2017 for phases and tranches.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from typing import Final, Self

__all__ = [
    "AreaKind",
    "AreaLevel",
    "BallotForm",
    "Condition",
    "Decision",
    "DeliberationState",
    "DensityClass",
    "EditKind",
    "Eligibility",
    "EnvelopeUnit",
    "Laying",
    "Level",
    "NetworkUse",
    "Opinion",
    "Phase",
    "PlaceSource",
    "PointState",
    "PremiseKind",
    "PremiseState",
    "ProgrammeStatus",
    "RegulatoryZone",
    "RequestEvent",
    "RequesterKind",
    "RoadClass",
    "SectorStage",
    "Severity",
    "SiteKind",
    "Solution",
    "StudyStage",
    "SupplyEvidence",
    "Support",
    "TechnicalPoint",
    "Tenure",
    "Term",
    "VoteSituation",
    "Wish",
    "WorkState",
    "ZoneKind",
]


_LETTERS: Final = str.maketrans({"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae", "’": "'"})


def fold(text: str) -> str:
    """Lower-case, without accents or ligatures, underscores and hyphens as single spaces."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    plain = "".join(c for c in plain if not unicodedata.combining(c)).casefold()
    return " ".join(plain.replace("_", " ").replace("-", " ").replace("'", " ").split())


class Term(StrEnum):
    """A code with a label in French and in English."""

    fr: str
    en: str

    def __new__(cls, code: str, fr: str = "", en: str = "") -> Self:
        """Make a member whose value is its code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.fr = fr
        member.en = en
        return member

    def label(self, lang: str = "fr") -> str:
        """Return the label in ``lang`` (``fr`` or ``en``)."""
        return self.en if lang == "en" else self.fr

    @classmethod
    def codes(cls) -> tuple[str, ...]:
        """Return the codes in their order of definition, which is their order everywhere."""
        return tuple(member.value for member in cls)


class Level(Term):
    """The levels at which coverage is counted."""

    REGION = "region", "Région", "Region"
    DEPARTEMENT = "departement", "Département", "Département"
    EPCI = "epci", "EPCI", "EPCI"
    COMMUNE = "commune", "Commune", "Commune"
    ZONE = "zone", "Zone de déploiement", "Deployment zone"
    SECTOR = "sector", "Secteur", "Sector"


class RegulatoryZone(Term):
    """Who may build in a commune (ARCEP: very dense zone, L. 33-13 engagement, public network)."""

    ZTD = "ztd", "Zone très dense (initiative privée)", "Very dense zone (private)"
    L33_13 = "l33_13", "Engagement privé L. 33-13 (AMII)", "Private engagement L. 33-13 (AMII)"
    PUBLIC = "public", "Initiative publique", "Public initiative"


class PremiseKind(Term):
    """What a premise (local) is."""

    DWELLING = "dwelling", "Logement", "Dwelling"
    BUSINESS = "business", "Local professionnel", "Business premise"
    PUBLIC_SITE = "public_site", "Site public", "Public site"


class PremiseState(Term):
    """Where a premise stands on its way to fibre; the order is that of progress."""

    TARGETED = "targeted", "Ciblé", "Targeted"
    AGREEMENT_SIGNED = "agreement_signed", "Signé", "Agreement signed"
    IN_PROGRESS = "in_progress", "En cours de déploiement", "In progress"
    SERVICEABLE_ON_DEMAND = (
        "serviceable_on_demand",
        "Raccordable sur demande",
        "Serviceable on demand",
    )
    SERVICEABLE = "serviceable", "Raccordable", "Serviceable"
    ABANDONED = "abandoned", "Abandonné", "Abandoned"

    @classmethod
    def parse(cls, text: str) -> PremiseState | None:
        """Read a state as ARCEP, IPE or GraceTHD writes it; None when it is none of them.

        Accents, case, hyphens and underscores don't matter.

        Examples
        --------
        >>> PremiseState.parse("EN COURS DE DEPLOIEMENT").value
        'in_progress'
        >>> PremiseState.parse("déployé").value
        'serviceable'
        >>> PremiseState.parse("?") is None
        True
        """
        return _STATE_SPELLINGS.get(fold(text))


_STATE_SPELLINGS: dict[str, PremiseState] = {
    spelling: state
    for state, spellings in {
        PremiseState.TARGETED: ("targeted", "cible", "ci"),
        PremiseState.AGREEMENT_SIGNED: ("agreement signed", "signe", "si"),
        PremiseState.IN_PROGRESS: ("in progress", "en cours de deploiement", "en cours", "ec"),
        PremiseState.SERVICEABLE_ON_DEMAND: (
            "serviceable on demand",
            "raccordable demande",
            "raccordable sur demande",
            "rd",
        ),
        PremiseState.SERVICEABLE: ("serviceable", "deploye", "raccordable", "de"),
        PremiseState.ABANDONED: ("abandoned", "abandonne", "ab"),
    }.items()
    for spelling in spellings
}


class SectorStage(Term):
    """Where the works of a sector stand, beside the states of its premises."""

    STUDY = "study", "Études", "Study"
    WORKS = "works", "Travaux", "Works"
    OPEN = "open", "Ouvert", "Open"


class AreaKind(Term):
    """Town or countryside, for the rule of parity."""

    URBAN = "urban", "Urbain", "Urban"
    RURAL = "rural", "Rural", "Rural"


class ZoneKind(Term):
    """The two kinds of deployment zones that the report counts."""

    VILLE_MOYENNE = "ville_moyenne", "Ville moyenne", "Ville moyenne"
    RURAL = "rural", "Zone rurale", "Rural zone"


class Phase(Term):
    """The phase that serves a premise; ``private`` is outside the public programme."""

    PHASE_1 = "1", "Phase 1", "Phase 1"
    PHASE_2 = "2", "Phase 2", "Phase 2"
    PHASE_3 = "3", "Phase 3", "Phase 3"
    PRIVATE = "private", "Initiative privée", "Private initiative"


class EnvelopeUnit(Term):
    """What an envelope is counted in."""

    LINES = "lines", "Lignes", "Lines"
    EUR = "eur", "Euros", "Euros"


class Wish(Term):
    """What an EPCI says of a sector in its ballot."""

    RANKED = "ranked", "Classé", "Ranked"
    REQUIRED = "required", "Exigé", "Required"
    REFUSED = "refused", "Refusé", "Refused"
    SCORED = "scored", "Noté", "Scored"
    APPROVED = "approved", "Approuvé", "Approved"


class BallotForm(Term):
    """How an EPCI says what it prefers."""

    RANKING = "ranking", "Classement", "Ranking"
    POINTS = "points", "Points", "Points"
    APPROVALS = "approvals", "Approbations", "Approvals"


class DeliberationState(Term):
    """Where the vote of an EPCI stands; no row at all is not the same as ``absent``."""

    PENDING = "pending", "En attente", "Pending"
    VOTED = "voted", "Votée", "Voted"
    REFUSED = "refused", "Refusée", "Refused"
    ABSENT = "absent", "Absente", "Absent"


class Decision(Term):
    """Why a sector is in the phase where it is."""

    PHASE_1 = "phase_1", "Déjà en phase 1", "Already in phase 1"
    REQUIRED = "required", "Exigé par l'EPCI, retenu", "Required by the EPCI, chosen"
    CHOSEN = "chosen", "Retenu à son rang", "Chosen at its rank"
    ENVELOPE = "envelope", "L'enveloppe restante ne suffit pas", "Left envelope too small"
    REFUSED = "refused", "Refusé par l'EPCI", "Refused by the EPCI"
    UNRANKED = "unranked", "Non classé par l'EPCI", "Not ranked by the EPCI"
    NO_VOTE = "no_vote", "L'EPCI n'a pas voté", "The EPCI has not voted"
    TIE = "tie", "Ex æquo non départagé", "Unbroken tie"
    NO_BALLOT = "no_ballot", "Aucun vote attendu ou reçu", "No ballot due or received"
    NOT_BEST = "not_best", "Hors du meilleur programme", "Not in the best programme"


class DensityClass(Term):
    """Classes of density of premises that the first price book knows."""

    DENSE = "dense", "Dense", "Dense"
    INTERMEDIATE = "intermediate", "Intermédiaire", "Intermediate"
    SPARSE = "sparse", "Peu dense", "Sparse"
    VERY_SPARSE = "very_sparse", "Très peu dense", "Very sparse"


class EditKind(Term):
    """What became of a row that left in a package and came back."""

    ADDED = "added", "Ajoutée", "Added"
    CHANGED = "changed", "Modifiée", "Changed"
    REMOVED = "removed", "Supprimée", "Removed"
    ALREADY = "already", "Déjà reprise", "Taken already"
    CONFLICT = "conflict", "Conflit", "Conflict"
    COMPUTED = "computed", "Colonne calculée, non reprise", "Computed column, not taken"


class Severity(Term):
    """How much a finding matters; an error would have raised instead."""

    INFO = "info", "Information", "Information"
    WARNING = "warning", "À vérifier", "To check"
    SERIOUS = "serious", "Grave", "Serious"


class Support(Term):
    """What carries a cable along a way (GraceTHD 2.0, ``l_implantation_type``)."""

    POLE_TELECOM = "pole_telecom", "Appui aérien télécom", "Telecom pole"
    POLE_ENERGY = "pole_energy", "Appui aérien d'énergie", "Power pole"
    FACADE = "facade", "Façade", "Facade"
    BUILDING = "building", "Immeuble", "Building"
    BURIED = "buried", "Pleine terre", "Buried in the ground"
    CHANNEL = "channel", "Caniveau", "Channel"
    GALLERY = "gallery", "Galerie", "Gallery"
    DUCT = "duct", "Conduite", "Duct"
    SEWER = "sewer", "Égout", "Sewer"
    SPECIFIC = "specific", "Ouvrage spécifique", "Specific work"


class RoadClass(Term):
    """What a road is to whoever lays a cable (BD TOPO ``nature``, OpenStreetMap ``highway``)."""

    MOTORWAY = "motorway", "Autoroute ou voie express", "Motorway"
    MAIN = "main", "Route principale", "Main road"
    STREET = "street", "Rue ou route locale", "Street or local road"
    PAVED = "paved", "Voie pavée ou piétonne", "Paved or pedestrian street"
    TRACK = "track", "Chemin", "Track"
    PATH = "path", "Sentier", "Path"
    STEPS = "steps", "Escalier", "Steps"
    FERRY = "ferry", "Liaison maritime", "Ferry"
    OTHER = "other", "Autre", "Other"


class Laying(Term):
    """How a cable is laid along a way."""

    EXISTING_DUCT = "existing_duct", "Fourreau existant", "Existing duct"
    EXISTING_POLES = "existing_poles", "Appuis existants", "Existing poles"
    NEW_POLES = "new_poles", "Appuis à créer", "New poles"
    TRENCH_CARRIAGEWAY = (
        "trench_carriageway",
        "Tranchée sous chaussée",
        "Trench under a carriageway",
    )
    TRENCH_PAVED = "trench_paved", "Tranchée sous pavés", "Trench under paving stones"
    TRENCH_UNPAVED = "trench_unpaved", "Tranchée en terrain naturel", "Trench in unpaved ground"


class TechnicalPoint(Term):
    """What stands at a point of the infrastructure (GraceTHD 2.0, ``l_ptech_type_phy``)."""

    POLE = "pole", "Appui", "Pole"
    CHAMBER = "chamber", "Chambre", "Chamber"
    FACADE_ANCHOR = "facade_anchor", "Ancrage de façade", "Facade anchor"
    BUILDING = "building", "Immeuble", "Building"
    OTHER = "other", "Autre", "Other"


class WorkState(Term):
    """Where a work stands (GraceTHD 2.0, ``l_avancement``)."""

    EXISTING = "existing", "Existant", "Existing"
    TO_BUILD = "to_build", "À créer", "To build"
    IN_WORKS = "in_works", "En travaux", "In works"
    IN_SERVICE = "in_service", "En service", "In service"
    OUT_OF_SERVICE = "out_of_service", "Hors service", "Out of service"
    ABANDONED = "abandoned", "Abandonné", "Abandoned"


class Condition(Term):
    """In what condition a work is (GraceTHD 2.0, ``l_etat_type``)."""

    GOOD = "good", "Bon état", "Good"
    POOR = "poor", "Mauvais état", "Poor"
    TO_REPLACE = "to_replace", "À changer", "To replace"


class Tenure(Term):
    """By what right a work is used (GraceTHD 2.0, ``l_propriete_type``)."""

    BUILT = "built", "Construction", "Built"
    BOUGHT = "bought", "Rachat", "Bought"
    TRANSFERRED = "transferred", "Cession", "Transferred"
    IRU = "iru", "Droit irrévocable d'usage", "Irrevocable right of use"
    RENTED = "rented", "Location", "Rented"
    OCCUPIED = "occupied", "Occupation", "Occupied"


class NetworkUse(Term):
    """What part of the network a way serves (GraceTHD 2.0, ``l_infra_type_log``)."""

    BACKHAUL = "backhaul", "Collecte", "Backhaul"
    FEEDER = "feeder", "Transport", "Feeder"
    DISTRIBUTION = "distribution", "Distribution", "Distribution"
    DROP = "drop", "Raccordement", "Drop"
    SHARED = "shared", "Plusieurs usages", "Several uses"
    OTHER = "other", "Autre réseau", "Another network"


class SiteKind(Term):
    """What a technical site houses (GraceTHD 2.0, ``l_site_type_log``)."""

    NRO = "nro", "NRO", "NRO"
    PM = "pm", "Point de mutualisation (SRO)", "Concentration point (SRO)"
    NRA = "nra", "NRA (cuivre)", "NRA (copper)"
    COPPER_CABINET = "copper_cabinet", "Sous-répartiteur cuivre", "Copper cabinet"
    OTHER = "other", "Autre site", "Another site"


class AreaLevel(Term):
    """What serves an area: an NRO, a PM, or one deployment."""

    NRO = "nro", "Zone arrière de NRO", "Service area of an NRO"
    PM = "pm", "Zone arrière de PM", "Service area of a PM"
    DEPLOYMENT = "deployment", "Zone de déploiement", "Deployment area"


class PointState(Term):
    """Where an NRO or a PM stands (Interop'Fibre, ``EtatPM``)."""

    PLANNED = "planned", "Planifié", "Planned"
    IN_PROGRESS = "in_progress", "En cours de déploiement", "In progress"
    DEPLOYED = "deployed", "Déployé", "Deployed"
    ABANDONED = "abandoned", "Abandonné", "Abandoned"


class StudyStage(Term):
    """The stage that a study or a site has come to (GraceTHD 2.0, ``l_statut``)."""

    PRELIMINARY = "pre", "Étude préliminaire", "Preliminary study"
    DIAGNOSIS = "dia", "Étude de diagnostic", "Diagnosis"
    OUTLINE = "avp", "Avant-projet", "Outline design"
    PROJECT = "pro", "Projet", "Project"
    TENDER = "act", "Passation des marchés", "Tender"
    EXECUTION = "exe", "Étude d'exécution", "Execution design"
    WORKS = "tvx", "Travaux", "Works"
    AS_BUILT = "rec", "Récolement", "As built"
    MAINTENANCE = "mco", "Maintien en conditions opérationnelles", "Maintenance"


class Opinion(Term):
    """What a département thinks of serving a sector first; no opinion is not a bad one."""

    FAVOURABLE = "favourable", "Favorable", "Favourable"
    RESERVED = "reserved", "Réservé", "With reserves"
    AGAINST = "against", "Défavorable", "Against"


class VoteSituation(Term):
    """Where the vote of an EPCI stands on a day, planned councils taken into account."""

    VOTED = "voted", "A voté", "Voted"
    REFUSED = "refused", "A refusé", "Refused"
    PLANNED = "planned", "Conseil prévu", "Council planned"
    OVERDUE = "overdue", "Conseil passé sans résultat", "Council held, no result known"
    UNPLANNED = "unplanned", "Aucun conseil connu", "No council known"
    NOT_DUE = "not_due", "Aucun vote attendu", "No ballot due"


class ProgrammeStatus(Term):
    """How far a programme has come; the order is that of decision."""

    PROPOSED = "proposed", "Proposé", "Proposed"
    VOTED = "voted", "Voté", "Voted"
    ADOPTED = "adopted", "Adopté", "Adopted"


class RequesterKind(Term):
    """Who asks under Axe 3 ("Economie, Connaissance, Services"), and who asks but isn't meant."""

    BUSINESS = "business", "Entité économique", "Economic entity"
    EDUCATION = "education", "Enseignement", "Education"
    RESEARCH = "research", "Recherche", "Research"
    PUBLIC_SERVICE = "public_service", "Service public", "Public service"
    INDIVIDUAL = "individual", "Particulier", "Individual"


class SupplyEvidence(Term):
    """What shows which private supply there is at a place."""

    OPERATOR_REPLY = (
        "operator_reply",
        "Réponse écrite d'un opérateur",
        "Written reply of an operator",
    )
    QUOTE = "quote", "Devis d'un opérateur", "Quote of an operator"
    ELIGIBILITY_TEST = "eligibility_test", "Test d'éligibilité daté", "Dated eligibility test"


class PlaceSource(Term):
    """How the place of a request is known, and how it isn't."""

    COORDINATES = "coordinates", "Coordonnées données", "Coordinates given"
    MAP = "map", "Point désigné sur la carte", "Point shown on the map"
    ADDRESS = "address", "Adresse retrouvée", "Address found"
    AMBIGUOUS = "ambiguous", "Adresse ambiguë", "Ambiguous address"
    NOT_FOUND = "not_found", "Adresse non retrouvée", "Address not found"


class Eligibility(Term):
    """What the written rules answer to a request; the order is that of the strongest answer."""

    NOT_ELIGIBLE = "not_eligible", "Non éligible", "Not eligible"
    UNDECIDED = "undecided", "Indéterminé", "Undecided"
    ELIGIBLE = "eligible", "Éligible", "Eligible"


class Solution(Term):
    """What an eligible request is offered."""

    DEDICATED_FIBRE = "dedicated_fibre", "Fibre dédiée", "Dedicated fibre"
    WIRELESS = "wireless", "Liaison radio", "Wireless link"


class RequestEvent(Term):
    """What happens to a request, as its journal keeps it."""

    RECEIVED = "received", "Reçue", "Received"
    ASSESSED = "assessed", "Évaluée", "Assessed"
    CORRECTED = "corrected", "Corrigée", "Corrected"
    ACCEPTED = "accepted", "Acceptée", "Accepted"
    REFUSED = "refused", "Refusée", "Refused"
    FUNDED = "funded", "Financée", "Funded"
    WORKS = "works", "En travaux", "In works"
    IN_SERVICE = "in_service", "En service", "In service"
    WITHDRAWN = "withdrawn", "Retirée", "Withdrawn"
    ERASED = "erased", "Effacée", "Erased"

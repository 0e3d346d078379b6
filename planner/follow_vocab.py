"""Closed vocabularies of the life of an adopted programme, beside those of the plan."""

from __future__ import annotations

from planner.vocab import Term

__all__ = ["ClockVerdict", "OpeningState", "SlipReason"]


class SlipReason(Term):
    """Why a sector is late, as the partner or the syndicat codes it."""

    STUDIES = "studies", "Études", "Studies"
    PERMITS = "permits", "Autorisations et voirie", "Permits and road works"
    CIVIL_WORKS = "civil_works", "Génie civil", "Civil works"
    POLES = "poles", "Appuis aériens", "Poles"
    DUCTS = "ducts", "Fourreaux saturés ou cassés", "Ducts full or broken"
    SUPPLY = "supply", "Approvisionnement", "Supplies"
    WORKFORCE = "workforce", "Main-d'œuvre", "Workforce"
    AGREEMENT = "agreement", "Convention d'immeuble ou de passage", "Agreement of an owner"
    FUNDING = "funding", "Financement", "Funding"
    OTHER = "other", "Autre", "Other"


class OpeningState(Term):
    """Where a PM area stands between being made available and being sold."""

    OPEN = "open", "Ouvert : un opérateur au moins", "Open: one operator at least"
    OPENING = "opening", "En cours d'ouverture", "Opening"
    LATE_TO_OPEN = "late_to_open", "Ouverture en retard", "Late to open"
    UNKNOWN = "unknown", "Inconnu", "Unknown"


class ClockVerdict(Term):
    """Whether a PM area will be complete in time."""

    BREACHED = "breached", "Échéance dépassée", "Deadline past"
    WILL_BREACH = "will_breach", "Dépassera son échéance", "Will miss its deadline"
    UNKNOWN = "unknown", "Allure ou règle inconnue", "Pace or rule unknown"
    ON_TIME = "on_time", "Dans les temps", "On time"
    COMPLETE = "complete", "Complète", "Complete"

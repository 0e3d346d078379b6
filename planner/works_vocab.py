"""Words of the works: what keeps a sector from opening earlier, what becomes of a deadline."""

from __future__ import annotations

from planner.vocab import Term

__all__ = ["Binding", "DeadlineOutcome"]


class Binding(Term):
    """What keeps a sector from opening a quarter earlier."""

    UNDER_WAY = "under_way", "Travaux engagés", "Works under way"
    EARLIEST = (
        "earliest",
        "Durée des travaux ou début de phase",
        "Length of works or start of phase",
    )
    PRECEDENCE = (
        "precedence",
        "Attend le secteur qui le dessert",
        "Waits for the sector that serves it",
    )
    TRADE = "trade", "Capacité d'un métier", "Capacity of a trade"
    LINES = "lines", "Lignes de l'année", "Lines of the year"
    QUARTER_LINES = "quarter_lines", "Lignes du trimestre", "Lines of the quarter"
    BUDGET = "budget", "Budget de l'année", "Budget of the year"
    COMPLETENESS = (
        "completeness",
        "Complétude de ceux qu'il dessert",
        "Completeness of those it serves",
    )
    SMOOTHING = "smoothing", "Lissage de la charge", "Smoothing of the load"
    NO_PLACE = "no_place", "Aucun trimestre possible", "No quarter possible"


class DeadlineOutcome(Term):
    """What becomes of the deadline of a sector."""

    HELD = "held", "Tenue", "Held"
    MISSED = "missed", "Non tenue", "Missed"
    OPEN = "open", "Déjà ouvert", "Open already"
    UNKNOWN = "unknown", "Aucun secteur à construire", "No sector to build"

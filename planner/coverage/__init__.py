"""Coverage: who is served, who will be in which phase, and who is left, on any day.

:func:`measure_coverage` counts points, :func:`measure_coverage_from_counts` takes counts by
commune; both give the contracted table ``coverage``, of which every rate says what it counts
(:class:`Referential`).  Unlike rates refuse to be compared.
"""

from __future__ import annotations

from planner.coverage._cells import CoverageCounter
from planner.coverage._compare import (
    Reconciled,
    ReconcileRules,
    TotalsCause,
    compare_coverage,
    reconcile_totals,
)
from planner.coverage._counts import measure_coverage_from_counts
from planner.coverage._measure import CoverageRules, count_coverage, measure_coverage
from planner.coverage._referential import Rate, RateKind, Referential
from planner.coverage._result import Coverage

__all__ = [
    "Coverage",
    "CoverageCounter",
    "CoverageRules",
    "Rate",
    "RateKind",
    "ReconcileRules",
    "Reconciled",
    "Referential",
    "TotalsCause",
    "compare_coverage",
    "count_coverage",
    "measure_coverage",
    "measure_coverage_from_counts",
    "reconcile_totals",
]

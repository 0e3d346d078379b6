"""Criteria of sectors, measured exactly, brought to marks, weighted; and cross-checked.

A criterion counts only where it is known everywhere: one that lacks its input in any place is off
for the whole region, and says so.
"""

from __future__ import annotations

from planner.criteria._cross_check import CrossCheck, Method, cross_check, prefer
from planner.criteria._marks import PPM, marks_of, share_out
from planner.criteria._measures import MEASURES, Measure, Measured, Missing
from planner.criteria._speed import adsl_kbps, attenuation_db, copper_kbps, vdsl2_kbps
from planner.criteria._table import CriteriaTable, criterion_label, measure_criteria

__all__ = [
    "MEASURES",
    "PPM",
    "CriteriaTable",
    "CrossCheck",
    "Measure",
    "Measured",
    "Method",
    "Missing",
    "adsl_kbps",
    "attenuation_db",
    "copper_kbps",
    "criterion_label",
    "cross_check",
    "marks_of",
    "measure_criteria",
    "prefer",
    "share_out",
    "vdsl2_kbps",
]

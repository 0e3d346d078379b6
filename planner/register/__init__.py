"""The register of Axe 3: which requests the written rules answer yes, no or not yet, and why.

Pure: tables in, a frozen result out.  :mod:`planner.io.register` keeps the requests, their journal
and, apart, the people.
"""

from __future__ import annotations

from planner.register._assess import Assessment, PlannedFibre, assess_requests
from planner.register._changes import compare_assessments, requests_past_retention
from planner.register._distance import Supports
from planner.register._duplicates import find_duplicates

__all__ = [
    "Assessment",
    "PlannedFibre",
    "Supports",
    "assess_requests",
    "compare_assessments",
    "find_duplicates",
    "requests_past_retention",
]

"""The register of Axe 3: which requests the written rules answer yes, no or not yet, and why.

Pure: tables in, a frozen result out.  :mod:`planner.io.register` keeps the requests, their journal
and, apart, the people.
"""

from __future__ import annotations

from planner.register._assess import (
    Assessment,
    PlannedFibre,
    assess_requests,
    dated_sectors,
)
from planner.register._changes import compare_assessments, requests_past_retention
from planner.register._distance import Supports
from planner.register._duplicates import find_duplicates
from planner.register._sites import count_requests, list_sites, live_requests

__all__ = [
    "Assessment",
    "PlannedFibre",
    "Supports",
    "assess_requests",
    "compare_assessments",
    "count_requests",
    "dated_sectors",
    "find_duplicates",
    "list_sites",
    "live_requests",
    "requests_past_retention",
]

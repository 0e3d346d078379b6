"""Data quality as layers: rules with stable names, each offence with its place and its remedy.

:func:`check_quality` looks at a territory, and at a plan where there is one, and hands back
:class:`Anomalies`: nothing is repaired, nothing is refused.  Whoever wants a refusal looks at
:attr:`Anomalies.is_blocking`, as ``planner check --strict`` does.
"""

from __future__ import annotations

from planner.quality._anomalies import Anomalies, Batch, anomalies_of_cells
from planner.quality._check import RULES, check_quality
from planner.quality._rules import QualityRules

__all__ = [
    "RULES",
    "Anomalies",
    "Batch",
    "QualityRules",
    "anomalies_of_cells",
    "check_quality",
]

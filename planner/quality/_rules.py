"""From where on something is worth being shown: lengths, areas, shares and days."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

__all__ = ["QualityRules"]


@dataclass(frozen=True, kw_only=True)
class QualityRules:
    """Thresholds of the checks.

    Parameters
    ----------
    overlap_m2
        Area from which two sectors that share it overlap, in m²; below it is the noise of drawing.
    gap_m2
        Area of a hole between sectors from which it is a gap, in m².
    sliver_m
        Mean width below which an overlap or a gap is the noise of drawing, in m.
    commune_m
        Distance from its own commune up to which a premise is taken to be in it, in m: boundaries
        are simplified.
    figure_share
        Difference from the published count of premises of a commune from which the two referentials
        don't match.  Sources of counts are known to differ by 10 to 20 %.
    first_day
        First day that a date of deployment, of works or of a vote may have: before fibre was.
    listed_count
        Most offences of one rule and table that are listed one by one; all are counted.
    """

    overlap_m2: float = 1.0
    gap_m2: float = 1.0
    sliver_m: float = 0.1
    commune_m: float = 0.0
    figure_share: float = 0.2
    first_day: dt.date = dt.date(1990, 1, 1)
    listed_count: int = 50_000

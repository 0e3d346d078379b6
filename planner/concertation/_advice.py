"""Where a programme and the advice of the département don't agree."""

from __future__ import annotations

import pandas as pd

from planner.findings import Finding, Findings
from planner.vocab import Opinion, Phase, Severity

__all__ = ["find_against_advice"]


def find_against_advice(programme: pd.DataFrame, advice: pd.DataFrame) -> Findings:
    """Find the sectors of phase 2 that a département advised against: advice doesn't bind.

    Parameters
    ----------
    programme
        Contract ``programme``.
    advice
        Contract ``advice``.

    Returns
    -------
    Findings
        One for each EPCI on whose sectors the advice was given.
    """
    served = set(programme.loc[programme["phase"].astype(str) == Phase.PHASE_2.value, "sector_id"])
    against = advice[
        (advice["opinion"].astype(str) == Opinion.AGAINST.value) & advice["sector_id"].isin(served)
    ]
    found = []
    for actor, rows in against.groupby(against["epci_siren"].astype(str), sort=True):
        keys = sorted(rows["sector_id"].astype(str))
        found.append(
            Finding.of(
                "concertation.against_advice", severity=Severity.WARNING, table="advice",
                place=str(actor), count=len(keys),
                sectors=keys,
            )
        )  # fmt: skip
    return Findings.collect(found)

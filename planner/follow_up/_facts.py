"""Public totals of a programme, promised and observed: the worked case of late 2019."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from planner.follow_up._forecast import Pace, observed_pace
from planner.follow_up._quarters import quarter_of

__all__ = ["PublicCase", "public_totals", "state_public_case"]


@dataclass(frozen=True, kw_only=True)
class PublicCase:
    """What was promised for a quarter and what was there, for the whole region.

    Parameters
    ----------
    quarter
        The quarter.
    promised, serviceable
        Premises promised connectable, and connectable.
    connected
        Premises connected; None where it isn't public.
    pace
        Pace of the connectable ones over all that is public; None with a single total.
    sources
        Where the totals are read.
    """

    quarter: str
    promised: int
    serviceable: int
    connected: int | None
    pace: Pace | None
    sources: tuple[str, ...]

    @property
    def late(self) -> int:
        """Premises promised and not there."""
        return self.promised - self.serviceable

    @property
    def take_up_share(self) -> float | None:
        """Connected over connectable premises."""
        if self.connected is None or not self.serviceable:
            return None
        return self.connected / self.serviceable


def public_totals(
    facts: pd.DataFrame, measure: str, *, phases: tuple[str, ...]
) -> Mapping[str, int]:
    """Return the public totals of one measure by quarter.

    Parameters
    ----------
    facts
        Contract ``public_progress``.
    measure
        ``promised``, ``serviceable`` or ``connected``.
    phases
        Phases followed; totals of several are added, those of a quarter that lacks one left out.
    """
    rows = facts[(facts["measure"] == measure) & facts["phase"].astype(str).isin(phases)]
    known = sorted(set(rows["phase"].astype(str)))
    quarters = [quarter_of(day.date()) for day in pd.to_datetime(rows["on"])]
    summed = rows.assign(quarter=quarters).groupby("quarter")["count"].agg(["sum", "size"])
    return {
        str(quarter): int(total)
        for quarter, total, size in zip(summed.index, summed["sum"], summed["size"], strict=True)
        if size == len(known)
    }


def state_public_case(
    facts: pd.DataFrame, *, phases: tuple[str, ...], quarter: str
) -> PublicCase | None:
    """State the last public promise up to a quarter beside what was there.

    Parameters
    ----------
    facts
        Contract ``public_progress``.
    phases
        Phases followed.
    quarter
        Nothing later is looked at.

    Returns
    -------
    PublicCase or None
        None where no quarter has both a promise and an observation.
    """
    promised = public_totals(facts, "promised", phases=phases)
    seen = public_totals(facts, "serviceable", phases=phases)
    both = [q for q in promised if q in seen and q <= quarter]
    if not both:
        return None
    last = max(both)
    totals = {q: n for q, n in seen.items() if q <= last}
    return PublicCase(
        quarter=last, promised=promised[last], serviceable=seen[last],
        connected=public_totals(facts, "connected", phases=phases).get(last),
        pace=observed_pace(pd.Series(totals)) if len(totals) > 1 else None,
        sources=tuple(sorted(set(facts["source"].astype(str)))),
    )  # fmt: skip

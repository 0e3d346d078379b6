"""Two wishes on one sector: whichever door they come by, they count and are told the same way."""

from __future__ import annotations

import pandas as pd

from planner.findings import Finding
from planner.vocab import Severity, Wish

__all__ = ["find_double_wishes", "is_asked"]


def is_asked(ballots: pd.DataFrame) -> pd.Series[bool]:
    """Tell which wishes have a rank or points."""
    rank = ballots["rank"].notna()
    return rank | ballots["points"].notna() if "points" in ballots else rank


def find_double_wishes(
    ballots: pd.DataFrame, *, actor: str, name: str, asked: str | None = None
) -> list[Finding]:
    """Find the sectors that one EPCI requires or refuses, and ranks or scores too.

    Both yes: the requirement holds, and its rank or points have no use.  Yes and no: neither counts
    until the EPCI says which one holds.

    Parameters
    ----------
    ballots
        Contract ``ballots``, of one EPCI.
    actor, name
        Who votes, and what people call it.
    asked
        Whom to ask; the EPCI by default.
    """
    wish, twice = ballots["wish"].astype(str), is_asked(ballots)
    found = []
    for stance, rule, severity in (
        (Wish.REQUIRED, "required_and_asked", Severity.WARNING),
        (Wish.REFUSED, "refused_and_asked", Severity.SERIOUS),
    ):
        listed = sorted(ballots.loc[twice & (wish == stance.value), "sector_id"].astype(str))
        if listed:
            found.append(
                Finding.of(
                    f"concertation.{rule}", severity=severity, table="ballots", place=actor,
                    count=len(listed), name=name, asked=asked or name, sectors=listed,
                )
            )  # fmt: skip
    return found

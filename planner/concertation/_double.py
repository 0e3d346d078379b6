"""Two wishes on one sector: whichever door they come by, they count and are told the same way."""

from __future__ import annotations

import pandas as pd

from planner.findings import Finding
from planner.vocab import Severity, Wish

__all__ = ["contradicts", "find_double_wishes"]


def contradicts(ballots: pd.DataFrame) -> pd.Series[bool]:
    """Tell which wishes say two things of which neither counts until their EPCI chooses.

    They are refusals of what is ranked, scored or approved too, and wishes of two forms: a rank
    with points, an approval with either.

    Parameters
    ----------
    ballots
        Contract ``ballots``.
    """
    return (_is(ballots, Wish.REFUSED) & _is_asked(ballots)) | _has_two_forms(ballots)


def find_double_wishes(
    ballots: pd.DataFrame, *, actor: str, name: str, asked: str | None = None
) -> list[Finding]:
    """Find the sectors of which one EPCI says two things.

    Both yes: a requirement holds, and its rank, points or approval have no use.  Yes and no, or two
    forms of wish: neither counts until the EPCI says which one holds.

    Parameters
    ----------
    ballots
        Contract ``ballots``, of one EPCI.
    actor, name
        Who votes, and what people call it.
    asked
        Whom to ask; the EPCI by default.
    """
    twice = _is_asked(ballots)
    found = []
    for rule, severity, which in (
        ("required_and_asked", Severity.WARNING, twice & _is(ballots, Wish.REQUIRED)),
        ("refused_and_asked", Severity.SERIOUS, twice & _is(ballots, Wish.REFUSED)),
        ("rank_and_points", Severity.SERIOUS, _has_two_forms(ballots)),
    ):
        listed = sorted(ballots.loc[which, "sector_id"].astype(str))
        if listed:
            found.append(
                Finding.of(
                    f"concertation.{rule}", severity=severity, table="ballots", place=actor,
                    count=len(listed), name=name, asked=asked or name, sectors=listed,
                )
            )  # fmt: skip
    return found


def _is(ballots: pd.DataFrame, wish: Wish) -> pd.Series[bool]:
    return ballots["wish"].astype(str) == wish.value


def _given(ballots: pd.DataFrame, column: str) -> pd.Series[bool]:
    """Tell which wishes have a rank or points, or are approved, beside what they are."""
    if column not in ballots:
        return pd.Series(data=False, index=ballots.index)
    if column == "approved":
        return ballots[column].eq(True).fillna(value=False).astype(bool)
    return ballots[column].notna()


def _is_asked(ballots: pd.DataFrame) -> pd.Series[bool]:
    return _given(ballots, "rank") | _given(ballots, "points") | _given(ballots, "approved")


def _has_two_forms(ballots: pd.DataFrame) -> pd.Series[bool]:
    rank, points, approved = (_given(ballots, name) for name in ("rank", "points", "approved"))
    return (
        (_is(ballots, Wish.RANKED) & (points | approved))
        | (_is(ballots, Wish.SCORED) & (rank | approved))
        | (_is(ballots, Wish.APPROVED) & (rank | points))
    )

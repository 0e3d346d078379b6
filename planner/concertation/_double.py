"""Two wishes on one sector: whichever door they come by, they count and are told the same way."""

from __future__ import annotations

import pandas as pd

from planner.findings import Finding
from planner.vocab import Severity, Wish

__all__ = ["contradicts", "find_double_wishes"]


def contradicts(ballots: pd.DataFrame) -> pd.Series[bool]:
    """Tell which wishes say two things of which neither counts until their EPCI chooses.

    They are refusals that have a rank or points, and wishes of two forms: a rank with points, an
    approval with either.

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

    Both yes: a requirement holds, and its rank or points have no use.  Yes and no, or two forms of
    wish: neither counts until the EPCI says which one holds.

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


def _has_points(ballots: pd.DataFrame) -> pd.Series[bool]:
    if "points" in ballots:
        return ballots["points"].notna()
    return pd.Series(data=False, index=ballots.index)


def _is_asked(ballots: pd.DataFrame) -> pd.Series[bool]:
    return ballots["rank"].notna() | _has_points(ballots)


def _has_two_forms(ballots: pd.DataFrame) -> pd.Series[bool]:
    return (
        (_is(ballots, Wish.RANKED) & _has_points(ballots))
        | (_is(ballots, Wish.SCORED) & ballots["rank"].notna())
        | (_is(ballots, Wish.APPROVED) & _is_asked(ballots))
    )

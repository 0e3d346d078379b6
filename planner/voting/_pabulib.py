"""An election as pabulib writes it, and back."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from planner.io.pabulib import PabulibFile, PabulibVote
from planner.voting._election import Approvals, Ballot, Election, Points, Project, Ranking, Voter

__all__ = ["election_from_pabulib"]


def election_from_pabulib(file: PabulibFile) -> Election:
    """Return the election that a file holds.

    Costs become whole numbers of the smallest unit that all of them and the budget need
    (``scale``); a voter's identifier met again is numbered (``7``, ``7#2``).

    Parameters
    ----------
    file
        What :func:`planner.io.read_pabulib` returned.
    """
    scale = lcm(file.budget.denominator, *(p.cost.denominator for p in file.projects))
    seen: dict[str, int] = {}
    names: list[str] = []
    taken = {vote.voter_id for vote in file.votes}
    for vote in file.votes:
        seen[vote.voter_id] = count = seen.get(vote.voter_id, 0) + 1
        name = vote.voter_id if count == 1 else f"{vote.voter_id}#{count}"
        while count > 1 and name in taken:
            name += "'"
        taken.add(name)
        names.append(name)
    return Election(
        projects=tuple(
            Project(project_id=p.project_id, cost=int(p.cost * scale), name=p.cells.get("name", ""))
            for p in file.projects
        ),
        voters=_voters(file, names),
        budget=int(file.budget * scale),
        scale=scale,
    )


def _voters(file: PabulibFile, names: Sequence[str]) -> tuple[Voter, ...]:
    return tuple(
        Voter(voter_id=name, ballot=_ballot(vote, file.vote_type))
        for name, vote in zip(names, file.votes, strict=True)
    )


def _ballot(vote: PabulibVote, vote_type: str) -> Ballot:
    if vote_type == "ordinal":
        return Ranking(tuple((key,) for key in vote.named))
    if vote_type in {"cumulative", "scoring"}:
        given: list[tuple[str, Fraction | int]] = list(zip(vote.named, vote.points, strict=True))
        return Points(tuple(given))
    return Approvals(vote.named)

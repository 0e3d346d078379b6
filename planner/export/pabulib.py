"""Elections written as pabulib reads them (``.pb``), so that anyone can count them again."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Final

from planner.errors import RuleError
from planner.io.pabulib import PabulibFile, PabulibProject, PabulibVote
from planner.texts import Message
from planner.voting import (
    Approvals,
    Ballot,
    Election,
    Points,
    Ranking,
    points_of_ranking,
)

__all__ = ["election_to_pabulib", "pabulib_text", "write_pabulib"]

_DECIMAL_PRIMES: Final = (2, 5)


def write_pabulib(path: str | Path, file: PabulibFile) -> Path:
    """Write an election; the file appears whole or not at all.

    Parameters
    ----------
    path
        Where; parents must exist.
    file
        As read, or made by :func:`election_to_pabulib`.

    Raises
    ------
    RuleError
        When a number has no exact decimal.
    """
    target = Path(path)
    text = pabulib_text(file)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return target


def pabulib_text(file: PabulibFile) -> str:
    """Return the text of an election: its sections, columns and rows in their order."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow(["META"])
    writer.writerow(["key", "value"])
    writer.writerows((key, value) for key, value in file.meta.items())
    writer.writerow(["PROJECTS"])
    writer.writerow(file.project_columns)
    writer.writerows(
        [p.cells.get(name, "") for name in file.project_columns] for p in file.projects
    )
    writer.writerow(["VOTES"])
    writer.writerow(file.vote_columns)
    writer.writerows([v.cells.get(name, "") for name in file.vote_columns] for v in file.votes)
    for name, rows in file.others.items():
        writer.writerow([name])
        writer.writerows(rows)
    return out.getvalue()


def election_to_pabulib(
    election: Election,
    *,
    description: str,
    unit: str,
    instance: str,
    rule: str,
    country: str = "France",
    more: Mapping[str, str] | None = None,
) -> PabulibFile:
    """Return an election in the tables of pabulib.

    Rankings without ties are ``ordinal``; with ties, or beside other forms, they are written as
    ``scoring``, with the Borda-like points that this library counts: the format knows no ties.

    Parameters
    ----------
    election
        Every weight must be 1: the format knows none.
    description, unit, instance, rule, country
        What the file says of itself.
    more
        Further keys of ``META``.

    Raises
    ------
    RuleError
        When voters weigh other than 1, or approvals stand beside other forms.
    """
    if election.weighted:
        raise RuleError(Message.of("voting.pb_weights"), Message.of("voting.pb_weights_remedy"))
    vote_type = _vote_type([voter.ballot for voter in election.voters])
    votes = tuple(_vote(v.voter_id, v.ballot, vote_type) for v in election.voters)
    budget = Fraction(election.budget, election.scale)
    meta = {
        "description": description, "country": country, "unit": unit, "instance": instance,
        "num_projects": str(len(election.projects)), "num_votes": str(len(votes)),
        "budget": _decimal(budget), "vote_type": vote_type, "rule": rule, **(more or {}),
    }  # fmt: skip
    costs = {p.project_id: Fraction(p.cost, election.scale) for p in election.projects}
    return PabulibFile(
        meta=MappingProxyType(meta),
        vote_type=vote_type,
        budget=budget,
        project_columns=("project_id", "cost", "name"),
        projects=tuple(
            PabulibProject(
                project_id=p.project_id, cost=costs[p.project_id],
                cells=MappingProxyType(
                    {
                        "project_id": p.project_id, "cost": _decimal(costs[p.project_id]),
                        "name": p.name,
                    }
                ),
            )
            for p in election.projects
        ),
        vote_columns=("voter_id", "vote", *(("points",) if vote_type == "scoring" else ())),
        votes=votes,
    )  # fmt: skip


def _vote_type(ballots: list[Ballot]) -> str:
    forms = {type(ballot) for ballot in ballots if ballot.named}
    if forms <= {Approvals}:
        return "approval"
    if Approvals in forms:
        raise RuleError(Message.of("voting.mixed_forms"), Message.of("voting.mixed_forms_remedy"))
    tied = any(len(p) > 1 for b in ballots if isinstance(b, Ranking) for p in b.places)
    return "scoring" if Points in forms or tied else "ordinal"


def _vote(voter_id: str, ballot: Ballot, vote_type: str) -> PabulibVote:
    points: tuple[Fraction, ...] = ()
    if vote_type == "scoring" and isinstance(ballot, Ranking):
        points = tuple(points_of_ranking(ballot).values())
    elif isinstance(ballot, Points):
        points = tuple(Fraction(value) for _, value in ballot.given)
    cells = {"voter_id": voter_id, "vote": ",".join(ballot.named)}
    if vote_type == "scoring":
        # an empty cell is no number to other readers; the format's own word for it is
        cells["points"] = ",".join(_decimal(value) for value in points) or "None"
    return PabulibVote(
        voter_id=voter_id, named=ballot.named, points=points, cells=MappingProxyType(cells)
    )


def _decimal(value: Fraction) -> str:
    """Write a number exactly, in decimals."""
    rest, places = value.denominator, 0
    for prime in _DECIMAL_PRIMES:
        power = 0
        while rest % prime == 0:
            rest, power = rest // prime, power + 1
        places = max(places, power)
    if rest != 1:
        raise RuleError(
            Message.of("voting.pb_decimal", value=str(value)),
            Message.of("voting.pb_decimal_remedy"),
        )
    digits = str(abs(value.numerator) * 10**places // value.denominator).zfill(places + 1)
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{text}" if value < 0 else text

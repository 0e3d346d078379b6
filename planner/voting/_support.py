"""Who supports what, in whole numbers: ballots as a rule hears them, like voters together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from planner.voting._election import (
    Approvals,
    Ballot,
    Election,
    Points,
    Ranking,
    Utility,
    points_of_ranking,
    refusal,
)

__all__ = ["Support", "approval_support", "scores_of", "utility_support"]


@dataclass(frozen=True, kw_only=True)
class Support:
    """Voters who say the same, together, and what each project is worth to them.

    Parameters
    ----------
    weights
        Whole weight of each group of voters.
    per_unit
        How many of these make a voter of weight 1.
    supporters
        Project to (group, worth), worth a positive whole number.
    """

    weights: tuple[int, ...]
    per_unit: int
    supporters: Mapping[str, tuple[tuple[int, int], ...]]

    def total_worth(self, key: str) -> int:
        """Return Σ weight × worth of a project."""
        return sum(self.weights[group] * worth for group, worth in self.supporters[key])


def approval_support(election: Election) -> Support:
    """Take every project that a ballot names as approved; points of zero or less are no support."""
    return _grouped(election, {v.voter_id: _approved(v.ballot) for v in election.voters})


def utility_support(election: Election, *, utility: Utility) -> Support:
    """Return what each project is worth: points, Borda-like points, or its cost (or one).

    Raises
    ------
    RuleError
        When voters gave ballots of several forms: their worths have no common measure.
    """
    _one_form(election)
    costs = election.costs
    worths: dict[str, dict[str, Fraction]] = {}
    for voter in election.voters:
        ballot = voter.ballot
        if isinstance(ballot, Approvals):
            worth = {k: Fraction(costs[k] if utility == "cost" else 1) for k in ballot.approved}
            if utility == "cost":  # what costs nothing is still worth something
                worth = {key: value or Fraction(1) for key, value in worth.items()}
        elif isinstance(ballot, Ranking):
            worth = points_of_ranking(ballot)
        else:
            worth = {key: Fraction(value) for key, value in ballot.given if value > 0}
        worths[voter.voter_id] = worth
    return _grouped(election, worths)


def scores_of(election: Election, *, rule: str) -> dict[str, Fraction]:
    """Return the weighted score of every project under ``borda``, ``points`` or ``approvals``.

    Raises
    ------
    RuleError
        When a ballot has not the form that the rule counts.
    """
    scores = {project.project_id: Fraction(0) for project in election.projects}
    for voter in election.voters:
        for key, value in _heard(voter.ballot, rule, voter.voter_id).items():
            scores[key] += value * voter.weight
    return scores


def _heard(ballot: Ballot, rule: str, voter: str) -> Mapping[str, Fraction]:
    if rule == "approvals":
        return _approved(ballot)
    if rule == "borda" and isinstance(ballot, Ranking):
        return points_of_ranking(ballot)
    if rule == "points" and isinstance(ballot, Points):
        return {key: Fraction(value) for key, value in ballot.given}
    raise refusal("wrong_form", rule=rule, voter=voter)


def _approved(ballot: Ballot) -> dict[str, Fraction]:
    if isinstance(ballot, Points):
        return {key: Fraction(1) for key, value in ballot.given if value > 0}
    return dict.fromkeys(ballot.named, Fraction(1))


def _one_form(election: Election) -> None:
    forms = {type(voter.ballot) for voter in election.voters if voter.ballot.named}
    if len(forms) > 1:
        raise refusal("mixed_forms")


def _grouped(election: Election, worths: Mapping[str, Mapping[str, Fraction]]) -> Support:
    per_unit = lcm(1, *(Fraction(voter.weight).denominator for voter in election.voters))
    scale = lcm(1, *(value.denominator for worth in worths.values() for value in worth.values()))
    groups: dict[tuple[tuple[str, int], ...], int] = {}
    for voter in election.voters:
        worth = worths[voter.voter_id]
        said = tuple(sorted((key, int(value * scale)) for key, value in worth.items()))
        groups[said] = groups.get(said, 0) + int(voter.weight * per_unit)
    ordered = sorted((said, weight) for said, weight in groups.items() if weight)
    supporters: dict[str, list[tuple[int, int]]] = {p.project_id: [] for p in election.projects}
    for group, (said, _) in enumerate(ordered):
        for key, value in said:
            supporters[key].append((group, value))
    return Support(
        weights=tuple(weight for _, weight in ordered),
        per_unit=per_unit,
        supporters={key: tuple(rows) for key, rows in supporters.items()},
    )

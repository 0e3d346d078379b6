"""Who supports what, in whole numbers: ballots as a rule hears them, like voters together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

__all__ = ["Number", "Support", "approval_support", "scores_of", "utility_support"]


Number = Fraction | int


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
    return _grouped(election, _approved)


def utility_support(election: Election, *, utility: Utility) -> Support:
    """Return what each project is worth: points, Borda-like points, or its cost (or one).

    Raises
    ------
    RuleError
        When voters gave ballots of several forms: their worths have no common measure.
    """
    _one_form(election)
    worth = {key: cost if utility == "cost" else 1 for key, cost in election.costs.items()}

    def worths(ballot: Ballot) -> Mapping[str, Number]:
        if isinstance(ballot, Approvals):
            return {key: worth[key] for key in ballot.approved if worth[key]}
        if isinstance(ballot, Ranking):
            return points_of_ranking(ballot)
        return {key: value for key, value in ballot.given if value > 0}

    return _grouped(election, worths)


def scores_of(election: Election, *, rule: str) -> dict[str, Fraction]:
    """Return the weighted score of every project under ``borda``, ``points`` or ``approvals``.

    Raises
    ------
    RuleError
        When a ballot has not the form that the rule counts.
    """
    scores: dict[str, Number] = {project.project_id: 0 for project in election.projects}
    for ballot, (voter, weight) in _ballots(election).items():
        for key, value in _heard(ballot, rule, voter).items():
            scores[key] += value * weight
    return {key: Fraction(score) for key, score in scores.items()}


def _ballots(election: Election) -> dict[Ballot, tuple[str, Number]]:
    """Return each different ballot, with who cast it first and the weight of all who did."""
    found: dict[Ballot, tuple[str, Number]] = {}
    for voter in election.voters:
        first, weight = found.get(voter.ballot, (voter.voter_id, 0))
        found[voter.ballot] = (first, weight + voter.weight)
    return found


def _heard(ballot: Ballot, rule: str, voter: str) -> Mapping[str, Number]:
    if rule == "approvals":
        return _approved(ballot)
    if rule == "borda" and isinstance(ballot, Ranking):
        return points_of_ranking(ballot)
    if rule == "points" and isinstance(ballot, Points):
        return dict(ballot.given)
    raise refusal("wrong_form", rule=rule, voter=voter)


def _approved(ballot: Ballot) -> Mapping[str, Number]:
    if isinstance(ballot, Points):
        return {key: 1 for key, value in ballot.given if value > 0}
    return dict.fromkeys(ballot.named, 1)


def _one_form(election: Election) -> None:
    forms = {type(voter.ballot) for voter in election.voters if voter.ballot.named}
    if len(forms) > 1:
        raise refusal("mixed_forms")


def _grouped(election: Election, worths: Callable[[Ballot], Mapping[str, Number]]) -> Support:
    """Put together the voters to whom everything is worth the same."""
    per_unit = lcm(1, *{voter.weight.denominator for voter in election.voters})
    said = [(worths(ballot), weight) for ballot, (_, weight) in _ballots(election).items()]
    scale = lcm(1, *{value.denominator for worth, _ in said for value in worth.values()})
    groups: dict[tuple[tuple[str, int], ...], int] = {}
    for worth, weight in said:
        key = tuple(sorted((name, int(value * scale)) for name, value in worth.items()))
        groups[key] = groups.get(key, 0) + int(weight * per_unit)
    ordered = sorted((key, weight) for key, weight in groups.items() if weight)
    supporters: dict[str, list[tuple[int, int]]] = {p.project_id: [] for p in election.projects}
    for group, (pairs, _) in enumerate(ordered):
        for name, value in pairs:
            supporters[name].append((group, value))
    return Support(
        weights=tuple(weight for _, weight in ordered),
        per_unit=per_unit,
        supporters={key: tuple(rows) for key, rows in supporters.items()},
    )

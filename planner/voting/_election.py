"""An election on projects under a budget, frozen and checked: who votes for what, at what cost.

Numbers are whole or rational; no float is taken, so none can decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Final, Literal, get_args

from planner.errors import RuleError
from planner.texts import Message

__all__ = [
    "COMPLETIONS",
    "RULES",
    "TIES",
    "Approvals",
    "Ballot",
    "Completion",
    "Election",
    "Points",
    "Project",
    "Ranking",
    "RuleName",
    "Ties",
    "Utility",
    "Voter",
    "VotingRule",
    "points_of_ranking",
    "refusal",
]

RuleName = Literal["borda", "points", "approvals", "equal_shares", "phragmen"]
Completion = Literal["none", "budget_increase", "greedy"]
Utility = Literal["cost", "cardinality"]
Ties = Literal["refuse", "larger_first", "smaller_first", "sector_id"]
RULES: Final[tuple[str, ...]] = get_args(RuleName)
COMPLETIONS: Final[tuple[str, ...]] = get_args(Completion)
TIES: Final[tuple[str, ...]] = get_args(Ties)


def refusal(problem: str, /, **values: object) -> RuleError:
    """Make the error whose sentences are ``voting.<problem>`` and ``voting.<problem>_remedy``."""
    return RuleError(
        Message.of(f"voting.{problem}", **values), Message.of(f"voting.{problem}_remedy", **values)
    )


@dataclass(frozen=True, kw_only=True)
class Project:
    """What can be chosen.

    Parameters
    ----------
    project_id
        Identifier, unique in its election.
    cost
        Whole units of the election (lines, cents…), zero or more.
    name
        What people call it; empty when it has no other name.
    """

    project_id: str
    cost: int
    name: str = ""


@dataclass(frozen=True)
class Ranking:
    """A ranking: places from the first on, several projects in one place when tied."""

    places: tuple[tuple[str, ...], ...]

    @property
    def named(self) -> tuple[str, ...]:
        """The projects that the ballot names."""
        return tuple(key for place in self.places for key in place)


@dataclass(frozen=True)
class Points:
    """Points given to projects; a project without points is not named."""

    given: tuple[tuple[str, Fraction | int], ...]

    @property
    def named(self) -> tuple[str, ...]:
        """The projects that the ballot names."""
        return tuple(key for key, _ in self.given)


@dataclass(frozen=True)
class Approvals:
    """Projects that are approved, all alike."""

    approved: tuple[str, ...]

    @property
    def named(self) -> tuple[str, ...]:
        """The projects that the ballot names."""
        return self.approved


Ballot = Ranking | Points | Approvals


@dataclass(frozen=True, kw_only=True)
class Voter:
    """One who votes.

    Parameters
    ----------
    voter_id
        Identifier, unique in its election.
    ballot
        A ranking, points or approvals.
    weight
        How many voters this one stands for: 1 unless the election's own rules say otherwise.
    """

    voter_id: str
    ballot: Ballot
    weight: Fraction | int = 1


@dataclass(frozen=True, kw_only=True)
class Election:
    """Projects, voters and a budget.

    Parameters
    ----------
    projects, voters
        Each identifier once.
    budget
        In the unit of the costs.
    scale
        How many of these units make one of the unit that people know: 100 when costs are cents of
        a file in euros; 1 when they are lines.

    Raises
    ------
    RuleError
        When an identifier comes twice, a cost or weight can't be, or a ballot names a project
        twice or one that isn't there.
    """

    projects: tuple[Project, ...]
    voters: tuple[Voter, ...]
    budget: int
    scale: int = 1

    def __post_init__(self) -> None:
        """Check it once, and name every mistake of one kind together."""
        ids = [project.project_id for project in self.projects]
        _refuse_twice("project_twice", ids)
        _refuse_twice("voter_twice", [voter.voter_id for voter in self.voters])
        numbers: list[tuple[str, object]] = [(p.project_id, p.cost) for p in self.projects]
        numbers += [("budget", self.budget), *((v.voter_id, v.weight) for v in self.voters)]
        bad = [name for name, value in numbers if not _is_exact(value) or value < 0]  # type: ignore[operator]
        if bad:
            raise refusal("bad_number", names=_shown(bad))
        known = set(ids)
        for voter in self.voters:
            named = voter.ballot.named
            strange = sorted(set(named) - known)
            if strange:
                raise refusal("unknown_project", voter=voter.voter_id, projects=_shown(strange))
            if len(set(named)) < len(named):
                twice = sorted({key for key in named if named.count(key) > 1})
                raise refusal("named_twice", voter=voter.voter_id, projects=_shown(twice))

    @cached_property
    def costs(self) -> Mapping[str, int]:
        """Project to cost."""
        return MappingProxyType({project.project_id: project.cost for project in self.projects})

    @property
    def weighted(self) -> bool:
        """Whether some voter weighs other than 1."""
        return any(voter.weight != 1 for voter in self.voters)


@dataclass(frozen=True, kw_only=True)
class VotingRule:
    """A rule with its options, all named.

    Parameters
    ----------
    name
        ``borda``, ``points`` and ``approvals`` take projects by decreasing score while they fit;
        ``equal_shares`` is the Method of Equal Shares (Peters, Pierczyński, Skowron, 2021),
        ``phragmen`` the sequential rule of Phragmén as extended to costs (Los, Christoff, Grossi,
        2022).
    completion
        How Equal Shares spends what is left: not at all; by raising each voter's money by
        ``increment`` until nothing more fits or the budget is passed, the last outcome within it
        being kept; or by taking what still fits, most votes first.
    utility
        What an approved project is worth to who approves it, for Equal Shares: its cost, or one.
    increment
        Money a voter of weight 1 gains at each raise, in the unit that people know (euros where
        costs are cents).
    """

    name: RuleName
    completion: Completion = "none"
    utility: Utility = "cost"
    increment: int = 1

    def __post_init__(self) -> None:
        """Refuse names that aren't rules."""
        asked = (self.name, self.completion, self.utility)
        for value, known in zip(asked, (RULES, COMPLETIONS, get_args(Utility)), strict=True):
            if value not in known:
                raise refusal("unknown_rule", name=str(value), known=", ".join(known))
        if not _is_exact(self.increment) or self.increment <= 0:
            raise refusal("bad_number", names="increment")


def points_of_ranking(ranking: Ranking) -> dict[str, Fraction]:
    """Return Borda-like points: of k ranked projects the first has k points and the last has 1.

    Projects in one place share the mean of the points of the places that they fill together, so
    that a ballot always hands out k (k + 1) / 2 points; what isn't ranked has none.

    Examples
    --------
    >>> points = points_of_ranking(Ranking((("a",), ("b", "c"))))
    >>> [str(points[key]) for key in "abc"]
    ['3', '3/2', '3/2']
    """
    left = len(ranking.named)
    points: dict[str, Fraction] = {}
    for place in ranking.places:
        share = Fraction(2 * left - len(place) + 1, 2)
        points |= dict.fromkeys(place, share)
        left -= len(place)
    return points


def _is_exact(value: object) -> bool:
    return isinstance(value, int | Fraction) and not isinstance(value, bool)


def _refuse_twice(problem: str, keys: list[str]) -> None:
    if len(set(keys)) == len(keys):
        return
    seen: set[str] = set()
    twice = sorted({key for key in keys if key in seen or seen.add(key)})  # type: ignore[func-returns-value]
    raise refusal(problem, names=_shown(twice))


def _shown(names: list[str]) -> str:
    most = 5
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")

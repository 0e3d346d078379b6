"""Counting: an election and a named rule in, an outcome that says why out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from types import MappingProxyType
from typing import Any, Final

from planner.errors import RuleError
from planner.texts import Message, number
from planner.voting._certain import CertainShares
from planner.voting._election import TIES, Election, RuleName, Ties, VotingRule, refusal
from planner.voting._equal_shares import EqualShares
from planner.voting._greedy import Greedy
from planner.voting._phragmen import Phragmen
from planner.voting._search import Machine, Path, Taken, Tie, follow, follow_all, tie_order
from planner.voting._support import Support, approval_support, scores_of, utility_support

__all__ = ["Outcome", "TieError", "count_all_votes", "count_votes"]

_SHOWN: Final = 3
_LISTED: Final = 12
_CENTS: Final = 2


class TieError(RuleError):
    """A tie is left that no named rule breaks: ``outcomes`` are the first that it leaves open."""

    def __init__(self, problem: Message, remedy: Message, outcomes: tuple[Outcome, ...]) -> None:
        super().__init__(problem, remedy)
        self.outcomes = outcomes


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a rule chose, and why.

    Parameters
    ----------
    rule
        The rule with its options.
    ties_rule
        What broke ties.
    selected
        Projects chosen, sorted by identifier.
    order
        The same in the order in which the rule took them.
    scores
        Project to weighted score: points, or approvals for Equal Shares and Phragmén.
    values
        Chosen project to the value at which it was taken: its score, its rate (money for each unit
        of worth) or its load (money a voter).
    details
        Project, chosen or not, to why.
    ties
        Ties met and broken, in order; empty when none mattered.
    cost, budget
        What the chosen cost together, and what there was, in units of the election.
    scale
        How many of these make one of the unit that people know, which sentences use.
    raised
        How many times Equal Shares raised the voters' money.
    """

    rule: VotingRule
    ties_rule: Ties
    selected: tuple[str, ...]
    order: tuple[str, ...]
    scores: Mapping[str, Fraction]
    values: Mapping[str, Fraction]
    details: Mapping[str, Message]
    ties: tuple[Tie, ...]
    cost: int
    budget: int
    scale: int = 1
    raised: int = 0

    def summary(self, lang: str = "fr") -> str:
        """Say what was chosen, in one sentence."""
        return Message.of(
            "voting.summary", rule=Message.of(f"voting.rule_{self.rule.name}"),
            count=len(self.selected), cost=_Amount(Fraction(self.cost, self.scale)),
            budget=_Amount(Fraction(self.budget, self.scale)),
        ).say(lang)  # fmt: skip


def count_votes(
    election: Election, *, rule: VotingRule | RuleName, ties: Ties = "refuse"
) -> Outcome:
    """Count an election.

    Parameters
    ----------
    election
        Projects, voters and budget.
    rule
        A rule by name, or with its options.
    ties
        ``refuse`` follows every tie, and raises unless all ways end with the same projects;
        ``larger_first`` and ``smaller_first`` go by cost, then by identifier; ``sector_id`` by
        identifier.

    Raises
    ------
    TieError
        When ties leave several outcomes open and no rule was named to break them.
    RuleError
        When the rule can't count these ballots.

    Examples
    --------
    >>> from planner.voting import Approvals, Project, Voter
    >>> election = Election(
    ...     projects=(Project(project_id="a", cost=6), Project(project_id="b", cost=4)),
    ...     voters=(
    ...         Voter(voter_id="1", ballot=Approvals(("a",))),
    ...         Voter(voter_id="2", ballot=Approvals(("a", "b"))),
    ...     ),
    ...     budget=6,
    ... )
    >>> count_votes(election, rule="approvals").selected
    ('a',)
    """
    asked = rule if isinstance(rule, VotingRule) else VotingRule(name=rule)
    if ties not in TIES:
        raise refusal("unknown_rule", name=str(ties), known=", ".join(TIES))
    if ties != "refuse":
        return _Count(election, asked, ties).outcomes()[0]
    found = _Count(election, asked, "refuse", enough=_SHOWN).outcomes()
    if len(found) == 1:
        return found[0]
    first = found[0].ties[0]
    values = {
        "count": len(found),
        "projects": _listed(first.projects),
        "outcomes": " · ".join(_listed(o.selected) for o in found),
    }
    raise TieError(
        Message.of("voting.tie", **values), Message.of("voting.tie_remedy", **values), found
    )


def count_all_votes(election: Election, *, rule: VotingRule | RuleName) -> tuple[Outcome, ...]:
    """Count an election in every way that its ties leave open.

    With ``budget_increase``, raises stop at the first where one of the tied ways passes the budget
    (the ways before it are then kept) or leaves nothing that still fits.

    Returns
    -------
    tuple of Outcome
        One for each different set of projects, sorted by their identifiers.

    Raises
    ------
    RuleError
        When the rule can't count these ballots, or the ties leave too many ways.
    """
    asked = rule if isinstance(rule, VotingRule) else VotingRule(name=rule)
    return _Count(election, asked, "refuse").outcomes()


class _Count:
    """One count: the machine of the rule, its completion, and the reasons."""

    def __init__(
        self, election: Election, rule: VotingRule, ties: Ties, *, enough: int | None = None
    ) -> None:
        self.election, self.rule, self.ties = election, rule, ties
        # raises go by all the tied ways, so they are all followed
        self.enough = None if rule.completion == "budget_increase" else enough
        self.costs = election.costs
        self.by_score = rule.name in {"borda", "points", "approvals"}
        self.scores = scores_of(election, rule=rule.name if self.by_score else "approvals")
        self.support: Support | None = None
        if rule.name == "equal_shares":
            self.support = utility_support(election, utility=rule.utility)
        elif rule.name == "phragmen":
            self.support = approval_support(election)

    def outcomes(self) -> tuple[Outcome, ...]:
        if self.rule.name != "equal_shares" or self.support is None:
            machine = self._machine()
            return self._told([(path, machine, 0) for path in self._follow(machine)])
        if self.rule.completion == "budget_increase":
            return self._told(self._raised(self.support))
        first = self._shares_machine(self.support, 0)
        paths = [(path, first, 0) for path in self._follow(first)]
        if self.rule.completion == "greedy":
            paths = [(done, machine, 0) for path, machine, _ in paths for done in self._rest(path)]
        return self._told(paths)

    def _machine(self) -> Machine:
        if self.by_score:
            return Greedy(scores=self.scores, costs=self.costs, budget=self.election.budget)
        support = self.support or approval_support(self.election)
        return Phragmen(support=support, costs=self.costs, budget=self.election.budget)

    def _shares_machine(self, support: Support, raised: int) -> EqualShares:
        whole = sum(support.weights)
        share = Fraction(self.election.budget, whole) if whole else Fraction(0)
        step = self.rule.increment * self.election.scale
        more = Fraction(raised * step, support.per_unit)
        return EqualShares(support=support, costs=self.costs, share=share + more)

    def _follow(self, machine: Machine) -> list[Path]:
        if self.ties == "refuse":
            return follow_all(machine, enough=self.enough)
        return [follow(machine, costs=self.costs, ties=self.ties)]

    def _cost(self, chosen: Iterable[str]) -> int:
        return sum(self.costs[key] for key in chosen)

    def _raised(self, support: Support) -> list[tuple[Path, Any, int]]:
        """Raise every voter's money until the budget is spent, or would be passed."""
        wanted = {key for key, rows in support.supporters.items() if rows}
        order = None if self.ties == "refuse" else tie_order(self.costs, self.ties)
        quick = CertainShares(support, self.costs, order)
        kept: list[Path] | None = None  # None: told for certain, and not run exactly yet
        raised = 0
        while True:
            machine = self._shares_machine(support, raised)
            sure = quick.outcomes(machine.share)
            paths = self._follow(machine) if sure is None else None
            chosen = sure or {path.selected for path in paths or ()}
            if raised and any(self._cost(one) > self.election.budget for one in chosen):
                raised -= 1
                break
            kept = paths
            if any(self._is_exhaustive(one, wanted) for one in chosen):
                break
            raised += 1
        machine = self._shares_machine(support, raised)
        if kept is None:
            kept = self._follow(machine)
        return [(path, machine, raised) for path in kept]

    def _is_exhaustive(self, chosen: frozenset[str], wanted: set[str]) -> bool:
        left = self.election.budget - self._cost(chosen)
        return all(self.costs[key] > left for key in wanted - chosen)

    def _rest(self, path: Path) -> list[Path]:
        """Spend what is left on what still fits, most votes first."""
        points = any(type(v.ballot).__name__ == "Points" for v in self.election.voters)
        scores = scores_of(self.election, rule="points") if points else self.scores
        rest = Greedy(
            scores={key: score for key, score in scores.items() if key not in path.selected},
            costs=self.costs, budget=self.election.budget - self._cost(path.selected),
        )  # fmt: skip
        return [
            Path(
                (*path.taken, *(replace(step, stage="greedy") for step in more.taken)),
                (*path.ties, *more.ties),
                path.end,
            )
            for more in self._follow(rest)
        ]

    def _told(self, paths: list[tuple[Path, Any, int]]) -> tuple[Outcome, ...]:
        by_set: dict[tuple[str, ...], tuple[Path, Any, int]] = {}
        for path, machine, raised in paths:
            by_set.setdefault(tuple(sorted(path.selected)), (path, machine, raised))
        alone = len(by_set) == 1 and self.ties == "refuse"
        return tuple(
            self._outcome(path, machine, raised, ties=() if alone else path.ties)
            for _, (path, machine, raised) in sorted(by_set.items())
        )

    def _outcome(
        self,
        path: Path,
        machine: Any,  # noqa: ANN401 (one of three)
        raised: int,
        *,
        ties: tuple[Tie, ...],
    ) -> Outcome:
        cost = self._cost(path.selected)
        why = _Reasons(self.election, self.scores, machine, path)
        details = {key: why.out(key) for key in sorted(self.scores) if key not in path.selected}
        left = self.election.budget
        for place, step in enumerate(path.taken, start=1):
            details[step.project_id] = why.taken(step, place, left, self.rule.name)
            left -= self.costs[step.project_id]
        return Outcome(
            rule=self.rule,
            ties_rule=self.ties,
            selected=tuple(sorted(path.selected)),
            order=tuple(step.project_id for step in path.taken),
            scores=MappingProxyType(dict(sorted(self.scores.items()))),
            values=MappingProxyType({step.project_id: step.value for step in path.taken}),
            details=MappingProxyType(dict(sorted(details.items()))),
            ties=ties,
            cost=cost,
            budget=self.election.budget,
            scale=self.election.scale,
            raised=raised,
        )


def _listed(selected: tuple[str, ...]) -> str:
    shown = ", ".join(selected[:_LISTED]) or "∅"
    return shown + (" …" if len(selected) > _LISTED else "")


@dataclass(frozen=True)
class _Amount:
    """An amount in the unit that people know, put into words with the message that holds it."""

    value: Fraction

    def say(self, lang: str = "fr", /) -> str:
        """Write it, with cents where there are some."""
        return number(float(self.value), lang, 0 if self.value.denominator == 1 else _CENTS)


@dataclass(frozen=True)
class _Reasons:
    """Why each project was taken or not."""

    election: Election
    scores: Mapping[str, Fraction]
    machine: Any
    path: Path

    def amount(self, value: Fraction | int) -> _Amount:
        return _Amount(Fraction(value) / self.election.scale)

    def taken(self, step: Taken, place: int, left: int, rule: str) -> Message:
        cost = self.amount(self.election.costs[step.project_id])
        if rule == "phragmen":
            return Message.of(
                "voting.taken_phragmen", place=place, cost=cost, load=self.amount(step.value)
            )
        if rule == "equal_shares" and not step.stage:
            return Message.of(
                "voting.taken_equal_shares", place=place, cost=cost, rate=float(step.value)
            )
        return Message.of(
            "voting.taken_by_score", place=place, cost=cost, left=self.amount(left),
            score=float(self.scores[step.project_id]),
        )  # fmt: skip

    def out(self, key: str) -> Message:
        if self.scores[key] <= 0:
            return Message.of("voting.out_unsupported")
        cost = self.election.costs[key]
        budget = self.election.budget
        left = budget - self._spent[-1]
        if cost > budget:
            text, values = "out_too_dear", {"budget": self.amount(budget)}
        elif isinstance(self.machine, EqualShares) and not self.machine.support.supporters[key]:
            return Message.of("voting.out_worthless")
        elif isinstance(self.machine, EqualShares):
            money = self.machine.money_for(self.path.end, key)
            text = "out_purse"
            values = {"money": self.amount(money), "short": self.amount(cost - money)}
        elif isinstance(self.machine, Phragmen):
            load = self.machine.load_of(self.path.end, key)
            text, values = "out_stopped", {"load": self.amount(load), "left": self.amount(left)}
        else:
            text, values = "out_no_room", {"left": self.amount(self._left_at(key))}
        return Message.of(f"voting.{text}", cost=self.amount(cost), **values)

    def _left_at(self, key: str) -> int:
        """Return the money left once every better or equal project had its turn."""
        before = bisect_right(self.path.taken, -self.scores[key], key=lambda step: -step.value)
        return self.election.budget - self._spent[before]

    @cached_property
    def _spent(self) -> list[int]:
        costs = (self.election.costs[step.project_id] for step in self.path.taken)
        return list(accumulate(costs, initial=0))

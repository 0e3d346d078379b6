"""Rules over years asked first of the few sectors that can matter to what must open.

Where no rule is helped by more that opens, only what is required matters, and what it can be
reached through: what holds there holds everywhere.  Least amounts and parity are helped by other
sectors: without these rules the few tell what can't hold; with them, and with the sectors that help
them most, what can.  The whole region is asked only where these aren't enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceProblem, Contiguity
from planner.conflict._model import SoftModel, SoftResult
from planner.conflict._rules import Rule, RuleKind
from planner.dated import DatedProblem

__all__ = ["LeanModel", "useful_to_demands"]

Flags = npt.NDArray[np.bool_]

_HELPERS = 60  # sectors that are tried to help a rule
_WIDE = 3_000  # candidates × years above which the least that rules give isn't asked of them all


class LeanModel:
    """Answers as a :class:`SoftModel` of a question with years does, by less work.

    Parameters
    ----------
    problem
        The question.
    rules
        Its rules.
    """

    def __init__(self, problem: DatedProblem, rules: tuple[Rule, ...]) -> None:
        self.problem, self.dated, self.rules = problem.whole, problem, rules
        few = useful_to_demands(problem.whole)
        self.few = SoftModel(problem.whole, rules, problem, open_to=few)
        self.more: SoftModel | None = None  # made when they are needed
        self.every: SoftModel | None = None
        self.helped = {rule.name for rule in rules if _is_helped(problem.whole, rule)}
        self.helped |= {
            rule.name for rule in rules
            if rule.kind is RuleKind.YEAR and (problem.limits[rule.position].coefficients < 0).any()
        }  # fmt: skip

    def solve(
        self,
        *,
        hard: Iterable[str],
        droppable: Iterable[str] = (),
        giving: Mapping[str, int] | None = None,
    ) -> SoftResult:
        """Keep the hard rules; drop or stretch the others as little as can be.

        Parameters
        ----------
        hard, droppable, giving
            As for :meth:`SoftModel.solve`.
        """
        must, soft, loose = set(hard), set(droppable), dict(giving or {})
        helped = self.helped & {*must, *soft, *loose}
        less = self.few.solve(
            hard=must - helped, droppable=soft - helped,
            giving={name: unit for name, unit in loose.items() if name not in helped},
        )  # fmt: skip
        if not less.feasible or not helped:
            return less
        if self.more is None:
            self.more = self._with_helpers()
        more = self.more.solve(hard=must, droppable=soft, giving=loose)
        if more.feasible:  # the least it gives lies between the two
            return replace(more, bound=min(less.bound, _price(more, loose)))
        if (soft or loose) and self.few.opening > _WIDE:
            return SoftResult(feasible=None, given={})
        if self.every is None:
            self.every = SoftModel(self.problem, self.rules, self.dated)
        return self.every.solve(hard=must, droppable=soft, giving=loose)

    def _with_helpers(self) -> SoftModel:
        """Return the model of the few, and of reached sectors that help the rules that are."""
        whole, some = self.problem, useful_to_demands(self.problem)
        able = np.flatnonzero(whole.reached & ~whole.refused & ~some)
        for rule in self.rules:
            if rule.name in self.helped and rule.kind is not RuleKind.YEAR:
                sign = -1 if rule.kind is RuleKind.LOWER else 1
                use = sign * whole.limits[rule.position].coefficients[able]
                first = able[np.argsort(use, kind="stable")][: int((use < 0).sum())]
                some[first[:: max(1, len(first) // _HELPERS)]] = True  # large ones and small ones
        return SoftModel(whole, self.rules, self.dated, open_to=some)


def _price(result: SoftResult, giving: Mapping[str, int]) -> int:
    return len(result.dropped) + sum(giving[name] * much for name, much in result.given.items())


def _is_helped(problem: ChoiceProblem, rule: Rule) -> bool:
    """Whether more that opens can help a rule of the whole to hold."""
    if rule.kind is RuleKind.LOWER:
        return True
    if rule.kind is not RuleKind.UPPER:
        return False
    return bool((problem.limits[rule.position].coefficients < 0).any())


def useful_to_demands(problem: ChoiceProblem) -> Flags:
    """Return the required candidates, and those through which they can be reached.

    Parameters
    ----------
    problem
        The question; which sectors are refused doesn't count, for a refusal may be lifted.

    Returns
    -------
    array of bool, shape (candidates,)
    """
    if problem.contiguity is Contiguity.NONE:
        return problem.required.copy()
    if problem.contiguity is Contiguity.FEEDER:
        return _with_feeders(problem)
    edges = problem.edges
    if problem.contiguity is Contiguity.WITHIN_EPCI:
        edges = edges[problem.decider[edges[:, 0]] == problem.decider[edges[:, 1]]]
    near: list[list[int]] = [[] for _ in range(problem.candidates_count)]
    for one, other in edges.tolist():
        near[one].append(other)
        near[other].append(one)
    useful = problem.required.copy()
    waiting = np.flatnonzero(useful & ~problem.reached).tolist()
    while waiting:  # as far as the first reached sector of each way
        for other in near[waiting.pop()]:
            if not useful[other]:
                useful[other] = True
                if not problem.reached[other]:
                    waiting.append(other)
    return useful


def _with_feeders(problem: ChoiceProblem) -> Flags:
    useful = problem.required.copy()
    waiting = np.flatnonzero(useful).tolist()
    while waiting:
        first = int(problem.feeder[waiting.pop()])
        if first >= 0 and not useful[first]:
            useful[first] = True
            waiting.append(first)
    return useful

"""Rules by score: projects by decreasing score, each taken if it still fits, else passed over."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

__all__ = ["Greedy", "GreedyState"]

GreedyState = tuple[frozenset[str], int]
"""What is still open, and the money left."""


@dataclass(frozen=True, kw_only=True)
class Greedy:
    """The machine of a rule by score.

    Parameters
    ----------
    scores
        Project to score; nobody's project (zero or less) is never taken.
    costs
        Project to cost.
    budget
        Money to spend.
    """

    scores: Mapping[str, Fraction]
    costs: Mapping[str, int]
    budget: int

    def start(self) -> GreedyState:
        """Begin with every supported project."""
        return frozenset(key for key, score in self.scores.items() if score > 0), self.budget

    def choices(self, state: GreedyState) -> tuple[Sequence[str], Fraction]:
        """Return the best of what still fits; alone when all the tied fit together."""
        open_keys, left = state
        fitting = [key for key in open_keys if self.costs[key] <= left]
        if not fitting:
            return (), Fraction(0)
        best = max(self.scores[key] for key in fitting)
        tied = sorted(key for key in fitting if self.scores[key] == best)
        if sum(self.costs[key] for key in tied) <= left:
            return tied[:1], best
        return tied, best

    def take(self, state: GreedyState, key: str, value: Fraction) -> GreedyState:  # noqa: ARG002
        """Take one."""
        open_keys, left = state
        return open_keys - {key}, left - self.costs[key]

    def mark(self, state: GreedyState) -> Hashable:
        """Return the money left: with what was taken, it is the whole state."""
        return state[1]

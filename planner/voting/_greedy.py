"""Rules by score: projects by decreasing score, each taken if it still fits, else passed over."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import groupby

__all__ = ["Greedy", "GreedyState"]

GreedyState = tuple[int, frozenset[str], int]
"""Place among the scores, projects of that score still open, money left."""


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

    @cached_property
    def classes(self) -> list[tuple[Fraction, tuple[str, ...]]]:
        """Projects of one score together, the highest score first."""
        supported = [(score, key) for key, score in self.scores.items() if score > 0]
        ordered = sorted(supported, key=lambda pair: (-pair[0], pair[1]))
        grouped = groupby(ordered, key=lambda pair: pair[0])
        return [(score, tuple(key for _, key in pairs)) for score, pairs in grouped]

    def start(self) -> GreedyState:
        """Begin with every supported project."""
        first = frozenset(self.classes[0][1]) if self.classes else frozenset()
        return 0, first, self.budget

    def choices(self, state: GreedyState) -> tuple[Sequence[str], Fraction]:
        """Return the best of what still fits; alone when all the tied fit together."""
        place, open_keys, left = self._next(state)
        if not open_keys:
            return (), Fraction(0)
        tied = sorted(open_keys)
        score = self.classes[place][0]
        if sum(self.costs[key] for key in tied) <= left:
            return tied[:1], score
        return tied, score

    def _next(self, state: GreedyState) -> GreedyState:
        """Go to the next score of which something still fits."""
        place, open_keys, left = state
        fitting = frozenset(key for key in open_keys if self.costs[key] <= left)
        while not fitting and place + 1 < len(self.classes):
            place += 1
            fitting = frozenset(key for key in self.classes[place][1] if self.costs[key] <= left)
        return place, fitting, left

    def take(self, state: GreedyState, key: str, value: Fraction) -> GreedyState:  # noqa: ARG002
        """Take one."""
        place, open_keys, left = self._next(state)
        return place, open_keys - {key}, left - self.costs[key]

    def mark(self, state: GreedyState) -> Hashable:
        """Return the money left: with what was taken, it is the whole state."""
        return state[2]

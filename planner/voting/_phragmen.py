"""The sequential rule of Phragmén, in whole numbers.

Every voter earns money at the same pace; as soon as the supporters of a project have its cost
together, they buy it.  The rule stops when a project about to be bought no longer fits in the
budget.  (Los, Christoff and Grossi, "Proportional budget allocations: towards a systematization",
2022.)  Said with loads: each supporter of what is bought ends at the load (Σ loads + cost) /
weight, and the project of smallest such load comes next.

Whoever supports what was bought last bears one load: there are no more loads than purchases, and
each voter is held as the purchase that loaded it last.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from planner.voting._support import Support

__all__ = ["Loads", "Phragmen"]

_MOST_WEIGHT: Final = 2**62
"""Sums of weights below are exact in whole numbers of 64 bits; above, Python's own are used."""


@dataclass(frozen=True)
class Loads:
    """Load of each group, a voter, as the purchase that gave it; what is open and left.

    ``loads`` has the load of each purchase, the first being none at all; ``last`` points into it,
    group by group.  ``known`` holds, for each project still open, a load that it can't be bought
    under: loads only grow, so the last one computed is one.  It only spares work, and is brought up
    to date as loads are computed.
    """

    loads: tuple[Fraction, ...]
    last: NDArray[np.int32]
    known: dict[str, Fraction]
    left: int


@dataclass(frozen=True, kw_only=True)
class Phragmen:
    """The machine of the sequential rule.

    Parameters
    ----------
    support
        Who approves what.
    costs
        Project to cost; one above the budget is out from the start.
    budget
        Money to spend.
    """

    support: Support
    costs: Mapping[str, int]
    budget: int

    @cached_property
    def _groups(self) -> dict[str, NDArray[np.int64]]:
        """Project to its supporters."""
        return {
            key: np.array([group for group, _ in rows], np.int64)
            for key, rows in self.support.supporters.items()
        }

    @cached_property
    def _weights(self) -> NDArray[Any]:
        weights = self.support.weights
        return np.array(weights, np.int64 if sum(weights) < _MOST_WEIGHT else object)

    def start(self) -> Loads:
        """Begin without loads."""
        weights = self.support.weights
        known = {
            key: Fraction(self.costs[key], sum(weights[group] for group, _ in rows))
            for key, rows in self.support.supporters.items()
            if rows and self.costs[key] <= self.budget
        }
        return Loads((Fraction(0),), np.zeros(len(weights), np.int32), known, self.budget)

    def load_of(self, state: Loads, key: str) -> Fraction:
        """Return the load at which a project would be bought."""
        groups = self._groups[key]
        weights = np.zeros(len(state.loads), self._weights.dtype)
        np.add.at(weights, state.last[groups], self._weights[groups])
        borne = {place: int(weights[place]) for place in np.flatnonzero(weights).tolist()}
        over = lcm(*(state.loads[place].denominator for place in borne))
        carried = sum(
            weight * state.loads[place].numerator * (over // state.loads[place].denominator)
            for place, weight in borne.items()
        )
        return Fraction(carried + self.costs[key] * over, sum(borne.values()) * over)

    def choices(self, state: Loads) -> tuple[Sequence[str], Fraction]:
        """Return the projects bought first; none when one of them no longer fits."""
        best: Fraction | None = None
        tied: list[str] = []
        for bound, key in sorted((bound, key) for key, bound in state.known.items()):
            if best is not None and bound > best:
                break
            load = state.known[key] = self.load_of(state, key)
            if best is None or load < best:
                best, tied = load, [key]
            elif load == best:
                tied.append(key)
        if best is None:
            return (), Fraction(0)
        tied.sort()
        if any(self.costs[key] > state.left for key in tied):
            return (), best
        if len(tied) > 1 and sum(self.costs[key] for key in tied) <= state.left:
            groups = {key: {group for group, _ in self.support.supporters[key]} for key in tied}
            for key in tied:
                if all(other == key or not groups[key] & groups[other] for other in tied):
                    return [key], best
        return tied, best

    def take(self, state: Loads, key: str, value: Fraction) -> Loads:
        """Buy a project at the load ``value``."""
        last = state.last.copy()
        last[self._groups[key]] = len(state.loads)
        known = {other: bound for other, bound in state.known.items() if other != key}
        return Loads((*state.loads, value), last, known, state.left - self.costs[key])

    def mark(self, state: Loads) -> Hashable:
        """Return the loads that are borne, each once, and who bears which."""
        borne = sorted({state.loads[place] for place in np.unique(state.last).tolist()})
        place_of = {load: place for place, load in enumerate(borne)}
        rank = np.array([place_of.get(load, -1) for load in state.loads], np.int32)
        return tuple(borne), rank[state.last].tobytes()

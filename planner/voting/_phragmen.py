"""The sequential rule of Phragmén, in whole numbers.

Every voter earns money at the same pace; as soon as the supporters of a project have its cost
together, they buy it.  The rule stops when a project about to be bought no longer fits in the
budget.  (Los, Christoff and Grossi, "Proportional budget allocations: towards a systematization",
2022.)  Said with loads: each supporter of what is bought ends at the load (Σ loads + cost) /
weight, and the project of smallest such load comes next.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

from planner.voting._support import Support

__all__ = ["Loads", "Phragmen"]


@dataclass(frozen=True)
class Loads:
    """Load of each group, a voter, as whole numbers over one denominator; what is open and left.

    ``known`` holds, for each project still open, a load that it can't be bought under: loads only
    grow, so the last one computed is one.  It only spares work, and is brought up to date as loads
    are computed.
    """

    loads: tuple[int, ...]
    over: int
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

    def start(self) -> Loads:
        """Begin without loads."""
        weights = self.support.weights
        known = {
            key: Fraction(self.costs[key], sum(weights[group] for group, _ in rows))
            for key, rows in self.support.supporters.items()
            if rows and self.costs[key] <= self.budget
        }
        return Loads((0,) * len(weights), 1, known, self.budget)

    def load_of(self, state: Loads, key: str) -> Fraction:
        """Return the load at which a project would be bought."""
        rows = self.support.supporters[key]
        weights = self.support.weights
        carried = sum(weights[group] * state.loads[group] for group, _ in rows)
        weight = sum(weights[group] for group, _ in rows)
        return Fraction(carried + self.costs[key] * state.over, weight * state.over)

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
        over = lcm(state.over, value.denominator)
        loads = [load * (over // state.over) for load in state.loads]
        for group, _ in self.support.supporters[key]:
            loads[group] = value.numerator * (over // value.denominator)
        known = {other: bound for other, bound in state.known.items() if other != key}
        return Loads(tuple(loads), over, known, state.left - self.costs[key])

    def mark(self, state: Loads) -> Hashable:
        """Return the loads in lowest terms."""
        common = gcd(state.over, *state.loads)
        return state.over // common, tuple(load // common for load in state.loads)

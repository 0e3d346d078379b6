"""The Method of Equal Shares, in whole numbers.

Each voter has an equal share of the budget.  A project is affordable at a rate when its supporters
pay its cost together, each rate × (what it is worth to them) or all that they have left; the
project of smallest rate is bought, and so on.  (Peters, Pierczyński and Skowron, "Proportional
participatory budgeting with additive utilities", 2021.)

The money of all voters is held as whole numbers over one denominator, so that comparing and adding
is exact and quick.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import Final

from planner.voting._support import Support

__all__ = ["EqualShares", "Purse"]

_LONG_BITS: Final = 512


@dataclass(frozen=True)
class Purse:
    """Money of each group, a voter, as whole numbers over one denominator; what may be bought.

    ``known`` holds, for each project that may still be bought, a rate that it can't be under: money
    only shrinks, so the last rate computed is one.  It only spares work, and is brought up to date
    as rates are computed.
    """

    money: tuple[int, ...]
    over: int
    known: dict[str, Fraction]


@dataclass(frozen=True, kw_only=True)
class EqualShares:
    """The machine of Equal Shares.

    Parameters
    ----------
    support
        Who supports what.
    costs
        Project to cost.
    share
        Money of one unit of weight.
    """

    support: Support
    costs: Mapping[str, int]
    share: Fraction

    def start(self) -> Purse:
        """Give everyone the same share."""
        known = {
            key: Fraction(self.costs[key], self.support.total_worth(key))
            for key, rows in self.support.supporters.items()
            if rows
        }
        count = len(self.support.weights)
        return Purse((self.share.numerator,) * count, self.share.denominator, known)

    def choices(self, state: Purse) -> tuple[Sequence[str], Fraction]:
        """Return the projects of smallest rate; one whose supporters no other needs comes alone."""
        best: Fraction | None = None
        tied: list[str] = []
        for bound, key in sorted((bound, key) for key, bound in state.known.items()):
            if best is not None and bound > best:
                break
            rate = self.affordable_at(state, key)
            if rate is None:
                del state.known[key]
                continue
            state.known[key] = rate
            if best is None or rate < best:
                best, tied = rate, [key]
            elif rate == best:
                tied.append(key)
        if best is None:
            return (), Fraction(0)
        return self._alone(sorted(tied)), best

    def _alone(self, tied: list[str]) -> list[str]:
        if len(tied) == 1 or not any(self.costs[key] for key in tied):  # no one pays anything
            return tied[:1]
        groups = {key: {group for group, _ in self.support.supporters[key]} for key in tied}
        for key in tied:
            if all(other == key or not groups[key] & groups[other] for other in tied):
                return [key]
        return tied

    def affordable_at(self, state: Purse, key: str) -> Fraction | None:
        """Return the rate of a project, or None when its supporters can't pay it together."""
        rows = self.support.supporters[key]
        weights, money = self.support.weights, state.money
        due = self.costs[key] * state.over
        if sum(weights[group] * money[group] for group, _ in rows) < due:
            return None
        worth = sum(weights[group] * value for group, value in rows)
        if all(due * value <= money[group] * worth for group, value in rows):
            return Fraction(due, worth * state.over)
        for group, value in _poorest_first(rows, money):
            if due * value <= money[group] * worth:
                return Fraction(due, worth * state.over)
            due -= weights[group] * money[group]
            worth -= weights[group] * value
        return None  # no supporter at all

    def take(self, state: Purse, key: str, value: Fraction) -> Purse:
        """Buy a project at rate = ``value``."""
        over = lcm(state.over, value.denominator)
        factor, price = over // state.over, value.numerator * (over // value.denominator)
        money = [amount * factor for amount in state.money]
        for group, worth in self.support.supporters[key]:
            money[group] -= min(money[group], price * worth)
        if over.bit_length() > _LONG_BITS:
            common = gcd(over, *money)
            over, money = over // common, [amount // common for amount in money]
        known = {other: rate for other, rate in state.known.items() if other != key}
        return Purse(tuple(money), over, known)

    def mark(self, state: Purse) -> Hashable:
        """Return the money left, in lowest terms."""
        common = gcd(state.over, *state.money)
        return state.over // common, tuple(amount // common for amount in state.money)

    def money_for(self, state: Purse, key: str) -> Fraction:
        """Return what the supporters of a project have left together."""
        rows = self.support.supporters[key]
        left = sum(self.support.weights[group] * state.money[group] for group, _ in rows)
        return Fraction(left, state.over)


def _poorest_first(
    rows: Sequence[tuple[int, int]], money: Sequence[int]
) -> Sequence[tuple[int, int]]:
    """Sort supporters by money a worth: by whole numbers where all worths are the same."""
    first = rows[0][1]
    if all(value == first for _, value in rows):
        return sorted(rows, key=lambda row: money[row[0]])
    whole = lcm(*(value for _, value in rows))
    return sorted(rows, key=lambda row: money[row[0]] * (whole // row[1]))

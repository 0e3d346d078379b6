"""Equal Shares in intervals: what can be told for certain without exact numbers, and nothing else.

Raising every voter's money one unit at a time runs the rule hundreds of times, and only the last
run is an answer.  Here each voter's money is an interval that holds the exact amount, rounded
outwards at every step; a project's rate is an interval too.  A step is taken only if it is the same
for every amount in the intervals; rates that can't be told apart are compared exactly where nobody
pays all that is left (cost / worth, whatever the money is), and ties that no named rule breaks are
followed one by one; else the run is given up (None) and is made exactly.  So no rounding decides,
and the outcome that is handed back is always an exact one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from planner.voting._support import Support

__all__ = ["CertainShares"]

_EPS: Final = float(np.finfo(np.float64).eps)
_WHOLE: Final = 2**53
"""Whole numbers up to here are floats without loss."""
_PAD: Final = 8 * _EPS
"""Outward rounding of a few operations on positive numbers, relative."""

_MOST_OPEN: Final = 64
"""Ways that ties leave open, at once, beyond which the exact run takes over."""

_Floats = NDArray[np.float64]


class _Unsure(Exception):  # noqa: N818 (not an error: the exact run takes over)
    """What intervals can't tell."""


@dataclass(frozen=True)
class _Rate:
    """An interval that holds a rate; ``exact`` where nobody is asked for all that is left."""

    low: float
    high: float
    exact: Fraction | None


@dataclass(frozen=True)
class _Rows:
    """The supporters of a project."""

    groups: NDArray[np.int64]
    worth: _Floats
    weighted: _Floats  # weight × worth
    weights: _Floats
    cost: int
    total: int  # Σ weight × worth
    slack: float  # of a sum over them, as an amount


@dataclass
class _Purses:
    low: _Floats
    high: _Floats
    bounds: dict[str, float] = field(default_factory=dict)

    def copy(self) -> _Purses:
        """Return the same money, to be spent in another way."""
        return _Purses(self.low.copy(), self.high.copy(), dict(self.bounds))


class CertainShares:
    """Run Equal Shares in intervals for one support and many shares.

    Parameters
    ----------
    support
        Who supports what.
    costs
        Project to cost.
    order
        Sort key of the named rule of ties; None where ties are not to be broken, but followed.
    """

    def __init__(
        self, support: Support, costs: Mapping[str, int], order: Callable[[str], Any] | None
    ) -> None:
        self.order = order
        self.size = len(support.weights)
        self.rows: dict[str, _Rows] = {}
        weights = np.array([min(weight, _WHOLE) for weight in support.weights], np.float64)
        self.fits = all(weight < _WHOLE for weight in support.weights)
        for key, rows in support.supporters.items():
            if not rows:
                continue
            total = support.total_worth(key)
            self.fits &= total < _WHOLE and costs[key] < _WHOLE
            if not self.fits:
                return
            groups = np.array([group for group, _ in rows], np.int64)
            worth = np.array([value for _, value in rows], np.float64)
            own = weights[groups]
            self.rows[key] = _Rows(
                groups, worth, own * worth, own, costs[key], total,
                4 * (len(rows) + 8) * _EPS * costs[key],
            )  # fmt: skip

    def outcomes(self, share: Fraction) -> frozenset[frozenset[str]] | None:
        """Return what the rule may choose, or None where intervals can't tell.

        Without a named rule of ties, that is one set of projects for each way that ties end.

        Parameters
        ----------
        share
            Money of one unit of weight.
        """
        if not self.fits:
            return None
        money = float(share)
        if not 0 <= money < _WHOLE:
            return None
        purses = _Purses(
            np.full(self.size, money * (1 - _PAD)), np.full(self.size, money * (1 + _PAD)),
            {key: rows.cost / rows.total * (1 - _PAD) for key, rows in self.rows.items()},
        )  # fmt: skip
        ends: set[frozenset[str]] = set()
        pending: list[tuple[_Purses, frozenset[str]]] = [(purses, frozenset())]
        try:
            while pending:
                purses, taken = pending.pop()
                found = self._next(purses)
                if not found:
                    ends.add(taken)
                    continue
                if len(pending) + len(found) > _MOST_OPEN:
                    return None
                for key, rate in found.items():
                    after = purses if len(found) == 1 else purses.copy()
                    self._buy(after, key, rate)
                    pending.append((after, taken | {key}))
        except _Unsure:
            return None
        return frozenset(ends)

    def _next(self, purses: _Purses) -> dict[str, _Rate]:
        """Return what may be bought next: one project, several where a tie is open, or none."""
        rates: dict[str, _Rate] = {}
        best = np.inf
        for bound, key in sorted((bound, key) for key, bound in purses.bounds.items()):
            if bound > best:
                break
            rate = self._rate(purses, key)
            if rate is None:
                del purses.bounds[key]
                continue
            purses.bounds[key] = rate.low
            rates[key] = rate
            best = min(best, rate.high)
        near = {key: rate for key, rate in rates.items() if rate.low <= best}
        if len(near) > 1:
            near = self._least(near)
        if len(near) < 2:  # noqa: PLR2004 (a tie is of two)
            return near
        key = min(near, key=self.order)
        if self.order is None and not self._go_together(purses, near):
            return near
        return {key: near[key]}

    def _least(self, near: Mapping[str, _Rate]) -> dict[str, _Rate]:
        """Keep those of least rate among rates that overlap, compared exactly, or give up."""
        exact = {key: rate.exact for key, rate in near.items() if rate.exact is not None}
        if len(exact) < len(near):
            raise _Unsure
        least = min(exact.values())
        return {key: near[key] for key, value in exact.items() if value == least}

    def _go_together(self, purses: _Purses, tied: Mapping[str, _Rate]) -> bool:
        """Say whether tied projects are all bought, at one rate, in whatever order they come.

        So it is where each voter can surely pay a full share of all of them: rates never fall, so
        nothing comes between them.
        """
        asked = np.zeros(self.size)
        for key, rate in tied.items():
            rows = self.rows[key]
            asked[rows.groups] += rate.high * rows.worth * (1 + _PAD)
        return bool(np.all(purses.low >= asked * (1 + len(tied) * _PAD)))

    def _rate(self, purses: _Purses, key: str) -> _Rate | None:
        """Return the rate of a project, None where its supporters surely can't pay it."""
        rows = self.rows[key]
        low, high = purses.low[rows.groups], purses.high[rows.groups]
        alone = rows.cost / rows.total
        if bool(np.all(low >= alone * (1 + _PAD) * rows.worth * (1 + _PAD))):
            exact = Fraction(rows.cost, rows.total)
            return _Rate(alone * (1 - _PAD), alone * (1 + _PAD), exact)
        if float(rows.weights @ high) * (1 + len(high) * _EPS) + rows.slack < rows.cost:
            return None
        at_most = _root(rows, low, rows.cost + rows.slack)
        if at_most is None:
            raise _Unsure
        at_least = _root(rows, high, rows.cost - rows.slack) or 0.0
        return _Rate(at_least * (1 - _PAD), at_most * (1 + _PAD), None)

    def _buy(self, purses: _Purses, key: str, rate: _Rate) -> None:
        rows = self.rows[key]
        low, high = purses.low[rows.groups], purses.high[rows.groups]
        pad = _PAD * high
        purses.low[rows.groups] = np.maximum(low - rate.high * rows.worth - pad, 0.0)
        purses.high[rows.groups] = np.maximum(high - rate.low * rows.worth + pad, 0.0)
        del purses.bounds[key]


def _root(rows: _Rows, money: _Floats, due: float) -> float | None:
    """Return the rate at which supporters with this money pay ``due``; None where they can't.

    Σ weight × min(money, rate × worth) is concave in the rate: from the left, each step of Newton
    stays on the left, and ends where no further supporter is asked for all that is left.
    """
    rate = due / rows.total
    poor = 0
    while True:
        spent = money <= rate * rows.worth
        count = int(np.count_nonzero(spent))
        if count == len(money):
            return None
        if count <= poor:
            return rate
        poor = count
        left = due - float(rows.weights[spent] @ money[spent])
        rate = max(rate, left / float(rows.weighted[~spent].sum()))

"""A bound: capacities and budgets priced (Lagrange), the forest of precedence solved exactly.

With prices on the limits, what is left is one shortest choice along each tree, which has integer
vertices: the best prices give the value of the time-indexed linear programme, and any prices a
valid bound.  Prices are found by subgradients of Polyak's step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.works._model import Floats, Ints, Model

__all__ = ["Bound", "Priced"]

_FAR = 1e18
_STALLED = 5  # steps without progress after which they are shortened
_FLAT = 1e-14
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


class Priced:
    """Solves the forest of precedence at given prices."""

    def __init__(self, model: Model) -> None:
        self.model = model
        quarter = np.arange(model.horizon)
        self._allowed = (quarter >= model.earliest[:, None]) & (quarter <= model.latest[:, None])
        first = np.array([limit.first for limit in model.limits])[:, None]
        last = np.array([limit.last for limit in model.limits])[:, None]
        self._bears = ((quarter >= first) & (quarter <= last)).astype(np.float64)
        self._delay = model.weight[:, None] * quarter[None, :].astype(np.float64)

    def solve(self, prices: Floats) -> tuple[float, Ints]:
        """Return the least priced value and the openings that reach it."""
        model = self.model
        # kinds share their amounts: one outer product for each different row of amounts
        charge = np.zeros((len(model.keys), model.horizon))
        for amounts, rows in self._groups():
            charge += np.outer(amounts, prices[rows] @ self._bears[rows])
        cost = np.where(self._allowed, self._delay + charge, _FAR)
        best_at = np.zeros((len(model.keys), model.horizon), dtype=np.int64)
        for members in reversed(model.generations[1:]):
            least, argument = _window_least(cost[members], model.after, model.within)
            best_at[members] = argument
            np.add.at(cost, model.parent[members], least)
        opening = np.zeros(len(model.keys), dtype=np.int64)
        roots = model.generations[0]
        opening[roots] = cost[roots].argmin(axis=1)
        total = float(cost[roots, opening[roots]].sum())
        for members in model.generations[1:]:
            opening[members] = best_at[members, opening[model.parent[members]]]
        return total - float(prices @ model.most), opening

    def _groups(self) -> list[tuple[Floats, Ints]]:
        if not hasattr(self, "_cached"):
            found: dict[bytes, list[int]] = {}
            for row, amounts in enumerate(self.model.amounts):
                found.setdefault(amounts.tobytes(), []).append(row)
            self._cached = [
                (self.model.amounts[rows[0]], np.array(rows)) for rows in found.values()
            ]
        return self._cached


def _window_least(cost: Floats, after: int, within: int) -> tuple[Floats, Ints]:
    """For each quarter of the parent, the best quarter of the child in its window."""
    count, horizon = cost.shape
    least = np.full((count, horizon), _FAR)
    where = np.zeros((count, horizon), dtype=np.int64)
    if within >= horizon - 1:
        running, at = np.full(count, _FAR), np.zeros(count, dtype=np.int64)
        for quarter in range(horizon - 1, after - 1, -1):
            better = cost[:, quarter] <= running
            running = np.where(better, cost[:, quarter], running)
            at = np.where(better, quarter, at)
            least[:, quarter - after], where[:, quarter - after] = running, at
        return least, where
    for quarter in range(horizon - after):
        window = cost[:, quarter + after : quarter + within + 1]
        at = window.argmin(axis=1)
        where[:, quarter] = at + quarter + after
        least[:, quarter] = np.take_along_axis(window, at[:, None], axis=1)[:, 0]
    return least, where


@dataclass
class Bound:
    """Prices on the way to the best ones."""

    priced: Priced
    prices: Floats
    best: float = -np.inf
    best_prices: Floats | None = None
    mean: NDArray[np.float64] | None = None
    stride: float = 0.3

    @classmethod
    def start(cls, model: Model) -> Bound:
        """Begin at no price."""
        return cls(Priced(model), np.zeros(len(model.limits)))

    def from_schedule(self, opening: Ints) -> None:
        """Begin at the prices that would make a schedule's own order pay, where they are better.

        On one limit, a place in quarter t is worth what waiting costs to those that come later: the
        sum of their weight for each unit.  Each kind of limit is tried alone, then with another.
        """
        model = self.priced.model
        kinds = sorted({limit.kind for limit in model.limits})
        alone = [self._alone(kind, opening) for kind in kinds]
        tried = [
            share * one + (1.0 - share) * other
            for number, one in enumerate(alone)
            for other in alone[number:]
            for share in _SHARES
        ]
        for prices in tried:
            value, _ = self.priced.solve(prices)
            if value > self.best:
                self.best, self.best_prices = value, prices

    def _alone(self, kind: str, opening: Ints) -> Floats:
        model = self.priced.model
        prices = np.zeros(len(model.limits))
        rows = [row for row, limit in enumerate(model.limits) if limit.kind == kind]
        amounts, placed = model.amounts[rows[0]], opening >= 0
        weight = np.bincount(opening[placed], model.weight[placed], model.horizon)
        amount = np.bincount(opening[placed], amounts[placed], model.horizon)
        worth = np.divide(weight, amount, out=np.zeros(model.horizon), where=amount > 0)
        later = np.concatenate([np.cumsum(worth[::-1])[::-1], [0.0]])
        covers = np.zeros(model.horizon)
        spans = []
        for row in rows:
            limit = model.limits[row]
            span = np.arange(max(limit.first, 0), min(limit.last, model.horizon - 1) + 1)
            covers[span] += 1.0
            spans.append(span)
        for row, span in zip(rows, spans, strict=True):
            if len(span):
                middle = (later[span] + later[span + 1]) / 2.0 / covers[span]
                prices[row] = float(middle.mean())
        return prices

    def improve(self, *, target: float, rounds: int) -> None:
        """Take ``rounds`` steps towards ``target``, a value that some schedule reaches."""
        model = self.priced.model
        scale = np.maximum(model.most, 1.0)
        stalled = 0
        direction = np.zeros(len(model.limits))
        prices = self.prices if self.best_prices is None else self.best_prices
        for _ in range(rounds):
            value, opening = self.priced.solve(prices)
            self.mean = (
                opening.astype(float) if self.mean is None else 0.97 * self.mean + 0.03 * opening
            )
            if value > self.best:
                self.best, self.best_prices, stalled = value, prices, 0
            else:
                stalled += 1
                if stalled == _STALLED:
                    # back to the best prices, in shorter steps
                    self.stride, stalled = self.stride * 0.85, 0
                    prices = prices if self.best_prices is None else self.best_prices
                    direction = np.zeros(len(model.limits))
                    continue
            slope = (model.use(opening) - model.most) / scale
            direction = 0.3 * slope + 0.7 * direction
            length = float(direction @ direction)
            if length < _FLAT or target <= value:
                break
            step = self.stride * (target - value) / length
            prices = np.maximum(0.0, prices * scale + step * direction) / scale

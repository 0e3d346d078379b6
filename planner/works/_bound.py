"""A bound: columns by tree of precedence, priced exactly, until the linear programme is solved.

A column is one way to open all the sectors of a tree; the master shares the limits out between
trees, and its dual prices call for better columns (Dantzig and Wolfe).  Every round of pricing
gives a valid bound; prices are held near the best ones so far, without which they would swing
(smoothing of Wentges).  The bound is that of the time-indexed linear programme.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import highspy
import numpy as np
import scipy.sparse

from planner.solver import new_highs
from planner.works._model import Floats, Ints, Model
from planner.works._priced import Priced

__all__ = ["Bound", "find_bound"]

_SMOOTH: Final = 0.5
_SHARES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
_THOUSANDTHS: Final = 1000.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Bound:
    """What the linear programme says.

    Parameters
    ----------
    value
        No schedule has less weighted delay, penalties of what is never opened included.
    prices
        Delay that one more unit of each limit would save.
    shares
        One row a sector, one column a quarter (the last one is « never »): how much of it the
        programme opens then.
    """

    value: float
    prices: Floats
    shares: Floats


def find_bound(model: Model, start: Ints, *, target_share: float, rounds: int) -> Bound:
    """Generate columns until the bound stands within ``target_share`` of the master's value.

    Parameters
    ----------
    start
        Openings of a first schedule, -1 for what it doesn't place; its prices are tried first.
    """
    priced = Priced(model)
    never = np.where(model.fixed, model.earliest, model.horizon)
    if not model.limits:
        value, opening = priced.solve(np.zeros(0))
        shares = np.zeros((len(model.keys), model.horizon + 1))
        shares[np.arange(len(model.keys)), opening] = 1.0
        return Bound(value=value, prices=np.zeros(0), shares=shares)
    master = _Master(priced)
    best, centre = _first_prices(priced, start)
    master.add(never)
    master.add(_closed(model, start))
    master.add(priced.solve(centre)[1])
    for _ in range(rounds):
        value, prices = master.solve()
        prices = _SMOOTH * centre + (1.0 - _SMOOTH) * prices
        found, opening = priced.solve(prices)
        if found > best:
            best, centre = found, prices
        if value - best <= target_share * max(abs(value), 1.0):
            break
        master.add(opening)
    master.solve()
    return Bound(value=best, prices=centre, shares=master.shares())


def _closed(model: Model, opening: Ints) -> Ints:
    """Never open what waits for what is never opened."""
    opening = np.where(opening < 0, model.horizon, opening)
    for members in model.generations[1:]:
        waits = opening[model.parent[members]] >= model.horizon
        opening[members] = np.where(waits, model.horizon, opening[members])
    return opening


class _Master:
    """The linear programme over the columns found so far."""

    def __init__(self, priced: Priced) -> None:
        self.priced = priced
        model = priced.model
        self.trees = int(priced.tree.max()) + 1
        # in thousandths of a limit and in mean weights, so that all numbers are of one size
        self._size = np.maximum(model.most, 1.0) / _THOUSANDTHS
        self._unit = max(float(model.weight.mean()), 1e-9)
        self._openings: list[Ints] = []
        self._solver = new_highs()
        count = len(model.limits)
        most = np.concatenate([model.most / self._size, np.ones(self.trees)])
        least = np.concatenate([np.full(count, -highspy.kHighsInf), np.ones(self.trees)])
        rows = count + self.trees
        nothing, no_value = np.zeros(0, dtype=np.int32), np.zeros(0)
        starts = np.zeros(rows, dtype=np.int32)
        self._solver.addRows(rows, least, most, 0, starts, nothing, no_value)

    def add(self, opening: Ints) -> None:
        """Add one column a tree."""
        self._openings.append(opening)
        used = scipy.sparse.diags(1.0 / self._size) @ self.priced.use(opening)
        own = scipy.sparse.identity(self.trees, format="csc")
        columns = scipy.sparse.vstack([used, own]).tocsc()
        self._solver.addCols(
            self.trees, self.priced.worth(opening) / self._unit,
            np.zeros(self.trees), np.full(self.trees, highspy.kHighsInf), columns.nnz,
            columns.indptr[:-1].astype(np.int32), columns.indices.astype(np.int32), columns.data,
        )  # fmt: skip

    def solve(self) -> tuple[float, Floats]:
        """Return the value of the columns found so far and the prices of the limits."""
        self._solver.run()
        duals = np.array(self._solver.getSolution().row_dual[: len(self._size)])
        value = float(self._solver.getInfo().objective_function_value)
        return value * self._unit, np.maximum(-duals / self._size * self._unit, 0.0)

    def shares(self) -> Floats:
        """Return how much of each sector opens in each quarter."""
        model, tree = self.priced.model, self.priced.tree
        weights = np.array(self._solver.getSolution().col_value).reshape(-1, self.trees)
        shares = np.zeros((len(model.keys), model.horizon + 1))
        everyone = np.arange(len(model.keys))
        for opening, weight in zip(self._openings, weights, strict=True):
            np.add.at(shares, (everyone, opening), weight[tree])
        return shares


def _first_prices(priced: Priced, opening: Ints) -> tuple[float, Floats]:
    """Return the best bound of prices that would make a schedule's own order pay.

    On one limit, a place in quarter t is worth what waiting costs to those that come later: the
    sum of their weight for each unit.  Each kind of limit is tried alone, then with another.
    """
    limits = priced.model.limits
    kinds = sorted({(limit.kind, limit.phase) for limit in limits})
    alone = [_alone(priced.model, kind, opening) for kind in kinds]
    tried = [np.zeros(len(limits))] + [
        share * one + (1.0 - share) * other
        for number, one in enumerate(alone)
        for other in alone[number:]
        for share in (_SHARES if one is not other else (1.0,))
    ]
    values = [priced.solve(prices)[0] for prices in tried]
    best = int(np.argmax(values))
    return values[best], tried[best]


def _alone(model: Model, kind: tuple[str, str], opening: Ints) -> Floats:
    prices = np.zeros(len(model.limits))
    rows = [row for row, limit in enumerate(model.limits) if (limit.kind, limit.phase) == kind]
    amounts = model.amounts[rows[0]]
    placed = (opening >= 0) & (amounts > 0)
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

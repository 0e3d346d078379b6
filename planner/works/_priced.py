"""At given prices of the limits, the best quarter of each sector along the forest of precedence.

What is left when trades and budgets are priced is one shortest choice along each tree, which a
sweep from the leaves to the roots finds exactly.  One quarter more than the horizon stands for
« never », at a penalty that no delay reaches.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import scipy.sparse

from planner.works._model import Floats, Ints, Model

__all__ = ["Priced"]

_FAR = 1e18


class Priced:
    """Solves the forest of precedence at given prices.

    Quarters run from 0 to the horizon; the last one, the horizon itself, is « never ».
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        quarter = np.arange(model.horizon)
        allowed = (quarter >= model.earliest[:, None]) & (quarter <= model.latest[:, None])
        self._bears = model.covers.astype(np.float64)
        delay = model.weight[:, None] * quarter[None, :].astype(np.float64)
        never = model.weight * model.penalty
        never[model.fixed] = _FAR
        self._base = np.column_stack([np.where(allowed, delay, _FAR), never])

    @cached_property
    def tree(self) -> Ints:
        """Number of the tree of each sector."""
        model = self.model
        root = np.where(model.parent < 0, np.arange(len(model.keys)), -1)
        for members in model.generations[1:]:
            root[members] = root[model.parent[members]]
        number: Ints = np.unique(root, return_inverse=True)[1].astype(np.int64)
        return number

    def solve(self, prices: Floats) -> tuple[float, Ints]:
        """Return the least priced value, a lower bound, and the openings that reach it."""
        model = self.model
        cost = self._base.copy()
        for rows in model.alike:
            cost[:, :-1] += np.outer(model.amounts[rows[0]], prices[rows] @ self._bears[rows])
        best_at = np.zeros(cost.shape, dtype=np.int64)
        for members in reversed(model.generations[1:]):
            least, best_at[members] = _window_least(cost[members], model.after, model.within)
            np.add.at(cost, model.parent[members], least)
        opening = np.zeros(len(model.keys), dtype=np.int64)
        roots = model.generations[0]
        opening[roots] = cost[roots].argmin(axis=1)
        total = float(cost[roots, opening[roots]].sum())
        for members in model.generations[1:]:
            opening[members] = best_at[members, opening[model.parent[members]]]
        return total - float(prices @ model.most), opening

    def worth(self, opening: Ints) -> Floats:
        """Return the weighted delay of each tree, the penalty of « never » included."""
        weight = self.model.weight * np.where(
            opening >= self.model.horizon, self.model.penalty, opening
        )
        total: Floats = np.bincount(self.tree, weight, int(self.tree.max()) + 1).astype(np.float64)
        return total

    def use(self, opening: Ints) -> scipy.sparse.csc_matrix:
        """Return what each tree (column) takes of each limit (row)."""
        model, count = self.model, int(self.tree.max()) + 1
        used = np.zeros((len(model.limits), count))
        for rows in model.alike:
            by_quarter = scipy.sparse.coo_matrix(
                (model.amounts[rows[0]], (opening, self.tree)), shape=(model.horizon + 1, count)
            ).tocsr()[:-1]
            used[rows] = self._bears[rows] @ by_quarter
        return scipy.sparse.csc_matrix(used)


def _window_least(cost: Floats, after: int, within: int) -> tuple[Floats, Ints]:
    """For each quarter of the parent, the best quarter of the child in its window, or never."""
    count, columns = cost.shape
    horizon = columns - 1
    # never is open to the child whatever its parent does
    least = np.repeat(cost[:, -1:], columns, axis=1)
    where = np.full((count, columns), horizon, dtype=np.int64)
    if within >= horizon - 1:
        running, at = least[:, -1].copy(), where[:, -1].copy()
        for quarter in range(horizon - 1, after - 1, -1):
            better = cost[:, quarter] <= running
            running = np.where(better, cost[:, quarter], running)
            at = np.where(better, quarter, at)
            least[:, quarter - after], where[:, quarter - after] = running, at
        return least, where
    for quarter in range(horizon - after):
        window = cost[:, quarter + after : min(quarter + within + 1, horizon)]
        at = window.argmin(axis=1)
        found = np.take_along_axis(window, at[:, None], axis=1)[:, 0]
        better = found <= least[:, quarter]
        least[:, quarter] = np.where(better, found, least[:, quarter])
        where[:, quarter] = np.where(better, at + quarter + after, where[:, quarter])
    return least, where

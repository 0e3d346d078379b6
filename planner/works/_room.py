"""What a schedule leaves free: where one sector could move, all others held."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.works._model import Ints, Model

__all__ = ["Room"]

_SLACK = 1e-9


class Room:
    """A schedule that is being changed, with what is left of each limit."""

    def __init__(self, model: Model, opening: Ints) -> None:
        self.model = model
        self.opening: Ints = opening.copy()
        self._left = model.most - model.use(opening) + _SLACK * np.maximum(model.most, 1.0)
        self._children: list[list[int]] = [[] for _ in model.keys]
        for child, parent in enumerate(model.parent):
            if parent >= 0:
                self._children[int(parent)].append(child)

    def window(self, sector: int) -> tuple[int, int]:
        """Return the quarters that its own dates and its neighbours in the tree leave it."""
        model, opening = self.model, self.opening
        low, high = int(model.earliest[sector]), int(model.latest[sector])
        parent = int(model.parent[sector])
        if parent >= 0:
            low = max(low, int(opening[parent]) + model.after)
            high = min(high, int(opening[parent]) + model.within)
        for child in self._children[sector]:
            at = int(opening[child])
            if at >= 0:
                low, high = max(low, at - model.within), min(high, at - model.after)
        return low, high

    def full(self, sector: int) -> NDArray[np.bool_]:
        """Return which limits (rows) have no room left for it in which quarters (columns)."""
        model = self.model
        here = int(self.opening[sector])
        short: NDArray[np.bool_] = np.greater(model.amounts[:, sector], self._left)
        if here >= 0:
            # where it is already counted, it stays
            short = np.logical_and(short, ~model.covers[:, here])
        blocked: NDArray[np.bool_] = np.logical_and(model.covers, short[:, None])
        return blocked

    def fits(self, sector: int) -> NDArray[np.bool_]:
        """Return in which quarters the limits have room for it."""
        free: NDArray[np.bool_] = np.logical_not(np.any(self.full(sector), axis=0))
        return free

    def move(self, sector: int, quarter: int) -> None:
        """Open it in another quarter."""
        model = self.model
        amounts = model.amounts[:, sector]
        here = int(self.opening[sector])
        if here >= 0:
            self._left += amounts * model.covers[:, here]
        self._left -= amounts * model.covers[:, quarter]
        self.opening[sector] = quarter

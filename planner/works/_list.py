"""Sectors placed one after the other in a given order, each as early as everything allows."""

from __future__ import annotations

import heapq

import numpy as np

from planner.works._model import Floats, Ints, Model

__all__ = ["place_in_order"]

_SLACK = 1e-9


def place_in_order(model: Model, rank: Floats) -> Ints:
    """Return the quarter of each sector, -1 where none is left for it.

    Parameters
    ----------
    rank
        The smaller is placed first; a sector never before the one it waits for.
    """
    horizon, count = model.horizon, len(model.keys)
    opening = np.where(model.fixed, model.earliest, -1)
    first = np.array([limit.first for limit in model.limits], dtype=np.int64)
    last = np.array([limit.last for limit in model.limits], dtype=np.int64)
    # limits that an opening in each quarter weighs on
    rows = [np.flatnonzero((first <= quarter) & (quarter <= last)) for quarter in range(horizon)]
    left = (model.most - model.use(opening)) + _SLACK * np.maximum(model.most, 1.0)
    children: list[list[int]] = [[] for _ in range(count)]
    ready: list[tuple[float, int]] = []
    for sector in range(count):
        parent = int(model.parent[sector])
        if parent >= 0 and not model.fixed[parent]:
            children[parent].append(sector)
        elif not model.fixed[sector]:
            ready.append((float(rank[sector]), sector))
    heapq.heapify(ready)
    while ready:
        sector = heapq.heappop(ready)[1]
        if not model.fixed[sector]:
            amounts = model.amounts[:, sector]
            for quarter in _window(model, sector, opening):
                here = rows[quarter]
                if (amounts[here] <= left[here]).all():
                    opening[sector] = quarter
                    left[here] -= amounts[here]
                    break
        for child in children[sector]:
            heapq.heappush(ready, (float(rank[child]), child))
    return opening


def _window(model: Model, sector: int, opening: Ints) -> range:
    """Quarters in which a sector may open, once the one it waits for is placed."""
    low, high = int(model.earliest[sector]), int(model.latest[sector])
    parent = int(model.parent[sector])
    if parent >= 0:
        before = int(opening[parent])
        if before < 0:
            return range(0)
        low, high = max(low, before + model.after), min(high, before + model.within)
    return range(low, high + 1)

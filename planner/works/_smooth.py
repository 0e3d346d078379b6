"""A steadier load: sectors moved by some quarters, where a quarter of delay steadies most.

The roughness of a schedule is the sum, over trades and quarters, of the squared change of load to
the next quarter.  A move pays when what it takes off, at the going rate, is more than the delay it
adds; the rate falls until the delay that may be given up is used, so that it goes where it steadies
most.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from planner.works._model import Floats, Ints, Model
from planner.works._room import Room
from planner.works._rules import WorksRules

__all__ = ["change_share", "smooth"]

_REACH: Final = 4  # quarters by which a sector may be moved in all, later only
_PASSES: Final = 6  # at one rate
_RATES: Final = 24
_FALL: Final = 0.5  # of the rate from one round to the next
_GAIN: Final = 1e-9


def _shape(rules: WorksRules, horizon: int) -> Floats:
    """Return, by trade and quarter, which part of a sector that opens in each quarter it treats."""
    if not rules.trades:
        return np.eye(horizon)[None]
    shape = np.zeros((len(rules.trades), horizon, horizon))
    ends = rules.duration_quarters
    for number, trade in enumerate(rules.trades):
        start, stop = ends - 1, ends - trade.duration_quarters
        ends = stop
        for opening in range(horizon):
            low, high = max(opening - start, 0), opening - stop
            if high >= 0:
                shape[number, low : high + 1, opening] = 1.0 / trade.duration_quarters
    return shape


def change_share(rules: WorksRules, model: Model, lines: Floats, opening: Ints) -> float:
    """Return the mean change of load from a quarter to the next, as a share of the mean load."""
    placed = opening >= 0
    opened = np.bincount(opening[placed], lines[placed], minlength=model.horizon)
    load = _shape(rules, model.horizon) @ opened
    busy = load.sum(axis=0) > 0
    if not busy.any():
        return 0.0
    load = load[:, : int(np.flatnonzero(busy)[-1]) + 1]
    mean = float(load.mean())
    return float(np.abs(np.diff(load, axis=1)).mean()) / mean if load.shape[1] > 1 else 0.0


def smooth(rules: WorksRules, model: Model, lines: Floats, opening: Ints) -> Ints:
    """Move sectors by a few quarters where loads then change less, within the delay given up.

    Every limit, lag and date is kept, and works that have begun go on; sectors are tried in the
    order of their keys.
    """
    placed = opening >= 0
    budget = rules.smooth_share * float(model.weight[placed] @ opening[placed])
    if budget <= 0 or not lines[placed].any():
        return opening
    search = _Search(rules, model, lines, opening, budget)
    # where studies are over and works have begun, nothing is put off for the sake of others
    studies = rules.trades[0].duration_quarters if rules.trades else 0
    working = model.earliest < rules.duration_quarters - studies - 1
    movable = np.flatnonzero(placed & ~model.fixed & ~working)
    # so much roughness for a unit of delay that hardly anything moves
    rate = search.roughness / budget * len(movable)
    for _ in range(_RATES):
        for _ in range(_PASSES):
            worth = movable[search.pays(movable, rate)]
            if not sum(search.move(int(sector), rate) for sector in worth):
                break
        rate *= _FALL
    return search.room.opening


class _Search:
    """A schedule that is being steadied, with what is left of the delay that may be given up."""

    def __init__(
        self, rules: WorksRules, model: Model, lines: Floats, opening: Ints, budget: float
    ) -> None:
        self.model, self.lines, self.left = model, lines, budget
        self.room = Room(model, opening)
        self.first = opening.copy()
        self.last = int(opening.max())  # the works end no later
        change = np.diff(_shape(rules, model.horizon), axis=1)
        # roughness is a square form of what opens in each quarter
        self.form: Floats = np.einsum("tqa,tqb->ab", change, change)
        self.own: Floats = np.diag(self.form).copy()
        placed = opening >= 0
        opened = np.bincount(opening[placed], lines[placed], minlength=model.horizon)
        self.pull: Floats = self.form @ opened
        self.roughness = float(opened @ self.pull)

    def pays(self, sectors: Ints, rate: float) -> NDArray[np.bool_]:
        """Return which sectors some quarter might pay for, whatever holds them."""
        here, lines = self.room.opening[sectors], self.lines[sectors]
        found = np.zeros(sectors.size, dtype=bool)
        for shift in range(_REACH + 1):
            there = np.minimum(self.first[sectors] + shift, self.last)
            rough = 2.0 * lines * (self.pull[there] - self.pull[here]) + lines**2 * (
                self.own[there] + self.own[here] - 2.0 * self.form[there, here]
            )
            price = self.model.weight[sectors] * (there - here)
            found |= (price <= self.left) & (-rough - rate * price > _GAIN * self.roughness)
        return found

    def move(self, sector: int, rate: float) -> bool:
        """Move a sector to its best quarter at a rate of delay; return whether it moved."""
        here = int(self.room.opening[sector])
        low, high = self.room.window(sector)
        low = max(low, int(self.first[sector]))
        high = min(high, int(self.first[sector]) + _REACH, self.last)
        if low >= high:
            return False
        there = np.arange(low, high + 1)
        lines, price = self.lines[sector], self.model.weight[sector] * (there - here)
        rough = 2.0 * lines * (self.pull[there] - self.pull[here]) + lines**2 * (
            self.own[there] + self.own[here] - 2.0 * self.form[there, here]
        )
        gain = -rough - rate * price
        pays: NDArray[np.bool_] = (gain > _GAIN * self.roughness) & (price <= self.left)
        if not pays.any():
            return False
        pays &= self.room.fits(sector)[there]
        if not pays.any():
            return False
        best = int(np.where(pays, gain, -np.inf).argmax())
        self.left -= float(price[best])
        self.pull += lines * (self.form[:, there[best]] - self.form[:, here])
        self.room.move(sector, int(there[best]))
        return True

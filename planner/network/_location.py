"""Which sites to open, and who goes to which: capacitated location, with a bound of its cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import highspy
import numpy as np
from numpy.typing import NDArray

from planner.network._ways import Floats, Ints
from planner.solver import new_highs, run_whole

__all__ = ["Location", "locate"]

_EXACT_PAIRS: Final = 600
"""Pairs of a site and who reaches it, up to which the choice is solved exactly."""
_NODES: Final = 5_000
"""Nodes of that search at most: a count, so that the answer doesn't depend on the machine."""
_SWEEPS: Final = 20
_MOST_TRIED: Final = 5
"""Changes that promise to be better, of which so many are tried."""
_STEPS: Final = 300
_LEAST_STEP: Final = 1e-3
_SAME: Final = 1e-6
"""Cents below which two choices cost the same."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Location:
    """The sites chosen.

    Attributes
    ----------
    given
        Site of each client, -1 where none that it reaches has room.
    cost
        Cost of the sites used, and of leading each client to its own.
    bound
        No choice that serves all costs less; None where some client isn't served.
    """

    given: Ints
    cost: float
    bound: float | None


def locate(cost: Floats, *, opening: Floats, room: Ints, lines: Ints) -> Location:
    """Choose sites, and one for each client: as many lines as can be, then the least cost.

    Parameters
    ----------
    cost
        Of leading each client (column) to each site (row); infinite out of reach.
    opening
        Cost of each site; sites that stand already cost nothing, so they are used first.
    room
        Lines that each site holds.
    lines
        Lines of each client.

    Returns
    -------
    Location
        Exact where pairs are few; else by exchange of sites, with the bound of the Lagrangian that
        lets go of "one site each" (Cornuéjols, Fisher and Nemhauser 1977).
    """
    sites = _Sites(cost, opening, room, lines)
    given = sites.assign(sites.grow())
    given = sites.exchange(given)
    if np.isfinite(cost).sum() <= _EXACT_PAIRS:
        return sites.exact(given)
    served = (given >= 0) | ~np.isfinite(cost).any(axis=0)
    worth = sites.worth(given)[1]
    return Location(
        given=given, cost=worth, bound=min(worth, sites.bound(worth)) if served.all() else None
    )


class _Sites:
    """The question, and the steps that answer it."""

    def __init__(self, cost: Floats, opening: Floats, room: Ints, lines: Ints) -> None:
        self.cost, self.opening, self.room, self.lines = cost, opening, room, lines
        self.clients = np.arange(lines.size)
        site, client = np.nonzero(np.isfinite(cost))
        order = np.lexsort((site, client, cost[site, client]))
        self.site, self.client = site[order], client[order]
        self._near: tuple[Ints, tuple[Floats, Ints, Floats]] | None = None

    def worth(self, given: Ints) -> tuple[int, float]:
        """Return the lines that aren't served, and what the choice costs."""
        on = given >= 0
        used = np.unique(given[on])
        led = self.cost[given[on], self.clients[on]].sum()
        return int(self.lines[~on].sum()), float(led + self.opening[used].sum())

    def better(self, one: Ints, other: Ints) -> bool:
        """Return whether the first choice serves more lines, or as many at a lower cost."""
        (left, cost), (most, least) = self.worth(one), self.worth(other)
        return left < most or (left == most and cost < least - _SAME)

    def assign(self, opened: Flags) -> Ints:
        """Give each client the nearest open site with room, the cheapest pairs first."""
        from planner.network._compiled.location import give  # noqa: PLC0415 (imports numba)

        given: Ints = give(self.site, self.client, opened, self.room, self.lines)
        return given

    def grow(self) -> Flags:
        """Open sites until all are served that can be, then while one saves more than it costs."""
        reach = np.isfinite(self.cost)
        opened: Flags = self.opening == 0
        given = self.assign(opened)
        while (given < 0).any():
            left = given < 0
            gain = np.minimum(reach[:, left] @ self.lines[left], self.room)
            spread = np.where(reach[:, left], self.cost[:, left], 0).sum(axis=1)
            gain = np.where(opened, -1, gain)
            best = int(np.lexsort((np.arange(gain.size), np.round(spread), -gain))[0])
            if gain[best] <= 0:  # every site that reaches them is open and full
                break
            opened[best] = True
            given = self.assign(opened)
        now = np.where(given >= 0, self.cost[given, self.clients], 0.0)
        while True:
            saving = np.clip(now[None, :] - self.cost, 0, None).sum(axis=1) - self.opening
            saving[opened] = 0.0
            best = int(saving.argmax())
            if saving[best] <= _SAME:
                return opened
            opened[best] = True
            now = np.minimum(now, self.cost[best])

    def exchange(self, given: Ints) -> Ints:
        """Close a site, open another in its place or beside, while that is better."""
        for _ in range(_SWEEPS):
            before = given
            for site in np.unique(given[given >= 0]).tolist():
                if (given == site).any():
                    given = self._without(given, site)
            opened, near = self._open(given), self._nearest(given)[0]
            now = np.where(np.isfinite(near), near, 0.0)
            saving = np.clip(now - self.cost, 0, None).sum(axis=1) - self.opening
            saving[opened] = 0
            for site in np.argsort(-saving, kind="stable")[:_MOST_TRIED].tolist():
                if saving[site] > _SAME:
                    more = opened.copy()
                    more[site] = True
                    other = self.assign(more)
                    if self.better(other, given):
                        given, opened = other, more
            if given is before:
                break
        return given

    def _open(self, given: Ints) -> Flags:
        """Mark the sites used, and those that stand."""
        opened: Flags = self.opening == 0
        opened[given[given >= 0]] = True
        return opened

    def _nearest(self, given: Ints) -> tuple[Floats, Ints, Floats]:
        """Return the cost of the nearest open site of each client, which, and the next one's."""
        if self._near is None or self._near[0] is not given:
            rows = np.flatnonzero(self._open(given))
            led = np.vstack([self.cost[rows], np.full((2, self.lines.size), np.inf)])
            two = np.partition(led, 1, axis=0)[:2]
            which = np.append(rows, [-1, -1])[led.argmin(axis=0)]
            self._near = (given, (two[0], which, two[1]))
        return self._near[1]

    def _without(self, given: Ints, site: int) -> Ints:
        """Return the best choice without a site, or with another instead, if it is better."""
        first, which, second = self._nearest(given)
        opened = self._open(given)
        opened[site] = False
        near = np.where(which == site, second, first)
        reach = np.isfinite(self.cost[:, given == site]).any(axis=1) & ~opened
        reach[site] = False
        beside = np.append(-1, np.flatnonzero(reach))  # none, first
        led = np.minimum(self.cost[beside], near)
        led[0] = near
        paid = self.opening[opened].sum() + self.opening[beside]
        paid[0] -= self.opening[-1]
        far = ~np.isfinite(led)
        lost, least = far @ self.lines, np.where(far, 0, led).sum(axis=1) + paid
        left, worth = self.worth(given)
        # what rooms allow can only be worse than what nearness promises
        hope = (lost < left) | ((lost == left) & (least < worth - _SAME))
        order = np.lexsort((beside, least, lost))
        for row in order[hope[order]][:_MOST_TRIED].tolist():
            changed = opened.copy()
            if row:
                changed[beside[row]] = True
            other = self.assign(changed)
            if self.better(other, given):
                return other
        return given

    def bound(self, worth: float) -> float:
        """Raise the prices of clients step by step; return the best bound met."""
        site, client = np.nonzero(np.isfinite(self.cost))
        led = self.cost[site, client]
        some = np.bincount(client, minlength=self.lines.size) > 0
        best_led = np.where(some, np.where(np.isfinite(self.cost), self.cost, np.inf).min(0), 0)
        price = best_led + self.opening.max(initial=0.0) / max(1, self.lines.size)
        price[~some] = 0
        best, scale, still = -np.inf, 1.0, 0
        for _ in range(_STEPS):
            gain = price[client] - led
            profit = np.bincount(site, weights=np.maximum(gain, 0), minlength=self.room.size)
            paid = profit - self.opening
            low = float(price.sum() - np.maximum(paid, 0).sum())
            if low > best + _SAME:
                best, still = low, 0
            else:
                still += 1
                if still == 10:  # noqa: PLR2004 (steps without progress)
                    scale, still = scale / 2, 0
            taken = np.bincount(
                client, weights=(gain > 0) & (paid[site] > 0), minlength=self.lines.size
            )
            slope = np.where(some, 1 - taken, 0.0)
            size = float((slope**2).sum())
            if size == 0 or scale < _LEAST_STEP or best >= worth - _SAME:
                break
            price = price + scale * max(worth - low, 0.0) / size * slope
        return best

    def exact(self, known: Ints) -> Location:
        """Solve as a whole-number program: what isn't served costs more than all sites can."""
        site, client = np.nonzero(np.isfinite(self.cost))
        led = self.cost[site, client]
        can = np.isfinite(self.cost).any(axis=0)
        left, _ = self.worth(known)
        whole = left == int(self.lines[~can].sum())  # all are served that reach a site
        lost = float(led.sum() + self.opening.sum() + 1.0) * np.maximum(self.lines, 1)
        pairs, places, people = site.size, self.room.size, self.lines.size
        highs = new_highs()
        highs.setOptionValue("mip_rel_gap", 0.0)
        highs.setOptionValue("mip_abs_gap", _SAME)
        highs.setOptionValue("mip_max_nodes", _NODES)
        costs = np.concatenate([led, self.opening, np.where(can, lost, 0.0)])
        most = np.ones(costs.size)
        most[pairs + places :] = ~can | (not whole)
        none = np.empty(0, np.int32)
        highs.addCols(costs.size, costs, np.zeros(costs.size), most, 0, none, none, np.empty(0))
        every = np.arange(costs.size, dtype=np.int32)
        kinds = np.full(costs.size, highspy.HighsVarType.kInteger)
        highs.changeColsIntegrality(every.size, every, kinds)
        for p in range(people):
            mine = np.flatnonzero(client == p)
            columns = np.append(mine, pairs + places + p).astype(np.int32)
            highs.addRow(1.0, 1.0, columns.size, columns, np.ones(columns.size))
        for s in range(places):
            mine = np.flatnonzero(site == s)
            columns = np.append(mine, pairs + s).astype(np.int32)
            values = np.append(self.lines[client[mine]], -self.room[s]).astype(np.float64)
            highs.addRow(-np.inf, 0.0, columns.size, columns, values)
        for pair, s in enumerate(site.tolist()):
            highs.addRow(
                -np.inf, 0.0, 2, np.array([pair, pairs + s], np.int32), np.array([1.0, -1.0])
            )
        run_whole(highs, costs)
        given = known
        taken = np.array(highs.getSolution().col_value)
        if taken.size == costs.size:
            found = np.full(people, -1, np.int64)
            on = taken[:pairs] > 0.5  # noqa: PLR2004 (one or none)
            found[client[on]] = site[on]
            if self.better(found, known):
                given = found
        left, worth = self.worth(given)
        low = float(highs.getInfo().mip_dual_bound) if whole else None
        return Location(given=given, cost=worth, bound=None if low is None else min(low, worth))

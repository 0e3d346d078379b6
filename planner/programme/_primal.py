"""Good programmes with years, from the prices that bound them.

The choices of each actor that miss little at the prices are listed; annealing, twice at a time,
looks among them for a programme, which is then bettered sector by sector, until one is near enough.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from planner.programme._anneal import Listed, anneal
from planner.programme._blocks import Block
from planner.programme._columns import Clock
from planner.programme._integer import holds, total
from planner.programme._joint import Joint
from planner.programme._near import near_sequences
from planner.programme._swaps import Sectors, swap

__all__ = ["look_near"]

Integers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.uint8]

# best sequences of an actor around which others are looked for, how many are listed, and what they
# may miss as a share of an actor's mean part of the bound: one turn, and the next
_LISTS = ((6, 100, 1e-2), (8, 150, 4e-2))
_HEATS = (8e-3, 1.5e-4)  # as a share of the same: what a change may lose
_STEEPS = (10.0, 100.0)
_STEPS = 18_000  # for each listed sequence
_MOST_STEPS = 100_000_000
_SWAP_HEATS = (2e-4, 2.5e-5)
_SWAP_STEEPS = (3.0, 100.0)
_SWAP_STEPS = 4_000  # for each sector
_SWAP_ROUNDS = 5
_TURNS = 5
_SEEDS = 2  # at a time


def look_near(
    joint: Joint,
    base: Sequence[Block],
    *,
    incumbent: list[Rows] | None,
    enough: int,
    clock: Clock,
) -> tuple[list[Rows], int] | None:
    """Return the best programme met; None when none was.

    Parameters
    ----------
    joint
        The linear programme, solved.
    base
        Actors, with their rules at the end of the last year.
    incumbent
        A programme that holds every rule, if one is known.
    enough
        The value at which to stop.
    clock
        When to stop at the latest.
    """
    valued = joint.values(joint.prices)
    if valued is None or joint.bound is None:
        return None
    search = _Search(joint, base, valued[0], enough, clock)
    best = None
    if incumbent is not None:
        best = (incumbent, total(joint.blocks, incumbent, joint.row))
    for turn in range(_TURNS):
        if clock.over or (best is not None and best[1] >= enough):
            break
        every = range(turn * _SEEDS, (turn + 1) * _SEEDS)
        for found in search.turn(_LISTS[turn % len(_LISTS)], every):
            if best is None or found[1] > best[1]:
                best = found
    return best


class _Search:
    """What is looked among: lists of the actors' sequences, and all the sectors."""

    def __init__(
        self, joint: Joint, base: Sequence[Block], node: Integers, enough: int, clock: Clock
    ) -> None:
        self.joint, self.base, self.node = joint, base, node
        self.enough, self.clock = enough, clock
        self.size = abs(joint.bound or 0) / len(base)
        self.sectors = Sectors.of(base, joint.years, joint.row, joint.rows)
        self.lists: dict[tuple[int, int, float], Listed] = {}

    def turn(
        self, kind: tuple[int, int, float], seeds: Sequence[int]
    ) -> list[tuple[list[Rows], int]]:
        """Return the programmes found from several seeds."""
        if kind not in self.lists:
            joint = self.joint
            self.lists[kind] = Listed.of(joint.blocks, self._lists(*kind), joint.row, joint.rows)
        listed = self.lists[kind]

        def run(seed: int) -> tuple[list[Rows], int] | None:
            return self._run(listed, seed)

        every = self.joint.region.each(run, seeds)
        return [
            found for found in every
            if found is not None and holds(self.joint.blocks, found[0], self.joint.rows)
        ]  # fmt: skip

    def _run(self, listed: Listed, seed: int) -> tuple[list[Rows], int] | None:
        prices = self.joint.prices
        found = anneal(
            listed, prices, steps=min(_MOST_STEPS, _STEPS * len(listed.worth)),
            heats=self._heats(_HEATS), steeps=_STEEPS, seed=seed, enough=self.enough,
            clock=self.clock,
        )  # fmt: skip
        if found is None:
            return None
        for one in range(seed * _SWAP_ROUNDS, (seed + 1) * _SWAP_ROUNDS):
            found = swap(
                self.sectors, prices, parts=found[0], steps=_SWAP_STEPS * len(self.sectors.owner),
                heats=self._heats(_SWAP_HEATS), steeps=_SWAP_STEEPS, seed=one, enough=self.enough,
                clock=self.clock,
            )  # fmt: skip
        return found

    def _heats(self, shares: tuple[float, float]) -> tuple[float, float]:
        return max(1.0, self.size * shares[0]), max(0.1, self.size * shares[1])

    def _lists(self, known: int, most: int, share: float) -> list[Rows]:
        """Return what each actor may choose, the best at the prices first."""
        deficit = max(1, int(self.size * share)) << self.joint.shift

        def ask(at: int) -> Rows:
            best = [one[None, :] for one in self.joint.best_first(at, self.node)[:known]]
            value = self.node[self.joint.blocks[at].members].reshape(self.joint.years, -1)
            near = near_sequences(self.base[at], best, value, deficit=deficit, at_most=most)
            # even what it is best known for may miss more
            return near if len(near) else np.concatenate(best)

        return self.joint.region.each(ask, range(len(self.base)))

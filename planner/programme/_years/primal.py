"""Good programmes with years, from the prices that bound them.

The choices of each actor that miss little at the prices are listed; annealing, twice at a time,
looks among them for a programme, which is then bettered by exchanges of four actors and sector by
sector, until one is near enough.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.programme._actors.blocks import Block
from planner.programme._actors.columns import Clock
from planner.programme._actors.integer import holds, total
from planner.programme._years.annealing import Listed, anneal
from planner.programme._years.fours import better_by_fours
from planner.programme._years.joint import Joint
from planner.programme._years.near import near_sequences
from planner.programme._years.swaps import Sectors, swap

__all__ = ["look_beside", "look_near"]

Integers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.uint8]

# best sequences of an actor around which others are looked for, how many are listed, and what they
# may miss as a share of an actor's mean part of the bound: two turns, and the next
_LISTS = ((6, 40, 1e-2), (8, 150, 4e-2))
_KNOWN = (6, 100, 1e-2)  # where a programme is known
_AROUND, _AROUND_SHARE = 80, 2e-2  # the same, around the sequence of a programme
_HEATS = (2e-3, 1e-4)  # as a share of the same: what a change may lose
_COOLER = (7e-4, 1e-4)  # the same, beside a programme
_BESIDE, _AGAIN = 12, 3  # sequences beside it, and how often one is annealed
_STEEPS = (1.5, 30.0)  # a rule may be broken by a little to the end, and is mended
_STEPS = 8_000  # for each listed sequence
_LEAST_STEPS = 40_000_000
_MOST_STEPS = 100_000_000
_FOURS = 30  # exchanges of four actors in a turn
_SWAP_HEATS = (4e-4, 4e-5)
_MEND_HEATS = ((4e-4, 5e-5), (1e-3, 5e-5))  # where rules are broken: one try, and the next
_SWAP_STEEPS = (3.0, 100.0)
_SWAP_STEPS = 12_000  # for each sector
_ROUNDS = 3
_TURNS = 3
_SEEDS = 2  # at a time
_MET = 20  # best sequences of an actor beside those around a known programme
_BESIDE_GAP = 1.5  # times the gap allowed: from there on small changes better a programme
_WORTH_WHILE = 0.25  # of what is missing: what an exchange must gain before
_SHAKES = 5
_SHAKEN, _SHAKEN_STEPS = 40, 5_000_000  # sequences beside it, annealed at low heat
_SHAKEN_HEATS = (3e-4, 1e-4)
_SHAKEN_SWAPS, _SHAKEN_SWAP_HEATS = 2_000, (2e-4, 4e-5)  # for each sector
_PACE = 2_500_000  # steps of a walk in a second, at least: beside another, on a busy machine
_PART = 0.4  # of the time left, that a walk may take
_LISTING = 1.5  # times what the lists took: what is near a programme takes at most
_LONGER = 8  # times what the first lists took: what longer ones take at most
_COLDEST = 0.005  # of a point: where a sector is worth a few


@dataclass(frozen=True)
class _Unless(Clock):
    """A clock that also ends once a search before this one has found enough."""

    found: list[int]
    place: int

    @property
    def over(self) -> bool:
        return self.left <= 0 or any(one < self.place for one in self.found)


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
        A programme that holds every rule, if one is known: only what is near it is looked at.
    enough
        The value at which to stop.
    clock
        When to stop at the latest.
    """
    valued = joint.values(joint.prices)
    if valued is None or joint.bound is None:
        return None
    search = _Search(joint, base, valued[0], enough, clock)
    if incumbent is not None:
        # walks from elsewhere don't come back to what holds the objectives before
        known = (incumbent, total(joint.blocks, incumbent, joint.row))
        return search.around(*known, _KNOWN) or known
    best = None
    for turn in range(_TURNS):
        if clock.over or (best is not None and best[1] >= enough):
            break
        kind = _LISTS[turn // 2 % len(_LISTS)]
        if kind not in search.lists and clock.left <= _LONGER * search.took:
            break
        every = range(turn * _SEEDS, (turn + 1) * _SEEDS)
        for found in search.turn(kind, every):
            if best is None or found[1] > best[1]:
                best = found
    return best


def look_beside(
    joint: Joint, base: Sequence[Block], *, known: list[Rows], enough: int, clock: Clock
) -> list[Rows] | None:
    """Return a programme beside one of another question; None when it can't be mended, or is far.

    Parameters
    ----------
    joint, base, enough, clock
        As :func:`look_near` has them.
    known
        Legal sequences; they may break the rules that bind actors.
    """
    valued = joint.values(joint.prices)
    if valued is None or joint.bound is None:
        return None
    search = _Search(joint, base, valued[0], enough, clock)
    best = [np.array(joint.best_first(at, valued[0])[:_MET]) for at in range(len(base))]
    listed = Listed.of(joint.blocks, best, joint.row, joint.rows)
    found = search.near(known, listed) or search.mended_soon(known, listed)
    vain = 0
    for seed in range(_SHAKES):
        if found is None or vain > 1 or found[1] >= enough or clock.over:
            break
        far = joint.bound - found[1] > _BESIDE_GAP * (joint.bound - enough)
        then = search.near(found[0], listed) if far else search.shaken(found[0], listed, seed)
        gain = 0 if then is None else then[1] - found[1]
        if far and gain < _WORTH_WHILE * (enough - found[1]):
            break
        vain = 0 if gain > 0 else vain + 1
        found = then if then is not None and gain > 0 else found
    return None if found is None else found[0]


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
        self.took = 0.0  # seconds that lists took

    def turn(
        self, kind: tuple[int, int, float], seeds: Sequence[int]
    ) -> list[tuple[list[Rows], int]]:
        """Return the programmes found from several seeds, up to the first that is enough."""
        listed = self._listed(kind)
        enough: list[int] = []

        def run(place: int) -> tuple[list[Rows], int] | None:
            mine = copy.copy(self)
            mine.clock = _Unless(self.clock.end, enough, place)
            found = mine._run(listed, seeds[place])  # noqa: SLF001 (its own)
            if found is None or not holds(self.joint.blocks, found[0], self.joint.rows):
                return None
            if found[1] >= self.enough:
                enough.append(place)
            return found

        every = self.joint.region.each(run, range(len(seeds)))
        # those after it were stopped wherever they were
        return [found for found in every[: min(enough, default=len(seeds)) + 1] if found]

    def _listed(self, kind: tuple[int, int, float]) -> Listed:
        if kind not in self.lists:
            joint, begun = self.joint, time.monotonic()
            self.lists[kind] = Listed.of(joint.blocks, self._lists(*kind), joint.row, joint.rows)
            self.took = time.monotonic() - begun
        return self.lists[kind]

    def around(
        self, parts: list[Rows], value: int, kind: tuple[int, int, float]
    ) -> tuple[list[Rows], int] | None:
        """Better a programme by what is near to it; None when nothing near is better."""
        listed = self._listed(kind)
        best = (parts, value)
        for _ in range(_ROUNDS):
            found = self.near(best[0], listed)
            if found is None or found[1] <= best[1]:
                break
            best = found
            if best[1] >= self.enough or self.clock.over:
                break
        better = best[1] > value and holds(self.joint.blocks, best[0], self.joint.rows)
        return best if better else None

    def mended_soon(self, parts: list[Rows], listed: Listed) -> tuple[list[Rows], int] | None:
        """Mend what breaks rules sector by sector, in few steps, and better it."""
        found = self._swap(parts, 0, _MEND_HEATS[0], _SHAKEN_SWAPS)
        return None if found is None else self.near(found[0], listed) or found

    def shaken(self, parts: list[Rows], listed: Listed, seed: int) -> tuple[list[Rows], int] | None:
        """Better a programme after small changes: of sequences beside it, of sectors in turn."""
        if seed % 2:
            found = self._swap(parts, seed, _SHAKEN_SWAP_HEATS, _SHAKEN_SWAPS)
            return None if found is None else self.near(found[0], listed)
        beside = self._around(parts, listed, _SHAKEN)
        walk = anneal(
            beside, self.joint.prices, steps=_SHAKEN_STEPS, heats=self._heats(_SHAKEN_HEATS),
            steeps=_STEEPS, seed=seed, enough=self.enough, clock=self.clock,
        )  # fmt: skip
        return self.near(beside.parts(walk.last), listed)

    def _run(self, listed: Listed, seed: int) -> tuple[list[Rows], int] | None:
        """Return the best programme met from a seed: first among lists, then beside what is met."""
        best = self._annealed(listed, _HEATS, seed * _AGAIN)
        for one in range(1, _AGAIN):
            if best is None or best[1] >= self.enough or self.clock.over or self._late:
                break
            beside = self._around(best[0], listed, _BESIDE)
            found = self._annealed(beside, _COOLER, seed * _AGAIN + one)
            if found is not None and found[1] > best[1]:
                best = found
        return best

    def _annealed(
        self, listed: Listed, heats: tuple[float, float], seed: int
    ) -> tuple[list[Rows], int] | None:
        """Return a programme among lists, bettered; None when none was met."""
        walk = anneal(
            listed, self.joint.prices,
            steps=self._steps(min(_MOST_STEPS, max(_LEAST_STEPS, _STEPS * len(listed.worth)))),
            heats=self._heats(heats), steeps=_STEEPS, seed=seed, enough=self.enough,
            clock=self.clock,
        )  # fmt: skip
        found = self._mended(listed.parts(walk.last), listed, seed)
        if found is None and walk.best is not None:
            met = listed.parts(walk.best)
            found = self.near(met, listed) or (met, walk.worth)
        if found is None:
            return None
        for one in range(seed * _ROUNDS, (seed + 1) * _ROUNDS):
            if found[1] >= self.enough or self.clock.over:
                break
            before = found[1]
            found = self.near(found[0], listed) or found
            if found[1] == before:  # sector by sector rarely finds what these don't: it comes last
                found = self._swap(found[0], one, _SWAP_HEATS) or found
                found = self.near(found[0], listed) or found
            if found[1] == before:
                break
        return found

    def _swap(
        self,
        parts: Sequence[Rows],
        seed: int,
        shares: tuple[float, float],
        steps: int = _SWAP_STEPS,
    ) -> tuple[list[Rows], int] | None:
        return swap(
            self.sectors, self.joint.prices, parts=parts,
            steps=self._steps(steps * len(self.sectors.owner)), heats=self._heats(shares),
            steeps=_SWAP_STEEPS, seed=seed, enough=self.enough, clock=self.clock,
        )  # fmt: skip

    def _mended(
        self, parts: Sequence[Rows], listed: Listed, seed: int
    ) -> tuple[list[Rows], int] | None:
        """Make a programme of choices that break rules by a little, and better it."""
        for one, shares in enumerate(_MEND_HEATS):
            found = self._swap(parts, seed * len(_MEND_HEATS) + one, shares)
            if found is not None:
                return self.near(found[0], listed) or found
        return self.near(parts, listed)

    def near(self, parts: Sequence[Rows], listed: Listed) -> tuple[list[Rows], int] | None:
        """Better a programme by what is near to it, or mend it; None when that fails.

        Nothing is listed where that would last longer than the time left.
        """
        if self._late:
            return None
        joint = self.joint
        near = self._around(parts, listed, _AROUND)
        better = better_by_fours(
            near, joint.prices, near.starts[:-1], size=self.size, turns=_FOURS, enough=self.enough,
            clock=self.clock,
        )  # fmt: skip
        return None if better is None else (near.parts(better[0]), better[1])

    def _around(self, parts: Sequence[Rows], listed: Listed, most: int) -> Listed:
        """Return what each actor may choose around a programme, its part of it first."""
        deficit = max(1, int(self.size * _AROUND_SHARE)) << self.joint.shift
        every = []
        for at, (part, some) in enumerate(zip(parts, listed.choices, strict=True)):
            value = self.node[self.joint.blocks[at].members].reshape(self.joint.years, -1)
            near = near_sequences(
                self.base[at], [part], value, deficit=deficit, at_most=most
            )  # fmt: skip
            more = np.unique(np.concatenate([near, some]), axis=0)
            every.append(np.concatenate([part, more[(more != part).any(axis=1)]]))
        return Listed.of(self.joint.blocks, every, self.joint.row, self.joint.rows)

    @property
    def _late(self) -> bool:
        """Whether what is near a programme takes longer to list than the time left."""
        return self.clock.left <= _LISTING * self.took

    def _steps(self, most: int) -> int:
        """Return how many steps cool down within a part of the time left."""
        left = self.clock.seconds
        return most if left is None else max(1, min(most, int(_PACE * _PART * left)))

    def _heats(self, shares: tuple[float, float]) -> tuple[float, float]:
        return max(_COLDEST, self.size * shares[0]), max(_COLDEST, self.size * shares[1])

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

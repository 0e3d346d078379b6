"""Good programmes with years, from the prices that bound them.

The choices of each actor that miss little at the prices are listed; annealing, twice at a time,
looks among them for a programme that is near enough.  Each turn has lists of its own.
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

__all__ = ["look_near"]

Integers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.uint8]

_KNOWN = 6  # best sequences of an actor around which others are looked for, one more each turn
_LISTED = (100, 60, 150)  # sequences of an actor, turn by turn
_NEAR_SHARE = 1e-2  # of an actor's mean part of the bound: what they may miss at first
_HOT_SHARE, _COLD_SHARE = 8e-3, 1.5e-4  # of the same: what a change may lose
_STEPS = 18_000  # for each listed sequence
_MOST_STEPS = 100_000_000
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
        No turn begins when it is over.
    """
    valued = joint.values(joint.prices)
    if valued is None or joint.bound is None:
        return None
    node, _ = valued
    size = abs(joint.bound) / len(base)
    heat = (max(1.0, size * _HOT_SHARE), max(0.1, size * _COLD_SHARE))
    best = incumbent
    worth = None if best is None else total(joint.blocks, best, joint.row)
    for turn in range(_TURNS):
        if clock.over or (worth is not None and worth >= enough):
            break
        listed = Listed.of(
            joint.blocks, _lists(joint, base, node, best, turn), joint.row, joint.rows
        )
        steps = min(_MOST_STEPS, _STEPS * len(listed.worth))

        def run(
            seed: int, listed: Listed = listed, steps: int = steps
        ) -> tuple[list[Rows], int] | None:
            return anneal(
                listed, joint.prices, picked=np.zeros(len(base), np.int64), steps=steps,
                heat=heat, seed=seed, enough=enough,
            )  # fmt: skip

        for found in joint.region.each(run, range(turn * _SEEDS, (turn + 1) * _SEEDS)):
            better = found is not None and (worth is None or found[1] > worth)
            if found is not None and better and holds(joint.blocks, found[0], joint.rows):
                best, worth = found
    return None if best is None or worth is None else (best, worth)


def _lists(
    joint: Joint, base: Sequence[Block], node: Integers, best: list[Rows] | None, turn: int
) -> list[Rows]:
    """Return what each actor may choose in a turn, the choice of the best programme first."""
    size = abs(joint.bound or 0) / len(base)
    deficit = max(1, int(size * _NEAR_SHARE * 2**turn)) << joint.shift

    def ask(at: int) -> Rows:
        known = [one[None, :] for one in joint.best_first(at, node)[: _KNOWN + turn]]
        value = node[joint.blocks[at].members].reshape(joint.years, -1)
        near = near_sequences(
            base[at], known, value, deficit=deficit, at_most=_LISTED[turn % len(_LISTED)]
        )
        if len(near) == 0:  # even what it is best known for misses more
            near = np.concatenate(known)
        if best is None:
            return near
        return np.concatenate([best[at], near[(near != best[at]).any(axis=1)]])

    return joint.region.each(ask, range(len(base)))

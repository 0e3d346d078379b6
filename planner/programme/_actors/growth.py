"""Compiled growth of a diagram of choices: one sector is added to every state."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planner.compiling import compiled

__all__ = ["SLOTS", "grow"]

SLOTS = 15  # four bits each in one word
WAITING = 2  # a sector left out is 0, one reached is 1, groups that wait have a number from here
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@compiled
def _settle(
    label: Ints,
    width: int,
    keep: Ints,
    connected: bool,
) -> int:
    """Forget the sectors that can't matter any more: the key of what is left, -1 if it is lost."""
    if connected:
        for slot in range(width):
            if label[slot] < WAITING:
                continue
            alive = False
            for kept in keep:
                if label[kept] == label[slot]:
                    alive = True
                    break
            if not alive:
                return -1
    key = 0
    fresh = WAITING
    named = np.zeros(SLOTS + 3, np.int64)
    for position in range(len(keep)):
        value = label[keep[position]]
        if value >= WAITING:
            if named[value] == 0:
                named[value] = fresh
                fresh += 1
            value = named[value]
        key |= value << (4 * position)
    return key


@compiled
def grow(  # noqa: C901, PLR0912 (one compiled loop)
    keys: Ints,
    width: int,
    near: Flags,
    parents: Flags,
    children: Flags,
    pairs: Flags,
    keep: Ints,
    reached: bool,
    connected: bool,
) -> tuple[Ints, Ints, Ints]:
    """Add one sector to every state: the states without it, with it, and its chosen neighbours.

    ``near``, ``parents``, ``children`` and ``pairs`` are flags of the slots: neighbours that may
    reach it, sectors that must come before it, sectors that must come after it, neighbours that
    count in an objective.  ``keep`` are the slots that still matter (``width`` is the new sector).
    """
    count = len(keys)
    without = np.empty(count, np.int64)
    with_it = np.empty(count, np.int64)
    chosen = np.zeros(count, np.int64)
    label = np.zeros(SLOTS + 2, np.int64)
    for state in range(count):
        mask = 0
        may_skip = True
        may_take = True
        for slot in range(width):
            label[slot] = (keys[state] >> (4 * slot)) & 15
            if label[slot] > 0:
                if pairs[slot]:
                    mask |= 1 << slot
                if children[slot]:
                    may_skip = False
            elif parents[slot]:
                may_take = False
        chosen[state] = mask
        label[width] = 0
        without[state] = _settle(label, width + 1, keep, connected) if may_skip else -1
        if not may_take:
            with_it[state] = -1
            continue
        mine = 1
        if connected:
            rooted = reached
            for slot in range(width):
                if near[slot] and label[slot] == 1:
                    rooted = True
            mine = 1 if rooted else SLOTS + 1
            for slot in range(width):
                if near[slot] and label[slot] >= WAITING:
                    old = label[slot]
                    for other in range(width):
                        if label[other] == old:
                            label[other] = mine
        label[width] = mine
        with_it[state] = _settle(label, width + 1, keep, connected)
    return without, with_it, chosen

"""Dated choices of one actor: what is open at the end of each year, never less than before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from planner.programme._actors.diagram import Ground

__all__ = ["nested_sequences", "postponed", "repaired"]

Integers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.uint8]


def nested_sequences(
    lists: Sequence[Rows], missed: Sequence[Integers], *, deficit: int, at_most: int
) -> tuple[Rows, bool]:
    """Join the choices of the years into sequences in which nothing closes again.

    Parameters
    ----------
    lists, missed
        Choices of each year, and what each misses of its year's best.
    deficit
        What a sequence may miss in all.
    at_most
        Sequences kept, those that miss least.

    Returns
    -------
    tuple
        Sequences, one year after the other in a row, and whether these are all.
    """
    complete = True
    front = np.arange(len(lists[-1]))
    tail = lists[-1]
    cost = missed[-1].astype(np.int64)
    for at in range(len(lists) - 2, -1, -1):
        later = lists[at + 1][front].astype(np.int32)
        inside = (lists[at].astype(np.int32) @ (1 - later).T) == 0
        every = missed[at][:, None].astype(np.int64) + cost[None, :]
        first, second = np.nonzero(inside & (every <= deficit))
        cost = every[first, second]
        if len(cost) > at_most:
            complete = False
            keep = np.argsort(cost, kind="stable")[:at_most]
            first, second, cost = first[keep], second[keep], cost[keep]
        tail = np.concatenate([lists[at][first], tail[second]], axis=1)
        front = first
    return tail, complete


def repaired(ground: Ground, best: Sequence[Rows]) -> Rows:
    """Make a sequence of one choice a year: what isn't open later, or reached, isn't open before.

    Parameters
    ----------
    ground
        The actor's sectors without what is required.
    best
        One choice of each year, shape (1, sectors); the last one stands.
    """
    years = [best[-1][0]]
    for part in reversed(best[:-1]):
        years.insert(0, _legal_part(ground, part[0] & years[0]))
    return np.concatenate(years)[None, :]


def postponed(sequence: Rows, years: int, required: Sequence[bool]) -> Rows:
    """Return a sequence later by one year, two years… up to not opening anything.

    Parameters
    ----------
    sequence
        One sequence, shape (1, years × sectors).
    years
        How many years.
    required
        Sectors that must be open in the end: what leaves one of them out is not returned.
    """
    each = sequence[0].reshape(years, -1)
    wanted = np.array(required, bool)
    later = [
        np.concatenate([np.zeros_like(each[:shift]), each[: years - shift]])
        for shift in range(1, years + 1)
    ]
    kept = [one.ravel() for one in later if (one[-1][wanted] > 0).all()]
    return np.array(kept, np.uint8).reshape(len(kept), sequence.shape[1])


def _legal_part(ground: Ground, chosen: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the largest part of a choice that is reached, and whose feeders are chosen."""
    kept = chosen > 0
    dropped = True
    while dropped:
        dropped = False
        for first, after in ground.before:
            if kept[after] and not kept[first]:
                kept[after] = False
                dropped = True
    if ground.connected:
        seen = kept & np.array(ground.reached, bool)
        grown = True
        while grown:
            grown = False
            for a, b in ground.near:
                if kept[a] and kept[b] and seen[a] != seen[b]:
                    seen[a] = seen[b] = grown = True
        kept = seen
    return kept.astype(np.uint8)

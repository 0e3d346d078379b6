"""Sequences near a known one: the year of one sector, or of two, changed.

What a sector is worth when it opens in a year doesn't depend on the others, so that changes are
met in the order of what they miss; each is kept when it is legal and within the envelope.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from planner.compiling import compiled
from planner.programme._actors.blocks import Block
from planner.programme._actors.diagram import Ground

__all__ = ["is_legal", "near_sequences", "neighbours"]

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.uint8]

_MET = 60_000  # changes looked at for one known sequence, at most, that are legal


@compiled
def is_legal(  # noqa: C901, PLR0912 (one compiled loop)
    opens: Integers,
    years: int,
    start: Integers,
    near: Integers,
    reached: Flags,
    before: Integers,
    connected: bool,
) -> bool:
    """Whether each sector, when it opens, is reached by what is open by then."""
    count = len(opens)
    for sector in range(count):
        if before[sector] >= 0 and opens[before[sector]] > opens[sector]:
            return False
    if not connected:
        return True
    seen = np.zeros(count, np.bool_)
    stack = np.zeros(count, np.int64)
    for year in range(years):
        top = 0
        for sector in range(count):
            if opens[sector] == year and not seen[sector]:
                ok = reached[sector]
                for place in range(start[sector], start[sector + 1]):
                    ok = ok or seen[near[place]]
                if ok:
                    seen[sector] = True
                    stack[top] = sector
                    top += 1
        while top > 0:
            top -= 1
            sector = stack[top]
            for place in range(start[sector], start[sector + 1]):
                other = near[place]
                if opens[other] == year and not seen[other]:
                    seen[other] = True
                    stack[top] = other
                    top += 1
        for sector in range(count):
            if opens[sector] == year and not seen[sector]:
                return False
    return True


@compiled
def _changes(  # noqa: C901 (one compiled loop)
    opens: Integers,
    missed: Integers,
    years: int,
    start: Integers,
    near: Integers,
    reached: Flags,
    before: Integers,
    connected: bool,
    weight: Integers,
    limit: int,
    refused: Flags,
    required: Flags,
    most: int,
    found: Integers,
    cost: Integers,
) -> int:
    """List the legal changes of one sector, or of two, that miss ``most`` or less in all."""
    count = len(opens)
    who = np.zeros(count * (years + 1), np.int64)
    when, more = np.zeros_like(who), np.zeros_like(who)
    every, now, used = 0, 0, 0
    for sector in range(count):
        now += missed[sector, opens[sector]]
        if opens[sector] < years:
            used += weight[sector]
        for year in range(years + 1):
            if year == opens[sector] or refused[sector] or (year == years and required[sector]):
                continue
            who[every], when[every] = sector, year
            more[every] = missed[sector, year] - missed[sector, opens[sector]]
            every += 1
    order = np.argsort(more[:every], kind="mergesort")
    kept = 0
    one = opens.copy()
    for rank in range(every):
        first = order[rank]
        if now + more[first] + min(0, more[order[0]]) > most:
            break
        a, was = who[first], opens[who[first]]
        one[a] = when[first]
        heavy = used + weight[a] * (int(one[a] < years) - int(was < years))
        if (
            kept < len(cost)
            and now + more[first] <= most
            and heavy <= limit
            and is_legal(one, years, start, near, reached, before, connected)
        ):
            found[kept] = one
            cost[kept] = now + more[first]
            kept += 1
        for lower in range(rank):
            second = order[lower]
            if now + more[first] + more[second] > most or kept >= len(cost):
                break
            b = who[second]
            if b == a:
                continue
            one[b] = when[second]
            both = heavy + weight[b] * (int(one[b] < years) - int(opens[b] < years))
            if both <= limit and is_legal(one, years, start, near, reached, before, connected):
                found[kept] = one
                cost[kept] = now + more[first] + more[second]
                kept += 1
            one[b] = opens[b]
        one[a] = was
    return kept


def neighbours(ground: Ground) -> tuple[Integers, Integers, Integers]:
    """Return where each sector's neighbours begin, the neighbours, and what comes before it."""
    links: list[list[int]] = [[] for _ in range(ground.count)]
    for a, b in ground.near:
        links[a].append(b)
        links[b].append(a)
    start = np.concatenate([[0], np.cumsum([len(some) for some in links])]).astype(np.int64)
    near = np.array([other for some in links for other in some], np.int64)
    before = np.full(ground.count, -1, np.int64)
    for first, after in ground.before:
        before[after] = first
    return start, near, before


def near_sequences(
    block: Block,
    known: Sequence[Rows],
    value: Integers,
    *,
    deficit: int,
    at_most: int,
) -> Rows:
    """Return the sequences that differ from a known one by a sector or two, the best first.

    Parameters
    ----------
    block
        The actor, with its rules at the end of the last year.
    known
        Its known sequences, one year after the other; they are returned too, where they miss
        little enough.
    value
        What each sector is worth in each year in which it is open, shape (years, sectors).
    deficit
        What may be missed of the best.
    at_most
        Sequences returned.
    """
    years, count = value.shape
    ground = block.ground
    start, near, before = neighbours(ground)
    missed = np.zeros((count, years + 1), np.int64)
    missed[:, :years] = -np.cumsum(value[::-1], axis=0)[::-1].T
    opens = np.array([years - one.reshape(years, count).sum(axis=0) for one in known], np.int64)
    cost = missed[np.arange(count)[None, :], opens].sum(axis=1)
    most = int(cost.min()) + deficit
    every, costs = [opens], [cost]
    for one in opens:
        found = np.zeros((_MET, count), np.int64)
        misses = np.zeros(_MET, np.int64)
        kept = _changes(
            one, missed, years, start, near, np.array(ground.reached, bool), before,
            ground.connected, block.weight, block.limit, np.array(ground.refused, bool),
            np.array(ground.required, bool), most, found, misses,
        )  # fmt: skip
        every.append(found[:kept])
        costs.append(misses[:kept])
    rows, place = np.unique(np.concatenate(every), axis=0, return_index=True)
    ordered = np.argsort(np.concatenate(costs)[place], kind="stable")[:at_most]
    best = rows[ordered]
    return np.concatenate([(best <= year).astype(np.uint8) for year in range(years)], axis=1)

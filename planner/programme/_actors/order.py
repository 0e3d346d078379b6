"""In which order sectors are added to a diagram: few should wait for neighbours at once.

A diagram grows with some power of those who wait, 3 to the power of them at most.  A greedy order
is good for small grounds; where it leaves many waiting, a beam search looks further ahead: of the
sets of sectors added so far, the cheapest go on, hundreds of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from planner.compiling import compiled

__all__ = ["best_order"]

Integers = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

_STARTS = 8  # sectors tried as the first one
_BEAMS = ((50_000, 100), (1_000_000, 300), (3_000_000, 1_000))  # from which cost on, how many sets
_AHEAD = 2  # how many more steps those who wait now count for
_MOST_WAITING = 30  # whose power of 3 is told from more
_WORD, _BITS = 64, 6
_SEED = 2018  # of the marks


def best_order(count: int, links: Sequence[set[int]]) -> list[int]:
    """Return an order in which few sectors wait at once, group by group.

    Parameters
    ----------
    count
        How many sectors.
    links
        Who must be remembered until whom is added.
    """
    order: list[int] = []
    seen: set[int] = set()
    for sector in range(count):
        if sector in seen:
            continue
        group = _group(sector, links)
        seen.update(group)
        starts = sorted(group, key=lambda s: (len(links[s]), s))[: _STARTS // 2]
        starts += [_group(s, links)[-1] for s in starts]  # the far end of each
        cost, best = min(_greedy(start, links) for start in dict.fromkeys(starts))
        for dear, width in _BEAMS:
            if cost > dear:
                cost, best = min((cost, best), _look_ahead(sorted(group), links, width))
        order += best
    return order


def _group(start: int, links: Sequence[set[int]]) -> list[int]:
    """Return the sectors linked to one, nearest first."""
    found, at = [start], 0
    known = {start}
    while at < len(found):
        fresh = sorted(links[found[at]] - known)
        known.update(fresh)
        found += fresh
        at += 1
    return found


def _greedy(start: int, links: Sequence[set[int]]) -> tuple[int, list[int]]:
    """Return an order from one sector, after what it costs: 3 to the power of those who wait."""
    order = [start]
    done = {start}
    left = {start: len(links[start])}
    cost = 3 ** bool(left[start])
    waiting = {start: None} if left[start] else {}
    while waiting:
        oldest = {other: age for age, w in enumerate(waiting) for other in [w]}
        options = sorted({n for w in waiting for n in links[w]} - done)

        def rank(sector: int, oldest: dict[int, int] = oldest) -> tuple[int, int, int]:
            closes = sum(left[n] == 1 for n in links[sector] & done)
            opens = bool(links[sector] - done)
            age = min(oldest[n] for n in links[sector] & done if n in oldest)
            return opens - closes, age, sector

        sector = min(options, key=rank)
        order.append(sector)
        done.add(sector)
        left[sector] = len(links[sector] - done)
        for n in links[sector] & done:
            if n != sector:
                left[n] -= 1
                if left[n] == 0:
                    waiting.pop(n, None)
        if left[sector]:
            waiting[sector] = None
        cost += 3 ** len(waiting)
    return cost, order


def _look_ahead(
    group: Sequence[int], links: Sequence[set[int]], width: int
) -> tuple[int, list[int]]:
    """Return the cheapest order that the beam met, after what it costs."""
    place = {sector: at for at, sector in enumerate(group)}
    starts = np.zeros(len(group) + 1, np.int64)
    ends: list[int] = []
    for at, sector in enumerate(group):
        ends += sorted(place[other] for other in links[sector])
        starts[at + 1] = len(ends)
    marks = np.random.default_rng(_SEED).integers(2**63, size=len(group), dtype=np.uint64)
    picks, cost = _beam(starts, np.array(ends, np.int64), marks, width)
    return int(cost), [group[at] for at in picks.tolist()]


@compiled
def _has(words: Words, one: int) -> bool:
    return bool((words[one >> _BITS] >> np.uint64(one & (_WORD - 1))) & np.uint64(1))


@compiled
def _left(starts: Integers, ends: Integers, done: Words, one: int) -> int:
    """Return how many neighbours of a sector aren't added yet."""
    count = 0
    for at in range(starts[one], starts[one + 1]):
        count += not _has(done, ends[at])
    return count


@compiled
def _waiting_after(starts: Integers, ends: Integers, done: Words, waiting: int, new: int) -> int:
    """Return how many wait once a sector is added; -1 when nothing that waits is beside it."""
    beside, closed = waiting == 0, 0
    for at in range(starts[new], starts[new + 1]):
        if _has(done, ends[at]):
            beside = True
            closed += _left(starts, ends, done, ends[at]) == 1
    if not beside:
        return -1
    return waiting - closed + (_left(starts, ends, done, new) > 0)


@compiled
def _beam(starts: Integers, ends: Integers, marks: Words, width: int) -> tuple[Integers, float]:
    """Return the order of the cheapest set in the end, and what it costs.

    ``starts`` and ``ends`` are the neighbours of each sector, one after another; the sectors hang
    together.  Sets are told apart by the marks of their sectors.
    """
    count = len(marks)
    done = np.zeros((width, (count >> _BITS) + 1), np.uint64)
    mark, cost = np.zeros(width, np.uint64), np.zeros(width)
    waiting = np.zeros(width, np.int64)
    parent, picked = np.zeros((count, width), np.int64), np.zeros((count, width), np.int64)
    score, source = np.empty(width * count), np.empty(width * count, np.int64)
    price, sector = np.empty(width * count), np.empty(width * count, np.int64)
    next_waiting = np.empty(width * count, np.int64)
    alive = 1
    for step in range(count):
        options = 0
        for one in range(alive):
            for new in range(count):
                if _has(done[one], new):
                    continue
                now = _waiting_after(starts, ends, done[one], waiting[one], new)
                if now < 0:
                    continue
                price[options] = 3.0 ** min(now, _MOST_WAITING)
                score[options] = cost[one] + (1 + _AHEAD) * price[options]
                next_waiting[options], source[options], sector[options] = now, one, new
                options += 1
        before, before_mark, before_cost = done.copy(), mark.copy(), cost.copy()
        alive = 0
        for at in np.argsort(score[:options], kind="mergesort"):
            one, new = source[at], sector[at]
            mark[alive] = before_mark[one] ^ marks[new]
            if (mark[:alive] == mark[alive]).any():  # the same sectors, no cheaper
                continue
            done[alive] = before[one]
            done[alive, new >> _BITS] |= np.uint64(1) << np.uint64(new & (_WORD - 1))
            cost[alive], waiting[alive] = before_cost[one] + price[at], next_waiting[at]
            parent[step, alive], picked[step, alive] = one, new
            alive += 1
            if alive == width:
                break
    order, at = np.zeros(count, np.int64), np.argmin(cost[:alive])
    least = cost[at]
    for step in range(count - 1, -1, -1):
        order[step] = picked[step, at]
        at = parent[step, at]
    return order, least

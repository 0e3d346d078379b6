"""Every best combination of listed choices, by branch and bound: one choice for each actor.

At each node the linear programme (:mod:`.simplex`) tells prices and what is divided; the bound is
then counted again from the prices alone, with more than floats can miss, choices that can't be in
an answer as good are dropped, and what no completion could hold likewise.  The search keeps to a
number of operations, not to a clock, so that the same question has the same answer.

Where the linear programme divides an actor between two choices, its list is cut in two: those on
the side of the one, and those on the side of the other (as for the special ordered sets of Beale
and Tomlin, 1970).  Which actor's is tried out, after an order by pseudo-costs (Achterberg, Koch and
Martin, Operations Research Letters 33(1), 2005).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.compiling import compiled
from planner.programme._actors.blocks import Block, Row
from planner.programme._search.exchange import FAR, Table
from planner.programme._search.nodes import (
    branch,
    drop_without_room,
    halve,
    move_along,
    next_node,
    noted,
    only_alive,
    safe_bound,
    worth_of,
)
from planner.programme._search.simplex import (
    BROKEN,
    INFEASIBLE,
    LIMIT,
    SOLVED,
    STALE,
    packed,
    solve_listed,
)

__all__ = ["WORK", "Found", "search", "search_above"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.uint8]

WORK = 6_000_000_000  # operations of one search, some five seconds
_FAR = 1e300
_EXACT = 2.0**50  # whole numbers that floats can add without missing any
_KEPT = 100  # answers that are equal
_WAITING = 8_192  # nodes at most
_TRIED = 8  # how often halves of an actor are tried out before its pseudo-costs order them
_TRIED_PIVOTS = 3
_COMPARED = 2  # actors whose halves are tried out at each node
_PIVOTS, _FIRST_PIVOTS = 400, 10_000
_TURNS = 20
_WHOLE = 1e-6
_MOSTLY = 0.5
_LITTLE = 1e-3
_EQUALS_SHARE = 4  # of the work: a fourth part of it at most looks for all that are equal


@compiled
def _trial(
    starts: Integers,
    items: Integers,
    owner: Integers,
    worth: Floats,
    uses: Floats,
    places: Integers,
    room: Floats,
    alive: Flags,
    key: Integers,
    basic: Integers,
    prices: Floats,
    inverse: Floats,
    age: int,
    actor: int,
    half: Flags,
    side: int,
    missing: float,
    bound: float,
) -> tuple[float, int]:
    """Return how much the bound falls where an actor keeps one half, ``missing`` at most."""
    rows = len(room)
    mine, other = key.copy(), basic.copy()
    at, taken, ray = prices.copy(), np.zeros(rows), np.zeros(rows)
    for t in range(starts[actor], starts[actor + 1]):
        if half[items[t]] != side:
            alive[items[t]] = 0
    pivots, status, _ = solve_listed(
        starts, items, owner, worth, uses, places, room, alive, mine, other, at, taken, ray,
        inverse.copy(), age, _TRIED_PIVOTS,
    )  # fmt: skip
    then = 0.0
    for one in range(len(starts) - 1):
        then += worth[mine[one]]
    for i in range(rows):
        if other[i] >= 0:
            then += (worth[other[i]] - worth[mine[owner[other[i]]]]) * taken[i]
    for t in range(starts[actor], starts[actor + 1]):
        alive[items[t]] = 1
    if status == INFEASIBLE:
        return missing, pivots
    return min(max(bound - then, 0.0), missing), pivots


@compiled
def _score(one: float, other: float) -> float:
    """Return how good it is to branch where the bound falls by so much on either side."""
    return (one + _LITTLE) * (other + _LITTLE)


@compiled
def _search(  # noqa: C901, PLR0912, PLR0915 (one compiled loop)
    first: Integers,
    worth: Floats,
    uses: Floats,
    places: Integers,
    room: Floats,
    sizes: Floats,
    kept: Integers,
    best: float,
    step: float,
    equals: bool,
    thorough: bool,
    enough: float,
    work: int,
) -> tuple[float, float, int, bool, int]:
    """Return the best worth, what none can pass, how many are kept, if all, and the work left.

    A better answer is better by ``step`` or more.  Answers as good are looked for as long as they
    may all be found; then only better ones, until one is worth ``enough``.
    """
    actors, count, rows, width = len(first) - 1, len(worth), len(room), uses.shape[1]
    owner = np.zeros(count, np.int64)
    for actor in range(actors):
        owner[first[actor] : first[actor + 1]] = actor
    alive, reduced, top = np.zeros(count, np.uint8), np.zeros(count), np.zeros(actors)
    key, basic = np.zeros(actors, np.int64), np.zeros(rows, np.int64)
    prices, again, taken, ray = np.zeros(rows), np.zeros(rows), np.zeros(rows), np.zeros(rows)
    picked = np.zeros(actors, np.int64)
    tries, falls, hopes = np.zeros((actors, 2)), np.zeros((actors, 2)), np.zeros(rows)
    half, halves = np.zeros(count, np.uint8), np.zeros(count, np.uint8)
    keys, basics = np.zeros((_WAITING, actors), np.int64), np.zeros((_WAITING, rows), np.int64)
    at, bounds = np.zeros((_WAITING, rows)), np.full(_WAITING, -_FAR)
    begins, serial = np.zeros((_WAITING, actors + 1), np.int64), np.zeros(_WAITING, np.int64)
    items = np.arange(count)
    pool = [items]  # the choices of each node that waits
    starts = first.copy()
    for actor in range(actors):
        key[actor] = first[actor]
        for j in range(first[actor], first[actor + 1]):
            if worth[j] > worth[key[actor]]:
                key[actor] = j
    for r in range(rows):
        basic[r] = -r - 1
    waiting, ready, nodes, bound = 0, True, 0, _FAR
    same, inverse, age = 1, np.zeros((rows, rows)), STALE
    passed, whole, begun = -_FAR, equals, False
    spared = 0 if thorough else work - work // _EQUALS_SHARE
    while work > 0 and best < enough:
        whole = whole and work > spared
        gap = -_MOSTLY if whole else step - _LITTLE
        if not ready:  # the best that waits; where too many do, the one met last
            node = next_node(bounds, serial, waiting)
            if node < 0:
                break
            bound = bounds[node]
            items, starts = pool[node], begins[node].copy()
            key[:], basic[:], prices[:] = keys[node], basics[node], at[node]
            waiting -= 1
            age = STALE
            last = pool.pop()
            if node != waiting:
                pool[node], bounds[node], serial[node] = last, bounds[waiting], serial[waiting]
                keys[node], basics[node], at[node] = keys[waiting], basics[waiting], at[waiting]
                begins[node] = begins[waiting]
            if bound <= best + gap:
                passed = max(passed, bound)
                continue
        ready = False
        alive[:] = 0
        alive[items] = 1
        dead, status = False, SOLVED
        for turn in range(_TURNS):
            pivots, status, age = solve_listed(
                starts, items, owner, worth, uses, places, room, alive, key, basic, prices, taken,
                ray, inverse, age, _PIVOTS if begun else _FIRST_PIVOTS,
            )  # fmt: skip
            begun = True
            work -= (pivots + 2) * ((len(items) + actors) * width + rows * rows)
            starts, items = only_alive(starts, items, alive)
            again[:] = prices
            if status == INFEASIBLE:
                move_along(starts, items, uses, places, room, again, ray, abs(bound - best) + 1.0
                       if bound < _FAR else 1e12)  # fmt: skip
            now = safe_bound(starts, items, worth, uses, places, room, again, sizes, reduced, top)
            bound = min(bound, now)
            if bound <= best + gap:
                passed, dead = max(passed, bound), True
                break
            for actor in range(actors):
                for t in range(starts[actor], starts[actor + 1]):
                    then = now - (top[actor] - reduced[items[t]])
                    if then <= best + gap:
                        alive[items[t]] = 0
                        passed = max(passed, then)
            if not drop_without_room(starts, items, uses, places, room, alive):
                dead = True
                break
            touched = False
            for actor in range(actors):
                touched = touched or not alive[key[actor]]
            for i in range(rows):
                gone = basic[i] >= 0 and not alive[basic[i]]
                touched = touched or (gone and abs(taken[i]) > _WHOLE)
            if not touched and status in (SOLVED, INFEASIBLE):
                break
            if status in (LIMIT, BROKEN) and turn > 0:
                break
            if status == BROKEN:  # begin anew from the slacks
                for actor in range(actors):
                    for t in range(starts[actor], starts[actor + 1]):
                        j = items[t]
                        if alive[j] and (not alive[key[actor]] or worth[j] > worth[key[actor]]):
                            key[actor] = j
                for r in range(rows):
                    basic[r] = -r - 1
                prices[:], age = 0, STALE
        if dead:
            continue
        starts, items = only_alive(starts, items, alive)
        divided, chosen, most, up = 0, -1, -1.0, True
        hopes[:] = -1.0
        if status == SOLVED:
            for i in range(rows):
                if basic[i] >= 0 and _WHOLE < taken[i] < 1 - _WHOLE:
                    divided += 1
                    who = owner[basic[i]]
                    hopes[i] = _FAR
                    if min(tries[who, 0], tries[who, 1]) >= _TRIED:
                        hopes[i] = _score(falls[who, 0] / tries[who, 0],
                                          falls[who, 1] / tries[who, 1])  # fmt: skip
        if status == SOLVED and divided == 0:
            picked[:] = key
            for i in range(rows):
                if basic[i] >= 0 and taken[i] > _MOSTLY:
                    picked[owner[basic[i]]] = basic[i]
        if len(items) == actors:
            picked[:] = items
        if (status == SOLVED and divided == 0) or len(items) == actors:
            value = worth_of(picked, worth, uses, places, room)
            if value > best:
                best, same = value, 0
            if value == best and not noted(picked, kept, same):
                if same < len(kept):
                    kept[same] = picked
                    same += 1
                else:
                    whole = False
            passed = max(passed, value)
            if len(items) == actors or bound <= best + gap:
                passed = max(passed, min(bound, best))
                continue
        for turn in range(divided):
            i = int(np.argmax(hopes))
            if hopes[i] < _FAR and turn >= _COMPARED:
                break
            hopes[i] = -1.0
            who = owner[basic[i]]
            halve(starts, items, who, key[who], basic[i], taken[i], uses, places, prices, half)
            fall = (0.0, 0.0)
            for side in range(2):
                one, pivots = _trial(
                    starts, items, owner, worth, uses, places, room, alive, key, basic, prices,
                    inverse, age, who, half, side, bound - best - gap, bound,
                )  # fmt: skip
                work -= (pivots + 2) * ((len(items) + actors) * width + rows * rows)
                tries[who, side] += 1
                falls[who, side] += one
                fall = (one, fall[1]) if side == 0 else (fall[0], one)
            if _score(fall[0], fall[1]) > most:
                most, chosen, up = _score(fall[0], fall[1]), who, fall[1] <= fall[0]
                halves[:] = half
        if chosen < 0:  # a whole answer whose equals are looked for, or no prices: the longest list
            chosen = 0
            for actor in range(1, actors):
                if starts[actor + 1] - starts[actor] > starts[chosen + 1] - starts[chosen]:
                    chosen = actor
            halves[:] = 0
            halves[key[chosen] if alive[key[chosen]] else items[starts[chosen]]] = 1
            up = True
        if waiting + 1 >= _WAITING:
            passed, whole = max(passed, bound), False
            continue
        if waiting == 0:
            pool.clear()
        other_starts, other = branch(starts, items, chosen, halves, 0 if up else 1)
        pool.append(other)
        begins[waiting], keys[waiting], basics[waiting] = other_starts, key, basic
        at[waiting], bounds[waiting], serial[waiting] = prices, bound, nodes
        waiting += 1
        nodes += 1
        starts, items = branch(starts, items, chosen, halves, 1 if up else 0)
        ready = True
    if ready:
        passed = max(passed, bound)
    bound = max(passed, best)
    for one in range(waiting):
        bound = max(bound, bounds[one])
    return best, bound, same, whole and waiting == 0 and not ready, work


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What was found.

    Parameters
    ----------
    parts
        The best answer: the choice of each actor.
    value, bound
        What it is worth, and what none of the listed can pass.
    equals
        All answers as good, where they are known to be all; empty otherwise.
    """

    parts: list[Rows]
    value: int
    bound: int
    equals: tuple[list[Rows], ...] = ()


def search(
    blocks: Sequence[Block],
    choices: Sequence[Rows],
    objective: Row,
    rows: Sequence[Row],
    *,
    incumbent: Sequence[Rows],
    equals: bool = True,
    thorough: bool = False,
    work: int = WORK,
) -> Found | None:
    """Look for the best combinations of listed choices; None where numbers are too large for it.

    Parameters
    ----------
    blocks, choices
        Actors, and what each may choose.
    objective, rows
        What is made large, and what must hold.
    incumbent
        An answer that holds the rows.
    equals
        Whether all answers as good as the best are looked for.
    thorough
        Whether they are looked for with all the work, rather than with a part of it.
    work
        Operations allowed.
    """
    table = Table.of(blocks, choices, objective, rows, incumbent)
    each = [_distinct(some) for some in table.each]
    keep = np.concatenate([
        start + place for start, place in zip(table.starts[:-1], each, strict=True)
    ])  # fmt: skip
    worth, uses, room = table.worth[keep], *_one_sided(table, keep)
    starts = np.concatenate([[0], np.cumsum([len(some) for some in each])]).astype(np.int64)
    sizes = np.zeros(len(room) + 1)
    for start, end in itertools.pairwise(starts):
        sizes[:-1] += np.abs(uses[start:end]).max(axis=0, initial=0)
        sizes[-1] += np.abs(worth[start:end]).max(initial=0)
    sizes[:-1] += np.abs(room)
    if sizes.max() >= _EXACT:
        return None
    kept = np.zeros((_KEPT, len(each)), np.int64)
    kept[0] = starts[:-1]  # the incumbent comes first in each list
    # rows of one size, by powers of two, which floats divide without missing anything
    scale = np.ones(len(room))
    step = max(int(np.gcd.reduce(worth)), 1)
    best, bound, same, whole, _ = _search(
        starts, worth.astype(float), *packed(starts, uses / scale), room / scale,
        np.concatenate([sizes[:-1] / scale, sizes[-1:]]), kept, 0.0, step, equals, thorough,
        _FAR, work,
    )  # fmt: skip
    answers = [
        [some[keep[pick] - start][None, :]
         for some, pick, start in zip(table.each, picked, table.starts[:-1], strict=True)]
        for picked in kept[:same]
    ]  # fmt: skip
    return Found(
        parts=answers[0], value=table.value + round(best),
        bound=table.value + _in_steps(best, bound, step),
        equals=tuple(answers) if whole else (),
    )  # fmt: skip


def _in_steps(best: float, bound: float, step: int) -> int:
    """Return what none can pass, where worths are whole numbers of steps."""
    passed = int(np.floor(min(bound, _EXACT) + 1e-9))
    return round(best) + (passed - round(best)) // step * step


def _distinct(rows: Rows) -> Integers:
    """Return the place of each different choice, in order."""
    words = np.packbits(rows, axis=1)
    every = np.zeros((len(rows), max(8, -(-words.shape[1] // 8) * 8)), np.uint8)
    every[:, : words.shape[1]] = words
    whole = every.view(np.uint64)
    order = np.lexsort(whole.T)  # stable: of equal choices, the first comes first
    fresh = np.ones(len(rows), bool)
    fresh[1:] = (whole[order[1:]] != whole[order[:-1]]).any(axis=1)
    return np.sort(order[fresh]).astype(np.int64)


def _one_sided(table: Table, keep: Integers) -> tuple[Floats, Floats]:
    """Return uses and room of rows that have an upper bound only."""
    upper, lower = table.high < FAR, table.low > -FAR
    uses = table.uses[keep]
    return (
        np.concatenate([uses[:, upper], -uses[:, lower]], axis=1).astype(float),
        np.concatenate([table.high[upper], -table.low[lower]]).astype(float),
    )


def search_above(
    starts: Integers, worth: Integers, uses: Integers, room: Integers,
    *, above: int, work: int, any_above: bool = False,
) -> tuple[int, int, Integers, int] | None:  # fmt: skip
    """Look for the best choice of each actor that is worth more than a number.

    Parameters
    ----------
    starts
        Where the choices of each actor start, and where the last end.
    worth, uses, room
        What each choice is worth, one of each actor nothing, and uses of each row, shape (choices,
        rows), and what there is.
    above
        The number.
    work
        Operations allowed.
    any_above
        Whether the first that is found will do.

    Returns
    -------
    tuple
        The best worth, what none can pass, the choices, and the operations spent; no more than
        ``above`` where none was found.  None where numbers are too large for floats.
    """
    sizes = np.zeros(len(room) + 1)
    for start, end in itertools.pairwise(starts):
        sizes[:-1] += np.abs(uses[start:end]).max(axis=0, initial=0)
        sizes[-1] += np.abs(worth[start:end]).max(initial=0)
    sizes[:-1] += np.abs(room)
    if max(sizes.max(), abs(above)) >= _EXACT:
        return None
    kept = np.zeros((_KEPT, len(starts) - 1), np.int64)
    step = max(int(np.gcd.reduce(worth)), 1)  # a better one is better by so much
    above = above // step * step
    best, bound, _, _, left = _search(
        starts, worth.astype(float), *packed(starts, uses.astype(float)), room.astype(float),
        sizes, kept, float(above), step, False, False, above + 0.5 if any_above else _FAR, work,
    )  # fmt: skip
    return round(best), _in_steps(best, bound, step), kept[0], work - left

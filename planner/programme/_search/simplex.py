"""The linear programme over listed choices, one for each actor, a few rows binding them all.

The dual simplex with generalised upper bounds of Dantzig and Van Slyke (Journal of Computer and
System Sciences 1(3), 1967): each actor keeps one *key* choice, so that the basis is as large as
there are rows, however many actors.  What it is asked for is good prices and what to branch on;
whoever proves something with the prices counts the bound again (:mod:`.branches`).

Numbers of choices and rows are places in the arrays; a slack in the basis is ``-(row + 1)``.  A row
that links two actors concerns no other: what a choice uses is kept for the rows of its actor alone
(:func:`packed`).
"""

from __future__ import annotations

import itertools
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from planner.compiling import compiled

__all__ = ["BROKEN", "INFEASIBLE", "LIMIT", "SOLVED", "STALE", "mine_of", "packed", "solve_listed"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.uint8]
Number = TypeVar("Number", bound=np.generic)

SOLVED, INFEASIBLE, LIMIT, BROKEN = 0, 1, 2, 3
STALE = 30  # pivots between two fresh inversions
_FAR = 1e300
_ZERO = 1e-9
_BROKEN_BY = 1e-7  # what a choice may be below nothing, a row as a share of a thousandth
_SINGULAR, _SMALL_PIVOT = 1e-11, 1e-7
_FIRST = 10.0  # choices that are no more to be had leave first


def packed(starts: Integers, uses: npt.NDArray[Number]) -> tuple[npt.NDArray[Number], Integers]:
    """Keep what choices use for the rows of their own actor alone.

    Parameters
    ----------
    starts
        Where the choices of each actor start, and where the last end.
    uses
        Of each choice, shape (choices, rows).

    Returns
    -------
    tuple
        Uses, shape (choices, width), and the row of each column for each actor, shape (actors,
        width), -1 where there is none.
    """
    some = [
        np.flatnonzero((uses[start:end] != 0).any(axis=0))
        for start, end in itertools.pairwise(starts.tolist())
    ]
    places = np.full((len(some), max(map(len, some), default=0)), -1, np.int64)
    own = np.zeros((len(uses), places.shape[1]), uses.dtype)
    for actor, rows in enumerate(some):
        places[actor, : len(rows)] = rows
        start, end = starts[actor], starts[actor + 1]
        own[start:end, : len(rows)] = uses[start:end, rows]
    return own, places


@compiled
def mine_of(values: Floats, places: Integers, actor: int, mine: Floats) -> None:
    """Fill ``mine`` with the values of the rows of an actor, nought where there is no row."""
    for q in range(len(mine)):
        mine[q] = values[places[actor, q]] if places[actor, q] >= 0 else 0.0


@compiled
def _invert(square: Floats, inverse: Floats) -> bool:  # noqa: C901 (one compiled loop)
    """Invert by Gauss and Jordan; False when the matrix is singular, as far as floats can tell."""
    count = len(square)
    left = square.copy()
    for i in range(count):
        for k in range(count):
            inverse[i, k] = 1.0 if i == k else 0.0
    for c in range(count):
        p = c
        for i in range(c + 1, count):
            if abs(left[i, c]) > abs(left[p, c]):
                p = i
        if abs(left[p, c]) < _SINGULAR:
            return False
        if p != c:
            for k in range(count):
                left[c, k], left[p, k] = left[p, k], left[c, k]
                inverse[c, k], inverse[p, k] = inverse[p, k], inverse[c, k]
        by = 1.0 / left[c, c]
        for k in range(count):
            left[c, k] *= by
            inverse[c, k] *= by
        for i in range(count):
            by = left[i, c]
            if i != c and by != 0.0:
                for k in range(count):
                    left[i, k] -= by * left[c, k]
                    inverse[i, k] -= by * inverse[c, k]
    return True


@compiled
def _replace(inverse: Floats, column: Floats, at: int) -> bool:
    """Update the inverse: one column of the basis is replaced; False when it had better be anew."""
    count = len(inverse)
    some, moved = np.flatnonzero(column), np.zeros(count)
    for i in range(count):
        for r in some:
            moved[i] += inverse[i, r] * column[r]
    if abs(moved[at]) < _SMALL_PIVOT:
        return False
    by = 1.0 / moved[at]
    for k in range(count):
        inverse[at, k] *= by
    for i in range(count):
        if i != at and moved[i] != 0.0:
            for k in range(count):
                inverse[i, k] -= moved[i] * inverse[at, k]
    return True


@compiled
def _fresh_inverse(
    owner: Integers, uses: Floats, places: Integers, key: Integers, basic: Integers, inverse: Floats
) -> bool:
    """Invert a basis; False when it is singular, as far as floats can tell."""
    square = np.zeros(inverse.shape)
    for i in range(len(basic)):
        j = basic[i]
        if j < 0:
            square[-j - 1, i] = 1.0
            continue
        for q in range(uses.shape[1]):
            if places[owner[j], q] >= 0:
                square[places[owner[j], q], i] = uses[j, q] - uses[key[owner[j]], q]
    return _invert(square, inverse)


@compiled
def _fill_taken(basic: Integers, inverse: Floats, rest: Floats, taken: Floats) -> None:
    """Fill how much of each basic is taken, and of a slack how much is left."""
    tight = np.ones(len(rest), np.bool_)  # rows whose slack isn't basic: the inverse is of these
    for i in range(len(basic)):
        if basic[i] < 0:
            tight[-basic[i] - 1] = False
    some = np.flatnonzero(tight)
    for i in range(len(basic)):
        taken[i] = rest[-basic[i] - 1] if basic[i] < 0 else 0.0
        for r in some:
            taken[i] += inverse[i, r] * rest[r]


@compiled
def _swap_key(owner: Integers, key: Integers, basic: Integers, inverse: Floats, at: int) -> None:
    """Make a basic choice the key of its actor, and the key basic in its place.

    Columns are counted from the key: that of the place changes its sign, and is taken off those of
    the other basics of the actor.
    """
    actor = owner[basic[at]]
    for k in range(len(inverse)):
        inverse[at, k] = -inverse[at, k]
    for i in range(len(basic)):
        if i != at and basic[i] >= 0 and owner[basic[i]] == actor:
            for k in range(len(inverse)):
                inverse[at, k] -= inverse[i, k]
    basic[at], key[actor] = key[actor], basic[at]


@compiled
def _change_dead_keys(  # noqa: C901, PLR0912 (one compiled loop)
    starts: Integers,
    items: Integers,
    owner: Integers,
    worth: Floats,
    uses: Floats,
    places: Integers,
    alive: Flags,
    prices: Floats,
    key: Integers,
    basic: Integers,
    inverse: Floats,
) -> tuple[bool, bool]:
    """Give each actor whose key is no more to be had another; return (possible, changed)."""
    changed, width = False, uses.shape[1]
    mine = np.zeros(width)
    for actor in range(len(key)):
        if alive[key[actor]]:
            continue
        mate, waits = -1, False
        for i in range(len(basic)):
            j = basic[i]
            if j >= 0 and owner[j] == actor:
                if alive[j]:
                    mate = i
                else:
                    waits = True
        if mate >= 0:
            _swap_key(owner, key, basic, inverse, mate)
            changed = True
        elif not waits:  # the best at these prices: no reduced cost becomes positive
            most, best = -_FAR, -1
            mine_of(prices, places, actor, mine)
            for t in range(starts[actor], starts[actor + 1]):
                j = items[t]
                if not alive[j]:
                    continue
                value = worth[j]
                for q in range(width):
                    value -= mine[q] * uses[j, q]
                if value > most:
                    most, best = value, j
            if best < 0:
                return False, changed
            key[actor] = best
            changed = True
    return True, changed


@compiled
def _entering(  # noqa: C901 (one compiled loop)
    starts: Integers,
    items: Integers,
    worth: Floats,
    uses: Floats,
    places: Integers,
    alive: Flags,
    key: Integers,
    basic: Integers,
    inside: Flags,
    prices: Floats,
    row: Floats,
) -> int:
    """Return what enters by the ratio test along ``row``: a choice, a slack, or -(rows + 1)."""
    rows, width = len(prices), uses.shape[1]
    best, steep, enter = _FAR, 0.0, -rows - 1
    price, way = np.zeros(width), np.zeros(width)
    for actor in range(len(key)):
        mine = key[actor]
        mine_of(prices, places, actor, price)
        mine_of(row, places, actor, way)
        base, slope = worth[mine], 0.0
        for q in range(width):
            base -= price[q] * uses[mine, q]
            slope += way[q] * uses[mine, q]
        for t in range(starts[actor], starts[actor + 1]):
            j = items[t]
            if j == mine or not alive[j] or inside[j]:
                continue
            value, along = worth[j], -slope
            for q in range(width):
                value -= price[q] * uses[j, q]
                along += way[q] * uses[j, q]
            if along < -_ZERO:
                ratio = max(base - value, 0.0) / -along
                if ratio < best - 1e-12 or (ratio < best + 1e-12 and -along > steep):
                    best, steep, enter = ratio, -along, j
    for r in range(rows):
        if row[r] < -_ZERO:
            taken = False
            for i in range(rows):
                taken = taken or basic[i] == -r - 1
            if taken:
                continue
            ratio = max(prices[r], 0.0) / -row[r]
            if ratio < best - 1e-12 or (ratio < best + 1e-12 and -row[r] > steep):
                best, steep, enter = ratio, -row[r], -r - 1
    return enter


@compiled
def solve_listed(  # noqa: C901, PLR0912, PLR0915 (one compiled loop)
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
    taken: Floats,
    ray: Floats,
    inverse: Floats,
    age: int,
    most: int,
) -> tuple[int, int, int]:
    """Solve from a basis that is dual feasible; return (pivots, status, age).

    Parameters
    ----------
    starts, items
        The choices of each actor, as places in the arrays of choices.
    owner, worth, uses
        Of every choice: its actor, what it is worth, what it uses of each row of its actor.
    places
        The rows of each actor.
    room
        Of each row: what may be used.
    alive
        Which choices are to be had.
    key, basic
        The basis, from which to start and at which it ended.
    prices, taken
        Filled with the price of each row and how much of each basic is taken.
    ray
        Filled with the weights of the rows that can't hold together, where there is no answer.
    inverse, age
        The inverse of the basis, which is kept up, and how many pivots ago it was made anew;
        ``STALE`` where it is of another basis.
    most
        Pivots at most.
    """
    rows, width = len(room), uses.shape[1]
    rest, row, column = np.zeros(rows), np.zeros(rows), np.zeros(rows)
    of_key = np.zeros(len(key))
    inside = np.zeros(len(worth), np.uint8)
    for i in range(rows):
        if basic[i] >= 0:
            inside[basic[i]] = 1
    pivots, since = 0, age
    while True:
        possible, changed = _change_dead_keys(
            starts, items, owner, worth, uses, places, alive, prices, key, basic, inverse
        )
        if not possible:
            ray[:] = 0
            return pivots, INFEASIBLE, STALE
        if changed:
            inside[:] = 0
            for i in range(rows):
                if basic[i] >= 0:
                    inside[basic[i]] = 1
        if since >= STALE:
            since = 0
            if not _fresh_inverse(owner, uses, places, key, basic, inverse):
                return pivots, BROKEN, STALE
        for r in range(rows):
            rest[r] = room[r]
        for actor in range(len(key)):
            of_key[actor] = 1.0
            for q in range(width):
                if places[actor, q] >= 0:
                    rest[places[actor, q]] -= uses[key[actor], q]
        _fill_taken(basic, inverse, rest, taken)
        prices[:] = 0.0
        for i in range(rows):
            j = basic[i]
            if j < 0:
                continue
            of_key[owner[j]] -= taken[i]
            gain = worth[j] - worth[key[owner[j]]]
            for r in range(rows):
                prices[r] += gain * inverse[i, r]
        if pivots >= most:
            return pivots, LIMIT, since
        worst, leave, rekey, falls = _BROKEN_BY, -1, -1, False
        for i in range(rows):
            j = basic[i]
            if j >= 0 and not alive[j]:  # at nothing it may stay, unless its key has to go too
                far = abs(taken[i])
                if far > _BROKEN_BY or not alive[key[owner[j]]]:
                    far += _FIRST
            elif j >= 0:
                far = -taken[i]
            else:
                far = -taken[i] / (abs(room[-j - 1]) * 1e-3 + 1.0)
            if far > worst:
                worst, leave = far, i
                falls = j >= 0 and not alive[j] and taken[i] > 0
        for actor in range(len(key)):
            if -of_key[actor] > worst:
                worst, rekey = -of_key[actor], actor
        if leave < 0 and rekey < 0:
            return pivots, SOLVED, since
        pivots += 1
        since += 1
        if rekey >= 0:  # its largest mate becomes the key, and the key leaves next
            mate = -1
            for i in range(rows):
                j = basic[i]
                if j >= 0 and owner[j] == rekey and (mate < 0 or taken[i] > taken[mate]):
                    mate = i
            if mate < 0:
                return pivots, BROKEN, STALE
            inside[basic[mate]], inside[key[rekey]] = 0, 1
            _swap_key(owner, key, basic, inverse, mate)
            continue
        for r in range(rows):
            row[r] = -inverse[leave, r] if falls else inverse[leave, r]
        enter = _entering(
            starts, items, worth, uses, places, alive, key, basic, inside, prices, row
        )  # fmt: skip
        j = basic[leave]
        if enter == -rows - 1 and j >= 0 and not alive[j] and abs(taken[leave]) <= _BROKEN_BY:
            row[:] = -row
            enter = _entering(
                starts, items, worth, uses, places, alive, key, basic, inside, prices, row
            )  # fmt: skip
            if enter == -rows - 1:
                return pivots, BROKEN, STALE
        if enter == -rows - 1:
            ray[:] = row
            return pivots, INFEASIBLE, since
        if basic[leave] >= 0:
            inside[basic[leave]] = 0
        basic[leave] = enter
        if enter >= 0:
            inside[enter] = 1
        column[:] = 0
        if enter < 0:
            column[-enter - 1] = 1.0
        else:
            who = owner[enter]
            for q in range(width):
                if places[who, q] >= 0:
                    column[places[who, q]] = uses[enter, q] - uses[key[who], q]
        if not _replace(inverse, column, leave):
            since = STALE

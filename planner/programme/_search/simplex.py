"""The linear programme over listed choices, one for each actor, a few rows binding them all.

The dual simplex with generalised upper bounds of Dantzig and Van Slyke (Journal of Computer and
System Sciences 1(3), 1967): each actor keeps one *key* choice, so that the basis is as large as
there are rows, however many actors.  What it is asked for is good prices and what to branch on;
whoever proves something with the prices counts the bound again (:mod:`.branches`).

Numbers of choices and rows are places in the arrays; a slack in the basis is ``-(row + 1)``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planner.compiling import compiled

__all__ = ["BROKEN", "INFEASIBLE", "LIMIT", "SOLVED", "solve_listed"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.uint8]

SOLVED, INFEASIBLE, LIMIT, BROKEN = 0, 1, 2, 3
_FAR = 1e300
_ZERO = 1e-9
_BROKEN_BY = 1e-7  # what a choice may be below nothing, a row as a share of a thousandth
_SINGULAR, _SMALL_PIVOT = 1e-11, 1e-7
_AT_MOST = 30  # pivots between two fresh inversions
_FIRST = 10.0  # choices that are no more to be had leave first


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
    moved = np.zeros(count)
    for i in range(count):
        for r in range(count):
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
def _change_dead_keys(  # noqa: C901, PLR0912 (one compiled loop)
    starts: Integers,
    items: Integers,
    owner: Integers,
    worth: Floats,
    uses: Floats,
    alive: Flags,
    prices: Floats,
    key: Integers,
    basic: Integers,
) -> tuple[bool, bool]:
    """Give each actor whose key is no more to be had another; return (possible, changed)."""
    changed = False
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
            basic[mate], key[actor] = key[actor], basic[mate]
            changed = True
        elif not waits:  # the best at these prices: no reduced cost becomes positive
            most, best = -_FAR, -1
            for t in range(starts[actor], starts[actor + 1]):
                j = items[t]
                if not alive[j]:
                    continue
                value = worth[j]
                for r in range(len(prices)):
                    value -= prices[r] * uses[j, r]
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
    alive: Flags,
    key: Integers,
    basic: Integers,
    inside: Flags,
    prices: Floats,
    row: Floats,
) -> int:
    """Return what enters by the ratio test along ``row``: a choice, a slack, or -(rows + 1)."""
    rows = len(prices)
    best, steep, enter = _FAR, 0.0, -rows - 1
    for actor in range(len(key)):
        mine = key[actor]
        base, slope = worth[mine], 0.0
        for r in range(rows):
            base -= prices[r] * uses[mine, r]
            slope += row[r] * uses[mine, r]
        for t in range(starts[actor], starts[actor + 1]):
            j = items[t]
            if j == mine or not alive[j] or inside[j]:
                continue
            value, along = worth[j], -slope
            for r in range(rows):
                value -= prices[r] * uses[j, r]
                along += row[r] * uses[j, r]
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
    room: Floats,
    alive: Flags,
    key: Integers,
    basic: Integers,
    prices: Floats,
    taken: Floats,
    ray: Floats,
    most: int,
) -> tuple[int, int]:
    """Solve from a basis that is dual feasible; return (pivots, status).

    Parameters
    ----------
    starts, items
        The choices of each actor, as places in the arrays of choices.
    owner, worth, uses
        Of every choice: its actor, what it is worth, what it uses of each row.
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
    most
        Pivots at most.
    """
    rows = len(room)
    inverse = np.zeros((rows, rows))
    square = np.zeros((rows, rows))
    gains, rest, row, column = np.zeros(rows), np.zeros(rows), np.zeros(rows), np.zeros(rows)
    of_key = np.zeros(len(key))
    inside = np.zeros(len(worth), np.uint8)
    for i in range(rows):
        if basic[i] >= 0:
            inside[basic[i]] = 1
    pivots, since = 0, _AT_MOST
    while True:
        possible, changed = _change_dead_keys(
            starts, items, owner, worth, uses, alive, prices, key, basic
        )
        if not possible:
            ray[:] = 0
            return pivots, INFEASIBLE
        if changed:
            inside[:] = 0
            for i in range(rows):
                if basic[i] >= 0:
                    inside[basic[i]] = 1
        if changed or since >= _AT_MOST:
            since = 0
            for i in range(rows):
                j = basic[i]
                for r in range(rows):
                    square[r, i] = 0.0
                    if j >= 0:
                        square[r, i] = uses[j, r] - uses[key[owner[j]], r]
                if j < 0:
                    square[-j - 1, i] = 1.0
            if not _invert(square, inverse):
                return pivots, BROKEN
        for r in range(rows):
            rest[r] = room[r]
        for actor in range(len(key)):
            of_key[actor] = 1.0
            for r in range(rows):
                rest[r] -= uses[key[actor], r]
        for i in range(rows):
            j = basic[i]
            gains[i] = worth[j] - worth[key[owner[j]]] if j >= 0 else 0.0
            taken[i] = 0.0
            for r in range(rows):
                taken[i] += inverse[i, r] * rest[r]
            if j >= 0:
                of_key[owner[j]] -= taken[i]
        for r in range(rows):
            prices[r] = 0.0
            for i in range(rows):
                prices[r] += gains[i] * inverse[i, r]
        if pivots >= most:
            return pivots, LIMIT
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
            return pivots, SOLVED
        pivots += 1
        since += 1
        if rekey >= 0:  # its largest mate becomes the key, and the key leaves next
            mate = -1
            for i in range(rows):
                j = basic[i]
                if j >= 0 and owner[j] == rekey and (mate < 0 or taken[i] > taken[mate]):
                    mate = i
            if mate < 0:
                return pivots, BROKEN
            inside[basic[mate]], inside[key[rekey]] = 0, 1
            basic[mate], key[rekey] = key[rekey], basic[mate]
            since = _AT_MOST
            continue
        for r in range(rows):
            row[r] = -inverse[leave, r] if falls else inverse[leave, r]
        enter = _entering(
            starts, items, worth, uses, alive, key, basic, inside, prices, row
        )  # fmt: skip
        j = basic[leave]
        if enter == -rows - 1 and j >= 0 and not alive[j] and abs(taken[leave]) <= _BROKEN_BY:
            row[:] = -row
            enter = _entering(
                starts, items, worth, uses, alive, key, basic, inside, prices, row
            )  # fmt: skip
            if enter == -rows - 1:
                return pivots, BROKEN
        if enter == -rows - 1:
            ray[:] = row
            return pivots, INFEASIBLE
        if basic[leave] >= 0:
            inside[basic[leave]] = 0
        basic[leave] = enter
        if enter >= 0:
            inside[enter] = 1
            for r in range(rows):
                column[r] = uses[enter, r] - uses[key[owner[enter]], r]
        else:
            column[:] = 0
            column[-enter - 1] = 1.0
        if not _replace(inverse, column, leave):
            since = _AT_MOST

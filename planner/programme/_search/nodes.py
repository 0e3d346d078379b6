"""What a node of the search is asked: a bound floats can't pass, what to drop, what is next.

A node is what each actor may still choose: places in the arrays of choices (``items``), those of
each actor one after another (``starts``).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planner.compiling import compiled
from planner.programme._search.simplex import mine_of

__all__ = [
    "branch",
    "drop_without_room",
    "halve",
    "move_along",
    "next_node",
    "noted",
    "only_alive",
    "safe_bound",
    "worth_of",
]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.uint8]

_FAR = 1e300
_CROWDED = 6_000  # nodes that wait: from how many on the search goes in depth


@compiled
def safe_bound(
    starts: Integers,
    items: Integers,
    worth: Floats,
    uses: Floats,
    places: Integers,
    room: Floats,
    prices: Floats,
    sizes: Floats,
    reduced: Floats,
    top: Floats,
) -> float:
    """Return what no answer can pass, whatever floats miss; fill the reduced worth of choices."""
    rows, width = len(room), uses.shape[1]
    mine = np.zeros(width)
    bound, large = 0.0, sizes[rows]
    for r in range(rows):
        prices[r] = max(prices[r], 0.0)
        bound += prices[r] * room[r]
        large += prices[r] * sizes[r]
    for actor in range(len(top)):
        most = -_FAR
        mine_of(prices, places, actor, mine)
        for t in range(starts[actor], starts[actor + 1]):
            j = items[t]
            value = worth[j]
            for q in range(width):
                value -= mine[q] * uses[j, q]
            reduced[j] = value
            most = max(most, value)
        top[actor] = most
        bound += most
    missed: float = large * (rows + len(top) + 8) * 2.0**-51
    return bound + missed


@compiled
def move_along(
    starts: Integers,
    items: Integers,
    uses: Floats,
    places: Integers,
    room: Floats,
    prices: Floats,
    ray: Floats,
    missing: float,
) -> None:
    """Move the prices along a ray on which the bound falls without end, far enough."""
    rows, width = len(room), uses.shape[1]
    mine, beyond = np.zeros(width), 0.0
    for actor in range(len(starts) - 1):
        least = _FAR
        mine_of(ray, places, actor, mine)
        for t in range(starts[actor], starts[actor + 1]):
            used = 0.0
            for q in range(width):
                if mine[q] > 0:
                    used += mine[q] * uses[items[t], q]
            least = min(least, used)
        beyond += least
    for r in range(rows):
        if ray[r] > 0:
            beyond -= ray[r] * room[r]
    if beyond > 0:
        for r in range(rows):
            if ray[r] > 0:
                prices[r] = max(prices[r], 0.0) + 1.5 * missing / beyond * ray[r]


@compiled
def drop_without_room(  # noqa: C901, PLR0912 (one compiled loop)
    starts: Integers, items: Integers, uses: Floats, places: Integers, room: Floats, alive: Flags
) -> bool:
    """Drop the choices that the least use of all others leaves no room; False when none is left."""
    actors, rows, width = len(starts) - 1, len(room), uses.shape[1]
    least, every, left = np.zeros((actors, width)), np.zeros(rows), np.zeros(width)
    again = True
    while again:
        again = False
        every[:] = 0
        for actor in range(actors):
            some = False
            least[actor, :] = _FAR
            for t in range(starts[actor], starts[actor + 1]):
                if alive[items[t]]:
                    some = True
                    for q in range(width):
                        least[actor, q] = min(least[actor, q], uses[items[t], q])
            if not some:
                return False
            for q in range(width):
                if places[actor, q] >= 0:
                    every[places[actor, q]] += least[actor, q]
        for r in range(rows):
            if every[r] > room[r]:
                return False
        for actor in range(actors):
            for q in range(width):
                r = places[actor, q]
                left[q] = room[r] - (every[r] - least[actor, q]) if r >= 0 else _FAR
            for t in range(starts[actor], starts[actor + 1]):
                j = items[t]
                if not alive[j]:
                    continue
                for q in range(width):
                    if uses[j, q] > left[q]:
                        alive[j] = 0
                        again = True
                        break
    return True


@compiled
def only_alive(starts: Integers, items: Integers, alive: Flags) -> tuple[Integers, Integers]:
    """Return the lists without what was dropped."""
    kept, at = np.empty(len(items), np.int64), np.zeros(len(starts), np.int64)
    count = 0
    for actor in range(len(starts) - 1):
        for t in range(starts[actor], starts[actor + 1]):
            if alive[items[t]]:
                kept[count] = items[t]
                count += 1
        at[actor + 1] = count
    return at, kept[:count]


@compiled
def worth_of(
    picked: Integers, worth: Floats, uses: Floats, places: Integers, room: Floats
) -> float:
    """Return what an answer is worth, or minus a lot where it breaks a row."""
    used = np.zeros(len(room))
    for actor in range(len(picked)):
        for q in range(uses.shape[1]):
            if places[actor, q] >= 0:
                used[places[actor, q]] += uses[picked[actor], q]
    for r in range(len(room)):
        if used[r] > room[r]:
            return -_FAR
    value = 0.0
    for j in picked:
        value += worth[j]
    return value


@compiled
def noted(picked: Integers, kept: Integers, count: int) -> bool:
    """Whether an answer is among those kept."""
    for k in range(count):
        same = True
        for actor in range(len(picked)):
            if kept[k, actor] != picked[actor]:
                same = False
                break
        if same:
            return True
    return False


@compiled
def next_node(bounds: Floats, serial: Integers, waiting: int) -> int:
    """Return which node comes next, -1 when none waits."""
    node = -1
    for one in range(waiting):
        if node < 0:
            node = one
        elif waiting > _CROWDED:
            if serial[one] > serial[node]:
                node = one
        elif bounds[one] > bounds[node] or (
            bounds[one] == bounds[node] and serial[one] > serial[node]
        ):
            node = one
    return node


@compiled
def halve(
    starts: Integers,
    items: Integers,
    actor: int,
    one: int,
    other: int,
    taken: float,
    uses: Floats,
    places: Integers,
    prices: Floats,
    half: Flags,
) -> None:
    """Cut an actor's list in two between two of its choices, of which ``taken`` is the other.

    Fill ``half`` with 1 for the choices that lie beyond what is taken on the way from the one to
    the other, what they use being counted at its price.
    """
    width = uses.shape[1]
    mine, whole = np.zeros(width), 0.0
    mine_of(prices, places, actor, mine)
    for q in range(width):
        way = mine[q] * (uses[other, q] - uses[one, q])
        whole += way * way
    for t in range(starts[actor], starts[actor + 1]):
        j = items[t]
        along = 0.0
        for q in range(width):
            by = mine[q] * mine[q]
            along += by * (uses[j, q] - uses[one, q]) * (uses[other, q] - uses[one, q])
        half[j] = 1 if along > taken * whole else 0
    half[one] = 0
    half[other] = 1


@compiled
def branch(
    starts: Integers, items: Integers, actor: int, half: Flags, side: int
) -> tuple[Integers, Integers]:
    """Return the lists in which an actor keeps to one half of its own."""
    kept, at = np.empty(len(items), np.int64), np.zeros(len(starts), np.int64)
    count = 0
    for one in range(len(starts) - 1):
        for t in range(starts[one], starts[one + 1]):
            if one != actor or half[items[t]] == side:
                kept[count] = items[t]
                count += 1
        at[one + 1] = count
    return at, kept[:count].copy()

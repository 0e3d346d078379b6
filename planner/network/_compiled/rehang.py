"""Parts of a rooted tree hung elsewhere, where trench and true cables together cost less.

A part is what hangs below a key place (it asks for fibres, or ways meet there).  It leaves the path
that holds it, may be turned so that another of its places comes first, and is led to the rest of
the tree by the cheapest way, cables priced by what goes through, up to the root.  Only moves that
lower the cost are made, so that it never rises.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.compiling import compiled
from planner.network._compiled.base import FAR, pop, push

LEFT, BELOW, ABOVE = 1, 2, 3
"""What a place is while a part is tried: on the path it leaves, in the part, above where it hung.
Outside the part and the path, 0."""


class Ground(NamedTuple):
    """The ways as arcs, and what laying in each piece costs.

    Arc ``i`` of place ``x`` is in ``first[x]:first[x+1]``.
    """

    first: NDArray[np.int64]
    head: NDArray[np.int64]
    arc_piece: NDArray[np.int64]
    length: NDArray[np.int64]
    works: NDArray[np.int64]
    used: NDArray[np.int64]  # trees that lie in each piece: opening it is paid once
    price: NDArray[np.int64]  # of a metre of cables for so many fibres


class Desk(NamedTuple):
    """Room to work in, a row a place; each tree leaves it as it was."""

    parent: NDArray[np.int64]
    piece: NDArray[np.int64]  # towards the parent
    need: NDArray[np.int64]  # fibres asked for at the place
    flow: NDArray[np.int64]  # fibres towards the parent
    hung: NDArray[np.int64]  # places that hang from this one, -1 outside the tree
    state: NDArray[np.int8]
    label: NDArray[np.int64]
    back: NDArray[np.int64]  # the place before, -1 in the part itself
    by: NDArray[np.int64]  # the piece from there
    far: NDArray[np.int64]  # from where the part would hang
    part: NDArray[np.int64]  # the places of the part, its first one first
    seen: NDArray[np.int64]  # those that the search has reached
    heap: NDArray[np.int32]
    spot: NDArray[np.int32]


def make_desk(size: int) -> Desk:
    """Return room for so many places."""
    none = np.full((8, size), -1, np.int64)
    zero = np.zeros((2, size), np.int64)
    return Desk(
        parent=none[0], piece=none[1], need=zero[0], flow=zero[1], hung=none[2],
        state=np.zeros(size, np.int8), label=np.full(size, FAR, np.int64), back=none[3],
        by=none[4], far=none[5], part=none[6], seen=none[7],
        heap=np.empty(size, np.int32), spot=np.full(size, -1, np.int32),
    )  # fmt: skip


@compiled
def seat(d, place, parent, piece, asking, fibres):
    """Put a tree on the desk, its rows places, parents first; and what is asked for in it."""
    for x in place:
        d.hung[x] = 0
    for k in range(asking.size):
        x = asking[k]
        d.need[x] += fibres[k]
        d.flow[x] += fibres[k]
    for k in range(place.size - 1, 0, -1):
        x, y = place[k], place[parent[k]]
        d.parent[x], d.piece[x] = y, piece[k]
        d.flow[y] += d.flow[x]
        d.hung[y] += 1


@compiled
def leave(g, d, x, root):
    """Take the part at ``x`` off its path; return what that saves, and where the path ended."""
    fibres = d.flow[x]
    rate = g.price[fibres]
    saved = np.int64(0)
    y = x
    while True:
        e = d.piece[y]
        g.used[e] -= 1
        saved += g.length[e] * rate
        if g.used[e] == 0:
            saved += g.works[e]
        y = d.parent[y]
        if y == root or d.need[y] > 0 or d.hung[y] > 1:
            break
        d.state[y] = LEFT
    top = y
    while True:
        d.state[y] = ABOVE
        if y == root:
            return saved, top
        before, after = d.flow[y], d.flow[y] - fibres
        saved += g.length[d.piece[y]] * (g.price[before] - g.price[after])
        y = d.parent[y]


@compiled
def clear(d, x, root):
    """Forget what the places above the part at ``x`` were."""
    y = x
    while y != root:
        y = d.parent[y]
        d.state[y] = 0


@compiled
def stay(g, d, x, top):
    """Count the part at ``x`` on its path again."""
    y = x
    while y != top:
        g.used[d.piece[y]] += 1
        y = d.parent[y]


@compiled
def gather(g, d, x):
    """List the places of the part at ``x``, each labelled by what turning it there costs."""
    part = d.part
    fibres = d.flow[x]
    part[0] = x
    d.state[x], d.label[x] = BELOW, 0
    size = 1
    k = 0
    while k < size:
        p = part[k]
        k += 1
        if d.hung[p] == 0:
            continue
        for i in range(g.first[p], g.first[p + 1]):
            c = g.head[i]
            if d.hung[c] < 0 or d.parent[c] != p or d.state[c] == BELOW:
                continue
            own = d.flow[c]
            d.state[c] = BELOW
            d.label[c] = d.label[p] + g.length[d.piece[c]] * (g.price[fibres - own] - g.price[own])
            part[size] = c
            size += 1
    return size


@compiled
def keeps(g, d, size, turn, bottom, more, root, limit):
    """Tell whether the part, turned at ``turn`` and hung below ``bottom``, keeps the limit.

    What was beyond it already may not go farther.
    """
    part = d.part
    depth = more
    y = bottom
    while y != root:
        depth += g.length[d.piece[y]]
        y = d.parent[y]
    y, away = turn, np.int64(0)
    while True:  # up to the first place of the part
        d.far[y] = away
        if y == part[0]:
            break
        away += g.length[d.piece[y]]
        y = d.parent[y]
    before = np.int64(0)
    y = part[0]
    while y != root:
        before += g.length[d.piece[y]]
        y = d.parent[y]
    new, old = np.int64(0), np.int64(0)
    for k in range(size):
        if d.need[part[k]] == 0:
            continue
        y, up = np.int64(part[k]), np.int64(0)
        while d.far[y] < 0:
            up += g.length[d.piece[y]]
            y = d.parent[y]
        new = max(new, depth + up + d.far[y])
        while y != part[0]:
            up += g.length[d.piece[y]]
            y = d.parent[y]
        old = max(old, before + up)
    y = turn
    while True:
        d.far[y] = -1
        if y == part[0]:
            break
        y = d.parent[y]
    return new <= max(limit, old)


@compiled
def joining(g, d, z, fibres, root, most):
    """Return what so many fibres more cost from ``z`` up to the root, or more than ``most``."""
    cost = np.int64(0)
    y = z
    while y != root:
        held = d.flow[y]
        if d.state[y] == ABOVE:
            held -= fibres
        cost += g.length[d.piece[y]] * (g.price[held + fibres] - g.price[held])
        if cost > most:
            return cost
        y = d.parent[y]
    return cost


@compiled
def look(g, d, size, saved, root, limit):
    """Find the cheapest way to hang the part that costs less than ``saved``.

    Returns its end (-1 for none), its cost and how many places were seen.
    """
    part = d.part
    fibres = d.flow[part[0]]
    rate = g.price[fibres]
    waiting = 0
    for k in range(size):
        p = part[k]
        if d.label[p] < saved:
            waiting = push(d.heap, d.spot, d.label, waiting, p)
    best, end = saved, np.int64(-1)
    count = 0
    while waiting > 0:
        waiting = pop(d.heap, d.spot, d.label, waiting)
        p = np.int64(d.heap[waiting])
        here = d.label[p]
        if here >= best:
            d.spot[p] = -1
            break
        if d.hung[p] >= 0 and d.state[p] != BELOW and d.state[p] != LEFT:
            cost = here + joining(g, d, p, fibres, root, best - here)
            if cost < best:
                y, more = p, np.int64(0)
                while d.state[y] != BELOW:
                    more += g.length[d.by[y]]
                    y = d.back[y]
                if limit < 0 or keeps(g, d, size, y, p, more, root, limit):
                    best, end = cost, p
            continue
        for i in range(g.first[p], g.first[p + 1]):
            q = g.head[i]
            if d.state[q] == BELOW:
                continue
            e = g.arc_piece[i]
            way = here + g.length[e] * rate
            if g.used[e] == 0:
                way += g.works[e]
            if way < best and way < d.label[q]:
                if d.label[q] == FAR:
                    d.seen[count] = q
                    count += 1
                d.label[q], d.back[q], d.by[q] = way, p, e
                waiting = push(d.heap, d.spot, d.label, waiting, q)
    for k in range(waiting):
        d.spot[d.heap[k]] = -1
    return end, best, count


@compiled
def move(g, d, end, top, root):
    """Hang the part below ``end`` by the path found; return how many places the tree has more."""
    x = np.int64(d.part[0])
    more = 0
    fibres = d.flow[x]
    # off the old path, and what is above it
    y = d.parent[x]
    while y != top:
        onwards = d.parent[y]
        d.hung[y], d.flow[y], d.parent[y], d.piece[y] = -1, 0, -1, -1
        y = onwards
        more -= 1
    d.hung[top] -= 1
    y = top
    while y != root:
        d.flow[y] -= fibres
        y = d.parent[y]
    d.flow[root] -= fibres
    # the new path, from the tree to the part
    p = end
    while d.state[p] != BELOW:
        q, e = d.back[p], d.by[p]
        g.used[e] += 1
        d.hung[p] = max(d.hung[p], 0) + 1
        if d.state[q] != BELOW:
            d.parent[q], d.piece[q], d.flow[q] = p, e, fibres
            more += 1
            p = q
            continue
        # turned: from here to the old first place parents become children
        turn, below, through = q, p, e
        y = turn
        carried = fibres
        while True:
            above, old = d.parent[y], d.piece[y]
            held = d.flow[y]
            d.parent[y], d.piece[y], d.flow[y] = below, through, carried
            if y == x:
                break
            carried = fibres - held
            d.hung[y] += 1
            d.hung[above] -= 1
            below, through, y = y, old, above
        break
    y = end
    while y != root:
        d.flow[y] += fibres
        y = d.parent[y]
    d.flow[root] += fibres
    return more


@compiled
def lift(g, d, root, size):
    """Take the tree off the desk: places, parents first, the row of each parent, pieces."""
    place = np.empty(size, np.int64)
    parent = np.empty(size, np.int64)
    piece = np.empty(size, np.int64)
    place[0], parent[0], piece[0] = root, -1, -1
    count = 1
    k = 0
    while k < count:
        p = place[k]
        if d.hung[p] > 0:
            for i in range(g.first[p], g.first[p + 1]):
                c = g.head[i]
                if d.hung[c] >= 0 and d.parent[c] == p:
                    place[count], parent[count], piece[count] = c, k, d.piece[c]
                    count += 1
        k += 1
    for k in range(count):
        p = place[k]
        d.parent[p], d.piece[p], d.need[p], d.flow[p], d.hung[p] = -1, -1, 0, 0, -1
    return place[:count], parent[:count], piece[:count]


@compiled
def pass_over(g, d, place, limit):
    """Try each part of the tree once; return how many places it has more, and what was saved."""
    root = np.int64(place[0])
    gained, more = np.int64(0), 0
    for k in range(place.size - 1, 0, -1):
        x = np.int64(place[k])
        if d.hung[x] < 0 or (d.need[x] == 0 and d.hung[x] < 2):
            continue
        saved, top = leave(g, d, x, root)
        size = gather(g, d, x)
        end, cost, seen = look(g, d, size, saved, root, limit)
        clear(d, x, root)
        if end < 0:
            stay(g, d, x, top)
        else:
            gained += saved - cost
            more += move(g, d, end, top, root)
        for j in range(size):
            d.state[d.part[j]], d.label[d.part[j]] = 0, FAR
        for j in range(seen):
            d.label[d.seen[j]] = FAR
    return more, gained


@compiled
def rehang(g, d, place, parent, piece, asking, fibres, limit, passes):
    """Hang parts of a tree elsewhere while that costs less, at most so many times each.

    ``g.used`` counts this tree and the others of its phase, and is kept so.  ``fibres`` are those
    asked for at the places ``asking``.  A ``limit`` of -1 is none; else no way to such a place
    grows beyond it.  Returns what was saved, and the tree: places, parents first, the row of each
    parent, pieces.
    """
    gained = np.int64(0)
    for _ in range(passes):
        before = gained
        seat(d, place, parent, piece, asking, fibres)
        more, saved = pass_over(g, d, place, limit)
        gained += saved
        place, parent, piece = lift(g, d, np.int64(place[0]), place.size + more)
        if gained == before:
            break
    return gained, place, parent, piece

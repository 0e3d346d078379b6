"""Local search by exact solution of small pieces of the tree.

A *region* is a few key paths of the tree that hang together (a key path runs between terminals or
forks).  Taken out, it leaves some parts of the tree apart; the lightest way of joining these parts
in the neighbourhood is found exactly (Dreyfus and Wagner 1971, labels that can't win are dropped).
With two parts this is the key-path exchange, with the degree of a fork the key-vertex elimination,
with more parts it reaches beyond both.
"""

from __future__ import annotations

import numpy as np

from planner.compiling import compiled
from planner.network._compiled.base import FAR, pop, push

REACH = 80  # nodes of a part that are looked at, from where the region leaves it
MERGES_A_STEP = 16  # additions of two labels weigh as much as one node taken from a heap


@compiled
def solve_exactly(ptr, node, edge, w, parts, best, value, back, heap, place):
    """Find the lightest tree that joins nodes 0 to ``parts - 1``, if lighter than ``best``.

    Returns
    -------
    int, int
        Its weight (or ``FAR``), and the steps it took.  ``back`` tells how each label came: by an
        arc's edge (from 0), by the union with a subset ``s`` (``-2 - s``), or it began (-1).
    """
    n = ptr.size - 1
    full = 1 << (parts - 1)
    steps = n * 2
    single = np.full((parts, n), FAR, np.int64)
    for t in range(parts):
        key = single[t]
        key[t] = 0
        size = push(heap, place, key, np.int64(0), t)
        while size > 0:
            size = pop(heap, place, key, size)
            x = heap[size]
            steps += 1
            for i in range(ptr[x], ptr[x + 1]):
                d = key[x] + w[edge[i]]
                y = node[i]
                if d < key[y] and d < best:
                    key[y] = d
                    if t < parts - 1:
                        back[(1 << t) * n + y] = edge[i]
                    size = push(heap, place, key, size, y)
    for t in range(parts - 1):
        row = (1 << t) * n
        for x in range(n):
            value[row + x] = single[t, x]
        back[row + t] = -1
    for mask in range(1, full):
        row = mask * n
        key = value[row : row + n]
        if mask & (mask - 1):
            for x in range(n):
                key[x] = FAR
            low = mask & -mask
            rest = mask ^ low
            part = rest
            while part > 0:
                part = (part - 1) & rest
                one, two = (part | low) * n, (mask ^ (part | low)) * n
                for x in range(n):
                    d = value[one + x] + value[two + x]
                    if d < key[x]:
                        key[x] = d
                        back[row + x] = -2 - (part | low)
                steps += n // MERGES_A_STEP + 1
                if part == 0:
                    break
            size = np.int64(0)
            for x in range(n):
                if key[x] >= best:
                    key[x] = FAR
                    continue
                for t in range(parts):
                    if not (mask >> t) & 1 and key[x] + single[t, x] >= best:
                        key[x] = FAR
                        break
                if key[x] < FAR:
                    size = push(heap, place, key, size, x)
            while size > 0:
                size = pop(heap, place, key, size)
                x = heap[size]
                steps += 1
                for i in range(ptr[x], ptr[x + 1]):
                    d = key[x] + w[edge[i]]
                    y = node[i]
                    if d >= key[y] or d >= best:
                        continue
                    fits = True
                    for t in range(parts):
                        if not (mask >> t) & 1 and d + single[t, y] >= best:
                            fits = False
                            break
                    if fits:
                        key[y] = d
                        back[row + y] = edge[i]
                        size = push(heap, place, key, size, y)
    return value[(full - 1) * n + parts - 1], steps


@compiled
def trace(u, v, parts, n, back, stack_mask, stack_node, chosen):
    """List the edges of the tree that :func:`solve_exactly` found; return how many."""
    stack_mask[0], stack_node[0] = (1 << (parts - 1)) - 1, parts - 1
    depth, count = 1, 0
    while depth > 0:
        depth -= 1
        mask, x = stack_mask[depth], stack_node[depth]
        while True:
            how = back[mask * n + x]
            if how == -1:
                break
            if how >= 0:
                chosen[count] = how
                count += 1
                x = u[how] + v[how] - x
            else:
                part = -2 - how
                stack_mask[depth], stack_node[depth] = part, x
                depth += 1
                mask ^= part
    return count


@compiled
def lay_out(n, u, v, count):
    """Return the compressed rows of a small graph."""
    ptr = np.zeros(n + 1, np.int64)
    for j in range(count):
        ptr[u[j] + 1] += 1
        ptr[v[j] + 1] += 1
    for x in range(n):
        ptr[x + 1] += ptr[x]
    fill = ptr[:-1].copy()
    node = np.empty(2 * count, np.int32)
    edge = np.empty(2 * count, np.int32)
    for j in range(count):
        a, b = u[j], v[j]
        node[fill[a]], edge[fill[a]] = b, j
        fill[a] += 1
        node[fill[b]], edge[fill[b]] = a, j
        fill[b] += 1
    return ptr, node, edge


@compiled
def improve(g, terminal, tree, seeds, most, cap, limit):
    """Re-solve the region around each seed, and again around what changed, until nothing does.

    Parameters
    ----------
    tree
        Edges of a tree that spans the terminals (1 or 0); changed in place.
    seeds
        Nodes to begin at, in this order.
    most, cap
        Parts that a region leaves apart, and nodes of a neighbourhood, at most.
    limit
        Steps after which to stop.

    Returns
    -------
    int, int
        Weight gained, steps taken.
    """
    n = g.ptr.size - 1
    m = g.u.size
    degree = np.zeros(n, np.int32)
    for e in range(m):
        if tree[e]:
            degree[g.u[e]] += 1
            degree[g.v[e]] += 1
    queue = np.empty(n + 1, np.int32)
    waits = np.zeros(n, np.uint8)
    head, waiting = 0, 0
    for s in seeds:
        if not waits[s]:
            waits[s] = 1
            queue[waiting] = s
            waiting += 1
    out = np.full(m, -1, np.int64)  # the step at which an edge was taken out
    seen = np.full(n, -1, np.int64)  # the step at which a node was given a local number
    local = np.empty(n, np.int32)
    count = np.zeros(n, np.int32)
    touched = np.empty(n, np.int32)
    taken = np.empty(m, np.int32)
    mapped = np.empty(n, np.int32)
    far = np.full(n, FAR, np.int64)
    near = np.full(n, -1, np.int32)
    heap = np.empty(n, np.int32)
    reached = np.empty(n, np.int32)
    size_max = cap + most + 8
    value = np.empty((1 << (most - 1)) * size_max, np.int64)
    back = np.empty((1 << (most - 1)) * size_max, np.int32)
    small_heap = np.empty(size_max, np.int32)
    small_place = np.full(size_max, -1, np.int32)
    stack_mask = np.empty(4 * most, np.int64)
    stack_node = np.empty(4 * most, np.int64)
    chosen = np.empty(8 * size_max, np.int32)
    gained, steps, turn = np.int64(0), np.int64(0), 0
    while waiting > 0 and steps < limit:
        s = queue[head]
        head = head + 1 if head < n else 0
        waiting -= 1
        waits[s] = 0
        if degree[s] == 0 or (degree[s] == 2 and not terminal[s]):
            continue
        turn += 1
        # the region: key paths around the seed, as long as few parts are left apart
        touched[0] = s
        touches, parts, takes, weight = 1, np.int64(1), 0, np.int64(0)
        count[s] = 0
        local[s] = -1
        seen[s] = turn
        at = 0
        while at < touches:
            y = touched[at]
            at += 1
            more = degree[y] - count[y]
            if more <= 0 or parts + more - (0 if terminal[y] else 1) > most:
                continue
            parts += more - (0 if terminal[y] else 1)
            for i in range(g.ptr[y], g.ptr[y + 1]):
                e = g.edge[i]
                if not tree[e] or out[e] == turn:
                    continue
                x = y
                while True:
                    out[e] = turn
                    taken[takes] = e
                    takes += 1
                    weight += g.w[e]
                    x = g.u[e] + g.v[e] - x
                    if terminal[x] or degree[x] != 2:
                        break
                    for k in range(g.ptr[x], g.ptr[x + 1]):
                        if tree[g.edge[k]] and out[g.edge[k]] != turn:
                            e = g.edge[k]
                            break
                count[y] += 1
                if seen[x] != turn:
                    seen[x] = turn
                    local[x] = -1
                    count[x] = 0
                    touched[touches] = x
                    touches += 1
                count[x] += 1
        steps += takes + touches
        if takes == 0:
            continue
        # the parts: nodes 0 to parts - 1 of the small graph
        parts, maps = np.int64(0), 0
        for j in range(touches):
            y = touched[j]
            if not terminal[y] and count[y] >= degree[y]:
                continue
            first = maps
            mapped[maps] = y
            local[y] = parts
            maps += 1
            at = first
            while at < maps and maps - first < REACH:
                x = mapped[at]
                at += 1
                for i in range(g.ptr[x], g.ptr[x + 1]):
                    e = g.edge[i]
                    z = g.node[i]
                    if tree[e] and out[e] != turn and (seen[z] != turn or local[z] < 0):
                        seen[z] = turn
                        local[z] = parts
                        mapped[maps] = z
                        maps += 1
            parts += 1
        steps += maps
        if parts < 2 or parts > most:
            continue
        # the neighbourhood: nearest free nodes around what was taken out
        size, reach, nodes = np.int64(0), 0, parts
        for j in range(takes):
            for x in (g.u[taken[j]], g.v[taken[j]]):
                if far[x] != 0:
                    far[x] = 0
                    reached[reach] = x
                    reach += 1
                    size = push(heap, near, far, size, x)
        while size > 0 and nodes < cap:
            size = pop(heap, near, far, size)
            x = heap[size]
            if seen[x] != turn or local[x] < 0:
                if far[x] > 0 and degree[x] > 0:
                    continue  # a part of the tree further off: not to be crossed
                seen[x] = turn
                local[x] = nodes
                mapped[maps] = x
                maps += 1
                nodes += 1
            elif far[x] > 0:
                continue
            for i in range(g.ptr[x], g.ptr[x + 1]):
                y = g.node[i]
                d = far[x] + g.w[g.edge[i]]
                if d < far[y] and 2 * d <= weight:
                    if far[y] == FAR:
                        reached[reach] = y
                        reach += 1
                    far[y] = d
                    size = push(heap, near, far, size, y)
        while size > 0:
            size = pop(heap, near, far, size)
        for j in range(reach):
            far[reached[j]] = FAR
        steps += 2 * reach
        arcs = 0
        for j in range(maps):
            x = mapped[j]
            arcs += g.ptr[x + 1] - g.ptr[x]
        names = np.empty(arcs, np.int32)
        lu, lv = np.empty(arcs, np.int32), np.empty(arcs, np.int32)
        lw = np.empty(arcs, np.int64)
        edges = np.int64(0)
        for j in range(maps):
            x = mapped[j]
            for i in range(g.ptr[x], g.ptr[x + 1]):
                y = g.node[i]
                if x < y and seen[y] == turn and local[y] >= 0 and local[x] != local[y]:
                    names[edges] = g.edge[i]
                    lu[edges], lv[edges] = local[x], local[y]
                    lw[edges] = g.w[g.edge[i]]
                    edges += 1
        ptr, node, edge = lay_out(nodes, lu, lv, edges)
        found, took = solve_exactly(
            ptr, node, edge, lw, parts, weight, value, back, small_heap, small_place
        )
        steps += took
        if found >= weight:
            continue
        gained += weight - found
        for j in range(takes):
            e = taken[j]
            tree[e] = 0
            degree[g.u[e]] -= 1
            degree[g.v[e]] -= 1
        new = trace(lu, lv, parts, nodes, back, stack_mask, stack_node, chosen)
        for j in range(new):
            e = names[chosen[j]]
            if not tree[e]:
                tree[e] = 1
                degree[g.u[e]] += 1
                degree[g.v[e]] += 1
        for j in range(touches + new):
            x = touched[j] if j < touches else g.u[names[chosen[j - touches]]]
            for y in (x, x if j < touches else g.v[names[chosen[j - touches]]]):
                if not waits[y] and degree[y] > 0 and (terminal[y] or degree[y] != 2):
                    waits[y] = 1
                    queue[(head + waiting) % (n + 1)] = y
                    waiting += 1
    return gained, steps

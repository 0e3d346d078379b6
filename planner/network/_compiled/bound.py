"""Wong's dual ascent: a lower bound, the reduced costs behind it, and what they rule out."""

from __future__ import annotations

import numpy as np

from planner.compiling import compiled
from planner.network._compiled.base import FAR, pop, push


@compiled
def orient(g, tree, root):
    """Mark the arcs of a tree (1 or 0 an edge) that lead away from the root."""
    guide = np.zeros(2 * g.u.size, np.uint8)
    seen = np.zeros(g.ptr.size - 1, np.uint8)
    queue = np.empty(g.ptr.size - 1, np.int32)
    seen[root] = 1
    queue[0] = root
    head, end = 0, 1
    while head < end:
        x = queue[head]
        head += 1
        for i in range(g.ptr[x], g.ptr[x + 1]):
            e = g.edge[i]
            y = g.node[i]
            if tree[e] and not seen[y]:
                seen[y] = 1
                guide[2 * e if x == g.u[e] else 2 * e + 1] = 1
                queue[end] = y
                end += 1
    return guide


@compiled
def ascend(g, terminal, root, guide):
    """Raise the duals of cuts around terminals until each is reached from the root.

    Arc ``2 e`` goes from the smaller end of edge ``e`` to the larger, ``2 e + 1`` back.  The cut
    with fewest arcs is raised first (Wong 1984, the order of Pajor, Uchoa and Werneck 2018); one
    that a good tree enters more than once waits, as no optimal dual would raise it were that tree
    optimal.

    Parameters
    ----------
    guide
        Arcs of the good tree (:func:`orient`), 1 or 0; all 0 where there is none.

    Returns
    -------
    int, array of int64 (2 edges,)
        The bound, and the reduced cost of each arc.
    """
    n = g.ptr.size - 1
    left = np.empty(2 * g.u.size, np.int64)
    for e in range(g.u.size):
        left[2 * e] = g.w[e]
        left[2 * e + 1] = g.w[e]
    bound = np.int64(0)
    score = np.zeros(n, np.int64)
    heap = np.empty(n, np.int32)
    place = np.full(n, -1, np.int32)
    active = np.zeros(n, np.uint8)
    size = np.int64(0)
    for t in range(n):
        if terminal[t] and t != root:
            active[t] = 1
            score[t] = g.ptr[t + 1] - g.ptr[t]
            size = push(heap, place, score, size, t)
    seen = np.full(n, -1, np.int64)
    queue = np.empty(n, np.int32)
    cut = np.empty(2 * g.u.size, np.int64)
    tail = np.empty(2 * g.u.size, np.int32)
    step = 0
    while size > 0:
        size = pop(heap, place, score, size)
        t = heap[size]
        step += 1
        seen[t] = step
        queue[0] = t
        head, end, cuts = 0, 1, 0
        done = False
        while True:
            # everything that reaches t along arcs without reduced cost
            while head < end and not done:
                x = queue[head]
                head += 1
                for i in range(g.ptr[x], g.ptr[x + 1]):
                    y = g.node[i]
                    if seen[y] == step:
                        continue
                    e = g.edge[i]
                    arc = 2 * e if x == g.v[e] else 2 * e + 1
                    if left[arc] == 0:
                        if y == root or active[y]:
                            done = True
                            break
                        seen[y] = step
                        queue[end] = y
                        end += 1
                    else:
                        cut[cuts] = arc
                        tail[cuts] = y
                        cuts += 1
            if done:
                break
            kept = 0
            low = FAR
            for j in range(cuts):
                if seen[tail[j]] != step:
                    cut[kept] = cut[j]
                    tail[kept] = tail[j]
                    kept += 1
                    low = min(low, left[cut[j]])
            cuts = kept
            if cuts == 0:
                return np.int64(-1), left
            enters = np.int64(0)
            for j in range(cuts):
                enters += guide[cut[j]]
            score[t] = cuts * max(enters, 1)
            if size > 0 and 4 * score[t] > 5 * score[heap[0]]:
                size = push(heap, place, score, size, t)
                break
            bound += low
            kept = 0
            for j in range(cuts):
                left[cut[j]] -= low
                if left[cut[j]] > 0:
                    cut[kept] = cut[j]
                    tail[kept] = tail[j]
                    kept += 1
                elif seen[tail[j]] != step:
                    y = tail[j]
                    if y == root or active[y]:
                        done = True
                    seen[y] = step
                    queue[end] = y
                    end += 1
            cuts = kept
            if done:
                break
        if done:
            active[t] = 0
    return bound, left


@compiled
def rule_out(g, terminal, root, left, slack):
    """Return the edges that no tree within ``slack`` of the bound can hold (1 where it may).

    An arc is out when the bound, plus the reduced costs from the root to it, on it, and from it to
    a terminal, pass the cost of the best tree: ``slack`` is that cost less the bound.
    """
    n = g.ptr.size - 1
    down = np.full(n, FAR, np.int64)
    up = np.full(n, FAR, np.int64)
    heap = np.empty(n, np.int32)
    place = np.full(n, -1, np.int32)
    down[root] = 0
    size = push(heap, place, down, np.int64(0), root)
    while size > 0:
        size = pop(heap, place, down, size)
        x = heap[size]
        for i in range(g.ptr[x], g.ptr[x + 1]):
            e = g.edge[i]
            y = g.node[i]
            d = down[x] + left[2 * e if x == g.u[e] else 2 * e + 1]
            if d < down[y] and d <= slack:
                down[y] = d
                size = push(heap, place, down, size, y)
    place[:] = -1
    for t in range(n):
        if terminal[t] and t != root:
            up[t] = 0
            size = push(heap, place, up, size, t)
    while size > 0:
        size = pop(heap, place, up, size)
        x = heap[size]
        for i in range(g.ptr[x], g.ptr[x + 1]):
            e = g.edge[i]
            y = g.node[i]
            d = up[x] + left[2 * e if x == g.v[e] else 2 * e + 1]
            if d < up[y] and d <= slack:
                up[y] = d
                size = push(heap, place, up, size, y)
    may = np.zeros(g.u.size, np.uint8)
    for e in range(g.u.size):
        a, b = g.u[e], g.v[e]
        if down[a] < FAR and up[b] < FAR and b != root:
            may[e] |= down[a] + left[2 * e] + up[b] <= slack
        if down[b] < FAR and up[a] < FAR and a != root:
            may[e] |= down[b] + left[2 * e + 1] + up[a] <= slack
    return may

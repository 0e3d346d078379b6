"""First trees: Mehlhorn's, and that of the shortest-path heuristic."""

from __future__ import annotations

import numpy as np

from planner.compiling import compiled
from planner.network._compiled.base import FAR, polish, pop, push, span, voronoi


@compiled
def mehlhorn(g, terminal):
    """Join the cells of terminals by the lightest tree of edges between them (Mehlhorn 1988).

    Also return how many links join them: where some can't be joined, fewer than terminals less one.
    """
    n = g.ptr.size - 1
    m = g.u.size
    dist, base, via = voronoi(g, np.flatnonzero(terminal))
    between = np.empty(m, np.int64)
    u, v = np.empty(m, np.int32), np.empty(m, np.int32)
    w = np.empty(m, np.int64)
    size = 0
    for e in range(m):
        a, b = base[g.u[e]], base[g.v[e]]
        if a >= 0 and b >= 0 and a != b:
            between[size] = e
            u[size], v[size] = a, b
            w[size] = dist[g.u[e]] + g.w[e] + dist[g.v[e]]
            size += 1
    kept = span(n, u[:size], v[:size], w[:size])
    chosen = np.zeros(m, np.uint8)
    links = 0
    for j in range(size):
        if kept[j]:
            links += 1
            e = between[j]
            chosen[e] = 1
            for end in (g.u[e], g.v[e]):
                x = end
                while via[x] >= 0 and not chosen[via[x]]:
                    f = via[x]
                    chosen[f] = 1
                    x = g.u[f] + g.v[f] - x
    return polish(g, terminal, chosen), links


@compiled
def grow(g, terminal, root, allowed):
    """Grow a tree from ``root``, each time by the shortest path to the nearest terminal left.

    Takahashi and Matsuyama (1980).  ``allowed`` marks the edges that may be used; the caller sees
    to it that they connect the terminals.
    """
    n = g.ptr.size - 1
    dist = np.full(n, FAR, np.int64)
    via = np.full(n, -1, np.int32)
    heap = np.empty(n, np.int32)
    place = np.full(n, -1, np.int32)
    chosen = np.zeros(g.u.size, np.uint8)
    inside = np.zeros(n, np.uint8)
    dist[root] = 0
    inside[root] = 1
    size = push(heap, place, dist, np.int64(0), root)
    while size > 0:
        size = pop(heap, place, dist, size)
        x = heap[size]
        if terminal[x] and not inside[x]:
            y = x
            while not inside[y]:
                inside[y] = 1
                dist[y] = 0
                size = push(heap, place, dist, size, y)
                e = via[y]
                chosen[e] = 1
                y = g.u[e] + g.v[e] - y
            continue
        for i in range(g.ptr[x], g.ptr[x + 1]):
            e = g.edge[i]
            y = g.node[i]
            d = dist[x] + g.w[e]
            if d < dist[y] and allowed[e]:
                dist[y] = d
                via[y] = e
                size = push(heap, place, dist, size, y)
    return polish(g, terminal, chosen)

"""The graph as kernels see it, the heap they share, distances, spanning trees."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.compiling import compiled

FAR = np.int64(2**61)
"""Farther than any path; two of them, and an edge, still add up within 64 bits."""


BUCKETS = 1024
"""Buckets of distances: what lies farther ahead than so many usual edges waits apart."""


class Csr(NamedTuple):
    """An undirected graph as compressed rows: arc ``i`` of node ``x`` is in ``ptr[x]:ptr[x+1]``."""

    ptr: NDArray[np.int64]  # (nodes + 1,)
    node: NDArray[np.int32]  # (2 edges,) where the arc leads
    edge: NDArray[np.int32]  # (2 edges,) which edge it is
    u: NDArray[np.int32]  # (edges,) smaller end
    v: NDArray[np.int32]  # (edges,) larger end
    w: NDArray[np.int64]  # (edges,) weight


@compiled
def sort_edges(node_count, u, v, w):
    """Sort edges by smaller end, larger end, weight: two counting sorts, then short runs."""
    m = u.size
    count = np.zeros(node_count + 1, np.int64)
    for i in range(m):
        count[max(u[i], v[i]) + 1] += 1
    for x in range(node_count):
        count[x + 1] += count[x]
    by_large = np.empty(m, np.int64)
    for i in range(m):
        x = max(u[i], v[i])
        by_large[count[x]] = i
        count[x] += 1
    count[:] = 0
    for i in range(m):
        count[min(u[i], v[i]) + 1] += 1
    for x in range(node_count):
        count[x + 1] += count[x]
    order = np.empty(m, np.int64)
    for j in range(m):
        i = by_large[j]
        x = min(u[i], v[i])
        order[count[x]] = i
        count[x] += 1
    for j in range(1, m):  # parallel edges: insertion by weight
        i = order[j]
        a, b = min(u[i], v[i]), max(u[i], v[i])
        k = j
        while k > 0:
            h = order[k - 1]
            if min(u[h], v[h]) != a or max(u[h], v[h]) != b or w[h] <= w[i]:
                break
            order[k] = h
            k -= 1
        order[k] = i
    return order


@compiled
def make_csr(node_count, u, v, w):
    """Lay edges out by node; arcs of a node keep the order of the edges."""
    m = u.size
    ptr = np.zeros(node_count + 1, np.int64)
    for i in range(m):
        ptr[u[i] + 1] += 1
        ptr[v[i] + 1] += 1
    for x in range(node_count):
        ptr[x + 1] += ptr[x]
    fill = ptr[:-1].copy()
    node = np.empty(2 * m, np.int32)
    edge = np.empty(2 * m, np.int32)
    for i in range(m):
        a, b = u[i], v[i]
        node[fill[a]], edge[fill[a]] = b, i
        fill[a] += 1
        node[fill[b]], edge[fill[b]] = a, i
        fill[b] += 1
    return Csr(ptr, node, edge, u, v, w)


@compiled
def sift_up(heap, place, key, i):
    """Move the node at ``i`` of a 4-ary heap towards the top; equal keys in the order of nodes."""
    x = heap[i]
    k = key[x]
    while i > 0:
        parent = (i - 1) >> 2
        y = heap[parent]
        if key[y] < k or (key[y] == k and y <= x):
            break
        heap[i] = y
        place[y] = i
        i = parent
    heap[i] = x
    place[x] = i


@compiled
def push(heap, place, key, size, x):
    """Add a node, or tell the heap that its key fell; return the new size."""
    i = place[x]
    if i < 0:
        i = size
        heap[i] = x
        place[x] = i
        size += 1
    sift_up(heap, place, key, i)
    return size


@compiled
def pop(heap, place, key, size):
    """Take out the node of smallest key, return the new size: the node is then ``heap[size]``."""
    top = heap[0]
    size -= 1
    x = heap[size]
    place[top] = -1
    heap[size] = top
    if size == 0:
        return size
    k = key[x]
    i = 0
    while True:
        first = 4 * i + 1
        if first >= size:
            break
        best = first
        y = heap[best]
        ky = key[y]
        for c in range(first + 1, min(first + 4, size)):
            z = heap[c]
            kz = key[z]
            if kz < ky or (kz == ky and z < y):
                best, y, ky = c, z, kz
        if k < ky or (k == ky and x <= y):
            break
        heap[i] = y
        place[y] = i
        i = best
    heap[i] = x
    place[x] = i
    return size


@compiled
def find(parent, x):
    """Return the representative of ``x``, halving the path to it."""
    while parent[x] != x:
        parent[x] = parent[parent[x]]
        x = parent[x]
    return x


@compiled
def bucket_shift(w):
    """Return the power of two near half the weights: how wide the buckets of distances are."""
    count = np.zeros(64, np.int64)  # of weights, by their power of two
    step = max(1, w.size // 1024)
    seen = np.int64(0)
    for i in range(0, w.size, step):
        power = 0
        while (w[i] >> (power + 1)) > 0:
            power += 1
        count[power] += 1
        seen += 1
    shift = 0
    below = count[0]
    while shift < count.size - 1 and below <= seen // 2:
        shift += 1
        below += count[shift]
    return shift if seen else 0


@compiled
def voronoi(g, sources):
    """Return the distance to the nearest source, which one, and the edge towards it (-1 at it).

    Equal distances go to the smallest source.  Nodes wait in buckets of distances as wide as a
    usual edge, first in first out (delta-stepping, Meyer and Sanders 2003); a node whose label
    falls again in its bucket waits again, so that labels are exact whatever the width.  Those
    beyond the buckets wait apart until the buckets are moved on.  Leaves lead nowhere.
    """
    n = g.ptr.size - 1
    dist = np.full(n, FAR, np.int64)
    base = np.full(n, -1, np.int32)
    via = np.full(n, -1, np.int32)
    after = np.full(n, -1, np.int32)
    before = np.full(n, -1, np.int32)
    bucket = np.full(n, -1, np.int32)
    first = np.full(BUCKETS + 1, -1, np.int32)
    last = np.full(BUCKETS + 1, -1, np.int32)
    shift = bucket_shift(g.w)
    start = np.int64(0)  # of the buckets, as a number of widths
    near, far = 0, 0
    for s in sources:
        if bucket[s] < 0:
            dist[s], base[s], bucket[s] = 0, s, 0
            before[s] = last[0]
            if last[0] >= 0:
                after[last[0]] = s
            else:
                first[0] = s
            last[0] = s
            near += 1
    now = 0
    while near + far > 0:
        if near == 0:  # move the buckets on to the nearest of those apart
            x = first[BUCKETS]
            start = dist[x] >> shift
            while x >= 0:
                start = min(start, dist[x] >> shift)
                x = after[x]
            x = first[BUCKETS]
            first[BUCKETS], last[BUCKETS] = -1, -1
            far, now = 0, 0
            while x >= 0:
                onwards = after[x]
                b = min((dist[x] >> shift) - start, BUCKETS)
                bucket[x], before[x], after[x] = b, last[b], -1
                if last[b] >= 0:
                    after[last[b]] = x
                else:
                    first[b] = x
                last[b] = x
                if b < BUCKETS:
                    near += 1
                else:
                    far += 1
                x = onwards
        while first[now] < 0:
            now += 1
        x = first[now]
        onwards = after[x]
        first[now] = onwards
        if onwards >= 0:
            before[onwards] = -1
        else:
            last[now] = -1
        bucket[x] = -1
        near -= 1
        here, owner = dist[x], base[x]
        for i in range(g.ptr[x], g.ptr[x + 1]):
            y = g.node[i]
            d = here + g.w[g.edge[i]]
            if d > dist[y] or (d == dist[y] and owner >= base[y]):
                continue
            dist[y], base[y], via[y] = d, owner, g.edge[i]
            if g.ptr[y + 1] - g.ptr[y] == 1:
                continue
            b = min((d >> shift) - start, BUCKETS)
            old = bucket[y]
            if old == b:
                continue
            if old >= 0:
                p, q = before[y], after[y]
                if p >= 0:
                    after[p] = q
                else:
                    first[old] = q
                if q >= 0:
                    before[q] = p
                else:
                    last[old] = p
                if old < BUCKETS:
                    near -= 1
                else:
                    far -= 1
            bucket[y], before[y], after[y] = b, last[b], -1
            if last[b] >= 0:
                after[last[b]] = y
            else:
                first[b] = y
            last[b] = y
            if b < BUCKETS:
                near += 1
            else:
                far += 1
    return dist, base, via


@compiled
def span(node_count, u, v, w):
    """Choose a minimum spanning forest by Borůvka; equal weights in the order of the edges."""
    m = u.size
    chosen = np.zeros(m, np.uint8)
    parent = np.arange(node_count)
    best = np.full(node_count, -1, np.int64)
    left = np.arange(m)
    count = m
    while count > 0:
        kept = 0
        for j in range(count):
            e = left[j]
            a, b = find(parent, u[e]), find(parent, v[e])
            if a == b:
                continue
            left[kept] = e
            kept += 1
            # edges come in their order, so a later one must be strictly lighter
            if best[a] < 0 or w[e] < w[best[a]]:
                best[a] = e
            if best[b] < 0 or w[e] < w[best[b]]:
                best[b] = e
        count = kept
        for j in range(count):
            e = left[j]
            for x in (u[e], v[e]):
                r = find(parent, x)
                f = best[r]
                if f >= 0:
                    best[r] = -1
                    a, b = find(parent, u[f]), find(parent, v[f])
                    if a != b:
                        parent[max(a, b)] = min(a, b)
                        chosen[f] = 1
    return chosen


@compiled
def polish(g, terminal, chosen):
    """Span the nodes of a subgraph by their lightest tree, then prune leaves without a terminal."""
    n = g.ptr.size - 1
    m = g.u.size
    inside = np.zeros(n, np.uint8)
    for e in range(m):
        if chosen[e]:
            inside[g.u[e]] = 1
            inside[g.v[e]] = 1
    name = np.empty(n, np.int32)
    count = np.int64(0)  # not 0, which numba would compile a second time for
    for x in range(n):
        if inside[x]:
            name[x] = count
            count += 1
    near = np.empty(m, np.int64)
    u, v = np.empty(m, np.int32), np.empty(m, np.int32)
    w = np.empty(m, np.int64)
    size = 0
    for e in range(m):
        if inside[g.u[e]] and inside[g.v[e]]:
            near[size] = e
            u[size], v[size], w[size] = name[g.u[e]], name[g.v[e]], g.w[e]
            size += 1
    kept = span(count, u[:size], v[:size], w[:size])
    tree = np.zeros(m, np.uint8)
    degree = np.zeros(n, np.int32)
    for j in range(size):
        if kept[j]:
            e = near[j]
            tree[e] = 1
            degree[g.u[e]] += 1
            degree[g.v[e]] += 1
    for start in range(n):
        x = start
        while degree[x] == 1 and not terminal[x]:
            for i in range(g.ptr[x], g.ptr[x + 1]):
                e = g.edge[i]
                if tree[e]:
                    tree[e] = 0
                    degree[x] -= 1
                    x = g.node[i]
                    degree[x] -= 1
                    break
    return tree


@compiled
def total(g, chosen):
    """Add up the weights of the edges chosen."""
    cost = np.int64(0)
    for e in range(g.u.size):
        if chosen[e]:
            cost += g.w[e]
    return cost


@compiled
def piece(g, start):
    """Mark the nodes that some path joins to ``start``."""
    n = g.ptr.size - 1
    inside = np.zeros(n, np.uint8)
    queue = np.empty(n, np.int32)
    inside[start] = 1
    queue[0] = start
    head, end = 0, 1
    while head < end:
        x = queue[head]
        head += 1
        for i in range(g.ptr[x], g.ptr[x + 1]):
            y = g.node[i]
            if not inside[y]:
                inside[y] = 1
                queue[end] = y
                end += 1
    return inside

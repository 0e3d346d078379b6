"""Nodes that decide nothing: dead ends are cut off, chains become one edge."""

from __future__ import annotations

import numpy as np

from planner.compiling import compiled


@compiled
def find_chains(g, terminal):
    """Prune dead ends without a terminal, and walk from fork to fork along the rest.

    Returns
    -------
    array of int64 (edges,), array of int32 (chains,) twice, array of int64 (chains,)
        The chain of each edge (-1: in none), then the ends of each chain and its weight.
    """
    n = g.ptr.size - 1
    m = g.u.size
    label = np.full(m, -2, np.int64)
    degree = np.empty(n, np.int64)
    for x in range(n):
        degree[x] = g.ptr[x + 1] - g.ptr[x]
    for start in range(n):
        x = start
        while degree[x] == 1 and not terminal[x]:
            for i in range(g.ptr[x], g.ptr[x + 1]):
                if label[g.edge[i]] == -2:
                    label[g.edge[i]] = -1
                    degree[x] -= 1
                    x = g.node[i]
                    degree[x] -= 1
                    break
    u = np.empty(m, np.int32)
    v = np.empty(m, np.int32)
    w = np.zeros(m, np.int64)
    chains = 0
    for start in range(n):
        if not terminal[start] and degree[start] == 2:
            continue
        for j in range(g.ptr[start], g.ptr[start + 1]):
            e = g.edge[j]
            if label[e] != -2:
                continue
            x = start
            while True:
                label[e] = chains
                w[chains] += g.w[e]
                x = g.u[e] + g.v[e] - x
                if terminal[x] or degree[x] != 2:
                    break
                for i in range(g.ptr[x], g.ptr[x + 1]):
                    if label[g.edge[i]] == -2:
                        e = g.edge[i]
                        break
            u[chains], v[chains] = start, x
            chains += 1
    for e in range(m):
        label[e] = max(label[e], -1)
    return label, u[:chains], v[:chains], w[:chains]

"""Clients given to sites with room, the cheapest pairs first."""

from __future__ import annotations

import numpy as np

from planner.compiling import compiled


@compiled
def give(site, client, opened, room, lines):
    """Go through pairs in their order; return the site of each client, -1 where none has room."""
    given = np.full(lines.size, np.int64(-1), np.int64)
    left = room.copy()
    missing = lines.size
    for k in range(site.size):
        s, c = site[k], client[k]
        if opened[s] and given[c] < 0 and lines[c] <= left[s]:
            given[c] = s
            left[s] -= lines[c]
            missing -= 1
            if missing == 0:
                break
    return given

"""Chains across borders: which chosen sectors nothing reaches, and the rules that forbid it.

A group that nothing reaches must be joined through one of its neighbours: whoever is chosen in it
needs at least one of them (a node separator).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse

from planner.choice import ChoiceProblem
from planner.programme._actors.blocks import Row

__all__ = ["cuts_of", "reached_part"]

Flags = npt.NDArray[np.bool_]


def _groups(problem: ChoiceProblem, chosen: Flags) -> npt.NDArray[np.int64]:
    """Return the group of chosen neighbours of each candidate."""
    count = problem.candidates_count
    both = problem.edges[chosen[problem.edges].all(axis=1)]
    links = scipy.sparse.coo_array((np.ones(len(both)), both.T), shape=(count, count))
    group: npt.NDArray[np.int64] = scipy.sparse.csgraph.connected_components(links, directed=False)[
        1
    ].astype(np.int64)
    return group


def reached_part(problem: ChoiceProblem, chosen: Flags) -> Flags:
    """Return the chosen sectors that are reached directly or through chosen ones of anyone."""
    group = _groups(problem, chosen)
    good = np.zeros(problem.candidates_count + 1, bool)
    good[group[chosen & problem.reached]] = True
    kept: Flags = chosen & good[group]
    return kept


def cuts_of(problem: ChoiceProblem, chosen: Flags) -> list[Row]:
    """Return a rule for each chosen sector that nothing reaches, which the choice breaks."""
    lost = chosen & ~reached_part(problem, chosen)
    group = _groups(problem, chosen)
    rows = []
    for one in np.unique(group[lost]):
        members = lost & (group == one)
        touching = problem.edges[members[problem.edges].any(axis=1)]
        around = np.zeros(problem.candidates_count, bool)
        around[touching.ravel()] = True
        around &= ~members
        for member in np.flatnonzero(members):
            row = np.where(around, -1, 0).astype(np.int64)
            row[member] = 1
            name = f"chain.{problem.sector_ids[member]}.{int(around.sum())}.{int(members.sum())}"
            rows.append(Row(name=name, coefficients=row, upper=0))
    return rows

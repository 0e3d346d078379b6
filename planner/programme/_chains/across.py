"""A first answer when chains may cross borders: what stands within each EPCI opens the next one.

A choice that is contiguous within each EPCI is contiguous across them too.  Its sectors beside a
border are then kept, their neighbours beyond it count as reached, and the choice is made again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import scipy.sparse

from planner.choice import Choice, ChoiceProblem, Contiguity
from planner.programme._chains.cuts import reached_part

__all__ = ["behind", "first_across", "hanging", "start_across"]

Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

_TURNS, _MOST_TURNS = 4, 20  # the latter while a turn still gains much: each goes one EPCI further
_MUCH_SHARE = 0.01  # of the value


def start_across(
    problem: ChoiceProblem,
    solve: Callable[[ChoiceProblem], Choice],
    *,
    first: Flags | None = None,
    turns: int = _MOST_TURNS,
) -> Flags | None:
    """Return a good choice whose chains may cross borders; None when none was found.

    Parameters
    ----------
    problem
        A question with the contiguity ``any_epci``.
    solve
        How a question within each EPCI is answered.
    first
        A choice to begin from, all of it reached; None to begin within each EPCI.
    turns
        How many times the choice is made at most.
    """
    within = replace(problem, contiguity=Contiguity.WITHIN_EPCI, objectives=problem.objectives[:1])
    best: Flags | None = None
    worth = 0
    sign = 1 if problem.objectives[0].sense == "max" else -1
    if first is not None:
        within = _behind(problem, within, first)
    for turn in range(turns):
        choice = solve(within)
        chosen = np.isin(np.array(problem.sector_ids, dtype=object), choice.chosen)
        if not choice.stages or (reached_part(problem, chosen) != chosen).any():
            break
        value = sign * within.values(chosen)[0]
        if best is not None and value <= worth:
            break
        gains_much = best is None or value - worth > _MUCH_SHARE * abs(value)
        best, worth = chosen, value
        if turn + 1 >= _TURNS and not gains_much:
            break
        within = _behind(problem, within, chosen)
    return best


def first_across(
    problem: ChoiceProblem, solve: Callable[[ChoiceProblem], Choice], standing: Flags
) -> Flags | None:
    """Return a first answer: behind the doors of what stands, or begun within each EPCI."""
    begun = start_across(problem, solve, first=standing, turns=1)
    return start_across(problem, solve) if begun is None else begun


def _behind(problem: ChoiceProblem, within: ChoiceProblem, chosen: Flags) -> ChoiceProblem:
    """Return the question within each EPCI once the doors of a choice stand open."""
    opened, kept = _doors(problem, chosen)
    return replace(
        within, reached=problem.reached | opened | kept, required=problem.required | kept
    )


def hanging(problem: ChoiceProblem, chosen: Flags) -> Integers:
    """Return through whom each chosen sector is reached, by shortest chains.

    The number of candidates stands for the network; what isn't reached has a negative number.
    """
    count = problem.candidates_count
    both = problem.edges[chosen[problem.edges].all(axis=1)]
    roots = np.flatnonzero(chosen & problem.reached)
    start = np.concatenate([both[:, 0], np.full(len(roots), count)])
    end = np.concatenate([both[:, 1], roots])
    links = scipy.sparse.coo_array((np.ones(len(start)), (start, end)), shape=(count + 1,) * 2)
    order = scipy.sparse.csgraph.breadth_first_order(links.tocsr(), count, directed=False)
    before: Integers = order[1][:count].astype(np.int64)
    return before


def behind(problem: ChoiceProblem, kept: Flags) -> ChoiceProblem:
    """Return the question within each EPCI once some sectors are kept and open what is beside them.

    Parameters
    ----------
    problem
        A question with the contiguity ``any_epci``.
    kept
        Sectors that are kept, all of them reached through one another.
    """
    across = problem.decider[problem.edges[:, 0]] != problem.decider[problem.edges[:, 1]]
    opened = kept.copy()
    for here, beyond in ((0, 1), (1, 0)):
        opened[problem.edges[across & kept[problem.edges[:, here]], beyond]] = True
    return replace(
        problem, contiguity=Contiguity.WITHIN_EPCI, objectives=problem.objectives[:1],
        reached=problem.reached | opened, required=problem.required | kept,
    )  # fmt: skip


def _doors(problem: ChoiceProblem, chosen: Flags) -> tuple[Flags, Flags]:
    """Return who is opened from beyond a border, and who must stay so that the doors stay open.

    Whoever opens a door stays, with the chain through which it is reached itself.
    """
    count, before = problem.candidates_count, hanging(problem, chosen)
    across = problem.decider[problem.edges[:, 0]] != problem.decider[problem.edges[:, 1]]
    opened, kept = np.zeros(count, bool), np.zeros(count, bool)
    for here, beyond in ((0, 1), (1, 0)):
        doors = across & chosen[problem.edges[:, here]] & ~problem.reached[problem.edges[:, beyond]]
        opened[problem.edges[doors, beyond]] = True
        kept[problem.edges[doors, here]] = True
    for door in np.flatnonzero(kept):
        at = before[door]
        while 0 <= at < count and not kept[at]:
            kept[at] = True
            at = before[at]
    return opened, kept

"""Questions in which an EPCI is too wide for a diagram: it is cut into parts, each with its own.

The parts are actors of a question whose chains may cross borders, the only borders left to cross
being those that they could cross before, and those between parts.  The envelope of the EPCI becomes
a rule that binds its parts.  So nothing is forbidden that was allowed, nothing allowed that was
forbidden.  Pairs of neighbours that the parts divide and that an objective counts are counted by
halves, for each end that is chosen: at least what they are worth, so that the bound holds; the
answer is told by its own values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from planner.choice import (
    Choice,
    ChoiceProblem,
    Contiguity,
    Objective,
)
from planner.programme._actors.blocks import ColumnPool, lighter, split_problem
from planner.programme._actors.columns import Clock
from planner.programme._compact import solve_compact, stages_by, weakest_of

__all__ = ["cut_apart", "halved", "in_parts", "is_divided", "solve_in_parts", "too_wide"]

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_MOST = 50  # sectors of a part at most, at first
_HALVES = 2  # in a unit
_PLAIN = 120  # candidates up to which the plain formulation does better


def solve_in_parts(
    problem: ChoiceProblem,
    solve: Callable[..., Choice],
    pool: ColumnPool,
    *,
    gap_share: float,
    across_share: float,
    clock: Clock,
) -> Choice:
    """Answer a question some of whose EPCI are too wide for a diagram.

    Parameters
    ----------
    problem
        The question.
    solve
        How the question over parts is answered, ``solve_choice``.
    pool
        Where diagrams are kept.
    gap_share, across_share
        How much of each objective may be missed; the least asked where chains cross borders.
    clock
        When to stop.

    Returns
    -------
    Choice
        What follows an objective whose pairs the parts divide isn't sought for: it is told as the
        answer has it, without a bound.
    """
    if gap_share == 0 or problem.candidates_count <= _PLAIN:  # parts bound, but seldom prove
        return solve_compact(problem, gap_share=gap_share, seconds=clock.seconds)
    part = cut_apart(problem, pool)
    divided = [is_divided(one, problem.edges, part) for one in problem.objectives]
    asked = divided.index(True) + 1 if any(divided) else len(divided)
    apart = in_parts(replace(problem, objectives=problem.objectives[:asked]), part)
    choice = solve(apart, gap_share=gap_share, seconds=clock.seconds, warm=pool)
    if not choice.stages:
        return replace(choice, problem_sha256=problem.sha256)
    if apart.contiguity is Contiguity.ANY_EPCI:
        gap_share = max(gap_share, across_share)
    held = set(choice.chosen)
    values = problem.values(np.array([name in held for name in problem.sector_ids], bool))
    bounds = [stage.bound for stage in choice.stages]
    if divided[asked - 1]:
        bounds[-1] = halved(problem.objectives[asked - 1], bounds[-1])
    bounds += [None] * (len(values) - asked)
    stages = stages_by(problem.objectives, values, bounds, gap_share)
    return Choice(
        problem_sha256=problem.sha256, status=weakest_of(one.status for one in stages),
        chosen=choice.chosen, stages=stages,
    )  # fmt: skip


def is_divided(objective: Objective, edges: Integers, part: Integers) -> bool:
    """Whether an objective counts pairs that parts divide."""
    counted = objective.edge_coefficients
    between = part[edges[:, 0]] != part[edges[:, 1]]
    return counted is not None and bool((counted[between] != 0).any())


def halved(objective: Objective, bound: int | None) -> int | None:
    """Return the bound of an objective whose values were doubled."""
    if bound is None:
        return None
    return bound // _HALVES if objective.sense == "max" else -(-bound // _HALVES)


def cut_apart(problem: ChoiceProblem, pool: ColumnPool, *, states: int | None = None) -> Integers:
    """Return the part of each candidate: its actor, or a further one where that is too wide.

    Parameters
    ----------
    problem
        The question.
    pool
        Where diagrams are kept.
    states
        How large a diagram may be; None as large as it can be built.
    """
    near: list[list[int]] = [[] for _ in range(problem.candidates_count)]
    for a, b in problem.edges.tolist():
        if problem.decider[a] == problem.decider[b]:
            near[a].append(b)
            near[b].append(a)
    part = problem.decider.copy()
    while wide := too_wide(in_parts(problem, part), pool, states=states):
        for one in wide:
            members = np.flatnonzero(part == one).tolist()
            most = _MOST if len(members) > _MOST else (len(members) + 1) // 2
            after = max(len(problem.actors), int(part.max()) + 1)
            for at, piece in enumerate(_pieces(members, near, most)[1:]):
                part[piece] = after + at
    return part


def too_wide(problem: ChoiceProblem, pool: ColumnPool, *, states: int | None = None) -> list[int]:
    """Return the actors who have no diagram, whether chains cross borders or not, or too large."""
    asked = [problem]
    if problem.contiguity is Contiguity.ANY_EPCI:
        asked.append(replace(problem, contiguity=Contiguity.WITHIN_EPCI))
    blocks = [block for one in asked for block in split_problem(one)[0]]
    return sorted({
        problem.actors.index(block.actor) for block in blocks
        if pool.diagram(block.ground) is None
        or (light := pool.diagram(lighter(block).ground)) is None
        or (states is not None and light.states_count > states)
    })  # fmt: skip


def _pieces(members: Sequence[int], near: Sequence[Sequence[int]], most: int) -> list[list[int]]:
    """Cut sectors into pieces of neighbours, ``most`` at most: halves of halves, end from end."""
    if len(members) <= most:
        return [list(members)]
    inside = set(members)
    order = _nearest_first(members[0], near, inside)
    if len(order) == len(members):  # all hang together: from one end to the other
        order = _nearest_first(_nearest_first(order[-1], near, inside)[-1], near, inside)
        half = order[: len(order) // 2]
    else:
        half = order
    return [
        piece for some in (half, inside - set(half)) for piece in _pieces(sorted(some), near, most)
    ]


def _nearest_first(start: int, near: Sequence[Sequence[int]], inside: set[int]) -> list[int]:
    """Return those who hang together with a sector, the nearest first."""
    order, known = [start], {start}
    for one in order:
        fresh = [other for other in near[one] if other in inside and other not in known]
        known.update(fresh)
        order += fresh
    return order


def in_parts(problem: ChoiceProblem, part: Integers) -> ChoiceProblem:
    """Return the question over parts, to the same answers.

    Parameters
    ----------
    problem
        The question.
    part
        Of each candidate: its actor, or a number of its own from the number of actors on.
    """
    count = len(problem.actors)
    further = range(count, max(count, int(part.max(initial=0)) + 1))
    names = [
        f"{problem.actors[problem.decider[np.argmax(part == one)]]}.{one:05d}" for one in further
    ]
    kept = np.ones(len(problem.edges), bool)
    contiguity = problem.contiguity
    if contiguity is Contiguity.WITHIN_EPCI:
        kept = problem.decider[problem.edges[:, 0]] == problem.decider[problem.edges[:, 1]]
        contiguity = Contiguity.ANY_EPCI
    return replace(
        problem,
        actors=(*problem.actors, *names),
        decider=part.copy(),
        envelopes=np.concatenate([problem.envelopes, np.zeros(len(names), np.int64)]),
        in_cents=None if problem.in_cents is None
        else np.concatenate([problem.in_cents, np.zeros(len(names), problem.in_cents.dtype)]),
        ungranted=None,
        weights=None,
        edges=problem.edges[kept],
        edge_border_m=problem.edge_border_m[kept],
        contiguity=contiguity,
        objectives=tuple(_by_halves(one, problem.edges, part, kept) for one in problem.objectives),
    )  # fmt: skip


def _by_halves(objective: Objective, edges: Integers, part: Integers, kept: Flags) -> Objective:
    """Return an objective over parts: doubled, divided pairs by ends, where it counts any."""
    counted = objective.edge_coefficients
    if counted is None:
        return objective
    if not is_divided(objective, edges, part):
        return replace(objective, edge_coefficients=counted[kept])
    between = part[edges[:, 0]] != part[edges[:, 1]]
    gain = counted > 0 if objective.sense == "max" else counted < 0
    node = objective.coefficients * _HALVES
    for end in edges[between & gain].T:  # a pair that costs counts for nothing
        np.add.at(node, end, counted[between & gain])
    pairs = np.where(between, 0, counted * _HALVES)[kept]
    return replace(objective, coefficients=node, edge_coefficients=pairs)

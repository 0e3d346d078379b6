"""A question with one sector forced and some room changed, and what its lists need beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceProblem
from planner.programme._actors.blocks import ColumnPool, lighter, split_problem
from planner.programme._actors.columns import Stage
from planner.programme._search.near_lists import Page

__all__ = ["Least", "Reached", "list_further", "reached_of", "room_of", "swing_of", "with_room"]

Integers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.uint8]
Choice = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

_FURTHER = (4, 3, 2)  # of the reach: how far the list of whoever has the envelope goes


@dataclass(frozen=True, eq=False)
class Reached:
    """A best programme: what it is worth under the first objective, larger is better.

    ``use``: what it takes of the room that changes.
    """

    worth: int
    chosen: Flags
    use: int


@dataclass(frozen=True)
class Least:
    """No change below ``first`` is enough, and ``met`` is: the same where the search ended.

    ``met``: None where no change is known to be enough.  ``stopped``: the search was too long.
    """

    first: int
    met: int | None
    stopped: bool = False


def room_of(
    problem: ChoiceProblem, kind: Literal["envelope", "limit"], place: str
) -> tuple[Integers, int]:
    """Return what each candidate uses of a room, and what there is."""
    if kind == "limit":
        limit = next(one for one in problem.limits if one.name == place)
        return limit.coefficients, limit.upper or 0
    actor = problem.actors.index(place)
    return problem.envelope_use(actor), int(problem.envelopes[actor])


def with_room(
    problem: ChoiceProblem, position: int, kind: Literal["envelope", "limit"], place: str,
    *, change: int, wanted: bool,
) -> ChoiceProblem:  # fmt: skip
    """Return the question, the room changed and the sector forced."""
    flags = (problem.required if wanted else problem.refused).copy()
    flags[position] = True
    problem = replace(problem, required=flags) if wanted else replace(problem, refused=flags)
    if kind == "envelope":
        envelopes = problem.envelopes.copy()
        envelopes[problem.actors.index(place)] += change
        return replace(problem, envelopes=envelopes)
    limits = tuple(
        replace(one, upper=one.upper + change)
        if one.name == place and one.upper is not None else one
        for one in problem.limits
    )  # fmt: skip
    return replace(problem, limits=limits)


def reached_of(
    problem: ChoiceProblem, sources: Integers, used: Integers, page: Page, parts: Sequence[Choice]
) -> Reached:
    """Return the programme of choices that were picked, without the copies.

    ``sources``: the candidate of each copy; ``used``: what each candidate takes of the room.
    """
    chosen = page.chosen(parts, problem.candidates_count)
    count = len(chosen) - len(sources)
    chosen[count:] = chosen[sources]  # a copy may be taken where its sector isn't, in vain
    sign = 1 if problem.objectives[0].sense == "max" else -1
    worth, use = sign * problem.values(chosen)[0], int(used[chosen].sum())
    return Reached(worth, chosen[:count], use)


def swing_of(stage: Stage, other: ChoiceProblem, position: int, pool: ColumnPool) -> int | None:
    """Return how much more the other side can be worth at the same prices, if that is told.

    ``other``: the question with the sector on the other side.
    """
    best = stage.best
    if best is None:
        return None
    actor = other.actors[int(other.decider[position])]
    blocks, _ = split_problem(other)
    at = [block.actor for block in blocks].index(actor)
    block = blocks[at] if stage.with_pairs else lighter(blocks[at])
    diagram = pool.diagram(block.ground)
    if diagram is None:
        return None
    found = diagram.best(
        best.node_value[block.members], best.pair_value[block.pairs],
        weight=block.weight, limit=block.limit,
    )  # fmt: skip
    return None if found is None else found[2] - best.bounds[at]


def list_further(
    stage: Stage, actor: str, lists: list[Rows], missed: list[Integers], reach: int, *, at_most: int
) -> int:
    """List more of whoever has the envelope that changes; return how far its list goes."""
    actors = [block.actor for block in stage.blocks]
    if actor not in actors or stage.best is None:
        return reach
    at, best = actors.index(actor), stage.best
    block = stage.blocks[at]
    for times in _FURTHER:
        further = reach * times
        rows, values, complete = stage.diagrams[at].above(
            best.node_value[block.members], best.pair_value[block.pairs],
            weight=block.weight, limit=block.limit,
            floor=best.bounds[at] - ((further + 1) << best.shift), at_most=at_most,
        )  # fmt: skip
        if complete and len(rows):
            lists[at], missed[at] = rows, (best.bounds[at] - values) >> best.shift
            return further
    return reach

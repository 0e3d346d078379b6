"""What would have to be asked for before a sector that nothing leads to could be reached at all."""

from __future__ import annotations

import heapq

from planner.choice import ChoiceProblem, Contiguity
from planner.explain._decisions import Binding, Reader
from planner.texts import Message

__all__ = ["fewest_to_ask", "tell_way_in"]


def fewest_to_ask(problem: ChoiceProblem, at: int) -> tuple[int, ...] | None:
    """Return the fewest refused or unasked candidates that a chain to a candidate goes through.

    No shorter list opens the way to it: every chain from the network goes through as many.

    Parameters
    ----------
    problem
        The question.
    at
        Position of a candidate that is itself allowed.

    Returns
    -------
    tuple of int
        Positions, sorted; empty where a chain leads to it already.  None where none ever could.
        Of several lists as short, the one whose chain goes through the first candidates.
    """
    if problem.contiguity is Contiguity.FEEDER:
        return _before(problem, at)
    beside = _beside(problem)
    closed = problem.refused.astype(int).tolist()
    heap: list[tuple[int, tuple[int, ...]]] = [(closed[at], (at,))]  # the chain settles ties
    seen: set[int] = set()
    while heap:
        cost, chain = heapq.heappop(heap)
        last = chain[-1]
        if problem.reached[last] or problem.contiguity is Contiguity.NONE:
            return tuple(sorted(one for one in chain if closed[one]))
        if last not in seen:
            seen.add(last)
            for other in beside.get(last, ()):
                heapq.heappush(heap, (cost + closed[other], (*chain, other)))
    return None


def _before(problem: ChoiceProblem, at: int) -> tuple[int, ...]:
    """Return what is refused or unasked among a candidate and those before it on its feeder."""
    behind = [at]
    while problem.feeder[behind[-1]] >= 0:
        behind.append(int(problem.feeder[behind[-1]]))
    return tuple(sorted(one for one in behind if problem.refused[one]))


def _beside(problem: ChoiceProblem) -> dict[int, list[int]]:
    """Return the neighbours through which contiguity may lead to each candidate."""
    beside: dict[int, list[int]] = {}
    anyone = problem.contiguity is Contiguity.ANY_EPCI
    for one, other in problem.edges.tolist():
        if anyone or problem.decider[one] == problem.decider[other]:
            beside.setdefault(one, []).append(other)
            beside.setdefault(other, []).append(one)
    return beside


def tell_way_in(reader: Reader, binding: Binding, at: int) -> Message:
    """Say what must come first for a candidate that no change of one figure brings in.

    Parameters
    ----------
    reader, binding
        The question and its answer, and the rule that holds the candidate: ``no_vote`` or
        ``cut_off``.
    at
        Its position.
    """
    problem = reader.problem
    if binding.rule == "no_vote":
        mute = reader.called[problem.actors.index(binding.place)]
        return Message.of("decision.without_vote", actor=mute)
    ways = fewest_to_ask(problem, at)
    if not ways:
        return Message.of("decision.no_way_in")
    return Message.of(
        f"decision.way_in{'_one' if len(ways) == 1 else ''}", count=len(ways),
        sectors=tuple(problem.sector_ids[one] for one in ways),
    ).naming(problem.sector_names)  # fmt: skip

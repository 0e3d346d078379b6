"""The parts of a question that no rule binds together, each a question of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.choice import Choice, ChoiceProblem, ChoiceStatus, StageResult
from planner.programme._bounds import part_of

__all__ = ["cut_out", "split_parts"]


def cut_out(problem: ChoiceProblem, choice: Choice, key: str) -> tuple[ChoiceProblem, Choice]:
    """Return the part of a proved question on which the decision on one sector hangs.

    Where no rule binds some actors to others, the best programme of all is the best of each part.
    """
    kept = part_of(problem, problem.sector_ids.index(key))
    if kept.all() or choice.status is not ChoiceStatus.OPTIMAL:
        return problem, choice
    inside = np.flatnonzero(kept)
    place = np.full(problem.candidates_count, -1)
    place[inside] = np.arange(len(inside))
    ours = kept[problem.share_candidate]
    who = np.unique(np.concatenate([problem.decider[inside], problem.share_actor[ours]]))
    actor = np.full(len(problem.actors), -1)
    actor[who] = np.arange(len(who))
    edges = kept[problem.edges].all(axis=1)
    feeder = problem.feeder[inside]
    part = replace(
        problem,
        sector_ids=tuple(problem.sector_ids[at] for at in inside),
        lines=problem.lines[inside],
        departements=tuple(problem.departements[at] for at in inside),
        rural=problem.rural[inside],
        actors=tuple(problem.actors[at] for at in who),
        decider=actor[problem.decider[inside]],
        share_candidate=place[problem.share_candidate[ours]],
        share_actor=actor[problem.share_actor[ours]],
        share_need=problem.share_need[ours],
        envelopes=problem.envelopes[who],
        required=problem.required[inside],
        refused=problem.refused[inside],
        reached=problem.reached[inside],
        edges=place[problem.edges[edges]],
        edge_border_m=problem.edge_border_m[edges],
        feeder=np.where(feeder < 0, -1, place[feeder]),
        limits=tuple(
            replace(one, coefficients=one.coefficients[inside])
            for one in problem.limits
            if one.coefficients[inside].any()
        ),
        objectives=tuple(
            replace(
                one, coefficients=one.coefficients[inside],
                edge_coefficients=None if one.edge_coefficients is None
                else one.edge_coefficients[edges],
            )
            for one in problem.objectives
        ),
        unasked=None if problem.unasked is None else problem.unasked[inside],
        in_cents=None if problem.in_cents is None else problem.in_cents[who],
        ungranted=None if problem.ungranted is None else problem.ungranted[who],
        weights=None if problem.weights is None else problem.weights[who],
    )  # fmt: skip
    held = set(choice.chosen)
    chosen = np.array([name in held for name in part.sector_ids], bool)
    stages = tuple(
        StageResult(objective=one.name, value=value, bound=value, status=ChoiceStatus.OPTIMAL)
        for one, value in zip(part.objectives, part.values(chosen), strict=True)
    )
    return part, Choice(
        problem_sha256=part.sha256, status=choice.status,
        chosen=tuple(np.array(part.sector_ids, object)[chosen]), stages=stages,
    )  # fmt: skip


def split_parts(problem: ChoiceProblem, choice: Choice) -> tuple[tuple[ChoiceProblem, Choice], ...]:
    """Return every part of a proved question, the one of the first candidate first.

    Parameters
    ----------
    problem, choice
        The question, and its answer; one that isn't proved has a single part, itself.
    """
    parts = []
    left = set(problem.sector_ids)
    for key in problem.sector_ids:
        if key in left:
            part, answer = cut_out(problem, choice, key)
            parts.append((part, answer))
            left -= set(part.sector_ids)
    return tuple(parts)

"""All the best programmes when there are several, and a handful that differ most."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from planner.choice import Choice, ChoiceProblem, ChoiceStatus, Limit, Objective
from planner.programme import ColumnPool, solve_choice, split_parts
from planner.robustness._weights import Solve
from planner.schemas import contract
from planner.texts import Message

__all__ = [
    "Optima",
    "count_equals",
    "count_programmes",
    "equal_programmes_table",
    "list_diverse",
    "list_equal_parts",
    "list_optima",
]

_ASKED_AGAIN: Final = 60  # sectors of a part, at most, that is asked again for its other optima


@dataclass(frozen=True, kw_only=True)
class Optima:
    """Programmes of one question.

    Parameters
    ----------
    programmes
        Ids of the chosen sectors of each, in the order they were found.
    values
        What each is worth under each objective.
    complete
        Whether there is none left: proved, not stopped by the number asked for.
    differing
        Of diverse programmes: by how many sectors each differs from those before it, in all, and
        what no programme passes (None when unknown); 0 for the first.
    """

    programmes: tuple[tuple[str, ...], ...]
    values: tuple[tuple[int, ...], ...]
    complete: bool
    differing: tuple[tuple[int, int | None], ...] = ()

    @property
    def always(self) -> tuple[str, ...]:
        """Sectors that are in all of them, sorted."""
        sets = [set(one) for one in self.programmes]
        return tuple(sorted(set.intersection(*sets))) if sets else ()

    @property
    def sometimes(self) -> tuple[str, ...]:
        """Sectors that are in some and not in all, sorted."""
        return tuple(sorted(set().union(*self.programmes) - set(self.always)))


def _other_than(problem: ChoiceProblem, chosen: tuple[str, ...], position: int) -> Limit:
    """Return the rule that a programme differs from this one by one sector at least."""
    inside = set(chosen)
    signs = np.array([1 if key in inside else -1 for key in problem.sector_ids], dtype=np.int64)
    return Limit(
        name=f"other.{position}", message=Message.of("robustness.other"), coefficients=signs,
        upper=len(chosen) - 1,
    )  # fmt: skip


def list_optima(problem: ChoiceProblem, *, solve: Solve, most: int = 100) -> Optima:
    """List every programme that is as good as the best under all objectives.

    Parameters
    ----------
    problem
        The question.
    solve
        What answers a question, as :func:`planner.programme.solve_choice` does; it must prove
        optima for the list to be complete.
    most
        Stop after so many; ``complete`` then is false unless there are no more.
    """
    found: list[tuple[str, ...]] = []
    worth: tuple[int, ...] | None = None
    asked = problem
    while len(found) <= most:
        answer = solve(asked)
        if answer.status is ChoiceStatus.INFEASIBLE:
            return _optima(found, worth, complete=True)
        value = tuple(stage.value for stage in answer.stages)
        if worth is None:
            worth = value
        proved = answer.status is ChoiceStatus.OPTIMAL
        if value != worth or not proved:
            return _optima(found, worth, complete=proved)
        if len(found) == most:
            break
        found.append(answer.chosen)
        rule = _other_than(problem, answer.chosen, len(found))
        asked = replace(asked, limits=(*asked.limits, rule))
    return _optima(found, worth, complete=False)


def _optima(
    found: list[tuple[str, ...]], worth: tuple[int, ...] | None, *, complete: bool
) -> Optima:
    values = tuple((worth or ()) for _ in found)
    return Optima(programmes=tuple(found), values=values, complete=complete)


def list_diverse(
    problem: ChoiceProblem,
    *,
    solve: Solve,
    loss_share: Fraction,
    count: int = 5,
    best: Choice | None = None,
) -> Optima:
    """List near-optimal programmes that differ most from those before them.

    The first is the best one.  Each next one has the largest number of differing sectors, summed
    over those before it, among programmes whose first objective loses at most ``loss_share``.

    Parameters
    ----------
    problem
        The question; its first objective must not count pairs.
    solve
        What answers a question.
    loss_share
        How much of the first objective may be lost, in [0, 1], exact.
    count
        How many programmes at most.
    best
        The answer to the question, the first of the list; by default it is asked.

    Raises
    ------
    ValueError
        When the first objective counts pairs of neighbours, which no linear rule can hold.
    """
    first = problem.objectives[0]
    if first.edge_coefficients is not None:
        raise ValueError(first.name)
    best = best or solve(problem)
    if best.status is ChoiceStatus.INFEASIBLE:
        return Optima(programmes=(), values=(), complete=True)
    value = best.stages[0].value
    slack = abs(value) * Fraction(loss_share)
    held = Limit(
        name="near", message=Message.of("robustness.near"), coefficients=first.coefficients,
        lower=-((-(value - slack)).__floor__()) if first.sense == "max" else None,
        upper=(value + slack).__floor__() if first.sense == "min" else None,
    )  # fmt: skip
    found = [best.chosen]
    differing: list[tuple[int, int | None]] = [(0, 0)]
    complete = False
    while len(found) < count:
        signs = np.zeros(problem.candidates_count, dtype=np.int64)
        for chosen in found:
            inside = set(chosen)
            signs += np.array([-1 if key in inside else 1 for key in problem.sector_ids])
        others = [_other_than(problem, chosen, i + 1) for i, chosen in enumerate(found)]
        answer = solve(
            replace(
                problem,
                limits=(*problem.limits, held, *others),
                objectives=(Objective(name="distance", sense="max", coefficients=signs),),
            )
        )
        if answer.status is ChoiceStatus.INFEASIBLE:
            complete = True
            break
        if not answer.stages:  # work ended before any answer
            break
        # the distance counts a shared sector as one less: shifted by what is in those before
        stage, before = answer.stages[0], sum(map(len, found))
        differing.append(
            (before + stage.value, None if stage.bound is None else before + stage.bound)
        )
        found.append(answer.chosen)
    worths = []
    for chosen in found:
        inside = set(chosen)
        worths.append(problem.values(np.array([k in inside for k in problem.sector_ids])))
    return Optima(
        programmes=tuple(found), values=tuple(worths), complete=complete,
        differing=tuple(differing),
    )  # fmt: skip


def list_equal_parts(
    problem: ChoiceProblem,
    choice: Choice,
    *,
    solve: Solve,
    most: int = 20,
    known: tuple[tuple[str, ...], ...] = (),
) -> tuple[Optima, ...]:
    """List the equally good choices of each part of a proved question that no rule binds to others.

    Any choice of one part goes with any of another: the best programmes of all are as many as the
    product of those of the parts.

    Parameters
    ----------
    problem, choice
        The question, and its answer.
    solve
        What answers a question; it must prove optima.
    most
        Choices listed of each part.
    known
        All the best programmes of the whole question where the search knows them
        (:meth:`planner.programme.ColumnPool.equals_of`): nothing is asked again then.

    Returns
    -------
    tuple of Optima
        One a part, a single one of all that is ``known``; empty where the answer isn't proved
        the best, so that nothing is known equal.
    """
    if choice.status is not ChoiceStatus.OPTIMAL:
        return ()
    if known:
        return (_optima(list(known), tuple(stage.value for stage in choice.stages), complete=True),)
    parts = split_parts(problem, choice)
    return tuple(list_optima(part, solve=solve, most=most) for part, _ in parts)


def count_equals(problem: ChoiceProblem, choice: Choice, *, pool: ColumnPool) -> tuple[Optima, ...]:
    """List the equally good choices of each part where that takes little after the answer.

    Parameters
    ----------
    problem, choice
        The question, and its answer.
    pool
        What the search for the answer has learnt: all the best programmes, where it knows them.

    Returns
    -------
    tuple of Optima
        As :func:`list_equal_parts`; empty where the search doesn't know them and a part is too
        large to ask again, or the answer isn't proved.
    """
    known = pool.equals_of(problem)
    if choice.status is not ChoiceStatus.OPTIMAL:
        return ()
    sizes = [part.candidates_count for part, _ in split_parts(problem, choice)]
    if not known and max(sizes, default=0) > _ASKED_AGAIN:
        return ()
    solve = partial(solve_choice, gap_share=0.0, warm=pool)
    return list_equal_parts(problem, choice, solve=solve, known=known)


def count_programmes(parts: Sequence[Optima]) -> tuple[int, bool]:
    """Return how many programmes the choices of some parts make, and whether there are no more."""
    count = math.prod(max(len(one.programmes), 1) for one in parts)
    return count, all(one.complete for one in parts)


def equal_programmes_table(problem: ChoiceProblem, parts: tuple[Optima, ...]) -> pd.DataFrame:
    """Return the sectors that are in some of the best programmes and not in all.

    Returns
    -------
    DataFrame
        Contract ``equal_programmes``.
    """
    lines = dict(zip(problem.sector_ids, problem.lines.tolist(), strict=True))
    rows = [
        {
            "part": number, "sector_id": key, "lines_count": lines[key],
            "in_count": sum(key in one for one in part.programmes),
            "choices_count": len(part.programmes), "complete": part.complete,
        }
        for number, part in enumerate(
            (one for one in parts if len(one.programmes) > 1), start=1
        )
        for key in part.sometimes
    ]  # fmt: skip
    if not rows:
        return contract("equal_programmes").empty()
    table = pd.DataFrame(rows)
    contract("equal_programmes").check(table)
    return contract("equal_programmes").select(table)

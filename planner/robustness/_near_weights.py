"""Between which values of one weight a programme stays nearly the best, where none is proved best.

Along one weight the best value is convex (a maximum of straight lines), so that between two weights
it lies under the chord of their bounds, and beyond the last one under the steepest line.  Where the
programme is worth as much as that, less the part that may be lost, it is nearly the best for sure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np

from planner.choice import ChoiceProblem, ChoiceStatus, Limit
from planner.robustness._weights import Solve, WeightInterval, WeightSpace
from planner.texts import Message

__all__ = ["find_near_interval"]

_PARTS: Final = 16  # of a weight: whole numbers stay small
_FARTHER: Final = 4  # doublings
_NEARER: Final = 3  # cuts between what is sure and what isn't


@dataclass(frozen=True)
class _Point:
    """A weight, what no programme passes there, and what the programme has to spare (or lacks)."""

    weight: Fraction
    most: Fraction
    spare: Fraction


def find_near_interval(
    problem: ChoiceProblem,
    space: WeightSpace,
    criterion: str,
    *,
    chosen: tuple[str, ...],
    solve: Solve,
    loss_share: Fraction,
) -> WeightInterval:
    """Find between which values of one weight a programme stays within a share of the best.

    The best of those that are worth at least as much as it under the former objectives; the other
    weights are held.  What is told is sure; the programme may stay so near beyond it.

    Parameters
    ----------
    problem, space, criterion
        The question, its weighted objective, and the criterion whose weight moves.
    chosen
        Ids of the sectors of the programme.
    solve
        What answers a question; its bounds are what the answer rests on.
    loss_share
        How much less than the best it may be worth, in [0, 1].

    Raises
    ------
    ValueError
        When a former objective counts pairs of neighbours, which no linear rule can hold.
    """
    walk = _Walk(problem, space, criterion, chosen, solve, loss_share)
    weight = Fraction(space.weights[walk.k])
    here = walk.at(weight)
    if here is None or here.spare < 0:
        return WeightInterval(
            criterion=criterion, weight=int(weight), total=sum(space.weights), low=weight,
            high=weight, proved=False, loss_share=loss_share,
        )  # fmt: skip
    return WeightInterval(
        criterion=criterion, weight=int(weight), total=sum(space.weights),
        low=walk.down(here), high=walk.up(here), proved=True, loss_share=loss_share,
    )  # fmt: skip


class _Walk:
    """Questions along one weight, the others and the former objectives held."""

    def __init__(
        self, problem: ChoiceProblem, space: WeightSpace, criterion: str,
        chosen: tuple[str, ...], solve: Solve, loss_share: Fraction,
    ) -> None:  # fmt: skip
        self.k = space.criteria.index(criterion)
        self.solve, self.kept = solve, 1 - loss_share
        inside = set(chosen)
        flags = np.array([key in inside for key in problem.sector_ids], bool)
        self.base = space.without(self.k)
        self.slope = space.scores[self.k]
        self.worth = int(self.base[flags].sum()), int(self.slope[flags].sum())
        self.total = sum(space.weights)
        held = []
        for one, value in zip(problem.objectives, problem.values(flags), strict=True):
            if one.name == space.objective:
                self.objective = one
                break
            if one.edge_coefficients is not None:
                raise ValueError(one.name)
            held.append(
                Limit(
                    name=f"held.{one.name}", message=Message.of("robustness.held"),
                    coefficients=one.coefficients,
                    lower=value if one.sense == "max" else None,
                    upper=value if one.sense == "min" else None,
                )
            )  # fmt: skip
        self.problem = replace(problem, limits=(*problem.limits, *held))

    def most(self, weight: Fraction | None) -> Fraction | None:
        """Return what no programme passes at a weight; at None, of the moving criterion alone."""
        values, parts = self.slope, 1
        if weight is not None:
            parts = weight.denominator
            values = parts * self.base + weight.numerator * self.slope
        asked = replace(self.objective, sense="max", coefficients=values)
        answer = self.solve(replace(self.problem, objectives=(asked,)))
        if answer.status is ChoiceStatus.INFEASIBLE or not answer.stages:
            return None
        bound = answer.stages[0].bound
        return None if bound is None else Fraction(bound, parts)

    def at(self, weight: Fraction) -> _Point | None:
        most = self.most(weight)
        if most is None:
            return None
        base, slope = self.worth
        return _Point(weight, most, base + weight * slope - self.kept * most)

    def _on_grid(self, weight: Fraction) -> Fraction:
        return Fraction(round(weight * _PARTS), _PARTS)

    def _between(self, sure: _Point, unsure: _Point) -> Fraction:
        """Return the weight nearest the unsure one at which the chord still leaves enough."""
        for _ in range(_NEARER):
            cross = self._cross(sure, unsure)
            tried = self._on_grid((cross + unsure.weight) / 2)
            if tried in {sure.weight, unsure.weight}:
                break
            point = self.at(tried)
            if point is None:
                break
            if point.spare >= 0:
                sure = point
            else:
                unsure = point
        return self._cross(sure, unsure)

    @staticmethod
    def _cross(sure: _Point, unsure: _Point) -> Fraction:
        share = sure.spare / (sure.spare - unsure.spare)
        return sure.weight + (unsure.weight - sure.weight) * share

    def down(self, here: _Point) -> Fraction:
        """Return the least weight at which the programme is nearly the best for sure."""
        if here.weight == 0:
            return here.weight
        end = self.at(Fraction(0))
        if end is None:
            return here.weight
        return end.weight if end.spare >= 0 else self._between(here, end)

    def up(self, here: _Point) -> Fraction | None:
        """Return the largest one; None when no weight is too large."""
        sure, step = here, here.weight or Fraction(self.total)
        for _ in range(_FARTHER):
            point = self.at(here.weight + step)
            if point is None:
                return sure.weight
            if point.spare < 0:
                return self._between(sure, point)
            sure, step = point, 2 * step + here.weight
        steepest = self.most(None)
        if steepest is None:
            return sure.weight
        lost = self.kept * steepest - self.worth[1]
        return None if lost <= 0 else sure.weight + sure.spare / lost

"""The space of weights: drawn from, or walked along one weight from breakpoint to breakpoint.

Along one weight λ with the others held, each programme is worth A + λ B, a straight line: the best
value is the upper envelope of the lines, and its corners are ratios of whole numbers, found exactly
(Eisner and Severance, 1976, "Mathematical techniques for efficient record segmentation").
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.choice import Choice, ChoiceProblem, ChoiceStatus, Objective
from planner.errors import PlannerError
from planner.schemas import contract

__all__ = [
    "Solve",
    "WeightInterval",
    "WeightPiece",
    "WeightSpace",
    "find_weight_interval",
    "measure_stability",
    "trace_weight",
    "wilson_interval",
]

Solve = Callable[[ChoiceProblem], Choice]
_PARTS: Final = 100  # a drawn weight is in percent: larger numbers would blur the bounds
_EXACT_BITS: Final = 44  # of a sum that is asked as it is
_MOST_BITS: Final = 48  # of one that is asked as it is first, then nearby where that proves nothing


@dataclass(frozen=True, kw_only=True)
class WeightSpace:
    """An objective as a weighted sum of criteria, in whole numbers.

    Parameters
    ----------
    objective
        Name of the objective that the weighted sum stands for.
    criteria
        Names of the criteria.
    scores
        Value of each candidate under each criterion, larger is better, shape
        (criteria, candidates).
    weights
        The weights in force, whole and not negative.
    rounding
        What the values of the question hold beside the weighted sum, where they were rounded: along
        one weight it stays as it is, so that the question at the weights in force is the one asked.
    """

    objective: str
    criteria: tuple[str, ...]
    scores: npt.NDArray[np.int64]
    weights: tuple[int, ...]
    rounding: npt.NDArray[np.int64] | None = None

    def without(self, k: int) -> npt.NDArray[np.int64]:
        """Return what each candidate is worth when one weight is nil, the others in force."""
        others = [0 if i == k else weight for i, weight in enumerate(self.weights)]
        values: npt.NDArray[np.int64] = np.asarray(others, dtype=np.int64) @ self.scores
        return values if self.rounding is None else values + self.rounding

    def question(self, problem: ChoiceProblem, weights: tuple[int, ...]) -> ChoiceProblem:
        """Return the question under other weights; nothing is rounded but the marks."""
        return self.asked(problem, np.asarray(weights, dtype=np.int64) @ self.scores, later=True)

    def asked(
        self, problem: ChoiceProblem, values: npt.NDArray[np.int64], *, later: bool
    ) -> ChoiceProblem:
        """Return the question with these values, with or without the objectives that follow."""
        objectives: list[Objective] = []
        for one in problem.objectives:
            if one.name == self.objective:
                objectives.append(replace(one, sense="max", coefficients=values))
                if not later:
                    break
            else:
                objectives.append(one)
        if self.objective not in {one.name for one in objectives}:
            raise LookupError(self.objective)
        return replace(problem, objectives=tuple(objectives))


@dataclass(frozen=True, kw_only=True)
class WeightInterval:
    """Between which values of one weight a programme stays the best.

    Parameters
    ----------
    criterion, weight, total
        The criterion, its weight in force, and the sum of all of them.
    low, high
        Bounds, included, exact; high is None where no weight is too large.
    proved
        Whether every programme behind the bounds is proved optimal; where a part may be lost,
        whether the bounds leave no doubt.
    loss_share
        How much less than the best the programme may be worth; 0 when it is the best.
    """

    criterion: str
    weight: int
    total: int
    low: Fraction
    high: Fraction | None
    proved: bool
    loss_share: Fraction = Fraction(0)


@dataclass(frozen=True, kw_only=True)
class WeightPiece:
    """A programme that is the best between two values of one weight.

    Parameters
    ----------
    low, high
        Bounds, included, exact.
    chosen
        Ids of its sectors, sorted.
    """

    low: Fraction
    high: Fraction
    chosen: tuple[str, ...]


def wilson_interval(count: int, draws: int, confidence_share: float = 0.95) -> tuple[float, float]:
    """Return the score interval of a proportion (Wilson, 1927, J. Am. Stat. Assoc. 22).

    Parameters
    ----------
    count, draws
        Successes, and draws.
    confidence_share
        Confidence, in (0, 1).

    Examples
    --------
    >>> low, high = wilson_interval(8, 10)
    >>> round(low, 3), round(high, 3)
    (0.49, 0.943)
    """
    z = NormalDist().inv_cdf((1 + confidence_share) / 2)
    share, squared = count / draws, z * z / draws
    middle = share + squared / 2
    reach = z * math.sqrt(share * (1 - share) / draws + squared / (4 * draws))
    # rounding must not put the share outside its own interval
    low = min(max((middle - reach) / (1 + squared), 0.0), share)
    return low, max(min((middle + reach) / (1 + squared), 1.0), share)


def draw_weights(criteria_count: int, *, draw: int, seed: int) -> tuple[int, ...]:
    """Draw weights evenly from the simplex, in percent; the same for the same numbers."""
    waits = []
    for position in range(criteria_count):
        digest = hashlib.sha256(f"{seed}|{draw}|{position}".encode()).digest()
        uniform = (int.from_bytes(digest[:8], "big") + 1) / (2**64 + 1)
        waits.append(-math.log(uniform))
    total = math.fsum(waits)
    return tuple(round(_PARTS * wait / total) for wait in waits)


def measure_stability(
    problem: ChoiceProblem,
    space: WeightSpace,
    *,
    solve: Solve,
    draws: int,
    seed: int,
    confidence_share: float = 0.95,
) -> pd.DataFrame:
    """Count how often each sector is in when weights are drawn evenly over their space.

    Parameters
    ----------
    problem, space
        The question, and its weighted objective.
    solve
        What answers a question, as :func:`planner.programme.solve_choice` does; called once a draw.
    draws, seed
        How many draws, and from which seed.
    confidence_share
        Confidence of the interval.

    Returns
    -------
    DataFrame
        Contract ``sector_stability``.
    """
    counts = dict.fromkeys(problem.sector_ids, 0)
    proved, gap = 0, 0.0
    for draw in range(draws):
        weights = draw_weights(len(space.criteria), draw=draw, seed=seed)
        answer = solve(space.question(problem, weights))
        proved += answer.status is ChoiceStatus.OPTIMAL
        for stage in answer.stages:
            gap = max(gap, math.inf if stage.gap_share is None else stage.gap_share)
            if stage.objective == space.objective:
                break
        for key in answer.chosen:
            counts[key] += 1
    rows = []
    for key, count in counts.items():
        low, high = wilson_interval(count, draws, confidence_share)
        rows.append(
            {
                "sector_id": key, "draws_count": draws, "proved_count": proved, "in_count": count,
                "in_share": count / draws, "low_share": low, "high_share": high,
                "gap_share": gap if math.isfinite(gap) else None,
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    if not table.empty:
        table["gap_share"] = table["gap_share"].astype("float64")
    contract("sector_stability").check(table)
    return contract("sector_stability").select(table)


@dataclass(frozen=True)
class _Line:
    """A programme along one weight: its value is ``base + weight × slope``."""

    base: int
    slope: int
    chosen: tuple[str, ...]

    def at(self, weight: Fraction) -> Fraction:
        return self.base + weight * self.slope


class _Walk:
    """Questions along one weight, the others held."""

    def __init__(
        self, problem: ChoiceProblem, space: WeightSpace, criterion: str, solve: Solve
    ) -> None:
        self.problem = problem
        self.space = space
        self.solve = solve
        self.k = space.criteria.index(criterion)
        self.base = space.without(self.k)
        self.slope = space.scores[self.k]
        self.proved = True
        self.solves = 0

    def line(self, chosen: tuple[str, ...]) -> _Line:
        """Return the line of a programme."""
        inside = set(chosen)
        flags = [key in inside for key in self.problem.sector_ids]
        return _Line(int(self.base[flags].sum()), int(self.slope[flags].sum()), chosen)

    def best(self, weight: Fraction) -> _Line:
        """Return a best programme at one weight, or at one nearby when numbers grow too large."""
        if self._bits(weight) > _EXACT_BITS:
            found = self._as_it_is(weight) if self._bits(weight) <= _MOST_BITS else None
            if found is not None:
                return found
        near = self._askable(weight)
        self.proved = self.proved and near == weight
        return self._answer(self._question(near))

    def _as_it_is(self, weight: Fraction) -> _Line | None:
        """Return a best programme at one weight, None where large numbers leave it unproved."""
        try:
            answer = self.solve(self._question(weight))
        except PlannerError:  # too large for one actor's diagram
            return None
        self.solves += 1
        return self.line(answer.chosen) if answer.status is ChoiceStatus.OPTIMAL else None

    def _question(self, weight: Fraction) -> ChoiceProblem:
        values = weight.denominator * self.base + weight.numerator * self.slope
        return self.space.asked(self.problem, values, later=False)

    def _bits(self, weight: Fraction) -> int:
        """Return the bits of the sums that a question at a weight adds."""
        base, slope = (int(np.abs(values).sum()) or 1 for values in (self.base, self.slope))
        return max(weight.denominator * base, weight.numerator * slope).bit_length()

    def _askable(self, weight: Fraction) -> Fraction:
        """Return the nearest weight at which sums are small enough to be told apart."""
        parts, near = weight.denominator, weight
        while parts > 1 and self._bits(near) > _EXACT_BITS:
            parts //= 2
            near = weight.limit_denominator(parts)
        return near

    def farthest(self) -> _Line:
        """Return a best programme when this weight is larger than all the others together."""
        asked = self.space.asked(self.problem, self.slope, later=False)
        rest = Objective(name="others", sense="max", coefficients=self.base)
        return self._answer(replace(asked, objectives=(*asked.objectives, rest)))

    def _answer(self, asked: ChoiceProblem) -> _Line:
        answer = self.solve(asked)
        self.solves += 1
        self.proved = self.proved and answer.status is ChoiceStatus.OPTIMAL
        return self.line(answer.chosen)


def find_weight_interval(
    problem: ChoiceProblem,
    space: WeightSpace,
    criterion: str,
    *,
    solve: Solve,
    chosen: tuple[str, ...] | None = None,
) -> WeightInterval:
    """Find between which values of one weight the programme in force stays a best one.

    The other weights and the former objectives are held.

    Parameters
    ----------
    problem, space
        The question, and its weighted objective with the weights in force.
    criterion
        The criterion whose weight moves.
    solve
        What answers a question.
    chosen
        Ids of the sectors of the programme in force, proved a best one; by default one is asked.
    """
    walk = _Walk(problem, space, criterion, solve)
    weight = Fraction(space.weights[walk.k])
    here = walk.best(weight) if chosen is None else walk.line(chosen)
    rivals = [walk.farthest()]
    high: Fraction | None = None
    if rivals[-1].slope > here.slope:
        high = Fraction(here.base - rivals[-1].base, rivals[-1].slope - here.slope)
    low = Fraction(0)
    # a programme better at the weight itself shows that the one there isn't proved the best
    while high is not None and rivals[-1].at(weight) <= here.at(weight):
        rivals.append(walk.best(high))
        if rivals[-1].at(high) <= here.at(high):
            break
        high = Fraction(here.base - rivals[-1].base, rivals[-1].slope - here.slope)
    while all(rival.at(weight) <= here.at(weight) for rival in rivals):
        rivals.append(walk.best(low))
        if rivals[-1].at(low) <= here.at(low) or rivals[-1].at(weight) > here.at(weight):
            break
        low = Fraction(rivals[-1].base - here.base, here.slope - rivals[-1].slope)
    proved = walk.proved
    if any(rival.at(weight) > here.at(weight) for rival in rivals):
        low, high, proved = weight, weight, False
    return WeightInterval(
        criterion=criterion, weight=int(weight), total=sum(space.weights), low=low, high=high,
        proved=proved,
    )  # fmt: skip


def trace_weight(
    problem: ChoiceProblem,
    space: WeightSpace,
    criterion: str,
    *,
    top: int,
    solve: Solve,
) -> tuple[WeightPiece, ...]:
    """Return the best programmes from weight 0 to ``top``, with the exact weights between them.

    Parameters
    ----------
    problem, space
        The question, and its weighted objective with the weights in force.
    criterion
        The criterion whose weight moves.
    top
        The largest weight looked at.
    solve
        What answers a question; it must prove optima, or pieces may be missed.
    """
    walk = _Walk(problem, space, criterion, solve)
    ends = Fraction(0), Fraction(top)
    first, last = walk.best(ends[0]), walk.best(ends[1])
    corners: list[tuple[Fraction, _Line]] = []
    waiting = [(first, last)]
    while waiting:
        left, right = waiting.pop()
        if left.slope == right.slope:
            continue
        meet = Fraction(left.base - right.base, right.slope - left.slope)
        middle = walk.best(meet)
        if middle.at(meet) == left.at(meet):
            corners.append((meet, right))
        else:
            waiting += [(left, middle), (middle, right)]
    corners.sort(key=lambda one: one[0])
    pieces, low, line = [], ends[0], first
    for meet, right in corners:
        if meet > low:
            pieces.append(WeightPiece(low=low, high=meet, chosen=line.chosen))
        low, line = meet, right
    if low < ends[1] or not pieces:
        pieces.append(WeightPiece(low=low, high=ends[1], chosen=line.chosen))
    return tuple(pieces)

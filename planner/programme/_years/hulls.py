"""What a divided answer breaks though it holds a ceiling: rules of the whole choices under it.

A ceiling that lets in two sectors of three equal ones lets in two thirds of each, and more of
them that are worth more.  Where a part of the question is small enough to be answered exactly at
any values, a rule that all its whole choices hold and a divided answer breaks is found by a small
linear programme (Boyd, Mathematical Programming 60, 1993): its rows are whole choices, added as
they break it.  What the rule lets through is counted once more in whole numbers, so that no
tolerance stands in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt

from planner.compiling import compiled
from planner.programme._actors.blocks import Block
from planner.programme._actors.diagram import Diagram, TooWideError
from planner.programme._actors.master import new_solver, run_solver

__all__ = ["Ceiling", "Cut", "Reach", "all_cuts"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

UNIT = 2**13  # of a coefficient: a power of two, so that dividing by it rounds nothing
_SOME = 1e-6  # of a sector
_BROKEN = 2e-3  # of what a rule lets through, or of one sector
_CHOICES = 80  # whole choices that are added to find one rule
_KEPT = 400  # whole choices of a ceiling that are tried again
_TABLE = 4_000_000  # of the ceiling times the sectors: beyond, it is counted in larger units


@dataclass(frozen=True, eq=False)
class Cut:
    """A rule: ``Σ values · columns ≤ upper``, in whole numbers."""

    columns: Integers
    values: Integers
    upper: int

    def excess(self, point: Floats) -> float:
        """Return by how much a point breaks the rule, in units."""
        return float(self.values @ point[self.columns]) - self.upper


@compiled
def _fill(value: Integers, weight: Integers, limit: int, taken: Integers) -> int:
    """Take the sectors worth most together that a ceiling lets in; return what they are worth."""
    count = len(value)
    best = np.zeros(limit + 1, np.int64)
    kept = np.zeros((count, limit + 1), np.bool_)
    for one in range(count):
        taken[one] = 0
        if value[one] <= 0:
            continue
        for room in range(limit, weight[one] - 1, -1):
            other = best[room - weight[one]] + value[one]
            if other > best[room]:
                best[room] = other
                kept[one, room] = True
    room = limit
    for one in range(count - 1, -1, -1):
        if kept[one, room]:
            taken[one] = 1
            room -= weight[one]
    return int(best[limit])


@compiled
def _lift(value: Integers, weight: Integers, limit: int, later: Integers) -> int:
    """Give what counts for nothing the most that breaks no whole choice, in an order.

    Returns
    -------
    int
        What the sectors worth most together are worth: the rest is raised to that only.
    """
    best = np.zeros(limit + 1, np.int64)
    for one in range(len(value)):
        if value[one] > 0:
            for room in range(limit, weight[one] - 1, -1):
                best[room] = max(best[room], best[room - weight[one]] + value[one])
    top = int(best[limit])
    for one in later:
        if weight[one] > limit:
            continue
        value[one] = top - best[limit - weight[one]]
        if value[one] > 0:
            for room in range(limit, weight[one] - 1, -1):
                best[room] = max(best[room], best[room - weight[one]] + value[one])
    return top


class Ceiling:
    """What opens under one ceiling.

    Parameters
    ----------
    columns
        Of the programme.
    weight, limit
        What each uses, and the most that all may.
    """

    def __init__(self, columns: Integers, weight: Integers, limit: int) -> None:
        used = weight > 0
        self.columns, self.weight = columns[used], weight[used]
        shared = int(np.gcd.reduce(self.weight)) if used.any() else 1
        larger = math.ceil(limit * int(used.sum()) / _TABLE)  # rounded down, it lets in no less
        self.weight, self.limit = self.weight // max(shared, larger), limit // max(shared, larger)
        self.choices: dict[bytes, Integers] = {}

    def cut(self, point: Floats, worth: Floats) -> Cut | None:
        """Return a rule that a point breaks, None when there is none.

        Parameters
        ----------
        point
            How much of each column of the programme is taken.
        worth
            What one more of each would add: of those not taken, the rule counts these first.
        """
        some = np.flatnonzero(point[self.columns] > _SOME)
        if int(self.weight[some].sum()) <= self.limit:
            return None
        here = point[self.columns[some]]
        solver = new_solver(presolve="off")
        for one in here.tolist():
            solver.addCol(-one, 0.0, 1.0, 0, np.zeros(0, np.int32), np.zeros(0))
        known = list(self.choices.values())[-_KEPT:]
        for row in np.unique(np.array(known)[:, some], axis=0) if known else ():
            _at_most(solver, row, 1.0)
        values, taken = np.zeros(len(self.columns), np.int64), np.zeros(len(self.columns), np.int64)
        for _ in range(_CHOICES):
            run_solver(solver)
            own = np.array(solver.getSolution().col_value)
            if float(own @ here) <= 1 + _BROKEN:
                return None
            values[some] = np.floor(own * UNIT + _SOME).astype(np.int64)
            if _fill(values, self.weight, self.limit, taken) <= UNIT:
                break
            self.choices[taken.tobytes()] = taken.copy()
            _at_most(solver, taken[some], 1.0)
        later = np.flatnonzero(values == 0)
        later = later[np.argsort(-worth[self.columns[later]], kind="stable")]
        top = _lift(values, self.weight, self.limit, later)
        kept = values > 0
        cut = Cut(self.columns[kept], values[kept], top)
        return cut if cut.excess(point) > _BROKEN * top else None


class Reach:
    """What one actor may hold open at the end of a year, by its diagram and under one weight.

    The weight is its envelope, or what the ceilings of the years let in by then.
    """

    def __init__(self, columns: Integers, block: Block, diagram: Diagram) -> None:
        self.columns, self.block, self.diagram = columns, block, diagram
        self.choices: dict[bytes, Integers] = {}

    def _best(self, values: Integers) -> tuple[int, Integers] | None:
        try:
            found = self.diagram.best(
                values, np.zeros(0, np.int64), weight=self.block.weight, limit=self.block.limit
            )
        except TooWideError:
            return None
        return None if found is None else (found[2], found[0].astype(np.int64))

    def cut(self, point: Floats, worth: Floats) -> Cut | None:  # noqa: ARG002 (as of a ceiling)
        """Return a rule that a point breaks, None when there is none."""
        here = point[self.columns]
        if (np.minimum(here, 1 - here) < _SOME).all():
            return None
        solver = new_solver(presolve="off")
        for one in here.tolist():
            solver.addCol(-one, -1.0, 1.0, 0, np.zeros(0, np.int32), np.zeros(0))
        most = float(len(here))
        solver.addCol(1.0, -most, most, 0, np.zeros(0, np.int32), np.zeros(0))
        for row in list(self.choices.values())[-_KEPT:]:
            _at_most(solver, np.append(row, -1), 0.0)
        values, top = np.zeros(len(here), np.int64), 0
        for _ in range(_CHOICES):
            run_solver(solver)
            told = np.array(solver.getSolution().col_value)
            own, most = told[:-1], told[-1]
            if float(own @ here) - most <= _BROKEN:
                return None
            values = np.round(own * UNIT).astype(np.int64)
            found = self._best(values)
            if found is None:
                return None
            top = found[0]
            if found[1].tobytes() in self.choices or top <= most * UNIT + len(here):
                break
            self.choices[found[1].tobytes()] = found[1]
            _at_most(solver, np.append(found[1], -1), 0.0)
        kept = values != 0
        cut = Cut(self.columns[kept], values[kept], top)
        return cut if cut.excess(point) > _BROKEN * UNIT else None


def _at_most(solver: highspy.Highs, row: Integers, most: float) -> None:
    where = np.flatnonzero(row)
    solver.addRow(
        -highspy.kHighsInf, most, len(where), where.astype(np.int32), row[where].astype(float)
    )


def all_cuts(
    parts: Iterable[Ceiling | Reach], point: Floats, worth: Floats
) -> list[tuple[Ceiling | Reach, Cut]]:
    """Return the parts of which a point breaks a rule, each with one.

    Parameters
    ----------
    parts
        Parts of the question.
    point, worth
        How much of each column is taken, and what one more would add.
    """
    each = ((part, part.cut(point, worth)) for part in parts)
    return [(part, cut) for part, cut in each if cut is not None]

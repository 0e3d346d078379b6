"""Programmes equal under every objective: the one that holds the first sectors, by their ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from planner.choice import Objective
from planner.programme._actors.blocks import Block, Row, objective_row
from planner.programme._actors.columns import Clock, Stage
from planner.programme._actors.integer import combine, total

__all__ = ["best_of", "by_first_ids", "first_by_id"]

Rows = npt.NDArray[np.uint8]

_AT_ONCE = 12  # sectors whose order is settled in one go
_SMALL = 60  # sectors up to which it is settled however many choices are equal
_COMBINED = 1_000  # choices of all actors among which it is settled else: no more are told apart


def best_of(
    blocks: Sequence[Block], programmes: Sequence[list[Rows]], objective: Objective
) -> tuple[tuple[list[Rows], ...], int]:
    """Return the programmes that are the best under an objective, and what they are worth."""
    row = objective_row(objective)
    values = [total(blocks, parts, row) for parts in programmes]
    best = max(values)
    kept = [parts for parts, value in zip(programmes, values, strict=True) if value == best]
    return tuple(kept), best


def by_first_ids(count: int) -> Iterator[Objective]:
    """Tell by objectives, a dozen sectors each, which of the equal holds the first ids."""
    for start in range(0, count, _AT_ONCE):
        some = np.arange(start, min(start + _AT_ONCE, count))
        weight = np.zeros(count, np.int64)
        weight[some] = 2 ** np.arange(len(some))[::-1]
        yield Objective(name=f"first_id.{start}", sense="max", coefficients=weight)


def first_by_id(
    stage: Stage, rows: Sequence[Row], incumbent: list[Rows], *, at_most: int, clock: Clock
) -> list[Rows]:
    """Return, among the answers equal to a proved one, that with the first ids.

    Parameters
    ----------
    stage, rows, incumbent
        The last objective, what must hold, and an answer proved under every objective.
    at_most
        Choices of one actor that are listed; where there are more, or too many in all, the answer
        stays as it is.
    clock
        When to stop.
    """
    if stage.best is None:
        return incumbent
    deficit = stage.best.bound - total(stage.blocks, incumbent, stage.row)
    lists, _, complete = stage.list_near(deficit, at_most)
    many = sum(map(len, lists)) > _COMBINED and len(stage.row.coefficients) > _SMALL
    if not complete or many:
        return incumbent
    for at, part in enumerate(incumbent):
        if not any(np.array_equal(part[0], row) for row in lists[at]):
            lists[at] = np.concatenate([lists[at], part])
    varying = sorted(
        int(block.members[place])
        for block, listed in zip(stage.blocks, lists, strict=True)
        for place in np.flatnonzero((listed != listed[:1]).any(axis=0))
    )
    best = incumbent
    for start in range(0, len(varying), _AT_ONCE):
        some = varying[start : start + _AT_ONCE]
        weight = np.zeros(len(stage.row.coefficients), np.int64)
        weight[some] = 2 ** np.arange(len(some))[::-1]
        found = combine(
            stage.blocks, lists, Row(name="first_id", coefficients=weight), rows,
            incumbent=best, gap=0, seconds=clock.left,
        )  # fmt: skip
        if found.parts is None or found.stopped:
            break
        best = found.parts
        for at, block in enumerate(stage.blocks):
            places = np.flatnonzero(np.isin(block.members, some))
            same = (lists[at][:, places] == best[at][:, places]).all(axis=1)
            lists[at] = lists[at][same]
    return best

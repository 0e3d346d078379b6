"""Bettering an answer: other choices of up to three actors at once, while any is better.

Everything is counted in whole numbers from the choices made now.  Two more actors have a single
choice, worth nothing: one exchange of three is thereby one of two, or of one, as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.compiling import compiled
from planner.programme._actors.blocks import Block, Row
from planner.programme._actors.integer import relative_values, total

__all__ = ["Table", "climb", "exchange"]

Integers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.uint8]

FAR = 2**61
_STEPS = 400_000_000  # triples looked at, at most
_TURNS = 200


@compiled
def _best_three(  # noqa: C901 (one compiled loop)
    owner: Integers,
    worth: Integers,
    uses: Integers,
    low: Integers,
    high: Integers,
    first: int,
    allowed: int,
) -> tuple[int, int, int, int]:
    """Return the best exchange of ``first`` with two others, and the triples looked at."""
    count, rows = uses.shape
    least, most = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    for row in range(rows):
        least[row], most[row] = uses[:, row].min(), uses[:, row].max()
    largest = worth.max()
    best, second, third, looked = 0, -1, -1, 0
    room_low, room_high = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    for j in range(first + 1, count):
        if owner[j] == owner[first] or worth[first] + worth[j] + largest <= best:
            continue
        fits = True
        for row in range(rows):
            used = uses[first, row] + uses[j, row]
            room_low[row], room_high[row] = low[row] - used, high[row] - used
            if least[row] > room_high[row] or most[row] < room_low[row]:
                fits = False
                break
        if not fits:
            continue
        looked += count - j
        if looked > allowed:
            break
        for k in range(j + 1, count):
            gain = worth[first] + worth[j] + worth[k]
            if gain <= best or owner[k] == owner[j] or owner[k] == owner[first]:
                continue
            fits = True
            for row in range(rows):
                if uses[k, row] > room_high[row] or uses[k, row] < room_low[row]:
                    fits = False
                    break
            if fits:
                best, second, third = gain, j, k
    return best, second, third, looked


@compiled
def _climb(
    owner: Integers,
    worth: Integers,
    uses: Integers,
    low: Integers,
    high: Integers,
    missing: int,
    picked: Integers,
) -> int:
    """Exchange until ``missing`` is gained or nothing better is found; return the gain."""
    count, rows = uses.shape
    gained, looked, since = 0, 0, 0
    for turn in range(_TURNS * count):
        if gained >= missing or looked > _STEPS or since > count:
            break
        one = turn % count
        gain, two, three, seen = _best_three(owner, worth, uses, low, high, one, _STEPS - looked)
        looked += seen
        since += 1
        if gain <= 0:
            continue
        since = 0
        gained += gain
        for change in (one, two, three):
            at = owner[change]
            picked[at] = change
            for row in range(rows):
                low[row] -= uses[change, row]
                high[row] -= uses[change, row]
            base = np.int64(worth[change])
            moved = uses[change].copy()
            for other in range(count):
                if owner[other] == at:
                    worth[other] -= base
                    for row in range(rows):
                        uses[other, row] -= moved[row]
    return gained


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """Listed choices in whole numbers, counted from the choices made now, which come first.

    Parameters
    ----------
    each
        What each actor may choose: its choice made now, then the listed ones.
    owner, starts
        The actor of each choice, and where those of each actor start.
    worth, uses, low, high
        What each choice is worth and what it uses, and the room that is left.
    value
        What the choices made now are worth.
    """

    each: list[Rows]
    owner: Integers
    starts: Integers
    worth: Integers
    uses: Integers
    low: Integers
    high: Integers
    value: int

    @classmethod
    def of(
        cls,
        blocks: Sequence[Block],
        choices: Sequence[Rows],
        objective: Row,
        rows: Sequence[Row],
        parts: Sequence[Rows],
    ) -> Table:
        """Return the table of ``choices``, counted from ``parts``."""
        # the choices made now may be taken again
        each = [np.concatenate([mine, some]) for mine, some in zip(parts, choices, strict=True)]
        sizes = [len(some) for some in each]
        uses = np.zeros((sum(sizes), len(rows)), np.int64)
        low, high = np.full(len(rows), -FAR), np.full(len(rows), FAR)
        for at, row in enumerate(rows):
            uses[:, at] = relative_values(blocks, each, parts, row)
            here = total(blocks, parts, row)
            low[at] = -FAR if row.lower is None else row.lower - here
            high[at] = FAR if row.upper is None else row.upper - here
        return cls(
            each=each, owner=np.repeat(np.arange(len(blocks)), sizes).astype(np.int64),
            starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            worth=relative_values(blocks, each, parts, objective), uses=uses, low=low, high=high,
            value=total(blocks, parts, objective),
        )  # fmt: skip

    def parts(self, picked: Integers) -> list[Rows]:
        """Return the choices at ``picked``, one for each actor."""
        return [
            some[pick - start][None, :]
            for some, pick, start in zip(self.each, picked, self.starts[:-1], strict=True)
        ]


def climb(table: Table, picked: Integers, missing: float) -> int:
    """Better ``picked``, in place, by exchanges until ``missing`` is gained; return the gain."""
    nobody = 2
    owner, worth, uses = table.owner, table.worth, table.uses
    free = int(owner[-1]) + 1 if len(owner) else 0
    here = uses[picked].sum(axis=0)
    changed = np.full(free + nobody, -1, np.int64)
    gained = _climb(
        np.concatenate([owner, free + np.arange(nobody)]),
        np.concatenate([worth - worth[picked][owner], np.zeros(nobody, np.int64)]),
        np.concatenate([uses - uses[picked][owner], np.zeros((nobody, uses.shape[1]), np.int64)]),
        table.low - here, table.high - here, int(min(missing, FAR)), changed,
    )  # fmt: skip
    moved = np.flatnonzero(changed[:free] >= 0)
    picked[moved] = changed[moved]
    return int(gained)


def exchange(
    blocks: Sequence[Block],
    choices: Sequence[Rows],
    objective: Row,
    rows: Sequence[Row],
    *,
    incumbent: Sequence[Rows],
    enough: int,
) -> tuple[list[Rows], int]:
    """Better an answer by other choices of up to three actors at once.

    Parameters
    ----------
    blocks, choices
        Actors, and what each may choose.
    objective, rows
        What is made large, and what must hold.
    incumbent
        An answer that holds the rows.
    enough
        The value at which to stop.

    Returns
    -------
    tuple
        The answer and its value.
    """
    table = Table.of(blocks, choices, objective, rows, incumbent)
    if table.value >= enough:
        return list(incumbent), table.value
    picked = table.starts[:-1].copy()
    gained = climb(table, picked, enough - table.value)
    return table.parts(picked), table.value + gained

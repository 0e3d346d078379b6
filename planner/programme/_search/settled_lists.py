"""Lists near a bound where sectors have copies: what they must be within a reach is settled first.

A copy whose price is nought is worth nothing to the actor who holds it, and would double its list.
Where a sector and its copies lose more than the reach by being chosen, or by not being, no
programme within the reach has it so: all of them are listed as they must be.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planner.programme._actors.blocks import Block
from planner.programme._actors.columns import Priced, Stage

__all__ = ["list_settled"]

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.uint8]

_MET = 4  # times as many choices are met before those with less copies are dropped
_ALL = 4  # times as many choices of all actors: more would fill the memory
_NEVER = 2**62  # lost where something can't be
_WIDEST = 8  # how often lists go further where one is empty


def list_settled(
    stage: Stage,
    sources: Integers,
    reach: int,
    free: str | None,
    at_most: int,
    *,
    one_of_free: bool = False,
) -> tuple[int, list[Rows], list[Integers], bool]:
    """List the choices of each actor that miss its best by a reach or less, copies settled.

    Parameters
    ----------
    stage
        A question with copies, at its best prices.
    sources
        The candidate of each copy; copies come last, in this order.
    reach
        In units of the objective.
    free
        The actor whose choices may be others than those listed: what it holds isn't settled.
    at_most
        Choices of one actor.
    one_of_free
        Whether ``free`` has its best choice alone in its list.

    Returns
    -------
    tuple
        How far they go, further where an actor had none; choices, what each misses (rounded down),
        whether all of them.
    """
    best = stage.best
    if best is None or not len(sources):
        return reach, *stage.list_near(reach, at_most)
    losses = _Losses(stage, best, sources)
    for _ in range(_WIDEST):
        lists, missed, complete = losses.list(reach, free, at_most, one_of_free=one_of_free)
        if not complete or min(map(len, lists)):
            break
        reach += reach // 2 + 1
    return reach, lists, missed, complete


class _Losses:
    """What a sector loses with its copies, at the best prices, by being chosen and by not being."""

    def __init__(self, stage: Stage, best: Priced, sources: Integers) -> None:
        self.stage, self.best = stage, best
        self.where = {int(one): at for at, b in enumerate(stage.blocks) for one in b.members}
        nobody = [np.zeros(len(block.members), bool) for block in stage.blocks]
        self.now = [self._best(at, none, none) for at, none in enumerate(nobody)]
        self.first = len(best.node_value) - len(sources)
        same: dict[int, list[int]] = {}
        for at, sector in enumerate(sources.tolist()):
            same.setdefault(sector, [sector]).append(self.first + at)
        self.each: list[tuple[list[int], int, int]] = []
        for ones in same.values():
            without, within = (sum(self._loss(one, value) for one in ones) for value in (0, 1))
            self.each.append((ones, without, within))

    def _best(self, at: int, always: Flags, never: Flags) -> tuple[Rows, int] | None:
        """Return the best choice of an actor that holds some, and what none can pass, if any."""
        block = self.stage.blocks[at]
        found = self.stage.diagrams[at].holding(always, never).best(
            self.best.node_value[block.members], self.best.pair_value[block.pairs],
            weight=block.weight, limit=block.limit, least=block.least,
        )  # fmt: skip
        return None if found is None else (found[0], found[2])

    def _loss(self, one: int, value: int) -> int:
        """Return what an actor loses where a candidate is, or isn't, chosen."""
        at = self.where[one]
        mine = self.stage.blocks[at].members == one
        now = self.now[at]
        if now is not None and int(now[0][mine][0]) == value:
            return 0
        found = self._best(at, mine & bool(value), mine & (not value))
        return _NEVER if found is None else self.best.bounds[at] - found[1]

    def list(
        self, reach: int, free: str | None, at_most: int, *, one_of_free: bool
    ) -> tuple[list[Rows], list[Integers], bool]:
        """List what is within a reach."""
        best, room = self.best, reach << self.best.shift
        always, never = (np.zeros(len(best.node_value), bool) for _ in range(2))
        for ones, without, within in self.each:
            held = any(self.stage.blocks[self.where[one]].actor == free for one in ones)
            if not held and (without > room) != (within > room):
                (always if without > room else never)[ones] = True
        lists, missed, complete = [], [], True
        for at, block in enumerate(self.stage.blocks):
            now = self.now[at]
            if one_of_free and block.actor == free and now is not None:
                lists.append(now[0][None, :])
                missed.append(np.zeros(1, np.int64))
                continue
            rows, values, whole = self.stage.diagrams[at].holding(
                always[block.members], never[block.members]
            ).above(
                best.node_value[block.members], best.pair_value[block.pairs], weight=block.weight,
                limit=block.limit, floor=best.bounds[at] - ((reach + 1) << best.shift),
                at_most=_MET * at_most, least=block.least,
            )  # fmt: skip
            some = np.ones(len(rows), bool) if block.actor == free else self._fullest(block, rows)
            complete = complete and whole and some.sum() <= at_most
            lists.append(rows[some])
            missed.append((best.bounds[at] - values[some]) >> best.shift)
            if not complete or sum(map(len, lists)) > _ALL * at_most:
                return lists, missed, False
        return lists, missed, complete

    def _fullest(self, block: Block, rows: Rows) -> Flags:
        """Return which choices hold all the copies that they have room for.

        A copy lets another actor choose, and its holder misses no more with it: where there is
        room for one, the choice with it serves wherever the one without does.
        """
        some = np.ones(len(rows), bool)
        left = block.limit - rows.astype(np.int64) @ block.weight
        for place in np.flatnonzero(block.members >= self.first):
            if rows[:, place].any():  # else none may hold it
                some &= (rows[:, place] > 0) | (block.weight[place] > left)
        return some

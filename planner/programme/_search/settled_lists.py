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
        self.more = int(np.abs(best.node_value).sum() + np.abs(best.pair_value).sum()) + 1
        self.where = {int(one): at for at, b in enumerate(stage.blocks) for one in b.members}
        self.now = [self._best(at, best.node_value)[0] for at in range(len(stage.blocks))]
        self.first = len(best.node_value) - len(sources)
        same: dict[int, list[int]] = {}
        for at, sector in enumerate(sources.tolist()):
            same.setdefault(sector, [sector]).append(self.first + at)
        self.each: list[tuple[list[int], int, int]] = []
        for ones in same.values():
            without, within = (sum(self._loss(one, value) for one in ones) for value in (0, 1))
            self.each.append((ones, without, within))

    def _best(self, at: int, node: Integers) -> tuple[Rows, int]:
        """Return the best choice of an actor, and what none can pass."""
        block = self.stage.blocks[at]
        found = self.stage.diagrams[at].best(
            node[block.members], self.best.pair_value[block.pairs],
            weight=block.weight, limit=block.limit, least=block.least,
        )  # fmt: skip
        if found is None:
            raise LookupError
        return found[0], found[2]

    def _loss(self, one: int, value: int) -> int:
        """Return what an actor loses where a candidate is, or isn't, chosen."""
        at = self.where[one]
        members = self.stage.blocks[at].members
        if int(self.now[at][np.searchsorted(members, one)]) == value:
            return 0
        node = self.best.node_value.copy()
        node[one] += self.more if value else -self.more
        return self.best.bounds[at] - self._best(at, node)[1] + (self.more if value else 0)

    def list(
        self, reach: int, free: str | None, at_most: int, *, one_of_free: bool
    ) -> tuple[list[Rows], list[Integers], bool]:
        """List what is within a reach."""
        best, node = self.best, self.best.node_value.copy()
        room, bounds = reach << best.shift, list(best.bounds)
        for ones, without, within in self.each:
            held = any(self.stage.blocks[self.where[one]].actor == free for one in ones)
            if held or (without > room) == (within > room):
                continue
            for one in ones:
                node[one] += self.more if without > room else -self.more
                bounds[self.where[one]] += self.more if without > room else 0
        lists, missed, complete = [], [], True
        for at, block in enumerate(self.stage.blocks):
            if one_of_free and block.actor == free:
                lists.append(self.now[at][None, :])
                missed.append(np.zeros(1, np.int64))
                continue
            rows, values, whole = self.stage.diagrams[at].above(
                node[block.members], best.pair_value[block.pairs], weight=block.weight,
                limit=block.limit, floor=bounds[at] - ((reach + 1) << best.shift),
                at_most=_MET * at_most, least=block.least,
            )  # fmt: skip
            some = np.ones(len(rows), bool) if block.actor == free else self._fullest(block, rows)
            complete = complete and whole and some.sum() <= at_most
            lists.append(rows[some])
            missed.append((bounds[at] - values[some]) >> best.shift)
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

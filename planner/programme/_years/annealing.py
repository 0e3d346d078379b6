"""A good answer among listed choices: one actor's choice changed at a time, or two actors'.

Simulated annealing (Kirkpatrick, Gelatt and Vecchi, Science 220, 1983) over the choices of all
actors; what the rows are passed by costs several times their price, and more and more.  Its chance
is a hash of a number and the step, so that the same question has the same answer on any machine,
in however many pieces the steps are done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.compiling import compiled
from planner.programme._actors.blocks import Block, Row
from planner.programme._actors.columns import Clock

__all__ = [
    "EVERY", "FAR", "FEW_SHARE", "NOWHERE", "SLICE", "Annealed", "Listed", "anneal", "each_unit",
    "mixed",
]  # fmt: skip

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.uint8]

FAR = 2**61
EVERY = 1000  # steps at one temperature
SLICE = 2_000 * EVERY  # steps between two looks at the clock
_LEAST_SHARE = 2e-4  # of the largest worth a largest use: what a broken row's unit counts at least
FEW_SHARE = 0.6  # of the actors: a limit on fewer makes them mates
NOWHERE = -(2**62)


@compiled
def mixed(word: np.uint64) -> np.uint64:
    """Return the hash of a word (splitmix64)."""
    word = word + np.uint64(0x9E3779B97F4A7C15)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@compiled
def _anneal(  # noqa: C901, PLR0912, PLR0915 (one compiled loop)
    starts: Integers,
    worth: Integers,
    uses: Integers,
    low: Integers,
    high: Integers,
    mates: Integers,
    mates_from: Integers,
    price: Floats,
    picked: Integers,
    best: Integers,
    met: int,
    begin: int,
    end: int,
    steps: int,
    heats: tuple[float, float],
    steeps: tuple[float, float],
    seed: int,
    enough: int,
) -> int:
    """Do some of the steps; return what the best choices met that hold the rows are worth."""
    actors, rows = len(starts) - 1, uses.shape[1]
    here = np.zeros(rows, np.int64)
    value = 0
    for actor in range(actors):
        value += worth[picked[actor]]
        for row in range(rows):
            here[row] += uses[picked[actor], row]
    broken = 0.0  # at the rows' prices
    for row in range(rows):
        broken += price[row] * max(0, here[row] - high[row], low[row] - here[row])
    if broken == 0 and value > met:
        met = value
        best[:] = picked
    heat, steep = heats[0], steeps[0]
    first = mixed(np.uint64(seed))
    for step in range(begin, end):
        if met >= enough:
            break
        if step % EVERY == 0:
            heat = heats[0] * (heats[1] / heats[0]) ** (step / steps)
            steep = steeps[0] * (steeps[1] / steeps[0]) ** (step / steps)
        word = mixed(first + np.uint64(step))
        other = mixed(word)
        a = np.int64((word >> np.uint64(40)) % np.uint64(actors))
        one = starts[a] + np.int64(
            (word & np.uint64(0xFFFFFFFF)) % np.uint64(starts[a + 1] - starts[a])
        )
        was = picked[a]
        if one == was:
            continue
        gain = worth[one] - worth[was]
        b, two, then = a, one, was
        if other & np.uint64(7):  # seven times in eight, two actors
            b = np.int64((other >> np.uint64(40)) % np.uint64(actors))
            among = mates_from[a + 1] - mates_from[a]
            if other & np.uint64(24) and among:  # three times in four, under the same limits
                b = mates[mates_from[a] + np.int64((other >> np.uint64(40)) % np.uint64(among))]
            two = starts[b] + np.int64(
                ((other >> np.uint64(8)) & np.uint64(0xFFFFFFFF))
                % np.uint64(starts[b + 1] - starts[b])
            )
            then = picked[b]
            if b == a:
                continue
            gain += worth[two] - worth[then]
        chance = (float(mixed(other) >> np.uint64(11)) + 1.0) / 2.0**53
        room = broken + (gain - heat * np.log(chance)) / steep
        if room < 0:
            continue
        after = 0.0
        for row in range(rows):
            use = here[row] + uses[one, row] - uses[was, row]
            if b != a:
                use += uses[two, row] - uses[then, row]
            if use > high[row]:
                after += price[row] * (use - high[row])
            elif use < low[row]:
                after += price[row] * (low[row] - use)
            if after > room:
                break
        if after > room:
            continue
        for row in range(rows):
            here[row] += uses[one, row] - uses[was, row]
            if b != a:
                here[row] += uses[two, row] - uses[then, row]
        picked[a] = one
        if b != a:
            picked[b] = two
        broken = after
        value += gain
        if after == 0.0 and value > met:
            met = value
            best[:] = picked
    return met


@dataclass(frozen=True, kw_only=True, eq=False)
class Listed:
    """The listed choices of every actor, what they are worth and what they use."""

    choices: Sequence[Rows]
    starts: Integers
    worth: Integers
    uses: Integers
    low: Integers
    high: Integers
    mates: Integers
    mates_from: Integers

    @classmethod
    def of(
        cls, blocks: Sequence[Block], choices: Sequence[Rows], objective: Row, rows: Sequence[Row]
    ) -> Listed:
        """Count what the choices of each actor, one at least, are worth and use."""
        uses = [
            np.array([block.row_values(some, row) for row in rows], np.int64)
            .reshape(len(rows), len(some))
            .T
            for block, some in zip(blocks, choices, strict=True)
        ]
        some_of = np.array([np.ptp(use, axis=0) > 0 for use in uses])  # who can move which row
        several = some_of[:, some_of.sum(axis=0) <= len(blocks) * FEW_SHARE].astype(np.int64)
        together = several @ several.T > 0
        np.fill_diagonal(together, val=False)
        return cls(
            choices=choices,
            starts=np.concatenate([[0], np.cumsum([len(some) for some in choices])]).astype(
                np.int64
            ),
            worth=np.concatenate([
                block.row_values(some, objective)
                for block, some in zip(blocks, choices, strict=True)
            ]),
            uses=np.ascontiguousarray(np.concatenate(uses)),
            low=np.array([-FAR if row.lower is None else row.lower for row in rows], np.int64),
            high=np.array([FAR if row.upper is None else row.upper for row in rows], np.int64),
            mates=np.nonzero(together)[1].astype(np.int64),
            mates_from=np.concatenate([[0], np.cumsum(together.sum(axis=1))]).astype(np.int64),
        )  # fmt: skip

    def parts(self, picked: Integers) -> list[Rows]:
        """Return the choices at ``picked``, one for each actor."""
        places = (picked - self.starts[:-1]).tolist()
        return [some[at][None, :] for some, at in zip(self.choices, places, strict=True)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Annealed:
    """Where annealing came to: places among the listed choices, one for each actor.

    Parameters
    ----------
    last
        The choices at the end, which may break rows.
    best
        The best that hold the rows; None when none were met.
    worth
        What the best are worth.
    """

    last: Integers
    best: Integers | None
    worth: int


def each_unit(prices: Floats, worth: Integers, uses: Integers) -> Floats:
    """Return what a unit of each broken row counts: its price, or a little where it has none.

    Parameters
    ----------
    prices
        Of the rows.
    worth, uses
        Of whatever may be chosen; uses with the rows last.
    """
    largest = np.abs(uses).max(axis=tuple(range(uses.ndim - 1)), initial=1)
    least: Floats = np.abs(worth).max(initial=1) / largest * _LEAST_SHARE
    return np.maximum(np.abs(prices), least)


def anneal(
    listed: Listed,
    prices: Floats,
    *,
    steps: int,
    heats: tuple[float, float],
    steeps: tuple[float, float],
    seed: int,
    enough: int,
    clock: Clock,
) -> Annealed:
    """Return the best choice of everyone that holds the rows, and the last one met.

    Parameters
    ----------
    listed
        What may be chosen; each actor begins with its first.
    prices
        Of the rows.
    steps
        Changes that are tried.
    heats
        What a change may lose at first, and in the end.
    steeps
        How many times its price a unit of a broken row costs at first, and in the end.
    seed
        Which chances are taken.
    enough
        The worth at which to stop.
    clock
        When to stop at the latest.
    """
    picked = listed.starts[:-1].copy()
    best, met = picked.copy(), NOWHERE
    price = each_unit(prices, listed.worth, listed.uses)
    for begin in range(0, steps, SLICE):
        if met >= enough or clock.over:
            break
        met = _anneal(
            listed.starts, listed.worth, listed.uses, listed.low, listed.high, listed.mates,
            listed.mates_from, price, picked, best, met, begin, min(begin + SLICE, steps), steps,
            heats, steeps, seed, enough,
        )  # fmt: skip
    return Annealed(last=picked, best=None if met == NOWHERE else best, worth=int(met))

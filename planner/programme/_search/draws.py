"""Good answers among listed choices, drawn by annealing and then bettered by exchanges.

An actor's choice is changed at random, or those of two actors at once; a change for the worse
passes less and less often, and a rule that is broken costs some more than its dual price.  Random
numbers are counted, not clocked: the same question draws the same answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.compiling import compiled
from planner.programme._actors.blocks import Block, Row
from planner.programme._search.exchange import Table, climb

__all__ = ["Drawn", "draw"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.uint8]

_HOT, _COLD = 0.2, 0.04  # of the scale: what may be lost at first, and at last
_OVER = 2.0  # times its price: what a broken rule costs
_LEAST_PRICE = 1e-3  # of the dearest rule: what a rule without a price costs
_NONE = -(2**62)
_MANY = 100  # rows from which on each draw has fewer steps


@compiled
def _next(state: int) -> int:
    """Return the number that follows in Marsaglia's xorshift, of 63 bits."""
    state ^= (state << 13) & 0x7FFFFFFFFFFFFFFF
    state ^= state >> 7
    state ^= (state << 17) & 0x7FFFFFFFFFFFFFFF
    return state


@compiled
def _anneal(  # noqa: C901, PLR0912, PLR0915 (one compiled loop)
    starts: Integers,
    worth: Integers,
    uses: Integers,
    low: Integers,
    high: Integers,
    cost: Floats,
    picked: Integers,
    steps: int,
    hot: float,
    cold: float,
    seed: int,
) -> tuple[int, Integers]:
    """Anneal from ``picked``; return the best answer that breaks nothing, and its worth."""
    actors, rules = len(starts) - 1, uses.shape[1]
    now = np.zeros(rules, np.int64)
    after = np.zeros(rules, np.int64)
    total = 0
    for actor in range(actors):
        total += worth[picked[actor]]
        for rule in range(rules):
            now[rule] += uses[picked[actor], rule]
    broken = 0.0
    for rule in range(rules):
        broken += cost[rule] * (max(now[rule] - high[rule], 0) + max(low[rule] - now[rule], 0))
    best = total if broken == 0 else _NONE
    kept = picked.copy()
    state = 88172645463325252 + 2654435761 * seed
    heat, cooling = hot, (cold / hot) ** (1 / steps)
    for _ in range(steps):
        heat *= cooling
        state = _next(state)
        one = (state >> 20) % actors
        both = state & 1
        state = _next(state)
        first = starts[one] + (state >> 20) % (starts[one + 1] - starts[one])
        if first == picked[one]:
            continue
        other, second = one, first
        if both:
            state = _next(state)
            other = (state >> 20) % actors
            state = _next(state)
            second = starts[other] + (state >> 20) % (starts[other + 1] - starts[other])
        pair = other != one
        gain = worth[first] - worth[picked[one]]
        if pair:
            gain += worth[second] - worth[picked[other]]
        then = 0.0
        for rule in range(rules):
            used = now[rule] + uses[first, rule] - uses[picked[one], rule]
            if pair:
                used += uses[second, rule] - uses[picked[other], rule]
            after[rule] = used
            if used > high[rule]:
                then += cost[rule] * (used - high[rule])
            elif used < low[rule]:
                then += cost[rule] * (low[rule] - used)
        change = gain - (then - broken)
        if change < 0:
            state = _next(state)
            if (state >> 11) / 2.0**52 >= np.exp(change / heat):
                continue
        picked[one] = first
        if pair:
            picked[other] = second
        total += gain
        broken = then
        now[:] = after
        if broken == 0 and total > best:
            best = total
            kept[:] = picked
    return best, kept


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """The best answer drawn, and its value."""

    parts: list[Rows]
    value: int


def draw(
    blocks: Sequence[Block],
    choices: Sequence[Rows],
    objective: Row,
    rows: Sequence[Row],
    prices: Floats,
    *,
    incumbent: Sequence[Rows] | None,
    enough: float,
    scale: float,
    draws: int,
    bettered: int,
    steps: int = 200_000,
) -> Drawn | None:
    """Return the best answer of several draws, or the one that is known; None when none was found.

    Parameters
    ----------
    blocks, choices
        Actors, and what each may choose; at least one each.
    objective, rows, prices
        What is made large, what must hold, and at which dual prices.
    incumbent
        A known answer, if any; it is bettered too.
    enough
        The value at which to stop.
    scale
        What an answer may miss.
    draws
        How many to draw at most.
    bettered
        How many of the best that were drawn are bettered by exchanges.
    steps
        Of each draw; fewer in proportion where there are hundreds of rows, each asked at a step.
    """
    reference = [rows_[:1] for rows_ in choices] if incumbent is None else list(incumbent)
    table = Table.of(blocks, choices, objective, rows, reference)
    dearest = float(np.abs(prices).max(initial=0))
    cost = np.maximum(_OVER * np.abs(prices), max(_LEAST_PRICE * dearest, _LEAST_PRICE))
    reduced = table.worth - table.uses @ np.asarray(prices, np.float64)
    nearest = np.array([
        start + int(np.argmax(reduced[start:end]))
        for start, end in zip(table.starts[:-1], table.starts[1:], strict=True)
    ])  # fmt: skip
    missing = min(enough - table.value, 2.0**61)
    steps = steps * _MANY // max(_MANY, len(rows))
    best: tuple[int, Integers] | None = None
    if incumbent is not None:
        picked = table.starts[:-1].copy()
        best = climb(table, picked, missing), picked
    drawn: list[tuple[int, int, Integers]] = []
    for seed in range(draws if best is None or best[0] < missing else 0):
        found, picked = _anneal(
            table.starts, table.worth, table.uses, table.low, table.high, cost, nearest.copy(),
            steps, _HOT * scale, _COLD * scale, seed,
        )  # fmt: skip
        if found > _NONE:
            drawn.append((-found, seed, picked))
        if found >= missing:
            break
    for loss, _, picked in sorted(drawn, key=lambda one: one[:2])[:bettered]:
        found = climb(table, picked, missing + loss) - loss
        if best is None or found > best[0]:
            best = found, picked
        if found >= missing:
            break
    if best is None:
        return None
    return Drawn(parts=table.parts(best[1]), value=table.value + best[0])

"""Compiled loops over a diagram of choices: its best path, its search.

Values are 64-bit integers, so that every bound is proved to the unit.  A diagram has one layer a
sector; from a state, one arrow leaves the sector out (``out_to``), the other takes it (``in_to``);
-1 where there is none.  The last state is the end.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planner.compiling import compiled
from planner.programme._actors.labels import NONE, best_by_labels, tops_at

__all__ = ["NONE", "best_choice", "lightest", "list_choices", "pattern_values"]

BOTH = 2  # the two arrows of a state
_SPREAD = np.array([0, 2, 3, 5, 6, 8])  # fourths of a price: they bound labels beside it
Ints = npt.NDArray[np.int64]
Arrows = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]


@compiled
def pattern_values(
    layer: Ints,
    start: Ints,
    edges: Ints,
    node_value: Ints,
    edge_value: Ints,
) -> Ints:
    """Return what taking a sector is worth, beside each set of its chosen neighbours."""
    values = np.empty(len(layer), np.int64)
    for pattern in range(len(layer)):
        value = node_value[layer[pattern]]
        for item in range(start[pattern], start[pattern + 1]):
            value += edge_value[edges[item]]
        values[pattern] = value
    return values


@compiled
def _backward(
    first: Ints,
    out_to: Arrows,
    in_to: Arrows,
    pattern: Arrows,
    value: Ints,
    weight: Ints,
    price: int,
) -> Ints:
    """Return the best value from every state to the end, at a price for each unit of weight."""
    layers = len(first) - 2
    best = np.full(first[layers + 1], NONE, np.int64)
    best[first[layers]] = 0
    for layer in range(layers - 1, -1, -1):
        cost = price * weight[layer]
        for state in range(first[layer], first[layer + 1]):
            found = NONE
            if out_to[state] >= 0:
                found = best[out_to[state]]
            if in_to[state] >= 0 and best[in_to[state]] > NONE:
                taken = best[in_to[state]] + value[pattern[state]] - cost
                found = max(found, taken)
            best[state] = found
    return best


@compiled
def _follow(
    best: Ints,
    first: Ints,
    out_to: Arrows,
    in_to: Arrows,
    pattern: Arrows,
    value: Ints,
    weight: Ints,
    price: int,
    row: Bytes,
) -> tuple[int, int]:
    """Walk the best path: writes who is taken, returns its value and its weight."""
    state = first[0]
    worth = 0
    heavy = 0
    for layer in range(len(first) - 2):
        row[layer] = 0
        if in_to[state] >= 0 and best[in_to[state]] > NONE:
            gain = value[pattern[state]]
            if best[in_to[state]] + gain - price * weight[layer] == best[state] and (
                out_to[state] < 0 or best[out_to[state]] < best[state]
            ):
                row[layer] = 1
                worth += gain
                heavy += weight[layer]
                state = in_to[state]
                continue
        state = out_to[state]
    return worth, heavy


@compiled
def _walk(  # noqa: C901, PLR0912, PLR0915 (one compiled loop)
    first: Ints,
    out_to: Arrows,
    in_to: Arrows,
    pattern: Arrows,
    value: Ints,
    weight: Ints,
    least: int,
    limit: int,
    prices: Ints,
    bests: Ints,
    light: Ints,
    far: Ints,
    floor: int,
    all_of: bool,
    rows: Bytes,
    found_values: Ints,
    node_limit: int,
) -> tuple[int, bool]:
    """Search the diagram depth first.

    With ``all_of``, write every choice worth ``floor`` or more into ``rows``; else the last one
    that passes the best by more than ``floor`` asks.  Returns (choices found, complete, best).
    """
    layers = len(first) - 2
    state = np.zeros(layers + 1, np.int64)
    worth = np.zeros(layers + 1, np.int64)
    heavy = np.zeros(layers + 1, np.int64)
    tried = np.zeros(layers + 1, np.int8)
    takes = np.zeros(layers + 1, np.int8)
    row = np.zeros(layers, np.uint8)
    state[0] = first[0]
    found = 0
    visited = 0
    depth = 0
    last = len(prices) - 1
    edge = limit if prices[last] >= 0 else least
    while depth >= 0:
        if depth == layers:
            if all_of:
                if found == len(rows):
                    return found, False
                for layer in range(layers):
                    rows[found, layer] = row[layer]
                found_values[found] = worth[depth]
                found += 1
            else:
                for layer in range(layers):
                    rows[0, layer] = row[layer]
                found_values[0] = worth[depth]
                floor = worth[depth] + (floor - found_values[1])
                found_values[1] = worth[depth]
                found = 1
            depth -= 1
            continue
        here = state[depth]
        if tried[depth] == 0:
            visited += 1
            if visited > node_limit:
                return found, False
            first_take = False
            if in_to[here] >= 0 and bests[in_to[here], last] > NONE:
                first_take = out_to[here] < 0 or (  # where it's the same, fill the envelope
                    bests[in_to[here], last] + value[pattern[here]] - prices[last] * weight[depth]
                    >= bests[out_to[here], last]
                )
            takes[depth] = 1 if first_take else 0
        if tried[depth] == BOTH:
            tried[depth] = 0
            depth -= 1
            continue
        take = takes[depth] if tried[depth] == 0 else 1 - takes[depth]
        tried[depth] += 1
        after = in_to[here] if take else out_to[here]
        if after < 0:
            continue
        new_worth = worth[depth]
        new_heavy = heavy[depth]
        if take:
            new_worth += value[pattern[here]]
            new_heavy += weight[depth]
        if new_heavy - light[after] > limit or new_heavy + far[after] < least:
            continue
        open_still = depth + 1 < layers or new_worth >= floor
        for way in range(last, -1, -1):
            if bests[after, way] == NONE or (
                new_worth + bests[after, way] + prices[way] * (edge - new_heavy) < floor
            ):
                open_still = False
                break
        if not open_still:
            continue
        row[depth] = take
        depth += 1
        state[depth] = after
        worth[depth] = new_worth
        heavy[depth] = new_heavy
        tried[depth] = 0
    return found, True


@compiled
def _worth_of(
    first: Ints,
    out_to: Arrows,
    in_to: Arrows,
    pattern: Arrows,
    value: Ints,
    weight: Ints,
    row: Bytes,
) -> tuple[int, int]:
    """Return what a path is worth, and its weight."""
    worth, heavy = 0, 0
    state = first[0]
    for layer in range(len(first) - 2):
        if row[layer]:
            worth += value[pattern[state]]
            heavy += weight[layer]
            state = in_to[state]
        else:
            state = out_to[state]
    return worth, heavy


@compiled
def lightest(
    first: Ints, out_to: Arrows, in_to: Arrows, pattern: Arrows, count: int, weight: Ints
) -> Ints:
    """Return minus the least weight from every state to the end; ``count`` patterns."""
    return _backward(first, out_to, in_to, pattern, np.zeros(count, np.int64), weight, 1)


@compiled
def _farthest(
    first: Ints,
    out_to: Arrows,
    in_to: Arrows,
    pattern: Arrows,
    weight: Ints,
    least: int,
    count: int,
) -> Ints:
    """Return the most weight from every state to the end; nothing where none is asked."""
    zero = np.zeros(count, np.int64)
    if least > 0:
        return _backward(first, out_to, in_to, pattern, zero, weight, -1)
    return np.zeros(first[len(first) - 1], np.int64)


@compiled
def _prices(  # noqa: C901, PLR0912 (one compiled loop)
    first: Ints,
    out_to: Arrows,
    in_to: Arrows,
    pattern: Arrows,
    value: Ints,
    weight: Ints,
    light: Ints,
    least: int,
    limit: int,
    row: Bytes,
) -> tuple[int, int, int, int]:
    """Find the price of a unit of weight at which the bound is least.

    ``light`` is minus the least weight to the end.  Returns (status, best value, bound, price):
    status 0 when nothing fits, 1 when the best path fits without a price, 2 otherwise; the best
    choice that was met is in ``row``, its value is NONE where none was.  The price is negative
    where weight lacks.
    """
    layers = len(first) - 2
    zero = np.zeros(len(value), np.int64)
    if light[first[0]] == NONE or -light[first[0]] > limit:
        return 0, NONE, NONE, 0
    best = _backward(first, out_to, in_to, pattern, value, weight, 0)
    worth, heavy = _follow(best, first, out_to, in_to, pattern, value, weight, 0, row)
    if least <= heavy <= limit:
        return 1, worth, worth, 0
    bound, bound_price = worth, 0
    over_worth, over_heavy = worth, heavy
    lacks = heavy < least
    side, edge = 1, limit
    if lacks:
        side, edge = -1, least
        light = _backward(first, out_to, in_to, pattern, zero, weight, side)
        if light[first[0]] < least:
            return 0, NONE, NONE, 0
    _, _ = _follow(light, first, out_to, in_to, pattern, zero, weight, side, row)
    under_worth, under_heavy = _worth_of(first, out_to, in_to, pattern, value, weight, row)
    met = under_worth if least <= under_heavy <= limit else NONE
    trial = np.zeros(layers, np.uint8)
    for _turn in range(40):
        price = (over_worth - under_worth) // (over_heavy - under_heavy)
        if price * side <= 0:
            break
        best = _backward(first, out_to, in_to, pattern, value, weight, price)
        top = best[first[0]] + price * edge
        if top < bound:
            bound, bound_price = top, price
        worth, heavy = _follow(best, first, out_to, in_to, pattern, value, weight, price, trial)
        if least <= heavy <= limit and worth > met:
            met = worth
            row[:] = trial
        if (heavy >= least) if lacks else (heavy <= limit):
            if heavy == under_heavy and worth == under_worth:
                break
            under_worth, under_heavy = worth, heavy
        else:
            if heavy == over_heavy and worth == over_worth:
                break
            over_worth, over_heavy = worth, heavy
        if best[first[0]] <= max(
            under_worth - price * under_heavy, over_worth - price * over_heavy
        ) and price == (over_worth - under_worth) // (over_heavy - under_heavy):
            break
    return 2, met, bound, bound_price


@compiled
def _bounds(
    first: Ints,
    out_to: Arrows,
    in_to: Arrows,
    pattern: Arrows,
    value: Ints,
    weight: Ints,
    price: int,
) -> tuple[Ints, Ints]:
    """Return the prices that bound a search, with their best values: some below, some above."""
    prices = np.empty(3, np.int64)
    prices[0] = price - price // 8
    prices[1] = price + price // 8
    prices[2] = price
    bests = tops_at(first, out_to, in_to, pattern, value, weight, prices)
    return prices, bests


@compiled
def best_choice(
    first: Ints,
    out_to: Arrows,
    in_to: Arrows,
    pattern: Arrows,
    value: Ints,
    weight: Ints,
    light: Ints,
    least: int,
    limit: int,
    slack: int,
    node_limit: int,
    labels: int,
    row: Bytes,
) -> tuple[bool, int, int]:
    """Find the best choice of weight in [``least``, ``limit``], up to ``slack``.

    It is searched in depth, then by labels, so many at most, where no weight is asked.

    Returns (found, value, proved bound); the bound is NONE where there is proved to be none.
    """
    status, met, bound, price = _prices(
        first, out_to, in_to, pattern, value, weight, light, least, limit, row
    )
    if status == 0:
        return False, NONE, NONE
    if met > NONE and bound - met <= slack:
        return True, met, bound
    prices, bests = _bounds(first, out_to, in_to, pattern, value, weight, price)
    far = _farthest(first, out_to, in_to, pattern, weight, least, len(value))
    rows = np.zeros((1, len(first) - 2), np.uint8)
    values = np.zeros(2, np.int64)
    values[1] = met
    found, complete = _walk(
        first, out_to, in_to, pattern, value, weight, least, limit, prices, bests, light, far,
        met + slack + 1, False, rows, values, node_limit,
    )  # fmt: skip
    if found:
        met = values[0]
        row[:] = rows[0]
    if not complete and least <= 0 and price > 0 and labels > 0:
        complete, value_met = best_by_labels(
            first, out_to, in_to, pattern, value, weight, light, limit,
            np.append(price // 4 * _SPREAD, price), met + slack + 1, labels, rows[0],
        )  # fmt: skip
        if value_met > NONE:
            met = value_met
            row[:] = rows[0]
    if met == NONE:
        return False, NONE, NONE if complete else bound
    return True, met, min(bound, met + slack) if complete else bound


@compiled
def list_choices(
    first: Ints,
    out_to: Arrows,
    in_to: Arrows,
    pattern: Arrows,
    value: Ints,
    weight: Ints,
    light: Ints,
    least: int,
    limit: int,
    floor: int,
    node_limit: int,
    rows: Bytes,
    values: Ints,
) -> tuple[int, bool]:
    """List every choice of weight in [``least``, ``limit``] worth ``floor`` or more.

    Returns (count, whether it is all).
    """
    row = np.zeros(len(first) - 2, np.uint8)
    status, _, bound, price = _prices(
        first, out_to, in_to, pattern, value, weight, light, least, limit, row
    )
    if status == 0 or bound < floor:
        return 0, True
    prices, bests = _bounds(first, out_to, in_to, pattern, value, weight, price)
    far = _farthest(first, out_to, in_to, pattern, weight, least, len(value))
    return _walk(
        first, out_to, in_to, pattern, value, weight, least, limit, prices, bests, light, far,
        floor, True, rows, values, node_limit,
    )  # fmt: skip

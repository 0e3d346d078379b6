"""The best path of a diagram within a weight, by labels: what a search depth first can't end.

Prices can leave many sets of sectors as good in as out, or an actor far from anything between a
little and a lot: a bound at a price of weight is loose there.  Partial paths to a state are labels,
and one that weighs more than another and is worth no more is dropped, with those that no price lets
pass the best known (Desrochers and Soumis, INFOR 26(3), 1988, on shortest paths with resources).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planner.compiling import compiled

__all__ = ["NONE", "best_by_labels", "tops_at"]

Ints = npt.NDArray[np.int64]
Arrows = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]

NONE = -(2**62)  # where there is no path


@compiled
def tops_at(
    first: Ints, out_to: Arrows, in_to: Arrows, pattern: Arrows, value: Ints, weight: Ints,
    prices: Ints,
) -> Ints:  # fmt: skip
    """Return the best from each state to the end at each price: (states, prices)."""
    layers, ways = len(first) - 2, len(prices)
    tops = np.full((first[layers + 1], ways), NONE, np.int64)
    tops[first[layers]] = 0
    for layer in range(layers - 1, -1, -1):
        for state in range(first[layer], first[layer + 1]):
            out, taken = out_to[state], in_to[state]
            for way in range(ways):
                if out >= 0:
                    tops[state, way] = tops[out, way]
                if taken >= 0 and tops[taken, way] > NONE:
                    gain = value[pattern[state]] - prices[way] * weight[layer]
                    tops[state, way] = max(tops[state, way], tops[taken, way] + gain)
    return tops


@compiled
def _kept(places: Ints, heavy: Ints, worth: Ints) -> Ints:
    """Return the labels that no other of the same state beats, by state and weight."""
    order = np.argsort(-worth, kind="mergesort")
    order = order[np.argsort(heavy[order], kind="mergesort")]
    order = order[np.argsort(places[order], kind="mergesort")]
    size = 0
    for one in order:
        last = order[size - 1] if size else -1
        if size == 0 or places[last] != places[one] or worth[one] > worth[last]:
            order[size] = one
            size += 1
    return order[:size]


@compiled
def _longer(
    state: Ints, heavy: Ints, worth: Ints, out_to: Arrows, in_to: Arrows, pattern: Arrows,
    value: Ints, weight: int, light: Ints, limit: int, tops: Ints, prices: Ints, floor: int,
) -> tuple[Ints, Ints, Ints, Ints]:  # fmt: skip
    """Return the labels of the next layer that may still pass, and whence.

    That is twice the place of the label before, and 1 where the sector is taken.
    """
    count, size = len(state), 0
    places, weights = np.zeros(2 * count, np.int64), np.zeros(2 * count, np.int64)
    worths, whence = np.zeros(2 * count, np.int64), np.zeros(2 * count, np.int64)
    for one in range(2 * count):
        at, take = one // 2, one % 2
        after = in_to[state[at]] if take else out_to[state[at]]
        if after < 0:
            continue
        then = heavy[at] + (weight if take else 0)
        gain = worth[at] + (value[pattern[state[at]]] if take else 0)
        if then - light[after] > limit:
            continue
        alive = True
        for way in range(len(prices)):
            if gain + tops[after, way] + prices[way] * (limit - then) < floor:
                alive = False
                break
        if alive:
            places[size], weights[size], worths[size], whence[size] = after, then, gain, one
            size += 1
    return places[:size], weights[:size], worths[:size], whence[:size]


@compiled
def best_by_labels(
    first: Ints, out_to: Arrows, in_to: Arrows, pattern: Arrows, value: Ints, weight: Ints,
    light: Ints, limit: int, prices: Ints, floor: int, most: int, row: Bytes,
) -> tuple[bool, int]:  # fmt: skip
    """Find the best path of ``limit`` or less that is worth ``floor`` or more.

    Parameters
    ----------
    first, out_to, in_to, pattern, value, weight
        The diagram, what each pattern is worth, and what each layer weighs.
    light
        Minus the least weight from each state to the end.
    limit, prices
        Weight at most, and prices of a unit of it, none below nought, that bound what follows.
    floor
        What is worth less isn't looked for.
    most
        Labels at most.
    row
        Where the path is written: what each layer takes.

    Returns
    -------
    tuple
        Whether the search ended; what the path is worth, below any number where there is none.
    """
    layers = len(first) - 2
    tops = tops_at(first, out_to, in_to, pattern, value, weight, prices)
    state, heavy, worth = np.full(1, first[0]), np.zeros(1, np.int64), np.zeros(1, np.int64)
    begins = np.zeros(layers + 1, np.int64)  # where the labels after each layer begin
    origin, taken, end = np.zeros(1024, np.int32), np.zeros(1024, np.uint8), 0
    for layer in range(layers):
        places, weights, worths, whence = _longer(
            state, heavy, worth, out_to, in_to, pattern, value, weight[layer], light, limit, tops,
            prices, floor,
        )  # fmt: skip
        kept = _kept(places, weights, worths)
        state, heavy, worth, whence = places[kept], weights[kept], worths[kept], whence[kept]
        begins[layer], end = end, end + len(kept)
        if len(kept) == 0 or end > most:
            return len(kept) == 0, NONE
        if end > len(origin):
            origin = np.concatenate((origin, np.zeros(end, np.int32)))
            taken = np.concatenate((taken, np.zeros(end, np.uint8)))
        for place in range(len(kept)):
            origin[begins[layer] + place] = whence[place] // 2
            taken[begins[layer] + place] = whence[place] % 2
    at = np.argmax(worth)
    best = worth[at]
    for layer in range(layers - 1, -1, -1):
        row[layer] = taken[begins[layer] + at]
        at = origin[begins[layer] + at]
    return True, best

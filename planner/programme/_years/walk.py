"""Good programmes with years where actors are few: annealed sector by sector from several seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from planner.choice import Contiguity
from planner.programme._actors.blocks import Block, Row
from planner.programme._actors.columns import Clock
from planner.programme._actors.diagram import Ground
from planner.programme._years.rows import DatedRows
from planner.programme._years.swaps import Sectors, swap

__all__ = ["walk", "walk_near"]

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_STEPS = 50_000  # for each sector
_ALL_STEPS, _WALKED = 240_000_000, 20  # of all turns, where an actor has so many sectors
_SEEDS = 6  # of a turn
_LEAST_TURNS, _MOST_TURNS = 4, 8
_HEATS = ((0.1, 0.01), (0.3, 0.01))  # as a share of what one sector is worth at most
_NEAR_HEATS = (0.05, 0.002)  # around a known answer of a large question
_STEEPS = ((3.0, 100.0), (5.0, 500.0))  # a rule may be broken by a little to the end
_EVER_NEARER = (_NEAR_HEATS, (0.005, 0.0005))  # of a large question, one after the other
_NEAR_STEPS, _NEAR_STEEPS = 4_000, (3.0, 100.0)  # the first for each sector
_FROM_AFAR = (0.1, 0.002)  # the same, before
_AFAR_STEPS, _AFAR_MOST = 100_000, 160_000_000  # the first for each sector
_PRICE_SHARE = 0.02  # of the largest worth a largest use: what a broken row counts at least
_WORKERS = 2


def walk(
    asked: DatedRows,
    objective: Row,
    rows: Sequence[Row],
    prices: Floats,
    *,
    known: Flags | None,
    enough: int,
    clock: Clock,
) -> Iterator[list[Flags]]:
    """Give the answers met, turn by turn, those that hold every rule.

    Parameters
    ----------
    asked
        The question.
    objective, rows
        What is made large, and what must hold, without pairs.
    prices
        Of the rows, by the linear programme.
    known
        An answer that holds every rule.
    enough
        The value at which to stop.
    clock
        When to stop at the latest.
    """
    blocks, envelopes = _blocks(asked)
    every = [*rows, *envelopes]
    sectors = Sectors.of(blocks, asked.years, objective, every)
    start = known if known is not None else _start(asked)
    if start is None:
        return
    parts = [start[:, block.members].astype(np.uint8).reshape(1, -1) for block in blocks]
    price = np.concatenate([np.abs(prices), np.zeros(len(envelopes))])
    most = float(np.abs(sectors.worth).max(initial=1))
    largest = np.abs(sectors.uses).max(axis=(0, 1), initial=1)
    price = np.maximum(price, _PRICE_SHARE * most / largest)
    sizes = np.diff(sectors.first_of)  # a step walks through the sectors of an actor
    walked = max(_WALKED, int((sizes**2).sum()) // max(1, int(sizes.sum())))
    least, total = _SEEDS * _LEAST_TURNS, _ALL_STEPS * _WALKED // walked
    steps = max(1, min(_STEPS * len(sectors.owner), total // least))
    turns = min(_MOST_TURNS, max(_LEAST_TURNS, total // (steps * _SEEDS)))

    def run(seed: int) -> Flags | None:
        heats = _HEATS[seed % 2]
        found = swap(
            sectors, price, parts=parts, steps=steps, heats=(heats[0] * most, heats[1] * most),
            steeps=_STEEPS[seed // 2 % 2], seed=seed, enough=enough, clock=clock,
        )  # fmt: skip
        if found is None:
            return None
        open_by = np.zeros((asked.years, asked.count), bool)
        for block, part in zip(blocks, found[0], strict=True):
            open_by[:, block.members] = part.reshape(asked.years, -1) > 0
        return open_by if asked.allows(open_by, rows) else None

    for turn in range(turns):
        with ThreadPoolExecutor(_WORKERS) as threads:
            found = list(threads.map(run, range(turn * _SEEDS, (turn + 1) * _SEEDS)))
        yield [one for one in found if one is not None]
        if clock.over:
            break


def walk_near(
    asked: DatedRows,
    objective: Row,
    rows: Sequence[Row],
    prices: Floats,
    *,
    known: Flags,
    enough: int,
    clock: Clock,
) -> Flags:
    """Better a known answer of a large question, sector by sector, in a number of steps by sector.

    Parameters
    ----------
    asked, objective, rows, prices, enough, clock
        As for :func:`walk`.
    known
        An answer that holds every rule.
    """
    blocks, envelopes = _blocks(asked)
    sectors = Sectors.of(blocks, asked.years, objective, [*rows, *envelopes])
    most = float(np.abs(sectors.worth).max(initial=1))
    price = np.concatenate([np.abs(prices), np.zeros(len(envelopes))])
    best = known
    each = [(one, _NEAR_STEPS * asked.count) for one in _EVER_NEARER]
    if asked.whole.contiguity is not Contiguity.ANY_EPCI:  # else a step may look at every sector
        each.insert(0, (_FROM_AFAR, min(_AFAR_STEPS * asked.count, _AFAR_MOST)))
    for seed, ((hot, cold), steps) in enumerate(each):
        found = swap(
            sectors, price, seed=seed, enough=enough, clock=clock, steeps=_NEAR_STEEPS,
            parts=[best[:, block.members].astype(np.uint8).reshape(1, -1) for block in blocks],
            steps=steps, heats=(hot * most, cold * most),
        )  # fmt: skip
        if found is None:
            break
        best = best.copy()
        for block, part in zip(blocks, found[0], strict=True):
            best[:, block.members] = part.reshape(asked.years, -1) > 0
        if found[1] >= enough or clock.over:
            break
    return best if asked.allows(best, rows) else known


def _blocks(asked: DatedRows) -> tuple[list[Block], list[Row]]:
    """Return who is annealed, and the envelopes that are rows: one actor where chains cross."""
    whole = asked.whole
    refused = asked.refused | asked.never
    alone = whole.contiguity is not Contiguity.ANY_EPCI
    if alone and not whole.required.any():
        return [
            replace(block, ground=replace(block.ground, refused=_flags(refused[block.members])))
            for block in asked.base
        ], []
    envelopes = []
    for block in asked.base:
        spread = np.zeros((asked.years, asked.count), np.int64)
        spread[-1, block.members] = block.weight
        envelopes.append(
            Row(name=f"envelope.{block.actor}", coefficients=spread.ravel(), upper=block.limit)
        )
    if alone:
        return [
            replace(
                block, weight=0 * block.weight, limit=0,
                ground=replace(block.ground, refused=_flags(refused[block.members])),
            )
            for block in asked.base
        ], envelopes  # fmt: skip
    ground = Ground(
        count=asked.count, near=tuple(map(tuple, asked.ground.edges.tolist())), pairs=(), before=(),
        reached=_flags(whole.reached), required=_flags(whole.required), refused=_flags(refused),
        connected=True,
    )  # fmt: skip
    none = np.zeros(asked.count, np.int64)
    block = Block(
        actor="", members=np.arange(asked.count), weight=none, limit=0, ground=ground,
        pairs=np.zeros(0, np.int64),
    )  # fmt: skip
    return [block], envelopes


def _start(asked: DatedRows) -> Flags | None:
    """Return nothing open, or all that could be where some sectors are required."""
    whole = asked.whole
    open_by = np.zeros((asked.years, asked.count), bool)
    if whole.required.any():
        open_by[:] = ~asked.refused & ~asked.never
        if (asked.reached(open_by) != open_by).any():
            return None
        for block in asked.base:
            for first, after in block.ground.before:
                if (open_by[:, block.members[after]] & ~open_by[:, block.members[first]]).any():
                    return None
    return open_by


def _flags(values: Flags) -> tuple[bool, ...]:
    return tuple(bool(value) for value in values)

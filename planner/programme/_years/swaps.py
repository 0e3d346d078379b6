"""A programme with years bettered sector by sector.

Two sectors under the same limits and of about the same size exchange their years, or two sectors
of one actor; now and then one sector changes its year alone.  What comes out is annealed like the
choices of :mod:`planner.programme._years.annealing`, but isn't bound to any list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.compiling import compiled
from planner.programme._actors.blocks import Block, Row
from planner.programme._actors.columns import Clock
from planner.programme._years.annealing import (
    EVERY,
    FAR,
    FEW_SHARE,
    NOWHERE,
    SLICE,
    each_unit,
    mixed,
)
from planner.programme._years.near import is_legal, neighbours

__all__ = ["Sectors", "swap"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.uint8]

_BESIDE = 30  # sectors a little smaller, and as many a little larger, that one exchanges with
_ALONE, _INSIDE = 2, 4  # changes in sixteen of one sector alone, and within one actor


@compiled
def _swap(  # noqa: C901, PLR0912, PLR0915 (one compiled loop)
    opens: Integers,
    best: Integers,
    met: int,
    years: int,
    first_of: Integers,
    owner: Integers,
    start: Integers,
    near: Integers,
    reached: Flags,
    before: Integers,
    connected: Flags,
    weight: Integers,
    limit: Integers,
    refused: Flags,
    required: Flags,
    worth: Integers,
    uses: Integers,
    low: Integers,
    high: Integers,
    price: Floats,
    order: Integers,
    place: Integers,
    group_from: Integers,
    group_to: Integers,
    begin: int,
    end: int,
    steps: int,
    heats: tuple[float, float],
    steeps: tuple[float, float],
    seed: int,
    enough: int,
) -> int:
    """Do some of the steps; return what the best years met that hold the rows are worth."""
    count, rows = len(opens), uses.shape[2]
    here, then = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    used = np.zeros(len(limit), np.int64)
    value = 0
    for sector in range(count):
        value += worth[sector, opens[sector]]
        for row in range(rows):
            here[row] += uses[sector, opens[sector], row]
        if opens[sector] < years:
            used[owner[sector]] += weight[sector]
    broken = 0.0  # at the rows' prices
    for row in range(rows):
        broken += price[row] * max(0, here[row] - high[row], low[row] - here[row])
    if broken == 0 and value > met:
        met = value
        best[:] = opens
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
        a = np.int64((word >> np.uint64(32)) % np.uint64(count))
        draw = other >> np.uint64(20)
        kind = np.int64(word & np.uint64(15))
        b, was = a, opens[a]
        if kind < _ALONE:
            now = np.int64(draw % np.uint64(years + 1))
        else:
            if kind < _ALONE + _INSIDE:
                at = owner[a]
                b = first_of[at] + np.int64(draw % np.uint64(first_of[at + 1] - first_of[at]))
            else:
                least = max(group_from[a], place[a] - _BESIDE)
                most = min(group_to[a], place[a] + _BESIDE + 1)
                b = order[least + np.int64(draw % np.uint64(most - least))]
            now = opens[b]
        if now == was or refused[a] or refused[b] or (now == years and required[a]):
            continue
        if was == years and b != a and required[b]:
            continue
        gain = worth[a, now] - worth[a, was]
        if b != a:
            gain += worth[b, was] - worth[b, now]
        chance = (float(mixed(other) >> np.uint64(11)) + 1.0) / 2.0**53
        room = broken + (gain - heat * np.log(chance)) / steep
        if room < 0:
            continue
        after = 0.0
        for row in range(rows):
            use = here[row] + uses[a, now, row] - uses[a, was, row]
            if b != a:
                use += uses[b, was, row] - uses[b, now, row]
            then[row] = use
            if use > high[row]:
                after += price[row] * (use - high[row])
            elif use < low[row]:
                after += price[row] * (low[row] - use)
            if after > room:
                break
        if after > room:
            continue
        mine, its = owner[a], owner[b]
        change = int(now < years) - int(was < years)
        used[mine] += weight[a] * change
        opens[a] = now
        if b != a:
            used[its] -= weight[b] * change
            opens[b] = was
        legal = used[mine] <= limit[mine] and used[its] <= limit[its]
        for turn in range(1 if mine == its else 2):
            at = its if turn else mine
            low_at, high_at = first_of[at], first_of[at + 1]
            legal = legal and is_legal(
                opens[low_at:high_at], years, start[low_at : high_at + 1], near,
                reached[low_at:high_at], before[low_at:high_at], connected[at],
            )  # fmt: skip
        if not legal:
            used[mine] -= weight[a] * change
            opens[a] = was
            if b != a:
                used[its] += weight[b] * change
                opens[b] = now
            continue
        here[:] = then
        broken = after
        value += gain
        if after == 0.0 and value > met:
            met = value
            best[:] = opens
    return met


@dataclass(frozen=True, kw_only=True, eq=False)
class Sectors:
    """Every sector, actor after actor: when it may open, what it is worth then and what it uses."""

    years: int
    first_of: Integers
    owner: Integers
    start: Integers
    near: Integers
    reached: Flags
    before: Integers
    connected: Flags
    weight: Integers
    limit: Integers
    refused: Flags
    required: Flags
    worth: Integers
    uses: Integers
    low: Integers
    high: Integers
    order: Integers
    place: Integers
    group_from: Integers
    group_to: Integers

    @classmethod
    def of(cls, base: Sequence[Block], years: int, objective: Row, rows: Sequence[Row]) -> Sectors:
        """Count what each sector is worth and uses in each year, and when it doesn't open.

        Parameters
        ----------
        base
            Actors, with their rules at the end of the last year.
        years
            How many.
        objective, rows
            Over every candidate in every year, year after year, without pairs.
        """
        members = np.concatenate([block.members for block in base])
        sizes = [len(block.members) for block in base]

        def tail(row: Row) -> Integers:
            each = row.coefficients.reshape(years, -1)[:, members]
            found = np.zeros((len(members), years + 1), np.int64)
            found[:, :years] = np.cumsum(each[::-1], axis=0)[::-1].T
            return found

        uses = np.zeros((len(members), years + 1, len(rows)), np.int64)
        for at, row in enumerate(rows):
            uses[:, :, at] = tail(row)
        order, group = _alike(uses)
        ends = np.searchsorted(group[order], np.arange(group.max(initial=0) + 2))
        linked = [neighbours(block.ground) for block in base]
        shift = np.concatenate([[0], np.cumsum([len(near) for _, near, _ in linked])])
        return cls(
            years=years,
            first_of=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            owner=np.repeat(np.arange(len(base)), sizes).astype(np.int64),
            start=np.concatenate([
                *(start[:-1] + by for (start, _, _), by in zip(linked, shift[:-1], strict=True)),
                shift[-1:],
            ]).astype(np.int64),
            near=np.concatenate([near for _, near, _ in linked]),
            reached=np.concatenate([np.array(block.ground.reached, bool) for block in base]),
            before=np.concatenate([before for _, _, before in linked]),
            connected=np.array([block.ground.connected for block in base], bool),
            weight=np.concatenate([block.weight for block in base]).astype(np.int64),
            limit=np.array([block.limit for block in base], np.int64),
            refused=np.concatenate([np.array(block.ground.refused, bool) for block in base]),
            required=np.concatenate([np.array(block.ground.required, bool) for block in base]),
            worth=tail(objective),
            uses=uses,
            low=np.array([-FAR if row.lower is None else row.lower for row in rows], np.int64),
            high=np.array([FAR if row.upper is None else row.upper for row in rows], np.int64),
            order=order,
            place=np.argsort(order).astype(np.int64),
            group_from=ends[group].astype(np.int64),
            group_to=ends[group + 1].astype(np.int64),
        )  # fmt: skip


def _alike(uses: Integers) -> tuple[Integers, Integers]:
    """Return sectors by group and size, and the group of each: those under the same limits."""
    some = np.abs(uses).max(axis=1) > 0
    few = some.mean(axis=0) <= FEW_SHARE  # a limit on nearly everyone groups no one
    group = np.unique(some[:, few], axis=0, return_inverse=True)[1].ravel()
    size = np.abs(uses[:, :, few]).max(axis=(1, 2), initial=0)
    return np.lexsort((size, group)).astype(np.int64), group.astype(np.int64)


def swap(
    sectors: Sectors,
    prices: Floats,
    *,
    parts: Sequence[Rows],
    steps: int,
    heats: tuple[float, float],
    steeps: tuple[float, float],
    seed: int,
    enough: int,
    clock: Clock,
) -> tuple[list[Rows], int] | None:
    """Return a programme at least as good as a known one, and its worth; None when none was met.

    Parameters
    ----------
    sectors
        What may open, and when.
    prices
        Of the rows.
    parts
        The sequence of each actor to begin with; legal, but rows may be broken.
    steps, heats, steeps, seed, enough, clock
        As in :func:`planner.programme._years.annealing.anneal`.
    """
    years = sectors.years
    opens = np.concatenate(
        [years - part.reshape(years, -1).sum(axis=0, dtype=np.int64) for part in parts]
    )
    every = np.arange(len(opens))
    used = sectors.uses[every, opens].sum(axis=0)
    held = bool(((sectors.low <= used) & (used <= sectors.high)).all())
    best, met = opens.copy(), int(sectors.worth[every, opens].sum()) if held else NOWHERE
    price = each_unit(prices, sectors.worth, sectors.uses)
    for begin in range(0, steps, SLICE):
        if met >= enough or clock.over:
            break
        met = _swap(
            opens, best, met, years, sectors.first_of, sectors.owner, sectors.start, sectors.near,
            sectors.reached, sectors.before, sectors.connected, sectors.weight, sectors.limit,
            sectors.refused, sectors.required, sectors.worth, sectors.uses, sectors.low,
            sectors.high, price, sectors.order, sectors.place, sectors.group_from,
            sectors.group_to, begin, min(begin + SLICE, steps), steps, heats, steeps, seed, enough,
        )  # fmt: skip
    if met == NOWHERE:
        return None
    each = np.split(best, sectors.first_of[1:-1])
    return [
        np.concatenate([(one <= year).astype(np.uint8) for year in range(years)])[None, :]
        for one in each
    ], int(met)

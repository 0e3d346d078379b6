"""A programme with years bettered sector by sector.

Two sectors under the same limits and of about the same size exchange their years, or two sectors
of one actor; now and then one sector changes its year alone.  What comes out is annealed like the
choices of :mod:`planner.programme._years.annealing`, but isn't bound to any list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

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
Whole = int | np.int64

_BESIDE = 30  # sectors a little smaller, and as many a little larger, that one exchanges with
_ALONE, _INSIDE = 2, 4  # changes in sixteen of one sector alone, and within one actor


@compiled
def _supported(
    sector: Whole,
    by: Whole,
    without: Whole,
    shift: Whole,
    opens: Integers,
    start: Integers,
    near: Integers,
    reached: Flags,
) -> bool:
    """Whether a sector is reached, or beside another that opens by a year."""
    if reached[sector]:
        return True
    for place in range(start[sector], start[sector + 1]):
        other = near[place] + shift
        if other != without and opens[other] <= by:
            return True
    return False


@compiled
def _still_legal(
    sooner: Whole,
    later: Whole,
    was: Whole,
    years: int,
    shift: Whole,
    opens: Integers,
    start: Integers,
    near: Integers,
    reached: Flags,
) -> int:
    """Whether all stays reached where a sector opens sooner, another of its actor later.

    What opens sooner takes nothing from others.  What opens later takes nothing from what is
    beside something that opens before it; where that doesn't tell, nothing is told.

    Returns
    -------
    int
        1 when it does, 0 when it doesn't, -1 when it isn't told.
    """
    nobody = -1
    if sooner >= 0 and not _supported(
        sooner, opens[sooner], nobody, shift, opens, start, near, reached
    ):
        return 0
    if later < 0:
        return 1
    now = opens[later]
    if now < years and not _supported(later, now, nobody, shift, opens, start, near, reached):
        return 0
    for place in range(start[later], start[later + 1]):
        other = near[place] + shift
        if was <= opens[other] <= min(now, years - 1) and not _supported(
            other, opens[other] - 1, later, shift, opens, start, near, reached
        ):
            return -1
    return 1


@compiled
def _moves(
    sector: Whole,
    year: Whole,
    sign: int,
    use_from: Integers,
    use_row: Integers,
    use_by: Integers,
    moved: Integers,
    touched: Integers,
    seen: Flags,
    count: int,
) -> int:
    """Add to what rows change by what a sector uses in a year; return how many are touched."""
    for place in range(use_from[sector, year], use_from[sector, year + 1]):
        row = use_row[place]
        if not seen[row]:
            seen[row] = True
            moved[row] = 0
            touched[count] = row
            count += 1
        moved[row] += sign * use_by[place]
    return count


@compiled
def _beyond(use: int, low: int, high: int) -> int:
    """Return by how much a row is passed."""
    return max(0, use - high, low - use)


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
    fed: Flags,
    weight: Integers,
    limit: Integers,
    refused: Flags,
    required: Flags,
    worth: Integers,
    use_from: Integers,
    use_row: Integers,
    use_by: Integers,
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
    count, rows = len(opens), len(low)
    here, moved = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    touched, seen = np.zeros(rows, np.int64), np.zeros(rows, np.bool_)
    used = np.zeros(len(limit), np.int64)
    value = 0
    for sector in range(count):
        value += worth[sector, opens[sector]]
        for at in range(use_from[sector, opens[sector]], use_from[sector, opens[sector] + 1]):
            here[use_row[at]] += use_by[at]
        if opens[sector] < years:
            used[owner[sector]] += weight[sector]
    passed = 0  # rows
    for row in range(rows):
        passed += _beyond(here[row], low[row], high[row]) > 0
    if passed == 0 and value > met:
        met = value
        best[:] = opens
    broken = 0.0  # at the rows' prices
    heat, steep = heats[0], steeps[0]
    first = mixed(np.uint64(seed))
    for step in range(begin, end):
        if met >= enough:
            break
        if step % EVERY == 0:
            heat = heats[0] * (heats[1] / heats[0]) ** (step / steps)
            steep = steeps[0] * (steeps[1] / steeps[0]) ** (step / steps)
            broken = 0.0
            for row in range(rows):
                broken += price[row] * _beyond(here[row], low[row], high[row])
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
        allowed = (gain - heat * np.log(chance)) / steep
        if broken + allowed < 0:
            continue
        mine, its = owner[a], owner[b]
        change = int(now < years) - int(was < years)
        if change:
            by = weight[a] * change
            more = -weight[b] * change if b != a else 0
            if mine == its:
                by += more
                more = 0
            if (by > 0 and used[mine] + by > limit[mine]) or (
                more > 0 and used[its] + more > limit[its]
            ):
                continue
        some = _moves(a, now, 1, use_from, use_row, use_by, moved, touched, seen, 0)
        some = _moves(a, was, -1, use_from, use_row, use_by, moved, touched, seen, some)
        if b != a:
            some = _moves(b, was, 1, use_from, use_row, use_by, moved, touched, seen, some)
            some = _moves(b, now, -1, use_from, use_row, use_by, moved, touched, seen, some)
        more_broken, more_passed = 0.0, 0
        for at in range(some):
            row = touched[at]
            seen[row] = False
            old = _beyond(here[row], low[row], high[row])
            new = _beyond(here[row] + moved[row], low[row], high[row])
            more_broken += price[row] * (new - old)
            more_passed += int(new > 0) - int(old > 0)
        if more_broken > allowed:
            continue
        opens[a] = now
        if b != a:
            opens[b] = was
        sooner, later, left = (a, b, now) if now < was else (b, a, was)
        if b == a:  # and nobody else
            sooner, later = (a, np.int64(-1)) if now < was else (np.int64(-1), a)
        legal = 1
        for turn in range(1 if mine == its else 2):
            at = its if turn else mine
            low_at, high_at = first_of[at], first_of[at + 1]
            if connected[at]:
                legal = _still_legal(
                    sooner if low_at <= sooner < high_at else -1,
                    later if low_at <= later < high_at else -1,
                    left, years, low_at, opens, start, near, reached,
                )  # fmt: skip
            if legal < 0 or fed[at]:
                legal = int(
                    is_legal(
                        opens[low_at:high_at], years, start[low_at : high_at + 1], near,
                        reached[low_at:high_at], before[low_at:high_at], connected[at],
                    )
                )  # fmt: skip
            if not legal:
                break
        if not legal:
            opens[a] = was
            if b != a:
                opens[b] = now
            continue
        used[mine] += weight[a] * change
        if b != a:
            used[its] -= weight[b] * change
        for at in range(some):
            here[touched[at]] += moved[touched[at]]
        passed += more_passed
        broken = broken + more_broken if passed else 0.0
        value += gain
        if passed == 0 and value > met:
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
    fed: Flags
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
            fed=np.array([bool(block.ground.before) for block in base], bool),
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

    @cached_property
    def each_use(self) -> tuple[Integers, Integers, Integers]:
        """Return where the uses of each sector in each year begin, their rows, and how much."""
        sector, year, row = np.nonzero(self.uses)
        ends = np.cumsum((self.uses != 0).sum(axis=2).ravel()).reshape(self.uses.shape[:2])
        begins = np.zeros((len(ends), self.years + 2), np.int64)
        begins[:, 1:] = ends
        begins[1:, 0] = ends[:-1, -1]
        return begins, row.astype(np.int64), self.uses[sector, year, row].astype(np.int64)


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
            sectors.reached, sectors.before, sectors.connected, sectors.fed, sectors.weight,
            sectors.limit, sectors.refused, sectors.required, sectors.worth, *sectors.each_use,
            sectors.low, sectors.high, price, sectors.order, sectors.place, sectors.group_from,
            sectors.group_to, begin, min(begin + SLICE, steps), steps, heats, steeps, seed, enough,
        )  # fmt: skip
    if met == NOWHERE:
        return None
    each = np.split(best, sectors.first_of[1:-1])
    return [
        np.concatenate([(one <= year).astype(np.uint8) for year in range(years)])[None, :]
        for one in each
    ], int(met)

"""Listed choices bettered by exchanges of four actors at once.

Whatever fits the rules changes little of any of them: exchanges of one actor or two that miss
little at the prices, and change little, are listed; the best sum of two of these that holds every
rule is taken, as long as there is a better one.  An answer that breaks a rule by a little is
mended the same way, for the least that it costs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planner.compiling import compiled
from planner.programme._actors.columns import Clock
from planner.programme._years.annealing import FAR, Listed, each_unit

__all__ = ["better_by_fours"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_UNIT = 64  # prices are counted in whole numbers of this part
_PAIRS = 50_000  # exchanges listed, about
_CHANGE = 4  # what a rule changes by counts as the fourth of its price
_CLASSES = 20_000
_CLASS_SHARE = 5e-6  # of an actor's mean part
_SAMPLE = 5
_LOOKED = 300_000_000  # sums of two exchanges looked at in a turn, at most
_MENDED = (0, 4)  # eighths of what is broken that a turn may leave
_EIGHTHS = 8
_MENDS = 2  # turns at most in which an answer is mended
_NONE = -(2**62)


@compiled
def _pairs(  # noqa: C901, PLR0912 (one compiled loop)
    starts: Integers,
    missed: Integers,
    uses: Integers,
    now: Integers,
    row_from: Integers,
    row_of: Integers,
    price: Integers,
    room: Integers,
    asked: Flags,
    sample: int,
    most: int,
    width: int,
    classes: Integers,
    first: Integers,
    second: Integers,
) -> int:
    """List the exchanges of one actor or two whose score is ``most`` or less; count them by class.

    The second actor may keep its choice.  Nothing is listed where ``first`` has no place.
    """
    actors, rows = len(starts) - 1, uses.shape[1]
    change = -room  # beyond what is wanted of each row
    kept = 0
    for a in range(actors):
        for b in range(a + 1, actors):
            if not (asked[a] or asked[b]) or (a + b) % sample:
                continue
            last = b == a + 1 and b == actors - 1
            for one in range(starts[a], starts[a + 1]):
                more = missed[one] - missed[now[a]]
                alone = 0  # of the rows that the second actor doesn't change
                for place in range(row_from[a], row_from[a + 1]):
                    row = row_of[place]
                    change[row] = uses[one, row] - uses[now[a], row] - room[row]
                    alone += price[row] * (abs(change[row]) - abs(room[row]))
                for place in range(row_from[b], row_from[b + 1]):
                    row = row_of[place]
                    alone -= price[row] * abs(change[row])
                for two in range(starts[b], starts[b + 1]):
                    score = (more + missed[two] - missed[now[b]]) * _UNIT
                    if score > most:
                        break  # the choices of an actor come by what they miss
                    moved = alone
                    enough = (most - score + 1) * _CHANGE  # what no exchange listed moves by
                    for place in range(row_from[b], row_from[b + 1]):
                        row = row_of[place]
                        by = uses[two, row] - uses[now[b], row]
                        moved += price[row] * abs(change[row] + by)
                        if moved >= enough:
                            break
                    score += moved // _CHANGE
                    if score > most or (one == now[a] and (two == now[b] or not last)):
                        continue
                    if two == now[b] and b > a + 1:
                        continue  # an exchange of one actor is listed once
                    classes[min(max(0, score // width), len(classes) - 1)] += 1
                    if kept < len(first):
                        first[kept], second[kept] = one, two
                        kept += 1
            for row in range(rows):
                change[row] = -room[row]
    return kept


@compiled
def _best_two(  # noqa: C901, PLR0912 (one compiled loop)
    gain: Integers,
    change: Integers,
    first: Integers,
    second: Integers,
    room: Integers,
    price: Integers,
    least: int,
    allowed: int,
) -> tuple[int, int, int]:
    """Return the best sum of two exchanges that fits the room, or of one, and which they are."""
    count, rows = change.shape
    best, one, two, looked = least, -1, -1, 0
    by_row = np.empty((rows, count), np.int32)  # those that give room, the most first
    giving = np.full(rows, -1, np.int64)
    left = np.zeros(rows, np.int64)
    for i in np.argsort(-gain, kind="mergesort"):
        if 2 * gain[i] <= best or looked > allowed:
            break
        worst, worst_by = -1, 0
        for row in range(rows):
            left[row] = room[row] - change[i, row]
            if -left[row] * price[row] > worst_by:
                worst, worst_by = row, -left[row] * price[row]
        if worst < 0:
            if gain[i] > best:
                best, one, two = gain[i], i, -1
            continue
        if giving[worst] < 0:
            some = np.flatnonzero(change[:, worst] < 0)
            ranks = np.argsort(change[some, worst], kind="mergesort")
            giving[worst] = len(some)
            for rank in range(len(some)):
                by_row[worst, rank] = some[ranks[rank]]
        for rank in range(giving[worst]):
            j = by_row[worst, rank]
            if change[j, worst] > left[worst]:
                break
            looked += 1
            if gain[i] + gain[j] <= best:
                continue
            fits = True
            for row in range(rows):
                if change[j, row] > left[row]:
                    fits = False
                    break
            if (
                fits
                and first[j] != first[i]
                and first[j] != second[i]
                and second[j] != first[i]
                and (second[j] != second[i] or second[i] < 0)
            ):
                best, one, two = gain[i] + gain[j], i, j
    return best, one, two


class _Exchanges:
    """The exchanges around one answer, kept from turn to turn."""

    def __init__(self, listed: Listed, prices: Floats) -> None:
        upper, lower = listed.high < FAR, listed.low > -FAR
        unit = np.round(each_unit(prices, listed.worth, listed.uses) * _UNIT).astype(np.int64)
        unit = np.maximum(unit, 1)
        self.price = np.concatenate([unit[upper], unit[lower]])
        self.limit = np.concatenate([listed.high[upper], -listed.low[lower]])
        uses = np.concatenate([listed.uses[:, upper], -listed.uses[:, lower]], axis=1)
        owner = np.repeat(np.arange(len(listed.starts) - 1), np.diff(listed.starts))
        cost = np.round(listed.uses @ np.asarray(prices, np.float64)).astype(np.int64)
        missed = cost - listed.worth
        self.order = np.lexsort((missed, owner))
        self.owner, self.starts = owner, listed.starts
        self.missed, self.worth = missed[self.order], listed.worth[self.order]
        self.uses = np.ascontiguousarray(uses[self.order])
        moved = self.price * np.array([
            np.ptp(uses[a:b], axis=0)
            for a, b in zip(listed.starts[:-1], listed.starts[1:], strict=True)
        ])  # fmt: skip
        self.row_from = np.concatenate([[0], np.cumsum((moved > 0).sum(axis=1))]).astype(np.int64)
        first = np.argsort(-moved, axis=1, kind="stable")  # the rows that tell most come first
        self.row_of = first[np.take_along_axis(moved, first, axis=1) > 0].astype(np.int64)
        self.first = self.second = np.zeros(0, np.int64)
        self.most = 0

    def room(self, now: Integers) -> Integers:
        """Return what is left of each rule; less than nothing where it is broken."""
        left: Integers = self.limit - self.uses[now].sum(axis=0)
        return left

    def list_near(self, now: Integers, room: Integers, asked: Flags, width: int) -> None:
        """List the exchanges of the actors asked anew, those of the others staying."""
        none = np.zeros(0, np.int64)
        classes = np.zeros(_CLASSES, np.int64)

        def pairs(sample: int, most: int, first: Integers, second: Integers) -> int:
            return int(
                _pairs(
                    self.starts, self.missed, self.uses, now, self.row_from, self.row_of,
                    self.price, room, asked, sample, most, width, classes, first, second,
                )
            )  # fmt: skip

        if asked.all():
            pairs(_SAMPLE, width * _CLASSES - 1, none, none)
            within = int(np.searchsorted(np.cumsum(classes), _PAIRS // _SAMPLE, side="right"))
            self.most = within * width - 1
            self.first = self.second = none
        first, second = np.zeros(2 * _PAIRS, np.int64), np.zeros(2 * _PAIRS, np.int64)
        kept = pairs(1, self.most, first, second)
        stays = ~(asked[self.owner[self.first]] | asked[self.owner[self.second]])
        self.first = np.concatenate([self.first[stays], first[:kept]])
        self.second = np.concatenate([self.second[stays], second[:kept]])

    def best(self, now: Integers, room: Integers, least: int) -> Integers | None:
        """Return the choices after the best sum of two exchanges; None when none is better."""
        a, b = self.owner[self.first], self.owner[self.second]
        change = (
            self.uses[self.first] - self.uses[now[a]] + self.uses[self.second] - self.uses[now[b]]
        )
        gain = (
            self.worth[self.first] - self.worth[now[a]]
            + self.worth[self.second] - self.worth[now[b]]
        )  # fmt: skip
        nobody = -1
        who = np.where(self.first == now[a], nobody, a)
        other = np.where(self.second == now[b], nobody, b)
        swapped = who == nobody
        who, other = np.where(swapped, other, who), np.where(swapped, nobody, other)
        _, one, two = _best_two(gain, change, who, other, room, self.price, least, _LOOKED)
        if one < 0:
            return None
        then = now.copy()
        for at in (one, two):
            if at >= 0:
                then[[a[at], b[at]]] = np.where(
                    [self.first[at] != now[a[at]], self.second[at] != now[b[at]]],
                    [self.first[at], self.second[at]], then[[a[at], b[at]]],
                )  # fmt: skip
        return then


def better_by_fours(
    listed: Listed,
    prices: Floats,
    picked: Integers,
    *,
    size: float,
    turns: int,
    enough: int,
    clock: Clock,
) -> tuple[Integers, int] | None:
    """Return choices that hold the rows, and their worth; None when they can't be mended.

    Parameters
    ----------
    listed
        What may be chosen.
    prices
        Of the rows.
    picked
        The choices to begin with; they may break rules by a little.
    size
        An actor's mean part of the bound.
    turns
        Exchanges made, at most.
    enough
        The worth at which to stop.
    clock
        When to stop at the latest.
    """
    known = _Exchanges(listed, prices)
    place = np.argsort(known.order)
    now = place[picked].astype(np.int64)
    width = max(1, int(size * _UNIT * _CLASS_SHARE))
    asked = np.ones(len(now), bool)
    mends = 0
    for _ in range(turns):
        room = known.room(now)
        holds = bool((room >= 0).all())
        if clock.over or mends > _MENDS or (holds and known.worth[now].sum() >= enough):
            break
        mends += not holds
        aim = np.zeros_like(room) if holds else np.minimum(room, 0)
        known.list_near(now, aim, asked, width)
        then = None
        for part in (0,) if holds else _MENDED:
            then = known.best(
                now, np.where(room < 0, room - room * part // _EIGHTHS, room),
                0 if holds else _NONE,
            )  # fmt: skip
            if then is not None:
                break
        if then is None:
            break
        asked = np.full(len(now), fill_value=not holds) | (then != now)
        now = then
    if (known.room(now) < 0).any():
        return None
    return known.order[now], int(known.worth[now].sum())

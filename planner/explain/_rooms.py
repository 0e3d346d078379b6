"""The smallest change of room that flips a sector: two stairs, and where one passes the other.

With more room the best programme with a sector, and the best without it, are worth more, by steps:
a programme stays the best of its side for every room that still holds it.  Between two rooms no
change flips the sector when even the most that its new side is worth there is less than the least
of the other side; what is left is cut in halves, the smaller changes first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

__all__ = ["FAR", "Found", "Side", "Step", "TooFarError", "Unproved", "first_flip"]

FAR: Final = 2**62
_SHY: Final = 0.65  # of the way to where one side may pass the other
_STUCK: Final = 2  # how often that may fail before it isn't tried any more
_SHORT: Final = 4  # times less far than before: then the best itself is asked
_WIDER: Final = 4  # each time that no change flips among those looked at together


class Unproved(Exception):  # noqa: N818 (no error: the search ends there)
    """The best programme of a side is not proved, or too many were asked."""


Last = Callable[[int, int, int], int | None]


class TooFarError(Exception):
    """Which change is enough can't be told at once."""


@dataclass(frozen=True)
class Step:
    """The best programme of a side for every change in [low, high]; no worth: there is none."""

    worth: tuple[int, ...] | None
    low: int
    high: int


class Side:
    """The best programme of one side at each change of room, asked once a step.

    Parameters
    ----------
    ask
        What answers for one change: under the first objective alone, or under all of them.
    last
        What tells, of the changes of a range, the last (where room shrinks) or the first (where it
        grows) at which the best is worth so much under the first objective; None if nothing can.
    most
        What the best can't pass at a change under the first objective, where that is known at once.
    """

    def __init__(
        self,
        ask: Callable[[int, bool], Step],
        last: Last | None = None,
        most: Callable[[int], int | None] | None = None,
    ) -> None:
        self.ask, self.last, self.most = ask, last, most
        self.steps: dict[bool, list[Step]] = {False: [], True: []}

    def known(self, change: int, *, full: bool = False) -> Step | None:
        """Return the best at a change, if it was met."""
        return next((one for one in self.steps[full] if one.low <= change <= one.high), None)

    def at(self, change: int, *, full: bool = False) -> Step:
        """Return the best at a change."""
        step = self.known(change, full=full)
        if step is not None:
            return step
        step = self.ask(change, full)
        self.steps[full].append(step)
        return step

    def meets(self, worth: int, low: int, high: int) -> int | None:
        """Return the first or last change of a range at which the best is worth so much."""
        if self.last is None:
            raise TooFarError
        return self.last(worth, low, high)


@dataclass(frozen=True)
class Found:
    """The smallest change lies in [low, high]; high is None when none is known to flip.

    ``whole``: all was searched, so that it is ``high``, or none does.
    """

    low: int
    high: int | None
    whole: bool


def first_flip(
    mine: Side,
    other: Side,
    *,
    rises: bool,
    low: int,
    end: int,
    high: int | None,
    width: int,
    wins_tie: Callable[[int], bool],
    most: Callable[[int], int | None] | None = None,
    clear: Callable[[int, int], int | None] | None = None,
) -> Found:
    """Return the smallest change at which one side passes the other.

    Parameters
    ----------
    mine, other
        The side to flip to, and the present one.
    rises
        Whether both are worth more the larger the change; less otherwise.
    low, end
        No change below ``low`` flips, and none beyond ``end`` counts.
    high
        A change that flips for sure, if one is known.
    width
        Of the first changes that are looked at together.
    wins_tie
        Whether the answer is on the side to flip to where both are worth the same.
    most
        What a first objective of ``mine`` can't pass at a change, None when there is no programme.
    clear
        Up to which of a range of changes the present side is worth more, as far as is told at once:
        the one before it where its first may flip; None where that isn't told.
    """
    walk = _Walk(mine, other, wins_tie, most, rises=rises)
    walk.clear = clear
    walk.done, walk.high = low - 1, high
    try:
        end = end if high is None else min(high - 1, end)
        while walk.done < end and walk.high == high:
            if walk.leap(end):
                continue
            before, now = mine.known(walk.done), min(walk.done + width, end)
            walk.run(now)
            # where one is worth the same over all these changes, the others may well clear at once
            still = rises and before is not None and before is mine.known(now)
            width = end if still else width * _WIDER
    except Unproved:
        return Found(low=walk.done + 1, high=walk.high, whole=False)
    return Found(low=walk.done + 1, high=walk.high, whole=True)


class _Walk:
    """All changes up to ``done`` are known not to flip; ``high`` does."""

    def __init__(
        self,
        mine: Side,
        other: Side,
        wins_tie: Callable[[int], bool],
        most: Callable[[int], int | None] | None,
        *,
        rises: bool,
    ) -> None:
        self.mine, self.other, self.wins_tie, self.most = mine, other, wins_tie, most
        self.rises = rises
        self.done = 0
        self.stuck = 0
        self.gone, self.short = 0, False  # how far bounds led, and whether that fell short
        self.high: int | None = None
        self.clear: Callable[[int, int], int | None] | None = None

    def _clear_many(self, end: int) -> bool:
        """Go as far as both sides are told at once."""
        done = None if self.clear is None else self.clear(self.done + 1, end)
        if done is None:
            return False
        if done == self.done:
            return self._step_on(end)
        self.done = done
        return True

    def _step_on(self, end: int) -> bool:
        """Decide on the next change, and go on from it: where both sides tie, as far as they do.

        False where that isn't told at once: the next changes are then searched, ever more of them.
        """
        now = self.done + 1
        flips, _, last = self._decide(now)
        if flips:
            self.high = now
            return True
        self.done = max(now, last)
        own, rival = (side.at(now).worth for side in (self.mine, self.other))
        if own is not None and rival is not None and own[0] == rival[0]:
            try:
                self.run(self._tied_to(now, end))
            except TooFarError:
                self.stuck = _STUCK
                return False
        return True

    def leap(self, end: int) -> bool:
        """Go as far as one side alone tells that no change flips; False where none can tell.

        Where room grows, nothing flips before the side to flip to is worth what the other one is
        now; where it shrinks, while the other one is still worth more than it is now.
        """
        if self._clear_many(end):
            return True
        if self.mine.last is None or self.other.last is None or self.stuck >= _STUCK:
            return False
        now = self.done + 1
        steady, moving = (self.other, self.mine) if self.rises else (self.mine, self.other)
        if not self.rises and steady.known(now) is None and self._leap_by_bound(end):
            return True
        worth = steady.at(now).worth
        if worth is None and self.rises:
            return False
        try:
            clear = end if worth is None else self._clear_to(moving, worth[0], end)
            if clear > self.done:
                self.done = clear
                return True
            flips, _, _ = self._decide(now)
            if flips:
                self.high = now
                return True
            tied = self._tied_to(now, end)
        except TooFarError:
            self.stuck += 1
            flips, _, last = self._decide(now)
            self.high = now if flips else self.high
            self.done = self.done if flips else max(now, min(last, end))
            return True
        self.run(tied)
        return True

    def _leap_by_bound(self, end: int) -> bool:
        """Go on by what the side to flip to can't pass, where that goes as far as before."""
        most = None if self.mine.most is None else self.mine.most(self.done + 1)
        if most is None or self.short:
            self.short = False
            return False
        try:
            clear = self._clear_to(self.other, most, end)
        except TooFarError:
            self.short = True
            return False
        self.short = (clear - self.done) * _SHORT < self.gone
        self.gone = max(clear - self.done, 1)
        if clear <= self.done:
            return False
        self.done = clear
        return True

    def _clear_to(self, moving: Side, worth: int, end: int) -> int:
        """Return up to where the side whose room matters stays beyond what the other is worth."""
        met = moving.meets(worth + (not self.rises), self.done + 1, end)
        if self.rises:
            return end if met is None else met - 1
        return self.done if met is None else met

    def _tied_to(self, now: int, end: int) -> int:
        """Return up to where both sides stay worth the same as now, under the first objective."""
        for side in (self.mine, self.other):
            worth = side.at(now).worth
            if worth is None:
                return now
            met = side.meets(worth[0] + self.rises, now, end)
            end = end if met is None else max(met - self.rises, now)
        return end

    def run(self, end: int) -> None:
        """Search up to ``end``: ends of what is left, the nearest last, and where each goes on."""
        left = [(end, end)] if end > self.done else []
        while left:
            to, then = left.pop()
            if to <= self.done or self._is_clear(self.done + 1, to):
                self.done = max(self.done, then)
                continue
            flips, first, last = self._decide(to)
            if flips:
                self.high = max(first, self.done + 1)
                left, to = [], self.high - 1
                then = to
            else:
                to = first - 1
            if not self.rises and to > self.done:
                flips, first, last = self._decide(self.done + 1)
                if flips:
                    self.high = self.done + 1
                    return
                self.done = min(last, to)
            if to <= self.done:
                self.done = max(self.done, then)
                continue
            left.append((to, then))
            middle = self._between(to)
            left.append((middle, middle))

    def _between(self, to: int) -> int:
        """Return a change up to which nothing may flip: where the steeper side passes the other."""
        span = to - self.done
        moving, still = (self.mine, self.other) if self.rises else (self.other, self.mine)
        ends = [moving.known(self.done), moving.known(to), still.known(self.done)]
        values = [one.worth[0] for one in ends if one is not None and one.worth]
        near = span // 2
        if len(values) == len(ends) and values[1] != values[0]:
            near = int(span * _SHY * (values[2] - values[0]) / (values[1] - values[0]))
        return self.done + max(1, min(near, span - 1, span * 7 // 8))

    def _is_clear(self, low: int, high: int) -> bool:
        """Tell whether nothing from ``low`` to ``high`` flips, by the two ends alone."""
        best, least = (high, low) if self.rises else (low, high)
        # the end that was decided last is known, and says nearly as much as the first that wasn't
        if self.rises and self.other.known(low) is None and self.other.known(low - 1) is not None:
            least = low - 1
        if not self.rises and self.mine.known(low) is None and self.mine.known(low - 1) is not None:
            best = low - 1
        rival = self.other.at(least).worth
        if self.most is not None and rival:
            most = self.most(best)
            if most is None or most < rival[0]:
                return True
        own = self.mine.at(best).worth
        if own is not None and own == rival:
            own, rival = (one.at(at, full=True).worth for one, at in
                          ((self.mine, best), (self.other, least)))  # fmt: skip
        return own is None or (rival is not None and own < rival)

    def _decide(self, change: int) -> tuple[bool, int, int]:
        """Tell whether a change flips, and from where to where the same is so."""
        own, rival = self.mine.at(change), self.other.at(change)
        if own.worth is not None and own.worth == rival.worth:
            own, rival = (one.at(change, full=True) for one in (self.mine, self.other))
        low, high = max(own.low, rival.low), min(own.high, rival.high)
        if own.worth is None:
            return False, low, high
        if rival.worth is None or own.worth > rival.worth:
            return True, low, high
        return own.worth == rival.worth and self.wins_tie(change), low, high

"""Up to which room one side of a sector stays ahead of the other, told for many rooms at once."""

from __future__ import annotations

import numpy as np

from planner.choice import ChoiceProblem
from planner.programme._actors.blocks import ColumnPool
from planner.programme._changed_rooms import ChangedRooms, TooMuchError
from planner.programme._search.room_stairs import Stairs, climb

__all__ = ["ClearedRooms"]

_WINDOW, _WIDEST = 16_384, 2**20  # rooms that are told at once: at first, and at most
_STAIRS = 4  # kept of either side
_FEW, _SELDOM = 16, 64  # rooms that are hardly worth it; how often it isn't tried then, at most


class ClearedRooms(ChangedRooms):
    """Best programmes where some room changes, and stairs of what either side can be worth."""

    def __init__(self, problem: ChoiceProblem, pool: ColumnPool, position: int, place: str) -> None:
        super().__init__(problem, pool, position, "limit", place)
        self.divisor = max(int(np.gcd.reduce(self.used)), 1)
        self.window, self.steep = _WINDOW, False  # steep: stairs are too much
        self.waits, self.wait = 0, 0  # how often it isn't tried, from now on and the last time
        self.stairs: dict[bool, list[tuple[int, Stairs]]] = {True: [], False: []}

    def clear(self, now: int, end: int, *, inside: bool) -> int | None:
        """Return up to which change the present side is worth more, None if that isn't told.

        Parameters
        ----------
        now, end
            Changes from ``now`` to ``end`` are looked at, without their sign.
        inside
            Whether the sector is in, and room shrinks; else it grows.
        """
        if not self.able or self.steep:
            return None
        if self.waits > 0:
            self.waits -= 1
            return None
        done = now - 1
        try:
            for fresh in (False, True):
                if done < now:
                    done = self._clear(now, end, inside=inside, fresh=fresh)
        except TooMuchError:
            self.steep = True
        self.wait = 0 if done - now >= _FEW else min(2 * self.wait + 1, _SELDOM)
        self.waits = self.wait
        return None if done < now else done

    def _clear(self, now: int, end: int, *, inside: bool, fresh: bool) -> int:
        """Do it by stairs that are known, or made here."""
        sign = -1 if inside else 1
        room, sides = self._room(sign * now), []
        for wanted in (not inside, inside):
            if fresh and all(made != now for made, _ in self.stairs[wanted]):
                one = self._climb(sign * now, wanted=wanted, inside=inside)
                if one is None:
                    return now - 1
                self.stairs[wanted] = [*self.stairs[wanted][1 - _STAIRS :], (now, one)]
            known = [one for _, one in self.stairs[wanted] if one.holds(room)]
            if not known:
                return now - 1
            sides.append(known)
        last = min(end, now + self.window * self.divisor - 1)
        rooms = (self.upper + sign * np.arange(now, last + 1)) // self.divisor
        most = min((one.most[one.places(rooms)] for one in sides[0]), key=lambda some: some[0])
        least = max((one.least[one.places(rooms)] for one in sides[1]), key=lambda some: some[0])
        both = min(len(most), len(least))
        ahead = most[:both] < least[:both]
        if not ahead.all():
            self.window = max(self.window // 2, _WINDOW)
            return now - 1 + int(np.argmin(ahead))
        self.window = min(self.window * 2, _WIDEST)
        return now - 1 + both

    def _climb(self, change: int, *, wanted: bool, inside: bool) -> Stairs | None:
        """Make lists at a change, and stairs from its room on."""
        page = self._page(change, wanted=wanted, reach=self.reach, of_both=False)
        if page is None:
            return None
        names = [row.name for row in page.rows]
        if self.place not in names:
            raise TooMuchError
        room = self._room(change)
        further = self.window - 1
        low, high = (room - further, room) if inside else (room, room + further)
        stairs = climb(page, names.index(self.place), low, high)
        self.spent += stairs.work
        return stairs

    def _room(self, change: int) -> int:
        return (self.upper + change) // self.divisor

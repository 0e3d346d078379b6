"""Where an actor's own envelope changes: what each of its choices is worth doesn't.

What all others are worth beside a choice of one actor hangs on the common rules, not on that
actor's envelope.  So a choice that needs less room than another and is worth more beats it at every
envelope, and one search tells for hundreds of envelopes at once whether any choice of one side is
worth as much as a programme of the other side that is known to fit there.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceProblem
from planner.programme._actors.blocks import Block, ColumnPool, lighter, split_problem
from planner.programme._actors.diagram import Diagram, TooWideError
from planner.programme._changed_rooms import SMALL, ChangedRooms, Reached, TooMuchError
from planner.programme._search.links import Links, settle_links
from planner.programme._search.near_lists import Page
from planner.programme._search.room_lists import with_room

__all__ = ["OwnEnvelope"]

Integers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.uint8]

_WINDOW, _LEAST_WINDOW, _WIDEST = 512, 16, 2**14  # envelopes that are told at once
_SAME_PRICES = 600  # so far is an envelope near another
_LISTED, _MET = 50_000, 400_000  # choices of the actor at most, and before links drop some
_ROUNDS = 200  # programmes of one window at most
_FEW = 30  # so few let the next be wider
_FURTHEST, _LINKED_FURTHEST = 2, 4  # times as far as lists went; where envelopes bind several
_NONE = -(2**62)
_GOOD = 3  # quarters of how far the best is from its bound: the present side is known as well
_LEVELS = 8  # into how many steps a search goes
_FURTHER_ON = 1_000  # from which change on the widest envelope is asked first
_CALM = 4  # windows after which they may be wider again
_LONG = 3  # so many searches for the best that are too long end it
_SHORT = 8  # a search that needn't end has this part of the operations
_TWICE = 2  # times as many operations of one search as elsewhere
_LISTED_WORK = 20_000_000  # operations that listing an actor's choices is counted for


@dataclass(frozen=True, eq=False)
class _Own:
    """Choices of the actor: what they need, and what no programme with one can pass."""

    rows: Rows
    use: Integers
    most: Integers

    def some(self, kept: npt.NDArray[np.bool_]) -> _Own:
        return _Own(self.rows[kept], self.use[kept], self.most[kept])


class OwnEnvelope(ChangedRooms):
    """Best programmes where the envelope of the actor who decides on a sector changes.

    Parameters
    ----------
    problem, pool, position, place
        As :class:`ChangedRooms`; the room is the envelope of ``place``.
    """

    def __init__(self, problem: ChoiceProblem, pool: ColumnPool, position: int, place: str) -> None:
        super().__init__(problem, pool, position, "envelope", place)
        self.window, self.widest = _WINDOW, _WIDEST
        self.work = min(_TWICE * self.work, pool.work)
        self.asked = 0  # how far the lists of this window must go
        self.calm = 0  # windows since one was too wide
        self.flat: int | None = None  # from which change on the side without gains nothing
        self.long = 0  # searches for the best that were too long
        self.stop = 0  # a change that may flip
        self.priced: Page | None = None  # of the other side, and of the present one
        self.near: Page | None = None
        self.least_reach = 0
        self.exact: list[tuple[int, int]] = []  # rooms at which the present side's best is known
        self.own: dict[bool, Block] = {}
        actor, decider = problem.actors.index(place), self.problem.decider
        users = decider[self.used > 0]
        alone = bool((users == actor).all()) and int(decider[self.position]) == actor
        self.tells = self.able and alone  # whether anything is told here, or any more

    def clear(self, now: int, end: int, *, inside: bool) -> int | None:
        """Return up to which change the present side is worth more.

        Parameters
        ----------
        now, end, inside
            As of :meth:`ClearedRooms.clear`.

        Returns
        -------
        int or None
            ``now - 1`` where ``now`` may flip it; None where that isn't told.
        """
        if not inside and self.tells and now > _FURTHER_ON and self.flat is None:
            self.flat = self._flat_from(end)
        if self.flat is not None and now >= self.flat:
            return end
        while self.tells:
            if now == self.stop:
                return now - 1
            try:
                last = min(end, now + self.window - 1, (self.flat or end + 1) - 1)
                return self._clear(now, last, inside=inside)
            except TooMuchError:
                self.window = self.widest = self.window // 2
                self.calm = 0
                self.tells = self.tells and self.window >= _LEAST_WINDOW
            except TooWideError:
                self.tells = False
        return None

    def _flat_from(self, end: int) -> int:
        """Return from which change on no more room serves the side without; after ``end`` if none.

        What is the best at the widest envelope is so at each that holds it.
        """
        try:
            without, within = (self.best(end, wanted=wanted) for wanted in (False, True))
        except TooMuchError:
            return end + 1
        if without is None or (within is not None and within.worth >= without.worth):
            return end + 1
        return without.use - self.upper

    def _clear(self, now: int, last: int, *, inside: bool) -> int:
        sign = -1 if inside else 1
        low, high = sorted((self.upper + sign * now, self.upper + sign * last))
        self.asked = 0
        while True:
            page = self._priced(high - self.upper, wanted=not inside)
            if page is None:  # no programme has the sector on its other side
                return last
            window = _Window(self, page, low, high, inside=inside)
            try:
                window.clear()
            except _FurtherError as error:
                furthest = _LINKED_FURTHEST if len(self.sources) else _FURTHEST
                if error.reach > furthest * self.least_reach:
                    raise TooMuchError from error
                self.asked = error.reach + error.reach // 8 + 1
                continue
            finally:
                self.count(page)
            break
        self.calm += 1
        if self.calm % _CALM == 0:
            self.widest = min(2 * self.widest, _WIDEST)
        if window.rounds < _FEW:
            self.window = min(2 * self.window, self.widest)
        done = self.upper - window.low if inside else window.high - self.upper
        self.stop = done + 1 if done < last else 0
        return done

    def _priced(self, change: int, *, wanted: bool) -> Page | None:
        """Return prices, and lists at them, of an envelope or one near it."""
        page, near = self.priced, min(_SAME_PRICES, self.window)
        if page is None or page.reach < self.asked or abs(page.made - change) > near:
            # no further than the best was missed by the last time, where that isn't enough: again
            usual = max(self.least_reach, self.level + self.level // 8)
            reach = max(self.asked, usual) if self.least_reach else self.reach
            page = self.priced = self._page(change, wanted=wanted, reach=reach, of_both=False)
        if page is not None:
            self.reach = page.reach
            self.least_reach = self.least_reach or page.reach
        return page

    def present(self, room: int, reach: int, *, inside: bool) -> Page:
        """Return prices of the present side at an envelope, and lists that go so far at least.

        Raises
        ------
        TooMuchError
            When these are too long, or there is no programme.
        """
        page = self.near
        if page is None or page.reach < reach or page.made != room - self.upper:
            page = self._page(room - self.upper, wanted=inside, reach=reach, of_both=False)
            self.near = page
        if page is None:
            raise TooMuchError
        return page

    def block(self, page: Page, *, wanted: bool) -> Block:
        """Return what the actor decides, its envelope wide enough for all, the sector forced."""
        if wanted not in self.own:
            wide = int(self.used.sum()) - self.upper
            asked = with_room(
                self.problem, self.position, "envelope", self.place, change=wide, wanted=wanted
            )  # fmt: skip
            self.own[wanted] = next(
                one for one in split_problem(asked)[0] if one.actor == self.place
            )  # fmt: skip
        block = self.own[wanted]
        at = [one.actor for one in page.blocks].index(self.place)
        return block if len(page.blocks[at].pairs) else lighter(block)


class _LongError(Exception):
    """A search that needn't end was too long."""


class _FurtherError(Exception):
    """Lists don't go as far as is needed."""

    def __init__(self, reach: int) -> None:
        super().__init__()
        self.reach = reach


class _Window:
    """Envelopes from ``low`` to ``high``, at the prices of one page.

    ``floor``: what a programme of the present side is worth at each of them.
    """

    def __init__(
        self, rooms: OwnEnvelope, page: Page, low: int, high: int, *, inside: bool
    ) -> None:
        self.rooms, self.page = rooms, page
        self.low, self.high, self.first, self.inside = low, high, low, inside
        self.at = [block.actor for block in page.blocks].index(rooms.place)
        self.others = page.base + page.bounds - page.each[self.at]
        self.links = Links(page, self.at)
        self.floor = np.full(high - low + 1, _NONE, np.int64)
        # lists of a small question hold all there is
        self.reach = page.reach if rooms.problem.candidates_count > SMALL else 2**62
        self.rounds, self.proved = 0, False  # proved: the last search found the best
        self.guessed: set[int] = set()

    def clear(self) -> None:
        """Narrow the envelopes to those at which no change flips, next to the present one."""
        for use, one in self.rooms.met[self.inside]:
            self._raise(use, one.worth)
        most = self._top(self.high, wanted=not self.inside)
        if most >= self.floor[0]:
            short = _SHORT if self.links.pairs else 1  # what is known may be enough
            with contextlib.suppress(_LongError):
                self._better(self.low, work=self.rooms.work // short)
        if most < self.floor[0]:
            return
        mine = self._list(self.high, int(self.floor[0]), wanted=not self.inside)
        is_open = True
        while is_open and self.low <= self.high:
            mine = mine.some(mine.use <= self.high)
            least = self.floor[np.maximum(mine.use, self.low) - self.first]
            some = mine.most >= least
            mine = mine.some(some)
            is_open = bool(some.any()) and self._ask(mine, least[some])
            self.rounds += 1
            if self.rounds > _ROUNDS:
                raise TooMuchError

    def _ask(self, mine: _Own, least: Integers) -> bool:
        """Look for a programme that may flip: narrow the envelopes, or better what is known there.

        Returns
        -------
        bool
            Whether there was one, or may be.
        """
        far = mine.most - least
        worst = int(np.argmax(far))
        good = (self.rooms.level or self.page.reach) * _GOOD // 4
        if far[worst] > min(good, self.reach):  # what is known there may be far from the best
            if self._better(max(int(mine.use[worst]), self.low)):
                return True
            if far[worst] > self.reach:
                raise _FurtherError(int(far[worst]))
        reach = int(far[worst])
        found = self._search(
            mine, least, reach - far, far=reach, reach=reach, above=-1, any_above=True
        )
        if found is None:
            return False
        self.rooms.met[not self.inside].append(found)
        use, one = found
        room = max(use, self.low)
        if self.inside:  # the widest envelope at which the present side is known to be worth less
            known = self.floor[self.low - self.first : self.high - self.first + 1]
            room = self.low + int(np.searchsorted(known, one.worth, side="right")) - 1
        while self.floor[room - self.first] <= one.worth and self._better(room):
            pass
        if self.floor[room - self.first] > one.worth:
            return True
        if self.inside:
            self.low = room + 1
        else:
            self.high = room - 1
        return True

    def _raise(self, use: int, worth: int) -> None:
        """Take in what a programme of the present side is worth."""
        if use < self.first + len(self.floor):
            floor = self.floor[max(use - self.first, 0) :]
            np.maximum(floor, worth, out=floor)

    def _better(self, room: int, *, work: int | None = None) -> bool:
        """Better what is known at an envelope, at once if that is easy; False if it is the best.

        ``work``: operations of one search, where it needn't be the best.
        """
        if any(low <= room <= high for low, high in self.rooms.exact):
            return False
        try:
            return self._better_here(room, work)
        except _FurtherError:
            if not self.links.pairs:
                raise
        return self._better_apart(room, work)

    def _better_apart(self, room: int, work: int | None) -> bool:
        """Do it at prices of the present side, which bound it nearer than those of the other."""
        rooms, reach = self.rooms, self.rooms.least_reach
        while True:
            page = rooms.present(room, reach, inside=self.inside)
            window = _Window(rooms, page, room, room, inside=self.inside)
            window.floor[0] = self.floor[room - self.first]
            try:
                bettered = window._better_here(room, work)
            except _FurtherError as error:
                if error.reach > _LINKED_FURTHEST * rooms.least_reach:
                    raise
                reach = error.reach + error.reach // 8 + 1
                continue
            finally:
                rooms.count(page)
            self.proved = window.proved
            for use, one in rooms.met[self.inside]:
                self._raise(use, one.worth)
            return bettered

    def _better_here(self, room: int, work: int | None) -> bool:
        rooms = self.rooms
        known = int(self.floor[room - self.first])
        top = self._top(room, wanted=self.inside)
        level = rooms.level or self.page.reach // _LEVELS
        if room not in self.guessed and top - known > 2 * level:
            self.guessed.add(room)
            found = self._best(
                room, top - level // 2, level // 2, above=top - 2 * level - 1, work=work
            )
            if found is not None:
                self._learn(found)
                return True
        found, far = None, top - known - 1
        while far >= 0:
            near = min(level, far)
            found = self._best(room, top - near, near, work=work)
            if found is not None or near == far:
                break
            level = level + level // 4 + 1
        if found is None:
            rooms.exact.append((room, room))
            return True
        use, one = found
        self._learn(found)
        if self.proved:  # else the search was too long: it goes on from what it found
            rooms.level = max((top - one.worth) * 5 // 4, level * 3 // 4, 1)
            rooms.bests[self.inside].append((use - rooms.upper, room - rooms.upper, one))
            rooms.exact.append((use, room))
        return True

    def _learn(self, found: tuple[int, Reached]) -> None:
        self.rooms.met[self.inside].append(found)
        self._raise(found[0], found[1].worth)

    def _best(
        self,
        room: int,
        least: int,
        far: int,
        *,
        above: int | None = None,
        work: int | None = None,
    ) -> tuple[int, Reached] | None:
        """Return the best programme of the present side, if it is worth so much.

        ``above``: then any that is worth more is enough.
        """
        if far > self.reach:
            raise _FurtherError(far)
        some = self._list(room, least, wanted=self.inside)
        if not len(some.use):
            return None
        less = np.zeros(len(some.use), np.int64)
        any_above, above = above is not None, least - 1 if above is None else above
        return self._search(
            some, less, least + far - some.most, far=far, reach=least + far - above - 1,
            above=above, any_above=any_above, work=work,
        )  # fmt: skip

    def _search(
        self,
        own: _Own,
        less: Integers,
        missed: Integers,
        *,
        far: int,
        reach: int,
        above: int,
        any_above: bool = False,
        work: int | None = None,
    ) -> tuple[int, Reached] | None:
        """Return a programme with one of some choices, worth more than a number; its own need too.

        ``less``: taken off what each choice is worth.  ``missed``: by each of them.  ``far``,
        ``reach``: what a choice of another may miss, and all that go together.
        """
        page = self.page.with_list(self.at, own.rows, less, missed)
        page.keep(page.missed <= far)
        page.reach = reach
        if self.links.pairs:
            settle_links(page, None)
        value, most, parts = page.search_best(
            page.rows, np.ones(len(page.missed), bool), above=above,
            work=work or self.rooms.work, any_above=any_above,
        )  # fmt: skip
        self.page.spent += page.spent
        self.proved = most <= value
        if parts is None:
            if not self.proved:
                if work is not None:
                    raise _LongError
                self.rooms.long += 0 if any_above else 1
                self.rooms.tells = self.rooms.long < _LONG
                raise TooMuchError
            return None
        one = self.rooms.reached(page, parts)
        return one.use, one

    def _top(self, room: int, *, wanted: bool) -> int:
        """Return what no programme of a side can pass at an envelope."""
        block, diagram = self._block(room, wanted=wanted)
        answer = diagram.best(
            self.page.node[block.members], self.page.pair[block.pairs],
            weight=block.weight, limit=block.limit,
        )  # fmt: skip
        return _NONE if answer is None else (answer[2] + self.others) >> self.page.shift

    def _list(self, room: int, least: int, *, wanted: bool) -> _Own:
        """List the actor's choices within an envelope that can be worth so much."""
        rooms, page = self.rooms, self.page
        block, diagram = self._block(room, wanted=wanted)
        if self._top(room, wanted=wanted) - least <= self.reach:  # lists hold what goes beside
            diagram = diagram.holding(*self.links.settled())
        rows, values, complete = diagram.above(
            page.node[block.members], page.pair[block.pairs], weight=block.weight,
            limit=block.limit, floor=(least << page.shift) - self.others,
            at_most=_MET if self.links.pairs else _LISTED,
        )  # fmt: skip
        rooms.spent += _LISTED_WORK
        most = (values + self.others) >> page.shift
        some = most - self.links.missed(rows) >= least
        if not complete or some.sum() > _LISTED:
            raise TooMuchError
        rows = rows[some]
        return _Own(rows, rows.astype(np.int64) @ rooms.used[block.members], most[some])

    def _block(self, room: int, *, wanted: bool) -> tuple[Block, Diagram]:
        """Return what the actor decides with an envelope, and its diagram."""
        block = self.rooms.block(self.page, wanted=wanted)
        diagram = self.rooms.pool.diagram(block.ground)
        if diagram is None:
            raise TooMuchError
        divisor = max(int(np.gcd.reduce(self.rooms.used[block.members])), 1)
        return replace(block, limit=min(room // divisor, int(block.weight.sum()))), diagram

"""What one actor's choices must be beside the lists of others: sectors and their copies agree.

A choice that holds a copy of a sector lets whoever decides on that sector choose it.  What the
others miss at least beside a choice is told from their lists by what they share with it alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.programme._actors.blocks import Row
from planner.programme._actors.columns import Stage
from planner.programme._search.near_lists import Page, spans
from planner.programme._search.settled_lists import list_settled

__all__ = ["Links", "has_copies", "list_linked", "settle_links"]

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.uint8]

_COPY = "copy."  # how the names of rules begin that let a sector be where its copy is
_CELLS = 2_000_000  # patterns of the one beside those of the other that are compared at once
_MOST = 60  # links of two actors: bits of a whole number


@dataclass(frozen=True, eq=False)
class _Pair:
    """What one actor shares with another: places in their members, and what may not be together.

    ``free``: bits of what the other must not hold where the actor doesn't; ``bound``: of what
    the actor must not hold where the other doesn't.
    """

    other: int
    mine: Integers
    free: int
    bound: int
    patterns: Integers  # what the other's list holds of it
    missed: Integers  # the least that a choice with each misses

    def beside(self, rows: Rows, none: int) -> Integers:
        """Return what the other misses at least beside each choice; ``none`` where none agrees."""
        held, place = np.unique(_bits(rows[:, self.mine]), return_inverse=True)
        least = np.empty(len(held), np.int64)
        step = max(_CELLS // max(len(self.patterns), 1), 1)
        for start in range(0, len(held), step):
            some = held[start : start + step, None]
            lacks = self.patterns[None, :] & ~some & self.free
            passes = some & ~self.patterns[None, :] & self.bound
            agree = (lacks | passes) == 0
            least[start : start + step] = np.where(agree, self.missed[None, :], none).min(axis=1)
        return least[place]


class Links:
    """The links of one actor with the others of a page.

    Parameters
    ----------
    page
        Lists of all other actors, whole as far as its reach.
    at
        Position of the actor among its blocks; its own list isn't looked at.
    """

    def __init__(self, page: Page, at: int) -> None:
        self.none = page.reach + 1  # what is in no list misses more than the reach
        where = {int(one): b for b, block in enumerate(page.blocks) for one in block.members}
        shared: dict[int, list[tuple[int, int, bool, bool]]] = {}
        for row in page.rows:
            if not row.name.startswith(_COPY):
                continue
            sector, copy = (int(np.flatnonzero(row.coefficients == one)[0]) for one in (1, -1))
            same = row.lower is not None
            if where[sector] == at:
                shared.setdefault(where[copy], []).append((sector, copy, same, True))
            elif where[copy] == at:
                shared.setdefault(where[sector], []).append((copy, sector, True, same))
        members, places = page.blocks[at].members, spans(page.sizes)
        self.pairs = []
        for other, every in sorted(shared.items()):
            start, end = places[other]
            ones = every[:_MOST]  # to leave some out only tells less
            theirs = np.searchsorted(page.blocks[other].members, [one[1] for one in ones])
            patterns, missed = _least(page.lists[other][:, theirs], page.missed[start:end])
            self.pairs.append(_Pair(
                other=other, mine=np.searchsorted(members, [one[0] for one in ones]),
                free=_word([one[2] for one in ones]), bound=_word([one[3] for one in ones]),
                patterns=patterns, missed=missed,
            ))  # fmt: skip
        self.count = len(members)

    def settled(self) -> tuple[Flags, Flags]:
        """Return which members a choice must hold, and which it holds in vain or must not."""
        always, never = np.zeros(self.count, bool), np.zeros(self.count, bool)
        for pair in self.pairs:
            held = int(np.bitwise_and.reduce(pair.patterns))
            some = int(np.bitwise_or.reduce(pair.patterns))
            for bit, place in enumerate(pair.mine.tolist()):
                if pair.free >> bit & 1 and held >> bit & 1:
                    always[place] = True
                if not some >> bit & 1:
                    never[place] = True
        return always, never

    def missed(self, rows: Rows, *, but: int | None = None) -> Integers:
        """Return what all others together, but for one, miss at least beside each choice."""
        least = np.zeros(len(rows), np.int64)
        for pair in self.pairs:
            if pair.other != but:
                least += pair.beside(rows, self.none)
        return least


def has_copies(rows: Sequence[Row]) -> bool:
    """Whether some rows are links of sectors with copies of them."""
    return any(row.name.startswith(_COPY) for row in rows)


def list_linked(stage: Stage, reach: int, at_most: int) -> tuple[list[Rows], bool]:
    """List the choices within a reach that can be in a programme beside those of the others.

    Parameters
    ----------
    stage
        A question with copies, which come after all sectors, at its best prices.
    reach
        In units of the objective.
    at_most
        Choices of one actor that are met at most.

    Returns
    -------
    tuple
        Choices of each actor, and whether all of them are there.
    """
    links = [row.coefficients for row in stage.rows if row.name.startswith(_COPY)]
    source = {int(np.argmin(one)): int(np.argmax(one)) for one in links}  # of each copy
    sources = np.array([source[copy] for copy in sorted(source)])
    _, lists, missed, complete = list_settled(stage, sources, reach, None, at_most)
    if not complete or min(map(len, lists)) == 0:
        return lists, complete
    page = Page(stage, lists, missed, reach, 0)
    settle_links(page, None)
    return page.lists, True


def settle_links(page: Page, changing: str | None) -> None:
    """Drop the choices of a page that can't be in a programme, and links that bind no more.

    A choice goes where it misses more than the reach with all that must go beside it.

    Parameters
    ----------
    page
        Lists, whole as far as its reach.
    changing
        The actor whose list may be another: it keeps its own, and nothing is told from it.
    """
    actors = [block.actor for block in page.blocks]
    free = actors.index(changing) if changing in actors else None
    dropped = True
    while dropped:
        dropped = False
        for at in range(len(actors)):
            if at == free:
                continue
            start, end = spans(page.sizes)[at]
            links = Links(page, at)
            least = page.missed[start:end] + links.missed(page.lists[at], but=free)
            if len(links.pairs) and least.max(initial=0) > page.reach:
                alive = np.ones(len(page.missed), bool)
                alive[start:end] = least <= page.reach
                dropped = page.keep(alive) or dropped
    page.settle(_COPY, changing)


def _word(flags: Sequence[bool]) -> int:
    return sum(1 << bit for bit, flag in enumerate(flags) if flag)


def _bits(held: Rows) -> Integers:
    """Return what each row holds as one whole number."""
    return held.astype(np.int64) @ (np.int64(1) << np.arange(held.shape[1], dtype=np.int64))


def _least(held: Rows, missed: Integers) -> tuple[Integers, Integers]:
    """Return the patterns of some rows, and the least that one with each misses."""
    patterns, place = np.unique(_bits(held), return_inverse=True)
    least = np.full(len(patterns), np.iinfo(np.int64).max)
    np.minimum.at(least, place, missed)
    return patterns, least

"""The trees of a phase hung better, at the price of the cables that their fibres need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from planner.network._prices import Book
from planner.network._trees import Branches, Line, Router
from planner.network._ways import Ints

if TYPE_CHECKING:
    from planner.network._compiled.rehang import Desk

__all__ = ["Hanging", "Rehanger", "line_below"]

_ROUNDS: Final = 2
"""Times that all trees of a phase are gone through, each knowing where the others lie."""
_PASSES: Final = 4
"""Times that the parts of one tree are, each time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Hanging:
    """A tree, the fibres asked for at some of its places, and the longest way to one (-1: none)."""

    branches: Branches
    asking: Ints
    fibres: Ints
    limit_mm: int


class Rehanger:
    """Hangs parts of trees elsewhere; keeps the room that the kernels work in."""

    def __init__(self, router: Router, book: Book) -> None:
        self.router, self.book = router, book
        self._desk: Desk | None = None
        self._price = np.zeros(1, np.int64)

    def hang(self, trees: Sequence[Hanging], works: Ints) -> list[Branches]:
        """Return the trees of a phase, together no dearer than they were.

        Parameters
        ----------
        trees
            Trees, and what each must keep.
        works
            What opening each piece costs, thousandths of a cent: paid once, whoever lies in it.
        """
        from planner.network._compiled.rehang import (  # noqa: PLC0415 (imports numba)
            Ground,
            make_desk,
            rehang,
        )

        router, ways = self.router, self.router.ways
        if self._desk is None:
            self._desk = make_desk(ways.place_count)
        used = np.zeros(works.size, np.int64)
        for tree in trees:
            used[tree.branches.piece[1:]] += 1
        most = max((int(tree.fibres.sum()) for tree in trees), default=0)
        ground = Ground(
            first=router.first, head=router.head, arc_piece=router.arc_piece,
            length=ways.length_mm, works=works, used=used, price=self.prices(most),
        )  # fmt: skip
        hung = [tree.branches for tree in trees]
        for _ in range(_ROUNDS):
            moved = False
            for row, tree in enumerate(trees):
                now = hung[row]
                if now.place.size == 1:
                    continue
                saved, place, parent, piece = rehang(
                    ground, self._desk, now.place, now.parent, now.piece, tree.asking, tree.fibres,
                    tree.limit_mm, _PASSES,
                )  # fmt: skip
                if saved:
                    moved = True
                    hung[row] = replace(now, place=place, parent=parent, piece=piece)
            if not moved:
                break
        return hung

    def prices(self, most: int) -> Ints:
        """Return what a metre of the cheapest cables for 0 to at least ``most`` fibres costs."""
        if self._price.size <= most:
            plans = self.book.plans(most)
            self._price = plans @ np.array([m.cost_cents_per_m for m in self.book.cables], np.int64)
        return self._price


def line_below(price: Ints) -> Line:
    """Return a line that no price of so many fibres, from 1 on, lies below.

    It touches the prices where the thinnest cable is full, and where it first meets a thicker one:
    so the cables of a tree cost at least what such cables at ``fixed / per`` would in its pieces,
    and ``each / per`` for each fibre led to its place the shortest way.
    """
    full = int(np.flatnonzero(price == price[1])[-1])
    base = int(price[full])
    if full == price.size - 1:
        return Line(base, 0, 1)
    each, per = base, full
    for more, cents in enumerate((price[full + 1 :] - base).tolist(), start=1):
        if cents * per < each * more:
            each, per = cents, more
    return Line(base * per - each * full, each, per)

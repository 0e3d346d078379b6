"""Column generation for one objective: each actor proposes choices, dual prices arbitrate.

Every round, each actor's diagram answers exactly what its best choice is at given prices of the
common rows.  Whatever the prices, their worth at the bounds of the rows plus the best of every
actor is a bound that no programme can pass; prices are rounded to whole numbers of a fine unit, so
that no tolerance stands in the proof.

The method is Dantzig and Wolfe's (Operations Research 8(1), 1960); prices are smoothed towards the
best ones known, as Wentges (International Transactions in Operational Research 4(2), 1997).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from planner.choice import Objective
from planner.errors import PlannerError
from planner.programme._actors.blocks import (
    Block,
    ColumnPool,
    Row,
    divisor_of,
    lighter,
    objective_row,
)
from planner.programme._actors.diagram import Diagram, TooWideError
from planner.programme._actors.master import Master
from planner.texts import Message

__all__ = ["Clock", "Region", "Stage", "TooWideError"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.uint8]
Item = TypeVar("Item")
Result = TypeVar("Result")

_WORKERS = 2
_SMOOTHING = 0.5
_ROUNDS = 400
_LEAST = 1e-6  # of a step: what the linear programme's value may be short of whole ones
_NOTHING = 1e-7  # what the linear programme may leave of broken rules
_BITS = 61
_FINEST = 24


@dataclass(frozen=True)
class Clock:
    """When to stop."""

    end: float | None

    @classmethod
    def within(cls, seconds: float | None) -> Clock:
        """Return a clock that ends in ``seconds``, or never."""
        return cls(None if seconds is None else time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds left."""
        return math.inf if self.end is None else max(0.0, self.end - time.monotonic())

    def part(self, share: float) -> Clock:
        """Return a clock that ends once a share of the time left is up."""
        return self if self.end is None else Clock.within(share * self.left)

    @property
    def seconds(self) -> float | None:
        """The same, None where there is no end."""
        return None if self.end is None else self.left

    @property
    def over(self) -> bool:
        """Whether time is up."""
        return self.left <= 0


@dataclass
class Region:
    """The blocks of a problem with the choices that were met so far."""

    blocks: tuple[Block, ...]
    pool: ColumnPool
    choices: list[Rows] = field(default_factory=list)
    known: list[set[bytes]] = field(default_factory=list)
    executor: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_WORKERS))

    def __post_init__(self) -> None:
        """Recall what the pool knows."""
        for block in self.blocks:
            known = self.pool.recall(block)
            self.choices.append(known)
            self.known.append({row.tobytes() for row in known})

    def each(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Do the same work for every item, two at a time, results in order."""
        return list(self.executor.map(work, items))

    def diagrams(self, *, with_pairs: bool) -> list[Diagram]:
        """Return the diagram of every block.

        Raises
        ------
        TooWideError
            When one can't be built.
        """
        grounds = [(b if with_pairs else lighter(b)).ground for b in self.blocks]
        found = self.each(self.pool.diagram, grounds)
        whole = [diagram for diagram in found if diagram is not None]
        if len(whole) < len(found):
            raise TooWideError
        return whole

    def learn(self, at: int, rows: Rows) -> Rows:
        """Add choices of a block; return those that are new."""
        fresh = []
        for row in rows:
            key = row.tobytes()
            if key not in self.known[at]:
                self.known[at].add(key)
                fresh.append(row)
        if not fresh:
            return rows[:0]
        new = np.array(fresh, np.uint8)
        self.choices[at] = np.concatenate([self.choices[at], new])
        return new

    def keep(self) -> None:
        """Give the pool what was learnt."""
        for block, choices in zip(self.blocks, self.choices, strict=True):
            self.pool.remember(block, choices)

    def parts(self, chosen: npt.NDArray[np.bool_]) -> list[Rows]:
        """Return what each block contributes to a choice."""
        return [chosen[block.members].astype(np.uint8)[None, :] for block in self.blocks]


@dataclass(frozen=True, kw_only=True, eq=False)
class Priced:
    """What the actors answer to prices: values in units of ``2**-shift``."""

    shift: int
    node_value: Integers
    pair_value: Integers
    base: int
    bounds: tuple[int, ...]
    prices: Floats

    @property
    def bound(self) -> int:
        """What no programme can pass."""
        return (self.base + sum(self.bounds)) >> self.shift


class Stage:
    """One objective over the rows, to be made as large as can be."""

    def __init__(
        self,
        region: Region,
        objective: Objective,
        rows: Sequence[Row],
        lists: list[Rows] | None = None,
    ) -> None:
        self.region = region
        self.objective = objective
        self.lists = lists
        self.row = objective_row(objective)
        self.step = max(divisor_of(self.row), 1)  # between two values of the objective, at least
        self.rows = list(rows)
        self.with_pairs = any(row.pair_coefficients is not None for row in [self.row, *self.rows])
        pairs = [one.pair_coefficients for one in (self.row, *rows)]
        self.pairs_count = max((len(one) for one in pairs if one is not None), default=0)
        self.blocks = region.blocks if self.with_pairs else tuple(lighter(b) for b in region.blocks)
        self.diagrams = [] if lists is not None else region.diagrams(with_pairs=self.with_pairs)
        self.best: Priced | None = None
        self.infeasible = False
        every = [row.coefficients for row in self.rows]
        self._coefficients = np.stack(every) if every else np.zeros((0, 0), np.int64)
        self._of_block: dict[int, Integers] = {}
        self._listed: tuple[Priced, int, list[Rows], list[Integers]] | None = None

    @property
    def bound(self) -> int | None:
        """What no programme can pass, in whole steps; None before it is known."""
        return None if self.best is None else self.best.bound // self.step * self.step

    # -- prices

    def price(self, prices: Floats, *, worth: int = 1) -> tuple[Priced, list[Rows]] | None:
        """Ask every actor for its best choice; None when one has no legal choice at all.

        Parameters
        ----------
        prices
            Of each row; those of the wrong sign count as zero.
        worth
            1 for the objective, 0 for the rows alone.
        """
        shift = self._shift(prices, worth)
        whole = [round(float(price) * 2**shift) for price in prices]
        base = 0
        node = self.row.coefficients * (worth << shift)
        pair = np.zeros(self.pairs_count, np.int64)
        if self.row.pair_coefficients is not None:
            pair = self.row.pair_coefficients * (worth << shift)
        for at, row in enumerate(self.rows):
            bound = row.upper if whole[at] > 0 else row.lower
            if bound is None or whole[at] == 0:
                whole[at] = 0
                continue
            base += whole[at] * bound
            node = node - whole[at] * row.coefficients
            if row.pair_coefficients is not None:
                pair = pair - whole[at] * row.pair_coefficients

        def ask(at: int) -> tuple[Rows, int, int] | None:
            block = self.blocks[at]
            if self.lists is not None:
                values = self._worth(at, node, pair)
                best = int(np.argmax(values))
                return self.lists[at][best], int(values[best]), int(values[best])
            return self.diagrams[at].best(
                node[block.members], pair[block.pairs], weight=block.weight, limit=block.limit,
                least=block.least,
            )  # fmt: skip

        answers = self.region.each(ask, range(len(self.blocks)))
        found = [answer for answer in answers if answer is not None]
        if len(found) < len(answers):
            return None
        priced = Priced(
            shift=shift, node_value=node, pair_value=pair, base=base,
            bounds=tuple(bound for _, _, bound in found),
            prices=np.array(whole, np.float64) / 2.0**shift,
        )  # fmt: skip
        return priced, [row[None, :] for row, _, _ in found]

    def _worth(self, at: int, node: Integers, pair: Integers) -> Integers:
        """Return what each listed choice of a block is worth at the given values."""
        counted = pair if self.with_pairs else None
        row = Row(name="worth", coefficients=node, pair_coefficients=counted)
        return self.blocks[at].row_values((self.lists or self.region.choices)[at], row)

    def _shift(self, prices: Floats, worth: int) -> int:
        """Return how fine prices can be without passing 64 bits."""
        node = np.abs(self.row.coefficients.astype(float)) * worth
        pair = np.zeros(self.pairs_count)
        if self.row.pair_coefficients is not None:
            pair += np.abs(self.row.pair_coefficients) * float(worth)
        for price, row in zip(prices, self.rows, strict=True):
            node = node + abs(price) * np.abs(row.coefficients)
            if row.pair_coefficients is not None:
                pair = pair + abs(price) * np.abs(row.pair_coefficients)
        largest = max(
            (node[b.members].sum() + pair[b.pairs].sum() + 1) * (b.limit + 2) for b in self.blocks
        )
        shift = min(_FINEST, _BITS - math.ceil(math.log2(largest)))
        if shift < 0:
            raise PlannerError(
                Message.of("programme.too_large", name=self.row.name),
                Message.of("programme.too_large_remedy"),
            )
        return shift

    # -- the linear programme

    def converge(self, clock: Clock, *, start: Floats | None, close_share: float) -> float | None:
        """Generate columns until bound and value meet; return the value of the linear programme.

        None when there is no programme (``infeasible``) or time is up before any.
        """
        self.master = master = Master(len(self.blocks), self.rows)
        if self.lists is not None:
            return self._bound_lists(master)
        if any(len(choices) == 0 for choices in self.region.choices):
            zero = np.zeros(len(self.rows)) if start is None else start
            if not self._ask(None, zero):
                self.infeasible = True
                return None
        for at in range(len(self.blocks)):
            self._send(master, at, self.region.choices[at], worth=0)
        if not self._reach(master, clock):
            return None
        worth = self._values()
        master.drop_helpers(float(np.abs(worth).max(initial=1)))
        master.revalue(worth)
        return self._climb(master, clock, start, close_share)

    def _bound_lists(self, master: Master) -> float | None:
        """Solve the linear programme over the lists, all there is to choose from."""
        for at, choices in enumerate(self.lists or ()):
            self._send(master, at, choices, worth=0)
        if master.solve().value <= -_NOTHING:
            self.infeasible = True  # as far as the solver can tell: whoever asks holds an answer
            return None
        worth = self._values()
        master.drop_helpers(float(np.abs(worth).max(initial=1)))
        master.revalue(worth)
        found = master.solve()
        answer = self.price(found.rows)
        self.best = None if answer is None else answer[0]
        return found.value

    def point(self) -> Floats:
        """Return how much of each candidate the linear programme takes, once it is solved."""
        taken = np.zeros(len(self.row.coefficients))
        for (at, row), weight in zip(self._sent, self.master.weights(), strict=True):
            if weight > _NOTHING:
                taken[self.blocks[at].members] += weight * row
        return taken

    def told_prices(self) -> dict[str, float]:
        """Return the price of each row at the best bound, by name."""
        prices = () if self.best is None else self.best.prices.tolist()
        return dict(zip((row.name for row in self.rows), prices, strict=self.best is not None))

    def fall(self, sector: int, way: int) -> float:
        """Return how far the value falls without the choices met that hold a sector, or don't.

        ``way`` is 0 to leave the sector out, 1 to hold it.
        """
        at = next(at for at, block in enumerate(self.blocks) if sector in block.members)
        place = int(np.searchsorted(self.blocks[at].members, sector))
        barred = [
            column for column, (who, row) in enumerate(self._sent)
            if who == at and row[place] != way
        ]  # fmt: skip
        return self.master.fall(np.array(barred, np.int32))

    def _values(self) -> Floats:
        """Return what the choices in the master are worth, in its order."""
        return np.array([
            self.blocks[at].row_values(row[None, :], self.row)[0] for at, row in self._sent
        ], np.float64)  # fmt: skip

    def _send(self, master: Master, at: int, choices: Rows, *, worth: int = 1) -> None:
        if len(choices) == 0:
            return
        if not hasattr(self, "_sent"):
            self._sent: list[tuple[int, Rows]] = []
        block = self.blocks[at]
        values = block.row_values(choices, self.row) * worth
        master.add(at, values, self._uses(at, choices))
        self._sent += [(at, row) for row in choices]

    def _uses(self, at: int, choices: Rows) -> Integers:
        """Return what choices of a block use of each row, shape (rows, choices)."""
        block = self.blocks[at]
        if not self.rows:
            return np.zeros((0, len(choices)), np.int64)
        if at not in self._of_block:
            self._of_block[at] = np.ascontiguousarray(self._coefficients[:, block.members])
        uses: Integers = self._of_block[at] @ choices.astype(np.int64).T
        for place, row in enumerate(self.rows):
            if row.pair_coefficients is not None:
                uses[place] = block.row_values(choices, row)
        return uses

    def _ask(self, master: Master | None, prices: Floats, *, worth: int = 1) -> int:
        """Price, learn and send; return how many choices were new, 0 when there is no answer."""
        answer = self.price(prices, worth=worth)
        if answer is None:
            return 0
        priced, rows = answer
        if worth and (self.best is None or _less(priced, self.best)):
            self.best = priced
        if not worth and priced.base + sum(priced.bounds) < 0:
            self.infeasible = True
        new = 0
        for at, row in enumerate(rows):
            fresh = self.region.learn(at, row)
            new += len(fresh)
            if master is not None:
                self._send(master, at, fresh, worth=worth)
        return new if master is not None else 1

    def _reach(self, master: Master, clock: Clock) -> bool:
        """Generate columns until the rows can hold; False when they can't, or time is up."""
        for _ in range(_ROUNDS):
            found = master.solve()
            if found.value > -_NOTHING:
                return True
            new = self._ask(master, found.rows, worth=0)
            if self.infeasible or new == 0 or clock.over:
                return False
        return False

    def _climb(
        self, master: Master, clock: Clock, start: Floats | None, close_share: float
    ) -> float:
        """Generate columns until bound and value meet."""
        if start is not None:
            self._ask(master, start)
        found = master.solve()
        for _ in range(_ROUNDS):
            close = max(0.5, close_share * abs(found.value))
            if self.best is not None and self.best.bound - found.value <= close:
                steps = self.best.bound // self.step - math.floor(found.value / self.step + _LEAST)
                if steps <= 0 or close > self.step:
                    break
            prices = found.rows
            smooth = self.best is not None
            if self.best is not None:
                prices = _SMOOTHING * self.best.prices + (1 - _SMOOTHING) * found.rows
            new = self._ask(master, prices)
            if new == 0 and smooth:
                new = self._ask(master, found.rows)
            if new == 0 or clock.over:
                break
            found = master.solve()
        return found.value

    # -- every choice that could matter

    def list_near(self, deficit: int, at_most: int) -> tuple[list[Rows], list[Integers], bool]:
        """List the choices of each actor that miss its best by ``deficit`` or less.

        A programme worth the bound less a gap holds no choice that misses more than the gap: where
        the lists are complete, the best of their combinations is the best of all.

        Returns
        -------
        tuple
            Choices, what each misses in units of the objective (rounded down), whether all of them.
        """
        if self.best is None:
            return [], [], False
        priced = self.best
        known = self._listed
        if known is not None and known[0] is priced and known[1] >= deficit:
            near = [missed <= deficit for missed in known[3]]
            return (
                [rows[some] for rows, some in zip(known[2], near, strict=True)],
                [missed[some] for missed, some in zip(known[3], near, strict=True)],
                True,
            )

        def ask(at: int) -> tuple[Rows, Integers, bool]:
            block = self.blocks[at]
            floor = priced.bounds[at] - ((deficit + 1) << priced.shift)
            if self.lists is not None:
                values = self._worth(at, priced.node_value, priced.pair_value)
                near = values >= floor
                missed = (priced.bounds[at] - values[near]) >> priced.shift
                return self.lists[at][near], missed, True
            rows, values, complete = self.diagrams[at].above(
                priced.node_value[block.members], priced.pair_value[block.pairs],
                weight=block.weight, limit=block.limit, floor=floor, at_most=at_most,
                least=block.least,
            )  # fmt: skip
            return rows, (priced.bounds[at] - values) >> priced.shift, complete

        answers = self.region.each(ask, range(len(self.blocks)))
        lists, missed = [rows for rows, _, _ in answers], [far for _, far, _ in answers]
        complete = all(whole for _, _, whole in answers)
        if complete:
            self._listed = priced, deficit, lists, missed
        return lists, missed, complete

    @property
    def spread(self) -> int:
        """More than any choice of an actor can miss its best by."""
        if self.best is None:
            return 0
        node, pair = np.abs(self.best.node_value), np.abs(self.best.pair_value)
        return 2 * ((int(node.sum()) + int(pair.sum())) >> self.best.shift) + 1

    def met_near(self, deficit: int) -> list[Rows]:
        """Return the choices of each actor that were met and miss its best by ``deficit`` or less.

        They come from many prices, and so differ more than those of a list.
        """
        if self.best is None:
            return [rows[:0] for rows in self.region.choices]
        priced = self.best
        return [
            rows[self._worth(at, priced.node_value, priced.pair_value)
                 >= priced.bounds[at] - (deficit << priced.shift)]
            for at, rows in enumerate(self.region.choices)
        ]  # fmt: skip


def _less(mine: Priced, other: Priced) -> bool:
    """Whether a bound is strictly lower, both in the finest unit."""
    fine = max(mine.shift, other.shift)
    left = (mine.base + sum(mine.bounds)) << (fine - mine.shift)
    right = (other.base + sum(other.bounds)) << (fine - other.shift)
    return left < right

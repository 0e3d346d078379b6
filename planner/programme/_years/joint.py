"""Column generation over all years at once: one column is what an actor opens, and when.

At given prices of the common rows an actor's years are bound together by one rule, that nothing
closes again.  That rule has prices of its own, local to the actor: at any of them, the best of each
year's diagram add up to what no sequence of the actor can pass.  They are improved by steps along
the rules that are broken (Held, Wolfe and Crowder, Mathematical Programming 6, 1974), and the
choices met on the way are made into sequences, each year's choice between its neighbours' again by
the diagram.  Everything is counted in whole numbers of a fine unit, so that no tolerance stands in
the bound.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from planner.programme._actors.blocks import Block, Row
from planner.programme._actors.columns import Clock, Region
from planner.programme._actors.diagram import Diagram
from planner.programme._actors.master import Master

__all__ = ["Joint", "NoChoiceError", "nest_name"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.uint8]

_FINEST, _PLAIN = 20, 6  # of a unit: prices are rounded to a whole part of it
_BITS, _SPARE = 61, 5  # what sums may take, and what finer units than the plain ones leave free
_SMOOTHING = 0.5
_ROUNDS = 40
_FIRST_STEPS, _STEPS = 10, 4  # along the broken rules of an actor
_SHORTER = 0.6
_CLOSE_SHARE = 6e-5
_NOTHING = 1e-7


class NoChoiceError(LookupError):
    """An actor has no legal choice in a year."""


@dataclass
class _Actor:
    """What is known of one actor: its rules' prices, and the sequences that were met."""

    prices: Integers
    sequences: dict[bytes, Rows] = field(default_factory=dict)


class Joint:
    """One objective over the rows, a column for each sequence of an actor.

    Parameters
    ----------
    region
        Blocks of every actor in every year, the actors of the first year first.
    blocks
        Each actor over all years; members one year after the other.
    objective, rows
        What is made large, and what must hold, without pairs.
    """

    def __init__(
        self, region: Region, blocks: Sequence[Block], objective: Row, rows: Sequence[Row]
    ) -> None:
        self.region, self.blocks = region, blocks
        self.row, self.rows = objective, list(rows)
        self.years = len(region.blocks) // len(blocks)
        self.diagrams: list[Diagram] = region.diagrams(with_pairs=False)
        self.actors = [
            _Actor(np.zeros((self.years - 1, len(b.members) // self.years), np.int64))
            for b in blocks
        ]
        self.bound: int | None = None
        self.prices = np.zeros(len(self.rows))
        self.bound_prices = self.prices  # those at which the bound stands, rules' own beside
        self.bound_nests = [actor.prices for actor in self.actors]
        self.bound_shift = _PLAIN
        self.value = 0.0
        self.shift = _PLAIN
        self.master = Master(len(blocks), self.rows)
        self.valued = False  # whether columns count what they are worth
        self._worth: list[int] = []

    # -- prices

    def values(self, prices: Floats, *, worth: int = 1) -> tuple[Integers, int] | None:
        """Return what each sector is worth in each year at given prices, and what the rows add.

        None when whole numbers of 64 bits can't hold it.
        """
        node = self.row.coefficients.astype(float) * worth
        for price, row in zip(prices, self.rows, strict=True):
            node = np.abs(node) + abs(price) * np.abs(row.coefficients)
        largest = max(
            (np.abs(node[b.members]).sum() + 1) * 2 * (len(b.members) + 1) * (b.limit + 2)
            for b in self.blocks
        )
        room = _BITS - math.ceil(math.log2(largest))
        if room < 0:
            return None
        shift = min(_FINEST, max(min(_PLAIN, room), room - _SPARE))
        for actor in self.actors:
            actor.prices = _scaled(actor.prices, shift - self.shift)
        self.shift = shift
        base, exact = 0, self.row.coefficients * (worth << shift)
        for price, row in zip(prices.tolist(), self.rows, strict=True):
            whole = round(price * 2**shift)
            bound = row.upper if whole > 0 else row.lower
            if whole and bound is not None:
                base += whole * bound
                exact = exact - whole * row.coefficients
        return exact, base

    def _best(self, at: int, year: int, value: Integers) -> tuple[Integers, int]:
        """Return the best choice of a year and its bound."""
        block = self.region.blocks[year * len(self.blocks) + at]
        found = self.diagrams[year * len(self.blocks) + at].best(
            np.ascontiguousarray(value), np.zeros(0, np.int64), weight=block.weight,
            limit=block.limit, proved=False,
        )  # fmt: skip
        if found is None:
            raise NoChoiceError
        return found[0].astype(np.int64), found[2]

    def _between(
        self, at: int, year: int, value: Integers, low: Integers | None, high: Integers | None
    ) -> Integers:
        """Return the best choice of a year that holds ``low`` and stays within ``high``."""
        much = int(np.abs(value).sum()) + 1
        if low is not None:
            value = np.where(low > 0, value + much, value)
        if high is not None:
            value = np.where(high > 0, value, -much)
        return self._best(at, year, value)[0]

    def ask(self, at: int, value: Integers, steps: int) -> tuple[int, list[Integers]]:
        """Return what no sequence of an actor can pass at given values, and good sequences."""
        actor = self.actors[at]
        price, step = actor.prices.copy(), 1.0
        bound: int | None = None
        best, met = -(2**62), dict[bytes, Integers]()
        best_one: Integers | None = None
        for _ in range(steps):
            shown = value.copy()
            shown[:-1] -= price
            shown[1:] += price
            years = [self._best(at, year, shown[year]) for year in range(self.years)]
            top = sum(one for _, one in years)
            each = np.array([row for row, _ in years])
            if bound is None or top < bound:
                bound, actor.prices = top, price.copy()
            else:
                step *= _SHORTER
            broken = each[:-1] - each[1:]
            for one in self._nested(at, shown, each):
                worth = int((one * value).sum())
                met[one.tobytes()] = one
                if worth > best:
                    best, best_one = worth, one
            broken[(price == 0) & (broken < 0)] = 0
            length = int((broken**2).sum())
            if length == 0 or bound - best <= 0:
                break
            far = max(top - best, 1) * step / length
            price = np.maximum(0, price + np.round(far * broken).astype(np.int64))
        if best_one is not None:
            one = self._climb(at, value, best_one)
            met[one.tobytes()] = one
        return bound or 0, list(met.values())

    def _nested(self, at: int, value: Integers, each: Integers) -> list[Integers]:
        """Make sequences of one choice a year: from the last year back, and from the first on."""
        if (each[:-1] <= each[1:]).all():
            return [each]
        back = each.copy()
        for year in range(self.years - 2, -1, -1):
            if (back[year] > back[year + 1]).any():
                back[year] = self._between(at, year, value[year], None, back[year + 1])
        forth = each.copy()
        for year in range(1, self.years):
            if (forth[year - 1] > forth[year]).any():
                forth[year] = self._between(at, year, value[year], forth[year - 1], None)
        return [one for one in (back, forth) if (one[:-1] <= one[1:]).all()]

    def _climb(self, at: int, value: Integers, sequence: Integers) -> Integers:
        """Better one year at a time between its neighbours."""
        one = sequence.copy()
        moved = True
        while moved:
            moved = False
            for year in range(self.years):
                low = one[year - 1] if year else None
                high = one[year + 1] if year < self.years - 1 else None
                other = self._between(at, year, value[year], low, high)
                legal = (low is None or (low <= other).all()) and (
                    high is None or (other <= high).all()
                )
                if legal and (other * value[year]).sum() > (one[year] * value[year]).sum():
                    one[year] = other
                    moved = True
        return one

    # -- the linear programme

    def begin(self, told: Mapping[str, float]) -> None:
        """Ask every actor at known prices: the bound is what they tell.

        Parameters
        ----------
        told
            The price of each row by its name, and of each rule that a sector open in a year is open
            in the next (:func:`nest_name`), as :meth:`told_prices` returns them.
        """
        for block, actor in zip(self.blocks, self.actors, strict=True):
            sectors = block.members[: len(block.members) // self.years].tolist()
            nests = np.array([
                [told.get(nest_name(year, sector), 0.0) for sector in sectors]
                for year in range(self.years - 1)
            ]).reshape(self.years - 1, len(sectors))  # fmt: skip
            actor.prices = np.maximum(0, np.round(nests * 2**self.shift)).astype(np.int64)
        start = np.array([told.get(row.name, 0.0) for row in self.rows])
        self._price(start, steps=_FIRST_STEPS)

    def told_prices(self) -> dict[str, float]:
        """Return the price of each row at the best bound, and of each rule between years."""
        told = dict(zip((row.name for row in self.rows), self.bound_prices.tolist(), strict=True))
        for block, nests in zip(self.blocks, self.bound_nests, strict=True):
            for year, place in np.argwhere(nests).tolist():
                name = nest_name(year, int(block.members[place]))
                told[name] = int(nests[year, place]) / 2**self.bound_shift
        return told

    def converge(self, clock: Clock) -> bool:
        """Generate sequences until bound and value meet; False when the rows don't hold yet.

        Parameters
        ----------
        clock
            When to stop at the latest.
        """
        if self.bound is None:
            return False
        for _ in range(_ROUNDS):
            found = self.master.solve()
            if found.value > -_NOTHING:
                break
            if clock.over or not self._price(found.rows, worth=0):
                return False
        else:
            return False
        self.valued = True
        self.master.drop_helpers(float(max(map(abs, self._worth))))
        self.master.revalue(np.array(self._worth, float))
        for _ in range(_ROUNDS):
            found = self.master.solve()
            self.value = found.value
            if self.bound is None or clock.over:
                break
            if self.bound - found.value <= _CLOSE_SHARE * abs(self.bound):
                break
            smooth = _SMOOTHING * self.prices + (1 - _SMOOTHING) * found.rows
            if not self._price(smooth) and not self._price(found.rows):
                break
        self.prices = found.rows
        return True

    def _price(self, prices: Floats, *, worth: int = 1, steps: int = _STEPS) -> int:
        """Ask every actor; return how many sequences were new."""
        valued = self.values(prices, worth=worth)
        if valued is None:
            return 0
        node, base = valued
        here = self.shift

        def answer(at: int) -> tuple[int, list[Integers]]:
            members = self.blocks[at].members
            return self.ask(at, node[members].reshape(self.years, -1), steps)

        answers = self.region.each(answer, range(len(self.blocks)))
        if worth:
            bound = (base + sum(top for top, _ in answers)) >> here
            if self.bound is None or bound < self.bound:
                self.bound, self.prices = bound, np.array(prices)
                self.bound_prices = self.prices
                self.bound_nests = [actor.prices for actor in self.actors]
                self.bound_shift = here
        return sum(
            self.learn(at, one.astype(np.uint8).reshape(1, -1))
            for at, (_, met) in enumerate(answers)
            for one in met
        )

    def learn(self, at: int, sequence: Rows) -> int:
        """Add a sequence of an actor, shape (1, years × sectors); return whether it is new."""
        key = sequence.tobytes()
        if key in self.actors[at].sequences:
            return 0
        self.actors[at].sequences[key] = sequence[0]
        block = self.blocks[at]
        value = block.row_values(sequence, self.row)
        uses = np.array([block.row_values(sequence, row) for row in self.rows], np.int64)
        self.master.add(
            at, value if self.valued else np.zeros(1, np.int64), uses.reshape(len(self.rows), 1)
        )
        self._worth.append(int(value[0]))
        return 1

    def recall(self, at: int, sequences: Rows) -> None:
        """Add sequences of an actor that were met before, all different, and none known yet."""
        block = self.blocks[at]
        values = block.row_values(sequences, self.row)
        uses = np.array([block.row_values(sequences, row) for row in self.rows], np.int64)
        self.actors[at].sequences.update((one.tobytes(), one) for one in sequences)
        self.master.add(at, np.zeros_like(values), uses.reshape(len(self.rows), len(sequences)))
        self._worth += values.tolist()

    def best_first(self, at: int, node: Integers) -> list[Rows]:
        """Return the sequences of an actor, those worth most at given values first."""
        every = list(self.actors[at].sequences.values())
        worth = np.array(every, np.int64) @ node[self.blocks[at].members]
        return [every[place] for place in np.argsort(-worth, kind="stable")]


def nest_name(year: int, sector: int) -> str:
    """Return the name of the rule that a sector open in a year is open in the next."""
    return f"nest.{sector}@{year}"


def _scaled(values: Integers, finer: int) -> Integers:
    """Return values in a unit that is so many times halved."""
    return values << finer if finer >= 0 else values >> -finer

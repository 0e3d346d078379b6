"""A bound lowered by cases: a sector is in or it is out, and either way less can be had.

Where chains cross borders, the linear programme takes halves of choices that reach one another.
One sector of such a ring in or out breaks all of it up.  The bound is that of the best case, which
is split again where it is still too high.  On which sector is guessed from the choices that were
met: those that hold it, and those that don't, are barred in turn.

Branch and bound over columns, as Barnhart et al. (Operations Research 46(3), 1998) describe it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from planner.programme._actors.blocks import Row
from planner.programme._actors.columns import Clock, Region, Stage
from planner.programme._chains.separators import Separators

__all__ = ["Splits"]

Floats = npt.NDArray[np.float64]

_PART = 0.02  # of a sector: how far from whole it is at least, to be split on
_TRIED, _MORE_TRIED = 100, 12  # sectors whose split is guessed: of the whole, of a case
_ROUNDS, _MOST_ROUNDS = 2, 40  # of separators in a case: the latter while all of it is whole
_CLOSE_SHARE = 1e-6  # of the value: where column generation stops
_BEHIND = 3  # sectors that a line is told of at most


@dataclass(order=True)
class _Case:
    """Sectors that are in or out, and what can be had then at most."""

    falls: int  # the bound with its sign turned: the highest first
    number: int
    held: tuple[Row, ...] = field(compare=False)
    rows: list[Row] = field(compare=False)
    prices: Mapping[str, float] = field(compare=False)
    split: int | None = field(compare=False)  # None where nothing is known to split on
    guesses: Mapping[int, float] = field(compare=False)


@dataclass
class Splits:
    """Cases of one objective: whatever can be is in one of them.

    Parameters
    ----------
    region, separators, clock
        The question.
    stage, rows
        The objective as it is bounded, and what must hold, separators too.
    """

    region: Region
    separators: Separators
    clock: Clock
    stage: Stage
    rows: list[Row]
    _cases: list[_Case] = field(default_factory=list)
    _made: int = 0

    def __post_init__(self) -> None:
        """Begin with a single case."""
        self._add((), self.rows, self.stage, self.stage.bound or 0, {})

    @property
    def bound(self) -> int | None:
        """What nothing can pass; None where there is nothing at all."""
        return -self._cases[0].falls if self._cases else None

    def lower(self, to: int, cases: int) -> None:
        """Split the highest cases until all are low enough.

        Parameters
        ----------
        to
            What is low enough.
        cases
            How many are made at most.
        """
        most = self._made + cases
        while self._cases and -self._cases[0].falls > to and self._made < most:
            sector = self._cases[0].split
            if sector is None or self.clock.over:
                return
            case = heapq.heappop(self._cases)
            for way in (0, 1):
                self._made += 1
                self._make(case, self._held(sector, way))

    def lower_for(self, value: int, enough: Callable[[int], int], cases: int) -> int:
        """Lower the bound until a known value is enough, and return it.

        Parameters
        ----------
        value
            Of an answer.
        enough
            From a bound, the value that is enough.
        cases
            How many are made at most.
        """
        to = value if self.bound is None else self.bound
        while enough(to) > value:
            to -= enough(to) - value
        self.lower(to, cases)
        return value if self.bound is None else max(value, self.bound)

    def _held(self, sector: int, way: int) -> Row:
        """Return the rule that a sector is in, or out."""
        coefficients = np.zeros(len(self.stage.row.coefficients), np.int64)
        coefficients[sector] = 1
        return Row(name=f"split.{sector}", coefficients=coefficients, lower=way, upper=way)

    def _make(self, case: _Case, further: Row) -> None:
        """Bound a case in which one more sector is in or out."""
        held, rows = (*case.held, further), list(case.rows)
        bound, prices, last = -case.falls, case.prices, None
        for turn in range(_MOST_ROUNDS):
            stage = Stage(self.region, self.stage.objective, [*rows, *held])
            start = np.array([prices.get(row.name, 0.0) for row in stage.rows])
            value = stage.converge(self.clock, start=start, close_share=_CLOSE_SHARE)
            if stage.infeasible:
                return
            if value is None or stage.bound is None:
                break
            last, bound, prices = stage, min(bound, stage.bound), stage.told_prices()
            self.separators.forget()
            point = stage.point()
            broken = self.separators.broken(point, behind=_BEHIND)
            if not broken or (turn + 1 >= _ROUNDS and not _is_whole(point)):
                break
            rows += broken
        self._add(held, rows, last, bound, case.guesses)

    def _add(
        self,
        held: tuple[Row, ...],
        rows: list[Row],
        stage: Stage | None,
        bound: int,
        known: Mapping[int, float],
    ) -> None:
        """Add a case, with the sector that it would be split on."""
        guesses = {} if stage is None else self._guess(stage, known)
        split = max(guesses, key=lambda one: (guesses[one], -one), default=None)
        prices = {} if stage is None else stage.told_prices()
        case = _Case(-bound, self._made, held, rows, prices, split, {**known, **guesses})
        heapq.heappush(self._cases, case)

    def _guess(self, stage: Stage, known: Mapping[int, float]) -> dict[int, float]:
        """Return how far a split on each sector lowers the bound, as far as choices are known."""
        point = stage.point()
        far = np.abs(point - np.rint(point))
        parts = np.flatnonzero(far > _PART).tolist()
        parts.sort(key=lambda one: (-known.get(one, 0.0), -far[one], one))
        guesses = {
            one: min(stage.fall(one, way) for way in (0, 1))
            for one in parts[: _MORE_TRIED if known else _TRIED]
        }
        stage.master.solve()
        return guesses


def _is_whole(point: Floats) -> bool:
    """Whether every sector is in or out."""
    return bool((np.abs(point - np.rint(point)) <= _PART).all())

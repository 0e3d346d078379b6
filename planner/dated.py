"""A choice of sectors with the year in which each opens, and its answer with its proof.

:class:`DatedProblem` adds years to a :class:`planner.choice.ChoiceProblem`.  All that is open at
the end of the last year holds every rule of that question; at the end of each year, what is open is
contiguous by the same rule (a sector opens only once a neighbour, or whatever reaches it, is open
by then); each year has its own limits on what opens in it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.choice import Choice, ChoiceProblem, ChoiceStatus, StageResult, Unit
from planner.texts import Message

__all__ = ["DatedChoice", "DatedProblem", "YearLimit"]

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class YearLimit:
    """At most so much opens in a year.

    Parameters
    ----------
    name
        Stable identifier: ``capacity.22``, ``budget.region``.
    year
        The year.
    coefficients
        What each candidate uses when it opens, shape (candidates,).
    upper
        The most that may open.
    message
        The rule in the reader's words.
    unit
        What is counted, see :class:`planner.choice.Quantity`.
    """

    name: str
    year: int
    coefficients: Integers
    upper: int
    message: Message
    unit: Unit = "none"


@dataclass(frozen=True, kw_only=True)
class DatedProblem:
    """Which candidates open, and when.

    Parameters
    ----------
    whole
        The rules of all that is open at the end, and the objectives in order.
    years
        Years in which sectors open, ascending.
    limits
        What may open in each year.
    yearly
        Names of the objectives that count a sector once for each year at whose end it is open; the
        others count what is open at the end of the last year.
    """

    whole: ChoiceProblem
    years: tuple[int, ...]
    limits: tuple[YearLimit, ...] = ()
    yearly: frozenset[str] = frozenset({"votes", "criteria"})

    def __post_init__(self) -> None:
        """Refuse years out of order, and limits of other years or candidates."""
        if not self.years or list(self.years) != sorted(set(self.years)):
            raise ValueError("years ascend, each once")
        for limit in self.limits:
            if limit.year not in self.years:
                raise ValueError(f"no year {limit.year}")
            if len(limit.coefficients) != self.whole.candidates_count:
                raise ValueError(f"{limit.name} has one coefficient for each candidate")

    @property
    def sha256(self) -> str:
        """Checksum of the question: equal questions, equal checksums."""
        digest = hashlib.sha256(self.whole.sha256.encode())
        digest.update(repr((self.years, sorted(self.yearly))).encode())
        for limit in self.limits:
            digest.update(repr((limit.name, limit.year, limit.upper)).encode())
            digest.update(np.ascontiguousarray(limit.coefficients, np.int64).tobytes())
        return digest.hexdigest()

    def values(self, open_by: npt.NDArray[np.bool_]) -> tuple[int, ...]:
        """Return what a dated choice is worth under each objective.

        Parameters
        ----------
        open_by
            Whether each candidate is open at the end of each year, shape (years, candidates).
        """
        last = self.whole.values(open_by[-1])
        return tuple(
            int((open_by.sum(axis=0) * one.coefficients).sum()) + value
            - int(one.coefficients[open_by[-1]].sum())
            if one.name in self.yearly else value
            for one, value in zip(self.whole.objectives, last, strict=True)
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class DatedChoice:
    """An answer to a :class:`DatedProblem`.

    Parameters
    ----------
    problem_sha256
        The question that it answers.
    status
        What is known of the whole: the weakest of its stages.
    opened
        Id and year of each sector that opens, sorted by id.
    stages
        One for each objective, in order.
    """

    problem_sha256: str
    status: ChoiceStatus
    opened: tuple[tuple[str, int], ...]
    stages: tuple[StageResult, ...]

    def without_years(self, problem: DatedProblem) -> Choice:
        """Return what is open at the end, as an answer to the question without years."""
        return Choice(
            problem_sha256=problem.whole.sha256, status=self.status,
            chosen=tuple(sorted(key for key, _ in self.opened)), stages=self.stages,
        )  # fmt: skip

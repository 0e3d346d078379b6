"""Questions with years of few actors or sectors: annealed, then searched by branch and cut.

Where actors are few, their own choices tell little of what the ceilings of each year let in
together, and lists of them are long.  The whole is then one integer programme
(:mod:`planner.programme._years.rows`), which is given a good answer to begin with.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceStatus, Objective, StageResult
from planner.dated import DatedChoice, DatedProblem
from planner.programme._actors.blocks import Row, held_row, objective_row, split_problem
from planner.programme._actors.columns import Clock
from planner.programme._compact import recounted, stage_of, status_of, weakest_of
from planner.programme._years.relaxed import relax
from planner.programme._years.rows import DatedRows
from planner.programme._years.spread import dated_choice, spread_objective, spread_rows
from planner.programme._years.walk import walk

__all__ = ["solve_years_of_few"]

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_SMALL = 60  # candidates up to which proofs are asked, whatever the gap
_FAR_SHARE = 0.01  # of the bound: from how far on what columns found is annealed
_TURNS = 12  # answers in which nothing reaches a sector, at most
_NODES, _MOST_NODES = 18_000_000, 4_000  # over the square of the candidates, and at most
_CROSSINGS, _CROSS_NODES = 3, 60  # of answers: how often, until they are reached; its nodes
_KEPT = 6  # answers crossed at once
_TIE_BITS = 24  # of the weights by which equal programmes are told apart at once


@dataclass
class _Answer:
    open_by: Flags | None = None
    value: int = 0
    bound: int | None = None
    status: ChoiceStatus = ChoiceStatus.TIME_LIMIT


def solve_years_of_few(
    problem: DatedProblem,
    *,
    gap_share: float,
    seconds: float | None,
    known: DatedChoice | None = None,
) -> DatedChoice:
    """Solve a question of few actors or sectors; see ``solve_years``.

    Parameters
    ----------
    problem, gap_share, seconds
        As there.
    known
        An answer to begin with; it is annealed where it is far from its bound only.
    """
    gap = 0.0 if problem.whole.candidates_count <= _SMALL else gap_share
    few = _Few(problem, gap, Clock.within(seconds))
    if known is not None and known.opened:
        few.best, few.annealed_from = _open_by(problem, known), _FAR_SHARE
    return few.run()


def _open_by(problem: DatedProblem, choice: DatedChoice) -> Flags:
    """Return whether each candidate is open at the end of each year."""
    year_of = dict(choice.opened)
    never = problem.years[-1] + 1
    opens = np.array([year_of.get(one, never) for one in problem.whole.sector_ids], np.int64)
    flags: Flags = opens <= np.array(problem.years)[:, None]
    return flags


class _Few:
    """One dated question, objective after objective."""

    def __init__(self, problem: DatedProblem, gap_share: float, clock: Clock) -> None:
        self.problem, self.gap_share, self.clock = problem, gap_share, clock
        base, rows = split_problem(problem.whole)
        self.asked = DatedRows(problem, base)
        self.rows = spread_rows(problem, rows)
        self.best: Flags | None = None
        self.annealed_from = 0.0  # of the bound: how far an answer is that is annealed
        self.nodes = min(_MOST_NODES, max(1, _NODES // max(1, problem.whole.candidates_count**2)))

    def run(self) -> DatedChoice:
        """Answer."""
        whole = self.problem.whole
        zero = np.zeros(whole.candidates_count, np.int64)
        objectives = whole.objectives or (Objective(name="any", sense="max", coefficients=zero),)
        stages: list[StageResult] = []
        for one in objectives:
            objective = spread_objective(self.problem, one)
            sign = 1 if one.sense == "max" else -1
            answer = self._optimise(objective_row(objective))
            if answer.open_by is None:
                return self._result(answer.status, ())
            self.best = answer.open_by
            stages.append(stage_of(one, answer.value, answer.bound, answer.status))
            self.rows.append(held_row(objective, sign * answer.value))
        if whole.objectives and self.best is not None:
            stages = recounted(stages, self.problem.values(self.best), self.gap_share)
        weakest = weakest_of(stage.status for stage in stages)
        if weakest is ChoiceStatus.OPTIMAL and whole.candidates_count <= _SMALL:
            self._break_ties()
        return self._result(weakest, stages if whole.objectives else ())

    def _result(self, status: ChoiceStatus, stages: Sequence[StageResult]) -> DatedChoice:
        answered = status is not ChoiceStatus.INFEASIBLE
        return dated_choice(self.problem, status, self.best if answered else None, stages)

    def _optimise(self, objective: Row) -> _Answer:
        asked, rows = self.asked, self.rows
        answer = _Answer(open_by=self.best)
        if self.best is not None:
            answer.value = asked.worth(self.best, objective)
        relaxed = relax(asked, objective, rows, self.clock)
        prices = np.zeros(len(rows))
        if relaxed is not None:
            answer.bound, prices = math.floor(relaxed.value + 1e-6), relaxed.prices
        with_pairs = any(row.pair_coefficients is not None for row in (objective, *rows))
        if relaxed is None or not objective.coefficients.any():  # is there any answer at all?
            self._search(answer, objective)
            if answer.status is ChoiceStatus.INFEASIBLE:
                return answer
        if not with_pairs and not self._near(answer, self.annealed_from):
            self._walk(answer, objective, prices)
        self._search(answer, objective)
        if answer.open_by is not None and answer.bound is not None:
            answer.bound = max(answer.bound, answer.value)
            answer.status = status_of(answer.value, answer.bound, self.gap_share)
        return answer

    def _walk(self, answer: _Answer, objective: Row, prices: Floats) -> None:
        """Anneal, and cross what is met two by two, then with the best known, turn by turn."""
        enough = 2**61 if answer.bound is None else answer.bound - self._gap(answer.bound)
        kept: list[Flags] = []
        for met in walk(
            self.asked, objective, self.rows, prices, known=answer.open_by, enough=enough,
            clock=self.clock,
        ):  # fmt: skip
            best_first = self._sorted(met, objective)
            for at in range(0, len(best_first), 2):
                two = self._crossed(best_first[at : at + 2], objective, answer)
                kept.append(two)
                self._take(answer, objective, two)
            if answer.open_by is not None:
                kept = self._sorted([answer.open_by, *kept], objective)[:_KEPT]
                self._take(answer, objective, self._crossed(kept, objective, answer))
            if self._near(answer):
                break

    def _sorted(self, some: Sequence[Flags], objective: Row) -> list[Flags]:
        """Return different answers, the best first."""
        each = {one.tobytes(): one for one in some}.values()
        return sorted(each, key=lambda one: -self.asked.worth(one, objective))

    def _crossed(self, among: Sequence[Flags], objective: Row, answer: _Answer) -> Flags:
        """Return the best met in which each sector opens when it does in one of some answers."""
        best = _Answer(among[0], self.asked.worth(among[0], objective), answer.bound)
        for _ in range(_CROSSINGS):
            if len(among) == 1 or self._near(best) or self.clock.over:
                break
            told = self.asked.solve(
                objective, self.rows, known=best.open_by, nodes=_CROSS_NODES, clock=self.clock,
                gap=0 if best.bound is None else self._gap(best.bound), among=among,
            )  # fmt: skip
            if told.open_by is None:
                break
            self._take(best, objective, self.asked.reached(told.open_by))
            if not self.asked.broken(told.open_by.astype(float), every_year=True):
                break
        return among[0] if best.open_by is None else best.open_by

    def _search(self, answer: _Answer, objective: Row) -> None:
        """Let the solver better an answer and its bound, until what it finds is reached."""
        left = self.nodes
        for _ in range(_TURNS):
            if self._near(answer) or self.clock.over or left <= 0:
                break
            gap = 0 if answer.bound is None else self._gap(answer.bound)
            told = self.asked.solve(
                objective, self.rows, known=answer.open_by, gap=gap, nodes=left, clock=self.clock
            )
            left -= told.nodes
            if told.infeasible:
                if answer.open_by is None:
                    answer.status = ChoiceStatus.INFEASIBLE
                break
            if told.bound is not None:
                answer.bound = told.bound if answer.bound is None else min(answer.bound, told.bound)
            if told.open_by is None:
                break
            part = self.asked.reached(told.open_by)
            self._take(answer, objective, part)
            if not self.asked.broken(told.open_by.astype(float), every_year=True):
                break

    def _take(self, answer: _Answer, objective: Row, open_by: Flags | None) -> None:
        """Take an answer that is better and holds every rule."""
        if open_by is None or not self.asked.allows(open_by, self.rows):
            return
        value = self.asked.worth(open_by, objective)
        if answer.open_by is None or value > answer.value:
            answer.open_by, answer.value = open_by, value

    def _gap(self, bound: int) -> int:
        return math.floor(self.gap_share * abs(bound))

    def _near(self, answer: _Answer, share: float = 0.0) -> bool:
        """Whether an answer is within the gap asked, or within a share of its bound."""
        return (
            answer.open_by is not None
            and answer.bound is not None
            and answer.bound - answer.value
            <= max(self._gap(answer.bound), math.floor(share * abs(answer.bound)))
        )

    def _break_ties(self) -> None:
        """Among programmes equal under every objective, open the first ids first."""
        years, count = self.asked.years, self.asked.count
        first, at_once = self.best, max(1, int(_TIE_BITS / math.log2(years + 1)))
        self.gap_share = 0.0
        able = np.flatnonzero(~self.asked.never).tolist()
        for start in range(0, len(able), at_once):
            some = able[start : start + at_once]
            weight = np.zeros((years, count), np.int64)
            weight[:, some] = (years + 1) ** np.arange(len(some))[::-1]
            answer = self._optimise_ties(Row(name="first_id", coefficients=weight.ravel()))
            if answer.open_by is None or answer.bound != answer.value:
                self.best = first
                return
            self.best = answer.open_by
            self.asked.fixed.update({one: self.best[:, one].copy() for one in some})

    def _optimise_ties(self, objective: Row) -> _Answer:
        answer = _Answer(open_by=self.best)
        if self.best is not None:
            answer.value = self.asked.worth(self.best, objective)
        self._search(answer, objective)
        return answer

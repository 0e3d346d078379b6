"""The questions of one frontier, as few of them as can be.

An answer proved the best under some floors is the best under higher ones that it holds; where no
programme is above a floor, none is above a higher one.  No group is served more than by a programme
that looks after it alone: this bounds the worst-off, mostly at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from planner.choice import Choice, ChoiceProblem, ChoiceStatus, Limit, Objective
from planner.robustness._groups import Groups
from planner.robustness._weights import Solve
from planner.texts import Message

__all__ = ["Tracer"]

_TOGETHER: Final = 3  # groups from which one programme for all of them is asked first
_PARTS: Final = 1_000  # of what is wanted of a group


@dataclass(frozen=True)
class _Known:
    """What was asked of each group, in lines, the answer, and what it serves."""

    least: Mapping[str, int]
    answer: Choice
    served: Mapping[str, int]

    def settles(self, least: Mapping[str, int]) -> bool:
        """Whether its answer is that to a question that asks for more."""
        if any(name not in least or least[name] < lines for name, lines in self.least.items()):
            return False
        if self.answer.status is ChoiceStatus.INFEASIBLE:
            return True
        return self.answer.status is ChoiceStatus.OPTIMAL and self.holds(least)

    def holds(self, least: Mapping[str, int]) -> bool:
        """Whether its programme serves as much."""
        return bool(self.answer.stages) and all(
            self.served[name] >= lines for name, lines in least.items()
        )


class Tracer:
    """Questions of one frontier.

    Parameters
    ----------
    problem, groups
        The question, and who is compared.
    speed
        The objective that equity is weighed against.
    solve
        What answers a question.
    """

    def __init__(
        self, problem: ChoiceProblem, groups: Groups, speed: Objective, solve: Solve
    ) -> None:
        self.problem = problem
        self.every, self.groups = groups, groups
        self.speed = speed
        self.solve = solve
        self.held: dict[str, int] = {}
        self.known: list[_Known] = []  # of the speed
        self.others: list[_Known] = []
        self.most: dict[str, Fraction] = {}
        self.room = _room(problem, groups)

    @property
    def aside(self) -> tuple[str, ...]:
        """Groups that were put aside, in order."""
        return tuple(self.held)

    def flags(self, chosen: tuple[str, ...]) -> npt.NDArray[np.bool_]:
        """Return whether each candidate is chosen."""
        return np.isin(np.array(self.problem.sector_ids, dtype=object), chosen)

    def worst(self, chosen: tuple[str, ...]) -> tuple[Fraction, str]:
        """Return the smallest share served of those compared, and whose it is."""
        return self.groups.worst(self.flags(chosen))

    def ask(self, share: Fraction | None, *, more: bool) -> Choice:
        """Return the fastest programme that serves all ``share``, or more than it."""
        least = dict(self.held)
        if share is not None:
            least |= self.groups.least(share, more=more)
        for one in self.known:
            if one.settles(least):
                return one.answer
        return self._ask(least, self.speed, self.known)

    def _ask(
        self, least: Mapping[str, int], objective: Objective, known: list[_Known],
        rule: tuple[Limit, ...] = (),
    ) -> Choice:  # fmt: skip
        place = {name: at for at, name in enumerate(self.every.names)}
        floors = [
            Limit(
                name=f"equity.{name}", message=Message.of("robustness.equity", name=name),
                coefficients=self.every.lines[place[name]], lower=lines,
            )
            for name, lines in least.items()
        ]  # fmt: skip
        answer = self.solve(
            replace(
                self.problem, limits=(*self.problem.limits, *floors, *rule), objectives=(objective,)
            )
        )
        if not rule:
            served = self.every.served(self.flags(answer.chosen))
            known.append(_Known(least, answer, served))
        return answer

    def evenest(self, best: Choice) -> tuple[Choice, bool]:
        """Return the most even programme as fast as this one, and whether all is proved.

        What isn't proved the fastest is left as it is: its bound says how far it may be.
        """
        if best.status is not ChoiceStatus.OPTIMAL:
            return best, False
        stage, proved = best.stages[0], True
        lines = max(self.groups.totals)
        share, most = self.worst(best.chosen)[0], self._most_of_worst()
        # the next share, then the most there may be, then halves of what lies between
        tried, more, halved = share, True, False
        while share < most:
            better = self.as_fast(tried, stage.value, more=more)
            if better is None:
                proved = False
                break
            if better.stages:
                best, share = better, self.worst(better.chosen)[0]
            elif more:
                break
            else:
                most, halved = tried, True
            tried, more = most, False
            if halved and most - share <= Fraction(1, lines):
                tried, more = share, True
            elif halved:
                tried = Fraction(int((share + most) * 2 * lines), 4 * lines)
        # the bound of the first answer holds for all programmes above the floor
        return replace(best, stages=(stage,)), proved

    def as_fast(self, share: Fraction, value: int, *, more: bool) -> Choice | None:
        """Return a programme that fast that serves all so much.

        Without stages where there is none for sure, None where that isn't known.
        """
        sign = -1 if self.speed.sense == "min" else 1
        nothing = Choice(problem_sha256="", status=ChoiceStatus.INFEASIBLE, chosen=(), stages=())
        least = self.held | self.groups.least(share, more=more)
        for one in (*self.known, *self.others):
            if one.holds(least) and sign * self._speed(one.answer) >= sign * value:
                return one.answer
        answer = self.ask(share, more=more)
        if answer.status is ChoiceStatus.INFEASIBLE:
            return nothing
        if answer.stages and sign * answer.stages[0].value >= sign * value:
            return answer
        bound = answer.stages[0].bound if answer.stages else None
        if bound is not None and sign * bound < sign * value:
            return nothing
        rule = Limit(
            name="speed", message=Message.of("robustness.speed"),
            coefficients=self.speed.coefficients,
            lower=value if sign > 0 else None, upper=value if sign < 0 else None,
        )  # fmt: skip
        answer = self._ask(least, self.speed, self.known, (rule,))
        if answer.status is ChoiceStatus.INFEASIBLE:
            return nothing
        return answer if answer.stages else None

    def _speed(self, answer: Choice) -> int:
        return int(self.speed.coefficients[self.flags(answer.chosen)].sum())

    def _most_of_worst(self) -> Fraction:
        """Return a share above which no programme serves the worst-off."""
        found: Fraction | None = None
        compared = zip(self.groups.names, self.groups.totals, strict=True)
        for name in sorted((n for n, total in compared if total > 0), key=lambda n: self.room[n]):
            if found is not None and self.room[name] >= found:
                break
            found = self._most(name) if found is None else min(found, self._most(name))
        return Fraction(0) if found is None else found

    def _most(self, name: str) -> Fraction:
        """Return a share above which no programme serves a group, whatever that does to others."""
        if name not in self.most:
            lines = self.every.lines[self.every.names.index(name)]
            asked = Objective(name="served", sense="max", coefficients=lines)
            answer = self._ask({}, asked, self.others)
            self.most[name] = self.room[name]
            if answer.stages and (bound := answer.stages[0].bound) is not None:
                self.most[name] = min(self.room[name], self.every.share(name, bound))
        return self.most[name]

    def put_aside(self, floor: Fraction, chosen: tuple[str, ...]) -> bool:
        """Put aside the groups that no programme serves more than ``floor``, held as they are.

        Returns whether there are any, and others left.
        """
        zero = np.zeros(self.problem.candidates_count, dtype=np.int64)
        # whether any programme does is all that is asked: none has to be the fastest
        anything = Objective(name="any", sense="max", coefficients=zero)
        served = self.every.served(self.flags(chosen))
        least = self.groups.least(floor, more=True)
        wanted = {name: lines for name, lines in least.items() if served[name] < lines}
        found: dict[str, int] = {}
        for name, lines in self._unserved(wanted).items():
            answer = self._ask(self.held | {name: lines}, anything, self.others)
            nothing = answer.status is ChoiceStatus.INFEASIBLE
            if nothing or (not answer.stages and self._most(name) <= floor):
                found[name] = served[name]
        rest = self.groups.without(frozenset(found))
        if not found or not any(rest.totals):
            return False
        self.groups = rest
        self.held |= found
        return True

    def _unserved(self, wanted: Mapping[str, int]) -> dict[str, int]:
        """Return the groups that no programme met so far serves as much.

        Programmes that serve as many of them as can be are asked for first: one shows it of many.
        """
        left, before = dict(wanted), len(wanted) + 1
        while left:
            left = {
                name: lines
                for name, lines in left.items()
                if not any(
                    one.holds(self.held | {name: lines}) for one in (*self.known, *self.others)
                )
            }
            if len(left) < _TOGETHER or len(left) == before:
                break
            before = len(left)
            self._ask(self.held, self._towards(left), self.others)
        return left

    def _towards(self, wanted: Mapping[str, int]) -> Objective:
        """Return the lines of some groups, each in parts of what is wanted of it."""
        values = np.zeros(self.problem.candidates_count, dtype=np.int64)
        for name, lines in wanted.items():
            values += _PARTS * self.every.lines[self.every.names.index(name)] // max(lines, 1)
        return Objective(name="towards", sense="max", coefficients=values)


def _room(problem: ChoiceProblem, groups: Groups) -> dict[str, Fraction]:
    """Return a share that each group can't pass, by its candidates and the envelope of its name."""
    actors = {name: at for at, name in enumerate(problem.actors)}
    found = {}
    for name, total, before, lines in zip(
        groups.names, groups.totals, groups.before, groups.lines, strict=True
    ):
        most = Fraction(int(lines[~problem.refused].sum()))
        need = np.zeros(problem.candidates_count, dtype=np.int64)
        mine = problem.share_actor == actors.get(name, -1)
        need[problem.share_candidate[mine]] = problem.share_need[mine]
        if mine.any() and not (lines[need == 0] > 0).any():
            each = max(
                (Fraction(int(a), int(b)) for a, b in zip(lines, need, strict=True) if b > 0),
                default=Fraction(0),
            )
            most = min(most, each * max(0, int(problem.envelopes[actors[name]])))
        found[name] = (before + most) / max(total, 1)
    return found

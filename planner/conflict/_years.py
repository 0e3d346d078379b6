"""What clashes when a programme exists, but not in the years that are given.

The rules of the whole hold together, so that what presses is what must open (required sectors and
least amounts) against the ceilings of the years.  Where sums alone prove it, they are the answer;
elsewhere rules are taken away while the question still has no answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceStatus, Quantity
from planner.conflict._find import Conflict, irreducible
from planner.conflict._rules import Rule, RuleKind, rules_of
from planner.dated import DatedProblem, YearLimit
from planner.programme import solve_years
from planner.texts import Message

__all__ = ["find_year_conflict"]

_FEW = 24  # rules that are taken away one by one where sums prove the clash


def find_year_conflict(
    problem: DatedProblem, *, names: Mapping[str, str] | None = None, seconds: float = 20.0
) -> Conflict | None:
    """Name required sectors and ceilings of years that can't hold together.

    Parameters
    ----------
    problem
        A question whose rules of the whole can hold together (:func:`find_conflict`).
    names
        Actor to what people call it; by default its code.
    seconds
        Time of each of the questions that are asked where sums don't prove the clash; one that
        isn't answered in it proves nothing.

    Returns
    -------
    Conflict or None
        Every rule of the whole that it doesn't name holds meanwhile.  None when no clash is proved.
    """
    rules = _Rules.of(problem, names)

    def impossible(kept: Sequence[str]) -> bool:
        asked = rules.question(problem, frozenset(kept))
        return solve_years(asked, seconds=seconds).status is ChoiceStatus.INFEASIBLE

    # ceilings are taken away first, then what must open, the smallest first
    order = [*rules.ceilings, *sorted(rules.demands, key=rules.weight)]
    added = _by_sums(problem)
    if added is not None:
        clash, message = added
        few = len(clash) <= _FEW
        if few:
            clash = irreducible(impossible, [n for n in order if n in clash]) or clash
        if not few or clash == added[0]:
            return Conflict(
                rules=rules.in_order(clash), smallest=False, message=message, irreducible=few
            )
        order = [name for name in order if name in clash]
    found = irreducible(impossible, order)
    if found is None:
        return None
    sectors = ", ".join(
        problem.whole.sector_ids[rule.position]
        for rule in rules.in_order(found)
        if rule.kind is RuleKind.REQUIRED
    )
    key = "required_over_years" if sectors else "together_over_years"
    message = Message.of(f"conflict.{key}", sectors=sectors, **_span(problem))
    return Conflict(rules=rules.in_order(found), smallest=False, message=message)


def _span(problem: DatedProblem) -> dict[str, object]:
    return {"first": problem.years[0], "last": problem.years[-1]}


@dataclass(frozen=True, kw_only=True)
class _Rules:
    """What must open, and what may open in each year, by name."""

    demands: Mapping[str, Rule]
    ceilings: Mapping[str, Rule]
    lines: Mapping[str, int]

    @classmethod
    def of(cls, problem: DatedProblem, names: Mapping[str, str] | None) -> _Rules:
        wanted = {RuleKind.REQUIRED, RuleKind.LOWER}
        demands = {r.name: r for r in rules_of(problem.whole, names=names) if r.kind in wanted}
        ceilings = {
            f"year:{limit.year}:{limit.name}": Rule(
                name=f"year:{limit.year}:{limit.name}", kind=RuleKind.UPPER, position=position,
                message=Message.of("conflict.year", year=limit.year, words=limit.message),
            )
            for position, limit in enumerate(problem.limits)
        }  # fmt: skip
        lines = {
            name: int(problem.whole.lines[rule.position])
            for name, rule in demands.items()
            if rule.kind is RuleKind.REQUIRED
        }
        return cls(demands=demands, ceilings=ceilings, lines=lines)

    def weight(self, name: str) -> tuple[int, str]:
        return self.lines.get(name, 0), name

    def in_order(self, kept: Iterable[str]) -> tuple[Rule, ...]:
        known = set(kept)
        every = [*self.demands.items(), *self.ceilings.items()]
        return tuple(rule for name, rule in every if name in known)

    def question(self, problem: DatedProblem, kept: frozenset[str]) -> DatedProblem:
        """Ask whether some of them hold with all the other rules, whatever it is worth."""
        whole = problem.whole
        required = np.zeros_like(whole.required)
        least = set()
        for name, rule in self.demands.items():
            if name in kept and rule.kind is RuleKind.REQUIRED:
                required[rule.position] = True
            elif name in kept:
                least.add(rule.position)
        limits = tuple(
            limit if limit.lower is None or at in least else replace(limit, lower=None)
            for at, limit in enumerate(whole.limits)
        )
        return replace(
            problem,
            whole=replace(whole, required=required, limits=limits, objectives=()),
            limits=tuple(
                problem.limits[rule.position]
                for name, rule in self.ceilings.items()
                if name in kept
            ),
        )


def _by_sums(problem: DatedProblem) -> tuple[frozenset[str], Message] | None:
    """Return the clash of fewest sectors that adding up proves, if any."""
    found = [
        clash
        for name in sorted({limit.name for limit in problem.limits})
        for clash in (_alone(problem, name), _together(problem, name))
        if clash is not None
    ]
    return min(found, key=lambda one: len(one[0]), default=None)


def _ceilings(problem: DatedProblem, name: str) -> list[YearLimit]:
    """Return the ceilings of a rule; none when a year goes without, or counts otherwise."""
    mine = [limit for limit in problem.limits if limit.name == name]
    same = all(np.array_equal(one.coefficients, mine[0].coefficients) for one in mine)
    return mine if same and {one.year for one in mine} == set(problem.years) else []


def _alone(problem: DatedProblem, name: str) -> tuple[frozenset[str], Message] | None:
    """Return the first required sector that is more than any year takes."""
    mine = _ceilings(problem, name)
    if not mine:
        return None
    most = max(mine, key=lambda limit: limit.upper)
    whole = problem.whole
    never = np.flatnonzero(whole.required & (most.coefficients > most.upper))
    if not never.size:
        return None
    message = Message.of(
        "conflict.sector_over_years", sector=whole.sector_ids[never[0]], words=most.message,
        need=Quantity(int(most.coefficients[never[0]]), most.unit), **_span(problem),
    )  # fmt: skip
    return _names(problem, mine, never[:1]), message


def _together(problem: DatedProblem, name: str) -> tuple[frozenset[str], Message] | None:
    """Return the fewest required sectors that are more than all the years take."""
    mine = _ceilings(problem, name)
    if not mine:
        return None
    room = sum(limit.upper for limit in mine)
    counts = np.where(problem.whole.required, mine[0].coefficients, 0)
    wanted = np.flatnonzero(counts > 0)
    wanted = wanted[np.argsort(-counts[wanted], kind="stable")]
    total = np.cumsum(counts[wanted])
    if not total.size or total[-1] <= room:
        return None
    unit = mine[0].unit
    message = Message.of(
        "conflict.sectors_over_years", words=max(mine, key=lambda one: one.upper).message,
        count=wanted.size, need=Quantity(int(total[-1]), unit),
        excess=Quantity(int(total[-1]) - room, unit), **_span(problem),
    )  # fmt: skip
    few = wanted[: int(np.searchsorted(total, room, side="right")) + 1]
    return _names(problem, mine, few), message


def _names(
    problem: DatedProblem, ceilings: Iterable[YearLimit], sectors: npt.NDArray[np.int64]
) -> frozenset[str]:
    ids = problem.whole.sector_ids
    return frozenset(f"{RuleKind.REQUIRED.value}:{ids[at]}" for at in sectors.tolist()) | {
        f"year:{limit.year}:{limit.name}" for limit in ceilings
    }

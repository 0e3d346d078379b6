"""What clashes when a programme exists, but not in the years that are given.

The rules of the whole hold together, so that some ceilings of years are among those that clash.
Where sums alone prove it, they are tried first; rules are then taken away while the others still
clash.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from planner.choice import Quantity
from planner.conflict._find import Conflict, excess_of, irreducible
from planner.conflict._lean import LeanModel
from planner.conflict._rules import Rule, RuleKind, rules_of_years
from planner.dated import DatedProblem, YearLimit
from planner.texts import Message

__all__ = ["find_year_conflict"]

Integers = npt.NDArray[np.int64]

_FEW = 24  # rules that are taken away one by one where sums prove the clash


def find_year_conflict(
    problem: DatedProblem, *, names: Mapping[str, str] | None = None
) -> Conflict | None:
    """Name rules and ceilings of years that can't hold together.

    Parameters
    ----------
    problem
        A question whose rules of the whole can hold together (:func:`find_conflict`).
    names
        Actor to what people call it; by default its code.

    Returns
    -------
    Conflict or None
        None when no clash is proved: a programme exists, or the search, which keeps to a number of
        operations, ends before it is known.
    """
    rules = rules_of_years(problem, names=names)
    model = LeanModel(problem, rules)
    order = tuple(rule.name for rule in rules)

    def impossible(kept: Sequence[str]) -> bool:
        return model.solve(hard=kept).feasible is False

    known = _by_sums(problem, rules)
    if known is not None and len(known) > _FEW:
        return _told(problem, model, known, smallest=False, reduced=False)
    within = known if known is not None and impossible(sorted(known)) else frozenset(order)
    found = irreducible(impossible, [r.name for r in _by_weight(problem, rules, within)])
    if found is None:
        return None
    # each of them is in every clash; what a least amount asks of the region is too long to ask
    smallest = not any(name.startswith(f"{RuleKind.LOWER.value}:") for name in found) and all(
        bool(model.solve(hard=[one for one in order if one != name]).feasible) for name in found
    )
    return _told(problem, model, found, smallest=smallest, reduced=True)


def _by_weight(problem: DatedProblem, rules: Iterable[Rule], kept: frozenset[str]) -> list[Rule]:
    """Return rules in the order in which they are taken away: what must open last, by its lines."""

    def weight(rule: Rule) -> tuple[int, int, str]:
        match rule.kind:
            case RuleKind.YEAR:
                return 1, 0, problem.limits[rule.position].name
            case RuleKind.LOWER:
                return 2, 0, ""
            case RuleKind.REQUIRED:
                return 3, int(problem.whole.lines[rule.position]), ""
            case _:
                return 0, 0, ""

    return sorted((rule for rule in rules if rule.name in kept), key=weight)


# -- in words


def _told(
    problem: DatedProblem,
    model: LeanModel,
    found: frozenset[str],
    *,
    smallest: bool,
    reduced: bool,
) -> Conflict:
    clash = tuple(rule for rule in model.rules if rule.name in found)
    return Conflict(
        rules=clash, smallest=smallest, irreducible=reduced,
        message=_sentence(problem, model, clash).naming(problem.whole.sector_names),
    )  # fmt: skip


def _sentence(problem: DatedProblem, model: LeanModel, clash: tuple[Rule, ...]) -> Message:
    """Say the clash; by how much, where the ceilings of one rule are what gives."""
    span = {"first": problem.years[0], "last": problem.years[-1]}
    families = {problem.limits[rule.position].name for rule in clash if rule.kind is RuleKind.YEAR}
    least = [rule for rule in clash if rule.kind is RuleKind.LOWER]
    wanted = [rule.position for rule in clash if rule.kind is RuleKind.REQUIRED]
    if len(families) != 1 or len(least) + bool(wanted) != 1:
        return Message.of("conflict.together_over_years", count=len(clash), **span)
    mine = [one for one in problem.limits if one.name in families]
    every = [rule.name for rule in model.rules]
    short = excess_of(
        model, [f"{RuleKind.YEAR.value}:{one.year}:{one.name}" for one in mine], every
    )
    most = max(mine, key=lambda one: one.upper)
    told: dict[str, object] = {"words": most.message, **span}
    told["short"] = "" if short is None else Message.of(
        "conflict.short", excess=Quantity(short, most.unit)
    )  # fmt: skip
    if least:
        return Message.of("conflict.least_over_years", least=least[0].message, **told)
    use = most.coefficients
    if len(wanted) == 1 and use[wanted[0]] > most.upper:
        return Message.of(
            "conflict.sector_over_years", sector=problem.whole.sector_ids[wanted[0]],
            need=Quantity(int(use[wanted[0]]), most.unit), **told,
        )  # fmt: skip
    counted = np.flatnonzero(problem.whole.required & (use > 0))
    need = int(use[counted].sum())
    if _ceilings(problem, most.name) and need > sum(one.upper for one in mine):
        return Message.of(
            "conflict.sectors_over_years", count=counted.size, need=Quantity(need, most.unit),
            **told,
        )  # fmt: skip
    sectors = tuple(problem.whole.sector_ids[at] for at in wanted)
    return Message.of("conflict.required_over_years", sectors=sectors, **told)


# -- what sums prove


def _by_sums(problem: DatedProblem, rules: tuple[Rule, ...]) -> frozenset[str] | None:
    """Return the clash of fewest rules that adding up proves, if any."""
    found = [
        clash
        for name in sorted({limit.name for limit in problem.limits})
        if (mine := _ceilings(problem, name))
        for clash in (_alone(problem, mine), _together(problem, mine), _least(problem, rules, mine))
        if clash is not None
    ]
    return min(found, key=lambda one: (len(one), sorted(one)), default=None)


def _ceilings(problem: DatedProblem, name: str) -> list[YearLimit]:
    """Return the ceilings of a rule; none when a year goes without, or counts otherwise."""
    mine = [limit for limit in problem.limits if limit.name == name]
    same = all(np.array_equal(one.coefficients, mine[0].coefficients) for one in mine)
    return mine if same and {one.year for one in mine} == set(problem.years) else []


def _alone(problem: DatedProblem, mine: Sequence[YearLimit]) -> frozenset[str] | None:
    """Return the first required sector that is more than any year takes."""
    most = max(limit.upper for limit in mine)
    never = np.flatnonzero(problem.whole.required & (mine[0].coefficients > most))
    return _names(problem, mine, never[:1]) if never.size else None


def _together(problem: DatedProblem, mine: Sequence[YearLimit]) -> frozenset[str] | None:
    """Return the fewest required sectors that are more than all the years take."""
    room = sum(limit.upper for limit in mine)
    counts = np.where(problem.whole.required, mine[0].coefficients, 0)
    wanted = np.flatnonzero(counts > 0)
    wanted = wanted[np.argsort(-counts[wanted], kind="stable")]
    total = np.cumsum(counts[wanted])
    if not total.size or total[-1] <= room:
        return None
    return _names(problem, mine, wanted[: int(np.searchsorted(total, room, side="right")) + 1])


def _least(
    problem: DatedProblem, rules: tuple[Rule, ...], mine: Sequence[YearLimit]
) -> frozenset[str] | None:
    """Return a least amount that even divided sectors don't reach under the ceilings of a rule."""
    room, use = sum(limit.upper for limit in mine), mine[0].coefficients
    if (use < 0).any():
        return None
    for rule in rules:
        if rule.kind is not RuleKind.LOWER:
            continue
        limit = problem.whole.limits[rule.position]
        if limit.lower is not None and _most(limit.coefficients, use, room) < limit.lower:
            return frozenset({rule.name}) | _names(problem, mine, np.zeros(0, np.int64))
    return None


def _most(worth: Integers, use: Integers, room: int) -> int:
    """Return what sectors are worth at most, divided where need be, rounded up."""
    some = np.flatnonzero(worth > 0)
    free = some[use[some] == 0]
    paid = some[use[some] > 0]
    # the same worth a unit to the last bit: sorted by it, a tie moves nothing
    paid = paid[np.argsort(-(worth[paid] / use[paid]), kind="stable")]
    filled = np.cumsum(use[paid])
    whole = int(np.searchsorted(filled, room, side="right"))
    total = int(worth[free].sum() + worth[paid[:whole]].sum())
    if whole < len(paid):
        left = room - (int(filled[whole - 1]) if whole else 0)
        total += -(-int(worth[paid[whole]]) * left // int(use[paid[whole]]))
    return total


def _names(
    problem: DatedProblem, ceilings: Iterable[YearLimit], sectors: Integers
) -> frozenset[str]:
    ids = problem.whole.sector_ids
    return frozenset(f"{RuleKind.REQUIRED.value}:{ids[at]}" for at in sectors.tolist()) | {
        f"{RuleKind.YEAR.value}:{limit.year}:{limit.name}" for limit in ceilings
    }

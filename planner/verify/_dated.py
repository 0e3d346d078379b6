"""An answer with years, judged rule by rule and year by year."""

from __future__ import annotations

from planner.choice import Choice, ChoiceStatus, Quantity
from planner.dated import DatedChoice, DatedProblem
from planner.verify._choice import _STRENGTH, _Judge, unreached
from planner.verify._verdict import Verdict

__all__ = ["verify_years"]


def verify_years(problem: DatedProblem, choice: DatedChoice) -> Verdict:
    """Check a dated answer against every rule of its question.

    All that is open at the end holds the rules of the whole; at the end of each year what is open
    is contiguous; what opens in a year keeps the year's limits; values, bounds and statuses agree.

    Parameters
    ----------
    problem
        The question.
    choice
        The answer.
    """
    whole = problem.whole
    opened = dict(choice.opened)
    last = Choice(
        problem_sha256=whole.sha256, status=choice.status, chosen=tuple(sorted(opened)), stages=()
    )
    judge = _Judge(whole, last)
    judge.question()
    judge.check("question", "—", broken=choice.problem_sha256 != problem.sha256)
    ordered = list(choice.opened) == sorted(opened.items())
    judge.check("order", "—", broken=not ordered)
    for key, year in sorted(opened.items()):
        judge.check("year.unknown", key, broken=year not in problem.years, year=year)
    none = choice.status is ChoiceStatus.TIME_LIMIT and whole.objectives and not choice.stages
    if choice.status is ChoiceStatus.INFEASIBLE or (none and not opened):
        judge.no_answer()
        judge.check("no_answer", "—", broken=bool(choice.stages))
        return Verdict.of(judge.checks, judge.breaches)
    judge.sectors()
    judge.envelopes()
    judge.limits()
    _years(judge, problem, opened)
    _stages(judge, problem, choice, opened)
    return Verdict.of(judge.checks, judge.breaches)


def _years(judge: _Judge, problem: DatedProblem, opened: dict[str, int]) -> None:
    """Check what is open at the end of each year, and what opens in it."""
    for year in problem.years:
        so_far = frozenset(key for key in judge.chosen if opened[key] <= year)
        lost = unreached(problem.whole, so_far)
        judge.checks["year.contiguity"] += len(so_far) - len(lost)
        for key in lost:
            judge.check("year.contiguity", key, broken=True, year=year)
    for limit in problem.limits:
        total = sum(
            value
            for key, value in zip(
                problem.whole.sector_ids, limit.coefficients.tolist(), strict=True
            )
            if opened.get(key) == limit.year
        )
        judge.check(
            "year.limit", f"{limit.name}@{limit.year}", broken=total > limit.upper,
            excess=max(total - limit.upper, 0), year=limit.year, words=limit.message,
            amount=Quantity(max(total - limit.upper, 0), limit.unit),
        )  # fmt: skip


def _stages(
    judge: _Judge, problem: DatedProblem, choice: DatedChoice, opened: dict[str, int]
) -> None:
    """Count each objective again, and check its claims."""
    whole = problem.whole
    asked = tuple(objective.name for objective in whole.objectives)
    given = tuple(stage.objective for stage in choice.stages)
    judge.check("stages", "—", broken=asked != given)
    if asked != given:
        return
    weakest = ChoiceStatus.OPTIMAL
    for objective, stage in zip(whole.objectives, choice.stages, strict=True):
        worth = 0
        for key, value in zip(whole.sector_ids, objective.coefficients.tolist(), strict=True):
            if key in judge.chosen:
                served = sum(opened[key] <= year for year in problem.years)
                worth += value * (served if objective.name in problem.yearly else 1)
        if objective.edge_coefficients is not None:
            for (i, j), value in zip(
                whole.edges.tolist(), objective.edge_coefficients.tolist(), strict=True
            ):
                if {whole.sector_ids[i], whole.sector_ids[j]} <= judge.chosen:
                    worth += value
        judge.check(
            "stage.value", stage.objective, broken=worth != stage.value,
            excess=stage.value - worth, worth=worth, said=stage.value,
        )  # fmt: skip
        judge.claims(stage, 1 if objective.sense == "max" else -1)
        weakest = max(weakest, stage.status, key=_STRENGTH.index)
    judge.check("status", "—", broken=bool(choice.stages) and choice.status is not weakest)

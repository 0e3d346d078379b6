"""What each rule costs the region: the best programme without it, against the one with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.choice import Choice, ChoiceProblem, ChoiceStatus, Contiguity
from planner.dated import DatedChoice, DatedProblem
from planner.explain._flips import Solve
from planner.explain._year_flips import SolveYears
from planner.schemas import contract
from planner.texts import Message

__all__ = ["price_rules", "price_year_rules"]


def price_rules(
    problem: ChoiceProblem,
    choice: Choice,
    *,
    solve: Solve,
    names: Mapping[str, str] | None = None,
    wishes: bool = True,
    lang: str = "fr",
) -> pd.DataFrame:
    """Price contiguity, each limit, each required and each refused sector.

    Sectors that nobody asked for (``unasked``) are one rule together: nobody refused them.

    Each rule is dropped alone and the question is answered again.  With more rules dropped at once
    prices don't add up.

    Parameters
    ----------
    problem, choice
        The question and its answer.
    solve
        What answers a question, as :func:`planner.programme.solve_choice` does; called once a rule.
    names
        Actor to what people call it.
    wishes
        Whether each required and each refused sector is priced too, one answer each.
    lang
        Language of the rules' words.

    Returns
    -------
    DataFrame
        Contract ``rule_prices``: a row for each rule and each objective, then one for the lines of
        the chosen sectors; ``price`` is what the rule takes from the objective (positive: it makes
        it worse), in [``price_min``, ``price_max``] where either answer is not proved.
    """
    called = {actor: (names or {}).get(actor, actor) for actor in problem.actors}
    rows = [
        row
        for rule, place, message, without in _dropped(problem, called, wishes=wishes)
        for row in _priced(
            problem, (rule, place, message.say(lang)), choice, solve(without)
        )
    ]  # fmt: skip
    return _table(rows)


def price_year_rules(
    problem: DatedProblem,
    choice: DatedChoice,
    *,
    solve: SolveYears,
    names: Mapping[str, str] | None = None,
    wishes: bool = True,
    lang: str = "fr",
) -> pd.DataFrame:
    """Price each rule of a question with years, as :func:`price_rules` does.

    A ceiling of the years is dropped in all of them at once; where there are several, all of them
    together are priced too (``years``).

    Parameters
    ----------
    problem, choice
        The question and its answer.
    solve
        What answers a question, as :func:`planner.programme.solve_years` does; called once a rule.
    names, wishes, lang
        As for :func:`price_rules`.

    Returns
    -------
    DataFrame
        Contract ``rule_prices``.
    """
    whole = problem.whole
    called = {actor: (names or {}).get(actor, actor) for actor in whole.actors}
    dropped: list[tuple[str, str, Message, DatedProblem]] = [
        (rule, place, message, replace(problem, whole=without))
        for rule, place, message, without in _dropped(whole, called, wishes=wishes)
    ]
    words = {one.name: one.message for one in problem.limits}
    dropped += [
        (
            "year_limit", name, Message.of("decision.rule_year_limit", words=message),
            replace(problem, limits=tuple(one for one in problem.limits if one.name != name)),
        )
        for name, message in sorted(words.items())
    ]  # fmt: skip
    if len(words) > 1:
        message = Message.of("decision.rule_years")
        dropped.append(("years", "—", message, replace(problem, limits=())))
    now = choice.without_years(problem)
    rows = []
    for rule, place, message, without in dropped:
        answer = solve(without).without_years(without)
        rows += _priced(whole, (rule, place, message.say(lang)), now, answer)
    return _table(rows)


def _priced(
    problem: ChoiceProblem, named: tuple[str, str, str], choice: Choice, answer: Choice
) -> list[dict[str, Any]]:
    """Return the rows of one rule: the answer without it against the one with it."""
    if len(answer.stages) < len(problem.objectives):  # time ran out before an answer
        return []
    rule, place, words = named
    # a later objective is held by the former ones: it has no order of its own
    proved = choice.status is ChoiceStatus.OPTIMAL and answer.status is ChoiceStatus.OPTIMAL
    rows: list[dict[str, Any]] = []
    for objective, now, then in zip(problem.objectives, choice.stages, answer.stages, strict=True):
        sign = 1 if objective.sense == "max" else -1
        price = sign * (then.value - now.value)
        low = high = price
        if then.bound is not None and now.bound is not None:
            low, high = sign * (then.value - now.bound), sign * (then.bound - now.value)
        rows.append(
            {
                "rule": rule, "place": place, "objective": objective.name,
                "with_value": now.value, "without_value": then.value, "price": price,
                "price_min": price if proved else min(low, price),
                "price_max": price if proved else max(high, price),
                "proved": proved, "words": words,
            }
        )  # fmt: skip
    counted = [int(problem.lines[_flags(problem, one)].sum()) for one in (choice, answer)]
    gained = counted[1] - counted[0]
    rows.append(
        {
            "rule": rule, "place": place, "objective": "lines",
            "with_value": counted[0], "without_value": counted[1],
            "price": gained, "price_min": gained, "price_max": gained,
            "proved": answer.status is ChoiceStatus.OPTIMAL, "words": words,
        }
    )  # fmt: skip
    return rows


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    if table.empty:
        return contract("rule_prices").empty()
    contract("rule_prices").check(table)
    return contract("rule_prices").select(table)


def _flags(problem: ChoiceProblem, choice: Choice) -> npt.NDArray[np.bool_]:
    inside = set(choice.chosen)
    return np.array([key in inside for key in problem.sector_ids], dtype=bool)


def _dropped(
    problem: ChoiceProblem, called: Mapping[str, str], *, wishes: bool
) -> Iterator[tuple[str, str, Message, ChoiceProblem]]:
    """Yield each rule with the question that lacks it."""
    if problem.contiguity is not Contiguity.NONE:
        message = Message.of("decision.rule_contiguity")
        yield "contiguity", "—", message, replace(problem, contiguity=Contiguity.NONE)
    for position, limit in enumerate(problem.limits):
        others = (*problem.limits[:position], *problem.limits[position + 1 :])
        yield "limit", limit.name, limit.message, replace(problem, limits=others)
    unasked = np.zeros(problem.candidates_count, dtype=bool)
    if problem.unasked is not None and problem.unasked.any():
        unasked = problem.unasked
        opened = replace(problem, refused=problem.refused & ~unasked, unasked=None)
        yield "unasked", "—", Message.of("decision.rule_unasked"), opened
    for name in ("required", "refused") if wishes else ():
        flags = getattr(problem, name)
        for j in np.flatnonzero(flags & ~unasked).tolist():
            freed = flags.copy()
            freed[j] = False
            key, actor = problem.sector_ids[j], called[problem.actors[int(problem.decider[j])]]
            message = Message.of(f"conflict.{name}", place=key, actor=actor)
            without = (
                replace(problem, required=freed)
                if name == "required"
                else replace(problem, refused=freed)
            )
            yield name, key, message, without

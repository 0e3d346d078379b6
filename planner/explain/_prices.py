"""What each rule costs the region: the best programme without it, against the one with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.choice import Choice, ChoiceProblem, ChoiceStatus, Contiguity, Limit, StageResult
from planner.dated import DatedChoice, DatedProblem
from planner.explain._flips import Solve
from planner.explain._year_flips import SolveYears
from planner.schemas import contract
from planner.texts import Message

__all__ = ["price_rules", "price_year_rules"]

Flags = npt.NDArray[np.bool_]

_PARITY: Final = "parity"  # two limits, one on each side: one rule
_WISHES: Final = ("required", "refused")


@dataclass(frozen=True)
class _Rule:
    """A rule that can be dropped, and whether it may well cost nothing."""

    kind: str
    place: str
    message: Message
    drop: Callable[[ChoiceProblem], ChoiceProblem]
    is_loose: bool = False


def price_rules(
    problem: ChoiceProblem,
    choice: Choice,
    *,
    solve: Solve,
    names: Mapping[str, str] | None = None,
    wishes: bool = True,
    lang: str = "fr",
) -> pd.DataFrame:
    """Price contiguity, parity, each other limit, and what was required or refused.

    Sectors that nobody asked for (``unasked``) are one rule together: nobody refused them.

    Each rule is dropped alone and the question is answered again; where nothing is gained without
    several of them at once, nothing is without any one of them.  With more rules dropped at once
    prices don't add up.

    Parameters
    ----------
    problem, choice
        The question and its answer.
    solve
        What answers a question, as :func:`planner.programme.solve_choice` does; called once a rule,
        or once for several that cost nothing.
    names
        Actor to what people call it.
    wishes
        Whether each required and each refused sector is priced too, beside all of them together.
    lang
        Language of the rules' words.

    Returns
    -------
    DataFrame
        Contract ``rule_prices``: a row for each rule and each objective, then one for the lines of
        the chosen sectors; ``price`` is what the rule takes from the objective (positive: it makes
        it worse), in [``price_min``, ``price_max``] where either answer is not proved.  What comes
        after an objective that isn't proved in the answer isn't priced, the lines neither; after
        one that isn't without the rule, the bounds are absent.
    """
    called = {actor: (names or {}).get(actor, actor) for actor in problem.actors}
    problem, choice = _grounded(problem, choice)
    rules = list(_rules(problem, choice, called, wishes=wishes))
    answers = dict(_answers(problem, choice, rules, solve))
    return _table([
        row for at, rule in enumerate(rules)
        for row in _priced(
            problem, (rule.kind, rule.place, rule.message.say(lang)), choice, answers[at]
        )
    ])  # fmt: skip


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
    whole, now = _grounded(problem.whole, choice.without_years(problem))
    problem = replace(problem, whole=whole)
    called = {actor: (names or {}).get(actor, actor) for actor in whole.actors}
    dropped: list[tuple[str, str, Message, DatedProblem]] = [
        (rule.kind, rule.place, rule.message, replace(problem, whole=rule.drop(whole)))
        for rule in _rules(whole, now, called, wishes=wishes)
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
    rows = []
    for kind, place, message, without in dropped:
        answer = solve(without).without_years(without)
        rows += _priced(whole, (kind, place, message.say(lang)), now, answer)
    return _table(rows)


def _grounded(problem: ChoiceProblem, choice: Choice) -> tuple[ChoiceProblem, Choice]:
    """Keep the objectives up to the first that isn't proved: after it no price has a ground."""
    doubtful = [at for at, stage in enumerate(choice.stages) if stage.bound != stage.value]
    count = doubtful[0] + 1 if doubtful else len(choice.stages)
    if count == len(problem.objectives):
        return problem, choice
    asked = replace(problem, objectives=problem.objectives[:count])
    return asked, replace(choice, stages=choice.stages[:count])


def _answers(
    problem: ChoiceProblem, choice: Choice, rules: Sequence[_Rule], solve: Solve
) -> Iterator[tuple[int, Choice]]:
    """Answer the question without each rule alone, by its position."""
    proved = choice.status is ChoiceStatus.OPTIMAL
    together = [at for at, rule in enumerate(rules) if rule.is_loose and proved]
    for at in range(len(rules)):
        if at not in together:
            yield at, solve(rules[at].drop(problem))
    groups = [together] if together else []
    while groups:
        group = groups.pop()
        without = problem
        for at in group:
            without = rules[at].drop(without)
        answer = solve(without)
        if len(group) == 1:
            yield group[0], answer
        elif answer.status is ChoiceStatus.OPTIMAL and _worth(answer) == _worth(choice):
            yield from ((at, choice) for at in group)
        else:
            groups += [group[: len(group) // 2], group[len(group) // 2 :]]


def _worth(choice: Choice) -> tuple[int, ...]:
    return tuple(stage.value for stage in choice.stages)


def _priced(
    problem: ChoiceProblem, named: tuple[str, str, str], choice: Choice, answer: Choice
) -> list[dict[str, Any]]:
    """Return the rows of one rule: the answer without it against the one with it."""
    if len(answer.stages) < len(problem.objectives):  # time ran out before an answer
        return []
    rule, place, words = named
    signs = [1 if one.sense == "max" else -1 for one in problem.objectives]
    worth = [
        tuple(sign * value for sign, value in zip(signs, _worth(one), strict=True))
        for one in (choice, answer)
    ]
    if worth[1] <= worth[0]:  # the programme in force holds without the rule, and is as good
        chosen = choice.chosen
        stages = tuple(
            replace(then, value=now.value)
            for now, then in zip(choice.stages, answer.stages, strict=True)
        )
        answer = replace(answer, chosen=chosen, stages=stages)
    rows: list[dict[str, Any]] = []
    exact, is_held = True, True  # is_held: nothing was gained so far
    for objective, sign, now, then in zip(
        problem.objectives, signs, choice.stages, answer.stages, strict=True
    ):
        price = sign * (then.value - now.value)
        low, high = _between(sign, now, then) if exact else (None, None)
        if low is not None and is_held:  # without a rule, the best is never worse
            low = max(low, 0)
        exact = exact and low == high
        is_held = is_held and exact and price == 0
        rows.append(
            {
                "rule": rule, "place": place, "objective": objective.name,
                "with_value": now.value, "without_value": then.value, "price": price,
                "price_min": low, "price_max": high, "proved": exact, "words": words,
            }
        )  # fmt: skip
    if choice.status is not ChoiceStatus.OPTIMAL:
        return rows
    counted = [int(problem.lines[_flags(problem, one)].sum()) for one in (choice, answer)]
    gained = counted[1] - counted[0]
    rows.append(
        {
            "rule": rule, "place": place, "objective": "lines",
            "with_value": counted[0], "without_value": counted[1],
            "price": gained, "price_min": gained if exact else None,
            "price_max": gained if exact else None, "proved": exact, "words": words,
        }
    )  # fmt: skip
    return rows


def _between(sign: int, now: StageResult, then: StageResult) -> tuple[int | None, int | None]:
    """Return between which values a price is, by the bounds of both answers."""
    low = None if now.bound is None else sign * (then.value - now.bound)
    high = None if then.bound is None else sign * (then.bound - now.value)
    return (None, None) if low is None or high is None else (low, high)


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    if table.empty:
        return contract("rule_prices").empty()
    for name in ("price_min", "price_max"):
        table[name] = table[name].astype("Int64")
    contract("rule_prices").check(table)
    return contract("rule_prices").select(table)


def _flags(problem: ChoiceProblem, choice: Choice) -> Flags:
    inside = set(choice.chosen)
    return np.array([key in inside for key in problem.sector_ids], dtype=bool)


def _rules(
    problem: ChoiceProblem, choice: Choice, called: Mapping[str, str], *, wishes: bool
) -> Iterator[_Rule]:
    """Yield each rule."""
    if problem.contiguity is not Contiguity.NONE:
        message = Message.of("decision.rule_contiguity")
        yield _Rule("contiguity", "—", message, partial(replace, contiguity=Contiguity.NONE))
    chosen = _flags(problem, choice)
    sides = [one for one in problem.limits if one.name.split(".")[0] == _PARITY]
    parity = frozenset(one.name for one in sides) if len(sides) > 1 else frozenset()
    if parity:
        message = Message.of("decision.rule_parity", words=sides[0].message)
        yield _Rule("limit", _PARITY, message, partial(_without, names=parity))
    for limit in problem.limits:
        if limit.name not in parity:
            without = partial(_without, names=frozenset({limit.name}))
            loose = _has_room(limit, chosen)
            yield _Rule("limit", limit.name, limit.message, without, is_loose=loose)
    unasked = np.zeros(problem.candidates_count, dtype=bool)
    if problem.unasked is not None and problem.unasked.any():
        unasked = problem.unasked
        yield _Rule("unasked", "—", Message.of("decision.rule_unasked"), _allow_unasked)
    for name in _WISHES:
        places = np.flatnonzero(getattr(problem, name) & ~unasked).tolist()
        if len(places) > 1:
            message = Message.of(f"decision.rule_all_{name}", count=len(places))
            yield _Rule(
                f"all_{name}",
                "—",
                message,
                partial(_freed, wish=name, places=tuple(places)),
                is_loose=True,
            )
        for j in places if wishes or len(places) == 1 else ():
            key, actor = problem.sector_ids[j], called[problem.actors[int(problem.decider[j])]]
            message = Message.of(f"conflict.{name}", place=key, actor=actor)
            message = message.naming(problem.sector_names)
            yield _Rule(name, key, message, partial(_freed, wish=name, places=(j,)), is_loose=True)


def _has_room(limit: Limit, chosen: Flags) -> bool:
    """Whether any one sector could join or leave and the limit still hold."""
    value = int(limit.coefficients[chosen].sum())
    most = int(np.abs(limit.coefficients).max(initial=0))
    above = limit.upper is None or value + most <= limit.upper
    return above and (limit.lower is None or value - most >= limit.lower)


def _without(problem: ChoiceProblem, *, names: frozenset[str]) -> ChoiceProblem:
    return replace(problem, limits=tuple(one for one in problem.limits if one.name not in names))


def _allow_unasked(problem: ChoiceProblem) -> ChoiceProblem:
    if problem.unasked is None:
        return problem
    return replace(problem, refused=problem.refused & ~problem.unasked, unasked=None)


def _freed(problem: ChoiceProblem, *, wish: str, places: tuple[int, ...]) -> ChoiceProblem:
    freed: Flags = getattr(problem, wish).copy()
    freed[list(places)] = False
    return (
        replace(problem, required=freed) if wish == "required" else replace(problem, refused=freed)
    )

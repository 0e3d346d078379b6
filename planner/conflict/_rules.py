"""The rules of a question, one by one, each with a name that stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from planner.choice import ChoiceProblem, Contiguity, Quantity
from planner.dated import DatedProblem
from planner.texts import Message

__all__ = ["Reasons", "Rule", "RuleKind", "rules_of", "rules_of_years"]


@dataclass(frozen=True)
class Reasons:
    """Why wishes don't count, put into words with the message that holds them."""

    messages: tuple[Message, ...]

    def say(self, lang: str = "fr", /) -> str:
        """Put them into words."""
        return " ; ".join(message.say(lang) for message in self.messages)


class RuleKind(StrEnum):
    """What a rule is about."""

    ENVELOPE = "envelope"
    NO_VOTE = "no_vote"
    REQUIRED = "required"
    REFUSED = "refused"
    CONTIGUITY = "contiguity"
    UPPER = "upper"
    LOWER = "lower"
    YEAR = "year"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule that could be dropped alone.

    Parameters
    ----------
    name
        Stable identifier: ``envelope:243500741``, ``required:35236-03``, ``upper:budget.region``.
    kind
        What it is about.
    position
        Of its actor, candidate or limit in the question; of a ceiling among those of years.
    message
        The rule in the reader's words.
    """

    name: str
    kind: RuleKind
    position: int
    message: Message


def rules_of(problem: ChoiceProblem, *, names: Mapping[str, str] | None = None) -> tuple[Rule, ...]:
    """List every rule of a question.

    Parameters
    ----------
    problem
        The question.
    names
        Actor to what people call it; by default its code.

    Returns
    -------
    tuple of Rule
        Envelopes and votes, contiguity by actor, required, refused, then limits.
    """
    called = [(names or {}).get(actor, actor) for actor in problem.actors]
    rules: list[tuple[RuleKind, str, int, dict[str, object]]] = []
    for position, granted in enumerate(problem.envelopes.tolist()):
        kind = RuleKind.NO_VOTE if granted < 0 else RuleKind.ENVELOPE
        rules.append((kind, problem.actors[position], position,
                      {"amount": Quantity(granted, problem.envelope_unit(position))}))  # fmt: skip
    if problem.contiguity is not Contiguity.NONE:
        deciders = sorted(set(problem.decider.tolist()))
        rules += [(RuleKind.CONTIGUITY, problem.actors[a], a, {}) for a in deciders]
    for kind, flags in (
        (RuleKind.REQUIRED, problem.required), (RuleKind.REFUSED, problem.refused)
    ):  # fmt: skip
        rules += [
            (kind, key, position, {})
            for position, (key, flag) in enumerate(
                zip(problem.sector_ids, flags.tolist(), strict=True)
            )
            if flag
        ]
    for position, limit in enumerate(problem.limits):
        if limit.upper is not None:
            rules.append((RuleKind.UPPER, limit.name, position, {"words": limit.message}))
        if limit.lower is not None:
            values = {"words": limit.message, "amount": Quantity(limit.lower, limit.unit)}
            rules.append((RuleKind.LOWER, limit.name, position, values))
    of_actor = {RuleKind.ENVELOPE, RuleKind.NO_VOTE, RuleKind.CONTIGUITY}
    of_sector = {RuleKind.REQUIRED, RuleKind.REFUSED}
    return tuple(
        Rule(
            name=f"{kind.value}:{place}",
            kind=kind,
            position=position,
            message=Message.of(
                f"conflict.{_said(problem, kind, position)}",
                place=called[position] if kind in of_actor else place,
                actor=called[int(problem.decider[position])] if kind in of_sector else None,
                why=Reasons(problem.vain.get(place, ())),
                **values,
            ).naming(problem.sector_names),
        )
        for kind, place, position, values in rules
    )


def rules_of_years(
    problem: DatedProblem, *, names: Mapping[str, str] | None = None
) -> tuple[Rule, ...]:
    """List every rule of a question with years: those of the whole, then the ceilings of years.

    Parameters
    ----------
    problem
        The question.
    names
        Actor to what people call it; by default its code.
    """
    return *rules_of(problem.whole, names=names), *(
        Rule(
            name=f"{RuleKind.YEAR.value}:{limit.year}:{limit.name}", kind=RuleKind.YEAR,
            position=position,
            message=Message.of(
                "conflict.year", year=limit.year, words=limit.message, place=limit.year
            ),
        )
        for position, limit in enumerate(problem.limits)
    )  # fmt: skip


def _said(problem: ChoiceProblem, kind: RuleKind, position: int) -> str:
    """Return how a rule is told: unasked is not refused, and an unknown envelope isn't zero.

    What was asked for by a wish that doesn't count is told so, with the reason.
    """
    unasked = problem.unasked
    if kind is RuleKind.REFUSED and unasked is not None and unasked[position]:
        if problem.sector_ids[position] in problem.vain:
            return "vain"
        return "unheard" if problem.envelopes[problem.decider[position]] < 0 else "unasked"
    if kind is RuleKind.ENVELOPE and not problem.is_granted(position):
        return "no_envelope"
    return kind.value

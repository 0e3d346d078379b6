"""A smallest set of rules that can't hold together.

Sets of rules whose dropping makes a programme possible and sets that can't hold together meet each
other (Reiter's duality): a smallest set that meets every known way out either can't hold, and is
the answer, or shows another way out (Ignatiev and others, 2015, "Smallest MUS extraction with
minimal hitting set dualization").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planner.choice import ChoiceProblem
from planner.conflict._model import SoftModel, smallest_hitting_set
from planner.conflict._rules import Rule, RuleKind, rules_of
from planner.texts import Message, say

__all__ = ["Conflict", "find_conflict"]


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Rules that can't hold together.

    Parameters
    ----------
    rules
        The rules, in the order of the question; without any one of them the others can hold.
    smallest
        Whether no set of fewer rules is in conflict (proved), or only this one can't be reduced.
    message
        What clashes, in one sentence.
    """

    rules: tuple[Rule, ...]
    smallest: bool
    message: Message

    @property
    def names(self) -> tuple[str, ...]:
        """Identifiers of the rules."""
        return tuple(rule.name for rule in self.rules)

    def say(self, lang: str = "fr") -> str:
        """Put the conflict into words: the clash, then each rule."""
        proof = say("conflict.smallest" if self.smallest else "conflict.irreducible", lang)
        lines = [f"  • {rule.message.say(lang)}" for rule in self.rules]
        return "\n".join([self.message.say(lang), proof, *lines])


def find_conflict(
    problem: ChoiceProblem,
    *,
    names: Mapping[str, str] | None = None,
    rounds: int = 200,
) -> Conflict | None:
    """Name a smallest set of rules that can't hold together.

    Parameters
    ----------
    problem
        The question.
    names
        Actor to what people call it; by default its code.
    rounds
        After so many rounds of the search for a smallest set, one that can't be reduced is given
        instead (rules taken away one by one) and says so.

    Returns
    -------
    Conflict or None
        None when a programme exists.

    Notes
    -----
    Choosing nothing is a programme where no rule asks for more: there is a conflict only with a
    required sector or a rule with a lower bound.
    """
    rules = rules_of(problem, names=names)
    order = tuple(rule.name for rule in rules)
    model = SoftModel(problem, rules)
    ways: list[frozenset[str]] = []
    found: frozenset[str] | None = None
    for _ in range(rounds):
        core = smallest_hitting_set(order, ways)
        if core is None:
            break
        kept = model.solve(hard=core, droppable=set(order) - core)
        if kept.feasible is None:
            break
        if not kept.feasible:
            found = core
            break
        if not kept.dropped:
            return None
        ways.append(kept.dropped)
    smallest = found is not None
    if found is None:
        found = _irreducible(model, order)
        if found is None:
            return None
    clash = tuple(rule for rule in rules if rule.name in found)
    return Conflict(rules=clash, smallest=smallest, message=_sentence(problem, model, clash, names))


def _irreducible(model: SoftModel, order: tuple[str, ...]) -> frozenset[str] | None:
    """Take rules away one by one while the others still clash."""
    kept = list(order)
    if model.solve(hard=kept).feasible is not False:
        return None
    for name in order:
        fewer = [other for other in kept if other != name]
        if model.solve(hard=fewer).feasible is False:
            kept = fewer
    return frozenset(kept)


def _sentence(
    problem: ChoiceProblem,
    model: SoftModel,
    clash: tuple[Rule, ...],
    names: Mapping[str, str] | None,
) -> Message:
    """Say the clash; by how much, where one envelope or one limit is what gives."""
    names = names or {}
    kinds = {rule.kind for rule in clash}
    demands = [rule for rule in clash if rule.kind is RuleKind.REQUIRED]
    bounds = [
        rule
        for rule in clash
        if rule.kind in {RuleKind.ENVELOPE, RuleKind.NO_VOTE, RuleKind.UPPER, RuleKind.LOWER}
    ]
    who = sorted({problem.actors[int(problem.decider[rule.position])] for rule in demands})
    actor = names.get(who[0], who[0]) if len(who) == 1 else None
    sectors = ", ".join(problem.sector_ids[rule.position] for rule in demands)
    if len(bounds) == 1 and demands:
        bound = bounds[0]
        # every wish of the same kind presses on it, not only the few that prove the clash
        hard = [
            rule.name
            for rule in model.rules
            if rule.name in {one.name for one in clash}
            or (rule.kind is RuleKind.REQUIRED and not _other_actor(problem, rule, who))
        ]
        given = model.solve(
            hard=[name for name in hard if name != bound.name], giving={bound.name: 1}
        )
        excess = given.given.get(bound.name, 0) if given.feasible else None
        if excess and bound.kind is RuleKind.ENVELOPE:
            own = len(who) == 1 and problem.actors[bound.position] == who[0]
            payer = problem.actors[bound.position]
            granted = int(problem.envelopes[bound.position])
            key = "required_over_envelope" if own else "required_over_other"
            if RuleKind.CONTIGUITY in kinds:
                key += "_reach"
            return Message.of(
                f"conflict.{key}", actor=actor or ", ".join(names.get(a, a) for a in who),
                payer=names.get(payer, payer), granted=granted, excess=excess, sectors=sectors,
            )  # fmt: skip
        if excess and bound.kind in {RuleKind.UPPER, RuleKind.LOWER}:
            return Message.of(
                "conflict.required_over_limit", words=problem.limits[bound.position].message,
                excess=excess, sectors=sectors,
            )  # fmt: skip
    if kinds == {RuleKind.REQUIRED, RuleKind.REFUSED}:
        return Message.of("conflict.required_and_refused", sectors=sectors)
    if RuleKind.CONTIGUITY in kinds and demands:
        return Message.of("conflict.required_out_of_reach", sectors=sectors)
    return Message.of("conflict.together", count=len(clash))


def _other_actor(problem: ChoiceProblem, rule: Rule, who: list[str]) -> bool:
    return problem.actors[int(problem.decider[rule.position])] not in who

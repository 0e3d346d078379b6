"""A smallest set of rules that can't hold together.

Sets of rules whose dropping makes a programme possible and sets that can't hold together meet each
other (Reiter's duality): a smallest set that meets every known way out either can't hold, and is
the answer, or shows another way out (Ignatiev and others, 2015, "Smallest MUS extraction with
minimal hitting set dualization").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from planner.choice import ChoiceProblem, Contiguity, Quantity
from planner.conflict._lean import LeanModel
from planner.conflict._model import SoftModel, smallest_hitting_set
from planner.conflict._rules import Rule, RuleKind, rules_of
from planner.errors import PlannerError
from planner.texts import Message, say

__all__ = ["Conflict", "excess_of", "find_conflict", "irreducible"]

_WIDE_ROUNDS: Final = 12


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Rules that can't hold together.

    Parameters
    ----------
    rules
        The rules, in the order of the question.
    smallest
        Whether no set of fewer rules is in conflict (proved), or only this one can't be reduced.
    message
        What clashes, in one sentence.
    irreducible
        Whether it was seen that the others hold without any one of them.
    """

    rules: tuple[Rule, ...]
    smallest: bool
    message: Message
    irreducible: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Identifiers of the rules."""
        return tuple(rule.name for rule in self.rules)

    def say(self, lang: str = "fr") -> str:
        """Put the conflict into words: the clash, then each rule."""
        known = "smallest" if self.smallest else "irreducible" if self.irreducible else "some"
        proof = say(f"conflict.{known}", lang)
        lines = [f"  • {rule.message.say(lang)}" for rule in self.rules]
        return "\n".join([self.message.say(lang), proof, *lines])


def find_conflict(
    problem: ChoiceProblem,
    *,
    names: Mapping[str, str] | None = None,
    rounds: int = 100,
) -> Conflict | None:
    """Name a smallest set of rules that can't hold together.

    Parameters
    ----------
    problem
        The question.
    names
        Actor to what people call it; by default its code.
    rounds
        After so many rounds of the search for a smallest set, the smallest one that is known is
        given instead (rules taken away one by one, within one EPCI where that is enough) and says
        so.

    Returns
    -------
    Conflict or None
        None when a programme exists.

    Raises
    ------
    PlannerError
        When the search ends without knowing whether a programme exists.

    Notes
    -----
    Choosing nothing is a programme where no rule asks for more: there is a conflict only with a
    required sector or a rule with a lower bound.
    """
    rules = rules_of(problem, names=names)
    order = tuple(rule.name for rule in rules)
    model = SoftModel(problem, rules)
    known = _by_sums(problem, rules)
    for scope in _scopes(problem, rules):
        if model.solve(hard=scope).feasible is False:
            mine = known if known is not None and known <= set(scope) else None
            turns = rounds if mine is None else min(rounds, _WIDE_ROUNDS)
            found, _ = _search(model, scope, rounds=turns, known=mine)
            found = found or _cut_down(model, scope, need=_needs(problem, rules))
            if found is not None and (known is None or len(found) < len(known)):
                known = found
    if known is None and model.solve(hard=order).feasible:
        return None
    # over the whole region each round is longer: a conflict that is known is proved or left
    wide = rounds if known is None else min(rounds, _WIDE_ROUNDS)
    found, smallest = _search(model, order, rounds=wide, known=known)
    if found is None:
        found = _cut_down(model, order, need=_needs(problem, rules))
    if found is None:
        raise PlannerError(
            Message.of("conflict.undecided"), Message.of("conflict.undecided_remedy")
        )
    clash = tuple(rule for rule in rules if rule.name in found)
    message = _sentence(problem, model, clash, names).naming(problem.sector_names)
    return Conflict(rules=clash, smallest=smallest, message=message)


def _by_sums(problem: ChoiceProblem, rules: tuple[Rule, ...]) -> frozenset[str] | None:
    """Return the fewest required sectors that one envelope or upper bound can't hold, if any.

    The largest of them until there is no more room: for that bound alone no fewer would do.
    """
    wanted = np.flatnonzero(problem.required)
    found: list[list[int | str]] = []
    for rule in rules:
        if rule.kind in {RuleKind.ENVELOPE, RuleKind.NO_VOTE}:
            mine = problem.share_actor == rule.position
            use = np.zeros(problem.candidates_count, np.int64)
            np.add.at(use, problem.share_candidate[mine], problem.share_need[mine])
            room = max(int(problem.envelopes[rule.position]), 0)
        elif rule.kind is RuleKind.UPPER:
            limit = problem.limits[rule.position]
            use, room = limit.coefficients, -1 if limit.upper is None else limit.upper
            if room < 0 or (use < 0).any():  # what is chosen besides could make room
                continue
        else:
            continue
        order = wanted[np.argsort(-use[wanted], kind="stable")]
        passed = np.flatnonzero(np.cumsum(use[order]) > room)
        if len(passed):
            few = sorted(order[: int(passed[0]) + 1].tolist())
            found.append([rule.name, *few])
    if not found:
        return None
    bound, *few = min(found, key=len)
    kind = RuleKind.REQUIRED.value
    return frozenset([str(bound), *(f"{kind}:{problem.sector_ids[int(at)]}" for at in few)])


def _scopes(problem: ChoiceProblem, rules: tuple[Rule, ...]) -> list[tuple[str, ...]]:
    """Return the rules of each actor that requires anything: most conflicts lie within one."""
    by_actor: dict[int, list[str]] = defaultdict(list)
    demanding = set()
    for rule in rules:
        if rule.kind in {RuleKind.REQUIRED, RuleKind.REFUSED}:
            actor = int(problem.decider[rule.position])
            if rule.kind is RuleKind.REQUIRED:
                demanding.add(actor)
        elif rule.kind in {RuleKind.ENVELOPE, RuleKind.NO_VOTE, RuleKind.CONTIGUITY}:
            actor = rule.position
        else:
            continue
        by_actor[actor].append(rule.name)
    return [tuple(by_actor[actor]) for actor in sorted(demanding)]


def _search(
    model: SoftModel,
    order: tuple[str, ...],
    *,
    rounds: int,
    known: frozenset[str] | None,
) -> tuple[frozenset[str] | None, bool]:
    """Search a smallest conflict among some rules; return the best known, and whether it is proved.

    A conflict that is known already is proved smallest as soon as no smaller set meets every way
    out.
    """
    ways: list[frozenset[str]] = []
    for _ in range(rounds):
        core = smallest_hitting_set(order, ways)
        if core is None:
            break
        if known is not None and len(core) >= len(known):
            return known, True
        kept = model.solve(hard=core, droppable=set(order) - core)
        if kept.feasible is None or (kept.feasible and not kept.dropped):
            break
        if not kept.feasible:
            return core, True
        ways.append(kept.dropped)
    return known, False


def _needs(problem: ChoiceProblem, rules: tuple[Rule, ...]) -> Mapping[str, int]:
    """Return the lines of each required sector: the smallest are taken away first."""
    return {
        rule.name: int(problem.lines[rule.position])
        for rule in rules
        if rule.kind is RuleKind.REQUIRED
    }


def _cut_down(
    model: SoftModel, order: tuple[str, ...], *, need: Mapping[str, int]
) -> frozenset[str] | None:
    """Take rules away; required sectors last, the smallest of them first."""
    first = sorted(order, key=lambda name: (name in need, need.get(name, 0)))
    return irreducible(lambda kept: model.solve(hard=kept).feasible is False, first)


def irreducible(
    clashes: Callable[[Sequence[str]], bool], order: Sequence[str]
) -> frozenset[str] | None:
    """Take rules away in their order, by halves then one by one, while the others still clash."""
    kept = list(order)
    if not clashes(kept):
        return None
    start, step = 0, max(len(kept) // 2, 1)
    while start < len(kept):
        fewer = kept[:start] + kept[start + step :]
        if clashes(fewer):
            kept = fewer
            step = max(min(step, (len(kept) - start) // 2), 1)
        elif step > 1:
            step //= 2
        else:
            start += 1
            step = max((len(kept) - start) // 2, 1)
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
    sectors = tuple(problem.sector_ids[rule.position] for rule in demands)
    if len(bounds) == 1 and demands:
        bound = bounds[0]
        # every wish of the same kind presses on it, not only the few that prove the clash
        hard = [
            rule.name
            for rule in model.rules
            if rule.name in {one.name for one in clash}
            or (rule.kind is RuleKind.REQUIRED and not _other_actor(problem, rule, who))
        ]
        excess = _excess(model, bound, hard)
        # what a way out would give, where that bound alone is in the way
        all_in = _excess(model, bound, [rule.name for rule in model.rules])
        if excess and bound.kind is RuleKind.ENVELOPE:
            own = len(who) == 1 and problem.actors[bound.position] == who[0]
            payer = problem.actors[bound.position]
            unit = problem.envelope_unit(bound.position)
            granted = int(problem.envelopes[bound.position])
            key = "required_over_envelope" if own else "required_over_other"
            if RuleKind.CONTIGUITY in kinds or (all_in or 0) > excess:
                key += "_reach"
            return Message.of(
                f"conflict.{key}", actor=actor or ", ".join(names.get(a, a) for a in who),
                payer=names.get(payer, payer), granted=Quantity(granted, unit)
                if problem.is_granted(bound.position) else Message.of("conflict.unknown"),
                excess=Quantity(all_in or excess, unit), sectors=sectors,
            )  # fmt: skip
        if excess and bound.kind in {RuleKind.UPPER, RuleKind.LOWER}:
            free = problem.contiguity is Contiguity.NONE
            key = "required_over_limit" + ("" if free else "_reach")
            if not all_in and RuleKind.CONTIGUITY not in kinds and not free:
                key = "required_over_limit_alone"
            return Message.of(
                f"conflict.{key}", words=problem.limits[bound.position].message,
                sectors=sectors,
                excess=Quantity(all_in or excess, problem.limits[bound.position].unit),
            )  # fmt: skip
    if kinds == {RuleKind.REQUIRED, RuleKind.NO_VOTE}:
        mute = sorted(problem.actors[bound.position] for bound in bounds)
        return Message.of(
            "conflict.required_without_vote", sectors=sectors,
            payer=", ".join(names.get(one, one) for one in mute),
        )  # fmt: skip
    if kinds == {RuleKind.REQUIRED, RuleKind.REFUSED}:
        return Message.of("conflict.required_and_refused", sectors=sectors)
    if RuleKind.CONTIGUITY in kinds and demands:
        return Message.of("conflict.required_out_of_reach", sectors=sectors)
    return Message.of("conflict.together", count=len(clash))


def _excess(model: SoftModel, bound: Rule, hard: Sequence[str]) -> int | None:
    return excess_of(model, [bound.name], hard)


def excess_of(
    model: SoftModel | LeanModel, bounds: Sequence[str], hard: Sequence[str]
) -> int | None:
    """Return how much some bounds must give in all for the others to hold.

    None where that isn't enough, or where the least isn't proved.
    """
    given = model.solve(
        hard=[name for name in hard if name not in bounds], giving=dict.fromkeys(bounds, 1)
    )
    total = sum(given.given.get(name, 0) for name in bounds)
    return total if given.feasible and given.bound >= total else None


def _other_actor(problem: ChoiceProblem, rule: Rule, who: list[str]) -> bool:
    return problem.actors[int(problem.decider[rule.position])] not in who

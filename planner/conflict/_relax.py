"""How little the rules would have to give for a programme to exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planner.choice import ChoiceProblem, Quantity, Unit
from planner.conflict._model import SoftModel
from planner.conflict._rules import Rule, RuleKind, rules_of
from planner.texts import Message

__all__ = ["Relaxation", "cheapest_relaxations"]


@dataclass(frozen=True, kw_only=True)
class Relaxation:
    """One way out: these rules give, all others hold.

    Parameters
    ----------
    kind
        ``envelopes`` (more lines or cents), ``required`` or ``refused`` (wishes dropped),
        ``limits`` (one bound moved) or ``any`` (fewest rules dropped, of any kind).
    amounts
        Rule to how much it gives, in its own unit; 1 for a rule that is dropped.
    total
        Sum of the amounts.
    bound
        What no relaxation of this kind can be under; equal to ``total`` when proved smallest.
    message
        The way out, in the reader's words.
    """

    kind: str
    amounts: Mapping[str, int]
    total: int
    bound: int
    message: Message


def cheapest_relaxations(
    problem: ChoiceProblem, *, names: Mapping[str, str] | None = None
) -> tuple[Relaxation, ...]:
    """Return the smallest ways out of a conflict, kind by kind.

    Envelopes give all together, each in its own unit: the sum means something where all of them
    are in lines, or all in cents.  Each limit gives alone; required or refused wishes, or rules of
    any kind, are dropped as few as can be.

    Parameters
    ----------
    problem
        A question without any programme.
    names
        Actor to what people call it; by default its code.

    Returns
    -------
    tuple of Relaxation
        Empty when a programme exists.  A kind that can't make one possible alone is left out.
    """
    rules = rules_of(problem, names=names)
    model = SoftModel(problem, rules)
    every = [rule.name for rule in rules]
    if model.solve(hard=every).feasible is not False:
        return ()
    found = [_giving(model, "envelopes", [r for r in rules if r.kind is RuleKind.ENVELOPE], every)]
    found += [
        _giving(model, "limits", [rule], every)
        for rule in rules
        if rule.kind in {RuleKind.UPPER, RuleKind.LOWER}
    ]
    for kind in (RuleKind.REQUIRED, RuleKind.REFUSED):
        found.append(_dropping(model, kind.value, [r for r in rules if r.kind is kind], every))
    found.append(_dropping(model, "any", list(rules), every))
    return tuple(one for one in found if one is not None)


def _giving(model: SoftModel, kind: str, rules: list[Rule], every: list[str]) -> Relaxation | None:
    if not rules:
        return None
    loose = {rule.name: 1 for rule in rules}
    answer = model.solve(hard=[name for name in every if name not in loose], giving=loose)
    if not answer.feasible:
        return None
    amounts = {rule.name: answer.given[rule.name] for rule in rules if rule.name in answer.given}
    giving = [r for r in rules if r.name in amounts]
    return _relaxation(kind, giving, amounts, answer.bound, units=_units(model.problem, giving))


def _units(problem: ChoiceProblem, rules: list[Rule]) -> dict[str, Unit]:
    """Return the unit of what each rule gives."""
    return {
        rule.name: problem.envelope_unit(rule.position)
        if rule.kind is RuleKind.ENVELOPE
        else problem.limits[rule.position].unit
        for rule in rules
    }


def _dropping(
    model: SoftModel, kind: str, rules: list[Rule], every: list[str]
) -> Relaxation | None:
    if not rules:
        return None
    soft = {rule.name for rule in rules}
    answer = model.solve(hard=[name for name in every if name not in soft], droppable=soft)
    if not answer.feasible:
        return None
    dropped = [rule for rule in rules if rule.name in answer.dropped]
    return _relaxation(kind, dropped, {rule.name: 1 for rule in dropped}, answer.bound)


def _relaxation(
    kind: str,
    rules: list[Rule],
    amounts: dict[str, int],
    bound: int,
    *,
    units: Mapping[str, Unit] | None = None,
) -> Relaxation:
    total = sum(amounts.values())
    said: object = total
    if kind == "envelopes":  # a sum of lines and euros means nothing
        alike = set((units or {}).values())
        said = ""
        if len(alike) == 1:
            said = Message.of("conflict.in_all", total=Quantity(total, alike.pop()))
    one = "_one" if total == 1 and kind in {"required", "any"} else ""
    return Relaxation(
        kind=kind,
        amounts=amounts,
        total=total,
        bound=min(bound, total),
        message=Message.of(
            f"conflict.give_{kind}{one}",
            total=said,
            rules=_Listed(tuple(rules), amounts, units or {}),
        ),
    )


@dataclass(frozen=True)
class _Listed:
    """Rules and what they give, put into words with the message that holds them."""

    rules: tuple[Rule, ...]
    amounts: Mapping[str, int]
    units: Mapping[str, Unit]

    def say(self, lang: str = "fr", /) -> str:
        """Put the list into words."""
        return " ; ".join(
            Message.of(
                "conflict.gives" if rule.name in self.units else "conflict.dropped",
                rule=rule.message,
                amount=Quantity(self.amounts[rule.name], self.units.get(rule.name, "none")),
            ).say(lang)
            for rule in self.rules
        )

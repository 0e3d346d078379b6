"""How little the rules would have to give for a programme to exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from planner.choice import ChoiceProblem, Quantity, Unit
from planner.conflict._model import SoftModel
from planner.conflict._rules import Rule, RuleKind, rules_of
from planner.texts import Message

__all__ = ["Relaxation", "cheapest_relaxations"]

_PER_MILLE = 1_000  # of the lines: steps of the tolerance of parity


@dataclass(frozen=True, kw_only=True)
class Relaxation:
    """One way out: these rules give, all others hold.

    Parameters
    ----------
    kind
        ``envelopes`` (more lines or cents), ``votes`` (counted votes, with envelopes of so much:
        granted where none is, in lines or cents), ``required`` or ``refused`` (wishes dropped),
        ``limits`` (one bound moved), ``parity`` (its tolerance, in thousandths of the lines) or
        ``any`` (fewest rules dropped, of any kind, where no other way out says as much).
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
        Empty when a programme exists.  A kind that can't make one possible alone is left out, and
        ``any`` where it would drop as many rules of a kind that is there already.
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
        if rule.kind in {RuleKind.UPPER, RuleKind.LOWER} and not _is_parity(problem, rule)
    ]
    found.append(_wider_parity(problem, rules))
    for kind in (RuleKind.REQUIRED, RuleKind.REFUSED):
        found.append(_dropping(model, kind.value, [r for r in rules if r.kind is kind], every))
    found.append(_giving(model, "votes", [r for r in rules if r.kind is RuleKind.NO_VOTE], every))
    known = [one for one in found if one is not None]
    fewest = _dropping(model, "any", list(rules), every)
    if fewest is not None and not _is_told(problem, fewest, rules, known):
        known.append(fewest)
    return tuple(known)


def _is_told(
    problem: ChoiceProblem, fewest: Relaxation, rules: tuple[Rule, ...], known: list[Relaxation]
) -> bool:
    """Whether the fewest rules of any kind are no fewer than those of a kind told already."""
    kinds = {
        "envelopes" if rule.kind is RuleKind.ENVELOPE
        else "votes" if rule.kind is RuleKind.NO_VOTE
        else "parity" if _is_parity(problem, rule)
        else "limits" if rule.kind in {RuleKind.UPPER, RuleKind.LOWER}
        else rule.kind.value
        for rule in rules
        if rule.name in fewest.amounts
    }  # fmt: skip
    # the tolerance of parity is one rule, though it has two sides
    return any(
        kinds == {one.kind} and (one.kind == "parity" or len(one.amounts) <= fewest.total)
        for one in known
    )


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
        if rule.kind in {RuleKind.ENVELOPE, RuleKind.NO_VOTE}
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
    one = "_one" if total == 1 and kind in {"required", "refused", "any"} else ""
    return Relaxation(
        kind=kind,
        amounts=amounts,
        total=total,
        bound=min(bound, total),
        message=Message.of(
            f"conflict.give_{_told(kind, rules)}{one}",
            total=said,
            rules=_Listed(tuple(rules), amounts, units or {}),
        ),
    )


def _told(kind: str, rules: list[Rule]) -> str:
    """Return how a way out is told: what nobody asked for was refused by nobody."""
    asked = {rule.message.key == "conflict.unasked" for rule in rules}
    if kind != "refused" or asked == {False}:
        return kind
    return "unasked" if asked == {True} else "both"


def _is_parity(problem: ChoiceProblem, rule: Rule) -> bool:
    """Whether a rule is one side of parity, whose tolerance is what can be moved."""
    return rule.kind is RuleKind.UPPER and problem.limits[rule.position].unit == "part_lines"


def _wider_parity(problem: ChoiceProblem, rules: tuple[Rule, ...]) -> Relaxation | None:
    """Return the smallest tolerance of parity that makes a programme possible."""
    sides = [rule for rule in rules if _is_parity(problem, rule)]
    counted = problem.lines > 0
    if not sides or not counted.any():
        return None

    def opened(more: int) -> bool | None:
        limits = list(problem.limits)
        for rule in sides:
            one = limits[rule.position]
            limits[rule.position] = replace(
                one, coefficients=one.coefficients - more * problem.lines
            )
        asked = replace(problem, limits=tuple(limits))
        return SoftModel(asked, rules).solve(hard=[rule.name for rule in rules]).feasible

    steepest = max(
        int((abs(problem.limits[rule.position].coefficients[counted])
             // problem.lines[counted]).max())
        for rule in sides
    )  # fmt: skip
    before = steepest - _PER_MILLE
    low, high = 0, _PER_MILLE - before
    if not opened(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if opened(middle) else (middle, high)
    return Relaxation(
        kind="parity", amounts={rule.name: high for rule in sides}, total=high, bound=high,
        message=Message.of(
            "conflict.give_parity", before=before / _PER_MILLE, share=(before + high) / _PER_MILLE
        ),
    )  # fmt: skip


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
                _told_of(rule) if rule.name in self.units else "conflict.dropped",
                rule=rule.message,
                place=rule.message.values["place"],
                amount=Quantity(self.amounts[rule.name], self.units.get(rule.name, "none")),
            ).say(lang)
            for rule in self.rules
        )


def _told_of(rule: Rule) -> str:
    """Return how it is told that a rule gives so much."""
    return "conflict.gives_vote" if rule.kind is RuleKind.NO_VOTE else "conflict.gives"

"""How little the rules would have to give for a programme to exist."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from planner.choice import ChoiceProblem, Quantity, Unit
from planner.conflict._lean import LeanModel
from planner.conflict._model import SoftModel
from planner.conflict._rules import Rule, RuleKind, rules_of, rules_of_years
from planner.dated import DatedProblem
from planner.texts import Message

__all__ = ["Relaxation", "cheapest_relaxations"]

_NOT_ASKED = frozenset({"conflict.unasked", "conflict.unheard", "conflict.vain"})
_PER_MILLE = 1_000  # of the lines: steps of the tolerance of parity
_MORE_YEARS = 3  # that are tried


@dataclass(frozen=True, kw_only=True)
class Relaxation:
    """One way out: these rules give, all others hold.

    Parameters
    ----------
    kind
        ``envelopes`` (more lines or cents), ``votes`` (counted votes, with envelopes of so much:
        granted where none is, in lines or cents), ``required`` or ``refused`` (wishes dropped),
        ``limits`` (one bound moved), ``parity`` (its tolerance, in thousandths of the lines),
        ``years`` (the ceilings of one rule raised), ``more_years`` (their number) or ``any``
        (fewest rules dropped, of any kind, where no other way out says as much).
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
    problem: ChoiceProblem | DatedProblem,
    *,
    names: Mapping[str, str] | None = None,
    clash: Collection[str] | None = None,
) -> tuple[Relaxation, ...]:
    """Return the smallest ways out of a conflict, kind by kind.

    Envelopes give all together, each in its own unit: the sum means something where all of them
    are in lines, or all in cents.  Each limit gives alone, and so do the ceilings of one rule over
    the years; required or refused wishes, or rules of any kind, are dropped as few as can be.

    Parameters
    ----------
    problem
        A question without any programme.
    names
        Actor to what people call it; by default its code.
    clash
        Names of rules that are known to clash: nothing that leaves all of them is a way out.

    Returns
    -------
    tuple of Relaxation
        Empty when a programme exists.  A kind that can't make one possible alone is left out, and
        ``any`` where it would drop as many rules of a kind that is there already.
    """
    if isinstance(problem, DatedProblem):
        return _with_years(problem, names, clash)
    rules = rules_of(problem, names=names)
    model = SoftModel(problem, rules)
    every = [rule.name for rule in rules]
    if clash is None and model.solve(hard=every).feasible is not False:
        return ()
    ways = _Ways(model, rules, clash)
    return _all_told(problem, ways, [*ways.of_envelopes(), *ways.of_limits(),
                     _wider_parity(problem, ways), *ways.of_wishes()])  # fmt: skip


def _with_years(
    problem: DatedProblem, names: Mapping[str, str] | None, clash: Collection[str] | None
) -> tuple[Relaxation, ...]:
    rules = rules_of_years(problem, names=names)
    model = LeanModel(problem, rules)
    if clash is None and model.solve(hard=[rule.name for rule in rules]).feasible is not False:
        return ()
    ways = _Ways(model, rules, clash)
    families = sorted({limit.name for limit in problem.limits})
    raised = [
        ways.giving("years", [
            rule for rule in rules
            if rule.kind is RuleKind.YEAR and problem.limits[rule.position].name == family
        ])
        for family in families
    ]  # fmt: skip
    return _all_told(problem.whole, ways, [
        *raised, _more_years(problem), *ways.of_envelopes(), *ways.of_limits(),
        _wider_parity(problem.whole, ways), *ways.of_wishes(),
    ])  # fmt: skip


def _all_told(
    problem: ChoiceProblem, ways: _Ways, found: Iterable[Relaxation | None]
) -> tuple[Relaxation, ...]:
    known = [one for one in found if one is not None]
    fewest = ways.dropping("any", list(ways.rules))
    if fewest is not None and not _is_told(problem, fewest, ways.rules, known):
        known.append(fewest)
    return tuple(known)


def _more_years(problem: DatedProblem) -> Relaxation | None:
    """Return how many more years, each with the ceilings of the last one, make all possible."""
    longer, bound = problem, 0
    for more in range(1, _MORE_YEARS + 1):
        last = longer.years[-1]
        longer = replace(
            longer, years=(*longer.years, last + 1),
            limits=longer.limits + tuple(
                replace(one, year=last + 1) for one in longer.limits if one.year == last
            ),
        )  # fmt: skip
        rules = rules_of_years(longer)
        told = LeanModel(longer, rules).solve(hard=[rule.name for rule in rules]).feasible
        if told is not False:
            bound = bound or more
        if told:
            one = "_one" if more == 1 else ""
            message = Message.of(f"conflict.give_more_years{one}", total=more)
            if bound < more:
                message = Message.of("conflict.give_unproved", way=message)
            return Relaxation(
                kind="more_years", amounts={}, total=more, bound=bound, message=message
            )
    return None


class _Ways:
    """The ways out of a conflict, kind by kind."""

    def __init__(
        self,
        model: SoftModel | LeanModel,
        rules: tuple[Rule, ...],
        clash: Collection[str] | None,
    ) -> None:
        self.model, self.rules, self.clash = model, rules, clash
        self.every = [rule.name for rule in rules]

    def _of(self, *kinds: RuleKind) -> list[Rule]:
        return [rule for rule in self.rules if rule.kind in kinds]

    def opens(self, rules: Iterable[Rule]) -> bool:
        """Whether rules that give could be a way out: one of them is among those that clash."""
        return any(self.clash is None or rule.name in self.clash for rule in rules)

    def of_envelopes(self) -> list[Relaxation | None]:
        """Return what envelopes would have to give."""
        return [self.giving("envelopes", self._of(RuleKind.ENVELOPE))]

    def of_limits(self) -> list[Relaxation | None]:
        """Return what each limit of the whole would have to give, alone."""
        return [
            self.giving("limits", [rule])
            for rule in self._of(RuleKind.UPPER, RuleKind.LOWER)
            if not _is_parity(self.model.problem, rule)
        ]

    def of_wishes(self) -> list[Relaxation | None]:
        """Return which wishes would have to be dropped, and whose votes counted."""
        return [
            *(self.dropping(kind.value, self._of(kind))
              for kind in (RuleKind.REQUIRED, RuleKind.REFUSED)),
            self.giving("votes", self._of(RuleKind.NO_VOTE)),
        ]  # fmt: skip

    def giving(self, kind: str, rules: list[Rule]) -> Relaxation | None:
        """Return how little some rules would have to give in all."""
        if not self.opens(rules):
            return None
        loose = {rule.name: 1 for rule in rules}
        hard = [name for name in self.every if name not in loose]
        answer = self.model.solve(hard=hard, giving=loose)
        if not answer.feasible:
            return None
        giving = [rule for rule in rules if rule.name in answer.given]
        amounts = {rule.name: answer.given[rule.name] for rule in giving}
        units = _units(self.model, giving)
        return _relaxation(kind, giving, amounts, answer.bound, units=units)

    def dropping(self, kind: str, rules: list[Rule]) -> Relaxation | None:
        """Return which of some rules would have to be dropped, as few as can be."""
        if not self.opens(rules):
            return None
        soft = {rule.name for rule in rules}
        hard = [name for name in self.every if name not in soft]
        answer = self.model.solve(hard=hard, droppable=soft)
        if not answer.feasible:
            return None
        dropped = [rule for rule in rules if rule.name in answer.dropped]
        return _relaxation(kind, dropped, {rule.name: 1 for rule in dropped}, answer.bound)


def _is_told(
    problem: ChoiceProblem, fewest: Relaxation, rules: tuple[Rule, ...], known: list[Relaxation]
) -> bool:
    """Whether the fewest rules of any kind are no fewer than those of a kind told already."""
    kinds = {
        "envelopes" if rule.kind is RuleKind.ENVELOPE
        else "votes" if rule.kind is RuleKind.NO_VOTE
        else "parity" if _is_parity(problem, rule)
        else "limits" if rule.kind in {RuleKind.UPPER, RuleKind.LOWER}
        else "years" if rule.kind is RuleKind.YEAR
        else rule.kind.value
        for rule in rules
        if rule.name in fewest.amounts
    }  # fmt: skip
    # the tolerance of parity is one rule, though it has two sides
    return any(
        kinds == {one.kind} and (one.kind == "parity" or len(one.amounts) <= fewest.total)
        for one in known
    )


def _units(model: SoftModel | LeanModel, rules: list[Rule]) -> dict[str, Unit]:
    """Return the unit of what each rule gives."""
    problem, dated = model.problem, model.dated

    def unit(rule: Rule) -> Unit:
        if rule.kind in {RuleKind.ENVELOPE, RuleKind.NO_VOTE}:
            return problem.envelope_unit(rule.position)
        if rule.kind is RuleKind.YEAR and dated is not None:
            return dated.limits[rule.position].unit
        return problem.limits[rule.position].unit

    return {rule.name: unit(rule) for rule in rules}


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
    if kind in {"envelopes", "years"}:  # a sum of lines and euros means nothing
        alike = set((units or {}).values())
        said = ""
        if len(alike) == 1:
            said = Message.of("conflict.in_all", total=Quantity(total, alike.pop()))
    one = "_one" if total == 1 and kind in {"required", "refused", "any"} else ""
    message = Message.of(
        f"conflict.give_{_told(kind, rules)}{one}",
        total=said,
        rules=_Listed(tuple(rules), amounts, units or {}),
    )
    if bound < total:
        message = Message.of("conflict.give_unproved", way=message)
    return Relaxation(
        kind=kind, amounts=amounts, total=total, bound=min(bound, total), message=message
    )


def _told(kind: str, rules: list[Rule]) -> str:
    """Return how a way out is told: what nobody asked for was refused by nobody."""
    asked = {rule.message.key in _NOT_ASKED for rule in rules}
    if kind != "refused" or asked == {False}:
        return kind
    return "unasked" if asked == {True} else "both"


def _is_parity(problem: ChoiceProblem, rule: Rule) -> bool:
    """Whether a rule is one side of parity, whose tolerance is what can be moved."""
    return rule.kind is RuleKind.UPPER and problem.limits[rule.position].unit == "part_lines"


def _wider_parity(problem: ChoiceProblem, ways: _Ways) -> Relaxation | None:
    """Return the smallest tolerance of parity that makes a programme possible."""
    rules = ways.rules
    sides = [rule for rule in rules if _is_parity(problem, rule)]
    counted = problem.lines > 0
    if not ways.opens(sides) or not counted.any():
        return None

    def opened(more: int) -> bool | None:
        limits = list(problem.limits)
        for rule in sides:
            one = limits[rule.position]
            limits[rule.position] = replace(
                one, coefficients=one.coefficients - more * problem.lines
            )
        asked, dated = replace(problem, limits=tuple(limits)), ways.model.dated
        model: SoftModel | LeanModel = (
            SoftModel(asked, rules) if dated is None
            else LeanModel(replace(dated, whole=asked), rules)
        )  # fmt: skip
        return model.solve(hard=ways.every).feasible

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
        return " ; ".join(self._one(rule).say(lang) for rule in self.rules)

    def _one(self, rule: Rule) -> Message:
        if rule.name in self.units:
            return Message.of(
                "conflict.gives_vote" if rule.kind is RuleKind.NO_VOTE else "conflict.gives",
                rule=rule.message,
                place=rule.message.values["place"],
                amount=Quantity(self.amounts[rule.name], self.units[rule.name]),
            )
        alike = {one.kind for one in self.rules} in ({RuleKind.REQUIRED}, {RuleKind.REFUSED})
        # what is done to them is said before: to say it of each would only be longer
        return Message("conflict.dropped_sector", rule.message.values) if alike else rule.message

"""What a rate counts, and rates that refuse to be compared with unlike ones."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields

from planner.errors import ReferentialMismatchError
from planner.texts import Message, say
from planner.vocab import PremiseState, Term

__all__ = ["Rate", "RateKind", "Referential", "require_alike"]


class RateKind(Term):
    """What a rate divides: the two are never compared with each other."""

    COVERAGE = "coverage", "Taux de couverture", "Coverage rate"
    TAKE_UP = "take_up", "Taux de pénétration", "Take-up rate"


@dataclass(frozen=True, kw_only=True)
class Referential:
    """What a rate counts, over what, and when.

    Parameters
    ----------
    kind
        Coverage (serviceable ÷ premises) or take-up (connected ÷ serviceable).
    states
        States of premises that the numerator counts, in the order of the vocabulary.
    source
        Who counted the denominator; empty when nobody said.
    source_on
        Day that the denominator describes, where the source gives one.
    public_only
        Whether only premises of public initiative are counted: no state is known of the others.
    lower_bound
        Whether some sizes are intervals, of which both terms count the lower bound.
    vintage
        Year of the map of communes.
    on
        Day of the measure.
    """

    kind: RateKind = RateKind.COVERAGE
    states: tuple[PremiseState, ...]
    source: str
    source_on: dt.date | None = None
    public_only: bool = False
    lower_bound: bool = False
    vintage: int
    on: dt.date

    def __post_init__(self) -> None:
        """Put the states in the order of the vocabulary: the order they came in says nothing."""
        ordered = tuple(state for state in PremiseState if state in self.states)
        object.__setattr__(self, "states", ordered)

    def say(self, lang: str = "fr", /) -> str:
        """Put it into words."""
        source = self.source or say("coverage.no_source", lang)
        if self.source_on is not None:
            source = say("coverage.source_on", lang, source=source, on=self.source_on)
        if self.lower_bound:
            source = say("coverage.source_lower_bound", lang, source=source)
        return say(
            "coverage.referential_public" if self.public_only else "coverage.referential",
            lang,
            kind=self.kind.label(lang),
            states=" + ".join(state.label(lang) for state in self.states),
            source=source,
            vintage=self.vintage,
            on=self.on,
        )

    def differences(self, other: Referential, *, except_date: bool = False) -> tuple[str, ...]:
        """Return the names of the fields in which two referentials differ.

        Parameters
        ----------
        other
            The other one.
        except_date
            Leave the day of the measure aside, to follow one rate through time.
        """
        return tuple(
            field.name
            for field in fields(self)
            if getattr(self, field.name) != getattr(other, field.name)
            and not (except_date and field.name == "on")
        )


@dataclass(frozen=True)
class _FieldNames:
    """Names of what differs, put into words with the message that holds them."""

    names: tuple[str, ...]

    def say(self, lang: str = "fr", /) -> str:
        return ", ".join(say(f"coverage.field_{name}", lang) for name in self.names)


def require_alike(left: Referential, right: Referential, *, except_date: bool = False) -> None:
    """Raise unless two referentials are the same.

    Raises
    ------
    ReferentialMismatchError
        Naming what differs.
    """
    differing = left.differences(right, except_date=except_date)
    if differing:
        raise ReferentialMismatchError(
            Message.of(
                "coverage.unlike_rates", fields=_FieldNames(differing), left=left, right=right
            ),
            Message.of(
                "coverage.unlike_rates_dates_remedy"
                if differing == ("on",)
                else "coverage.unlike_rates_remedy"
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A numerator, a denominator, and what they count.

    Rates of one referential are ordered and subtracted; unlike ones refuse.  A numerator above its
    denominator is allowed: sources of counts differ, and hiding it would hide that.

    Parameters
    ----------
    numerator, denominator
        Premises; None when it is not known.
    referential
        What they count.
    """

    numerator: int | None
    denominator: int | None
    referential: Referential

    @property
    def value(self) -> float | None:
        """Numerator ÷ denominator, in [0, 1] or above; None when unknown or over no premise."""
        if self.numerator is None or not self.denominator:
            return None
        return self.numerator / self.denominator

    @property
    def is_over_100(self) -> bool:
        """Whether more premises are counted above than below."""
        return (
            self.numerator is not None
            and self.denominator is not None
            and self.numerator > self.denominator
        )

    def say(self, lang: str = "fr", /) -> str:
        """Put the rate and its referential into words."""
        return say(
            "coverage.rate" if self.value is not None else "coverage.rate_unknown",
            lang,
            value=self.value,
            numerator=_number(self.numerator, lang),
            denominator=_number(self.denominator, lang),
            referential=self.referential.say(lang),
        )

    def change_since(self, earlier: Rate) -> float:
        """Return this rate minus an earlier one that counts the same thing.

        Raises
        ------
        ReferentialMismatchError
            When anything but the day differs, or one of the two is unknown.
        """
        mine, other = self._values(earlier, except_date=True)
        return mine - other

    def _values(self, other: Rate, *, except_date: bool = False) -> tuple[float, float]:
        require_alike(self.referential, other.referential, except_date=except_date)
        mine, its = self.value, other.value
        if mine is None or its is None:
            raise ReferentialMismatchError(
                Message.of("coverage.unknown_rate"), Message.of("coverage.unknown_rate_remedy")
            )
        return mine, its

    def __sub__(self, other: Rate) -> float:
        mine, its = self._values(other)
        return mine - its

    def __lt__(self, other: Rate) -> bool:
        mine, its = self._values(other)
        return mine < its

    def __le__(self, other: Rate) -> bool:
        mine, its = self._values(other)
        return mine <= its

    def __gt__(self, other: Rate) -> bool:
        mine, its = self._values(other)
        return mine > its

    def __ge__(self, other: Rate) -> bool:
        mine, its = self._values(other)
        return mine >= its


def _number(value: int | None, lang: str) -> str:
    return (
        say("coverage.unknown", lang)
        if value is None
        else say("coverage.number", lang, value=value)
    )

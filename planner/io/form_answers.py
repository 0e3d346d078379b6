"""One answer of a form, as a person writes it, to its value; None for what can't be told.

Nothing is guessed: what is read here can be meant in one way only.  ``6 220,00`` lines are 6 220,
``6 220,50`` are no number of lines; « voté » and « Votées » are « Votée ».
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from typing import Final

from planner.io.values import parse_bool, parse_code, parse_count, parse_date
from planner.texts import months
from planner.vocab import EnvelopeUnit, Term, Wish, fold

__all__ = ["as_actor", "as_amount", "as_cents", "as_day", "as_mark", "as_term"]

_CENTS: Final = 100
_THOUSANDS: Final = re.compile(r"(\d{1,3}(?:\s\d{3})+)([.,]0+)?")
_DAY: Final = re.compile(r"(?:le )?(\d{1,2})(?:er|st|nd|rd|th)? ([a-z]+)\.? (\d{4})")
_ENDINGS: Final = "es"
"""What gender and number add to a word of a form, in French; and the number, in English."""


def as_actor(text: str) -> str:
    """Return the code of who answers: a SIREN without the blanks between its groups.

    Examples
    --------
    >>> as_actor("200 043 123"), as_actor("D29")
    ('200043123', 'D29')
    """
    code = parse_code("".join(text.split()), siren=True)
    return code.text or code.repaired or text


def as_term(text: str, terms: type[Term]) -> str | None:
    """Read a code or its label, whatever its case, accents, gender and number."""
    if terms is EnvelopeUnit and text.strip() == "€":
        return EnvelopeUnit.EUR.value
    meant = _stem(text)
    fits = {
        str(term.value) for term in terms if meant in map(_stem, (term.value, term.fr, term.en))
    }
    return fits.pop() if len(fits) == 1 else None


def _stem(text: str) -> str:
    words = fold(text).split()
    return " ".join(word.rstrip(_ENDINGS) or word for word in words)


def as_amount(text: str) -> int | None:
    """Read a whole number, with blanks between thousands and zeros after the comma, or None.

    Examples
    --------
    >>> as_amount("6 220,00"), as_amount("1500000"), as_amount("6220,5")
    (6220, 1500000, None)
    """
    grouped = _THOUSANDS.fullmatch(text)
    return parse_count("".join(grouped[1].split()) if grouped else text)


def as_cents(text: str) -> int | None:
    """Read euros exactly as whole cents: ``1 234,50``, ``1234.5``; None for anything else."""
    plain = "".join(c for c in text if not c.isspace()).removesuffix("€").replace(",", ".")
    try:
        cents = Decimal(plain) * _CENTS
    except InvalidOperation:
        return None
    return int(cents) if cents.is_finite() and cents >= 0 and cents == int(cents) else None


def as_day(text: str) -> dt.date | None:
    """Read a day in figures, or with its month in words; None for anything else.

    Examples
    --------
    >>> as_day("1er février 2018"), as_day("15/03/2018")
    (datetime.date(2018, 2, 1), datetime.date(2018, 3, 15))
    """
    match = _DAY.fullmatch(fold(text))
    if match is None:
        return parse_date(text)
    number = next(
        (place for names in months() for place, name in enumerate(names, start=1)
         if fold(name) == match[2]),
        None,
    )  # fmt: skip
    if number is None:
        return None
    try:
        return dt.date(int(match[3]), number, int(match[1]))
    except ValueError:
        return None


def as_mark(name: str, text: str) -> str | bool | int | None:
    """Read what stands under a column of wishes: a code, a yes or a no, or a number."""
    if name == "wish":
        code = as_term(text, Wish)
        return code if code in {Wish.REQUIRED, Wish.REFUSED} else None
    if name == "approved":
        return True if fold(text) == "x" else parse_bool(text)
    value = parse_count(text)
    return None if value is None or (name == "rank" and value < 1) else value

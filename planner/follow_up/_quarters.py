"""Quarters written ``2019-T4``: they sort as text, and are counted here."""

from __future__ import annotations

import datetime as dt
from typing import Final

__all__ = [
    "QUARTER_DAYS",
    "later",
    "quarter_end",
    "quarter_of",
    "quarters_between",
    "quarters_from",
]

QUARTER_DAYS: Final = 365.25 / 4


def quarter_end(quarter: str) -> dt.date:
    """Return the last day of a quarter.

    Examples
    --------
    >>> quarter_end("2019-T4")
    datetime.date(2019, 12, 31)
    """
    year, number = int(quarter[:4]), int(quarter[6])
    return dt.date(year + number // 4, number % 4 * 3 + 1, 1) - dt.timedelta(days=1)


def quarter_of(day: dt.date) -> str:
    """Return the quarter that holds a day.

    Examples
    --------
    >>> quarter_of(dt.date(2019, 12, 31))
    '2019-T4'
    """
    return f"{day.year}-T{(day.month + 2) // 3}"


def later(quarter: str, quarters: int) -> str:
    """Return the quarter that comes ``quarters`` later.

    Examples
    --------
    >>> later("2018-T3", 2)
    '2019-T1'
    """
    number = int(quarter[:4]) * 4 + int(quarter[6]) - 1 + quarters
    return f"{number // 4}-T{number % 4 + 1}"


def quarters_between(first: str, last: str) -> int:
    """Return how many quarters ``last`` comes after ``first``.

    Examples
    --------
    >>> quarters_between("2018-T3", "2019-T1")
    2
    """
    return (int(last[:4]) - int(first[:4])) * 4 + int(last[6]) - int(first[6])


def quarters_from(first: str, last: str) -> tuple[str, ...]:
    """Return every quarter from one to another, both included.

    Examples
    --------
    >>> quarters_from("2018-T4", "2019-T2")
    ('2018-T4', '2019-T1', '2019-T2')
    """
    return tuple(later(first, n) for n in range(quarters_between(first, last) + 1))

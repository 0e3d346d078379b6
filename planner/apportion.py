"""A whole number shared exactly: the largest remainder, with a named rule for ties.

Lines, votes and cents that are split must add up again to what they were.  Each part gets the whole
part of its exact share, and what is left goes one by one to the largest remainders (Hamilton's
method); two equal remainders that compete for the last one are a tie.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final, Literal

from planner.errors import RuleError
from planner.texts import Message

__all__ = ["SHARE_TIES", "ShareTies", "apportion"]

ShareTies = Literal["refuse", "larger_first", "smaller_first", "code"]
SHARE_TIES: Final = ("refuse", "larger_first", "smaller_first", "code")


def apportion(
    total: int, weights: Mapping[str, int | Fraction], *, ties: ShareTies = "refuse"
) -> dict[str, int]:
    """Share ``total`` in proportion to ``weights``, in whole parts that add up to it.

    Parameters
    ----------
    total
        What is shared; not negative.
    weights
        Code to its exact weight; none is negative, one at least is more than zero.
    ties
        Who comes first among equal remainders: ``refuse`` raises, ``larger_first`` and
        ``smaller_first`` go by weight (and raise where weights are equal too), ``code`` by code.

    Returns
    -------
    dict
        Code to its part, sorted by code.

    Raises
    ------
    RuleError
        When nothing can be shared, a weight is negative, or a tie is left.

    Examples
    --------
    >>> apportion(10, {"a": 1, "b": 2, "c": 4})
    {'a': 1, 'b': 3, 'c': 6}
    """
    if ties not in SHARE_TIES:
        raise _refused("unknown_rule", rule=str(ties), known=", ".join(SHARE_TIES))
    whole = sum((Fraction(value) for value in weights.values()), Fraction(0))
    if total < 0 or whole <= 0 or min(weights.values()) < 0:
        raise _refused("nothing_to_share", total=total)
    exact = {code: Fraction(weights[code]) * total / whole for code in sorted(weights)}
    parts = {code: int(value) for code, value in exact.items()}
    left = total - sum(parts.values())
    sign = {"larger_first": -1, "smaller_first": 1}.get(ties, 0)
    order = sorted(
        exact, key=lambda code: (parts[code] - exact[code], sign * Fraction(weights[code]), code)
    )
    if left > 0 and ties != "code":
        last, following = order[left - 1], order[left]
        same = exact[last] - parts[last] == exact[following] - parts[following]
        if same and (ties == "refuse" or weights[last] == weights[following]):
            raise _refused("tie", total=total, codes=f"{last}, {following}")
    for code in order[:left]:
        parts[code] += 1
    return parts


def _refused(problem: str, **values: object) -> RuleError:
    return RuleError(
        Message.of(f"apportion.{problem}", **values),
        Message.of(f"apportion.{problem}_remedy", **values),
    )

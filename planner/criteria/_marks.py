"""From values to marks: whole millionths, by a named normalisation, exact."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from planner.scenario import CriterionRule

__all__ = ["PPM", "marks_of", "share_out"]

PPM: Final = 1_000_000


def marks_of(
    values: Mapping[str, Fraction], *, rule: CriterionRule, higher_first: bool
) -> dict[str, int]:
    """Return the mark of each sector, from 0 (last) to one million (first).

    ``min_max``: (v − min) / (max − min), turned over where lower comes first; all alike have 0, as
    the criterion tells nobody apart.  ``rank``: sectors beaten plus half of the tied others, over
    the others.  ``thresholds``: 0 at ``low`` and before, one million at ``high`` and beyond, in
    proportion between; ``low`` above ``high`` where lower comes first.

    Parameters
    ----------
    values
        Sector to exact value.
    rule
        The scenario's, for this criterion.
    higher_first
        Which way it pulls; thresholds say so themselves.
    """
    if rule.normalise == "thresholds":
        low, high = Fraction(repr(rule.low)), Fraction(repr(rule.high))
        shares = {
            key: min(max((value - low) / (high - low), Fraction(0)), Fraction(1))
            for key, value in values.items()
        }
    elif rule.normalise == "rank":
        shares = _ranked(values, higher_first=higher_first)
    else:
        least, most = min(values.values()), max(values.values())
        if least == most:
            return dict.fromkeys(values, 0)
        first = most if higher_first else least
        shares = {key: 1 - abs(value - first) / (most - least) for key, value in values.items()}
    return {key: _rounded(share * PPM) for key, share in shares.items()}


def _ranked(values: Mapping[str, Fraction], *, higher_first: bool) -> dict[str, Fraction]:
    ordered = sorted(values.values())
    others = len(ordered) - 1
    if others == 0:
        return dict.fromkeys(values, Fraction(0))
    shares = {}
    for key, value in values.items():
        below, up_to = bisect_left(ordered, value), bisect_right(ordered, value)
        beaten = below if higher_first else len(ordered) - up_to
        shares[key] = Fraction(2 * beaten + (up_to - below - 1), 2 * others)
    return shares


def share_out(weights: Mapping[str, int]) -> dict[str, int]:
    """Bring whole weights to a total of exactly one million, by largest remainders.

    Examples
    --------
    >>> share_out({"a": 1, "b": 1, "c": 1})
    {'a': 333334, 'b': 333333, 'c': 333333}
    """
    total = sum(weights.values())
    if total == 0:
        return dict.fromkeys(weights, 0)
    exact = {key: Fraction(weight * PPM, total) for key, weight in weights.items()}
    whole = {key: int(value) for key, value in exact.items()}
    lost = PPM - sum(whole.values())
    for key in sorted(exact, key=lambda k: (whole[k] - exact[k], k))[:lost]:
        whole[key] += 1
    return whole


def _rounded(value: Fraction) -> int:
    """Round to the nearest whole number, halves up: the same everywhere."""
    return int((2 * value + 1) // 2)

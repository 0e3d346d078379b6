"""Votes, envelopes, counts and euros on another map: totals conserved, every split shown.

Communes merge, EPCI change perimeters, a territory is cut anew.  What was counted on one map is
re-expressed on another through what the two have in common (a :class:`Conversion`): premises as a
rule.  A place that goes whole to another takes everything along; one that is split gives each part
its exact share, in whole numbers by the largest remainder, so that the total is the same to the
unit and to the cent.

Going back is not undoing.  Where places have merged, what each of them held is known no more: it is
shared by weight, and :attr:`Conversion.is_lossless` says whether a map and back gives everything as
it was.  Where no rule decides (a tie, two EPCI that disagree), nothing is carried and a finding
says so.
"""

from __future__ import annotations

from planner.vintages._ballots import carry_ballots
from planner.vintages._conversion import Carried, Conversion, make_conversion
from planner.vintages._counts import carry_counts, carry_deliberations, carry_envelopes
from planner.vintages._maps import convert_epci, convert_sectors

__all__ = [
    "Carried",
    "Conversion",
    "carry_ballots",
    "carry_counts",
    "carry_deliberations",
    "carry_envelopes",
    "convert_epci",
    "convert_sectors",
    "make_conversion",
]

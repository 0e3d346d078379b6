"""What each EPCI brings: envelopes by a stated key, ballots checked and put in order."""

from __future__ import annotations

from planner.concertation._advice import find_against_advice
from planner.concertation._count import count_ballots
from planner.concertation._double import contradicts, find_double_wishes
from planner.concertation._envelopes import (
    KEYS,
    EnvelopeShares,
    key_values,
    share_envelopes,
)

__all__ = [
    "KEYS",
    "EnvelopeShares",
    "contradicts",
    "count_ballots",
    "find_against_advice",
    "find_double_wishes",
    "key_values",
    "share_envelopes",
]

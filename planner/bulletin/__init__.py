"""The bulletin of concertation: what one EPCI votes on, and what a ballot comes to.

:func:`make_sheets` draws up the sheet of each EPCI from which a ballot is due (its sectors, its
envelope, the rules), with a signature of what it was made on; :func:`check_ballot` says what a
ballot comes to: the sectors that enter, the envelope used, the contribution, the rules broken.
"""

from planner.bulletin._check import (
    LeftOut,
    SheetCheck,
    SheetWish,
    check_ballot,
    left_out_of,
    unsaid_of,
    wishes_of,
    wishes_table,
)
from planner.bulletin._read import ReadBallot, take_ballot
from planner.bulletin._sheet import Sheet, SheetSector, make_sheets

__all__ = [
    "LeftOut",
    "ReadBallot",
    "Sheet",
    "SheetCheck",
    "SheetSector",
    "SheetWish",
    "check_ballot",
    "left_out_of",
    "make_sheets",
    "take_ballot",
    "unsaid_of",
    "wishes_of",
    "wishes_table",
]

"""Ballot rules, named and exact: from who wants what to what is chosen, with the reason of each.

``count_votes(election, rule="equal_shares")`` counts in whole numbers and rationals; a tie that
matters is broken by a named rule or refused.  :func:`score_sectors` gives the exact points of each
sector by EPCI, which the optimisation takes as its first objective.
"""

from __future__ import annotations

from planner.voting._count import Outcome, TieError, count_all_votes, count_votes
from planner.voting._election import (
    COMPLETIONS,
    RULES,
    TIES,
    Approvals,
    Ballot,
    Election,
    Points,
    Project,
    Ranking,
    Voter,
    VotingRule,
    points_of_ranking,
)
from planner.voting._pabulib import election_from_pabulib
from planner.voting._search import Tie
from planner.voting._sectors import SectorRule, concertation_election, score_sectors, tell_weights

__all__ = [
    "COMPLETIONS",
    "RULES",
    "TIES",
    "Approvals",
    "Ballot",
    "Election",
    "Outcome",
    "Points",
    "Project",
    "Ranking",
    "SectorRule",
    "Tie",
    "TieError",
    "Voter",
    "VotingRule",
    "concertation_election",
    "count_all_votes",
    "count_votes",
    "election_from_pabulib",
    "points_of_ranking",
    "score_sectors",
    "tell_weights",
]

"""The programme that a scenario asks for: by the simple rule, or the best, with years if asked."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from planner.ballots import BallotCount
from planner.choice import Choice, ChoiceProblem, ChoiceStatus, Contiguity, StageResult
from planner.conflict import cheapest_relaxations, find_conflict, find_year_conflict
from planner.criteria import PPM, CriteriaTable
from planner.dated import DatedChoice, DatedProblem
from planner.errors import PlannerError, RuleError
from planner.programme import (
    ChoiceRules,
    ColumnPool,
    Programme,
    ProgrammeRules,
    choose_sectors,
    explain_choice,
    explain_years,
    solve_choice,
    solve_years,
    state_choice,
    state_years,
)
from planner.scenario import ProgrammeYears, Scenario
from planner.schemas import contract
from planner.territory import Territory
from planner.texts import Message
from planner.verify import Verdict, verify_choice, verify_years

__all__ = ["YEARS_GAP_SHARE", "Chosen", "choose_programme"]

YEARS_GAP_SHARE = 1e-3  # the nearest that a large question with years is asked to go


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The programme, with the question it answers.

    Parameters
    ----------
    programme
        Phase, decision and reason of each sector.
    problem, choice
        The exact question without years, and its answer.
    pool
        What the search without years has learnt.
    dated, dated_choice
        The exact question with years, and its answer.
    """

    programme: Programme
    problem: ChoiceProblem | None = None
    choice: Choice | None = None
    pool: ColumnPool | None = None
    dated: DatedProblem | None = None
    dated_choice: DatedChoice | None = None

    def opening_years(self) -> dict[str, pd.DataFrame]:
        """Return the year of each sector as a table of that contract, when years were asked."""
        if self.dated is None:
            return {}
        table = self.programme.table[["sector_id", "epci_siren", "premises_count"]].copy()
        year = table["sector_id"].astype(str).map(self.programme.years)
        table = table.assign(year=year.astype("Int64")).dropna(subset=["year"])
        table = table.astype({"year": "int64"}).reset_index(drop=True)
        contract("opening_years").check(table)
        return {"opening_years": contract("opening_years").select(table)}


def choose_programme(
    territory: Territory,
    scenario: Scenario,
    ballots: BallotCount,
    *,
    votes: pd.DataFrame,
    criteria: CriteriaTable,
    costs: pd.DataFrame,
) -> Chosen:
    """Choose the sectors of phase 2, and their years when asked, by the scenario's rule.

    Parameters
    ----------
    territory, scenario, ballots
        What is asked, of what, and the concertation as it counted.
    votes, criteria, costs
        Points, criteria and cost of each sector.

    Raises
    ------
    RuleError
        When no programme holds every rule: those in conflict are named.
    PlannerError
        When the second checker doesn't agree.
    """
    asked, cents = scenario.programme, scenario.contribution.cents_per_line
    tables = {
        "sectors": territory.sectors,
        "sector_shares": territory.sector_shares,
        "ballots": ballots,
    }
    if asked.rule == "ranking_within_envelope":
        if asked.years is not None:
            raise RuleError(
                Message.of("programme.years_of_exact"),
                Message.of("programme.years_of_exact_remedy"),
            )
        rules = ProgrammeRules(ties=scenario.concertation.ties, cents_per_line=cents)
        return Chosen(programme=choose_sectors(**tables, zones=territory.zones, rules=rules))
    known = bool(len(criteria.scores))
    scores = criteria.scores.assign(score_share=criteria.scores["score_ppm"] / PPM)
    problem = state_choice(
        **tables,
        votes=votes,
        criteria=scores if known else None,
        costs=costs,
        feeders=territory.feeders if len(territory.feeders) else None,
        rules=ChoiceRules(
            contiguity=Contiguity(asked.contiguity),
            parity_tolerance_share=asked.parity_tolerance_share,
            budget_eur=asked.budget_eur,
            capacity_lines=asked.capacity_lines,
            objectives=tuple(o for o in asked.objectives if known or o != "criteria"),
            unranked=asked.unranked,
            cents_per_line=cents,
            weights=scenario.concertation.weights,
        ),
    )
    explained = {**tables, "zones": territory.zones, "cents_per_line": cents}
    _refuse_one_sided(problem, asked.parity_tolerance_share)
    if asked.years is not None:
        dated = _with_years(problem, asked.years, costs, cents)
        answer = solve_years(
            dated, gap_share=max(asked.gap_share, YEARS_GAP_SHARE), seconds=asked.seconds
        )
        if answer.status is ChoiceStatus.INFEASIBLE:
            raise _conflict(problem, ballots, dated)
        if not answer.stages and problem.objectives and asked.seconds is None:
            raise _conflict(problem, ballots, dated, proved=False)
        _refuse_nothing(problem, answer.stages)
        programme = explain_years(dated, answer, **explained)
        _refuse_unless(verify_years(dated, answer))
        return Chosen(programme=programme, dated=dated, dated_choice=answer)
    pool = ColumnPool()
    choice = solve_choice(problem, gap_share=asked.gap_share, seconds=asked.seconds, warm=pool)
    if choice.status is ChoiceStatus.INFEASIBLE:
        raise _conflict(problem, ballots)
    _refuse_nothing(problem, choice.stages)
    programme = explain_choice(problem, choice, **explained)
    _refuse_unless(verify_choice(problem, choice))
    return Chosen(programme=programme, problem=problem, choice=choice, pool=pool)


def _with_years(
    problem: ChoiceProblem, years: ProgrammeYears, costs: pd.DataFrame, cents_per_line: int
) -> DatedProblem:
    return state_years(
        problem,
        costs=costs,
        years=tuple(range(years.first, years.first + years.count)),
        rules=ChoiceRules(
            capacity_lines=years.lines_per_year,
            budget_eur=years.budget_eur_per_year,
            cents_per_line=cents_per_line,
        ),
    )


def _refuse_one_sided(problem: ChoiceProblem, tolerance_share: float | None) -> None:
    """Refuse parity where all lines are of one kind: only an empty programme would hold it."""
    kinds = set(problem.rural[problem.lines > 0].tolist())
    if tolerance_share is not None and tolerance_share < 1 and len(kinds) == 1:
        kind = "rural" if kinds == {True} else "urban"
        raise RuleError(
            Message.of(f"programme.parity_all_{kind}", lines=int(problem.lines.sum())),
            Message.of("programme.parity_all_remedy"),
        )


def _refuse_nothing(problem: ChoiceProblem, stages: tuple[StageResult, ...]) -> None:
    """Refuse an answer that holds nothing because the time allowed ended before one was found."""
    if problem.objectives and not stages:
        raise RuleError(
            Message.of("programme.nothing_in_time"), Message.of("programme.nothing_in_time_remedy")
        )


def _refuse_unless(verdict: Verdict) -> None:
    """Refuse an answer that the second checker doesn't hold for right."""
    if not verdict.holds:
        raise PlannerError(
            Message.of("programme.not_verified", verdict=verdict),
            Message.of("programme.not_verified_remedy"),
        )


def _conflict(
    problem: ChoiceProblem,
    ballots: BallotCount,
    dated: DatedProblem | None = None,
    *,
    proved: bool = True,
) -> RuleError:
    """Name the rules that can't hold together."""
    asked: ChoiceProblem | DatedProblem = problem
    found = find_conflict(problem, names=ballots.names)
    if found is None and dated is not None:
        found, asked = find_year_conflict(dated, names=ballots.names), dated
    if found is None:
        key = "infeasible" if proved else "not_found"
        return RuleError(Message.of(f"programme.{key}"), Message.of(f"programme.{key}_remedy"))
    ways = cheapest_relaxations(asked, names=ballots.names, clash=found.names)
    if not ways:  # none that is known to be enough
        return RuleError(
            Message.of("programme.infeasible_because", conflict=found),
            Message.of("programme.infeasible_years_remedy"),
        )
    return RuleError(
        Message.of("programme.infeasible_because", conflict=found),
        Message.of("programme.infeasible_ways", ways=_Lines(tuple(way.message for way in ways))),
    )


@dataclass(frozen=True)
class _Lines:
    """Sentences put into words with the message that holds them, one a line."""

    messages: tuple[Message, ...]

    def say(self, lang: str = "fr", /) -> str:
        """Put them into words."""
        return "".join(f"\n    • {message.say(lang)}" for message in self.messages)

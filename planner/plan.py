"""The line: a scenario asked of a territory, answered as one frozen plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from planner.balance import balance_epci
from planner.ballots import BallotCount
from planner.choice import Choice, ChoiceProblem
from planner.choosing import Chosen, choose_programme
from planner.concertation import count_ballots, find_against_advice
from planner.contribution import count_contributions
from planner.cost import estimate_cost
from planner.coverage import Coverage, measure_coverage
from planner.criteria import measure_criteria
from planner.dated import DatedChoice, DatedProblem
from planner.deadlines import deadlines_of
from planner.explain import (
    count_service,
    decision_scores,
    list_decisions,
    list_year_decisions,
    prove_programme,
    prove_years,
)
from planner.findings import Findings
from planner.programme import Programme
from planner.progress import Notify, stage, unheard
from planner.reconcile import reconcile_programme
from planner.robustness import (
    count_equals,
    count_programmes,
    equal_programmes_table,
    measure_fairness,
)
from planner.scenario import Scenario
from planner.scheduling import schedule_programme
from planner.schemas import CONTRACTS
from planner.sector_names import sector_names
from planner.territory import Territory
from planner.timeline import codes_on
from planner.tracking import track_programme
from planner.vocab import RegulatoryZone, SectorStage
from planner.voting import score_sectors
from planner.works import put_in_words

__all__ = ["Plan", "make_plan"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The answer to one scenario on one territory: tables under their contracts, and why.

    Parameters
    ----------
    scenario, territory
        What was asked, and of what.
    ballots
        The concertation as it counted.
    programme
        Phase, decision and reason of each sector.
    coverage
        Coverage on the reference date, the programme's phases included.
    contributions, balances, costs, schedule, reconciliation
        Tables under the contracts of their names.
    findings
        What deserves to be checked, from every step.
    problem, choice
        The question that the exact rule answered, and its answer with its proof; None under the
        simple rule, and where years are chosen too.
    dated, dated_choice
        The question with years, and its answer with its proof; None where none are chosen.
    more
        Tables of the rooms that this scenario called on (the network, the follow-up), by the name
        of their contract.
    """

    scenario: Scenario
    territory: Territory
    ballots: BallotCount
    programme: Programme
    coverage: Coverage
    contributions: pd.DataFrame
    balances: pd.DataFrame
    costs: pd.DataFrame
    schedule: pd.DataFrame
    reconciliation: pd.DataFrame
    findings: Findings
    problem: ChoiceProblem | None = None
    choice: Choice | None = None
    dated: DatedProblem | None = None
    dated_choice: DatedChoice | None = None
    more: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def tables(self, lang: str = "fr") -> dict[str, pd.DataFrame]:
        """Return every table that isn't empty, in the order of the contracts, in ``lang``."""
        results = {
            "programme": self.programme.in_language(lang),
            "coverage": self.coverage.table,
            "contributions": self.contributions,
            "balances": self.balances,
            "costs": self.costs,
            "schedule": self.schedule,
            "reconciliation": self.reconciliation,
            "findings": self.findings.table(lang),
        }
        every = {
            name: results[name] if name in results else getattr(self.territory, name, None)
            for name in CONTRACTS
        } | put_in_words(self.more, lang, sectors=self.territory.sectors)
        if lang != "fr":  # decisions are told in words
            every |= _decided(self, self.ballots, lang)
        return {name: frame for name, frame in every.items() if frame is not None and len(frame)}

    def premises_layer(self) -> pd.DataFrame:
        """Return the premises with their sector, phase and state on the reference date.

        The columns ``phase`` and ``state`` are categories; a premise of the private zone has the
        phase ``private``, one without a known state has none.
        """
        return self.coverage.premises_layer(self.territory, self.programme.table)


def make_plan(territory: Territory, scenario: Scenario, *, notify: Notify = unheard) -> Plan:
    """Answer one scenario for one territory; no file is read or written.

    Parameters
    ----------
    territory
        A zoned territory (see :func:`planner.prepare.prepare_territory`).
    scenario
        What is asked.
    notify
        Told the name of each stage as it begins.

    Raises
    ------
    MissingLayerError
        When the territory has no premises or no sectors.
    PlannerError
        When a table breaks its contract, or rules contradict each other.
    """
    territory.require("premises", "sectors", "sector_shares", "prices")
    with stage(notify, "stage.programme"):
        ballots = count_ballots(
            epci=territory.epci,
            sectors=territory.sectors,
            sector_shares=territory.sector_shares,
            envelopes=territory.envelopes,
            ballots=territory.ballots,
            deliberations=territory.deliberations,
            deadline=scenario.concertation.deadline,
        )
        costs = estimate_cost(
            territory.sectors, prices=territory.prices, on=scenario.reference_date
        )
        criteria = measure_criteria(territory, rules=scenario.criteria, costs=costs)
        votes = score_sectors(
            ballots, territory.sectors, territory.sector_shares,
            weights=scenario.concertation.weights,
        )  # fmt: skip
        chosen = choose_programme(
            territory, scenario, ballots, votes=votes, criteria=criteria, costs=costs
        )
        programme = chosen.programme
        contributions, unpaid = count_contributions(
            programme=programme.table,
            sectors=territory.sectors,
            sector_shares=territory.sector_shares,
            zones=territory.zones,
            credits_cents={a: b.envelope.credit_cents for a, b in ballots.ballots.items()},
            cents_per_line=scenario.contribution.cents_per_line,
        )
        balances = balance_epci(
            epci=territory.epci,
            sectors=territory.sectors,
            sector_shares=territory.sector_shares,
            programme=programme.table,
            contributions=contributions,
            ballots=ballots,
            envelopes=programme.envelopes,
            deliberations=territory.deliberations,
        )
    with stage(notify, "stage.cost"):
        calendar = schedule_programme(
            scenario,
            programme=programme.table,
            sectors=territory.sectors,
            costs=costs,
            stage_changes=territory.stage_changes,
            deadlines=deadlines_of(territory, scenario),
            feeders=territory.feeders,
            done=open_sectors(territory, scenario),
            years=programme.years,
        )
    with stage(notify, "stage.coverage"):
        coverage = measure_coverage(
            territory, on=scenario.reference_date, programme=programme.table
        )
        reconciliation = reconcile_programme(
            coverage=coverage.table,
            zones=territory.zones,
            figures=territory.programme_figures,
            on=scenario.reference_date,
        )
    followed: Mapping[str, pd.DataFrame] = {}
    late = Findings()
    if scenario.follow_up.source != "none":
        with stage(notify, "stage.follow_up"):
            territory, follow_up = track_programme(
                territory,
                scenario,
                schedule=calendar.table,
                programme=programme.table,
                costs=costs,
            )
        followed, late = follow_up.tables, follow_up.findings
    findings = Findings.collect(
        territory.findings, ballots.findings, programme.findings, unpaid, calendar.findings,
        coverage.findings, reconciliation.findings, criteria.findings, late,
        find_against_advice(programme.table, territory.advice),
    ).naming(sector_names(territory.sectors))  # fmt: skip
    return Plan(
        scenario=scenario,
        territory=territory,
        ballots=ballots,
        programme=programme,
        coverage=coverage,
        contributions=contributions,
        balances=balances,
        costs=costs,
        schedule=calendar.table,
        reconciliation=reconciliation.table,
        findings=findings,
        problem=chosen.problem,
        choice=chosen.choice,
        dated=chosen.dated,
        dated_choice=chosen.dated_choice,
        more={
            **territory.delivered,
            "criteria": criteria.table,
            "criteria_scores": criteria.scores,
            "sector_points": votes,
            **calendar.more,
            **_judged(chosen, balances, territory, ballots),
            **_proved(chosen),
            **chosen.opening_years(),
            **followed,
        },
    )


def _judged(
    chosen: Chosen,
    balances: pd.DataFrame,
    territory: Territory,
    ballots: BallotCount,
) -> dict[str, pd.DataFrame]:
    """Say how evenly the EPCI are served and, of an exact choice, what binds each sector."""
    service = count_service({"balances": balances})
    communes = territory.communes.dropna(subset=["epci_siren", "population"])
    # who lives in the private zone is served by others: its lines are none of those counted
    communes = communes[communes["regulatory_zone"].astype(str) == RegulatoryZone.PUBLIC.value]
    population = communes.groupby(communes["epci_siren"].astype(str))["population"].sum()
    tables = {
        "epci_service": service,
        "fairness": measure_fairness(service, population=population.astype(int).to_dict()),
    }
    problem = chosen.problem if chosen.dated is None else chosen.dated.whole
    if problem is not None:
        tables["decision_scores"] = decision_scores(problem)
    return tables | _decided(chosen, ballots, "fr")


def _proved(chosen: Chosen) -> dict[str, pd.DataFrame]:
    """Say how good an exact programme is proved to be, and which others are as good."""
    if chosen.dated is not None and chosen.dated_choice is not None:
        return {"programme_proof": prove_years(chosen.dated, chosen.dated_choice)}
    problem, choice, pool = chosen.problem, chosen.choice, chosen.pool
    if problem is None or choice is None or pool is None:
        return {}
    parts = count_equals(problem, choice, pool=pool)
    if not parts:
        return {"programme_proof": prove_programme(problem, choice)}
    count, complete = count_programmes(parts)
    return {
        "programme_proof": prove_programme(problem, choice, equal_count=count, complete=complete),
        "equal_programmes": equal_programmes_table(problem, parts),
    }


def _decided(answer: Chosen | Plan, ballots: BallotCount, lang: str) -> dict[str, pd.DataFrame]:
    """Say what binds each sector of an exact choice, and its year where years are chosen."""
    if answer.dated is not None and answer.dated_choice is not None:
        return list_year_decisions(
            answer.dated, answer.dated_choice, names=ballots.names, lang=lang
        )  # fmt: skip
    if answer.problem is not None and answer.choice is not None:
        return {
            "decisions": list_decisions(
                answer.problem, answer.choice, names=ballots.names, lang=lang
            )
        }  # fmt: skip
    return {}


def open_sectors(territory: Territory, scenario: Scenario) -> frozenset[str]:
    """Return the sectors whose stage is *open* on the reference date."""
    changes = territory.stage_changes
    if changes.empty:
        return frozenset()
    keys = territory.sectors["sector_id"].astype("str")
    codes = {code: position for position, code in enumerate(SectorStage.codes())}
    stages = codes_on(
        keys,
        changes["sector_id"].astype("str"),
        changes["on"],
        changes["stage"].astype("str").map(codes).to_numpy(),
        on=scenario.reference_date,
    )
    return frozenset(keys[stages == codes[SectorStage.OPEN.value]])

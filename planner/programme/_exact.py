"""An exact choice as a programme: the phase of every sector, and why.

Sectors of phase 1 and sectors without a counted vote are settled as by the simple rule; the others
are in phase 2 when the exact choice holds them, else in phase 3 with the first rule that keeps them
out, the rest of the choice staying as it is.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.ballots import BallotCount
from planner.choice import Choice, ChoiceProblem, ChoiceStatus, Quantity, objective_label
from planner.dated import DatedChoice, DatedProblem
from planner.errors import RuleError
from planner.findings import Finding
from planner.programme._ranking import Programme, ProgrammeRules, _Choice
from planner.texts import Message
from planner.vocab import Decision, EnvelopeUnit, Phase, Severity

__all__ = ["explain_choice", "explain_years"]

Flags = npt.NDArray[np.bool_]


def explain_choice(
    problem: ChoiceProblem,
    choice: Choice,
    *,
    sectors: gpd.GeoDataFrame,
    sector_shares: pd.DataFrame,
    zones: pd.DataFrame,
    ballots: BallotCount,
    cents_per_line: int,
) -> Programme:
    """Return the programme of an exact choice.

    Parameters
    ----------
    problem, choice
        The question (:func:`state_choice`) and its answer (:func:`solve_choice`).
    sectors, sector_shares, zones, ballots
        What the question was stated from.
    cents_per_line
        Contribution a line, in cents.

    Raises
    ------
    RuleError
        When no programme holds every rule, or time ran out before one was found.
    """
    if choice.status is ChoiceStatus.INFEASIBLE:
        raise RuleError(
            Message.of("programme.infeasible"), Message.of("programme.infeasible_remedy")
        )
    if choice.status is ChoiceStatus.TIME_LIMIT and not choice.stages and problem.objectives:
        raise RuleError(Message.of("programme.no_answer"), Message.of("programme.no_answer_remedy"))
    rules = ProgrammeRules(cents_per_line=cents_per_line)
    state = _Choice(pd.DataFrame(sectors), sector_shares, zones, ballots, rules)
    state.settle_phase_1()
    state.settle_uncounted()
    chosen = np.isin(np.array(problem.sector_ids, dtype=object), choice.chosen)
    for key in choice.chosen:
        for actor, lines in state.shares[key]:
            if lines:
                state.left[actor] = (state.left[actor] or 0) - state.need(actor, lines)
    place = {key: at for at, key in enumerate(problem.sector_ids)}
    for key in state.open_sectors():
        if key not in place:
            state.settle(
                key, Phase.PHASE_3, Decision.NO_BALLOT,
                Message.of("programme.no_ballot", actor=state.name(state.decider(key))),
            )  # fmt: skip
        elif chosen[place[key]]:
            _settle_in(state, key, required=bool(problem.required[place[key]]))
        else:
            decision, reason = _why_out(problem, chosen, state, key, place[key])
            state.settle(key, Phase.PHASE_3, decision, reason)
    state.found += _gaps(problem, choice)
    return state.result()


def explain_years(problem: DatedProblem, choice: DatedChoice, **tables: Any) -> Programme:  # noqa: ANN401 (those of explain_choice)
    """Return the programme of a dated choice, the year in each reason.

    Parameters
    ----------
    problem, choice
        The question and its answer.
    tables
        As for :func:`explain_choice`.

    Raises
    ------
    RuleError
        When no programme holds every rule, or time ran out before one was found.
    """
    years = dict(choice.opened)
    programme = explain_choice(problem.whole, choice.without_years(problem), **tables)
    reasons = dict(programme.reasons)
    for key, year in years.items():
        reasons[key] = Message.of("programme.exact_opens", reason=reasons[key], year=str(year))
    full = _never_fits(problem, years)
    for key, reason in reasons.items():
        if reason.key == "programme.exact_not_best" and key in full:
            reasons[key] = Message.of("programme.exact_years_full")
    table = programme.table.copy()
    table["reason"] = [reasons[key].say() for key in table["sector_id"]]
    return replace(
        programme, table=table, reasons=MappingProxyType(reasons), years=MappingProxyType(years)
    )


def _never_fits(problem: DatedProblem, years: dict[str, int]) -> frozenset[str]:
    """Return the candidates that no year has room for, the rest staying as it is."""
    ids = problem.whole.sector_ids
    when = np.array([years.get(key, 0) for key in ids])
    fits = np.zeros(len(ids), bool)
    for year in problem.years:
        free = np.ones(len(ids), bool)
        for limit in problem.limits:
            if limit.year == year:
                used = int(limit.coefficients[when == year].sum())
                free &= (limit.coefficients <= 0) | (used + limit.coefficients <= limit.upper)
        fits |= free
    return frozenset(key for key, fine in zip(ids, fits.tolist(), strict=True) if not fine)


def _settle_in(state: _Choice, key: str, *, required: bool) -> None:
    actor = state.decider(key)
    ballot = state.ballots.get(actor or "")
    rank = ballot.rank_of(key) if ballot else None
    text = "exact_required" if required else "exact_chosen" if rank is None else "exact_ranked"
    state.settle(
        key, Phase.PHASE_2, Decision.REQUIRED if required else Decision.CHOSEN,
        Message.of(
            f"programme.{text}", actor=state.name(actor), lines=state.premises[key], rank=rank
        ),
    )  # fmt: skip


def _why_out(
    problem: ChoiceProblem, chosen: Flags, state: _Choice, key: str, at: int
) -> tuple[Decision, Message]:
    """Return the first rule that keeps a candidate out of the choice as it is."""
    owner = state.decider(key)
    if problem.refused[at]:
        return Decision.UNRANKED, state.unasked(key)
    if not problem.within_reach()[at]:
        return Decision.NOT_BEST, Message.of("programme.exact_cut_off", actor=state.name(owner))
    for actor, lines in state.shares[key]:
        ballot = state.ballots.get(actor)
        left = state.left.get(actor) or 0
        if lines == 0:
            continue
        if ballot is None or not ballot.counts:
            return Decision.ENVELOPE, Message.of("programme.neighbour", actor=state.name(actor))
        missing = state.need(actor, lines) - left
        if missing > 0:
            text = "exact_envelope"
            if actor != owner:
                text = "neighbour"
            elif ballot.envelope.amount is None:
                text = "no_envelope"
            elif ballot.envelope.unit is EnvelopeUnit.EUR:
                text = "exact_envelope_eur"
            return Decision.ENVELOPE, Message.of(
                f"programme.{text}", actor=state.name(actor), left=left, missing=missing
            )
    return Decision.NOT_BEST, _why_not_best(problem, chosen, at)


def _why_not_best(problem: ChoiceProblem, chosen: Flags, at: int) -> Message:
    if not problem.could_join(chosen, at):
        return Message.of("programme.exact_out_of_reach")
    for limit in problem.limits:
        value = int(limit.coefficients[chosen].sum()) + int(limit.coefficients[at])
        if (limit.upper is not None and value > limit.upper) or (
            limit.lower is not None and value < limit.lower
        ):
            return Message.of("programme.exact_limit", limit=limit.message)
    return Message.of("programme.exact_not_best")


def _gaps(problem: ChoiceProblem, choice: Choice) -> list[Finding]:
    """Return a finding for each objective that isn't proved."""
    units = {one.name: one.unit for one in problem.objectives}
    return [
        Finding.of(
            "programme.exact_gap", severity=Severity.INFO, table="programme",
            place=stage.objective, objective=objective_label(stage.objective),
            value=Quantity(stage.value, units[stage.objective]),
            bound=None if stage.bound is None else Quantity(stage.bound, units[stage.objective]),
            gap=stage.gap_share,
        )
        for stage in choice.stages
        if stage.status is not ChoiceStatus.OPTIMAL
    ]  # fmt: skip

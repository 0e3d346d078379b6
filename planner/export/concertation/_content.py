"""What stands in each form, before it has any format."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from planner.ballots import actor_shares, ballots_of_these_sectors, sectors_sha256
from planner.criteria import criterion_label
from planner.findings import Finding, Findings
from planner.io.forms import FORM_VERSION, SAID, answers_sha256
from planner.scenario import ProgrammeSection, Scenario
from planner.schemas import contract
from planner.territory import Territory
from planner.texts import say
from planner.vocab import DeliberationState, EnvelopeUnit, Severity, Term, Wish
from planner.voting import tell_weights

__all__ = ["Form", "make_forms"]

_TERMS: Final[Mapping[str, type[Term]]] = {"unit": EnvelopeUnit, "state": DeliberationState}


@dataclass(frozen=True, kw_only=True)
class Form:
    """The form of one EPCI.

    Parameters
    ----------
    actor, name
        Its SIREN (or ``D29``), and what people call it.
    identity
        What the form says of itself, by key: whose it is, on which sectors, what is synthetic.
    principles
        Regional principles as sentences: heading and value.
    deadline
        Last day of the deliberations; None when the scenario names none.
    wishes
        A row a sector: ``sector_id``, ``nom``, ``commune``, ``lines`` (its own), ``lines_total``,
        and what is already known of ``wish``, ``rank``, ``points``, ``approved``, ``opinion``,
        ``remark``.
    envelope, deliberation
        What is already known, by column.
    sectors, sector_shares
        Its sectors, contracts of their names.
    cents_per_line
        Contribution a line.
    """

    actor: str
    name: str
    identity: Mapping[str, str]
    principles: tuple[tuple[str, str], ...]
    deadline: dt.date | None
    wishes: tuple[Mapping[str, Any], ...]
    envelope: Mapping[str, Any]
    deliberation: Mapping[str, Any]
    sectors: gpd.GeoDataFrame
    sector_shares: pd.DataFrame
    cents_per_line: int

    @property
    def synthetic(self) -> bool:
        """Whether anything in it is made up."""
        return self.identity["synthetic"] == "true"


def make_forms(
    territory: Territory,
    scenario: Scenario,
    *,
    calendar: pd.DataFrame | None = None,
    prefill: bool = False,
    lang: str = "fr",
) -> tuple[tuple[Form, ...], Findings]:
    """Make the form of each EPCI (and département of an island) that has sectors to vote on.

    Parameters
    ----------
    territory
        A zoned territory.
    scenario
        Its principles: criteria, capacity, contribution, rule of ties, deadline.
    calendar
        Contract ``calendar``: contacts and planned councils that are known.
    prefill
        Whether ballots and deliberations that are already known are written into the
        forms; envelopes and contacts always are.
    lang
        Language of the principles.

    Returns
    -------
    forms
        Sorted by EPCI.
    Findings
        EPCI without any sector left.

    Raises
    ------
    MissingLayerError
        When the territory has no sectors.
    """
    territory.require("sectors", "sector_shares")
    signature = sectors_sha256(territory.sectors, territory.sector_shares)
    shares = actor_shares(territory.sectors, territory.sector_shares)
    shares = shares[shares["premises_count"] > 0]
    is_open = territory.sectors["zone_id"].isna()
    left = set(territory.sectors.loc[is_open, "sector_id"].astype(str))
    names = dict(
        zip(territory.epci["siren"].astype(str), territory.epci["nom"].astype(str), strict=True)
    )
    communes = dict(
        zip(territory.communes["insee"].astype(str), territory.communes["nom"].astype(str),
            strict=True)
    )  # fmt: skip
    principles = tuple(_principles(scenario, lang))
    made_up = territory.is_synthetic("premises", "sectors", "envelopes")
    made_up = made_up or bool(territory.sectors["synthetic"].any())
    ballots, others = contract("ballots").empty(), dict[str, int]()
    if prefill:
        ballots, others = ballots_of_these_sectors(
            territory.ballots, territory.sectors, territory.sector_shares
        )
    forms, found = [], []
    for actor, own in shares.groupby("actor", sort=True):
        code = str(actor)
        name = names.get(code, f"Département {code[1:]}")
        counts = {
            str(key): int(count)
            for key, count in zip(own["sector_id"], own["premises_count"], strict=True)
            if str(key) in left
        }
        if not counts:
            found.append(
                Finding.of("forms.nothing_open", severity=Severity.INFO, table="sectors",
                           place=code, name=name)
            )  # fmt: skip
            continue
        if code in others:
            found.append(
                Finding.of("forms.prefill_elsewhere", severity=Severity.WARNING, table="ballots",
                           place=code, name=name, count=others[code])
            )  # fmt: skip
        which = territory.sectors["sector_id"].astype(str).isin(counts)
        sectors = contract("sectors").select(territory.sectors[which])
        part = territory.sector_shares["sector_id"].astype(str).isin(counts)
        wishes = tuple(_wishes(sectors, counts, communes, _known(ballots, code)))
        envelope = _record(territory.envelopes, code, ("unit", "amount", "med_credit_cents"))
        deliberation = _record(calendar, code, ("planned_on", "contact")) | (
            _record(territory.deliberations, code, ("state", "on")) if prefill else {}
        )
        forms.append(
            Form(
                actor=code, name=name,
                identity={
                    "form_version": FORM_VERSION, "epci_siren": code, "scenario": scenario.name,
                    "sectors_sha256": signature, "synthetic": "true" if made_up else "false",
                    **_sent(envelope, deliberation, wishes),
                },
                principles=principles, deadline=scenario.concertation.deadline,
                wishes=wishes, envelope=envelope, deliberation=deliberation,
                sectors=sectors,
                sector_shares=contract("sector_shares").select(territory.sector_shares[part]),
                cents_per_line=scenario.contribution.cents_per_line,
            )
        )  # fmt: skip
    return tuple(forms), Findings.collect(found)


def _record(table: pd.DataFrame | None, actor: str, names: Iterable[str]) -> dict[str, Any]:
    if table is None or table.empty:
        return {}
    rows = table[table["epci_siren"].astype(str) == actor].to_dict("records")
    known = {} if not rows else {n: rows[0][n] for n in names if not pd.isna(rows[0][n])}
    return {n: _TERMS[n](value) if n in _TERMS else value for n, value in known.items()}


def _sent(
    envelope: Mapping[str, Any],
    deliberation: Mapping[str, Any],
    wishes: Iterable[Mapping[str, Any]],
) -> dict[str, str]:
    """Return the signatures of what a form says when it is sent; what it leaves blank has none."""
    said: dict[str, list[Mapping[str, Any]]] = {
        "envelopes": [envelope], "deliberations": [deliberation], "calendar": [deliberation],
        "ballots": [_said(row) for row in wishes if _wish_of(row)],
    }  # fmt: skip
    there = {
        table: [row for row in rows if any(row.get(name) is not None for name in SAID[table])]
        for table, rows in said.items()
    }
    return {f"sent_{table}": answers_sha256(table, rows) for table, rows in there.items() if rows}


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a wish as it is read back: an approval alone is the wish, another stands beside it."""
    beside = row.get("approved") if "wish" in row else None
    return {**row, "wish": _wish_of(row), "approved": beside}


def _wish_of(row: Mapping[str, Any]) -> Wish | None:
    marks = {"approved": Wish.APPROVED, "rank": Wish.RANKED, "points": Wish.SCORED}
    given: Wish | None = row.get("wish")
    return given or next((w for name, w in marks.items() if row.get(name) is not None), None)


def _known(ballots: pd.DataFrame, actor: str) -> dict[str, dict[str, Any]]:
    known: dict[str, dict[str, Any]] = {}
    for row in ballots[ballots["epci_siren"].astype(str) == actor].to_dict("records"):
        wish = Wish(row["wish"])
        answer: dict[str, Any] = {}
        if wish in {Wish.REQUIRED, Wish.REFUSED}:
            answer["wish"] = wish
        if wish is Wish.APPROVED or row.get("approved") is True:
            answer["approved"] = True
        answer |= {n: int(row[n]) for n in ("rank", "points") if not pd.isna(row.get(n))}
        known[str(row["sector_id"])] = answer
    return known


def _wishes(
    sectors: gpd.GeoDataFrame,
    counts: Mapping[str, int],
    communes: Mapping[str, str],
    known: Mapping[str, Mapping[str, Any]],
) -> Iterable[dict[str, Any]]:
    for row in sectors.to_dict("records"):
        key = str(row["sector_id"])
        yield {
            "sector_id": key,
            "nom": str(row["nom"]),
            "commune": communes.get(str(row["insee"]), str(row["insee"])),
            "lines": counts[key],
            "lines_total": int(row["premises_count"]),
        } | dict(known.get(key, {}))


def _principles(scenario: Scenario, lang: str) -> Iterable[tuple[str, str]]:
    price = scenario.contribution
    yield (
        say("forms.principle", lang, name=say("forms.contribution", lang)),
        say("forms.contribution_value", lang, cents=price.cents_per_line, source=price.source),
    )
    deadline = scenario.concertation.deadline
    yield (
        say("forms.principle", lang, name=say("forms.deadline", lang)),
        say("forms.no_deadline", lang)
        if deadline is None
        else say("forms.day_value", lang, day=deadline),
    )
    yield (
        say("forms.principle", lang, name=say("forms.ties", lang)),
        say(f"forms.ties_{scenario.concertation.ties}", lang),
    )
    if scenario.programme.rule == "exact":
        yield (
            say("forms.principle", lang, name=say("forms.weights", lang)),
            tell_weights(scenario.concertation.weights).say(lang),
        )
    for name, value in _rules_of_choice(scenario.programme, lang):
        yield say("forms.principle", lang, name=say(f"forms.{name}", lang)), value
    for name, rule in sorted(scenario.criteria.each.items()):
        yield (
            say("forms.principle_criterion", lang, name=criterion_label(name)),
            say("forms.principle_weight", lang, weight=rule.weight, source=rule.source),
        )
    for row in scenario.schedule.capacity:
        yield (
            say("forms.principle_capacity", lang, phase=row.phase, first=row.first_quarter),
            say("forms.principle_lines", lang, lines=row.lines_per_year, source=row.source),
        )


def _rules_of_choice(rules: ProgrammeSection, lang: str) -> Iterable[tuple[str, str]]:
    """Say by which rule the programme is chosen, and what the exact one holds to."""
    yield "choice", say(f"forms.choice_{rules.rule}", lang)
    if rules.rule != "exact":
        return
    yield "contiguity", say(f"forms.contiguity_{rules.contiguity}", lang)
    if rules.parity_tolerance_share is not None:
        yield "parity", say("forms.parity_value", lang, share=rules.parity_tolerance_share)
    if rules.budget_eur is not None:
        yield "budget", say("forms.budget_value", lang, cents=100 * rules.budget_eur)
    for place, lines in sorted(rules.capacity_lines.items()):
        where = say("forms.whole_region", lang) if place == "region" else place
        yield "phase_capacity", say("forms.phase_capacity_value", lang, lines=lines, where=where)

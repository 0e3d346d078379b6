"""``planner vote``: count an election written as pabulib does."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from planner.cli._face import Lang, LangOption, table, told
from planner.texts import number, say
from planner.vocab import Severity


class Rule(StrEnum):
    """Rules of :mod:`planner.voting`."""

    BORDA = "borda"
    POINTS = "points"
    APPROVALS = "approvals"
    EQUAL_SHARES = "equal_shares"
    PHRAGMEN = "phragmen"


class TieRule(StrEnum):
    """Rules of ties."""

    REFUSE = "refuse"
    LARGER_FIRST = "larger_first"
    SMALLER_FIRST = "smaller_first"
    SECTOR_ID = "sector_id"


class Completed(StrEnum):
    """How Equal Shares spends what is left."""

    NONE = "none"
    BUDGET_INCREASE = "budget_increase"
    GREEDY = "greedy"


class Worth(StrEnum):
    """What an approved project is worth."""

    COST = "cost"
    CARDINALITY = "cardinality"


def vote(
    file: Annotated[Path, typer.Argument(metavar="FICHIER.pb", help="Élection au format pabulib.")],
    rule: Annotated[Rule, typer.Option("--rule", help="Règle. / Rule.")] = Rule.EQUAL_SHARES,
    ties: Annotated[
        TieRule, typer.Option("--ties", help="Départage des ex æquo. / Rule of ties.")
    ] = TieRule.REFUSE,
    completion: Annotated[
        Completed, typer.Option("--completion", help="Parts égales : emploi du reste. / The rest.")
    ] = Completed.NONE,
    utility: Annotated[
        Worth, typer.Option("--utility", help="Parts égales : utilité d'une approbation. / Worth.")
    ] = Worth.COST,
    increment: Annotated[
        int, typer.Option("--increment", min=1, help="Pas de budget_increase. / Step.")
    ] = 1,
    lang: LangOption = Lang.FR,
) -> None:
    """Compter une élection (.pb) : les projets retenus, et pourquoi chacun l'est ou non."""
    from planner.io import read_pabulib  # noqa: PLC0415 (loads the readers)
    from planner.voting import VotingRule, count_votes, election_from_pabulib  # noqa: PLC0415

    with told(lang) as console:
        source = read_pabulib(file)
        election = election_from_pabulib(source)
        asked = VotingRule(
            name=rule.value, completion=completion.value, utility=utility.value,
            increment=increment,
        )  # fmt: skip
        outcome = count_votes(election, rule=asked, ties=ties.value)
        for finding in source.findings:
            console.print(
                f"{Severity(finding.severity).label(lang)} : {finding.message.say(lang)}"
                f"\n  → {finding.remedy.say(lang)}",
                markup=False,
            )
        names = {project.project_id: project.name for project in election.projects}
        titles = [
            say(f"voting.column_{name}", lang) for name in ("place", "id", "name", "cost", "why")
        ]
        last = sorted(set(names) - set(outcome.selected), key=lambda k: (-outcome.scores[k], k))
        places = {key: str(place) for place, key in enumerate(outcome.order, start=1)}
        rows = [
            [
                places.get(key, "—"), key, names[key],
                _money(election.costs[key], election.scale, lang),
                outcome.details[key].say(lang),
            ]
            for key in (*outcome.order, *last)
        ]  # fmt: skip
        console.print(table(outcome.summary(lang), titles, rows, numbers=len(titles)))
        for tie in outcome.ties:
            console.print(
                say(
                    "voting.broken_tie", lang, projects=", ".join(tie.projects), taken=tie.taken,
                    rule=ties.value,
                ),
                markup=False,
            )  # fmt: skip


def _money(units: int, scale: int, lang: str) -> str:
    return number(units / scale, lang, 0 if units % scale == 0 else 2)

"""``planner robustness``: what rules cost, how firm a programme is, what equity costs in speed."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer
from rich.console import Console

from planner.cli._face import (
    Lang,
    LangOption,
    OutOption,
    ScenarioArg,
    answer_scenario,
    refuse_years,
    told,
)
from planner.cli._prices import show_prices
from planner.cli._robustness import Case, Speed
from planner.errors import RuleError
from planner.scenario import Scenario, read_scenario
from planner.texts import Message, say

if TYPE_CHECKING:
    from planner.plan import Plan


class Part(StrEnum):
    """What can be asked for alone."""

    PRICES = "prices"
    FRONTIER = "frontier"
    WEIGHTS = "weights"
    PROGRAMMES = "programmes"
    CRITERIA = "criteria"


def robustness(
    scenario: ScenarioArg = None,
    only: Annotated[
        list[Part] | None,
        typer.Option("--only", help="Cette partie (répétable) ; sinon toutes. / Else all."),
    ] = None,
    speed: Annotated[
        Speed, typer.Option("--speed", help="Vitesse de la frontière. / Speed of the frontier.")
    ] = Speed.LINES,
    points: Annotated[
        int, typer.Option("--points", min=1, help="Points de la frontière, au plus. / At most.")
    ] = 10,
    step: Annotated[
        float, typer.Option("--step", min=0, max=100, help="Pas de la frontière, en %. / Step.")
    ] = 2.0,
    draws: Annotated[
        int, typer.Option("--draws", min=1, help="Tirages des poids. / Draws of the weights.")
    ] = 20,
    seed: Annotated[int, typer.Option("--seed", help="Graine des tirages. / Seed.")] = 1,
    loss: Annotated[
        float, typer.Option("--loss", min=0, max=100, help="Perte admise (%). / Loss.")
    ] = 1.0,
    wishes: Annotated[
        bool, typer.Option("--wishes", help="Prix de chaque exigence et refus aussi. / Wishes too.")
    ] = False,
    out: OutOption = None,
    lang: LangOption = Lang.FR,
) -> None:  # fmt: skip
    """Dire le prix des règles, la solidité du programme et ce que l'équité coûte en vitesse."""
    from planner.export.tables import write_csv_tables  # noqa: PLC0415

    with told(lang) as console:
        asked = read_scenario(scenario)
        if asked.programme.rule != "exact":
            raise RuleError(
                Message.of("robustness.exact_only"), Message.of("robustness.exact_only_remedy")
            )
        parts, folder = _asked(asked, only, out)
        answer = answer_scenario(scenario, lang)
        if answer.dated is not None:
            tables = _price_years(console, answer, wishes=wishes, lang=lang)
            write_csv_tables(folder, tables, lang=lang)
            console.print(say("cli.written", lang, folder=str(folder)), markup=False)
        if answer.problem is None or answer.choice is None:
            return
        case = Case(console, answer, answer.problem, answer.choice, folder, lang)
        tables = {}
        if Part.CRITERIA in parts:
            case.criteria()
        if Part.PRICES in parts:
            tables |= case.prices(wishes=wishes)
        if Part.FRONTIER in parts:
            tables |= case.frontier(speed, most=points, step=Fraction(str(step)) / 100)
        if Part.WEIGHTS in parts:
            tables |= case.weights(draws=draws, seed=seed, loss=Fraction(str(loss)) / 100)
        if Part.PROGRAMMES in parts:
            tables |= case.programmes(loss=Fraction(str(loss)) / 100)
        write_csv_tables(folder, tables, lang=lang)
        console.print(say("cli.written", lang, folder=str(folder)), markup=False)


def _asked(asked: Scenario, only: list[Part] | None, out: Path | None) -> tuple[set[Part], Path]:
    """Return what is asked and where it goes; with years, the price of rules alone."""
    parts = set(only or Part)
    if parts != {Part.PRICES}:
        refuse_years(asked)
    return parts, out or Path("maps") / "out" / f"{asked.name}-robustesse"


def _price_years(
    console: Console, answer: Plan, *, wishes: bool, lang: Lang
) -> dict[str, pd.DataFrame]:
    """Price each rule of a question with years."""
    from planner.choosing import YEARS_GAP_SHARE  # noqa: PLC0415
    from planner.explain import price_year_rules  # noqa: PLC0415
    from planner.programme import ColumnPool, solve_years  # noqa: PLC0415

    if answer.dated is None or answer.dated_choice is None:
        return {}
    rules = answer.scenario.programme
    priced = price_year_rules(
        answer.dated, answer.dated_choice, names=answer.ballots.names, wishes=wishes, lang=lang,
        solve=partial(
            solve_years, gap_share=max(rules.gap_share, YEARS_GAP_SHARE), seconds=rules.seconds,
            warm=ColumnPool(),
        ),
    )  # fmt: skip
    show_prices(console, priced, answer.dated.whole, lang)
    return {"rule_prices": priced}

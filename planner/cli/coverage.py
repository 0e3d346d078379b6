"""``planner coverage``: who is served on a day."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from planner.cli._face import (
    STAGES,
    Lang,
    LangOption,
    ScenarioArg,
    count_cell,
    day,
    percent_cell,
    progress,
    table,
    told,
)
from planner.scenario import read_scenario
from planner.texts import say
from planner.vocab import Level

if TYPE_CHECKING:
    from planner.coverage import Coverage


def coverage(
    scenario: ScenarioArg = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="AAAA-MM-JJ", help="Date de la mesure. / Day.")
    ] = None,
    level: Annotated[Level, typer.Option("--level", help="Niveau. / Level.")] = Level.EPCI,
    counts: Annotated[
        Path | None,
        typer.Option("--counts", help="Locaux par commune (ARCEP, CSV). / Premises by commune."),
    ] = None,
    serviceable: Annotated[
        Path | None,
        typer.Option("--serviceable", help="Raccordables par commune (ARCEP, CSV)."),
    ] = None,
    lang: LangOption = Lang.FR,
) -> None:
    """Mesurer la couverture à une date, avec son référentiel ; de points ou de comptes."""
    from planner.coverage import measure_coverage  # noqa: PLC0415
    from planner.prepare import measure_counts, prepare_territory  # noqa: PLC0415

    with told(lang) as console:
        asked = read_scenario(scenario)
        if counts is not None:
            measured = measure_counts(asked, counts, serviceable)
            synthetic = False
        else:
            with progress(lang, STAGES["prepare"]) as notify:
                territory = prepare_territory(asked, notify=notify)
            when = day(on) or asked.reference_date
            measured = measure_coverage(territory, on=when, levels=(level,))
            synthetic = territory.is_synthetic("premises", "state_changes")
        _print_coverage(console, measured, level, lang)
        if synthetic:
            console.print(say("cli.synthetic_premises", lang), style="yellow")


def _print_coverage(console: Console, measured: Coverage, level: Level, lang: Lang) -> None:
    columns = {
        "premises": "premises_count",
        "phase_1": "phase_1_count",
        "serviceable": "serviceable_count",
    }
    rows = [
        [
            f"{row['nom']} ({row['code']})",
            *(count_cell(row[column], lang) for column in columns.values()),
            percent_cell(row["coverage_rate"], lang),
        ]
        for row in measured.at(level).to_dict("records")
    ]
    titles = [level.label(lang), *(say(f"cli.{key}", lang) for key in (*columns, "rate"))]
    title = say("cli.coverage", lang, on=measured.referential.on)
    console.print(table(title, titles, rows))
    console.print(measured.referential.say(lang), markup=False)
    over = [finding for finding in measured.findings if finding.rule == "coverage.over_100"]
    for finding in over:
        console.print(finding.message.say(lang), markup=False)

"""The command ``planner``: a thin face of the library.

Exit codes: 0 done, 1 a failure that a user can fix, 2 wrong usage, 3 findings under ``--strict``.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from planner.errors import PlannerError
from planner.progress import Notify
from planner.scenario import Scenario, read_scenario
from planner.schemas import CONTRACTS
from planner.texts import Message, number, say
from planner.vocab import Level, Severity

if TYPE_CHECKING:
    from planner.coverage import Coverage

__all__ = ["app", "main"]

OUT_OF_FINDINGS = 3
_STAGES = {"prepare": 6, "plan": 3, "write": 4}
_COLUMN_WIDTH = 24


class Lang(StrEnum):
    """Languages of the face."""

    FR = "fr"
    EN = "en"


app = typer.Typer(
    help="Planifie le déploiement de la fibre optique sur une région. / Plans fibre roll-out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ScenarioArg = Annotated[
    Path | None,
    typer.Argument(
        metavar="[SCENARIO.toml]",
        help="Le scénario ; sans lui, la Bretagne embarquée. / The scenario; default: Brittany.",
        show_default=False,
    ),
]
LangOption = Annotated[Lang, typer.Option("--lang", help="Langue de l'affichage. / Language.")]
StrictOption = Annotated[
    bool,
    typer.Option(
        "--strict", help="Code 3 s'il reste des constats à vérifier. / Exit 3 on findings."
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="Dossier des sorties (défaut : maps/out/<scénario>). / Folder of the outputs.",
        show_default=False,
    ),
]


@contextmanager
def _told(lang: Lang) -> Iterator[Console]:
    """Turn a failure that the user can fix into two lines and exit code 1."""
    console = Console(stderr=False, highlight=False)
    try:
        yield console
    except PlannerError as error:
        Console(stderr=True, highlight=False).print(error.say(lang), style="red", markup=False)
        raise typer.Exit(1) from None


@contextmanager
def _progress(lang: Lang, total: int) -> Iterator[Notify]:
    """Show a progress bar that each announced stage moves on."""
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=_COLUMN_WIDTH),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        task = progress.add_task("…", total=total)
        begun = [0]

        def notify(message: Message) -> None:
            progress.update(task, description=message.say(lang), completed=begun[0])
            begun[0] += 1

        yield notify


def _table(title: str, columns: list[str], rows: list[list[str]], *, numbers: int = 1) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    for position, column in enumerate(columns):
        table.add_column(column, justify="right" if position >= numbers else "left")
    for row in rows:
        table.add_row(*row)
    return table


@app.command()
def plan(
    scenario: ScenarioArg = None,
    out: OutOption = None,
    lang: LangOption = Lang.FR,
    strict: StrictOption = False,
) -> None:
    """Tout faire : lire, couper, mesurer, choisir, chiffrer, écrire les cartes et les tables."""
    from planner.export import write_plan  # noqa: PLC0415 (imports folium: not for the others)
    from planner.plan import make_plan  # noqa: PLC0415 (imports numba and the steps)
    from planner.prepare import prepare_territory  # noqa: PLC0415

    with _told(lang) as console:
        start = time.perf_counter()
        asked = read_scenario(scenario)
        folder = out or Path("maps") / "out" / asked.name
        with _progress(lang, sum(_STAGES.values())) as notify:
            territory = prepare_territory(asked, notify=notify)
            answer = make_plan(territory, asked, notify=notify)
            written = write_plan(answer, folder, lang=lang, notify=notify)
        tables = answer.tables(lang)
        console.print(_summary(tables, asked, lang))
        if territory.is_synthetic(*CONTRACTS):
            layers = ", ".join(o.title for o in territory.origins if o.synthetic)
            console.print(say("cli.synthetic", lang, layers=layers), style="yellow")
        _print_findings(console, tables, lang)
        console.print(say("cli.written", lang, folder=str(folder)), markup=False)
        for path in written:
            console.print(f"  {path}", markup=False)
        seconds = number(time.perf_counter() - start, lang, 1)
        console.print(say("cli.seconds", lang, seconds=seconds))
        _leave(answer.findings.table(lang), strict=strict)


def _summary(tables: Mapping[str, pd.DataFrame], scenario: Scenario, lang: Lang) -> Table:
    programme = tables["programme"]
    costs = tables["costs"].set_index("sector_id")["cost_cents"]
    schedule = tables.get("schedule", CONTRACTS["schedule"].empty())
    frame = programme.assign(cost=programme["sector_id"].map(costs))
    rows = []
    for phase, group in frame.groupby("phase", sort=True):
        years = schedule.loc[schedule["phase"] == phase, "year"]
        span = "—" if years.empty else f"{years.min()}-{years.max()}"
        rows.append(
            [
                f"Phase {phase}",
                number(len(group), lang),
                number(int(group["premises_count"].sum()), lang),
                number(int(group["cost"].sum()) / 100_000_000, lang, 1),
                span,
            ]
        )
    titles = [say(f"cli.{key}", lang) for key in ("phase", "sectors", "premises", "cost", "years")]
    return _table(f"{scenario.title} ({scenario.name})", titles, rows)


def _print_findings(console: Console, tables: Mapping[str, pd.DataFrame], lang: Lang) -> None:
    found = tables.get("findings")
    if found is None:
        return
    counts = found["severity"].value_counts()
    words = ", ".join(
        f"{severity.label(lang)} : {counts[severity.value]}"
        for severity in reversed(Severity)
        if severity.value in counts
    )
    console.print(say("cli.findings", lang, counts=words), markup=False)


def _leave(found: pd.DataFrame, *, strict: bool) -> None:
    if strict and (found["severity"] != Severity.INFO.value).any():
        raise typer.Exit(OUT_OF_FINDINGS)


@app.command()
def check(
    scenario: ScenarioArg = None, lang: LangOption = Lang.FR, strict: StrictOption = False
) -> None:
    """Lire et vérifier sans rien écrire : chaque constat avec son remède."""
    from planner.plan import make_plan  # noqa: PLC0415
    from planner.prepare import prepare_territory  # noqa: PLC0415

    with _told(lang) as console:
        asked = read_scenario(scenario)
        with _progress(lang, _STAGES["prepare"] + _STAGES["plan"]) as notify:
            territory = prepare_territory(asked, notify=notify)
            answer = make_plan(territory, asked, notify=notify)
        found = answer.findings.table(lang)
        severities = {severity.value: severity.label(lang) for severity in Severity}
        rows = [
            [severities[row["severity"]], row["rule"], row["message"], row["remedy"]]
            for row in found.to_dict("records")
        ]
        titles = [say(f"cli.{key}", lang) for key in ("severity", "rule", "finding", "remedy")]
        console.print(_table(say("cli.check", lang), titles, rows, numbers=len(titles)))
        intake = territory.rejected_rows
        if len(intake):
            console.print(say("cli.rejected", lang, count=len(intake)))
        _print_findings(console, {"findings": found} if len(found) else {}, lang)
        _leave(found, strict=strict)


@app.command()
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

    with _told(lang) as console:
        asked = read_scenario(scenario)
        if counts is not None:
            measured = measure_counts(asked, counts, serviceable)
            synthetic = False
        else:
            with _progress(lang, _STAGES["prepare"]) as notify:
                territory = prepare_territory(asked, notify=notify)
            day = _day(on) or asked.reference_date
            measured = measure_coverage(territory, on=day, levels=(level,))
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
            *(_number(row[column], lang) for column in columns.values()),
            _percent(row["coverage_rate"], lang),
        ]
        for row in measured.at(level).to_dict("records")
    ]
    titles = [level.label(lang), *(say(f"cli.{key}", lang) for key in (*columns, "rate"))]
    title = say("cli.coverage", lang, on=measured.referential.on)
    console.print(_table(title, titles, rows))
    console.print(measured.referential.say(lang), markup=False)
    over = [finding for finding in measured.findings if finding.rule == "coverage.over_100"]
    for finding in over:
        console.print(finding.message.say(lang), markup=False)


def _day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("AAAA-MM-JJ", param_hint="--on") from None


def _number(value: object, lang: Lang) -> str:
    return "—" if pd.isna(value) else number(int(str(value)), lang)  # type: ignore[call-overload]


def _percent(value: float, lang: Lang) -> str:
    return "—" if pd.isna(value) else number(100 * value, lang, 1) + " %"


@app.command()
def schemas(
    table: Annotated[str | None, typer.Argument(help="Une table. / One table.")] = None,
    write: Annotated[
        Path | None, typer.Option("--write", help="Écrire la page de documentation. / Page.")
    ] = None,
    lang: LangOption = Lang.FR,
) -> None:
    """Décrire les tables : colonnes, types, unités, valeurs admises."""
    from planner.describe import schema_page, schema_rows  # noqa: PLC0415

    with _told(lang) as console:
        if write is not None:
            write.write_text(schema_page(lang), encoding="utf-8")
            console.print(say("cli.page", lang, path=str(write)), markup=False)
            return
        if table is not None and table not in CONTRACTS:
            raise typer.BadParameter(", ".join(CONTRACTS), param_hint="TABLE")
        for name in [table] if table else list(CONTRACTS):
            titles = [
                say(f"cli.{key}", lang)
                for key in ("column", "type", "unit", "required", "allowed", "description")
            ]
            described = CONTRACTS[name]
            title = f"{name} — {described.titled(lang)} : {described.described(lang)}"
            console.print(_table(title, titles, schema_rows(described, lang), numbers=len(titles)))


@app.command()
def explain(
    place: Annotated[
        str, typer.Argument(metavar="LIEU", help="Secteur, zone, commune ou EPCI : code ou nom.")
    ],
    scenario: ScenarioArg = None,
    out: OutOption = None,
    level: Annotated[
        Level | None, typer.Option("--level", help="Niveau, si le nom est partagé. / Level.")
    ] = None,
    lang: LangOption = Lang.FR,
) -> None:
    """Dire pourquoi : la décision d'un secteur, d'une zone, d'une commune ou d'un EPCI."""
    from planner.explain import explain_place, place_names  # noqa: PLC0415
    from planner.io import read_outputs  # noqa: PLC0415
    from planner.names import resolve_place  # noqa: PLC0415

    with _told(lang) as console:
        asked = read_scenario(scenario)
        folder = out or Path("maps") / "out" / asked.name
        tables = read_outputs(
            folder, scenario_sha256=asked.sha256, version=version("fibre-planner"), lang=lang
        )
        if tables is None:
            tables = _compute(asked, lang)
        found = resolve_place(place_names(tables), place, level=level)
        told = explain_place(tables, level=Level(found.level), code=found.code)
        console.print(told.say(lang), markup=False)


def _compute(scenario: Scenario, lang: Lang) -> Mapping[str, pd.DataFrame]:
    from planner.plan import make_plan  # noqa: PLC0415
    from planner.prepare import prepare_territory  # noqa: PLC0415

    with _progress(lang, _STAGES["prepare"] + _STAGES["plan"]) as notify:
        territory = prepare_territory(scenario, notify=notify)
        return make_plan(territory, scenario, notify=notify).tables(lang)


@app.callback()
def _root(
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Une ligne par étape. / One line a stage.")
    ] = False,
) -> None:
    if verbose:
        logging.basicConfig(level=logging.INFO, format="%(message)s")


def main() -> None:
    """Run the command."""
    app()


if __name__ == "__main__":
    main()

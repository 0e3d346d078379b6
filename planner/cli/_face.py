"""What every command shares: options, the progress bar, how a failure is told."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer
from rich.console import Console, JustifyMethod
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from planner.errors import PlannerError, RuleError
from planner.progress import Notify
from planner.scenario import Scenario, read_scenario
from planner.texts import Message, number, say
from planner.vocab import Severity

if TYPE_CHECKING:
    from planner.plan import Plan

__all__ = [
    "STAGES",
    "Lang",
    "LangOption",
    "NetworkOption",
    "OutOption",
    "RegisterOnOption",
    "RegisterOption",
    "ScenarioArg",
    "StrictOption",
    "answer_scenario",
    "count_cell",
    "day",
    "leave",
    "percent_cell",
    "print_findings",
    "progress",
    "table",
    "told",
    "with_axe3",
    "with_network",
]

OUT_OF_FINDINGS = 3
STAGES = {"prepare": 6, "plan": 3, "network": 11, "write": 4}  # network: three phases
_COLUMN_WIDTH = 24
_HEADING = 8  # characters of a heading on one line at least


class Lang(StrEnum):
    """Languages of the face."""

    FR = "fr"
    EN = "en"


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
NetworkOption = Annotated[
    bool, typer.Option("--network", help="Étudier aussi le réseau. / Design the network too.")
]
RegisterOption = Annotated[
    str | None,
    typer.Option(
        "--register",
        help="Registre de l'axe 3 : sites et chiffres, sans données personnelles. / Axe 3.",
        show_default=False,
    ),
]
RegisterOnOption = Annotated[
    str | None,
    typer.Option(
        "--register-on",
        help="Jour de l'évaluation, AAAA-MM-JJ ; sans lui, la date de référence. / Day.",
        show_default=False,
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
def told(lang: Lang) -> Iterator[Console]:
    """Turn a failure that the user can fix into two lines and exit code 1."""
    console = Console(stderr=False, highlight=False)
    try:
        yield console
    except PlannerError as error:
        Console(stderr=True, highlight=False).print(error.say(lang), style="red", markup=False)
        raise typer.Exit(1) from None


@contextmanager
def progress(lang: Lang, total: int) -> Iterator[Notify]:
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
            # where more is announced than was foreseen, the bar never stands full
            most = max(total, begun[0] + 1)
            said = message.say(lang)
            progress.update(task, description=said, completed=begun[0], total=most)
            begun[0] += 1

        with _told_of_compiling(progress, task, lang):
            yield notify


@contextmanager
def _told_of_compiling(progress: Progress, task: TaskID, lang: Lang) -> Iterator[None]:
    """Say beside the stage that loops are being compiled, which only the first run waits for."""

    class Shown(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 (of the interface)
            said = progress.tasks[0].description
            waits = say("stage.compiling", lang)
            if waits not in said:
                progress.update(task, description=f"{said} ({waits})")

    heard, handler = logging.getLogger("planner.compiling"), Shown()
    before = heard.level
    heard.setLevel(logging.INFO)
    heard.addHandler(handler)
    try:
        yield
    finally:
        heard.removeHandler(handler)
        heard.setLevel(before)


def answer_scenario(path: Path | None, lang: Lang, *, network: bool = False) -> Plan:
    """Answer a scenario, with a progress bar; with its network where that is asked for."""
    from planner.plan import make_plan  # noqa: PLC0415 (imports much)
    from planner.prepare import prepare_territory  # noqa: PLC0415

    scenario = read_scenario(path)
    stages = STAGES["prepare"] + STAGES["plan"] + STAGES["network"] * network
    with progress(lang, stages) as notify:
        answer = make_plan(prepare_territory(scenario, notify=notify), scenario, notify=notify)
        return with_network(answer, notify) if network else answer


def refuse_years(asked: Scenario) -> None:
    """Refuse what is computed on the question without years.

    Raises
    ------
    RuleError
        When the scenario asks for years.
    """
    if asked.programme.years is not None:
        raise RuleError(
            Message.of("programme.years_not_here"), Message.of("programme.years_not_here_remedy")
        )


def with_network(answer: Plan, notify: Notify) -> Plan:
    """Design the network as the scenario says: on its roads, at its prices, else on examples."""
    from planner.engineering import add_network  # noqa: PLC0415 (imports scipy)

    return add_network(answer, notify=notify)


def with_axe3(answer: Plan, store: str, on: dt.date | None) -> Plan:
    """Assess the requests of a register on this plan; what goes on names nobody."""
    from planner.axe3 import add_axe3  # noqa: PLC0415
    from planner.io.register import open_register  # noqa: PLC0415
    from planner.io.register_rules import read_register_rules  # noqa: PLC0415

    with open_register(store) as opened:
        stored = opened.tables("requests", "request_contacts", "request_journal")
    return add_axe3(answer, stored, rules=read_register_rules(), on=on)


def table(
    title: str, columns: list[str], rows: list[list[str]], *, numbers: int = 1, whole: bool = False
) -> Table:
    """Lay out rows; ``numbers``: where numbers begin, ``whole``: each on one line where it can be.

    In a narrow terminal a word is folded, never cut off.
    """
    table = Table(title=title, title_justify="left", header_style="bold")
    widths = _whole_numbers(columns, rows, numbers) if whole else {}
    for position, column in enumerate(columns):
        justify: JustifyMethod = "right" if position >= numbers else "left"
        table.add_column(
            column, justify=justify, overflow="fold", width=widths.get(position)
        )  # fmt: skip
    for row in rows:
        table.add_row(*row)
    return table


def _whole_numbers(columns: list[str], rows: list[list[str]], numbers: int) -> dict[int, int]:
    """Return the width of each column where only folded headings let numbers stand on one line.

    Empty where all fits anyhow, or nothing would.
    """
    cells = [max((len(row[at]) for row in rows), default=0) for at in range(len(columns))]
    beside = Console().width - 3 * len(columns) - 1  # borders and blanks
    if sum(map(max, cells, map(len, columns))) <= beside:
        return {}
    widths = {at: max(_HEADING, cells[at]) for at in range(numbers, len(columns))}
    room = beside - sum(widths.values())
    return {0: room, **widths} if numbers == 1 and room >= _HEADING else {}


def print_findings(console: Console, tables: Mapping[str, pd.DataFrame], lang: Lang) -> None:
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


def leave(found: pd.DataFrame, *, strict: bool) -> None:
    if strict and (found["severity"] != Severity.INFO.value).any():
        raise typer.Exit(OUT_OF_FINDINGS)


def day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("AAAA-MM-JJ", param_hint="--on") from None


def count_cell(value: object, lang: Lang) -> str:
    return "—" if pd.isna(value) else number(int(str(value)), lang)  # type: ignore[call-overload]


def percent_cell(value: float, lang: Lang) -> str:
    return "—" if pd.isna(value) else number(100 * value, lang, 1) + " %"

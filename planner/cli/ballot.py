"""``planner ballot read``: take the ballots that bulletins of concertation saved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer
from rich.console import Console

from planner.cli._face import (
    STAGES,
    Lang,
    LangOption,
    StrictOption,
    leave,
    progress,
    told,
)
from planner.errors import DataFileError
from planner.findings import Findings
from planner.scenario import read_scenario
from planner.texts import Message, say
from planner.vocab import Severity

if TYPE_CHECKING:
    from planner.bulletin import ReadBallot

app = typer.Typer(
    help="Les votes enregistrés depuis les bulletins. / Ballots saved from bulletins.",
    no_args_is_help=True,
)


@app.callback()
def _root() -> None:
    """Group the commands of ballots."""


@app.command()
def read(
    files: Annotated[
        list[Path], typer.Argument(metavar="VOTE.json…", help="Votes enregistrés. / Ballots.")
    ],
    scenario: Annotated[
        Path | None,
        typer.Option(
            "--scenario",
            metavar="SCENARIO.toml",
            help="Le scénario des bulletins ; sans lui, la Bretagne embarquée. / The scenario.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="CSV des vœux ; les autres EPCI y restent (défaut : <scénario>-voeux.csv).",
            show_default=False,
        ),
    ] = None,
    lang: LangOption = Lang.FR,
    strict: StrictOption = False,
) -> None:
    """Reprendre des votes : refusés s'ils portent sur une autre version, sinon mis en CSV."""
    from planner.ballots import sectors_sha256  # noqa: PLC0415
    from planner.bulletin import make_sheets, take_ballot  # noqa: PLC0415 (imports the steps)
    from planner.export.bulletin.ballots import write_ballots  # noqa: PLC0415
    from planner.io.bulletin import read_bulletin  # noqa: PLC0415
    from planner.prepare import prepare_territory  # noqa: PLC0415

    with told(lang) as console:
        saved = [read_bulletin(file) for file in files]
        asked = read_scenario(scenario)
        target = out or Path(f"{asked.name}-voeux.csv")
        with progress(lang, STAGES["prepare"]) as notify:
            territory = prepare_territory(asked, notify=notify)
            sheets = make_sheets(territory, asked)
        signature = sectors_sha256(territory.sectors, territory.sector_shares)
        taken = [take_ballot(one, sheets) for one in saved]
        _refuse_two(taken, [one.file for one in saved])
        written = write_ballots(
            target,
            [one.table.assign(sectors_sha256=signature) for one in taken],
            actors=[one.sheet.actor for one in taken],
        )
        for one, file in zip(taken, saved, strict=True):
            _tell(console, one, file.file, lang)
            rows = written.replaced.get(one.sheet.actor, 0)
            if rows:
                words = say(
                    "bulletin.replaced", lang, name=one.sheet.nom, rows=rows, out=str(target)
                )
                console.print(words, markup=False)
        kept = say("bulletin.kept", lang, out=str(target), rows=written.rows, actors=written.actors)
        console.print(kept, markup=False)
        found = Findings.collect(*(one.findings for one in taken)).table(lang)
        _print_found(console, found, lang)
        leave(found, strict=strict)


def _refuse_two(taken: Sequence[ReadBallot], files: Sequence[str]) -> None:
    """Refuse two ballots of one EPCI: nothing says which one holds."""
    by_actor: dict[str, list[str]] = {}
    for one, file in zip(taken, files, strict=True):
        by_actor.setdefault(one.sheet.nom, []).append(file)
    for name, given in sorted(by_actor.items()):
        if len(given) > 1:
            raise DataFileError(
                Message.of("bulletin.twice", name=name, files=", ".join(given)),
                Message.of("bulletin.twice_remedy"),
            )


def _tell(console: Console, one: ReadBallot, file: str, lang: Lang) -> None:
    key = "bulletin.read" if len(one.table) else "bulletin.read_empty"
    words = say(
        key, lang, file=file, name=one.sheet.nom, taken=len(one.check.taken),
        lines=one.check.lines, cents=one.check.net_cents,
    )  # fmt: skip
    console.print(words, markup=False)


def _print_found(console: Console, found: pd.DataFrame, lang: Lang) -> None:
    for row in found.to_dict("records"):
        severity = Severity(row["severity"]).label(lang)
        console.print(f"{severity} : {row['message']}\n  → {row['remedy']}", markup=False)

"""``planner schedule``: the calendar of a finished plan, planned again from a day on, and drawn."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli._face import Lang, LangOption, day, table, told
from planner.errors import MissingLayerError
from planner.scenario import Scenario
from planner.texts import Message, number, say

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from planner.replanning import PresentState

_SHOWN = 20


def schedule(
    folder: Annotated[
        Path, typer.Argument(metavar="DOSSIER", help="Dossier de sorties. / Folder of outputs.")
    ],
    on: Annotated[
        str | None,
        typer.Option("--on", help="Replanifier depuis ce jour, AAAA-MM-JJ. / Plan again from.",
                     show_default=False),
    ] = None,
    observed: Annotated[
        Path | None,
        typer.Option("--observed", help="Dossier de planner follow : l'état constaté. / Observed.",
                     show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Dossier où écrire les tables (CSV). / Folder of the tables.",
                     show_default=False),
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option("--figures", help="Dossier où dessiner le calendrier. / Folder of figures.",
                     show_default=False),
    ] = None,
    lang: LangOption = Lang.FR,
) -> None:  # fmt: skip
    """Replanifie sans déplacer ce qui est ouvert ou engagé ; dessine le calendrier."""
    from planner.export.figures.works import write_works_figures  # noqa: PLC0415
    from planner.export.tables import write_csv_tables  # noqa: PLC0415
    from planner.io.finished import read_finished_plan  # noqa: PLC0415
    from planner.replanning import replan_works  # noqa: PLC0415
    from planner.sector_names import sector_names  # noqa: PLC0415
    from planner.works import put_in_words  # noqa: PLC0415

    with told(lang) as console:
        found = read_finished_plan(folder)
        tables = dict(found.tables)
        if "schedule" not in tables:
            raise MissingLayerError(
                Message.of("works.no_schedule"), Message.of("works.no_schedule_remedy")
            )
        if on is not None or observed is not None:
            if "works" not in tables:
                raise MissingLayerError(
                    Message.of("works.not_stated"), Message.of("works.not_stated_remedy")
                )
            present = _present(tables["works"], observed, day(on))
            calendar, changes = replan_works(
                Scenario.from_dict(dict(found.scenario), name=found.name),
                works=tables["works"], schedule=tables["schedule"], present=present,
            )  # fmt: skip
            named = put_in_words(calendar.more, lang, sectors=tables.get("sectors"))
            answer = {"schedule": calendar.table, **named, "works_changes": changes}
            tables |= answer
            console.print(_moved(changes, lang))
            called = sector_names(tables.get("sectors"))
            for line in calendar.findings.naming(called).table(lang)["message"]:
                console.print(f"  {line}", style="yellow", markup=False)
            if out is not None:
                filled = {name: frame for name, frame in answer.items() if len(frame)}
                for written in write_csv_tables(out, filled, lang=lang):
                    console.print(f"  {out / Path(written.path).name}", markup=False)
        if figures is not None:
            layers = ", ".join(found.synthetic)
            key = "works.figure_source_synthetic" if layers else "works.figure_source"
            source = say(key, lang, name=found.name, layers=layers)
            for path in write_works_figures(figures, tables, source=source, lang=lang):
                console.print(f"  {path}", markup=False)


def _present(works: pd.DataFrame, observed: Path | None, on: dt.date | None) -> PresentState:
    """Return the present state: as planned, or as a follow-up saw it."""
    from planner.io.finished import read_finished_plan  # noqa: PLC0415
    from planner.replanning import PresentState, observe_present  # noqa: PLC0415
    from planner.schemas import contract  # noqa: PLC0415

    if observed is None:
        return PresentState(on=on or dt.date.min)
    seen = read_finished_plan(observed).tables
    return observe_present(
        seen.get("progress_actual", contract("progress_actual").empty()), works=works,
        stage_changes=seen.get("stage_changes"), on=on,
    )  # fmt: skip


def _moved(changes: pd.DataFrame, lang: Lang) -> Table:
    rows = [
        [
            str(row["sector_id"]), number(row["premises_count"], lang),
            str(row["quarter_before"]), str(row["quarter_after"] or "—"),
        ]
        for row in changes.head(_SHOWN).to_dict("records")
    ]  # fmt: skip
    titles = [say(f"works.column_{key}", lang) for key in ("sector", "premises", "before", "after")]
    return table(say("works.changes", lang, count=len(changes), shown=len(rows)), titles, rows)

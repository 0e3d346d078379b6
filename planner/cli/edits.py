"""``planner import-edits``: what a technician changed in a package, taken back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer
from rich.console import Console

from planner.cli._face import (
    OUT_OF_FINDINGS,
    STAGES,
    Lang,
    LangOption,
    ScenarioArg,
    StrictOption,
    progress,
    table,
    told,
)
from planner.scenario import read_scenario
from planner.schemas import contract
from planner.texts import number, say
from planner.vocab import EditKind

if TYPE_CHECKING:
    from planner.edits import Edits
    from planner.export.layout import Edition
    from planner.plan import Plan
    from planner.quality import Anomalies

_REFUSED = 1


def import_edits(
    package: Annotated[
        Path, typer.Argument(metavar="PAQUET.gpkg", help="Le paquet modifié. / The edited package.")
    ],
    scenario: ScenarioArg = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Dossier neuf (défaut : edits, à côté du paquet). / A new folder.",
            show_default=False,
        ),
    ] = None,
    lang: LangOption = Lang.FR,
    strict: StrictOption = False,
) -> None:
    """Reprendre ce qu'un technicien a modifié dans le GeoPackage ; rien n'est écrasé."""
    from planner.edits import compare_edits  # noqa: PLC0415
    from planner.export.edits import refuse_used_folder  # noqa: PLC0415
    from planner.io.package import read_package  # noqa: PLC0415
    from planner.plan import make_plan  # noqa: PLC0415
    from planner.prepare import prepare_territory  # noqa: PLC0415

    with told(lang) as console:
        folder = out or package.parent / "edits"
        refuse_used_folder(folder)
        intake = read_package(package)
        asked = read_scenario(scenario)
        with progress(lang, STAGES["prepare"] + STAGES["plan"]) as notify:
            territory = prepare_territory(asked, notify=notify)
            plan = make_plan(territory, asked, notify=notify)
        edits = compare_edits(
            intake.tables, intake.base, plan.tables(lang), computed=intake.computed
        )
        if edits.is_unchanged:
            console.print(say("edits.unchanged", lang, rows=len(intake.base)), markup=False)
            return
        _print_edits(console, edits, lang)
        if edits.is_refused:
            _refuse(console, folder, edits, intake.tables, plan, lang)
        anomalies = _take(console, folder, edits, plan, lang)
        conflicts = edits.count(EditKind.CONFLICT)
        if conflicts:
            console.print(say("edits.conflicts", lang, count=conflicts), markup=False)
        if strict and (conflicts or anomalies.is_blocking):
            raise typer.Exit(OUT_OF_FINDINGS)


def _refuse(
    console: Console,
    folder: Path,
    edits: Edits,
    tables: Mapping[str, pd.DataFrame],
    plan: Plan,
    lang: Lang,
) -> None:
    from planner.export.anomalies import write_anomalies  # noqa: PLC0415
    from planner.quality import Anomalies, anomalies_of_cells  # noqa: PLC0415

    batches = [
        batch
        for name, cells in edits.broken.items()
        for batch in anomalies_of_cells(name, tables[name], cells).batches
    ]
    found = Anomalies(batches=tuple(batches))
    files = write_anomalies(
        folder, found, edition=_edition(plan), outline=plan.territory.region, lang=lang
    )
    console.print(say("edits.refused", lang, count=len(found)), markup=False, style="red")
    _print_files(console, files)
    raise typer.Exit(_REFUSED)


def _take(console: Console, folder: Path, edits: Edits, plan: Plan, lang: Lang) -> Anomalies:
    from planner.edits import apply_edits  # noqa: PLC0415
    from planner.export.anomalies import write_anomalies  # noqa: PLC0415
    from planner.export.edits import write_edits  # noqa: PLC0415
    from planner.quality import check_quality  # noqa: PLC0415

    territory, edition = plan.territory, _edition(plan)
    taken = apply_edits(territory, edits)
    anomalies = check_quality(taken, on=plan.scenario.reference_date)
    files = write_edits(folder, edits, taken, edition=edition, lang=lang)
    if len(anomalies):
        files += write_anomalies(
            folder, anomalies, edition=edition, origins=territory.origins,
            outline=territory.region, lang=lang,
        )  # fmt: skip
        console.print(say("edits.anomalies", lang, count=len(anomalies)), markup=False)
    _print_files(console, files)
    return anomalies


def _edition(plan: Plan) -> Edition:
    from planner.export.layout import Edition  # noqa: PLC0415

    return Edition(
        title=plan.scenario.title, scenario=plan.scenario.name, territory=plan.territory.title,
        on=plan.scenario.reference_date,
    )  # fmt: skip


def _print_edits(console: Console, edits: Edits, lang: Lang) -> None:
    counts = edits.table.value_counts(["layer", "kind"]).sort_index().reset_index(name="count")
    rows = [
        [contract(row["layer"]).titled(lang), EditKind(row["kind"]).label(lang),
         number(row["count"], lang)]
        for row in counts.to_dict("records")
    ]  # fmt: skip
    titles = [say(f"cli.{key}", lang) for key in ("table", "finding", "count")]
    console.print(table(say("edits.title", lang), titles, rows, numbers=2))


def _print_files(console: Console, files: tuple[Path, ...]) -> None:
    for path in files:
        console.print(f"  {path}", markup=False)

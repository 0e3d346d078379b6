"""``planner verify``: the outputs of a plan, checked from their own tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli._face import OUT_OF_FINDINGS, Lang, LangOption, told
from planner.scenario import Scenario


def verify(
    folder: Annotated[
        Path, typer.Argument(metavar="DOSSIER", help="Dossier de sorties. / Folder of outputs.")
    ],
    lang: LangOption = Lang.FR,
) -> None:
    """Revérifie un plan écrit : chaque règle et chaque somme, depuis ses seules tables.

    Dit aussi quels fichiers du dossier ne sont plus ceux du manifeste.
    """
    from planner.export.manifest import find_changed, read_manifest  # noqa: PLC0415
    from planner.io.finished import (  # noqa: PLC0415
        read_finished_plan,
        read_network_shapes,
        read_sector_shapes,
    )
    from planner.verify import (  # noqa: PLC0415
        Breach,
        Verdict,
        verify_manifest,
        verify_programme,
    )

    with told(lang) as console:
        found = read_finished_plan(folder)
        scenario = Scenario.from_dict(dict(found.scenario), name=found.name)
        tables = {
            **found.tables,
            **read_network_shapes(folder, found),
            **read_sector_shapes(folder, found),
        }
        verdict = verify_programme(tables, scenario)
        verdict = verdict.beside(verify_manifest(read_manifest(folder) or {}, found.tables))
        files, changed = find_changed(folder)
        told_of = [Breach(rule="file", place=file, message=message) for file, message in changed]
        verdict = verdict.beside(Verdict.of({"file": files}, told_of))
        console.print(verdict.say(lang), markup=False)
    if not verdict.holds:
        raise typer.Exit(OUT_OF_FINDINGS)

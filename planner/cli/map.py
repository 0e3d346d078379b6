"""``planner map``: the officials' map of the region, of a département, of an EPCI, or all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli._face import STAGES, Lang, LangOption, OutOption, ScenarioArg, progress, told
from planner.scenario import read_scenario
from planner.texts import number, say


def map_(
    scenario: ScenarioArg = None,
    epci: Annotated[
        str | None, typer.Option("--epci", metavar="SIREN", help="Un seul EPCI. / One EPCI.")
    ] = None,
    departement: Annotated[
        str | None, typer.Option("--departement", metavar="CODE", help="Un seul département.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Région, départements et EPCI. / All of them.")
    ] = False,
    out: OutOption = None,
    background: Annotated[
        bool,
        typer.Option("--ign", help="Proposer le plan IGN (demande le réseau). / Offer IGN's map."),
    ] = False,
    lang: LangOption = Lang.FR,
) -> None:
    """Dessiner la carte des élus : un fichier HTML autonome, tous les locaux, sans réseau."""
    from planner.export.map import write_map, write_maps  # noqa: PLC0415 (imports folium)
    from planner.plan import make_plan  # noqa: PLC0415
    from planner.prepare import prepare_territory  # noqa: PLC0415

    with told(lang) as console:
        asked = read_scenario(scenario)
        folder = out or Path("maps") / "out" / f"{asked.name}-cartes"
        with progress(lang, STAGES["prepare"] + STAGES["plan"]) as notify:
            answer = make_plan(prepare_territory(asked, notify=notify), asked, notify=notify)
        if every:
            written = write_maps(folder, answer, lang=lang, background=background)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            stem = f"-epci-{epci}" if epci else f"-departement-{departement}" if departement else ""
            path = folder / f"carte{stem}.html"
            written = (
                write_map(
                    path, answer, epci=epci, departement=departement, lang=lang,
                    background=background,
                ),
            )  # fmt: skip
        if any(origin.synthetic for origin in answer.territory.origins):
            console.print(say("map.banner", lang), style="yellow")
        console.print(say("cli.written", lang, folder=str(folder)), markup=False)
        for path in written:
            size = number(path.stat().st_size / 1e6, lang, 1)
            console.print(f"  {path} ({size} Mo)", markup=False)

"""``planner figures``: the themes of the map as still figures for reports, and an A3 poster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli._face import Lang, LangOption, OutOption, ScenarioArg, answer_scenario, told
from planner.texts import say


def figures(
    scenario: ScenarioArg = None,
    epci: Annotated[
        str | None, typer.Option("--epci", metavar="SIREN", help="Un seul EPCI. / One EPCI.")
    ] = None,
    departement: Annotated[
        str | None, typer.Option("--departement", metavar="CODE", help="Un seul département.")
    ] = None,
    theme: Annotated[
        list[str] | None,
        typer.Option("--theme", help="Ce thème (répétable) ; sinon tous. / This theme; else all."),
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--format", help="png ou svg ; sinon les deux. / Else both.")
    ] = None,
    poster: Annotated[
        bool, typer.Option("--poster/--no-poster", help="Affiche A3 en PDF. / A3 poster.")
    ] = True,
    out: OutOption = None,
    lang: LangOption = Lang.FR,
) -> None:
    """Écrire les figures des rapports (thèmes, calendrier, courbe en S) et une affiche A3."""
    from planner.export.figures import (  # noqa: PLC0415 (imports matplotlib)
        FORMATS,
        figure_data,
        write_figures,
        write_poster,
    )
    from planner.export.figures.works import write_works_figures  # noqa: PLC0415 (matplotlib)

    with told(lang) as console:
        answer = answer_scenario(scenario, lang)
        folder = out or Path("maps") / "out" / f"{answer.scenario.name}-figures"
        data = figure_data(answer, epci=epci, departement=departement, lang=lang)
        written = write_figures(folder, data, themes=theme, formats=kind or FORMATS, lang=lang)
        if theme is None and epci is None and departement is None and len(answer.schedule):
            layers = ", ".join(data.synthetic_layers)
            key = "works.figure_source_synthetic" if layers else "works.figure_source"
            written += write_works_figures(
                folder, answer.tables(lang), formats=kind or FORMATS, lang=lang,
                source=say(key, lang, name=answer.scenario.name, layers=layers),
            )  # fmt: skip
        if poster:
            place = (
                f"-epci-{epci}" if epci else f"-departement-{departement}" if departement else ""
            )
            written += (write_poster(folder / f"affiche{place}.pdf", data, lang=lang),)
        if data.synthetic_layers:
            console.print(say("map.banner", lang), style="yellow")
        console.print(say("cli.written", lang, folder=str(folder)), markup=False)
        for path in written:
            console.print(f"  {path}", markup=False)

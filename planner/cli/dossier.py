"""``planner dossier``: one PDF for each EPCI, ready for its council."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli._face import (
    STAGES,
    Lang,
    LangOption,
    OutOption,
    RegisterOnOption,
    RegisterOption,
    ScenarioArg,
    day,
    progress,
    told,
    with_axe3,
)
from planner.cli.follow import followed_scenario
from planner.scenario import read_scenario
from planner.texts import say


def dossier(
    scenario: ScenarioArg = None,
    epci: Annotated[
        str | None, typer.Option("--epci", metavar="SIREN", help="Un seul EPCI. / One EPCI.")
    ] = None,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow",
            help="Suivre le programme ; sans constats au scénario, un exemple. / Follow.",
        ),
    ] = False,
    register: RegisterOption = None,
    register_on: RegisterOnOption = None,
    out: OutOption = None,
    lang: LangOption = Lang.FR,
) -> None:
    """Écrire le dossier de chaque EPCI pour son conseil : un PDF accessible, A4, en français."""
    from planner.export.dossier import write_dossiers  # noqa: PLC0415 (imports matplotlib, typst)
    from planner.plan import make_plan  # noqa: PLC0415
    from planner.prepare import prepare_territory  # noqa: PLC0415

    with told(lang) as console:
        asked = read_scenario(scenario)
        if follow:
            asked = followed_scenario(asked, {})
        folder = out or Path("maps") / "out" / f"{asked.name}-dossiers"
        with progress(lang, STAGES["prepare"] + STAGES["plan"]) as notify:
            answer = make_plan(prepare_territory(asked, notify=notify), asked, notify=notify)
        if register is not None:
            answer = with_axe3(answer, register, day(register_on))
        count = 1 if epci else len(answer.territory.epci)
        with progress(lang, count) as notify:
            written = write_dossiers(answer, folder, epci=epci, lang=lang, notify=notify)
        owed = answer.contributions
        if epci:
            owed = owed[owed["epci_siren"] == epci]
        if any(origin.synthetic for origin in answer.territory.origins):
            console.print(say("map.banner", lang), style="yellow")
        net = int(owed["net_cents"].sum())
        console.print(say("dossier.written", lang, count=len(written), net=net), markup=False)
        console.print(say("cli.written", lang, folder=str(folder)), markup=False)

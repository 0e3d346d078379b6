"""``planner export``: a plan in the formats of others."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from planner.cli._face import (
    STAGES,
    Lang,
    LangOption,
    NetworkOption,
    OutOption,
    ScenarioArg,
    progress,
    told,
    with_network,
)
from planner.scenario import read_scenario
from planner.texts import say


class FormatName(StrEnum):
    """The formats of :class:`planner.export.doors.Format`, known without loading them."""

    GRACETHD = "gracethd"
    GEOPARQUET = "geoparquet"
    FLATGEOBUF = "flatgeobuf"
    TOPOJSON = "topojson"
    CSV = "csv"
    XLSX = "xlsx"
    METADATA = "metadata"


def export(
    form: Annotated[
        FormatName,
        typer.Argument(metavar="FORMAT", help=" | ".join(form.value for form in FormatName)),
    ],
    scenario: ScenarioArg = None,
    out: OutOption = None,
    premises: Annotated[
        bool,
        typer.Option(
            "--premises/--without-premises", help="Avec ou sans les locaux. / With premises or not."
        ),
    ] = True,
    organisation: Annotated[
        str | None,
        typer.Option("--organisation", help="Qui répond des données (metadata). / Who answers."),
    ] = None,
    email: Annotated[
        str | None, typer.Option("--email", help="Son adresse (metadata). / Their address.")
    ] = None,
    network: NetworkOption = False,
    lang: LangOption = Lang.FR,
) -> None:
    """Écrire le plan dans un autre format : GraceTHD, GeoParquet, TopoJSON, métadonnées."""
    from planner.export.doors import Contact, Format, write_export  # noqa: PLC0415 (folium)
    from planner.export.gracethd import gracethd_notes  # noqa: PLC0415
    from planner.plan import make_plan  # noqa: PLC0415
    from planner.prepare import prepare_territory  # noqa: PLC0415

    with told(lang) as console:
        asked = read_scenario(scenario)
        folder = out or Path("maps") / "out" / f"{asked.name}-{form.value}"
        with progress(
            lang, STAGES["prepare"] + STAGES["plan"] + STAGES["network"] * network
        ) as notify:
            territory = prepare_territory(asked, notify=notify)
            answer = make_plan(territory, asked, notify=notify)
            if network:
                answer = with_network(answer, notify)
            written = write_export(
                answer, folder, Format(form), premises=premises, lang=lang,
                contact=Contact(organisation=organisation, email=email),
            )  # fmt: skip
        if form is FormatName.GRACETHD:
            for note in gracethd_notes(answer, premises=premises):
                console.print(note.say(lang), markup=False)
        console.print(
            say("doors.written", lang, folder=str(folder), count=len(written)), markup=False
        )

"""``planner publish``: a plan into PostGIS."""

from __future__ import annotations

from typing import Annotated

import typer

from planner.cli._face import (
    STAGES,
    Lang,
    LangOption,
    NetworkOption,
    ScenarioArg,
    progress,
    told,
    with_network,
)
from planner.scenario import read_scenario
from planner.texts import say


def publish(
    url: Annotated[
        str,
        typer.Argument(
            metavar="postgresql://…",
            help="La base ; le mot de passe peut venir de PGPASSWORD. / The database.",
        ),
    ],
    scenario: ScenarioArg = None,
    schema: Annotated[
        str, typer.Option("--schema", help="Schéma de la base. / Schema of the database.")
    ] = "planner",
    keep: Annotated[
        int, typer.Option("--keep", min=1, help="Versions gardées. / Versions that are kept.")
    ] = 2,
    network: NetworkOption = False,
    lang: LangOption = Lang.FR,
) -> None:
    """Publier le plan dans PostGIS, entier ou pas du tout ; l'ancien reste jusqu'au bout."""
    from planner.export.postgis import publish_plan  # noqa: PLC0415 (drivers of an extra)
    from planner.plan import make_plan  # noqa: PLC0415
    from planner.prepare import prepare_territory  # noqa: PLC0415

    with told(lang) as console:
        asked = read_scenario(scenario)
        with progress(
            lang, STAGES["prepare"] + STAGES["plan"] + 2 + STAGES["network"] * network
        ) as notify:
            territory = prepare_territory(asked, notify=notify)
            answer = make_plan(territory, asked, notify=notify)
            if network:
                answer = with_network(answer, notify)
            done = publish_plan(url, answer, schema=schema, keep=keep, lang=lang, notify=notify)
        key = "postgis.unchanged" if done.unchanged else "postgis.published"
        told_of = say(
            key, lang, scenario=done.scenario, version=done.version, schema=done.schema,
            tables=len(done.rows), rows=sum(done.rows.values()),
        )  # fmt: skip
        console.print(told_of, markup=False)
        if done.removed:
            versions = ", ".join(str(version) for version in done.removed)
            console.print(say("postgis.removed", lang, versions=versions), markup=False)

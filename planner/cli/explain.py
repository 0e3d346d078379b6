"""``planner explain``: why."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from planner.cli._face import (
    STAGES,
    Lang,
    LangOption,
    OutOption,
    ScenarioArg,
    progress,
    told,
)
from planner.scenario import Scenario, read_scenario
from planner.vocab import Level


def explain(
    place: Annotated[
        str, typer.Argument(metavar="LIEU", help="Secteur, zone, commune ou EPCI : code ou nom.")
    ],
    scenario: ScenarioArg = None,
    out: OutOption = None,
    level: Annotated[
        Level | None, typer.Option("--level", help="Niveau, si le nom est partagé. / Level.")
    ] = None,
    lang: LangOption = Lang.FR,
) -> None:
    """Dire pourquoi : la décision d'un secteur, d'une zone, d'une commune ou d'un EPCI."""
    from planner.explain import explain_place, place_names  # noqa: PLC0415
    from planner.io import read_outputs  # noqa: PLC0415
    from planner.names import resolve_place  # noqa: PLC0415

    with told(lang) as console:
        asked = read_scenario(scenario)
        folder = out or Path("maps") / "out" / asked.name
        tables = read_outputs(
            folder, scenario_sha256=asked.sha256, version=version("fibre-planner"), lang=lang
        )
        if tables is None:
            tables = _compute(asked, lang)
        found = resolve_place(place_names(tables), place, level=level)
        answer = explain_place(tables, level=Level(found.level), code=found.code)
        console.print(answer.say(lang), markup=False)


def _compute(scenario: Scenario, lang: Lang) -> Mapping[str, pd.DataFrame]:
    from planner.plan import make_plan  # noqa: PLC0415
    from planner.prepare import prepare_territory  # noqa: PLC0415

    with progress(lang, STAGES["prepare"] + STAGES["plan"]) as notify:
        territory = prepare_territory(scenario, notify=notify)
        return make_plan(territory, scenario, notify=notify).tables(lang)

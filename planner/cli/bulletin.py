"""``planner bulletin``: the page on which each EPCI votes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli._face import STAGES, Lang, LangOption, OutOption, ScenarioArg, progress, told
from planner.scenario import read_scenario
from planner.texts import number, say

_SUFFIX = "-bulletins"


def bulletin(
    scenario: ScenarioArg = None,
    epci: Annotated[
        list[str] | None,
        typer.Option("--epci", metavar="SIREN", help="Un EPCI, ou plusieurs fois. / One EPCI."),
    ] = None,
    out: OutOption = None,
    lang: LangOption = Lang.FR,
) -> None:
    """Éditer le bulletin de concertation de chaque EPCI : une page HTML autonome où voter."""
    from planner.export.bulletin import write_bulletins  # noqa: PLC0415 (imports folium)
    from planner.prepare import prepare_territory  # noqa: PLC0415

    with told(lang) as console:
        asked = read_scenario(scenario)
        folder = out or Path("maps") / "out" / f"{asked.name}{_SUFFIX}"
        with progress(lang, STAGES["prepare"]) as notify:
            territory = prepare_territory(asked, notify=notify)
        written = write_bulletins(folder, territory, asked, epci=epci or None, lang=lang)
        if any(origin.synthetic for origin in territory.origins):
            console.print(say("map.banner", lang), style="yellow")
        console.print(say("cli.written", lang, folder=str(folder)), markup=False)
        for path in written:
            size = number(path.stat().st_size / 1e3, lang)
            console.print(f"  {path} ({size} ko)", markup=False)

"""``planner map``: the officials' map of the region, of a département, of an EPCI, or all.

Or, with ``--compare A B``, of what changes from one plan to another.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli._face import (
    Lang,
    LangOption,
    NetworkOption,
    OutOption,
    ScenarioArg,
    answer_scenario,
    told,
)
from planner.cli.compare import read_side
from planner.errors import PlannerError
from planner.texts import Message, number, say


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
    areas: Annotated[
        bool,
        typer.Option("--areas", help="Limites des secteurs et communes seules. / Outlines only."),
    ] = False,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            "--compare",
            metavar="A B",
            help="Ce qui change de A (scénario ou dossier de sorties) à B (scénario). / A to B.",
        ),
    ] = None,
    network: NetworkOption = False,
    written_network: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="DOSSIER",
            help="Prendre le réseau de ces sorties du même scénario. / Take its network from here.",
        ),
    ] = None,
    out: OutOption = None,
    background: Annotated[
        bool,
        typer.Option("--ign", help="Proposer le plan IGN (demande le réseau). / Offer IGN's map."),
    ] = False,
    lang: LangOption = Lang.FR,
) -> None:
    """Dessiner la carte des élus : un fichier HTML autonome, tous les locaux, sans réseau."""
    from planner.export.map import (  # noqa: PLC0415 (imports folium)
        write_areas_map,
        write_comparison_map,
        write_map,
        write_maps,
    )

    with told(lang) as console:
        place = f"-epci-{epci}" if epci else f"-departement-{departement}" if departement else ""
        if compare is not None:
            _check_compared(scenario, compare, every=every)
            before, _ = read_side(compare[0], lang)
        answer = answer_scenario(
            compare[1] if compare else scenario, lang, network=network and written_network is None
        )
        if written_network is not None:
            from planner.engineering import take_network  # noqa: PLC0415 (imports scipy)

            answer = take_network(answer, written_network)
        folder = out or Path("maps") / "out" / f"{answer.scenario.name}-cartes"
        files: tuple[Path, ...]
        if compare is not None:
            folder.mkdir(parents=True, exist_ok=True)
            files = (
                write_comparison_map(
                    folder / f"carte-comparaison{place}.html", before, answer, epci=epci,
                    departement=departement, lang=lang, background=background,
                ),
            )  # fmt: skip
        elif areas:
            folder.mkdir(parents=True, exist_ok=True)
            files = (write_areas_map(folder / "secteurs-et-communes.html", answer, lang=lang),)
        elif every:
            files = write_maps(folder, answer, lang=lang, background=background)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"carte{place}.html"
            files = (
                write_map(
                    path, answer, epci=epci, departement=departement, lang=lang,
                    background=background,
                ),
            )  # fmt: skip
        if any(origin.synthetic for origin in answer.territory.origins):
            console.print(say("map.banner", lang), style="yellow")
        console.print(say("cli.written", lang, folder=str(folder)), markup=False)
        for path in files:
            size = number(path.stat().st_size / 1e6, lang, 1)
            console.print(f"  {path} ({size} Mo)", markup=False)


def _check_compared(scenario: Path | None, compare: tuple[Path, Path], *, every: bool) -> None:
    """Refuse what a comparison can't be drawn from."""
    if scenario is not None or every:
        raise PlannerError(
            Message.of("cli.map_compare_alone"), Message.of("cli.map_compare_alone_remedy")
        )
    if compare[1].suffix != ".toml":
        raise PlannerError(
            Message.of("cli.map_compare_second", path=str(compare[1])),
            Message.of("cli.map_compare_second_remedy"),
        )

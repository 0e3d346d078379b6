"""``planner package``: the plan as GIS staff want it."""

from __future__ import annotations

from pathlib import Path

from planner.cli._face import (
    STAGES,
    Lang,
    LangOption,
    NetworkOption,
    OutOption,
    ScenarioArg,
    StrictOption,
    leave,
    print_findings,
    progress,
    told,
    with_network,
)
from planner.scenario import read_scenario
from planner.texts import say

_SUFFIX = "-sig"


def package(
    scenario: ScenarioArg = None,
    out: OutOption = None,
    lang: LangOption = Lang.FR,
    strict: StrictOption = False,
    network: NetworkOption = False,
) -> None:
    """Écrire le paquet SIG : GeoPackage stylé, projet QGIS, mises en page, lisez-moi, ZIP."""
    from planner.export.qgis import write_package  # noqa: PLC0415 (imports pyogrio and pyarrow)
    from planner.plan import make_plan  # noqa: PLC0415 (imports numba and the steps)
    from planner.prepare import prepare_territory  # noqa: PLC0415

    with told(lang) as console:
        asked = read_scenario(scenario)
        folder = out or Path("maps") / "out" / f"{asked.name}{_SUFFIX}"
        with progress(lang, sum(STAGES.values()) + 1 + STAGES["network"] * network) as notify:
            territory = prepare_territory(asked, notify=notify)
            answer = make_plan(territory, asked, notify=notify)
            if network:
                answer = with_network(answer, notify)
            written = write_package(answer, folder, lang=lang, notify=notify)
        if any(origin.synthetic for origin in territory.origins):
            layers = ", ".join(o.title for o in territory.origins if o.synthetic)
            console.print(say("cli.synthetic", lang, layers=layers), style="yellow")
        print_findings(console, answer.tables(lang), lang)
        console.print(say("cli.written", lang, folder=str(folder)), markup=False)
        for path in written:
            console.print(f"  {path}", markup=False)
        leave(answer.findings.table(lang), strict=strict)

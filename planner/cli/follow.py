"""``planner follow``: an adopted programme against what opens, what sells and what slips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.cli._face import (
    STAGES,
    Lang,
    LangOption,
    OutOption,
    ScenarioArg,
    StrictOption,
    count_cell,
    leave,
    print_findings,
    progress,
    table,
    told,
)
from planner.scenario import Scenario, read_scenario
from planner.texts import say
from planner.vocab import Level

__all__ = ["follow", "followed_scenario"]

_SHOWN = 10


def follow(
    scenario: ScenarioArg = None,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", help="Dossier du programme adopté. / Adopted programme.",
                     show_default=False),
    ] = None,
    counts: Annotated[
        Path | None,
        typer.Option("--counts", help="Raccordables constatés (progress_counts). / Counts.",
                     show_default=False),
    ] = None,
    pm: Annotated[
        Path | None,
        typer.Option("--pm", help="PM mis à disposition (pm_areas). / Points made available.",
                     show_default=False),
    ] = None,
    operators: Annotated[
        Path | None,
        typer.Option("--operators", help="Opérateurs présents (sector_operators). / Operators.",
                     show_default=False),
    ] = None,
    sales: Annotated[
        Path | None,
        typer.Option("--sales", help="Locaux raccordés (sales). / Premises connected.",
                     show_default=False),
    ] = None,
    reasons: Annotated[
        Path | None,
        typer.Option("--reasons", help="Causes de retard (slip_reasons). / Reasons.",
                     show_default=False),
    ] = None,
    spread: Annotated[
        str | None,
        typer.Option("--spread", help="pro_rata ou in_order. / How counts are spread.",
                     show_default=False),
    ] = None,
    quarter: Annotated[
        str | None, typer.Option("--quarter", help="2019-T4. / Quarter.", show_default=False)
    ] = None,
    out: OutOption = None,
    lang: LangOption = Lang.FR,
    strict: StrictOption = False,
) -> None:  # fmt: skip
    """Suivre un programme adopté : retards, ouvertures, ventes, échéances, prévisions."""
    from planner.export.follow_up import slippage_rows  # noqa: PLC0415 (imports matplotlib)
    from planner.export.outputs import write_plan  # noqa: PLC0415
    from planner.plan import make_plan  # noqa: PLC0415
    from planner.prepare import prepare_territory  # noqa: PLC0415

    given = {
        "baseline": baseline, "progress": counts, "pm_areas": pm, "operators": operators,
        "sales": sales, "reasons": reasons,
    }  # fmt: skip
    with told(lang) as console:
        asked = followed_scenario(read_scenario(scenario), given, spread=spread, quarter=quarter)
        folder = out or Path("maps") / "out" / say("cli.follow_folder", lang, name=asked.name)
        with progress(lang, STAGES["prepare"] + STAGES["plan"] + STAGES["write"] + 2) as notify:
            answer = make_plan(prepare_territory(asked, notify=notify), asked, notify=notify)
            written = write_plan(answer, folder, lang=lang, notify=notify)
        if asked.follow_up.source == "example":
            console.print(say("follow_up.cli_example", lang), style="yellow", markup=False)
        rows = [
            row
            for level, most in ((Level.REGION, 1), (Level.DEPARTEMENT, None), (Level.EPCI, _SHOWN))
            for row in slippage_rows(answer, level, most=most)
        ]
        names = ("planned_count", "actual_count", "late_count", "late_quarters")
        cells = [
            [str(row["nom"]), *(count_cell(row[name], lang) for name in names),
             row["done_quarter"] or "—"]
            for row in rows
        ]  # fmt: skip
        keys = ("place", "promised", "seen", "late", "quarters", "end")
        title = say("follow_up.cli_places", lang, quarter=rows[0]["quarter"])
        heads = [say(f"follow_up.col_{key}", lang) for key in keys]
        console.print(table(title, heads, cells))
        print_findings(console, answer.tables(lang), lang)
        console.print(say("cli.written", lang, folder=str(folder)), markup=False)
        for path in written:
            console.print(f"  {path}", markup=False)
        leave(answer.findings.table(lang), strict=strict)


def followed_scenario(
    scenario: Scenario,
    given: dict[str, Path | None],
    *,
    spread: str | None = None,
    quarter: str | None = None,
) -> Scenario:
    """Return the scenario with what the command line says of its follow-up.

    Where neither says what is observed, the embedded example is followed: phase 1.
    """
    values = scenario.model_dump()
    section = values["follow_up"]
    section |= {name: str(path.resolve()) for name, path in given.items() if path is not None}
    if spread is not None:
        section["spread"] = spread
    if quarter is not None:
        section["quarter"] = quarter
    observed = [name for name in given if name != "baseline" and section[name] is not None]
    if section["source"] == "none":
        section["source"] = "files" if observed else "example"
        if not observed:
            section["phases"] = ("1",)
    return Scenario.from_dict(values, folder=scenario.folder, name=scenario.name)

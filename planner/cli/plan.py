"""``planner plan`` and ``planner check``: the whole line."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer
from rich.table import Table

from planner.cli._face import (
    STAGES,
    Lang,
    LangOption,
    NetworkOption,
    OutOption,
    RegisterOnOption,
    RegisterOption,
    ScenarioArg,
    StrictOption,
    day,
    leave,
    print_findings,
    progress,
    table,
    told,
    with_axe3,
    with_network,
)
from planner.scenario import Scenario, read_scenario
from planner.schemas import CONTRACTS
from planner.texts import number, say
from planner.vocab import Severity

_LIMITS_SAID = 3

if TYPE_CHECKING:
    from planner.plan import Plan
    from planner.quality import Anomalies


def plan(
    scenario: ScenarioArg = None,
    out: OutOption = None,
    lang: LangOption = Lang.FR,
    strict: StrictOption = False,
    network: NetworkOption = False,
    register: RegisterOption = None,
    register_on: RegisterOnOption = None,
) -> None:
    """Tout faire : lire, couper, mesurer, choisir, chiffrer, écrire les cartes et les tables."""
    from planner.export import write_plan  # noqa: PLC0415 (imports folium: not for the others)
    from planner.plan import make_plan  # noqa: PLC0415 (imports numba and the steps)
    from planner.prepare import prepare_territory  # noqa: PLC0415

    with told(lang) as console:
        start = time.perf_counter()
        asked = read_scenario(scenario)
        folder = out or Path("maps") / "out" / asked.name
        with progress(lang, sum(STAGES.values()) + STAGES["network"] * network) as notify:
            territory = prepare_territory(asked, notify=notify)
            answer = make_plan(territory, asked, notify=notify)
            if network:
                answer = with_network(answer, notify)
            if register is not None:
                answer = with_axe3(answer, register, day(register_on))
            written = write_plan(answer, folder, lang=lang, notify=notify)
        tables = answer.tables(lang)
        console.print(_summary(tables, asked, lang))
        for line in _proof_summary(tables, lang):
            console.print(line, markup=False)
        if asked.programme.rule == "exact":
            console.print(_weights_summary(answer, lang), markup=False)
        if network:
            console.print(_network_summary(tables, lang))
        for line in _works_summary(tables, lang):
            console.print(line, markup=False)
        if answer.territory.is_synthetic(*CONTRACTS):
            layers = ", ".join(o.title for o in answer.territory.origins if o.synthetic)
            console.print(say("cli.synthetic", lang, layers=layers), style="yellow")
        print_findings(console, tables, lang)
        console.print(say("cli.written", lang, folder=str(folder)), markup=False)
        for path in written:
            console.print(f"  {path}", markup=False)
        seconds = number(time.perf_counter() - start, lang, 1)
        console.print(say("cli.seconds", lang, seconds=seconds))
        leave(answer.findings.table(lang), strict=strict)


def _proof_summary(tables: Mapping[str, pd.DataFrame], lang: Lang) -> list[str]:
    """Say how good an exact programme is proved to be, and how many others are as good."""
    from planner.explain import read_proof  # noqa: PLC0415 (imports the solver)

    lines = [line.say(lang) for line in read_proof(tables)]
    return [line[:1].upper() + line[1:] + "." for line in lines]


def _weights_summary(answer: Plan, lang: Lang) -> str:
    """Say what the votes of each EPCI weigh."""
    from planner.voting import tell_weights  # noqa: PLC0415 (imports what counts)

    line = tell_weights(answer.scenario.concertation.weights, answer.ballots.names).say(lang)
    return line[:1].upper() + line[1:] + "."


def _network_summary(tables: Mapping[str, pd.DataFrame], lang: Lang) -> Table:
    costs = tables["network_costs"]
    metres = tables["quantities"]
    rows = []
    for row in costs[costs["level"] == "region"].to_dict("records"):
        mine = metres[(metres["phase"] == row["phase"]) & (metres["unit"] == "m")]
        cables = mine["item"].str.startswith("cable_")
        works = mine.loc[~cables, "quantity"].sum()
        rows.append(
            [
                f"Phase {row['phase']}",
                number(row["lines_count"], lang),
                number(works / 1000, lang),
                number(row["cost_cents"] / 100_000_000, lang, 1),
                number(row["cents_per_line"] / 100, lang),
            ]
        )
    keys = ("phase", "premises", "network_km", "cost", "network_line")
    routes = tables.get("routes")
    made_up = routes is None or bool(routes["synthetic"].any())
    examples = bool(metres["synthetic"].any())
    key = "network" if made_up else "network_given" if examples else "network_priced"
    return table(say(f"cli.{key}", lang), [say(f"cli.{key}", lang) for key in keys], rows)


def _works_summary(tables: Mapping[str, pd.DataFrame], lang: Lang) -> list[str]:
    """Say how good the calendar of the works is, and which limits hold it back most."""
    proof = tables.get("works_proof")
    if proof is None:
        return []
    from planner.works import say_binding  # noqa: PLC0415 (imports the solver)

    row = proof.iloc[0]
    key = "works.proof_none" if pd.isna(row["gap_share"]) else "works.proof"
    said = say(key, lang, gap=row["gap_share"], change=row["load_change_share"])
    held = (
        say_binding(tables["works_limits"], most=_LIMITS_SAID) if "works_limits" in tables else ()
    )
    return [said, *(f"  {line.say(lang)}" for line in held)]


def _summary(tables: Mapping[str, pd.DataFrame], scenario: Scenario, lang: Lang) -> Table:
    programme = tables["programme"]
    costs = tables["costs"].set_index("sector_id")["cost_cents"]
    schedule = tables.get("schedule", CONTRACTS["schedule"].empty())
    frame = programme.assign(cost=programme["sector_id"].map(costs))
    rows = []
    for phase, group in frame.groupby("phase", sort=True):
        years = schedule.loc[schedule["phase"] == phase, "year"]
        span = "—" if years.empty else "-".join(map(str, sorted({years.min(), years.max()})))
        rows.append(
            [
                f"Phase {phase}",
                number(len(group), lang),
                number(int(group["premises_count"].sum()), lang),
                number(int(group["cost"].sum()) / 100_000_000, lang, 1),
                span,
            ]
        )
    titles = [say(f"cli.{key}", lang) for key in ("phase", "sectors", "premises", "cost", "years")]
    return table(f"{scenario.title} ({scenario.name})", titles, rows)


def check(
    scenario: ScenarioArg = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Dossier où écrire les anomalies (GPKG, CSV, HTML). / Folder.",
            show_default=False,
        ),
    ] = None,
    lang: LangOption = Lang.FR,
    strict: StrictOption = False,
) -> None:
    """Lire et vérifier : chaque constat et chaque anomalie, avec son remède et son lieu."""
    from planner.plan import make_plan  # noqa: PLC0415
    from planner.prepare import prepare_territory  # noqa: PLC0415
    from planner.quality import check_quality  # noqa: PLC0415

    with told(lang) as console:
        asked = read_scenario(scenario)
        with progress(lang, STAGES["prepare"] + STAGES["plan"]) as notify:
            territory = prepare_territory(asked, notify=notify)
            answer = make_plan(territory, asked, notify=notify)
            anomalies = check_quality(territory, answer)
        found = answer.findings.table(lang)
        severities = {severity.value: severity.label(lang) for severity in Severity}
        rows = [
            [severities[row["severity"]], row["rule"], row["message"], row["remedy"]]
            for row in found.to_dict("records")
        ]
        titles = [say(f"cli.{key}", lang) for key in ("severity", "rule", "finding", "remedy")]
        console.print(table(say("cli.check", lang), titles, rows, numbers=len(titles)))
        intake = territory.rejected_rows
        if len(intake):
            console.print(say("cli.rejected", lang, count=len(intake)))
        print_findings(console, {"findings": found} if len(found) else {}, lang)
        summary = anomalies.summary(lang)
        console.print(_anomalies(summary, lang))
        if out is not None:
            for path in _write_anomalies(out, anomalies, answer, lang):
                console.print(f"  {path}", markup=False)
        columns = ["severity"]
        leave(pd.concat([found[columns], summary[columns]]), strict=strict)


def _anomalies(summary: pd.DataFrame, lang: str) -> Table:
    severities = {severity.value: severity.label(lang) for severity in Severity}
    rows = [
        [
            severities[row["severity"]], row["rule"], CONTRACTS[row["table"]].titled(lang),
            number(row["count"], lang), row["meaning"],
        ]
        for row in summary.to_dict("records")
    ]  # fmt: skip
    keys = ("severity", "rule", "table", "count", "finding")
    titles = [say(f"cli.{key}", lang) for key in keys]
    return table(say("cli.anomalies", lang), titles, rows, numbers=len(titles))


def _write_anomalies(
    folder: Path, anomalies: Anomalies, answer: Plan, lang: str
) -> tuple[Path, ...]:
    from planner.export.anomalies import write_anomalies  # noqa: PLC0415
    from planner.export.layout import Edition  # noqa: PLC0415

    scenario, territory = answer.scenario, answer.territory
    edition = Edition(
        title=scenario.title, scenario=scenario.name, territory=territory.title,
        on=scenario.reference_date,
    )  # fmt: skip
    return write_anomalies(
        folder, anomalies, edition=edition, origins=territory.origins, outline=territory.region,
        lang=lang,
    )  # fmt: skip

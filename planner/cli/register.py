"""``planner register``: the requests of Axe 3, their answers, and the rights of those who ask."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from planner.cli._face import STAGES, Lang, LangOption, ScenarioArg, day, progress, table, told
from planner.errors import UnknownNameError
from planner.scenario import read_scenario
from planner.texts import Message, say
from planner.vocab import Eligibility, RequesterKind

__all__ = ["register"]

register = typer.Typer(
    help="Demandes de l'axe 3 : recevoir, évaluer, exporter, effacer. / Requests of Axe 3.",
    no_args_is_help=True,
)
StoreArg = Annotated[Path, typer.Argument(metavar="REGISTRE.gpkg", help="Le registre. / Register.")]
OnOption = Annotated[
    str, typer.Option("--on", help="Jour de l'acte, AAAA-MM-JJ. / Day of the act.")
]
ReferenceOption = Annotated[
    list[str] | None, typer.Option("--reference", help="Référence du demandeur. / Reference.")
]
RequestOption = Annotated[
    list[str] | None, typer.Option("--request", help="Identifiant de la demande. / Request.")
]


@register.command()
def add(
    store: StoreArg,
    file: Annotated[Path, typer.Argument(metavar="DEMANDES", help="CSV ou XLSX. / CSV or XLSX.")],
    on: OnOption,
    addresses: Annotated[
        Path | None, typer.Option("--addresses", help="Adresses au format BAN. / BAN addresses.")
    ] = None,
    synthetic: Annotated[
        bool, typer.Option("--synthetic", help="Demandes fabriquées. / Made-up requests.")
    ] = False,
    lang: LangOption = Lang.FR,
) -> None:
    """Recevoir des demandes ; la même référence deux fois n'en fait qu'une."""
    from planner.io.register import open_register  # noqa: PLC0415
    from planner.io.register_intake import read_addresses, read_requests  # noqa: PLC0415

    with told(lang) as console:
        known = None if addresses is None else read_addresses(addresses)
        intake = read_requests(file, addresses=known, synthetic=synthetic)
        with open_register(store) as opened:
            done = opened.add(intake.requests, intake.contacts, on=_day(on))
        console.print(
            say(
                "register.cli_added", lang, file=file.name, rows=intake.rows_in,
                new=len(done.new), known=len(done.known), different=len(done.different),
                erased=len(done.erased), aside=len(intake.rejected_rows),
            ),
            markup=False,
        )  # fmt: skip
        for row in intake.rejected_rows.to_dict("records"):
            console.print(
                say(
                    f"io.{row['reason']}", lang, place=row["file"], count=1, row=row["row"],
                    column=row["column"], value=row["value"],
                ),
                markup=False,
            )  # fmt: skip


@register.command()
def assess(
    store: StoreArg,
    scenario: ScenarioArg = None,
    rules: Annotated[
        Path | None, typer.Option("--rules", help="Règles écrites (TOML). / Written rules.")
    ] = None,
    lang: LangOption = Lang.FR,
) -> None:
    """Évaluer les demandes sur un plan, et lister les réponses changées."""
    from planner.io.register import open_register  # noqa: PLC0415
    from planner.io.register_rules import read_register_rules  # noqa: PLC0415
    from planner.plan import make_plan, open_sectors  # noqa: PLC0415
    from planner.prepare import prepare_territory  # noqa: PLC0415
    from planner.register import (  # noqa: PLC0415
        PlannedFibre,
        assess_requests,
        compare_assessments,
    )

    with told(lang) as console, open_register(store) as opened:
        asked, written = read_scenario(scenario), read_register_rules(rules)
        requests = opened.live_requests()
        if requests.empty:
            console.print(say("register.cli_none", lang), markup=False)
            return
        with progress(lang, STAGES["prepare"] + STAGES["plan"]) as notify:
            territory = prepare_territory(asked, notify=notify)
            plan = make_plan(territory, asked, notify=notify)
        got = assess_requests(
            requests,
            plan=PlannedFibre(
                name=asked.name, communes=territory.communes, sectors=territory.sectors,
                schedule=plan.schedule, opened=open_sectors(territory, asked),
            ),
            rules=written, on=asked.reference_date, contacts=opened.table("request_contacts"),
            lang=lang,
        )  # fmt: skip
        changes = opened.keep_assessment(
            got.assessments, got.reasons, compare=compare_assessments, on=asked.reference_date,
            plan=asked.name,
        )  # fmt: skip
        console.print(
            say(
                "register.cli_assessed", lang, total=len(got.assessments), changed=len(changes),
                **got.summary(),
            ),
            markup=False,
        )  # fmt: skip
        for row in changes.to_dict("records"):
            before, after = (_answer(row[name], lang) for name in ("before", "after"))
            console.print(
                say("register.cli_changed", lang, request=row["request_id"], before=before,
                    after=after),
                markup=False,
            )  # fmt: skip
        if written.synthetic:
            names = ", ".join(written.synthetic)
            console.print(say("register.cli_hypotheses", lang, rules=names), markup=False)


@register.command("list")
def list_(store: StoreArg, lang: LangOption = Lang.FR) -> None:
    """Lister les demandes et leur réponse, sans donnée personnelle."""
    from planner.io.register import open_register  # noqa: PLC0415
    from planner.schemas import contract  # noqa: PLC0415

    with told(lang) as console, open_register(store) as opened:
        answers = opened.table("request_assessments")
        answers = answers[["request_id", "eligibility"]]
        frame = opened.table("requests").merge(answers, how="left", on="request_id")
        names = ["request_id", "kind", "insee"]
        heads = [contract("requests").column(name).titled(lang) for name in names]
        heads.append(contract("request_assessments").column("eligibility").titled(lang))
        rows = [
            [
                str(row["request_id"]),
                "—" if pd.isna(row["kind"]) else RequesterKind(row["kind"]).label(lang),
                "—" if pd.isna(row["insee"]) else str(row["insee"]),
                _answer(row["eligibility"], lang),
            ]
            for row in frame.to_dict("records")
        ]
        console.print(table(say("register.cli_title", lang), heads, rows, numbers=len(heads)))


@register.command()
def export(
    store: StoreArg,
    out: Annotated[Path, typer.Option("--out", help="Fichier JSON à écrire. / JSON to write.")],
    reference: ReferenceOption = None,
    request: RequestOption = None,
    lang: LangOption = Lang.FR,
) -> None:
    """Remettre à une personne tout ce que le registre tient d'elle."""
    from planner.io.register import open_register  # noqa: PLC0415

    with told(lang) as console, open_register(store) as opened:
        ids = _ids(reference, request)
        found = {one: opened.everything_about(one) for one in ids}
        beside = out.with_name(out.name + ".part")
        beside.write_text(
            json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
        beside.replace(out)
        console.print(
            say("register.cli_exported", lang, count=len(found), file=str(out)), markup=False
        )


@register.command()
def erase(
    store: StoreArg,
    on: OnOption,
    reference: ReferenceOption = None,
    request: RequestOption = None,
    due: Annotated[
        bool, typer.Option("--due", help="Celles dont la conservation est échue. / Past retention.")
    ] = False,
    lang: LangOption = Lang.FR,
) -> None:
    """Effacer les données personnelles de demandes, sur demande ou à échéance."""
    from planner.io.register import open_register  # noqa: PLC0415
    from planner.io.register_rules import read_register_rules  # noqa: PLC0415
    from planner.register import requests_past_retention  # noqa: PLC0415

    with told(lang) as console, open_register(store) as opened:
        if due:
            years = read_register_rules().retention_years
            journal = opened.table("request_journal")
            ids = requests_past_retention(journal, on=_day(on), years=years)
        else:
            ids = _ids(reference, request)
        opened.erase(ids, on=_day(on))
        console.print(say("register.cli_erased", lang, count=len(ids)), markup=False)


def _ids(references: list[str] | None, requests: list[str] | None) -> tuple[str, ...]:
    from planner.io.register_intake import request_id_of  # noqa: PLC0415

    ids = {*(request_id_of(one) for one in references or ()), *(requests or ())}
    if not ids:
        raise UnknownNameError(
            Message.of("register.cli_which"), Message.of("register.cli_which_remedy")
        )
    return tuple(sorted(ids))


def _day(text: str) -> dt.date:
    found = day(text)
    if found is None:  # pragma: no cover (the option is required)
        raise typer.BadParameter("AAAA-MM-JJ", param_hint="--on")
    return found


def _answer(code: object, lang: Lang) -> str:
    return "—" if pd.isna(code) else Eligibility(str(code)).label(lang)  # type: ignore[call-overload]

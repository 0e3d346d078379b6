"""``planner register``: the requests of Axe 3, their answers, and the rights of those who ask."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console

from planner.cli._face import STAGES, Lang, LangOption, ScenarioArg, day, progress, table, told
from planner.errors import RuleError, UnknownNameError
from planner.scenario import read_scenario
from planner.texts import Message, number, say
from planner.vocab import Eligibility, RequesterKind, RequestEvent

__all__ = ["register"]

register = typer.Typer(
    help="Demandes de l'axe 3 : recevoir, évaluer, décider, exporter, effacer. / Axe 3.",
    no_args_is_help=True,
)
StoreArg = Annotated[
    str,
    typer.Argument(metavar="REGISTRE", help="Un .gpkg, ou postgresql://… / A .gpkg or a database."),
]
RequestArg = Annotated[str, typer.Argument(metavar="DEMANDE", help="Identifiant ou référence.")]
OnOption = Annotated[
    str, typer.Option("--on", help="Jour de l'acte, AAAA-MM-JJ. / Day of the act.")
]
RulesOption = Annotated[
    Path | None, typer.Option("--rules", help="Règles écrites (TOML). / Written rules.")
]
AddressesOption = Annotated[
    Path | None, typer.Option("--addresses", help="Adresses au format BAN. / BAN addresses.")
]
SyntheticOption = Annotated[
    bool, typer.Option("--synthetic", help="Demandes fabriquées. / Made-up requests.")
]
ReferenceOption = Annotated[
    list[str] | None, typer.Option("--reference", help="Référence du demandeur. / Reference.")
]
RequestOption = Annotated[
    list[str] | None, typer.Option("--request", help="Identifiant de la demande. / Request.")
]


@register.command()
def form(
    out: Annotated[Path, typer.Option("--out", help="Page à écrire. / Page to write.")],
    rules: RulesOption = None,
    lang: LangOption = Lang.FR,
) -> None:
    """Écrire le formulaire : une page qui s'ouvre sans réseau et enregistre la demande."""
    from planner.export.axe3_form import write_form  # noqa: PLC0415
    from planner.io import read_geodata  # noqa: PLC0415
    from planner.io.register_rules import read_register_rules  # noqa: PLC0415

    with told(lang) as console:
        write_form(out, read_geodata(), rules=read_register_rules(rules), lang=lang)
        console.print(say("register.cli_form", lang, file=str(out)), markup=False)


@register.command()
def intake(
    store: StoreArg,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="DEMANDES…", help="Formulaires (JSON), CSV, XLSX. / Files."),
    ],
    on: OnOption,
    addresses: AddressesOption = None,
    rules: RulesOption = None,
    synthetic: SyntheticOption = False,
    lang: LangOption = Lang.FR,
) -> None:
    """Recevoir des demandes ; la même référence deux fois n'en fait qu'une."""
    from planner.io.register import open_register  # noqa: PLC0415
    from planner.io.register_addresses import read_addresses  # noqa: PLC0415
    from planner.io.register_intake import read_requests  # noqa: PLC0415
    from planner.io.register_rules import read_register_rules  # noqa: PLC0415

    with told(lang) as console:
        written = read_register_rules(rules)
        known = None if addresses is None else read_addresses(addresses)
        taken = [
            (file, read_requests(file, addresses=known, rules=written, synthetic=synthetic))
            for file in files
        ]
        with open_register(store) as opened:
            for file, read in taken:
                done = opened.add(read.requests, read.contacts, on=_day(on))
                console.print(
                    say(
                        "register.cli_added", lang, file=file.name, rows=read.rows_in,
                        new=len(done.new), known=len(done.known), different=len(done.different),
                        erased=len(done.erased), aside=len(read.rejected_rows),
                    ),
                    markup=False,
                )  # fmt: skip
                _print_aside(console, read.rejected_rows, lang)
                placed = read.requests["place_source"].dropna().value_counts()
                score = read.requests.loc[read.requests["place_source"] == "address", "place_score"]
                if any(code in placed for code in ("address", "ambiguous", "not_found")):
                    console.print(
                        say(
                            "register.cli_placed", lang, found=int(placed.get("address", 0)),
                            least=None if score.empty else float(score.min()),
                            ambiguous=int(placed.get("ambiguous", 0)),
                            lost=int(placed.get("not_found", 0)),
                        ),
                        markup=False,
                    )  # fmt: skip


@register.command()
def assess(
    store: StoreArg,
    scenario: ScenarioArg = None,
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            help="Jour de l'évaluation ; sans lui, la date de référence. / Day of assessment.",
            show_default=False,
        ),
    ] = None,
    network: Annotated[
        bool, typer.Option("--network", help="Mesurer le long du réseau étudié. / Along it.")
    ] = False,
    rules: RulesOption = None,
    lang: LangOption = Lang.FR,
) -> None:
    """Évaluer les demandes sur un plan, et lister les réponses changées."""
    from planner.axe3 import assess_on_plan  # noqa: PLC0415
    from planner.engineering import add_network  # noqa: PLC0415
    from planner.io.register import open_register  # noqa: PLC0415
    from planner.io.register_rules import read_register_rules  # noqa: PLC0415
    from planner.plan import make_plan  # noqa: PLC0415
    from planner.prepare import prepare_territory  # noqa: PLC0415
    from planner.register import compare_assessments, live_requests  # noqa: PLC0415

    with told(lang) as console, open_register(store) as opened:
        asked, written = read_scenario(scenario), read_register_rules(rules)
        stored = opened.tables("requests", "request_contacts", "request_journal")
        requests = live_requests(stored["requests"], stored["request_journal"])
        if requests.empty:
            console.print(say("register.cli_none", lang), markup=False)
            return
        with progress(
            lang, STAGES["prepare"] + STAGES["plan"] + STAGES["network"] * network
        ) as notify:
            plan = make_plan(prepare_territory(asked, notify=notify), asked, notify=notify)
            if network:
                plan = add_network(plan, notify=notify)
        when = asked.reference_date if on is None else _day(on)
        got = assess_on_plan(
            plan, requests, rules=written, on=when, contacts=stored["request_contacts"], lang=lang
        )
        changes = opened.keep_assessment(
            got.assessments, got.reasons, compare=compare_assessments, on=when, plan=asked.name
        )
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


@register.command()
def correct(
    store: StoreArg,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="DEMANDES…", help="La demande entière, corrigée. / Corrected."),
    ],
    on: OnOption,
    addresses: AddressesOption = None,
    rules: RulesOption = None,
    synthetic: SyntheticOption = False,
    lang: LangOption = Lang.FR,
) -> None:
    """Corriger une demande sans l'effacer ; le journal le dit, l'ancien contenu reste à part."""
    from planner.io.register import open_register  # noqa: PLC0415
    from planner.io.register_addresses import read_addresses  # noqa: PLC0415
    from planner.io.register_intake import read_requests  # noqa: PLC0415
    from planner.io.register_rules import read_register_rules  # noqa: PLC0415
    from planner.schemas import contract  # noqa: PLC0415

    with told(lang) as console, open_register(store) as opened:
        written = read_register_rules(rules)
        known = None if addresses is None else read_addresses(addresses)
        titles = {
            column.name: column.titled(lang).lower()
            for name in ("requests", "request_contacts")
            for column in contract(name).columns
        }
        for file in files:
            read = read_requests(file, addresses=known, rules=written, synthetic=synthetic)
            changed = opened.correct(read.requests, read.contacts, on=_day(on))
            for one in read.requests["request_id"].astype(str):
                fields = ", ".join(titles[name] for name in changed.get(one, ()))
                key = "cli_corrected" if fields else "cli_unchanged"
                console.print(
                    say(f"register.{key}", lang, request=one, fields=fields), markup=False
                )
            _print_aside(console, read.rejected_rows, lang)


def _print_aside(console: Console, rejected: pd.DataFrame, lang: Lang) -> None:
    """Say why each row of a file was set aside."""
    for row in rejected.to_dict("records"):
        told_of = {name: row[name] for name in ("row", "column", "value")}
        console.print(
            say(f"io.{row['reason']}", lang, place=row["file"], count=1, **told_of), markup=False
        )


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
def show(store: StoreArg, request: RequestArg, lang: LangOption = Lang.FR) -> None:
    """Montrer une demande entière à l'agent qui la suit : données personnelles comprises."""
    from planner.io.register import open_register  # noqa: PLC0415
    from planner.schemas import contract  # noqa: PLC0415

    with told(lang) as console, open_register(store) as opened:
        found = opened.everything_about(_one(request))
        for name, rows in found.items():
            for row in rows:
                console.print(contract(name).titled(lang), style="bold", markup=False)
                for column in contract(name).columns:
                    value = row[column.name]
                    if value is None or column.name in {"request_id", "chain"}:
                        continue
                    if column.terms is not None:
                        value = {term.value: term.label(lang) for term in column.terms}[value]
                    elif column.unit == "cent":
                        value = f"{number(value / 100, lang, 2)} €"
                    console.print(f"  {column.titled(lang)} : {value}", markup=False)


@register.command()
def record(
    store: StoreArg,
    request: RequestArg,
    event: Annotated[RequestEvent, typer.Argument(metavar="ÉTAPE", help="La décision. / Step.")],
    on: OnOption,
    amount: Annotated[
        str | None,
        typer.Option("--amount", help="Euros, pour funded. / Euros.", show_default=False),
    ] = None,
    note: Annotated[
        str | None, typer.Option("--note", help="Note, gardée à part. / Note.", show_default=False)
    ] = None,
    lang: LangOption = Lang.FR,
) -> None:
    """Écrire une décision, un financement ou une étape au journal, qui ne se corrige pas."""
    from planner.io.register import open_register  # noqa: PLC0415

    with told(lang) as console, open_register(store) as opened:
        one = _one(request)
        opened.record(one, event, on=_day(on), amount_cents=_cents(amount), note=note)
        console.print(
            say("register.cli_recorded", lang, request=one, event=event, on=_day(on)), markup=False
        )


@register.command()
def check(store: StoreArg, lang: LangOption = Lang.FR) -> None:
    """Vérifier que rien du journal n'a été modifié."""
    from planner.io.register import open_register  # noqa: PLC0415

    with told(lang) as console, open_register(store) as opened:
        events, head, touched = opened.check_journal()
        if touched is not None:
            raise RuleError(
                Message.of("register.touched", file=opened.label, event=touched),
                Message.of("register.touched_remedy"),
            )
        console.print(say("register.cli_checked", lang, events=events, head=head), markup=False)


@register.command("rules")
def rules_(rules: RulesOption = None, lang: LangOption = Lang.FR) -> None:
    """Dire les règles écrites, leur source, et lesquelles ne sont que des hypothèses."""
    from planner.io.register_rules import read_register_rules  # noqa: PLC0415

    with told(lang) as console:
        rows = [
            [name, rule.said(lang), str(rule.on), ("* " if rule.synthetic else "") + rule.source]
            for name, rule in read_register_rules(rules).written.items()
        ]
        heads = [say(f"register.cli_rule_{key}", lang) for key in ("name", "text", "on", "source")]
        title = say("register.cli_rules", lang)
        console.print(table(title, heads, rows, numbers=len(heads)))


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
    rules: RulesOption = None,
    lang: LangOption = Lang.FR,
) -> None:
    """Effacer les données personnelles de demandes, sur demande ou à échéance."""
    from planner.io.register import open_register  # noqa: PLC0415
    from planner.io.register_rules import read_register_rules  # noqa: PLC0415
    from planner.register import requests_past_retention  # noqa: PLC0415

    with told(lang) as console, open_register(store) as opened:
        if due:
            years = read_register_rules(rules).retention_years
            journal = opened.table("request_journal")
            ids = requests_past_retention(journal, on=_day(on), years=years)
        else:
            ids = _ids(reference, request)
        opened.erase(ids, on=_day(on))
        console.print(say("register.cli_erased", lang, count=len(ids)), markup=False)


def _one(text: str) -> str:
    """Return a request's identifier from itself or from the requester's reference."""
    from planner.io.register_intake import request_id_of  # noqa: PLC0415

    return text if re.fullmatch("R[0-9a-f]{16}", text) else request_id_of(text)


def _ids(references: list[str] | None, requests: list[str] | None) -> tuple[str, ...]:
    from planner.io.register_intake import request_id_of  # noqa: PLC0415

    ids = {*(request_id_of(one) for one in references or ()), *(requests or ())}
    if not ids:
        raise UnknownNameError(
            Message.of("register.cli_which"), Message.of("register.cli_which_remedy")
        )
    return tuple(sorted(ids))


def _cents(text: str | None) -> int | None:
    """Return whole cents of euros written ``1234,56``."""
    if text is None:
        return None
    whole, _, part = text.replace("\u202f", "").replace(" ", "").replace(",", ".").partition(".")
    if not (whole.isdecimal() and (part + "0").isdecimal() and len(part) <= 2):  # noqa: PLR2004 (cents)
        raise typer.BadParameter("1234,56", param_hint="--amount")
    return int(whole) * 100 + int(part.ljust(2, "0") or 0)


def _day(text: str) -> dt.date:
    found = day(text)
    if found is None:  # pragma: no cover (the option is required)
        raise typer.BadParameter("AAAA-MM-JJ", param_hint="--on")
    return found


def _answer(code: object, lang: Lang) -> str:
    return "—" if pd.isna(code) else Eligibility(str(code)).label(lang)  # type: ignore[call-overload]

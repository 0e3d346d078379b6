"""``planner concertation``: forms that the EPCI fill in, and what comes back."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from planner.cli._face import (
    STAGES,
    Lang,
    LangOption,
    OutOption,
    ScenarioArg,
    StrictOption,
    leave,
    progress,
    told,
)
from planner.findings import Findings
from planner.scenario import read_scenario
from planner.texts import say
from planner.vocab import EnvelopeUnit, Severity

__all__ = ["concertation"]

concertation = typer.Typer(
    help="Formulaires des EPCI, réponses reçues, élection. / Forms of the EPCI, answers, election.",
    no_args_is_help=True,
)


_SILENT = ("forms.no_form", "forms.blank", "forms.two_answers")
_IMPLIED = ("concertation.no_deliberation", "concertation.no_envelope")


class Key(StrEnum):
    """Keys of :func:`planner.concertation.key_values`."""

    PREMISES = "premises_left"
    POOR = "poor_broadband"
    POPULATION = "population"
    EQUAL = "equal"


class ShareTie(StrEnum):
    """Rules of :func:`planner.apportion.apportion`."""

    REFUSE = "refuse"
    LARGER = "larger_first"
    SMALLER = "smaller_first"
    CODE = "code"


ScenarioOption = Annotated[
    Path | None,
    typer.Option("--scenario", help="Le scénario. / The scenario.", show_default=False),
]
CalendarOption = Annotated[
    Path | None,
    typer.Option("--calendar", help="Contacts et conseils prévus (table calendar). / Contacts."),
]  # fmt: skip


@concertation.command()
def template(
    scenario: ScenarioArg = None,
    out: OutOption = None,
    calendar: CalendarOption = None,
    prefill: Annotated[
        bool, typer.Option("--prefill", help="Y écrire les vœux déjà connus. / Known answers too.")
    ] = False,
    lang: LangOption = Lang.FR,
) -> None:
    """Écrire le formulaire de chaque EPCI : classeur, CSV, carte de ses secteurs."""
    from planner.export.concertation import make_forms, write_forms  # noqa: PLC0415
    from planner.export.layout import Edition  # noqa: PLC0415
    from planner.io import read_table  # noqa: PLC0415
    from planner.prepare import prepare_territory  # noqa: PLC0415

    with told(lang) as console:
        asked = read_scenario(scenario)
        known = None if calendar is None else read_table(calendar, "calendar").table
        with progress(lang, STAGES["prepare"]) as notify:
            territory = prepare_territory(asked, notify=notify)
        forms, found = make_forms(territory, asked, calendar=known, prefill=prefill, lang=lang)
        folder = out or Path("maps") / "concertation" / asked.name
        edition = Edition(
            title=asked.title, scenario=asked.name, territory=territory.title,
            on=asked.reference_date,
        )  # fmt: skip
        write_forms(folder, forms, edition=edition, origins=territory.origins, lang=lang)
        _tell(console, found, lang)
        console.print(
            say("forms.written", lang, count=len(forms), path=str(folder)), markup=False
        )  # fmt: skip


@concertation.command()
def read(
    folder: Annotated[Path, typer.Argument(metavar="DOSSIER", help="Formulaires reçus. / Forms.")],
    scenario: ScenarioOption = None,
    out: OutOption = None,
    calendar: CalendarOption = None,
    lang: LangOption = Lang.FR,
    strict: StrictOption = False,
) -> None:
    """Relire les formulaires rendus : des tables, et des constats avec qui joindre."""
    from planner.ballots import actor_shares, sectors_sha256  # noqa: PLC0415
    from planner.concertation import count_ballots  # noqa: PLC0415
    from planner.export.tables import write_csv_tables  # noqa: PLC0415
    from planner.io import complete_calendar, read_concertation, read_table  # noqa: PLC0415
    from planner.prepare import prepare_territory  # noqa: PLC0415
    from planner.sector_names import sector_names  # noqa: PLC0415

    with told(lang) as console:
        asked = read_scenario(scenario)
        known = None if calendar is None else read_table(calendar, "calendar").table
        with progress(lang, STAGES["prepare"]) as notify:
            territory = prepare_territory(asked, notify=notify)
        sectors, shares = territory.sectors, territory.sector_shares
        held = actor_shares(sectors, shares)
        left = set(sectors.loc[sectors["zone_id"].isna(), "sector_id"].astype(str))
        held = held[(held["premises_count"] > 0) & held["sector_id"].astype(str).isin(left)]
        names = dict(zip(territory.epci["siren"], territory.epci["nom"], strict=True))
        people = {} if known is None else dict(
            zip(known["epci_siren"], known["contact"], strict=True)
        )  # fmt: skip
        intake = read_concertation(
            folder, sectors_sha256=sectors_sha256(sectors, shares),
            names={a: names.get(a, f"Département {a[1:]}") for a in set(held["actor"])},
            sectors_of={
                str(actor): tuple(own["sector_id"].astype(str))
                for actor, own in held.groupby("actor")
            },
            contacts={a: str(who) for a, who in people.items() if isinstance(who, str)},
            shapes=dict(
                zip(sectors["sector_id"].astype(str), sectors.geometry.to_numpy(), strict=True)
            ),
        )  # fmt: skip
        counted = count_ballots(
            epci=territory.epci, sectors=sectors, sector_shares=shares,
            envelopes=intake.envelopes, ballots=intake.ballots,
            deliberations=intake.deliberations, deadline=asked.concertation.deadline,
            contacts=intake.contacts,
        )  # fmt: skip
        # who said nothing, or two things, is told once
        silent = {f.place for f in intake.findings if f.rule in _SILENT}
        counted_too = [
            f for f in counted.findings if f.place not in silent or f.rule not in _IMPLIED
        ]
        found = Findings.collect(intake.findings, counted_too).naming(sector_names(sectors))
        place = out or Path("maps") / "concertation" / f"{asked.name}-lu"
        tables = intake.tables()
        if known is not None:
            tables["calendar"] = complete_calendar(intake.calendar, known)
        write_csv_tables(place, {**tables, "findings": found.table(lang)}, lang=lang)
        _tell(console, found, lang)
        console.print(
            say(
                "forms.read", lang, forms=len(intake.forms), expected=held["actor"].nunique(),
                ballots=len(intake.ballots), deliberations=len(intake.deliberations),
                aside=len(intake.rejected_rows), path=str(place),
            ),
            markup=False,
        )  # fmt: skip
        leave(found.table(lang), strict=strict)


@concertation.command()
def pb(
    file: Annotated[Path, typer.Argument(metavar="FICHIER.pb", help="Fichier à écrire. / File.")],
    scenario: ScenarioOption = None,
    departement: Annotated[
        str | None, typer.Option("--departement", help="Un seul département. / One only.")
    ] = None,
    lang: LangOption = Lang.FR,
) -> None:
    """Écrire la concertation au format pabulib, pour que d'autres la recomptent."""
    from planner.concertation import count_ballots  # noqa: PLC0415
    from planner.export.pabulib import election_to_pabulib, write_pabulib  # noqa: PLC0415
    from planner.prepare import prepare_territory  # noqa: PLC0415
    from planner.voting import concertation_election  # noqa: PLC0415

    with told(lang) as console:
        asked = read_scenario(scenario)
        with progress(lang, STAGES["prepare"]) as notify:
            territory = prepare_territory(asked, notify=notify)
        counted = count_ballots(
            epci=territory.epci, sectors=territory.sectors, sector_shares=territory.sector_shares,
            envelopes=territory.envelopes, ballots=territory.ballots,
            deliberations=territory.deliberations, deadline=asked.concertation.deadline,
        )  # fmt: skip
        election = concertation_election(
            counted, territory.sectors, territory.sector_shares, departement=departement,
            cents_per_line=asked.contribution.cents_per_line,
        )  # fmt: skip
        made_up = territory.is_synthetic("premises", "sectors", "envelopes", "ballots")
        made_up = made_up or bool(territory.ballots["synthetic"].any())
        unit = departement or territory.title
        written = write_pabulib(
            file,
            election_to_pabulib(
                election, description=asked.title, unit=unit, instance=asked.name,
                rule=asked.concertation.rule,
                more={"comment": say("forms.pb_comment", lang),
                      "synthetic": "1" if made_up else "0"},
            ),
        )  # fmt: skip
        console.print(
            say("forms.pb_written", lang, voters=len(election.voters),
                projects=len(election.projects), path=str(written)),
            markup=False,
        )  # fmt: skip


@concertation.command()
def envelopes(
    total: Annotated[
        int, typer.Option("--total", min=0, help="Lignes, ou euros entiers, à répartir. / Total.")
    ],
    scenario: ScenarioOption = None,
    key: Annotated[Key, typer.Option("--key", help="Clé de répartition. / Key.")] = Key.PREMISES,
    unit: Annotated[
        EnvelopeUnit, typer.Option("--unit", help="Unité. / Unit.")
    ] = EnvelopeUnit.LINES,
    ties: Annotated[
        ShareTie, typer.Option("--ties", help="Départage des restes égaux. / Rule of ties.")
    ] = ShareTie.REFUSE,
    criterion: Annotated[
        str, typer.Option("--criterion", help="Critère de la clé poor_broadband. / Its criterion.")
    ] = "under_8_mbps",
    out: OutOption = None,
    lang: LangOption = Lang.FR,
) -> None:
    """Répartir une enveloppe régionale entre les EPCI, selon une clé dite, à l'unité près."""
    from planner.concertation import key_values, share_envelopes  # noqa: PLC0415
    from planner.criteria import measure_criteria  # noqa: PLC0415
    from planner.export.tables import write_csv_tables  # noqa: PLC0415
    from planner.prepare import prepare_territory  # noqa: PLC0415

    with told(lang) as console:
        asked = read_scenario(scenario)
        with progress(lang, STAGES["prepare"]) as notify:
            territory = prepare_territory(asked, notify=notify)
        poor = None
        if key is Key.POOR:
            measured = measure_criteria(territory, rules=asked.criteria)
            own = measured.table[measured.table["criterion"].astype(str) == criterion]
            poor = dict(zip(own["sector_id"].astype(str), own["value"], strict=True))
            _tell(console, measured.findings, lang)
        values = key_values(
            key.value, sectors=territory.sectors, sector_shares=territory.sector_shares,
            communes=territory.communes, poor_shares=poor,
        )  # fmt: skip
        known = territory.envelopes[territory.envelopes["med_credit_cents"].notna()]
        made_up = territory.is_synthetic("premises", "sectors")
        made_up = made_up or bool(territory.sectors["synthetic"].any())
        shared = share_envelopes(
            total, values, key=key.value, unit=unit, ties=ties.value,
            credits_cents={
                str(code): int(cents)
                for code, cents in zip(known["epci_siren"], known["med_credit_cents"], strict=True)
            },
            source=f"planner concertation envelopes --key {key.value} --total {total}",
            synthetic=made_up or bool(known["synthetic"].any()),
        )  # fmt: skip
        place = out or Path("maps") / "concertation" / f"{asked.name}-enveloppes"
        write_csv_tables(
            place, {"envelopes": shared.envelopes, "envelope_shares": shared.details}, lang=lang
        )  # fmt: skip
        console.print(shared.summary(lang), markup=False)
        console.print(say("governance.written", lang, path=str(place)), markup=False)


@concertation.command()
def carry(
    old: Annotated[
        Path, typer.Argument(metavar="AVANT.toml", help="Scénario de la concertation. / Before.")
    ],
    new: Annotated[
        Path | None,
        typer.Argument(metavar="[APRÈS.toml]", help="Scénario de l'autre carte. / The other map."),
    ] = None,
    to: Annotated[
        int | None, typer.Option("--to", help="Ou l'année des EPCI embarqués (2025). / Or a year.")
    ] = None,
    epci: Annotated[
        Path | None,
        typer.Option(
            "--epci", help="Ou insee, epci_siren d'une autre année, ou epci.json. / A list."
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="De même, les EPCI de la concertation, s'ils ne sont pas embarqués."
            " / Likewise, where it comes from.",
        ),
    ] = None,
    communes: Annotated[
        Path | None,
        typer.Option(
            "--communes", help="Avec --epci ou --from : communes.json (fusions). / Mergers."
        ),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan", help="Tables d'un plan, ou déjà reportées, à porter aussi. / Results too."
        ),
    ] = None,
    ties: Annotated[
        ShareTie, typer.Option("--ties", help="Départage des restes égaux. / Rule of ties.")
    ] = ShareTie.REFUSE,
    out: OutOption = None,
    lang: LangOption = Lang.FR,
    strict: StrictOption = False,
) -> None:
    """Porter vœux, enveloppes, délibérations et résultats sur une autre carte."""
    from planner.cli._carry import carry_concertation  # noqa: PLC0415
    from planner.export.tables import write_csv_tables  # noqa: PLC0415

    with told(lang) as console:
        tables, found = carry_concertation(
            console, old, new, year=to, perimeters=epci, start=start, communes=communes,
            plan=plan, ties=ties.value, lang=lang,
        )  # fmt: skip
        _tell(console, found, lang)
        place = out or Path("maps") / "concertation" / f"{read_scenario(old).name}-reporté"
        write_csv_tables(place, tables, lang=lang)
        console.print(
            say("vintages.written", lang, splits=len(tables["carried"]), path=str(place)),
            markup=False,
        )
        leave(found.table(lang), strict=strict)


def _tell(console: Console, found: Findings, lang: Lang) -> None:
    for finding in found:
        console.print(
            f"{Severity(finding.severity).label(lang)} : {finding.message.say(lang)}"
            f"\n  → {finding.remedy.say(lang)}",
            markup=False,
        )

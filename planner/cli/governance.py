"""``planner status`` and ``planner adopt``: who has voted, and the register of adoptions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
import typer

from planner.cli._face import (
    STAGES,
    Lang,
    LangOption,
    ScenarioArg,
    day,
    progress,
    table,
    told,
)
from planner.findings import Findings
from planner.scenario import Scenario, read_scenario
from planner.texts import say
from planner.vocab import DeliberationState, Phase, ProgrammeStatus, Severity, VoteSituation

if TYPE_CHECKING:
    from rich.console import Console

    from planner.io.adoptions import RegisterIntake

__all__ = ["adopt", "status"]

_DOUBTS = ("concertation.late", "concertation.undated")

OnOption = Annotated[
    str | None, typer.Option("--on", metavar="AAAA-MM-JJ", help="Date de la décision. / Day.")
]
RegisterOption = Annotated[
    Path | None,
    typer.Option("--register", help="Dossier du registre (défaut : celui du scénario). / Folder."),
]


@dataclass(frozen=True, kw_only=True)
class _Standing:
    """Where a scenario stands on a day."""

    programme: pd.DataFrame
    votes: pd.DataFrame
    quorum: pd.DataFrame
    synthetic: bool
    doubts: Findings
    sector_names: Mapping[str, str]


def _stand(asked: Scenario, on: dt.date, lang: Lang) -> _Standing:
    from planner.concertation import count_ballots  # noqa: PLC0415
    from planner.governance import (  # noqa: PLC0415
        adopted_programme,
        check_quorum,
        measure_votes,
    )
    from planner.io import read_table  # noqa: PLC0415
    from planner.plan import make_plan  # noqa: PLC0415
    from planner.prepare import prepare_territory  # noqa: PLC0415
    from planner.sector_names import sector_names  # noqa: PLC0415

    path = asked.governance.calendar
    calendar = None if path is None else read_table(asked.resolve(path), "calendar").table
    with progress(lang, STAGES["prepare"] + STAGES["plan"]) as notify:
        territory = prepare_territory(asked, notify=notify)
        plan = make_plan(territory, asked, notify=notify)
    counted = count_ballots(
        epci=territory.epci, sectors=territory.sectors, sector_shares=territory.sector_shares,
        envelopes=territory.envelopes, ballots=territory.ballots,
        deliberations=territory.deliberations, deadline=asked.concertation.deadline,
    )  # fmt: skip
    votes = measure_votes(
        counted, sectors=territory.sectors, sector_shares=territory.sector_shares,
        deliberations=territory.deliberations, calendar=calendar, on=on,
    )  # fmt: skip
    made_up = territory.is_synthetic(
        "premises", "sectors", "zones", "envelopes", "ballots", "deliberations"
    )
    return _Standing(
        programme=adopted_programme(
            plan.programme.table,
            years=plan.programme.years,
            sectors=territory.sectors,
            sector_shares=territory.sector_shares,
        ),
        votes=votes,
        quorum=check_quorum(votes, asked.governance.quorum),
        synthetic=made_up or bool(territory.sectors["synthetic"].any()),
        doubts=_doubts(counted.findings, votes),
        sector_names=sector_names(territory.sectors),
    )


def _doubts(found: Findings, votes: pd.DataFrame) -> Findings:
    """Keep what is to be confirmed of the votes known that day: late, or without a date."""
    decided = {VoteSituation.VOTED.value, VoteSituation.REFUSED.value}
    known = set(votes.loc[votes["situation"].isin(decided), "epci_siren"].astype(str))
    return Findings.collect(one for one in found if one.rule in _DOUBTS and one.place in known)


def _tell_doubts(console: Console, doubts: Findings, lang: Lang) -> None:
    for one in doubts:
        words = f"{Severity(one.severity).label(lang)} : {one.message.say(lang)}"
        console.print(f"{words}\n  → {one.remedy.say(lang)}", markup=False)


def status(
    scenario: ScenarioArg = None,
    on: OnOption = None,
    register: RegisterOption = None,
    lang: LangOption = Lang.FR,
) -> None:
    """Dire où en sont les votes, le quorum et le registre des adoptions."""
    with told(lang) as console:
        asked = read_scenario(scenario)
        known = _known(register or Path(asked.folder))
        when = day(on) or asked.concertation.deadline or asked.reference_date
        now = _stand(asked, when, lang)
        titles = ["EPCI", *(say(f"cli.{name}", lang) for name in ("votes_state", "votes_planned"))]
        rows = [
            [
                f"{row['nom']} ({row['epci_siren']})",
                _stated(row, lang),
                _planned(row, lang),
            ]
            for row in now.votes.to_dict("records")
        ]
        console.print(table(say("governance.votes", lang, on=when), titles, rows, numbers=3))
        if asked.governance.calendar is None:
            console.print(say("governance.no_calendar", lang), markup=False)
        situations = now.votes["situation"].value_counts()
        lines = [
            say(
                "governance.votes_count", lang, due=int(now.votes["due"].sum()),
                voted=int(situations.get(VoteSituation.VOTED.value, 0)),
                overdue=int(situations.get(VoteSituation.OVERDUE.value, 0)),
            ),
            *_quorum_lines(now.quorum, lang),
            *_register_lines(known, now.programme, lang),
        ]  # fmt: skip
        for line in lines:
            console.print(line, markup=False)
        _tell_doubts(console, now.doubts, lang)


def adopt(
    scenario: ScenarioArg = None,
    on: OnOption = None,
    by: Annotated[str | None, typer.Option("--by", help="Instance. / Body.")] = None,
    status: Annotated[
        ProgrammeStatus, typer.Option("--status", help="Étape inscrite. / Step entered.")
    ] = ProgrammeStatus.ADOPTED,
    new_version: Annotated[
        bool, typer.Option("--new-version", help="Permet de changer un programme adopté.")
    ] = False,
    register: RegisterOption = None,
    lang: LangOption = Lang.FR,
) -> None:
    """Inscrire le programme au registre : proposé, voté ou adopté, jamais changé en silence."""
    from planner.export.adoptions import write_adoption  # noqa: PLC0415
    from planner.governance import record_adoption  # noqa: PLC0415

    with told(lang) as console:
        when = day(on)
        if when is None:
            raise typer.BadParameter("AAAA-MM-JJ", param_hint="--on")
        asked = read_scenario(scenario)
        folder = register or Path(asked.folder)
        known = _known(folder)
        now = _stand(asked, when, lang)
        adoption = record_adoption(
            known.register, now.programme, status=status, on=when,
            by=by or say("governance.comite", lang), scenario=asked.name,
            scenario_sha256=asked.sha256, quorum=now.quorum, synthetic=now.synthetic,
            previous=known.programme, new_version=new_version,
        )  # fmt: skip
        path = write_adoption(folder, adoption, now.programme, content=known.content)
        console.print(adoption.summary(lang), markup=False)
        for line in _change_lines(adoption.changes, now.sector_names, lang):
            console.print(line, markup=False)
        _tell_doubts(console, now.doubts, lang)
        console.print(say("governance.written", lang, path=str(path)), markup=False)


def _known(folder: Path) -> RegisterIntake:
    """Read the register and what it keeps: refused where a cell of either was altered."""
    from planner.governance import check_register, check_versions  # noqa: PLC0415
    from planner.io.adoptions import read_register  # noqa: PLC0415

    known = read_register(folder)
    check_register(known.register)
    check_versions(known.register, known.programmes, known.changes)
    return known


def _change_lines(changes: pd.DataFrame, names: Mapping[str, str], lang: Lang) -> list[str]:
    """Say who goes from which phase and year to which, all the sectors of one move together."""
    moves: dict[tuple[str, str], list[str]] = {}
    for row in changes.to_dict("records"):
        before, after = (_placed(row, when, lang) for when in ("before", "after"))
        moves.setdefault((before, after), []).append(str(row["sector_id"]))
    return [
        say(
            "governance.changes" if before != after else "governance.redrawn", lang,
            before=before, after=after, count=len(sectors), sectors=sectors, sector_names=names,
        )
        for (before, after), sectors in sorted(moves.items())
    ]  # fmt: skip


def _placed(row: dict[Hashable, Any], when: str, lang: Lang) -> str:
    phase, year = row[f"phase_{when}"], row[f"year_{when}"]
    if pd.isna(phase):
        return say("governance.no_phase", lang)
    label = Phase(phase).label(lang)
    return label if pd.isna(year) else f"{label}, {year}"


def _stated(row: dict[Hashable, Any], lang: Lang) -> str:
    situation = VoteSituation(row["situation"])
    held = situation in {VoteSituation.VOTED, VoteSituation.REFUSED}
    on = _day(row["on"], "on_day", lang) if held else ""
    said = " ".join(filter(None, (situation.label(lang), on)))
    absent = row["state"] == DeliberationState.ABSENT.value and row["due"]
    return said + say("governance.absent", lang) if absent else said


def _planned(row: dict[Hashable, Any], lang: Lang) -> str:
    """Say when a council is planned: by the calendar, or by a vote that is still to come."""
    ahead = row["situation"] == VoteSituation.PLANNED.value and pd.isna(row["planned_on"])
    return _day(row["on" if ahead else "planned_on"], "day", lang) or "—"


def _day(value: object, text: str, lang: Lang) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    return say(f"governance.{text}", lang, on=pd.Timestamp(str(value)).date())


def _quorum_lines(quorum: pd.DataFrame, lang: Lang) -> list[str]:
    return [
        say(
            "governance.quorum_line", lang, counted=row["counted"],
            rule=say(f"governance.rule_{row['rule']}", lang),
            total=row["total"], required=row["required"],
            reached=say(f"governance.{'reached' if row['reached'] else 'not_reached'}", lang),
            mark=say("governance.synthetic", lang) if row["synthetic"] else "",
        )
        for row in quorum.to_dict("records")
    ]  # fmt: skip


def _register_lines(known: RegisterIntake, programme: pd.DataFrame, lang: Lang) -> list[str]:
    from planner.governance import compare_versions, programme_sha256  # noqa: PLC0415

    if known.register.empty:
        return [say("governance.no_entry", lang)]
    lines = [
        say(
            "governance.entry", lang, version=row["version"], by=row["by"],
            status=ProgrammeStatus(row["status"]), on=row["on"].date(),
            sha=row["programme_sha256"][:12],
            mark=say("governance.entry_synthetic", lang) if row["synthetic"] else "",
        )
        for row in known.register.to_dict("records")
    ]  # fmt: skip
    last = known.register.iloc[-1]
    version = int(last["version"])
    lines += [
        say("governance.version_missing", lang, version=one)
        for one in range(1, version + 1)
        if one not in known.programmes
    ]
    stated = known.register.groupby("version")["differences_count"].max().fillna(0)
    lines += [
        say("governance.changes_missing", lang, version=int(one))
        for one in stated.index[stated > 0]
        if int(one) not in known.changes
    ]
    if programme_sha256(programme) == last["programme_sha256"]:
        return [*lines, say("governance.same", lang, version=version)]
    if known.programme is None:
        return [*lines, say("governance.differs_unknown", lang, version=version)]
    changes = compare_versions(known.programme, programme)
    return [*lines, say("governance.differs", lang, version=version, count=len(changes))]

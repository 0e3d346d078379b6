"""A ballot that comes back from a page, on the sheet that it was made on or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from planner.bulletin._check import SheetCheck, SheetWish, check_ballot, wishes_table
from planner.bulletin._sheet import Sheet
from planner.concertation import find_double_wishes
from planner.errors import DataFileError, UnknownNameError
from planner.findings import Finding, Findings
from planner.io.bulletin import BulletinFile
from planner.texts import Message
from planner.vocab import Severity

__all__ = ["ReadBallot", "take_ballot"]


@dataclass(frozen=True, kw_only=True)
class ReadBallot:
    """A ballot that was made on the sheet at hand.

    Parameters
    ----------
    sheet
        What it votes on.
    wishes
        What is written beside the sectors, by id.
    table
        Contract ``ballots``, as it is written: what contradicts itself is a finding, and doesn't
        count.
    check
        What it comes to, counted again.
    findings
        What is to be asked from the EPCI.
    """

    sheet: Sheet
    wishes: tuple[SheetWish, ...]
    table: pd.DataFrame
    check: SheetCheck
    findings: Findings


def take_ballot(file: BulletinFile, sheets: Mapping[str, Sheet]) -> ReadBallot:
    """Take a ballot that was saved from a bulletin, if it was made on the sheet at hand.

    Parameters
    ----------
    file
        What :func:`planner.io.bulletin.read_bulletin` read.
    sheets
        What :func:`make_sheets` draws up now.

    Raises
    ------
    UnknownNameError
        When no ballot is due from this EPCI.
    DataFileError
        When it was made on other sectors, or under another envelope or rule, with the way out.
    """
    sheet = sheets.get(file.epci_siren)
    if sheet is None:
        raise UnknownNameError(
            Message.of("bulletin.not_due", file=file.file, actor=file.epci_siren),
            Message.of("bulletin.not_due_remedy", count=len(sheets)),
        )
    made = file.signature, file.sectors_sha256, file.rules_sha256
    if made != (sheet.signature, sheet.sectors_sha256, sheet.rules_sha256):
        what = "other_rules" if file.sectors_sha256 == sheet.sectors_sha256 else "other_sectors"
        raise DataFileError(
            Message.of(
                f"bulletin.{what}", file=file.file, name=sheet.nom, made=file.signature[:8],
                scenario=file.scenario, version=file.version, now=sheet.signature[:8],
            ),
            Message.of(f"bulletin.{what}_remedy", actor=sheet.actor),
        )  # fmt: skip
    unknown = sorted({wish.sector_id for wish in file.wishes} - set(sheet.by_id))
    if unknown:
        raise DataFileError(
            Message.of("bulletin.foreign", file=file.file, sectors=", ".join(unknown[:5])),
            Message.of("bulletin.foreign_remedy", actor=sheet.actor),
        )
    wishes = tuple(
        SheetWish(sector_id=wish.sector_id, rank=wish.rank, stance=wish.stance)
        for wish in sorted(file.wishes, key=lambda wish: wish.sector_id)
    )
    check = check_ballot(sheet, wishes)
    source = Message.of("bulletin.source", name=sheet.nom, signature=sheet.signature[:8])
    by = Message.of("bulletin.source_by", contact=file.contact).say() if file.contact else ""
    table = wishes_table(sheet, wishes, source=source.say() + by)
    person = f"{file.contact} ({sheet.nom})" if file.contact else None
    twice = find_double_wishes(table, actor=sheet.actor, name=sheet.nom, asked=person)
    names = {key: sector.nom for key, sector in sheet.by_id.items()}
    return ReadBallot(
        sheet=sheet,
        wishes=wishes,
        table=table,
        check=check,
        findings=Findings.collect(twice, _found(file, sheet, wishes, check)).naming(names),
    )


def _found(
    file: BulletinFile, sheet: Sheet, wishes: tuple[SheetWish, ...], check: SheetCheck
) -> list[Finding]:
    found = []

    def note(rule: str, severity: Severity, place: str, **values: object) -> None:
        found.append(
            Finding.of(
                f"bulletin.{rule}", severity=severity, table="ballots", place=place, count=1,
                name=sheet.nom, **values,
            )
        )  # fmt: skip

    for wish in wishes:
        sector = sheet.by_id[wish.sector_id]
        place = f"{sheet.actor}/{wish.sector_id}"
        ranks = wish.rank is not None and not sheet.can_rank(sector)
        asked = ranks or wish.stance == "required"
        if sector.phase is not None:
            note("settled", Severity.INFO, place, sector=wish.sector_id)
        elif asked and not wish.contradicts and sector.decider != sheet.actor:
            decider = sheet.names[sector.decider]
            note("not_decider", Severity.WARNING, place, sector=wish.sector_id, decider=decider)
    for breach in check.breaches:
        if breach.rule in {"required", "tie"}:
            place = f"{sheet.actor}/{breach.place}"
            note(f"breach_{breach.rule}", Severity.WARNING, place, breach=breach.message)
    shown = (file.lines, file.net_cents)
    if shown not in {(None, None), (check.lines, check.net_cents)}:
        note(
            "page_differs", Severity.SERIOUS, sheet.actor, lines=check.lines, shown=file.lines,
            cents=check.net_cents, shown_cents=file.net_cents,
        )  # fmt: skip
    return found

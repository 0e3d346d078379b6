"""What the EPCI hand in, read back from their forms: nothing guessed, no row lost.

Each form is one EPCI's.  What is half-filled or contradictory is set aside with a finding that
names the person to ask; a ballot made on other sectors is refused whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from planner.errors import PlannerError
from planner.findings import Finding, Findings
from planner.io.form_answers import as_actor, as_amount, as_cents, as_day, as_mark, as_term
from planner.io.form_outlines import Outlines, compare_outlines
from planner.io.form_words import OfSector, Part, Several
from planner.io.forms import (
    SAID,
    FormFile,
    FormRow,
    answers_sha256,
    find_forms,
    find_others,
    open_form,
)
from planner.io.values import parse_bool, words
from planner.schemas import contract
from planner.vocab import DeliberationState, EnvelopeUnit, Opinion, Severity, Wish

__all__ = ["ConcertationIntake", "complete_calendar", "read_concertation"]

_TABLES: Final = tuple(SAID)
_SHEET_OF: Final = {
    "envelopes": "envelope", "ballots": "wishes", "deliberations": "deliberation",
    "calendar": "deliberation", "advice": "advice",
}  # fmt: skip
_MARKS: Final = ("wish", "rank", "points", "approved")
_SHOWN: Final = 5
_INTEGERS: Final = ("amount", "med_credit_cents", "rank", "points")
_DATES: Final = ("on", "planned_on")
_UNDECIDED: Final = frozenset({DeliberationState.PENDING.value, DeliberationState.ABSENT.value})


@dataclass(frozen=True, kw_only=True)
class ConcertationIntake:
    """What was handed in, as contracted tables.

    Parameters
    ----------
    envelopes, ballots, deliberations, calendar, advice, rejected_rows
        Tables under the contracts of their names.
    contacts
        EPCI to the person to ask.
    findings
        What is missing, half-filled or contradictory.
    forms
        EPCI to the forms that were taken.
    """

    envelopes: pd.DataFrame
    ballots: pd.DataFrame
    deliberations: pd.DataFrame
    calendar: pd.DataFrame
    advice: pd.DataFrame
    rejected_rows: pd.DataFrame
    contacts: Mapping[str, str]
    findings: Findings
    forms: Mapping[str, str]

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name, empty ones too."""
        return {name: getattr(self, name) for name in (*_TABLES, "rejected_rows")}


@dataclass(kw_only=True)
class _Taken:
    """What one form says, and what was wrong with it."""

    actor: str
    name: str
    place: str
    person: str
    synthetic: bool
    sent: Mapping[str, str]
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {t: [] for t in _TABLES})
    aside: list[dict[str, Any]] = field(default_factory=list)
    met: dict[str, tuple[Severity, list[object]]] = field(default_factory=dict)

    def note(self, rule: str, severity: Severity, *what: object) -> None:
        """Note a rule met, once more with what met it."""
        _, every = self.met.setdefault(rule, (severity, []))
        every.extend(what)

    def found(self) -> list[Finding]:
        """Return one finding a rule, with its count and the first of what met it."""
        return [
            Finding.of(
                f"forms.{rule}", severity=severity, table="ballots", place=self.actor,
                count=max(1, len(every)), name=self.name, asked=self.person, file=self.place,
                what=Several(tuple(every)),
            )
            for rule, (severity, every) in self.met.items()
        ]  # fmt: skip

    def drop(self, sheet: str, row: int, reason: str, column: str, value: object) -> None:
        self.aside.append(
            {
                "file": f"{self.place}#{sheet}", "row": row, "reason": reason, "column": column,
                "value": "" if value is None else str(value)[:200],
            }
        )  # fmt: skip

    def add(self, table: str, row: int, **values: object) -> None:
        common = {"epci_siren": self.actor, "source": self.place, "synthetic": self.synthetic}
        self.rows[table].append(common | values | {"row": row})

    def answers(self, table: str) -> str:
        """Return what it says without where it says it, to compare two forms of one EPCI."""
        return answers_sha256(table, self.rows[table])

    def is_as_sent(self, table: str) -> bool:
        """Say whether it was left as it came: such a copy says nothing against another."""
        if any(f"#{_SHEET_OF[table]}" in row["file"] for row in self.aside):
            return False
        return self.answers(table) == self.sent.get(table, answers_sha256(table, ()))


def read_concertation(
    folder: str | Path,
    *,
    sectors_sha256: str,
    names: Mapping[str, str],
    sectors_of: Mapping[str, tuple[str, ...]],
    contacts: Mapping[str, str] | None = None,
    shapes: Mapping[str, Any] | None = None,
) -> ConcertationIntake:
    """Read the forms of a folder: workbooks, or folders of CSV sheets, however deep.

    Parameters
    ----------
    folder
        Where the forms that came back are.
    sectors_sha256
        Signature of the sectors that are voted on (:func:`planner.ballots.sectors_sha256`).
    names
        EPCI (or ``D29``) to its name.
    sectors_of
        EPCI from which a form is expected, to the sectors that it may vote on.
    contacts
        EPCI to the person to ask, where known; what a form says comes first.
    shapes
        Sector to its outline, EPSG:2154: a wish written on another outline doesn't count.

    Raises
    ------
    DataFileError
        When there is no such folder, or no form in it.
    """
    root = Path(folder)
    known = dict(contacts or {})
    taken: dict[str, list[_Taken]] = {}
    loose: list[Finding] = []
    for path in find_forms(root):
        place = path.relative_to(root).as_posix()
        form = _opened(path, place, loose)
        if form is None:
            continue
        actor = as_actor(form.identity.get("epci_siren", ""))
        if actor not in sectors_of:
            loose.append(_loose("unknown_actor", place, actor=actor or "—"))
            continue
        drawn = compare_outlines(form, shapes or {})
        one = _take(form, actor, names, known, sectors_of[actor], sectors_sha256, drawn)
        taken.setdefault(actor, []).append(one)
    others = [path.relative_to(root).as_posix() for path in find_others(root)]
    if others:
        loose.append(
            Finding.of(
                "forms.not_read", severity=Severity.WARNING, table="ballots", place=others[0],
                count=len(others), what=Several(tuple(others)),
            )
        )  # fmt: skip
    kept, aside = _one_each(taken)
    for actor in sorted(set(sectors_of) - set(taken)):
        name = names.get(actor, actor)
        person = f"{known[actor]} ({name})" if known.get(actor) else name
        loose.append(
            Finding.of(
                "forms.no_form", severity=Severity.WARNING, table="ballots", place=actor,
                name=name, asked=person,
            )
        )  # fmt: skip
    every = [one for forms in kept.values() for one in forms]
    said = {one.actor: str(r["contact"]) for one in every for r in one.rows["calendar"]
            if r["contact"] is not None}  # fmt: skip
    notes = [finding for forms in taken.values() for one in forms for finding in one.found()]
    tables = {
        table: _table(table, [r for one in every for r in one.rows[table]]) for table in _TABLES
    }
    tables["ballots"] = tables["ballots"].assign(
        sectors_sha256=words([sectors_sha256] * len(tables["ballots"]))
    )
    return ConcertationIntake(
        **tables,
        rejected_rows=_table("rejected_rows", aside),
        contacts=known | said,
        findings=Findings.collect(loose, notes),
        forms={actor: ", ".join(one.place for one in forms) for actor, forms in kept.items()},
    )  # fmt: skip


def complete_calendar(said: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Complete what the forms say of councils and contacts with what was known before.

    Parameters
    ----------
    said, known
        Contract ``calendar``; where both say something, the forms hold.

    Returns
    -------
    DataFrame
        Contract ``calendar``, sorted by EPCI.
    """
    table = contract("calendar")
    keyed = [table.select(frame).set_index("epci_siren") for frame in (said, known)]
    whole = keyed[0].combine_first(keyed[1]).sort_index(kind="stable").reset_index()
    return table.select(whole)


def _opened(path: Path, place: str, loose: list[Finding]) -> FormFile | None:
    try:
        form = open_form(path, place=place)
    except PlannerError as error:
        loose.append(_loose("unreadable", place, reason=error.problem, remedy=error.remedy))
        return None
    if form is None:
        loose.append(_loose("not_a_form", place))
    return form


def _loose(rule: str, place: str, **values: Any) -> Finding:  # noqa: ANN401 (values of a text)
    return Finding.of(
        f"forms.{rule}", severity=Severity.SERIOUS, table="ballots", place=place, **values
    )


def _one_each(
    taken: Mapping[str, list[_Taken]],
) -> tuple[dict[str, list[_Taken]], list[dict[str, Any]]]:
    """Keep what the forms of each EPCI say; where two forms say different things, none is kept.

    A form that is as it was sent contradicts none: whoever fills in the workbook leaves the CSV
    sheets as they came, with the envelope and the contact that were written in them.
    """
    kept: dict[str, list[_Taken]] = {}
    aside = [row for every in taken.values() for one in every for row in one.aside]
    for actor in sorted(taken):
        every = taken[actor]
        said = any(one.rows["ballots"] or one.rows["deliberations"] or one.aside for one in every)
        lost = any({"missing_part", "other_layers"} & one.met.keys() for one in every)
        if not said and not lost:
            every[0].note("blank", Severity.WARNING)
        saying = {
            table: [one for one in every if not one.is_as_sent(table)] or every
            for table in _TABLES
        }  # fmt: skip
        differ = [
            table
            for table, some in saying.items()
            if any(one.answers(table) != some[0].answers(table) for one in some[1:])
        ]
        if not differ:
            firsts = {table: some[0] for table, some in saying.items()}
            for one in every:  # each table once, from the first form that has it
                one.rows = {t: r if firsts.get(t) is one else [] for t, r in one.rows.items()}
            kept[actor] = every
            continue
        aside += [
            {
                "file": f"{one.place}#{table}", "row": row["row"], "reason": "two_answers",
                "column": "epci_siren", "value": str(row.get("sector_id", actor)),
            }
            for one in every
            for table, rows in one.rows.items()
            for row in rows
        ]  # fmt: skip
        apart = [one for one in every if any(one in saying[table] for table in differ)]
        people = dict.fromkeys(one.person for one in apart if one.person != one.name)
        every[0].person = ", ".join(people) or every[0].person
        every[0].note("two_answers", Severity.SERIOUS, *(one.place for one in apart))
    return kept, aside


def _take(
    form: FormFile,
    actor: str,
    names: Mapping[str, str],
    contacts: dict[str, str],
    sectors: tuple[str, ...],
    sectors_sha256: str,
    drawn: Outlines,
) -> _Taken:
    said = next((r.get("contact") for r in form.sheets.get("deliberation", ())), None)
    person, name = said or contacts.get(actor), names.get(actor, actor)
    one = _Taken(
        actor=actor, name=name, place=form.place,
        person=f"{person} ({name})" if person else name,
        synthetic=bool(parse_bool(form.identity.get("synthetic", ""))),
        sent={t: form.identity[f"sent_{t}"] for t in _TABLES if f"sent_{t}" in form.identity},
    )  # fmt: skip
    for sheet, broken in form.broken:
        one.drop(sheet, broken.row, broken.reason, broken.column, broken.value)
        one.note("unreadable_cell", Severity.WARNING, Part(sheet, cell=broken.value))
    if form.missing:
        parts = (name.partition("/") for name in form.missing)
        one.note("missing_part", Severity.SERIOUS, *(Part(s, column) for s, _, column in parts))
    _take_envelope(one, form.sheets.get("envelope", ()))
    _take_deliberation(one, form.sheets.get("deliberation", ()))
    same = form.identity.get("sectors_sha256", "") == sectors_sha256
    if same and form.listed is not None:
        gone = [key for key in sectors if key not in form.listed]
        if gone:
            one.note("sectors_gone", Severity.WARNING, *map(OfSector, gone))
    if form.others:
        one.note("other_layers", Severity.SERIOUS, *form.others)
    if drawn.other_crs is not None:
        one.note("other_crs", Severity.WARNING, drawn.other_crs)
    if drawn.named:
        one.note("redrawn", Severity.SERIOUS, *map(OfSector, drawn.named))
    _take_wishes(one, form.sheets.get("wishes", ()), same=same, redrawn=drawn.redrawn)
    _take_advice(one, form.sheets.get("advice", ()), same=same)
    return one


def _only(one: _Taken, sheet: str, rows: tuple[FormRow, ...]) -> FormRow | None:
    """Return the one row of a sheet that has one; several say several things, none counts."""
    filled = [row for row in rows if row.cells]
    if len(filled) > 1:
        for row in filled:
            one.drop(sheet, row.row, "contradictory", sheet, " ".join(row.cells.values()))
        one.note(
            "several_rows", Severity.SERIOUS, *(Part(sheet, cell=str(row.row)) for row in filled)
        )
        return None
    return filled[0] if filled else None


def _take_envelope(one: _Taken, rows: tuple[FormRow, ...]) -> None:
    row = _only(one, "envelope", rows)
    if row is None:
        return
    unit, amount, credit = row.get("unit"), row.get("amount"), row.get("credit")
    code = None if unit is None else as_term(unit, EnvelopeUnit)
    whole = None if amount is None else as_amount(amount)
    cents = None if credit is None else as_cents(credit)
    for column, text, value in (
        ("unit", unit, code), ("amount", amount, whole), ("credit", credit, cents),
    ):  # fmt: skip
        if text is not None and value is None:
            one.drop("envelope", row.row, "bad_count", column, text)
            one.note(f"bad_{column}", Severity.SERIOUS, text)
            return
    if code is None:
        if amount is not None or credit is not None:
            one.drop("envelope", row.row, "half_filled", "unit", amount or credit)
            one.note("envelope_without_unit", Severity.SERIOUS)
        return
    if amount is None and credit is None:
        one.note("envelope_without_amount", Severity.WARNING)
    one.add("envelopes", row.row, unit=code, amount=whole, med_credit_cents=cents)


def _take_deliberation(one: _Taken, rows: tuple[FormRow, ...]) -> None:
    row = _only(one, "deliberation", rows)
    if row is None:
        return
    days: dict[str, Any] = {}
    for column in _DATES:
        text = row.get(column)
        days[column] = None if text is None else as_day(text)
        if text is not None and days[column] is None:
            one.drop("deliberation", row.row, "bad_date", column, text)
            one.note("bad_date", Severity.SERIOUS, text)
            return
    contact = row.get("contact")
    if contact is not None or days["planned_on"] is not None:
        one.add("calendar", row.row, planned_on=days["planned_on"], contact=contact)
    text = row.get("state")
    state = None if text is None else as_term(text, DeliberationState)
    if text is not None and state is None:
        one.drop("deliberation", row.row, "unknown_term", "state", text)
        one.note("bad_state", Severity.SERIOUS, text)
    elif state is None and days["on"] is not None:
        one.drop("deliberation", row.row, "half_filled", "state", days["on"])
        one.note("date_without_state", Severity.SERIOUS, days["on"])
    elif state in _UNDECIDED and days["on"] is not None:
        one.drop("deliberation", row.row, "contradictory", "on", days["on"])
        one.note(f"{state}_with_date", Severity.SERIOUS, days["on"])
    elif state is not None:
        one.add("deliberations", row.row, state=state, on=days["on"])


def _take_wishes(
    one: _Taken, rows: tuple[FormRow, ...], *, same: bool, redrawn: frozenset[int]
) -> None:
    marked = [row for row in rows if any(row.get(name) for name in _MARKS)]
    if marked and not same:
        for row in marked:
            one.drop("wishes", row.row, "other_version", "sector_id", row.get("sector_id"))
        one.note("other_sectors", Severity.SERIOUS, *(row.get("sector_id") for row in marked))
        return
    named = [row.get("sector_id") for row in marked]
    twice = {key for key in named if key and named.count(key) > 1}
    for row in marked:
        key = row.get("sector_id")
        if key is None:
            one.drop("wishes", row.row, "missing_key", "sector_id", None)
            one.note("wish_without_sector", Severity.SERIOUS, row.row)
        elif key in twice:
            one.drop("wishes", row.row, "duplicate_key", "sector_id", key)
            one.note("sector_twice", Severity.SERIOUS, OfSector(key))
        elif row.row in redrawn:
            one.drop("wishes", row.row, "other_outline", "sector_id", key)
        else:
            _take_wish(one, row, key)


def _take_wish(one: _Taken, row: FormRow, key: str) -> None:
    given = {name: row.cells[name] for name in _MARKS if name in row.cells}
    read: dict[str, Any] = {}
    for name, text in given.items():
        value = as_mark(name, text)
        if value is None:
            one.drop("wishes", row.row, "bad_count", name, text)
            one.note(f"bad_{name}", Severity.SERIOUS, OfSector(key, cell=text))
            return
        if value is not False:  # «non» under approved is no approval
            read[name] = value
    stance = read.pop("wish", None)
    # two wishes on a sector stand here: what they are worth is told where ballots are counted
    kinds = {"approved": Wish.APPROVED, "rank": Wish.RANKED, "points": Wish.SCORED}
    wish = stance or next((kinds[name].value for name in kinds if name in read), None)
    if wish is not None:
        one.add("ballots", row.row, sector_id=key, wish=wish,
                rank=read.get("rank"), points=read.get("points"),
                approved=read.get("approved") if stance else None)  # fmt: skip


def _take_advice(one: _Taken, rows: tuple[FormRow, ...], *, same: bool) -> None:
    filled = [row for row in rows if row.get("opinion") or row.get("remark")]
    if filled and not same:
        for row in filled:
            one.drop("advice", row.row, "other_version", "sector_id", row.get("sector_id"))
        one.note(
            "advice_on_other_sectors", Severity.SERIOUS, *(row.get("sector_id") for row in filled)
        )
        return
    keys = [row.get("sector_id") for row in filled]
    for row in filled:
        key = row.get("sector_id")
        opinion = as_term(row.get("opinion") or "", Opinion)
        if key is None or keys.count(key) > 1 or opinion is None:
            reason = "half_filled" if row.get("opinion") is None else "unknown_term"
            reason = "duplicate_key" if key is not None and keys.count(key) > 1 else reason
            one.drop("advice", row.row, reason, "opinion", row.get("opinion"))
            one.note("bad_advice", Severity.WARNING, OfSector(key) if key else "—")
            continue
        one.add("advice", row.row, sector_id=key, opinion=opinion, remark=row.get("remark"))


def _table(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return rows under their contract, every column in its type, absent values absent."""
    table = contract(name)
    if not rows:
        return table.empty()
    given = {c: [row.get(c) for row in rows] for c in table.column_names}
    frame = pd.DataFrame(given)
    for column in table.columns:
        values = given[column.name]
        if column.name in _INTEGERS:
            frame[column.name] = pd.array(values, dtype="Int64")
        elif column.type == "bool":
            frame[column.name] = pd.array(values, dtype="boolean" if column.nullable else "bool")
        elif column.type == "date":
            frame[column.name] = pd.to_datetime(pd.Series(values)).astype("datetime64[s]")
        elif column.type == "str":
            frame[column.name] = words(values)
    table.check(frame)
    return table.select(frame)

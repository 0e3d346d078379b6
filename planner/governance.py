"""Who has voted, whether that is enough, and what was adopted: a register without erasure.

The calendar says when each EPCI's council meets; quorum rules are data of the scenario; each
programme is proposed, voted, then adopted, with its date, version and checksum.  An adopted
programme is never silently changed: another one is a new version, which states its differences.
Each entry of the register holds the checksum of the one before, so that none can be altered or
taken out unseen.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from planner.ballots import BallotCount, actor_shares, each_sector_sha256
from planner.errors import RuleError
from planner.scenario import QuorumRule
from planner.schemas import contract
from planner.texts import Message, say
from planner.vocab import DeliberationState, ProgrammeStatus, VoteSituation

__all__ = [
    "Adoption",
    "adopted_programme",
    "check_quorum",
    "check_register",
    "compare_versions",
    "measure_votes",
    "programme_sha256",
    "record_adoption",
    "register_text",
]

_ORDER: Final = ProgrammeStatus.codes()
_DECIDED: Final = {
    DeliberationState.VOTED.value: VoteSituation.VOTED,
    DeliberationState.REFUSED.value: VoteSituation.REFUSED,
}


def measure_votes(
    counted: BallotCount,
    *,
    sectors: pd.DataFrame,
    sector_shares: pd.DataFrame,
    deliberations: pd.DataFrame,
    calendar: pd.DataFrame | None = None,
    on: dt.date,
) -> pd.DataFrame:
    """Say where the vote of each EPCI stands on a day.

    A vote dated after that day is a council still to come.  Where no result is known, a planned
    council before that day is overdue, and a missing one is unplanned: neither is a refusal.

    Parameters
    ----------
    counted
        What :func:`planner.concertation.count_ballots` returned: names, and who owes a ballot.
    sectors, sector_shares, deliberations, calendar
        Contracts of their names.
    on
        The day.

    Returns
    -------
    DataFrame
        Contract ``vote_status``, sorted by EPCI.
    """
    shares = actor_shares(sectors, sector_shares)
    premises = shares.groupby("actor")["premises_count"].sum()
    states = {str(row["epci_siren"]): row for row in deliberations.to_dict("records")}
    given = contract("calendar").empty() if calendar is None else calendar
    planned = {str(row["epci_siren"]): row for row in given.to_dict("records")}
    due = set(counted.due)
    rows = []
    for actor in sorted(set(counted.names) | due | set(states)):
        state, plan = states.get(actor, {}), planned.get(actor, {})
        voted_on, planned_on = _day(state.get("on")), _day(plan.get("planned_on"))
        contact = plan.get("contact")
        rows.append(
            {
                "epci_siren": actor,
                "nom": counted.names.get(actor, actor),
                "due": actor in due,
                "state": state.get("state"),
                "on": voted_on,
                "planned_on": planned_on,
                "situation": _situation(
                    state.get("state"), voted_on, planned_on, due=actor in due, on=on
                ).value,
                "contact": None if pd.isna(contact) else str(contact),
                "premises_count": int(premises.get(actor, 0)),
            }
        )
    table = pd.DataFrame(rows, columns=list(contract("vote_status").column_names))
    for name in ("on", "planned_on"):
        table[name] = pd.to_datetime(table[name]).astype("datetime64[s]")
    contract("vote_status").check(table)
    return contract("vote_status").select(table)


def _day(value: Any) -> dt.date | None:  # noqa: ANN401 (a timestamp, or what is absent)
    return None if value is None or pd.isna(value) else pd.Timestamp(value).date()


def _situation(
    state: str | None,
    voted_on: dt.date | None,
    planned_on: dt.date | None,
    *,
    due: bool,
    on: dt.date,
) -> VoteSituation:
    if not due:
        return VoteSituation.NOT_DUE
    if state in _DECIDED:
        return VoteSituation.PLANNED if voted_on and voted_on > on else _DECIDED[str(state)]
    if planned_on is None:
        return VoteSituation.UNPLANNED
    return VoteSituation.PLANNED if planned_on >= on else VoteSituation.OVERDUE


def check_quorum(votes: pd.DataFrame, rules: Iterable[QuorumRule]) -> pd.DataFrame:
    """Say what each rule asks for and whether it is reached, in whole EPCI or premises.

    A département that proposes for islands without EPCI is no EPCI: its premises count, it doesn't.

    Parameters
    ----------
    votes
        Contract ``vote_status``.
    rules
        Rules of the scenario.

    Returns
    -------
    DataFrame
        Contract ``quorum``: ``required`` is the least whole number that suffices, computed exactly.
    """
    due = votes[votes["due"].astype(bool)]
    voted = due["situation"] == VoteSituation.VOTED.value
    decided = voted | (due["situation"] == VoteSituation.REFUSED.value)
    epci = ~due["epci_siren"].astype(str).str.startswith("D")  # who proposes for islands is none
    counts = {
        "voted_epci": (int((voted & epci).sum()), int(epci.sum())),
        "decided_epci": (int((decided & epci).sum()), int(epci.sum())),
        "voted_premises": (
            int(due.loc[voted, "premises_count"].sum()), int(due["premises_count"].sum()),
        ),
    }  # fmt: skip
    rows = []
    for rule in rules:
        counted, total = counts[rule.rule]
        exact = Fraction(rule.minimum_share) * total
        least = int(exact) + 1 if rule.strict else -int(-exact // 1)
        rows.append(
            {
                "rule": rule.rule, "counted": counted, "required": least, "total": total,
                "reached": counted >= least, "source": rule.source, "synthetic": rule.synthetic,
            }
        )  # fmt: skip
    if not rows:
        return contract("quorum").empty()
    table = pd.DataFrame(rows)
    contract("quorum").check(table)
    return contract("quorum").select(table)


def adopted_programme(
    programme: pd.DataFrame,
    *,
    years: Mapping[str, int],
    sectors: gpd.GeoDataFrame,
    sector_shares: pd.DataFrame,
) -> pd.DataFrame:
    """Return what a programme decides, and on which sectors: what the register vouches for.

    Parameters
    ----------
    programme, sectors, sector_shares
        Contracts of their names.
    years
        Year of opening by sector, where years are chosen.

    Returns
    -------
    DataFrame
        Contract ``adopted_programme``, sorted by sector.
    """
    table = programme[["sector_id", "phase", "premises_count"]].sort_values(
        "sector_id", kind="stable", ignore_index=True
    )
    keys = table["sector_id"].astype(str)
    table["year"] = pd.array([years.get(key) for key in keys], dtype="Int64")
    table["sector_sha256"] = keys.map(each_sector_sha256(sectors, sector_shares))
    contract("adopted_programme").check(table)
    return contract("adopted_programme").select(table)


def programme_sha256(programme: pd.DataFrame) -> str:
    """Return the checksum of what is decided (contract ``adopted_programme``), and nothing else."""
    names = contract("adopted_programme").column_names
    lines = [",".join(names), *(",".join(cells) for cells in _decided_cells(programme).values())]
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def _decided_cells(programme: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return what is decided of each sector, as text, in their order."""
    table = programme[list(contract("adopted_programme").column_names)].sort_values("sector_id")
    return {
        str(key): (str(key), *("" if pd.isna(cell) else str(cell) for cell in cells))
        for key, *cells in table.itertuples(index=False)
    }


def compare_versions(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """List the sectors that differ: phase, year, shape or premises; those of one version only too.

    Parameters
    ----------
    before, after
        Contract ``adopted_programme``.

    Returns
    -------
    DataFrame
        Contract ``programme_changes``.
    """
    old, new = _decided_cells(before), _decided_cells(after)
    table = contract("programme_changes")
    differ = [key for key in sorted(set(old) | set(new)) if old.get(key) != new.get(key)]
    if not differ:
        return table.empty()
    none = (None,) * len(contract("adopted_programme").column_names)
    rows = []
    for key in differ:
        cells = [[cell or None for cell in version.get(key, none)] for version in (old, new)]
        pairs = [pair for column in zip(*cells, strict=True) for pair in column]
        _, _, phase, later, year, then, premises, now, shape, drawn = pairs
        redrawn = None not in {shape, drawn} and shape != drawn
        rows.append((key, phase, later, year, then, premises, now, redrawn))
    found = pd.DataFrame(rows, columns=list(table.column_names))
    for name in ("year_before", "year_after", "premises_before", "premises_after"):
        counts = [None if pd.isna(cell) else int(cell) for cell in found[name]]
        found[name] = pd.array(counts, dtype="Int64")
    table.check(found)
    return table.select(found)


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """A new entry, ready to be written.

    Parameters
    ----------
    register
        Contract ``adoptions``: the earlier entries as they were, then the new one.
    entry
        The new one.
    changes
        Contract ``programme_changes`` since the version before; empty for the first version and
        for a version that only comes further.
    """

    register: pd.DataFrame
    entry: Mapping[str, Any]
    changes: pd.DataFrame

    def summary(self, lang: str = "fr") -> str:
        """Say what is recorded."""
        changes = len(self.changes)
        first = self.entry["entry"] == 1
        since = "changed" if changes else "first" if first else "unchanged"
        return say(
            "governance.recorded", lang, version=self.entry["version"], by=self.entry["by"],
            status=ProgrammeStatus(self.entry["status"]), on=self.entry["on"].date(),
            sha=self.entry["programme_sha256"][:12],
            since=Message.of(f"governance.since_{since}", count=changes),
        )  # fmt: skip


def record_adoption(
    register: pd.DataFrame,
    programme: pd.DataFrame,
    *,
    status: ProgrammeStatus,
    on: dt.date,
    by: str,
    scenario: str,
    scenario_sha256: str,
    quorum: pd.DataFrame,
    synthetic: bool,
    previous: pd.DataFrame | None = None,
    new_version: bool = False,
) -> Adoption:
    """Add an entry to the register of adoptions.

    Parameters
    ----------
    register
        Contract ``adoptions``, as it stands.
    programme
        Contract ``adopted_programme``.
    status, on, by
        What is decided, on which day, by which body.
    scenario, scenario_sha256
        What the programme answers.
    quorum
        Contract ``quorum``, on that day; every rule must be reached for an adoption.
    synthetic
        Whether the programme rests on made-up data.
    previous
        That of the last version; needed where there is one and it differs.
    new_version
        Whether another programme may follow an adopted one.

    Raises
    ------
    RuleError
        When the register was altered, the day comes before its last entry, the status is no step
        forward, the quorum isn't reached, or an adopted programme would change silently.
    """
    check_register(register)
    sha = programme_sha256(programme)
    last = None if register.empty else register.iloc[-1]
    changes = contract("programme_changes").empty()
    version, differences = 1, None
    if last is not None:
        if pd.Timestamp(on) < last["on"]:
            raise _refused("earlier", on=on, last=last["on"].date())
        version = int(last["version"])
        if sha == last["programme_sha256"]:
            differences = None if pd.isna(last["differences_count"]) else last["differences_count"]
            if _ORDER.index(status.value) <= _ORDER.index(str(last["status"])):
                raise _refused("no_step", status=ProgrammeStatus(last["status"]), version=version)
        else:
            if previous is None or programme_sha256(previous) != last["programme_sha256"]:
                raise _refused("previous_lost", version=version)
            changes = compare_versions(previous, programme)
            differences = len(changes)
            adopted = str(last["status"]) == ProgrammeStatus.ADOPTED.value
            if adopted and not new_version:
                raise _refused("adopted_changed", version=version, count=differences)
            version += 1
    missing = quorum[~quorum["reached"].astype(bool)]
    if status is ProgrammeStatus.ADOPTED and len(missing):
        first = missing.iloc[0]
        raise _refused(
            "no_quorum", rule=Message.of(f"governance.rule_{first['rule']}"),
            counted=int(first["counted"]), required=int(first["required"]),
            total=int(first["total"]),
        )  # fmt: skip
    entry = {
        "entry": len(register) + 1, "version": version, "status": status.value,
        "on": pd.Timestamp(on), "by": by, "scenario": scenario,
        "scenario_sha256": scenario_sha256, "programme_sha256": sha,
        "differences_count": differences,
        "synthetic": synthetic or bool(quorum["synthetic"].any()),
        "previous_sha256": None if last is None else _entry_sha256(last.to_dict()),
    }  # fmt: skip
    entry["entry_sha256"] = _own_sha256(entry)
    table = _typed([*register.to_dict("records"), entry])
    contract("adoptions").check(table)
    return Adoption(register=table, entry=entry, changes=changes)


def _typed(rows: list[Any]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(contract("adoptions").column_names))
    table["on"] = pd.to_datetime(table["on"]).astype("datetime64[s]")
    table["synthetic"] = table["synthetic"].astype(bool)
    for name in ("entry", "version"):
        table[name] = table[name].astype("int64")
    counts = [None if pd.isna(value) else int(value) for value in table["differences_count"]]
    table["differences_count"] = pd.array(counts, dtype="Int64")
    return contract("adoptions").select(table)


def check_register(register: pd.DataFrame) -> None:
    """Raise unless every entry still holds its own checksum and that of the one before.

    Raises
    ------
    RuleError
        Naming the first entry that doesn't follow.
    """
    contract("adoptions").check(register)
    before: dict[Any, Any] | None = None
    for number, row in enumerate(register.sort_values("entry").to_dict("records"), start=1):
        held = None if pd.isna(row["previous_sha256"]) else str(row["previous_sha256"])
        expected = None if before is None else _entry_sha256(before)
        if row["entry"] != number or held != expected:
            raise _refused("altered", entry=number)
        if row["entry_sha256"] != _own_sha256(row):
            raise _refused("rewritten", entry=number)
        before = row


def check_versions(
    register: pd.DataFrame,
    programmes: Mapping[int, pd.DataFrame],
    changes: Mapping[int, pd.DataFrame],
) -> None:
    """Raise unless what is kept of each version is what was entered.

    Parameters
    ----------
    register
        Contract ``adoptions``.
    programmes
        Contract ``adopted_programme`` of the versions whose file is there.
    changes
        Contract ``programme_changes`` of those that state what they change.

    Raises
    ------
    RuleError
        Naming the first version whose programme or differences were altered.
    """
    entered = dict(zip(register["version"], register["programme_sha256"], strict=True))
    for version, programme in sorted(programmes.items()):
        if programme_sha256(programme) != entered.get(version):
            raise _refused("version_altered", version=version)
    for version, stated in sorted(changes.items()):
        if version > 1 and not {version - 1, version} <= set(programmes):
            continue
        counted = (
            compare_versions(programmes[version - 1], programmes[version])
            if version > 1
            else contract("programme_changes").empty()  # the first has nothing to differ from
        )
        if _stated(stated) != _stated(counted):
            raise _refused("changes_altered", version=version)


def _stated(changes: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return differences as text, in order: a file doesn't say which whole numbers may lack."""
    table = changes[list(contract("programme_changes").column_names)]
    rows = table.itertuples(index=False)
    return sorted(tuple("" if pd.isna(cell) else str(cell) for cell in row) for row in rows)


def register_text(register: pd.DataFrame) -> str:
    """Return the register as the CSV that is kept: what came before is the beginning of it."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(contract("adoptions").column_names)
    rows = register.sort_values("entry").to_dict("records")
    return out.getvalue() + "".join(_line(row) for row in rows)


def _line(row: Mapping[Any, Any], *, but: str = "") -> str:
    out = io.StringIO()
    cells = []
    for column in contract("adoptions").columns:
        value = row[column.name] if column.name != but else None
        if value is None or pd.isna(value):
            cells.append("")
        elif column.type == "date":
            cells.append(pd.Timestamp(value).date().isoformat())
        elif column.type == "bool":
            cells.append("true" if value else "false")
        else:
            cells.append(str(value))
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def _entry_sha256(row: Mapping[Any, Any]) -> str:
    return hashlib.sha256(_line(row).encode()).hexdigest()


def _own_sha256(row: Mapping[Any, Any]) -> str:
    return hashlib.sha256(_line(row, but="entry_sha256").encode()).hexdigest()


def _refused(problem: str, **values: object) -> RuleError:
    return RuleError(
        Message.of(f"governance.{problem}", **values),
        Message.of(f"governance.{problem}_remedy", **values),
    )

"""The register of Axe 3, whatever database keeps it: one interface, one schema.

Whatever is acknowledged is on disk: each batch is one transaction.  The journal can't be changed
(triggers refuse it) and each event bears a fingerprint of the one before, so that a journal touched
behind the triggers shows it.  People are in two tables apart, that an erasure empties.
"""

from __future__ import annotations

import abc
import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Final, Self

import pandas as pd

from planner.contracts import Contract
from planner.errors import DataFileError, RuleError, UnknownNameError
from planner.io.register_rows import FOLLOWS, Added, fingerprint, quoted, rows_of
from planner.schemas import contract
from planner.schemas._register import STORED
from planner.texts import Message
from planner.vocab import RequestEvent

__all__ = ["FOLLOWS", "Added", "Register"]

_ERASED: Final = ("request_contacts", "request_notes", "request_assessments", "request_reasons")
_PANDAS: Final[dict[str, Any]] = {
    "str": "str",
    "int": "Int64",
    "float": "float64",
    "bool": "boolean",
}
_AT_ONCE: Final = 400  # identifiers asked for in one statement
_NOT_STEPS: Final = (RequestEvent.ASSESSED.value, RequestEvent.CORRECTED.value)
_START: Final = "0" * 64
_JOURNAL: Final = ("event_id", "request_id", "event", "on", "eligibility", "amount_cents", "plan")


class Register(abc.ABC):
    """An open register; use it as a context.

    Statements are in the SQL that both stores understand, with ``?`` for values.

    Parameters
    ----------
    label
        How the store is named to its reader; never with a password.
    """

    def __init__(self, label: str) -> None:
        self.label = label

    def __enter__(self) -> Self:
        """Return the register."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of the database."""

    @abc.abstractmethod
    def _execute(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement; return its rows, dates as ISO text and booleans as 0 and 1."""

    @abc.abstractmethod
    def _write(self, table: Contract, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows, as :func:`_rows` makes them."""

    @abc.abstractmethod
    def _writing(self) -> AbstractContextManager[None]:
        """Open a transaction that one writer at a time is in: all of it is kept, or nothing."""

    @abc.abstractmethod
    def _reading(self) -> AbstractContextManager[None]:
        """Open a transaction that sees one state of the database."""

    @abc.abstractmethod
    def _told(self) -> AbstractContextManager[None]:
        """Turn what the database refuses into a failure with its remedy."""

    @abc.abstractmethod
    def _unplace(self, request_id: str) -> None:
        """Take the point of a request out of the map layer."""

    def _rewrite(self) -> None:  # noqa: B027 (not every store needs it)
        """Leave no dead row in the tables, inside the transaction of an erasure."""

    def _scrub(self) -> None:  # noqa: B027 (same)
        """Leave no byte of what was deleted, after the transaction of an erasure."""

    # -------------------------------------------------------------------------------- requests

    def add(self, requests: pd.DataFrame, contacts: pd.DataFrame, *, on: dt.date) -> Added:
        """Write requests with their people in one transaction: all of them are kept, or none.

        Parameters
        ----------
        requests, contacts
            Contracts ``requests`` and ``request_contacts``, one row of each a request.
        on
            Day written in the journal where a request has no day of reception.

        Raises
        ------
        ContractError
            When a table breaks its contract.
        """
        for name, frame in (("requests", requests), ("request_contacts", contacts)):
            contract(name).check(frame)
        rows = {str(row[0]): row for row in rows_of("requests", requests)}
        people = {str(row[0]): row for row in rows_of("request_contacts", contacts)}
        nobody = [None] * (len(contract("request_contacts").columns) - 1)
        found: dict[str, list[str]] = {"new": [], "known": [], "different": [], "erased": []}
        persons = {request: people.get(request, (request, *nobody)) for request in rows}
        with self._told(), self._writing():
            gone = self._ids_with(RequestEvent.ERASED)
            there = self._rows_of("requests", rows)
            known = self._rows_of("request_contacts", there)
            for request, row in rows.items():
                if request in gone:
                    found["erased"].append(request)
                elif request not in there:
                    found["new"].append(request)
                else:
                    same = (there[request], known.get(request)) == (row, persons[request])
                    found["known" if same else "different"].append(request)
            new = found["new"]
            self._write(contract("requests"), [rows[request] for request in new])
            self._write(contract("request_contacts"), [persons[request] for request in new])
            day = contract("requests").column_names.index("received_on")
            self._log(
                [
                    (request, RequestEvent.RECEIVED, rows[request][day] or on.isoformat(), {})
                    for request in new
                ]
            )
        return Added(**{name: tuple(ids) for name, ids in found.items()})

    def correct(
        self, requests: pd.DataFrame, contacts: pd.DataFrame, *, on: dt.date
    ) -> dict[str, tuple[str, ...]]:
        """Put requests right in place, in one transaction; their answers wait for the next one.

        The journal says that each was corrected, and when; what stood there before is a note of
        that event, apart with the personal data, that an erasure empties too.

        Parameters
        ----------
        requests, contacts
            Contracts ``requests`` and ``request_contacts``: the whole request as it is to be.
        on
            Day of the correction.

        Returns
        -------
        dict
            Request to the columns that changed; one that changes nothing is left as it is.

        Raises
        ------
        ContractError
            When a table breaks its contract.
        UnknownNameError
            When the register has no such request; nothing is written then.
        RuleError
            When one is withdrawn or erased, or the day comes before its last step.
        """
        given = {"requests": requests, "request_contacts": contacts}
        wanted: dict[str, dict[str, tuple[Any, ...]]] = {}
        for name, frame in given.items():
            contract(name).check(frame)
            wanted[name] = {str(row[0]): row for row in rows_of(name, frame)}
        changed: dict[str, tuple[str, ...]] = {}
        with self._told(), self._writing():
            for request in wanted["requests"]:
                self._known(request)
                last, day = self._last_step(request)
                if not FOLLOWS[last]:
                    raise _rule("correct_gone", request=request, last=last)
                if on < day:
                    raise _rule("step_day", request=request, on=on, day=day)
                former = self._replace(
                    request, {n: rows.get(request) for n, rows in wanted.items()}
                )
                if not former:
                    continue
                for name in ("request_assessments", "request_reasons"):
                    self._execute(f"DELETE FROM {name} WHERE request_id = ?", (request,))  # noqa: S608 (a name of ours)
                number = self._log([(request, RequestEvent.CORRECTED, on.isoformat(), {})])
                note = json.dumps(former, ensure_ascii=False, sort_keys=True)
                self._write(contract("request_notes"), [(number, request, note)])
                changed[request] = tuple(sorted(former))
        return changed

    def _replace(
        self, request: str, rows: Mapping[str, tuple[Any, ...] | None]
    ) -> dict[str, object]:
        """Write the rows of a request anew; return what stood in the columns that changed."""
        former: dict[str, object] = {}
        for name, row in rows.items():
            before = self._rows_of(name, [request]).get(request)
            if row is None or row == before:
                continue
            columns = contract(name).column_names
            held = before or (None,) * len(columns)
            former |= {c: old for c, old, new in zip(columns, held, row, strict=True) if old != new}
            self._execute(f"DELETE FROM {name} WHERE request_id = ?", (request,))  # noqa: S608 (a name of ours)
            self._write(contract(name), [row])
        return former

    def table(self, name: str) -> pd.DataFrame:
        """Return a table under its contract, sorted by key."""
        return self.tables(name)[name]

    def tables(self, *names: str) -> dict[str, pd.DataFrame]:
        """Return tables under their contracts, as they stood at one moment; default: every one."""
        with self._told(), self._reading():
            return {name: self._read(contract(name)) for name in names or STORED}

    def live_requests(self) -> pd.DataFrame:
        """Return the requests that are neither erased nor withdrawn."""
        with self._told(), self._reading():
            gone = self._ids_with(RequestEvent.ERASED) | self._ids_with(RequestEvent.WITHDRAWN)
            frame = self._read(contract("requests"))
        return frame[~frame["request_id"].isin(gone)].reset_index(drop=True)

    def record(
        self,
        request_id: str,
        event: RequestEvent,
        *,
        on: dt.date,
        amount_cents: int | None = None,
        note: str | None = None,
    ) -> None:
        """Write a decision, a funding or a step into the journal; the note stays apart.

        Raises
        ------
        UnknownNameError
            When the register has no such request.
        RuleError
            When the step can't follow the last one (:data:`FOLLOWS`), comes before it in time, or
            when an amount is missing from a funding, or given to another step.
        """
        with self._told(), self._writing():
            self._known(request_id)
            last, day = self._last_step(request_id)
            said = {"request": request_id, "event": event, "last": last, "on": on, "day": day}
            if event not in FOLLOWS[last]:
                raise _rule("step", **said)
            if on < day:
                raise _rule("step_day", **said)
            if (amount_cents is not None) != (event is RequestEvent.FUNDED):
                raise _rule("step_amount", **said)
            number = self._log(
                [(request_id, event, on.isoformat(), {"amount_cents": amount_cents})]
            )  # fmt: skip
            if note:
                self._write(contract("request_notes"), [(number, request_id, note)])

    def keep_assessment(
        self,
        assessments: pd.DataFrame,
        reasons: pd.DataFrame,
        *,
        compare: Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame],
        on: dt.date,
        plan: str,
    ) -> pd.DataFrame:
        """Put new answers in the place of the old ones, and the changed ones into the journal.

        Parameters
        ----------
        assessments, reasons
            Contracts ``request_assessments`` and ``request_reasons``.
        compare
            Lists the changed answers (:func:`planner.register.compare_assessments`).
        on, plan
            Day of the assessment and name of the plan.

        Returns
        -------
        DataFrame
            Contract ``request_changes``.
        """
        with self._told(), self._writing():
            gone = self._ids_with(RequestEvent.ERASED) | self._ids_with(RequestEvent.WITHDRAWN)
            # someone may have been erased since the requests were read
            assessments = assessments[~assessments["request_id"].isin(gone)]
            reasons = reasons[~reasons["request_id"].isin(gone)]
            before = self._read(contract("request_assessments"))
            changes = compare(before[~before["request_id"].isin(gone)], assessments)
            for name, frame in (("request_assessments", assessments), ("request_reasons", reasons)):
                contract(name).check(frame)
                self._execute(f"DELETE FROM {name}")  # noqa: S608 (a name of ours)
                self._write(contract(name), rows_of(name, frame))
            self._log(
                [
                    (
                        str(change["request_id"]), RequestEvent.ASSESSED, on.isoformat(),
                        {"eligibility": str(change["after"]), "plan": plan},
                    )
                    for change in changes.to_dict("records")
                    if not pd.isna(change["after"])
                ]
            )  # fmt: skip
        return changes

    # --------------------------------------------------------------------------- rights of people

    def everything_about(self, request_id: str) -> dict[str, list[dict[str, Any]]]:
        """Return every row that the register holds of a request, for the person that it is about.

        Raises
        ------
        UnknownNameError
            When the register has no such request.
        """
        with self._told(), self._reading():
            self._known(request_id)
            found = {}
            for name in STORED:
                columns = contract(name).column_names
                order = ", ".join(contract(name).key)
                rows = self._execute(
                    f"SELECT {quoted(columns)} FROM {name} "  # noqa: S608 (names of ours)
                    f"WHERE request_id = ? ORDER BY {order}",
                    (request_id,),
                )
                found[name] = [dict(zip(columns, row, strict=True)) for row in rows]
        return found

    def erase(self, request_ids: Sequence[str], *, on: dt.date) -> None:
        """Erase the people of these requests, their places and answers; no byte of them is left.

        What stays is the kind, the commune and the coded journal, so that figures stay right.

        Raises
        ------
        UnknownNameError
            When the register has no such request; nothing is erased then.
        DataFileError
            When another agent holds the database: see the message for what is left to do.
        """
        with self._told():
            with self._writing():
                gone = self._ids_with(RequestEvent.ERASED)
                wanted = sorted(set(request_ids))
                for request in wanted:
                    self._known(request)
                    for name in _ERASED:
                        self._execute(
                            f"DELETE FROM {name} WHERE request_id = ?",  # noqa: S608 (same)
                            (request,),
                        )
                    self._unplace(request)
                    self._execute(
                        "UPDATE requests SET x_m = NULL, y_m = NULL, supply_evidence = NULL, "
                        "supply_on = NULL, supply_mbps = NULL, need_mbps = NULL, "
                        "place_source = NULL, place_score = NULL WHERE request_id = ?",
                        (request,),
                    )
                self._log(
                    [
                        (request, RequestEvent.ERASED, on.isoformat(), {})
                        for request in wanted
                        if request not in gone
                    ]
                )
                self._rewrite()
            self._scrub()

    # ------------------------------------------------------------------------------- the journal

    def check_journal(self) -> tuple[int, str, int | None]:
        """Follow the fingerprints of the journal.

        Returns
        -------
        tuple of int, str, int or None
            How many events there are, the fingerprint of the last one (noted elsewhere, it shows
            that none was cut off the end), and the first event that was touched, if one was.
        """
        with self._told(), self._reading():
            rows = self._execute(
                f"SELECT {quoted(_JOURNAL)}, chain FROM request_journal ORDER BY event_id"  # noqa: S608 (same)
            )
        before, touched = _START, None
        for number, row in enumerate(rows, start=1):
            expected = fingerprint(before, row[:-1])
            if touched is None and (row[0] != number or row[-1] != expected):
                touched = int(row[0])
            before = str(row[-1])
        return len(rows), before, touched

    def _log(self, events: Sequence[tuple[str, RequestEvent, str, Mapping[str, Any]]]) -> int:
        """Write events, each with the fingerprint of all before it; return the last number."""
        tail = self._execute(
            "SELECT event_id, chain FROM request_journal ORDER BY event_id DESC LIMIT 1"
        )
        number, before = tail[0] if tail else (0, _START)
        rows = []
        for request, event, on, more in events:
            number += 1
            row = (
                number, request, event.value, on, more.get("eligibility"),
                more.get("amount_cents"), more.get("plan"),
            )  # fmt: skip
            before = fingerprint(before, row)
            rows.append((*row, before))
        self._write(contract("request_journal"), rows)
        return int(number)

    def _last_step(self, request_id: str) -> tuple[RequestEvent, dt.date]:
        event, day = self._execute(
            'SELECT event, "on" FROM request_journal WHERE request_id = ? '
            "AND event NOT IN (?, ?) ORDER BY event_id DESC LIMIT 1",
            (request_id, *_NOT_STEPS),
        )[0]
        return RequestEvent(event), dt.date.fromisoformat(day)

    # -------------------------------------------------------------------------------------- rows

    def _known(self, request_id: str) -> None:
        if not self._rows_of("requests", [request_id]):
            raise UnknownNameError(
                Message.of("register.unknown_request", request=request_id, file=self.label),
                Message.of("register.unknown_request_remedy"),
            )

    def _ids_with(self, event: RequestEvent) -> set[str]:
        found = self._execute(
            "SELECT DISTINCT request_id FROM request_journal WHERE event = ?", (event.value,)
        )
        return {str(request) for (request,) in found}

    def _rows_of(self, name: str, requests: Iterable[str]) -> dict[str, tuple[Any, ...]]:
        """Return the rows of these requests in a table that has one a request."""
        wanted = list(requests)
        found: dict[str, tuple[Any, ...]] = {}
        columns = quoted(contract(name).column_names)
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            rows = self._execute(
                f"SELECT {columns} FROM {name} WHERE request_id IN ({marks})",  # noqa: S608 (names of ours)
                some,
            )
            found |= {str(row[0]): row for row in rows}
        return found

    def _read(self, table: Contract) -> pd.DataFrame:
        columns = quoted(table.column_names)
        rows = self._execute(f"SELECT {columns} FROM {table.name}")  # noqa: S608 (same)
        frame = pd.DataFrame(rows, columns=list(table.column_names), dtype="object")
        for column in table.columns:
            if column.type == "date":
                frame[column.name] = pd.to_datetime(frame[column.name], format="%Y-%m-%d")
            else:
                frame[column.name] = frame[column.name].astype(_PANDAS[column.type])
        return table.select(frame)

    def _failure(self, key: str, **values: object) -> DataFileError:
        told = {"file": self.label, **values}
        return DataFileError(
            Message.of(f"register.{key}", **told), Message.of(f"register.{key}_remedy", **told)
        )


def _rule(key: str, **values: object) -> RuleError:
    return RuleError(
        Message.of(f"register.{key}", **values), Message.of(f"register.{key}_remedy", **values)
    )

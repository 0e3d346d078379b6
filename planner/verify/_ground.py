"""What the tables of a plan say, read once, and what every judge of them asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pandas as pd

from planner.scenario import Scenario
from planner.schemas import CONTRACTS, contract
from planner.sector_names import sector_names
from planner.texts import Message, call_sector
from planner.verify._verdict import Breach
from planner.vocab import DeliberationState, EnvelopeUnit, Wish

__all__ = ["Ground", "is_none"]


def is_none(value: Any) -> bool:  # noqa: ANN401 (a cell)
    """Return whether a cell is absent."""
    return bool(pd.isna(value))


def _is_of_sectors(values: Mapping[str, object]) -> bool:
    """Return whether a check is of the rows of a table that has one a sector."""
    table = CONTRACTS.get(str(values.get("table")))
    return table is not None and table.key == ("sector_id",)


def _is_one_wish(row: Mapping[str, Any]) -> bool:
    """Return whether a wish isn't a refusal of what is asked for too: such a one doesn't count."""
    asked = any(not is_none(row.get(column)) for column in ("rank", "points"))
    return not ((asked or is_approved(row)) and row["wish"] == Wish.REFUSED.value)


def is_approved(row: Mapping[str, Any]) -> bool:
    """Return whether a wish is an approval beside another."""
    return not is_none(row.get("approved")) and bool(row["approved"])


class Ground:
    """The tables by their keys, and the checks made on them.

    Parameters
    ----------
    tables
        Tables of a plan; one that isn't there is empty.
    scenario
        What was asked.
    elsewhere
        Who wished on other sectors: the tables are without these wishes.
    """

    def __init__(
        self,
        tables: Mapping[str, pd.DataFrame],
        scenario: Scenario,
        *,
        elsewhere: frozenset[str] = frozenset(),
    ) -> None:
        self.tables = tables
        self.elsewhere = elsewhere
        self.names = sector_names(tables.get("sectors"))
        self._read: dict[str, list[dict[str, Any]]] = {}
        self.scenario = scenario
        self.cents_per_line = scenario.contribution.cents_per_line
        self.checks: dict[str, int] = defaultdict(int)
        self.breaches: list[Breach] = []
        self.sector = {str(row["sector_id"]): row for row in self.rows("sectors")}
        self.decided = {str(row["sector_id"]): row for row in self.rows("programme")}
        self.granted = {str(row["epci_siren"]): row for row in self.rows("envelopes")}
        self.state = {str(row["epci_siren"]): row for row in self.rows("deliberations")}
        self.voted = {
            actor
            for actor, row in self.state.items()
            if row["state"] == DeliberationState.VOTED.value
        }
        self.shares: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self.lines: dict[tuple[str, str], int] = defaultdict(int)
        """Lines of each actor in each phase."""
        for row in self.rows("sector_shares"):
            key = str(row["sector_id"])
            siren = "" if is_none(row["epci_siren"]) else str(row["epci_siren"])
            actor = siren or f"D{self.sector[key]['departement']}"
            self.shares[key].append((actor, int(row["premises_count"])))
        for key, parts in self.shares.items():
            phase = str(self.decided[key]["phase"]) if key in self.decided else ""
            for actor, count in parts:
                self.lines[actor, phase] += count

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a table, the same at each call; none when it isn't there."""
        frame = self.tables.get(name)
        if frame is None:
            return []
        if name not in self._read:
            wanted = [column for column in contract(name).column_names if column in frame.columns]
            records = pd.DataFrame(frame[wanted]).to_dict("records")
            rows = [{str(k): v for k, v in row.items()} for row in records]
            self._read[name] = list(filter(_is_one_wish, rows)) if name == "ballots" else rows
        return self._read[name]

    def check(
        self, rule: str, place: str, *, broken: bool, excess: int | None = None, **values: object
    ) -> None:
        """Count one check, and keep its breach."""
        self.checks[rule] += 1
        if broken:
            words = f"verify.{rule.replace('.', '_')}"
            called = call_sector(place, self.names) if _is_of_sectors(values) else place
            message = Message.of(words, place=place, called=called, excess=excess, **values)
            message = message.naming(self.names)
            self.breaches.append(Breach(rule=rule, place=place, message=message, excess=excess))

    def cell(self, table: str, place: str, column: str, said: object, worth: object) -> None:
        """Check one cell against what it should hold; absent is as good as absent only."""
        none = [is_none(value) for value in (said, worth)]
        broken = none[0] != none[1] or (not none[0] and str(said) != str(worth))
        shown = ["—" if absent else str(v) for absent, v in zip(none, (said, worth), strict=True)]
        self.check(
            "cell", place, broken=broken, table=table, column=column, said=shown[0], worth=shown[1]
        )

    def granted_room(self, actor: str) -> int | None:
        """Return what an actor was granted, credit added, in its own unit; None where unknown."""
        row = self.granted.get(actor)
        if row is None or is_none(row["amount"]):
            return None
        if row["unit"] == EnvelopeUnit.LINES.value:
            return int(row["amount"])
        return int(row["amount"]) * 100 + self.credit(actor)

    def room(self, actor: str) -> int | None:
        """Return what an actor may use, in its own unit; None without a vote."""
        return (self.granted_room(actor) or 0) if actor in self.voted else None

    def credit(self, actor: str) -> int:
        """Return the credit of an actor, in cents; 0 where there is none."""
        row = self.granted.get(actor)
        if row is None or is_none(row["med_credit_cents"]):
            return 0
        return int(row["med_credit_cents"])

    def need(self, actor: str, lines: int) -> int:
        """Return what lines take of an actor's envelope, in its unit."""
        return lines * self.cents_per_line if self.in_euros(actor) else lines

    def in_euros(self, actor: str) -> bool:
        """Return whether an actor's envelope is in euros."""
        row = self.granted.get(actor)
        return row is not None and bool(row["unit"] == EnvelopeUnit.EUR.value)

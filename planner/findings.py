"""What is legal but deserves to be checked: each with a stable rule, a place, a count, a remedy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from planner.schemas import contract
from planner.texts import Message
from planner.vocab import Severity

__all__ = ["Finding", "Findings"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing to check.

    Parameters
    ----------
    rule
        Stable identifier of the rule; its sentences are the texts ``<rule>`` and
        ``<rule>_remedy``, for example ``coverage.over_100``.
    severity
        How much it matters.
    table
        Table concerned.
    place
        Key of the row, or name of the territory.
    count
        How many rows or premises it concerns.
    values
        Values that the sentence names, beside ``place`` and ``count``.
    """

    rule: str
    severity: Severity
    table: str
    place: str
    count: int = 1
    values: tuple[tuple[str, object], ...] = ()

    @classmethod
    def of(
        cls,
        rule: str,
        *,
        severity: Severity,
        table: str,
        place: str,
        count: int = 1,
        **values: object,
    ) -> Finding:
        """Make a finding whose sentence names ``values``."""
        return cls(
            rule=rule, severity=severity, table=table, place=place, count=count,
            values=tuple(sorted(values.items())),
        )  # fmt: skip

    @property
    def message(self) -> Message:
        """What was found."""
        return Message.of(self.rule, place=self.place, count=self.count, **dict(self.values))

    @property
    def remedy(self) -> Message:
        """What to do about it."""
        return Message.of(
            f"{self.rule}_remedy", place=self.place, count=self.count, **dict(self.values)
        )

    @property
    def finding_id(self) -> str:
        """A short identifier that stays the same as long as rule, table and place do."""
        text = f"{self.rule}|{self.table}|{self.place}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Findings:
    """Findings in their order of rule, table and place, whatever order they came in."""

    items: tuple[Finding, ...] = ()

    @classmethod
    def collect(cls, *groups: Iterable[Finding]) -> Findings:
        """Gather findings, each once, in their order."""
        every = {(f.rule, f.table, f.place): f for group in groups for f in group}
        return cls(tuple(every[key] for key in sorted(every)))

    def naming(
        self, names: Mapping[str, str], *, epci: Mapping[str, str] | None = None
    ) -> Findings:
        """Return the same, sectors (and EPCI, where given) called by their names too."""
        called = {"sector_names": names} | ({"epci_names": epci} if epci else {})
        if not any(called.values()):
            return self
        return Findings(
            tuple(
                replace(f, values=tuple(sorted({**dict(f.values), **called}.items())))
                for f in self.items
            )
        )

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def table(self, lang: str = "fr") -> pd.DataFrame:
        """Return the contracted table ``findings``, in words."""
        rows = [
            (
                f.finding_id, f.rule, f.severity.value, f.table, f.place, f.count,
                f.message.say(lang), f.remedy.say(lang),
            )
            for f in self.items
        ]  # fmt: skip
        if not rows:
            return contract("findings").empty()
        return pd.DataFrame(rows, columns=list(contract("findings").column_names))

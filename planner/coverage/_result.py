"""The result of a measure: the table, its referential, what to check, and the counts behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.coverage._cells import CoverageCounter
from planner.coverage._places import CellPlaces
from planner.coverage._referential import Rate, Referential
from planner.errors import UnknownNameError
from planner.findings import Finding, Findings
from planner.schemas import contract
from planner.territory import Territory
from planner.texts import Message, say
from planner.vocab import Level, Phase, PremiseState, Severity

__all__ = [
    "Counted", "Coverage", "LevelRows", "build_table", "is_day", "null_states", "numerators",
    "over_100",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Coverage by territory on a day.

    Parameters
    ----------
    table
        The contracted table ``coverage``, by level (in the order of the vocabulary) then code.
    referential
        What every rate of the table counts.
    findings
        What is legal but deserves to be checked.
    details
        The counts that the table sums, one row a commune (or commune × sector, from points).
    """

    table: pd.DataFrame
    referential: Referential
    findings: Findings
    details: pd.DataFrame

    def rate(self, level: Level, code: str) -> Rate:
        """Return the coverage rate of one territory.

        Parameters
        ----------
        level
            Its level.
        code
            Its INSEE code, SIREN, zone or sector.

        Raises
        ------
        UnknownNameError
            When the table has no such row.
        """
        rows = self.table[(self.table["level"] == level.value) & (self.table["code"] == code)]
        if rows.empty:
            raise UnknownNameError(
                Message.of("coverage.no_row", level=level, code=code),
                Message.of("coverage.no_row_remedy", level=level),
            )
        denominator = int(rows["denominator_count"].iloc[0])
        numerator = numerators(rows, self.referential).iloc[0]
        return Rate(
            numerator=None if pd.isna(numerator) else int(numerator),
            denominator=denominator,
            referential=self.referential,
        )

    def at(self, level: Level) -> pd.DataFrame:
        """Return the rows of one level, copied."""
        return self.table[self.table["level"] == level.value].reset_index(drop=True)

    def premises_layer(
        self, territory: Territory, programme: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """Return the premises with what the measure says of each.

        Parameters
        ----------
        territory, programme
            Those that were measured.

        Returns
        -------
        DataFrame
            The rows and columns of ``territory.premises`` in their order, and two categories:
            ``phase`` (absent outside every sector of the public area) and ``state`` (absent when
            it is not known on the day of the measure).
        """
        counter = CoverageCounter.of(territory)
        place = CellPlaces.of(counter, programme)
        states = counter.states_on(self.referential.on)
        if states is None:
            states = np.full(len(territory.premises), -1, dtype=np.int8)
        phase = place.phase[counter.labels].astype(np.int8)
        layer = territory.premises.copy()
        layer["phase"] = pd.Categorical.from_codes(phase, pd.Index(Phase.codes()))
        layer["state"] = pd.Categorical.from_codes(states, pd.Index(PremiseState.codes()))
        return layer

    def summary(self, lang: str = "fr") -> str:
        """Say what was measured over the highest level of the table, in one sentence."""
        if self.table.empty:
            return say("coverage.summary_empty", lang)
        first = self.table.iloc[0]
        rate = self.rate(Level(first["level"]), str(first["code"]))
        return say(
            "coverage.summary", lang, nom=first["nom"], rate=rate, findings=len(self.findings)
        )


def numerators(table: pd.DataFrame, referential: Referential) -> pd.Series:
    """Return the numerator of each row: the sum of its counted states, null where one is."""
    columns = [f"{state.value}_count" for state in referential.states]
    return table[columns].astype("Int64").sum(axis=1, skipna=False)


@dataclass(frozen=True, eq=False)
class Counted:
    """A quantity by cell; ``null`` marks the cells where it is not known.

    Parameters
    ----------
    values
        Counts.
    null
        Where they are unknown; None where all are known.
    known
        False for a quantity that was never counted: its sum over no cell is unknown too, where
        that of a counted quantity is zero.
    """

    values: NDArray[np.int64]
    null: NDArray[np.bool_] | None = None
    known: bool = True

    @classmethod
    def unknown(cls, length: int) -> Counted:
        """Make a quantity that is known nowhere."""
        return cls(np.zeros(length, dtype=np.int64), known=False)

    @property
    def total(self) -> int:
        """What is known, summed over all cells."""
        return int(self.values.sum())

    def summed(self, rows: NDArray[np.int64], length: int) -> pd.Series:
        """Sum by row; a sum over an unknown count is unknown, a sum over nothing is zero."""
        kept = rows >= 0
        total = np.zeros(length, dtype=np.int64)
        np.add.at(total, rows[kept], self.values[kept])
        unknown = np.full(length, not self.known)
        if self.null is not None:
            unknown[rows[kept & self.null]] = True
        return pd.Series(pd.arrays.IntegerArray(total, unknown))


@dataclass(frozen=True, eq=False)
class LevelRows:
    """The territories of a level, and the row that each cell belongs to (-1 for none)."""

    level: Level
    codes: NDArray[np.object_]
    names: NDArray[np.object_]
    rows: NDArray[np.int64]


def build_table(
    levels: tuple[LevelRows, ...],
    columns: Mapping[str, Counted],
    referential: Referential,
    *,
    synthetic: bool,
) -> pd.DataFrame:
    """Sum quantities by territory, level after level, into the contracted table ``coverage``."""
    blocks = [_block(level, columns, referential) for level in levels if level.codes.size]
    if not blocks:
        return contract("coverage").empty()
    table = pd.concat(blocks, ignore_index=True)
    numerator = numerators(table, referential).to_numpy(dtype=np.float64, na_value=np.nan)
    denominator = table["denominator_count"].to_numpy(dtype=np.float64, na_value=np.nan)
    denominator[denominator == 0] = np.nan
    table["coverage_rate"] = numerator / denominator
    table["referential"] = referential.say("fr")
    table["synthetic"] = synthetic
    return table[list(contract("coverage").column_names)]


def _block(
    level: LevelRows, columns: Mapping[str, Counted], referential: Referential
) -> pd.DataFrame:
    length = len(level.codes)
    return pd.DataFrame(
        {
            "level": pd.Series([level.level.value] * length, dtype="str"),
            "code": pd.Series(level.codes, dtype="str"),
            "nom": pd.Series(level.names, dtype="str"),
            "on": pd.Series([referential.on] * length, dtype="datetime64[s]"),
        }
        | {name: counted.summed(level.rows, length) for name, counted in columns.items()}
    )


def over_100(table: pd.DataFrame, referential: Referential) -> Iterator[Finding]:
    """Find the territories where more premises are counted above than below."""
    top = numerators(table, referential)
    over = (top > table["denominator_count"]).fillna(value=False).to_numpy(dtype=bool)
    for row in np.flatnonzero(over):
        premises = int(table["denominator_count"].iloc[row])
        numerator = int(top.iloc[row])
        yield Finding.of(
            "coverage.over_100",
            severity=Severity.WARNING,
            table="coverage",
            place=str(table["code"].iloc[row]),
            count=numerator - premises,
            level=Level(table["level"].iloc[row]),
            nom=str(table["nom"].iloc[row]),
            numerator=numerator,
            denominator=premises,
        )


def null_states(length: int) -> dict[str, Counted]:
    """Return a column a state, none of them known."""
    return {f"{state.value}_count": Counted.unknown(length) for state in PremiseState}


def is_day(on: dt.date) -> dt.date:
    """Return the day of a date or of a moment."""
    return on.date() if isinstance(on, dt.datetime) else on

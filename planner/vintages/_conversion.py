"""How one map becomes another, through the smallest parts that they have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import pandas as pd

from planner.apportion import ShareTies, apportion
from planner.errors import RuleError
from planner.findings import Finding, Findings
from planner.schemas import contract
from planner.texts import Message, say
from planner.vocab import Severity

NOBODY: Final = ""


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """How one map becomes another.

    Parameters
    ----------
    table
        Contract ``conversions``.
    """

    table: pd.DataFrame

    @cached_property
    def targets(self) -> Mapping[str, Mapping[str, int]]:
        """Place on the map from to the places that it goes to, with their weight."""
        found: dict[str, dict[str, int]] = {}
        for row in self.table.to_dict("records"):
            found.setdefault(str(row["code_from"]), {})[str(row["code_to"])] = int(row["weight"])
        return found

    @property
    def is_lossless(self) -> bool:
        """Whether every place goes whole to a place of its own: a map and back changes nothing."""
        reached = [code for codes in self.targets.values() for code in codes]
        return len(reached) == len(set(reached)) == len(self.targets)

    @property
    def splits(self) -> pd.DataFrame:
        """The rows of places that go to several."""
        return self.table[self.table["is_split"].astype(bool)].reset_index(drop=True)

    def invert(self) -> Conversion:
        """Return the way back, by the same weights."""
        swapped = self.table.rename(
            columns={
                "code_from": "code_to", "code_to": "code_from",
                "map_from": "map_to", "map_to": "map_from",
            }
        )  # fmt: skip
        return Conversion(table=_completed(swapped))

    def then(self, following: Conversion) -> Conversion:
        """Return this conversion followed by another whose places are all whole.

        Raises
        ------
        RuleError
            When the second one splits a place: what is in common isn't known from the two alone.
        """
        split = following.splits["code_from"].astype(str)
        if len(split):
            raise refused("split_on_the_way", code=split.iloc[0], count=split.nunique())
        onward = {code: next(iter(codes)) for code, codes in following.targets.items()}
        lost = sorted({c for codes in self.targets.values() for c in codes} - set(onward))
        if lost:
            raise refused("unknown_place", codes=", ".join(lost[:5]), count=len(lost))
        table = self.table.assign(
            code_to=[onward[str(code)] for code in self.table["code_to"]],
            map_to=following.table["map_to"].iloc[0],
        )
        return Conversion(table=_completed(table))

    def summary(self, lang: str = "fr") -> str:
        """Say how many places become how many, and how many are split or merged."""
        reached = self.table["code_to"].value_counts()
        return say(
            "vintages.summary", lang, before=len(self.targets), after=len(reached),
            split=self.splits["code_from"].nunique(), merged=int((reached > 1).sum()),
            map_from=self.table["map_from"].iloc[0], map_to=self.table["map_to"].iloc[0],
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Carried:
    """A table on another map.

    Parameters
    ----------
    table
        The table, under its own contract where it has one.
    splits
        Contract ``carried``: what went from where to where.
    findings
        What could not be carried, and what deserves a look.
    """

    table: pd.DataFrame
    splits: pd.DataFrame
    findings: Findings


def make_conversion(
    parts: pd.DataFrame, *, level: str, map_from: str, map_to: str, weighed_by: str
) -> Conversion:
    """Make a conversion from the smallest parts that the two maps have in common.

    Parameters
    ----------
    parts
        ``code_from``, ``code_to``, ``weight`` (whole, not negative): one row a part, a commune of
        the older map or a premise.  A place whose parts all weigh nothing is kept when it goes to
        one place only.
    level
        ``commune``, ``epci`` or ``sector``.
    map_from, map_to
        What the maps are called: a year, a version.
    weighed_by
        What the weight is: premises, inhabitants.

    Raises
    ------
    RuleError
        When a code is missing, a weight is negative or not whole, or a place without weight goes
        to several: nothing says how it is split.
    """
    bad = parts[["code_from", "code_to", "weight"]].isna().any(axis=1)
    whole = pd.to_numeric(parts["weight"]).fillna(0)
    bad |= (whole < 0) | (whole != whole.astype("int64"))
    if bad.any() or parts.empty:
        raise refused("bad_parts", count=int(bad.sum()))
    sums = (
        parts.assign(
            code_from=parts["code_from"].astype(str), code_to=parts["code_to"].astype(str),
            weight=whole.astype("int64"),
        )
        .groupby(["code_from", "code_to"], sort=True)["weight"].sum()
        .reset_index()
    )  # fmt: skip
    table = sums.assign(level=level, map_from=map_from, map_to=map_to, weighed_by=weighed_by)
    return Conversion(table=_completed(table))


def _completed(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows under the contract: merged by pair, a weightless part of a split left out."""
    keys = ["level", "map_from", "map_to", "code_from", "code_to", "weighed_by"]
    table = table.groupby(keys, sort=True)["weight"].sum().reset_index()
    total = table.groupby("code_from")["weight"].transform("sum")
    several = table.groupby("code_from")["code_to"].transform("size") > 1
    unknown = table.loc[several & (total == 0), "code_from"]
    if len(unknown):
        raise refused("weightless_split", code=unknown.iloc[0], count=unknown.nunique())
    table = table[~several | (table["weight"] > 0)].reset_index(drop=True)
    table["weight_total"] = table.groupby("code_from")["weight"].transform("sum")
    table["is_split"] = table.groupby("code_from")["code_to"].transform("size") > 1
    contract("conversions").check(table)
    return contract("conversions").select(table)


def with_islands(codes: pd.Series[Any], conversion: Conversion) -> tuple[list[str], Conversion]:
    """Let départements that propose for their islands go over as they are."""
    kept = [str(code) for code in codes]
    own = sorted({c for c in kept if c.startswith("D") and c not in conversion.targets})
    if own:
        same = conversion.table.iloc[:1].drop(columns=["weight", "weight_total", "is_split"])
        more = pd.concat([same] * len(own), ignore_index=True)
        more = more.assign(code_from=own, code_to=own, weight=1)
        conversion = Conversion(table=_completed(pd.concat([conversion.table, more])))
    known_places(pd.Series(kept, dtype="str"), conversion)
    return kept, conversion


def known_places(codes: Iterable[str], conversion: Conversion) -> None:
    lost = sorted(set(codes) - set(conversion.targets))
    if lost:
        raise refused("unknown_place", codes=", ".join(lost[:5]), count=len(lost))


def shared(value: int, targets: Mapping[str, int], ties: ShareTies) -> dict[str, int]:
    if len(targets) == 1:
        return {next(iter(targets)): value}
    return apportion(value, targets, ties=ties)


def split_row(
    measure: str, owner: str, code_from: str, code_to: str, amount: int | None, *, kept: bool = True
) -> dict[str, Any]:
    return {
        "measure": measure, "owner": owner, "code_from": code_from, "code_to": code_to,
        "amount": amount, "kept": kept,
    }  # fmt: skip


def splits_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    if not rows:
        return contract("carried").empty()
    table = pd.DataFrame(rows)
    table["amount"] = pd.array([row["amount"] for row in rows], dtype="Int64")
    contract("carried").check(table)
    return contract("carried").select(table)


def note(rule: str, place: str, **values: Any) -> Finding:  # noqa: ANN401 (values of a text)
    if rule.startswith("unknown_amount"):
        place = f"{place}/{values['column']}"
    return Finding.of(
        f"vintages.{rule}", severity=Severity.WARNING, table="carried", place=place, **values
    )


def refused(problem: str, **values: object) -> RuleError:
    return RuleError(
        Message.of(f"vintages.{problem}", **values),
        Message.of(f"vintages.{problem}_remedy", **values),
    )

"""The works as arrays: sorted sectors, a forest of precedence, rows of capacity and budget."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import RuleError
from planner.texts import Message
from planner.works._rules import WorksRules, quarter_index

__all__ = ["Limit", "Model", "make_model"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One row: a trade in a quarter, or the budget of a year.

    A sector that opens in a quarter of ``[first, last]`` weighs its amount on this row.
    """

    kind: str
    place: str
    first: int
    last: int
    most: float


@dataclass(frozen=True, eq=False)
class Model:
    """Sectors sorted by key; quarters as numbers from 0."""

    keys: tuple[str, ...]
    weight: Floats
    amounts: Floats  # one row a limit, one column a sector
    limits: tuple[Limit, ...]
    parent: Ints  # -1: waits for nothing
    earliest: Ints
    latest: Ints
    fixed: NDArray[np.bool_]
    horizon: int
    after: int
    within: int

    @cached_property
    def generations(self) -> tuple[Ints, ...]:
        """Sectors that wait for nothing, those that wait for them, and so on."""
        depth = np.where(self.parent < 0, 0, -1)
        while (depth < 0).any():
            depth = np.where((depth < 0) & (depth[self.parent] >= 0), depth[self.parent] + 1, depth)
        return tuple(np.flatnonzero(depth == level) for level in range(int(depth.max()) + 1))

    @cached_property
    def most(self) -> Floats:
        """Right-hand side of each limit, raised to what the works under way already take."""
        most = np.array([limit.most for limit in self.limits])
        under_way = np.where(self.fixed, self.earliest, -1)
        raised: Floats = np.maximum(most, self.use(under_way))
        return raised

    def use(self, opening: Ints) -> Floats:
        """Return what each limit bears when sectors open then (-1: never)."""
        first = np.array([limit.first for limit in self.limits])[:, None]
        last = np.array([limit.last for limit in self.limits])[:, None]
        inside = (opening >= 0) & (opening >= first) & (opening <= last)
        total: Floats = np.where(inside, self.amounts, 0.0).sum(axis=1)
        return total

    def value(self, opening: Ints) -> float:
        """Return the weighted premise-quarters of delay."""
        return float(self.weight @ opening)


def make_model(works: pd.DataFrame, rules: WorksRules) -> Model:
    """Turn the tables into arrays; refuse a precedence that turns in a circle."""
    rules.check()
    frame = works.sort_values("sector_id").reset_index(drop=True)
    keys = tuple(frame["sector_id"].astype(str))
    place = {key: number for number, key in enumerate(keys)}
    waits = frame["after_sector_id"].astype("object")
    # whom a sector waits for and who isn't in the table is already open
    parent = np.array([-1 if pd.isna(key) else place.get(str(key), -1) for key in waits], dtype=int)
    _refuse_circles(parent, keys)
    # what is under way stays, whatever it should have waited for
    parent = np.where(frame["fixed_quarter"].notna().to_numpy(dtype=bool), -1, parent)
    horizon = rules.quarters_count

    def numbers(column: str, missing: int) -> Ints:
        return np.array([
            missing if pd.isna(q) else quarter_index(str(q), first=rules.first_quarter)
            for q in frame[column].astype("object")
        ], dtype=np.int64)  # fmt: skip

    fixed_at = numbers("fixed_quarter", -1)
    fixed = frame["fixed_quarter"].notna().to_numpy(dtype=bool)
    earliest = np.maximum(numbers("earliest_quarter", 0), rules.duration_quarters - 1)
    latest = np.minimum(numbers("latest_quarter", horizon - 1), horizon - 1)
    outside = fixed & ((fixed_at < 0) | (fixed_at >= horizon))
    if outside.any():
        which = keys[int(np.flatnonzero(outside)[0])]
        raise RuleError(
            Message.of("works.outside", sector=which), Message.of("works.outside_remedy")
        )
    earliest, latest = np.where(fixed, fixed_at, earliest), np.where(fixed, fixed_at, latest)
    premises = frame["premises_count"].to_numpy(dtype=np.float64)
    limits, amounts = _limits(rules, premises, frame["cost_cents"].to_numpy(dtype=np.float64))
    return Model(
        keys=keys,
        weight=premises * frame["priority"].to_numpy(dtype=np.float64),
        amounts=amounts,
        limits=limits,
        parent=parent,
        earliest=earliest,
        latest=latest,
        fixed=fixed,
        horizon=horizon,
        after=rules.after_quarters,
        within=horizon if rules.within_quarters is None else rules.within_quarters,
    )


def _limits(rules: WorksRules, premises: Floats, cents: Floats) -> tuple[tuple[Limit, ...], Floats]:
    limits: list[Limit] = []
    amounts: list[Floats] = []
    quarters = rules.quarters()
    ends = rules.duration_quarters
    for trade in rules.trades:
        # works on a sector from `start` to `stop` quarters before it opens
        start, stop = ends - 1, ends - trade.duration_quarters
        ends = stop
        for number, name in enumerate(quarters):
            limits.append(
                Limit(
                    kind=trade.name, place=str(name), first=number + stop, last=number + start,
                    most=float(trade.lines_per_quarter * trade.duration_quarters),
                )
            )  # fmt: skip
            amounts.append(premises)
    for year, ceiling in sorted(rules.cents_by_year):
        first = quarter_index(f"{year}-T1", first=rules.first_quarter)
        limits.append(
            Limit(kind="budget", place=str(year), first=first, last=first + 3, most=float(ceiling))
        )
        amounts.append(cents)
    return tuple(limits), np.array(amounts).reshape(len(limits), len(premises))


def _refuse_circles(parent: Ints, keys: tuple[str, ...]) -> None:
    settled = np.zeros(len(parent), dtype=bool)
    for start in range(len(parent)):
        path: list[int] = []
        here = start
        seen: set[int] = set()
        while here >= 0 and not settled[here]:
            if here in seen:
                raise RuleError(
                    Message.of("works.circle", sector=keys[here]),
                    Message.of("works.circle_remedy"),
                )
            seen.add(here)
            path.append(here)
            here = int(parent[here])
        settled[path] = True

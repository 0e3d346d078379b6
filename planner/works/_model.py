"""The works as arrays: sorted sectors, a forest of precedence, rows of capacity and budget."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import RuleError
from planner.texts import Message
from planner.works._rules import ALL_PHASES, PhasePace, WorksRules, quarter_index

__all__ = ["Limit", "Model", "make_model"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One row: a trade in a quarter, or what a year may open or spend.

    A sector that opens in a quarter of ``[first, last]`` weighs its amount on this row.
    """

    kind: str
    place: str
    first: int
    last: int
    most: float
    phase: str = ALL_PHASES


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

    @property
    def penalty(self) -> float:
        """Quarters of delay that « never » counts for, more than any schedule needs."""
        return 3.0 * self.horizon

    @cached_property
    def covers(self) -> NDArray[np.bool_]:
        """Which limit (row) an opening in which quarter (column) weighs on."""
        quarter = np.arange(self.horizon)
        first = np.array([limit.first for limit in self.limits], dtype=np.int64)[:, None]
        last = np.array([limit.last for limit in self.limits], dtype=np.int64)[:, None]
        inside: NDArray[np.bool_] = (quarter >= first) & (quarter <= last)
        return inside

    @cached_property
    def possible(self) -> NDArray[np.bool_]:
        """Sectors that have a quarter by themselves: windows, and what each limit holds at most."""
        low, high = self.earliest.copy(), self.latest.copy()
        # what no limit can hold, whatever else is left out
        alone = self.amounts <= self.most[:, None] * (1 + 1e-12)
        fits = np.zeros((len(self.keys), self.horizon), dtype=bool)
        for at in range(self.horizon):
            fits[:, at] = alone[self.covers[:, at]].all(axis=0)
        fits[self.fixed] = True
        found = np.zeros(len(self.keys), dtype=bool)
        for members in self.generations:
            waits = self.parent[members]
            held = waits >= 0
            before = waits[held]
            low[members[held]] = np.maximum(low[members[held]], low[before] + self.after)
            high[members[held]] = np.minimum(high[members[held]], high[before] + self.within)
            quarter = np.arange(self.horizon)
            window = (quarter >= low[members][:, None]) & (quarter <= high[members][:, None])
            window &= fits[members]
            found[members] = window.any(axis=1) & np.where(held, found[waits], True)
            low[members] = np.where(found[members], window.argmax(axis=1), low[members])
        return found

    def only(self, kept: NDArray[np.bool_]) -> Model:
        """Return the model of some sectors, whoever they wait for kept among them."""
        place = np.cumsum(kept) - 1
        parent = self.parent[kept]
        return Model(
            keys=tuple(np.array(self.keys, dtype=object)[kept]),
            weight=self.weight[kept], amounts=self.amounts[:, kept], limits=self.limits,
            parent=np.where(parent >= 0, place[parent], -1), earliest=self.earliest[kept],
            latest=self.latest[kept], fixed=self.fixed[kept], horizon=self.horizon,
            after=self.after, within=self.within,
        )  # fmt: skip

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
        placed = opening >= 0
        total = np.zeros(len(self.limits))
        for rows in self.alike:
            amount = np.bincount(
                opening[placed], self.amounts[rows[0], placed], minlength=self.horizon
            )
            total[rows] = self.covers[rows] @ amount
        return total

    @cached_property
    def alike(self) -> list[Ints]:
        """Rows of limits that weigh the same amounts."""
        found: dict[bytes, list[int]] = {}
        for row, amounts in enumerate(self.amounts):
            found.setdefault(amounts.tobytes(), []).append(row)
        return [np.array(rows) for rows in found.values()]

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
    begun = frame["done_quarters"].to_numpy(dtype=np.int64)
    phases = frame["phase"].to_numpy().astype(np.str_)
    opens, closes = _windows(rules, phases)
    earliest = np.maximum(numbers("earliest_quarter", 0), rules.duration_quarters - 1 - begun)
    earliest = np.maximum(earliest, opens)
    latest = np.minimum(numbers("latest_quarter", horizon - 1), closes)
    outside = fixed & ((fixed_at < 0) | (fixed_at >= horizon))
    if outside.any():
        which = keys[int(np.flatnonzero(outside)[0])]
        raise RuleError(
            Message.of("works.outside", sector=which), Message.of("works.outside_remedy")
        )
    earliest, latest = np.where(fixed, fixed_at, earliest), np.where(fixed, fixed_at, latest)
    premises = frame["premises_count"].to_numpy(dtype=np.float64)
    cents = frame["cost_cents"].to_numpy(dtype=np.float64)
    limits, amounts = _limits(rules, phases, premises, cents)
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


def _windows(rules: WorksRules, phases: NDArray[np.str_]) -> tuple[Ints, Ints]:
    """Return the first and last quarter that the pace of its phase leaves to each sector."""
    first = np.zeros(len(phases), dtype=np.int64)
    last = np.full(len(phases), rules.quarters_count - 1, dtype=np.int64)
    if not rules.paces:
        return first, last
    for phase in np.unique(phases):
        rows = [pace for pace in rules.paces if pace.phase == phase]
        mine = phases == phase
        starts = [quarter_index(row.first_quarter, first=rules.first_quarter) for row in rows]
        ends = [
            quarter_index(row.last_quarter, first=rules.first_quarter)
            for row in rows
            if row.last_quarter is not None
        ]
        first[mine] = max(0, min(starts, default=rules.quarters_count))
        if len(ends) == len(rows):
            last[mine] = min(max(ends, default=-1), rules.quarters_count - 1)
    return first, last


def _paced(rules: WorksRules) -> list[tuple[str, Limit]]:
    """Return the yearly ceilings of phases, and whether they are of lines or of cents."""
    found: list[tuple[str, Limit]] = []
    years = range(int(rules.first_quarter[:4]), int(rules.quarters()[-1][:4]) + 1)
    for phase in sorted({pace.phase for pace in rules.paces}):
        rows = [pace for pace in rules.paces if pace.phase == phase]
        for year in years:
            here = [
                row for row in rows
                if int(row.first_quarter[:4]) <= year
                and (row.last_quarter is None or year <= int(row.last_quarter[:4]))
            ]  # fmt: skip
            first = quarter_index(f"{year}-T1", first=rules.first_quarter)
            for kind, most in (
                ("lines", [row.lines_per_year for row in here]),
                ("budget", [row.cents_per_year for row in here]),
            ):
                known = [float(value) for value in most if value is not None]
                if here and len(known) < len(here):
                    continue  # one of them has no ceiling
                left = rules.left_of(max(known, default=0.0), kind, phase=phase, year=year)
                found.append((
                    kind,
                    Limit(kind=kind, place=str(year), first=first, last=first + 3, most=left,
                          phase=phase),
                ))  # fmt: skip
        found += [("quarter_lines", limit) for limit in _even(rules, phase, rows)]
    return found


def _even(rules: WorksRules, phase: str, rows: list[PhasePace]) -> list[Limit]:
    """Return what each quarter of a phase may open, where all its paces of then say so."""
    limits: list[Limit] = []
    for number, name in enumerate(rules.quarters()):
        here = [
            row.lines_per_quarter for row in rows
            if row.first_quarter <= name
            and (row.last_quarter is None or name <= row.last_quarter)
        ]  # fmt: skip
        known = [float(value) for value in here if value is not None]
        if known and len(known) == len(here):
            limits.append(
                Limit(kind="quarter_lines", place=str(name), first=number, last=number,
                      most=max(known), phase=phase)
            )  # fmt: skip
    return limits


def _limits(
    rules: WorksRules, phases: NDArray[np.str_], premises: Floats, cents: Floats
) -> tuple[tuple[Limit, ...], Floats]:
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
        most = rules.left_of(float(ceiling), "budget", phase=ALL_PHASES, year=year)
        limits.append(Limit(kind="budget", place=str(year), first=first, last=first + 3, most=most))
        amounts.append(cents)
    for kind, limit in _paced(rules):
        limits.append(limit)
        amount = cents if kind == "budget" else premises
        amounts.append(np.where(phases == limit.phase, amount, 0.0))
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

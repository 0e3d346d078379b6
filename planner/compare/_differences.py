"""Who gains and who loses between two plans, in premises, years and euros."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import pandas as pd

from planner.compare._costs import CostDifferences, compare_costs
from planner.compare._perimeters import Perimeters, compare_perimeters
from planner.compare._places import REGION, name_places, newest_tables, weigh_sectors
from planner.plan import Plan
from planner.schemas import contract
from planner.texts import say
from planner.vocab import Level, Phase

__all__ = ["Comparison", "Side", "call_sides", "compare_plans"]

_ORDER: Final = {code: place for place, code in enumerate(Phase.codes())}
_SERVED: Final = (Phase.PHASE_1.value, Phase.PHASE_2.value)
_REGION: Final = (
    "gaining_count", "losing_count", "served_difference_count", "premise_years_gained",
    "net_difference_cents",
)  # fmt: skip
_COUNTS: Final = ("gaining_count", "losing_count", "only_before_count", "only_after_count")


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two plans.

    Parameters
    ----------
    name
        What people call it.
    scenario
        Its scenario as nested values (:meth:`planner.scenario.Scenario.canonical`).
    tables
        Its tables (:meth:`planner.plan.Plan.tables`), or those read back from its outputs.
    sums
        Table to checksum, where the table itself isn't at hand (premises).
    synthetic
        Titles of its layers that are made up.
    """

    name: str
    scenario: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    sums: Mapping[str, str] = field(default_factory=dict)
    synthetic: tuple[str, ...] = ()

    @classmethod
    def from_plan(cls, plan: Plan, *, lang: str = "fr") -> Self:
        """Take a plan that is at hand, its sentences in ``lang``."""
        made_up = {origin.title for origin in plan.territory.origins if origin.synthetic}
        return cls(
            name=plan.scenario.name,
            scenario=json.loads(plan.scenario.canonical()),
            tables=plan.tables(lang),
            synthetic=tuple(sorted(made_up)),
        )


def call_sides(before: Side, after: Side, *, titled: bool = False) -> tuple[str, str]:
    """Call two plans by what tells them apart: name, title, version, or their order.

    Parameters
    ----------
    before, after
        The two plans.
    titled
        Whether titles come before names, as on a map.
    """

    def words(side: Side, *keys: str) -> str:
        return ", ".join(str(side.scenario.get(key, "")) for key in keys)

    names = before.name, after.name
    titles = words(before, "title"), words(after, "title")
    versions = words(before, "title", "version"), words(after, "title", "version")
    for old, new in (titles, names, versions) if titled else (names, titles, versions):
        if old != new:
            return old, new
    return f"{before.name} (A)", f"{after.name} (B)"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What changes from one plan to the other.

    Parameters
    ----------
    before, after
        The two sides.
    sectors
        Contract ``sector_differences``: every sector of either side whose phase or year differs.
    table
        Contract ``differences``: region, EPCI and communes that gain or lose anything.  Each side
        counts on its own map; EPCI of one name are told apart by their SIREN.
    costs
        What the works cost in both, or why that isn't known.
    perimeters
        How their EPCI differ; None where they are the same.
    """

    before: Side
    after: Side
    sectors: pd.DataFrame
    table: pd.DataFrame
    costs: CostDifferences
    perimeters: Perimeters | None = None

    def summary(self, lang: str = "fr") -> str:
        """Say the differences of the region, its costs, and which EPCI aren't the same."""
        perimeters = "" if self.perimeters is None else self.perimeters.say(lang)
        words = (self._region(lang), self.costs.say(lang), perimeters)
        return "\n".join(each for each in words if each)

    def _region(self, lang: str) -> str:
        before, after = call_sides(self.before, self.after)
        region = self.table[self.table["level"] == Level.REGION.value]
        if region.empty and self.costs.table.empty:
            key = "same" if self.costs.unknown is None else "same_but_cost"
            return say(f"compare.{key}", lang, before=before, after=after)
        row = {str(n): int(region[n].fillna(0).sum()) for n in _REGION}  # none: nothing moves
        words = say(
            "compare.region", lang, before=before, after=after,
            sectors=len(self.sectors), gaining=row["gaining_count"],
            losing=row["losing_count"], served=row["served_difference_count"],
            years=row["premise_years_gained"], net=row["net_difference_cents"],
        )  # fmt: skip
        made_up = sorted({*self.before.synthetic, *self.after.synthetic})
        if made_up:
            words += "\n" + say("compare.synthetic", lang, layers=", ".join(made_up))
        return words


def compare_plans(before: Side, after: Side) -> Comparison:
    """Count what changes from one plan to another.

    A sector gains when its phase comes earlier, or its year in the same phase; it loses in the
    other direction.  A sector that one side lacks (the territory was cut anew) neither gains nor
    loses: it is counted apart.  A sector counts whole in its main commune, and by its share in each
    EPCI.

    Parameters
    ----------
    before, after
        The two plans.

    Returns
    -------
    Comparison
        Premises are the sector's in the second plan, or in the first where only it has the sector;
        ``premise_years_gained`` sums premises × years sooner over sectors with a year in both.
    """
    sectors = _sectors(before.tables, after.tables)
    weights = weigh_sectors(newest_tables(before.tables, after.tables))
    merged = sectors.merge(weights, on="sector_id", how="left")
    counted = _counted(merged)
    served = _served(before.tables).rename("served_before").to_frame()
    served = served.join(_served(after.tables).rename("served_after"), how="outer").fillna(0)
    net = _net(before.tables).rename("net_before").to_frame()
    net = net.join(_net(after.tables).rename("net_after"), how="outer").fillna(0)
    names = call_sides(before, after)
    costs = compare_costs(before.tables, after.tables, names=names)
    works = costs.programme()
    frame = counted.join([served, net], how="outer")
    frame = frame.reindex(frame.index.union(works.index)).fillna(0).astype("int64")
    frame["cost_difference_cents"] = works.reindex(frame.index).astype("Int64")
    if costs.unknown is None:
        still = ~frame.index.isin(works.index)
        frame.loc[still, "cost_difference_cents"] = 0
    frame = frame.reset_index()
    frame["nom"] = name_places((after.tables, before.tables), frame)
    frame["served_difference_count"] = frame["served_after"] - frame["served_before"]
    frame["net_difference_cents"] = (frame["net_after"] - frame["net_before"]).astype("Int64")
    of_commune = frame["level"] == Level.COMMUNE.value
    frame.loc[of_commune, "net_difference_cents"] = pd.NA
    columns = [*_COUNTS, "premise_years_gained", "served_difference_count"]
    owed = frame[["net_difference_cents", "cost_difference_cents"]].fillna(0) != 0
    frame = frame[(frame[columns] != 0).any(axis=1) | owed.any(axis=1)]
    changed = sectors[sectors["effect"] != "same"].drop(columns="premises")
    table = contract("differences").empty() if frame.empty else frame
    listed = contract("sector_differences").empty() if changed.empty else changed
    contract("differences").check(table)
    contract("sector_differences").check(listed)
    return Comparison(
        before=before, after=after, sectors=contract("sector_differences").select(listed),
        table=contract("differences").select(table), costs=costs,
        perimeters=compare_perimeters(before.tables, after.tables, names=names),
    )  # fmt: skip


def _side(tables: Mapping[str, pd.DataFrame], suffix: str) -> pd.DataFrame:
    programme = tables["programme"][["sector_id", "phase", "premises_count", "reason"]].copy()
    schedule = tables.get("schedule", contract("schedule").empty())
    years = schedule.assign(sector_id=schedule["sector_id"].astype("str")).set_index("sector_id")
    frame = programme.astype({"sector_id": "str", "phase": "str"}).set_index("sector_id")
    frame["year"] = years["year"].reindex(frame.index).astype("Int64")
    return frame.add_suffix(f"_{suffix}")


def _sectors(before: Mapping[str, pd.DataFrame], after: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    frame = _side(before, "before").join(_side(after, "after"), how="outer").sort_index()
    frame.index.name = "sector_id"
    frame = frame.reset_index()
    frame["premises"] = (
        frame["premises_count_after"].fillna(frame["premises_count_before"]).astype("int64")
    )
    frame["premises_count"] = frame["premises"]
    frame["effect"] = [_effect(row) for row in frame.to_dict("records")]
    years = frame["year_before"] - frame["year_after"]
    frame["years_sooner"] = years.astype("Int64")
    return frame


def _effect(row: Mapping[Any, Any]) -> str:
    if pd.isna(row["phase_before"]):
        return "only_after"
    if pd.isna(row["phase_after"]):
        return "only_before"
    old, new = _ORDER[str(row["phase_before"])], _ORDER[str(row["phase_after"])]
    if old == new and not pd.isna(row["year_before"]) and not pd.isna(row["year_after"]):
        old, new = int(row["year_before"]), int(row["year_after"])
    return "same" if old == new else "gaining" if new < old else "losing"


def _counted(merged: pd.DataFrame) -> pd.DataFrame:
    weight = merged["weight"].astype("int64")
    columns = {
        f"{effect}_count": weight.where(merged["effect"] == effect, 0)
        for effect in ("gaining", "losing", "only_before", "only_after")
    }
    columns["premise_years_gained"] = weight * merged["years_sooner"].fillna(0).astype("int64")
    frame = pd.DataFrame(columns).assign(level=merged["level"], code=merged["code"])
    return frame.groupby(["level", "code"], sort=True).sum()


def _served(tables: Mapping[str, pd.DataFrame]) -> pd.Series[int]:
    """Return the premises of phases 1 and 2 of each place."""
    weights = weigh_sectors(tables)
    programme = tables["programme"]
    inside = programme.loc[programme["phase"].astype("str").isin(_SERVED), "sector_id"]
    kept = weights[weights["sector_id"].isin(set(inside.astype("str")))]
    return kept.groupby(["level", "code"], sort=True)["weight"].sum().astype("int64")


def _net(tables: Mapping[str, pd.DataFrame]) -> pd.Series[int]:
    """Return what each EPCI, and the region, owes in cents."""
    owed = tables.get("contributions", contract("contributions").empty())
    epci = pd.DataFrame({"level": Level.EPCI.value, "code": owed["epci_siren"].astype("str"),
                         "net": owed["net_cents"].astype("int64")})  # fmt: skip
    region = epci.assign(level=Level.REGION.value, code=REGION)
    both = pd.concat([epci, region], ignore_index=True)
    return both.groupby(["level", "code"], sort=True)["net"].sum()

"""What the works cost in two plans, place by place, and whether the prices or the choice did it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from planner.compare._perimeters import Tables
from planner.compare._places import name_places, share_cents, weigh_sectors
from planner.cost import look_up_prices
from planner.schemas import contract
from planner.texts import Message
from planner.vocab import DensityClass, Level, Phase

__all__ = ["CostDifferences", "PriceChange", "compare_costs", "list_prices"]

_NEEDED: Final = ("costs", "prices")
_PLACE: Final = ["level", "code"]
_PARTS: Final = ("from_choice_cents", "from_sectors_cents", "from_prices_cents")
_CENTS: Final = ("before_cents", "after_cents", "difference_cents", *_PARTS)
PROGRAMME: Final = (Phase.PHASE_1.value, Phase.PHASE_2.value)


@dataclass(frozen=True, kw_only=True)
class PriceChange:
    """The price of one class of density in two plans; None where a plan lacks the class."""

    density_class: str
    before: int | None
    after: int | None
    bounds_changed: bool

    @property
    def message(self) -> Message:
        """What differs, in the reader's words."""
        kind = "bounds" if self.before == self.after else "both" if self.bounds_changed else "price"
        return Message.of(
            f"compare.price_{kind}", name=DensityClass(self.density_class), before=self.before,
            after=self.after,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class CostDifferences:
    """What the works cost in two plans.

    Parameters
    ----------
    table
        Contract ``cost_differences``.
    prices
        Contract ``price_differences``.
    unknown
        Why costs can't be compared; None where they are.
    """

    table: pd.DataFrame
    prices: pd.DataFrame
    unknown: Message | None = None

    def programme(self) -> pd.Series[Any]:
        """Return the difference of phases 1 and 2 by place; absent where it isn't known."""
        rows = self.table[self.table["phase"].astype("str").isin(PROGRAMME)]
        place = rows.assign(level=rows["level"].astype("str"), code=rows["code"].astype("str"))
        return _sums(place, _PLACE, ["difference_cents"])["difference_cents"]

    def say(self, lang: str = "fr", /) -> str:
        """Say the region's costs phase by phase and what made the difference; empty if none."""
        if self.unknown is not None:
            return self.unknown.say(lang)
        region = self.table[self.table["level"].astype("str") == Level.REGION.value]
        lines = [
            Message.of("compare.cost_phase", **_of_phase(row)).say(lang)
            for row in region.to_dict("records")
        ]
        return "\n".join([Message.of("compare.cost").say(lang), *lines]) if lines else ""


def _of_phase(row: dict[Any, Any]) -> dict[str, object]:
    cents = {
        name.removesuffix("_cents"): None if pd.isna(row[name]) else int(row[name])
        for name in _CENTS
    }
    return {"phase": Phase(str(row["phase"])), **cents}


def compare_costs(before: Tables, after: Tables, *, names: tuple[str, str]) -> CostDifferences:
    """Compare the estimated cost of the works of two plans, by phase.

    The difference of a place is told in three parts that add up to it: sectors that enter the
    phase or leave it, at their cost in the first plan; what the sectors of the second plan have of
    other premises, density or shares, at the first prices; and its prices.  EPCI share the cost of
    a sector by their premises in it, each side on its own map.

    Parameters
    ----------
    before, after
        Tables of each side; without ``costs`` or ``prices`` costs aren't compared.
    names
        What the two plans are called.
    """
    for tables, name in zip((before, after), names, strict=True):
        lacking = [table for table in _NEEDED if table not in tables]
        if lacking:
            message = Message.of(
                "compare.cost_unknown", name=name, table=_Title(contract(lacking[0]).title)
            )
            empty = contract("cost_differences").empty(), contract("price_differences").empty()
            return CostDifferences(table=empty[0], prices=empty[1], unknown=message)
    sectors = _sectors(before, after)
    cells = _cells(_shared(sectors, before, after))
    found = _sums(cells, [*_PLACE, "phase"], list(_CENTS)).reset_index()
    moved = found[list(_CENTS[2:])].isna() | (found[list(_CENTS[2:])] != 0).fillna(value=True)
    table = found[moved.any(axis=1)].reset_index(drop=True)
    table = table.assign(nom=name_places((after, before), table))
    return CostDifferences(
        table=_checked("cost_differences", table), prices=_prices(before, after, sectors)
    )


@dataclass(frozen=True)
class _Title:
    """What a table is called, in the reader's language."""

    titles: tuple[str, str]

    def say(self, lang: str = "fr", /) -> str:
        """Return its title."""
        return self.titles[lang == "en"]


def _checked(name: str, table: pd.DataFrame) -> pd.DataFrame:
    if table.empty:
        return contract(name).empty()
    contract(name).check(table)
    return contract(name).select(table)


def _sectors(before: Tables, after: Tables) -> pd.DataFrame:
    """Return the sectors of either side: phases, costs, and the second at the first prices."""
    parts = []
    for tables, suffix in ((before, "before"), (after, "after")):
        costs = pd.DataFrame(tables["costs"]).astype({"sector_id": "str"}).set_index("sector_id")
        programme = tables["programme"][["sector_id", "phase"]].astype("str")
        phases = programme.set_index("sector_id")["phase"]
        frame = phases.to_frame("phase").join(costs["cost_cents"].rename("cost").astype("Int64"))
        if suffix == "after":
            density = costs["density_per_km2"].to_numpy(dtype=float)
            _, unit = look_up_prices(density, prices=before["prices"])
            mid = costs["premises_count"].astype("int64") * unit
            frame = frame.join(mid.rename("mid").astype("Int64"))
            frame = frame.join(costs["density_class"].astype("str"))
            frame = frame.join(costs["premises_count"].astype("Int64"))
        parts.append(frame.rename(columns={n: f"{n}_{suffix}" for n in ("phase", "cost")}))
    sectors = parts[0].join(parts[1], how="outer").sort_index()
    sectors.index.name = "sector_id"
    return sectors


def _shared(sectors: pd.DataFrame, before: Tables, after: Tables) -> pd.DataFrame:
    """Share the costs of each sector among its places, each side on its own map."""
    keyed = [*_PLACE, "sector_id"]
    sides = []
    for tables, names in ((before, ("cost_before",)), (after, ("cost_after", "mid"))):
        weights = weigh_sectors(tables)
        weights = weights[weights["sector_id"].isin(sectors.index)].reset_index(drop=True)
        cents = {
            name: share_cents(
                weights, {str(k): None if pd.isna(v) else int(v) for k, v in sectors[name].items()}
            )
            for name in names
        }
        sides.append(weights[keyed].assign(**cents))
    merged = sides[0].merge(sides[1], on=keyed, how="outer", indicator=True)
    # the place has nothing of the sector on the other side
    merged.loc[merged["_merge"] == "right_only", "cost_before"] = 0
    merged.loc[merged["_merge"] == "left_only", ["cost_after", "mid"]] = 0
    phases = sectors[["phase_before", "phase_after"]]
    return merged.drop(columns="_merge").merge(phases, left_on="sector_id", right_index=True)


def _cells(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what each sector costs each place in each phase, and the parts of the difference."""
    both = rows["phase_before"].notna() & rows["phase_after"].notna()
    parts = []
    for phase in Phase.codes():
        was, is_ = rows["phase_before"] == phase, rows["phase_after"] == phase
        moved = is_.astype("int64") - was.astype("int64")
        cells = pd.DataFrame(
            {
                "level": rows["level"], "code": rows["code"], "phase": phase,
                "before_cents": rows["cost_before"].where(was, 0),
                "after_cents": rows["cost_after"].where(is_, 0),
                "from_choice_cents": (rows["cost_before"] * moved).where(both & (moved != 0), 0),
                "from_prices_cents": (rows["cost_after"] - rows["mid"]).where(is_, 0),
            }
        )  # fmt: skip
        cells["difference_cents"] = cells["after_cents"] - cells["before_cents"]
        rest = cells["difference_cents"] - cells["from_choice_cents"]
        cells["from_sectors_cents"] = rest - cells["from_prices_cents"]
        parts.append(cells[was | is_])
    return pd.concat(parts, ignore_index=True)


def _sums(rows: pd.DataFrame, by: list[str], names: list[str]) -> pd.DataFrame:
    """Add up, absent where any that is added is absent."""
    groups = rows.astype(dict.fromkeys(names, "Int64")).groupby(by, sort=True)[names]
    lacking = rows[names].isna().groupby([rows[name] for name in by], sort=True).any()
    return groups.sum().mask(lacking.to_numpy(dtype=bool))


def list_prices(before: Tables, after: Tables) -> tuple[PriceChange, ...]:
    """List the classes of density whose price or bounds differ, in the order of the classes."""
    if "prices" not in before or "prices" not in after:
        return ()
    old, new = ({row[0]: row[1:] for row in _book(side["prices"])} for side in (before, after))
    return tuple(
        PriceChange(
            density_class=code,
            before=old[code][0] if code in old else None,
            after=new[code][0] if code in new else None,
            bounds_changed=code not in old or code not in new or old[code][1:] != new[code][1:],
        )
        for code in DensityClass.codes()
        if old.get(code) != new.get(code)
    )


def _book(prices: pd.DataFrame) -> list[tuple[str, int, float, float | None]]:
    return [
        (
            str(row["density_class"]), int(row["cost_cents_per_premise"]),
            float(row["density_min_per_km2"]),
            None if pd.isna(row["density_max_per_km2"]) else float(row["density_max_per_km2"]),
        )
        for row in prices.to_dict("records")
    ]  # fmt: skip


def _prices(before: Tables, after: Tables, sectors: pd.DataFrame) -> pd.DataFrame:
    known = sectors.dropna(subset=["cost_after", "mid"])
    effect = (known["cost_after"] - known["mid"]).rename("effect")
    sums = (
        pd.concat([known[["density_class", "phase_after", "premises_count"]], effect], axis=1)
        .groupby(["density_class", "phase_after"])[["premises_count", "effect"]]
        .sum()
    )
    premises, effects = sums["premises_count"].to_dict(), sums["effect"].to_dict()
    rows = [
        {
            "density_class": one.density_class, "phase": phase,
            "before_cents": one.before, "after_cents": one.after,
            "bounds_changed": one.bounds_changed,
            "premises_count": int(premises.get((one.density_class, phase), 0)),
            "effect_cents": int(effects.get((one.density_class, phase), 0)),
        }
        for one in list_prices(before, after)
        for phase in Phase.codes()
        if phase != Phase.PRIVATE.value
    ]  # fmt: skip
    types = dict.fromkeys(("before_cents", "after_cents"), "Int64")
    return _checked(
        "price_differences", pd.DataFrame(rows).astype(types) if rows else pd.DataFrame()
    )

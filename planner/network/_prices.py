"""The price book as the design uses it: items that must be there, cables by capacity."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from planner.errors import RuleError
from planner.network._cables import CableModel, _cover
from planner.network._poles import (
    POLE_ITEMS,
    POLE_NEW,
    POLE_REINFORCED,
    POLE_REPLACED,
    PoleRatios,
    open_ratios,
)
from planner.network._ways import Ints
from planner.schemas import contract
from planner.texts import Message

__all__ = ["DROP", "DUCT_EXTRA", "NRO", "PBO", "PM", "Book", "open_book"]

NRO: Final = "nro"
PM: Final = "pm"
PBO: Final = "pbo"
DROP: Final = "drop"
DUCT_EXTRA: Final = "duct_extra"
"""One more duct in a trench that an earlier phase digs: what later phases pay for their room."""
_UNITS: Final = {NRO: "u", PM: "u", PBO: "u", DROP: "u", DUCT_EXTRA: "m"}
_CABLE: Final = re.compile(r"cable_([1-9][0-9]*)")


@dataclass(frozen=True, kw_only=True, eq=False)
class Book:
    """Prices by item, and the cables by rising capacity."""

    cents: dict[str, int]
    unit: dict[str, str]
    cables: tuple[CableModel, ...]
    synthetic: bool
    poles: PoleRatios | None = None

    def opening_cents(self, layings: tuple[str, ...]) -> Ints:
        """Return what opening a metre of each kind of laying costs, its poles at their spacing."""
        return np.array([self.cents[name] + self._poles_cents(name) for name in layings], np.int64)

    def _poles_cents(self, laying: str) -> int:
        if self.poles is None or laying not in POLE_ITEMS:
            return 0
        shares = {
            POLE_NEW: 1.0, POLE_REPLACED: self.poles.replaced_share,
            POLE_REINFORCED: self.poles.reinforced_share,
        }  # fmt: skip
        each = sum(shares[item] * self.cents[item] for item in POLE_ITEMS[laying])
        return round(each / self.poles.spacing_m)

    @property
    def thinnest_cents_per_m(self) -> int:
        """What a metre of the cheapest cable costs."""
        return min(model.cost_cents_per_m for model in self.cables)

    def plans(self, most: int) -> Ints:
        """Return the cheapest cables for 0 to ``most`` fibres, shape (most + 1, cables)."""
        return _cover(self.cables, most)

    @property
    def capacities(self) -> Ints:
        """Fibres of each cable."""
        return np.array([model.capacity_fibres for model in self.cables], np.int64)


def open_book(
    prices: pd.DataFrame, *, layings: tuple[str, ...], on: dt.date,
    ratios: pd.DataFrame | None = None,
) -> Book:  # fmt: skip
    """Check that a price book knows every item that a design may need.

    Poles are items of their own where their ``ratios`` are given (contract ``works_ratios``).

    Raises
    ------
    ContractError
        When the table breaks the contract ``works_prices``.
    RuleError
        When an item is missing, has another unit, or isn't valid yet on the day.
    """
    contract("works_prices").check(prices)
    late = prices.loc[prices["valid_from"] > pd.Timestamp(on), "item"].astype(str)
    if len(late):
        raise RuleError(
            Message.of("design.prices_late", items=", ".join(sorted(late)), on=on),
            Message.of("design.prices_late_remedy"),
        )
    items = prices["item"].astype(str).tolist()
    cents = dict(zip(items, prices["unit_price_cents"].astype("int64").tolist(), strict=True))
    unit = dict(zip(items, prices["unit"].astype(str).tolist(), strict=True))
    cables = tuple(
        CableModel(capacity_fibres=int(found[1]), cost_cents_per_m=cents[item])
        for item in items
        if (found := _CABLE.fullmatch(item)) and cents[item] > 0 and unit[item] == "m"
    )
    poles = None if ratios is None else open_ratios(ratios, on=on)
    wanted = _UNITS | dict.fromkeys(layings, "m")
    if poles is not None:
        wanted |= dict.fromkeys(
            (item for name in layings for item in POLE_ITEMS.get(name, ())), "u"
        )
    missing = sorted(item for item, kind in wanted.items() if unit.get(item) != kind)
    if missing or not cables:
        raise RuleError(
            Message.of("design.prices_missing", items=", ".join(missing or ["cable_<n>"])),
            Message.of("design.prices_missing_remedy"),
        )
    cables = tuple(sorted(cables, key=lambda model: model.capacity_fibres))
    overhead = poles is not None and not POLE_ITEMS.keys().isdisjoint(layings)
    made_up = bool(prices["synthetic"].any()) or (
        overhead and poles is not None and poles.synthetic
    )
    return Book(cents=cents, unit=unit, cables=cables, synthetic=made_up, poles=poles)

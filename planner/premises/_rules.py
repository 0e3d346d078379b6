"""The figures of the model that generates premises, each with its unit and its source."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from planner.errors import RuleError
from planner.texts import Message

__all__ = ["GeneratorRules", "Table", "read_table"]

Table: TypeAlias = tuple[tuple[float, float], ...]
"""A function given by some of its points, straight between them, flat outside."""

_LARGEST_BUILDING = 999  # the premise's number in its building has three digits


@dataclass(frozen=True, kw_only=True)
class GeneratorRules:
    """How synthetic premises are made; none of it describes a real place.

    Where no source is named, the figure is an assumption of this model, set so that the generated
    region looks like Brittany: a dense bourg, ribbons along its roads, hamlets and lone farms.

    Parameters
    ----------
    seed
        Any whole number; another seed gives another region of the same counts.
    establishment_share
        Share of premises that are establishments: 90 052 of 1 949 859 in the regulator's table of
        31 March 2018 for Brittany (ARCEP).
    public_site_share
        Share of establishments that are public sites, the town hall of each commune first.
        No table of the regulator tells them apart; one in ten is an assumption, in proportion to
        establishments because schools, surgeries and offices follow shops and people.
    apartment_share
        Share of premises in buildings of two and more, by population of the commune.  By
        population, not premises: seaside communes with twice as many premises as their people need
        hold houses.  Set to give about three in ten over Brittany.
    building_sizes
        Premises of such a building, by rank in [0, 1] among them.
    largest_building
        Premises of the largest building, by population of the commune.
    bourg_share
        Share of premises in the bourg or town, by premises per km² of the commune.
    hamlet_sizes
        Houses of a hamlet divided by their mean, by rank in [0, 1]; one of one is a lone house.
    hamlet_mean
        Mean number of houses of a hamlet, by premises per km² of the commune.
    block_m
        Side of a block of the bourg, a street with houses on both sides, in m.
    block_buildings
        Mean buildings of a block, by number of buildings of the bourg.
    open_share
        Share of blocks left for parks, schools, churches and works, unless ground is short.
    street_setback_m
        From the middle of the street to the middle of a house, in m.
    road_count
        Roads that leave the bourg, along which it reaches out.
    road_reach
        How much further from the bourg a road draws a block than open ground does.
    bend
        Largest bend of streets, as a share of the bourg's radius at that radius.
    hamlet_street
        Houses of a street of a hamlet; a larger hamlet has several.
    hamlet_spacing_m, hamlet_setback_m
        Between houses along the road of a hamlet, and from the road to a house, in m.
    building_plot_m2
        Least ground for a building, in m²; where a commune has less, its buildings grow instead.
    """

    seed: int = 2018
    establishment_share: float = 90_052 / 1_949_859
    public_site_share: float = 0.10
    apartment_share: Table = (
        (0, 0.02), (500, 0.04), (2_000, 0.10), (5_000, 0.24), (10_000, 0.38), (20_000, 0.48),
        (50_000, 0.62), (140_000, 0.74), (220_000, 0.86),
    )  # fmt: skip
    building_sizes: Table = (
        (0, 2), (0.35, 4), (0.6, 8), (0.8, 16), (0.93, 36), (0.985, 80), (1, 200),
    )  # fmt: skip
    largest_building: Table = (
        (0, 4), (1_000, 6), (3_000, 14), (8_000, 36), (20_000, 72), (60_000, 120), (150_000, 200),
    )  # fmt: skip
    bourg_share: Table = (
        (0, 0.35), (20, 0.42), (50, 0.52), (100, 0.62), (200, 0.74), (500, 0.88), (1_500, 0.96),
        (3_000, 0.985),
    )  # fmt: skip
    hamlet_sizes: Table = ((0, 0.0), (0.35, 0.3), (0.7, 0.9), (0.9, 2.2), (0.98, 4.0), (1, 6.0))
    hamlet_mean: Table = ((10, 3), (50, 5), (100, 7), (500, 10), (2_000, 14))
    block_m: float = 80.0
    block_buildings: Table = ((50, 8), (500, 7.5), (3_000, 7.5), (30_000, 10))
    open_share: float = 0.12
    street_setback_m: float = 14.0
    road_count: int = 5
    road_reach: float = 2.0
    bend: float = 0.16
    hamlet_street: int = 10
    hamlet_spacing_m: float = 32.0
    hamlet_setback_m: float = 18.0
    building_plot_m2: float = 150.0

    def __post_init__(self) -> None:
        """Refuse shares outside [0, 1], lengths that aren't positive and tables out of order."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple):
                self._check_table(field.name, value)
            elif field.name.endswith("_share"):
                self._check(field.name, value, low=0.0, high=1.0)
            elif field.name.endswith(("_m", "_m2", "_reach")):
                self._check(field.name, value, low=0.1, high=100_000.0)
        self._check("hamlet_street", self.hamlet_street, low=1, high=1000)
        self._check("road_count", self.road_count, low=0, high=20)
        self._check("bend", self.bend, low=0.0, high=1.0)

    def _check_table(self, name: str, table: Table) -> None:
        at = [x for x, _ in table]
        if not at or any(left >= right for left, right in pairwise(at)):
            raise RuleError(
                Message.of("premises.rule_order", rule=name),
                Message.of("premises.rule_order_remedy", rule=name),
            )
        low, high = (0.0, 1.0) if name.endswith("_share") else (0.0, float(_LARGEST_BUILDING))
        for _, value in table:
            self._check(name, value, low=low, high=high)

    @staticmethod
    def _check(name: str, value: float, *, low: float, high: float) -> None:
        if not low <= value <= high:
            raise RuleError(
                Message.of("premises.rule_range", rule=name, value=value),
                Message.of("premises.rule_range_remedy", rule=name, low=low, high=high),
            )


def read_table(table: Table, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read a table between its points: separate products and sums, so the same on any machine."""
    points = np.array(table, dtype=np.float64)
    if len(points) == 1:
        return np.full(at.shape, points[0, 1])
    x, y = points[:, 0], points[:, 1]
    right = np.clip(np.searchsorted(x, at, side="right"), 1, len(x) - 1)
    slopes = (y[1:] - y[:-1]) / (x[1:] - x[:-1])
    held = np.clip(at, x[0], x[-1])
    held -= x[right - 1]
    held *= slopes[right - 1]
    held += y[right - 1]
    return held

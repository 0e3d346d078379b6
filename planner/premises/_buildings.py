"""How the premises of each commune are grouped: apartment buildings, houses, hamlets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.premises._hashing import uniform
from planner.premises._rules import GeneratorRules, Table, read_table

__all__ = ["Communes", "Groups", "group_premises", "positions_in_groups"]

_STREAM_SIZES = 1
_STREAM_HAMLETS = 2
_M2_PER_KM2 = 1e6
_LARGEST_BUILDING = 999


@dataclass(frozen=True, kw_only=True)
class Communes:
    """What the model knows of the communes, sorted by INSEE code; arrays of shape (communes,).

    ``shapes`` are polygons in EPSG:2154, ``bounds_m`` their bounds (communes, 4), ``area_m2`` whole
    square metres, ``bourg_m`` the bourg (communes, 2), ``keys`` the hash of the code and the seed.
    """

    insee: NDArray[np.object_]
    keys: NDArray[np.uint64]
    counts: NDArray[np.int64]
    population: NDArray[np.int64]
    shapes: NDArray[np.object_]
    bounds_m: NDArray[np.float64]
    area_m2: NDArray[np.float64]
    bourg_m: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.insee)


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Buildings of all communes, and what they hold.

    A commune's buildings come in order: those of its bourg, then those of its hamlets.

    Parameters
    ----------
    owner, rank
        Position of the building's commune, and of the building in its commune; (buildings,).
    sizes
        Premises of each building.
    town_counts
        Buildings of the bourg, by commune.
    hamlet_owner, hamlet_houses
        Position of the hamlet's commune, and its number of houses; (hamlets,).
    """

    owner: NDArray[np.int64]
    rank: NDArray[np.int64]
    sizes: NDArray[np.int64]
    town_counts: NDArray[np.int64]
    hamlet_owner: NDArray[np.int64]
    hamlet_houses: NDArray[np.int64]


def positions_in_groups(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place of each member in its group: counts 2, 0, 3 give 0 1 0 1 2."""
    starts = np.cumsum(counts) - counts
    return np.arange(int(counts.sum()), dtype=np.int64) - np.repeat(starts, counts)


def group_premises(communes: Communes, rules: GeneratorRules) -> Groups:
    """Group the premises of each commune in buildings, and its houses in hamlets."""
    counts = communes.counts
    population = communes.population.astype(np.float64)
    apartments = _part(counts, read_table(rules.apartment_share, population))
    owner, sizes = _apartment_buildings(communes, apartments, rules)
    tall = np.bincount(owner, minlength=len(communes))

    room = np.maximum(communes.area_m2 // rules.building_plot_m2, 1).astype(np.int64)
    crowded = tall + counts - apartments > room
    if crowded.any():
        owner, sizes = _without(crowded, owner, sizes)
        extra_owner, extra_sizes = _even_buildings(counts, room, crowded)
        owner, sizes = np.concatenate([owner, extra_owner]), np.concatenate([sizes, extra_sizes])
        order = np.argsort(owner, kind="stable")
        owner, sizes = owner[order], sizes[order]
        tall = np.bincount(owner, minlength=len(communes))
        apartments = np.where(crowded, counts, apartments)

    houses = counts - apartments
    density = counts / np.maximum(communes.area_m2 / _M2_PER_KM2, 1 / _M2_PER_KM2)
    scattered = np.minimum(houses, counts - _part(counts, read_table(rules.bourg_share, density)))
    town_counts = tall + houses - scattered
    hamlet_owner, hamlet_houses = _hamlets(communes, scattered, density, rules)

    building_counts = town_counts + scattered
    building_owner = np.repeat(np.arange(len(communes)), building_counts)
    rank = positions_in_groups(building_counts)
    every_size = np.ones(len(building_owner), dtype=np.int64)
    every_size[_ranks_of(tall, town_counts, building_counts)] = sizes
    return Groups(
        owner=building_owner, rank=rank, sizes=every_size, town_counts=town_counts,
        hamlet_owner=hamlet_owner, hamlet_houses=hamlet_houses,
    )  # fmt: skip


def _part(counts: NDArray[np.int64], share: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(counts * share).astype(np.int64)


def _cut(
    totals: NDArray[np.int64], owner: NDArray[np.int64], sizes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Keep the first groups of each commune, the last one cut, that sum to its total."""
    ends = np.cumsum(sizes)
    starts = ends - sizes
    first = np.searchsorted(owner, np.arange(len(totals)))
    base = np.append(starts, 0)[first]
    left = totals[owner] - (starts - base[owner])
    kept = left > 0
    return owner[kept], np.minimum(sizes, left)[kept]


def _apartment_buildings(
    communes: Communes, apartments: NDArray[np.int64], rules: GeneratorRules
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw buildings of two premises and more until they hold the commune's apartments."""
    draws = (apartments + 1) // 2  # enough even when each holds two
    owner = np.repeat(np.arange(len(communes)), draws)
    rank = uniform(communes.keys[owner], _STREAM_SIZES, positions_in_groups(draws))
    # Small communes draw from the lower part of the table, so that sizes don't pile at the limit.
    largest = read_table(rules.largest_building, communes.population.astype(np.float64))
    rank *= read_table(_inverse(rules.building_sizes), largest)[owner]
    sizes = np.maximum(np.floor(read_table(rules.building_sizes, rank)), 2).astype(np.int64)
    return _cut(apartments, owner, sizes)


def _inverse(table: Table) -> Table:
    return tuple((y, x) for x, y in table)


def _without(
    dropped: NDArray[np.bool_], owner: NDArray[np.int64], sizes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    kept = ~dropped[owner]
    return owner[kept], sizes[kept]


def _even_buildings(
    counts: NDArray[np.int64], room: NDArray[np.int64], crowded: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give crowded communes as many like buildings as there is room for, and no more."""
    needed = np.maximum(room, -(-counts // _LARGEST_BUILDING))
    like = np.where(crowded, -(-counts // np.maximum(needed, 1)), 1)
    number = np.where(crowded, -(-counts // like), 0)
    owner = np.repeat(np.arange(len(counts)), number)
    return _cut(counts, owner, like[owner])


def _hamlets(
    communes: Communes,
    scattered: NDArray[np.int64],
    density: NDArray[np.float64],
    rules: GeneratorRules,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw hamlets until they hold the commune's scattered houses."""
    owner = np.repeat(np.arange(len(communes)), scattered)  # enough even when each is a lone house
    rank = uniform(communes.keys[owner], _STREAM_HAMLETS, positions_in_groups(scattered))
    mean = read_table(rules.hamlet_mean, density)[owner]
    sizes = 1 + np.floor(read_table(rules.hamlet_sizes, rank) * mean).astype(np.int64)
    return _cut(scattered, owner, sizes)


def _ranks_of(
    tall: NDArray[np.int64], town_counts: NDArray[np.int64], building_counts: NDArray[np.int64]
) -> NDArray[np.intp]:
    """Choose which buildings of each bourg hold apartments: more of them near its middle.

    Rank r of n gets an apartment building where the whole part of tall * W(r) / W(n) grows, W being
    the running sum of the weights 2n - r, at most one a rank; the few that the middle can't take
    stand on the first ranks left.
    """
    owner = np.repeat(np.arange(len(town_counts)), town_counts)
    rank = positions_in_groups(town_counts)
    n = town_counts[owner]
    running = (rank + 1) * (2 * n) - rank * (rank + 1) // 2
    whole = n * (2 * n) - (n - 1) * n // 2
    before = running - (2 * n - rank)
    want = tall[owner]
    chosen = want * running // np.maximum(whole, 1) > want * before // np.maximum(whole, 1)
    lacking = tall - np.bincount(owner[chosen], minlength=len(tall))
    free = ~chosen
    free_before = np.cumsum(free) - free
    starts = np.cumsum(town_counts) - town_counts
    base = np.append(free_before, 0)[np.minimum(starts, len(free_before))]
    chosen |= free & (free_before - base[owner] < lacking[owner])
    offset = np.cumsum(building_counts) - building_counts
    positions: NDArray[np.intp] = (offset[owner] + rank)[chosen]
    return positions

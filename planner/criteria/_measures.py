"""One function a criterion: from the territory to exact values of sectors, or what is missing.

Every value is a rational made of whole counts, cents or decimetres, so that two machines agree on
every mark.  A measure that lacks its input somewhere says where, and gives no value anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from planner.criteria._speed import copper_kbps
from planner.scenario import CriteriaRules
from planner.spatial import PolygonIndex, count_points
from planner.territory import Territory
from planner.texts import Message
from planner.vocab import PremiseKind

__all__ = ["MEASURES", "Ground", "Measure", "Measured", "Missing", "user_measure"]

_DM_PER_M: Final = 10
_CENTS_PER_EUR: Final = 100


@dataclass(frozen=True)
class Measured:
    """The exact value of each sector, and the layers that it comes from."""

    exact: Mapping[str, Fraction]
    layers: tuple[str, ...]


@dataclass(frozen=True)
class Missing:
    """What a criterion lacks, and where."""

    what: Message
    where: str


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What every measure takes.

    Parameters
    ----------
    territory
        Its tables.
    sectors
        The sectors to decide on (public, outside phase 1, with premises), sorted by id.
    costs
        Contract ``costs``, or None.
    rules
        The scenario's.
    """

    territory: Territory
    sectors: pd.DataFrame
    costs: pd.DataFrame | None
    rules: CriteriaRules

    @property
    def ids(self) -> list[str]:
        """Identifiers of the sectors to decide on, sorted."""
        return [str(key) for key in self.sectors["sector_id"]]

    def departements_of(self, ids: set[str]) -> str:
        """Return the départements of some sectors, as a list in words."""
        inside = self.sectors["sector_id"].astype(str).isin(ids)
        return ", ".join(sorted(set(self.sectors.loc[inside, "departement"].astype(str)))) or "—"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A criterion: how it is measured, its unit, and which way it pulls.

    Parameters
    ----------
    unit
        Unit of the value; empty for a share.
    higher_first
        Whether a higher value brings a sector forward, unless the scenario says otherwise.
    measure
        The function.
    """

    unit: str
    higher_first: bool
    measure: Callable[[Ground], Measured | Missing]


def _sector_codes(ground: Ground) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Return the premises in the sectors to decide on, and the place of each one's sector."""
    premises = ground.territory.premises
    place = {key: number for number, key in enumerate(ground.ids)}
    sector = premises["sector_id"]
    if isinstance(sector.dtype, pd.CategoricalDtype):
        lookup = np.array([place.get(str(c), -1) for c in sector.cat.categories] + [-1])
        codes = lookup[sector.cat.codes.to_numpy()]
    else:
        codes = sector.map(place).fillna(-1).to_numpy(dtype=np.int64)
    inside = codes >= 0
    return premises.loc[inside], codes[inside].astype(np.int64)


def _sums(codes: NDArray[np.int64], counts: NDArray[np.int64], size: int) -> list[int]:
    return [int(value) for value in np.bincount(codes, weights=counts, minlength=size)]


def _share_under(kbps: int, ground: Ground) -> Measured | Missing:
    """Share of premises whose copper line is slower; the nearest cabinet serves a premise."""
    cabinets = ground.territory.cabinets.sort_values("cabinet_id", kind="stable")
    if cabinets.empty:
        return Missing(Message.of("criteria.no_cabinets"), ground.departements_of(set(ground.ids)))
    premises, codes = _sector_codes(ground)
    xy = premises[["x_m", "y_m"]].to_numpy(dtype=np.float64)
    distance, nearest = _nearest(xy, cabinets[["x_m", "y_m"]].to_numpy(dtype=np.float64))
    far = np.unique(codes[distance > ground.rules.cabinet_reach_m])
    if far.size:
        where = ground.departements_of({ground.ids[code] for code in far.tolist()})
        return Missing(
            Message.of("criteria.no_cabinet_near", reach=ground.rules.cabinet_reach_m), where
        )
    speed = copper_kbps(
        distance,
        cabinets["attenuation_db"].to_numpy(dtype=np.float64)[nearest],
        cabinets["vdsl2"].to_numpy(dtype=bool)[nearest],
        rules=ground.rules.copper,
    )
    counts = premises["premises_min"].to_numpy(dtype=np.int64)
    size = len(ground.ids)
    slow = _sums(codes, np.where(speed < kbps, counts, 0), size)
    return _shares(ground, slow, _sums(codes, counts, size), ("premises", "cabinets"))


def _nearest(
    xy: NDArray[np.float64], cabinets: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the distance of the nearest cabinet, and which: the first by id where two are."""
    tree = cKDTree(cabinets)
    distance, which = tree.query(xy, k=min(2, len(cabinets)))
    if distance.ndim == 1:
        return distance, which.astype(np.int64)
    same = distance[:, 0] == distance[:, 1]
    first = np.where(same, which.min(axis=1), which[:, 0])
    return distance[:, 0], first.astype(np.int64)


def _shares(
    ground: Ground, part: list[int], whole: list[int], layers: tuple[str, ...]
) -> Measured | Missing:
    empty = {key for key, count in zip(ground.ids, whole, strict=True) if count == 0}
    if empty:
        return Missing(Message.of("criteria.no_premises"), ground.departements_of(empty))
    rows = zip(ground.ids, part, whole, strict=True)
    return Measured({key: Fraction(a, b) for key, a, b in rows}, layers)


def _businesses(ground: Ground) -> Measured | Missing:
    """Count business premises; one premise of unknown kind anywhere switches it off."""
    premises, codes = _sector_codes(ground)
    unknown = premises["kind"].isna().to_numpy()
    if unknown.any() or premises.empty:
        places = {ground.ids[code] for code in np.unique(codes[unknown]).tolist()}
        where = ground.departements_of(places or set(ground.ids))
        return Missing(Message.of("criteria.no_kind", count=int(unknown.sum())), where)
    business = (premises["kind"].astype(str) == PremiseKind.BUSINESS.value).to_numpy()
    counts = premises["premises_min"].to_numpy(dtype=np.int64)
    totals = _sums(codes, np.where(business, counts, 0), len(ground.ids))
    return Measured(dict(zip(ground.ids, map(Fraction, totals), strict=True)), ("premises",))


def _public_sites(ground: Ground) -> Measured | Missing:
    """Count public sites; a département with none, or strangely few, isn't covered by the list."""
    sites = ground.territory.public_sites
    x, y = (sites[name].to_numpy(dtype=np.float64) for name in ("x_m", "y_m"))
    departements = ground.territory.departements.sort_values("code", kind="stable")
    within = PolygonIndex(departements.geometry.to_numpy()).locate(x, y)
    covered = {str(departements["code"].iloc[row]) for row in np.unique(within[within >= 0])}
    bare = sorted(set(ground.sectors["departement"].astype(str)) - covered)
    if bare:
        return Missing(Message.of("criteria.no_public_sites"), ", ".join(bare))
    thin = _strangely_few(ground, x, y)
    if thin:
        told = ", ".join(f"{code} ({count})" for code, count in sorted(thin.items()))
        share = float(ground.rules.public_sites_share)
        return Missing(Message.of("criteria.few_public_sites", share=share), told)
    every = ground.territory.sectors.sort_values("sector_id", kind="stable")
    labels = PolygonIndex(every.geometry.to_numpy()).locate(x, y)
    inside = count_points(labels, sizes=(len(every),))[:-1]  # the last place is outside all
    counted = dict(zip(every["sector_id"].astype(str), inside.tolist(), strict=True))
    return Measured({key: Fraction(int(counted[key])) for key in ground.ids}, ("public_sites",))


def _strangely_few(
    ground: Ground, x: NDArray[np.float64], y: NDArray[np.float64]
) -> dict[str, int]:
    """Return the départements with too few sites an inhabitant beside the best provided one.

    Both are counted in the communes of the territory: it may hold a part of a département only.
    """
    communes = ground.territory.communes.sort_values("insee", kind="stable")
    inside = count_points(
        PolygonIndex(communes.geometry.to_numpy()).locate(x, y), sizes=(len(communes),)
    )[:-1]
    of = communes["departement"].astype(str)
    people = communes["population"].groupby(of).sum()
    counts = pd.Series(inside, index=communes.index).groupby(of).sum()
    rates = {
        str(code): Fraction(int(counts[code]), int(people[code]))
        for code in people.index
        if int(people[code]) > 0
    }
    least = Fraction(ground.rules.public_sites_share) * max(rates.values(), default=Fraction(0))
    here = set(ground.sectors["departement"].astype(str))
    return {
        code: int(counts[code]) for code, rate in rates.items() if rate < least and code in here
    }


def _balance(ground: Ground) -> Measured | Missing:
    """Share of the département's premises of its kind, town or countryside, left by phase 1."""
    sectors = ground.territory.sectors
    kind = sectors["departement"].astype(str) + "/" + sectors["area_kind"].astype(str)
    counts = sectors["premises_count"].astype("int64")
    total = counts.groupby(kind).sum()
    left = counts.where(sectors["zone_id"].isna(), 0).groupby(kind).sum()
    of = dict(zip(sectors["sector_id"].astype(str), kind, strict=True))
    return Measured(
        {key: Fraction(int(left[of[key]]), int(total[of[key]])) for key in ground.ids}, ("sectors",)
    )


def _contiguity(ground: Ground) -> Measured | Missing:
    """Metres of border shared with the sectors of phase 1, to the decimetre."""
    every = ground.territory.sectors
    network = every.loc[every["zone_id"].notna()]
    if network.empty:
        return Missing(Message.of("criteria.no_network"), ground.departements_of(set(ground.ids)))
    ours = shapely.boundary(ground.sectors.geometry.to_numpy())
    theirs = shapely.boundary(network.geometry.to_numpy())
    left, right = shapely.STRtree(theirs).query(ours, predicate="intersects")
    shared = shapely.length(shapely.intersection(ours[left], theirs[right]))
    total_m = np.bincount(left, weights=shared, minlength=len(ours))
    tenths = np.rint(total_m * _DM_PER_M).astype(np.int64)
    values = {key: Fraction(int(v), _DM_PER_M) for key, v in zip(ground.ids, tenths, strict=True)}
    return Measured(values, ("sectors", "zones"))


def _cost_per_line(ground: Ground) -> Measured | Missing:
    """Cost of a line, in euros to the cent."""
    costs = ground.costs
    known = {} if costs is None else dict(
        zip(costs["sector_id"].astype(str), costs["cost_cents"].astype("int64"), strict=True)
    )  # fmt: skip
    absent = set(ground.ids) - set(known)
    if absent:
        return Missing(Message.of("criteria.no_costs"), ground.departements_of(absent))
    counts = ground.sectors["premises_count"].astype("int64")
    rows = zip(ground.ids, counts, strict=True)
    return Measured(
        {key: Fraction(int(known[key]), int(lines) * _CENTS_PER_EUR) for key, lines in rows},
        ("prices", "sectors"),
    )


def user_measure(name: str, *, unit: str, higher_first: bool) -> Measure:
    """Return the measure of a criterion that the user brings in ``sector_values``."""
    return Measure(unit=unit, higher_first=higher_first, measure=partial(_user_values, name))


def _user_values(name: str, ground: Ground) -> Measured | Missing:
    table = ground.territory.sector_values
    rows = table.loc[table["criterion"].astype(str) == name]
    known = {
        str(key): Fraction(repr(float(value)))
        for key, value in zip(rows["sector_id"], rows["value"], strict=True)
    }
    absent = set(ground.ids) - set(known)
    if absent:
        what = Message.of("criteria.no_values", criterion=name, count=len(absent))
        return Missing(what, ground.departements_of(absent))
    return Measured({key: known[key] for key in ground.ids}, ("sector_values",))


MEASURES: Final[Mapping[str, Measure]] = MappingProxyType(
    {
        "under_3_mbps": Measure(unit="", higher_first=True, measure=partial(_share_under, 3_000)),
        "under_8_mbps": Measure(unit="", higher_first=True, measure=partial(_share_under, 8_000)),
        "under_30_mbps": Measure(unit="", higher_first=True, measure=partial(_share_under, 30_000)),
        "businesses": Measure(unit="premises", higher_first=True, measure=_businesses),
        "public_sites": Measure(unit="sites", higher_first=True, measure=_public_sites),
        "town_country_balance": Measure(unit="", higher_first=True, measure=_balance),
        "contiguity": Measure(unit="m", higher_first=True, measure=_contiguity),
        "cost_per_line": Measure(unit="EUR", higher_first=False, measure=_cost_per_line),
    }
)
"""The criteria that the library measures itself; thresholds of speed are in kbit/s."""

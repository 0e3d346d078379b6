"""Zones: named groups of whole sectors, grown to the structure that the report gives.

The report names 13 villes moyennes and counts 120 rural zones, without outlines.  Zones are grown
so that their number and their premises follow the report, by tranche and kind; they are synthetic,
and what they hold is counted from the geometry, never typed in.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.errors import RuleError
from planner.findings import Finding, Findings
from planner.schemas import contract
from planner.sector_names import sector_names
from planner.texts import Message
from planner.vocab import AreaKind, Phase, Severity, ZoneKind

__all__ = ["Zoning", "grow_zones", "join_zones", "place_sectors"]

_WHOLE_SHARE = 0.01  # of a sector's area: what two drawings of one border differ by

Neighbours = list[NDArray[np.intp]]


@dataclass(frozen=True, kw_only=True)
class Zoning:
    """Zones, with the sectors that now know theirs.

    Parameters
    ----------
    zones
        Contract ``zones``, sorted by id.
    sectors
        Contract ``sectors`` with ``zone_id`` and ``area_kind`` set.
    findings
        Targets that could not be met, sectors across zones.
    """

    zones: gpd.GeoDataFrame
    sectors: gpd.GeoDataFrame
    findings: Findings


def grow_zones(
    sectors: gpd.GeoDataFrame,
    *,
    communes: gpd.GeoDataFrame,
    villes_moyennes: pd.DataFrame,
    figures: pd.DataFrame,
) -> Zoning:
    """Grow the zones of phase 1 to the report's structure.

    A ville moyenne's zone starts with the sectors of its commune and takes its nearest neighbours,
    since the town communes alone hold fewer premises than the report says; the towns of a tranche
    share its figure in proportion to their own premises.  Rural zones start from sectors spread
    evenly over the premises that are left (systematic sampling along a Hilbert curve) and prefer
    neighbours of their own EPCI.  Each zone is in one piece wherever its sectors touch.  What one
    zone lacks or exceeds is carried to the next, so that the sum of a kind is within half a sector
    of its figure.

    Parameters
    ----------
    sectors
        Contract ``sectors``; those of the public area.
    communes
        Contract ``communes``: where the towns' bourgs are.
    villes_moyennes
        Contract ``villes_moyennes``.
    figures
        Contract ``programme_figures``; its *preferred* rows of phase 1, by tranche and kind.

    Raises
    ------
    RuleError
        When a ville moyenne has no sector or no premises, or a figure is missing.
    """
    growth = _Growth(sectors, communes)
    tranches = sorted({int(t) for t in villes_moyennes["tranche"]})
    for tranche in tranches:
        towns = villes_moyennes[villes_moyennes["tranche"] == tranche].sort_values("insee")
        growth.grow_towns(tranche, towns, _target(figures, tranche, ZoneKind.VILLE_MOYENNE)[1])
    for tranche in tranches:
        count, premises_count = _target(figures, tranche, ZoneKind.RURAL)
        growth.grow_rural(tranche, count, premises_count)
    return growth.result()


def join_zones(sectors: gpd.GeoDataFrame, *, zones: pd.DataFrame | None = None) -> Zoning:
    """Make zones of the sectors that name one, as they are given.

    Parameters
    ----------
    sectors
        Contract ``sectors``; those with a ``zone_id`` are grouped.
    zones
        What is known of the zones: ``zone_id`` and any of ``nom``, ``kind``, ``phase``,
        ``tranche``, ``ville_moyenne_insee``, ``synthetic``.  By default a zone is rural, of phase
        1, and called by its id.
    """
    known = pd.DataFrame({"zone_id": []}) if zones is None else pd.DataFrame(zones).copy()
    known = known.drop(columns="geometry", errors="ignore").set_index("zone_id")
    frame = _dissolve(sectors)
    defaults: dict[str, object] = {
        "nom": frame["zone_id"], "kind": ZoneKind.RURAL.value, "phase": Phase.PHASE_1.value,
        "tranche": None, "ville_moyenne_insee": None, "synthetic": False,
    }  # fmt: skip
    for name, default in defaults.items():
        given = frame["zone_id"].map(known[name]) if name in known else None
        if given is None:
            frame[name] = default
        else:
            filler = default if default is not None else pd.NA
            frame[name] = given.where(given.notna(), filler)
    frame["tranche"] = frame["tranche"].astype("Int64")
    empty = sorted(set(known.index.astype(str)) - set(frame["zone_id"].astype(str)))
    found = [
        Finding.of("zones.empty", severity=Severity.SERIOUS, table="zones", place=zone_id)
        for zone_id in empty
    ]
    zones_table = contract("zones").select(frame)
    contract("zones").check(zones_table)
    towns = zones_table.loc[zones_table["kind"] == ZoneKind.VILLE_MOYENNE.value, "zone_id"]
    placed = sectors.copy()
    in_town = placed["zone_id"].isin(set(towns))
    placed["area_kind"] = placed["area_kind"].astype("str").mask(in_town, AreaKind.URBAN.value)
    return Zoning(zones=zones_table, sectors=placed, findings=Findings.collect(found))


def place_sectors(
    sectors: gpd.GeoDataFrame, zones: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, Findings]:
    """Put each sector in the given zone that holds most of it.

    A zone is made of whole sectors: a sector that lies across the border of a zone by more than one
    hundredth of its area goes where most of it is (ties to the smallest id) and is a finding.  One
    that is mostly outside every zone is in none.

    Parameters
    ----------
    sectors
        Contract ``sectors``.
    zones
        Polygons with their ``zone_id``, in EPSG:2154.

    Returns
    -------
    GeoDataFrame
        The sectors with ``zone_id`` set.
    Findings
        Sectors across the border of a zone.
    """
    outlines = zones.sort_values("zone_id", kind="stable").reset_index(drop=True)
    shapes = sectors.geometry.to_numpy()
    left, right = shapely.STRtree(outlines.geometry.to_numpy()).query(shapes)
    area = shapely.area(shapely.intersection(shapes[left], outlines.geometry.to_numpy()[right]))
    share = np.zeros((len(sectors), len(outlines)))
    share[left, right] = area / shapely.area(shapes)[left]
    best = share.argmax(axis=1)  # the first of equals: the smallest id
    most = share.max(axis=1)
    inside = most > 1 / 2
    across = (most > _WHOLE_SHARE) & (most < 1 - _WHOLE_SHARE)
    placed = sectors.copy()
    ids = outlines["zone_id"].astype(str).to_numpy()[best]
    placed["zone_id"] = pd.Series(ids, index=placed.index).where(inside, None)
    found = [
        Finding.of(
            "zones.straddles", severity=Severity.WARNING, table="sectors", place=str(key),
            zone=str(zone), share=float(part),
        )
        for key, zone, part in zip(
            sectors["sector_id"].to_numpy()[across], ids[across], most[across], strict=True
        )
    ]  # fmt: skip
    return placed, Findings.collect(found).naming(sector_names(sectors))


def _union(shapes: NDArray[np.object_]) -> shapely.Geometry:
    """Return the union of some sectors; those that overlap are no coverage and take longer."""
    try:
        whole = shapely.coverage_union_all(shapes) if len(shapes) > 1 else shapes[0]
    except shapely.errors.GEOSException:
        return shapely.union_all(shapes)
    return whole if shapely.is_valid(whole) else shapely.union_all(shapes)


def _dissolve(sectors: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    inside = sectors[sectors["zone_id"].notna()].sort_values("sector_id", kind="stable")
    rows = []
    for zone_id, group in inside.groupby("zone_id", sort=True):
        shapes = group.geometry.to_numpy()
        whole = _union(shapes)
        rows.append((str(zone_id), len(group), int(group["premises_count"].sum()), whole))
    frame = pd.DataFrame(rows, columns=["zone_id", "sectors_count", "premises_count", "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=sectors.crs)


def _no_figures() -> RuleError:
    return RuleError(Message.of("zones.no_figures"), Message.of("zones.no_figures_remedy"))


def _target(figures: pd.DataFrame, tranche: int, kind: ZoneKind) -> tuple[int, int]:
    rows = figures[
        (figures["phase"].astype(str) == Phase.PHASE_1.value)
        & (figures["tranche"] == tranche).fillna(value=False)
        & (figures["kind"].astype(str) == kind.value)
        & figures["preferred"].astype(bool)
        & figures["premises_count"].notna()
        & figures["zones_count"].notna()
    ]
    if figures.empty:  # of a part of the region, nothing is published
        raise _no_figures()
    if len(rows) != 1:
        raise RuleError(
            Message.of("zones.figure", tranche=tranche, kind=kind, count=len(rows)),
            Message.of("zones.figure_remedy"),
        )
    return int(rows["zones_count"].iloc[0]), int(rows["premises_count"].iloc[0])


def neighbours_of(shapes: NDArray[np.object_]) -> Neighbours:
    """Return, for each polygon of a coverage, the sorted positions of those that share an edge."""
    tree = shapely.STRtree(shapes)
    left, right = tree.query(shapes, predicate="touches")
    shared = shapely.intersection(shapes[left], shapes[right])
    edge = shapely.length(shared) > 0
    order = np.lexsort((right[edge], left[edge]))
    left, right = left[edge][order], right[edge][order]
    starts = np.searchsorted(left, np.arange(len(shapes) + 1))
    return [right[starts[i] : starts[i + 1]] for i in range(len(shapes))]


class _Growth:
    """Zones as they grow over the sectors that are still free."""

    def __init__(self, sectors: gpd.GeoDataFrame, communes: gpd.GeoDataFrame) -> None:
        self.sectors = sectors.sort_values("sector_id", kind="stable").reset_index(drop=True)
        self.shapes = self.sectors.geometry.to_numpy()
        self.neighbours = neighbours_of(self.shapes)
        inner = shapely.point_on_surface(self.shapes)
        # whole metres: distances are compared, and the last bits must not decide
        self.xy = np.round(np.column_stack([shapely.get_x(inner), shapely.get_y(inner)]))
        self.premises = self.sectors["premises_count"].to_numpy(dtype=np.int64)
        self.epci = self.sectors["epci_siren"].astype("object").fillna("").to_numpy()
        self.insee = self.sectors["insee"].astype(str).to_numpy()
        self.zone = np.full(len(self.sectors), "", dtype=object)
        self.rows: list[dict[str, object]] = []
        self.communes = communes.set_index("insee")[["nom", "bourg_x_m", "bourg_y_m"]]

    def _grow(
        self, members: list[int], centre: NDArray[np.float64], target: int, epci: str | None
    ) -> list[int]:
        """Add the nearest free neighbour while that brings the zone closer to its target."""
        zone = list(members)
        total = int(self.premises[zone].sum())
        while True:
            fringe = sorted(
                {int(n) for m in zone for n in self.neighbours[m] if not self.zone[n]} - set(zone)
            )
            if not fringe:
                return zone
            gap = self.xy[fringe] - centre
            far = (gap * gap).sum(axis=1)
            foreign = np.array([epci is not None and self.epci[n] != epci for n in fringe])
            best = fringe[int(np.lexsort((np.array(fringe), far, foreign))[0])]
            grown = total + int(self.premises[best])
            if abs(target - grown) > abs(target - total) or grown == total == target:
                return zone
            zone.append(best)
            total = grown

    def _close(self, zone_id: str, members: list[int], row: dict[str, object]) -> int:
        self.zone[members] = zone_id
        self.rows.append(
            {"zone_id": zone_id, "phase": Phase.PHASE_1.value, "synthetic": True} | row
        )
        return int(self.premises[members].sum())

    def grow_towns(self, tranche: int, towns: pd.DataFrame, target: int) -> None:
        """Grow the zones of the villes moyennes of one tranche."""
        cores: dict[str, list[int]] = {}
        for insee in towns["insee"].astype(str):
            core = np.flatnonzero((self.insee == insee) & (self.zone == ""))
            if not core.size:
                raise RuleError(
                    Message.of("zones.no_town", insee=insee),
                    Message.of("zones.no_town_remedy"),
                )
            if not self.premises[core].any():  # the premises of a part of the region
                raise _no_figures()
            cores[insee] = core.tolist()
            self.zone[core] = "taken"  # no other town may take a town's own sectors
        own = sum(int(self.premises[core].sum()) for core in cores.values())
        wanted = reached = 0
        for insee, members in cores.items():
            wanted += round(target * int(self.premises[members].sum()) / own)
            centre = self.communes.loc[insee, ["bourg_x_m", "bourg_y_m"]].to_numpy(dtype=np.float64)
            grown = self._grow(members, centre, wanted - reached, None)
            row = {
                "nom": str(self.communes.loc[insee, "nom"]), "kind": ZoneKind.VILLE_MOYENNE.value,
                "tranche": tranche, "ville_moyenne_insee": insee,
            }  # fmt: skip
            reached += self._close(f"T{tranche}-VM-{insee}", grown, row)

    def grow_rural(self, tranche: int, count: int, target: int) -> None:
        """Grow the rural zones of one tranche from seeds spread evenly over what is free."""
        free = np.flatnonzero(self.zone == "")
        west, south = self.xy.min(axis=0)
        east, north = self.xy.max(axis=0)
        points = gpd.GeoSeries(gpd.points_from_xy(*self.xy[free].T))
        along = points.hilbert_distance(total_bounds=(west, south, east, north)).to_numpy()
        free = free[np.lexsort((free, along))]
        steps = np.cumsum(self.premises[free])
        places = np.searchsorted(steps, steps[-1] * (np.arange(count) + 0.5) / count)
        reached = 0
        names: dict[str, int] = {}
        for number, place in enumerate(places):
            seed = self._first_free(free, int(place))
            wanted = round(target * (number + 1) / count) - reached
            members = self._grow([seed], self.xy[seed], wanted, self.epci[seed])
            base = str(self.sectors["nom"].iloc[self._largest(members)])
            names[base] = names.get(base, 0) + 1
            row = {
                "nom": base if names[base] == 1 else f"{base} ({names[base]})",
                "kind": ZoneKind.RURAL.value, "tranche": tranche, "ville_moyenne_insee": None,
            }  # fmt: skip
            reached += self._close(f"T{tranche}-R-{number + 1:02d}", members, row)

    def _first_free(self, curve: NDArray[np.intp], place: int) -> int:
        """Return the first free sector of the curve from ``place`` on, then from its start."""
        ahead = np.concatenate([curve[place:], curve[:place]])
        free = ahead[(self.zone[ahead] == "") & (self.premises[ahead] > 0)]
        if not free.size:
            raise RuleError(Message.of("zones.no_room"), Message.of("zones.no_room_remedy"))
        return int(free[0])

    def _largest(self, members: list[int]) -> int:
        return max(sorted(members), key=lambda member: int(self.premises[member]))

    def result(self) -> Zoning:
        """Return the zones and the sectors that know theirs."""
        placed = self.sectors.copy()
        zone = pd.Series(self.zone, dtype="object").replace("", None)
        placed["zone_id"] = zone.astype("str")
        return join_zones(placed, zones=pd.DataFrame(self.rows))

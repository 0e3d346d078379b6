"""Take sectors as the user gives them, and say what is missing, uncovered or counted twice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.findings import Finding, Findings
from planner.schemas import contract
from planner.spatial import PolygonIndex
from planner.texts import Message
from planner.vocab import AreaKind, RegulatoryZone, Severity
from planner.zoning._arrays import Flags, Ints, Shapes, sum_by
from planner.zoning._labels import (
    SectorCut,
    assign_sectors,
    commune_rows,
    count_premises,
    count_shares,
    none_as_empty,
    positions,
    premises_findings,
)

__all__ = ["GivenRules", "use_sectors"]

_SHOWN = 5  # communes that a finding names


@dataclass(frozen=True, kw_only=True)
class GivenRules:
    """What is worth a finding in given sectors.

    Parameters
    ----------
    overlap_m2
        Area from which two sectors that share it overlap, in m²; below it is the noise of drawing.
    gap_m2
        Area of a public commune outside every sector from which it is a gap, in m².
    """

    overlap_m2: float = 1.0
    gap_m2: float = 1.0


def use_sectors(
    sectors: gpd.GeoDataFrame,
    premises: pd.DataFrame,
    communes: gpd.GeoDataFrame,
    *,
    rules: GivenRules = GivenRules(),
) -> SectorCut:
    """Take sectors as they are given: any size, parts of communes, across communes and EPCI.

    Nothing is moved, cut or renamed.  Premises are counted anew, each in the sector of smallest id
    that it touches; columns that are missing, or hold nothing, are derived, each with a finding
    that says how.

    Parameters
    ----------
    sectors
        ``sector_id`` and polygons in EPSG:2154, and any column of the contract ``sectors``; other
        columns are left out.
    premises
        Contract ``premises``; a row counts its ``premises_min``.
    communes
        Contract ``communes``, EPSG:2154.
    rules
        From which area overlaps and gaps are findings.

    Returns
    -------
    SectorCut
        Findings name every pair of sectors that overlap, with their premises, and every public
        commune that is not covered, with its area and premises.

    Raises
    ------
    ContractError
        When an identifier is missing or given twice, a geometry is invalid, or the CRS is not
        EPSG:2154.
    """
    given = _checked(sectors)
    communes = communes.sort_values("insee").reset_index(drop=True)
    weight = premises["premises_min"].to_numpy(dtype=np.int64)
    label = assign_sectors(premises, given)
    commune, unknown = commune_rows(premises, communes)
    main = _main_communes(given, label, weight, commune, communes)
    epci = none_as_empty(communes["epci_siren"])
    fallback = [epci[k] if k >= 0 else "" for k in main]
    shares = count_shares(label, weight, commune, epci, fallback)
    counts = count_premises(label, weight)
    table, derived = _completed(given, counts, main, communes, _main_epci(shares))
    contract("sectors").check(table)
    contract("sector_shares").check(shares)
    is_public = communes["regulatory_zone"].astype(str).to_numpy() == RegulatoryZone.PUBLIC.value
    public = np.append(is_public, False)[commune]
    inside = np.asarray(label.codes) >= 0
    found = [
        *derived,
        *_overlaps(table, premises, weight, inside, rules),
        *_gaps(table, communes.loc[is_public], premises, weight, inside, rules),
        *_private(weight, inside & ~public & (commune >= 0)),
        *premises_findings(inside, weight, public, unknown),
    ]
    return SectorCut(
        sectors=table,
        sector_shares=shares,
        sector_of_premise=label,
        findings=Findings.collect(found),
    )


def _checked(sectors: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Check what is given, but for the columns that hold nothing, and sort it by id."""
    whole = contract("sectors")
    named = {name for name in whole.column_names if _holds(sectors, name)} | {"sector_id"}
    counted = {"premises_count"}  # counted anew, so a null or a text there doesn't matter
    kept = tuple(column for column in whole.columns if column.name in named - counted)
    replace(whole, columns=kept).check(sectors)
    names = [name for name in whole.column_names if name in sectors]
    table = sectors[[*names, "geometry"]].copy()
    table["sector_id"] = table["sector_id"].astype("str")
    return table.sort_values("sector_id").reset_index(drop=True)


def _holds(sectors: gpd.GeoDataFrame, name: str) -> bool:
    """Whether a column is there, and says something of some sector."""
    return name in sectors and (sectors.empty or bool(sectors[name].notna().any()))


def _main_communes(
    given: gpd.GeoDataFrame,
    label: pd.Categorical,
    weight: Ints,
    commune: Ints,
    communes: gpd.GeoDataFrame,
) -> Ints:
    """Return the commune with most premises of each sector, else with most of its area, else -1."""
    size = len(communes)
    known = (label.codes >= 0) & (commune >= 0)
    keys, inverse = np.unique(
        label.codes[known].astype(np.int64) * size + commune[known], return_inverse=True
    )
    held = sum_by(inverse, weight[known], keys.size)
    main = np.full(len(given), -1, dtype=np.int64)
    order = np.lexsort((keys, -held))[::-1]
    order = order[held[order] > 0]
    main[keys[order] // size] = keys[order] % size  # the heaviest comes last and stays
    bare = np.flatnonzero(main < 0)
    if bare.size and size:
        shapes = given.geometry.to_numpy()[bare]
        towns = communes.geometry.to_numpy()
        row, other = shapely.STRtree(towns).query(shapes, predicate="intersects")
        area = shapely.area(shapely.intersection(shapes[row], towns[other]))
        last = np.lexsort((other, -area))[::-1]
        main[bare[row[last]]] = other[last]
    return main


def _main_epci(shares: pd.DataFrame) -> list[str | None]:
    """Return the EPCI with most premises of each sector, by sorted id; None for no EPCI."""
    ranked = shares.sort_values(
        ["sector_id", "premises_count", "epci_siren"], ascending=[True, False, True]
    ).drop_duplicates("sector_id")
    return [siren or None for siren in ranked["epci_siren"].astype(str)]


def _completed(
    given: gpd.GeoDataFrame,
    counts: Ints,
    main: Ints,
    communes: gpd.GeoDataFrame,
    epci: list[str | None],
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Add the columns that say nothing, each with its finding, and count premises anew."""
    nearest = communes.iloc[main] if len(communes) else communes.reindex(main)
    known = main >= 0
    values: dict[str, Any] = {
        "nom": given["sector_id"].to_numpy(),
        "insee": nearest["insee"].astype("str").where(known).to_numpy(),
        "departement": nearest["departement"].astype("str").where(known).to_numpy(),
        "epci_siren": pd.array(epci, dtype="str"),
        "area_kind": AreaKind.RURAL.value,
        "zone_id": pd.array([None] * len(given), dtype="str"),
        "synthetic": False,
    }
    table = given.copy()
    found = []
    for name, value in values.items():
        if _holds(given, name) or (name in given and pd.Series(value).isna().all()):
            continue
        table[name] = value
        found.append(
            Finding.of(
                "zoning.sector_derived", severity=Severity.INFO, table="sectors", place=name,
                count=len(given), how=Message.of(f"zoning.sector_how_{name}"),
            )
        )  # fmt: skip
    if "premises_count" in given:
        said = pd.to_numeric(given["premises_count"], errors="coerce").to_numpy(dtype=np.float64)
        different = int((np.isfinite(said) & (said != counts)).sum())
        if different:
            found.append(
                Finding.of(
                    "zoning.sector_recounted", severity=Severity.WARNING, table="sectors",
                    place="premises_count", count=different,
                )
            )  # fmt: skip
    table["premises_count"] = counts
    ordered: gpd.GeoDataFrame = contract("sectors").select(table)
    return ordered, found


def _overlaps(
    table: gpd.GeoDataFrame,
    premises: pd.DataFrame,
    weight: Ints,
    inside: Flags,
    rules: GivenRules,
) -> list[Finding]:
    shapes = table.geometry.to_numpy()
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    common = shapely.intersection(shapes[one], shapes[other])
    area = shapely.area(common)
    wide = area >= rules.overlap_m2
    order = np.lexsort((other[wide], one[wide]))
    one, other, common, area = (v[wide][order] for v in (one, other, common, area))
    held = _premises_in(common, premises, weight, inside)
    ids = table["sector_id"].astype(str).to_numpy(dtype=object)
    return [
        Finding.of(
            "zoning.sector_overlap", severity=Severity.WARNING, table="sectors",
            place=f"{ids[a]} + {ids[b]}", count=int(count), area=float(m2),
            sectors=[ids[a], ids[b]],
        )
        for a, b, count, m2 in zip(one, other, held, area, strict=True)
    ]  # fmt: skip


def _premises_in(shapes: Shapes, premises: pd.DataFrame, weight: Ints, inside: Flags) -> list[int]:
    """Count the premises that touch each of a few shapes, which may overlap."""
    if not len(shapes):
        return []
    x, y = positions(premises)
    rows = np.flatnonzero(inside)
    rows = rows[PolygonIndex(_areas(shapes)).locate(x[rows], y[rows]) >= 0]
    rows = rows[np.argsort(x[rows], kind="stable")]
    x, y, weight = x[rows], y[rows], weight[rows]
    counts = []
    for shape, (left, _, right, _) in zip(shapes, shapely.bounds(shapes), strict=True):
        shapely.prepare(shape)
        near = slice(np.searchsorted(x, left), np.searchsorted(x, right, side="right"))
        counts.append(int(weight[near][shapely.intersects_xy(shape, x[near], y[near])].sum()))
    return counts


def _areas(shapes: Shapes) -> Shapes:
    """Keep the polygons of collections: an intersection may also hold shared lines and points."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    flat = np.isin(shapely.get_type_id(parts), (3, 6))
    return np.asarray(shapely.multipolygons(parts[flat], indices=owner[flat]), dtype=object)


def _gaps(
    table: gpd.GeoDataFrame,
    public: gpd.GeoDataFrame,
    premises: pd.DataFrame,
    weight: Ints,
    inside: Flags,
    rules: GivenRules,
) -> list[Finding]:
    """Report the public communes that sectors leave partly uncovered."""
    shapes = table.geometry.to_numpy()
    towns = public.geometry.to_numpy()
    if not len(towns):
        return []
    area = shapely.area(towns)
    near = _uncovered(towns, shapes)
    left = shapely.area(near)
    rows = np.flatnonzero(left >= rules.gap_m2)
    x, y = positions(premises)
    out = np.flatnonzero(~inside)
    place = PolygonIndex(towns).locate(x[out], y[out])
    found = place >= 0
    lost = sum_by(place[found], weight[out][found], len(towns))
    insee = public["insee"].astype(str).tolist()
    nom = public["nom"].astype(str).tolist()
    bare = rows[left[rows] > area[rows] - rules.gap_m2]
    if bare.size <= _SHOWN:  # few enough to be told one by one
        bare = bare[:0]
    found_ones = [
        Finding.of(
            "zoning.sector_gap", severity=Severity.WARNING, table="communes", place=insee[k],
            count=int(lost[k]), area=float(left[k]), nom=nom[k], share=float(left[k] / area[k]),
        )
        for k in np.setdiff1d(rows, bare)
    ]  # fmt: skip
    if bare.size:  # a delivery of a part of the region leaves whole communes out: told once
        first = bare[np.argsort(np.array(insee)[bare], kind="stable")][:_SHOWN]
        found_ones.append(
            Finding.of(
                "zoning.communes_bare", severity=Severity.WARNING, table="communes",
                place=", ".join(f"{nom[k]} ({insee[k]})" for k in first),
                count=int(lost[bare].sum()), communes=int(bare.size),
            )
        )  # fmt: skip
    return found_ones


def _uncovered(towns: Shapes, shapes: Shapes) -> Shapes:
    """Return what no sector covers of each commune."""
    town, sector = shapely.STRtree(shapes).query(towns, predicate="intersects")
    covers = np.full(len(towns), shapely.Polygon(), dtype=object)
    order = np.argsort(town, kind="stable")
    town, sector = town[order], sector[order]
    for rows in np.split(np.arange(town.size), np.flatnonzero(np.diff(town)) + 1):
        if rows.size:
            covers[town[rows[0]]] = shapely.union_all(shapes[np.sort(sector[rows])])
    left: Shapes = shapely.difference(towns, covers)
    return left


def _private(weight: Ints, rows: Flags) -> list[Finding]:
    count = int(weight[rows].sum())
    if not count:
        return []
    return [
        Finding.of(
            "zoning.sector_private", severity=Severity.WARNING, table="premises",
            place="insee", count=count,
        )
    ]  # fmt: skip

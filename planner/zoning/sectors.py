"""Cut the public area into sectors, from the premises themselves."""

from __future__ import annotations

import logging
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.errors import MissingLayerError, RuleError
from planner.findings import Finding, Findings
from planner.schemas import contract
from planner.spatial import PolygonIndex
from planner.texts import Message
from planner.vocab import AreaKind, RegulatoryZone, Severity
from planner.zoning._along import Supports, find_apart, join_by_ways
from planner.zoning._arrays import Ints, Shapes
from planner.zoning._assembly import assemble_sectors
from planner.zoning._faces import Faces, build_faces, gather_buildings
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
from planner.zoning._naming import name_sectors
from planner.zoning._rules import CutRules

__all__ = ["CutRules", "SectorCut", "assign_sectors", "cut_sectors"]

_LOG = logging.getLogger(__name__)
_SHOWN = 5


def cut_sectors(
    premises: pd.DataFrame,
    communes: gpd.GeoDataFrame,
    *,
    rules: CutRules = CutRules(),  # noqa: B008  frozen
    ways: Supports | None = None,
    synthetic: bool = True,
) -> SectorCut:
    """Cut the public area into sectors of nearly equal premises.

    Sectors are a coverage of the public communes: no gap, no overlap.  A commune of ordinary size
    is one sector, a large one is cut by short lines between its hamlets, a small one is joined to
    its neighbours; none leaves its EPCI.  An islet with hardly any premises belongs to the nearest
    sector of its commune; one with some, too few to be a sector, is one all the same, with a
    finding.
    Along ways, each sector is the area of a PM: hamlets are gathered as ways join them, so that it
    hangs together along the network; where no way does, across the longest border.
    The order of rows doesn't matter.

    Parameters
    ----------
    premises
        Contract ``premises``; a row counts its ``premises_min``.
    communes
        Contract ``communes``, EPSG:2154; the public ones are a valid coverage.
    rules
        Bounds and target of a sector, in premises.
    ways
        Where cables may go (:class:`planner.network.Ways`); None: neighbours are those that touch.
    synthetic
        Whether the premises are made up, so that the sectors are too.

    Returns
    -------
    SectorCut
        Sectors with ``zone_id`` absent and ``area_kind`` rural, until zones are made.

    Raises
    ------
    MissingLayerError
        When there are no premises.
    RuleError
        When the public communes overlap or their borders don't match.
    """
    if premises.empty:
        raise MissingLayerError(
            Message.of("zoning.sector_no_premises"), Message.of("zoning.sector_no_premises_remedy")
        )
    communes = communes.sort_values("insee").reset_index(drop=True)
    public = communes.loc[communes["regulatory_zone"].astype(str) == RegulatoryZone.PUBLIC.value]
    public = public.reset_index(drop=True)
    _check_coverage(public)
    weight = premises["premises_min"].to_numpy(dtype=np.int64)
    x, y = positions(premises)
    shapes = public.geometry.to_numpy()
    commune = PolygonIndex(shapes).locate(x, y) if len(public) else np.full(len(premises), -1)
    inside = commune >= 0
    buildings = gather_buildings(x[inside], y[inside], weight[inside], commune[inside])
    faces = build_faces(shapes, buildings, limit=rules.cell_premises, overshoot_m=rules.overshoot_m)
    district = _districts(public)[faces.commune]
    if ways is not None:
        faces = join_by_ways(faces, district, ways, minimum=rules.minimum)
    sector = assemble_sectors(faces, district, rules=rules)
    polygons = _polygons(faces, sector, drift_m=rules.drift_m)
    table = _table(polygons, sector, faces, public, rules=rules, synthetic=synthetic)
    cut = _count(table, premises, communes, rules=rules)
    if ways is not None:
        placed = premises.assign(sector_id=cut.sector_of_premise)
        apart = find_apart(placed, cut.sectors, ways)
        cut = replace(cut, findings=Findings.collect(cut.findings, apart))
    _LOG.info("%d sectors of %d communes, %d faces", len(table), len(public), faces.weight.size)
    return cut


def _check_coverage(public: gpd.GeoDataFrame) -> None:
    shapes = public.geometry.to_numpy()
    if len(public) == 0 or shapely.coverage_is_valid(shapes):
        return
    bad = ~shapely.is_empty(shapely.coverage_invalid_edges(shapes))
    places = public.loc[bad, "insee"].astype(str).tolist()
    values = {"count": len(places), "places": ", ".join(places[:_SHOWN])}
    raise RuleError(
        Message.of("zoning.sector_communes", **values),
        Message.of("zoning.sector_communes_remedy", **values),
    )


def _districts(public: gpd.GeoDataFrame) -> Ints:
    """Tell the EPCI apart, and each commune without one: no sector leaves its district."""
    alone = public["epci_siren"].isna()
    name = public["epci_siren"].astype(object).where(~alone, public["insee"].astype(object))
    number: Ints = np.unique(name.astype(str).to_numpy(dtype=object), return_inverse=True)[1]
    return number.astype(np.int64)


def _polygons(faces: Faces, sector: Ints, *, drift_m: float) -> Shapes:
    order = np.argsort(sector, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(sector[order])) + 1)
    shapes = np.array([shapely.coverage_union_all(faces.polygons[g]) for g in groups if g.size])
    # Faces left vertices on the borders of communes; what noding moved is far below ``drift_m``.
    simple: Shapes = shapely.coverage_simplify(shapes, drift_m)
    return simple


def _table(
    polygons: Shapes,
    sector: Ints,
    faces: Faces,
    public: gpd.GeoDataFrame,
    *,
    rules: CutRules,
    synthetic: bool,
) -> gpd.GeoDataFrame:
    names = name_sectors(polygons, sector, faces, public, rules=rules)
    main = public.iloc[names.commune]
    table = gpd.GeoDataFrame(
        {
            "sector_id": pd.array(names.sector_id, dtype="str"),
            "nom": pd.array(names.nom, dtype="str"),
            "insee": main["insee"].astype("str").to_numpy(),
            "departement": main["departement"].astype("str").to_numpy(),
            "epci_siren": main["epci_siren"].astype("str").to_numpy(),
            "area_kind": pd.array([AreaKind.RURAL.value] * len(polygons), dtype="str"),
            "premises_count": np.zeros(len(polygons), dtype=np.int64),
            "zone_id": pd.array([None] * len(polygons), dtype="str"),
            "synthetic": np.full(len(polygons), synthetic),
        },
        geometry=polygons,
        crs=public.crs,
    )
    return table.sort_values("sector_id").reset_index(drop=True)


def _count(
    table: gpd.GeoDataFrame,
    premises: pd.DataFrame,
    communes: gpd.GeoDataFrame,
    *,
    rules: CutRules,
) -> SectorCut:
    label = assign_sectors(premises, table)
    weight = premises["premises_min"].to_numpy(dtype=np.int64)
    table = table.assign(premises_count=count_premises(label, weight))
    commune, unknown = commune_rows(premises, communes)
    epci = none_as_empty(communes["epci_siren"])
    shares = count_shares(label, weight, commune, epci, none_as_empty(table["epci_siren"]))
    is_public = communes["regulatory_zone"].astype(str).to_numpy() == RegulatoryZone.PUBLIC.value
    public = np.append(is_public, False)[commune]
    found = [
        *_size_findings(table, rules),
        *_foreign_findings(table, shares),
        *premises_findings(label.codes >= 0, weight, public, unknown),
    ]
    contract("sectors").check(table)
    contract("sector_shares").check(shares)
    return SectorCut(
        sectors=table,
        sector_shares=shares,
        sector_of_premise=label,
        findings=Findings.collect(found),
    )


def _size_findings(table: gpd.GeoDataFrame, rules: CutRules) -> list[Finding]:
    found = []
    pieces = shapely.get_num_geometries(table.geometry.to_numpy())
    for sector_id, nom, count, several in zip(
        table["sector_id"], table["nom"], table["premises_count"], pieces, strict=True
    ):
        rule = None
        if count < rules.minimum:
            rule = "zoning.sector_small"
        elif count > rules.maximum:
            rule = "zoning.sector_large"
        values = {"nom": nom, "minimum": rules.minimum, "maximum": rules.maximum}
        if rule:
            found.append(
                Finding.of(
                    rule, severity=Severity.INFO, table="sectors", place=sector_id,
                    count=int(count), **values,
                )
            )  # fmt: skip
        if several > 1:
            found.append(
                Finding.of(
                    "zoning.sector_islets", severity=Severity.INFO, table="sectors",
                    place=sector_id, count=int(several), nom=nom,
                )
            )  # fmt: skip
    return found


def _foreign_findings(table: gpd.GeoDataFrame, shares: pd.DataFrame) -> list[Finding]:
    """Report the premises whose commune is of another EPCI than the sector where they lie."""
    own = dict(zip(table["sector_id"], none_as_empty(table["epci_siren"]), strict=True))
    foreign = shares["epci_siren"].astype(str) != shares["sector_id"].map(own).astype(str)
    count = int(shares.loc[foreign, "premises_count"].sum())
    if not count:
        return []
    return [
        Finding.of(
            "zoning.sector_foreign", severity=Severity.WARNING, table="premises",
            place="insee", count=count,
        )
    ]  # fmt: skip

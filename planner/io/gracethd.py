"""GraceTHD 2.0 read into premises, sectors, sites and infrastructure.

As delivered: Shapefiles and CSV, or a GeoPackage and CSV, in a folder or a ZIP.  The model's own
references are followed; those that lead nowhere are findings, and a row is set aside only when it
can't stand without them.  For every table, rows in = rows used + rows set aside.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.crs import WORKING_CRS
from planner.findings import Findings
from planner.io.files import hash_file
from planner.io.gracethd_premises import read_addresses
from planner.io.gracethd_tables import GraceTable, GraceTables, is_table
from planner.io.partner import read_delivery
from planner.io.values import parse_count, parse_date
from planner.provenance import Origin
from planner.schemas import contract
from planner.vocab import AreaLevel, Severity, SiteKind

__all__ = ["GraceTHD", "read_gracethd"]

_LENGTHS_APART = 0.1  # of the drawn length: beyond, the stated one deserves a look
_LEAST_APART_M = 1.0


@dataclass(frozen=True, kw_only=True)
class GraceTHD:
    """A GraceTHD delivery as our tables.

    Parameters
    ----------
    premises, state_changes
        Contracts of these names, from ``t_suf`` and ``t_adresse``.
    sectors
        As :func:`planner.io.read_sectors` gives them: the areas of PM (``t_zsro``).
    service_areas
        Contract ``service_areas``: ``t_znro``, ``t_zsro`` and ``t_zdep``.
    existing_sites
        Contract ``existing_sites``: ``t_sitetech`` where its node lies.
    infrastructure, infrastructure_points
        Contracts of these names: ``t_cheminement`` with the ducts of ``t_conduite``; ``t_ptech``.
    rejected_rows
        Contract ``rejected_rows``: the rows set aside, of every table.
    findings, origin
        What was understood, references that lead nowhere; where it comes from.
    rows
        Table to rows in, rows used, rows set aside.
    """

    premises: pd.DataFrame
    state_changes: pd.DataFrame
    sectors: gpd.GeoDataFrame
    service_areas: gpd.GeoDataFrame
    existing_sites: gpd.GeoDataFrame
    infrastructure: gpd.GeoDataFrame
    infrastructure_points: gpd.GeoDataFrame
    rejected_rows: pd.DataFrame
    findings: Findings
    origin: Origin
    rows: Mapping[str, tuple[int, int, int]]

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables that aren't empty, by the name of their contract."""
        names = (
            "premises", "state_changes", "service_areas", "existing_sites", "infrastructure",
            "infrastructure_points", "rejected_rows",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names if len(getattr(self, name))}


def read_gracethd(
    path: str | Path,
    *,
    crs: str | Mapping[str, str] | None = None,
    encoding: str | None = None,
    on: dt.date | None = None,
    origin: Origin | None = None,
) -> GraceTHD:
    """Read a GraceTHD 2.0 delivery.

    Parameters
    ----------
    path
        A folder, a ZIP or a GeoPackage that holds ``t_*`` tables.
    crs, encoding
        As in :func:`planner.io.read_delivery`.
    on
        Day that the delivery describes: dates the states of premises, which have none of their own.
    origin
        Source, licence and vintage; whether it is made up.

    Returns
    -------
    GraceTHD
        A premise is a *site utilisateur final* (``t_suf``) where its address has some; an address
        without any counts for its dwellings and businesses.  Its state is that of the address
        (``ad_ietat``), of the premise (``sf_racco``) where the address has none.

    Raises
    ------
    DataFileError
        Nothing in it is a table of GraceTHD, a table is there twice or without its geometry, or a
        layer has no CRS.
    """
    delivery = read_delivery(path, crs=crs, encoding=encoding, wanted=is_table, origin=origin)
    about = replace(delivery.origin, sha256=hash_file(path))
    tables = GraceTables(delivery)
    nodes = tables.get("t_noeud")
    if nodes is not None:
        nodes.demand("Point")
    places = _Places(tables=tables, about=about)
    premises, state_changes = read_addresses(tables, on=on)
    areas = places.service_areas()
    result = {
        "service_areas": areas,
        "existing_sites": places.sites(),
        "infrastructure": places.ways(),
        "infrastructure_points": places.points(),
    }
    tables.check_references()
    return GraceTHD(
        premises=premises, state_changes=state_changes, sectors=_sectors(areas), **result,
        rejected_rows=tables.rejected_rows(), findings=Findings.collect(tables.findings()),
        origin=about, rows=_count(tables),
    )  # fmt: skip


def _count(tables: GraceTables) -> dict[str, tuple[int, int, int]]:
    counts = {}
    for name, table in sorted(tables.tables.items()):
        aside = len(table.rejected_rows())
        counts[name] = (table.layer.rows_in, len(table.kept), aside)
    return counts


def _sectors(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the areas of PM as the sectors that the line takes; what isn't delivered is null."""
    own = areas[areas["level"] == AreaLevel.PM.value]
    names = own["reference"].where(own["reference"].notna(), own["area_id"])
    absent = pd.Series([None] * len(own), index=own.index, dtype="str")
    columns = {
        "sector_id": own["area_id"], "nom": names, "zone_id": absent, "departement": absent,
        "insee": absent, "epci_siren": absent, "area_kind": absent,
    }  # fmt: skip
    return gpd.GeoDataFrame(columns, geometry=own.geometry).reset_index(drop=True)


@dataclass(kw_only=True)
class _Places:
    """Areas, sites and infrastructure of one delivery."""

    tables: GraceTables
    about: Origin

    def _made(self, name: str, rows: list[dict[str, Any]], shapes: list[Any]) -> gpd.GeoDataFrame:
        """Return the contracted table of these rows."""
        table = contract(name)
        if not rows:
            return table.empty()
        frame = pd.DataFrame(rows).assign(source=self.about.source, synthetic=self.about.synthetic)
        for column in table.columns:
            frame[column.name] = _typed(frame[column.name], column.type)
        made: gpd.GeoDataFrame = table.select(
            gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, crs=WORKING_CRS))
        )
        table.check(made)
        return made

    def _works(self, table: GraceTable, prefix: str) -> dict[str, list[str | None]]:
        """Return what GraceTHD says of every work, by our names."""
        terms = self.tables.terms
        return {
            "state": terms(table, f"{prefix}_avct", "l_avancement"),
            "stage": terms(table, f"{prefix}_statut", "l_statut"),
            "condition": terms(table, f"{prefix}_etat", "l_etat_type"),
        }

    def _owners(self, table: GraceTable, *columns: str) -> list[str | None]:
        """Return the name of the organisation that the first filled column names, or its code."""
        listed = self.tables.get("t_organisme")
        names = {}
        if listed is not None:
            known = self.tables.keys("t_organisme")
            names = {code: listed.texts("or_nom")[row] for code, row in known.items()}
        owners: list[str | None] = [None] * len(table)
        for column in reversed(columns):
            for row, code in enumerate(table.texts(column)):
                if code is not None:
                    owners[row] = names.get(code) or code
        return owners

    def service_areas(self) -> gpd.GeoDataFrame:
        rows: list[dict[str, Any]] = []
        shapes: list[Any] = []
        layers = (
            (AreaLevel.NRO, "t_znro", "zn", None, "zn_nroref", "zn_etat"),
            (AreaLevel.PM, "t_zsro", "zs", ("zs_zn_code", "t_znro"), "zs_refpm", "zs_etatpm"),
            (AreaLevel.DEPLOYMENT, "t_zdep", "zd", ("zd_zs_code", "t_zsro"), "", ""),
        )
        for level, name, prefix, parent, reference, state in layers:
            table = self.tables.get(name)
            if table is None:
                continue
            table.demand("Polygon")
            counts = table.parsed(f"{prefix}_nblogmt", parse_count, "bad_count")
            capacity = table.parsed(f"{prefix}_capamax", parse_count, "bad_count")
            days = table.parsed(f"{prefix}_datemad", parse_date, "bad_date")
            states = self.tables.terms(table, state, "l_sro_etat") if state else [None] * len(table)
            stages = self.tables.terms(table, f"{prefix}_statut", "l_statut")
            parents = self.tables.resolved(table, *parent) if parent else [None] * len(table)
            nodes = self.tables.resolved(table, f"{prefix}_nd_code", "t_noeud")
            keys, references = table.texts(f"{prefix}_code"), table.texts(reference)
            for row in table.kept:
                rows.append(
                    {
                        "level": level.value, "area_id": keys[row], "parent_id": parents[row],
                        "node_id": nodes[row], "reference": references[row],
                        "state": states[row], "stage": stages[row], "premises_count": counts[row],
                        "capacity_count": capacity[row], "available_on": days[row],
                    }
                )  # fmt: skip
                shapes.append(_shape(table, row))
        return self._made("service_areas", rows, shapes)

    def sites(self) -> gpd.GeoDataFrame:
        table = self.tables.get("t_sitetech")
        if table is None:
            return contract("existing_sites").empty()
        where = self._positions(table, "st_nd_code")
        kinds = self.tables.terms(table, "st_typelog", "l_site_type_log")
        lines = table.parsed("st_nblines", parse_count, "bad_count")
        tenure = self.tables.terms(table, "st_proptyp", "l_propriete_type")
        owners, works = self._owners(table, "st_prop", "st_gest"), self._works(table, "st")
        keys, names, nodes = (table.texts(f"st_{n}") for n in ("code", "nom", "nd_code"))
        rows = [
            {
                "site_id": keys[row], "node_id": nodes[row], "kind": kinds[row], "nom": names[row],
                "lines_count": lines[row], "tenure": tenure[row], "owner": owners[row],
                **{name: values[row] for name, values in works.items()},
            }
            for row in table.kept
        ]  # fmt: skip
        for area in (SiteKind.NRO, SiteKind.PM):
            found = [row["node_id"] for row in rows if row["kind"] == area.value]
            twice = len(found) - len(set(found))
            self.tables.note("gracethd.sites_on_one_node", Severity.INFO, table.name, count=twice,
                             place=f"{self.tables.delivery.file}/{area.value}")  # fmt: skip
        return self._made("existing_sites", rows, [where[row] for row in table.kept])

    def points(self) -> gpd.GeoDataFrame:
        table = self.tables.get("t_ptech")
        if table is None:
            return contract("infrastructure_points").empty()
        where = self._positions(table, "pt_nd_code")
        kinds = self.tables.terms(table, "pt_typephy", "l_ptech_type_phy")
        tenure = self.tables.terms(table, "pt_proptyp", "l_propriete_type")
        owners, works = self._owners(table, "pt_prop", "pt_prop_do"), self._works(table, "pt")
        keys, models, nodes = (table.texts(f"pt_{n}") for n in ("code", "nature", "nd_code"))
        rows = [
            {
                "point_id": keys[row], "node_id": nodes[row], "kind": kinds[row],
                "model": models[row], "tenure": tenure[row], "owner": owners[row],
                **{name: values[row] for name, values in works.items()},
            }
            for row in table.kept
        ]  # fmt: skip
        return self._made("infrastructure_points", rows, [where[row] for row in table.kept])

    def _positions(self, table: GraceTable, column: str) -> list[Any]:
        """Return the point of each row's node; a row whose node isn't there is set aside."""
        nodes = self.tables.get("t_noeud")
        known: Mapping[str, int] = {}
        if nodes is not None:
            known = self.tables.keys("t_noeud")
        codes = table.texts(column)
        table.set_aside([code not in known for code in codes], "unresolved_reference", column)
        return [
            None if nodes is None or code not in known else _shape(nodes, known[str(code)])
            for code in codes
        ]

    def ways(self) -> gpd.GeoDataFrame:
        table = self.tables.get("t_cheminement")
        if table is None:
            return contract("infrastructure").empty()
        table.demand("LineString")
        ducts = self._ducts()
        supports = self.tables.terms(table, "cm_typ_imp", "l_implantation_type")
        uses = self.tables.terms(table, "cm_typelog", "l_infra_type_log")
        ends = [self.tables.resolved(table, f"cm_ndcode{end}", "t_noeud") for end in (1, 2)]
        if self.tables.get("t_noeud") is None:
            ends = [table.texts(f"cm_ndcode{end}") for end in (1, 2)]
        stated = table.parsed("cm_long", _metres, "bad_count")
        owners, works = self._owners(table, "cm_prop_do", "cm_gest_do"), self._works(table, "cm")
        keys = table.texts("cm_code")
        rows, shapes = [], []
        for row in table.kept:
            shape = _shape(table, row)
            count, tenure, owner = ducts.get(str(keys[row]), (None, None, None))
            rows.append(
                {
                    "way_id": keys[row], "support": supports[row], "from_node": ends[0][row],
                    "to_node": ends[1][row], "use": uses[row], "ducts_count": count,
                    "length_m": shapely.length(shape), "stated_length_m": stated[row],
                    "tenure": tenure, "owner": owner or owners[row],
                    **{name: values[row] for name, values in works.items()},
                }
            )  # fmt: skip
            shapes.append(shape)
        apart = [
            row["way_id"]
            for row in rows
            if row["stated_length_m"] is not None
            and abs(row["stated_length_m"] - row["length_m"])
            > max(_LEAST_APART_M, _LENGTHS_APART * row["length_m"])
        ]
        if apart:
            self.tables.note("gracethd.lengths_apart", Severity.INFO, table.name,
                             count=len(apart), value=min(apart))  # fmt: skip
        return self._made("infrastructure", rows, shapes)

    def _ducts(self) -> dict[str, tuple[int, str | None, str | None]]:
        """Return way to how many ducts it has, and their tenure and owner where all agree."""
        ducts, links = self.tables.get("t_conduite"), self.tables.get("t_cond_chem")
        if ducts is None or links is None:
            return {}
        known, ways = self.tables.keys("t_conduite"), self.tables.keys("t_cheminement")
        tenure = self.tables.terms(ducts, "cd_proptyp", "l_propriete_type")
        owners = self._owners(ducts, "cd_prop", "cd_gest")
        of_way: dict[str, set[int]] = {}
        pairs = list(zip(links.texts("dm_cd_code"), links.texts("dm_cm_code"), strict=True))
        lost = [duct not in known or way not in ways for duct, way in pairs]
        links.set_aside(lost, "unresolved_reference", "dm_cm_code")
        for row in links.kept:
            duct, way = pairs[row]
            of_way.setdefault(str(way), set()).add(known[str(duct)])
        return {
            way: (
                len(rows),
                _unanimous({tenure[row] for row in rows}),
                _unanimous({owners[row] for row in rows}),
            )
            for way, rows in of_way.items()
        }


def _unanimous(said: set[str | None]) -> str | None:
    return next(iter(said)) if len(said) == 1 else None


def _shape(table: GraceTable, row: int) -> Any:  # noqa: ANN401 (a shape)
    if table.shapes is None:
        raise LookupError(table.name)
    return table.shapes[row]


def _metres(text: str) -> float | None:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if np.isfinite(value) and value >= 0 else None


def _typed(values: pd.Series, kind: str) -> Any:  # noqa: ANN401 (an array of that kind)
    match kind:
        case "int":
            return pd.array(values.tolist(), dtype="Int64")
        case "float":
            return values.astype("float64")
        case "date":
            days = [np.datetime64("NaT", "D") if pd.isna(v) else np.datetime64(v) for v in values]
            return np.array(days, dtype="datetime64[D]").astype("datetime64[s]")
        case "bool":
            return values.astype(bool)
        case _:
            return values.astype("str")

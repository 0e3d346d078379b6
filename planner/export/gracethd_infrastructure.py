"""What exists and what is designed in the tables of GraceTHD, its references resolved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.export.gracethd_designed import (
    designed_layers,
    designed_runs,
    designed_ways,
    nodes_of,
)
from planner.export.gracethd_layer import GraceLayer, join_layers
from planner.io.gracethd_model import code_of
from planner.schemas import contract

__all__ = ["GraceLayer", "infrastructure_layers", "join_layers"]

_ORGANISATION: Final = "OR-{0:06d}"
_WORKS: Final = (("avct", "state", "l_avancement"), ("etat", "condition", "l_etat_type"),
                 ("statut", "stage", "l_statut"))  # fmt: skip


def infrastructure_layers(more: Mapping[str, pd.DataFrame]) -> dict[str, GraceLayer]:
    """Return t_cheminement, t_conduite, t_cond_chem, t_ptech, t_sitetech, t_noeud, t_organisme.

    Parameters
    ----------
    more
        Tables under the contracts ``infrastructure``, ``infrastructure_points`` and
        ``existing_sites``; those that aren't there are taken as empty.  The supports that
        ``routes`` follow are ways too.
    """
    names = ("infrastructure", "infrastructure_points", "existing_sites")
    ways, points, sites = (more.get(name, contract(name).empty()) for name in names)
    runs = designed_runs(more)
    if runs is not None:
        designed = designed_ways(runs.ducts, nodes_of(more))
        new = designed[~designed["way_id"].isin(ways["way_id"])]
        ways = gpd.GeoDataFrame(pd.concat([ways, new], ignore_index=True)) if len(ways) else new
    layers: dict[str, GraceLayer] = {}
    if runs is not None:
        layers = designed_layers(runs, more)
    if not len(ways) and not len(points) and not len(sites):
        return {}
    owners = {
        name: _ORGANISATION.format(number)
        for number, name in enumerate(
            sorted({n for t in (ways, points, sites) for n in t["owner"].dropna()}), start=1
        )
    }
    held = set(layers["t_ptech"].frame["pt_nd_code"]) if layers else set()
    layers["t_noeud"] = _nodes(ways, points, sites, held)
    if owners:
        frame = pd.DataFrame({"or_code": owners.values(), "or_nom": owners.keys()})
        layers["t_organisme"] = GraceLayer(frame=frame)
    if len(ways):
        layers["t_cheminement"] = GraceLayer(
            frame=pd.DataFrame(
                {
                    "cm_code": ways["way_id"], "cm_ndcode1": ways["from_node"],
                    "cm_ndcode2": ways["to_node"], "cm_prop_do": ways["owner"].map(owners),
                    **_works(ways, "cm"), "cm_typelog": _coded(ways["use"], "l_infra_type_log"),
                    "cm_typ_imp": _coded(ways["support"], "l_implantation_type"),
                    "cm_long": ways["stated_length_m"].fillna(ways["length_m"]),
                }
            ),
            shapes=_shapes(ways),
        )  # fmt: skip
        for name, layer in _ducts(ways, owners).items():
            layers[name] = join_layers(layer, layers[name]) if name in layers else layer
    if len(points):
        known = GraceLayer(
            frame=pd.DataFrame(
                {
                    "pt_code": points["point_id"], "pt_nd_code": points["node_id"],
                    "pt_prop": points["owner"].map(owners),
                    "pt_proptyp": _coded(points["tenure"], "l_propriete_type"),
                    **_works(points, "pt"), "pt_nature": points["model"],
                    "pt_typephy": _coded(points["kind"], "l_ptech_type_phy"),
                }
            )
        )  # fmt: skip
        layers["t_ptech"] = join_layers(known, layers["t_ptech"]) if "t_ptech" in layers else known
    if len(sites):
        layers["t_sitetech"] = GraceLayer(
            frame=pd.DataFrame(
                {
                    "st_code": sites["site_id"], "st_nd_code": sites["node_id"],
                    "st_nom": sites["nom"], "st_prop": sites["owner"].map(owners),
                    "st_proptyp": _coded(sites["tenure"], "l_propriete_type"),
                    **_works(sites, "st"), "st_nblines": sites["lines_count"],
                    "st_typelog": _coded(sites["kind"], "l_site_type_log"),
                }
            )
        )  # fmt: skip
    return layers


def _ducts(ways: pd.DataFrame, owners: Mapping[str, str]) -> dict[str, GraceLayer]:
    """Return as many ducts as each way has, and the way that each is in."""
    counts = ways["ducts_count"].fillna(0).astype(int).to_numpy()
    if not counts.any():
        return {}
    rows = ways.iloc[np.repeat(np.arange(len(ways)), counts)].reset_index(drop=True)
    order = np.concatenate([np.arange(count) + 1 for count in counts]).astype(int)
    codes = [f"{way}-C{at}" for way, at in zip(rows["way_id"], order, strict=True)]
    ducts = {
        "cd_code": codes, "cd_prop": rows["owner"].map(owners),
        "cd_proptyp": _coded(rows["tenure"], "l_propriete_type"), **_works(rows, "cd"),
        "cd_long": rows["stated_length_m"].fillna(rows["length_m"]),
    }  # fmt: skip
    links = {"dm_cd_code": codes, "dm_cm_code": rows["way_id"]}
    return {
        "t_conduite": GraceLayer(frame=pd.DataFrame(ducts)),
        "t_cond_chem": GraceLayer(frame=pd.DataFrame(links)),
    }


def _coded(terms: pd.Series[Any], value_list: str) -> list[str | None]:
    return [None if pd.isna(term) else code_of(value_list, str(term)) for term in terms]


def _works(table: pd.DataFrame, prefix: str) -> dict[str, list[str | None]]:
    return {f"{prefix}_{name}": _coded(table[ours], codes) for name, ours, codes in _WORKS}


def _shapes(table: pd.DataFrame) -> NDArray[np.object_]:
    return np.asarray(table.geometry.to_numpy(), dtype=object)


def _nodes(
    ways: pd.DataFrame, points: pd.DataFrame, sites: pd.DataFrame, held: set[str]
) -> GraceLayer:
    """Return every node that a row refers to: of sites, of points, then of the ends of ways.

    ``held`` are the ends where a technical point is designed.
    """
    found: dict[str, tuple[str, Any]] = {}
    for table, kind in ((sites, "ST"), (points, "PT")):
        if len(table):
            for node, shape in zip(table["node_id"], _shapes(table), strict=True):
                if pd.notna(node):
                    found.setdefault(str(node), (kind, shape))
    if len(ways):
        for column, end in (("from_node", 0), ("to_node", -1)):
            for node, shape in zip(ways[column], _shapes(ways), strict=True):
                if pd.notna(node) and str(node) not in found:
                    kind = "PT" if str(node) in held else "JX"
                    found[str(node)] = (kind, shapely.Point(shapely.get_coordinates(shape)[end]))
    keys = sorted(found)
    frame = pd.DataFrame(
        {"nd_code": keys, "nd_type": [found[key][0] for key in keys], "nd_type_ep": "OPT"}
    )
    shapes = np.empty(len(keys), dtype=object)
    shapes[:] = [found[key][1] for key in keys]
    return GraceLayer(frame=frame, shapes=shapes)

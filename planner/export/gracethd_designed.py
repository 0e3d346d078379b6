"""The designed network in GraceTHD: ways, ducts, cables, technical points and branching boxes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.crs import WORKING_CRS
from planner.export.gracethd_layer import GraceLayer
from planner.io.gracethd_model import code_of
from planner.network import Runs, list_runs
from planner.vocab import Laying, NetworkUse, StudyStage, Support, TechnicalPoint, WorkState

__all__ = ["designed_layers", "designed_runs", "designed_ways", "nodes_of"]

_POLES: Final = (Laying.EXISTING_POLES.value, Laying.NEW_POLES.value)
_THERE: Final = (Laying.EXISTING_DUCT.value, Laying.EXISTING_POLES.value)
_USES: Final = {"feeder": "TR", "distribution": "DI"}
_AVCT: Final = {
    stands: str(code_of("l_avancement", state.value))
    for stands, state in ((True, WorkState.EXISTING), (False, WorkState.TO_BUILD))
}
_STUDY: Final = code_of("l_statut", StudyStage.PRELIMINARY.value)


def designed_runs(more: Mapping[str, pd.DataFrame]) -> Runs | None:
    """Return the ducts and cables of a designed network; None without one."""
    if not len(more.get("routes", ())):
        return None
    tables: Any = more
    return list_runs(tables["routes"], nro=tables["nro"], pm=tables["pm"], pbo=tables["pbo"])


def nodes_of(more: Mapping[str, pd.DataFrame]) -> dict[tuple[float, float], str]:
    """Return the node of each place where a site stands; an NRO comes before its PM."""
    sites: Any = more
    named: dict[tuple[float, float], str] = {}
    for table, key, prefix in (("nro", "nro_id", "ND-"), ("pm", "sector_id", "PM-")):
        spots = shapely.get_coordinates(sites[table].geometry.to_numpy()).round(3).tolist()
        for (x, y), code in sorted(zip(spots, sites[table][key].astype(str), strict=True),
                                   key=lambda row: row[1]):  # fmt: skip
            named.setdefault((x, y), f"{prefix}{code}")
    return named


def _node(x: float, y: float, named: Mapping[tuple[float, float], str]) -> str:
    return named.get((x, y), f"ND-{x:.3f}-{y:.3f}")


def _ends(lines: Any, named: Mapping[tuple[float, float], str]) -> tuple[list[str], list[str]]:  # noqa: ANN401 (shapes)
    both = []
    for at in (0, -1):
        spots = shapely.get_coordinates(shapely.get_point(np.asarray(lines), at)).round(3)
        both.append([_node(x, y, named) for x, y in spots.tolist()])
    return both[0], both[1]


def designed_ways(
    ducts: gpd.GeoDataFrame, named: Mapping[tuple[float, float], str]
) -> gpd.GeoDataFrame:
    """Return each way that ducts follow once, under contract ``infrastructure``."""
    rows = ducts.sort_values("duct_id", kind="stable")
    uses = rows.groupby("way_id")["use"].agg(lambda use: "/".join(sorted(set(use))))
    first = rows.drop_duplicates("way_id").sort_values("way_id", ignore_index=True)
    use = uses.reindex(first["way_id"])
    exists = first["laying"].isin(_THERE)
    start, end = _ends(first.geometry.to_numpy(), named)
    return gpd.GeoDataFrame(
        {
            "way_id": first["way_id"].astype(str), "from_node": start, "to_node": end,
            "support": np.where(
                first["laying"].isin(_POLES), Support.POLE_TELECOM.value, Support.DUCT.value
            ),
            "use": use.where(~use.str.contains("/"), NetworkUse.SHARED.value).to_numpy(),
            "length_m": first["length_m"].to_numpy(), "stated_length_m": np.nan,
            "state": np.where(exists, WorkState.EXISTING.value, WorkState.TO_BUILD.value),
            "stage": StudyStage.PRELIMINARY.value, "condition": None, "tenure": None, "owner": None,
            "ducts_count": pd.array([None] * len(first), dtype="Int64"),
        },
        geometry=first.geometry.to_numpy(), crs=WORKING_CRS,
    )  # fmt: skip


def designed_layers(runs: Runs, more: Mapping[str, pd.DataFrame]) -> dict[str, GraceLayer]:
    """Return t_conduite, t_cond_chem, t_cable, t_cableline, t_cab_cond, t_ptech and t_ebp."""
    named = nodes_of(more)
    ducts = runs.ducts.sort_values("duct_id", ignore_index=True)
    aerial = ducts["laying"].isin(_POLES)
    there = ducts["laying"].isin(_THERE).to_numpy() | (ducts["works"] == "reused").to_numpy()
    to_build, existing = _AVCT[False], _AVCT[True]
    conduits = pd.DataFrame(
        {
            "cd_code": ducts["duct_id"], "cd_r2_code": "PHASE-" + ducts["phase"].astype(str),
            "cd_statut": _STUDY, "cd_avct": np.where(there, existing, to_build),
            # a link needs a duct: along poles the model has a virtual one
            "cd_type": np.where(aerial, "AER", "NC"), "cd_long": ducts["length_m"],
            "cd_nbcable": ducts["cables_count"],
        }
    )  # fmt: skip
    cables = runs.cables.sort_values("cable_id", ignore_index=True)
    lines = cables.geometry.to_numpy()
    start, end = _ends(lines, named)
    cable = pd.DataFrame(
        {
            "cb_code": cables["cable_id"], "cb_nd1": start, "cb_nd2": end,
            "cb_r2_code": "PHASE-" + cables["phase"].astype(str), "cb_r3_code": cables["sector_id"],
            "cb_statut": _STUDY, "cb_avct": to_build, "cb_tech": "OPT", "cb_typephy": "C",
            "cb_typelog": cables["tier"].astype(str).map(_USES),
            "cb_capafo": cables["capacity_fibres_count"],
        }
    )  # fmt: skip
    return {
        "t_conduite": GraceLayer(frame=conduits),
        "t_cond_chem": GraceLayer(
            frame=pd.DataFrame({"dm_cd_code": ducts["duct_id"], "dm_cm_code": ducts["way_id"]})
        ),
        "t_cable": GraceLayer(frame=cable),
        "t_cableline": GraceLayer(
            frame=pd.DataFrame(
                {
                    "cl_code": "CL-" + cables["cable_id"], "cl_cb_code": cables["cable_id"],
                    "cl_long": cables["length_m"],
                }
            ),
            shapes=np.asarray(lines, dtype=object),
        ),
        "t_cab_cond": GraceLayer(
            frame=runs.cable_ducts.sort_values(["cable_id", "duct_id"], ignore_index=True)
            .set_axis(["cc_cb_code", "cc_cd_code"], axis=1)
        ),
        **_points(ducts, more, named),
    }  # fmt: skip


def _points(
    ducts: gpd.GeoDataFrame, more: Mapping[str, pd.DataFrame],
    named: Mapping[tuple[float, float], str],
) -> dict[str, GraceLayer]:  # fmt: skip
    """Return a pole or a chamber at each end of a way where no site stands, and the boxes there.

    A place that a way leaves underground has a chamber; either stands where an existing way of its
    kind ends.
    """
    tables: Any = more
    sites = set(named.values())
    start, end = _ends(ducts.geometry.to_numpy(), named)
    buried: dict[str, bool] = {}
    stands: dict[tuple[str, bool], bool] = {}
    aerial = ducts["laying"].isin(_POLES).tolist()
    there = ducts["laying"].isin(_THERE).tolist()
    for nodes in (start, end):
        for node, on_poles, exists in zip(nodes, aerial, there, strict=True):
            buried[node] = buried.get(node, False) or not on_poles
            key = (node, not on_poles)
            stands[key] = stands.get(key, False) or exists
    boxes = tables["pbo"][tables["pbo"]["reached"].to_numpy(dtype=bool)]
    boxes = boxes.sort_values("pbo_id", ignore_index=True)
    spots = shapely.get_coordinates(boxes.geometry.to_numpy()).round(3).tolist()
    at = [_node(x, y, named) for x, y in spots]
    held = set(at)
    # a box in a site has no point of its own
    codes = sorted(set(buried) - sites)
    points = pd.DataFrame(
        {
            "pt_code": [f"PT-{node.removeprefix('ND-')}" for node in codes], "pt_nd_code": codes,
            "pt_statut": _STUDY,
            "pt_avct": [_AVCT[stands[node, buried[node]]] for node in codes],
            "pt_typephy": [
                code_of(
                    "l_ptech_type_phy",
                    (TechnicalPoint.CHAMBER if buried[node] else TechnicalPoint.POLE).value,
                )
                for node in codes
            ],
            "pt_typelog": ["R" if node in held else "T" for node in codes],
        }
    )  # fmt: skip
    known = dict(zip(codes, points["pt_code"], strict=True))
    box = pd.DataFrame(
        {
            "bp_code": boxes["pbo_id"], "bp_pt_code": [known.get(node) for node in at],
            "bp_statut": _STUDY, "bp_typelog": "PBO",
        }
    )  # fmt: skip
    count = boxes["pbo_count"].to_numpy(dtype=np.int64)
    box = box.loc[np.repeat(np.arange(len(box)), count)].reset_index(drop=True)
    nth = box.groupby("bp_code").cumcount() + 1
    box["bp_code"] = box["bp_code"].astype(str) + "-" + nth.astype(str)
    return {
        "t_ptech": GraceLayer(frame=points),
        "t_ebp": GraceLayer(frame=box),
    }

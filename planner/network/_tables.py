"""The tables of a designed network, and what deserves to be checked in it."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.crs import WORKING_CRS
from planner.findings import Finding, Findings
from planner.network._layout import Demand, Laid, Layout, Sites
from planner.network._prices import Book
from planner.network._rules import DesignRules
from planner.network._ways import MM_PER_M, Floats, Ints, Ways
from planner.schemas import contract
from planner.vocab import NetworkUse, Severity

__all__ = ["Frames", "find", "make_frames"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Frames:
    """The tables, and for each row of the demand its boxes and whether it is reached."""

    nro: gpd.GeoDataFrame
    pm: gpd.GeoDataFrame
    routes: gpd.GeoDataFrame
    pbo: gpd.GeoDataFrame
    drops: pd.DataFrame
    boxes: Ints
    reached: NDArray[np.bool_]


def make_frames(
    layout: Layout, *, ways: Ways, demand: Demand, sites: Sites, book: Book, rules: DesignRules,
    names: NDArray[np.object_], phases: tuple[str, ...], rows: pd.DataFrame, synthetic: bool,
) -> Frames:  # fmt: skip
    """Lay a design out in tables under their contracts."""
    feeder_mm, loop_mm = _depths(layout, ways, demand, sites)
    reached = loop_mm >= 0
    codes = _nro_codes(sites, names)
    boxes = -(-np.maximum(demand.lines, 1) // rules.pbo_lines)
    pbo_ids = np.array(
        [
            f"PBO-{names[s]}-{p}"
            for s, p in zip(demand.sector.tolist(), _ranks(demand), strict=True)
        ],
        dtype=object,
    )
    served = np.flatnonzero((sites.pm >= 0) & (sites.nro_of >= 0))
    pm = _frame(
        "pm", ways.x_m[sites.pm[served]], ways.y_m[sites.pm[served]],
        {
            "sector_id": names[served], "nro_id": codes[sites.nro_of[served]],
            "phase": np.array(phases, dtype=object)[sites.phase[served]],
            "lines_count": sites.lines[served],
            "cabinets_count": sites.pm_cabinets[served],
            "capacity_count": sites.pm_cabinets[served] * rules.cabinet_lines
            + sites.pm_held[served],
            "remote_connection": sites.lines[served] < rules.pm_lines,
            "feeder_m": feeder_mm[served] / MM_PER_M,
            "existing": sites.pm_existing[served], "synthetic": synthetic,
        },
    )  # fmt: skip
    longest = np.zeros(sites.nro.size, np.int64)
    at = np.flatnonzero(reached)
    np.maximum.at(longest, sites.nro_of[demand.sector[at]], loop_mm[at])
    size = sites.nro.size
    nro = _frame(
        "nro", ways.x_m[sites.nro], ways.y_m[sites.nro],
        {
            "nro_id": codes, "pm_count": np.bincount(sites.nro_of[served], minlength=size),
            "lines_count": np.bincount(
                sites.nro_of[served], weights=sites.lines[served], minlength=size
            ).astype(np.int64),
            "capacity_count": sites.nro_room,
            "longest_loop_m": longest / MM_PER_M,
            "existing": sites.nro_existing, "synthetic": synthetic,
        },
    )  # fmt: skip
    pbo = _frame(
        "pbo", ways.x_m[demand.place], ways.y_m[demand.place],
        {
            "pbo_id": pbo_ids, "sector_id": names[demand.sector], "lines_count": demand.lines,
            "pbo_count": boxes, "on_demand_count": demand.on_demand, "reached": reached,
            "loop_m": np.where(reached, loop_mm / MM_PER_M, np.nan), "synthetic": synthetic,
        },
    )  # fmt: skip
    routes = _routes(layout, ways, book, names, codes, sites, phases, synthetic=synthetic)
    return Frames(
        nro=nro, pm=pm, routes=routes, pbo=pbo,
        drops=_drops(rows, demand, names, pbo_ids, reached), boxes=boxes, reached=reached,
    )  # fmt: skip


def _ranks(demand: Demand) -> list[int]:
    """Return the rank of each place in its sector, from 1."""
    ranks: list[int] = (np.arange(demand.place.size) - demand.first[demand.sector] + 1).tolist()
    return ranks


def _frame(name: str, x_m: Floats, y_m: Floats, columns: dict[str, object]) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(columns, geometry=shapely.points(x_m, y_m), crs=WORKING_CRS)
    table = contract(name).select(frame)
    assert isinstance(table, gpd.GeoDataFrame)
    return table


def _nro_codes(sites: Sites, names: NDArray[np.object_]) -> NDArray[np.object_]:
    """Name each NRO after the sector of its own PM, else after its first sector."""
    codes = []
    for nro, place in enumerate(sites.nro.tolist()):
        own = np.flatnonzero(sites.pm == place)
        mine = own if own.size else np.flatnonzero(sites.nro_of == nro)
        codes.append(f"NRO-{names[mine[0]]}" if mine.size else f"NRO-{nro}")
    # two NRO may be named after one sector: an existing one beside a PM
    seen: dict[str, int] = {}
    for k, code in enumerate(codes):
        seen[code] = seen.get(code, 0) + 1
        if seen[code] > 1:
            codes[k] = f"{code}-{seen[code]}"
    return np.array(codes, dtype=object)


def _depths(layout: Layout, ways: Ways, demand: Demand, sites: Sites) -> tuple[Ints, Ints]:
    """Return the length from the NRO to each PM and to each row of the demand, mm; -1 for none."""
    feeder = np.full(sites.pm.size, -1, np.int64)
    for tree in layout.trees:
        if tree.feeder:
            mine = np.flatnonzero((sites.nro_of == tree.site) & (sites.phase == tree.phase))
            feeder[mine] = _at(tree, ways, sites.pm[mine])
    loop = np.full(demand.place.size, -1, np.int64)
    for tree in layout.trees:
        if not tree.feeder:
            rows = np.arange(demand.first[tree.site], demand.first[tree.site + 1])
            depth = _at(tree, ways, demand.place[rows])
            loop[rows] = np.where(depth >= 0, depth + feeder[tree.site], -1)
    return feeder, loop


def _at(tree: Laid, ways: Ways, places: Ints) -> Ints:
    """Return the length from the root of a tree to places, -1 for those that it doesn't hold."""
    own = tree.branches.place
    order = np.argsort(own, kind="stable")
    row = order[np.minimum(np.searchsorted(own, places, sorter=order), own.size - 1)]
    depth = tree.branches.depth_mm(ways.length_mm)[row]
    return np.where(own[row] == places, depth, -1)


def _routes(
    layout: Layout, ways: Ways, book: Book, names: NDArray[np.object_],
    codes: NDArray[np.object_], sites: Sites, phases: tuple[str, ...], *, synthetic: bool,
) -> gpd.GeoDataFrame:  # fmt: skip
    trees = [tree for tree in layout.trees if tree.piece.size]
    if not trees:
        empty = contract("routes").empty()
        assert isinstance(empty, gpd.GeoDataFrame)
        return empty
    size = [tree.piece.size for tree in trees]
    piece = np.concatenate([tree.piece for tree in trees])
    fibres = np.concatenate([tree.fibres for tree in trees])
    feeder = np.repeat([tree.feeder for tree in trees], size)
    site = np.repeat([tree.site for tree in trees], size)
    phase = np.repeat([tree.phase for tree in trees], size)
    every = book.plans(int(fibres.max()))
    plans = every[fibres]
    said = _written_cables(every, book)
    sector = names[np.where(feeder, 0, site)]
    sector[feeder] = None
    nro = codes[np.where(feeder, site, sites.nro_of[np.where(feeder, 0, site)])]
    whose = np.where(feeder, nro, sector)
    later = layout.reuse & (layout.opened[piece] < phase)
    edge, rank = ways.edge_id[piece], ways.piece[piece]
    frame = gpd.GeoDataFrame(
        {
            "route_id": [
                f"{'T' if a else 'D'}{phases[p]}-{w}-{e}.{k}"
                for a, p, w, e, k in zip(
                    feeder.tolist(), phase.tolist(), whose, edge, rank.tolist(), strict=True
                )
            ],
            "edge_id": edge,
            "tier": np.where(feeder, NetworkUse.FEEDER.value, NetworkUse.DISTRIBUTION.value),
            "sector_id": sector,
            "nro_id": nro,
            "phase": np.array(phases, dtype=object)[phase],
            "laying": np.array(ways.layings, dtype=object)[ways.laying[piece]],
            "works": np.where(later, "reused", "new"),
            "length_m": ways.length_mm[piece] / MM_PER_M,
            "lines_count": np.concatenate([tree.lines for tree in trees]),
            "fibres_count": fibres,
            "capacity_fibres_count": plans @ book.capacities,
            "cables_count": plans.sum(axis=1),
            "cables": said[fibres],
            "synthetic": synthetic,
        },
        geometry=ways.line[piece],
        crs=WORKING_CRS,
    )
    table = contract("routes").select(frame)
    assert isinstance(table, gpd.GeoDataFrame)
    return table


def _written_cables(plans: Ints, book: Book) -> NDArray[np.object_]:
    """Write the cables of each plan by falling capacity, ``720+144``."""
    sizes = book.capacities
    order = np.argsort(-sizes, kind="stable")
    words = [
        "+".join("+".join([str(sizes[k])] * int(row[k])) for k in order if row[k]) for row in plans
    ]
    return np.array(words, dtype=object)


def _drops(
    rows: pd.DataFrame, demand: Demand, names: NDArray[np.object_],
    pbo_ids: NDArray[np.object_], reached: NDArray[np.bool_],
) -> pd.DataFrame:  # fmt: skip
    size = int(demand.place.max()) + 1
    key = demand.sector * size + demand.place
    mine = np.searchsorted(
        key, rows["sector"].to_numpy(dtype=np.int64) * size + rows["place"].to_numpy(dtype=np.int64)
    )
    # rows are sorted by premise already
    return pd.DataFrame(
        {
            "premise_id": rows["premise_id"],
            "sector_id": pd.Categorical.from_codes(
                rows["sector"].to_numpy(dtype=np.int64), categories=pd.Index(names.astype(str))
            ),
            "pbo_id": pd.Categorical.from_codes(mine, categories=pd.Index(pbo_ids.astype(str))),
            "x_m": rows["x_m"],
            "y_m": rows["y_m"],
            "length_m": np.round(rows["length_m"], 3),
            "on_demand": rows["on_demand"],
            "reached": reached[mine],
        }
    )


def find(frames: Frames, rules: DesignRules) -> Findings:
    """Say what deserves to be checked."""
    found = []
    lost = frames.pbo.loc[~frames.pbo["reached"]]
    for sector, rows in lost.groupby("sector_id", sort=True):
        found.append(
            Finding.of(
                "design.unreached", severity=Severity.SERIOUS, table="pbo", place=str(sector),
                count=int(rows["lines_count"].sum()),
            )
        )  # fmt: skip
    late = int(frames.pbo["on_demand_count"].sum())
    if late:
        found.append(
            Finding.of(
                "design.on_demand", severity=Severity.INFO, table="drops", place="on_demand",
                count=late, metres=rules.on_demand_m,
            )
        )  # fmt: skip
    small = frames.pm.loc[frames.pm["lines_count"] < rules.pm_lines_remote]
    for sector, lines in zip(small["sector_id"], small["lines_count"], strict=True):
        found.append(
            Finding.of(
                "design.small_pm", severity=Severity.INFO, table="pm", place=str(sector),
                count=int(lines), least=rules.pm_lines_remote,
            )
        )  # fmt: skip
    far = frames.pm.loc[frames.pm["feeder_m"] > rules.loop_m]
    for sector, length in zip(far["sector_id"], far["feeder_m"], strict=True):
        found.append(
            Finding.of(
                "design.long_feeder", severity=Severity.WARNING, table="pm", place=str(sector),
                metres=round(length), most=rules.loop_m,
            )
        )  # fmt: skip
    reached = frames.pbo[frames.pbo["reached"]]
    long = reached[reached["loop_m"] > rules.line_m]
    for sector, rows in long.groupby("sector_id", sort=True):
        found.append(
            Finding.of(
                "design.long_line", severity=Severity.WARNING, table="pbo", place=str(sector),
                count=int(rows["lines_count"].sum()), metres=round(rows["loop_m"].max()),
                most=rules.line_m,
            )
        )  # fmt: skip
    return Findings.collect(found)

"""Cables along their path and ducts along their way, from the pieces of a designed network.

A *way* is what lies between two places where something happens: a branching point, a site, a fork,
or where what goes through changes.  A *duct* is what one phase lays or rents in a way.  A *cable*
runs along one tree from where it begins to where its fibres change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from planner.crs import WORKING_CRS
from planner.network._ways import MM_PER_M, Ints
from planner.schemas import contract
from planner.vocab import NetworkUse

__all__ = ["Runs", "list_runs"]

_TREE: Final = ["tier", "phase", "nro_id", "sector_id"]


@dataclass(frozen=True, kw_only=True)
class Runs:
    """Ducts, cables and which cable is in which duct, under their contracts."""

    ducts: gpd.GeoDataFrame
    cables: gpd.GeoDataFrame
    cable_ducts: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by the name of their contract."""
        return {"ducts": self.ducts, "cables": self.cables, "cable_ducts": self.cable_ducts}


def list_runs(
    routes: gpd.GeoDataFrame, *, nro: gpd.GeoDataFrame, pm: gpd.GeoDataFrame,
    pbo: gpd.GeoDataFrame,
) -> Runs:  # fmt: skip
    """Gather the pieces of a network into ducts and cables; every metre of them is in one.

    Parameters
    ----------
    routes, nro, pm, pbo
        Contracts of these names.

    Returns
    -------
    Runs
        The same from permuted rows.
    """
    if routes.empty:
        empty = {n: contract(n).empty() for n in ("ducts", "cables", "cable_ducts")}
        return Runs(**empty)
    rows = routes.sort_values("route_id", kind="stable", ignore_index=True)
    place = _Places(rows, nro, pm, pbo)
    way, ways = _ways(rows, place)
    ducts, of_row = _ducts(rows, way, ways)
    cables, links = _cables(rows, place, of_row)
    return Runs(ducts=ducts, cables=cables, cable_ducts=links)


class _Places:
    """Ends of the pieces by number, and what stands there."""

    def __init__(
        self, rows: gpd.GeoDataFrame, nro: gpd.GeoDataFrame, pm: gpd.GeoDataFrame,
        pbo: gpd.GeoDataFrame,
    ) -> None:  # fmt: skip
        shapes = rows.geometry.to_numpy()
        reached = pbo.geometry.to_numpy()[pbo["reached"].to_numpy(dtype=bool)]
        parts = [
            _millimetres(shapely.get_point(shapes, 0)), _millimetres(shapely.get_point(shapes, -1)),
            _millimetres(nro.geometry.to_numpy()), _millimetres(pm.geometry.to_numpy()),
            _millimetres(reached),
        ]  # fmt: skip
        spots, number = np.unique(np.concatenate(parts), axis=0, return_inverse=True)
        cuts = np.cumsum([len(part) for part in parts])[:-1]
        self.start, self.end, nros, pms, boxes = np.split(number.ravel().astype(np.int64), cuts)
        self.size = len(spots)
        self.nro = dict(zip(nro["nro_id"].astype(str), nros.tolist(), strict=True))
        self.pm = dict(zip(pm["sector_id"].astype(str), pms.tolist(), strict=True))
        self.stop = np.zeros(self.size, np.bool_)
        self.stop[np.concatenate([nros, pms, boxes])] = True


def _millimetres(points: NDArray[np.object_]) -> Ints:
    if not len(points):
        return np.zeros((0, 2), np.int64)
    return np.rint(shapely.get_coordinates(points) * MM_PER_M).astype(np.int64)


def _chains(first: Ints, second: Ints, look: Ints, stop: NDArray[np.bool_]) -> Ints:
    """Return the chain of each piece: two that look alike are joined where nothing stops them."""
    count = first.size
    ends = np.concatenate([first, second])
    piece = np.concatenate([np.arange(count), np.arange(count)])
    order = np.argsort(ends, kind="stable")
    ends, piece = ends[order], piece[order]
    degree = np.bincount(ends, minlength=stop.size)
    at = np.flatnonzero((degree[ends] == 2) & ~stop[ends])[::2]  # noqa: PLR2004 (two meet)
    a, b = piece[at], piece[at + 1] if at.size else piece[at]
    alike = look[a] == look[b]
    joined = coo_array((np.ones(int(alike.sum())), (a[alike], b[alike])), shape=(count, count))
    label: Ints = connected_components(joined, directed=False)[1].astype(np.int64)
    # numbered by their first piece, whatever the labels are
    _, lowest = np.unique(label, return_index=True)
    rank = np.argsort(np.argsort(lowest, kind="stable"), kind="stable")
    return rank[label]


def _ways(rows: gpd.GeoDataFrame, place: _Places) -> tuple[Ints, pd.DataFrame]:
    """Return the way of each row, and the ways: identifier, edge and line."""
    rank = rows["route_id"].str.rpartition(".")[2].astype("int64").to_numpy()
    edge = rows["edge_id"].astype(str).to_numpy(dtype=object)
    piece, first_row, of_row = _distinct(pd.DataFrame({"edge": edge, "rank": rank}))
    said = rows["route_id"].str.rpartition(".")[0].astype(str)
    said = said + "|" + rows["fibres_count"].astype(str) + "|" + rows["works"].astype(str)
    through = said.groupby(of_row).agg("/".join)  # rows are sorted: the same words for the same use
    look = pd.factorize(through.reindex(np.arange(len(piece))))[0].astype(np.int64)
    chain = _chains(place.start[first_row], place.end[first_row], look, place.stop)
    shapes = rows.geometry.to_numpy()[first_row]
    head = np.flatnonzero(np.append(True, np.diff(np.sort(chain)) > 0))
    order = np.lexsort((piece["rank"].to_numpy(), chain))
    lead = order[head]
    names = piece["edge"].to_numpy()[lead]
    alone = pd.Series(names).map(pd.Series(names).value_counts()).to_numpy() == 1
    first_rank = piece["rank"].to_numpy()[lead]
    ids = np.where(alone, names, [f"{n}.{k}" for n, k in zip(names, first_rank, strict=True)])
    ways = pd.DataFrame({"way_id": ids, "edge_id": names, "geometry": _merge(shapes, chain, order)})
    return chain[of_row], ways


def _distinct(keys: pd.DataFrame) -> tuple[pd.DataFrame, Ints, Ints]:
    """Return the distinct rows sorted, where each comes first, and the one of each row."""
    one = keys.drop_duplicates()
    one = one.sort_values(list(keys.columns), kind="stable")
    number = keys.merge(
        one.assign(number=np.arange(len(one))), on=list(keys.columns), how="left"
    )["number"].to_numpy(dtype=np.int64)  # fmt: skip
    return one.reset_index(drop=True), one.index.to_numpy(dtype=np.int64), number


def _merge(shapes: NDArray[np.object_], chain: Ints, order: Ints) -> NDArray[np.object_]:
    """Return the line of each chain, from the start of its first piece or the end of its last."""
    counts = np.bincount(chain)
    out = np.empty(counts.size, dtype=object)
    cuts = np.cumsum(counts)[:-1]
    for number, members in enumerate(np.split(order, cuts)):
        if members.size == 1:
            out[number] = shapes[members[0]]
            continue
        line = shapely.line_merge(shapely.multilinestrings(shapes[members]))
        begin = shapely.get_coordinates(shapes[members[0]])[0]
        ends = shapely.get_coordinates(line)[[0, -1]]
        near = np.hypot(*(ends - begin).T)
        out[number] = line if near[0] <= near[1] else shapely.reverse(line)
    return out


def _ducts(
    rows: gpd.GeoDataFrame, way: Ints, ways: pd.DataFrame
) -> tuple[gpd.GeoDataFrame, NDArray[np.object_]]:
    """Return the ducts, and the duct that each row is in."""
    table = pd.DataFrame(rows.drop(columns="geometry")).assign(way=way)
    named = pd.Series(ways["way_id"].to_numpy(dtype=object)[way], dtype=object)
    of_row = (named + "-P" + table["phase"].astype(str)).to_numpy(dtype=object)
    table["duct_id"] = of_row
    # pieces of one way carry the same: the first piece of each tells of all
    table["piece"] = table["route_id"].str.rpartition(".")[2].astype("int64")
    first = table[table["piece"] == table.groupby("way")["piece"].transform("min")]
    by = first.groupby("duct_id", sort=True)
    lead = by.first()
    tiers = by["tier"].agg(lambda tier: "/".join(sorted(set(tier))))
    frame = gpd.GeoDataFrame(
        {
            "duct_id": lead.index, "way_id": ways["way_id"].to_numpy()[lead["way"]],
            "edge_id": lead["edge_id"].to_numpy(), "phase": lead["phase"].to_numpy(),
            "laying": lead["laying"].to_numpy(), "works": lead["works"].to_numpy(),
            "use": tiers.where(~tiers.str.contains("/"), NetworkUse.SHARED.value).to_numpy(),
            "cables_count": by["cables_count"].sum().to_numpy(),
            "synthetic": by["synthetic"].any().to_numpy(),
        },
        geometry=ways["geometry"].to_numpy()[lead["way"]], crs=WORKING_CRS,
    )  # fmt: skip
    frame["length_m"] = np.round(frame.length, 3)
    chosen = contract("ducts").select(frame)
    assert isinstance(chosen, gpd.GeoDataFrame)
    return chosen, of_row


def _cables(
    rows: gpd.GeoDataFrame, place: _Places, of_row: NDArray[np.object_]
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the cables, and which duct each one is in."""
    tree = rows.groupby(_TREE, sort=True, dropna=False).ngroup().to_numpy(dtype=np.int64)
    # a place of a tree is one of its own: trees that share a trench don't meet
    keys, number = np.unique(
        np.concatenate([tree, tree]) * place.size + np.concatenate([place.start, place.end]),
        return_inverse=True,
    )
    start, end = np.split(number.ravel().astype(np.int64), 2)
    root = np.array([_root(row, place) for row in rows[_TREE].to_dict("records")], np.int64)
    roots = np.unique(np.searchsorted(keys, tree * place.size + root))
    stop = np.zeros(keys.size, np.bool_)
    stop[roots] = True
    run = _chains(start, end, rows["fibres_count"].to_numpy(dtype=np.int64), stop)
    length = rows["length_m"].to_numpy(dtype=np.float64)
    graph = coo_array((length + 1e-6, (start, end)), shape=(keys.size, keys.size)).tocsr()
    depth = dijkstra(graph, directed=False, indices=roots, min_only=True)
    shapes = rows.geometry.to_numpy()
    near = np.where(depth[start] <= depth[end], depth[start], depth[end])
    towards = np.where(depth[start] <= depth[end], shapes, shapely.reverse(shapes))
    order = np.lexsort((near, run))
    lead = order[np.flatnonzero(np.append(True, np.diff(np.sort(run)) > 0))]
    lines = _merge(towards, run, order)
    held = rows["cables"].astype(str).to_numpy()[lead]
    first_id = rows["route_id"].groupby(run).min().to_numpy(dtype=object)
    each = [(k, int(one)) for k, text in enumerate(held.tolist()) for one in text.split("+")]
    which = np.array([k for k, _ in each], np.int64)
    nth = pd.Series(which).groupby(which).cumcount().to_numpy() + 1
    ids = np.array([f"{first_id[k]}-{n}" for k, n in zip(which, nth, strict=True)], dtype=object)
    table = rows.iloc[lead[which]].reset_index(drop=True)
    frame = gpd.GeoDataFrame(
        {
            "cable_id": ids, **{name: table[name] for name in ("tier", "sector_id", "nro_id")},
            "phase": table["phase"], "capacity_fibres_count": [size for _, size in each],
            "fibres_count": table["fibres_count"],
            "length_m": np.round(np.bincount(run, weights=length)[which], 3),
            "synthetic": table["synthetic"],
        },
        geometry=lines[which], crs=WORKING_CRS,
    )  # fmt: skip
    links = pd.DataFrame({"run": run, "duct_id": of_row}).drop_duplicates()
    links = pd.DataFrame({"cable_id": ids, "run": which}).merge(links, on="run")
    cables = contract("cables").select(frame)
    assert isinstance(cables, gpd.GeoDataFrame)
    return cables, contract("cable_ducts").select(links)


def _root(row: dict[Any, Any], place: _Places) -> int:
    """Return where a tree begins: its NRO for a feeder, its PM for a distribution."""
    if row["tier"] == NetworkUse.FEEDER.value:
        return int(place.nro[str(row["nro_id"])])
    return int(place.pm[str(row["sector_id"])])

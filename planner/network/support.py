"""The support graph: roads and what exists already, noded, joined and priced.

Ways cross where they meet at the same level; a bridge and the road beneath it do not.  An end that
stops short of another way by no more than the snapping tolerance touches it.  Ways that no path
joins stay apart: an island is reported, never bridged.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.crs import WORKING_CRS
from planner.errors import RuleError
from planner.findings import Finding, Findings
from planner.network._graph import WeightedGraph
from planner.network._noding import Lines, node_lines
from planner.schemas import contract
from planner.texts import Message
from planner.vocab import Laying, RoadClass, Severity, Support, WorkState

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["SupportGraph", "SupportRules", "attach_premises", "build_support"]

MM_PER_M: Final = 1000
_ON_ROADS: Final[Mapping[RoadClass, Laying]] = {
    RoadClass.MAIN: Laying.TRENCH_CARRIAGEWAY,
    RoadClass.STREET: Laying.TRENCH_CARRIAGEWAY,
    RoadClass.PAVED: Laying.TRENCH_PAVED,
    RoadClass.TRACK: Laying.TRENCH_UNPAVED,
    RoadClass.PATH: Laying.TRENCH_UNPAVED,
}
_ON_WORKS: Final[Mapping[Support, Laying]] = {
    Support.DUCT: Laying.EXISTING_DUCT,
    Support.GALLERY: Laying.EXISTING_DUCT,
    Support.CHANNEL: Laying.EXISTING_DUCT,
    Support.SEWER: Laying.EXISTING_DUCT,
    Support.POLE_TELECOM: Laying.EXISTING_POLES,
    Support.POLE_ENERGY: Laying.EXISTING_POLES,
}
_NOT_THERE: Final = (WorkState.TO_BUILD, WorkState.OUT_OF_SERVICE, WorkState.ABANDONED)


@dataclass(frozen=True, kw_only=True)
class SupportRules:
    """How ways become a graph.

    Parameters
    ----------
    snap_m
        How far an end may stop short of a way and still touch it, metres.
    join_m
        How far an end of an existing duct or pole line may stand from a road and still be joined to
        it, by a link laid as along that road, metres.
    reach_m
        Beyond this distance from any way a premise is flagged, metres.
    on_roads
        Laying along each class of road; no network is laid along the others (motorways, ferries,
        steps), so that an island stays one.
    on_works
        Laying in each kind of existing work; the others (buried cables, façades) can't be shared.
    """

    snap_m: float = 0.5
    join_m: float = 15.0
    reach_m: float = 100.0
    on_roads: Mapping[RoadClass, Laying] = field(default_factory=lambda: dict(_ON_ROADS))
    on_works: Mapping[Support, Laying] = field(default_factory=lambda: dict(_ON_WORKS))

    def __post_init__(self) -> None:
        """Refuse distances that no graph can keep."""
        wrong = [
            name
            for name in ("snap_m", "join_m", "reach_m")
            if not 0 <= getattr(self, name) < np.inf
        ]
        if wrong:
            raise RuleError(
                Message.of("support.rules", which=", ".join(wrong)),
                Message.of("support.rules_remedy"),
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class SupportGraph:
    """Places where ways meet and the pieces between them, in one order whatever the rows' order.

    Attributes
    ----------
    nodes
        Contract ``support_nodes``, sorted by x then y, EPSG:2154.
    edges
        Contract ``support_edges``; lines meet at their ends only, to the millimetre, and go from
        ``from_node`` to ``to_node``.
    u, v, length_mm, cost_cents
        Ends, length and cost of each row of ``edges``.
    findings
        What was left out, merged or stands apart.
    """

    nodes: gpd.GeoDataFrame
    edges: gpd.GeoDataFrame
    u: NDArray[np.int64]
    v: NDArray[np.int64]
    length_mm: NDArray[np.int64]
    cost_cents: NDArray[np.int64]
    findings: Findings

    @property
    def component(self) -> NDArray[np.int64]:
        """Piece of the graph that each node is in; 0 is the longest."""
        pieces: NDArray[np.int64] = self.nodes["component"].to_numpy(np.int64)
        return pieces

    @property
    def component_count(self) -> int:
        """Number of pieces."""
        return int(self.component.max()) + 1 if len(self.nodes) else 0

    @property
    def synthetic(self) -> bool:
        """Whether any way is made up."""
        return bool(self.edges["synthetic"].any())

    def weighted(self, by: str = "cost_cents") -> WeightedGraph:
        """Return the graph for the solvers, by ``cost_cents`` or ``length_mm``."""
        weight = {"cost_cents": self.cost_cents, "length_mm": self.length_mm}[by]
        return WeightedGraph.from_edges(len(self.nodes), self.u, self.v, weight)

    def to_networkx(self, by: str = "cost_cents") -> nx.Graph[int]:
        """Return the graph for inspection (see :meth:`WeightedGraph.to_networkx`)."""
        return self.weighted(by).to_networkx()


def build_support(
    roads: gpd.GeoDataFrame,
    infrastructure: gpd.GeoDataFrame | None = None,
    *,
    prices: pd.DataFrame,
    on: dt.date,
    rules: SupportRules | None = None,
) -> SupportGraph:
    """Build the graph along which a network may be laid.

    Parameters
    ----------
    roads
        Contract ``roads``, EPSG:2154.
    infrastructure
        Contract ``infrastructure``; what doesn't exist yet, or can't be shared, is left out and
        counted in the findings.
    prices
        Contract ``works_prices``: the items named after the kinds of laying, cents a metre.
    on
        Day for which prices are asked.
    rules
        Tolerances and kinds of laying.

    Returns
    -------
    SupportGraph
        The cost of an edge is length × price, rounded to the cent (half up).

    Raises
    ------
    ContractError
        When a table breaks its contract.
    RuleError
        When nothing is left to lay along, or a kind of laying has no price on that day.
    """
    rules = rules or SupportRules()
    contract("roads").check(roads)
    notes: list[Finding] = []
    lines = _along_roads(roads, rules, notes)
    if infrastructure is not None:
        contract("infrastructure").check(infrastructure)
        works = _along_works(infrastructure, rules, notes)
        lines = Lines.joined([lines, works, _links(works, lines, rules.join_m)])
    if not lines.shape.size:
        raise RuleError(Message.of("support.empty"), Message.of("support.empty_remedy"))
    price = _prices(prices, on, sorted(set(lines.laying.tolist())))
    noded = node_lines(lines, snap_m=rules.snap_m, price=price)
    _note(notes, "support.merged", Severity.INFO, noded.merged)
    _note(notes, "support.collapsed", Severity.INFO, noded.collapsed)
    of = noded.line
    length_mm = np.rint(shapely.length(noded.shape) * MM_PER_M).astype(np.int64)
    rate = np.array([price[kind] for kind in lines.laying[of].tolist()], np.int64)
    cost = (length_mm * rate + MM_PER_M // 2) // MM_PER_M
    component = _components(len(noded.x_m), noded.u, noded.v, length_mm)
    nodes = gpd.GeoDataFrame(
        {
            "node": np.arange(len(noded.x_m)), "x_m": noded.x_m, "y_m": noded.y_m,
            "component": component,
        },
        geometry=gpd.GeoSeries(gpd.points_from_xy(noded.x_m, noded.y_m), crs=WORKING_CRS),
    )  # fmt: skip
    edges = gpd.GeoDataFrame(
        {
            "edge_id": noded.edge_id, "from_node": noded.u, "to_node": noded.v,
            "length_m": length_mm / MM_PER_M, "laying": lines.laying[of], "cost_cents": cost,
            "way_id": lines.way_id[of], "source": lines.source[of],
            "synthetic": lines.synthetic[of],
        },
        geometry=gpd.GeoSeries(noded.shape, crs=WORKING_CRS),
    )  # fmt: skip
    _note(notes, "support.pieces", Severity.WARNING, int(component.max()))
    graph = SupportGraph(
        nodes=nodes, edges=edges, u=noded.u, v=noded.v, length_mm=length_mm, cost_cents=cost,
        findings=Findings.collect(notes),
    )  # fmt: skip
    contract("support_nodes").check(nodes)
    contract("support_edges").check(edges)
    return graph


def attach_premises(
    support: SupportGraph, premises: pd.DataFrame, *, rules: SupportRules | None = None
) -> tuple[pd.DataFrame, Findings]:
    """Find where each premise reaches the support: nearest edge, offset along it, distance.

    Parameters
    ----------
    support
        The graph.
    premises
        ``premise_id``, ``x_m`` and ``y_m`` (EPSG:2154).
    rules
        Gives ``reach_m``.

    Returns
    -------
    DataFrame
        Contract ``support_access``, sorted by ``premise_id``; of equally near edges the first.
    Findings
        Premises beyond reach; premises that each piece of the graph but the longest strands.
    """
    from planner.network._compiled.snap import snap_points  # noqa: PLC0415 (imports numba)

    reach = (rules or SupportRules()).reach_m
    rows = premises.sort_values("premise_id", kind="stable")
    coordinates, index = shapely.get_coordinates(
        support.edges.geometry.to_numpy(), return_index=True
    )
    starts = np.searchsorted(index, np.arange(len(support.edges) + 1)).astype(np.int64)
    edge, distance, offset, x_m, y_m = snap_points(
        rows["x_m"].to_numpy(np.float64), rows["y_m"].to_numpy(np.float64),
        coordinates=coordinates, starts=starts,
    )  # fmt: skip
    component = support.component[support.u[edge]]
    beyond = distance > reach
    table = pd.DataFrame(
        {
            "premise_id": rows["premise_id"].to_numpy(),
            "edge_id": support.edges["edge_id"].to_numpy()[edge],
            "offset_m": np.minimum(offset, support.length_mm[edge] / MM_PER_M),
            "distance_m": distance, "x_m": x_m, "y_m": y_m, "component": component,
            "beyond_reach": beyond,
        }
    )  # fmt: skip
    notes: list[Finding] = []
    _note(notes, "support.beyond_reach", Severity.WARNING, int(beyond.sum()), reach_m=reach)
    stranded = np.bincount(component, minlength=1)
    for piece in np.flatnonzero(stranded[1:]) + 1:
        at = np.flatnonzero(support.component == piece)[0]
        _note(
            notes, "support.stranded", Severity.WARNING, int(stranded[piece]),
            place=str(piece), x=float(support.nodes["x_m"].iloc[at]),
            y=float(support.nodes["y_m"].iloc[at]),
        )  # fmt: skip
    return table, Findings.collect(notes)


def _note(
    notes: list[Finding],
    rule: str,
    severity: Severity,
    count: int,
    *,
    place: str = "",
    **values: Any,  # noqa: ANN401 (of texts)
) -> None:
    if count:
        notes.append(
            Finding.of(
                rule, severity=severity, table="support_edges", place=place, count=count, **values
            )
        )


def _along_roads(roads: gpd.GeoDataFrame, rules: SupportRules, notes: list[Finding]) -> Lines:
    kinds = {str(road): str(laying) for road, laying in rules.on_roads.items()}
    rows = roads.sort_values("road_id", kind="stable")
    laying = rows["road_class"].astype(str).map(kinds)
    _note(notes, "support.no_laying", Severity.INFO, int(laying.isna().sum()))
    return _lines(rows, laying, "road_id", rows["level"].to_numpy(np.int64))


def _along_works(works: gpd.GeoDataFrame, rules: SupportRules, notes: list[Finding]) -> Lines:
    kinds = {str(support): str(laying) for support, laying in rules.on_works.items()}
    rows = works.sort_values("way_id", kind="stable")
    laying = rows["support"].astype(object).map(kinds)
    there = ~rows["state"].astype(object).isin([str(state) for state in _NOT_THERE])
    _note(notes, "support.not_there", Severity.INFO, int((~there).sum()))
    _note(notes, "support.not_shared", Severity.INFO, int((there & laying.isna()).sum()))
    return _lines(rows, laying.where(there), "way_id", np.zeros(len(rows), np.int64))


def _lines(rows: gpd.GeoDataFrame, laying: pd.Series, key: str, level: NDArray[np.int64]) -> Lines:
    kept = laying.notna().to_numpy()
    return Lines(
        way_id=rows[key].to_numpy(dtype=object)[kept],
        shape=np.asarray(shapely.force_2d(rows.geometry.to_numpy()[kept]), dtype=object),
        level=level[kept],
        laying=laying.to_numpy(dtype=object)[kept],
        source=rows["source"].to_numpy(dtype=object)[kept],
        synthetic=rows["synthetic"].to_numpy(dtype=bool)[kept],
    )


def _links(works: Lines, roads: Lines, join_m: float) -> Lines:
    """Join the ends of existing works to the road beside them, as if laid along that road."""
    if not (works.shape.size and roads.shape.size):
        return works.take(np.empty(0, np.int64))
    ends = np.concatenate([shapely.get_point(works.shape, k) for k in (0, -1)])
    name = np.concatenate([works.way_id.astype(str) + suffix for suffix in ("+a", "+b")])
    spots = np.round(shapely.get_coordinates(ends), 3)
    spots, first = np.unique(spots, axis=0, return_index=True)
    points = np.asarray(shapely.points(spots), dtype=object)
    (end, road), far = shapely.STRtree(roads.shape).query_nearest(
        points, max_distance=max(join_m, 1e-9), return_distance=True
    )
    _, once = np.unique(end, return_index=True)
    once = once[far[once] > 0]
    end, road = end[once], road[once]
    link = roads.take(road)
    return Lines(
        way_id=name[first[end]].astype(object),
        shape=np.asarray(shapely.shortest_line(points[end], roads.shape[road]), dtype=object),
        level=link.level,
        laying=link.laying,
        source=link.source,
        synthetic=link.synthetic,
    )


def _prices(prices: pd.DataFrame, on: dt.date, layings: list[str]) -> dict[str, int]:
    """Return the price of each laying, cents a metre."""
    contract("works_prices").check(prices)
    fit = prices[(prices["unit"].astype(str) == "m") & (prices["valid_from"] <= pd.Timestamp(on))]
    cents = dict(
        zip(fit["item"].astype(str), fit["unit_price_cents"].astype("int64").tolist(), strict=True)
    )
    missing = [kind for kind in layings if kind not in cents]
    if missing:
        raise RuleError(
            Message.of("support.no_price", which=", ".join(missing), on=on),
            Message.of("support.no_price_remedy"),
        )
    return {kind: cents[kind] for kind in layings}


def _components(
    count: int, u: NDArray[np.int64], v: NDArray[np.int64], length: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Give each node its piece of the graph: the longest is 0; of equals, by their first node."""
    matrix = coo_array((np.ones(u.size, np.int8), (u, v)), shape=(count, count))
    pieces, label = connected_components(matrix, directed=False)
    total = np.bincount(label[u], weights=length, minlength=pieces)
    first = np.full(pieces, count)
    np.minimum.at(first, label, np.arange(count))
    rank = np.empty(pieces, np.int64)
    rank[np.lexsort((first, -total))] = np.arange(pieces)
    pieces_of: NDArray[np.int64] = rank[label]
    return pieces_of

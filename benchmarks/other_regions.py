"""Regions unlike those of :mod:`bench_programme`: other shapes, sizes, lines, ballots and rules.

Each family changes what its name says and keeps the rest: 2 500 candidate sectors of 60 EPCI in
4 départements, envelopes at 45 % of the lines, capacities, budget and parity slightly binding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse
import scipy.spatial

from planner.choice import ChoiceProblem, Contiguity, Limit, Objective
from planner.texts import Message

__all__ = ["FAMILIES", "Family", "make_other_region"]

_RULE = Message.of("programme.limit_made_up")
_CODES = ("22", "29", "35", "56")


@dataclass(frozen=True, kw_only=True)
class Family:
    """What is particular to a family of regions.

    Parameters
    ----------
    ground
        Where sectors lie: in a plane, on a grid, along a coast, on islands.
    uneven
        Whether EPCI have from 8 to 120 sectors, rather than as many each.
    lines
        Of a sector: 300 to 1 000, all equal, 20 to 3 000, or log-normal.
    ballot, by_lines
        Points of a sector (rank in its EPCI, 0 to 5, 0 to 100, 0 or 1); whether times its lines.
    absent
        EPCI without a ballot.
    envelope, shared, reached, required, refused
        Shares: of the lines of each EPCI; of sectors that lie in two EPCI, that the network
        reaches, that must and that can't be chosen.
    limits
        Of what envelopes allow, what capacities and the budget do.
    parity
        Tolerance of parity, in thousandths.
    actors
        EPCI.
    """

    ground: Literal["plane", "grid", "coast", "islands"] = "plane"
    uneven: bool = False
    lines: Literal["some", "equal", "wide", "lognormal"] = "some"
    ballot: Literal["ranks", "points_5", "points_100", "approvals"] = "ranks"
    by_lines: bool = True
    absent: int = 0
    envelope: float = 0.45
    shared: float = 0.0
    reached: float = 0.2
    required: float = 0.0
    refused: float = 0.01
    limits: float = 0.96
    parity: int = 100
    actors: int = 60


FAMILIES: Mapping[str, Family] = {
    "ranks": Family(),
    "points 0-5": Family(ballot="points_5", by_lines=False),
    "points 0-5 x lines": Family(ballot="points_5"),
    "points 0-100": Family(ballot="points_100", by_lines=False),
    "points 0-100 x log-normal lines": Family(ballot="points_100", lines="lognormal"),
    "approvals": Family(ballot="approvals", by_lines=False),
    "approvals x lines": Family(ballot="approvals"),
    "grid, equal lines, points 0-5, few reached": Family(
        ground="grid", lines="equal", ballot="points_5", reached=0.02
    ),
    "grid, equal lines, approvals": Family(ground="grid", lines="equal", ballot="approvals"),
    "lines 20-3000, points x lines, shared, absent": Family(
        lines="wide", ballot="points_5", shared=0.3, absent=6
    ),
    "shared 10 %": Family(shared=0.1),
    "shared 30 %": Family(shared=0.3),
    "shared 30 %, points 0-5": Family(shared=0.3, ballot="points_5", by_lines=False),
    "EPCI of 8 to 120": Family(uneven=True),
    "EPCI of 8 to 120, points 0-5 x lines": Family(uneven=True, ballot="points_5"),
    "coast": Family(ground="coast"),
    "coast, points 0-5 x lines, few reached": Family(
        ground="coast", ballot="points_5", reached=0.02
    ),
    "islands": Family(ground="islands", reached=0.05),
    "islands, approvals x lines": Family(ground="islands", ballot="approvals", reached=0.05),
    "envelopes 15 %": Family(envelope=0.15),
    "envelopes 75 %, points 0-5": Family(envelope=0.75, ballot="points_5", by_lines=False),
    "envelopes 95 %": Family(envelope=0.95, parity=300),
    "parity 1 %": Family(parity=10),
    "required 4 %, refused 5 %": Family(required=0.04, refused=0.05),
    "loose limits": Family(limits=1.2, parity=500),
    "tight limits": Family(limits=0.6),
    "many reached": Family(reached=0.7),
    "30 EPCI": Family(actors=30),
    "ten EPCI": Family(actors=10),
}


def make_other_region(
    family: Family, seed: int, *, candidates: int = 2500, actors: int | None = None
) -> ChoiceProblem:
    """Make a region of a family; ``seed`` draws all of it."""
    rng = np.random.default_rng(seed)
    actors = family.actors if actors is None else actors
    points = _points(family, candidates, rng)
    decider = _parted(points, _sizes(family, candidates, actors, rng))
    edges = _edges(family, points)
    lines = _lines(family, candidates, rng)
    reached = _landed(rng.random(candidates) < family.reached, edges, decider, lines)
    refused = rng.random(candidates) < family.refused
    required = reached & ~refused & (rng.random(candidates) < family.required / family.reached)
    sector, actor, need = _shares(family, edges, decider, lines, rng)
    envelopes = (family.envelope * np.bincount(actor, need, actors)).astype(np.int64)
    absent = rng.permutation(actors)[: family.absent]
    envelopes[absent] = -1
    points_of = _ballots(family, decider, rng)
    points_of[np.isin(decider, absent)] = 0
    cost = lines * rng.integers(800, 4001, candidates) // 1000
    rural = rng.random(candidates) < 0.6
    quarter = decider * len(_CODES) // actors
    border = rng.integers(500, 6000, len(edges))
    same = decider[edges[:, 0]] == decider[edges[:, 1]]
    return ChoiceProblem(
        sector_ids=tuple(f"S{at:05d}" for at in range(candidates)),
        lines=lines,
        departements=tuple(_CODES[at] for at in quarter),
        rural=rural,
        actors=tuple(f"2000{at:05d}" for at in range(actors)),
        decider=decider,
        share_candidate=sector,
        share_actor=actor,
        share_need=need,
        envelopes=envelopes,
        required=required & ~np.isin(decider, absent),
        refused=refused,
        reached=reached,
        edges=edges,
        edge_border_m=border,
        feeder=np.full(candidates, -1, np.int64),
        contiguity=Contiguity.WITHIN_EPCI,
        limits=_limits(family, lines, cost, rural, quarter),
        objectives=(
            Objective(
                name="votes",
                sense="max",
                coefficients=points_of * lines if family.by_lines else points_of,
            ),
            Objective(
                name="criteria",
                sense="max",
                coefficients=lines * rng.integers(0, 101, candidates),
            ),
            Objective(name="cost", sense="min", coefficients=cost),
            Objective(
                name="compactness",
                sense="max",
                coefficients=np.zeros(candidates, np.int64),
                edge_coefficients=np.where(same, border, 0),
            ),
        ),
    )


def _points(family: Family, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return where sectors are."""
    if family.ground == "grid":
        wide = int(np.ceil(np.sqrt(count * 1.5)))
        return np.stack([np.arange(count) % wide, np.arange(count) // wide], axis=1) + 0.0
    if family.ground == "coast":
        along = np.sort(rng.random(count)) * 40
        return np.stack([along, np.sin(along) + 0.6 * rng.random(count)], axis=1)
    if family.ground == "islands":
        islands = max(2, count // 16)
        seats = rng.random((islands, 2)) * np.sqrt(islands) * 2
        return seats[np.arange(count) % islands] + rng.normal(0, 0.3, (count, 2))
    return rng.random((count, 2)) * (1.5, 1.0)


def _sizes(family: Family, count: int, actors: int, rng: np.random.Generator) -> np.ndarray:
    """Return how many sectors each EPCI has."""
    if not family.uneven:
        return np.diff(np.arange(actors + 1) * count // actors)
    weight = rng.uniform(0, 1, actors) ** 2.5
    sizes = np.clip((weight / weight.sum() * count).astype(np.int64), 8, 120)
    while (left := count - sizes.sum()) != 0:
        open_ones = np.flatnonzero(sizes < 120 if left > 0 else sizes > 8)
        sizes[rng.choice(open_ones)] += np.sign(left)
    return sizes


def _parted(points: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Part sectors between EPCI of given sizes, by halves across the longer side."""
    decider = np.zeros(len(points), np.int64)
    waiting = [(np.arange(len(points)), 0, len(sizes))]
    while waiting:
        some, first, last = waiting.pop()
        if last - first == 1:
            decider[some] = first
            continue
        middle = (first + last) // 2
        axis = int(np.argmax(np.ptp(points[some], axis=0)))
        order = some[np.argsort(points[some, axis], kind="stable")]
        count = int(sizes[first:middle].sum())
        waiting += [(order[:count], first, middle), (order[count:], middle, last)]
    return decider


def _edges(family: Family, points: np.ndarray) -> np.ndarray:
    """Return the pairs of neighbours, sorted: no side is far longer than most."""
    if family.ground == "grid":
        sides = scipy.spatial.cKDTree(points).query_pairs(1.01, output_type="ndarray")
    else:
        corners = scipy.spatial.Delaunay(points).simplices
        sides = corners[:, [[0, 1], [1, 2], [0, 2]]].reshape(-1, 2)
        length = np.linalg.norm(points[sides[:, 0]] - points[sides[:, 1]], axis=1)
        most = 2.0 if family.ground == "islands" else 4.0
        sides = sides[length <= most * np.median(length)]
    return np.unique(np.sort(sides, axis=1), axis=0).astype(np.int64)


def _lines(family: Family, count: int, rng: np.random.Generator) -> np.ndarray:
    if family.lines == "equal":
        return np.full(count, 500, np.int64)
    if family.lines == "wide":
        return rng.integers(20, 3001, count)
    if family.lines == "lognormal":
        return np.clip(rng.lognormal(6, 0.8, count), 20, 5000).astype(np.int64)
    return rng.integers(300, 1001, count)


def _landed(
    reached: np.ndarray, edges: np.ndarray, decider: np.ndarray, lines: np.ndarray
) -> np.ndarray:
    """Give each group of an EPCI that nothing reaches a landing point: its largest sector."""
    same = edges[decider[edges[:, 0]] == decider[edges[:, 1]]]
    count = len(reached)
    links = scipy.sparse.coo_array((np.ones(len(same)), same.T), shape=(count, count))
    group = scipy.sparse.csgraph.connected_components(links, directed=False)[1]
    order = np.lexsort((np.arange(count), -lines))
    order = order[~np.isin(group[order], group[reached])]
    _, first = np.unique(group[order], return_index=True)
    landed = reached.copy()
    landed[order[first]] = True
    return landed


def _shares(
    family: Family,
    edges: np.ndarray,
    decider: np.ndarray,
    lines: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return sector, EPCI and lines of each share, sorted; what borders no other EPCI is whole."""
    count = len(lines)
    both = np.concatenate([edges, edges[:, ::-1]])
    both = both[decider[both[:, 0]] != decider[both[:, 1]]]
    other = np.full(count, -1, np.int64)
    other[both[:, 0]] = decider[both[:, 1]]
    beside = np.flatnonzero(other >= 0)
    shared = np.sort(rng.permutation(beside)[: int(family.shared * count)])
    away = np.zeros(count, np.int64)
    away[shared] = lines[shared] * rng.integers(10, 51, len(shared)) // 100
    sector = np.concatenate([np.arange(count), shared])
    actor = np.concatenate([decider, other[shared]])
    need = np.concatenate([lines - away, away[shared]])
    order = np.lexsort((actor, sector))
    return sector[order], actor[order], need[order]


def _ballots(family: Family, decider: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the points of each sector."""
    count = len(decider)
    if family.ballot == "points_5":
        return rng.integers(0, 6, count)
    if family.ballot == "points_100":
        return rng.integers(0, 101, count)
    if family.ballot == "approvals":
        return (rng.random(count) < 0.4).astype(np.int64)
    points = np.zeros(count, np.int64)
    for one in np.unique(decider):
        mine = np.flatnonzero(decider == one)
        points[mine] = rng.permutation(len(mine)) + 1
    return points


def _limits(
    family: Family, lines: np.ndarray, cost: np.ndarray, rural: np.ndarray, quarter: np.ndarray
) -> tuple[Limit, ...]:
    share = family.envelope * family.limits
    sign = np.where(rural, 1, -1)
    each = [
        (f"capacity.{code}", np.where(quarter == at, lines, 0)) for at, code in enumerate(_CODES)
    ]
    ceilings = [(name, row, int(share * row.sum())) for name, row in each]
    ceilings.append(("budget.region", cost, int(share * 0.98 * cost.sum())))
    ceilings += [
        (name, lines * (way * sign * 1000 - family.parity), 0)
        for name, way in (("parity.rural", 1), ("parity.urban", -1))
    ]
    return tuple(
        Limit(name=name, message=_RULE, coefficients=row, upper=upper)
        for name, row, upper in ceilings
    )

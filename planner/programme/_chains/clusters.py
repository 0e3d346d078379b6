"""Rules that a few neighbouring EPCI hold among themselves, at the prices of a linear programme.

The linear programme takes halves of choices of neighbours that reach one another.  What a few of
them can be worth together at most, were all that is beyond them open, is found by cases; where the
linear programme has more, a rule says so: the worth of their sectors is no more than that.  Such
rules of different neighbours add up, where cases of the whole would be multiplied.  Rules of a few
neighbours, which are soon found, hold among those of more.

Cuts found by optimising over a part are Boyd's Fenchel cuts (Operations Research 42(1), 1994).
"""

from __future__ import annotations

import math
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceProblem, Objective
from planner.programme._actors.blocks import Row
from planner.programme._actors.columns import Clock, Region, Stage
from planner.programme._chains.separators import Separators, is_separator
from planner.programme._chains.splits import Splits

__all__ = ["CASES", "FEW", "cluster_rules", "worth_rule"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FEW = 4  # EPCI that hold a rule together, at first
_NEARER = 4  # times as near: a neighbour whose choice isn't whole either
CASES = 40  # by which what they are worth at most is found
_PART = 0.02  # of a sector: how far from whole it is at least
_PRICED = 1e-9  # of the bound: what a separator costs at least, to bind
_FINE = 2**16  # the largest worth of a sector in a rule
_CLOSE_SHARE = 1e-6  # of the value: where column generation stops
_LOWEST = -(2**62)
_WORTH = "worth."  # how the names of these rules begin


def cluster_rules(
    problem: ChoiceProblem,
    region: Region,
    clock: Clock,
    stage: Stage,
    rows: Sequence[Row],
    *,
    most: int = FEW,
    cases: int = CASES,
) -> list[Row]:
    """Return rules that hold for every legal answer, and that a linear programme breaks.

    Parameters
    ----------
    problem, region, clock
        A question with the contiguity ``any_epci``, its actors, and when to stop.
    stage, rows
        An objective that counts no pairs, bounded, and what it was bounded by.
    most
        How many actors hold a rule together at most.
    cases
        By how many cases what they are worth at most is found.
    """
    if stage.with_pairs:
        return []
    point, found = stage.point(), []
    for some in _clusters(region, stage, rows, most):
        if clock.over:
            break
        rule = worth_rule(problem, region, clock, stage, rows, some, cases)
        if rule is not None and int(rule.upper or 0) < float(rule.coefficients @ point):
            found.append(rule)
    return found


def worth_rule(
    problem: ChoiceProblem,
    region: Region,
    clock: Clock,
    stage: Stage,
    rows: Sequence[Row],
    some: Sequence[int],
    cases: int = CASES,
) -> Row | None:
    """Return the rule of what some actors' sectors are worth at most, at the prices of a stage.

    Parameters
    ----------
    problem, region, clock, stage, rows
        As :func:`cluster_rules` has them.
    some
        The actors.
    cases
        By how many cases it is found.

    Returns
    -------
    Row or None
        None where time was up before anything was known.
    """
    owner = _owners(region, problem.candidates_count)
    mine = np.isin(owner, some)
    worth, inside = stage.row.coefficients.astype(float), list[Row]()
    prices = stage.told_prices()
    for row in rows:
        is_theirs = is_separator(row) or row.name.startswith(_WORTH)
        if is_theirs and mine[row.coefficients != 0].all():
            inside.append(row)
        elif price := prices.get(row.name, 0.0):
            worth = worth - price * row.coefficients
    worth[~mine] = 0
    scale = 2.0 ** math.floor(math.log2(_FINE / max(float(np.abs(worth).max()), 1e-9)))
    whole = np.rint(worth * scale).astype(np.int64)
    part = Region(
        tuple(region.blocks[at] for at in some), region.pool, executor=region.executor
    )  # fmt: skip
    for place, at in enumerate(some):
        part.learn(place, region.choices[at])
    asked = Stage(part, Objective(name="worth", sense="max", coefficients=whole), inside)
    start = np.array([prices.get(row.name, 0.0) * scale for row in inside])
    asked.converge(clock, start=start, close_share=_CLOSE_SHARE)
    if asked.bound is None:
        return None
    splits = Splits(part, Separators(_opened(problem, mine)), clock, asked, inside)
    splits.lower(_LOWEST, cases)
    if splits.bound is None:
        return None
    mark = zlib.crc32(whole.tobytes())
    name = f"{_WORTH}{region.blocks[some[0]].actor}.{mark:08x}"
    return Row(name=name, coefficients=whole, upper=splits.bound)


def _opened(problem: ChoiceProblem, mine: npt.NDArray[np.bool_]) -> ChoiceProblem:
    """Return the question in which whoever has a neighbour beyond some sectors is reached."""
    reached = problem.reached.copy()
    for here, beyond in ((0, 1), (1, 0)):
        inner, outer = problem.edges[:, here], problem.edges[:, beyond]
        reached[inner[mine[inner] & ~mine[outer] & ~problem.refused[outer]]] = True
    return replace(problem, reached=reached)


def _owners(region: Region, count: int) -> Integers:
    owner = np.zeros(count, np.int64)
    for at, block in enumerate(region.blocks):
        owner[block.members] = at
    return owner


def _clusters(
    region: Region, stage: Stage, rows: Sequence[Row], most: int
) -> list[tuple[int, ...]]:
    """Return neighbours around actors whose choice isn't whole, by what binds them.

    Few neighbours are drawn around each such actor; more of them until each is among some.
    """
    point = stage.point()
    owner = _owners(region, len(point))
    parted = set(owner[np.abs(point - np.rint(point)) > _PART].tolist())
    links = _links(region, stage, rows)
    starts = sorted(parted, key=lambda one: (-sum(links[one].values()), one))
    found, held = set[tuple[int, ...]](), set[int]()
    for one in starts:
        if most > FEW and one in held:
            continue
        some = [one]
        while len(some) < most:
            near: dict[int, float] = defaultdict(float)
            for here in some:
                for other, price in links[here].items():
                    if other not in some:
                        near[other] += price * (_NEARER if other in parted else 1)
            if not near:
                break
            some.append(max(sorted(near), key=lambda other: near[other]))
        held.update(some)
        if len(some) > 1:
            found.add(tuple(sorted(some)))
    return sorted(found)


def _links(region: Region, stage: Stage, rows: Sequence[Row]) -> Mapping[int, Mapping[int, float]]:
    """Return what separators that bind two actors cost, by actor."""
    owner = _owners(region, len(stage.row.coefficients))
    prices, least = stage.told_prices(), _PRICED * abs(stage.bound or 0)
    links: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows:
        price = prices.get(row.name, 0.0)
        if is_separator(row) and price > least:
            bound = np.unique(owner[row.coefficients != 0]).tolist()
            for one in bound:
                for other in bound:
                    if one != other:
                        links[one][other] += price
    return links

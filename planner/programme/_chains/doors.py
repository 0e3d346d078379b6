"""Bettering an answer whose chains cross borders: which doors stand open from one EPCI to another.

A door is a chosen sector on which others hang beyond a border.  At fixed prices of the common rows
each actor's best choice, given the doors that it keeps and those that are open to it, is read from
its diagram: every sector beside a border has one more neighbour there, free where a door stands
open and far too dear where none does.  Doors are opened and closed while the sum of all actors'
best choices rises; then prices are found anew behind these doors, and in the end the question is
answered behind the best of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from planner.choice import Choice, ChoiceProblem
from planner.programme._actors.blocks import Block, ColumnPool, lighter, split_problem
from planner.programme._actors.columns import Clock, Region, Stage
from planner.programme._actors.diagram import Diagram, Ground
from planner.programme._chains.across import behind, hanging
from planner.programme._chains.cuts import reached_part

__all__ = ["Doors"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Sectors = frozenset[int]
Best = tuple[int, Flags]
Solve = Callable[[ChoiceProblem, ColumnPool, float], Choice]

# of the value: by how much a bound must pass what is enough, where doors stay as they are or not
_ROOM_SHARES = (3e-5, 1e-4)
_PASSES = 4  # over all doors at the same prices
_RISE_SHARE = 2e-5  # of the value: what a round of prices must gain
_LAST_SHARE = 5e-5  # of the value: what the last answer may miss
_CLOSE_SHARE = 1e-6  # of the value: where column generation stops
_FINEST = 8  # bits of a whole unit
_BITS = 60
_NONE: Sectors = frozenset()


@dataclass
class Doors:
    """One question whose chains may cross borders, with a diagram for each actor.

    Parameters
    ----------
    problem, region
        The question, and its actors.
    clock
        When to stop at the latest.
    """

    problem: ChoiceProblem
    region: Region
    clock: Clock
    _diagrams: list[Diagram] = field(default_factory=list)
    _known: dict[tuple[int, Sectors, Sectors], Best | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Note who is a neighbour of whom, within an actor's sectors and beyond."""
        problem, count = self.problem, self.problem.candidates_count
        self.blocks = [lighter(block) for block in self.region.blocks]
        self.owner = np.zeros(count, np.int64)
        for at, block in enumerate(self.blocks):
            self.owner[block.members] = at
        self.within: list[list[int]] = [[] for _ in range(count)]
        self.beyond: list[list[int]] = [[] for _ in range(count)]
        for a, b in problem.edges.tolist():
            near = self.within if self.owner[a] == self.owner[b] else self.beyond
            near[a].append(b)
            near[b].append(a)
        self.ways = [
            [
                place for place, one in enumerate(block.members.tolist())
                if self.beyond[one] and not problem.reached[one] and not block.ground.refused[place]
            ]
            for block in self.blocks
        ]  # fmt: skip

    def better(self, chosen: Flags, solve: Solve, enough: int, rounds: int = 3) -> Flags:
        """Return an answer to the first objective, better where one is found.

        Parameters
        ----------
        chosen
            An answer, all of it reached.
        solve
            How a question within each EPCI is answered, with what is known of it, to a gap.
        enough
            The value at which to stop, of a minimum with the other sign.
        rounds
            How many times prices are found; with 1, no door is opened or closed.
        """
        if self.problem.objectives[0].edge_coefficients is not None:
            return chosen
        pool = ColumnPool(diagrams=dict(self.region.pool.diagrams))
        now, best, top = chosen, chosen, -math.inf
        asked: ChoiceProblem | None = None
        least = _ROOM_SHARES[rounds > 1]
        for _ in range(rounds):
            question = behind(self.problem, self._kept(now))
            blocks, rows = split_problem(question)
            region = Region(blocks, pool)
            stage = Stage(region, question.objectives[0], rows)
            value = stage.converge(self.clock, start=None, close_share=_CLOSE_SHARE)
            region.keep()
            if value is None or stage.best is None or value - top <= _RISE_SHARE * abs(value):
                break
            top, asked = value, question
            room = (value - enough) / max(1.0, abs(value))
            if room > least:
                best, asked = self._answer(question, best, solve, pool, room), None
            if rounds == 1 or self._worth_of(best) >= enough:
                return best
            worth = stage.row.coefficients.astype(float)
            for price, row in zip(stage.best.prices, rows, strict=True):
                worth = worth - price * row.coefficients
            found = self._open(worth, now)
            if found is None or self.clock.over:
                break
            now = found
        if asked is not None:
            best = self._answer(asked, best, solve, pool, _LAST_SHARE)
        return best

    def _worth_of(self, chosen: Flags) -> int:
        sign = 1 if self.problem.objectives[0].sense == "max" else -1
        return sign * self.problem.values(chosen)[0]

    def _answer(
        self, question: ChoiceProblem, known: Flags, solve: Solve, pool: ColumnPool, gap: float
    ) -> Flags:
        """Return the better of a known answer and the one behind the doors of a question."""
        ids = np.array(self.problem.sector_ids, dtype=object)
        pool.keep_answer(frozenset(ids[known].tolist()))
        choice = solve(question, pool, gap)
        other = np.isin(ids, choice.chosen)
        if not choice.stages or (reached_part(self.problem, other) != other).any():
            return known
        return other if self._worth_of(other) > self._worth_of(known) else known

    def _kept(self, chosen: Flags) -> Flags:
        """Return the doors of an answer with the chains through which they are reached."""
        kept = np.zeros(len(chosen), bool)
        tree = _Tree(self, chosen)
        for door in tree.doors:
            kept[list(tree.path(door))] = True
        return kept

    # -- each actor's best choice

    def _open(self, worth: Floats, chosen: Flags) -> Flags | None:
        """Open and close doors while it pays; None when numbers are too large, or nothing pays."""
        largest = max(
            (np.abs(worth[block.members]).sum() + 1) * 4 * (len(block.members) + len(ways) + 1)
            * (block.limit + 2)
            for block, ways in zip(self.blocks, self.ways, strict=True)
        )  # fmt: skip
        shift = min(_FINEST, _BITS - math.ceil(math.log2(largest)))
        if shift < 0 or not self._build():
            return None
        self._worth = np.rint(worth * 2.0**shift).astype(np.int64)
        self._known.clear()
        state = _State(self, _Tree(self, chosen))
        gained = False
        for _ in range(_PASSES):
            if not state.go_over() or self.clock.over:
                break
            gained = True
            state = _State(self, _Tree(self, state.chosen()))
        return state.chosen() if gained else None

    def _build(self) -> bool:
        """Build the diagrams, once; return whether all of them could be."""
        if not self._diagrams:
            grounds = [
                _ground(self.problem, block, ways)
                for block, ways in zip(self.blocks, self.ways, strict=True)
            ]
            found = self.region.each(self.region.pool.diagram, grounds)
            self._diagrams = [one for one in found if one is not None]
        return len(self._diagrams) == len(self.blocks)

    def best(self, at: int, opened: Sectors, kept: Sectors) -> Best | None:
        """Return an actor's best choice and its value; None when it has none.

        Parameters
        ----------
        at
            The actor.
        opened
            Its sectors that a door beyond a border reaches.
        kept
            Its sectors that are kept.
        """
        key = at, opened, kept
        if key not in self._known:
            self._known[key] = self._best(*key)
        return self._known[key]

    def find(self, asked: Iterable[tuple[int, Sectors, Sectors]]) -> None:
        """Find several actors' best choices, two at a time."""
        missing = [one for one in dict.fromkeys(asked) if one not in self._known]
        found = self.region.each(lambda one: self._best(*one), missing)
        self._known.update(zip(missing, found, strict=True))

    def _best(self, at: int, opened: Sectors, kept: Sectors) -> Best | None:
        block, ways = self.blocks[at], self.ways[at]
        worth = self._worth[block.members]
        far = 2 * int(np.abs(worth).sum()) + 1
        mine = np.isin(block.members, list(kept))
        closed = ~np.isin(block.members[ways], list(opened))
        found = self._diagrams[at].best(
            np.concatenate([worth + far * mine, -far * closed]), np.zeros(0, np.int64),
            weight=np.concatenate([block.weight, np.zeros(len(ways), np.int64)]),
            limit=block.limit,
        )  # fmt: skip
        if found is None:
            return None
        row, value, _ = found
        on = row[: len(block.members)] > 0
        if (mine & ~on).any() or (closed & (row[len(block.members) :] > 0)).any():
            return None
        return value - far * int(mine.sum()), on


def _ground(problem: ChoiceProblem, block: Block, ways: Sequence[int]) -> Ground:
    """Return an actor's ground with one more neighbour for each sector beside a border."""
    ground, more = block.ground, len(ways)
    return Ground(
        count=ground.count + more,
        near=ground.near + tuple((place, ground.count + at) for at, place in enumerate(ways)),
        pairs=(), before=(),
        reached=tuple(bool(one) for one in problem.reached[block.members]) + (True,) * more,
        required=ground.required + (False,) * more, refused=ground.refused + (False,) * more,
        connected=True,
    )  # fmt: skip


class _Tree:
    """Through whom each chosen sector is reached."""

    def __init__(self, doors: Doors, chosen: Flags) -> None:
        self.owner, self.chosen = doors.owner, chosen
        self.before = hanging(doors.problem, chosen)
        hung = np.flatnonzero((self.before >= 0) & (self.before < len(chosen)))
        across = hung[self.owner[hung] != self.owner[self.before[hung]]]
        self.doors = sorted(set(self.before[across].tolist()))

    def path(self, sector: int) -> Sectors:
        """Return a chosen sector with those of its actor through which it is reached."""
        found, at = [], sector
        while 0 <= at < len(self.chosen) and self.owner[at] == self.owner[sector]:
            found.append(at)
            at = int(self.before[at])
        return frozenset(found)


class _State:
    """Which doors stand open, and what each actor chooses best then."""

    def __init__(self, search: Doors, tree: _Tree) -> None:
        self.search, self.tree = search, tree
        self.paths = {door: tree.path(door) for door in tree.doors}
        self._settle()

    def _settle(self) -> None:
        search, actors = self.search, range(len(self.search.blocks))
        kept: list[set[int]] = [set() for _ in actors]
        opened: list[set[int]] = [set() for _ in actors]
        for door, path in self.paths.items():
            kept[search.owner[door]] |= path
            for other in search.beyond[door]:
                opened[search.owner[other]].add(other)
        self.kept, self.opened = list(map(frozenset, kept)), list(map(frozenset, opened))
        search.find((at, self.opened[at], self.kept[at]) for at in actors)
        self.now = [search.best(at, self.opened[at], self.kept[at]) for at in actors]

    def chosen(self) -> Flags:
        """Return everyone's best choice together."""
        chosen = np.zeros(len(self.tree.chosen), bool)
        for block, best in zip(self.search.blocks, self.now, strict=True):
            if best is not None:
                chosen[block.members] = best[1]
        return chosen

    def _stands(self) -> bool:
        chosen = self.chosen()
        found = reached_part(self.search.problem, chosen)
        return all(best is not None for best in self.now) and not (found != chosen).any()

    def go_over(self) -> bool:
        """Open or close each door where it pays; return whether any did."""
        search = self.search
        beside = [
            one for one, others in enumerate(search.beyond)
            if others and not search.problem.refused[one]
        ]  # fmt: skip
        search.find(one for door in beside for one in self._first(door))
        gains = sorted((-self._gain(door), door) for door in beside)
        changed = False
        for gain, door in gains:
            if gain >= 0 or self._gain(door) <= 0:
                continue
            before = dict(self.paths)
            if door in self.paths:
                del self.paths[door]
            else:
                self.paths[door] = self._path(door) or _NONE
            self._settle()
            if self._stands():
                changed = True
            else:
                self.paths = before
                self._settle()
        return changed

    def _first(self, door: int) -> list[tuple[int, Sectors, Sectors]]:
        """Return who gains if a door opens or closes: whose best choice is asked first."""
        at = int(self.search.owner[door])
        if door in self.paths:
            return [(at, self.opened[at], self._without(door))]
        return [
            (other, self.opened[other] | more, self.kept[other])
            for other, more in self._more(door).items()
        ]

    def _gain(self, door: int) -> int:
        """Return what is gained if a door opens, or closes; 0 when it can't."""
        gain = self._change(self._first(door))
        if gain <= 0:
            return 0
        at = int(self.search.owner[door])
        if door in self.paths:
            loss = self._change([
                (other, self.opened[other] - fewer, self.kept[other])
                for other, fewer in self._fewer(door).items() if other != at
            ])  # fmt: skip
        else:
            path = self._path(door)
            loss = self._change([(at, self.opened[at], self.kept[at] | (path or _NONE))])
            loss = loss if path else -gain
        return gain + loss

    def _change(self, asked: Sequence[tuple[int, Sectors, Sectors]]) -> int:
        """Return what several actors gain; nothing at all where one has no choice left."""
        gain = 0
        for at, opened, kept in asked:
            then, now = self.search.best(at, opened, kept), self.now[at]
            if then is None or now is None:
                return -(2**60)
            gain += then[0] - now[0]
        return gain

    def _without(self, door: int) -> Sectors:
        at = self.search.owner[door]
        return _NONE.union(*(
            path for other, path in self.paths.items()
            if other != door and self.search.owner[other] == at
        ))  # fmt: skip

    def _more(self, door: int) -> dict[int, Sectors]:
        """Return which sectors a closed door would open, by actor."""
        found: dict[int, Sectors] = {}
        for other in self.search.beyond[door]:
            at = int(self.search.owner[other])
            problem = self.search.problem
            if not (other in self.opened[at] or problem.refused[other] or problem.reached[other]):
                found[at] = found.get(at, _NONE) | {other}
        return found

    def _fewer(self, door: int) -> dict[int, Sectors]:
        """Return which sectors only this door opens, by actor."""
        found: dict[int, Sectors] = {}
        for other in self.search.beyond[door]:
            if not any(one != door and one in self.paths for one in self.search.beyond[other]):
                at = int(self.search.owner[other])
                found[at] = found.get(at, _NONE) | {other}
        return found

    def _path(self, door: int) -> Sectors | None:
        """Return the chain through which a closed door would be reached, None without one."""
        tree, at = self.tree, self.search.owner[door]
        if tree.chosen[door]:
            return tree.path(door)
        ways = [
            tree.path(one) | {door} for one in self.search.within[door] if tree.chosen[one]
        ]  # fmt: skip
        if self.search.problem.reached[door] or door in self.opened[at]:
            ways.append(frozenset({door}))
        return min(ways, key=lambda way: (len(way), sorted(way)), default=None)

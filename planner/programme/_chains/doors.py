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
_DEEPER = 80  # doors opened or closed at a loss, to see whether others around pay it back
_RISE_SHARE = 2e-5  # of the value: what a round of prices must gain
_LAST_SHARE = 5e-5  # of the value: what the last answer may miss
_ROUGH_SHARE = 2e-4  # the same where nothing behind its doors can be enough: found sooner
_CLOSE_SHARE = 1e-6  # of the value: where column generation stops
_FINEST = 8  # bits of a whole unit
_BITS = 60
_NONE: Sectors = frozenset()
_NEVER = 2**60  # far more than anything can gain


@dataclass(frozen=True, eq=False)
class _Behind:
    """What stands behind the doors of an answer: the linear programme, and worth at its prices."""

    chosen: Flags
    question: ChoiceProblem
    value: float
    worth: Floats


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
        self.beside = [
            one for one, others in enumerate(self.beyond) if others and not problem.refused[one]
        ]
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
        best, least = chosen, _ROOM_SHARES[rounds > 1]
        now = self._behind(chosen, pool)
        for turn in range(rounds):
            if now is None:
                return best
            room = (now.value - enough) / max(1.0, abs(now.value))
            is_open = room <= least
            if not is_open:
                best = self._answer(now.question, best, solve, pool, room)
            if rounds == 1 or self._worth_of(best) >= enough:
                return best
            then = None
            if turn + 1 < rounds and not self.clock.over:
                then = self._opened(now, pool, enough if is_open else None)
            if then is None:
                gap = _ROUGH_SHARE if room < 0 else _LAST_SHARE
                return self._answer(now.question, best, solve, pool, gap) if is_open else best
            now = then
        return best

    def _behind(self, chosen: Flags, pool: ColumnPool) -> _Behind | None:
        """Return what stands behind the doors of an answer, None when nothing does."""
        question = behind(self.problem, self._kept(chosen))
        blocks, rows = split_problem(question)
        region = Region(blocks, pool)
        stage = Stage(region, question.objectives[0], rows)
        value = stage.converge(self.clock, start=None, close_share=_CLOSE_SHARE)
        region.keep()
        if value is None or stage.best is None:
            return None
        worth = stage.row.coefficients.astype(float)
        for price, row in zip(stage.best.prices, rows, strict=True):
            worth = worth - price * row.coefficients
        return _Behind(chosen, question, value, worth)

    def _opened(self, now: _Behind, pool: ColumnPool, enough: int | None) -> _Behind | None:
        """Return what stands behind better doors, None when none were found.

        Where the present ones can't do for what is enough, doors are also turned at a loss.
        """
        state = self._state(now)
        if state is None:
            return None
        gained = False
        for _ in range(_PASSES):
            if not state.go_over() or self.clock.over:
                break
            gained = True
            state = _State(self, _Tree(self, state.chosen()))
        then = self._behind(state.chosen(), pool) if gained else None
        if then is not None and then.value - now.value > _RISE_SHARE * abs(now.value):
            return then
        return None if enough is None else self._deeper(now, pool, enough)

    def _deeper(self, now: _Behind, pool: ColumnPool, enough: int) -> _Behind | None:
        """Return what stands behind doors turned one by one, each judged at prices of its own."""
        best, tried = now, set[int]()
        while best.value - enough <= 2 * _ROOM_SHARES[1] * abs(enough) and not self.clock.over:
            state = _State(self, _Tree(self, best.chosen))
            if not state.look_deeper(tried, _DEEPER):
                break
            then = self._behind(state.chosen(), pool)
            if then is not None and then.value - best.value > _CLOSE_SHARE * abs(best.value):
                best = then
        return None if best is now else best

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

    def _state(self, now: _Behind) -> _State | None:
        """Return the doors of an answer at its prices; None when numbers are too large."""
        worth = now.worth
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
        return _State(self, _Tree(self, now.chosen))

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
        ends = np.where(closed, -far, far)  # all settled: what costs nothing has many equals
        found = self._diagrams[at].best(
            np.concatenate([worth + far * mine, ends]), np.zeros(0, np.int64),
            weight=np.concatenate([block.weight, np.zeros(len(ways), np.int64)]),
            limit=block.limit,
        )  # fmt: skip
        if found is None:
            return None
        row, value, _ = found
        on = row[: len(block.members)] > 0
        if (mine & ~on).any() or (closed & (row[len(block.members) :] > 0)).any():
            return None
        return value - far * int(mine.sum() + (~closed).sum()), on


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

    def go_over(self, some: Sequence[int] | None = None) -> bool:
        """Open or close each door, or some, where it pays; return whether any did."""
        search = self.search
        beside = search.beside if some is None else some
        search.find(one for door in beside for one in self._first(door))
        gains = sorted((-self._gain(door), door) for door in beside)
        changed = False
        for gain, door in gains:
            if gain < 0 < self._gain(door):
                changed |= self._turn(door)
        return changed

    def look_deeper(self, tried: set[int], at_most: int) -> bool:
        """Open or close one door, at the least loss first, that others around more than pay back.

        Return whether there was one; ``tried`` grows by those that were looked at.
        """
        losses = sorted((-self._gain(door), door) for door in self.search.beside)
        for loss, door in losses:
            if len(tried) >= at_most:
                break
            if door in tried or loss == 0 or loss >= _NEVER // 2:
                continue
            tried.add(door)
            before, worth = dict(self.paths), self.worth
            if not self._turn(door):
                continue
            around = [one for one in self._around(door) if one != door]
            for _ in range(_PASSES):
                if not self.go_over(around):
                    break
            if self.worth > worth:
                return True
            self._return_to(before)
        return False

    @property
    def worth(self) -> int:
        """What everyone's best choice is worth altogether."""
        return sum(best[0] for best in self.now if best is not None)

    def _turn(self, door: int) -> bool:
        """Open a door, or close it; return whether that can be, or leave all as it was."""
        before = dict(self.paths)
        if door in self.paths:
            del self.paths[door]
        else:
            self.paths[door] = self._path(door) or _NONE
        self._settle()
        if not self._stands():
            self._return_to(before)
            return False
        return True

    def _return_to(self, paths: dict[int, Sectors]) -> None:
        self.paths = paths
        self._settle()

    def _around(self, door: int) -> list[int]:
        """Return the doors of the actors on both sides of one, and those that open to them."""
        search = self.search
        both = {int(search.owner[one]) for one in (door, *search.beyond[door])}
        return [
            one for one in search.beside
            if any(int(search.owner[other]) in both for other in (one, *search.beyond[one]))
        ]  # fmt: skip

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
                return -_NEVER
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

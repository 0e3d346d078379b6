"""Which rules a fraction of each sector breaks, when chains may cross borders.

Whoever is chosen needs a chosen sector on every line of neighbours between it and the existing
network.  Where a linear programme takes a sector more than such a line (a node separator), the line
is found as a least cut, and the rule that forbids it is added.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceProblem
from planner.compiling import compiled
from planner.programme._actors.blocks import Row

__all__ = ["Separators", "is_separator"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Chain = tuple[str, frozenset[str]]

_UNIT = 1_000_000  # a whole sector: capacities are whole, so that every cut is one
_WIDE = 2**40
_LEAST = 100  # of the unit: what a rule must be broken by
_FORTH, _BACK = -1, -2


@compiled
def _push(
    start: Integers,
    to: Integers,
    back: Integers,
    room: Integers,
    source: int,
    sink: int,
    need: int,
    before: Integers,
    queue: Integers,
) -> int:
    """Send a flow from source to sink by shortest ways, ``need`` at most; return how much."""
    total = 0
    while total < need:
        before[:] = -1
        before[source] = -2
        queue[0] = source
        head, tail = 0, 1
        while head < tail and before[sink] == -1:
            node = queue[head]
            head += 1
            for arc in range(start[node], start[node + 1]):
                after = to[arc]
                if room[arc] > 0 and before[after] == -1:
                    before[after] = arc
                    queue[tail] = after
                    tail += 1
        if before[sink] == -1:
            break
        most = need
        node = sink
        while node != source:
            most = min(most, room[before[node]])
            node = to[back[before[node]]]
        node = sink
        while node != source:
            room[before[node]] -= most
            room[back[before[node]]] += most
            node = to[back[before[node]]]
        total += most
    return total


@compiled
def _behind(
    start: Integers, to: Integers, back: Integers, room: Integers, sink: int, queue: Integers
) -> Flags:
    """Return who could still send something to the sink."""
    seen = np.zeros(len(start) - 1, np.bool_)
    seen[sink] = True
    queue[0] = sink
    head, tail = 0, 1
    while head < tail:
        node = queue[head]
        head += 1
        for arc in range(start[node], start[node + 1]):
            other = to[arc]
            if not seen[other] and room[back[arc]] > 0:
                seen[other] = True
                queue[tail] = other
                tail += 1
    return seen


def is_separator(row: Row) -> bool:
    """Whether a row is one that :class:`Separators` returns."""
    return row.name.startswith("chain.")


class Separators:
    """The network of neighbours of a question: each sector is a way in and a way out."""

    def __init__(self, problem: ChoiceProblem) -> None:
        count = problem.candidates_count
        self.problem = problem
        self.known: set[tuple[int, bytes]] = set()
        self._place = {one: at for at, one in enumerate(problem.sector_ids)}
        self._near: list[list[int]] = [[] for _ in range(count)]
        for a, b in problem.edges.tolist():
            self._near[a].append(b)
            self._near[b].append(a)
        sectors = np.arange(count)
        first, second = problem.edges[:, 0], problem.edges[:, 1]
        roots = np.flatnonzero(problem.reached)
        tail = np.concatenate([
            2 * sectors, 2 * first + 1, 2 * second + 1, np.full(len(roots), 2 * count)
        ])  # fmt: skip
        head = np.concatenate([2 * sectors + 1, 2 * second, 2 * first, 2 * roots])
        own = np.concatenate([sectors, np.full(len(tail) - count, _FORTH)])
        arcs = len(tail)
        ends = np.concatenate([tail, head])
        order = np.argsort(ends, kind="stable")
        place = np.empty(2 * arcs, np.int64)
        place[order] = np.arange(2 * arcs)
        twin = np.concatenate([np.arange(arcs) + arcs, np.arange(arcs)])
        self._to = np.concatenate([head, tail])[order].astype(np.int64)
        self._back = place[twin[order]]
        self._own = np.concatenate([own, np.full(arcs, _BACK)])[order]
        self._start = np.searchsorted(ends[order], np.arange(2 * count + 2)).astype(np.int64)

    def broken(self, taken: Floats, *, behind: int | None = None) -> list[Row]:
        """Return rules that ``taken``, a fraction of each sector, breaks; each one only once.

        ``behind`` is how many sectors a line is told of at most, those taken most; None for all.
        """
        whole = np.rint(np.clip(taken, 0, 1) * _UNIT).astype(np.int64)
        room = np.where(self._own == _FORTH, _WIDE, 0).astype(np.int64)
        ways = self._own >= 0
        room[ways] = whole[self._own[ways]]
        wanted = np.flatnonzero((whole > _LEAST) & ~self.problem.reached)
        covered = np.zeros(len(whole), bool)
        before, queue = (
            np.empty(len(self._start) - 1, np.int64),
            np.empty(len(self._start), np.int64),
        )
        rows: list[Row] = []
        for sector in wanted[np.argsort(-whole[wanted], kind="stable")].tolist():
            if covered[sector]:
                continue
            left, need = room.copy(), int(whole[sector]) - _LEAST
            sink, source = 2 * sector, 2 * len(whole)
            sent = _push(self._start, self._to, self._back, left, source, sink, need, before, queue)
            if sent >= need:
                continue
            seen = _behind(self._start, self._to, self._back, left, sink, queue)
            way_in, way_out = seen[:source:2], seen[1:source:2]
            line = way_out & ~way_in
            covered |= way_in
            most = int(whole[line].sum()) + _LEAST
            lost = np.flatnonzero(way_in & ~line & (whole > most))
            lost = lost[np.argsort(-whole[lost], kind="stable")][:behind]
            rows += [self._row(one, line) for one in lost.tolist() if self._is_new(one, line)]
        return rows

    def recall(self, chains: Iterable[Chain]) -> list[Row]:
        """Return the rules of known chains that hold on this ground.

        Parameters
        ----------
        chains
            A sector, and the line without which nothing reaches it, by their ids.  A line that
            doesn't cut its sector off here, for want of a sector or by another network, is no rule.
        """
        rows = []
        for sector_id, line_ids in chains:
            sector = self._place.get(sector_id)
            if sector is None:
                continue
            line = np.zeros(self.problem.candidates_count, bool)
            line[[self._place[one] for one in line_ids if one in self._place]] = True
            if self._cuts_off(sector, line) and self._is_new(sector, line):
                rows.append(self._row(sector, line))
        return rows

    def chain(self, row: Row) -> Chain:
        """Return the sector and the line of a rule, by their ids."""
        ids = self.problem.sector_ids
        line = frozenset(ids[one] for one in np.flatnonzero(row.coefficients < 0).tolist())
        return ids[int(np.argmax(row.coefficients))], line

    def _cuts_off(self, sector: int, line: Flags) -> bool:
        """Whether every way from the network to a sector passes the line."""
        if line[sector]:
            return False
        seen = line.copy()
        seen[sector] = True
        queue = [sector]
        for one in queue:
            if self.problem.reached[one]:
                return False
            for other in self._near[one]:
                if not seen[other]:
                    seen[other] = True
                    queue.append(other)
        return True

    def forget(self, row: Row | None = None) -> None:
        """Return rules again that were returned before: one of them, or all."""
        if row is None:
            self.known.clear()
        else:
            line = np.flatnonzero(row.coefficients < 0)
            self.known.discard((int(np.argmax(row.coefficients)), line.tobytes()))

    def _is_new(self, sector: int, line: Flags) -> bool:
        key = sector, np.flatnonzero(line).tobytes()
        if key in self.known:
            return False
        self.known.add(key)
        return True

    def _row(self, sector: int, line: Flags) -> Row:
        """Return the rule: no ``sector`` without one of the line."""
        coefficients = np.where(line, -1, 0).astype(np.int64)
        coefficients[sector] = 1
        mark = zlib.crc32(np.flatnonzero(line).tobytes())
        name = f"chain.{self.problem.sector_ids[sector]}.{mark:08x}"
        return Row(name=name, coefficients=coefficients, upper=0)

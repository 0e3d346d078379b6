"""Every choice that one actor may make, as a diagram: one layer a sector, one path a choice.

A choice is legal when each chosen sector is reached through chosen ones.  Sectors are added one by
one; a state keeps, for the sectors that still have neighbours to come, whether each is left out,
chosen and reached, or chosen and waiting in a group to be reached.  States that promise the same
future are one.  A group that can't be reached any more has no path, so that paths are exactly the
legal choices, and any sum over sectors (or pairs of neighbours) is a longest path.  The envelope is
not in the diagram: it is a weight along the path.

Knuth's *simpath* (The Art of Computer Programming, 4A, 7.1.4) grows diagrams of paths so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from planner.programme._actors import growth, kernel
from planner.programme._actors.order import best_order

__all__ = ["Diagram", "Ground", "TooWideError", "build_diagram"]

Integers = npt.NDArray[np.int64]
Arrows = npt.NDArray[np.int32]
Rows = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

_NODE_LIMIT = 3_000_000  # states met in one search
_FIRST_NODES, _LABELS = 300_000, 20_000_000  # the same before labels are tried; labels
_EACH_LIMIT = 100  # the same for each choice that is listed, where these are many
_LEAST = -(2**62)
_WEIGHTS = 4  # of sectors, kept at once: what each state weighs to the end is the same again


class TooWideError(Exception):
    """An actor's neighbourhood is too intricate for a diagram."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What decides which choices of an actor are legal, apart from its envelope.

    Parameters
    ----------
    count
        How many sectors.
    near
        Pairs of neighbours through which one reaches the other.
    pairs
        Pairs of neighbours that count in an objective.
    before
        Pairs (sector that must come first, sector after it).
    reached
        Sectors that are reached by themselves.
    required, refused
        Sectors that must, and can't, be chosen.
    connected
        Whether chosen sectors must be reached.
    """

    count: int
    near: tuple[tuple[int, int], ...]
    pairs: tuple[tuple[int, int], ...]
    before: tuple[tuple[int, int], ...]
    reached: tuple[bool, ...]
    required: tuple[bool, ...]
    refused: tuple[bool, ...]
    connected: bool

    def allows(self, chosen: npt.NDArray[np.bool_]) -> bool:
        """Return whether a choice is legal, by a walk from the reached sectors."""
        required, refused = np.array(self.required, bool), np.array(self.refused, bool)
        if (required & ~chosen).any() or (refused & chosen).any():
            return False
        if any(chosen[after] and not chosen[first] for first, after in self.before):
            return False
        if not self.connected:
            return True
        seen = chosen & np.array(self.reached, bool)
        near = [(a, b) for a, b in self.near if chosen[a] and chosen[b]]
        grown = True
        while grown:
            grown = False
            for a, b in near:
                if seen[a] != seen[b]:
                    seen[a] = seen[b] = grown = True
        return bool((seen == chosen).all())


@dataclass(frozen=True, kw_only=True, eq=False)
class Diagram:
    """The legal choices of one actor.

    Parameters
    ----------
    order
        Sector of each layer.
    first
        First state of each layer, then the end, then the number of states.
    out_to, in_to, pattern
        Arrows of each state, and the set of chosen neighbours that it remembers.
    pattern_layer, pattern_start, pattern_pairs
        Layer of each pattern, and the pairs that it adds (positions in ``Ground.pairs``).
    """

    order: Integers
    first: Integers
    out_to: Arrows
    in_to: Arrows
    pattern: Arrows
    pattern_layer: Integers
    pattern_start: Integers
    pattern_pairs: Integers
    _lightest: dict[bytes, Integers] = field(default_factory=dict, init=False, repr=False)

    @property
    def states_count(self) -> int:
        """How many states the diagram has."""
        return int(self.first[-1])

    def _values(self, node_value: Integers, pair_value: Integers) -> Integers:
        return kernel.pattern_values(
            self.pattern_layer, self.pattern_start, self.pattern_pairs,
            np.ascontiguousarray(node_value[self.order]), np.ascontiguousarray(pair_value),
        )  # fmt: skip

    def _least(self, weight: Integers) -> Integers:
        """Return minus the least weight from each state to the end, kept for the latest weights.

        ``weight`` is that of each layer.
        """
        key = weight.tobytes()
        known = self._lightest.get(key)
        if known is None:
            known = kernel.lightest(
                self.first, self.out_to, self.in_to, self.pattern, len(self.pattern_layer), weight
            )
            if len(self._lightest) >= _WEIGHTS:
                self._lightest.clear()
            self._lightest[key] = known
        return known

    def best(
        self,
        node_value: Integers,
        pair_value: Integers,
        *,
        weight: Integers,
        limit: int,
        slack: int = 0,
        least: int = 0,
        proved: bool = True,
    ) -> tuple[Rows, int, int] | None:
        """Return the best legal choice within the envelope, its value and a proved bound.

        Parameters
        ----------
        node_value, pair_value
            What each sector, and each pair of ``Ground.pairs``, is worth.
        weight, limit
            What each sector uses of the envelope, and the envelope.
        slack
            How much may be missed; 0 proves the optimum.
        least
            What must be used of the envelope.
        proved
            Whether a search in depth that is long is followed by labels, far longer at worst.

        Raises
        ------
        TooWideError
            When neither a choice nor a proof that there is none is found.
        """
        row = np.zeros(len(self.order), np.uint8)
        heavy = np.ascontiguousarray(weight[self.order])
        found, value, bound = kernel.best_choice(
            self.first, self.out_to, self.in_to, self.pattern, self._values(node_value, pair_value),
            heavy, self._least(heavy), least, limit, slack,
            _FIRST_NODES if proved and least <= 0 else _NODE_LIMIT, _LABELS if proved else 0, row,
        )  # fmt: skip
        if not found and bound != kernel.NONE:
            raise TooWideError
        return (self._by_sector(row[None, :])[0], int(value), int(bound)) if found else None

    def holding(self, always: Flags, never: Flags) -> Diagram:
        """Return the diagram of the choices that hold some sectors and don't hold others.

        Parameters
        ----------
        always, never
            Whether each sector is held, or isn't, shape (sectors,).
        """
        if not (always.any() or never.any()):
            return self
        sizes = np.diff(self.first)[: len(self.order)]
        out, into = (np.repeat(some[self.order], sizes) for some in (always, never))
        return replace(
            self, out_to=np.where(out, -1, self.out_to).astype(np.int32),
            in_to=np.where(into, -1, self.in_to).astype(np.int32),
        )  # fmt: skip

    def above(
        self,
        node_value: Integers,
        pair_value: Integers,
        *,
        weight: Integers,
        limit: int,
        floor: int,
        at_most: int,
        least: int = 0,
    ) -> tuple[Rows, Integers, bool]:
        """Return legal choices worth ``floor`` or more, their values, and whether these are all."""
        rows = np.zeros((at_most, len(self.order)), np.uint8)
        values = np.zeros(at_most, np.int64)
        heavy = np.ascontiguousarray(weight[self.order])
        floor = max(floor, _LEAST)  # a hopeless question asks for all, beyond what 64 bits hold
        count, complete = kernel.list_choices(
            self.first, self.out_to, self.in_to, self.pattern, self._values(node_value, pair_value),
            heavy, self._least(heavy), least, limit, floor,
            max(_NODE_LIMIT, _EACH_LIMIT * at_most), rows, values,
        )  # fmt: skip
        return self._by_sector(rows[:count]), values[:count], bool(complete)

    def _by_sector(self, rows: Rows) -> Rows:
        sorted_rows = np.zeros_like(rows)
        sorted_rows[:, self.order] = rows
        return sorted_rows


def build_diagram(ground: Ground, *, states_limit: int = 2_000_000) -> Diagram | None:
    """Grow the diagram of the legal choices.

    Parameters
    ----------
    ground
        Sectors and their rules.
    states_limit
        How large it may grow.

    Returns
    -------
    Diagram or None
        None when too many sectors wait for neighbours at once.
    """
    links = _links(ground)
    order = best_order(ground.count, links)
    slots: list[int] = []
    keys = np.zeros(1, np.int64)
    first, out_to, in_to, pattern = [0], [], [], []
    layers: list[int] = []
    sizes: list[int] = []
    members: list[int] = []
    near, before = _symmetric(ground.near), set(ground.before)
    pair_at = {pair: at for at, pair in enumerate(ground.pairs)}
    left = [len(links[sector]) for sector in range(ground.count)]
    states = 1
    for layer, sector in enumerate(order):
        for other in links[sector]:
            left[other] -= 1
        after = [*slots, sector]
        keep = [at for at, other in enumerate(after) if left[other] > 0]
        if len(keep) >= growth.SLOTS or len(after) > growth.SLOTS or states > states_limit:
            return None
        pair_of = [pair_at.get((min(s, sector), max(s, sector)), -1) for s in slots]
        without, with_it, chosen = growth.grow(
            keys, len(slots),
            _flags((s, sector) in near for s in slots),
            _flags((s, sector) in before for s in slots),
            _flags((sector, s) in before for s in slots),
            _flags(at >= 0 for at in pair_of),
            np.array(keep, np.int64), ground.reached[sector], ground.connected,
        )  # fmt: skip
        if ground.required[sector]:
            without[:] = -1
        if ground.refused[sector]:
            with_it[:] = -1
        keys, to = np.unique(np.concatenate([without, with_it]), return_inverse=True)
        lost = int(len(keys) > 0 and keys[0] < 0)
        keys = keys[lost:]
        to = np.where(to < lost, -1, to - lost + states)
        masks, which = np.unique(chosen, return_inverse=True)
        for mask in masks:
            pairs = [at for slot, at in enumerate(pair_of) if mask >> slot & 1]
            layers.append(layer)
            sizes.append(len(pairs))
            members.extend(pairs)
        pattern.append(which + len(layers) - len(masks))
        out_to.append(to[: len(without)])
        in_to.append(to[len(without) :])
        first.append(states)
        states += len(keys)
        slots = [after[at] for at in keep]
        if len(keys) == 0:  # a required sector can't be reached: no path at all
            return _nothing(ground.count)
    first.append(states)
    merged = _merged(np.array(first, np.int64), _joined(out_to), _joined(in_to), _joined(pattern))
    if merged is None:
        return _nothing(ground.count)
    return Diagram(
        order=np.array(order, np.int64),
        first=merged[0],
        out_to=merged[1],
        in_to=merged[2],
        pattern=merged[3],
        pattern_layer=np.array(layers, np.int64),
        pattern_start=np.concatenate([[0], np.cumsum(np.array(sizes, np.int64))]).astype(np.int64),
        pattern_pairs=np.array(members, np.int64),
    )


def _merged(
    first: Integers, out_to: Integers, in_to: Integers, pattern: Integers
) -> tuple[Integers, Arrows, Arrows, Arrows] | None:
    """Make states with the same arrows one, from the end back, and leave out those without end.

    None when no path is left.  The paths stay the same, in fewer states (Bryant, IEEE Transactions
    on Computers 35, 1986).
    """
    layers = len(first) - 2
    place = np.full(len(out_to) + 2, -1, np.int64)  # within its layer; the last for no arrow
    place[first[layers]] = 0
    every, sizes = [], [1]
    for layer in range(layers - 1, -1, -1):
        here = slice(first[layer], first[layer + 1])
        out, into, shown = place[out_to[here]], place[in_to[here]], pattern[here]
        some = np.flatnonzero((out >= 0) | (into >= 0))
        shown = np.where(into[some] >= 0, shown[some], 0)
        key = (out[some] + 1) * (sizes[-1] + 1) + into[some] + 1
        key = np.unique(key, return_inverse=True)[1] * (int(shown.max(initial=0)) + 1) + shown
        _, kept, same = np.unique(key, return_index=True, return_inverse=True)
        every.append((out[some[kept]], into[some[kept]], shown[kept]))
        place[here.start + some] = same
        sizes.append(len(kept))
    if sizes[-1] == 0:
        return None
    starts = np.concatenate([[0], np.cumsum(sizes[::-1])]).astype(np.int64)
    each = [_joined(list(one)) for one in zip(*every[::-1], strict=True)] or [_joined([])] * 3
    shift = np.repeat(starts[1:-1], np.diff(starts)[:-1])
    arrows = [np.where(one >= 0, one + shift, -1).astype(np.int32) for one in each[:2]]
    return starts, arrows[0], arrows[1], each[2].astype(np.int32)


def _nothing(count: int) -> Diagram:
    """Return a diagram without a path."""
    nowhere = np.full(count, -1, np.int32)
    numbers = np.arange(count + 2, dtype=np.int64)
    return Diagram(
        order=numbers[:count], first=numbers, out_to=nowhere, in_to=nowhere.copy(),
        pattern=numbers[:count].astype(np.int32), pattern_layer=numbers[:count],
        pattern_start=np.zeros(count + 1, np.int64), pattern_pairs=np.zeros(0, np.int64),
    )  # fmt: skip


def _joined(parts: list[Integers]) -> Integers:
    return np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, np.int64)


def _flags(values: object) -> npt.NDArray[np.bool_]:
    return np.array([*values], np.bool_)  # type: ignore[misc]


def _symmetric(pairs: tuple[tuple[int, int], ...]) -> set[tuple[int, int]]:
    return {*pairs, *((b, a) for a, b in pairs)}


def _links(ground: Ground) -> list[set[int]]:
    """Return who must be remembered until whom is added."""
    links: list[set[int]] = [set() for _ in range(ground.count)]
    wanted = [*ground.pairs]
    if ground.connected:  # two reached sectors have nothing to tell each other
        wanted += [(a, b) for a, b in ground.near if not (ground.reached[a] and ground.reached[b])]
    wanted = [(a, b) for a, b in wanted if not (ground.refused[a] or ground.refused[b])]
    for a, b in [*wanted, *ground.before]:
        links[a].add(b)
        links[b].add(a)
    return links

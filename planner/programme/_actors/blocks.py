"""A choice taken apart: what each actor decides alone, and the few rules that bind them together.

What an actor decides alone is its own sectors, their contiguity, and what they use of its own
envelope.  Rules over several actors are rows: regional and départements' limits, envelopes that
other actors' sectors use too, feeders that cross a border, objectives that are held.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceProblem, Contiguity, Objective
from planner.programme._actors.diagram import Diagram, Ground, build_diagram

__all__ = [
    "Block",
    "ColumnPool",
    "Row",
    "divisor_of",
    "held_row",
    "objective_row",
    "settle_floors",
    "split_problem",
]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.uint8]

_ANSWERS = 8  # how many former answers a pool keeps
_CHAINS = 2_000  # how many lines across borders
_EQUALS = 16  # of how many questions all the best programmes are kept


@dataclass(frozen=True, kw_only=True, eq=False)
class Row:
    """A rule in whole numbers over every candidate: ``lower ≤ Σ ≤ upper``.

    Parameters
    ----------
    name
        Stable identifier.
    coefficients, pair_coefficients
        Of each candidate; of each pair of neighbours both chosen, None when pairs don't count.
    lower, upper
        Bounds, included; None when there is none.
    """

    name: str
    coefficients: Integers
    pair_coefficients: Integers | None = None
    lower: int | None = None
    upper: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """What one actor decides alone.

    Parameters
    ----------
    actor
        Who decides.
    members
        Its candidates, positions in the problem.
    weight, limit
        What each uses of the actor's own envelope, and the envelope, in the same unit.
    least
        What must be used of it.
    ground
        Which choices are legal; its pairs count in an objective.
    pairs
        Positions in the problem of the pairs of ``ground``.
    """

    actor: str
    members: Integers
    weight: Integers
    limit: int
    ground: Ground
    pairs: Integers
    least: int = 0

    def allows(self, choice: npt.NDArray[np.uint8]) -> bool:
        """Return whether a choice is legal and within the envelope."""
        if not self.least <= int(choice.astype(np.int64) @ self.weight) <= self.limit:
            return False
        return self.ground.allows(choice > 0)

    def row_values(self, choices: Rows, row: Row) -> Integers:
        """Return what each of ``choices`` is worth in a row."""
        values = choices.astype(np.int64) @ row.coefficients[self.members]
        if row.pair_coefficients is not None and len(self.pairs):
            first, second = (np.array(side) for side in zip(*self.ground.pairs, strict=True))
            both = (choices[:, first] & choices[:, second]).astype(np.int64)
            values = values + both @ row.pair_coefficients[self.pairs]
        return values


@dataclass
class ColumnPool:
    """Choices and diagrams that were met, kept from one question to the next.

    What was learnt about an actor serves again as long as its sectors and their contiguity are the
    same; votes, envelopes and limits may change.  ``dated`` holds when each sector opens in the
    last answer to an objective with years; ``work`` bounds the operations of one search.
    """

    diagrams: dict[Ground, Diagram | None] = field(default_factory=dict)
    choices: dict[tuple[str, Integers | bytes, Ground], Rows] = field(default_factory=dict)
    prices: dict[str, dict[str, float]] = field(default_factory=dict)
    answers: list[frozenset[str]] = field(default_factory=list)
    dated: dict[str, dict[str, int]] = field(default_factory=dict)
    chains: dict[tuple[str, frozenset[str]], None] = field(default_factory=dict)
    equals: dict[str, tuple[frozenset[str], ...]] = field(default_factory=dict)
    work: int = 2**62

    def diagram(self, ground: Ground) -> Diagram | None:
        """Return the diagram of a ground, built once."""
        if ground not in self.diagrams:
            self.diagrams[ground] = build_diagram(ground)
        return self.diagrams[ground]

    @staticmethod
    def _key(block: Block) -> tuple[str, bytes, Ground]:
        return block.actor, block.members.tobytes(), _without_pairs(block.ground)

    def recall(self, block: Block) -> Rows:
        """Return the known choices of a block that fit its envelope, and use enough of it."""
        known = self.choices.get(self._key(block))
        if known is None:
            return np.zeros((0, len(block.members)), np.uint8)
        used = known.astype(np.int64) @ block.weight
        return known[(used >= block.least) & (used <= block.limit)]

    def remember(self, block: Block, choices: Rows) -> None:
        """Keep the choices of a block."""
        self.choices[self._key(block)] = choices

    def keep_chains(self, chains: Iterable[tuple[str, frozenset[str]]]) -> None:
        """Keep sectors with the lines that cut them off, the latest last; the oldest go."""
        for one in chains:
            self.chains.pop(one, None)
            self.chains[one] = None
        for one in list(self.chains)[:-_CHAINS]:
            del self.chains[one]

    def known_prices(self, objective: Row, rows: Sequence[Row]) -> Floats | None:
        """Return what a former question paid for the rows, by their names; None if none did."""
        known = self.prices.get(objective.name)
        if known is None:
            return None
        return np.array([known.get(row.name, 0.0) for row in rows])

    def keep_prices(self, objective: Row, rows: Sequence[Row], prices: Floats) -> None:
        """Keep what an objective pays for the rows."""
        self.prices[objective.name] = {
            row.name: float(price) for row, price in zip(rows, prices, strict=True)
        }

    def keep_equals(self, question: str, programmes: Iterable[frozenset[str]]) -> None:
        """Keep all the best programmes of a question, by its checksum, if any; the oldest go."""
        self.equals.pop(question, None)
        if every := tuple(programmes):
            self.equals[question] = every
        for one in list(self.equals)[:-_EQUALS]:
            del self.equals[one]

    def equals_of(self, problem: ChoiceProblem) -> tuple[tuple[str, ...], ...]:
        """Return all the programmes that are the best under every objective, sorted.

        Empty where they aren't known to be all: too many, not searched, not asked.
        """
        return tuple(sorted(tuple(sorted(one)) for one in self.equals.get(problem.sha256, ())))

    def keep_answer(self, sector_ids: frozenset[str]) -> None:
        """Keep an answer, the latest last; the oldest are forgotten."""
        others = [one for one in self.answers if one != sector_ids]
        self.answers = [*others[1 - _ANSWERS :], sector_ids]


def _without_pairs(ground: Ground) -> Ground:
    if not ground.pairs:
        return ground
    return Ground(
        count=ground.count, near=ground.near, pairs=(), before=ground.before,
        reached=ground.reached, required=ground.required, refused=ground.refused,
        connected=ground.connected,
    )  # fmt: skip


def lighter(block: Block) -> Block:
    """Return the block without its pairs, whose diagram is smaller."""
    return Block(
        actor=block.actor, members=block.members, weight=block.weight, limit=block.limit,
        ground=_without_pairs(block.ground), pairs=np.zeros(0, np.int64), least=block.least,
    )  # fmt: skip


def divisor_of(row: Row) -> int:
    """Return what divides all of a row; 0 where it counts nothing."""
    divisor = int(np.gcd.reduce(row.coefficients, initial=0))
    if row.pair_coefficients is not None:
        divisor = int(np.gcd.reduce(row.pair_coefficients, initial=divisor))
    return divisor


def reduced(row: Row) -> Row:
    """Divide a row by what divides all of it, its bounds rounded inwards."""
    divisor = divisor_of(row)
    if divisor <= 1:
        return row
    return Row(
        name=row.name,
        coefficients=row.coefficients // divisor,
        pair_coefficients=(
            None if row.pair_coefficients is None else row.pair_coefficients // divisor
        ),
        lower=None if row.lower is None else -(-row.lower // divisor),
        upper=None if row.upper is None else row.upper // divisor,
    )


def objective_row(objective: Objective) -> Row:
    """Return the row that an objective makes as large as can be."""
    sign = 1 if objective.sense == "max" else -1
    return Row(
        name=objective.name,
        coefficients=objective.coefficients * sign,
        pair_coefficients=(
            None if objective.edge_coefficients is None else objective.edge_coefficients * sign
        ),
    )


def held_row(objective: Objective, value: int) -> Row:
    """Return the row that holds an objective at a value or better."""
    bounds = {"lower": value} if objective.sense == "max" else {"upper": value}
    return reduced(
        Row(
            name=f"held.{objective.name}", coefficients=objective.coefficients,
            pair_coefficients=objective.edge_coefficients, **bounds,
        )
    )  # fmt: skip


def split_problem(problem: ChoiceProblem) -> tuple[tuple[Block, ...], tuple[Row, ...]]:
    """Take a problem apart: a block for each actor who decides, and the rows that bind them.

    Candidates that no envelope could take are refused in their block.
    """
    refused = problem.refused.copy()
    envelope = problem.envelopes[problem.share_actor]
    too_large = (problem.share_need > 0) & (problem.share_need > envelope)
    refused[problem.share_candidate[too_large]] = True
    owner = problem.decider[problem.share_candidate]
    own_need = np.zeros(problem.candidates_count, np.int64)
    own = problem.share_actor == owner
    own_need[problem.share_candidate[own]] = problem.share_need[own]
    blocks = [
        _block(problem, int(actor), own_need, refused) for actor in np.unique(problem.decider)
    ]
    rows = [
        Row(name=limit.name, coefficients=limit.coefficients, lower=limit.lower, upper=limit.upper)
        for limit in problem.limits
    ]
    foreign = (problem.share_actor != owner) & (problem.share_need > 0)
    foreign &= ~refused[problem.share_candidate]
    for actor in np.unique(problem.share_actor[foreign]):
        used = np.zeros(problem.candidates_count, np.int64)
        mine = problem.share_actor == actor
        used[problem.share_candidate[mine]] = problem.share_need[mine]
        rows.append(
            Row(
                name=f"envelope.{problem.actors[actor]}", coefficients=used,
                upper=int(problem.envelopes[actor]),
            )
        )  # fmt: skip
    if problem.contiguity is Contiguity.FEEDER:
        rows += _feeders_across(problem)
    return tuple(blocks), tuple(reduced(row) for row in rows)


def settle_floors(
    blocks: Sequence[Block], rows: Sequence[Row]
) -> tuple[tuple[Block, ...], tuple[Row, ...]]:
    """Make what rows ask an actor to use of its own envelope a rule of that actor alone.

    A row that holds over one actor's sectors, and counts them as its envelope does, is no row any
    more; one over others too stays, and asks each for what the others can't give.

    Parameters
    ----------
    blocks, rows
        As :func:`split_problem` returns them.
    """
    least = [block.least for block in blocks]
    kept = []
    for row in rows:
        alone = False
        most = row.coefficients.clip(min=0)
        for at, block in enumerate(blocks):
            own = row.coefficients[block.members]
            if row.lower is None or row.pair_coefficients is not None or not own.any():
                continue
            heavy = int(np.argmax(block.weight))
            each, used = int(own[heavy]), int(block.weight[heavy])
            if min(each, used) <= 0 or (own * used != block.weight * each).any():
                continue
            others = int(most.sum() - most[block.members].sum())
            least[at] = max(least[at], -((others - row.lower) * used // each))
            alone = alone or np.count_nonzero(row.coefficients) == np.count_nonzero(own)
        if not alone or row.upper is not None:
            kept.append(row)
    return (
        tuple(replace(block, least=floor) for block, floor in zip(blocks, least, strict=True)),
        tuple(kept),
    )


def _feeders_across(problem: ChoiceProblem) -> list[Row]:
    """Return a row for each candidate whose feeder another actor decides."""
    rows = []
    for candidate in np.flatnonzero(problem.feeder >= 0):
        first = problem.feeder[candidate]
        if problem.decider[first] != problem.decider[candidate]:
            row = np.zeros(problem.candidates_count, np.int64)
            row[candidate], row[first] = 1, -1
            name = f"feeder.{problem.sector_ids[candidate]}"
            rows.append(Row(name=name, coefficients=row, upper=0))
    return rows


def _block(
    problem: ChoiceProblem, actor: int, own_need: Integers, refused: npt.NDArray[np.bool_]
) -> Block:
    members = np.flatnonzero(problem.decider == actor)
    place = np.full(problem.candidates_count, -1)
    place[members] = np.arange(len(members))
    reached = problem.reached
    near: tuple[tuple[int, int], ...] = ()
    before: tuple[tuple[int, int], ...] = ()
    connected = problem.contiguity in {Contiguity.WITHIN_EPCI, Contiguity.ANY_EPCI}
    ends = place[problem.edges]
    within = (ends >= 0).all(axis=1)
    if connected:
        near = tuple(map(tuple, ends[within].tolist()))
    if problem.contiguity is Contiguity.ANY_EPCI:  # a neighbour beyond the border may reach it
        across = ends[(ends >= 0).sum(axis=1) == 1]
        reached = reached.copy()
        reached[members[across[across >= 0]]] = True
    if problem.contiguity is Contiguity.FEEDER:
        feeder = problem.feeder[members]
        inside = (feeder >= 0) & (problem.decider[feeder] == actor) & (feeder != members)
        before = tuple(zip(place[feeder[inside]].tolist(), np.flatnonzero(inside).tolist(),
                           strict=True))  # fmt: skip
    counted = np.zeros(len(problem.edges), bool)
    for objective in problem.objectives:
        if objective.edge_coefficients is not None:
            counted |= objective.edge_coefficients != 0
    pairs = np.flatnonzero(within & counted)
    weight = own_need[members]
    limit = max(int(problem.envelopes[actor]), 0)
    divisor = int(np.gcd.reduce(weight)) if len(weight) else 1
    if divisor > 1:
        weight, limit = weight // divisor, limit // divisor
    return Block(
        actor=problem.actors[actor],
        members=members,
        weight=weight,
        limit=min(limit, int(weight.sum())),
        ground=Ground(
            count=len(members), near=near,
            pairs=tuple(map(tuple, np.sort(ends[pairs], axis=1).tolist())), before=before,
            reached=_flags(reached[members]), required=_flags(problem.required[members]),
            refused=_flags(refused[members]), connected=connected,
        ),
        pairs=pairs,
    )  # fmt: skip


def _flags(values: npt.NDArray[np.bool_]) -> tuple[bool, ...]:
    return tuple(bool(value) for value in values)

"""What a programme can be worth at most once one sector is forced in or out, at once.

The prices of the common rules that bound the first objective bound every question near it: only
the actor who decides on the sector answers anew, from its diagram, with the sector forced.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from planner.choice import ChoiceProblem, Contiguity
from planner.programme._actors.blocks import Block, ColumnPool, Row, lighter, split_problem
from planner.programme._actors.columns import Clock, Region, Stage, TooWideError

__all__ = ["ChoiceBounds", "part_of"]

Integers = npt.NDArray[np.int64]

_SPARE_BITS = 3  # of a value, so that a sector can be forced by its own
_CLOSE_SHARE = 1e-7
_UNKNOWN = 2**62  # more than any objective


@dataclass(frozen=True)
class _Price:
    """What a unit of a row is worth, the row counting by whole divisors of its room."""

    whole: int
    divisor: int
    room: int

    def of(self, change: int) -> int:
        """Return what a change of the room is worth: a part of the divisor holds nothing more."""
        return self.whole * ((self.room + change) // self.divisor - self.room // self.divisor)


def _actor_of(row: Row) -> str:
    return row.name.removeprefix("envelope.")


class ChoiceBounds:
    """Bounds of the first objective, larger is better, with one sector in or out.

    Parameters
    ----------
    problem
        The question; its first objective counts.
    pool
        What was learnt of the region; it is filled further.
    """

    def __init__(self, problem: ChoiceProblem, pool: ColumnPool) -> None:
        self.problem = replace(problem, objectives=problem.objectives[:1])
        self.pool = pool
        self.known = False
        self.wide: dict[str, Block | None] = {}
        blocks, rows = split_problem(self.problem)
        if not blocks or not self.problem.objectives:
            return
        region = Region(blocks, pool)
        try:
            stage = Stage(region, self.problem.objectives[0], rows)
        except TooWideError:
            return
        stage.converge(Clock.within(None), start=None, close_share=_CLOSE_SHARE)
        region.keep()
        if stage.best is None:
            return
        self.known = True
        self._price(stage)

    def _price(self, stage: Stage) -> None:
        """Fix the prices, in whole numbers of a unit that leaves room to force a sector."""
        best = stage.best
        if best is None:
            raise LookupError
        shift = self.shift = max(best.shift - _SPARE_BITS, 0)
        node = stage.row.coefficients << shift
        pair = np.zeros(stage.pairs_count, np.int64)
        if stage.row.pair_coefficients is not None:
            pair = stage.row.pair_coefficients << shift
        self.base = 0
        self.prices: dict[str, _Price] = {}
        own = {limit.name: limit for limit in self.problem.limits}
        for row, price in zip(stage.rows, best.prices, strict=True):
            whole = round(float(price) * 2**shift)
            bound = row.upper if whole > 0 else row.lower
            if whole == 0 or bound is None:
                continue
            self.base += whole * bound
            node = node - whole * row.coefficients
            if row.pair_coefficients is not None:
                pair = pair - whole * row.pair_coefficients
            limit = own.get(row.name)
            used = limit.coefficients if limit is not None else self._use(_actor_of(row))
            room = limit.upper if limit is not None else self._envelope(_actor_of(row))
            divisor = int(np.abs(used).sum()) // max(int(np.abs(row.coefficients).sum()), 1)
            if whole > 0 and room is not None:
                self.prices[row.name] = _Price(whole, max(divisor, 1), room)
        self.node, self.pair, self.blocks = node, pair, stage.blocks
        self.bounds = []
        for block, diagram in zip(stage.blocks, stage.diagrams, strict=True):
            found = diagram.best(
                node[block.members], pair[block.pairs], weight=block.weight, limit=block.limit
            )
            self.bounds.append(0 if found is None else found[2])
        self.of_actor = {block.actor: at for at, block in enumerate(stage.blocks)}

    def _use(self, actor: str) -> Integers:
        """Return what each candidate uses of an actor's envelope."""
        actors = self.problem.actors
        return self.problem.envelope_use(actors.index(actor) if actor in actors else -1)

    def _envelope(self, actor: str) -> int | None:
        """Return an actor's envelope; None when it is no actor."""
        actors = self.problem.actors
        return int(self.problem.envelopes[actors.index(actor)]) if actor in actors else None

    def worth_of(self, position: int) -> int:
        """Return what a sector is worth by itself under the first objective, larger is better."""
        objective = self.problem.objectives[0]
        return int(objective.coefficients[position]) * (1 if objective.sense == "max" else -1)

    def most(
        self,
        position: int,
        *,
        wanted: bool,
        limit: str | None = None,
        envelope: str | None = None,
        change: int = 0,
    ) -> int | None:
        """Return what no programme can pass with a sector in (or out); None when there is none.

        More room may let in what was too large for an envelope and so was never priced: then all
        that is said is a number larger than any value.

        Parameters
        ----------
        position
            Of the sector among the candidates.
        wanted
            Whether it is in.
        limit, envelope
            Rule, or actor, whose room changes.
        change
            By how much; negative for less.
        """
        problem = self.problem
        actor = problem.actors[int(problem.decider[position])]
        if envelope is not None:
            if change > 0 and self._has_left_out(envelope):
                return _UNKNOWN
            change = max(change, -max(int(problem.envelopes[problem.actors.index(envelope)]), 0))
        price = self.prices.get(limit or f"envelope.{envelope}")
        priced = 0 if price is None else price.of(change)
        total = self.base + sum(self.bounds)
        asked = {actor: 0} if envelope is None else {actor: 0, envelope: change}
        for name, room in asked.items():
            if name not in self.of_actor:
                continue
            block = self._block(name, room)
            if block is None:
                return _UNKNOWN
            best = self._best(block, position if name == actor else None, wanted=wanted)
            if best is None:
                return None
            total += best - self.bounds[self.of_actor[name]]
        return (total + priced) >> self.shift

    def _block(self, actor: str, room: int) -> Block | None:
        """Return what an actor decides alone, its envelope changed; None when too intricate."""
        block = self.blocks[self.of_actor[actor]]
        if room == 0:
            return block
        wide = self._wide(actor)
        if wide is None:
            return None
        divisor = max(int(np.gcd.reduce(self._use(actor)[block.members])), 1)
        own = self.problem.actors.index(actor)
        limit = max(int(self.problem.envelopes[own]) + room, 0) // divisor
        return replace(wide, limit=min(limit, int(wide.weight.sum())))

    def _best(self, block: Block, position: int | None, *, wanted: bool) -> int | None:
        """Return the best of an actor, a sector forced in or out, if any."""
        diagram = self.pool.diagram(block.ground)
        if diagram is None:
            return _UNKNOWN
        mine = block.members == position
        answer = diagram.holding(mine & wanted, mine & (not wanted)).best(
            self.node[block.members], self.pair[block.pairs], weight=block.weight, limit=block.limit
        )
        return None if answer is None else answer[2]

    def _has_left_out(self, actor: str) -> bool:
        """Whether a sector that others decide on was too large for an envelope."""
        own = self.problem.actors.index(actor)
        used = self._use(actor)
        others = self.problem.decider != own
        return bool((used[others] > max(int(self.problem.envelopes[own]), 0)).any())

    def _wide(self, actor: str) -> Block | None:
        """Return the block of an actor whose envelope would hold anything, made once."""
        if actor not in self.wide:
            problem = self.problem
            envelopes = problem.envelopes.copy()
            envelopes[problem.actors.index(actor)] = int(self._use(actor).sum())
            blocks = split_problem(replace(problem, envelopes=envelopes))[0]
            block = next(one for one in blocks if one.actor == actor)
            block = block if len(self.blocks[self.of_actor[actor]].pairs) else lighter(block)
            self.wide[actor] = None if self.pool.diagram(block.ground) is None else block
        return self.wide[actor]


def part_of(problem: ChoiceProblem, position: int) -> npt.NDArray[np.bool_]:
    """Tell which candidates the decision on one hangs on: those bound to it, rule by rule.

    Parameters
    ----------
    problem
        The question.
    position
        Of the sector among the candidates.

    Returns
    -------
    array of bool, shape (candidates,)
    """
    decider = problem.decider
    bound = [decider[limit.coefficients != 0] for limit in problem.limits]
    used = problem.share_need > 0
    bound += [
        np.array([decider[c], a])
        for c, a in zip(problem.share_candidate[used], problem.share_actor[used], strict=True)
    ]
    if problem.contiguity is Contiguity.ANY_EPCI:
        bound += list(decider[problem.edges])
    if problem.contiguity is Contiguity.FEEDER:
        fed = np.flatnonzero(problem.feeder >= 0)
        bound += list(np.stack([decider[fed], decider[problem.feeder[fed]]], axis=1))
    group = np.arange(len(problem.actors))
    for actors in bound:
        held = np.unique(group[actors])
        if len(held) > 1:
            group[np.isin(group, held)] = held[0]
    together: npt.NDArray[np.bool_] = group[decider] == group[decider[position]]
    return together

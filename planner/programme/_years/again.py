"""A question with years asked again, a little otherwise: begun from what was kept of the former.

Kept are the prices of the common rules and of each actor's own, the sequences that were worth most
at them, and the answer.  Whatever prices are, they bound the question that is asked now: what is
kept tells where to look, and is no part of any proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from planner.dated import DatedProblem
from planner.programme._actors.blocks import Block, ColumnPool
from planner.programme._actors.columns import Clock
from planner.programme._actors.integer import holds, total
from planner.programme._shared import enough_of
from planner.programme._years.joint import Joint, NoChoiceError
from planner.programme._years.near import near_sequences
from planner.programme._years.primal import look_beside, look_near

__all__ = ["answer_again", "keep_answer", "keep_prices"]

Integers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.uint8]

_JOINT_TIME = 0.5  # of the time left, where there is an end
_KEPT = 40  # sequences of an actor
# around how many sequences others are looked for, how many, and what they may miss as a share of an
# actor's mean part of the bound, where a rule forbids the actor's own
_AROUND, _INSTEAD, _MISSED = 6, 150, 2e-2


def answer_again(
    joint: Joint,
    problem: DatedProblem,
    base: Sequence[Block],
    *,
    held: list[Rows] | None,
    gap_share: float,
    clock: Clock,
) -> list[Rows] | None:
    """Return the best programme met from what a former question taught; its bound is the joint's.

    Parameters
    ----------
    joint
        The linear programme of an objective over all years, with nothing in it.
    problem
        The question.
    base
        Actors, with their rules at the end of the last year.
    held
        A programme that holds every rule, of the objective before.
    gap_share
        How much may be missed, as a share of the bound.
    clock
        When to stop at the latest.

    Returns
    -------
    list or None
        None when too little is known, or nothing is met.
    """
    if not _begin(joint, base):
        return None
    for at, part in enumerate(held or ()):
        joint.learn(at, part)
    known = _known_parts(joint, problem, base)
    best = _best_of(joint, [held, known])
    if not _is_near(joint, best, gap_share):
        till = clock.part(_JOINT_TIME)
        if not joint.converge(till) and not till.over:
            return None
        begun = best or known
        enough = enough_of(joint.bound or 0, gap_share)
        if begun is not None:
            beside = look_beside(joint, base, known=begun, enough=enough, clock=clock)
            best = _best_of(joint, [best, beside])
        if not _is_near(joint, best, gap_share):
            incumbent = None if held is None else best
            found = look_near(joint, base, incumbent=incumbent, enough=enough, clock=clock)
            best = _best_of(joint, [best, None if found is None else found[0]])
    keep_prices(joint, base)
    return best


def _best_of(joint: Joint, some: Sequence[list[Rows] | None]) -> list[Rows] | None:
    """Return the programme worth most of those that hold every rule, the first of equal ones."""
    whole = [one for one in some if one is not None and holds(joint.blocks, one, joint.rows)]
    return max(whole, key=lambda one: total(joint.blocks, one, joint.row), default=None)


def _is_near(joint: Joint, parts: list[Rows] | None, gap_share: float) -> bool:
    if parts is None or joint.bound is None:
        return False
    return total(joint.blocks, parts, joint.row) >= enough_of(joint.bound, gap_share)


# -- what is kept


def keep_prices(joint: Joint, base: Sequence[Block]) -> None:
    """Keep prices, and the sequences of each actor worth most at them."""
    pool, valued = joint.region.pool, joint.values(joint.bound_prices)
    if valued is None:
        return
    pool.prices[_question(joint)] = joint.told_prices()
    for at, block in enumerate(base):
        best = joint.best_first(at, valued[0])[:_KEPT]
        pool.remember(_over_years(joint, at, block), np.array(best, np.uint8))


def keep_answer(
    pool: ColumnPool, problem: DatedProblem, objective: str, open_by: npt.NDArray[np.bool_]
) -> None:
    """Keep the year of each sector that opens in the answer to an objective.

    Parameters
    ----------
    pool
        What is filled.
    problem, objective
        The question, and the name of its objective.
    open_by
        Whether each candidate is open at the end of each year, shape (years, candidates).
    """
    ids, first = problem.whole.sector_ids, np.argmax(open_by, axis=0)
    pool.dated[objective] = {
        ids[at]: problem.years[first[at]] for at in np.flatnonzero(open_by[-1]).tolist()
    }


def _begin(joint: Joint, base: Sequence[Block]) -> bool:
    """Recall what an actor's rules still allow, and ask at the kept prices; return whether it can.

    Sequences are kept with the ground on which they are contiguous: what may have changed since is
    who is required or refused, and the envelope.
    """
    pool = joint.region.pool
    told = pool.prices.get(_question(joint))
    if told is None:
        return False
    for at, block in enumerate(base):
        every = pool.recall(_over_years(joint, at, block))
        last = every[:, -len(block.members) :] > 0
        required, refused = np.array(block.ground.required), np.array(block.ground.refused)
        joint.recall(at, every[(last | ~required).all(axis=1) & ~(last & refused).any(axis=1)])
    try:
        joint.begin(told)
    except NoChoiceError:
        return False
    return joint.bound is not None


def _known_parts(joint: Joint, problem: DatedProblem, base: Sequence[Block]) -> list[Rows] | None:
    """Return the kept answer's sequences; the best one known where a rule now forbids its own."""
    opened, valued = joint.region.pool.dated.get(joint.row.name), joint.values(joint.prices)
    if opened is None or valued is None:
        return None
    never = problem.years[-1] + 1
    opens = np.array([opened.get(one, never) for one in problem.whole.sector_ids], np.int64)
    open_by = (opens <= np.array(problem.years)[:, None]).ravel().astype(np.uint8)
    parts = []
    for at, block in enumerate(joint.blocks):
        part = open_by[block.members]
        legal = all(
            joint.region.blocks[year * len(base) + at].allows(one)
            for year, one in enumerate(part.reshape(joint.years, -1))
        )
        parts.append(part[None, :] if legal else _instead(joint, at, base[at], part, valued[0]))
    return parts


def _instead(joint: Joint, at: int, base: Block, part: Rows, node: Integers) -> Rows:
    """Return a legal sequence for one that isn't: worth much, and moving little of the rows."""
    block = joint.blocks[at]
    known = [one[None, :] for one in joint.best_first(at, node)]
    size = abs(joint.bound or 0) / len(joint.blocks)
    near = near_sequences(
        base, known[:_AROUND], node[block.members].reshape(joint.years, -1),
        deficit=max(1, int(size * _MISSED)) << joint.shift, at_most=_INSTEAD,
    )  # fmt: skip
    some = np.concatenate([*known, near])
    moved = np.zeros(len(some))
    for price, row in zip(joint.prices.tolist(), joint.rows, strict=True):
        use = block.row_values(some, row) - block.row_values(part[None, :], row)
        moved += abs(price) * np.abs(use)
    worth = some.astype(np.int64) @ node[block.members]
    return some[[np.argmax(worth - moved * 2**joint.shift)]]


def _question(joint: Joint) -> str:
    return f"{joint.row.name} over {joint.years} years"


def _over_years(joint: Joint, at: int, block: Block) -> Block:
    """Return an actor over all years, under which its sequences are kept, whoever is required."""
    nobody = (False,) * len(block.members)
    unused = np.zeros((joint.years - 1) * len(block.members), np.int64)
    return replace(
        block, actor=f"{block.actor}, {_question(joint)}", members=joint.blocks[at].members,
        weight=np.concatenate([unused, block.weight]),
        ground=replace(block.ground, required=nobody, refused=nobody),
    )  # fmt: skip

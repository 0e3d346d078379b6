"""Sectors that engage several envelopes: copies of them bound the question, and settle most.

An envelope that other actors' sectors use too binds actors together, and what prices prove of it is
loose.  Where each actor holds a copy of the sectors of others that engage its envelope, it keeps
that envelope alone, and a rule links every copy to its sector: a Lagrangean decomposition (Guignard
and Kim, Mathematical Programming 39, 1987).  The bound is then so near that most of these sectors
are settled: with them, or without, nothing reaches an answer that is known.  The few others stay
copies in the question that is searched.  Across borders and with years the bound stays further off:
there, envelopes pay ahead for the shared sectors that it takes, and the others are left out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from planner.choice import Choice, ChoiceProblem, Contiguity, Limit, StageResult
from planner.programme._actors.blocks import ColumnPool, settle_floors, split_problem
from planner.programme._actors.columns import Clock, Region, Stage, TooWideError
from planner.texts import Message

__all__ = [
    "best_paid",
    "enough_of",
    "far_shares",
    "fits_envelopes",
    "is_sharing",
    "paid_ahead",
    "solve_sharing",
    "with_copies",
    "with_own_shares",
]

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Value = TypeVar("Value", bound=np.generic)
Answer = TypeVar("Answer")

_AFTER = "\U0010ffff"  # an id that begins so comes after all others
_CLOSE_SHARE = 1e-6  # of the value: where column generation stops
_NEAR_SHARE = 2.5e-4  # how much of the bound a first answer may miss
_TAKEN = (0.5, 0.3, 0.7)  # from how much of a sector on it counts as taken, one try after the other
_ROUNDS = 3
_WAYS, _ASKED = 2, 2  # ways of paying ahead that are tried, and how often each is asked
_NEARER = 0.4  # of the gap asked: how near to its own bound a second search is asked to come
_FEW = 400  # candidates of a question that needs no copies
_NEVER = 2**62  # lost where a candidate can't be chosen, or left out


def far_shares(problem: ChoiceProblem) -> Integers:
    """Return the places of the shares in the envelope of another actor than who decides."""
    owner = problem.decider[problem.share_candidate]
    return np.flatnonzero((problem.share_actor != owner) & (problem.share_need > 0))


def with_copies(problem: ChoiceProblem) -> ChoiceProblem:
    """Return the question in which each far share is a candidate of the actor whose envelope it is.

    Copies come after all candidates, in the order of :func:`far_shares`.  One is chosen wherever
    its sector is, and may be else: the same programmes, at prices of one sign.
    """
    far = far_shares(problem)
    count, more = problem.candidates_count, len(far)
    source, actor = problem.share_candidate[far], problem.share_actor[far]

    def longer(values: npt.NDArray[Value], last: int) -> npt.NDArray[Value]:
        return np.concatenate([values, np.full(more, last, values.dtype)])

    candidate = problem.share_candidate.copy()
    candidate[far] = count + np.arange(more)
    order = np.lexsort((problem.share_actor, candidate))
    links = []
    for at, (sector, who) in enumerate(zip(source, actor, strict=True)):
        link = np.zeros(count + more, np.int64)
        link[sector], link[count + at] = 1, -1
        name = problem.sector_ids[sector]
        links.append(
            Limit(
                name=f"copy.{name}.{problem.actors[who]}",
                message=Message.of("programme.copy", sector=name),
                coefficients=link,
                lower=None,
                upper=0,
            )
        )
    return replace(
        problem,
        sector_ids=(*problem.sector_ids, *(f"{_AFTER}{at:09}" for at in range(more))),
        lines=longer(problem.lines, 0),
        departements=(*problem.departements, *(problem.departements[at] for at in source)),
        rural=longer(problem.rural, 0),
        decider=np.concatenate([problem.decider, actor]),
        share_candidate=candidate[order],
        share_actor=problem.share_actor[order],
        share_need=problem.share_need[order],
        required=longer(problem.required, 0),
        refused=longer(problem.refused, 0),
        reached=longer(problem.reached, 1),
        feeder=longer(problem.feeder, -1),
        limits=(
            *(replace(one, coefficients=longer(one.coefficients, 0)) for one in problem.limits),
            *links,
        ),
        objectives=tuple(
            replace(one, coefficients=longer(one.coefficients, 0)) for one in problem.objectives
        ),
        unasked=None,
    )


def with_own_shares(problem: ChoiceProblem, position: int, place: str) -> tuple[ChoiceProblem, int]:
    """Return the question with copies, and where a sector counts in the envelope of an actor.

    What prices prove of an envelope that binds actors is loose.  With copies, the choice of one
    actor alone says whether the sector is in.

    Parameters
    ----------
    problem
        The question.
    position
        Of the sector among the candidates.
    place
        The actor; with any other name, the sector counts where it is decided.
    """
    far = far_shares(problem)
    if not len(far):
        return problem, position
    copied = with_copies(problem)
    for at, share in enumerate(far.tolist()):
        who = problem.actors[int(problem.share_actor[share])]
        if int(problem.share_candidate[share]) == position and who == place:
            name = f"copy.{problem.sector_ids[position]}.{place}"
            limits = (replace(one, lower=0) if one.name == name else one for one in copied.limits)
            return replace(copied, limits=tuple(limits)), problem.candidates_count + at
    return copied, position


def solve_sharing(
    problem: ChoiceProblem,
    solve: Callable[..., Choice],
    pool: ColumnPool,
    *,
    gap_share: float,
    clock: Clock,
) -> Choice | None:
    """Answer a question some of whose sectors engage envelopes of others.

    Parameters
    ----------
    problem
        The question.
    solve
        How questions without far shares are answered, ``solve_choice``.
    pool
        What was learnt from former questions; it is filled.
    gap_share, clock
        As :func:`planner.programme.solve_choice` has them.

    Returns
    -------
    Choice or None
        None where this isn't the way: few sectors, chains across borders, an EPCI too wide, or no
        answer found.
    """
    if problem.contiguity is Contiguity.ANY_EPCI or not is_sharing(problem):
        return None
    question, chosen = problem, None
    for turn in range(_ROUNDS):
        try:
            bounded = _Bounded(question, pool, clock, turn)
        except TooWideError:
            return None
        if not bounded.is_known:
            return None
        chosen = bounded.better(chosen, solve, clock)
        if chosen is None:
            return None
        before = len(far_shares(question))
        question = bounded.settled(chosen)
        left = len(far_shares(question))
        if left == 0 or left > 0.9 * before:
            break
    if len(far_shares(question)):
        question = with_copies(question)
    pool.keep_answer(frozenset(_named(question, chosen)))
    choice = solve(question, gap_share=gap_share, seconds=clock.seconds, warm=pool)
    _keep_equals(problem, question, pool)
    names = tuple(name for name in choice.chosen if not name.startswith(_AFTER))
    pool.keep_answer(frozenset(names))
    return replace(choice, problem_sha256=problem.sha256, chosen=names)


def is_sharing(problem: ChoiceProblem) -> bool:
    """Whether copies serve: many candidates, some of which engage several envelopes.

    The parts of an EPCI too wide for a diagram all engage its envelope alone: copies of all but one
    part would be as wide again.
    """
    large = problem.candidates_count > _FEW and bool(problem.objectives)
    engaged = problem.share_candidate[problem.share_need > 0]
    return large and int(np.bincount(engaged).max(initial=0)) > 1 and len(far_shares(problem)) > 0


def _named(question: ChoiceProblem, chosen: Flags | None) -> list[str]:
    """Return the names of what is chosen, copies too."""
    if chosen is None:
        return []
    held = {name for name, taken in zip(question.sector_ids, chosen, strict=False) if taken}
    for link in question.limits:
        if link.name.startswith("copy."):
            sector, copy = np.flatnonzero(link.coefficients)
            if question.sector_ids[sector] in held:
                held.add(question.sector_ids[copy])
    return sorted(held)


def _keep_equals(problem: ChoiceProblem, question: ChoiceProblem, pool: ColumnPool) -> None:
    """Keep all the best programmes, of the first objective and of all, as those of the problem."""
    for asked, answered in (
        (replace(problem, objectives=problem.objectives[:1]),
         replace(question, objectives=question.objectives[:1])),
        (problem, question),
    ):  # fmt: skip
        every = pool.equals.get(answered.sha256, ())
        kept = {frozenset(name for name in one if not name.startswith(_AFTER)) for one in every}
        pool.keep_equals(asked.sha256, sorted(kept, key=sorted))


def paid_ahead(problem: ChoiceProblem, taken: Floats) -> Iterator[ChoiceProblem]:
    """Yield questions without far shares: envelopes pay ahead for those that a bound takes.

    What holds in such a question holds in the whole, where :func:`fits_envelopes` says so.

    Parameters
    ----------
    problem
        The question.
    taken
        How much of each candidate the bound takes, shape (candidates,).
    """
    shared = np.zeros(problem.candidates_count, bool)
    shared[problem.share_candidate[far_shares(problem)]] = True
    tried: set[bytes] = set()
    for least in _TAKEN:
        allowed = shared & ((taken >= least) | problem.required)
        if allowed.tobytes() not in tried:
            tried.add(allowed.tobytes())
            yield _charged(problem, allowed, allowed=allowed)


def enough_of(bound: int, gap_share: float) -> int:
    """Return what is enough under a bound of which a share may be missed; larger is better."""
    return bound - math.floor(gap_share * abs(bound))


def best_paid(
    ways: Iterable[ChoiceProblem],
    ask: Callable[[ChoiceProblem, float], tuple[Answer, StageResult] | None],
    *,
    bound: int,
    gap_share: float,
    sense: str,
) -> Answer | None:
    """Return the best answer to a few questions of :func:`paid_ahead`; None where none has one.

    Parameters
    ----------
    ways
        The questions, the most promising first.
    ask
        How one is answered, up to a share of its own bound, with its first objective.
    bound
        What no answer to the whole can pass under that objective.
    gap_share
        The share of ``bound`` that may be missed.
    sense
        Of the objective, ``max`` or ``min``.
    """
    sign = 1 if sense == "max" else -1
    enough = enough_of(sign * bound, gap_share)
    best: Answer | None = None
    worth = 0
    for way in itertools.islice(ways, _WAYS):
        asked = gap_share
        for _ in range(_ASKED):
            found = ask(way, asked)
            if found is None:
                break
            answer, stage = found
            value = sign * stage.value
            if best is not None and value <= worth:
                break
            best, worth = answer, value
            own = None if stage.bound is None else sign * stage.bound
            if worth >= enough:
                return best
            if not own or own <= enough:
                break
            asked = (own - enough) / abs(own)  # what may still be missed of its own bound
            if asked < _NEARER * gap_share:
                break
    return best


def fits_envelopes(problem: ChoiceProblem, chosen: Flags) -> bool:
    """Whether each envelope pays for all that engages it."""
    used = np.bincount(
        problem.share_actor, problem.share_need * chosen[problem.share_candidate],
        len(problem.actors),
    )  # fmt: skip
    return bool((used <= np.maximum(problem.envelopes, 0)).all())


def _charged(
    problem: ChoiceProblem, charged: Flags, *, allowed: Flags, kept: Flags | None = None
) -> ChoiceProblem:
    """Return the question whose envelopes pay for some sectors; the others aren't shared.

    Parameters
    ----------
    problem
        The question.
    charged
        Sectors of others that envelopes pay for, chosen or not.
    allowed
        Shared sectors that may be chosen.
    kept
        Shared sectors whose shares stay; None for none.
    """
    far = far_shares(problem)
    source = problem.share_candidate[far]
    shared = np.zeros(problem.candidates_count, bool)
    shared[source] = True
    used = np.zeros(len(problem.actors), np.int64)
    paid = far[charged[source]]
    np.add.at(used, problem.share_actor[paid], problem.share_need[paid])
    keep = np.ones(len(problem.share_candidate), bool)
    keep[far] = False if kept is None else kept[source]
    return replace(
        problem,
        share_candidate=problem.share_candidate[keep],
        share_actor=problem.share_actor[keep],
        share_need=problem.share_need[keep],
        envelopes=np.where(
            problem.envelopes < 0, problem.envelopes, np.maximum(problem.envelopes - used, 0)
        ),
        refused=problem.refused | (shared & ~allowed),
    )  # fmt: skip


class _Bounded:
    """A question bounded with copies, under its first objective.

    ``turn``: how often it was made smaller before; its prices are kept apart for each.
    """

    def __init__(self, problem: ChoiceProblem, pool: ColumnPool, clock: Clock, turn: int) -> None:
        self.problem, self.pool = problem, pool
        self.far = far_shares(problem)
        self.source = problem.share_candidate[self.far]
        self.shared = np.zeros(problem.candidates_count, bool)
        self.shared[self.source] = True
        copied = with_copies(problem)
        blocks, rows = settle_floors(*split_problem(copied))
        region = Region(blocks, pool)
        self.stage = Stage(region, copied.objectives[0], rows)
        row, links = self.stage.row, self.stage.rows
        names = [f"{row.name}.copies.{one}" for one in (turn, turn - 1)]
        known = [pool.known_prices(replace(row, name=name), links) for name in names]
        start = next((one for one in known if one is not None), None)
        value = self.stage.converge(clock, start=start, close_share=_CLOSE_SHARE)
        self.is_known = value is not None and self.stage.best is not None
        if self.stage.best is not None:
            pool.keep_prices(replace(row, name=names[0]), links, self.stage.best.prices)
            self.taken = self.stage.point()[: problem.candidates_count]

    def worth(self, chosen: Flags) -> int:
        """Return what a choice is worth under the first objective, more being better."""
        return int(self.stage.row.coefficients[: len(chosen)][chosen].sum())

    def better(
        self, chosen: Flags | None, solve: Callable[..., Choice], clock: Clock
    ) -> Flags | None:
        """Return the best of a known answer and of those that take what the bound takes."""
        for turn, asked in enumerate(paid_ahead(self.problem, self.taken)):
            if turn and chosen is not None:
                break
            choice = solve(
                replace(asked, objectives=asked.objectives[:1]), gap_share=_NEAR_SHARE,
                seconds=clock.seconds, warm=self.pool,
            )  # fmt: skip
            held = set(choice.chosen)
            found = np.array([name in held for name in self.problem.sector_ids], bool)
            fits = bool(choice.stages) and fits_envelopes(self.problem, found)
            if fits and (chosen is None or self.worth(found) > self.worth(chosen)):
                chosen = found
        return chosen

    def settled(self, chosen: Flags) -> ChoiceProblem:
        """Return the question without the shares of sectors that a better answer settles.

        What is worth as much as ``chosen`` or more under the first objective stays all the same.
        """
        inside, outside = np.zeros(len(chosen), bool), np.zeros(len(chosen), bool)
        best = self.stage.best
        if best is None:
            return self.problem
        room = best.base + sum(best.bounds) - (self.worth(chosen) << best.shift)
        where = {int(one): at for at, b in enumerate(self.stage.blocks) for one in b.members}
        same: dict[int, list[int]] = {}
        for at, sector in enumerate(self.source):
            same.setdefault(int(sector), [int(sector)]).append(len(chosen) + at)
        for sector, ones in same.items():
            without, with_it = (
                sum(self._loss(where[one], one, value) for one in ones) for value in (0, 1)
            )
            inside[sector] = without > room >= with_it
            outside[sector] = with_it > room >= without
        kept = self.shared & ~inside & ~outside
        question = _charged(self.problem, inside, allowed=inside | kept, kept=kept)
        return replace(question, required=question.required | inside)

    def _loss(self, at: int, candidate: int, value: int) -> int:
        """Return what its actor loses at the best prices where a candidate is, or isn't, chosen."""
        stage, block = self.stage, self.stage.blocks[at]
        if stage.best is None:
            return 0
        mine = block.members == candidate
        diagram = stage.diagrams[at].holding(mine & bool(value), mine & (not value))
        try:
            found = diagram.best(
                stage.best.node_value[block.members], stage.best.pair_value[block.pairs],
                weight=block.weight, limit=block.limit, least=block.least,
            )  # fmt: skip
        except TooWideError:
            return 0
        return _NEVER if found is None else int(stage.best.bounds[at] - found[2])

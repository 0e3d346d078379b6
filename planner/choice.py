"""A choice of sectors as a question in whole numbers, and its answer with its proof.

:class:`ChoiceProblem` is the seam of the exact programme: whoever states it (from a territory and a
concertation), solves it, checks an answer or explains one reads the same frozen arrays.  Everything
is an integer, so that no tolerance decides.

Candidates are the public sectors that are not in phase 1, sorted by id; an *actor* is an EPCI or,
for islands without EPCI, a département (``D29``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.errors import RuleError
from planner.texts import Message, catalogue, lines_in_words, number, say

__all__ = [
    "Choice",
    "ChoiceProblem",
    "ChoiceStatus",
    "Contiguity",
    "Limit",
    "Objective",
    "Quantity",
    "StageResult",
    "Unit",
    "objective_label",
]

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Unit = Literal[
    "none", "lines", "part_lines", "cents", "keur", "votes", "half_votes", "score", "m"
]  # fmt: skip
_PARTS = 1000  # a part of a line, as parity counts
_CENTS_PER_KEUR = 100_000


class Contiguity(StrEnum):
    """How a chosen sector must be reached."""

    NONE = "none"
    WITHIN_EPCI = "within_epci"
    ANY_EPCI = "any_epci"
    FEEDER = "feeder"


class ChoiceStatus(StrEnum):
    """What is known of an answer.

    ``time_limit`` says that time, or the work allowed, ended before the gap asked; the bound and
    the gap of each stage stand all the same.
    """

    OPTIMAL = "optimal"
    WITHIN_GAP = "within_gap"
    TIME_LIMIT = "time_limit"
    INFEASIBLE = "infeasible"


def objective_label(name: str) -> Message | str:
    """Return an objective in the reader's words; one of the user's own keeps its name."""
    return Message(f"objective.{name}") if f"objective.{name}" in catalogue() else name


@dataclass(frozen=True)
class Quantity:
    """A whole number of a question with its unit, put into words with the message that holds it.

    Parameters
    ----------
    value
        As the question counts it.
    unit
        ``part_lines`` are thousandths of a line, ``keur`` thousands of euros, ``half_votes`` the
        halves that ties of a ranking make, ``none`` no unit.
    """

    value: int
    unit: Unit = "none"

    @property
    def says_itself(self) -> bool:
        """Whether its unit says what it counts: votes do, euros don't."""
        return self.unit in {"votes", "half_votes", "score", "m"}

    def bare(self, lang: str = "fr", /) -> str:
        """Write it without the unit that its line or column bears already, where it can be."""
        if self.unit == "half_votes":
            return number(self.value / 2, lang, self.value % 2)
        return (
            number(self.value, lang) if self.says_itself or self.unit == "lines" else self.say(lang)
        )

    def say(self, lang: str = "fr", /) -> str:
        """Write it in the unit that people know."""
        value: int | str = self.value
        one = ""
        if self.unit == "part_lines":
            parts = self.value
            decimals = next(d for d in range(4) if parts * 10**d % _PARTS == 0)
            value = number(parts / _PARTS, lang, decimals)
            one = "_one" if abs(self.value) <= _PARTS else ""
        elif self.unit == "keur":
            value = self.value * _CENTS_PER_KEUR
        elif self.unit in {"votes", "half_votes"}:
            return say("quantity.votes", lang, value=self.bare(lang))
        elif self.unit == "lines":
            return lines_in_words(self.value, lang)
        return say(f"quantity.{self.unit}{one}", lang, value=value)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A linear rule: ``lower ≤ Σ coefficients of the chosen sectors ≤ upper``.

    Parameters
    ----------
    name
        Stable identifier: ``budget.region``, ``capacity.22``, ``parity.rural``.
    message
        The rule in the reader's words.
    coefficients
        One for each candidate, shape (candidates,).
    lower, upper
        Bounds, included; None when there is none.
    unit
        What its coefficients count.
    """

    name: str
    message: Message
    coefficients: Integers
    lower: int | None = None
    upper: int | None = None
    unit: Unit = "none"


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What is made as large (or as small) as can be, in its turn.

    Parameters
    ----------
    name
        ``votes``, ``criteria``, ``cost``, ``compactness``.
    sense
        ``max`` or ``min``.
    coefficients
        Value of each chosen candidate, shape (candidates,).
    edge_coefficients
        Value of each pair of neighbours both chosen, shape (edges,); None when pairs don't count.
        Only pairs decided by the same actor may count: a question with others is refused.
    unit
        What its values count.
    """

    name: str
    sense: Literal["max", "min"]
    coefficients: Integers
    edge_coefficients: Integers | None = None
    unit: Unit = "none"


@dataclass(frozen=True, kw_only=True)
class ChoiceProblem:
    """Which candidates enter the phase.

    Parameters
    ----------
    sector_ids
        Candidates, sorted.
    lines
        Premises of each candidate.
    departements
        Code of each candidate's département.
    rural
        Whether each candidate is rural.
    actors
        Who decide, sorted.
    decider
        Position in ``actors`` of whoever decides on each candidate (its largest share).
    share_candidate, share_actor, share_need
        What each candidate uses of each actor's envelope, one row a pair, sorted: lines, or cents
        for an envelope in euros.
    envelopes
        What each actor may use, in its own unit; -1 when it may take none (no counted vote).
    required, refused
        Wishes on each candidate; a refused candidate can't be chosen, a required one must be.
    unasked
        Which refused candidates are so because nobody asked for them; None when all are refused
        by name.
    reached
        Whether each candidate touches the existing public network or phase 1.  In a group of
        neighbours that touches none (an island), the largest candidate of each actor's group is a
        landing point and counts as reached.
    edges
        Pairs of neighbouring candidates, positions i < j, sorted, shape (edges, 2).
    edge_border_m
        Length of their common border in whole metres, shape (edges,).
    feeder
        Position of the candidate that must come first, -1 when there is none, shape (candidates,).
    contiguity
        Which candidates may be chosen together: any; those reached directly or through chosen
        candidates of the same decider (``within_epci``) or of anyone (``any_epci``); those whose
        feeder's candidate is chosen too (``feeder``).
    limits
        Regional and départements' rules, parity among them.
    objectives
        In order: each is held at its optimum before the next.
    in_cents
        Whether each actor's envelope is in cents; None when all are in lines.
    ungranted
        Whose vote counts while no envelope is known: it holds nothing, yet isn't zero; None when
        all are known.
    weights
        What a point of each actor counts for; None when all count one.
    sector_names
        Code to name of sectors, for sentences; it is no part of the question.
    vain
        Sector to why wishes for it don't count, for sentences; it is no part of the question.
    """

    sector_ids: tuple[str, ...]
    lines: Integers
    departements: tuple[str, ...]
    rural: Flags
    actors: tuple[str, ...]
    decider: Integers
    share_candidate: Integers
    share_actor: Integers
    share_need: Integers
    envelopes: Integers
    required: Flags
    refused: Flags
    reached: Flags
    edges: Integers
    edge_border_m: Integers
    feeder: Integers
    contiguity: Contiguity = Contiguity.WITHIN_EPCI
    limits: tuple[Limit, ...] = ()
    objectives: tuple[Objective, ...] = ()
    unasked: Flags | None = None
    in_cents: Flags | None = None
    ungranted: Flags | None = None
    weights: Integers | None = None
    sector_names: Mapping[str, str] = field(default_factory=dict)
    vain: Mapping[str, tuple[Message, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what isn't one question: unsorted ids, uneven arrays, pairs that no one counts."""
        count = len(self.sector_ids)
        if list(self.sector_ids) != sorted(set(self.sector_ids)):
            raise ValueError("sector_ids must be sorted and unique")
        of_candidates: tuple[Any, ...] = (
            self.lines, self.departements, self.rural, self.decider, self.required, self.refused,
            self.reached, self.feeder, *(limit.coefficients for limit in self.limits),
            *(objective.coefficients for objective in self.objectives),
        )  # fmt: skip
        if any(len(array) != count for array in of_candidates):
            raise ValueError(f"every array of candidates has {count} items")
        if self.edges.shape != (len(self.edge_border_m), 2):
            raise ValueError("edges is (edges, 2), beside edge_border_m")
        if len(self.envelopes) != len(self.actors):
            raise ValueError("one envelope for each actor")
        for one in self.objectives:
            if one.edge_coefficients is not None:
                self._check_pairs(one, one.edge_coefficients)

    def _check_pairs(self, objective: Objective, counted: Integers) -> None:
        """Refuse an objective that counts pairs between two deciders: no search counts them."""
        if counted.shape != (len(self.edges),):
            raise ValueError(f"every array of edges has {len(self.edges)} items")
        between = self.decider[self.edges[:, 0]] != self.decider[self.edges[:, 1]]
        across = np.flatnonzero(between & (counted != 0))
        if len(across):
            one, other = (self.sector_ids[at] for at in self.edges[across[0]])
            raise RuleError(
                Message.of(
                    "programme.pairs_between", objective=objective_label(objective.name),
                    count=len(across), one=one, other=other,
                ).naming(self.sector_names),
                Message.of("programme.pairs_between_remedy"),
            )  # fmt: skip

    @property
    def candidates_count(self) -> int:
        """How many sectors may be chosen or not."""
        return len(self.sector_ids)

    def envelope_unit(self, actor: int) -> Unit:
        """Return the unit of one actor's envelope."""
        return "cents" if self.in_cents is not None and self.in_cents[actor] else "lines"

    def is_granted(self, actor: int) -> bool:
        """Return whether one actor's envelope is known."""
        return self.ungranted is None or not self.ungranted[actor]

    def envelope_use(self, actor: int) -> Integers:
        """Return what each candidate takes of one actor's envelope."""
        used: Integers = np.zeros(self.candidates_count, np.int64)
        mine = self.share_actor == actor
        np.add.at(used, self.share_candidate[mine], self.share_need[mine])
        return used

    def within_reach(self) -> Flags:
        """Tell which candidates a programme could reach, were everything allowed chosen.

        A candidate that it leaves out can enter no programme, whatever its envelope or its votes.

        Returns
        -------
        array of bool, shape (candidates,)
        """
        allowed = ~self.refused
        if self.contiguity is Contiguity.NONE:
            return allowed
        if self.contiguity is Contiguity.FEEDER:
            reach = allowed.copy()
            for _ in range(self.candidates_count):
                kept = reach & ((self.feeder < 0) | reach[self.feeder])
                if (kept == reach).all():
                    break
                reach = kept
            return reach
        edges = self.edges[allowed[self.edges].all(axis=1)]
        if self.contiguity is Contiguity.WITHIN_EPCI:
            edges = edges[self.decider[edges[:, 0]] == self.decider[edges[:, 1]]]
        shape = (self.candidates_count, self.candidates_count)
        near = coo_array((np.ones(len(edges), dtype=np.int8), (edges[:, 0], edges[:, 1])), shape)
        groups = connected_components(near, directed=False)[1]
        return allowed & np.isin(groups, groups[self.reached & allowed])

    @property
    def sha256(self) -> str:
        """Checksum of the question: equal questions, equal checksums."""
        digest = hashlib.sha256()
        for item in fields(self):
            if item.name in {"sector_names", "vain"}:
                continue
            _feed(digest, item.name, getattr(self, item.name))
        return digest.hexdigest()

    def values(self, chosen: Flags) -> tuple[int, ...]:
        """Return what ``chosen`` is worth under each objective, in order.

        Parameters
        ----------
        chosen
            Whether each candidate is chosen, shape (candidates,).
        """
        worth = []
        for objective in self.objectives:
            value = int(objective.coefficients[chosen].sum())
            if objective.edge_coefficients is not None and len(self.edges):
                both = chosen[self.edges[:, 0]] & chosen[self.edges[:, 1]]
                value += int(objective.edge_coefficients[both].sum())
            worth.append(value)
        return tuple(worth)

    def could_join(self, chosen: npt.NDArray[np.bool_], at: int) -> bool:
        """Return whether a candidate is reached beside what is chosen, by the contiguity asked.

        Parameters
        ----------
        chosen
            What is chosen, shape (candidates,).
        at
            Position of the candidate.
        """
        if self.contiguity is Contiguity.NONE:
            return True
        if self.contiguity is Contiguity.FEEDER:
            return bool(self.feeder[at] < 0 or chosen[self.feeder[at]])
        if self.reached[at]:
            return True
        ends = self.edges[(self.edges == at).any(axis=1)]
        others = np.where(ends[:, 0] == at, ends[:, 1], ends[:, 0])
        if self.contiguity is Contiguity.WITHIN_EPCI:
            others = others[self.decider[others] == self.decider[at]]
        return bool(chosen[others].any())


@dataclass(frozen=True, kw_only=True)
class StageResult:
    """One objective, at the best that was found with the former ones held.

    Parameters
    ----------
    objective
        Its name.
    value
        What the answer is worth.
    bound
        What no answer can pass, held objectives at the values that were found; None when unknown.
    status
        What is known.
    """

    objective: str
    value: int
    bound: int | None
    status: ChoiceStatus

    @property
    def gap_share(self) -> float | None:
        """How far the bound is from the value, as a share of the bound; None when unknown."""
        if self.bound is None:
            return None
        return abs(self.bound - self.value) / max(abs(self.bound), 1)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An answer to a :class:`ChoiceProblem`.

    Parameters
    ----------
    problem_sha256
        The question that it answers.
    status
        What is known of the whole: the weakest of its stages.
    chosen
        Ids of the chosen candidates, sorted; empty when there is no answer.
    stages
        One for each objective, in order.
    """

    problem_sha256: str
    status: ChoiceStatus
    chosen: tuple[str, ...]
    stages: tuple[StageResult, ...]


def _feed(digest: Any, name: str, value: Any) -> None:  # noqa: ANN401 (any field)
    """Add a field to a checksum: its name, then its bytes or its words."""
    digest.update(name.encode())
    if isinstance(value, np.ndarray):
        digest.update(str(value.shape).encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, tuple) and value and isinstance(value[0], Limit | Objective):
        for part in value:
            for item in fields(part):
                if item.name not in {"message", "unit"}:
                    _feed(digest, item.name, getattr(part, item.name))
    else:
        digest.update(repr(value).encode())

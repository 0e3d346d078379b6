"""Every decision of a choice as data: its votes, its rank, the rule that binds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.choice import Choice, ChoiceProblem, Contiguity, Quantity, Unit
from planner.schemas import contract
from planner.texts import Message

__all__ = ["Binding", "Reader", "decision_scores", "list_decisions"]


@dataclass(frozen=True, kw_only=True)
class Binding:
    """The rule that holds a sector where it is.

    Parameters
    ----------
    rule
        ``required``, ``refused``, ``unasked``, ``chosen``, ``no_vote``, ``cut_off``, ``envelope``,
        ``contiguity``, ``limit`` or ``votes``.
    place
        Actor or limit; the sector for the others.
    missing
        What the rule lacks for the sector to enter beside what is chosen; None where nothing lacks.
    message
        In the reader's words.
    """

    rule: str
    place: str
    missing: int | None
    message: Message


class Reader:
    """A question and its answer, read by position."""

    def __init__(
        self, problem: ChoiceProblem, choice: Choice, names: Mapping[str, str] | None = None
    ) -> None:
        self.problem = problem
        self.choice = choice
        self.called = [(names or {}).get(actor, actor) for actor in problem.actors]
        self.position = {key: i for i, key in enumerate(problem.sector_ids)}
        inside = set(choice.chosen)
        self.chosen = np.array([key in inside for key in problem.sector_ids], dtype=bool)
        shape = (problem.candidates_count, len(problem.actors))
        self.need: npt.NDArray[np.int64] = np.zeros(shape, dtype=np.int64)
        np.add.at(self.need, (problem.share_candidate, problem.share_actor), problem.share_need)
        self.left = problem.envelopes - self.need[self.chosen].sum(axis=0)
        self.reachable = self._reachable()
        self.ever = problem.within_reach()

    def _reachable(self) -> npt.NDArray[np.bool_]:
        """Return whether each candidate is reached beside what is chosen, which is all reached."""
        problem = self.problem
        if problem.contiguity is Contiguity.NONE:
            return np.ones(problem.candidates_count, dtype=bool)
        if problem.contiguity is Contiguity.FEEDER:
            fed: npt.NDArray[np.bool_] = (problem.feeder < 0) | self.chosen[problem.feeder]
            return fed
        edges = problem.edges
        if problem.contiguity is Contiguity.WITHIN_EPCI and len(edges):
            edges = edges[problem.decider[edges[:, 0]] == problem.decider[edges[:, 1]]]
        reached = problem.reached.copy()
        for one, other in ((0, 1), (1, 0)):
            reached[edges[self.chosen[edges[:, other]], one]] = True
        return reached

    def ranks(self, coefficients: npt.NDArray[np.int64], sense: str) -> npt.NDArray[np.int64]:
        """Return the rank of each candidate among those of its decider; ties share a rank."""
        sign = -1 if sense == "max" else 1
        frame = pd.DataFrame({"decider": self.problem.decider, "value": sign * coefficients})
        ranks = frame.groupby("decider")["value"].rank(method="min")
        return ranks.to_numpy(dtype=np.int64)

    def binding(self, key: str) -> Binding:
        """Return the first rule, in the order of their force, that holds a sector where it is."""
        problem, j = self.problem, self.position[key]
        decider = self.called[int(problem.decider[j])]
        wish = self._wish(j)
        mute = problem.envelopes[problem.decider[j]] < 0  # what it asked for doesn't count
        if wish is not None and not (wish == "unasked" and mute):
            return _bound(wish, key, None, actor=decider)
        for actor in np.flatnonzero(self.need[j]):
            if problem.envelopes[actor] < 0:
                return _bound("no_vote", problem.actors[actor], None, actor=self.called[actor])
        if not self.ever[j]:
            return _bound("cut_off", key, None, actor=decider)
        for actor in np.flatnonzero(self.need[j]):
            missing = int(self.need[j, actor] - self.left[actor])
            if missing > 0:
                unit = problem.envelope_unit(int(actor))
                if not problem.is_granted(int(actor)):
                    bound = _bound(
                        "no_envelope", problem.actors[actor], missing, unit,
                        actor=self.called[actor],
                    )  # fmt: skip
                    return replace(bound, rule="envelope")
                return _bound(
                    "envelope", problem.actors[actor], missing, unit, actor=self.called[actor],
                    left=Quantity(int(self.left[actor]), unit),
                )  # fmt: skip
        if not self.reachable[j]:
            return _bound("contiguity", key, None, actor=decider)
        return self._limit(j, key) or _bound("votes", key, None, actor=decider)

    def _wish(self, j: int) -> str | None:
        """Return what settles a sector by itself: a wish, its absence, or that it is chosen."""
        problem = self.problem
        if problem.required[j]:
            return "required"
        if problem.unasked is not None and problem.unasked[j]:
            return "unasked"
        if problem.refused[j]:
            return "refused"
        return "chosen" if self.chosen[j] else None

    def _limit(self, j: int, key: str) -> Binding | None:
        with_it = self.chosen.copy()
        with_it[j] = True
        for limit in self.problem.limits:
            total = int(limit.coefficients[with_it].sum())
            over = 0 if limit.upper is None else total - limit.upper
            under = 0 if limit.lower is None else limit.lower - total
            if max(over, under) > 0:
                missing = max(over, under)
                bound = _bound("limit", key, missing, limit.unit, words=limit.message)
                return replace(bound, place=limit.name)
        return None


def _bound(
    rule: str, place: str, missing: int | None, unit: Unit = "none", **values: object
) -> Binding:
    short = None if missing is None else Quantity(missing, unit)
    message = Message.of(f"decision.{rule}", place=place, missing=short, **values)
    return Binding(rule=rule, place=place, missing=missing, message=message)


def list_decisions(
    problem: ChoiceProblem,
    choice: Choice,
    *,
    names: Mapping[str, str] | None = None,
    lang: str = "fr",
) -> pd.DataFrame:
    """Return every decision with the rule that binds it.

    Parameters
    ----------
    problem, choice
        The question and its answer.
    names
        Actor to what people call it.
    lang
        Language of the reasons.

    Returns
    -------
    DataFrame
        Contract ``decisions``: whether each candidate is chosen, its votes (its value under the
        first objective), its rank among those of its decider, what is left of the decider's
        envelope, the rule that binds and by how much.
    """
    reader = Reader(problem, choice, names)
    first = problem.objectives[0] if problem.objectives else None
    values = (
        np.zeros(problem.candidates_count, dtype=np.int64) if first is None else first.coefficients
    )
    ranks = reader.ranks(values, "max" if first is None else first.sense)
    bindings = [reader.binding(key) for key in problem.sector_ids]
    left = reader.left[problem.decider]
    table = pd.DataFrame(
        {
            "sector_id": list(problem.sector_ids),
            "chosen": reader.chosen,
            "epci_siren": [problem.actors[int(a)] for a in problem.decider],
            "lines_count": problem.lines,
            "votes": values,
            "votes_unit": "none" if first is None else first.unit,
            "rank": ranks,
            "envelope_left": pd.array(
                [None if problem.envelopes[a] < 0 else int(v)
                 for a, v in zip(problem.decider, left, strict=True)], dtype="Int64",
            ),
            "rule": [b.rule for b in bindings],
            "place": [b.place for b in bindings],
            "missing": pd.array([b.missing for b in bindings], dtype="Int64"),
            "reason": [b.message.say(lang) for b in bindings],
        }
    )  # fmt: skip
    contract("decisions").check(table)
    return contract("decisions").select(table)


def decision_scores(problem: ChoiceProblem) -> pd.DataFrame:
    """Return the value and rank of each candidate under each objective.

    Returns
    -------
    DataFrame
        Contract ``decision_scores``; ranks are over all candidates, 1 is the best.
    """
    parts: list[dict[str, Any]] = []
    for order, objective in enumerate(problem.objectives, start=1):
        sign = -1 if objective.sense == "max" else 1
        ranks = pd.Series(sign * objective.coefficients).rank(method="min").astype("int64")
        parts.extend(
            {"sector_id": key, "objective": objective.name, "position": order,
             "value": value, "rank": rank}
            for key, value, rank in zip(
                problem.sector_ids, objective.coefficients.tolist(), ranks.tolist(), strict=True
            )
        )  # fmt: skip
    table = pd.DataFrame(parts)
    if table.empty:
        return contract("decision_scores").empty()
    contract("decision_scores").check(table)
    return contract("decision_scores").select(table)

"""The frontier of speed and equity: what the worst-off gain costs the region, point by point.

Speed is one objective (votes, lines); equity is the share served of the group served least (EPCI,
département, town or countryside).  Each point is the best speed among programmes that serve the
worst-off better than the point before, then the most equity at that speed (Haimes' ε-constraint,
exact because both are whole numbers): when both are proved, no programme is better on one side and
as good on the other.

On request, who is at the most that any programme gives it is put aside, held there, and the curve
goes on with those that can still be served better: else one EPCI with a small envelope ends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.choice import Choice, ChoiceProblem, ChoiceStatus, Limit, Objective
from planner.robustness._weights import Solve
from planner.schemas import contract
from planner.texts import Message
from planner.vocab import AreaKind

__all__ = ["Frontier", "Groups", "groups_by_actor", "groups_by_area", "trace_frontier"]


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Who is compared, in lines.

    Parameters
    ----------
    names
        The groups.
    totals, before
        Lines of each group, and those served whatever is chosen.
    lines
        Lines that each candidate serves in each group, shape (groups, candidates).
    """

    names: tuple[str, ...]
    totals: tuple[int, ...]
    before: tuple[int, ...]
    lines: npt.NDArray[np.int64]

    def worst(self, chosen: npt.NDArray[np.bool_]) -> tuple[Fraction, str]:
        """Return the smallest share served and its group, the first name of several."""
        served = self.lines[:, chosen].sum(axis=1).tolist()
        return min(
            (Fraction(before + more, total), name)
            for name, total, before, more in zip(
                self.names, self.totals, self.before, served, strict=True
            )
            if total > 0
        )

    def without(self, names: frozenset[str]) -> Groups:
        """Return the other groups."""
        kept = [g for g, name in enumerate(self.names) if name not in names]
        return replace(
            self, names=tuple(self.names[g] for g in kept),
            totals=tuple(self.totals[g] for g in kept),
            before=tuple(self.before[g] for g in kept), lines=self.lines[kept],
        )  # fmt: skip

    def above(self, share: Fraction) -> tuple[Limit, ...]:
        """Return the rules that serve every group more than ``share``."""
        return tuple(
            Limit(
                name=f"equity.{name}", message=Message.of("robustness.equity", name=name),
                coefficients=self.lines[g],
                lower=(share * self.totals[g]).__floor__() + 1 - self.before[g],
            )
            for g, name in enumerate(self.names)
            if self.totals[g] > 0
        )  # fmt: skip


def groups_by_actor(
    problem: ChoiceProblem,
    *,
    totals: Mapping[str, int] | None = None,
    before: Mapping[str, int] | None = None,
    cents_per_line: Mapping[str, int] | None = None,
) -> Groups:
    """Compare the EPCI (each by its share of every sector).

    Parameters
    ----------
    problem
        The question.
    totals
        Actor to its public lines; by default those of its candidates.
    before
        Actor to the lines served whatever is chosen; by default none.
    cents_per_line
        Actor to the price of a line, for envelopes in cents.
    """
    lines = np.zeros((len(problem.actors), problem.candidates_count), dtype=np.int64)
    np.add.at(lines, (problem.share_actor, problem.share_candidate), problem.share_need)
    for g, actor in enumerate(problem.actors):
        lines[g] //= (cents_per_line or {}).get(actor, 1)
    sums = lines.sum(axis=1).tolist()
    return Groups(
        names=problem.actors,
        totals=tuple((totals or {}).get(a, s) for a, s in zip(problem.actors, sums, strict=True)),
        before=tuple((before or {}).get(actor, 0) for actor in problem.actors),
        lines=lines,
    )


def groups_by_area(problem: ChoiceProblem) -> Groups:
    """Compare town and countryside, over the candidates (parity)."""
    lines = np.stack(
        [np.where(problem.rural, problem.lines, 0), np.where(problem.rural, 0, problem.lines)]
    )
    return Groups(
        names=(AreaKind.RURAL.value, AreaKind.URBAN.value),
        totals=tuple(lines.sum(axis=1).tolist()),
        before=(0, 0),
        lines=lines,
    )


@dataclass(frozen=True, kw_only=True)
class Frontier:
    """Programmes of which none is better than another on both sides.

    Parameters
    ----------
    objective
        Name of the speed.
    table
        Contract ``frontier``, from the fastest to the most even.
    programmes
        Ids of the chosen sectors of each point.
    shares
        Share served of the worst-off at each point, exact.
    aside
        Groups at the most that any programme gives them, in the order in which they were put
        aside: the share of the worst-off is that of the others from there on.
    complete
        Whether no point is missing: the last was proved the most even, and no step was asked for.
    """

    objective: str
    table: pd.DataFrame
    programmes: tuple[tuple[str, ...], ...]
    shares: tuple[Fraction, ...]
    complete: bool
    aside: tuple[str, ...] = ()


def trace_frontier(
    problem: ChoiceProblem,
    groups: Groups,
    *,
    solve: Solve,
    objective: Objective | None = None,
    most: int = 50,
    step_share: Fraction = Fraction(0),
    go_on: bool = False,
) -> Frontier:
    """Trace the frontier between one objective and the share served of the worst-off group.

    Parameters
    ----------
    problem
        The question; its limits and envelopes hold all along.
    groups
        Who is compared (:func:`groups_by_actor`, :func:`groups_by_area`).
    solve
        What answers a question, as :func:`planner.programme.solve_choice` does.
    objective
        The speed; by default the first objective of the question.
    most
        Points at most.
    step_share
        Least gain of the worst-off from a point to the next; 0 for every point.
    go_on
        Whether groups at their most are put aside rather than end the curve.

    Raises
    ------
    ValueError
        When the objective counts pairs of neighbours, which no linear rule can hold.
    """
    speed = objective or problem.objectives[0]
    if speed.edge_coefficients is not None:
        raise ValueError(speed.name)
    tracer = _Tracer(problem, groups, speed, solve)
    rows: list[dict[str, object]] = []
    programmes: list[tuple[str, ...]] = []
    shares: list[Fraction] = []
    floor: Fraction | None = None
    flags = np.zeros(problem.candidates_count, dtype=bool)
    complete = False
    while len(rows) < most:
        best = tracer.ask(floor)
        if best.status is ChoiceStatus.INFEASIBLE:
            if go_on and rows and floor is not None and tracer.put_aside(floor, flags):
                floor = max(floor, tracer.groups.worst(flags)[0])
                continue
            complete = step_share == 0 and all(row["proved"] for row in rows)
            break
        if not best.stages:  # time ran out before an answer
            break
        best, proved = tracer.evenest(best)
        flags = tracer.flags(best)
        share, place = tracer.groups.worst(flags)
        stage = best.stages[0]
        rows.append(
            {
                "point": len(rows) + 1, "objective": speed.name, "value": stage.value,
                "bound": stage.bound, "worst_share": float(share), "worst_place": place,
                "sectors_count": int(flags.sum()), "lines_count": int(problem.lines[flags].sum()),
                "proved": proved,
            }
        )  # fmt: skip
        programmes.append(best.chosen)
        shares.append(share)
        floor = share if step_share == 0 else share + step_share
    # where nothing is proved, a later point may be faster too: what it beats is no point
    sign = -1 if speed.sense == "min" else 1
    worth = [sign * int(str(row["value"])) for row in rows]
    kept = [at for at, value in enumerate(worth) if value > max(worth[at + 1 :], default=value - 1)]
    rows = [{**rows[at], "point": number} for number, at in enumerate(kept, start=1)]
    programmes, shares = [programmes[at] for at in kept], [shares[at] for at in kept]
    table = pd.DataFrame(rows) if rows else contract("frontier").empty()
    table["bound"] = table["bound"].astype("Int64")
    contract("frontier").check(table)
    return Frontier(
        objective=speed.name, table=contract("frontier").select(table),
        programmes=tuple(programmes), shares=tuple(shares), complete=complete,
        aside=tuple(tracer.aside),
    )  # fmt: skip


class _Tracer:
    """Questions of one frontier."""

    def __init__(
        self, problem: ChoiceProblem, groups: Groups, speed: Objective, solve: Solve
    ) -> None:
        self.problem = problem
        self.groups = groups
        self.speed = speed
        self.solve = solve
        self.held: list[Limit] = []
        self.aside: list[str] = []

    def put_aside(self, floor: Fraction, flags: npt.NDArray[np.bool_]) -> bool:
        """Put aside the groups that no programme serves more than ``floor``, held as they are.

        Returns whether there are any, and others left.
        """
        found, held = [], []
        # whether any programme does is all that is asked: none has to be the fastest
        zero = np.zeros(self.problem.candidates_count, dtype=np.int64)
        anything = Objective(name="any", sense="max", coefficients=zero)
        for g, rule in zip(np.flatnonzero(np.array(self.groups.totals) > 0).tolist(),
                           self.groups.above(floor), strict=True):  # fmt: skip
            served = int(self.groups.lines[g, flags].sum())
            if rule.lower is None or served >= rule.lower:
                continue
            alone = replace(
                self.problem, limits=(*self.problem.limits, *self.held, rule),
                objectives=(anything,),
            )  # fmt: skip
            if self.solve(alone).status is ChoiceStatus.INFEASIBLE:
                found.append(self.groups.names[g])
                held.append(replace(rule, name=f"held.{rule.name}", lower=served))
        rest = self.groups.without(frozenset(found))
        if not found or not any(rest.totals):
            return False
        self.groups = rest
        self.aside += found
        self.held += held
        return True

    def flags(self, choice: Choice) -> npt.NDArray[np.bool_]:
        """Return whether each candidate is chosen."""
        inside = set(choice.chosen)
        return np.array([key in inside for key in self.problem.sector_ids], dtype=bool)

    def ask(self, floor: Fraction | None, least: int | None = None) -> Choice:
        """Return the fastest programme that serves all more than ``floor``."""
        rules = (*self.held, *(() if floor is None else self.groups.above(floor)))
        if least is not None:
            most = self.speed.sense == "min"
            held = Limit(
                name="speed", message=Message.of("robustness.speed"),
                coefficients=self.speed.coefficients,
                lower=None if most else least, upper=least if most else None,
            )  # fmt: skip
            rules = (*rules, held)
        return self.solve(
            replace(self.problem, limits=(*self.problem.limits, *rules), objectives=(self.speed,))
        )

    def evenest(self, best: Choice) -> tuple[Choice, bool]:
        """Return the most even programme as fast as this one, and whether all is proved.

        What isn't proved the fastest is left as it is: its bound says how far it may be.
        """
        proved = best.status is ChoiceStatus.OPTIMAL
        if not proved:
            return best, False
        bound = best.stages[0].bound
        while True:
            share, _ = self.groups.worst(self.flags(best))
            better = self.ask(share, best.stages[0].value)
            if better.status is ChoiceStatus.INFEASIBLE:
                break
            if not better.stages:
                proved = False
                break
            proved = proved and better.status is ChoiceStatus.OPTIMAL
            best = better
        # the bound of the first answer holds for all programmes above the floor
        stage = replace(best.stages[0], bound=bound)
        return replace(best, stages=(stage,)), proved

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

from dataclasses import dataclass
from fractions import Fraction

import pandas as pd

from planner.choice import ChoiceProblem, ChoiceStatus, Objective
from planner.progress import Notify, unheard
from planner.robustness._groups import Groups
from planner.robustness._tracer import Tracer
from planner.robustness._weights import Solve
from planner.schemas import contract
from planner.texts import Message

__all__ = ["Frontier", "trace_frontier"]


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
    ended
        Whether it is proved that no programme serves all who are compared by a step more than the
        last point.
    """

    objective: str
    table: pd.DataFrame
    programmes: tuple[tuple[str, ...], ...]
    shares: tuple[Fraction, ...]
    complete: bool
    aside: tuple[str, ...] = ()
    ended: bool = False


def trace_frontier(
    problem: ChoiceProblem,
    groups: Groups,
    *,
    solve: Solve,
    objective: Objective | None = None,
    most: int = 50,
    step_share: Fraction = Fraction(0),
    go_on: bool = False,
    notify: Notify = unheard,
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
    notify
        Told at each step where the curve stands.

    Raises
    ------
    ValueError
        When the objective counts pairs of neighbours, which no linear rule can hold.
    """
    speed = objective or problem.objectives[0]
    if speed.edge_coefficients is not None:
        raise ValueError(speed.name)
    tracer = Tracer(problem, groups, speed, solve)
    rows: list[dict[str, object]] = []
    programmes: list[tuple[str, ...]] = []
    shares: list[Fraction] = []
    floor: Fraction | None = None
    complete = ended = False
    while len(rows) < most:
        at = 0 if floor is None else float(floor)
        notify(Message.of("robustness.stage_point", point=len(rows) + 1, share=at))
        best = tracer.ask(floor, more=True)
        if best.status is ChoiceStatus.INFEASIBLE:
            if go_on and rows and floor is not None and tracer.put_aside(floor, programmes[-1]):
                floor = max(floor, tracer.worst(programmes[-1])[0])
                continue
            ended = True
            complete = step_share == 0 and all(row["proved"] for row in rows)
            break
        if not best.stages:  # time ran out before an answer
            break
        best, proved = tracer.evenest(best)
        share, place = tracer.worst(best.chosen)
        stage, flags = best.stages[0], tracer.flags(best.chosen)
        rows.append(
            {
                "point": len(rows) + 1, "objective": speed.name, "unit": speed.unit,
                "value": stage.value, "bound": stage.bound,
                "worst_share": float(share), "worst_place": place,
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
        aside=tracer.aside, ended=ended,
    )  # fmt: skip

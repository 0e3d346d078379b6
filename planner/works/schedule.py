"""The quarter of each sector: weighted delay as small as it can be, with a stated bound.

Minimises the sum over sectors of premises × priority × quarters of delay since the first quarter.
Small questions are solved to proof as an integer programme.  Large ones: a bound from priced
limits, sectors placed in the order of the priced solution, then some quarters at a time
re-optimised against the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from planner.findings import Finding, Findings
from planner.schemas import contract
from planner.texts import Message
from planner.vocab import Severity
from planner.works._bound import Bound
from planner.works._exact import solve_exactly
from planner.works._list import place_in_order
from planner.works._model import Floats, Ints, Model, make_model
from planner.works._rules import WorksRules, quarter_name

__all__ = ["ScheduleResult", "plan_works"]

_ROUNDS: Final = 12
_STEPS_A_ROUND: Final = 40
_REPAIRS: Final = 12
_WINDOW: Final = 3  # quarters re-optimised together
_NODES: Final = 20
_SAID: Final = ("kind", "place", "used_amount", "most_amount", "used_share", "weight")
_ENOUGH: Final = 0.001  # gap under which re-optimising further isn't worth its time


@dataclass(frozen=True, kw_only=True)
class ScheduleResult:
    """Quarters of the sectors, and how good they are.

    Parameters
    ----------
    table
        Contract ``schedule``.
    limits
        Contract ``works_limits``: what each trade and budget bears, and what one more unit of it
        would save.
    value
        Weighted premise-quarters of delay of the table.
    bound
        No schedule of these works does better; None when some sector isn't placed.
    status
        ``optimal`` (proved), ``feasible`` (the gap says how far at most) or ``incomplete`` (some
        sectors have no quarter: see ``findings``).
    findings
        Sectors without a quarter.
    """

    table: pd.DataFrame
    limits: pd.DataFrame
    value: float
    bound: float | None
    status: Literal["optimal", "feasible", "incomplete"]
    findings: Findings

    @property
    def gap_share(self) -> float | None:
        """(value − bound) ÷ value; None without a bound."""
        if self.bound is None:
            return None
        return max(0.0, self.value - self.bound) / self.value if self.value > 0 else 0.0

    def binding(self, *, most: int = 5) -> tuple[Message, ...]:
        """Say which limits delay the works most, the dearest first.

        Empty when none does, or when prices weren't computed.
        """
        frame = self.limits[self.limits["saved_per_unit"] > 0]
        frame = frame.assign(weight=frame["saved_per_unit"] * frame["most_amount"])
        frame = frame.sort_values(["weight", "kind", "place"], ascending=[False, True, True])
        return tuple(
            Message.of(
                "works.binding_budget" if kind == "budget" else "works.binding_trade",
                kind=kind, place=place, used=used, most=ceiling, share=part, saved=saved / 100,
            )
            for kind, place, used, ceiling, part, saved in zip(
                *(frame.head(most)[name].tolist() for name in _SAID), strict=True
            )
        )  # fmt: skip


def plan_works(*, works: pd.DataFrame, rules: WorksRules) -> ScheduleResult:
    """Give each sector its quarter under trades, budgets, precedence and deadlines.

    Parameters
    ----------
    works
        Contract ``works``.  A sector with a ``fixed_quarter`` is under way and isn't moved; what it
        takes is taken first, even where that is more than the limit.
    rules
        Trades, budgets, lags and horizon.

    Returns
    -------
    ScheduleResult
        Same works and rules, same result, whatever the order of rows.

    Raises
    ------
    ContractError
        When ``works`` breaks its contract.
    RuleError
        When rules contradict each other, or sectors wait for each other in a circle.
    """
    contract("works").check(works)
    works = works.sort_values("sector_id").reset_index(drop=True)
    model = make_model(works, rules)
    if not model.keys:
        return _result(works, model, rules, np.zeros(0, dtype=np.int64), 0.0, None)
    small = len(model.keys) * model.horizon <= rules.exact_cells
    opening, bound = _approach(model, rounds=1 if small else _ROUNDS)
    lower = bound.best
    if small:
        start = None if (opening < 0).any() else opening
        exact, proved = solve_exactly(model, low=model.earliest, high=model.latest, start=start)
        if exact is not None:
            opening, lower = exact, max(lower, proved)
    return _result(works, model, rules, opening, lower, bound.best_prices)


def _approach(model: Model, *, rounds: int) -> tuple[Ints, Bound]:
    """Improve the bound and the schedule in turn, then re-optimise some quarters at a time."""
    bound = Bound.start(model)
    _, opening = bound.priced.solve(bound.prices)
    best = _placed(model, opening.astype(float))
    if model.limits:
        bound.from_schedule(best)
    for _ in range(rounds):
        whole = not (best < 0).any()
        latest = model.latest if (model.latest >= 0).all() else model.earliest
        target = model.value(best) if whole else model.value(latest)
        bound.improve(target=target, rounds=_STEPS_A_ROUND)
        mean = bound.mean if bound.mean is not None else opening.astype(float)
        best = _better(model, best, _placed(model, mean))
        if _gap(model, best, bound.best) < _ENOUGH:
            break
    if rounds > 1 and not (best < 0).any():
        best = _reoptimise(model, best, bound.best)
    return best, bound


def _gap(model: Model, opening: Ints, lower: float) -> float:
    if (opening < 0).any():
        return np.inf
    value = model.value(opening)
    return (value - lower) / value if value > 0 else 0.0


def _better(model: Model, one: Ints, other: Ints) -> Ints:
    def rank(opening: Ints) -> tuple[float, float]:
        placed = opening >= 0
        return float(model.weight[~placed].sum()), float(model.weight[placed] @ opening[placed])

    return other if rank(other) < rank(one) else one


def _placed(model: Model, rank: Floats) -> Ints:
    """Place in order; what finds no place goes first with all that it waits for, and again."""
    rank = rank.astype(float).copy()
    best = place_in_order(model, rank)
    trial = best
    for _ in range(_REPAIRS):
        if not (trial < 0).any():
            break
        for sector in np.flatnonzero(trial < 0):
            here = int(sector)
            while here >= 0:
                rank[here] -= model.horizon / 4
                here = int(model.parent[here])
        trial = place_in_order(model, rank)
        best = _better(model, best, trial)
    return best


def _reoptimise(model: Model, opening: Ints, lower: float) -> Ints:
    """Let the sectors of some neighbouring quarters change places, exactly, all else held."""
    for first in range(0, model.horizon, _WINDOW - 1):
        if _gap(model, opening, lower) < _ENOUGH:
            break
        last = min(first + _WINDOW - 1, model.horizon - 1)
        inside = (opening >= first) & (opening <= last)
        low = np.where(inside, np.maximum(model.earliest, first), opening)
        high = np.where(inside, np.minimum(model.latest, last), opening)
        if not (low < high).any():
            continue
        found, _ = solve_exactly(
            model, low=low, high=high, gap=_ENOUGH / 10, nodes=_NODES, start=opening
        )
        if found is not None and model.value(found) < model.value(opening):
            opening = found
    return opening


def _result(
    works: pd.DataFrame, model: Model, rules: WorksRules, opening: Ints, lower: float,
    prices: Floats | None,
) -> ScheduleResult:  # fmt: skip
    placed = opening >= 0
    table = works[placed].assign(
        quarter=[quarter_name(int(t), first=rules.first_quarter) for t in opening[placed]]
    )
    table["year"] = np.array([int(quarter[:4]) for quarter in table["quarter"]], dtype=np.int64)
    whole = bool(placed.all())
    value = float(model.weight[placed] @ opening[placed])
    # nothing beats what is proved; rounding of the last digits aside
    bound = min(lower, value) if whole else None
    proved = bound is not None and value - bound <= 1e-6 * max(value, 1.0)
    found = [
        Finding.of(
            "works.unplaced", severity=Severity.SERIOUS, table="schedule",
            place=model.keys[sector], count=int(works["premises_count"].iloc[sector]),
        )
        for sector in np.flatnonzero(~placed)
    ]  # fmt: skip
    schedule = contract("schedule").select(table) if len(table) else contract("schedule").empty()
    contract("schedule").check(schedule)
    return ScheduleResult(
        table=schedule.reset_index(drop=True),
        limits=_limits_table(model, rules, opening, prices),
        value=value,
        bound=bound,
        status="incomplete" if not whole else "optimal" if proved else "feasible",
        findings=Findings.collect(found),
    )


def _limits_table(
    model: Model, rules: WorksRules, opening: Ints, prices: Floats | None
) -> pd.DataFrame:
    if not model.limits:
        return contract("works_limits").empty()
    length = {trade.name: trade.duration_quarters for trade in rules.trades}
    share = np.array([length.get(limit.kind, 1) for limit in model.limits], dtype=float)
    used, most = model.use(opening) / share, np.array([x.most for x in model.limits]) / share
    saved = np.zeros(len(share)) if prices is None else prices * share
    table = pd.DataFrame({
        "kind": [limit.kind for limit in model.limits],
        "place": [limit.place for limit in model.limits],
        "used_amount": used,
        "most_amount": most,
        "used_share": np.divide(used, most, out=np.zeros(len(share)), where=most > 0),
        "saved_per_unit": saved,
    })  # fmt: skip
    table = table.sort_values(["kind", "place"]).reset_index(drop=True)
    contract("works_limits").check(table)
    return contract("works_limits").select(table)

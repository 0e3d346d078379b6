"""The quarter of each sector: weighted delay as small as it can be, with a stated bound.

Minimises the sum over sectors of premises × priority × quarters of delay since the first quarter.
Small questions are solved to proof as an integer programme.  Large ones: a bound by columns of the
trees of precedence, sectors placed in the orders that the linear programme suggests, then some
quarters at a time re-optimised exactly against the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import pandas as pd

from planner.findings import Finding, Findings
from planner.schemas import contract
from planner.sector_names import sector_names
from planner.texts import Message
from planner.vocab import Phase, Severity
from planner.works._bound import Bound, find_bound
from planner.works._exact import solve_exactly
from planner.works._improve import improve, place_well, rank_from_shares
from planner.works._list import place_in_order
from planner.works._model import Floats, Ints, Model, make_model
from planner.works._rules import ALL_PHASES, WorksRules, quarter_name
from planner.works._smooth import change_share, smooth
from planner.works._why import find_reasons
from planner.works_vocab import Binding

__all__ = ["ScheduleResult", "plan_works", "put_in_words", "say_binding"]

_ROUNDS: Final = 400
_TARGET: Final = 5e-4  # how near the bound comes to the linear programme's own value
_SAID: Final = ("kind", "phase", "place", "used_amount", "most_amount", "used_share", "weight")
_PACED: Final = frozenset({"budget", "lines", "quarter_lines"})


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
        No schedule of the sectors that can have a place does better; None when one of those has
        none.
    status
        ``optimal`` (proved), ``feasible`` (the gap says how far at most) or ``incomplete`` (some
        sectors have no quarter: see ``findings``).
    findings
        Sectors without a quarter.
    reasons
        Contract ``works_reasons``: what keeps each sector from opening a quarter earlier.
    load_change_share, load_change_before
        Mean change of the trades' load from one quarter to the next, as a share of the mean load;
        and what it was before it was smoothed.
    """

    table: pd.DataFrame
    limits: pd.DataFrame
    value: float
    bound: float | None
    status: Literal["optimal", "feasible", "incomplete"]
    findings: Findings
    reasons: pd.DataFrame
    load_change_share: float
    load_change_before: float

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
        return say_binding(self.limits, most=most)


def say_binding(limits: pd.DataFrame, *, most: int = 5) -> tuple[Message, ...]:
    """Say which limits (contract ``works_limits``) delay the works most, the dearest first."""
    frame = limits[limits["saved_per_unit"] > 0]
    frame = frame.assign(weight=frame["saved_per_unit"] * frame["most_amount"])
    frame = frame.sort_values(
        ["weight", "kind", "phase", "place"], ascending=[False, True, True, True]
    )
    return _binding_words(frame.head(most))


def _binding_words(frame: pd.DataFrame) -> tuple[Message, ...]:
    return tuple(
        Message.of(
            f"works.binding_{kind if kind in _PACED else 'trade'}",
            kind=kind, place=str(place), used=used, most=ceiling, share=part, saved=saved / 100,
            phase=(
                Message.of("works.all_phases") if str(phase) == ALL_PHASES else Phase(str(phase))
            ),
        )
        for kind, phase, place, used, ceiling, part, saved in zip(
            *(frame[name].tolist() for name in _SAID), strict=True
        )
    )  # fmt: skip


def put_in_words(
    tables: Mapping[str, pd.DataFrame],
    lang: str = "fr",
    /,
    *,
    sectors: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    """Say in a language what binds each sector and each limit: the column ``words`` of both tables.

    Parameters
    ----------
    tables
        Among them ``works_reasons`` and ``works_limits``, where there are some.
    lang
        Language of the sentences.
    sectors
        Contract ``sectors``: their names, where it is at hand.
    """
    said, called = dict(tables), sector_names(sectors)
    if "works_reasons" in said:
        rows = said["works_reasons"]
        words = [
            Message.of(f"works.reason_{binding}", kind=kind, place=place, after=after)
            .naming(called)
            .say(lang)
            for binding, kind, place, after in zip(
                *(rows[n].tolist() for n in ("binding", "kind", "place", "after_sector_id")),
                strict=True,
            )
        ]
        said["works_reasons"] = rows.assign(words=words)
    if "works_limits" in said:
        rows = said["works_limits"]
        binds = rows["saved_per_unit"].to_numpy() > 0
        frame = rows[binds]
        frame = frame.assign(weight=frame["saved_per_unit"] * frame["most_amount"])
        told = np.full(len(rows), None, dtype=object)
        told[binds] = [message.say(lang) for message in _binding_words(frame)]
        said["works_limits"] = rows.assign(words=told)
    return said


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
    whole = make_model(works, rules)
    possible = whole.possible if whole.keys else np.zeros(0, dtype=bool)
    model = whole.only(possible)
    opening = np.full(len(whole.keys), -1, dtype=np.int64)
    lower, prices = 0.0, np.zeros(len(whole.limits))
    if model.keys:
        opening[possible], bound = _schedule(model, rules)
        lower, prices = bound.value, bound.prices
    steady = opening
    if rules.smooth_share > 0:
        lines = works["premises_count"].to_numpy(dtype=np.float64)
        steady = smooth(rules, whole, lines, opening)
    return _result(works, whole, rules, steady, before=opening, lower=lower, prices=prices)


def _schedule(model: Model, rules: WorksRules) -> tuple[Ints, Bound]:
    """Bound, place, improve; prove where the question is small."""
    small = len(model.keys) * model.horizon <= rules.exact_cells
    rank = model.latest - model.weight / (model.weight.max() + 1.0)
    first = place_in_order(model, rank)
    bound = find_bound(model, first, target_share=_TARGET, rounds=_ROUNDS)
    opening = place_well(model, rank_from_shares(bound.shares), first)
    if not small:
        return improve(model, opening, bound.value), bound
    start = None if (opening < 0).any() else opening
    exact, proved = solve_exactly(model, low=model.earliest, high=model.latest, start=start)
    if exact is None:
        return opening, bound
    return exact, replace(bound, value=max(bound.value, proved))


def _result(
    works: pd.DataFrame, model: Model, rules: WorksRules, opening: Ints, *, before: Ints,
    lower: float, prices: Floats,
) -> ScheduleResult:  # fmt: skip
    placed = opening >= 0
    table = works[placed].assign(
        quarter=[quarter_name(int(t), first=rules.first_quarter) for t in opening[placed]]
    )
    table["year"] = np.array([int(quarter[:4]) for quarter in table["quarter"]], dtype=np.int64)
    value = float(model.weight[placed] @ opening[placed])
    whole = bool(placed.all())
    # sectors that have no place by themselves are outside the question; others must all have one
    answered = bool((placed | ~model.possible).all()) if model.keys else True
    # nothing beats what is proved; rounding of the last digits aside
    bound = min(lower, value) if answered else None
    proved = bound is not None and value - bound <= 1e-6 * max(value, 1.0)
    found = [
        Finding.of(
            "works.unplaced", severity=Severity.SERIOUS, table="schedule",
            place=model.keys[sector], count=int(works["premises_count"].iloc[sector]),
        )
        for sector in np.flatnonzero(~placed)
    ]  # fmt: skip
    lines = works["premises_count"].to_numpy(dtype=np.float64)
    schedule = contract("schedule").select(table) if len(table) else contract("schedule").empty()
    contract("schedule").check(schedule)
    return ScheduleResult(
        table=schedule.reset_index(drop=True),
        limits=_limits_table(model, rules, opening, prices),
        value=value,
        bound=bound,
        status="incomplete" if not whole else "optimal" if proved else "feasible",
        findings=Findings.collect(found),
        reasons=_reasons_table(works, model, rules, opening, prices),
        load_change_share=change_share(rules, model, lines, opening),
        load_change_before=change_share(rules, model, lines, before),
    )


def _reasons_table(
    works: pd.DataFrame, model: Model, rules: WorksRules, opening: Ints, prices: Floats
) -> pd.DataFrame:
    reasons = find_reasons(model, opening, prices)
    limits = [model.limits[r.limit] if r.limit >= 0 else None for r in reasons]
    waits = np.array([r.binding is Binding.PRECEDENCE for r in reasons], dtype=bool)
    table = pd.DataFrame({
        "sector_id": list(model.keys),
        "quarter": [
            quarter_name(int(t), first=rules.first_quarter) if t >= 0 else None for t in opening
        ],
        "binding": [r.binding.value for r in reasons],
        "kind": [None if limit is None else limit.kind for limit in limits],
        "place": [None if limit is None else limit.place for limit in limits],
        "after_sector_id": works["after_sector_id"].astype("object").where(waits, None),
    }).astype("object")  # fmt: skip
    if table.empty:
        return contract("works_reasons").empty()
    table = put_in_words({"works_reasons": table})["works_reasons"]
    contract("works_reasons").check(table)
    return contract("works_reasons").select(table)


def _limits_table(model: Model, rules: WorksRules, opening: Ints, prices: Floats) -> pd.DataFrame:
    if not model.limits:
        return contract("works_limits").empty()
    length = {trade.name: trade.duration_quarters for trade in rules.trades}
    share = np.array([length.get(limit.kind, 1) for limit in model.limits], dtype=float)
    used, most = model.use(opening) / share, np.array([x.most for x in model.limits]) / share
    table = pd.DataFrame({
        "kind": [limit.kind for limit in model.limits],
        "phase": [limit.phase for limit in model.limits],
        "place": [limit.place for limit in model.limits],
        "used_amount": used,
        "most_amount": most,
        "used_share": np.divide(used, most, out=np.zeros(len(share)), where=most > 0),
        "saved_per_unit": prices * share,
    })  # fmt: skip
    table = table.sort_values(["kind", "phase", "place"]).reset_index(drop=True)
    table = put_in_words({"works_limits": table})["works_limits"]
    contract("works_limits").check(table)
    return contract("works_limits").select(table)

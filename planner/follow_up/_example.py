"""An example of follow-up, made up to meet published totals; every row says synthetic.

What is public is one or two totals for the whole region: premises connectable on a day, premises
connected on a day.  Sectors, PM, operators and sales that add up to them are made up here, so that
every output can be seen at work.  The same seed gives the same rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.apportion import apportion
from planner.follow_up._opening import OpeningRule
from planner.follow_up._quarters import QUARTER_DAYS, later, quarter_end, quarter_of, quarters_from
from planner.follow_up._take_up import EVERY_OPERATOR
from planner.follow_vocab import SlipReason
from planner.schemas import contract
from planner.vocab import Level

__all__ = ["ExampleFollowUp", "ExampleRules", "make_example_follow_up"]

_PPM: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class ExampleRules:
    """How the example is made.

    Parameters
    ----------
    seed
        Seed of every draw.
    at_once_share
        Share of a sector's premises that are serviceable as soon as it opens.
    straggle_sectors
        How many sectors later the rest follows, at most.
    operators
        Fictitious operators, with the share of sectors that each comes to.
    wait_days
        Days after the opening due by which an operator is there, at most.
    speed, middle
        Logistic of sales: a quarter, and quarters up to half of it.
    usual_share
        Share of premises sold in the end, where no total of sales is known.
    source
        What the rows say of themselves.
    """

    seed: int = 2018
    at_once_share: float = 0.92
    straggle_sectors: int = 90
    operators: tuple[tuple[str, float], ...] = (
        ("Opérateur A (fictif)", 0.9), ("Opérateur B (fictif)", 0.5), ("Opérateur C (fictif)", 0.2),
    )  # fmt: skip
    wait_days: int = 150
    speed: float = 0.35
    middle: float = 7.0
    usual_share: float = 0.4
    source: str = "planner : exemple synthétique, calé sur des totaux publics"


@dataclass(frozen=True, kw_only=True)
class ExampleFollowUp:
    """Synthetic tables under the contracts of their names."""

    progress_counts: pd.DataFrame
    pm_areas: pd.DataFrame
    sector_operators: pd.DataFrame
    sales: pd.DataFrame
    slip_reasons: pd.DataFrame


def make_example_follow_up(
    baseline: pd.DataFrame,
    *,
    serviceable: Mapping[str, int],
    connected: Mapping[str, int],
    opening: OpeningRule,
    rules: ExampleRules | None = None,
) -> ExampleFollowUp:
    """Make the follow-up of a programme whose regional totals are known.

    Sectors open in the order promised.  Between two known totals the quarters' increases are drawn;
    before the first promise there is nothing.

    Parameters
    ----------
    baseline
        Contract ``baseline``.
    serviceable, connected
        Regional totals at the end of quarters, as published.
    opening
        Rule of commercial opening.
    rules
        How it is made.
    """
    rules = rules or ExampleRules()
    totals = _totals(baseline, serviceable, rules)
    counts = _fill(baseline, totals, rules)
    first = counts[counts["serviceable_count"] > 0].groupby("code")["quarter"].min()
    lag = _draw(first.index, rules.seed, "pm") * 80
    available = {
        str(key): quarter_end(str(quarter)) - dt.timedelta(days=int(days))
        for (key, quarter), days in zip(first.items(), lag, strict=True)
    }
    operators = _operators(available, opening, rules)
    sales = _sales(counts, operators, connected, rules)
    last = max(totals)
    return ExampleFollowUp(
        progress_counts=_made("progress_counts", counts.assign(level=Level.SECTOR.value), rules),
        pm_areas=_made(
            "pm_areas",
            pd.DataFrame(
                {
                    "sector_id": list(available),
                    "pm_id": [f"PM-{key}" for key in available],
                    "available_on": pd.to_datetime(list(available.values())),
                }
            ),
            rules,
        ),
        sector_operators=_made("sector_operators", operators, rules),
        sales=_made("sales", sales.assign(level=Level.SECTOR.value), rules),
        slip_reasons=_made("slip_reasons", _reasons(baseline, counts, last, rules), rules),
    )


def _draw(keys: pd.Index[str] | list[str], seed: int, salt: str) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each key, the same whatever the order of the keys."""
    text = np.array([f"{salt}|{key}" for key in keys], dtype=object)
    hashed = pd.util.hash_array(text, hash_key=f"{seed:016d}", categorize=False)
    return hashed.astype(np.uint64) / 2.0**64


def _totals(
    baseline: pd.DataFrame, known: Mapping[str, int], rules: ExampleRules
) -> dict[str, int]:
    """Return a total for each quarter, through those that are known."""
    begin = later(min(baseline["quarter"].astype(str)), -1)
    marks = {begin: 0} | {quarter: known[quarter] for quarter in sorted(known) if quarter > begin}
    totals: dict[str, int] = {}
    for (start, low), (end, high) in zip(
        list(marks.items())[:-1], list(marks.items())[1:], strict=True
    ):
        between = list(quarters_from(later(start, 1), end))
        weights = np.cumsum(0.4 + _draw(between, rules.seed, "total"))
        for quarter, share in zip(between, weights / weights[-1], strict=True):
            totals[quarter] = low + round((high - low) * float(share))
    return totals


def _fill(baseline: pd.DataFrame, totals: Mapping[str, int], rules: ExampleRules) -> pd.DataFrame:
    """Give each quarter's total to the sectors in the order promised, stragglers later."""
    ordered = baseline.sort_values(["quarter", "sector_id"])
    keys = ordered["sector_id"].astype(str).tolist()
    sizes = ordered["premises_count"].to_numpy(dtype=np.int64)
    at_once = np.round(sizes * rules.at_once_share).astype(np.int64)
    place = np.arange(len(keys), dtype=float)
    behind = place + 10 + _draw(keys, rules.seed, "late") * rules.straggle_sectors
    parts = np.concatenate([at_once, sizes - at_once])
    owner = np.tile(np.arange(len(keys)), 2)
    order = np.argsort(np.concatenate([place, behind]), kind="stable")
    before = np.cumsum(parts[order]) - parts[order]
    frames = []
    for quarter, total in sorted(totals.items()):
        filled = np.clip(total - before, 0, parts[order])
        held = np.bincount(owner[order], weights=filled, minlength=len(keys))
        frames.append(
            pd.DataFrame(
                {"code": keys, "quarter": quarter, "serviceable_count": held.astype(np.int64)}
            )
        )
    return pd.concat(frames, ignore_index=True)


def _operators(
    available: Mapping[str, dt.date], opening: OpeningRule, rules: ExampleRules
) -> pd.DataFrame:
    rows: list[tuple[str, str, pd.Timestamp]] = []
    for name, share in rules.operators:
        comes = _draw(list(available), rules.seed, name)
        waits = _draw(list(available), rules.seed, name + "|wait") * rules.wait_days
        rows.extend(
            (key, name, pd.Timestamp(opening.due(day) + dt.timedelta(days=int(wait))))
            for (key, day), drawn, wait in zip(available.items(), comes, waits, strict=True)
            if drawn < share
        )
    return pd.DataFrame(rows, columns=["sector_id", "operator", "present_on"])


def _sales(
    counts: pd.DataFrame, operators: pd.DataFrame, known: Mapping[str, int], rules: ExampleRules
) -> pd.DataFrame:
    """Sell along a logistic from the first operator on, through the total that is known last."""
    rows = counts[counts["serviceable_count"] > 0].reset_index(drop=True)
    opened = rows["code"].map(operators.groupby("sector_id")["present_on"].min())
    ends = pd.to_datetime(rows["quarter"].map(quarter_end))
    age = (ends - opened).dt.days.to_numpy(dtype=float) / QUARTER_DAYS
    grown = 1 / (1 + np.exp(-rules.speed * (np.nan_to_num(age) - rules.middle)))
    weight = rows["serviceable_count"].to_numpy() * np.where(age > 0, grown, 0)
    sold = np.floor(weight * rules.usual_share).astype(np.int64)
    last = max((q for q in known if (rows["quarter"] == q).any()), default="")
    at_last = (rows["quarter"] == last).to_numpy()
    if weight[at_last].sum():
        sold = np.floor(weight * known[last] / weight[at_last].sum()).astype(np.int64)
        parts = {
            str(code): round(w * _PPM)
            for code, w in zip(rows.loc[at_last, "code"], weight[at_last], strict=True)
        }
        shared = apportion(known[last], parts, ties="code")
        sold[at_last] = [shared[str(code)] for code in rows.loc[at_last, "code"]]
    return _by_operator(rows.assign(sold=sold), operators)


def _by_operator(rows: pd.DataFrame, operators: pd.DataFrame) -> pd.DataFrame:
    """Share the sales of a sector among those present, the first by name the most."""
    came: dict[str, list[tuple[str, str]]] = {}
    for sector, name, day in zip(
        operators["sector_id"], operators["operator"], operators["present_on"], strict=True
    ):
        came.setdefault(str(sector), []).append((quarter_of(day.date()), str(name)))
    sales: list[tuple[str, str, str, int]] = []
    for code, quarter, count in zip(rows["code"], rows["quarter"], rows["sold"], strict=True):
        names = sorted(name for since, name in came.get(code, []) if since <= quarter)
        if not names or not count:
            sales.append((code, EVERY_OPERATOR, quarter, int(count)))
            continue
        shares = {name: len(names) - place + 1 for place, name in enumerate(names)}
        parts = apportion(int(count), shares, ties="code")
        sales.extend((code, name, quarter, part) for name, part in parts.items())
    return pd.DataFrame(sales, columns=["code", "operator", "quarter", "connected_count"])


def _reasons(
    baseline: pd.DataFrame, counts: pd.DataFrame, last: str, rules: ExampleRules
) -> pd.DataFrame:
    now = counts[counts["quarter"] == last].set_index("code")["serviceable_count"]
    due = baseline[baseline["quarter"].astype(str) <= last]
    late = sorted(due.loc[due["sector_id"].map(now).fillna(0) == 0, "sector_id"].astype(str))
    codes = SlipReason.codes()
    drawn = (_draw(late, rules.seed, "reason") ** 1.5 * len(codes)).astype(int)
    return pd.DataFrame(
        {
            "sector_id": late,
            "reason": [codes[place] for place in drawn],
            "since": pd.Series(pd.NaT, index=range(len(late)), dtype="datetime64[s]"),
        }
    )


def _made(name: str, frame: pd.DataFrame, rules: ExampleRules) -> pd.DataFrame:
    table = contract(name)
    if frame.empty:
        return table.empty()
    whole = frame.assign(source=rules.source, synthetic=True)
    for column in table.columns:
        if column.type == "date":
            whole[column.name] = whole[column.name].astype("datetime64[s]")
    whole = whole.sort_values(list(table.key), ignore_index=True)
    table.check(whole)
    return table.select(whole)

"""What changes from one plan to another, as the comparison map shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import pandas as pd

from planner.compare import Side, call_sides, compare_plans, list_causes
from planner.export.map.data import Change, MapData, records
from planner.export.palettes import CHANGE_THEME, SHIFT_THEME
from planner.plan import Plan
from planner.schemas import contract
from planner.texts import say
from planner.vocab import Level, Phase

__all__ = [
    "CHANGES", "change_classes", "change_columns", "change_rows", "change_summary",
    "change_words", "compared_data", "shift_classes", "signed",
]  # fmt: skip

CHANGES: Final = (
    "gaining_count", "losing_count", "served_difference_count", "premise_years_gained",
    "only_after_count", "only_before_count", "cost_difference_cents", "net_difference_cents",
)  # fmt: skip
"""What a row of differences holds, in this order."""
_IF_ANY: Final = frozenset({"only_after_count", "only_before_count"})
_SIGNED: Final = frozenset({"served_difference_count", "premise_years_gained"})
_COST: Final = "cost_difference_cents"
_SERVED: Final = (Phase.PHASE_1.value, Phase.PHASE_2.value)
_FAR_YEARS: Final = 2


def compared_data(before: Plan | Side, after: Plan, *, lang: str = "fr") -> MapData:
    """Take what the comparison map shows: the second plan, and what it changes in the first.

    Parameters
    ----------
    before
        The first plan, or its tables (read back from its outputs).
    after
        The second plan, whose territory is drawn.
    lang
        Language of the reasons.
    """
    first = before if isinstance(before, Side) else Side.from_plan(before, lang=lang)
    second = Side.from_plan(after, lang=lang)
    found = compare_plans(first, second)
    old, new = call_sides(first, second, titled=True)
    change = Change(
        before=old,
        after=new,
        before_version=str(first.scenario.get("version", "—")),
        before_status=str(first.scenario.get("status", "proposed")),
        sectors=found.sectors,
        table=found.table,
        programme=_first_programme(first.tables),
        causes=tuple(cause.message for cause in list_causes(first, second)),
        cost_unknown=found.costs.unknown,
    )
    title = say("map.change_title", lang, before=old, after=new)
    return replace(MapData.from_plan(after, lang=lang), change=change, title=title)


def _first_programme(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    programme = tables["programme"][["sector_id", "phase", "reason"]]
    schedule = tables.get("schedule", contract("schedule").empty())
    dated = schedule[["sector_id", "quarter", "year"]].astype({"sector_id": "str"})
    kept = programme.astype({"sector_id": "str", "phase": "str"})
    return kept.merge(dated, on="sector_id", how="left").sort_values("sector_id", ignore_index=True)


def change_classes(data: MapData) -> list[int]:
    """Return the class of each sector in :data:`~planner.export.palettes.CHANGE_THEME`."""
    if data.change is None:
        return []
    moved = {row["sector_id"]: row for row in records(data.change.sectors)}
    return [CHANGE_THEME.position(_becomes(moved.get(key))) for key in data.sectors["sector_id"]]


def _becomes(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "same"
    if row["effect"] == "only_after":
        return "only_after"
    was, is_ = row["phase_before"] in _SERVED, row["phase_after"] in _SERVED
    if was != is_:
        return "enters" if is_ else "leaves"
    return "sooner" if row["effect"] == "gaining" else "later"


def shift_classes(data: MapData) -> list[int]:
    """Return the class of each sector in :data:`~planner.export.palettes.SHIFT_THEME`."""
    if data.change is None:
        return []
    old = dict(_years(data.change.programme))
    new = dict(_years(data.schedule))
    return [
        SHIFT_THEME.position(_moves(old.get(key), new.get(key)))
        for key in data.sectors["sector_id"]
    ]


def _years(table: pd.DataFrame) -> Iterable[tuple[str, int]]:
    dated = table[table["year"].notna()]
    return zip(dated["sector_id"].astype(str), dated["year"].astype(int), strict=True)


def _moves(old: int | None, new: int | None) -> str:
    if old is None or new is None:
        return "unknown"
    sooner = old - new
    if sooner == 0:
        return "same_year"
    if sooner > 0:
        return "years_sooner" if sooner >= _FAR_YEARS else "year_sooner"
    return "years_later" if -sooner >= _FAR_YEARS else "year_later"


def change_columns(data: MapData) -> list[str]:
    """Return the columns of the table after its name; what is nowhere has no column."""
    rows = [] if data.change is None else records(data.change.table)
    kept = [name for name in CHANGES if name not in _IF_ANY or any(row[name] for row in rows)]
    if data.level is not Level.REGION:
        kept.remove("net_difference_cents")  # a commune owes nothing
        return ["premises_count", *kept]
    return ["premises_count", *kept[:-1], "net_cents", kept[-1]]


def change_rows(data: MapData, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add what changes to the rows of the table, the sum of the others last.

    Parameters
    ----------
    data
        What is compared.
    rows
        The rows of the map of the second plan, the total last.
    """
    if data.change is None:
        return rows
    level = Level.EPCI if data.level is Level.REGION else Level.COMMUNE
    moved = data.change.of(level)
    zero = _still(data.change)
    *body, total = [dict(row) for row in rows]
    for row in body:
        code = f"D{row['code']}" if row["kind"] == "without" else row["code"]
        row |= {name: (moved.get(code) or zero)[name] for name in CHANGES}
    whole: dict[str, int | None] = {name: sum(row[name] or 0 for row in body) for name in CHANGES}
    if any(row[_COST] is None for row in body):
        whole[_COST] = None
    return [*body, total | whole]


def _still(change: Change) -> dict[str, int | None]:
    """Return what is told of a place that doesn't move: nothing of costs that aren't known."""
    known: dict[str, int | None] = dict.fromkeys(CHANGES, 0)
    return known if change.cost_unknown is None else known | {_COST: None}


def change_summary(data: MapData, lang: str) -> list[tuple[str, str]]:
    """Return what changes for what the map is of, as labels and figures in words."""
    if data.change is None:
        return []
    level, code = (data.level, data.code) if data.level is Level.EPCI else (Level.REGION, "—")
    row = data.change.of(level).get(code) or _still(data.change)
    return [
        (say("map.change_sectors", lang), say("map.count", lang, count=len(data.change.sectors))),
        *(
            (say(f"map.col_{name}", lang), change_words(name, row[name], lang))
            for name in CHANGES
            if name not in _IF_ANY or row[name]
        ),
    ]


def change_words(name: str, value: int | None, lang: str) -> str:
    """Put one figure of a difference into words, with its sign where it has one."""
    if value is None:
        return "—"
    if name in {"net_difference_cents", _COST}:
        return signed(value, say("map.money", lang, cents=value))
    words = say("map.count", lang, count=value)
    return signed(value, words) if name in _SIGNED else words


def signed(value: int, words: str) -> str:
    """Put a plus before what grows; what shrinks has its minus already."""
    return f"+{words}" if value > 0 else words

"""How ``planner robustness`` tells what rules cost: the dearest first, the free ones last."""

from __future__ import annotations

from typing import Any

import pandas as pd
from rich.console import Console

from planner.choice import ChoiceProblem, Quantity, Unit, objective_label
from planner.cli._face import Lang, table
from planner.texts import number, say

__all__ = ["bare", "show_prices"]

_NAMED = 8  # rules that cost nothing, named at most


def show_prices(console: Console, priced: pd.DataFrame, problem: ChoiceProblem, lang: Lang) -> None:
    """Tell what each rule costs, objective by objective, the dearest under the first one first.

    Parameters
    ----------
    console
        Where it is told.
    priced
        Contract ``rule_prices``.
    problem
        The question: its objectives in their order, and their units.
    lang
        Language of the words.
    """
    place = {one.name: at for at, one in enumerate(problem.objectives)}
    units: dict[str, Unit] = {one.name: one.unit for one in problem.objectives}
    dear: list[tuple[list[int], str, list[dict[Any, Any]]]] = []
    free, open_, most = [], [], 0
    for said, group in priced.groupby("words", sort=False):
        # of each rule, the objectives in their order, what stands beside them last
        prices = sorted(
            group.to_dict("records"), key=lambda row: place.get(row["objective"], len(place))
        )
        if any(row["price"] for row in prices):
            told = [row for row in prices if row["price"] or _is_between(row)]
            dear.append(([-row["price"] for row in prices], str(said), told))
        elif all(row["proved"] for row in prices):
            free.append(str(said))
        else:
            open_.append(str(said))
            most = max(most, *(int(row["price_max"]) for row in prices[:1] if _is_between(row)), 0)
    rows = []
    for _, words, told in sorted(dear, key=lambda one: one[:2]):
        for row in told:
            unit = units.get(row["objective"], "lines")
            rows.append(
                [
                    words if row is told[0] else "",
                    _label(row["objective"], unit, lang),
                    _price(row, unit, lang),
                    _share(row, lang),
                    say(f"robustness.{'yes' if row['proved'] else 'no'}", lang),
                ]
            )  # fmt: skip
    if rows:
        columns = ("rule", "what", "price", "share", "proved")
        titles = [say(f"robustness.column_{name}", lang) for name in columns]
        console.print(table(say("robustness.prices_title", lang), titles, rows, numbers=2))
    if free:
        told_free = say("robustness.prices_free", lang, names=_named(free, lang))
        console.print(told_free, markup=False)
    if open_:
        first = problem.objectives[0]
        gained = Quantity(most, first.unit).say(lang)
        if not Quantity(most, first.unit).says_itself:
            gained = f"{_label(first.name, first.unit, lang)} : {gained}"
        told_open = say("robustness.prices_open", lang, names=_named(open_, lang), most=gained)
        console.print(told_open, markup=False)


def _named(rules: list[str], lang: Lang) -> str:
    words = "; ".join(rules[:_NAMED]) if lang == "en" else " ; ".join(rules[:_NAMED])
    more = len(rules) - _NAMED
    return say("robustness.rules_more", lang, names=words, more=more) if more > 0 else words


def _is_between(row: dict[Any, Any]) -> bool:
    return not pd.isna(row["price_min"]) and row["price_min"] != row["price_max"]


def _label(objective: str, unit: Unit, lang: Lang) -> str:
    if objective == "lines":
        return say("robustness.lines_gained", lang)
    found = objective_label(objective)
    label = found if isinstance(found, str) else found.say(lang)
    return say(f"robustness.in_{unit}", lang, label=label) if unit in {"score", "m"} else label


def _price(row: dict[Any, Any], unit: Unit, lang: Lang) -> str:
    price = bare(int(row["price"]), unit, lang)
    if row["proved"]:
        return price
    if pd.isna(row["price_min"]):
        return say("robustness.unbounded", lang, price=price)
    low, high = (bare(int(row[f"price_{end}"]), unit, lang) for end in ("min", "max"))
    return say("robustness.between", lang, low=low, high=high)


def _share(row: dict[Any, Any], lang: Lang) -> str:
    """Write a price as a share of what the programme is worth."""
    if not row["with_value"]:
        return "—"
    return say("robustness.percent_2", lang, share=100 * row["price"] / abs(row["with_value"]))


def bare(value: int, unit: Unit, lang: Lang) -> str:
    """Write a value without the unit that its line or column bears already."""
    if unit in {"votes", "score", "m", "lines"}:
        return number(value, lang)
    return Quantity(value, unit).say(lang)

"""How ``planner robustness`` tells what rules cost: the dearest first, the free ones last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from rich.console import Console

from planner.choice import ChoiceProblem, Quantity, Unit, objective_label
from planner.cli._face import Lang, table
from planner.texts import say

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
    found = _sort(priced, place)
    rows = []
    for _, words, told in sorted(found.dear, key=lambda one: one[:2]):
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
    asked = [one for one in problem.objectives if one.name in set(priced["objective"])]
    if asked and "lines" not in set(priced["objective"]):
        what = _label(asked[-1].name, "none", lang)
        console.print(say("robustness.prices_first", lang, what=what), markup=False)
    if found.free:
        said = say("robustness.prices_free", lang, names=_named(found.free, lang))
        console.print(said, markup=False)
    if found.open:
        first = problem.objectives[0]
        gained = Quantity(found.most, first.unit).say(lang)
        if not Quantity(found.most, first.unit).says_itself:
            gained = f"{_label(first.name, first.unit, lang)} : {gained}"
        said = say("robustness.prices_open", lang, names=_named(found.open, lang), most=gained)
        console.print(said, markup=False)


@dataclass
class _Told:
    """Rules that cost something, with their rows; the free ones; those of which it isn't known."""

    dear: list[tuple[list[int], str, list[dict[Any, Any]]]] = field(default_factory=list)
    free: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    most: int = 0


def _sort(priced: pd.DataFrame, place: Mapping[str, int]) -> _Told:
    found = _Told()
    for words, group in priced.groupby("words", sort=False):
        # of each rule, the objectives in their order, what stands beside them last
        prices = sorted(
            group.to_dict("records"), key=lambda row: place.get(row["objective"], len(place))
        )
        told = [row for row in prices if (row["price"] and row["proved"]) or _is_between(row)]
        if any(row["price"] for row in told):
            found.dear.append(([-row["price"] for row in prices], str(words), told))
        elif all(row["proved"] for row in prices):
            found.free.append(str(words))
        else:
            found.open.append(str(words))
            most = [int(row["price_max"]) for row in prices[:1] if _is_between(row)]
            found.most = max(found.most, *most, 0)
    return found


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
    low, high = (bare(int(row[f"price_{end}"]), unit, lang) for end in ("min", "max"))
    return say("robustness.between", lang, low=low, high=high)


def _share(row: dict[Any, Any], lang: Lang) -> str:
    """Write a price as a share of what the programme is worth."""
    if not row["with_value"]:
        return "—"
    return say("robustness.percent_2", lang, share=100 * row["price"] / abs(row["with_value"]))


def bare(value: int, unit: Unit, lang: Lang) -> str:
    """Write a value without the unit that its line or column bears already."""
    return Quantity(value, unit).bare(lang)

"""The year of each sector as data: why not a year earlier, or why never."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from planner.choice import Quantity
from planner.dated import DatedChoice, DatedProblem, YearLimit
from planner.explain._decisions import Binding, Reader, list_decisions
from planner.schemas import contract
from planner.texts import Message

__all__ = ["YearReader", "list_year_decisions"]

Flags = npt.NDArray[np.bool_]


class YearReader:
    """A question with years and its answer, read by position."""

    def __init__(
        self, problem: DatedProblem, choice: DatedChoice, names: Mapping[str, str] | None = None
    ) -> None:
        self.problem = problem
        self.whole = Reader(problem.whole, choice.without_years(problem), names)
        self.opened = dict(choice.opened)
        self.when = np.array([self.opened.get(key, 0) for key in problem.whole.sector_ids])

    def binding(self, key: str) -> Binding:
        """Return the first rule that keeps a sector from opening a year earlier, or at all.

        Everything else stays as it is: an envelope, which holds over all years, keeps a sector out
        but never later.
        """
        at = self.whole.position[key]
        year = self.opened.get(key)
        if year is None:
            return self._out(key, at)
        place = self.problem.years.index(year)
        if place == 0:
            return _bound("year_first", key, None, year=str(year))
        before = self.problem.years[place - 1]
        by_then: Flags = (self.when > 0) & (self.when <= before)
        if not self.problem.whole.could_join(by_then, at):
            return _bound("year_contiguity", key, None, year=str(before))
        full = self._full(at, before)
        return full or _bound("year_votes", key, None, year=str(before))

    def _out(self, key: str, at: int) -> Binding:
        whole = self.whole.binding(key)
        if whole.rule != "votes":
            return whole
        every = [self._full(at, year) for year in self.problem.years]
        full = [one for one in every if one is not None]
        if len(full) < len(every):  # a year has room: the objectives decide
            return whole
        nearest = min(full, key=lambda one: (one.missing or 0, one.place))
        return Binding(
            rule="limit", place=nearest.place, missing=nearest.missing,
            message=Message.of("decision.years_full", nearest=nearest.message),
        )  # fmt: skip

    def _full(self, at: int, year: int) -> Binding | None:
        """Return the first limit of a year without room for a sector beside what opens in it."""
        opens = self.when == year
        for limit in self.problem.limits:
            if limit.year != year or limit.coefficients[at] <= 0:
                continue
            used = int(limit.coefficients[opens].sum())
            missing = used + int(limit.coefficients[at]) - limit.upper
            if missing > 0:
                return _bound(
                    "year_limit", year_place(limit), missing, year=str(year), words=limit.message,
                    missing=Quantity(missing, limit.unit),
                    left=Quantity(max(limit.upper - used, 0), limit.unit),
                )  # fmt: skip
        return None


def year_place(limit: YearLimit) -> str:
    """Return what a year's limit is called in tables."""
    return f"{limit.name}@{limit.year}"


def _bound(rule: str, place: str, amount: int | None, **values: object) -> Binding:
    message = Message.of(f"decision.{rule}", **values)
    return Binding(
        rule=rule.removeprefix("year_"), place=place, missing=amount, message=message
    )  # fmt: skip


def list_year_decisions(
    problem: DatedProblem,
    choice: DatedChoice,
    *,
    names: Mapping[str, str] | None = None,
    lang: str = "fr",
) -> dict[str, pd.DataFrame]:
    """Return every decision, and every year, with the rule that binds it.

    Parameters
    ----------
    problem, choice
        The question with years and its answer.
    names
        Actor to what people call it.
    lang
        Language of the reasons.

    Returns
    -------
    dict
        Contracts ``decisions`` (over the whole; a sector that no year has room for is held by the
        year's limit that lacks least) and ``year_decisions`` (a row for each sector that opens: its
        year, and what keeps it from the year before).
    """
    reader = YearReader(problem, choice, names)
    decisions = list_decisions(
        problem.whole, choice.without_years(problem), names=names, lang=lang
    )  # fmt: skip
    rows: list[dict[str, Any]] = []
    rules = decisions["rule"].tolist()
    for place, key in enumerate(decisions["sector_id"].astype(str)):
        bound = reader.binding(key)
        if key in reader.opened:
            rows.append(
                {
                    "sector_id": key, "year": reader.opened[key], "rule": bound.rule,
                    "place": bound.place, "missing": bound.missing,
                    "reason": bound.message.say(lang),
                }
            )  # fmt: skip
        elif bound.rule != rules[place]:
            decisions.loc[decisions.index[place], ["rule", "place", "missing", "reason"]] = [
                bound.rule, bound.place, bound.missing, bound.message.say(lang),
            ]  # fmt: skip
    contract("decisions").check(decisions)
    years = contract("year_decisions").empty()
    if rows:
        years = pd.DataFrame(rows)
        years["missing"] = pd.array([row["missing"] for row in rows], dtype="Int64")
        years = contract("year_decisions").select(years)
    contract("year_decisions").check(years)
    return {"decisions": decisions, "year_decisions": years}

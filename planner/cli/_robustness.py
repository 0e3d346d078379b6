"""The parts of ``planner robustness``: each asks its questions, says where it stands, and tells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console

from planner.choice import (
    Choice,
    ChoiceProblem,
    ChoiceStatus,
    Objective,
    objective_label,
)
from planner.cli._face import Lang, progress, table
from planner.cli._prices import bare, show_prices
from planner.progress import Notify, stage, unheard
from planner.texts import Message, number, say

if TYPE_CHECKING:
    from planner.plan import Plan
    from planner.programme import ColumnPool
    from planner.robustness import WeightInterval, WeightSpace

__all__ = ["Case", "Speed"]

_SHOWN = 6  # names in a sentence at most
_SEARCHED = 1_000_000_000  # operations of one search for a neighbour: a bound is told of the rest
_NEIGHBOURS = 5  # questions foreseen
_STATES = ("before", "after")
_INDICATORS = (
    "mean_share", "worst_share", "best_share", "unserved_count", "gini", "lines_per_inhabitant",
)  # fmt: skip
_DECIMALS: Mapping[str, int] = {"gini": 3, "unserved_count": 0, "lines_per_inhabitant": 2}


class Speed(StrEnum):
    """What is weighed against equity."""

    LINES = "lines"
    VOTES = "votes"


class Case:
    """One plan under judgement, and where it is told."""

    def __init__(
        self,
        console: Console,
        plan: Plan,
        problem: ChoiceProblem,
        choice: Choice,
        folder: Path,
        lang: Lang,
    ) -> None:
        from planner.programme import ColumnPool  # noqa: PLC0415

        self.console, self.plan, self.problem, self.choice = console, plan, problem, choice
        self.folder, self.lang = folder, lang
        self.names: Mapping[str, str] = plan.ballots.names
        self.pool = ColumnPool()
        self.notify: Notify = unheard
        self.part, self.asked = Message.of("robustness.stage_prices"), 0

    def solve(self, problem: ChoiceProblem) -> Choice:
        """Answer a question as near as the scenario asks."""
        return self._answer(problem, self.plan.scenario.programme.gap_share, self.pool)

    def prove(self, problem: ChoiceProblem) -> Choice:
        """Answer a question to the end."""
        return self._answer(problem, 0.0, self.pool)

    def approach(self, problem: ChoiceProblem) -> Choice:
        """Answer a question with less work, its bound told where that proves nothing."""
        pool = replace(self.pool, work=_SEARCHED)
        return self._answer(problem, self.plan.scenario.programme.gap_share, pool)

    def _answer(self, problem: ChoiceProblem, gap_share: float, pool: ColumnPool) -> Choice:
        from planner.programme import solve_choice  # noqa: PLC0415

        self.asked += 1
        self.notify(Message.of("robustness.stage_question", part=self.part, number=self.asked))
        seconds = self.plan.scenario.programme.seconds
        return solve_choice(problem, gap_share=gap_share, seconds=seconds, warm=pool)

    @contextmanager
    def waiting(self, part: str, questions: int) -> Iterator[Notify]:
        """Tell, beside a bar, how far a part is; its seconds are logged."""
        self.part, self.asked = Message.of(f"robustness.stage_{part}"), 0
        with progress(self.lang, questions) as notify, stage(notify, self.part.key):
            self.notify = notify
            try:
                yield notify
            finally:
                self.notify = unheard

    def say(self, text: str, **values: object) -> str:
        return say(f"robustness.{text}", self.lang, **values)

    def show(self, title: str, columns: tuple[str, ...], rows: list[list[str]], texts: int) -> None:
        titles = [self.say(f"column_{name}") for name in columns]
        self.console.print(table(self.say(title), titles, rows, numbers=texts))

    def yes(self, value: object) -> str:
        return self.say("yes" if value else "no")

    def prices(self, *, wishes: bool) -> dict[str, pd.DataFrame]:
        """Price each rule."""
        from planner.explain import price_rules  # noqa: PLC0415

        with self.waiting("prices", len(self.problem.limits) + 1):
            priced = price_rules(
                self.problem, self.choice, solve=self.solve, names=self.names, wishes=wishes,
                lang=self.lang,
            )  # fmt: skip
        show_prices(self.console, priced, self.problem, self.lang)
        return {"rule_prices": priced}

    def frontier(self, speed: Speed, *, most: int, step: Fraction) -> dict[str, pd.DataFrame]:
        """Trace the frontier between EPCI, draw it, and measure the fairness of the plan."""
        from planner.export.figures.frontier import write_frontier_figure  # noqa: PLC0415
        from planner.robustness import (  # noqa: PLC0415
            groups_by_actor,
            servable,
            trace_frontier,
        )

        problem = self.problem
        objective = Objective(name="lines", sense="max", coefficients=problem.lines, unit="lines")
        if speed is Speed.VOTES:
            objective = next((o for o in problem.objectives if o.name == "votes"), objective)
        known = self.plan.more["epci_service"].set_index("epci_siren")
        cents = self.plan.scenario.contribution.cents_per_line
        groups, left = servable(
            problem,
            groups_by_actor(
                problem,
                totals={str(k): int(v) for k, v in known["lines_count"].items() if v > 0},
                before={str(k): int(v) for k, v in known["served_before_count"].items()},
                cents_per_line={
                    actor: cents
                    for position, actor in enumerate(problem.actors)
                    if problem.envelope_unit(position) == "cents"
                },
            ),
        )
        with self.waiting("frontier", most) as notify:
            self.notify = unheard  # its points are told, not its questions
            found = trace_frontier(
                problem, groups, solve=self.solve, objective=objective, most=most, step_share=step,
                go_on=True, notify=notify,
            )  # fmt: skip
        rows = [
            [
                number(row["point"], self.lang),
                bare(int(row["value"]), objective.unit, self.lang),
                "—" if pd.isna(row["bound"])
                else bare(int(row["bound"]), objective.unit, self.lang),
                say("robustness.percent", self.lang, share=row["worst_share"]),
                self.names.get(row["worst_place"], row["worst_place"]),
                self.yes(row["proved"]),
            ]
            for row in found.table.to_dict("records")
        ]  # fmt: skip
        columns = ("point", "speed", "bound", "worst", "place", "proved")
        self.show("frontier_title", columns, rows, 0)
        called = objective_label(objective.name)
        what = called if isinstance(called, str) else called.say(self.lang)
        self.console.print(self.say("speed_is", what=what), markup=False)
        if len(found.table):
            ended = self.say("ended" if found.ended else "ended_by_points", step=float(step))
            if found.table["proved"].all():
                text = "single" if len(found.table) == 1 else "several"
                ended = self.say(text, ended=ended)
            self.console.print(ended, markup=False)
        if found.aside:
            shown = ", ".join(self.names.get(one, one) for one in found.aside[:_SHOWN])
            more = len(found.aside) - _SHOWN
            text = "aside_more" if more > 0 else "aside"
            self.console.print(self.say(text, names=shown, more=more), markup=False)
        if left:
            shown = ", ".join(self.names.get(one, one) for one in left)
            self.console.print(self.say("left_out", names=shown), markup=False)
        layers = ", ".join(
            origin.title for origin in self.plan.territory.origins if origin.synthetic
        )
        source = self.say(
            "source_synthetic" if layers else "source", name=self.plan.scenario.name, layers=layers
        )
        if len(found.table):
            write_frontier_figure(
                self.folder, found.table, names=self.names, source=source, lang=self.lang
            )
        return {"frontier": found.table, "fairness": self.fairness()}

    def fairness(self) -> pd.DataFrame:
        """Tell how evenly the EPCI are served, before and after the programme."""
        measured = self.plan.more["fairness"]
        found = {(row["indicator"], row["state"]): row for row in measured.to_dict("records")}
        rows = [
            [self.say(f"fair_{one}")]
            + [self._indicator(one, found[one, state]) for state in _STATES]
            for one in _INDICATORS
            if (one, _STATES[0]) in found
        ]  # fmt: skip
        self.show("fairness_title", ("indicator", *_STATES), rows, 1)
        return measured

    def _indicator(self, name: str, row: Mapping[Any, Any]) -> str:
        """Write an indicator, with the EPCI that it points at."""
        if pd.isna(row["value"]):
            return "—"
        value = float(row["value"])
        if name in _DECIMALS:
            text = number(value, self.lang, _DECIMALS[name])
        else:
            text = self.say("percent", share=value)
        if row["place"] is None or pd.isna(row["place"]):
            return text
        place = self.names.get(row["place"], row["place"])
        return self.say("of_place", value=text, place=place)

    def weights(self, *, draws: int, seed: int, loss: Fraction) -> dict[str, pd.DataFrame]:
        """Walk along each weight, and draw all of them."""
        from planner.criteria import measure_criteria  # noqa: PLC0415
        from planner.robustness import criteria_space, measure_stability  # noqa: PLC0415

        rules = self.plan.scenario.criteria
        measured = measure_criteria(self.plan.territory, rules=rules, costs=self.plan.costs)
        space = criteria_space(self.problem, measured, rules=rules)
        if space is None:
            self.console.print(self.say("no_weights"), markup=False)
            return {}
        with self.waiting("weights", 3 * len(space.criteria) + draws):
            found = self._intervals(space, loss)
            stable = measure_stability(
                self.problem, space, solve=self.solve, draws=draws, seed=seed
            )
        intervals = self._show_intervals(found)
        always, never = (stable["in_count"] == draws).sum(), (stable["in_count"] == 0).sum()
        self.console.print(
            self.say(
                "stability", draws=draws, seed=seed, always=always, never=never,
                sometimes=len(stable) - always - never,
            ),
            markup=False,
        )  # fmt: skip
        if len(stable):
            gap, proved = 100 * stable["gap_share"].iloc[0], int(stable["proved_count"].iloc[0])
            text = "draws_proved" if proved == draws else "draws_gap"
            if math.isnan(gap):
                text, gap = "draws_unknown", 0.0
            low = stable.loc[stable["in_count"] == draws, "low_share"].min()
            self.console.print(
                self.say(
                    text,
                    proved=proved,
                    draws=draws,
                    gap=0 if pd.isna(gap) else math.ceil(10_000 * gap) / 100,
                ),
                markup=False,
            )
            if always:
                self.console.print(self.say("confidence", draws=draws, low=low), markup=False)
        return {"weight_intervals": intervals, "sector_stability": stable}

    def _intervals(self, space: WeightSpace, loss: Fraction) -> list[WeightInterval]:
        """Walk along each weight: where the programme stays the best, or near it if unproved."""
        from planner.robustness import find_near_interval, find_weight_interval  # noqa: PLC0415

        best = self.choice.status is ChoiceStatus.OPTIMAL
        before = [one for one in self.problem.objectives if one.name != space.objective]
        before = before[: [o.name for o in self.problem.objectives].index(space.objective)]
        if best or any(one.edge_coefficients is not None for one in before):
            return [
                find_weight_interval(
                    self.problem, space, name, solve=self.solve,
                    chosen=self.choice.chosen if best else None,
                )
                for name in space.criteria
            ]  # fmt: skip
        return [
            find_near_interval(
                self.problem, space, name, chosen=self.choice.chosen, solve=self.solve,
                loss_share=loss,
            )
            for name in space.criteria
        ]  # fmt: skip

    def _show_intervals(self, found: list[WeightInterval]) -> pd.DataFrame:
        """Tell each interval, and what it says."""
        from planner.robustness import weights_table  # noqa: PLC0415

        intervals = weights_table(found)
        rows = [
            [
                self.criterion(str(row["criterion"])),
                self.say("weight_of", weight=row["weight"], total=row["weights_total"]),
                self._interval(row["low"], row["high"]),
                self.yes(row["proved"]),
            ]
            for row in intervals.to_dict("records")
        ]  # fmt: skip
        self.show("weights_title", ("criterion", "weight", "interval", "proved"), rows, 1)
        near = found[0].loss_share if found else Fraction(0)
        text = "weights_exact" if intervals["proved"].all() else "weights_outer"
        text = "weights_near" if near else text
        self.console.print(self.say(text, loss=float(near)), markup=False)
        return intervals

    def _interval(self, low: float, high: float) -> str:
        """Write an interval, rounded inwards."""
        least = number(math.ceil(100 * low) / 100, self.lang, 2)
        if math.isnan(high):
            return self.say("from", low=least)
        most = number(math.floor(100 * high) / 100, self.lang, 2)
        return self.say("between", low=least, high=most)

    def criterion(self, name: str) -> str:
        from planner.criteria import criterion_label  # noqa: PLC0415

        found = criterion_label(name)
        return found if isinstance(found, str) else found.say(self.lang)

    def criteria(self) -> None:
        """Rank the marks by two other methods."""
        from planner.criteria import cross_check, measure_criteria  # noqa: PLC0415
        from planner.sector_names import sector_names  # noqa: PLC0415

        rules = self.plan.scenario.criteria
        measured = measure_criteria(self.plan.territory, rules=rules, costs=self.plan.costs)
        called = sector_names(self.plan.territory.sectors)
        self.console.print(measured.summary(self.lang), markup=False)
        if measured.active:
            for method in ("topsis", "promethee_2"):
                told = cross_check(measured, method=method).summary(self.lang, names=called)
                self.console.print(told, markup=False)

    def programmes(self, *, loss: Fraction) -> dict[str, pd.DataFrame]:
        """List programmes as good, and nearly as good ones that differ most."""
        from planner.robustness import (  # noqa: PLC0415
            alternatives_table,
            count_programmes,
            equal_programmes_table,
            list_diverse,
            list_equal_parts,
        )

        with self.waiting("programmes", _NEIGHBOURS):
            self.solve(self.problem)  # what the search for the best lists is all there is to list
            parts = list_equal_parts(
                self.problem, self.choice, solve=self.prove, known=self.pool.equals_of(self.problem)
            )
            found = list_diverse(
                self.problem, solve=self.approach, loss_share=loss, best=self.choice
            )
        if parts:
            count, whole = count_programmes(parts)
            moving = sum(len(one.sometimes) for one in parts)
            text = "equal_one" if whole and count == 1 else "equal" if whole else "equal_least"
            self.console.print(self.say(text, count=count, moving=moving), markup=False)
        else:
            self.console.print(self.say("equal_unproved"), markup=False)
        changes = alternatives_table(self.problem, found)
        first, worths = self.problem.objectives[0], list(found.values)
        rows = []
        for position, worth in enumerate(worths):
            mine = changes[changes["programme"] == position + 1]["change"]
            total, most = found.differing[position]
            rows.append(
                [
                    number(position + 1, self.lang),
                    bare(worth[0], first.unit, self.lang),
                    self.say("percent", share=self._lost(worth[0], worths[0][0])),
                    number(int((mine == "enters").sum()), self.lang),
                    number(int((mine == "leaves").sum()), self.lang),
                    "—" if not position else number(total, self.lang),
                    "—" if most is None or not position else number(most, self.lang),
                ]
            )  # fmt: skip
        columns = (
            "programme",
            "worth",
            "lost",
            "entering",
            "leaving",
            "differing",
            "differing_most",
        )
        if len(rows) > 1:
            self.show("near_title", columns, rows, 0)
        called = objective_label(first.name)
        what = called if isinstance(called, str) else called.say(self.lang)
        text = "near_all" if found.complete else "near_programmes"
        if found.complete and len(rows) == 1:
            text = "near_none"
        self.console.print(
            self.say(text, count=len(found.programmes), loss=float(loss), what=what), markup=False
        )
        return {
            "alternatives": changes,
            "equal_programmes": equal_programmes_table(self.problem, parts),
        }

    @staticmethod
    def _lost(value: int, best: int) -> float:
        return abs(best - value) / max(abs(best), 1)

"""The price of each rule, against brute force without it, and how it is told."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from planner.choice import ChoiceStatus, Contiguity, Limit, Objective
from planner.cli._face import Lang
from planner.cli._prices import show_prices
from planner.explain import price_rules
from planner.texts import Message


def with_parity(problem, mille=100):
    side = np.where(problem.rural, 1, -1)
    limits = [
        Limit(name=f"parity.{name}", upper=0, message=Message.of("programme.limit_parity_rural",
              share=mille / 1000), coefficients=problem.lines * (1000 * sign * side - mille))
        for name, sign in (("rural", 1), ("urban", -1))
    ]  # fmt: skip
    return replace(problem, limits=(*problem.limits, *limits))


def with_wishes(oracle, problem, rng):
    """Required and refused sectors, as many as leave a programme."""
    for _ in range(4):
        at = int(rng.integers(problem.candidates_count))
        for name in ("required", "refused"):
            flags = getattr(problem, name).copy()
            flags[at] = not problem.required[at] and not problem.refused[at]
            trial = replace(problem, **{name: flags | getattr(problem, name)})
            if oracle.solve(trial).status is ChoiceStatus.OPTIMAL:
                problem = trial
                break
    return problem


def without(problem, row):
    """The question without the rule of a row."""
    if row["rule"] == "contiguity":
        return replace(problem, contiguity=Contiguity.NONE)
    if row["rule"] == "limit":
        kept = [one for one in problem.limits if not one.name.startswith(row["place"])]
        return replace(problem, limits=tuple(kept))
    wish = row["rule"].removeprefix("all_")
    flags = getattr(problem, wish).copy()
    if row["rule"] == wish:
        flags[problem.sector_ids.index(row["place"])] = False
    else:
        flags[:] = False
    return replace(problem, **{wish: flags})


@pytest.mark.parametrize("seed", range(12))
def test_each_price_is_that_of_brute_force_parity_and_all_wishes_among_them(oracle, seed):
    problem = with_parity(oracle.random_problem(seed, count=9), mille=300)
    problem = with_wishes(oracle, problem, np.random.default_rng(seed))
    choice = oracle.solve(problem)
    asked = []

    def counted(question):
        asked.append(question)
        return oracle.solve(question)

    prices = price_rules(problem, choice, solve=counted)
    places = set(prices.loc[prices["rule"] == "limit", "place"])
    assert places == {"budget.region", "parity"}
    if problem.required.sum() > 1:
        assert "all_required" in set(prices["rule"])
    rules = prices.drop_duplicates(["rule", "place"]).to_dict("records")
    now = dict(zip((o.name for o in problem.objectives), choice.stages, strict=True))
    for row in rules:
        free = oracle.solve(without(problem, row))
        mine = prices[(prices["rule"] == row["rule"]) & (prices["place"] == row["place"])]
        mine = mine.set_index("objective")
        for objective, stage in zip(problem.objectives, free.stages, strict=True):
            sign = 1 if objective.sense == "max" else -1
            price = sign * (stage.value - now[objective.name].value)
            found = mine.loc[objective.name]
            assert (found["price"], found["price_min"], found["price_max"]) == (price,) * 3
            assert found["proved"]
        if all(mine["price"].drop("lines") == 0):
            assert mine.loc["lines", "price"] == 0
    few = price_rules(problem, choice, solve=oracle.solve, wishes=False)
    for wish in ("required", "refused"):
        assert (few["rule"] == wish).any() == (getattr(problem, wish).sum() == 1)


def test_rules_that_cost_nothing_are_asked_together(oracle):
    problem = replace(oracle.random_problem(3, count=9), limits=())
    choice = oracle.solve(problem)
    idle = np.array([key not in choice.chosen for key in problem.sector_ids])
    problem = replace(problem, refused=idle)  # nothing that the best programme wants is refused
    asked = []

    def counted(question):
        asked.append(question)
        return oracle.solve(question)

    prices = price_rules(problem, oracle.solve(problem), solve=counted)
    assert (prices["rule"] == "refused").sum() == idle.sum() * (len(problem.objectives) + 1)
    assert prices.loc[prices["rule"].isin(["refused", "all_refused"]), "price"].eq(0).all()
    assert len(asked) == 2  # contiguity, and all refusals at once


def test_an_equal_programme_changes_no_line(oracle):
    """Without the rule another programme is as good and comes first by its ids: nothing is paid."""
    problem = replace(oracle.random_problem(1, count=4, actors=1), limits=())
    same = Objective(name="votes", sense="max", coefficients=np.array([5, 5, 0, 0], np.int64))
    problem = replace(
        problem, objectives=(same,), contiguity=Contiguity.NONE, lines=np.array([2, 4, 3, 3], np.int64),
        envelopes=np.array([6]), share_candidate=np.arange(4), share_actor=np.zeros(4, np.int64),
        share_need=np.array([6, 6, 6, 6]), decider=np.zeros(4, np.int64),
        refused=np.array([True, False, False, False]), required=np.zeros(4, bool),
    )  # fmt: skip
    prices = price_rules(problem, oracle.solve(problem), solve=oracle.solve)
    assert prices["price"].tolist() == [0, 0]


def doubtful(oracle, gap):
    def solve(problem):
        found = oracle.solve(problem)
        if not found.stages:
            return found
        first = found.stages[0]
        sign = 1 if problem.objectives[0].sense == "max" else -1
        loose = replace(first, bound=first.value + sign * gap, status=ChoiceStatus.WITHIN_GAP)
        return replace(found, status=ChoiceStatus.WITHIN_GAP, stages=(loose, *found.stages[1:]))

    return solve


@pytest.mark.parametrize("seed", range(4))
def test_after_an_objective_that_is_not_proved_nothing_is_priced(oracle, seed):
    problem = oracle.random_problem(seed, count=8)
    solve, asked = doubtful(oracle, 3), []

    def counted(question):
        asked.append(len(question.objectives))
        return solve(question)

    prices = price_rules(problem, solve(problem), solve=counted)
    assert set(prices["objective"]) == {"votes"}
    assert set(asked) == {1}
    assert (prices["price_min"] >= 0).all()
    assert (prices["price_max"] >= prices["price"]).all()
    assert not prices["proved"].any()
    found = oracle.solve(problem)
    later = price_rules(problem, found, solve=solve).set_index("objective")
    assert later.loc[["cost", "lines"], ["price_min", "price_max"]].isna().all(axis=None)
    assert later.loc["votes", "price_min"].notna().all()
    assert "n'ont pas de prix" in told(prices, problem)

    def poorer(question):
        """Find less without a rule: the programme in force is one without it too."""
        stages = tuple(replace(one, value=one.value - 2) for one in solve(question).stages)
        return replace(solve(question), chosen=(), stages=stages)

    assert (price_rules(problem, solve(problem), solve=poorer)["price"] >= 0).all()


def told(prices, problem, lang=Lang.FR):
    console = Console(width=140, highlight=False, record=True, file=io.StringIO())
    show_prices(console, prices, problem, lang)
    return " ".join(console.export_text().replace("\u202f", " ").split())


def row(words, objective, price, *, low=0, high=0, proved=True, now=1000):
    return {
        "rule": "limit", "place": words, "objective": objective, "with_value": now,
        "without_value": now + price, "price": price, "price_min": low, "price_max": high,
        "proved": proved, "words": words,
    }  # fmt: skip


def test_the_dearest_rule_is_told_first_and_those_that_cost_nothing_in_one_sentence(oracle):
    problem = oracle.random_problem(1)
    prices = pd.DataFrame([
        row("règle A", "votes", 0), row("règle A", "cost", 0), row("règle A", "lines", 0),
        row("règle B", "votes", 20), row("règle B", "cost", 0), row("règle B", "lines", 3),
        row("règle C", "votes", 400), row("règle C", "cost", -70), row("règle C", "lines", 0),
        row("règle D", "votes", 0, high=40, proved=False),
        row("règle D", "cost", 9, low=pd.NA, high=pd.NA, proved=False),
    ])  # fmt: skip
    text = told(prices, problem)
    assert text.index("règle C") < text.index("règle B") < text.index("règle A")
    assert "40,00 %" in text
    assert "−70" in text
    assert "Règles qui ne coûtent rien (prouvé : sans l'une d'elles" in text
    assert text.endswith(": règle D.")
    assert "plus que l'écart à la borne (voix × lignes : 40)" in text
    table = text[: text.index("Règles qui")]
    assert "règle A" not in table
    assert table.count("coût") == 1
    assert "Rules that cost nothing" in told(prices, problem, Lang.EN)

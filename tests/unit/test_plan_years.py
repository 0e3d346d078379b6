"""A plan under the exact rule with years: chosen within each year's limits, said, and followed."""

import pandas as pd
import pytest
from typer.testing import CliRunner

from planner import cli, make_plan
from planner.errors import RuleError, ScenarioError
from planner.io import read_table
from planner.scenario import Scenario
from planner.toy import toy_territory

EXACT = {"rule": "exact", "contiguity": "none"}


def _plan(territory, *, rule=None, schedule=None, **years):
    asked = {"programme": {**EXACT, **(rule or {}), "years": {"first": 2021, **years}}}
    return make_plan(
        territory, Scenario.from_dict(asked | ({"schedule": schedule} if schedule else {}))
    )


@pytest.fixture(scope="module")
def toy():
    return toy_territory()


@pytest.fixture(scope="module")
def free(toy):
    return _plan(toy, count=2)


@pytest.fixture(scope="module")
def tight(toy, free):
    """One line too few in a year for all that was chosen: a second year is needed."""
    lines = free.tables()["opening_years"]["premises_count"].sum()
    return _plan(toy, count=2, lines_per_year={"region": int(lines) - 1}), int(lines) - 1


def test_without_a_limit_everything_opens_in_the_first_year(toy, free):
    whole = make_plan(toy, Scenario.from_dict({"programme": EXACT}))
    table = free.tables()["opening_years"]
    assert set(table["sector_id"]) == set(whole.choice.chosen)
    assert set(table["year"]) == {2021}


def test_a_years_limit_holds_and_the_rest_opens_later(tight, free):
    plan, most = tight
    table = plan.tables()["opening_years"]
    assert set(table["year"]) == {2021, 2022}
    assert (table.groupby("year")["premises_count"].sum() <= most).all()
    assert set(table["sector_id"]) == set(free.tables()["opening_years"]["sector_id"])


def test_years_conserve_premises_votes_and_euros(toy, tight):
    plan, _ = tight
    whole = make_plan(toy, Scenario.from_dict({"programme": EXACT}))
    ours, theirs = plan.tables(), whole.tables()
    opened = ours["opening_years"]
    phase_2 = theirs["programme"].query("phase == '2'")
    assert opened["premises_count"].sum() == phase_2["premises_count"].sum()
    points = (
        ours["sector_points"].astype({"sector_id": str}).groupby("sector_id").sum(numeric_only=True)
    )
    assert len(points.columns)
    keys = opened["sector_id"].astype(str)
    votes = points.reindex(keys).groupby(opened["year"].to_numpy()).sum().sum()
    pd.testing.assert_series_equal(votes, points.reindex(phase_2["sector_id"].astype(str)).sum())
    pd.testing.assert_frame_equal(ours["contributions"], theirs["contributions"])
    money = ours["costs"].set_index("sector_id")["cost_cents"]
    spent = opened.assign(cents=opened["sector_id"].map(money)).groupby("year")["cents"].sum()
    assert spent.sum() == money.reindex(phase_2["sector_id"]).sum()


def test_a_years_budget_in_euros_holds(toy, free):
    money = free.costs.set_index("sector_id")["cost_cents"]
    each = free.tables()["opening_years"]["sector_id"].map(money)
    # the question counts in thousands of euros, rounded up
    budget = int(-(-each.max() // 100_000) + -(-each.min() // 100_000)) * 1000
    plan = _plan(toy, count=3, budget_eur_per_year=budget)
    opened = plan.tables()["opening_years"]
    cents = opened["sector_id"].map(money).groupby(opened["year"]).sum()
    assert len(opened)
    assert (cents <= budget * 100).all()


def test_each_reason_says_its_year_in_both_languages(tight):
    plan, _ = tight
    years = plan.tables()["opening_years"].set_index("sector_id")["year"]
    for lang, words in (("fr", "ouvre en {}"), ("en", "opens in {}")):
        reasons = plan.programme.in_language(lang).set_index("sector_id")["reason"]
        assert all(words.format(year) in reasons[key] for key, year in years.items())


@pytest.mark.parametrize("rule", ["fill", "works"])
def test_the_schedule_follows_the_years(toy, tight, rule):
    _, most = tight
    plan = _plan(toy, count=2, lines_per_year={"region": most}, schedule={"rule": rule})
    years = plan.tables()["opening_years"].set_index("sector_id")["year"]
    built = plan.schedule[plan.schedule["phase"].astype(str) == "2"].set_index("sector_id")["year"]
    assert set(built.index) == set(years.index)
    assert (built >= years.reindex(built.index)).all()
    late = built[built > years.reindex(built.index)]
    told = [f for f in plan.findings if f.rule == "schedule.later_than_chosen"]
    assert bool(told) == bool(len(late))


def test_a_schedule_that_comes_later_is_told(toy, free):
    plan = _plan(
        toy, count=1,
        schedule={"capacity": [
            {"phase": phase, "first_quarter": f"{year}-T1", "lines_per_year": 100_000, "source": "essai"}
            for phase, year in (("1", 2019), ("2", 2024), ("3", 2026))
        ]},
    )  # fmt: skip
    assert (plan.schedule.query("phase == '2'")["year"] >= 2024).all()
    told = [f for f in plan.findings if f.rule == "schedule.later_than_chosen"]
    assert len(told) == 1
    lines = free.tables()["opening_years"]["premises_count"].sum()
    assert str(lines) in told[0].message.say("fr").replace("\u202f", "").replace("\xa0", "")


def test_without_years_there_is_no_year(toy):
    plan = make_plan(toy, Scenario.from_dict({"programme": EXACT}))
    assert "opening_years" not in plan.tables()
    assert dict(plan.programme.years) == {}


def test_rows_in_another_order_give_the_same_years(toy, tight):
    _, most = tight
    shuffled = toy.with_tables(
        sectors=toy.sectors.sample(frac=1, random_state=3),
        ballots=toy.ballots.sample(frac=1, random_state=4),
    )
    one, other = (
        _plan(which, count=2, lines_per_year={"region": most}).tables()["opening_years"]
        for which in (toy, shuffled)
    )
    pd.testing.assert_frame_equal(
        one.sort_values("sector_id", ignore_index=True), other.sort_values("sector_id", ignore_index=True),
        check_categorical=False,
    )  # fmt: skip


def test_years_are_of_the_exact_rule(toy):
    with pytest.raises(RuleError) as caught:
        _plan(toy, rule={"rule": "ranking_within_envelope"})
    assert "exact" in caught.value.remedy.say("fr")


def test_chains_may_cross_epci_on_a_small_territory(toy):
    plan = _plan(toy, rule={"contiguity": "any_epci"}, count=2)
    assert len(plan.tables()["opening_years"])
    assert {f.rule for f in plan.findings}.isdisjoint({"programme.exact_gap"})


def test_an_unknown_place_and_a_year_of_no_sense_are_refused(toy):
    with pytest.raises(RuleError):
        _plan(toy, lines_per_year={"99": 10})
    with pytest.raises(ScenarioError, match=r"programme\.years\.first"):
        Scenario.from_dict({"programme": {**EXACT, "years": {"first": 21}}})


@pytest.fixture
def asked(toy, tight, monkeypatch, tmp_path):
    """A scenario with years on the toy territory, as a file."""
    monkeypatch.setattr("planner.prepare.prepare_territory", lambda *_, **__: toy)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "s.toml"
    path.write_text(
        'name = "jouet"\n[programme]\nrule = "exact"\ncontiguity = "none"\n[programme.years]\n'
        f"first = 2021\ncount = 2\nlines_per_year = {{ region = {tight[1]} }}\n",
        encoding="utf-8",
    )

    def run(command, *options):
        answer = CliRunner().invoke(cli.app, [*command, str(path), *options])
        return answer.exit_code, " ".join(answer.output.split())

    return run


def test_explain_says_the_year_and_what_would_move_it(tight, asked):
    opened = tight[0].tables()["opening_years"].set_index("sector_id")["year"]
    late = next(key for key, year in opened.items() if year == 2022)
    code, said = asked(["explain", late], "--flips")
    assert code == 0, said
    assert "ouvre en 2022" in said
    assert "pas en 2021 : la règle" in said
    assert "pour ouvrir plus tôt : augmenter le plafond" in said
    assert "plus tôt, le meilleur programme changerait" in said
    code, said = asked(["explain", late], "--lang", "en")
    assert code == 0
    assert "not in 2021: the rule 'at most" in said


def test_years_have_their_reasons_as_tables_in_both_languages(tight):
    plan, _ = tight
    french, english = (plan.tables(lang)["year_decisions"] for lang in ("fr", "en"))
    assert set(french["sector_id"]) == set(plan.tables()["opening_years"]["sector_id"])
    assert set(french["rule"]) == {"first", "limit"}
    assert french["reason"].str.contains("pas en 2021").any()
    assert english["reason"].str.contains("not in 2021").any()
    assert set(plan.tables()["decisions"]["sector_id"]) == set(plan.dated.whole.sector_ids)


def test_rules_have_their_price_with_years_and_the_frontier_is_refused(tight, asked, tmp_path):
    code, said = asked(["robustness"])
    assert code == 1
    assert "--only prices" in said
    code, said = asked(["robustness"], "--only", "prices", "--out", str(tmp_path / "out"))
    assert code == 0, said
    priced = read_table(tmp_path / "out" / "rule_prices.csv", "rule_prices").table
    lost = priced.query("rule == 'year_limit' and objective == 'votes'")
    assert lost["words"].tolist() == [f"au plus {tight[1]} lignes (région), chaque année"]
    assert int(lost["price"].iloc[0]) > 0

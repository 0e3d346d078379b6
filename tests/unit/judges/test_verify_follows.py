"""What follows from the tables beside the rules: what binds, criteria, coverage, calendar, names."""

import pandas as pd
import pytest

from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory
from planner.verify import verify_programme

YEARS = {"years": {"first": 2019, "count": 3, "lines_per_year": {"region": 7}}}
ASKED = {
    "any": {"contiguity": "any_epci", "unranked": "allowed", "budget_eur": 17_000},
    "asked": {"contiguity": "any_epci"},
    "within": {"unranked": "allowed", "capacity_lines": {"region": 12, "35": 6}},
    "years": {"contiguity": "any_epci", "unranked": "allowed", **YEARS},
    "years within": {"unranked": "allowed", **YEARS},
}


def scenario(name):
    return Scenario.from_dict({"programme": {"rule": "exact", **ASKED[name]}})


@pytest.fixture(scope="module")
def plans():
    territory = toy_territory()
    envelopes = territory.envelopes.copy()
    envelopes.loc[envelopes["epci_siren"] == "200000003", "amount"] = 12
    territory = territory.with_tables(envelopes=envelopes)
    return {name: make_plan(territory, scenario(name)).tables() for name in ASKED}


def broken(plans, name, table, column, value, where=0):
    frame = plans[name][table].copy()
    frame[column] = frame[column].astype("object")
    frame.loc[frame.index[where], column] = value
    verdict = verify_programme({**plans[name], table: frame}, scenario(name))
    return " | ".join(breach.message.say("fr") for breach in verdict.breaches)


@pytest.mark.parametrize("name", list(ASKED))
def test_a_right_plan_holds(plans, name):
    verdict = verify_programme(plans[name], scenario(name))
    assert verdict.holds, verdict.say()
    rules = set(plans[name]["decisions"]["rule"])
    assert rules - {"chosen"}  # something is out, and says why


@pytest.mark.parametrize("name", list(ASKED))
def test_the_rule_that_binds_and_its_words_are_found_again(plans, name):
    for table in ("decisions", "year_decisions"):
        for at, row in enumerate(plans[name].get(table, pd.DataFrame()).to_dict("records")):
            other = "contiguity" if row["rule"] != "contiguity" else "votes"
            lacks = 1 if pd.isna(row["missing"]) else int(row["missing"]) + 1
            for column, value in (
                ("rule", other), ("place", "ailleurs"), ("missing", lacks),
                ("reason", row["reason"] + " !"),
            ):  # fmt: skip
                told = broken(plans, name, table, column, value, at)
                assert f"table « {table} »" in told or column in told, (table, column, told)


@pytest.mark.parametrize("name", list(ASKED))
def test_the_sentence_of_each_sector_is_found_again(plans, name):
    told = plans[name]["programme"]["reason"].tolist()
    for at, reason in enumerate(told):
        for other in {*told, reason.replace("1", "2")} - {reason}:
            assert "programme" in broken(plans, name, "programme", "reason", other, at)


def test_a_plan_in_english_holds():
    plan = make_plan(toy_territory(), scenario("years"))
    assert verify_programme(plan.tables("en"), scenario("years")).holds


def test_a_year_left_out_or_changed_is_seen(plans):
    years = plans["years"]["year_decisions"]
    for changed in (years.iloc[1:], years.assign(year=years["year"] + 1)):
        tables = {**plans["years"], "year_decisions": changed}
        assert not verify_programme(tables, scenario("years")).holds


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("criteria", "value", 123.0),
        ("criteria", "normalised_ppm", 77),
        ("criteria", "weight_ppm", 1),
        ("coverage", "coverage_rate", 0.123),
        ("coverage", "denominator_count", 1),
        ("coverage", "unassigned_count", 9),
        ("coverage", "stateless_count", 99),
        ("coverage", "nom", "Ailleurs"),
        ("balances", "nom", "Ailleurs"),
        ("balances", "ballot_due", False),
        ("contributions", "nom", "Ailleurs"),
        ("schedule", "quarter", "2012-T1"),
        ("criteria", "unit", "furlong"),
        ("coverage", "referential", "autre"),
        ("coverage", "on", pd.Timestamp("2030-01-01")),
        ("decision_scores", "position", 9),
        ("sector_points", "rule", "points"),
        ("programme_proof", "unit", "m²"),
    ],
)
def test_a_cell_that_others_tell_is_seen_when_it_changes(plans, table, column, value):
    assert broken(plans, "asked", table, column, value)


def test_the_least_lines_of_an_inhabitant_are_counted_again(plans):
    fairness = plans["asked"]["fairness"]
    at = int((fairness["indicator"] == "lines_per_inhabitant").to_numpy().argmax())
    assert "lines_per_inhabitant" in broken(plans, "asked", "fairness", "value", 5.0, at)


def test_a_mark_one_millionth_away_is_seen(plans):
    criteria = plans["asked"]["criteria"]
    inside = criteria["normalised_ppm"].between(1, 999_998) & (criteria["weight_ppm"] > 0)
    at = int(inside.to_numpy().argmax())
    assert inside.iloc[at]
    mark = int(criteria["normalised_ppm"].iloc[at])
    for other in (mark - 1, mark + 1):
        assert "normalised_ppm" in broken(plans, "asked", "criteria", "normalised_ppm", other, at)


@pytest.mark.parametrize("table", ["schedule", "criteria", "coverage", "fairness"])
def test_a_row_left_out_is_seen(plans, table):
    frame = plans["asked"][table]
    # of coverage the rows that others don't add up: those of sectors
    kept = frame["level"] == "sector" if table == "coverage" else frame.iloc[:, 0].notna()
    for at in kept.to_numpy().nonzero()[0]:
        tables = {**plans["asked"], table: frame.drop(frame.index[at])}
        assert not verify_programme(tables, scenario("asked")).holds, at


def test_works_before_the_year_of_opening_are_seen(plans):
    opens = plans["years"]["opening_years"].set_index("sector_id")["year"]
    schedule = plans["years"]["schedule"]
    late = schedule["sector_id"].map(opens)
    at = int((late > late.min()).to_numpy().argmax())
    early = f"{int(late.min())}-T1"
    assert "avant son année" in broken(plans, "years", "schedule", "quarter", early, at)

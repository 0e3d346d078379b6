"""The rule of works in the line: stated, answered, verified, explained, and planned again."""

import dataclasses
import datetime as dt

import pandas as pd
import pytest

from planner.errors import ScenarioError
from planner.explain import explain_place
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.scheduling import feeder_precedence, replan_works, state_works
from planner.schemas import contract
from planner.toy import toy_territory
from planner.verify import verify_programme
from planner.vocab import Level


def asked(**schedule):
    return Scenario.from_dict({"schedule": {"rule": "works", "smooth_share": 0.0} | schedule})


TIGHT = {
    "trades": (
        {"name": "études", "duration_quarters": 1, "lines_per_quarter": 6},
        {"name": "câblage", "duration_quarters": 1, "lines_per_quarter": 6},
    )
}


@pytest.fixture(scope="module")
def tight():
    return make_plan(toy_territory(), asked(**TIGHT))


def test_the_scenario_chooses_and_the_checker_agrees(tight):
    assert len(tight.schedule) == len(tight.territory.sectors)
    assert tight.more["works_proof"]["status"].tolist() == ["optimal"]
    verdict = verify_programme(tight.tables(), tight.scenario)
    assert verdict.holds
    assert verdict.checks["trade"] > 0
    # no more than six lines are ready in a quarter, however they are counted
    assert tight.schedule.groupby("quarter")["premises_count"].sum().max() <= 6
    first = make_plan(toy_territory(), Scenario())
    assert "works" not in first.tables()


def test_a_broken_schedule_is_named(tight):
    table = tight.schedule.copy()
    table["quarter"], table["year"] = "2018-T1", 2018
    verdict = verify_programme({**tight.tables(), "schedule": table}, tight.scenario)
    rules = {breach.rule for breach in verdict.breaches}
    assert {"works_early", "trade"} <= rules
    works = tight.more["works"].assign(fixed_quarter="2031-T1", latest_quarter="2018-T1")
    verdict = verify_programme({**tight.tables(), "works": works}, tight.scenario)
    assert "works_moved" in {breach.rule for breach in verdict.breaches}


def test_each_sector_says_what_holds_it(tight):
    reasons = tight.more["works_reasons"].set_index("sector_id")["binding"]
    assert "trade" in set(reasons)
    for key, binding in reasons.items():
        said = explain_place(tight.tables(), level=Level.SECTOR, code=key)
        assert f"works.reason_{binding}" in {line.key for line in said.lines}
        assert "Calendrier :" in said.say()


def test_deadlines_and_feeders_are_kept_and_strange_ones_told():
    toy = toy_territory()
    sectors = toy.sectors["sector_id"].tolist()
    phase = dict(make_plan(toy, Scenario()).programme.table[["sector_id", "phase"]].to_numpy())
    mine = [key for key in sectors if phase[key] == "3"]
    deadlines = pd.DataFrame({
        "sector_id": [mine[-1], "nowhere"], "latest_quarter": ["2023-T1", "2023-T1"],
        "reason": "délibération", "source": "test",
    })  # fmt: skip
    first = next(key for key in sectors if phase[key] == "1")
    feeders = pd.DataFrame({
        "sector_id": [mine[0], first], "feeder_id": [mine[-1], mine[0]],
        "source": "test", "synthetic": True,
    })  # fmt: skip
    toy = toy.with_tables(works_deadlines=deadlines, feeders=feeders)
    plan = make_plan(toy, asked(**TIGHT, after_quarters=2))
    quarter = plan.schedule.set_index("sector_id")["quarter"]
    assert quarter[mine[-1]] == "2023-T1"
    assert quarter[mine[0]] >= "2023-T3"
    assert verify_programme(plan.tables(), plan.scenario).holds
    told = plan.findings.table("fr")
    assert told.loc[told["rule"] == "works.unknown_deadline", "place"].tolist() == ["nowhere"]
    assert told.loc[told["rule"] == "works.feeder_later", "place"].tolist() == [first]


def test_sectors_wait_for_the_first_one_behind_their_nro():
    frame = pd.DataFrame({"sector_id": ["a", "b", "c", "d"], "phase": ["3", "2", "2", "2"]})
    pm = pd.DataFrame({
        "sector_id": ["d", "c", "b", "a"], "nro_id": ["N2", "N1", "N1", "N1"],
        "feeder_m": [0.0, 100.0, 200.0, 0.0],
    })  # fmt: skip
    assert feeder_precedence(pm, frame) == {"a": "c", "b": "c"}
    assert feeder_precedence(None, frame) == {}


def test_what_is_done_before_comes_off_the_length_of_works(tight):
    key = tight.schedule["sector_id"].iloc[0]
    changes = pd.DataFrame(
        {"sector_id": [key], "on": [pd.Timestamp("2017-12-01")], "stage": ["works"]}
    )
    toy = toy_territory()
    stated, _ = state_works(
        tight.scenario, programme=tight.programme.table, costs=tight.costs, stage_changes=changes,
        deadlines=toy.works_deadlines, done=frozenset(),
    )  # fmt: skip
    assert stated.set_index("sector_id")["done_quarters"].to_dict() == {
        one: int(one == key) for one in toy.sectors["sector_id"]
    }


def test_planned_again_nothing_open_or_under_way_moves(tight):
    before = tight.schedule.set_index("sector_id")["quarter"]
    calendar, changes = replan_works(
        tight.scenario, works=tight.more["works"], schedule=tight.schedule,
        on=dt.date(2019, 2, 1),
    )  # fmt: skip
    after = calendar.table.set_index("sector_id")["quarter"]
    pd.testing.assert_series_equal(after, before.sort_index(), check_dtype=False)
    assert changes.empty
    # trades twice as slow from now on: only what hasn't begun may move, and it does
    slow = {"trades": tuple(t | {"duration_quarters": 2} for t in TIGHT["trades"])}
    calendar, changes = replan_works(
        asked(**slow, capacity=[{"phase": p, "first_quarter": "2018-T1", "lines_per_year": 12}
                                for p in "123"]),
        works=tight.more["works"], schedule=tight.schedule, on=dt.date(2019, 5, 1),
    )  # fmt: skip
    after = calendar.table.set_index("sector_id")["quarter"]
    kept = before[before <= "2020-T1"].index  # four quarters of works, begun by 2019-T2
    assert after[kept].tolist() == before[kept].tolist()
    assert len(after) == len(before)
    assert set(changes["sector_id"]) == {k for k in before.index if before[k] != after[k]}
    contract("works_changes").check(changes)


def test_a_scenario_s_mistakes_are_told():
    with pytest.raises(ScenarioError, match="completeness_years"):
        asked(completeness_years=6)
    with pytest.raises(ScenarioError, match="rule"):
        Scenario.from_dict({"schedule": {"rule": "fast"}})


def test_same_answer_in_any_order_of_rows(tight):
    toy = toy_territory()
    mixed = toy.with_tables(
        sectors=toy.sectors.sample(frac=1, random_state=1),
        sector_shares=toy.sector_shares.sample(frac=1, random_state=2),
    )
    again = make_plan(mixed, dataclasses.replace(tight).scenario)
    pd.testing.assert_frame_equal(again.schedule, tight.schedule)

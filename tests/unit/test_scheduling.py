"""The rule of works in the line: stated, answered, verified, explained, and planned again."""

import dataclasses
import datetime as dt
from importlib import import_module

import pandas as pd
import pytest
from typer.testing import CliRunner

from planner.cli import app
from planner.cli._face import Lang
from planner.cli.plan import _works_summary
from planner.deadlines import deadlines_of
from planner.errors import MissingLayerError, ScenarioError
from planner.explain import explain_place
from planner.export import write_plan
from planner.follow_section import FollowUpSource
from planner.follow_up import freeze_baseline, quarter_end
from planner.plan import make_plan
from planner.replanning import PresentState, observe_present, replan_works
from planner.scenario import Scenario
from planner.scheduling import feeder_precedence, state_works
from planner.schemas import contract
from planner.toy import toy_territory
from planner.verify import verify_programme
from planner.vocab import Level
from planner.works import say_binding


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


def test_what_binds_is_a_sentence_of_the_tables_in_either_language(tight):
    for lang, start in (("fr", "Calendrier :"), ("en", "Schedule:")):
        tables = tight.tables(lang)
        reasons = tables["works_reasons"]
        assert reasons["words"].str.startswith(start).all()
        limits = tables["works_limits"]
        told = [line.say(lang) for line in say_binding(limits, most=len(limits))]
        assert told
        assert sorted(told) == sorted(limits["words"].dropna())
        assert (limits["words"].notna() == (limits["saved_per_unit"] > 0)).all()
        for name in ("works_reasons", "works_limits"):
            contract(name).check(tables[name])
    said = explain_place(
        tight.tables(), level=Level.SECTOR, code=reasons["sector_id"].iloc[0]
    ).say()
    assert tight.tables()["works_reasons"]["words"].iloc[0] in said


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
        present=PresentState(on=dt.date(2019, 2, 1)),
    )  # fmt: skip
    after = calendar.table.set_index("sector_id")["quarter"]
    pd.testing.assert_series_equal(after, before.sort_index(), check_dtype=False)
    assert changes.empty
    # trades twice as slow from now on: only what hasn't begun may move, and it does
    slow = {"trades": tuple(t | {"duration_quarters": 2} for t in TIGHT["trades"])}
    calendar, changes = replan_works(
        asked(**slow, capacity=[{"phase": p, "first_quarter": "2018-T1", "lines_per_year": 12}
                                for p in "123"]),
        works=tight.more["works"], schedule=tight.schedule,
        present=PresentState(on=dt.date(2019, 5, 1)),
    )  # fmt: skip
    after = calendar.table.set_index("sector_id")["quarter"]
    kept = before[before <= "2020-T1"].index  # four quarters of works, begun by 2019-T2
    assert after[kept].tolist() == before[kept].tolist()
    assert len(after) == len(before)
    assert set(changes["sector_id"]) == {k for k in before.index if before[k] != after[k]}
    contract("works_changes").check(changes)


def seen_at(quarter, counts, *, rule="count"):
    """Return progress_actual of one quarter."""
    return pd.DataFrame({
        "sector_id": list(counts), "quarter": quarter, "serviceable_count": list(counts.values()),
        "rule": rule,
    })  # fmt: skip


def test_what_is_observed_stays_and_what_is_late_goes_first(tight):
    works, before = tight.more["works"], tight.schedule.set_index("sector_id")["quarter"]
    lines = works.set_index("sector_id")["premises_count"]
    due = before[before <= "2018-T4"].index.tolist()
    ahead = before[before > "2019-T2"].index.tolist()
    assert len(due) >= 2
    assert ahead
    # the first of those due isn't open, one planned for later is
    counts = {key: int(lines[key]) for key in due[1:]} | {
        due[0]: 0,
        ahead[-1]: int(lines[ahead[-1]]),
    }
    progress = pd.concat([
        seen_at("2018-T3", {due[0]: 0, ahead[-1]: 0}), seen_at("2018-T4", counts)
    ])  # fmt: skip
    present = observe_present(progress, works=works)
    assert present.on == dt.date(2018, 12, 31)
    calendar, changes = replan_works(
        tight.scenario, works=works, schedule=tight.schedule, present=present
    )
    after = calendar.table.set_index("sector_id")["quarter"]
    assert set(after.index) == set(before.index)
    assert after[due[1:]].tolist() == before[due[1:]].tolist()
    assert after[ahead[-1]] == "2018-T4"
    # only what was under way for these quarters opens before it
    sooner = [key for key in after.index if "2018-T4" < after[key] < after[due[0]]]
    assert after[sooner].tolist() == before[sooner].tolist()
    assert after[due[0]] <= "2019-T2"
    assert {due[0], ahead[-1]} <= set(changes["sector_id"])
    told = calendar.findings.table("fr")
    assert told["rule"].tolist() == ["works.late"]
    # capacities of the whole, years already begun included, hold by the independent checker
    again = tight.scenario.model_copy(update={"reference_date": present.on})
    tables = {**tight.tables(), "schedule": calendar.table, **calendar.more}
    tables["coverage"] = tables["coverage"].iloc[:0]  # measured before that day
    breaches = verify_programme(tables, again).breaches
    # but for what is open already, and the coverage that was left out
    aside = {"works_unstated", "missing_table"}
    ours = {(one.rule, one.place[-4:]) for one in breaches if one.rule not in aside}
    assert ours <= {("capacity", "2018")}


def test_a_year_begun_has_only_what_is_left_of_its_ceilings(tight):
    pace = [{"phase": p, "first_quarter": "2018-T1", "lines_per_year": 12} for p in "123"]
    scenario = asked(**TIGHT, capacity=pace)
    plan = make_plan(toy_territory(), scenario)
    for day in (dt.date(2018, 6, 30), dt.date(2019, 3, 31), dt.date(2019, 9, 30)):
        calendar, _ = replan_works(
            scenario, works=plan.more["works"], schedule=plan.schedule,
            present=PresentState(on=day),
        )  # fmt: skip
        table = calendar.table
        assert table.groupby(["phase", "year"])["premises_count"].sum().max() <= 12
        assert len(table) == len(plan.schedule)


def test_counts_spread_over_sectors_begin_nothing(tight):
    works = tight.more["works"]
    key, other = works["sector_id"].iloc[0], works["sector_id"].iloc[1]
    progress = pd.concat([
        seen_at("2018-T1", {key: 1}), seen_at("2018-T1", {other: 1}, rule="pro_rata")
    ])  # fmt: skip
    present = observe_present(progress, works=works)
    assert present.begun == {key}
    assert present.unopened == {key, other}
    with pytest.raises(MissingLayerError):
        observe_present(progress, works=works, on=dt.date(2018, 3, 30))


def test_a_point_made_available_starts_the_clock_of_completeness():
    toy = toy_territory()
    sectors = sorted(toy.sectors["sector_id"])
    areas = pd.DataFrame({
        "sector_id": sectors[:3], "pm_id": ["PM-1", "PM-2", "PM-3"],
        "available_on": pd.to_datetime(["2016-05-10", None, "2009-01-01"]), "source": "test",
        "synthetic": True,
    })  # fmt: skip
    voted = pd.DataFrame({
        "sector_id": [sectors[0], sectors[3]], "latest_quarter": ["2022-T1", "2023-T1"],
        "reason": "délibération", "source": "test",
    })  # fmt: skip
    rules = [
        {"since": "2010-12-14", "years": 5, "source": "a"},
        {"since": "2016-01-01", "years": 3, "source": "b"},
    ]
    scenario = Scenario.from_dict(
        {"schedule": {"rule": "works"}, "follow_up": {"completeness": rules}}
    )
    toy = toy.with_tables(pm_areas=areas, works_deadlines=voted)
    table = deadlines_of(toy, scenario).set_index("sector_id")
    # due on 10 May 2019: over by the end of March; before any rule: no clock
    assert table["latest_quarter"].to_dict() == {sectors[0]: "2019-T1", sectors[3]: "2023-T1"}
    assert table["source"].to_dict() == {sectors[0]: "b", sectors[3]: "test"}
    assert "PM-1" in table.loc[sectors[0], "reason"]
    plan = make_plan(toy, scenario)
    assert plan.more["works"].set_index("sector_id")["latest_quarter"].dropna().to_dict() == {
        key: quarter for key, quarter in table["latest_quarter"].items()
        if key in set(plan.more["works"]["sector_id"])
    }  # fmt: skip


def test_a_deadline_that_can_t_be_met_is_told_and_the_sector_goes_first():
    toy = toy_territory()
    phase = dict(make_plan(toy, Scenario()).programme.table[["sector_id", "phase"]].to_numpy())
    key = max(key for key, one in phase.items() if one == "2")
    deadlines = pd.DataFrame({
        "sector_id": [key], "latest_quarter": ["2018-T1"], "reason": "délibération",
        "source": "test",
    })  # fmt: skip
    plan = make_plan(toy.with_tables(works_deadlines=deadlines), asked(**TIGHT))
    quarter = plan.schedule.set_index("sector_id")["quarter"]
    second = [one for one in quarter.index if phase[one] == "2"]
    assert quarter[key] == quarter[second].min()
    told = plan.findings.table("fr").set_index("rule").loc["works.deadline_missed"]
    assert told["place"] == key
    assert "2018-T1" in told["message"]
    assert quarter[key] in told["message"]
    assert len(plan.schedule) == len(make_plan(toy, asked(**TIGHT)).schedule)


@pytest.fixture(scope="module")
def due():
    """Works with a deadline held, one missed, one of nowhere."""
    toy = toy_territory()
    phase = dict(make_plan(toy, Scenario()).programme.table[["sector_id", "phase"]].to_numpy())
    second = max(key for key, one in phase.items() if one == "2")
    third = max(key for key, one in phase.items() if one == "3")
    deadlines = pd.DataFrame({
        "sector_id": [second, third, "nowhere"],
        "latest_quarter": ["2018-T1", "2023-T1", "2023-T1"], "reason": "délibération",
        "source": "test",
    })  # fmt: skip
    return toy.with_tables(works_deadlines=deadlines), second, third


def test_each_deadline_has_its_outcome_in_a_table(due):
    toy, second, third = due
    plan = make_plan(toy, asked(**TIGHT))
    tables = plan.tables()
    rows = tables["deadline_outcomes"].set_index("sector_id")
    contract("deadline_outcomes").check(tables["deadline_outcomes"])
    assert rows["outcome"].to_dict() == {second: "missed", third: "held", "nowhere": "unknown"}
    assert rows["latest_quarter"].to_dict() == {
        second: "2018-T1", third: "2023-T1", "nowhere": "2023-T1",
    }  # fmt: skip
    quarter = plan.schedule.set_index("sector_id")["quarter"]
    assert rows.loc[[second, third], "quarter"].tolist() == quarter[[second, third]].tolist()
    assert pd.isna(rows.loc["nowhere", "quarter"])
    assert verify_programme(tables, plan.scenario).holds


def test_a_deadline_that_is_altered_dropped_or_untold_is_seen(due):
    toy, second, third = due
    plan = make_plan(toy, asked(**TIGHT))
    tables = plan.tables()

    def told(name, table):
        return {
            (one.rule, one.place)
            for one in verify_programme({**tables, name: table}, plan.scenario).breaches
        }

    rows = tables["deadline_outcomes"]
    for column, value in (
        ("latest_quarter", "2031-T1"), ("quarter", "2018-T1"), ("outcome", "held"),
    ):  # fmt: skip
        wrong = rows.assign(**{column: rows[column].mask(rows["sector_id"] == second, value)})
        assert ("cell", second) in told("deadline_outcomes", wrong)
    assert ("missing_row", third) in told("deadline_outcomes", rows[rows["sector_id"] != third])
    works = tables["works"]
    late = works["latest_quarter"].astype("object").mask(works["sector_id"] == third, "2031-T1")
    assert ("cell", third) in told("works", works.assign(latest_quarter=late))
    found = tables["findings"]
    quiet = found[found["rule"] != "works.deadline_missed"]
    assert ("deadline_untold", second) in told("findings", quiet)
    loud = found.assign(place=found["place"].mask(found["rule"] == "works.deadline_missed", third))
    assert ("deadline_told", third) in told("findings", loud)
    asked_more = pd.DataFrame(tables["works_deadlines"]).assign(latest_quarter="2017-T1")
    assert ("cell", third) in told("works_deadlines", asked_more)
    late = tables["schedule"]
    moved = late.assign(quarter=late["quarter"].mask(late["sector_id"] == third, "2029-T1"))
    assert ("cell", third) in told("schedule", moved)


def test_a_schedule_that_looks_at_no_deadline_tells_those_that_it_passes(due):
    toy, second, third = due
    early = toy.works_deadlines.assign(latest_quarter="2017-T1")
    plan = make_plan(toy.with_tables(works_deadlines=early), Scenario())
    rows = plan.tables()["deadline_outcomes"].set_index("sector_id")["outcome"]
    assert rows.to_dict() == {second: "missed", third: "missed", "nowhere": "unknown"}
    told = plan.findings.table()
    passed = told[told["rule"] == "works.deadline_passed"].set_index("place")["message"]
    assert set(passed.index) == {second, third}
    name = toy.sectors.set_index("sector_id")["nom"][second]
    assert f"du secteur {second} ({name}) n'est pas tenue" in passed[second]
    assert told.loc[told["rule"] == "works.unknown_deadline", "place"].tolist() == ["nowhere"]
    assert verify_programme(plan.tables(), plan.scenario).holds


@pytest.mark.parametrize("day", ["2016-05-10", "2016-03-31", "2016-12-31", "2016-02-29",
                                 "2016-01-01", "2016-06-30", "2016-09-29"])  # fmt: skip
def test_what_completeness_asks_is_counted_again(day):
    toy = toy_territory()
    areas = pd.DataFrame({
        "sector_id": sorted(toy.sectors["sector_id"])[-1:], "pm_id": ["PM-1"],
        "available_on": pd.to_datetime([day]), "source": "test", "synthetic": True,
    })  # fmt: skip
    plan = make_plan(toy.with_tables(pm_areas=areas), asked(**TIGHT))
    assert len(plan.tables()["deadline_outcomes"]) == 1
    assert verify_programme(plan.tables(), plan.scenario).holds


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


def test_replanned_from_what_a_follow_up_observed_by_the_command(tmp_path):
    adopted, seen, out = tmp_path / "adopted", tmp_path / "seen", tmp_path / "out"
    plan = make_plan(toy_territory(), asked(**TIGHT))
    write_plan(plan, adopted)
    before = plan.schedule.set_index("sector_id")["quarter"]
    last = "2019-T1"
    late = before[before <= last].index[-1]
    # the states delivered: all premises of what was due are serviceable, but for one sector
    toy = toy_territory()
    where = toy.premises.set_index("premise_id")["sector_id"].astype(str)
    states = pd.DataFrame([
        {"premise_id": key, "on": quarter_end(before[sector]),
         "state": "in_progress" if sector == late else "serviceable"}
        for key, sector in where.items()
        if before[sector] <= last
    ])  # fmt: skip
    states["on"] = pd.to_datetime(states["on"]).astype(toy.state_changes["on"].dtype)
    toy = toy.with_tables(state_changes=states)
    followed = asked(**TIGHT).model_copy(
        update={"follow_up": FollowUpSource(source="files"), "reference_date": dt.date(2019, 3, 31)}
    )
    promised = freeze_baseline(plan.schedule, toy.sectors)
    write_plan(make_plan(toy.with_tables(baseline=promised), followed), seen)
    run = CliRunner().invoke(
        app, ["schedule", str(adopted), "--observed", str(seen), "--out", str(out)]
    )
    assert run.exit_code == 0, run.output
    assert "secteurs promis d'ici à 2019-T1 et non ouverts : 1 ;" in " ".join(run.output.split())
    after = pd.read_csv(out / "schedule.csv", dtype=str).set_index("sector_id")["quarter"]
    assert set(after.index) == set(before.index)
    assert after[late] > last
    kept = [key for key in before.index if key != late and before[key] <= last]
    assert kept
    assert after[kept].tolist() == before[kept].tolist()
    changes = pd.read_csv(out / "works_changes.csv", dtype=str).set_index("sector_id")
    assert changes.loc[late, ["quarter_before", "quarter_after"]].tolist() == [
        before[late], after[late]
    ]  # fmt: skip
    # a folder that observes nothing is refused, with what to do
    run = CliRunner().invoke(app, ["schedule", str(adopted), "--observed", str(adopted)])
    assert run.exit_code == 1


def test_the_command_of_figures_draws_the_calendar_too(tight, tmp_path, monkeypatch):
    monkeypatch.setattr(import_module("planner.cli.figures"), "answer_scenario", lambda *_: tight)
    run = CliRunner().invoke(
        app, ["figures", "--out", str(tmp_path), "--format", "svg", "--no-poster"]
    )
    assert run.exit_code == 0, run.output
    drawn = {path.name for path in tmp_path.glob("*.svg")}
    assert {"calendrier-epci.svg", "courbe-en-s.svg"} < drawn
    assert not list(tmp_path.glob("*.png"))
    assert "synthétique" in (tmp_path / "courbe-en-s.svg").read_text(encoding="utf-8").lower()


def test_the_plan_s_command_says_what_holds_the_calendar(tight):
    said = _works_summary(tight.tables(), Lang.FR)
    assert said[0].startswith("Calendrier des travaux à 0,0\u202f% au plus du meilleur possible")
    assert any("études" in line or "câblage" in line for line in said[1:])
    assert _works_summary({}, Lang.FR) == []

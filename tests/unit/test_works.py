"""The schedule of works: against every possible schedule, and the laws it must keep."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import ContractError, RuleError
from planner.schemas import contract
from planner.works import PhasePace, Trade, WorksRules, plan_works
from planner.works._rules import quarter_index, quarter_name

FIRST = "2019-T3"


def works_of(rows):
    """Rows: lines, cents, priority, after, earliest, latest, fixed."""
    names = ("premises_count", "cost_cents", "priority", "after_sector_id", "earliest_quarter",
             "latest_quarter", "fixed_quarter")  # fmt: skip
    frame = pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows], columns=names)
    frame.insert(0, "sector_id", [f"S{i}" for i in range(len(rows))])
    frame.insert(1, "phase", "2")
    frame["done_quarters"] = 0
    for name in names[3:]:
        frame[name] = frame[name].astype("object")
    return frame.astype({"premises_count": "int64", "cost_cents": "int64", "priority": float})


def rules_of(**more):
    return WorksRules(**{
        "first_quarter": FIRST, "quarters_count": 6,
        "trades": (
            Trade(name="studies", duration_quarters=1, lines_per_quarter=7),
            Trade(name="civil works", duration_quarters=2, lines_per_quarter=5),
        ),
        "cents_by_year": ((2019, 900), (2020, 1500), (2021, 2000)), "after_quarters": 1,
    } | more)  # fmt: skip


def loads(works, rules, opening):
    """Lines of each trade and quarter, cents of each year, counted sector by sector."""
    load, spent = {}, {}
    for row in works.itertuples():
        end = opening[row.sector_id]
        for trade in reversed(rules.trades):
            for quarter in range(end - trade.duration_quarters + 1, end + 1):
                key = trade.name, quarter
                load[key] = load.get(key, 0) + row.premises_count / trade.duration_quarters
            end -= trade.duration_quarters
        year = (4 * 2019 + 2 + opening[row.sector_id]) // 4
        spent[year] = spent.get(year, 0) + row.cost_cents
    return load, spent


def keeps_paces(works, rules, opening):
    """Count each phase and year apart; a phase without a pace opens nothing."""
    sums = {}
    for row in works.itertuples():
        quarter = quarter_name(opening[row.sector_id], first=FIRST)
        paces = [p for p in rules.paces if p.phase == row.phase]
        if not any(
            p.first_quarter <= quarter and (p.last_quarter is None or quarter <= p.last_quarter)
            for p in paces
        ):
            return False
        lines, cents = sums.get((row.phase, quarter[:4]), (0, 0))
        sums[row.phase, quarter[:4]] = lines + row.premises_count, cents + row.cost_cents
    return all(
        (pace.lines_per_year is None or lines <= pace.lines_per_year)
        and (pace.cents_per_year is None or cents <= pace.cents_per_year)
        for (phase, _), (lines, cents) in sums.items()
        for pace in rules.paces
        if pace.phase == phase
    )


def keeps_all(works, rules, opening):
    load, spent = loads(works, rules, opening)
    most = {trade.name: trade.lines_per_quarter for trade in rules.trades}
    # what was done before the horizon is nobody's load any more
    if any(lines > most[name] + 1e-9 for (name, at), lines in load.items() if at >= 0):
        return False
    if rules.paces and not keeps_paces(works, rules, opening):
        return False
    ceilings = dict(rules.cents_by_year)
    if any(cents > ceilings.get(year, np.inf) for year, cents in spent.items()):
        return False
    for row in works.itertuples():
        mine = opening[row.sector_id]
        if isinstance(row.earliest_quarter, str) and mine < quarter_index(
            row.earliest_quarter, first=FIRST
        ):
            return False
        if isinstance(row.latest_quarter, str) and mine > quarter_index(
            row.latest_quarter, first=FIRST
        ):
            return False
        if mine < rules.duration_quarters - 1 - row.done_quarters:
            return False
        if row.after_sector_id in opening:
            lag = mine - opening[row.after_sector_id]
            longest = np.inf if rules.within_quarters is None else rules.within_quarters
            if not rules.after_quarters <= lag <= longest:
                return False
    return True


def least_delay(works, rules):
    weight = (works["premises_count"] * works["priority"]).tolist()
    values = [
        sum(w * t for w, t in zip(weight, quarters, strict=True))
        for quarters in itertools.product(range(rules.quarters_count), repeat=len(works))
        if keeps_all(works, rules, dict(zip(works["sector_id"], quarters, strict=True)))
    ]
    return min(values, default=None)


def openings(result):
    table = result.table
    numbers = [quarter_index(q, first=FIRST) for q in table["quarter"]]
    return dict(zip(table["sector_id"], numbers, strict=True))


@st.composite
def small_works(draw):
    count = draw(st.integers(1, 4))
    return works_of([
        (
            draw(st.integers(1, 8)), draw(st.integers(0, 900)), draw(st.sampled_from([0.5, 1, 3])),
            draw(st.sampled_from([None, *(f"S{j}" for j in range(i))])),
            draw(st.sampled_from([None, None, "2020-T2"])),
            draw(st.sampled_from([None, None, "2020-T4"])), None,
        )
        for i in range(count)
    ]).assign(
        phase=[draw(st.sampled_from("12")) for _ in range(count)],
        done_quarters=[draw(st.sampled_from([0, 0, 2])) for _ in range(count)],
    )  # fmt: skip


PACES = (
    PhasePace(phase="1", first_quarter="2019-T3", last_quarter="2020-T3", lines_per_year=9),
    PhasePace(phase="2", first_quarter="2020-T2", lines_per_year=12, cents_per_year=1200),
)


@settings(max_examples=12, deadline=None)
@given(
    works=small_works(), within=st.sampled_from([None, 1, 2]), paces=st.sampled_from([(), PACES]),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_no_schedule_is_better_and_every_rule_is_kept(works, within, paces, seed):
    rules = rules_of(within_quarters=within, paces=paces)
    result = plan_works(works=works, rules=rules)
    least = least_delay(works, rules)
    if least is None:
        assert result.status == "incomplete"
        assert len(result.findings.items) == len(works) - len(result.table)
        if result.bound is not None:  # the others are all placed, and none better
            placed = works[works["sector_id"].isin(result.table["sector_id"])]
            assert result.value == pytest.approx(least_delay(placed, rules))
    else:
        assert result.status == "optimal"
        assert result.value == pytest.approx(least)
        assert keeps_all(works, rules, openings(result))
    again = plan_works(works=works.sample(frac=1, random_state=seed), rules=rules)
    pd.testing.assert_frame_equal(again.table, result.table)


@settings(max_examples=6, deadline=None)
@given(works=small_works(), more=st.integers(1, 6))
def test_more_capacity_never_delays(works, more):
    before = plan_works(works=works, rules=rules_of())
    trades = tuple(
        Trade(name=t.name, duration_quarters=t.duration_quarters,
              lines_per_quarter=t.lines_per_quarter + more)
        for t in rules_of().trades
    )  # fmt: skip
    after = plan_works(works=works, rules=rules_of(trades=trades))
    if before.status == "optimal":
        assert after.value <= before.value + 1e-6


def some_region(count=120):
    rng = np.random.default_rng(7)
    return works_of([
        (
            int(rng.integers(1, 6)), int(rng.integers(10, 90)), float(rng.integers(1, 4)),
            None if i < 10 or rng.random() < 0.3 else f"S{rng.integers(0, i)}",
            None, "2023-T2" if rng.random() < 0.05 else None, None,
        )
        for i in range(count)
    ])  # fmt: skip


def region_rules():
    trades = (
        Trade(name="studies", duration_quarters=1, lines_per_quarter=22),
        Trade(name="civil works", duration_quarters=2, lines_per_quarter=20),
    )
    years = tuple((year, 1_500) for year in range(2019, 2027))
    return rules_of(quarters_count=28, trades=trades, cents_by_year=years)


@pytest.fixture(scope="module")
def region():
    return plan_works(works=some_region(), rules=region_rules())


def test_too_large_for_proof_it_keeps_every_rule_and_states_its_gap(region):
    works, rules = some_region(), region_rules()
    assert region.status == "feasible"
    assert keeps_all(works, rules, openings(region))
    assert 0 <= region.gap_share < 0.01
    assert region.bound <= region.value
    contract("schedule").check(region.table)


def test_loads_are_those_counted_sector_by_sector(region):
    load, spent = loads(some_region(), region_rules(), openings(region))
    for row in region.limits.itertuples():
        if row.kind == "budget":
            expected = spent.get(int(row.place), 0)
        else:
            expected = load.get((row.kind, quarter_index(row.place, first=FIRST)), 0)
        assert row.used_amount == pytest.approx(expected)


def test_a_quarter_earlier_breaks_what_is_said_to_bind(region):
    works, rules, opening = some_region(), region_rules(), openings(region)
    said = region.reasons.set_index("sector_id")
    assert set(said["binding"]) <= {"earliest", "precedence", "trade", "budget"}
    assert set(said["binding"]) >= {"precedence", "trade"}
    for key in said.index[::7]:
        assert not keeps_all(works, rules, opening | {key: opening[key] - 1})
    for row in said[said["binding"] == "precedence"].itertuples():
        assert opening[row.Index] == opening[row.after_sector_id] + rules.after_quarters


def test_a_steadier_load_costs_no_more_delay_than_was_given(region):
    works, rules = some_region(), rules_of(**(vars(region_rules()) | {"smooth_share": 0.01}))
    steady = plan_works(works=works, rules=rules)
    assert keeps_all(works, rules, openings(steady))
    assert steady.load_change_share < steady.load_change_before
    assert steady.load_change_before == pytest.approx(region.load_change_share)
    assert region.value < steady.value <= region.value * 1.01
    assert "smoothing" in set(steady.reasons["binding"])
    assert steady.bound == pytest.approx(region.bound)


def test_works_that_have_begun_are_not_put_off_for_a_steadier_load():
    works = some_region().assign(done_quarters=0, after_sector_id=None)
    begun = works.index[:8]
    works.loc[begun, "done_quarters"] = 2  # of three: studies, and a quarter of civil works
    works["after_sector_id"] = works["after_sector_id"].astype("object")
    rules = region_rules()
    steady = rules_of(**(vars(rules) | {"smooth_share": 0.05}))
    before, after = (openings(plan_works(works=works, rules=r)) for r in (rules, steady))
    keys = works.loc[begun, "sector_id"]
    assert [after[key] for key in keys] == [before[key] for key in keys]
    assert before != after


def test_all_sectors_behind_one_another_still_have_a_near_bound():
    works = some_region(60)
    works["after_sector_id"] = [None, *(f"S{i // 2}" for i in range(59))]
    result = plan_works(works=works, rules=region_rules())
    assert keeps_all(works, region_rules(), openings(result))
    assert result.gap_share < 0.01


def test_it_says_what_binds_in_both_languages(region):
    said = region.binding(most=2)
    assert len(said) == 2
    assert "1 % de" in said[0].say()
    assert "1% more" in said[0].say("en")


def test_what_is_under_way_is_not_moved(region):
    works = some_region()
    quarter = region.table.set_index("sector_id")["quarter"]
    begun = works["sector_id"].map(quarter)
    works["fixed_quarter"] = begun.where(begun <= "2021-T1", None).astype("object")
    works.loc[119, "fixed_quarter"] = "2020-T4"
    again = plan_works(works=works, rules=region_rules())
    now = again.table.set_index("sector_id")["quarter"]
    fixed = works.set_index("sector_id")["fixed_quarter"].dropna()
    assert len(fixed) > 10
    assert now.loc[fixed.index].tolist() == fixed.tolist()


def test_a_circle_and_contradictory_rules_are_refused():
    circle = works_of([(1, 1, 1, "S1", None, None, None), (1, 1, 1, "S0", None, None, None)])
    with pytest.raises(RuleError, match="S0"):
        plan_works(works=circle, rules=rules_of())
    with pytest.raises(RuleError):
        plan_works(works=circle, rules=rules_of(within_quarters=0))
    with pytest.raises(ContractError):
        plan_works(works=circle.drop(columns="priority"), rules=rules_of())


def test_nothing_to_build_is_an_answer():
    result = plan_works(works=works_of([]), rules=rules_of())
    assert (result.status, result.value, result.gap_share) == ("optimal", 0.0, 0.0)

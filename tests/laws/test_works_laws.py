"""Laws of the works' schedule on random regions too large for proof, counted sector by sector."""

from collections import defaultdict

import numpy as np
import pandas as pd
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from planner.works import PhasePace, Trade, WorksRules, plan_works, spread_evenly
from planner.works._rules import quarter_index

FIRST = "2019-T1"
QUARTERS = 40
TRADES = (
    Trade(name="studies", duration_quarters=2, lines_per_quarter=260),
    Trade(name="cabling", duration_quarters=1, lines_per_quarter=240),
)
PACES = (
    PhasePace(phase="1", first_quarter=FIRST, last_quarter="2022-T4", lines_per_year=500,
              cents_per_year=70_000),
    PhasePace(phase="2", first_quarter="2020-T1", lines_per_year=600, cents_per_year=90_000),
)  # fmt: skip


@st.composite
def regions(draw):
    """Return some forty sectors of two phases that wait for each other, some of them under way."""
    count, seed = draw(st.integers(15, 40)), draw(st.integers(0, 10_000))
    random = np.random.default_rng(seed)
    phase = np.sort(random.choice(["1", "2"], count))
    waits = [
        None if i == 0 or random.random() < 0.6 else f"S{random.integers(0, i):02}"
        for i in range(count)
    ]
    late = [f"{random.integers(2021, 2027)}-T4" if random.random() < 0.1 else None for _ in phase]
    under_way = ["2019-T3" if random.random() < 0.06 else None for _ in phase]
    frame = pd.DataFrame({
        "sector_id": [f"S{i:02}" for i in range(count)], "phase": phase,
        "premises_count": random.integers(5, 90, count),
        "cost_cents": random.integers(500, 12_000, count),
        "priority": random.choice([1.0, 1.5, 2.0], count), "after_sector_id": waits,
        "earliest_quarter": None, "latest_quarter": late, "done_quarters": 0,
        "fixed_quarter": under_way,
    })  # fmt: skip
    names = ("after_sector_id", "earliest_quarter", "latest_quarter", "fixed_quarter")
    return frame.astype(dict.fromkeys(names, "object"))


def asked(within, smooth_share):
    return WorksRules(
        first_quarter=FIRST, quarters_count=QUARTERS, trades=TRADES, paces=PACES,
        after_quarters=1, within_quarters=within, smooth_share=smooth_share, exact_cells=0,
    )  # fmt: skip


def charged(row, quarter, trades):
    """Yield what one sector that opens then weighs on, and by how much."""
    yield ("lines", row.phase, quarter[:4]), row.premises_count
    yield ("cents", row.phase, quarter[:4]), row.cost_cents
    yield ("quarter", row.phase, quarter), row.premises_count
    end = quarter_index(quarter, first=FIRST)
    for trade in reversed(trades):
        for one in range(max(end - trade.duration_quarters + 1, 0), end + 1):
            yield (trade.name, "", one), row.premises_count / trade.duration_quarters
        end -= trade.duration_quarters


def over(works, rules, opens):
    """Yield each ceiling that is passed, counted from the rows alone."""
    sums, moved = defaultdict(int), defaultdict(int)
    for row in works.itertuples():
        for key, amount in charged(row, opens[row.sector_id], rules.trades):
            sums[key] += amount
            # what is under way stays, whatever it takes
            moved[key] += amount if isinstance(row.fixed_quarter, str) else 0
    most = {(trade.name, ""): trade.lines_per_quarter for trade in rules.trades}
    for pace in rules.paces:
        most |= {
            ("lines", pace.phase): pace.lines_per_year, ("cents", pace.phase): pace.cents_per_year,
            ("quarter", pace.phase): pace.lines_per_quarter,
        }  # fmt: skip
    for key, amount in sums.items():
        ceiling = most[key[:2]]
        if ceiling is not None and amount > max(ceiling, moved[key]) + 1e-6:
            yield key, amount


def untimely(row, opens, rules):
    """Yield what one sector's quarter breaks of dates and precedence."""
    quarter = opens[row.sector_id]
    if isinstance(row.fixed_quarter, str):
        if quarter != row.fixed_quarter:
            yield "moved", row.sector_id
        return
    at = quarter_index(quarter, first=FIRST)
    pace = next(p for p in rules.paces if p.phase == row.phase)
    if not pace.first_quarter <= quarter <= (pace.last_quarter or "9999"):
        yield "phase", row.sector_id
    if at < rules.duration_quarters - 1:
        yield "early", row.sector_id
    if isinstance(row.latest_quarter, str) and quarter > row.latest_quarter:
        yield "late", row.sector_id
    if isinstance(row.after_sector_id, str):
        before = opens.get(row.after_sector_id)
        lag = -1 if before is None else at - quarter_index(before, first=FIRST)
        if not rules.after_quarters <= lag <= (rules.within_quarters or QUARTERS):
            yield "lag", row.sector_id


def broken(works, rules, table):
    """Return each rule that a schedule breaks."""
    opens = dict(zip(table["sector_id"], table["quarter"], strict=True))
    placed = works[works["sector_id"].isin(opens)]
    dates = [breach for row in placed.itertuples() for breach in untimely(row, opens, rules)]
    return [*over(placed, rules, opens), *dates]


# found cases aren't shrunk: each costs a second
@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    works=regions(), within=st.sampled_from([None, 8]), smooth_share=st.sampled_from([0.0, 0.02]),
    even=st.sampled_from([None, 0.3]), seed=st.integers(0, 99),
)  # fmt: skip
def test_ceilings_precedence_and_dates_hold_and_order_does_not_matter(
    works, within, smooth_share, even, seed
):
    rules = asked(within, smooth_share)
    if even is not None:
        rules = spread_evenly(works, rules, share=even)
    result = plan_works(works=works, rules=rules)
    assert broken(works, rules, result.table) == []
    assert len(result.table) + len(result.findings.items) == len(works)
    if result.bound is not None:
        assert result.bound <= result.value
    mixed = works.sample(frac=1, random_state=seed)
    again_rules = (
        rules if even is None else spread_evenly(mixed, asked(within, smooth_share), share=even)
    )
    assert again_rules == rules
    again = plan_works(works=mixed, rules=again_rules)
    pd.testing.assert_frame_equal(again.table, result.table)
    pd.testing.assert_frame_equal(again.limits, result.limits)
    pd.testing.assert_frame_equal(again.reasons, result.reasons)


@settings(max_examples=15, deadline=None)
@given(works=regions(), share=st.sampled_from([0.25, 0.27, 0.4]))
def test_an_even_pace_has_room_for_all_that_flows_and_for_the_largest_sector(works, share):
    rules = spread_evenly(works, asked(None, 0.0), share=share)
    for pace in rules.paces:
        mine = works.loc[works["phase"] == pace.phase, "premises_count"]
        if pace.lines_per_quarter is not None:
            least = max(share * pace.lines_per_year, mine.max() if len(mine) else 0)
            assert least - 1e-6 <= pace.lines_per_quarter < pace.lines_per_year
    # an open end always has time enough, so the second phase is held as asked
    second = next(pace for pace in rules.paces if pace.phase == "2")
    mine = works.loc[works["phase"] == "2", "premises_count"]
    assert second.lines_per_quarter == max(
        int(np.ceil(share * second.lines_per_year)), int(mine.max()) if len(mine) else 0
    )

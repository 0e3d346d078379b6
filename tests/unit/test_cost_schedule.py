"""Costs by density class, and quarters that never exceed their year."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.cost import estimate_cost
from planner.errors import RuleError
from planner.schedule import Capacity, quarter_after, schedule_works
from planner.vocab import Phase


def book(edges=(0, 50, 200), cents=(300_000, 200_000, 100_000), valid="2017-01-01"):
    return pd.DataFrame(
        {
            "density_class": ["sparse", "intermediate", "dense"][: len(edges)],
            "density_min_per_km2": np.array(edges, dtype=float),
            "density_max_per_km2": np.array([*edges[1:], np.nan], dtype=float),
            "cost_cents_per_premise": list(cents)[: len(edges)],
            "valid_from": pd.to_datetime(valid),
            "source": "test",
            "synthetic": True,
        }
    )


def squares(counts, side_m=2_000.0):
    return gpd.GeoDataFrame(
        {"sector_id": [f"s{i}" for i in range(len(counts))], "premises_count": counts},
        geometry=[shapely.box(0, 0, side_m, side_m)] * len(counts),
        crs="EPSG:2154",
    )


def test_the_lower_bound_of_a_class_is_included():
    costs = estimate_cost(squares([199, 200, 800]), prices=book(), on=dt.date(2018, 1, 1))
    assert costs["density_per_km2"].tolist() == [49.8, 50.0, 200.0]
    assert costs["density_class"].tolist() == ["sparse", "intermediate", "dense"]
    assert costs["cost_cents"].tolist() == [199 * 300_000, 200 * 200_000, 800 * 100_000]


def test_a_book_with_a_hole_is_refused():
    broken = book().assign(density_min_per_km2=[0.0, 60.0, 200.0])
    with pytest.raises(RuleError, match="trou"):
        estimate_cost(squares([10]), prices=broken, on=dt.date(2018, 1, 1))


def test_a_book_of_tomorrow_is_refused():
    with pytest.raises(RuleError, match="pas encore valable"):
        estimate_cost(squares([10]), prices=book(), on=dt.date(2016, 12, 31))


def plan(counts, phase="2", rank=None, cents=100):
    ids = [f"s{i}" for i in range(len(counts))]
    programme = pd.DataFrame({"sector_id": ids, "phase": phase, "epci_siren": "200000001"})
    programme["tranche"] = pd.array([None] * len(ids), dtype="Int64")
    programme["rank"] = pd.array(rank or range(1, len(ids) + 1), dtype="Int64")
    sectors = pd.DataFrame({"sector_id": ids, "zone_id": pd.Series([None] * len(ids), dtype="str")})
    costs = pd.DataFrame({"sector_id": ids, "premises_count": counts, "unit_cost_cents": cents})
    costs["cost_cents"] = costs["premises_count"] * cents
    return {"programme": programme, "sectors": sectors, "costs": costs}


def test_quarters_release_a_fourth_of_the_year_each():
    capacity = (Capacity(phase=Phase.PHASE_2, first_quarter="2019-T1", lines_per_year=400),)
    table, findings = schedule_works(**plan([100, 100, 60, 150, 40, 50]), capacity=capacity)
    assert table["quarter"].tolist() == [
        "2019-T1",  # 100 of 100
        "2019-T2",  # 200 of 200
        "2019-T3",  # 260 of 300; s3 waits for its 150, s4 takes the 40 left
        "2020-T2",  # 150 don't fit what 2019 has left (50 or 100)
        "2019-T3",
        "2019-T4",
    ]
    assert len(findings) == 0


def test_what_no_year_can_hold_is_reported():
    capacity = (Capacity(phase=Phase.PHASE_2, first_quarter="2019-T1", lines_per_year=400),)
    table, findings = schedule_works(**plan([401, 10]), capacity=capacity)
    assert table["sector_id"].tolist() == ["s1"]
    assert [(f.rule, f.place) for f in findings] == [("schedule.unscheduled", "s0")]


def test_open_sectors_need_no_works():
    capacity = (Capacity(phase=Phase.PHASE_2, first_quarter="2019-T1", lines_per_year=400),)
    table, _ = schedule_works(**plan([10, 10]), capacity=capacity, done=frozenset({"s0"}))
    assert table["sector_id"].tolist() == ["s1"]


@pytest.mark.parametrize(("quarter", "following"), [("2019-T1", "2019-T2"), ("2019-T4", "2020-T1")])
def test_quarters_follow_each_other(quarter, following):
    assert quarter_after(quarter) == following


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(1, 300), min_size=1, max_size=30),
    lines=st.integers(100, 900),
    cents=st.integers(5_000, 90_000),
)
def test_no_year_is_above_its_capacity_or_budget(counts, lines, cents):
    capacity = (
        Capacity(
            phase=Phase.PHASE_2, first_quarter="2019-T2", last_quarter="2021-T1",
            lines_per_year=lines, cents_per_year=cents,
        ),
    )  # fmt: skip
    table, findings = schedule_works(**plan(counts), capacity=capacity)
    years = table.groupby("year")
    assert (years["premises_count"].sum() <= lines).all()
    assert (years["cost_cents"].sum() <= cents).all()
    assert len(table) + len(findings) == len(counts)
    assert table["quarter"].between("2019-T2", "2021-T1").all()

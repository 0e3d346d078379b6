"""Poles of a network, counted again one by one on small graphs."""

import datetime as dt
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.engineering import read_works
from planner.errors import RuleError
from planner.network import compare_phasing, design_network, know_poles, lay_ways
from planner.scenario import Scenario
from planner.schemas import contract
from planner.supports import open_books

ON = dt.date(2018, 1, 1)
COUNTS = ("poles_used_count", "poles_new_count", "poles_replaced_count", "poles_reinforced_count")
ITEMS = ("pole_new", "pole_replaced", "pole_reinforced")


def ratios(spacing=40.0, replaced=0.1, reinforced=0.05):
    rows = [("pole_spacing_m", spacing), ("pole_replaced_share", replaced),
            ("pole_reinforced_share", reinforced)]  # fmt: skip
    return pd.DataFrame(
        [(name, value, pd.Timestamp("2017-01-01"), "test", True) for name, value in rows],
        columns=["ratio", "value", "valid_from", "source", "synthetic"],
    ).astype({"valid_from": "datetime64[s]"})


def ways_of(*runs, spacing_m=None):
    table = gpd.GeoDataFrame(
        {"edge_id": [f"e{k}" for k in range(len(runs))], "laying": [laying for laying, _ in runs]},
        geometry=[shapely.LineString(line) for _, line in runs], crs="EPSG:2154",
    )  # fmt: skip
    return lay_ways(table, spacing_m=spacing_m, synthetic=False)


def houses(*spots, sectors=None):
    sectors = sectors or ["A"] * len(spots)
    return pd.DataFrame(
        {"premise_id": [f"h{k:02d}" for k in range(len(spots))], "sector_id": sectors,
         "premises_min": 1, "x_m": [x for x, _ in spots], "y_m": [y for _, y in spots]}
    )  # fmt: skip


def poles_at(*poles):
    """Make surveyed poles from (x, y, condition)."""
    empty = contract("infrastructure_points").empty()
    rows = [
        dict.fromkeys(empty.columns)
        | {"point_id": f"p{k:02d}", "kind": "pole", "state": "in_service", "condition": condition,
           "source": "test", "synthetic": False, "geometry": shapely.Point(x, y)}
        for k, (x, y, condition) in enumerate(poles)
    ]  # fmt: skip
    return gpd.GeoDataFrame(rows, geometry="geometry", crs="EPSG:2154")


def designed(ways, premises, *, asked=None, phases=None):
    prices, _ = read_works()
    return design_network(
        ways, premises=premises, phases=phases or {"A": "1"}, prices=prices, on=ON,
        ratios=ratios() if asked is None else asked,
    )  # fmt: skip


def billed(network):
    table = network.quantities
    mine = table[table["item"].isin(ITEMS)]
    return mine.groupby("item")["quantity"].sum().to_dict()


def test_poles_of_a_run_without_a_survey_are_counted_by_their_spacing():
    ways = ways_of(("existing_poles", [(0, 0), (1000, 0)]), ("new_poles", [(1000, 0), (1800, 0)]))
    network = designed(ways, houses((0, 1), (1000, 1), (1800, 1)))
    row = network.sectors.iloc[0]
    # 1 000 m and 800 m, a pole every 40 m; 10 % and 5 % of 25, halves to the even
    assert [row[name] for name in COUNTS] == [25, 20, 2, 1]
    assert billed(network) == {"pole_new": 20, "pole_replaced": 2, "pole_reinforced": 1}
    prices = read_works()[0].set_index("item")["unit_price_cents"]
    table = network.quantities
    assert (table["cost_cents"] == table["quantity"] * table["item"].map(prices)).all()
    assert row["cost_cents"] == table["cost_cents"].sum() == network.cost_cents
    # poles are works, and the dated ratios are example ones
    metres = table[table["unit"].eq("m") & ~table["item"].str.startswith("cable_")]
    mine = table[table["item"].isin(ITEMS)]
    assert row["works_cents"] == metres["cost_cents"].sum() + mine["cost_cents"].sum()
    assert table["synthetic"].all()


def test_surveyed_poles_are_counted_one_by_one_with_their_condition():
    # a street of overhead runs a survey covers, pole to pole, and a spur where nobody is served
    spots = [(40.0 * k, 0.0) for k in range(11)]
    runs = [("existing_poles", [a, b]) for a, b in pairwise(spots)]
    spur = ("existing_poles", [(200, 0), (200, 400)])
    condition = [None] * 11
    condition[0], condition[3], condition[5], condition[6] = (
        "to_replace",
        "poor",
        "good",
        "to_replace",
    )
    poles = [(x, y, told) for (x, y), told in zip(spots, condition, strict=True)]
    poles += [(200.0, 40.0 * k, "to_replace") for k in range(1, 11)]
    ways = know_poles(ways_of(*runs, spur), poles_at(*poles))
    network = designed(
        ways, houses(*[(x, y + 1) for x, y in spots]), asked=ratios(replaced=0.0, reinforced=0.0)
    )
    row = network.sectors.iloc[0]
    assert [row[name] for name in COUNTS] == [11, 0, 2, 1]
    # of the seven whose condition nobody knows, two in seven are replaced and one reinforced
    seven = designed(
        ways,
        houses(*[(x, y + 1) for x, y in spots]),
        asked=ratios(replaced=2 / 7, reinforced=1 / 7),
    )
    assert billed(seven) == {"pole_replaced": 4, "pole_reinforced": 2}
    # what isn't there, or is no pole, isn't counted
    chamber = poles_at(*poles).assign(kind="chamber")
    assert know_poles(ways_of(*runs), chamber).poles.pole.size == 0
    gone = poles_at(*poles).assign(state="abandoned")
    again = designed(know_poles(ways_of(*runs), gone), houses(*[(x, y + 1) for x, y in spots]))
    assert again.sectors.iloc[0]["poles_used_count"] == 10


def test_a_run_with_too_few_known_poles_is_counted_by_spacing():
    ways = know_poles(
        ways_of(("existing_poles", [(0, 0), (1000, 0)])), poles_at((0, 0, None), (1000, 0, None))
    )
    network = designed(ways, houses((0, 1), (1000, 1)))
    assert network.sectors.iloc[0]["poles_used_count"] == 25


@pytest.mark.parametrize("seed", range(4))
def test_every_pole_is_counted_once_and_sectors_add_up(seed):
    rng = np.random.default_rng(seed)
    size, step = 5, 80.0
    lines = [
        [(step * i, step * j), (step * a, step * b)]
        for i in range(size) for j in range(size) for a, b in ((i + 1, j), (i, j + 1))
        if a < size and b < size and rng.random() < 0.9
    ]  # fmt: skip
    kinds = rng.choice(
        ["existing_poles", "new_poles", "trench_unpaved"], len(lines), p=[0.6, 0.2, 0.2]
    )
    runs = [(kind, line) for kind, line in zip(kinds, lines, strict=True)]
    spots = sorted({tuple(end) for _, line in runs for end in line})
    told = rng.choice([None, "good", "poor", "to_replace"], len(spots))
    ways = know_poles(
        ways_of(*runs), poles_at(*[(*s, c) for s, c in zip(spots, told, strict=True)])
    )
    near = [(x + 5, y + 5) for x, y in spots]
    premises = houses(*near, sectors=[f"S{k % 3}" for k in range(len(near))])
    phases = {"S0": "1", "S1": "2", "S2": "2"}
    asked = ratios(spacing=40.0, replaced=0.0, reinforced=0.0)
    prices, _ = read_works()
    apart, network = compare_phasing(
        ways, premises=premises, phases=phases, prices=prices, on=ON, ratios=asked
    )
    assert network.cost_cents <= apart.cost_cents
    for one in (network, apart):
        table = one.quantities
        for item, column in zip(ITEMS, COUNTS[1:], strict=True):
            by = table[table["item"] == item].groupby("sector_id")["quantity"].sum()
            have = one.sectors.set_index("sector_id")[column]
            assert (have == by.reindex(have.index, fill_value=0)).all()
            assert one.sectors[column].sum() == by.sum()
        # by hand: the ends of every overhead run that the routes follow
        routes = one.routes
        met, fresh = {}, 0.0
        groups = [routes] if one.together else [g for _, g in routes.groupby("phase")]
        used = []
        for group in groups:
            old = group[group["laying"] == "existing_poles"]
            used += sorted({p for line in old.geometry for p in line.coords})
            new = group[group["laying"] == "new_poles"].drop_duplicates("edge_id")
            fresh += new.length.sum() / 40.0
        met = dict(zip(spots, told, strict=True))
        row = one.sectors[list(COUNTS)].sum()
        assert row["poles_used_count"] == len(used)
        assert abs(row["poles_new_count"] - fresh) <= len(set(phases.values())) / 2
        assert row["poles_replaced_count"] == sum(met[p] == "to_replace" for p in used)
        assert row["poles_reinforced_count"] == sum(met[p] == "poor" for p in used)
    shuffled = compare_phasing(
        ways, premises=premises.sample(frac=1, random_state=seed), phases=phases, prices=prices,
        on=ON, ratios=asked,
    )[1]  # fmt: skip
    pd.testing.assert_frame_equal(shuffled.quantities, network.quantities)


@pytest.mark.parametrize(
    ("asked", "said"),
    [(ratios(spacing=0.0), "pole_spacing_m"), (ratios(replaced=0.7, reinforced=0.4), "pole_replaced"),
     (ratios().iloc[1:], "pole_spacing_m"),
     (ratios().assign(valid_from=pd.Timestamp("2019-01-01")).astype({"valid_from": "datetime64[s]"}),
      "pole_reinforced_share")],
)  # fmt: skip
def test_ratios_that_no_poles_can_have_are_refused(asked, said):
    ways = ways_of(("existing_poles", [(0, 0), (1000, 0)]))
    with pytest.raises(RuleError, match=said):
        designed(ways, houses((0, 1), (1000, 1)), asked=asked)


def test_a_price_book_without_poles_says_so():
    ways = ways_of(("existing_poles", [(0, 0), (1000, 0)]))
    prices = read_works()[0]
    prices = prices[~prices["item"].str.startswith("pole_")]
    asked = {
        "premises": houses((0, 1), (1000, 1)),
        "phases": {"A": "1"},
        "prices": prices,
        "on": ON,
    }
    with pytest.raises(RuleError, match="pole_reinforced, pole_replaced"):
        design_network(ways, ratios=ratios(), **asked)
    # without ratios poles are no items, as before
    assert not billed(design_network(ways, **asked))


def test_a_scenario_names_its_ratios_and_their_origin(tmp_path):
    ratios(replaced=0.2).assign(source="relevé", synthetic=False).to_csv(
        tmp_path / "appuis.csv", index=False
    )
    asked = Scenario.from_dict({"network": {"ratios": "appuis.csv"}}, folder=str(tmp_path))
    books = open_books(asked)
    assert books.ratios.set_index("ratio")["value"]["pole_replaced_share"] == 0.2
    told = {origin.layer: origin for origin in books.origins}
    assert told["works_ratios"].source == "appuis.csv"
    assert told["works_prices"].synthetic
    assert set(told) == {"works_prices", "works_ratios", "funding_keys"}

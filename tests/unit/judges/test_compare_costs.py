"""What the works cost in two plans: to the cent, place by place, and what made the difference."""

import json
from dataclasses import replace
from fractions import Fraction

import pandas as pd
import pytest
from typer.testing import CliRunner

from planner import cli
from planner.compare import (
    Side,
    compare_plans,
    list_causes,
    measure_effects,
    region_effect,
    switch_plans,
)
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory

SECOND = "200000002"
PARTS = ["from_choice_cents", "from_sectors_cents", "from_prices_cents"]
CENTS = ["before_cents", "after_cents", "difference_cents", *PARTS]


def dearer(territory, code="sparse"):
    """Ten per cent more on one class of the price book."""
    prices = territory.prices.copy()
    mine = prices["density_class"].astype(str) == code
    prices.loc[mine, "cost_cents_per_premise"] = prices["cost_cents_per_premise"] * 11 // 10
    return replace(territory, prices=prices)


def larger(territory):
    """The second EPCI has room for its western sector: 4 lines at 2 000 euros."""
    envelopes = territory.envelopes.copy()
    envelopes.loc[envelopes["epci_siren"] == SECOND, "amount"] = 10
    return replace(territory, envelopes=envelopes)


def side(territory, name):
    scenario = Scenario()
    tables = make_plan(territory, scenario).tables()
    return Side(name=name, scenario=json.loads(scenario.canonical()), tables=tables)


@pytest.fixture(scope="module")
def first():
    return side(toy_territory(), "A")


def rows_of(result, level, code="—"):
    table = result.costs.table
    mine = (table["level"].astype(str) == level) & (table["code"] == code)
    return table[mine].astype({"phase": str}).set_index("phase")[CENTS].astype(int).T.to_dict()


def test_a_dearer_class_is_traced_with_its_prices_though_no_sector_moves(first):
    second = side(dearer(toy_territory()), "B")
    result = compare_plans(first, second)
    assert result.sectors.empty
    found = rows_of(result, "region")
    premises = {"1": 4, "2": 4, "3": 8}  # of the class, phase by phase
    for phase, count in premises.items():
        assert found[phase]["difference_cents"] == count * 20_000
        assert found[phase]["from_prices_cents"] == count * 20_000
        assert found[phase]["from_choice_cents"] == found[phase]["from_sectors_cents"] == 0
    listed = result.costs.prices.astype({"phase": str}).set_index("phase")
    assert set(listed["density_class"].astype(str)) == {"sparse"}
    assert listed["premises_count"].to_dict() == premises
    assert (listed["effect_cents"] == 20_000 * listed["premises_count"]).all()
    assert set(zip(listed["before_cents"], listed["after_cents"], strict=True)) == {
        (200_000, 220_000)
    }
    (cause,) = list_causes(first, second)
    words = cause.message.say().replace("\u202f", " ")
    assert "Peu dense, de 2 000 € à 2 200 € le local" in words
    assert "Sparse, from €2,000 to €2,200 a premise" in cause.message.say("en")
    assert "Phase 2 : de 14 000 € à 14 800 €" in result.summary().replace("\u202f", " ")
    places = result.table.set_index(["level", "code"])["cost_difference_cents"]
    assert places["region", "—"] == 8 * 20_000
    for level in ("epci", "commune"):
        assert places[level].sum() == places["region", "—"]


def test_choice_and_prices_are_told_apart_and_each_cause_has_its_euros(first):
    before, after = toy_territory(), larger(dearer(toy_territory()))
    second = side(after, "B")
    result = compare_plans(first, second)
    found = rows_of(result, "epci", SECOND)
    # 4 lines enter phase 2 at the first price, then cost a tenth more; phase 3 loses them
    assert found["2"]["from_choice_cents"] == 4 * 200_000
    assert found["2"]["from_prices_cents"] == 4 * 20_000
    assert found["3"]["difference_cents"] == found["3"]["from_choice_cents"] == -4 * 200_000
    answer = switch_plans((before, Scenario()), (after, Scenario()))
    effects = measure_effects(result, list_causes(first, second), answer=answer)
    alone = {n: region_effect(effects, n)["cost_difference_cents"] for n in ("envelopes", "prices")}
    assert alone == {"envelopes": 4 * 200_000, "prices": 8 * 20_000}
    # the dearer price of the sector that enters is what both only do together
    whole = region_effect(result.table)["cost_difference_cents"]
    assert whole - sum(alone.values()) == 4 * 20_000


def test_cents_of_a_shared_sector_are_conserved(first):
    """Three EPCI of 1, 1 and 2 premises; a cost of 800 001 cents, and 2 premises more after."""
    thirds = {"200000001": 1, SECOND: 1, "200000003": 2}

    def shared(side, cost, counts):
        tables = dict(side.tables)
        shares, costs = tables["sector_shares"], tables["costs"].copy()
        others = shares[shares["sector_id"] != "22002-01"]
        mine = pd.DataFrame([
            {"sector_id": "22002-01", "epci_siren": siren, "premises_count": count}
            for siren, count in counts.items()
        ])  # fmt: skip
        tables["sector_shares"] = pd.concat([others, mine], ignore_index=True)
        costs.loc[costs["sector_id"].astype(str) == "22002-01", "cost_cents"] = cost
        tables["costs"] = costs
        return replace(side, tables=tables)

    one = shared(first, 800_001, thirds)
    other = shared(replace(first, name="B"), 800_006, thirds | {"200000003": 4})
    table = compare_plans(one, other).costs.table
    mine = table[table["phase"].astype(str) == "3"]
    exact = {s: Fraction(800_006 * (n + 2 * (n == 2)), 6) - Fraction(800_001 * n, 4)
             for s, n in thirds.items()}  # fmt: skip
    epci = mine[mine["level"].astype(str) == "epci"].set_index("code")
    assert set(epci.index) == set(thirds)
    for siren, difference in exact.items():
        assert abs(epci["difference_cents"][siren] - difference) < 1
    region = mine[mine["level"].astype(str) == "region"].iloc[0]
    for name in ("difference_cents", *PARTS):
        assert epci[name].sum() == region[name], name
    assert (mine[PARTS].sum(axis=1) == mine["difference_cents"]).all()


def test_what_one_side_doesn_t_know_is_absent_not_zero(first):
    second = side(dearer(toy_territory()), "B")
    for table, title in (("costs", "Coûts"), ("prices", "Bordereau de prix")):
        bare = replace(first, tables={k: v for k, v in first.tables.items() if k != table})
        result = compare_plans(bare, second)
        said = f"non comparable, A n'a pas la table « {title} »"
        assert said in result.summary()
        assert "ni de coût" not in result.summary()
        assert result.costs.table.empty
    moved = compare_plans(bare, side(larger(toy_territory()), "C")).table
    assert len(moved)
    assert moved["cost_difference_cents"].isna().all()
    costs = first.tables["costs"]
    holed = costs[costs["sector_id"].astype(str) != "35002-02"]
    partial = replace(first, tables={**first.tables, "costs": holed})
    table = compare_plans(partial, second).costs.table
    lacking = table[table["difference_cents"].isna()]
    assert set(lacking["code"]) == {"—", "200000004", "35002"} & set(table["code"])
    assert set(lacking["phase"].astype(str)) == {"3"}


def test_a_plan_doesn_t_cost_otherwise_than_itself(first):
    result = compare_plans(first, replace(first, name="B"))
    assert result.costs.table.empty
    assert result.costs.prices.empty
    assert "ni de coût des travaux" in result.summary()


def test_other_bounds_are_prices_and_other_premises_are_the_sectors(first):
    """The same prices with another bound; then a sector that has one premise more."""
    territory = toy_territory()
    prices = territory.prices.copy()
    prices["density_max_per_km2"] = prices["density_max_per_km2"].where(
        prices["density_max_per_km2"].isna(), 1000.0
    )
    prices.loc[prices["density_min_per_km2"] > 0, "density_min_per_km2"] = 1000.0
    second = side(replace(territory, prices=prices), "B")
    result = compare_plans(first, second)
    assert rows_of(result, "region")["1"]["from_prices_cents"] == 6 * 100_000
    assert result.costs.prices["bounds_changed"].all()
    assert result.costs.prices["effect_cents"].sum() == 24 * 100_000
    (cause,) = list_causes(first, second)
    assert "autres bornes de densité" in cause.message.say()
    costs = first.tables["costs"].copy()
    mine = costs["sector_id"].astype(str) == "22001-01"
    costs.loc[mine, ["premises_count", "cost_cents"]] = [5, 1_000_000]
    more = replace(first, name="B", tables={**first.tables, "costs": costs})
    (phase,) = rows_of(compare_plans(first, more), "region").values()
    assert phase["difference_cents"] == phase["from_sectors_cents"] == 200_000


def test_the_command_writes_costs_and_says_them(monkeypatch, tmp_path):
    given = [toy_territory()]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("planner.prepare.prepare_territory", lambda *_, **__: given[0])

    def run(*words):
        done = CliRunner().invoke(cli.app, [str(word) for word in words])
        assert done.exit_code == 0, done.output
        return " ".join(done.output.replace("\u202f", " ").split())

    for name in "ab":
        (tmp_path / f"{name}.toml").write_text(f'name = "{name}"\n')
    run("plan", "a.toml", "--out", "a")
    given[0] = dearer(given[0])
    told = run("compare", "a", "b.toml", "--out", "d")
    assert "Phase 2 : de 14 000 € à 14 800 €, soit 800 €" in told
    assert "Peu dense, de 2 000 € à 2 200 € le local" in told
    assert "Travaux 1-2" in told
    assert "Participation" not in told  # where nothing differs anywhere, a column says nothing
    (tmp_path / "other.toml").write_text('name = "a"\n')  # by another name, the same
    assert "De a (A) à a (B)" in run("compare", "a", "other.toml")
    written = pd.read_csv(tmp_path / "d" / "cost_differences.csv", dtype={"phase": str})
    region = written[(written["level"] == "region") & (written["phase"] == "2")].iloc[0]
    assert (region["before_cents"], region["after_cents"]) == (1_400_000, 1_480_000)
    prices = pd.read_csv(tmp_path / "d" / "price_differences.csv")
    assert prices["effect_cents"].sum() == 16 * 20_000
    # an older folder without its costs still compares
    manifest = json.loads((tmp_path / "a" / "manifest.json").read_text())
    manifest["outputs"] = [one for one in manifest["outputs"] if one["path"] != "tables/costs.csv"]
    (tmp_path / "a" / "manifest.json").write_text(json.dumps(manifest))
    assert "non comparable, a n'a pas la table « Coûts »" in run("compare", "a", "b.toml")

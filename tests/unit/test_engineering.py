"""The network of a whole plan, on the toy territory."""

import numpy as np
import pandas as pd
import pytest

from planner.engineering import add_network, read_works
from planner.errors import RuleError
from planner.network.stand_in import StandInRules, make_stand_in
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.schemas import contract


@pytest.fixture
def answered(toy):
    return make_plan(toy, Scenario(name="toy", title="Toy"))


def test_the_network_of_a_plan_reaches_its_premises(answered):
    prices, keys = read_works()
    plan = add_network(answered, prices=prices, funding_keys=keys)
    for name in ("nro", "pm", "routes", "pbo", "quantities", "network_costs", "phasing"):
        contract(name).check(plan.more[name])
        assert plan.more[name]["synthetic"].all()
        assert name in plan.tables()
    assert "routes" not in answered.more
    assert plan.more["pm"]["lines_count"].sum() == 40
    costs = plan.more["network_costs"].groupby("level")["cost_cents"].sum()
    assert set(costs) == {costs["region"]}
    assert costs["region"] == plan.more["quantities"]["cost_cents"].sum()
    saving = plan.more["phasing"]
    assert saving["together_cents"].sum() == costs["region"]
    assert saving["saving_cents"].sum() >= 0


def test_the_stand_in_is_the_gabriel_graph_of_the_places():
    rng = np.random.default_rng(7)
    spots = pd.DataFrame(rng.uniform(0, 20_000, (150, 2)), columns=["x_m", "y_m"])
    ways = make_stand_in(spots, rules=StandInRules(cell_m=1.0, longest_m=1e6))
    points = np.column_stack([ways.x_m, ways.y_m])
    found = {
        tuple(sorted(pair)) for pair in zip(ways.start.tolist(), ways.end.tolist(), strict=True)
    }
    # by the definition: nobody stands inside the circle
    apart = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    expected = {
        (i, j)
        for i in range(len(points))
        for j in range(i + 1, len(points))
        if (apart[i] + apart[j] >= apart[i, j] - 1e-6).all()
    }
    assert found == expected
    assert ways.synthetic
    again = make_stand_in(
        spots.sample(frac=1, random_state=1), rules=StandInRules(cell_m=1.0, longest_m=1e6)
    )
    assert (again.edge_id == ways.edge_id).all()


def test_an_island_stays_apart():
    shore = [(100.0 * k, 0.0) for k in range(5)]
    spots = pd.DataFrame([*shore, (9_000.0, 0.0), (9_100.0, 0.0)], columns=["x_m", "y_m"])
    ways = make_stand_in(spots)
    assert ways.length_mm.max() == 100_000
    assert ways.start.size == 5
    with pytest.raises(RuleError):
        make_stand_in(spots.head(1))

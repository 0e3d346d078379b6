"""From tables to the exact question, and from its answer to a programme."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.choice import Contiguity
from planner.concertation import count_ballots
from planner.cost import estimate_cost
from planner.errors import RuleError
from planner.plan import make_plan
from planner.programme import ChoiceRules, explain_choice, solve_choice, state_choice
from planner.programme._borders import common_borders
from planner.scenario import Scenario
from planner.toy import toy_territory
from planner.voting import score_sectors

CENTS = 44_500


def tables_of(territory):
    ballots = count_ballots(
        epci=territory.epci, sectors=territory.sectors, sector_shares=territory.sector_shares,
        envelopes=territory.envelopes, ballots=territory.ballots,
        deliberations=territory.deliberations,
    )  # fmt: skip
    return {
        "sectors": territory.sectors,
        "sector_shares": territory.sector_shares,
        "ballots": ballots,
    }


def question(territory, **rules):
    tables = tables_of(territory)
    return state_choice(
        **tables,
        votes=score_sectors(tables["ballots"], territory.sectors, territory.sector_shares),
        costs=estimate_cost(
            territory.sectors, prices=territory.prices, on=Scenario().reference_date
        ),
        rules=ChoiceRules(**{"cents_per_line": CENTS} | rules),
    )


def answer(territory, **rules):
    problem = question(territory, **rules)
    return problem, solve_choice(problem)


def test_the_toy_question_by_hand():
    territory = toy_territory()
    problem = question(territory)
    sectors = territory.sectors.set_index("sector_id")
    assert list(problem.sector_ids) == sorted(sectors.index[sectors["zone_id"].isna()])
    assert (
        problem.lines.tolist() == sectors.loc[list(problem.sector_ids), "premises_count"].tolist()
    )
    assert problem.actors == ("200000002", "200000003", "200000004")
    assert problem.envelopes.tolist() == [6, 4, -1]
    # six sectors of 2 km × 4 km in two rows: side by side or one above the other
    corners = sectors.loc[list(problem.sector_ids)].geometry.bounds
    for (a, b), metres in zip(problem.edges, problem.edge_border_m, strict=True):
        one, other = corners.iloc[a], corners.iloc[b]
        wide = min(one.maxx, other.maxx) - max(one.minx, other.minx)
        high = min(one.maxy, other.maxy) - max(one.miny, other.miny)
        assert metres == round(max(wide, high))
        assert min(wide, high) == pytest.approx(0)


def test_contiguity_decides_between_the_two_sectors_of_the_north_east():
    territory = toy_territory()
    by_place = territory.sectors.sort_values("sector_id")
    north_east = by_place.loc[by_place["epci_siren"] == "200000002"]
    east = north_east.loc[north_east["premises_count"] == 6, "sector_id"].item()
    west = north_east.loc[north_east["premises_count"] == 4, "sector_id"].item()
    # the eastern one, ranked first, fits its 6 lines but only the western one touches phase 1
    _, alone = answer(territory, contiguity=Contiguity.NONE)
    assert east in alone.chosen
    assert west not in alone.chosen
    _, joined = answer(territory, unranked="allowed")
    assert east not in joined.chosen


def test_a_sector_without_premises_is_no_network():
    territory = toy_territory()
    sectors, shares = territory.sectors.copy(), territory.sector_shares.copy()
    for table in (sectors, shares):  # south of the town of phase 1, and alone to touch it there
        table.loc[table["sector_id"] == "35001-01", "premises_count"] = 0
        table.loc[table["sector_id"] == "35001-02", "premises_count"] = 0
    empty = replace(territory, sectors=sectors, sector_shares=shares)
    problem = question(empty, contiguity=Contiguity.ANY_EPCI)
    assert problem.sector_ids == ("22002-01", "22002-02", "35002-01", "35002-02")
    # only the western sector of the north-east touches the town; the emptied ones carry nothing
    assert problem.reached.tolist() == [True, False, False, False]


def test_permuted_rows_state_the_same_question():
    territory = toy_territory()
    first = question(territory)
    rng = np.random.default_rng(5)
    tables = tables_of(territory)
    votes = score_sectors(tables["ballots"], territory.sectors, territory.sector_shares)
    costs = estimate_cost(territory.sectors, prices=territory.prices, on=Scenario().reference_date)

    def mixed(table):
        return table.iloc[rng.permutation(len(table))].reset_index(drop=True)

    second = state_choice(
        sectors=mixed(territory.sectors), sector_shares=mixed(territory.sector_shares),
        ballots=tables["ballots"], votes=mixed(votes), costs=mixed(costs),
        rules=ChoiceRules(cents_per_line=CENTS),
    )  # fmt: skip
    assert second.sha256 == first.sha256


@pytest.mark.parametrize(
    ("scale", "points", "unit", "of_one_line"),
    [(2, 6, "votes", 3), (1_000_000, 333_333, "none", 333_333)],
)  # fmt: skip
def test_points_are_counted_whole_where_they_are(scale, points, unit, of_one_line):
    territory = toy_territory()
    tables = tables_of(territory)
    votes = score_sectors(tables["ballots"], territory.sectors, territory.sector_shares)
    votes["scale"], votes["points"] = scale, points
    problem = state_choice(
        **tables, votes=votes, rules=ChoiceRules(cents_per_line=CENTS),
        costs=estimate_cost(
            territory.sectors, prices=territory.prices, on=Scenario().reference_date
        ),
    )  # fmt: skip
    first = problem.objectives[0]
    assert first.unit == unit
    worth = first.coefficients[first.coefficients > 0]
    lines = problem.lines[first.coefficients > 0]
    assert (worth == of_one_line * lines).all()


def test_limits_say_what_they_hold():
    problem = question(
        toy_territory(), capacity_lines={"22": 5, "region": 9}, budget_eur=20_000,
        parity_tolerance_share=0.1,
    )  # fmt: skip
    named = {limit.name: limit for limit in problem.limits}
    assert list(named) == [
        "capacity.22", "capacity.region", "budget.region", "parity.rural", "parity.urban",
    ]  # fmt: skip
    in_22 = np.array(problem.departements) == "22"
    assert named["capacity.22"].coefficients.tolist() == np.where(in_22, problem.lines, 0).tolist()
    assert named["budget.region"].upper == 20
    # r rural and u urban lines hold parity when |r - u| <= (r + u) / 10: 55 and 45 do, 56 and 44 don't
    side = np.where(problem.rural, 1, -1)
    assert (
        named["parity.rural"].coefficients.tolist()
        == (problem.lines * (1000 * side - 100)).tolist()
    )
    assert 900 * 55 - 1100 * 45 <= 0 < 900 * 56 - 1100 * 44
    assert "22" in named["capacity.22"].message.say("fr")


@pytest.mark.parametrize(
    "rules",
    [
        {"capacity_lines": {"75": 3}},
        {"objectives": ("criteria",)},
        {"contiguity": Contiguity.FEEDER},
    ],
)
def test_what_lacks_its_table_is_refused_with_a_remedy(rules):
    with pytest.raises(RuleError) as caught:
        question(toy_territory(), **rules)
    assert caught.value.remedy.say("fr")


def test_a_plan_by_the_exact_rule_keeps_envelopes_and_says_why():
    territory = toy_territory()
    scenario = Scenario.from_dict({"name": "toy", "programme": {"rule": "exact"}})
    plan = make_plan(territory, scenario)
    table = plan.programme.table.set_index("sector_id")
    problem, choice = answer(territory)
    assert sorted(table.index[table["phase"] == "2"]) == list(choice.chosen)
    assert set(table.index) == set(territory.sectors["sector_id"])
    for granted, used in plan.programme.envelopes.values():
        assert used <= (granted or 0)
    assert (plan.programme.in_language("en")["reason"].str.len() > 0).all()
    simple = make_plan(territory, Scenario.from_dict({"name": "toy"}))
    assert problem.values(np.isin(problem.sector_ids, choice.chosen))[0] > 0
    assert set(table.loc[table["phase"] == "1"].index) == set(
        simple.programme.table.query("phase == '1'")["sector_id"]
    )


def test_an_impossible_question_names_the_way_out():
    territory = toy_territory()
    problem = question(territory)
    wanted = np.zeros(len(problem.lines), bool)
    wanted[np.argmax(problem.share_actor == 2)] = True  # of the EPCI that has not voted
    from dataclasses import replace

    problem = replace(problem, required=wanted)
    with pytest.raises(RuleError, match="aucun programme"):
        explain_choice(
            problem, solve_choice(problem), **tables_of(territory), zones=territory.zones,
            cents_per_line=CENTS,
        )  # fmt: skip


def test_borders_are_found_where_corners_do_not_meet():
    # one square beside two half ones: segments differ, the border is the same line
    areas = np.array([
        shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 4), shapely.box(10, 4, 20, 10),
        shapely.box(20, 10, 30, 20), shapely.box(50, 0, 60, 10),
    ])  # fmt: skip
    pairs, metres = common_borders(areas)
    assert pairs.tolist() == [[0, 1], [0, 2], [1, 2]]  # a corner in common is no border
    assert metres.tolist() == [4, 6, 10]
    assert common_borders(areas[4:])[0].shape == (0, 2)


def test_borders_equal_the_intersections_of_a_coverage():
    sectors = toy_territory().sectors
    areas = sectors.geometry.to_numpy()
    pairs, metres = common_borders(areas)
    joined = gpd.GeoSeries(areas[pairs[:, 0]]).intersection(gpd.GeoSeries(areas[pairs[:, 1]]))
    assert metres.tolist() == joined.length.round().astype(int).tolist()
    assert isinstance(pd.Series(metres).sum(), np.integer)

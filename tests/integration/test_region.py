"""The embedded region, once from end to end: what the first plan must hold."""

import base64
import zlib

import numpy as np
import pytest
import shapely

from planner import Level, Scenario, make_plan
from planner.crs import transform_xy
from planner.export.map import MapData
from planner.export.map.premises import POINT_ZOOM, decode_leb128, encode_points
from planner.io.geodata import geodata_folder, read_ballot_sectors
from planner.vocab import Severity

WORLD = 256 * 2**POINT_ZOOM
METRES = 40_075_016.68557849 / WORLD


def decoded(block):
    """Read a block of premises: area, phase, state, x and y of each premise."""
    stream = zlib.decompress(base64.b64decode(block["data"]), -15)
    assert len(stream) == block["bytes"]
    numbers = decode_leb128(np.frombuffer(stream, dtype=np.uint8))
    groups, points = block["groups"], block["points"]
    assert len(numbers) == 6 * groups + 2 * points
    area, phase, state, column, row, sizes = numbers[: 6 * groups].reshape(6, groups)
    steps, counts = numbers[6 * groups :].reshape(2, points)
    group = np.repeat(np.arange(groups), sizes)
    run = np.cumsum(steps)  # each group counts from zero again
    code = run - (run - steps)[np.cumsum(sizes) - sizes][group]
    corner = (column + block["column"], row + block["row"])
    x, y = ((corner[k][group] << 16) + sum(((code >> (2 * b + k)) & 1) << b for b in range(16)) for k in (0, 1))  # fmt: skip
    columns = (area[group], phase[group] - 1, state[group] - 1, x, y)
    return np.repeat(np.column_stack(columns), counts, axis=0)


def drawn(plan, data):
    """What the same columns must be, from the plan's own tables, with where each premise is."""
    layer = plan.premises_layer()
    sectors = {key: 2 * k for k, key in enumerate(data.sectors["sector_id"])}
    communes = {key: 2 * k + 1 for k, key in enumerate(data.communes["insee"])}
    area = layer["sector_id"].astype("object").map(sectors)
    area = area.fillna(layer["insee"].astype("object").map(communes)).to_numpy(dtype=np.int64)
    xy = layer[["x_m", "y_m"]].to_numpy(dtype=float)
    east, north = transform_xy(xy[:, 0], xy[:, 1], source="EPSG:2154", target="EPSG:3857")
    pixels = np.rint(np.column_stack([east / METRES + WORLD / 2, WORLD / 2 - north / METRES]))
    codes = [layer[name].cat.codes.to_numpy() for name in ("phase", "state")]
    return np.column_stack([area, *codes, pixels.astype(np.int64)]), xy


def in_order(rows):
    return np.lexsort(rows.T[::-1])


@pytest.fixture(scope="module")
def plan(brittany):
    return make_plan(brittany, Scenario())


@pytest.mark.slow
class TestRegion:
    def test_every_ballot_names_a_sector_that_was_cut(self, plan):
        rules = {finding.rule for finding in plan.findings}
        assert "prepare.other_sectors" not in rules
        assert "concertation.foreign_sector" not in rules
        assert len(plan.territory.ballots) > 1_000

    def test_the_sectors_of_the_ballots_are_those_that_were_voted_on(self, plan):
        then = read_ballot_sectors(geodata_folder())
        assert set(then) == set(plan.territory.ballots["sector_id"])
        now = plan.territory.sectors.set_index("sector_id")["premises_count"]
        assert then == now.loc[sorted(then)].to_dict()

    def test_the_faults_of_life_are_in_the_example(self, plan):
        rules = {finding.rule for finding in plan.findings}
        expected = {"no_deliberation", "not_voted", "tied", "unknown_credit"}
        assert {f"concertation.{rule}" for rule in expected} <= rules
        assert "programme.unbroken_tie" in rules
        decisions = set(plan.programme.table["decision"])
        assert {"chosen", "envelope", "refused", "required", "tie", "unranked"} <= decisions
        assert plan.contributions["credit_cents"].sum() > 0

    def test_the_structure_of_the_report(self, plan):
        table = plan.reconciliation
        phase_1 = table[table["phase"] == "1"]
        assert len(phase_1) == 13
        assert (phase_1["difference_share"].abs() <= 0.02).all()
        zones = phase_1[phase_1["figure"] == "zones"]
        assert zones["computed"].tolist() == zones["target"].tolist()

    def test_sectors_are_a_coverage_of_the_public_area(self, plan):
        sectors, communes = plan.territory.sectors, plan.territory.communes
        shapes = sectors.geometry.to_numpy()
        assert shapely.coverage_is_valid(shapes)
        public = communes.loc[communes["regulatory_zone"] == "public"].geometry
        assert shapely.area(shapes).sum() == pytest.approx(public.area.sum(), rel=1e-9)
        counts = sectors["premises_count"]
        assert counts.sum() == 1_160_808
        assert counts.between(300, 1000).mean() >= 0.99
        assert counts.max() <= 1000

    def test_phases_are_disjoint_and_sum_to_the_public_area(self, plan):
        region = plan.coverage.at(Level.REGION).iloc[0]
        phases = region[["phase_1_count", "phase_2_count", "phase_3_count", "private_count"]]
        assert phases.sum() == region["premises_count"] == 1_949_859
        assert region["unassigned_count"] == 0

    def test_everything_public_is_served_in_the_end(self, plan):
        planned = set(plan.schedule["sector_id"])
        stages = plan.territory.stage_changes
        opened = set(stages.loc[stages["stage"] == "open", "sector_id"])
        assert planned | opened == set(plan.territory.sectors["sector_id"])
        assert not any(f.rule == "schedule.unscheduled" for f in plan.findings)

    def test_contributions_are_lines_at_the_rate(self, plan):
        table = plan.contributions
        assert (table["gross_cents"] == table["lines_count"] * 44_500).all()
        assert (table["net_cents"] == table["gross_cents"] - table["credit_cents"]).all()
        assert plan.balances["net_cents"].sum() == table["net_cents"].sum()

    def test_no_year_is_above_its_capacity(self, plan):
        for row in plan.scenario.schedule.capacity:
            phase = plan.schedule[plan.schedule["phase"] == row.phase]
            years = phase.groupby("year")
            assert (years["premises_count"].sum() <= row.lines_per_year).all()
            assert (years["cost_cents"].sum() <= row.budget_eur_per_year * 100).all()

    def test_only_the_example_faults_are_serious(self, plan):
        serious = {f.rule for f in plan.findings if f.severity is Severity.SERIOUS}
        assert serious == {"programme.unbroken_tie"}

    def test_every_premise_of_the_map_comes_back(self, plan):
        data = MapData.from_plan(plan)
        found = decoded(encode_points(data.points()))
        truth, xy = drawn(plan, data)
        order = in_order(truth)
        found, truth = found[in_order(found)], truth[order]
        assert len(found) == len(plan.territory.premises) == 1_949_859
        # the same premises by sector (or commune), phase and state, at the same pixel
        assert np.array_equal(found, truth)
        x, y = transform_xy(
            (found[:, 3] - WORLD / 2) * METRES, (WORLD / 2 - found[:, 4]) * METRES,
            source="EPSG:3857", target="EPSG:2154",
        )  # fmt: skip
        assert np.hypot(x - xy[order, 0], y - xy[order, 1]).max() < 1.0

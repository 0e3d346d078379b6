"""The calendar drawn and planned again by command: right totals, same bytes, nothing begun moves."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from typer.testing import CliRunner

from planner.cli import app
from planner.export import write_plan
from planner.export.figures.frontier import draw_frontier
from planner.export.figures.works import draw_gantt, draw_s_curve, write_works_figures
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.schemas import contract
from planner.toy import toy_territory

RULES = {
    "schedule": {
        "rule": "works",
        "smooth_share": 0.0,
        "trades": [{"name": "études", "duration_quarters": 2, "lines_per_quarter": 3}],
    }
}


@pytest.fixture(scope="module")
def plan():
    return make_plan(toy_territory(), Scenario.from_dict(RULES))


def test_the_rows_are_the_epci_and_the_curve_ends_at_the_totals(plan):
    tables = plan.tables()
    figure = draw_gantt(tables, source="essai")
    names = {label.get_text() for label in figure.axes[0].get_yticklabels()}
    assert names == set(plan.territory.epci["nom"])
    bars = [bar for bar in figure.axes[0].patches if bar.get_height() > 0]
    # a bar for each EPCI, phase and quarter in which something opens
    key = plan.territory.sectors.set_index("sector_id")["epci_siren"]
    table = plan.schedule.assign(owner=plan.schedule["sector_id"].map(key))
    assert len(bars) == len(table.groupby(["owner", "phase", "quarter"]))
    curve = draw_s_curve(tables, source="essai")
    ends = [axes.lines[0].get_ydata()[-1] for axes in curve.axes]
    totals = [
        plan.schedule["premises_count"].sum() / 1_000,
        plan.schedule["cost_cents"].sum() / 100_000_000,
    ]
    assert np.allclose(ends, totals)


def test_same_tables_same_bytes(plan, tmp_path):
    one = write_works_figures(tmp_path / "one", plan.tables(), source="essai")
    other = write_works_figures(tmp_path / "other", plan.tables(), source="essai")
    assert [path.name for path in one] == [
        "calendrier-epci.png", "calendrier-epci.svg", "courbe-en-s.png", "courbe-en-s.svg",
    ]  # fmt: skip
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]


def test_the_command_plans_again_and_lists_what_changes(plan, tmp_path):
    write_plan(plan, tmp_path / "plan")
    words = ["schedule", str(tmp_path / "plan"), "--on", "2019-05-01"]
    done = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "new")])
    assert done.exit_code == 0, done.output
    assert "secteurs changent de trimestre" in " ".join(done.output.split())
    again = pd.read_csv(tmp_path / "new" / "schedule.csv").set_index("sector_id")["quarter"]
    before = plan.schedule.set_index("sector_id")["quarter"]
    begun = before[before <= "2019-T3"].index  # two quarters of works
    assert again[begun].tolist() == before[begun].tolist()
    assert len(again) == len(before)


def test_a_plan_without_stated_works_is_refused(tmp_path):
    write_plan(make_plan(toy_territory(), Scenario()), tmp_path / "plan")
    told = CliRunner().invoke(app, ["schedule", str(tmp_path / "plan"), "--on", "2019-05-01"])
    assert told.exit_code == 1
    assert "rule" in told.output


def test_a_long_source_keeps_to_the_margins_of_the_sheet():
    source = "Source : " + ", ".join(
        f"Couche d'exemple numéro {at} (synthétique)" for at in range(24)
    )
    empty = contract("frontier").empty()
    for lang in ("fr", "en"):
        figure = draw_frontier(empty, names={}, source=source, lang=lang)
        drawn = FigureCanvasAgg(figure)
        wide = figure.bbox.width
        (foot,) = [text for text in figure.texts if text.get_text().startswith("Source")]
        assert " ".join(foot.get_text().split()) == source
        for text in figure.texts:
            extent = text.get_window_extent(drawn.get_renderer())
            assert 0.035 * wide <= extent.x0
            assert extent.x1 <= 0.97 * wide

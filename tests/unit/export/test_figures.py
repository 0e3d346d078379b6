"""Figures for reports: every theme, in both formats, the same bytes, what they must say."""

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread
from pypdf import PdfReader

from planner.errors import UnknownNameError
from planner.export.figures import figure_data, write_figures, write_poster
from planner.export.figures._sheets import draw_figure, draw_poster
from planner.export.map.themes import paint
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.toy import toy_territory

NASTY = "{{7*7}}{#</script><img src=x onerror=alert(1)>$x^2$"


@pytest.fixture(scope="module")
def plan():
    toy = toy_territory()
    communes = toy.communes.copy()
    communes.loc[communes["insee"] == "35002", "nom"] = NASTY
    return make_plan(toy.with_tables(communes=communes), Scenario(name="toy", title="Figures"))


@pytest.fixture(scope="module")
def data(plan):
    return figure_data(plan)


def words(figure):
    found = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        found += [text.get_text() for text in axes.texts]
        legend = axes.get_legend()
        if legend is not None:
            found += [legend.get_title().get_text(), *(t.get_text() for t in legend.get_texts())]
    return " ".join(found).replace("\n", " ")


def test_every_theme_is_written_twice_the_same(data, tmp_path):
    keys = [painted.theme.key for painted in paint(data)]
    assert keys == ["phase", "year", "coverage", "state", "cost", "rank", "ballot"]
    first = write_figures(tmp_path / "a", data, themes=["phase", "coverage"])
    again = write_figures(tmp_path / "b", data, themes=["phase", "coverage"])
    assert [p.name for p in first] == [f"carte-{k}.{e}" for k in ("phase", "coverage") for e in ("png", "svg")]  # fmt: skip
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in again]
    image = imread(io.BytesIO(first[0].read_bytes()), format="png")
    assert image.shape[:2] == (1654, 2338)
    assert len(np.unique((image[..., :3] * 255).astype(int).reshape(-1, 3), axis=0)) > 50
    svg = first[1].read_text(encoding="utf-8")
    assert "<script" not in svg
    assert not re.search(r"\b(?:href|src)=\"(?!#)", svg)  # nothing is asked of anywhere


@pytest.mark.parametrize("position", range(7))
def test_a_figure_says_what_it_shows(data, position):
    painted = paint(data)[position]
    said = words(draw_figure(data, painted))
    for expected in (
        "Figures", painted.theme.label.say("fr"), "Proposition, version 1", "31 décembre 2017",
        "Légende", "Sources", "Données de démonstration", "2 km", "Villes moyennes",
    ):  # fmt: skip
        assert expected in said, expected
    assert NASTY in said  # a name is a name, in mathematical signs or not


def test_the_poster_has_the_figures_of_the_plan(plan, data, tmp_path):
    said = words(draw_poster(data, paint(data)[0])).replace("\u202f", " ")
    row = data.whole_row
    for count in (row["premises_count"], row["serviceable_count"], row["phase_2_count"]):
        assert f" {count} " in f" {said} "
    net = int(plan.contributions["net_cents"].sum())
    assert f"{net // 100:,}".replace(",", " ") + " €" in said
    first = write_poster(tmp_path / "a.pdf", plan).read_bytes()
    assert write_poster(tmp_path / "b.pdf", plan).read_bytes() == first
    (page,) = PdfReader(io.BytesIO(first)).pages
    assert [round(float(side) / 72 * 25.4) for side in page.mediabox[2:]] == [420, 297]
    assert "Données de démonstration" in page.extract_text()


def test_one_epci_bears_its_code(plan, tmp_path):
    data = figure_data(plan, epci="200000003")
    (path,) = write_figures(tmp_path, data, themes=["phase"], formats=["png"])
    assert path.name == "carte-epci-200000003-phase.png"
    assert "CC Toy-Sud-Ouest" in words(draw_figure(data, paint(data)[0]))


def test_without_what_is_made_up_nothing_says_so(data):
    real = replace(
        data,
        origins=(),
        **{n: getattr(data, n).assign(synthetic=False) for n in ("sectors", "zones", "coverage")},
    )
    assert "démonstration" not in words(draw_figure(real, paint(real)[0]))


@pytest.mark.parametrize("asked", [{"themes": ["wind"]}, {"formats": ["gif"]}])
def test_what_is_not_known_is_refused(data, tmp_path, asked):
    with pytest.raises(UnknownNameError, match=r"wind|gif"):
        write_figures(tmp_path / "x", data, **asked)
    assert not (tmp_path / "x").exists()

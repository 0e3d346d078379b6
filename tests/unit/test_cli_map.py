"""``planner map``: which pages it writes, and what it refuses."""

import pytest
from typer.testing import CliRunner

from planner.cli import app
from planner.scenario import Scenario


@pytest.fixture
def run(monkeypatch, toy, tmp_path):
    monkeypatch.setattr(
        "planner.cli._face.read_scenario", lambda _: Scenario(name="toy", title="Toy")
    )
    monkeypatch.setattr("planner.prepare.prepare_territory", lambda *_, **__: toy)

    def invoke(*words):
        result = CliRunner().invoke(app, ["map", "--out", str(tmp_path / "cartes"), *words])
        return result, sorted(p.name for p in (tmp_path / "cartes").glob("*"))

    return invoke


@pytest.mark.parametrize(
    ("words", "pages"),
    [
        ((), ["carte.html"]),
        (("--areas",), ["secteurs-et-communes.html"]),
        (("--epci", "200000003"), ["carte-epci-200000003.html"]),
        (("--departement", "22"), ["carte-departement-22.html"]),
        (
            ("--all",),
            ["carte-departement-22.html", "carte-departement-35.html"]
            + [f"carte-epci-20000000{k}.html" for k in range(1, 5)]
            + ["carte.html"],
        ),
    ],
)
def test_it_writes_the_pages_asked_for(run, words, pages):
    result, written = run(*words)
    assert result.exit_code == 0, result.output
    assert written == pages
    assert "Données de démonstration" in result.output


@pytest.mark.parametrize(
    "words",
    [
        ("--epci", "123456789"),
        ("--epci", "../../x"),
        ("--epci", "200000001", "--departement", "22"),
    ],
)
def test_it_refuses_what_cannot_be_drawn(run, words):
    result, written = run(*words)
    assert result.exit_code == 1
    assert written == []
    assert "Traceback" not in result.output


def test_it_compares_two_scenarios(run, tmp_path):
    result, written = run("--compare", str(tmp_path / "a.toml"), str(tmp_path / "b.toml"))
    assert result.exit_code == 0, result.output
    assert written == ["carte-comparaison.html"]


@pytest.mark.parametrize("words", [("--compare", "a.toml", "dossier"), ("--compare", "a.toml", "b.toml", "--all")])  # fmt: skip
def test_it_refuses_a_comparison_that_cannot_be_drawn(run, words):
    result, written = run(*words)
    assert result.exit_code == 1
    assert written == []
    assert "--compare" in result.output or "scénario" in result.output

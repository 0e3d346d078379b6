"""Scenarios: unknown keys refused, all mistakes together, the same hash for the same question."""

import pytest

from planner.errors import ScenarioError
from planner.scenario import Scenario, read_scenario


def test_the_default_is_brittany():
    scenario = read_scenario()
    assert scenario.name == "bretagne-2018"
    assert scenario.reference_date.isoformat() == "2017-12-31"
    assert sum(row.lines_per_year for row in scenario.schedule.capacity) > 0


def test_a_file_is_read_and_paths_are_relative_to_it(tmp_path):
    file = tmp_path / "s.toml"
    file.write_text('name = "essai"\n[premises]\nsource = "file"\npath = "locaux.csv"\n')
    scenario = read_scenario(file)
    assert scenario.resolve("locaux.csv") == tmp_path / "locaux.csv"
    assert scenario.sha256 == read_scenario(file).sha256
    assert scenario.sha256 != read_scenario().sha256


def test_the_folder_does_not_change_the_hash(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "s.toml").write_text('name = "essai"\n')
    first, second = (read_scenario(tmp_path / name / "s.toml") for name in ("a", "b"))
    assert first.sha256 == second.sha256


def test_every_mistake_is_reported_together(tmp_path):
    file = tmp_path / "s.toml"
    file.write_text('name = "Mon Scénario"\ncolour = 3\n[sectors]\nminimum = "peu"\n')
    with pytest.raises(ScenarioError) as caught:
        read_scenario(file)
    for place in ("name", "colour", "sectors.minimum"):
        assert place in str(caught.value)


@pytest.mark.parametrize(
    ("values", "fr", "en"),
    [
        (
            {"sectors": {"minimum": "peu"}},
            "sectors.minimum : un nombre entier est attendu, pas 'peu'",
            "whole number",
        ),
        ({"sectors": {"minimum": 0}}, "sectors.minimum : 1 au moins, pas 0", "1 at least"),
        (
            {"sectors": {"minimun": 3}},
            "clé inconnue ; vouliez-vous dire « minimum »",
            "did you mean 'minimum'",
        ),
        (
            {"schedule": {"capacity": [{"fase": "1"}]}},
            "vouliez-vous dire « phase »",
            "did you mean 'phase'",
        ),
        (
            {"reference_date": "hier"},
            "reference_date : une date AAAA-MM-JJ est attendue",
            "a date YYYY-MM-DD",
        ),
        ({"status": "presque"}, "'proposed', 'voted'", "one of these"),
        ({"name": 3}, "un texte entre guillemets est attendu, pas 3", "quoted text"),
        ({"name": "É t é"}, "la forme attendue est a-z 0-9 . _ -", "form expected"),
        ({"premises": "non"}, "une table [premises] est attendue", "table [premises]"),
        (
            {"schedule": {"capacity": [{"phase": "1"}]}},
            "schedule.capacity.0.first_quarter : valeur absente",
            "no value",
        ),
    ],
)
def test_mistakes_are_told_in_the_reader_s_language(values, fr, en):
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_dict(values)
    assert fr in caught.value.say("fr")
    assert en in caught.value.say("en")


def test_a_file_source_without_a_path_is_refused():
    with pytest.raises(ScenarioError, match=r"zones\.path"):
        Scenario.from_dict({"zones": {"source": "file"}})


@pytest.mark.parametrize(
    ("content", "match"), [(None, "ne peut être lu"), ("name = ", "pas du TOML"), (b"\xff", "TOML")]
)
def test_what_cannot_be_read_says_so(tmp_path, content, match):
    file = tmp_path / "s.toml"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ScenarioError, match=match):
        read_scenario(file)


def test_a_scenario_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        read_scenario().name = "autre"

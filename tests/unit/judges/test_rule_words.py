"""Rules and their values as a comparison says them: in words, in both languages."""

import typing

import pytest
from pydantic import BaseModel

from planner.compare._causes import _FILES, _SILENT
from planner.compare._rule_words import RuleName, RuleValue
from planner.scenario import Scenario
from planner.texts import LANGUAGES, say

BY_KEY = {"network", "follow_up", "roads", "gracethd", "criteria.copper"}


def keys(model=Scenario, stem=""):
    """Return every key of a scenario, with the codes that it takes."""
    for name, field in model.model_fields.items():
        kinds = (field.annotation, *typing.get_args(field.annotation))
        section = next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)
        held = typing.get_origin(field.annotation) in {tuple, dict}
        if section is not None and not held:
            yield from keys(section, f"{stem}{name}.")
            continue
        inner = [a for k in kinds for a in (k, *typing.get_args(k))]
        literals = [a for k in inner if typing.get_origin(k) is typing.Literal for a in typing.get_args(k)]  # fmt: skip
        yield f"{stem}{name}", [code for code in literals if isinstance(code, str)]


def told():
    for key, codes in keys():
        if key.split(".")[0] in _SILENT or key in _FILES or key == "folder":
            continue
        yield key, codes


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_rule_has_words_and_so_has_every_code_that_it_takes(lang):
    seen = 0
    for key, codes in told():
        words = RuleName(key).say(lang)
        assert words != key
        if not any(key.startswith(stem) for stem in BY_KEY):
            assert key not in words, f"rule.{key.replace('.', '_')} has no words"
            for code in codes:
                assert RuleValue(code).say(lang) == say(f"rule.value_{code}", lang)
            seen += 1
    assert seen > 25


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("criteria.each.businesses.weight", "poids du critère « "),
        ("programme.capacity_lines.35", "les lignes de la phase, au plus : département 35"),
        ("programme.capacity_lines.region", "les lignes de la phase, au plus : région"),
        ("programme.years.lines_per_year.22", "les lignes ouvertes par an, au plus : département 22"),
        ("network.pm_lines", "un réglage du réseau (network.pm_lines)"),
    ],
)  # fmt: skip
def test_a_rule_that_is_set_piece_by_piece_names_its_piece(key, words):
    assert RuleName(key).say("fr").startswith(words)


def test_values_are_written_as_people_read_them():
    assert RuleValue(["votes", "cost"]).say("fr") == "les voix, le coût"
    assert RuleValue(["votes", "cost"]).say("en") == "votes, cost"
    assert RuleValue(True).say("fr") == "oui"
    assert RuleValue(None).say("fr") == "—"
    assert RuleValue(600_000).say("en") == "600,000"
    assert RuleValue(2019).say("fr") == "2019"
    rows = [{"phase": "2", "lines_per_year": 80_000, "source": ""}]
    assert RuleValue(rows).say("en") == "phase = 2, lines a year = 80,000"
    assert "cost_per_line" not in RuleValue({"cost_per_line": {"weight": 3}}).say("fr")
    assert RuleValue({"35": 9, "region": 345_000}).say("fr") == "35 = 9, région = 345\u202f000"

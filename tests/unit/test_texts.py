"""The catalogue of texts: both languages, no orphan, numbers as people write them."""

import ast
import datetime as dt
import re
from pathlib import Path
from string import Formatter

import pytest

from planner.texts import LANGUAGES, Message, catalogue, number, say
from planner.vocab import DeliberationState

ROOT = Path(__file__).parents[2] / "planner"
KEY = re.compile(r"[a-z_]+\.[a-z0-9_{}.]+")


def fields(words):
    return {name.split(".")[0].split("[")[0] for _, name, _, _ in Formatter().parse(words) if name}


@pytest.mark.parametrize("key", catalogue())
def test_every_text_says_the_same_in_both_languages(key):
    words = catalogue()[key]
    assert set(words) == set(LANGUAGES)
    assert fields(words["fr"]) == fields(words["en"])
    assert all(words.values())


def used_keys():
    """Literal first arguments of Message.of and say, and rules of findings; f-strings as patterns."""
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            owner = getattr(getattr(node.func, "value", None), "id", "")
            if name not in {"of", "say", "stage"} or owner not in {
                "",
                "Message",
                "Finding",
                "texts",
            }:
                continue
            place = 1 if name == "stage" and len(node.args) > 1 else 0
            first = node.args[place]
            if (
                isinstance(first, ast.Constant)
                and isinstance(first.value, str)
                and "." in first.value
            ):
                yield first.value, owner == "Finding"


def test_every_key_used_is_in_the_catalogue():
    missing = set()
    for key, is_rule in used_keys():
        wanted = {key, f"{key}_remedy"} if is_rule else {key}
        missing |= wanted - set(catalogue())
    assert missing == set()


def test_numbers_and_units():
    assert number(1234567.5, "fr", 1) == "1\u202f234\u202f567,5"
    assert number(-3) == "\u22123"
    assert number(1234, "en") == "1,234"
    message = Message.of("concertation.late", name="CC <X>", on=dt.date(2018, 1, 1),
                         deadline=dt.date(2017, 12, 31), place="1")  # fmt: skip
    assert message.say("fr") == "CC <X> a voté le 1er janvier 2018, après le 31 décembre 2017"
    assert "1 January 2018" in message.say("en")


def test_terms_follow_the_language():
    message = Message.of("programme.no_vote", actor="A", state=DeliberationState.PENDING)
    assert "En attente" in message.say("fr")
    assert "Pending" in message.say("en")


def test_an_unknown_key_is_our_mistake():
    with pytest.raises(LookupError, match="no text"):
        say("nothing.here")

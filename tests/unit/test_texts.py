"""The catalogue of texts: both languages, no orphan, numbers as people write them."""

import ast
import datetime as dt
import re
from pathlib import Path
from string import Formatter

import pandas as pd
import pytest

from planner.findings import Finding, Findings
from planner.sector_names import sector_names
from planner.texts import LANGUAGES, Message, catalogue, number, say
from planner.vocab import DeliberationState, Severity

ROOT = Path(__file__).parents[2] / "planner"
KEY = re.compile(r"[a-z_]+\.[a-z0-9_{}.]+")


def fields(words):
    return {name.split(".")[0].split("[")[0] for _, name, _, _ in Formatter().parse(words) if name}


def sectors_of(words):
    """Fields that are said as sectors."""
    return {name for _, name, spec, _ in Formatter().parse(words) if (spec or "")[:6] == "sector"}


@pytest.mark.parametrize("key", catalogue())
def test_every_text_says_the_same_in_both_languages(key):
    words = catalogue()[key]
    assert set(words) == set(LANGUAGES)
    assert fields(words["fr"]) == fields(words["en"])
    assert sectors_of(words["fr"]) == sectors_of(words["en"])
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


NAMES = {"35236-03": "Redon", "35236-04": "Redon sud", "x": "x"}


def test_a_sector_is_said_by_its_code_and_its_name():
    message = Message.of("conflict.required", place="35236-03", actor="CC")
    assert message.say() == "le secteur 35236-03 est exigé (CC)"
    assert message.naming(NAMES).say() == "le secteur 35236-03 (Redon) est exigé (CC)"
    assert message.naming(NAMES).say("en") == "sector 35236-03 (Redon) is required (CC)"
    # a name that is the code, or none, adds nothing
    for key in ("x", "35236-99"):
        assert f"le secteur {key} est" in Message.of(
            "conflict.required", place=key, actor="CC"
        ).naming(NAMES).say()  # fmt: skip


def test_a_message_names_the_sectors_of_those_that_it_holds():
    held = Message.of("conflict.required", place="35236-03", actor="CC")
    way = Message.of("conflict.give_unproved", way=held).naming(NAMES)
    assert "35236-03 (Redon)" in way.say()
    assert "35236-03 (Redon)" in way.say("en")


@pytest.mark.parametrize(("count", "end"), [(2, "k01"), (12, "k11"), (13, "k12"),
                                            (14, "k11 et 2 autres")])  # fmt: skip
def test_a_long_list_of_sectors_names_the_first_and_counts_the_others(count, end):
    keys = [f"k{at:02}" for at in range(count)]
    text = Message.of("conflict.required_and_refused", sectors=keys).naming({"k00": "Redon"}).say()
    assert text.startswith("k00 (Redon), k01")
    assert text.removesuffix(" : exigé et refusé à la fois").endswith(end)


def test_findings_name_sectors_and_keep_their_places():
    found = Findings.collect([
        Finding.of("design.unreached", severity=Severity.SERIOUS, table="pbo", place="35236-03",
                   count=2),
    ])  # fmt: skip
    table = found.naming(NAMES).table()
    assert "secteur 35236-03 (Redon) :" in table["message"][0]
    assert table[["finding_id", "place"]].equals(found.table()[["finding_id", "place"]])


def test_names_come_from_the_table_of_sectors_where_it_gives_some():
    table = pd.DataFrame({"sector_id": ["35236-03", "b"], "nom": ["Redon", None]})
    assert sector_names(table) == {"35236-03": "Redon"}
    assert sector_names(table.drop(columns="nom")) == {}
    assert sector_names(None) == {}

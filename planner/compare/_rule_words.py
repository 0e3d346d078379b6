"""Rules of a scenario, and what they are set to, as people say them.

A scenario's keys are for who writes it; who reads a comparison is told the rule in words, and its
values too.  What has no words of its own (a path, a source, a number) is written as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from planner.texts import Message, catalogue, number, say

__all__ = ["RuleName", "RuleValue"]

_SECTIONS: Final = frozenset({"network", "follow_up", "roads", "gracethd", "criteria"})
_REGION: Final = "region"
_YEAR_DIGITS: Final = 4  # a number as short may be a year
_OF_CRITERION: Final = 4  # criteria.each.<criterion>.<field>


def _known(key: str) -> str | None:
    return key if key in catalogue() else None


def _code(kind: str, code: str, lang: str) -> str:
    """Return the words of a code, or the code."""
    key = _known(f"rule.{kind}_{code}") or _known(f"criteria.name_{code}")
    return say(key, lang) if key else code


@dataclass(frozen=True)
class RuleName:
    """A key of a scenario, put into words with the message that holds it."""

    key: str

    def say(self, lang: str = "fr", /) -> str:
        """Name the rule."""
        parts = self.key.split(".")
        own = _known("rule." + "_".join(parts))
        if own:
            return say(own, lang)
        if parts[:2] == ["criteria", "each"] and len(parts) == _OF_CRITERION:
            field, criterion = _code("field", parts[3], lang), _code("value", parts[2], lang)
            return say("rule.of_criterion", lang, field=field, criterion=criterion)
        whole = _known("rule." + "_".join(parts[:-1]))
        if whole:  # one place of a rule that is set place by place
            kind = "epci" if parts[0] == "concertation" else "departement"
            place = Message.of(f"rule.place_{kind}", code=parts[-1])
            if parts[-1] == _REGION:
                place = Message.of("rule.place_region")
            return say("rule.of_place", lang, rule=say(whole, lang), place=place)
        if parts[0] in _SECTIONS:
            section = say(f"rule.section_{parts[0]}", lang)
            return say("rule.other", lang, section=section, key=self.key)
        return self.key


@dataclass(frozen=True)
class RuleValue:
    """What a key of a scenario is set to, put into words with the message that holds it."""

    value: object

    def say(self, lang: str = "fr", /) -> str:
        """Write it, without the marks of a programming language."""
        return _written(self.value, lang)


def _written(value: object, lang: str) -> str:
    if isinstance(value, Mapping):
        held = {key: one for key, one in value.items() if one is not None and one != ""}
        return ", ".join(
            f"{_code('field', key, lang)} ({_written(one, lang)})"
            if isinstance(one, Mapping)
            else f"{_code('field', key, lang)} = {_written(one, lang)}"
            for key, one in held.items()
        )
    if isinstance(value, list | tuple):
        nested = any(isinstance(one, Mapping) for one in value)
        return (" ; " if nested else ", ").join(_written(one, lang) for one in value)
    if value is None:
        return "—"
    text = str(value)
    if text.isdigit() and len(text) > _YEAR_DIGITS:
        return number(int(text), lang)
    return _code("value", text.lower() if isinstance(value, bool) else text, lang)

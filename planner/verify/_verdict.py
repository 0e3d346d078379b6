"""What a checker answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from planner.texts import Message, say

__all__ = ["Breach", "Verdict"]


@dataclass(frozen=True, kw_only=True)
class Breach:
    """One rule that is broken.

    Parameters
    ----------
    rule
        Stable identifier: ``envelope``, ``required``, ``contiguity``, ``limit``, ``stage.value``…
    place
        Actor, sector or rule concerned.
    message
        What is broken, in the reader's words.
    excess
        By how much, in the rule's own unit; None where that means nothing.
    """

    rule: str
    place: str
    message: Message
    excess: int | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What was checked and what was found broken.

    Parameters
    ----------
    checks
        Rule to how many times it was checked.
    breaches
        What is broken, sorted by rule and place; empty when all is well.
    """

    checks: Mapping[str, int]
    breaches: tuple[Breach, ...]

    @classmethod
    def of(cls, checks: Mapping[str, int], breaches: Iterable[Breach]) -> Verdict:
        """Gather breaches in their order."""
        ordered = tuple(sorted(breaches, key=lambda one: (one.rule, one.place)))
        return cls(checks=MappingProxyType(dict(sorted(checks.items()))), breaches=ordered)

    def beside(self, other: Verdict) -> Verdict:
        """Return both verdicts as one."""
        checks = dict(self.checks)
        for rule, count in other.checks.items():
            checks[rule] = checks.get(rule, 0) + count
        return Verdict.of(checks, (*self.breaches, *other.breaches))

    @property
    def holds(self) -> bool:
        """Whether nothing is broken."""
        return not self.breaches

    @property
    def broken_rules(self) -> tuple[str, ...]:
        """Identifiers of the rules that are broken, sorted, each once."""
        return tuple(sorted({one.rule for one in self.breaches}))

    def table(self, lang: str = "fr") -> pd.DataFrame:
        """Return ``rule``, ``place``, ``excess`` and ``message`` of each breach, in words."""
        rows = [(b.rule, b.place, b.excess, b.message.say(lang)) for b in self.breaches]
        frame = pd.DataFrame(rows, columns=["rule", "place", "excess", "message"])
        frame["excess"] = frame["excess"].astype("Int64")
        return frame

    def say(self, lang: str = "fr") -> str:
        """Put the verdict into words, one line a breach."""
        count = sum(self.checks.values())
        if self.holds:
            return say("verify.holds", lang, count=count)
        title = say("verify.broken", lang, count=count, breaches=len(self.breaches))
        return "\n".join([title, *(f"  • {b.message.say(lang)}" for b in self.breaches)])

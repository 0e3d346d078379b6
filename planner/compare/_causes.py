"""Which change did it: inputs and rules that differ, then one change at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import pandas as pd

from planner.compare._costs import PriceChange, list_prices
from planner.compare._differences import Comparison, Side
from planner.compare._rule_words import RuleName, RuleValue
from planner.errors import PlannerError
from planner.plan import make_plan
from planner.scenario import Scenario
from planner.schemas import contract
from planner.territory import Territory
from planner.texts import Message

__all__ = ["Cause", "list_causes", "switch_plans", "trace_causes"]

# tables that a person or a source brings; those of a group only make sense together
_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "sectors": ("premises", "sectors", "sector_shares", "zones"),
    "epci": ("epci", "communes", "departements", "region"),
    "envelopes": ("envelopes",),
    "ballots": ("ballots",),
    "deliberations": ("deliberations",),
    "prices": ("prices",),
    "state_changes": ("state_changes",),
    "stage_changes": ("stage_changes",),
    "cabinets": ("cabinets",),
    "public_sites": ("public_sites",),
    "sector_values": ("sector_values",),
    "feeders": ("feeders",),
    "works_deadlines": ("works_deadlines",),
    "pm_areas": ("pm_areas",),
    "programme_figures": ("programme_figures",),
}
# what these say is in the tables already, or decides nothing
_SILENT: Final = frozenset(
    {"name", "title", "status", "version", "territory", "premises", "sectors", "zones"}
)
_FILES: Final = frozenset(
    {
        "concertation.envelopes", "concertation.ballots", "concertation.deliberations",
        "concertation.advice",
        "cost.prices", "criteria.cabinets", "criteria.public_sites", "criteria.sector_values",
        "programme.feeders", "schedule.deadlines",
    }
)  # fmt: skip
_WORDS: Final = frozenset({"source", "valid_from"})
"""What only says where a rule comes from, and since when: it decides nothing."""
_COMPARED: Final = (
    "programme", "schedule", "contributions", "sectors", "sector_shares", "epci", "communes",
    "costs", "prices",
)  # fmt: skip
_Decided = dict[str, tuple[Any, Any]]  # sector to its phase and year
Answer = Callable[[frozenset[str]], Mapping[str, pd.DataFrame] | None]


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One thing that differs between two plans.

    Parameters
    ----------
    kind
        ``input`` (tables) or ``rule`` (a key of the scenario).
    name
        ``ballots``, ``concertation.ties``…
    before, after
        Values of a rule as its scenario writes them; None for tables.
    old, new
        The same values, as they are put into words.
    prices
        Of a price book, which classes differ, from what to what.
    """

    kind: Literal["input", "rule"]
    name: str
    before: str | None = None
    after: str | None = None
    old: object = None
    new: object = None
    prices: tuple[PriceChange, ...] = ()

    @property
    def message(self) -> Message:
        """What differs, in the reader's words."""
        if self.kind == "input":
            if self.prices:
                return Message.of(
                    "compare.cause_prices", name=_Title(self.name), listed=_Listed(self.prices)
                )
            return Message.of("compare.cause_input", name=_Title(self.name))
        before = self.before if self.old is None else self.old
        after = self.after if self.new is None else self.new
        return Message.of(
            "compare.cause_rule", name=RuleName(self.name),
            before=RuleValue(before), after=RuleValue(after),
        )  # fmt: skip


@dataclass(frozen=True)
class _Title:
    """What a table is called, in the reader's language."""

    name: str

    def say(self, lang: str = "fr", /) -> str:
        """Return its title."""
        return contract(self.name).titled(lang)


@dataclass(frozen=True)
class _Listed:
    """The classes of a price book that differ, in the reader's language."""

    prices: tuple[PriceChange, ...]

    def say(self, lang: str = "fr", /) -> str:
        """Say each, from what to what."""
        return " ; ".join(one.message.say(lang) for one in self.prices)


def list_causes(before: Side, after: Side) -> tuple[Cause, ...]:
    """List every input and every rule that differs, whether or not it changes a decision.

    Parameters
    ----------
    before, after
        The two plans.
    """
    inputs = [
        Cause(
            kind="input", name=group,
            prices=list_prices(before.tables, after.tables) if group == "prices" else (),
        )
        for group, names in _GROUPS.items()
        if any(_differ(before, after, name) for name in names)
    ]  # fmt: skip
    rules = [
        _rule(key, old, new)
        for key, old, new in sorted(
            _changes(before.scenario, after.scenario), key=lambda one: one[0]
        )
        if key.split(".")[0] not in _SILENT and key not in _FILES
        if key.split(".")[-1] not in _WORDS
    ]
    return (*inputs, *rules)


def _rule(key: str, old: object, new: object) -> Cause:
    return Cause(
        kind="rule", name=key, before=_shown(old, new), after=_shown(new, old),
        old=_told(old, new), new=_told(new, old),
    )  # fmt: skip


def _shown(value: object, other: object) -> str | None:
    """Write a value of a scenario, of a table what isn't the same on the other side."""
    if value is None or value in ({}, []):
        return None
    return _written(_apart(value, other)) or None


def _told(value: object, other: object) -> object:
    """Return what is to be said of a value; None where there is nothing."""
    return None if _shown(value, other) is None else _apart(value, other)


def _apart(value: object, other: object) -> object:
    if not (isinstance(value, Mapping) and isinstance(other, Mapping)):
        return value
    return {key: _apart(one, other.get(key)) for key, one in value.items() if one != other.get(key)}


def _written(value: object) -> str:
    """Write a value of a scenario, without the marks of a programming language."""
    if isinstance(value, Mapping):
        held = {key: one for key, one in value.items() if one is not None and one != ""}
        return ", ".join(
            f"{key} ({_written(one)})" if isinstance(one, Mapping) else f"{key} = {_written(one)}"
            for key, one in held.items()
        )
    if isinstance(value, list | tuple):
        nested = any(isinstance(one, Mapping) for one in value)
        return (" ; " if nested else ", ").join(_written(one) for one in value)
    return str(value)


def _differ(before: Side, after: Side, name: str) -> bool:
    """Whether a table differs; a checksum of what was written says nothing of a table at hand."""
    for one, other in ((before, after), (after, before)):
        if name in one.tables and name not in other.tables and name in other.sums:
            return False  # of premises, the shares of the sectors tell
    if name in before.tables and name in after.tables:
        old, new = before.tables[name], after.tables[name]
        if len(old) != len(new):
            return True
        if _is_same(old, new, contract(name).column_names):
            return False
    return _print(before, name) != _print(after, name)


def _is_same(one: pd.DataFrame, other: pd.DataFrame, columns: Iterable[str]) -> bool:
    """Whether two tables have the same rows in the same order, as two readings of a source do."""
    if one is other:
        return True
    return all(
        (name in one.columns) == (name in other.columns)
        and (name not in one.columns or _equal(one[name], other[name]))
        for name in columns
    )


def _equal(one: pd.Series[Any], other: pd.Series[Any]) -> bool:
    return one.reset_index(drop=True).equals(other.reset_index(drop=True))


def _print(side: Side, name: str) -> str | None:
    """Return a checksum of a table that no order of rows moves; None where there is none."""
    frame = side.tables.get(name)
    if frame is None:
        return side.sums.get(name)
    held = contract(name)
    columns = [column for column in held.column_names if column in frame.columns]
    text = pd.DataFrame(frame)[columns].astype("object").where(frame[columns].notna(), None)
    rows = sorted("\t".join(map(repr, row)) for row in text.to_numpy().tolist())
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _changes(
    old: Mapping[str, Any], new: Mapping[str, Any], stem: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Find what differs, key by key; a table whose keys aren't the same is one change."""
    for key in sorted({*old, *new}):
        one, other = old.get(key), new.get(key)
        if isinstance(one, Mapping) and isinstance(other, Mapping) and set(one) == set(other):
            yield from _changes(one, other, f"{stem}{key}.")
        elif one != other:
            yield f"{stem}{key}", one, other


def switch_plans(before: tuple[Territory, Scenario], after: tuple[Territory, Scenario]) -> Answer:
    """Return what answers the first question with some of its causes as in the second one.

    Parameters
    ----------
    before, after
        Each a prepared territory and its scenario.

    Returns
    -------
    callable
        From the names of the causes that are switched to the second side, to the tables that a
        comparison reads; None where some of the causes without the others make a question that is
        refused or has no answer.
    """
    known: dict[frozenset[str], Mapping[str, pd.DataFrame] | None] = {}

    def answer(switched: frozenset[str]) -> Mapping[str, pd.DataFrame] | None:
        if switched not in known:
            try:
                known[switched] = _plan(before, after, switched)
            except PlannerError:
                known[switched] = None
        return known[switched]

    return answer


def _plan(
    before: tuple[Territory, Scenario], after: tuple[Territory, Scenario], switched: frozenset[str]
) -> Mapping[str, pd.DataFrame]:
    territory, scenario = before
    for group in sorted(switched & set(_GROUPS)):
        tables = {name: getattr(after[0], name) for name in _GROUPS[group]}
        territory = replace(territory, **tables)
    values = scenario.model_dump(mode="json")
    there = after[1].model_dump(mode="json")
    for key in sorted(switched - set(_GROUPS)):
        place, source = values, there
        *path, last = key.split(".")
        for part in path:
            place, source = place[part], source[part]
        place[last] = source[last]
    mixed = Scenario.from_dict(values, folder=scenario.folder)
    tables = make_plan(territory, mixed).tables()
    return {name: tables[name] for name in _COMPARED if name in tables}


def trace_causes(
    comparison: Comparison,
    causes: tuple[Cause, ...],
    *,
    answer: Answer | None = None,
    lang: str = "fr",
) -> pd.DataFrame:
    """Trace every difference to its causes.

    With ``answer``, the first question is asked again with each cause alone as in the second one,
    and with all of them but one.  A cause that makes the difference alone is *alone*; one without
    which the others don't make it is *needed*; where neither finds any, every cause is *joint*.
    Without ``answer`` every cause is only a *candidate*.

    Parameters
    ----------
    comparison, causes
        What :func:`compare_plans` and :func:`list_causes` returned.
    answer
        What :func:`switch_plans` returned, when both questions are at hand.
    lang
        Language of the words.

    Returns
    -------
    DataFrame
        Contract ``difference_causes``: a row for each sector that differs and each of its causes.
    """
    names = [cause.name for cause in causes]
    words = {cause.name: cause.message.say(lang) for cause in causes}
    keys = comparison.sectors["sector_id"].astype("str").tolist()
    rows: list[dict[str, str]] = []
    alone: dict[str, _Decided] = {}
    without: dict[str, _Decided] = {}
    target: _Decided = {}
    if answer is not None and keys:
        every = frozenset(names)
        target = _decided(answer(every))
        alone = {name: _decided(answer(frozenset({name}))) for name in names}
        without = {name: _decided(answer(every - {name})) for name in names}
    for key in keys:
        if answer is None:
            found = [(name, "candidate") for name in names]
        else:
            wanted = target.get(key)
            found = [
                (name, "alone") for name in names if alone[name] and alone[name].get(key) == wanted
            ]
            found = found or [
                (name, "needed")
                for name in names
                if not without[name] or without[name].get(key) != wanted
            ]
            found = found or [(name, "joint") for name in names]
        rows.extend(
            {"sector_id": key, "cause": name, "how": how, "words": words[name]}
            for name, how in found
        )
    table = pd.DataFrame(rows)
    if table.empty:
        return contract("difference_causes").empty()
    contract("difference_causes").check(table)
    return contract("difference_causes").select(table)


def _decided(tables: Mapping[str, pd.DataFrame] | None) -> _Decided:
    if tables is None:  # no answer decides nothing: it equals none
        return {}
    schedule = tables.get("schedule", contract("schedule").empty())
    years = dict(zip(schedule["sector_id"].astype("str"), schedule["year"].tolist(), strict=True))
    programme = tables["programme"]
    return {
        key: (phase, years.get(key))
        for key, phase in zip(
            programme["sector_id"].astype("str"), programme["phase"].astype("str"), strict=True
        )
    }

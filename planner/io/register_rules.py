"""The written rules of the register of Axe 3, each value with its unit, day and source."""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib import resources
from pathlib import Path
from string import Formatter
from typing import Any, Final

from planner.errors import ScenarioError
from planner.texts import Message, number
from planner.vocab import RequesterKind

__all__ = ["RegisterRules", "WrittenRule", "read_register_rules"]

_PARTS: Final = frozenset({"value", "unit", "fr", "en", "on", "source"})
_NEVER_ZERO: Final = frozenset({"published_cell_m", "detour_factor"})


@dataclass(frozen=True, kw_only=True)
class WrittenRule:
    """One rule as it is written.

    Parameters
    ----------
    value, unit
        Its value.
    fr, en
        Its wording, where ``{value}`` stands for the value.
    on, source
        From which day on it holds, and where it comes from.
    synthetic
        Whether the value is a working hypothesis or made up.
    """

    value: float | tuple[str, ...]
    unit: str
    fr: str
    en: str
    on: dt.date
    source: str
    synthetic: bool

    def said(self, lang: str = "fr") -> str:
        """Return its wording with its value."""
        value = self.value
        if isinstance(value, tuple):
            shown = ", ".join(RequesterKind(kind).label(lang) for kind in value)
        else:
            whole = float(value).is_integer()
            shown = number(value, lang, 0 if whole else len(str(value).split(".")[1]))
        return (self.en if lang == "en" else self.fr).format(value=shown)


@dataclass(frozen=True, kw_only=True)
class RegisterRules:
    """What the assessment of requests goes by.

    Parameters
    ----------
    eligible_kinds
        Kinds of requester that Axe 3 answers.
    term_years
        A place whose sector opens within this term of the day of assessment is planned for fibre.
    supply_threshold_mbps
        A private offer from this rate on answers the need.
    evidence_months
        How long an evidence of private supply holds.
    duplicate_m
        The same requester within this distance is at the same place.
    address_score_min, address_margin
        From which score an address is found, and how far the next one must be behind.
    detour_factor
        Metres of support a metre as the crow flies, where no network is designed.
    fibre_cents_per_m, fibre_fixed_cents, wireless_cents
        Prices of the two solutions; the cheaper one is offered.
    retention_years
        How long personal data is kept after the last event of a request.
    published_cell_m
        Side of the cells in which sites are published.
    written
        Each rule by its name, as it is written.
    """

    eligible_kinds: tuple[str, ...]
    term_years: int
    supply_threshold_mbps: float
    evidence_months: int
    duplicate_m: float
    address_score_min: float
    address_margin: float
    detour_factor: float
    fibre_cents_per_m: int
    fibre_fixed_cents: int
    wireless_cents: int
    retention_years: int
    published_cell_m: float
    written: Mapping[str, WrittenRule] = field(default_factory=dict, repr=False)

    @property
    def synthetic(self) -> tuple[str, ...]:
        """Names of the rules whose value is a working hypothesis or made up."""
        return tuple(sorted(name for name, rule in self.written.items() if rule.synthetic))


def read_register_rules(path: str | Path | None = None) -> RegisterRules:
    """Read the rules of a TOML file, or the embedded ones.

    Raises
    ------
    ScenarioError
        When the file is no TOML, lacks a rule, holds an unknown one, or a value that can't be.
    """
    name = "register_rules.toml" if path is None else str(path)
    try:
        text = (
            resources.files(__package__).joinpath("register_rules.toml").read_text(encoding="utf-8")
            if path is None
            else Path(path).read_text(encoding="utf-8")
        )
        given = tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise _bad("rules_unreadable", file=name, detail=str(error)) from error
    wanted = {one.name: str(one.type) for one in fields(RegisterRules)}
    del wanted["written"]
    unknown, lacking = sorted(given.keys() - wanted), sorted(wanted.keys() - given)
    if unknown or lacking:
        raise _bad(
            "rules_names", file=name, unknown=", ".join(unknown) or "—",
            lacking=", ".join(lacking) or "—",
        )  # fmt: skip
    written = {rule: _rule(name, rule, kind, given[rule]) for rule, kind in wanted.items()}
    values: dict[str, Any] = {rule: one.value for rule, one in written.items()}
    return RegisterRules(**values, written=written)


def _rule(file: str, rule: str, kind: str, entry: Any) -> WrittenRule:  # noqa: ANN401 (as TOML has it)
    parts = entry if isinstance(entry, dict) else {}
    worded = all(isinstance(parts.get(one), str) for one in ("unit", "fr", "en", "source"))
    if not parts.keys() >= _PARTS or not worded or not isinstance(parts["on"], dt.date):
        raise _bad("rule_parts", file=file, rule=rule)
    try:
        fields_of = {f for text in ("fr", "en") for _, f, _, _ in Formatter().parse(parts[text])}
    except ValueError:
        fields_of = {"?"}
    if not fields_of <= {None, "value"}:
        raise _bad("rule_parts", file=file, rule=rule)
    value = parts["value"]
    if not _allowed(rule, kind, value):
        raise _bad("rule_value", file=file, rule=rule, value=repr(value))
    return WrittenRule(
        value=tuple(value) if isinstance(value, list) else value,
        synthetic=parts.get("synthetic") is not False,
        **{one: parts[one] for one in ("unit", "fr", "en", "on", "source")},
    )


def _allowed(rule: str, kind: str, value: Any) -> bool:  # noqa: ANN401 (as TOML has it)
    if kind.startswith("tuple"):
        return isinstance(value, list) and set(map(str, value)) <= set(RequesterKind.codes())
    number = isinstance(value, int if kind == "int" else (int, float))
    if not number or isinstance(value, bool) or not math.isfinite(value):
        return False
    return bool(value > 0 if rule in _NEVER_ZERO else value >= 0)


def _bad(key: str, **values: object) -> ScenarioError:
    return ScenarioError(
        Message.of(f"register.{key}", **values), Message.of(f"register.{key}_remedy", **values)
    )

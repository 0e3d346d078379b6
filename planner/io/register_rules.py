"""The written rules of the register of Axe 3, each value with its unit, day and source."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any

from planner.errors import ScenarioError
from planner.texts import Message

__all__ = ["RegisterRules", "read_register_rules"]


@dataclass(frozen=True, kw_only=True)
class RegisterRules:
    """What the assessment of requests goes by.

    Parameters
    ----------
    term_years
        A place whose sector opens within this term of the day of assessment is planned for fibre.
    supply_threshold_mbps
        A private offer from this rate on answers the need.
    evidence_months
        How long an evidence of private supply holds.
    duplicate_m
        The same requester within this distance is at the same place.
    detour_factor
        Metres of support a metre as the crow flies, where no network is designed.
    fibre_cents_per_m, fibre_fixed_cents, wireless_cents
        Prices of the two solutions; the cheaper one is offered.
    retention_years
        How long personal data is kept after the last event of a request.
    published_cell_m
        Side of the cells in which sites are published.
    synthetic
        Names of the rules whose value is a working hypothesis or made up.
    """

    term_years: int
    supply_threshold_mbps: float
    evidence_months: int
    duplicate_m: float
    detour_factor: float
    fibre_cents_per_m: int
    fibre_fixed_cents: int
    wireless_cents: int
    retention_years: int
    published_cell_m: float
    synthetic: tuple[str, ...] = ()


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
    wanted = {field.name: str(field.type) for field in fields(RegisterRules)}
    del wanted["synthetic"]
    unknown, lacking = sorted(given.keys() - wanted), sorted(wanted.keys() - given)
    if unknown or lacking:
        raise _bad(
            "rules_names", file=name, unknown=", ".join(unknown) or "—",
            lacking=", ".join(lacking) or "—",
        )  # fmt: skip
    values: dict[str, Any] = {}
    for rule, kind in wanted.items():
        entry = given[rule]
        if not isinstance(entry, dict) or not {"value", "unit", "on", "source"} <= entry.keys():
            raise _bad("rule_parts", file=name, rule=rule)
        value = entry["value"]
        number = isinstance(value, int if kind == "int" else (int, float))
        if not number or isinstance(value, bool) or not math.isfinite(value) or value < 0:
            raise _bad("rule_value", file=name, rule=rule, value=repr(value))
        values[rule] = value
    made_up = tuple(sorted(rule for rule in wanted if given[rule].get("synthetic") is not False))
    return RegisterRules(**values, synthetic=made_up)


def _bad(key: str, **values: object) -> ScenarioError:
    return ScenarioError(
        Message.of(f"register.{key}", **values), Message.of(f"register.{key}_remedy", **values)
    )

"""Renderers: how the rows of a layer share out its symbols."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from planner.export.qgis._xml import node
from planner.export.qgis.symbols import Symbol

__all__ = ["ELSE", "Rule", "categorized", "graduated", "rules", "single"]

ELSE: Final = "ELSE"
"""Filter of the rule that takes what no other took."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """An entry of a renderer of rules.

    Parameters
    ----------
    filter
        Expression of QGIS, or :data:`ELSE`.
    label
        What the legend says.
    symbol
        How it is drawn; None for a rule that only gathers others.
    min_scale
        Denominator beyond which it isn't drawn, None at any scale.
    children
        Rules for what this one took.
    """

    filter: str
    label: str
    symbol: Symbol | None = None
    min_scale: int | None = None
    children: tuple[Rule, ...] = ()


def single(symbol: Symbol) -> ET.Element:
    """Draw every row alike."""
    return _renderer("singleSymbol", {}, [], [symbol])


def categorized(field: str, classes: Sequence[tuple[str, str, Symbol]]) -> ET.Element:
    """Draw by code; each class is (value, label, symbol), the value ``""`` takes all others."""
    entries = [
        node("category", {"symbol": position, "value": value, "label": label, "render": "true"})
        for position, (value, label, _) in enumerate(classes)
    ]
    body = [node("categories", {}, *entries)]
    return _renderer("categorizedSymbol", {"attr": field}, body, [one for _, _, one in classes])


def graduated(expression: str, classes: Sequence[tuple[float, float, str, Symbol]]) -> ET.Element:
    """Draw by number; each class is (lower, upper, label, symbol).

    Both bounds are included and the first class that holds a number takes it: classes that run
    from the highest down take their lower bound in.
    """
    entries = [
        node(
            "range",
            {
                "symbol": position, "lower": f"{lower:.6f}", "upper": f"{upper:.6f}",
                "label": label, "render": "true",
            },
        )
        for position, (lower, upper, label, _) in enumerate(classes)
    ]  # fmt: skip
    body = [node("ranges", {}, *entries)]
    head = {"attr": expression, "graduatedMethod": "GraduatedColor", "symbologyMode": "Custom"}
    return _renderer("graduatedSymbol", head, body, [one for _, _, _, one in classes])


def rules(name: str, entries: Sequence[Rule]) -> ET.Element:
    """Draw by expressions; ``name`` makes the keys of the rules, the same each time."""

    def key(position: int) -> str:
        return "{" + str(uuid5(NAMESPACE_URL, f"{name}/{position}")) + "}"

    symbols: list[Symbol] = []
    keys = count(1)

    def element(rule: Rule) -> ET.Element:
        head: dict[str, object] = {"key": key(next(keys))}
        if rule.symbol is not None:
            head["symbol"] = len(symbols)
            symbols.append(rule.symbol)
        head |= {"label": rule.label, "filter": rule.filter}
        if rule.min_scale is not None:
            head["scalemaxdenom"] = rule.min_scale
        return node("rule", head, *(element(child) for child in rule.children))

    root = node("rules", {"key": key(0)}, *(element(rule) for rule in entries))
    return _renderer("RuleRenderer", {}, [root], symbols)


def _renderer(
    kind: str, head: dict[str, str], body: list[ET.Element], symbols: list[Symbol]
) -> ET.Element:
    drawn = [symbol.element(str(position)) for position, symbol in enumerate(symbols)]
    attributes = {
        "type": kind, "forceraster": 0, "symbollevels": 0, "enableorderby": 0,
        "referencescale": -1, **head,
    }  # fmt: skip
    return node(
        "renderer-v2", attributes, *body, node("symbols", {}, *drawn), node("rotation"),
        node("sizescale"),
    )  # fmt: skip

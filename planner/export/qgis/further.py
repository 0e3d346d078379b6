"""How a layer looks that nobody has drawn by hand: a table of another room needs no change here.

By its first vocabulary, with the classes that occur; else by its first number, in classes of as
many rows; else in one ink.  Nothing rests on colour alone: classes differ by shape, dash or
pattern, numbers by how dark they are, or how broad a line is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pandas as pd

from planner.contracts import Column
from planner.export import themes
from planner.export.qgis.layers import LayerFacts
from planner.export.qgis.look import Look, points
from planner.export.qgis.renderers import categorized, graduated, single
from planner.export.qgis.symbols import Symbol, area, line, marker
from planner.export.style import AreaClass, Swatch
from planner.schemas import contract
from planner.texts import Message, number

__all__ = ["further_looks"]

_OUTLINE: Final = "#6f7782"
_DASHES: Final = ((), (4.0, 2.0), (1.5, 1.5), (6.0, 2.0, 1.5, 2.0))
_MARK_MM: Final = 2.2
_LINE_MM: Final = 0.5
_MANY_ROWS: Final = 100_000
_FAR: Final = 50_000
_ANY_NUMBER: Final = 1e18
_CENTS: Final = 100


def further_looks(facts: LayerFacts, frame: pd.DataFrame) -> Iterator[Look]:
    """Yield one style: by the first vocabulary, else by the first number, else in one ink.

    Parameters
    ----------
    facts
        The layer.
    frame
        Its rows.
    """
    own = [column for column in contract(facts.name).columns if column.name in frame]
    far = _FAR if len(frame) > _MANY_ROWS else None
    coded = next((column for column in own if column.terms is not None), None)
    if coded is not None:
        yield Look(
            key="further", title=Message.of("qgis.look_by", column=coded.titled(facts.lang)),
            renderer=categorized(coded.name, _codes(facts, coded, frame)), min_scale=far,
        )  # fmt: skip
        return
    key = contract(facts.name).key
    counted = next((c for c in own if c.type in {"int", "float"} and c.name not in key), None)
    bounds = [] if counted is None else _bounds(frame[counted.name])
    if counted is not None and bounds:
        yield Look(
            key="further", title=Message.of("qgis.look_by", column=counted.titled(facts.lang)),
            renderer=graduated(counted.name, _ranges(facts, counted, bounds)), min_scale=far,
        )  # fmt: skip
        return
    yield Look(
        key="further", title=Message.of("qgis.look_single"),
        renderer=single(_plain(facts, themes.NETWORK_INKS[1])), min_scale=far,
    )  # fmt: skip


def _plain(facts: LayerFacts, ink: str) -> Symbol:
    if facts.kind == "line":
        return line(ink, width_mm=_LINE_MM)
    if facts.kind == "marker":
        return marker(fill=ink, ink="#ffffff", size_mm=_MARK_MM, shape="square", outline_mm=0.15)
    return Symbol(kind="fill", layers=line(ink, width_mm=0.4).layers)


def _codes(facts: LayerFacts, column: Column, frame: pd.DataFrame) -> list[tuple[str, str, Symbol]]:
    terms = list(column.terms or ())
    there = set(frame[column.name].dropna().astype(str))
    absent = frame[column.name].hasnans
    classes: Sequence[AreaClass | themes.PointClass] = themes.area_classes(terms)
    if facts.kind == "marker":
        classes = themes.point_classes(terms)
    return [
        (entry.key, entry.label.say(facts.lang), _class_symbol(facts, entry, at))
        for at, entry in enumerate(classes)
        if entry.key in there or (absent and not entry.key)
    ]


def _class_symbol(facts: LayerFacts, entry: AreaClass | themes.PointClass, at: int) -> Symbol:
    if isinstance(entry, themes.PointClass):
        return points(entry, _MARK_MM)
    if facts.kind == "line":
        dash = tuple(length * _LINE_MM for length in _DASHES[at % len(_DASHES)])
        return line(entry.swatch.ink, width_mm=_LINE_MM, dash_mm=dash)
    return area(entry.swatch, outline=_OUTLINE, outline_mm=0.1)


def _bounds(values: pd.Series[float]) -> list[float]:
    """Return the lower bounds of classes that share the rows out evenly, the highest first."""
    known = values.dropna().to_numpy(dtype=np.float64)
    if not known.size:
        return []
    steps = np.linspace(0, 1, len(themes.NUMBER_FILLS) + 1)[:-1]
    return sorted({float(v) for v in np.quantile(known, steps, method="lower")}, reverse=True)


def _ranges(
    facts: LayerFacts, column: Column, bounds: list[float]
) -> list[tuple[float, float, str, Symbol]]:
    tops = [_ANY_NUMBER, *bounds[:-1]]
    ranges = []
    for at, (low, high) in enumerate(zip(bounds, tops, strict=True)):
        # the palest of five stands for the lowest, however few classes there are
        rank = at + len(themes.NUMBER_FILLS) - len(bounds)
        words = Message.of("qgis.from_number", low=_said(column, low, facts.lang)).say(facts.lang)
        ranges.append((low, high, words, _number_symbol(facts, rank)))
    return ranges


def _said(column: Column, value: float, lang: str) -> str:
    if column.unit == "cent":
        return f"{number(value / _CENTS, lang)} €"
    return number(value, lang, 0 if value.is_integer() else 2)


def _number_symbol(facts: LayerFacts, rank: int) -> Symbol:
    shade = themes.NUMBER_FILLS[rank]
    if facts.kind == "line":
        return line(themes.NETWORK_INKS[1], width_mm=_LINE_MM * (len(themes.NUMBER_FILLS) - rank))
    if facts.kind == "marker":
        return marker(fill=shade, ink=_OUTLINE, size_mm=_MARK_MM, outline_mm=0.2)
    return area(Swatch(fill=shade, ink=shade, pattern="solid"), outline=_OUTLINE, outline_mm=0.1)

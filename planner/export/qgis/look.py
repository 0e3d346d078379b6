"""What a style of a layer is, whoever draws it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Final

from planner.export.qgis.labels import Label
from planner.export.qgis.symbols import Symbol, marker
from planner.export.themes import PointClass
from planner.texts import Message

__all__ = ["DETAIL_FROM", "INK", "NAMES_FROM", "PREMISES_FROM", "Look", "points"]

PREMISES_FROM: Final = 50_000
"""Denominator of the scale from which premises are drawn: two million take seconds to draw."""
DETAIL_FROM: Final = 250_000
NAMES_FROM: Final = 100_000
INK: Final = "#1d232b"


@dataclass(frozen=True, kw_only=True)
class Look:
    """One style of a layer.

    Parameters
    ----------
    key
        Stable code, for the themes of the project.
    title
        Name of the style.
    renderer
        QGIS's renderer, or None for a table without geometry.
    label
        What is written on the features.
    min_scale
        Denominator beyond which the layer isn't drawn.
    """

    key: str
    title: Message
    renderer: ET.Element | None = None
    label: Label | None = None
    min_scale: int | None = None


def points(entry: PointClass, size_mm: float) -> Symbol:
    """Mark points as a class of a legend says."""
    return marker(
        fill=entry.fill, ink=entry.ink, size_mm=size_mm, shape=entry.shape,
        outline_mm=0.14 * entry.rim,
    )  # fmt: skip

"""The line of sources at the foot of a figure, within the sheet's margins."""

from __future__ import annotations

from typing import Final

from matplotlib.figure import Figure
from matplotlib.textpath import TextPath

from planner.export.figures._draw import letters
from planner.export.figures._fonts import showable

__all__ = ["write_source"]

_LEFT: Final = 0.04  # of the sheet's width, and as much on the right
_FOOT_IN: Final = 0.12
_SIZE: Final = 6.5
_POINTS: Final = 72


def write_source(figure: Figure, source: str, *, color: str) -> None:
    """Write where the data come from, in as many lines as the width asks for.

    Words are measured as they are drawn: matplotlib's own wrapping goes to the edge of the sheet.
    """
    wide, high = figure.get_size_inches()
    room = (1 - 2 * _LEFT) * wide * _POINTS
    font = letters(_SIZE, "italic")
    sizes: dict[str, float] = {}
    for word in {"n", "n n", *showable(source).split()}:
        extent = TextPath((0, 0), word, size=_SIZE, prop=font).get_extents()
        sizes[word] = float(extent.x1)
    space = sizes["n n"] - 2 * sizes["n"]
    lines: list[str] = []
    left = 0.0
    for word in showable(source).split():
        if lines and sizes[word] + space <= left:
            lines[-1] += f" {word}"
            left -= sizes[word] + space
        else:
            lines.append(word)
            left = room - sizes[word]
    figure.text(
        _LEFT, _FOOT_IN / high, "\n".join(lines), fontproperties=font, color=color,
        va="bottom", parse_math=False,
    )  # fmt: skip

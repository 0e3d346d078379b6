"""The frontier of speed and equity on paper: one curve, a point for each programme."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter

from planner.choice import objective_label
from planner.export.figures._draw import SETTINGS, letters
from planner.export.figures._fonts import showable
from planner.export.figures._save import save_figure
from planner.export.figures._source import write_source
from planner.texts import Message, number, say

__all__ = ["draw_frontier", "write_frontier_figure"]

_INK: Final = "#1d232b"
_PALE: Final = "#dfe4ea"
_BLUE: Final = "#1f5fa8"
_NAMED: Final = 8
_FORMATS: Final = ("png", "svg")


class _Numbers(Formatter):
    """Numbers of an axis as the language writes them."""

    def __init__(self, decimals: int, lang: str) -> None:
        self.decimals, self.lang = decimals, lang

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Write one, as it is or not at all."""
        del pos
        whole = bool(np.isclose(x, round(x, self.decimals), rtol=0, atol=1e-9))
        return number(x, self.lang, self.decimals) if whole else ""


def draw_frontier(
    table: pd.DataFrame, *, names: Mapping[str, str], source: str, lang: str = "fr"
) -> Figure:
    """Draw a frontier: across, the share served of the worst-off; up, the speed.

    A full point is proved non-dominated; a hollow one is so within the gap of its bound, drawn
    above it.

    Parameters
    ----------
    table
        Contract ``frontier``.
    names
        Group to what people call it.
    source
        Where the data come from, and whether they are made up.
    """
    figure = Figure(figsize=(9.0, 6.2), facecolor="white")
    axes = figure.add_axes((0.13, 0.17, 0.8, 0.6))
    across = 100 * table["worst_share"].to_numpy(dtype=np.float64)
    each = 1 / np.where(table["unit"] == "half_votes", 2, 1)  # an axis counts whole votes
    up = each * table["value"].to_numpy(dtype=np.float64)
    proved = table["proved"].to_numpy(dtype=bool)
    axes.plot(across, up, color=_BLUE, linewidth=1.2, zorder=2)
    axes.scatter(across[proved], up[proved], s=34, color=_BLUE, zorder=3)
    axes.scatter(
        across[~proved], up[~proved], s=34, facecolor="white", edgecolor=_BLUE, linewidth=1.4,
        zorder=3,
    )  # fmt: skip
    bounded = table["bound"].notna().to_numpy() & ~proved
    bounds = each * table["bound"].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    axes.vlines(across[bounded], up[bounded], bounds[bounded], color=_BLUE, linewidth=1.0)
    places = table["worst_place"].astype(str).tolist()
    step = max(1, -(-len(table) // _NAMED))
    for at in sorted({*range(0, len(table), step), len(table) - 1} if len(table) else set()):
        name = showable(names.get(places[at], places[at]))
        right = across[at] > (across[0] + across[-1]) / 2  # a name stays inside the sheet
        axes.annotate(
            name, (across[at], up[at]), xytext=(-8, -12) if right else (6, 7), color=_INK,
            textcoords="offset points", ha="right" if right else "left",
            fontproperties=letters(7.5), parse_math=False,
        )  # fmt: skip
    axes.margins(x=0.14, y=0.12)
    axes.grid(color=_PALE, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for axis, decimals in ((axes.xaxis, 1), (axes.yaxis, 0)):
        axis.set_major_formatter(_Numbers(decimals, lang))
        for tick in axis.get_ticklabels():
            tick.set_fontproperties(letters(8))
    axes.set_xlabel(say("robustness.axis_worst", lang), fontproperties=letters(9))
    objective = str(table["objective"].iloc[0]) if len(table) else ""
    label = objective_label(objective)
    axes.set_ylabel(
        label.say(lang) if isinstance(label, Message) else label, fontproperties=letters(9)
    )
    high = figure.get_size_inches()[1]
    figure.text(
        0.04, 1 - 0.32 / high, say("robustness.figure_title", lang), va="top",
        fontproperties=letters(14, "bold"),
    )  # fmt: skip
    figure.text(
        0.04, 1 - 0.64 / high, say("robustness.figure_note", lang), va="top", color=_INK,
        fontproperties=letters(8.5), linespacing=1.35,
    )  # fmt: skip
    write_source(figure, source, color=_INK)
    return figure


def write_frontier_figure(
    folder: str | Path, table: pd.DataFrame, *, names: Mapping[str, str], source: str,
    lang: str = "fr",
) -> tuple[Path, ...]:  # fmt: skip
    """Write ``frontiere.png`` and ``frontiere.svg``; return their files."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    settings: dict[Any, Any] = dict(SETTINGS)
    with mpl.rc_context(settings):
        figure = draw_frontier(table, names=names, source=source, lang=lang)
        return tuple(save_figure(figure, place / f"frontiere.{kind}") for kind in _FORMATS)

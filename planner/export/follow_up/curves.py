"""S-curves: promised, observed and forecast totals of the region and of its départements."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from planner.export.figures import SETTINGS, letters, save_figure, showable
from planner.export.style import PAPER
from planner.texts import number, say
from planner.vocab import Level

__all__ = ["draw_curves", "draw_place", "write_curves"]

_INK: Final = "#1d232b"
_PROMISED: Final = "#6a707c"
_SEEN: Final = "#173a6e"
_FORECAST: Final = "#b8620a"
_GRID: Final = "#dfe4ea"
_SIZE: Final = (10.0, 6.6)
_DPI: Final = 150
_YEARS_SHOWN: Final = 12
_HEADROOM: Final = 1.06
"""Room left above the curves for the totals written there."""


def write_curves(
    folder: Path,
    curves: pd.DataFrame,
    *,
    names: Mapping[tuple[str, str], str],
    title: str,
    synthetic: bool,
    lang: str = "fr",
) -> tuple[Path, ...]:
    """Write the curves as SVG and PNG; the same curves give the same bytes.

    Parameters
    ----------
    folder
        Where they go.
    curves
        Contract ``progress_curve``.
    names
        Level and code to the name of each place.
    title
        What the figure is of.
    synthetic
        Whether anything in it is made up; the figure then says so.
    lang
        Language of the figure.
    """
    stem = say("follow_up.curves_file", lang)
    with mpl.rc_context(dict(SETTINGS)):
        figure = draw_curves(curves, names=names, title=title, synthetic=synthetic, lang=lang)
        return tuple(
            save_figure(figure, folder / f"{stem}.{kind}", dpi=_DPI) for kind in ("svg", "png")
        )


def draw_curves(
    curves: pd.DataFrame,
    *,
    names: Mapping[tuple[str, str], str],
    title: str,
    synthetic: bool,
    lang: str = "fr",
) -> Figure:
    """Draw the region large and its départements beside; as :func:`write_curves`."""
    figure = Figure(figsize=_SIZE, facecolor=PAPER)
    FigureCanvasSVG(figure)
    units = sorted(
        curves.loc[curves["level"].astype(str) == Level.DEPARTEMENT.value, "code"].unique()
    )[:4]
    grid = figure.add_gridspec(
        max(len(units), 1), 2, width_ratios=(2.4, 1.0), left=0.075, right=0.985, top=0.87,
        bottom=0.125, hspace=0.62, wspace=0.2,
    )  # fmt: skip
    main = figure.add_subplot(grid[:, 0])
    _draw(main, curves, Level.REGION, "—", names, lang, size=9.5)
    for place, code in enumerate(units):
        axes = figure.add_subplot(grid[place, 1])
        _draw(axes, curves, Level.DEPARTEMENT, str(code), names, lang, size=7.5)
    figure.text(0.075, 0.945, showable(title), fontproperties=letters(14, "bold"), color=_INK)
    _legend(figure, main, (0.065, 0.015), size=9.5)
    if synthetic:
        _say_synthetic(figure, 0.03, lang, size=9.5)
    return figure


def draw_place(
    curves: pd.DataFrame,
    code: str,
    *,
    title: str,
    synthetic: bool,
    size: tuple[float, float],
    level: Level = Level.EPCI,
    lang: str = "fr",
) -> Figure:
    """Draw one place alone, for a page.

    Parameters
    ----------
    curves
        Contract ``progress_curve``.
    code, level
        The place.
    title
        What is written above.
    synthetic
        Whether anything in it is made up; the figure then says so.
    size
        Width and height, inches.
    lang
        Language of the figure.
    """
    figure = Figure(figsize=size, facecolor=PAPER)
    FigureCanvasSVG(figure)
    axes = figure.add_axes((0.085, 0.2, 0.9, 0.68))
    _draw(axes, curves, level, code, {(level.value, code): title}, lang, size=8.5)
    rows = curves[(curves["level"].astype(str) == level.value) & (curves["code"] == code)]
    rows = rows.sort_values("quarter")
    at, promised, seen = _totals(rows)
    _label_last(axes, at, promised, seen, lang)
    _legend(figure, axes, (0.07, 0.0), size=8)
    if synthetic:
        _say_synthetic(figure, 0.935, lang, size=8)
    return figure


def _legend(figure: Figure, axes: Axes, corner: tuple[float, float], *, size: float) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="lower left", bbox_to_anchor=corner, ncol=4, frameon=False,
        prop=letters(size),
    )  # fmt: skip


def _say_synthetic(figure: Figure, height: float, lang: str, *, size: float) -> None:
    figure.text(
        0.985, height, say("follow_up.figure_synthetic", lang), ha="right",
        fontproperties=letters(size, "bold"), color="#a3194e",
    )  # fmt: skip


def _totals(rows: pd.DataFrame) -> tuple[Any, Any, Any]:
    """Return when, what was promised and what was seen, as matplotlib takes them."""
    return (
        rows["quarter"].map(_when).to_numpy(dtype=float),
        rows["planned_count"].to_numpy(dtype=float),
        rows["actual_count"].astype("float64").to_numpy(),
    )


def _draw(
    axes: Axes,
    curves: pd.DataFrame,
    level: Level,
    code: str,
    names: Mapping[tuple[str, str], str],
    lang: str,
    *,
    size: float,
) -> None:
    rows = curves[(curves["level"].astype(str) == level.value) & (curves["code"] == code)]
    rows = rows.sort_values("quarter")
    at, promised, seen = _totals(rows)
    forecast = rows["forecast_count"].astype("float64").to_numpy()
    axes.plot(
        at, promised, color=_PROMISED, linewidth=1.6, linestyle=(0, (5, 2)),
        label=say("follow_up.curve_promised", lang),
    )  # fmt: skip
    axes.plot(at, seen, color=_SEEN, linewidth=2.4, label=say("follow_up.curve_seen", lang))
    known = rows["actual_count"].notna().to_numpy()
    coming = ~pd.isna(forecast)
    if coming.any() and known.any():
        start = int(known.nonzero()[0][-1])
        places = [start, *(int(p) for p in coming.nonzero()[0])]
        axes.plot(
            at[places], [seen[start], *forecast[coming]], color=_FORECAST, linewidth=1.8,
            linestyle=(0, (1.5, 1.2)), label=say("follow_up.curve_forecast", lang),
        )  # fmt: skip
        low, high = (rows[n].astype("float64").to_numpy() for n in ("low_count", "high_count"))
        if not pd.isna(low[coming]).any():
            axes.fill_between(
                at[places], [seen[start], *low[coming]], [seen[start], *high[coming]],
                color=_FORECAST, alpha=0.18, linewidth=0, label=say("follow_up.curve_80", lang),
            )  # fmt: skip
    _furnish(axes, names.get((level.value, code), code), lang, size)
    if level is Level.REGION:
        _label_last(axes, at, promised, seen, lang)


def _label_last(axes: Axes, at: Any, promised: Any, seen: Any, lang: str) -> None:  # noqa: ANN401
    """Write the two totals of the last quarter observed."""
    known = (~pd.isna(seen)).nonzero()[0]
    if not len(known):
        return
    last = int(known[-1])
    for value, ink, above in ((promised[last], _PROMISED, True), (seen[last], _SEEN, False)):
        axes.annotate(
            number(int(value), lang), (at[last], value), xytext=(-4, 5 if above else 7),
            textcoords="offset points", ha="right", fontproperties=letters(10, "bold"), color=ink,
        )  # fmt: skip
        axes.plot([at[last]], [value], "o", color=ink, markersize=4.5)


def _furnish(axes: Axes, name: str, lang: str, size: float) -> None:
    axes.set_title(showable(name), loc="left", fontproperties=letters(size + 1.5, "bold"))
    axes.set_ylim(0, max(axes.get_ylim()[1], 1.0) * _HEADROOM)
    axes.grid(axis="y", color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=_YEARS_SHOWN if size > 8 else 4, integer=True))  # noqa: PLR2004 (the large panel)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6 if size > 8 else 3, integer=True))  # noqa: PLR2004 (same)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, lang)))
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontproperties(letters(size))
        label.set_color(_INK)


def _when(quarter: str) -> float:
    """Return the end of a quarter in years: the end of 2019-T4 is 2020."""
    return int(quarter[:4]) + int(quarter[6]) / 4

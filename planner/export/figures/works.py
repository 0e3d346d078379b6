"""The calendar on paper: openings by EPCI and quarter, and what is opened and spent in all.

Both are drawn from the tables of a plan (:meth:`planner.plan.Plan.tables`) or those of a folder of
outputs, in PNG and SVG, with the colours of the phases; the same tables give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from planner.export.figures._draw import SETTINGS, letters
from planner.export.figures._fonts import showable
from planner.export.figures._save import save_figure
from planner.export.figures._source import write_source
from planner.export.style import PHASE_THEME
from planner.texts import number, say
from planner.vocab import Phase

__all__ = ["draw_gantt", "draw_s_curve", "write_works_figures"]

_INK: Final = "#1d232b"
_PALE: Final = "#dfe4ea"
_PHASES: Final = (Phase.PHASE_1, Phase.PHASE_2, Phase.PHASE_3)
_CENTS_A_MILLION: Final = 100_000_000
_LINES_A_THOUSAND: Final = 1_000
_FORMATS: Final = ("png", "svg")


def _color(phase: Phase) -> str:
    return PHASE_THEME.classes[PHASE_THEME.position(phase)].swatch.fill


def _quarters(schedule: pd.DataFrame) -> list[str]:
    numbers = [int(q[:4]) * 4 + int(q[6]) - 1 for q in schedule["quarter"].astype(str)]
    return [f"{n // 4}-T{n % 4 + 1}" for n in range(min(numbers) // 4 * 4, max(numbers) + 1)]


def _years(axes: Axes, quarters: list[str]) -> None:
    starts = [place for place, quarter in enumerate(quarters) if quarter.endswith("T1")]
    for place in starts:
        axes.axvline(place, color=_PALE, linewidth=0.6, zorder=0)
    axes.set_xticks(
        starts, [quarters[place][:4] for place in starts], fontproperties=letters(8), ha="left"
    )
    axes.set_xlim(0, len(quarters))
    axes.tick_params(length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _frame(figure: Figure, *, title: str, note: str, source: str) -> None:
    high = figure.get_size_inches()[1]
    figure.text(0.04, 1 - 0.32 / high, title, fontproperties=letters(14, "bold"), va="top")
    figure.text(0.04, 1 - 0.62 / high, note, fontproperties=letters(8.5), va="top", color=_INK)
    write_source(figure, source, color=_INK)


def _legend(figure: Figure, lang: str) -> None:
    high = figure.get_size_inches()[1]
    figure.legend(
        handles=[
            Patch(facecolor=_color(p), edgecolor=_INK, linewidth=0.4, label=p.label(lang))
            for p in _PHASES
        ],
        loc="upper right", bbox_to_anchor=(0.98, 1 - 0.22 / high), ncols=3, frameon=False,
        prop=letters(8.5), handlelength=1.2,
    )  # fmt: skip


def _by_quarter(
    schedule: pd.DataFrame, quarters: list[str], column: str
) -> dict[Phase, NDArray[np.float64]]:
    return {
        phase: schedule[schedule["phase"].astype(str) == phase.value]
        .groupby(schedule["quarter"].astype(str))[column]
        .sum()
        .reindex(quarters, fill_value=0)
        .to_numpy(dtype=np.float64)
        for phase in _PHASES
    }


def draw_gantt(tables: Mapping[str, pd.DataFrame], *, source: str, lang: str = "fr") -> Figure:
    """Draw, for each EPCI, the premises that open in each quarter, by phase.

    A row is an EPCI, the first to be half open at the top; its bars are as high as its own busiest
    quarter, whose premises are written at the end of the row.

    Parameters
    ----------
    tables
        ``schedule``, ``sectors`` and ``epci`` under their contracts.
    source
        Where the data come from, and whether they are made up.
    """
    schedule = pd.DataFrame(tables["schedule"])
    quarters = _quarters(schedule)
    siren = tables["sectors"].set_index("sector_id")["epci_siren"].astype("object")
    names = tables["epci"].set_index("siren")["nom"].astype(str).to_dict()
    owner = schedule["sector_id"].map(siren)
    schedule = schedule.assign(
        owner=[say("works.no_epci", lang) if pd.isna(s) else names.get(s, str(s)) for s in owner]
    )
    place = {quarter: position for position, quarter in enumerate(quarters)}
    at = schedule["quarter"].astype(str).map(place)
    weight = schedule["premises_count"].astype(float)
    mean = (at * weight).groupby(schedule["owner"]).sum() / weight.groupby(schedule["owner"]).sum()
    rows = sorted(mean.index, key=lambda name: (mean[name], name))
    high = 1.5 + 0.2 * max(len(rows), 4)
    figure = Figure(figsize=(11.0, high), facecolor="white")
    axes = figure.add_axes((0.27, 0.55 / high, 0.66, 1 - 1.6 / high))
    for row, name in enumerate(rows):
        mine = schedule[schedule["owner"] == name]
        lines = _by_quarter(mine, quarters, "premises_count")
        most = float(np.sum(list(lines.values()), axis=0).max())
        bottom = np.full(len(quarters), float(-row))
        axes.axhline(-row, color=_PALE, linewidth=0.5, zorder=0)
        for phase in _PHASES:
            part = 0.82 * lines[phase] / most
            axes.bar(
                np.arange(len(quarters)) + 0.5, part, bottom=bottom, width=0.94, linewidth=0.3,
                color=_color(phase), edgecolor=_INK, zorder=2,
            )  # fmt: skip
            bottom = bottom + part
        axes.text(
            len(quarters) + 0.3, -row + 0.1, number(most, lang), fontproperties=letters(7),
            color=_INK,
        )  # fmt: skip
    _years(axes, quarters)
    axes.set_ylim(-len(rows) + 0.95, 1.0)
    axes.set_yticks([-row + 0.1 for row in range(len(rows))], [showable(name) for name in rows])
    for label in axes.get_yticklabels():
        label.set_fontproperties(letters(7.5))
        label.set_parse_math(False)
        label.set_verticalalignment("baseline")
    _legend(figure, lang)
    _frame(
        figure, title=say("works.gantt_title", lang), note=say("works.gantt_note", lang),
        source=source,
    )  # fmt: skip
    return figure


def draw_s_curve(tables: Mapping[str, pd.DataFrame], *, source: str, lang: str = "fr") -> Figure:
    """Draw the premises opened and the euros spent by the end of each quarter, by phase.

    Parameters
    ----------
    tables
        ``schedule`` under its contract.
    source
        Where the data come from, and whether they are made up.
    """
    schedule = pd.DataFrame(tables["schedule"])
    quarters = _quarters(schedule)
    figure = Figure(figsize=(11.0, 7.5), facecolor="white")
    for column, unit, title, low in (
        ("premises_count", _LINES_A_THOUSAND, "s_curve_premises", 0.52),
        ("cost_cents", _CENTS_A_MILLION, "s_curve_cost", 0.1),
    ):
        axes = figure.add_axes((0.08, low, 0.84, 0.33))
        parts = _by_quarter(schedule, quarters, column)
        ends = np.arange(len(quarters) + 1)
        bottom = np.zeros(len(ends))
        for phase in _PHASES:
            total = np.concatenate([[0.0], np.cumsum(parts[phase])]) / unit
            axes.fill_between(
                ends, bottom, bottom + total, color=_color(phase), linewidth=0.4, edgecolor=_INK
            )
            bottom = bottom + total
        axes.plot(ends, bottom, color=_INK, linewidth=1.4)
        axes.text(
            len(quarters) + 0.2, bottom[-1], number(bottom[-1], lang),
            fontproperties=letters(9, "bold"), va="center",
        )  # fmt: skip
        _years(axes, quarters)
        axes.set_ylim(0, None)
        ticks = [tick for tick in axes.get_yticks() if tick <= bottom[-1] * 1.02]
        axes.set_yticks(ticks, [number(tick, lang) for tick in ticks], fontproperties=letters(8))
        axes.grid(axis="y", color=_PALE, linewidth=0.6)
        axes.set_title(say(f"works.{title}", lang), fontproperties=letters(10, "bold"), loc="left")
    _legend(figure, lang)
    _frame(
        figure, title=say("works.s_curve_title", lang), note=say("works.s_curve_note", lang),
        source=source,
    )  # fmt: skip
    return figure


def write_works_figures(
    folder: str | Path, tables: Mapping[str, pd.DataFrame], *, source: str,
    formats: Sequence[str] = _FORMATS, lang: str = "fr",
) -> tuple[Path, ...]:  # fmt: skip
    """Write both figures in PNG and SVG; return their files."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    settings: dict[Any, Any] = dict(SETTINGS)
    with mpl.rc_context(settings):
        for name, draw in (("calendrier-epci", draw_gantt), ("courbe-en-s", draw_s_curve)):
            figure = draw(tables, source=source, lang=lang)
            written += [save_figure(figure, place / f"{name}.{kind}") for kind in formats]
    return tuple(written)

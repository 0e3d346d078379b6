"""Sheets for reports: one figure a theme in PNG or SVG, and an A3 poster in PDF."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from planner.errors import PlannerError, UnknownNameError
from planner.export.figures._draw import (
    SETTINGS,
    DrawRules,
    classes_seen,
    draw_legend,
    draw_territory,
    letters,
)
from planner.export.figures._fonts import showable
from planner.export.figures._save import save_figure
from planner.export.map.data import MapData
from planner.export.map.document import SPLIT, file_stem, named_sources
from planner.export.map.themes import Painted, paint
from planner.export.style import PAPER, PHASE_THEME
from planner.plan import Plan
from planner.texts import Message, say
from planner.vocab import Level

__all__ = ["FORMATS", "draw_figure", "draw_poster", "figure_data", "write_figures", "write_poster"]

FORMATS: Final = ("png", "svg")
_A4: Final = (11.69, 8.27)
_A3: Final = (16.54, 11.69)
_DPI: Final = 200
_NAVY: Final = "#0e2748"
_BLUE: Final = "#173a6e"
_SOFT: Final = "#4a5665"
_ALERT: Final = "#a3194e"
_INK: Final = "#16202c"
_GLYPH: Final = 0.45
"""Mean width of a letter, as a share of the size of its font."""
_POINTS: Final = 72


def figure_data(
    plan: Plan, *, epci: str | None = None, departement: str | None = None, lang: str = "fr"
) -> MapData:
    """Return what figures show of a plan: the region, or one EPCI or département.

    Raises
    ------
    UnknownNameError
        When no commune belongs to this EPCI or département.
    PlannerError
        When both are given.
    """
    if epci is not None and departement is not None:
        raise PlannerError(
            Message.of("map.two_places", epci=epci, departement=departement),
            Message.of("map.two_places_remedy"),
        )
    data = MapData.from_plan(plan, lang=lang)
    if epci is not None:
        data = data.focus(Level.EPCI, epci)
    elif departement is not None:
        data = data.focus(Level.DEPARTEMENT, departement)
    return data


def write_figures(
    folder: str | Path,
    data: Plan | MapData,
    *,
    themes: Sequence[str] | None = None,
    formats: Sequence[str] = FORMATS,
    lang: str = "fr",
    notify: Callable[[str], None] | None = None,
) -> tuple[Path, ...]:
    """Write each theme of the map as a still figure for a report.

    Parameters
    ----------
    folder
        Where they go; made where it is missing.  Files bear codes, never names.
    data
        What is shown: a plan, or what :func:`figure_data` returned.
    themes
        Codes of the themes (``phase``, ``year``, ``coverage``…); None: every one.
    formats
        ``png``, ``svg``.
    lang
        ``fr`` or ``en``.
    notify
        Told the title of each theme before it is drawn.

    Returns
    -------
    tuple of Path
        The files, the same bytes each time.

    Raises
    ------
    UnknownNameError
        When there is no such theme or format.
    """
    data = figure_data(data, lang=lang) if isinstance(data, Plan) else data
    laid = {painted.theme.key: painted for painted in paint(data)}
    _known("figures.no_such_theme", themes or (), laid)
    _known("figures.no_such_format", formats, FORMATS)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for key, painted in laid.items():
        if themes is not None and key not in themes:
            continue
        if notify is not None:
            notify(painted.theme.label.say(lang))
        for ending in formats:
            path = target / f"{file_stem(data)}-{key}.{ending}"
            with mpl.rc_context(dict(SETTINGS)):
                save_figure(draw_figure(data, painted, lang=lang), path, dpi=_DPI)
            written.append(path)
    return tuple(written)


def write_poster(path: str | Path, data: Plan | MapData, *, lang: str = "fr") -> Path:
    """Write an A3 poster in PDF: title, map, legend, key figures, sources, what is synthetic.

    Parameters
    ----------
    path
        Where to write it.
    data, lang
        As in :func:`write_figures`; the poster shows its first theme.

    Returns
    -------
    Path
        The file, the same bytes each time.
    """
    data = figure_data(data, lang=lang) if isinstance(data, Plan) else data
    target = Path(path)
    with mpl.rc_context(dict(SETTINGS)):
        save_figure(draw_poster(data, paint(data)[0], lang=lang), target, dpi=_DPI)
    return target


def _known(key: str, asked: Iterable[str], known: Iterable[str]) -> None:
    known = list(known)
    for name in asked:
        if name not in known:
            raise UnknownNameError(
                Message.of(key, name=name), Message.of(f"{key}_remedy", known=", ".join(known))
            )


def draw_figure(data: MapData, painted: Painted, *, lang: str = "fr") -> Figure:
    """Draw one theme on an A4 sheet in landscape, with its scale bar, legend and sources."""
    figure = Figure(figsize=_A4, facecolor=PAPER)
    _write(figure, 0.03, 0.955, _heading(data), 17, "bold", _BLUE, width=0.94)
    _write(figure, 0.03, 0.902, painted.theme.label.say(lang), 13, "regular", _INK, width=0.94)
    _write(figure, 0.03, 0.868, _standing(data, lang), 9, "regular", _SOFT, width=0.94)
    axes = figure.add_axes((0.03, 0.12, 0.69, 0.72))
    names = 24 if data.level is Level.REGION else 40
    draw_territory(axes, data, painted, rules=DrawRules(names_count=names, fills=True), lang=lang)
    _legend(figure.add_axes((0.74, 0.40, 0.24, 0.44)), data, painted, lang)
    down = _write(
        figure, 0.74, 0.30, _note(painted, lang), 8, "regular", _SOFT, width=0.23,
    )  # fmt: skip
    if data.synthetic_layers:
        _write(figure, 0.74, down - 0.02, _made_up(lang), 8.5, "bold", _ALERT, width=0.23)
    _foot(figure, data, lang, y=0.085, size=7)
    return figure


def draw_poster(data: MapData, painted: Painted, *, lang: str = "fr") -> Figure:
    """Draw an A3 poster in landscape under one theme."""
    figure = Figure(figsize=_A3, facecolor=PAPER)
    figure.set_label(f"{_heading(data)} · {painted.theme.label.say(lang)}")
    figure.add_artist(
        Rectangle((0, 0.885), 1, 0.115, transform=figure.transFigure, color=_NAVY, linewidth=0)
    )
    _write(figure, 0.025, 0.975, _heading(data), 28, "bold", PAPER, width=0.95)
    about = f"{painted.theme.label.say(lang)} · {_standing(data, lang)}"
    _write(figure, 0.025, 0.918, about, 14, "regular", "#dbe4f0", width=0.95)
    axes = figure.add_axes((0.02, 0.085, 0.70, 0.785))
    rules = DrawRules(names_count=60, name_points=8.5, detail_share=0.0004, fills=True)
    draw_territory(axes, data, painted, rules=rules, lang=lang)
    down = _key_figures(figure, data, lang, x=0.745, y=0.855)
    _legend(figure.add_axes((0.745, down - 0.27, 0.24, 0.25)), data, painted, lang, points=12)
    down = _write(
        figure, 0.745, down - 0.30, _note(painted, lang), 10, "regular", _SOFT, width=0.23
    )
    if data.synthetic_layers:
        _write(figure, 0.745, down - 0.02, _made_up(lang), 11, "bold", _ALERT, width=0.23)
    _foot(figure, data, lang, y=0.06, size=8.5)
    return figure


def _heading(data: MapData) -> str:
    return data.title if data.level is Level.REGION else f"{data.place} · {data.title}"


def _standing(data: MapData, lang: str) -> str:
    return say(
        "figures.standing", lang, status=say(f"map.status_{data.status}", lang),
        version=data.version, on=data.reference_date,
    )  # fmt: skip


def _note(painted: Painted, lang: str) -> str:
    words = say("map.legend_note", lang)
    if painted.by_state and painted.sectors:  # areas stand for their premises here
        words += f" {say('figures.most_frequent', lang)}"
    return words


def _made_up(lang: str) -> str:
    return f"{say('map.banner', lang)} {say('map.banner_short', lang)}"


def _foot(figure: Figure, data: MapData, lang: str, *, y: float, size: float) -> None:
    words = say("map.paper_origins", lang, sources=" ; ".join(named_sources(data)))
    referentials = sorted({str(text) for text in data.coverage["referential"].dropna()})
    if referentials:
        words += f" {say('map.referential', lang)} : {' ; '.join(referentials)}."
    if data.vintage:
        words += f" {say('figures.vintage', lang, vintage=data.vintage)}"
    _write(figure, 0.03, y, words, size, "regular", _SOFT, width=0.94)


def _legend(axes: Axes, data: MapData, painted: Painted, lang: str, *, points: float = 9) -> None:
    axes.axis("off")
    draw_legend(
        axes, painted, title=say("map.legend", lang), lang=lang, used=classes_seen(data, painted)
    )
    legend = axes.get_legend()
    if legend is None:
        return
    for text in legend.get_texts():
        text.set_fontproperties(letters(points))
    legend.get_title().set_fontproperties(letters(points + 1, "bold"))


def _key_figures(figure: Figure, data: MapData, lang: str, *, x: float, y: float) -> float:
    """Write the figures of the territory one under the other; return where they end."""
    row = data.whole_row
    if row is None:
        return y
    rate = "map.coverage_rate_public" if data.public_only else "map.coverage_rate"
    shown = [
        (say("map.premises", lang), say("map.count", lang, count=row["premises_count"])),
        (say("map.serviceable", lang), _count(row["serviceable_count"], lang)),
        (say(rate, lang), _share(row["coverage_rate"], lang)),
    ]
    if data.level is Level.REGION and len(data.contributions):
        net = int(data.contributions["net_cents"].sum())
        shown.append((say("figures.due", lang), say("map.money", lang, cents=net)))
    for place, (label, words) in enumerate(shown):
        at = x + 0.12 * (place % 2)
        top = y - 0.075 * (place // 2)
        _write(figure, at, top, label, 10, "regular", _SOFT, width=0.12)
        _write(figure, at, top - 0.02, words, 21, "bold", _BLUE, width=0.2)
    y -= 0.075 * ((len(shown) + 1) // 2) + 0.015
    labels = {entry.key: entry.label.say(lang) for entry in PHASE_THEME.classes}
    for key, column in SPLIT:
        if not row[column]:
            continue
        words = say("map.count", lang, count=row[column])
        _write(figure, x, y, labels[key], 11, "regular", _INK, width=0.15)
        _write(figure, x + 0.215, y, words, 11, "bold", _INK, width=0.1, align="right")
        y -= 0.024
    return y - 0.01


def _count(value: int | None, lang: str) -> str:
    return "—" if value is None else say("map.count", lang, count=value)


def _share(value: float | None, lang: str) -> str:
    return "—" if value is None else say("map.share", lang, share=value)


def _write(
    figure: Figure, x: float, y: float, words: str, size: float, style: str, color: str, *,
    width: float, align: str = "left",
) -> float:  # fmt: skip
    """Write words from a top corner in a column, as shares of the sheet; return where they end."""
    wide, high = figure.get_size_inches()
    letters_a_line = max(8, int(width * wide * _POINTS / (_GLYPH * size)))
    lines = textwrap.wrap(showable(words), letters_a_line, break_long_words=True) or [""]
    figure.text(
        x, y, "\n".join(lines), fontproperties=letters(size, style), color=color, va="top",
        ha=align, linespacing=1.25, parse_math=False,
    )  # fmt: skip
    return float(y - 1.25 * size * len(lines) / _POINTS / high)

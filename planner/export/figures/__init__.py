"""Figures on paper: the themes of the map as still pictures, in the one palette.

Drawn with matplotlib from a :class:`~planner.plan.Plan`, in the font that the package brings; the
same plan gives the same bytes.
"""

from __future__ import annotations

from planner.export.figures._draw import (
    SETTINGS,
    DrawRules,
    classes_seen,
    draw_legend,
    draw_territory,
    letters,
)
from planner.export.figures._fonts import FAMILY, FONTS, font_file, showable
from planner.export.figures._save import save_figure
from planner.export.figures._sheets import FORMATS, figure_data, write_figures, write_poster

__all__ = [
    "FAMILY",
    "FONTS",
    "FORMATS",
    "SETTINGS",
    "DrawRules",
    "classes_seen",
    "draw_legend",
    "draw_territory",
    "figure_data",
    "font_file",
    "letters",
    "save_figure",
    "showable",
    "write_figures",
    "write_poster",
]
